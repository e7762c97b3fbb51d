//! Migrations, backup, restore and check of the database file.

mod backup;
mod check;
mod migrations;
mod restore;

use crate::support::server::Server;
use crate::support::wait::wait_until;
use serde_json::json;
use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

pub fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

/// Asserts that the command succeeded with this standard output, where `…` stands for any text.
pub fn assert_done(output: &Output, says: &str) {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let (begin, end) = says.split_once('…').unwrap_or((says, ""));
    let said = text(&output.stdout);
    assert!(said.starts_with(begin) && said.ends_with(&format!("{end}\n")), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

/// Asserts that the command failed with all of these words and without a panic.
pub fn assert_refused(output: &Output, words: &[&str]) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(text(&output.stdout), "", "{output:?}");
    for word in words.iter().chain(&["rollbook: "]) {
        assert!(said.contains(word), "no {word:?} in:\n{said}");
    }
    assert!(!said.contains("panicked"), "{said}");
}

pub fn create_user(server: &Server, name: &str) -> u16 {
    server.datadog("POST", "/api/v1/user", Some(&json!({"handle": name}).to_string())).status
}

/// Clients that create users until they are told to stop.
pub struct Load {
    pub stop: Arc<AtomicBool>,
    pub acknowledged: Arc<Mutex<Vec<String>>>,
    pub threads: Vec<std::thread::JoinHandle<()>>,
}

impl Load {
    pub fn on(server: &Arc<Server>, clients: usize) -> Load {
        let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let start = |client| {
            let (server, stop, acknowledged) = (Arc::clone(server), Arc::clone(&stop), Arc::clone(&acknowledged));
            std::thread::spawn(move || {
                for number in 0.. {
                    if stop.load(Ordering::Acquire) {
                        break;
                    }
                    let name = format!("u{number}.of{client}@example.com");
                    assert_eq!(create_user(&server, &name), 200, "{name}");
                    acknowledged.lock().unwrap().push(name);
                }
            })
        };
        let threads = (0..clients).map(start).collect();
        Load { stop, acknowledged, threads }
    }

    /// Waits until that many more have been acknowledged.
    pub fn wait_for(&self, more: usize) {
        let wanted = self.acknowledged().len() + more;
        wait_until("more writes", || self.acknowledged().len() >= wanted);
    }

    pub fn acknowledged(&self) -> Vec<String> {
        self.acknowledged.lock().unwrap().clone()
    }

    pub fn finish(self) -> Vec<String> {
        self.stop.store(true, Ordering::Release);
        for thread in self.threads {
            thread.join().expect("a client");
        }
        Arc::into_inner(self.acknowledged).expect("no client is left").into_inner().unwrap()
    }
}
