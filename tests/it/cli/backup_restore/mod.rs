//! Migrations, backup, restore and check of the database file.

mod backup;
mod check;
mod migrations;
mod restore;

use crate::support::cli::run;
use crate::support::database::Database;
use crate::support::folder::Folder;
use crate::support::server::Server;
use crate::support::wait::wait_until;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

pub fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

/// The command did it and said this on standard output, where `…` stands for anything.
pub fn assert_done(output: &Output, says: &str) {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let (begin, end) = says.split_once('…').unwrap_or((says, ""));
    let said = text(&output.stdout);
    assert!(said.starts_with(begin) && said.ends_with(&format!("{end}\n")), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

/// The command failed and said all of these words, without the look of a crash.
pub fn assert_refused(output: &Output, words: &[&str]) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(text(&output.stdout), "", "{output:?}");
    for word in words.iter().chain(&["rollbook: "]) {
        assert!(said.contains(word), "no {word:?} in:\n{said}");
    }
    assert!(!said.contains("panicked"), "{said}");
}

pub fn names_in(folder: &Folder) -> Vec<String> {
    let entries = std::fs::read_dir(folder.path()).expect("the folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect();
    names.sort();
    names
}

/// A folder with a database that a first start has filled.
pub fn filled() -> Arc<Folder> {
    let folder = Arc::new(Folder::new());
    assert!(run(&folder, &["key", "create", "api", "--name", "test"]).status.success());
    folder
}

/// Runs SQL on the file as another program would.
pub fn by_hand(path: &Path, sql: &str) {
    let connection = Database::open(path).expect("a database");
    connection.pragma_update(None, "foreign_keys", false).expect("no foreign keys");
    connection.execute_batch(sql).unwrap_or_else(|error| panic!("{error} in {sql}"));
}

pub fn create_user(server: &Server, name: &str) -> u16 {
    server.datadog("POST", "/api/v1/user", Some(&json!({"handle": name}).to_string())).status
}

/// The handles of everybody, in order.
pub fn users(server: &Server) -> Vec<String> {
    let answer = server.datadog("GET", "/api/v1/user", None).json();
    let handle = |user: &Value| user["handle"].as_str().expect("a handle").to_owned();
    answer["users"].as_array().expect("users").iter().map(handle).collect()
}

/// The names of users in a file, read without the product.
pub fn users_in(path: &Path) -> Vec<String> {
    let connection = Database::open(path).expect("a database");
    let mut statement = connection.prepare("select username_key from users order by 1").expect("users");
    statement.query_map([], |row| row.get(0)).expect("users").collect::<Result<_, _>>().expect("names")
}

pub fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("a file").permissions().mode() & 0o7777
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
        Arc::into_inner(self.acknowledged).expect("nobody else").into_inner().unwrap()
    }
}
