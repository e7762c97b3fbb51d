//! LDIF.

use super::*;
use std::collections::HashMap;

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

// ------------------------------------------------------------------------------------------ people and groups

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
    let refused = |login| format!("refused: the user has no {login}, which --login names");
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
        let text = format!("entries of the class {told_of} are no users and no groups, and are left out");
        assert_eq!((people(&rows), told(&rows)), (vec![], vec![text]), "{entry}");
        assert!(entry.starts_with(&format!("dn: {}\n", rows[0].remarks[0].about.as_deref().unwrap())), "{entry}");
    }
    for dn in ["cn=p,cn=permissions,cn=pbac,dc=x", "cn=r,cn=roles,cn=accounts,dc=x"] {
        let rows = rows(Format::Ldif, format!("dn: {dn}\nobjectClass: groupofnames\ncn: r\nmember: uid=ada,dc=x\n"));
        let text = "roles, permissions and rules of FreeIPA are no groups, and are left out";
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

// ------------------------------------------------------------------------------------------ memberships

#[test]
fn the_order_of_the_entries_does_not_matter() {
    let entries = [
        person("ada", "memberOf: cn=staff,ou=groups,dc=x"),
        person("bob", "memberOf: CN=Board, OU=groups, dc=x"),
        "dn: cn=staff,ou=groups,dc=x\nobjectClass: groupOfNames\ncn: staff\ndescription: the payroll\n\
         member: uid=ada,ou=people,dc=x\nmember: UID=Bob, ou=people, dc=x\nmember: cn=board,ou=groups,dc=x\n"
            .to_owned(),
        "dn: cn=board,ou=groups,dc=x\nobjectClass: groupOfNames\ncn: board\nmember:\nmemberOf: cn=top,ou=groups,dc=x\n"
            .to_owned(),
        "dn: cn=top,ou=groups,dc=x\nobjectClass: groupOfUniqueNames\ncn: top\n\
         uniqueMember: uid=ada,ou=people,dc=x#'0101'B\n"
            .to_owned(),
    ];
    let expected = [
        "board <- bob",
        "staff <- ada",
        "staff <- ada",
        "staff <- board",
        "staff <- bob",
        "top <- ada",
        "top <= board",
    ];
    for turn in 0..entries.len() {
        let mut entries = entries.clone();
        entries.rotate_left(turn);
        let rows = rows(Format::Ldif, entries.join("\n"));
        let mut found = memberships(&rows);
        found.sort();
        assert_eq!(found, expected);
        assert_eq!(told(&rows), [""; 0]);
        let mut people = people(&rows);
        people.sort();
        assert_eq!(people, ["[board]", "[staff]", "[top]", "ada", "bob"]);
        assert!(rows.is_sorted_by_key(|row| row.line));
        let described =
            |row: &Row| matches!(&row.record, Ok(Some(Record::Group(group))) if group.description.is_some());
        assert_eq!(rows.iter().filter(|row| described(row)).count(), 1);
    }
}

#[test]
fn a_distinguished_name_means_its_entry_alone() {
    let text = "dn: uid=ada,ou=students,dc=x\nobjectClass: inetOrgPerson\nuid: ada\nmail: s\n\n\
        dn: uid=ada,ou=staff,dc=x\nobjectClass: inetOrgPerson\nuid: ada\nmail: ada.staff\n\n\
        dn: cn=friend,ou=staff,dc=x\nobjectClass: contact\ncn: friend\n\n\
        dn: cn=payroll,ou=groups,dc=x\nobjectClass: groupOfNames\ncn: payroll\nmember: uid=ada,ou=staff,dc=x\n\
        member: uid=ada,dc=elsewhere\nmember: cn=friend,ou=staff,dc=x\nmember: cn=ada,ou=staff,dc=x\nmember: ada\n";
    let rows = with_login("mail", text);
    assert_eq!(people(&rows), ["s", "ada.staff", "[payroll]"]);
    assert_eq!(memberships(&rows), ["payroll <- ada.staff", "payroll <- ?", "payroll <- ?", "payroll <- ?"]);
    assert_eq!(told(&rows).last().unwrap(), "missing: a member or a group is no distinguished name: it is left out");
    let Ok(Some(Record::Member(member))) = &rows[4].record else { panic!("{rows:?}") };
    let Target::Entry { shown, name, .. } = &member.user else { panic!("{member:?}") };
    assert_eq!((rows[4].line, shown.as_str(), name.as_deref()), (18, "uid=ada,ou=staff,dc=x", Some("ada")));
}

#[test]
fn a_member_uid_means_the_entry_with_that_uid_in_the_suffix() {
    let text = "dn: cn=staff,ou=groups,dc=x,dc=org\nobjectClass: posixGroup\ncn: staff\nmemberUid: ada\n\
        memberUid: bob\n\n\
        dn: cn=Ada L,ou=people,dc=x,dc=org\nobjectClass: posixAccount\nuid: ada\ncn: Ada L\n\n\
        dn: uid=bob,ou=people,dc=y,dc=org\nobjectClass: posixAccount\nuid: bob\n";
    assert_eq!(memberships(&rows(Format::Ldif, text)), ["staff <- ada", "staff <- ?"]);
}

#[test]
fn memberships_from_a_domain_find_users_by_their_entries() {
    let text = "dn: CN=Administrators,CN=Builtin,DC=ad\nobjectClass: top\nobjectClass: group\ncn: Administrators\n\
        member: CN=Ada L,CN=Users,DC=ad\nmember: CN=Domain Admins,CN=Users,DC=ad\n\n\
        dn: CN=Domain Admins,CN=Users,DC=ad\nobjectClass: group\ncn: Domain Admins\n\n\
        dn: CN=Ada L,CN=Users,DC=ad\nobjectClass: user\ncn: Ada L\nsAMAccountName: ada\nuserAccountControl: 512\n\
        groupMembership: cn=domain admins,cn=users,dc=ad\n";
    let rows = rows(Format::Ldif, text);
    assert_eq!(people(&rows), ["[Administrators]", "[Domain Admins]", "ada"]);
    let expected = ["Administrators <- ada", "Administrators <- Domain Admins", "Domain Admins <- ada"];
    assert_eq!(memberships(&rows), expected);
    assert_eq!(told(&rows), [""; 0]);
}

const INCOMPLETE: &str = "missing: a group has more members than the file has (member;range)";

#[test]
fn ranges_of_members_are_joined_and_incomplete_ones_told() {
    let people: String = ["a", "b", "c", "d"].map(|name| person(name, "") + "\n").concat();
    let member = |range: &str, name: &str| format!("member;range={range}: uid={name},ou=people,dc=x\n");
    let group = |lines: &[String]| format!("dn: cn=all,dc=x\nobjectClass: group\ncn: all\n{}\n", lines.concat());
    let part = |lines: &[String]| format!("dn: CN=All, dc=x\n{}\n", lines.concat());
    let (first, second) = ([member("0-1", "a"), member("0-1", "b")], [member("2-*", "c"), member("2-*", "d")]);
    let all = ["all <- a", "all <- b", "all <- c", "all <- d"];
    let turned_end = ["all <- a", "all <- b", "all <- d", "all <- c"];
    let both = [first.clone(), second.clone()].concat();
    let turned = [second.clone(), first.clone()].concat();
    for (entries, expected, incomplete) in [
        (group(&first), &all[..2], 1),
        (group(&both), &all[..], 0),
        (group(&turned), &["all <- c", "all <- d", "all <- a", "all <- b"][..], 0),
        // Each part is an entry, in any order.
        (group(&first) + &part(&second), &all[..], 0),
        (group(&first) + &group(&second), &all[..], 0),
        (group(&first) + &part(&[member("3-*", "d")]) + &part(&[member("2-2", "c")]), &turned_end, 0),
        (group(&first) + &part(&[member("2-2", "c")]), &all[..3], 1),
        (group(&first) + &part(&[member("2-2", "c")]) + &part(&[member("3-*", "d")]), &all[..], 0),
        (group(&[first[0].clone(), member("5-*", "d")]), &["all <- a", "all <- d"][..], 1),
        (group(&[member("some", "a")]), &all[..1], 1),
        (group(&[member("0-*", "a")]), &all[..1], 0),
    ] {
        let rows = rows(Format::Ldif, entries.clone() + &people);
        assert_eq!(memberships(&rows), expected, "{entries}");
        assert_eq!(told(&rows), vec![INCOMPLETE; incomplete], "{entries}");
        assert_eq!(self::people(&rows), ["[all]", "a", "b", "c", "d"], "{entries}");
        assert!(rows.is_sorted_by_key(|row| row.line));
    }
    // The beginning may come last, or never.
    let rows = rows(Format::Ldif, part(&second) + &group(&first) + &people);
    assert_eq!(memberships(&rows), ["all <- c", "all <- d", "all <- a", "all <- b"]);
    assert_eq!(told(&rows), [""; 0]);
    let rows = self::rows(Format::Ldif, group(&second) + &people);
    assert_eq!((memberships(&rows), told(&rows)), (texts(&["? <- c", "? <- d"]), texts(&[INCOMPLETE])));
    // Gaps are remembered up to a limit.
    let gaps: Vec<_> = (0..1000).map(|n| member(&format!("{}-{}", n * 2, n * 2), "a")).collect();
    let rows = self::rows(Format::Ldif, group(&gaps) + &people);
    assert_eq!(told(&rows), [INCOMPLETE]);
    let rows = self::rows(Format::Ldif, person("a", "memberOf;range=0-0: cn=all,dc=x") + "\n" + &group(&[]));
    assert_eq!(memberships(&rows), ["all <- a"]);
    assert_eq!(told(&rows), ["missing: an entry is in more groups than the file says (memberOf;range)"]);
}

#[test]
fn members_that_are_not_understood_are_missing() {
    for (lines, text) in [
        ("memberURL: ldap:///dc=x??sub?(ou=y)", "members by memberURL are left out"),
        ("member:: !!!", "a value of member is no Base64: it is left out"),
        ("member:< file:///etc/passwd", "a value of member is in another place: it is left out"),
        (
            "member;x-pending: uid=ada,ou=people,dc=x",
            "a value of member has an option that is not known: it is left out",
        ),
        ("member uid=ada,ou=people,dc=x", "a line that begins with member is no attribute: a membership is left out"),
        ("member: uid=ada,ou=people,", "a member or a group is no distinguished name: it is left out"),
    ] {
        let text_read = format!("dn: cn=g,dc=x\nobjectClass: group\ncn: g\n{lines}\n\n{}", person("ada", ""));
        let rows = rows(Format::Ldif, text_read);
        assert_eq!((people(&rows), memberships(&rows)), (texts(&["[g]", "ada"]), vec![]), "{lines}");
        assert_eq!(told(&rows), [format!("missing: {text}")], "{lines}");
    }
}

// ------------------------------------------------------------------------------------------ rights

#[test]
fn accounts_that_are_disabled_elsewhere_are_disabled() {
    for (lines, disabled) in [
        ("userAccountControl: 512", Some(false)),
        ("userAccountControl: 514", Some(true)),
        ("nsAccountLock: true", Some(true)),
        ("nsAccountLock:   TRUE  ", Some(true)),
        ("nsAccountLock:: IFRSVUUg", Some(true)),
        ("nsAccountLock: FALSE", Some(false)),
        ("userAccountControl: 66048\nnsAccountLock: TRUE", Some(true)),
        ("userAccountControl: 512\nlockoutTime: 133640000000000000", Some(true)),
        ("userAccountControl: 512\naccountExpires: 9223372036854775807\nlockoutTime: 0", Some(false)),
        ("sambaAcctFlags: [UD         ]", Some(true)),
        ("sambaAcctFlags: [U          ]", Some(false)),
        ("pwdAccountLockedTime: 000001010000Z", Some(true)),
        ("shadowExpire: 1", Some(true)),
        // The account may be disabled for another reason.
        ("shadowExpire: 99999", None),
        ("loginDisabled: TRUE", Some(true)),
        ("zimbraAccountStatus: closed", Some(true)),
        ("nsRoleDN: cn=nsManagedDisabledRole,dc=x", Some(true)),
        ("krbPrincipalExpiration: 20200101000000Z", Some(true)),
        ("ak-active: false", Some(true)),
        ("goauthentik.io/ldap/active: FALSE", Some(true)),
        ("goauthentik.io/ldap/active: true", Some(false)),
        ("account_expire: 2020-01-01T00:00:00Z", Some(true)),
        ("orclIsEnabled: DISABLED", Some(true)),
        ("nsAccountLock;vdcsn-5f00;deleted: true", None),
        ("isDeleted: FALSE", Some(false)),
        ("", None),
    ] {
        let (found, told) = account(lines);
        assert_eq!(found, disabled, "{lines}");
        assert!(told.is_empty() || lines.contains("deleted:"), "{told:?}");
    }
    let container = "cn=accounts,cn=provisioning,dc=x";
    for (dn, expected) in [
        (format!("uid=ada,cn=deleted users,{container}"), "ada (disabled)"),
        (format!("uid=ada,cn=staged users,{container}"), "ada (disabled)"),
        ("uid=ada,cn=users,cn=accounts,dc=x".to_owned(), "ada"),
    ] {
        let rows = rows(Format::Ldif, format!("dn: {dn}\nobjectClass: posixaccount\nnsAccountLock: FALSE\nuid: ada\n"));
        assert_eq!(people(&rows), [expected]);
    }
}

#[test]
fn a_state_that_is_not_understood_disables_and_is_told() {
    for (lines, told_of) in [
        ("userAccountControl: x", "userAccountControl"),
        ("nsAccountLock: perhaps\nuserAccountControl: 512", "nsAccountLock"),
        ("nsAccountLock:", "nsAccountLock"),
        ("nsAccountLock:: !", "nsAccountLock"),
        ("loginDisabled:< file:///x", "loginDisabled"),
        ("sambaAcctFlags: D", "sambaAcctFlags"),
        ("ak-active: \u{ff}es", "ak-active"),
        ("isDeleted: perhaps", "isDeleted"),
    ] {
        let text = format!("the value of {told_of} is not understood: the account is disabled");
        assert_eq!(account(lines), (Some(true), vec![text]), "{lines}");
    }
    for (lines, name) in [("nsAccountLock true", "nsaccountlock"), ("userAccountControl", "useraccountcontrol")] {
        let text = format!("the value of {name} is not understood: the account is disabled");
        let (disabled, told) = account(lines);
        assert_eq!(disabled, Some(true));
        assert_eq!(told, ["a line is no attribute, and is left out".to_owned(), text]);
    }
    // It may have been the class of a computer.
    assert_eq!(account("objectClass:: !").0, Some(true));
}

#[test]
fn deleted_entries_and_values_do_not_come_back() {
    const DELETED: &str = "entries that are deleted are left out";
    for (entry, expected) in [
        ("dn: nsuniqueid=3-3,uid=eve,dc=x\nobjectClass: person\nobjectClass;vucsn-5f00: nsTombstone\nuid: eve", true),
        ("dn: nsuniqueid=3-3,uid=eve,dc=x\nobjectClass: person\nuid: eve", true),
        ("dn: uid=eve,dc=x\nobjectClass: person\nobjectClass: nsTombstone\nuid: eve", true),
        ("dn: cn=Eve\\0ADEL:123,cn=Deleted Objects,dc=x\nobjectClass: user\nsAMAccountName: eve", true),
        ("dn: cn=Eve,dc=x\nobjectClass: user\nsAMAccountName: eve\nisDeleted: TRUE", true),
        ("dn: cn=Eve,dc=x\nobjectClass: group\nisRecycled: true", true),
        ("dn: spn=eve@x,dc=x\nobjectClass: person\nobjectClass: recycled\nname: eve", true),
        ("dn: uid=eve,dc=x\nobjectClass: person\nuid: eve\nisDeleted: FALSE", false),
        ("dn: uid=eve,dc=x\nobjectClass: person\nobjectClass;vdcsn-5f00;deleted: nsTombstone\nuid: eve", false),
        ("dn: nsuniqueid=3-3+uid=eve,dc=x\nobjectClass: person\nuid: eve", false),
    ] {
        let rows = rows(Format::Ldif, format!("{entry}\n"));
        assert_eq!(people(&rows).is_empty(), expected, "{entry}");
        assert_eq!(told(&rows).contains(&DELETED.to_owned()), expected, "{entry}");
    }
    let text = "version: 1\n\n# entry-id: 7\n".to_owned()
        + &person(
            "ada",
            "sn;adcsn-5f00;vdcsn-5f00;deleted: Old\nsn;vucsn-5f00: New\nmail;vdcsn-5f01;deleted: old@x\n\
             mail;vucsn-5f01: new@x\ntitle;adcsn-5f02;deletedattribute;deleted:\nnsUniqueId: 1-1",
        )
        + "\n"
        + &person("bob", "")
        + "\ndn: cn=admins,dc=x\nobjectClass: groupOfUniqueNames\ncn: admins\n\
           uniqueMember;vucsn-5f04: uid=ada,ou=people,dc=x\n\
           uniqueMember;vdcsn-5f05;deleted: uid=bob,ou=people,dc=x\n";
    let rows = rows(Format::Ldif, text);
    let Ok(Some(Record::User(ada))) = &rows[0].record else { panic!("{rows:?}") };
    assert_eq!(
        (ada.texts[LastName].as_deref(), ada.texts[Email].as_deref(), &ada.texts[Title]),
        (Some("New"), Some("new@x"), &None)
    );
    assert_eq!(people(&rows), ["ada", "bob", "[admins]"]);
    assert_eq!(memberships(&rows), ["admins <- ada"]);
    assert_eq!(told(&rows), ["values that are marked as deleted are left out"; 4]);
}

#[test]
fn an_outpost_of_authentik_is_read() {
    let text = "# extended LDIF\n\n# ada, users\ndn: cn=ada,ou=users,dc=ldap,dc=x\ngoauthentik.io/ldap/active: true\n\
        goauthentik.io/ldap/superuser: false\nak-active: true\nmemberOf: cn=staff,ou=groups,dc=ldap,dc=x\ncn: ada\n\
        sAMAccountName: ada\nuid: 5f0c7f4c2d1e4b7e9a0b1c2d3e4f5061728394a5b6c7d8e9f00112233445566\nname: Ada L\n\
        displayName: Ada L\nobjectClass: user\nobjectClass: goauthentik.io/ldap/user\n\n\
        dn: cn=staff,ou=groups,dc=ldap,dc=x\nobjectClass: group\nobjectClass: goauthentik.io/ldap/group\n\
        member: cn=ada,ou=users,dc=ldap,dc=x\ncn: staff\nuid: 11111111-2222-3333-4444-555555555555\n\n\
        dn: cn=ada,ou=virtual-groups,dc=ldap,dc=x\nobjectClass: group\n\
        objectClass: goauthentik.io/ldap/virtual-group\n";
    let rows = rows(Format::Ldif, text);
    assert_eq!(people(&rows), ["ada", "[staff]"]);
    assert_eq!(memberships(&rows), ["staff <- ada", "staff <- ada"]);
    assert_eq!(
        told(&rows),
        [
            "the attribute goauthentik.io/ldap/superuser is left out",
            "the attribute uid is left out",
            "the attribute uid is left out",
            "entries of the class goauthentik.io/ldap/virtual-group are no users and no groups, and are left out",
        ]
    );
}

#[test]
fn kanidm_is_read() {
    let text = "dn: spn=ada@idm.x,dc=idm,dc=x\nobjectclass: account\nobjectclass: memberof\nobjectclass: object\n\
        objectclass: person\ndisplayname: Ada L\nmemberof: spn=staff@idm.x,dc=idm,dc=x\nname: ada\nspn: ada@idm.x\n\n\
        dn: spn=staff@idm.x,dc=idm,dc=x\nobjectclass: group\nobjectclass: object\nname: staff\nspn: staff@idm.x\n\
        member: spn=ada@idm.x,dc=idm,dc=x\n";
    let rows = rows(Format::Ldif, text);
    assert_eq!(people(&rows), ["ada", "[staff]"]);
    assert_eq!(memberships(&rows), ["staff <- ada", "staff <- ada"]);
    assert_eq!(told(&rows), [""; 0]);
}

// ------------------------------------------------------------------------------------------ lines

#[test]
fn entries_follow_each_other_without_an_empty_line() {
    let text = "version: 1\n\n".to_owned()
        + &person("ada", "mail: ada@x")
        + "version: 1\n"
        + &person("bob", "mail: bob@x")
        + "\n \nversion: 1\n\n"
        + &person("cy", "");
    let rows = rows(Format::Ldif, text);
    assert_eq!(people(&rows), ["ada", "bob", "cy"]);
    assert_eq!(told(&rows), [""; 0]);
    assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [3, 8, 16]);
}

