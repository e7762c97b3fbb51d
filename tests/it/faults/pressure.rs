//! Slow readers, clock jumps, and an unread log.

use super::load::{CLIENTS, Load, State};
use super::{Faults, long};
use crate::support::client::{Connection, basic};
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server, serve};
use crate::support::wait::{wait_for, wait_until};
use serde_json::json;
use std::io::{BufRead, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// Bytes of a frame of the log: a page and its header.
pub const FRAME: u64 = 4096 + 24;
/// Pages in the log at which the server waits for its readers, and room for what one group of writes adds.
const LOG_PAGES_BOUND: u64 = 16_000 + 4_000;

pub fn log_bytes(folder: &Folder) -> u64 {
    let mut name = folder.db().into_os_string();
    name.push("-wal");
    std::fs::metadata(name).map_or(0, |file| file.len())
}

/// Runs the same calls in many clients, each with its own connection, and numbers the calls.
pub fn in_clients(server: &Server, count: usize, work: impl Fn(&mut Connection, usize) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut connection = Connection::open(server.address);
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    work(&mut connection, number);
                }
            });
        }
    });
}

pub fn datadog(connection: &mut Connection, method: &str, path: &str, body: &str) -> u16 {
    let headers = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)];
    connection.send(method, path, &headers, Some(body.as_bytes()));
    connection.answer(false).status
}

