//! A server whose connections are all taken.

use crate::support::busy_connection::{KEPT_BUSY, busy, finish_busy, try_busy};
use crate::support::client::{Connection, opened, request};
use crate::support::http::{assert_errors, refused};
use crate::support::server::Server;
use crate::support::wait::eventually;

#[test]
fn a_full_server_says_so_and_recovers() {
    let server = Server::with(&[&KEPT_BUSY[..], &["--max-connections", "4"]].concat());
    let ask = request("GET /api/v1/validate HTTP/1.1", "", "");
    let mut connections: Vec<Connection> = (0..4).map(|_| busy(Connection::open(server.address))).collect();
    for _ in 0..10 {
        let answer = refused(&server, &ask);
        assert_eq!(answer.status, 503);
        assert!(answer.header("Retry-After").is_some_and(|seconds| seconds.parse::<u32>().is_ok()), "{answer:?}");
        assert_errors("full", &answer);
    }
    // A free place goes to another client, and the first clients are still served.
    connections.pop();
    let newcomer = eventually("the place that became free", || try_busy(Connection::open(server.address)));
    connections.push(newcomer);
    for connection in &mut connections {
        assert_eq!(finish_busy(connection), 200);
    }
}

#[test]
fn a_burst_of_connections_is_answered_to_the_last() {
    let server = Server::start();
    let ask = request("GET /api/v1/validate HTTP/1.1", "Connection: close\r\n", "");
    let mut connections: Vec<Connection> = (0..200).map(|_| opened(&server, &ask)).collect();
    for connection in &mut connections {
        assert_eq!(connection.answer(false).status, 200);
    }
}
