//! Tables.

use super::*;

#[test]
fn a_csv_of_this_program_has_a_column_for_each_field() {
    let text = "kind,name,first_name,last_name,display_name,email,company,title,role,disabled,verified,password,\
                external_id,groups,properties\n\
                user,ada,Ada,Lovelace,Countess,a@x.io,Acme,Boss,read,no,YES,secret,e-1,a;b,\"{\"\"n\"\":1.50}\"\n";
    let mut expected = UserRecord {
        name: "ada".to_owned(),
        texts: fields([
            (FirstName, "Ada"),
            (LastName, "Lovelace"),
            (DisplayName, "Countess"),
            (Email, "a@x.io"),
            (Company, "Acme"),
            (Title, "Boss"),
        ]),
        role: Some(Role::Read),
        disabled: Some(false),
        verified: Some(true),
        password: some("secret"),
        external_id: some("e-1"),
        groups: Some(texts(&["a", "b"])),
        ..UserRecord::default()
    };
    expected.properties.insert("n".to_owned(), JsonText::stored("1.50"));
    assert_eq!(only_user(Format::Csv, text), expected);
}

#[test]
fn columns_are_known_by_the_names_that_others_give_them() {
    for (header, cell, expected) in [
        ("First Name", "x", UserRecord { texts: fields([(FirstName, "x")]), ..user("ada") }),
        ("given-name", "x", UserRecord { texts: fields([(FirstName, "x")]), ..user("ada") }),
        ("SURNAME", "x", UserRecord { texts: fields([(LastName, "x")]), ..user("ada") }),
        ("sn", "x", UserRecord { texts: fields([(LastName, "x")]), ..user("ada") }),
        ("family_name", "x", UserRecord { texts: fields([(LastName, "x")]), ..user("ada") }),
        ("full name", "x", UserRecord { texts: fields([(DisplayName, "x")]), ..user("ada") }),
        ("cn", "x", UserRecord { texts: fields([(DisplayName, "x")]), ..user("ada") }),
        ("E-Mail", "x", UserRecord { texts: fields([(Email, "x")]), ..user("ada") }),
        ("mail", "x", UserRecord { texts: fields([(Email, "x")]), ..user("ada") }),
        ("Organization", "x", UserRecord { texts: fields([(Company, "x")]), ..user("ada") }),
        ("o", "x", UserRecord { texts: fields([(Company, "x")]), ..user("ada") }),
        ("Job Title", "x", UserRecord { texts: fields([(Title, "x")]), ..user("ada") }),
        ("access_role", "adm", UserRecord { role: Some(Role::Admin), ..user("ada") }),
        ("role", "Administrator", UserRecord { role: Some(Role::Admin), ..user("ada") }),
        ("role", "st", UserRecord { role: Some(Role::Standard), ..user("ada") }),
        ("role", "read_only", UserRecord { role: Some(Role::Read), ..user("ada") }),
        ("enabled", "0", UserRecord { disabled: Some(true), ..user("ada") }),
        ("Active", "True", UserRecord { disabled: Some(false), ..user("ada") }),
        ("disabled", "1", UserRecord { disabled: Some(true), ..user("ada") }),
        ("userPassword", "x", UserRecord { password: some("x"), ..user("ada") }),
        ("initial password", "x", UserRecord { password: some("x"), ..user("ada") }),
        ("password hash", "x", UserRecord { password_hash: some("x"), ..user("ada") }),
        ("hash", "x", UserRecord { password_hash: some("x"), ..user("ada") }),
        ("Status", "ACTIVE", UserRecord { disabled: Some(false), ..user("ada") }),
        ("suspended", "yes", UserRecord { disabled: Some(true), ..user("ada") }),
        ("Pr\u{e9}nom [givenName]", "x", UserRecord { texts: fields([(FirstName, "x")]), ..user("ada") }),
        ("ExternalId", "x", UserRecord { external_id: some("x"), ..user("ada") }),
        ("memberOf", "x; y;", UserRecord { groups: Some(texts(&["x", "y"])), ..user("ada") }),
        ("member_of", r#""[""x"","" y;""]""#, UserRecord { groups: Some(texts(&["x", " y;"])), ..user("ada") }),
        ("groups", "[]", UserRecord { groups: Some(Vec::new()), ..user("ada") }),
    ] {
        for name in ["name", "Username", "login", "UID", "user", "handle", "id"] {
            assert_eq!(only_user(Format::Csv, &format!("{header},{name}\n{cell},ada\n")), expected, "{header} {name}");
        }
    }
}

#[test]
fn a_name_beside_a_login_is_the_name_to_show() {
    let expected = UserRecord { texts: fields([(DisplayName, "Ada L.")]), ..user("ada") };
    assert_eq!(only_user(Format::Csv, "handle,name\nada,Ada L.\n"), expected);
    let rows = rows(Format::Csv, "id,name,full name\n7,ada,Ada L.\n8,bob,\nfay,fay,\n,eve,\n");
    assert_eq!(
        said(&rows),
        [
            (2, Ok(Record::User(expected))),
            (3, Ok(Record::User(user("bob")))),
            (4, Ok(Record::User(user("fay")))),
            (5, Ok(Record::User(user("eve")))),
        ]
    );
    let lost = Remark::dropped("the column \"id\" gives way to \"name\"");
    assert_eq!(rows[0].remarks, [lost.clone().about("ada")]);
    assert_eq!(rows[1].remarks, [lost.about("bob")]);
    assert_eq!((remarks(&rows[2]), remarks(&rows[3])), (vec![], vec![]));
    assert!(rows.iter().all(|row| row.login.as_deref() == Some("name")));
}

#[test]
fn a_cell_that_is_lost_is_told_with_its_row() {
    let rows = rows(Format::Csv, "name,shoe size,,mail,email,name\nada,39,x,a@x.io,,eve\nbob,,,,,\ncy,40,,,,cy\n");
    assert_eq!(
        remarks(&rows[0]),
        [
            "no field here is called \"shoe size\"",
            "column 3 has no name",
            "the column \"mail\" gives way to \"email\"",
            "the column \"name\" gives way to \"name\"",
        ]
    );
    assert!(rows[0].remarks.iter().all(|remark| remark.about.as_deref() == Some("ada")));
    assert_eq!(
        said(&rows),
        [(2, Ok(Record::User(user("ada")))), (3, Ok(Record::User(user("bob")))), (4, Ok(Record::User(user("cy"))))]
    );
    assert_eq!(remarks(&rows[1]), Vec::<String>::new());
    assert_eq!(remarks(&rows[2]), ["no field here is called \"shoe size\""]);
}

#[test]
fn kinds_share_a_csv() {
    let rows = rows(
        Format::Csv,
        "kind,name,label,description,groups,email\n\
         group,staff,Staff,\"All\nof us\",company,\n\
         ,ada,,,staff,\n\
         Member,ada,,,staff;board,\n\
         subgroup,board,,,company,b@x.io\n\
         group,b,,,,b@x.io\n\
         user,c,C,,,\n",
    );
    let staff = GroupRecord {
        name: "staff".to_owned(),
        label: some("Staff"),
        description: some("All\nof us"),
        groups: Some(texts(&["company"])),
        ..GroupRecord::default()
    };
    let ada = UserRecord { groups: Some(texts(&["staff"])), ..user("ada") };
    assert_eq!(
        said(&rows),
        [
            (2, Ok(Record::Group(staff))),
            (4, Ok(Record::User(ada))),
            (5, Ok(member("staff", "ada"))),
            (5, Ok(member("board", "ada"))),
            (6, Ok(subgroup("company", "board"))),
            (7, Ok(Record::Group(GroupRecord { name: "b".to_owned(), ..GroupRecord::default() }))),
            (8, Ok(Record::User(user("c")))),
        ]
    );
    let losses: Vec<_> = rows.iter().flat_map(|row| remarks(row)).collect();
    assert_eq!(losses, ["a subgroup has no email", "a group has no email", "a user has no label"]);
}

#[test]
fn a_csv_may_have_other_delimiters_line_ends_and_a_mark() {
    let expected = UserRecord { texts: fields([(Email, "a,b")]), ..user("ada") };
    for text in [
        "\u{feff}name;email\r\nada;a,b\r\n",
        "\r\n\nname\temail\nada\ta,b",
        "\"name\",\"email\"\nada,\"a,b\"\n\n\n",
        "name,email\n\nada,\"a,b\"\r\n",
    ] {
        assert_eq!(only_user(Format::Csv, text), expected, "{text:?}");
    }
    let rows = rows(Format::Csv, "name,e\nada,\"x\ny\"\r\n,\r\nbob,\n");
    assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 5]);
    assert_eq!((rows[0].bytes, rows[1].bytes), (17, 26));
}

