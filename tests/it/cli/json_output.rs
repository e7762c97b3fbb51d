//! `--format json`: one object on standard output for each command, and nothing but failures on standard error.

use crate::support::cli::{rollbook, said};
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use serde_json::{Value, json};
use std::process::Stdio;

/// Runs a command in the folder. Returns status, standard output and standard error.
fn in_folder(folder: &Folder, words: &[&str]) -> (i32, String, String) {
    let mut command = rollbook();
    command.current_dir(folder.path()).args(words).env("NUXEO_PASSWORD", ADMIN_PASSWORD);
    command.env("DD_API_KEY", API_KEY).env("DD_APP_KEY", APP_KEY);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command starts");
    let _ = std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), b"secret words\n");
    said(&child.wait_with_output().expect("it ends"))
}

/// The one object that a command prints.
fn object(folder: &Folder, words: &[&str]) -> (i32, Value, String) {
    let (status, out, err) = in_folder(folder, words);
    assert_eq!(out.lines().count(), 1, "{words:?}: {out}{err}");
    (status, serde_json::from_str(&out).unwrap_or_else(|error| panic!("{words:?}: {error}: {out}{err}")), err)
}

#[test]
fn each_command_that_changes_something_prints_an_object() {
    let folder = Folder::new();
    let change = |words: &[&str]| {
        let words = [words, &["--format", "json"]].concat();
        let (status, object, err) = object(&folder, &words);
        assert_eq!((status, err.as_str()), (0, ""), "{words:?}");
        object
    };
    let key = change(&["key", "create", "app", "--name", "deploy", "--role", "read"]);
    assert_eq!(
        (&key["id"], &key["kind"], &key["role"], &key["name"]),
        (&json!(3), &json!("app"), &json!("read"), &json!("deploy"))
    );
    assert!(key["key"].as_str().expect("a key").len() >= 32);
    let key = change(&["key", "create", "api"]);
    assert_eq!((&key["kind"], &key["role"]), (&json!("api"), &Value::Null));
    assert_eq!(change(&["key", "revoke", "4"]), json!({"revoked": 4}));
    let ada = change(&["user", "add", "ada", "--email", "ada@example.com"]);
    assert_eq!((&ada["name"], &ada["email"], &ada["groups"]), (&json!("ada"), &json!("ada@example.com"), &json!([])));
    let ada = change(&["user", "set", "ada", "--title", "Countess"]);
    assert_eq!((&ada["name"], &ada["title"]), (&json!("ada"), &json!("Countess")));
    assert_eq!(change(&["passwd", "ada"]), json!({"changed": "ada"}));
    assert_eq!(change(&["user", "disable", "ada"]), json!({"disabled": ["ada"], "failed": []}));
    assert_eq!(change(&["user", "enable", "ada"]), json!({"enabled": ["ada"], "failed": []}));
    let team = change(&["group", "add", "team", "--label", "The team"]);
    assert_eq!((&team["name"], &team["label"], &team["users"]), (&json!("team"), &json!("The team"), &json!(0)));
    assert_eq!(change(&["group", "set", "team", "--label", "Team"])["label"], "Team");
    let added = change(&["group", "add-member", "team", "ada"]);
    assert_eq!(added, json!({"group": "team", "added": ["ada"], "failed": []}));
    let removed = change(&["group", "remove-member", "team", "ada"]);
    assert_eq!(removed, json!({"group": "team", "removed": ["ada"], "failed": []}));
    assert_eq!(change(&["group", "delete", "team"]), json!({"removed": ["team"], "failed": []}));
    change(&["user", "disable", "ada"]);
    assert_eq!(change(&["user", "purge", "--older-than", "0s", "--dry-run"]), json!({"would_remove": ["ada"]}));
    assert_eq!(change(&["user", "purge", "--older-than", "0s"]), json!({"removed": ["ada"]}));
    assert_eq!(change(&["user", "purge", "--older-than", "0s"]), json!({"removed": []}));
}

#[test]
fn json_output_has_done_and_failed_names_in_one_object() {
    let folder = Folder::new();
    assert_eq!(in_folder(&folder, &["key", "create", "api"]).0, 0);
    assert_eq!(in_folder(&folder, &["user", "add", "ada"]).0, 0);
    let (status, found, err) = object(&folder, &["user", "delete", "zebra", "ada", "--format", "json"]);
    assert_eq!(status, 1);
    let error = "user does not exist: zebra (rollbook user list shows all)";
    assert_eq!(found, json!({"removed": ["ada"], "failed": [{"name": "zebra", "error": error}]}));
    assert_eq!(err, format!("rollbook: zebra: {error}\n"));
}

