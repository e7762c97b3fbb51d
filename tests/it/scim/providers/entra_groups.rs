//! Groups of Microsoft Entra, without and with its flag `aadOptscim062020`.

use super::entra_users::HEADERS;
use crate::support::nuxeo_groups::lists;
use crate::support::scim_provider::{GROUP, Provider, Row, USER, list, patch, refusal};
use serde_json::{Value, json};

const MATCHED: &str = "/Groups?excludedAttributes=members&filter=displayName eq \"Engineers\"";

/// Entra with three users and the group `Engineers`, which is empty.
fn provisioned() -> Provider {
    let entra = Provider::new(&HEADERS);
    for name in ["ada", "bob", "carol"] {
        let body = json!({"schemas": [USER], "userName": name, "active": true});
        entra.check(&[(name, "POST", "/Users", body, 201, Value::Null)]);
    }
    // Entra names a second schema of its own, which no server has.
    let body = json!({
        "schemas": [GROUP, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
        "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159",
        "displayName": "Engineers",
        "meta": {"resourceType": "Group"},
    });
    let made = json!({"schemas": [GROUP], "displayName": "Engineers", "externalId": "…", "members": null});
    let rows: [Row<'_>; 2] =
        [("", "GET", MATCHED, Value::Null, 200, list(0, json!([]))), ("group", "POST", "/Groups", body, 201, made)];
    entra.check(&rows);
    entra
}

/// Changes the group, and compares its members in this dialect and in Nuxeo's.
fn change(entra: &Provider, operations: Value, expected: &[&str]) {
    let ids: Vec<Value> = expected.iter().map(|name| json!({"value": format!("<{name}>"), "type": "User"})).collect();
    let members = if ids.is_empty() { Value::Null } else { Value::Array(ids) };
    let rows: [Row<'_>; 2] = [
        ("", "PATCH", "/Groups/<group>", patch(operations), 204, Value::Null),
        ("", "GET", "/Groups/<group>", Value::Null, 200, json!({"members": members})),
    ];
    entra.check(&rows);
    let [users, _, _] = lists(&entra.server, "Engineers");
    let mut users: Vec<&str> = users.as_array().expect("users").iter().filter_map(Value::as_str).collect();
    users.sort_unstable();
    assert_eq!(users, expected);
}

#[test]
fn entra_matches_a_group_without_its_members() {
    let entra = provisioned();
    change(&entra, json!([{"op": "Add", "path": "members", "value": [{"value": "<ada>"}]}]), &["ada"]);
    let without = json!({"id": "<group>", "displayName": "Engineers", "members": null});
    let twin = json!({"schemas": [GROUP], "displayName": "ENGINEERS"});
    let rows: [Row<'_>; 4] = [
        ("", "GET", MATCHED, Value::Null, 200, list(1, json!([without]))),
        ("", "GET", "/Groups/<group>?excludedAttributes=members", Value::Null, 200, without.clone()),
        (
            "",
            "GET",
            "/Groups?filter=displayName eq \"engineers\"",
            Value::Null,
            200,
            list(1, json!([{"id": "<group>"}])),
        ),
        ("", "POST", "/Groups", twin, 409, refusal(409, Some("uniqueness"))),
    ];
    entra.check(&rows);
}

#[test]
fn entra_adds_and_removes_members_with_their_values() {
    let entra = provisioned();
    let reference = |name: &str| json!({"$ref": null, "value": format!("<{name}>")});
    let value = |names: &[&str]| Value::Array(names.iter().map(|name| reference(name)).collect());
    let add = |names: &[&str]| json!([{"op": "Add", "path": "members", "value": value(names)}]);
    let remove = |names: &[&str]| json!([{"op": "Remove", "path": "members", "value": value(names)}]);
    change(&entra, add(&["ada"]), &["ada"]);
    change(&entra, add(&["ada", "bob", "carol"]), &["ada", "bob", "carol"]);
    change(&entra, remove(&["bob"]), &["ada", "carol"]);
    // A user who is not in the group is out of it already.
    change(&entra, remove(&["bob", "carol"]), &["ada"]);
    change(&entra, json!([{"op": "Remove", "path": "members"}]), &[]);
}

#[test]
fn entra_with_the_flag_removes_members_with_a_filter() {
    let entra = provisioned();
    let all = json!([{"value": "<ada>"}, {"value": "<bob>"}, {"value": "<carol>"}]);
    change(&entra, json!([{"op": "add", "path": "members", "value": all}]), &["ada", "bob", "carol"]);
    let remove = |name: &str| json!({"op": "remove", "path": format!("members[value eq \"<{name}>\"]")});
    change(&entra, json!([remove("bob")]), &["ada", "carol"]);
    change(&entra, json!([remove("ada"), remove("bob"), remove("carol")]), &[]);
}

#[test]
fn entra_asks_whether_a_user_is_in_a_group() {
    let entra = provisioned();
    change(&entra, json!([{"op": "Add", "path": "members", "value": [{"value": "<ada>"}]}]), &["ada"]);
    let asked = |name: &str| format!("/Groups?filter=id eq \"<group>\" and members eq \"<{name}>\"&attributes=id");
    let rows: [Row<'_>; 2] = [
        ("", "GET", &asked("ada"), Value::Null, 200, list(1, json!([{"id": "<group>"}]))),
        ("", "GET", &asked("bob"), Value::Null, 200, list(0, json!([]))),
    ];
    entra.check(&rows);
}

#[test]
fn entra_renames_and_deletes_a_group() {
    let entra = provisioned();
    let rename = json!([{"op": "Replace", "path": "displayName", "value": "The engineers"}]);
    change(&entra, rename, &[]);
    let rows: [Row<'_>; 5] = [
        ("", "GET", "/nuxeo/api/v1/group/Engineers", Value::Null, 200, json!({"grouplabel": "The engineers"})),
        ("", "GET", MATCHED, Value::Null, 200, list(0, json!([]))),
        ("", "DELETE", "/Groups/<group>", Value::Null, 204, Value::Null),
        ("", "GET", "/Groups/<group>", Value::Null, 404, Value::Null),
        ("", "GET", "/nuxeo/api/v1/group/Engineers", Value::Null, 404, Value::Null),
    ];
    entra.check(&rows);
}

#[test]
fn two_groups_of_one_name_are_allowed_with_a_flag() {
    let entra = Provider::with(&["--scim-any-display-name"], &HEADERS);
    let body = || json!({"schemas": [GROUP], "displayName": "Engineers"});
    let rows: [Row<'_>; 3] = [
        ("one", "POST", "/Groups", body(), 201, json!({"displayName": "Engineers"})),
        ("two", "POST", "/Groups", body(), 201, json!({"displayName": "Engineers"})),
        (
            "",
            "GET",
            "/Groups?filter=displayName eq \"engineers\"",
            Value::Null,
            200,
            list(2, json!([{"id": "<one>"}, {"id": "<two>"}])),
        ),
    ];
    entra.check(&rows);
}
