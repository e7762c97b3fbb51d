//! The statuses and texts of errors.

use crate::dialect::plain::{self, error_document};
use crate::dialect::problem::CommonProblem;
use crate::dialect::request_body::InvalidBody;
use crate::http::Response;
use crate::model::Error;

pub(super) type Result<T> = std::result::Result<T, Problem>;

/// The reason for an error response.
pub(super) enum Problem {
    Common(CommonProblem),
    /// The password of a sign-in is wrong, or there is no such user.
    WrongCredentials,
    /// A page of another origin calls, or no page at all.
    ForeignOrigin,
    UnknownPath,
    UnknownField(String),
    InvalidBody(String),
    /// A field and its format.
    Format(&'static str, &'static str),
    /// A field and the two words that it may have.
    NeitherOf(&'static str, &'static str, &'static str),
}

impl<P: Into<CommonProblem>> From<P> for Problem {
    fn from(problem: P) -> Problem {
        Problem::Common(problem.into())
    }
}

impl From<InvalidBody> for Problem {
    fn from(body: InvalidBody) -> Problem {
        match body {
            InvalidBody::NotJson(why) => Problem::InvalidBody(format!("it is no JSON: {why}")),
            InvalidBody::NotAnObject => Problem::InvalidBody("it is no JSON object".to_owned()),
            InvalidBody::Refused(refusal) => refusal.into(),
        }
    }
}

impl Problem {
    /// The error response.
    pub(super) fn into_response(self) -> Response {
        match self {
            Problem::Common(problem) => common_response(problem),
            Problem::WrongCredentials => error_document(401, "the user name or the password is wrong"),
            Problem::ForeignOrigin => error_document(403, "only the page of this server is answered here"),
            Problem::UnknownPath => error_document(404, "there is nothing at this path"),
            Problem::UnknownField(name) => error_document(400, &format!("there is no field {name} here")),
            Problem::InvalidBody(why) => error_document(400, &format!("the body cannot be read: {why}")),
            Problem::Format(name, format) => error_document(400, &format!("{name} is not {format}")),
            Problem::NeitherOf(name, one, other) => {
                error_document(400, &format!("{name} is neither {one} nor {other}"))
            }
        }
    }
}

fn common_response(problem: CommonProblem) -> Response {
    match problem {
        // Without a challenge: a browser would show its own window for a password.
        CommonProblem::Directory(Error::Unauthenticated) => error_document(401, "not signed in"),
        CommonProblem::Directory(Error::PreconditionFailed) => {
            error_document(412, "it has been changed in the meantime")
        }
        problem => plain::problem_response(problem),
    }
}
