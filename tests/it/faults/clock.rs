//! A clock that is wrong when a server starts: no change is removed because of it.

use super::Faults;
use crate::support::changes::changes;
use crate::support::cli::{run, said};
use crate::support::database::{Database, params};
use crate::support::folder::Folder;
use crate::support::server::Server;
use crate::support::wait::wait_until;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

const DAY: i64 = 86_400;

fn create(server: &Server, name: &str) {
    let body = json!({"handle": format!("{name}@example.com")}).to_string();
    assert_eq!(server.datadog("POST", "/api/v1/user", Some(&body)).status, 200, "{name}");
}

/// Waits until the server has pruned the audit log once more, and returns the whole log.
fn record(server: &Server) -> Vec<Value> {
    changes(server, "0").0
}

#[test]
fn a_start_with_a_clock_far_ahead_or_behind_removes_no_change() {
    for wrong in [50 * 365 * DAY, 120 * DAY, -50 * 365 * DAY] {
        let faults = Faults::new();
        let server = faults.start();
        create(&server, "ada");
        let before = record(&server);
        assert!(server.stop().success());
        assert!(!before.is_empty());

        // Two starts: the second one must not trust the clock because of the first.
        faults.set_clock(wrong);
        for name in ["bob", "cyd"] {
            let server = faults.start();
            create(&server, name);
            if name == "bob" {
                server.wait_for_log("the system clock says ");
            }
            assert!(record(&server).starts_with(&before), "{wrong} seconds");
            assert!(server.stop().success());
        }
        let before = {
            // The clock is right again, which is a jump too.
            faults.set_clock(0);
            let server = faults.start();
            server.wait_for_log("no change is removed because of that");
            let before = record(&server);
            assert!(server.stop().success());
            before
        };
        let server = faults.start();
        assert_eq!(record(&server), before, "{wrong} seconds");
        assert_eq!(before.len(), 7 + 3, "{wrong} seconds");
        assert!(server.stop().success());
        assert_eq!(said(&run(&faults.folder, &["check"])).0, 0);
    }
}

#[test]
fn changes_with_wrong_times_expire_and_do_not_keep_others() {
    let faults = Faults::new();
    for wrong in [50 * 365 * DAY, -50 * 365 * DAY] {
        faults.set_clock(wrong);
        let server = faults.start();
        create(&server, if wrong > 0 { "ahead" } else { "behind" });
        assert!(server.stop().success());
    }
    faults.set_clock(0);
    let server = Server::by(faults.command(&["--keep-changes", "1s"]), faults.folder.clone());
    let newest: i64 = changes(&server, "now").1.parse().expect("a number");
    wait_until("an end of all changes but the newest", || {
        let found = changes(&server, "").0;
        found.len() == 1 && found[0]["id"] == newest
    });
    assert!(server.stop().success());
}

#[test]
fn impossible_ages_remove_no_change() {
    const SET_CLOCK: &str = "update counters set value = ?1 where name = 'change_clock'";
    for (sql, values) in [
        (SET_CLOCK, &[i64::MAX, i64::MIN, -1, 253_402_300_800_000][..]),
        ("update counters set value = ?1 where name = 'change_clock_seen'", &[i64::MAX, i64::MIN]),
        ("update change_marks set at = ?1", &[i64::MAX, i64::MIN, -1]),
        ("insert into change_marks (id, at) values (?1, 0)", &[i64::MAX, 1_000_000]),
    ] {
        for value in values {
            let folder = Arc::new(Folder::new());
            let server = Server::over(Arc::clone(&folder), &[]);
            create(&server, "ada");
            let before = record(&server);
            assert!(server.stop().success());
            let database = Database::open(folder.db()).expect("the database");
            assert!(database.execute(sql, [value]).expect("a value") > 0);
            drop(database);
            for name in ["bob", "cyd"] {
                let server = Server::over(Arc::clone(&folder), &["--keep-changes", "30d"]);
                create(&server, name);
                assert!(record(&server).starts_with(&before), "{sql}: {value}");
                assert!(server.stop().success());
            }
            let database = Database::open(folder.db()).expect("the database");
            let clock = "select value from counters where name = 'change_clock'";
            let clock: i64 = database.query_row(clock, [], |row| row.get(0)).expect("the clock");
            assert!((now() - clock).abs() < 3_600_000, "{sql} {value}: {clock}");
            let marks = "select count(*) from change_marks where at between 0 and ?1
                 and id <= (select max(id) from changes)";
            let marks: i64 = database.query_row(marks, [clock], |row| row.get(0)).expect("marks");
            let all: i64 =
                database.query_row("select count(*) from change_marks", [], |row| row.get(0)).expect("marks");
            assert!(all > 0 && marks == all, "{sql} {value}: {marks} of {all}");
        }
    }
}

/// Milliseconds since 1970.
fn now() -> i64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
    i64::try_from(time.as_millis()).expect("a number")
}

#[test]
fn interrupted_imports_expire_by_age_and_not_by_a_clock_far_ahead() {
    let faults = Faults::new();
    let server = faults.start();
    assert!(server.stop().success());
    let database = Database::open(faults.folder.db()).expect("the database");
    let insert = "insert into imports (digest, line, at) values (?1, 1, ?2)";
    for (byte, age) in [(1_u8, 0), (2, 29), (3, 31)] {
        database.execute(insert, params![[byte; 32], now() - age * DAY * 1000]).expect("an import");
    }
    drop(database);
    let file = faults.folder.path().join("people.jsonl");
    std::fs::write(&file, "{\"user\":\"ada\"}\n").expect("the file");
    for wrong in [50 * 365 * DAY, 0] {
        faults.set_clock(wrong);
        let server = faults.start();
        let (status, _, err) =
            said(&run(&faults.folder, &["import", file.to_str().expect("a path"), "--on-conflict", "skip"]));
        assert_eq!(status, 0, "{err}");
        assert!(server.stop().success());
        let database = Database::open(faults.folder.db()).expect("the database");
        let mut kept = database.prepare("select hex(substr(digest, 1, 1)) from imports order by digest").expect("SQL");
        let kept: Vec<String> = kept.query_map([], |row| row.get(0)).and_then(Iterator::collect).expect("the imports");
        assert_eq!(kept, ["01", "02"], "{wrong} seconds");
    }
}
