//! Wrong usage, which ends the program with status 2.

use std::fmt;

/// A mistake in how the program was called, as opposed to something that went wrong.
#[derive(Debug)]
pub struct UsageError(pub(super) anyhow::Error);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl std::error::Error for UsageError {}
