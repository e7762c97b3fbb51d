//! The first start: the secrets reach the administrator, or nothing is stored; and the line that a start ends with.

use crate::support::cli::{rollbook, rollbook_after, said};
use crate::support::command::SECRETS;
use crate::support::folder::Folder;
use crate::support::held_sync::Between;
use crate::support::server::{API_KEY, Server, serve};
use crate::support::wait::{wait_for, wait_until};
use serde_json::Value;
use std::fs::File;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

/// That command without the secrets.
fn unprepared(mut command: Command) -> Command {
    for name in SECRETS {
        command.env_remove(name);
    }
    command
}

/// The status and the standard error of a start that fails.
fn refused(mut command: Command) -> (i32, String) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the command starts");
    wait_for(&mut child);
    let (status, _, err) = said(&child.wait_with_output().expect("the output"));
    (status, err)
}

/// The secrets in lines for a shell.
fn secrets(text: &str) -> Vec<String> {
    let secret = |name: &str| {
        let (_, rest) = text.split_once(&format!("export {name}='")).unwrap_or_else(|| panic!("no {name}: {text}"));
        rest.split('\'').next().expect("a secret").to_owned()
    };
    SECRETS.map(secret).to_vec()
}

/// The directory is empty: the next start is the first one.
fn assert_empty(folder: Folder) {
    let folder = Arc::new(folder);
    let server = Server::by(unprepared(serve(&folder, &[])), Arc::clone(&folder));
    assert_open(&server, &secrets(&server.log()));
}

fn assert_open(server: &Server, secrets: &[String]) {
    let answer = server.nuxeo_as(("Administrator", &secrets[0]), "GET", "/me", None);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let headers = [("DD-API-KEY", secrets[1].as_str()), ("DD-APPLICATION-KEY", secrets[2].as_str())];
    assert_eq!(server.request("GET", "/api/v1/user", &headers, None).status, 200);
}

#[test]
fn a_start_that_fails_shows_no_secret_and_stores_none() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    for flag in ["--listen", "--metrics-listen"] {
        let folder = Folder::new();
        let (status, err) = refused(unprepared(serve(&folder, &[flag, &address])));
        assert_eq!(status, 1, "{err}");
        assert!(err.contains(&address) && !err.contains("export") && !err.contains("ROLLBOOK_A"), "{err}");
        let kept = folder.path().join("kept");
        let kept = kept.to_str().expect("text");
        let (status, err) = refused(unprepared(serve(&folder, &[flag, &address, "--secrets-file", kept])));
        assert_eq!((status, Path::new(kept).exists()), (1, false), "{err}");
        assert_empty(folder);
    }
}

#[test]
fn first_start_is_refused_when_its_secrets_would_be_lost() {
    let start = |prelude: &str, stderr: Stdio| {
        let folder = Folder::new();
        let mut command = unprepared(rollbook_after(prelude));
        command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(folder.db()).stderr(stderr);
        let mut child = command.spawn().expect("the server starts");
        assert_eq!(wait_for(&mut child).code(), Some(1), "{prelude}");
        assert_empty(folder);
    };
    start("exec 2>&-", Stdio::piped());
    start(":", Stdio::null());
    start(":", File::options().write(true).open("/dev/full").expect("a device").into());
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    start(":", writer.into());
    // The reason is in the log, where that is a file.
    let folder = Folder::new();
    let log = folder.path().join("rollbook.log");
    let mut command = unprepared(serve(&folder, &["--log-file", log.to_str().expect("text")]));
    let mut child = command.stderr(Stdio::null()).spawn().expect("the server starts");
    assert_eq!(wait_for(&mut child).code(), Some(1));
    let log = std::fs::read_to_string(log).expect("the log");
    let advice = "would be lost; set ROLLBOOK_ADMIN_PASSWORD, ROLLBOOK_API_KEY and ROLLBOOK_APP_KEY, or use";
    assert!(log.contains(advice), "{log}");
    // A command that creates a database fails in the same way.
    let folder = Folder::new();
    let mut command = unprepared(rollbook());
    command.args(["key", "create", "api", "--db"]).arg(folder.db()).stderr(Stdio::null()).stdout(Stdio::null());
    assert_eq!(command.status().expect("the command runs").code(), Some(1));
    assert_empty(folder);
}

#[test]
fn first_start_with_given_secrets_needs_no_output() {
    let folder = Arc::new(Folder::new());
    let log = folder.path().join("rollbook.log");
    let mut command = serve(&folder, &["--log-file", log.to_str().expect("text")]);
    let mut child = command.stderr(Stdio::null()).spawn().expect("the server starts");
    wait_until("the start", || std::fs::read_to_string(&log).is_ok_and(|log| log.contains("ready: open http")));
    let _ = child.kill().and_then(|()| child.wait());
}

