//! Backups: a copy of the newest snapshot of a database, in a file or a stream.

use super::snapshot::Snapshot;
use super::temp_database::TempDatabase;
use crate::files::database_path::refuse_database_path;
use crate::files::{self, Destination, Output, TempFile, real_path};
use crate::store::tables::counts::Counts;
use anyhow::Context as _;
use std::io;
use std::path::Path;

/// A backup that was made.
#[derive(Debug)]
pub struct BackupSummary {
    /// What is in it.
    pub counts: Counts,
    /// The length of the file.
    pub bytes: u64,
    /// It went to standard output.
    pub to_stdout: bool,
}

/// Copies the newest state of the database into that file, also while a server writes. The file is whole and on
/// disk before it has its name; `force` lets it take the place of another one. A device, a named pipe and standard
/// output (`-`) get the same bytes as a stream. A copy that a server has made is taken in place of the database: then no
/// state of the database is held while the file is written.
///
/// # Errors
/// When the file is there already or cannot be written, and when the database cannot be read or is damaged.
pub fn back_up(
    database: &Path,
    copied: Option<&TempDatabase>,
    file: &Path,
    force: bool,
) -> anyhow::Result<BackupSummary> {
    let snapshot = Snapshot::of_any_version(copied.map_or(database, TempDatabase::path))?;
    let destination = Destination::find(file, force)?;
    if !files::is_dash(file) {
        refuse_database_path(database, file)?;
    }
    let to_stdout = destination == Destination::Stdout;
    let write = || -> anyhow::Result<BackupSummary> {
        let beside = match &destination {
            Destination::File { place, .. } => place.clone(),
            Destination::Stdout | Destination::Stream(_) => real_path(database)?,
        };
        files::remove_stale_temp_files(&beside);
        let draft = TempFile::beside(&beside)?;
        let counts = snapshot.copy_to(draft.path())?;
        let bytes = match destination {
            Destination::File { place, replace } => {
                let bytes = draft.sync()?;
                files::complete(draft, &place, replace)?;
                bytes
            }
            stream => pour(draft, stream.open()?)?,
        };
        Ok(BackupSummary { counts, bytes, to_stdout })
    };
    write().with_context(|| format!("back up {} to {}", database.display(), file.display()))
}

/// Writes a file to an output as it is.
fn pour(draft: TempFile, mut output: Output) -> anyhow::Result<u64> {
    let bytes = io::copy(&mut draft.into_unnamed()?, &mut output)?;
    output.finish()?;
    Ok(bytes)
}
