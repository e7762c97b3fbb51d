//! The secrets of a first start.

use crate::support::cli::name_of;
use crate::support::command::{
    SECRETS, api_key_status, app_key_status, assert_nowhere_in, assert_refused, assert_success, finish, login_status,
    serve_unprepared, stdout,
};
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server, serve};
use std::io::Read;
use std::process::Command;
use std::sync::Arc;

// The first start

/// The secrets in the `export` lines for a shell, in the order of [`SECRETS`].
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

/// Asserts that the secrets open the database, and that another start neither prints nor stores them.
fn assert_secrets_work(folder: &Arc<Folder>, secrets: &[String]) {
    let server = Server::by(serve_unprepared(folder, &[]), Arc::clone(folder));
    let keys = [("DD-API-KEY", secrets[1].as_str()), ("DD-APPLICATION-KEY", secrets[2].as_str())];
    let answer =
        server.request("POST", "/api/v1/user", &keys, Some(br#"{"handle":"ada@example.com","access_role":"adm"}"#));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(login_status(&server, "Administrator", &secrets[0]), 200);
    let log = server.stop_for_log();
    assert!(!log.contains("export ") && !log.contains("first secrets"), "{log}");
    for secret in secrets {
        assert!(!log.contains(secret), "{log}");
        assert_nowhere_in(folder, secret);
    }
}

#[test]
fn a_first_start_prints_its_secrets_once_and_ready_to_paste() {
    let folder = Arc::new(Folder::new());
    let log = Server::by(serve_unprepared(&folder, &[]), Arc::clone(&folder)).stop_for_lines();
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
    let folder = Arc::new(Folder::new());
    let file = folder.path().join("rollbook.db.secrets");
    // Left over from an interrupted start, and readable by all users.
    std::fs::write(&file, "export NOTHING=''\n").expect("a file");
    let server = Server::with_journal(serve_unprepared(&folder, &["--log", "trace"]), Arc::clone(&folder));
    login_status(&server, "Administrator", "wrong");
    let log = server.stop_for_log();
    let lines = std::fs::read_to_string(&file).expect("the secrets");
    let secrets = pasted(&lines);
    assert_eq!(std::fs::metadata(&file).expect("the file").permissions().mode() & 0o7777, 0o600);
    assert!(log.contains(&format!("and the keys are in {}", file.display())), "{log}");
    assert!(!log.contains("export "), "{log}");
    assert!(secrets.iter().all(|secret| !log.contains(secret)), "{log}");
    // Each start warns about the file until it is removed.
    let log = Server::by(serve_unprepared(&folder, &[]), Arc::clone(&folder)).stop_for_log();
    let reminder = format!("the secrets of the first start are still in {}; store them elsewhere", file.display());
    assert_eq!(log.matches(&reminder).count(), 1, "{log}");
    assert!(secrets.iter().all(|secret| !log.contains(secret)), "{log}");
    std::fs::remove_file(&file).expect("the file can be removed");
    assert_secrets_work(&folder, &secrets);
}

#[test]
fn two_first_starts_have_different_secrets() {
    let secrets = || {
        let folder = Arc::new(Folder::new());
        let log = Server::by(serve_unprepared(&folder, &[]), folder).stop_for_lines();
        pasted(&exports(&log).join("\n"))
    };
    let (one, other) = (secrets(), secrets());
    assert!(one.iter().all(|secret| !other.contains(secret)));
}

#[test]
fn first_start_that_cannot_store_its_secrets_prints_none() {
    let folder = Arc::new(Folder::new());
    let file = folder.path().join("rollbook.db.secrets");
    // Even root cannot remove a folder as if it were a file.
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
    Server::with_journal(serve_unprepared(&folder, &[]), Arc::clone(&folder)).stop_for_lines();
    let secrets = pasted(&std::fs::read_to_string(&file).expect("the secrets"));
    std::fs::remove_file(&file).expect("the file can be removed");
    assert_secrets_work(&folder, &secrets);
}

#[test]
fn given_secrets_are_used_and_not_printed() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!((api_key_status(&server, API_KEY), app_key_status(&server, APP_KEY)), (200, 200));
    assert_eq!(login_status(&server, "Administrator", ADMIN_PASSWORD), 200);
    let log = server.stop_for_log();
    for text in ["export ", API_KEY, APP_KEY, ADMIN_PASSWORD] {
        assert!(!log.contains(text), "{log}");
    }
    for secret in [API_KEY, APP_KEY, ADMIN_PASSWORD] {
        assert_nowhere_in(&folder, secret);
    }

    let folder = Arc::new(Folder::new());
    let mut command = serve_unprepared(&folder, &[]);
    command.env("ROLLBOOK_API_KEY", API_KEY);
    let server = Server::by(command, Arc::clone(&folder));
    assert_eq!(api_key_status(&server, API_KEY), 200);
    let log = server.stop_for_lines();
    let exports = exports(&log);
    assert_eq!(exports.len(), 2, "{log:?}");
    assert!(exports.iter().all(|line| !line.contains("ROLLBOOK_API_KEY")), "{log:?}");
}

#[test]
fn the_secrets_of_a_first_start_may_come_from_files() {
    let folder = Arc::new(Folder::new());
    let secrets = Folder::new();
    let mut command = serve_unprepared(&folder, &[]);
    for (name, value, end) in
        [(SECRETS[0], ADMIN_PASSWORD, "\n"), (SECRETS[1], API_KEY, "\r\n"), (SECRETS[2], APP_KEY, "")]
    {
        let path = secrets.path().join(name);
        std::fs::write(&path, format!("{value}{end}")).expect("a file");
        command.env(format!("{name}_FILE"), path);
    }
    let server = Server::by(command, Arc::clone(&folder));
    assert_eq!((api_key_status(&server, API_KEY), app_key_status(&server, APP_KEY)), (200, 200));
    assert_eq!(login_status(&server, "Administrator", ADMIN_PASSWORD), 200);
    let log = server.stop_for_log();
    assert!(!log.contains("export "), "{log}");

    let folder = Arc::new(Folder::new());
    let missing = secrets.path().join("missing");
    let mut command = serve_unprepared(&folder, &[]);
    command.env("ROLLBOOK_API_KEY_FILE", &missing);
    assert_refused(&finish(command), 1, &["ROLLBOOK_API_KEY_FILE", missing.to_str().unwrap()]);
}

#[test]
fn failed_first_start_leaves_the_next_start_as_the_first() {
    let folder = Arc::new(Folder::new());
    let mut command = serve(&folder, &[]);
    command.env_remove("ROLLBOOK_API_KEY").env("ROLLBOOK_API_KEY_FILE", "/dev/null");
    assert_refused(&finish(command), 1, &["ROLLBOOK_API_KEY_FILE", "/dev/null is empty"]);
    assert_refused(&finish(serve(&folder, &["--password-pattern", "^.{100}"])), 1, &["password"]);
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!((api_key_status(&server, API_KEY), app_key_status(&server, APP_KEY)), (200, 200));
    assert_eq!(login_status(&server, "Administrator", ADMIN_PASSWORD), 200);
}

#[test]
fn later_starts_change_no_secret() {
    let folder = Arc::new(Folder::new());
    Server::over(Arc::clone(&folder), &[]).stop_for_lines();
    let mut command = serve(&folder, &[]);
    for name in SECRETS {
        command.env(name, "another secret, long enough");
    }
    let server = Server::by(command, Arc::clone(&folder));
    assert_eq!((api_key_status(&server, API_KEY), app_key_status(&server, APP_KEY)), (200, 200));
    assert_eq!(login_status(&server, "Administrator", ADMIN_PASSWORD), 200);
    assert_eq!(api_key_status(&server, "another secret, long enough"), 403);
    assert_eq!(login_status(&server, "Administrator", "another secret, long enough"), 401);
}

#[test]
fn first_start_makes_two_different_keys() {
    let folder = Arc::new(Folder::new());
    let mut command = serve(&folder, &[]);
    command.env("ROLLBOOK_APP_KEY", API_KEY);
    assert_refused(&finish(command), 1, &["ROLLBOOK_API_KEY", "ROLLBOOK_APP_KEY"]);
    // Nothing is half done: the next start is a first start.
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(login_status(&server, "Administrator", ADMIN_PASSWORD), 200);
    server.stop_for_lines();
}
