//! Rules for texts.

use super::{Error, Result};

/// Longest value of a text field, in characters.
const FIELD_CHARS_MAX: usize = 1024;
/// Longest e-mail address, in bytes (RFC 5321, 4.5.3.1.3).
const EMAIL_BYTES_MAX: usize = 254;

/// Refuses the characters that no text of ours may hold: NUL, which ends a text in much software, and for
/// names and one-line fields every other control character, and code points that are no characters.
pub fn check_text(what: &str, text: &str) -> Result<()> {
    match text.chars().find(|c| c.is_control() || is_noncharacter(*c)) {
        Some(c) => Err(Error::Invalid(format!("{what} contains the control character U+{:04X}", u32::from(c)))),
        None => Ok(()),
    }
}

/// Code points that Unicode keeps out of text for good (Unicode 23.7). Searches use the last one as "after all".
fn is_noncharacter(c: char) -> bool {
    u32::from(c) & 0xfffe == 0xfffe || ('\u{fdd0}'..='\u{fdef}').contains(&c)
}

/// Refuses a text of more than `max` characters.
pub fn check_length(what: &str, text: &str, max: usize) -> Result<()> {
    if text.len() > max && text.chars().count() > max {
        return Err(Error::Invalid(format!("{what} is longer than {max} characters")));
    }
    Ok(())
}

/// Refuses a text that no text field of a user can hold.
pub(super) fn check_field(what: &str, text: &str) -> Result<()> {
    check_text(what, text)?;
    check_length(what, text, FIELD_CHARS_MAX)
}

/// Refuses a text that cannot be the external id of a user or group.
pub(super) fn check_external_id(id: &str) -> Result<()> {
    check_field("external id", id)
}

/// Milliseconds since 1970-01-01 UTC as a time (RFC 3339), in UTC.
pub fn timestamp(milliseconds: i64) -> String {
    format!("{:.3}", jiff::Timestamp::from_millisecond(milliseconds).unwrap_or_default())
}

/// True if the text has the shape of an e-mail address: one `@`, a local part without spaces, a domain of
/// at least two labels. Addresses are only told from other text, not proved to exist.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let odd = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || is_noncharacter(c)
            || matches!(c, '"' | '(' | ')' | ',' | ':' | ';' | '<' | '>' | '[' | ']' | '\\' | '@')
    };
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    text.len() <= EMAIL_BYTES_MAX
        && !local.is_empty()
        && local.len() <= 64 + EMAIL_BYTES_MAX / 2
        && !local.contains(odd)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && domain.contains('.')
        && domain.split('.').all(label)
}
