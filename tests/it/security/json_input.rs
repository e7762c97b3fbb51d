//! JSON from outside: no key of an object has a meaning of its own, no text is decoded again, and what was stored is
//! valid JSON for every reader.

use crate::support::cli::{rollbook, run, said};
use crate::support::client::{Answer, basic};
use crate::support::database::Database;
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use crate::support::ui::session_cookie;
use rollbook::json::{Json, members};
use serde_json::json;
use std::collections::HashSet;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

/// Keys to which a library for JSON gives a meaning in some of its configurations.
const KEYS: [&str; 2] = ["$serde_json::private::RawValue", "$serde_json::private::Number"];

/// An object with that key, whose text holds arrays around another such object, and so on: a reader that decodes the
/// text goes deeper than its limit of depth.
fn nested(key: &str, levels: usize, depth: usize) -> String {
    let mut value = "1".to_owned();
    for _ in 0..levels {
        let text = format!("{}{value}{}", "[".repeat(depth), "]".repeat(depth));
        value = json!({ key: text }).to_string();
    }
    value
}

/// Values that a reader with a weakness for these keys takes for something else.
fn hostile_values() -> Vec<String> {
    let mut values = vec!["18446744073709551616".to_owned(), "1.10".to_owned(), "1e400".to_owned(), "-0".to_owned()];
    for key in KEYS {
        let escaped = format!("\\u0024{}", &key[1..]);
        values.push(nested(key, 10, 120));
        values.push(nested(key, 1, 0));
        for value in ["\"1\"", "\"[1,2]\"", "\"}\"", "\"\"", "1", "null", "{\"a\":1}"] {
            values.push(format!("{{\"{key}\":{value}}}"));
            values.push(format!("{{\"{escaped}\":{value}}}"));
            values.push(format!("{{\"{key}\":{value},\"b\":2}}"));
            values.push(format!("[[{{\"a\":{{\"{key}\":{value}}}}}]]"));
        }
    }
    values
}

/// Requires valid JSON in which no object has a key twice.
fn assert_valid(text: &str, call: &str) {
    fn keys(value: &str, call: &str) {
        let value = value.trim_start();
        if value.starts_with('{') {
            let members = members(value).unwrap_or_else(|error| panic!("{error} in {call}"));
            let mut seen = HashSet::new();
            for (key, inner) in members {
                assert!(seen.insert(key.clone()), "{key:?} comes twice in {call}");
                keys(inner, call);
            }
        } else if value.starts_with('[') {
            // An array is looked through as the value of a key.
            let Json::Array(items) = Json::parse_stored(value.as_bytes()).expect("an array") else { unreachable!() };
            items.iter().filter(|item| matches!(item, Json::Object(_))).for_each(|item| keys(&item.to_string(), call));
        }
    }
    if let Err(error) = Json::parse_stored(text.as_bytes()) {
        panic!("{error}: {call} answers {text}");
    }
    keys(text, call);
}

/// A call of the page.
fn page(server: &Server, cookie: &str, method: &str, path: &str, body: Option<&str>) -> Answer {
    let headers = [("Cookie", cookie), ("X-Requested-With", "rollbook")];
    server.request(method, &format!("/ui/api/{path}"), &headers, body.map(str::as_bytes))
}

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
    // A sign-in that only a reader with that weakness would find inside the text.
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

/// A file of JSON lines, one user for each hostile value and each key as the name of a property.
fn hostile_file() -> String {
    let mut lines = String::new();
    for (number, value) in hostile_values().into_iter().enumerate() {
        lines.push_str(&format!("{{\"kind\":\"user\",\"name\":\"file{number}\",\"properties\":{{\"p\":{value}}}}}\n"));
        lines
            .push_str(&format!("{{\"kind\":\"group\",\"name\":\"group{number}\",\"properties\":{{\"p\":{value}}}}}\n"));
        lines.push_str(&format!("{{\"name\":\"ignored{number}\",\"{}\":{value}}}\n", KEYS[number % 2]));
        lines.push_str(&format!("{value}\n"));
    }
    for key in KEYS {
        lines.push_str(&format!("{{\"name\":\"{key}\",\"properties\":{{\"{key}\":\"1\"}}}}\n"));
    }
    lines
}

