//! Limits of heads and bodies.

use crate::support::client::{Connection, create, opened, request, write};
use crate::support::datadog::handles;
use crate::support::http::{ADA, USERS, assert_errors, assert_exception, check_refused, refused};
use crate::support::server::Server;
use serde_json::json;
use std::io::Write;

// Limits

#[test]
fn a_head_has_its_limits() {
    let server = Server::start();
    let get = |lines: &str| request("GET /api/v1/validate HTTP/1.1", lines, "");
    // `request` sends four fields of its own.
    let fields = |count: usize| (4..count).map(|number| format!("X{number}: y\r\n")).collect::<String>();
    let filled = |size: usize| get(&format!("X: {}\r\n", "x".repeat(size - get("X: \r\n").len())));
    let mut connection = Connection::open(server.address);
    for message in [get(&fields(100)), filled(16_000), filled(16 * 1024)] {
        write(&mut connection, &message);
        assert_eq!(connection.answer(false).parts(), (200, json!({"valid": true})), "{}", message.len());
    }
    check_refused(
        &server,
        &[
            (get(&fields(101)), 431),
            (get(&fields(1000)), 431),
            (filled(16 * 1024 + 1), 431),
            (filled(1 << 20), 431),
            (get(&"X: y\r\n".repeat(100_000)), 431),
            (request(&format!("GET /{} HTTP/1.1", "x".repeat(20_000)), "", ""), 414),
            (request(&format!("GET /api/v1/user?{} HTTP/1.1", "x".repeat(200_000)), "", ""), 414),
        ],
    );
    // Neither ever comes to an end.
    let endless = get("").trim_end().to_owned();
    assert_eq!(refused(&server, format!("{endless}\r\nX: {}", "x".repeat(1 << 20))).status, 431);
    assert_eq!(refused(&server, format!("GET /{}", "x".repeat(1 << 20))).status, 414);
}

