//! Check and backup under writes: they use a copy that the server makes in pieces.

use super::pressure::{FRAME, datadog, in_clients, log_bytes};
use super::{Fault, Faults, HANG, LOG, WRITE};
use crate::support::admin_socket::{send, socket};
use crate::support::cli::{rollbook, run, said, signal};
use crate::support::database::Database;
use crate::support::folder::Folder;
use crate::support::server::Server;
use crate::support::wait::wait_until;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const USERS: usize = 3_000;

/// A server with a database of many pieces.
fn filled() -> Server {
    let server = Server::start();
    let lines = (0..USERS).map(|number| {
        format!("{}\n", json!({"user": format!("user{number}@example.com"), "display_name": "n".repeat(1000)}))
    });
    let file = server.folder.path().join("people.jsonl");
    std::fs::write(&file, lines.collect::<String>()).expect("the file");
    let (status, _, err) = said(&run(&server.folder, &["import", file.to_str().expect("a path")]));
    assert_eq!(status, 0, "{err}");
    // A part of the database may be in the WAL alone.
    let bytes = server.folder.db().metadata().expect("the database").len() + log_bytes(&server.folder);
    assert!(bytes > 4 << 20, "{bytes} bytes are several pieces");
    server
}

/// The copy that is being made, once there is something in it.
fn copy_in(folder: &Folder) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder.path()).expect("the folder").flatten();
    let is_copy = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with(".rollbook-") && name.ends_with(".part")
    };
    entries.map(|entry| entry.path()).filter(is_copy).find(|path| path.metadata().is_ok_and(|file| file.len() > 0))
}

/// Starts a command, and stops it in the middle.
fn stopped(folder: &Folder, words: &[&str]) -> Child {
    for _ in 0..50 {
        let mut command = rollbook();
        command.args(words).env("ROLLBOOK_DB", folder.db()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command starts");
        while child.try_wait().expect("the command is ours").is_none() {
            if copy_in(folder).is_some() {
                signal(child.id(), "-STOP");
                return child;
            }
        }
    }
    panic!("{words:?} never works on a copy");
}

#[test]
fn wal_stays_bounded_while_a_check_or_a_backup_stands_still() {
    let server = filled();
    let folder = Arc::clone(&server.folder);
    let backup = folder.path().join("backup.db");
    let backup = backup.to_str().expect("a path");
    for words in [&["check"][..], &["backup", "--force", backup]] {
        let child = stopped(&folder, words);
        let most = AtomicUsize::new(0);
        in_clients(&server, 6_000, |connection, number| {
            let path = format!("/api/v1/user/user{}@example.com", number * 7 % USERS);
            let body = json!({"name": format!("{number}{}", "m".repeat(240))}).to_string();
            assert_eq!(datadog(connection, "PUT", &path, &body), 200);
            if number % 50 == 0 {
                most.fetch_max(usize::try_from(log_bytes(&folder)).expect("a length"), Ordering::Relaxed);
            }
        });
        signal(child.id(), "-CONT");
        let output = child.wait_with_output().expect("the command ends");
        assert!(output.status.success(), "{words:?}: {output:?}");
        let frames = most.into_inner() as u64 / FRAME;
        assert!(frames < 9_000, "{words:?}: the log had {frames} pages");
        eprintln!("the log had {frames} pages at most during {words:?}");
        assert_eq!(copy_in(&folder), None, "the copy is gone");
    }
    assert_eq!(said(&run(&folder, &["check", "--db", backup])).0, 0);
    assert!(server.stop().success());
}

fn users_in(path: &Path) -> usize {
    let count: i64 = Database::open(path)
        .expect("a database")
        .query_row("select count(*) from users where username like 'new%'", [], |row| row.get(0))
        .expect("a number");
    usize::try_from(count).expect("a number")
}

#[test]
fn copy_made_under_writes_is_one_snapshot_with_every_acknowledged_write() {
    let server = filled();
    let folder = Arc::clone(&server.folder);
    let (acknowledged, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let writers = scope.spawn(|| {
            in_clients(&server, 100_000, |connection, number| {
                if !stop.load(Ordering::Relaxed) {
                    // Several tables: an update that tears a copy breaks what a check compares.
                    let body = json!({"handle": format!("new{number}@example.com"), "access_role": "adm"}).to_string();
                    assert_eq!(datadog(connection, "POST", "/api/v1/user", &body), 200);
                    acknowledged.fetch_add(1, Ordering::SeqCst);
                }
            });
        });
        for number in 0..4 {
            let before = acknowledged.load(Ordering::SeqCst);
            let backup = folder.path().join(format!("backup{number}.db"));
            let name = backup.to_str().expect("a path");
            let (status, _, err) = said(&run(&folder, &["backup", name]));
            assert_eq!((status, err.as_str()), (0, ""));
            assert!(users_in(&backup) >= before, "{} of {before} users", users_in(&backup));
            let (status, out, err) = said(&run(&folder, &["check", "--db", name]));
            assert_eq!(status, 0, "{out}{err}");
            let (status, out, err) = said(&run(&folder, &["check"]));
            assert_eq!((status, err.as_str()), (0, ""), "{out}");
        }
        stop.store(true, Ordering::Relaxed);
        writers.join().expect("the clients");
    });
    assert!(acknowledged.into_inner() > 0);
    assert!(server.stop().success());
}

