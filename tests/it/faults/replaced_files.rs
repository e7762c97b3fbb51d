//! The files of a database under a running server: removed, replaced, written over, changed by another program.

use crate::support::cli::{rollbook, run, said};
use crate::support::client::basic;
use crate::support::database::{Database, execute, usernames_in};
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, APP_KEY, Server, serve};
use crate::support::wait::{eventually, wait_until};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn add(server: &Server, name: &str) -> u16 {
    server.datadog("POST", "/api/v1/user", Some(&json!({"handle": name}).to_string())).status
}

/// The lines of the log that say that files are lost.
fn losses(log: &str) -> Vec<&str> {
    log.lines().filter(|line| line.contains("the server refuses writes")).collect()
}

/// The copy of the database that the server has kept.
fn kept(folder: &Folder) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder.path()).ok()?.flatten().map(|entry| entry.path());
    entries.into_iter().find(|path| path.to_string_lossy().contains("rollbook.db.kept-"))
}

/// An action on the files of a database, and the text of the log about it.
type Case = (&'static str, fn(&Path), &'static str);

fn file(folder: &Path, suffix: &str) -> PathBuf {
    folder.join(format!("rollbook.db{suffix}"))
}

fn remove(folder: &Path, suffix: &str) {
    std::fs::remove_file(file(folder, suffix)).expect("a file");
}

const CASES: [Case; 9] = [
    ("the database is removed", |folder| remove(folder, ""), "rollbook.db is gone"),
    (
        "all its files are removed",
        |folder| ["", "-wal", "-shm", ".lock"].iter().for_each(|suffix| remove(folder, suffix)),
        "rollbook.db is gone",
    ),
    (
        "the database is moved away",
        |folder| std::fs::rename(file(folder, ""), folder.join("old.db")).expect("it moves"),
        "rollbook.db is gone",
    ),
    (
        "a backup is moved over the database",
        |folder| std::fs::rename(folder.join("backup.db"), file(folder, "")).expect("it moves"),
        "another file is in the place of",
    ),
    (
        "a link takes the place of the database",
        |folder| {
            std::fs::rename(file(folder, ""), folder.join("old.db")).expect("it moves");
            std::os::unix::fs::symlink("backup.db", file(folder, "")).expect("a link");
        },
        "another file is in the place of",
    ),
    (
        "a folder takes the place of the database",
        |folder| {
            remove(folder, "");
            std::fs::create_dir(file(folder, "")).expect("a folder");
        },
        "another file is in the place of",
    ),
    ("the log is removed", |folder| remove(folder, "-wal"), "rollbook.db-wal is gone"),
    (
        "another log takes the place of the log",
        |folder| {
            std::fs::copy(file(folder, "-wal"), folder.join("other-wal")).expect("a copy");
            std::fs::rename(folder.join("other-wal"), file(folder, "-wal")).expect("it moves");
        },
        "another file is in the place of",
    ),
    ("the index of the log is removed", |folder| remove(folder, "-shm"), "rollbook.db-shm is gone"),
];

