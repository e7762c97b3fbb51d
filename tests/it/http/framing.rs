//! The HTTP level: framing, limits, deadlines, and what survives a stop.

use crate::support::busy_connection::{KEPT_BUSY, busy, finish_busy, try_busy};
use crate::support::client::{Answer, Connection, create, create_user, credentials, opened, request, write};
use crate::support::folder::Folder;
use crate::support::server::{API_KEY, APP_KEY, Server};
use crate::support::wait::{eventually, wait_until};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write;
use std::net::TcpStream;
use std::process::Command;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

const USERS: &str = "/api/v1/user";
/// A body that makes a user when it is taken.
const ADA: &str = r#"{"handle":"ada@example.com"}"#;

fn get_users(server: &Server) -> Value {
    let answer = server.datadog("GET", USERS, None);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn handles(server: &Server) -> Vec<String> {
    let users = get_users(server);
    users["users"].as_array().unwrap().iter().map(|user| user["handle"].as_str().unwrap().to_owned()).collect()
}

/// The one answer to bytes after which the server closes, saying so.
fn refused(server: &Server, bytes: impl AsRef<[u8]>) -> Answer {
    let mut connection = opened(server, &bytes);
    let shown: String = String::from_utf8_lossy(bytes.as_ref()).chars().take(400).collect();
    let answer = connection.try_answer(false).unwrap_or_else(|| panic!("no answer to {shown:?}"));
    assert_eq!(answer.header("Connection"), Some("close"), "{shown:?}: {answer:?}");
    assert_eq!(connection.rest(), "", "{shown:?} is answered once");
    answer
}

/// The document of a refusal that has no other dialect's path.
fn assert_errors(call: &str, answer: &Answer) {
    assert_eq!(answer.header("Content-Type"), Some("application/json"), "{call}");
    let document = answer.json();
    let text = document["errors"][0].as_str().unwrap_or_default();
    assert!(!text.is_empty(), "{call}: {document}");
    assert_eq!(document, json!({"errors": [text]}), "{call}");
}

/// The same for a path of the Nuxeo dialect.
fn assert_exception(call: &str, answer: &Answer) {
    assert_eq!(answer.header("Content-Type"), Some("application/json"), "{call}");
    let document = answer.json();
    let text = document["message"].as_str().unwrap_or_default();
    assert!(!text.is_empty(), "{call}: {document}");
    assert_eq!(document, json!({"entity-type": "exception", "status": answer.status, "message": text}), "{call}");
}

/// Every row is answered once with that status, changes nothing and leaves the server serving.
fn check_refused(server: &Server, rows: &[(String, u16)]) {
    let before = get_users(server);
    for (bytes, status) in rows {
        // Whatever follows a bad request must never be taken for a request.
        let bytes = format!("{bytes}{}", create_user("smuggled@example.com"));
        let shown: String = bytes.chars().take(600).collect();
        let answer = refused(server, &bytes);
        assert_eq!(answer.status, *status, "{shown:?}\nanswered {}", answer.text());
        assert_errors(&shown, &answer);
        assert_eq!(get_users(server), before, "{shown:?}");
    }
}

// One connection, several requests

#[test]
fn a_connection_serves_one_request_after_another() {
    let server = Server::start();
    let mut connection = Connection::open(server.address);
    for number in 0..3 {
        write(&mut connection, create_user(&format!("user{number}@example.com")));
        let answer = connection.answer(false);
        assert_eq!(answer.json()["user"]["handle"], format!("user{number}@example.com"));
        assert_eq!(answer.header("Connection"), None);
    }
}

#[test]
fn requests_sent_in_one_write_are_answered_in_order() {
    let server = Server::start();
    let names: Vec<String> = (0..50).map(|number| format!("user{number}@example.com")).collect();
    let all: String = names.iter().map(|name| create_user(name)).collect();
    let mut connection = opened(&server, all);
    for name in &names {
        assert_eq!(connection.answer(false).json()["user"]["handle"], **name);
    }
    write(&mut connection, request("GET /api/v1/validate HTTP/1.1", "", ""));
    assert_eq!(connection.answer(false).parts(), (200, json!({"valid": true})));
}

#[test]
fn a_bad_request_in_a_row_ends_it_after_the_good_ones() {
    let server = Server::start();
    let (first, last) = (create_user("first@example.com"), create_user("last@example.com"));
    let bad = create("Content-Length: 1\r\nContent-Length: 1\r\n", "x");
    let mut connection = opened(&server, format!("{first}{bad}{last}"));
    assert_eq!(connection.answer(false).status, 200);
    let answer = connection.answer(false);
    assert_eq!((answer.status, answer.header("Connection")), (400, Some("close")));
    assert_eq!(connection.rest(), "");
    assert_eq!(handles(&server), ["administrator", "first@example.com"]);
}

#[test]
fn a_request_may_come_byte_by_byte() {
    let server = Server::start();
    let mut connection = Connection::open(server.address);
    let chunked = create("Transfer-Encoding: chunked\r\n", &format!("{:x}\r\n{ADA}\r\n0\r\n\r\n", ADA.len()));
    for (message, status) in
        [(create_user("bob@example.com"), 200), (chunked, 200), (create_user("ada@example.com"), 409)]
    {
        for byte in message.as_bytes() {
            write(&mut connection, [*byte]);
        }
        let answer = connection.answer(false);
        assert_eq!(answer.status, status, "{}", answer.text());
    }
}

#[test]
fn a_body_that_nobody_asked_for_is_read_and_dropped() {
    let server = Server::start();
    let hello = "Content-Length: 5\r\n";
    let mut connection = opened(
        &server,
        [
            request("GET /api/v1/validate HTTP/1.1", hello, "hello"),
            request("GET /nothing HTTP/1.1", hello, "hello"),
            request("GET /nuxeo/api/v1/me HTTP/1.1", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"),
            request("GET /api/v1/validate HTTP/1.1", "", ""),
        ]
        .concat(),
    );
    let statuses: Vec<u16> = (0..4).map(|_| connection.answer(false).status).collect();
    assert_eq!(statuses, [200, 404, 200, 200]);
}

#[test]
fn a_request_to_close_is_honoured_and_said() {
    let server = Server::start();
    let lines = [
        "Connection: close\r\n",
        "connection: CLOSE\r\n",
        "Connection: keep-alive, close\r\n",
        "Connection: close , x\r\n",
        "Connection: x\r\nConnection: close\r\n",
    ];
    for line in lines {
        for (path, status) in [("/api/v1/validate", 200), ("/nuxeo/api/v1/me", 200), ("/nothing", 404)] {
            let answer = refused(&server, request(&format!("GET {path} HTTP/1.1"), line, ""));
            assert_eq!(answer.status, status, "{line}{path}");
        }
    }
    let answer = refused(&server, request("DELETE /nuxeo/api/v1/user/nobody HTTP/1.1", "Connection: close\r\n", ""));
    assert_eq!(answer.status, 404);
}

#[test]
fn other_connection_options_do_not_close_and_nothing_is_upgraded() {
    let server = Server::start();
    let mut connection = Connection::open(server.address);
    let lines = [
        "Connection: keep-alive\r\n",
        "Connection: closed\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\n",
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
        "TE: trailers\r\n",
    ];
    for line in lines {
        write(&mut connection, request("GET /api/v1/validate HTTP/1.1", line, ""));
        let answer = connection.answer(false);
        assert_eq!(answer.parts(), (200, json!({"valid": true})), "{line}");
        assert_ne!(answer.header("Connection"), Some("close"), "{line}");
    }
}

#[test]
fn http_1_0_closes_unless_it_asks_to_stay() {
    let server = Server::start();
    let plain = format!("GET /api/v1/validate HTTP/1.0\r\n{}\r\n", credentials());
    let answer = refused(&server, &plain);
    assert_eq!(answer.parts(), (200, json!({"valid": true})));
    let close = format!("GET /api/v1/validate HTTP/1.0\r\nConnection: close\r\n{}\r\n", credentials());
    assert_eq!(refused(&server, close).status, 200);

    let keep = format!("GET /api/v1/validate HTTP/1.0\r\nConnection: Keep-Alive\r\n{}\r\n", credentials());
    let mut connection = opened(&server, &keep);
    for _ in 0..2 {
        let answer = connection.answer(false);
        assert_eq!(answer.parts(), (200, json!({"valid": true})));
        let said = answer.header("Connection").map(str::to_ascii_lowercase);
        assert_eq!(said.as_deref(), Some("keep-alive"));
        // Chunks are unknown to this version: the length is told.
        assert!(answer.header("Content-Length").is_some() && answer.header("Transfer-Encoding").is_none());
        write(&mut connection, &keep);
    }
    assert_eq!(connection.answer(false).status, 200);

    let answer = refused(&server, format!("GET {USERS} HTTP/1.0\r\n{}\r\n", credentials()));
    assert_eq!(answer.parts(), (200, get_users(&server)));
    assert_eq!(answer.header("Transfer-Encoding"), None);
}

#[test]
fn head_answers_as_get_does_without_the_body() {
    let server = Server::start();
    assert_eq!(server.datadog("POST", USERS, Some(ADA)).status, 200);
    let paths = [
        "/api/v1/user",
        "/api/v1/users",
        "//api/v1/user/",
        "/api/v1/user/ada@example.com",
        "/api/v1/user/nobody@example.com",
        "/api/v1/validate",
        "/api/v1/nothing",
        "/nothing",
        "/nuxeo/api/v1/user/Administrator",
        "/nuxeo/api/v1/user/nobody",
        "/nuxeo/api/v1/user/search?q=*",
        "/nuxeo/api/v1/group/administrators",
        "/nuxeo/api/v1/group/administrators/@users",
        "/nuxeo/api/v1/group/search?q=*",
        "/nuxeo/api/v1/me",
        "/nuxeo/site/api/v1/me",
        "/nuxeo/json/cmis",
        "/nuxeo/api/v1/capabilities",
        "/nuxeo/site/automation",
        "/nuxeo/runningstatus",
        "/nuxeo/nothing",
    ];
    let mut connection = Connection::open(server.address);
    for path in paths {
        let mut ask = |method: &str| {
            write(&mut connection, request(&format!("{method} {path} HTTP/1.1"), "", ""));
            let mut answer = connection.answer(method == "HEAD");
            // The time and the identifier are those of one request.
            let own = |name: &str| ["Date", "X-Request-Id"].iter().any(|own| own.eq_ignore_ascii_case(name));
            answer.headers.retain(|(name, _)| !own(name));
            answer
        };
        let (get, head) = (ask("GET"), ask("HEAD"));
        assert_eq!((head.status, &head.reason), (get.status, &get.reason), "{path}");
        assert_eq!(head.headers, get.headers, "{path}");
        assert!(!get.body.is_empty(), "{path}");
    }
    // No byte of a body was left on the way.
    write(&mut connection, request("GET /api/v1/validate HTTP/1.1", "", ""));
    assert_eq!(connection.answer(false).parts(), (200, json!({"valid": true})));
    // The same without a key, and at the end of a connection.
    let mut connection = opened(&server, "HEAD /api/v1/user HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    assert_eq!(connection.answer(true).status, 403);
    assert_eq!(connection.rest(), "");
}

// What an answer carries

#[test]
fn every_answer_tells_its_date_type_and_length() {
    let server = Server::start();
    let rows = [
        (create_user("ada@example.com"), 200),
        (create_user("ada@example.com"), 409),
        (create("Content-Length: 1\r\n", "{"), 400),
        (request("GET /api/v1/user HTTP/1.1", "", ""), 200),
        (request("PATCH /api/v1/user HTTP/1.1", "", ""), 405),
        (request("GET /nothing HTTP/1.1", "", ""), 404),
        ("GET /api/v1/user HTTP/1.1\r\nHost: test\r\n\r\n".to_owned(), 403),
        ("GET /nuxeo/api/v1/me HTTP/1.1\r\nHost: test\r\n\r\n".to_owned(), 401),
        (request("GET /nuxeo/api/v1/me HTTP/1.1", "", ""), 200),
        (request("GET /nuxeo/api/v1/user/nobody HTTP/1.1", "", ""), 404),
        ("nonsense\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/2.0\r\n\r\n".to_owned(), 505),
    ];
    for (bytes, status) in rows {
        let answer = opened(&server, &bytes).answer(false);
        assert_eq!(answer.status, status, "{bytes:?}");
        assert_eq!(answer.header("Content-Type"), Some("application/json"), "{bytes:?}");
        let length = answer.header("Content-Length").map(str::parse);
        match answer.header("Transfer-Encoding") {
            None => assert_eq!(length, Some(Ok(answer.body.len())), "{bytes:?}"),
            Some(coding) => assert_eq!((coding, length), ("chunked", None), "{bytes:?}"),
        }
        let date = answer.header("Date").unwrap_or_default();
        assert!(httpdate::parse_http_date(date).is_ok(), "{bytes:?}: {date:?}");
        for name in ["Date", "Content-Type", "Content-Length", "Connection", "Server"] {
            let count = answer.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).count();
            assert!(count <= 1, "{bytes:?}: {count} times {name}");
        }
    }
}

#[test]
fn an_answer_without_content_has_neither_body_nor_length() {
    let server = Server::start();
    assert_eq!(server.datadog("POST", USERS, Some(ADA)).status, 200);
    let mut connection = Connection::open(server.address);
    write(&mut connection, request("DELETE /nuxeo/api/v1/user/ada@example.com HTTP/1.1", "", ""));
    let answer = connection.answer(false);
    assert_eq!((answer.status, answer.header("Content-Length"), answer.header("Transfer-Encoding")), (204, None, None));
    write(&mut connection, request("GET /api/v1/validate HTTP/1.1", "", ""));
    assert_eq!(connection.answer(false).parts(), (200, json!({"valid": true})));
}

#[test]
fn a_method_that_a_path_lacks_is_405_and_the_others_are_named() {
    let server = Server::start();
    let rows: &[(&str, &str, &[&str])] = &[
        ("PUT", "/api/v1/user", &["GET", "HEAD", "POST"]),
        ("DELETE", "/api/v1/users/", &["GET", "HEAD", "POST"]),
        ("OPTIONS", "/api/v1/user", &["GET", "HEAD", "POST"]),
        ("BREW", "/api/v1/user", &["GET", "HEAD", "POST"]),
        ("get", "/api/v1/user", &["GET", "HEAD", "POST"]),
        ("POST", "/api/v1/user/ada@example.com", &["GET", "HEAD", "PUT", "DELETE"]),
        ("PATCH", "/api/v1/users/ada@example.com", &["GET", "HEAD", "PUT", "DELETE"]),
        ("POST", "/api/v1/validate", &["GET", "HEAD"]),
        ("GET", "/api/v1/invite_users", &["POST"]),
        ("HEAD", "/invite_users", &["POST"]),
        ("GET", "/nuxeo/api/v1/user", &["POST"]),
        ("POST", "/nuxeo/api/v1/user/Administrator", &["GET", "HEAD", "PUT", "DELETE"]),
        ("GET", "/nuxeo/api/v1/group", &["POST"]),
        ("PATCH", "/nuxeo/api/v1/group/administrators", &["GET", "HEAD", "PUT", "DELETE"]),
        ("GET", "/nuxeo/api/v1/user/Administrator/group/members", &["POST", "DELETE"]),
        ("PUT", "/nuxeo/api/v1/group/members/user/Administrator", &["POST", "DELETE"]),
        ("POST", "/nuxeo/api/v1/me", &["GET", "HEAD"]),
    ];
    for (method, path, others) in rows {
        let mut connection = opened(&server, request(&format!("{method} {path} HTTP/1.1"), "", ""));
        let answer = connection.answer(*method == "HEAD");
        let allow = answer.header("Allow").unwrap_or_default();
        let named: BTreeSet<&str> = allow.split(',').map(str::trim).collect();
        assert_eq!((answer.status, named), (405, others.iter().copied().collect()), "{method} {path}");
        match path.strip_prefix("/nuxeo") {
            _ if *method == "HEAD" => {}
            Some(_) => assert_exception(path, &answer),
            None => assert_errors(path, &answer),
        }
    }
}

#[test]
fn a_path_of_no_dialect_is_not_found() {
    let server = Server::start();
    let paths = [
        "/",
        "//",
        "/?api_key=x",
        "/index.html",
        "/favicon.ico",
        "/.env",
        "/nuxeox/api/v1/user",
        "/Nuxeo/api/v1/user",
        "/%6euxeox",
        "/..",
        "/%2e%2e/%2e%2e/etc/passwd",
    ];
    for path in paths {
        for credentials in ["", credentials().as_str()] {
            let message = format!("GET {path} HTTP/1.1\r\nHost: test\r\n{credentials}\r\n");
            let answer = opened(&server, &message).answer(false);
            assert_eq!(answer.parts(), (404, json!({"errors": ["Not found"]})), "{path}");
            assert_eq!(answer.header("Connection"), None, "{path}");
        }
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "BREW"] {
        let answer = opened(&server, request(&format!("{method} /nothing HTTP/1.1"), "", "")).answer(false);
        assert_eq!(answer.parts(), (404, json!({"errors": ["Not found"]})), "{method}");
    }
}

#[test]
fn a_target_may_carry_scheme_and_host() {
    let server = Server::start();
    let users = get_users(&server);
    let valid = json!({"valid": true});
    let nothing = json!({"errors": ["Not found"]});
    let rows = [
        ("http://test/api/v1/validate", 200, &valid),
        ("HTTP://127.0.0.1:8080/api/v1/validate", 200, &valid),
        ("https://test//api/v1/validate?x=1", 200, &valid),
        ("http://test/api/v1/user?", 200, &users),
        ("http://test/nothing", 404, &nothing),
        ("http://test/", 404, &nothing),
        ("http://test", 404, &nothing),
    ];
    let mut connection = Connection::open(server.address);
    for (target, status, expected) in rows {
        write(&mut connection, request(&format!("GET {target} HTTP/1.1"), "", ""));
        assert_eq!(connection.answer(false).parts(), (status, expected.clone()), "{target}");
    }
    // The server as a whole has nothing to tell about itself.
    write(&mut connection, request("OPTIONS * HTTP/1.1", "", ""));
    assert_eq!(connection.answer(false).parts(), (404, nothing));
    for target in ["*", "test:80", "ftp://test/api/v1/validate", "http:///api/v1/validate", "api/v1/validate"] {
        let answer = refused(&server, request(&format!("GET {target} HTTP/1.1"), "", ""));
        assert_eq!(answer.status, 400, "{target}");
        assert_errors(target, &answer);
    }
}

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

#[test]
fn a_head_that_breaks_the_grammar_is_refused() {
    let server = Server::start();
    let framed = format!("Content-Length: {}\r\n", ADA.len());
    let head = |lines: &str| create(&format!("{lines}{framed}"), ADA);
    let line = |first: &str| request(first, &framed, ADA);
    let keys = credentials();
    let rows = [
        // The request line
        (line("nonsense"), 400),
        (line("POST"), 400),
        (line("POST /api/v1/user"), 400),
        (line("POST  /api/v1/user HTTP/1.1"), 400),
        (line("POST /api/v1/user  HTTP/1.1"), 400),
        (line("POST /api/v1/user HTTP/1.1 "), 400),
        (line("POST /api/v1/user x HTTP/1.1"), 400),
        (line(" POST /api/v1/user HTTP/1.1"), 400),
        (line("POST\t/api/v1/user\tHTTP/1.1"), 400),
        (line("PO(ST /api/v1/user HTTP/1.1"), 400),
        (line("PO\u{0}ST /api/v1/user HTTP/1.1"), 400),
        (line("POST api/v1/user HTTP/1.1"), 400),
        (line("POST ?x HTTP/1.1"), 400),
        (line("POST /api/v1/user\u{0} HTTP/1.1"), 400),
        (line("POST /api/v1/user\u{1} HTTP/1.1"), 400),
        (line("POST /api/v1/user\u{7f} HTTP/1.1"), 400),
        (line("POST /api/v1/user\t HTTP/1.1"), 400),
        (line("POST /api/v1/user HTTP/1.1\r"), 400),
        (line("POST /api/v1/user http/1.1"), 400),
        (line("POST /api/v1/user HTTP/1"), 400),
        (line("POST /api/v1/user HTTP/1.1.1"), 400),
        (line("POST /api/v1/user FTP/1.1"), 400),
        (line("POST /api/v1/user HTTP/2.0"), 505),
        (line("POST /api/v1/user HTTP/3.0"), 505),
        (line("POST /api/v1/user HTTP/0.9"), 505),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), 505),
        // The field lines
        (head("Host : test\r\n"), 400),
        (head("X : y\r\n"), 400),
        (head("X\t: y\r\n"), 400),
        (head(": y\r\n"), 400),
        (head("X\r\n"), 400),
        (head("X Y: z\r\n"), 400),
        (head("X\u{e9}: y\r\n"), 400),
        (head("X(y): z\r\n"), 400),
        (head("X\u{0}: y\r\n"), 400),
        (head("X: a\u{0}b\r\n"), 400),
        (head("X: a\u{1}b\r\n"), 400),
        (head("X: a\u{1b}b\r\n"), 400),
        (head("X: a\u{7f}b\r\n"), 400),
        (head("X: a\rb\r\n"), 400),
        (head("X: a\nb: c\r\n"), 400),
        (head("X: a\n"), 400),
        (head("X: a\r\n b\r\n"), 400),
        (head("X: a\r\n\tb\r\n"), 400),
        (head("X: a\r\n Transfer-Encoding: chunked\r\n"), 400),
        (format!("POST {USERS} HTTP/1.1\r\n Host: test\r\n{keys}{framed}\r\n{ADA}"), 400),
        (format!("POST {USERS} HTTP/1.1\nHost: test\n{}{framed}\n{ADA}", keys.replace("\r\n", "\n")), 400),
        (format!("POST {USERS} HTTP/1.1\nHost: test\r\n{keys}{framed}\r\n{ADA}"), 400),
        (format!("POST {USERS} HTTP/1.1\r\nHost: test\r\n{keys}{framed}\n{ADA}"), 400),
        // One host
        (format!("POST {USERS} HTTP/1.1\r\n{keys}{framed}\r\n{ADA}"), 400),
        (head("Host: test\r\n"), 400),
        (head("host: other\r\n"), 400),
        (format!("POST {USERS} HTTP/1.1\r\nHost: te st\r\n{keys}{framed}\r\n{ADA}"), 400),
        (format!("POST {USERS} HTTP/1.1\r\nHost: test, other\r\n{keys}{framed}\r\n{ADA}"), 400),
        (format!("POST {USERS} HTTP/1.1\r\nHost: test/path\r\n{keys}{framed}\r\n{ADA}"), 400),
        (format!("POST {USERS} HTTP/1.1\r\nHost: user@test\r\n{keys}{framed}\r\n{ADA}"), 400),
    ];
    check_refused(&server, &rows);
    // Another protocol altogether.
    let hello = [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], &[0xab; 200], b"\r\n\r\n"].concat();
    assert_eq!(refused(&server, hello).status, 400);
    assert_eq!(handles(&server), ["administrator"]);
}

