//! Environment variables: wrong values, empty ones and unknown names.

use super::settings::{settings, with};
use crate::support::cli::{rollbook, run, said};
use crate::support::folder::Folder;
use crate::support::server::{API_KEY, Server, serve};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;
use std::sync::Arc;

// Wrong values

#[test]
fn a_message_names_the_variable_that_a_wrong_value_came_from() {
    let folder = Folder::new();
    let rows: &[(&str, &[u8], &str)] = &[
        ("ROLLBOOK_LISTEN", b"nowhere", "invalid value 'nowhere' for 'ROLLBOOK_LISTEN'"),
        ("ROLLBOOK_METRICS_LISTEN", b"nowhere", "invalid value 'nowhere' for 'ROLLBOOK_METRICS_LISTEN'"),
        ("ROLLBOOK_GRACE", b"soon", "invalid value 'soon' for 'ROLLBOOK_GRACE': not a number of seconds"),
        ("ROLLBOOK_READERS", b"0", "invalid value '0' for 'ROLLBOOK_READERS': 0 is not in 1..=64"),
        ("ROLLBOOK_STRICT_ERRORS", b"perhaps", "invalid value 'perhaps' for 'ROLLBOOK_STRICT_ERRORS'"),
        ("ROLLBOOK_LOG", b"loud", "invalid value 'loud' for 'ROLLBOOK_LOG': not one of off, error, warn, info, debug"),
        (
            "ROLLBOOK_LOG_FORMAT",
            b"xml",
            "invalid value 'xml' for 'ROLLBOOK_LOG_FORMAT'\n  [possible values: text, json]",
        ),
        ("ROLLBOOK_TRUSTED_PROXY", b"::1,near", "invalid value 'near' for 'ROLLBOOK_TRUSTED_PROXY'"),
        ("ROLLBOOK_PASSWORD_PATTERN", b"(", "invalid value '(' for 'ROLLBOOK_PASSWORD_PATTERN'"),
        ("ROLLBOOK_UI_PREFIX", b"ui", "invalid value 'ui' for 'ROLLBOOK_UI_PREFIX': does not begin with a slash"),
        ("ROLLBOOK_UI_PREFIX", b"/a b", "invalid value '/a b' for 'ROLLBOOK_UI_PREFIX': is not a plain path"),
        ("ROLLBOOK_DIALECTS", b"esperanto", "ROLLBOOK_DIALECTS: unknown dialect esperanto; known dialects: datadog"),
        ("ROLLBOOK_DIALECTS", b",", "ROLLBOOK_DIALECTS: no dialect to serve"),
        ("ROLLBOOK_NUXEO_PREFIX", b"/", "change --datadog-prefix or ROLLBOOK_NUXEO_PREFIX"),
        ("ROLLBOOK_UI_PREFIX", b"/\xff", "the value of ROLLBOOK_UI_PREFIX is not UTF-8"),
        (
            "ROLLBOOK_DIALECTS",
            b"\xef\xbb\xbfui",
            "the value of ROLLBOOK_DIALECTS begins with a byte order mark; remove it",
        ),
        ("ROLLBOOK_DB", b"\xef\xbb\xbfr.db", "the value of ROLLBOOK_DB begins with a byte order mark; remove it"),
    ];
    for (name, value, message) in rows {
        for words in [&["serve"][..], &["settings"], &[]] {
            let (status, _, err) = with(words, &folder, name, OsStr::from_bytes(value));
            assert_eq!(status, 2, "{name} {words:?}: {err}");
            assert!(err.contains(message), "{words:?}: no {message:?} in:\n{err}");
        }
    }
    // With a flag the variable does not count, whatever it holds.
    let (status, _, err) = with(&["settings", "--grace", "5"], &folder, "ROLLBOOK_GRACE", OsStr::from_bytes(b"\xff"));
    assert_eq!((status, err.as_str()), (0, ""));
    // A wrong flag is named itself, also where a variable is set.
    let (status, _, err) = with(&["serve", "--grace", "late"], &folder, "ROLLBOOK_GRACE", "5");
    assert_eq!(status, 2);
    assert!(err.contains("invalid value 'late' for '--grace <SECONDS>'"), "{err}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a wrong variable makes no file");
}

#[test]
fn a_wrong_variable_of_the_server_stops_no_command() {
    let folder = Folder::new();
    assert!(run(&folder, &["key", "create", "api", "--name", "x"]).status.success());
    let wrong = OsStr::from_bytes(b"\xff(");
    let own: BTreeSet<&str> = ["ROLLBOOK_DB", "ROLLBOOK_PASSWORD_PATTERN"].into();
    let all = settings(&[], &[]);
    let variables: Vec<&str> = all.iter().filter_map(|setting| setting["variable"].as_str()).collect();
    let server_only = variables.iter().filter(|name| !own.contains(*name) && !name.starts_with("ROLLBOOK_LOG"));
    let mut command = rollbook();
    command.envs(server_only.map(|name| (name, wrong))).env("ROLLBOOK_DB", folder.db()).current_dir(folder.path());
    let mut runs = |words: &[&str]| {
        let output = command_with(&mut command, words).output().expect("the command runs");
        let (status, out, err) = said(&output);
        assert_eq!(status, 0, "{words:?}: {err}");
        (out, err)
    };
    for words in [
        &["backup", "copy.db"][..],
        &["export", "all.csv"],
        &["user", "list"],
        &["group", "list"],
        &["key", "list"],
        &["log"],
        &["check"],
        &["restore", "copy.db"],
        &["completions", "bash"],
        &["man"],
        &["--help"],
    ] {
        let (_, err) = runs(words);
        assert!(!err.contains("warning"), "{words:?}: {err}");
    }
}

