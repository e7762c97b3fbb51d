//! Signals: a stop at any moment, a second one, and those that ask to read files again.

use crate::support::busy_connection::{busy, finish_busy};
use crate::support::client::Connection;
use crate::support::folder::Folder;
use crate::support::rng::Random;
use crate::support::server::{ADMIN_PASSWORD, Server, serve};
use crate::support::wait::wait_for;
use rustix::process::{Pid, Signal, kill_process};
use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

fn send(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).expect("a process id")).expect("a process id");
    kill_process(pid, signal).expect("the process takes a signal");
}

#[test]
fn a_stop_in_the_first_moments_of_a_start_is_not_lost() {
    let mut random = Random::new(Random::seed("ROLLBOOK_SEED", 9));
    for _ in 0..60 {
        let folder = Folder::new();
        let mut child = serve(&folder, &[]).stderr(Stdio::piped()).spawn().expect("the server starts");
        // Most signals come early, because a start takes a few milliseconds.
        let latest = 256 << random.below(10);
        std::thread::sleep(Duration::from_micros(random.below(latest) as u64));
        send(child.id(), Signal::TERM);
        let status = wait_for(&mut child);
        let mut log = String::new();
        child.stderr.take().expect("stderr is piped").read_to_string(&mut log).expect("the log");
        match status.signal() {
            None => assert_eq!(status.code(), Some(0), "{log}"),
            Some(signal) => {
                assert_eq!(signal, Signal::TERM.as_raw(), "{log}");
                let made = std::fs::read_dir(folder.path()).expect("the folder").count();
                assert_eq!((made, log.as_str()), (0, ""), "before the handlers are there, nothing has been done");
            }
        }
    }
}

/// A server whose first start waits for its administrator's password, which it reads from this pipe.
fn waiting_for_password(folder: &Folder, flags: &[&str]) -> (Child, PathBuf, PathBuf) {
    let (pipe, log) = (folder.path().join("password"), folder.path().join("log"));
    let made = Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs");
    assert!(made.success());
    let mut command = serve(folder, flags);
    command.env_remove("ROLLBOOK_ADMIN_PASSWORD").env("ROLLBOOK_ADMIN_PASSWORD_FILE", &pipe);
    let child = command.stderr(std::fs::File::create(&log).expect("a file")).spawn().expect("the server starts");
    // The database is there before the password is asked for.
    crate::support::wait::wait_until("the database", || folder.db().exists());
    (child, pipe, log)
}

fn wait_for_line(log: &Path, text: &str) {
    let read = || std::fs::read_to_string(log).expect("the log");
    let awaited = std::fmt::from_fn(|f| write!(f, "{text:?} in the log:\n{}", read()));
    crate::support::wait::wait_until(awaited, || read().contains(text));
}

#[test]
fn a_stop_while_the_database_is_opened_takes_effect_before_the_server_listens() {
    let folder = Folder::new();
    let (mut child, pipe, log) = waiting_for_password(&folder, &["--grace", "600"]);
    send(child.id(), Signal::TERM);
    wait_for_line(&log, "stopping");
    std::fs::write(pipe, ADMIN_PASSWORD).expect("the server reads");
    assert_eq!(wait_for(&mut child).code(), Some(0));
    let log = std::fs::read_to_string(log).expect("the log");
    assert!(log.contains("stopped during the start") && !log.contains("listening on"), "{log}");
    // The directory is complete.
    let server = Server::over(Arc::new(folder), &[]);
    assert_eq!(server.nuxeo("GET", "/me", None).status, 200);
}

#[test]
fn a_start_that_hangs_ends_within_the_grace_period() {
    for grace in ["0.001", "0.1", "3"] {
        let folder = Folder::new();
        let (mut child, _pipe, log) = waiting_for_password(&folder, &["--grace", grace]);
        send(child.id(), Signal::TERM);
        assert_eq!(wait_for(&mut child).code(), Some(1), "{grace}");
        wait_for_line(&log, "shutdown took too long; ending the process now");
    }
}

#[test]
fn simultaneous_signals_are_one_stop() {
    let mut server = Server::start();
    let mut connection = busy(Connection::open(server.address));
    for signal in [Signal::TERM, Signal::INT, Signal::TERM] {
        send(server.pid(), signal);
    }
    server.wait_for_log("stopping");
    assert_eq!(finish_busy(&mut connection), 200);
    drop(connection);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_second_stop_ends_the_process_at_once() {
    for (first, second) in [(Signal::TERM, Signal::TERM), (Signal::INT, Signal::TERM), (Signal::TERM, Signal::INT)] {
        let mut server = Server::with(&["--grace", "600"]);
        // A request that has begun keeps the server from ending.
        let _connection = busy(Connection::open(server.address));
        send(server.pid(), first);
        server.wait_for_log("another signal ends the server at once");
        send(server.pid(), second);
        assert_eq!(server.wait().code(), Some(1));
    }
}

#[test]
fn signals_to_read_files_again_do_not_end_the_server() {
    let server = Server::start();
    let mut connection = busy(Connection::open(server.address));
    for (signal, line) in [(Signal::HUP, "SIGHUP: reloading"), (Signal::USR1, "SIGUSR1: reopening files")] {
        for count in 1..=3 {
            send(server.pid(), signal);
            server.wait_for_lines(count, |logged| logged.contains(line));
        }
    }
    assert_eq!(finish_busy(&mut connection), 200);
    assert_eq!(server.request("GET", "/readyz", &[], None).status, 200);
    drop(connection);
    assert!(server.stop().success());
}

#[test]
fn signals_to_read_files_again_do_not_end_a_start() {
    let folder = Folder::new();
    let (mut child, pipe, log) = waiting_for_password(&folder, &[]);
    for (signal, line) in [(Signal::HUP, "SIGHUP: reloading"), (Signal::USR1, "SIGUSR1: reopening files")] {
        send(child.id(), signal);
        wait_for_line(&log, line);
    }
    std::fs::write(pipe, ADMIN_PASSWORD).expect("the server reads");
    wait_for_line(&log, "listening on http://");
    send(child.id(), Signal::TERM);
    assert_eq!(wait_for(&mut child).code(), Some(0));
}
