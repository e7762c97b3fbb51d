//! The lifetime and the cost of sessions.

use super::{ADA, ME, ROOT, get, opens, with_ada};
use crate::support::client::{Connection, basic};
use crate::support::folder::Folder;
use crate::support::nuxeo::{LOGIN, cookie_in, cookie_of, log_in};
use crate::support::server::Server;
use crate::support::ui::session_cookie;
use crate::support::wait::wait_until;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[test]
fn a_session_ends_without_use() {
    let server = with_ada(&["--nuxeo-session-idle", "2s"]);
    let start = Instant::now();
    let (used, unused) = (cookie_of(&server, ADA), cookie_of(&server, ADA));
    // On a machine that is very busy, the time may be over by now.
    assert!(opens(&server, &used) || start.elapsed() >= Duration::from_secs(2));
    // A request that does not count as use: the server refuses it for its origin.
    let look = || {
        let headers = [("Cookie", used.as_str()), ("Origin", "http://elsewhere.example")];
        server.request("POST", LOGIN, &headers, None).status
    };
    wait_until("the end of the session", || look() != 403);
    assert!(start.elapsed() >= Duration::from_secs(2), "{:?}", start.elapsed());
    assert!(!opens(&server, &used) && !opens(&server, &unused));
}

#[test]
fn thousands_of_logins_end_no_other_session() {
    const LOGINS: usize = 5000;
    let server = with_ada(&[]);
    let page = session_cookie(&server);
    let (first, used) = (cookie_of(&server, ROOT), cookie_of(&server, ROOT));
    assert!(opens(&server, &used));
    let authorization = basic(ROOT.0, ROOT.1);
    let mut connection = Connection::open(server.address);
    let mut log_in = || {
        connection.send("POST", LOGIN, &[("Authorization", &authorization)], None);
        cookie_in(&connection.answer(false))
    };
    let warm = (0..100).map(|_| log_in()).last();
    let before = server.footprint().resident_kib;
    let cookies: BTreeSet<String> = (0..LOGINS).map(|_| log_in()).collect();
    assert_eq!(cookies.len(), LOGINS, "each has a cookie of its own");
    let grown = server.footprint().resident_kib.saturating_sub(before);
    assert!(grown < 2048, "{grown} KiB more after {LOGINS} logins");
    // None of these sessions has been used until now.
    for cookie in [&first, &used, &warm.expect("a cookie")].into_iter().chain(cookies.iter().take(20)) {
        assert!(opens(&server, cookie));
    }
    assert_eq!(get(&server, "/ui/api/session", &page).status, 200);
    // Hundreds of them are used again, and hundreds end, before and after their first use.
    let mut connection = Connection::open(server.address);
    let mut ask = |path: &str, cookie: &str| {
        connection.send("GET", path, &[("Cookie", cookie)], None);
        connection.answer(false).status
    };
    let mut ended = Vec::new();
    for (number, cookie) in cookies.iter().take(1500).enumerate() {
        assert!(number % 3 == 0 || ask(ME, cookie) == 200, "{number}");
        if number % 3 != 1 {
            assert_eq!(ask("/nuxeo/logout", cookie), 200);
            ended.push(cookie);
        }
        if number % 100 == 0 {
            assert_eq!(ask(ME, &used), 200, "{number}");
            let statuses: Vec<u16> = ended.iter().map(|cookie| ask(ME, cookie)).collect();
            assert!(statuses.iter().all(|status| *status == 401), "{number} {statuses:?}");
        }
    }
    assert!(ended.iter().all(|cookie| ask(ME, cookie) == 401));
    assert_eq!([ask(ME, &used), ask(ME, &cookie_of(&server, ROOT))], [200, 200]);
    assert_eq!(ask(ME, &cookie_of(&server, ADA)), 200);
    assert_eq!(get(&server, "/ui/api/session", &page).status, 200);
}

#[test]
fn a_login_writes_nothing() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &["--metrics-public"]);
    let value = |name: &str| {
        let page = server.request("GET", "/metrics", &[], None);
        let line = page.text().lines().find_map(|line| line.strip_prefix(name).map(str::to_owned));
        line.expect("a number")
    };
    let commits = || value("rollbook_writer_commits_total ");
    // The first login is noted with the user, and the search index gets the user some seconds after the start.
    let cookie = cookie_of(&server, ROOT);
    wait_until("an index of all users", || value("rollbook_search_unindexed_users ") == "0");
    let before = commits();
    for _ in 0..10 {
        let cookie = cookie_of(&server, ROOT);
        assert!(opens(&server, &cookie));
        assert_eq!(get(&server, "/nuxeo/logout", &cookie).status, 200);
    }
    assert!(opens(&server, &cookie));
    assert_eq!(commits(), before);
}

#[test]
fn the_document_of_a_login_is_the_same_with_the_cookie() {
    let server = with_ada(&[]);
    let first = log_in(&server, &[("Authorization", &basic(ADA.0, ADA.1))]);
    let again = log_in(&server, &[("Cookie", &cookie_in(&first))]);
    let expected: Value = json!({"entity-type": "login", "username": "ada", "isAdministrator": false, "groups": []});
    assert_eq!([first.parts(), again.parts()], [(200, expected.clone()), (200, expected)]);
}
