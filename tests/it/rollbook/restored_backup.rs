//! The changes feed after a restore: readers of lost changes get an error, and no number is used twice.

use crate::support::changes::{BEGIN_AGAIN, ask, changes};
use crate::support::cli::{run, said};
use crate::support::database::Database;
use crate::support::folder::Folder;
use crate::support::server::Server;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

fn create(server: &Server, names: &[&str]) {
    for name in names {
        let body = json!({"handle": format!("{name}@example.com")}).to_string();
        assert_eq!(server.datadog("POST", "/api/v1/user", Some(&body)).status, 200, "{name}");
    }
}

fn last(server: &Server) -> i64 {
    changes(server, "now").1.parse().expect("a number")
}

fn succeeds(folder: &Folder, words: &[&str]) -> String {
    let (status, out, err) = said(&run(folder, words));
    assert_eq!(status, 0, "{words:?}: {err}");
    out
}

fn back_up(folder: &Folder, name: &str) {
    succeeds(folder, &["backup", folder.path().join(name).to_str().expect("a path")]);
}

fn restore(folder: &Folder, name: &str) -> String {
    succeeds(folder, &["restore", folder.path().join(name).to_str().expect("a path")])
}

/// Microseconds since 1970.
fn clock() -> i64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
    i64::try_from(time.as_micros()).expect("a number")
}

/// A reader at that number gets the error that this change is lost.
fn assert_lost(server: &Server, since: i64) {
    let message = format!("there is no change {since}: a backup from before it was restored; {BEGIN_AGAIN}");
    assert_eq!(ask(server, &format!("?since={since}")).parts(), (410, json!({"error": message})));
}

/// A reader at that number continues, with the restore as the first change.
fn assert_goes_on(server: &Server, since: i64) -> Vec<Value> {
    let found = changes(server, &since.to_string()).0;
    assert_eq!(found[0]["action"], "directory.restored", "after {since}: {found:?}");
    found
}

#[test]
fn reader_of_changes_that_a_restore_lost_receives_410() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    create(&server, &["ada"]);
    back_up(&folder, "monday.db");
    let monday = last(&server);
    create(&server, &["lost1", "lost2", "lost3"]);
    let tuesday = last(&server);
    assert!(server.stop().success());

    let before = clock();
    restore(&folder, "monday.db");
    let server = Server::over(Arc::clone(&folder), &[]);
    for seen in monday + 1..=tuesday {
        assert_lost(&server, seen);
    }
    create(&server, &["bob", "cyd", "dan", "eve", "fay"]);
    assert_lost(&server, tuesday);
    let found = assert_goes_on(&server, monday);
    let first = found[0]["id"].as_i64().expect("a number");
    assert!((before..=clock()).contains(&first), "{first} is the time of the restore");
    assert_eq!(
        (&found[0]["name"], &found[0]["before"], &found[0]["after"], &found[0]["caller_kind"], &found[0]["dialect"]),
        (&json!("monday.db"), &Value::Null, &json!({"last_change": monday}), &json!("operator"), &json!("command"))
    );
    let ids: Vec<_> = found.iter().map(|change| change["id"].as_i64().expect("a number")).collect();
    assert_eq!(ids, (first..first + 6).collect::<Vec<_>>(), "numbers go on from there");
    // The feed is complete from the first change on.
    let all = changes(&server, "0").0;
    assert_eq!(all.len(), usize::try_from(monday).expect("a number") + 6);
    assert_eq!(changes(&server, "").0, all);
    assert_lost(&server, first - 1);
    assert_eq!(changes(&server, &(first + 5).to_string()).0, Vec::<Value>::new());

    // The same backup a second time, and then a backup that was made in between.
    back_up(&folder, "wednesday.db");
    let wednesday = last(&server);
    create(&server, &["gus"]);
    let thursday = last(&server);
    assert!(server.stop().success());
    restore(&folder, "monday.db");
    let server = Server::over(Arc::clone(&folder), &[]);
    for seen in [tuesday, first, first + 2, wednesday, thursday] {
        assert_lost(&server, seen);
    }
    let second = assert_goes_on(&server, monday)[0]["id"].as_i64().expect("a number");
    assert!(second > thursday);
    assert!(server.stop().success());
    restore(&folder, "wednesday.db");
    let server = Server::over(Arc::clone(&folder), &[]);
    for seen in [tuesday, thursday, second] {
        assert_lost(&server, seen);
    }
    let third = assert_goes_on(&server, wednesday)[0]["id"].as_i64().expect("a number");
    assert!(third > second);
    assert_eq!(
        assert_goes_on(&server, monday).len(),
        7,
        "a change for each restore of this history, and those between"
    );
}

#[test]
fn reader_by_time_receives_the_restore() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    back_up(&folder, "backup.db");
    create(&server, &["lost"]);
    let found = changes(&server, "").0;
    let time = found.last().expect("a change")["time"].as_str().expect("a time");
    assert!(server.stop().success());
    restore(&folder, "backup.db");
    let server = Server::over(Arc::clone(&folder), &[]);
    let found = changes(&server, time).0;
    assert_eq!(found.last().expect("a change")["action"], "directory.restored");
    let shown = succeeds(&folder, &["log", "-n", "1"]);
    assert!(shown.contains(" (command) directory.restored backup.db last_change: 7"), "{shown}");
}