#[test]
fn a_hostile_file_is_imported_row_by_row_with_a_server_and_without() {
    let file = hostile_file();
    let values = hostile_values().len();
    for with_server in [false, true] {
        let folder = Arc::new(Folder::new());
        let server = Server::over(Arc::clone(&folder), &[]);
        let server = if with_server {
            Some(server)
        } else {
            assert!(server.stop().success());
            None
        };
        std::fs::write(folder.path().join("in.jsonl"), &file).expect("a file");
        let (status, out, err) = said(&run(&folder, &["import", folder.path().join("in.jsonl").to_str().unwrap()]));
        assert_eq!(status, 1, "{out}{err}");
        let (status, out, err) = said(&run(&folder, &["export", "-", "--format", "jsonl"]));
        assert_eq!(status, 0, "{err}");
        out.lines().for_each(|line| assert_valid(line, "export"));
        for (number, value) in hostile_values().into_iter().enumerate() {
            let value = Json::parse_stored(value.as_bytes()).unwrap();
            let line = out.lines().find(|line| line.contains(&format!("\"name\":\"file{number}\""))).expect("the user");
            let line = Json::parse_stored(line.as_bytes()).unwrap();
            assert_eq!(line.get("properties").and_then(|properties| properties.get("p")), Some(&value));
        }
        assert_eq!(out.lines().filter(|line| line.contains("\"name\":\"ignored")).count(), values);
        if let Some(server) = server {
            assert!(server.stop().success());
        }
        let (status, out, err) = said(&run(&folder, &["check"]));
        assert_eq!(status, 0, "{out}{err}");
    }
}

#[test]
fn hostile_json_in_a_pull_does_no_harm() {
    for key in KEYS {
        let deep = nested(key, 10, 120);
        let entry = json!({"handle": "a@example.com", "name": "A"}).to_string();
        for body in [
            format!("{{\"users\":[{deep},{entry}]}}"),
            format!("{{\"{key}\":\"{{}}\",\"users\":[{entry}]}}"),
            format!("{{\"entries\":[{deep}],\"resultsCount\":1}}"),
            format!("{{\"entries\":[{{\"id\":\"a\",\"properties\":{{\"p\":{deep}}}}}],\"resultsCount\":1}}"),
            deep.clone(),
        ] {
            for source in ["datadog", "nuxeo"] {
                let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
                let url = format!("http://{}", listener.local_addr().unwrap());
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                std::thread::spawn(move || {
                    for mut stream in listener.incoming().flatten() {
                        let mut head = [0; 4096];
                        let _ = stream.read(&mut head);
                        let _ = stream.write_all(answer.as_bytes());
                    }
                });
                let folder = Folder::new();
                let mut command = rollbook();
                command
                    .args(["pull", source, "--from", &url, "--user", "Administrator"])
                    .env("ROLLBOOK_DB", folder.db());
                if source == "datadog" {
                    command = rollbook();
                    command.args(["pull", source, "--from", &url]).env("ROLLBOOK_DB", folder.db());
                }
                command.envs([("DD_API_KEY", "x"), ("DD_APP_KEY", "x"), ("NUXEO_PASSWORD", "x")]);
                let output = command.output().expect("the command runs");
                assert!(output.status.code().is_some_and(|code| code < 2), "{source} {body}: {output:?}");
            }
        }
    }
}

/// Values as earlier versions have stored them, deeper than a client may send one today.
fn stored_values() -> Vec<String> {
    let mut values = hostile_values();
    values.push(format!("{}{}", "[".repeat(990), "]".repeat(990)));
    values.push(format!("{}1{}", "{\"a\":".repeat(990), "}".repeat(990)));
    values
}

