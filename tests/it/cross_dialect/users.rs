//! Users that one dialect creates, disables or deletes, seen by the other.

use super::{bare, datadog_create, datadog_put, datadog_user, entity, nuxeo_put, seen, sorted_handles, user_in};
use crate::support::client::basic;
use crate::support::database::Database;
use crate::support::folder::Folder;
use crate::support::nuxeo::{
    assert_refused, can_log_in, check, create_group, create_user, escaped, ids, refusal, user, user_body,
};
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use serde_json::{Value, json};
use std::sync::Arc;

#[test]
fn a_path_of_no_dialect_is_not_found() {
    let server = Server::start();
    for path in ["/", "/nothing", "/api/v1", "/nuxeox/api/v1/me", "/api/v1/group", "/api/v1/me"] {
        let answer = server.datadog("GET", path, None);
        assert_eq!(answer.parts(), (404, json!({"errors": ["Not found"]})), "{path}");
    }
}

#[test]
fn a_user_made_in_datadog_is_a_user_in_nuxeo() {
    let server = Server::start();
    let made = datadog_create(&server, json!({"handle": "Ada@Example.com", "name": "Ada King"}));
    let expected = json!({"name": "Ada King", "email": "ada@example.com"});
    assert_eq!(made, datadog_user("ada@example.com", expected));
    // The spelling is that of the creation, no names are split from the display name, and no address is invented.
    let ada = user("Ada@Example.com", json!({}), &[]);
    check(
        &server,
        &[
            ("GET", "/user/ada@example.com", "", 200, ada.clone()),
            ("GET", "/user/Ada@Example.com", "", 200, ada.clone()),
            ("GET", "/user/ADA%40EXAMPLE.COM", "", 200, ada),
        ],
    );
    assert_eq!(ids(&server, "/user/search?q=ada@"), ["Ada@Example.com"]);
    assert_eq!(ids(&server, "/user/search?q=*"), ["Ada@Example.com", "Administrator"]);

    datadog_create(&server, json!({"handle": "eve@example.com", "email": "Other@Example.com", "access_role": "ro"}));
    assert_eq!(entity(&server, "eve@example.com")["properties"]["email"], json!("other@example.com"));
    datadog_create(&server, json!({"handle": "zoe@example.com", "access_role": "adm"}));
    let zoe = user("zoe@example.com", json!({}), &[("administrators", "Administrators group")]);
    assert_eq!(entity(&server, "zoe@example.com"), zoe);
}

#[test]
fn a_user_made_in_nuxeo_is_a_user_in_datadog() {
    let server = Server::start();
    create_group(&server, json!({"id": "ops", "parentGroups": ["administrators"]}));
    let administrator = json!({"is_admin": true, "access_role": "adm"});
    for (name, properties, differences) in [
        ("Grace", json!({}), json!({})),
        ("first", json!({"firstName": "Grace"}), json!({"name": "Grace"})),
        ("last", json!({"lastName": "Hopper"}), json!({"name": "Hopper"})),
        ("both", json!({"firstName": "Grace", "lastName": "Hopper"}), json!({"name": "Grace Hopper"})),
        ("empty", json!({"firstName": "", "lastName": ""}), json!({})),
        ("mail", json!({"email": "grace@navy.mil"}), json!({"email": "grace@navy.mil"})),
        ("g@navy.mil", json!({}), json!({"email": "g@navy.mil"})),
        ("h@navy.mil", json!({"email": "grace@navy.mil"}), json!({"email": "grace@navy.mil"})),
        ("titled", json!({"title": "Rear Admiral"}), json!({"title": "Rear Admiral", "role": "Rear Admiral"})),
        ("extra", json!({"company": "Navy", "phone": "1", "tenantId": "x"}), json!({})),
        ("member", json!({"groups": ["members", "powerusers"]}), json!({})),
        ("admin", json!({"groups": ["administrators"]}), administrator.clone()),
        ("nested", json!({"groups": ["members", "ops"]}), administrator),
    ] {
        let mut properties = properties;
        properties["username"] = json!(name);
        create_user(&server, properties);
        assert_eq!(seen(&server, name), datadog_user(&name.to_lowercase(), differences), "{name}");
    }
    assert_eq!(sorted_handles(&server).len(), 14);
    assert_eq!(ids(&server, "/user/search?q=*").len(), 14);
}

