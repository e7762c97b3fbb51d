//! Checks the integrity of a directory.

use super::passwords;
use super::permissions::Operation;
use super::transactions::Directory;
use crate::model::{RemovedProperty, Result};
use crate::store::Snapshot;

/// Names that no new user or group could have, a line each. They are no damage.
///
/// # Errors
/// Those of the database.
pub fn notes(snapshot: &Snapshot) -> Result<Vec<String>> {
    snapshot.rows().find_unusable_names()
}

/// Checks the integrity of a directory. Each line of the result names one defect.
pub fn check(snapshot: &Snapshot) -> Vec<String> {
    snapshot.rows().check_integrity(passwords::is_stored_value)
}

/// Users, and groups, that are repaired in one transaction.
const ROWS_PER_REPAIR: usize = 1000;

impl Directory {
    /// Removes the properties of some users and groups whose names are those of fields. Returns what was removed; nothing
    /// when there are no more.
    ///
    /// # Errors
    /// `Forbidden` for callers who are no administrators.
    pub fn remove_answered_properties(&self) -> Result<Vec<RemovedProperty>> {
        self.write(Operation::Repair, |tx, _| tx.remove_answered_properties(ROWS_PER_REPAIR))
    }
}
