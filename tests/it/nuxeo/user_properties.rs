//! The properties of a user: known ones, unknown ones and their values.

use crate::support::client::Answer;
use crate::support::nuxeo::{
    assert_refused, can_log_in, check, create_group, create_user, ids, refusal, user, user_body,
};
use crate::support::server::Server;
use serde_json::{Value, json};

#[test]
fn a_user_is_answered_with_exactly_the_keys_of_the_contract() {
    let server = Server::start();
    let properties = json!({
        "username": "ada", "firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com",
        "company": "Analytical Engines", "tenantId": "london", "groups": ["members"],
    });
    let mut body = properties.clone();
    body["password"] = json!("enchantress of numbers");
    let whole = user("ada", properties, &[("members", "Members group")]);
    let body = user_body(body);
    check(
        &server,
        &[
            ("POST", "/user", &body, 201, whole.clone()),
            ("GET", "/user/ada", "", 200, whole.clone()),
            ("PUT", "/user/ada", r#"{"entity-type":"user","id":"ada","properties":{}}"#, 200, whole.clone()),
            ("POST", "/user/ada/group/members", "", 201, whole.clone()),
            ("POST", "/group/members/user/ada", "", 201, whole.clone()),
        ],
    );
    assert_eq!(server.nuxeo("GET", "/user/search?q=ada", None).json()["entries"], json!([whole]));
    assert_eq!(server.nuxeo("GET", "/group/members/@users", None).json()["entries"], json!([whole]));
    assert_eq!(server.nuxeo_as(("ada", "enchantress of numbers"), "GET", "/me", None).parts(), (200, whole));
}

#[test]
fn user_document_can_be_sent_back_unchanged() {
    let server = Server::start();
    create_group(&server, json!({"id": "parent", "memberGroups": ["members"]}));
    create_user(&server, json!({"username": "ada", "firstName": "Ada", "groups": ["members"], "phone": 5}));
    let got = server.nuxeo("GET", "/user/ada", None).json();
    assert_eq!(server.nuxeo("PUT", "/user/ada", Some(&got.to_string())).parts(), (200, got.clone()));
    assert_eq!(server.nuxeo("GET", "/user/ada", None).json(), got);
}

#[test]
fn an_absent_value_is_null_and_an_update_is_a_merge() {
    let server = Server::start();
    let put = |properties: Value| json!({"entity-type": "user", "id": "ada", "properties": properties}).to_string();
    let rows: [(String, Value); 7] = [
        (put(json!({"firstName": "Ada"})), json!({"firstName": "Ada"})),
        (put(json!({"lastName": "Lovelace"})), json!({"firstName": "Ada", "lastName": "Lovelace"})),
        (put(json!({"company": ""})), json!({"firstName": "Ada", "lastName": "Lovelace", "company": ""})),
        (put(json!({"company": null, "firstName": null})), json!({"lastName": "Lovelace"})),
        (put(json!({})), json!({"lastName": "Lovelace"})),
        (r#"{"entity-type":"user","id":"ada"}"#.to_owned(), json!({"lastName": "Lovelace"})),
        (r#"{"entity-type":"user","id":"ada","properties":null}"#.to_owned(), json!({"lastName": "Lovelace"})),
    ];
    let new = r#"{"entity-type":"user","properties":{"username":"ada","firstName":null}}"#;
    check(&server, &[("POST", "/user", new, 201, user("ada", json!({}), &[]))]);
    for (body, properties) in &rows {
        let expected = user("ada", properties.clone(), &[]);
        check(
            &server,
            &[("PUT", "/user/ada", body, 200, expected.clone()), ("GET", "/user/ada", "", 200, expected.clone())],
        );
    }
}

#[test]
fn read_only_fields_are_ignored() {
    let server = Server::start();
    let body = json!({
        "entity-type": "user", "id": "somebody else", "idOrUsername": "x", "isAdministrator": true, "isAnonymous": true,
        "extendedGroups": [{"name": "administrators", "label": "x", "url": "x"}], "groups": ["administrators"],
        "contextParameters": {}, "properties": {"username": "ada"},
    });
    check(&server, &[("POST", "/user", &body.to_string(), 201, user("ada", json!({}), &[]))]);
    let body = json!({
        "entity-type": "user", "id": "ada", "isAdministrator": true, "isAnonymous": true, "isPartial": true,
        "extendedGroups": [{"name": "administrators"}], "properties": {"firstName": "Ada"},
    });
    let expected = user("ada", json!({"firstName": "Ada"}), &[]);
    check(&server, &[("PUT", "/user/ada", &body.to_string(), 200, expected)]);
}

#[test]
fn numbers_and_booleans_become_text() {
    let server = Server::start();
    let properties = json!({
        "username": 42, "firstName": 7, "lastName": true, "email": false, "company": 1.5, "tenantId": -1,
        "password": 12345678,
    });
    let expected = user(
        "42",
        json!({"firstName": "7", "lastName": "true", "email": "false", "company": "1.5", "tenantId": "-1"}),
        &[],
    );
    check(
        &server,
        &[
            ("POST", "/user", &user_body(properties), 201, expected.clone()),
            ("GET", "/user/42", "", 200, expected.clone()),
        ],
    );
    assert!(can_log_in(&server, "42", "12345678"));
}

#[test]
fn a_property_of_the_wrong_shape_is_refused_and_changes_nothing() {
    let server = Server::start();
    let ada = create_user(&server, json!({"username": "ada", "firstName": "Ada", "groups": ["members"]}));
    for (key, value) in [
        ("firstName", json!({})),
        ("firstName", json!([])),
        ("lastName", json!(["x"])),
        ("email", json!({"work": "ada@example.com"})),
        ("company", json!([1])),
        ("tenantId", json!({})),
        ("password", json!([])),
        ("password", json!({"plain": "x"})),
        ("groups", json!("members")),
        ("groups", json!({"0": "members"})),
        ("groups", json!(true)),
        ("groups", json!([{}])),
        ("groups", json!([["members"]])),
    ] {
        let expected = refusal(400, &format!("Unable to deserialize property: {key}"));
        let mut new = json!({"entity-type": "user", "properties": {"username": "eve"}});
        new["properties"][key] = value.clone();
        let mut change = json!({"entity-type": "user", "id": "ada", "properties": {"company": "changed"}});
        change["properties"][key] = value;
        check(
            &server,
            &[
                ("POST", "/user", &new.to_string(), 400, expected.clone()),
                ("PUT", "/user/ada", &change.to_string(), 400, expected),
                ("GET", "/user/ada", "", 200, ada.clone()),
                ("GET", "/user/eve", "", 404, refusal(404, "user does not exist")),
            ],
        );
    }
    for body in [
        r#"{"entity-type":"user","properties":{"username":{}}}"#,
        r#"{"entity-type":"user","properties":{"username":["eve"]}}"#,
        r#"{"entity-type":"user","properties":[]}"#,
        r#"{"entity-type":"user","properties":"username"}"#,
        r#"{"entity-type":"user","properties":1}"#,
    ] {
        assert_refused(&server.nuxeo("POST", "/user", Some(body)), 400, body);
        assert_refused(&server.nuxeo("PUT", "/user/ada", Some(body)), 400, body);
    }
    check(&server, &[("GET", "/user/ada", "", 200, ada)]);
    assert_eq!(ids(&server, "/user/search?q=*"), ["ada", "Administrator"]);
}

#[test]
fn unknown_properties_are_stored_and_returned() {
    let server = Server::start();
    let extra = json!({
        "phone": "+49 30 1", "title": "Countess", "age": 36, "height": 1.5, "remote": true,
        "tags": ["a", 1, null, {"b": []}], "address": {"city": "London", "geo": {"lat": 51.5}}, "naïve": "é",
    });
    let mut properties = extra.clone();
    properties["username"] = json!("ada");
    let new = user_body(properties);
    let expected = user("ada", extra, &[]);
    check(
        &server,
        &[
            ("POST", "/user", &new, 201, expected.clone()),
            ("GET", "/user/ada", "", 200, expected.clone()),
            ("PUT", "/user/ada", r#"{"entity-type":"user","id":"ada","properties":{"firstName":"Ada"}}"#, 200, {
                let mut user = expected.clone();
                user["properties"]["firstName"] = json!("Ada");
                user
            }),
            (
                "PUT",
                "/user/ada",
                r#"{"entity-type":"user","properties":{"firstName":null,"age":37,"address":{"city":"Paris"}}}"#,
                200,
                {
                    let mut user = expected.clone();
                    user["properties"]["age"] = json!(37);
                    user["properties"]["address"] = json!({"city": "Paris"});
                    user
                },
            ),
        ],
    );
    let cleared = r#"{"entity-type":"user","id":"ada","properties":{"phone":null,"title":null,"tags":null}}"#;
    let properties = server.nuxeo("PUT", "/user/ada", Some(cleared)).json()["properties"].clone();
    for key in ["phone", "title", "tags"] {
        assert_eq!(properties[key], Value::Null, "{key}");
    }
    assert_eq!(properties["remote"], json!(true));
}

#[test]
fn a_number_comes_back_with_all_its_digits() {
    let server = Server::start();
    let (whole, fraction) = ("123456789012345678901234567890", "-0.123456789012345678901234567891");
    let kept = [
        format!(r#""big":{whole}"#),
        format!(r#""small":{fraction}"#),
        format!(r#""list":[{whole},{{"deep":{fraction}}}]"#),
    ];
    for (kind, path) in [("user", "/user"), ("group", "/group")] {
        // A number in a text field is stored as the text that the client wrote.
        let text = if kind == "user" { "firstName" } else { "description" };
        let properties = format!(r#"{{"{kind}name":"ada","{text}":{whole},{}}}"#, kept.join(","));
        let body = format!(r#"{{"entity-type":"{kind}","properties":{properties}}}"#);
        let shown = |answer: &Answer, status: u16| {
            assert_eq!(answer.status, status, "{}", answer.text());
            for part in kept.iter().chain([&format!(r#""{text}":"{whole}""#)]) {
                assert!(answer.text().contains(part), "no {part} in {}", answer.text());
            }
        };
        let one = format!("{path}/ada");
        shown(&server.nuxeo("POST", path, Some(&body)), 201);
        let got = server.nuxeo("GET", &one, None);
        shown(&got, 200);
        shown(&server.nuxeo("PUT", &one, Some(got.text())), 200);
        shown(&server.nuxeo("GET", &one, None), 200);
        shown(&server.nuxeo("GET", &format!("{path}/search?q=ada"), None), 200);
    }
}

#[test]
fn unknown_properties_give_no_rights() {
    let server = Server::start();
    let kept = json!({"password_hash": "x", "uuid": "x", "version": 7, "displayName": "x"});
    // Other dialects answer these from Rollbook's own fields, so no caller can replace their values.
    let ignored =
        json!({"disabled": true, "verified": true, "isAdministrator": true, "access_role": "adm", "handle": "root"});
    let mut properties = kept.clone();
    properties.as_object_mut().unwrap().extend(ignored.as_object().unwrap().clone());
    properties["username"] = json!("ada");
    properties["password"] = json!("secret");
    check(&server, &[("POST", "/user", &user_body(properties), 201, user("ada", kept, &[]))]);
    let (status, seen) = server.datadog("GET", "/api/v1/user/ada", None).parts();
    assert_eq!(status, 200);
    let seen = &seen["user"];
    assert_eq!(
        [&seen["disabled"], &seen["verified"], &seen["is_admin"], &seen["access_role"], &seen["handle"], &seen["name"]],
        [&json!(false), &json!(false), &json!(false), &json!("st"), &json!("ada"), &Value::Null]
    );
    assert!(can_log_in(&server, "ada", "secret"));
}

#[test]
fn unknown_properties_have_64_kib_for_each_user() {
    let server = Server::start();
    let note = |length: usize| "x".repeat(length);
    let fits = json!({"username": "ada", "note": note(60_000)});
    let ada = create_user(&server, fits);
    let bodies = [
        ("POST", "/user", user_body(json!({"username": "eve", "note": note(70_000)}))),
        ("POST", "/user", user_body(json!({"username": "eve", "a": note(40_000), "b": [note(30_000)]}))),
        ("PUT", "/user/ada", user_body(json!({"more": note(10_000)}))),
        ("PUT", "/user/ada", user_body(json!({"note": note(70_000), "firstName": "Ada"}))),
    ];
    for (method, path, body) in bodies {
        assert_refused(&server.nuxeo(method, path, Some(&body)), 400, &format!("{method} {path}"));
        check(
            &server,
            &[
                ("GET", "/user/ada", "", 200, ada.clone()),
                ("GET", "/user/eve", "", 404, refusal(404, "user does not exist")),
            ],
        );
    }
    // A replaced value no longer counts.
    let replaced = user_body(json!({"note": null, "more": note(60_000)}));
    assert_eq!(server.nuxeo("PUT", "/user/ada", Some(&replaced)).status, 200);
}
