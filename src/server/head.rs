//! Parses one request head: its end, its fields that frame the body, and its validity.
//! Strict on purpose (RFC 9112): a head that two programs could read in two ways is rejected.

use crate::http::{Method, Refusal};
use httparse::Header;
use std::str::FromStr as _;

/// Longest head, request line included, in bytes.
pub(super) const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Most header fields.
pub(super) const FIELDS_MAX: usize = 100;

/// A parsed head.
pub(super) struct Head<'b> {
    pub(super) method: Method,
    pub(super) path: &'b str,
    pub(super) query: &'b str,
    pub(super) body: BodyLength,
    /// The client waits for `100 Continue` before it sends the body.
    pub(super) expects_continue: bool,
    /// The connection stays open for another request.
    pub(super) keep_alive: bool,
    /// HTTP/1.0: no chunks, and keep-alive has to be announced.
    pub(super) http_1_0: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyLength {
    None,
    Known(u64),
    Chunked,
}

/// Finds the end of the head. The first `searched` bytes hold no end.
///
/// # Errors
/// 400 for a line that ends in a bare LF: other programs would see the end of a line there.
pub(super) fn find_end(bytes: &[u8], searched: usize) -> Result<Option<usize>, Refusal> {
    let mut at = searched;
    while let Some(distance) = bytes[at..].iter().position(|byte| *byte == b'\n') {
        at += distance + 1;
        if !bytes[..at].ends_with(b"\r\n") {
            return Err(Refusal(400, "A line of the head ends without a carriage return"));
        }
        if bytes[..at].ends_with(b"\r\n\r\n") {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// The response to a head that is too long.
pub(super) fn too_long(bytes: &[u8]) -> Refusal {
    if bytes.contains(&b'\n') {
        Refusal(431, "The header fields are too long")
    } else {
        Refusal(414, "The request line is too long")
    }
}

/// The path in an invalid head, if there is one. It decides which dialect writes the error document.
pub(super) fn path_of_broken(bytes: &[u8]) -> Option<&str> {
    let line = bytes.split(|byte| *byte == b'\r' || *byte == b'\n').next()?;
    let target = line.split(|byte| *byte == b' ').nth(1)?;
    let target = std::str::from_utf8(target).ok()?;
    let (path, _) = split_target(target)?;
    Some(path)
}

/// Longest request identifier that is accepted from the client, in bytes.
const REQUEST_ID_BYTES_MAX: usize = 128;

/// The request identifier of the client: a single field, with characters that need no escaping anywhere.
pub(super) fn request_id<'b>(fields: &[Header<'b>]) -> Option<&'b str> {
    let safe = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~:+/=@".contains(byte);
    let mut named = fields.iter().filter(|field| field.name.eq_ignore_ascii_case("x-request-id"));
    let (Some(field), None) = (named.next(), named.next()) else { return None };
    let fits = (1..=REQUEST_ID_BYTES_MAX).contains(&field.value.len()) && field.value.iter().all(safe);
    std::str::from_utf8(field.value).ok().filter(|_| fits)
}

/// Parses a complete head.
pub(super) fn parse<'b>(bytes: &'b [u8], fields: &mut [Header<'b>; FIELDS_MAX]) -> Result<(Head<'b>, usize), Refusal> {
    let mut request = httparse::Request::new(fields);
    match request.parse(bytes) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Err(Refusal(400, "The head is broken")),
        Err(error) => return Err(broken(error, bytes)),
    }
    let count = request.headers.len();
    let (Some(method), Some(target), Some(version)) = (request.method, request.path, request.version) else {
        return Err(Refusal(400, "The request line is broken"));
    };
    let http_1_0 = version == 0;
    let Some((path, query)) = split_target(target) else {
        return Err(Refusal(400, "The request target is neither a path nor an absolute URL"));
    };
    let method = Method::from_str(method).map_err(|()| Refusal(400, "The method is broken"))?;
    if path == "*" && method != Method::Options {
        return Err(Refusal(400, "The request target is neither a path nor an absolute URL"));
    }
    let rules = Rules::read(request.headers)?;
    if rules.hosts > 1 || (rules.hosts == 0 && !http_1_0) {
        return Err(Refusal(400, "The request needs exactly one Host header field"));
    }
    let body = match (rules.length, rules.chunked) {
        (Some(_), true) => return Err(Refusal(400, "Content-Length and Transfer-Encoding exclude each other")),
        (None, true) if http_1_0 => return Err(Refusal(400, "HTTP/1.0 has no transfer codings")),
        (None, true) => BodyLength::Chunked,
        (None | Some(0), false) => BodyLength::None,
        (Some(length), false) => BodyLength::Known(length),
    };
    let keep_alive = !rules.close && (!http_1_0 || rules.keep_alive);
    let expects_continue = rules.expects_continue && !http_1_0 && body != BodyLength::None;
    Ok((Head { method, path, query, body, expects_continue, keep_alive, http_1_0 }, count))
}

