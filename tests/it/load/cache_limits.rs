//! The caches of the server, each flooded: its size stays below its limit, and other callers keep their entries.

use crate::support::cli::{create_key, run_with_input};
use crate::support::client::{Connection, basic, write};
use crate::support::folder::Folder;
use crate::support::metrics::{LISTEN, Page, metrics_address};
use crate::support::resource_guard::check_recovery;
use crate::support::server::{ADMIN_PASSWORD, Server};
use serde_json::json;
use std::fmt::Write as _;
use std::sync::Arc;

/// Every cache that is listed in the metrics.
const CACHES: [&str; 10] = [
    "credentials",
    "failed_addresses",
    "failed_names",
    "groups",
    "lists",
    "lookups",
    "pages",
    "password_memory",
    "passwords",
    "rights",
];

/// The values of one cache in the metrics.
#[derive(Debug)]
struct Size {
    bytes: f64,
    limit: f64,
    entries: f64,
    evictions: f64,
}

fn size(server: &Server, cache: &str) -> Size {
    let page = Page::of(metrics_address(server));
    let value = |name: &str| page.value(&format!("rollbook_cache_{name}"), &[("cache", cache)]);
    Size {
        bytes: value("bytes"),
        limit: value("limit_bytes"),
        entries: value("entries"),
        evictions: value("evictions_total"),
    }
}

/// Asks on one connection, as one user, and returns the status.
struct Caller {
    connection: Connection,
    authorization: String,
}

impl Caller {
    fn new(server: &Server, user: &str, password: &str) -> Caller {
        Caller { connection: Connection::open(server.address), authorization: basic(user, password) }
    }

    fn get(&mut self, path: &str) -> u16 {
        let head =
            format!("GET /nuxeo/api/v1{path} HTTP/1.1\r\nHost: test\r\nAuthorization: {}\r\n\r\n", self.authorization);
        write(&mut self.connection, head);
        self.connection.answer(false).status
    }
}

fn create_user(server: &Server, name: &str) {
    let user =
        json!({"entity-type": "user", "properties": {"username": name, "password": format!("password of {name}")}});
    assert_eq!(server.nuxeo("POST", "/user", Some(&user.to_string())).status, 201);
}

fn flooding(server: &Server, name: &str) -> Caller {
    create_user(server, name);
    Caller::new(server, name, &format!("password of {name}"))
}

#[test]
fn every_cache_is_in_the_metrics_with_its_limit() {
    let server = Server::with(&LISTEN);
    let mut ada = flooding(&server, "ada");
    // A user is cached at the second look-up.
    for path in ["/user/search?q=a", "/user/ada", "/user/ada"] {
        assert_eq!(ada.get(path), 200);
    }
    assert_eq!(server.nuxeo_as(("ada", "wrong"), "GET", "/me", None).status, 401);
    assert_eq!(server.datadog("GET", "/api/v1/validate", None).status, 200);
    for cache in CACHES {
        let size = size(&server, cache);
        assert!(size.limit > 0.0 && size.bytes <= size.limit, "{cache}: {size:?}");
        // Addresses of the loopback network are not counted: they can be a proxy's.
        assert_eq!(size.entries > 0.0, cache != "failed_addresses", "{cache}: {size:?}");
        assert_eq!(size.bytes > 0.0, size.entries > 0.0, "{cache}: {size:?}");
    }
    // Nothing may be waiting in the log at this moment.
    assert!(size(&server, "log_lines").limit > 0.0);
}

#[test]
fn user_that_searches_for_ever_new_names_evicts_no_page_of_others() {
    let server = Server::with(&LISTEN);
    create_user(&server, "ada");
    let pages: Vec<String> = (0..50).map(|number| format!("/user/search?q=a&pageSize={}", number + 1)).collect();
    let others = || Caller::new(&server, "Administrator", ADMIN_PASSWORD);
    let flood = "2,500 searches of 14 kB, each twice, by one user";
    let cost = check_recovery(flood, &server, || {
        // The first login is a change, which invalidates the cached pages.
        let mut ada = Caller::new(&server, "ada", "password of ada");
        assert_eq!(ada.get("/me"), 200);
        // So is the search index.
        Page::when_indexed(metrics_address(&server));
        for page in &pages {
            assert_eq!(others().get(page), 200);
        }
        for number in 0..2500 {
            // Each is read twice, so that the cache keeps it.
            let path = format!("/user/search?q={number:0>14000}");
            assert_eq!((ada.get(&path), ada.get(&path)), (200, 200));
        }
        for cache in ["lists", "pages"] {
            let size = size(&server, cache);
            assert!(size.bytes <= size.limit && size.evictions > 0.0, "{cache}: {size:?}");
            // One caller uses half of the cache and no more.
            assert!(size.bytes <= size.limit * 0.55, "{cache}: {size:?}");
        }
        // Pages of others are still there, so that none is read again.
        let before = size(&server, "pages");
        for page in &pages {
            assert_eq!(others().get(page), 200);
        }
        let after = size(&server, "pages");
        assert_eq!((after.entries, after.evictions), (before.entries, before.evictions));
    });
    assert!(cost.peak_kib < 64 * 1024, "{cost:?}");
    // A change drops neither pages nor lists: both follow it.
    let [lists, pages] = ["lists", "pages"].map(|cache| size(&server, cache).entries);
    create_user(&server, "bob");
    assert_eq!(others().get("/user/search?q=b"), 200);
    assert_eq!(size(&server, "pages").entries, pages + 1.0);
    assert!(size(&server, "lists").entries >= lists);
}

