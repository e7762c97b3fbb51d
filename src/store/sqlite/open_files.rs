//! The databases that stores of this process have open.

use crate::files::{DatabaseLocked, DatabasePath, FileId, explain_open_error};
use crate::sync::locked;
use std::sync::Mutex;

/// The databases that stores of this process have open. Closing a second handle on such a file would drop SQLite's
/// locks on it.
static OPEN: Mutex<Vec<FileId>> = Mutex::new(Vec::new());

/// Marks a database as open while it exists.
#[derive(Debug)]
pub(in crate::store) struct OpenMark(FileId);

impl OpenMark {
    /// # Errors
    /// [`DatabaseLocked`] when a store of this process has the database open, although its lock file was removed.
    pub(in crate::store) fn note(place: &DatabasePath) -> anyhow::Result<OpenMark> {
        let id = FileId::of(&place.real_path.metadata().map_err(|error| explain_open_error(error, &place.real_path))?);
        let mut open = locked(&OPEN);
        if open.contains(&id) {
            let database = place.named.display().to_string();
            return Err(DatabaseLocked { database, holder: Some(std::process::id()) }.into());
        }
        open.push(id);
        Ok(OpenMark(id))
    }
}

impl Drop for OpenMark {
    fn drop(&mut self) {
        let mut open = locked(&OPEN);
        if let Some(at) = open.iter().position(|id| *id == self.0) {
            open.swap_remove(at);
        }
    }
}

/// True if a store of this process has that file open.
pub(super) fn is_open(id: FileId) -> bool {
    locked(&OPEN).contains(&id)
}
