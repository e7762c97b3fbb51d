//! Commands whose output is read no further: `rollbook user list | head`.

use crate::support::cli::{rollbook, run, run_with_input, said};
use crate::support::folder::Folder;
use signal_hook::consts::SIGPIPE;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};

/// A directory with some users, and the files that the commands of these tests read.
fn folder() -> Folder {
    let folder = Folder::new();
    for (words, input) in [
        (&["key", "create", "api"][..], ""),
        (&["user", "add", "ada", "--disabled", "true"], ""),
        (&["user", "add", "bob", "--disabled", "true"], ""),
        (&["group", "add", "team"], ""),
        (&["backup", "backup.db"], ""),
        (&["export", "users.csv"], ""),
    ] {
        let output = in_folder(&folder, words).stdin(Stdio::null()).output().expect("the command runs");
        assert!(output.status.success(), "{words:?} {input}: {output:?}");
    }
    folder
}

fn in_folder(folder: &Folder, words: &[&str]) -> Command {
    let mut command = rollbook();
    command.current_dir(folder.path()).args(words).env("ROLLBOOK_DB", folder.db());
    command
}

/// Runs a command whose output has no reader.
fn unread(folder: &Folder, words: &[&str]) -> Output {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = in_folder(folder, words);
    command.stdout(writer).stderr(Stdio::piped()).spawn().expect("the command starts").wait_with_output().unwrap()
}

#[test]
fn command_ends_silently_when_its_output_pipe_is_closed() {
    let folder = folder();
    for words in [
        &["user", "list"][..],
        &["user", "list", "--format", "json"],
        &["user", "list", "--format", "csv"],
        &["user", "show", "ada"],
        &["user", "show", "ada", "--format", "json"],
        &["group", "list"],
        &["group", "show", "team"],
        &["key", "list"],
        &["key", "list", "--format", "json"],
        &["log"],
        &["log", "--format", "json"],
        &["check"],
        &["backup", "another.db"],
        &["restore", "backup.db"],
        &["export", "-", "--format", "csv"],
        &["export", "-", "--format", "jsonl"],
        &["export", "-", "--format", "ldif"],
        &["export", "more.csv"],
        &["import", "users.csv", "--dry-run", "--on-conflict", "skip"],
        &["user", "purge", "--older-than", "0s", "--dry-run"],
        &["check", "--repair"],
        &["completions", "bash"],
        &["man"],
        &["man", "user", "list"],
    ] {
        let output = unread(&folder, words);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.signal(), Some(SIGPIPE), "{words:?}: {output:?}");
        assert!(!said.contains("rollbook: ") && !said.contains("panicked"), "{words:?}: {said}");
    }
    // A failure to print the last line undoes nothing.
    for name in ["another.db", "more.csv"] {
        assert!(folder.path().join(name).metadata().expect("a file").len() > 0, "{name}");
    }
    for words in [&["--help"][..], &["user", "--help"], &["serve", "--help"], &["help", "key"], &["--version"]] {
        assert_eq!(said(&unread(&folder, words)), (0, String::new(), String::new()), "{words:?}");
    }
}

#[test]
fn a_shell_shows_status_141_for_a_command_before_head() {
    let folder = folder();
    // More than a pipe holds.
    let header = "login\n".to_owned();
    let rows = (0..20_000).fold(header, |rows, number| rows + &format!("user-{number:05}@example.com\n"));
    assert_eq!(said(&run_with_input(&folder, &["import", "-", "--format", "csv"], &rows)).0, 0);
    for words in ["user list", "user list --format json", "log", "export - --format jsonl"] {
        let script = format!("\"$0\" {words} | head -n 1; echo ${{PIPESTATUS[@]}}");
        let mut command = crate::support::cli::launcher("bash");
        command.args(["-c", &script]).arg(crate::support::cli::binary()).env("ROLLBOOK_DB", folder.db());
        let (_, out, err) = said(&command.stdin(Stdio::null()).output().expect("bash runs"));
        assert_eq!(out.lines().last(), Some("141 0"), "{words}: {err}");
        assert!(!err.contains("rollbook: "), "{words}: {err}");
    }
}

#[test]
fn command_completes_its_change_when_its_output_pipe_is_closed() {
    let folder = folder();
    let output = unread(&folder, &["user", "purge", "--older-than", "0s"]);
    assert_eq!(output.status.signal(), Some(SIGPIPE), "{output:?}");
    assert_eq!(said(&run(&folder, &["user", "list", "--disabled", "--format", "json"])).1, "[]\n");
}

#[test]
fn key_that_could_not_be_printed_is_revoked_and_the_command_fails() {
    let folder = folder();
    let (status, _, err) = said(&unread(&folder, &["key", "create", "app", "--name", "unread"]));
    assert_eq!(status, 1, "{err}");
    assert!(err.contains("key 4 was revoked because it could not be printed; create another key"), "{err}");
    let keys = said(&run(&folder, &["key", "list", "--format", "csv"])).1;
    let line = keys.lines().find(|line| line.contains("unread")).expect("the key");
    assert!(!line.ends_with(','), "the key is not revoked: {line}");
}

#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let folder = folder();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a full device");
    let output = in_folder(&folder, &["user", "list"]).stdout(full).output().expect("the command runs");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("write the output: No space left on device"));
}
