//! Writes of both dialects at once.

use super::{datadog_create, datadog_put, entity, nuxeo_put, seen, sorted_handles};
use crate::support::nuxeo::{create_group, create_user, user_body};
use crate::support::server::Server;
use serde_json::{Value, json};
use std::sync::Barrier;

#[test]
fn one_of_racing_creates_wins_and_the_others_conflict() {
    const NAMES: usize = 20;
    const RACERS: usize = 4;
    let server = Server::start();
    let barrier = Barrier::new(RACERS);
    let results: Vec<Vec<u16>> = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..RACERS)
            .map(|racer| {
                let (server, barrier) = (&server, &barrier);
                scope.spawn(move || {
                    let mut statuses = Vec::new();
                    for number in 0..NAMES {
                        let name = format!("user{number}@example.com");
                        barrier.wait();
                        let answer = if racer % 2 == 0 {
                            server.datadog("POST", "/api/v1/user", Some(&json!({"handle": name}).to_string()))
                        } else {
                            let body = user_body(json!({"username": name.to_uppercase()}));
                            server.nuxeo("POST", "/user", Some(&body))
                        };
                        statuses.push(answer.status);
                    }
                    statuses
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().expect("a racer")).collect()
    });
    for number in 0..NAMES {
        let mut statuses: Vec<u16> = results.iter().map(|statuses| statuses[number]).collect();
        statuses.sort();
        assert!(statuses == [200, 409, 409, 409] || statuses == [201, 409, 409, 409], "{number}: {statuses:?}");
    }
    assert_eq!(sorted_handles(&server).len(), NAMES + 1);
}

#[test]
fn writes_from_both_sides_at_once_lose_nothing() {
    const ROUNDS: usize = 25;
    let server = Server::start();
    create_user(&server, json!({"username": "ada@example.com"}));
    create_group(&server, json!({"id": "team"}));
    let path = "/user/ada@example.com";
    std::thread::scope(|scope| {
        let server = &server;
        let say = |round: usize| format!("round {round}");
        scope.spawn(move || {
            for round in 1..=ROUNDS {
                datadog_put(server, "ada@example.com", json!({"name": say(round)}));
            }
        });
        scope.spawn(move || {
            for round in 1..=ROUNDS {
                nuxeo_put(server, "ada@example.com", json!({"company": say(round), "phone": round}));
            }
        });
        scope.spawn(move || {
            for round in 1..=ROUNDS {
                let role = if round % 2 == 0 { "ro" } else { "adm" };
                datadog_put(server, "ada@example.com", json!({"access_role": role}));
            }
        });
        scope.spawn(move || {
            for round in 1..=ROUNDS {
                let method = if round % 2 == 0 { "DELETE" } else { "POST" };
                let answer = server.nuxeo(method, &format!("{path}/group/team"), None);
                assert!(answer.status < 300, "{method}: {}", answer.text());
            }
        });
    });
    let last = format!("round {ROUNDS}");
    let there = seen(&server, "ada@example.com");
    assert_eq!([&there["name"], &there["access_role"]], [&json!(last), &json!("adm")]);
    let here = entity(&server, "ada@example.com");
    assert_eq!([&here["properties"]["company"], &here["properties"]["phone"]], [&json!(last), &json!(ROUNDS)]);
    let mut groups: Vec<&str> =
        here["properties"]["groups"].as_array().expect("groups").iter().filter_map(Value::as_str).collect();
    groups.sort();
    assert_eq!(groups, ["administrators", "team"]);
}

#[test]
fn racing_changes_leave_one_of_two_last_administrators() {
    let server = Server::start();
    let name = "root@example.com";
    datadog_create(&server, json!({"handle": name, "access_role": "adm"}));
    nuxeo_put(&server, name, json!({"password": "secret"}));
    for round in 0..10 {
        let barrier = Barrier::new(2);
        let (there, here) = std::thread::scope(|scope| {
            let (server, barrier) = (&server, &barrier);
            let there = scope.spawn(move || {
                barrier.wait();
                let body = Some(r#"{"access_role":"st"}"#);
                server.datadog("PUT", &format!("/api/v1/user/{name}"), body).status
            });
            let here = scope.spawn(move || {
                barrier.wait();
                server.nuxeo("DELETE", "/group/administrators/user/Administrator", None).status
            });
            (there.join().expect("a racer"), here.join().expect("a racer"))
        });
        assert!([(200, 409), (400, 200)].contains(&(there, here)), "round {round}: {there} and {here}");
        let left = [seen(&server, name)["is_admin"].clone(), seen(&server, "Administrator")["is_admin"].clone()];
        assert_eq!(left.iter().filter(|is_admin| **is_admin == json!(true)).count(), 1, "round {round}");
        for name in [name, "Administrator"] {
            datadog_put(&server, name, json!({"access_role": "adm"}));
        }
    }
}
