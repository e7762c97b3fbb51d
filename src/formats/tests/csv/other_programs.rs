//! Files of other programs.

use super::*;

fn disabled(user: UserRecord) -> UserRecord {
    UserRecord { disabled: Some(true), ..user }
}

fn enabled(user: UserRecord) -> UserRecord {
    UserRecord { disabled: Some(false), ..user }
}

/// Reads a file, and compares the users, the column with the login, and the texts of all remarks.
fn check(text: impl AsRef<[u8]>, login: &str, users: &[UserRecord], lost: &[&str]) {
    let rows = rows(Format::Csv, &text);
    let shown = String::from_utf8_lossy(text.as_ref()).into_owned();
    let read: Vec<_> = rows.iter().filter_map(|row| row.record.clone().expect("no refusal")).collect();
    assert_eq!(read, users.iter().cloned().map(Record::User).collect::<Vec<_>>(), "{shown}");
    assert_eq!(rows.iter().flat_map(remarks).collect::<Vec<_>>(), lost, "{shown}");
    let logins = rows.iter().filter(|row| matches!(row.record, Ok(Some(_)))).map(|row| row.login.as_deref());
    assert!(logins.into_iter().all(|name| name == Some(login)), "{shown}");
}

#[test]
fn spreadsheets_and_their_delimiters_are_read() {
    let ada = UserRecord { texts: fields([(FirstName, "Ada"), (Email, "ada@example.org")]), ..user("ada@example.org") };
    for text in [
        "mail;first name\nada@example.org;Ada\n",
        "sep=;\nmail;first name\nada@example.org;Ada\n;\n ; \n",
        "\"sep=,\"\r\nmail,first name,,\r\nada@example.org,Ada,,,\r\n,,,\r\n",
        "SEP=\t\r\nmail\tfirst name\nada@example.org\tAda",
        "mail|first name\nada@example.org|Ada||\n",
        "#TYPE System.Management.Automation.PSCustomObject\n\"mail\",\"first name\"\n\"ada@example.org\",\"Ada\"\n",
    ] {
        check(text, "mail", std::slice::from_ref(&ada), &[]);
        for big_endian in [false, true] {
            for mark in ["\u{feff}", ""] {
                let units: Vec<u16> = format!("{mark}{text}").encode_utf16().collect();
                let bytes = |unit: &u16| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() };
                check(units.iter().flat_map(bytes).collect::<Vec<_>>(), "mail", std::slice::from_ref(&ada), &[]);
            }
        }
    }
}

#[test]
fn utf_16_counts_bytes_of_the_file_and_refuses_rows_that_are_invalid() {
    let mut bytes: Vec<u8> = "\u{feff}login\nada\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    bytes.extend([0x62, 0, 0x3d, 0xd8, b'\n', 0, b'c', 0, b'\n', 0]);
    let rows = rows(Format::Csv, &bytes);
    assert_eq!(
        said(&rows),
        [(2, Ok(Record::User(user("ada")))), (3, Err("the row is not UTF-8")), (4, Ok(Record::User(user("c"))))]
    );
    assert_eq!(rows.iter().map(|row| row.bytes).collect::<Vec<_>>(), [22, 28, bytes.len() as u64]);
}

#[test]
fn bulk_files_of_microsoft_are_read() {
    let ada = UserRecord {
        texts: fields([(FirstName, "Ada"), (LastName, "L"), (DisplayName, "Ada L"), (Title, "Boss")]),
        password: some("Secret-words-1"),
        ..user("ada@example.org")
    };
    check(
        "version:v1.0,,,,,,\n\
         Name [displayName] Required,User name [userPrincipalName] Required,\
         Initial password [passwordProfile] Required,Block sign in (Yes/No) [accountEnabled] Required,\
         First name [givenName],Last name [surname],Job title [jobTitle]\n\
         Example: Chris Green,chris@contoso.com,myPassword1234,No,Chris,Green,\n\
         Ada L,ada@example.org,Secret-words-1,No,Ada,L,Boss\n\
         Ada L,ada@example.org,Secret-words-1,Yes,Ada,L,Boss\n",
        "User name [userPrincipalName] Required",
        &[enabled(ada.clone()), disabled(ada)],
        &["an example row of a template is left out"],
    );
    check(
        "id,userPrincipalName,displayName,accountEnabled,mail,state\n\
         1,ada@example.org,Ada L,True,ada@example.org,\n\
         2,bob@example.org,Bob B,False,bob@example.org,WA\n",
        "userPrincipalName",
        &[
            enabled(UserRecord {
                texts: fields([(DisplayName, "Ada L"), (Email, "ada@example.org")]),
                ..user("ada@example.org")
            }),
            disabled(UserRecord {
                texts: fields([(DisplayName, "Bob B"), (Email, "bob@example.org")]),
                ..user("bob@example.org")
            }),
        ],
        &[
            "the column \"id\" gives way to \"userPrincipalName\"",
            "the column \"id\" gives way to \"userPrincipalName\"",
            "no field has the name \"state\"",
        ],
    );
    check(
        "Block credential,Display name,Soft deletion time stamp,User principal name\n\
         False,Ada L,,ada@example.org\n\
         True,Bob B,,bob@example.org\n\
         False,Cy,2026-01-02 03:04:05Z,cy@example.org\n",
        "User principal name",
        &[
            enabled(UserRecord { texts: fields([(DisplayName, "Ada L")]), ..user("ada@example.org") }),
            disabled(UserRecord { texts: fields([(DisplayName, "Bob B")]), ..user("bob@example.org") }),
        ],
        &["a deleted account is left out"],
    );
}

