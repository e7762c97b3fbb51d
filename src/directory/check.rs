//! Whether a directory is what it has to be.

use super::passwords;
use crate::store::Snapshot;

/// What is wrong with a directory, a line each; empty when it is whole.
pub fn check(snapshot: &Snapshot) -> Vec<String> {
    snapshot.rows().find_damage(passwords::is_stored_value)
}
