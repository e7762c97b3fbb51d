//! Serving, until a signal.

use super::app_settings::app_settings;
use super::first_start::FirstStart;
use super::open_store::start_logging;
use super::ready_line::{Listening, Ready};
use super::signals::Signals;
use super::usage_error::UsageError;
use super::{parent_process, watchdog};
use crate::app::secrets::secrets_file;
use crate::app::{Service, Settings};
use crate::directory;
use crate::files::DatabaseLocked;
use crate::files::database_path::belongs_to_database;
use crate::logging;
use crate::server::{
    BoundAddress, Certificate, InheritedSockets, Limits, Listener, PemFile, notify_service_manager,
    raise_descriptor_limit,
};
use crate::settings::{ServerArgs, given_secrets};
use crate::store::{OpenOutcome, Store};
use anyhow::{Context as _, anyhow};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Serves until a signal ends it. The warnings about its settings go to the log.
pub(super) fn run(serve: &ServerArgs, warnings: &[String]) -> anyhow::Result<()> {
    let mut handed = InheritedSockets::take(serve.ready_fd).map_err(UsageError)?;
    let mut ready = Ready::prepare(serve)?;
    let signals = Signals::handle(serve.grace)?;
    log_to(serve)?;
    signals.on_reopen(logging::reopen);
    warnings.iter().map(String::as_str).chain(handed.warning()).for_each(|warning| log::warn!("{warning}"));
    // What is wrong with the command line shows before the database is touched.
    let settings = app_settings(serve).map_err(UsageError)?;
    settings.check().map_err(UsageError)?;
    let passwords = Arc::new(settings.passwords().map_err(UsageError)?);
    let certificate = certificate(serve)?;
    if let Some(parent) = serve.exit_with_parent
        && !parent_process::watch(parent, &signals)?
    {
        log::info!("the process that has started the server has ended already");
        return Ok(());
    }
    raise_descriptor_limit();
    notify_service_manager("STATUS=opening the database");
    let (store, found) =
        Store::open(&serve.database.db, settings.readers).map_err(|error| advise(error, &serve.database.db))?;
    let first = FirstStart::of(&store, &serve.database, serve.secrets_file.as_deref())?;
    if signals.stop_asked() {
        store.close();
        log::info!("stopped before it listened");
        return Ok(());
    }
    let store = Arc::new(store);
    let mut service = Service::new(Arc::clone(&store), Arc::clone(&passwords), &settings)?;
    let mut listeners = handed.for_clients(certificate.as_ref(), service.limits())?;
    // The default is for a server that has nothing else.
    if listeners.is_empty() || serve.origins.is_given("listen") {
        let bound = Listener::bind_all(&serve.listen, serve.unix_mode, certificate.as_ref(), service.limits());
        listeners.extend(bound.with_context(|| serve.origins.name_of("listen"))?);
    }
    let places: Vec<Announced> = listeners.iter().map(Announced::of).collect();
    service.listen(listeners)?;
    let mut watched = handed.for_metrics(&service.limits_for_metrics())?;
    if let Some(address) = serve.metrics_listen {
        let bound = Listener::bind(address, &service.limits_for_metrics());
        watched.push(bound.with_context(|| serve.origins.name_of("metrics_listen"))?);
    }
    let metrics_urls: Vec<String> = watched.iter().map(metrics_url).collect();
    if !watched.is_empty() {
        service.listen_for_metrics(watched)?;
    }
    service.listen_for_commands();
    let stop = service.stop();
    signals.on_stop(move || stop.stop());
    let _watch = certificate.as_ref().map(Certificate::watch).transpose()?;
    announce_database(&store, found, first.is_some());
    // The last that can fail: the secrets of a new directory are not shown by a start that comes to nothing.
    first.map(|first| first.fill(&store, &passwords)).transpose()?;
    metrics_urls.iter().for_each(|url| log::info!("metrics at {url}"));
    if let Some(certificate) = certificate {
        signals.on_reload(move || certificate.reload());
    }
    announce(service.limits(), &places, &settings);
    // People open a browser, which no Unix socket answers.
    if let Some(place) = places.iter().find(|one| matches!(one.place, BoundAddress::Ip(_))).or(places.first()) {
        welcome(&store, &place.url, &settings);
    }
    let listening =
        places.iter().map(|Announced { place, url }| Listening { url: url.clone(), address: place.to_string() });
    ready.tell(&listening.collect::<Vec<_>>(), metrics_urls.first().map(String::as_str))?;
    let urls: Vec<&str> = places.iter().map(|place| place.url.as_str()).collect();
    signals.tell_ready(&format!("listening on {}", urls.join(", ")));
    watchdog::start(service.heartbeat(), &signals)?;
    service.run()?;
    log::info!("stopped");
    Ok(())
}

