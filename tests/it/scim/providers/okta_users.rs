//! Users that Okta creates, changes, deactivates and reads back.

use super::okta_steps::HEADERS;
use crate::support::nuxeo::can_log_in;
use crate::support::scim_provider::{Provider, Row, USER, list, patch};
use serde_json::{Value, json};

/// A user as Okta creates it.
fn ada() -> Value {
    json!({
        "schemas": [USER],
        "userName": "ada@example.com",
        "name": {"givenName": "Ada", "familyName": "Lovelace"},
        "emails": [{"primary": true, "value": "ada@example.com", "type": "work"}],
        "displayName": "Ada Lovelace",
        "locale": "en-US",
        "externalId": "00ujl29u0le5T6Aj10h7",
        "groups": [],
        "password": "1mz050nq x",
        "active": true,
    })
}

/// The same as it is answered.
fn answered(differing: Value) -> Value {
    let mut user = ada();
    user["password"] = Value::Null;
    user["groups"] = Value::Null;
    for (key, value) in differing.as_object().expect("an object") {
        user[key] = value.clone();
    }
    user
}

const DATADOG: &str = "/api/v1/user/ada@example.com";

#[test]
fn okta_looks_for_a_user_and_then_creates_it() {
    let okta = Provider::new(&HEADERS);
    let search = "/Users?filter=userName eq \"ada@example.com\"&startIndex=1&count=100";
    let seen =
        json!({"user": {"name": "Ada Lovelace", "email": "ada@example.com", "disabled": false, "access_role": "st"}});
    let rows: [Row<'_>; 5] = [
        ("", "GET", search, Value::Null, 200, list(0, json!([]))),
        ("ada", "POST", "/Users", ada(), 201, answered(json!({"meta": {"location": "<base>/Users/…"}}))),
        ("", "GET", search, Value::Null, 200, list(1, json!([answered(json!({"id": "<ada>"}))]))),
        ("", "GET", DATADOG, Value::Null, 200, seen),
        (
            "",
            "GET",
            "/nuxeo/api/v1/user/ada@example.com",
            Value::Null,
            200,
            json!({"properties": {"firstName": "Ada", "lastName": "Lovelace", "groups": []}}),
        ),
    ];
    okta.check(&rows);
    assert!(can_log_in(&okta.server, "ada@example.com", "1mz050nq x"));
}

#[test]
fn okta_replaces_a_user_with_all_that_it_has_read() {
    let okta = Provider::new(&HEADERS);
    okta.check(&[("ada", "POST", "/Users", ada(), 201, Value::Null)]);
    let mut whole = okta.call("GET", "/Users/<ada>", &Value::Null).json();
    assert!(whole["meta"].is_object(), "{whole}");
    whole["name"] = json!({"givenName": "Augusta", "familyName": "Lovelace", "middleName": "", "honorificSuffix": ""});
    whole["title"] = json!("Countess");
    whole["groups"] = json!([{"value": "no-group", "display": "none"}]);
    let changed = json!({"id": "<ada>", "title": "Countess", "externalId": "00ujl29u0le5T6Aj10h7", "groups": null});
    let rows: [Row<'_>; 4] = [
        ("", "PUT", "/Users/<ada>", whole, 200, changed.clone()),
        ("", "GET", "/Users/<ada>", Value::Null, 200, changed),
        ("", "GET", DATADOG, Value::Null, 200, json!({"user": {"title": "Countess", "disabled": false}})),
        (
            "",
            "GET",
            "/nuxeo/api/v1/user/ada@example.com",
            Value::Null,
            200,
            json!({"properties": {"firstName": "Augusta", "title": "Countess"}}),
        ),
    ];
    okta.check(&rows);
    // The password was not in what Okta read, so it stays.
    assert!(can_log_in(&okta.server, "ada@example.com", "1mz050nq x"));
}

#[test]
fn okta_deactivates_and_reactivates_a_user_without_a_path() {
    let okta = Provider::new(&HEADERS);
    let set = |active: bool| patch(json!([{"op": "replace", "value": {"active": active}}]));
    let disabled = |is: bool| json!({"user": {"disabled": is}});
    let rows: [Row<'_>; 7] = [
        ("ada", "POST", "/Users", ada(), 201, Value::Null),
        ("", "PATCH", "/Users/<ada>", set(false), 200, answered(json!({"active": false}))),
        ("", "GET", DATADOG, Value::Null, 200, disabled(true)),
        // An inactive user stays readable and in the lists.
        ("", "GET", "/Users/<ada>", Value::Null, 200, answered(json!({"active": false}))),
        (
            "",
            "GET",
            "/Users?startIndex=1&count=100",
            Value::Null,
            200,
            list(1, json!([{"id": "<ada>", "active": false}])),
        ),
        ("", "PATCH", "/Users/<ada>", set(true), 200, answered(json!({"active": true}))),
        ("", "GET", DATADOG, Value::Null, 200, disabled(false)),
    ];
    okta.check(&rows);
    assert!(can_log_in(&okta.server, "ada@example.com", "1mz050nq x"));
}

#[test]
fn okta_deactivates_a_user_with_a_whole_document() {
    let okta = Provider::new(&HEADERS);
    let mut inactive = ada();
    inactive["active"] = json!(false);
    inactive["id"] = json!("<ada>");
    let mut without = inactive.clone();
    without.as_object_mut().expect("an object").remove("active");
    let rows: [Row<'_>; 5] = [
        ("ada", "POST", "/Users", ada(), 201, Value::Null),
        ("", "PUT", "/Users/<ada>", inactive, 200, answered(json!({"active": false}))),
        ("", "GET", DATADOG, Value::Null, 200, json!({"user": {"disabled": true}})),
        // A document that says nothing about it never enables the user again.
        ("", "PUT", "/Users/<ada>", without, 200, answered(json!({"active": false}))),
        ("", "GET", DATADOG, Value::Null, 200, json!({"user": {"disabled": true}})),
    ];
    okta.check(&rows);
}

#[test]
fn okta_pushes_a_password() {
    let okta = Provider::new(&HEADERS);
    let rows: [Row<'_>; 2] = [
        ("ada", "POST", "/Users", ada(), 201, Value::Null),
        (
            "",
            "PATCH",
            "/Users/<ada>",
            patch(json!([{"op": "replace", "value": {"password": "another 1 password"}}])),
            200,
            answered(json!({})),
        ),
    ];
    okta.check(&rows);
    assert!(can_log_in(&okta.server, "ada@example.com", "another 1 password"));
    assert!(!can_log_in(&okta.server, "ada@example.com", "1mz050nq x"));
}

#[test]
fn okta_imports_users_page_by_page() {
    let okta = Provider::new(&HEADERS);
    for number in 0..25 {
        let body = json!({"schemas": [USER], "userName": format!("user{number:02}@example.com"), "active": true});
        okta.check(&[("", "POST", "/Users", body, 201, Value::Null)]);
    }
    let mut seen = Vec::new();
    for start in [1, 11, 21] {
        let page = okta.call("GET", &format!("/Users?startIndex={start}&count=10"), &Value::Null).json();
        assert_eq!((&page["totalResults"], &page["startIndex"]), (&json!(25), &json!(start)));
        let resources = page["Resources"].as_array().expect("resources");
        assert_eq!(page["itemsPerPage"], json!(resources.len()));
        seen.extend(resources.iter().map(|user| user["userName"].as_str().expect("a name").to_owned()));
    }
    seen.sort();
    let expected: Vec<String> = (0..25).map(|number| format!("user{number:02}@example.com")).collect();
    assert_eq!(seen, expected, "each user once");
}
