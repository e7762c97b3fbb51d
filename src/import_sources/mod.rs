//! Users and groups from servers of other makes, by their own interfaces: rows as they would stand in a file.
//! Passwords cannot be had that way.

mod account_state;
mod datadog;
mod http_client;
mod json_array;
mod nuxeo;
#[cfg(test)]
mod tests;

use crate::formats::Rows;
use http_client::{Client, Credential};
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

/// All users of a server that speaks Datadog's v1 API, in the order of its list. It knows no groups. The list is read
/// as it comes; a row's line is its place in it.
///
/// # Errors
/// When the server cannot be asked, or refuses.
pub fn datadog(source: &Source, keys: &DatadogKeys) -> anyhow::Result<Rows> {
    datadog_by(Client::new(source, Credential::Datadog(keys.clone()))?)
}

fn datadog_by(client: Client) -> anyhow::Result<Rows> {
    Ok(Box::new(datadog::Users::ask(client)?))
}

/// All groups of a Nuxeo server with the groups in them, the groups that they are in, all users with their groups, and
/// the names that only the lists of the groups have. A row's line is its number.
///
/// # Errors
/// When the server cannot be asked, or refuses.
pub fn nuxeo(source: &Source, login: &NuxeoLogin) -> anyhow::Result<Rows> {
    nuxeo_by(Client::new(source, Credential::Nuxeo(login.clone()))?)
}

fn nuxeo_by(client: Client) -> anyhow::Result<Rows> {
    Ok(Box::new(nuxeo::Directory::ask(client)?))
}
