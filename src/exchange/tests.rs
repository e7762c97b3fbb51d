//! What is read is what was meant, and what is written reads back.

use super::*;
use crate::random::Random;
use serde_json::json;
use std::io::{self, BufReader, Read};

fn input(text: &[u8]) -> Box<dyn BufRead + Send> {
    // Pieces of an odd size, so that everything is cut somewhere.
    Box::new(BufReader::with_capacity(7, io::Cursor::new(text.to_vec())))
}

fn rows(format: Format, text: impl AsRef<[u8]>) -> Vec<Row> {
    let aliases = aliases(format, input(text.as_ref())).expect("aliases");
    read(format, input(text.as_ref()), aliases).expect("a reader").map(|row| row.expect("a row")).collect()
}

fn user(name: &str) -> UserRecord {
    UserRecord { name: name.to_owned(), ..UserRecord::default() }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn member(group: &str, user: &str) -> Record {
    Record::Member(MemberRecord { group: group.to_owned(), user: user.to_owned() })
}

fn subgroup(group: &str, subgroup: &str) -> Record {
    Record::Subgroup(SubgroupRecord { group: group.to_owned(), subgroup: subgroup.to_owned() })
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// Line and record, or reason, of each row.
fn said(rows: &[Row]) -> Vec<(u64, Result<Record, &str>)> {
    rows.iter()
        .map(|row| (row.line, row.record.clone().map_err(|_| row.record.as_ref().unwrap_err().as_str())))
        .collect()
}

/// The only row's user, which loses nothing.
fn only_user(format: Format, text: &str) -> UserRecord {
    let mut rows = rows(format, text);
    assert_eq!(rows.len(), 1, "{rows:?}");
    let row = rows.pop().unwrap();
    assert_eq!(row.losses, Vec::<String>::new(), "{text}");
    match row.record {
        Ok(Record::User(user)) => user,
        other => panic!("no user: {other:?}"),
    }
}

/// Why the only row is refused.
fn refusal(format: Format, text: impl AsRef<[u8]>) -> String {
    let mut rows = rows(format, text);
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.pop().unwrap().record.expect_err("a refusal")
}

// ------------------------------------------------------------------------------------------ formats

#[test]
fn a_format_is_known_by_its_name_and_by_the_end_of_a_file() {
    for (path, format) in [
        ("a.csv", Some(Format::Csv)),
        ("b/c.JSONL", Some(Format::JsonLines)),
        ("d.ndjson", Some(Format::JsonLines)),
        ("d.json", Some(Format::JsonLines)),
        ("e.x.ldif", Some(Format::Ldif)),
        ("e.ldf", Some(Format::Ldif)),
        ("f.txt", None),
        ("csv", None),
    ] {
        assert_eq!(Format::of_path(Path::new(path)), format, "{path}");
    }
    assert_eq!("CSV".parse(), Ok(Format::Csv));
    assert_eq!("jsonl".parse(), Ok(Format::JsonLines));
    assert_eq!("ldif".parse(), Ok(Format::Ldif));
    assert_eq!("xml".parse::<Format>(), Err("the formats are csv, jsonl and ldif, not xml".to_owned()));
}

#[test]
fn a_record_is_a_tagged_object() {
    let mut ada = user("ada");
    ada.disabled = Some(false);
    ada.first_name = some("");
    ada.properties.insert("n".to_owned(), JsonText::stored("1.000000000000000000001e400"));
    ada.properties.insert("$serde_json::private::Number".to_owned(), JsonText::stored("\"7\""));
    let texts = [
        r#"{"kind":"user","name":"ada","first_name":"","disabled":false,"properties":{"$serde_json::private::Number":"7","n":1.000000000000000000001e400}}"#,
        r#"{"kind":"subgroup","group":"a","subgroup":"b"}"#,
    ];
    for (record, text) in [Record::User(ada), subgroup("a", "b")].into_iter().zip(texts) {
        let mut writer = Writer::new(Format::JsonLines, Vec::new(), "dc=x").unwrap();
        writer.write(&record).unwrap();
        assert_eq!(String::from_utf8(writer.finish().unwrap()).unwrap(), format!("{text}\n"));
        assert_eq!(rows(Format::JsonLines, text)[0].record.as_ref(), Ok(&record));
        // As commands send it to a server.
        assert_eq!(crate::json::decode::<Record>(&crate::json::to_vec(&record)).unwrap(), record);
    }
}

// ------------------------------------------------------------------------------------------ CSV

#[test]
fn a_csv_of_this_program_has_a_column_for_each_field() {
    let text = "kind,name,first_name,last_name,display_name,email,company,title,role,disabled,verified,password,\
                external_id,groups,properties\n\
                user,ada,Ada,Lovelace,Countess,a@x.io,Acme,Boss,read,no,YES,secret,e-1,a;b,\"{\"\"n\"\":1.50}\"\n";
    let mut expected = UserRecord {
        name: "ada".to_owned(),
        first_name: some("Ada"),
        last_name: some("Lovelace"),
        display_name: some("Countess"),
        email: some("a@x.io"),
        company: some("Acme"),
        title: some("Boss"),
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
        ("First Name", "x", UserRecord { first_name: some("x"), ..user("ada") }),
        ("given-name", "x", UserRecord { first_name: some("x"), ..user("ada") }),
        ("SURNAME", "x", UserRecord { last_name: some("x"), ..user("ada") }),
        ("sn", "x", UserRecord { last_name: some("x"), ..user("ada") }),
        ("family_name", "x", UserRecord { last_name: some("x"), ..user("ada") }),
        ("full name", "x", UserRecord { display_name: some("x"), ..user("ada") }),
        ("cn", "x", UserRecord { display_name: some("x"), ..user("ada") }),
        ("E-Mail", "x", UserRecord { email: some("x"), ..user("ada") }),
        ("mail", "x", UserRecord { email: some("x"), ..user("ada") }),
        ("Organization", "x", UserRecord { company: some("x"), ..user("ada") }),
        ("o", "x", UserRecord { company: some("x"), ..user("ada") }),
        ("Job Title", "x", UserRecord { title: some("x"), ..user("ada") }),
        ("access_role", "adm", UserRecord { role: Some(Role::Admin), ..user("ada") }),
        ("role", "Administrator", UserRecord { role: Some(Role::Admin), ..user("ada") }),
        ("role", "st", UserRecord { role: Some(Role::Standard), ..user("ada") }),
        ("role", "read_only", UserRecord { role: Some(Role::Read), ..user("ada") }),
        ("enabled", "0", UserRecord { disabled: Some(true), ..user("ada") }),
        ("Active", "True", UserRecord { disabled: Some(false), ..user("ada") }),
        ("disabled", "1", UserRecord { disabled: Some(true), ..user("ada") }),
        ("userPassword", "x", UserRecord { password: some("x"), ..user("ada") }),
        ("password hash", "x", UserRecord { password: some("x"), ..user("ada") }),
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
fn a_name_beside_a_login_is_what_people_are_called() {
    let expected = UserRecord { display_name: some("Ada L."), ..user("ada") };
    assert_eq!(only_user(Format::Csv, "handle,name\nada,Ada L.\n"), expected);
    let rows = rows(Format::Csv, "id,name,full name\n7,ada,Ada L.\n8,bob,\n");
    assert_eq!(said(&rows), [(2, Ok(Record::User(expected))), (3, Ok(Record::User(user("bob"))))]);
    assert_eq!(rows[0].losses, ["the column \"id\" gives way to \"name\""]);
    assert_eq!(rows[1].losses, Vec::<String>::new());
}

#[test]
fn what_a_header_loses_is_told_once_with_the_first_row() {
    let rows = rows(Format::Csv, "name,shoe size,,mail,email,name\nada,39,x,a@x.io,,eve\nbob,,,,,\n");
    assert_eq!(
        rows[0].losses,
        [
            "no column here is called \"shoe size\"",
            "column 3 has no name",
            "the column \"mail\" gives way to \"email\"",
            "the column \"name\" gives way to \"name\"",
        ]
    );
    assert_eq!(said(&rows), [(2, Ok(Record::User(user("ada")))), (3, Ok(Record::User(user("bob"))))]);
    assert_eq!(rows[1].losses, Vec::<String>::new());
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
    let losses: Vec<_> = rows.iter().flat_map(|row| row.losses.iter().map(String::as_str)).collect();
    assert_eq!(losses, ["a subgroup has no email", "a group has no email", "a user has no label"]);
}

#[test]
fn a_csv_may_have_other_delimiters_line_ends_and_a_mark() {
    let expected = UserRecord { email: some("a,b"), ..user("ada") };
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
        (b"a,,,,,,,,,,", "the row has 11 cells, and the header 9"),
        (b"a\xff,,,,,,,,", "the row is not UTF-8"),
        (b"a\xc3,\xa9,,,,,,,", "the row is not UTF-8"),
        (b",x,,,,,,,", "name is missing"),
        (b"  ,,,,,,,,", "name is missing"),
        (b"a,,boss,,,,,,", "role is none of admin, standard and read: \"boss\""),
        (b"a,,,maybe,,,,,", "disabled is none of true, false, yes, no, 1 and 0: \"maybe\""),
        (b"a,,,,maybe,,,,", "verified is none of true, false, yes, no, 1 and 0: \"maybe\""),
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
        assert_eq!(said(&rows), [(2, Err(why)), (3, Ok(Record::User(user("bob"))))], "{why}");
    }
}

#[test]
fn a_quote_that_nothing_closes_is_no_whole_row() {
    let rows = rows(Format::Csv, "name,email\nada,\"a@x.io\nbob,\n");
    assert_eq!(said(&rows), [(2, Err("the row opens a quote that nothing closes"))]);
    assert_eq!(only_user(Format::Csv, "name,email\nada,\"a\""), UserRecord { email: some("a"), ..user("ada") });
}

#[test]
fn a_csv_without_a_usable_header_is_none() {
    for (text, why) in [
        (&b""[..], "the file is empty: a CSV begins with a header that names the columns"),
        (b"\n\n", "the file is empty: a CSV begins with a header that names the columns"),
        (
            b"a,b\n1,2\n",
            "the first line names no column with the name of the user: name, username, login, uid or handle",
        ),
        (b"\xff\xfen\0a\0", "the header is not UTF-8"),
        (b"name,email\rada,x\r", "the header does not end where its line ends: lines have to end in LF or CRLF"),
    ] {
        let problem = read(Format::Csv, input(text), Aliases::default()).err().expect("a refusal");
        assert_eq!(problem.to_string(), why);
    }
    let endless = Box::new(BufReader::new(io::repeat(b'x').take(1 << 30)));
    let problem = read(Format::Csv, endless, Aliases::default()).err().expect("a refusal");
    assert_eq!(problem.to_string(), "the first line is too long for a header: is this a CSV?");
}

// ------------------------------------------------------------------------------------------ JSON lines

#[test]
fn json_lines_say_what_is_there() {
    let rows = rows(
        Format::JsonLines,
        "\u{feff}{\"kind\":\"group\",\"name\":\"staff\",\"groups\":[\"company\"],\"properties\":{\"n\":1.10}}\r\n\
         \n  \n\
         {\"username\":\"ada\",\"email\":\"\",\"title\":null,\"groups\":[],\"shoe size\":39,\"nothing\":null}\n\
         {\"login\":\"bob\",\"role\":\"ro\",\"disabled\":true,\"verified\":false}\n\
         {\"login\":\"x\",\"name\":\"carl\",\"label\":\"y\"}\n\
         {\"name\":\"dora\",\"username\":\"x\"}\n\
         {\"kind\":\"member\",\"group\":\"staff\",\"user\":\"ada\"}\n\
         {\"kind\":\"subgroup\",\"group\":\"company\",\"subgroup\":\"staff\"}\n\
         {\"kind\":\"member\",\"name\":\"ada\",\"groups\":[\"a\",\"b\"]}",
    );
    let mut staff =
        GroupRecord { name: "staff".to_owned(), groups: Some(texts(&["company"])), ..GroupRecord::default() };
    staff.properties.insert("n".to_owned(), JsonText::stored("1.10"));
    let ada = UserRecord { email: some(""), groups: Some(Vec::new()), ..user("ada") };
    let bob = UserRecord { role: Some(Role::Read), disabled: Some(true), verified: Some(false), ..user("bob") };
    assert_eq!(
        said(&rows),
        [
            (1, Ok(Record::Group(staff))),
            (4, Ok(Record::User(ada))),
            (5, Ok(Record::User(bob))),
            (6, Ok(Record::User(user("carl")))),
            (7, Ok(Record::User(user("dora")))),
            (8, Ok(member("staff", "ada"))),
            (9, Ok(subgroup("company", "staff"))),
            (10, Ok(member("a", "ada"))),
            (10, Ok(member("b", "ada"))),
        ]
    );
    assert_eq!(rows[1].losses, ["nothing here is called \"shoe size\""]);
    assert_eq!(rows[3].losses, ["there is more than one name", "a user has no label"]);
    assert_eq!(rows[4].losses, ["there is more than one name"]);
    assert_eq!(rows[0].bytes, 81);
}

#[test]
fn a_broken_line_of_json_is_refused_and_the_next_one_is_read() {
    for (line, why) in [
        (&b"{\"name\":\"a\""[..], "the line is no JSON: unexpected end of the text at 12"),
        (b"{\"name\":\"a\"} x", "the line is no JSON: unexpected char: 'x' at 14"),
        (b"hello", "the line is no JSON object"),
        (b"[{\"name\":\"a\"}]", "the line is no JSON object but a list: each record has a line of its own"),
        (b"{\"name\":\"\xff\"}", "the line is not UTF-8"),
        (b"{}", "name is missing"),
        (b"{\"name\":\" \"}", "name is missing"),
        (b"{\"name\":7}", "name is not a text"),
        (b"{\"name\":\"a\",\"kind\":\"robot\"}", "kind is none of user, group, member and subgroup: \"robot\""),
        (b"{\"name\":\"a\",\"role\":true}", "role is not a text"),
        (b"{\"name\":\"a\",\"role\":\"x\"}", "role is none of admin, standard and read: \"x\""),
        (b"{\"name\":\"a\",\"disabled\":\"true\"}", "disabled is not true or false"),
        (b"{\"name\":\"a\",\"verified\":1}", "verified is not true or false"),
        (b"{\"name\":\"a\",\"groups\":\"b\"}", "groups is not a list of texts"),
        (b"{\"name\":\"a\",\"groups\":[1]}", "groups is not a list of texts"),
        (b"{\"name\":\"a\",\"properties\":[]}", "properties is not an object"),
        (b"{\"kind\":\"member\",\"user\":\"a\"}", "the group is missing"),
        (b"{\"kind\":\"member\",\"group\":\"\",\"user\":\"a\"}", "group is missing"),
        (b"{\"kind\":\"subgroup\",\"group\":\"a\",\"subgroup\":\"\"}", "subgroup is missing"),
    ] {
        let mut text = line.to_vec();
        text.extend_from_slice(b"\n{\"name\":\"bob\"}\n");
        let rows = rows(Format::JsonLines, &text);
        assert_eq!(said(&rows), [(1, Err(why)), (2, Ok(Record::User(user("bob"))))], "{why}");
    }
}

// ------------------------------------------------------------------------------------------ limits

/// `before`, so many times `x`, `after`.
fn long(before: &str, length: usize, after: &str) -> Box<dyn BufRead + Send> {
    let middle = io::repeat(b'x').take(length as u64);
    let after = io::Cursor::new(after.to_owned().into_bytes());
    Box::new(BufReader::new(io::Cursor::new(before.to_owned().into_bytes()).chain(middle).chain(after)))
}

#[test]
fn a_row_that_is_too_long_is_refused_and_the_next_one_is_read() {
    let length = 3 * ROW_BYTES_MAX;
    for (format, before, after, why) in [
        (Format::Csv, "name,title\nada,\"", "\"\nbob,\n", "the row is longer than 16 MiB"),
        (Format::Csv, "name,title\n", "\nbob,\n", "the row is longer than 16 MiB"),
        (
            Format::JsonLines,
            "\n{\"name\":\"ada\",\"title\":\"",
            "\"}\n{\"name\":\"bob\"}",
            "the line is longer than 16 MiB",
        ),
        (
            Format::Ldif,
            "\ndn: uid=ada\nobjectClass: person\nuid: ada\njpegPhoto:: ",
            "\n\ndn: uid=bob\nobjectClass: person\nuid: bob\n",
            "line 5 is longer than 16 MiB",
        ),
    ] {
        let rows: Vec<_> = read(format, long(before, length, after), Aliases::default()).unwrap().collect();
        let rows: Vec<_> = rows.into_iter().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 2, "{format:?}");
        assert_eq!(rows[0].record, Err(why.to_owned()));
        assert_eq!(rows[0].line, 2);
        assert_eq!(rows[1].record, Ok(Record::User(user("bob"))));
    }
    let cells = format!("name,title\nada{}\nbob,\n", ",".repeat(70_000));
    let rows = rows(Format::Csv, cells);
    assert_eq!(said(&rows), [(2, Err("the row has more than 65536 cells")), (3, Ok(Record::User(user("bob"))))]);
}

/// Ends with an error instead of an end.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is gone"))
    }
}

