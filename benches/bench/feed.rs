//! The changes feed: rows to read, a bare scan of them, and clients that wait for a change.

use crate::load::fetch;
use crate::requests::{Credentials, request};
use rusqlite::{Connection, Result, params};
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use serde::Serialize;
use std::io::{Read as _, Write as _};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

/// Most lines of an answer.
const LINES_MAX: u64 = 10_000;
/// Longest answer to a client that waits for a change.
const ANSWER_BYTES: usize = 4096;

/// Adds so many changes to a database that no process has open. Returns the number of the newest change before them.
pub fn add_changes(database: &Path, count: u64) -> Result<i64> {
    let mut connection = Connection::open(database)?;
    let last = connection.query_row("select max(id) from changes", [], |row| row.get(0))?;
    let transaction = connection.transaction()?;
    let mut insert = transaction.prepare(
        "insert into changes (at, caller_kind, caller, dialect, action, name, before, after)
         values (?1, 'key', 'first', 'datadog', 'user.updated', ?2, ?3, ?4)",
    )?;
    let text = |name: &str, number| format!(r#"{{"display_name":"{name} {number}"}}"#);
    for number in 0..count {
        let at = 1_700_000_000_000_i64 + number as i64 * 977;
        let name = format!("user.{number}@example.com");
        insert.execute(params![at, name, text("Old Name", number), text("New Name", number)])?;
    }
    drop(insert);
    transaction.commit()?;
    Ok(last)
}

/// A change as the feed writes it, without `before` and `after`, which are JSON already.
#[derive(Serialize)]
struct Change<'r> {
    id: i64,
    time: String,
    caller: Option<&'r str>,
    caller_kind: Option<&'r str>,
    dialect: &'r str,
    action: &'r str,
    name: &'r str,
}

/// Writes the changes after that one as the feed does, in one pass. Returns the number of the bytes.
pub fn scan(connection: &Connection, since: i64) -> Result<usize> {
    let mut select = connection.prepare(
        "select id, at, caller, caller_kind, dialect, action, name, before, after from changes where id > ?1 order by id",
    )?;
    let mut rows = select.query([since])?;
    let (mut out, mut bytes) = (Vec::with_capacity(128 * 1024), 0);
    while let Some(row) = rows.next()? {
        let text = |column| -> Result<Option<&str>> { Ok(row.get_ref(column)?.as_str_or_null()?) };
        let change = Change {
            id: row.get(0)?,
            time: format!("{:.3}", jiff::Timestamp::from_millisecond(row.get(1)?).unwrap_or_default()),
            caller: text(2)?,
            caller_kind: text(3)?,
            dialect: text(4)?.unwrap_or_default(),
            action: text(5)?.unwrap_or_default(),
            name: text(6)?.unwrap_or_default(),
        };
        serde_json::to_writer(&mut out, &change).expect("documents serialise");
        out.pop();
        for (name, column) in [("before", 7), ("after", 8)] {
            write!(out, r#","{name}":{}"#, text(column)?.unwrap_or("null")).expect("a write to memory succeeds");
        }
        out.extend_from_slice(b"}\n");
        if out.len() > 64 * 1024 {
            bytes += out.len();
            out.clear();
        }
    }
    Ok(bytes + out.len())
}

/// Reads the changes between these two from the server, answer by answer. Returns the number of the bytes.
pub fn read(address: SocketAddr, mut since: i64, last: i64) -> usize {
    let mut bytes = 0;
    while since < last {
        let limit = LINES_MAX.min((last - since) as u64);
        let path = format!("/rollbook/v1/changes?since={since}&limit={limit}");
        let body = fetch(address, &request("GET", &path, &Credentials::Basic), 200).expect("the feed answers");
        let line = body.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let digits = line.strip_prefix(br#"{"id":"#).and_then(|rest| rest.split(|byte| *byte == b',').next());
        let id = digits.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        since = id.expect("each line begins with the number of its change");
        bytes += body.len();
    }
    bytes
}

/// Clients that each wait for the next change.
pub struct Waiters {
    sockets: Vec<TcpStream>,
    ready: OwnedFd,
    /// The number of the newest change that they have seen.
    since: i64,
}

impl Waiters {
    pub fn connect(address: SocketAddr, count: usize) -> Waiters {
        let ready = epoll::create(CreateFlags::CLOEXEC).expect("a descriptor");
        let sockets: Vec<TcpStream> = (0..count)
            .map(|index| {
                let socket = TcpStream::connect(address).expect("the server takes a connection");
                let data = EventData::new_u64(index as u64);
                epoll::add(&ready, &socket, data, EventFlags::IN).expect("a socket can be watched");
                socket
            })
            .collect();
        let since = newest_change(&sockets[0]).expect("the feed names its newest change");
        Waiters { sockets, ready, since }
    }

    /// Sends the request of each client.
    pub fn wait_for_change(&mut self) {
        let path = format!("/rollbook/v1/changes?since={}&wait=60", self.since);
        let request = request("GET", &path, &Credentials::Basic);
        for socket in &mut self.sockets {
            socket.write_all(&request).expect("the server takes a request");
        }
    }

    /// Receives an answer on each connection. Returns the times from the start to their ends.
    pub fn receive(&mut self, start: Instant) -> Vec<Duration> {
        let mut received = vec![Vec::new(); self.sockets.len()];
        let mut times = Vec::new();
        while times.len() < self.sockets.len() {
            let mut events = [const { MaybeUninit::<Event>::uninit() }; 64];
            let (events, _) = epoll::wait(&self.ready, &mut events[..], None).expect("the sockets can be watched");
            for event in events {
                let index = event.data.u64() as usize;
                let (mut bytes, answer) = ([0; ANSWER_BYTES], &mut received[index]);
                let count = self.sockets[index].read(&mut bytes).expect("the server answers");
                assert!(count > 0, "the server has closed a connection: {}", String::from_utf8_lossy(answer));
                answer.extend_from_slice(&bytes[..count]);
                // A change is a line of JSON.
                if answer.ends_with(b"}\n") {
                    assert!(answer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(answer));
                    times.push(start.elapsed());
                }
            }
        }
        self.since = received.iter().filter_map(|answer| number_after(answer, "{\"id\":")).max().unwrap_or(self.since);
        times
    }
}

/// Asks for the number of the newest change.
fn newest_change(mut socket: &TcpStream) -> Option<i64> {
    socket.write_all(&request("GET", "/rollbook/v1/changes?since=now", &Credentials::Basic)).ok()?;
    let mut answer = [0; ANSWER_BYTES];
    // An answer without a body comes in one piece.
    let count = socket.read(&mut answer).ok()?;
    number_after(&answer[..count], "\r\nRollbook-Next: ")
}

/// The number after the last occurrence of that text.
fn number_after(answer: &[u8], text: &str) -> Option<i64> {
    let answer = std::str::from_utf8(answer).ok()?;
    let rest = &answer[answer.rfind(text)? + text.len()..];
    rest[..rest.find(|c: char| !c.is_ascii_digit())?].parse().ok()
}
