//! The memory limits of the server for bodies and answers.

use super::client::Answer;
use super::metrics::{Page, metrics_address};
use super::server::Server;
use super::wait::wait_until;
use serde_json::Value;

pub const MEBIBYTE: usize = 1 << 20;

// The memory of all bodies

/// The memory in use for that purpose, from the metrics.
fn memory(server: &Server, of: &str) -> usize {
    let labels = [("listener", "public"), ("of", of)];
    Page::of(metrics_address(server)).value("rollbook_http_memory_bytes", &labels) as usize
}

/// Waits until that much memory is in use for that purpose.
pub fn wait_for_memory(server: &Server, of: &str, bytes: usize) {
    let awaited = std::fmt::from_fn(|f| write!(f, "{} and not {bytes}", memory(server, of)));
    wait_until(awaited, || memory(server, of) == bytes);
}

pub fn assert_no_memory(answer: &Answer, expected: &Value) {
    assert_eq!(answer.parts(), (503, expected.clone()));
    assert_eq!(answer.header("Retry-After"), Some("1"));
}
