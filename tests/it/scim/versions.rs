//! Versions and tags of SCIM resources: changes of any dialect change them.

use super::cross_dialect::{change, get, nuxeo_change};
use crate::support::changes::changes;
use crate::support::client::Answer;
use crate::support::nuxeo::create_group;
use crate::support::scim::{SCIM, call, create, expect, id_of, patch, replace};
use crate::support::server::{APP_KEY, Server};
use serde_json::{Value, json};

/// The tag of a resource, which is its version too.
fn tag(server: &Server, path: &str) -> String {
    let answer = call(server, "GET", path, &Value::Null);
    let tag = answer.header("ETag").expect("a tag").to_owned();
    assert_eq!(expect(&answer, 200)["meta"]["version"], tag);
    tag
}

/// Reads a resource with a condition.
fn conditional(server: &Server, method: &str, path: &str, condition: (&str, &str), body: Option<&Value>) -> Answer {
    let key = format!("Bearer {APP_KEY}");
    let headers = [("Authorization", key.as_str()), ("Content-Type", "application/json"), condition];
    let text = body.map(Value::to_string);
    server.request(method, &format!("{SCIM}{path}"), &headers, text.as_deref().map(str::as_bytes))
}

#[test]
fn changes_of_any_dialect_change_versions() {
    let server = Server::with(&[]);
    let user = format!("/Users/{}", id_of(&create(&server, "/Users", &json!({"userName": "ada"}))));
    let group = format!("/Groups/{}", id_of(&create(&server, "/Groups", &json!({"displayName": "team"}))));
    let other = format!("/Groups/{}", id_of(&create(&server, "/Groups", &json!({"displayName": "other"}))));
    let other_tag = tag(&server, &other);
    type Step<'s> = (&'s str, bool, bool, Box<dyn Fn() + 's>);
    let nuxeo = |method: &'static str, path: &'static str, body: Value| {
        let server = &server;
        Box::new(move || {
            let text = (!body.is_null()).then(|| body.to_string());
            let status = server.nuxeo(method, path, text.as_deref()).status;
            assert!(status < 300, "{method} {path}: {status}");
        })
    };
    let steps: Vec<Step> = vec![
        (
            "a property",
            true,
            false,
            nuxeo("PUT", "/user/ada", json!({"entity-type": "user", "properties": {"email": "a@example.com"}})),
        ),
        ("a membership", true, true, nuxeo("POST", "/user/ada/group/team", Value::Null)),
        ("a label", true, true, nuxeo("PUT", "/group/team", json!({"entity-type": "group", "grouplabel": "Team"}))),
        ("the end of a membership", true, true, nuxeo("DELETE", "/user/ada/group/team", Value::Null)),
        ("a password", true, false, Box::new(|| drop(change(&server, &user, "password", json!("open sesame"))))),
        ("an attribute of SCIM", true, false, Box::new(|| drop(change(&server, &user, "nickName", json!("x"))))),
        (
            "a state",
            true,
            false,
            Box::new(|| assert_eq!(server.datadog("DELETE", "/api/v1/user/ada", None).status, 200)),
        ),
        (
            "a member of SCIM",
            true,
            true,
            Box::new(|| {
                let id = user.trim_start_matches("/Users/");
                let body = replace("members", json!([{"value": id}, {"value": "unknown"}]));
                assert_eq!(call(&server, "PATCH", &group, &body).status, 204);
            }),
        ),
        (
            "the name of a member",
            false,
            true,
            Box::new(|| {
                let body =
                    patch(&json!([{"op": "add", "path": "members", "value": [{"value": "unknown", "display": "d"}]}]));
                assert_eq!(call(&server, "PATCH", &group, &body).status, 204);
            }),
        ),
        (
            "another group of the same name",
            true,
            true,
            Box::new(|| {
                // The version of the user does not count memberships.
                assert_eq!(call(&server, "DELETE", &group, &Value::Null).status, 204);
                create_group(&server, json!({"id": "team", "grouplabel": "Team", "memberUsers": ["ada"]}));
            }),
        ),
    ];
    for (step, of_user, of_group, run) in &steps {
        let (user_tag, group_tag) = (tag(&server, &user), tag(&server, &group));
        for (path, tag) in [(&user, &user_tag), (&group, &group_tag)] {
            let answer = conditional(&server, "GET", path, ("If-None-Match", tag), None);
            assert_eq!((answer.status, answer.header("ETag")), (304, Some(tag.as_str())), "{step}");
        }
        run();
        let gone = call(&server, "GET", &group, &Value::Null).status == 404;
        for (path, tag, changes) in [(&user, &user_tag, of_user), (&group, &group_tag, of_group)] {
            if gone && path == &group {
                continue;
            }
            let status = if *changes { 200 } else { 304 };
            let answer = conditional(&server, "GET", path, ("If-None-Match", tag), None);
            assert_eq!(answer.status, status, "{step}: {path}");
            let answer = conditional(&server, "GET", path, ("If-None-Match", "*"), None);
            assert_eq!(answer.status, 304, "{step}: {path}");
        }
        assert_eq!(tag(&server, &other), other_tag, "{step}: another group keeps its version");
    }
    // A write with a stale condition changes nothing.
    let stale = tag(&server, &user);
    nuxeo_change(&server, "ada", json!({"firstName": "Ada"}));
    let body = replace("title", json!("never"));
    for (method, path, body) in
        [("PATCH", &user, Some(&body)), ("PUT", &user, Some(&json!({"userName": "x"}))), ("DELETE", &user, None)]
    {
        let answer = conditional(&server, method, path, ("If-Match", &stale), body);
        assert_eq!(answer.status, 412, "{method}: {}", answer.text());
    }
    let present = tag(&server, &user);
    assert_eq!(conditional(&server, "PATCH", &user, ("If-Match", &present), Some(&body)).status, 200);
    assert_eq!(conditional(&server, "PATCH", &user, ("If-Match", "*"), Some(&body)).status, 200);
    assert_eq!(conditional(&server, "DELETE", &user, ("If-Match", &tag(&server, &user)), None).status, 204);
    let missing = conditional(&server, "PATCH", &user, ("If-Match", "*"), Some(&body)).status;
    assert!([404, 412].contains(&missing), "{missing}");
}

