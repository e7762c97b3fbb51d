//! Names of users in bodies and in paths.

use crate::support::nuxeo::{
    assert_refused, can_log_in, check, create_user, escaped, ids, readable, refusal, user, user_body,
};
use crate::support::server::Server;
use serde_json::json;

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
        // These code points are no characters, and Unicode will never assign them.
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
fn user_names_of_every_kind_work_on_every_route() {
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
fn update_user_refuses_the_id_of_another_user() {
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
