//! The command `serve`.

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

/// Runs the server until a signal stops it. Writes the warnings about its settings to the log.
pub(super) fn run(serve: &ServerArgs, warnings: &[String]) -> anyhow::Result<()> {
    let mut handed = InheritedSockets::take(serve.ready_fd).map_err(UsageError)?;
    let mut ready = Ready::prepare(serve)?;
    let signals = Signals::handle(serve.grace)?;
    log_to(serve)?;
    signals.on_reopen(logging::reopen);
    warnings.iter().map(String::as_str).chain(handed.warning()).for_each(|warning| log::warn!("{warning}"));
    // Errors in settings show before the database is opened.
    let settings = app_settings(serve).map_err(UsageError)?;
    settings.check().map_err(UsageError)?;
    let passwords = Arc::new(settings.passwords().map_err(UsageError)?);
    let certificate = certificate(serve)?;
    if let Some(parent) = serve.exit_with_parent
        && !parent_process::watch(parent, &signals)?
    {
        log::info!("the parent process has already ended");
        return Ok(());
    }
    raise_descriptor_limit();
    notify_service_manager("STATUS=opening the database");
    let (store, found) =
        Store::open(&serve.database.db, settings.readers).map_err(|error| advise(error, &serve.database.db))?;
    let first = FirstStart::of(&store, &serve.database, serve.secrets_file.as_deref())?;
    if signals.is_stopping() {
        store.close();
        log::info!("stopped during the start");
        return Ok(());
    }
    let store = Arc::new(store);
    let mut service = Service::new(Arc::clone(&store), Arc::clone(&passwords), &settings)?;
    let mut listeners = handed.for_clients(certificate.as_ref(), service.limits())?;
    // The default address is for a server without inherited sockets.
    if listeners.is_empty() || serve.origins.is_given("listen") {
        let bound = Listener::bind_all(&serve.listen, serve.unix_mode, certificate.as_ref(), service.limits());
        listeners.extend(bound.with_context(|| serve.origins.name_of("listen"))?);
    }
    let places: Vec<Announced> = listeners.iter().map(Announced::of).collect();
    service.listen(listeners)?;
    let mut watched = handed.for_metrics(&service.metrics_limits())?;
    if let Some(address) = serve.metrics_listen {
        let bound = Listener::bind(address, &service.metrics_limits());
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
    // The last step that can fail, so that a failing start prints no secrets.
    first.map(|first| first.fill(&store, &passwords)).transpose()?;
    metrics_urls.iter().for_each(|url| log::info!("metrics at {url}"));
    if let Some(certificate) = certificate {
        signals.on_reload(move || certificate.reload());
    }
    announce(service.limits(), &places, &settings);
    // A browser cannot open a Unix socket.
    if let Some(place) = places.iter().find(|one| matches!(one.place, BoundAddress::Ip(_))).or(places.first()) {
        welcome(&store, &place.url, &settings);
    }
    let listening =
        places.iter().map(|Announced { place, url }| Listening { url: url.clone(), address: place.to_string() });
    ready.tell(&listening.collect::<Vec<_>>(), metrics_urls.first().map(String::as_str))?;
    let urls: Vec<&str> = places.iter().map(|place| place.url.as_str()).collect();
    signals.notify_ready(&format!("listening on {}", urls.join(", ")));
    watchdog::start(service.heartbeat(), &signals)?;
    service.run()?;
    log::info!("stopped");
    Ok(())
}

/// The URL of the metrics; the address of a Unix socket, which has no URL.
fn metrics_url(listener: &Listener) -> String {
    match listener.address() {
        BoundAddress::Ip(_) => format!("{}/metrics", listener.url()),
        BoundAddress::Unix(_) => listener.url(),
    }
}

/// Adds advice to the error that another process has opened the database.
fn advise(error: anyhow::Error, database: &Path) -> anyhow::Error {
    if error.is::<DatabaseLocked>() {
        return anyhow!(
            "{error}; if it is a server, commands work through it (rollbook user list --db {}). Stop it to \
            start another server, or use another database (--db FILE)",
            database.display()
        );
    }
    error
}

/// Loads the certificate of the settings.
fn certificate(serve: &ServerArgs) -> anyhow::Result<Option<Arc<Certificate>>> {
    let (Some(chain), Some(key)) = (&serve.tls_cert, &serve.tls_key) else {
        if let Some(endpoint) = serve.listen.iter().find(|endpoint| endpoint.is_tls(false)) {
            let setting = serve.origins.name_of("listen");
            return Err(
                UsageError(anyhow!("{setting}: {endpoint} needs a certificate (--tls-cert and --tls-key)")).into()
            );
        }
        return Ok(None);
    };
    let file = |name, path: &PathBuf| PemFile { setting: serve.origins.name_of(name), path: path.clone() };
    Certificate::load(file("tls_cert", chain), file("tls_key", key)).map(Arc::new).map(Some)
}

/// Starts the log, in the log file if one is set.
fn log_to(serve: &ServerArgs) -> anyhow::Result<()> {
    let Some(file) = &serve.log_file else {
        start_logging(&serve.database);
        return Ok(());
    };
    let setting = serve.origins.name_of("log_file");
    if belongs_to_database(&serve.database.db, file) {
        return Err(UsageError(anyhow!("{setting}: {} is the database file or belongs to it", file.display())).into());
    }
    logging::start_to_file(serve.database.log, serve.database.log_format, file).context(setting)
}

/// A client address for log lines.
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
        log::warn!(
            "the secrets of the first start are still in {}; store them elsewhere and remove the file",
            path.display()
        );
    }
    let given = given_secrets();
    if !is_first && !given.is_empty() {
        log::warn!(
            "ignored because the directory already exists: {}; use rollbook passwd and rollbook key create",
            given.join(", ")
        );
    }
}

/// Logs the URL of the admin page and a user who can sign in.
fn welcome(store: &Store, url: &str, settings: &Settings) {
    let url = url.replace("//0.0.0.0", "//localhost").replace("//[::]", "//localhost");
    let Some((_, prefix)) = settings.dialects.iter().find(|(dialect, _)| dialect == "ui") else {
        return log::info!("ready at {url}; the admin page is not served");
    };
    let page = prefix.trim_end_matches('/');
    let user = directory::first_administrator(store).ok().flatten();
    let user = user.unwrap_or_else(|| "an administrator".to_owned());
    log::info!("ready: open {url}{page}/ in a browser, and sign in as {user}");
}

/// Logs limits, dialects and addresses. The addresses are last, so that a program that waits for them can start.
fn announce(limits: &Limits, places: &[Announced], settings: &Settings) {
    log::info!(
        "limits: {} connections, {} per address, {} bytes per body, {:?} for a head, {:?} for a body, {:?} idle",
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
            log::info!("metrics at {url}/metrics, without credentials");
        }
    }
    for proxy in &settings.trusted_proxies {
        log::info!("trusting client addresses from proxies at {proxy}");
    }
    for Announced { place, url } in places {
        if let BoundAddress::Ip(address) = place
            && !address.ip().is_loopback()
            && url.starts_with("http://")
        {
            log::warn!("traffic to {address} is not encrypted; use a certificate (--tls-cert) or a TLS proxy");
        }
    }
    for Announced { url, .. } in places {
        log::info!("listening on {url}");
    }
}
