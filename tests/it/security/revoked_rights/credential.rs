//! Credentials of callers, and requests with them.

use super::operations::PASSWORD;
use crate::support::client::{Connection, basic};
use crate::support::server::{ADMIN_PASSWORD, API_KEY, Server};
use serde_json::Value;

/// The credential of a caller, as header fields.
#[derive(Debug, Clone)]
pub enum Credential {
    Basic,
    Token(String),
    Page(String),
    Login(String),
    Key(String),
}

impl Credential {
    pub fn headers(&self, user: &str) -> Vec<(String, String)> {
        let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        match self {
            Credential::Basic => pairs(&[("Authorization", &basic(user, PASSWORD))]),
            Credential::Token(token) => pairs(&[("X-Authentication-Token", token)]),
            Credential::Page(cookie) => pairs(&[("Cookie", cookie), ("X-Requested-With", "rollbook")]),
            Credential::Login(cookie) => pairs(&[("Cookie", cookie)]),
            Credential::Key(key) => pairs(&[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", key)]),
        }
    }
}

/// A request that is on its way.
pub struct Sent(pub Connection);

pub fn send(server: &Server, method: &str, path: &str, headers: &[(String, String)], body: &Value) -> Sent {
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let body = if body.is_null() { None } else { Some(body.to_string()) };
    let mut connection = Connection::open(server.address);
    connection.send(method, path, &headers, body.as_deref().map(str::as_bytes));
    Sent(connection)
}

pub fn administrator() -> Vec<(String, String)> {
    Credential::Basic
        .headers("Administrator")
        .into_iter()
        .map(|(name, _)| (name, basic("Administrator", ADMIN_PASSWORD)))
        .collect()
}
