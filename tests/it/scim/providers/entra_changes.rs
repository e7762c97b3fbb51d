//! Changes of users by Microsoft Entra, without and with its flag `aadOptscim062020`.

use super::entra_users::{HEADERS, ada};
use crate::support::scim_provider::{ENTERPRISE, Provider, Row, USER, patch};
use serde_json::{Value, json};

const DATADOG: &str = "/api/v1/user/ada@contoso.example";

/// Entra with the user ada and another one, boss.
fn provisioned() -> Provider {
    let entra = Provider::new(&HEADERS);
    let boss = json!({"schemas": [USER], "userName": "boss@contoso.example", "active": true});
    let rows: [Row<'_>; 2] =
        [("ada", "POST", "/Users", ada(), 201, Value::Null), ("boss", "POST", "/Users", boss, 201, Value::Null)];
    entra.check(&rows);
    entra
}

/// Changes ada and compares the answer, and what is read afterwards.
fn change(entra: &Provider, operations: Value, expected: Value) {
    let rows: [Row<'_>; 2] = [
        ("", "PATCH", "/Users/<ada>", patch(operations), 200, expected.clone()),
        ("", "GET", "/Users/<ada>", Value::Null, 200, expected),
    ];
    entra.check(&rows);
}

#[test]
fn entra_changes_several_attributes_at_once() {
    let entra = provisioned();
    change(
        &entra,
        json!([
            {"op": "Replace", "path": "displayName", "value": "Augusta Ada King"},
            {"op": "Add", "path": "title", "value": "Countess"},
            {"op": "Replace", "path": "name.givenName", "value": "Augusta"},
            {"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "countess@contoso.example"},
            {"op": "Add", "path": format!("{ENTERPRISE}:department"), "value": "Research"},
        ]),
        json!({
            "schemas": [USER, ENTERPRISE], "displayName": "Augusta Ada King", "title": "Countess",
            "name": {"givenName": "Augusta", "familyName": "Lovelace"},
            "emails": [{"value": "countess@contoso.example", "type": "work", "primary": true}],
            ENTERPRISE: {"department": "Research"},
        }),
    );
    let seen = json!({"user": {"name": "Augusta Ada King", "email": "countess@contoso.example", "title": "Countess"}});
    entra.check(&[("", "GET", DATADOG, Value::Null, 200, seen)]);
    change(
        &entra,
        json!([{"op": "Remove", "path": "title"}, {"op": "Remove", "path": format!("{ENTERPRISE}:department")}]),
        json!({"schemas": [USER], "title": null, ENTERPRISE: null}),
    );
}

#[test]
fn entra_adds_to_an_element_that_is_not_there_yet() {
    let entra = provisioned();
    change(
        &entra,
        json!([
            {"op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+44 7700 900123"},
            {"op": "Add", "path": "phoneNumbers[type eq \"work\"].value", "value": "+44 20 7946 0958"},
            {"op": "Add", "path": "addresses[type eq \"work\"].locality", "value": "London"},
            {"op": "Add", "path": "addresses[type eq \"work\"].country", "value": "GB"},
            {"op": "Add", "path": "roles[primary eq \"True\"].value", "value": "author"},
        ]),
        json!({
            "phoneNumbers": [
                {"type": "mobile", "value": "+44 7700 900123"}, {"type": "work", "value": "+44 20 7946 0958"}],
            "addresses": [{"type": "work", "locality": "London", "country": "GB"}],
            "roles": [{"primary": true, "value": "author"}],
        }),
    );
    // An element that is there is changed, and there is no second one.
    change(
        &entra,
        json!([{"op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+44 7700 900456"}]),
        json!({"phoneNumbers": [
            {"type": "mobile", "value": "+44 7700 900456"}, {"type": "work", "value": "+44 20 7946 0958"}]}),
    );
    let missing = patch(json!([{"op": "Replace", "path": "phoneNumbers[type eq \"fax\"].value", "value": "1"}]));
    entra.check(&[("", "PATCH", "/Users/<ada>", missing, 400, json!({"scimType": "noTarget"}))]);
}

#[test]
fn entra_sends_booleans_as_words() {
    let entra = provisioned();
    for (value, active) in [
        (json!("False"), false),
        (json!("True"), true),
        (json!("false"), false),
        (json!("true"), true),
        (json!(false), false),
    ] {
        change(&entra, json!([{"op": "Replace", "path": "active", "value": value}]), json!({"active": active}));
        let seen = json!({"user": {"disabled": !active}});
        entra.check(&[("", "GET", DATADOG, Value::Null, 200, seen)]);
    }
}

#[test]
fn entra_sends_a_manager_in_three_forms() {
    let entra = provisioned();
    let managed = json!({"schemas": [USER, ENTERPRISE], ENTERPRISE: {"manager": {"value": "<boss>"}}});
    for (path, value) in [
        (format!("{ENTERPRISE}:manager"), json!("<boss>")),
        (format!("{ENTERPRISE}:manager"), json!([{"$ref": null, "value": "<boss>"}])),
        (format!("{ENTERPRISE}.manager"), json!("<boss>")),
        (format!("{ENTERPRISE}:manager"), json!({"value": "<boss>"})),
    ] {
        change(&entra, json!([{"op": "Add", "path": path, "value": value}]), managed.clone());
        let gone = json!({"schemas": [USER], ENTERPRISE: null});
        change(&entra, json!([{"op": "Remove", "path": format!("{ENTERPRISE}:manager")}]), gone);
    }
}

#[test]
fn entra_renames_a_user_who_keeps_id_and_groups() {
    let entra = provisioned();
    let group = json!({"displayName": "engines", "members": [{"value": "<ada>"}]});
    entra.check(&[("group", "POST", "/Groups", group, 201, Value::Null)]);
    change(
        &entra,
        json!([{"op": "Replace", "path": "userName", "value": "countess@contoso.example"}]),
        json!({"id": "<ada>", "userName": "countess@contoso.example", "groups": [{"value": "<group>", "type": "direct"}]}),
    );
    let rows: [Row<'_>; 5] = [
        ("", "GET", DATADOG, Value::Null, 404, Value::Null),
        (
            "",
            "GET",
            "/api/v1/user/countess@contoso.example",
            Value::Null,
            200,
            json!({"user": {"email": "ada@contoso.example"}}),
        ),
        (
            "",
            "GET",
            "/nuxeo/api/v1/user/countess@contoso.example",
            Value::Null,
            200,
            json!({"properties": {"groups": ["engines"]}}),
        ),
        ("", "GET", "/Groups/<group>", Value::Null, 200, json!({"members": [{"value": "<ada>"}]})),
        (
            "",
            "PATCH",
            "/Users/<ada>",
            patch(json!([{"op": "Replace", "path": "userName", "value": "BOSS@contoso.example"}])),
            409,
            json!({"scimType": "uniqueness"}),
        ),
    ];
    entra.check(&rows);
}

#[test]
fn entra_with_the_flag_sends_one_object_of_paths() {
    let entra = provisioned();
    change(
        &entra,
        json!([{"op": "replace", "value": {
            "displayName": "Augusta Ada King",
            "name.givenName": "Augusta",
            "name.formatted": "Augusta King",
            "active": false,
            "emails[type eq \"work\"].value": "countess@contoso.example",
            format!("{ENTERPRISE}:employeeNumber"): "701984",
            format!("{ENTERPRISE}:manager"): "<boss>",
        }}]),
        json!({
            "displayName": "Augusta Ada King", "active": false,
            "name": {"givenName": "Augusta", "familyName": "Lovelace", "formatted": "Augusta King"},
            "emails": [{"value": "countess@contoso.example", "type": "work"}],
            ENTERPRISE: {"employeeNumber": "701984", "manager": {"value": "<boss>"}},
        }),
    );
    let seen = json!({"user": {"name": "Augusta Ada King", "email": "countess@contoso.example", "disabled": true}});
    entra.check(&[("", "GET", DATADOG, Value::Null, 200, seen)]);
    change(
        &entra,
        json!([{"op": "add", "value": {
            format!("{ENTERPRISE}:department"): "Research",
            ENTERPRISE: {"costCenter": "4130"},
        }}]),
        json!({ENTERPRISE: {"employeeNumber": "701984", "department": "Research", "costCenter": "4130"}}),
    );
}
