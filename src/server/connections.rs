//! The open connections of a server: registration, limits for each address, and the drain at the end.

use super::limits::Limits;
use super::listener::Waker;
use super::memory_budget::MemoryBudget;
use super::overload::RejectReason;
use super::tls::HandshakeCounters;
use crate::http::{ClientAddress, ListenerKind};
use crate::metrics::Exposition;
use crate::sync::locked;
use std::collections::HashMap;
use std::net::{IpAddr, Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Idle time after which a connection may be evicted for a new one. The pauses between requests of a busy client are
/// shorter.
const IDLE_MIN: Duration = Duration::from_secs(1);
/// The server keeps one in this number of connections free by evicting idle ones.
const FREE_SHARE: usize = 32;
/// How often a drain looks for connections that have become idle.
const DRAIN_INTERVAL: Duration = Duration::from_millis(50);

/// State that the accepting thread, the connections and the stopper share.
pub(super) struct ServerState {
    pub(super) kind: ListenerKind,
    start: Instant,
    pub(super) stopping: AtomicBool,
    /// Wakes the accepting thread.
    pub(super) waker: Waker,
    /// Rounds of the accepting thread.
    pub(super) accept_rounds: AtomicU64,
    connections: Mutex<ConnectionTable>,
    connection_closed: Condvar,
    pub(super) accepted: AtomicU64,
    pub(super) body_memory: MemoryBudget,
    pub(super) response_memory: MemoryBudget,
    /// One counter for each [`RejectReason`].
    rejected: [AtomicU64; RejectReason::EACH.len()],
    pub(super) handshakes: HandshakeCounters,
}

#[derive(Default)]
struct ConnectionTable {
    next_id: u64,
    open: HashMap<u64, Arc<ConnectionEntry>>,
    /// Open connections of each client address.
    per_address: HashMap<ClientAddress, usize>,
    /// Evicted and not closed yet. They do not count towards the limits.
    closing: HashMap<u64, Arc<ConnectionEntry>>,
}

/// One open connection, as the accepting thread and the stopper see it.
pub(super) struct ConnectionEntry {
    pub(super) stream: TcpStream,
    /// The client's address; see [`address_bucket`].
    pub(super) address: ClientAddress,
    /// Start of the idle time, in milliseconds since the server's start; 0 while a request is in progress. An idle
    /// connection can be closed without harm.
    idle_since: AtomicU64,
}

impl ConnectionEntry {
    pub(super) fn set_busy(&self) {
        self.idle_since.store(0, Ordering::Release);
    }

    pub(super) fn set_idle(&self, since_ms: u64) {
        self.idle_since.store(since_ms, Ordering::Release);
    }

    fn is_idle(&self) -> bool {
        self.idle_since.load(Ordering::Acquire) != 0
    }

    /// Ends a waiting read. A request that arrives at this moment is still read and answered.
    fn shutdown_read(&self) {
        let _ = self.stream.shutdown(Shutdown::Read);
    }
}

/// Unregisters the connection when its thread ends, also by a panic.
pub(super) struct ConnectionGuard {
    pub(super) state: Arc<ServerState>,
    id: u64,
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        let mut connections = locked(&self.state.connections);
        if connections.unregister(self.id).is_none() {
            connections.closing.remove(&self.id);
        }
        drop(connections);
        self.state.connection_closed.notify_all();
    }
}

