//! The log file.

mod file;
mod logrotate;

use crate::support::cli::{rollbook, said};
use crate::support::client::Connection;
use crate::support::folder::Folder;
use crate::support::wait::{eventually, wait_for};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A server that logs to a file.
pub struct Logged {
    pub folder: Folder,
    pub child: Child,
    pub address: SocketAddr,
}

impl Logged {
    pub fn start(flags: &[&str]) -> Logged {
        Logged::by(rollbook(), Folder::new(), flags)
    }

    pub fn by(command: Command, folder: Folder, flags: &[&str]) -> Logged {
        let log = folder.path().join("rollbook.log");
        Logged::with(command, folder, &log, flags)
    }

    /// Runs `serve` by that command. It logs to `log`, which the test reads as `seen`.
    pub fn with(mut command: Command, folder: Folder, log: &Path, flags: &[&str]) -> Logged {
        command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(folder.db()).arg("--log-file").arg(log);
        command.args(flags).current_dir(folder.path()).stdout(Stdio::null());
        let child = command.stderr(File::create(folder.path().join("stderr")).expect("a file")).spawn();
        let mut server =
            Logged { folder, child: child.expect("the server starts"), address: SocketAddr::from(([0; 4], 0)) };
        server.address = eventually("the address in the log", || {
            let status = server.child.try_wait().expect("the server can be waited for");
            assert!(status.is_none(), "the server has ended: {}", server.said());
            let log = std::fs::read_to_string(log).unwrap_or_default();
            // In JSON, a quotation mark follows the address.
            let (_, url) = log.rsplit_once("listening on http://")?;
            url.split([' ', '\n', '"']).next()?.parse().ok().filter(|_| log.ends_with('\n'))
        });
        server
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn log(&self) -> PathBuf {
        self.path("rollbook.log")
    }

    /// Standard error as text.
    pub fn said(&self) -> String {
        std::fs::read_to_string(self.path("stderr")).expect("a file")
    }

    pub fn get(&self, path: &str) -> u16 {
        let mut connection = Connection::open(self.address);
        connection.send("GET", path, &[], None);
        connection.answer(false).status
    }

    pub fn send(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(pid, signal).expect("the process takes a signal");
    }

    pub fn stop(&mut self) -> i32 {
        self.send(Signal::TERM);
        wait_for(&mut self.child).code().expect("a status")
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// Waits for that text in a file, and returns all that is in it.
pub fn wait_for_text(file: &Path, text: &str) -> String {
    let read = || std::fs::read_to_string(file).unwrap_or_default();
    let awaited = std::fmt::from_fn(|f| write!(f, "{text:?} in {}:\n{}", file.display(), read()));
    eventually(awaited, || Some(read()).filter(|content| content.contains(text)))
}

/// The error of a server that does not start.
pub fn ended(mut command: Command) -> (i32, String, String) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
    wait_for(&mut child);
    said(&child.wait_with_output().expect("the output"))
}
