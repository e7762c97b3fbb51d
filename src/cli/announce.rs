//! The log lines of a start: database, limits, addresses, admin page.

use super::ready_line::Listening;
use crate::app::Settings;
use crate::app::secrets::secrets_file;
use crate::directory;
use crate::server::{BoundAddress, Limits, Listener};
use crate::settings::given_secrets;
use crate::store::{OpenOutcome, Store};

/// The addresses of a server.
pub(super) struct Addresses {
    pub(super) clients: Vec<ClientAddress>,
    /// The URLs of the metrics.
    pub(super) metrics: Vec<String>,
}

impl Addresses {
    /// The client addresses for the parent process.
    pub(super) fn listening(&self) -> Vec<Listening> {
        let listening = |ClientAddress { address, url }: &ClientAddress| Listening {
            url: url.clone(),
            address: address.to_string(),
        };
        self.clients.iter().map(listening).collect()
    }

    /// The URLs of the client addresses, separated by commas.
    pub(super) fn urls(&self) -> String {
        self.clients.iter().map(|client| client.url.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// A client address and its URL.
pub(super) struct ClientAddress {
    address: BoundAddress,
    url: String,
}

impl ClientAddress {
    pub(super) fn of(listener: &Listener) -> ClientAddress {
        ClientAddress { address: listener.address().clone(), url: listener.url() }
    }
}

pub(super) fn database(store: &Store, found: OpenOutcome, is_first: bool) {
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
pub(super) fn admin_page(store: &Store, addresses: &Addresses, settings: &Settings) {
    let clients = &addresses.clients;
    // A browser cannot open a Unix socket.
    let is_ip = |client: &&ClientAddress| matches!(client.address, BoundAddress::Ip(_));
    let Some(client) = clients.iter().find(is_ip).or(clients.first()) else { return };
    let url = client.url.replace("//0.0.0.0", "//localhost").replace("//[::]", "//localhost");
    let Some((_, prefix)) = settings.dialects.iter().find(|(dialect, _)| dialect == "ui") else {
        return log::info!("ready at {url}; the admin page is not served");
    };
    let page = prefix.trim_end_matches('/');
    let user = directory::first_administrator(store).ok().flatten();
    let user = user.unwrap_or_else(|| "an administrator".to_owned());
    log::info!("ready: open {url}{page}/ in a browser, and sign in as {user}");
}

/// Logs limits, dialects and addresses. The addresses are last, so that a program that waits for them can start.
pub(super) fn addresses(limits: &Limits, addresses: &Addresses, settings: &Settings) {
    addresses.metrics.iter().for_each(|url| log::info!("metrics at {url}"));
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
    if let Some(url) = addresses.clients.first().map(|client| &client.url) {
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
    for ClientAddress { address, url } in &addresses.clients {
        if let BoundAddress::Ip(address) = address
            && !address.ip().is_loopback()
            && url.starts_with("http://")
        {
            log::warn!("traffic to {address} is not encrypted; use a certificate (--tls-cert) or a TLS proxy");
        }
    }
    for ClientAddress { url, .. } in &addresses.clients {
        log::info!("listening on {url}");
    }
}