#[test]
fn a_change_that_changes_nothing_keeps_the_version() {
    let server = Server::with(&[]);
    let body = json!({
        "userName": "ada", "nickName": "n", "emails": [{"value": "a@example.com"}, {"value": "b@example.com", "type": "home"}],
    });
    let user = create(&server, "/Users", &body);
    let path = format!("/Users/{}", id_of(&user));
    let group = create(&server, "/Groups", &json!({"displayName": "g", "members": [{"value": user["id"]}]}));
    let group_path = format!("/Groups/{}", id_of(&group));
    let user = get(&server, &path);
    let (_, next) = changes(&server, "0");
    for body in [
        replace("nickName", json!("n")),
        replace("userName", json!("ada")),
        replace("active", json!(true)),
        patch(&json!([{"op": "add", "path": "emails", "value": [{"value": "a@example.com"}]}])),
        patch(&json!([{"op": "remove", "path": "title"}])),
    ] {
        let after = expect(&call(&server, "PATCH", &path, &body), 200);
        assert_eq!(after, user, "{body}");
    }
    assert_eq!(expect(&call(&server, "PUT", &path, &user), 200), user);
    for body in [
        replace("displayName", json!("g")),
        patch(&json!([{"op": "add", "path": "members", "value": [{"value": user["id"]}]}])),
        patch(&json!([{"op": "remove", "path": "members", "value": [{"value": "nothing"}]}])),
        replace("members", json!([{"value": user["id"]}])),
    ] {
        assert_eq!(call(&server, "PATCH", &group_path, &body).status, 204, "{body}");
        assert_eq!(get(&server, &group_path), group, "{body}");
    }
    assert_eq!(changes(&server, &next).0, [Value::Null; 0]);
}
