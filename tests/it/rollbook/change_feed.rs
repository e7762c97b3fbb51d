//! The changes feed: it has each change once, with its caller, and nothing else.

use crate::support::changes::{ask, changes};
use crate::support::cli::{create_key, run};
use crate::support::client::Answer;
use crate::support::folder::Folder;
use crate::support::nuxeo::{create_user, user_body};
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use serde_json::{Value, json};
use std::sync::Arc;

/// A change in short: caller, dialect, action, target, before, after. Identifiers are checked and left out.
fn short(change: &Value) -> Value {
    let time = change["time"].as_str().expect("a time");
    assert!(time.len() == 24 && time.ends_with('Z'), "{time}");
    let document = |name: &str| {
        let mut document = change[name].clone();
        if let Some(uuid) = document.as_object_mut().and_then(|document| document.remove("uuid")) {
            assert_eq!(uuid.as_str().map(str::len), Some(36));
        }
        document
    };
    let caller = match (change["caller_kind"].as_str(), change["caller"].as_str()) {
        (Some(kind), Some(caller)) => format!("{kind} {caller}"),
        _ => "-".to_owned(),
    };
    json!([caller, change["dialect"], change["action"], change["name"], document("before"), document("after")])
}

/// The changes since that number, in short.
pub fn since(server: &Server, next: &mut String) -> Vec<Value> {
    let (found, then) = changes(server, next);
    *next = then;
    found.iter().map(short).collect()
}

#[test]
fn new_directory_starts_with_its_built_in_entries() {
    let server = Server::start();
    let (found, next) = changes(&server, "0");
    let actions: Vec<_> = found.iter().map(|change| change["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        [
            "group.created",
            "group.created",
            "group.created",
            "user.created",
            "member.added",
            "key.created",
            "key.created"
        ]
    );
    assert!(found.iter().all(|change| change["dialect"] == "program" && change["caller"].is_null()));
    assert_eq!(found.last().unwrap()["id"].to_string(), next);
    let ids: Vec<_> = found.iter().map(|change| change["id"].as_i64().unwrap()).collect();
    assert!(ids.is_sorted() && ids[0] > 0, "{ids:?}");
}