#[test]
fn a_broken_row_of_a_csv_is_refused_and_the_next_one_is_read() {
    for (row, why) in [
        (&b"a"[..], "the row has 1 cells, and the header 9"),
        (b"a,,,,,,,,,x", "the row has 10 cells, and the header 9"),
        (b"\"a\nb\",", "the row has 2 cells, and the header 9: it is taken to end in line 3"),
        (b"a\xff,,,,,,,,", "the row is not UTF-8"),
        (b"a\xc3,\xa9,,,,,,,", "the row is not UTF-8"),
        (b",x,,,,,,,", "the login is missing: \"name\" is empty"),
        (b"  ,x,,,,,,,", "the login is missing: \"name\" is empty"),
        (b"a,,boss,,,,,,", "role is none of admin, standard and read: \"boss\""),
        (b"a,,,,,[1],,,", "groups is no JSON list of texts"),
        (b"a,,,,,[,,,", "groups is no JSON list of texts"),
        (b"a,,,,,,[],,", "properties is no JSON object"),
        (b"a,,,,,,,robot,", "kind is none of user, group, member and subgroup: \"robot\""),
        (b"a,,,,,,,member,", "the group is missing"),
        (b"a,,,,,\"[\"\"\"\"]\",,member,", "the group is missing"),
        (b",,,,,g,,subgroup,", "name is missing"),
    ] {
        let mut text = b"name,email,role,disabled,verified,groups,properties,kind,label\n".to_vec();
        text.extend_from_slice(row);
        text.extend_from_slice(b"\nbob,,,,,,,,\n");
        let rows = rows(Format::Csv, &text);
        let line = 3 + row.iter().filter(|byte| **byte == b'\n').count() as u64;
        assert_eq!(said(&rows), [(2, Err(why)), (line, Ok(Record::User(user("bob"))))], "{why}");
    }
}

