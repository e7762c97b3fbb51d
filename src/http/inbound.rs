//! What the handler of the server is called with.

use super::request::Request;

/// Where requests come in, which decides what is served to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListenerKind {
    /// The address for clients.
    Public,
    /// The address for those who watch the server.
    Metrics,
    /// The socket for commands on the same machine.
    Local,
}

impl ListenerKind {
    /// What it is called in metrics.
    pub fn name(self) -> &'static str {
        match self {
            ListenerKind::Public => "public",
            ListenerKind::Metrics => "metrics",
            ListenerKind::Local => "local",
        }
    }
}

/// What the handler is called with.
pub enum Inbound<'a> {
    /// A request with a complete head.
    Request(&'a Request<'a>),
    /// A request that is refused before it is one; the handler only gives the document.
    Refused(&'a Refused<'a>),
}

/// Why a request is refused before it reaches an operation.
#[derive(Debug)]
pub struct Refused<'a> {
    /// By which door it came in.
    pub door: ListenerKind,
    /// The path, where the request came far enough to have one.
    pub path: Option<&'a str>,
    /// The status to answer.
    pub status: u16,
    /// What is wrong with the request.
    pub message: &'static str,
}
