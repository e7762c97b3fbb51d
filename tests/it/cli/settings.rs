//! Settings: which variable counts for which command, messages about wrong ones, and the page that lists them all.

use crate::support::cli::{rollbook, run, said};
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server, serve};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

/// What `rollbook settings` prints for programs, with these flags and variables.
fn settings(flags: &[&str], variables: &[(&str, &str)]) -> Vec<Value> {
    let mut command = rollbook();
    command.args(["settings", "--format", "json"]).args(flags).envs(variables.iter().copied());
    let (status, out, err) = said(&command.output().expect("the command runs"));
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    serde_json::from_str::<Value>(&out).expect("JSON").as_array().expect("an array").clone()
}

fn find<'s>(settings: &'s [Value], name: &str) -> &'s Value {
    settings.iter().find(|setting| setting["setting"] == name).unwrap_or_else(|| panic!("no {name}: {settings:#?}"))
}

/// A setting as a line of text: value, source.
fn shown(settings: &[Value], name: &str) -> (Value, Value) {
    let setting = find(settings, name);
    (setting["value"].clone(), setting["from"].clone())
}

/// The end of a command with that variable.
fn with(words: &[&str], folder: &Folder, name: &str, value: impl AsRef<OsStr>) -> (i32, String, String) {
    let mut command = rollbook();
    command.args(words).current_dir(folder.path()).env(name, value);
    said(&command.output().expect("the command runs"))
}

// Where a value comes from

#[test]
fn each_setting_is_shown_with_its_source() {
    let all = settings(
        &["--grace", "5", "--strict-errors", "--trusted-proxy", "127.0.0.1,::1"],
        &[("ROLLBOOK_GRACE", "6"), ("ROLLBOOK_READERS", "8"), ("ROLLBOOK_METRICS_PUBLIC", "yes")],
    );
    for (name, value, from) in [
        ("--grace", json!("5"), "flag"),
        ("--strict-errors", json!("true"), "flag"),
        ("--trusted-proxy", json!("127.0.0.1,::1"), "flag"),
        ("--readers", json!("8"), "variable"),
        ("--metrics-public", json!("yes"), "variable"),
        ("--listen", json!("127.0.0.1:8080"), "default"),
        ("--metrics-listen", Value::Null, "default"),
        ("--hide-administrators", json!("false"), "default"),
        ("--dialects", json!("datadog,nuxeo,rollbook,ui"), "default"),
        ("ROLLBOOK_API_KEY", json!("(hidden)"), "variable"),
        ("ROLLBOOK_API_KEY_FILE", Value::Null, "default"),
    ] {
        assert_eq!(shown(&all, name), (value, json!(from)), "{name}");
    }
    assert_eq!(find(&all, "--grace")["variable"], "ROLLBOOK_GRACE");
    assert_eq!(find(&all, "--grace")["default"], "10");
}

