//! Who gets a place when there are more clients than places.

use crate::harness::{API_KEY, Connection, PATIENCE, Server};
use socket2::{Domain, Protocol, Socket, Type};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// Asks on a connection that may be a new one; the status.
fn ask(connection: &mut Connection) -> u16 {
    connection.send("GET", "/api/v1/validate", &[("DD-API-KEY", API_KEY)], None);
    connection.answer(false).status
}

/// Connects from another address of this machine.
pub fn open_from(address: &str, server: SocketAddr) -> Connection {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).expect("a socket");
    socket.bind(&SocketAddr::new(address.parse().expect("an address"), 0).into()).expect("an address of our own");
    socket.connect(&server.into()).expect("the server accepts");
    Connection::over(TcpStream::from(socket))
}

/// Tries until somebody gets a place.
fn until_served(server: &Server) -> Connection {
    let start = Instant::now();
    loop {
        let mut connection = Connection::open(server.address);
        match ask(&mut connection) {
            200 => return connection,
            status => assert_eq!(status, 503),
        }
        assert!(start.elapsed() < PATIENCE, "no idle connection gives way");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn the_longest_idle_connection_gives_way_when_all_places_are_taken() {
    let server = Server::with(&["--max-connections", "4"]);
    let mut connections: Vec<Connection> = (0..4).map(|_| Connection::open(server.address)).collect();
    connections.iter_mut().for_each(|connection| assert_eq!(ask(connection), 200));
    // The first one asks again: the second has waited for longest then.
    thread::sleep(Duration::from_millis(20));
    assert_eq!(ask(&mut connections[0]), 200);
    let mut newcomer = until_served(&server);
    assert_eq!(connections[1].rest(), "", "closed, without an answer to nothing");
    for at in [0, 2, 3] {
        assert_eq!(ask(&mut connections[at]), 200, "connection {at} was idle for less");
    }
    assert_eq!(ask(&mut newcomer), 200);
}

#[test]
fn a_connection_that_never_asked_gives_way_too() {
    let server = Server::with(&["--max-connections", "1"]);
    let mut silent = Connection::open(server.address);
    until_served(&server);
    assert_eq!(silent.rest(), "");
}

#[test]
fn nobody_who_is_at_work_gives_way() {
    let server = Server::with(&["--max-connections", "2"]);
    let mut busy: Vec<Connection> = (0..2).map(|_| Connection::open(server.address)).collect();
    for connection in &mut busy {
        // The body is missing: the server waits for it.
        connection.send("POST", "/api/v1/user", &[("Content-Length", "2"), ("DD-API-KEY", API_KEY)], None);
    }
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(1500) {
        assert_eq!(ask(&mut Connection::open(server.address)), 503);
        thread::sleep(Duration::from_millis(100));
    }
    for connection in &mut busy {
        std::io::Write::write_all(connection.stream(), b"{}").expect("the server still reads");
        assert_eq!(connection.answer(false).status, 403);
    }
}

#[test]
fn one_address_cannot_have_all_places() {
    let server = Server::with(&["--max-connections", "8", "--max-connections-per-address", "3"]);
    let mut ours: Vec<Connection> = (0..3).map(|_| Connection::open(server.address)).collect();
    for _ in 0..5 {
        // Whoever asks is not idle for long.
        ours.iter_mut().for_each(|connection| assert_eq!(ask(connection), 200));
        let mut refused = Connection::open(server.address);
        let answer = refused.try_answer(false).expect("an answer");
        assert_eq!((answer.status, answer.header("Connection")), (503, Some("close")));
        assert_eq!(answer.json(), serde_json::json!({ "errors": ["Too many connections"] }));
    }
    let mut theirs: Vec<Connection> = (0..3).map(|_| open_from("127.0.0.2", server.address)).collect();
    theirs.iter_mut().for_each(|connection| assert_eq!(ask(connection), 200));
    // Once one of ours has been idle for a while it gives way to another of ours, and none of theirs does.
    let mut newcomer = until_served(&server);
    assert_eq!(ask(&mut newcomer), 200);
    theirs.iter_mut().for_each(|connection| assert_eq!(ask(connection), 200));
    // A place that was given back counts no longer.
    drop(ours);
    drop(newcomer);
    until_served(&server);
    let log = server.log();
    assert!(log.contains("a connection from 127.0.0.1 was refused: too many of its address are open"), "{log}");
}

#[test]
fn the_share_of_an_address_is_most_of_all_places() {
    let server = Server::with(&["--max-connections", "100"]);
    server.wait_for_log("limits: 100 connections, 75 of one address");
    let mut ours: Vec<Connection> = (0..75).map(|_| Connection::open(server.address)).collect();
    ours.iter_mut().for_each(|connection| assert_eq!(ask(connection), 200));
    assert_eq!(ask(&mut open_from("127.0.0.2", server.address)), 200);
}