#[test]
fn a_quote_that_nothing_closes_is_no_whole_row() {
    let rows = rows(Format::Csv, "name,email\nada,\"a@x.io\nbob,\n");
    assert_eq!(
        said(&rows),
        [(2, Err("the row opens a quote that nothing closes, so the rest of the file is not read"))]
    );
    assert_eq!(
        only_user(Format::Csv, "name,email\nada,\"a\""),
        UserRecord { texts: fields([(Email, "a")]), ..user("ada") }
    );
}

#[test]
fn a_csv_without_a_usable_header_is_none() {
    for (text, why) in [
        (&b""[..], "the file is empty: a CSV begins with a header that names the columns"),
        (b"\n\n", "the file is empty: a CSV begins with a header that names the columns"),
        (
            b"a,b\n1,2\n",
            "no column of the header is known as the login; with the delimiter ',' the header is read as \"a,b\". \
             --delimiter names another delimiter, and --login the column with the login",
        ),
        (b"n\xe4me,login\n", "the header is not UTF-8: save the file as UTF-8 or UTF-16"),
        (b"name,email\rada,x\r", "the header does not end where its line ends: lines have to end in LF or CRLF"),
    ] {
        let problem = open_rows(Format::Csv, input(text), &ReadOptions::default()).err().expect("a refusal");
        assert_eq!(problem.to_string(), why);
    }
    let endless = Box::new(BufReader::new(io::repeat(b'x').take(1 << 30)));
    let problem = open_rows(Format::Csv, endless, &ReadOptions::default()).err().expect("a refusal");
    assert_eq!(problem.to_string(), "the first line is too long for a header: is this a CSV?");
}

// ------------------------------------------------------------------------------------------ other programs

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
            "no field here is called \"state\"",
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
        &["an account that is deleted there is left out"],
    );
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
        &["no field here is called \"Org Unit Path [Required]\""],
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
    let membership = |group: &str, user: &str| {
        Record::Member(MemberRecord { group: entry(group), user: entry(user), ..Default::default() })
    };
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
    let said_by = |said_by: SaidBy, record: Record| match record {
        Record::Member(member) => Record::Member(MemberRecord { said_by, ..member }),
        other => other,
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
    let class = |class: &str| {
        Remark::dropped(format!("entries of the class \"{class}\" are no users and no groups, and are left out"))
    };
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
        &["the header stands in the file again"],
    );
}

#[test]
fn only_exports_have_the_columns_of_exports() {
    check(
        "name,groups,stored_role,joined,exported\nada,x,admin,[1],true\n",
        "name",
        &[UserRecord { groups: Some(texts(&["x"])), ..user("ada") }],
        &[
            "no field here is called \"stored_role\"",
            "no field here is called \"joined\"",
            "no field here is called \"exported\"",
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