/// Where metrics are; for a Unix socket, which no URL leads to, its address.
fn metrics_url(listener: &Listener) -> String {
    match listener.address() {
        BoundAddress::Ip(_) => format!("{}/metrics", listener.url()),
        BoundAddress::Unix(_) => listener.url(),
    }
}

/// Says the way out where another process has the database.
fn advise(error: anyhow::Error, database: &Path) -> anyhow::Error {
    if error.is::<DatabaseLocked>() {
        return anyhow!(
            "{error}: if that is a server, commands work through it (rollbook user list --db {}); stop it to start \
             another one, or give this one a database of its own (--db FILE)",
            database.display()
        );
    }
    error
}

/// The certificate of the settings.
fn certificate(serve: &ServerArgs) -> anyhow::Result<Option<Arc<Certificate>>> {
    let (Some(chain), Some(key)) = (&serve.tls_cert, &serve.tls_key) else {
        if let Some(endpoint) = serve.listen.iter().find(|endpoint| endpoint.is_tls(false)) {
            let setting = serve.origins.name_of("listen");
            return Err(
                UsageError(anyhow!("{setting}: {endpoint} needs a certificate: --tls-cert and --tls-key")).into()
            );
        }
        return Ok(None);
    };
    let file = |name, path: &PathBuf| PemFile { setting: serve.origins.name_of(name), path: path.clone() };
    Certificate::load(file("tls_cert", chain), file("tls_key", key)).map(Arc::new).map(Some)
}

/// Starts logging, to the log file where one is set.
fn log_to(serve: &ServerArgs) -> anyhow::Result<()> {
    let Some(file) = &serve.log_file else {
        start_logging(&serve.database);
        return Ok(());
    };
    let setting = serve.origins.name_of("log_file");
    if belongs_to_database(&serve.database.db, file) {
        return Err(UsageError(anyhow!("{setting}: {} is the database, or belongs to it", file.display())).into());
    }
    logging::start_to_file(serve.database.log, serve.database.log_format, file).context(setting)
}

/// An address that is told.
struct Announced {
    place: BoundAddress,
    url: String,
}

impl Announced {
    fn of(listener: &Listener) -> Announced {
        Announced { place: listener.address().clone(), url: listener.url() }
    }
}

fn announce_database(store: &Store, found: OpenOutcome, is_first: bool) {
    let state = if found == OpenOutcome::New { "new" } else { "existing" };
    log::info!("rollbook {} with the {state} database {}", env!("CARGO_PKG_VERSION"), store.path().display());
    if found == OpenOutcome::Existing
        && let Ok(path) = secrets_file(store.path())
        && path.exists()
    {
        log::warn!("the first secrets are still in {}: keep them elsewhere, and remove it", path.display());
    }
    let given = given_secrets();
    if !is_first && !given.is_empty() {
        log::warn!(
            "no effect on a directory that has begun: {}; rollbook passwd and rollbook key create change what it has",
            given.join(", ")
        );
    }
}

/// Ends the start with a line for people: where the page is, and the user who can sign in first.
fn welcome(store: &Store, url: &str, settings: &Settings) {
    let url = url.replace("//0.0.0.0", "//localhost").replace("//[::]", "//localhost");
    let Some((_, prefix)) = settings.dialects.iter().find(|(dialect, _)| dialect == "ui") else {
        return log::info!("ready at {url}; the page for people is not served");
    };
    let page = prefix.trim_end_matches('/');
    let user = directory::first_administrator(store).ok().flatten();
    let user = user.unwrap_or_else(|| "an administrator".to_owned());
    log::info!("ready: open {url}{page}/ in a browser, and sign in as {user}");
}

/// Tells where clients find the server: the last of all, so that who reads that may begin.
fn announce(limits: &Limits, places: &[Announced], settings: &Settings) {
    log::info!(
        "limits: {} connections, {} of one address, bodies of {} bytes, {:?} for a head, {:?} for a body, {:?} idle",
        limits.connections,
        limits.per_address_limit(),
        limits.body_bytes,
        limits.head_timeout,
        limits.body_timeout,
        limits.idle_timeout
    );
    // The paths are the same at every address.
    if let Some(url) = places.first().map(|place| &place.url) {
        for (dialect, prefix) in &settings.dialects {
            log::info!("{dialect} at {url}{}", prefix.trim_end_matches('/'));
        }
        if settings.metrics_public {
            log::info!("metrics at {url}/metrics, for everybody");
        }
    }
    for proxy in &settings.trusted_proxies {
        log::info!("what proxies at {proxy} say of their clients is believed");
    }
    for Announced { place, url } in places {
        if let BoundAddress::Ip(address) = place
            && !address.ip().is_loopback()
            && url.starts_with("http://")
        {
            log::warn!(
                "traffic to {address} is not encrypted: give the server a certificate (--tls-cert), \
                 or put a TLS proxy in front of it"
            );
        }
    }
    for Announced { url, .. } in places {
        log::info!("listening on {url}");
    }
}
