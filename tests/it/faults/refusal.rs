//! A full or broken disk: writes that cannot be stored are refused as unavailable, and all other requests succeed.

use super::load::State;
use super::{ANY_FILE, EIO, ENOSPC, Fault, Faults, LOG, MAIN, READ, SYNC, TRUNCATE, WRITE};
use crate::support::cli::healthcheck;
use crate::support::client::Answer;
use crate::support::folder::Folder;
use crate::support::metrics::{LISTEN, Page, metrics_address, wait_for_start};
use crate::support::server::{Server, serve};
use crate::support::wait::wait_until;
use serde_json::json;
use std::process::Command;
use std::sync::Arc;

/// The common start of these tests.
fn prepare(server: &Server) {
    assert_eq!(create_datadog(server, "ada@example.com").status, 200);
    assert_eq!(create_group(server, "team", &["ada@example.com"]).status, 201);
    // The use of the keys is stored after the answer; no fault may meet that write.
    let state = crate::support::database::State::of(&server.folder);
    let noted = "select name from credentials where last_used_at is not null";
    wait_until("the use of both keys", || state.texts(noted).len() == 2);
}

fn create_datadog(server: &Server, name: &str) -> Answer {
    server.datadog("POST", "/api/v1/user", Some(&json!({ "handle": name }).to_string()))
}

fn create_nuxeo(server: &Server, name: &str) -> Answer {
    let properties = json!({"username": name, "groups": ["team", "members", "powerusers"]});
    server.nuxeo("POST", "/user", Some(&json!({"entity-type": "user", "properties": properties}).to_string()))
}

fn create_group(server: &Server, name: &str, members: &[&str]) -> Answer {
    let body = json!({"entity-type": "group", "groupname": name, "memberUsers": members});
    server.nuxeo("POST", "/group", Some(&body.to_string()))
}

