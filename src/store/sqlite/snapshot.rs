//! Snapshots: consistent reads of a database without a store, also while a server writes.

use super::connection::{connect, connect_copy, explain_error, explain_sqlite_error};
use super::migrations;
use crate::files::{self, DatabasePath, Owner, TempFile, set_owner, unused_name};
use crate::store::sql::ReadTx;
use crate::store::tables::counts::Counts;
use anyhow::{Context as _, bail};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode};
use std::path::{Path, PathBuf};

/// A snapshot of a database. It needs no instance lock and blocks no writer. The write-ahead log cannot be reset before
/// the snapshot is dropped.
pub struct Snapshot {
    connection: Connection,
}

impl Snapshot {
    /// Opens the newest snapshot of the database in that file. The file does not change.
    ///
    /// # Errors
    /// When there is no such file, when it is of another program or of a newer version, and when it cannot be read.
    pub fn open(path: &Path) -> anyhow::Result<Snapshot> {
        let snapshot = Snapshot::of_any_version(path)?;
        migrations::require_newest(&snapshot.connection)
            .with_context(|| format!("open the database {}", path.display()))?;
        Ok(snapshot)
    }

    /// Opens a snapshot of a database of this or an older version.
    pub(in crate::store) fn of_any_version(path: &Path) -> anyhow::Result<Snapshot> {
        let place = DatabasePath::existing(path)?;
        files::remove_stale_temp_files(&place.real_path);
        let open = || -> anyhow::Result<Connection> {
            place.inspect()?;
            place.refuse_unlocked_log_of_other_origin()?;
            let connection = connect(&place.real_path).map_err(|error| explain_sqlite_error(&place, error))?;
            // Opened for writing: a read-only connection could not read the log after a crash.
            let enter =
                "pragma query_only = on; pragma trusted_schema = off; pragma temp_store = memory; begin deferred";
            connection.execute_batch(enter).map_err(|error| explain_sqlite_error(&place, error))?;
            // The first read begins the snapshot.
            let ours = migrations::require_ours(&connection);
            place.share_side_files();
            ours.map_err(|error| explain_error(&place, error))?;
            Ok(connection)
        };
        Ok(Snapshot { connection: open().with_context(|| format!("open the database {}", path.display()))? })
    }

    /// The read transaction of the snapshot.
    pub fn rows(&self) -> ReadTx<'_> {
        ReadTx { connection: &self.connection, rights: None, memory: None }
    }

    /// Copies the pages to that empty file, ends the snapshot, and checks the copy.
    ///
    /// All pages are copied at once: if another process wrote between two pieces, SQLite would start again.
    pub(in crate::store) fn copy_to(self, copy: &Path) -> anyhow::Result<Counts> {
        self.write_to(copy)?;
        look_through(copy).map_err(|error| match error.downcast_ref().and_then(rusqlite::Error::sqlite_error_code) {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => error.context("the database is damaged"),
            _ => error,
        })
    }

    pub(in crate::store) fn write_to(self, copy: &Path) -> anyhow::Result<()> {
        write_pages(&self.connection, copy)
    }
}

fn write_pages(connection: &Connection, copy: &Path) -> anyhow::Result<()> {
    let mut target = connect_copy(copy)?;
    // Half a copy is useless, and the file is synced as a whole at the end.
    target.execute_batch("pragma journal_mode = off; pragma synchronous = off")?;
    match Backup::new(connection, &mut target)?.step(-1)? {
        StepResult::Done => Ok(()),
        other => bail!("the database could not be copied: {other:?}"),
    }
}

/// Saves the snapshot of a connection, whose files have lost their names, to a file next to the path of the database.
pub(in crate::store) fn keep(connection: &Connection, database: &Path) -> anyhow::Result<PathBuf> {
    let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let kept = unused_name(database, &format!("kept-{time}"));
    let temp_file = TempFile::in_folder_of(database)?;
    write_pages(connection, temp_file.path())?;
    make_one_file(&connect_copy(temp_file.path())?)?;
    set_owner(&temp_file.open_own()?, Owner::of(database)?.alone())?;
    temp_file.sync()?;
    files::complete(temp_file, &kept, false)?;
    Ok(kept)
}

/// Merges the side files into the main file, which can then be read on a read-only file system.
fn make_one_file(connection: &Connection) -> anyhow::Result<()> {
    // Alone, SQLite needs no index of the write-ahead log in a file, which some file systems cannot share.
    connection.execute_batch("pragma locking_mode = exclusive")?;
    let mode: String = connection.query_row("pragma journal_mode = delete", [], |row| row.get(0))?;
    if mode != "delete" {
        bail!("the copy is not one file (journal mode {mode})");
    }
    Ok(())
}

/// Merges the side files of a copy into it, and checks it.
fn look_through(copy: &Path) -> anyhow::Result<Counts> {
    let connection = connect_copy(copy)?;
    make_one_file(&connection)?;
    let first: String = connection.query_row("pragma integrity_check(1)", [], |row| row.get(0))?;
    if first != "ok" {
        bail!("the database is damaged: {}", first.replace('\n', " "));
    }
    Ok(ReadTx { connection: &connection, rights: None, memory: None }.counts()?)
}