#[test]
fn an_input_that_breaks_off_ends_the_reading_with_the_reason() {
    for (format, text) in [
        (Format::Csv, "name\nada\nbob"),
        (Format::JsonLines, "{\"name\":\"ada\"}\n{\"name\""),
        (Format::Ldif, "dn: uid=ada\nobjectClass: person\n\ndn: uid=b"),
    ] {
        let input = Box::new(BufReader::new(io::Cursor::new(text).chain(Broken)));
        let rows: Vec<_> = read(format, input, Aliases::default()).unwrap().collect();
        assert_eq!(rows.len(), 2, "{format:?} {rows:?}");
        assert_eq!(rows[0].as_ref().unwrap().record, Ok(Record::User(user("ada"))));
        let problem = format!("{:#}", rows[1].as_ref().unwrap_err());
        assert!(problem.starts_with("read line ") && problem.ends_with("the disk is gone"), "{problem}");
    }
    let broken = read(Format::Csv, Box::new(BufReader::new(Broken)), Aliases::default()).err().expect("a refusal");
    assert_eq!(format!("{broken:#}"), "read the header: the disk is gone");
    assert!(aliases(Format::Ldif, Box::new(BufReader::new(Broken))).is_err());
}

// ------------------------------------------------------------------------------------------ LDIF

