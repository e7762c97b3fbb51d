//! Answers that dialects share: the statuses of errors, their causes in the log, and error documents in JSON and in text.

use super::problem::CommonProblem;
use super::route::UnknownMethod;
use crate::http::{Refusal, Response};
use crate::model::Error;
use serde_json::json;

/// The status of an error, in the dialects that no other server prescribes.
pub(super) fn status(error: &Error) -> u16 {
    match error {
        Error::UsernameRequired | Error::PasswordRequired | Error::OtherUser { .. } | Error::Invalid(_) => 400,
        Error::Unauthenticated => 401,
        Error::WrongPassword | Error::Forbidden(_) => 403,
        Error::NotFound(..) | Error::UnknownGroups(_) => 404,
        Error::Exists(..)
        | Error::LastAdministrator
        | Error::Protected(_)
        | Error::InheritedAdministrator(_)
        | Error::AlreadyDisabled => 409,
        Error::CursorExpired(_) => 410,
        Error::PreconditionFailed => 412,
        Error::TooManyNames(_) => 413,
        Error::TooManyAttempts => 429,
        Error::Internal(_) => 500,
        Error::Unavailable(_) => 503,
    }
}

/// Writes the cause of an error to the log, where the client is not told it.
pub(super) fn log_cause(error: &Error) {
    match error {
        Error::Unavailable(cause) => log::warn!("answered as unavailable: {cause}"),
        Error::Internal(cause) => log::error!("{cause:#}"),
        _ => {}
    }
}

/// The answer to an error, as a document of [`error_document`].
fn error_response(error: &Error) -> Response {
    log_cause(error);
    let status = status(error);
    let message = match error {
        Error::Unavailable(_) => "unavailable: try again".to_owned(),
        error => error.to_string(),
    };
    let response = error_document(status, &message);
    if matches!(status, 429 | 503) { response.with_header("Retry-After", "1") } else { response }
}

/// The answer to a problem, as a document of [`error_document`].
pub(super) fn problem_response(problem: CommonProblem) -> Response {
    match problem {
        CommonProblem::Directory(error) => error_response(&error),
        CommonProblem::UnknownMethod(unknown) => {
            method_not_allowed(error_document(405, "the path does not have this method"), &unknown)
        }
        CommonProblem::InvalidQuery => error_document(400, "the query is not percent-encoded UTF-8"),
        CommonProblem::Refused(refused) => refusal(error_document, refused),
    }
}

/// An error in Rollbook's own interfaces.
pub(super) fn error_document(status: u16, message: &str) -> Response {
    Response::json(status, &json!({ "error": message }))
}

/// An error at a path that belongs to no dialect.
pub(super) fn unmounted(status: u16, message: &str) -> Response {
    Response::json(status, &json!({ "errors": [message] }))
}

/// An error as a line of text.
pub(super) fn error_text(status: u16, message: &str) -> Response {
    Response::text(status, format!("{message}\n"))
}

/// The answer to a method that the path does not have; `document` is that of the status and the message.
pub(super) fn method_not_allowed(document: Response, UnknownMethod(allow): &UnknownMethod) -> Response {
    document.with_header("Allow", allow)
}

/// The answer to a request that is refused at the level of HTTP, in the document of a dialect.
pub(super) fn refusal(document: fn(u16, &str) -> Response, Refusal(status, message): Refusal) -> Response {
    let response = document(status, message);
    if status == 503 { response.with_header("Retry-After", "1") } else { response }
}
