//! The statuses and texts of errors.

use crate::dialect::plain::{self, error_document, error_response};
use crate::dialect::request_body::InvalidBody;
use crate::dialect::route::UnknownMethod;
use crate::http::{InvalidPercentEncoding, Refusal, Response};
use crate::model::Error;

pub(super) type Result<T> = std::result::Result<T, Problem>;

/// The reason for an error response.
pub(super) enum Problem {
    Directory(Error),
    /// The password of a sign-in is wrong, or there is no such user.
    WrongCredentials,
    /// A page of another origin calls, or no page at all.
    ForeignOrigin,
    UnknownPath,
    UnknownMethod(UnknownMethod),
    UnknownField(String),
    InvalidQuery,
    InvalidBody(String),
    /// At the level of HTTP.
    Refused(Refusal),
    /// A field and its format.
    Format(&'static str, &'static str),
    /// A field and the two words that it may have.
    NeitherOf(&'static str, &'static str, &'static str),
}

impl From<UnknownMethod> for Problem {
    fn from(method: UnknownMethod) -> Problem {
        Problem::UnknownMethod(method)
    }
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
        Problem::InvalidQuery
    }
}

impl From<InvalidBody> for Problem {
    fn from(body: InvalidBody) -> Problem {
        match body {
            InvalidBody::NotJson(why) => Problem::InvalidBody(format!("it is no JSON: {why}")),
            InvalidBody::NotAnObject => Problem::InvalidBody("it is no JSON object".to_owned()),
            InvalidBody::Refused(refusal) => Problem::Refused(refusal),
        }
    }
}

impl Problem {
    /// The error response.
    pub(super) fn into_response(self) -> Response {
        match self {
            // Without a challenge: a browser would show its own window for a password.
            Problem::Directory(Error::Unauthenticated) => error_document(401, "not signed in"),
            Problem::Directory(Error::PreconditionFailed) => error_document(412, "it has been changed in the meantime"),
            Problem::Directory(error) => error_response(&error),
            Problem::WrongCredentials => error_document(401, "the user name or the password is wrong"),
            Problem::ForeignOrigin => error_document(403, "only the page of this server is answered here"),
            Problem::UnknownPath => error_document(404, "there is nothing at this path"),
            Problem::UnknownMethod(unknown) => {
                plain::method_not_allowed(error_document(405, "the path does not have this method"), &unknown)
            }
            Problem::UnknownField(name) => error_document(400, &format!("there is no field {name} here")),
            Problem::InvalidQuery => error_document(400, "the query is not percent-encoded UTF-8"),
            Problem::InvalidBody(why) => error_document(400, &format!("the body cannot be read: {why}")),
            Problem::Refused(refusal) => plain::refusal(error_document, refusal),
            Problem::Format(name, format) => error_document(400, &format!("{name} is not {format}")),
            Problem::NeitherOf(name, one, other) => {
                error_document(400, &format!("{name} is neither {one} nor {other}"))
            }
        }
    }
}