#[test]
fn users_for_the_admin_center_of_microsoft_are_read() {
    check(
        "Username,First name,Last name,Display name,Job title\nada@example.org,Ada,L,Ada L,Boss\n",
        "Username",
        &[UserRecord {
            texts: fields([(FirstName, "Ada"), (LastName, "L"), (DisplayName, "Ada L"), (Title, "Boss")]),
            ..user("ada@example.org")
        }],
        &[],
    );
}

#[test]
fn bulk_files_of_google_and_okta_are_read() {
    let google = |name: &str| UserRecord {
        texts: fields([(FirstName, "A"), (LastName, "L"), (Email, name)]),
        password: some("****"),
        ..user(name)
    };
    check(
        "First Name [Required],Last Name [Required],Email Address [Required],Password [Required],\
         Status [READ ONLY],New Status [UPLOAD ONLY],Org Unit Path [Required]\n\
         A,L,ada@example.org,****,Active,,/\n\
         A,L,bob@example.org,****,Suspended,,\n\
         A,L,cy@example.org,****,Active,Archived,\n",
        "Email Address [Required]",
        &[enabled(google("ada@example.org")), disabled(google("bob@example.org")), disabled(google("cy@example.org"))],
        &["no field has the name \"Org Unit Path [Required]\""],
    );
    check(
        "login,mail,status\nada,a@x,ACTIVE\nbob,,DEPROVISIONED\ncy,,SUSPENDED\ndee,,PURPLE\neve,,\n",
        "login",
        &[
            enabled(UserRecord { texts: fields([(Email, "a@x")]), ..user("ada") }),
            disabled(user("bob")),
            disabled(user("cy")),
            disabled(user("dee")),
            user("eve"),
        ],
        &["the value of \"status\" is not understood, so the account is disabled"],
    );
}

#[test]
fn an_account_that_one_column_disables_is_disabled() {
    for (cells, expected) in [("no,TRUE", Some(false)), ("no,FALSE", Some(true)), ("yes,TRUE", Some(true)), (",", None)]
    {
        let text = format!("name,disabled,enabled\nada,{cells}\n");
        assert_eq!(only_user(Format::Csv, &text), UserRecord { disabled: expected, ..user("ada") });
    }
    let rows = rows(Format::Csv, "name,disabled,verified\nada,perhaps,perhaps\n");
    assert_eq!(rows[0].record, Ok(Some(Record::User(disabled(user("ada"))))));
    assert_eq!(
        rows[0].remarks,
        [
            Remark::dropped("the value of \"disabled\" is not understood, so the account is disabled")
                .about("ada: \"perhaps\""),
            Remark::dropped("the value of \"verified\" is not understood").about("ada: \"perhaps\""),
        ]
    );
}

/// The entry of a distinguished name, as memberships mean it.
fn entry(dn: &str) -> Target {
    let parsed = crate::formats::ldif::dn::Dn::parse(dn).unwrap();
    Target::Entry { entry: parsed.digest(), shown: dn.to_owned(), name: parsed.own("cn").map(str::to_owned) }
}

fn entry_name(dn: &str) -> Vec<EntryName> {
    vec![crate::formats::ldif::dn::Dn::parse(dn).unwrap().digest()]
}

fn membership(group: &str, user: &str) -> Record {
    Record::Member(MemberRecord { group: entry(group), user: entry(user), ..Default::default() })
}

fn said_by(said_by: SaidBy, record: Record) -> Record {
    match record {
        Record::Member(member) => Record::Member(MemberRecord { said_by, ..member }),
        other => other,
    }
}

fn class(class: &str) -> Remark {
    Remark::dropped(format!("entries of the class \"{class}\" are neither users nor groups, and are left out"))
}