#[test]
fn no_write_is_acknowledged_after_the_files_were_removed_or_replaced() {
    for (what, change, says) in CASES {
        let folder = Arc::new(Folder::new());
        let server = Server::over(Arc::clone(&folder), &[]);
        let backup = folder.path().join("backup.db");
        assert_eq!(run(&folder, &["backup", backup.to_str().unwrap()]).status.code(), Some(0));
        assert_eq!(add(&server, "ada@example.com"), 200, "{what}");
        change(folder.path());
        // The next write is not acknowledged, in no dialect, nor are later ones.
        let answer = server.datadog("POST", "/api/v1/user", Some(r#"{"handle":"bob@example.com"}"#));
        assert_eq!((answer.status, answer.header("Retry-After").is_some()), (503, true), "{what}: {answer:?}");
        let body = r#"{"entity-type":"user","properties":{"username":"carl"}}"#;
        assert_eq!(server.nuxeo("POST", "/user", Some(body)).status, 503, "{what}");
        assert_eq!(add(&server, "dora@example.com"), 503, "{what}");
        assert_eq!(server.request("GET", "/readyz", &[], None).status, 503, "{what}");
        // Reads go on.
        assert_eq!(server.datadog("GET", "/api/v1/user/ada@example.com", None).status, 200, "{what}");
        assert_eq!(server.nuxeo("GET", "/user/bob@example.com", None).status, 404, "{what}");
        let log = server.stop_for_log();
        let lines = losses(&log);
        assert!(lines.len() == 1 && lines[0].contains(says), "{what}: {log}");
        let kept = kept(&folder).unwrap_or_else(|| panic!("{what}: nothing is kept:\n{log}"));
        let advice = format!("rollbook restore {} --db {}", kept.display(), folder.db().display());
        assert!(lines[0].contains("ERROR") && lines[0].contains(&advice), "{what}: {log}");
        assert!(!log.contains("panicked") && !log.contains("could not be committed"), "{what}: {log}");
        // The advice of the log works: the copy has all acknowledged writes.
        if folder.db().is_dir() {
            std::fs::remove_dir(folder.db()).expect("the folder");
        }
        let (status, _, err) = said(&run(&folder, &["restore", kept.to_str().unwrap()]));
        assert_eq!(status, 0, "{what}: {err}");
        assert_eq!(usernames_in(&folder.db()), ["ada@example.com", "administrator"], "{what}");
        let server = Server::over(Arc::clone(&folder), &[]);
        assert_eq!(add(&server, "eve@example.com"), 200, "{what}");
        assert!(server.stop().success(), "{what}");
        assert_eq!(said(&run(&folder, &["check"])).0, 0, "{what}");
    }
}

#[test]
fn lost_file_is_noticed_without_a_write() {
    let server = Server::start();
    std::fs::remove_file(server.folder.db()).expect("the database");
    server.wait_for_log("the server refuses writes");
}

#[test]
fn moved_folder_and_changed_link_are_noticed() {
    let folder = Arc::new(Folder::new());
    let (place, other) = (folder.path().join("place"), folder.path().join("other"));
    std::fs::create_dir(&place).expect("a folder");
    let link = folder.db();
    std::os::unix::fs::symlink("place/real.db", &link).expect("a link");
    std::fs::write(place.join("real.db"), "").expect("an empty file");
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(add(&server, "ada@example.com"), 200);
    std::fs::copy(place.join("real.db"), folder.path().join("copy.db")).expect("a copy");
    std::fs::remove_file(&link).expect("the link");
    std::os::unix::fs::symlink("copy.db", &link).expect("a link");
    assert_eq!(add(&server, "bob@example.com"), 503);
    assert!(losses(&server.stop_for_log())[0].contains("another file is in the place of"));

    std::fs::remove_file(&link).expect("the link");
    let mut command = rollbook();
    command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(place.join("real.db"));
    let server = Server::by(command, Arc::clone(&folder));
    assert_eq!(add(&server, "bob@example.com"), 200);
    std::fs::rename(&place, &other).expect("it moves");
    assert_eq!(add(&server, "carl@example.com"), 503);
    let log = server.stop_for_log();
    assert!(log.contains("could not be saved to a file"), "{log}");
    // The file is whole where it is now.
    assert_eq!(usernames_in(&other.join("real.db")), ["ada@example.com", "administrator", "bob@example.com"]);
}

#[test]
fn kept_file_has_every_acknowledged_write_and_no_refused_one() {
    let folder = Arc::new(Folder::new());
    let server = Arc::new(Server::over(Arc::clone(&folder), &[]));
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..8)
        .map(|client| {
            let (server, stop) = (Arc::clone(&server), Arc::clone(&stop));
            std::thread::spawn(move || {
                let mut acknowledged = Vec::new();
                for number in 0.. {
                    let name = format!("u{number}.of{client}@example.com");
                    match add(&server, &name) {
                        200 => acknowledged.push(name),
                        status => {
                            assert_eq!(status, 503);
                            return (acknowledged, name);
                        }
                    }
                    assert!(!stop.load(Ordering::Acquire), "the loss is not noticed");
                }
                unreachable!("each client is refused once")
            })
        })
        .collect();
    wait_until("some writes", || server.datadog("GET", "/api/v1/user/u3.of7@example.com", None).status == 200);
    std::fs::rename(folder.db(), folder.path().join("old.db")).expect("it moves");
    // Each client ends at its first refusal.
    let (acknowledged, refused): (Vec<_>, Vec<_>) =
        clients.into_iter().map(|client| client.join().expect("a client")).unzip();
    let acknowledged = acknowledged.concat();
    stop.store(true, Ordering::Release);
    let kept = kept(&folder).expect("it is kept");
    Arc::into_inner(server).expect("no client").kill();
    let users = usernames_in(&kept);
    for name in &acknowledged {
        assert!(users.contains(name), "{name} was acknowledged and is not in {}", kept.display());
    }
    assert!(acknowledged.len() > 8, "{}", acknowledged.len());
    for name in &refused {
        assert!(!users.contains(name), "{name} was refused and is in {}", kept.display());
    }
}

#[test]
fn lost_database_is_kept_as_soon_as_that_is_possible() {
    let folder = Arc::new(Folder::new());
    let place = folder.path().join("place");
    std::fs::create_dir(&place).expect("a folder");
    let database = place.join("rollbook.db");
    let start = || {
        let mut command = rollbook();
        command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(&database);
        Server::by(command, Arc::clone(&folder))
    };
    let find = || {
        let entries = std::fs::read_dir(&place).expect("the folder").flatten().map(|entry| entry.path());
        entries.into_iter().find(|path| path.to_string_lossy().contains("rollbook.db.kept-"))
    };
    let lose = |server: &Server, name: &str| {
        assert_eq!(add(server, name), 200);
        std::fs::remove_dir_all(&place).expect("the folder");
        assert_eq!(add(server, "bob@example.com"), 503);
        server.wait_for_log("could not be saved to a file");
        std::fs::create_dir(&place).expect("a folder");
    };
    let server = start();
    lose(&server, "ada@example.com");
    let kept = eventually("what was acknowledged", find);
    server.wait_for_log("all acknowledged data is in");
    server.kill();
    assert_eq!(usernames_in(&kept), ["ada@example.com", "administrator"]);
    std::fs::remove_file(kept).expect("the file");
    // The end of the server is the last attempt.
    let server = start();
    lose(&server, "eve@example.com");
    let log = server.stop_for_log();
    assert!(log.contains("all acknowledged data is in"), "{log}");
    assert_eq!(usernames_in(&find().expect("it is kept")), ["administrator", "eve@example.com"]);
}

#[test]
fn removed_lock_file_is_replaced_and_admits_no_second_server() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    let lock = file(folder.path(), ".lock");
    std::fs::remove_file(&lock).expect("the lock file");
    server.wait_for_log("the lock file was removed or replaced, and is locked again");
    let (status, _, err) = said(&serve(&folder, &[]).output().expect("it ends"));
    assert!(status == 1 && err.contains("is in use by another process"), "{status}: {err}");
    // Another process holds the file.
    let other = folder.path().join("other.lock");
    let held = std::fs::File::create(&other).expect("a file");
    held.lock().expect("a lock");
    std::fs::rename(&other, &lock).expect("it moves");
    server.wait_for_log("another process has locked the new one");
    assert_eq!(add(&server, "ada@example.com"), 200);
    drop(held);
    server.wait_for_lines(2, |line| line.contains("is locked again"));
    let (status, _, err) = said(&serve(&folder, &[]).output().expect("it ends"));
    assert!(status == 1 && err.contains("is in use by another process"), "{status}: {err}");
    assert!(losses(&server.stop_for_log()).is_empty());
}

