//! Extra properties with reserved names: no caller can store one, and one from an older version is never served.

use crate::support::cli::{run, run_with_input, said};
use crate::support::database::{Database, State};
use crate::support::folder::Folder;
use crate::support::nuxeo::{create_group, create_user, user_body};
use crate::support::server::{ADMIN_PASSWORD, Server};
use crate::support::ui::{page, sign_in};
use serde_json::json;
use std::sync::Arc;

/// Names that some dialect answers itself, in several spellings.
const PLANTED: [&str; 14] = [
    "groupname",
    "grouplabel",
    "isAdministrator",
    "password",
    "Password",
    "USERNAME",
    "groups",
    "Groups",
    "members",
    "memberUsers",
    "tenantid",
    "id",
    "entity-type",
    "\u{ff50}assword",
];

#[test]
fn reserved_property_name_is_never_stored() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    create_user(&server, json!({"username": "power", "password": "power power", "groups": ["powerusers"]}));
    let mut planted = serde_json::Map::new();
    for name in PLANTED {
        // Names with a meaning in this spelling are tested elsewhere.
        if !["password", "groups"].contains(&name) {
            planted.insert(name.to_owned(), json!("planted"));
        }
    }
    let mut properties = planted.clone();
    properties.insert("username".to_owned(), json!("victim"));
    let answer = server.nuxeo_as(("power", "power power"), "POST", "/user", Some(&user_body(json!(properties))));
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.text().matches("planted").count(), 0, "{}", answer.text());
    let mut group = planted.clone();
    group.extend(json!({"grouplabel": "L", "groupname": "victims"}).as_object().cloned().unwrap());
    let body = json!({"entity-type": "group", "id": "victims", "properties": group}).to_string();
    let answer = server.nuxeo("POST", "/group", Some(&body));
    assert_eq!((answer.status, answer.text().matches("planted").count()), (201, 0), "{}", answer.text());
    let all = json!(PLANTED.iter().map(|name| (*name, "planted")).collect::<std::collections::BTreeMap<_, _>>());
    let cookie = sign_in(&server, "Administrator", ADMIN_PASSWORD);
    for (method, path, body) in [
        ("POST", "users", json!({"name": "paged", "properties": all})),
        ("PATCH", "users/victim", json!({"properties": all})),
        ("POST", "groups", json!({"name": "paged", "properties": all})),
        ("PATCH", "groups/victims", json!({"properties": all})),
    ] {
        let answer = page(&server, &cookie, method, path, body);
        assert!([200, 201].contains(&answer.status), "{method} {path}: {}", answer.text());
        assert!(!answer.text().contains("planted"), "{method} {path}: {}", answer.text());
    }
    let lines = format!(
        "{}\n{}\n",
        json!({"name": "filed", "properties": all}),
        json!({"kind": "group", "name": "filed", "properties": all})
    );
    let (_, out, err) = said(&run_with_input(&folder, &["import", "-", "--format", "jsonl"], &lines));
    assert!(out.contains("2 created"), "{out}{err}");
    assert_eq!(State::of(&folder).texts("select attributes from users where attributes like '%planted%'"), [""; 0]);
    assert_eq!(State::of(&folder).texts("select attributes from groups where attributes like '%planted%'"), [""; 0]);
    // The tenant is a property that Nuxeo has, in this spelling.
    assert_eq!(server.nuxeo("PUT", "/user/victim", Some(&user_body(json!({"tenantId": "t"})))).status, 200);
    assert_eq!(server.nuxeo("GET", "/user/victim", None).json()["properties"]["tenantId"], json!("t"));
}

#[test]
fn stored_reserved_property_is_not_served_and_can_be_repaired() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    create_user(&server, json!({"username": "ada", "badge": "1"}));
    create_group(&server, json!({"id": "team", "properties": {"color": "red"}}));
    assert!(server.stop().success());
    let database = Database::open(folder.db()).expect("the database");
    let attributes = r#"{"Password":"gotcha","isAdministrator":true,"badge":"1","members":[1.10]}"#;
    for sql in [
        "update users set attributes = ?1 where username = 'ada'",
        "update groups set attributes = ?1 where name = 'team'",
    ] {
        database.execute(sql, [attributes]).expect("a row");
    }
    drop(database);
    let server = Server::over(Arc::clone(&folder), &[]);
    for path in ["/user/ada", "/group/team", "/user/search?q=ada", "/group/search?q=team"] {
        let text = server.nuxeo("GET", path, None).text().to_owned();
        assert!(
            !text.contains("gotcha") && !text.contains("\"members\"") && text.contains("\"badge\":\"1\""),
            "{text}"
        );
    }
    // A client that sends back the document that it has read sets no password and changes nothing.
    let shown = server.nuxeo("GET", "/user/ada", None).text().to_owned();
    assert_eq!(server.nuxeo("PUT", "/user/ada", Some(&shown)).status, 200);
    let (status, out, _) = said(&run(&folder, &["check"]));
    assert_eq!(status, 1);
    for property in ["Password", "isAdministrator", "members"] {
        for owner in ["user \"ada\"", "group \"team\""] {
            let line = format!(
                "{owner}: the property {property:?} has the name of a field and is not served (--repair removes it)"
            );
            assert!(out.contains(&line), "{line} in {out}");
        }
    }
    let (status, out, err) = said(&run(&folder, &["check", "--repair"]));
    assert_eq!(status, 0, "{err}");
    assert_eq!(
        out,
        "user \"ada\": removed \"Password\": \"gotcha\"\nuser \"ada\": removed \"isAdministrator\": true\n\
         user \"ada\": removed \"members\": [1.10]\ngroup \"team\": removed \"Password\": \"gotcha\"\n\
         group \"team\": removed \"isAdministrator\": true\ngroup \"team\": removed \"members\": [1.10]\nremoved 6 properties\n"
    );
    assert_eq!(said(&run(&folder, &["check"])).0, 0);
    assert_eq!(said(&run(&folder, &["check", "--repair"])).1, "removed 0 properties\n");
    assert_eq!(server.nuxeo("GET", "/user/ada", None).json()["properties"]["badge"], json!("1"));
    assert!(server.stop().success());
    assert_eq!(said(&run(&folder, &["check", "--repair"])).1, "removed 0 properties\n");
}
