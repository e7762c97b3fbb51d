//! Preconditions of requests (RFC 9110, 13): entity tags in `If-Match` and `If-None-Match`.

use crate::http::{Etag, Request, Response};
use crate::model::{EtagSet, Precondition, Result};
use sha2::{Digest as _, Sha256};

/// The tag of a document without personal data: the digest of its bytes.
pub(super) fn etag_of(document: &[u8]) -> Etag {
    let digest = Sha256::digest(document);
    let state = digest.iter().take(8).fold(0, |state, byte| state << 8 | u64::from(*byte));
    Etag { state, variant: 0 }
}

/// Answers a `GET` with the document, or with 304 when the client already has it.
///
/// # Errors
/// `PreconditionFailed` and `Invalid`, see [`Precondition::check`].
pub(super) fn conditional_get(
    request: &Request<'_>,
    tag: Etag,
    document: impl FnOnce() -> Response,
) -> Result<Response> {
    // 304 only for the same representation; another variant of the same state is sent.
    let mut condition = read(request, false, |known| known.variant == tag.variant);
    let known = condition.if_none_match.take();
    condition.check(|| Ok(tag.state))?;
    if known.is_some_and(|known| known.contain(tag.state)) {
        return Ok(Response::empty(304).with_etag(tag));
    }
    Ok(document().with_etag(tag))
}

/// The precondition of a write, for which all variants of a state are the same.
pub(super) fn write_preconditions(request: &Request<'_>) -> Precondition {
    read(request, false, |_| true)
}

/// The same for an interface whose tags are weak: a tag promises the same meaning, and that is enough for its writes.
pub(super) fn weak_preconditions(request: &Request<'_>) -> Precondition {
    read(request, true, |_| true)
}

/// The weak tag of a state, as in a header field.
pub(super) fn weak_tag(state: u64) -> String {
    let mut tag = b"W/".to_vec();
    Etag { state, variant: 0 }.write_to(&mut tag);
    String::from_utf8_lossy(&tag).into_owned()
}

/// True if the client of a `GET` has that state already, so that the answer is 304.
///
/// # Errors
/// `PreconditionFailed` and `Invalid`, see [`Precondition::check`].
pub(super) fn is_known_state(request: &Request<'_>, state: u64) -> Result<bool> {
    let mut condition = weak_preconditions(request);
    let known = condition.if_none_match.take();
    condition.check(|| Ok(state))?;
    Ok(known.is_some_and(|known| known.contain(state)))
}

/// Reads the fields of a request. `takes_weak`: weak tags count in `If-Match`. `counts` selects the tags of `If-None-Match`.
fn read(request: &Request<'_>, takes_weak: bool, counts: impl Fn(Etag) -> bool) -> Precondition {
    let (mut if_match, mut if_none_match) = (Field::default(), Field::default());
    for header in request.headers {
        // Compared by length first, because most fields are neither.
        match header.name.len() {
            // A weak tag promises the same meaning, not the same bytes, which is not enough for a write.
            8 if header.name.eq_ignore_ascii_case("if-match") => {
                if_match.add(header.value, |_, weak| takes_weak || !weak)
            }
            13 if header.name.eq_ignore_ascii_case("if-none-match") => {
                if_none_match.add(header.value, |tag, _| counts(tag))
            }
            _ => {}
        }
    }
    let malformed = if if_match.is_broken() {
        Some("If-Match is neither * nor a list of tags in quotes")
    } else if if_none_match.is_broken() {
        Some("If-None-Match is neither * nor a list of tags in quotes")
    } else {
        None
    };
    Precondition {
        if_match: if_match.states(),
        if_none_match: if_none_match.states(),
        malformed,
        ..Precondition::default()
    }
}

/// A header field, whose lines make one list.
#[derive(Default)]
struct Field {
    sent: bool,
    /// The field has an asterisk.
    all: bool,
    /// The field has tags, of this server or of others.
    tags: bool,
    broken: bool,
    /// The states in those tags of this server that count.
    states: Vec<u64>,
}

impl Field {
    /// Adds a line of the field.
    fn add(&mut self, line: &[u8], counts: impl Fn(Etag, bool) -> bool) {
        self.sent = true;
        self.broken |= self.add_elements(line, counts).is_none();
    }

    /// Adds the elements of a line; `None` at a syntax error.
    fn add_elements(&mut self, mut rest: &[u8], counts: impl Fn(Etag, bool) -> bool) -> Option<()> {
        loop {
            // Empty elements do not count (RFC 9110, 5.6.1.2).
            rest = rest.trim_ascii_start();
            while let Some(more) = rest.strip_prefix(b",") {
                rest = more.trim_ascii_start();
            }
            if rest.is_empty() {
                return Some(());
            }
            if let Some(more) = rest.strip_prefix(b"*") {
                self.all = true;
                rest = more;
            } else {
                let weak = rest.strip_prefix(b"W/");
                let tag = weak.unwrap_or(rest).strip_prefix(b"\"")?;
                let end = tag.iter().position(|byte| *byte == b'"')?;
                if !tag[..end].iter().all(|byte| matches!(byte, 0x21..=0x7e | 0x80..)) {
                    return None;
                }
                self.tags = true;
                let ours = Etag::parse(&tag[..end]).filter(|tag| counts(*tag, weak.is_some()));
                self.states.extend(ours.map(|tag| tag.state));
                rest = &tag[end + 1..];
            }
            rest = rest.trim_ascii_start();
            if !rest.is_empty() && !rest.starts_with(b",") {
                return None;
            }
        }
    }

    fn is_broken(&self) -> bool {
        self.broken || (self.all && self.tags)
    }

    fn states(self) -> Option<EtagSet> {
        self.sent.then_some(if self.all { EtagSet::All } else { EtagSet::AnyOf(self.states) })
    }
}
