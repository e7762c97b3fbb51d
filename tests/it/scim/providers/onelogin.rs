//! OneLogin: it asks for `application/json` and names schemas of SCIM 1.

use crate::support::scim_provider::{Provider, Row, list, patch};
use serde_json::{Value, json};

const HEADERS: [(&str, &str); 2] = [("Accept", "application/json"), ("Content-Type", "application/json")];

fn ada() -> Value {
    json!({
        "schemas": ["urn:scim:schemas:core:1.0", "urn:scim:schemas:extension:enterprise:1.0"],
        "userName": "ada@example.com",
        "name": {"familyName": "Lovelace", "givenName": "Ada", "formatted": "Ada Lovelace"},
        "emails": [{"value": "ada@example.com", "type": "work", "primary": true}],
        "phoneNumbers": [{"value": "+44 20 7946 0958", "type": "work"}],
        "title": "",
        "active": true,
    })
}

#[test]
fn onelogin_lives_a_life_of_a_user() {
    let onelogin = Provider::new(&HEADERS);
    let mut changed = ada();
    changed["title"] = json!("Analyst");
    let deactivate = patch(json!([{"op": "replace", "path": "active", "value": false}]));
    let core = "urn:ietf:params:scim:schemas:core:2.0:User";
    let rows: [Row<'_>; 9] = [
        ("", "GET", "/Users?filter=userName eq \"no-user\"", Value::Null, 200, list(0, json!([]))),
        ("ada", "POST", "/Users", ada(), 201, json!({"schemas": [core], "userName": "ada@example.com"})),
        (
            "",
            "GET",
            "/Users?filter=userName eq \"ada@example.com\"",
            Value::Null,
            200,
            list(1, json!([{"id": "<ada>"}])),
        ),
        ("", "GET", "/Users/<ada>", Value::Null, 200, json!({"name": {"formatted": "Ada Lovelace"}})),
        ("", "PUT", "/Users/<ada>", changed, 200, json!({"title": "Analyst"})),
        ("", "PATCH", "/Users/<ada>", deactivate, 200, json!({"active": false})),
        (
            "",
            "GET",
            "/api/v1/user/ada@example.com",
            Value::Null,
            200,
            json!({"user": {"title": "Analyst", "disabled": true}}),
        ),
        ("", "DELETE", "/Users/<ada>", Value::Null, 204, Value::Null),
        ("", "GET", "/Users/<ada>", Value::Null, 404, json!({"status": "404"})),
    ];
    onelogin.check(&rows);
}

#[test]
fn onelogin_makes_and_changes_groups() {
    let onelogin = Provider::new(&HEADERS);
    let group = json!({"schemas": ["urn:scim:schemas:core:1.0"], "displayName": "engines"});
    let add = patch(json!([{"op": "add", "path": "members", "value": [{"value": "<ada>"}]}]));
    let remove = patch(json!([{"op": "remove", "path": "members[value eq \"<ada>\"]"}]));
    let rows: [Row<'_>; 8] = [
        ("ada", "POST", "/Users", ada(), 201, Value::Null),
        ("", "GET", "/Groups", Value::Null, 200, json!({"totalResults": 3})),
        ("group", "POST", "/Groups", group, 201, json!({"displayName": "engines"})),
        ("", "PATCH", "/Groups/<group>", add, 204, Value::Null),
        ("", "GET", "/Groups/<group>", Value::Null, 200, json!({"members": [{"value": "<ada>"}]})),
        (
            "",
            "GET",
            "/nuxeo/api/v1/user/ada@example.com",
            Value::Null,
            200,
            json!({"properties": {"groups": ["engines"]}}),
        ),
        ("", "PATCH", "/Groups/<group>", remove, 204, Value::Null),
        ("", "GET", "/Groups/<group>", Value::Null, 200, json!({"members": null})),
    ];
    onelogin.check(&rows);
}

#[test]
fn answers_have_the_media_type_that_the_client_asks_for() {
    for (accept, expected) in [
        ("application/json", "application/json"),
        ("application/scim+json", "application/scim+json"),
        ("application/scim+json, application/json", "application/scim+json"),
        ("application/json, application/scim+json", "application/scim+json"),
        ("*/*", "application/scim+json"),
    ] {
        let provider = Provider::new(&[("Accept", accept)]);
        for path in ["/Users", "/Users/none", "/ServiceProviderConfig", "/Nowhere"] {
            let answer = provider.call("GET", path, &Value::Null);
            let kind = answer.header("Content-Type").unwrap_or_default();
            assert_eq!(kind.split(';').next(), Some(expected), "{accept}, {path}");
        }
    }
}
