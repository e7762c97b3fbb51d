//! The log file: written, opened again by signals, full.

use super::{Logged, ended, wait_for_text};
use crate::support::cli::{rollbook, rollbook_after, said};
use crate::support::folder::{Folder, mode};
use crate::support::wait::{wait_for, wait_until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs::File;
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[test]
fn log_file_receives_all_lines_and_standard_error_none() {
    let folder = Folder::new();
    std::fs::write(folder.path().join("rollbook.log"), "of yesterday\n").expect("a file");
    let mut server = Logged::by(rollbook(), folder, &["--log-format", "json"]);
    assert_eq!(server.get("/some/where"), 404);
    wait_for_text(&server.log(), "/some/where");
    assert_eq!(server.stop(), 0);
    let log = wait_for_text(&server.log(), "stopped");
    let lines = log.strip_prefix("of yesterday\n").expect("the file is appended to");
    for line in lines.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok_and(|line| line["time"].is_string()), "{line}");
    }
    assert_eq!(server.said(), "");
}

#[test]
fn a_new_log_file_is_for_the_owner_and_the_group() {
    for (umask, expected) in [("umask 000", 0o640), ("umask 022", 0o640), ("umask 077", 0o600)] {
        let server = Logged::by(rollbook_after(umask), Folder::new(), &[]);
        assert_eq!(mode(&server.log()), expected, "{umask}");
    }
    // The administrator has chosen the mode of a file that is there.
    let folder = Folder::new();
    let log = folder.path().join("rollbook.log");
    File::create(&log).and_then(|file| file.set_permissions(PermissionsExt::from_mode(0o604))).expect("a file");
    let server = Logged::by(rollbook(), folder, &[]);
    assert_eq!(mode(&server.log()), 0o604);
}

#[test]
fn a_log_file_in_the_variable_does_not_look_like_the_journal() {
    let folder = Folder::new();
    let stderr = File::create(folder.path().join("stderr")).expect("a file");
    let log = folder.path().join("rollbook.log");
    let mut command = rollbook();
    command.env("ROLLBOOK_LOG_FILE", &log).env("ROLLBOOK_DB", folder.db()).env("ROLLBOOK_LISTEN", "127.0.0.1:0");
    command.env("JOURNAL_STREAM", crate::support::cli::name_of(&stderr)).stderr(stderr);
    let mut child = command.spawn().expect("the server starts");
    let content = wait_for_text(&log, "listening on http://");
    let _ = child.kill().and_then(|()| child.wait());
    assert!(content.lines().all(|line| line.starts_with("[20")), "{content}");
}

#[test]
fn a_signal_opens_a_file_that_was_moved_away_again() {
    let mut server = Logged::start(&[]);
    for (count, signal) in [Signal::HUP, Signal::USR1, Signal::HUP].into_iter().enumerate() {
        let old = server.path(&format!("old-{count}"));
        std::fs::rename(server.log(), &old).expect("the file is there");
        // Until the signal, lines go to the file under its other name.
        assert_eq!(server.get(&format!("/before/{count}")), 404);
        wait_for_text(&old, &format!("/before/{count} 404"));
        server.send(signal);
        let log = wait_for_text(&server.log(), " reopened");
        assert!(log.starts_with("[20") && !log.contains("/before/"), "{log}");
        assert_eq!(server.get(&format!("/after/{count}")), 404);
        wait_for_text(&server.log(), &format!("/after/{count} 404"));
        assert!(!std::fs::read_to_string(old).expect("the file").contains(&format!("/after/{count}")));
    }
    // A file that is still there is appended to.
    let before = std::fs::read_to_string(server.log()).expect("the file");
    server.send(Signal::HUP);
    wait_until("another line", || {
        let log = std::fs::read_to_string(server.log()).expect("the file");
        log.starts_with(&before) && log.matches(" reopened").count() == 2
    });
    assert_eq!((server.stop(), server.said()), (0, String::new()));
}

#[test]
fn a_file_that_cannot_be_opened_again_leaves_the_old_one_in_use() {
    let server = Logged::start(&[]);
    let old = server.path("old");
    std::fs::rename(server.log(), &old).expect("the file is there");
    // Even root cannot write to a folder.
    std::fs::create_dir(server.log()).expect("a folder");
    server.send(Signal::USR1);
    let warning = format!("open the log file {}: Is a directory", server.log().display());
    let log = wait_for_text(&old, &warning);
    assert!(log.contains("WARN ] open the log file") && log.contains("the old log file stays in use"), "{log}");
    assert!(server.said().contains(&warning), "{}", server.said());
    assert_eq!(server.get("/still/there"), 404);
    wait_for_text(&old, "/still/there 404");
    std::fs::remove_dir(server.log()).expect("the folder");
    server.send(Signal::USR1);
    wait_for_text(&server.log(), " reopened");
}

