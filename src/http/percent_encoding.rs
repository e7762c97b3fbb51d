//! Decoding of percent-escapes (RFC 3986, 2.1).

use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// A text with a broken percent-escape, or with escapes that do not give UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidPercentEncoding;

/// Decodes each segment of a path once. The path was split before, so that an escaped slash stays inside its segment. A
/// plus sign stays a plus sign.
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

/// Decodes a text.
pub(super) fn decode(text: &str) -> Result<Cow<'_, str>, InvalidPercentEncoding> {
    let broken = text.as_bytes().iter().enumerate().any(|(at, byte)| {
        *byte == b'%' && !text.as_bytes().get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    });
    if broken {
        return Err(InvalidPercentEncoding);
    }
    percent_decode_str(text).decode_utf8().map_err(|_| InvalidPercentEncoding)
}
