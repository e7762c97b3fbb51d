//! The server that an import asks, and the credentials for it.

use std::path::PathBuf;
use std::time::Duration;

/// The server to ask.
#[derive(Debug, Clone)]
pub struct Source {
    /// The base URL; of a Nuxeo server up to `/nuxeo`.
    pub from: String,
    /// A file with the certificates (PEM) of the authorities to trust instead of the well-known ones.
    pub ca: Option<PathBuf>,
    /// How long the server may be silent.
    pub timeout: Duration,
}

/// Credentials for Datadog's API.
#[derive(Clone)]
pub struct DatadogKeys {
    /// Names the organisation.
    pub api_key: String,
    /// Names the script, and has to be an administrator's.
    pub app_key: String,
}

/// Credentials for Nuxeo's API.
#[derive(Clone)]
pub enum NuxeoLogin {
    /// A user and the password.
    Basic {
        /// The user's name.
        user: String,
        /// The password.
        password: String,
    },
    /// A token that was made for a user.
    Token(String),
}
