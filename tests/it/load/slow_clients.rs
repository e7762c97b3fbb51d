//! Clients that send slowly, read slowly or pipeline without reading.

use crate::support::client::{Connection, create, narrow, opened, request, write};
use crate::support::resource_guard::{check_recovery, connection_threads, fill, work};
use crate::support::server::Server;
use crate::support::wait::PATIENCE;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::{Duration, Instant};

// Slow senders

#[test]
fn slow_senders_are_disconnected_and_delay_no_request() {
    // Long enough for the others on a busy machine.
    let server = Server::with(&["--head-timeout", "5", "--body-timeout", "5", "--idle-timeout", "5"]);
    let valid = request("GET /api/v1/validate HTTP/1.1", "", "");
    let unfinished = create("Content-Length: 1000\r\n", "");
    let rows: [(&str, String, &[u8], Option<u16>); 8] = [
        ("says nothing", String::new(), b"", None),
        ("says nothing more", valid.clone(), b"", None),
        ("stops in the request line", "GET /api/v1".to_owned(), b"", Some(408)),
        ("stops in the head", "GET /api/v1/user HTTP/1.1\r\nHost: test\r\n".to_owned(), b"", Some(408)),
        ("stops before the body", unfinished.clone(), b"", Some(408)),
        ("sends a head by the second", "GET /api/v1/user HTTP/1.1\r\nHost: test\r\n".to_owned(), b"X", Some(408)),
        ("sends a body by the second", unfinished, b" ", Some(408)),
        ("sends chunks by the second", create("Transfer-Encoding: chunked\r\n", ""), b"1\r\n \r\n", Some(408)),
    ];
    const EACH: usize = 40;
    check_recovery("320 slow senders", &server, || {
        let mut senders: Vec<(usize, Connection)> = Vec::new();
        for number in 0..EACH * rows.len() {
            senders.push((number % rows.len(), opened(&server, &rows[number % rows.len()].1)));
        }
        let mut trickles: Vec<(&[u8], TcpStream)> = Vec::new();
        for (row, connection) in &mut senders {
            trickles.push((rows[*row].2, connection.stream().try_clone().expect("a second handle of the stream")));
        }
        let trickling = thread::scope(|scope| {
            // Ends the slow sending when it is dropped, also after a failure.
            let (stop, stopped) = std::sync::mpsc::channel::<()>();
            let trickling = scope.spawn(move || {
                while stopped.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
                    trickles.retain_mut(|(bytes, stream)| stream.write_all(bytes).is_ok());
                }
            });
            work(&server, "meanwhile", 20);
            for (row, connection) in &mut senders {
                let (name, _, _, status) = rows[*row];
                if name == "says nothing more" {
                    assert_eq!(connection.answer(false).status, 200, "{name}");
                }
                if let Some(status) = status {
                    let answer = connection.answer(false);
                    assert_eq!((answer.status, answer.header("Connection")), (status, Some("close")), "{name}");
                }
                assert_eq!(connection.rest(), "", "{name}");
            }
            drop(stop);
            trickling.join()
        });
        trickling.expect("the slow sender ends");
    });
}

#[test]
fn slow_readers_of_long_lists_delay_no_request() {
    // Long enough for the others on a busy machine.
    let server = Server::with(&["--write-timeout", "3"]);
    fill(&server, 4000);
    let list = request("GET /api/v1/user HTTP/1.1", "", "");
    let length = server.datadog("GET", "/api/v1/user", None).body.len();
    let cost = check_recovery("32 slow readers of 4,000 users eight times", &server, || {
        // More of them than there are connections for reading the database.
        let mut readers: Vec<TcpStream> = (0..32).map(|_| narrow(&server, list.repeat(8).as_bytes())).collect();
        let (start, mut rounds) = (Instant::now(), 0);
        while rounds == 0 || connection_threads(&server) > 0 {
            // Single bytes do not count as progress.
            for stream in &mut readers {
                let _ = stream.read(&mut [0; 1]);
            }
            work(&server, &format!("beside{rounds}-"), 2);
            let answer = server.datadog("GET", "/api/v1/user", None);
            assert!(answer.status == 200 && answer.body.len() > length);
            rounds += 1;
            assert!(start.elapsed() < PATIENCE, "slow readers are still served");
        }
    });
    // The server does not hold a list for each of them.
    assert!(cost.peak_kib < 32 * 1024, "{cost:?}");
}