/// Every kind of write in both dialects; all of them would succeed.
fn write_all_kinds(server: &Server) -> Vec<Answer> {
    let ada = "/user/ada@example.com";
    let company = r#"{"entity-type":"user","id":"ada@example.com","properties":{"company":"refused"}}"#;
    let label = r#"{"entity-type":"group","groupname":"team","grouplabel":"refused"}"#;
    vec![
        create_datadog(server, "refused1@example.com"),
        server.datadog("PUT", &format!("/api/v1{ada}"), Some(r#"{"name":"refused"}"#)),
        server.datadog("DELETE", &format!("/api/v1{ada}"), None),
        server.datadog("POST", "/api/v1/invite_users", Some(r#"{"emails":["refused2@example.com"]}"#)),
        create_nuxeo(server, "refused3"),
        server.nuxeo("PUT", ada, Some(company)),
        server.nuxeo("POST", &format!("{ada}/group/members"), None),
        server.nuxeo("DELETE", &format!("{ada}/group/team"), None),
        server.nuxeo("DELETE", ada, None),
        create_group(server, "refused4", &["ada@example.com", "Administrator"]),
        server.nuxeo("PUT", "/group/team", Some(label)),
        server.nuxeo("DELETE", "/group/team", None),
    ]
}

const KINDS_OF_DATADOG: usize = 4;

fn assert_unavailable(what: &str, number: usize, answer: &Answer) {
    let body = if number < KINDS_OF_DATADOG {
        json!({"errors": ["Service unavailable"]})
    } else {
        json!({"entity-type": "exception", "status": 503, "message": "Service Unavailable"})
    };
    assert_eq!(answer.parts(), (503, body), "{what}: write {number}");
    let seconds = answer.header("Retry-After").and_then(|seconds| seconds.parse::<u32>().ok());
    assert!(seconds.is_some_and(|seconds| seconds > 0), "{what}: write {number}: {answer:?}");
}

fn assert_reads_go_on(what: &str, server: &Server) {
    for answer in [
        server.datadog("GET", "/api/v1/user", None),
        server.datadog("GET", "/api/v1/user/ada@example.com", None),
        server.nuxeo("GET", "/user/ada@example.com", None),
        server.nuxeo("GET", "/group/team/@users", None),
        server.nuxeo("GET", "/user/search?q=*", None),
    ] {
        assert_eq!(answer.status, 200, "{what}: {}", answer.text());
        assert!(answer.text().contains("ada@example.com") && !answer.text().contains("refused"), "{}", answer.text());
    }
}

/// A write that the WAL cannot take is refused; after a kill with the fault still there, nothing of it is stored.
fn check_refusal(what: &str, fault: Fault) {
    let faults = Faults::new();
    let server = faults.start();
    prepare(&server);
    let before = State::in_file(&faults.folder.db());
    faults.fail(fault);
    for (number, answer) in write_all_kinds(&server).iter().enumerate() {
        assert_unavailable(what, number, answer);
        assert!(!answer.text().contains("disk"), "{what}: {}", answer.text());
    }
    assert!(faults.failed() >= 12, "{what}: only {} calls have failed", faults.failed());
    assert_reads_go_on(what, &server);
    server.wait_for_log("could not be committed");
    server.kill();
    faults.work_again();
    let server = faults.start();
    assert_reads_go_on(what, &server);
    assert_eq!(State::in_file(&faults.folder.db()), before, "{what}");

    // The same refusals; after the fault, writes succeed without a restart.
    faults.fail(fault);
    for (number, answer) in write_all_kinds(&server).iter().enumerate() {
        assert_unavailable(what, number, answer);
    }
    faults.work_again();
    assert_eq!((create_datadog(&server, "bob@example.com").status, create_nuxeo(&server, "carl").status), (200, 201));
    assert_eq!(server.nuxeo("GET", "/group/team/@users", None).json()["resultsCount"], 2, "{what}");
    assert!(server.stop().success(), "{what}");
    let after = State::in_file(&faults.folder.db());
    assert!(after.has_user("bob@example.com") && after.has_user("carl"), "{what}");
    for name in ["refused1@example.com", "refused2@example.com", "refused3"] {
        assert!(!after.has_user(name), "{what}");
    }
    assert_eq!(after.part("ada"), before.part("ada"), "{what}");
}

#[test]
fn write_on_a_full_disk_is_refused_until_there_is_room() {
    check_refusal("no room", Fault::of(ENOSPC, ANY_FILE, WRITE | TRUNCATE));
    check_refusal("no room in the log", Fault::of(ENOSPC, LOG, WRITE));
    check_refusal("room for half a page", Fault { halves: true, ..Fault::of(ENOSPC, LOG, WRITE) });
}

#[test]
fn a_write_that_the_disk_fails_is_refused_until_it_works() {
    check_refusal("a broken log", Fault::of(EIO, LOG, WRITE));
    check_refusal("a broken disk", Fault::of(EIO, ANY_FILE, WRITE | SYNC | TRUNCATE));
}

#[test]
fn a_sync_that_fails_refuses_the_writes_that_it_was_for() {
    check_refusal("a log that cannot be synced", Fault::of(EIO, LOG, SYNC));
    check_refusal("files that cannot be synced", Fault::of(EIO, ANY_FILE, SYNC));
}

#[test]
fn write_that_fails_at_any_page_leaves_no_trace() {
    let faults = Faults::new();
    let server = faults.start();
    prepare(&server);
    let before = State::in_file(&faults.folder.db());
    let mut refused = 0;
    for skip in 0.. {
        faults.fail(Fault { skip, ..Fault::of(ENOSPC, LOG, WRITE) });
        let name = format!("user{skip}");
        let answer = create_nuxeo(&server, &name);
        faults.work_again();
        if faults.failed() == 0 {
            assert_eq!(answer.status, 201, "{}", answer.text());
            break;
        }
        assert_unavailable(&format!("{skip} calls let through"), KINDS_OF_DATADOG, &answer);
        assert_eq!(server.nuxeo("GET", &format!("/user/{name}"), None).status, 404, "{skip}");
        refused += 1;
    }
    assert!(refused > 4, "a create with three groups takes more than {refused} calls");
    server.kill();
    let after = State::in_file(&faults.folder.db());
    assert!(after.has_user(&format!("user{refused}")));
    assert!((0..refused).all(|number| !after.has_user(&format!("user{number}"))), "{after:?}");
    assert_eq!(after.part("ada"), before.part("ada"));
}

/// The WAL cannot be moved into the main file, but writes still succeed.
#[test]
fn failed_checkpoint_refuses_no_write() {
    for (what, fault) in [
        ("no room", Fault::of(ENOSPC, MAIN, WRITE)),
        ("half a page", Fault { halves: true, ..Fault::of(ENOSPC, MAIN, WRITE) }),
        ("a broken file", Fault::of(EIO, MAIN, WRITE)),
        ("a file that cannot be synced", Fault::of(EIO, MAIN, SYNC)),
        ("a log that cannot be cut", Fault::of(EIO, LOG, TRUNCATE)),
    ] {
        let faults = Faults::new();
        let server = faults.start();
        prepare(&server);
        faults.fail(fault);
        assert_eq!(create_datadog(&server, "bob@example.com").status, 200, "{what}");
        if fault.files == MAIN {
            server.wait_for_log("could not be moved");
        }
        assert_eq!(create_nuxeo(&server, "carl").status, 201, "{what}");
        assert_reads_go_on(what, &server);
        // The server still ends in good order, and keeps the WAL.
        assert!(server.stop().success(), "{what}");
        assert!(faults.failed() > 0, "{what}");
        faults.work_again();
        let server = faults.start();
        assert_eq!(create_datadog(&server, "dora@example.com").status, 200, "{what}");
        assert!(server.stop().success(), "{what}");
        let after = State::in_file(&faults.folder.db());
        for name in ["ada@example.com", "bob@example.com", "carl", "dora@example.com"] {
            assert!(after.has_user(name), "{what}: {name}");
        }
    }
}

#[test]
fn failed_read_is_a_500_without_its_cause() {
    let faults = Faults::new();
    let server = faults.start();
    prepare(&server);
    for number in 0..50 {
        assert_eq!(create_nuxeo(&server, &format!("user{number}")).status, 201);
    }
    assert!(server.stop().success());
    let server = faults.start();
    assert_eq!(server.nuxeo("GET", "/me", None).status, 200);
    faults.fail(Fault::of(EIO, ANY_FILE, READ));
    let answers = [
        server.datadog("GET", "/api/v1/user", None),
        server.datadog("GET", "/api/v1/user/user1", None),
        server.nuxeo("GET", "/user/user1", None),
        server.nuxeo("GET", "/group/search?q=*", None),
        server.nuxeo("GET", "/user/search?q=*", None),
    ];
    assert!(faults.failed() > 0);
    let failed: Vec<&Answer> = answers.iter().filter(|answer| answer.status != 200).collect();
    assert!(failed.len() > 1, "{answers:?}");
    for answer in failed {
        assert!([500, 503].contains(&answer.status), "{answer:?}");
        assert_eq!(answer.status == 503, answer.header("Retry-After").is_some(), "{answer:?}");
        let body = answer.text().to_lowercase();
        assert!(!["disk", "sql", "i/o", "database", "select"].iter().any(|word| body.contains(word)), "{body}");
    }
    // SQLite calls a page that cannot be read a malformed one.
    server.wait_for_log("use the database");
    faults.work_again();
    assert_reads_go_on("after the fault", &server);
    assert_eq!(create_datadog(&server, "bob@example.com").status, 200);
    assert!(server.stop().success());
}

/// A limit of the kernel in place of a full disk.
fn limit_file_size(server: &Server, bytes: &str) {
    let mut command = Command::new("prlimit");
    command.args(["--pid", &server.pid().to_string(), &format!("--fsize={bytes}:unlimited")]);
    assert!(command.status().expect("prlimit runs").success());
}

#[test]
fn file_size_limit_refuses_writes_and_does_not_end_the_server() {
    let folder = Arc::new(Folder::new());
    let server = Server::by(serve(&folder, &[]), Arc::clone(&folder));
    prepare(&server);
    let before = State::in_file(&folder.db());
    limit_file_size(&server, "4096");
    for (number, answer) in write_all_kinds(&server).iter().enumerate() {
        assert_unavailable("a limit", number, answer);
    }
    assert_reads_go_on("a limit", &server);
    assert_eq!(State::in_file(&folder.db()), before);
    limit_file_size(&server, "unlimited");
    assert_eq!(create_datadog(&server, "bob@example.com").status, 200);
    assert!(server.stop().success());
    assert!(State::in_file(&folder.db()).has_user("bob@example.com"));
}

#[test]
fn login_succeeds_when_its_time_cannot_be_stored() {
    let faults = Faults::new();
    let server = faults.start();
    // The first login is noted, and a hash of a weaker kind is replaced: `secret`, salted with `salt`.
    let imported = "{SSHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0";
    for (name, password) in [("ada", "first login"), ("grace", imported)] {
        let body = json!({"entity-type": "user", "id": name, "properties": {"username": name, "password": password}});
        assert_eq!(server.nuxeo("POST", "/user", Some(&body.to_string())).status, 201);
    }
    faults.fail(Fault::of(ENOSPC, ANY_FILE, WRITE));
    for (name, password) in [("ada", "first login"), ("grace", "secret")] {
        let me = server.nuxeo_as((name, password), "GET", "/me", None);
        assert_eq!((me.status, &me.json()["id"]), (200, &json!(name)), "{}", me.text());
    }
    assert!(faults.failed() > 0);
    faults.work_again();
}

#[test]
fn a_server_without_room_is_alive_and_not_ready_until_there_is_some() {
    let faults = Faults::new();
    let server = faults.start();
    for path in ["/readyz", "/nuxeo/runningstatus"] {
        assert_eq!(server.request("GET", path, &[], None).status, 200, "{path}");
    }
    faults.fail(Fault::of(ENOSPC, ANY_FILE, WRITE));
    // No client has written yet, and only a write detects it.
    assert_eq!(server.datadog("POST", "/api/v1/user", Some(r#"{"handle":"ada@example.com"}"#)).status, 503);
    for _ in 0..3 {
        let status = server.request("GET", "/nuxeo/runningstatus", &[], None);
        assert_eq!((status.status, status.header("Retry-After")), (503, Some("1")), "{}", status.text());
        let document = status.json();
        assert_eq!(
            (&document["runtimeStatus"], &document["repositoryStatus"]),
            (&json!("ok"), &json!("the database takes no writes"))
        );
        let started = server.request("GET", "/nuxeo/runningstatus?info=started", &[], None);
        assert_eq!((started.status, started.text()), (200, "true"));
        let answer = server.request("GET", "/readyz", &[], None);
        assert_eq!((answer.status, answer.text(), answer.header("Retry-After")), (503, "not ready\n", Some("1")));
    }
    assert_eq!(server.request("GET", "/healthz", &[], None).status, 200);
    let refused = healthcheck(&server);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("is not ready (status 503)"), "{said}");
    faults.work_again();
    for path in ["/readyz", "/nuxeo/runningstatus"] {
        assert_eq!(server.request("GET", path, &[], None).status, 200, "{path}");
    }
    assert_eq!(healthcheck(&server).status.code(), Some(0));
}

#[test]
fn a_commit_that_fails_is_counted_as_one() {
    let faults = Faults::new();
    let server = Server::by(faults.command(&LISTEN), Arc::clone(&faults.folder));
    let address = metrics_address(&server);
    wait_for_start(address);
    prepare(&server);
    let before = Page::when_indexed(address);
    faults.fail(Fault::of(EIO, LOG, WRITE));
    for number in 0..3 {
        assert_unavailable("the log", 0, &create_datadog(&server, &format!("refused{number}@example.com")));
    }
    let page = Page::of(address);
    let more = |name: &str| page.value(name, &[]) - before.value(name, &[]);
    assert_eq!(more("rollbook_writer_commit_failures_total"), 3.0);
    assert_eq!(more("rollbook_writer_operations_total"), 3.0);
    assert_eq!(more("rollbook_writer_commits_total"), 0.0);
    assert_eq!(more("rollbook_writer_commit_operations_count"), 0.0);
    assert_eq!(more("rollbook_users"), 0.0);
}
