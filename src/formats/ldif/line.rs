//! A line of an entry: an attribute with options, and a value.

use crate::formats::row::ROW_BYTES_MAX;
use base64::prelude::{BASE64_STANDARD, Engine as _};

/// The longest name of an attribute, with its options, that is parsed.
const NAME_BYTES_MAX: usize = 512;

/// A line of an entry.
#[derive(Debug)]
pub(super) struct Line<'t> {
    /// The attribute without options, in lower case.
    pub(super) name: String,
    /// The attribute without options, as it is written.
    pub(super) written: &'t str,
    pub(super) options: Options,
    value: Raw<'t>,
}

#[derive(Debug)]
enum Raw<'t> {
    Plain(&'t [u8]),
    Base64(&'t [u8]),
    Url,
    TooLong,
}

/// The options of an attribute.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// The value was deleted, and 389-ds keeps it for replication.
    pub(super) deleted: bool,
    /// Active Directory returns a long list in parts, and this line belongs to this part. `Some(None)`: the range
    /// cannot be parsed.
    pub(super) range: Option<Option<Range>>,
    /// The option names a language or a purpose.
    pub(super) tagged: bool,
}

/// A part of the values of an attribute, by their numbers. `last` is `None` if the part reaches to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Range {
    pub(super) first: u64,
    pub(super) last: Option<u64>,
}

impl Options {
    fn parse<'t>(options: impl Iterator<Item = &'t str>) -> Options {
        let mut parsed = Options::default();
        for option in options {
            let option = option.trim().to_ascii_lowercase();
            let csn = ["adcsn-", "mdcsn-", "vdcsn-", "vucsn-"].iter().any(|csn| option.starts_with(csn));
            match option.strip_prefix("range=") {
                Some(range) => parsed.range = Some(Range::parse(range)),
                None if option == "deleted" || option == "deletedattribute" => parsed.deleted = true,
                None if csn || option == "binary" || option.is_empty() => {}
                None => parsed.tagged = true,
            }
        }
        parsed
    }
}

impl Range {
    fn parse(text: &str) -> Option<Range> {
        let (first, last) = text.split_once('-')?;
        let last = if last == "*" { None } else { Some(last.parse().ok()?) };
        Some(Range { first: first.parse().ok()?, last })
    }
}

impl Line<'_> {
    /// Parses a line. `None` if it is not an attribute with a value.
    pub(super) fn parse(text: &[u8]) -> Option<Line<'_>> {
        let colon = text.iter().take(NAME_BYTES_MAX).position(|byte| *byte == b':')?;
        let description = std::str::from_utf8(&text[..colon]).ok()?;
        let rest = &text[colon + 1..];
        let mut parts = description.split(';');
        let written = parts.next().unwrap_or_default();
        // Servers use more characters than the standard allows: `goauthentik.io/ldap/active`.
        if written.is_empty() || written.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return None;
        }
        let value = match rest.first() {
            _ if text.len() > ROW_BYTES_MAX => Raw::TooLong,
            Some(b':') => Raw::Base64(rest[1..].trim_ascii()),
            Some(b'<') => Raw::Url,
            _ => Raw::Plain(&rest[rest.iter().take_while(|byte| **byte == b' ').count()..]),
        };
        Some(Line { name: written.to_ascii_lowercase(), written, options: Options::parse(parts), value })
    }

    /// The value, or why it cannot be read.
    pub(super) fn text(&self) -> Result<String, String> {
        let bytes = match self.value {
            Raw::Plain(bytes) => bytes.to_vec(),
            Raw::Base64(text) => BASE64_STANDARD.decode(text).map_err(|_| "not Base64")?,
            Raw::Url => return Err("at a URL".to_owned()),
            Raw::TooLong => return Err(format!("longer than {} MiB", ROW_BYTES_MAX >> 20)),
        };
        String::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())
    }
}

/// The name at the beginning of a line that cannot be parsed, in lower case.
pub(super) fn leading_name(text: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._/".contains(byte);
    let skipped = text.trim_ascii_start();
    let name = skipped.iter().take(NAME_BYTES_MAX).take_while(|byte| plain(byte));
    name.map(|byte| char::from(byte.to_ascii_lowercase())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read() {
        let of = |text: &str| Line::parse(text.as_bytes()).unwrap().options;
        let range = |first, last| Options { range: Some(Some(Range { first, last })), ..Options::default() };
        for (text, options) in [
            ("sn: x", Options::default()),
            ("userCertificate;binary:: x", Options::default()),
            ("sn;vucsn-5f00: x", Options::default()),
            ("sn;adcsn-5f00;vdcsn-5f00;deleted: x", Options { deleted: true, ..Options::default() }),
            ("title;adcsn-5f00;deletedattribute;deleted:", Options { deleted: true, ..Options::default() }),
            ("sn;lang-ja;phonetic: x", Options { tagged: true, ..Options::default() }),
            ("member;range=0-1499: x", range(0, Some(1499))),
            ("member;Range=1500-*: x", range(1500, None)),
            ("member;range=some: x", Options { range: Some(None), ..Options::default() }),
        ] {
            assert_eq!(of(text), options, "{text}");
        }
    }

    #[test]
    fn a_line_that_is_no_attribute_is_known() {
        for text in ["nonsense", ": x", "a b: x", " : x", "", "\u{7f}: x"] {
            assert!(Line::parse(text.as_bytes()).is_none(), "{text}");
        }
        assert!(Line::parse(b"caf\xff: x").is_none());
        assert!(Line::parse("a".repeat(600).as_bytes()).is_none());
        assert_eq!(Line::parse(b"goauthentik.io/ldap/active: true").unwrap().name, "goauthentik.io/ldap/active");
    }

    #[test]
    fn the_name_of_a_broken_line_is_known() {
        assert_eq!(leading_name(b"nsAccountLock true"), "nsaccountlock");
        assert_eq!(leading_name(b"dn uid=ada"), "dn");
        assert_eq!(leading_name(b"\xff"), "");
    }
}