#[test]
fn stored_values_are_sent_as_valid_json_without_duplicate_keys() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    let values = stored_values();
    // What clients can send today comes by them.
    for (number, value) in hostile_values().iter().enumerate() {
        let user = format!(
            "{{\"entity-type\":\"user\",\"properties\":{{\"username\":\"sent{number}\",\"p\":{value},\"{}\":{value}}}}}",
            KEYS[number % 2]
        );
        assert_eq!(server.nuxeo("POST", "/user", Some(&user)).status, 201, "{user}");
        let group = format!(
            "{{\"entity-type\":\"group\",\"id\":\"team{number}\",\"properties\":{{\"p\":{value},\"{}\":{value}}}}}",
            KEYS[number % 2]
        );
        assert_eq!(server.nuxeo("POST", "/group", Some(&group)).status, 201, "{group}");
        let change = format!("{{\"entity-type\":\"user\",\"properties\":{{\"p\":[{value}]}}}}");
        assert_eq!(server.nuxeo("PUT", &format!("/user/sent{number}"), Some(&change)).status, 200, "{change}");
    }
    assert!(server.stop().success());
    // The others are put where an earlier version has left them.
    let database = Database::open(folder.db()).expect("the database");
    for (number, value) in values.iter().enumerate() {
        let attributes = format!("{{\"{}\":{value},\"p\":{value}}}", KEYS[number % 2]);
        database
            .execute(
                "insert into users (uuid, username, username_key, attributes, created_at, updated_at)
                 values (?1, ?1, ?1, ?2, 0, 0)",
                [&format!("stored{number}"), &attributes],
            )
            .expect("a user");
        database
            .execute(
                "insert into groups (uuid, name, name_key, attributes, created_at, updated_at)
                 values (?1, ?1, ?1, ?2, 0, 0)",
                [&format!("kept{number}"), &attributes],
            )
            .expect("a group");
        database
            .execute(
                "insert into changes (at, caller_kind, caller, dialect, action, name, before, after)
                 values (0, 'user', 'x', 'nuxeo', 'user.updated', ?1, ?2, ?2)",
                [&format!("stored{number}"), &format!("{{\"properties\":{attributes}}}")],
            )
            .expect("a change");
    }
    drop(database);

    let server = Server::over(Arc::clone(&folder), &[]);
    let cookie = session_cookie(&server);
    let nuxeo = |path: &str| {
        let answer = server.nuxeo("GET", path, None);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_valid(answer.text(), path);
    };
    let ui = |path: &str| {
        let answer = page(&server, &cookie, "GET", path, None);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_valid(answer.text(), path);
    };
    for (number, value) in values.iter().enumerate() {
        nuxeo(&format!("/user/stored{number}"));
        nuxeo(&format!("/group/kept{number}"));
        ui(&format!("users/stored{number}"));
        ui(&format!("groups/kept{number}"));
        let shown = page(&server, &cookie, "GET", &format!("users/stored{number}"), None);
        let shown = Json::parse_stored(&shown.body).unwrap();
        let kept = shown.get("properties").and_then(|properties| properties.get("p")).expect("the property");
        assert_eq!(kept, &Json::parse_stored(value.as_bytes()).unwrap());
        // The page sends back what it was shown: that is no change.
        if !value.starts_with("[[[[") && !value.starts_with("{\"a\":{\"a\":{") {
            let body = format!("{{\"properties\":{{\"p\":{value}}}}}");
            let answer = page(&server, &cookie, "PATCH", &format!("users/stored{number}"), Some(&body));
            assert_eq!(answer.status, 200, "{body}: {}", answer.text());
            assert_valid(answer.text(), "a change by the page");
        }
    }
    nuxeo("/user/search?q=*&pageSize=1000");
    nuxeo("/group/search?q=*&pageSize=1000");
    nuxeo("/group/members/@users");
    ui("users?limit=200");
    ui("groups?limit=200");
    ui("changes?limit=200");
    let answer = server.datadog("GET", "/api/v1/user", None);
    assert_eq!(answer.status, 200);
    assert_valid(answer.text(), "Datadog's list");
    let bearer = format!("Bearer {APP_KEY}");
    let answer = server.request("GET", "/rollbook/v1/changes?limit=10000", &[("Authorization", &bearer)], None);
    assert_eq!(answer.status, 200);
    answer.text().lines().for_each(|line| assert_valid(line, "the feed"));
    for with_server in [true, false] {
        commands_read_everything(&folder, values.len());
        if with_server {
            assert!(run(&folder, &["user", "set", "stored0", "--title", "x"]).status.success());
        }
    }
    assert!(server.stop().success());
    commands_read_everything(&folder, values.len());
    let (status, out, err) = said(&run(&folder, &["check"]));
    // The counters were not told of the rows that were put in, so nothing else may be wrong.
    let wrong: Vec<&str> = out.lines().chain(err.lines()).filter(|line| line.contains("attributes")).collect();
    assert!(wrong.is_empty() && status < 2, "{wrong:?}");
    a_copy_is_the_same(&folder);
}

