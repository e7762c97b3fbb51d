//! scim2-cli: an operator reads and changes the directory from a shell.

use super::SCIM2;
use crate::support::client_tools::{client_command, environment};
use crate::support::scim_provider::{GROUP, PATCH_OP, PREFIX, USER, with_provision_key};
use crate::support::server::Server;
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::Stdio;

/// Runs `scim2` with these words and that text on its standard input, and returns what it prints as a document.
fn scim2(server: &Server, key: &str, words: &[&str], input: &str) -> Option<Value> {
    let python = environment(SCIM2)?.python.expect("an environment of Python");
    let mut command = client_command(server, PREFIX, &python.with_file_name("scim2"));
    command.env("SCIM_CLI_URL", format!("{}{PREFIX}", server.url));
    command.env("SCIM_CLI_HEADERS", format!("Authorization: Bearer {key}"));
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let _ = child.stdin.take().expect("stdin is piped").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{words:?}: {output:?}");
    Some(serde_json::from_slice(&output.stdout).unwrap_or(Value::Null))
}

#[test]
fn scim2_cli_lives_a_life_of_a_user_and_a_group() {
    let (server, key) = with_provision_key(&[]);
    let ask = |words: &[&str], input: &str| scim2(&server, &key, words, input);
    let body = json!({"schemas": [USER], "userName": "ada", "emails": [{"value": "ada@example.com", "primary": true}]});
    let Some(ada) = ask(&["create"], &body.to_string()) else { return };
    let id = ada["id"].as_str().expect("an id");
    assert_eq!(ask(&["query", "user", id], "").expect("a user")["userName"], "ada");
    let changed = ask(&["modify", "user", id, "replace", "displayName", "Ada Lovelace", "add", "title", "Analyst"], "");
    assert_eq!(changed.expect("a user")["title"], "Analyst");

    let body = json!({"schemas": [GROUP], "displayName": "engines", "members": [{"value": id}]});
    let engines = ask(&["create"], &body.to_string()).expect("a group");
    let group = engines["id"].as_str().expect("an id");
    assert_eq!(engines["members"][0]["value"], json!(id));
    let found = ask(&["search", "user", "--filter", "title eq \"analyst\""], "").expect("a list");
    assert_eq!((&found["totalResults"], &found["Resources"][0]["id"]), (&json!(1), &json!(id)));
    let data = json!({"schemas": [PATCH_OP], "Operations": [{"op": "remove", "path": "members"}]});
    let operation = json!({"method": "PATCH", "path": format!("/Groups/{group}"), "data": data});
    let bulk = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [operation]});
    ask(&["bulk"], &bulk.to_string());
    assert_eq!(ask(&["query", "group", group], "").expect("a group")["members"], Value::Null);

    for (kind, id) in [("group", group), ("user", id)] {
        ask(&["delete", kind, id], "");
    }
    assert_eq!(ask(&["query", "user"], "").expect("a list")["totalResults"], json!(0));
}
