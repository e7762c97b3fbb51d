//! Calls of the Datadog dialect.

use super::server::Server;
use serde_json::Value;

pub fn handles(server: &Server) -> Vec<String> {
    let list = server.datadog("GET", "/api/v1/user", None).json();
    let handle = |user: &Value| user["handle"].as_str().expect("a handle").to_owned();
    list["users"].as_array().expect("users").iter().map(handle).collect()
}
