//! The argument of the server's handler.

use super::listener_kind::ListenerKind;
use super::request::Request;

/// The argument of the server's handler.
pub enum Inbound<'a> {
    /// A request with a complete head.
    Request(&'a Request<'a>),
    /// A request that the server refuses. The handler gives the document of the error only.
    Rejected(&'a RejectedRequest<'a>),
}

/// A request that the server refuses before a dialect sees it.
#[derive(Debug)]
pub struct RejectedRequest<'a> {
    /// The listener that received it.
    pub listener: ListenerKind,
    /// The path, if the server has read it.
    pub path: Option<&'a str>,
    /// The status to answer.
    pub status: u16,
    /// The error of the request.
    pub message: &'static str,
}
