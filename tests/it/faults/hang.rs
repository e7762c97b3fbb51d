//! A disk that does not answer, and a server that does not accept: the supervisor gets no more heartbeats, and a stop
//! still ends the server.

use super::{ACCEPT, Fault, Faults, HANG, LOG, MAIN, SOCKETS, SYNC, WRITE};
use crate::support::client::{create_user, opened};
use crate::support::server::Server;
use crate::support::wait::{PATIENCE, wait_until};
use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::time::Duration;

const ALIVE: &str = "WATCHDOG=1";

/// Reads the next notice.
fn next(socket: &UnixDatagram) -> Option<String> {
    let mut bytes = [0; 4096];
    let count = socket.recv(&mut bytes).ok()?;
    Some(String::from_utf8(bytes[..count].to_vec()).expect("text"))
}

/// Makes a part of a server hang, and checks that the heartbeats stop, and start again afterwards.
fn assert_silent(fault: Fault, part: &str, meet: impl FnOnce(&Server) + Send) {
    let faults = Faults::new();
    let path = faults.folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let mut command = faults.command(&[]);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "100000");
    let server = Server::by(command, Arc::clone(&faults.folder));
    let wait_for_life = || while next(&socket).expect("a notice") != ALIVE {};
    wait_for_life();
    faults.fail(fault);
    std::thread::scope(|scope| {
        let server = &server;
        scope.spawn(move || meet(server));
        wait_until("a call that hangs", || faults.failed() > 0);
        server.wait_for_log(&format!("{part} does not respond; no watchdog heartbeat"));
        // The heartbeats that were sent before.
        socket.set_nonblocking(true).expect("it does not wait");
        while next(&socket).is_some() {}
        socket.set_nonblocking(false).expect("it waits");
        // Several times the interval of the heartbeats.
        socket.set_read_timeout(Some(Duration::from_millis(500))).expect("a timeout");
        assert_eq!(next(&socket), None);
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        faults.work_again();
        wait_for_life();
    });
    server.wait_for_log(&format!("{part} responded after"));
    assert_eq!(server.request("GET", "/readyz", &[], None).status, 200);
    assert!(server.stop().success());
}

#[test]
fn hanging_disk_stops_the_watchdog_messages() {
    assert_silent(Fault::of(HANG, LOG, SYNC), "the writer of the database", |server| {
        let created = server.datadog("POST", "/api/v1/user", Some(r#"{"handle":"ada@example.com"}"#));
        assert_eq!(created.status, 200, "the request succeeds after the hang");
    });
}

#[test]
fn server_that_accepts_no_connection_stops_the_watchdog_messages() {
    assert_silent(Fault::of(HANG, SOCKETS, ACCEPT), "the thread that accepts connections", |server| {
        assert_eq!(server.request("GET", "/readyz", &[], None).status, 200, "the request succeeds after the hang");
    });
}

/// Stops a server that hangs. It ends by itself, and everything that was acknowledged is there afterwards.
fn assert_ended(fault: Fault, meet: impl FnOnce(&Server) -> bool + Send) {
    let faults = Faults::new();
    let mut server = Server::by(faults.command(&["--grace", "1"]), Arc::clone(&faults.folder));
    let create = |server: &Server, handle: &str| {
        server.datadog("POST", "/api/v1/user", Some(&format!(r#"{{"handle":"{handle}"}}"#))).status
    };
    assert_eq!(create(&server, "ada@example.com"), 200);
    faults.fail(fault);
    let waits = meet(&server);
    if waits {
        wait_until("a call that hangs", || faults.failed() > 0);
    }
    let pid = Pid::from_raw(i32::try_from(server.pid()).expect("a process id")).expect("a process id");
    kill_process(pid, Signal::TERM).expect("the process takes a signal");
    assert_eq!(server.wait().code(), Some(1), "{}", server.log());
    assert!(faults.failed() > 0, "{}", server.log());
    server.wait_for_log("shutdown took too long; ending the process now");
    let server = Server::over(Arc::clone(&faults.folder), &[]);
    assert_eq!(server.datadog("GET", "/api/v1/user/ada@example.com", None).status, 200);
}

#[test]
fn a_server_whose_commit_hangs_ends_within_the_grace_period() {
    assert_ended(Fault::of(HANG, LOG, SYNC), |server| {
        // This request gets no answer.
        opened(server, create_user("bob@example.com"));
        true
    });
}

#[test]
fn a_server_that_cannot_close_its_database_ends_within_the_grace_period() {
    // By the end, the log is moved into the database.
    assert_ended(Fault::of(HANG, MAIN | LOG, WRITE | SYNC), |_| false);
}