#[test]
fn an_odd_line_costs_nothing_but_itself() {
    let odd = "a line is no attribute, and is left out";
    for (line, told_of) in [
        (&b"nonsense"[..], odd),
        (b": x", odd),
        (b"a b: x", odd),
        (b"\xff\xfe: x", odd),
        (b"mail:: a", "the value of mail is no Base64, and is left out"),
        (b"mail: \xff", "the value of mail is not UTF-8, and is left out"),
        (b"mail:: /w==", "the value of mail is not UTF-8, and is left out"),
        (b"userPassword:: /w==", "the value of userPassword is not UTF-8, and is left out"),
        (b"mail:< file:///y", "the value of mail is in another place, and is left out"),
        (b"jpegPhoto:< file:///y", "the attribute jpegPhoto is left out"),
        (b"photo: \xff\xfe", "the attribute photo is left out"),
        (b"mail:", "the value of mail is empty"),
        (b"x/y.z_1: a", "the attribute x/y.z_1 is left out"),
        ("caf\u{e9}: a".as_bytes(), "the attribute caf\u{e9} is left out"),
        (b"userPassword;lang-en: secret", "the attribute userPassword is left out"),
    ] {
        let mut text = person("ada", "").trim_end().as_bytes().to_vec();
        text.extend([b"\n", line, b"\nsn: L\n\n"].concat());
        text.extend(person("bob", "").as_bytes());
        let rows = rows(Format::Ldif, &text);
        assert_eq!(people(&rows), ["ada", "bob"], "{told_of}");
        let Ok(Some(Record::User(ada))) = &rows[0].record else { panic!("{rows:?}") };
        assert_eq!(
            (ada.texts[LastName].as_deref(), &ada.texts[Email], &ada.password),
            (Some("L"), &None, &None),
            "{told_of}"
        );
        assert_eq!(told(&rows), [told_of]);
    }
}

