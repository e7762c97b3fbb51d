//! Wrong usage: the program ends with exit status 2.

use std::fmt;

/// A mistake in the arguments or settings of the program, not a failure of its work.
#[derive(Debug)]
pub struct UsageError(pub(super) anyhow::Error);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl std::error::Error for UsageError {}
