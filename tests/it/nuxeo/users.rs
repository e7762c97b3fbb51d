//! Users in the Nuxeo dialect.

use crate::support::client::{Answer, Connection, basic};
use crate::support::nuxeo::{
    Row, assert_refused, can_log_in, check, create_group, create_user, escaped, ids, outline, page, readable,
    reference_directory, refusal, user, user_body,
};
use crate::support::server::{ADMIN_PASSWORD, Server};
use serde_json::{Value, json};

#[test]
fn every_status_of_the_user_page_is_given() {
    let server = Server::start();
    create_group(&server, json!({"groupname": "team", "grouplabel": "The team"}));
    let ada = || user("ada", json!({"firstName": "Ada"}), &[]);
    let in_team = || user("ada", json!({"firstName": "Augusta"}), &[("team", "The team")]);
    let new = r#"{"entity-type":"user","properties":{"username":"ada","firstName":"Ada"}}"#;
    let change = r#"{"entity-type":"user","id":"ada","properties":{"firstName":"Augusta"}}"#;
    let lost = r#"{"entity-type":"user","id":"nobody","properties":{"firstName":"Augusta"}}"#;
    let rows: [(&str, Row); 13] = [
        ("Create a User: 201 Created", ("POST", "/user", new, 201, ada())),
        ("Create a User: 409 Conflict", ("POST", "/user", new, 409, refusal(409, "User already exists"))),
        ("Get a User: 200 OK", ("GET", "/user/ada", "", 200, ada())),
        ("Get a User: 404 Not Found", ("GET", "/user/nobody", "", 404, refusal(404, "user does not exist"))),
        ("Update a User: 200 OK", ("PUT", "/user/ada", change, 200, user("ada", json!({"firstName": "Augusta"}), &[]))),
        ("Update a User: 404 Not Found", ("PUT", "/user/nobody", lost, 404, refusal(404, "user does not exist"))),
        (
            "Update a User: 500 Internal Server Error",
            ("PUT", "/user/ada", lost, 500, refusal(500, "user does not exist: nobody")),
        ),
        ("Add a User to a Group: 201 Created", ("POST", "/user/ada/group/team", "", 201, in_team())),
        (
            "Add a User to a Group: 404 Not Found (the user)",
            ("POST", "/user/nobody/group/team", "", 404, refusal(404, "user does not exist")),
        ),
        (
            "Add a User to a Group: 404 Not Found (the group)",
            ("POST", "/user/ada/group/nowhere", "", 404, refusal(404, "Group not found")),
        ),
        (
            "Remove a User from a Group: 404 Not Found (the user)",
            ("DELETE", "/user/nobody/group/team", "", 404, refusal(404, "user does not exist")),
        ),
        (
            "Remove a User from a Group: 404 Not Found (the group)",
            ("DELETE", "/user/ada/group/nowhere", "", 404, refusal(404, "Group not found")),
        ),
        ("Delete a User: 404 Not Found", ("DELETE", "/user/nobody", "", 404, refusal(404, "user does not exist"))),
    ];
    for (promise, row) in rows {
        println!("{promise}");
        check(&server, &[row]);
    }

    let removed = server.nuxeo("DELETE", "/user/ada/group/team", None);
    assert_eq!((removed.status, removed.text()), (200, "ada"), "Remove a User from a Group: 200 OK");
    let deleted = server.nuxeo("DELETE", "/user/ada", None);
    assert_eq!((deleted.status, deleted.text()), (204, ""), "Delete a User: 204 No Content");
    assert_eq!(server.nuxeo("GET", "/user/ada", None).status, 404);
}

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
fn a_client_may_send_back_everything_that_it_got() {
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
fn what_a_client_may_not_set_is_ignored() {
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
fn unknown_properties_are_kept_and_come_back() {
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
        // What is not kept but text is the number as it was written, too.
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
fn a_kept_property_has_no_power() {
    let server = Server::start();
    let kept = json!({"password_hash": "x", "uuid": "x", "version": 7, "displayName": "x"});
    // Other dialects answer these from Rollbook's own fields, so nobody can put a value in their place.
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
fn kept_properties_have_64_kib_a_user() {
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
    // What is replaced no longer counts.
    let replaced = user_body(json!({"note": null, "more": note(60_000)}));
    assert_eq!(server.nuxeo("PUT", "/user/ada", Some(&replaced)).status, 200);
}

#[test]
fn unknown_groups_are_refused_by_name() {
    let server = Server::start();
    let ada = create_user(&server, json!({"username": "ada", "groups": ["members"]}));
    let one = refusal(403, "group does not exist: unknownGroup");
    let new = user_body(json!({"username": "eve", "groups": ["members", "unknownGroup"]}));
    let change = user_body(json!({"firstName": "changed", "groups": ["unknownGroup"]}));
    check(&server, &[("POST", "/user", &new, 403, one.clone()), ("PUT", "/user/ada", &change, 403, one)]);
    for (method, path) in [("POST", "/user"), ("PUT", "/user/ada")] {
        let name = if method == "POST" { "eve" } else { "ada" };
        let body = user_body(json!({"username": name, "groups": ["first unknown", "members", "second unknown"]}));
        let answer = server.nuxeo(method, path, Some(&body));
        assert_refused(&answer, 403, method);
        for group in ["first unknown", "second unknown"] {
            assert!(answer.text().contains(group), "every unknown name is told: {}", answer.text());
        }
        assert!(!answer.text().contains("members"), "{}", answer.text());
    }
    check(
        &server,
        &[
            ("GET", "/user/ada", "", 200, ada),
            ("GET", "/user/eve", "", 404, refusal(404, "user does not exist")),
            ("GET", "/group/unknownGroup", "", 404, refusal(404, "group does not exist")),
        ],
    );
}

#[test]
fn the_groups_of_a_user_keep_the_order_in_which_they_were_joined() {
    let server = Server::start();
    for name in ["one", "two", "three"] {
        create_group(&server, json!({"id": name, "grouplabel": name.to_uppercase()}));
    }
    let (one, two, three) = (("one", "ONE"), ("two", "TWO"), ("three", "THREE"));
    let in_groups = |groups: &[(&str, &str)]| user("ada", json!({}), groups);
    let put = |groups: Value| user_body(json!({"groups": groups}));
    check(
        &server,
        &[
            (
                "POST",
                "/user",
                &user_body(json!({"username": "ada", "groups": ["two", "one"]})),
                201,
                in_groups(&[two, one]),
            ),
            ("POST", "/user/ada/group/three", "", 201, in_groups(&[two, one, three])),
            ("POST", "/user/ada/group/two", "", 201, in_groups(&[two, one, three])),
            ("PUT", "/user/ada", &put(json!(["three", "one"])), 200, in_groups(&[three, one])),
            ("POST", "/group/two/user/ada", "", 201, in_groups(&[three, one, two])),
            ("PUT", "/user/ada", &user_body(json!({"firstName": null})), 200, in_groups(&[three, one, two])),
            ("PUT", "/user/ada", &put(json!([])), 200, in_groups(&[])),
            ("GET", "/user/ada", "", 200, in_groups(&[])),
        ],
    );
}

#[test]
fn a_new_user_is_named_by_username_and_else_by_id() {
    let server = Server::start();
    for (body, name) in [
        (r#"{"entity-type":"user","id":"","properties":{"username":"web"}}"#, "web"),
        (r#"{"entity-type":"user","id":"web","properties":{"username":"other"}}"#, "other"),
        (r#"{"entity-type":"user","id":"only-id"}"#, "only-id"),
        (r#"{"entity-type":"user","id":"with-properties","properties":{}}"#, "with-properties"),
        (r#"{"entity-type":"user","properties":{"username":"  spaced out  "}}"#, "spaced out"),
    ] {
        let path = format!("/user/{}", escaped(name));
        check(
            &server,
            &[
                ("POST", "/user", body, 201, user(name, json!({}), &[])),
                ("GET", &path, "", 200, user(name, json!({}), &[])),
            ],
        );
    }
    assert_eq!(ids(&server, "/user/search?q=*").len(), 6);
}

#[test]
fn a_user_must_have_a_name_without_control_characters() {
    let server = Server::start();
    let no_name = || refusal(400, "User MUST have a name");
    for body in [
        r#"{"entity-type":"user","properties":{"username":null}}"#,
        r#"{"entity-type":"user","properties":{"username":""}}"#,
        r#"{"entity-type":"user","properties":{"username":"   "}}"#,
        r#"{"entity-type":"user","properties":{"username":"\t"}}"#,
        r#"{"entity-type":"user","properties":{"firstName":"Ada"}}"#,
        r#"{"entity-type":"user","properties":{}}"#,
        r#"{"entity-type":"user","properties":null}"#,
        r#"{"entity-type":"user"}"#,
        r#"{"entity-type":"user","id":""}"#,
        r#"{"entity-type":"user","id":null,"properties":{"username":null}}"#,
    ] {
        check(&server, &[("POST", "/user", body, 400, no_name())]);
    }
    for name in [
        "a\\u0000b",
        "\\u0000",
        "a\\u0001b",
        "a\\nb",
        "a\\rb",
        "a\\u001bb",
        "a\\u007fb",
        // No characters, and never to be.
        "a\\ufffeb",
        "a\\ufdd0b",
        "a\\udbff\\udfffb",
        "\\udbff\\udfff",
    ] {
        let body = format!(r#"{{"entity-type":"user","properties":{{"username":"{name}"}}}}"#);
        assert_refused(&server.nuxeo("POST", "/user", Some(&body)), 400, &body);
    }
    let long = user_body(json!({"username": "x".repeat(256)}));
    assert_refused(&server.nuxeo("POST", "/user", Some(&long)), 400, "a name that is too long");
    assert_eq!(ids(&server, "/user/search?q=*"), ["Administrator"]);
}

#[test]
fn names_of_every_kind_pass_through_every_route() {
    let server = Server::start();
    for name in [
        "ada@example.com",
        "team/ada",
        "a/b/c",
        "mary ann",
        "日本語",
        "Zoë",
        "a+b",
        "superuser",
        "foogroup",
        "user",
        "group",
        "me",
        "100%",
        "50%2F",
        "a:b",
        "semi;colon",
        "why?",
        "hash#tag",
        "a=b&c",
        "\"quoted'",
        "back\\slash",
        "<tag>",
        "dot.dash-under_score~",
        "*",
    ] {
        let (all, some) = (escaped(name), readable(name));
        let bare = user(name, json!({}), &[]);
        let member = user(name, json!({}), &[("members", "Members group")]);
        let group_side = format!("/group/members/user/{all}");
        check(
            &server,
            &[
                ("POST", "/user", &user_body(json!({"username": name})), 201, bare.clone()),
                ("POST", "/user", &user_body(json!({"username": name})), 409, refusal(409, "User already exists")),
                ("GET", &format!("/user/{all}"), "", 200, bare.clone()),
                ("GET", &format!("/user/{some}"), "", 200, bare.clone()),
                ("POST", &format!("/user/{all}/group/members"), "", 201, member.clone()),
                ("POST", &format!("/user/{some}/group/members"), "", 201, member.clone()),
                ("POST", &group_side, "", 201, member.clone()),
                ("PUT", &format!("/user/{some}"), &user_body(json!({"groups": []})), 200, bare.clone()),
                (
                    "PUT",
                    &format!("/user/{all}"),
                    &json!({"entity-type": "user", "id": name, "properties": {"username": name, "groups": ["members"]}})
                        .to_string(),
                    200,
                    member.clone(),
                ),
            ],
        );
        assert_eq!(server.nuxeo("GET", "/group/members/@users", None).json()["entries"], json!([member]));
        for path in [&format!("/user/{some}/group/members"), &format!("/user/{all}/group/members"), &group_side] {
            let removed = server.nuxeo("DELETE", path, None);
            assert_eq!((removed.status, removed.text()), (200, name), "{path}");
        }
        let deleted = server.nuxeo("DELETE", &format!("/user/{some}"), None);
        assert_eq!((deleted.status, deleted.text()), (204, ""), "{name}");
        assert_eq!(server.nuxeo("GET", &format!("/user/{all}"), None).status, 404, "{name}");
    }
}

#[test]
fn a_name_is_found_with_spaces_around_it_and_in_any_case() {
    let server = Server::start();
    let ada = create_user(&server, json!({"username": "Ada Élan", "password": "secret"}));
    assert_eq!(ada["id"], json!("Ada Élan"));
    let taken = || refusal(409, "User already exists");
    let trimmed = escaped("  Ada Élan ");
    check(
        &server,
        &[
            ("POST", "/user", &user_body(json!({"username": "ADA ÉLAN"})), 409, taken()),
            ("POST", "/user", &user_body(json!({"username": " ada élan "})), 409, taken()),
            ("GET", &format!("/user/{}", escaped("ada éLAN")), "", 200, ada.clone()),
            ("GET", &format!("/user/{trimmed}"), "", 200, ada.clone()),
            (
                "PUT",
                &format!("/user/{}", escaped("ADA élan")),
                r#"{"entity-type":"user","id":"aDA éLan","properties":{"username":"ada élan"}}"#,
                200,
                ada.clone(),
            ),
        ],
    );
    assert!(can_log_in(&server, "ada élan", "secret"));
    assert_eq!(server.nuxeo("DELETE", &format!("/user/{}", escaped("ADA ÉLAN")), None).status, 204);
    assert_eq!(ids(&server, "/user/search?q=*"), ["Administrator"]);
}

#[test]
fn a_plus_in_a_path_is_a_plus() {
    let server = Server::start();
    let spaced = create_user(&server, json!({"username": "a b"}));
    check(
        &server,
        &[
            ("GET", "/user/a+b", "", 404, refusal(404, "user does not exist")),
            ("GET", "/user/a%20b", "", 200, spaced),
            ("POST", "/user", &user_body(json!({"username": "a+b"})), 201, user("a+b", json!({}), &[])),
            ("GET", "/user/a+b", "", 200, user("a+b", json!({}), &[])),
            ("GET", "/user/a%2Bb", "", 200, user("a+b", json!({}), &[])),
        ],
    );
}

#[test]
fn the_id_in_an_update_must_be_the_user_of_the_path() {
    let server = Server::start();
    let ada = create_user(&server, json!({"username": "ada"}));
    let eve = create_user(&server, json!({"username": "eve"}));
    let put = |id: &str, username: &str| {
        format!(r#"{{"entity-type":"user"{id},"properties":{{"firstName":"changed"{username}}}}}"#)
    };
    for body in [
        put(r#","id":"eve""#, ""),
        put("", r#","username":"eve""#),
        put(r#","id":"ada""#, r#","username":"eve""#),
        put(r#","id":"ada""#, r#","username":"new name""#),
        put(r#","id":"eve""#, r#","username":"ada""#),
        put(r#","id":{}"#, ""),
    ] {
        assert_refused(&server.nuxeo("PUT", "/user/ada", Some(&body)), 400, &body);
    }
    let unknown = server.nuxeo("PUT", "/user/ada", Some(&put(r#","id":"nobody""#, "")));
    assert_eq!(unknown.parts(), (500, refusal(500, "user does not exist: nobody")));
    assert_eq!(unknown.header("Retry-After"), Some("1"));
    check(
        &server,
        &[
            ("GET", "/user/ada", "", 200, ada),
            ("GET", "/user/eve", "", 200, eve),
            ("GET", "/user/nobody", "", 404, refusal(404, "user does not exist")),
        ],
    );
    for (body, count) in [
        (put("", ""), 1),
        (put(r#","id":null"#, ""), 2),
        (put(r#","id":"ada""#, ""), 3),
        (put(r#","id":"ADA""#, r#","username":"Ada""#), 4),
        (put("", r#","username":"ada""#), 5),
    ] {
        let body = body.replace("changed", &format!("changed {count}"));
        let expected = user("ada", json!({"firstName": format!("changed {count}")}), &[]);
        check(&server, &[("PUT", "/user/ada", &body, 200, expected)]);
    }
}

#[test]
fn strict_errors_make_the_documented_500_a_404() {
    let server = Server::with(&["--strict-errors"]);
    let ada = create_user(&server, json!({"username": "ada"}));
    let body = r#"{"entity-type":"user","id":"nobody","properties":{"firstName":"changed"}}"#;
    let answer = server.nuxeo("PUT", "/user/ada", Some(body));
    assert_refused(&answer, 404, "PUT");
    assert_eq!(answer.header("Retry-After"), None);
    check(&server, &[("GET", "/user/ada", "", 200, ada)]);
}

#[test]
fn the_first_of_several_reasons_to_refuse_is_told() {
    let server = Server::start();
    create_user(&server, json!({"username": "plain", "password": "secret"}));
    let plain = ("plain", "secret");
    let no_user = || refusal(404, "user does not exist");
    let new = user_body(json!({"username": "plain", "groups": ["nowhere"]}));
    let rows: [(&str, &str, &str, u16, Value); 6] = [
        // The path before the body, the body before the permission, the permission before all the rest.
        ("PUT", "/user/nobody", "{", 404, no_user()),
        ("PUT", "/user/nobody", r#"{"entity-type":"user","id":"plain"}"#, 404, no_user()),
        ("DELETE", "/user/nobody", "", 404, no_user()),
        ("POST", "/user", &new, 403, refusal(403, "Cannot create artifact")),
        ("POST", "/user", r#"{"entity-type":"user"}"#, 403, refusal(403, "Cannot create artifact")),
        (
            "PUT",
            "/user/plain",
            r#"{"entity-type":"user","id":"nobody"}"#,
            403,
            refusal(403, "User is not allowed to edit users"),
        ),
    ];
    for (method, path, body, status, document) in rows {
        let answer = server.nuxeo_as(plain, method, path, (!body.is_empty()).then_some(body));
        assert_eq!(answer.parts(), (status, document), "{method} {path} {body}");
    }
    let shape = user_body(json!({"username": "plain", "groups": "members"}));
    for (method, path) in [("POST", "/user"), ("PUT", "/user/plain"), ("PUT", "/user/Administrator")] {
        assert_refused(&server.nuxeo_as(plain, method, path, Some("{")), 400, path);
        let answer = server.nuxeo_as(plain, method, path, Some(&shape));
        assert_eq!(answer.parts(), (400, refusal(400, "Unable to deserialize property: groups")), "{method} {path}");
    }
    // To a caller who may, the conflict comes before the groups.
    check(&server, &[("POST", "/user", &new, 409, refusal(409, "User already exists"))]);
}

#[test]
fn a_user_without_a_password_is_created_and_cannot_log_in() {
    let server = Server::start();
    for (name, password) in [("absent", None), ("null", Some(Value::Null)), ("empty", Some(json!("")))] {
        let mut properties = json!({"username": name});
        if let Some(password) = password {
            properties["password"] = password;
        }
        check(&server, &[("POST", "/user", &user_body(properties), 201, user(name, json!({}), &[]))]);
        for attempt in ["", "null", name, " "] {
            assert!(!can_log_in(&server, name, attempt), "{name} with {attempt:?}");
        }
    }
}

#[test]
fn an_update_keeps_the_password_unless_it_brings_one() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada", "password": "first secret"}));
    for properties in [json!({"firstName": "Ada"}), json!({"password": null}), json!({"password": ""})] {
        assert_eq!(server.nuxeo("PUT", "/user/ada", Some(&user_body(properties.clone()))).status, 200);
        assert!(can_log_in(&server, "ada", "first secret"), "{properties}");
    }
    let answer = server.nuxeo("PUT", "/user/ada", Some(&user_body(json!({"password": "second secret"}))));
    assert_eq!(answer.parts(), (200, user("ada", json!({"firstName": "Ada"}), &[])));
    assert!(!can_log_in(&server, "ada", "first secret"));
    assert!(can_log_in(&server, "ada", "second secret"));
    assert!(!can_log_in(&server, "ada", "SECOND SECRET"));
}

#[test]
fn a_password_may_be_required() {
    let server = Server::with(&["--require-password"]);
    let missing = || refusal(400, "User MUST have a password");
    check(
        &server,
        &[
            ("POST", "/user", &user_body(json!({"username": "ada"})), 400, missing()),
            ("POST", "/user", &user_body(json!({"username": "ada", "password": null})), 400, missing()),
            ("POST", "/user", &user_body(json!({"username": "ada", "password": ""})), 400, missing()),
            // The name is asked for first, and the password before the groups.
            ("POST", "/user", &user_body(json!({"username": ""})), 400, refusal(400, "User MUST have a name")),
            ("POST", "/user", &user_body(json!({"username": "ada", "groups": ["nowhere"]})), 400, missing()),
            ("GET", "/user/ada", "", 404, refusal(404, "user does not exist")),
            (
                "POST",
                "/user",
                &user_body(json!({"username": "ada", "password": "secret"})),
                201,
                user("ada", json!({}), &[]),
            ),
            ("PUT", "/user/ada", &user_body(json!({"password": ""})), 200, user("ada", json!({}), &[])),
        ],
    );
    assert!(can_log_in(&server, "ada", "secret"));
}

#[test]
fn a_new_password_must_match_the_pattern() {
    let server = Server::with(&["--password-pattern", "^[a-z ]{8,}$"]);
    let weak = || refusal(400, "The password doesn't meet requirements");
    let ada = || user("ada", json!({}), &[]);
    check(
        &server,
        &[
            ("POST", "/user", &user_body(json!({"username": "ada", "password": "short"})), 400, weak()),
            ("POST", "/user", &user_body(json!({"username": "ada", "password": "UPPER CASE"})), 400, weak()),
            ("GET", "/user/ada", "", 404, refusal(404, "user does not exist")),
            ("POST", "/user", &user_body(json!({"username": "ada", "password": "long enough"})), 201, ada()),
            ("POST", "/user", &user_body(json!({"username": "eve"})), 201, user("eve", json!({}), &[])),
            ("PUT", "/user/ada", &user_body(json!({"password": "short", "firstName": "Ada"})), 400, weak()),
            ("PUT", "/user/ada", &user_body(json!({"password": ""})), 200, ada()),
            ("GET", "/user/ada", "", 200, ada()),
        ],
    );
    assert!(can_log_in(&server, "ada", "long enough"));
    let change = |old: &str, new: &str| {
        let body = json!({"oldPassword": old, "newPassword": new}).to_string();
        server.nuxeo_as(("ada", "long enough"), "PUT", "/me/changepassword", Some(&body))
    };
    assert_eq!(change("long enough", "short").parts(), (400, weak()));
    assert!(can_log_in(&server, "ada", "long enough"));
    assert_eq!(change("long enough", "also long enough").parts(), (200, ada()));
    assert!(can_log_in(&server, "ada", "also long enough"));
}

#[test]
fn a_creation_looks_at_the_password_before_the_groups_and_an_update_after_them() {
    let server = Server::with(&["--password-pattern", "^.{3,}$"]);
    let ada = create_user(&server, json!({"username": "ada", "password": "long enough"}));
    let weak = || refusal(400, "The password doesn't meet requirements");
    let unknown = || refusal(403, "group does not exist: nowhere");
    let body = |name: &str, password: &str, group: &str| {
        user_body(json!({"username": name, "password": password, "groups": [group]}))
    };
    check(
        &server,
        &[
            ("POST", "/user", &body("eve", "x", "nowhere"), 400, weak()),
            ("POST", "/user", &body("eve", "x", "members"), 400, weak()),
            ("POST", "/user", &body("eve", "xyz", "nowhere"), 403, unknown()),
            ("PUT", "/user/ada", &body("ada", "x", "nowhere"), 403, unknown()),
            ("PUT", "/user/ada", &body("ada", "x", "members"), 400, weak()),
            ("PUT", "/user/ada", &body("ada", "xyz", "nowhere"), 403, unknown()),
            ("GET", "/user/eve", "", 404, refusal(404, "user does not exist")),
            ("GET", "/user/ada", "", 200, ada),
        ],
    );
    assert!(can_log_in(&server, "ada", "long enough"));
}

#[test]
fn a_password_that_is_hashed_already_is_taken_over() {
    let server = Server::start();
    for (name, hashed) in [
        ("sha1", "{SSHA}Qc9bcC1nlMNtkANgWUKBb0wB79NwaW5jaHNhbA=="),
        (
            "sha512",
            "{SSHA512}ZGAQkQdSCk4m/00vXB5rU9MePu5of+eUCBaW/ZYai97zztAIf22vnxj4UZ3L+QJuddSboiASakH27EmrfpMKxHBpbmNoc2Fs",
        ),
        ("md5", "{SMD5}IGKaoJlJOshWvnRvR2yQzXBpbmNoc2Fs"),
    ] {
        create_user(&server, json!({"username": name, "password": hashed}));
        assert!(!can_log_in(&server, name, hashed), "the hash itself opens nothing: {name}");
        assert!(!can_log_in(&server, name, "open sesame"), "{name}");
        // The second time it is no longer the old hash that is compared.
        assert!(can_log_in(&server, name, "open sesame é"), "{name}");
        assert!(can_log_in(&server, name, "open sesame é"), "{name}");
        assert!(!can_log_in(&server, name, "open sesame"), "{name}");
    }
    create_user(&server, json!({"username": "later", "password": "something else"}));
    let put = user_body(json!({"password": "{SSHA}Qc9bcC1nlMNtkANgWUKBb0wB79NwaW5jaHNhbA=="}));
    assert_eq!(server.nuxeo("PUT", "/user/later", Some(&put)).status, 200);
    assert!(!can_log_in(&server, "later", "something else"));
    assert!(can_log_in(&server, "later", "open sesame é"));
}

#[test]
fn no_answer_shows_a_password() {
    let server = Server::start();
    let secret = "never to be seen again";
    let new = user_body(json!({"username": "ada", "password": secret, "groups": ["members"]}));
    let change = user_body(json!({"password": secret}));
    let own = json!({"oldPassword": secret, "newPassword": secret}).to_string();
    for (method, path, body) in [
        ("POST", "/user", new.as_str()),
        ("PUT", "/user/ada", &change),
        ("GET", "/user/ada", ""),
        ("GET", "/user/search?q=ada", ""),
        ("GET", "/group/members/@users", ""),
        ("POST", "/user/ada/group/members", ""),
        ("POST", "/group/members/user/ada", ""),
    ] {
        let answer = server.nuxeo(method, path, (!body.is_empty()).then_some(body));
        assert!(answer.status < 300, "{method} {path}");
        assert!(!answer.text().contains("password") && !answer.text().contains(secret), "{method} {path}");
    }
    for (method, path, body) in [("PUT", "/me/changepassword", Some(own.as_str())), ("GET", "/me", None)] {
        let answer = server.nuxeo_as(("ada", secret), method, path, body);
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.text().contains("assword") && !answer.text().contains(secret), "{method} {path}");
    }
    assert!(!server.stop_for_log().contains(secret));
}

#[test]
fn search_finds_prefixes_of_names_in_any_case() {
    let server = reference_directory();
    create_user(
        &server,
        json!({"username": "zed", "firstName": "Émile", "lastName": "50%_off\\", "email": "mail@x.io"}),
    );
    let nobody: [&str; 0] = [];
    let everybody = ["Administrator", "foouser", "Guest", "user0", "user1", "user2", "user3", "user4", "zed"];
    for (q, expected) in [
        ("q=*", &everybody[..]),
        ("q=%20*%20", &everybody),
        ("q=", &nobody),
        ("q=%20", &nobody),
        ("", &nobody),
        ("q=Steve", &["user0"]),
        ("q=steve", &["user0"]),
        ("q=STEVE", &["user0"]),
        ("Q=Steve", &["user0"]),
        ("q=%20steve%20", &["user0"]),
        ("q=jobs", &["user0"]),
        ("q=teve", &nobody),
        ("q=user", &["user0", "user1", "user2", "user3", "user4"]),
        ("q=USER3", &["user3"]),
        ("q=user33", &nobody),
        // The whole e-mail address is searched by prefix too, which the reference does not do.
        ("q=foouser@example.o", &["foouser"]),
        ("q=mail@", &["zed"]),
        ("q=example.org", &nobody),
        ("q=j", &["user0", "user1"]),
        // Name and e-mail both begin so, and the user comes once.
        ("q=foouser", &["foouser"]),
        ("q=%C3%89m", &["zed"]),
        ("q=%C3%A9m", &["zed"]),
        ("q=us*r", &nobody),
        ("q=user*", &nobody),
        ("q=**", &nobody),
        ("q=%25", &nobody),
        ("q=_", &nobody),
        ("q=use_0", &nobody),
        ("q=%5C", &nobody),
        ("q=50%25_", &["zed"]),
        ("q=50%25_off%5C", &["zed"]),
        ("q='", &nobody),
        ("q=%22", &nobody),
        ("q=Steve%20Jobs", &nobody),
        ("q=*&sortBy=lastName&sortOrder=desc&maxResults=1", &everybody),
    ] {
        assert_eq!(ids(&server, &format!("/user/search?{q}")), expected, "{q}");
    }
    assert_eq!(ids(&server, "/user/search"), nobody);
}

#[test]
fn search_pages_by_the_numbers_of_the_contract() {
    let server = reference_directory();
    for (query, expected, names) in [
        ("q=*&pageSize=3", page("users", 8, 3, 0, 3), &["Administrator", "foouser", "Guest"][..]),
        ("q=*&pageSize=3&currentPageIndex=0", page("users", 8, 3, 0, 3), &["Administrator", "foouser", "Guest"]),
        ("q=*&pageSize=3&currentPageIndex=1", page("users", 8, 3, 1, 3), &["user0", "user1", "user2"]),
        ("q=*&pageSize=3&currentPageIndex=2", page("users", 8, 3, 2, 2), &["user3", "user4"]),
        ("q=*&pageSize=3&currentPageIndex=3", page("users", 8, 3, 3, 0), &[]),
        ("q=*&pageSize=3&currentPageIndex=90", page("users", 8, 3, 90, 0), &[]),
        ("q=*&pageSize=4&currentPageIndex=1", page("users", 8, 4, 1, 4), &["user1", "user2", "user3", "user4"]),
        ("q=*&pageSize=1&currentPageIndex=7", page("users", 8, 1, 7, 1), &["user4"]),
        // An offset wins over an index.
        ("q=*&pageSize=3&offset=3", page("users", 8, 3, 1, 3), &["user0", "user1", "user2"]),
        ("q=*&pageSize=3&currentPageIndex=2&offset=3", page("users", 8, 3, 1, 3), &["user0", "user1", "user2"]),
        ("q=Steve", page("users", 1, 50, 0, 1), &["user0"]),
        ("q=nobody", page("users", 0, 50, 0, 0), &[]),
        ("q=", page("users", 0, 50, 0, 0), &[]),
        ("", page("users", 0, 50, 0, 0), &[]),
        // No page at all: what integer arithmetic makes of it in the reference.
        ("q=nobody&pageSize=1", page("users", 0, 1, 0, 0), &[]),
        ("Q=*&PAGESIZE=3&CurrentPageIndex=1", page("users", 8, 3, 1, 3), &["user0", "user1", "user2"]),
    ] {
        let (document, ids) = outline(&server.nuxeo("GET", &format!("/user/search?{query}"), None));
        assert_eq!(document, expected, "{query}");
        assert_eq!(ids, names, "{query}");
    }
    assert_eq!(page("users", 0, 50, 0, 0)["numberOfPages"], json!(1));
    assert_eq!(page("users", 0, 1, 0, 0)["numberOfPages"], json!(0));

    let (document, ids) = outline(&server.nuxeo("GET", "/user/search?q=*&pageSize=3&offset=4", None));
    assert_eq!(ids, ["user1", "user2", "user3"]);
    assert_eq!(document["currentPageOffset"], json!(4));
    assert_eq!(document["isNextPageAvailable"], json!(true));
}

#[test]
fn a_number_of_a_page_that_does_not_parse_is_refused() {
    let server = Server::start();
    for path in ["/user/search?q=*&", "/group/search?q=*&", "/group/members/@users?", "/group/members/@groups?"] {
        for query in
            ["pageSize=abc", "currentPageIndex=1.5", "offset=x", "pageSize=99999999999999999999", "pageSize=1a"]
        {
            assert_refused(&server.nuxeo("GET", &format!("{path}{query}"), None), 400, query);
        }
        // Whatever these mean, they are no fault of the server.
        for query in
            ["currentPageIndex=-1", "offset=-1", "currentPageIndex=9223372036854775807&pageSize=1000", "pageSize="]
        {
            let answer = server.nuxeo("GET", &format!("{path}{query}"), None);
            assert!([200, 400].contains(&answer.status), "{query}: {}", answer.text());
        }
    }
}

#[test]
fn a_page_holds_20_50_or_at_most_1000_entries() {
    let server = Server::start();
    std::thread::scope(|scope| {
        for part in 0..4 {
            let server = &server;
            scope.spawn(move || {
                let authorization = basic("Administrator", ADMIN_PASSWORD);
                let mut connection = Connection::open(server.address);
                for number in (part..1000).step_by(4) {
                    let body = user_body(json!({"username": format!("user{number:04}")}));
                    let headers = [("Authorization", authorization.as_str())];
                    connection.send("POST", "/nuxeo/api/v1/user", &headers, Some(body.as_bytes()));
                    assert_eq!(connection.answer(false).status, 201);
                }
            });
        }
    });
    for (query, here) in [
        ("q=*", 50),
        ("q=*&pageSize=0", 1000),
        ("q=*&pageSize=-1", 20),
        ("q=*&pageSize=-1000", 20),
        ("q=*&pageSize=1000", 1000),
        ("q=*&pageSize=1001", 1000),
        ("q=*&pageSize=5000", 1000),
        ("q=*&pageSize=1000&currentPageIndex=1", 1),
        ("q=user000&pageSize=0", 10),
    ] {
        let answer = server.nuxeo("GET", &format!("/user/search?{query}"), None);
        assert_eq!(outline(&answer).1.len(), here, "{query}");
        assert_eq!(answer.json()["currentPageSize"], json!(here), "{query}");
    }
    let everything = server.nuxeo("GET", "/user/search?q=*&pageSize=5000", None).json();
    assert_eq!([&everything["resultsCount"], &everything["pageSize"]], [&json!(1001), &json!(5000)]);
    let unpaged = server.nuxeo("GET", "/user/search?q=user000&pageSize=0", None).json();
    assert_eq!(
        [&unpaged["resultsCount"], &unpaged["isNextPageAvailable"], &unpaged["isPreviousPageAvailable"]],
        [&json!(10), &json!(false), &json!(false)]
    );
}

#[test]
fn long_lists_are_paged_to_their_end_and_never_answered_from_before() {
    let server = Server::start();
    let name = |number: usize| format!("user{number:04}@example.com");
    let mut everybody: Vec<String> = (0..1100).map(name).collect();
    let invitation = json!({"emails": everybody}).to_string();
    assert_eq!(server.datadog("POST", "/api/v1/invite_users", Some(&invitation)).status, 200);
    everybody.insert(0, "Administrator".to_owned());

    // More than a page can hold: that many come, and by the size that was asked for it is one page.
    for q in ["*", "user"] {
        let count = if q == "*" { 1101 } else { 1100 };
        let (document, found) = outline(&server.nuxeo("GET", &format!("/user/search?q={q}&pageSize=2000"), None));
        assert_eq!(document, page("users", count, 2000, 0, 1000), "{q}");
        assert_eq!(found, everybody[1101 - count as usize..][..1000], "{q}");
        assert_eq!([&document["numberOfPages"], &document["isNextPageAvailable"]], [&json!(1), &json!(false)]);
    }

    // Page by page to the last one, twice: the second time what is remembered is asked for.
    let walk = |q: &str, expected: &[String]| {
        let total = expected.len() as i64;
        let mut found = Vec::new();
        for index in 0.. {
            let path = format!("/user/search?q={q}&pageSize=50&currentPageIndex={index}");
            let (document, names) = outline(&server.nuxeo("GET", &path, None));
            assert_eq!(document, page("users", total, 50, index, names.len() as i64), "{path}");
            found.extend(names);
            if document["isNextPageAvailable"] == json!(false) {
                assert_eq!(index, (total - 1) / 50, "{q}");
                break;
            }
        }
        assert_eq!(found, expected, "{q}");
        for offset in [999, 1000, 1001, 1049, 1050, 1051, expected.len() - 1, expected.len(), expected.len() + 1] {
            let path = format!("/user/search?q={q}&pageSize=50&offset={offset}");
            let end = expected.len().min(offset + 50);
            assert_eq!(ids(&server, &path), expected[offset.min(end)..end], "{path}");
        }
    };
    for _ in 0..2 {
        walk("*", &everybody);
        walk("user", &everybody[1..]);
        walk("user100", &everybody[1001..1011]);
    }

    // One more, and then one less, shows at once.
    create_user(&server, json!({"username": "user1000@example.com.au"}));
    everybody.insert(1002, "user1000@example.com.au".to_owned());
    walk("*", &everybody);
    walk("user", &everybody[1..]);
    walk("user100", &everybody[1001..1012]);
    assert_eq!(server.nuxeo("DELETE", "/user/user0500@example.com", None).status, 204);
    everybody.remove(501);
    walk("*", &everybody);
    walk("user", &everybody[1..]);
    walk("user050", &everybody[501..510]);
    // So does a new first name among those who are found.
    let renamed = user_body(json!({"firstName": "User 100"}));
    assert_eq!(server.nuxeo("PUT", "/user/Administrator", Some(&renamed)).status, 200);
    walk("user", &everybody);
}

#[test]
fn a_user_called_search_is_hidden_by_the_search_from_reading_alone() {
    let server = Server::start();
    let named = |first: &str| user("search", json!({"firstName": first}), &[]);
    create_user(&server, json!({"username": "search", "firstName": "Sea"}));
    assert_eq!(server.nuxeo("GET", "/user/search?q=search", None).json()["entries"], json!([named("Sea")]));
    check(
        &server,
        &[
            ("PUT", "/user/search", &user_body(json!({"firstName": "Archie"})), 200, named("Archie")),
            ("POST", "/user/search/group/members", "", 201, {
                user("search", json!({"firstName": "Archie"}), &[("members", "Members group")])
            }),
        ],
    );
    let nothing: [&str; 0] = [];
    assert_eq!(ids(&server, "/user/search"), nothing);
    assert_eq!(ids(&server, "/user/search?q=archie"), ["search"]);
    assert_eq!(server.nuxeo("HEAD", "/user/search?q=archie", None).status, 200);
    let removed = server.nuxeo("DELETE", "/user/search/group/members", None);
    assert_eq!((removed.status, removed.text()), (200, "search"));
    let deleted = server.nuxeo("DELETE", "/user/search", None);
    assert_eq!((deleted.status, deleted.text()), (204, ""));
    assert_eq!(ids(&server, "/user/search?q=search"), nothing);
    check(&server, &[("DELETE", "/user/search", "", 404, refusal(404, "user does not exist"))]);
}

#[test]
fn a_stored_user_with_a_transient_name_is_the_stored_one() {
    let server = Server::start();
    let name = "transient/foo/1";
    let (stored, made_up) = (json!({"firstName": "Real"}), json!({"firstName": "foo", "email": "foo"}));
    let stored = || user(name, stored.clone(), &[]);
    let made_up = || user(name, made_up.clone(), &[]);
    let path = "/user/transient/foo/1";
    let put = user_body(json!({"lastName": null}));
    check(
        &server,
        &[
            ("GET", path, "", 200, made_up()),
            ("PUT", path, &put, 404, refusal(404, "user does not exist")),
            ("DELETE", path, "", 404, refusal(404, "user does not exist")),
            ("POST", "/user", &user_body(json!({"username": name, "firstName": "Real"})), 201, stored()),
            ("GET", path, "", 200, stored()),
            ("GET", "/user/transient%2Ffoo%2F1", "", 200, stored()),
            ("GET", "/user/TRANSIENT/foo/1", "", 200, stored()),
            ("PUT", path, &put, 200, stored()),
        ],
    );
    let deleted = server.nuxeo("DELETE", path, None);
    assert_eq!((deleted.status, deleted.text()), (204, ""));
    check(&server, &[("GET", path, "", 200, made_up())]);
}

#[test]
fn a_transient_user_is_answered_and_never_stored() {
    let server = Server::start();
    for path in ["/user/transient/foo@bar.com/666", "/user/transient%2Ffoo@bar.com%2F666"] {
        let properties = json!({"firstName": "foo@bar.com", "email": "foo@bar.com"});
        check(&server, &[("GET", path, "", 200, user("transient/foo@bar.com/666", properties, &[]))]);
    }
    for q in ["*", "transient", "foo"] {
        let found = ids(&server, &format!("/user/search?q={q}"));
        assert!(!found.iter().any(|id| id.contains("foo")), "{q}: {found:?}");
    }
    assert!(!can_log_in(&server, "transient/foo@bar.com/666", "foo@bar.com"));
}

#[test]
fn the_caller_is_told_who_he_is_under_every_path() {
    let server = Server::start();
    let administrator = server.nuxeo("GET", "/user/Administrator", None).json();
    assert_eq!(administrator["isAdministrator"], json!(true));
    assert_eq!(
        administrator["extendedGroups"],
        json!([{"name": "administrators", "label": "Administrators group", "url": "group/administrators"}])
    );
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    for path in [
        "/nuxeo/api/v1/me",
        "/nuxeo/api/v1/me/",
        "/nuxeo/site/api/v1/me",
        "/nuxeo/site/api/v1/me/",
        "/nuxeo//api/v1//me",
        "/nuxeo/api/v1/repo/default/me",
        "/nuxeo/api/v1/user/ADMINISTRATOR",
        "/nuxeo/api/v1/user/Administrator/",
    ] {
        let answer = server.request("GET", path, &[("Authorization", &authorization)], None);
        assert_eq!(answer.parts(), (200, administrator.clone()), "{path}");
    }
}

#[test]
fn a_user_changes_the_own_password_with_the_old_one() {
    let server = Server::start();
    let ada = create_user(&server, json!({"username": "ada", "password": "first"}));
    let change = |password: &str, body: &str| {
        server.nuxeo_as(("ada", password), "PUT", "/me/changepassword", (!body.is_empty()).then_some(body))
    };
    let wrong = change("first", r#"{"oldPassword":"guess","newPassword":"second"}"#);
    assert_eq!((wrong.status, wrong.text()), (401, ""));
    assert!(can_log_in(&server, "ada", "first"));

    for body in [
        "",
        "{",
        "[]",
        "null",
        "{}",
        r#"{"oldPassword":"first"}"#,
        r#"{"newPassword":"second"}"#,
        r#"{"oldPassword":null,"newPassword":"second"}"#,
        r#"{"oldPassword":"first","newPassword":null}"#,
        r#"{"oldPassword":"first","newPassword":{}}"#,
        r#"{"oldPassword":"first","newPassword":""}"#,
    ] {
        assert_refused(&change("first", body), 400, body);
        assert!(can_log_in(&server, "ada", "first"), "{body}");
    }

    let changed = change("first", r#"{"oldPassword":"first","newPassword":"zweites Paßwort: 2"}"#);
    assert_eq!(changed.parts(), (200, ada.clone()));
    assert!(!can_log_in(&server, "ada", "first"), "the old password stops working at once");
    assert!(can_log_in(&server, "ada", "zweites Paßwort: 2"));
    let back = change("zweites Paßwort: 2", r#"{"oldPassword":"zweites Paßwort: 2","newPassword":"first"}"#);
    assert_eq!(back.parts(), (200, ada));
    assert!(can_log_in(&server, "ada", "first"));
}

#[test]
fn the_profile_comes_when_it_is_asked_for_in_any_spelling() {
    let server = Server::start();
    let plain = server.nuxeo("GET", "/user/Administrator", None).json();
    let mut enriched = plain.clone();
    enriched["contextParameters"] = json!({
        "userprofile": {"birthdate": null, "phonenumber": null, "avatar": null, "gender": false, "locale": null},
    });
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let get = |path: &str, headers: &[(&str, &str)]| {
        let mut all = vec![("Authorization", authorization.as_str())];
        all.extend(headers);
        server.request("GET", &format!("/nuxeo/api/v1{path}"), &all, None).parts()
    };
    for name in [
        "enrichers-user",
        "enrichers.user",
        "X-NXenrichers.user",
        "X-NXenrichers-user",
        "Enrichers-User",
        "x-nxenrichers.user",
    ] {
        for value in ["userprofile", "other,userprofile", "userprofile, other"] {
            assert_eq!(get("/user/Administrator", &[(name, value)]), (200, enriched.clone()), "{name}: {value}");
        }
        assert_eq!(get("/me", &[(name, "userprofile")]), (200, enriched.clone()), "{name}");
        let query = format!("/user/Administrator?{name}=userprofile");
        assert_eq!(get(&query, &[]), (200, enriched.clone()), "{query}");
        assert_eq!(get("/user/Administrator", &[(name, "other")]), (200, plain.clone()), "{name}");
    }
    assert_eq!(get("/user/Administrator", &[("enrichers-document", "userprofile")]), (200, plain));
}

#[test]
fn a_method_that_a_path_does_not_know_is_refused_and_the_known_ones_are_named() {
    let server = Server::start();
    let ada = create_user(&server, json!({"username": "ada"}));
    for (method, path, allowed) in [
        ("GET", "/user", &["POST"][..]),
        ("GET", "/user/", &["POST"]),
        ("DELETE", "/user", &["POST"]),
        ("PUT", "/user", &["POST"]),
        ("GET", "/group", &["POST"]),
        ("POST", "/user/ada", &["GET", "PUT", "DELETE"]),
        ("PATCH", "/user/ada", &["GET", "PUT", "DELETE"]),
        ("POST", "/group/members", &["GET", "PUT", "DELETE"]),
        ("GET", "/user/ada/group/members", &["POST", "DELETE"]),
        ("PUT", "/user/ada/group/members", &["POST", "DELETE"]),
        ("GET", "/group/members/user/ada", &["POST", "DELETE"]),
        ("PUT", "/group/members/user/ada", &["POST", "DELETE"]),
        ("POST", "/user/search", &["GET"]),
        ("DELETE", "/group/members/@users", &["GET"]),
        ("POST", "/group/members/@groups", &["GET"]),
        ("DELETE", "/me", &["GET"]),
        ("GET", "/me/changepassword", &["PUT"]),
    ] {
        let answer = server.nuxeo(method, path, None);
        assert_refused(&answer, 405, &format!("{method} {path}"));
        let allow: Vec<&str> = answer.header("Allow").expect("Allow").split(',').map(str::trim).collect();
        for known in allowed {
            assert!(allow.contains(known), "{method} {path}: {allow:?}");
        }
        assert!(!allow.contains(&method), "{method} {path}: {allow:?}");
    }
    check(&server, &[("GET", "/user/ada", "", 200, ada)]);
}

#[test]
fn a_body_that_is_no_entity_is_refused_and_changes_nothing() {
    let server = Server::start();
    let ada = create_user(&server, json!({"username": "ada", "groups": ["members"]}));
    let members = server.nuxeo("GET", "/group/members?fetch-group=memberUsers", None).json();
    let deep = "[".repeat(100_000);
    let deep_objects = r#"{"a":"#.repeat(50_000);
    let deep_property =
        format!(r#"{{"entity-type":"user","properties":{{"username":"eve","x":{deep}{}}}}}"#, "]".repeat(100_000));
    let bodies: [&[u8]; 22] = [
        b"",
        b" ",
        b"{",
        b"not json",
        b"[]",
        b"null",
        b"true",
        b"42",
        b"\"user\"",
        b"{}",
        br#"[{"entity-type":"user"}]"#,
        br#"{"entity-type":"user","properties":{"username":"eve""#,
        br#"{"entity-type":"user","properties":{"username":"eve"}} x"#,
        br#"{"entity-type":"user","properties":{"username":"eve"},}"#,
        br#"{'entity-type':'user','properties':{'username':'eve'}}"#,
        br#"entity-type=user&properties.username=eve"#,
        br#"{"entity-type":"user","properties":{"username":"e\ud800ve"}}"#,
        b"{\"entity-type\":\"user\",\"properties\":{\"username\":\"e\xff\xfeve\"}}",
        b"{\"entity-type\":\"user\",\"properties\":{\"username\":\"e\nve\"}}",
        deep.as_bytes(),
        deep_objects.as_bytes(),
        deep_property.as_bytes(),
    ];
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let send = |method: &str, path: &str, body: &[u8]| {
        let headers = [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
        server.request(method, &format!("/nuxeo/api/v1{path}"), &headers, Some(body))
    };
    for body in bodies {
        let shown: String = String::from_utf8_lossy(body).chars().take(60).collect();
        for (method, path) in [("POST", "/user"), ("PUT", "/user/ada"), ("POST", "/group"), ("PUT", "/group/members")] {
            assert_refused(&send(method, path, body), 400, &format!("{method} {path} {shown}"));
        }
    }
    for (path, right, wrong) in [("/user", "user", "group"), ("/group", "group", "user"), ("/user", "user", "document")]
    {
        let body = json!({"entity-type": wrong, "id": "eve", "properties": {"username": "eve"}}).to_string();
        let message = format!("Json object entity-type is wrong. Expected is {right} but was {wrong}");
        let one = if right == "user" { "/user/ada" } else { "/group/members" };
        check(
            &server,
            &[("POST", path, &body, 400, refusal(400, &message)), ("PUT", one, &body, 400, refusal(400, &message))],
        );
    }
    for entity_type in [Value::Null, json!(1), json!({}), json!(["user"]), json!(""), json!("User")] {
        let body = json!({"entity-type": entity_type, "id": "eve", "properties": {"username": "eve"}}).to_string();
        for (method, path) in [("POST", "/user"), ("POST", "/group")] {
            assert_refused(&server.nuxeo(method, path, Some(&body)), 400, &body);
        }
    }
    check(
        &server,
        &[("GET", "/user/ada", "", 200, ada), ("GET", "/group/members?fetch-group=memberUsers", "", 200, members)],
    );
    assert_eq!(ids(&server, "/user/search?q=*"), ["ada", "Administrator"]);
    assert_eq!(ids(&server, "/group/search?q=*"), ["administrators", "members", "powerusers"]);
}

#[test]
fn calls_that_need_no_body_come_without_one() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada"}));
    let member = user("ada", json!({}), &[("members", "Members group")]);
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    for kind in ["application/json", "application/json; charset=UTF-8", "application/x-www-form-urlencoded", ""] {
        for body in [None, Some(&b""[..]), Some(b"{}")] {
            let mut headers = vec![("Authorization", authorization.as_str())];
            if !kind.is_empty() {
                headers.push(("Content-Type", kind));
            }
            let call =
                |method: &str, path: &str| server.request(method, &format!("/nuxeo/api/v1{path}"), &headers, body);
            assert_eq!(call("POST", "/user/ada/group/members").parts(), (201, member.clone()), "{kind} {body:?}");
            assert_eq!(call("POST", "/group/members/user/ada").parts(), (201, member.clone()), "{kind} {body:?}");
            assert_eq!(call("DELETE", "/group/members/user/ada").text(), "ada", "{kind} {body:?}");
            assert_eq!(call("GET", "/user/ada").parts(), (200, user("ada", json!({}), &[])), "{kind} {body:?}");
            assert_eq!(call("GET", "/user/search?q=ada").status, 200, "{kind} {body:?}");
        }
    }
    assert_eq!(server.nuxeo("DELETE", "/user/ada", Some("")).status, 204);
}

#[test]
fn a_body_is_read_as_json_whatever_its_type_says() {
    let server = Server::start();
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    for (number, kind) in [
        "application/json",
        "application/json;charset=UTF-8",
        "application/json+nxentity",
        "application/json+nxrequest",
        "Application/JSON; nuxeo-entity=user",
        "text/plain",
        "application/x-www-form-urlencoded",
        "*/*",
        "nonsense",
        "",
    ]
    .into_iter()
    .enumerate()
    {
        let mut headers = vec![("Authorization", authorization.as_str())];
        if !kind.is_empty() {
            headers.push(("Content-Type", kind));
        }
        let name = format!("user{number}");
        let body = user_body(json!({"username": name, "firstName": "Zoë"}));
        let answer = server.request("POST", "/nuxeo/api/v1/user", &headers, Some(body.as_bytes()));
        assert_eq!(answer.parts(), (201, user(&name, json!({"firstName": "Zoë"}), &[])), "{kind}");
    }
}

#[test]
fn answers_say_what_they_are() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada"}));
    let taken = user_body(json!({"username": "ada"}));
    for (method, path, body, status) in [
        ("GET", "/user/ada", None, 200),
        ("GET", "/user/search?q=*", None, 200),
        ("GET", "/group/members", None, 200),
        ("POST", "/user/ada/group/members", None, 201),
        ("POST", "/user", Some(taken.as_str()), 409),
        ("GET", "/user/nobody", None, 404),
        ("GET", "/user", None, 405),
    ] {
        let answer = server.nuxeo(method, path, body);
        assert_eq!(answer.status, status, "{method} {path}");
        let kind = answer.header("Content-Type").expect("a content type");
        assert!(kind.starts_with("application/json"), "{method} {path}: {kind}");
        // With it the Python client would take a conflict for something else.
        assert_eq!(answer.header("Idempotency-Key"), None);
    }
    for path in ["/user/ada/group/members", "/group/members/user/ada"] {
        let answer = server.nuxeo("DELETE", path, None);
        assert_eq!((answer.status, answer.text()), (200, "ada"));
        assert!(answer.header("Content-Type").expect("a content type").starts_with("text/plain"), "{path}");
    }
    let deleted = server.nuxeo("DELETE", "/user/ada", None);
    assert_eq!((deleted.status, deleted.text(), deleted.header("Content-Type")), (204, "", None));
}

#[test]
fn head_answers_like_get_without_the_body() {
    let server = Server::start();
    for path in ["/user/Administrator", "/user/search?q=*", "/me", "/group/members", "/user/nobody"] {
        let (head, get) = (server.nuxeo("HEAD", path, None), server.nuxeo("GET", path, None));
        assert_eq!((head.status, head.text()), (get.status, ""), "{path}");
        assert_eq!(head.header("Content-Type"), get.header("Content-Type"), "{path}");
        assert_eq!(head.header("Content-Length"), Some(get.body.len().to_string().as_str()), "{path}");
    }
}

#[test]
fn a_deleted_user_is_gone_from_everywhere_and_the_name_is_free() {
    let server = Server::start();
    let properties =
        json!({"username": "Ada", "password": "secret", "firstName": "Ada", "groups": ["members"], "x": 1});
    create_user(&server, properties);
    assert!(can_log_in(&server, "Ada", "secret"));
    assert_eq!(server.nuxeo("DELETE", "/user/Ada", None).status, 204);
    assert!(!can_log_in(&server, "Ada", "secret"));
    let nobody: [&str; 0] = [];
    assert_eq!(ids(&server, "/user/search?q=ada"), nobody);
    assert_eq!(ids(&server, "/group/members/@users"), nobody);
    let members = server.nuxeo("GET", "/group/members?fetch-group=memberUsers", None).json();
    assert_eq!(members["memberUsers"], json!([]));
    check(
        &server,
        &[
            ("DELETE", "/user/Ada", "", 404, refusal(404, "user does not exist")),
            ("PUT", "/user/Ada", &user_body(json!({})), 404, refusal(404, "user does not exist")),
            ("POST", "/user", &user_body(json!({"username": "ada"})), 201, user("ada", json!({}), &[])),
        ],
    );
    assert!(!can_log_in(&server, "ada", "secret"));
}
