//! Requests for changes: their start, their waits, and their permissions.

use crate::support::changes::{BEGIN_AGAIN, ask, ask_as, changes};
use crate::support::cli::run;
use crate::support::client::{Answer, Connection, basic};
use crate::support::folder::Folder;
use crate::support::metrics::{LISTEN, Page, metrics_address};
use crate::support::nuxeo::user_body;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use crate::support::wait::wait_until;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[test]
fn a_list_can_begin_at_a_number_at_a_time_or_now_and_has_a_limit() {
    let server = Server::start();
    let (all, last) = changes(&server, "0");
    assert_eq!(changes(&server, "").0, all);
    assert_eq!(changes(&server, "now"), (Vec::new(), last.clone()));
    assert_eq!(changes(&server, &last), (Vec::new(), last.clone()));
    assert_eq!(changes(&server, "2000-01-01T00:00:00Z").0, all);
    assert_eq!(changes(&server, "2100-01-01T00:00:00%2B01:00"), (Vec::new(), last));
    let time = all[4]["time"].as_str().unwrap();
    let (from, _) = changes(&server, time);
    assert!(from.iter().all(|change| change["time"].as_str() >= Some(time)) && from.contains(&all[4]), "{from:?}");
    let piece = ask(&server, "?since=0&limit=3");
    assert_eq!((piece.text().lines().count(), piece.header("Rollbook-Next")), (3, Some("3")));
    let head = server.request("HEAD", "/rollbook/v1/changes", &[("Authorization", &format!("Bearer {APP_KEY}"))], None);
    assert_eq!((head.status, head.body.len()), (200, 0));
}

/// Waits until so many requests have begun and are not answered.
fn wait_for_requests(server: &Server, count: usize) {
    let has_begun =
        |page: &Page| page.value("rollbook_http_requests_in_progress", &[("listener", "public")]) == count as f64;
    Page::when(metrics_address(server), format_args!("{count} requests"), has_begun);
}

