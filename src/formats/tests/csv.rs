//! Tables.

mod other_programs;

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
fn a_name_next_to_a_login_is_the_name_to_show() {
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
            "no field has the name \"shoe size\"",
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
    assert_eq!(remarks(&rows[2]), ["no field has the name \"shoe size\""]);
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
        (b"\"a\nb\",", "the row has 2 cells, and the header 9: it was read up to line 3"),
        (b"a\xff,,,,,,,,", "the row is not UTF-8"),
        (b"a\xc3,\xa9,,,,,,,", "the row is not UTF-8"),
        (b",x,,,,,,,", "the login is missing: \"name\" is empty"),
        (b"  ,x,,,,,,,", "the login is missing: \"name\" is empty"),
        (b"a,,boss,,,,,,", "role is not admin, standard or read: \"boss\""),
        (b"a,,,,,[1],,,", "groups is not a JSON list of texts"),
        (b"a,,,,,[,,,", "groups is not a JSON list of texts"),
        (b"a,,,,,,[],,", "properties is not a JSON object"),
        (b"a,,,,,,,robot,", "kind is not user, group, member or subgroup: \"robot\""),
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
    assert_eq!(said(&rows), [(2, Err("a quote in the row is never closed, so the rest of the file is not read"))]);
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
