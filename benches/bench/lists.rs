//! Long lists that several measurements read page by page.

use crate::load::fetch;
use crate::people::{BROAD_PREFIX, LARGE_GROUP};
use crate::requests::{Credentials, request};
use serde_json::Value;
use std::net::SocketAddr;

/// Entries of a page.
pub const PAGE_ENTRIES: u64 = 50;

/// Long lists, and their paths before the number of the page.
pub fn long_lists() -> [(String, String); 3] {
    let page = |(what, query): (String, String)| {
        (what, format!("/nuxeo/api/v1/{query}&pageSize={PAGE_ENTRIES}&currentPageIndex="))
    };
    [
        (format!("search for a broad prefix ({BROAD_PREFIX})"), format!("user/search?q={BROAD_PREFIX}")),
        ("search for all users".to_owned(), "user/search?q=*".to_owned()),
        ("@users of a large group".to_owned(), format!("group/{LARGE_GROUP}/@users?q=")),
    ]
    .map(page)
}

/// Entries of the list with that path.
pub fn list_length(address: SocketAddr, path: &str) -> u64 {
    json(address, &format!("{path}0"), &Credentials::Basic)["resultsCount"].as_u64().expect("a count")
}

/// The document at that path.
pub fn json(address: SocketAddr, path: &str, credentials: &Credentials) -> Value {
    let body =
        fetch(address, &request("GET", path, credentials), 200).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{path}: {error}"))
}
