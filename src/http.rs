//! Requests and responses as plain values, and the decoding of paths and queries.

pub use crate::model::ClientAddress;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;
pub use tiny_http::{Header, HeaderField, Method, StatusCode};

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
    pub fn parameters(&self) -> Result<Vec<Parameter<'a>>, InvalidPercentEncoding> {
        let pairs = self.query.split('&').filter(|pair| !pair.is_empty());
        pairs
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                Ok((decode_query(name)?, decode_query(value)?))
            })
            .collect()
    }
}

/// Name and value of a parameter.
pub type Parameter<'a> = (Cow<'a, str>, Cow<'a, str>);

/// A percent-escape that is broken, or bytes that are not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidPercentEncoding;

/// Decodes each segment of a path once. It was split before, so an escaped slash stays inside its segment; a plus
/// sign stays one.
///
/// # Errors
/// When an escape is broken or does not give UTF-8.
pub fn decode_segments<'a>(segments: &[&'a str]) -> Result<Vec<Cow<'a, str>>, InvalidPercentEncoding> {
    segments.iter().map(|segment| decode_segment(segment)).collect()
}

/// Decodes one segment of a path.
///
/// # Errors
/// When an escape is broken or does not give UTF-8.
pub fn decode_segment(segment: &str) -> Result<Cow<'_, str>, InvalidPercentEncoding> {
    decode(segment)
}

fn decode(text: &str) -> Result<Cow<'_, str>, InvalidPercentEncoding> {
    let broken = text.as_bytes().iter().enumerate().any(|(at, byte)| {
        *byte == b'%' && !text.as_bytes().get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    });
    if broken {
        return Err(InvalidPercentEncoding);
    }
    percent_decode_str(text).decode_utf8().map_err(|_| InvalidPercentEncoding)
}

/// In a query a plus sign is a space, as in a form.
fn decode_query(text: &str) -> Result<Cow<'_, str>, InvalidPercentEncoding> {
    if text.contains('+') {
        return Ok(Cow::Owned(decode(&text.replace('+', " "))?.into_owned()));
    }
    decode(text)
}

/// What is sent back.
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The value of `Content-Type`; not sent where there is no body.
    pub content_type: &'static str,
    /// Further header fields. Framing, date and connection are the server's.
    pub headers: Vec<Header>,
    /// The body.
    pub body: Body,
    /// The tag of what the body shows.
    pub tag: Option<Etag>,
    /// Whether it is about nobody, so that whoever has it may keep it and ask whether it is still the same.
    pub kept: bool,
    /// What the log and the metrics say of it.
    pub trace: RequestLogFields,
}

/// An entity tag (RFC 9110, 8.8.3): the state of what is shown, and which of several documents shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Etag {
    /// The state.
    pub state: u64,
    /// Which document of that state, below 16. The plain one is 0.
    pub variant: u8,
}

impl Etag {
    const DIGITS: &'static [u8; 16] = b"0123456789abcdef";

    /// Reads what stands between the quotes; `None` for what [`Etag::write_to`] does not write.
    pub fn parse(text: &[u8]) -> Option<Etag> {
        let digit = |byte: &u8| Etag::DIGITS.iter().zip(0..).find(|(digit, _)| *digit == byte).map(|(_, value)| value);
        let (state, variant) = text.split_at_checked(16)?;
        let state = state.iter().try_fold(0, |state, byte| Some(state << 4 | u64::from(digit(byte)?)))?;
        let variant = match variant {
            [] => 0,
            [b'-', variant] => digit(variant).filter(|variant| *variant != 0)?,
            _ => return None,
        };
        Some(Etag { state, variant })
    }

    /// Writes the tag as it stands in a header field, with its quotes.
    pub fn write_to(self, out: &mut Vec<u8>) {
        out.push(b'"');
        for byte in self.state.to_be_bytes() {
            out.extend([byte >> 4, byte & 15].map(|digit| Etag::DIGITS[usize::from(digit)]));
        }
        if self.variant != 0 {
            out.extend([b'-', Etag::DIGITS[usize::from(self.variant & 15)]]);
        }
        out.push(b'"');
    }
}

