//! A request, and how its body is read.

use super::listener_kind::ListenerKind;
use super::percent_encoding::InvalidPercentEncoding;
use super::query::Query;
use crate::model::ClientAddress;
use std::cell::OnceCell;
use std::sync::Arc;
use tiny_http::Method;

/// A request whose head is complete. Its body is read when the caller is known, see [`Request::admit`].
pub struct Request<'a> {
    /// The method, as sent.
    pub method: Method,
    /// The path as sent, without the query, percent-escapes and all.
    pub path: &'a str,
    /// What follows the `?`, as sent; empty when nothing does.
    pub query: &'a str,
    /// The header fields in the order sent.
    pub headers: &'a [httparse::Header<'a>],
    /// The body.
    pub body: RequestBody<'a>,
    /// Where the client is, by the word of a trusted proxy or by the connection: one address for all of an IPv6
    /// network.
    pub peer: ClientAddress,
    /// Whether it came encrypted: to a trusted proxy, or to the server itself.
    pub secure: bool,
    /// By which door it came in.
    pub door: ListenerKind,
}

/// The body of a request: on its connection first, in memory after a handler has asked for it.
pub struct RequestBody<'a> {
    source: &'a (dyn BodySource + 'a),
    bytes: OnceCell<Result<Vec<u8>, Refusal>>,
}

/// The connection that a body comes from.
pub trait BodySource {
    /// Reads the body to its end.
    ///
    /// # Errors
    /// When it is too long, too slow, broken or cut off, and when there is no memory for it at the moment.
    fn read(&self, caller: Option<&Arc<str>>) -> Result<Vec<u8>, Refusal>;

    /// Sets memory aside, until the request is answered, for values that are made of the body.
    ///
    /// # Errors
    /// When there is none at the moment.
    fn reserve(&self, bytes: usize) -> Result<(), Refusal>;
}

/// The status and the message of a request that is refused at the level of HTTP. The connection closes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal(pub u16, pub &'static str);

impl<'a> RequestBody<'a> {
    /// A body that has not been read.
    pub fn unread(source: &'a (dyn BodySource + 'a)) -> RequestBody<'a> {
        RequestBody { source, bytes: OnceCell::new() }
    }

    fn read(&self, caller: Option<&Arc<str>>) -> Result<(), Refusal> {
        match self.bytes.get_or_init(|| self.source.read(caller)) {
            Ok(_) => Ok(()),
            Err(refusal) => Err(*refusal),
        }
    }
}

impl<'a> Request<'a> {
    /// Lets the request of an authenticated caller in, and reads its body. A dialect does this before it does anything
    /// else for a caller, so that a request that is cut off has no effect, whether its operation needs a body or not.
    ///
    /// # Errors
    /// When the body cannot be read to its end.
    pub fn admit(&self, caller: &Arc<str>) -> Result<(), Refusal> {
        self.body.read(Some(caller))
    }

    /// Lets a request in whose credentials are in its body, and reads that: 16 KiB at most.
    ///
    /// # Errors
    /// When the body cannot be read to its end.
    pub fn admit_stranger(&self) -> Result<(), Refusal> {
        self.body.read(None)
    }

    /// The body of a request that was let in, decoded of its transfer coding; empty before that.
    pub fn body(&self) -> &[u8] {
        let bytes = self.body.bytes.get();
        debug_assert!(bytes.is_some(), "no caller has been found yet");
        bytes.and_then(|bytes| bytes.as_deref().ok()).unwrap_or_default()
    }

    /// Sets memory aside for values that are made of the body, until the request is answered.
    ///
    /// # Errors
    /// When there is none at the moment.
    pub fn reserve(&self, bytes: usize) -> Result<(), Refusal> {
        self.body.source.reserve(bytes)
    }

    /// The first header field of that name, whatever its case, when it is text.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.header_values(name).next()
    }

    /// All header fields of that name, whatever its case, that are text.
    pub fn header_values<'n>(&'n self, name: &'n str) -> impl Iterator<Item = &'a str> + 'n {
        let named = self.headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name));
        named.filter_map(|header| std::str::from_utf8(header.value).ok())
    }

    /// Name and value of each cookie (RFC 6265, 4.2), in the order sent.
    pub fn cookies(&self) -> impl Iterator<Item = (&'a str, &'a str)> + '_ {
        let cookies = self.header_values("Cookie").flat_map(|cookies| cookies.split(';'));
        cookies.filter_map(|cookie| cookie.trim().split_once('='))
    }

    /// Whether `Accept` names that media type (RFC 9110, 12.5.1), and not as one that is not wanted. A range such as
    /// `*/*`, which scripts send, names none.
    pub fn takes(&self, media_type: &str) -> bool {
        self.header_values("Accept").flat_map(|types| types.split(',')).any(|named| {
            let mut parts = named.split(';').map(str::trim);
            let is_named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(media_type));
            let weight = parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.eq_ignore_ascii_case("q"));
            is_named && weight.is_none_or(|(_, weight)| weight.trim().parse() != Ok(0.0))
        })
    }

    /// Whether this reads: `GET`, or `HEAD`, which is answered like it.
    pub fn is_get(&self) -> bool {
        matches!(self.method, Method::Get | Method::Head)
    }

    /// The parameters of the query, decoded.
    ///
    /// # Errors
    /// When an escape is broken or does not give UTF-8.
    pub fn parameters(&self) -> Result<Query<'a>, InvalidPercentEncoding> {
        Query::parse(self.query)
    }
}
