//! Real directory servers: a tree is loaded into each, its own tools dump it, and the dump is imported.

mod ds389;
mod openldap;

use crate::support::cli::{exported_records, run, said};
use crate::support::folder::Folder;
use crate::support::server::Server;
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

/// The password of every user of the trees.
pub const PASSWORD: &str = "secret words";

/// Runs a program of a directory server in that folder, and returns its standard output.
pub fn tool(folder: &Path, program: &str, words: &[&str], input: &str) -> String {
    let mut command = Command::new(program);
    command.args(words).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{program}: {error}"));
    child.stdin.take().expect("stdin is piped").write_all(input.as_bytes()).expect("the program reads");
    let output = child.wait_with_output().expect("the program ends");
    assert!(output.status.success(), "{program} {words:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The tree with a stored password in place of each `userPassword: =KIND`.
pub fn with_passwords(tree: &str, hash: impl Fn(&str) -> String) -> String {
    let line = |line: &str| match line.strip_prefix("userPassword: =") {
        Some(kind) => format!("userPassword: {}\n", hash(kind).trim()),
        None => format!("{line}\n"),
    };
    tree.lines().map(line).collect()
}

/// A directory server that runs until this is dropped.
pub struct Running(pub Child);

impl Running {
    /// Ends the server in good order.
    pub fn stop(mut self) {
        let status = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        assert!(status.expect("kill runs").success());
        let _ = self.0.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The records of a directory without the built-in ones, and without fields that are the same for all.
fn records(folder: &Folder) -> Vec<Value> {
    let (status, out, err) = said(&run(folder, &["export", "-", "--format", "jsonl"]));
    assert_eq!(status, 0, "{err}");
    let usual = [("role", json!("standard")), ("disabled", json!(false)), ("verified", json!(false))];
    let record = |mut record: Value| {
        let object = record.as_object_mut().expect("an object");
        object.remove("joined");
        object.retain(|key, value| !usual.contains(&(key.as_str(), value.clone())));
        if let Some(groups) = object.get_mut("groups").and_then(Value::as_array_mut) {
            groups.sort_by_key(Value::to_string);
        }
        record
    };
    let is_own = |record: &Value| {
        !["administrators", "members", "powerusers", "Administrator"].map(Value::from).contains(&record["name"])
    };
    exported_records(&out).into_iter().map(record).filter(is_own).collect()
}

/// Compares the records of a directory with a text of JSON objects.
pub fn assert_records(folder: &Folder, expected: &str) {
    let expected = serde_json::Deserializer::from_str(expected).into_iter();
    let expected: Vec<Value> = expected.collect::<Result<_, _>>().expect("objects of JSON");
    let found = records(folder);
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
}

/// Checks the reasons of a report, in any order.
pub fn assert_report(err: &str, expected: &[&str]) {
    let mut report: Vec<&str> = err.lines().filter(|line| line.contains(".ldif:")).collect();
    for part in expected {
        let at = report.iter().position(|line| line.contains(part));
        report.remove(at.unwrap_or_else(|| panic!("no {part:?} in {err}")));
    }
    assert_eq!(report, [""; 0], "the report has other lines, too");
}

/// Checks that these users can log in and that the others cannot.
pub fn assert_logins(folder: &Arc<Folder>, names: &[&str], others: &[&str]) {
    let server = Server::over(Arc::clone(folder), &[]);
    let login = |name: &str, password: &str| server.nuxeo_as((name, password), "GET", "/me", None).status;
    for name in names {
        assert_eq!(login(name, PASSWORD), 200, "{name}");
        // The stored value was replaced.
        assert_eq!(login(name, PASSWORD), 200, "{name}");
    }
    for name in others {
        assert_eq!(login(name, PASSWORD), 401, "{name}");
    }
    assert_eq!(login(names[0], "other words"), 401);
}
