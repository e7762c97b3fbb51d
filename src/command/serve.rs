//! Serving, until a signal.

use super::{start_logging, store_of::open};
use crate::command::Usage;
use crate::config::Serve;
use crate::server::{Limits, tell_supervisor};
use crate::service::{Service, Settings, Stop};
use crate::store::{self, Found, Store};
use anyhow::Context as _;
use std::net::SocketAddr;
use std::sync::Arc;

/// Serves until a signal ends it.
pub(super) fn serve(serve: &Serve) -> anyhow::Result<()> {
    start_logging(&serve.database);
    // What is wrong with the command line shows before the database is touched.
    let settings = serve.settings().map_err(Usage)?;
    settings.check().map_err(Usage)?;
    let passwords = Arc::new(settings.passwords().map_err(Usage)?);
    tell_supervisor("STATUS=opening the database");
    let (store, found) = open(&serve.database, settings.readers, &passwords)?;
    let store = Arc::new(store);
    let mut service = Service::new(Arc::clone(&store), passwords, &settings)?;
    let address = service.listen(serve.listen)?;
    let metrics_address = serve.metrics_listen.map(|address| service.listen_for_metrics(address)).transpose()?;
    service.listen_for_commands();
    stop_on_signals(service.stop())?;
    announce_database(&store, found);
    if let Some(address) = metrics_address {
        log::info!("metrics at http://{address}/metrics");
    }
    announce(service.limits(), address, &settings);
    tell_supervisor(&format!("READY=1\nSTATUS=listening on http://{address}"));
    service.run()?;
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
fn announce(limits: &Limits, address: SocketAddr, settings: &Settings) {
    log::info!(
        "limits: {} connections, {} of one address, bodies of {} bytes, {:?} for a head, {:?} for a body, {:?} idle",
        limits.connections,
        limits.share(),
        limits.body_bytes,
        limits.head_timeout,
        limits.body_timeout,
        limits.idle_timeout
    );
    for (dialect, prefix) in &settings.dialects {
        log::info!("{dialect} at http://{address}{}", prefix.trim_end_matches('/'));
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
fn stop_on_signals(stop: Stop) -> anyhow::Result<()> {
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
    let thread = std::thread::Builder::new().name("signals".to_owned());
    thread
        .spawn(move || {
            if signals.forever().next().is_some() {
                log::info!("stopping");
                tell_supervisor("STOPPING=1\nSTATUS=finishing what was begun");
                stop.stop();
            }
        })
        .context("start the thread for signals")?;
    Ok(())
}
