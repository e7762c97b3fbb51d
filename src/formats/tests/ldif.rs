//! LDIF.

mod lines;
mod memberships;
mod own_exports;
mod rights;
mod sizes;

use super::*;
use std::collections::HashMap;

const INCOMPLETE: &str = "missing: a group has more members than the file has (member;range)";

/// Users and groups, each with how often it comes and what it is.
fn people(rows: &[Row]) -> Vec<String> {
    let said = |row: &Row| match &row.record {
        Ok(Some(Record::User(user))) if user.disabled == Some(true) => Some(format!("{} (disabled)", user.name)),
        Ok(Some(Record::User(user))) => Some(user.name.clone()),
        Ok(Some(Record::Group(group))) => Some(format!("[{}]", group.name)),
        Ok(_) => None,
        Err(why) => Some(format!("refused: {why}")),
    };
    rows.iter().filter_map(said).collect()
}

/// Memberships, resolved as the directory does it: `group <- member`. An entry that is not in the file is `?`.
fn memberships(rows: &[Row]) -> Vec<String> {
    let mut names: HashMap<EntryName, &str> = HashMap::new();
    for row in rows {
        let (entries, name) = match &row.record {
            Ok(Some(Record::User(user))) => (&user.entry_names, &user.name),
            Ok(Some(Record::Group(group))) => (&group.entry_names, &group.name),
            _ => continue,
        };
        for entry in entries {
            names.entry(*entry).or_insert(name);
        }
    }
    let name = |target: &Target| match target {
        Target::Name(name) => format!("\"{name}\""),
        Target::Entry { entry, .. } => names.get(entry).copied().unwrap_or("?").to_owned(),
    };
    let said = |row: &Row| match &row.record {
        Ok(Some(Record::Member(member))) => Some(format!("{} <- {}", name(&member.group), name(&member.user))),
        Ok(Some(Record::Subgroup(group))) => Some(format!("{} <= {}", name(&group.group), name(&group.subgroup))),
        _ => None,
    };
    rows.iter().filter_map(said).collect()
}

/// All remarks, those about a missing person, group or membership with a mark.
fn told(rows: &[Row]) -> Vec<String> {
    let mark = |kind| if kind == RemarkKind::Missing { "missing: " } else { "" };
    rows.iter().flat_map(|row| &row.remarks).map(|remark| format!("{}{}", mark(remark.kind), remark.text)).collect()
}

/// The user of an entry without remarks, without its entry names.
fn plain_user(text: &str) -> UserRecord {
    UserRecord { entry_names: Vec::new(), ..only_user(Format::Ldif, text) }
}

fn person(name: &str, lines: &str) -> String {
    format!("dn: uid={name},ou=people,dc=x\nobjectClass: inetOrgPerson\nuid: {name}\n{lines}\n")
}

/// Reads one person with these lines, and says whether the account is disabled, and the remarks.
fn account(lines: &str) -> (Option<bool>, Vec<String>) {
    let rows = rows(Format::Ldif, person("ada", lines));
    match &rows[..] {
        [Row { record: Ok(Some(Record::User(user))), .. }] => (user.disabled, told(&rows)),
        rows => panic!("no user: {rows:?}"),
    }
}

fn with_login(login: &str, text: &str) -> Vec<Row> {
    let options = ReadOptions { login: some(login), ..ReadOptions::default() };
    open_rows(Format::Ldif, input(text.as_bytes()), &options).unwrap().map(Result::unwrap).collect()
}