#[test]
fn entries_of_active_directory_are_users_and_groups_by_their_class() {
    let (ada, staff, odd) = ("CN=Ada L,OU=P,DC=x", "CN=Staff,OU=G,DC=x", "CN=a\\;b\\, c,OU=G,DC=x");
    let text = format!(
        "DN,objectClass,cn,sn,displayName,memberOf,userAccountControl,sAMAccountName,mail,member,distinguishedName\n\
         \"{ada}\",top;person;organizationalPerson;user,Ada L,L,,\"{staff};{odd}\",514,ada,,,\"{ada}\"\n\
         \"{staff}\",group,Staff,,The staff,\"{odd}\",,SamStaff,,\"{ada};{odd}\",\"{staff}\"\n\
         \"CN=PC,DC=x\",top;person;organizationalPerson;user;computer,PC,,,,4096,PC$,,,\n\
         \"CN=Con,DC=x\",contact,Con,,,\"{staff}\",,,,,\n\
         \"OU=P,DC=x\",organizationalUnit,,,,,,,,,\n"
    );
    let rows = rows(Format::Csv, text);
    let read: Vec<_> = rows.iter().map(|row| row.record.clone().unwrap()).collect();
    let ada_user = UserRecord {
        texts: fields([(LastName, "L"), (DisplayName, "Ada L")]),
        disabled: Some(true),
        entry_names: entry_name(ada),
        ..user("ada")
    };
    let group = GroupRecord {
        name: "Staff".to_owned(),
        label: some("The staff"),
        entry_names: entry_name(staff),
        ..GroupRecord::default()
    };
    assert_eq!(
        read,
        [
            Some(Record::User(ada_user)),
            Some(said_by(SaidBy::Member, membership(staff, ada))),
            Some(said_by(SaidBy::Member, membership(odd, ada))),
            Some(Record::Group(group)),
            Some(Record::Subgroup(SubgroupRecord {
                group: entry(odd),
                subgroup: entry(staff),
                joined: None,
                said_by: SaidBy::Member,
                withheld: false
            })),
            Some(said_by(SaidBy::Group, membership(staff, ada))),
            Some(said_by(SaidBy::Group, membership(staff, odd))),
            None,
            None,
            None,
        ]
    );
    let lost: Vec<_> = rows.iter().flat_map(|row| row.remarks.clone()).collect();
    assert_eq!(
        lost,
        [
            Remark::dropped("a group has one name: others give way to it").about("SamStaff"),
            class("computer").about("PC$"),
            class("contact").about("Con"),
            class("organizationalunit").about("OU=P,DC=x"),
        ]
    );
}

#[test]
fn csvde_writes_letters_as_hexadecimal_digits() {
    let dn = "CN=Zo\u{eb},DC=x";
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let (dn_hex, name_hex) = (hex(dn), hex("Zo\u{eb}"));
    let text = format!(
        "DN,objectClass,sn,sAMAccountName,memberOf,title\n\
         X'{dn_hex}',user,X'{name_hex}',zoe,\"CN=g,DC=x;X'{dn_hex}'\",X'4\n"
    );
    let rows = rows(Format::Csv, text);
    let zoe = UserRecord {
        texts: fields([(LastName, "Zo\u{eb}"), (Title, "X'4")]),
        entry_names: entry_name(dn),
        ..user("zoe")
    };
    let membership = |group| {
        Record::Member(MemberRecord {
            group: entry(group),
            user: entry(dn),
            joined: None,
            said_by: SaidBy::Member,
            withheld: false,
        })
    };
    let read: Vec<_> = rows.iter().map(|row| row.record.clone().unwrap().unwrap()).collect();
    assert_eq!(read, [Record::User(zoe), membership("CN=g,DC=x"), membership(dn)]);
    // In other files it is a text.
    assert_eq!(only_user(Format::Csv, "login,sn\nzoe,X'41'\n").texts[LastName], some("X'41'"));
}

#[test]
fn users_of_powershell_are_read() {
    let dn = "CN=Ada L,OU=P,DC=x";
    let ada = UserRecord { texts: fields([(DisplayName, "Ada L")]), entry_names: entry_name(dn), ..user("ada") };
    check(
        format!(
            "#TYPE Microsoft.ActiveDirectory.Management.ADUser\r\n\
             \"DistinguishedName\",\"Enabled\",\"MemberOf\",\"Name\",\"ObjectClass\",\"SamAccountName\"\r\n\
             \"{dn}\",\"True\",\
             \"Microsoft.ActiveDirectory.Management.ADPropertyValueCollection\",\"Ada L\",\"user\",\"ada\"\r\n"
        ),
        "SamAccountName",
        &[enabled(ada)],
        &["the column \"MemberOf\" has the name of a type in place of its values"],
    );
}