/// The body of a response.
pub enum Body {
    /// All of it.
    Bytes(Vec<u8>),
    /// All of it, a part of the program.
    Static(&'static [u8]),
    /// All of it, kept for others too.
    Shared(Arc<[u8]>),
    /// Piece by piece until `None`. After an error the connection is cut, so that nobody takes half for whole.
    Pieces(Box<dyn FnMut() -> anyhow::Result<Option<Vec<u8>>> + Send>),
}

/// What the log and the metrics say of a request beside its first line and its status.
#[derive(Debug, Clone, Default)]
pub struct RequestLogFields {
    /// The dialect that answered; empty for none.
    pub dialect: &'static str,
    /// The path with names in place of what differs between requests; empty for one that is no route.
    pub route: &'static str,
    /// Who asked; `None`: nobody known.
    pub caller: Option<Arc<str>>,
    /// What to say in place of the path, where that holds a secret.
    pub path: Option<String>,
}

impl Response {
    /// A JSON document.
    pub fn json(status: u16, document: &impl serde::Serialize) -> Response {
        Response::bytes(status, "application/json", crate::json::to_vec(document))
    }

    /// A file that is part of the program.
    pub fn of_program(content_type: &'static str, content: &'static [u8]) -> Response {
        Response { body: Body::Static(content), ..Response::bytes(200, content_type, Vec::new()) }
    }

    /// A JSON document that is kept for others too.
    pub fn shared_json(body: Arc<[u8]>) -> Response {
        let mut response = Response::bytes(200, "application/json", Vec::new());
        response.body = Body::Shared(body);
        response
    }

    /// JSON documents, each on a line of its own.
    pub fn json_lines(lines: Vec<u8>) -> Response {
        Response::bytes(200, "application/x-ndjson", lines)
    }

    /// A line of plain text.
    pub fn text(status: u16, text: impl Into<String>) -> Response {
        Response::bytes(status, "text/plain; charset=utf-8", text.into().into_bytes())
    }

    /// No body.
    pub fn empty(status: u16) -> Response {
        Response::bytes(status, "", Vec::new())
    }

    /// A JSON document in pieces. Two are asked for at once: what is whole in one is sent as one.
    ///
    /// # Errors
    /// Those of the first two pieces.
    pub fn json_pieces<E: Into<anyhow::Error>>(
        mut next: impl FnMut() -> Result<Option<Vec<u8>>, E> + Send + 'static,
    ) -> Result<Response, E> {
        let first = next()?.unwrap_or_default();
        let Some(second) = next()? else { return Ok(Response::bytes(200, "application/json", first)) };
        let mut begun = [first, second].into_iter();
        let mut response = Response::bytes(200, "application/json", Vec::new());
        response.body = Body::Pieces(Box::new(move || match begun.next() {
            Some(piece) => Ok(Some(piece)),
            None => next().map_err(Into::into),
        }));
        Ok(response)
    }

    /// A body of that type.
    pub fn bytes(status: u16, content_type: &'static str, body: Vec<u8>) -> Response {
        let (status, body) = (StatusCode(status), Body::Bytes(body));
        Response {
            status,
            content_type,
            headers: Vec::new(),
            body,
            tag: None,
            kept: false,
            trace: RequestLogFields::default(),
        }
    }

    /// Names what the body shows.
    pub fn with_tag(mut self, tag: Etag) -> Response {
        self.tag = Some(tag);
        self
    }

    /// Lets whoever has it keep it.
    pub fn to_be_kept(self) -> Response {
        Response { kept: true, ..self }
    }

    /// Adds a header field. Name and value are the program's own, in ASCII.
    pub fn with_header(mut self, name: &str, value: &str) -> Response {
        if let Ok(header) = Header::from_bytes(name, value) {
            self.headers.push(header);
        }
        self
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
