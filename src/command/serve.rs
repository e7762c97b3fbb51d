//! Serving, until a signal.

use super::{start_logging, store_of::open};
use crate::command::Usage;
use crate::config::Serve;
use crate::dialect::{Context, Dialect, Dialects, Metrics};
use crate::directory::{Access, Passwords, SessionLimits};
use crate::http::Door;
use crate::logging;
use crate::metrics;
use crate::server::{Limits, Server, Stopper, Traffic, tell_supervisor};
use crate::service::{bind_local, bind_metrics, forget_changes, rules, run_all};
use crate::store::{self, Found, Store};
use anyhow::Context as _;
use std::net::SocketAddr;
use std::sync::Arc;

/// Serves until a signal ends it.
pub(super) fn serve(settings: &Serve) -> anyhow::Result<()> {
    start_logging(&settings.database);
    // What is wrong with the command line shows before the database is touched.
    let mounts = settings.mounts().map_err(Usage)?;
    let passwords = Arc::new(Passwords::new(settings.rules.password_pattern.clone(), settings.require_password));
    Dialects::check(&mounts).map_err(Usage)?;
    tell_supervisor("STATUS=opening the database");
    let (store, found) = open(&settings.database, settings.readers, &passwords)?;
    let store = Arc::new(store);
    let sessions = SessionLimits {
        idle: settings.session_idle,
        length: settings.session_length,
        ticket_idle: settings.nuxeo_session_idle,
    };
    let rules = rules(settings);
    let access = Access::new(Arc::clone(&store), passwords, settings.wrong_password_delay, sessions, rules)?;
    let traffic = Arc::new(Traffic::default());
    let counted = Arc::clone(&traffic);
    let metrics = Metrics {
        sources: vec![
            Box::new(metrics::tell_process),
            Box::new(logging::tell),
            Box::new(move |page| counted.tell(page)),
        ],
        public: settings.metrics_public,
    };
    let context = Context::new(access, settings.strict_errors, metrics);
    let dialects = Dialects::mount(context, &mounts).map_err(Usage)?;
    let limits = Limits {
        connections: settings.max_connections,
        connections_per_address: settings.max_connections_per_address,
        body_bytes: settings.max_body_bytes,
        body_memory: settings.max_body_memory,
        answer_memory: settings.max_answer_memory,
        head_timeout: settings.head_timeout,
        body_timeout: settings.body_timeout,
        idle_timeout: settings.idle_timeout,
        write_timeout: settings.write_timeout,
        grace: settings.grace,
    };
    let (public, address) = Server::bind(Door::Public, settings.listen, limits.clone())?;
    let public = public.trust(&settings.trusted_proxies);
    let (watched, metrics_address) = bind_metrics(settings)?.unzip();
    let local = bind_local(&store, &limits);
    let servers: Vec<Server> = [public].into_iter().chain(watched).chain(local).collect();
    stop_on_signals(&servers, &store)?;
    forget_changes(&store, settings.keep_changes)?;
    announce_database(&store, found);
    if let Some(address) = metrics_address {
        log::info!("metrics at http://{address}/metrics");
    }
    announce(servers[0].limits(), address, settings, &mounts);
    tell_supervisor(&format!("READY=1\nSTATUS=listening on http://{address}"));
    run_all(servers, &traffic, dialects)?;
    store.close();
    log::info!("stopped");
    Ok(())
}

fn announce_database(store: &Store, found: Found) {
    let state = if found == Found::New { "new" } else { "existing" };
    log::info!("rollbook {} with the {state} database {}", env!("CARGO_PKG_VERSION"), store.path().display());
    if found == Found::Existing
        && let Ok(path) = store::secrets_file(store.path())
        && path.exists()
    {
        log::warn!("the first secrets are still in {}: keep them elsewhere, and remove it", path.display());
    }
}

/// Tells where clients find the server: the last of all, so that who reads that may begin.
fn announce(limits: &Limits, address: SocketAddr, settings: &Serve, mounts: &[(Dialect, String)]) {
    log::info!(
        "limits: {} connections, {} of one address, bodies of {} bytes, {:?} for a head, {:?} for a body, {:?} idle",
        limits.connections,
        limits.share(),
        limits.body_bytes,
        limits.head_timeout,
        limits.body_timeout,
        limits.idle_timeout
    );
    for (dialect, prefix) in mounts {
        log::info!("{} at http://{address}{}", dialect.name, prefix.trim_end_matches('/'));
    }
    if settings.metrics_public {
        log::info!("metrics at http://{address}/metrics, for everybody");
    }
    for proxy in &settings.trusted_proxies {
        log::info!("what proxies at {proxy} say of their clients is believed");
    }
    if !address.ip().is_loopback() {
        log::warn!("traffic to {address} is not encrypted: put a TLS proxy in front of it");
    }
    log::info!("listening on http://{address}");
}

/// SIGTERM and SIGINT end the servers in good order; a second one ends the process at once.
fn stop_on_signals(servers: &[Server], store: &Arc<Store>) -> anyhow::Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
    use std::sync::atomic::AtomicBool;
    let asked = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&asked)).context("handle signals")?;
        signal_hook::flag::register(signal, Arc::clone(&asked)).context("handle signals")?;
    }
    // A file that may not grow any more is an error of the write, not the end of the process.
    signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false))).context("handle signals")?;
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT]).context("handle signals")?;
    let stoppers: Vec<Stopper> = servers.iter().map(Server::stopper).collect();
    let store = Arc::downgrade(store);
    let thread = std::thread::Builder::new().name("signals".to_owned());
    thread
        .spawn(move || {
            if signals.forever().next().is_some() {
                log::info!("stopping");
                tell_supervisor("STOPPING=1\nSTATUS=finishing what was begun");
                if let Some(store) = store.upgrade() {
                    store.end_waiting();
                }
                stoppers.iter().for_each(Stopper::stop);
            }
        })
        .context("start the thread for signals")?;
    Ok(())
}