#[test]
fn wal_stays_bounded_while_long_lists_are_read_slowly() {
    const USERS: usize = 2_000;
    let folder = Arc::new(Folder::new());
    // The readers may take any time: no limit drops them.
    let server = Server::over(Arc::clone(&folder), &["--write-timeout", "600"]);
    // Names of 255 characters make the list too long for what the sockets hold.
    let name = "n".repeat(250);
    in_clients(&server, USERS, |connection, number| {
        let body = json!({"handle": format!("user{number}@example.com"), "name": name}).to_string();
        assert_eq!(datadog(connection, "POST", "/api/v1/user", &body), 200);
    });
    let stopped = AtomicBool::new(false);
    let (most, read, lists) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let writes = if long() { 50_000 } else { 10_000 };
    std::thread::scope(|scope| {
        // Two hold the whole of a list without reading it, two read a little at a time, and some sit idle.
        for reader in 0..4 {
            let (server, stopped, read, lists) = (&server, &stopped, &read, &lists);
            scope.spawn(move || {
                while !stopped.load(Ordering::Relaxed) {
                    let mut connection = Connection::open(server.address);
                    let headers = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY), ("Connection", "close")];
                    connection.send("GET", "/api/v1/user", &headers, None);
                    let mut piece = vec![0; 4096];
                    loop {
                        if reader < 2 && !stopped.load(Ordering::Relaxed) {
                            std::thread::sleep(Duration::from_millis(100));
                            continue;
                        }
                        match connection.stream().read(&mut piece) {
                            Ok(0) => break,
                            Ok(length) => read.fetch_add(length as u64, Ordering::Relaxed),
                            Err(error) => panic!("{error}"),
                        };
                        if !stopped.load(Ordering::Relaxed) {
                            std::thread::sleep(Duration::from_millis(5));
                        }
                    }
                    lists.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let idle: Vec<Connection> = (0..20).map(|_| Connection::open(server.address)).collect();
        let (watched, watch, most) = (&folder, &stopped, &most);
        scope.spawn(move || {
            while !watch.load(Ordering::Relaxed) {
                most.fetch_max(log_bytes(watched), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        in_clients(&server, writes, |connection, number| {
            let path = format!("/api/v1/user/user{}@example.com", number * 7 % USERS);
            let body = json!({"name": format!("{number}{}", "m".repeat(240))}).to_string();
            assert_eq!(datadog(connection, "PUT", &path, &body), 200);
        });
        stopped.store(true, Ordering::Relaxed);
        drop(idle);
    });
    let most = most.into_inner();
    assert!(most < LOG_PAGES_BOUND * FRAME, "{most} bytes");
    assert!(!server.log().contains("could not be moved"), "{}", server.log());
    // The server overwrites the frames that were moved: the same number of writes does not make the file longer.
    let before = log_bytes(&folder);
    in_clients(&server, writes / 5, |connection, number| {
        let path = format!("/api/v1/user/user{}@example.com", number % USERS);
        assert_eq!(datadog(connection, "PUT", &path, r#"{"name":"after"}"#), 200);
    });
    let after = log_bytes(&folder);
    assert!(after <= before.max(4_500 * FRAME), "{before} and then {after} bytes");
    assert!(server.stop().success());
    assert_eq!(log_bytes(&folder), 0, "the end of the server leaves no WAL");
    State::in_file(&folder.db());
    let (read, lists) = (read.into_inner() >> 10, lists.into_inner());
    eprintln!("{writes} writes during {lists} slow lists ({read} KiB): the log had {} KiB at most", most >> 10);
}

#[test]
fn clock_jumps_disturb_no_client() {
    const DAY: i64 = 86_400;
    let faults = Faults::new();
    let server = faults.start();
    let body = r#"{"entity-type":"user","properties":{"username":"ada","password":"secret words"}}"#;
    assert_eq!(server.nuxeo("POST", "/user", Some(body)).status, 201);
    let ada = ("ada", "secret words");
    assert_eq!(server.nuxeo_as(ada, "GET", "/me", None).status, 200);
    let authorization = basic(ada.0, ada.1);
    let target = "/nuxeo/authentication/token?applicationName=a&deviceId=b&deviceDescription=c&permission=rw";
    let token = server.request("GET", target, &[("Authorization", &authorization)], None);
    assert_eq!(token.status, 201);
    let token = token.text().to_owned();
    let all_is_well = |what: &str| {
        assert_eq!(server.nuxeo_as(ada, "GET", "/me", None).status, 200, "{what}");
        assert_eq!(server.nuxeo_as(("ada", "other words"), "GET", "/me", None).status, 401, "{what}");
        let header = [("X-Authentication-Token", token.as_str())];
        assert_eq!(server.request("GET", "/nuxeo/api/v1/me", &header, None).status, 200, "{what}");
        assert_eq!(server.datadog("GET", "/api/v1/validate", None).status, 200, "{what}");
        let again = server.request("GET", target, &[("Authorization", &authorization)], None);
        assert_eq!((again.status, again.text()), (201, token.as_str()), "{what}");
    };
    let mut load = Load::new(6);
    let all = load.run(&server, 40, |answered| {
        for (step, clock) in [-DAY, 0, DAY, -DAY, -50 * 365 * DAY, 50 * 365 * DAY, 0].into_iter().enumerate() {
            wait_until("answers", || answered.load(Ordering::Relaxed) >= step * 80);
            faults.set_clock(clock);
            all_is_well(&format!("{clock} seconds"));
        }
    });
    assert_eq!(all, 40 * CLIENTS);
    faults.set_clock(-DAY);
    all_is_well("at the end");
    load.settle(&State::in_file(&faults.folder.db()));
    assert!(server.stop().success());
    // Also a start before what is stored.
    let server = faults.start();
    assert_eq!(server.nuxeo_as(ada, "GET", "/me", None).status, 200);
    assert!(server.stop().success());
}

/// A server whose log is read only to the end of its start.
fn start_unread(folder: &Folder, flags: &[&str]) -> (Child, BufReader<ChildStderr>, SocketAddr) {
    let mut child =
        serve(folder, flags).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the server starts");
    let mut stderr = BufReader::with_capacity(1, child.stderr.take().expect("stderr is piped"));
    let mut address = None;
    loop {
        let mut line = String::new();
        if stderr.read_line(&mut line).unwrap_or_default() == 0 {
            let _ = child.kill();
            panic!("the server ends: {:?}", child.wait());
        }
        if let Some((_, found)) = line.split_once("listening on http://") {
            address = found.trim_end_matches(['\n', '"', '}']).parse().ok();
        }
        // The last line of a start.
        if line.contains("ready: open ") {
            break;
        }
    }
    // Later lines may be read in larger pieces; up to here the reader held none back.
    (child, BufReader::new(stderr.into_inner()), address.expect("the address"))
}

#[test]
fn clock_before_1970_disturbs_no_client() {
    let faults = Faults::new();
    let server = faults.start();
    faults.set_clock(-80 * 365 * 86_400);
    assert_eq!(server.datadog("POST", "/api/v1/user", Some(r#"{"handle":"ada@example.com"}"#)).status, 200);
    assert_eq!(server.nuxeo("GET", "/user/ada@example.com", None).status, 200);
    assert!(server.stop().success());
}

#[test]
fn unread_log_blocks_no_request_and_counts_dropped_lines() {
    let lines = log_without_reader(&[]);
    assert!(lines.iter().all(|line| line.starts_with("[20")), "each line has a time");
}

#[test]
fn unread_json_log_counts_dropped_lines_in_json() {
    for line in log_without_reader(&["--log-format", "json"]) {
        assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok_and(|line| line.is_object()), "{line}");
    }
}

/// Fills the pipe of a log until lines are dropped, and returns the lines that are read after that.
fn log_without_reader(flags: &[&str]) -> Vec<String> {
    let folder = Arc::new(Folder::new());
    let (mut child, stderr, address) = start_unread(&folder, flags);
    // A pipe holds 64 KiB, and the server a MiB more.
    let long_path = format!("/elsewhere/{}", "x".repeat(4000));
    let mut connection = Connection::open(address);
    for number in 0..1000 {
        connection.send("GET", &long_path, &[], None);
        assert_eq!(connection.answer(false).status, 404, "{number}");
    }
    let keys = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)];
    connection.send("POST", "/api/v1/user", &keys, Some(br#"{"handle":"ada@example.com"}"#));
    assert_eq!(connection.answer(false).status, 200);
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    connection.send("GET", "/nuxeo/api/v1/user/ada@example.com", &[("Authorization", &authorization)], None);
    assert_eq!(connection.answer(false).status, 200);

    // When the reader continues, the log reports the gap and then the later lines. There may be several gaps.
    let (tell, told) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut seen = Vec::new();
        for line in stderr.lines().map_while(Result::ok) {
            if line.contains("/after-the-gap") {
                let _ = tell.send(());
            }
            seen.push(line);
        }
        seen
    });
    let mut requests = 1002;
    wait_until("a line of a request after the gap", || {
        connection.send("GET", "/after-the-gap", &[], None);
        assert_eq!(connection.answer(false).status, 404);
        requests += 1;
        told.recv_timeout(Duration::from_millis(100)).is_ok()
    });
    drop(connection);
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill runs").success());
    assert_eq!(wait_for(&mut child).code(), Some(0));
    let seen = reader.join().expect("the lines");
    let (gaps, lines): (Vec<&String>, Vec<&String>) =
        seen.iter().partition(|line| line.contains("log lines were dropped"));
    let number = |gap: &String| {
        let (before, _) = gap.split_once(" log lines")?;
        before.rsplit(|c: char| !c.is_ascii_digit()).next()?.parse::<usize>().ok()
    };
    let dropped: usize = gaps.into_iter().map(|gap| number(gap).expect("a number")).sum();
    let there = lines.iter().filter(|line| line.contains("/elsewhere/")).count();
    assert!(there > 0 && dropped > 0 && there < 1000, "{there} and {dropped}");
    // Each request has a line, and the end of the server has two. The missing ones have been counted.
    assert_eq!(lines.len() + dropped, requests + 2, "{there} and {dropped}");
    seen
}

#[test]
fn unread_log_does_not_block_the_stop() {
    let folder = Arc::new(Folder::new());
    let (mut child, stderr, address) = start_unread(&folder, &[]);
    let mut connection = Connection::open(address);
    let long_path = format!("/elsewhere/{}", "x".repeat(4000));
    for _ in 0..500 {
        connection.send("GET", &long_path, &[], None);
        assert_eq!(connection.answer(false).status, 404);
    }
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill runs").success());
    let status = wait_for(&mut child);
    assert_eq!(status.code(), Some(0));
    drop(stderr);
}
