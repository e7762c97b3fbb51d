//! Devices, pipes and descriptors.

use super::{at, done, drafts_in, refused};
use crate::support::cli::{new_database, rollbook, rollbook_after, run, run_with_bytes, said};
use crate::support::folder::{Folder, names_in};
use crate::support::wait::{eventually, wait_for};
use std::io::Read as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A device of the test's own; `None` where devices cannot be made.
fn device(folder: &Folder, name: &str, minor: &str) -> Option<String> {
    let path = at(folder, name);
    let made = Command::new("mknod").args(["-m", "666", &path, "c", "1", minor]).stderr(Stdio::null()).status();
    // Where the file system has no devices, it cannot be opened.
    let works = made.is_ok_and(|status| status.success()) && std::fs::File::open(&path).is_ok();
    if !works {
        assert!(std::env::var_os("CI").is_none(), "devices cannot be made");
        eprintln!("devices cannot be made: not tested");
    }
    works.then_some(path)
}

fn mode(path: &str) -> (bool, u32) {
    let meta = std::fs::symlink_metadata(path).expect("it is there");
    (meta.file_type().is_char_device(), meta.mode() & 0o7777)
}

fn fifo(folder: &Folder) -> String {
    let path = at(folder, "fifo");
    assert!(Command::new("mkfifo").args(["-m", "640", &path]).status().expect("mkfifo").success());
    path
}

#[test]
fn output_to_a_device_leaves_it_a_device() {
    let folder = new_database();
    let Some(null) = device(&folder, "null", "3") else { return };
    let Some(full) = device(&folder, "full", "7") else { return };
    std::fs::write(at(&folder, "bad.csv"), "name,role\nada,emperor\n").expect("a file");
    let before = names_in(folder.path());
    for force in [&[][..], &["--force"]] {
        for words in [["export", &null, "--format", "csv"], ["export", &null, "--format", "ldif"]] {
            done(&run(&folder, &[&words, force].concat()));
        }
        assert!(done(&run(&folder, &[&["backup", &null], force].concat())).starts_with("backed up 1 user"));
        for words in [&["export", &full, "--format", "csv"][..], &["backup", &full]] {
            assert!(refused(&run(&folder, &[words, force].concat())).contains("No space left"));
        }
    }
    let (status, _, err) = said(&run(&folder, &["import", &at(&folder, "bad.csv"), "--dry-run", "--report", &null]));
    assert_eq!((status, err.as_str()), (1, "rollbook: 1 row would be refused\n"));
    let err = refused(&run(&folder, &["import", &at(&folder, "bad.csv"), "--dry-run", "--report", &full]));
    assert!(err.contains("write the report"), "{err}");
    for path in [&null, &full] {
        assert_eq!(mode(path), (true, 0o666));
    }
    assert_eq!(names_in(folder.path()), before);
}

#[test]
fn a_named_pipe_gets_the_whole_output_and_stays() {
    let folder = new_database();
    let fifo = fifo(&folder);
    let expected = done(&run(&folder, &["export", "-", "--format", "ldif"]));
    for (words, is_text) in [
        (vec!["export", &fifo, "--format", "ldif"], true),
        (vec!["export", &fifo, "--format", "ldif", "--force"], true),
        (vec!["backup", &fifo], false),
        (vec!["backup", &fifo, "--force"], false),
    ] {
        let path = fifo.clone();
        let reader = std::thread::spawn(move || std::fs::read(path).expect("the output"));
        done(&run(&folder, &words));
        let bytes = reader.join().expect("a reader");
        if is_text {
            assert_eq!(String::from_utf8(bytes).expect("text"), expected);
        } else {
            std::fs::write(at(&folder, "piped.db"), bytes).expect("a file");
            done(&run(&folder, &["check", "--db", &at(&folder, "piped.db")]));
        }
        let meta = std::fs::symlink_metadata(&fifo).expect("the pipe");
        assert!(meta.file_type().is_fifo() && meta.mode() & 0o777 == 0o640);
    }
}

