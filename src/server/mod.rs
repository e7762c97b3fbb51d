//! Sockets: listeners, limits, the life of connections, shutdown. Knows requests and responses, not users.
//!
//! One thread accepts connections. Each connection has a thread of its own, which reads a request, calls the handler and
//! writes the response, so that no request changes threads.

mod connection;
mod connections;
mod endpoint;
mod grace_period;
mod head;
mod health_probe;
mod limits;
mod listener;
mod liveness;
mod memory_budget;
mod overload;
mod reader;
mod request_body;
mod request_metrics;
mod response_writer;
mod sd_notify;
mod socket_activation;
mod tls;
mod transport;
mod trusted_proxies;
mod unix_socket;
mod x509;

use crate::http::{ClientAddress, ListenerKind, Response};
pub use crate::http::{Inbound, RejectedRequest};
use anyhow::Context as _;
use connections::ServerState;
pub use endpoint::Endpoint;
pub use grace_period::GracePeriod;
pub use health_probe::{ProbeTrust, probe_health};
pub use limits::{Limits, raise_descriptor_limit};
use listener::Waker;
pub use listener::{BoundAddress, Listener};
pub use liveness::Liveness;
use overload::{OverloadResponder, RejectReason};
pub use request_metrics::RequestMetrics;
pub use sd_notify::notify_service_manager;
pub use socket_activation::InheritedSockets;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
pub use tls::{Certificate, PemFile};
pub use trusted_proxies::Network;
pub use unix_socket::{LocalClient, ResponseTimeout};

/// Connections that are accepted from one listener before the other listeners get their turn.
const ACCEPT_BATCH: usize = 64;
/// Stack of a connection's thread. The system only reserves it: pages that no request touches cost no memory.
const STACK_BYTES: usize = 512 * 1024;
/// Pause after an accept that failed because a resource of the system has run out.
const ACCEPT_RETRY_PAUSE: Duration = Duration::from_millis(20);

/// A listening server.
pub struct Server {
    listeners: Vec<Listener>,
    limits: Limits,
    trusted: Vec<Network>,
    state: Arc<ServerState>,
}

/// Stops a server from another thread.
#[derive(Clone)]
pub struct Stopper {
    state: Arc<ServerState>,
}

impl Server {
    /// Serves these listeners, which share the limits. Lowers the connection limit to what the descriptor limit allows.
    ///
    /// # Errors
    /// When the system has no descriptor left.
    pub fn new(kind: ListenerKind, listeners: Vec<Listener>, limits: Limits) -> anyhow::Result<Server> {
        let waker = Waker::new().context("make a descriptor to wake the server by")?;
        let limits = limits.within_system_limits();
        let state = Arc::new(ServerState::new(kind, waker, &limits));
        Ok(Server { listeners, limits, trusted: Vec::new(), state })
    }

    /// Listens for commands on a Unix socket at that path. Only the owner can connect. An existing socket is replaced, so
    /// the caller must hold a lock that only one server at a time can hold.
    ///
    /// # Errors
    /// When the socket cannot be created there.
    pub fn bind_local(path: &Path, limits: Limits) -> anyhow::Result<Server> {
        let bind = || {
            unix_socket::remove(path)?;
            Listener::bind_unix(path, 0o600)
        };
        let listener = bind().with_context(|| format!("listen on {}", path.display()))?;
        Server::new(ListenerKind::Local, vec![listener], limits)
    }