#[test]
fn the_plain_value_wins_over_those_with_options() {
    let text = person(
        "ada",
        "sn;lang-ja:: 5bCP\nsn: Ogasawara\ngivenName;lang-ja:: 44Ot\ngivenName;lang-fr: R\ntitle;lang-fr: Chef\n\
         description;lang-fr: Bonjour\ndescription: Hello\nmobile;x-home: 1\ncn;lang-ja:: 5bCP",
    );
    let rows = rows(Format::Ldif, text);
    let Ok(Some(Record::User(ada))) = &rows[0].record else { panic!("{rows:?}") };
    assert_eq!(
        (ada.texts[FirstName].as_deref(), ada.texts[LastName].as_deref()),
        (Some("\u{30ed}"), Some("Ogasawara"))
    );
    assert_eq!((ada.texts[Title].as_deref(), ada.texts[DisplayName].as_deref()), (Some("Chef"), Some("\u{5c0f}")));
    assert_eq!(ada.properties["description"].as_str(), "\"Hello\"");
    assert_eq!(ada.properties["mobile"].as_str(), "\"1\"");
    let other = |name: &str| format!("values of {name} in other languages, or with other options, are left out");
    assert_eq!(told(&rows), [other("givenName"), other("sn"), other("description")]);
}

#[test]
fn a_broken_entry_is_refused_and_the_next_one_is_read() {
    let no_login =
        "the user has none of uid, sAMAccountName, userPrincipalName, mail, cn: --login chooses another attribute";
    for (entry, why) in [
        (&b"uid: a\nobjectClass: person"[..], "the entry does not begin with its dn"),
        (b"what\nis: this", "the entry does not begin with its dn"),
        (b"dn uid=a\nobjectClass: person", "the entry does not begin with its dn"),
        (b"dn: nothing\nobjectClass: person", "the dn is no distinguished name: \"nothing\""),
        (b"dn:\nobjectClass: person", "the dn is no distinguished name: \"\""),
        (b"dn:: !\nobjectClass: person", "the dn is no Base64"),
        (b"dn:< file:///x\nobjectClass: person", "the dn is in another place"),
        (b"dn: uid=a\nuid: a", "the entry has no objectClass: export it with all its attributes"),
        (b"dn: uid=a\nchangetype: modify\nadd: x\nx: y\n-", "the entry is no addition but changetype \"modify\""),
        (b"dn: uid=a\nchangetype: delete", "the entry is no addition but changetype \"delete\""),
        (b"dn: uid=a\nchangetype:: !", "the changetype is no Base64"),
        (b"dn: uid=a\nchangetype delete", "line 2 is no attribute, and may be a changetype"),
        (b"dn: ou=a\nobjectClass: user", no_login),
        (b"dn: uid=\nobjectClass: user\nuid: \nuid:: IA==", no_login),
        (b"dn: ou=a\nobjectClass: group", "the group has no cn"),
    ] {
        let mut text = entry.to_vec();
        text.extend_from_slice(b"\r\n\r\n\r\ndn: uid=bob\r\nobjectClass: person\r\n");
        let rows = rows(Format::Ldif, &text);
        let next = 4 + entry.iter().filter(|byte| **byte == b'\n').count() as u64;
        assert_eq!(people(&rows), [format!("refused: {why}"), "bob".to_owned()], "{why}");
        assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [1, next]);
    }
    let why = "the entry has no objectClass: export it with all its attributes";
    assert_eq!(refusal(Format::Ldif, "dn: uid=a\nversion: 1\n"), why);
    // What follows a broken dn is not for the person before it.
    let rows = rows(Format::Ldif, person("ada", "").trim_end().to_owned() + "\ndn uid=bob\nmail: bob@x\n");
    let Ok(Some(Record::User(ada))) = &rows[0].record else { panic!("{rows:?}") };
    assert_eq!((rows.len(), &ada.texts[Email]), (2, &None));
}

