//! The permission table of users and groups.

use crate::support::nuxeo::{assert_refused, create_group, create_user, reference_directory, refusal, user_body};
use crate::support::nuxeo_auth::{CREATE, EDIT, MEMBERSHIP, is_administrator};
use crate::support::server::Server;
use serde_json::{Value, json};

/// The operations of the permission table. `WHO` stands for the caller, so that each one has targets of its own.
/// The statuses are those for an anonymous caller, an ordinary user, a power user and an administrator.
pub fn operations() -> Vec<(&'static str, &'static str, Value, [u16; 4], &'static str)> {
    const ALL: [u16; 4] = [401, 200, 200, 200];
    let none = Value::Null;
    let user =
        |name: &str, groups: Value| json!({"entity-type": "user", "properties": {"username": name, "groups": groups}});
    let change = |properties: Value| json!({"entity-type": "user", "properties": properties});
    let group = |id: &str, parents: Value| json!({"entity-type": "group", "id": id, "parentGroups": parents});
    let label = |id: &str| json!({"entity-type": "group", "id": id, "grouplabel": "changed by WHO"});
    let mut rows = vec![
        ("GET", "/user/plain", none.clone(), ALL, ""),
        ("GET", "/user/root", none.clone(), ALL, ""),
        ("GET", "/user/search?q=*", none.clone(), ALL, ""),
        ("GET", "/group/members", none.clone(), ALL, ""),
        ("GET", "/group/administrators?fetch-group=memberUsers", none.clone(), ALL, ""),
        ("GET", "/group/search?q=*", none.clone(), ALL, ""),
        ("GET", "/group/administrators/@users", none.clone(), ALL, ""),
        ("GET", "/group/administrators/@groups", none.clone(), ALL, ""),
        ("GET", "/user/transient/foo@bar.com/1", none.clone(), ALL, ""),
        ("GET", "/me", none.clone(), ALL, ""),
        ("PUT", "/me/changepassword", json!({"oldPassword": "sesame", "newPassword": "sesame"}), ALL, ""),
        ("GET", "/token", none.clone(), ALL, ""),
        ("POST", "/automation/login", none.clone(), ALL, ""),
        ("GET", "/automation", none.clone(), [200; 4], ""),
        ("POST", "/user", user("new-WHO", json!([])), [401, 403, 201, 201], CREATE),
        ("POST", "/user", user("new-power-WHO", json!(["powerusers"])), [401, 403, 201, 201], CREATE),
        ("POST", "/user", user("new-admin-WHO", json!(["administrators"])), [401, 403, 403, 201], CREATE),
        ("POST", "/user", user("new-ops-WHO", json!(["members", "ops"])), [401, 403, 403, 201], CREATE),
        ("PUT", "/user/target-WHO", change(json!({"firstName": "WHO"})), [401, 403, 200, 200], EDIT),
        ("PUT", "/user/WHO", change(json!({"firstName": "oneself"})), [401, 403, 200, 200], EDIT),
        ("PUT", "/user/admin-WHO", change(json!({"firstName": "WHO"})), [401, 403, 403, 200], EDIT),
        ("PUT", "/user/opsman-WHO", change(json!({"firstName": "WHO"})), [401, 403, 403, 200], EDIT),
        ("PUT", "/user/admin-WHO", change(json!({"groups": ["members"]})), [401, 403, 403, 200], EDIT),
        ("PUT", "/user/target-WHO", change(json!({"groups": ["administrators"]})), [401, 403, 403, 200], EDIT),
        ("PUT", "/user/target-WHO", change(json!({"groups": ["ops"]})), [401, 403, 403, 200], EDIT),
        ("PUT", "/user/target-WHO", change(json!({"groups": ["members"]})), [401, 403, 200, 200], EDIT),
        ("PUT", "/user/WHO", change(json!({"groups": ["WHO-s", "administrators"]})), [401, 403, 403, 200], EDIT),
        ("DELETE", "/user/doomed-WHO", none.clone(), [401, 403, 204, 204], EDIT),
        ("DELETE", "/user/doomed-admin-WHO", none.clone(), [401, 403, 403, 204], EDIT),
        ("DELETE", "/user/doomed-ops-WHO", none.clone(), [401, 403, 403, 204], EDIT),
        ("POST", "/group", group("new-WHO", json!([])), [401, 403, 201, 201], CREATE),
        ("POST", "/group", group("new-child-WHO", json!(["members"])), [401, 403, 201, 201], CREATE),
        ("POST", "/group", group("new-admins-WHO", json!(["administrators"])), [401, 403, 403, 201], CREATE),
        ("POST", "/group", group("new-ops-WHO", json!(["members", "ops"])), [401, 403, 403, 201], CREATE),
        ("PUT", "/group/team-WHO", label("team-WHO"), [401, 403, 200, 200], EDIT),
        ("PUT", "/group/administrators", label("administrators"), [401, 403, 403, 200], EDIT),
        ("PUT", "/group/ops", label("ops"), [401, 403, 403, 200], EDIT),
        ("PUT", "/group/team-WHO", group("team-WHO", json!(["ops"])), [401, 403, 403, 200], EDIT),
        ("PUT", "/group/team-WHO", group("team-WHO", json!(["administrators"])), [401, 403, 403, 200], EDIT),
        ("PUT", "/group/team-WHO", group("team-WHO", json!([])), [401, 403, 200, 200], EDIT),
        ("DELETE", "/group/doomed-WHO", none.clone(), [401, 403, 204, 204], EDIT),
        ("DELETE", "/group/doomed-ops-WHO", none.clone(), [401, 403, 403, 204], EDIT),
    ];
    for (user_side, group_side, made, ended) in [
        (
            "/user/target-WHO/group/team-WHO",
            "/group/team-WHO/user/target-WHO",
            [401, 403, 201, 201],
            [401, 403, 200, 200],
        ),
        // An administrator, and groups that give administrator rights: power users may not change them.
        (
            "/user/opsman-WHO/group/team-WHO",
            "/group/team-WHO/user/opsman-WHO",
            [401, 403, 403, 201],
            [401, 403, 403, 200],
        ),
        (
            "/user/target-WHO/group/administrators",
            "/group/administrators/user/target-WHO",
            [401, 403, 403, 201],
            [401, 403, 403, 200],
        ),
        ("/user/target-WHO/group/ops", "/group/ops/user/target-WHO", [401, 403, 403, 201], [401, 403, 403, 200]),
        ("/user/opsman-WHO/group/ops", "/group/ops/user/opsman-WHO", [401, 403, 403, 201], [401, 403, 403, 200]),
    ] {
        for path in [user_side, group_side] {
            rows.push(("POST", path, none.clone(), made, MEMBERSHIP));
            rows.push(("DELETE", path, none.clone(), ended, MEMBERSHIP));
            rows.push(("POST", path, none.clone(), made, MEMBERSHIP));
        }
    }
    rows
}

