//! The program as a command: its environment, its input and its output.

use super::durations;
use super::folder::Folder;
use super::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use serde_json::{Value, json};
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The program under test: the one that `ROLLBOOK_BINARY` names, else the one that was built with the tests.
pub fn binary() -> OsString {
    std::env::var_os("ROLLBOOK_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_rollbook").into())
}

/// Copies the program under test. Another process copies it: a test that starts a program at the same time would inherit
/// a file that this process writes, and the kernel does not run a file that is open for writing.
pub fn copy_binary(to: &Path) {
    let status = Command::new("cp").arg(binary()).arg(to).status();
    assert!(status.expect("cp runs").success(), "{}", to.display());
}

/// The binary with a clean environment: no `ROLLBOOK_*` variable but the three first-start secrets.
pub fn rollbook() -> Command {
    clean(Command::new(binary()))
}

/// A program that starts the binary, with the same clean environment. Settings of the tests themselves, such as
/// `ROLLBOOK_BROWSER_USERS`, would make the binary warn about a variable that it does not know.
pub fn launcher(program: impl AsRef<OsStr>) -> Command {
    clean(Command::new(program))
}

/// A shell that runs `prelude` (limits, variables) and then becomes the binary.
pub fn rollbook_after(prelude: &str) -> Command {
    let mut command = launcher("sh");
    command.args(["-c", &format!("{prelude}; exec \"$@\""), "sh"]).arg(binary());
    command
}

fn clean(mut command: Command) -> Command {
    durations::note_start();
    for (name, _) in std::env::vars() {
        if name.starts_with("ROLLBOOK_")
            || ["RUST_LOG", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS"].contains(&name.as_str())
            // These variables control colours.
            || ["CI", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"].contains(&name.as_str())
        {
            command.env_remove(name);
        }
    }
    command
        .env("ROLLBOOK_ADMIN_PASSWORD", ADMIN_PASSWORD)
        .env("ROLLBOOK_API_KEY", API_KEY)
        .env("ROLLBOOK_APP_KEY", APP_KEY)
        .stdin(Stdio::null());
    command
}

/// Runs a command to its end on a database: `run(&folder, &["key", "list"])`.
pub fn run(folder: &Folder, words: &[&str]) -> Output {
    run_with_input(folder, words, "")
}

/// Runs a command to its end with that text on its standard input.
pub fn run_with_input(folder: &Folder, words: &[&str], input: &str) -> Output {
    run_with_bytes(folder, words, input.as_bytes())
}

/// Runs a command to its end with these bytes on its standard input.
pub fn run_with_bytes(folder: &Folder, words: &[&str], input: &[u8]) -> Output {
    let mut command = rollbook();
    command.args(words).env("ROLLBOOK_DB", folder.db());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command starts");
    let _ = child.stdin.take().expect("stdin is piped").write_all(input);
    child.wait_with_output().expect("the command ends")
}

/// The records of an export in JSON lines, without the lines about the file.
pub fn exported_records(text: &str) -> Vec<Value> {
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let [begin, records @ .., end] = lines.as_slice() else { panic!("no export: {text}") };
    assert_eq!((&begin["kind"], &end["kind"]), (&json!("export"), &json!("counts")));
    records.to_vec()
}

/// Status, standard output and standard error of a command.
pub fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (output.status.code().expect("a status"), text(&output.stdout), text(&output.stderr))
}

/// Makes a key with the command line, before the server starts, and returns the secret.
pub fn create_key(folder: &Folder, kind: &str, role: Option<&str>) -> String {
    let mut words = vec!["key", "create", kind, "--name", "test"];
    words.extend(role.iter().flat_map(|role| ["--role", role]));
    let output = run(folder, &words);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

pub fn healthcheck(server: &Server) -> Output {
    let address = server.address.to_string();
    rollbook().args(["healthcheck", "--listen", &address]).output().expect("the command runs")
}

// The journal

/// The value of `JOURNAL_STREAM` for a stream.
pub fn name_of(stream: impl std::os::fd::AsFd) -> String {
    let stat = rustix::fs::fstat(stream).expect("a stream");
    format!("{}:{}", stat.st_dev, stat.st_ino)
}

/// Sends a signal to a process: `signal(server.pid(), "-TERM")`.
pub fn signal(pid: u32, name: &str) {
    let status = Command::new("kill").args([name, &pid.to_string()]).status();
    assert!(status.expect("kill runs").success());
}

/// A folder with a database that a first start has filled, without a server.
pub fn new_database() -> Folder {
    let folder = Folder::new();
    assert!(run(&folder, &["key", "create", "api", "--name", "test"]).status.success());
    folder
}