#[test]
fn backup_copied_over_the_open_file_is_noticed() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(add(&server, "ada@example.com"), 200);
    let backup = folder.path().join("backup.db");
    assert_eq!(run(&folder, &["backup", backup.to_str().unwrap()]).status.code(), Some(0));
    assert_eq!(add(&server, "bob@example.com"), 200);
    std::fs::copy(&backup, folder.db()).expect("a copy");
    assert_eq!(add(&server, "carl@example.com"), 503);
    assert_eq!(server.request("GET", "/readyz", &[], None).status, 503);
    let log = server.stop_for_log();
    let lines = losses(&log);
    assert!(lines.len() == 1 && lines[0].contains("another file was copied over"), "{log}");
    assert!(lines[0].contains("rollbook restore BACKUP --db"), "{log}");
    // The log was not moved into the copy.
    assert!(std::fs::read(folder.db()).unwrap() == std::fs::read(&backup).unwrap());
    assert_eq!(said(&run(&folder, &["restore", backup.to_str().unwrap()])).0, 0);
    assert_eq!(usernames_in(&folder.db()), ["ada@example.com", "administrator"]);
}

#[test]
fn normal_work_of_other_programs_is_no_loss() {
    let server = Server::start();
    let file = server.folder.db();
    assert_eq!(add(&server, "ada@example.com"), 200);
    // Commands that read the file while the server runs.
    let out = |name: &str| server.folder.path().join(name).to_str().expect("text").to_owned();
    for words in [&["check"][..], &["backup", &out("backup.db")], &["export", &out("out.jsonl")], &["user", "list"]] {
        assert_eq!(run(&server.folder, words).status.code(), Some(0), "{words:?}");
        assert_eq!(add(&server, &format!("{}@example.com", words[0])), 200);
    }
    assert!(!server.log().contains("another program"), "{}", server.log());
    // Another program moves the log into the database.
    let other = Database::open(&file).expect("the database");
    other.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(())).expect("a checkpoint");
    drop(other);
    assert_eq!(add(&server, "bob@example.com"), 200);
    let log = server.stop_for_log();
    assert!(losses(&log).is_empty(), "{log}");
}

