//! Proxies in front: which are believed, and what they can say of a client.

use crate::support::busy_connection::{KEPT_BUSY, busy};
use crate::support::cli::rollbook;
use crate::support::client::{Answer, Connection, basic, open_from};
use crate::support::handler::with_handler_behind;
use crate::support::server::{ADMIN_PASSWORD, Server};
use crate::support::wait::{wait_for, wait_until};
use rollbook::http::Response;
use rollbook::server::Inbound;
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;
use std::sync::Barrier;
use std::thread;

/// The trusted networks of the servers of these tests.
const TRUSTED: [&str; 4] = ["127.0.0.1", "::1", "10.0.0.0/8", "2001:db8:1::/48"];

/// Runs a server that answers what it knows of its client, while the test talks to it.
fn with_mirror(listen: &str, trusted: &[&str], test: impl FnOnce(SocketAddr)) {
    let handler = |incoming: Inbound<'_>| match incoming {
        Inbound::Request(request) => Response::json(200, &json!([request.peer.to_string(), request.secure])),
        Inbound::Rejected(refused) => Response::empty(refused.status),
    };
    with_handler_behind(trusted, listen, handler, test);
}

/// The client address and protocol that the server derives from these fields.
fn seen(connection: &mut Connection, fields: &[(&str, &str)]) -> Value {
    connection.send("GET", "/", fields, None);
    connection.answer(false).json()
}

