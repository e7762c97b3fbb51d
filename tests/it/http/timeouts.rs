//! Timeouts of heads, bodies, idle connections and writes.

use crate::support::client::{Answer, Connection, create, create_user, opened, request, write};
use crate::support::datadog::handles;
use crate::support::http::{ADA, assert_errors, refused};
use crate::support::server::Server;
use crate::support::wait::{eventually, wait_until};
use serde_json::json;
use std::io::Write;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// Sends these bytes again and again, pausing between, until the sender is dropped or the server takes no more.
fn trickle(connection: &mut Connection, bytes: &'static [u8], pause: Duration) -> Sender<()> {
    let mut stream = connection.stream().try_clone().expect("a second handle of the stream");
    let (stop, stopped) = channel();
    thread::spawn(move || {
        while stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
            if stream.write_all(bytes).is_err() {
                break;
            }
        }
    });
    stop
}

/// Sends a request to a server with short timeouts, on new connections until one was in time. Returns that connection,
/// and the answer.
fn in_time(server: &Server, message: &str) -> (Connection, Answer) {
    eventually("an answer in time", || {
        let mut connection = opened(server, message);
        let answer = connection.try_answer(false)?;
        (answer.status == 200).then_some((connection, answer))
    })
}

#[test]
fn a_head_that_takes_too_long_is_408() {
    let server = Server::with(&["--head-timeout", "0.4"]);
    let halves = ["G", "GET /api/v1/user HTTP/1.1\r\n", "GET /api/v1/user HTTP/1.1\r\nHost: test\r\nX: "];
    for half in halves {
        let answer = refused(&server, half);
        assert_eq!(answer.status, 408, "{half:?}");
        assert_errors(half, &answer);
    }
    // The time is for the whole head: single bytes do not extend it.
    let mut connection = opened(&server, "GET /api/v1/user HTTP/1.1\r\nHost: test\r\nX: ");
    let trickling = trickle(&mut connection, b"x", Duration::from_millis(20));
    let answer = connection.answer(false);
    drop(trickling);
    assert_eq!((answer.status, answer.header("Connection")), (408, Some("close")));
    assert_eq!(connection.rest(), "");
    // A second head on a connection has the same time.
    let (mut connection, _) = in_time(&server, &request("GET /api/v1/validate HTTP/1.1", "", ""));
    write(&mut connection, "GET /api");
    assert_eq!(connection.answer(false).status, 408);
    assert_eq!(connection.rest(), "");
}

#[test]
fn empty_lines_before_a_request_are_skipped_but_not_for_ever() {
    let server = Server::with(&["--head-timeout", "3"]);
    // Old clients end a body with a line break that is not part of its length.
    let valid = request("GET /api/v1/validate HTTP/1.1", "", "");
    let (mut connection, first) = in_time(&server, &format!("\r\n{valid}\r\n{valid}"));
    for answer in [first, connection.answer(false)] {
        assert_eq!(answer.parts(), (200, json!({"valid": true})));
    }
    // Each byte comes alone, in its own packet, for as long as a head may take.
    let mut connection = Connection::open(server.address);
    let trickling = trickle(&mut connection, b"\r\n", Duration::from_millis(1));
    if let Some(answer) = connection.try_answer(false) {
        assert!([400, 408].contains(&answer.status), "{answer:?}");
    }
    drop(trickling);
    in_time(&server, &valid);
}

#[test]
fn a_body_that_takes_too_long_is_408() {
    let server = Server::with(&["--body-timeout", "0.4"]);
    let rows = [
        create("Content-Length: 1000\r\n", ""),
        create("Content-Length: 1000\r\n", "{"),
        create("Transfer-Encoding: chunked\r\n", ""),
        create("Transfer-Encoding: chunked\r\n", "3e8\r\n{"),
        create("Transfer-Encoding: chunked\r\n", &format!("{:x}\r\n{ADA}\r\n", ADA.len())),
        create("Transfer-Encoding: chunked\r\n", &format!("{:x}\r\n{ADA}\r\n0\r\nX: y\r\n", ADA.len())),
    ];
    for message in &rows {
        let answer = refused(&server, message);
        assert_eq!(answer.status, 408, "{message:?}");
        assert_errors(message, &answer);
    }
    let mut connection = opened(&server, &rows[1]);
    let trickling = trickle(&mut connection, b"x", Duration::from_millis(20));
    let answer = connection.answer(false);
    drop(trickling);
    assert_eq!((answer.status, answer.header("Connection")), (408, Some("close")));
    assert_eq!(connection.rest(), "");
    assert_eq!(handles(&server), ["administrator"]);
}

#[test]
fn idle_connection_is_closed_without_an_answer() {
    let server = Server::with(&["--idle-timeout", "0.3", "--head-timeout", "0.3"]);
    let mut fresh = Connection::open(server.address);
    let (mut used, _) = in_time(&server, &request("GET /api/v1/validate HTTP/1.1", "", ""));
    assert_eq!(used.rest(), "");
    assert_eq!(fresh.rest(), "");
}

#[test]
fn a_client_that_reads_nothing_is_dropped_after_a_while() {
    let server = Server::with(&["--max-connections", "1", "--write-timeout", "0.4"]);
    let mut connection = Connection::open(server.address);
    for number in 0..300 {
        write(&mut connection, create_user(&format!("user{number}@example.com")));
        assert_eq!(connection.answer(false).status, 200);
    }
    // Far more than the buffers between two programs can hold.
    write(&mut connection, request("GET /api/v1/user HTTP/1.1", "", "").repeat(400));
    let ask = request("GET /api/v1/validate HTTP/1.1", "", "");
    wait_until("the only place", || opened(&server, &ask).answer(false).status == 200);
    drop(connection);
}

#[test]
fn a_request_cut_off_by_its_sender_is_not_acted_on() {
    let server = Server::start();
    let whole = create_user("ada@example.com");
    let chunked = create("Transfer-Encoding: chunked\r\n", &format!("{:x}\r\n{ADA}\r\n", ADA.len()));
    for message in [&whole[..10], &whole[..whole.len() / 2], &whole[..whole.len() - 1], &chunked] {
        let mut connection = opened(&server, message);
        connection.finish();
        if let Some(answer) = connection.try_answer(false) {
            assert_eq!((answer.status, answer.header("Connection")), (400, Some("close")), "{message:?}");
        }
        assert_eq!(connection.rest(), "", "{message:?}");
    }
    assert_eq!(handles(&server), ["administrator"]);
    // A client that closes its sending side still gets the answer.
    let mut connection = opened(&server, &whole);
    connection.finish();
    assert_eq!(connection.answer(false).status, 200);
    assert_eq!(connection.rest(), "");
}
