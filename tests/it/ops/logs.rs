//! The log: what marks a request in it, JSON, and the journal.

use crate::support::cli::{name_of, rollbook, run};
use crate::support::client::{Connection, basic, create, opened, request, write};
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, Server, serve};
use crate::support::wait::{eventually, wait_for};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::process::{Child, Command};
use std::sync::Arc;

const VALIDATE: &str = "GET /api/v1/validate HTTP/1.1";

/// Asks with these lines in the head, and returns the identifier that comes back.
fn identifier(server: &Server, lines: &str) -> String {
    let answer = opened(server, request(VALIDATE, lines, "")).answer(false);
    answer.header("X-Request-Id").expect("an identifier").to_owned()
}

/// Eight digits of the start, and a number.
fn assert_made(id: &str) {
    let (start, number) = id.split_once('-').unwrap_or_else(|| panic!("{id:?} was not made here"));
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
fn an_identifier_that_is_none_is_replaced() {
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
    // So have those that come at once.
    let mut connection = opened(&server, request(VALIDATE, "", "").repeat(3));
    let ids: BTreeSet<String> =
        (0..3).map(|_| connection.answer(false).header("X-Request-Id").expect("an identifier").to_owned()).collect();
    assert_eq!(ids.len(), 3, "{ids:?}");
}

#[test]
fn identifiers_do_not_begin_anew_with_the_process() {
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
    // Whether the identifier is the client's: from a head that is none nothing is taken.
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
fn what_is_logged_of_a_request_leads_to_it() {
    let server = Server::start();
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let headers = [("Authorization", authorization.as_str()), ("X-Request-Id", "said-1")];
    let body = br#"{"params":{"message":"hear hear","level":"warn"}}"#;
    let answer = server.request("POST", "/nuxeo/api/v1/automation/Log", &headers, Some(body));
    assert_eq!(answer.status, 204);
    let line = line_with(&server, &["hear hear"]);
    assert!(line.contains("WARN") && line.ends_with(" says: hear hear (request said-1)"), "{line}");

    // What an answer hides, the line tells, and the identifier says which answer it was.
    let connection = rusqlite::Connection::open(server.folder.db()).expect("the database");
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

    // What no request has asked for has none.
    let log = server.stop_for_log();
    assert!(log.lines().all(|line| line.starts_with("[20")), "{log}");
    assert_eq!(log.lines().filter(|line| line.ends_with("INFO ] stopping")).count(), 1, "{log}");
}

// JSON

/// The objects of a log in JSON.
fn objects(log: &str) -> Vec<Value> {
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
    // Neither lines of threads that run beside each other nor the two kinds of lines have an order.
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
    // What no request has asked for has no identifier, and nothing but a message.
    let message = |text: &str| log.iter().find(|line| line["message"].as_str().is_some_and(|m| m.contains(text)));
    let listening = message("listening on").expect("where it listens");
    let address = format!("listening on http://{address}");
    assert_eq!(fields(listening, &["time"]), json!({"level": "info", "message": address}));
    assert!(!text.contains("secret"), "{text}");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text}");
}

#[test]
fn a_log_in_json_tells_what_an_answer_hides() {
    let server = Server::with(&["--log-format", "json"]);
    let connection = rusqlite::Connection::open(server.folder.db()).expect("the database");
    connection.execute_batch("alter table groups rename to elsewhere").expect("a broken schema");
    let body = r#"{"handle":"ada@example.com","access_role":"adm"}"#;
    let lines = format!("Content-Length: {}\r\nX-Request-Id: broken-1\r\n", body.len());
    let mut connection = opened(&server, create(&lines, body));
    assert_eq!(connection.answer(false).status, 500);
    write(&mut connection, request("GET /nuxeo/api/v1/group/search?q=x HTTP/1.1", "X-Request-Id: broken-2\r\n", ""));
    assert_eq!(connection.answer(false).status, 500);
    let log = objects(&server.stop_for_log());
    for id in ["broken-1", "broken-2"] {
        // A request can be the one that notices the change from outside: that is a warning.
        let told = |line: &&Value| line["id"] == id && line["level"] != "warn";
        let mut lines: Vec<&Value> = log.iter().filter(told).collect();
        lines.sort_by_key(|line| line["method"].is_string());
        assert_eq!(lines.len(), 2, "{log:#?}");
        assert_eq!((&lines[0]["level"], &lines[1]["status"]), (&json!("error"), &json!(500)));
        assert!(lines[0]["message"].as_str().is_some_and(|message| message.contains("no such table")), "{}", lines[0]);
    }
}

#[test]
fn every_command_that_logs_does_so_in_json() {
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
    // As the variable says it, and for the command that makes a database too.
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

/// A server that does not outlive its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Logs a message of each level with a server whose standard error is a file; returns what is in it at the end. The
/// variable is made of the file's own name.
fn log_to_file(flags: &[&str], variable: impl FnOnce(&str) -> String) -> String {
    let folder = Arc::new(Folder::new());
    let path = folder.path().join("log");
    let file = File::create(&path).expect("a file");
    let name = name_of(&file);
    let mut command = serve(&folder, &[&["--log", "trace"], flags].concat());
    command.env("JOURNAL_STREAM", variable(&name)).stderr(file);
    let mut server = Running(command.spawn().expect("the server starts"));
    let log = || std::fs::read_to_string(&path).expect("the log");
    let awaited = std::fmt::from_fn(|f| write!(f, "the address in this log:\n{}", log()));
    let address = eventually(awaited, || {
        let log = log();
        let (address, _) = log.split_once("listening on http://")?.1.split_once('\n')?;
        Some(address.trim_end_matches(['"', '}']).parse().expect("the address"))
    });
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let mut connection = Connection::open(address);
    for level in ["error", "warn", "info", "debug", "trace"] {
        let body = format!(r#"{{"params":{{"message":"a word of {level}","level":"{level}"}}}}"#);
        let headers = [("Authorization", authorization.as_str()), ("X-Request-Id", level)];
        connection.send("POST", "/nuxeo/api/v1/automation/Log", &headers, Some(body.as_bytes()));
        assert_eq!(connection.answer(false).status, 204);
    }
    drop(connection);
    assert!(Command::new("kill").arg(server.0.id().to_string()).status().expect("kill runs").success());
    assert!(wait_for(&mut server.0).success());
    log()
}

#[test]
fn lines_for_the_journal_have_a_priority_in_place_of_time_and_level() {
    let log = log_to_file(&[], str::to_owned);
    for line in log.lines() {
        assert!(["<3>", "<4>", "<6>", "<7>"].contains(&&line[..3]), "{line}");
        assert!(!line.contains("[20") && !line.contains("INFO"), "{line}");
    }
    for (level, priority) in [("error", 3), ("warn", 4), ("info", 6), ("debug", 7), ("trace", 7)] {
        let line = format!("<{priority}>Administrator says: a word of {level} (request {level})\n");
        assert!(log.contains(&line), "no {line} in:\n{log}");
        assert!(log.lines().any(|line| {
            line.starts_with("<6>POST /nuxeo/api/v1/automation/Log 204 nuxeo Administrator ")
                && line.ends_with(&format!(" ms {level}"))
        }));
    }
    assert!(log.contains("<6>stopped\n"), "{log}");
}

#[test]
fn json_for_the_journal_has_a_priority_before_each_object() {
    let log = log_to_file(&["--log-format", "json"], str::to_owned);
    let level = |priority: &str| match priority {
        "<3>" => &["error"][..],
        "<4>" => &["warn"],
        "<6>" => &["info"],
        _ => &["debug", "trace"],
    };
    let (mut bare, mut levels) = (String::new(), Vec::new());
    for line in log.lines() {
        levels.push(level(&line[..3]));
        bare.push_str(&line[3..]);
        bare.push('\n');
    }
    let objects = objects(&bare);
    assert!(objects.len() > 10, "{log}");
    for (object, levels) in objects.iter().zip(levels) {
        assert!(levels.contains(&object["level"].as_str().expect("a level")), "{object}");
    }
}

#[test]
fn a_variable_that_names_another_stream_changes_nothing() {
    let elsewhere = name_of(File::open("/dev/null").expect("a device"));
    let other = |number: &str| number.parse::<u64>().expect("a number").wrapping_add(1);
    let variables = |device: &str, inode: &str| {
        [
            format!("{}:{inode}", other(device)),
            format!("{device}:{}", other(inode)),
            format!("{inode}:{device}"),
            format!("{device}:{inode}:{inode}"),
            format!("{device} {inode}"),
            elsewhere.clone(),
            "a:b".to_owned(),
            String::new(),
        ]
    };
    for row in 0..8 {
        let log = log_to_file(&[], |name| {
            let (device, inode) = name.split_once(':').expect("two numbers");
            variables(device, inode)[row].clone()
        });
        assert!(log.lines().all(|line| line.starts_with("[20")), "variable {row}:\n{log}");
        assert!(log.contains(" ERROR] Administrator says: a word of error (request error)\n"), "{row}:\n{log}");
    }
}

#[test]
fn a_command_that_fails_says_so_to_the_journal_too() {
    let folder = Folder::new();
    // A pipe is as good as a file.
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    let mut command = rollbook();
    command.args(["check", "--db"]).arg(folder.db()).env("JOURNAL_STREAM", name_of(&writer)).stderr(writer);
    assert_eq!(command.status().expect("the command runs").code(), Some(1));
    drop(command);
    let mut said = String::new();
    reader.read_to_string(&mut said).expect("text");
    let why = format!(
        "<3>there is no database {}: --db names another one, rollbook serve makes one\n",
        folder.db().display()
    );
    assert_eq!(said, why);
}