#[test]
fn an_entry_of_a_person_is_a_user() {
    let text = "# who we are\nversion: 1\ndn: uid=ada,ou=people,dc=example\nchangetype: add\nobjectClass: top\n\
                OBJECTCLASS: inetOrgPerson\nuid: ada\ncn: Ada\n  Lovelace\nsn: Lovelace\ngivenName;lang-en: Ada\n\
                displayName:: w4lidWNodGU=\n# a comment\n  that goes on\nmail: ada@example.com\no: Acme\ntitle: Boss\n\
                userPassword:: e1NTSEF9YWJj\nmemberOf: cn=staff,ou=groups,dc=example\nmobile: 1\nMOBILE: 2\n\
                employeeNumber: 007\ndescription: first\nentryUUID: 0\nnsAccountLock: TRUE\n";
    let mut ada = UserRecord {
        first_name: some("Ada"),
        last_name: some("Lovelace"),
        display_name: some("\u{c9}buchte"),
        email: some("ada@example.com"),
        company: some("Acme"),
        title: some("Boss"),
        password: some("{SSHA}abc"),
        disabled: Some(true),
        groups: Some(texts(&["staff"])),
        ..user("ada")
    };
    ada.properties.insert("mobile".to_owned(), json!(["1", "2"]).into());
    ada.properties.insert("employeeNumber".to_owned(), json!("007").into());
    ada.properties.insert("description".to_owned(), json!("first").into());
    assert_eq!(only_user(Format::Ldif, text), ada);
}

