//! scim-sanity: the life of a user and of a group, and the forms of lists and errors.

use crate::support::client_tools::{client_command, environment};
use crate::support::scim_provider::{PREFIX, with_provision_key};
use crate::support::server::{APP_KEY, Server};
use serde_json::Value;

/// Checks that are not passed, and the reason.
const SKIPPED: [(&str, &str); 3] = [
    ("Agent CRUD Lifecycle", "agents are a draft of an extension that this server does not have"),
    ("AgenticApplication CRUD Lifecycle", "the same draft"),
    ("Agent Rapid Lifecycle", "the same draft"),
];

/// Checks that fail where a changed group is answered with 204, as Entra and the RFC want it: the tool takes 200 alone.
const WITH_204: [&str; 3] =
    ["PATCH /Groups/{id}", "PATCH /Groups/{id} add member", "PATCH /Groups/{id} remove members"];

/// The number of all checks.
const CHECKS: usize = 31;

#[test]
fn scim_sanity_passes_for_an_administrator() {
    let server = Server::with(&["--scim-group-patch-body"]);
    assert_fails(&server, APP_KEY, &[]);
}

#[test]
fn scim_sanity_passes_for_a_provider() {
    let (server, key) = with_provision_key(&["--scim-group-patch-body"]);
    assert_fails(&server, &key, &[]);
}

#[test]
fn scim_sanity_only_misses_the_answers_to_changed_groups_by_default() {
    assert_fails(&Server::start(), APP_KEY, &WITH_204);
}

/// Runs all checks with that key. Those with these names have to fail, and all others to pass.
fn assert_fails(server: &Server, key: &str, expected: &[&str]) {
    let Some(tools) = environment("scim-sanity-0.7.4") else { return };
    let python = tools.python.expect("an environment of Python");
    let url = format!("{}{PREFIX}", server.url);
    let mut probe = client_command(server, PREFIX, &python.with_file_name("scim-sanity"));
    probe.args(["probe", &url, "--token", key, "--json-output", "--i-accept-side-effects"]);
    let output = probe.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let report: Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error} in {output:?}"));
    let results = report["results"].as_array().expect("results");
    let with = |status: &str| -> Vec<&str> {
        let found = results.iter().filter(|result| result["status"] == status);
        found.map(|result| result["name"].as_str().expect("a name")).collect()
    };
    assert_eq!(with("fail"), expected, "{said}");
    assert_eq!(with("skip"), SKIPPED.map(|(name, _)| name));
    assert_eq!((with("warn"), with("error")), (Vec::new(), Vec::new()), "{said}");
    assert_eq!(with("pass").len() + SKIPPED.len() + expected.len(), CHECKS, "{said}");
}