#[test]
fn change_by_another_program_is_noticed_without_a_write_and_logged_once() {
    let server = Server::start();
    let file = server.folder.db();
    let body = r#"{"entity-type":"user","properties":{"username":"ada","password":"open sesame"}}"#;
    assert_eq!(server.nuxeo("POST", "/user", Some(body)).status, 201);
    let as_ada = || server.nuxeo_as(("ada", "open sesame"), "GET", "/me", None);
    let search = || server.nuxeo("GET", "/user/search?q=ada", None).text().to_owned();
    let key_is_valid = || server.datadog("GET", "/api/v1/user", None).status == 200;
    // The server caches each of these.
    for _ in 0..3 {
        assert_eq!(as_ada().json()["properties"]["company"], json!(null));
        assert!(search().contains("\"ada\"") && key_is_valid());
    }
    execute(&file, "update users set company = 'Looms' where username_key = 'ada'");
    wait_until("the company", || as_ada().json()["properties"]["company"] == "Looms");
    // Each connection for reading may have cached another snapshot.
    wait_until("the company in a list", || search().contains("Looms"));
    // A password without the number that counts its changes, and a key.
    let hash = "select password_hash from users where username_key = 'administrator'";
    execute(&file, &format!("update users set password_hash = ({hash}) where username_key = 'ada'"));
    wait_until("the other password", || as_ada().status == 401);
    assert_eq!(server.nuxeo_as(("ada", ADMIN_PASSWORD), "GET", "/me", None).status, 200);
    execute(&file, "delete from credentials where kind = 'app'");
    wait_until("the end of the key", || !key_is_valid());
    let log = server.stop_for_log();
    let told = log.lines().filter(|line| line.contains("another program has written to")).count();
    assert_eq!(told, 1, "{log}");
}

#[test]
fn a_write_comes_after_what_another_program_has_changed() {
    let server = Server::start();
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let get = || server.request("GET", "/nuxeo/api/v1/user/ada", &[("Authorization", &authorization)], None).status;
    assert_eq!(get(), 404);
    let body = r#"{"entity-type":"user","properties":{"username":"ada"}}"#;
    assert_eq!(server.nuxeo("POST", "/user", Some(body)).status, 201);
    assert_eq!(get(), 200);
    execute(&server.folder.db(), "delete from users where username_key = 'ada'");
    // The answers after the next write come from the new snapshot.
    assert_eq!(add(&server, "bob@example.com"), 200);
    assert_eq!(get(), 404);
    // A right that another program has taken away is missing at the next write.
    execute(&server.folder.db(), "update credentials set role = 'read' where kind = 'app'");
    let answer = server.datadog_as(APP_KEY, "POST", "/api/v1/user", Some(r#"{"handle":"carl@example.com"}"#));
    assert_eq!(answer.status, 403, "{}", answer.text());
    server.wait_for_lines(1, |line| line.contains("another program has written to"));
}
