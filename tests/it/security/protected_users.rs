//! Protected users, and names of administrators.

use crate::support::cli::{run, said};
use crate::support::nuxeo::{create_group, create_user, user_body};
use crate::support::server::Server;
use crate::support::ui::{page, sign_in};
use serde_json::{Value, json};

// ------------------------------------------------------------------------------------- protected users

#[test]
fn protected_user_is_disabled_or_deleted_by_commands_alone() {
    let server = Server::start();
    create_user(&server, json!({"username": "admin", "password": "secret", "groups": ["administrators"]}));
    create_group(&server, json!({"id": "chiefs", "parentGroups": ["administrators"]}));
    let datadog = |method: &str, path: &str, body: Value| {
        let text = (!body.is_null()).then(|| body.to_string());
        server.datadog(method, path, text.as_deref())
    };
    let why = "the user Administrator is protected: only a command on the server can disable, delete or demote it";
    for (method, path, body) in [
        ("DELETE", "/api/v1/user/administrator", Value::Null),
        ("PUT", "/api/v1/user/administrator", json!({"disabled": true})),
        ("PUT", "/api/v1/user/administrator", json!({"access_role": "st"})),
        ("PUT", "/api/v1/user/administrator", json!({"is_admin": false})),
    ] {
        assert_eq!(datadog(method, path, body.clone()).parts(), (400, json!({"errors": [why]})), "{method} {body}");
    }
    let group = |body: Value| Some(body.to_string());
    for (method, path, body) in [
        ("DELETE", "/user/Administrator", None),
        ("PUT", "/user/Administrator", Some(user_body(json!({"groups": ["members"]})))),
        ("DELETE", "/user/Administrator/group/administrators", None),
        ("DELETE", "/group/administrators/user/Administrator", None),
        ("PUT", "/group/administrators", group(json!({"entity-type": "group", "memberUsers": ["admin"]}))),
    ] {
        let answer = server.nuxeo(method, path, body.as_deref());
        assert_eq!((answer.status, &answer.json()["message"]), (409, &json!(why)), "{method} {path}");
    }
    assert_eq!(server.nuxeo("DELETE", "/group/administrators", None).status, 409);
    let cookie = sign_in(&server, "admin", "secret");
    for (method, path, body) in [
        ("DELETE", "users/Administrator", Value::Null),
        ("PATCH", "users/Administrator", json!({"disabled": true})),
        ("PATCH", "users/Administrator", json!({"role": "read"})),
        ("DELETE", "groups/administrators/users/Administrator", Value::Null),
    ] {
        assert_eq!(page(&server, &cookie, method, path, body).parts(), (409, json!({"error": why})), "{method} {path}");
    }
    // Changes without a loss of rights are allowed, and other users are not protected.
    assert_eq!(server.nuxeo("PUT", "/user/Administrator", Some(&user_body(json!({"firstName": "A"})))).status, 200);
    let groups = user_body(json!({"groups": ["chiefs", "members"]}));
    assert_eq!(server.nuxeo("PUT", "/user/Administrator", Some(&groups)).status, 200);
    assert_eq!(datadog("DELETE", "/api/v1/user/admin", Value::Null).status, 200);
    assert_eq!(server.nuxeo("DELETE", "/user/admin", None).status, 204);
    create_user(&server, json!({"username": "admin", "password": "secret", "groups": ["administrators"]}));
    // Commands can.
    for words in [
        &["group", "remove-member", "chiefs", "Administrator"][..],
        &["user", "disable", "Administrator"],
        &["user", "delete", "Administrator"],
    ] {
        let (status, _, err) = said(&run(&server.folder, words));
        assert_eq!(status, 0, "{words:?}: {err}");
    }
}

#[test]
fn protected_users_are_a_setting() {
    let server = Server::with(&["--protect", "ADA@example.com,bob"]);
    for name in ["ada@example.com", "bob"] {
        create_user(&server, json!({"username": name}));
        assert_eq!(server.datadog("DELETE", &format!("/api/v1/user/{name}"), None).status, 400, "{name}");
        assert_eq!(server.nuxeo("DELETE", &format!("/user/{name}"), None).status, 409, "{name}");
    }
    create_user(&server, json!({"username": "admin", "groups": ["administrators"]}));
    assert_eq!(server.nuxeo("DELETE", "/user/Administrator", None).status, 204);
    drop(server);
    let server = Server::with(&["--protect", ""]);
    create_user(&server, json!({"username": "admin", "groups": ["administrators"]}));
    assert_eq!(server.nuxeo("DELETE", "/user/Administrator", None).status, 204);
}

#[test]
fn first_administrator_has_a_display_name_in_every_list() {
    let server = Server::start();
    let shown = server.datadog("GET", "/api/v1/user/administrator", None).json();
    assert_eq!(shown["user"]["name"], json!("Administrator"));
}

// ------------------------------------------------------------------------------ hidden administrators

#[test]
fn administrators_can_be_hidden_in_nuxeo_by_a_setting() {
    for hides in [false, true] {
        let server = Server::with(if hides { &["--hide-administrators"] } else { &[] });
        create_user(&server, json!({"username": "ada", "password": "secret", "groups": ["members"]}));
        create_user(
            &server,
            json!({"username": "root", "password": "secret", "groups": ["administrators", "members"]}),
        );
        create_group(&server, json!({"id": "chiefs", "parentGroups": ["administrators"], "memberUsers": ["root"]}));
        // The administrator sees everything, before and after other callers have read the smaller document.
        for caller in ["root", "ada", "root"] {
            let sees = !hides || caller == "root";
            let get = |path: &str| server.nuxeo_as((caller, "secret"), "GET", path, None);
            for path in ["/user/root", "/user/search?q=root", "/group/members/@users?q=root"] {
                let mut shown = get(path).json();
                if let Some(entries) = shown.get("entries") {
                    shown = entries[0].clone();
                }
                assert_eq!(shown["id"], json!("root"), "{caller} {path}");
                assert_eq!(shown.get("isAdministrator").is_some(), sees, "{caller} {path}: {shown}");
                assert_eq!(shown.get("extendedGroups").is_some(), sees, "{caller} {path}: {shown}");
                assert_eq!(shown["properties"].get("groups").is_some(), sees, "{caller} {path}: {shown}");
            }
            let plain = get("/user/ada").json();
            assert_eq!(plain.get("isAdministrator").is_some(), sees, "{caller}: {plain}");
            assert_eq!(plain["properties"]["groups"], json!(["members"]), "{caller}");
            for group in ["administrators", "chiefs"] {
                let path = format!("/group/{group}?fetch-group=memberUsers,memberGroups,parentGroups");
                let shown = get(&path).json();
                assert_eq!(shown.get("memberUsers").is_some(), sees, "{caller} {group}: {shown}");
                assert_eq!(shown.get("memberGroups").is_some(), sees, "{caller} {group}: {shown}");
                assert!(shown.get("parentGroups").is_some(), "{caller} {group}: {shown}");
                for list in ["@users", "@groups"] {
                    let status = get(&format!("/group/{group}/{list}")).status;
                    assert_eq!(status, if sees { 200 } else { 403 }, "{caller} {group} {list}");
                }
            }
            let members = get("/group/members?fetch-group=memberUsers").json();
            assert_eq!(members["memberUsers"], json!(["ada", "root"]), "{caller}");
        }
        // A tag of one document never matches the other.
        let tag = |caller: &str| {
            let answer = server.nuxeo_as((caller, "secret"), "GET", "/user/root", None);
            answer.header("ETag").expect("a tag").to_owned()
        };
        assert_eq!(tag("root") == tag("ada"), !hides);
    }
}
