//! Bodies of requests: read when the caller is known, and in a bounded memory.

use crate::support::cli::create_key;
use crate::support::client::{Answer, Connection, basic, create, credentials, open_from, opened, request, write};
use crate::support::folder::Folder;
use crate::support::memory::{MEBIBYTE, assert_no_memory, wait_for_memory};
use crate::support::metrics::{LISTEN, Page, metrics_address};
use crate::support::openapi::{described, filled};
use crate::support::resource_guard::check_recovery;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use serde_json::{Value, json};
use std::sync::Arc;

const SIGN_IN: &str = "POST /ui/api/session HTTP/1.1\r\nHost: test\r\nX-Requested-With: rollbook\r\n";
/// Flags for a server that waits for a body however slowly the test goes on.
const PATIENT: [&str; 2] = ["--body-timeout", "600"];

/// Ways to announce a body of a mebibyte, and what follows all of it but the last byte.
const FRAMINGS: [(&str, &str); 2] =
    [("Content-Length: 1048576\r\n\r\n", " "), ("Transfer-Encoding: chunked\r\n\r\n100000\r\n", " \r\n0\r\n\r\n")];

/// Each operation of the OpenAPI documents, as a method and an example target.
fn operations(server: &Server) -> Vec<(String, String)> {
    let (document, _) = described(server);
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            if ["get", "put", "post", "patch", "delete"].contains(&method.as_str()) {
                operations.push((method.to_uppercase(), filled(&document, path, operation)));
            }
        }
    }
    assert!(operations.len() > 60, "{operations:?}");
    operations
}

/// The answer to a head with those lines, for an operation, without any byte of the body.
fn ask(server: &Server, method: &str, target: &str, lines: &str) -> Answer {
    let head = format!("{method} {target} HTTP/1.1\r\nHost: test\r\nX-Requested-With: rollbook\r\n{lines}\r\n");
    opened(server, &head).try_answer(false).unwrap_or_else(|| panic!("no answer to {head}"))
}

// Before the caller is known

#[test]
fn anonymous_request_is_answered_before_its_body_is_read() {
    // A waiting server would answer long after the client's timeout.
    let server = Server::with(&PATIENT);
    for (method, target) in operations(&server) {
        if (method.as_str(), target.as_str()) == ("POST", "/ui/api/session") {
            continue;
        }
        let expected = ask(&server, &method, &target, "");
        for lines in [
            "Content-Length: 10\r\n",
            "Content-Length: 10000000\r\n",
            "Transfer-Encoding: chunked\r\n",
            "Content-Length: 10\r\nExpect: 100-continue\r\n",
            "Content-Length: 10000000\r\nExpect: 100-continue\r\n",
            "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n",
        ] {
            let call = format!("{method} {target} {lines:?}");
            let answer = ask(&server, &method, &target, lines);
            assert_eq!((answer.status, answer.text()), (expected.status, expected.text()), "{call}");
            // A client that waits may send the body now, or not: only the end of the connection makes that clear.
            let closes = lines.contains("Expect") || lines.contains("10000000");
            assert_eq!(answer.header("Connection"), closes.then_some("close"), "{call}");
        }
    }
}

#[test]
fn wrong_credentials_are_answered_before_the_body_is_read() {
    let server = Server::with(&PATIENT);
    let waiting = "Content-Length: 100\r\nExpect: 100-continue\r\n";
    for (status, first_line, lines) in [
        (403, "POST /api/v1/user", format!("DD-API-KEY: {API_KEY}\r\nDD-APPLICATION-KEY: wrong\r\n")),
        (403, "POST /api/v1/user", format!("DD-API-KEY: wrong\r\nDD-APPLICATION-KEY: {APP_KEY}\r\n")),
        (403, "POST /api/v1/user?api_key=x&application_key=y", String::new()),
        (401, "POST /nuxeo/api/v1/user", format!("Authorization: {}\r\n", basic("Administrator", "wrong"))),
        (401, "PUT /nuxeo/api/v1/user/x", "X-Authentication-Token: wrong\r\n".to_owned()),
        (401, "POST /nuxeo/site/automation/login", format!("Authorization: {}\r\n", basic("x", "y"))),
        (401, "POST /rollbook/v1/changes", "Authorization: Bearer wrong\r\n".to_owned()),
        (401, "PUT /ui/api/password", "X-Requested-With: rollbook\r\nCookie: rollbook_session=wrong\r\n".to_owned()),
        (403, "POST /ui/api/session", "Sec-Fetch-Site: cross-site\r\n".to_owned()),
    ] {
        let message = format!("{first_line} HTTP/1.1\r\nHost: test\r\n{lines}{waiting}\r\n");
        let mut connection = opened(&server, &message);
        let answer = connection.answer(false);
        assert_eq!((answer.status, answer.header("Connection")), (status, Some("close")), "{message}");
        assert_eq!(connection.rest(), "", "{message}");
    }
    // With the right credentials the server asks for the body.
    let mut connection = opened(&server, create("Content-Length: 100\r\nExpect: 100-continue\r\n", ""));
    assert_eq!(connection.answer(false).status, 100);
}