    /// Trusts proxies at these addresses: their header fields about clients are believed, and the limit of one address
    /// does not apply to them.
    pub fn trust(mut self, proxies: &[Network]) -> Server {
        self.trusted = proxies.to_vec();
        self
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// A handle that stops [`Server::run`].
    pub fn stopper(&self) -> Stopper {
        Stopper { state: Arc::clone(&self.state) }
    }

    /// A handle that shows whether the accepting thread is at work, once the server runs.
    pub fn liveness(&self) -> Liveness {
        Liveness::of(&self.state)
    }

    /// Serves until stopped, and counts requests and connections in `metrics`. Returns when every connection has ended,
    /// or when the part of the grace period that is for requests is over.
    pub fn run<H>(self, metrics: &Arc<RequestMetrics>, handler: H)
    where
        H: Fn(Inbound<'_>) -> Response + Send + Sync + 'static,
    {
        let Server { listeners, limits, trusted, state } = self;
        metrics.add_server(&state, listeners.iter().find_map(Listener::certificate));
        let acceptor = Acceptor {
            state: &state,
            limits: &Arc::new(limits),
            trusted: &trusted.into(),
            metrics,
            handler: &Arc::new(handler),
            responder: &OverloadResponder::start(),
        };
        while !state.is_stopping() {
            state.accept_rounds.fetch_add(1, Ordering::Release);
            let ready = match state.waker.wait(&listeners) {
                Ok(ready) => ready,
                Err(error) => {
                    log::warn!("cannot wait for connections: {error}");
                    std::thread::sleep(ACCEPT_RETRY_PAUSE);
                    continue;
                }
            };
            for (listener, _) in listeners.iter().zip(ready).filter(|(_, ready)| *ready) {
                let mut left = ACCEPT_BATCH;
                while left > 0 && !state.is_stopping() && acceptor.accept(listener) {
                    left -= 1;
                }
            }
        }
        drop(listeners);
        state.drain(GracePeriod::new(acceptor.limits.grace).for_requests());
    }
}

impl Stopper {
    /// Stops accepting, lets running requests finish and closes the other connections.
    pub fn stop(&self) {
        self.state.stopping.store(true, Ordering::Release);
        self.state.waker.wake();
    }
}

/// The parts of a running server that the accepting thread passes to each connection.
struct Acceptor<'s, H> {
    state: &'s Arc<ServerState>,
    limits: &'s Arc<Limits>,
    trusted: &'s Arc<[Network]>,
    metrics: &'s Arc<RequestMetrics>,
    handler: &'s Arc<H>,
    responder: &'s OverloadResponder,
}

impl<H> Acceptor<'_, H>
where
    H: Fn(Inbound<'_>) -> Response + Send + Sync + 'static,
{
    /// Accepts one connection of that listener and starts its thread. False if no connection was waiting.
    fn accept(&self, listener: &Listener) -> bool {
        let (stream, address) = match listener.accept() {
            Ok(Some(accepted)) => accepted,
            Ok(None) => return false,
            Err(error) => {
                // Out of descriptors or memory, or the client has closed already: a later accept may succeed.
                log::warn!("cannot accept a connection: {error}");
                self.state.evict_one();
                std::thread::sleep(ACCEPT_RETRY_PAUSE);
                return false;
            }
        };
        let is_proxy = trusted_proxies::is_trusted(self.trusted, address);
        let (entry, guard) = match self.state.register(stream, address, is_proxy, self.limits) {
            Ok(registered) => registered,
            Err((stream, reason)) => {
                self.reject(stream, address, listener, reason);
                return true;
            }
        };
        let (handler, limits) = (Arc::clone(self.handler), Arc::clone(self.limits));
        let (metrics, trusted) = (Arc::clone(self.metrics), is_proxy.then(|| Arc::clone(self.trusted)));
        let thread = std::thread::Builder::new().name("connection".to_owned()).stack_size(STACK_BYTES);
        let (its_entry, certificate) = (Arc::clone(&entry), listener.certificate().cloned());
        let spawned = thread.spawn(move || {
            let (state, trusted) = (&guard.state, trusted.as_deref());
            state.accepted.fetch_add(1, Ordering::Relaxed);
            let certificate = certificate.as_deref();
            connection::serve_connection(&its_entry, state, &limits, certificate, trusted, &metrics, &*handler);
        });
        if let Err(error) = spawned {
            log::warn!("cannot start a thread for a connection: {error}");
            if let Ok(stream) = entry.stream.try_clone() {
                self.reject(stream, address, listener, RejectReason::Thread);
            } else {
                self.state.count_rejection(RejectReason::Thread);
            }
            drop(entry);
            std::thread::sleep(ACCEPT_RETRY_PAUSE);
        }
        true
    }

    fn reject(&self, stream: TcpStream, address: ClientAddress, listener: &Listener, reason: RejectReason) {
        self.state.count_rejection(reason);
        self.responder.reject(stream, address, listener.certificate().is_some(), reason);
    }
}