#[test]
fn a_body_has_its_limit() {
    let server = Server::start();
    assert_eq!(server.datadog("POST", USERS, Some(ADA)).status, 200);
    let max = 1 << 20;
    let put = |lines: &str, body: &str| request("PUT /api/v1/user/ada@example.com HTTP/1.1", lines, body);
    let padded = |size: usize| format!("{{}}{}", " ".repeat(size - 2));
    let sized = |size: usize| put(&format!("Content-Length: {size}\r\n"), &padded(size));
    let chunked = |size: usize| {
        let mut body = String::new();
        for chunk in padded(size).as_bytes().chunks(60_000) {
            body.push_str(&format!("{:x}\r\n{}\r\n", chunk.len(), str::from_utf8(chunk).unwrap()));
        }
        put("Transfer-Encoding: chunked\r\n", &format!("{body}0\r\n\r\n"))
    };
    let mut connection = Connection::open(server.address);
    for message in [sized(max), chunked(max)] {
        write(&mut connection, message);
        let answer = connection.answer(false);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let refusals = [
        sized(max + 1),
        chunked(max + 1),
        sized(10_000_000),
        chunked(10_000_000),
        put(&format!("Content-Length: {}\r\n", max + 1), ""),
        // No 100 Continue is sent for a body that will not be read.
        put(&format!("Expect: 100-continue\r\nContent-Length: {}\r\n", max + 1), ""),
    ];
    for message in refusals {
        let answer = refused(&server, &message);
        assert_eq!(answer.status, 413, "{:.200}", message);
        assert_errors("too much", &answer);
    }
    assert_eq!(handles(&server), ["ada@example.com", "administrator"]);
}

#[test]
fn client_that_sends_an_oversized_body_to_its_end_receives_the_refusal() {
    let server = Server::start();
    let size = 10_000_000;
    let body = "x".repeat(size);
    let chunk = &body[..50_000];
    let chunks = format!("{}0\r\n\r\n", format!("{:x}\r\n{chunk}\r\n", chunk.len()).repeat(size / chunk.len()));
    for path in ["/api/v1/user", "/nuxeo/api/v1/user"] {
        let first_line = format!("POST {path} HTTP/1.1");
        let length = format!("Content-Length: {size}\r\n");
        let refusal = |connection: &mut Connection, call: &str| {
            let answer = connection.answer(false);
            assert_eq!((answer.status, answer.header("Connection")), (413, Some("close")), "{call}");
            match path.starts_with("/nuxeo") {
                true => assert_exception(call, &answer),
                false => assert_errors(call, &answer),
            }
            assert_eq!(connection.rest(), "", "{call}");
        };
        // Many clients send all of a body before they look for an answer.
        for message in
            [request(&first_line, &length, &body), request(&first_line, "Transfer-Encoding: chunked\r\n", &chunks)]
        {
            let call = &message[..400];
            let mut connection = Connection::open(server.address);
            connection.stream().write_all(message.as_bytes()).unwrap_or_else(|error| panic!("{call}: {error}"));
            refusal(&mut connection, call);
        }
        // No 100 Continue is sent for a body that will be refused.
        let message = request(&first_line, &format!("Expect: 100-continue\r\n{length}"), "");
        refusal(&mut opened(&server, &message), &message);
    }
    assert_eq!(handles(&server), ["administrator"]);
}

#[test]
fn the_limit_of_a_body_is_a_setting() {
    let server = Server::with(&["--max-body-bytes", "100"]);
    let sized = |size: usize| create(&format!("Content-Length: {size}\r\n"), &format!("{ADA:<size$}"));
    assert_eq!(opened(&server, sized(100)).answer(false).status, 200);
    assert_eq!(refused(&server, sized(101)).status, 413);
}

#[test]
fn http_errors_have_the_form_of_the_dialect_of_their_path() {
    let server = Server::with(&["--max-body-bytes", "100"]);
    let impatient = Server::with(&["--body-timeout", "0.3"]);
    let chunks = "Transfer-Encoding: chunked\r\n";
    let rows = [
        ("Content-Length: 101\r\n", "", 413),
        ("Content-Length: 101\r\nExpect: 100-continue\r\n", "", 413),
        ("Content-Length: 99999999999999\r\n", "{}", 413),
        (chunks, "65\r\n", 413),
        ("Content-Length: 2\r\nExpect: x\r\n", "{}", 417),
        ("Transfer-Encoding: gzip\r\n", "", 501),
        ("Content-Length: 2\r\nContent-Length: 2\r\n", "{}", 400),
        ("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", "", 400),
        ("Content-Length: +2\r\n", "{}", 400),
        (chunks, "zz\r\n", 400),
        ("Content-Length: 2\r\n", "{", 408),
        (chunks, "2\r\n{", 408),
    ];
    for path in ["/api/v1/user", "/nuxeo/api/v1/user", "/nuxeo/site/automation/login"] {
        for (lines, body, status) in rows {
            let call = format!("POST {path} {lines:?} {body:?}");
            let server = if status == 408 { &impatient } else { &server };
            let answer = refused(server, request(&format!("POST {path} HTTP/1.1"), lines, body));
            assert_eq!(answer.status, status, "{call}");
            if path.starts_with("/nuxeo") {
                assert_exception(&call, &answer);
            } else {
                assert_errors(&call, &answer);
            }
        }
    }
    // Where there is nothing, only the head is looked at.
    for (lines, body, status) in rows {
        let call = format!("POST /elsewhere {lines:?} {body:?}");
        let mut connection = opened(&server, request("POST /elsewhere HTTP/1.1", lines, body));
        let answer = connection.answer(false);
        let is_of_head = [417, 501].contains(&status) || (status == 400 && lines != chunks);
        assert_eq!(answer.status, if is_of_head { status } else { 404 }, "{call}");
        assert_errors(&call, &answer);
        assert_eq!(connection.rest(), "", "{call}");
    }
}
