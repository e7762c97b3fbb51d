//! The command line: settings, keys, passwords, the first start and the log.

use crate::support::cli::{rollbook, run};
use crate::support::client::basic;
use crate::support::command::{api_key_status, assert_refused, assert_success, finish, login_status, stdout};
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server, serve};
use std::sync::Arc;

// Help and usage

#[test]
fn help_names_every_command_and_every_setting() {
    let folder = Folder::new();
    let output = run(&folder, &["--help"]);
    assert_success(&output);
    for word in [
        "serve",
        "user",
        "group",
        "import",
        "export",
        "pull",
        "key",
        "passwd",
        "log",
        "backup",
        "restore",
        "check",
        "--help",
        "--version",
    ] {
        assert!(stdout(&output).contains(word), "{word}");
    }
    let output = run(&folder, &["serve", "--help"]);
    assert_success(&output);
    let flags = [
        "--listen",
        "--unix-mode",
        "--db",
        "--datadog-prefix",
        "--nuxeo-prefix",
        "--rollbook-prefix",
        "--keep-changes",
        "--dialects",
        "--wrong-password-delay",
        "--max-connections",
        "--max-connections-per-address",
        "--trusted-proxy",
        "--max-body-bytes",
        "--max-names-per-request",
        "--head-timeout",
        "--body-timeout",
        "--idle-timeout",
        "--write-timeout",
        "--grace",
        "--readers",
        "--strict-errors",
        "--require-password",
        "--password-pattern",
        "--log",
        "--log-format",
        "--metrics-listen",
        "--metrics-public",
    ];
    for flag in flags {
        let variable = format!("ROLLBOOK_{}", flag[2..].to_uppercase().replace('-', "_"));
        for word in [flag, &variable] {
            assert!(stdout(&output).contains(word), "no {word} in:\n{}", stdout(&output));
        }
    }
    for (words, named) in [
        (&["key", "--help"][..], &["create", "list", "revoke"][..]),
        (&["key", "create", "--help"], &["api", "app", "--name", "--role", "admin", "standard", "read"]),
        (&["passwd", "--help"], &["--db", "ROLLBOOK_DB"]),
        (&["user", "--help"], &["list", "show", "add", "set", "disable", "enable", "delete", "purge"]),
        (
            &["user", "list", "--help"],
            &["--enabled", "--disabled", "--verified", "--admins", "--group", "--match", "--format", "-v"],
        ),
        (&["group", "--help"], &["list", "show", "add", "set", "delete", "add-member", "remove-member"]),
        (
            &["import", "--help"],
            &["--dry-run", "--on-conflict", "skip", "update", "fail", "--create-groups", "--report"],
        ),
        (&["export", "--help"], &["--format", "--with-passwords", "--base", "--force"]),
        (&["pull", "nuxeo", "--help"], &["--from", "NUXEO_PASSWORD", "NUXEO_TOKEN", "--ca"]),
        (&["pull", "datadog", "--help"], &["--from", "DD_API_KEY", "DD_APP_KEY", "--timeout"]),
        (&["log", "--help"], &["--since", "--follow", "--name", "--lines", "--format", "ROLLBOOK_DB"]),
        (&["backup", "--help"], &["FILE", "--force", "--keep", "--db", "ROLLBOOK_DB", "while a server"]),
        (&["restore", "--help"], &["FILE", "--db", "ROLLBOOK_DB", "while no server"]),
        (&["check", "--help"], &["--db", "ROLLBOOK_DB", "while a server"]),
    ] {
        let output = run(&folder, words);
        assert_success(&output);
        for word in named {
            assert!(stdout(&output).contains(word), "no {word} in {words:?}");
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "help makes no file");
}

#[test]
fn version_is_the_version_of_the_package() {
    let output = run(&Folder::new(), &["--version"]);
    assert_success(&output);
    assert_eq!(stdout(&output), format!("rollbook {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_usage_exits_with_2_and_a_reason() {
    let folder = Folder::new();
    let rows: &[(&[&str], &[&str])] = &[
        (&["--nonsense"], &["--nonsense"]),
        (&["nonsense"], &["nonsense"]),
        (&["serve", "--nonsense"], &["--nonsense"]),
        (&["serve", "extra"], &["extra"]),
        (&["serve", "--listen"], &["--listen"]),
        (&["serve", "--listen", "nowhere"], &["--listen", "nowhere"]),
        (&["serve", "--listen", "127.0.0.1:99999"], &["--listen", "99999"]),
        (&["serve", "--trusted-proxy", "localhost"], &["--trusted-proxy", "localhost", "not an address"]),
        (&["serve", "--trusted-proxy", ""], &["--trusted-proxy", "not an address"]),
        (&["serve", "--trusted-proxy", "127.0.0.1,"], &["--trusted-proxy", "not an address"]),
        (&["serve", "--trusted-proxy", "/8"], &["--trusted-proxy", "not an address"]),
        (&["serve", "--trusted-proxy", "10.0.0.0/33"], &["--trusted-proxy", "from 0 to 32"]),
        (&["serve", "--trusted-proxy", "10.0.0.0/"], &["--trusted-proxy", "from 0 to 32"]),
        (&["serve", "--trusted-proxy", "10.0.0.0/-8"], &["--trusted-proxy", "from 0 to 32"]),
        (&["serve", "--trusted-proxy", "::/129"], &["--trusted-proxy", "from 0 to 128"]),
        (
            &["serve", "--trusted-proxy", "10.0.0.1/8"],
            &["--trusted-proxy", "10.0.0.1 has bits set behind its prefix of 8"],
        ),
        (&["serve", "--trusted-proxy", "::1/0"], &["--trusted-proxy", "::1 has bits set behind its prefix of 0"]),
        (&["serve", "--max-connections", "many"], &["--max-connections", "many"]),
        (&["serve", "--max-connections=-1"], &["--max-connections"]),
        (&["serve", "--max-connections", "0"], &["--max-connections"]),
        (&["serve", "--max-names-per-request", "0"], &["--max-names-per-request"]),
        (&["serve", "--max-body-bytes", "1MB"], &["--max-body-bytes"]),
        (&["serve", "--head-timeout", "soon"], &["--head-timeout", "soon"]),
        (&["serve", "--body-timeout=-1"], &["--body-timeout"]),
        (&["serve", "--idle-timeout", "NaN"], &["--idle-timeout"]),
        (&["serve", "--dialects", "esperanto"], &["--dialects", "esperanto"]),
        (&["serve", "--dialects", ""], &["dialect"]),
        (&["serve", "--datadog-prefix", "dd"], &["prefix", "dd"]),
        (&["serve", "--nuxeo-prefix", "/a b"], &["prefix", "/a b"]),
        (&["serve", "--password-pattern", "("], &["--password-pattern"]),
        (&["serve", "--log", "loud"], &["--log", "loud"]),
        (&["serve", "--log-format", "xml"], &["--log-format", "xml", "text", "json"]),
        (&["check", "--log-format", "xml"], &["--log-format", "xml"]),
        (&["key"], &["create"]),
        (&["key", "create"], &["KIND"]),
        (&["key", "create", "house", "--name", "x"], &["house"]),
        (&["key", "create", "app", "--name", "x", "--role", "king"], &["--role", "king"]),
        (&["key", "create", "api", "--name", "x", "--role", "read"], &["--role", "API key"]),
        (&["key", "revoke"], &["ID"]),
        (&["passwd"], &["USER"]),
        (&["backup", "monday.db", "--keep", "2"], &["--keep", "dated names"]),
        (&["backup", "a.db", "b.db"], &["b.db"]),
        (&["restore"], &["FILE"]),
        (&["restore", "a.db", "--force"], &["--force"]),
        (&["check", "a.db"], &["a.db"]),
    ];
    for (words, named) in rows {
        let mut command = rollbook();
        command.args(*words).env("ROLLBOOK_DB", folder.db());
        assert_refused(&finish(command), 2, named);
    }
    for (name, value) in [
        ("ROLLBOOK_MAX_CONNECTIONS", "many"),
        ("ROLLBOOK_LISTEN", "nowhere"),
        ("ROLLBOOK_LOG", "loud"),
        ("ROLLBOOK_LOG_FORMAT", "xml"),
        ("ROLLBOOK_STRICT_ERRORS", "perhaps"),
        ("ROLLBOOK_REQUIRE_PASSWORD", "2"),
    ] {
        let mut command = rollbook();
        command.arg("serve").env("ROLLBOOK_DB", folder.db()).env(name, value);
        assert_refused(&finish(command), 2, &[value]);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a wrong command line makes no file");
}

#[test]
fn a_setting_comes_from_a_flag_or_a_variable_and_the_flag_wins() {
    let folder = Arc::new(Folder::new());
    let mut command = serve(&folder, &["--datadog-prefix", "/flag"]);
    command
        .env("ROLLBOOK_DATADOG_PREFIX", "/variable")
        .env("ROLLBOOK_NUXEO_PREFIX", "/nx")
        .env("ROLLBOOK_MAX_BODY_BYTES", "7");
    let server = Server::by(command, Arc::clone(&folder));
    let ask = |path: &str, body: &str| {
        let keys = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)];
        server.request("POST", path, &keys, Some(body.as_bytes())).status
    };
    assert_eq!(ask("/flag/api/v1/user", "{}"), 400);
    assert_eq!(ask("/flag/api/v1/user", "{      }"), 413);
    assert_eq!(ask("/variable/api/v1/user", "{}"), 404);
    assert_eq!(login_status(&server, "Administrator", ADMIN_PASSWORD), 404);
    let headers = [("Authorization", basic("Administrator", ADMIN_PASSWORD))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(server.request("GET", "/nx/api/v1/me", &headers, None).status, 200);
}

#[test]
fn boolean_variables_take_the_usual_words() {
    // The value, then the answers to an update with an unknown id and to a creation without a password.
    for (name, value, statuses) in [
        ("ROLLBOOK_STRICT_ERRORS", "1", [404, 201]),
        ("ROLLBOOK_STRICT_ERRORS", "true", [404, 201]),
        ("ROLLBOOK_STRICT_ERRORS", "0", [500, 201]),
        ("ROLLBOOK_STRICT_ERRORS", "false", [500, 201]),
        ("ROLLBOOK_REQUIRE_PASSWORD", "1", [500, 400]),
        ("ROLLBOOK_REQUIRE_PASSWORD", "true", [500, 400]),
        ("ROLLBOOK_REQUIRE_PASSWORD", "0", [500, 201]),
    ] {
        let folder = Arc::new(Folder::new());
        let mut command = serve(&folder, &[]);
        command.env(name, value);
        let server = Server::by(command, Arc::clone(&folder));
        let authorization = basic("Administrator", ADMIN_PASSWORD);
        let ask = |method: &str, path: &str, body: &str| {
            let headers = [("Authorization", authorization.as_str())];
            server.request(method, &format!("/nuxeo/api/v1{path}"), &headers, Some(body.as_bytes())).status
        };
        let answers = [
            ask("PUT", "/user/Administrator", r#"{"entity-type":"user","id":"nobody"}"#),
            ask("POST", "/user", r#"{"entity-type":"user","properties":{"username":"ada"}}"#),
        ];
        assert_eq!(answers, statuses, "{name}={value}");
    }
}

#[test]
fn without_a_subcommand_it_serves() {
    let folder = Arc::new(Folder::new());
    let mut command = rollbook();
    command.env("ROLLBOOK_LISTEN", "127.0.0.1:0").env("ROLLBOOK_DB", folder.db());
    let server = Server::by(command, Arc::clone(&folder));
    assert_eq!(api_key_status(&server, API_KEY), 200);
    server.stop_for_lines();

    let mut command = rollbook();
    command.args(["--listen", "127.0.0.1:0", "--db"]).arg(folder.db());
    assert_eq!(api_key_status(&Server::by(command, folder), API_KEY), 200);
}

#[test]
fn the_database_is_by_default_in_the_working_folder() {
    let folder = Arc::new(Folder::new());
    let mut command = rollbook();
    command.args(["serve", "--listen", "127.0.0.1:0"]).current_dir(folder.path());
    let server = Server::by(command, Arc::clone(&folder));
    assert_eq!(api_key_status(&server, API_KEY), 200);
    server.stop_for_lines();
    assert!(folder.db().is_file());
}
