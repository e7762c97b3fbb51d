//! Request identifiers: in answers and in log lines.

use crate::support::client::{Connection, basic, create, opened, request};
use crate::support::database::Database;
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, Server};
use std::collections::BTreeSet;
use std::sync::Arc;

const VALIDATE: &str = "GET /api/v1/validate HTTP/1.1";

/// Sends a request with these lines in its head, and returns the identifier of the answer.
fn identifier(server: &Server, lines: &str) -> String {
    let answer = opened(server, request(VALIDATE, lines, "")).answer(false);
    answer.header("X-Request-Id").expect("an identifier").to_owned()
}

/// Eight digits of the start, and a number.
fn assert_made(id: &str) {
    let (start, number) = id.split_once('-').unwrap_or_else(|| panic!("{id:?} is no identifier of the server"));
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    assert!(start.len() == 8 && start.bytes().all(hex), "{id:?}");
    assert!(number.parse::<u64>().is_ok() && number.len() <= 6, "{id:?}");
}

/// The one line of the log that has all of these words.
fn line_with(server: &Server, words: &[&str]) -> String {
    server.wait_for_lines(1, |line| words.iter().all(|word| line.contains(word))).remove(0)
}

// The identifier of a request

#[test]
fn a_client_finds_its_identifier_in_the_answer_and_at_the_end_of_the_line() {
    let server = Server::start();
    let longest = "x".repeat(128);
    let given = ["7", "a.b_c~d:e+f/g=h@i-j", "Root=1-67891233-abcdef012345678912345678", &longest];
    for id in given {
        assert_eq!(identifier(&server, &format!("X-Request-Id: {id}\r\n")), id);
        assert_eq!(identifier(&server, &format!("x-request-id:  {id}\t\r\n")), id);
    }
    for id in given {
        server.wait_for_lines(2, |line| line.ends_with(&format!(" ms {id}")) && line.contains("/validate 200"));
    }
}

#[test]
fn invalid_request_id_is_replaced() {
    let server = Server::start();
    let too_long = "x".repeat(129);
    let odd = ["", " ", "a b", "a\tb", "a,b", "a;b", "\"a\"", "a'b", "a\\b", "%41", "<a>", "(a)", "é", &too_long];
    let mut made = BTreeSet::new();
    for id in odd {
        let found = identifier(&server, &format!("X-Request-Id: {id}\r\n"));
        assert_made(&found);
        assert!(made.insert(found), "{made:?}");
    }
    for lines in ["", "X-Request-Id: uno\r\nX-Request-Id: due\r\n", "X-Request-Id: uno\r\nx-request-id: uno\r\n"] {
        let found = identifier(&server, lines);
        assert_made(&found);
        assert!(made.insert(found), "{made:?}");
    }
    let starts: BTreeSet<&str> = made.iter().map(|id| id.split('-').next().unwrap_or_default()).collect();
    assert_eq!(starts.len(), 1, "{made:?}");
    // Nothing that was replaced is in the log.
    let log = server.stop_for_log();
    for id in &made {
        assert_eq!(log.lines().filter(|line| line.ends_with(&format!(" ms {id}"))).count(), 1, "{id}:\n{log}");
    }
    for word in ["xxx", "uno", "due", "%41"] {
        assert!(!log.contains(word), "{word}:\n{log}");
    }
}

#[test]
fn each_request_of_a_connection_has_an_identifier_of_its_own() {
    let server = Server::start();
    let mut connection = Connection::open(server.address);
    let mut ask = |lines: &[(&str, &str)]| {
        connection.send("GET", "/healthz", lines, None);
        connection.answer(false).header("X-Request-Id").expect("an identifier").to_owned()
    };
    let first = ask(&[]);
    assert_eq!(ask(&[("X-Request-Id", "mine")]), "mine");
    let third = ask(&[]);
    assert_made(&first);
    assert_made(&third);
    assert_ne!(first, third);
    // Requests at the same time have different identifiers.
    let mut connection = opened(&server, request(VALIDATE, "", "").repeat(3));
    let ids: BTreeSet<String> =
        (0..3).map(|_| connection.answer(false).header("X-Request-Id").expect("an identifier").to_owned()).collect();
    assert_eq!(ids.len(), 3, "{ids:?}");
}

#[test]
fn request_ids_do_not_repeat_after_a_restart() {
    let folder = Arc::new(Folder::new());
    let mut ids = BTreeSet::new();
    for _ in 0..3 {
        let server = Server::over(Arc::clone(&folder), &[]);
        assert!(ids.insert(identifier(&server, "")), "{ids:?}");
        assert!(server.stop().success());
    }
}

