//! Conditional changes that race.

use super::conditional_writes::changes;
use super::{DATADOG, GROUP, USER, ask, ask_on, call, directory, get, group_body, properties, tag, tag_of};
use crate::support::client::{Answer, Connection};
use crate::support::nuxeo::{create_group, create_user};
use crate::support::server::Server;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::{Barrier, Mutex};

/// Runs that many threads at once and returns what they were answered with, sorted.
fn at_once(count: usize, ask: impl Fn(usize) -> Answer + Sync) -> Vec<u16> {
    let barrier = Barrier::new(count);
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|number| {
                let (barrier, ask) = (&barrier, &ask);
                scope.spawn(move || {
                    barrier.wait();
                    ask(number).status
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    });
    statuses.sort_unstable();
    statuses
}

#[test]
fn one_of_racing_writes_with_the_same_etag_happens() {
    const THREADS: usize = 24;
    let server = directory();
    for round in 0..6 {
        for at in 0..5 {
            let (_, path, ..) = changes(0).swap_remove(at);
            let tag = tag(&server, &path);
            let statuses = at_once(THREADS, |number| {
                // Each body is different: a change that changes nothing would leave the tag valid for the next request.
                let number = 1 + (round * 5 + at) * THREADS + number;
                let (method, _, body, _) = changes(number).swap_remove(at);
                ask(&server, method, &path, &[("If-Match", &tag)], Some(&body.to_string()))
            });
            let mut expected = vec![412; THREADS];
            expected[0] = 200;
            assert_eq!(statuses, expected, "{path}");
            assert_ne!(crate::etags::tag(&server, &path), tag, "{path}");
        }
    }
}

#[test]
fn one_of_a_racing_write_and_delete_with_the_same_etag_happens() {
    const THREADS: usize = 16;
    let server = Server::start();
    let (mut changed, mut deleted) = (0, 0);
    for round in 0..12 {
        create_user(&server, json!({"username": "ada"}));
        create_group(&server, json!({"id": "team"}));
        for (path, body) in [
            (format!("{USER}/ada"), properties(json!({"firstName": "Ada"}))),
            (format!("{GROUP}/team"), group_body(json!({"grouplabel": "The team"}))),
        ] {
            let tag = tag(&server, &path);
            let statuses = at_once(THREADS, |number| {
                let body = body.to_string();
                let (method, body) =
                    if (number + round) % 2 == 0 { ("PUT", Some(body.as_str())) } else { ("DELETE", None) };
                ask(&server, method, &path, &[("If-Match", &tag)], body)
            });
            let happened: Vec<u16> = statuses.iter().copied().filter(|status| *status < 300).collect();
            let refused = if happened == [204] { [404, 412] } else { [412, 412] };
            assert_eq!(happened.len(), 1, "{path}: {statuses:?}");
            assert!(
                statuses.iter().filter(|status| **status > 300).all(|status| refused.contains(status)),
                "{statuses:?}"
            );
            match happened[0] {
                204 => deleted += 1,
                _ => {
                    changed += 1;
                    call(&server, "DELETE", &path, &Value::Null);
                }
            }
        }
    }
    println!("{changed} changed, {deleted} deleted");
}

#[test]
fn retry_after_412_loses_no_write_of_others() {
    const THREADS: usize = 6;
    const EACH: usize = 8;
    let server = directory();
    type Get = fn(&Value) -> usize;
    type Put = fn(usize) -> Value;
    let counters: [(String, Get, Put); 3] = [
        (
            format!("{DATADOG}/ada"),
            |document| document["user"]["name"].as_str().map_or(0, |name| name.parse().expect("a number")),
            |count| json!({"name": count.to_string()}),
        ),
        (
            format!("{USER}/ada"),
            |document| {
                document["properties"]["count"].as_u64().map_or(0, |count| usize::try_from(count).expect("a count"))
            },
            |count| properties(json!({"count": count})),
        ),
        (
            format!("{GROUP}/team?fetch-group=memberUsers"),
            |document| document["memberUsers"].as_array().expect("a list").len(),
            |count| {
                let names: Vec<String> = (0..count).map(|number| format!("user{number}")).collect();
                group_body(json!({"memberUsers": names}))
            },
        ),
    ];
    for (path, counted, body) in counters {
        let start = counted(&get(&server, &path, &[]).json());
        let statuses = at_once(THREADS, |_| {
            let mut connection = Connection::open(server.address);
            let mut done = 0;
            loop {
                let look = ask_on(&mut connection, "GET", &path, &[], None);
                let (tag, count) = (tag_of(&look), counted(&look.json()));
                if done == EACH {
                    return look;
                }
                let body = body(count + 1).to_string();
                let answer = ask_on(&mut connection, "PUT", &path, &[("If-Match", &tag)], Some(&body));
                match answer.status {
                    200 => done += 1,
                    412 => {}
                    status => panic!("{status}: {}", answer.text()),
                }
            }
        });
        assert_eq!(statuses, [200; THREADS]);
        assert_eq!(counted(&get(&server, &path, &[]).json()), start + THREADS * EACH, "{path}");
    }
}

#[test]
fn write_answer_shows_its_own_result_under_concurrent_writes() {
    const THREADS: usize = 16;
    let server = directory();
    for at in 0..5 {
        let tags = Mutex::new(HashSet::new());
        for round in 0..4 {
            let statuses = at_once(THREADS, |number| {
                let (method, path, body, _) = changes(round * THREADS + number).swap_remove(at);
                let answer = ask(&server, method, &path, &[], Some(&body.to_string()));
                let shown = answer.json();
                let (shown, sent) = match at {
                    0 => (&shown["user"]["name"], &body["name"]),
                    1 | 2 => (&shown["properties"]["firstName"], &body["properties"]["firstName"]),
                    3 => (&Value::Null, &Value::Null),
                    _ => (&shown["memberUsers"], &body["memberUsers"]),
                };
                assert_eq!(shown, sent, "{method} {path}");
                tags.lock().unwrap().insert(tag_of(&answer));
                answer
            });
            assert_eq!(statuses, [200; THREADS]);
        }
        // Each version is a different one, so a client continues from its own answer.
        assert_eq!(tags.into_inner().unwrap().len(), 4 * THREADS, "{at}");
    }
}
