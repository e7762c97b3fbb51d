//! Commands and their outcomes, and the status that a credential leads to.

use super::cli::run;
use super::folder::Folder;
use super::server::{Server, serve};
use super::wait::wait_for;
use std::process::{Command, Output, Stdio};

pub const SECRETS: [&str; 3] = ["ROLLBOOK_ADMIN_PASSWORD", "ROLLBOOK_API_KEY", "ROLLBOOK_APP_KEY"];

pub type Headers<'a> = &'a [(&'a str, &'a str)];

/// `rollbook serve` on the database in that folder, without the secrets for a first start.
pub fn serve_unprepared(folder: &Folder, flags: &[&str]) -> Command {
    let mut command = serve(folder, flags);
    for name in SECRETS {
        command.env_remove(name);
    }
    command
}

/// The status of a Datadog call that needs an API key.
pub fn api_key_status(server: &Server, api_key: &str) -> u16 {
    server.request("GET", "/api/v1/validate", &[("DD-API-KEY", api_key)], None).status
}

/// The status of a Datadog call that needs an application key.
pub fn app_key_status(server: &Server, app_key: &str) -> u16 {
    server.datadog_as(app_key, "GET", "/api/v1/user", None).status
}

/// The status of a Nuxeo call that needs a user's password.
pub fn login_status(server: &Server, user: &str, password: &str) -> u16 {
    server.nuxeo_as((user, password), "GET", "/me", None).status
}

/// Runs a command that has to end by itself.
pub fn finish(mut command: Command) -> Output {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command starts");
    wait_for(&mut child);
    child.wait_with_output().expect("the output")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

pub fn assert_success(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

/// Asserts that the command ended with that code and an error that has all of these words, and did not panic.
pub fn assert_refused(output: &Output, code: i32, words: &[&str]) {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    for word in words {
        assert!(said.contains(word), "no {word:?} in:\n{said}");
    }
    assert!(!said.contains("panicked") && !said.contains("RUST_BACKTRACE"), "{said}");
}

/// The first word of the line of `key list` that has that name.
pub fn key_id(folder: &Folder, name: &str) -> String {
    let output = run(folder, &["key", "list"]);
    assert_success(&output);
    let listed = stdout(&output);
    let mut lines = listed.lines().filter(|line| line.split_whitespace().any(|word| word == name));
    let line = lines.next().unwrap_or_else(|| panic!("no {name} in:\n{listed}"));
    assert_eq!(lines.next(), None, "{listed}");
    line.split_whitespace().next().expect("an identifier").to_owned()
}

pub fn assert_nowhere_in(folder: &Folder, secret: &str) {
    for entry in std::fs::read_dir(folder.path()).expect("the folder") {
        let path = entry.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("a file");
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "a secret is in {}", path.display());
    }
}