fn commands_read_everything(folder: &Folder, values: usize) {
    let command = |words: &[&str]| {
        let (status, out, err) = said(&run(folder, words));
        assert_eq!(status, 0, "{words:?}: {err}");
        out
    };
    for number in 0..values {
        assert_valid(&command(&["user", "show", &format!("stored{number}"), "--format", "json"]), "user show");
        if number % 7 == 0 {
            command(&["user", "show", &format!("stored{number}")]);
            assert_valid(&command(&["group", "show", &format!("kept{number}"), "--format", "json"]), "group show");
        }
    }
    assert_valid(&command(&["user", "list", "--format", "json"]), "user list");
    assert_valid(&command(&["group", "list", "--format", "json"]), "group list");
    for format in ["table", "csv"] {
        command(&["user", "list", "--format", format]);
        command(&["group", "list", "--format", format]);
    }
    command(&["log"]).lines().for_each(|line| assert!(!line.is_empty()));
    command(&["log", "--format", "json"]).lines().for_each(|line| assert_valid(line, "log"));
    command(&["export", "-", "--format", "jsonl"]).lines().for_each(|line| assert_valid(line, "export"));
    for format in ["csv", "ldif"] {
        command(&["export", "-", "--format", format]);
    }
}

/// An export makes the same directory elsewhere, and so do a backup and its restore.
fn a_copy_is_the_same(folder: &Folder) {
    let path = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    let file = path("out.jsonl");
    let (status, _, err) = said(&run(folder, &["export", &file]));
    assert_eq!(status, 0, "{err}");
    let exported = std::fs::read_to_string(&file).expect("the file");
    let backup = path("backup.db");
    assert_eq!(said(&run(folder, &["backup", &backup])).0, 0);
    let (imported, restored) = (Folder::new(), Folder::new());
    let (status, out, err) = said(&run(&imported, &["import", &file, "--on-conflict", "update"]));
    assert_eq!(status, 0, "{out}{err}");
    let (status, out, err) = said(&run(&restored, &["restore", &backup]));
    assert_eq!(status, 0, "{out}{err}");
    for (folder, how) in [(&imported, "imported"), (&restored, "restored")] {
        let (status, out, err) = said(&run(folder, &["export", "-", "--format", "jsonl"]));
        assert_eq!(status, 0, "{err}");
        let sorted = |text: &str| {
            // One text for one value: what was put into the file by hand has escapes that are not needed.
            let value = |line: &str| Json::parse_stored(line.as_bytes()).expect("a line of JSON").to_string();
            let mut lines: Vec<String> = text.lines().map(value).collect();
            lines.sort();
            lines
        };
        for (ours, theirs) in sorted(&exported).iter().zip(sorted(&out)) {
            assert_eq!(ours, &theirs, "{how}");
        }
    }
}