/// The same command with other words.
fn command_with<'c>(command: &'c mut Command, words: &[&str]) -> &'c mut Command {
    let mut next = Command::new(command.get_program());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => next.env(name, value),
            None => next.env_remove(name),
        };
    }
    next.current_dir(command.get_current_dir().expect("a folder")).args(words);
    *command = next;
    command
}

#[test]
fn a_wrong_log_level_stops_no_command_but_the_server() {
    let folder = Folder::new();
    assert!(run(&folder, &["key", "create", "api", "--name", "x"]).status.success());
    let db = folder.db();
    let words = ["check", "--db", db.to_str().expect("text")];
    let (status, out, err) = with(&words, &folder, "ROLLBOOK_LOG", "loud");
    assert_eq!(status, 0, "{err}");
    assert!(out.starts_with("ok: "), "{out}");
    let warning =
        "warning: invalid value 'loud' for 'ROLLBOOK_LOG': not one of off, error, warn, info, debug and trace; the";
    assert!(err.contains(warning), "{err}");
    let (status, _, err) = with(&words, &folder, "ROLLBOOK_LOG_FORMAT", "xml");
    assert_eq!(status, 0, "{err}");
    assert!(err.contains("warning: invalid value 'xml' for 'ROLLBOOK_LOG_FORMAT'"), "{err}");
    // The command takes the flag as it is.
    let (status, _, err) = said(&run(&folder, &["check", "--log", "loud"]));
    assert_eq!(status, 2, "{err}");
}

#[test]
fn variables_of_pull_are_checked_like_others() {
    let folder = Folder::new();
    let pull = ["pull", "nuxeo", "--from", "nowhere"];
    let (status, _, err) = with(&pull, &folder, "NUXEO_PASSWORD", OsStr::from_bytes(b"\xff"));
    assert_eq!(status, 2);
    assert!(err.contains("the value of NUXEO_PASSWORD is not UTF-8") && !err.contains('\u{fffd}'), "{err}");
    let (status, _, err) = with(&pull, &folder, "NUXEO_TOKEN", "\u{feff}secret");
    assert_eq!(status, 2);
    assert!(err.contains("NUXEO_TOKEN begins with a byte order mark") && !err.contains("secret"), "{err}");
    // A token on the command line is meant in place of the password in the environment.
    let with_token = ["pull", "nuxeo", "--from", "nowhere", "--token", "t"];
    let (_, _, err) = with(&with_token, &folder, "NUXEO_PASSWORD", "p");
    assert!(err.contains("the base URL has to begin with"), "{err}");
    let mut command = rollbook();
    command.args(pull).envs([("NUXEO_TOKEN", "t"), ("NUXEO_PASSWORD", "p")]);
    let (status, _, err) = said(&command.output().expect("the command runs"));
    assert_eq!(status, 2);
    assert!(err.contains("'NUXEO_PASSWORD' cannot be used with 'NUXEO_TOKEN'"), "{err}");
    // A value from a variable is required when the variable is empty.
    let mut command = rollbook();
    command.args(["pull", "datadog", "--from", "nowhere"]).envs([("DD_API_KEY", ""), ("DD_APP_KEY", "k")]);
    let (status, _, err) = said(&command.output().expect("the command runs"));
    assert_eq!(status, 2);
    assert!(err.contains("--api-key") && !err.contains("\n  --app-key"), "{err}");
}

// Secrets

