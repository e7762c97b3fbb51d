//! Clients that disconnect in the middle: the database has the whole of a request or nothing of it.

use crate::support::client::basic;
use crate::support::database::Database;
use crate::support::resource_guard::check_recovery;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use serde_json::{Value, json};
use socket2::SockRef;
use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

/// The way a client disconnects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Disconnect {
    /// Closes the connection in good order.
    Close,
    /// Resets the connection; the reset can overtake sent bytes.
    Reset,
}

/// A request, and the message that asks for it.
struct Call {
    what: &'static str,
    message: String,
}

fn keys() -> String {
    format!("DD-API-KEY: {API_KEY}\r\nDD-APPLICATION-KEY: {APP_KEY}\r\n")
}

fn login() -> String {
    format!("Authorization: {}\r\n", basic("Administrator", ADMIN_PASSWORD))
}

fn call(what: &'static str, first_line: &str, credentials: &str, body: Option<&Value>, chunked: bool) -> Call {
    // White space at the end: what is cut off there would still be a document.
    let body = body.map(|body| format!("{body} \n"));
    let framed = match body {
        None => "\r\n".to_owned(),
        Some(body) if chunked => {
            let (start, end) = body.split_at(body.len() / 2);
            let chunks = format!("{:x}\r\n{start}\r\n{:x};x=y\r\n{end}\r\n0\r\nX: y\r\n\r\n", start.len(), end.len());
            format!("Transfer-Encoding: chunked\r\n\r\n{chunks}")
        }
        Some(body) => format!("Content-Length: {}\r\n\r\n{body}", body.len()),
    };
    Call { what, message: format!("{first_line} HTTP/1.1\r\nHost: test\r\n{credentials}{framed}") }
}

/// Sends the first bytes of a message and disconnects.
fn send_and_go(server: &Server, bytes: &[u8], disconnect: Disconnect) {
    let mut stream = TcpStream::connect(server.address).expect("the server accepts");
    if disconnect == Disconnect::Reset {
        SockRef::from(&stream).set_linger(Some(Duration::ZERO)).expect("a reset at the end");
    }
    stream.write_all(bytes).expect("the bytes are taken");
}

