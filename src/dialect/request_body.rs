//! Bodies of requests as JSON objects.

use crate::http::{Refusal, Request};
use crate::json::{self, Json, Object};

/// Bodies up to this length are decoded without an estimate of the memory for their values.
const SMALL_BODY_BYTES: usize = 4096;
/// Estimates up to this size are not reserved.
const SMALL_VALUES_BYTES: usize = 16 * 1024;

/// Why a body is not a JSON object.
pub(super) enum InvalidBody {
    /// The message says where the text stops being JSON.
    NotJson(String),
    NotAnObject,
    /// There is no memory for its values.
    Refused(Refusal),
}

/// The body as a JSON object, whatever its `Content-Type`. `None` for an empty body.
///
/// # Errors
/// When it is not a JSON object, or there is no memory for its values.
pub(super) fn json_object(request: &Request<'_>) -> Result<Option<Object>, InvalidBody> {
    let body = request.body();
    let values = if body.len() > SMALL_BODY_BYTES { json::memory_of(body) } else { 0 };
    if values > SMALL_VALUES_BYTES {
        request.reserve(values).map_err(InvalidBody::Refused)?;
    }
    // Some editors and shells put a byte order mark before UTF-8 text.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if body.trim_ascii().is_empty() {
        return Ok(None);
    }
    match Json::parse(body) {
        Ok(Json::Object(object)) => Ok(Some(object)),
        Ok(_) => Err(InvalidBody::NotAnObject),
        Err(error) => Err(InvalidBody::NotJson(error.to_string())),
    }
}
