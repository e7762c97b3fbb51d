//! The server as a child process.

mod examples;
mod parent;
mod ready_line;

use crate::support::client::Connection;
use crate::support::folder::Folder;
use crate::support::wait::eventually;
use serde_json::Value;
use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The rest of a command that [`rollbook`] or [`rollbook_after`] has begun.
pub fn serving(mut command: Command, folder: &Folder, flags: &[&str]) -> Command {
    command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(folder.db()).args(flags);
    command.stderr(Stdio::piped());
    command
}

pub fn is_ready(address: &str) -> bool {
    let mut connection = Connection::open(address.parse().expect("an address"));
    connection.send("GET", "/readyz", &[], None);
    connection.answer(false).status == 200
}

/// The standard error of a process, once every writer has ended.
pub fn said(child: &mut Child) -> String {
    let mut said = String::new();
    child.stderr.take().expect("standard error is a pipe").read_to_string(&mut said).unwrap();
    said
}

pub fn line_in(file: &Path, child: &mut Child) -> Value {
    let line = eventually(format!("a line in {}", file.display()), || {
        assert_eq!(child.try_wait().unwrap(), None, "the server has ended");
        std::fs::read_to_string(file).ok()
    });
    assert!(line.ends_with('\n') && line.lines().count() == 1, "a whole line: {line:?}");
    serde_json::from_str(&line).unwrap()
}
