//! One directory: SCIM shows what other dialects write, and they show what SCIM writes.

use crate::support::changes::changes;
use crate::support::cli::{run, run_with_input, said};
use crate::support::client::basic;
use crate::support::folder::Folder;
use crate::support::nuxeo::{cookie_of, create_group, create_user, user_body};
use crate::support::nuxeo_groups::lists;
use crate::support::scim::{call, call_as, create, expect, find_id, id_of, patch, replace};
use crate::support::server::Server;
use serde_json::{Value, json};
use std::sync::Arc;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// The resource at a path.
pub(super) fn get(server: &Server, path: &str) -> Value {
    expect(&call(server, "GET", path, &Value::Null), 200)
}

pub(super) fn change(server: &Server, path: &str, attribute: &str, value: Value) -> Value {
    expect(&call(server, "PATCH", path, &replace(attribute, value)), 200)
}

/// The properties of a user as Nuxeo shows them.
fn nuxeo_user(server: &Server, name: &str) -> Value {
    let answer = server.nuxeo("GET", &format!("/user/{name}"), None);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["properties"].clone()
}

pub(super) fn nuxeo_change(server: &Server, name: &str, properties: Value) {
    let answer = server.nuxeo("PUT", &format!("/user/{name}"), Some(&user_body(properties)));
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// The user as Datadog shows it.
fn datadog_user(server: &Server, name: &str) -> Value {
    let answer = server.datadog("GET", &format!("/api/v1/user/{name}"), None);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["user"].clone()
}

#[test]
fn a_user_of_scim_is_one_of_all_dialects() {
    let server = Server::with(&[]);
    let user = create(
        &server,
        "/Users",
        &json!({
            "userName": "Ada@example.com", "name": {"givenName": "Ada", "familyName": "King"}, "title": "Countess",
            "displayName": "Ada King", "externalId": "e-1", "password": "open sesame",
            "emails": [{"value": "ada@example.com", "type": "work", "primary": true}],
            ENTERPRISE: {"organization": "Engines"}, "active": true,
        }),
    );
    let path = format!("/Users/{}", id_of(&user));
    let nuxeo = nuxeo_user(&server, "ada@example.com");
    for (name, value) in [
        ("username", "Ada@example.com"),
        ("firstName", "Ada"),
        ("lastName", "King"),
        ("email", "ada@example.com"),
        ("company", "Engines"),
    ] {
        assert_eq!(nuxeo[name], value, "{nuxeo}");
    }
    let datadog = datadog_user(&server, "Ada@example.com");
    assert_eq!((&datadog["name"], &datadog["title"]), (&json!("Ada King"), &json!("Countess")));
    assert_eq!((&datadog["email"], &datadog["disabled"]), (&json!("ada@example.com"), &json!(false)));
    // The password is one for all.
    let me = basic("ada@example.com", "open sesame");
    assert_eq!(call_as(&server, &me, "GET", "/Me", &Value::Null).status, 200);
    assert_eq!(server.nuxeo_as(("ada@example.com", "open sesame"), "GET", "/me", None).status, 200);
    // A rename changes the key of the others; the membership and the password stay.
    create_group(&server, json!({"id": "team", "memberUsers": ["Ada@example.com"]}));
    let renamed = change(&server, &path, "userName", json!("lovelace"));
    assert_eq!((&renamed["userName"], &renamed["id"]), (&json!("lovelace"), &user["id"]));
    assert_eq!(server.nuxeo("GET", "/user/ada@example.com", None).status, 404);
    assert_eq!(server.datadog("GET", "/api/v1/user/ada@example.com", None).status, 404);
    assert_eq!(nuxeo_user(&server, "lovelace")["groups"], json!(["team"]));
    assert_eq!(lists(&server, "team")[0], json!(["lovelace"]));
    assert_eq!(server.nuxeo_as(("lovelace", "open sesame"), "GET", "/me", None).status, 200);
    // Disabling and enabling, both ways.
    assert_eq!(change(&server, &path, "active", json!("False"))["active"], false);
    assert_eq!(datadog_user(&server, "lovelace")["disabled"], true);
    assert_eq!(server.nuxeo_as(("lovelace", "open sesame"), "GET", "/me", None).status, 401);
    let body = r#"{"disabled": false}"#;
    assert_eq!(server.datadog("PUT", "/api/v1/user/lovelace", Some(body)).status, 200);
    assert_eq!(get(&server, &path)["active"], true);
    assert_eq!(server.datadog("DELETE", "/api/v1/user/lovelace", None).status, 200);
    assert_eq!(get(&server, &path)["active"], false);
    // A PUT without `active` does not enable the user; one with it does.
    assert_eq!(expect(&call(&server, "PUT", &path, &json!({"userName": "lovelace"})), 200)["active"], false);
    assert_eq!(datadog_user(&server, "lovelace")["title"], Value::Null);
    assert_eq!(nuxeo_user(&server, "lovelace")["email"], Value::Null);
    assert_eq!(
        expect(&call(&server, "PUT", &path, &json!({"userName": "lovelace", "active": true})), 200)["active"],
        true
    );
    assert_eq!(datadog_user(&server, "lovelace")["disabled"], false);
    // After its removal, SCIM does not show `active` until SCIM sets it again.
    let removed = patch(&json!([{"op": "remove", "path": "active"}]));
    assert!(expect(&call(&server, "PATCH", &path, &removed), 200).get("active").is_none());
    assert_eq!(datadog_user(&server, "lovelace")["disabled"], false);
    assert_eq!(change(&server, &path, "active", json!(true))["active"], true);
    // Deleting.
    assert_eq!(call(&server, "DELETE", &path, &Value::Null).status, 204);
    assert_eq!(server.nuxeo("GET", "/user/lovelace", None).status, 404);
    assert_eq!(server.datadog("GET", "/api/v1/user/lovelace", None).status, 404);
    assert_eq!(lists(&server, "team")[0], json!([]));
    // A user of the same name is another one.
    create_user(&server, json!({"username": "lovelace"}));
    assert_ne!(find_id(&server, "/Users", "lovelace"), id_of(&user));
    assert_eq!(server.nuxeo("DELETE", "/user/lovelace", None).status, 204);
    let rest = expect(&call(&server, "GET", "/Users?count=0", &Value::Null), 200);
    assert_eq!(rest["totalResults"], 1);
}

#[test]
fn other_dialects_change_one_address_of_a_list() {
    let server = Server::with(&[]);
    let user = create(&server, "/Users", &json!({"userName": "ada"}));
    let path = format!("/Users/{}", id_of(&user));
    for attribute in ["emails", "phoneNumbers"] {
        let (column, one, two, three) = match attribute {
            "emails" => ("email", "one@example.com", "two@example.com", "three@example.com"),
            _ => ("phone", "+1 1", "+2 2", "+3 3"),
        };
        let seen = || get(&server, &path)[attribute].clone();
        // Nuxeo has no property for a phone number: the command line writes it.
        let write = |text: &str| match column {
            "email" => nuxeo_change(&server, "ada", json!({"email": text})),
            _ => {
                let output = run(&server.folder, &["user", "set", "ada", "--phone", text]);
                assert!(output.status.success(), "{output:?}");
            }
        };
        let read = || {
            let output = run(&server.folder, &["user", "show", "ada", "--format", "json"]);
            let shown: Value = serde_json::from_slice(&output.stdout).expect("a user");
            shown[column].as_str().unwrap_or_default().to_owned()
        };
        assert_eq!((seen(), read().as_str()), (Value::Null, ""));
        // A new address of another dialect is the primary one for work.
        write(one);
        assert_eq!(seen(), json!([{"value": one, "type": "work", "primary": true}]));
        write("");
        assert_eq!(seen(), Value::Null);
        // The primary one, else the first for work, else the first is what others see.
        for (list, shown) in [
            (json!([{"value": one, "type": "home"}, {"value": two, "type": "work"}]), two),
            (json!([{"value": one, "type": "home"}, {"value": two}]), one),
            (json!([{"value": one, "type": "work"}, {"value": two, "primary": true, "type": "other"}]), two),
            (json!([{"value": one}]), one),
            (json!([{"value": two, "type": "work", "primary": true}]), two),
        ] {
            let sent = change(&server, &path, attribute, list.clone());
            assert_eq!((&sent[attribute], read().as_str()), (&list, shown));
            assert_eq!(seen(), list);
        }
        let list = json!([
            {"value": one, "type": "home", "display": "One"}, {"value": two, "type": "work", "primary": true, "display": "Two"},
        ]);
        change(&server, &path, attribute, list.clone());
        write(three);
        let mut changed = list.clone();
        changed[1] = json!({"value": three, "type": "work", "primary": true});
        assert_eq!(seen(), changed);
        write("");
        assert_eq!(seen(), json!([list[0]]));
        write(two);
        assert_eq!(seen()[1]["value"], two);
        assert_eq!(seen()[0], list[0]);
        // The change of another attribute moves no address.
        change(&server, &path, "nickName", json!(attribute));
        assert_eq!((seen()[1]["value"].as_str(), read().as_str()), (Some(two), two));
        // The only address goes.
        change(&server, &path, attribute, json!([{"value": one, "type": "home"}]));
        write("");
        assert_eq!(seen(), Value::Null);
        write(three);
        assert_eq!(seen(), json!([{"value": three, "type": "home"}]));
        let none = change(&server, &path, attribute, json!([]));
        assert_eq!((&none[attribute], read().as_str()), (&Value::Null, ""));
    }
}

#[test]
fn an_address_that_is_none_is_shown_to_its_writer_only() {
    let server = Server::with(&[]);
    let path = format!("/Users/{}", id_of(&create(&server, "/Users", &json!({"userName": "ada"}))));
    // A client reads what it has written.
    let list = json!([{"value": "no address", "type": "work", "primary": true}]);
    assert_eq!(change(&server, &path, "emails", list.clone())["emails"], list);
    assert_eq!(get(&server, &path)["emails"], list);
    assert_eq!(nuxeo_user(&server, "ada")["email"], "no address");
    // SCIM's clients refuse such a text of another dialect, in a list or alone.
    nuxeo_change(&server, "ada", json!({"email": "nothing"}));
    assert_eq!(get(&server, &path)["emails"], Value::Null);
    change(&server, &path, "emails", json!([{"value": "a@example.com"}, {"value": "b@example.com", "type": "work"}]));
    nuxeo_change(&server, "ada", json!({"email": "nothing"}));
    assert_eq!(get(&server, &path)["emails"], json!([{"value": "a@example.com"}]));
    change(&server, &path, "nickName", json!("n"));
    assert_eq!(nuxeo_user(&server, "ada")["email"], "nothing", "another change keeps it");
    nuxeo_change(&server, "ada", json!({"email": "c@example.com"}));
    assert_eq!(get(&server, &path)["emails"][1], json!({"value": "c@example.com", "type": "work"}));
}

#[test]
fn groups_have_one_name_and_a_label() {
    let server = Server::with(&[]);
    let ada = id_of(&create(&server, "/Users", &json!({"userName": "ada"})));
    let body =
        json!({"displayName": "Team One", "externalId": "g-1", "members": [{"value": ada, "display": "Countess"}]});
    let group = create(&server, "/Groups", &body);
    let path = format!("/Groups/{}", id_of(&group));
    assert_eq!(group["members"][0]["display"], "Countess");
    let nuxeo = |name: &str| server.nuxeo("GET", &format!("/group/{name}"), None);
    assert_eq!(nuxeo("Team%20One").json()["grouplabel"], "Team One");
    assert_eq!(lists(&server, "Team One")[0], json!(["ada"]));
    // A rename through SCIM changes the label and keeps the path of the others.
    assert_eq!(call(&server, "PATCH", &path, &replace("displayName", json!("Team Two"))).status, 204);
    assert_eq!(nuxeo("Team%20One").json()["grouplabel"], "Team Two");
    assert_eq!(nuxeo("Team%20Two").status, 404);
    let group = get(&server, &path);
    assert_eq!((&group["displayName"], &group["externalId"]), (&json!("Team Two"), &json!("g-1")));
    let user = get(&server, &format!("/Users/{ada}"));
    assert_eq!(
        user["groups"],
        json!([{
            "value": group["id"], "$ref": group["meta"]["location"], "display": "Team Two", "type": "direct",
        }])
    );
    // Names and labels are taken, in any case.
    create_group(&server, json!({"id": "other", "grouplabel": "Label"}));
    for name in ["team one", "TEAM TWO", "OTHER", "label"] {
        let answer = call(&server, "POST", "/Groups", &json!({ "displayName": name }));
        assert_eq!((answer.status, &answer.json()["scimType"]), (409, &json!("uniqueness")), "{name}");
    }
    // A label of Nuxeo is the display name.
    let body = json!({"entity-type": "group", "grouplabel": "By Nuxeo", "memberUsers": ["ada", "pending"]}).to_string();
    assert_eq!(server.nuxeo("PUT", "/group/Team%20One", Some(&body)).status, 200);
    let group = get(&server, &path);
    assert_eq!(group["displayName"], "By Nuxeo");
    let members = group["members"].as_array().expect("members");
    assert_eq!(members.len(), 1, "a pending member of Nuxeo is none of SCIM: {group}");
    assert_eq!(find_id(&server, "/Groups", "by nuxeo"), id_of(&group));
    // A new user with the pending name is a member for all.
    let pending = id_of(&create(&server, "/Users", &json!({"userName": "Pending"})));
    let values = |group: &Value| -> Vec<String> {
        let members = group["members"].as_array().expect("members").iter();
        members.map(|member| member["value"].as_str().expect("a value").to_owned()).collect()
    };
    assert_eq!(values(&get(&server, &path)), [ada.clone(), pending.clone()]);
    // A member that does not exist is one for SCIM alone.
    let add = patch(&json!([{"op": "add", "path": "members", "value": [{"value": "unknown", "display": "?"}]}]));
    assert_eq!(call(&server, "PATCH", &path, &add).status, 204);
    assert_eq!(values(&get(&server, &path)), [ada.clone(), pending.clone(), "unknown".to_owned()]);
    assert_eq!(lists(&server, "Team One")[0], json!(["ada", "pending"]));
    // A subgroup: direct and indirect groups.
    let above = create(&server, "/Groups", &json!({"displayName": "above", "members": [{"value": group["id"]}]}));
    assert_eq!(above["members"][0]["type"], "Group");
    assert_eq!(lists(&server, "above")[1], json!(["Team One"]));
    let types: Vec<Value> = get(&server, &format!("/Users/{ada}"))["groups"]
        .as_array()
        .expect("groups")
        .iter()
        .map(|group| json!([group["display"], group["type"]]))
        .collect();
    assert_eq!(types, [json!(["By Nuxeo", "direct"]), json!(["above", "indirect"])]);
    // Removing a member elsewhere, and the group.
    assert_eq!(server.nuxeo("DELETE", "/user/ada", None).status, 204);
    assert_eq!(values(&get(&server, &path)), [pending, "unknown".to_owned()]);
    assert_eq!(server.nuxeo("DELETE", "/group/Team%20One", None).status, 204);
    assert_eq!(call(&server, "GET", &path, &Value::Null).status, 404);
    assert!(get(&server, &format!("/Groups/{}", id_of(&above))).get("members").is_none());
}

#[test]
fn changes_of_scim_are_in_the_feed_and_end_sessions() {
    let server = Server::with(&[]);
    let (_, next) = changes(&server, "0");
    let ada = create(&server, "/Users", &json!({"userName": "ada", "password": "open sesame"}));
    let path = format!("/Users/{}", id_of(&ada));
    let group = create(&server, "/Groups", &json!({"displayName": "g", "members": [{"value": ada["id"]}]}));
    let group_path = format!("/Groups/{}", id_of(&group));
    change(&server, &path, "userName", json!("lovelace"));
    change(&server, &path, "nickName", json!("x"));
    let (feed, next) = changes(&server, &next);
    assert!(feed.len() >= 4, "{feed:?}");
    for line in &feed {
        assert_eq!(line["dialect"], "scim", "{line}");
        assert!(!line.to_string().contains("sesame") && !line.to_string().contains("argon2"), "{line}");
    }
    // A new password ends sessions and tokens; a rename does not.
    let login = ("lovelace", "open sesame");
    let authorization = basic(login.0, login.1);
    let path_of_token = "/nuxeo/authentication/token?applicationName=a&deviceId=d&permission=rw";
    let token = server.request("GET", path_of_token, &[("Authorization", &authorization)], None).text().to_owned();
    let cookie = cookie_of(&server, login);
    let valid = |token: &str, cookie: &str| {
        let by_cookie = server.request("GET", "/nuxeo/api/v1/me", &[("Cookie", cookie)], None).status;
        let by_token = call_as(&server, &format!("Bearer {token}"), "GET", "/Me", &Value::Null).status;
        (by_cookie, by_token)
    };
    assert_eq!(valid(&token, &cookie), (200, 200));
    change(&server, &path, "userName", json!("ada"));
    assert_eq!(valid(&token, &cookie), (200, 200));
    change(&server, &path, "password", json!("another one"));
    assert_eq!(valid(&token, &cookie), (401, 401));
    assert_eq!(server.nuxeo_as(("ada", "open sesame"), "GET", "/me", None).status, 401);
    assert_eq!(server.nuxeo_as(("ada", "another one"), "GET", "/me", None).status, 200);
    // A hash is no password.
    let hash = "$2y$10$abcdefghijklmnopqrstuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu";
    change(&server, &path, "password", json!(hash));
    assert_eq!(server.nuxeo_as(("ada", hash), "GET", "/me", None).status, 401);
    assert_eq!(server.nuxeo_as(("ada", "another one"), "GET", "/me", None).status, 200);
    assert_eq!(call(&server, "DELETE", &group_path, &Value::Null).status, 204);
    assert_eq!(call(&server, "DELETE", &path, &Value::Null).status, 204);
    let (feed, _) = changes(&server, &next);
    assert!(feed.iter().filter(|line| line["dialect"] == "scim").count() >= 4, "{feed:?}");
    assert!(!format!("{feed:?}").contains("another one"));
}

/// Everything that SCIM shows, without addresses, times and versions.
fn everything(server: &Server) -> Value {
    let mut all = expect(&call(server, "GET", "/", &Value::Null), 200)["Resources"].clone();
    for resource in all.as_array_mut().expect("resources") {
        resource.as_object_mut().expect("a resource").remove("meta");
        for attribute in ["groups", "members"] {
            let elements = resource[attribute].as_array_mut().map(|elements| elements.iter_mut());
            for element in elements.into_iter().flatten() {
                element.as_object_mut().expect("an element").remove("$ref");
            }
            if resource[attribute].is_null() {
                resource.as_object_mut().expect("a resource").remove(attribute);
            }
        }
    }
    all
}

#[test]
fn exports_and_backups_have_what_scim_alone_shows() {
    let server = Server::with(&[]);
    let ada = create(
        &server,
        "/Users",
        &json!({
            "userName": "ada", "externalId": "e-1", "nickName": "Countess", "locale": "en-GB", "password": "open sesame",
            "name": {"givenName": "Ada", "formatted": "Ada, Countess of Lovelace"},
            "emails": [{"value": "a@example.com", "type": "home"}, {"value": "b@example.com", "type": "work"}],
            "phoneNumbers": [{"value": "+44 1", "type": "mobile"}], "addresses": [{"locality": "London", "country": "GB"}],
            ENTERPRISE: {"employeeNumber": "1", "organization": "Engines", "manager": {"value": "m"}},
        }),
    );
    let members = json!([{"value": ada["id"], "display": "Ada"}, {"value": "unknown"}]);
    create(&server, "/Groups", &json!({"displayName": "team", "externalId": "g-1", "members": members}));
    let before = everything(&server);
    let exported = server.folder.path().join("all.jsonl");
    let (status, _, err) = said(&run(
        &server.folder,
        &["export", "--with-passwords", "--format", "jsonl", exported.to_str().expect("text")],
    ));
    assert_eq!(status, 0, "{err}");
    let backup = server.folder.path().join("copy.db");
    let backup = backup.to_str().expect("text");
    let (status, _, err) = said(&run(&server.folder, &["backup", backup]));
    assert_eq!(status, 0, "{err}");
    // The import into a directory of its own brings all of a user and of a group back, except what only the members of
    // SCIM say.
    let folder = Arc::new(Folder::new());
    assert!(Server::over(Arc::clone(&folder), &[]).stop().success());
    let (status, out, err) =
        said(&run(&folder, &["import", "--on-conflict", "update", exported.to_str().expect("text")]));
    assert_eq!(status, 0, "{out}{err}");
    let imported = Server::over(Arc::clone(&folder), &[]);
    let shown = |all: &Value, name: &str| {
        let users = all.as_array().expect("resources").iter();
        let mut found = users.filter(|user| user["userName"] == name).cloned().collect::<Vec<_>>().remove(0);
        for key in ["id", "groups"] {
            found.as_object_mut().expect("a user").remove(key);
        }
        found
    };
    assert_eq!(shown(&everything(&imported), "ada"), shown(&before, "ada"));
    assert_eq!(imported.nuxeo_as(("ada", "open sesame"), "GET", "/me", None).status, 200);
    drop(imported);
    // The backup brings everything back.
    let folder = Arc::new(Folder::new());
    let (status, out, err) = said(&run_with_input(&folder, &["restore", backup], ""));
    assert_eq!(status, 0, "{out}{err}");
    let restored = Server::over(folder, &[]);
    assert_eq!(everything(&restored), before);
}