/// Everything that a client can see of the users and groups of these tests.
fn state(server: &Server) -> [Value; 3] {
    let users = server.datadog("GET", "/api/v1/user", None);
    let groups = server.nuxeo("GET", "/group/search?q=*&fetch-group=memberUsers,memberGroups", None);
    let ada = server.nuxeo("GET", "/user/ada@example.com", None);
    for answer in [&users, &groups] {
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    [users.json(), groups.json(), ada.parts().1]
}

#[test]
fn request_cut_at_any_byte_is_executed_whole_or_not_at_all() {
    let server = Server::start();
    let changes = json!({"name": "Changed", "email": "changed@example.com", "access_role": "ro", "disabled": true});
    let user = json!({"handle": "cut@example.com", "name": "Cut", "access_role": "adm"});
    let properties = json!({"username": "cut", "firstName": "C", "groups": ["members"], "password": "a secret"});
    let group = json!({"entity-type": "group", "groupname": "cut", "memberUsers": ["ada@example.com"]});
    let entity = json!({"entity-type": "user", "properties": properties});
    let renamed = json!({"entity-type": "user", "id": "ada@example.com",
        "properties": {"username": "ada@example.com", "lastName": "Changed", "groups": []}});
    let (keys, login) = (keys(), login());
    let ada = "/api/v1/user/ada@example.com";
    let calls = [
        call("GET with keys", "GET /api/v1/user", &keys, None, false),
        call("GET with Basic", "GET /nuxeo/api/v1/user/search?q=*", &login, None, false),
        call("POST with keys and a length", "POST /api/v1/user", &keys, Some(&user), false),
        call("POST with keys and chunks", "POST /api/v1/user", &keys, Some(&user), true),
        call("POST with Basic and a length", "POST /nuxeo/api/v1/user", &login, Some(&entity), false),
        call("POST with Basic and chunks", "POST /nuxeo/api/v1/group", &login, Some(&group), true),
        call("PUT with keys", &format!("PUT {ada}"), &keys, Some(&changes), false),
        call("PUT with Basic", "PUT /nuxeo/api/v1/user/ada@example.com", &login, Some(&renamed), true),
        call("DELETE with keys", &format!("DELETE {ada}"), &keys, None, false),
        call("DELETE with Basic", "DELETE /nuxeo/api/v1/user/ada@example.com", &login, None, false),
    ];
    let body = r#"{"handle":"ada@example.com","name":"Ada"}"#;
    assert_eq!(server.datadog("POST", "/api/v1/user", Some(body)).status, 200);
    let added = server.nuxeo("POST", "/user/ada@example.com/group/members", None);
    assert_eq!(added.status, 201, "{}", added.text());
    let before = state(&server);
    for Call { what, message } in &calls {
        let bytes = message.as_bytes();
        check_recovery(&format!("{what}, cut at each of {} bytes, twice", bytes.len()), &server, || {
            for end in 0..bytes.len() {
                for disconnect in [Disconnect::Close, Disconnect::Reset] {
                    send_and_go(&server, &bytes[..end], disconnect);
                }
            }
        });
        // The server executed none of them.
        assert_eq!(state(&server), before, "{what}");
    }
}

#[test]
fn request_without_a_reader_is_executed_whole_or_not_at_all() {
    let server = Server::start();
    let (keys, login) = (keys(), login());
    const ROUNDS: usize = 60;
    // The second part changes what the first has created: two requests of clients that have gone may change places.
    for part in ["made", "changed"] {
        check_recovery(&format!("180 complete requests whose senders left, {part}"), &server, || {
            for number in 0..ROUNDS {
                let disconnect = if number % 2 == 0 { Disconnect::Close } else { Disconnect::Reset };
                let name = format!("gone{number}@example.com");
                let user = json!({"handle": name, "name": "Gone", "access_role": "adm"});
                let group = json!({"entity-type": "group", "groupname": format!("gone{number}"),
                    "grouplabel": "Gone", "memberUsers": ["Administrator"]});
                let put = json!({"name": "Changed", "email": "changed@example.com"});
                let calls = match part {
                    "made" => [
                        call("POST", "POST /api/v1/user", &keys, Some(&user), number % 4 < 2),
                        call("POST", "POST /nuxeo/api/v1/group", &login, Some(&group), number % 4 < 2),
                        call("GET", "GET /api/v1/user", &keys, None, false),
                    ],
                    _ => [
                        call("PUT", &format!("PUT /api/v1/user/{name}"), &keys, Some(&put), false),
                        call("GET", "GET /nuxeo/api/v1/me", &login, None, false),
                        call("GET", "GET /nuxeo/api/v1/group/search?q=*", &login, None, false),
                    ],
                };
                for call in calls {
                    send_and_go(&server, call.message.as_bytes(), disconnect);
                }
            }
        });
    }
    let mut counts = [0; 3];
    for number in 0..ROUNDS {
        let name = format!("gone{number}@example.com");
        let user = server.datadog("GET", &format!("/api/v1/user/{name}"), None);
        if user.status == 200 {
            // The role is a membership in another table, and the change came as a request of its own.
            let user = &user.json()["user"];
            assert_eq!(user["access_role"], "adm", "{user}");
            let changed = [&user["name"], &user["email"]] == ["Changed", "changed@example.com"];
            assert!(changed || [&user["name"], &user["email"]] == ["Gone", &*name], "{user}");
            counts[0] += 1;
            counts[1] += usize::from(changed);
        } else {
            assert_eq!(user.status, 404);
        }
        let group = server.nuxeo("GET", &format!("/group/gone{number}?fetch-group=memberUsers"), None);
        if group.status == 200 {
            let group = group.json();
            assert_eq!((&group["grouplabel"], &group["memberUsers"]), (&json!("Gone"), &json!(["Administrator"])));
            counts[2] += 1;
        } else {
            assert_eq!(group.status, 404);
        }
    }
    let [users, changes, groups] = counts;
    println!("of {ROUNDS}: {users} users, {changes} changes and {groups} groups, each complete");
    // At least the requests of clients that closed in good order were executed.
    assert!(counts.iter().all(|count| *count >= ROUNDS / 2), "{counts:?}");
    let folder = std::sync::Arc::clone(&server.folder);
    assert!(server.stop().success());
    let database = Database::open(folder.db()).expect("the database is there");
    let check: String = database.query_row("pragma integrity_check", [], |row| row.get(0)).expect("a verdict");
    assert_eq!(check, "ok");
}
