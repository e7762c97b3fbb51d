//! Invalid, odd and hostile input by the hundred thousand. The seed is fixed, so the inputs are the same in each run.
//!
//! `ROLLBOOK_FUZZ` sets the number of inputs, `ROLLBOOK_SEED` the seed. The server answers each input in a documented
//! form or closes the connection, never panics, and answers 5xx only where that is documented. Callers without rights
//! change nothing; after an administrator's calls the database is sound.

mod answer;
mod fuzzer;
mod generator;
mod input;
mod scim;
mod words;

use self::fuzzer::{Counts, Fuzzer};
use self::input::{Keys, Kind, Rights};
use crate::support::cli::create_key;
use crate::support::client::basic;
use crate::support::database::State;
use crate::support::folder::Folder;
use crate::support::nuxeo::{create_group, create_user};
use crate::support::rng::Random;
use crate::support::server::Server;
use std::sync::Arc;

const THREADS: usize = 4;

/// The share of each kind, in hundredths.
const SHARES: [(Kind, usize); 6] = [
    (Kind::Head, 25),
    (Kind::Chunks, 10),
    (Kind::Path, 20),
    (Kind::Json, 25),
    (Kind::Credentials, 10),
    (Kind::Scim, 10),
];

#[test]
fn fuzzed_input_without_rights_breaks_and_changes_nothing() {
    fuzz(Rights::None, 60);
}

#[test]
fn fuzzed_input_of_an_administrator_breaks_nothing() {
    fuzz(Rights::All, 40);
}

fn fuzz(rights: Rights, hundredths: usize) {
    let count = std::env::var("ROLLBOOK_FUZZ").map_or(100_000, |count| count.parse().expect("a number"));
    let seed = Random::seed("ROLLBOOK_SEED", 20_260_101);
    println!("ROLLBOOK_FUZZ={count} ROLLBOOK_SEED={seed}");
    let folder = Arc::new(Folder::new());
    let read = create_key_of_a_new_folder(&folder);
    let server = Server::over(Arc::clone(&folder), &["--body-timeout", "30", "--head-timeout", "30"]);
    let keys = prepare(&server, read);
    let state = State::of(&folder);
    let before = state.whole();
    let counts = std::thread::scope(|scope| {
        let threads = (0..THREADS).map(|thread| {
            let (keys, address) = (&keys, server.address);
            scope.spawn(move || {
                let mut fuzzer = Fuzzer {
                    random: Random::new(seed.wrapping_mul(31).wrapping_add(1000 * rights as u64 + thread as u64)),
                    rights,
                    keys,
                    address,
                    counts: Counts::new(),
                };
                for (kind, share) in SHARES {
                    fuzzer.run(kind, count * hundredths * share / 10_000 / THREADS);
                }
                fuzzer.counts
            })
        });
        let threads: Vec<_> = threads.collect();
        let mut counts = Counts::new();
        for thread in threads {
            for (key, count) in thread.join().expect("a thread of inputs") {
                *counts.entry(key).or_default() += count;
            }
        }
        counts
    });
    for (kind, _) in SHARES {
        let of_kind: Vec<String> = counts
            .iter()
            .filter(|((found, _), _)| *found == kind)
            .map(|((_, status), count)| format!("{status}: {count}"))
            .collect();
        println!("{rights:?} {kind:?} {}", of_kind.join(", "));
    }
    println!("{rights:?} {} answers and closes", counts.values().sum::<usize>());
    // The server still works.
    assert_eq!(server.nuxeo("GET", "/user/Administrator", None).status, 200);
    assert_eq!(server.datadog("GET", "/api/v1/user/administrator", None).status, 200);
    if rights == Rights::None {
        assert_eq!(State::differences(&before, &state.whole()), [""; 0], "seed {seed}");
    } else {
        assert_ne!(state.whole(), before, "an administrator's inputs are not all refused");
    }
    state.assert_sound();
    drop(state);
    let log = server.stop_for_log();
    for word in ["panicked", "ERROR", "RUST_BACKTRACE"] {
        let line = log.lines().find(|line| line.contains(word));
        assert!(line.is_none(), "seed {seed}: {line:?}");
    }
    // Each of these statuses came, so the inputs reached all stages of the server.
    for status in [200, 400, 401, 403, 404, 405] {
        assert!(counts.iter().any(|((_, found), _)| *found == status), "no {status} among {counts:?}");
    }
}

fn create_key_of_a_new_folder(folder: &Arc<Folder>) -> String {
    assert!(Server::over(Arc::clone(folder), &[]).stop().success());
    create_key(folder, "app", Some("read"))
}

fn prepare(server: &Server, read: String) -> Keys {
    create_user(server, serde_json::json!({"username": "ada", "password": "secret"}));
    create_user(server, serde_json::json!({"username": "team/eve", "groups": ["members"]}));
    create_group(
        server,
        serde_json::json!({"id": "team", "memberUsers": ["ada", "later"], "parentGroups": ["members"]}),
    );
    create_group(server, serde_json::json!({"id": "a/b"}));
    let token = |authorization: String| {
        let path = "/nuxeo/authentication/token?applicationName=fuzz&deviceId=fuzz&permission=rw";
        let answer = server.request("GET", path, &[("Authorization", &authorization)], None);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.text().to_owned()
    };
    let (ordinary, administrator) =
        (token(basic("ada", "secret")), token(basic("Administrator", crate::support::server::ADMIN_PASSWORD)));
    // The first use of a key is stored after the answer; a later write waits for that.
    for (name, token) in [("ordinary", &ordinary), ("administrator", &administrator)] {
        let header = [("X-Authentication-Token", token.as_str())];
        assert_eq!(server.request("GET", "/nuxeo/api/v1/me", &header, None).status, 200, "{name}");
    }
    assert_eq!(server.datadog_as(&read, "GET", "/api/v1/user", None).status, 200);
    create_group(server, serde_json::json!({"id": "last"}));
    Keys { read, ordinary, administrator }
}
