//! Resource guard of load tests: after an attack the server uses no more resources than before, and answers.

use super::client::{Answer, Connection, credentials, opened, request};
use super::server::{Footprint, Server};
use super::wait::{eventually, wait_until};
use serde_json::json;
use std::time::Instant;

/// Memory that the allocator may keep after an attack, in KiB: the more cores, the more of its heaps are in use.
pub const RESIDENT_SLACK_KIB: usize = 48 * 1024;

/// The cost of an attack.
#[derive(Debug)]
pub struct Cost {
    /// The most memory in use during the attack above the memory before, in KiB.
    pub peak_kib: usize,
}

/// Attacks a server, waits until it uses no more than before, and sends a request.
pub fn check_recovery(name: &str, server: &Server, attack: impl FnOnce()) -> Cost {
    let base = at_rest(server);
    server.forget_peak();
    let start = Instant::now();
    attack();
    let attacked = start.elapsed();
    let cost = Cost { peak_kib: server.footprint().peak_kib.saturating_sub(base.resident_kib) };
    let end = recovered(name, server, base);
    assert_answers(name, server);
    println!(
        "{name}: {:.2} s, then {:.2} s to recover; memory {} KiB before, +{} at the peak, {:+} after; {} threads, {} \
         descriptors",
        attacked.as_secs_f64(),
        (start.elapsed() - attacked).as_secs_f64(),
        base.resident_kib,
        cost.peak_kib,
        end.resident_kib.cast_signed() - base.resident_kib.cast_signed(),
        end.threads,
        end.descriptors,
    );
    cost
}

/// The footprint of the server after some work, without connections.
fn at_rest(server: &Server) -> Footprint {
    // Calls both dialects, a list and a few threads at once, so that caches and pools exist.
    let paths = ["/api/v1/user", "/api/v1/validate", "/nuxeo/api/v1/me", "/nuxeo/api/v1/user/search?q=*"];
    let mut connections: Vec<Connection> =
        (0..8).map(|number| opened(server, request(&format!("GET {} HTTP/1.1", paths[number % 4]), "", ""))).collect();
    for connection in &mut connections {
        // If there are few places, some connections get none.
        assert!([200, 503].contains(&connection.answer(false).status));
    }
    drop(connections);
    wait_until_left(server);
    server.footprint()
}

/// Waits until every connection has ended.
pub fn wait_until_left(server: &Server) {
    wait_until("the end of all connections", || connection_threads(server) == 0);
}

/// The threads that serve a connection each.
pub fn connection_threads(server: &Server) -> usize {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", server.pid())).expect("the server runs");
    let names = tasks.flatten().filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|name| name.trim_end() == "connection").count()
}

fn recovered(name: &str, server: &Server, base: Footprint) -> Footprint {
    let awaited = std::fmt::from_fn(|f| {
        write!(f, "{name}: {base:?} again instead of {:?}\n{}", server.footprint(), tail(&server.log()))
    });
    eventually(awaited, || {
        let now = server.footprint();
        let has_recovered = now.threads <= base.threads
            && now.descriptors <= base.descriptors
            && now.resident_kib <= base.resident_kib + RESIDENT_SLACK_KIB;
        has_recovered.then_some(now)
    })
}

/// The next requests are answered, and no request so far caused an internal error.
pub fn assert_answers(name: &str, server: &Server) {
    let rows = [("/api/v1/validate", 200), ("/nuxeo/api/v1/me", 200), ("/the-siege-is-over", 404)];
    for (path, status) in rows {
        let message = request(&format!("GET {path} HTTP/1.1"), "", "");
        // The only place may still belong to the client before.
        let answer = eventually("a free place", || Some(opened(server, &message).answer(false)).filter(is_served));
        assert_eq!(answer.status, status, "{name}: {path}: {}", answer.text());
    }
    server.wait_for_log("/the-siege-is-over");
    let log = server.log();
    for sign in [" 500 ", "panicked", "ERROR"] {
        let faults: Vec<&str> = log.lines().filter(|line| line.contains(sign)).take(5).collect();
        assert!(faults.is_empty(), "{name}: {faults:#?}");
    }
}

fn is_served(answer: &Answer) -> bool {
    answer.status != 503
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().rev().take(20).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

/// Reads and writes of both dialects while `meanwhile` runs; each must be answered.
pub fn work(server: &Server, name: &str, rounds: usize) {
    let keys = credentials();
    for round in 0..rounds {
        let body = json!({"handle": format!("{name}{round}@example.com")}).to_string();
        let create =
            format!("POST /api/v1/user HTTP/1.1\r\nHost: test\r\n{keys}Content-Length: {}\r\n\r\n{body}", body.len());
        let mut connection = opened(server, create);
        let answer = connection.answer(false);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let get = format!("GET /nuxeo/api/v1/user/{name}{round}@example.com HTTP/1.1");
        for message in [request(&get, "", ""), request("GET /api/v1/validate HTTP/1.1", "Connection: close\r\n", "")] {
            crate::support::client::write(&mut connection, message);
            let answer = connection.answer(false);
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
    }
}

/// Makes that many users with one call each thousand.
pub fn fill(server: &Server, count: usize) {
    let emails: Vec<String> = (0..count).map(|number| format!("filled{number:05}@example.com")).collect();
    for part in emails.chunks(1000) {
        let answer = server.datadog("POST", "/api/v1/invite_users", Some(&json!({"emails": part}).to_string()));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}
