//! The server that users and groups are imported from, and the credentials for it.

use std::path::PathBuf;
use std::time::Duration;

/// The server to import from.
#[derive(Debug, Clone)]
pub struct Source {
    /// Base URL. For Nuxeo it ends with `/nuxeo`.
    pub from: String,
    /// PEM file with the certificates of trusted authorities, instead of the usual ones.
    pub ca: Option<PathBuf>,
    /// Maximum time without data from the server.
    pub timeout: Duration,
}

/// Credentials for Datadog's API.
#[derive(Clone)]
pub struct DatadogKeys {
    /// API key, which identifies the organisation.
    pub api_key: String,
    /// Application key of an administrator.
    pub app_key: String,
}

/// Credentials for Nuxeo's API.
#[derive(Clone)]
pub enum NuxeoLogin {
    /// User name and password.
    Basic {
        /// User name.
        user: String,
        /// Password.
        password: String,
    },
    /// Authentication token of a user.
    Token(String),
}
