//! The Datadog dialect: tables of calls and their whole answers.

use crate::support::cli::{create_key, run, run_with_input};
use crate::support::client::{Answer, Connection};
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use md5::{Digest, Md5};
use serde_json::{Value, json};
use std::sync::Arc;

/// Method, path, body (empty: none is sent), status, whole answer.
/// In a text of the expected answer `…` stands for anything.
type Row<'a> = (&'a str, &'a str, &'a str, u16, Value);

type Headers<'a> = &'a [(&'a str, &'a str)];

const NEW: &str = "POST";
const USERS: &str = "/api/v1/user";
const ADA: &str = "/api/v1/user/ada@example.com";

/// The address that Gravatar gives the picture of that e-mail.
fn icon(email: &str) -> String {
    let digest: String = Md5::digest(email).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("https://secure.gravatar.com/avatar/{digest}?s=48&d=retro")
}

/// The ten keys of a user that differs from a plain new one in these values.
fn user(handle: &str, differing: Value) -> Value {
    let mut user = json!({
        "handle": handle, "email": handle, "name": null, "access_role": "st", "disabled": false,
        "verified": false, "title": null, "role": null,
    });
    for (key, value) in differing.as_object().expect("an object") {
        user[key] = value.clone();
    }
    user["is_admin"] = json!(user["access_role"] == "adm");
    user["icon"] = json!(icon(user["email"].as_str().unwrap_or_default()));
    user
}

/// The answer of a create or an update.
fn saved(handle: &str, differing: Value) -> Value {
    json!({"user": user(handle, differing)})
}

/// The answer to a GET of one user.
fn shown(handle: &str, differing: Value) -> Value {
    let mut user = user(handle, differing);
    user["roles"] = json!([]);
    json!({"user": user})
}

fn errors(text: &str) -> Value {
    json!({"errors": [text]})
}

fn forbidden() -> Value {
    json!({"status": "error", "code": 403, "errors": ["Forbidden"]})
}

/// Whether the text has the pattern's pieces in that order, `…` being anything.
fn text_matches(pattern: &str, text: &str) -> bool {
    let pieces: Vec<&str> = pattern.split('…').collect();
    let [first, middle @ .., last] = pieces.as_slice() else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    for piece in middle {
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn matches(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::String(pattern), Value::String(text)) => text_matches(pattern, text),
        (Value::Array(expected), Value::Array(actual)) => {
            expected.len() == actual.len() && expected.iter().zip(actual).all(|(e, a)| matches(e, a))
        }
        (Value::Object(expected), Value::Object(actual)) => {
            expected.len() == actual.len()
                && expected.iter().all(|(key, value)| actual.get(key).is_some_and(|a| matches(value, a)))
        }
        _ => expected == actual,
    }
}

fn assert_answer(call: &str, answer: &Answer, status: u16, expected: &Value) {
    let call: String = call.chars().take(300).collect();
    assert_eq!(answer.status, status, "{call}\nanswered {}", answer.text());
    let content_type = answer.header("Content-Type").unwrap_or_default();
    assert!(content_type.starts_with("application/json"), "{call}\nis labelled {content_type:?}");
    let actual = answer.json();
    assert!(matches(expected, &actual), "{call}\nanswered {actual}\nexpected {expected}");
}

