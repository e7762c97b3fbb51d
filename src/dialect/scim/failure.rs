//! The statuses and texts of errors.

use super::problem::{Problem, ScimType};
use super::response;
use crate::dialect::plain::{self, log_cause};
use crate::dialect::problem::CommonProblem;
use crate::http::{Refusal, Response};
use crate::model::{DeniedAction, Error};

pub(super) type Result<T> = std::result::Result<T, Failure>;

/// The reason for an error response.
pub(super) enum Failure {
    /// Found by this dialect.
    Problem(Problem),
    Common(CommonProblem),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Failure {
        Failure::Problem(problem)
    }
}

impl<P: Into<CommonProblem>> From<P> for Failure {
    fn from(problem: P) -> Failure {
        Failure::Common(problem.into())
    }
}

impl Failure {
    /// The error response.
    pub(super) fn into_response(self) -> Response {
        let allow = match &self {
            Failure::Common(CommonProblem::UnknownMethod(unknown)) => Some(unknown.clone()),
            _ => None,
        };
        let problem = self.into_problem();
        let status = problem.status;
        let response = response::problem(problem);
        match (status, allow) {
            (_, Some(unknown)) => plain::method_not_allowed(response, &unknown),
            (401, _) => response.with_header("WWW-Authenticate", "Bearer realm=\"Rollbook\", Basic realm=\"Rollbook\""),
            (429 | 503, _) => response.with_header("Retry-After", "1"),
            _ => response,
        }
    }

    /// The document of the error, for the answer to one operation of several.
    pub(super) fn into_problem(self) -> Problem {
        match self {
            Failure::Problem(problem) => problem,
            Failure::Common(CommonProblem::Directory(error)) => problem_of(&error),
            Failure::Common(CommonProblem::UnknownMethod(_)) => {
                Problem::of_status(405, "the path does not have this method")
            }
            Failure::Common(CommonProblem::InvalidQuery) => {
                Problem::new(ScimType::InvalidSyntax, "the query is not percent-encoded UTF-8")
            }
            Failure::Common(CommonProblem::Refused(Refusal(status, message))) => Problem::of_status(status, message),
        }
    }
}

/// The problem behind an error of the directory.
fn problem_of(error: &Error) -> Problem {
    log_cause(error);
    match error {
        Error::Exists(kind, name) => {
            Problem::new(ScimType::Uniqueness, format!("a {} with the name {name} exists", kind.noun()))
        }
        Error::UsernameRequired | Error::PasswordRequired | Error::OtherUser { .. } | Error::Invalid(_) => {
            Problem::new(ScimType::InvalidValue, error.to_string())
        }
        Error::Unauthenticated => {
            Problem::of_status(401, "the credentials are missing or not valid: send a key as Authorization: Bearer KEY")
        }
        Error::Forbidden(denied) => Problem::of_status(403, reason(*denied)),
        Error::NotFound(kind, name) => {
            Problem::of_status(404, format!("there is no {} with the id {name}", kind.noun()))
        }
        Error::Unavailable(_) => Problem::of_status(503, "the directory is not available at the moment: try again"),
        error => Problem::of_status(plain::status(error), error.to_string()),
    }
}

/// Says what the caller may not do.
fn reason(denied: DeniedAction) -> &'static str {
    match denied {
        DeniedAction::Create => {
            "the caller may not create this: an administrator, or a group that leads to administrator rights, needs an \
             administrator, and other users and groups a key with the role provision"
        }
        DeniedAction::Edit => {
            "the caller may not change this: an administrator, or a group that leads to administrator rights, needs an \
             administrator, and other users and groups a key with the role provision"
        }
        DeniedAction::Membership => {
            "the caller may not change this membership: groups that lead to administrator rights need an administrator"
        }
        DeniedAction::Operation => "the caller may not do this",
    }
}
