//! Answers 503 to connections for which there is no place, without a thread for each.

use crate::http::ClientAddress;
use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Refused connections that are kept open for a moment; beyond that the oldest is closed at once.
const KEPT_MAX: usize = 256;
/// How long a refused connection stays open. Closed at once, its unread request would destroy the answer.
const KEPT_FOR: Duration = Duration::from_secs(1);
/// How often they are looked at.
const STEP: Duration = Duration::from_millis(50);

const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nX-Content-Type-Options: nosniff\r\n\
    Cache-Control: no-store\r\nContent-Type: application/json\r\nContent-Length: 35\r\nRetry-After: 1\r\nConnection: close\r\n\r\n{\"errors\":[\"Too many connections\"]}";

/// The same for a client that begins with TLS: a fatal alert, `internal_error` (RFC 8446, 6.2). Telling it more would
/// take a handshake.
const ALERT: &[u8] = &[21, 3, 3, 0, 2, 2, 80];

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    Address,
    All,
    Thread,
}

impl Why {
    pub(super) const EACH: [Why; 3] = [Why::Address, Why::All, Why::Thread];

    /// For people.
    fn text(self) -> &'static str {
        match self {
            Why::Address => "too many of its address are open",
            Why::All => "too many are open",
            Why::Thread => "there is no thread for it",
        }
    }

    /// For metrics.
    pub(super) fn name(self) -> &'static str {
        match self {
            Why::Address => "too_many_of_address",
            Why::All => "too_many",
            Why::Thread => "no_thread",
        }
    }
}

/// Its thread ends with it.
pub(super) struct Refuser {
    queue: Option<SyncSender<(TcpStream, &'static [u8])>>,
    thread: Option<JoinHandle<()>>,
}

impl Refuser {
    pub(super) fn start() -> Refuser {
        let (queue, streams) = sync_channel(KEPT_MAX);
        // Without this thread refused connections are closed without an answer, which is all that is left then.
        let spawned = std::thread::Builder::new().name("refuser".to_owned()).spawn(move || work(&streams));
        let thread = spawned.inspect_err(|error| log::warn!("no thread for refused connections: {error}")).ok();
        Refuser { queue: Some(queue), thread }
    }

    /// Answers, some time.
    pub(super) fn refuse(&self, stream: TcpStream, from: ClientAddress, is_tls: bool, why: Why) {
        log::warn!("a connection from {from} was refused: {}", why.text());
        if let Some(queue) = &self.queue {
            let _ = queue.try_send((stream, if is_tls { ALERT } else { ANSWER }));
        }
    }
}

impl Drop for Refuser {
    fn drop(&mut self) {
        // Nothing more comes, so the thread ends.
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn work(streams: &Receiver<(TcpStream, &'static [u8])>) {
    let mut kept: VecDeque<(Instant, TcpStream)> = VecDeque::new();
    loop {
        match streams.recv_timeout(STEP) {
            Ok((mut stream, answer)) => {
                let answered = stream.set_nonblocking(true).and_then(|()| stream.write_all(answer));
                if answered.and_then(|()| stream.shutdown(Shutdown::Write)).is_ok() {
                    kept.push_back((Instant::now() + KEPT_FOR, stream));
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let now = Instant::now();
        kept.retain_mut(|(until, stream)| *until > now && !has_gone(stream));
        while kept.len() > KEPT_MAX {
            kept.pop_front();
        }
    }
}

/// Reads away what the client has sent; true when it has closed its side.
fn has_gone(stream: &mut TcpStream) -> bool {
    let mut bytes = [0; 1024];
    match stream.read(&mut bytes) {
        Ok(0) => true,
        Ok(_) => false,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    }
}
