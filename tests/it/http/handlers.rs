//! The server layer by itself, with handlers that no product has.

use crate::support::client::Connection;
use crate::support::handler::with_handler;
use rollbook::http::Response;
use rollbook::server::Inbound;
use serde_json::json;
use std::io::Write as _;
use std::process::Command;
use std::sync::Mutex;

#[test]
fn a_panic_in_a_handler_is_a_500_and_nothing_else() {
    let handler = |incoming: Inbound<'_>| match incoming {
        Inbound::Request(request) if request.path == "/panic" => panic!("this is part of the test"),
        Inbound::Request(_) => Response::json(200, &json!("fine")),
        Inbound::Rejected(refused) => Response::json(refused.status, &json!(refused.message)),
    };
    with_handler(handler, |address| {
        for _ in 0..32 {
            let mut connection = Connection::open(address);
            connection.send("GET", "/panic", &[], None);
            let answer = connection.answer(false);
            assert_eq!(answer.parts(), (500, json!("Internal server error")));
            assert_eq!(answer.header("Connection"), Some("close"));
            assert_eq!(connection.rest(), "");
        }
        let mut connection = Connection::open(address);
        connection.send("GET", "/", &[], None);
        assert_eq!(connection.answer(false).parts(), (200, json!("fine")));
    });
}

#[test]
fn panic_in_an_error_document_is_still_answered() {
    with_handler(
        |_| panic!("this is part of the test"),
        |address| {
            let mut connection = Connection::open(address);
            connection.send("GET", "/", &[], None);
            let answer = connection.answer(false);
            assert_eq!((answer.status, answer.body.len()), (500, 0));
        },
    );
}

/// Not by itself, as all tests of a process share one log.
#[test]
#[ignore = "the next test runs it in a process of its own"]
fn a_handler_panics_while_its_process_logs() {
    rollbook::logging::start(log::LevelFilter::Info, rollbook::logging::Format::Text);
    with_handler(
        |_| panic!("this is\npart of the test"),
        |address| {
            let mut connection = Connection::open(address);
            connection.send("GET", "/", &[("X-Request-Id", "panic-1")], None);
            assert_eq!(connection.answer(false).header("X-Request-Id"), Some("panic-1"));
        },
    );
    rollbook::logging::flush();
}

#[test]
fn a_panic_in_a_handler_is_a_line_with_the_identifier_of_the_request() {
    let itself = std::env::current_exe().expect("this program");
    let words = ["--exact", "http::handlers::a_handler_panics_while_its_process_logs", "--ignored", "--nocapture"];
    let output = Command::new(itself).args(words).output().expect("this program runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{output:?}");
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("panicked")).collect();
    assert!(!lines.is_empty(), "{said}");
    for line in lines {
        assert!(line.contains("ERROR] a thread panicked at tests/it/http/handlers.rs:"), "{line}");
        assert!(line.ends_with(r": this is\npart of the test (request panic-1)"), "{line}");
    }
    assert!(said.contains("GET / 500 - - "), "{said}");
}

#[test]
fn interrupted_answer_is_not_taken_for_a_whole_one() {
    let handler = |_: Inbound<'_>| {
        let mut pieces = vec![Err(anyhow::anyhow!("broken")), Ok(Some(b",2".to_vec())), Ok(Some(b"[1".to_vec()))];
        Response::json_stream(move || pieces.pop().unwrap_or(Ok(None))).unwrap()
    };
    with_handler(handler, |address| {
        let mut connection = Connection::open(address);
        connection.send("GET", "/", &[], None);
        assert!(connection.try_answer(false).is_none());
    });
}

#[test]
fn http_1_0_client_receives_a_long_answer_without_chunks() {
    let handler = |_: Inbound<'_>| {
        let mut pieces = vec![anyhow::Ok(None), Ok(Some(b",2]".to_vec())), Ok(Some(b"[1".to_vec()))];
        Response::json_stream(move || pieces.pop().unwrap_or(Ok(None))).unwrap()
    };
    with_handler(handler, |address| {
        let mut connection = Connection::open(address);
        connection.stream().write_all(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").unwrap();
        let answer = connection.rest();
        assert!(answer.contains("Connection: close\r\n"), "{answer}");
        assert!(answer.ends_with("\r\n\r\n[1,2]"), "{answer}");
    });
}

#[test]
fn bytes_after_a_close_delimited_answer_are_no_request() {
    static CALLS: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let handler = |incoming: Inbound<'_>| {
        let Inbound::Request(request) = incoming else { return Response::empty(400) };
        CALLS.lock().unwrap().push(request.path.to_owned());
        let mut pieces = vec![anyhow::Ok(None), Ok(Some(b",2]".to_vec())), Ok(Some(b"[1".to_vec()))];
        Response::json_stream(move || pieces.pop().unwrap_or(Ok(None))).unwrap()
    };
    with_handler(handler, |address| {
        let (first, second) = ("GET /first HTTP/1.0", "DELETE /second HTTP/1.0");
        let mut connection = Connection::open(address);
        let both = [first, second].map(|line| format!("{line}\r\nConnection: keep-alive\r\n\r\n")).concat();
        connection.stream().write_all(both.as_bytes()).unwrap();
        let answer = connection.rest();
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
        assert!(answer.contains("Connection: close\r\n") && answer.ends_with("\r\n\r\n[1,2]"), "{answer}");
    });
    assert_eq!(*CALLS.lock().unwrap(), ["/first"]);
}