#[test]
fn the_classes_and_the_names_of_an_entry_decide_what_it_is() {
    let named = |name: &str| Ok(Record::User(user(name)));
    let shown = |name: &str, shown: &str| Ok(Record::User(UserRecord { display_name: some(shown), ..user(name) }));
    let group = |name: &str| Ok(Record::Group(GroupRecord { name: name.to_owned(), ..GroupRecord::default() }));
    for (entry, expected) in [
        ("dn: uid=a\nobjectClass: account\nuid: a", named("a")),
        ("dn: uid=a\nobjectClass: posixAccount\nuserid: A", named("A")),
        // The name that the dn has, in the spelling of the attribute.
        ("dn: uid=a\nobjectClass: person\nuid: b\nuid: A", named("A")),
        ("dn: uid=a\nobjectClass: person\nobjectClass: domainRelatedObject", named("a")),
        ("dn: cn=Ada\nobjectClass: user\ncn: Ada\nsAMAccountName: ada\nuserPrincipalName: ada", shown("ada", "Ada")),
        ("dn: cn=Ada\nobjectClass: user\nuserPrincipalName: ada@x", shown("ada@x", "Ada")),
        ("dn: cn=Ada\nobjectClass: organizationalPerson\ncn: Ada", named("Ada")),
        ("dn: uid=a\nobjectClass: person\nuid: a\ncn: B\nsn: -", shown("a", "B")),
        ("dn: cn=g\nobjectClass: posixGroup\ncn: G", group("G")),
        ("dn: cn=g\nobjectClass: groupOfUniqueNames", group("g")),
        ("dn: ou=x+cn=g\nobjectClass: group", group("g")),
        ("dn: ou=g\nobjectClass: groupOfEntries\ncn: G", group("G")),
    ] {
        let rows = rows(Format::Ldif, format!("{entry}\n"));
        assert_eq!(said(&rows), [(1, expected)], "{entry}");
    }
}

#[test]
fn switched_off_accounts_are_disabled() {
    for (lines, disabled) in [
        ("userAccountControl: 512", Some(false)),
        ("userAccountControl: 514", Some(true)),
        ("nsAccountLock: true", Some(true)),
        ("nsAccountLock: FALSE", Some(false)),
        ("userAccountControl: 66048\nnsAccountLock: TRUE", Some(true)),
    ] {
        let text = format!("dn: uid=ada\nobjectClass: user\nuid: ada\n{lines}\n");
        assert_eq!(only_user(Format::Ldif, &text), UserRecord { disabled, ..user("ada") }, "{lines}");
    }
}

