//! Calls of the changes feed.

use super::client::Answer;
use super::server::{APP_KEY, Server};
use serde_json::Value;

/// Asks for changes with the administrator's application key.
pub fn ask(server: &Server, query: &str) -> Answer {
    ask_as(server, &format!("Bearer {APP_KEY}"), query)
}

pub fn ask_as(server: &Server, authorization: &str, query: &str) -> Answer {
    server.request("GET", &format!("/rollbook/v1/changes{query}"), &[("Authorization", authorization)], None)
}

/// The changes after that number, and the number to continue from.
pub fn changes(server: &Server, since: &str) -> (Vec<Value>, String) {
    let answer = ask(server, &format!("?since={since}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("Content-Type"), Some("application/x-ndjson"));
    let next = answer.header("Rollbook-Next").expect("the next number").to_owned();
    (answer.text().lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect(), next)
}

/// The advice to a reader whose changes are incomplete.
pub const BEGIN_AGAIN: &str = "begin again: ask with since=now, and then read the whole directory";
