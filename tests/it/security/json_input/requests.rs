//! Hostile JSON in the bodies of requests.

use super::hostile::{KEYS, assert_valid, nested, page};
use crate::support::client::basic;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use crate::support::ui::session_cookie;
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

/// Every operation that takes JSON: the credentials to send, method and path.
const OPERATIONS: [(&str, &str, &str); 16] = [
    ("keys", "POST", "/api/v1/user"),
    ("keys", "PUT", "/api/v1/user/administrator"),
    ("keys", "POST", "/api/v1/invite_users"),
    ("basic", "POST", "/nuxeo/api/v1/user"),
    ("basic", "PUT", "/nuxeo/api/v1/user/Administrator"),
    ("basic", "POST", "/nuxeo/api/v1/group"),
    ("basic", "PUT", "/nuxeo/api/v1/group/members"),
    ("basic", "PUT", "/nuxeo/api/v1/me/changepassword"),
    ("basic", "POST", "/nuxeo/site/automation/Log"),
    ("page", "POST", "/ui/api/session"),
    ("page", "PUT", "/ui/api/password"),
    ("page", "POST", "/ui/api/users"),
    ("page", "PATCH", "/ui/api/users/Administrator"),
    ("page", "PUT", "/ui/api/users/Administrator/password"),
    ("page", "POST", "/ui/api/groups"),
    ("page", "PATCH", "/ui/api/groups/members"),
];

#[test]
fn text_inside_json_is_never_decoded_again() {
    let server = Server::start();
    let cookie = session_cookie(&server);
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let headers = |credentials: &str| match credentials {
        "keys" => vec![("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)],
        "basic" => vec![("Authorization", authorization.as_str())],
        _ => vec![("Cookie", cookie.as_str()), ("X-Requested-With", "rollbook")],
    };
    let attack = |body: &str| {
        for (credentials, method, path) in OPERATIONS {
            for headers in [headers(credentials), vec![("X-Requested-With", "rollbook")]] {
                let answer = server.request(method, path, &headers, Some(body.as_bytes()));
                assert!((200..500).contains(&answer.status), "{method} {path} {body}: {}", answer.status);
                if !answer.body.is_empty() {
                    assert_valid(answer.text(), path);
                }
            }
        }
    };
    for key in KEYS {
        let deep = nested(key, 10, 120);
        attack(&deep);
        attack(&format!("[{deep}]"));
        attack(&format!("{{\"user\":{deep},\"password\":{deep},\"handle\":{deep},\"properties\":{deep}}}"));
        attack(&format!("{{\"entity-type\":\"user\",\"id\":{deep},\"properties\":{{\"username\":{deep}}}}}"));
        attack(&format!("{{\"entity-type\":\"group\",\"id\":\"g\",\"memberUsers\":[{deep}],\"properties\":{deep}}}"));
        attack(&format!("{{\"{key}\":\"{{}}\"}}"));
        attack(&format!("{{\"{key}\":{}}}", json!({"user": "Administrator", "password": ADMIN_PASSWORD})));
        attack(&format!("{{\"\\u0024{}\":\"7\"}}", &key[1..]));
    }
    attack(&"[".repeat(100_000));
    attack(&"{\"a\":".repeat(100_000));
    // A sign-in that only a vulnerable parser would find inside the text.
    let inside = json!({"user": "Administrator", "password": ADMIN_PASSWORD}).to_string();
    let body = json!({ KEYS[0]: inside }).to_string();
    let answer = page(&server, "", "POST", "session", Some(&body));
    assert_eq!(answer.parts(), (400, json!({"error": format!("there is no field {} here", KEYS[0])})));
    assert_eq!(server.nuxeo("GET", "/me", None).status, 200);
    assert!(server.stop().success());
}

#[test]
fn admin_socket_never_decodes_text_again() {
    let server = Server::start();
    let socket = server.folder.path().join("rollbook.db.sock");
    for key in KEYS {
        let deep = nested(key, 10, 120);
        for body in [
            deep.clone(),
            format!("{{\"account\":\"x\",\"order\":{deep}}}"),
            format!(
                "{{\"account\":\"x\",\"order\":{{\"add_user\":{{\"name\":\"u\",\"properties\":{{\"p\":{deep}}}}}}}}}"
            ),
        ] {
            let mut stream = UnixStream::connect(&socket).expect("the socket");
            let head = format!(
                "POST /orders HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).expect("a request");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).expect("an answer");
            let status: u16 = answer["HTTP/1.1 ".len()..][..3].parse().expect("a status");
            assert!([200, 400, 409].contains(&status), "{answer}");
        }
    }
    assert_eq!(server.nuxeo("GET", "/me", None).status, 200);
    assert!(server.stop().success());
}
