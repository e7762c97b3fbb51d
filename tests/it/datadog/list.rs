//! `GET /api/v1/user`: the list, its filters and its pages.

use super::users::handles;
use crate::support::cli::run_with_input;
use crate::support::client::Connection;
use crate::support::datadog::{NEW, USERS, check_refused, create, errors, list, nuxeo, user};
use crate::support::folder::Folder;
use crate::support::server::{API_KEY, APP_KEY, Server};
use serde_json::json;
use std::sync::Arc;

#[test]
fn a_new_database_lists_the_administrator_alone() {
    let server = Server::start();
    let listed = list(&server);
    let email = &listed["users"][0]["email"];
    let administrator = json!({"access_role": "adm", "name": "Administrator", "email": email});
    assert_eq!(listed, json!({"users": [user("administrator", administrator)]}));
}

#[test]
fn list_has_every_user_in_the_order_of_handles() {
    let server = Server::start();
    for handle in ["zoe@example.com", "bob@example.com", "Ada@example.com", "bob+x@example.com"] {
        create(&server, json!({"handle": handle}));
    }
    create(&server, json!({"handle": "carl@example.com", "disabled": true}));
    let listed = list(&server);
    let mut sorted = handles(&listed);
    sorted.sort_unstable();
    assert_eq!(handles(&listed), sorted);
    let all_users = json!([
        user("ada@example.com", json!({})),
        listed["users"][1],
        user("bob+x@example.com", json!({})),
        user("bob@example.com", json!({})),
        user("carl@example.com", json!({"disabled": true})),
        user("zoe@example.com", json!({})),
    ]);
    assert_eq!(listed["users"], all_users);
}

#[test]
fn list_has_no_pages_unless_requested() {
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
    // More entries than the server caches.
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
    let all_users = list(&server);
    let all = handles(&all_users);
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
fn list_with_invalid_parameters_is_refused() {
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
