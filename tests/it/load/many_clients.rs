//! More clients than the server has room for: bursts, many idle clients, and one resource after the other that runs
//! out.

use crate::support::busy_connection::KEPT_BUSY;
use crate::support::cli::rollbook_after;
use crate::support::client::{Connection, opened, request, write};
use crate::support::folder::Folder;
use crate::support::metrics::Page;
use crate::support::resource_guard::{assert_answers, check_recovery, connection_threads, wait_until_left, work};
use crate::support::server::Server;
use crate::support::wait::{eventually, wait_for, wait_until};
use rustix::process::{Resource, getrlimit, setrlimit};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

fn valid() -> String {
    request("GET /api/v1/validate HTTP/1.1", "", "")
}

/// Opens that many connections as fast as it goes, and sends the same on each.
fn crowd(address: SocketAddr, count: usize, bytes: &str) -> Vec<Connection> {
    const HANDS: usize = 8;
    let barrier = Barrier::new(HANDS);
    thread::scope(|scope| {
        let hands: Vec<_> = (0..HANDS)
            .map(|hand| {
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    let share = count / HANDS + usize::from(hand < count % HANDS);
                    let mut connections = Vec::with_capacity(share);
                    for _ in 0..share {
                        let mut connection = Connection::open(address);
                        write(&mut connection, bytes);
                        connections.push(connection);
                    }
                    connections
                })
            })
            .collect();
        hands.into_iter().flat_map(|hand| hand.join().expect("connections")).collect()
    })
}

/// The status of each answer, or 0 for a connection that was closed without one.
fn statuses(connections: &mut [Connection]) -> Vec<u16> {
    connections.iter_mut().map(|connection| connection.try_answer(false).map_or(0, |answer| answer.status)).collect()
}

fn count(statuses: &[u16], status: u16) -> usize {
    statuses.iter().filter(|other| **other == status).count()
}

/// Lets this process open as many files as it may, and returns how many.
fn raise_descriptor_limit() -> u64 {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).expect("the soft limit may be raised to the hard one");
    limit.current.unwrap_or(u64::MAX)
}

#[test]
fn thousand_simultaneous_clients_are_all_answered() {
    let room = raise_descriptor_limit();
    let all = usize::try_from((room / 2).min(1000)).expect("a small number");
    let server = Server::start();
    for round in ["first", "second"] {
        check_recovery(&format!("{all} connects at once, {round} time"), &server, || {
            let start = Instant::now();
            let mut connections = crowd(server.address, all, &valid());
            assert_eq!(statuses(&mut connections), vec![200; all]);
            println!("{all} connects at once: all answered after {:.2} s", start.elapsed().as_secs_f64());
        });
    }
}

#[test]
fn five_thousand_idle_connections_delay_no_request() {
    let room = raise_descriptor_limit();
    // Both sides of each connection need one; other tests run in this process as well.
    let idle = usize::try_from(room.saturating_sub(2500).clamp(100, 5000)).expect("a small number");
    println!("{idle} idle connections under a limit of {room} descriptors");
    // However long it takes to open all of them.
    let server = Server::with(&["--head-timeout", "600", "--idle-timeout", "600"]);
    let cost = check_recovery(&format!("{idle} idle connections"), &server, || {
        // Half of them have received an answer and stay, the others have sent nothing.
        let mut connections = crowd(server.address, idle / 2, &valid());
        assert!(statuses(&mut connections).iter().all(|status| *status == 200));
        connections.extend(crowd(server.address, idle - idle / 2, ""));
        let awaited = std::fmt::from_fn(|f| write!(f, "all {idle} after {}", connection_threads(&server)));
        wait_until(awaited, || connection_threads(&server) == idle);
        let start = Instant::now();
        work(&server, "among", 50);
        println!("{idle} idle connections: 150 requests of others took {:.2} s", start.elapsed().as_secs_f64());
        for connection in &mut connections {
            write(connection, valid());
        }
        assert!(statuses(&mut connections).iter().all(|status| *status == 200));
    });
    assert!(cost.peak_kib < 64 * idle, "{} KiB for {idle} connections", cost.peak_kib);
}

#[test]
fn connections_beyond_the_limit_are_refused_and_freed() {
    const PLACES: usize = 50;
    let server = Server::with(&[&KEPT_BUSY[..], &["--max-connections", "50"]].concat());
    // A second request that does not end keeps a connection from giving way.
    let busy = format!("{}GET /", valid());
    for _ in 0..2 {
        check_recovery("500 connects with 50 places", &server, || {
            let mut connections = crowd(server.address, 500, &busy);
            let statuses = statuses(&mut connections);
            let (served, full, closed) = (count(&statuses, 200), count(&statuses, 503), count(&statuses, 0));
            println!("500 connects with 50 places: {served} times 200, {full} times 503, {closed} closed");
            // The number exceeds the places only if a slow machine served some so late that they had given way.
            assert!(served >= PLACES && served + full + closed == 500, "{statuses:?}");
            assert!(full >= 100, "{full} were refused with 503");
        });
        wait_until_left(&server);
        let mut connections = crowd(server.address, PLACES, &busy);
        assert_eq!(statuses(&mut connections), [200; PLACES]);
        drop(connections);
    }
}

