//! Sessions of the Nuxeo dialect.

mod cookie;
mod lifetime;
mod origins;

use crate::support::client::{Answer, basic};
use crate::support::nuxeo::{create_user, refusal};
use crate::support::server::{ADMIN_PASSWORD, Server};
use serde_json::json;

pub const ME: &str = "/nuxeo/api/v1/me";

pub const ROOT: (&str, &str) = ("Administrator", ADMIN_PASSWORD);

pub const ADA: (&str, &str) = ("ada", "secret");

/// A server with Ada, who has a password and no rights.
pub fn with_ada(flags: &[&str]) -> Server {
    let server = Server::with(flags);
    create_user(&server, json!({"username": ADA.0, "password": ADA.1}));
    server
}

pub fn get(server: &Server, path: &str, cookie: &str) -> Answer {
    server.request("GET", path, &[("Cookie", cookie)], None)
}

/// True if the cookie authenticates a user.
pub fn opens(server: &Server, cookie: &str) -> bool {
    let answer = get(server, ME, cookie);
    if answer.status != 200 {
        // The answer is that for missing credentials. A request with a cookie gets no challenge for a password.
        assert_eq!(answer.parts(), (401, refusal(401, "Authentication is required")), "{cookie}");
        assert_eq!(answer.header("WWW-Authenticate"), None, "{cookie}");
    }
    answer.status == 200
}

/// A token of that user for a device.
pub fn token_of(server: &Server, (name, password): (&str, &str), device: &str) -> String {
    let path = format!("/nuxeo/authentication/token?applicationName=test&deviceId={device}&permission=rw");
    let answer = server.request("GET", &path, &[("Authorization", &basic(name, password))], None);
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.text().to_owned()
}
