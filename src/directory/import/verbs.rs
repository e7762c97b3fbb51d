//! Verbs on imports.

use super::batch::Import;
use super::items::{ImportOptions, ImportPosition, Imported, Item, PLACE_MAX};
use crate::directory::permissions::Operation;
use crate::directory::transactions::Directory;
use crate::model::{ImportProgress, Result, now};

/// Positions of interrupted imports are deleted after this time.
const PROGRESS_KEPT_MILLISECONDS: i64 = 30 * 24 * 3_600_000;

impl Directory {
    /// Imports items in one transaction. A refused item changes nothing and does not stop the others. `describe` renders
    /// the outcomes as JSON, which is stored with the position.
    ///
    /// # Errors
    /// `Forbidden` if the caller is no administrator; errors of the whole transaction. Nothing has changed then.
    pub fn import_batch(
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
            let imported = import.import_items(tx, &items, &refused)?;
            if let Some(ImportPosition { digest, phase, row, line }) = position {
                tx.save_import_progress(&digest, line, (phase, row), &describe(&imported))?;
            }
            Ok(imported)
        })
    }

    /// The position of an interrupted import of the input with that digest; `None` if there is none.
    ///
    /// # Errors
    /// Those of the database.
    pub fn import_progress(&self, digest: [u8; 32]) -> Result<Option<ImportProgress>> {
        self.read(|rows| rows.find_import_progress(&digest))
    }

    /// Begins an import: reserves the places of its memberships, and deletes the positions of imports that were
    /// interrupted long ago. Returns the place from which the places of the input count, and the number of pending
    /// members.
    ///
    /// # Errors
    /// `Forbidden` if the caller is no administrator; those of the database.
    pub fn begin_import(&self, digest: [u8; 32], places: u64) -> Result<(i64, u64)> {
        self.write(Operation::Import, move |tx, _| {
            // The clock of the changes counts too, because a system clock that is far ahead must not make an import old.
            if let Some(time) = tx.find_change_clock()?.time {
                tx.delete_import_progress_before(time.min(now()).saturating_sub(PROGRESS_KEPT_MILLISECONDS))?;
            }
            let base = tx.reserve_positions(places.min(PLACE_MAX))?;
            let pending_members = tx.count_pending_members()?;
            tx.save_import_progress(&digest, 0, (0, 0), &format!("[{base},{pending_members}]"))?;
            Ok((base, pending_members))
        })
    }

    /// Number of pending members.
    ///
    /// # Errors
    /// Those of the database.
    pub fn count_pending_members(&self) -> Result<u64> {
        self.read(|rows| rows.count_pending_members())
    }

    /// Ends an import: deletes its position.
    ///
    /// # Errors
    /// Those of the database.
    pub fn end_import(&self, digest: [u8; 32]) -> Result<()> {
        self.write(Operation::Import, move |tx, _| tx.delete_import_progress(&digest))
    }
}
