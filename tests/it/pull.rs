//! Users and groups copied from a live server, which here is one of ours.

use crate::harness::{ADMIN_PASSWORD, API_KEY, APP_KEY, Folder, Port, Server, rollbook, run, said};
use serde_json::{Value, json};
use std::sync::Arc;

/// Pulls into the directory in that folder, with these variables beside the usual ones.
fn pull(folder: &Folder, words: &[&str], variables: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = rollbook();
    command.arg("pull").args(words).env("ROLLBOOK_DB", folder.db()).envs(variables.iter().copied());
    said(&command.output().expect("the command runs"))
}

const NUXEO: [(&str, &str); 1] = [("NUXEO_PASSWORD", ADMIN_PASSWORD)];
const DATADOG: [(&str, &str); 2] = [("DD_API_KEY", API_KEY), ("DD_APP_KEY", APP_KEY)];

/// A server with users and groups of many kinds.
fn source() -> Server {
    let server = Server::start();
    let post = |path: &str, body: Value| {
        let answer = server.nuxeo("POST", path, Some(&body.to_string()));
        assert_eq!(answer.status, 201, "{}", answer.text());
    };
    post("/group", json!({"entity-type": "group", "groupname": "all", "grouplabel": "Everybody"}));
    post("/group", json!({"entity-type": "group", "groupname": "a/b c", "parentGroups": ["all"]}));
    post("/group", json!({"entity-type": "group", "groupname": "chiefs", "parentGroups": ["administrators"]}));
    for number in 0..1203 {
        post(
            "/user",
            json!({"entity-type": "user", "properties": {"username": format!("user{number}@example.com"),
            "firstName": format!("First {number}"), "groups": ["all"]}}),
        );
    }
    post(
        "/user",
        json!({"entity-type": "user", "properties": {"username": "Ada", "lastName": "Lovelace", "email": "ada@example.com",
        "company": "Engines", "title": "Countess", "phone": "12 \"34\"", "groups": ["a/b c", "chiefs"], "password": "secret words"}}),
    );
    assert_eq!(
        server.datadog("PUT", "/api/v1/user/user1@example.com", Some(r#"{"name":"One","access_role":"ro"}"#)).status,
        200
    );
    assert_eq!(server.datadog("DELETE", "/api/v1/user/user1@example.com", None).status, 200);
    server
}

/// The users, or the groups, of a directory by name.
fn records(folder: &Folder, kind: &str) -> Vec<Value> {
    let (status, out, err) = said(&run(folder, &["export", "-", "--format", "jsonl"]));
    assert_eq!(status, 0, "{err}");
    let records = out.lines().map(|line| serde_json::from_str(line).expect("a line of JSON"));
    records.filter(|record: &Value| record["kind"] == kind).collect()
}

#[test]
fn a_nuxeo_server_is_copied_with_its_groups() {
    let server = source();
    let folder = Arc::new(Folder::new());
    let from = format!("{}/nuxeo", server.url);
    assert!(run(&folder, &["key", "create", "api"]).status.success());
    let (status, out, err) = pull(&folder, &["nuxeo", "--from", &from, "--on-conflict", "update"], &NUXEO);
    assert_eq!(status, 0, "{out}{err}");
    // The three groups, which of them are in which, and the users; the first groups and user are there already.
    assert!(out.starts_with(&format!("{from}: 1209 created, ")), "{out}{err}");
    assert!(err.contains("passwords stay where they were"), "{err}");
    let bare = |mut record: Value| {
        // What the interface does not show.
        for field in ["disabled", "verified", "display_name", "role"] {
            record.as_object_mut().expect("an object").remove(field);
        }
        record
    };
    let users = |folder: &Folder| records(folder, "user").into_iter().map(bare).collect::<Vec<_>>();
    assert_eq!(users(&folder), users(&server.folder));
    assert_eq!(records(&folder, "group"), records(&server.folder, "group"));
    // In the order of names, as the interface does not show which came first.
    let mut subgroups = records(&server.folder, "subgroup");
    subgroups.sort_by_key(|record| record["group"].to_string());
    assert_eq!(records(&folder, "subgroup"), subgroups);
    assert!(said(&run(&folder, &["check"])).1.starts_with("ok: 1205 users, 6 groups,"));
    // Again changes nothing.
    let (status, out, _) = pull(&folder, &["nuxeo", "--from", &from, "--on-conflict", "update"], &NUXEO);
    assert_eq!(status, 0);
    assert!(out.contains(": 0 created, 0 updated, "), "{out}");
    // With a token, and into a server that runs.
    let token = server.nuxeo("POST", "/token?application=pull&deviceId=here", None);
    let target = Server::start();
    let words = ["nuxeo", "--from", &from, "--on-conflict", "skip"];
    let (status, out, err) = pull(&target.folder, &words, &[("NUXEO_TOKEN", token.text())]);
    assert_eq!(status, 0, "{out}{err}");
    assert_eq!(target.nuxeo("GET", "/user/Ada", None).json()["isAdministrator"], true);
}

#[test]
fn datadog_s_users_are_copied() {
    let server = source();
    let folder = Folder::new();
    let (status, out, err) = pull(&folder, &["datadog", "--from", &server.url, "--on-conflict", "skip"], &DATADOG);
    assert_eq!(status, 0, "{out}{err}");
    assert!(out.starts_with(&format!("{}: 1204 created, 0 updated, 0 unchanged, 1 skipped", server.url)), "{out}");
    let users = records(&folder, "user");
    let find = |name: &str| users.iter().find(|user| user["name"] == name).expect("the user");
    let one = find("user1@example.com");
    assert_eq!((&one["display_name"], &one["role"], &one["disabled"]), (&json!("One"), &json!("read"), &json!(true)));
    let ada = find("ada");
    assert_eq!(
        (&ada["email"], &ada["title"], &ada["role"]),
        (&json!("ada@example.com"), &json!("Countess"), &json!("admin"))
    );
    assert_eq!(ada["groups"], json!(["administrators"]));
}

#[test]
fn a_dry_run_copies_nothing() {
    let server = source();
    let folder = Folder::new();
    assert!(run(&folder, &["key", "create", "api"]).status.success());
    let (status, out, _) =
        pull(&folder, &["datadog", "--from", &server.url, "--on-conflict", "skip", "--dry-run"], &DATADOG);
    assert_eq!(status, 0);
    assert!(out.contains("a dry run, nothing is changed: 1204 created"), "{out}");
    assert_eq!(records(&folder, "user").len(), 1);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("copy")), "{left:?}");
}

