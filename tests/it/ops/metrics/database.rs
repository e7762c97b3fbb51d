//! Metrics of users, groups, the write-ahead log and writes.

use super::Watched;
use crate::support::database::{Database, State};
use crate::support::folder::Folder;
use crate::support::metrics::{LISTEN, Page, metrics_address, wait_for_start};
use crate::support::server::Server;
use crate::support::wait::wait_until;
use std::sync::Arc;

#[test]
fn users_groups_and_the_wal_are_measured() {
    let mut watched = Watched::with(&[]);
    let page = watched.page();
    let (users, groups) = (page.value("rollbook_users", &[]), page.value("rollbook_groups", &[]));
    let state = State::of(&watched.server.folder);
    assert_eq!(state.texts("select cast(count(*) as text) from users"), [users.to_string()]);
    assert_eq!(state.texts("select cast(count(*) as text) from groups"), [groups.to_string()]);
    for number in 0..5 {
        let body = format!(r#"{{"handle":"user{number}@example.com"}}"#);
        assert_eq!(watched.ask("POST", "/api/v1/user", &body), 200);
    }
    assert_eq!(watched.ask("POST", "/nuxeo/api/v1/group", r#"{"entity-type":"group","groupname":"one"}"#), 201);
    // A disabled user still counts.
    assert_eq!(watched.ask("DELETE", "/api/v1/user/user0@example.com", ""), 200);
    assert_eq!(watched.ask("DELETE", "/nuxeo/api/v1/user/user1@example.com", ""), 204);
    let page = watched.page();
    assert_eq!(page.value("rollbook_users", &[]), users + 4.0);
    assert_eq!(page.value("rollbook_groups", &[]), groups + 1.0);
    let log = watched.server.folder.path().join("rollbook.db-wal");
    let address = watched.server.address;
    Page::when(address, "the length of the log", |page| {
        let length = log.metadata().expect("a write-ahead log").len() as f64;
        length > 0.0 && page.value("rollbook_wal_size_bytes", &[]) == length
    });
}

#[test]
fn wal_is_measured_behind_a_link() {
    let (folder, elsewhere) = (Arc::new(Folder::new()), Folder::new());
    std::os::unix::fs::symlink(elsewhere.path().join("real.db"), folder.db()).expect("a link");
    std::fs::write(elsewhere.path().join("real.db"), "").expect("a file");
    let server = Server::over(folder, &LISTEN);
    assert_eq!(server.datadog("POST", "/api/v1/user", Some(r#"{"handle":"ada@example.com"}"#)).status, 200);
    let log = elsewhere.path().join("real.db-wal");
    let address = metrics_address(&server);
    // The use of the keys is stored after the answer.
    Page::when(address, "the length of the log", |page| {
        let length = log.metadata().expect("a write-ahead log").len() as f64;
        length > 0.0 && page.value("rollbook_wal_size_bytes", &[]) == length
    });
}

#[test]
fn figures_that_cannot_be_read_are_left_out() {
    let server = Server::with(&LISTEN);
    let connection = Database::open(server.folder.db()).expect("the database");
    connection.execute_batch("alter table counters rename to elsewhere").expect("a broken schema");
    // Each reader sees the change after the next commit of the server.
    assert_eq!(server.nuxeo("GET", "/me", None).status, 200);
    let page = Page::when(metrics_address(&server), "neither users nor groups", |page| {
        !page.0.contains_key("rollbook_users") && !page.0.contains_key("rollbook_groups")
    });
    assert!(page.0.contains_key("rollbook_writer_commits_total"));
    server.wait_for_log("users and groups cannot be counted: use the database: ");
}

pub const OPERATIONS: &str = "rollbook_writer_operations_total";

const COMMITS: &str = "rollbook_writer_commits_total";

#[test]
fn writes_are_counted_by_their_commits() {
    let server = Server::with(&LISTEN);
    let address = metrics_address(&server);
    let create = |name: &str| {
        let body = format!(r#"{{"handle":"{name}@example.com"}}"#);
        server.datadog("POST", "/api/v1/user", Some(&body)).status
    };
    wait_for_start(address);
    // The use of the two keys is stored once an hour, after the answer.
    let first = Page::of(address).value(OPERATIONS, &[]);
    assert_eq!(create("ada"), 200);
    let before = Page::when(address, "three operations", |page| page.value(OPERATIONS, &[]) == first + 3.0);
    assert_eq!(create("ada"), 409);
    assert_eq!(create("bob"), 200);
    let page = Page::of(address);
    let more = |name: &str| page.value(name, &[]) - before.value(name, &[]);
    // A refused write is an operation too.
    assert_eq!((more(OPERATIONS), more(COMMITS)), (2.0, 2.0));
    assert_eq!(page.value("rollbook_writer_queue_length", &[]), 0.0);

    // While another program writes, one request waits in its own thread or in the writer's, and the others in the
    // queue. Requests that wait together are committed together, unless a slow machine ends the group early: then the
    // test tries again.
    let connection = Database::open(server.folder.db()).expect("the database");
    let mut created = 2.0;
    wait_until("a commit of five to eight operations", || {
        let names = [1, 2, 3, 4, 5, 6, 7].map(|number| format!("user{}", created + f64::from(number)));
        connection.execute_batch("begin immediate").expect("a transaction");
        std::thread::scope(|scope| {
            let creates: Vec<_> = names.iter().map(|name| scope.spawn(move || create(name))).collect();
            Page::when(address, "a queue", |page| page.value("rollbook_writer_queue_length", &[]) >= 5.0);
            connection.execute_batch("rollback").expect("an end");
            for create in creates {
                assert_eq!(create.join().expect("an answer"), 200);
            }
        });
        created += 7.0;
        let page = Page::of(address);
        let more = |name: &str, labels: &[(&str, &str)]| page.value(name, labels) - before.value(name, labels);
        let sizes =
            |suffix: &str, labels: &[(&str, &str)]| more(&format!("rollbook_writer_commit_operations{suffix}"), labels);
        assert_eq!(page.value("rollbook_writer_queue_length", &[]), 0.0);
        assert_eq!((more(OPERATIONS, &[]), sizes("_sum", &[])), (created, created));
        assert_eq!(sizes("_count", &[]), more(COMMITS, &[]));
        assert_eq!(page.value("rollbook_writer_commit_failures_total", &[]), 0.0);
        sizes("_bucket", &[("le", "8")]) - sizes("_bucket", &[("le", "4")]) > 0.0
    });
}
