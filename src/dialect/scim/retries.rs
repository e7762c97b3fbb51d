//! Changes that read a resource, and store the result if the resource is still the same.

use super::failure::Result;
use crate::model::{self, EntityKind, Error};

/// Attempts to change a resource that others change at the same time.
const ATTEMPTS: usize = 50;

/// Makes a change, again from the start while other requests change the resource between its reads and its write.
///
/// # Errors
/// Those of `attempt`, the inner result of which is that of the write; `Unavailable` after many attempts.
pub(super) fn repeat<T>(kind: EntityKind, attempt: impl Fn() -> Result<model::Result<T>>) -> Result<T> {
    for _ in 0..ATTEMPTS {
        match attempt()? {
            Err(Error::PreconditionFailed) => {}
            outcome => return Ok(outcome?),
        }
    }
    Err(Error::Unavailable(format!("other requests change the {} all the time", kind.noun())).into())
}
