//! The statuses and texts of errors.

use crate::dialect::plain::{self, error_document, error_response};
use crate::dialect::route::UnknownMethod;
use crate::http::{InvalidPercentEncoding, Refusal, Response};
use crate::model::Error;

pub(super) type Result<T> = std::result::Result<T, Problem>;

/// The reason for an error response.
pub(super) enum Problem {
    Directory(Error),
    UnknownPath,
    UnknownMethod(UnknownMethod),
    InvalidQuery,
    /// At the level of HTTP.
    Refused(Refusal),
    /// A parameter and its format.
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

impl From<UnknownMethod> for Problem {
    fn from(method: UnknownMethod) -> Problem {
        Problem::UnknownMethod(method)
    }
}

impl From<InvalidPercentEncoding> for Problem {
    fn from(_: InvalidPercentEncoding) -> Problem {
        Problem::InvalidQuery
    }
}

impl Problem {
    /// The error response.
    pub(super) fn into_response(self) -> Response {
        match self {
            Problem::Directory(error @ Error::Unauthenticated) => error_response(&error)
                .with_header("WWW-Authenticate", "Basic realm=\"Rollbook\", Bearer realm=\"Rollbook\""),
            Problem::Directory(error) => error_response(&error),
            Problem::UnknownPath => error_document(404, "there is nothing at this path"),
            Problem::UnknownMethod(unknown) => {
                plain::method_not_allowed(error_document(405, "the path does not have this method"), &unknown)
            }
            Problem::InvalidQuery => error_document(400, "the query is not percent-encoded UTF-8"),
            Problem::Refused(refusal) => plain::refusal(error_document, refusal),
            Problem::Format(name, format) => error_document(400, &format!("{name} is not {format}")),
        }
    }
}
