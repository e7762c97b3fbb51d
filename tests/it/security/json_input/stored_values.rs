//! Hostile JSON that is stored.

use super::hostile::{KEYS, assert_valid, hostile_values, page};
use crate::support::cli::{run, said};
use crate::support::database::Database;
use crate::support::folder::Folder;
use crate::support::server::{APP_KEY, Server};
use crate::support::ui::session_cookie;
use rollbook::json::Json;
use std::sync::Arc;

/// Values that earlier versions may have stored, nested deeper than a client may send today.
fn stored_values() -> Vec<String> {
    let mut values = hostile_values();
    values.push(format!("{}{}", "[".repeat(990), "]".repeat(990)));
    values.push(format!("{}1{}", "{\"a\":".repeat(990), "}".repeat(990)));
    values
}

#[test]
fn stored_values_are_sent_as_valid_json_without_duplicate_keys() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    let values = stored_values();
    // Values that clients can send today come by HTTP.
    for (number, value) in hostile_values().iter().enumerate() {
        let user = format!(
            "{{\"entity-type\":\"user\",\"properties\":{{\"username\":\"sent{number}\",\"p\":{value},\"{}\":{value}}}}}",
            KEYS[number % 2]
        );
        assert_eq!(server.nuxeo("POST", "/user", Some(&user)).status, 201, "{user}");
        let group = format!(
            "{{\"entity-type\":\"group\",\"id\":\"team{number}\",\"properties\":{{\"p\":{value},\"{}\":{value}}}}}",
            KEYS[number % 2]
        );
        assert_eq!(server.nuxeo("POST", "/group", Some(&group)).status, 201, "{group}");
        let change = format!("{{\"entity-type\":\"user\",\"properties\":{{\"p\":[{value}]}}}}");
        assert_eq!(server.nuxeo("PUT", &format!("/user/sent{number}"), Some(&change)).status, 200, "{change}");
    }
    assert!(server.stop().success());
    // The others are written to the database, where an earlier version has stored them.
    let database = Database::open(folder.db()).expect("the database");
    for (number, value) in values.iter().enumerate() {
        let attributes = format!("{{\"{}\":{value},\"p\":{value}}}", KEYS[number % 2]);
        database
            .execute(
                "insert into users (uuid, username, username_key, attributes, created_at, updated_at)
                 values (?1, ?1, ?1, ?2, 0, 0)",
                [&format!("stored{number}"), &attributes],
            )
            .expect("a user");
        database
            .execute(
                "insert into groups (uuid, name, name_key, attributes, created_at, updated_at)
                 values (?1, ?1, ?1, ?2, 0, 0)",
                [&format!("kept{number}"), &attributes],
            )
            .expect("a group");
        database
            .execute(
                "insert into changes (at, caller_kind, caller, dialect, action, name, before, after)
                 values (0, 'user', 'x', 'nuxeo', 'user.updated', ?1, ?2, ?2)",
                [&format!("stored{number}"), &format!("{{\"properties\":{attributes}}}")],
            )
            .expect("a change");
    }
    drop(database);

    let server = Server::over(Arc::clone(&folder), &[]);
    let cookie = session_cookie(&server);
    let nuxeo = |path: &str| {
        let answer = server.nuxeo("GET", path, None);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_valid(answer.text(), path);
    };
    let ui = |path: &str| {
        let answer = page(&server, &cookie, "GET", path, None);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_valid(answer.text(), path);
    };
    for (number, value) in values.iter().enumerate() {
        nuxeo(&format!("/user/stored{number}"));
        nuxeo(&format!("/group/kept{number}"));
        ui(&format!("users/stored{number}"));
        ui(&format!("groups/kept{number}"));
        let shown = page(&server, &cookie, "GET", &format!("users/stored{number}"), None);
        let shown = Json::parse_stored(&shown.body).unwrap();
        let kept = shown.get("properties").and_then(|properties| properties.get("p")).expect("the property");
        assert_eq!(kept, &Json::parse_stored(value.as_bytes()).unwrap());
        // The page sends back the value that it has read, which changes nothing.
        if !value.starts_with("[[[[") && !value.starts_with("{\"a\":{\"a\":{") {
            let body = format!("{{\"properties\":{{\"p\":{value}}}}}");
            let answer = page(&server, &cookie, "PATCH", &format!("users/stored{number}"), Some(&body));
            assert_eq!(answer.status, 200, "{body}: {}", answer.text());
            assert_valid(answer.text(), "a change by the page");
        }
    }
    nuxeo("/user/search?q=*&pageSize=1000");
    nuxeo("/group/search?q=*&pageSize=1000");
    nuxeo("/group/members/@users");
    ui("users?limit=200");
    ui("groups?limit=200");
    ui("changes?limit=200");
    let answer = server.datadog("GET", "/api/v1/user", None);
    assert_eq!(answer.status, 200);
    assert_valid(answer.text(), "Datadog's list");
    let bearer = format!("Bearer {APP_KEY}");
    let answer = server.request("GET", "/rollbook/v1/changes?limit=10000", &[("Authorization", &bearer)], None);
    assert_eq!(answer.status, 200);
    answer.text().lines().for_each(|line| assert_valid(line, "the feed"));
    for with_server in [true, false] {
        commands_read_everything(&folder, values.len());
        if with_server {
            assert!(run(&folder, &["user", "set", "stored0", "--title", "x"]).status.success());
        }
    }
    assert!(server.stop().success());
    commands_read_everything(&folder, values.len());
    let (status, out, err) = said(&run(&folder, &["check"]));
    // The counters do not include the inserted rows, so the check fails, but for no other reason.
    let wrong: Vec<&str> = out.lines().chain(err.lines()).filter(|line| line.contains("attributes")).collect();
    assert!(wrong.is_empty() && status < 2, "{wrong:?}");
    a_copy_is_the_same(&folder);
}

