//! One message, and how it is to be understood.

use self::Reading::Refused;
use crate::support::client::{create_user, request};

/// How a message is to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Not at all: one answer with one of these statuses, and the end of the connection.
    Refused(&'static [u16]),
    /// RFC 9112 knows one way, in which the hidden request is part of the body: one answer, and what follows the
    /// message is the next request.
    Whole(u16),
    /// RFC 9112 ends the message before the hidden request, and what comes then is no request: two answers, and the
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

/// The request that must never come about: it would be answered, and make a user.
pub fn hidden() -> String {
    create_user("hidden@example.com")
}

/// A message with that first line, those lines in its head, and that body.
pub fn case(name: impl Into<String>, first_line: &str, lines: &str, body: &str, reading: Reading) -> Case {
    Case { name: name.into(), message: request(first_line, lines, body), reading }
}

pub const POST: &str = "POST /api/v1/user HTTP/1.1";

/// The hidden request in one chunk: for those who see chunks it is body.
pub fn in_chunk() -> String {
    format!("{:x}\r\n{}\r\n0\r\n\r\n", hidden().len(), hidden())
}

/// The hidden request after the last chunk: for those who see a length it is body.
pub fn after_chunks() -> String {
    format!("0\r\n\r\n{}", hidden())
}
