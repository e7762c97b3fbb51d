//! Verbs on imports.

use super::batch::Import;
use super::items::{ImportOptions, ImportPosition, Imported, Item, PLACE_MAX};
use crate::directory::permissions::Operation;
use crate::directory::transactions::Directory;
use crate::model::{ImportProgress, Result, now};

/// How long an import that was broken off is remembered, in milliseconds.
const PROGRESS_KEPT_MILLISECONDS: i64 = 30 * 24 * 3_600_000;

impl Directory {
    /// Brings these in, all in one transaction; an item that is refused leaves no trace and stops no other. `describe`
    /// makes of the result what is remembered with the position (JSON).
    ///
    /// # Errors
    /// `Forbidden` for those who are no administrators, and what concerns all of it: then nothing has changed.
    pub fn import(
        &self,
        mut items: Vec<Item>,
        options: ImportOptions,
        position: Option<ImportPosition>,
        describe: impl FnOnce(&Imported) -> String + Send + 'static,
    ) -> Result<Imported> {
        self.require(Operation::Import)?;
        let mut refused = vec![None; items.len()];
        self.prepare_passwords(&mut items, &mut refused, options.conflict)?;
        let rules = self.rules.clone();
        self.write_alone(Operation::Import, move |tx, caller| {
            let import = Import::new(caller, &rules, &options);
            let imported = import.all(tx, &items, &refused)?;
            if let Some(ImportPosition { digest, phase, row, line }) = position {
                tx.save_import_progress(&digest, line, (phase, row), &describe(&imported))?;
            }
            Ok(imported)
        })
    }

    /// How far an import of the input with that digest has come; `None` when none was broken off.
    ///
    /// # Errors
    /// Those of the database.
    pub fn import_progress(&self, digest: [u8; 32]) -> Result<Option<ImportProgress>> {
        self.read(|rows| rows.find_import_progress(&digest))
    }

    /// Begins an import: reserves as many places as the memberships of the file name, and forgets imports that were
    /// broken off long ago. Returns the place from which the places count, and how many names wait in groups' lists.
    ///
    /// # Errors
    /// `Forbidden` for those who are no administrators; those of the database.
    pub fn begin_import(&self, digest: [u8; 32], places: u64) -> Result<(i64, u64)> {
        self.write(Operation::Import, move |tx, _| {
            // A system clock that is far ahead makes no import old: the clock of the changes counts too.
            if let Some(time) = tx.find_change_clock()?.time {
                tx.delete_import_progress_before(time.min(now()).saturating_sub(PROGRESS_KEPT_MILLISECONDS))?;
            }
            let base = tx.reserve_positions(places.min(PLACE_MAX))?;
            let waiting = tx.count_pending_members()?;
            tx.save_import_progress(&digest, 0, (0, 0), &format!("[{base},{waiting}]"))?;
            Ok((base, waiting))
        })
    }

    /// Number of pending members.
    ///
    /// # Errors
    /// Those of the database.
    pub fn count_pending_members(&self) -> Result<u64> {
        self.read(|rows| rows.count_pending_members())
    }

    /// Remembers nothing of the import of that input any more.
    ///
    /// # Errors
    /// Those of the database.
    pub fn end_import(&self, digest: [u8; 32]) -> Result<()> {
        self.write(Operation::Import, move |tx, _| tx.delete_import_progress(&digest))
    }
}