#[test]
fn cached_groups_of_users_are_evicted_beyond_the_limit() {
    let folder = Arc::new(Folder::new());
    const GROUPS: usize = 5000;
    let mut records = String::new();
    for number in 0..GROUPS {
        // The longest label of the longest characters: 4 KiB.
        let group = json!({"kind": "group", "name": format!("group {number}"), "label": "\u{1F642}".repeat(1024)});
        let _ = writeln!(records, "{group}");
    }
    for number in 0..GROUPS {
        let user = json!({"kind": "user", "name": format!("user {number}"), "groups": [format!("group {number}")]});
        let _ = writeln!(records, "{user}");
    }
    let output = run_with_input(&folder, &["import", "-", "--format", "jsonl"], &records);
    assert!(output.status.success(), "{output:?}");
    let server = Server::over(folder, &LISTEN);
    let mut caller = Caller::new(&server, "Administrator", ADMIN_PASSWORD);
    for number in 0..GROUPS {
        assert_eq!(caller.get(&format!("/user/user%20{number}")), 200);
    }
    let size = size(&server, "groups");
    assert!(size.bytes <= size.limit && size.evictions > 0.0 && size.bytes > size.limit / 2.0, "{size:?}");
}

#[test]
fn user_has_one_cached_password_for_all_spellings() {
    let server = Server::with(&LISTEN);
    create_user(&server, "ada lovelace");
    let before = size(&server, "passwords").entries;
    for name in
        ["ada lovelace", "Ada Lovelace", "ADA LOVELACE", " ada lovelace ", "\u{ff41}da lovelace", "aDA LovelacE"]
    {
        assert_eq!(server.nuxeo_as((name, "password of ada lovelace"), "GET", "/me", None).status, 200, "{name}");
        assert_eq!(size(&server, "passwords").entries, before + 1.0, "{name}");
        // A wrong password does not take its place either.
        assert_eq!(server.nuxeo_as((name, "wrong"), "GET", "/me", None).status, 401, "{name}");
    }
    assert_eq!(size(&server, "passwords").entries, before + 1.0);
    // The next password takes the place of the one before.
    let body = r#"{"oldPassword":"password of ada lovelace","newPassword":"another"}"#;
    let changed =
        server.nuxeo_as(("ada lovelace", "password of ada lovelace"), "PUT", "/me/changepassword", Some(body));
    assert_eq!(changed.status, 200, "{}", changed.text());
    assert_eq!(server.nuxeo_as(("ada lovelace", "another"), "GET", "/me", None).status, 200);
    assert_eq!(server.nuxeo_as(("ada lovelace", "password of ada lovelace"), "GET", "/me", None).status, 401);
    assert_eq!(size(&server, "passwords").entries, before + 1.0);
}

#[test]
fn keys_and_tokens_are_cached_once_and_evicted_when_they_end() {
    let folder = Arc::new(Folder::new());
    let keys: Vec<String> = (0..20).map(|_| create_key(&folder, "app", None)).collect();
    let server = Server::over(folder, &LISTEN);
    assert_eq!(server.datadog("GET", "/api/v1/user/administrator", None).status, 200);
    let before = size(&server, "credentials").entries;
    for _ in 0..2 {
        for key in &keys {
            assert_eq!(server.datadog_as(key, "GET", "/api/v1/user/administrator", None).status, 200);
        }
        assert_eq!(server.datadog_as("wrong", "GET", "/api/v1/user", None).status, 403);
        assert_eq!(size(&server, "credentials").entries, before + 20.0);
    }
    let token = server.nuxeo("POST", "/token?application=a&deviceId=b", None);
    let headers = [("X-Authentication-Token", token.text())];
    assert_eq!(server.request("GET", "/nuxeo/api/v1/me", &headers, None).status, 200);
    assert_eq!(size(&server, "credentials").entries, before + 21.0);
    assert_eq!(server.nuxeo("DELETE", &format!("/token/{}", token.text()), None).status, 204);
    assert_eq!(server.request("GET", "/nuxeo/api/v1/me", &headers, None).status, 401);
    assert_eq!(size(&server, "credentials").entries, before + 20.0);
}

#[test]
fn passwords_are_checked_in_a_bounded_memory() {
    let server = Server::with(&LISTEN);
    std::thread::scope(|scope| {
        for number in 0..24 {
            let server = &server;
            scope.spawn(move || {
                let wrong = server.nuxeo_as((&format!("nobody {number}"), "wrong"), "GET", "/me", None);
                assert_eq!(wrong.status, 401);
            });
        }
    });
    let size = size(&server, "password_memory");
    let one = f64::from(19 << 20);
    assert!(size.entries >= 1.0 && size.bytes == size.entries * one && size.bytes <= size.limit, "{size:?}");
    assert!(size.limit <= 8.0 * one, "{size:?}");
}