#[test]
fn a_pipe_without_a_reader_waits_until_a_signal() {
    let folder = new_database();
    let fifo = fifo(&folder);
    for (words, signal) in [
        (["export", &fifo, "--format", "csv"], 15),
        (["export", &fifo, "--format", "ldif"], 2),
        (["backup", &fifo, "--log", "info"], 15),
    ] {
        let mut command = rollbook();
        command.args(words).env("ROLLBOOK_DB", folder.db()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command starts");
        // The thread for signals is there when the command waits for a reader.
        let tasks = PathBuf::from(format!("/proc/{}/task", child.id()));
        eventually("the wait for a reader", || {
            assert!(child.try_wait().expect("a child").is_none(), "{words:?} has ended");
            let waits = |task: PathBuf| {
                let syscall = std::fs::read_to_string(task.join("wchan")).unwrap_or_default();
                syscall.contains("fifo") || syscall.contains("wait_for_partner")
            };
            let entries: Vec<_> = std::fs::read_dir(&tasks).ok()?.flatten().collect();
            let fifo_waits = entries.iter().any(|entry| waits(entry.path()));
            // Not every kernel tells where a thread waits.
            let all_sleep = entries.len() >= 2
                && entries.iter().all(|entry| {
                    let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
                    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S'))
                });
            (fifo_waits || all_sleep).then_some(())
        });
        let status = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
        assert!(status.expect("kill runs").success());
        assert_eq!(wait_for(&mut child).signal(), Some(signal), "{words:?}");
        assert_eq!(drafts_in(folder.path()), [""; 0]);
        assert!(std::fs::symlink_metadata(&fifo).expect("the pipe").file_type().is_fifo());
    }
}

#[test]
fn output_to_a_pipe_ends_when_its_reader_leaves() {
    let folder = new_database();
    let rows: String = (0..3000).map(|number| format!("user{number},{}\n", "x".repeat(200))).collect();
    std::fs::write(at(&folder, "users.csv"), format!("name,company\n{rows}")).expect("a file");
    done(&run(&folder, &["import", &at(&folder, "users.csv")]));
    let fifo = fifo(&folder);
    for words in [&["export", &fifo, "--format", "csv"][..], &["backup", &fifo]] {
        let mut command = rollbook();
        command.args(words).env("ROLLBOOK_DB", folder.db()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().expect("the command starts");
        let mut reader = std::fs::File::open(&fifo).expect("the pipe");
        reader.read_exact(&mut [0; 10]).expect("a beginning");
        drop(reader);
        let output = child.wait_with_output().expect("the command ends");
        assert_ne!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(drafts_in(folder.path()), [""; 0]);
    }
}

#[test]
fn output_to_a_descriptor_is_appended() {
    let folder = new_database();
    let expected = done(&run(&folder, &["export", "-", "--format", "csv"]));
    for (prelude, path) in [
        ("exec >> log", "/dev/stdout"),
        ("exec >> log", "/dev/fd/1"),
        ("exec >> log", "/proc/self/fd/1"),
        ("exec 3>> log", "/dev/fd/3"),
    ] {
        std::fs::write(at(&folder, "log"), "before\n").expect("a file");
        let inode = std::fs::metadata(at(&folder, "log")).expect("the file").ino();
        let mut command = rollbook_after(&format!("cd '{}'; {prelude}", folder.path().display()));
        command.args(["export", path, "--format", "csv"]).env("ROLLBOOK_DB", folder.db());
        let output = command.output().expect("a shell");
        assert!(output.status.success(), "{path}: {output:?}");
        let log = std::fs::read_to_string(at(&folder, "log")).expect("the file");
        assert_eq!(log.strip_prefix("before\n"), Some(expected.as_str()), "{path}");
        assert_eq!(std::fs::metadata(at(&folder, "log")).expect("the file").ino(), inode);
    }
    let mut command = rollbook_after(&format!("cd '{}'; exec 2>> log", folder.path().display()));
    std::fs::write(at(&folder, "log"), "before\n").expect("a file");
    command.args(["export", "/dev/stderr", "--format", "csv"]).env("ROLLBOOK_DB", folder.db());
    assert!(command.output().expect("a shell").status.success());
    let log = std::fs::read_to_string(at(&folder, "log")).expect("the file");
    assert!(log.starts_with("before\n") && log.ends_with(&expected), "{log}");
    // A pipe; the summary goes to standard error.
    let output = run(&folder, &["export", "/dev/stdout", "--format", "csv"]);
    assert_eq!(done(&output), expected);
    assert!(said(&output).2.contains("wrote 4 records"));
}

#[test]
fn output_path_that_cannot_hold_a_file_is_refused() {
    let folder = new_database();
    std::fs::create_dir(at(&folder, "place")).expect("a folder");
    let _socket = std::os::unix::net::UnixListener::bind(at(&folder, "socket")).expect("a socket");
    let before = names_in(folder.path());
    for (path, why) in [("place", "is a folder"), ("socket", "is a socket"), ("new/", "No such file")] {
        let path = at(&folder, path);
        let err = refused(&run(&folder, &["export", &path, "--format", "csv", "--force"]));
        assert!(err.contains(why), "{err}");
    }
    let err = refused(&run(&folder, &["backup", &at(&folder, "socket"), "--force"]));
    assert!(err.contains("is a socket"), "{err}");
    assert_eq!(names_in(folder.path()), before);
}

#[test]
fn a_backup_goes_through_standard_output_and_comes_back_through_standard_input() {
    let folder = new_database();
    let output = run(&folder, &["backup", "-"]);
    assert!(output.status.success());
    let err = String::from_utf8(output.stderr).expect("text");
    assert_eq!(
        err,
        format!(
            "backed up 1 user, 3 groups, 1 membership, 3 keys and tokens to standard output ({} bytes)\n",
            output.stdout.len()
        )
    );
    for input in ["-", "/dev/stdin"] {
        let copy = Folder::new();
        let restored = done(&run_with_bytes(&copy, &["restore", input], &output.stdout));
        assert!(restored.starts_with("restored 1 user, 3 groups, 1 membership"), "{restored}");
        done(&run(&copy, &["check"]));
        assert_eq!(names_in(copy.path()), ["rollbook.db", "rollbook.db.lock"]);
        let half = &output.stdout[..output.stdout.len() / 2];
        refused(&run_with_bytes(&copy, &["restore", input], half));
        refused(&run_with_bytes(&copy, &["restore", input], b""));
        done(&run(&copy, &["check"]));
        assert_eq!(names_in(copy.path()), ["rollbook.db", "rollbook.db.lock"]);
    }
}

#[test]
fn a_report_goes_to_standard_output() {
    let folder = new_database();
    std::fs::write(at(&folder, "bad.csv"), "name,role\nada,emperor\n").expect("a file");
    let (status, out, err) = said(&run(&folder, &["import", &at(&folder, "bad.csv"), "--report", "-"]));
    assert_eq!((status, err.as_str()), (1, "rollbook: 1 row was refused\n"));
    assert_eq!(out.lines().count(), 2, "{out}");
    assert!(out.lines().next().expect("a line").contains("bad.csv:2: refused: "), "{out}");
}
