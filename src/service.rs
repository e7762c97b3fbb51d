//! A server put together: the doors that it listens at, and the threads that work beside them.

use crate::config::Serve;
use crate::dialect::Dialects;
use crate::directory::{self, Rules};
use crate::http::Door;
use crate::model::key;
use crate::server::{Limits, Server, Traffic};
use crate::store::{self, Store};
use anyhow::{Context as _, anyhow};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// How often changes that are too old are looked for.
const FORGET_PAUSE_MIN: Duration = Duration::from_millis(100);
const FORGET_PAUSE_MAX: Duration = Duration::from_secs(3600);

/// Commands that the local socket has room for at a time.
const LOCAL_CONNECTIONS: usize = 64;
/// The longest order of a command, in bytes: a part of a file with one very long row.
const LOCAL_BODY_BYTES: usize = 256 << 20;
/// A command may think for long between two orders, and be stopped and continued.
const LOCAL_PATIENCE: Duration = Duration::from_secs(86_400);

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

/// The rules for changes.
pub(crate) fn rules(settings: &Serve) -> Rules {
    let protected = settings.protect.iter().map(|name| key(name)).filter(|name| !name.is_empty());
    Rules {
        keep_tokens: settings.keep_tokens_on_password_change,
        protected: protected.collect(),
        hide_administrators: settings.hide_administrators,
        names_max: Some(settings.max_names_per_request),
    }
}

/// Listens for those who watch the server, where that is wanted.
pub(crate) fn bind_metrics(settings: &Serve) -> anyhow::Result<Option<(Server, SocketAddr)>> {
    let limits = Limits { grace: settings.grace, ..METRICS_LIMITS };
    settings.metrics_listen.map(|address| Server::bind(Door::Metrics, address, limits)).transpose()
}

/// Listens for commands on the same machine. Without that they have to wait until the server has stopped.
pub(crate) fn bind_local(store: &Store, limits: &Limits) -> Option<Server> {
    let limits = Limits {
        connections: LOCAL_CONNECTIONS,
        connections_per_address: None,
        body_bytes: LOCAL_BODY_BYTES,
        // What root gives to do is done.
        body_memory: usize::MAX,
        answer_memory: usize::MAX,
        body_timeout: LOCAL_PATIENCE,
        idle_timeout: LOCAL_PATIENCE,
        ..limits.clone()
    };
    let bound =
        store::local_socket(store.path()).map_err(Into::into).and_then(|path| Server::bind_local(&path, limits));
    bound.inspect_err(|error| log::warn!("commands cannot reach this server: {error:#}")).ok()
}

/// Serves at all doors, each in a thread of its own, until all are stopped.
pub(crate) fn run_all(servers: Vec<Server>, traffic: &Arc<Traffic>, dialects: Dialects) -> anyhow::Result<()> {
    let dialects = Arc::new(dialects);
    let mut threads = Vec::new();
    for server in servers {
        let (traffic, dialects) = (Arc::clone(traffic), Arc::clone(&dialects));
        let thread = std::thread::Builder::new().name("server".to_owned());
        let run = move || server.run(&traffic, move |incoming| dialects.answer(incoming));
        threads.push(thread.spawn(run).context("start the thread of a server")?);
    }
    for thread in threads {
        thread.join().map_err(|_| anyhow!("the thread of a server has panicked"))?;
    }
    Ok(())
}

/// Removes, now and then, the changes that are too old to be kept. The thread ends with the server.
pub(crate) fn forget_changes(store: &Arc<Store>, age: Duration) -> anyhow::Result<()> {
    // Who only looks now and then must not be what keeps the database open.
    let (store, pause) = (Arc::downgrade(store), (age / 8).clamp(FORGET_PAUSE_MIN, FORGET_PAUSE_MAX));
    let thread = std::thread::Builder::new().name("changes".to_owned());
    thread
        .spawn(move || {
            while let Some(store) = store.upgrade() {
                match directory::forget_changes(&store, age) {
                    Ok(0) => {}
                    Ok(count) => log::info!("removed {count} changes that are older than {age:?}"),
                    Err(error) => log::warn!("old changes could not be removed: {error}"),
                }
                drop(store);
                std::thread::sleep(pause);
            }
        })
        .context("start the thread that removes old changes")?;
    Ok(())
}