#[test]
fn members_are_rows_of_their_own_and_names_lead_to_users_and_groups() {
    let text = "version: 1\n\n\
        dn: cn=All,cn=Users,dc=ad\nobjectClass: group\ncn: All\ndescription: everybody\n\
        member: CN=Ada Lovelace,cn=users,DC=AD\nmember: cn=Board ,cn=users,dc=ad\nmember: cn=bob,cn=users,dc=ad\n\
        member: uid=carl,ou=people\nmember: cn=sub,ou=groups,dc=ad\nmember:\nmember: nobody\nmember: mail=x\n\n\
        dn: cn=board,cn=Users,dc=ad\nobjectClass: group\nmemberUid: ada\nuniqueMember: cn=all,cn=users,dc=ad\n\
        memberOf: cn=ALL,cn=Users,dc=ad\n\n\
        dn: cn=Ada Lovelace,cn=Users,dc=ad\nobjectClass: user\ncn: Ada Lovelace\nsAMAccountName: ada\n\
        memberOf: cn=board,cn=Users,dc=ad\nmemberOf: cn=Elsewhere,dc=ad\n\n\
        dn: cn=bob,cn=Users,dc=ad\nobjectClass: user\ncn: bob\nsAMAccountName: bob\n";
    let all = GroupRecord { name: "All".to_owned(), description: some("everybody"), ..GroupRecord::default() };
    let board = GroupRecord { name: "board".to_owned(), groups: Some(texts(&["All"])), ..GroupRecord::default() };
    let ada =
        UserRecord { display_name: some("Ada Lovelace"), groups: Some(texts(&["board", "Elsewhere"])), ..user("ada") };
    let expected = [
        (3, Ok(Record::Group(all))),
        (7, Ok(member("All", "ada"))),
        (8, Ok(subgroup("All", "board"))),
        (9, Ok(member("All", "bob"))),
        (10, Ok(member("All", "carl"))),
        (11, Ok(subgroup("All", "sub"))),
        (13, Err("the member is no distinguished name: \"nobody\"")),
        (14, Err("who is \"mail=x\"?")),
        (16, Ok(Record::Group(board))),
        (18, Ok(member("board", "ada"))),
        (19, Ok(subgroup("board", "All"))),
        (22, Ok(Record::User(ada))),
        (29, Ok(Record::User(user("bob")))),
    ];
    assert_eq!(said(&rows(Format::Ldif, text)), expected);

    // Without a first look, a name says what it says.
    let blind = read(Format::Ldif, input(text.as_bytes()), Aliases::default()).unwrap();
    let blind: Vec<_> = blind.map(Result::unwrap).collect();
    assert_eq!(
        said(&blind)[1..4],
        [(7, Ok(member("All", "Ada Lovelace"))), (8, Ok(member("All", "Board"))), (9, Ok(member("All", "bob")))]
    );
}

#[test]
fn what_is_neither_user_nor_group_is_skipped_and_told() {
    let text = "dn: dc=x\nobjectClass: top\nobjectClass: domain\n\n\
        dn: ou=people,dc=x\nobjectClass: organizationalUnit\n\n\
        dn: uid=ada,ou=people,dc=x\nobjectClass: person\nuid: ada\njpegPhoto:: /9j/\nloginShell: x\nJPEGPHOTO:: /w==\n\
        mail: a\nmail: b\nmail: c\nuid: b\nmember: cn=x\n\n\
        dn: cn=PC,dc=x\nobjectClass: person\nobjectClass: user\nobjectClass: computer\n\n\
        dn: cn=friend,dc=x\nobjectClass: person\nobjectClass: contact\n\n\
        search: 2\nresult: 0 Success\n";
    let rows = rows(Format::Ldif, text);
    assert_eq!(said(&rows), [(8, Ok(Record::User(UserRecord { email: some("a"), ..user("ada") })))]);
    assert_eq!(
        rows[0].losses,
        [
            "dc=x (line 1) is no user and no group but domain, and is skipped",
            "ou=people,dc=x (line 5) is no user and no group but organizationalUnit, and is skipped",
            "only the first value of mail counts",
            "not taken over: jpegPhoto, loginShell, member, further values of uid",
            "cn=PC,dc=x (line 20) is no user and no group but computer, and is skipped",
            "cn=friend,dc=x (line 25) is no user and no group but contact, and is skipped",
        ]
    );
    let text = "dn: cn=g,dc=x\nobjectClass: group\ncn: g\ncn: h\nuid: x\nmail: g@x.io\nsAMAccountName: g\n\
        description: a\ndescription: b\ndisplayName: G\n";
    let rows = self::rows(Format::Ldif, text);
    let group =
        GroupRecord { name: "g".to_owned(), label: some("G"), description: some("a"), ..GroupRecord::default() };
    assert_eq!(said(&rows), [(1, Ok(Record::Group(group)))]);
    assert_eq!(rows[0].losses, ["not taken over: further values of description, further values of cn, uid, mail"]);
}

#[test]
fn much_that_is_skipped_is_told_in_a_few_sentences() {
    let mut text: String = (0..1000).map(|n| format!("dn: ou=o{n}\nobjectClass: organizationalUnit\n\n")).collect();
    text.push_str("dn: uid=ada\nobjectClass: person\n");
    let rows = rows(Format::Ldif, text);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].losses.len(), 101);
    assert_eq!(rows[0].losses[100], "900 more are skipped there");
}

