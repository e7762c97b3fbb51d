//! Persistent connections and pipelining.

use crate::support::client::{Connection, create, create_user, credentials, opened, request, write};
use crate::support::datadog::handles;
use crate::support::http::{ADA, USERS, get_users, refused};
use crate::support::server::Server;
use serde_json::json;

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
fn bad_request_ends_a_pipeline_after_the_good_ones() {
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
fn unexpected_body_is_read_and_dropped() {
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
fn connection_close_is_honoured_and_confirmed() {
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
        // This version has no chunks: the answer has a length.
        assert!(answer.header("Content-Length").is_some() && answer.header("Transfer-Encoding").is_none());
        write(&mut connection, &keep);
    }
    assert_eq!(connection.answer(false).status, 200);

    let answer = refused(&server, format!("GET {USERS} HTTP/1.0\r\n{}\r\n", credentials()));
    assert_eq!(answer.parts(), (200, get_users(&server)));
    assert_eq!(answer.header("Transfer-Encoding"), None);
}
