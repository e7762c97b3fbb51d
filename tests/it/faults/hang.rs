//! A disk that does not answer, and a server that does not accept: the supervisor is told nothing more.

use super::{ACCEPT, Fault, Faults, HANG, LOG, SOCKETS, SYNC};
use crate::harness::{PATIENCE, Server, wait_until};
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

/// Makes a part of a server hang, and looks that signs of life end then, and come again afterwards.
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
        server.wait_for_log(&format!("{part} does not answer: the supervisor gets no sign of life"));
        // Those from before.
        socket.set_nonblocking(true).expect("it does not wait");
        while next(&socket).is_some() {}
        socket.set_nonblocking(false).expect("it waits");
        // Several times as long as one takes to come.
        socket.set_read_timeout(Some(Duration::from_millis(500))).expect("a timeout");
        assert_eq!(next(&socket), None);
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        faults.work_again();
        wait_for_life();
    });
    server.wait_for_log(&format!("{part} has answered after"));
    assert_eq!(server.request("GET", "/readyz", &[], None).status, 200);
    assert!(server.stop().success());
}

#[test]
fn a_disk_that_hangs_ends_the_signs_of_life() {
    assert_silent(Fault::of(HANG, LOG, SYNC), "the writer of the database", |server| {
        let created = server.datadog("POST", "/api/v1/user", Some(r#"{"handle":"ada@example.com"}"#));
        assert_eq!(created.status, 200, "it was only late");
    });
}

#[test]
fn a_server_that_accepts_no_connection_ends_the_signs_of_life() {
    assert_silent(Fault::of(HANG, SOCKETS, ACCEPT), "the thread that accepts connections", |server| {
        assert_eq!(server.request("GET", "/readyz", &[], None).status, 200, "it was only late");
    });
}
