//! The command `serve`.

use super::announce::{self, Addresses, ClientAddress};
use super::app_settings::app_settings;
use super::first_start::FirstStart;
use super::open_store::start_logging;
use super::ready_line::Ready;
use super::signals::Signals;
use super::usage_error::UsageError;
use super::{parent_process, watchdog};
use crate::app::Service;
use crate::files::DatabaseLocked;
use crate::files::database_path::belongs_to_database;
use crate::logging;
use crate::server::{
    BoundAddress, Certificate, InheritedSockets, Listener, PemFile, notify_service_manager, raise_descriptor_limit,
};
use crate::settings::ServerArgs;
use crate::store::Store;
use anyhow::{Context as _, anyhow};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Runs the server until a signal stops it. Writes the warnings about its settings to the log.
pub(super) fn run(serve: &ServerArgs, warnings: &[String]) -> anyhow::Result<()> {
    let mut inherited = InheritedSockets::take(serve.ready_fd).map_err(UsageError)?;
    let mut ready = Ready::prepare(serve)?;
    let signals = Signals::handle(serve.grace)?;
    log_to(serve)?;
    signals.on_reopen(logging::reopen);
    warnings.iter().map(String::as_str).chain(inherited.warning()).for_each(|warning| log::warn!("{warning}"));
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
    let addresses = listen(serve, &mut service, &mut inherited, certificate.as_ref())?;
    let stop = service.stop();
    signals.on_stop(move || stop.stop());
    let _watch = certificate.as_ref().map(Certificate::watch).transpose()?;
    announce::database(&store, found, first.is_some());
    // The last step that can fail, so that a failing start prints no secrets.
    first.map(|first| first.fill(&store, &passwords)).transpose()?;
    if let Some(certificate) = certificate {
        signals.on_reload(move || certificate.reload());
    }
    announce::addresses(service.limits(), &addresses, &settings);
    announce::admin_page(&store, &addresses, &settings);
    ready.tell(&addresses.listening(), addresses.metrics.first().map(String::as_str))?;
    signals.notify_ready(&format!("listening on {}", addresses.urls()));
    watchdog::start(service.heartbeat(), &signals)?;
    service.run()?;
    log::info!("stopped");
    Ok(())
}

/// Adds the listeners of the settings and of the service manager to the server. Returns their addresses.
fn listen(
    serve: &ServerArgs,
    service: &mut Service,
    inherited: &mut InheritedSockets,
    certificate: Option<&Arc<Certificate>>,
) -> anyhow::Result<Addresses> {
    let mut listeners = inherited.for_clients(certificate, service.limits())?;
    // The default address is for a server without inherited sockets.
    if listeners.is_empty() || serve.origins.is_given("listen") {
        let bound = Listener::bind_all(&serve.listen, serve.unix_mode, certificate, service.limits());
        listeners.extend(bound.with_context(|| serve.origins.name_of("listen"))?);
    }
    let clients = listeners.iter().map(ClientAddress::of).collect();
    service.listen(listeners)?;
    let mut listeners = inherited.for_metrics(&service.metrics_limits())?;
    if let Some(address) = serve.metrics_listen {
        let bound = Listener::bind(address, &service.metrics_limits());
        listeners.push(bound.with_context(|| serve.origins.name_of("metrics_listen"))?);
    }
    let metrics = listeners.iter().map(metrics_url).collect();
    if !listeners.is_empty() {
        service.listen_for_metrics(listeners)?;
    }
    service.listen_for_commands();
    Ok(Addresses { clients, metrics })
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
