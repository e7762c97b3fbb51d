//! The log in JSON.

use crate::support::cli::{rollbook, run};
use crate::support::client::{create, opened, request, write};
use crate::support::database::Database;
use crate::support::folder::Folder;
use crate::support::server::{API_KEY, Server};
use serde_json::{Value, json};
use std::sync::Arc;

// JSON

/// The objects of a log in JSON.
pub fn objects(log: &str) -> Vec<Value> {
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"));
    let objects: Vec<Value> = log.lines().map(parse).collect();
    for object in &objects {
        let time = object["time"].as_str().unwrap_or_else(|| panic!("no time: {object}"));
        let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(shape, "0000-00-00T00:00:00.000Z", "{object}");
        assert!(time.parse::<jiff::Timestamp>().is_ok(), "{object}");
    }
    objects
}

/// The fields of an object, without those that the clock has made.
fn fields(object: &Value, without: &[&str]) -> Value {
    let mut object = object.as_object().expect("an object").clone();
    without.iter().for_each(|name| drop(object.remove(*name)));
    Value::Object(object)
}

#[test]
fn a_log_in_json_has_one_object_for_each_line() {
    let folder = Arc::new(Folder::new());
    let name = r#"ro"bot \ é"#;
    let made = run(&folder, &["key", "create", "app", "--name", name, "--role", "read", "--log-format", "json"]);
    let key = String::from_utf8(made.stdout).expect("a key").trim().to_owned();
    let server = Server::over(folder, &["--log-format", "json"]);
    let with_id = |id: &str| format!("X-Request-Id: {id}\r\n");
    let robot = format!("DD-API-KEY: {API_KEY}\r\nDD-APPLICATION-KEY: {key}\r\n");
    let plain = |line: &str, lines: &str| format!("{line} HTTP/1.1\r\nHost: test\r\n{lines}\r\n");
    let body = r#"{"params":{"message":"say \"hear\"\nhear","level":"error"}}"#;
    let length = format!("Content-Length: {}\r\n", body.len());
    let messages = [
        plain("GET /api/v1/user?secret=1", &format!("{robot}{}", with_id("a"))),
        plain("GET /api/v1/user/%22\"quoted\"\\x", &format!("{robot}{}", with_id("b"))),
        plain("GET /nuxeo/api/v1/me", &with_id("c")),
        plain("DELETE /nuxeo/api/v1/token/secret", &with_id("d")),
        plain("GET /nowhere", &with_id("e")).replace("Host: test", "Host: test\r\nHost: test"),
        request("POST /nuxeo/api/v1/automation/Log HTTP/1.1", &format!("{}{length}", with_id("f")), body),
        plain("HEAD /healthz", &with_id("g")),
    ];
    for message in &messages {
        opened(&server, message).answer(message.starts_with("HEAD"));
    }
    let answer = opened(&server, "GET /\x1b[31mred\x07\" HTTP/1.1\r\n\r\n").answer(false);
    let made = answer.header("X-Request-Id").expect("an identifier");
    let address = server.address;
    // Lines of threads that run at the same time have no order, and nor have the two kinds of lines.
    let text = server.stop_for_log();
    let log = objects(&text);
    let of = |id: &str| -> Vec<Value> {
        let lines = log.iter().filter(|line| line["id"] == id);
        let mut lines: Vec<Value> = lines.map(|line| fields(line, &["time", "ms", "id"])).collect();
        lines.sort_by_key(|line| line["method"].is_string());
        lines
    };
    let line = |method: &str, path: &str, status: u16, dialect: Value, caller: Value| json!({"level": "info", "method": method, "path": path, "status": status, "dialect": dialect, "caller": caller});
    let (datadog, nuxeo, administrator) = (json!("datadog"), json!("nuxeo"), json!("Administrator"));
    assert_eq!(of("a"), [line("GET", "/api/v1/user", 200, datadog.clone(), json!(name))]);
    assert_eq!(of("b"), [line("GET", "/api/v1/user/%22\"quoted\"\\x", 404, datadog.clone(), json!(name))]);
    assert_eq!(of("c"), [line("GET", "/nuxeo/api/v1/me", 401, nuxeo.clone(), Value::Null)]);
    assert_eq!(of("d"), [line("DELETE", "/nuxeo/api/v1/token/-", 401, nuxeo.clone(), Value::Null)]);
    assert_eq!(of("e"), [line("-", "/nowhere", 400, datadog.clone(), Value::Null)]);
    let said = r#"Administrator says: say \"hear\"\nhear"#;
    let call = line("POST", "/nuxeo/api/v1/automation/Log", 204, nuxeo, administrator);
    assert_eq!(of("f"), [json!({"level": "error", "message": said}), call]);
    assert_eq!(of("g"), [line("HEAD", "/healthz", 200, Value::Null, Value::Null)]);
    assert_eq!(of(made), [line("-", "/\x1b[31mred\x07\"", 400, datadog, Value::Null)]);
    assert!(log.iter().filter(|line| line["method"].is_string()).all(|line| line["ms"].is_number()), "{log:#?}");
    // A line that belongs to no request has no identifier, only a message.
    let message = |text: &str| log.iter().find(|line| line["message"].as_str().is_some_and(|m| m.contains(text)));
    let listening = message("listening on").expect("where it listens");
    let address = format!("listening on http://{address}");
    assert_eq!(fields(listening, &["time"]), json!({"level": "info", "message": address}));
    assert!(!text.contains("secret"), "{text}");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text}");
}