#[test]
fn the_end_of_a_search_is_no_entry() {
    let text =
        person("ada", "") + "\n# search reference\nref: ldap://dns.ad/dc=x\n\n# search result\nsearch: 2\nresult: ";
    let reference = "the server names another server for a part of its entries";
    for (result, expected) in [
        ("0 Success\n", vec![reference]),
        ("4 Size limit exceeded\n", vec![reference, "missing: the search that made the file ended before its end"]),
    ] {
        let rows = rows(Format::Ldif, text.clone() + result);
        assert_eq!((people(&rows), told(&rows)), (texts(&["ada"]), texts(&expected)));
        assert!(rows.is_sorted_by_key(|row| row.line));
    }
}

#[test]
fn an_ldif_of_another_version_is_not_read() {
    let mut rows = open_rows(Format::Ldif, input(b"version: 2\ndn: uid=a\n"), &ReadOptions::default()).unwrap();
    let problem = rows.next().expect("a problem").expect_err("a problem");
    assert_eq!(problem.to_string(), "the file is LDIF of another version than 1");
    assert!(rows.next().is_none());
}

// ------------------------------------------------------------------------------------------ our own exports

#[test]
fn an_export_of_ours_says_who_is_meant_by_name() {
    let text = format!(
        "version: 1\n{}\n\n\
         dn: uid=ada,ou=people,dc=x\nobjectClass: inetOrgPerson\n\
         # rollbook: {{\"disabled\":true,\"external_id\":\"7\",\"last_\n name\":\"-\",\"properties\":{{\"n\":1.0}},\
         \"role\":\"standard\",\"title\":\"\",\"verified\":false,\"stored_role\":\"read\"}}\n\
         uid: ada\ncn: Ada -\nsn: -\ngivenName: Ada\nmobile: 1\n\n\
         dn: cn=two  words,ou=groups,dc=x\nobjectClass: groupOfNames\n\
         # rollbook: {{\"label\":\"Two\",\"properties\":{{\"n\":[]}}}}\ncn: two  words\ndescription: d\n\
         # rollbook: {{\"in\":\"No Entry\",\"joined\":3}}\n\
         member: uid=ada,ou=people,dc=x\nmember: uid=\\20Pending\\20,ou=people,dc=x\n\
         # rollbook: {{\"joined\":5,\"parent\":\"Two  Words\"}}\nmember: cn=two words,ou=groups,dc=x\n\n\
         dn: cn=two words,ou=groups,dc=x\nobjectClass: groupOfNames\ncn: two words\nmember:\n",
        crate::formats::ldif::export_comments::MARK
    );
    let mut ada = UserRecord {
        texts: fields([(FirstName, "Ada"), (LastName, "-"), (Title, "")]),
        role: Some(Role::Standard),
        stored_role: Some(Role::Read),
        disabled: Some(true),
        verified: Some(false),
        external_id: some("7"),
        exported: true,
        ..user("ada")
    };
    ada.properties.insert("mobile".to_owned(), json!("1").into());
    ada.properties.insert("n".to_owned(), JsonText::stored("1.0"));
    let mut group = GroupRecord {
        name: "two  words".to_owned(),
        label: some("Two"),
        description: some("d"),
        exported: true,
        ..GroupRecord::default()
    };
    let other = GroupRecord { name: "two words".to_owned(), exported: true, ..GroupRecord::default() };
    group.properties.insert("n".to_owned(), json!([]).into());
    let nested = |group: &str, subgroup: &str, joined| {
        Record::Subgroup(SubgroupRecord {
            group: group.into(),
            subgroup: subgroup.into(),
            joined: Some(joined),
            ..Default::default()
        })
    };
    let rows = rows(Format::Ldif, &text);
    let records = said(&rows).into_iter().map(|(line, record)| match record.unwrap() {
        // The lines are the order of the members.
        Record::Member(member) => {
            assert_eq!(member.joined, Some(line));
            unplaced(Record::Member(member))
        }
        other => other,
    });
    assert_eq!(
        records.collect::<Vec<_>>(),
        [
            Record::User(ada),
            Record::Group(group),
            nested("No Entry", "two  words", 3),
            member("two  words", "ada"),
            member("two  words", " Pending "),
            nested("Two  Words", "two words", 5),
            Record::Group(other),
        ]
    );
    assert_eq!(told(&rows), [""; 0]);

    // Elsewhere a comment is a comment.
    let foreign = text.replace("# exported by rollbook", "# exported");
    let Ok(Some(Record::User(ada))) = &self::rows(Format::Ldif, foreign)[0].record else { panic!() };
    assert_eq!((ada.disabled, &ada.external_id, ada.exported), (None, &None, false));
    // One that cannot be read could have disabled the user.
    let rows = self::rows(Format::Ldif, text.replace("{\"disabled\":true", "{\"disabled\":tr"));
    assert!(people(&rows)[0].starts_with("refused: the comment of the entry cannot be read: "), "{rows:?}");
}