#[test]
fn an_entry_of_a_person_is_a_user() {
    let text = "# who we are\nversion: 1\ndn: uid=ada,ou=people,dc=example\nchangetype: add\nobjectClass: top\n\
                OBJECTCLASS: inetOrgPerson\nuid: ada\ncn: Ada\n  Lovelace\nsn: Lovelace\ngivenName;lang-en: Ada\n\
                displayName:: w4lidWNodGU=\n# a comment\n  that goes on\nmail: ada@exam\n\tple.com\no: Acme\n\
                title: Boss\nuserPassword:: e1NTSEF9YWJj\nmobile: 1\nMOBILE: 2\n\
                employeeNumber: 007\ndescription: first\nentryUUID: 0\nnsAccountLock: TRUE\n";
    let mut ada = UserRecord {
        texts: fields([
            (FirstName, "Ada"),
            (LastName, "Lovelace"),
            (DisplayName, "\u{c9}buchte"),
            (Email, "ada@example.com"),
            (Company, "Acme"),
            (Title, "Boss"),
        ]),
        password: some("{SSHA}abc"),
        disabled: Some(true),
        ..user("ada")
    };
    ada.properties.insert("mobile".to_owned(), json!(["1", "2"]).into());
    ada.properties.insert("employeeNumber".to_owned(), json!("007").into());
    ada.properties.insert("description".to_owned(), json!("first").into());
    assert_eq!(plain_user(text), ada);
}

#[test]
fn the_classes_and_the_names_of_an_entry_decide_what_it_is() {
    for (entry, expected) in [
        ("dn: uid=a\nobjectClass: account\nuid: a", "a"),
        ("dn: uid=a\nobjectClass: posixAccount\nuserid: A", "A"),
        ("dn: uid=a\nobjectClass: person\nobjectClass: domainRelatedObject", "a"),
        ("dn: cn=Ada\nobjectClass: organizationalPerson\ncn: Ada", "Ada"),
        ("dn: uid=a\nobjectClass: zimbraAccount", "a"),
        ("dn: uid=a\nobjectClass: sambaSamAccount", "a"),
        ("dn: cn=a\nobjectClass: orclUserV2\nuid: a", "a"),
        ("dn: uid=a\nobjectClass: shadowAccount", "a"),
        ("dn: cn=g\nobjectClass: posixGroup\ncn: G", "[G]"),
        ("dn: cn=g\nobjectClass: groupOfUniqueNames", "[g]"),
        ("dn: ou=x+cn=g\nobjectClass: group", "[g]"),
        ("dn: ou=g\nobjectClass: groupOfEntries\ncn: G", "[G]"),
        ("dn: cn=g\nobjectClass: dynamicGroup", "[g]"),
        ("dn: cn=g\nobjectClass: top\nobjectClass: univentionGroup", "[g]"),
        ("dn: cn=g,cn=groups,cn=accounts,dc=x\nobjectClass: groupofnames\nobjectClass: ipausergroup", "[g]"),
        ("dn: uid=g\nobjectClass: zimbraDistributionList", "[g]"),
    ] {
        let rows = rows(Format::Ldif, format!("{entry}\n"));
        assert_eq!(people(&rows), [expected], "{entry}");
        assert_eq!(told(&rows), [""; 0], "{entry}");
    }
}

#[test]
fn the_login_comes_from_the_first_attribute_in_order() {
    const DIGEST: &str = "5f0c7f4c2d1e4b7e9a0b1c2d3e4f5061728394a5b6c7d8e9f00112233445566";
    const UUID: &str = "11111111-2222-3333-4444-5555aaaaBBBB";
    for (entry, login, attribute) in [
        // The name that the dn has, in the spelling of the attribute.
        ("dn: uid=a\nuid: b\nuid: A\nmail: m".to_owned(), "A", "uid"),
        ("dn: cn=Ada\ncn: Ada\nsAMAccountName: ada\nuserPrincipalName: u".to_owned(), "ada", "sAMAccountName"),
        ("dn: cn=Ada\nuserPrincipalName: ada@x\nmail: a@x".to_owned(), "ada@x", "userPrincipalName"),
        ("dn: cn=Ada\nmail: a@x".to_owned(), "a@x", "mail"),
        ("dn: mail=a@x,dc=x\ncn: Ada".to_owned(), "a@x", "mail"),
        ("dn: cn=Ada".to_owned(), "Ada", "cn"),
        (format!("dn: cn=ada\nuid: {DIGEST}\nsAMAccountName: ada"), "ada", "sAMAccountName"),
        (format!("dn: cn=ada\nuid: {UUID}"), "ada", "cn"),
        (format!("dn: uid={UUID}\nmail: a@x"), "a@x", "mail"),
        (format!("dn: uid={UUID}"), UUID, "uid"),
        ("dn: uid=deadbeef\ncn: x".to_owned(), "deadbeef", "uid"),
        ("dn: spn=ada@idm.x,dc=x\nname: ada\nspn: ada@idm.x\nuid: other\nmail: m".to_owned(), "ada", "name"),
        ("dn: spn=ada@idm.x,dc=x\nspn: ada@idm.x".to_owned(), "ada", "spn"),
    ] {
        let row = &rows(Format::Ldif, format!("{entry}\nobjectClass: person\n"))[0];
        let Ok(Some(Record::User(user))) = &row.record else { panic!("{row:?}") };
        assert_eq!((user.name.as_str(), row.login.as_deref()), (login, Some(attribute)), "{entry}");
    }
}

