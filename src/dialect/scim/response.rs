//! Responses of this dialect.

use super::problem::Problem;
use super::projection::Projection;
use super::schema::ResourceType;
use crate::dialect::preconditions::weak_tag;
use crate::http::{Request, Response};
use crate::json::{Json, Object};

/// The media type of all documents (RFC 7644, 8.1).
pub(super) const SCIM_JSON: &str = "application/scim+json";
/// The media type for clients that accept no other.
pub(super) const JSON: &str = "application/json";

/// The response to a problem.
pub(super) fn problem(problem: Problem) -> Response {
    Response::bytes(problem.status, SCIM_JSON, problem.document())
}

/// A document.
pub(super) fn document(status: u16, body: impl Into<Vec<u8>>) -> Response {
    Response::bytes(status, SCIM_JSON, body.into())
}

/// True if the client accepts `application/json` and not the media type of SCIM.
pub(super) fn wants_plain_json(request: &Request<'_>) -> bool {
    let takes_any =
        request.header_values("Accept").any(|types| types.contains("*/*") || types.contains("application/*"));
    request.takes(JSON) && !request.takes(SCIM_JSON) && !takes_any
}

/// The text of a resource, with its schemas, reduced to what the request wants to see.
pub(super) fn resource_text(mut document: Object, projection: &Projection, resource_type: &ResourceType) -> String {
    projection.apply(&mut document);
    let present = resource_type.extensions.iter().map(|schema| schema.urn).filter(|urn| document.contains_key(*urn));
    let schemas = std::iter::once(resource_type.schema.urn).chain(present);
    let schemas = Json::Array(schemas.map(|urn| Json::String(urn.to_owned())).collect());
    document.insert("schemas".to_owned(), schemas);
    Json::Object(document).to_string()
}

/// Adds the address and the tag of a resource.
pub(super) fn with_identity(response: Response, status: u16, location: &str, state: u64) -> Response {
    let response = response.with_header("ETag", &weak_tag(state));
    if status == 201 { response.with_header("Location", location) } else { response }
}