#[test]
fn secrets_are_written_to_the_secrets_file() {
    for is_there in [false, true] {
        let folder = Arc::new(Folder::new());
        let file = folder.path().join("kept");
        if is_there {
            // A script creates a file for secrets in this way.
            std::fs::write(&file, "").expect("a file");
            std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).expect("a mode");
        }
        let mut command = unprepared(serve(&folder, &[]));
        command.env("ROLLBOOK_SECRETS_FILE", &file);
        let server = Server::by(command, Arc::clone(&folder));
        assert!(server.log().contains(&format!("and the keys are in {}", file.display())), "{}", server.log());
        assert!(!server.log().contains("export"), "{}", server.log());
        assert_eq!(std::fs::metadata(&file).expect("the file").permissions().mode() & 0o7777, 0o600);
        assert_open(&server, &secrets(&std::fs::read_to_string(&file).expect("the file")));
    }
}

#[test]
fn unusable_secrets_file_is_refused() {
    let folder = Folder::new();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("mine"), "content\n").expect("a file");
    std::fs::create_dir(path("folder")).expect("a folder");
    std::os::unix::fs::symlink(path("target"), path("link")).expect("a link");
    assert!(Command::new("mkfifo").arg(path("pipe")).status().expect("mkfifo runs").success());
    for (name, message) in [
        ("mine", "it is not empty; remove it, or name another file"),
        ("folder", "Is a directory"),
        ("link", "Too many levels of symbolic links"),
        ("pipe", "write the secrets to"),
        ("missing/file", "No such file or directory"),
        ("rollbook.db", "it is the database file or belongs to it"),
        ("rollbook.db-wal", "it is the database file or belongs to it"),
    ] {
        let file = path(name);
        let (status, err) = refused(unprepared(serve(&folder, &["--secrets-file", file.to_str().expect("text")])));
        assert_eq!(status, 1, "{name}: {err}");
        assert!(err.contains(message) && err.contains(name) && !err.contains("export"), "{name}: {err}");
    }
    assert_eq!(std::fs::read_to_string(path("mine")).expect("the file"), "content\n");
    assert!(!path("target").exists());
    // Secrets that the directory does not take are not kept.
    let file = path("kept");
    let flags = ["--secrets-file", file.to_str().expect("text"), "--password-pattern", "^.{100}"];
    assert_eq!(refused(unprepared(serve(&folder, &flags))).0, 1);
    assert!(!file.exists());
    assert_empty(folder);
}

#[test]
fn first_start_killed_after_writing_the_secrets_file_can_be_repeated() {
    let between = Between::new();
    let folder = Arc::new(Folder::new());
    let file = folder.path().join("kept");
    let flags = ["--secrets-file", file.to_str().expect("text")];
    let mut command = unprepared(serve(&folder, &flags));
    // From the moment when the file is there, a sync waits.
    command.env("LD_PRELOAD", between.library()).env("HOLD", &file).stderr(Stdio::null());
    let mut child = command.spawn().expect("the server starts");
    let waits = folder.path().join("kept.waits");
    wait_until("the sync of the secrets", || waits.exists());
    child.kill().expect("the server is killed");
    wait_for(&mut child);
    std::fs::remove_dir(waits).expect("a folder");
    let left = std::fs::read_to_string(&file).expect("the file");
    assert!(left.contains("# not stored yet in the directory "), "{left}");
    // A start on another directory refuses the file, and so does a start when a person has added a line to it.
    let other = Folder::new();
    let (status, err) = refused(unprepared(serve(&other, &flags)));
    assert!(status == 1 && err.contains("it is not empty"), "{err}");
    std::fs::write(&file, format!("mine\n{left}")).expect("a file");
    let (status, err) = refused(unprepared(serve(&folder, &flags)));
    assert!(status == 1 && err.contains("it is not empty"), "{err}");
    std::fs::write(&file, &left).expect("a file");

    let server = Server::by(unprepared(serve(&folder, &flags)), Arc::clone(&folder));
    let text = std::fs::read_to_string(&file).expect("the file");
    assert!(!text.contains('#') && secrets(&text) != secrets(&left), "{text}");
    assert_open(&server, &secrets(&text));
    server.stop();

    // A start that was killed after the commit leaves secrets that are valid: the next one says so.
    let line = left.lines().last().expect("the last line");
    std::fs::write(&file, format!("{text}{line}\n")).expect("a file");
    let server = Server::by(unprepared(serve(&folder, &flags)), Arc::clone(&folder));
    assert_eq!(std::fs::read_to_string(&file).expect("the file"), text);
    assert_open(&server, &secrets(&text));
}