#[test]
fn a_broken_entry_is_refused_and_the_next_one_is_read() {
    for (entry, why) in [
        (&b"uid: a\nobjectClass: person"[..], "the entry does not begin with its dn"),
        (b"what\nis: this", "line 1 is no attribute"),
        (b"dn: nothing\nobjectClass: person", "the dn is no distinguished name: \"nothing\""),
        (b"dn:\nobjectClass: person", "the dn is no distinguished name: \"\""),
        (b"dn:: !\nobjectClass: person", "line 1: the value of dn is no Base64"),
        (b"dn: uid=a\nuid: a", "the entry has no objectClass"),
        (b"dn: uid=a\nobjectClass: person\nnonsense", "line 3 is no attribute"),
        (b"dn: uid=a\nobjectClass: person\n: x", "line 3 is no attribute"),
        (b"dn: uid=a\nobjectClass: person\na b: x", "line 3 is no attribute"),
        (b"dn: uid=a\nobjectClass: person\nmail:: a", "line 3: the value of mail is no Base64"),
        (b"dn: uid=a\nobjectClass: person\nmail: \xff", "line 3: the value of mail is not UTF-8"),
        (b"dn: uid=a\nobjectClass: person\nmail:: /w==", "line 3: the value of mail is not UTF-8"),
        (b"dn: uid=a\nobjectClass: person\nx:< file:///y", "line 3: the value of x is in another place"),
        (b"dn: uid=a\nchangetype: modify\nadd: x\nx: y\n-", "the entry is no addition but changetype \"modify\""),
        (b"dn: uid=a\nchangetype: delete", "the entry is no addition but changetype \"delete\""),
        (b"dn: uid=a\nobjectClass: user\nuserAccountControl: x", "userAccountControl is no number"),
        (b"dn: mail=a\nobjectClass: user", "the user has no uid, sAMAccountName, userPrincipalName or cn"),
        (b"dn: uid=\nobjectClass: user\nuid: ", "the user has no uid, sAMAccountName, userPrincipalName or cn"),
        (b"dn: ou=a\nobjectClass: group", "the group has no cn"),
    ] {
        let mut text = entry.to_vec();
        text.extend_from_slice(b"\r\n\r\n\r\ndn: uid=bob\r\nobjectClass: person\r\n");
        let rows = rows(Format::Ldif, &text);
        let next = 4 + entry.iter().filter(|byte| **byte == b'\n').count() as u64;
        assert_eq!(said(&rows), [(1, Err(why)), (next, Ok(Record::User(user("bob"))))], "{why}");
    }
    assert_eq!(refusal(Format::Ldif, "dn: uid=a\nversion: 1\n"), "the entry has no objectClass");
}

#[test]
fn an_ldif_of_another_version_is_not_read() {
    let mut rows = read(Format::Ldif, input(b"version: 2\ndn: uid=a\n"), Aliases::default()).unwrap();
    let problem = rows.next().expect("a problem").expect_err("a problem");
    assert_eq!(problem.to_string(), "the file is LDIF of another version than 1");
    assert!(rows.next().is_none());
}

#[test]
fn what_is_not_understood_of_an_attribute_that_nobody_wants_does_not_matter() {
    let text = b"dn: uid=ada\nobjectClass: person\nphoto: \xff\xfe\nphoto;binary:: /w==\n";
    let rows = rows(Format::Ldif, text);
    assert_eq!(said(&rows), [(1, Ok(Record::User(user("ada"))))]);
    assert_eq!(rows[0].losses, ["not taken over: photo"]);
}

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
    let before = "dn: cn=all\nobjectClass: group\ndescription: everybody\n";
    let behind = "info: lost\nmember: uid=last\n\ndn: uid=bob\nobjectClass: person\n";
    let mut rows = read(Format::Ldif, crowd(before, MEMBERS, behind), Aliases::default()).unwrap().map(Result::unwrap);
    let first = rows.next().unwrap();
    let group = GroupRecord { name: "all".to_owned(), description: some("everybody"), ..GroupRecord::default() };
    assert_eq!((first.line, first.record), (1, Ok(Record::Group(group))));
    // It came before the end of its entry was read.
    assert!(first.bytes < 20 << 20, "{}", first.bytes);
    for n in 0..MEMBERS {
        let row = rows.next().unwrap();
        assert_eq!((row.line, row.record), (n as u64 + 4, Ok(member("all", &format!("u{n}")))));
    }
    assert_eq!(rows.next().unwrap().record, Ok(member("all", "last")));
    let bob = rows.next().unwrap();
    assert_eq!(bob.record, Ok(Record::User(user("bob"))));
    assert_eq!(bob.losses, ["cn=all (line 1): not taken over: info"]);

    // Nobody can tell what it is.
    let before = "dn: cn=all\ndescription: everybody\n";
    let behind = "objectClass: group\n\ndn: uid=bob\nobjectClass: person\n";
    let rows = read(Format::Ldif, crowd(before, MEMBERS, behind), Aliases::default()).unwrap().map(Result::unwrap);
    let rows: Vec<_> = rows.collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].record, Err("the entry is longer than 16 MiB".to_owned()));

    // It breaks in the middle.
    let before = "dn: cn=all\nobjectClass: group\n";
    let rows = read(Format::Ldif, crowd(before, MEMBERS, "broken\nmember: uid=x\n"), Aliases::default()).unwrap();
    let last = rows.map(Result::unwrap).last().unwrap();
    assert_eq!((last.line, last.record), (1, Err(format!("line {} is no attribute", MEMBERS + 3))));
}

// ------------------------------------------------------------------------------------------ writing

fn written(format: Format, records: &[Record]) -> (String, Vec<Vec<String>>) {
    let mut writer = Writer::new(format, Vec::new(), "dc=example,dc=org").expect("a writer");
    let losses = records.iter().map(|record| writer.write(record).expect("a record")).collect();
    (String::from_utf8(writer.finish().expect("the end")).expect("text"), losses)
}

#[test]
fn a_file_of_nothing_is_complete_all_the_same() {
    assert_eq!(
        written(Format::Csv, &[]).0,
        "kind,name,first_name,last_name,display_name,email,company,title,role,disabled,verified,password,external_id,\
         groups,label,description,properties\n"
    );
    assert_eq!(written(Format::JsonLines, &[]).0, "");
    assert_eq!(written(Format::Ldif, &[]).0, "version: 1\n# exported by rollbook\n");
    for format in [Format::Csv, Format::JsonLines, Format::Ldif] {
        assert_eq!(rows(format, written(format, &[]).0), []);
    }
}

