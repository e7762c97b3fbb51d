//! Discovery (RFC 7644, 4): the features of the server, and the schemas of its resources. No
//! credentials are needed.

use super::auth;
use super::cursor::LIFETIME_SECONDS;
use super::failure::Result;
use super::list::{ENTRIES_MAX, LIST_SCHEMA};
use super::location::Locations;
use super::problem::Problem;
use super::response;
use super::schema::{RESOURCE_TYPES, SCHEMAS};
use crate::dialect::call::Call;
use crate::http::Response;
use crate::json::{self, JsonText};
use serde_json::json;

/// Operations of one bulk request.
pub(super) const BULK_OPERATIONS_MAX: usize = 10_000;

/// `GET /ServiceProviderConfig`
pub(super) fn configuration(call: &mut Call<'_>) -> Result<Response> {
    refuse_filter(call)?;
    let scheme = |kind: &str, name: &str, description: &str, specification: &str, primary: bool| {
        json!({
            "type": kind, "name": name, "description": description, "specUri": specification, "primary": primary,
        })
    };
    let mut document = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": {
            "supported": true,
            "maxOperations": BULK_OPERATIONS_MAX,
            "maxPayloadSize": call.context.scim.body_bytes_max,
        },
        "filter": { "supported": true, "maxResults": ENTRIES_MAX },
        "changePassword": { "supported": true },
        "sort": { "supported": true },
        "etag": { "supported": true },
        "authenticationSchemes": [
            scheme(
                "oauthbearertoken",
                "Bearer",
                "An application key, or the token of a user",
                "https://www.rfc-editor.org/info/rfc6750",
                true,
            ),
            scheme(
                "httpbasic",
                "Basic",
                "The login and the password of a user",
                "https://www.rfc-editor.org/info/rfc7617",
                false,
            ),
        ],
        "pagination": {
            "cursor": true,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": ENTRIES_MAX,
            "maxPageSize": ENTRIES_MAX,
            "cursorTimeout": LIFETIME_SECONDS,
        },
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": Locations::of(call, auth::NAME).endpoint("/ServiceProviderConfig"),
        },
    });
    if refuses_unknown_features(call) {
        document.as_object_mut().map(|features| features.remove("pagination"));
    }
    Ok(response::document(200, json::to_vec(&document)))
}

/// True for the library scim2-client before 0.10, which Canaille has: it refuses a configuration with `pagination` (RFC 9865).
/// Its requests have the fields of its HTTP library and no others, and credentials, which discovery does not need. Later
/// versions name the media type of SCIM in `Accept`.
fn refuses_unknown_features(call: &Call<'_>) -> bool {
    let field = |name: &str| call.request.header(name).unwrap_or_default();
    field("User-Agent").starts_with("python-httpx/") && field("Accept") == "*/*" && !field("Authorization").is_empty()
}

/// `GET /ResourceTypes`
pub(super) fn resource_types(call: &mut Call<'_>) -> Result<Response> {
    refuse_filter(call)?;
    let base = base(call);
    Ok(list(RESOURCE_TYPES.iter().map(|resource_type| resource_type.document(&base))))
}

/// `GET /ResourceTypes/{name}`
pub(super) fn resource_type(call: &mut Call<'_>) -> Result<Response> {
    let name = call.parameter("name");
    let found = RESOURCE_TYPES.iter().find(|known| known.name.eq_ignore_ascii_case(name));
    let found = found.ok_or_else(|| Problem::of_status(404, "there is no resource type of this name"))?;
    Ok(response::document(200, found.document(&base(call)).into_string()))
}

/// `GET /Schemas`
pub(super) fn schemas(call: &mut Call<'_>) -> Result<Response> {
    refuse_filter(call)?;
    let base = base(call);
    Ok(list(SCHEMAS.iter().map(|schema| schema.document(&base))))
}

/// `GET /Schemas/{urn}`
pub(super) fn schema(call: &mut Call<'_>) -> Result<Response> {
    let urn = call.parameter("urn");
    let found = SCHEMAS.iter().find(|known| known.urn.eq_ignore_ascii_case(urn));
    let found = found.ok_or_else(|| Problem::of_status(404, "there is no schema with this URN"))?;
    Ok(response::document(200, found.document(&base(call)).into_string()))
}

fn base(call: &Call<'_>) -> String {
    Locations::of(call, auth::NAME).endpoint("")
}

/// Refuses filters, which these endpoints do not have (RFC 7644, 4).
fn refuse_filter(call: &Call<'_>) -> Result<()> {
    match call.request.parameters()?.get_in_any_case("filter") {
        Some(_) => Err(Problem::of_status(403, "this endpoint has no filters").into()),
        None => Ok(()),
    }
}

fn list(documents: impl Iterator<Item = JsonText>) -> Response {
    let texts: Vec<String> = documents.map(JsonText::into_string).collect();
    let count = texts.len();
    let text = format!(
        "{{\"schemas\":[\"{LIST_SCHEMA}\"],\"totalResults\":{count},\"itemsPerPage\":{count},\"startIndex\":1,\
         \"Resources\":[{}]}}",
        texts.join(",")
    );
    response::document(200, text)
}
