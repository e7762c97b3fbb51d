//! Attacks by one client: endless requests, invalid bytes, slow sending, slow reading.

use crate::support::client::{Connection, create, credentials, opened, request};
use crate::support::resource_guard::check_recovery;
use crate::support::server::Server;
use serde_json::json;
use std::io::Write as _;
use std::thread;

// Endless requests

/// Sends `start` and then `again` until the server takes no more, or takes far more than it should, on several
/// connections at once. Returns the answers.
fn send_without_end(server: &Server, start: &str, again: &str) -> Vec<u16> {
    const BYTES_MAX: usize = 48 << 20;
    let again = again.repeat((64 * 1024 / again.len()).max(1));
    thread::scope(|scope| {
        let clients: Vec<_> = (0..4)
            .map(|_| {
                let again = &again;
                scope.spawn(move || {
                    let mut connection = opened(server, start);
                    let mut stream = connection.stream().try_clone().expect("a second handle of the stream");
                    let sender = scope.spawn(move || {
                        let mut count = 0;
                        while count < BYTES_MAX && stream.write_all(again.as_bytes()).is_ok() {
                            count += again.len();
                        }
                        count
                    });
                    let answer = connection.answer(false);
                    assert_eq!(answer.header("Connection"), Some("close"), "{answer:?}");
                    let sent = sender.join().expect("a count");
                    assert!(sent < BYTES_MAX, "the server never stops reading");
                    answer.status
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().expect("a status")).collect()
    })
}

#[test]
fn endless_input_is_refused_without_memory_growth() {
    let server = Server::start();
    let get = "GET /api/v1/user HTTP/1.1\r\nHost: test\r\n";
    let chunked = create("Transfer-Encoding: chunked\r\n", "");
    let sized = |length: &str| create(&format!("Content-Length: {length}\r\n"), "");
    let rows = [
        ("a request line", "GET /".to_owned(), "x", 414),
        ("a query", "GET /?".to_owned(), "x=y&", 414),
        ("a method", String::new(), "GET", 414),
        ("a header line", format!("{get}X: "), "x", 431),
        ("the name of a header", get.to_owned(), "X", 431),
        ("headers", get.to_owned(), "a:b\r\n", 431),
        ("empty headers", get.to_owned(), "a:\r\n", 431),
        ("hosts", get.to_owned(), "Host: test\r\n", 431),
        ("lengths", get.to_owned(), "Content-Length: 1\r\n", 431),
        ("empty lines", String::new(), "\r\n", 400),
        ("line feeds", String::new(), "\n", 400),
        ("NULs", String::new(), "\0", 414),
        ("a chunk size", chunked.clone(), "0", 400),
        ("a chunk extension", format!("{chunked}1;"), "x", 400),
        ("small chunks", chunked.clone(), "1\r\nx\r\n", 413),
        ("a large chunk", format!("{chunked}7fffffffffffffff\r\n"), "x", 413),
        ("a trailer", format!("{chunked}0\r\nX: "), "x", 400),
        ("trailers", format!("{chunked}0\r\n"), "a:b\r\n", 400),
        ("a body", sized("99999999999999"), "x", 413),
        ("a body beyond every number", sized("99999999999999999999999999"), "x", 413),
        ("a body after Expect", create("Expect: 100-continue\r\nContent-Length: 99999999999999\r\n", ""), "x", 413),
    ];
    for (name, start, again, status) in rows {
        let cost = check_recovery(&format!("without end: {name}"), &server, || {
            assert_eq!(send_without_end(&server, &start, again), [status; 4], "{name}");
        });
        assert!(cost.peak_kib < 16 * 1024, "{name} costs {} KiB", cost.peak_kib);
    }
}

// Invalid bytes

/// All bytes that a client receives when it sends these bytes and nothing more.
fn answers(server: &Server, bytes: &[u8]) -> Vec<u16> {
    let mut connection = opened(server, bytes);
    connection.finish();
    let mut statuses = Vec::new();
    while let Some(answer) = connection.try_answer(false) {
        statuses.push(answer.status);
    }
    statuses
}

#[test]
fn heads_with_illegal_bytes_are_answered() {
    let server = Server::start();
    let keys = credentials();
    let head = |line: &[u8], field: &[u8]| [line, b"\r\nHost: test\r\n", field, keys.as_bytes(), b"\r\n"].concat();
    let long = "M".repeat(10_000);
    let rows: Vec<(Vec<u8>, u16)> = vec![
        (head("GET /\u{e9} HTTP/1.1".as_bytes(), b""), 404),
        (head("GET /api/v1/user/\u{e9}@example.com HTTP/1.1".as_bytes(), b""), 404),
        (head(b"GET /\xe9 HTTP/1.1", b""), 400),
        (head(b"GET /\xff\xfe HTTP/1.1", b""), 400),
        (head("G\u{c9}T / HTTP/1.1".as_bytes(), b""), 400),
        (head(b"GET / HTTP/\xb2.0", b""), 400),
        (head(b"GET / HTTP/1.2", b""), 505),
        (head(b"GET / HTTP/1.9", b""), 505),
        (head(b"GET / HTTP/1.10", b""), 400),
        (head(b"GET / HTTP/11", b""), 400),
        (head(b"GET / HTTP/-1.1", b""), 400),
        (head(b"GET / HTTP/1,1", b""), 400),
        (head(b"GET / HTTP/01.1", b""), 400),
        (head(b"GET /", b""), 400),
        (b"GET /\r\n\r\n".to_vec(), 400),
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), 400),
        (head(b"GET / HTTP/1.1", b"\x00: x\r\n"), 400),
        (head(b"GET / HTTP/1.1", b"X: \x08\r\n"), 400),
        (head(b"GET / HTTP/1.1", b"\xef\xbb\xbfX: y\r\n"), 400),
        (head(b"\xef\xbb\xbfGET / HTTP/1.1", b""), 400),
        (head(format!("{long} / HTTP/1.1").as_bytes(), b""), 404),
        (head(b"CONNECT test:80 HTTP/1.1", b""), 400),
        (head(b"CONNECT / HTTP/1.1", b""), 404),
        (head(b"TRACE / HTTP/1.1", b""), 404),
        (head(b"TRACE /api/v1/user HTTP/1.1", b""), 405),
        (head(b"GET http://user:secret@test/api/v1/validate HTTP/1.1", b""), 200),
        (head(b"GET http://elsewhere/api/v1/validate HTTP/1.1", b""), 200),
        (head(b"GET //elsewhere/api/v1/validate HTTP/1.1", b""), 404),
        (head(b"GET /api/v1/validate#x HTTP/1.1", b""), 200),
        (head(b"GET \\api\\v1\\validate HTTP/1.1", b""), 400),
    ];
    check_recovery("heads of odd bytes", &server, || {
        for (bytes, status) in &rows {
            let shown: String = String::from_utf8_lossy(bytes).chars().take(60).collect();
            assert_eq!(answers(&server, bytes), [*status], "{shown:?}");
        }
    });
}

#[test]
fn unsupported_http_version_leaves_nothing_behind() {
    let server = Server::start();
    check_recovery("HTTP/2.0 a hundred times, fifty of them gone at once", &server, || {
        for number in 0..100 {
            let mut connection = opened(&server, "GET / HTTP/2.0\r\nHost: test\r\n\r\n");
            if number % 2 == 0 {
                assert_eq!(connection.answer(false).status, 505);
            }
        }
    });
}

#[test]
fn an_upgrade_does_not_change_how_a_body_ends() {
    let server = Server::start();
    let websocket = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let h2c = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n";
    let old = "Connection: upgrade\r\nUpgrade: TLS/1.0, HTTP/2.0, SSH-2.0-x, chunked\r\n";
    check_recovery("upgrades", &server, || {
        for (number, lines) in [websocket, h2c, old].into_iter().enumerate() {
            let body = json!({"handle": format!("upgraded{number}@example.com")}).to_string();
            let length = format!("{lines}Content-Length: {}\r\n", body.len());
            let chunks = format!("{:x}\r\n{{\"name\":\"Ada\"}}\r\n0\r\n\r\n", r#"{"name":"Ada"}"#.len());
            let put = format!("PUT /api/v1/user/upgraded{number}@example.com HTTP/1.1");
            let all = [
                create(&length, &body),
                request(&put, &format!("{lines}Transfer-Encoding: chunked\r\n"), &chunks),
                request("GET /api/v1/validate HTTP/1.1", lines, ""),
                // Frames of the other protocol are no request.
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_owned(),
            ];
            assert_eq!(answers(&server, all.concat().as_bytes()), [200, 200, 200, 505], "{lines}");
        }
    });
}

#[test]
fn other_protocols_are_refused_and_never_kept() {
    // A ClientHello of 200 bytes without a line feed: nothing says that a head has ended.
    let hello = [&b"\x16\x03\x01\x00\xc4\x01\x00\x00\xc0\x03\x03"[..], &[0xab; 189]].concat();
    let valid = request("GET /api/v1/validate HTTP/1.1", "", "");
    let proxy = |line: &str| [line.as_bytes(), valid.as_bytes()].concat();
    let rows: Vec<(&str, Vec<u8>, u16)> = vec![
        ("TLS", hello, 408),
        ("SSLv2", b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10\x01\x00\x80".to_vec(), 408),
        ("SSH", b"SSH-2.0-OpenSSH_9.6\r\n".to_vec(), 408),
        ("SSH, then its keys", b"SSH-2.0-OpenSSH_9.6\r\n\x00\x00\x05\xdc\x0a\x14rest".to_vec(), 400),
        ("PROXY", proxy("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n"), 400),
        ("PROXY of unknown", proxy("PROXY UNKNOWN\r\n"), 400),
        ("PROXY, second version", proxy("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01\0\x01\0\x02"), 400),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x12\x04\0\0\0\0\0".to_vec(), 505),
        ("HTTP/0.9", b"GET /\r\n".to_vec(), 408),
        ("SMTP", b"EHLO example.com\r\nMAIL FROM:<a@example.com>\r\n\r\n".to_vec(), 400),
        ("SIP", b"OPTIONS sip:a@example.com SIP/2.0\r\nVia: SIP/2.0/TCP x\r\n\r\n".to_vec(), 400),
        ("RTSP", b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n".to_vec(), 400),
        ("ICY", b"GET / ICY/1.0\r\nHost: test\r\n\r\n".to_vec(), 400),
        ("Redis", b"*1\r\n$4\r\nPING\r\n".to_vec(), 408),
        ("Redis, unframed", b"PING\r\n\r\n".to_vec(), 400),
        ("PostgreSQL", b"\0\0\0\x08\x04\xd2\x16\x2f".to_vec(), 408),
        ("SOCKS", b"\x05\x01\x00".to_vec(), 408),
        ("RDP", b"\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\x03\0\0\0".to_vec(), 408),
        ("FastCGI", b"\x01\x01\0\x01\0\x08\0\0\0\x01\0\0\0\0\0\0".to_vec(), 408),
        ("DNS", b"\0\x1d\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x07example\x03com\0\0\x01\0\x01".to_vec(), 408),
    ];
    let (late, others): (Vec<_>, Vec<_>) = rows.iter().partition(|(.., status)| *status == 408);
    let (impatient, patient) = (Server::with(&["--head-timeout", "0.5"]), Server::start());
    for (server, rows) in [(&impatient, late), (&patient, others)] {
        check_recovery("other protocols", server, || {
            // All connections are open at once: the server refuses some of them only when their time is over.
            let mut connections: Vec<Connection> = rows.iter().map(|(_, bytes, _)| opened(server, bytes)).collect();
            for ((name, _, status), connection) in rows.iter().zip(&mut connections) {
                let answer = connection.try_answer(false).unwrap_or_else(|| panic!("{name}: no answer"));
                assert_eq!((answer.status, answer.header("Connection")), (*status, Some("close")), "{name}");
                assert_eq!(connection.rest(), "", "{name}");
            }
        });
    }
}

/// Numbers that look random and are the same in each run (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).expect("below the limit")
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).expect("a byte")
    }
}

#[test]
fn garbage_is_answered_by_refusals_alone() {
    let server = Server::start();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    check_recovery("300 times garbage", &server, || {
        for _ in 0..300 {
            let length = 1 + dice.below(3000);
            let mut bytes: Vec<u8> = (0..length).map(|_| dice.byte()).collect();
            if length.is_multiple_of(2) {
                bytes.extend_from_slice(b"\r\n\r\n");
            }
            let statuses = answers(&server, &bytes);
            assert!(statuses.len() <= 1 && statuses.iter().all(|status| [400, 431].contains(status)), "{bytes:?}");
        }
    });
}

#[test]
fn mutated_request_never_causes_a_server_error() {
    let server = Server::start();
    let body = json!({"handle": "changed@example.com", "name": "Ada", "access_role": "ro"}).to_string();
    let user = json!({"entity-type": "user", "properties": {"username": "changed", "groups": ["members"]}}).to_string();
    let chunks = format!("5;a=b\r\n{}\r\n{:x}\r\n{}\r\n0\r\nX: y\r\n\r\n", &body[..5], body.len() - 5, &body[5..]);
    let length = |body: &str| format!("Content-Length: {}\r\n", body.len());
    let messages = [
        create(&length(&body), &body),
        create("Transfer-Encoding: chunked\r\n", &chunks),
        request("PUT /api/v1/user/changed%40example.com HTTP/1.1", &length(&body), &body),
        request("POST /nuxeo/api/v1/user HTTP/1.1", &length(&user), &user),
        request("GET /nuxeo/api/v1/user/search?q=cha%6eged&pageSize=3 HTTP/1.1", "", ""),
        request("DELETE /nuxeo/api/v1/user/changed HTTP/1.1", "", ""),
    ];
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    check_recovery("3,000 changed requests", &server, || {
        for number in 0..3000 {
            let mut bytes = messages[number % messages.len()].clone().into_bytes();
            for _ in 0..=dice.below(3) {
                let at = dice.below(bytes.len());
                match dice.below(4) {
                    0 => bytes[at] = dice.byte(),
                    1 => bytes[at] = b"\r\n :;,\0\t%/{}\"0"[dice.below(14)],
                    2 => drop(bytes.remove(at)),
                    _ => bytes.insert(at, dice.byte()),
                }
            }
            let statuses = answers(&server, &bytes);
            let shown = String::from_utf8_lossy(&bytes);
            // If a length has become too small, the server refuses the rest as a second request.
            assert!(statuses.len() <= 2, "{statuses:?} to {shown:?}");
            for status in statuses {
                assert!((200..500).contains(&status) || [501, 505].contains(&status), "{status} to {shown:?}");
            }
        }
    });
}