#[test]
fn commands_on_the_whole_database_print_an_object() {
    let folder = Folder::new();
    assert_eq!(in_folder(&folder, &["key", "create", "api"]).0, 0);
    assert_eq!(in_folder(&folder, &["user", "add", "ada", "--group", "members"]).0, 0);
    let counts = json!({"users": 2, "groups": 3, "memberships": 2, "credentials": 3});
    let has_counts = |object: &Value| {
        for (name, count) in counts.as_object().expect("an object") {
            assert_eq!(&object[name], count, "{name}: {object}");
        }
    };
    let (status, backup, err) = object(&folder, &["backup", "copy.db", "--format", "json"]);
    assert_eq!((status, err.as_str()), (0, ""));
    has_counts(&backup);
    assert_eq!(backup["file"], "copy.db");
    assert_eq!(backup["bytes"], folder.path().join("copy.db").metadata().expect("a file").len());
    let (status, check, err) = object(&folder, &["check", "--format", "json"]);
    assert_eq!((status, err.as_str()), (0, ""));
    has_counts(&check);
    assert_eq!((&check["ok"], &check["findings"], &check["notes"]), (&json!(true), &json!([]), &json!([])));
    let (status, repaired, _) = object(&folder, &["check", "--repair", "--format", "json"]);
    assert_eq!((status, repaired), (0, json!({"removed": []})));
    let (status, restored, err) = object(&folder, &["restore", "copy.db", "--format", "json"]);
    assert_eq!((status, err.as_str()), (0, ""));
    has_counts(&restored);
    assert!(restored["kept"].as_str().expect("a name").contains("rollbook.db.kept-"), "{restored}");
    let (_, restored, _) = object(&folder, &["restore", "copy.db", "--db", "new.db", "--format", "json"]);
    assert_eq!(restored["kept"], Value::Null);
    // A damaged database.
    let file = folder.path().join("damaged.db");
    let mut bytes = std::fs::read(folder.path().join("copy.db")).expect("a file");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 20_000].fill(0xa5);
    std::fs::write(&file, bytes).expect("a file");
    let (status, check, err) = object(&folder, &["check", "--db", "damaged.db", "--format", "json"]);
    assert_eq!((status, &check["ok"]), (1, &json!(false)), "{err}");
    assert!(!check["findings"].as_array().expect("a list").is_empty(), "{check}");
    assert!(err.contains("damaged.db has integrity errors"), "{err}");
}

#[test]
fn imports_and_exports_print_an_object() {
    let folder = Folder::new();
    std::fs::write(folder.path().join("people.csv"), "login,groups\nada,members\nbob,nowhere\n").expect("a file");
    let words = ["import", "people.csv", "--result", "json", "--dry-run"];
    assert_eq!(in_folder(&folder, &["key", "create", "api"]).0, 0);
    let (status, found, err) = object(&folder, &words);
    assert_eq!(
        (status, &found["dry_run"], &found["created"], &found["refused"]),
        (1, &json!(true), &json!(1), &json!(1)),
        "{err}"
    );
    let (status, found, err) = object(&folder, &["import", "people.csv", "--create-groups", "--result", "json"]);
    assert_eq!(status, 0, "{err}");
    assert_eq!(
        found,
        json!({"input": "people.csv", "dry_run": false, "created": 2, "updated": 0, "unchanged": 0, "skipped": 0, "refused": 0,
            "missing": 0, "lossy": 0, "groups_made": 1, "names_waiting": 0, "cut_off": false, "logins": []})
    );
    let (status, found, err) = object(&folder, &["export", "all.jsonl", "--result", "json"]);
    assert_eq!((status, err.as_str()), (0, ""));
    assert_eq!((&found["file"], &found["lossy"]), (&json!("all.jsonl"), &json!(0)));
    assert!(found["records"].as_u64().expect("a number") > 5, "{found}");
    // On standard output is the export itself: the object is on standard error.
    let (status, out, err) = in_folder(&folder, &["export", "-", "--format", "jsonl", "--result", "json"]);
    assert_eq!(status, 0);
    assert!(out.lines().count() > 5);
    let found: Value = serde_json::from_str(&err).expect("an object");
    assert_eq!(found["file"], "-");
    let server = Server::start();
    let nuxeo = format!("{}/nuxeo", server.url);
    for (words, groups) in [
        (["pull", "nuxeo", "--from", &nuxeo, "--on-conflict", "skip"], 4),
        (["pull", "datadog", "--from", &server.url, "--on-conflict", "skip"], 1),
    ] {
        let words = [&words[..], &["--format", "json"]].concat();
        let (status, found, err) = object(&folder, &words);
        assert_eq!(status, 0, "{err}");
        assert_eq!(found["skipped"], groups, "{found}");
    }
}

#[test]
fn a_healthcheck_prints_whether_the_server_is_ready() {
    let (folder, server) = (Folder::new(), Server::start());
    let address = server.address.to_string();
    let words = ["healthcheck", "--format", "json", "--listen"];
    let (status, found, err) = object(&folder, &[&words[..], &[&address]].concat());
    assert_eq!((status, err.as_str()), (0, ""));
    assert_eq!(found, json!({"ready": true, "status": 200, "address": address}));
    server.stop();
    let (status, found, err) = object(&folder, &[&words[..], &[&address]].concat());
    assert_eq!((status, found), (1, json!({"ready": false, "status": null, "address": address})));
    assert!(err.contains("connect to the server"), "{err}");
    assert_eq!(in_folder(&folder, &["healthcheck", "--listen", &address]).1, "", "as text it prints nothing");
}
