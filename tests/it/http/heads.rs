//! Request lines and header fields: the grammar.

use crate::support::client::{Connection, create, credentials, request, write};
use crate::support::datadog::handles;
use crate::support::http::{ADA, USERS, assert_errors, check_refused, get_users, refused};
use crate::support::server::Server;
use serde_json::json;

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
    // The server as a whole has no options.
    write(&mut connection, request("OPTIONS * HTTP/1.1", "", ""));
    assert_eq!(connection.answer(false).parts(), (404, nothing));
    for target in ["*", "test:80", "ftp://test/api/v1/validate", "http:///api/v1/validate", "api/v1/validate"] {
        let answer = refused(&server, request(&format!("GET {target} HTTP/1.1"), "", ""));
        assert_eq!(answer.status, 400, "{target}");
        assert_errors(target, &answer);
    }
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
    // The first line of another protocol.
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