#[test]
fn another_attribute_can_be_chosen_for_the_login() {
    let text = person("a", "mail: ada@x\nemployeeNumber: 7\nbadge: b1") + "\n" + &person("b", "mail;lang-en: bob@x");
    let logins = |login| {
        let rows = with_login(login, &text);
        assert!(rows.iter().all(|row| row.login.is_none() || row.login.as_deref() == Some(login)));
        people(&rows)
    };
    let refused = |login| format!("refused: the user has no {login}, which --login chooses");
    assert_eq!(logins("MAIL"), ["ada@x".to_owned(), refused("MAIL")]);
    assert_eq!(logins("employeeNumber"), ["7".to_owned(), refused("employeeNumber")]);
    assert_eq!(logins("badge"), ["b1".to_owned(), refused("badge")]);
    assert_eq!(logins("uid"), ["a", "b"]);
    assert_eq!(logins("userid"), [refused("userid"), refused("userid")]);
    // It still is what it was.
    let rows = with_login("employeeNumber", &text);
    let Ok(Some(Record::User(user))) = &rows[0].record else { panic!("{rows:?}") };
    assert_eq!(user.texts[Email], some("ada@x"));
    assert_eq!(user.properties["employeeNumber"].as_str(), "\"7\"");
    assert_eq!(told(&rows[..1]), ["the attribute badge is left out", "the attribute uid is left out"]);
}