#[test]
fn anonymous_large_bodies_use_almost_no_memory() {
    let server = Server::start();
    const COUNT: usize = 200;
    let body = vec![b' '; MEBIBYTE - 1];
    for (path, status) in [
        ("/api/v1/user", 403),
        ("/nuxeo/api/v1/user", 401),
        ("/ui/api/session", 413),
        ("/nothing", 404),
        ("/healthz", 405),
    ] {
        for (framing, _) in FRAMINGS {
            let head = format!("POST {path} HTTP/1.1\r\nHost: test\r\nX-Requested-With: rollbook\r\n{framing}");
            let cost = check_recovery(&format!("{COUNT} strangers with a mebibyte each for {head:?}"), &server, || {
                std::thread::scope(|scope| {
                    // All but the last byte, so that none of them is complete.
                    let clients: Vec<Connection> = (0..COUNT).map(|_| opened(&server, &head)).collect();
                    for mut connection in clients {
                        let body = &body;
                        scope.spawn(move || {
                            write(&mut connection, body);
                            let answer = connection.answer(false);
                            assert_eq!((answer.status, answer.header("Connection")), (status, Some("close")));
                        });
                    }
                });
            });
            assert!(cost.peak_kib < 24 * 1024, "{head:?}: {cost:?}");
        }
    }
}

