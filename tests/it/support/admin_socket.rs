//! Requests at the Unix socket that commands use.

use super::client::Answer;
use super::folder::Folder;
use super::wait::PATIENCE;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

pub fn socket(folder: &Folder) -> PathBuf {
    folder.path().join("rollbook.db.sock")
}

/// Sends bytes to the socket and reads one answer.
pub fn send(path: &Path, bytes: &str) -> Answer {
    let mut stream = UnixStream::connect(path).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.write_all(bytes.as_bytes()).expect("the server reads");
    stream.shutdown(std::net::Shutdown::Write).expect("the end");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head[9..12].parse().expect("a status");
    let headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Answer { status, reason: String::new(), headers, body: body.as_bytes().to_vec() }
}