impl ServerState {
    pub(super) fn new(kind: ListenerKind, waker: Waker, limits: &Limits) -> ServerState {
        ServerState {
            kind,
            start: Instant::now(),
            stopping: AtomicBool::new(false),
            waker,
            accept_rounds: AtomicU64::new(0),
            connections: Mutex::default(),
            connection_closed: Condvar::new(),
            accepted: AtomicU64::new(0),
            body_memory: MemoryBudget::new(limits.body_memory),
            response_memory: MemoryBudget::new(limits.answer_memory),
            rejected: Default::default(),
            handshakes: HandshakeCounters::default(),
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    pub(super) fn count_rejection(&self, reason: RejectReason) {
        self.rejected[reason as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Milliseconds from the server's start to that moment, counted from 1.
    pub(super) fn milliseconds_at(&self, moment: Instant) -> u64 {
        u64::try_from((moment - self.start).as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }

    /// Registers a new connection. Gives the stream back, with the reason, when a limit is reached.
    pub(super) fn register(
        self: &Arc<ServerState>,
        stream: TcpStream,
        address: ClientAddress,
        is_proxy: bool,
        limits: &Limits,
    ) -> Result<(Arc<ConnectionEntry>, ConnectionGuard), (TcpStream, RejectReason)> {
        let (address, now) = (address_bucket(address), self.milliseconds_at(Instant::now()));
        let mut connections = locked(&self.connections);
        // Trusted proxies are exempt from the limit of one address: they carry many clients.
        let open_from_address = connections.per_address.get(&address).copied().unwrap_or(0);
        if !is_proxy
            && open_from_address >= limits.per_address_limit()
            && connections.evict_idle(1, now, |entry| entry.address == address) == 0
        {
            return Err((stream, RejectReason::Address));
        }
        let kept_free = limits.connections / FREE_SHARE;
        if connections.open.len() + kept_free >= limits.connections {
            // Several at once, because each search goes through all connections.
            connections.evict_idle(kept_free / 2 + 1, now, |_| true);
        }
        if connections.open.len() >= limits.connections {
            return Err((stream, RejectReason::All));
        }
        connections.next_id += 1;
        let id = connections.next_id;
        *connections.per_address.entry(address).or_default() += 1;
        let entry = Arc::new(ConnectionEntry { stream, address, idle_since: AtomicU64::new(now) });
        connections.open.insert(id, Arc::clone(&entry));
        Ok((entry, ConnectionGuard { state: Arc::clone(self), id }))
    }

    /// Evicts one idle connection, if there is one.
    pub(super) fn evict_one(&self) {
        locked(&self.connections).evict_idle(1, self.milliseconds_at(Instant::now()), |_| true);
    }

    /// Closes idle connections and waits for the others, for at most that long. Then it cuts off those that are left.
    pub(super) fn drain(&self, timeout: Duration) {
        let start = Instant::now();
        let mut connections = locked(&self.connections);
        while !(connections.open.is_empty() && connections.closing.is_empty()) {
            connections.open.values().filter(|entry| entry.is_idle()).for_each(|entry| entry.shutdown_read());
            let left = timeout.saturating_sub(start.elapsed());
            if left.is_zero() {
                let busy = connections.open.len() + connections.closing.len();
                log::warn!("{busy} connections were still busy at the end and are cut off");
                // Ends every read and write that waits for the network.
                for entry in connections.open.values().chain(connections.closing.values()) {
                    let _ = entry.stream.shutdown(Shutdown::Both);
                }
                return;
            }
            // A connection may become idle without closing, so the wait is short.
            let pause = left.min(DRAIN_INTERVAL);
            let waited = self.connection_closed.wait_timeout(connections, pause);
            connections = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    pub(super) fn collect_metrics(&self, exposition: &mut Exposition) {
        let listener = ("listener", self.kind.name());
        let (open, busy) = {
            let connections = locked(&self.connections);
            let all = connections.open.values().chain(connections.closing.values());
            (connections.open.len() + connections.closing.len(), all.filter(|entry| !entry.is_idle()).count())
        };
        let help = "Open connections, including idle ones.";
        exposition.gauge("rollbook_connections_open", help, &[listener], open as f64);
        let help = "Requests that have started to arrive and are not fully answered.";
        exposition.gauge("rollbook_http_requests_in_progress", help, &[listener], busy as f64);
        let accepted = self.accepted.load(Ordering::Relaxed);
        let help = "Connections that were accepted and not rejected.";
        exposition.counter("rollbook_connections_accepted_total", help, &[listener], accepted as f64);
        self.body_memory.collect_metrics(exposition, &[listener, ("of", "requests")]);
        self.response_memory.collect_metrics(exposition, &[listener, ("of", "answers")]);
        for reason in RejectReason::EACH {
            let labels = [listener, ("reason", reason.name())];
            let rejected = self.rejected[reason as usize].load(Ordering::Relaxed);
            let help = "Connections that were rejected with 503, by reason.";
            exposition.counter("rollbook_connections_refused_total", help, &labels, rejected as f64);
        }
    }
}

impl ConnectionTable {
    /// Evicts up to `count` idle connections of those that `may_evict` selects, the longest idle first. Returns how
    /// many it evicted.
    fn evict_idle(&mut self, count: usize, now: u64, may_evict: impl Fn(&ConnectionEntry) -> bool) -> usize {
        let before = now.saturating_sub(IDLE_MIN.as_millis() as u64);
        let mut idle: Vec<(u64, u64)> = Vec::new();
        for (id, entry) in &self.open {
            let since = entry.idle_since.load(Ordering::Acquire);
            if since != 0 && since <= before && may_evict(entry) {
                idle.push((since, *id));
            }
        }
        idle.sort_unstable();
        idle.truncate(count);
        for (_, id) in &idle {
            if let Some(entry) = self.unregister(*id) {
                entry.shutdown_read();
                self.closing.insert(*id, entry);
            }
        }
        idle.len()
    }

    /// Removes a connection from those that count towards the limits.
    fn unregister(&mut self, id: u64) -> Option<Arc<ConnectionEntry>> {
        let entry = self.open.remove(&id)?;
        if let Some(count) = self.per_address.get_mut(&entry.address) {
            *count -= 1;
            if *count == 0 {
                self.per_address.remove(&entry.address);
            }
        }
        Some(entry)
    }
}

/// The address that limits count by: for IPv6 the /64 network, because a host can use all addresses of its network.
pub(super) fn address_bucket(address: ClientAddress) -> ClientAddress {
    let ClientAddress::Ip(ip) = address else { return address };
    ClientAddress::Ip(match ip.to_canonical() {
        IpAddr::V6(ip) if !ip.is_loopback() => IpAddr::V6((u128::from(ip) >> 64 << 64).into()),
        ip => ip,
    })
}
