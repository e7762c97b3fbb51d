//! Commands that are ended early.

use super::{at, done, drafts_in, other_names};
use crate::support::cli::{new_database, rollbook_after, run, said};
use crate::support::folder::{Folder, names_in};
use crate::support::held_sync::Between;
use crate::support::server::{ADMIN_PASSWORD, Server};
use crate::support::terminal::Terminal;
use crate::support::wait::wait_for;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command};
use std::sync::Arc;

const SIGHUP: i32 = 1;
const SIGINT: i32 = 2;
const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;

fn send(signal: i32, child: &Child) {
    let status = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
    assert!(status.expect("kill runs").success());
}

/// Commands that create files next to the database or next to their output.
fn commands(folder: &Folder) -> Vec<Vec<String>> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let (users, place) = (at(folder, "users.csv"), at(folder, "place/file.csv"));
    vec![
        words(&["export", &place, "--force"]),
        words(&["backup", &place, "--force"]),
        words(&["backup", "-"]),
        words(&["restore", &at(folder, "backup.db")]),
        words(&["import", &users, "--dry-run"]),
    ]
}

/// A directory, a backup of it, a file to import, and an older file in place of a new one.
fn prepared() -> Folder {
    let folder = new_database();
    done(&run(&folder, &["backup", &at(&folder, "backup.db")]));
    std::fs::write(at(&folder, "users.csv"), "name\nada\n").expect("a file");
    std::fs::create_dir(at(&folder, "place")).expect("a folder");
    std::fs::write(at(&folder, "place/file.csv"), "older").expect("a file");
    folder
}

fn assert_nothing_changed(folder: &Folder, before: &[String], what: &str) {
    assert_eq!(other_names(folder), before, "{what}");
    assert_eq!(names_in(&folder.path().join("place")), ["file.csv"], "{what}");
    assert_eq!(std::fs::read_to_string(at(folder, "place/file.csv")).expect("the older file"), "older", "{what}");
}

#[test]
fn a_signal_leaves_the_older_file_and_nothing_else() {
    let between = Between::new();
    let folder = prepared();
    let before = other_names(&folder);
    for words in commands(&folder) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        for signal in [SIGTERM, SIGINT, SIGHUP] {
            let mut child = between.held_command(&folder, &words);
            assert!(drafts(&folder).len() >= 2, "{words:?} has no temporary file");
            send(signal, &child);
            let status = wait_for(&mut child);
            between.release();
            assert_eq!(status.signal(), Some(signal), "{words:?}");
            assert_nothing_changed(&folder, &before, &format!("{words:?} and signal {signal}"));
        }
    }
    done(&run(&folder, &["check"]));
}

#[test]
fn a_signal_after_a_prompt_leaves_nothing() {
    let (between, source, folder) = (Between::new(), Server::start(), prepared());
    let before = other_names(&folder);
    let url = format!("{}/nuxeo", source.url);
    let words = ["pull", "nuxeo", "--from", &url, "--dry-run", "--on-conflict", "skip"];
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        let mut terminal = Terminal::new();
        let _ = std::fs::remove_dir(between.folder.path().join("hold.waits"));
        std::fs::write(between.hold_file(), "").expect("a file");
        let environment = |command: &mut Command| {
            command.env("HOLD", between.hold_file()).env("LD_PRELOAD", between.folder.path().join("outputs.so"));
        };
        let Some(mut child) = terminal.start(&folder, &words, environment) else { return };
        terminal.wait_for("Password of Administrator at ", 1);
        terminal.type_in(&format!("{ADMIN_PASSWORD}\n"));
        between.wait(&mut child, &words);
        assert!(drafts(&folder).len() >= 2, "there is no temporary file");
        send(signal, &child);
        let status = wait_for(&mut child);
        between.release();
        assert_eq!(status.signal(), Some(signal));
        assert_nothing_changed(&folder, &before, &format!("{words:?} and signal {signal}"));
    }
}

#[test]
fn a_signal_that_was_ignored_from_the_start_is_ignored() {
    let between = Between::new();
    let folder = prepared();
    let words = ["export", &at(&folder, "place/new.csv")];
    let mut child = between.held(rollbook_after("trap '' HUP"), &folder, &words);
    send(SIGHUP, &child);
    between.release();
    assert!(wait_for(&mut child).success());
    assert_eq!(names_in(&folder.path().join("place")), ["file.csv", "new.csv"]);
}

