//! The server: dialects on a store, behind listeners.

use super::change_pruning::start_pruning;
use super::heartbeat::Heartbeat;
use super::limits;
use super::password_memory::start_releasing_memory;
use super::search_indexing::start_search_indexing;
use super::settings::Settings;
use crate::dialect::{Context, Metrics, Router};
use crate::directory::{Authenticator, Passwords};
use crate::files::database_path::{set_socket_owner, socket_path};
use crate::http::ListenerKind;
use crate::logging;
use crate::metrics;
use crate::server::{Limits, Listener, Network, RequestMetrics, Server, Stopper};
use crate::store::Store;
use anyhow::{Context as _, anyhow};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// How long the shutdown waits for connection threads to release the database.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(2);
const RELEASE_POLL_INTERVAL: Duration = Duration::from_millis(1);

/// A server that does not run yet.
pub(crate) struct Service {
    store: Arc<Store>,
    passwords: Arc<Passwords>,
    router: Router,
    requests: Arc<RequestMetrics>,
    /// The limits of clients.
    limits: Limits,
    trusted: Vec<Network>,
    keep_changes: Duration,
    servers: Vec<Server>,
}

/// Stops a server from another thread.
#[derive(Clone)]
pub(crate) struct Stop {
    stoppers: Vec<Stopper>,
    /// Weak, so that this value does not keep the database open.
    store: Weak<Store>,
}

impl Service {
    /// Creates a server of this store, without listeners. The directory may still be without its first contents.
    ///
    /// # Errors
    /// The settings contradict each other, or the operating system gives no random numbers.
    pub(crate) fn new(store: Arc<Store>, passwords: Arc<Passwords>, settings: &Settings) -> anyhow::Result<Service> {
        let (sessions, rules) = (settings.session_limits(), settings.rules());
        let authenticator = Authenticator::new(
            Arc::clone(&store),
            Arc::clone(&passwords),
            settings.wrong_password_delay,
            sessions,
            rules,
        )?;
        let requests = Arc::new(RequestMetrics::default());
        let counted = Arc::clone(&requests);
        let metrics = Metrics {
            sources: vec![
                Box::new(metrics::collect_process_metrics),
                Box::new(logging::collect_metrics),
                Box::new(move |exposition| counted.collect_metrics(exposition)),
            ],
            public: settings.metrics_public,
        };
        let context = Context::new(authenticator, settings.strict_errors, metrics, settings.scim());
        Ok(Service {
            store,
            passwords,
            router: Router::new(context, &settings.mounts()?)?,
            requests,
            limits: settings.limits(),
            trusted: settings.trusted_proxies.clone(),
            keep_changes: settings.keep_changes,
            servers: Vec::new(),
        })
    }

    /// Adds listeners for clients. They share the limits.
    ///
    /// # Errors
    /// The process has no file descriptor left.
    pub(crate) fn listen(&mut self, listeners: Vec<Listener>) -> anyhow::Result<()> {
        let server = Server::new(ListenerKind::Public, listeners, self.limits.clone())?;
        // The limit of open files may have lowered the limits.
        self.limits = server.limits().clone();
        self.servers.push(server.trust(&self.trusted));
        Ok(())
    }

    /// Adds listeners for metrics and health checks.
    ///
    /// # Errors
    /// The process has no file descriptor left.
    pub(crate) fn listen_for_metrics(&mut self, listeners: Vec<Listener>) -> anyhow::Result<()> {
        self.servers.push(Server::new(ListenerKind::Metrics, listeners, self.metrics_limits())?);
        Ok(())
    }

    /// The limits of the metrics listeners.
    pub(crate) fn metrics_limits(&self) -> Limits {
        limits::metrics_limits(&self.limits)
    }

    /// Adds the admin socket for commands on the same machine. On an error it logs a warning, and commands have to wait
    /// until the server stops.
    pub(crate) fn listen_for_commands(&mut self) {
        let bind = || -> anyhow::Result<Server> {
            let path = socket_path(self.store.path())?;
            let server = Server::bind_local(&path, limits::admin_limits(&self.limits))?;
            set_socket_owner(self.store.path(), &path).context("set the owner of the admin socket")?;
            Ok(server)
        };
        match bind() {
            Ok(server) => self.servers.push(server),
            Err(error) => log::warn!(
                "cannot open the admin socket, so commands do not work while this server \
            runs: {error:#}"
            ),
        }
    }

    /// Returns whether there is a listener.
    pub(crate) fn listens(&self) -> bool {
        !self.servers.is_empty()
    }

    /// The limits of clients. They may be lower once the server listens.
    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// A value that stops [`Service::run`]. Call this after all listeners are added.
    pub(crate) fn stop(&self) -> Stop {
        Stop { stoppers: self.servers.iter().map(Server::stopper).collect(), store: Arc::downgrade(&self.store) }
    }

    /// The check that the server works, once it listens everywhere.
    pub(crate) fn heartbeat(&self) -> Heartbeat {
        Heartbeat::new(&self.servers, &self.store)
    }

    /// Serves all listeners until stopped, then closes the database.
    ///
    /// # Errors
    /// A thread cannot be started, or has panicked.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let mut pruning = start_pruning(&self.store, self.keep_changes)?;
        let mut indexing = start_search_indexing(&self.store)?;
        let mut releasing = start_releasing_memory(self.passwords)?;
        let router = Arc::new(self.router);
        let connections = Arc::downgrade(&router);
        let result = run_all(self.servers, &self.requests, router);
        pruning.end();
        indexing.end();
        releasing.end();
        // Also cancels a running removal of old changes.
        self.store.close();
        wait_for_end(&connections);
        result
    }
}

impl Stop {
    /// Stops accepting connections, lets running requests finish and closes idle connections.
    pub(crate) fn stop(&self) {
        if let Some(store) = self.store.upgrade() {
            store.stop_waiting();
        }
        self.stoppers.iter().for_each(Stopper::stop);
    }
}

/// Serves each listener in a thread of its own until all are stopped.
fn run_all(servers: Vec<Server>, requests: &Arc<RequestMetrics>, router: Arc<Router>) -> anyhow::Result<()> {
    let mut threads = Vec::new();
    for server in servers {
        let (requests, router) = (Arc::clone(requests), Arc::clone(&router));
        let thread = std::thread::Builder::new().name("server".to_owned());
        let run = move || server.run(&requests, move |inbound| router.respond(inbound));
        threads.push(thread.spawn(run).context("start a server thread")?);
    }
    drop(router);
    for thread in threads {
        thread.join().map_err(|_| anyhow!("a server thread has panicked"))?;
    }
    Ok(())
}

/// Waits until the last connection thread has released the database, so that it can be opened again. A thread releases
/// it shortly after its connection is unregistered.
fn wait_for_end(connections: &Weak<Router>) {
    let deadline = Instant::now() + RELEASE_TIMEOUT;
    while connections.strong_count() > 0 && Instant::now() < deadline {
        std::thread::sleep(RELEASE_POLL_INTERVAL);
    }
}
