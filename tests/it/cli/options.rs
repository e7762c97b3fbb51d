//! The command line: settings, keys, passwords, the first start and the log.

use crate::support::cli::{create_key, name_of, rollbook, run, run_with_input};
use crate::support::client::{Answer, Connection, basic};
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use crate::support::wait::{PATIENCE, wait_for};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, PipeWriter, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

const SECRETS: [&str; 3] = ["ROLLBOOK_ADMIN_PASSWORD", "ROLLBOOK_API_KEY", "ROLLBOOK_APP_KEY"];

type Headers<'a> = &'a [(&'a str, &'a str)];

/// `rollbook serve` on a free port and the database in that folder.
fn serve(folder: &Folder, flags: &[&str]) -> Command {
    let mut command = rollbook();
    command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(folder.db()).args(flags);
    command
}

/// The same without the secrets for a first start.
fn serve_unprepared(folder: &Folder, flags: &[&str]) -> Command {
    let mut command = serve(folder, flags);
    for name in SECRETS {
        command.env_remove(name);
    }
    command
}

/// A server whose whole log is wanted.
struct Started {
    child: Child,
    address: SocketAddr,
    lines: Receiver<String>,
    log: Vec<String>,
}

impl Started {
    fn by(command: Command) -> Started {
        Started::with(command, |_, _| {})
    }

    /// Starts with a pipe in place of the journal.
    fn to_journal(command: Command) -> Started {
        Started::with(command, |command, stderr| {
            command.env("JOURNAL_STREAM", name_of(stderr));
        })
    }