#[test]
fn credentials_in_a_body_have_16_kibibytes() {
    let server = Server::with(&PATIENT);
    let session = |size: usize| {
        let body = json!({"user": "Administrator", "password": ADMIN_PASSWORD}).to_string();
        format!("{body:<size$}")
    };
    let sized = |size: usize| format!("{SIGN_IN}Content-Length: {size}\r\n\r\n{}", session(size));
    let chunked = |size: usize| {
        let body = session(size);
        let (first, rest) = body.split_at(100);
        format!("{SIGN_IN}Transfer-Encoding: chunked\r\n\r\n64\r\n{first}\r\n{:x}\r\n{rest}\r\n0\r\n\r\n", size - 100)
    };
    for message in [sized(200), sized(16 * 1024), chunked(200), chunked(16 * 1024)] {
        let mut connection = opened(&server, &message);
        assert_eq!(connection.answer(false).status, 200, "{:.200}", message);
        write(&mut connection, sized(200));
        assert_eq!(connection.answer(false).status, 200, "{:.200}", message);
    }
    for message in [
        sized(16 * 1024 + 1),
        chunked(16 * 1024 + 1),
        format!("{SIGN_IN}Content-Length: 16385\r\n\r\n"),
        format!("{SIGN_IN}Content-Length: 16385\r\nExpect: 100-continue\r\n\r\n"),
        format!("{SIGN_IN}Transfer-Encoding: chunked\r\n\r\n4001\r\n"),
    ] {
        let mut connection = opened(&server, &message);
        let answer = connection.answer(false);
        assert_eq!(answer.parts(), (413, json!({"error": "The body is too long"})), "{:.200}", message);
        assert_eq!(answer.header("Connection"), Some("close"));
        assert_eq!(connection.rest(), "");
    }
    // Authenticated clients may send longer ones.
    let cookie = opened(&server, sized(200)).answer(false).header("Set-Cookie").expect("a cookie").to_owned();
    let cookie = cookie.split_once(';').expect("attributes").0;
    let body = format!("{:<20000}", r#"{"name":"ada"}"#);
    let message = format!(
        "POST /ui/api/users HTTP/1.1\r\nHost: test\r\nX-Requested-With: rollbook\r\nCookie: {cookie}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(opened(&server, message).answer(false).status, 201);
}

#[test]
fn sign_in_waits_for_its_body_no_longer_than_other_requests() {
    let server = Server::with(&["--body-timeout", "0.5"]);
    let mut connection = opened(&server, format!("{SIGN_IN}Content-Length: 100\r\nExpect: 100-continue\r\n\r\n"));
    assert_eq!(connection.answer(false).status, 100);
    let answer = connection.answer(false);
    assert_eq!(answer.parts(), (408, json!({"error": "The body did not come in time"})));
    assert_eq!((answer.header("Connection"), connection.rest().as_str()), (Some("close"), ""));
}

// The rest of a body that no handler has read

#[test]
fn unread_short_body_keeps_the_connection() {
    let server = Server::start();
    let valid = request("GET /api/v1/validate HTTP/1.1", "", "");
    let bodies: [(String, String); 5] = [
        ("Content-Length: 5\r\n".to_owned(), "hello".to_owned()),
        ("Content-Length: 65536\r\n".to_owned(), "x".repeat(65_536)),
        ("Transfer-Encoding: chunked\r\n".to_owned(), "5\r\nhello\r\n0\r\nX: y\r\n\r\n".to_owned()),
        (
            "Transfer-Encoding: chunked\r\n".to_owned(),
            format!("ffff;x=y\r\n{}\r\n1\r\nx\r\n0\r\n\r\n", "x".repeat(65_535)),
        ),
        ("Transfer-Encoding: chunked\r\n".to_owned(), "1\r\nx\r\n".repeat(3000) + "0\r\n\r\n"),
    ];
    for first_line in ["POST /api/v1/user", "PUT /nuxeo/api/v1/user/x", "DELETE /nothing", "GET /healthz", "GET /ui/"] {
        for (lines, body) in &bodies {
            let head = format!("{first_line} HTTP/1.1\r\nHost: test\r\n{lines}\r\n");
            // The body comes at once, or after the answer.
            let mut connection = opened(&server, format!("{head}{body}{valid}"));
            let first = connection.answer(false);
            assert_eq!((first.status < 500, first.header("Connection")), (true, None), "{head}");
            assert_eq!(connection.answer(false).parts(), (200, json!({"valid": true})), "{head}");
            write(&mut connection, &head);
            assert_eq!(connection.answer(false).status, first.status, "{head}");
            for part in body.as_bytes().chunks(5000) {
                write(&mut connection, part);
            }
            write(&mut connection, &valid);
            assert_eq!(connection.answer(false).parts(), (200, json!({"valid": true})), "{head}");
        }
    }
}

#[test]
fn unread_long_or_broken_body_closes_the_connection() {
    let server = Server::with(&["--body-timeout", "0.5"]);
    let valid = request("GET /api/v1/validate HTTP/1.1", "", "");
    let head = |lines: &str| format!("POST /api/v1/user HTTP/1.1\r\nHost: test\r\n{lines}\r\n");
    let (chunked, length) =
        (head("Transfer-Encoding: chunked\r\n"), |length: usize| head(&format!("Content-Length: {length}\r\n")));
    let rows = [
        // The request, and true if its answer closes the connection.
        (true, length(80_000)),
        (true, length(80_000) + &"x".repeat(80_000) + &valid),
        (true, format!("{chunked}10001\r\n")),
        (true, format!("{chunked}zz\r\n{valid}")),
        (true, format!("{chunked}1\r\nxx\r\n{valid}")),
        (true, format!("{chunked}0\r\nX : y\r\n\r\n{valid}")),
        (false, length(10) + "x"),
        (false, chunked.clone()),
        (false, format!("{chunked}5\r\nhello\r\n0\r\n")),
    ];
    for (said, message) in rows {
        let mut connection = opened(&server, &message);
        let answer = connection.answer(false);
        assert_eq!((answer.status, answer.header("Connection")), (403, said.then_some("close")), "{:.200}", message);
        assert_eq!(connection.rest(), "", "{:.200}", message);
    }
    // Bodies that are too long or broken in the part after the answer.
    for after in
        ["10001\r\n".to_owned(), "fff0\r\n".to_owned() + &"x".repeat(0xfff0) + "\r\n11\r\n", "zz\r\n".to_owned()]
    {
        let mut connection = opened(&server, &chunked);
        assert_eq!(connection.answer(false).status, 403);
        write(&mut connection, format!("{after}{valid}"));
        assert_eq!(connection.rest(), "", "{after:.40}");
    }
    // The last byte of the body is followed by a request, and then by nothing. That byte has to come in time.
    let patient = Server::with(&PATIENT);
    let mut connection = opened(&patient, length(10) + "x");
    assert_eq!(connection.answer(false).status, 403);
    write(&mut connection, format!("xxxxxxxxx{valid}"));
    assert_eq!(connection.answer(false).parts(), (200, json!({"valid": true})));
}

/// The same for a body that is not read to its end.
fn assert_cut_off(mut connection: Connection, expected: &Value) {
    let answer = connection.answer(false);
    assert_no_memory(&answer, expected);
    assert_eq!((answer.header("Connection"), connection.rest().as_str()), (Some("close"), ""));
}

#[test]
fn bodies_beyond_the_memory_limit_are_503_until_memory_is_free() {
    let folder = Arc::new(Folder::new());
    let other = create_key(&folder, "app", None);
    // The memory has room for two of the longest bodies, and one caller may use half of it.
    let server = Server::over(folder, &[&LISTEN[..], &PATIENT, &["--max-body-memory", "2097152"]].concat());
    let text = "There is no memory for the body at the moment";
    let (errors, exception) =
        (json!({"errors": [text]}), json!({"entity-type": "exception", "status": 503, "message": text}));
    let ada = r#"{"name":"Ada"}"#;
    let body = ada.to_owned() + &" ".repeat(MEBIBYTE - 1 - ada.len());
    for (number, (framing, end)) in FRAMINGS.into_iter().enumerate() {
        let keys = |key: &str| {
            format!(
                "PUT /api/v1/user/administrator HTTP/1.1\r\nHost: test\r\nDD-API-KEY: {API_KEY}\r\n\
                 DD-APPLICATION-KEY: {key}\r\n{framing}{body}"
            )
        };
        let authorization = basic("Administrator", ADMIN_PASSWORD);
        let nuxeo = format!(
            "PUT /nuxeo/api/v1/user/Administrator HTTP/1.1\r\nHost: test\r\nAuthorization: {authorization}\r\n{framing}{body}"
        );
        // The caller's first body has arrived except for its last byte.
        let mut first = opened(&server, keys(APP_KEY));
        wait_for_memory(&server, "requests", MEBIBYTE);
        assert_cut_off(opened(&server, keys(APP_KEY)), &errors);
        // Another caller uses the other half, and then a third caller is refused.
        let second = opened(&server, &nuxeo);
        wait_for_memory(&server, "requests", 2 * MEBIBYTE);
        assert_cut_off(opened(&server, keys(&other)), &errors);
        assert_cut_off(opened(&server, &nuxeo), &exception);
        // Short bodies need no memory of the limit.
        let handle = json!({"handle": format!("user{number}@example.com")});
        assert_eq!(server.datadog("POST", "/api/v1/user", Some(&handle.to_string())).status, 200);
        write(&mut first, end);
        assert_eq!(first.answer(false).status, 200);
        drop(second);
        wait_for_memory(&server, "requests", 0);
        let mut third = opened(&server, keys(&other));
        write(&mut third, end);
        assert_eq!(third.answer(false).status, 200);
    }
    let labels = [("listener", "public"), ("of", "requests")];
    let page = Page::of(metrics_address(&server));
    assert_eq!(page.value("rollbook_http_memory_limit_bytes", &labels), 2.0 * MEBIBYTE as f64);
    assert_eq!(page.value("rollbook_http_memory_refused_total", &labels), 6.0);
}

#[test]
fn a_body_grows_into_memory_as_it_comes() {
    let server = Server::with(&[LISTEN, PATIENT].concat());
    for (framing, _) in FRAMINGS {
        let mut connection = opened(&server, request_head("PUT /api/v1/user/administrator", framing));
        let mut sent = 0;
        for (size, held) in [(1, 0), (4096, 0), (4097, 8192), (8193, 16_384), (300_000, 524_288), (1_048_575, MEBIBYTE)]
        {
            write(&mut connection, " ".repeat(size - sent));
            sent = size;
            wait_for_memory(&server, "requests", held);
        }
        drop(connection);
        wait_for_memory(&server, "requests", 0);
    }
}

/// A head with the credentials of both dialects, and with that ending.
fn request_head(first_line: &str, framing: &str) -> String {
    format!("{first_line} HTTP/1.1\r\nHost: test\r\n{}{framing}", credentials())
}

#[test]
fn anonymous_bodies_have_a_quarter_of_the_memory_and_one_address_an_eighth() {
    // Callers without credentials share 512 KiB, and each address may use 256: sixteen of the longest bodies.
    let server = Server::with(&[&LISTEN[..], &PATIENT, &["--max-body-memory", "2097152"]].concat());
    let form = format!("{SIGN_IN}Content-Length: 16384\r\n\r\n{}", " ".repeat(16_383));
    let sent_from = |local: &str| {
        let mut connection = open_from(local, server.address);
        write(&mut connection, &form);
        connection
    };
    let text = "There is no memory for the body at the moment";
    let mut connections = Vec::new();
    for (number, local) in ["127.0.0.1", "127.0.0.2"].into_iter().enumerate() {
        for count in 1..=16 {
            connections.push(sent_from(local));
            wait_for_memory(&server, "requests", (number * 16 + count) * 16 * 1024);
        }
        assert_cut_off(sent_from(local), &json!({"error": text}));
    }
    assert_cut_off(sent_from("127.0.0.3"), &json!({"error": text}));
    // An ordinary sign-in form is short, and the memory for authenticated callers is separate.
    let short = json!({"user": "Administrator", "password": ADMIN_PASSWORD}).to_string();
    let signed_in = opened(&server, format!("{SIGN_IN}Content-Length: {}\r\n\r\n{short}", short.len())).answer(false);
    assert_eq!(signed_in.status, 200);
    let long = format!("{{}}{}", " ".repeat(MEBIBYTE / 2));
    assert_eq!(server.datadog("PUT", "/api/v1/user/administrator", Some(&long)).status, 200);
    drop(connections);
    wait_for_memory(&server, "requests", 0);
    assert_eq!(sent_from("127.0.0.3").stream().peer_addr().expect("an address"), server.address);
}

#[test]
fn values_of_a_body_need_memory_too() {
    let folder = Arc::new(Folder::new());
    let other = create_key(&folder, "app", None);
    let server = Server::over(folder, &[&LISTEN[..], &PATIENT, &["--max-body-memory", "2097152"]].concat());
    let text = "There is no memory for the body at the moment";
    // Each is two bytes here and some hundred in memory.
    let zeros = format!(r#"{{"x":[0{}]}}"#, ",0".repeat(100_000));
    let zeros_of = |key: &str| server.datadog_as(key, "PUT", "/api/v1/user/administrator", Some(&zeros));
    // A single caller may use all of it.
    assert_eq!(zeros_of(APP_KEY).status, 200);
    let length = 64 * 1024;
    let mut first =
        opened(&server, request_head("PUT /api/v1/user/administrator", &format!("Content-Length: {length}\r\n\r\n")));
    write(&mut first, " ".repeat(length - 1));
    wait_for_memory(&server, "requests", length);
    assert_no_memory(&zeros_of(&other), &json!({"errors": [text]}));
    assert_no_memory(
        &server.nuxeo("PUT", "/user/Administrator", Some(&zeros)),
        &json!({"entity-type": "exception", "status": 503, "message": text}),
    );
    write(&mut first, " ");
    assert_eq!(first.answer(false).status, 200);
    assert_eq!(zeros_of(&other).status, 200);
    wait_for_memory(&server, "requests", 0);
}

#[test]
fn the_memory_is_at_least_that_of_two_of_the_longest_bodies() {
    let server = Server::with(&["--max-body-bytes", "3000000", "--max-body-memory", "1048576", LISTEN[0], LISTEN[1]]);
    let labels = [("listener", "public"), ("of", "requests")];
    let limit = Page::of(metrics_address(&server)).value("rollbook_http_memory_limit_bytes", &labels);
    assert_eq!(limit, 6_000_000.0);
    let long = format!("{{}}{}", " ".repeat(2_999_998));
    assert_eq!(server.datadog("PUT", "/api/v1/user/administrator", Some(&long)).status, 200);
}
