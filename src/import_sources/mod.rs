//! Reads users and groups from the HTTP interfaces of other servers, and returns them as rows like those of a file. The
//! interfaces do not return passwords.

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

/// All users of a server with Datadog's v1 Users API, in the order of its list. The API has no groups. The list is read
/// as a stream; the line of a row is its place in the list.
///
/// # Errors
/// When the server cannot be reached, or refuses the request.
pub fn datadog(source: &Source, keys: &DatadogKeys) -> anyhow::Result<Rows> {
    datadog_by(Client::new(source, Credential::Datadog(keys.clone()))?)
}

fn datadog_by(client: Client) -> anyhow::Result<Rows> {
    Ok(Box::new(datadog::Users::ask(client)?))
}

/// All groups of a Nuxeo server with their subgroups and parent groups, then all users with their groups, then the
/// members that only the lists of groups name. The line of a row is its number.
///
/// # Errors
/// When the server cannot be reached, or refuses the request.
pub fn nuxeo(source: &Source, login: &NuxeoLogin) -> anyhow::Result<Rows> {
    nuxeo_by(Client::new(source, Credential::Nuxeo(login.clone()))?)
}

fn nuxeo_by(client: Client) -> anyhow::Result<Rows> {
    Ok(Box::new(nuxeo::Directory::ask(client)?))
}