#[test]
fn log_file_that_cannot_be_opened_ends_the_start() {
    let folder = Folder::new();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir(path("folder")).expect("a folder");
    assert!(Command::new("mkfifo").arg(path("pipe")).status().expect("mkfifo runs").success());
    let _listener = UnixListener::bind(path("socket")).expect("a socket");
    symlink(folder.db(), path("link")).expect("a link");
    let open = "ROLLBOOK_LOG_FILE: open the log file";
    for (name, status, message) in [
        ("missing/rollbook.log", 1, open),
        ("folder", 1, open),
        // A start must not wait for the reader of its log.
        ("pipe", 1, open),
        ("socket", 1, open),
        ("rollbook.db", 2, "ROLLBOOK_LOG_FILE: "),
        ("./rollbook.db-wal", 2, "is the database file or belongs to it"),
        ("folder/../rollbook.db.lock", 2, "is the database file or belongs to it"),
        ("link", 2, "is the database file or belongs to it"),
    ] {
        let mut command = rollbook();
        command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(folder.db());
        command.env("ROLLBOOK_LOG_FILE", path(name)).current_dir(folder.path());
        let (code, _, err) = ended(command);
        assert_eq!(code, status, "{name}: {err}");
        assert!(err.contains(message) && err.contains(name), "{name}: {err}");
        assert!(!folder.db().exists(), "{name}: no database is created before the log");
    }
    let mut command = rollbook();
    command.args(["serve", "--log-file"]).arg(path("folder")).arg("--db").arg(folder.db());
    let (_, _, err) = ended(command);
    assert!(err.contains("rollbook: --log-file: open the log file"), "{err}");
}

#[test]
fn failed_start_is_logged_to_the_file_and_to_standard_error() {
    let folder = Folder::new();
    std::fs::write(folder.db(), "something else").expect("a file");
    let log = folder.path().join("rollbook.log");
    let mut command = rollbook();
    command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(folder.db()).arg("--log-file").arg(&log);
    let (status, _, err) = ended(command);
    assert_eq!(status, 1);
    let message = format!("open the database {}", folder.db().display());
    let log = std::fs::read_to_string(log).expect("the file");
    assert!(err.starts_with("rollbook: ") && err.contains(&message), "{err}");
    assert!(log.lines().any(|line| line.contains("ERROR] ") && line.contains(&message)), "{log}");
}

// Disks

#[test]
fn full_disk_delays_no_request_and_lost_lines_are_counted() {
    let server = {
        let folder = Folder::new();
        let real = folder.path().join("real");
        symlink(&real, folder.path().join("rollbook.log")).expect("a link");
        Logged::by(rollbook(), folder, &[])
    };
    std::fs::remove_file(server.log()).expect("the link");
    symlink("/dev/full", server.log()).expect("a link");
    server.send(Signal::HUP);
    let complaint = format!("rollbook: write to the log file {}: No space left on device", server.log().display());
    wait_for_text(&server.path("stderr"), &complaint);
    for _ in 0..200 {
        assert_eq!(server.get("/healthz"), 200);
    }
    std::fs::remove_file(server.log()).expect("the link");
    server.send(Signal::HUP);
    let log = wait_for_text(&server.log(), " reopened");
    let lost = log.lines().next().expect("a line");
    let (_, count) = lost.split_once("WARN ] ").unwrap_or_else(|| panic!("{log}"));
    let (count, why) = count.split_once(' ').expect("a number");
    assert!(count.parse::<u32>().expect("a number") >= 200, "{log}");
    assert_eq!(why, "log lines could not be written: No space left on device (os error 28)");
    // The server reports the failure once, and not for each line.
    assert_eq!(server.said().matches(&complaint).count(), 1, "{}", server.said());
}

