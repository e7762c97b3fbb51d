//! Answers 503 to connections that a limit rejects, from one thread for all of them.

use crate::http::ClientAddress;
use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Rejected connections that are kept open for a moment. If there are more, the oldest is closed at once.
const LINGERING_MAX: usize = 256;
/// How long a rejected connection stays open. If it closed at once, its unread request would destroy the response.
const LINGER_TIME: Duration = Duration::from_secs(1);
/// How often lingering connections are checked.
const SWEEP_INTERVAL: Duration = Duration::from_millis(50);

const RESPONSE_503: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nX-Content-Type-Options: nosniff\r\n\
    Cache-Control: no-store\r\nContent-Type: application/json\r\nContent-Length: 35\r\nRetry-After: 1\r\nConnection: close\r\n\r\n{\"errors\":[\"Too many connections\"]}";

/// The same for a client that begins with TLS: a fatal alert, `internal_error` (RFC 8446, 6.2). A response would need a
/// handshake first.
const TLS_ALERT: &[u8] = &[21, 3, 3, 0, 2, 2, 80];

/// The reason why a connection is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RejectReason {
    /// The client address has reached its limit.
    Address,
    /// The server has reached its limit.
    All,
    /// The system has no thread left.
    Thread,
}

impl RejectReason {
    pub(super) const EACH: [RejectReason; 3] = [RejectReason::Address, RejectReason::All, RejectReason::Thread];

    /// The reason in the log.
    fn text(self) -> &'static str {
        match self {
            RejectReason::Address => "too many connections from this address",
            RejectReason::All => "too many connections",
            RejectReason::Thread => "no thread available",
        }
    }

    /// The value of the label `reason`.
    pub(super) fn name(self) -> &'static str {
        match self {
            RejectReason::Address => "too_many_of_address",
            RejectReason::All => "too_many",
            RejectReason::Thread => "no_thread",
        }
    }
}

/// Responds to rejected connections in a thread of its own, which ends when this is dropped.
pub(super) struct OverloadResponder {
    queue: Option<SyncSender<(TcpStream, &'static [u8])>>,
    thread: Option<JoinHandle<()>>,
}

impl OverloadResponder {
    pub(super) fn start() -> OverloadResponder {
        let (queue, streams) = sync_channel(LINGERING_MAX);
        // Without this thread, rejected connections are closed without a response.
        let spawned = std::thread::Builder::new().name("overload".to_owned()).spawn(move || respond_to_all(&streams));
        let thread = spawned
            .inspect_err(|error| log::warn!("cannot start the thread that answers rejected connections: {error}"))
            .ok();
        OverloadResponder { queue: Some(queue), thread }
    }

    /// Hands a connection over to the thread.
    pub(super) fn reject(&self, stream: TcpStream, from: ClientAddress, is_tls: bool, reason: RejectReason) {
        log::warn!("connection from {from} rejected: {}", reason.text());
        if let Some(queue) = &self.queue {
            let _ = queue.try_send((stream, if is_tls { TLS_ALERT } else { RESPONSE_503 }));
        }
    }
}

impl Drop for OverloadResponder {
    fn drop(&mut self) {
        // Closing the queue ends the thread.
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn respond_to_all(streams: &Receiver<(TcpStream, &'static [u8])>) {
    let mut lingering: VecDeque<(Instant, TcpStream)> = VecDeque::new();
    loop {
        match streams.recv_timeout(SWEEP_INTERVAL) {
            Ok((mut stream, answer)) => {
                let answered = stream.set_nonblocking(true).and_then(|()| stream.write_all(answer));
                if answered.and_then(|()| stream.shutdown(Shutdown::Write)).is_ok() {
                    lingering.push_back((Instant::now() + LINGER_TIME, stream));
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let now = Instant::now();
        lingering.retain_mut(|(until, stream)| *until > now && !has_closed(stream));
        while lingering.len() > LINGERING_MAX {
            lingering.pop_front();
        }
    }
}

/// Discards received bytes. True if the client has closed its side.
fn has_closed(stream: &mut TcpStream) -> bool {
    let mut bytes = [0; 1024];
    match stream.read(&mut bytes) {
        Ok(0) => true,
        Ok(_) => false,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    }
}
