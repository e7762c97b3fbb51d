//! The tokens of a filter.

use crate::dialect::scim::problem::{Problem, Result, ScimType};
use crate::json::Json;

/// A token and its position in the text, in bytes.
pub(super) struct Token<'t> {
    pub(super) at: usize,
    pub(super) kind: TokenKind<'t>,
}

pub(super) enum TokenKind<'t> {
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    /// A text in quotes, without them.
    Text(String),
    /// A path, an operator, a keyword or a value without quotes.
    Word(&'t str),
}

/// Splits a filter into its tokens.
///
/// # Errors
/// `invalidFilter` when a text in quotes is not a JSON text.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let (kind, length) = match first {
            c if c.is_whitespace() => {
                at += c.len_utf8();
                continue;
            }
            '(' => (TokenKind::Open, 1),
            ')' => (TokenKind::Close, 1),
            '[' => (TokenKind::OpenBracket, 1),
            ']' => (TokenKind::CloseBracket, 1),
            '"' => {
                let length = quoted_length(&text[at..]);
                match length.and_then(|length| Json::parse(&text.as_bytes()[at..at + length]).ok()) {
                    Some(Json::String(value)) => (TokenKind::Text(value), length.unwrap_or(1)),
                    _ => {
                        return Err(Problem::new(
                            ScimType::InvalidFilter,
                            format!("the text in quotes at position {} of the filter is not a JSON text", at + 1),
                        ));
                    }
                }
            }
            _ => {
                let rest = &text[at..];
                let ends = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']' | '"');
                let length = rest.find(ends).unwrap_or(rest.len());
                (TokenKind::Word(&rest[..length]), length)
            }
        };
        tokens.push(Token { at, kind });
        at += length;
    }
    Ok(tokens)
}

/// The length of the text in quotes that `text` begins with, quotes included.
pub(in crate::dialect::scim) fn quoted_length(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    })?;
    Some(end + 2)
}