// ------------------------------------------------------------------------------------------ sizes

/// A group with so many members, before and behind which stand some lines.
fn crowd(before: &str, members: usize, behind: &str) -> Box<dyn BufRead + Send> {
    let mut next = 0;
    let mut waiting = io::Cursor::new(before.to_owned().into_bytes());
    let behind = io::Cursor::new(behind.to_owned().into_bytes());
    let padding = "p".repeat(900);
    let members = ReadWith(move |buffer: &mut [u8]| {
        loop {
            let read = waiting.read(buffer)?;
            if read > 0 || next == members {
                return Ok(read);
            }
            waiting = io::Cursor::new(format!("member: uid=u{next},ou={padding}\n").into_bytes());
            next += 1;
        }
    });
    Box::new(BufReader::new(members.chain(behind)))
}

struct ReadWith<F>(F);

impl<F: FnMut(&mut [u8]) -> io::Result<usize>> Read for ReadWith<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0(buffer)
    }
}

#[test]
fn a_group_that_is_longer_than_a_row_passes_through() {
    const MEMBERS: usize = 20_000;
    let before = "dn: cn=all\nobjectClass: group\ndescription: all of them\n";
    let behind = "info: lost\nbroken\nmember;range=0-1: uid=last\n\ndn: uid=bob\nobjectClass: person\n";
    let mut rows =
        open_rows(Format::Ldif, crowd(before, MEMBERS, behind), &ReadOptions::default()).unwrap().map(Result::unwrap);
    let first = rows.next().unwrap();
    let Ok(Some(Record::Group(group))) = &first.record else { panic!("{first:?}") };
    assert_eq!((first.line, group.name.as_str(), group.description.as_deref()), (1, "all", Some("all of them")));
    // It came before the end of its entry was read.
    assert!(first.bytes < 20 << 20, "{}", first.bytes);
    for n in 0..MEMBERS {
        let row = rows.next().unwrap();
        let Ok(Some(Record::Member(member))) = &row.record else { panic!("{row:?}") };
        let Target::Entry { name, .. } = &member.user else { panic!("{member:?}") };
        assert_eq!((row.line, name.as_deref()), (n as u64 + 4, Some(format!("u{n}").as_str())));
    }
    let rest: Vec<_> = rows.collect();
    assert_eq!(people(&rest), ["bob"]);
    assert_eq!(rest.len(), 4);
    assert!(rest.is_sorted_by_key(|row| row.line));
    let told_of = ["a line is no attribute, and is left out", "the attribute info is left out", INCOMPLETE];
    assert_eq!(told(&rest), told_of);

    // It is not clear yet what it is.
    let before = "dn: cn=all\ndescription: all of them\n";
    let behind = "objectClass: group\n\ndn: uid=bob\nobjectClass: person\n";
    let rows =
        open_rows(Format::Ldif, crowd(before, MEMBERS, behind), &ReadOptions::default()).unwrap().map(Result::unwrap);
    let rows: Vec<_> = rows.collect();
    assert_eq!(people(&rows), ["refused: the entry is longer than 16 MiB", "bob"]);

    // It is no group of people.
    let before = "dn: cn=all\nobjectClass: groupOfNames\nobjectClass: ipahostgroup\n";
    let rows =
        open_rows(Format::Ldif, crowd(before, MEMBERS, "\n"), &ReadOptions::default()).unwrap().map(Result::unwrap);
    let rows: Vec<_> = rows.collect();
    assert_eq!((rows.len(), told(&rows).len(), people(&rows).len()), (1, 1, 0));
}

