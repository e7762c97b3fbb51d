//! The form of answers, and bodies that are refused.

use crate::support::client::Connection;
use crate::support::datadog::{ADA, Headers, USERS, assert_answer, check_refused, create, errors, list, saved};
use crate::support::server::{API_KEY, APP_KEY, Server};
use serde_json::json;

#[test]
fn status_lines_carry_the_usual_phrases() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com"}));
    // Some clients search their error text, made of the status line, for these words.
    let rows = [
        ("GET", ADA, "", 200, "OK"),
        ("POST", USERS, "{}", 400, "Bad Request"),
        ("GET", "/api/v1/user/nobody@example.com", "", 404, "Not Found"),
        ("POST", USERS, r#"{"handle":"ada@example.com"}"#, 409, "Conflict"),
    ];
    for (method, path, body, status, reason) in rows {
        let answer = server.datadog(method, path, (!body.is_empty()).then_some(body));
        assert_eq!((answer.status, answer.reason.as_str()), (status, reason));
    }
    let answer = server.datadog_as("wrong", "GET", USERS, None);
    assert_eq!((answer.status, answer.reason.as_str()), (403, "Forbidden"));
}

#[test]
fn answers_come_uncompressed_and_without_limits_or_redirects() {
    let server = Server::start();
    let headers = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY), ("Accept-Encoding", "gzip, deflate, br")];
    let answer = server.request("GET", USERS, &headers, None);
    assert_eq!(answer.parts(), (200, list(&server)));
    for name in ["Content-Encoding", "Location", "X-RateLimit-Limit", "X-RateLimit-Reset", "X-RateLimit-Remaining"] {
        assert_eq!(answer.header(name), None, "{name}");
    }
}

// Bodies

#[test]
fn body_is_parsed_as_json_whatever_its_content_type() {
    let server = Server::start();
    let labels = [
        "application/json",
        "application/json; charset=utf-8",
        "application/x-www-form-urlencoded",
        "text/plain",
        "application/xml",
        "multipart/form-data; boundary=x",
        "nonsense",
    ];
    for (number, label) in labels.iter().enumerate() {
        let handle = format!("user{number}@example.com");
        let headers = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY), ("Content-Type", label)];
        let body = json!({"handle": handle}).to_string();
        let answer = server.request("POST", USERS, &headers, Some(body.as_bytes()));
        assert_answer(label, &answer, 200, &saved(&handle, json!({})));
    }
    let headers = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)];
    let answer = server.request("POST", USERS, &headers, Some(br#"{"handle":"unlabelled@example.com"}"#));
    assert_answer("no label", &answer, 200, &saved("unlabelled@example.com", json!({})));
}

#[test]
fn body_that_is_no_json_object_is_refused_and_changes_nothing() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com", "name": "Ada"}));
    let before = list(&server);
    let brackets = "[".repeat(100_000);
    let braces = r#"{"handle":"#.repeat(50_000);
    let nested = format!(r#"{{"handle":"bob@example.com","name":{brackets}"#);
    let closed = format!(r#"{{"handle":"bob@example.com","name":{brackets}{}}}"#, "]".repeat(100_000));
    let malformed: &[&[u8]] = &[
        b"{",
        b"}",
        b"nonsense",
        br#"{"handle""#,
        br#"{"handle":"#,
        br#"{"handle":"bob@example.com"#,
        br#"{"handle":"bob@example.com""#,
        br#"{"handle":"bob@example.com",}"#,
        br#"{"handle":"bob@example.com"} {"handle":"carl@example.com"}"#,
        br#"{"handle":"bob@example.com"}x"#,
        br#"{handle:"bob@example.com"}"#,
        br#"{'handle':'bob@example.com'}"#,
        br#"handle=bob@example.com"#,
        br#"{"handle":"bob@example.com","name":"\ud800"}"#,
        br#"{"handle":"bob@example.com","name":"\x41"}"#,
        b"{\"handle\":\"bob@example.com\",\"name\":\"a\nb\"}",
        b"{\"handle\":\"bob@example.com\",\"name\":\"a\0b\"}",
        b"{\"handle\":\"bob@example.com\",\"name\":\"\xff\xfe\"}",
        b"{\"handle\":\"bob\xc3@example.com\"}",
        b"\xff",
        b"\0",
        brackets.as_bytes(),
        braces.as_bytes(),
        nested.as_bytes(),
    ];
    let headers = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)];
    for (method, path) in [("POST", USERS), ("PUT", ADA)] {
        for body in malformed {
            let call = format!("{method} {}", String::from_utf8_lossy(body));
            let answer = server.request(method, path, &headers, Some(body));
            assert_answer(&call, &answer, 400, &errors("Request body is not valid JSON: …"));
            assert_eq!(list(&server), before, "{:.200}", call);
        }
        for body in ["[]", "[{}]", r#""text""#, "7", "true", "null", r#"[{"handle":"bob@example.com"}]"#] {
            check_refused(&server, &[(method, path, body, 400, errors("Request body is not a JSON object"))]);
        }
        // The body is well formed JSON but not valid text. The message may name any of its faults.
        check_refused(&server, &[(method, path, &closed, 400, errors("…"))]);
    }
    check_refused(
        &server,
        &[
            // No body is an empty object, in which the handle is missing.
            ("POST", USERS, "", 400, errors("Required parameter 'handle' is missing")),
            ("POST", USERS, " ", 400, errors("Required parameter 'handle' is missing")),
            // The handle is looked up before the body is read.
            ("PUT", "/api/v1/user/nobody@example.com", &brackets, 404, errors("user not found")),
        ],
    );
}

#[test]
fn connection_survives_every_refusal_of_the_dialect() {
    let server = Server::start();
    let keys = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)];
    let wrong = [("DD-API-KEY", "wrong")];
    let mut connection = Connection::open(server.address);
    let rows: &[(&str, &str, Headers<'_>, &str, u16)] = &[
        ("POST", USERS, &keys, "{}", 400),
        ("POST", USERS, &keys, "{", 400),
        ("GET", USERS, &wrong, "", 403),
        ("POST", USERS, &wrong, r#"{"handle":"ada@example.com"}"#, 403),
        ("GET", ADA, &keys, "", 404),
        ("PATCH", ADA, &keys, "{}", 405),
        ("POST", USERS, &keys, r#"{"handle":"ada@example.com"}"#, 200),
        ("POST", USERS, &keys, r#"{"handle":"ada@example.com"}"#, 409),
        ("DELETE", ADA, &keys, "", 200),
        ("DELETE", ADA, &keys, "", 400),
        ("GET", ADA, &keys, "", 200),
    ];
    for (method, path, headers, body, status) in rows {
        connection.send(method, path, headers, Some(body.as_bytes()));
        let answer = connection.answer(false);
        assert_eq!(answer.status, *status, "{method} {path} {body}: {}", answer.text());
        assert_eq!(answer.header("Connection"), None, "{method} {path} {body}");
    }
}