fn broken(error: httparse::Error, bytes: &[u8]) -> Refusal {
    match error {
        httparse::Error::TooManyHeaders => Refusal(431, "There are too many header fields"),
        httparse::Error::Version if has_other_version(bytes) => {
            Refusal(505, "This server speaks HTTP/1.0 and HTTP/1.1")
        }
        httparse::Error::HeaderName => Refusal(400, "The name of a header field is broken"),
        httparse::Error::HeaderValue => Refusal(400, "The value of a header field is broken"),
        _ => Refusal(400, "The request line is broken"),
    }
}

/// True if the request line ends in a well-formed version that this server does not speak.
fn has_other_version(bytes: &[u8]) -> bool {
    let line = bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let version = line.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    matches!(version, [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
        if major.is_ascii_digit() && minor.is_ascii_digit() && !(*major == b'1' && matches!(minor, b'0' | b'1')))
}

/// Path and query of a request target in origin form, absolute form or asterisk form.
fn split_target(target: &str) -> Option<(&str, &str)> {
    let scheme = |scheme: &str| target.get(..scheme.len()).filter(|start| start.eq_ignore_ascii_case(scheme));
    // `*` is the target of `OPTIONS` for the whole server.
    let path = if target.starts_with('/') || target == "*" {
        target
    } else {
        let start = scheme("http://").or_else(|| scheme("https://"))?;
        let authority = &target[start.len()..];
        let end = authority.find(['/', '?', '#']).unwrap_or(authority.len());
        if end == 0 {
            return None;
        }
        match &authority[end..] {
            "" => "/",
            rest if rest.starts_with('/') => rest,
            _ => return None,
        }
    };
    // A request target has no fragment, but some clients send one.
    let path = path.split_once('#').map_or(path, |(path, _)| path);
    Some(path.split_once('?').unwrap_or((path, "")))
}

/// The header fields that decide how the request is read.
#[derive(Default)]
struct Rules {
    hosts: usize,
    length: Option<u64>,
    chunked: bool,
    expects_continue: bool,
    close: bool,
    keep_alive: bool,
}

impl Rules {
    fn read(headers: &[Header<'_>]) -> Result<Rules, Refusal> {
        let mut rules = Rules::default();
        for header in headers {
            // Compare lengths first: most fields are none of these.
            match header.name.len() {
                4 if header.name.eq_ignore_ascii_case("host") => rules.host(header.value)?,
                6 if header.name.eq_ignore_ascii_case("expect") => rules.expect(header.value)?,
                10 if header.name.eq_ignore_ascii_case("connection") => rules.connection(header.value),
                14 if header.name.eq_ignore_ascii_case("content-length") => rules.content_length(header.value)?,
                17 if header.name.eq_ignore_ascii_case("transfer-encoding") => rules.transfer_encoding(header.value)?,
                _ => {}
            }
        }
        Ok(rules)
    }

    fn host(&mut self, value: &[u8]) -> Result<(), Refusal> {
        self.hosts += 1;
        let odd = |byte: &u8| !byte.is_ascii_graphic() || matches!(byte, b'/' | b'@' | b'?' | b'#' | b',' | b'\\');
        if value.iter().any(odd) {
            return Err(Refusal(400, "The Host header field is broken"));
        }
        Ok(())
    }

    fn content_length(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if self.length.is_some() {
            return Err(Refusal(400, "There is more than one Content-Length"));
        }
        if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
            return Err(Refusal(400, "Content-Length is not a number"));
        }
        let digits = std::str::from_utf8(value).map_err(|_| Refusal(400, "Content-Length is not a number"))?;
        // A number that overflows is larger than any limit.
        self.length = Some(digits.parse().unwrap_or(u64::MAX));
        Ok(())
    }

    fn transfer_encoding(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if self.chunked {
            return Err(Refusal(400, "There is more than one Transfer-Encoding"));
        }
        if !value.eq_ignore_ascii_case(b"chunked") {
            let codings = value.split(|byte| *byte == b',');
            return if codings.filter(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"chunked")).count() > 1 {
                Err(Refusal(400, "A body can be chunked only once"))
            } else {
                Err(Refusal(501, "The only transfer coding is chunked"))
            };
        }
        self.chunked = true;
        Ok(())
    }

    fn expect(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if !value.eq_ignore_ascii_case(b"100-continue") {
            return Err(Refusal(417, "The only expectation is 100-continue"));
        }
        self.expects_continue = true;
        Ok(())
    }

    fn connection(&mut self, value: &[u8]) {
        for option in value.split(|byte| *byte == b',') {
            let option = option.trim_ascii();
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
        }
    }
}
