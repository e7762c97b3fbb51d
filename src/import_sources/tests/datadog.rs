//! Users of Datadog.

use super::*;

#[test]
fn users_come_from_datadog_with_what_it_knows() {
    let body = r#" { "more": {"users": ["}"]}, "users" : [
        {"disabled":false,"handle":"ada@x.io","name":"Ada \"L\" \u00fc","title":"Boss","is_admin":true,"role":"Boss",
         "access_role":"adm","verified":true,"email":"a@x.io","icon":"https://x/"},
        {"disabled":true,"handle":"bob@x.io","name":null,"title":null,"is_admin":false,"role":null,
         "access_role":"ro","verified":false,"email":"bob@x.io","icon":"","roles":[]},
        {"handle":"st@x.io","access_role":"st"} , {"handle":"e@x.io","access_role":"ERROR","is_admin":false},
        {"handle":"n@x.io","access_role":null,"is_admin":true,"shoe_size":39,"nothing":null}
        ], "next": [1, "a", {}], "x": 1 } "#;
    let server = Server::start(move |_, out| answer(out, "200 OK", "", body));
    let rows = all(ask_datadog(&server.source()));
    assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(rows[0].bytes, body.find("https://x/\"},").unwrap() as u64 + 12);
    let ada = UserRecord {
        texts: fields([(DisplayName, "Ada \"L\" \u{fc}"), (Email, "a@x.io"), (Title, "Boss")]),
        role: Some(Role::Admin),
        disabled: Some(false),
        verified: Some(true),
        ..user("ada@x.io")
    };
    let bob = UserRecord {
        texts: fields([(Email, "bob@x.io")]),
        role: Some(Role::Read),
        disabled: Some(true),
        verified: Some(false),
        ..user("bob@x.io")
    };
    assert_eq!(
        records(&rows),
        [
            Ok(Record::User(ada)),
            Ok(Record::User(bob)),
            Ok(Record::User(UserRecord { role: Some(Role::Standard), ..user("st@x.io") })),
            Ok(Record::User(UserRecord { role: Some(Role::Read), ..user("e@x.io") })),
            Ok(Record::User(UserRecord { role: Some(Role::Admin), ..user("n@x.io") })),
        ]
    );
    let remarks: Vec<_> = rows.into_iter().flat_map(|row| row.remarks).collect();
    assert_eq!(
        remarks,
        [
            Remark::dropped("the access role is not understood, so the role is read")
                .about("\"\\\"ERROR\\\"\" of the user e@x.io"),
            Remark::dropped("no field has the name \"shoe_size\"").about("the user n@x.io"),
        ]
    );
}

