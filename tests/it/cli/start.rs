//! Start of the server: its messages, its address, and database files that it refuses.

use crate::support::cli::{rollbook, run, run_with_input};
use crate::support::command::{assert_refused, assert_success, finish, stdout};
use crate::support::database::Database;
use crate::support::folder::Folder;
use crate::support::server::{Server, serve};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

#[test]
fn the_start_says_address_file_and_limits() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &["--max-connections", "321", "--max-body-bytes", "54321"]);
    let address = server.address.to_string();
    let log = server.stop_for_log();
    for word in [address.as_str(), folder.db().to_str().unwrap(), "321", "54321"] {
        assert!(log.contains(word), "no {word} in:\n{log}");
    }
    assert!(!log.contains("not encrypted"), "{log}");
}

#[test]
fn an_open_address_is_served_with_one_warning() {
    let folder = Arc::new(Folder::new());
    let mut command = rollbook();
    command.args(["serve", "--listen", "0.0.0.0:0", "--db"]).arg(folder.db());
    let log = Server::by(command, Arc::clone(&folder)).stop_for_lines();
    let warnings: Vec<&String> = log.iter().filter(|line| line.contains("encrypt")).collect();
    assert_eq!(warnings.len(), 1, "{log:?}");
    assert!(
        warnings[0].contains("WARN") && warnings[0].contains("TLS") && warnings[0].contains("proxy"),
        "{warnings:?}"
    );
}

#[test]
fn start_names_an_address_that_is_in_use() {
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
    // Commands ask that process. Without its socket they have no other way.
    std::fs::remove_file(folder.path().join("rollbook.db.sock")).expect("the socket");
    for words in [&["key", "list"][..], &["key", "create", "api", "--name", "x"], &["key", "revoke", "1"]] {
        assert_refused(&run(&folder, words), 1, &busy);
    }
    assert_refused(&run_with_input(&folder, &["passwd", "Administrator"], "other words\n"), 1, &busy);
    // Another name of the same file is refused too.
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
fn commands_do_not_create_a_missing_database() {
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
fn start_leaves_a_foreign_file_unchanged() {
    let sqlite = |path: &Path, text: &str| {
        let connection = Database::open(path).expect("a database");
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
fn start_leaves_a_file_of_a_newer_version_unchanged() {
    let folder = Arc::new(Folder::new());
    Server::over(Arc::clone(&folder), &[]).stop_for_lines();
    let connection = Database::open(folder.db()).expect("the database");
    let version: i64 = connection.query_row("pragma user_version", [], |row| row.get(0)).expect("a version");
    let name: i64 = connection.query_row("pragma application_id", [], |row| row.get(0)).expect("an application");
    assert!(version > 0 && name != 0, "the file has the application id of Rollbook: {name}, {version}");
    connection.execute_batch("pragma user_version = 9999").expect("the version is written");
    drop(connection);
    let before = std::fs::read(folder.db()).unwrap();
    let file = folder.db();
    assert_refused(&finish(serve(&folder, &[])), 1, &[file.to_str().unwrap(), "9999", "newer"]);
    assert_refused(&run(&folder, &["key", "list"]), 1, &[file.to_str().unwrap(), "9999", "newer"]);
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn start_names_a_path_that_cannot_hold_a_database() {
    let folder = Folder::new();
    for path in [folder.path().to_owned(), folder.path().join("missing/rollbook.db")] {
        let mut command = rollbook();
        command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(&path);
        assert_refused(&finish(command), 1, &[path.to_str().unwrap()]);
    }
}

#[test]
fn start_makes_an_empty_readable_file_a_private_database() {
    let folder = Arc::new(Folder::new());
    std::fs::write(folder.db(), "").unwrap();
    std::fs::set_permissions(folder.db(), PermissionsExt::from_mode(0o644)).unwrap();
    Server::over(Arc::clone(&folder), &[]).stop_for_lines();
    assert_eq!(std::fs::metadata(folder.db()).unwrap().permissions().mode() & 0o7777, 0o600);
}
