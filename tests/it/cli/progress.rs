//! Progress and colours of commands on a terminal.

use crate::support::cli::{new_database, rollbook, run, said};
use crate::support::folder::Folder;
use crate::support::terminal::Terminal;
use crate::support::wait::{wait_for, wait_until};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn named_pipe(folder: &Folder) -> std::path::PathBuf {
    let pipe = folder.path().join("people.csv");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    pipe
}

#[test]
fn an_import_that_waits_for_its_input_shows_that_at_a_terminal() {
    let (folder, terminal) = (new_database(), Terminal::new());
    let pipe = named_pipe(&folder);
    let Some(mut child) = terminal.start(&folder, &["import", "people.csv"], |_| {}) else { return };
    let mut input = std::fs::File::options().write(true).open(pipe).expect("the command reads");
    terminal.wait_for("reading people.csv", 2);
    input.write_all(b"login\nada\n").expect("the command reads");
    drop(input);
    assert_eq!(wait_for(&mut child).code(), Some(0), "{}", terminal.shown());
    terminal.wait_for("1 created", 1);
    // The line is gone before the result is printed.
    let shown = terminal.shown();
    let after = &shown[shown.rfind("1 created").expect("the result")..];
    assert!(!after.contains("reading"), "{shown}");
}

#[test]
fn a_pull_shows_that_it_waits_for_the_server() {
    let (folder, terminal) = (new_database(), Terminal::new());
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let words = ["pull", "datadog", "--from", &url, "--api-key", "a", "--app-key", "b", "--timeout", "600"];
    let Some(mut child) = terminal.start(&folder, &words, |_| {}) else { return };
    let (mut connection, _) = listener.accept().expect("a connection");
    terminal.wait_for(&format!("reading {url}: 0 rows"), 1);
    let _ = connection.read(&mut [0; 64]);
    child.kill().expect("it is killed");
    wait_for(&mut child);
}

#[test]
fn a_command_that_waits_for_the_database_shows_that() {
    let (folder, terminal) = (new_database(), Terminal::new());
    // A process that holds the database and does not accept orders.
    let held = std::fs::File::open(folder.path().join("rollbook.db.lock")).expect("the lock");
    held.lock().expect("no other process has it");
    let Some(mut child) = terminal.start(&folder, &["user", "list"], |_| {}) else { return };
    terminal.wait_for("waiting for ", 1);
    drop(held);
    // The command gets the database in time, or gives up on a busy machine.
    let status = wait_for(&mut child);
    let expected = if status.success() { "Administrator" } else { "is in use by another process" };
    terminal.wait_for(expected, 1);
}

#[test]
fn without_a_terminal_no_progress_is_shown() {
    let folder = new_database();
    let pipe = named_pipe(&folder);
    let mut command = rollbook();
    command.current_dir(folder.path()).args(["import", "people.csv"]).env("ROLLBOOK_DB", folder.db());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
    let mut input = std::fs::File::options().write(true).open(pipe).expect("the command reads");
    let threads = format!("/proc/{}/task", child.id());
    let names = || {
        let tasks = std::fs::read_dir(&threads).expect("it runs").flatten();
        tasks.map(|task| std::fs::read_to_string(task.path().join("comm")).unwrap_or_default()).collect::<String>()
    };
    wait_until("the thread that draws", || names().contains("progress"));
    let start = Instant::now();
    wait_until("a step longer than those that show nothing", || start.elapsed() > Duration::from_millis(1500));
    input.write_all(b"login\nada\n").expect("the command reads");
    drop(input);
    let (status, out, err) = said(&child.wait_with_output().expect("it ends"));
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("1 created"), "{out}");
}

#[test]
fn help_and_errors_have_colours_only_at_a_terminal_that_wants_them() {
    const ESCAPE: &str = "\u{1b}[";
    let folder = new_database();
    let shown = |words: &[&str], variables: &[(&str, &str)]| {
        let terminal = Terminal::new();
        let mut child = terminal.start(&folder, words, |command| {
            command.envs(variables.iter().copied());
        })?;
        wait_for(&mut child);
        terminal.wait_for("sage:", 1);
        Some(terminal.shown())
    };
    for words in [&["user", "--help"][..], &["user", "nonsense"]] {
        let Some(plain) = shown(words, &[("NO_COLOR", "1")]) else { return };
        assert!(!plain.contains(ESCAPE), "{words:?}: {plain:?}");
        assert!(!shown(words, &[("CLICOLOR", "0")]).expect("a terminal").contains(ESCAPE), "{words:?}");
        assert!(!shown(words, &[("TERM", "dumb")]).expect("a terminal").contains(ESCAPE), "{words:?}");
        assert!(shown(words, &[]).expect("a terminal").contains(ESCAPE), "{words:?}: by default it is coloured");
        let (_, out, err) = said(&run(&folder, words));
        assert!(!out.contains(ESCAPE) && !err.contains(ESCAPE), "{out}{err}");
    }
}

#[test]
fn results_messages_and_log_lines_have_no_colours() {
    let (folder, mut terminal) = (new_database(), Terminal::new());
    for words in [
        &["user", "list"][..],
        &["user", "show", "nobody"],
        &["user", "add", "ada"],
        &["key", "list"],
        &["log"],
        &["check"],
        &["settings"],
        &["user", "show", "ada", "--format", "json"],
        &["user", "list", "--log", "trace"],
    ] {
        let Some((_, shown)) = terminal.ask(&folder, words, "", "") else { return };
        assert!(!shown.contains('\u{1b}') && !shown.is_empty(), "{words:?}: {shown:?}");
    }
}
