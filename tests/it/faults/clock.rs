//! A clock that is wrong when a server starts: no change is removed because of it.

use super::Faults;
use crate::changes::changes;
use crate::harness::{Server, run, said, wait_until};
use serde_json::{Value, json};

const DAY: i64 = 86_400;

fn create(server: &Server, name: &str) {
    let body = json!({"handle": format!("{name}@example.com")}).to_string();
    assert_eq!(server.datadog("POST", "/api/v1/user", Some(&body)).status, 200, "{name}");
}

/// Waits until the changes have been looked at once more, and returns the whole record.
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

        // Twice: what the first start has seen of the clock does not make the second one believe it.
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
fn changes_of_a_wrong_clock_go_when_they_are_old_and_keep_no_others() {
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
