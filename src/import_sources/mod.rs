//! Users and groups from servers of other makes, by their own interfaces: rows as they would stand in a file.
//! Passwords cannot be had that way.

mod account_state;
mod datadog;
mod http_client;
mod json_array;
mod nuxeo;
mod source;
#[cfg(test)]
mod tests;

pub use source::{DatadogKeys, NuxeoLogin, Source};

use crate::formats::Rows;
use http_client::{Client, Credential};

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
