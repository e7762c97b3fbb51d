//! The settings of a server as plain values, with the defaults of the command line.

use crate::dialect::{DIALECTS, Dialect, Router};
use crate::directory::{Passwords, Rules, SessionLimits};
use crate::model::fold_name;
use crate::server::{Certificate, Limits, Network, PemFile};
use anyhow::{Context as _, anyhow, bail};
use regex_lite::Regex;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The settings of a server. `Settings::default()` is what `rollbook serve` has without a flag; each field is described
/// with the flag of its name in `docs/settings.md`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The dialects to serve: the name of each, and the prefix of its paths; `("nuxeo", "/nuxeo")`.
    pub dialects: Vec<(String, String)>,
    /// How long a session of the page lasts without a request.
    pub session_idle: Duration,
    /// How long a session of the page lasts at most.
    pub session_length: Duration,
    /// How long the session of a Nuxeo login lasts after its last request.
    pub nuxeo_session_idle: Duration,
    /// How long to keep the record of changes.
    pub keep_changes: Duration,
    /// Answer 404 where Nuxeo's documentation has a 500 for a client's mistake.
    pub strict_errors: bool,
    /// Refuse new Nuxeo users without a password.
    pub require_password: bool,
    /// Regular expression that new passwords must match somewhere.
    pub password_pattern: Option<String>,
    /// Leave the tokens of a user valid when the password changes.
    pub keep_tokens_on_password_change: bool,
    /// Users who cannot be disabled, deleted or demoted over HTTP.
    pub protect: Vec<String>,
    /// Hide from other Nuxeo callers than administrators who is one.
    pub hide_administrators: bool,
    /// Longest delay of the answer to a wrong password.
    pub wrong_password_delay: Duration,
    /// Connections at a time.
    pub max_connections: usize,
    /// Connections of one client address at a time; `None`: three quarters of all, and all of fewer than 64.
    pub max_connections_per_address: Option<usize>,
    /// Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<Network>,
    /// The longest request body, in bytes.
    pub max_body_bytes: usize,
    /// Memory of all request bodies under way, in bytes.
    pub max_body_memory: usize,
    /// Memory of all answers under way, in bytes.
    pub max_answer_memory: usize,
    /// Largest number of names in one request.
    pub max_names_per_request: usize,
    /// How long a request's head may take.
    pub head_timeout: Duration,
    /// How long a request's body may take.
    pub body_timeout: Duration,
    /// How long a connection may be idle between two requests.
    pub idle_timeout: Duration,
    /// How long a client may take none of an answer.
    pub write_timeout: Duration,
    /// How long the end may take; running requests have four fifths of it, or all but five seconds if that is longer.
    pub grace: Duration,
    /// The file of a certificate, in PEM: HTTPS is spoken at each place for clients. Read again when it changes.
    pub tls_cert: Option<PathBuf>,
    /// The file of the key of that certificate, in PEM.
    pub tls_key: Option<PathBuf>,
    /// A further address, which answers `/metrics`, `/healthz` and `/readyz` and nothing else.
    pub metrics_listen: Option<SocketAddr>,
    /// Answer `/metrics` at the address for clients too, without credentials.
    pub metrics_public: bool,
    /// Connections for reading the database, at most 64.
    pub readers: usize,
    /// Listen on a socket beside the database, through which the commands of the program `rollbook` work on a directory
    /// that is being served. Only the owner of the database can connect to it.
    pub command_socket: bool,
    /// Secrets of a new directory.
    pub secrets: Secrets,
}

/// Secrets of a new directory; those that are not given are made. They have no effect on a directory that is there
/// already.
#[derive(Clone, Default)]
pub struct Secrets {
    /// The password of the user `Administrator`.
    pub admin_password: Option<String>,
    /// The API key.
    pub api_key: Option<String>,
    /// The application key of the first script, with the rights of an administrator.
    pub app_key: Option<String>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

impl Secrets {
    /// Whether a directory can begin with them.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let given =
            [("password", &self.admin_password), ("API key", &self.api_key), ("application key", &self.app_key)];
        for (what, secret) in given {
            if secret.as_deref() == Some("") {
                bail!("the first {what} is empty");
            }
        }
        if self.api_key.is_some() && self.api_key == self.app_key {
            bail!("the first API key and the first application key are the same: each key opens something else");
        }
        Ok(())
    }
}

