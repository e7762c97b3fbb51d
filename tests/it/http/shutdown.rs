//! Shutdown and restart: requests in flight are answered, acknowledged writes stay.

use crate::support::cli::signal;
use crate::support::client::{Connection, create, create_user, opened, request, write};
use crate::support::datadog::handles;
use crate::support::folder::Folder;
use crate::support::http::{ADA, USERS};
use crate::support::server::Server;
use crate::support::wait::wait_until;
use std::collections::BTreeSet;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;

fn wait_until_closed(server: &Server) {
    wait_until("the end of accepting", || TcpStream::connect(server.address).is_err());
}

#[test]
fn a_request_in_flight_is_answered_before_the_server_stops() {
    for name in ["-TERM", "-INT"] {
        let folder = Arc::new(Folder::new());
        // The address is this test's own: no other test listens there once the server has ended.
        let mut server = Server::over(Arc::clone(&folder), &["--listen", "127.0.0.4:0"]);
        let mut idle = opened(&server, request("GET /api/v1/validate HTTP/1.1", "", ""));
        assert_eq!(idle.answer(false).status, 200);
        let lines = format!("Expect: 100-continue\r\nContent-Length: {}\r\n", ADA.len());
        let mut connection = opened(&server, create(&lines, ""));
        assert_eq!(connection.answer(false).status, 100);

        signal(server.pid(), name);
        wait_until_closed(&server);
        write(&mut connection, ADA);
        let answer = connection.answer(false);
        assert_eq!((answer.status, answer.header("Connection")), (200, Some("close")), "{name}");
        assert_eq!(connection.rest(), "");
        assert_eq!(idle.rest(), "");
        assert_eq!(server.wait().code(), Some(0), "{name}: {}", server.log());

        let server = Server::over(folder, &[]);
        assert_eq!(handles(&server), ["ada@example.com", "administrator"]);
    }
}

#[test]
fn a_request_that_never_ends_does_not_keep_the_server_from_stopping() {
    for grace in ["0.001", "10"] {
        let mut server = Server::with(&["--grace", grace, "--body-timeout", "600"]);
        let mut connection = opened(&server, create("Expect: 100-continue\r\nContent-Length: 1000\r\n", ""));
        assert_eq!(connection.answer(false).status, 100);
        signal(server.pid(), "-TERM");
        // The time for requests ends before the time for the database.
        assert_eq!(server.wait().code(), Some(0), "{grace}: {}", server.log());
        server.wait_for_log("1 connections were still busy at the end");
    }
}

#[test]
fn a_restart_keeps_everything() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    let calls = [
        (
            "POST",
            "/user",
            r#"{"entity-type":"user","properties":{"username":"Ada","firstName":"Ada","password":"secret word"}}"#,
        ),
        (
            "POST",
            "/group",
            r#"{"entity-type":"group","groupname":"readers","grouplabel":"Readers","memberUsers":["Ada"]}"#,
        ),
        ("POST", "/group", r#"{"entity-type":"group","groupname":"all","memberGroups":["readers"]}"#),
    ];
    for (method, path, body) in calls {
        let answer = server.nuxeo(method, path, Some(body));
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
    assert_eq!(server.datadog("POST", USERS, Some(r#"{"handle":"bob@example.com","access_role":"ro"}"#)).status, 200);
    assert_eq!(server.datadog("DELETE", "/api/v1/user/bob@example.com", None).status, 200);
    let state = |server: &Server| {
        [
            server.nuxeo_as(("Ada", "secret word"), "GET", "/me", None).parts(),
            server.nuxeo("GET", "/user/search?q=*", None).parts(),
            server.nuxeo("GET", "/group/search?q=*&fetch-group=memberUsers,memberGroups", None).parts(),
            server.datadog("GET", USERS, None).parts(),
        ]
    };
    let before = state(&server);
    assert!(before.iter().all(|(status, _)| *status == 200), "{before:?}");
    assert!(server.stop().success());
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(state(&server), before);
    server.kill();
    let server = Server::over(folder, &[]);
    assert_eq!(state(&server), before);
}

#[test]
fn killed_server_loses_no_acknowledged_write() {
    let folder = Arc::new(Folder::new());
    let mut acknowledged: Vec<String> = Vec::new();
    for round in 0..5 {
        let server = Server::over(Arc::clone(&folder), &[]);
        let (tell, told) = channel::<String>();
        thread::scope(|scope| {
            for writer in 0..4 {
                let mut connection = Connection::open(server.address);
                let tell = tell.clone();
                scope.spawn(move || {
                    for number in 0.. {
                        let handle = format!("user{round}-{writer}-{number}@example.com");
                        write(&mut connection, create_user(&handle));
                        // If the answer is incomplete, the server has ended and has acknowledged nothing.
                        let Some(answer) = connection.try_answer(false) else { return };
                        assert_eq!(answer.status, 200, "{}", answer.text());
                        tell.send(handle).expect("the test waits for the handle");
                    }
                });
            }
            drop(tell);
            acknowledged.extend(told.iter().take(20 + 7 * round));
            server.kill();
            acknowledged.extend(told.iter());
        });
        let server = Server::over(Arc::clone(&folder), &[]);
        let there: BTreeSet<String> = handles(&server).into_iter().collect();
        let lost: Vec<&String> = acknowledged.iter().filter(|handle| !there.contains(*handle)).collect();
        assert!(lost.is_empty(), "round {round} lost {lost:?}");
        server.kill();
    }
}