#[test]
fn odd_but_legal_heads_are_served() {
    let server = Server::start();
    let mut connection = Connection::open(server.address);
    let lines: &[&[u8]] = &[
        b"X:\r\n",
        b"X:y\r\n",
        b"X: \t y \t \r\n",
        b"X: \xe9\xff\r\n",
        "X: \u{e9}\r\n".as_bytes(),
        b"X: y\r\nX: z\r\n",
        b"!#$%&'*+-.^_`|~: y\r\n",
        b"Cookie: a=b; c=d\r\nAccept: */*\r\nUser-Agent:\r\n",
    ];
    for line in lines {
        write(&mut connection, b"GET /api/v1/validate HTTP/1.1\r\nHost: test\r\n");
        write(&mut connection, credentials());
        write(&mut connection, line);
        write(&mut connection, b"\r\n");
        assert_eq!(connection.answer(false).parts(), (200, json!({"valid": true})), "{line:?}");
    }
}

// Expectations

#[test]
fn a_client_that_waits_is_told_to_continue() {
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
fn an_expectation_that_nobody_knows_is_417() {
    let server = Server::start();
    let length = ADA.len();
    let rows: Vec<(String, u16)> = ["200-ok", "100-continue, x", "x", "100-continue=yes"]
        .iter()
        .map(|value| (create(&format!("Expect: {value}\r\nContent-Length: {length}\r\n"), ADA), 417))
        .collect();
    check_refused(&server, &rows);
}

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
        // Nobody is told to continue with what will not be read.
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
fn who_sends_far_too_much_to_its_end_still_gets_the_refusal() {
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
        // Nobody is told to continue with what will not be taken.
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
fn an_error_of_this_level_speaks_the_dialect_of_its_path() {
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

/// Sends a request to a server that is impatient, on new connections until one has been in time; that connection, and
/// the answer.
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
    // The time is for the whole head: a byte now and then buys none.
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
    // Old clients end a body with a line break that no length counts.
    let valid = request("GET /api/v1/validate HTTP/1.1", "", "");
    let (mut connection, first) = in_time(&server, &format!("\r\n{valid}\r\n{valid}"));
    for answer in [first, connection.answer(false)] {
        assert_eq!(answer.parts(), (200, json!({"valid": true})));
    }
    // Each of these comes alone, as a packet of its own, for as long as a head may take.
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
fn an_idle_connection_is_closed_without_a_word() {
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
    // Saying that nothing more will come is no reason to be left without the answer.
    let mut connection = opened(&server, &whole);
    connection.finish();
    assert_eq!(connection.answer(false).status, 200);
    assert_eq!(connection.rest(), "");
}

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
    // A place that becomes free is given away, and those that were there first are still served.
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

// Stopping, starting again, and many at once

fn signal(server: &Server, name: &str) {
    let status = Command::new("kill").args([name, &server.pid().to_string()]).status().expect("kill runs");
    assert!(status.success());
}

fn wait_until_closed(server: &Server) {
    wait_until("the end of accepting", || TcpStream::connect(server.address).is_err());
}

#[test]
fn a_request_in_flight_is_answered_before_the_server_stops() {
    for name in ["-TERM", "-INT"] {
        let folder = Arc::new(Folder::new());
        // At an address of its own: no other test can come to listen there once the server does not.
        let mut server = Server::over(Arc::clone(&folder), &["--listen", "127.0.0.4:0"]);
        let mut idle = opened(&server, request("GET /api/v1/validate HTTP/1.1", "", ""));
        assert_eq!(idle.answer(false).status, 200);
        let lines = format!("Expect: 100-continue\r\nContent-Length: {}\r\n", ADA.len());
        let mut connection = opened(&server, create(&lines, ""));
        assert_eq!(connection.answer(false).status, 100);

        signal(&server, name);
        wait_until_closed(&server);
        write(&mut connection, ADA);
        let answer = connection.answer(false);
        assert_eq!((answer.status, answer.header("Connection")), (200, Some("close")), "{name}");
        assert_eq!(connection.rest(), "");
        assert_eq!(idle.rest(), "");
        assert_eq!(server.wait().code(), Some(0), "{name}: {}", server.log());

        let server = Server::over(folder, &[]);
        assert_eq!(handles(&server), ["ada@example.com", "administrator"]);
    }
}

#[test]
fn a_request_that_never_ends_does_not_keep_the_server_from_stopping() {
    for grace in ["0.001", "10"] {
        let mut server = Server::with(&["--grace", grace, "--body-timeout", "600"]);
        let mut connection = opened(&server, create("Expect: 100-continue\r\nContent-Length: 1000\r\n", ""));
        assert_eq!(connection.answer(false).status, 100);
        signal(&server, "-TERM");
        // Its part of the time ends before that of the database.
        assert_eq!(server.wait().code(), Some(0), "{grace}: {}", server.log());
        server.wait_for_log("1 connections were still busy at the end");
    }
}

#[test]
fn a_restart_keeps_everything() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    let calls = [
        (
            "POST",
            "/user",
            r#"{"entity-type":"user","properties":{"username":"Ada","firstName":"Ada","password":"secret word"}}"#,
        ),
        (
            "POST",
            "/group",
            r#"{"entity-type":"group","groupname":"readers","grouplabel":"Readers","memberUsers":["Ada"]}"#,
        ),
        ("POST", "/group", r#"{"entity-type":"group","groupname":"all","memberGroups":["readers"]}"#),
    ];
    for (method, path, body) in calls {
        let answer = server.nuxeo(method, path, Some(body));
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
    assert_eq!(server.datadog("POST", USERS, Some(r#"{"handle":"bob@example.com","access_role":"ro"}"#)).status, 200);
    assert_eq!(server.datadog("DELETE", "/api/v1/user/bob@example.com", None).status, 200);
    let state = |server: &Server| {
        [
            server.nuxeo_as(("Ada", "secret word"), "GET", "/me", None).parts(),
            server.nuxeo("GET", "/user/search?q=*", None).parts(),
            server.nuxeo("GET", "/group/search?q=*&fetch-group=memberUsers,memberGroups", None).parts(),
            server.datadog("GET", USERS, None).parts(),
        ]
    };
    let before = state(&server);
    assert!(before.iter().all(|(status, _)| *status == 200), "{before:?}");
    assert!(server.stop().success());
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(state(&server), before);
    server.kill();
    let server = Server::over(folder, &[]);
    assert_eq!(state(&server), before);
}

#[test]
fn a_killed_server_loses_nothing_that_it_acknowledged() {
    let folder = Arc::new(Folder::new());
    let mut acknowledged: Vec<String> = Vec::new();
    for round in 0..5 {
        let server = Server::over(Arc::clone(&folder), &[]);
        let (tell, told) = channel::<String>();
        thread::scope(|scope| {
            for writer in 0..4 {
                let mut connection = Connection::open(server.address);
                let tell = tell.clone();
                scope.spawn(move || {
                    for number in 0.. {
                        let handle = format!("user{round}-{writer}-{number}@example.com");
                        write(&mut connection, create_user(&handle));
                        // Without a whole answer the server is gone, and owes nothing for this one.
                        let Some(answer) = connection.try_answer(false) else { return };
                        assert_eq!(answer.status, 200, "{}", answer.text());
                        tell.send(handle).expect("somebody listens");
                    }
                });
            }
            drop(tell);
            acknowledged.extend(told.iter().take(20 + 7 * round));
            server.kill();
            acknowledged.extend(told.iter());
        });
        let server = Server::over(Arc::clone(&folder), &[]);
        let there: BTreeSet<String> = handles(&server).into_iter().collect();
        let lost: Vec<&String> = acknowledged.iter().filter(|handle| !there.contains(*handle)).collect();
        assert!(lost.is_empty(), "round {round} lost {lost:?}");
        server.kill();
    }
}

/// Sends all these messages at the same moment, each on a connection of its own.
fn race(server: &Server, messages: &[String]) -> Vec<u16> {
    let barrier = Barrier::new(messages.len());
    thread::scope(|scope| {
        let racers: Vec<_> = messages
            .iter()
            .map(|message| {
                let mut connection = Connection::open(server.address);
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    write(&mut connection, message);
                    connection.answer(false).status
                })
            })
            .collect();
        let mut statuses: Vec<u16> = racers.into_iter().map(|racer| racer.join().expect("a status")).collect();
        statuses.sort_unstable();
        statuses
    })
}

#[test]
fn of_many_creates_at_once_one_wins() {
    let server = Server::start();
    let one_of = |winner: u16| {
        let mut statuses = vec![409; 16];
        statuses[0] = winner;
        statuses
    };
    for round in 0..5 {
        // The same handle in two spellings.
        let messages: Vec<String> = (0..16)
            .map(|number| create_user(&format!("{}{round}@example.com", if number % 2 == 0 { "ada" } else { "ADA" })))
            .collect();
        assert_eq!(race(&server, &messages), one_of(200));
        for (path, name, kind) in [("user", "username", "user"), ("group", "groupname", "group")] {
            let body = json!({"entity-type": kind, "properties": {name: format!("racer{round}")}}).to_string();
            let message = request(
                &format!("POST /nuxeo/api/v1/{path} HTTP/1.1"),
                &format!("Content-Length: {}\r\n", body.len()),
                &body,
            );
            assert_eq!(race(&server, &vec![message; 16]), one_of(201));
        }
    }
    let users = handles(&server);
    assert_eq!(users.len(), 11, "{users:?}");
}

#[test]
fn of_many_dialects_at_once_one_wins() {
    let server = Server::start();
    let body = json!({"entity-type": "user", "properties": {"username": "ada@example.com"}}).to_string();
    let there = request("POST /nuxeo/api/v1/user HTTP/1.1", &format!("Content-Length: {}\r\n", body.len()), &body);
    let here = create_user("ada@example.com");
    let messages: Vec<String> =
        (0..16).map(|number| if number % 2 == 0 { here.clone() } else { there.clone() }).collect();
    let statuses = race(&server, &messages);
    assert!(statuses[0] == 200 || statuses[0] == 201, "{statuses:?}");
    assert_eq!(statuses[1..], [409; 15]);
}

#[test]
fn two_administrators_cannot_disable_each_other() {
    let server = Server::start();
    for round in 0..5 {
        let body = r#"{"handle":"ada@example.com","access_role":"adm"}"#;
        if round == 0 {
            assert_eq!(server.datadog("POST", USERS, Some(body)).status, 200);
        }
        let disable = |name: &str| request(&format!("DELETE /api/v1/user/{name} HTTP/1.1"), "", "");
        assert_eq!(race(&server, &[disable("administrator"), disable("ada@example.com")]), [200, 400]);
        for name in ["administrator", "ada@example.com"] {
            let answer = server.datadog("PUT", &format!("{USERS}/{name}"), Some(r#"{"disabled":false}"#));
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
    }
}

// What browsers are told

#[test]
fn every_answer_keeps_browsers_and_caches_from_harm() {
    let server = Server::with(&["--max-connections", "100", "--max-body-bytes", "100"]);
    for number in 0..600 {
        let create = create_user(&format!("user{number}@example.com"));
        assert_eq!(opened(&server, create).answer(false).status, 200);
    }
    let origin = "Origin: https://elsewhere.example\r\n";
    let rows = [
        ("a document", request("GET /api/v1/validate HTTP/1.1", origin, ""), 200),
        ("a list in pieces", request("GET /api/v1/user HTTP/1.1", origin, ""), 200),
        ("no rights", format!("GET /nuxeo/api/v1/me HTTP/1.1\r\nHost: test\r\n{origin}\r\n"), 401),
        ("nothing there", request("GET /nuxeo/nowhere HTTP/1.1", origin, ""), 404),
        ("nobody's path", request("GET /nowhere HTTP/1.1", origin, ""), 404),
        ("a question of a browser", request("OPTIONS /api/v1/user HTTP/1.1", origin, ""), 405),
        ("a body that is too long", create("Content-Length: 101\r\n", ""), 413),
        ("no request", "GET / HTTP/1.1\r\n\r\n".to_owned(), 400),
    ];
    for (what, message, status) in rows {
        let answer = opened(&server, message).answer(false);
        assert_eq!(answer.status, status, "{what}");
        assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"), "{what}");
        assert_eq!(answer.header("Cache-Control"), Some("no-store"), "{what}");
        let shared = answer.headers.iter().find(|(name, _)| name.to_lowercase().starts_with("access-control-"));
        assert_eq!(shared, None, "{what}: no other site is allowed anything");
    }
    let server = Server::with(&[&KEPT_BUSY[..], &["--max-connections", "1"]].concat());
    let only = busy(Connection::open(server.address));
    let answer = refused(&server, request("GET /api/v1/validate HTTP/1.1", "", ""));
    assert_eq!((answer.status, answer.header("X-Content-Type-Options")), (503, Some("nosniff")));
    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    drop(only);
}

#[test]
fn what_a_terminal_would_obey_does_not_reach_the_log() {
    let server = Server::start();
    let answer = refused(&server, b"GET /\x1b[31mred\x07\x00 HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!(answer.status, 400);
    let log = server.stop_for_log();
    assert!(log.contains("red"), "{log:?}");
    assert!(log.chars().all(|c| c == '\n' || !c.is_control()), "{log:?}");
}
