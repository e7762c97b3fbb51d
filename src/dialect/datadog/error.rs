//! Every status and text of a refusal.

use crate::dialect::{BadBody, refused};
use crate::http::{InvalidPercentEncoding, Method, Refusal, Response};
use crate::model::{EntityKind, Error};
use serde_json::json;

pub(super) type Result<T> = std::result::Result<T, Problem>;

/// Why a request is not answered with what it asked for.
pub(super) enum Problem {
    Directory(Error),
    UnknownPath,
    /// A path of the API's second version, and the path below which the first one is.
    LaterVersion {
        place: String,
    },
    UnknownMethod(&'static [Method]),
    ApiKeyRequired,
    ApplicationKeyRequired,
    BadQuery,
    Body(BadBody),
    /// A parameter that has to be there.
    Missing(&'static str),
    /// A parameter, and what it should be.
    Format(&'static str, &'static str),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        Problem::Directory(error)
    }
}

impl From<BadBody> for Problem {
    fn from(body: BadBody) -> Problem {
        Problem::Body(body)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        Problem::Body(BadBody::Refused(refusal))
    }
}

impl From<InvalidPercentEncoding> for Problem {
    fn from(_: InvalidPercentEncoding) -> Problem {
        Problem::BadQuery
    }
}

/// The answer to a problem. The statuses are those for which clients have types: never 401, never 422, and 400
/// where others would say 409 on a change.
pub(super) fn answer(problem: Problem) -> Response {
    match problem {
        Problem::Directory(error) => answer_error(error),
        Problem::UnknownPath => refuse(404, "Not found"),
        Problem::LaterVersion { place } => refuse(
            404,
            &format!(
                "Not found: of this API only version 1 is served here: {place}/api/v1/user, {place}/api/v1/validate \
                 and {place}/api/v1/invite_users"
            ),
        ),
        Problem::UnknownMethod(methods) => {
            refuse(405, "Method not allowed").with_header("Allow", &crate::dialect::allowed(methods))
        }
        Problem::ApiKeyRequired => refuse(403, "API key required"),
        Problem::ApplicationKeyRequired => refuse(403, "Application key required"),
        Problem::BadQuery => refuse(400, "The query is not percent-encoded UTF-8"),
        Problem::Body(BadBody::NoJson(place)) => refuse(400, &format!("Request body is not valid JSON: {place}")),
        Problem::Body(BadBody::NoObject) => refuse(400, "Request body is not a JSON object"),
        Problem::Body(BadBody::Refused(refusal)) => refused(refuse, refusal),
        Problem::Missing(name) => refuse(400, &format!("Required parameter '{name}' is missing")),
        Problem::Format(name, format) => refuse(400, &format!("Format of '{name}' should be {format}")),
    }
}

fn answer_error(error: Error) -> Response {
    match error {
        // Wrong keys and missing rights look alike, as with the vendor.
        Error::Unauthenticated | Error::WrongPassword | Error::Forbidden(_) => {
            Response::json(403, &Forbidden { status: "error", code: 403, errors: ["Forbidden"] })
        }
        Error::TooManyAttempts => refuse(429, "Too many requests").with_header("Retry-After", "1"),
        Error::NotFound(EntityKind::User, _) => refuse(404, "user not found"),
        Error::NotFound(EntityKind::Group, _) => refuse(404, "group not found"),
        Error::Exists(EntityKind::User, _) => refuse(409, "User with this handle already exists"),
        Error::Exists(EntityKind::Group, _) => refuse(409, "Group with this name already exists"),
        Error::AlreadyDisabled => refuse(400, "User is already disabled"),
        Error::CursorExpired(why) => refuse(410, &why),
        Error::PreconditionFailed => refuse(412, "Precondition failed"),
        error @ Error::TooManyNames(_) => refuse(413, &error.to_string()),
        error @ (Error::LastAdministrator
        | Error::Protected(_)
        | Error::InheritedAdministrator(_)
        | Error::UnknownGroups(_)
        | Error::Invalid(_)) => refuse(400, &error.to_string()),
        Error::Unavailable(why) => {
            log::warn!("answered as unavailable: {why}");
            refuse(503, "Service unavailable").with_header("Retry-After", "1")
        }
        Error::Internal(cause) => {
            log::error!("{cause:#}");
            refuse(500, "Internal server error")
        }
    }
}

/// The vendor's document for wrong keys has two keys more than the others.
#[derive(serde::Serialize)]
struct Forbidden {
    status: &'static str,
    code: u16,
    errors: [&'static str; 1],
}

/// The document of a refusal.
pub(crate) fn refuse(status: u16, message: &str) -> Response {
    Response::json(status, &json!({ "errors": [message] }))
}