#[test]
fn an_ldif_is_written_as_directories_read_it() {
    let mut ada = UserRecord {
        first_name: some("Ada"),
        last_name: some(" L\u{f6}ve"),
        email: some("a@x.io"),
        company: some(&"long ".repeat(30)),
        title: some(":-)"),
        role: Some(Role::Read),
        disabled: Some(false),
        verified: Some(true),
        external_id: some("7"),
        groups: Some(Vec::new()),
        password: some("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaA"),
        ..user("a,da")
    };
    ada.properties.insert("mobile".to_owned(), json!(["1", "2"]).into());
    ada.properties.insert("n".to_owned(), json!(1).into());
    let bob = UserRecord { display_name: some("Bob"), last_name: some("-"), email: some(""), ..user("bob") };
    let empty = GroupRecord {
        name: "staff".to_owned(),
        label: some("Staff"),
        description: some("two\nlines"),
        groups: Some(texts(&["x"])),
        ..GroupRecord::default()
    };
    let full = GroupRecord { name: "all".to_owned(), ..GroupRecord::default() };
    let records = [
        Record::User(ada),
        Record::User(bob),
        Record::Group(empty),
        Record::Group(full),
        member("all", "a,da"),
        subgroup("all", "staff"),
    ];
    let (text, losses) = written(Format::Ldif, &records);
    assert_eq!(
        text,
        "version: 1\n\
         # exported by rollbook\n\
         \n\
         dn: uid=a\\,da,ou=people,dc=example,dc=org\n\
         objectClass: inetOrgPerson\n\
         uid: a,da\n\
         cn:: QWRhICBMw7Z2ZQ==\n\
         sn:: IEzDtnZl\n\
         givenName: Ada\n\
         mail: a@x.io\n\
         o:: bG9uZyBsb25nIGxvbmcgbG9uZyBsb25nIGxvbmcgbG9uZyBsb25nIGxvbmcgbG9uZyBsb25n\n\
         \x20IGxvbmcgbG9uZyBsb25nIGxvbmcgbG9uZyBsb25nIGxvbmcgbG9uZyBsb25nIGxvbmcgbG9uZyB\n\
         \x20sb25nIGxvbmcgbG9uZyBsb25nIGxvbmcgbG9uZyBsb25nIGxvbmcg\n\
         title:: Oi0p\n\
         userPassword: {ARGON2}$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaA\n\
         mobile: 1\n\
         mobile: 2\n\
         \n\
         dn: uid=bob,ou=people,dc=example,dc=org\n\
         objectClass: inetOrgPerson\n\
         uid: bob\n\
         cn: Bob\n\
         sn: -\n\
         displayName: Bob\n\
         \n\
         dn: cn=staff,ou=groups,dc=example,dc=org\n\
         objectClass: groupOfNames\n\
         cn: staff\n\
         description:: dHdvCmxpbmVz\n\
         member:\n\
         \n\
         dn: cn=all,ou=groups,dc=example,dc=org\n\
         objectClass: groupOfNames\n\
         cn: all\n\
         member: uid=a\\,da,ou=people,dc=example,dc=org\n\
         member: cn=staff,ou=groups,dc=example,dc=org\n"
    );
    assert_eq!(
        losses,
        [
            vec!["LDIF has no place for role, disabled, verified, external_id, groups of a user, the property n"],
            vec!["LDIF has no place for a last_name of -, an empty email"],
            vec!["LDIF has no place for label, groups of a group"],
            vec![],
            vec![],
            vec![],
        ]
    );
    assert!(text.lines().all(|line| line.len() <= 76));
}

#[test]
fn a_csv_tells_what_it_cannot_hold() {
    let ada = UserRecord { first_name: some(""), password: some(""), ..user("=ada") };
    let (text, losses) = written(Format::Csv, &[Record::User(ada.clone())]);
    assert_eq!(text.lines().nth(1), Some("user,=ada,,,,,,,,,,,,,,,"));
    assert_eq!(
        losses,
        [["an empty first_name cannot be told from none", "an empty password cannot be told from none"]]
    );
    let (text, losses) = written(Format::JsonLines, &[Record::User(ada.clone())]);
    assert_eq!(losses, [Vec::<String>::new()]);
    assert_eq!(said(&rows(Format::JsonLines, text)), [(1, Ok(Record::User(ada)))]);
}

#[test]
fn a_writer_refuses_what_would_be_no_file() {
    let refusal = Writer::new(Format::Ldif, Vec::new(), "example.org").err().expect("a refusal");
    assert_eq!(refusal.to_string(), "no distinguished name: \"example.org\"");
    let mut writer = Writer::new(Format::Ldif, Vec::new(), "").unwrap();
    for record in [member("staff", "ada"), subgroup("staff", "ada")] {
        let refusal = writer.write(&record).expect_err("a refusal");
        assert_eq!(refusal.to_string(), "a member of \"staff\" does not follow the group");
    }
    writer.write(&Record::User(user("ada"))).unwrap();
    let text = String::from_utf8(writer.finish().unwrap()).unwrap();
    assert!(text.contains("\ndn: uid=ada,ou=people\n"), "{text}");

    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is full"))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for format in [Format::Csv, Format::JsonLines, Format::Ldif] {
        let problem = Writer::new(format, Full, "").unwrap().write(&Record::User(user("ada"))).expect_err("a refusal");
        assert_eq!(format!("{problem:#}"), "write: the disk is full");
    }
}

// ------------------------------------------------------------------------------------------ there and back