/// The values of `X-Forwarded-For`, each in its own field, and the client's address that the server derives.
const FORWARDED: [(&[&str], &str); 42] = [
    (&[], "127.0.0.1"),
    (&["203.0.113.9"], "203.0.113.9"),
    (&["  203.0.113.9\t"], "203.0.113.9"),
    // The address that the client claims is left of the one that the proxy adds.
    (&["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
    (&["127.0.0.1, 203.0.113.9"], "203.0.113.9"),
    (&["10.0.0.1,203.0.113.9"], "203.0.113.9"),
    (&["198.51.100.1, 203.0.113.9, 10.1.2.3, 127.0.0.1"], "203.0.113.9"),
    (&["203.0.113.9, 11.0.0.1"], "11.0.0.1"),
    (&["198.51.100.1", "203.0.113.9"], "203.0.113.9"),
    (&["203.0.113.9", "198.51.100.1"], "198.51.100.1"),
    (&["198.51.100.1, 203.0.113.9", "10.1.2.3, 10.4.4.4", "127.0.0.1"], "203.0.113.9"),
    (&["", "203.0.113.9", " , "], "203.0.113.9"),
    (&["203.0.113.9,,"], "203.0.113.9"),
    // A proxy that sends a request of its own.
    (&["10.0.0.1, 10.255.255.255"], "10.0.0.1"),
    (&["127.0.0.1"], "127.0.0.1"),
    // All addresses of an IPv6 network count as one.
    (&["2001:db8:2:3:4:5:6:7"], "2001:db8:2:3::"),
    (&["203.0.113.9, 2001:db8:2::1"], "2001:db8:2::"),
    (&["203.0.113.9, 2001:db8:1::1"], "203.0.113.9"),
    (&["203.0.113.9, 2001:db8:1:ffff::1, ::1"], "203.0.113.9"),
    (&["::ffff:203.0.113.9"], "203.0.113.9"),
    (&["203.0.113.9, ::ffff:10.0.0.1"], "203.0.113.9"),
    // Addresses with a port.
    (&["203.0.113.9:567"], "203.0.113.9"),
    (&["198.51.100.1, 203.0.113.9, 10.1.2.3:4"], "203.0.113.9"),
    (&["[2001:db8:2:3::1]:80"], "2001:db8:2:3::"),
    (&["[2001:db8:2:3::1]"], "2001:db8:2:3::"),
    (&["203.0.113.9, [2001:db8:1::1]:80"], "203.0.113.9"),
    // A value that is no address counts as the proxy's own.
    (&[""], "127.0.0.1"),
    (&[", ,"], "127.0.0.1"),
    (&["unknown"], "127.0.0.1"),
    (&["203.0.113.9, unknown"], "127.0.0.1"),
    (&["203.0.113.9, unknown, 10.0.0.1"], "127.0.0.1"),
    (&["unknown, 203.0.113.9"], "203.0.113.9"),
    (&["_hidden"], "127.0.0.1"),
    (&["203.0.113"], "127.0.0.1"),
    (&["203.0.113.009"], "127.0.0.1"),
    (&["203.0.113.9.1"], "127.0.0.1"),
    (&["203.0.113.9:99999"], "127.0.0.1"),
    (&["203.0.113.9:"], "127.0.0.1"),
    (&["[2001:db8:2:3::1"], "127.0.0.1"),
    (&["[203.0.113.9]"], "127.0.0.1"),
    (&["\"203.0.113.9\""], "127.0.0.1"),
    (&["203.0.113.9 10.0.0.1"], "127.0.0.1"),
];

/// The values of `X-Forwarded-Proto`, and true if the request counts as encrypted.
const PROTOCOLS: [(&[&str], bool); 13] = [
    (&[], false),
    (&["https"], true),
    (&["HTTPS"], true),
    (&["http"], false),
    (&[""], false),
    (&["wss"], false),
    (&["https;"], false),
    (&["https, https"], true),
    (&["https", "https"], true),
    (&["https, http"], false),
    (&["http, https"], false),
    (&["https", "http"], false),
    (&["http", "https"], false),
];

fn fields_of<'v>(name: &'static str, values: &[&'v str]) -> Vec<(&'static str, &'v str)> {
    values.iter().map(|value| (name, *value)).collect()
}

#[test]
fn trusted_proxy_names_the_client_address_and_protocol() {
    with_mirror("127.0.0.1:0", &TRUSTED, |address| {
        let mut connection = Connection::open(address);
        for (values, client) in FORWARDED {
            assert_eq!(
                seen(&mut connection, &fields_of("X-Forwarded-For", values)),
                json!([client, false]),
                "{values:?}"
            );
            let fields = [fields_of("x-forwarded-for", values), vec![("X-Forwarded-Proto", "https")]].concat();
            assert_eq!(seen(&mut connection, &fields), json!([client, true]), "{values:?}");
        }
        for (values, secure) in PROTOCOLS {
            let fields = fields_of("X-Forwarded-Proto", values);
            assert_eq!(seen(&mut connection, &fields), json!(["127.0.0.1", secure]), "{values:?}");
        }
        // Bytes that are no text.
        crate::support::client::write(
            &mut connection,
            b"GET / HTTP/1.1\r\nHost: test\r\nX-Forwarded-For: 203.0.113.9, \xff\r\n\r\n",
        );
        assert_eq!(connection.answer(false).json(), json!(["127.0.0.1", false]));
        // The server believes one header, and ignores the other.
        let others = [
            ("Forwarded", "for=203.0.113.9;proto=https"),
            ("X-Real-IP", "203.0.113.9"),
            ("X_Forwarded_For", "203.0.113.9"),
            ("X-Forwarded-Ssl", "on"),
        ];
        assert_eq!(seen(&mut connection, &others), json!(["127.0.0.1", false]));
    });
}

#[test]
fn forwarded_headers_of_untrusted_peers_are_ignored() {
    with_mirror("127.0.0.1:0", &TRUSTED, |address| {
        let mut stranger = open_from("127.0.0.2", address);
        for (values, _) in FORWARDED {
            let fields = [fields_of("X-Forwarded-For", values), vec![("X-Forwarded-Proto", "https")]].concat();
            assert_eq!(seen(&mut stranger, &fields), json!(["127.0.0.2", false]), "{values:?}");
        }
    });
    with_mirror("127.0.0.1:0", &[], |address| {
        let fields = [("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "https")];
        assert_eq!(seen(&mut Connection::open(address), &fields), json!(["127.0.0.1", false]));
    });
}

#[test]
fn trusted_networks_are_matched_by_their_prefix() {
    let rows = [
        ("127.0.0.0/8", true),
        ("127.0.0.2/31", true),
        ("127.0.0.2/32", true),
        ("127.0.0.0/31", false),
        ("127.0.0.1", false),
        ("126.0.0.0/8", false),
        ("0.0.0.0/0", true),
        ("::/0", false),
        ("::ffff:127.0.0.2", true),
        ("::ffff:127.0.0.0/104", true),
        ("::ffff:126.0.0.0/104", false),
        (" 127.0.0.2 ", true),
    ];
    for (network, trusted) in rows {
        with_mirror("127.0.0.1:0", &[network], |address| {
            let client = if trusted { "203.0.113.9" } else { "127.0.0.2" };
            let fields = [("X-Forwarded-For", "203.0.113.9")];
            assert_eq!(seen(&mut open_from("127.0.0.2", address), &fields), json!([client, false]), "{network}");
        });
    }
}

#[test]
fn trusted_proxy_may_have_an_ipv6_address() {
    if TcpListener::bind("[::1]:0").is_err() {
        return eprintln!("this machine has no IPv6: not tested");
    }
    let fields = [("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "https")];
    for (network, known) in [("::1", true), ("::/127", true), ("::/0", true), ("::2", false), ("0.0.0.0/0", false)] {
        with_mirror("[::1]:0", &[network], |address| {
            let expected = if known { json!(["203.0.113.9", true]) } else { json!(["::1", false]) };
            assert_eq!(seen(&mut Connection::open(address), &fields), expected, "{network}");
        });
    }
    // A server that listens for both families sees an IPv4 address in the form of IPv6.
    with_mirror("[::]:0", &["127.0.0.1"], |address| {
        let address = SocketAddr::new("127.0.0.1".parse().unwrap(), address.port());
        assert_eq!(seen(&mut Connection::open(address), &fields), json!(["203.0.113.9", true]));
        assert_eq!(seen(&mut open_from("127.0.0.2", address), &fields), json!(["127.0.0.2", false]));
    });
}

#[test]
fn trusted_proxy_is_exempt_from_the_per_address_limit() {
    let flags = ["--max-connections-per-address", "2", "--trusted-proxy", "127.0.0.1"];
    let server = Server::with(&[&KEPT_BUSY[..], &flags].concat());
    let ask = |connection: &mut Connection| {
        connection.send("GET", "/healthz", &[], None);
        connection.answer(false).status
    };
    let mut proxy: Vec<Connection> = (0..10).map(|_| Connection::open(server.address)).collect();
    proxy.iter_mut().for_each(|connection| assert_eq!(ask(connection), 200));
    let client: Vec<Connection> = (0..2).map(|_| busy(open_from("127.0.0.2", server.address))).collect();
    assert_eq!(ask(&mut open_from("127.0.0.2", server.address)), 503);
    drop(client);
    server.wait_for_log("connection from 127.0.0.2 rejected: too many connections from this address");
}

/// Sends a wrong password of that client through the proxy, for a name of its own.
fn guess(server: SocketAddr, client: &str, number: usize, ready: &Barrier) -> Answer {
    let mut connection = Connection::open(server);
    ready.wait();
    let authorization = basic(&format!("user{number} of {client}"), "wrong");
    let fields = [("Authorization", authorization.as_str()), ("X-Forwarded-For", client)];
    connection.send("GET", "/nuxeo/api/v1/me", &fields, None);
    connection.answer(false)
}

/// Sends that many wrong passwords at once, and returns how many the server refused without a check.
fn refused(server: SocketAddr, client: &str, number: usize) -> usize {
    let ready = Barrier::new(number);
    let answers: Vec<Answer> = thread::scope(|scope| {
        let ready = &ready;
        let threads: Vec<_> = (0..number).map(|at| scope.spawn(move || guess(server, client, at, ready))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(answers.iter().all(|answer| matches!(answer.status, 401 | 429)), "{answers:?}");
    answers.iter().filter(|answer| answer.status == 429).count()
}

#[test]
fn wrong_passwords_count_for_the_client_behind_the_proxy() {
    let proxies = ["--trusted-proxy", "127.0.0.1", "--trusted-proxy", "10.0.0.0/8,::1"];
    let server = Server::with(&[&proxies[..], &["--wrong-password-delay", "3"]].concat());
    for proxy in ["127.0.0.1", "10.0.0.0/8", "::1"] {
        server.wait_for_log(&format!("trusting client addresses from proxies at {proxy}"));
    }
    for _ in 0..5 {
        assert_eq!(refused(server.address, "203.0.113.9", 1), 0, "people mistype");
    }
    server.wait_for_log("a wrong password came from 203.0.113.9 (request ");
    thread::scope(|scope| {
        // A client stays the same one when it changes the address that it claims. The server checks eight passwords at
        // a time, each for three seconds in the end. On a slow machine the thirty do not come at once, and fewer are
        // refused: then the test tries again.
        let bursts = scope.spawn(|| {
            wait_until("ten refusals", || refused(server.address, "198.51.100.1, 203.0.113.9", 30) >= 10);
        });
        // Another client behind the same proxy can log in meanwhile.
        for _ in 0..10 {
            let authorization = basic("Administrator", ADMIN_PASSWORD);
            let fields = [("Authorization", authorization.as_str()), ("X-Forwarded-For", "203.0.113.10")];
            assert_eq!(server.request("GET", "/nuxeo/api/v1/me", &fields, None).status, 200);
        }
        // The client mistypes its password.
        assert_eq!(refused(server.address, "203.0.113.10", 2), 0);
        bursts.join().expect("no panic");
    });
    let log = server.stop_for_log();
    assert!(log.contains("one of many passwords from 203.0.113.9 was refused (request "), "{log}");
    assert!(!log.contains("198.51.100.1"), "{log}");
}

#[test]
fn untrusted_peer_cannot_choose_its_client_address() {
    let server = Server::with(&["--wrong-password-delay", "0.5"]);
    let answer = guess(server.address, "203.0.113.9", 1, &Barrier::new(1));
    assert_eq!(answer.status, 401);
    let log = server.stop_for_log();
    assert!(log.contains("a wrong password came from 127.0.0.1 (request "), "{log}");
    assert!(!log.contains("203.0.113.9"), "{log}");
}

#[test]
fn the_proxies_can_be_named_in_the_environment() {
    let folder = std::sync::Arc::new(crate::support::folder::Folder::new());
    let mut command = crate::support::server::serve(&folder, &[]);
    command.env("ROLLBOOK_TRUSTED_PROXY", "192.0.2.1, 2001:db8::/32,::ffff:10.0.0.0/104");
    let server = Server::by(command, folder);
    for proxy in ["192.0.2.1", "2001:db8::/32", "10.0.0.0/8"] {
        server.wait_for_log(&format!("trusting client addresses from proxies at {proxy}"));
    }
    let mut command = rollbook();
    command.arg("serve").env("ROLLBOOK_TRUSTED_PROXY", "somebody").stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command starts");
    assert_eq!(wait_for(&mut child).code(), Some(2));
}
