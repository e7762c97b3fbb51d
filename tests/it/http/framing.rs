//! The framing of messages, expectations and their limits.

use crate::support::client::{Connection, create, credentials, opened, request, write};
use crate::support::datadog::handles;
use crate::support::http::{ADA, USERS, assert_errors, check_refused, refused};
use crate::support::server::{API_KEY, APP_KEY, Server};
use serde_json::json;

// Framing

#[test]
fn a_length_that_is_not_one_plain_number_is_refused() {
    let server = Server::start();
    let length = ADA.len();
    let mut rows: Vec<(String, u16)> = Vec::new();
    let values = [
        format!("+{length}"),
        format!("-{length}"),
        format!("{length}, {length}"),
        format!("{length},{length}"),
        format!("{length} {length}"),
        format!("{length};"),
        format!("{length}.0"),
        format!("\"{length}\""),
        format!("0x{length:x}"),
        format!("{length}\u{e9}"),
        "1c".to_owned(),
        "twenty".to_owned(),
        "-0".to_owned(),
        "-1".to_owned(),
        String::new(),
    ];
    for value in values {
        rows.push((create(&format!("Content-Length: {value}\r\n"), ADA), 400));
    }
    let twice = [
        format!("Content-Length: {length}\r\nContent-Length: {length}\r\n"),
        format!("Content-Length: {length}\r\nContent-Length: 0\r\n"),
        format!("Content-Length: 0\r\nX: y\r\ncontent-length: {length}\r\n"),
    ];
    for lines in twice {
        rows.push((create(&lines, ADA), 400));
    }
    for value in ["1048577", "99999999999999", "18446744073709551615", "18446744073709551616", &"9".repeat(100)] {
        rows.push((create(&format!("Content-Length: {value}\r\n"), ADA), 413));
    }
    check_refused(&server, &rows);
}

#[test]
fn a_transfer_coding_other_than_chunked_is_refused() {
    let server = Server::start();
    let chunks = format!("{:x}\r\n{ADA}\r\n0\r\n\r\n", ADA.len());
    let mut rows: Vec<(String, u16)> = Vec::new();
    for coding in ["gzip", "identity", "xchunked", "chunkedx", "gzip, chunked", "chunked, gzip", "br"] {
        rows.push((create(&format!("Transfer-Encoding: {coding}\r\n"), &chunks), 501));
    }
    let both = [
        format!("Content-Length: {}\r\nTransfer-Encoding: chunked\r\n", chunks.len()),
        "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n".to_owned(),
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n".to_owned(),
    ];
    for lines in both {
        rows.push((create(&lines, &chunks), 400));
    }
    // The older version has no chunks.
    let old = request("POST /api/v1/user HTTP/1.0", "Transfer-Encoding: chunked\r\n", &chunks);
    rows.push((old, 400));
    check_refused(&server, &rows);
    let repeated = [
        "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    ];
    for lines in repeated {
        let answer = refused(&server, create(lines, &chunks));
        assert!([400, 501].contains(&answer.status), "{lines}: {}", answer.status);
        assert_errors(lines, &answer);
    }
    assert_eq!(handles(&server), ["administrator"]);
}

#[test]
fn a_chunked_body_is_put_together() {
    let server = Server::start();
    let bodies: &[&dyn Fn(&str) -> String] = &[
        &|body| format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len()),
        &|body| format!("{:X}\r\n{body}\r\n0\r\n\r\n", body.len()),
        &|body| format!("000{:x}\r\n{body}\r\n000\r\n\r\n", body.len()),
        &|body| format!("{:x};name=value;other=\"quo ted\"\r\n{body}\r\n0;last\r\n\r\n", body.len()),
        &|body| format!("{:x}\r\n{body}\r\n0\r\nX-Digest: 1\r\nX-Other: a: b\r\n\r\n", body.len()),
        &|body| body.chars().map(|char| format!("1\r\n{char}\r\n")).collect::<String>() + "0\r\n\r\n",
        &|body| {
            let (start, end) = body.split_at(7);
            format!("7\r\n{start}\r\n{:x}\r\n{end}\r\n0\r\n\r\n", end.len())
        },
    ];
    let mut connection = Connection::open(server.address);
    for (number, chunks) in bodies.iter().enumerate() {
        let handle = format!("user{number}@example.com");
        let coding = if number % 2 == 0 { "chunked" } else { "Chunked" };
        let body = chunks(&json!({"handle": handle}).to_string());
        write(&mut connection, create(&format!("Transfer-Encoding: {coding}\r\n"), &body));
        // The next request follows without a gap.
        write(&mut connection, request("GET /api/v1/validate HTTP/1.1", "", ""));
        let answer = connection.answer(false);
        assert_eq!(answer.status, 200, "{body:?}: {}", answer.text());
        assert_eq!(answer.json()["user"]["handle"], handle);
        assert_eq!(connection.answer(false).parts(), (200, json!({"valid": true})), "{body:?}");
    }
}