impl Default for Settings {
    fn default() -> Settings {
        let prefix = |dialect: &Dialect| if dialect.prefix.is_empty() { "/" } else { dialect.prefix }.to_owned();
        Settings {
            dialects: DIALECTS.iter().map(|dialect| (dialect.name.to_owned(), prefix(dialect))).collect(),
            session_idle: Duration::from_secs(15 * 60),
            session_length: Duration::from_secs(8 * 3600),
            nuxeo_session_idle: Duration::from_secs(3600),
            keep_changes: Duration::from_secs(90 * 86_400),
            strict_errors: false,
            require_password: false,
            password_pattern: None,
            keep_tokens_on_password_change: false,
            protect: vec!["Administrator".to_owned()],
            hide_administrators: false,
            wrong_password_delay: Duration::from_secs(1),
            max_connections: 8192,
            max_connections_per_address: None,
            trusted_proxies: Vec::new(),
            max_body_bytes: 1 << 20,
            max_body_memory: 64 << 20,
            max_answer_memory: 64 << 20,
            max_names_per_request: 100_000,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            write_timeout: Duration::from_secs(30),
            grace: Duration::from_secs(10),
            tls_cert: None,
            tls_key: None,
            metrics_listen: None,
            metrics_public: false,
            readers: 4,
            command_socket: true,
            secrets: Secrets::default(),
        }
    }
}

impl Settings {
    /// Whether a server can be made with them; looks at no file.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        Router::check(&self.mounts()?)?;
        if self.tls_cert.is_some() != self.tls_key.is_some() {
            bail!("tls_cert and tls_key go together: set both or neither");
        }
        self.passwords().map(drop)
    }

    /// The certificate to show.
    pub(crate) fn certificate(&self) -> anyhow::Result<Option<Arc<Certificate>>> {
        let (Some(chain), Some(key)) = (&self.tls_cert, &self.tls_key) else { return Ok(None) };
        let file = |setting: &str, path: &Path| PemFile { setting: setting.to_owned(), path: path.to_owned() };
        Certificate::load(file("tls_cert", chain), file("tls_key", key)).map(Arc::new).map(Some)
    }

    /// The dialects to serve, and their prefixes.
    pub(crate) fn mounts(&self) -> anyhow::Result<Vec<(Dialect, String)>> {
        if self.dialects.is_empty() {
            bail!("no dialect is left to serve");
        }
        let find = |name: &str| DIALECTS.into_iter().find(|dialect| dialect.name == name);
        let known = || DIALECTS.map(|dialect| dialect.name).join(", ");
        let mount = |(name, prefix): &(String, String)| {
            let dialect = find(name).ok_or_else(|| anyhow!("there is no dialect {name}, only {}", known()))?;
            Ok((dialect, prefix.clone()))
        };
        self.dialects.iter().map(mount).collect()
    }

    /// How passwords are stored, and which are taken.
    pub(crate) fn passwords(&self) -> anyhow::Result<Passwords> {
        let compile = |pattern: &String| Regex::new(pattern).with_context(|| format!("the password pattern {pattern}"));
        let pattern = self.password_pattern.as_ref().map(compile).transpose()?;
        Ok(Passwords::new(pattern, self.require_password))
    }

    /// When sessions end.
    pub(super) fn session_limits(&self) -> SessionLimits {
        SessionLimits { idle: self.session_idle, length: self.session_length, ticket_idle: self.nuxeo_session_idle }
    }

    /// The rules for changes.
    pub(super) fn rules(&self) -> Rules {
        let protected = self.protect.iter().map(|name| fold_name(name)).filter(|name| !name.is_empty());
        Rules {
            keep_tokens: self.keep_tokens_on_password_change,
            protected: protected.collect(),
            hide_administrators: self.hide_administrators,
            names_max: Some(self.max_names_per_request),
        }
    }

    /// What a client's connection may take.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            connections: self.max_connections,
            connections_per_address: self.max_connections_per_address,
            body_bytes: self.max_body_bytes,
            body_memory: self.max_body_memory,
            answer_memory: self.max_answer_memory,
            head_timeout: self.head_timeout,
            body_timeout: self.body_timeout,
            idle_timeout: self.idle_timeout,
            write_timeout: self.write_timeout,
            grace: self.grace,
        }
    }
}
