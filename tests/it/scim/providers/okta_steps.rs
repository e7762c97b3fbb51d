//! The twelve steps of Okta's own test of a server.

use crate::support::scim_provider::{Provider, Row, USER, list, refusal};
use serde_json::{Value, json};

/// The headers of Okta's reads and writes.
pub const HEADERS: [(&str, &str); 5] = [
    ("Accept", "application/scim+json"),
    ("Accept-Charset", "utf-8"),
    ("User-Agent", "OKTA SCIM Integration"),
    ("Cache-Control", "no-cache"),
    ("Content-Type", "application/json"),
];

/// The user that Okta makes for its test.
fn runscope() -> Value {
    json!({
        "schemas": [USER],
        "userName": "Runscope300Abcdefghijkl@atko.example",
        "name": {"givenName": "Runscope300", "familyName": "Abcdefghijkl"},
        "emails": [{"primary": true, "value": "Runscope300Abcdefghijkl@atko.example", "type": "work"}],
        "displayName": "Runscope300 Abcdefghijkl",
        "active": true,
    })
}

/// A user as Okta expects it, with all that its test looks at.
fn complete() -> Value {
    json!({
        "schemas": [USER], "id": "…", "name": {"familyName": "…", "givenName": "…"}, "userName": "…", "active": true,
        "emails": [{"value": "…"}],
    })
}

#[test]
fn okta_finds_a_complete_user() {
    let okta = Provider::new(&HEADERS);
    let seed = json!({
        "schemas": [USER], "userName": "seed@example.com", "active": true,
        "name": {"givenName": "Seed", "familyName": "User"},
        "emails": [{"value": "seed@example.com", "type": "work", "primary": true}],
    });
    let unknown = "/Users/b6f7c0de-0000-4000-8000-000000000000";
    let rows: [Row<'_>; 7] = [
        ("seed", "POST", "/Users", seed, 201, complete()),
        ("", "GET", "/Users?count=1&startIndex=1", Value::Null, 200, list(1, json!([complete()]))),
        ("", "GET", "/Users/<seed>", Value::Null, 200, complete()),
        ("", "GET", "/Users?filter=userName eq \"unknown@example.com\"", Value::Null, 200, list(0, json!([]))),
        ("", "GET", unknown, Value::Null, 404, refusal(404, None)),
        ("", "GET", "/Users?filter=emails.value eq \"random@example.com\"", Value::Null, 200, list(0, json!([]))),
        ("", "GET", "/Users/00919288221112222", Value::Null, 404, refusal(404, None)),
    ];
    okta.check(&rows);
}

#[test]
fn okta_creates_a_user_once() {
    let okta = Provider::new(&HEADERS);
    let upper = "/Users?filter=userName eq \"RUNSCOPE300ABCDEFGHIJKL@ATKO.EXAMPLE\"";
    let found = list(1, json!([{"id": "<user>", "userName": "Runscope300Abcdefghijkl@atko.example"}]));
    let conflict = refusal(409, Some("uniqueness"));
    let rows: [Row<'_>; 6] = [
        ("user", "POST", "/Users", runscope(), 201, runscope()),
        ("", "GET", "/Users/<user>", Value::Null, 200, runscope()),
        ("", "POST", "/Users", runscope(), 409, conflict),
        ("", "GET", upper, Value::Null, 200, found),
        ("", "GET", "/Groups", Value::Null, 200, json!({"totalResults": 3, "startIndex": 1})),
        (
            "",
            "GET",
            "/nuxeo/api/v1/user/Runscope300Abcdefghijkl@atko.example",
            Value::Null,
            200,
            json!({"properties": {"firstName": "Runscope300", "lastName": "Abcdefghijkl"}}),
        ),
    ];
    okta.check(&rows);
}

#[test]
fn okta_is_told_that_its_token_is_none() {
    let okta = Provider::new(&HEADERS);
    for (authorization, path) in [("non-token", "/Users"), ("Bearer non-token", "/Groups"), ("", "/Users/x")] {
        let answer = okta.call_as(authorization, "GET", path, &Value::Null);
        assert_eq!(answer.status, 401, "{authorization}: {}", answer.text());
        let expected = refusal(401, None);
        assert!(crate::support::scim_provider::has(&answer.json(), &expected), "{}", answer.text());
        assert_eq!(answer.header("Content-Type").map(|kind| kind.starts_with("application/scim+json")), Some(true));
        assert_eq!(answer.header("WWW-Authenticate").map(|value| value.starts_with("Bearer realm=\"")), Some(true));
    }
}
