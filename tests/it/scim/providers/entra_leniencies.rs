//! Requests of Microsoft's reference collection that are not quite as the RFC wants them.

use super::entra_users::HEADERS;
use crate::support::scim_provider::{ENTERPRISE, GROUP, Provider, Row, USER, list, patch};
use serde_json::{Value, json};

#[test]
fn bodies_may_lack_schemas_and_have_words_and_nulls() {
    let entra = Provider::new(&HEADERS);
    let ada = json!({
        "userName": "ada", "active": "True", "externalId": "same", "shoeSize": 43,
        "name": {"givenName": "Ada", "familyName": null},
        "emails": [{"value": "ada@contoso.example", "primary": true, "display": null}],
    });
    let expected = json!({
        "schemas": [USER], "active": true, "name": {"givenName": "Ada", "familyName": null}, "shoeSize": null,
        "emails": [{"value": "ada@contoso.example", "primary": true, "display": null}],
    });
    let bob =
        json!({"schemas": ["urn:ietf:params:scim:schemas:core2.0:User"], "userName": "bob", "externalId": "same"});
    let rows: [Row<'_>; 4] = [
        ("ada", "POST", "/Users", ada, 201, expected),
        // A malformed schema, and an external id that another user has.
        ("bob", "POST", "/Users", bob, 201, json!({"schemas": [USER], "externalId": "same", "active": true})),
        (
            "",
            "GET",
            "/Users?filter=externalId eq \"same\"",
            Value::Null,
            200,
            list(2, json!([{"id": "<ada>"}, {"id": "<bob>"}])),
        ),
        (
            "",
            "PUT",
            "/Users/<bob>",
            json!({"userName": "bob", "displyName": "misspelled"}),
            200,
            json!({"userName": "bob"}),
        ),
    ];
    entra.check(&rows);
}

#[test]
fn operations_may_have_other_keys_and_forms() {
    let entra = Provider::new(&HEADERS);
    let body = |value: Value| json!({"operations": [value]});
    let user = |name: &str| json!({"userName": name, "active": true});
    let rows: [Row<'_>; 8] = [
        ("ada", "POST", "/Users", user("ada"), 201, Value::Null),
        ("bob", "POST", "/Users", user("bob"), 201, Value::Null),
        ("group", "POST", "/Groups", json!({"displayName": "engines"}), 201, json!({"schemas": [GROUP]})),
        // A key `name` in an operation, and no schemas.
        (
            "",
            "PATCH",
            "/Users/<ada>",
            body(json!({"op": "Replace", "name": "title", "path": "title", "value": "Analyst"})),
            200,
            json!({"title": "Analyst"}),
        ),
        // A misspelled key in an object without a path changes nothing.
        (
            "",
            "PATCH",
            "/Users/<ada>",
            body(json!({"op": "replace", "value": {"displyName": "x"}})),
            200,
            json!({"title": "Analyst", "displayName": null}),
        ),
        // A member as a text, and one with another name for `display`.
        (
            "",
            "PATCH",
            "/Groups/<group>",
            body(json!({"op": "Add", "path": "members", "value": "<ada>"})),
            204,
            Value::Null,
        ),
        (
            "",
            "PATCH",
            "/Groups/<group>",
            body(json!({"op": "Add", "path": "members", "value": [{"value": "<bob>", "displayName": "Bob"}]})),
            204,
            Value::Null,
        ),
        (
            "",
            "GET",
            "/Groups/<group>",
            Value::Null,
            200,
            json!({"members": [{"value": "<ada>"}, {"value": "<bob>", "displayName": null}]}),
        ),
    ];
    entra.check(&rows);
}

#[test]
fn queries_may_be_written_in_other_ways() {
    let entra = Provider::new(&HEADERS);
    let olivia = json!({"userName": "Olivia", "displayName": "Olivia Smith", "active": true,
        "emails": [{"type": "work", "value": "o@contoso.example"}, {"type": "home", "value": "o@home.example"}]});
    let one = || list(1, json!([{"id": "<olivia>"}]));
    let rows: [Row<'_>; 9] = [
        ("olivia", "POST", "/Users/", olivia, 201, Value::Null),
        ("", "GET", "/Users/?filter=DisplayName+eq+%22olivia+smith%22", Value::Null, 200, one()),
        ("", "GET", "/Users?filter=userName sw O", Value::Null, 200, one()),
        ("", "GET", "/Users?filter=userName eq olivia", Value::Null, 200, one()),
        ("", "GET", "/Users?filter=meta.Created gt 2015-10-10T14:38:21.8617979-07:00", Value::Null, 200, one()),
        ("", "GET", "/Users?startindex=1&COUNT=1", Value::Null, 200, one()),
        ("", "GET", "/users/<olivia>", Value::Null, 200, json!({"id": "<olivia>"})),
        ("", "GET", "/Users/<olivia>/", Value::Null, 200, json!({"id": "<olivia>"})),
        (
            "",
            "GET",
            "/Users/<olivia>?attributes=emails[type eq \"work\"]",
            Value::Null,
            200,
            json!({"id": "<olivia>", "userName": null}),
        ),
    ];
    entra.check(&rows);
    entra.check(&[("", "GET", "/Users?filter=userName eq \"olivia\"&unknown=x", Value::Null, 200, one())]);
}

#[test]
fn many_members_arrive_in_one_patch() {
    let entra = Provider::new(&HEADERS);
    let mut members = Vec::new();
    for number in 0..60 {
        let answer = entra.call("POST", "/Users", &json!({"userName": format!("user{number}"), "active": true}));
        assert_eq!(answer.status, 201, "{}", answer.text());
        members.push(json!({"$ref": null, "value": answer.json()["id"]}));
    }
    entra.check(&[("group", "POST", "/Groups", json!({"displayName": "all"}), 201, Value::Null)]);
    let add = patch(json!([{"op": "Add", "path": "members", "value": members}]));
    entra.check(&[("", "PATCH", "/Groups/<group>", add, 204, Value::Null)]);
    let group = entra.call("GET", "/Groups/<group>", &Value::Null).json();
    assert_eq!(group["members"].as_array().map(Vec::len), Some(60));
}

#[test]
fn the_schemas_have_no_nulls() {
    let entra = Provider::new(&HEADERS);
    let answer = entra.call("GET", "/Schemas", &Value::Null);
    assert!(!answer.text().contains("null"), "{}", answer.text());
    assert!(answer.text().contains(ENTERPRISE));
}
