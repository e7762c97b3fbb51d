//! One message, and its correct interpretation.

use self::Reading::Refused;
use crate::support::client::{create_user, request};

/// The correct interpretation of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// The server refuses it: one answer with one of these statuses, and the end of the connection.
    Refused(&'static [u16]),
    /// By RFC 9112 the hidden request is part of the body: one answer, and the bytes after the message are the next
    /// request.
    Whole(u16),
    /// By RFC 9112 the message ends before the hidden request, and the bytes there are no request: two answers, and the
    /// end of the connection.
    Followed(u16),
}

pub const BAD: Reading = Refused(&[400]);

pub const CODING: Reading = Refused(&[501]);

pub const LONG: Reading = Refused(&[413]);

pub struct Case {
    pub name: String,
    pub message: String,
    pub reading: Reading,
}

/// The request that the server must never execute: it would create a user.
pub fn hidden() -> String {
    create_user("hidden@example.com")
}

/// A message with that first line, those lines in its head, and that body.
pub fn case(name: impl Into<String>, first_line: &str, lines: &str, body: &str, reading: Reading) -> Case {
    Case { name: name.into(), message: request(first_line, lines, body), reading }
}

pub const POST: &str = "POST /api/v1/user HTTP/1.1";

/// The hidden request in one chunk: it is part of the body for programs that read chunks.
pub fn in_chunk() -> String {
    format!("{:x}\r\n{}\r\n0\r\n\r\n", hidden().len(), hidden())
}

/// The hidden request after the last chunk: it is part of the body for programs that read the length.
pub fn after_chunks() -> String {
    format!("0\r\n\r\n{}", hidden())
}