#[test]
fn json_log_has_the_cause_that_an_answer_hides() {
    let server = Server::with(&["--log-format", "json"]);
    let connection = Database::open(server.folder.db()).expect("the database");
    connection.execute_batch("alter table groups rename to elsewhere").expect("a broken schema");
    let body = r#"{"handle":"ada@example.com","access_role":"adm"}"#;
    let lines = format!("Content-Length: {}\r\nX-Request-Id: broken-1\r\n", body.len());
    let mut connection = opened(&server, create(&lines, body));
    assert_eq!(connection.answer(false).status, 500);
    write(&mut connection, request("GET /nuxeo/api/v1/group/search?q=x HTTP/1.1", "X-Request-Id: broken-2\r\n", ""));
    assert_eq!(connection.answer(false).status, 500);
    let log = objects(&server.stop_for_log());
    for id in ["broken-1", "broken-2"] {
        // The request that notices a change by another program logs a warning.
        let told = |line: &&Value| line["id"] == id && line["level"] != "warn";
        let mut lines: Vec<&Value> = log.iter().filter(told).collect();
        lines.sort_by_key(|line| line["method"].is_string());
        assert_eq!(lines.len(), 2, "{log:#?}");
        assert_eq!((&lines[0]["level"], &lines[1]["status"]), (&json!("error"), &json!(500)));
        assert!(lines[0]["message"].as_str().is_some_and(|message| message.contains("no such table")), "{}", lines[0]);
    }
}

#[test]
fn every_logging_command_logs_in_json() {
    let nowhere = Folder::new();
    let folder = Folder::new();
    let made = run(&folder, &["key", "create", "api", "--name", "test"]);
    assert!(made.status.success());
    let backup = folder.path().join("backup");
    let backup = backup.to_str().expect("text");
    let json = ["--log-format", "json"];
    for words in [
        &["key", "list"][..],
        &["key", "revoke", "1"],
        &["passwd", "ada"],
        &["backup", backup],
        &["restore", backup],
        &["check"],
        &["user", "list"],
        &["group", "show", "members"],
        &["log"],
        &["export", "--format", "jsonl", backup],
        &["import", "nowhere.csv"],
    ] {
        let output = run(&nowhere, &[words, &json].concat());
        assert_eq!(output.status.code(), Some(1), "{words:?}: {output:?}");
        let said = String::from_utf8(output.stderr).expect("text");
        let log = objects(&said);
        let last = log.last().unwrap_or_else(|| panic!("{words:?} says nothing"));
        assert_eq!(last["level"], "error", "{words:?}: {said}");
        assert!(last["message"].as_str().is_some_and(|message| message.contains("rollbook.db")
            || message.contains("backup")
            || message.contains("nowhere.csv")));
    }
    // The variable sets the format, also for the command that creates a database.
    let mut command = rollbook();
    command.args(["key", "create", "api", "--name", "a\tb"]).env("ROLLBOOK_DB", folder.db());
    let output = command.env("ROLLBOOK_LOG_FORMAT", "json").output().expect("the command runs");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let log = objects(std::str::from_utf8(&output.stderr).expect("text"));
    assert!(log[0]["message"].as_str().is_some_and(|message| message.contains("the name of a key")), "{log:?}");
    // A server that cannot start says so in its log.
    let output = rollbook()
        .args(["serve", "--log-format", "json", "--listen", "127.0.0.1:0", "--db", "/nowhere/rollbook.db"])
        .output()
        .expect("the command runs");
    let log = objects(std::str::from_utf8(&output.stderr).expect("text"));
    assert!(log[0]["message"].as_str().is_some_and(|message| message.contains("/nowhere/rollbook.db")), "{log:?}");
}
