//! SCIM errors (RFC 7644, 3.12).

use crate::json;
use std::fmt;

pub(super) type Result<T> = std::result::Result<T, Problem>;

/// Schema of the document of an error.
const ERROR_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// Characters of a text of a client that a detail shows.
const SHOWN_CHARS_MAX: usize = 120;

/// The reason for an error response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) status: u16,
    pub(super) scim_type: Option<ScimType>,
    /// One sentence for the client.
    pub(super) detail: String,
}

/// The keyword of an error (RFC 7644, table 9; RFC 9865, 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScimType {
    InvalidFilter,
    TooMany,
    Uniqueness,
    Mutability,
    InvalidSyntax,
    InvalidPath,
    NoTarget,
    InvalidValue,
    InvalidVersion,
    Sensitive,
    InvalidCursor,
    ExpiredCursor,
    InvalidCount,
}

impl ScimType {
    /// The keyword.
    pub(super) fn keyword(self) -> &'static str {
        match self {
            ScimType::InvalidFilter => "invalidFilter",
            ScimType::TooMany => "tooMany",
            ScimType::Uniqueness => "uniqueness",
            ScimType::Mutability => "mutability",
            ScimType::InvalidSyntax => "invalidSyntax",
            ScimType::InvalidPath => "invalidPath",
            ScimType::NoTarget => "noTarget",
            ScimType::InvalidValue => "invalidValue",
            ScimType::InvalidVersion => "invalidVers",
            ScimType::Sensitive => "sensitive",
            ScimType::InvalidCursor => "invalidCursor",
            ScimType::ExpiredCursor => "expiredCursor",
            ScimType::InvalidCount => "invalidCount",
        }
    }

    fn status(self) -> u16 {
        if self == ScimType::Uniqueness { 409 } else { 400 }
    }
}

impl Problem {
    /// An error with a keyword, which decides the status.
    pub(super) fn new(scim_type: ScimType, detail: impl Into<String>) -> Problem {
        Problem { status: scim_type.status(), scim_type: Some(scim_type), detail: detail.into() }
    }

    /// An error of a status that has no keyword.
    pub(super) fn of_status(status: u16, detail: impl Into<String>) -> Problem {
        Problem { status, scim_type: None, detail: detail.into() }
    }

    /// The document of the error, as JSON.
    pub(super) fn document(&self) -> Vec<u8> {
        #[derive(serde::Serialize)]
        struct Document<'p> {
            schemas: [&'static str; 1],
            status: String,
            #[serde(rename = "scimType", skip_serializing_if = "Option::is_none")]
            scim_type: Option<&'static str>,
            detail: &'p str,
        }
        json::to_vec(&Document {
            schemas: [ERROR_SCHEMA],
            // RFC 7644 writes the status as a text.
            status: self.status.to_string(),
            scim_type: self.scim_type.map(ScimType::keyword),
            detail: &self.detail,
        })
    }
}

/// A text of a client for a detail: shortened, and without control characters.
pub(super) fn shown(text: &str) -> Shown<'_> {
    Shown(text)
}

pub(super) struct Shown<'t>(&'t str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut characters = self.0.chars();
        for c in characters.by_ref().take(SHOWN_CHARS_MAX) {
            write!(f, "{}", if c.is_control() { ' ' } else { c })?;
        }
        if characters.next().is_some() { f.write_str("…") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_has_the_status_as_text_and_the_keyword_if_there_is_one() {
        let text = |problem: Problem| String::from_utf8(problem.document()).unwrap();
        assert_eq!(
            text(Problem::new(ScimType::InvalidFilter, "no \"filter\"")),
            r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400","scimType":"invalidFilter","detail":"no \"filter\""}"#
        );
        assert_eq!(
            text(Problem::of_status(404, "user does not exist")),
            r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404","detail":"user does not exist"}"#
        );
        assert_eq!(Problem::new(ScimType::Uniqueness, "").status, 409);
        assert_eq!(Problem::new(ScimType::ExpiredCursor, "").status, 400);
    }

    #[test]
    fn a_shown_text_is_short_and_has_no_control_characters() {
        assert_eq!(shown("a\nb").to_string(), "a b");
        assert_eq!(shown(&"ä".repeat(121)).to_string(), format!("{}…", "ä".repeat(120)));
    }
}
