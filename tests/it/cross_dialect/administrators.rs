//! Administrator rights across dialects.

use super::{datadog_create, datadog_put, datadog_refusal, entity, nuxeo_put, seen, sorted_handles};
use crate::support::cli::create_key;
use crate::support::folder::Folder;
use crate::support::nuxeo::{assert_refused, can_log_in, create_group, create_user, ids};
use crate::support::server::{ADMIN_PASSWORD, Server};
use serde_json::{Value, json};
use std::sync::Arc;

#[test]
fn access_role_wins_over_the_legacy_admin_flag() {
    let server = Server::start();
    create_group(&server, json!({"id": "ops", "parentGroups": ["administrators"]}));
    for (name, group) in [("direct", "administrators"), ("nested", "ops")] {
        create_user(&server, json!({"username": name, "groups": [group]}));
        let before = (seen(&server, name), entity(&server, name));
        assert_eq!(datadog_put(&server, name, json!({"access_role": "adm", "is_admin": false})), before.0, "{name}");
        assert_eq!((seen(&server, name), entity(&server, name)), before, "{name}");
    }
}

#[test]
fn administrators_are_the_members_of_one_group() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada", "groups": ["members"]}));
    let both = |server: &Server| {
        let (there, here) = (seen(server, "ada"), entity(server, "ada"));
        assert_eq!(there["is_admin"], here["isAdministrator"], "{there} {here}");
        assert_eq!(there["is_admin"], json!(there["access_role"] == json!("adm")), "{there}");
        (there["access_role"].clone(), here["properties"]["groups"].clone())
    };
    let (member, administrator) = (json!(["members"]), json!(["members", "administrators"]));
    assert_eq!(both(&server), (json!("st"), member.clone()));

    // Datadog writes, Nuxeo reads.
    datadog_put(&server, "ada", json!({"access_role": "adm"}));
    assert_eq!(both(&server), (json!("adm"), administrator.clone()));
    assert_eq!(ids(&server, "/group/administrators/@users"), ["ada", "Administrator"]);
    datadog_put(&server, "ada", json!({"access_role": "ro"}));
    assert_eq!(both(&server), (json!("ro"), member.clone()));
    datadog_put(&server, "ada", json!({"is_admin": true}));
    assert_eq!(both(&server), (json!("adm"), administrator.clone()));
    datadog_put(&server, "ada", json!({"access_role": "st", "is_admin": true}));
    assert_eq!(both(&server), (json!("st"), member.clone()));

    // Nuxeo writes, Datadog reads. The former role comes back when the membership ends.
    datadog_put(&server, "ada", json!({"access_role": "ro"}));
    for (begin, end) in [
        (
            ("POST", "/user/ada/group/administrators", json!(null)),
            ("DELETE", "/user/ada/group/administrators", json!(null)),
        ),
        (
            ("POST", "/group/administrators/user/ada", json!(null)),
            ("DELETE", "/group/administrators/user/ada", json!(null)),
        ),
        (
            (
                "PUT",
                "/user/ada",
                json!({"entity-type": "user", "properties": {"groups": ["members", "administrators"]}}),
            ),
            ("PUT", "/user/ada", json!({"entity-type": "user", "properties": {"groups": ["members"]}})),
        ),
        (
            ("PUT", "/group/administrators", json!({"entity-type": "group", "memberUsers": ["Administrator", "ada"]})),
            ("PUT", "/group/administrators", json!({"entity-type": "group", "memberUsers": ["Administrator"]})),
        ),
    ] {
        let call = |(method, path, body): &(&str, &str, Value)| {
            let body = (!body.is_null()).then(|| body.to_string());
            let answer = server.nuxeo(method, path, body.as_deref());
            assert!(answer.status < 300, "{method} {path}: {}", answer.text());
        };
        call(&begin);
        assert_eq!(both(&server), (json!("adm"), administrator.clone()), "{begin:?}");
        call(&end);
        assert_eq!(both(&server), (json!("ro"), member.clone()), "{end:?}");
    }
    // A change without a role leaves the role as it is.
    datadog_put(&server, "ada", json!({"access_role": "adm"}));
    datadog_put(&server, "ada", json!({"name": "Ada", "access_role": null}));
    assert_eq!(both(&server), (json!("adm"), administrator));
}

