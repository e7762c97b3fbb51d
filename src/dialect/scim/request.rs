//! Bodies of requests, and their choice of attributes.

use super::failure::Result;
use super::problem::{Problem, ScimType, shown};
use super::projection::Projection;
use super::schema::ResourceType;
use crate::dialect::call::Call;
use crate::http::Request;
use crate::json::{self, Json};
use std::collections::HashSet;

/// Bodies up to this length are decoded without an estimate of the memory for their values.
const SMALL_BODY_BYTES: usize = 4096;

/// The body as JSON.
///
/// # Errors
/// Status 415 for another media type; `invalidSyntax` for a body that is empty or no JSON; a refusal for want of memory.
pub(super) fn body(request: &Request<'_>) -> Result<Json> {
    require_json(request)?;
    let body = request.body();
    if body.len() > SMALL_BODY_BYTES {
        request.reserve(json::memory_of(body))?;
    }
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if body.trim_ascii().is_empty() {
        return Err(Problem::new(ScimType::InvalidSyntax, "the body is empty").into());
    }
    let syntax = |detail: String| Problem::new(ScimType::InvalidSyntax, detail);
    let parsed = Json::parse_without_repetition(body);
    let parsed = parsed.map_err(|error| syntax(format!("the body is not valid JSON: {error}")))?;
    match repeated_name(&parsed) {
        Some(name) => Err(syntax(format!("the body has the name {} twice in one object", shown(name))).into()),
        None => Ok(parsed),
    }
}

/// A name that an object has twice, in two spellings. The depth of a body is limited, so that the recursion is too.
fn repeated_name(value: &Json) -> Option<&str> {
    match value {
        Json::Object(members) => {
            let mut known = HashSet::with_capacity(members.len());
            let repeated = members.keys().find(|name| !known.insert(name.to_ascii_lowercase()));
            repeated.map(String::as_str).or_else(|| members.values().find_map(repeated_name))
        }
        Json::Array(items) => items.iter().find_map(repeated_name),
        _ => None,
    }
}

/// Refuses media types other than those of JSON. A request without one is taken for JSON.
fn require_json(request: &Request<'_>) -> Result<()> {
    let Some(media_type) = request.header("Content-Type") else { return Ok(()) };
    let name = media_type.split(';').next().unwrap_or_default().trim();
    let is_json = ["application/scim+json", "application/json"].iter().any(|known| known.eq_ignore_ascii_case(name));
    if is_json || name.is_empty() {
        return Ok(());
    }
    let detail = "the body has to be application/scim+json or application/json";
    Err(Problem::of_status(415, detail).into())
}

/// The attributes that the query of a request wants to see.
///
/// # Errors
/// `invalidValue` when it names attributes to show and to leave out.
pub(super) fn projection(call: &Call<'_>, resource_type: &'static ResourceType) -> Result<Projection> {
    let query = call.request.parameters()?;
    let (shown, excluded) = (query.get_in_any_case("attributes"), query.get_in_any_case("excludedAttributes"));
    Ok(Projection::of_query(shown, excluded, resource_type)?)
}
