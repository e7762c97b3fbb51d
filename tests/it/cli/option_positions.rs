//! Where options stand: before the command, after it, or without one.

use crate::support::cli::{rollbook, said};
use crate::support::folder::Folder;
use crate::support::server::Server;
use std::process::Output;
use std::sync::Arc;

/// A folder with the directories `one.db` and `two.db`, each of which has a user of its name.
fn folder() -> Folder {
    let folder = Folder::new();
    for name in ["one", "two"] {
        for words in [&["key", "create", "api"][..], &["user", "add", name]] {
            let output = in_folder(&folder, &[&["--db", &format!("{name}.db")], words].concat());
            assert_eq!(output.status.code(), Some(0), "{output:?}");
        }
    }
    folder
}

fn in_folder(folder: &Folder, words: &[&str]) -> Output {
    rollbook().current_dir(folder.path()).args(words).output().expect("the command runs")
}

#[test]
fn options_may_stand_before_the_command() {
    let folder = folder();
    for (words, status, found) in [
        (&["--db", "one.db", "user", "show", "one"][..], 0, "name:"),
        (&["--db=one.db", "user", "show", "one"], 0, "name:"),
        (&["user", "--db", "one.db", "show", "one"], 0, "name:"),
        (&["user", "show", "--db", "one.db", "one"], 0, "name:"),
        (&["-v", "--db", "one.db", "user", "show", "one"], 0, "opened the database file one.db"),
        (&["--verbose", "--log", "off", "user", "show", "one", "--db", "one.db"], 0, "opened the database file one.db"),
        (&["--log-format", "json", "--db", "three.db", "user", "list"], 1, r#"{"time":""#),
        (&["user", "--log-format", "json", "--db", "three.db", "list"], 1, r#"{"time":""#),
        (&["--db", "one.db", "check"], 0, "ok: 2 users"),
        (&["--db", "one.db", "backup", "copy.db"], 0, "backed up 2 users"),
        (&["--db", "one.db", "export", "users.csv"], 0, "users.csv: wrote"),
        (&["--db", "new.db", "import", "users.csv", "--on-conflict", "update"], 0, "created"),
        // A file may be called like a command.
        (&["--db", "user", "import", "users.csv", "--on-conflict", "update"], 0, "created"),
        (&["--db", "user", "user", "show", "one"], 0, "name:"),
        // Commands without a database take them too, so that an alias of a shell can have them.
        (&["--db", "one.db", "completions", "bash"], 0, "complete"),
        (&["--db", "one.db", "--version"], 0, "rollbook "),
        (&["--db", "one.db", "--help"], 0, "Usage: rollbook [OPTIONS] [COMMAND]"),
        (&["--listen", "127.0.0.1:0", "--help"], 0, "Usage: rollbook [OPTIONS] [COMMAND]"),
    ] {
        let output = in_folder(&folder, words);
        let (code, out, err) = said(&output);
        assert_eq!(code, status, "{words:?}: {out}{err}");
        assert!(out.contains(found) || err.contains(found), "no {found:?} for {words:?}: {out}{err}");
    }
}

#[test]
fn the_option_after_the_command_wins_over_the_one_before_it_and_both_over_the_environment() {
    let folder = folder();
    for (words, variable, user) in [
        (&["--db", "two.db", "user", "show", "one", "--db", "one.db"][..], None, "one"),
        (&["--db", "two.db", "user", "--db", "one.db", "show", "one"], None, "one"),
        (&["user", "--db", "two.db", "show", "one", "--db", "one.db"], None, "one"),
        (&["--db", "one.db", "user", "show", "one"], Some("two.db"), "one"),
        (&["user", "show", "two"], Some("two.db"), "two"),
        // Given twice in one place, the option is ambiguous.
        (&["--db", "one.db", "--db", "two.db", "user", "show", "two"], None, ""),
        (&["user", "show", "two", "--db", "one.db", "--db", "two.db"], None, ""),
    ] {
        let mut command = rollbook();
        command.current_dir(folder.path()).args(words).envs(variable.map(|file| ("ROLLBOOK_DB", file)));
        let (code, out, err) = said(&command.output().expect("the command runs"));
        if user.is_empty() {
            assert_eq!(code, 2, "{words:?}: {out}{err}");
            assert!(err.contains("'--db <FILE>' cannot be used multiple times"), "{err}");
        } else {
            assert_eq!(code, 0, "{words:?}: {out}{err}");
            assert!(out.contains(&format!(" {user}\n")), "{words:?}: {out}");
        }
    }
}

#[test]
fn options_of_the_server_may_stand_before_the_word_serve_or_without_it() {
    for words in [
        &["--listen", "127.0.0.1:0", "--grace=1", "serve"][..],
        &["--grace", "1", "serve", "--listen", "127.0.0.1:0"],
        &["--listen", "127.0.0.1:0", "--strict-errors"],
    ] {
        let folder = Arc::new(Folder::new());
        let mut command = rollbook();
        command.args(["--log-format", "text"]).arg("--db").arg(folder.db()).args(words);
        let server = Server::by(command, folder);
        assert_eq!(server.datadog("GET", "/api/v1/validate", None).status, 200, "{words:?}");
        server.stop();
    }
    // These options have one place before and after the command, so a repeated one is refused.
    let folder = Folder::new();
    let words = ["--grace", "1", "serve", "--grace", "1", "--listen", "127.0.0.1:0"];
    let (code, _, err) = said(&in_folder(&folder, &words));
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("'--grace <SECONDS>' cannot be used multiple times"), "{err}");
}

#[test]
fn the_database_named_after_the_word_serve_wins() {
    let folder = Arc::new(Folder::new());
    let mut command = rollbook();
    command.current_dir(folder.path()).args(["--db", "one.db", "serve", "--db", "two.db", "--listen", "127.0.0.1:0"]);
    let server = Server::by(command, Arc::clone(&folder));
    assert!(folder.path().join("two.db").exists() && !folder.path().join("one.db").exists());
    server.stop();
}

#[test]
fn misplaced_option_is_refused_with_its_right_position() {
    let folder = Folder::new();
    for (words, option) in [
        (&["--listen", "127.0.0.1:0", "healthcheck"][..], "--listen"),
        (&["--grace=1", "settings"], "--grace"),
        (&["--format", "json", "user", "list"], "--format"),
        (&["--force", "backup", "copy.db"], "--force"),
    ] {
        let (code, _, err) = said(&in_folder(&folder, words));
        assert_eq!(code, 2, "{words:?}: {err}");
        let advice = format!("write '{option}' after the command: only --db, --log, ");
        assert!(err.contains(&advice) && !err.contains("similar"), "{words:?}: {err}");
    }
    // For an option that the command does not take, the message advises no place.
    for words in [&["--listen", "127.0.0.1:0", "user", "list"][..], &["--grace=1", "check"], &["--nonsense", "check"]] {
        let (code, _, err) = said(&in_folder(&folder, words));
        assert_eq!(code, 2, "{words:?}: {err}");
        assert!(err.contains("unexpected argument") && !err.contains("after the command"), "{words:?}: {err}");
    }
    // Behind a command, the message advises the help of that command.
    let (code, _, err) = said(&in_folder(&folder, &["user", "list", "--force"]));
    assert_eq!(code, 2);
    assert!(!err.contains("after the command") && err.contains("'--help'"), "{err}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a refused command line makes no file");
}

#[test]
fn no_word_is_dropped_and_no_option_takes_the_command_for_its_value() {
    let folder = Folder::new();
    for (words, message) in [
        (&["--", "user", "list"][..], "unexpected argument 'user' found"),
        (&["--listen", "127.0.0.1:0", "--", "user"], "unexpected argument 'user' found"),
        (&["--db", "rollbook.db", "--", "list"], "unexpected argument 'list' found"),
        (&["--db"], "a value is required for '--db <FILE>'"),
        (&["--log"], "a value is required for '--log <LEVEL>'"),
        (&["--listen"], "a value is required for '--listen <ADDRESS>'"),
        (&["--db", "user", "list"], "'user' is taken as the value of '--db', not as the command"),
    ] {
        let (code, _, err) = said(&in_folder(&folder, words));
        assert_eq!(code, 2, "{words:?}: {err}");
        assert!(err.contains(message), "{words:?}: {err}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a refused command line makes no file");
}
