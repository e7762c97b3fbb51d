//! Basic credentials (RFC 7617).

use base64::prelude::{BASE64_STANDARD, Engine as _};

/// User and password of Basic credentials: UTF-8, split at the first colon.
pub(super) fn decode_basic(credentials: &str) -> Option<(String, String)> {
    let text = String::from_utf8(BASE64_STANDARD.decode(credentials).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// Scheme and credentials of an `Authorization` field.
pub(super) fn split_authorization(field: &str) -> (&str, &str) {
    let (scheme, credentials) = field.split_once(' ').unwrap_or((field, ""));
    (scheme, credentials.trim())
}