#[test]
fn every_answer_has_the_identifier_of_its_line() {
    let server = Server::with(&["--max-body-bytes", "100"]);
    let impatient = Server::with(&["--head-timeout", "0.3", "--body-timeout", "0.3"]);
    for number in 0..600 {
        let body = format!(r#"{{"handle":"user{number}@example.com"}}"#);
        let create = create(&format!("Content-Length: {}\r\n", body.len()), &body);
        assert_eq!(opened(&server, create).answer(false).status, 200);
    }
    let head = |line: &str, lines: &str| request(line, &format!("X-Request-Id: mine-STATUS\r\n{lines}"), "");
    let broken = |head: &str| format!("{head}\r\nHost: test\r\nX-Request-Id: mine\r\n\r\n");
    let padding = "x".repeat(17 * 1024);
    // True if the answer has the client's identifier: the server takes none from an invalid head.
    let rows = [
        (200, true, head(VALIDATE, "")),
        (200, true, head("GET /api/v1/user HTTP/1.1", "")),
        (200, true, head("HEAD /api/v1/user HTTP/1.1", "")),
        (201, true, head("GET /nuxeo/authentication/token?applicationName=a&deviceId=b&permission=rw HTTP/1.1", "")),
        (400, true, head("GET /api/v1/user/%zz HTTP/1.1", "")),
        (400, true, head("GET / HTTP/1.1", "Host: other\r\n")),
        (400, true, head("POST / HTTP/1.1", "Content-Length: +1\r\n")),
        (400, true, head("POST /api/v1/user HTTP/1.1", "Transfer-Encoding: chunked\r\n") + "x\r\n"),
        (400, false, broken("GET /broken")),
        (400, false, head("GET / HTTP/1.1", "").replace("\r\n\r\n", "\n\n")),
        (403, true, "GET /api/v1/user HTTP/1.1\r\nHost: test\r\nX-Request-Id: mine-STATUS\r\n\r\n".to_owned()),
        (404, true, head("GET /nowhere HTTP/1.1", "")),
        (405, true, head("BREW /healthz HTTP/1.1", "")),
        (408, false, "GET / HTTP/1.1\r\nX-Request-Id: mine\r\n".to_owned()),
        (408, true, head("POST /api/v1/user HTTP/1.1", "Content-Length: 9\r\n")),
        (413, true, head("POST /api/v1/user HTTP/1.1", "Content-Length: 101\r\n")),
        (414, false, format!("GET /{padding} HTTP/1.1\r\n\r\n")),
        (417, true, head("GET / HTTP/1.1", "Expect: more\r\n")),
        (431, false, broken(&format!("GET / HTTP/1.1\r\nX-Padding: {padding}"))),
        (501, true, head("POST / HTTP/1.1", "Transfer-Encoding: gzip\r\n")),
        (505, false, broken("GET / HTTP/2.0")),
    ];
    for (row, (status, own, message)) in rows.iter().enumerate() {
        let mine = format!("mine-{row}");
        let message = message.replace("mine-STATUS", &mine);
        let server = if *status == 408 { &impatient } else { &server };
        let answer = opened(server, &message).answer(message.starts_with("HEAD"));
        let shown: String = message.chars().take(60).collect();
        assert_eq!(answer.status, *status, "{shown}");
        let ids: Vec<&str> = answer
            .headers
            .iter()
            .filter_map(|(name, value)| name.eq_ignore_ascii_case("X-Request-Id").then_some(value.as_str()))
            .collect();
        assert_eq!(ids.len(), 1, "{shown}: {ids:?}");
        if *own {
            assert_eq!(ids[0], mine, "{shown}");
        } else {
            assert_made(ids[0]);
        }
        let line = line_with(server, &[&format!(" ms {}", ids[0]), &format!(" {status} ")]);
        assert!(line.ends_with(ids[0]), "{line}");
    }
}

#[test]
fn every_log_line_of_a_request_has_its_id() {
    let server = Server::start();
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let headers = [("Authorization", authorization.as_str()), ("X-Request-Id", "said-1")];
    let body = br#"{"params":{"message":"hear hear","level":"warn"}}"#;
    let answer = server.request("POST", "/nuxeo/api/v1/automation/Log", &headers, Some(body));
    assert_eq!(answer.status, 204);
    let line = line_with(&server, &["hear hear"]);
    assert!(line.contains("WARN") && line.ends_with(" says: hear hear (request said-1)"), "{line}");

    // The log line has the cause that the answer hides, and the same identifier.
    let connection = Database::open(server.folder.db()).expect("the database");
    connection.execute_batch("alter table groups rename to elsewhere").expect("a broken schema");
    let body = r#"{"handle":"ada@example.com","access_role":"adm"}"#;
    let message = create(&format!("Content-Length: {}\r\nX-Request-Id: broken-1\r\n", body.len()), body);
    let answer = opened(&server, message).answer(false);
    assert_eq!((answer.status, answer.header("X-Request-Id")), (500, Some("broken-1")));
    assert!(!answer.text().contains("table"), "{}", answer.text());
    let line = line_with(&server, &["no such table", "ERROR"]);
    assert!(line.ends_with(" (request broken-1)"), "{line}");
    // Its statement has several lines.
    let answer = opened(&server, request("GET /nuxeo/api/v1/group/search?q=x HTTP/1.1", "", "")).answer(false);
    assert_eq!(answer.status, 500, "{}", answer.text());
    let id = answer.header("X-Request-Id").expect("an identifier");
    let line = line_with(&server, &[&format!("(request {id})")]);
    assert!(line.contains("ERROR") && line.contains("no such table"), "{line}");

    // A line that belongs to no request has none.
    let log = server.stop_for_log();
    assert!(log.lines().all(|line| line.starts_with("[20")), "{log}");
    assert_eq!(log.lines().filter(|line| line.ends_with("INFO ] stopping")).count(), 1, "{log}");
}
