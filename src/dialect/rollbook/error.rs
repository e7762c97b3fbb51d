//! The statuses and texts of errors.

use crate::dialect::plain::{self, error_document};
use crate::dialect::problem::CommonProblem;
use crate::http::Response;
use crate::model::Error;

pub(super) type Result<T> = std::result::Result<T, Problem>;

/// The reason for an error response.
pub(super) enum Problem {
    Common(CommonProblem),
    UnknownPath,
    /// A parameter and its format.
    Format(&'static str, &'static str),
}

impl<P: Into<CommonProblem>> From<P> for Problem {
    fn from(problem: P) -> Problem {
        Problem::Common(problem.into())
    }
}

impl Problem {
    /// The error response.
    pub(super) fn into_response(self) -> Response {
        match self {
            Problem::Common(problem) => common_response(problem),
            Problem::UnknownPath => error_document(404, "there is nothing at this path"),
            Problem::Format(name, format) => error_document(400, &format!("{name} is not {format}")),
        }
    }
}

fn common_response(problem: CommonProblem) -> Response {
    match problem {
        problem @ CommonProblem::Directory(Error::Unauthenticated) => plain::problem_response(problem)
            .with_header("WWW-Authenticate", "Basic realm=\"Rollbook\", Bearer realm=\"Rollbook\""),
        problem => plain::problem_response(problem),
    }
}
