//! A server put together: the doors that it listens at, and the threads that work beside them. Both the command `serve`
//! and programs that embed Rollbook go this way, so that neither has less than the other.

mod heartbeat;
pub(crate) mod secrets;
mod settings;

use crate::background::Background;
use crate::dialect::{Context, Metrics, Router};
use crate::directory::{Authenticator, ChangeRetention, Passwords};
use crate::files::database_path::{set_socket_owner, socket_path};
use crate::http::ListenerKind;
use crate::logging;
use crate::metrics;
use crate::server::{Limits, Listener, Network, RequestMetrics, Server, Stopper};
use crate::store::Store;
use anyhow::{Context as _, anyhow};
pub(crate) use heartbeat::Heartbeat;
pub use settings::{Secrets, Settings};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// How often changes that are too old are looked for.
const FORGET_PAUSE_MIN: Duration = Duration::from_millis(100);
const FORGET_PAUSE_MAX: Duration = Duration::from_secs(3600);

/// Commands that the local socket has room for at a time. Half of them may follow the changes.
const LOCAL_CONNECTIONS: usize = 128;
/// The longest order of a command, in bytes: a part of a file with one very long row.
const LOCAL_BODY_BYTES: usize = 256 << 20;
/// A command may think for long between two orders, and be stopped and continued.
const LOCAL_PATIENCE: Duration = Duration::from_secs(86_400);

/// How long connections that were cut off at the end have to let go of the database, and between two looks.
const LET_GO_PATIENCE: Duration = Duration::from_secs(2);
const LET_GO_PAUSE: Duration = Duration::from_millis(1);

/// What those who watch the server may take. Their connections are few enough for the descriptors that are kept free
/// of clients, and as many as a few collectors and supervisors need.
const METRICS_LIMITS: Limits = Limits {
    connections: 16,
    connections_per_address: None,
    body_bytes: 1024,
    body_memory: 1 << 20,
    answer_memory: 4 << 20,
    head_timeout: Duration::from_secs(5),
    body_timeout: Duration::from_secs(5),
    // Longer than collectors usually wait between two looks.
    idle_timeout: Duration::from_secs(120),
    write_timeout: Duration::from_secs(10),
    grace: Duration::from_secs(1),
};

/// A server that does not run yet.
pub(crate) struct Service {
    store: Arc<Store>,
    router: Router,
    traffic: Arc<RequestMetrics>,
    /// For clients.
    limits: Limits,
    trusted: Vec<Network>,
    keep_changes: Duration,
    servers: Vec<Server>,
}

/// Ends a service from another thread.
#[derive(Clone)]
pub(crate) struct Stop {
    stoppers: Vec<Stopper>,
    /// Weak: what can stop a service must not be what keeps its database open.
    store: Weak<Store>,
}

impl Service {
    /// Serves that store. Listens nowhere yet, and does not care whether the directory has been filled.
    ///
    /// # Errors
    /// When the settings contradict each other, and when the operating system gives no random numbers.
    pub(crate) fn new(store: Arc<Store>, passwords: Arc<Passwords>, settings: &Settings) -> anyhow::Result<Service> {
        let (sessions, rules) = (settings.session_limits(), settings.rules());
        let access = Authenticator::new(Arc::clone(&store), passwords, settings.wrong_password_delay, sessions, rules)?;
        let traffic = Arc::new(RequestMetrics::default());
        let counted = Arc::clone(&traffic);
        let metrics = Metrics {
            sources: vec![
                Box::new(metrics::collect_process_metrics),
                Box::new(logging::collect_metrics),
                Box::new(move |exposition| counted.collect_metrics(exposition)),
            ],
            public: settings.metrics_public,
        };
        let context = Context::new(access, settings.strict_errors, metrics);
        Ok(Service {
            store,
            router: Router::new(context, &settings.mounts()?)?,
            traffic,
            limits: settings.limits(),
            trusted: settings.trusted_proxies.clone(),
            keep_changes: settings.keep_changes,
            servers: Vec::new(),
        })
    }

    /// Serves clients at these sockets, which share the limits.
    ///
    /// # Errors
    /// When the system has no descriptor left.
    pub(crate) fn listen(&mut self, listeners: Vec<Listener>) -> anyhow::Result<()> {
        let server = Server::new(ListenerKind::Public, listeners, self.limits.clone())?;
        // The descriptor limit may have lowered them.
        self.limits = server.limits().clone();
        self.servers.push(server.trust(&self.trusted));
        Ok(())
    }

    /// Serves those who watch the server, at these sockets.
    ///
    /// # Errors
    /// When the system has no descriptor left.
    pub(crate) fn listen_for_metrics(&mut self, listeners: Vec<Listener>) -> anyhow::Result<()> {
        self.servers.push(Server::new(ListenerKind::Metrics, listeners, self.limits_for_metrics())?);
        Ok(())
    }