#[test]
fn the_operator_chooses_login_and_delimiter() {
    let read = |text: &str, login: Option<&str>, delimiter| {
        let options = ReadOptions { login: login.map(str::to_owned), delimiter };
        open_rows(Format::Csv, input(text.as_bytes()), &options)
    };
    let user_of = |text: &str, login, delimiter| {
        let row = read(text, login, delimiter).unwrap().next().unwrap().unwrap();
        (row.record.unwrap().unwrap(), row.login.unwrap().to_string())
    };
    let ada = UserRecord { texts: fields([(DisplayName, "Ada L"), (Email, "a@x")]), ..user("a@x") };
    let text = "uid,Name,Mail\n7,Ada L,a@x\n";
    assert_eq!(user_of(text, Some("mail"), None), (Record::User(ada), "Mail".to_owned()));
    let text = "Staff No.,Name\n7,Ada L\n";
    let ada = UserRecord { texts: fields([(DisplayName, "Ada L")]), ..user("7") };
    for login in ["Staff No.", "STAFF NO.", "staffno"] {
        assert_eq!(user_of(text, Some(login), None), (Record::User(ada.clone()), "Staff No.".to_owned()));
    }
    let ada = UserRecord { texts: fields([(Title, "b")]), ..user("a,x") };
    assert_eq!(user_of("name:title\na,x:b\n", None, Some(b':')), (Record::User(ada), "name".to_owned()));
    let problem = read("a;b\n", Some("mail"), None).err().expect("a refusal");
    assert_eq!(
        problem.to_string(),
        "the header has no column \"mail\" (--login); with the delimiter ';' the header is read as \"a;b\""
    );
}

#[test]
fn files_that_were_joined_are_read() {
    check(
        "login,mail\nada,a@x\n\u{feff}login,mail\nbob,b@x\nlogin,l@x\n",
        "login",
        &[("ada", "a@x"), ("bob", "b@x"), ("login", "l@x")]
            .map(|(name, mail)| UserRecord { texts: fields([(Email, mail)]), ..user(name) }),
        &["the file repeats its header"],
    );
}

#[test]
fn only_exports_have_the_columns_of_exports() {
    check(
        "name,groups,stored_role,joined,exported\nada,x,admin,[1],true\n",
        "name",
        &[UserRecord { groups: Some(texts(&["x"])), ..user("ada") }],
        &[
            "no field has the name \"stored_role\"",
            "no field has the name \"joined\"",
            "no field has the name \"exported\"",
        ],
    );
}

#[test]
fn a_part_of_the_members_of_a_group_is_told() {
    let text = "DN,objectClass,sAMAccountName,member;range=0-1,member;range=2-*\n\
                \"CN=A,DC=x\",group,A,\"CN=u,DC=x;CN=v,DC=x\",\"CN=w,DC=x\"\n\
                \"CN=B,DC=x\",group,B,\"CN=u,DC=x\",\n";
    let rows = rows(Format::Csv, text);
    let members = rows.iter().filter(|row| matches!(row.record, Ok(Some(Record::Member(_))))).count();
    assert_eq!(members, 4);
    let told: Vec<_> = rows.iter().flat_map(|row| row.remarks.clone()).collect();
    assert_eq!(told, [Remark::missing("the file has only a part of the members of a group").about("B")]);
}

#[test]
fn an_export_of_an_earlier_version_is_one_too() {
    let header = "kind,name,first_name,last_name,display_name,email,company,title,role,disabled,verified,password,\
                  external_id,groups,label,description,properties";
    let expected = UserRecord { exported: true, groups: Some(texts(&["System.String[]"])), ..user("ada") };
    let row = "user,ada,,,,,,,,,,,,System.String[],,,";
    assert_eq!(only_user(Format::Csv, &format!("{header}\n{row}\n")), expected);
    let expected = UserRecord { groups: Some(texts(&["x"])), joined: Some(vec![Joined::At(4)]), ..expected };
    let expected = UserRecord { stored_role: Some(Role::Read), ..expected };
    let row = "user,ada,,,,,,,,,,,,x,,,,read,[4]";
    assert_eq!(only_user(Format::Csv, &format!("{header},stored_role,joined\n{row}\n")), expected);
    let rows = rows(Format::Csv, format!("{header},stored_role,joined\nmember,ada,,,,,,,,,,,,x,,,,,[4]\n"));
    let member = MemberRecord { group: "x".into(), user: "ada".into(), joined: Some(4), ..Default::default() };
    assert_eq!(said(&rows), [(2, Ok(Record::Member(member)))]);
}
