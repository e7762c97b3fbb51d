//! One state of a database, read while a server writes or without one, and its copy in a file of its own.

use super::connection::{blame, blame_any, connect, connect_copy};
use super::migrations;
use crate::files::{self, DatabasePath, Owner, TempFile, set_owner, unused_name};
use crate::store::sql::ReadTx;
use crate::store::tables::counts::Counts;
use anyhow::{Context as _, bail};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode};
use std::path::{Path, PathBuf};

/// One state of a database. It needs no lock of ours and keeps nobody out; only the write-ahead log cannot begin
/// anew before it is dropped.
pub struct Snapshot {
    connection: Connection,
}

impl Snapshot {
    /// The newest state of the database in that file, which is not changed.
    ///
    /// # Errors
    /// When there is no such file, when it is another program's or of a newer version, and when it cannot be read.
    pub fn open(path: &Path) -> anyhow::Result<Snapshot> {
        let snapshot = Snapshot::of_any_version(path)?;
        migrations::require_newest(&snapshot.connection)
            .with_context(|| format!("open the database {}", path.display()))?;
        Ok(snapshot)
    }

    /// Of older versions too.
    pub(in crate::store) fn of_any_version(path: &Path) -> anyhow::Result<Snapshot> {
        let place = DatabasePath::existing(path)?;
        files::remove_stale_temp_files(&place.real_path);
        let open = || -> anyhow::Result<Connection> {
            place.inspect()?;
            let connection = connect(&place.real_path).map_err(|error| blame(&place, error))?;
            // Opened for writing all the same: a read-only connection could not read a log that a crash left.
            let enter =
                "pragma query_only = on; pragma trusted_schema = off; pragma temp_store = memory; begin deferred";
            connection.execute_batch(enter).map_err(|error| blame(&place, error))?;
            // The first look is what enters the state.
            let ours = migrations::require_ours(&connection);
            place.share_side_files();
            ours.map_err(|error| blame_any(&place, error))?;
            Ok(connection)
        };
        Ok(Snapshot { connection: open().with_context(|| format!("open the database {}", path.display()))? })
    }

    /// Its rows.
    pub fn rows(&self) -> ReadTx<'_> {
        ReadTx { connection: &self.connection, rights: None, memory: None }
    }

    /// Writes the pages into that file, which has to be empty, leaves the state, and looks whether the copy is whole.
    ///
    /// All pages in one go: between two pieces another process could write, and SQLite would begin anew each time.
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
    // Half of it is of no use, and it reaches the disk in one go at the end.
    target.execute_batch("pragma journal_mode = off; pragma synchronous = off")?;
    match Backup::new(connection, &mut target)?.step(-1)? {
        StepResult::Done => Ok(()),
        other => bail!("the database could not be copied: {other:?}"),
    }
}

/// Keeps what a connection to a database sees, whose files have lost their names, in a file beside its place.
pub(in crate::store) fn keep(connection: &Connection, database: &Path) -> anyhow::Result<PathBuf> {
    let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let kept = unused_name(database, &format!("kept-{time}"));
    let draft = TempFile::beside(database)?;
    write_pages(connection, draft.path())?;
    make_one_file(&connect_copy(draft.path())?)?;
    set_owner(&draft.open_own()?, Owner::of(database)?.alone())?;
    draft.sync()?;
    files::complete(draft, &kept, false)?;
    Ok(kept)
}

/// Puts everything into the main file, which can then be read where nothing can be written.
fn make_one_file(connection: &Connection) -> anyhow::Result<()> {
    let mode: String = connection.query_row("pragma journal_mode = delete", [], |row| row.get(0))?;
    if mode != "delete" {
        bail!("the copy is not one file (journal mode {mode})");
    }
    Ok(())
}

/// Makes one file of a copy, and looks whether it is whole.
fn look_through(copy: &Path) -> anyhow::Result<Counts> {
    let connection = connect_copy(copy)?;
    make_one_file(&connection)?;
    let first: String = connection.query_row("pragma integrity_check(1)", [], |row| row.get(0))?;
    if first != "ok" {
        bail!("the database is damaged: {}", first.replace('\n', " "));
    }
    Ok(ReadTx { connection: &connection, rights: None, memory: None }.counts()?)
}
