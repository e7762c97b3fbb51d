//! The databases that stores of this process have open.

use crate::files::{DatabasePath, FileId, InUse, explain};
use crate::sync::locked;
use std::sync::Mutex;

/// The databases that stores of this process have open. A second handle on such a file would, when it is closed, drop
/// the locks that SQLite has on it.
static OPEN: Mutex<Vec<FileId>> = Mutex::new(Vec::new());

/// Notes that a store has a database open, for as long as this is held.
#[derive(Debug)]
pub(in crate::store) struct Opened(FileId);

impl Opened {
    /// # Errors
    /// [`InUse`] when a store of this process has it open: its lock file was removed.
    pub(in crate::store) fn note(place: &DatabasePath) -> anyhow::Result<Opened> {
        let id = FileId::of(&place.real.metadata().map_err(|error| explain(error, &place.real))?);
        let mut open = locked(&OPEN);
        if open.contains(&id) {
            let database = place.named.display().to_string();
            return Err(InUse { database, holder: Some(std::process::id()) }.into());
        }
        open.push(id);
        Ok(Opened(id))
    }
}

impl Drop for Opened {
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
