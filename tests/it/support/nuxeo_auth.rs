//! Requests and tokens of Nuxeo callers.

use super::client::{Answer, basic};
use super::server::Server;

pub const CREATE: &str = "Cannot create artifact";

pub const EDIT: &str = "User is not allowed to edit users";

pub const MEMBERSHIP: &str = "Cannot edit user";

/// A request with these headers and nothing else; the path is whole.
pub fn get(server: &Server, path: &str, headers: &[(&str, &str)]) -> Answer {
    server.request("GET", path, headers, None)
}

/// Asks for an authentication token as that user.
pub fn token(server: &Server, (name, password): (&str, &str), query: &str) -> Answer {
    let path = format!("/nuxeo/authentication/token?{query}");
    get(server, &path, &[("Authorization", &basic(name, password))])
}

/// The token of that user for an application and a device.
pub fn issued(server: &Server, caller: (&str, &str), device: &str) -> String {
    let query = format!("applicationName=test&deviceId={device}&deviceDescription=a%20test&permission=rw");
    let answer = token(server, caller, &query);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert!(answer.header("Content-Type").expect("a type").starts_with("text/plain"));
    answer.text().to_owned()
}

/// The status of `/me` with that token.
pub fn status_with(server: &Server, token: &str) -> u16 {
    get(server, "/nuxeo/api/v1/me", &[("X-Authentication-Token", token)]).status
}

pub fn is_administrator(server: &Server, name: &str) -> bool {
    let user = server.nuxeo("GET", &format!("/user/{name}"), None).json();
    user["isAdministrator"].as_bool().expect("a user")
}
