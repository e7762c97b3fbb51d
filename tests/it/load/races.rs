//! Writes that race for one name or one right.

use crate::support::client::{Connection, create_user, request, write};
use crate::support::datadog::handles;
use crate::support::http::USERS;
use crate::support::server::Server;
use serde_json::json;
use std::sync::Barrier;
use std::thread;

/// Sends all these messages at the same moment, each on a connection of its own.
fn race(server: &Server, messages: &[String]) -> Vec<u16> {
    let barrier = Barrier::new(messages.len());
    thread::scope(|scope| {
        let racers: Vec<_> = messages
            .iter()
            .map(|message| {
                let mut connection = Connection::open(server.address);
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    write(&mut connection, message);
                    connection.answer(false).status
                })
            })
            .collect();
        let mut statuses: Vec<u16> = racers.into_iter().map(|racer| racer.join().expect("a status")).collect();
        statuses.sort_unstable();
        statuses
    })
}

#[test]
fn one_of_simultaneous_creates_wins() {
    let server = Server::start();
    let one_of = |winner: u16| {
        let mut statuses = vec![409; 16];
        statuses[0] = winner;
        statuses
    };
    for round in 0..5 {
        // The same handle in two spellings.
        let messages: Vec<String> = (0..16)
            .map(|number| create_user(&format!("{}{round}@example.com", if number % 2 == 0 { "ada" } else { "ADA" })))
            .collect();
        assert_eq!(race(&server, &messages), one_of(200));
        for (path, name, kind) in [("user", "username", "user"), ("group", "groupname", "group")] {
            let body = json!({"entity-type": kind, "properties": {name: format!("racer{round}")}}).to_string();
            let message = request(
                &format!("POST /nuxeo/api/v1/{path} HTTP/1.1"),
                &format!("Content-Length: {}\r\n", body.len()),
                &body,
            );
            assert_eq!(race(&server, &vec![message; 16]), one_of(201));
        }
    }
    let users = handles(&server);
    assert_eq!(users.len(), 11, "{users:?}");
}

#[test]
fn one_of_simultaneous_creates_of_both_dialects_wins() {
    let server = Server::start();
    let body = json!({"entity-type": "user", "properties": {"username": "ada@example.com"}}).to_string();
    let there = request("POST /nuxeo/api/v1/user HTTP/1.1", &format!("Content-Length: {}\r\n", body.len()), &body);
    let here = create_user("ada@example.com");
    let messages: Vec<String> =
        (0..16).map(|number| if number % 2 == 0 { here.clone() } else { there.clone() }).collect();
    let statuses = race(&server, &messages);
    assert!(statuses[0] == 200 || statuses[0] == 201, "{statuses:?}");
    assert_eq!(statuses[1..], [409; 15]);
}

#[test]
fn two_administrators_cannot_disable_each_other() {
    let server = Server::start();
    for round in 0..5 {
        let body = r#"{"handle":"ada@example.com","access_role":"adm"}"#;
        if round == 0 {
            assert_eq!(server.datadog("POST", USERS, Some(body)).status, 200);
        }
        let disable = |name: &str| request(&format!("DELETE /api/v1/user/{name} HTTP/1.1"), "", "");
        assert_eq!(race(&server, &[disable("administrator"), disable("ada@example.com")]), [200, 400]);
        for name in ["administrator", "ada@example.com"] {
            let answer = server.datadog("PUT", &format!("{USERS}/{name}"), Some(r#"{"disabled":false}"#));
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
    }
}
