//! What the handler of the server is called with.

use super::listener_kind::ListenerKind;
use super::request::Request;

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