#[test]
fn each_change_is_recorded_once_with_its_caller_and_difference() {
    let server = Server::start();
    let mut next = changes(&server, "0").1;
    let mut told = |calls: &dyn Fn(), expected: Value| {
        calls();
        let found = since(&server, &mut next);
        assert_eq!(Value::Array(found), expected);
    };
    let (admin, key) = ("user Administrator", "key first");
    let created = |status: u16, answer: Answer| assert_eq!(answer.status, status, "{}", answer.text());

    told(
        &|| {
            created(201, server.nuxeo("POST", "/user", Some(&user_body(json!({"username": "Ada", "firstName": "Ada", "password": "secret words", "phone": 12.50, "groups": ["members"]})))))
        },
        json!([
            [admin, "nuxeo", "user.updated", "Administrator", {"verified": false}, {"verified": true}],
            [admin, "nuxeo", "user.created", "Ada", null, {"first_name": "Ada", "properties": {"phone": 12.50}, "password": true}],
            [admin, "nuxeo", "member.added", "Ada", null, {"group": "members", "user": "Ada"}],
        ]),
    );
    told(
        &|| {
            created(
                200,
                server.nuxeo(
                    "PUT",
                    "/user/ada",
                    Some(&user_body(json!({"company": "Engines", "firstName": null, "phone": null, "tall": true}))),
                ),
            )
        },
        json!([[admin, "nuxeo", "user.updated", "Ada",
            {"first_name": "Ada", "company": null, "properties": {"phone": 12.50, "tall": null}},
            {"first_name": null, "company": "Engines", "properties": {"phone": null, "tall": true}}]]),
    );
    // A write that changes nothing is no change.
    told(
        &|| created(200, server.nuxeo("PUT", "/user/ada", Some(&user_body(json!({"company": "Engines"}))))),
        json!([]),
    );
    told(
        &|| created(200, server.nuxeo("PUT", "/user/ada", Some(&user_body(json!({"password": "other words"}))))),
        json!([[admin, "nuxeo", "user.password_set", "Ada", null, null]]),
    );
    told(
        &|| created(200, server.nuxeo_as(("ada", "other words"), "GET", "/me", None)),
        json!([["user Ada", "nuxeo", "user.updated", "Ada", {"verified": false}, {"verified": true}]]),
    );
    told(
        &|| created(200, server.datadog("PUT", "/api/v1/user/ada", Some(r#"{"name":"Countess","access_role":"ro"}"#))),
        json!([[key, "datadog", "user.updated", "Ada", {"display_name": null, "role": "standard"}, {"display_name": "Countess", "role": "read"}]]),
    );
    told(
        &|| created(200, server.datadog("PUT", "/api/v1/user/ada", Some(r#"{"access_role":"adm"}"#))),
        json!([[key, "datadog", "member.added", "Ada", null, {"group": "administrators", "user": "Ada"}]]),
    );
    told(
        &|| created(200, server.datadog("DELETE", "/api/v1/user/ada", None)),
        json!([[key, "datadog", "user.updated", "Ada", {"disabled": false}, {"disabled": true}]]),
    );
    told(
        &|| created(200, server.nuxeo("DELETE", "/user/ada/group/administrators", None)),
        json!([[admin, "nuxeo", "member.removed", "Ada", {"group": "administrators", "user": "Ada"}, null]]),
    );
    told(
        &|| created(204, server.nuxeo("DELETE", "/user/ada", None)),
        json!([
            [admin, "nuxeo", "member.removed", "Ada", {"group": "members", "user": "Ada"}, null],
            [admin, "nuxeo", "user.deleted", "Ada", {"company": "Engines", "display_name": "Countess", "role": "read", "disabled": true, "verified": true, "properties": {"tall": true}}, null],
        ]),
    );
}

#[test]
fn changes_of_groups_and_member_lists_are_recorded() {
    let server = Server::start();
    let admin = "user Administrator";
    create_user(&server, json!({"username": "bob"}));
    create_user(&server, json!({"username": "eve"}));
    let mut next = changes(&server, "0").1;
    let group = |name: &str, rest: Value| {
        let mut body = json!({"entity-type": "group", "id": name, "groupname": name});
        rest.as_object().unwrap().iter().for_each(|(key, value)| body[key] = value.clone());
        body.to_string()
    };
    let mut told = |method: &str, path: &str, body: Option<String>, expected: Value| {
        let answer = server.nuxeo(method, path, body.as_deref());
        assert!(answer.status < 300, "{method} {path}: {}", answer.text());
        assert_eq!(Value::Array(since(&server, &mut next)), expected, "{method} {path}");
    };
    let member = |user: &str, group: &str| json!({"group": group, "user": user});
    told(
        "POST",
        "/group",
        Some(group(
            "team",
            json!({"grouplabel": "The team", "memberUsers": ["bob", "nobody"], "parentGroups": ["members", "later"]}),
        )),
        json!([
            [admin, "nuxeo", "group.created", "team", null, {"label": "The team"}],
            [admin, "nuxeo", "member.added", "bob", null, member("bob", "team")],
            [admin, "nuxeo", "member.added", "nobody", null, {"group": "team", "user": "nobody", "waiting": true}],
            [admin, "nuxeo", "subgroup.added", "team", null, {"group": "members", "subgroup": "team"}],
            [admin, "nuxeo", "subgroup.added", "team", null, {"group": "later", "subgroup": "team", "waiting": true}],
        ]),
    );
    // Another order of a list changes no membership.
    told("PUT", "/group/team", Some(group("team", json!({"memberUsers": ["nobody", "bob"]}))), json!([]));
    told(
        "PUT",
        "/group/team",
        Some(group(
            "team",
            json!({"grouplabel": "Team", "memberUsers": ["eve", "nobody"], "memberGroups": ["powerusers"]}),
        )),
        json!([
            [admin, "nuxeo", "group.updated", "team", {"label": "The team"}, {"label": "Team"}],
            [admin, "nuxeo", "member.removed", "bob", member("bob", "team"), null],
            [admin, "nuxeo", "member.added", "eve", null, member("eve", "team")],
            [admin, "nuxeo", "subgroup.added", "powerusers", null, {"group": "team", "subgroup": "powerusers"}],
        ]),
    );
    told(
        "POST",
        "/user",
        Some(user_body(json!({"username": "nobody"}))),
        json!([
            [admin, "nuxeo", "user.created", "nobody", null, {}],
            [admin, "nuxeo", "member.added", "nobody", null, member("nobody", "team")],
        ]),
    );
    told(
        "POST",
        "/group",
        Some(group("later", json!({}))),
        json!([
            [admin, "nuxeo", "group.created", "later", null, {}],
            [admin, "nuxeo", "subgroup.added", "team", null, {"group": "later", "subgroup": "team"}],
        ]),
    );
    told(
        "PUT",
        "/group/team",
        Some(group("team", json!({"memberUsers": ["eve", "soon"], "memberGroups": ["then"]}))),
        json!([
            [admin, "nuxeo", "member.removed", "nobody", member("nobody", "team"), null],
            [admin, "nuxeo", "subgroup.removed", "powerusers", {"group": "team", "subgroup": "powerusers"}, null],
            [admin, "nuxeo", "member.added", "soon", null, {"group": "team", "user": "soon", "waiting": true}],
            [admin, "nuxeo", "subgroup.added", "then", null, {"group": "team", "subgroup": "then", "waiting": true}],
        ]),
    );
    told(
        "DELETE",
        "/group/team",
        None,
        json!([
            [admin, "nuxeo", "member.removed", "eve", member("eve", "team"), null],
            [admin, "nuxeo", "subgroup.removed", "team", {"group": "members", "subgroup": "team"}, null],
            [admin, "nuxeo", "subgroup.removed", "team", {"group": "later", "subgroup": "team"}, null],
            [admin, "nuxeo", "member.removed", "soon", {"group": "team", "user": "soon", "waiting": true}, null],
            [admin, "nuxeo", "subgroup.removed", "then", {"group": "team", "subgroup": "then", "waiting": true}, null],
            [admin, "nuxeo", "group.deleted", "team", {"label": "Team"}, null],
        ]),
    );
}

#[test]
fn changes_of_tokens_are_recorded_without_the_secret() {
    let server = Server::start();
    create_user(&server, json!({"username": "bob"}));
    let mut next = changes(&server, "0").1;
    let token = server.nuxeo("POST", "/token?application=sync&deviceId=laptop", None);
    assert_eq!(token.status, 201);
    let (made, _) = changes(&server, &next);
    let [made] = made.as_slice() else { panic!("{made:?}") };
    assert_eq!((&made["action"], &made["name"]), (&json!("token.created"), &json!("Administrator")));
    let uuid = made["after"]["uuid"].as_str().expect("an identifier").to_owned();
    assert_eq!(made["after"], json!({"uuid": uuid, "application": "sync", "device": "laptop"}));
    assert_eq!(server.nuxeo("DELETE", &format!("/token/{uuid}"), None).status, 204);
    let told = since(&server, &mut next);
    let expected = json!({"application": "sync", "device": "laptop"});
    assert_eq!(told[1], json!(["user Administrator", "nuxeo", "token.revoked", "Administrator", expected, null]));
    let whole = ask(&server, "?since=0");
    for secret in [token.text(), ADMIN_PASSWORD, API_KEY, APP_KEY, "argon2"] {
        assert!(!whole.text().contains(secret), "{secret}");
    }
}

#[test]
fn keys_created_and_revoked_by_commands_are_recorded() {
    let folder = Arc::new(Folder::new());
    create_key(&folder, "app", Some("read"));
    assert!(run(&folder, &["key", "revoke", "3"]).status.success());
    let server = Server::over(Arc::clone(&folder), &[]);
    let (found, _) = changes(&server, "7");
    let told: Vec<_> = found.iter().map(|change| (change["action"].as_str().unwrap(), &change["dialect"])).collect();
    assert_eq!(told, [("key.created", &json!("command")), ("key.revoked", &json!("command"))]);
    assert!(found.iter().all(|change| change["caller_kind"] == "operator" && change["caller"].is_string()));
    assert_eq!(found[0]["after"], json!({"id": 3, "kind": "app", "role": "read"}));
    assert_eq!(found[1]["before"], found[0]["after"]);
}

#[test]
fn refused_changes_are_not_recorded() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada@example.com"}));
    let next = changes(&server, "0").1;
    for (status, method, path, body) in [
        (409, "POST", "/api/v1/user", r#"{"handle":"ada@example.com"}"#),
        (400, "POST", "/api/v1/user", r#"{"handle":"nobody"}"#),
        (400, "PUT", "/api/v1/user/administrator", r#"{"name":"x","disabled":true}"#),
        (404, "PUT", "/api/v1/user/x", "{}"),
    ] {
        assert_eq!(server.datadog(method, path, Some(body)).status, status, "{body}");
        assert_eq!(changes(&server, &next), (Vec::new(), next.clone()), "{body}");
    }
}
