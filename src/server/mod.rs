//! The sockets: listening, the limits, the life of connections, the end. Knows requests and responses, not users.
//!
//! One thread accepts; every connection has a thread of its own, which reads a request, calls the handler and
//! writes the answer, without handing the request to anyone.

mod body;
mod budget;
mod connection;
mod head;
mod local;
mod probe;
mod proxies;
mod reader;
mod refuser;
mod supervisor;
mod traffic;

use crate::http::{Door, Response};
pub use crate::http::{Incoming, Refused};
use crate::lock::locked;
use crate::metrics::Page;
use anyhow::Context as _;
use budget::Budget;
pub use local::LocalClient;
pub use probe::probe;
pub use proxies::Network;
use refuser::{Refuser, Why};
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};
pub use supervisor::tell_supervisor;
pub use traffic::Traffic;

/// Connections that the kernel holds for us between two accepts.
const BACKLOG: i32 = 1024;
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
    /// After a stop was asked for, until requests that still run are given up.
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
    listener: Listener,
    place: Place,
    limits: Limits,
    trusted: Vec<Network>,
    shared: Arc<Shared>,
}

/// Ends a server from another thread.
#[derive(Clone)]
pub struct Stopper {
    shared: Arc<Shared>,
    place: Place,
}

enum Listener {
    Public(TcpListener),
    Local(Arc<UnixListener>),
}

/// Where a server listens.
#[derive(Clone)]
enum Place {
    Address(SocketAddr),
    /// The path may lead elsewhere by the time the server stops, so its end is kept at hand.
    Path(PathBuf, Arc<UnixListener>),
}

impl Listener {
    fn accept(&self) -> std::io::Result<(TcpStream, IpAddr)> {
        match self {
            Listener::Public(listener) => listener.accept().map(|(stream, address)| (stream, address.ip())),
            Listener::Local(listener) => {
                listener.accept().map(|(stream, _)| (local::as_stream(stream), IpAddr::V4(Ipv4Addr::LOCALHOST)))
            }
        }
    }
}

/// What the accepting thread, the connections and the stopper share.
struct Shared {
    door: Door,
    start: Instant,
    stopping: AtomicBool,
    connections: Mutex<Connections>,
    ended: Condvar,
    accepted: AtomicU64,
    /// Bodies of requests.
    bodies: Budget,
    answers: Budget,
    /// For each reason.
    refused: [AtomicU64; Why::EACH.len()],
}

#[derive(Default)]
struct Connections {
    next: u64,
    open: HashMap<u64, Arc<Peer>>,
    /// How many of them each client address has.
    of_address: HashMap<IpAddr, usize>,
    /// Told to give way, and not closed yet: they do not count any more.
    leaving: HashMap<u64, Arc<Peer>>,
}

/// One open connection, as the accepting thread and the stopper see it.
struct Peer {
    stream: TcpStream,
    /// Where the client is.
    address: IpAddr,
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
    /// Listens on that address, the door for all requests that come in there, and tells it with the port that was found
    /// for port 0. Lowers the connection limit to what the descriptor limit allows.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub fn bind(door: Door, address: SocketAddr, mut limits: Limits) -> anyhow::Result<(Server, SocketAddr)> {
        let descriptors = raise_descriptor_limit();
        let room = usize::try_from(descriptors.saturating_sub(DESCRIPTORS_RESERVED)).unwrap_or(usize::MAX).max(1);
        limits.connections = limits.connections.min(room);
        let listener = listen(address, &limits).with_context(|| format!("listen on {address}"))?;
        let address = listener.local_addr().context("ask for the address")?;
        Ok((Server::on(door, Listener::Public(listener), Place::Address(address), limits), address))
    }

    /// Listens on a Unix socket at that path, which only the owner can connect to.
    ///
    /// # Errors
    /// When the socket cannot be made there.
    pub fn bind_local(path: &Path, limits: Limits) -> anyhow::Result<Server> {
        let listener = local::listen(path, BACKLOG).with_context(|| format!("listen on {}", path.display()))?;
        let listener = Arc::new(listener);
        let place = Place::Path(path.to_owned(), Arc::clone(&listener));
        Ok(Server::on(Door::Local, Listener::Local(listener), place, limits))
    }

    fn on(door: Door, listener: Listener, place: Place, limits: Limits) -> Server {
        // Twice the longest body, so that one caller cannot keep out the others.
        let body_memory = limits.body_memory.max(limits.body_bytes.saturating_mul(2));
        let shared = Shared {
            door,
            start: Instant::now(),
            stopping: AtomicBool::new(false),
            connections: Mutex::default(),
            ended: Condvar::new(),
            accepted: AtomicU64::new(0),
            bodies: Budget::new(body_memory),
            answers: Budget::new(limits.answer_memory),
            refused: Default::default(),
        };
        Server { listener, place, limits, trusted: Vec::new(), shared: Arc::new(shared) }
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
        Stopper { shared: Arc::clone(&self.shared), place: self.place.clone() }
    }

    /// Serves until stopped, and counts what comes and goes among that traffic; returns when every connection has ended,
    /// or after the grace period.
    pub fn run<H>(self, traffic: &Arc<Traffic>, handler: H)
    where
        H: Fn(Incoming<'_>) -> Response + Send + Sync + 'static,
    {
        let (handler, limits) = (Arc::new(handler), Arc::new(self.limits));
        let trusted: Arc<[Network]> = self.trusted.into();
        let refuser = Refuser::start();
        traffic.watch(&self.shared);
        while !self.shared.stopping.load(Ordering::Acquire) {
            let (stream, address) = match self.listener.accept() {
                Ok(accepted) => accepted,
                Err(_) if self.shared.stopping.load(Ordering::Acquire) => break,
                Err(error) => {
                    // Out of descriptors or memory, or the client has gone again: the next one may do better.
                    log::warn!("a connection could not be accepted: {error}");
                    locked(&self.shared.connections).make_room(1, self.shared.now(), |_| true);
                    std::thread::sleep(ACCEPT_PAUSE);
                    continue;
                }
            };
            let is_proxy = proxies::is_trusted(&trusted, address);
            let (peer, registration) = match register(&self.shared, stream, address, is_proxy, &limits) {
                Ok(registered) => registered,
                Err((stream, why)) => {
                    self.shared.refused[why as usize].fetch_add(1, Ordering::Relaxed);
                    refuser.refuse(stream, address, why);
                    continue;
                }
            };
            let (handler, limits, traffic) = (Arc::clone(&handler), Arc::clone(&limits), Arc::clone(traffic));
            let trusted = is_proxy.then(|| Arc::clone(&trusted));
            let thread = std::thread::Builder::new().name("connection".to_owned()).stack_size(STACK_BYTES);
            let theirs = Arc::clone(&peer);
            let spawned = thread.spawn(move || {
                registration.shared.accepted.fetch_add(1, Ordering::Relaxed);
                connection::serve(&theirs, &registration.shared, &limits, trusted.as_deref(), &traffic, &*handler);
            });
            if let Err(error) = spawned {
                log::warn!("no thread for a connection: {error}");
                self.shared.refused[Why::Thread as usize].fetch_add(1, Ordering::Relaxed);
                if let Ok(stream) = peer.stream.try_clone() {
                    refuser.refuse(stream, address, Why::Thread);
                }
                drop(peer);
                std::thread::sleep(ACCEPT_PAUSE);
            }
        }
        drop(self.listener);
        if let Place::Path(path, _) = &self.place {
            let _ = std::fs::remove_file(path);
        }
        finish(&self.shared, limits.grace);
    }
}

