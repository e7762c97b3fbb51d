//! Handshakes that are slow, invalid, incomplete or too many, and connections that end without the notice of TLS.

use super::{Client, Pair, Secured, ask, start};
use crate::support::cli::run_with_input;
use crate::support::client::{Connection, create, create_user, open_from, opened, request, write};
use crate::support::metrics::{LISTEN, Page, metrics_address};
use crate::support::resource_guard::{RESIDENT_SLACK_KIB, wait_until_left};
use crate::support::server::Server;
use crate::support::wait::{eventually, wait_until};
use rustls::version::{TLS12, TLS13};
use serde_json::json;
use socket2::SockRef;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

fn handshakes(server: &Server, result: &str) -> f64 {
    let labels = [("listener", "public"), ("result", result)];
    Page::of(metrics_address(server)).value("rollbook_tls_handshakes_total", &labels)
}

/// Waits until that many handshakes have ended so.
fn wait_for_handshakes(server: &Server, result: &str, count: f64) {
    wait_until(format!("{count} handshakes: {result}"), || handshakes(server, result) >= count);
    assert_eq!(handshakes(server, result), count, "{result}");
}

/// Everything until the server closes, however it does.
fn rest(connection: &mut Connection) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Err(error) = connection.stream().read_to_end(&mut bytes) {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "the server closes: {error}");
    }
    bytes
}

const QUICK: [&str; 6] = ["--head-timeout", "1", "--metrics-listen", "127.0.0.1:0", "--max-connections", "64"];

#[test]
fn handshake_has_the_timeout_of_a_head() {
    let Some((server, pair)) = start(&QUICK) else { return };
    let hello = Client::trusting(&pair).hello();
    let mut connections = Vec::new();
    for count in [1, 5, hello.len() / 2, hello.len() - 1, hello.len()] {
        connections.push(opened(&server, &hello[..count]));
    }
    for connection in &mut connections {
        rest(connection);
    }
    wait_for_handshakes(&server, "late", 5.0);
    // Single bytes do not extend the deadline.
    let mut dripping = Connection::open(server.address);
    dripping.stream().set_read_timeout(Some(Duration::from_millis(100))).expect("a timeout");
    let mut closed = false;
    for byte in hello.iter().cycle().take(hello.len() - 1) {
        let written = dripping.stream().write_all(&[*byte]);
        match dripping.stream().read(&mut [0; 64]) {
            Ok(0) => closed = true,
            Ok(_) => panic!("an answer to half a handshake"),
            Err(error) => closed = !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        }
        if closed || written.is_err() {
            closed = true;
            break;
        }
    }
    assert!(closed, "the handshake was waited for to its end");
    wait_for_handshakes(&server, "late", 6.0);
    // A connection that is silent after its handshake, and one that is silent before it, are closed without an answer.
    let mut silent = Client::trusting(&pair).connect(server.address);
    assert_eq!(silent.rest(), "");
    assert_eq!(rest(&mut Connection::open(server.address)), b"");
    assert_eq!(ask(&mut Client::trusting(&pair).connect(server.address), "/healthz"), 200);
}

#[test]
fn a_slow_head_through_tls_is_refused_and_a_slow_record_of_one_is_cut_off() {
    let Some((server, pair)) = start(&QUICK) else { return };
    let client = Client::trusting(&pair);
    let mut connection = client.connect(server.address);
    write(&mut connection, "GET /healthz HTTP/1.1\r\nHost: x\r\n");
    assert_eq!((connection.answer(false).status, connection.rest().as_str()), (408, ""));
    // The first bytes of a record, and no more.
    let mut connection = client.connect(server.address);
    assert_eq!(ask(&mut connection, "/healthz"), 200);
    connection.stream().sock.write_all(&[23, 3, 3, 0, 100, 1, 2, 3]).expect("it is sent");
    assert_eq!(connection.rest(), "");
}