    fn with(mut command: Command, prepare: impl FnOnce(&mut Command, &PipeWriter)) -> Started {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        prepare(&mut command, &writer);
        let mut child = command.stdout(Stdio::null()).stderr(writer).spawn().expect("the server starts");
        // The other end is to be the server's alone, so that it ends with it.
        drop(command);
        let (tell, lines) = channel();
        let stderr = BufReader::new(reader);
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).all(|line| tell.send(line).is_ok()));
        let mut log = Vec::new();
        loop {
            let Ok(line) = lines.recv_timeout(PATIENCE) else {
                let _ = child.kill().and_then(|()| child.wait());
                panic!("the server does not say where it listens:\n{}", log.join("\n"));
            };
            log.push(line);
            if let Some((_, url)) = log[log.len() - 1].split_once("listening on http://") {
                let address = url.split_whitespace().next().unwrap().parse().expect("the address that is logged");
                return Started { child, address, lines, log };
            }
        }
    }

    fn request(&self, method: &str, target: &str, headers: Headers<'_>, body: Option<&str>) -> Answer {
        let mut connection = Connection::open(self.address);
        connection.send(method, target, headers, body.map(str::as_bytes));
        connection.answer(method == "HEAD")
    }

    fn validate(&self, api_key: &str) -> u16 {
        self.request("GET", "/api/v1/validate", &[("DD-API-KEY", api_key)], None).status
    }

    fn users(&self, app_key: &str) -> u16 {
        self.request("GET", "/api/v1/user", &[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", app_key)], None).status
    }

    fn login(&self, user: &str, password: &str) -> u16 {
        self.request("GET", "/nuxeo/api/v1/me", &[("Authorization", &basic(user, password))], None).status
    }

    /// Ends the server in the ordinary way and returns everything it has logged.
    fn stop(mut self) -> Vec<String> {
        let status = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(status.expect("kill runs").success());
        assert_eq!(wait_for(&mut self.child).code(), Some(0));
        let mut log = std::mem::take(&mut self.log);
        log.extend(self.lines.iter());
        log
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command that has to end by itself.
fn finish(mut command: Command) -> Output {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command starts");
    wait_for(&mut child);
    child.wait_with_output().expect("the output")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

fn assert_success(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

/// The command ended with that code and said all of these words about it, without the look of a crash.
fn assert_refused(output: &Output, code: i32, words: &[&str]) {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    for word in words {
        assert!(said.contains(word), "no {word:?} in:\n{said}");
    }
    assert!(!said.contains("panicked") && !said.contains("RUST_BACKTRACE"), "{said}");
}

/// The first word of the line of `key list` that has that name.
fn key_id(folder: &Folder, name: &str) -> String {
    let output = run(folder, &["key", "list"]);
    assert_success(&output);
    let listed = stdout(&output);
    let mut lines = listed.lines().filter(|line| line.split_whitespace().any(|word| word == name));
    let line = lines.next().unwrap_or_else(|| panic!("no {name} in:\n{listed}"));
    assert_eq!(lines.next(), None, "{listed}");
    line.split_whitespace().next().expect("an identifier").to_owned()
}

fn assert_nowhere_in(folder: &Folder, secret: &str) {
    for entry in std::fs::read_dir(folder.path()).expect("the folder") {
        let path = entry.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("a file");
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "a secret is in {}", path.display());
    }
}

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
fn the_version_is_the_packages() {
    let output = run(&Folder::new(), &["--version"]);
    assert_success(&output);
    assert_eq!(stdout(&output), format!("rollbook {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_wrong_command_line_ends_with_2_and_says_what_is_wrong() {
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
        (&["serve", "--trusted-proxy", "10.0.0.1/8"], &["--trusted-proxy", "10.0.0.1 has more than 8 bits"]),
        (&["serve", "--trusted-proxy", "::1/0"], &["--trusted-proxy", "::1 has more than 0 bits"]),
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
fn two_dialects_on_one_prefix_do_not_start() {
    let folder = Folder::new();
    for flags in [
        &["--datadog-prefix", "/x", "--nuxeo-prefix", "/x"][..],
        &["--datadog-prefix", "/nuxeo"],
        &["--datadog-prefix", "/nuxeo/"],
        &["--nuxeo-prefix", ""],
        &["--nuxeo-prefix", "/"],
    ] {
        let output = finish(serve(&folder, flags));
        assert!(matches!(output.status.code(), Some(1 | 2)), "{flags:?}: {output:?}");
        assert!(stderr(&output).contains("prefix"), "{flags:?}: {output:?}");
    }
    // A dialect that is not served is in nobody's way.
    let server = Server::with(&["--dialects", "datadog", "--datadog-prefix", "/nuxeo"]);
    let answer = server.datadog("GET", "/nuxeo/api/v1/validate", None);
    assert_eq!(answer.parts(), (200, json!({"valid": true})));
}

// Settings

#[test]
fn each_dialect_lives_where_its_prefix_says() {
    let valid = || json!({"valid": true});
    let nothing = || json!({"errors": ["Not found"]});
    let ask = |server: &Server, path: &str| {
        let authorization = basic("Administrator", ADMIN_PASSWORD);
        let headers =
            [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY), ("Authorization", authorization.as_str())];
        let (status, body) = server.request("GET", path, &headers, None).parts();
        (status, if body["entity-type"] == "user" { body["id"].clone() } else { body })
    };
    let administrator = || json!("Administrator");
    type Calls<'a> = &'a [(&'a str, u16, Value)];
    let rows: &[(&[&str], Calls<'_>)] = &[
        (
            &["--datadog-prefix", "/dd"],
            &[
                ("/dd/api/v1/validate", 200, valid()),
                ("/dd//api/v1/validate/", 200, valid()),
                ("/dd/api/v1/nothing", 404, nothing()),
                ("/dd/invite_users", 405, json!({"errors": ["Method not allowed"]})),
                ("/api/v1/validate", 404, nothing()),
                ("/invite_users", 404, nothing()),
                ("/ddx/api/v1/validate", 404, nothing()),
                ("/nuxeo/api/v1/me", 200, administrator()),
            ],
        ),
        (
            &["--nuxeo-prefix", "/nx/deep/"],
            &[
                ("/nx/deep/api/v1/me", 200, administrator()),
                ("/nx/deep/site/api/v1/me", 200, administrator()),
                ("/nx/api/v1/me", 404, nothing()),
                ("/nuxeo/api/v1/me", 404, nothing()),
                ("/api/v1/validate", 200, valid()),
            ],
        ),
        (
            &["--dialects", "nuxeo"],
            &[
                ("/nuxeo/api/v1/me", 200, administrator()),
                ("/api/v1/validate", 404, nothing()),
                ("/api/v1/user", 404, nothing()),
            ],
        ),
        (
            &["--dialects", "nuxeo", "--nuxeo-prefix", ""],
            &[("/api/v1/me", 200, administrator()), ("/site/api/v1/me", 200, administrator())],
        ),
        (&["--dialects", "datadog"], &[("/api/v1/validate", 200, valid()), ("/nuxeo/api/v1/me", 404, nothing())]),
        (
            &["--dialects", "datadog,nuxeo,rollbook"],
            &[("/api/v1/validate", 200, valid()), ("/nuxeo/api/v1/me", 200, administrator())],
        ),
    ];
    for (flags, calls) in rows {
        let server = Server::with(flags);
        for (path, status, expected) in *calls {
            assert_eq!(ask(&server, path), (*status, expected.clone()), "{path} with {flags:?}");
        }
    }
}

#[test]
fn a_setting_comes_from_a_flag_or_a_variable_and_the_flag_wins() {
    let folder = Folder::new();
    let mut command = serve(&folder, &["--datadog-prefix", "/flag"]);
    command
        .env("ROLLBOOK_DATADOG_PREFIX", "/variable")
        .env("ROLLBOOK_NUXEO_PREFIX", "/nx")
        .env("ROLLBOOK_MAX_BODY_BYTES", "7");
    let server = Started::by(command);
    let ask = |path: &str, body: Option<&str>| {
        server.request("POST", path, &[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)], body).status
    };
    assert_eq!(ask("/flag/api/v1/user", Some("{}")), 400);
    assert_eq!(ask("/flag/api/v1/user", Some("{      }")), 413);
    assert_eq!(ask("/variable/api/v1/user", Some("{}")), 404);
    assert_eq!(server.login("Administrator", ADMIN_PASSWORD), 404);
    let headers = [("Authorization", basic("Administrator", ADMIN_PASSWORD))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(server.request("GET", "/nx/api/v1/me", &headers, None).status, 200);
}

#[test]
fn a_switch_in_the_environment_takes_the_usual_words() {
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
        let folder = Folder::new();
        let mut command = serve(&folder, &[]);
        command.env(name, value);
        let server = Started::by(command);
        let authorization = basic("Administrator", ADMIN_PASSWORD);
        let ask = |method: &str, path: &str, body: &str| {
            let headers = [("Authorization", authorization.as_str())];
            server.request(method, &format!("/nuxeo/api/v1{path}"), &headers, Some(body)).status
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
    let folder = Folder::new();
    let mut command = rollbook();
    command.env("ROLLBOOK_LISTEN", "127.0.0.1:0").env("ROLLBOOK_DB", folder.db());
    let server = Started::by(command);
    assert_eq!(server.validate(API_KEY), 200);
    server.stop();

    let mut command = rollbook();
    command.args(["--listen", "127.0.0.1:0", "--db"]).arg(folder.db());
    assert_eq!(Started::by(command).validate(API_KEY), 200);
}

#[test]
fn the_database_is_by_default_in_the_working_folder() {
    let folder = Folder::new();
    let mut command = rollbook();
    command.args(["serve", "--listen", "127.0.0.1:0"]).current_dir(folder.path());
    let server = Started::by(command);
    assert_eq!(server.validate(API_KEY), 200);
    server.stop();
    assert!(folder.db().is_file());
}

#[test]
fn the_start_says_address_file_and_limits() {
    let folder = Folder::new();
    let server = Started::by(serve(&folder, &["--max-connections", "321", "--max-body-bytes", "54321"]));
    let address = server.address.to_string();
    let log = server.stop().join("\n");
    for word in [address.as_str(), folder.db().to_str().unwrap(), "321", "54321"] {
        assert!(log.contains(word), "no {word} in:\n{log}");
    }
    assert!(!log.contains("not encrypted"), "{log}");
}

#[test]
fn an_open_address_is_served_with_one_warning() {
    let folder = Folder::new();
    let mut command = rollbook();
    command.args(["serve", "--listen", "0.0.0.0:0", "--db"]).arg(folder.db());
    let log = Started::by(command).stop();
    let warnings: Vec<&String> = log.iter().filter(|line| line.contains("encrypt")).collect();
    assert_eq!(warnings.len(), 1, "{log:?}");
    assert!(
        warnings[0].contains("WARN") && warnings[0].contains("TLS") && warnings[0].contains("proxy"),
        "{warnings:?}"
    );
}

#[test]
fn a_taken_address_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let folder = Folder::new();
    let mut command = rollbook();
    command.args(["serve", "--listen", &address, "--db"]).arg(folder.db());
    let advice = "address already in use: stop the program that listens there, or choose another address";
    assert_refused(&finish(command), 1, &["--listen: ", &address, advice]);
    let mut command = rollbook();
    command.args(["serve", "--db"]).arg(folder.db()).env("ROLLBOOK_LISTEN", &address);
    assert_refused(&finish(command), 1, &["ROLLBOOK_LISTEN: ", &address, advice]);
    let mut command = rollbook();
    command.args(["serve", "--listen", "127.0.0.1:0", "--metrics-listen", &address, "--db"]).arg(folder.db());
    assert_refused(&finish(command), 1, &["--metrics-listen: ", &address, advice]);
}

// The file

#[test]
fn the_files_of_the_database_are_the_owners_alone() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(server.datadog("POST", "/api/v1/user", Some(r#"{"handle":"ada@example.com"}"#)).status, 200);
    let assert_closed = |path: &Path| {
        let mode = std::fs::metadata(path).expect("a file").permissions().mode() & 0o7777;
        assert_eq!(mode, 0o600, "{} has mode {mode:o}", path.display());
    };
    for entry in std::fs::read_dir(folder.path()).expect("the folder") {
        assert_closed(&entry.expect("an entry").path());
    }
    assert!(server.stop().success());
    assert_closed(&folder.db());
}

#[test]
fn a_file_serves_one_process_at_a_time() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    let file = folder.db();
    let file = file.to_str().unwrap();
    let busy = [file, "in use"];
    assert_refused(&finish(serve(&folder, &[])), 1, &busy);
    // Commands ask that process; where it does not listen, there is no way in.
    std::fs::remove_file(folder.path().join("rollbook.db.sock")).expect("the socket");
    for words in [&["key", "list"][..], &["key", "create", "api", "--name", "x"], &["key", "revoke", "1"]] {
        assert_refused(&run(&folder, words), 1, &busy);
    }
    assert_refused(&run_with_input(&folder, &["passwd", "Administrator"], "other words\n"), 1, &busy);
    // Another name of the same file is no way in.
    let other = folder.path().join("other.db");
    std::os::unix::fs::symlink(folder.db(), &other).expect("a link");
    let mut command = rollbook();
    command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(&other);
    assert_refused(&finish(command), 1, &["in use"]);

    assert_eq!(server.nuxeo("GET", "/me", None).status, 200);
    assert_eq!(server.datadog("POST", "/api/v1/user", Some(r#"{"handle":"ada@example.com"}"#)).status, 200);
    assert!(server.stop().success());
    assert_success(&run(&folder, &["key", "list"]));
}

#[test]
fn a_mistyped_file_is_told_and_not_made() {
    let folder = Folder::new();
    let file = folder.db();
    for words in [&["key", "list"][..], &["key", "revoke", "1"], &["passwd", "x"]] {
        let output = run_with_input(&folder, words, "new words\n");
        assert_refused(&output, 1, &["rollbook: ", "no database", file.to_str().unwrap()]);
        assert_eq!(stdout(&output), "", "{words:?}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{words:?} makes no file");
    }
}

#[test]
fn a_file_that_is_not_ours_is_left_alone() {
    let sqlite = |path: &Path, text: &str| {
        let connection = rusqlite::Connection::open(path).expect("a database");
        connection.execute_batch(text).expect("the statements run");
    };
    type Make<'a> = &'a dyn Fn(&Path);
    let rows: &[(&str, Make<'_>)] = &[
        ("no database", &|path| std::fs::write(path, "Dear diary, \n".repeat(1000)).unwrap()),
        ("a short text", &|path| std::fs::write(path, "Dear diary").unwrap()),
        ("a database with tables and no name", &|path| sqlite(path, "create table notes (text)")),
        ("a database of another program", &|path| sqlite(path, "create table users (id); pragma application_id = 7")),
        ("a nameless database with a version", &|path| sqlite(path, "create table t (x); pragma user_version = 1")),
    ];
    for (what, make) in rows {
        let folder = Folder::new();
        make(&folder.db());
        let before = std::fs::read(folder.db()).unwrap();
        let file = folder.db();
        for command in [serve(&folder, &[]), {
            let mut command = rollbook();
            command.args(["key", "list", "--db"]).arg(&file);
            command
        }] {
            let output = finish(command);
            assert_refused(&output, 1, &[file.to_str().unwrap()]);
            assert_eq!(std::fs::read(&file).unwrap(), before, "{what}");
        }
    }
}

#[test]
fn a_file_of_a_newer_version_is_left_alone() {
    let folder = Folder::new();
    Started::by(serve(&folder, &[])).stop();
    let connection = rusqlite::Connection::open(folder.db()).expect("the database");
    let version: i64 = connection.query_row("pragma user_version", [], |row| row.get(0)).expect("a version");
    let name: i64 = connection.query_row("pragma application_id", [], |row| row.get(0)).expect("an application");
    assert!(version > 0 && name != 0, "the file says whose it is: {name}, {version}");
    connection.execute_batch("pragma user_version = 9999").expect("the version is written");
    drop(connection);
    let before = std::fs::read(folder.db()).unwrap();
    let file = folder.db();
    assert_refused(&finish(serve(&folder, &[])), 1, &[file.to_str().unwrap(), "9999", "newer"]);
    assert_refused(&run(&folder, &["key", "list"]), 1, &[file.to_str().unwrap(), "9999", "newer"]);
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn a_place_where_no_file_can_be_is_told() {
    let folder = Folder::new();
    for path in [folder.path().to_owned(), folder.path().join("missing/rollbook.db")] {
        let mut command = rollbook();
        command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(&path);
        assert_refused(&finish(command), 1, &[path.to_str().unwrap()]);
    }
}

// The first start

/// The secrets of lines that were made for a shell, in the order of [`SECRETS`].
fn pasted(lines: &str) -> Vec<String> {
    let names: Vec<&str> =
        lines.lines().map(|line| line["export ".len()..].split('=').next().expect("a name")).collect();
    assert_eq!(names, SECRETS, "{lines}");
    let script = format!("{lines}\nprintf '%s\\n' \"${}\" \"${}\" \"${}\"", SECRETS[0], SECRETS[1], SECRETS[2]);
    let output = Command::new("sh").args(["-euc", &script]).output().expect("a shell");
    assert_success(&output);
    let secrets: Vec<String> = stdout(&output).lines().map(str::to_owned).collect();
    assert_eq!(secrets.len(), 3, "{secrets:?}");
    assert!(secrets.iter().all(|secret| secret.len() >= 16), "hard to guess");
    assert!(secrets[0] != secrets[1] && secrets[1] != secrets[2] && secrets[2] != secrets[0]);
    secrets
}

/// The secrets open the database, and another start neither says them nor has them in a file.
fn assert_secrets_work(folder: &Folder, secrets: &[String]) {
    let server = Started::by(serve_unprepared(folder, &[]));
    let keys = [("DD-API-KEY", secrets[1].as_str()), ("DD-APPLICATION-KEY", secrets[2].as_str())];
    let answer =
        server.request("POST", "/api/v1/user", &keys, Some(r#"{"handle":"ada@example.com","access_role":"adm"}"#));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(server.login("Administrator", &secrets[0]), 200);
    let log = server.stop().join("\n");
    assert!(!log.contains("export ") && !log.contains("first secrets"), "{log}");
    for secret in secrets {
        assert!(!log.contains(secret), "{log}");
        assert_nowhere_in(folder, secret);
    }
}

#[test]
fn a_first_start_prints_its_secrets_once_and_ready_to_paste() {
    let folder = Folder::new();
    let log = Started::by(serve_unprepared(&folder, &[])).stop();
    let secrets = pasted(&exports(&log).join("\n"));
    for secret in &secrets {
        assert_eq!(log.join("\n").matches(secret.as_str()).count(), 1, "printed once");
        assert_nowhere_in(&folder, secret);
    }
    assert_secrets_work(&folder, &secrets);
}

/// The lines for a shell.
fn exports(log: &[String]) -> Vec<&str> {
    log.iter().map(String::as_str).filter(|line| line.starts_with("export ")).collect()
}

#[test]
fn a_first_start_keeps_its_secrets_from_the_journal() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let file = folder.path().join("rollbook.db.secrets");
    // Left over from a start that was broken off, and readable by everybody.
    std::fs::write(&file, "export NOTHING=''\n").expect("a file");
    let server = Started::to_journal(serve_unprepared(&folder, &["--log", "trace"]));
    server.login("Administrator", "wrong");
    let log = server.stop().join("\n");
    let lines = std::fs::read_to_string(&file).expect("the secrets");
    let secrets = pasted(&lines);
    assert_eq!(std::fs::metadata(&file).expect("the file").permissions().mode() & 0o7777, 0o600);
    assert!(log.contains(&format!("its secrets are in {}", file.display())), "{log}");
    assert!(!log.contains("export "), "{log}");
    assert!(secrets.iter().all(|secret| !log.contains(secret)), "{log}");
    // Until the file is gone each start reminds of it.
    let log = Started::by(serve_unprepared(&folder, &[])).stop().join("\n");
    let reminder = format!("the first secrets are still in {}: keep them elsewhere", file.display());
    assert_eq!(log.matches(&reminder).count(), 1, "{log}");
    assert!(secrets.iter().all(|secret| !log.contains(secret)), "{log}");
    std::fs::remove_file(&file).expect("the file can be removed");
    assert_secrets_work(&folder, &secrets);
}

#[test]
fn two_first_starts_have_different_secrets() {
    let secrets = || {
        let log = Started::by(serve_unprepared(&Folder::new(), &[])).stop();
        pasted(&exports(&log).join("\n"))
    };
    let (one, other) = (secrets(), secrets());
    assert!(one.iter().all(|secret| !other.contains(secret)));
}

#[test]
fn secrets_that_cannot_be_kept_are_no_secrets() {
    let folder = Folder::new();
    let file = folder.path().join("rollbook.db.secrets");
    // Not even root can remove a folder like a file.
    std::fs::create_dir(&file).expect("a folder in the way");
    let refused = |flags: &[&str]| {
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        let mut command = serve_unprepared(&folder, flags);
        command.env("JOURNAL_STREAM", name_of(&writer)).stderr(writer);
        assert_eq!(command.status().expect("the command runs").code(), Some(1));
        drop(command);
        let mut said = String::new();
        reader.read_to_string(&mut said).expect("text");
        said
    };
    let said = refused(&[]);
    assert!(said.contains("write the secrets") && said.contains(file.to_str().expect("text")), "{said}");
    std::fs::remove_dir(&file).expect("it can be removed");
    // Secrets that the directory does not take are not kept.
    let said = refused(&["--password-pattern", "^.{100}"]);
    assert!(said.contains("password"), "{said}");
    assert!(!file.exists());
    Started::to_journal(serve_unprepared(&folder, &[])).stop();
    let secrets = pasted(&std::fs::read_to_string(&file).expect("the secrets"));
    std::fs::remove_file(&file).expect("the file can be removed");
    assert_secrets_work(&folder, &secrets);
}

#[test]
fn what_is_given_is_taken_and_not_printed() {
    let folder = Folder::new();
    let server = Started::by(serve(&folder, &[]));
    assert_eq!((server.validate(API_KEY), server.users(APP_KEY)), (200, 200));
    assert_eq!(server.login("Administrator", ADMIN_PASSWORD), 200);
    let log = server.stop().join("\n");
    for text in ["export ", API_KEY, APP_KEY, ADMIN_PASSWORD] {
        assert!(!log.contains(text), "{log}");
    }
    for secret in [API_KEY, APP_KEY, ADMIN_PASSWORD] {
        assert_nowhere_in(&folder, secret);
    }

    let folder = Folder::new();
    let mut command = serve_unprepared(&folder, &[]);
    command.env("ROLLBOOK_API_KEY", API_KEY);
    let server = Started::by(command);
    assert_eq!(server.validate(API_KEY), 200);
    let log = server.stop();
    let exports = exports(&log);
    assert_eq!(exports.len(), 2, "{log:?}");
    assert!(exports.iter().all(|line| !line.contains("ROLLBOOK_API_KEY")), "{log:?}");
}

#[test]
fn the_secrets_of_a_first_start_may_come_from_files() {
    let folder = Folder::new();
    let secrets = Folder::new();
    let mut command = serve_unprepared(&folder, &[]);
    for (name, value, end) in
        [(SECRETS[0], ADMIN_PASSWORD, "\n"), (SECRETS[1], API_KEY, "\r\n"), (SECRETS[2], APP_KEY, "")]
    {
        let path = secrets.path().join(name);
        std::fs::write(&path, format!("{value}{end}")).expect("a file");
        command.env(format!("{name}_FILE"), path);
    }
    let server = Started::by(command);
    assert_eq!((server.validate(API_KEY), server.users(APP_KEY)), (200, 200));
    assert_eq!(server.login("Administrator", ADMIN_PASSWORD), 200);
    let log = server.stop().join("\n");
    assert!(!log.contains("export "), "{log}");

    let folder = Folder::new();
    let missing = secrets.path().join("missing");
    let mut command = serve_unprepared(&folder, &[]);
    command.env("ROLLBOOK_API_KEY_FILE", &missing);
    assert_refused(&finish(command), 1, &["ROLLBOOK_API_KEY_FILE", missing.to_str().unwrap()]);
}

#[test]
fn a_first_start_that_fails_leaves_the_next_one_the_first() {
    let folder = Folder::new();
    let mut command = serve(&folder, &[]);
    command.env_remove("ROLLBOOK_API_KEY").env("ROLLBOOK_API_KEY_FILE", "/dev/null");
    assert_refused(&finish(command), 1, &["ROLLBOOK_API_KEY_FILE", "/dev/null is empty"]);
    assert_refused(&finish(serve(&folder, &["--password-pattern", "^.{100}"])), 1, &["password"]);
    let server = Started::by(serve(&folder, &[]));
    assert_eq!((server.validate(API_KEY), server.users(APP_KEY)), (200, 200));
    assert_eq!(server.login("Administrator", ADMIN_PASSWORD), 200);
}

#[test]
fn later_starts_change_no_secret() {
    let folder = Folder::new();
    Started::by(serve(&folder, &[])).stop();
    let mut command = serve(&folder, &[]);
    for name in SECRETS {
        command.env(name, "another secret, long enough");
    }
    let server = Started::by(command);
    assert_eq!((server.validate(API_KEY), server.users(APP_KEY)), (200, 200));
    assert_eq!(server.login("Administrator", ADMIN_PASSWORD), 200);
    assert_eq!(server.validate("another secret, long enough"), 403);
    assert_eq!(server.login("Administrator", "another secret, long enough"), 401);
}

// Keys and passwords

#[test]
fn a_key_is_made_listed_and_revoked() {
    let folder = Folder::new();
    let make = |words: &[&str]| {
        let output = run(&folder, words);
        assert_success(&output);
        let secret = stdout(&output);
        assert_eq!(secret.lines().count(), 1, "the secret stands alone: {secret:?}");
        let secret = secret.trim_end().to_owned();
        assert!(secret.len() >= 32 && secret.chars().all(|char| char.is_ascii_graphic()), "{secret:?}");
        secret
    };
    let api_key = make(&["key", "create", "api", "--name", "gate"]);
    let app_key = make(&["key", "create", "app", "--name", "robot", "--role", "standard"]);
    let reader = make(&["key", "create", "app", "--name", "auditor", "--role", "read"]);
    let listed = stdout(&run(&folder, &["key", "list"]));
    for (name, words) in [("gate", &["api"][..]), ("robot", &["app", "standard"]), ("auditor", &["app", "read"])] {
        let line = listed.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("no {name} in {listed}"));
        assert!(words.iter().all(|word| line.contains(word)), "{line}");
    }
    for secret in [api_key.as_str(), &app_key, &reader, API_KEY, APP_KEY] {
        assert!(!listed.contains(secret), "{listed}");
        assert_nowhere_in(&folder, secret);
    }
    let (gate, robot) = (key_id(&folder, "gate"), key_id(&folder, "robot"));

    let server = Started::by(serve(&folder, &[]));
    assert_eq!((server.validate(&api_key), server.users(&app_key), server.users(&reader)), (200, 200, 200));
    server.stop();
    for id in [&gate, &robot] {
        assert_success(&run(&folder, &["key", "revoke", id]));
    }
    let server = Started::by(serve(&folder, &[]));
    assert_eq!((server.validate(&api_key), server.users(&app_key), server.users(&reader)), (403, 403, 200));
    assert_eq!((server.validate(API_KEY), server.users(APP_KEY)), (200, 200));
    server.stop();

    let again = run(&folder, &["key", "revoke", "nobody"]);
    assert!(matches!(again.status.code(), Some(1 | 2)), "{again:?}");
    assert!(stderr(&again).contains("nobody"), "{again:?}");
    assert_refused(&run(&folder, &["key", "revoke", "999999"]), 1, &["999999"]);
}

#[test]
fn an_output_that_cannot_be_written_is_a_failure_and_no_crash() {
    let folder = Folder::new();
    create_key(&folder, "api", None);
    for words in [&["key", "list"][..], &["key", "create", "api", "--name", "lost"]] {
        let mut command = rollbook();
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a full device");
        command.args(words).env("ROLLBOOK_DB", folder.db()).stdout(full).stderr(Stdio::piped());
        let output = command.spawn().expect("the command starts").wait_with_output().expect("the command ends");
        assert_refused(&output, 1, &["rollbook: ", "write the output"]);
    }
}

#[test]
fn an_application_key_may_do_what_the_list_says_of_it() {
    let folder = Arc::new(Folder::new());
    let key = create_key(&folder, "app", None);
    let line = stdout(&run(&folder, &["key", "list"]));
    let line = line.lines().find(|line| line.contains("test")).expect("the key").to_owned();
    let server = Server::over(folder, &[]);
    let may = server.datadog_as(&key, "PUT", "/api/v1/user/administrator", Some("{}")).status;
    // Whatever the default is, the list says it.
    let role = ["admin", "standard", "read"].into_iter().find(|role| line.contains(role)).expect("a role");
    assert_eq!(may, if role == "admin" { 200 } else { 403 }, "{line}");
}

#[test]
fn passwd_gives_a_user_a_new_password() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(server.datadog("POST", "/api/v1/user", Some(r#"{"handle":"ada@example.com"}"#)).status, 200);
    assert_eq!(server.nuxeo_as(("ada@example.com", "new words"), "GET", "/me", None).status, 401);
    assert!(server.stop().success());

    for (user, input) in [
        ("Administrator", "new words\n"),
        ("ADA@example.com", "gr\u{fc}ne Wörter: a b"),
        ("administrator", "newer words\r\n"),
    ] {
        let output = run_with_input(&folder, &["passwd", user], input);
        assert_success(&output);
        assert!(!stdout(&output).contains(input.trim()) && !stderr(&output).contains(input.trim()), "{output:?}");
    }
    let server = Started::by(serve(&folder, &[]));
    assert_eq!(server.login("Administrator", ADMIN_PASSWORD), 401);
    assert_eq!(server.login("Administrator", "new words"), 401);
    assert_eq!(server.login("Administrator", "newer words"), 200);
    assert_eq!(server.login("ada@example.com", "gr\u{fc}ne Wörter: a b"), 200);
    server.stop();

    assert_refused(&run_with_input(&folder, &["passwd", "nobody"], "new words\n"), 1, &["nobody"]);
    for empty in ["", "\n"] {
        assert_refused(&run_with_input(&folder, &["passwd", "Administrator"], empty), 1, &["password"]);
    }
    let server = Started::by(serve(&folder, &[]));
    assert_eq!(server.login("Administrator", "newer words"), 200);
    assert_eq!(server.login("Administrator", ""), 401);
}

#[test]
fn commands_work_on_a_new_file_too() {
    let folder = Folder::new();
    let key = create_key(&folder, "api", None);
    let server = Started::by(serve(&folder, &[]));
    // The first start happened with the command, so the secrets are those that it was given.
    assert_eq!((server.validate(&key), server.validate(API_KEY)), (200, 200));
    assert_eq!(server.login("Administrator", ADMIN_PASSWORD), 200);
}

// The log

#[test]
fn every_request_has_one_line_in_the_log() {
    let folder = Folder::new();
    let output = run(&folder, &["key", "create", "app", "--name", "robot", "--role", "read"]);
    let robot = stdout(&output).trim().to_owned();
    let server = Started::by(serve(&folder, &[]));
    let robot = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", robot.as_str())];
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let administrator = [("Authorization", authorization.as_str())];
    // The call, then the words that its line has.
    let rows: &[(&str, &str, Headers<'_>, &[&str])] = &[
        ("GET", "/api/v1/user?x=secret", &robot, &["GET", "/api/v1/user", "200", "datadog", "robot"]),
        ("POST", "/api/v1/user/", &robot, &["POST", "/api/v1/user/", "403", "datadog", "robot"]),
        ("GET", "/api/v1/users/nobody%40example.com", &robot, &["GET", "/users/nobody", "404", "datadog", "robot"]),
        ("GET", "/api/v1/user/stranger", &[], &["GET", "/api/v1/user/stranger", "403", "datadog"]),
        (
            "GET",
            "/nuxeo/api/v1/me?y=secret",
            &administrator,
            &["GET", "/nuxeo/api/v1/me", "200", "nuxeo", "Administrator"],
        ),
        ("DELETE", "/nuxeo/api/v1/user/x", &administrator, &["DELETE", "/user/x", "404", "nuxeo", "Administrator"]),
        ("GET", "/nuxeo/api/v1/group/y", &[], &["GET", "/group/y", "401", "nuxeo"]),
        ("GET", "/elsewhere?z=secret", &[], &["GET", "/elsewhere", "404"]),
    ];
    for (method, target, headers, _) in rows {
        server.request(method, target, headers, None);
    }
    let log = server.stop();
    for (method, target, _, words) in rows {
        let lines: Vec<&String> = log.iter().filter(|line| words.iter().all(|word| line.contains(word))).collect();
        assert_eq!(lines.len(), 1, "one line for {method} {target}: {log:#?}");
        assert!(lines[0].contains("INFO") && lines[0].contains("ms"), "{}", lines[0]);
    }
    assert!(!log.join("\n").contains("secret"), "a query is never logged: {log:#?}");
}

#[test]
fn no_secret_ever_reaches_the_log() {
    let folder = Folder::new();
    let server = Started::by(serve(&folder, &["--log", "trace"]));
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let wrong = basic("Administrator", "wrongpassword");
    let keys = format!("api_key={API_KEY}&application_key={APP_KEY}");
    let calls: &[(&str, &str, Headers<'_>, Option<&str>)] = &[
        ("GET", &format!("/api/v1/user?{keys}"), &[], None),
        ("POST", &format!("/api/v1/user?{keys}"), &[], Some("{")),
        ("POST", &format!("/api/v1/user?{keys}"), &[], Some(r#"{"handle":"ada@example.com"}"#)),
        ("GET", &format!("http://test//api/v1/user/x/?{keys}"), &[], None),
        ("GET", &format!("/elsewhere?{keys}"), &[], None),
        ("GET", &format!("/nuxeo/api/v1/me?{keys}"), &[], None),
        ("PATCH", &format!("/api/v1/validate?{keys}"), &[], None),
        ("GET", "/api/v1/user?api_key=wrongapikey&application_key=wrongappkey", &[], None),
        ("GET", "/api/v1/user", &[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)], None),
        ("GET", "/api/v1/user", &[("DD-API-KEY", "wrongapikey"), ("DD-APPLICATION-KEY", "wrongappkey")], None),
        ("GET", &format!("/api/v1/user?{keys}"), &[("Content-Length", "+1")], None),
        ("GET", &format!("/api/v1/user?{keys}"), &[("Bad Name", API_KEY)], None),
        ("GET", "/nuxeo/api/v1/me", &[("Authorization", &authorization)], None),
        ("GET", "/nuxeo/api/v1/me", &[("Authorization", &wrong)], None),
        ("GET", "/nuxeo/api/v1/me?token=wrongtoken", &[], None),
        ("GET", "/nuxeo/api/v1/me", &[("X-Authentication-Token", "wrongtoken")], None),
        (
            "POST",
            "/nuxeo/api/v1/user",
            &[("Authorization", &authorization)],
            Some(r#"{"entity-type":"user","properties":{"username":"bob","password":"wrongpassword"}}"#),
        ),
        (
            "PUT",
            "/nuxeo/api/v1/me/changepassword",
            &[("Authorization", &authorization)],
            Some(r#"{"oldPassword":"wrongpassword","newPassword":"wrongpassword"}"#),
        ),
    ];
    for (method, target, headers, body) in calls {
        server.request(method, target, headers, *body);
    }
    let target = "/nuxeo/authentication/token?applicationName=a&deviceId=b&deviceDescription=c&permission=rw";
    let answer = server.request("GET", target, &[("Authorization", &authorization)], None);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let token = answer.text().trim().to_owned();
    let target = format!("/nuxeo/api/v1/me?token={token}");
    assert_eq!(server.request("GET", &target, &[], None).status, 200);

    let log = server.stop().join("\n");
    let mut secrets =
        vec![API_KEY, APP_KEY, ADMIN_PASSWORD, "wrongapikey", "wrongappkey", "wrongpassword", "wrongtoken"];
    secrets.extend([&token, authorization.trim_start_matches("Basic "), wrong.trim_start_matches("Basic ")]);
    for secret in secrets {
        assert!(!log.contains(secret), "{secret} in:\n{log}");
    }
}

#[test]
fn a_token_in_a_path_is_left_out_of_the_log_whatever_becomes_of_the_call() {
    let folder = Folder::new();
    let server = Started::by(serve(&folder, &["--log", "trace", "--head-timeout", "2"]));
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let wrong = basic("Administrator", "wrong words");
    let administrator: Headers<'_> = &[("Authorization", &authorization)];
    let target = "/nuxeo/authentication/token?applicationName=a&deviceId=b&deviceDescription=c&permission=rw";
    let token = server.request("GET", target, administrator, None).text().to_owned();
    let path = format!("/nuxeo/api/v1/token/{token}");
    let too_long = [("Authorization", authorization.as_str()), ("Content-Length", "2000000")];
    let two_lengths = [("Content-Length", "1"), ("Content-Length", "1")];
    let calls: &[(&str, String, Headers<'_>, u16)] = &[
        ("DELETE", path.clone(), &[], 401),
        ("DELETE", path.clone(), &[("Authorization", &wrong)], 401),
        ("DELETE", path.clone(), &too_long, 413),
        ("DELETE", path.clone(), &two_lengths, 400),
        ("DELETE", path.clone(), &[("Transfer-Encoding", "gzip")], 501),
        ("DELETE", path.clone(), &[("Expect", "x")], 417),
        ("DELETE", path.clone(), &[("Bad Name", "x")], 400),
        ("DELETE", format!("{path}%zz"), administrator, 400),
        ("DELETE", format!("{path}?x=y"), &[], 401),
        ("DELETE", format!("{path}/"), &[], 401),
        ("DELETE", format!("/{}", path.replace('/', "//")), &[], 401),
        ("DELETE", format!("http://test{path}"), &[], 401),
        ("DELETE", path.replace("api/v1", "site/api/v1"), &[], 401),
        ("DELETE", path.replace("v1", "v1/repo/default"), &[], 401),
        ("GET", path.clone(), administrator, 405),
        ("HEAD", path.clone(), &[], 401),
        ("BREW", path.clone(), &[], 401),
        ("DELETE", path.clone(), administrator, 204),
        ("DELETE", path.clone(), administrator, 404),
    ];
    let answers: Vec<u16> =
        calls.iter().map(|(method, target, headers, _)| server.request(method, target, headers, None).status).collect();
    // A head that never comes to its end.
    let mut connection = Connection::open(server.address);
    connection.stream().write_all(format!("DELETE {path} HTTP/1.1\r\nHost:").as_bytes()).expect("half a head");
    assert_eq!(connection.answer(false).status, 408);

    let log = server.stop();
    assert!(!log.join("\n").contains(&token), "{log:#?}");
    let lines = log.iter().filter(|line| line.contains("/token/-")).count();
    assert_eq!(lines, calls.len() + 1, "a line for each call, without the token: {log:#?}");
    for ((method, target, headers, status), answer) in calls.iter().zip(answers) {
        assert_eq!(answer, *status, "{method} {target} {headers:?}");
    }
}

#[test]
fn a_token_in_a_path_is_left_out_of_the_log_however_the_path_is_spelled() {
    let folder = Folder::new();
    let server = Started::by(serve(&folder, &[]));
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let administrator: Headers<'_> = &[("Authorization", &authorization)];
    let mut tokens = Vec::new();
    for (number, path) in ["%74oken", "t%6fk%65n", "%74%6F%6B%65%6E/"].into_iter().enumerate() {
        let target = format!("/nuxeo/api/v1/token?application=a&deviceId=d{number}");
        let token = server.request("POST", &target, administrator, None).text().to_owned();
        let target = format!("/nuxeo/api/v1/{path}/{token}");
        assert_eq!(server.request("DELETE", &target, &[], None).status, 401, "{path}");
        assert_eq!(server.request("DELETE", &target, administrator, None).status, 204, "{path}");
        tokens.push(token);
    }
    let log = server.stop().join("\n");
    for token in tokens {
        assert!(!log.contains(&token), "{token} in:\n{log}");
    }
}

#[test]
fn a_caller_cannot_write_lines_of_its_own_into_the_log() {
    let folder = Folder::new();
    let server = Started::by(serve(&folder, &[]));
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let stranger = basic("x\nforged by name", "y");
    let administrator: Headers<'_> = &[("Authorization", &authorization)];
    let keys: Headers<'_> = &[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)];
    let operation = r#"{"params":{"message":"all is well\nforged by message\r\u001b[2Kforged","level":"info"}}"#;
    server.request("GET", "/api/v1/user/x%0Aforged%20by%20path", keys, None);
    server.request("DELETE", "/api/v1/user/x%0D%0Aforged%1B%5B2K", keys, None);
    server.request("GET", "/nuxeo/api/v1/user/x%0Aforged%20by%20path", administrator, None);
    server.request("GET", "/nuxeo/api/v1/me", &[("Authorization", &stranger)], None);
    server.request("POST", "/nuxeo/api/v1/automation/Log", administrator, Some(operation));
    let log = server.stop();
    assert!(log.iter().any(|line| line.contains("all is well")), "{log:#?}");
    for line in &log {
        assert!(!line.trim_start().starts_with("forged"), "{log:#?}");
        assert!(!line.contains(['\r', '\u{1b}']), "{line:?}");
    }
}

#[test]
fn two_keys_of_a_first_start_are_two() {
    let folder = Folder::new();
    let mut command = serve(&folder, &[]);
    command.env("ROLLBOOK_APP_KEY", API_KEY);
    assert_refused(&finish(command), 1, &["ROLLBOOK_API_KEY", "ROLLBOOK_APP_KEY"]);
    // Nothing is half done: the next start is a first start.
    let server = Started::by(serve(&folder, &[]));
    assert_eq!(server.login("Administrator", ADMIN_PASSWORD), 200);
    server.stop();
}

#[test]
fn an_empty_file_that_others_can_read_becomes_a_database_that_they_cannot() {
    let folder = Folder::new();
    std::fs::write(folder.db(), "").unwrap();
    std::fs::set_permissions(folder.db(), PermissionsExt::from_mode(0o644)).unwrap();
    Started::by(serve(&folder, &[])).stop();
    assert_eq!(std::fs::metadata(folder.db()).unwrap().permissions().mode() & 0o7777, 0o600);
}