/// The change with that number in a database without a server.
fn plant(folder: &Folder, name: &str, number: i64) {
    let connection = Database::open(folder.path().join(name)).expect("a database");
    let sql = "insert into changes (id, at, dialect, action, name) values (?1, 0, 'program', 'user.updated', 'x')";
    connection.execute(sql, [number]).expect("a change");
}

#[test]
fn restore_continues_above_all_earlier_change_numbers() {
    const FAR: i64 = 1 << 52;
    for (of_backup, of_old) in [(FAR, 0), (0, FAR), (FAR, FAR + 10)] {
        let folder = Arc::new(Folder::new());
        assert!(Server::over(Arc::clone(&folder), &[]).stop().success());
        back_up(&folder, "backup.db");
        for (name, number) in [("backup.db", of_backup), ("rollbook.db", of_old)] {
            if number > 0 {
                plant(&folder, name, number);
            }
        }
        restore(&folder, "backup.db");
        let server = Server::over(Arc::clone(&folder), &[]);
        let number = last(&server);
        assert_eq!(number, of_backup.max(of_old) + 1_000_000_000);
        create(&server, &["ada"]);
        assert_eq!(last(&server), number + 1);
    }
    // Numbers that not every reader of JSON can hold are not given.
    let folder = Arc::new(Folder::new());
    assert!(Server::over(Arc::clone(&folder), &[]).stop().success());
    back_up(&folder, "backup.db");
    plant(&folder, "backup.db", (1 << 53) - 10);
    let backup = folder.path().join("backup.db");
    let (status, _, err) = said(&run(&folder, &["restore", backup.to_str().expect("a path")]));
    assert_eq!(status, 1);
    assert!(err.contains("leaves no id for further ones: the largest is 9007199254740991"), "{err}");
}

#[test]
fn file_with_an_impossible_change_number_refuses_writes_until_a_restore() {
    const LARGEST: i64 = (1 << 53) - 1;
    for number in [LARGEST, LARGEST + 1, i64::MAX - 1] {
        let folder = Arc::new(Folder::new());
        assert!(Server::over(Arc::clone(&folder), &[]).stop().success());
        back_up(&folder, "backup.db");
        plant(&folder, "rollbook.db", number);
        let server = Server::over(Arc::clone(&folder), &[]);
        let body = json!({"handle": "ada@example.com"}).to_string();
        assert_eq!(server.datadog("POST", "/api/v1/user", Some(&body)).status, 503, "after {number}");
        assert_eq!(server.datadog("GET", "/api/v1/user/ada@example.com", None).status, 404);
        let (status, _, err) = said(&run(&folder, &["user", "add", "ada"]));
        assert_eq!(status, 1, "{err}");
        assert!(err.contains("the audit log has no id left: the largest is 9007199254740991"), "{err}");
        assert_eq!(last(&server), number);
        assert!(server.stop().success());

        restore(&folder, "backup.db");
        let server = Server::over(Arc::clone(&folder), &[]);
        assert!(last(&server) < LARGEST / 2, "the time of the restore");
        create(&server, &["ada"]);
        assert_eq!(ask(&server, &format!("?since={number}")).status, 410);
        assert!(server.stop().success());
    }
}

#[test]
fn a_file_with_the_least_and_the_greatest_number_is_read() {
    let folder = Arc::new(Folder::new());
    assert!(Server::over(Arc::clone(&folder), &[]).stop().success());
    plant(&folder, "rollbook.db", i64::MIN);
    plant(&folder, "rollbook.db", i64::MAX);
    let server = Server::over(Arc::clone(&folder), &[]);
    for since in ["", "0", "now", "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "9223372036854775807"] {
        let status = ask(&server, &format!("?since={since}")).status;
        assert!([200, 410].contains(&status), "since={since}: {status}");
    }
    assert!(server.stop().success());
}

#[test]
fn backup_without_an_audit_log_starts_one_at_the_restore() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    create(&server, &["lost"]);
    let lost = last(&server);
    assert!(server.stop().success());
    let sql = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/versions/1.sql")).expect("the file");
    Database::open(folder.path().join("old.db")).expect("a file").execute_batch(&sql).expect("the tables");
    restore(&folder, "old.db");
    let server = Server::over(Arc::clone(&folder), &[]);
    let found = changes(&server, "").0;
    assert_eq!(found.iter().map(|change| &change["action"]).collect::<Vec<_>>(), ["directory.restored"]);
    let first = &found[0]["id"];
    for since in [0, lost] {
        let message = format!("the changes after {since} are no longer kept: the first is {first}; {BEGIN_AGAIN}");
        assert_eq!(ask(&server, &format!("?since={since}")).parts(), (410, json!({"error": message})));
    }
}