#[test]
fn broken_and_endless_handshakes_are_cleaned_up() {
    let Some((server, pair)) = start(&[&LISTEN[..], &["--head-timeout", "2", "--max-connections", "256"]].concat())
    else {
        return;
    };
    let hello = Client::trusting(&pair).hello();
    let record =
        |kind: u8, length: usize| [&[kind, 3, 1][..], &(length as u16).to_be_bytes(), &vec![0; length]].concat();
    // A message that announces 16 MiB, in records of full length.
    let mut endless = record(22, 16_384);
    endless[5..9].copy_from_slice(&[1, 0xff, 0xff, 0xff]);
    endless.extend(record(22, 16_384).repeat(20));
    let fragments: Vec<u8> = hello[5..].iter().flat_map(|byte| [22, 3, 1, 0, 1, *byte]).collect();
    let mut changed: Vec<Vec<u8>> = Vec::new();
    for at in (0..hello.len()).step_by(3) {
        let mut bytes = hello.clone();
        bytes[at] ^= 0x80;
        changed.push(bytes);
    }
    let kinds = [
        endless,
        fragments,
        [&hello[..], &record(22, 16_384).repeat(4)].concat(),
        record(23, 100),
        record(21, 2),
        record(20, 1).repeat(5000),
        record(22, 0).repeat(5000),
        vec![0x80, 0x2e, 1, 3, 1, 0, 0x15, 0, 0, 0, 0x10],
        vec![0xff; 100_000],
        vec![22; 100_000],
        vec![0; 10],
        b"\x16\x03\x01\xff\xff".to_vec(),
    ];
    assert_eq!(ask(&mut Client::trusting(&pair).connect(server.address), "/healthz"), 200);
    wait_until_left(&server);
    let before = server.footprint();
    let mut waiting = Vec::new();
    for bytes in kinds.iter().chain(&changed) {
        let mut connection = opened(&server, bytes);
        connection.finish();
        let answer = rest(&mut connection);
        // Alerts, or the beginning of a handshake, but no answer to a request.
        assert!(!answer.starts_with(b"HTTP/"), "{:?}: {}", &bytes[..5], String::from_utf8_lossy(&answer));
        // The same by a client that waits for more.
        waiting.push(opened(&server, bytes));
        if waiting.len() > 100 {
            waiting.drain(..).for_each(|mut connection| drop(rest(&mut connection)));
        }
    }
    waiting.drain(..).for_each(|mut connection| drop(rest(&mut connection)));
    wait_until_left(&server);
    let after = server.footprint();
    assert!(after.threads <= before.threads && after.descriptors <= before.descriptors, "{before:?} {after:?}");
    assert!(after.resident_kib <= before.resident_kib + RESIDENT_SLACK_KIB, "{before:?} {after:?}");
    assert_eq!(ask(&mut Client::trusting(&pair).connect(server.address), "/healthz"), 200);
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

#[test]
fn a_request_that_was_cut_off_in_tls_has_no_effect() {
    let Some((server, pair)) = start(&[]) else { return };
    let client = Client::trusting(&pair);
    let long = format!("Content-Length: {}\r\n", 60_000);
    type Cut = fn(&mut Secured);
    let cuts: [(&str, Cut); 4] = [
        // The socket ends without the notice of TLS: an attacker can cause that.
        ("fin", |connection| connection.stream().sock.shutdown(Shutdown::Write).expect("it is shut down")),
        ("reset", |connection| {
            SockRef::from(&connection.stream().sock).set_linger(Some(Duration::ZERO)).expect("an option");
        }),
        ("notice", |connection| {
            let stream = connection.stream();
            stream.conn.send_close_notify();
            stream.flush().expect("it is sent");
            stream.sock.shutdown(Shutdown::Write).expect("it is shut down");
        }),
        // The rest of the body in a record that was changed on its way.
        ("forged", |connection| {
            let stream = connection.stream();
            stream.conn.writer().write_all(&[b' '; 59_000]).expect("it is taken");
            let mut bytes = Vec::new();
            while stream.conn.wants_write() {
                stream.conn.write_tls(&mut bytes).expect("bytes");
            }
            let last = bytes.len() - 20;
            bytes[last] ^= 1;
            let _ = stream.sock.write_all(&bytes);
        }),
    ];
    for version in [&TLS13, &TLS12] {
        for (name, cut) in cuts {
            let handle = format!("{name}@example.com");
            let body = json!({"handle": handle}).to_string();
            for (framing, body) in [
                (long.as_str(), format!("{body:1000}")),
                ("Transfer-Encoding: chunked\r\n", format!("{:x}\r\n{body}\r\n", body.len())),
            ] {
                let mut connection = Client::with(&pair, &[version], &[]).connect(server.address);
                write(&mut connection, create(framing, &body));
                cut(&mut connection);
                drop(connection);
            }
            wait_until_left(&server);
            let mut connection = client.connect(server.address);
            write(&mut connection, request(&format!("GET /api/v1/user/{handle} HTTP/1.1"), "", ""));
            assert_eq!(connection.answer(false).status, 404, "{name}");
        }
    }
    // A complete request is executed, even if its client does not wait for the answer.
    let mut connection = client.connect(server.address);
    write(&mut connection, create_user("whole@example.com"));
    drop(connection);
    wait_until("the user", || {
        let mut connection = client.connect(server.address);
        write(&mut connection, request("GET /api/v1/user/whole@example.com HTTP/1.1", "", ""));
        connection.answer(false).status == 200
    });
}

#[test]
fn evicted_connections_receive_a_close_notify_and_refused_ones_an_alert() {
    let flags = [&LISTEN[..], &["--max-connections", "8", "--max-connections-per-address", "2"]].concat();
    let Some((server, pair)) = start(&flags) else { return };
    let client = Client::trusting(&pair);
    let mut idle = client.connect(server.address);
    assert_eq!(ask(&mut idle, "/healthz"), 200);
    // Two busy connections: in the middle of a handshake, and of a request.
    let hello = client.hello();
    let _half = opened(&server, &hello[..100]);
    // The idle connection gives way after a second.
    let mut third = eventually("a place", || {
        let mut connection = client.try_connect(server.address).ok()?;
        write(&mut connection, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /");
        connection.try_answer(false).map(|answer| assert_eq!(answer.status, 200)).map(|()| connection)
    });
    assert_eq!(idle.rest(), "", "the end of a connection that gives way");
    let mut refused = Connection::open(server.address);
    assert_eq!(rest(&mut refused), [21, 3, 3, 0, 2, 2, 80], "a fatal alert");
    let error = client.try_connect(server.address).expect_err("there is no place");
    assert!(error.to_string().contains("InternalError"), "{error}");
    // Other addresses have their places.
    let mut other = open_from("127.0.0.9", server.address);
    write(&mut other, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(other.answer(false).status, 400);
    write(&mut third, "healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(third.answer(false).status, 200);
}

#[test]
fn stop_finishes_requests_and_sends_close_notify_to_idle_clients() {
    let Some((server, pair)) = start(&[]) else { return };
    let client = Client::trusting(&pair);
    let (mut idle, mut busy) = (client.connect(server.address), client.connect(server.address));
    assert_eq!(ask(&mut idle, "/healthz"), 200);
    write(&mut busy, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /");
    assert_eq!(busy.answer(false).status, 200);
    let fresh = client.connect(server.address);
    let ended = std::thread::spawn(move || {
        // Each fails without the notice of the end.
        let mut fresh = fresh;
        assert_eq!((idle.rest(), fresh.rest()), (String::new(), String::new()));
        write(&mut busy, "readyz HTTP/1.1\r\nHost: x\r\n\r\n");
        let answer = busy.answer(false);
        assert_eq!(answer.header("Connection"), Some("close"));
        assert_eq!(busy.rest(), "");
    });
    assert!(server.stop().success());
    ended.join().expect("every client was told");
}

#[test]
fn client_that_reads_nothing_of_a_long_answer_is_disconnected() {
    let flags = [&LISTEN[..], &["--write-timeout", "1"]].concat();
    let Some((server, pair)) = start(&flags) else { return };
    let mut rows = "name,email\n".to_owned();
    (0..20_000).for_each(|number| rows += &format!("user{number}@example.com,user{number}@example.com\n"));
    assert!(run_with_input(&server.folder, &["import", "--format", "csv", "-"], &rows).status.success());
    let client = Client::trusting(&pair);
    let open = || Page::of(metrics_address(&server)).value("rollbook_connections_open", &[("listener", "public")]);
    let mut connection = client.connect(server.address);
    SockRef::from(&connection.stream().sock).set_recv_buffer_size(4096).expect("an option");
    for _ in 0..4 {
        write(&mut connection, request("GET /api/v1/user HTTP/1.1", "", ""));
    }
    wait_until("the end of the connection", || open() == 0.0);
    // The rest is missing, and the stream does not end with the notice of TLS.
    let mut bytes = Vec::new();
    let read = connection.stream().read_to_end(&mut bytes);
    assert!(read.is_err(), "{} bytes and a notice that this is all", bytes.len());
    assert_eq!(ask(&mut client.connect(server.address), "/healthz"), 200);
}

/// The largest that an idle connection may take, far above what it does.
const IDLE_KIB_MAX: usize = 96;

#[test]
fn idle_connections_take_little_memory() {
    let Some((server, pair)) = start(&[]) else { return };
    let client = Client::trusting(&pair);
    let connect = |count: usize| -> Vec<Secured> {
        let mut connections: Vec<Secured> = (0..count).map(|_| client.connect(server.address)).collect();
        connections.iter_mut().for_each(|connection| assert_eq!(ask(connection, "/healthz"), 200));
        connections
    };
    let first = connect(20);
    let before = server.footprint().resident_kib;
    let more = connect(200);
    let each = (server.footprint().resident_kib.saturating_sub(before)) / more.len();
    eprintln!("{each} KiB for each idle connection through TLS");
    assert!(each <= IDLE_KIB_MAX, "{each} KiB for each idle connection");
    drop((first, more));
}

#[test]
fn test_certificate_is_trusted_by_no_other_client() {
    let Some((server, _)) = start(&[]) else { return };
    let other = Pair::make(server.folder.path(), "other");
    let error = Client::trusting(&other).try_connect(server.address).expect_err("another certificate");
    assert!(error.to_string().contains("UnknownIssuer") || error.to_string().contains("BadSignature"), "{error}");
}
