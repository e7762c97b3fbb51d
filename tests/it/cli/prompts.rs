//! Commands at a terminal: passwords, questions before something is lost, and what a terminal shows.

use crate::support::cli::{rollbook, run, said};
use crate::support::folder::Folder;
use crate::support::server::Server;
use crate::support::terminal::Terminal;
use crate::support::wait::{wait_for, wait_until};
use rustix::termios::Termios;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;

/// A directory with some users, groups and keys.
pub fn folder() -> Folder {
    let folder = Folder::new();
    for words in [
        &["key", "create", "api"][..],
        &["user", "add", "ada", "--disabled", "true"],
        &["user", "add", "bob", "--disabled", "true"],
        &["group", "add", "team"],
        &["backup", folder.path().join("backup.db").to_str().unwrap()],
        &["export", folder.path().join("users.jsonl").to_str().unwrap()],
    ] {
        assert_eq!(said(&run(&folder, words)).0, 0, "{words:?}");
    }
    folder
}

fn same(one: &Termios, other: &Termios) -> bool {
    (one.input_modes, one.output_modes, one.control_modes, one.local_modes)
        == (other.input_modes, other.output_modes, other.control_modes, other.local_modes)
}

fn kill(child: &Child, signal: &str) {
    let status = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(status.expect("kill runs").success());
}

#[test]
fn a_password_is_typed_twice_and_not_shown() {
    let (folder, mut terminal) = (folder(), Terminal::new());
    let before = terminal.modes();
    let Some(mut child) = terminal.start(&folder, &["passwd", "ada"], |_| {}) else { return };
    terminal.wait_for("New password of ada: ", 1);
    wait_until("no echo", || !terminal.echoes());
    // The keys that change a line do so.
    terminal.type_in("wrong\u{15}secreT\u{7f}t words\n");
    terminal.wait_for("Repeat the password: ", 1);
    wait_until("no echo", || !terminal.echoes());
    terminal.type_in("secret words\n");
    assert_eq!(wait_for(&mut child).code(), Some(0), "{}", terminal.shown());
    terminal.wait_for("changed the password of ada", 1);
    assert!(!terminal.shown().contains("secret"), "{}", terminal.shown());
    assert!(same(&terminal.modes(), &before));
    assert_eq!(said(&run(&folder, &["user", "enable", "ada"])).0, 0);
    let server = Server::over(Arc::new(folder), &[]);
    assert_eq!(server.nuxeo_as(("ada", "secret words"), "GET", "/me", None).status, 200);
}

#[test]
fn two_passwords_that_differ_and_none_at_all_are_refused() {
    let (folder, mut terminal) = (folder(), Terminal::new());
    for (typed, refusal) in
        [(["one\n", "two\n"], "the two passwords differ"), (["\u{4}", ""], "end of input at the terminal")]
    {
        terminal.clear();
        let Some(mut child) = terminal.start(&folder, &["passwd", "ada"], |_| {}) else { return };
        for (prompt, text) in ["New password of ada: ", "Repeat the password: "].iter().zip(typed) {
            if text.is_empty() {
                break;
            }
            terminal.wait_for(prompt, 1);
            wait_until("no echo", || !terminal.echoes());
            terminal.type_in(text);
        }
        assert_eq!(wait_for(&mut child).code(), Some(1));
        terminal.wait_for(refusal, 1);
        assert!(terminal.echoes());
    }
}

/// How the command ends, and whether the terminal is as it was before.
fn ended_by(signal: impl FnOnce(&mut Terminal, &Child), words: &[&str], prompt: &str) -> Option<(ExitStatus, bool)> {
    let (folder, mut terminal) = (folder(), Terminal::new());
    let before = terminal.modes();
    let mut child = terminal.start(&folder, words, |_| {})?;
    terminal.wait_for(prompt, 1);
    wait_until("no echo", || !terminal.echoes());
    signal(&mut terminal, &child);
    let status = wait_for(&mut child);
    Some((status, same(&terminal.modes(), &before)))
}

