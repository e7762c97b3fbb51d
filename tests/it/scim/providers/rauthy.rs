//! Rauthy: it looks for the external id and then for the name, and reads the groups of a user.

use crate::support::scim_provider::{GROUP, Provider, Row, USER, list, patch};
use serde_json::{Value, json};

const HEADERS: [(&str, &str); 2] = [("Accept", "application/scim+json"), ("Content-Type", "application/scim+json")];

fn ada(active: bool) -> Value {
    json!({
        "schemas": [USER],
        "externalId": "2PYV3STNz3MN7VnPjJVcPQap",
        "userName": "ada@example.com",
        "name": {"familyName": "Lovelace", "givenName": "Ada"},
        "displayName": "Ada Lovelace",
        "emails": [{"value": "ada@example.com", "primary": true}],
        "active": active,
        "preferredLanguage": "en",
        "groups": [{"value": "ignored"}],
    })
}

#[test]
fn rauthy_looks_for_a_user_in_two_ways() {
    let rauthy = Provider::new(&HEADERS);
    let external = "/Users?filter=externalId eq \"2PYV3STNz3MN7VnPjJVcPQap\"";
    let name = "/Users?filter=userName eq \"ada@example.com\"";
    let rows: [Row<'_>; 7] = [
        ("", "GET", external, Value::Null, 200, list(0, json!([]))),
        ("", "GET", name, Value::Null, 200, list(0, json!([]))),
        ("ada", "POST", "/Users", ada(true), 201, json!({"groups": null, "externalId": "2PYV3STNz3MN7VnPjJVcPQap"})),
        ("", "GET", external, Value::Null, 200, list(1, json!([{"id": "<ada>"}]))),
        ("", "PUT", "/Users/<ada>", ada(false), 200, json!({"active": false, "groups": null})),
        ("", "GET", "/api/v1/user/ada@example.com", Value::Null, 200, json!({"user": {"disabled": true}})),
        ("", "DELETE", "/Users/<ada>", Value::Null, 204, Value::Null),
    ];
    rauthy.check(&rows);
}

#[test]
fn rauthy_reads_the_groups_of_a_user() {
    let rauthy = Provider::new(&HEADERS);
    let group = json!({"schemas": [GROUP], "displayName": "engines", "externalId": "r-1"});
    let outer = json!({"schemas": [GROUP], "displayName": "all", "members": [{"value": "<group>"}]});
    let rename = patch(json!([{"op": "replace", "value": {"externalId": null, "displayName": "steam engines"}}]));
    let add =
        patch(json!([{"op": "add", "path": "members", "value": [{"value": "<ada>", "display": "ada@example.com"}]}]));
    let remove = patch(json!([{"op": "remove", "path": "members", "value": [{"value": "<ada>"}]}]));
    let groups = json!([
        {"value": "<group>", "display": "steam engines", "type": "direct", "$ref": "<base>/Groups/<group>"},
        {"value": "<outer>", "display": "all", "type": "indirect", "$ref": "<base>/Groups/<outer>"},
    ]);
    let rows: [Row<'_>; 10] = [
        ("ada", "POST", "/Users", ada(true), 201, Value::Null),
        ("group", "POST", "/Groups", group, 201, json!({"externalId": "r-1"})),
        ("outer", "POST", "/Groups", outer, 201, json!({"members": [{"value": "<group>", "type": "Group"}]})),
        ("", "PATCH", "/Groups/<group>", rename, 204, Value::Null),
        ("", "GET", "/Groups/<group>", Value::Null, 200, json!({"externalId": null, "displayName": "steam engines"})),
        ("", "PATCH", "/Groups/<group>", add, 204, Value::Null),
        ("", "GET", "/Users/<ada>", Value::Null, 200, json!({"groups": groups})),
        (
            "",
            "GET",
            "/nuxeo/api/v1/user/ada@example.com",
            Value::Null,
            200,
            json!({"properties": {"groups": ["engines"]}}),
        ),
        ("", "PATCH", "/Groups/<group>", remove, 204, Value::Null),
        ("", "GET", "/Users/<ada>", Value::Null, 200, json!({"groups": null})),
    ];
    rauthy.check(&rows);
}

#[test]
fn rauthy_reads_groups_page_by_page() {
    let rauthy = Provider::new(&HEADERS);
    for number in 0..5 {
        let body =
            json!({"schemas": [GROUP], "displayName": format!("group{number}"), "externalId": format!("{number}")});
        rauthy.check(&[("", "POST", "/Groups", body, 201, Value::Null)]);
    }
    let page = |start: u64| rauthy.call("GET", &format!("/Groups?startIndex={start}&count=3"), &Value::Null).json();
    let (first, second, third) = (page(1), page(4), page(7));
    let names = |page: &Value| -> Vec<String> {
        let resources = page["Resources"].as_array().expect("resources").iter();
        resources.map(|group| group["displayName"].as_str().expect("a name").to_owned()).collect()
    };
    let mut all = [names(&first), names(&second), names(&third)].concat();
    all.sort();
    all.dedup();
    assert_eq!(json!(all.len()), first["totalResults"], "{all:?}");
}
