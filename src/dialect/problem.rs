//! The problems that every dialect answers.

use super::route::UnknownMethod;
use crate::http::{InvalidPercentEncoding, Refusal};
use crate::model::Error;

/// A problem that every dialect answers, each with its own status and text. A dialect converts whatever becomes one of
/// these into its own type of problem.
pub(super) enum CommonProblem {
    Directory(Error),
    UnknownMethod(UnknownMethod),
    /// The query is not percent-encoded UTF-8.
    InvalidQuery,
    /// Refused by the HTTP server, for example for want of memory.
    Refused(Refusal),
}

impl From<Error> for CommonProblem {
    fn from(error: Error) -> CommonProblem {
        CommonProblem::Directory(error)
    }
}

impl From<UnknownMethod> for CommonProblem {
    fn from(method: UnknownMethod) -> CommonProblem {
        CommonProblem::UnknownMethod(method)
    }
}

impl From<InvalidPercentEncoding> for CommonProblem {
    fn from(_: InvalidPercentEncoding) -> CommonProblem {
        CommonProblem::InvalidQuery
    }
}

impl From<Refusal> for CommonProblem {
    fn from(refusal: Refusal) -> CommonProblem {
        CommonProblem::Refused(refusal)
    }
}