#[test]
fn no_secret_is_shown() {
    let folder = Folder::new();
    for format in ["table", "json", "csv"] {
        let (status, out, err) = said(&run(&folder, &["settings", "--format", format]));
        assert_eq!((status, err.as_str()), (0, ""), "{out}");
        for secret in [ADMIN_PASSWORD, API_KEY, APP_KEY] {
            assert!(!out.contains(secret), "{out}");
        }
        assert!(out.contains("ROLLBOOK_ADMIN_PASSWORD") && out.contains("(hidden)"), "{out}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the command makes no file");
}

#[test]
fn settings_fails_where_a_start_would() {
    let folder = Folder::new();
    let (status, _, err) = with(&["settings", "--nuxeo-prefix", "/"], &folder, "ROLLBOOK_GRACE", "5");
    assert_eq!(status, 2);
    assert_eq!(
        err,
        "rollbook: datadog and nuxeo have the same prefix, /: set another one by --datadog-prefix or --nuxeo-prefix\n"
    );
    let (status, _, err) = with(&["settings"], &folder, "ROLLBOOK_LISTEN", "nowhere");
    assert_eq!(status, 2, "{err}");
    assert!(err.contains("'ROLLBOOK_LISTEN'"), "{err}");
    let (status, _, err) = with(&["settings"], &folder, "ROLLBOOK_API_KEY_FILE", "key");
    assert_eq!(status, 0, "{err}");
    assert!(err.contains("a first start refuses this: ROLLBOOK_API_KEY and ROLLBOOK_API_KEY_FILE are both"), "{err}");
    let (status, _, err) = with(&["settings"], &folder, "ROLLBOOK_APP_KEY", "\u{feff}key");
    assert_eq!(status, 0, "{err}");
    assert!(err.contains("a first start refuses this: ROLLBOOK_APP_KEY: the secret begins with a byte"), "{err}");
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let all = settings(&[], &[]);
    let variables = all.iter().filter_map(|setting| setting["variable"].as_str()).collect::<Vec<_>>();
    assert!(variables.len() > 30, "{variables:?}");
    for variable in variables {
        let mut command = rollbook();
        let output =
            command.args(["settings", "--format", "json"]).env(variable, "").output().expect("the command runs");
        let (status, out, err) = said(&output);
        assert_eq!(status, 0, "{variable}: {err}");
        let found = serde_json::from_str::<Value>(&out).expect("JSON");
        let found = found.as_array().expect("an array").iter().find(|setting| setting["variable"] == variable).cloned();
        let found = found.expect("the setting");
        assert_eq!(found["from"], "default", "{found}");
        // Where an empty value had a meaning of its own, a warning tells how to write that now.
        let warns = variable == "ROLLBOOK_PROTECT";
        assert_eq!(err.contains("a comma protects no user"), warns, "{variable}: {err}");
        assert_eq!(err.is_empty(), !warns, "{variable}: {err}");
    }
    // A flag may be empty all the same.
    assert_eq!(shown(&settings(&["--protect", ""], &[]), "--protect"), (json!(""), json!("flag")));
}

#[test]
fn an_empty_list_of_protected_users_is_written_with_a_comma() {
    for (value, status) in [("", 409), (",", 204)] {
        let folder = Arc::new(Folder::new());
        let mut command = serve(&folder, &[]);
        command.env("ROLLBOOK_PROTECT", value);
        let server = Server::by(command, folder);
        assert_eq!(
            server
                .nuxeo(
                    "POST",
                    "/user",
                    Some(r#"{"entity-type":"user","properties":{"username":"ada","groups":["administrators"]}}"#,)
                )
                .status,
            201
        );
        assert_eq!(server.nuxeo("DELETE", "/user/Administrator", None).status, status, "{value:?}");
        assert_eq!(server.log().contains("ROLLBOOK_PROTECT is empty and counts as unset"), value.is_empty());
    }
}

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
        ("ROLLBOOK_DIALECTS", b"esperanto", "ROLLBOOK_DIALECTS: there is no dialect esperanto, only datadog"),
        ("ROLLBOOK_DIALECTS", b",", "ROLLBOOK_DIALECTS: no dialect is left to serve"),
        ("ROLLBOOK_NUXEO_PREFIX", b"/", "set another one by --datadog-prefix or ROLLBOOK_NUXEO_PREFIX"),
        ("ROLLBOOK_UI_PREFIX", b"/\xff", "the value of ROLLBOOK_UI_PREFIX is not UTF-8"),
        (
            "ROLLBOOK_DIALECTS",
            b"\xef\xbb\xbfui",
            "the value of ROLLBOOK_DIALECTS begins with a byte order mark: remove it",
        ),
        ("ROLLBOOK_DB", b"\xef\xbb\xbfr.db", "the value of ROLLBOOK_DB begins with a byte order mark: remove it"),
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
    // The flag is meant as it stands.
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
    // What a variable would give is wanted when it is empty.
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
        (b"\xef\xbb\xbfhidden", "ROLLBOOK_API_KEY: the secret begins with a byte order mark: remove it"),
    ] {
        refused(None, "ROLLBOOK_API_KEY", value, message);
    }
    let long = vec![b'x'; (64 << 10) + 1];
    for (content, message) in [
        (&b"hidden\xff\n"[..], "the secret is not UTF-8"),
        // As some editors write UTF-16.
        (b"\xff\xfeh\0i\0d\0d\0e\0n\0", "the secret is not UTF-8"),
        (b"\xef\xbb\xbfhidden\n", "the secret begins with a byte order mark: remove it"),
        (b"", "is empty"),
        (b"\r\n\n", "is empty"),
        (&long, "is longer than 65536 bytes, and so no secret"),
    ] {
        let colon = if message.starts_with("the") { ":" } else { "" };
        let message = format!("ROLLBOOK_API_KEY_FILE: {name}{colon} {message}");
        refused(Some(content), "ROLLBOOK_API_KEY_FILE", name.as_bytes(), &message);
    }
    std::fs::write(&file, API_KEY).expect("a file");
    let twice = "ROLLBOOK_API_KEY and ROLLBOOK_API_KEY_FILE are both set: leave one of them out";
    let mut command = serve(&folder, &[]);
    command.env("ROLLBOOK_API_KEY_FILE", &file);
    let (status, _, err) = said(&command.output().expect("the command runs"));
    assert_eq!(status, 1, "{err}");
    assert!(err.contains(twice), "{err}");
    // An empty variable beside the other one is unset.
    let folder = Arc::new(Folder::new());
    let mut command = serve(&folder, &[]);
    command.env("ROLLBOOK_API_KEY", "").env("ROLLBOOK_API_KEY_FILE", &file);
    let server = Server::by(command, folder);
    assert_eq!(server.datadog("GET", "/api/v1/validate", None).status, 200);
}

// Variables that there are not

