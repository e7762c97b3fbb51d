//! The admin page and the interface behind it.

mod browser;
mod groups;
mod lists;
mod page_files;
mod session;
mod users;

use crate::support::nuxeo::create_user;
use crate::support::server::Server;
use serde_json::{Value, json};

pub fn error(text: &str) -> Value {
    json!({ "error": text })
}

/// A server with Ada, who has a password and no rights.
pub fn with_ada() -> Server {
    let server = Server::start();
    create_user(&server, json!({"username": "ada", "password": "pw-ada", "firstName": "Ada"}));
    server
}