#[test]
fn reader_below_the_minimum_rate_is_disconnected() {
    let server = Server::with(&["--write-timeout", "3"]);
    fill(&server, 4000);
    let list = request("GET /api/v1/user HTTP/1.1", "", "");
    check_recovery("a reader of 12 KiB a second", &server, || {
        let mut stream = narrow(&server, list.repeat(8).as_bytes());
        let (start, mut step, mut count) = (Instant::now(), [0; 1228], 0);
        stream.read_exact(&mut [0]).expect("the first byte of the answer");
        while connection_threads(&server) > 0 {
            thread::sleep(Duration::from_millis(100));
            // Bytes that were sent can be read until the connection is reset.
            let Ok(length) = stream.read(&mut step) else { break };
            count += length;
            assert!(start.elapsed() < PATIENCE, "{count} bytes have been sent so slowly, and more");
        }
        println!("a reader of 12 KiB a second: dropped after {count} bytes, {:.1} s", start.elapsed().as_secs_f64());
    });
}

#[test]
fn steady_slow_reader_receives_a_long_list() {
    const WRITE_SECONDS: u32 = 3;
    let server = Server::with(&["--write-timeout", &WRITE_SECONDS.to_string()]);
    fill(&server, 4000);
    let list = request("GET /api/v1/user HTTP/1.1", "Connection: close\r\n", "");
    let length = server.datadog("GET", "/api/v1/user", None).body.len();
    check_recovery("a slow but steady reader", &server, || {
        let mut stream = narrow(&server, list.as_bytes());
        let (start, mut got, mut step) = (Instant::now(), Vec::new(), [0; 16 * 1024]);
        // The whole transfer takes longer than a client may take nothing, and is faster than the lowest speed that is
        // served.
        let whole = Duration::from_secs(1) * (WRITE_SECONDS + 1);
        loop {
            let due = whole.mul_f64(got.len() as f64 / length as f64);
            thread::sleep(due.saturating_sub(start.elapsed()));
            match stream.read(&mut step).expect("the rest of the list") {
                0 => break,
                count => got.extend_from_slice(&step[..count]),
            }
        }
        assert!(got.ends_with(b"\r\n0\r\n\r\n"));
        assert_eq!(got.windows(10).filter(|text| text == b"\"handle\":\"").count(), 4001);
    });
}

// Pipelining

#[test]
fn pipelining_is_answered_in_order_while_the_client_reads() {
    let server = Server::start();
    check_recovery("10,000 requests in a row", &server, || {
        let mut connection = Connection::open(server.address);
        let mut stream = connection.stream().try_clone().expect("a second handle of the stream");
        let sender = thread::spawn(move || {
            let all: String =
                (0..10_000).map(|number| format!("GET /nothing/{number} HTTP/1.1\r\nHost: test\r\n\r\n")).collect();
            stream.write_all(all.as_bytes()).expect("everything is taken");
        });
        for _ in 0..10_000 {
            assert_eq!(connection.answer(false).status, 404);
        }
        sender.join().expect("the sender ends");
    });
}

#[test]
fn pipelining_without_reading_is_disconnected() {
    let server = Server::with(&["--write-timeout", "1"]);
    let ask = request("GET /nuxeo/api/v1/me HTTP/1.1", "", "").repeat(200);
    let cost = check_recovery("8 that send requests and never read", &server, || {
        thread::scope(|scope| {
            for _ in 0..8 {
                let ask = &ask;
                let server = &server;
                scope.spawn(move || {
                    let mut stream = narrow(server, b"");
                    let (start, mut sent) = (Instant::now(), 0);
                    let end = loop {
                        match stream.write_all(ask.as_bytes()) {
                            Ok(()) => sent += ask.len(),
                            Err(error) => break error.kind(),
                        }
                        assert!(start.elapsed() < PATIENCE, "{sent} bytes of requests were taken, and more");
                    };
                    assert_ne!(end, ErrorKind::WouldBlock, "neither taken nor dropped after {sent} bytes");
                });
            }
            work(&server, "aside", 20);
        });
    });
    assert!(cost.peak_kib < 16 * 1024, "{cost:?}");
}

#[test]
fn silent_client_that_reads_nothing_is_disconnected() {
    let server = Server::with(&["--write-timeout", "1"]);
    fill(&server, 4000);
    let list = request("GET /api/v1/user HTTP/1.1", "", "").repeat(20);
    let mut streams = Vec::new();
    check_recovery("16 that ask for long lists and read nothing", &server, || {
        streams.extend((0..16).map(|_| narrow(&server, list.as_bytes())));
        work(&server, "apart", 10);
    });
    // The clients stay to the end, and notice the close only now.
    let mut connection = Connection::open(server.address);
    write(&mut connection, request("GET /api/v1/validate HTTP/1.1", "", ""));
    assert_eq!(connection.answer(false).status, 200);
    drop(streams);
}
