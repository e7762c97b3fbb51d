//! Bad requests: bodies, media types, hosts and identifiers.

use super::bad_input::Target;
use crate::support::client::{Answer, Connection};
use crate::support::scim::{SCIM, assert_error, call, replace};
use crate::support::server::{APP_KEY, Server};
use serde_json::{Value, json};

#[test]
fn bodies_that_are_ambiguous_or_of_another_type_are_refused() {
    let target = Target::new(&[]);
    for body in [
        r#"{"userName":"a","userName":"b"}"#,
        r#"{"userName":"a","USERNAME":"b"}"#,
        r#"{"userName":"a","userName":"a"}"#,
        r#"{"userName":"a","name":{"givenName":"x","givenname":"y"}}"#,
        r#"{"userName":"a","emails":[{"value":"x","Value":"y"}]}"#,
        r#"{"userName":"a","active":true,"ACTIVE":false}"#,
        r#"{"userName":"a"} {}"#,
        r#"{"userName":"a",}"#,
        r#"{'userName':'a'}"#,
        "{\"userName\":\"a\u{1}\"}",
        r#"{"userName":"\ud800"}"#,
        r#"{"userName":1e999}"#,
        "[]",
        "\"ada\"",
        "null",
        "\u{feff}",
        "{",
        "  ",
        "NaN",
    ] {
        let answer = call(&target.server, "POST", "/Users", &json!(body));
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        let scim_type = answer.json()["scimType"].as_str().unwrap_or_default().to_owned();
        assert!(["invalidSyntax", "invalidValue"].contains(&scim_type.as_str()), "{body}: {}", answer.text());
        target.assert_unchanged(body);
    }
    let deep = format!("{}{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    target.refuse("POST", "/Users", &json!(deep), 400, "invalidSyntax");
    target.refuse("POST", "/Users", &json!("[".repeat(100_000)), 400, "invalidSyntax");
    let send = |media_type: &str, body: &[u8]| {
        let key = format!("Bearer {APP_KEY}");
        let headers = [("Authorization", key.as_str()), ("Content-Type", media_type)];
        target.server.request("POST", &format!("{SCIM}/Users"), &headers, Some(body))
    };
    for media_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/scim",
        "application/json+x",
        "application/scim+jsonx",
        "json",
        "*/*",
        "application/jsonp",
    ] {
        assert_error(&send(media_type, br#"{"userName":"x"}"#), 415, "", media_type);
        target.assert_unchanged(media_type);
    }
    for body in [&b"\xff\xfe{}"[..], b"{\"userName\":\"\xff\"}", b"\x00", b"{\"userName\":\"\xed\xa0\x80\"}"] {
        assert_error(&send("application/json", body), 400, "invalidSyntax", "bytes that are no text");
        target.assert_unchanged("bytes");
    }
    let long = format!("{{\"userName\":\"{}\"}}", "x".repeat(1_100_000));
    assert_error(&send("application/json", long.as_bytes()), 413, "", "a long body");
    for media_type in ["application/json; charset=utf-8", "APPLICATION/SCIM+JSON", " application/scim+json ;x=y", ""] {
        assert_error(&send(media_type, br#"{"userName":"ada"}"#), 409, "uniqueness", media_type);
    }
}

/// Sends a request with these header lines, and returns the answer with its whole text.
fn raw(server: &Server, first_line: &str, lines: &str) -> Option<Answer> {
    let mut connection = Connection::open(server.address);
    let message = format!("{first_line}\r\n{lines}Authorization: Bearer {APP_KEY}\r\n\r\n");
    crate::support::client::write(&mut connection, message);
    connection.try_answer(false)
}

#[test]
fn a_hostile_host_breaks_no_address() {
    let target = Target::new(&["--trusted-proxy", "127.0.0.1"]);
    let line = format!("GET {SCIM}{} HTTP/1.1", target.user);
    for host in [
        "evil\"quote",
        "evil\\back",
        "a b",
        "a,b",
        "<script>",
        "a/b",
        "a@b",
        "a#b",
        "a?b",
        "a\tb",
        "é.example.com",
        "example.com\r\nX-Injected: 1",
        "[::1",
        "a%0d%0aX-Injected: 1",
        "%22",
        "",
        " ",
        ":",
        "[::1]:80",
        "x:99999",
        &"a".repeat(5000),
        "example.com:8443",
        "EXAMPLE.com",
    ] {
        for lines in [
            format!("Host: {host}\r\n"),
            format!("Host: test\r\nX-Forwarded-Host: {host}\r\n"),
            format!("Host: test\r\nX-Forwarded-Proto: {host}\r\n"),
            format!("Host: test\r\nForwarded: host={host};proto={host}\r\n"),
        ] {
            let Some(answer) = raw(&target.server, &line, &lines) else { continue };
            assert!([200, 400].contains(&answer.status) || answer.status == 431, "{lines:?}: {}", answer.status);
            assert!(answer.header("X-Injected").is_none(), "{lines:?}");
            if answer.status != 200 {
                continue;
            }
            let document = answer.json();
            let location = document["meta"]["location"].as_str().expect("a location");
            assert!(location.ends_with(&format!("{SCIM}{}", target.user)), "{lines:?}: {location}");
            let is_plain = location.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\<>@#?,".contains(&byte));
            assert!(is_plain, "{lines:?}: {location}");
            assert!(["http://", "https://", "/"].iter().any(|start| location.starts_with(start)), "{location}");
        }
    }
    // The address of a new resource in the header is that of the document.
    let key = format!("Bearer {APP_KEY}");
    let headers = [("Authorization", key.as_str())];
    let answer = target.server.request("POST", &format!("{SCIM}/Users"), &headers, Some(br#"{"userName":"new"}"#));
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.header("Location"), answer.json()["meta"]["location"].as_str());
}

#[test]
fn strange_identifiers_name_nothing() {
    let target = Target::new(&[]);
    let uuid = target.user.trim_start_matches("/Users/");
    let ids = [
        "%00".to_owned(),
        format!("{uuid}%00"),
        "a%2Fb".to_owned(),
        "..%2F..%2Fetc".to_owned(),
        "%2e%2e".to_owned(),
        "%22".to_owned(),
        "%0d%0aX-Injected:1".to_owned(),
        "%F0%9F%92%A5".to_owned(),
        "x".repeat(5000),
        "%20".to_owned(),
        "'%20or%201=1--".to_owned(),
        "%25".to_owned(),
        uuid.to_uppercase() + "x",
        format!("{uuid}%20"),
        "null".to_owned(),
        "ada".to_owned(),
        "1".to_owned(),
        "-1".to_owned(),
        "%C0%AF".to_owned(),
        "%FF".to_owned(),
        "%zz".to_owned(),
        "%".to_owned(),
        ".search".to_owned(),
        "bulkId:x".to_owned(),
    ];
    for id in &ids {
        for endpoint in ["/Users", "/Groups"] {
            let path = format!("{endpoint}/{id}");
            for (method, body) in [
                ("GET", Value::Null),
                ("DELETE", Value::Null),
                ("PUT", json!({"userName": "x", "displayName": "x"})),
                ("PATCH", replace("externalId", json!("x"))),
            ] {
                let answer = call(&target.server, method, &path, &body);
                let status = answer.status;
                let expected: &[u16] = if id == ".search" {
                    &[405]
                } else if id.contains('%') {
                    &[400, 404]
                } else {
                    &[404]
                };
                assert!(expected.contains(&status), "{method} {path}: {status} {}", answer.text());
                let scim_type = answer.json()["scimType"].as_str().unwrap_or_default().to_owned();
                assert_error(&answer, status, &scim_type, &path);
                assert!(answer.header("X-Injected").is_none());
            }
        }
    }
    target.assert_unchanged("strange identifiers");
    for path in ["/v1/Users", "/Users/x/y/z", "/Schemas/x", "/ResourceTypes/x", "/Users/%2e%2e/Groups", "//"] {
        let answer = call(&target.server, "GET", path, &Value::Null);
        assert!([200, 400, 404].contains(&answer.status), "{path}: {}", answer.status);
    }
}
