//! `rollbook log`: the changes, and following them.

use crate::support::cli::{rollbook, run, said};
use crate::support::folder::Folder;
use crate::support::server::Server;
use crate::support::session::steady;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::Arc;

// Changed rows

#[test]
fn log_lists_changes_oldest_first() {
    let folder = Arc::new(Folder::new());
    let _server = Server::over(Arc::clone(&folder), &[]);
    for words in [
        &["user", "add", "ada", "--email", "ada@example.com", "--group", "members"][..],
        &["user", "set", "ada", "--email", "", "--title", "Countess", "--property", "n=1"],
        &["user", "add", "bob"],
        &["group", "remove-member", "members", "ada"],
    ] {
        assert_eq!(said(&run(&folder, words)).0, 0);
    }
    let log = |words: &[&str]| {
        let (status, out, err) = said(&run(&folder, &[&["log"], words].concat()));
        assert_eq!(status, 0, "{err}");
        let steady = steady(&out);
        // The account of who runs the tests.
        steady.lines().map(|line| line.replacen(&account(&folder), "ME", 1)).collect::<Vec<_>>()
    };
    assert_eq!(
        log(&["--since", "7"]),
        [
            r#"8 TIME operator ME (command) user.created ada email: "ada@example.com""#,
            r#"9 TIME operator ME (command) member.added ada group: "members""#,
            r#"10 TIME operator ME (command) user.updated ada email: "ada@example.com" → null properties: {"n":null} → {"n":1} title: null → "Countess""#,
            "11 TIME operator ME (command) user.created bob",
            r#"12 TIME operator ME (command) member.removed ada group: "members""#,
        ]
    );
    let first =
        |lines: &[String]| lines.iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(first(&log(&[])).len(), 12);
    assert!(log(&[])[0].starts_with("1 TIME - (program) group.created administrators"), "{:?}", log(&[]));
    assert_eq!(first(&log(&["-n", "2"])), ["11", "12"]);
    assert_eq!(first(&log(&["--name", "ADA"])), ["8", "9", "10", "12"]);
    assert_eq!(first(&log(&["--name", "members"])), ["2", "9", "12"]);
    assert_eq!(first(&log(&["--since", "2100-01-01T00:00:00Z"])), [""; 0]);
    assert_eq!(first(&log(&["--since", "2000-01-01T00:00:00Z", "-n", "1"])), ["12"]);
    assert_eq!(log(&["--since", "now"]), [""; 0]);
    let json: Value = serde_json::from_str(&log(&["-n", "1", "--format", "json"])[0]).expect("JSON");
    assert_eq!((&json["id"], &json["before"]), (&json!(12), &json!({"group": "members", "user": "ada"})));
    let (status, _, err) = said(&run(&folder, &["log", "--since", "99"]));
    assert_eq!((status, err.as_str()), (1, "rollbook: there is no change 99 yet: the last is 12\n"));
    assert_eq!(run(&folder, &["log", "--since", "yesterday"]).status.code(), Some(2));
}

/// The caller that the audit log names for the commands.
fn account(folder: &Folder) -> String {
    let (_, out, _) = said(&run(folder, &["log", "-n", "1", "--format", "json"]));
    let change: Value = serde_json::from_str(&out).expect("JSON");
    change["caller"].as_str().expect("an account").to_owned()
}

#[test]
fn log_can_be_followed_while_a_server_runs() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    let mut command = rollbook();
    command.args(["log", "--follow", "--format", "json", "-n", "1"]).env("ROLLBOOK_DB", folder.db());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
    let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().expect("a line").expect("text")).expect("JSON") };
    assert_eq!(next()["id"], 7);
    for number in 0..3 {
        let handle = format!("u{number}@example.com");
        let body = json!({"handle": handle}).to_string();
        assert_eq!(server.datadog("POST", "/api/v1/user", Some(&body)).status, 200);
        assert_eq!(next()["name"], handle);
    }
    assert!(server.stop().success());
    child.kill().expect("it waits for the server");
    child.wait().expect("its end");
    let (status, _, err) = said(&run(&folder, &["log", "--follow"]));
    assert_eq!(
        (status, err.as_str()),
        (1, "rollbook: --follow needs a running server: without one the database does not change\n")
    );
}
