//! Counts refused credentials for the metrics.

use crate::model::{Caller, Error, Result};
use std::sync::atomic::{AtomicU64, Ordering};

/// How many credentials were refused.
#[derive(Default)]
pub(super) struct RefusalCounters {
    pub(super) passwords: AtomicU64,
    pub(super) keys: AtomicU64,
    pub(super) tokens: AtomicU64,
}

/// Counts an invalid credential. One that could not be checked is not counted.
pub(super) fn counted(refusals: &AtomicU64, result: Result<Caller>) -> Result<Caller> {
    if matches!(result, Err(Error::Unauthenticated | Error::TooManyAttempts)) {
        refusals.fetch_add(1, Ordering::Relaxed);
    }
    result
}
