//! Groups that Okta pushes.

use super::okta_steps::HEADERS;
use crate::support::nuxeo_groups::lists;
use crate::support::scim_provider::{GROUP, Provider, Row, USER, list, patch};
use serde_json::{Value, json};

/// Okta with three users and the group `engineers`, which is empty.
fn pushed() -> Provider {
    let okta = Provider::new(&HEADERS);
    for name in ["ada", "bob", "carol"] {
        let body = json!({"schemas": [USER], "userName": name, "active": true});
        okta.check(&[(name, "POST", "/Users", body, 201, Value::Null)]);
    }
    let body = json!({"schemas": [GROUP], "displayName": "engineers", "members": []});
    let made = json!({"displayName": "engineers", "members": null, "meta": {"location": "<base>/Groups/…"}});
    okta.check(&[("group", "POST", "/Groups", body, 201, made)]);
    okta
}

/// The users of the group, as Nuxeo lists them.
fn members(okta: &Provider) -> Vec<String> {
    let [users, _, _] = lists(&okta.server, "engineers");
    let names = users.as_array().expect("users").iter();
    let mut names: Vec<String> = names.map(|name| name.as_str().expect("a name").to_owned()).collect();
    names.sort();
    names
}

/// Changes the group as Okta does, and compares who is in it then.
fn push(okta: &Provider, operations: Value, expected: &[&str]) {
    okta.check(&[("", "PATCH", "/Groups/<group>", patch(operations.clone()), 204, Value::Null)]);
    assert_eq!(members(okta), expected, "{operations}");
    let answer = okta.call("GET", "/Groups/<group>", &Value::Null).json();
    let shown = answer["members"].as_array().map_or(0, Vec::len);
    assert_eq!(shown, expected.len(), "{operations}: {answer}");
}

#[test]
fn okta_renames_a_group_and_leaves_its_members() {
    let okta = pushed();
    push(&okta, json!([{"op": "add", "path": "members", "value": [{"value": "<ada>", "display": "ada"}]}]), &["ada"]);
    push(&okta, json!([{"op": "replace", "value": {"id": "<group>", "displayName": "The engineers"}}]), &["ada"]);
    let label = json!({"id": "engineers", "grouplabel": "The engineers"});
    let rows: [Row<'_>; 2] = [
        ("", "GET", "/Groups/<group>", Value::Null, 200, json!({"displayName": "The engineers"})),
        // The other dialects keep the path of the group and see the new label.
        ("", "GET", "/nuxeo/api/v1/group/engineers", Value::Null, 200, label),
    ];
    okta.check(&rows);
}

#[test]
fn okta_moves_members_in_one_request() {
    let okta = pushed();
    push(
        &okta,
        json!([{"op": "add", "path": "members", "value": [
            {"value": "<ada>", "display": "ada@example.com"}, {"value": "<bob>", "display": "bob@example.com"}]}]),
        &["ada", "bob"],
    );
    push(
        &okta,
        json!([
            {"op": "replace", "value": {"id": "<group>", "displayName": "engineers"}},
            {"op": "remove", "path": "members[value eq \"<ada>\"]"},
            {"op": "add", "path": "members", "value": [{"value": "<carol>", "display": "carol@example.com"}]},
        ]),
        &["bob", "carol"],
    );
    // A user who is not in the group is out of it already.
    push(&okta, json!([{"op": "remove", "path": "members[value eq \"<ada>\"]"}]), &["bob", "carol"]);
}

#[test]
fn okta_pushes_all_members_and_none() {
    let okta = pushed();
    let all = json!([{"value": "<ada>"}, {"value": "<bob>"}, {"value": "<carol>"}]);
    push(&okta, json!([{"op": "replace", "path": "members", "value": all}]), &["ada", "bob", "carol"]);
    push(&okta, json!([{"op": "replace", "path": "members", "value": []}]), &[]);
    push(&okta, json!([{"op": "replace", "value": {"id": "<group>", "members": [{"value": "<bob>"}]}}]), &["bob"]);
    push(&okta, json!([{"op": "replace", "value": {"id": "<group>", "members": []}}]), &[]);
}

#[test]
fn one_unknown_member_does_not_fail_a_push() {
    let okta = pushed();
    let unknown = "5f1d6a52-0000-4000-8000-000000000000";
    let value = json!([{"value": "<ada>"}, {"value": unknown}]);
    let rows: [Row<'_>; 2] = [
        (
            "",
            "PATCH",
            "/Groups/<group>",
            patch(json!([{"op": "replace", "path": "members", "value": value}])),
            204,
            Value::Null,
        ),
        ("", "GET", "/Groups/<group>", Value::Null, 200, json!({"members": [{"value": "<ada>"}, {"value": unknown}]})),
    ];
    okta.check(&rows);
    assert_eq!(members(&okta), ["ada"], "the other dialects do not see it");
    okta.server.wait_for_log(unknown);
}

#[test]
fn okta_unlinks_a_group() {
    let okta = pushed();
    let rows: [Row<'_>; 5] = [
        (
            "",
            "GET",
            "/Groups?filter=displayName eq \"engineers\"&startIndex=1&count=100",
            Value::Null,
            200,
            list(1, json!([{"id": "<group>"}])),
        ),
        ("", "DELETE", "/Groups/<group>", Value::Null, 204, Value::Null),
        ("", "GET", "/Groups/<group>", Value::Null, 404, Value::Null),
        ("", "GET", "/nuxeo/api/v1/group/engineers", Value::Null, 404, Value::Null),
        ("", "GET", "/Users/<ada>", Value::Null, 200, json!({"userName": "ada"})),
    ];
    okta.check(&rows);
}
