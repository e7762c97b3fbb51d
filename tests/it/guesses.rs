//! Wrong passwords, again and again.

use crate::harness::{ADMIN_PASSWORD, Answer, Connection, Server, basic};
use crate::metrics::Page;
use std::net::{SocketAddr, TcpListener};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

const ADMIN: &str = "Administrator";
const ME: &str = "/nuxeo/api/v1/me";

/// How long it takes to be told that the password is wrong.
fn time_of_wrong(server: &Server, user: &str) -> Duration {
    let start = Instant::now();
    assert_eq!(server.nuxeo_as((user, "wrong"), "GET", "/me", None).status, 401);
    start.elapsed()
}

#[test]
fn many_wrong_passwords_are_answered_late_and_the_right_one_is_not() {
    let server = Server::with(&["--wrong-password-delay", "0.5"]);
    for (user, password) in [(ADMIN, ADMIN_PASSWORD), ("nobody", "")] {
        // Until the longest delay is reached, however fast the machine checks passwords.
        let mut late = 0;
        for _ in 0..30 {
            late += u32::from(time_of_wrong(&server, user) >= Duration::from_millis(500));
            if late == 3 {
                break;
            }
        }
        assert_eq!(late, 3, "{user}");
        if !password.is_empty() {
            // Many at once, all of them wrong, and all waiting.
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
fn names_are_counted_whatever_their_spelling() {
    let server = Server::with(&["--wrong-password-delay", "0.5"]);
    let spellings = ["Administrator", "administrator", " ADMINISTRATOR ", "ａdministrator"];
    let late = |user: &str| time_of_wrong(&server, user) >= Duration::from_millis(500);
    assert!((0..40).any(|at| late(spellings[at % 4])), "no answer is ever held back");
    for user in spellings {
        assert!(late(user), "{user}");
    }
}

#[test]
fn without_a_delay_nothing_is_held_back() {
    let server = Server::with(&["--wrong-password-delay", "0"]);
    for _ in 0..40 {
        assert_eq!(server.nuxeo_as((ADMIN, "wrong"), "GET", "/me", None).status, 401);
    }
    assert_eq!(server.nuxeo_as((ADMIN, ADMIN_PASSWORD), "GET", "/me", None).status, 200);
}

/// An address of this machine that is not the one of the loopback; `None` where there is none.
fn other_address() -> Option<String> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent: this only asks which address would be used.
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then(|| address.to_string())
}

/// So many guesses at once, each at another name, and what they are answered.
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
fn an_address_that_guesses_much_is_refused_and_nobody_else() {
    let Some(theirs) = other_address() else { return eprintln!("this machine has only its loopback: not tested") };
    let server = Server::with(&["--listen", "0.0.0.0:0", "--wrong-password-delay", "3", "--metrics-public"]);
    let there = SocketAddr::new(theirs.parse().expect("an address"), server.address.port());
    assert!(burst(there, 20).iter().all(|answer| answer.status == 401), "nothing is known of the address yet");
    thread::scope(|scope| {
        let second = scope.spawn(|| burst(there, 30));
        // Meanwhile somebody else comes in, from elsewhere.
        for _ in 0..10 {
            assert_eq!(server.nuxeo_as((ADMIN, ADMIN_PASSWORD), "GET", "/me", None).status, 200);
        }
        let answers = second.join().expect("no panic");
        let refused: Vec<&Answer> = answers.iter().filter(|answer| answer.status != 401).collect();
        // Each that is looked at takes three seconds: eight, and another eight on a very slow machine.
        assert!(refused.len() >= 10, "{} of 30 are refused", refused.len());
        for answer in refused {
            assert_eq!((answer.status, answer.header("Retry-After")), (429, Some("1")));
            assert_eq!(answer.json()["message"], "Too Many Requests");
            assert_eq!(answer.json()["entity-type"], "exception");
        }
    });
    // Those that were not looked at are refused like the others.
    let kind = [("kind", "password")];
    assert_eq!(Page::of(server.address).value("rollbook_refused_credentials_total", &kind), 50.0);
    // Afterwards the address is let in again, and the right password is as good as from any other.
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
