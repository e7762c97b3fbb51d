//! Backups: a copy of the newest snapshot of a database, in a file or a stream.

use super::snapshot::Snapshot;
use super::temp_database::TempDatabase;
use crate::files::database_path::refuse_database_path;
use crate::files::{self, Destination, Output, TempFile, real_path};
use crate::store::tables::counts::Counts;
use anyhow::Context as _;
use std::io;
use std::path::Path;

/// The result of a backup.
#[derive(Debug)]
pub struct BackupSummary {
    /// Numbers of its rows.
    pub counts: Counts,
    /// The length of the file.
    pub bytes: u64,
    /// It went to standard output.
    pub to_stdout: bool,
}

/// Copies the newest snapshot of the database to that file, also while a server writes. The file gets its name when all
/// of it is on disk. With `force` it may replace another file. A device, a named pipe and standard output (`-`) get the
/// same bytes as a stream. If a server has made a copy, that copy is backed up instead: then no snapshot is held while
/// the file is written.
///
/// # Errors
/// When the file exists or cannot be written, and when the database cannot be read or is damaged.
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
        let target = match &destination {
            Destination::File { place, .. } => place.clone(),
            Destination::Stdout | Destination::Stream(_) => real_path(database)?,
        };
        files::remove_stale_temp_files(&target);
        let temp_file = TempFile::in_folder_of(&target)?;
        let counts = snapshot.copy_to(temp_file.path())?;
        let bytes = match destination {
            Destination::File { place, replace } => {
                let bytes = temp_file.sync()?;
                files::complete(temp_file, &place, replace)?;
                bytes
            }
            stream => pour(temp_file, stream.open()?)?,
        };
        Ok(BackupSummary { counts, bytes, to_stdout })
    };
    write().with_context(|| format!("back up {} to {}", database.display(), file.display()))
}

/// Copies a file to an output.
fn pour(temp_file: TempFile, mut output: Output) -> anyhow::Result<u64> {
    let bytes = io::copy(&mut temp_file.into_unnamed()?, &mut output)?;
    output.finish()?;
    Ok(bytes)
}