#[test]
fn a_first_start_refuses_a_secret_that_is_not_plain_text() {
    let folder = Folder::new();
    let file = folder.path().join("secret");
    let name = file.to_str().expect("text");
    let refused = |content: Option<&[u8]>, variable: &str, value: &[u8], message: &str| {
        if let Some(content) = content {
            std::fs::write(&file, content).expect("a file");
        }
        let mut command = serve(&folder, &[]);
        command.env_remove("ROLLBOOK_API_KEY").env(variable, OsStr::from_bytes(value));
        let (status, _, err) = said(&command.output().expect("the command runs"));
        assert_eq!(status, 1, "{message}: {err}");
        assert!(err.contains(&format!("rollbook: {message}\n")), "no {message:?} in:\n{err}");
        assert!(!err.contains("hidden"), "{err}");
    };
    for (value, message) in [
        (&b"hidden\xff"[..], "ROLLBOOK_API_KEY: the secret is not UTF-8"),
        (b"\xef\xbb\xbfhidden", "ROLLBOOK_API_KEY: the secret begins with a byte order mark; remove it"),
    ] {
        refused(None, "ROLLBOOK_API_KEY", value, message);
    }
    let long = vec![b'x'; (64 << 10) + 1];
    for (content, message) in [
        (&b"hidden\xff\n"[..], "the secret is not UTF-8"),
        // Some editors write UTF-16.
        (b"\xff\xfeh\0i\0d\0d\0e\0n\0", "the secret is not UTF-8"),
        (b"\xef\xbb\xbfhidden\n", "the secret begins with a byte order mark; remove it"),
        (b"", "is empty"),
        (b"\r\n\n", "is empty"),
        (&long, "is longer than 65536 bytes; it cannot be a secret"),
    ] {
        let colon = if message.starts_with("the") { ":" } else { "" };
        let message = format!("ROLLBOOK_API_KEY_FILE: {name}{colon} {message}");
        refused(Some(content), "ROLLBOOK_API_KEY_FILE", name.as_bytes(), &message);
    }
    std::fs::write(&file, API_KEY).expect("a file");
    let twice = "ROLLBOOK_API_KEY and ROLLBOOK_API_KEY_FILE are both set; set only one of them";
    let mut command = serve(&folder, &[]);
    command.env("ROLLBOOK_API_KEY_FILE", &file);
    let (status, _, err) = said(&command.output().expect("the command runs"));
    assert_eq!(status, 1, "{err}");
    assert!(err.contains(twice), "{err}");
    // An empty variable next to the other one is unset.
    let folder = Arc::new(Folder::new());
    let mut command = serve(&folder, &[]);
    command.env("ROLLBOOK_API_KEY", "").env("ROLLBOOK_API_KEY_FILE", &file);
    let server = Server::by(command, folder);
    assert_eq!(server.datadog("GET", "/api/v1/validate", None).status, 200);
}

// Unknown variables

#[test]
fn unknown_variable_causes_a_warning_with_the_nearest_name() {
    let folder = Folder::new();
    assert!(run(&folder, &["key", "create", "api", "--name", "x"]).status.success());
    let db = folder.db();
    let words = ["check", "--db", db.to_str().expect("text")];
    for (name, way_out) in [
        ("ROLLBOOK_LISTN", "the most similar variable is ROLLBOOK_LISTEN"),
        ("ROLLBOOK_LOGFORMAT", "the most similar variable is ROLLBOOK_LOG_FORMAT"),
        ("ROLLBOOK_MAX_CONNECTION", "the most similar variable is ROLLBOOK_MAX_CONNECTIONS"),
        ("ROLLBOOK_TRUSTED_PROXIES", "the most similar variable is ROLLBOOK_TRUSTED_PROXY"),
        ("ROLLBOOK_ADMIN_PASSWORT", "the most similar variable is ROLLBOOK_ADMIN_PASSWORD"),
        ("ROLLBOOK_API_KEY_FIL", "the most similar variable is ROLLBOOK_API_KEY_FILE"),
        ("ROLLBOOK_db", "the most similar variable is ROLLBOOK_DB"),
        ("ROLLBOOK_XYZ", "rollbook settings lists all variables"),
        ("ROLLBOOK_", "rollbook settings lists all variables"),
        ("ROLLBOOK_PORT", "rollbook settings lists all variables"),
    ] {
        let (status, _, err) = with(&words, &folder, name, "secret");
        let warning = format!("rollbook: warning: unknown variable {name}; {way_out}\n");
        assert_eq!((status, err.as_str()), (0, warning.as_str()), "{name}");
    }
    let folder = Arc::new(Folder::new());
    let mut command = serve(&folder, &[]);
    command.env("ROLLBOOK_LISTN", "secret");
    let log = Server::by(command, folder).stop_for_log();
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains("ROLLBOOK_LISTN")).collect();
    assert_eq!(warnings.len(), 1, "{log}");
    assert!(warnings[0].contains("WARN ] unknown variable ROLLBOOK_LISTN"), "{log}");
    assert!(!log.contains("secret"), "{log}");
}

#[test]
fn variables_of_other_programs_cause_no_warning() {
    let folder = Folder::new();
    for (name, value) in [
        ("ROLLBOOK_SERVICE_HOST", "10.0.0.1"),
        ("ROLLBOOK_SERVICE_PORT", "8080"),
        ("ROLLBOOK_SERVICE_PORT_HTTP", "8080"),
        ("ROLLBOOK_PORT", "tcp://10.0.0.1:8080"),
        ("ROLLBOOK_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
        ("ROLLBOOK_PORT_8080_TCP_PROTO", "tcp"),
        ("ROLLBOOK_METRICS_SERVICE_HOST", "10.0.0.1"),
        ("ROLLBOOKS", "x"),
        ("rollbook_listen", "x"),
    ] {
        let (status, _, err) = with(&["settings"], &folder, name, value);
        assert_eq!((status, err.as_str()), (0, ""), "{name}");
    }
}
