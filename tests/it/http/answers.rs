//! Headers of answers, `HEAD`, 404 and 405.

use crate::support::busy_connection::{KEPT_BUSY, busy};
use crate::support::client::{Connection, create, create_user, credentials, opened, request, write};
use crate::support::http::{ADA, USERS, assert_errors, assert_exception, refused};
use crate::support::server::Server;
use serde_json::json;
use std::collections::BTreeSet;

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

// Headers of answers

#[test]
fn every_answer_has_date_type_and_length() {
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
fn unsupported_method_is_405_with_allow() {
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

// Headers for browsers

#[test]
fn every_answer_forbids_sniffing_and_caching() {
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
        ("a path of no dialect", request("GET /nowhere HTTP/1.1", origin, ""), 404),
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
        assert_eq!(shared, None, "{what}: the answer allows no other site");
    }
    let server = Server::with(&[&KEPT_BUSY[..], &["--max-connections", "1"]].concat());
    let only = busy(Connection::open(server.address));
    let answer = refused(&server, request("GET /api/v1/validate HTTP/1.1", "", ""));
    assert_eq!((answer.status, answer.header("X-Content-Type-Options")), (503, Some("nosniff")));
    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    drop(only);
}

#[test]
fn control_characters_are_escaped_in_the_log() {
    let server = Server::start();
    let answer = refused(&server, b"GET /\x1b[31mred\x07\x00 HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!(answer.status, 400);
    let log = server.stop_for_log();
    assert!(log.contains("red"), "{log:?}");
    assert!(log.chars().all(|c| c == '\n' || !c.is_control()), "{log:?}");
}
