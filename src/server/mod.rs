//! The sockets: listening, the limits, the life of connections, the end. Knows requests and responses, not users.
//!
//! One thread accepts; every connection has a thread of its own, which reads a request, calls the handler and
//! writes the answer, without handing the request to anyone.

mod connection;
mod endpoint;
mod grace_period;
mod head;
mod health_probe;
mod listener;
mod liveness;
mod memory_budget;
mod overload;
mod reader;
mod request_body;
mod request_metrics;
mod sd_notify;
mod socket_activation;
mod tls;
mod transport;
mod trusted_proxies;
mod unix_socket;
mod x509;

use crate::http::{ClientAddress, ListenerKind, Response};
pub use crate::http::{Inbound, Refused};
use crate::metrics::Exposition;
use crate::sync::locked;
use anyhow::Context as _;
pub use endpoint::Endpoint;
use endpoint::ListenAddress;
pub use grace_period::GracePeriod;
pub use health_probe::probe_health;
use listener::Waker;
pub use listener::{BoundAddress, Listener};
pub use liveness::Liveness;
use memory_budget::Budget;
use overload::{Refuser, Why};
pub use request_metrics::RequestMetrics;
pub use sd_notify::notify_service_manager;
pub use socket_activation::InheritedSockets;
use std::collections::HashMap;
use std::net::{IpAddr, Shutdown, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};
pub use tls::{Certificate, PemFile};
use tls::{Handshake, Handshakes};
pub use trusted_proxies::Network;
pub use unix_socket::{LocalClient, ResponseTimeout};

/// Connections that the kernel holds for us between two accepts.
const BACKLOG: i32 = 1024;
/// Connections that are accepted at one address before the others are looked at.
const ACCEPT_BATCH: usize = 64;
/// Descriptors that are not connections: the database, its log, standard streams.
const DESCRIPTORS_RESERVED: u64 = 64;
/// Memory is only reserved for a stack; what a request does not touch costs nothing.
const STACK_BYTES: usize = 512 * 1024;
/// A connection that has been idle for longer gives way to a new one; a shorter pause is one between two requests.
const IDLE_MIN: Duration = Duration::from_secs(1);
/// The part of all places that is kept free, as long as idle connections can give way.
const FREE_SHARE: usize = 32;
/// Pause after an accept that failed because something has run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// What a connection may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at a time; one more is answered 503, unless one that is idle can give way.
    pub connections: usize,
    /// Connections of one client address at a time, likewise; unless set, three quarters of all, and all of fewer
    /// than 64. The 2^64 IPv6 addresses of one network are one.
    pub connections_per_address: Option<usize>,
    /// Longest body, in bytes.
    pub body_bytes: usize,
    /// Memory of all large bodies that are under way, in bytes.
    pub body_memory: usize,
    /// Memory of all large answers that are under way, in bytes.
    pub answer_memory: usize,
    /// From the first byte of a head (or from the connect) to its last.
    pub head_timeout: Duration,
    /// From the end of the head to the last byte of the body.
    pub body_timeout: Duration,
    /// Between two requests.
    pub idle_timeout: Duration,
    /// Without any progress in sending an answer; a long answer may take longer in all.
    pub write_timeout: Duration,
    /// After a stop was asked for, until everything has ended. Requests that still run are given up before that, see
    /// [`GracePeriod`].
    pub grace: Duration,
}

impl Limits {
    /// Connections that one client address may have.
    pub fn share(&self) -> usize {
        let all = self.connections;
        self.connections_per_address.unwrap_or(if all < 64 { all } else { all - all / 4 }).min(all)
    }
}

/// A listening server.
pub struct Server {
    listeners: Vec<Listener>,
    limits: Limits,
    trusted: Vec<Network>,
    shared: Arc<Shared>,
}

/// Ends a server from another thread.
#[derive(Clone)]
pub struct Stopper {
    shared: Arc<Shared>,
}

/// What the accepting thread, the connections and the stopper share.
struct Shared {
    door: ListenerKind,
    start: Instant,
    stopping: AtomicBool,
    /// Ends the wait for connections.
    waker: Waker,
    /// How often the accepting thread has come round.
    turns: AtomicU64,
    connections: Mutex<Connections>,
    ended: Condvar,
    accepted: AtomicU64,
    /// Bodies of requests.
    bodies: Budget,
    answers: Budget,
    /// For each reason.
    refused: [AtomicU64; Why::EACH.len()],
    handshakes: Handshakes,
}

#[derive(Default)]
struct Connections {
    next: u64,
    open: HashMap<u64, Arc<Peer>>,
    /// How many of them each client address has.
    of_address: HashMap<ClientAddress, usize>,
    /// Told to give way, and not closed yet: they do not count any more.
    leaving: HashMap<u64, Arc<Peer>>,
}