#[test]
fn the_terminal_is_as_before_when_a_password_prompt_is_ended() {
    let passwd = (&["passwd", "ada"][..], "New password of ada: ");
    let add = (&["user", "add", "eve", "--password"][..], "New password of eve: ");
    let pull = (&["pull", "nuxeo", "--from", "http://127.0.0.1:9/nuxeo"][..], "Password of Administrator at ");
    for (words, prompt) in [passwd, add, pull] {
        let ctrl_c = |terminal: &mut Terminal, _: &Child| terminal.type_in("half\u{3}");
        let Some((status, is_as_before)) = ended_by(ctrl_c, words, prompt) else { return };
        assert!(is_as_before, "{words:?}");
        assert_eq!(status.signal(), Some(SIGINT), "{words:?}");
    }
    for (name, signal) in [("-TERM", SIGTERM), ("-HUP", SIGHUP), ("-INT", SIGINT)] {
        let Some((status, is_as_before)) = ended_by(|_, child| kill(child, name), passwd.0, passwd.1) else { return };
        assert!(is_as_before, "{name}");
        assert_eq!(status.signal(), Some(signal));
    }
    let quit = |terminal: &mut Terminal, _: &Child| terminal.type_in("\u{1c}");
    let Some((status, is_as_before)) = ended_by(quit, passwd.0, passwd.1) else { return };
    assert!(is_as_before);
    assert_eq!(status.signal(), Some(SIGQUIT));
}

#[test]
fn the_second_prompt_is_ended_as_the_first() {
    let second = |terminal: &mut Terminal, _: &Child| {
        terminal.type_in("secret words\n");
        terminal.wait_for("Repeat the password: ", 1);
        wait_until("no echo", || !terminal.echoes());
        terminal.type_in("\u{3}");
    };
    let Some((status, is_as_before)) = ended_by(second, &["passwd", "ada"], "New password of ada: ") else { return };
    assert!(is_as_before);
    assert_eq!(status.signal(), Some(SIGINT));
}

#[test]
fn a_stopped_prompt_gives_the_echo_back_and_goes_on_without_it() {
    let (folder, mut terminal) = (folder(), Terminal::new());
    let Some(mut child) = terminal.start(&folder, &["passwd", "ada"], |_| {}) else { return };
    terminal.wait_for("New password of ada: ", 1);
    wait_until("no echo", || !terminal.echoes());
    terminal.type_in("\u{1a}");
    let stat = format!("/proc/{}/stat", child.id());
    wait_until("the process stops", || std::fs::read_to_string(&stat).expect("it is there").contains(") T "));
    assert!(terminal.echoes());
    kill(&child, "-CONT");
    wait_until("no echo", || !terminal.echoes());
    terminal.type_in("secret words\n");
    terminal.wait_for("Repeat the password: ", 1);
    wait_until("no echo", || !terminal.echoes());
    terminal.type_in("secret words\n");
    assert_eq!(wait_for(&mut child).code(), Some(0), "{}", terminal.shown());
}

/// The commands that take something away, the question of each, and whether it has been done.
type Destructive = (&'static [&'static str], &'static str, fn(&Folder) -> bool);

fn is_gone(folder: &Folder, kind: &str, name: &str) -> bool {
    said(&run(folder, &[kind, "show", name])).0 == 1
}

const DESTRUCTIVE: [Destructive; 8] = [
    (&["user", "delete", "ada"], "permanently delete the user ada with memberships and tokens? [y/N] ", |folder| {
        is_gone(folder, "user", "ada")
    }),
    (&["user", "delete", "ada", "bob"], "permanently delete 2 users (ada, bob)", |folder| {
        is_gone(folder, "user", "ada") && is_gone(folder, "user", "bob")
    }),
    (
        &["user", "purge", "--older-than", "0s"],
        "permanently delete all users who are disabled and have not been changed",
        |folder| is_gone(folder, "user", "ada"),
    ),
    (&["group", "delete", "team"], "permanently delete the group team? [y/N] ", |folder| {
        is_gone(folder, "group", "team")
    }),
    (&["key", "revoke", "1"], "permanently revoke key 1? [y/N] ", |folder| {
        let keys = said(&run(folder, &["key", "list", "--format", "csv"])).1;
        !keys.lines().nth(1).expect("a key").ends_with(',')
    }),
    (&["restore", "backup.db"], "replace ", |folder| is_gone(folder, "user", "later")),
    (&["check", "--repair"], "remove the extra properties of ", |_| true),
    (&["import", "changed.jsonl", "--on-conflict", "update"], "change the users and groups of ", |folder| {
        said(&run(folder, &["user", "show", "ada"])).1.contains("Countess")
    }),
];