    /// What those who watch the server may take.
    pub(crate) fn limits_for_metrics(&self) -> Limits {
        Limits { grace: self.limits.grace, ..METRICS_LIMITS }
    }

    /// Listens for commands on the same machine. Without that they have to wait until the server has stopped.
    pub(crate) fn listen_for_commands(&mut self) {
        let limits = Limits {
            connections: LOCAL_CONNECTIONS,
            // All commands come from one address.
            connections_per_address: Some(LOCAL_CONNECTIONS),
            body_bytes: LOCAL_BODY_BYTES,
            // What root gives to do is done.
            body_memory: usize::MAX,
            answer_memory: usize::MAX,
            body_timeout: LOCAL_PATIENCE,
            idle_timeout: LOCAL_PATIENCE,
            ..self.limits.clone()
        };
        let bind = || -> anyhow::Result<Server> {
            let path = socket_path(self.store.path())?;
            let server = Server::bind_local(&path, limits)?;
            set_socket_owner(self.store.path(), &path).context("give the socket to the owner of the database")?;
            Ok(server)
        };
        match bind() {
            Ok(server) => self.servers.push(server),
            Err(error) => log::warn!("commands cannot reach this server: {error:#}"),
        }
    }

    /// Whether it listens anywhere.
    pub(crate) fn listens(&self) -> bool {
        !self.servers.is_empty()
    }

    /// What one connection of a client may take, in force once it listens.
    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What ends [`Service::run`], once it listens everywhere.
    pub(crate) fn stop(&self) -> Stop {
        Stop { stoppers: self.servers.iter().map(Server::stopper).collect(), store: Arc::downgrade(&self.store) }
    }

    /// Serves at all doors until stopped, and closes the database.
    ///
    /// # Errors
    /// When a thread cannot be started or has panicked.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let mut forgetting = start_forgetting(&self.store, self.keep_changes)?;
        let router = Arc::new(self.router);
        let connections = Arc::downgrade(&router);
        let result = run_all(self.servers, &self.traffic, router);
        forgetting.end();
        // What is still being forgotten gives up.
        self.store.close();
        wait_for_end(&connections);
        result
    }
}

impl Stop {
    /// Accepts nothing more, lets running requests finish, closes the others.
    pub(crate) fn stop(&self) {
        if let Some(store) = self.store.upgrade() {
            store.stop_waiting();
        }
        self.stoppers.iter().for_each(Stopper::stop);
    }
}

/// Serves at all doors, each in a thread of its own, until all are stopped.
fn run_all(servers: Vec<Server>, traffic: &Arc<RequestMetrics>, router: Arc<Router>) -> anyhow::Result<()> {
    let mut threads = Vec::new();
    for server in servers {
        let (traffic, router) = (Arc::clone(traffic), Arc::clone(&router));
        let thread = std::thread::Builder::new().name("server".to_owned());
        let run = move || server.run(&traffic, move |inbound| router.respond(inbound));
        threads.push(thread.spawn(run).context("start the thread of a server")?);
    }
    drop(router);
    for thread in threads {
        thread.join().map_err(|_| anyhow!("the thread of a server has panicked"))?;
    }
    Ok(())
}

/// Waits until the last thread of a connection has let go of the database, so that it can be opened again. A connection
/// is off the list of its server a moment before that.
fn wait_for_end(connections: &Weak<Router>) {
    let deadline = Instant::now() + LET_GO_PATIENCE;
    while connections.strong_count() > 0 && Instant::now() < deadline {
        std::thread::sleep(LET_GO_PAUSE);
    }
}

/// Removes, now and then, the changes that are too old to be kept.
fn start_forgetting(store: &Arc<Store>, age: Duration) -> anyhow::Result<Background> {
    let store = Arc::clone(store);
    let mut old = ChangeRetention::new(age);
    // Before the first request: nothing is written beside requests for long after that.
    if let Err(error) = old.look(&store) {
        log::warn!("the age of changes cannot be told: {error}");
    }
    let pause = (age / 8).clamp(FORGET_PAUSE_MIN, FORGET_PAUSE_MAX);
    let forget = move |ended: &Receiver<()>| forget(&store, &mut old, age, pause, ended);
    Background::start("changes", forget).context("start the thread that removes old changes")
}

fn forget(store: &Store, old: &mut ChangeRetention, age: Duration, pause: Duration, ended: &Receiver<()>) {
    loop {
        match old.remove(store) {
            Ok(0) => {}
            Ok(count) => log::info!("removed {count} changes that are older than {age:?}"),
            Err(_) if ended.try_recv() == Err(TryRecvError::Disconnected) => return,
            Err(error) => log::warn!("old changes could not be removed: {error}"),
        }
        if ended.recv_timeout(pause) == Err(RecvTimeoutError::Disconnected) {
            return;
        }
    }
}