#[test]
fn what_keeps_it_from_copying_is_told_without_a_secret() {
    let server = Server::start();
    let closed = Port::reserve();
    let nowhere = format!("http://{}", closed.address());
    let nuxeo = format!("{}/nuxeo", server.url);
    let secret = "not-the-secret";
    for (words, variables, status, message) in [
        (&["nuxeo", "--from", nuxeo.as_str()][..], &[("NUXEO_PASSWORD", secret)][..], 1, "401"),
        (&["nuxeo", "--from", &nuxeo], &[("NUXEO_TOKEN", secret)], 1, "401"),
        (&["nuxeo", "--from", &nuxeo], &[], 1, "set NUXEO_PASSWORD or NUXEO_TOKEN"),
        (&["nuxeo", "--from", &format!("{}/elsewhere", server.url)], &NUXEO, 1, "404"),
        (&["nuxeo", "--from", "nonsense"], &NUXEO, 1, "the base URL has to begin with https:// or http://"),
        (&["datadog", "--from", &server.url], &[("DD_API_KEY", secret), ("DD_APP_KEY", secret)], 1, "403"),
        (&["datadog", "--from", &server.url], &[("DD_API_KEY", API_KEY), ("DD_APP_KEY", secret)], 1, "403"),
        (&["datadog", "--from", &server.url], &[], 2, "--api-key"),
        (&["datadog", "--from", &nowhere], &DATADOG, 1, &nowhere[7..]),
        (&["datadog"], &DATADOG, 2, "--from"),
        (&["ldap", "--from", "x"], &[], 2, "ldap"),
    ] {
        let folder = Folder::new();
        let (code, out, err) = pull(&folder, words, variables);
        assert_eq!(code, status, "{words:?}: {err}");
        assert!(err.contains(message), "{words:?}: no {message:?} in {err}");
        for secret in [secret, API_KEY, APP_KEY, ADMIN_PASSWORD] {
            assert!(!err.contains(secret) && !out.contains(secret), "{words:?}: {err}");
        }
        assert!(!folder.db().exists(), "{words:?} has made a database");
    }
}
