//! Keys and passwords: `rollbook key`, `rollbook passwd`.

use crate::support::cli::{create_key, rollbook, run, run_with_input};
use crate::support::command::{
    api_key_status, app_key_status, assert_nowhere_in, assert_refused, assert_success, key_id, login_status, stderr,
    stdout,
};
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use std::process::Stdio;
use std::sync::Arc;

// Keys and passwords

#[test]
fn a_key_is_made_listed_and_revoked() {
    let folder = Arc::new(Folder::new());
    let make = |words: &[&str]| {
        let output = run(&folder, words);
        assert_success(&output);
        let secret = stdout(&output);
        assert_eq!(secret.lines().count(), 1, "the output is the secret alone: {secret:?}");
        let secret = secret.trim_end().to_owned();
        assert!(secret.len() >= 32 && secret.chars().all(|char| char.is_ascii_graphic()), "{secret:?}");
        secret
    };
    let api_key = make(&["key", "create", "api", "--name", "gate"]);
    let app_key = make(&["key", "create", "app", "--name", "robot", "--role", "standard"]);
    let reader = make(&["key", "create", "app", "--name", "auditor", "--role", "read"]);
    let listed = stdout(&run(&folder, &["key", "list"]));
    for (name, words) in [("gate", &["api"][..]), ("robot", &["app", "standard"]), ("auditor", &["app", "read"])] {
        let line = listed.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("no {name} in {listed}"));
        assert!(words.iter().all(|word| line.contains(word)), "{line}");
    }
    for secret in [api_key.as_str(), &app_key, &reader, API_KEY, APP_KEY] {
        assert!(!listed.contains(secret), "{listed}");
        assert_nowhere_in(&folder, secret);
    }
    let (gate, robot) = (key_id(&folder, "gate"), key_id(&folder, "robot"));

    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(
        (api_key_status(&server, &api_key), app_key_status(&server, &app_key), app_key_status(&server, &reader)),
        (200, 200, 200)
    );
    server.stop_for_lines();
    for id in [&gate, &robot] {
        assert_success(&run(&folder, &["key", "revoke", id]));
    }
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(
        (api_key_status(&server, &api_key), app_key_status(&server, &app_key), app_key_status(&server, &reader)),
        (403, 403, 200)
    );
    assert_eq!((api_key_status(&server, API_KEY), app_key_status(&server, APP_KEY)), (200, 200));
    server.stop_for_lines();

    let again = run(&folder, &["key", "revoke", "nobody"]);
    assert!(matches!(again.status.code(), Some(1 | 2)), "{again:?}");
    assert!(stderr(&again).contains("nobody"), "{again:?}");
    assert_refused(&run(&folder, &["key", "revoke", "999999"]), 1, &["999999"]);
}

#[test]
fn output_that_cannot_be_written_fails_without_a_panic() {
    let folder = Folder::new();
    create_key(&folder, "api", None);
    for words in [&["key", "list"][..], &["key", "create", "api", "--name", "lost"]] {
        let mut command = rollbook();
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a full device");
        command.args(words).env("ROLLBOOK_DB", folder.db()).stdout(full).stderr(Stdio::piped());
        let output = command.spawn().expect("the command starts").wait_with_output().expect("the command ends");
        assert_refused(&output, 1, &["rollbook: ", "write the output"]);
    }
}

#[test]
fn application_key_has_the_role_that_the_list_shows() {
    let folder = Arc::new(Folder::new());
    let key = create_key(&folder, "app", None);
    let line = stdout(&run(&folder, &["key", "list"]));
    let line = line.lines().find(|line| line.contains("test")).expect("the key").to_owned();
    let server = Server::over(folder, &[]);
    let may = server.datadog_as(&key, "PUT", "/api/v1/user/administrator", Some("{}")).status;
    // The list shows the default role.
    let role = ["admin", "standard", "read"].into_iter().find(|role| line.contains(role)).expect("a role");
    assert_eq!(may, if role == "admin" { 200 } else { 403 }, "{line}");
}

#[test]
fn passwd_gives_a_user_a_new_password() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(server.datadog("POST", "/api/v1/user", Some(r#"{"handle":"ada@example.com"}"#)).status, 200);
    assert_eq!(server.nuxeo_as(("ada@example.com", "new words"), "GET", "/me", None).status, 401);
    assert!(server.stop().success());

    for (user, input) in [
        ("Administrator", "new words\n"),
        ("ADA@example.com", "gr\u{fc}ne Wörter: a b"),
        ("administrator", "newer words\r\n"),
    ] {
        let output = run_with_input(&folder, &["passwd", user], input);
        assert_success(&output);
        assert!(!stdout(&output).contains(input.trim()) && !stderr(&output).contains(input.trim()), "{output:?}");
    }
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(login_status(&server, "Administrator", ADMIN_PASSWORD), 401);
    assert_eq!(login_status(&server, "Administrator", "new words"), 401);
    assert_eq!(login_status(&server, "Administrator", "newer words"), 200);
    assert_eq!(login_status(&server, "ada@example.com", "gr\u{fc}ne Wörter: a b"), 200);
    server.stop_for_lines();

    assert_refused(&run_with_input(&folder, &["passwd", "nobody"], "new words\n"), 1, &["nobody"]);
    for empty in ["", "\n"] {
        assert_refused(&run_with_input(&folder, &["passwd", "Administrator"], empty), 1, &["password"]);
    }
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(login_status(&server, "Administrator", "newer words"), 200);
    assert_eq!(login_status(&server, "Administrator", ""), 401);
}

#[test]
fn key_create_on_a_new_file_is_the_first_start() {
    let folder = Arc::new(Folder::new());
    let key = create_key(&folder, "api", None);
    let server = Server::over(Arc::clone(&folder), &[]);
    // The first start happened with the command, so the secrets are those that it was given.
    assert_eq!((api_key_status(&server, &key), api_key_status(&server, API_KEY)), (200, 200));
    assert_eq!(login_status(&server, "Administrator", ADMIN_PASSWORD), 200);
}
