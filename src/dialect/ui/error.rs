//! Every status and text of a refusal.

use crate::dialect::{BadBody, allowed, refused};
use crate::http::{InvalidPercentEncoding, Method, Refusal, Response};
use crate::model::Error;
use serde_json::json;

pub(super) type Result<T> = std::result::Result<T, Problem>;

/// Why a request is not answered with what it asked for.
pub(super) enum Problem {
    Directory(Error),
    /// Of somebody who signs in.
    WrongCredentials,
    /// The page of another site asks, or no page at all.
    ForeignPage,
    UnknownPath,
    UnknownMethod(&'static [Method]),
    UnknownField(String),
    BadQuery,
    BadBody(String),
    /// At the level of HTTP.
    Refused(Refusal),
    /// A field, and what it should be.
    Format(&'static str, &'static str),
    /// A field, and the words that it can be.
    NeitherOf(&'static str, &'static str, &'static str),
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

impl From<BadBody> for Problem {
    fn from(body: BadBody) -> Problem {
        match body {
            BadBody::NoJson(why) => Problem::BadBody(format!("it is no JSON: {why}")),
            BadBody::NoObject => Problem::BadBody("it is no JSON object".to_owned()),
            BadBody::Refused(refusal) => Problem::Refused(refusal),
        }
    }
}

/// The answer to a problem.
pub(super) fn answer(problem: Problem) -> Response {
    match problem {
        Problem::Directory(error) => answer_error(error),
        Problem::WrongCredentials => refuse(401, "the user name or the password is wrong"),
        Problem::ForeignPage => refuse(403, "only the page of this server is answered here"),
        Problem::UnknownPath => refuse(404, "there is nothing at this path"),
        Problem::UnknownMethod(methods) => {
            refuse(405, "the path does not have this method").with_header("Allow", &allowed(methods))
        }
        Problem::UnknownField(name) => refuse(400, &format!("there is no field {name} here")),
        Problem::BadQuery => refuse(400, "the query is not percent-encoded UTF-8"),
        Problem::BadBody(why) => refuse(400, &format!("the body cannot be read: {why}")),
        Problem::Refused(refusal) => refused(refuse, refusal),
        Problem::Format(name, format) => refuse(400, &format!("{name} is not {format}")),
        Problem::NeitherOf(name, one, other) => refuse(400, &format!("{name} is neither {one} nor {other}")),
    }
}

fn answer_error(error: Error) -> Response {
    match error {
        // Without a challenge: a browser would ask for a password by itself.
        Error::Unauthenticated => refuse(401, "not signed in"),
        Error::WrongPassword => refuse(403, "the old password is wrong"),
        Error::TooManyAttempts => refuse(429, "too many wrong passwords").with_header("Retry-After", "1"),
        error @ Error::Forbidden(_) => refuse(403, &error.to_string()),
        error @ (Error::NotFound(..) | Error::UnknownGroups(_)) => refuse(404, &error.to_string()),
        error @ (Error::Exists(..)
        | Error::LastAdministrator
        | Error::Protected(_)
        | Error::InheritedAdministrator(_)
        | Error::AlreadyDisabled) => refuse(409, &error.to_string()),
        Error::CursorExpired(why) => refuse(410, &why),
        Error::PreconditionFailed => refuse(412, "somebody has changed it meanwhile"),
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