#[test]
fn secrets_are_json_in_a_json_log() {
    let folder = Arc::new(Folder::new());
    let server = Server::by(unprepared(serve(&folder, &["--log-format", "json"])), Arc::clone(&folder));
    let log = server.log();
    let objects: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let with_secrets: Vec<&Value> = objects.iter().filter(|line| line["secrets"].is_object()).collect();
    assert_eq!(with_secrets.len(), 1, "{log}");
    assert_eq!(with_secrets[0]["level"], "warn");
    let secrets = SECRETS.map(|name| with_secrets[0]["secrets"][name].as_str().expect("a secret").to_owned());
    assert_open(&server, &secrets);
}

#[test]
fn secrets_without_an_effect_cause_a_warning() {
    let folder = Arc::new(Folder::new());
    let first = Server::over(Arc::clone(&folder), &[]);
    assert!(!first.log().contains("no effect"), "{}", first.log());
    assert!(first.stop().success());
    let mut command = unprepared(serve(&folder, &[]));
    // The server does not read the file.
    command.env("ROLLBOOK_ADMIN_PASSWORD", "another one").env("ROLLBOOK_API_KEY_FILE", "/nowhere");
    let server = Server::by(command, Arc::clone(&folder));
    let warning = "WARN ] ignored because the directory already exists: ROLLBOOK_ADMIN_PASSWORD, ROLLBOOK_API_KEY_FILE; use rollbook passwd";
    assert!(server.log().contains(warning), "{}", server.log());
    assert!(!server.log().contains("another one"), "{}", server.log());
    assert_eq!(server.nuxeo("GET", "/me", None).status, 200, "the password is that of the first start");
    assert!(server.stop().success());
    let server = Server::by(unprepared(serve(&folder, &[])), folder);
    assert!(!server.log().contains("no effect"), "{}", server.log());
}

// The last line

#[test]
fn start_ends_with_a_readable_line() {
    let line = |server: &Server| {
        server.wait_for_log("ready");
        server.wait_for_lines(1, |line| line.contains(" INFO ] ready")).remove(0)
    };
    let server = Server::start();
    let expected = format!("ready: open {}/ui/ in a browser, and sign in as Administrator", server.url);
    assert!(line(&server).ends_with(&expected), "{}", server.log());
    let server = Server::with(&["--ui-prefix", "/people/here/"]);
    assert!(line(&server).contains(&format!("open {}/people/here/ in", server.url)), "{}", server.log());
    let server = Server::with(&["--ui-prefix", "/", "--datadog-prefix", "/dd"]);
    assert!(line(&server).contains(&format!("open {}/ in", server.url)), "{}", server.log());
    let server = Server::with(&["--dialects", "datadog"]);
    assert!(line(&server).ends_with(&format!("ready at {}; the admin page is not served", server.url)));
    let server = Server::with(&["--listen", "0.0.0.0:0"]);
    assert!(line(&server).contains(&format!("open http://localhost:{}/ui/", server.address.port())));

    // The line names Administrator only if that user can sign in.
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &["--protect", ""]);
    let ada = r#"{"entity-type":"user","properties":{"username":"ada","groups":["administrators"]}}"#;
    assert_eq!(server.nuxeo("POST", "/user", Some(ada)).status, 201);
    assert_eq!(server.nuxeo("DELETE", "/user/Administrator", None).status, 204);
    assert!(server.stop().success());
    assert!(line(&Server::over(folder, &[])).ends_with("sign in as an administrator"));
}

#[test]
fn browsers_are_redirected_to_the_admin_page_and_other_clients_are_not() {
    let rows: [(&[&str], &str, Option<&str>); 8] = [
        (&[], "/", Some("/ui/")),
        (&[], "/nuxeo", Some("/ui/")),
        (&[], "/nuxeo/", Some("/ui/")),
        (&["--ui-prefix", "/people"], "/", Some("/people/")),
        (&["--nuxeo-prefix", "/nx"], "/nx/", Some("/ui/")),
        (&["--nuxeo-prefix", "/nx"], "/nuxeo/", None),
        (&["--dialects", "datadog,nuxeo"], "/", None),
        (&["--dialects", "datadog,nuxeo"], "/nuxeo/", None),
    ];
    for (flags, path, page) in rows {
        let server = Server::with(flags);
        let ask = |accept: &[(&str, &str)]| server.request("GET", path, accept, None);
        let browser = ask(&[("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")]);
        assert_eq!((browser.status == 303, browser.header("Location")), (page.is_some(), page), "{flags:?} {path}");
        for headers in [&[][..], &[("Accept", "application/json")], &[("Accept", "*/*"), ("DD-API-KEY", API_KEY)]] {
            assert_ne!(ask(headers).status, 303, "{flags:?} {path}");
        }
    }
}