#[test]
fn line_cut_by_a_full_disk_damages_no_other_line() {
    let script = "mount -t tmpfs -o size=64k rollbook \"$0\" && head -c 16384 /dev/zero >\"$0/other\" && exec \"$@\"";
    let mount = ["--mount", "sh", "-c", script];
    let folder = Folder::new();
    let disk = folder.path().join("disk");
    std::fs::create_dir(&disk).expect("a folder");
    let can = Command::new("unshare").args(mount).arg(&disk).arg("true").stderr(Stdio::null()).status();
    if !can.is_ok_and(|status| status.success()) {
        eprintln!("file systems cannot be mounted here: not tested");
        return;
    }
    let inner = disk.join("rollbook.log");
    // The file system exists for this server alone, and is removed with it.
    let mut command = crate::support::cli::launcher("unshare");
    command.args(mount).arg(&disk).arg(crate::support::cli::binary());
    command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(folder.db()).arg("--log-file").arg(&inner);
    command.stderr(File::create(folder.path().join("stderr")).expect("a file"));
    let child = command.spawn().expect("the server starts");
    let seen =
        Path::new("/proc").join(child.id().to_string()).join("root").join(inner.strip_prefix("/").expect("a path"));
    let mut server = Logged { folder, child, address: SocketAddr::from(([0; 4], 0)) };
    let started = wait_for_text(&seen, "listening on http://");
    let (_, url) = started.rsplit_once("listening on http://").expect("an address");
    server.address = url.split([' ', '\n']).next().expect("an address").parse().expect("an address");
    let (long, is_full) = ("x".repeat(7001), || server.said().contains("No space left on device"));
    for number in 0.. {
        let path = format!("/{number}/{long}");
        assert_eq!(server.get(&path), 404);
        let is_there = || std::fs::read_to_string(&seen).expect("the log").contains(&format!("{path} 404"));
        wait_until("the line, or that there is no place for it", || is_full() || is_there());
        if is_full() {
            break;
        }
    }
    let full = std::fs::read_to_string(&seen).expect("the log");
    assert!(full.len() > 40_000 && !full.ends_with('\n'), "the last line is cut off: {} bytes", full.len());
    std::fs::remove_file(seen.with_file_name("other")).expect("the other file");
    assert_eq!(server.get("/after"), 404);
    let log = wait_for_text(&seen, "/after 404");
    let (before, after) = log.split_at(full.len());
    assert_eq!(before, full);
    let lines: Vec<&str> = after.lines().collect();
    // After the end of the line that was cut off.
    assert_eq!(lines[0], "");
    assert!(lines[1].ends_with("1 log lines could not be written: No space left on device (os error 28)"), "{after}");
    assert!(lines[1..].iter().all(|line| line.starts_with("[20")), "{after}");
    assert_eq!(server.stop(), 0);
}

#[test]
fn unfinished_line_of_an_earlier_run_damages_no_other_line() {
    let folder = Folder::new();
    std::fs::write(folder.path().join("rollbook.log"), "[2026-11-25T18:46:24Z INFO ] GET /cut/o").expect("a file");
    let server = Logged::by(rollbook(), folder, &[]);
    let log = std::fs::read_to_string(server.log()).expect("the log");
    assert!(log.starts_with("[2026-11-25T18:46:24Z INFO ] GET /cut/o\n[20"), "{log}");
}

// Terminals

#[test]
fn closed_terminal_does_not_end_the_server() {
    let folder = Folder::new();
    let log = folder.path().join("rollbook.log");
    let script = r#"
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    # Without job control the server is in the group that gets the hangup.
    os.execvp("sh", ["sh", "-c", '"$@" & echo $! >pid; echo started; wait', "sh"] + sys.argv[1:])
while b"started" not in os.read(terminal, 1024):
    pass
sys.stdin.readline()
os.close(terminal)
"#;
    for to_file in [true, false] {
        let db = folder.path().join(format!("{to_file}.db"));
        let mut command = crate::support::cli::launcher("python3");
        command.arg("-c").arg(script).arg(crate::support::cli::binary()).args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--db",
        ]);
        command.arg(&db).current_dir(folder.path()).stdin(Stdio::piped());
        if to_file {
            command.arg("--log-file").arg(&log);
        }
        let mut terminal = command.spawn().expect("python3 runs");
        let socket = PathBuf::from(format!("{}.sock", db.display()));
        wait_until("the socket for commands", || socket.exists());
        let ask = || {
            let mut command = rollbook();
            said(&command.args(["user", "list", "-v", "--db"]).arg(&db).output().expect("the command runs"))
        };
        wait_until("the server", || ask().2.contains("connected to the server"));
        drop(terminal.stdin.take());
        assert!(wait_for(&mut terminal).success());
        let pid = std::fs::read_to_string(folder.path().join("pid")).expect("the process id");
        let pid: i32 = pid.trim().parse().expect("the process id");
        if to_file {
            wait_for_text(&log, "SIGHUP: reloading");
        }
        for _ in 0..20 {
            let (status, _, err) = ask();
            assert!(status == 0 && err.contains("connected to the server"), "{err}");
        }
        kill_process(Pid::from_raw(pid).expect("a process id"), Signal::TERM).expect("the server is there");
        let stat = Path::new("/proc").join(pid.to_string()).join("stat");
        // Its parent has ended, and the process that adopts it may never wait for it.
        let hasended = || std::fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "));
        wait_until("the end of the server", hasended);
    }
}