#[test]
fn what_is_neither_user_nor_group_is_passed_over_and_told() {
    for (entry, told_of) in [
        ("dn: dc=x\nobjectClass: top\nobjectClass: domain", "domain"),
        ("dn: ou=people,dc=x\nobjectClass: organizationalUnit", "organizationalUnit"),
        (
            "dn: cn=PC,dc=x\nobjectClass: person\nobjectClass: user\nobjectClass: computer\nsAMAccountName: PC$",
            "computer",
        ),
        ("dn: cn=friend,dc=x\nobjectClass: person\nobjectClass: contact", "contact"),
        ("dn: uid=ws$,dc=x\nobjectClass: account\nsambaAcctFlags: [W          ]", "computer"),
        ("dn: cn=X$,dc=x\nobjectClass: user\nsAMAccountName: X$\nuserAccountControl: 2080", "computer"),
        ("dn: cn=S-1-5-21,dc=x\nobjectClass: foreignSecurityPrincipal", "foreignSecurityPrincipal"),
        ("dn: cn=admin,dc=x\nobjectClass: organizationalRole\nuserPassword: x", "organizationalRole"),
        (
            "dn: cn=h,cn=hostgroups,cn=accounts,dc=x\nobjectClass: ipahostgroup\nobjectClass: groupofnames",
            "ipahostgroup",
        ),
        ("dn: cn=n,dc=x\nobjectClass: nisNetgroup", "nisNetgroup"),
        ("dn: cn=odd,dc=x\nobjectClass: top\nobjectClass: oddThing", "oddThing"),
    ] {
        let rows = rows(Format::Ldif, format!("{entry}\n"));
        let text = format!("entries of the class {told_of} are neither users nor groups, and are left out");
        assert_eq!((people(&rows), told(&rows)), (vec![], vec![text]), "{entry}");
        assert!(entry.starts_with(&format!("dn: {}\n", rows[0].remarks[0].about.as_deref().unwrap())), "{entry}");
    }
    for dn in ["cn=p,cn=permissions,cn=pbac,dc=x", "cn=r,cn=roles,cn=accounts,dc=x"] {
        let rows = rows(Format::Ldif, format!("dn: {dn}\nobjectClass: groupofnames\ncn: r\nmember: uid=ada,dc=x\n"));
        let text = "roles, permissions and rules of FreeIPA are not groups, and are left out";
        assert_eq!((people(&rows), told(&rows)), (vec![], vec![text.to_owned()]), "{dn}");
    }
    for dn in ["cn=r,cn=roles,cn=accounts,dc=x", "ipaUniqueID=1,cn=hbac,dc=x", "cn=n,cn=ng,cn=alt,dc=x"] {
        let text = format!("dn: uid=ada,dc=x\nobjectClass: inetOrgPerson\nuid: ada\nmemberOf: {dn}\n");
        let text = told(&rows(Format::Ldif, text));
        assert_eq!(text, ["memberships in roles, permissions and rules of FreeIPA are left out"], "{dn}");
    }
    // People may log in with it, or belong to it.
    for lines in
        ["uid: ada", "sAMAccountName: ada", "userPrincipalName: ada@x", "userPassword: {SSHA}x", "member: cn=x"]
    {
        let rows = rows(Format::Ldif, format!("dn: ou=ada,dc=x\nobjectClass: acmeStaff\n{lines}\n"));
        let text = "missing: entries of the class acmeStaff have logins or members, \
                    but the class is not known: they are left out";
        assert_eq!((people(&rows), told(&rows)), (vec![], vec![text.to_owned()]), "{lines}");
    }
    let text = "dn: cn=g,dc=x\nobjectClass: group\ncn: g\ncn: h\nuid: x\nmail: g@x.io\nsAMAccountName: g\n\
        description: a\ndescription: b\ndisplayName: G\nuserAccountControl: 2\n";
    let rows = rows(Format::Ldif, text);
    let Ok(Some(Record::Group(group))) = &rows[0].record else { panic!("{rows:?}") };
    assert_eq!((group.label.as_deref(), group.description.as_deref()), (Some("G"), Some("a")));
    assert_eq!(
        told(&rows),
        [
            "only the first value of description counts",
            "other values of cn are left out",
            "the attribute mail is left out",
            "the attribute uid is left out",
            "the attribute userAccountControl is left out",
        ]
    );
}

#[test]
fn attributes_that_are_not_taken_over_are_told_once_each() {
    let text = person(
        "ada",
        "jpegPhoto:: /9j/\nloginShell: x\nJPEGPHOTO:: /w==\nmail: a\nmail: b\nmail: c\nuid: b\nmember: cn=x\n\
         cn: Ada\nsn: L\ndisplayName: Countess\nuserPassword: one\nuserPassword: two\nphoto;binary: \nmemberURL: x",
    );
    let rows = rows(Format::Ldif, text);
    assert_eq!(people(&rows), ["ada"]);
    assert_eq!(
        told(&rows),
        [
            "only the first value of mail counts",
            "only the first value of userPassword counts",
            "other values of uid are left out",
            "the attribute cn is left out",
            "the attribute jpegPhoto is left out",
            "the attribute loginShell is left out",
            "the attribute member is left out",
            "the attribute memberURL is left out",
            "the attribute photo is left out",
        ]
    );
    assert!(rows[0].remarks.iter().all(|remark| remark.about.as_deref() == Some("uid=ada,ou=people,dc=x")));
}