#[test]
fn waiting_reader_receives_the_next_change_at_once() {
    let server = Server::with(&LISTEN);
    let next = changes(&server, "0").1;
    std::thread::scope(|scope| {
        let waiting: Vec<_> =
            (0..8).map(|_| scope.spawn(|| ask(&server, &format!("?since={next}&wait=60&limit=1")))).collect();
        let new = scope.spawn(|| ask(&server, "?since=now&wait=60"));
        wait_for_requests(&server, 9);
        assert_eq!(server.datadog("POST", "/api/v1/user", Some(r#"{"handle":"ada@example.com"}"#)).status, 200);
        // A request for the changes after a number gets them, even if it comes late.
        for answer in waiting {
            let answer = answer.join().expect("an answer");
            assert_eq!(answer.text().lines().count(), 1, "{}", answer.text());
            let change: Value = serde_json::from_str(answer.text()).unwrap();
            assert_eq!(change["name"], "ada@example.com");
        }
        // A request from `now` on may have started after that change, and gets the next ones.
        for number in 0.. {
            if new.is_finished() {
                break;
            }
            let body = json!({"handle": format!("u{number}@example.com")}).to_string();
            assert_eq!(server.datadog("POST", "/api/v1/user", Some(&body)).status, 200);
        }
        assert_ne!(new.join().expect("an answer").text(), "");
    });
    let nothing = ask(&server, "?since=now&wait=0.05");
    assert_eq!((nothing.status, nothing.body.len()), (200, 0));
}

#[test]
fn waiting_reader_does_not_delay_the_stop() {
    let server = Server::with(&[&LISTEN[..], &["--grace", "60"]].concat());
    let mut connection = Connection::open(server.address);
    let authorization = format!("Bearer {APP_KEY}");
    let start = Instant::now();
    connection.send("GET", "/rollbook/v1/changes?since=now&wait=60", &[("Authorization", &authorization)], None);
    wait_for_requests(&server, 1);
    assert_eq!(server.stop().code(), Some(0));
    let answer = connection.answer(false);
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    assert!(start.elapsed() < Duration::from_secs(60), "the request has waited for its whole time");
}

#[test]
fn changes_feed_is_for_administrators_and_keys() {
    let server = Server::start();
    assert_eq!(
        server.nuxeo("POST", "/user", Some(&user_body(json!({"username": "bob", "password": "secret words"})))).status,
        201
    );
    let refused = |answer: Answer, status: u16, message: &str| {
        assert_eq!(answer.parts(), (status, json!({"error": message})));
        answer
    };
    let stranger = refused(ask_as(&server, "", ""), 401, "not authenticated");
    assert!(stranger.header("WWW-Authenticate").is_some_and(|challenge| challenge.contains("Basic")));
    for authorization in
        ["Bearer", "Bearer x", "Basic x", &basic("bob", "wrong"), &format!("Bearer {API_KEY}"), "Digest x"]
    {
        refused(ask_as(&server, authorization, ""), 401, "not authenticated");
    }
    refused(ask_as(&server, &basic("bob", "secret words"), ""), 403, "not allowed");
    let token = server.nuxeo_as(("bob", "secret words"), "POST", "/token?application=a&deviceId=b", None);
    refused(ask_as(&server, &format!("Bearer {}", token.text()), ""), 403, "not allowed");
    assert_eq!(ask_as(&server, &basic("Administrator", ADMIN_PASSWORD), "").status, 200);
    let token = server.nuxeo("POST", "/token?application=a&deviceId=b", None);
    assert_eq!(ask_as(&server, &format!("bearer {}", token.text()), "").status, 200);
}

#[test]
fn lines_that_were_read_for_others_need_the_same_right() {
    let server = Server::with(&LISTEN);
    let admin = json!({"username": "eve", "password": "secret words", "groups": ["administrators"]});
    assert_eq!(server.nuxeo("POST", "/user", Some(&user_body(admin))).status, 201);
    let user = json!({"username": "bob", "password": "secret words"});
    assert_eq!(server.nuxeo("POST", "/user", Some(&user_body(user))).status, 201);
    // The first login of a user is a change.
    let eve = basic("eve", "secret words");
    assert_eq!(ask_as(&server, &eve, "?since=1").status, 200);
    assert_eq!(ask_as(&server, &basic("bob", "secret words"), "?since=1").status, 403);
    let next = changes(&server, "0").1;
    let after_first = ask(&server, "?since=1").text().to_owned();
    assert_eq!(ask(&server, "?since=1").text(), after_first);
    assert_eq!(ask(&server, "?since=1&limit=1").text().lines().count(), 1);
    assert_eq!(ask_as(&server, &eve, "?since=1").text(), after_first);
    assert_eq!(ask_as(&server, &basic("bob", "secret words"), "?since=1").status, 403);
    let query = format!("?since={next}&wait=60");
    std::thread::scope(|scope| {
        let of_eve = scope.spawn(|| ask_as(&server, &eve, &query));
        let of_key = scope.spawn(|| ask(&server, &query));
        wait_for_requests(&server, 2);
        assert_eq!(server.nuxeo("DELETE", "/user/eve/group/administrators", None).status, 200);
        assert_eq!(of_key.join().expect("an answer").text().lines().count(), 1);
        assert_eq!(of_eve.join().expect("an answer").status, 403);
    });
}

#[test]
fn wrong_request_has_the_error_form_of_the_changes_feed() {
    let server = Server::start();
    let wrong_since = "since is not the number of a change, a time (RFC 3339) or now";
    let wrong_limit = "limit is not a number from 1 to 10000";
    let wrong_wait = "wait is not a number of seconds from 0 to 60";
    for (query, status, message) in [
        ("?since=-1", 400, wrong_since),
        ("?since=yesterday", 400, wrong_since),
        ("?since=99999999999999999999", 400, wrong_since),
        ("?limit=0", 400, wrong_limit),
        ("?limit=10001", 400, wrong_limit),
        ("?limit=all", 400, wrong_limit),
        ("?wait=61", 400, wrong_wait),
        ("?wait=-1", 400, wrong_wait),
        ("?wait=NaN", 400, wrong_wait),
        ("?since=%zz", 400, "the query is not percent-encoded UTF-8"),
        ("?since=1000", 410, "there is no change 1000 yet: the last is 7"),
        ("/x", 404, "there is nothing at this path"),
    ] {
        assert_eq!(ask(&server, query).parts(), (status, json!({"error": message})), "{query}");
    }
    let posted =
        server.request("POST", "/rollbook/v1/changes", &[("Authorization", &format!("Bearer {APP_KEY}"))], Some(b""));
    assert_eq!(posted.parts(), (405, json!({"error": "the path does not have this method"})));
    assert_eq!(posted.header("Allow"), Some("GET, HEAD"));
    let elsewhere = Server::with(&["--rollbook-prefix", "/own"]);
    let headers: [(&str, &str); 1] = [("Authorization", &format!("Bearer {APP_KEY}"))];
    assert_eq!(elsewhere.request("GET", "/own/v1/changes", &headers, None).status, 200);
    assert_eq!(elsewhere.request("GET", "/rollbook/v1/changes", &headers, None).status, 404);
}

#[test]
fn expired_changes_are_410_for_readers_that_missed_them() {
    let server = Server::with(&["--keep-changes", "1s"]);
    wait_until("a list of one", || changes(&server, "").0.len() == 1);
    assert_eq!(changes(&server, "").1, "7", "the newest stays, so that no number is given twice");
    server.wait_for_log(" changes that are older than 1s");
    let oldest = ask(&server, "");
    assert_eq!((oldest.text().lines().count(), oldest.header("Rollbook-Oldest")), (1, Some("7")));
    let kept: Value = serde_json::from_str(oldest.text()).expect("a line of JSON");
    let time = kept["time"].as_str().expect("a time");
    for (since, what) in [
        ("0", "the changes after 0 are no longer kept: the first is 7".to_owned()),
        ("3", "the changes after 3 are no longer kept: the first is 7".to_owned()),
        (
            "2000-01-01T00:00:00Z",
            format!("the changes from that time on are no longer all kept: the first is 7, of {time}"),
        ),
    ] {
        let message = format!("{what}; {BEGIN_AGAIN}");
        assert_eq!(ask(&server, &format!("?since={since}")).parts(), (410, json!({"error": message})));
    }
    assert_eq!(changes(&server, "6").0.len(), 1);
    assert_eq!(changes(&server, time).0.len(), 1);
    assert_eq!(changes(&server, "2100-01-01T00:00:00Z"), (Vec::new(), "7".to_owned()));
    for wrong in ["soon", "10", "1y", "-1d", ""] {
        let refused = run(&Folder::new(), &["serve", "--keep-changes", wrong]);
        assert_eq!(refused.status.code(), Some(2), "{wrong}");
    }
}

#[test]
fn changes_are_the_same_before_and_after_a_kill() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    for number in 0..20 {
        let body = json!({"handle": format!("u{number}@example.com")}).to_string();
        assert_eq!(server.datadog("POST", "/api/v1/user", Some(&body)).status, 200);
    }
    let before = changes(&server, "0");
    server.kill();
    let server = Server::over(folder, &[]);
    assert_eq!(changes(&server, "0"), before);
}
