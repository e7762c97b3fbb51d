//! Run by systemd: what it is told, and the unit that it is told by.

use crate::harness::{Folder, PATIENCE, Server, serve};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;

/// What comes next, told by the server.
fn next(socket: &UnixDatagram) -> String {
    let mut bytes = [0; 4096];
    let count = socket.recv(&mut bytes).expect("the server tells something");
    String::from_utf8(bytes[..count].to_vec()).expect("text")
}

/// A server that tells somebody at that place, from start to end.
fn assert_told(socket: &UnixDatagram, place: &str) {
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let folder = Arc::new(Folder::new());
    let mut command = serve(&folder, &[]);
    command.env("NOTIFY_SOCKET", place);
    let server = Server::by(command, folder);
    assert_eq!(next(socket), "STATUS=opening the database");
    assert_eq!(next(socket), format!("READY=1\nSTATUS=listening on {}", server.url));
    assert_eq!(server.request("GET", "/readyz", &[], None).status, 200);
    assert!(server.stop().success());
    assert_eq!(next(socket), "STOPPING=1\nSTATUS=finishing what was begun");
    socket.set_nonblocking(true).expect("it does not wait");
    assert!(socket.recv(&mut [0; 1]).is_err(), "nothing more is told");
}

#[test]
fn the_supervisor_is_told_when_the_server_listens_and_when_it_stops() {
    let folder = Folder::new();
    let path = folder.path().join("notify");
    let place = path.to_str().expect("text").to_owned();
    assert_told(&UnixDatagram::bind(&path).expect("a socket"), &place);
    let name = format!("rollbook-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).expect("a name");
    assert_told(&UnixDatagram::bind_addr(&address).expect("a socket"), &format!("@{name}"));
}

#[test]
fn a_supervisor_that_cannot_be_told_does_not_keep_the_server_from_serving() {
    let long = format!("/{}", "long/".repeat(40));
    for place in ["/nowhere/notify", "@rollbook-nobody-listens", "vsock:2:1234", long.as_str()] {
        let folder = Arc::new(Folder::new());
        let mut command = serve(&folder, &[]);
        command.env("NOTIFY_SOCKET", place);
        let server = Server::by(command, folder);
        server.wait_for_log("the supervisor could not be told");
        assert_eq!(server.request("GET", "/readyz", &[], None).status, 200, "{place}");
        assert!(server.stop().success(), "{place}");
    }
    for place in [None, Some("")] {
        let folder = Arc::new(Folder::new());
        let mut command = serve(&folder, &[]);
        command.env_remove("NOTIFY_SOCKET").envs(place.map(|place| ("NOTIFY_SOCKET", place)));
        let server = Server::by(command, folder);
        assert!(!server.log().contains("supervisor"), "{}", server.log());
    }
}

#[test]
fn a_server_that_cannot_start_is_never_ready() {
    let folder = Folder::new();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    std::fs::write(folder.db(), "something else").expect("a file");
    let output = serve(&folder, &[]).env("NOTIFY_SOCKET", &path).output().expect("the command runs");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(next(&socket), "STATUS=opening the database");
    socket.set_nonblocking(true).expect("it does not wait");
    assert!(socket.recv(&mut [0; 1]).is_err(), "nothing more is told");
}
