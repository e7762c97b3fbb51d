//! Users that Microsoft Entra matches, creates and deletes.

use crate::support::scim_provider::{ENTERPRISE, Provider, Row, USER, list};
use serde_json::{Value, json};

pub const HEADERS: [(&str, &str); 2] =
    [("Accept", "application/scim+json"), ("Content-Type", "application/scim+json; charset=utf-8")];

/// A user as Entra creates it: both schemas without any value of the second one, empty lists and nulls.
pub fn ada() -> Value {
    json!({
        "schemas": [USER, ENTERPRISE],
        "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
        "userName": "ada@contoso.example",
        "active": true,
        "displayName": "Ada Lovelace",
        "emails": [{"primary": true, "type": "work", "value": "ada@contoso.example"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "Ada Lovelace", "familyName": "Lovelace", "givenName": "Ada", "middleName": null},
        "roles": [],
        "title": null,
    })
}

const MATCHED: &str = "/Users?filter=userName eq \"ada@contoso.example\"";

#[test]
fn entra_tests_the_connection() {
    let entra = Provider::new(&HEADERS);
    let guid = "56b7ad3d-02cf-4d0c-8c8f-e4a4b40ac7a5";
    for filter in [
        format!("userName eq \"{guid}\""),
        format!("externalId eq \"{guid}\""),
        format!("emails[type eq \"work\"].value eq \"{guid}\""),
    ] {
        entra.check(&[("", "GET", &format!("/Users?filter={filter}"), Value::Null, 200, list(0, json!([])))]);
    }
    entra.check(&[(
        "",
        "GET",
        &format!("/Groups?filter=displayName eq \"{guid}\""),
        Value::Null,
        200,
        list(0, json!([])),
    )]);
    let answer = entra.call("GET", "/Users?filter=userName eq \"x\"", &Value::Null);
    let kind = answer.header("Content-Type").unwrap_or_default();
    assert!(kind.starts_with("application/scim+json"), "{kind}");
}

#[test]
fn entra_matches_a_user_and_then_creates_it() {
    let entra = Provider::new(&HEADERS);
    let created = json!({
        "id": "…", "userName": "ada@contoso.example", "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
        "active": true, "roles": null, "title": null, "name": {"familyName": "Lovelace", "middleName": null},
        "meta": {"resourceType": "User", "created": "…Z", "lastModified": "…Z", "location": "<base>/Users/…"},
        ENTERPRISE: null,
    });
    let found = list(1, json!([{"id": "<ada>", "userName": "ada@contoso.example"}]));
    let rows: [Row<'_>; 7] = [
        ("", "GET", MATCHED, Value::Null, 200, list(0, json!([]))),
        ("ada", "POST", "/Users", ada(), 201, created),
        ("", "GET", MATCHED, Value::Null, 200, found.clone()),
        (
            "",
            "GET",
            "/Users?filter=externalId eq \"0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef\"",
            Value::Null,
            200,
            found.clone(),
        ),
        ("", "GET", "/Users?filter=emails[type eq \"work\"].value eq \"ada@contoso.example\"", Value::Null, 200, found),
        (
            "",
            "GET",
            "/api/v1/user/ada@contoso.example",
            Value::Null,
            200,
            json!({"user": {"name": "Ada Lovelace", "disabled": false}}),
        ),
        (
            "",
            "GET",
            "/nuxeo/api/v1/user/ada@contoso.example",
            Value::Null,
            200,
            json!({"properties": {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@contoso.example"}}),
        ),
    ];
    entra.check(&rows);
}

#[test]
fn entra_creates_a_user_with_the_attributes_of_an_enterprise() {
    let entra = Provider::new(&HEADERS);
    let mut body = ada();
    body[ENTERPRISE] = json!({
        "employeeNumber": "701984", "costCenter": "4130", "organization": "Contoso", "division": "Engines",
        "department": "Research", "manager": "<boss>",
    });
    body["phoneNumbers"] =
        json!([{"type": "work", "value": "+44 20 7946 0958"}, {"type": "mobile", "value": "+44 7700 900123"}]);
    body["addresses"] = json!([{"type": "work", "country": "GB", "formatted": null, "locality": "London"}]);
    let boss = json!({"schemas": [USER], "userName": "boss@contoso.example", "active": true});
    let expected = json!({
        "schemas": [USER, ENTERPRISE],
        ENTERPRISE: {"department": "Research", "organization": "Contoso", "manager": {"value": "<boss>", "displayName": null}},
        "addresses": [{"type": "work", "country": "GB", "formatted": null, "locality": "London"}],
    });
    let rows: [Row<'_>; 5] = [
        ("boss", "POST", "/Users", boss, 201, Value::Null),
        ("ada", "POST", "/Users", body, 201, expected.clone()),
        ("", "GET", "/Users/<ada>", Value::Null, 200, expected),
        // Entra looks whether a reference is there already.
        (
            "",
            "GET",
            "/Users?filter=id eq \"<ada>\" and manager eq \"<boss>\"&attributes=id",
            Value::Null,
            200,
            list(1, json!([{"id": "<ada>"}])),
        ),
        (
            "",
            "GET",
            "/nuxeo/api/v1/user/ada@contoso.example",
            Value::Null,
            200,
            json!({"properties": {"company": "Contoso", "phone": "+44 20 7946 0958"}}),
        ),
    ];
    entra.check(&rows);
    let none = "/Users?filter=id eq \"<boss>\" and manager eq \"<ada>\"&attributes=id";
    entra.check(&[("", "GET", none, Value::Null, 200, list(0, json!([])))]);
}

#[test]
fn entra_deletes_a_disabled_user() {
    let entra = Provider::new(&HEADERS);
    let rows: [Row<'_>; 6] = [
        ("ada", "POST", "/Users", ada(), 201, Value::Null),
        ("", "DELETE", "/Users/<ada>", Value::Null, 204, Value::Null),
        ("", "GET", "/Users/<ada>", Value::Null, 404, Value::Null),
        ("", "GET", MATCHED, Value::Null, 200, list(0, json!([]))),
        ("", "GET", "/api/v1/user/ada@contoso.example", Value::Null, 404, Value::Null),
        ("again", "POST", "/Users", ada(), 201, json!({"userName": "ada@contoso.example"})),
    ];
    entra.check(&rows);
    assert_ne!(entra.id("ada"), entra.id("again"));
}
