//! Settings: which variable counts for which command, messages about wrong ones, and the page that lists them all.

use crate::support::cli::{rollbook, run, said};
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server, serve};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::sync::Arc;

/// The JSON output of `rollbook settings` with these flags and variables.
pub fn settings(flags: &[&str], variables: &[(&str, &str)]) -> Vec<Value> {
    let mut command = rollbook();
    command.args(["settings", "--format", "json"]).args(flags).envs(variables.iter().copied());
    let (status, out, err) = said(&command.output().expect("the command runs"));
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    serde_json::from_str::<Value>(&out).expect("JSON").as_array().expect("an array").clone()
}

pub fn find<'s>(settings: &'s [Value], name: &str) -> &'s Value {
    settings.iter().find(|setting| setting["setting"] == name).unwrap_or_else(|| panic!("no {name}: {settings:#?}"))
}

/// A setting as a line of text: value, source.
fn shown(settings: &[Value], name: &str) -> (Value, Value) {
    let setting = find(settings, name);
    (setting["value"].clone(), setting["from"].clone())
}

/// The end of a command with that variable.
pub fn with(words: &[&str], folder: &Folder, name: &str, value: impl AsRef<OsStr>) -> (i32, String, String) {
    let mut command = rollbook();
    command.args(words).current_dir(folder.path()).env(name, value);
    said(&command.output().expect("the command runs"))
}

// Where a value comes from

#[test]
fn each_setting_is_shown_with_its_source() {
    let all = settings(
        &["--grace", "5", "--strict-errors", "--trusted-proxy", "127.0.0.1,::1"],
        &[("ROLLBOOK_GRACE", "6"), ("ROLLBOOK_READERS", "8"), ("ROLLBOOK_METRICS_PUBLIC", "yes")],
    );
    for (name, value, from) in [
        ("--grace", json!("5"), "flag"),
        ("--strict-errors", json!("true"), "flag"),
        ("--trusted-proxy", json!("127.0.0.1,::1"), "flag"),
        ("--readers", json!("8"), "variable"),
        ("--metrics-public", json!("yes"), "variable"),
        ("--listen", json!("127.0.0.1:8080"), "default"),
        ("--metrics-listen", Value::Null, "default"),
        ("--hide-administrators", json!("false"), "default"),
        ("--dialects", json!("datadog,nuxeo,rollbook,scim,ui"), "default"),
        ("ROLLBOOK_API_KEY", json!("(hidden)"), "variable"),
        ("ROLLBOOK_API_KEY_FILE", Value::Null, "default"),
    ] {
        assert_eq!(shown(&all, name), (value, json!(from)), "{name}");
    }
    assert_eq!(find(&all, "--grace")["variable"], "ROLLBOOK_GRACE");
    assert_eq!(find(&all, "--grace")["default"], "10");
}

#[test]
fn no_secret_is_shown() {
    let folder = Folder::new();
    for format in ["table", "json", "csv"] {
        let (status, out, err) = said(&run(&folder, &["settings", "--format", format]));
        assert_eq!((status, err.as_str()), (0, ""), "{out}");
        for secret in [ADMIN_PASSWORD, API_KEY, APP_KEY] {
            assert!(!out.contains(secret), "{out}");
        }
        assert!(out.contains("ROLLBOOK_ADMIN_PASSWORD") && out.contains("(hidden)"), "{out}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the command makes no file");
}

#[test]
fn settings_fails_where_a_start_would() {
    let folder = Folder::new();
    let (status, _, err) = with(&["settings", "--nuxeo-prefix", "/"], &folder, "ROLLBOOK_GRACE", "5");
    assert_eq!(status, 2);
    assert_eq!(err, "rollbook: datadog and nuxeo have the same prefix /; change --datadog-prefix or --nuxeo-prefix\n");
    let (status, _, err) = with(&["settings"], &folder, "ROLLBOOK_LISTEN", "nowhere");
    assert_eq!(status, 2, "{err}");
    assert!(err.contains("'ROLLBOOK_LISTEN'"), "{err}");
    let (status, _, err) = with(&["settings"], &folder, "ROLLBOOK_API_KEY_FILE", "key");
    assert_eq!(status, 0, "{err}");
    assert!(
        err.contains("the first start would reject this: ROLLBOOK_API_KEY and ROLLBOOK_API_KEY_FILE are both"),
        "{err}"
    );
    let (status, _, err) = with(&["settings"], &folder, "ROLLBOOK_APP_KEY", "\u{feff}key");
    assert_eq!(status, 0, "{err}");
    assert!(
        err.contains("the first start would reject this: ROLLBOOK_APP_KEY: the secret begins with a byte"),
        "{err}"
    );
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let all = settings(&[], &[]);
    let variables = all.iter().filter_map(|setting| setting["variable"].as_str()).collect::<Vec<_>>();
    assert!(variables.len() > 30, "{variables:?}");
    for variable in variables {
        let mut command = rollbook();
        let output =
            command.args(["settings", "--format", "json"]).env(variable, "").output().expect("the command runs");
        let (status, out, err) = said(&output);
        assert_eq!(status, 0, "{variable}: {err}");
        let found = serde_json::from_str::<Value>(&out).expect("JSON");
        let found = found.as_array().expect("an array").iter().find(|setting| setting["variable"] == variable).cloned();
        let found = found.expect("the setting");
        assert_eq!(found["from"], "default", "{found}");
        // Where an empty value had a meaning of its own, a warning tells how to write that now.
        let warns = variable == "ROLLBOOK_PROTECT";
        assert_eq!(err.contains("set it to a comma to protect no user"), warns, "{variable}: {err}");
        assert_eq!(err.is_empty(), !warns, "{variable}: {err}");
    }
    // A flag may be empty all the same.
    assert_eq!(shown(&settings(&["--protect", ""], &[]), "--protect"), (json!(""), json!("flag")));
}

#[test]
fn an_empty_list_of_protected_users_is_written_with_a_comma() {
    for (value, status) in [("", 409), (",", 204)] {
        let folder = Arc::new(Folder::new());
        let mut command = serve(&folder, &[]);
        command.env("ROLLBOOK_PROTECT", value);
        let server = Server::by(command, folder);
        assert_eq!(
            server
                .nuxeo(
                    "POST",
                    "/user",
                    Some(r#"{"entity-type":"user","properties":{"username":"ada","groups":["administrators"]}}"#,)
                )
                .status,
            201
        );
        assert_eq!(server.nuxeo("DELETE", "/user/Administrator", None).status, status, "{value:?}");
        assert_eq!(server.log().contains("ROLLBOOK_PROTECT is empty and counts as unset"), value.is_empty());
    }
}