#[test]
fn a_trailer_is_never_taken_for_a_header() {
    let server = Server::start();
    let body =
        format!("{:x}\r\n{ADA}\r\n0\r\nDD-API-KEY: {API_KEY}\r\nDD-APPLICATION-KEY: {APP_KEY}\r\n\r\n", ADA.len());
    let message = format!("POST /api/v1/user HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
    assert_eq!(opened(&server, message).answer(false).status, 403);
    assert_eq!(handles(&server), ["administrator"]);
}

#[test]
fn a_chunked_body_with_bad_framing_is_refused() {
    let server = Server::start();
    let size = format!("{:x}", ADA.len());
    let bodies = [
        format!("zz\r\n{ADA}\r\n0\r\n\r\n"),
        format!("-{size}\r\n{ADA}\r\n0\r\n\r\n"),
        format!("+{size}\r\n{ADA}\r\n0\r\n\r\n"),
        format!("0x{size}\r\n{ADA}\r\n0\r\n\r\n"),
        format!("\r\n{ADA}\r\n0\r\n\r\n"),
        format!(";ext\r\n{ADA}\r\n0\r\n\r\n"),
        format!("{size}\n{ADA}\r\n0\r\n\r\n"),
        format!("{size}{ADA}\r\n0\r\n\r\n"),
        format!("{size}\r\n{ADA}0\r\n\r\n"),
        format!("{size}\r\n{ADA}\n0\r\n\r\n"),
        format!("{size}\r\n{ADA}xx\r\n0\r\n\r\n"),
        format!("1\r\n{ADA}\r\n0\r\n\r\n"),
        format!("{size} {size}\r\n{ADA}\r\n0\r\n\r\n"),
        format!("{size};a\u{1}b\r\n{ADA}\r\n0\r\n\r\n"),
        format!("{size}\r\n{ADA}\r\n0\r\nno field\r\n\r\n"),
        format!("{size}\r\n{ADA}\r\n0\r\nX : y\r\n\r\n"),
        format!("{size}\r\n{ADA}\r\n0\r\nX: y\n\r\n"),
    ];
    let rows: Vec<(String, u16)> =
        bodies.iter().map(|body| (create("Transfer-Encoding: chunked\r\n", body), 400)).collect();
    check_refused(&server, &rows);
    let too_much = ["100001", "7fffffff", "ffffffffffffffff", "ffffffffffffffffffffffff"];
    for size in too_much {
        let answer = refused(&server, create("Transfer-Encoding: chunked\r\n", &format!("{size}\r\n{ADA}")));
        assert!([400, 413].contains(&answer.status), "{size}: {}", answer.status);
    }
    let endless = [
        "0".repeat(200_000),
        format!("1;{}", "x".repeat(200_000)),
        format!("1\r\n \r\n0\r\nX: {}", "x".repeat(200_000)),
        format!("1\r\n \r\n0\r\n{}", "X: y\r\n".repeat(40_000)),
    ];
    for body in endless {
        let answer = refused(&server, create("Transfer-Encoding: chunked\r\n", &body));
        assert!([400, 413, 431].contains(&answer.status), "{:.20}: {}", body, answer.status);
    }
    assert_eq!(handles(&server), ["administrator"]);
}

// Expectations

#[test]
fn expect_continue_is_answered_with_100() {
    let server = Server::start();
    let mut connection = Connection::open(server.address);
    let body = |handle: &str| json!({"handle": handle}).to_string();
    let length = body("user1@example.com").len();
    let rows = [
        (format!("Expect: 100-continue\r\nContent-Length: {length}\r\n"), body("user1@example.com")),
        (format!("expect: 100-Continue\r\nContent-Length: {length}\r\n"), body("user2@example.com")),
        (
            "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n".to_owned(),
            format!("{length:x}\r\n{}\r\n0\r\n\r\n", body("user3@example.com")),
        ),
    ];
    for (lines, body) in rows {
        write(&mut connection, create(&lines, ""));
        let interim = connection.answer(false);
        assert_eq!((interim.status, interim.reason.as_str()), (100, "Continue"), "{lines}");
        assert_eq!(interim.header("Content-Length"), None);
        write(&mut connection, &body);
        let answer = connection.answer(false);
        assert_eq!(answer.status, 200, "{lines}: {}", answer.text());
    }
    // One that does not wait gets its answer too.
    let lines = format!("Expect: 100-continue\r\nContent-Length: {length}\r\n");
    write(&mut connection, create(&lines, &body("user4@example.com")));
    let mut answer = connection.answer(false);
    if answer.status == 100 {
        answer = connection.answer(false);
    }
    assert_eq!(answer.json()["user"]["handle"], "user4@example.com");
    // The older version knows no interim answers.
    let keys = credentials();
    let old = format!("POST {USERS} HTTP/1.0\r\n{keys}{lines}\r\n{}", body("user5@example.com"));
    assert_eq!(refused(&server, old).json()["user"]["handle"], "user5@example.com");
}

#[test]
fn unknown_expectation_is_417() {
    let server = Server::start();
    let length = ADA.len();
    let rows: Vec<(String, u16)> = ["200-ok", "100-continue, x", "x", "100-continue=yes"]
        .iter()
        .map(|value| (create(&format!("Expect: {value}\r\nContent-Length: {length}\r\n"), ADA), 417))
        .collect();
    check_refused(&server, &rows);
}