#[test]
fn datadog_cannot_remove_a_right_inherited_from_a_subgroup() {
    let server = Server::start();
    create_group(&server, json!({"id": "ops", "parentGroups": ["administrators"]}));
    create_group(&server, json!({"id": "night shift", "parentGroups": ["ops"]}));
    create_user(&server, json!({"username": "direct", "groups": ["administrators", "ops"]}));
    create_user(&server, json!({"username": "nested", "groups": ["night shift"]}));
    for (name, groups) in [("direct", &["ops"][..]), ("nested", &["night shift", "ops"])] {
        let before = (seen(&server, name), entity(&server, name));
        assert_eq!(before.0["access_role"], json!("adm"));
        for changes in [json!({"access_role": "st"}), json!({"access_role": "ro", "name": "changed"})] {
            let answer = server.datadog("PUT", &format!("/api/v1/user/{name}"), Some(&changes.to_string()));
            let message = datadog_refusal(&answer, 400);
            assert!(groups.iter().any(|group| message.contains(group)), "the subgroup is named: {message}");
            assert_eq!((seen(&server, name), entity(&server, name)), before, "{changes}");
        }
        assert_eq!(
            datadog_put(&server, name, json!({"access_role": "adm"})),
            before.0,
            "the current value is accepted"
        );
    }
    assert_eq!(server.nuxeo("DELETE", "/group/ops", None).status, 204);
    assert_eq!(seen(&server, "direct")["access_role"], json!("adm"));
    assert_eq!(datadog_put(&server, "direct", json!({"access_role": "ro"}))["access_role"], json!("ro"));
    assert_eq!(entity(&server, "direct")["properties"]["groups"], json!([]));
}

#[test]
fn datadog_cannot_disable_the_last_enabled_administrator() {
    let server = Server::with(&["--protect", ""]);
    let path = "/api/v1/user/administrator";
    let before = (seen(&server, "Administrator"), entity(&server, "Administrator"));
    let refused = || {
        for (method, body) in [
            ("DELETE", None),
            ("PUT", Some(r#"{"disabled":true}"#)),
            ("PUT", Some(r#"{"disabled":true,"name":"changed"}"#)),
            ("PUT", Some(r#"{"access_role":"st"}"#)),
            ("PUT", Some(r#"{"access_role":"ro","name":"changed"}"#)),
            ("PUT", Some(r#"{"is_admin":false}"#)),
        ] {
            let message = datadog_refusal(&server.datadog(method, path, body), 400);
            assert!(!message.is_empty(), "{method} {body:?}");
            let mut now = (seen(&server, "Administrator"), entity(&server, "Administrator"));
            // Reading as the administrator is a login.
            now.0["verified"] = before.0["verified"].clone();
            assert_eq!(now, before, "{method} {body:?}");
        }
    };
    refused();
    // A disabled administrator does not count, an enabled one does.
    let name = "root@example.com";
    datadog_create(&server, json!({"handle": name, "access_role": "adm"}));
    nuxeo_put(&server, name, json!({"password": "secret"}));
    datadog_put(&server, name, json!({"disabled": true}));
    refused();
    datadog_put(&server, name, json!({"disabled": false}));
    assert_eq!(server.datadog("DELETE", path, None).status, 200);
    assert!(!can_log_in(&server, "Administrator", ADMIN_PASSWORD));
    let root = format!("/api/v1/user/{name}");
    datadog_refusal(&server.datadog("DELETE", &root, None), 400);
    let answer = server.nuxeo_as((name, "secret"), "DELETE", &format!("/user/{name}"), None);
    assert_refused(&answer, 409, "the other dialect");
    assert_eq!(server.datadog("PUT", path, Some(r#"{"disabled":false}"#)).status, 200);
    assert!(can_log_in(&server, "Administrator", ADMIN_PASSWORD));
}

#[test]
fn standard_key_cannot_create_a_pending_member_of_administrators() {
    let folder = Folder::new();
    let standard = create_key(&folder, "app", Some("standard"));
    let server = Server::over(Arc::new(folder), &[]);
    let body = json!({"entity-type": "group", "memberUsers": ["Administrator", "ghost@example.com"]}).to_string();
    assert_eq!(server.nuxeo("PUT", "/group/administrators", Some(&body)).status, 200);
    let new = r#"{"handle":"Ghost@example.com"}"#;
    let answer = server.datadog_as(&standard, "POST", "/api/v1/user", Some(new));
    assert_eq!(datadog_refusal(&answer, 403), "Forbidden");
    assert_eq!(sorted_handles(&server), ["administrator"]);
    // A key with the role admin may create the user, who takes the place of the pending member.
    let made = datadog_create(&server, json!({"handle": "Ghost@example.com"}));
    assert_eq!([&made["access_role"], &made["is_admin"]], [&json!("adm"), &json!(true)]);
    assert_eq!(entity(&server, "ghost@example.com")["isAdministrator"], json!(true));
}