/// Texts that files have trouble with.
const ODD: [&str; 24] = [
    "plain",
    "two words",
    "a,b",
    "semi;colon",
    "[list]",
    "[",
    "\"quoted\"",
    "o'clock \"",
    "#hash",
    "+plus",
    "=1+1",
    "-",
    "@at",
    "back\\slash\\2c",
    "\u{fc}ml\u{e4}ut \u{df}",
    "\u{1f600} emoji",
    "\u{65e5}\u{672c}\u{8a9e}",
    "e\u{301}",
    "null",
    "true",
    "<less>",
    ":colon",
    "a=b, c=d",
    "cn=x,ou=groups",
];

/// What may stand in a text beside.
const BREAKS: [&str; 10] = ["", "", "", "\n", "\r\n", "\t", " ", "\r", "\u{1}", "\n\n#"];

struct Chance(Random);

impl Chance {
    /// A name: no control characters and no spaces around, as names are.
    fn name(&mut self) -> String {
        let (first, second) = (self.0.pick(&ODD), self.0.pick(&ODD));
        format!("{first}{second}{}", self.0.below(1000))
    }

    fn text(&mut self) -> Option<String> {
        match self.0.below(4) {
            0 => None,
            1 => Some(format!("{}{}{}", self.0.pick(&BREAKS), self.0.pick(&ODD), self.0.pick(&BREAKS))),
            2 => Some(format!("{} {}", self.0.pick(&ODD), self.0.pick(&ODD).repeat(40))),
            _ => Some(self.0.pick(&ODD).to_owned()),
        }
    }

    fn switch(&mut self) -> Option<bool> {
        self.0.pick(&[None, Some(true), Some(false)])
    }

    fn names(&mut self) -> Option<Vec<String>> {
        let count = self.0.below(4);
        if self.0.one_in(2) { None } else { Some((0..count).map(|_| self.name()).collect()) }
    }

    fn properties(&mut self) -> BTreeMap<String, JsonText> {
        let values = ["1.50", "12345678901234567890123", "null", "\"\"", "[1,{\"a\":[]}]", "\"\\u0000\""];
        (0..self.0.below(3)).map(|_| (self.name(), JsonText::stored(self.0.pick(&values)))).collect()
    }

    fn user(&mut self) -> UserRecord {
        UserRecord {
            name: self.name(),
            first_name: self.text(),
            last_name: self.text(),
            display_name: self.text(),
            email: self.text(),
            company: self.text(),
            title: self.text(),
            role: self.0.pick(&[None, Some(Role::Admin), Some(Role::Standard), Some(Role::Read)]),
            disabled: self.switch(),
            verified: self.switch(),
            password: self.text(),
            external_id: self.text(),
            groups: self.names(),
            properties: self.properties(),
            // As in every file that the writer makes; JSON lines say it by record.
            exported: true,
        }
    }

    fn group(&mut self) -> GroupRecord {
        GroupRecord {
            name: self.name(),
            label: self.text(),
            description: self.text(),
            groups: self.names(),
            properties: self.properties(),
            // As in every file that the writer makes; JSON lines say it by record.
            exported: true,
        }
    }
}

fn chance() -> Chance {
    let seed = Random::seed("ROLLBOOK_EXCHANGE_SEED", 20_261_201);
    println!("ROLLBOOK_EXCHANGE_SEED={seed}");
    Chance(Random::new(seed))
}

fn read_back(format: Format, records: &[Record]) -> Vec<Record> {
    let (text, losses) = written(format, records);
    assert!(losses.iter().all(Vec::is_empty), "{losses:?}");
    let rows = rows(format, &text);
    let record = |row: &Row| {
        assert_eq!(row.losses, Vec::<String>::new());
        row.record.clone().unwrap_or_else(|why| panic!("{why} in line {} of\n{text}", row.line))
    };
    rows.iter().map(record).collect()
}

#[test]
fn what_is_written_reads_back() {
    let mut chance = chance();
    let records: Vec<_> = (0..3000)
        .map(|_| match chance.0.below(4) {
            0 => Record::Group(chance.group()),
            1 => member(&chance.name(), &chance.name()),
            2 => subgroup(&chance.name(), &chance.name()),
            _ => Record::User(chance.user()),
        })
        .collect();
    for format in [Format::Csv, Format::JsonLines] {
        for (read, written) in read_back(format, &records).iter().zip(&records) {
            assert_eq!(read, written, "{format:?}");
        }
    }
}

#[test]
fn an_ldif_reads_back_what_it_can_hold() {
    let mut chance = chance();
    let mut records = Vec::new();
    let mut names = Vec::new();
    for _ in 0..2000 {
        let mut user = UserRecord {
            role: None,
            disabled: None,
            verified: None,
            external_id: None,
            groups: None,
            properties: BTreeMap::new(),
            ..chance.user()
        };
        // What stands for none.
        user.last_name = user.last_name.filter(|name| name != "-");
        if chance.0.one_in(3) {
            user.properties.insert("mobile".to_owned(), json!([chance.name(), " "]).into());
            user.properties.insert("description".to_owned(), json!(chance.name()).into());
        }
        names.push(user.name.clone());
        records.push(Record::User(user));
    }
    let mut groups: Vec<_> = (0..300).map(|n| format!("{}-{n}", chance.name())).collect();
    groups.sort();
    groups.dedup();
    for name in groups.clone() {
        let description = chance.text();
        let group = GroupRecord { name: name.clone(), description, exported: true, ..GroupRecord::default() };
        records.push(Record::Group(group));
        for _ in 0..chance.0.below(4) {
            records.push(match chance.0.below(3) {
                0 => subgroup(&name, chance.0.one_of(&groups).unwrap()),
                _ => member(&name, chance.0.one_of(&names).unwrap()),
            });
        }
    }
    for (read, written) in read_back(Format::Ldif, &records).iter().zip(&records) {
        assert_eq!(read, written);
    }
}