/// One open connection, as the accepting thread and the stopper see it.
struct Peer {
    stream: TcpStream,
    /// Where the client is.
    address: ClientAddress,
    /// Between two requests, since then: may be closed without harm. Milliseconds since the server's start, and 0 for
    /// a connection that is at work.
    idle_since: AtomicU64,
}

impl Peer {
    fn is_idle(&self) -> bool {
        self.idle_since.load(Ordering::Acquire) != 0
    }

    /// Ends the read that waits; a request that has arrived at this very moment is still read and answered.
    fn stop_waiting(&self) {
        let _ = self.stream.shutdown(Shutdown::Read);
    }
}

/// Takes the connection off the list when its thread ends, however it ends.
struct Registration {
    shared: Arc<Shared>,
    number: u64,
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut connections = locked(&self.shared.connections);
        if connections.take_out(self.number).is_none() {
            connections.leaving.remove(&self.number);
        }
        drop(connections);
        self.shared.ended.notify_all();
    }
}

impl Server {
    /// Serves what comes in at these sockets, which are one door and share the limits. Lowers the connection limit to
    /// what the descriptor limit allows.
    ///
    /// # Errors
    /// When the system has no descriptor left.
    pub fn new(door: ListenerKind, listeners: Vec<Listener>, mut limits: Limits) -> anyhow::Result<Server> {
        let room = descriptor_limit().saturating_sub(DESCRIPTORS_RESERVED);
        limits.connections = limits.connections.min(usize::try_from(room).unwrap_or(usize::MAX).max(1));
        // Twice the longest body, so that one caller cannot keep out the others.
        let body_memory = limits.body_memory.max(limits.body_bytes.saturating_mul(2));
        let shared = Shared {
            door,
            start: Instant::now(),
            stopping: AtomicBool::new(false),
            waker: Waker::new().context("make a descriptor to wake the server by")?,
            turns: AtomicU64::new(0),
            connections: Mutex::default(),
            ended: Condvar::new(),
            accepted: AtomicU64::new(0),
            bodies: Budget::new(body_memory),
            answers: Budget::new(limits.answer_memory),
            refused: Default::default(),
            handshakes: Handshakes::default(),
        };
        Ok(Server { listeners, limits, trusted: Vec::new(), shared: Arc::new(shared) })
    }

    /// Listens for commands on a Unix socket at that path, which only the owner can connect to. A socket that is there
    /// makes way, so the caller has to hold a lock that only one server at a time can have.
    ///
    /// # Errors
    /// When the socket cannot be made there.
    pub fn bind_local(path: &Path, limits: Limits) -> anyhow::Result<Server> {
        let bind = || {
            unix_socket::remove(path)?;
            Listener::bind_unix(path, 0o600)
        };
        let listener = bind().with_context(|| format!("listen on {}", path.display()))?;
        Server::new(ListenerKind::Local, vec![listener], limits)
    }

