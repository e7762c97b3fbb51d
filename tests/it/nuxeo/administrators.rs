//! Administrators: groups above them, and the last one.

use super::power_users::future_directory;
use crate::support::nuxeo::{assert_refused, create_group, create_user, refusal, user_body};
use crate::support::nuxeo_auth::{CREATE, is_administrator};
use crate::support::server::Server;
use serde_json::{Value, json};

#[test]
fn a_group_above_the_administrators_gives_no_rights() {
    let server = future_directory();
    let leela = ("leela", "nibbler");
    let above = json!({
        "entity-type": "group", "id": "above", "memberGroups": ["administrators"], "memberUsers": ["leela"],
    });
    assert_eq!(server.nuxeo("POST", "/group", Some(&above.to_string())).status, 201);
    assert!(!is_administrator(&server, "leela"));
    assert!(is_administrator(&server, "Administrator"));
    let body = user_body(json!({"username": "new", "groups": ["administrators"]}));
    assert_eq!(server.nuxeo_as(leela, "POST", "/user", Some(&body)).parts(), (403, refusal(403, CREATE)));
}

#[test]
fn the_last_enabled_administrator_stays() {
    let server = Server::with(&["--protect", ""]);
    let state = || {
        let fetch = "?fetch-group=memberUsers,memberGroups,parentGroups";
        ["/user/Administrator".to_owned(), format!("/group/administrators{fetch}"), format!("/group/ops{fetch}")]
            .map(|path| server.nuxeo("GET", &path, None).json())
    };
    let user = |groups: Value| user_body(json!({"firstName": "changed", "groups": groups}));
    let group = |part: Value| {
        let mut body = part;
        body["entity-type"] = json!("group");
        body["grouplabel"] = json!("changed");
        body.to_string()
    };
    let refused = |rows: Vec<(&str, &str, String)>| {
        let before = state();
        for (method, path, body) in rows {
            let answer = server.nuxeo(method, path, (!body.is_empty()).then_some(body.as_str()));
            assert_refused(&answer, 409, &format!("{method} {path} {body}"));
            assert_eq!(state(), before, "{method} {path} {body}");
        }
    };
    let done = |method: &str, path: &str, body: String, status: u16| {
        let answer = server.nuxeo(method, path, (!body.is_empty()).then_some(body.as_str()));
        assert_eq!(answer.status, status, "{method} {path} {body}: {}", answer.text());
    };
    let none = String::new;
    create_group(&server, json!({"id": "ops"}));
    let direct = || {
        vec![
            ("DELETE", "/user/Administrator", none()),
            ("DELETE", "/user/administrator", none()),
            ("PUT", "/user/Administrator", user(json!([]))),
            ("PUT", "/user/Administrator", user(json!(["members"]))),
            ("DELETE", "/user/Administrator/group/administrators", none()),
            ("DELETE", "/group/administrators/user/Administrator", none()),
            ("PUT", "/group/administrators", group(json!({"memberUsers": []}))),
            ("PUT", "/group/administrators", group(json!({"memberUsers": ["nobody"]}))),
            ("DELETE", "/group/administrators", none()),
        ]
    };
    refused(direct());

    // Another administrator counts only while enabled.
    create_user(&server, json!({"username": "root", "password": "secret", "groups": ["administrators"]}));
    assert_eq!(server.datadog("DELETE", "/api/v1/user/root", None).status, 200);
    refused(direct()[..6].to_vec());
    assert_eq!(server.datadog("PUT", "/api/v1/user/root", Some(r#"{"disabled":false}"#)).status, 200);
    done("DELETE", "/user/Administrator/group/administrators", none(), 200);
    assert!(!is_administrator(&server, "Administrator"));
    let root = |method: &str, path: &str, body: Option<&str>| server.nuxeo_as(("root", "secret"), method, path, body);
    assert_refused(&root("DELETE", "/user/root", None), 409, "oneself");
    assert_eq!(root("POST", "/user/Administrator/group/ops", None).status, 201);
    let child = json!({"entity-type": "group", "memberGroups": ["ops"]}).to_string();
    assert_eq!(root("PUT", "/group/administrators", Some(&child)).status, 200);
    assert_eq!(root("DELETE", "/user/root", None).status, 204);

    // Now the right comes through a subgroup, and each way to remove it would remove the last administrator.
    assert!(is_administrator(&server, "Administrator"));
    refused(vec![
        ("DELETE", "/user/Administrator", none()),
        ("PUT", "/user/Administrator", user(json!([]))),
        ("DELETE", "/user/Administrator/group/ops", none()),
        ("DELETE", "/group/ops/user/Administrator", none()),
        ("PUT", "/group/ops", group(json!({"memberUsers": []}))),
        ("PUT", "/group/ops", group(json!({"parentGroups": []}))),
        ("PUT", "/group/administrators", group(json!({"memberGroups": []}))),
        ("DELETE", "/group/ops", none()),
        ("DELETE", "/group/administrators", none()),
    ]);
    done("POST", "/user/Administrator/group/administrators", none(), 201);
    done("DELETE", "/group/ops", none(), 204);
    assert!(is_administrator(&server, "Administrator"));
}