/// All temporary files, in both folders.
fn drafts(folder: &Folder) -> Vec<String> {
    [folder.path().to_owned(), folder.path().join("place")].iter().flat_map(|path| drafts_in(path)).collect()
}

/// Leaves the files of each kind of command, killed.
fn kill_each(between: &Between, folder: &Folder) {
    for words in commands(folder) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let before = drafts(folder);
        let mut child = between.held_command(folder, &words);
        let mut in_use = drafts(folder);
        in_use.retain(|name| !before.contains(name));
        // Another command leaves alone what is in use.
        done(&run(folder, &["export", &at(folder, "place/other.csv"), "--force"]));
        let after = drafts(folder);
        assert!(in_use.len() >= 2 && in_use.iter().all(|name| after.contains(name)), "{words:?}: {in_use:?} {after:?}");
        send(SIGKILL, &child);
        assert_eq!(wait_for(&mut child).signal(), Some(SIGKILL), "{words:?}");
        between.release();
    }
    std::fs::remove_file(at(folder, "place/other.csv")).expect("the other file");
}

#[test]
fn cleanup_removes_temporary_files_of_killed_commands() {
    let between = Between::new();
    let folder = Arc::new(prepared());
    let before = other_names(&folder);
    let place = folder.path().join("place");
    let nexts: [&[&str]; 5] = [
        &["check"],
        &["user", "list"],
        &["export", "-", "--format", "csv"],
        &["import", &at(&folder, "users.csv"), "--dry-run"],
        &["backup", &at(&folder, "backup.db"), "--force"],
    ];
    for next in nexts {
        // Each command removes the files that the one before has left, and the last one those that are left now.
        let words: Vec<Vec<String>> = commands(&folder);
        let last = &words[words.len() - 1];
        let last: Vec<&str> = last.iter().map(String::as_str).collect();
        let mut child = between.held_command(&folder, &last);
        let in_use = drafts_in(folder.path());
        assert!(in_use.len() > 2, "a database and its side files: {in_use:?}");
        send(SIGKILL, &child);
        wait_for(&mut child);
        between.release();
        assert_eq!(drafts_in(folder.path()), in_use);
        let (status, _, err) = said(&run(&folder, next));
        assert_eq!(status, 0, "{next:?}: {err}");
        assert!(err.contains("removed ") && err.contains("when it was killed"), "{next:?}: {err}");
        assert_eq!(other_names(&folder), before, "{next:?}");
        assert!(!said(&run(&folder, next)).2.contains("removed"), "{next:?}");
    }
    kill_each(&between, &folder);
    assert!(!drafts_in(folder.path()).is_empty());
    let server = Server::over(Arc::clone(&folder), &[]);
    assert!(server.log().contains("removed "), "{}", server.log());
    assert_eq!(drafts_in(folder.path()), [""; 0]);
    assert!(server.stop().success());

    // In another folder than the database's, the next command that writes there.
    done(&run(&folder, &["export", &at(&folder, "place/file.csv"), "--force"]));
    assert_eq!(names_in(&place), ["file.csv"]);
    assert_eq!(other_names(&folder), before);
}

#[test]
fn cleanup_leaves_files_of_other_programs_alone() {
    let folder = prepared();
    let id = "0123456789abcdef0123456789abcdef";
    // Names of earlier releases, which lock nothing, and names that are nearly ours.
    let others = [
        "rollbook.db.copy-17".to_owned(),
        "rollbook.db.restore-17".to_owned(),
        "backup.db.partial-17".to_owned(),
        format!(".rollbook-{id}.part.csv"),
        format!(".rollbook-{}.part", &id[1..]),
        format!("rollbook-{id}.part"),
        ".rollbook-import".to_owned(),
    ];
    for name in &others {
        std::fs::write(at(&folder, name), "precious").expect("a file");
    }
    let before = other_names(&folder);
    done(&run(&folder, &["check"]));
    done(&run(&folder, &["user", "list"]));
    done(&run(&folder, &["export", &at(&folder, "place/file.csv"), "--force"]));
    assert_eq!(other_names(&folder), before);
}
