//! Large answers: sent in pieces where they can be, and in a bounded memory.

use crate::support::cli::run_with_input;
use crate::support::client::{Connection, credentials, narrow, opened, request, write};
use crate::support::folder::Folder;
use crate::support::memory::{MEBIBYTE, assert_no_memory, wait_for_memory};
use crate::support::metrics::LISTEN;
use crate::support::resource_guard::{check_recovery, fill};
use crate::support::server::Server;
use crate::support::wait::{eventually, wait_until};
use serde_json::{Value, json};
use socket2::SockRef;
use std::io::Read as _;
use std::sync::Arc;

/// A folder with a database in which these records are.
fn imported(records: &[Value]) -> Arc<Folder> {
    let folder = Arc::new(Folder::new());
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    let output = run_with_input(&folder, &["import", "-", "--format", "jsonl"], &lines.join("\n"));
    assert!(output.status.success(), "{output:?}");
    folder
}

/// A chain of groups, each in the one before, and users in the last.
fn chain(groups: usize, users: usize) -> Vec<Value> {
    let name = |number: usize| format!("group number {number:05}");
    let mut records: Vec<Value> = (0..groups).map(|number| json!({"kind": "group", "name": name(number)})).collect();
    let subgroup = |number| json!({"kind": "subgroup", "group": name(number - 1), "subgroup": name(number)});
    records.extend((1..groups).map(subgroup));
    let user = |number| json!({"kind": "user", "name": format!("user{number:05}"), "groups": [name(groups - 1)]});
    records.extend((0..users).map(user));
    records
}