fn commands_read_everything(folder: &Folder, values: usize) {
    let command = |words: &[&str]| {
        let (status, out, err) = said(&run(folder, words));
        assert_eq!(status, 0, "{words:?}: {err}");
        out
    };
    for number in 0..values {
        assert_valid(&command(&["user", "show", &format!("stored{number}"), "--format", "json"]), "user show");
        if number % 7 == 0 {
            command(&["user", "show", &format!("stored{number}")]);
            assert_valid(&command(&["group", "show", &format!("kept{number}"), "--format", "json"]), "group show");
        }
    }
    assert_valid(&command(&["user", "list", "--format", "json"]), "user list");
    assert_valid(&command(&["group", "list", "--format", "json"]), "group list");
    for format in ["table", "csv"] {
        command(&["user", "list", "--format", format]);
        command(&["group", "list", "--format", format]);
    }
    command(&["log"]).lines().for_each(|line| assert!(!line.is_empty()));
    command(&["log", "--format", "json"]).lines().for_each(|line| assert_valid(line, "log"));
    command(&["export", "-", "--format", "jsonl"]).lines().for_each(|line| assert_valid(line, "export"));
    for format in ["csv", "ldif"] {
        command(&["export", "-", "--format", format]);
    }
}

/// An import of the export creates the same directory, and so does a restore of the backup.
fn a_copy_is_the_same(folder: &Folder) {
    let path = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    let file = path("out.jsonl");
    let (status, _, err) = said(&run(folder, &["export", &file]));
    assert_eq!(status, 0, "{err}");
    let exported = std::fs::read_to_string(&file).expect("the file");
    let backup = path("backup.db");
    assert_eq!(said(&run(folder, &["backup", &backup])).0, 0);
    let (imported, restored) = (Folder::new(), Folder::new());
    let (status, out, err) = said(&run(&imported, &["import", &file, "--on-conflict", "update"]));
    assert_eq!(status, 0, "{out}{err}");
    let (status, out, err) = said(&run(&restored, &["restore", &backup]));
    assert_eq!(status, 0, "{out}{err}");
    for (folder, how) in [(&imported, "imported"), (&restored, "restored")] {
        let (status, out, err) = said(&run(folder, &["export", "-", "--format", "jsonl"]));
        assert_eq!(status, 0, "{err}");
        let sorted = |text: &str| {
            // Each value gets its shortest text: the inserted rows have escapes that are not needed.
            let value = |line: &str| Json::parse_stored(line.as_bytes()).expect("a line of JSON").to_string();
            let mut lines: Vec<String> = text.lines().map(value).collect();
            lines.sort();
            lines
        };
        for (ours, theirs) in sorted(&exported).iter().zip(sorted(&out)) {
            assert_eq!(ours, &theirs, "{how}");
        }
    }
}
