//! The statuses and texts of errors.

use crate::dialect::plain::{self, log_cause};
use crate::dialect::problem::CommonProblem;
use crate::dialect::request_body::InvalidBody;
use crate::http::Response;
use crate::model::{EntityKind, Error};
use serde_json::json;

pub(super) type Result<T> = std::result::Result<T, Problem>;

/// The reason for an error response.
pub(super) enum Problem {
    Common(CommonProblem),
    UnknownPath,
    /// A path of the API's second version. Holds the prefix of the dialect.
    LaterVersion {
        prefix: String,
    },
    ApiKeyRequired,
    ApplicationKeyRequired,
    Body(InvalidBody),
    /// A required parameter is missing.
    Missing(&'static str),
    /// A parameter and its format.
    Format(&'static str, &'static str),
}

impl<P: Into<CommonProblem>> From<P> for Problem {
    fn from(problem: P) -> Problem {
        Problem::Common(problem.into())
    }
}

impl From<InvalidBody> for Problem {
    fn from(body: InvalidBody) -> Problem {
        Problem::Body(body)
    }
}

impl Problem {
    /// The error response. The statuses are those for which clients have types: never 401, never 422, and 400 where
    /// other interfaces answer a change with 409.
    pub(super) fn into_response(self) -> Response {
        match self {
            Problem::Common(problem) => common_response(problem),
            Problem::UnknownPath => error_document(404, "Not found"),
            Problem::LaterVersion { prefix } => error_document(
                404,
                &format!(
                    "Not found: of this API only version 1 is served here: {prefix}/api/v1/user, {prefix}/api/v1/validate \
                 and {prefix}/api/v1/invite_users"
                ),
            ),
            Problem::ApiKeyRequired => error_document(403, "API key required"),
            Problem::ApplicationKeyRequired => error_document(403, "Application key required"),
            Problem::Body(InvalidBody::NotJson(place)) => {
                error_document(400, &format!("Request body is not valid JSON: {place}"))
            }
            Problem::Body(InvalidBody::NotAnObject) => error_document(400, "Request body is not a JSON object"),
            Problem::Body(InvalidBody::Refused(refusal)) => plain::refusal(error_document, refusal),
            Problem::Missing(name) => error_document(400, &format!("Required parameter '{name}' is missing")),
            Problem::Format(name, format) => error_document(400, &format!("Format of '{name}' should be {format}")),
        }
    }
}

fn common_response(problem: CommonProblem) -> Response {
    match problem {
        CommonProblem::Directory(error) => error_response(&error),
        CommonProblem::UnknownMethod(unknown) => {
            plain::method_not_allowed(error_document(405, "Method not allowed"), &unknown)
        }
        CommonProblem::InvalidQuery => error_document(400, "The query is not percent-encoded UTF-8"),
        CommonProblem::Refused(refusal) => plain::refusal(error_document, refusal),
    }
}

fn error_response(error: &Error) -> Response {
    match error {
        // Wrong keys and missing rights look alike, as with the vendor.
        Error::Unauthenticated | Error::WrongPassword | Error::Forbidden(_) => {
            Response::json(403, &Forbidden { status: "error", code: 403, errors: ["Forbidden"] })
        }
        Error::TooManyAttempts => error_document(429, "Too many requests").with_header("Retry-After", "1"),
        Error::NotFound(EntityKind::User, _) => error_document(404, "user not found"),
        Error::NotFound(EntityKind::Group, _) => error_document(404, "group not found"),
        Error::Exists(EntityKind::User, _) => error_document(409, "User with this handle already exists"),
        Error::Exists(EntityKind::Group, _) => error_document(409, "Group with this name already exists"),
        Error::AlreadyDisabled => error_document(400, "User is already disabled"),
        Error::CursorExpired(why) => error_document(410, why),
        Error::PreconditionFailed => error_document(412, "Precondition failed"),
        Error::TooManyNames(_) => error_document(413, &error.to_string()),
        Error::LastAdministrator
        | Error::Protected(_)
        | Error::InheritedAdministrator(_)
        | Error::UnknownGroups(_)
        | Error::UsernameRequired
        | Error::PasswordRequired
        | Error::OtherUser { .. }
        | Error::Invalid(_) => error_document(400, &error.to_string()),
        Error::Unavailable(_) => {
            log_cause(error);
            error_document(503, "Service unavailable").with_header("Retry-After", "1")
        }
        Error::Internal(_) => {
            log_cause(error);
            error_document(500, "Internal server error")
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

/// The document of an error.
pub(super) fn error_document(status: u16, message: &str) -> Response {
    Response::json(status, &json!({ "errors": [message] }))
}
