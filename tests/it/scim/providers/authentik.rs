//! Authentik: it asks for the features first, sends whole users, and one operation for each member.

use crate::support::nuxeo_groups::lists;
use crate::support::scim_provider::{GROUP, Provider, Row, USER, list, patch, refusal};
use serde_json::{Value, json};

const HEADERS: [(&str, &str); 2] = [("Accept", "application/scim+json"), ("Content-Type", "application/scim+json")];

fn ada() -> Value {
    json!({
        "schemas": [USER],
        "userName": "ada",
        "externalId": "b0c5e4a6",
        "name": {"formatted": "Ada Lovelace", "familyName": "Lovelace", "givenName": "Ada"},
        "displayName": "Ada Lovelace",
        "photos": [],
        "locale": null,
        "active": true,
        "emails": [{"value": "ada@example.com", "type": "other", "primary": true}],
    })
}

/// The operation for one member.
fn member(op: &str, name: &str) -> Value {
    json!({"op": op, "path": "members", "value": [{"value": format!("<{name}>")}]})
}

#[test]
fn authentik_finds_the_features_that_it_uses() {
    let authentik = Provider::new(&HEADERS);
    // The features are there with and without a key.
    for answer in [
        authentik.call("GET", "/ServiceProviderConfig", &Value::Null),
        authentik.call_as("", "GET", "/ServiceProviderConfig", &Value::Null),
    ] {
        assert_eq!(answer.status, 200, "{}", answer.text());
        let config = answer.json();
        for feature in ["patch", "bulk", "filter"] {
            assert_eq!(config[feature]["supported"], json!(true), "{feature}");
        }
        assert!(config["bulk"]["maxOperations"].as_u64() >= Some(1000), "{config}");
        assert!(config["bulk"]["maxPayloadSize"].as_u64() >= Some(1 << 20), "{config}");
        assert!(config["filter"]["maxResults"].as_u64() >= Some(100), "{config}");
    }
}

#[test]
fn authentik_creates_and_replaces_users() {
    let authentik = Provider::new(&HEADERS);
    let mut changed = ada();
    changed["id"] = json!("<ada>");
    changed["displayName"] = json!("Augusta Ada King");
    changed["active"] = json!(false);
    let rows: [Row<'_>; 5] = [
        ("ada", "POST", "/Users", ada(), 201, json!({"photos": null, "locale": null, "externalId": "b0c5e4a6"})),
        ("", "POST", "/Users", ada(), 409, refusal(409, Some("uniqueness"))),
        ("", "GET", "/Users?filter=userName eq \"ada\"", Value::Null, 200, list(1, json!([{"id": "<ada>"}]))),
        ("", "PUT", "/Users/<ada>", changed, 200, json!({"id": "<ada>", "active": false})),
        (
            "",
            "GET",
            "/api/v1/user/ada",
            Value::Null,
            200,
            json!({"user": {"name": "Augusta Ada King", "email": "ada@example.com", "disabled": true}}),
        ),
    ];
    authentik.check(&rows);
}

#[test]
fn authentik_sends_a_whole_group_and_one_operation_for_each_member() {
    let authentik = Provider::new(&HEADERS);
    for name in ["ada", "bob", "carol"] {
        let body = json!({"schemas": [USER], "userName": name, "active": true});
        authentik.check(&[(name, "POST", "/Users", body, 201, Value::Null)]);
    }
    let group = json!({"schemas": [GROUP], "displayName": "engines", "externalId": "g-1"});
    let whole = |value: Value| patch(json!([{"op": "replace", "path": null, "value": value}]));
    let new = whole(json!({"schemas": [GROUP], "externalId": "g-1", "displayName": "steam engines"}));
    let old = whole(json!({"schemas": [GROUP], "id": "<group>", "externalId": "g-1", "displayName": "engines"}));
    let members = |names: &[&str]| {
        let members = names.iter().map(|name| json!({"value": format!("<{name}>")})).collect();
        json!({"members": Value::Array(members)})
    };
    let add = patch(json!([member("add", "ada"), member("add", "bob"), member("add", "carol")]));
    let remove = patch(json!([member("remove", "bob"), member("remove", "carol"), member("add", "carol")]));
    let rows: [Row<'_>; 9] = [
        ("group", "POST", "/Groups", group.clone(), 201, json!({"displayName": "engines"})),
        ("", "POST", "/Groups", group, 409, refusal(409, Some("uniqueness"))),
        ("", "GET", "/Groups?filter=displayName eq \"engines\"", Value::Null, 200, list(1, json!([{"id": "<group>"}]))),
        ("", "PATCH", "/Groups/<group>", add, 204, Value::Null),
        ("", "GET", "/Groups/<group>", Value::Null, 200, members(&["ada", "bob", "carol"])),
        ("", "PATCH", "/Groups/<group>", new, 204, Value::Null),
        ("", "PATCH", "/Groups/<group>", remove, 204, Value::Null),
        ("", "PATCH", "/Groups/<group>", old, 204, Value::Null),
        ("", "GET", "/Groups/<group>", Value::Null, 200, members(&["ada", "carol"])),
    ];
    authentik.check(&rows);
    let [mut users, _, _] = lists(&authentik.server, "engines");
    users.as_array_mut().expect("users").sort_by_key(Value::to_string);
    assert_eq!(users, json!(["ada", "carol"]));
}

#[test]
fn authentik_reads_pages_until_it_has_all() {
    let authentik = Provider::new(&HEADERS);
    for number in 0..7 {
        let body = json!({"schemas": [GROUP], "displayName": format!("group{number}")});
        authentik.check(&[("", "POST", "/Groups", body, 201, Value::Null)]);
    }
    let (mut seen, mut total) = (Vec::new(), usize::MAX);
    while seen.len() < total {
        let page =
            authentik.call("GET", &format!("/Groups?startIndex={}&count=4", seen.len() + 1), &Value::Null).json();
        total = page["totalResults"].as_u64().expect("a number") as usize;
        let resources = page["Resources"].as_array().expect("resources");
        assert!(!resources.is_empty(), "{page}");
        seen.extend(resources.iter().map(|group| group["displayName"].as_str().expect("a name").to_owned()));
    }
    seen.retain(|name| name.starts_with("group"));
    seen.sort();
    assert_eq!(seen, ["group0", "group1", "group2", "group3", "group4", "group5", "group6"]);
}

#[test]
fn authentik_sends_a_thousand_operations_at_once() {
    let authentik = Provider::new(&HEADERS);
    let user = json!({"schemas": [USER], "userName": "ada", "active": true});
    let operations: Vec<Value> = (0..1000).map(|n| member(if n % 2 == 0 { "add" } else { "remove" }, "ada")).collect();
    let rows: [Row<'_>; 4] = [
        ("ada", "POST", "/Users", user, 201, Value::Null),
        ("group", "POST", "/Groups", json!({"schemas": [GROUP], "displayName": "engines"}), 201, Value::Null),
        ("", "PATCH", "/Groups/<group>", patch(Value::Array(operations)), 204, Value::Null),
        ("", "GET", "/Groups/<group>", Value::Null, 200, json!({"members": null})),
    ];
    authentik.check(&rows);
}
