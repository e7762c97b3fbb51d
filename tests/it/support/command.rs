//! A server started as a command, whose whole log is read.

use super::cli::{name_of, rollbook, run};
use super::client::{Answer, Connection, basic};
use super::folder::Folder;
use super::server::API_KEY;
use super::wait::{PATIENCE, wait_for};
use std::io::{BufRead, BufReader, PipeWriter};
use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};

pub const SECRETS: [&str; 3] = ["ROLLBOOK_ADMIN_PASSWORD", "ROLLBOOK_API_KEY", "ROLLBOOK_APP_KEY"];

pub type Headers<'a> = &'a [(&'a str, &'a str)];

/// `rollbook serve` on a free port and the database in that folder.
pub fn serve(folder: &Folder, flags: &[&str]) -> Command {
    let mut command = rollbook();
    command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(folder.db()).args(flags);
    command
}

/// The same without the secrets for a first start.
pub fn serve_unprepared(folder: &Folder, flags: &[&str]) -> Command {
    let mut command = serve(folder, flags);
    for name in SECRETS {
        command.env_remove(name);
    }
    command
}

/// A server whose whole log is wanted.
pub struct Started {
    pub child: Child,
    pub address: SocketAddr,
    pub lines: Receiver<String>,
    pub log: Vec<String>,
}

impl Started {
    pub fn by(command: Command) -> Started {
        Started::with(command, |_, _| {})
    }

    /// Starts with a pipe in place of the journal.
    pub fn to_journal(command: Command) -> Started {
        Started::with(command, |command, stderr| {
            command.env("JOURNAL_STREAM", name_of(stderr));
        })
    }

    pub fn with(mut command: Command, prepare: impl FnOnce(&mut Command, &PipeWriter)) -> Started {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        prepare(&mut command, &writer);
        let mut child = command.stdout(Stdio::null()).stderr(writer).spawn().expect("the server starts");
        // The other end is to be the server's alone, so that it ends with it.
        drop(command);
        let (tell, lines) = channel();
        let stderr = BufReader::new(reader);
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).all(|line| tell.send(line).is_ok()));
        let mut log = Vec::new();
        loop {
            let Ok(line) = lines.recv_timeout(PATIENCE) else {
                let _ = child.kill().and_then(|()| child.wait());
                panic!("the server does not say where it listens:\n{}", log.join("\n"));
            };
            log.push(line);
            if let Some((_, url)) = log[log.len() - 1].split_once("listening on http://") {
                let address = url.split_whitespace().next().unwrap().parse().expect("the address that is logged");
                return Started { child, address, lines, log };
            }
        }
    }

    pub fn request(&self, method: &str, target: &str, headers: Headers<'_>, body: Option<&str>) -> Answer {
        let mut connection = Connection::open(self.address);
        connection.send(method, target, headers, body.map(str::as_bytes));
        connection.answer(method == "HEAD")
    }

    pub fn validate(&self, api_key: &str) -> u16 {
        self.request("GET", "/api/v1/validate", &[("DD-API-KEY", api_key)], None).status
    }

    pub fn users(&self, app_key: &str) -> u16 {
        self.request("GET", "/api/v1/user", &[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", app_key)], None).status
    }

    pub fn login(&self, user: &str, password: &str) -> u16 {
        self.request("GET", "/nuxeo/api/v1/me", &[("Authorization", &basic(user, password))], None).status
    }

    /// Ends the server in the ordinary way and returns everything it has logged.
    pub fn stop(mut self) -> Vec<String> {
        let status = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(status.expect("kill runs").success());
        assert_eq!(wait_for(&mut self.child).code(), Some(0));
        let mut log = std::mem::take(&mut self.log);
        log.extend(self.lines.iter());
        log
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command that has to end by itself.
pub fn finish(mut command: Command) -> Output {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command starts");
    wait_for(&mut child);
    child.wait_with_output().expect("the output")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

pub fn assert_success(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

/// The command ended with that code and said all of these words about it, without the look of a crash.
pub fn assert_refused(output: &Output, code: i32, words: &[&str]) {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    for word in words {
        assert!(said.contains(word), "no {word:?} in:\n{said}");
    }
    assert!(!said.contains("panicked") && !said.contains("RUST_BACKTRACE"), "{said}");
}

/// The first word of the line of `key list` that has that name.
pub fn key_id(folder: &Folder, name: &str) -> String {
    let output = run(folder, &["key", "list"]);
    assert_success(&output);
    let listed = stdout(&output);
    let mut lines = listed.lines().filter(|line| line.split_whitespace().any(|word| word == name));
    let line = lines.next().unwrap_or_else(|| panic!("no {name} in:\n{listed}"));
    assert_eq!(lines.next(), None, "{listed}");
    line.split_whitespace().next().expect("an identifier").to_owned()
}

pub fn assert_nowhere_in(folder: &Folder, secret: &str) {
    for entry in std::fs::read_dir(folder.path()).expect("the folder") {
        let path = entry.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("a file");
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "a secret is in {}", path.display());
    }
}