fn check(server: &Server, rows: &[Row<'_>]) {
    for (method, path, body, status, expected) in rows {
        let answer = server.datadog(method, path, (!body.is_empty()).then_some(*body));
        assert_answer(&format!("{method} {path} {body}"), &answer, *status, expected);
    }
}

/// Like `check`; besides, after each call every user is as before and the next request is served.
fn check_refused(server: &Server, rows: &[Row<'_>]) {
    let before = list(server);
    for row in rows {
        check(server, std::slice::from_ref(row));
        let body: String = row.2.chars().take(300).collect();
        assert_eq!(list(server), before, "after {} {} {body}", row.0, row.1);
    }
}

fn list(server: &Server) -> Value {
    let answer = server.datadog("GET", USERS, None);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn handles(list: &Value) -> Vec<&str> {
    list["users"].as_array().expect("users").iter().map(|user| user["handle"].as_str().expect("a handle")).collect()
}

fn create(server: &Server, body: Value) {
    let answer = server.datadog(NEW, USERS, Some(&body.to_string()));
    assert_eq!(answer.status, 200, "{}", answer.text());
}

fn nuxeo(server: &Server, method: &str, path: &str, body: Value) {
    let answer = server.nuxeo(method, path, Some(&body.to_string()));
    assert!(answer.status < 300, "{method} {path}: {}", answer.text());
}

// The five operations, and the two calls beside them

#[test]
fn the_five_operations_answer_with_the_whole_user() {
    let server = Server::start();
    let ada = json!({"name": "Ada Lovelace", "access_role": "ro"});
    let renamed = json!({"name": "Ada King", "access_role": "ro"});
    let gone = json!({"name": "Ada King", "access_role": "ro", "disabled": true});
    check(
        &server,
        &[
            (
                NEW,
                USERS,
                r#"{"handle":"ada@example.com","name":"Ada Lovelace","access_role":"ro"}"#,
                200,
                saved("ada@example.com", ada.clone()),
            ),
            ("GET", ADA, "", 200, shown("ada@example.com", ada)),
            ("PUT", ADA, r#"{"name":"Ada King"}"#, 200, saved("ada@example.com", renamed.clone())),
            ("GET", ADA, "", 200, shown("ada@example.com", renamed)),
            ("DELETE", ADA, "", 200, json!({"message": "User ada@example.com disabled"})),
            ("GET", ADA, "", 200, shown("ada@example.com", gone.clone())),
            ("DELETE", ADA, "", 400, errors("User is already disabled")),
            (
                "PUT",
                ADA,
                r#"{"disabled":false}"#,
                200,
                saved("ada@example.com", json!({"name": "Ada King", "access_role": "ro"})),
            ),
            ("DELETE", ADA, "", 200, json!({"message": "User ada@example.com disabled"})),
        ],
    );
    assert_eq!(list(&server)["users"][0], user("ada@example.com", gone));
}

#[test]
fn a_new_database_lists_the_administrator_alone() {
    let server = Server::start();
    let listed = list(&server);
    let email = &listed["users"][0]["email"];
    let administrator = json!({"access_role": "adm", "name": "Administrator", "email": email});
    assert_eq!(listed, json!({"users": [user("administrator", administrator)]}));
}

#[test]
fn the_list_is_everybody_in_the_order_of_handles() {
    let server = Server::start();
    for handle in ["zoe@example.com", "bob@example.com", "Ada@example.com", "bob+x@example.com"] {
        create(&server, json!({"handle": handle}));
    }
    create(&server, json!({"handle": "carl@example.com", "disabled": true}));
    let listed = list(&server);
    let mut sorted = handles(&listed);
    sorted.sort_unstable();
    assert_eq!(handles(&listed), sorted);
    let everybody = json!([
        user("ada@example.com", json!({})),
        listed["users"][1],
        user("bob+x@example.com", json!({})),
        user("bob@example.com", json!({})),
        user("carl@example.com", json!({"disabled": true})),
        user("zoe@example.com", json!({})),
    ]);
    assert_eq!(listed["users"], everybody);
}

#[test]
fn the_list_is_never_cut_into_pages_unless_asked() {
    let server = Server::start();
    let mut connection = Connection::open(server.address);
    for number in 0..300 {
        let body = format!(r#"{{"handle":"user{number:03}@example.com"}}"#);
        let keys = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)];
        connection.send(NEW, USERS, &keys, Some(body.as_bytes()));
        assert_eq!(connection.answer(false).status, 200);
    }
    assert_eq!(handles(&list(&server)).len(), 301);
}

#[test]
fn the_list_marks_any_number_of_administrators() {
    let folder = Arc::new(Folder::new());
    // More than the server remembers.
    let line =
        |number: u32, group: &str| format!(r#"{{"kind":"user","name":"{group}{number:04}","groups":["{group}"]}}"#);
    let lines: Vec<String> =
        (0..1100).flat_map(|number| [line(number, "administrators"), line(number, "members")]).collect();
    let output = run_with_input(&folder, &["import", "-", "--format", "jsonl"], &lines.join("\n"));
    assert!(output.status.success(), "{output:?}");
    let server = Server::over(folder, &[]);
    let users = list(&server);
    assert_eq!(users["users"].as_array().unwrap().len(), 2201);
    for user in users["users"].as_array().unwrap() {
        let handle = user["handle"].as_str().unwrap();
        assert_eq!(user["is_admin"], handle.starts_with("administrator"), "{handle}");
    }
}

#[test]
fn validate_needs_the_api_key_alone() {
    let server = Server::start();
    let by_query = format!("/api/v1/validate?api_key={API_KEY}");
    let wrong_by_query = format!("/api/v1/validate?api_key={APP_KEY}");
    let valid = json!({"valid": true});
    let rows: &[(&str, Headers<'_>, u16, &Value)] = &[
        ("/api/v1/validate", &[("DD-API-KEY", API_KEY)], 200, &valid),
        ("/api/v1/validate", &[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)], 200, &valid),
        ("/api/v1/validate", &[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", "wrong")], 200, &valid),
        (&by_query, &[], 200, &valid),
        (&wrong_by_query, &[], 403, &forbidden()),
        ("/api/v1/validate", &[("DD-API-KEY", "wrong")], 403, &forbidden()),
        ("/api/v1/validate", &[("DD-API-KEY", APP_KEY)], 403, &forbidden()),
        ("/api/v1/validate", &[], 403, &errors("API key required")),
        ("/api/v1/validate", &[("DD-APPLICATION-KEY", APP_KEY)], 403, &errors("API key required")),
    ];
    for (path, headers, status, expected) in rows {
        let answer = server.request("GET", path, headers, None);
        assert_answer(&format!("GET {path} {headers:?}"), &answer, *status, expected);
    }
}

#[test]
fn invited_addresses_become_users_and_come_back_as_they_were_sent() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com", "name": "Ada", "access_role": "ro"}));
    check(
        &server,
        &[
            (
                NEW,
                "/api/v1/invite_users",
                r#"{"emails":["Bob@Example.com","ada@example.com"]}"#,
                200,
                json!({"emails": ["Bob@Example.com", "ada@example.com"]}),
            ),
            ("GET", "/api/v1/user/bob@example.com", "", 200, shown("bob@example.com", json!({}))),
            // An invitation changes nobody who is there.
            ("GET", ADA, "", 200, shown("ada@example.com", json!({"name": "Ada", "access_role": "ro"}))),
            (NEW, "/invite_users", r#"{"emails":["carl@example.com"]}"#, 200, json!({"emails": ["carl@example.com"]})),
            ("GET", "/api/v1/user/carl@example.com", "", 200, shown("carl@example.com", json!({}))),
            (NEW, "/invite_users", r#"{"emails":[]}"#, 200, json!({"emails": []})),
        ],
    );
    let before = list(&server);
    let nobody = || json!({"emails": []});
    check(
        &server,
        &[
            (NEW, "/api/v1/invite_users", "{}", 200, nobody()),
            (NEW, "/invite_users", "{}", 200, nobody()),
            (NEW, "/api/v1/invite_users", r#"{"emails":null}"#, 200, nobody()),
            (NEW, "/api/v1/invite_users", r#"{"other":["dan@example.com"]}"#, 200, nobody()),
            (NEW, "/api/v1/invite_users", "", 200, nobody()),
        ],
    );
    assert_eq!(list(&server), before);
    check_refused(
        &server,
        &[
            (
                NEW,
                "/api/v1/invite_users",
                r#"{"emails":"dan@example.com"}"#,
                400,
                errors("Format of 'emails' should be list of emails"),
            ),
            (
                NEW,
                "/api/v1/invite_users",
                r#"{"emails":["dan@example.com",""]}"#,
                400,
                errors("Format of 'emails' should be list of emails"),
            ),
            (
                NEW,
                "/api/v1/invite_users",
                r#"{"emails":[7]}"#,
                400,
                errors("Format of 'emails' should be list of emails"),
            ),
            (
                NEW,
                "/api/v1/invite_users",
                r#"{"emails":["dan@example.com\n"]}"#,
                400,
                errors("Format of 'emails' should be list of emails"),
            ),
            // All or nobody: the good address is not taken either.
            (
                NEW,
                "/api/v1/invite_users",
                r#"{"emails":["dan@example.com","nobody"]}"#,
                400,
                errors("Format of 'emails' should be list of emails"),
            ),
            (NEW, "/api/v1/invite_users", "{", 400, errors("Request body is not valid JSON: …")),
        ],
    );
}

// Checks and their order

#[test]
fn checks_run_in_the_order_keys_handle_body_state() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com"}));
    create(&server, json!({"handle": "old@example.com", "disabled": true}));
    let nobody = "/api/v1/user/nobody@example.com";
    let bad_email = r#"{"email":"bad"}"#;
    let rows: &[(&str, &str, &str)] = &[
        (NEW, USERS, "{}"),
        (NEW, USERS, "{"),
        (NEW, USERS, r#"{"handle":"ada@example.com"}"#),
        ("PUT", nobody, bad_email),
        ("PUT", ADA, bad_email),
        ("PUT", ADA, "{"),
        ("GET", nobody, ""),
        ("GET", ADA, ""),
        ("GET", USERS, ""),
        ("DELETE", nobody, ""),
        ("DELETE", "/api/v1/user/old@example.com", ""),
        (NEW, "/api/v1/invite_users", "{}"),
    ];
    let before = list(&server);
    for (method, path, body) in rows {
        let body = (!body.is_empty()).then_some(*body);
        let answer = server.datadog_as("0000000000000000000000000000000000000000", method, path, body);
        assert_answer(&format!("{method} {path} with a wrong key"), &answer, 403, &forbidden());
    }
    assert_eq!(list(&server), before);
    let not_found = || errors("user not found");
    check_refused(
        &server,
        &[
            ("GET", nobody, "", 404, not_found()),
            ("PUT", nobody, bad_email, 404, not_found()),
            ("PUT", nobody, "{", 404, not_found()),
            ("PUT", nobody, "{}", 404, not_found()),
            ("PUT", nobody, r#"{"disabled":false}"#, 404, not_found()),
            ("DELETE", nobody, "", 404, not_found()),
            ("PUT", ADA, bad_email, 400, errors("Format of 'email' should be email")),
            // The body is judged before the state: this user exists.
            (NEW, USERS, r#"{"handle":"ada@example.com","name":7}"#, 400, errors("Format of 'name' should be string")),
            (NEW, USERS, r#"{"handle":"ada@example.com"}"#, 409, errors("User with this handle already exists")),
            ("DELETE", "/api/v1/user/old@example.com", "", 400, errors("User is already disabled")),
        ],
    );
}

#[test]
fn keys_come_by_header_or_by_query_and_the_header_wins() {
    let server = Server::start();
    let none = String::new();
    let both = format!("?api_key={API_KEY}&application_key={APP_KEY}");
    let reversed = format!("?application_key={APP_KEY}&api_key={API_KEY}&x=y&&");
    let wrong = "?api_key=wrong&application_key=wrong".to_owned();
    let application = format!("?application_key={APP_KEY}");
    let api = format!("?api_key={API_KEY}");
    let escaped = format!("?api_key=%30{}&application_key=%30{}", &API_KEY[1..], &APP_KEY[1..]);
    let swapped = format!("?api_key={APP_KEY}&application_key={API_KEY}");
    let empty = "?api_key=&application_key=".to_owned();
    let (upper_api, upper_app) = (API_KEY.to_uppercase(), APP_KEY.to_uppercase());
    let good: Headers<'_> = &[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)];
    let no_api = errors("API key required");
    let no_application = errors("Application key required");
    let everybody = list(&server);
    let rows: &[(Headers<'_>, &String, u16, &Value)] = &[
        (good, &none, 200, &everybody),
        (&[("Dd-Api-Key", API_KEY), ("Dd-Application-Key", APP_KEY)], &none, 200, &everybody),
        (&[("dd-api-key", API_KEY), ("dd-application-key", APP_KEY)], &none, 200, &everybody),
        (&[], &both, 200, &everybody),
        (&[], &reversed, 200, &everybody),
        (&[], &escaped, 200, &everybody),
        (&[("DD-API-KEY", API_KEY)], &application, 200, &everybody),
        (&[("DD-APPLICATION-KEY", APP_KEY)], &api, 200, &everybody),
        (good, &wrong, 200, &everybody),
        (&[("DD-API-KEY", "wrong"), ("DD-APPLICATION-KEY", APP_KEY)], &both, 403, &forbidden()),
        (&[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", "wrong")], &both, 403, &forbidden()),
        (&[], &none, 403, &no_api),
        (&[], &application, 403, &no_api),
        (&[("DD-APPLICATION-KEY", APP_KEY)], &none, 403, &no_api),
        (&[("DD-API-KEY", ""), ("DD-APPLICATION-KEY", "")], &none, 403, &no_api),
        (&[], &empty, 403, &no_api),
        (&[("DD-API-KEY", API_KEY)], &none, 403, &no_application),
        (&[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", "")], &none, 403, &no_application),
        (&[], &api, 403, &no_application),
        (&[], &wrong, 403, &forbidden()),
        (&[], &swapped, 403, &forbidden()),
        (&[("DD-API-KEY", "wrong"), ("DD-APPLICATION-KEY", "wrong")], &none, 403, &forbidden()),
        (&[("DD-API-KEY", APP_KEY), ("DD-APPLICATION-KEY", API_KEY)], &none, 403, &forbidden()),
        (&[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", API_KEY)], &none, 403, &forbidden()),
        (&[("DD-API-KEY", APP_KEY), ("DD-APPLICATION-KEY", APP_KEY)], &none, 403, &forbidden()),
        // Keys are compared as they are: neither another case nor a part of one will do.
        (&[("DD-API-KEY", &upper_api), ("DD-APPLICATION-KEY", &upper_app)], &none, 403, &forbidden()),
        (&[("DD-API-KEY", &API_KEY[1..]), ("DD-APPLICATION-KEY", APP_KEY)], &none, 403, &forbidden()),
        (&[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", "'; drop table credentials; --")], &none, 403, &forbidden()),
        (&[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", "sch\u{f6}n")], &none, 403, &forbidden()),
    ];
    for (headers, query, status, expected) in rows {
        let answer = server.request("GET", &format!("{USERS}{query}"), headers, None);
        assert_answer(&format!("{query} {headers:?}"), &answer, *status, expected);
    }
}

#[test]
fn an_authorization_header_is_none_of_this_dialects_business() {
    let server = Server::start();
    for value in ["Bearer", "Bearer ", "", "Basic !!!", "Basic QWRtaW5pc3RyYXRvcjp3cm9uZw=="] {
        let headers = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY), ("Authorization", value)];
        let answer = server.request("GET", USERS, &headers, None);
        assert_answer(value, &answer, 200, &list(&server));
    }
    let authorization = crate::support::client::basic("Administrator", ADMIN_PASSWORD);
    let answer = server.request("GET", USERS, &[("Authorization", &authorization)], None);
    assert_answer("a password instead of keys", &answer, 403, &errors("API key required"));
}

#[test]
fn a_revoked_key_opens_nothing() {
    let folder = Arc::new(Folder::new());
    let (api, app) = (create_key(&folder, "api", None), create_key(&folder, "app", Some("admin")));
    let listed = String::from_utf8(run(&folder, &["key", "list"]).stdout).expect("text");
    let ids: Vec<&str> = listed
        .lines()
        .filter(|line| line.split_whitespace().any(|word| word == "test"))
        .map(|line| line.split_whitespace().next().expect("an identifier"))
        .collect();
    assert_eq!(ids.len(), 2, "{listed}");
    let headers = [("DD-API-KEY", api.as_str()), ("DD-APPLICATION-KEY", app.as_str())];

    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(server.request("GET", USERS, &headers, None).status, 200);
    assert!(server.stop().success());
    for id in ids {
        let output = run(&folder, &["key", "revoke", id]);
        assert!(output.status.success(), "{output:?}");
    }

    let server = Server::over(folder, &[]);
    assert_answer("both revoked", &server.request("GET", USERS, &headers, None), 403, &forbidden());
    let answer = server.request("GET", "/api/v1/validate", &headers, None);
    assert_answer("a revoked API key", &answer, 403, &forbidden());
    let headers = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", app.as_str())];
    assert_answer("a revoked application key", &server.request("GET", USERS, &headers, None), 403, &forbidden());
}

#[test]
fn the_role_of_an_application_key_decides_what_it_may_do() {
    let folder = Arc::new(Folder::new());
    let keys = ["admin", "standard", "read"].map(|role| create_key(&folder, "app", Some(role)));
    let server = Server::over(folder, &[]);
    create(&server, json!({"handle": "ada@example.com"}));
    create(&server, json!({"handle": "old@example.com", "disabled": true}));
    create(&server, json!({"handle": "boss@example.com", "access_role": "adm", "disabled": true}));
    // Method, path, body, then the status for admin, standard and read. `N` makes the handle new for each key.
    let rows: &[(&str, &str, &str, [u16; 3])] = &[
        ("GET", "/api/v1/validate", "", [200, 200, 200]),
        ("GET", USERS, "", [200, 200, 200]),
        ("GET", ADA, "", [200, 200, 200]),
        ("GET", "/api/v1/user/nobody@example.com", "", [404, 404, 404]),
        (NEW, USERS, r#"{"handle":"plainN@example.com"}"#, [200, 200, 403]),
        (NEW, USERS, r#"{"handle":"stN@example.com","access_role":"st"}"#, [200, 200, 403]),
        (NEW, USERS, r#"{"handle":"roN@example.com","access_role":"ro"}"#, [200, 200, 403]),
        (NEW, USERS, r#"{"handle":"admN@example.com","access_role":"adm"}"#, [200, 403, 403]),
        (NEW, USERS, r#"{"handle":"legacyN@example.com","is_admin":true}"#, [200, 403, 403]),
        (NEW, USERS, r#"{"handle":"ada@example.com"}"#, [409, 409, 403]),
        // What a key may not do is told before what is in the way.
        (NEW, USERS, r#"{"handle":"ada@example.com","access_role":"adm"}"#, [409, 403, 403]),
        (NEW, USERS, r#"{"handle":"ada@example.com","is_admin":true}"#, [409, 403, 403]),
        (NEW, USERS, r#"{"handle":"old@example.com","name":"Old"}"#, [200, 200, 403]),
        (NEW, USERS, r#"{"handle":"boss@example.com","name":"Boss"}"#, [200, 403, 403]),
        (NEW, USERS, r#"{"handle":"boss@example.com","access_role":"st"}"#, [200, 200, 403]),
        (NEW, USERS, "{}", [400, 400, 403]),
        (NEW, USERS, "{", [400, 400, 403]),
        (NEW, "/api/v1/invite_users", r#"{"emails":["guestN@example.com"]}"#, [200, 200, 403]),
        (NEW, "/invite_users", r#"{"emails":["visitorN@example.com"]}"#, [200, 200, 403]),
        ("PUT", ADA, r#"{"name":"Ada"}"#, [200, 403, 403]),
        ("PUT", ADA, "{}", [200, 403, 403]),
        ("PUT", ADA, r#"{"email":"ada@example.org"}"#, [200, 403, 403]),
        ("PUT", ADA, r#"{"access_role":"adm"}"#, [200, 403, 403]),
        ("PUT", ADA, r#"{"email":"bad"}"#, [400, 403, 403]),
        ("PUT", "/api/v1/user/nobody@example.com", "{}", [404, 403, 403]),
        ("DELETE", "/api/v1/user/old@example.com", "", [400, 403, 403]),
        ("DELETE", "/api/v1/user/nobody@example.com", "", [404, 403, 403]),
        ("DELETE", ADA, "", [200, 403, 403]),
    ];
    for (method, path, body, statuses) in rows {
        for (number, (key, status)) in keys.iter().zip(statuses).enumerate() {
            let body = body.replace('N', &number.to_string());
            let before = list(&server);
            let answer = server.datadog_as(key, method, path, (!body.is_empty()).then_some(&body));
            assert_eq!(answer.status, *status, "{method} {path} {body} with key {number}: {}", answer.text());
            if *status == 403 {
                assert_answer(&format!("{method} {path} {body}"), &answer, 403, &forbidden());
                assert_eq!(list(&server), before, "{method} {path} {body} changed something");
            }
        }
    }
}

#[test]
fn a_standard_key_makes_no_administrator_by_a_detour() {
    let folder = Arc::new(Folder::new());
    let key = create_key(&folder, "app", Some("standard"));
    let server = Server::over(folder, &[]);
    // These names wait in the list of the group until somebody has them.
    nuxeo(
        &server,
        "PUT",
        "/group/administrators",
        json!({
            "entity-type": "group", "id": "administrators",
            "memberUsers": ["Administrator", "waiting@example.com", "guest@example.com"],
        }),
    );
    let before = list(&server);
    let rows = [
        (USERS, r#"{"handle":"waiting@example.com"}"#),
        ("/invite_users", r#"{"emails":["harmless@example.com","guest@example.com"]}"#),
    ];
    for (path, body) in rows {
        let answer = server.datadog_as(&key, NEW, path, Some(body));
        assert_answer(body, &answer, 403, &forbidden());
        assert_eq!(list(&server), before, "{body}");
    }
    let adm = saved("waiting@example.com", json!({"access_role": "adm"}));
    check(&server, &[(NEW, USERS, r#"{"handle":"waiting@example.com"}"#, 200, adm)]);
}

// Creating

#[test]
fn a_new_user_takes_what_the_body_gives_and_defaults_for_the_rest() {
    let server = Server::start();
    let rows: &[(&str, Value)] = &[
        (r#"{"handle":"a1@example.com"}"#, saved("a1@example.com", json!({}))),
        (
            r#"{"handle":"a2@x.io","name":null,"access_role":null,"email":null,"disabled":null,"is_admin":null}"#,
            saved("a2@x.io", json!({})),
        ),
        (
            r#"{"handle":"a3@example.com","name":"Ada \u00c5 😀","access_role":"st"}"#,
            saved("a3@example.com", json!({"name": "Ada Å 😀"})),
        ),
        (r#"{"handle":"a4@example.com","access_role":"ro"}"#, saved("a4@example.com", json!({"access_role": "ro"}))),
        (r#"{"handle":"a5@example.com","access_role":"adm"}"#, saved("a5@example.com", json!({"access_role": "adm"}))),
        (
            r#"{"handle":"a6@example.com","email":"Other@Example.ORG"}"#,
            saved("a6@example.com", json!({"email": "other@example.org"})),
        ),
        // E-mails need not be unique: the handle is the key.
        (
            r#"{"handle":"a7@example.com","email":"other@example.org"}"#,
            saved("a7@example.com", json!({"email": "other@example.org"})),
        ),
        (r#"{"handle":"a8@example.com","disabled":true}"#, saved("a8@example.com", json!({"disabled": true}))),
        (r#"{"handle":"a9@example.com","disabled":false}"#, saved("a9@example.com", json!({}))),
        (r#"{"handle":"b1@example.com","is_admin":true}"#, saved("b1@example.com", json!({"access_role": "adm"}))),
        (r#"{"handle":"b2@example.com","is_admin":false}"#, saved("b2@example.com", json!({}))),
        // The modern field wins over the old one.
        (
            r#"{"handle":"b3@example.com","is_admin":true,"access_role":"ro"}"#,
            saved("b3@example.com", json!({"access_role": "ro"})),
        ),
        (
            r#"{"handle":"b4@example.com","is_admin":false,"access_role":"adm"}"#,
            saved("b4@example.com", json!({"access_role": "adm"})),
        ),
        (
            r#"{"handle":"b5@x.io","id":7,"verified":true,"icon":"x","role":"Boss","title":[],"a":{"b":[null]}}"#,
            saved("b5@x.io", json!({})),
        ),
        (r#"{"handle":"B6@Example.COM"}"#, saved("b6@example.com", json!({}))),
        (r#"{"handle":"b7+tag.one_two-3@sub.example.co.uk"}"#, saved("b7+tag.one_two-3@sub.example.co.uk", json!({}))),
        (r#"{"handle":"o'brien%40x@example.com"}"#, saved("o'brien%40x@example.com", json!({}))),
        (r#"{"handle":"team/ann@example.com"}"#, saved("team/ann@example.com", json!({}))),
        ("\u{feff}{\"handle\":\"c2@example.com\"}", saved("c2@example.com", json!({}))),
        ("{\"handle\":\"b8@example.com\"}\n", saved("b8@example.com", json!({}))),
        (" \t\r\n { \"handle\" : \"b9@example.com\" } ", saved("b9@example.com", json!({}))),
    ];
    for (body, expected) in rows {
        check(&server, &[(NEW, USERS, body, 200, expected.clone())]);
        let handle = expected["user"]["handle"].as_str().expect("a handle");
        let listed = list(&server);
        let stored = listed["users"].as_array().expect("users").iter().find(|user| user["handle"] == handle);
        assert_eq!(stored, Some(&expected["user"]), "what was answered is what is stored: {body}");
    }
}

#[test]
fn creating_over_an_enabled_user_is_a_conflict() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com", "name": "Ada"}));
    nuxeo(
        &server,
        "POST",
        "/user",
        json!({"entity-type": "user", "properties": {"username": "Bob@example.com", "password": "secret word"}}),
    );
    assert_eq!(server.nuxeo_as(("Bob@example.com", "secret word"), "GET", "/me", None).status, 200);
    check(
        &server,
        &[("GET", "/api/v1/user/bob@example.com", "", 200, shown("bob@example.com", json!({"verified": true})))],
    );
    let conflict = || errors("User with this handle already exists");
    check_refused(
        &server,
        &[
            (NEW, USERS, r#"{"handle":"ada@example.com"}"#, 409, conflict()),
            (NEW, USERS, r#"{"handle":"ADA@EXAMPLE.COM"}"#, 409, conflict()),
            (
                NEW,
                USERS,
                r#"{"handle":"ada@example.com","name":"Other","access_role":"adm","disabled":true}"#,
                409,
                conflict(),
            ),
            (NEW, USERS, r#"{"handle":"bob@example.com"}"#, 409, conflict()),
            (NEW, "/api/v1/users", r#"{"handle":"ada@example.com"}"#, 409, conflict()),
        ],
    );
}

#[test]
fn creating_over_a_disabled_user_updates_it_and_leaves_it_disabled() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com", "name": "Ada", "access_role": "adm"}));
    let was =
        |name: &str, role: &str| saved("ada@example.com", json!({"name": name, "access_role": role, "disabled": true}));
    check(
        &server,
        &[
            ("DELETE", ADA, "", 200, json!({"message": "User ada@example.com disabled"})),
            (NEW, USERS, r#"{"handle":"ada@example.com"}"#, 200, was("Ada", "adm")),
            (NEW, USERS, r#"{"handle":"ADA@example.com","name":"Ada King"}"#, 200, was("Ada King", "adm")),
            (NEW, USERS, r#"{"handle":"ada@example.com","disabled":false}"#, 200, was("Ada King", "adm")),
            (NEW, USERS, r#"{"handle":"ada@example.com","access_role":"ro"}"#, 200, was("Ada King", "ro")),
            (NEW, USERS, r#"{"handle":"ada@example.com","access_role":null,"name":null}"#, 200, was("Ada King", "ro")),
            (NEW, USERS, r#"{"handle":"ada@example.com","email":"other@example.com"}"#, 200, was("Ada King", "ro")),
            (
                NEW,
                USERS,
                r#"{"handle":"ada@example.com","access_role":"st","name":"Countess"}"#,
                200,
                was("Countess", "st"),
            ),
            (
                "GET",
                ADA,
                "",
                200,
                shown("ada@example.com", json!({"name": "Countess", "access_role": "st", "disabled": true})),
            ),
            ("PUT", ADA, r#"{"disabled":false}"#, 200, saved("ada@example.com", json!({"name": "Countess"}))),
            (NEW, USERS, r#"{"handle":"ada@example.com"}"#, 409, errors("User with this handle already exists")),
        ],
    );
    assert_eq!(handles(&list(&server)), ["ada@example.com", "administrator"]);
}

#[test]
fn a_create_that_breaks_a_rule_says_which() {
    let server = Server::start();
    create(&server, json!({"handle": "old@example.com", "name": "Old", "disabled": true}));
    let missing = || errors("Required parameter 'handle' is missing");
    let handle = || errors("Format of 'handle' should be email");
    let email = || errors("Format of 'email' should be email");
    let role = || errors("Format of 'access_role' should be one of st, adm, ro");
    let name = || errors("Format of 'name' should be string");
    let no_control = || errors("Format of 'name' should be string without control characters");
    let boolean = |field: &str| errors(&format!("Format of '{field}' should be boolean"));
    check_refused(
        &server,
        &[
            (NEW, USERS, "{}", 400, missing()),
            (NEW, USERS, r#"{"handle":null}"#, 400, missing()),
            (NEW, USERS, r#"{"id":"ada@example.com"}"#, 400, missing()),
            (NEW, USERS, r#"{"Handle":"ada@example.com"}"#, 400, missing()),
            (NEW, USERS, r#"{"name":"Ada","access_role":"st"}"#, 400, missing()),
            (NEW, USERS, r#"{"handle":""}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"ada"}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"@example.com"}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"ada@"}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"ada@@example.com"}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"ada lovelace@example.com"}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"ada@exam ple.com"}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"ada@example.com, bob@example.com"}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"ada\u0000@example.com"}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"ada\n@example.com"}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"ada\u007f@example.com"}"#, 400, handle()),
            // Cut to size it would be another handle than the one that was asked for.
            (NEW, USERS, r#"{"handle":" ada@example.com"}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"ada@example.com "}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"ada@example.com\n"}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"\r\nada@example.com"}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"\tada@example.com"}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"ada@example.com\u00a0"}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":" old@example.com "}"#, 400, handle()),
            // No characters, and never to be.
            (NEW, USERS, r#"{"handle":"ada\ufffe@example.com"}"#, 400, errors("Format of 'handle' should be email")),
            (
                NEW,
                USERS,
                r#"{"handle":"ada\udbff\udfff@example.com"}"#,
                400,
                errors("Format of 'handle' should be email"),
            ),
            (NEW, USERS, r#"{"handle":"ada\ufdd0@example.com"}"#, 400, errors("Format of 'handle' should be email")),
            (
                NEW,
                "/invite_users",
                r#"{"emails":["ok@example.com","ada\ufffe@example.com"]}"#,
                400,
                errors("Format of 'emails' should be list of emails"),
            ),
            (NEW, USERS, r#"{"handle":7}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":true}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":["ada@example.com"]}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":{"email":"ada@example.com"}}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"ada@example.com","email":"bad"}"#, 400, email()),
            (NEW, USERS, r#"{"handle":"ada@example.com","email":7}"#, 400, email()),
            (NEW, USERS, r#"{"handle":"ada@example.com","email":["ada@example.com"]}"#, 400, email()),
            (NEW, USERS, r#"{"handle":"ada@example.com","email":" a@x.io"}"#, 400, email()),
            (NEW, USERS, r#"{"handle":"ada@example.com","email":"a@x.io\n"}"#, 400, email()),
            (NEW, USERS, r#"{"handle":"ada@example.com","access_role":"boss"}"#, 400, role()),
            (NEW, USERS, r#"{"handle":"ada@example.com","access_role":"ERROR"}"#, 400, role()),
            (NEW, USERS, r#"{"handle":"ada@example.com","access_role":"ADM"}"#, 400, role()),
            (NEW, USERS, r#"{"handle":"ada@example.com","access_role":""}"#, 400, role()),
            (NEW, USERS, r#"{"handle":"ada@example.com","access_role":1}"#, 400, role()),
            (NEW, USERS, r#"{"handle":"ada@example.com","access_role":["adm"]}"#, 400, role()),
            (NEW, USERS, r#"{"handle":"ada@example.com","name":7}"#, 400, name()),
            (NEW, USERS, r#"{"handle":"ada@example.com","name":false}"#, 400, name()),
            (NEW, USERS, r#"{"handle":"ada@example.com","name":["Ada"]}"#, 400, name()),
            (NEW, USERS, r#"{"handle":"ada@example.com","name":{}}"#, 400, name()),
            (NEW, USERS, r#"{"handle":"ada@example.com","email":" "}"#, 400, email()),
            (NEW, USERS, r#"{"handle":"ada@example.com","disabled":""}"#, 400, boolean("disabled")),
            (NEW, USERS, r#"{"handle":"ada@example.com","disabled":" true"}"#, 400, boolean("disabled")),
            (NEW, USERS, r#"{"handle":"ada@example.com","disabled":["true"]}"#, 400, boolean("disabled")),
            (NEW, USERS, r#"{"handle":"ada@example.com","disabled":1}"#, 400, boolean("disabled")),
            (NEW, USERS, r#"{"handle":"ada@example.com","is_admin":"yes"}"#, 400, boolean("is_admin")),
            (NEW, USERS, r#"{"handle":"ada@example.com","name":"A\u0000da"}"#, 400, no_control()),
            (NEW, USERS, r#"{"handle":"ada@example.com","name":"A\u0007da"}"#, 400, no_control()),
            (NEW, USERS, r#"{"handle":"old@example.com","access_role":"boss"}"#, 400, role()),
            (NEW, USERS, r#"{"handle":"old@example.com","name":7}"#, 400, name()),
        ],
    );
}

#[test]
fn long_names_fit_and_longer_ones_are_refused() {
    let server = Server::start();
    let (fits, wide) = ("n".repeat(255), "ö".repeat(255));
    check(
        &server,
        &[
            (
                NEW,
                USERS,
                &json!({"handle": "ada@example.com", "name": fits}).to_string(),
                200,
                saved("ada@example.com", json!({"name": fits})),
            ),
            ("PUT", ADA, &json!({"name": wide}).to_string(), 200, saved("ada@example.com", json!({"name": wide}))),
        ],
    );
    let long_handle = format!("{}@example.com", "x".repeat(1000));
    let rows = [
        (
            NEW,
            USERS,
            json!({"handle": "bob@example.com", "name": "n".repeat(256)}),
            "Format of 'name' should be string of at most 255 characters",
        ),
        (
            "PUT",
            ADA,
            json!({"name": "n".repeat(100_000)}),
            "Format of 'name' should be string of at most 255 characters",
        ),
        (NEW, USERS, json!({"handle": long_handle}), "Format of 'handle' should be email"),
        (NEW, USERS, json!({"handle": "bob@example.com", "email": long_handle}), "Format of 'email' should be email"),
        ("PUT", ADA, json!({"email": long_handle}), "Format of 'email' should be email"),
    ];
    for (method, path, body, text) in rows {
        check_refused(&server, &[(method, path, &body.to_string(), 400, errors(text))]);
    }
    let path = format!("/api/v1/user/{long_handle}");
    check_refused(&server, &[("GET", &path, "", 404, errors("user not found"))]);
}

// Updating and disabling

#[test]
fn an_update_changes_what_it_names_and_nothing_else() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com", "name": "Ada", "access_role": "ro"}));
    let is = |differing: Value| saved("ada@example.com", differing);
    check(
        &server,
        &[
            ("PUT", ADA, "{}", 200, is(json!({"name": "Ada", "access_role": "ro"}))),
            ("PUT", ADA, "", 200, is(json!({"name": "Ada", "access_role": "ro"}))),
            (
                "PUT",
                ADA,
                r#"{"name":null,"email":null,"disabled":null,"access_role":null,"is_admin":null,"handle":null}"#,
                200,
                is(json!({"name": "Ada", "access_role": "ro"})),
            ),
            ("PUT", ADA, r#"{"name":"Ada King"}"#, 200, is(json!({"name": "Ada King", "access_role": "ro"}))),
            ("PUT", ADA, r#"{"access_role":"st"}"#, 200, is(json!({"name": "Ada King"}))),
            ("PUT", ADA, r#"{"access_role":"adm"}"#, 200, is(json!({"name": "Ada King", "access_role": "adm"}))),
            ("PUT", ADA, r#"{"name":"Ada"}"#, 200, is(json!({"name": "Ada", "access_role": "adm"}))),
            ("PUT", ADA, r#"{"access_role":"ro"}"#, 200, is(json!({"name": "Ada", "access_role": "ro"}))),
            // An empty display name is none.
            ("PUT", ADA, r#"{"name":""}"#, 200, is(json!({"access_role": "ro"}))),
            ("PUT", ADA, r#"{"access_role":"st","name":"Ada"}"#, 200, is(json!({"name": "Ada"}))),
            // The icon follows the e-mail, the handle does not.
            (
                "PUT",
                ADA,
                r#"{"email":"Countess@Example.ORG"}"#,
                200,
                is(json!({"name": "Ada", "email": "countess@example.org"})),
            ),
            (
                "PUT",
                ADA,
                r#"{"email":"countess@example.org"}"#,
                200,
                is(json!({"name": "Ada", "email": "countess@example.org"})),
            ),
            ("PUT", ADA, r#"{"email":"ada@example.com"}"#, 200, is(json!({"name": "Ada"}))),
            // Sending the present value is always fine.
            ("PUT", ADA, r#"{"disabled":false}"#, 200, is(json!({"name": "Ada"}))),
            ("PUT", ADA, r#"{"disabled":true}"#, 200, is(json!({"name": "Ada", "disabled": true}))),
            ("PUT", ADA, r#"{"disabled":true}"#, 200, is(json!({"name": "Ada", "disabled": true}))),
            ("PUT", ADA, r#"{"name":"Ada L"}"#, 200, is(json!({"name": "Ada L", "disabled": true}))),
            ("PUT", ADA, r#"{"disabled":false,"name":"Ada"}"#, 200, is(json!({"name": "Ada"}))),
            // What cannot be written is ignored, whatever it says.
            (
                "PUT",
                ADA,
                r#"{"handle":"bob@example.com","verified":true,"icon":"x","title":"Boss","role":"Boss"}"#,
                200,
                is(json!({"name": "Ada"})),
            ),
            (
                "PUT",
                ADA,
                r#"{"handle":"not an address","roles":[{"id":1}],"a":{"b":[null]}}"#,
                200,
                is(json!({"name": "Ada"})),
            ),
        ],
    );
    assert_eq!(handles(&list(&server)), ["ada@example.com", "administrator"]);
}

#[test]
fn a_user_sent_back_as_it_came_stays_as_it_is() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com", "name": "Ada", "access_role": "adm"}));
    let before = list(&server);
    let came = server.datadog("GET", ADA, None).json();
    check(&server, &[("PUT", ADA, &came["user"].to_string(), 200, json!({"user": before["users"][0]}))]);
    assert_eq!(list(&server), before);
}

#[test]
fn the_legacy_admin_flag_counts_when_it_comes_alone() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com", "access_role": "ro"}));
    let is = |role: &str| saved("ada@example.com", json!({"access_role": role}));
    check(
        &server,
        &[
            ("PUT", ADA, r#"{"is_admin":false}"#, 200, is("ro")),
            ("PUT", ADA, r#"{"is_admin":true}"#, 200, is("adm")),
            ("PUT", ADA, r#"{"is_admin":true}"#, 200, is("adm")),
            ("PUT", ADA, r#"{"is_admin":false}"#, 200, is("st")),
            ("PUT", ADA, r#"{"is_admin":true,"access_role":"ro"}"#, 200, is("ro")),
            ("PUT", ADA, r#"{"is_admin":false,"access_role":"adm"}"#, 200, is("adm")),
            ("PUT", ADA, r#"{"is_admin":true,"access_role":null}"#, 200, is("adm")),
            ("PUT", ADA, r#"{"is_admin":false,"access_role":null}"#, 200, is("st")),
            ("PUT", ADA, r#"{"is_admin":true}"#, 200, is("adm")),
            ("PUT", ADA, r#"{"access_role":"adm","is_admin":false}"#, 200, is("adm")),
        ],
    );
}

#[test]
fn an_empty_address_counts_as_absent() {
    let server = Server::start();
    let other = || saved("ada@example.com", json!({"email": "other@example.com"}));
    check(
        &server,
        &[
            (NEW, USERS, r#"{"handle":"ada@example.com","email":""}"#, 200, saved("ada@example.com", json!({}))),
            ("PUT", ADA, r#"{"email":""}"#, 200, saved("ada@example.com", json!({}))),
            ("PUT", ADA, r#"{"email":"other@example.com"}"#, 200, other()),
            ("PUT", ADA, r#"{"email":""}"#, 200, other()),
            ("PUT", ADA, r#"{"email":null}"#, 200, other()),
        ],
    );
}

#[test]
fn the_words_for_yes_and_no_are_booleans_too() {
    let server = Server::start();
    let disabled = |is: bool| saved("ada@example.com", json!({"disabled": is}));
    let admin =
        |is: bool| saved("ada@example.com", json!({"is_admin": is, "access_role": if is { "adm" } else { "st" }}));
    check(
        &server,
        &[
            (NEW, USERS, r#"{"handle":"ada@example.com","disabled":"true"}"#, 200, disabled(true)),
            // As Python and PowerShell write them.
            ("PUT", ADA, r#"{"disabled":"False"}"#, 200, disabled(false)),
            ("PUT", ADA, r#"{"disabled":"True"}"#, 200, disabled(true)),
            ("PUT", ADA, r#"{"disabled":"false"}"#, 200, disabled(false)),
            ("PUT", ADA, r#"{"is_admin":"TRUE"}"#, 200, admin(true)),
            ("PUT", ADA, r#"{"is_admin":"FALSE"}"#, 200, admin(false)),
        ],
    );
}

#[test]
fn an_update_that_breaks_a_rule_changes_nothing() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com", "name": "Ada", "access_role": "ro"}));
    let email = || errors("Format of 'email' should be email");
    let role = || errors("Format of 'access_role' should be one of st, adm, ro");
    let name = || errors("Format of 'name' should be string");
    let no_control = || errors("Format of 'name' should be string without control characters");
    check_refused(
        &server,
        &[
            ("PUT", ADA, r#"{"email":"bad"}"#, 400, email()),
            ("PUT", ADA, r#"{"email":" "}"#, 400, email()),
            ("PUT", ADA, r#"{"email":"a@"}"#, 400, email()),
            ("PUT", ADA, r#"{"email":" a@x.io "}"#, 400, email()),
            ("PUT", ADA, r#"{"email":"a@x.io\n"}"#, 400, email()),
            ("PUT", ADA, r#"{"email":"a@x.io\r\nb@x.io"}"#, 400, email()),
            ("PUT", ADA, r#"{"email":7}"#, 400, email()),
            // The good half of a bad body is not taken either.
            ("PUT", ADA, r#"{"name":"Other","disabled":true,"email":"bad"}"#, 400, email()),
            ("PUT", ADA, r#"{"access_role":"boss"}"#, 400, role()),
            ("PUT", ADA, r#"{"access_role":"ERROR"}"#, 400, role()),
            ("PUT", ADA, r#"{"access_role":{}}"#, 400, role()),
            ("PUT", ADA, r#"{"is_admin":true,"access_role":"boss"}"#, 400, role()),
            ("PUT", ADA, r#"{"name":["Ada"]}"#, 400, name()),
            ("PUT", ADA, r#"{"name":7}"#, 400, name()),
            ("PUT", ADA, r#"{"name":"\u0000"}"#, 400, no_control()),
            ("PUT", ADA, r#"{"name":"a\u001bb"}"#, 400, no_control()),
            ("PUT", ADA, r#"{"email":"a\u0000@example.com"}"#, 400, email()),
            ("PUT", ADA, r#"{"disabled":"yes"}"#, 400, errors("Format of 'disabled' should be boolean")),
            ("PUT", ADA, r#"{"disabled":0}"#, 400, errors("Format of 'disabled' should be boolean")),
            ("PUT", ADA, r#"{"is_admin":1}"#, 400, errors("Format of 'is_admin' should be boolean")),
        ],
    );
}

#[test]
fn a_delete_needs_no_body_and_reads_none() {
    let server = Server::start();
    for body in ["", "{", "[[[", "{}", r#"{"disabled":false}"#, "\u{0}"] {
        create(&server, json!({"handle": "bob@example.com"}));
        let gone = json!({"message": "User bob@example.com disabled"});
        check(&server, &[("DELETE", "/api/v1/user/bob@example.com", body, 200, gone)]);
        // Disabled is not gone: make place for the next round.
        assert_eq!(server.nuxeo("DELETE", "/user/bob@example.com", None).status, 204);
    }
}

// Handles

#[test]
fn a_handle_is_found_in_every_spelling_and_answered_in_lower_case() {
    let server = Server::start();
    create(&server, json!({"handle": "Ada+One@Example.com"}));
    let found = || shown("ada+one@example.com", json!({}));
    let not_found = || errors("user not found");
    let no_text = || errors("The path is not percent-encoded UTF-8");
    check(
        &server,
        &[
            ("GET", "/api/v1/user/ada+one@example.com", "", 200, found()),
            ("GET", "/api/v1/user/ADA+ONE@EXAMPLE.COM", "", 200, found()),
            ("GET", "/api/v1/user/ada%2Bone%40example.com", "", 200, found()),
            ("GET", "/api/v1/user/ada%2bone%40example%2ecom", "", 200, found()),
            ("GET", "/api/v1/user/%61da+one@example.com", "", 200, found()),
            // A plus is a plus, never a space, and an escape is undone once.
            ("GET", "/api/v1/user/ada%20one@example.com", "", 404, not_found()),
            ("GET", "/api/v1/user/ada%252Bone@example.com", "", 404, not_found()),
            ("GET", "/api/v1/user/ada", "", 404, not_found()),
            ("GET", "/api/v1/user/ada+one@example.com%00", "", 404, not_found()),
            ("GET", "/api/v1/user/%FF%FE", "", 400, no_text()),
            ("GET", "/api/v1/user/%zz", "", 400, no_text()),
            ("PUT", "/api/v1/user/%", "{}", 400, no_text()),
            ("DELETE", "/api/v1/user/%4", "", 400, no_text()),
            ("GET", "/api/v1/user/'%20or%20'1'='1", "", 404, not_found()),
            (
                "PUT",
                "/api/v1/user/ADA%2BONE@example.com",
                r#"{"name":"Ada"}"#,
                200,
                saved("ada+one@example.com", json!({"name": "Ada"})),
            ),
            // The message keeps the spelling of the path, with its escapes undone.
            (
                "DELETE",
                "/api/v1/user/ADA%2BOne%40example.com",
                "",
                200,
                json!({"message": "User ADA+One@example.com disabled"}),
            ),
            ("DELETE", "/api/v1/user/ada+one@example.com", "", 400, errors("User is already disabled")),
        ],
    );
}

#[test]
fn a_user_with_any_login_can_be_read_changed_and_disabled() {
    let server = Server::start();
    for name in ["team/Ann", "Zoë Müller", "100%"] {
        nuxeo(&server, "POST", "/user", json!({"entity-type": "user", "properties": {"username": name}}));
    }
    let login = |handle: &str, differing: Value| {
        let mut document = saved(handle, differing);
        document["user"]["icon"] = json!("https://secure.gravatar.com/avatar/…?s=48&d=retro");
        document
    };
    let none = json!({"email": null});
    let named = json!({"email": null, "name": "Ann"});
    let mailed = json!({"email": "ann@example.com", "name": "Ann"});
    check(
        &server,
        &[
            ("PUT", "/api/v1/user/team%2FAnn", "{}", 200, login("team/ann", none.clone())),
            ("PUT", "/api/v1/user/zo%C3%AB%20m%C3%BCller", "{}", 200, login("zoë müller", none.clone())),
            ("PUT", "/api/v1/user/Zo%C3%8B%20M%C3%9CLLER", "{}", 200, login("zoë müller", none.clone())),
            // Some clients leave the slash as it is.
            ("PUT", "/api/v1/users/team/Ann", "{}", 200, login("team/ann", none.clone())),
            ("PUT", "/api/v1/user/100%25", "{}", 200, login("100%", none)),
            ("PUT", "/api/v1/user/team%2Fann", r#"{"name":"Ann"}"#, 200, login("team/ann", named)),
            ("PUT", "/api/v1/user/team%2Fann", r#"{"email":"ann@example.com"}"#, 200, saved("team/ann", mailed)),
            ("DELETE", "/api/v1/user/team%2FAnn", "", 200, json!({"message": "User team/Ann disabled"})),
            ("DELETE", "/api/v1/user/zo%C3%AB%20m%C3%BCller", "", 200, json!({"message": "User zoë müller disabled"})),
        ],
    );
}

#[test]
fn the_icon_is_the_md5_of_the_lower_case_email() {
    let server = Server::start();
    // Worked out elsewhere, so that the other tests' icons rest on more than the same library.
    let rows = [
        (NEW, USERS, r#"{"handle":"Ada@Example.com"}"#, "3e3417d7ef77d5932a6734b916515ed5"),
        ("PUT", ADA, r#"{"email":"Countess@example.org"}"#, "9c28b8b0310476f54516fee37ad132b8"),
    ];
    for (method, path, body, digest) in rows {
        let answer = server.datadog(method, path, Some(body));
        let expected = format!("https://secure.gravatar.com/avatar/{digest}?s=48&d=retro");
        assert_eq!(answer.json()["user"]["icon"], expected, "{body}");
    }
}

// Ways to spell a path

#[test]
fn every_spelling_of_a_path_reaches_the_same_place() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com"}));
    let everybody = list(&server);
    let ada = shown("ada@example.com", json!({}));
    let rows: &[(&str, &Value)] = &[
        ("/api/v1/user", &everybody),
        ("/api/v1/user/", &everybody),
        ("/api/v1/user?", &everybody),
        ("/api/v1/user/?", &everybody),
        ("/api/v1/user?x=1&y", &everybody),
        ("/api/v1/users", &everybody),
        ("/api/v1/users/", &everybody),
        ("/api/v1/users?", &everybody),
        ("//api/v1/user", &everybody),
        ("//api/v1/users", &everybody),
        ("///api//v1///user//", &everybody),
        ("/api/v1/user/ada@example.com", &ada),
        ("/api/v1/user/ada@example.com/", &ada),
        ("/api/v1/user/ada@example.com?", &ada),
        ("/api/v1/users/ada@example.com", &ada),
        ("/api/v1/users/ada%40example.com?x", &ada),
        ("//api/v1/user/ada@example.com", &ada),
        ("//api//v1//users//ada@example.com//", &ada),
        ("/api/v1/validate/", &json!({"valid": true})),
        ("/api/v1/validate?", &json!({"valid": true})),
        ("//api/v1/validate", &json!({"valid": true})),
    ];
    for (path, expected) in rows {
        check(&server, &[("GET", path, "", 200, (*expected).clone())]);
    }
}

#[test]
fn the_plural_paths_take_all_five_operations() {
    let server = Server::start();
    let users = "/api/v1/users";
    let ada = "/api/v1/users/ada@example.com";
    check(
        &server,
        &[
            (NEW, users, r#"{"handle":"ada@example.com"}"#, 200, saved("ada@example.com", json!({}))),
            (NEW, "//api/v1/user/", r#"{"handle":"bob@example.com"}"#, 200, saved("bob@example.com", json!({}))),
            ("GET", ada, "", 200, shown("ada@example.com", json!({}))),
            ("PUT", ada, r#"{"name":"Ada"}"#, 200, saved("ada@example.com", json!({"name": "Ada"}))),
            (
                "PUT",
                "//api/v1/users/ada@example.com/",
                r#"{"name":"A"}"#,
                200,
                saved("ada@example.com", json!({"name": "A"})),
            ),
            ("DELETE", ada, "", 200, json!({"message": "User ada@example.com disabled"})),
            ("DELETE", "//api/v1/user/bob@example.com/", "", 200, json!({"message": "User bob@example.com disabled"})),
            (NEW, "//invite_users", r#"{"emails":["carl@example.com"]}"#, 200, json!({"emails": ["carl@example.com"]})),
            (NEW, "/invite_users/?", r#"{"emails":["dan@example.com"]}"#, 200, json!({"emails": ["dan@example.com"]})),
        ],
    );
    assert_eq!(
        handles(&list(&server)),
        ["ada@example.com", "administrator", "bob@example.com", "carl@example.com", "dan@example.com"]
    );
}

#[test]
fn unknown_paths_and_methods_are_told_in_the_same_form() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com"}));
    let nothing = || errors("Not found");
    let method = || errors("Method not allowed");
    check_refused(
        &server,
        &[
            ("GET", "/api/v1/nothing", "", 404, nothing()),
            ("GET", "/api/v1", "", 404, nothing()),
            ("GET", "/api/v1/", "", 404, nothing()),
            ("GET", "/api/v3/users", "", 404, nothing()),
            ("GET", "/api", "", 404, nothing()),
            ("POST", "/api/v1/userss", "{}", 404, nothing()),
            ("GET", "/API/V1/USER", "", 404, nothing()),
            ("PUT", USERS, "{}", 405, method()),
            ("DELETE", USERS, "", 405, method()),
            ("PATCH", USERS, "{}", 405, method()),
            ("POST", ADA, "{}", 405, method()),
            ("PATCH", ADA, "{}", 405, method()),
            ("POST", "/api/v1/validate", "{}", 405, method()),
            ("GET", "/api/v1/invite_users", "", 405, method()),
            ("GET", "/invite_users", "", 405, method()),
            ("OPTIONS", USERS, "", 405, method()),
            ("TRACE", USERS, "", 405, method()),
            ("BREW", USERS, "", 405, method()),
        ],
    );
}

#[test]
fn later_versions_of_the_api_are_not_found_and_the_answer_names_what_there_is() {
    let served = |prefix: &str| {
        errors(&format!(
            "Not found: of this API only version 1 is served here: {prefix}/api/v1/user, {prefix}/api/v1/validate and \
             {prefix}/api/v1/invite_users"
        ))
    };
    for (flags, prefix) in [(&[][..], ""), (&["--datadog-prefix", "/dog"], "/dog")] {
        let server = Server::with(flags);
        let served = served(prefix);
        for path in [
            "/api/v2/users",
            "/api/v2/users/",
            "/api/v2/users/00000000-0000-0000-0000-000000000000",
            "/api/v2/users/ada%40example.com/orgs",
            "/api/v2/roles",
            "/api/v2/roles/1/users",
            "/api/v2/user_invitations",
            "/api/v2/user_invitations/1?page[size]=10",
        ] {
            let path = format!("{prefix}{path}");
            for method in ["GET", "POST", "PATCH", "DELETE"] {
                let keys = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)];
                for headers in [&keys[..], &[]] {
                    let answer = server.request(method, &path, headers, Some(b"{}"));
                    assert_answer(&format!("{method} {path}"), &answer, 404, &served);
                }
            }
        }
    }
}

#[test]
fn a_wrong_method_is_told_to_those_with_keys() {
    let server = Server::start();
    let (no_key, no_application) = (errors("API key required"), errors("Application key required"));
    let rows: &[(Headers<'_>, u16, &Value)] = &[
        (&[], 403, &no_key),
        (&[("DD-API-KEY", API_KEY)], 403, &no_application),
        (&[("DD-API-KEY", "wrong"), ("DD-APPLICATION-KEY", APP_KEY)], 403, &forbidden()),
        (&[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", "wrong")], 403, &forbidden()),
        (&[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)], 405, &errors("Method not allowed")),
    ];
    for (method, path) in [("PATCH", USERS), ("PATCH", ADA), ("DELETE", "/api/v1/users"), ("GET", "/invite_users")] {
        for (headers, status, expected) in rows {
            let answer = server.request(method, path, headers, Some(b"{}"));
            assert_answer(&format!("{method} {path} {headers:?}"), &answer, *status, expected);
            assert_eq!(answer.header("Allow").is_some(), *status == 405, "{method} {path} {headers:?}");
        }
    }
}

#[test]
fn status_lines_carry_the_usual_phrases() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com"}));
    // Some clients search their error text, made of the status line, for these words.
    let rows = [
        ("GET", ADA, "", 200, "OK"),
        ("POST", USERS, "{}", 400, "Bad Request"),
        ("GET", "/api/v1/user/nobody@example.com", "", 404, "Not Found"),
        ("POST", USERS, r#"{"handle":"ada@example.com"}"#, 409, "Conflict"),
    ];
    for (method, path, body, status, reason) in rows {
        let answer = server.datadog(method, path, (!body.is_empty()).then_some(body));
        assert_eq!((answer.status, answer.reason.as_str()), (status, reason));
    }
    let answer = server.datadog_as("wrong", "GET", USERS, None);
    assert_eq!((answer.status, answer.reason.as_str()), (403, "Forbidden"));
}

#[test]
fn answers_come_uncompressed_and_without_limits_or_redirects() {
    let server = Server::start();
    let headers = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY), ("Accept-Encoding", "gzip, deflate, br")];
    let answer = server.request("GET", USERS, &headers, None);
    assert_eq!(answer.parts(), (200, list(&server)));
    for name in ["Content-Encoding", "Location", "X-RateLimit-Limit", "X-RateLimit-Reset", "X-RateLimit-Remaining"] {
        assert_eq!(answer.header(name), None, "{name}");
    }
}

// Bodies

#[test]
fn a_body_is_json_whatever_its_label_says() {
    let server = Server::start();
    let labels = [
        "application/json",
        "application/json; charset=utf-8",
        "application/x-www-form-urlencoded",
        "text/plain",
        "application/xml",
        "multipart/form-data; boundary=x",
        "nonsense",
    ];
    for (number, label) in labels.iter().enumerate() {
        let handle = format!("user{number}@example.com");
        let headers = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY), ("Content-Type", label)];
        let body = json!({"handle": handle}).to_string();
        let answer = server.request("POST", USERS, &headers, Some(body.as_bytes()));
        assert_answer(label, &answer, 200, &saved(&handle, json!({})));
    }
    let headers = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)];
    let answer = server.request("POST", USERS, &headers, Some(br#"{"handle":"unlabelled@example.com"}"#));
    assert_answer("no label", &answer, 200, &saved("unlabelled@example.com", json!({})));
}

#[test]
fn a_body_that_is_no_json_object_is_refused_and_nothing_changes() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com", "name": "Ada"}));
    let before = list(&server);
    let brackets = "[".repeat(100_000);
    let braces = r#"{"handle":"#.repeat(50_000);
    let nested = format!(r#"{{"handle":"bob@example.com","name":{brackets}"#);
    let closed = format!(r#"{{"handle":"bob@example.com","name":{brackets}{}}}"#, "]".repeat(100_000));
    let malformed: &[&[u8]] = &[
        b"{",
        b"}",
        b"nonsense",
        br#"{"handle""#,
        br#"{"handle":"#,
        br#"{"handle":"bob@example.com"#,
        br#"{"handle":"bob@example.com""#,
        br#"{"handle":"bob@example.com",}"#,
        br#"{"handle":"bob@example.com"} {"handle":"carl@example.com"}"#,
        br#"{"handle":"bob@example.com"}x"#,
        br#"{handle:"bob@example.com"}"#,
        br#"{'handle':'bob@example.com'}"#,
        br#"handle=bob@example.com"#,
        br#"{"handle":"bob@example.com","name":"\ud800"}"#,
        br#"{"handle":"bob@example.com","name":"\x41"}"#,
        b"{\"handle\":\"bob@example.com\",\"name\":\"a\nb\"}",
        b"{\"handle\":\"bob@example.com\",\"name\":\"a\0b\"}",
        b"{\"handle\":\"bob@example.com\",\"name\":\"\xff\xfe\"}",
        b"{\"handle\":\"bob\xc3@example.com\"}",
        b"\xff",
        b"\0",
        brackets.as_bytes(),
        braces.as_bytes(),
        nested.as_bytes(),
    ];
    let headers = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)];
    for (method, path) in [("POST", USERS), ("PUT", ADA)] {
        for body in malformed {
            let call = format!("{method} {}", String::from_utf8_lossy(body));
            let answer = server.request(method, path, &headers, Some(body));
            assert_answer(&call, &answer, 400, &errors("Request body is not valid JSON: …"));
            assert_eq!(list(&server), before, "{:.200}", call);
        }
        for body in ["[]", "[{}]", r#""text""#, "7", "true", "null", r#"[{"handle":"bob@example.com"}]"#] {
            check_refused(&server, &[(method, path, body, 400, errors("Request body is not a JSON object"))]);
        }
        // Well formed, but no text: which of its faults is named does not matter.
        check_refused(&server, &[(method, path, &closed, 400, errors("…"))]);
    }
    check_refused(
        &server,
        &[
            // No body is an empty object, in which the handle is missing.
            ("POST", USERS, "", 400, errors("Required parameter 'handle' is missing")),
            ("POST", USERS, " ", 400, errors("Required parameter 'handle' is missing")),
            // The handle is looked up before the body is read.
            ("PUT", "/api/v1/user/nobody@example.com", &brackets, 404, errors("user not found")),
        ],
    );
}

#[test]
fn the_connection_survives_every_refusal_of_this_dialect() {
    let server = Server::start();
    let keys = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)];
    let wrong = [("DD-API-KEY", "wrong")];
    let mut connection = Connection::open(server.address);
    let rows: &[(&str, &str, Headers<'_>, &str, u16)] = &[
        ("POST", USERS, &keys, "{}", 400),
        ("POST", USERS, &keys, "{", 400),
        ("GET", USERS, &wrong, "", 403),
        ("POST", USERS, &wrong, r#"{"handle":"ada@example.com"}"#, 403),
        ("GET", ADA, &keys, "", 404),
        ("PATCH", ADA, &keys, "{}", 405),
        ("POST", USERS, &keys, r#"{"handle":"ada@example.com"}"#, 200),
        ("POST", USERS, &keys, r#"{"handle":"ada@example.com"}"#, 409),
        ("DELETE", ADA, &keys, "", 200),
        ("DELETE", ADA, &keys, "", 400),
        ("GET", ADA, &keys, "", 200),
    ];
    for (method, path, headers, body, status) in rows {
        connection.send(method, path, headers, Some(body.as_bytes()));
        let answer = connection.answer(false);
        assert_eq!(answer.status, *status, "{method} {path} {body}: {}", answer.text());
        assert_eq!(answer.header("Connection"), None, "{method} {path} {body}");
    }
}

// Lists on request

#[test]
fn the_list_can_be_filtered_on_request() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com", "access_role": "adm"}));
    create(&server, json!({"handle": "bob@example.com"}));
    create(&server, json!({"handle": "carl@example.com", "disabled": true}));
    nuxeo(
        &server,
        "POST",
        "/user",
        json!({"entity-type": "user", "properties": {"username": "dan@example.com", "password": "secret word"}}),
    );
    assert_eq!(server.nuxeo_as(("dan@example.com", "secret word"), "GET", "/me", None).status, 200);
    // `Administrator` made a call above with its password.
    let rows: &[(&str, &[&str])] = &[
        ("?filter=enabled", &["ada@example.com", "administrator", "bob@example.com", "dan@example.com"]),
        ("?filter=disabled", &["carl@example.com"]),
        ("?filter=verified", &["administrator", "dan@example.com"]),
        ("?filter=admin", &["ada@example.com", "administrator"]),
        ("?filter=", &["ada@example.com", "administrator", "bob@example.com", "carl@example.com", "dan@example.com"]),
        ("?filter=disabled&page_size=10&page=0", &["carl@example.com"]),
    ];
    for (query, expected) in rows {
        let answer = server.datadog("GET", &format!("{USERS}{query}"), None);
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        assert_eq!(handles(&answer.json()), *expected, "{query}");
    }
}

#[test]
fn the_list_comes_in_pages_on_request() {
    let server = Server::start();
    for number in 0..4 {
        create(&server, json!({"handle": format!("user{number}@example.com")}));
    }
    let everybody = list(&server);
    let all = handles(&everybody);
    let rows: &[(&str, &[&str])] = &[
        ("?page_size=2", &all[..2]),
        ("?page_size=2&page=0", &all[..2]),
        ("?page_size=2&page=1", &all[2..4]),
        ("?page=2&page_size=2", &all[4..]),
        ("?page_size=2&page=3", &[]),
        ("?page_size=2&page=1000000", &[]),
        ("?page_size=5", &all),
        ("?page_size=1000", &all),
    ];
    for (query, expected) in rows {
        let answer = server.datadog("GET", &format!("{USERS}{query}"), None);
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        assert_eq!(handles(&answer.json()), *expected, "{query}");
    }
}

#[test]
fn a_list_that_cannot_be_is_refused() {
    let server = Server::start();
    let filter = || errors("Format of 'filter' should be one of enabled, disabled, verified, admin");
    let number = |name: &str| errors(&format!("Format of '{name}' should be number"));
    let size = || errors("Format of 'page_size' should be number from 1 to 10000");
    check_refused(
        &server,
        &[
            ("GET", "/api/v1/user?filter=everybody", "", 400, filter()),
            ("GET", "/api/v1/user?filter=ENABLED", "", 400, filter()),
            ("GET", "/api/v1/user?page_size=ten", "", 400, number("page_size")),
            ("GET", "/api/v1/user?page_size=-1", "", 400, number("page_size")),
            ("GET", "/api/v1/user?page_size=", "", 400, number("page_size")),
            ("GET", "/api/v1/user?page_size=2&page=x", "", 400, number("page")),
            ("GET", "/api/v1/user?page=99999999999999999999&page_size=2", "", 400, number("page")),
            ("GET", "/api/v1/user?page_size=0", "", 400, size()),
            ("GET", "/api/v1/user?page_size=10001", "", 400, size()),
            ("GET", "/api/v1/user?filter=%zz", "", 400, errors("The query is not percent-encoded UTF-8")),
            ("GET", "/api/v1/user?x=%ff", "", 400, errors("The query is not percent-encoded UTF-8")),
        ],
    );
}

// Administrators

#[test]
fn nobody_locks_everybody_out() {
    let server = Server::with(&["--protect", ""]);
    let administrator = "/api/v1/user/Administrator";
    let refusals: &[Row<'_>] = &[
        ("DELETE", administrator, "", 400, errors("…administrator…")),
        ("PUT", administrator, r#"{"disabled":true}"#, 400, errors("…administrator…")),
        ("PUT", administrator, r#"{"access_role":"st"}"#, 400, errors("…administrator…")),
        ("PUT", administrator, r#"{"access_role":"ro"}"#, 400, errors("…administrator…")),
        ("PUT", administrator, r#"{"is_admin":false}"#, 400, errors("…administrator…")),
        ("PUT", administrator, r#"{"name":"Root","disabled":true}"#, 400, errors("…administrator…")),
    ];
    check_refused(&server, refusals);
    // Neither an ordinary user nor a disabled administrator is somebody who could unlock the door.
    create(&server, json!({"handle": "bob@example.com"}));
    create(&server, json!({"handle": "old@example.com", "access_role": "adm", "disabled": true}));
    check_refused(&server, refusals);

    create(&server, json!({"handle": "ada@example.com", "access_role": "adm"}));
    check(&server, &[("DELETE", administrator, "", 200, json!({"message": "User Administrator disabled"}))]);
    check_refused(
        &server,
        &[
            ("DELETE", ADA, "", 400, errors("…administrator…")),
            ("PUT", ADA, r#"{"disabled":true}"#, 400, errors("…administrator…")),
            ("PUT", ADA, r#"{"access_role":"st"}"#, 400, errors("…administrator…")),
            ("PUT", ADA, r#"{"is_admin":false}"#, 400, errors("…administrator…")),
        ],
    );
    // What leaves the right alone is no reason to refuse.
    check(
        &server,
        &[
            (
                "PUT",
                ADA,
                r#"{"name":"Ada","disabled":false,"access_role":"adm","is_admin":true}"#,
                200,
                saved("ada@example.com", json!({"name": "Ada", "access_role": "adm"})),
            ),
            (
                "PUT",
                "/api/v1/user/old@example.com",
                r#"{"access_role":"st"}"#,
                200,
                saved("old@example.com", json!({"disabled": true})),
            ),
        ],
    );
}

#[test]
fn a_right_that_comes_from_a_subgroup_cannot_be_taken_by_a_role() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com", "access_role": "ro"}));
    nuxeo(
        &server,
        "POST",
        "/group",
        json!({"entity-type": "group", "groupname": "operators", "memberUsers": ["ada@example.com"]}),
    );
    nuxeo(
        &server,
        "PUT",
        "/group/administrators",
        json!({"entity-type": "group", "id": "administrators", "memberGroups": ["operators"]}),
    );
    check(&server, &[("GET", ADA, "", 200, shown("ada@example.com", json!({"access_role": "adm"})))]);
    let refusals: &[Row<'_>] = &[
        ("PUT", ADA, r#"{"access_role":"st"}"#, 400, errors("…operators…")),
        ("PUT", ADA, r#"{"access_role":"ro"}"#, 400, errors("…operators…")),
        ("PUT", ADA, r#"{"is_admin":false}"#, 400, errors("…operators…")),
        ("PUT", ADA, r#"{"name":"Other","access_role":"st"}"#, 400, errors("…operators…")),
    ];
    check_refused(&server, refusals);
    // The direct membership beside it changes nothing about that.
    check(
        &server,
        &[("PUT", ADA, r#"{"access_role":"adm"}"#, 200, saved("ada@example.com", json!({"access_role": "adm"})))],
    );
    check_refused(&server, refusals);
    check(
        &server,
        &[(
            "PUT",
            ADA,
            r#"{"name":"Ada"}"#,
            200,
            saved("ada@example.com", json!({"access_role": "adm", "name": "Ada"})),
        )],
    );

    nuxeo(
        &server,
        "PUT",
        "/group/administrators",
        json!({"entity-type": "group", "id": "administrators", "memberGroups": []}),
    );
    check(
        &server,
        &[(
            "PUT",
            ADA,
            r#"{"access_role":"ro"}"#,
            200,
            saved("ada@example.com", json!({"access_role": "ro", "name": "Ada"})),
        )],
    );
}

#[test]
fn the_administrators_group_is_where_the_admin_role_lives() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com", "access_role": "ro"}));
    check(
        &server,
        &[("PUT", ADA, r#"{"access_role":"adm"}"#, 200, saved("ada@example.com", json!({"access_role": "adm"})))],
    );
    let groups =
        |server: &Server| server.nuxeo("GET", "/user/ada@example.com", None).json()["properties"]["groups"].clone();
    assert_eq!(groups(&server), json!(["administrators"]));
    check(&server, &[("PUT", ADA, r#"{"access_role":"st"}"#, 200, saved("ada@example.com", json!({})))]);
    assert_eq!(groups(&server), json!([]));
    let answer = server.nuxeo("POST", "/user/ada@example.com/group/administrators", None);
    assert_eq!(answer.status, 201, "{}", answer.text());
    check(&server, &[("GET", ADA, "", 200, shown("ada@example.com", json!({"access_role": "adm"})))]);
}

#[test]
fn a_disabled_user_stays_in_the_list_and_cannot_log_in() {
    let server = Server::start();
    nuxeo(
        &server,
        "POST",
        "/user",
        json!({"entity-type": "user", "properties": {"username": "ada@example.com", "password": "secret word"}}),
    );
    let me = |server: &Server| server.nuxeo_as(("ada@example.com", "secret word"), "GET", "/me", None).status;
    assert_eq!(me(&server), 200);
    check(&server, &[("DELETE", ADA, "", 200, json!({"message": "User ada@example.com disabled"}))]);
    let disabled = json!({"disabled": true, "verified": true});
    check(&server, &[("GET", ADA, "", 200, shown("ada@example.com", disabled.clone()))]);
    assert_eq!(list(&server)["users"][0], user("ada@example.com", disabled));
    assert_eq!(me(&server), 401);
    check(&server, &[("PUT", ADA, r#"{"disabled":false}"#, 200, saved("ada@example.com", json!({"verified": true})))]);
    assert_eq!(me(&server), 200);
}
