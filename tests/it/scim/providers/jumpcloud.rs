//! JumpCloud: its test of the connection makes a user and a group and takes them away again.

use crate::support::scim_provider::{GROUP, Provider, Row, USER, list, patch};
use serde_json::{Value, json};

const HEADERS: [(&str, &str); 2] = [("Accept", "application/scim+json"), ("Content-Type", "application/scim+json")];

fn test_user() -> Value {
    json!({
        "schemas": [USER],
        "userName": "jumpcloud-test@example.com",
        "name": {"givenName": "Test", "familyName": "User"},
        "displayName": "Test User",
        "emails": [{"value": "jumpcloud-test@example.com", "type": "work", "primary": true}],
        "active": true,
    })
}

#[test]
fn jumpcloud_tests_the_connection() {
    let jumpcloud = Provider::new(&HEADERS);
    let mut inactive = test_user();
    inactive["active"] = json!(false);
    let group = json!({"schemas": [GROUP], "displayName": "jumpcloud test", "members": []});
    let add = patch(json!([{"op": "add", "path": "members", "value": [{"value": "<user>"}]}]));
    let remove = patch(json!([{"op": "remove", "path": "members", "value": [{"value": "<user>"}]}]));
    let search = "/Users?filter=userName eq \"jumpcloud-test@example.com\"";
    let rows: [Row<'_>; 13] = [
        ("", "GET", search, Value::Null, 200, list(0, json!([]))),
        ("user", "POST", "/Users", test_user(), 201, json!({"active": true})),
        ("", "GET", search, Value::Null, 200, list(1, json!([{"id": "<user>"}]))),
        ("group", "POST", "/Groups", group, 201, json!({"displayName": "jumpcloud test"})),
        ("", "PATCH", "/Groups/<group>", add, 204, Value::Null),
        ("", "GET", "/Groups/<group>", Value::Null, 200, json!({"members": [{"value": "<user>"}]})),
        ("", "PATCH", "/Groups/<group>", remove, 204, Value::Null),
        ("", "GET", "/Groups/<group>", Value::Null, 200, json!({"members": null})),
        ("", "DELETE", "/Groups/<group>", Value::Null, 204, Value::Null),
        ("", "PUT", "/Users/<user>", inactive, 200, json!({"active": false})),
        ("", "GET", "/api/v1/user/jumpcloud-test@example.com", Value::Null, 200, json!({"user": {"disabled": true}})),
        ("", "DELETE", "/Users/<user>", Value::Null, 204, Value::Null),
        ("", "GET", "/api/v1/user/jumpcloud-test@example.com", Value::Null, 404, Value::Null),
    ];
    jumpcloud.check(&rows);
}
