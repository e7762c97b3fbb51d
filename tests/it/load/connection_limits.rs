//! Limits of connections: eviction of idle ones, and limits per address.

use crate::support::busy_connection::{KEPT_BUSY, busy, finish_busy};
use crate::support::client::{Connection, open_from};
use crate::support::metrics::{LISTEN, Page, metrics_address};
use crate::support::server::{API_KEY, Server};
use crate::support::wait::eventually;
use std::thread;
use std::time::Duration;

/// Sends a request on a connection that may be new; returns the status.
fn ask(connection: &mut Connection) -> u16 {
    connection.send("GET", "/api/v1/validate", &[("DD-API-KEY", API_KEY)], None);
    connection.answer(false).status
}

/// Tries until a connection gets a place.
fn until_served(server: &Server) -> Connection {
    eventually("an idle connection that gives way", || {
        let mut connection = Connection::open(server.address);
        match ask(&mut connection) {
            200 => Some(connection),
            status => {
                assert_eq!(status, 503);
                None
            }
        }
    })
}

#[test]
fn longest_idle_connection_is_evicted_when_all_are_taken() {
    let server = Server::with(&[&LISTEN[..], &KEPT_BUSY, &["--max-connections", "4"]].concat());
    let address = metrics_address(&server);
    let mut connections: Vec<Connection> = (0..4).map(|_| Connection::open(server.address)).collect();
    // The first connection sends another request at the end, so the second has been idle for longest.
    for at in [0, 1, 2, 3, 0] {
        assert_eq!(ask(&mut connections[at]), 200);
        // A connection becomes idle after its answer, and the server counts in milliseconds.
        let public = ("listener", "public");
        let is_idle = |page: &Page| page.value("rollbook_http_requests_in_progress", &[public]) == 0.0;
        Page::when(address, "no request in progress", is_idle);
        thread::sleep(Duration::from_millis(2));
    }
    let mut newcomer = until_served(&server);
    assert_eq!(connections[1].rest(), "", "closed without an answer");
    for at in [0, 2, 3] {
        assert_eq!(ask(&mut connections[at]), 200, "connection {at} was idle for less");
    }
    assert_eq!(ask(&mut newcomer), 200);
}

#[test]
fn connection_without_a_request_is_evicted() {
    let server = Server::with(&[&KEPT_BUSY[..], &["--max-connections", "1"]].concat());
    let mut silent = Connection::open(server.address);
    until_served(&server);
    assert_eq!(silent.rest(), "");
}

#[test]
fn busy_connection_is_not_evicted() {
    let server = Server::with(&[&KEPT_BUSY[..], &["--max-connections", "3"]].concat());
    let mut at_work: Vec<Connection> = (0..2).map(|_| busy(Connection::open(server.address))).collect();
    let mut idle = Connection::open(server.address);
    assert_eq!(ask(&mut idle), 200);
    // The server closes the idle connection, although the others are older.
    let newcomer = busy(until_served(&server));
    assert_eq!(idle.rest(), "");
    // No other place is to be had.
    assert_eq!(ask(&mut Connection::open(server.address)), 503);
    at_work.push(newcomer);
    at_work.iter_mut().for_each(|connection| assert_eq!(finish_busy(connection), 200));
}

#[test]
fn one_address_cannot_take_all_connections() {
    let limits = ["--max-connections", "8", "--max-connections-per-address", "3"];
    let server = Server::with(&[&KEPT_BUSY[..], &limits].concat());
    let mut ours: Vec<Connection> = (0..3).map(|_| busy(Connection::open(server.address))).collect();
    for _ in 0..5 {
        let mut refused = Connection::open(server.address);
        let answer = refused.try_answer(false).expect("an answer");
        assert_eq!((answer.status, answer.header("Connection")), (503, Some("close")));
        assert_eq!(answer.json(), serde_json::json!({ "errors": ["Too many connections"] }));
    }
    let mut theirs: Vec<Connection> = (0..3).map(|_| open_from("127.0.0.2", server.address)).collect();
    theirs.iter_mut().for_each(|connection| assert_eq!(ask(connection), 200));
    // A connection of this address that becomes idle gives way to a new one of this address. Those of the other
    // address stay.
    assert_eq!(finish_busy(&mut ours[0]), 200);
    let mut newcomer = until_served(&server);
    assert_eq!(ask(&mut newcomer), 200);
    theirs.iter_mut().for_each(|connection| assert_eq!(ask(connection), 200));
    // A closed connection no longer counts.
    drop(ours);
    drop(newcomer);
    until_served(&server);
    server.wait_for_log("connection from 127.0.0.1 rejected: too many connections from this address");
}

#[test]
fn per_address_limit_is_three_quarters_of_all_connections() {
    let server = Server::with(&[&KEPT_BUSY[..], &["--max-connections", "100"]].concat());
    server.wait_for_log("limits: 100 connections, 75 per address");
    let ours: Vec<Connection> = (0..75).map(|_| busy(Connection::open(server.address))).collect();
    assert_eq!(ask(&mut Connection::open(server.address)), 503);
    assert_eq!(ask(&mut open_from("127.0.0.2", server.address)), 200);
    drop(ours);
}