#[test]
fn a_role_of_datadog_that_is_not_understood_lets_the_user_read_only() {
    let not_understood = "the access role is not understood, so the role is read";
    let contradiction = "access_role says that a user is an administrator, and is_admin says no: the role is standard";
    let no_switch = "is_admin is neither true nor false, and is left out";
    for (fields, role, remarks) in [
        (r#""access_role":"ERROR","is_admin":true"#, Some(Role::Read), &[not_understood][..]),
        (r#""access_role":"ERROR","is_admin":false"#, Some(Role::Read), &[not_understood]),
        (r#""access_role":"ADM","is_admin":true"#, Some(Role::Read), &[not_understood]),
        (r#""access_role":["adm"],"is_admin":true"#, Some(Role::Read), &[not_understood]),
        (r#""access_role":"""#, Some(Role::Read), &[not_understood]),
        (r#""access_role":null"#, Some(Role::Read), &[not_understood]),
        (r#""access_role":null,"is_admin":false"#, Some(Role::Read), &[not_understood]),
        (r#""access_role":null,"is_admin":"yes""#, Some(Role::Read), &[no_switch, not_understood]),
        (r#""is_admin":1"#, Some(Role::Read), &[no_switch, not_understood]),
        (r#""access_role":null,"is_admin":true"#, Some(Role::Admin), &[]),
        (r#""is_admin":true"#, Some(Role::Admin), &[]),
        (r#""is_admin":false"#, None, &[]),
        (r#""access_role":"adm","is_admin":false"#, Some(Role::Standard), &[contradiction]),
        (r#""access_role":"adm","is_admin":null"#, Some(Role::Admin), &[]),
        (r#""access_role":"ro","is_admin":true"#, Some(Role::Read), &[]),
    ] {
        let body = format!(r#"{{"users":[{{"handle":"a",{fields}}}]}}"#);
        let server = Server::start(move |_, out| answer(out, "200 OK", "", &body));
        let rows = all(ask_datadog(&server.source()));
        assert_eq!(records(&rows), [Ok(Record::User(UserRecord { role, ..user("a") }))], "{fields}");
        assert_eq!(texts(&rows[0]), remarks, "{fields}");
    }
}

#[test]
fn a_value_of_datadog_that_is_not_understood_costs_the_value() {
    let odd = "the value of \"disabled\" is not understood, so the account is disabled";
    for (fields, disabled, remarks) in [
        (r#""disabled":"maybe""#, Some(true), &[odd][..]),
        (r#""disabled":"""#, Some(true), &[odd]),
        (r#""disabled":[]"#, Some(true), &[odd]),
        (r#""disabled":"true""#, Some(true), &[]),
        (r#""disabled":"false""#, Some(false), &[]),
        (r#""disabled":0"#, Some(false), &[]),
        (r#""disabled":null"#, None, &[]),
        (r#""disabled":false,"suspended":true"#, Some(true), &[]),
        (r#""email":1"#, None, &["email is not a text, and is left out"]),
        (r#""verified":"yes""#, None, &["verified is neither true nor false, and is left out"]),
    ] {
        let body = format!(r#"{{"users":[{{"handle":"a",{fields}}}]}}"#);
        let server = Server::start(move |_, out| answer(out, "200 OK", "", &body));
        let rows = all(ask_datadog(&server.source()));
        assert_eq!(records(&rows), [Ok(Record::User(UserRecord { disabled, ..user("a") }))], "{fields}");
        assert_eq!(texts(&rows[0]), remarks, "{fields}");
    }
}

#[test]
fn an_entry_that_is_no_user_is_refused_and_the_next_one_is_read() {
    let body = r#"{"users":[1,null,"a",[],{"name":"x"},{"handle":" "},{"handle":1},{"handle":"a"},
        {"handle" "b"},{"handle":"c"}]}"#;
    let server = Server::start(move |_, out| answer(out, "200 OK", "", body));
    let no_object = || Err("the entry is not a JSON object");
    assert_eq!(
        records(&all(ask_datadog(&server.source()))),
        [
            no_object(),
            no_object(),
            no_object(),
            no_object(),
            Err("handle is missing"),
            Err("handle is missing"),
            Err("handle is not a text"),
            Ok(Record::User(user("a"))),
            no_object(),
            Ok(Record::User(user("c"))),
        ]
    );
}

#[test]
fn a_list_that_breaks_off_is_not_taken_for_the_whole() {
    let whole = r#"{"users":[{"handle":"ada"},{"handle":"bob"}]}"#;
    let not_complete = |url: &str, why: &str| format!("the list ends after 2 users, and is not complete: {url} {why}");
    for cut in [1, 2] {
        // As the end of the document.
        let body = &whole[..whole.len() - cut];
        let server = Server::start(move |_, out| answer(out, "200 OK", "", body));
        let rows: Vec<_> = ask_datadog(&server.source()).unwrap().collect();
        assert_eq!(rows.len(), 3);
        let what = "answers a body that ends too early: is this the base URL?";
        assert_eq!(format!("{:#}", rows[2].as_ref().unwrap_err()), not_complete(&server.url, what));
        // As the end of the connection.
        let server = Server::start(move |_, out| {
            let _ = write!(out, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", whole.len());
        });
        let rows: Vec<_> = ask_datadog(&server.source()).unwrap().collect();
        assert_eq!(rows.len(), 3);
        let what = "closes the connection too early";
        assert_eq!(format!("{:#}", rows[2].as_ref().unwrap_err()), not_complete(&server.url, what));
    }
    for (rest, what) in [
        ("]} x", "a body that is not JSON"),
        (",]}", "a body that is not JSON"),
        ("{}]}", "a body that is not JSON"),
        (":1]}", "a body that is not JSON"),
    ] {
        let body = whole.replace("]}", rest);
        let server = Server::start(move |_, out| answer(out, "200 OK", "", &body));
        let rows: Vec<_> = ask_datadog(&server.source()).unwrap().collect();
        let expected = not_complete(&server.url, &format!("answers {what}: is this the base URL?"));
        assert_eq!(format!("{:#}", rows.last().unwrap().as_ref().unwrap_err()), expected, "{rest}");
    }
    let long = format!(r#"{{"users":[{{"handle":"ada"}},{{"handle":"bob"}},{{"x":"{}"}}]}}"#, "x".repeat(17 << 20));
    let server = Server::start(move |_, out| answer(out, "200 OK", "", &long));
    let rows: Vec<_> = ask_datadog(&server.source()).unwrap().collect();
    let expected = not_complete(&server.url, "answers an entry of more than 16 MiB: is this the base URL?");
    assert_eq!(format!("{:#}", rows[2].as_ref().unwrap_err()), expected);
}

#[test]
fn a_list_is_read_as_it_comes() {
    let (go_on, waiting) = channel();
    let waiting: Mutex<Receiver<()>> = Mutex::new(waiting);
    let server = Server::start(move |_, out| {
        let _ = out.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"users\":[{\"handle\":\"ada\"},");
        let _ = out.flush();
        // Until the first user has arrived.
        waiting.lock().unwrap().recv().unwrap();
        let _ = out.write_all(b"{\"handle\":\"bob\"}]}");
    });
    let mut rows = ask_datadog(&server.source()).unwrap();
    assert_eq!(rows.next().unwrap().unwrap().record, Ok(Some(Record::User(user("ada")))));
    go_on.send(()).unwrap();
    assert_eq!(rows.next().unwrap().unwrap().record, Ok(Some(Record::User(user("bob")))));
    assert!(rows.next().is_none());
}
