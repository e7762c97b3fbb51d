//! A request, and how its body is read.

use super::listener_kind::ListenerKind;
use super::percent_encoding::InvalidPercentEncoding;
use super::query::Query;
use crate::model::ClientAddress;
use std::cell::OnceCell;
use std::sync::Arc;
use tiny_http::Method;

/// A request with a complete head. A dialect reads the body after it knows the caller, see [`Request::admit`].
pub struct Request<'a> {
    /// The method, as sent.
    pub method: Method,
    /// The path as sent, without the query, percent-escapes and all.
    pub path: &'a str,
    /// The text after the `?`, as sent; may be empty.
    pub query: &'a str,
    /// The header fields in the order sent.
    pub headers: &'a [httparse::Header<'a>],
    /// The body.
    pub body: RequestBody<'a>,
    /// The address of the client, from a trusted proxy or from the connection. All addresses of an IPv6 network count
    /// as one.
    pub peer: ClientAddress,
    /// True if the client sent it encrypted, to a trusted proxy or to the server itself.
    pub secure: bool,
    /// The listener that received it.
    pub listener: ListenerKind,
}

/// The body of a request. It stays on the connection until a dialect reads it into memory.
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

    /// Reserves memory for values decoded from the body, until the request is answered.
    ///
    /// # Errors
    /// When no memory is left at the moment.
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
    /// Reads the body of an authenticated caller's request. A dialect does this before anything else, so that a request
    /// that is cut off has no effect, even if its operation needs no body.
    ///
    /// # Errors
    /// When the body cannot be read to its end.
    pub fn admit(&self, caller: &Arc<str>) -> Result<(), Refusal> {
        self.body.read(Some(caller))
    }

    /// Reads the body of a request that has its credentials in there: 16 KiB at most.
    ///
    /// # Errors
    /// When the body cannot be read to its end.
    pub fn admit_stranger(&self) -> Result<(), Refusal> {
        self.body.read(None)
    }

    /// The body after [`Request::admit`], without its transfer coding; empty before that.
    pub fn body(&self) -> &[u8] {
        let bytes = self.body.bytes.get();
        debug_assert!(bytes.is_some(), "no caller has been found yet");
        bytes.and_then(|bytes| bytes.as_deref().ok()).unwrap_or_default()
    }

    /// Reserves memory for values decoded from the body, until the request is answered.
    ///
    /// # Errors
    /// When no memory is left at the moment.
    pub fn reserve(&self, bytes: usize) -> Result<(), Refusal> {
        self.body.source.reserve(bytes)
    }

    /// The first header field of that name, in any case, that is text.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.header_values(name).next()
    }

    /// All header fields of that name, in any case, that are text.
    pub fn header_values<'n>(&'n self, name: &'n str) -> impl Iterator<Item = &'a str> + 'n {
        let named = self.headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name));
        named.filter_map(|header| std::str::from_utf8(header.value).ok())
    }

    /// Name and value of each cookie (RFC 6265, 4.2), in the order sent.
    pub fn cookies(&self) -> impl Iterator<Item = (&'a str, &'a str)> + '_ {
        let cookies = self.header_values("Cookie").flat_map(|cookies| cookies.split(';'));
        cookies.filter_map(|cookie| cookie.trim().split_once('='))
    }

    /// Returns whether `Accept` names that media type (RFC 9110, 12.5.1) with a weight above zero. A range such as `*/*`,
    /// which scripts send, does not count.
    pub fn takes(&self, media_type: &str) -> bool {
        self.header_values("Accept").flat_map(|types| types.split(',')).any(|named| {
            let mut parts = named.split(';').map(str::trim);
            let is_named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(media_type));
            let weight = parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.eq_ignore_ascii_case("q"));
            is_named && weight.is_none_or(|(_, weight)| weight.trim().parse() != Ok(0.0))
        })
    }

    /// Returns whether the method is `GET`, or `HEAD`, which has the same answer.
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