/// A directory with something for each of them to do.
fn something_to_lose() -> Folder {
    let folder = folder();
    assert_eq!(said(&run(&folder, &["user", "add", "later"])).0, 0);
    let changed = r#"{"type":"user","name":"ada","title":"Countess"}"#;
    std::fs::write(folder.path().join("changed.jsonl"), changed).expect("a file");
    folder
}

#[test]
fn a_command_that_takes_something_away_asks_first_at_a_terminal() {
    for (words, question, is_done) in DESTRUCTIVE {
        let repairs = words.contains(&"--repair");
        for (answer, status) in [("\n", 1), ("n\n", 1), ("yess\n", 1), ("\u{4}", 1), ("y\n", 0), ("Yes\n", 0)] {
            let (folder, mut terminal) = (something_to_lose(), Terminal::new());
            let Some((code, shown)) = terminal.ask(&folder, words, question, answer) else { return };
            assert_eq!(code, status, "{words:?} {answer:?}: {shown}");
            assert_eq!(is_done(&folder) || repairs, status == 0 || repairs, "{words:?} {answer:?}: {shown}");
            let refused = shown.contains("cancelled, nothing was changed (use --yes");
            assert_eq!(refused, status == 1, "{words:?} {answer:?}: {shown}");
        }
    }
}

#[test]
fn yes_answers_the_question_before_it_is_asked() {
    for (words, question, is_done) in DESTRUCTIVE {
        for flag in ["--yes", "-y"] {
            let (folder, mut terminal) = (something_to_lose(), Terminal::new());
            let Some((code, shown)) = terminal.ask(&folder, &[words, &[flag]].concat(), "", "") else { return };
            assert_eq!(code, 0, "{words:?}: {shown}");
            assert!(is_done(&folder) && !shown.contains(question), "{words:?}: {shown}");
        }
    }
}

#[test]
fn without_a_terminal_no_question_is_asked() {
    for (words, question, is_done) in DESTRUCTIVE {
        let folder = something_to_lose();
        let mut command = rollbook();
        command.current_dir(folder.path()).args(words).env("ROLLBOOK_DB", folder.db());
        let (code, out, err) = said(&command.output().expect("the command runs"));
        assert_eq!(code, 0, "{words:?}: {out}{err}");
        assert!(is_done(&folder) && !err.contains(question), "{words:?}: {err}");
    }
}

#[test]
fn a_command_that_takes_nothing_away_asks_nothing() {
    let (folder, mut terminal) = (something_to_lose(), Terminal::new());
    for words in [
        &["user", "purge", "--older-than", "0s", "--dry-run"][..],
        &["check"],
        &["import", "changed.jsonl", "--on-conflict", "update", "--dry-run"],
        &["import", "users.jsonl", "--on-conflict", "skip"],
        &["import", "users.jsonl", "--on-conflict", "update", "--db", "new.db"],
        &["restore", "backup.db", "--db", "another.db"],
        &["user", "disable", "ada"],
        &["group", "add-member", "team", "ada"],
        &["group", "remove-member", "team", "ada"],
    ] {
        let Some((code, shown)) = terminal.ask(&folder, words, "", "") else { return };
        assert_eq!(code, 0, "{words:?}: {shown}");
        assert!(!shown.contains("[y/N]"), "{words:?}: {shown}");
    }
}
