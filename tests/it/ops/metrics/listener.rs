//! The address of the metrics.

use super::bare;
use crate::support::busy_connection::{KEPT_BUSY, try_busy};
use crate::support::cli::{rollbook, run};
use crate::support::client::{Connection, credentials, write};
use crate::support::folder::Folder;
use crate::support::metrics::{LISTEN, Page, ask, metrics_address};
use crate::support::server::{API_KEY, APP_KEY, Server, serve};
use crate::support::wait::{eventually, wait_for, wait_until};
use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;
use std::sync::Arc;

#[test]
fn metrics_are_off_by_default() {
    for flags in [&[][..], &["--datadog-prefix", "/dd"], &LISTEN] {
        let server = Server::with(flags);
        let keys = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)];
        for headers in [&[][..], &keys] {
            for method in ["GET", "HEAD", "POST", "DELETE", "BREW"] {
                for (path, unknown) in
                    [("/metrics", "/unknown"), ("/metrics/", "/unknown/"), ("//metrics", "//unknown")]
                {
                    let ask = |path: &str| bare(&server.request(method, path, headers, None));
                    assert_eq!(ask(path), ask(unknown), "{method} {path} {flags:?}");
                    assert_eq!(ask(path).0, 404, "{method} {path} {flags:?}");
                }
            }
        }
        assert_eq!(server.log().contains("metrics at"), !flags.is_empty() && flags[0] == LISTEN[0]);
    }
}

#[test]
fn metrics_listener_answers_three_paths() {
    let server = Server::with(&LISTEN);
    let address = metrics_address(&server);
    assert_ne!(address, server.address);
    let page = Page::of(address);
    assert_eq!(page.value("rollbook_build_info", &[("version", env!("CARGO_PKG_VERSION"))]), 1.0);
    for (path, text) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let answer = ask(address, "GET", path);
        assert_eq!((answer.status, answer.text()), (200, text));
    }
    for path in ["/metrics", "/healthz", "/readyz"] {
        let head = ask(address, "HEAD", path);
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "BREW"] {
            let refused = ask(address, method, path);
            assert_eq!((refused.status, refused.header("Allow")), (405, Some("GET, HEAD")), "{method} {path}");
            assert_eq!(refused.text(), "Method not allowed\n");
        }
    }
    // No credentials open anything here.
    for path in [
        "/",
        "/metrics/x",
        "/api/v1/validate",
        "/api/v1/user",
        "/api/v1/user/%zz",
        "/nuxeo/api/v1/me",
        "/nuxeo/runningstatus",
        "/nuxeo/api/v1/token/x",
    ] {
        let mut connection = Connection::open(address);
        write(&mut connection, format!("GET {path} HTTP/1.1\r\nHost: test\r\n{}\r\n", credentials()));
        let answer = connection.answer(false);
        assert_eq!((answer.status, answer.text()), (404, "Not found\n"), "{path}");
        assert_eq!(answer.header("Content-Type"), Some("text/plain; charset=utf-8"), "{path}");
    }
    assert!(server.stop().success());
}

#[test]
fn metrics_listener_refuses_broken_requests_in_plain_text() {
    let server = Server::with(&LISTEN);
    let address = metrics_address(&server);
    let padding = "x".repeat(17 * 1024);
    let rows = [
        (400, "GET /metrics HTTP/1.1\r\n\r\n".to_owned(), "The request needs exactly one Host header field\n"),
        (
            400,
            "GET /api/v1/user HTTP/1.1\nHost: x\n\n".to_owned(),
            "A line of the head ends without a carriage return\n",
        ),
        // The listener reads no body, so no body is too long.
        (405, "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1025\r\n\r\n".to_owned(), "Method not allowed\n"),
        (414, format!("GET /{padding}"), "The request line is too long\n"),
        (431, format!("GET /nuxeo/x HTTP/1.1\r\nX: {padding}"), "The header fields are too long\n"),
        (505, "GET /metrics HTTP/2.0\r\nHost: x\r\n\r\n".to_owned(), "This server speaks HTTP/1.0 and HTTP/1.1\n"),
    ];
    for (status, message, text) in rows {
        let mut connection = Connection::open(address);
        write(&mut connection, &message);
        let answer = connection.answer(false);
        assert_eq!((answer.status, answer.text()), (status, text));
        assert_eq!(answer.header("Content-Type"), Some("text/plain; charset=utf-8"));
        assert_eq!(answer.header("Connection"), Some("close"));
    }
    assert_eq!(ask(address, "GET", "/metrics").status, 200);
}

#[test]
fn metrics_are_public_with_the_flag() {
    for flags in [&["--metrics-public"][..], &["--metrics-public", LISTEN[0], LISTEN[1]]] {
        let server = Server::with(flags);
        Page::of(server.address);
        let refused = ask(server.address, "POST", "/metrics");
        assert_eq!((refused.status, refused.header("Allow")), (405, Some("GET, HEAD")));
        assert_eq!(ask(server.address, "GET", "/metrics/x").status, 404);
        assert!(server.log().contains(&format!("metrics at {}/metrics, without credentials\n", server.url)));
    }
    // The variables set the address.
    let folder = Arc::new(Folder::new());
    let mut command = serve(&folder, &[]);
    command.env("ROLLBOOK_METRICS_PUBLIC", "1").env("ROLLBOOK_METRICS_LISTEN", "127.0.0.1:0");
    let server = Server::by(command, folder);
    Page::of(server.address);
    Page::of(metrics_address(&server));
}

#[test]
fn metrics_listener_has_its_own_connections() {
    let flags = [&LISTEN[..], &KEPT_BUSY, &["--max-connections", "2"]].concat();
    let server = Server::with(&flags);
    let address = metrics_address(&server);
    // The place of a connection that was closed just now may not be free yet.
    let all = |address: SocketAddr, count: usize| -> Vec<Connection> {
        (0..count).map(|_| eventually("a free place", || try_busy(Connection::open(address)))).collect()
    };
    // All connections of clients are taken, and the metrics can still be read.
    let clients = all(server.address, 2);
    assert_eq!(ask(server.address, "GET", "/healthz").status, 503);
    Page::of(address);
    // All connections of the metrics are taken, and a client can still connect.
    drop(clients);
    wait_until("a watcher that finds no place", || {
        let watchers = all(address, 16);
        let refused = ask(address, "GET", "/metrics").status == 503;
        // A head has little time at this address: on a slow machine the first of them may have lost its place.
        let client = eventually("a free place", || try_busy(Connection::open(server.address)));
        drop((watchers, client));
        refused
    });
}

#[test]
fn unavailable_metrics_address_is_a_failure() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("an address");
    let address = taken.local_addr().expect("an address").to_string();
    let folder = Folder::new();
    let mut child = serve(&folder, &["--metrics-listen", &address])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let status = wait_for(&mut child);
    let said = String::from_utf8(child.wait_with_output().expect("its output").stderr).expect("text");
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("rollbook: --metrics-listen: listen on {address}")), "{said}");
    for flags in [&["--metrics-listen", "nowhere"][..], &["--metrics-listen", "127.0.0.1"], &["--metrics-public=x"]] {
        let words = [&["serve"], flags].concat();
        assert_eq!(run(&folder, &words).status.code(), Some(2), "{flags:?}");
    }
    let mut command = rollbook();
    command.arg("serve").env("ROLLBOOK_DB", folder.db()).env("ROLLBOOK_METRICS_PUBLIC", "perhaps");
    assert_eq!(command.output().expect("the command runs").status.code(), Some(2));
}
