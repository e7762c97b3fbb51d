//! Repeated wrong passwords.

use crate::support::client::{Answer, Connection, basic};
use crate::support::metrics::Page;
use crate::support::server::{ADMIN_PASSWORD, Server};
use crate::support::wait::eventually;
use std::net::{SocketAddr, TcpListener};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

const ADMIN: &str = "Administrator";
const ME: &str = "/nuxeo/api/v1/me";

/// The time until a wrong password is refused: at least the delay of the answer.
fn time_of_wrong(server: &Server, user: &str) -> Duration {
    let start = Instant::now();
    assert_eq!(server.nuxeo_as((user, "wrong"), "GET", "/me", None).status, 401);
    start.elapsed()
}

#[test]
fn many_wrong_passwords_are_answered_late_and_the_right_one_is_not() {
    let server = Server::with(&["--wrong-password-delay", "0.5"]);
    for (user, password) in [(ADMIN, ADMIN_PASSWORD), ("nobody", "")] {
        // The loop reaches the longest delay on any machine.
        let mut late = 0;
        for _ in 0..30 {
            late += u32::from(time_of_wrong(&server, user) >= Duration::from_millis(500));
            if late == 3 {
                break;
            }
        }
        assert_eq!(late, 3, "{user}");
        if !password.is_empty() {
            // Many wrong logins at once, and all wait.
            thread::scope(|scope| {
                for _ in 0..20 {
                    scope.spawn(|| time_of_wrong(&server, user));
                }
                assert_eq!(server.nuxeo_as((user, password), "GET", "/me", None).status, 200);
            });
        }
    }
}

#[test]
fn failures_are_counted_across_spellings_of_a_name() {
    let server = Server::with(&["--wrong-password-delay", "0.5"]);
    let spellings = ["Administrator", "administrator", " ADMINISTRATOR ", "ａdministrator"];
    // Enough wrong logins for the longest delay, all in one spelling.
    for _ in 0..12 {
        time_of_wrong(&server, spellings[0]);
    }
    for user in spellings {
        assert!(time_of_wrong(&server, user) >= Duration::from_millis(500), "{user}");
    }
}

#[test]
fn zero_delay_delays_no_answer() {
    let server = Server::with(&["--wrong-password-delay", "0"]);
    for _ in 0..40 {
        assert_eq!(server.nuxeo_as((ADMIN, "wrong"), "GET", "/me", None).status, 401);
    }
    assert_eq!(server.nuxeo_as((ADMIN, ADMIN_PASSWORD), "GET", "/me", None).status, 200);
}

/// An address of this machine other than the loopback one; `None` if there is none.
fn other_address() -> Option<String> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent: this only asks which address would be used.
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then(|| address.to_string())
}

/// Sends that many wrong logins at once, each for another name, and returns the answers.
fn burst(there: SocketAddr, number: usize) -> Vec<Answer> {
    let together = Barrier::new(number);
    thread::scope(|scope| {
        let guess = |name: String| {
            let mut connection = Connection::open(there);
            together.wait();
            connection.send("GET", ME, &[("Authorization", &basic(&name, "wrong"))], None);
            connection.answer(false)
        };
        let threads: Vec<_> = (0..number).map(|at| scope.spawn(move || guess(format!("user{at}")))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    })
}

#[test]
fn only_the_address_with_many_failures_is_throttled() {
    let Some(theirs) = other_address() else { return eprintln!("this machine has only its loopback: not tested") };
    let server = Server::with(&["--listen", "0.0.0.0:0", "--wrong-password-delay", "3", "--metrics-public"]);
    let there = SocketAddr::new(theirs.parse().expect("an address"), server.address.port());
    let mut count = 0;
    for _ in 0..5 {
        assert!(burst(there, 1).iter().all(|answer| answer.status == 401), "people mistype");
        count += 1;
    }
    thread::scope(|scope| {
        // The server checks eight passwords at a time, each for three seconds in the end. On a slow machine the thirty
        // do not come at once, and fewer are refused: then the test tries again.
        let bursts = scope.spawn(|| {
            eventually("ten refusals", || {
                let answers = burst(there, 30);
                count += answers.len();
                let refused: Vec<Answer> = answers.into_iter().filter(|answer| answer.status != 401).collect();
                for answer in &refused {
                    assert_eq!((answer.status, answer.header("Retry-After")), (429, Some("1")));
                    assert_eq!(answer.json()["message"], "Too Many Requests");
                    assert_eq!(answer.json()["entity-type"], "exception");
                }
                (refused.len() >= 10).then_some(())
            });
        });
        // Callers at other addresses can log in meanwhile.
        for _ in 0..10 {
            assert_eq!(server.nuxeo_as((ADMIN, ADMIN_PASSWORD), "GET", "/me", None).status, 200);
        }
        bursts.join().expect("no panic");
    });
    // Throttled logins get the same answer as wrong ones.
    let kind = [("kind", "password")];
    assert_eq!(Page::of(server.address).value("rollbook_refused_credentials_total", &kind), count as f64);
    // Afterwards the address can log in with the right password, as any other address can.
    let mut connection = Connection::open(there);
    connection.send("GET", ME, &[("Authorization", &basic(ADMIN, ADMIN_PASSWORD))], None);
    assert_eq!(connection.answer(false).status, 200);
}

#[test]
fn a_proxy_on_the_same_machine_is_never_refused() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        if TcpListener::bind(address).is_err() {
            eprintln!("this machine has no {address}: not tested");
            continue;
        }
        let server = Server::with(&["--listen", address, "--wrong-password-delay", "0.5"]);
        for _ in 0..2 {
            assert!(burst(server.address, 20).iter().all(|answer| answer.status == 401), "{address}");
        }
    }
}