#[test]
fn a_server_copies_into_an_empty_file_of_its_own_folder_alone() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    let at = |name: &str| folder.path().join(name);
    let draft = |letter: &str| format!(".rollbook-{}.part", letter.repeat(32));
    let [none, full, link, own] = ["0", "1", "2", "3"].map(draft);
    std::fs::write(at(&full), "something").expect("a file");
    std::fs::write(at("target"), "").expect("a file");
    std::os::unix::fs::symlink(at("target"), at(&link)).expect("a link");
    std::fs::create_dir(at(&own)).expect("a folder");
    for (name, why) in [
        ("target", "target is not the name of a copy"),
        ("rollbook.db", "rollbook.db is not the name of a copy"),
        ("rollbook.db-wal", "rollbook.db-wal is not the name of a copy"),
        (".rollbook-/../target.part", ".rollbook-/../target.part is not the name of a copy"),
        (".rollbook-.part", ".rollbook-.part is not the name of a copy"),
        (none.as_str(), "look for "),
        (&full, "is not an empty file"),
        (&link, "is not an empty file"),
        (&own, "is not an empty file"),
    ] {
        let body = json!({"account": "me", "order": {"copy": {"name": name}}}).to_string();
        let head = format!("POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
        let (status, answer): (u16, Value) = send(&socket(&folder), &format!("{head}{body}")).parts();
        assert_eq!(status, 400, "{name}: {answer}");
        assert!(answer["error"].as_str().is_some_and(|text| text.contains(why)), "{name}: {answer}");
    }
    assert_eq!(std::fs::read(at("target")).expect("the file"), b"");
    assert!(server.stop().success());
}

#[test]
fn copies_at_the_same_time_are_made_one_after_the_other() {
    let server = filled();
    let folder = Arc::clone(&server.folder);
    let backup = |number: usize| folder.path().join(format!("backup{number}.db"));
    let commands: Vec<Child> = (0..8)
        .map(|number| {
            let mut command = rollbook();
            command.arg("backup").arg(backup(number)).env("ROLLBOOK_DB", folder.db());
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts")
        })
        .collect();
    for (number, command) in commands.into_iter().enumerate() {
        let (status, _, err) = said(&command.wait_with_output().expect("the command ends"));
        assert_eq!((status, err.as_str()), (0, ""), "the server makes each copy");
        assert_eq!(users_in(&backup(number)), 0);
    }
    assert_eq!(copy_in(&folder), None);
    assert!(server.stop().success());
}

#[test]
fn a_command_gives_up_when_the_disk_of_the_server_hangs() {
    let faults = Faults::new();
    let server = faults.start();
    let folder = Arc::clone(&faults.folder);
    let file = folder.path().join("people.jsonl");
    std::fs::write(&file, "{\"user\":\"ada\"}\n").expect("the file");
    let import = ["import", file.to_str().expect("a path")];
    faults.fail(Fault::of(HANG, LOG, WRITE));
    for words in [&import[..], &["user", "add", "bob"], &["user", "delete", "Administrator", "--yes"]] {
        let (status, _, err) = said(&run(&folder, &[words, &["--timeout", "1"]].concat()));
        assert_eq!(status, 1, "{words:?}: {err}");
        let message = "within 1s; it hangs, or needs a longer --timeout";
        assert!(err.contains(message), "{words:?}: {err}");
    }
    faults.work_again();
    wait_until("an import", || run(&folder, &import).status.success());
    assert!(server.stop().success());
}