#[test]
fn each_caller_may_do_what_the_permission_table_says() {
    let server = Server::start();
    create_group(&server, json!({"id": "ops", "parentGroups": ["administrators"]}));
    let callers = ["none", "plain", "power", "root"];
    for name in callers {
        create_group(&server, json!({"id": format!("{name}-s")}));
        create_group(&server, json!({"id": format!("team-{name}")}));
        create_group(&server, json!({"id": format!("doomed-{name}")}));
        create_group(&server, json!({"id": format!("doomed-ops-{name}"), "parentGroups": ["ops"]}));
        for (prefix, groups) in [
            ("target", json!([])),
            ("doomed", json!([])),
            ("admin", json!(["administrators"])),
            ("doomed-admin", json!(["administrators"])),
            ("opsman", json!(["ops"])),
            ("doomed-ops", json!(["ops"])),
        ] {
            create_user(&server, json!({"username": format!("{prefix}-{name}"), "groups": groups}));
        }
    }
    for (name, groups) in [("plain", json!([])), ("power", json!(["powerusers"])), ("root", json!(["administrators"]))]
    {
        create_user(&server, json!({"username": name, "password": "sesame", "groups": groups}));
    }
    for (method, path, body, statuses, message) in operations() {
        for (caller, status) in callers.into_iter().zip(statuses) {
            let path = path.replace("WHO", caller);
            let body = (!body.is_null()).then(|| body.to_string().replace("WHO", caller));
            let answer = if caller == "none" {
                server.request(method, &format!("/nuxeo/api/v1{path}"), &[], body.as_deref().map(str::as_bytes))
            } else {
                server.nuxeo_as((caller, "sesame"), method, &path, body.as_deref())
            };
            let call = format!("{caller}: {method} {path} {}: {}", body.unwrap_or_default(), answer.text());
            match status {
                401 => assert_refused(&answer, 401, &call),
                403 => assert_eq!(answer.parts(), (403, refusal(403, message)), "{call}"),
                _ => assert_eq!(answer.status, status, "{call}"),
            }
        }
    }
    for name in ["plain", "power", "target-none", "target-plain", "target-power"] {
        assert!(!is_administrator(&server, name), "{name}");
    }
}

