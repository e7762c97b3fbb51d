//! Every status and text of a refusal.

use crate::dialect::refused;
use crate::http::{InvalidPercentEncoding, Method, Refusal, Response};
use crate::model::Error;
use serde_json::json;

pub(super) type Result<T> = std::result::Result<T, Problem>;

/// Why a request is not answered with what it asked for.
pub(super) enum Problem {
    Directory(Error),
    UnknownPath,
    UnknownMethod(&'static [Method]),
    BadQuery,
    /// At the level of HTTP.
    Refused(Refusal),
    /// A parameter, and what it should be.
    Format(&'static str, &'static str),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        Problem::Directory(error)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        Problem::Refused(refusal)
    }
}

impl From<InvalidPercentEncoding> for Problem {
    fn from(_: InvalidPercentEncoding) -> Problem {
        Problem::BadQuery
    }
}

/// The answer to a problem.
pub(super) fn answer(problem: Problem) -> Response {
    match problem {
        Problem::Directory(error) => answer_error(error),
        Problem::UnknownPath => refuse(404, "there is nothing at this path"),
        Problem::UnknownMethod(methods) => {
            refuse(405, "the path does not have this method").with_header("Allow", &crate::dialect::allowed(methods))
        }
        Problem::BadQuery => refuse(400, "the query is not percent-encoded UTF-8"),
        Problem::Refused(refusal) => refused(refuse, refusal),
        Problem::Format(name, format) => refuse(400, &format!("{name} is not {format}")),
    }
}

fn answer_error(error: Error) -> Response {
    match error {
        Error::Unauthenticated => refuse(401, "not authenticated")
            .with_header("WWW-Authenticate", "Basic realm=\"Rollbook\", Bearer realm=\"Rollbook\""),
        Error::TooManyAttempts => refuse(429, "too many wrong passwords").with_header("Retry-After", "1"),
        error @ (Error::WrongPassword | Error::Forbidden(_)) => refuse(403, &error.to_string()),
        error @ (Error::NotFound(..) | Error::UnknownGroups(_)) => refuse(404, &error.to_string()),
        error @ (Error::Exists(..)
        | Error::LastAdministrator
        | Error::Protected(_)
        | Error::InheritedAdministrator(_)
        | Error::AlreadyDisabled) => refuse(409, &error.to_string()),
        Error::CursorExpired(why) => refuse(410, &why),
        Error::PreconditionFailed => refuse(412, &error.to_string()),
        error @ Error::TooManyNames(_) => refuse(413, &error.to_string()),
        Error::Invalid(why) => refuse(400, &why),
        Error::Unavailable(why) => {
            log::warn!("answered as unavailable: {why}");
            refuse(503, "unavailable: try again").with_header("Retry-After", "1")
        }
        Error::Internal(cause) => {
            log::error!("{cause:#}");
            refuse(500, "internal error")
        }
    }
}

/// The document of a refusal.
pub(crate) fn refuse(status: u16, message: &str) -> Response {
    Response::json(status, &json!({ "error": message }))
}
