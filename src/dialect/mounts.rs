//! Dialects under their prefixes, and the search for the dialect of a path.

use super::call::Call;
use super::openapi::OpenApiPart;
use crate::http::{InvalidPercentEncoding, Response, decode_segment, decode_segments};
use anyhow::bail;
use std::borrow::Cow;

/// A dialect: its name, its usual prefix, and the functions that answer for it.
#[derive(Clone, Copy)]
pub struct Dialect {
    /// The name in settings, in the log and in the audit log.
    pub name: &'static str,
    /// The usual prefix of its paths.
    pub prefix: &'static str,
    /// The answer to a browser at the prefix itself.
    pub(super) root: Root,
    /// Answers a request.
    pub(super) handle: fn(&mut Call<'_>) -> Response,
    /// The document of an error that was found before the dialect was called.
    pub(super) error_document: fn(status: u16, message: &str) -> Response,
    /// The number of leading segments that the log may show, when the rest holds a secret.
    pub(super) redact_after: fn(&[Cow<'_, str>]) -> Option<usize>,
    /// Its part of the OpenAPI document.
    pub(super) openapi: fn() -> OpenApiPart,
}

/// The answer to a browser at the prefix of a dialect.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Root {
    /// No page.
    Api,
    /// A page that other servers of this kind have: the browser is led to the admin page instead.
    LeadsToPage,
    /// The admin page.
    Page,
}

/// The dialects that are served, the longest prefix first.
pub(super) struct Mounts(Vec<Mount>);

/// A dialect under a prefix.
pub(super) struct Mount {
    prefix: Vec<String>,
    pub(super) dialect: Dialect,
}

impl Mount {
    /// The prefix as a path; empty for the root.
    pub(super) fn path(&self) -> String {
        self.prefix.iter().flat_map(|segment| ["/", segment]).collect()
    }

    /// Returns whether these segments are the prefix itself.
    pub(super) fn is_at(&self, segments: &[&str]) -> bool {
        self.prefix == segments
    }

    /// The segments after the prefix, decoded.
    pub(super) fn decode<'s>(&self, segments: &[&'s str]) -> Result<Vec<Cow<'s, str>>, InvalidPercentEncoding> {
        decode_segments(&segments[self.prefix.len()..])
    }

    /// Adds the dialect to the log fields of its answer, and a path without the secret that this one may hold.
    pub(super) fn add_log_fields(
        &self,
        raw: &[&str],
        decoded: &Result<Vec<Cow<'_, str>>, InvalidPercentEncoding>,
        response: &mut Response,
    ) {
        response.log_fields.dialect = self.dialect.name;
        let shown = match decoded {
            Ok(segments) => (self.dialect.redact_after)(segments),
            Err(InvalidPercentEncoding) => {
                // Decoded one by one, because one broken segment must not hide the others.
                let segments = raw[self.prefix.len()..].iter();
                let segments: Vec<Cow<'_, str>> =
                    segments.map(|segment| decode_segment(segment).unwrap_or(Cow::Borrowed(segment))).collect();
                (self.dialect.redact_after)(&segments)
            }
        };
        if let Some(shown) = shown {
            let shown = &raw[..self.prefix.len() + shown];
            response.log_fields.path = Some(format!("/{}/-", shown.join("/").escape_debug()));
        }
    }
}

impl Mounts {
    /// # Errors
    /// When two dialects have the same prefix, and when a prefix is not a path.
    pub(super) fn new(dialects: &[(Dialect, String)]) -> anyhow::Result<Mounts> {
        let mut mounts: Vec<Mount> = Vec::new();
        for (dialect, prefix) in dialects {
            if let Err(why) = check_prefix(prefix) {
                bail!("the prefix of {} {why}: {prefix}", dialect.name);
            }
            let segments: Vec<String> = segments(prefix).map(str::to_owned).collect();
            if let Some(other) = mounts.iter().find(|mount| mount.prefix == segments) {
                bail!("{} and {} have the same prefix: /{}", other.dialect.name, dialect.name, segments.join("/"));
            }
            mounts.push(Mount { prefix: segments, dialect: *dialect });
        }
        mounts.sort_by_key(|mount| std::cmp::Reverse(mount.prefix.len()));
        Ok(Mounts(mounts))
    }

    /// The mount of a path.
    pub(super) fn find(&self, segments: &[&str]) -> Option<&Mount> {
        self.0.iter().find(|mount| {
            segments.len() >= mount.prefix.len() && mount.prefix.iter().zip(segments).all(|(a, b)| a == b)
        })
    }

    /// All mounts, the longest prefix first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Mount> {
        self.0.iter()
    }
}

/// Checks that a dialect can be mounted under that prefix.
///
/// # Errors
/// The reason, in words that follow the name of the prefix.
pub fn check_prefix(prefix: &str) -> Result<(), &'static str> {
    if !prefix.is_empty() && !prefix.starts_with('/') {
        return Err("does not begin with a slash");
    }
    if prefix.contains(['?', '#', '%']) || prefix.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("is not a plain path");
    }
    Ok(())
}

/// Returns whether two prefixes are the same path.
pub fn is_same_prefix(one: &str, other: &str) -> bool {
    segments(one).eq(segments(other))
}

/// The segments of a path, without the empty ones of doubled and trailing slashes.
pub(super) fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}
