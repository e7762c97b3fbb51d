//! The process is killed during writes.

use super::load::{CLIENTS, Load, State};
use super::long;
use crate::support::cli::signal;
use crate::support::folder::Folder;
use crate::support::rng::Random;
use crate::support::server::Server;
use crate::support::wait::wait_until;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Calls of one client that may stay unanswered.
const MANY: usize = 1_000_000;

/// Waits until the clients have received that many answers in all.
fn wait_for_answers(answered: &AtomicUsize, count: usize) {
    wait_until(format_args!("{count} answers"), || answered.load(Ordering::Relaxed) >= count);
}

#[test]
fn a_kill_at_any_moment_loses_nothing_acknowledged_and_leaves_no_half() {
    let rounds = if long() { 100 } else { 5 };
    let folder = Arc::new(Folder::new());
    let mut random = Random::new(1);
    let mut load = Load::new(1);
    let mut all = 0;
    for round in 0..rounds {
        let server = Server::over(Arc::clone(&folder), &[]);
        let answers = 16 + random.below(400);
        let pause = Duration::from_micros(random.next() % 3000);
        all += load.run(&server, MANY, |answered| {
            wait_for_answers(answered, answers);
            std::thread::sleep(pause);
            signal(server.pid(), "-KILL");
        });
        let waiting = load.clients.iter().filter(|client| client.pending.is_some()).count();
        assert_eq!(waiting, CLIENTS, "round {round}: each client was in the middle of a call");
        server.kill();
        // The content of the WAL counts: the next server has to find it.
        let server = Server::over(Arc::clone(&folder), &[]);
        let answered = State::answered_by(&server);
        load.settle(&answered);
        let stored = State::in_file(&folder.db());
        assert_eq!(stored.part("c"), answered.part("c"), "round {round}");
        server.kill();
    }
    eprintln!("{rounds} kills, {all} writes answered before them");
}

#[test]
fn sigterm_under_load_ends_in_good_order_with_everything_acknowledged() {
    let folder = Arc::new(Folder::new());
    let mut load = Load::new(2);
    for round in 0..if long() { 20 } else { 2 } {
        let mut server = Server::over(Arc::clone(&folder), &[]);
        let pid = server.pid();
        let all = load.run(&server, MANY, |answered| {
            wait_for_answers(answered, 300);
            signal(pid, "-TERM");
        });
        assert_eq!(server.wait().code(), Some(0), "round {round}: {}", server.log());
        load.settle(&State::in_file(&folder.db()));
        let left: Vec<_> =
            std::fs::read_dir(folder.path()).expect("the folder").map(|e| e.unwrap().file_name()).collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().ends_with("-wal")), "{left:?}");
        eprintln!("SIGTERM after {all} answered writes");
    }
}
