//! The sockets: listening, the limits, the life of connections, the end. Knows requests and responses, not users.
//!
//! One thread accepts; every connection has a thread of its own, which reads a request, calls the handler and
//! writes the answer, without handing the request to anyone.

mod connection;
mod head;
mod reader;
mod refuser;

use crate::http::Response;
pub use crate::http::{Incoming, Refused};
use crate::lock::locked;
use anyhow::Context as _;
use refuser::Refuser;
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Connections that the kernel holds for us between two accepts.
const BACKLOG: i32 = 1024;
/// Descriptors that are not connections: the database, its log, standard streams.
const DESCRIPTORS_RESERVED: u64 = 64;
/// Memory is only reserved for a stack; what a request does not touch costs nothing.
const STACK_BYTES: usize = 512 * 1024;
/// Pause after an accept that failed because something has run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// What a connection may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at a time; one more is answered 503.
    pub connections: usize,
    /// Longest body, in bytes.
    pub body_bytes: usize,
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

/// A listening server.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    limits: Limits,
    shared: Arc<Shared>,
}

/// Ends a server from another thread.
#[derive(Clone)]
pub struct Stopper {
    shared: Arc<Shared>,
    address: SocketAddr,
}

/// What the accepting thread, the connections and the stopper share.
struct Shared {
    stopping: AtomicBool,
    connections: Mutex<Connections>,
    ended: Condvar,
}

#[derive(Default)]
struct Connections {
    next: u64,
    open: HashMap<u64, Arc<Peer>>,
}

/// One open connection, as the stopper sees it.
struct Peer {
    stream: TcpStream,
    /// Between two requests: may be closed without harm.
    idle: AtomicBool,
}

/// Takes the connection off the list when its thread ends, however it ends.
struct Registration {
    shared: Arc<Shared>,
    number: u64,
}

impl Drop for Registration {
    fn drop(&mut self) {
        locked(&self.shared.connections).open.remove(&self.number);
        self.shared.ended.notify_all();
    }
}

impl Server {
    /// Listens on that address. Lowers the connection limit to what the descriptor limit allows.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub fn bind(address: SocketAddr, mut limits: Limits) -> anyhow::Result<Server> {
        let descriptors = raise_descriptor_limit();
        let room = usize::try_from(descriptors.saturating_sub(DESCRIPTORS_RESERVED)).unwrap_or(usize::MAX).max(1);
        limits.connections = limits.connections.min(room);
        let listener = listen(address, &limits).with_context(|| format!("listen on {address}"))?;
        let address = listener.local_addr().context("ask for the address")?;
        let shared = Shared { stopping: AtomicBool::new(false), connections: Mutex::default(), ended: Condvar::new() };
        Ok(Server { listener, address, limits, shared: Arc::new(shared) })
    }

    /// Where it listens, with the port that was found for port 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What ends [`Server::run`].
    pub fn stopper(&self) -> Stopper {
        Stopper { shared: Arc::clone(&self.shared), address: self.address }
    }

    /// Serves until stopped; returns when every connection has ended, or after the grace period.
    pub fn run<H>(self, handler: H)
    where
        H: Fn(Incoming<'_>) -> Response + Send + Sync + 'static,
    {
        let (handler, limits) = (Arc::new(handler), Arc::new(self.limits));
        let refuser = Refuser::start();
        while !self.shared.stopping.load(Ordering::Acquire) {
            let stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of descriptors or memory, or the client has gone again: the next one may do better.
                    log::warn!("a connection could not be accepted: {error}");
                    std::thread::sleep(ACCEPT_PAUSE);
                    continue;
                }
            };
            let Some((peer, registration)) = register(&self.shared, stream, limits.connections, &refuser) else {
                continue;
            };
            let (handler, limits) = (Arc::clone(&handler), Arc::clone(&limits));
            let thread = std::thread::Builder::new().name("connection".to_owned()).stack_size(STACK_BYTES);
            let spawned = thread.spawn(move || {
                connection::serve(&peer, &registration.shared.stopping, &limits, &*handler);
            });
            if let Err(error) = spawned {
                log::warn!("no thread for a connection: {error}");
                std::thread::sleep(ACCEPT_PAUSE);
            }
        }
        drop(self.listener);
        finish(&self.shared, limits.grace);
    }
}

impl Stopper {
    /// Accepts nothing more, lets running requests finish, closes the others.
    pub fn stop(&self) {
        self.shared.stopping.store(true, Ordering::Release);
        // The accepting thread waits in the kernel: a connection of our own wakes it.
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        let _ = TcpStream::connect_timeout(&SocketAddr::new(ip, self.address.port()), Duration::from_secs(1));
    }
}

fn register(
    shared: &Arc<Shared>,
    stream: TcpStream,
    most: usize,
    refuser: &Refuser,
) -> Option<(Arc<Peer>, Registration)> {
    let mut connections = locked(&shared.connections);
    if connections.open.len() >= most {
        drop(connections);
        refuser.refuse(stream);
        return None;
    }
    connections.next += 1;
    let number = connections.next;
    let peer = Arc::new(Peer { stream, idle: AtomicBool::new(true) });
    connections.open.insert(number, Arc::clone(&peer));
    Some((peer, Registration { shared: Arc::clone(shared), number }))
}

/// Closes idle connections and waits for the others.
fn finish(shared: &Shared, grace: Duration) {
    let deadline = Instant::now() + grace;
    let mut connections = locked(&shared.connections);
    while !connections.open.is_empty() {
        for peer in connections.open.values().filter(|peer| peer.idle.load(Ordering::Acquire)) {
            // Ends the read that waits; a request that has arrived at this very moment is still read and answered.
            let _ = peer.stream.shutdown(Shutdown::Read);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            log::warn!("{} connections were still busy at the end", connections.open.len());
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
