//! The settings of a server as plain values, with the same defaults as the command line.

use crate::dialect::{DIALECTS, Dialect, Router, ScimOptions};
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
    /// The dialects to serve, as names and path prefixes: `("nuxeo", "/nuxeo")`.
    pub dialects: Vec<(String, String)>,
    /// Idle timeout of sessions of the admin page.
    pub session_idle: Duration,
    /// Maximum duration of a session of the admin page.
    pub session_length: Duration,
    /// Idle timeout of sessions of Nuxeo logins.
    pub nuxeo_session_idle: Duration,
    /// Age at which changes are deleted from the audit log.
    pub keep_changes: Duration,
    /// Send the group with status 200 as the response to a SCIM PATCH of it, in place of status 204.
    pub scim_group_patch_body: bool,
    /// Allow several SCIM groups with the same display name.
    pub scim_any_display_name: bool,
    /// Maximum number of users or groups that a SCIM filter without an index reads.
    pub scim_max_filter_rows: u64,
    /// The address of the server for its clients, such as `https://id.example.com`; `None`: that of each request.
    pub public_url: Option<String>,
    /// Send status 404 where Nuxeo sends 500 for an error of the client.
    pub strict_errors: bool,
    /// Reject new Nuxeo users without a password.
    pub require_password: bool,
    /// Regular expression that new passwords must match.
    pub password_pattern: Option<String>,
    /// Keep the tokens of a user valid when the password changes.
    pub keep_tokens_on_password_change: bool,
    /// Users who cannot be disabled, deleted or demoted over HTTP.
    pub protect: Vec<String>,
    /// Hide administrators and the members of their groups from other callers of the Nuxeo dialect.
    pub hide_administrators: bool,
    /// Maximum delay of the response to a wrong password.
    pub wrong_password_delay: Duration,
    /// Maximum number of connections.
    pub max_connections: usize,
    /// Maximum number of connections of one client address; `None`: three quarters of all, or all of fewer than 64.
    pub max_connections_per_address: Option<usize>,
    /// Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` the server trusts.
    pub trusted_proxies: Vec<Network>,
    /// Maximum length of a request body in bytes.
    pub max_body_bytes: usize,
    /// Memory for all request bodies in bytes.
    pub max_body_memory: usize,
    /// Memory for all responses in bytes.
    pub max_answer_memory: usize,
    /// Maximum number of names in one request.
    pub max_names_per_request: usize,
    /// Timeout for the head of a request.
    pub head_timeout: Duration,
    /// Timeout for the body of a request.
    pub body_timeout: Duration,
    /// Timeout of an idle connection.
    pub idle_timeout: Duration,
    /// Write timeout: how long a client may stop reading its response.
    pub write_timeout: Duration,
    /// Maximum duration of a shutdown. Running requests get four fifths of it, or all but five seconds if that is
    /// longer.
    pub grace: Duration,
    /// PEM file with the certificate chain: turns on HTTPS for clients. Reloaded when the file changes.
    pub tls_cert: Option<PathBuf>,
    /// PEM file with the private key of the certificate.
    pub tls_key: Option<PathBuf>,
    /// An additional address that serves only `/metrics`, `/healthz` and `/readyz`.
    pub metrics_listen: Option<SocketAddr>,
    /// Serve `/metrics` at the client addresses too, without credentials.
    pub metrics_public: bool,
    /// Number of database connections for reading, at most 64.
    pub readers: usize,
    /// Open the admin socket in the folder of the database, so that the commands of `rollbook` work while the server
    /// runs. Only the owner of the database can connect to it.
    pub command_socket: bool,
    /// Secrets of a new directory.
    pub secrets: Secrets,
}

/// Secrets of a new directory. Missing secrets are generated. They have no effect on an existing directory.
#[derive(Clone, Default)]
pub struct Secrets {
    /// The password of the user `Administrator`.
    pub admin_password: Option<String>,
    /// The API key.
    pub api_key: Option<String>,
    /// The first application key, with the rights of an administrator.
    pub app_key: Option<String>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

impl Secrets {
    /// Checks that a new directory can use the secrets.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let given =
            [("password", &self.admin_password), ("API key", &self.api_key), ("application key", &self.app_key)];
        for (what, secret) in given {
            if secret.as_deref() == Some("") {
                bail!("the first {what} is empty");
            }
        }
        if self.api_key.is_some() && self.api_key == self.app_key {
            bail!("the first API key and the first application key have the same value; set different keys");
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
            scim_group_patch_body: false,
            scim_any_display_name: false,
            scim_max_filter_rows: 100_000,
            public_url: None,
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
    /// Checks the settings without opening files.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        Router::check(&self.mounts()?)?;
        if self.tls_cert.is_some() != self.tls_key.is_some() {
            bail!("tls_cert and tls_key belong together; set both or neither");
        }
        self.passwords().map(drop)
    }

    /// Loads the certificate, if one is set.
    pub(crate) fn certificate(&self) -> anyhow::Result<Option<Arc<Certificate>>> {
        let (Some(chain), Some(key)) = (&self.tls_cert, &self.tls_key) else { return Ok(None) };
        let file = |setting: &str, path: &Path| PemFile { setting: setting.to_owned(), path: path.to_owned() };
        Certificate::load(file("tls_cert", chain), file("tls_key", key)).map(Arc::new).map(Some)
    }

    /// The dialects to serve, and their prefixes.
    pub(crate) fn mounts(&self) -> anyhow::Result<Vec<(Dialect, String)>> {
        if self.dialects.is_empty() {
            bail!("no dialect to serve");
        }
        let find = |name: &str| DIALECTS.into_iter().find(|dialect| dialect.name == name);
        let known = || DIALECTS.map(|dialect| dialect.name).join(", ");
        let mount = |(name, prefix): &(String, String)| {
            let dialect = find(name).ok_or_else(|| anyhow!("unknown dialect {name}; known dialects: {}", known()))?;
            Ok((dialect, prefix.clone()))
        };
        self.dialects.iter().map(mount).collect()
    }

    /// The rules for passwords and their storage.
    pub(crate) fn passwords(&self) -> anyhow::Result<Passwords> {
        let compile = |pattern: &String| {
            Regex::new(pattern).with_context(|| {
                format!(
                    "invalid password pattern \
        {pattern}"
                )
            })
        };
        let pattern = self.password_pattern.as_ref().map(compile).transpose()?;
        Ok(Passwords::new(pattern, self.require_password))
    }

    /// The limits of sessions.
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

    /// The settings of SCIM.
    pub(super) fn scim(&self) -> ScimOptions {
        ScimOptions {
            group_patch_body: self.scim_group_patch_body,
            any_display_name: self.scim_any_display_name,
            public_url: self.public_url.clone(),
            filter_rows_max: self.scim_max_filter_rows,
            body_bytes_max: self.max_body_bytes,
        }
    }

    /// The limits of client connections.
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