#[test]
fn both_see_the_same_users() {
    let server = Server::start();
    datadog_create(&server, json!({"handle": "ada@example.com"}));
    create_user(&server, json!({"username": "Grace"}));
    assert_eq!(sorted_handles(&server), ["ada@example.com", "administrator", "grace"]);
    assert_eq!(ids(&server, "/user/search?q=*"), ["ada@example.com", "Administrator", "Grace"]);
    let all = server.datadog("GET", "/api/v1/user", None).json();
    for user in all["users"].as_array().expect("users") {
        let handle = user["handle"].as_str().expect("a handle");
        assert_eq!(bare(user.clone()), seen(&server, handle));
    }
    // Each refuses what the other holds already, in any spelling.
    let taken = json!({"errors": ["User with this handle already exists"]});
    create_user(&server, json!({"username": "Eve@Example.com"}));
    let again = server.datadog("POST", "/api/v1/user", Some(r#"{"handle":"eve@example.com","name":"changed"}"#));
    assert_eq!(again.parts(), (409, taken));
    let body = user_body(json!({"username": "ADA@example.com", "firstName": "changed"}));
    check(&server, &[("POST", "/user", &body, 409, refusal(409, "User already exists"))]);
    assert_eq!(entity(&server, "ada@example.com"), user("ada@example.com", json!({}), &[]));
    assert_eq!(seen(&server, "eve@example.com"), datadog_user("eve@example.com", json!({"email": "eve@example.com"})));
}

#[test]
fn each_dialect_applies_its_own_rule_for_new_logins() {
    let server = Server::start();
    let format = json!({"errors": ["Format of 'handle' should be email"]});
    for handle in ["grace", "mary ann", "team/ada", "administrator"] {
        let body = json!({"handle": handle}).to_string();
        assert_eq!(server.datadog("POST", "/api/v1/user", Some(&body)).parts(), (400, format.clone()), "{handle}");
    }
    assert_eq!(sorted_handles(&server), ["administrator"]);
}

#[test]
fn user_disabled_in_datadog_is_readable_in_nuxeo_but_cannot_log_in() {
    let server = Server::start();
    let ada = create_user(&server, json!({"username": "Ada", "password": "secret", "groups": ["members"]}));
    assert!(can_log_in(&server, "Ada", "secret"));
    let disabled = |expected: bool| {
        assert_eq!(seen(&server, "ada")["disabled"], json!(expected));
        assert_eq!(can_log_in(&server, "Ada", "secret"), !expected);
        assert_eq!(entity(&server, "ada"), ada);
        assert_eq!(ids(&server, "/user/search?q=ada"), ["Ada"]);
        assert_eq!(ids(&server, "/group/members/@users"), ["Ada"]);
    };
    disabled(false);
    let deleted = server.datadog("DELETE", "/api/v1/user/ADA", None);
    assert_eq!(deleted.parts(), (200, json!({"message": "User ADA disabled"})));
    disabled(true);
    let again = server.datadog("DELETE", "/api/v1/user/ada", None);
    assert_eq!(again.parts(), (400, json!({"errors": ["User is already disabled"]})));
    // Nuxeo changes a disabled user like any other; the user still cannot log in.
    nuxeo_put(&server, "ada", json!({"password": "secret"}));
    let body = user_body(json!({"username": "ada"}));
    check(&server, &[("POST", "/user", &body, 409, refusal(409, "User already exists"))]);
    disabled(true);
    datadog_put(&server, "ada", json!({"disabled": false}));
    disabled(false);
    datadog_put(&server, "ada", json!({"disabled": true}));
    disabled(true);
    assert_eq!(server.nuxeo("DELETE", "/user/ada", None).status, 204);
}

#[test]
fn user_deleted_in_nuxeo_is_gone_from_datadog_and_the_login_is_free() {
    let server = Server::start();
    let name = "ada@example.com";
    datadog_create(&server, json!({"handle": name, "name": "Ada", "access_role": "adm", "email": "other@example.com"}));
    nuxeo_put(&server, name, json!({"password": "secret", "title": "Countess", "firstName": "Ada"}));
    assert!(can_log_in(&server, name, "secret"));
    assert_eq!(server.datadog("DELETE", &format!("/api/v1/user/{name}"), None).status, 200);

    assert_eq!(server.nuxeo("DELETE", &format!("/user/{name}"), None).status, 204);
    let path = format!("/api/v1/user/{name}");
    let gone = json!({"errors": ["user not found"]});
    for (method, body) in [("GET", None), ("PUT", Some("{}")), ("DELETE", None)] {
        assert_eq!(server.datadog(method, &path, body).parts(), (404, gone.clone()), "{method}");
    }
    assert_eq!(sorted_handles(&server), ["administrator"]);
    assert_eq!(ids(&server, "/group/administrators/@users"), ["Administrator"]);

    // A new user of the login starts without rights.
    let fresh = datadog_user(name, json!({"email": name}));
    assert_eq!(datadog_create(&server, json!({"handle": name})), fresh);
    assert_eq!(seen(&server, name), fresh);
    assert_eq!(entity(&server, name), user(name, json!({}), &[]));
    assert!(!can_log_in(&server, name, "secret"));
}

#[test]
fn datadog_create_updates_a_disabled_nuxeo_user() {
    let server = Server::start();
    let name = "Ada@Example.com";
    create_user(&server, json!({"username": name, "password": "secret", "groups": ["members"], "phone": "1"}));
    datadog_put(&server, name, json!({"disabled": true, "access_role": "ro"}));
    let again = datadog_create(&server, json!({"handle": "ada@example.com", "name": "Ada", "disabled": false}));
    let email = "ada@example.com";
    let kept = json!({"disabled": true, "name": "Ada", "access_role": "ro", "email": email});
    assert_eq!(again, datadog_user(email, kept));
    assert!(!can_log_in(&server, name, "secret"));
    assert_eq!(entity(&server, name), user(name, json!({"phone": "1"}), &[("members", "Members group")]));

    let again = datadog_create(&server, json!({"handle": email, "access_role": "adm"}));
    assert_eq!(
        [&again["access_role"], &again["disabled"], &again["name"]],
        [&json!("adm"), &json!(true), &json!("Ada")]
    );
    assert_eq!(entity(&server, name)["properties"]["groups"], json!(["members", "administrators"]));
    let again = datadog_create(&server, json!({"handle": email, "access_role": "st"}));
    assert_eq!(again["access_role"], json!("st"));
    assert_eq!(entity(&server, name)["properties"]["groups"], json!(["members"]));
    datadog_put(&server, name, json!({"disabled": false}));
    assert!(can_log_in(&server, name, "secret"));
}

#[test]
fn a_user_is_verified_by_the_first_login() {
    let server = Server::start();
    create_user(&server, json!({"username": "grace", "password": "secret"}));
    datadog_create(&server, json!({"handle": "ada@example.com"}));
    let verified = |name: &str| seen(&server, name)["verified"].clone();
    assert_eq!([verified("grace"), verified("ada@example.com")], [json!(false), json!(false)]);
    assert!(!can_log_in(&server, "grace", "wrong"));
    assert_eq!(verified("grace"), json!(false), "a refused login does not verify the user");
    datadog_put(&server, "grace", json!({"verified": true}));
    assert_eq!(verified("grace"), json!(false), "a value from a client does not verify the user");
    assert!(can_log_in(&server, "grace", "secret"));
    assert_eq!([verified("grace"), verified("ada@example.com")], [json!(true), json!(false)]);
    nuxeo_put(&server, "grace", json!({"firstName": "Grace"}));
    assert_eq!(verified("grace"), json!(true));
    // Besides grace, only the administrator has logged in during this test.
    let all = server.datadog("GET", "/api/v1/user?filter=verified", None).json();
    let mut names: Vec<&str> =
        all["users"].as_array().expect("users").iter().map(|user| user["handle"].as_str().expect("a handle")).collect();
    names.sort();
    assert_eq!(names, ["administrator", "grace"]);
}

#[test]
fn a_user_made_in_datadog_logs_in_with_a_password_set_in_nuxeo() {
    let server = Server::start();
    let name = "Ada@Example.com";
    datadog_create(&server, json!({"handle": name, "name": "Ada", "access_role": "adm"}));
    for password in ["", "ada@example.com", name, "null", "None"] {
        assert!(!can_log_in(&server, name, password), "{password:?}");
    }
    nuxeo_put(&server, name, json!({"password": "secret"}));
    assert_eq!(seen(&server, name)["verified"], json!(false));
    for spelling in ["ada@example.com", name, "ADA@EXAMPLE.COM"] {
        let me = server.nuxeo_as((spelling, "secret"), "GET", "/me", None);
        assert_eq!(me.parts(), (200, user(name, json!({}), &[("administrators", "Administrators group")])));
    }
    assert_eq!(seen(&server, name)["verified"], json!(true));
    // The rights of an administrator, until Datadog takes them.
    let body = user_body(json!({"username": "new"}));
    assert_eq!(server.nuxeo_as((name, "secret"), "POST", "/user", Some(&body)).status, 201);
    datadog_put(&server, name, json!({"access_role": "st"}));
    let refused = server.nuxeo_as((name, "secret"), "DELETE", "/user/new", None);
    assert_eq!(refused.parts(), (403, refusal(403, "User is not allowed to edit users")));
}

#[test]
fn logins_that_are_no_email_addresses_work_on_every_datadog_route() {
    let server = Server::start();
    for name in [
        "Grace",
        "mary ann",
        "team/ada",
        "a/b/c",
        "日本語",
        "ZOË",
        "a+b",
        "100%",
        "50%2F",
        "a:b",
        "why?",
        "hash#tag",
        "\"quoted'",
        "back\\slash",
        "*",
        "users",
        "user",
    ] {
        create_user(&server, json!({"username": name, "firstName": "Ada"}));
        let handle = name.to_lowercase();
        let user = |differences: Value| {
            let mut all = json!({"name": "Ada"});
            for (key, value) in differences.as_object().expect("differences") {
                all[key] = value.clone();
            }
            datadog_user(&handle, all)
        };
        let escaped = escaped(name);
        let (path, plural) = (format!("/api/v1/user/{escaped}"), format!("/api/v1/users/{escaped}"));
        for path in [&path, &plural, &format!("{path}/"), &format!("//api/v1/user/{escaped}"), &format!("{path}?")] {
            assert_eq!(user_in(&server.datadog("GET", path, None)), user(json!({})), "{path}");
        }
        assert!(sorted_handles(&server).contains(&handle), "{name}");
        let put = server.datadog("PUT", &path, Some(r#"{"access_role":"ro"}"#));
        assert_eq!(user_in(&put), user(json!({"access_role": "ro"})), "{name}");
        let put = server.datadog("PUT", &plural, Some(r#"{"email":"ada@example.com"}"#));
        assert_eq!(user_in(&put), user(json!({"access_role": "ro", "email": "ada@example.com"})), "{name}");
        let deleted = server.datadog("DELETE", &path, None);
        assert_eq!(deleted.parts(), (200, json!({"message": format!("User {name} disabled")})), "{name}");
        let again = server.datadog("DELETE", &plural, None);
        assert_eq!(again.parts(), (400, json!({"errors": ["User is already disabled"]})), "{name}");
        let put = server.datadog("PUT", &path, Some(r#"{"disabled":false}"#));
        assert_eq!(user_in(&put), user(json!({"access_role": "ro", "email": "ada@example.com"})), "{name}");
    }
}

#[test]
fn the_row_id_of_a_deleted_user_is_never_used_again() {
    let folder = Arc::new(Folder::new());
    let ids = |server: Server| {
        assert!(server.stop().success());
        let connection = Database::open(folder.db()).expect("the database");
        ["users", "groups"].map(|table| -> i64 {
            connection.query_row(&format!("select max(id) from {table}"), [], |row| row.get(0)).expect("an id")
        })
    };
    let mut last = ids(Server::over(Arc::clone(&folder), &[]));
    for round in 0..3 {
        // The newest user is deleted and created again in the same run, and in the next one.
        let server = Server::over(Arc::clone(&folder), &[]);
        for name in ["ada", "eve"] {
            create_user(&server, json!({"username": name}));
            create_group(&server, json!({"id": name}));
            if name == "ada" {
                assert_eq!(server.nuxeo("DELETE", "/user/ada", None).status, 204);
                assert_eq!(server.nuxeo("DELETE", "/group/ada", None).status, 204);
            }
        }
        let now = ids(server);
        assert!((0..2).all(|table| now[table] >= last[table] + 2), "round {round}: {last:?} then {now:?}");
        let server = Server::over(Arc::clone(&folder), &[]);
        assert_eq!(server.nuxeo("DELETE", "/user/eve", None).status, 204);
        assert_eq!(server.nuxeo("DELETE", "/group/eve", None).status, 204);
        assert!(server.stop().success());
        last = now;
    }
}

#[test]
fn credentials_of_one_dialect_are_refused_by_the_others() {
    let server = Server::start();
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let answer = server.request("GET", "/api/v1/user", &[("Authorization", &authorization)], None);
    assert_eq!(answer.status, 403);
    let keys = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)];
    let answer = server.request("GET", "/nuxeo/api/v1/user/Administrator", &keys, None);
    assert_refused(&answer, 401, "keys");
    let token = get_token(&server);
    let headers = [("X-Authentication-Token", token.as_str()), ("DD-API-KEY", &token), ("DD-APPLICATION-KEY", &token)];
    assert_eq!(server.request("GET", "/api/v1/user", &headers, None).status, 403);
    for key in [API_KEY, APP_KEY] {
        let answer = server.request("GET", "/nuxeo/api/v1/me", &[("X-Authentication-Token", key)], None);
        assert_eq!(answer.status, 401, "{key}");
    }
}

fn get_token(server: &Server) -> String {
    let path = "/nuxeo/authentication/token?applicationName=a&deviceId=d&deviceDescription=x&permission=rw";
    let answer = server.request("GET", path, &[("Authorization", &basic("Administrator", ADMIN_PASSWORD))], None);
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.text().to_owned()
}