/// A connection that is served, as soon as a connection with a place becomes idle. The first letter of the next
/// request, a GET, has been sent on it: so it does not give way to others.
fn place(server: &Server) -> Connection {
    eventually("a place", || {
        let mut connection = opened(server, format!("{}G", valid()));
        let status = connection.answer(false).status;
        assert!([200, 503].contains(&status), "{status}");
        (status == 200).then_some(connection)
    })
}

#[test]
fn server_survives_too_few_descriptors() {
    // If the limit leaves no room, one connection has a place; if it leaves some, a few have one.
    for (limit, crowd_size) in [(64, 200), (100, 300)] {
        let server = Server::after(&format!("ulimit -n {limit}"), &KEPT_BUSY);
        check_recovery(&format!("{crowd_size} connects with {limit} descriptors"), &server, || {
            let mut connections = crowd(server.address, crowd_size, &valid());
            // Clients with a connection work while others try to connect.
            let mut first = place(&server);
            let search = request("GET /nuxeo/api/v1/user/search?q=* HTTP/1.1", "", "");
            for number in 0..10 {
                let body = format!("{{\"handle\":\"pressed{number}@example.com\"}}");
                let create = crate::support::client::create(&format!("Content-Length: {}\r\n", body.len()), &body);
                for (rest, next) in [(&search[1..], &create[..1]), (&create[1..], &search[..1])] {
                    write(&mut first, [rest, next].concat());
                    let answer = first.answer(false);
                    assert_eq!(answer.status, 200, "{}", answer.text());
                }
            }
            let statuses = statuses(&mut connections);
            let (served, full, closed) = (count(&statuses, 200), count(&statuses, 503), count(&statuses, 0));
            println!(
                "{crowd_size} connects with {limit} descriptors: {served} times 200, {full} times 503, {closed} closed"
            );
            assert_eq!(served + full + closed, crowd_size, "{statuses:?}");
            // All places, and again those of the first who have been idle for a while.
            assert!(served >= limit.max(65) - 64, "{statuses:?}");
        });
    }
}

/// A library whose `pthread_create` fails while a file exists, and that file.
fn library_without_threads(folder: &Folder) -> (PathBuf, PathBuf) {
    const SOURCE: &str = r#"
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <errno.h>
        #include <pthread.h>
        #include <stdlib.h>
        #include <unistd.h>

        int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*work)(void *), void *with) {
            int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
            const char *file = getenv("NO_THREADS_WHILE");
            if (file && access(file, F_OK) == 0) return EAGAIN;
            create = dlsym(RTLD_NEXT, "pthread_create");
            return create(thread, attributes, work, with);
        }
    "#;
    let (source, library) = (folder.path().join("threads.c"), folder.path().join("threads.so"));
    std::fs::write(&source, SOURCE).expect("a source file");
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-w", "-o"]).arg(&library).arg(&source).arg("-ldl");
    assert!(cc.status().expect("a C compiler").success());
    (library, folder.path().join("no-threads"))
}

#[test]
fn server_survives_a_lack_of_threads() {
    let folder = Folder::new();
    let (library, file) = library_without_threads(&folder);
    let prelude = format!("export LD_PRELOAD='{}' NO_THREADS_WHILE='{}'", library.display(), file.display());
    let server = Server::after(&prelude, &["--metrics-public"]);
    for round in 0..3 {
        check_recovery("100 connects without threads", &server, || {
            let mut first = opened(&server, valid());
            assert_eq!(first.answer(false).status, 200);
            std::fs::write(&file, "").expect("a file");
            let mut connections = crowd(server.address, 100, &valid());
            let statuses = statuses(&mut connections);
            assert!(statuses.iter().all(|status| [0, 503].contains(status)), "{statuses:?}");
            println!(
                "100 connects without threads: {} times 503, {} closed",
                count(&statuses, 503),
                count(&statuses, 0)
            );
            // Clients with a thread are served, writes included.
            let body = format!("{{\"handle\":\"alone{round}@example.com\"}}");
            write(&mut first, crate::support::client::create(&format!("Content-Length: {}\r\n", body.len()), &body));
            assert_eq!(first.answer(false).status, 200);
            std::fs::remove_file(&file).expect("the file is there");
        });
        let mut connections = crowd(server.address, 20, &valid());
        assert_eq!(statuses(&mut connections), [200; 20]);
    }
    server.wait_for_log("cannot start a thread for a connection");
    let refused = [("listener", "public"), ("reason", "no_thread")];
    assert!(Page::of(server.address).value("rollbook_connections_refused_total", &refused) > 0.0);
    assert!(server.stop().success());

    // A start without threads fails; it does not wait for them.
    std::fs::write(&file, "").expect("a file");
    let mut start = rollbook_after(&prelude);
    start.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(folder.db());
    let mut child = start.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    let status = wait_for(&mut child);
    assert_eq!(status.code(), Some(1));
}

#[test]
fn closed_connections_leave_no_thread_or_descriptor() {
    let server = Server::start();
    check_recovery("3,000 connections that close at once", &server, || {
        for part in ["", "GET", &valid()] {
            for _ in 0..10 {
                drop(crowd(server.address, 100, part));
            }
        }
    });
    assert_answers("coming and going", &server);
}