#[test]
fn entries_of_hostile_sizes_are_read_in_linear_time() {
    let many = |line: &dyn Fn(usize) -> String| (0..100_000).map(line).collect::<String>();
    let too_long = "refused: the entry is longer than 16 MiB";
    for (lines, expected) in [
        (many(&|n| format!("objectClass: c{n}\n")), "ada"),
        (many(&|n| format!("mail: {n}\n")), "ada"),
        (many(&|n| format!("uid: {n}\n")), "ada"),
        (many(&|n| format!("x{n}: 1\n")), "ada"),
        (many(&|n| format!("nsAccountLock: {n}\n")), "ada (disabled)"),
        (many(&|n| format!("odd {n}\nodd\n")), too_long),
        (many(&|n| format!("mobile: {n}{}\n", "x".repeat(150))), too_long),
        (many(&|n| format!("memberOf;range={n}-{n}: cn=g,dc={}\n", "x".repeat(50))), too_long),
    ] {
        let rows = rows(Format::Ldif, person("ada", &lines));
        assert_eq!(people(&rows), [expected], "{}", &lines[..20]);
    }
}

#[test]
fn damaged_files_are_read_to_their_end() {
    let text = "version: 1\n# exported by rollbook\n\ndn: uid=ada,ou=people,dc=x\nobjectClass: inetOrgPerson\n\
        # rollbook: {\"role\":\"admin\",\"properties\":{}}\nuid: ada\nsn;lang-ja:: 5bCP\nuserAccountControl: 512\n\
        memberOf;range=0-0: cn=a,dc=x\npwdEndTime: 20240701020000.5+0230\naccountExpirationDate: 31/7/2024\n\n\
        dn: cn=a\\2cb,ou=groups,dc=x\nobjectClass: groupOfNames\ncn: a,b\n# rollbook: {\"joined\":1,\"parent\":\"A\"}\n\
        member;range=0-1: uid=ada,ou=people,dc=x\nuniqueMember: uid=a,dc=x#'01'B\nmemberUid: ada\n\
        search: 2\nresult: 0\n";
    let mut random = Random::new(Random::seed("ROLLBOOK_EXCHANGE_SEED", 20_261_201));
    for marked in [text.to_owned(), text.replace("# exported", "# read")] {
        for _ in 0..1500 {
            let mut bytes = marked.clone().into_bytes();
            for _ in 0..=random.below(4) {
                let at = random.below(bytes.len());
                match random.below(3) {
                    0 => drop(bytes.remove(at)),
                    1 => bytes.insert(at, *random.one_of(b"\n\r :;=<,+\\\"#\t-0\xff\xc3").unwrap()),
                    _ => bytes[at] = random.below(256) as u8,
                }
            }
            let rows: Vec<_> = open_rows(Format::Ldif, input(&bytes), &ReadOptions::default()).unwrap().collect();
            // Another version at the beginning ends the reading.
            let lines: Vec<_> = rows.iter().map_while(|row| row.as_ref().ok()).map(|row| row.line).collect();
            assert!(lines.is_sorted() && (lines.len() == rows.len() || lines.is_empty()), "{}", bytes.escape_ascii());
        }
    }
}