#[test]
fn missing_user_is_404_before_403() {
    let server = Server::start();
    create_user(&server, json!({"username": "plain", "password": "secret"}));
    let put = r#"{"entity-type":"user"}"#;
    for (method, path, body, message) in [
        ("GET", "/user/nobody", None, "user does not exist"),
        ("PUT", "/user/nobody", Some(put), "user does not exist"),
        ("DELETE", "/user/nobody", None, "user does not exist"),
        ("GET", "/group/nowhere", None, "group does not exist"),
        ("PUT", "/group/nowhere", Some(r#"{"entity-type":"group"}"#), "group does not exist"),
        ("DELETE", "/group/nowhere", None, "group does not exist"),
        ("POST", "/user/nobody/group/members", None, "user does not exist"),
        ("POST", "/user/plain/group/nowhere", None, "Group not found"),
        ("DELETE", "/group/members/user/nobody", None, "User not found"),
        ("DELETE", "/group/nowhere/user/plain", None, "group does not exist"),
    ] {
        let answer = server.nuxeo_as(("plain", "secret"), method, path, body);
        assert_eq!(answer.parts(), (404, refusal(404, message)), "{method} {path}");
    }
}

/// The reference server's own cases for ordinary and for power users.
#[test]
fn power_user_limits_of_the_reference_server_hold() {
    let server = reference_directory();
    let ordinary = ("user1", "user1");
    let power = ("user0", "user0");
    let change_user =
        |name: &str| json!({"entity-type": "user", "id": name, "properties": {"firstName": "x"}}).to_string();
    let change_group = json!({"entity-type": "group", "id": "group1", "grouplabel": "x"}).to_string();
    let (user2, user1) = (change_user("user2"), change_user("user1"));
    let new_user = user_body(json!({"username": "newuser"}));
    let new_group = json!({"entity-type": "group", "id": "newgroup"}).to_string();
    for (caller, method, path, body, message) in [
        (ordinary, "DELETE", "/user/user2", None, EDIT),
        (ordinary, "PUT", "/user/user2", Some(&user2), EDIT),
        (ordinary, "PUT", "/user/user1", Some(&user1), EDIT),
        (ordinary, "POST", "/user", Some(&new_user), CREATE),
        (ordinary, "POST", "/group", Some(&new_group), CREATE),
        (ordinary, "PUT", "/group/group1", Some(&change_group), EDIT),
        (ordinary, "DELETE", "/group/group1", None, EDIT),
        (ordinary, "POST", "/group/group1/user/user0", None, MEMBERSHIP),
        (ordinary, "DELETE", "/group/group1/user/user2", None, MEMBERSHIP),
        (power, "DELETE", "/user/Administrator", None, EDIT),
        (power, "DELETE", "/group/administrators", None, EDIT),
    ] {
        let answer = server.nuxeo_as(caller, method, path, body.map(String::as_str));
        assert_eq!(answer.parts(), (403, refusal(403, message)), "{caller:?} {method} {path}");
    }
    assert_eq!(server.nuxeo_as(power, "DELETE", "/user/user2", None).status, 204);
}