#[test]
fn thirty_pages_of_users_deep_in_a_chain_of_groups_cost_little() {
    let server = Server::over(imported(&chain(200, 200)), &["--write-timeout", "300"]);
    let path = "/nuxeo/api/v1/group/group%20number%2000199/@users?pageSize=200";
    let cost = check_recovery("30 pages of 200 users below 200 groups", &server, || {
        let ask = request(&format!("GET {path} HTTP/1.1"), "", "");
        // All of them have begun before the first is read.
        let connections: Vec<Connection> = (0..30).map(|_| opened(&server, &ask)).collect();
        std::thread::scope(|scope| {
            for mut connection in connections {
                scope.spawn(move || {
                    let answer = connection.answer(false);
                    assert_eq!((answer.status, answer.header("Transfer-Encoding")), (200, Some("chunked")));
                    assert!(answer.body.len() > 3 * MEBIBYTE, "{}", answer.body.len());
                    let text = answer.text();
                    assert!(text.contains(r#""resultsCount":200,"#) && text.contains(r#""currentPageSize":200,"#));
                    assert_eq!(text.matches(r#""url":"group/group number"#).count(), 200 * 200);
                    assert!(text.ends_with("}]}"), "{}", &text[text.len() - 100..]);
                });
            }
        });
    });
    assert!(cost.peak_kib < 64 * 1024, "{cost:?}");
}

#[test]
fn chunked_page_is_the_same_document() {
    let text = "x".repeat(3000);
    let mut records: Vec<Value> = (0..300)
        .map(|number| json!({"kind": "user", "name": format!("user{number:05}"), "properties": {"note": text}}))
        .collect();
    records.extend(
        (0..300)
            .map(|number| json!({"kind": "group", "name": format!("group{number:05}"), "properties": {"note": text}})),
    );
    let server = Server::over(imported(&records), &[]);
    for kind in ["user", "group"] {
        let page = |parameters: &str| server.nuxeo("GET", &format!("/{kind}/search?q={kind}&{parameters}"), None);
        let whole = page("pageSize=300");
        assert_eq!((whole.status, whole.header("Transfer-Encoding")), (200, Some("chunked")), "{kind}");
        let mut document = whole.json();
        let mut entries = Vec::new();
        for index in 0..30 {
            let part = page(&format!("pageSize=10&currentPageIndex={index}"));
            assert_eq!(part.header("Content-Length"), Some(part.body.len().to_string().as_str()));
            entries.extend(part.json()["entries"].as_array().expect("entries").clone());
        }
        assert_eq!(document["entries"].take(), Value::Array(entries), "{kind}");
        for (key, value) in [("resultsCount", 300), ("pageSize", 300), ("currentPageSize", 300), ("numberOfPages", 1)] {
            assert_eq!(document[key], value, "{kind} {key}");
        }
        // The same without chunks, and the head alone.
        let path = format!("/nuxeo/api/v1/{kind}/search?q={kind}&pageSize=300");
        let old = opened(&server, format!("GET {path} HTTP/1.0\r\n{}\r\n", credentials())).answer(false);
        assert_eq!((old.text(), old.header("Connection")), (whole.text(), Some("close")), "{kind}");
        let head = opened(&server, request(&format!("HEAD {path} HTTP/1.1"), "", "")).answer(true);
        assert_eq!((head.status, head.header("Transfer-Encoding")), (200, Some("chunked")), "{kind}");
    }
    // Datadog's pages, as its list, are in pieces too.
    let users =
        |parameters: &str| server.datadog("GET", &format!("/api/v1/user{parameters}"), None).json()["users"].take();
    let all = users("");
    assert_eq!(users("?page_size=10000"), all);
    let parts: Vec<Value> = (0..5)
        .flat_map(|page| users(&format!("?page_size=75&page={page}")).as_array().expect("users").clone())
        .collect();
    assert_eq!(Value::Array(parts), all);
    assert_eq!(users("?page_size=75&page=5"), json!([]));
}

#[test]
fn entry_deleted_while_a_page_is_sent_is_only_missing() {
    // Far more than the buffers between two programs hold.
    let user = |number: usize| json!({"kind": "user", "name": format!("user{number:05}"), "properties": {"note": "x".repeat(50_000)}});
    let records: Vec<Value> = (0..200).map(user).collect();
    let server = Server::over(imported(&records), &[]);
    let ask = request("GET /nuxeo/api/v1/user/search?q=user&pageSize=200 HTTP/1.1", "Connection: close\r\n", "");
    let stream = narrow(&server, ask.as_bytes());
    let mut connection = Connection::over(stream);
    connection.stream().read_exact(&mut [0; 9]).expect("the beginning of an answer");
    assert_eq!(server.nuxeo("DELETE", "/user/user00199", None).status, 204);
    // The client reads at another pace from now on.
    SockRef::from(&*connection.stream()).set_recv_buffer_size(MEBIBYTE).expect("a buffer");
    let text = connection.rest();
    let names = (0..200).filter(|number| text.contains(&format!(r#""id":"user{number:05}""#))).count();
    assert_eq!(names, 199);
    assert!(text.contains(r#""currentPageSize":200"#) && text.ends_with("]}\r\n0\r\n\r\n"));
}

#[test]
fn answers_beyond_the_memory_limit_are_503_and_writes_succeed() {
    let server = Server::with(&["--max-answer-memory", "1048576", "--write-timeout", "60", LISTEN[0], LISTEN[1]]);
    let names: Vec<String> = (0..20_000).map(|number| format!("a member of that number {number}")).collect();
    let group = json!({"entity-type": "group", "groupname": "large", "memberUsers": names});
    assert_eq!(server.nuxeo("POST", "/group", Some(&group.to_string())).status, 201);
    let path = "/nuxeo/api/v1/group/large?fetch-group=memberUsers";
    let ask = request(&format!("GET {path} HTTP/1.1"), "", "");
    let length = opened(&server, &ask).answer(false).body.len();
    // Two answers would exceed the memory, and one exceeds the half that one caller may have while others wait.
    assert!((MEBIBYTE / 2..MEBIBYTE * 3 / 4).contains(&length), "{length}");
    // An answer that the client does not read stays in memory, as soon as the buffers between the two programs are
    // full.
    let slow = narrow(&server, ask.repeat(20).as_bytes());
    let (mut connection, refused) = eventually("a refusal", || {
        let mut connection = opened(&server, &ask);
        let answer = connection.answer(false);
        (answer.status != 200).then_some((connection, answer))
    });
    let text = "There is no memory for the answer at the moment";
    assert_no_memory(&refused, &json!({"entity-type": "exception", "status": 503, "message": text}));
    // The connection goes on, and short answers need no such memory.
    write(&mut connection, request("GET /nuxeo/api/v1/me HTTP/1.1", "", ""));
    assert_eq!(connection.answer(false).status, 200);
    fill(&server, 1500);
    let list = server.datadog("GET", "/api/v1/user", None);
    assert_eq!(list.status, 200, "one caller does not block the others: {}", list.text());
    // A change has been made when it is answered.
    let changed = json!({"entity-type": "group", "properties": {"description": "changed"}});
    let answer = server.nuxeo("PUT", "/group/large?fetch-group=memberUsers", Some(&changed.to_string()));
    assert_eq!((answer.status, answer.body.len() > MEBIBYTE / 2), (200, true));
    drop(slow);
    wait_for_memory(&server, "answers", 0);
    wait_until("memory for an answer", || opened(&server, &ask).answer(false).status == 200);
}