impl Stopper {
    /// Accepts nothing more, lets running requests finish, closes the others.
    pub fn stop(&self) {
        self.shared.stopping.store(true, Ordering::Release);
        // The accepting thread waits in the kernel: a connection of our own wakes it.
        match &self.place {
            Place::Address(address) => {
                let _ = TcpStream::connect_timeout(&probe::reachable(*address), Duration::from_secs(1));
            }
            Place::Path(_, listener) => local::end(listener),
        }
    }
}

impl Shared {
    /// Milliseconds since the start, from 1 on.
    fn now(&self) -> u64 {
        milliseconds(self.start, Instant::now())
    }

    /// Adds the connections of this door to the page.
    fn tell(&self, page: &mut Page) {
        let listener = ("listener", self.door.name());
        let (open, busy) = {
            let connections = locked(&self.connections);
            let all = connections.open.values().chain(connections.leaving.values());
            (connections.open.len() + connections.leaving.len(), all.filter(|peer| !peer.is_idle()).count())
        };
        page.gauge("rollbook_connections_open", "Open connections, idle ones too.", &[listener], open as f64);
        let help = "Requests that have begun to arrive and are not answered to the end.";
        page.gauge("rollbook_http_requests_in_progress", help, &[listener], busy as f64);
        let accepted = self.accepted.load(Ordering::Relaxed);
        let help = "Connections that were accepted and not refused.";
        page.counter("rollbook_connections_accepted_total", help, &[listener], accepted as f64);
        self.bodies.tell(page, &[listener, ("of", "requests")]);
        self.answers.tell(page, &[listener, ("of", "answers")]);
        for why in Why::EACH {
            let labels = [listener, ("reason", why.name())];
            let refused = self.refused[why as usize].load(Ordering::Relaxed);
            let help = "Connections that were answered 503 at once.";
            page.counter("rollbook_connections_refused_total", help, &labels, refused as f64);
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
fn share_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
        address => address,
    }
}

/// Puts a new connection on the list; gives it back, with the reason, when there is no place for it.
fn register(
    shared: &Arc<Shared>,
    stream: TcpStream,
    address: IpAddr,
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
fn finish(shared: &Shared, grace: Duration) {
    let deadline = Instant::now() + grace;
    let mut connections = locked(&shared.connections);
    while !(connections.open.is_empty() && connections.leaving.is_empty()) {
        connections.open.values().filter(|peer| peer.is_idle()).for_each(|peer| peer.stop_waiting());
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let busy = connections.open.len() + connections.leaving.len();
            log::warn!("{busy} connections were still busy at the end");
            return;
        }
        // A connection may become idle without ending: look again before long.
        let pause = left.min(Duration::from_millis(50));
        connections = shared.ended.wait_timeout(connections, pause).unwrap_or_else(PoisonError::into_inner).0;
    }
}

fn listen(address: SocketAddr, limits: &Limits) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    // Accepted sockets inherit these. Without the first, an answer of more than one packet waits 40 ms for the
    // client's delayed acknowledgement.
    socket.set_tcp_nodelay(true)?;
    socket.set_keepalive(true)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(limits.write_timeout))?;
    socket.set_write_timeout(Some(limits.write_timeout))?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Raises the soft limit of open files to the hard one and returns it.
fn raise_descriptor_limit() -> u64 {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    let soft = limit.current;
    limit.current = limit.maximum;
    if setrlimit(Resource::Nofile, limit).is_ok() {
        limit.current.unwrap_or(u64::MAX)
    } else {
        soft.unwrap_or(u64::MAX)
    }
}
