//! Cached users and pages: each change is in the next answer, with its entity tag.

use super::{DATADOG, USER, ask_on, call, directory, group_body, properties};
use crate::support::client::{Answer, Connection};
use crate::support::server::Server;
use serde_json::{Value, json};

/// A name, and the same name with a letter of full width: a look-up by the second one never comes from the cache.
const NAMES: [(&str, &str); 3] =
    [("ada", "%EF%BD%81da"), ("ada@example.com", "%EF%BD%81da@example.com"), ("bob", "%EF%BD%82ob")];

/// Pages of users. With a parameter that no request has had, a page never comes from the cache.
const PAGES: [&str; 4] = [
    "/nuxeo/api/v1/user/search?q=*",
    "/nuxeo/api/v1/user/search?q=a&pageSize=1&currentPageIndex=1",
    "/nuxeo/api/v1/group/team/@users?q=",
    "/nuxeo/api/v1/group/team/@users?q=a",
];

/// The parts of an answer that depend on the directory.
fn parts(answer: &Answer) -> (u16, Value, Option<String>) {
    (answer.status, answer.json(), answer.header("ETag").map(str::to_owned))
}

/// Compares answers that may come from the cache with answers that cannot.
fn compare(server: &Server, round: usize, change: &str) {
    let mut connection = Connection::open(server.address);
    let mut get = |path: &str| parts(&ask_on(&mut connection, "GET", path, &[], None));
    for base in [DATADOG, USER] {
        for (name, other_spelling) in NAMES {
            let stored = get(&format!("{base}/{other_spelling}"));
            if stored.0 == 404 {
                assert_eq!(get(&format!("{base}/{name}")).0, 404, "{change}: {base}/{name}");
                continue;
            }
            // A document is cached at the second look-up, and found at the third.
            for _ in 0..3 {
                assert_eq!(get(&format!("{base}/{name}")), stored, "{change}: {base}/{name}");
            }
        }
    }
    for (number, page) in PAGES.into_iter().enumerate() {
        let stored = get(&format!("{page}&fresh={round}.{number}"));
        for _ in 0..2 {
            assert_eq!(get(page), stored, "{change}: {page}");
        }
    }
}

#[test]
fn cached_users_and_pages_show_every_change() {
    let server = directory();
    let none = || Value::Null;
    compare(&server, 0, "the beginning");
    let changes = [
        ("PUT", "/api/v1/user/ada", json!({"name": "Ada"})),
        // A change of another user.
        ("PUT", "/api/v1/user/ada@example.com", json!({"name": "Ada King"})),
        ("PUT", "/nuxeo/api/v1/user/ada", properties(json!({"firstName": "Ada", "extra": "x"}))),
        ("PUT", "/nuxeo/api/v1/user/ada", properties(json!({"password": "another"}))),
        ("POST", "/nuxeo/api/v1/user", properties(json!({"username": "bob", "groups": ["team"]}))),
        ("POST", "/nuxeo/api/v1/group/team/user/ada@example.com", none()),
        ("DELETE", "/nuxeo/api/v1/group/team/user/ada@example.com", none()),
        ("PUT", "/nuxeo/api/v1/group/team", group_body(json!({"grouplabel": "The team"}))),
        ("PUT", "/nuxeo/api/v1/group/team", group_body(json!({"memberUsers": ["bob", "ada", "pending"]}))),
        ("PUT", "/nuxeo/api/v1/group/team", group_body(json!({"memberUsers": ["ada", "bob"]}))),
        ("PUT", "/nuxeo/api/v1/group/all", group_body(json!({"parentGroups": ["administrators"]}))),
        ("PUT", "/nuxeo/api/v1/group/all", group_body(json!({"parentGroups": []}))),
        ("POST", "/nuxeo/api/v1/group", group_body(json!({"id": "crew", "memberUsers": ["ada"]}))),
        ("DELETE", "/nuxeo/api/v1/group/crew", none()),
        ("PUT", "/api/v1/user/bob", json!({"access_role": "adm"})),
        ("PUT", "/api/v1/user/bob", json!({"access_role": "ro"})),
        ("DELETE", "/api/v1/user/bob", none()),
        ("PUT", "/api/v1/user/bob", json!({"disabled": false})),
        ("DELETE", "/nuxeo/api/v1/user/bob", none()),
        ("POST", "/nuxeo/api/v1/user", properties(json!({"username": "BOB"}))),
        ("DELETE", "/nuxeo/api/v1/group/team", none()),
    ];
    for (round, (method, path, body)) in changes.iter().enumerate() {
        call(&server, method, path, body);
        // The next answer, which no other one precedes, may come from the cache.
        let change = format!("{method} {path} {body}");
        let expected = if path.contains("/nuxeo") { USER } else { DATADOG };
        let mut connection = Connection::open(server.address);
        let mut get = |name: &str| parts(&ask_on(&mut connection, "GET", &format!("{expected}/{name}"), &[], None));
        for (name, other_spelling) in NAMES {
            let cached = get(name);
            let stored = get(other_spelling);
            assert!(cached == stored || (cached.0, stored.0) == (404, 404), "{change}: {cached:?}, {stored:?}");
        }
        compare(&server, round + 1, &change);
    }
}
