//! Requests with many names while other clients write.

use crate::support::client::Answer;
use crate::support::nuxeo::{create_group, create_user};
use crate::support::resource_guard::{check_recovery, work};
use crate::support::server::Server;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

// Many names

/// Sends a request while another client reads and writes, and is answered each time.
fn send_concurrently(server: &Server, send: impl FnOnce() -> Answer + Send) -> Answer {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    thread::scope(|scope| {
        let sent = scope.spawn(send);
        let mut begun = false;
        while !begun || !sent.is_finished() {
            work(server, &format!("other{}-", COUNT.fetch_add(1, Ordering::Relaxed)), 1);
            begun = true;
        }
        sent.join().expect("an answer")
    })
}

#[test]
fn requests_with_many_names_do_not_block_other_writes() {
    const NAMES: usize = 20_000;
    let server = Server::start();
    // A caller with fewer rights than an administrator, whose requests need more checks.
    create_user(&server, json!({"username": "power", "password": "power", "groups": ["powerusers"]}));
    let power = ("power", "power");
    let numbered = |prefix: &str, count: usize| -> Vec<String> {
        (0..count).map(|number| format!("{prefix}{number:05}")).collect()
    };
    let group = |name: &str, list: &str, names: &[String]| json!({"entity-type": "group", "id": name, list: names});
    let put = |method: &str, path: &str, body: &Value| {
        let body = body.to_string();
        let answer = send_concurrently(&server, || server.nuxeo_as(power, method, path, Some(&body)));
        assert!(answer.status < 300, "{method} {path}: {}", answer.text());
        answer.json()
    };
    let backwards = |names: &[String]| -> Vec<String> { names.iter().rev().cloned().collect() };

    let names = numbered("n", NAMES);
    check_recovery("20,000 pending names, and again the other way round", &server, || {
        put("POST", "/group", &group("pending", "memberUsers", &names));
        let path = "/group/pending?fetch-group=memberUsers";
        for names in [backwards(&names), names.clone(), Vec::new()] {
            let found = put("PUT", path, &group("pending", "memberUsers", &names));
            assert_eq!(found["memberUsers"], json!(names));
        }
    });

    let (chain, below) = (numbered("chain", 400), numbered("below", 300));
    for (at, name) in chain.iter().enumerate() {
        let parents = &chain[at.saturating_sub(1)..at];
        create_group(&server, group(name, "parentGroups", parents));
    }
    below.iter().for_each(|name| create_group(&server, group(name, "parentGroups", &[])));
    check_recovery("groups below a chain, and below all of its groups, and a user in them", &server, || {
        let last = format!("/group/{}?fetch-group=memberGroups", chain[399]);
        for names in [below.clone(), backwards(&below), Vec::new()] {
            let found = put("PUT", &last, &group("", "memberGroups", &names));
            assert_eq!(found["memberGroups"], json!(names));
        }
        let low = group("low", "parentGroups", &backwards(&chain));
        assert_eq!(put("POST", "/group?fetch-group=parentGroups", &low)["parentGroups"], low["parentGroups"]);
        let user = |groups: &[String]| json!({"entity-type": "user", "properties": {"username": "everywhere", "groups": groups}});
        put("POST", "/user", &user(&backwards(&chain)));
        let found = put("PUT", "/user/everywhere", &user(&chain));
        assert_eq!(found["properties"]["groups"], json!(chain));
    });

    check_recovery("an invitation of 10,000", &server, || {
        let emails: Vec<String> = (0..10_000).map(|number| format!("invited{number:05}@example.com")).collect();
        let body = json!({"emails": emails}).to_string();
        let answer = send_concurrently(&server, || server.datadog("POST", "/api/v1/invite_users", Some(&body)));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let found = server.nuxeo("GET", "/user/search?q=invited", None).json();
        assert_eq!(found["resultsCount"], json!(10_000));
    });
}

#[test]
fn refused_large_request_rolls_back_only_its_own_writes() {
    let server = Server::start();
    let names: Vec<String> = (0..2000).map(|number| format!("n{number:04}")).collect();
    for (name, parents) in [("top", json!([])), ("low", json!(["top"]))] {
        create_group(&server, json!({"id": name, "parentGroups": parents}));
    }
    create_group(&server, json!({"id": "list", "memberUsers": ["first"]}));
    // Thousands of rows are written before it turns out that the last name closes a cycle.
    let circle = json!({"entity-type": "group", "memberUsers": names, "memberGroups": ["top"]}).to_string();
    let before = server.nuxeo("GET", "/group/low?fetch-group=memberUsers,memberGroups", None);
    check_recovery("refusals of many names and of few between the writes of others", &server, || {
        thread::scope(|scope| {
            let writers: Vec<_> = (0..8)
                .map(|client| {
                    let server = &server;
                    scope.spawn(move || {
                        let handle = |number: usize| format!("w{client}.{number}@example.com");
                        for number in 0..40 {
                            let body = json!({"handle": handle(number)}).to_string();
                            // The second time it exists.
                            for status in [200, 409] {
                                let answer = server.datadog("POST", "/api/v1/user", Some(&body));
                                assert_eq!(answer.status, status, "{}", answer.text());
                            }
                        }
                    })
                })
                .collect();
            let mut refused = 0;
            while refused == 0 || writers.iter().any(|writer| !writer.is_finished()) {
                let answer = server.nuxeo("PUT", "/group/low", Some(&circle));
                assert_eq!(answer.status, 400, "{}", answer.text());
                refused += 1;
            }
            writers.into_iter().for_each(|writer| writer.join().expect("all are answered"));
        });
    });
    let after = server.nuxeo("GET", "/group/low?fetch-group=memberUsers,memberGroups", None);
    assert_eq!((after.header("ETag"), after.json()), (before.header("ETag"), before.json()));
    let found = server.nuxeo("GET", "/user/search?q=w", None).json();
    assert_eq!(found["resultsCount"], json!(320), "every write of the other clients is stored");
    let kept = server.folder.clone();
    server.kill();
    let server = Server::over(kept, &[]);
    assert_eq!(server.nuxeo("GET", "/user/search?q=w", None).json()["resultsCount"], json!(320));
}