    /// Believes proxies at these addresses: what they say of their clients, and that they speak for many.
    pub fn trust(mut self, proxies: &[Network]) -> Server {
        self.trusted = proxies.to_vec();
        self
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What ends [`Server::run`].
    pub fn stopper(&self) -> Stopper {
        Stopper { shared: Arc::clone(&self.shared) }
    }

    /// Serves until stopped, and counts what comes and goes among that traffic; returns when every connection has ended,
    /// or when requests have had their part of the grace period.
    pub fn run<H>(self, traffic: &Arc<RequestMetrics>, handler: H)
    where
        H: Fn(Inbound<'_>) -> Response + Send + Sync + 'static,
    {
        let Server { listeners, limits, trusted, shared } = self;
        traffic.watch(&shared, listeners.iter().find_map(Listener::certificate));
        let accepting = Accepting {
            shared: &shared,
            limits: &Arc::new(limits),
            trusted: &trusted.into(),
            traffic,
            handler: &Arc::new(handler),
            refuser: &Refuser::start(),
        };
        let is_stopping = || shared.stopping.load(Ordering::Acquire);
        while !is_stopping() {
            shared.turns.fetch_add(1, Ordering::Release);
            let ready = match shared.waker.wait(&listeners) {
                Ok(ready) => ready,
                Err(error) => {
                    log::warn!("connections could not be waited for: {error}");
                    std::thread::sleep(ACCEPT_PAUSE);
                    continue;
                }
            };
            for (listener, _) in listeners.iter().zip(ready).filter(|(_, ready)| *ready) {
                let mut left = ACCEPT_BATCH;
                while left > 0 && !is_stopping() && accepting.accept(listener) {
                    left -= 1;
                }
            }
        }
        drop(listeners);
        finish(&shared, GracePeriod::new(accepting.limits.grace).for_requests());
    }
}

/// What the accepting thread gives to each connection.
struct Accepting<'s, H> {
    shared: &'s Arc<Shared>,
    limits: &'s Arc<Limits>,
    trusted: &'s Arc<[Network]>,
    traffic: &'s Arc<RequestMetrics>,
    handler: &'s Arc<H>,
    refuser: &'s Refuser,
}

impl<H> Accepting<'_, H>
where
    H: Fn(Inbound<'_>) -> Response + Send + Sync + 'static,
{
    /// Takes a connection that has come in there, and starts its thread. False when there was none.
    fn accept(&self, listener: &Listener) -> bool {
        let (stream, address) = match listener.accept() {
            Ok(Some(accepted)) => accepted,
            Ok(None) => return false,
            Err(error) => {
                // Out of descriptors or memory, or the client has gone again: the next one may do better.
                log::warn!("a connection could not be accepted: {error}");
                locked(&self.shared.connections).make_room(1, self.shared.now(), |_| true);
                std::thread::sleep(ACCEPT_PAUSE);
                return false;
            }
        };
        let is_proxy = trusted_proxies::is_trusted(self.trusted, address);
        let (peer, registration) = match register(self.shared, stream, address, is_proxy, self.limits) {
            Ok(registered) => registered,
            Err((stream, why)) => {
                self.refuse(stream, address, listener, why);
                return true;
            }
        };
        let (handler, limits) = (Arc::clone(self.handler), Arc::clone(self.limits));
        let (traffic, trusted) = (Arc::clone(self.traffic), is_proxy.then(|| Arc::clone(self.trusted)));
        let thread = std::thread::Builder::new().name("connection".to_owned()).stack_size(STACK_BYTES);
        let (theirs, certificate) = (Arc::clone(&peer), listener.certificate().cloned());
        let spawned = thread.spawn(move || {
            let (shared, trusted) = (&registration.shared, trusted.as_deref());
            shared.accepted.fetch_add(1, Ordering::Relaxed);
            connection::serve(&theirs, shared, &limits, certificate.as_deref(), trusted, &traffic, &*handler);
        });
        if let Err(error) = spawned {
            log::warn!("no thread for a connection: {error}");
            if let Ok(stream) = peer.stream.try_clone() {
                self.refuse(stream, address, listener, Why::Thread);
            } else {
                self.shared.count_refused(Why::Thread);
            }
            drop(peer);
            std::thread::sleep(ACCEPT_PAUSE);
        }
        true
    }

    fn refuse(&self, stream: TcpStream, address: ClientAddress, listener: &Listener, why: Why) {
        self.shared.count_refused(why);
        self.refuser.refuse(stream, address, listener.certificate().is_some(), why);
    }
}

impl Stopper {
    /// Accepts nothing more, lets running requests finish, closes the others.
    pub fn stop(&self) {
        self.shared.stopping.store(true, Ordering::Release);
        self.shared.waker.wake();
    }
}

impl Shared {
    fn count_handshake(&self, end: Handshake) {
        self.handshakes.count(end);
    }

    fn count_refused(&self, why: Why) {
        self.refused[why as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Milliseconds since the start, from 1 on.
    fn now(&self) -> u64 {
        milliseconds(self.start, Instant::now())
    }

    /// Adds the connections of this door to the page.
    fn collect_metrics(&self, exposition: &mut Exposition) {
        let listener = ("listener", self.door.name());
        let (open, busy) = {
            let connections = locked(&self.connections);
            let all = connections.open.values().chain(connections.leaving.values());
            (connections.open.len() + connections.leaving.len(), all.filter(|peer| !peer.is_idle()).count())
        };
        exposition.gauge("rollbook_connections_open", "Open connections, idle ones too.", &[listener], open as f64);
        let help = "Requests that have begun to arrive and are not answered to the end.";
        exposition.gauge("rollbook_http_requests_in_progress", help, &[listener], busy as f64);
        let accepted = self.accepted.load(Ordering::Relaxed);
        let help = "Connections that were accepted and not refused.";
        exposition.counter("rollbook_connections_accepted_total", help, &[listener], accepted as f64);
        self.bodies.collect_metrics(exposition, &[listener, ("of", "requests")]);
        self.answers.collect_metrics(exposition, &[listener, ("of", "answers")]);
        for why in Why::EACH {
            let labels = [listener, ("reason", why.name())];
            let refused = self.refused[why as usize].load(Ordering::Relaxed);
            let help = "Connections that were answered 503 at once.";
            exposition.counter("rollbook_connections_refused_total", help, &labels, refused as f64);
        }
    }
}

/// From one moment to another, from 1 on.
fn milliseconds(start: Instant, now: Instant) -> u64 {
    u64::try_from((now - start).as_millis()).unwrap_or(u64::MAX).saturating_add(1)
}

impl Connections {
    /// Tells connections that have been idle for long to give way, the longest idle first, as many as asked for, of
    /// those that are meant. Returns how many there were.
    fn make_room(&mut self, wanted: usize, now: u64, meant: impl Fn(&Peer) -> bool) -> usize {
        let before = now.saturating_sub(IDLE_MIN.as_millis() as u64);
        let mut idle: Vec<(u64, u64)> = Vec::new();
        for (number, peer) in &self.open {
            let since = peer.idle_since.load(Ordering::Acquire);
            if since != 0 && since <= before && meant(peer) {
                idle.push((since, *number));
            }
        }
        idle.sort_unstable();
        idle.truncate(wanted);
        for (_, number) in &idle {
            if let Some(peer) = self.take_out(*number) {
                peer.stop_waiting();
                self.leaving.insert(*number, peer);
            }
        }
        idle.len()
    }

    /// Takes a connection off those that count.
    fn take_out(&mut self, number: u64) -> Option<Arc<Peer>> {
        let peer = self.open.remove(&number)?;
        if let Some(count) = self.of_address.get_mut(&peer.address) {
            *count -= 1;
            if *count == 0 {
                self.of_address.remove(&peer.address);
            }
        }
        Some(peer)
    }
}

/// What counts as one client address: an IPv6 network gives a host as many addresses as it likes.
fn share_of(address: ClientAddress) -> ClientAddress {
    let ClientAddress::Ip(ip) = address else { return address };
    ClientAddress::Ip(match ip.to_canonical() {
        IpAddr::V6(ip) if !ip.is_loopback() => IpAddr::V6((u128::from(ip) >> 64 << 64).into()),
        ip => ip,
    })
}

/// Puts a new connection on the list; gives it back, with the reason, when there is no place for it.
fn register(
    shared: &Arc<Shared>,
    stream: TcpStream,
    address: ClientAddress,
    is_proxy: bool,
    limits: &Limits,
) -> Result<(Arc<Peer>, Registration), (TcpStream, Why)> {
    let (address, now) = (share_of(address), shared.now());
    let mut connections = locked(&shared.connections);
    // What one address wants too much costs the others nothing; a proxy wants it for many.
    let share = limits.share();
    let theirs = |connections: &Connections| connections.of_address.get(&address).copied().unwrap_or(0);
    let too_many = |connections: &Connections| !is_proxy && theirs(connections) >= share;
    if too_many(&connections) && connections.make_room(1, now, |peer| peer.address == address) == 0 {
        return Err((stream, Why::Address));
    }
    let kept_free = limits.connections / FREE_SHARE;
    if connections.open.len() + kept_free >= limits.connections {
        // More than one at a time: looking for them takes a look at all.
        connections.make_room(kept_free / 2 + 1, now, |_| true);
    }
    if connections.open.len() >= limits.connections {
        return Err((stream, Why::All));
    }
    connections.next += 1;
    let number = connections.next;
    *connections.of_address.entry(address).or_default() += 1;
    let peer = Arc::new(Peer { stream, address, idle_since: AtomicU64::new(now) });
    connections.open.insert(number, Arc::clone(&peer));
    Ok((peer, Registration { shared: Arc::clone(shared), number }))
}

/// Closes idle connections and waits for the others.
fn finish(shared: &Shared, patience: Duration) {
    let start = Instant::now();
    let mut connections = locked(&shared.connections);
    while !(connections.open.is_empty() && connections.leaving.is_empty()) {
        connections.open.values().filter(|peer| peer.is_idle()).for_each(|peer| peer.stop_waiting());
        let left = patience.saturating_sub(start.elapsed());
        if left.is_zero() {
            let busy = connections.open.len() + connections.leaving.len();
            log::warn!("{busy} connections were still busy at the end");
            // Whatever they wait for on the network has an end now.
            for peer in connections.open.values().chain(connections.leaving.values()) {
                let _ = peer.stream.shutdown(Shutdown::Both);
            }
            return;
        }
        // A connection may become idle without ending: look again before long.
        let pause = left.min(Duration::from_millis(50));
        connections = shared.ended.wait_timeout(connections, pause).unwrap_or_else(PoisonError::into_inner).0;
    }
}

/// The soft limit of open files.
fn descriptor_limit() -> u64 {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Raises the soft limit of open files to the hard one, for the whole process: each connection takes one.
pub fn raise_descriptor_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // The lower limit does, with fewer connections.
    let _ = setrlimit(Resource::Nofile, limit);
}