#[test]
fn a_variable_that_sets_nothing_is_warned_about_with_the_nearest_name() {
    let folder = Folder::new();
    assert!(run(&folder, &["key", "create", "api", "--name", "x"]).status.success());
    let db = folder.db();
    let words = ["check", "--db", db.to_str().expect("text")];
    for (name, way_out) in [
        ("ROLLBOOK_LISTN", "the nearest that does is ROLLBOOK_LISTEN"),
        ("ROLLBOOK_LOGFORMAT", "the nearest that does is ROLLBOOK_LOG_FORMAT"),
        ("ROLLBOOK_MAX_CONNECTION", "the nearest that does is ROLLBOOK_MAX_CONNECTIONS"),
        ("ROLLBOOK_TRUSTED_PROXIES", "the nearest that does is ROLLBOOK_TRUSTED_PROXY"),
        ("ROLLBOOK_ADMIN_PASSWORT", "the nearest that does is ROLLBOOK_ADMIN_PASSWORD"),
        ("ROLLBOOK_API_KEY_FIL", "the nearest that does is ROLLBOOK_API_KEY_FILE"),
        ("ROLLBOOK_db", "the nearest that does is ROLLBOOK_DB"),
        ("ROLLBOOK_XYZ", "rollbook settings lists those that do"),
        ("ROLLBOOK_", "rollbook settings lists those that do"),
        ("ROLLBOOK_PORT", "rollbook settings lists those that do"),
    ] {
        let (status, _, err) = with(&words, &folder, name, "secret");
        let warning = format!("rollbook: warning: the variable {name} sets nothing; {way_out}\n");
        assert_eq!((status, err.as_str()), (0, warning.as_str()), "{name}");
    }
    let folder = Arc::new(Folder::new());
    let mut command = serve(&folder, &[]);
    command.env("ROLLBOOK_LISTN", "secret");
    let log = Server::by(command, folder).stop_for_log();
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains("ROLLBOOK_LISTN")).collect();
    assert_eq!(warnings.len(), 1, "{log}");
    assert!(warnings[0].contains("WARN ] the variable ROLLBOOK_LISTN sets nothing"), "{log}");
    assert!(!log.contains("secret"), "{log}");
}

#[test]
fn variables_of_others_are_left_alone() {
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

// The page

/// The cells of each row of the page's tables.
fn rows(page: &str) -> Vec<Vec<&str>> {
    let is_row = |line: &&str| line.starts_with("| `");
    page.lines().filter(is_row).map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

/// Words of a text that begin with that and go on with these letters.
fn names<'t>(text: &'t str, prefix: &str, is_part: fn(char) -> bool) -> BTreeSet<&'t str> {
    let starts = text.match_indices(prefix).map(|(at, _)| at).filter(|at| !text[..*at].ends_with(['-', '_']));
    let name = |at: usize| {
        let rest = &text[at + prefix.len()..];
        &text[at..at + prefix.len() + rest.find(|c| !is_part(c)).unwrap_or(rest.len())]
    };
    starts.map(name).filter(|name| name.len() > prefix.len()).collect()
}

#[test]
fn the_page_of_settings_has_each_setting_and_no_other() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/settings.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let all = settings(&[], &[]);
    let rows = rows(&page);
    let mut flags = BTreeSet::new();
    for setting in &all {
        let name = setting["setting"].as_str().expect("a name");
        assert!(page.contains(&format!("`{name}`")), "docs/settings.md has no {name}");
        if !name.starts_with("--") {
            continue;
        }
        let default = match setting["default"].as_str() {
            Some("false") => "off".to_owned(),
            Some(default) => format!("`{default}`"),
            None => "none".to_owned(),
        };
        let variable = setting["variable"].as_str().map_or("none".to_owned(), |name| format!("`{name}`"));
        let flag = format!("`{name}`");
        let of_flag: Vec<_> = rows.iter().filter(|row| row[0] == flag).collect();
        assert_eq!(of_flag.len(), 1, "rows of {name} in docs/settings.md");
        assert_eq!(of_flag[0][1..3], [variable.as_str(), default.as_str()], "docs/settings.md: {name}");
        flags.insert(name);
    }
    let variables: BTreeSet<&str> = all.iter().filter_map(|setting| setting["variable"].as_str()).collect();
    // Those that Kubernetes makes.
    let others = ["ROLLBOOK_SERVICE_HOST", "ROLLBOOK_PORT"];
    for name in names(&page, "ROLLBOOK_", |c| c.is_ascii_uppercase() || c == '_') {
        assert!(variables.contains(name) || others.contains(&name), "docs/settings.md: there is no variable {name}");
    }
    for name in names(&page, "--", |c| c.is_ascii_lowercase() || c == '-') {
        let is_line = name.chars().all(|c| c == '-');
        assert!(is_line || flags.contains(name) || name == "--format", "docs/settings.md: there is no flag {name}");
    }
}
