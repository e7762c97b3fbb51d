//! The rows: one SQLite file, one writer thread with group commit, a few read connections. The only place
//! that knows SQL.
//!
//! Columns are read by position, from a list beside the function that reads them: reading one by its name searches
//! all names each time, which for a user costs as much as finding the row.

mod cache_scopes;
mod change_action;
mod read_cache;
mod sql;
mod sqlite;
mod tables;
#[cfg(test)]
mod tests;

pub use cache_scopes::CacheScope;
pub use sql::{ReadTx, WriteTx};
pub use sqlite::backup::{BackupSummary, back_up};
pub use sqlite::backup_rotation::{dated_backup_path, remove_older_backups};
pub use sqlite::integrity::RemovedProperty;
pub use sqlite::migrations::OpenOutcome;
pub use sqlite::restore::{Restored, restore};
pub use sqlite::snapshot::Snapshot;
pub use sqlite::temp_database::{TempDatabase, save_backup};
pub use tables::bulk_write::Undo;
pub use tables::change_clock::ChangeClock;
pub use tables::counts::Counts;
pub use tables::identity::{JoinedGroup, SpellingMatch};
pub use tables::import_progress::{ImportProgress, ImportedEntity};
pub use tables::member_lists::PlannedLists;
pub use tables::membership_positions::{MembershipPositions, PositionScope, PositionedGroup};
pub use tables::memberships::NewMembership;
pub use tables::passwords::LoginRow;
pub use tables::user_filter::UserFilter;

use crate::cache::Owner;
use crate::files::{self, DatabasePath, InstanceLock, TempFile, real_path, with_suffix};
use crate::metrics::Exposition;
use crate::model::{Actor, Error, Result, RightsVersion};
use anyhow::Context as _;
use cache_scopes::{Generations, SnapshotVersion};
use read_cache::ReadCache;
use sqlite::connection::{blame, blame_any, connect, connect_reader, prepare_writer};
use sqlite::open_files::OpenMark;
use sqlite::reader_pool::ReaderPool;
use sqlite::watched_files::WatchedFiles;
use sqlite::writer::Writer;
use sqlite::writer_state::Files;
use sqlite::{file_checks, migrations, temp_database};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// An open database.
pub struct Store {
    readers: Arc<ReaderPool>,
    writer: Writer,
    generations: Arc<Generations>,
    memory: ReadCache,
    path: PathBuf,
    /// Both are held for as long as the database is open.
    _opened: OpenMark,
    _lock: Arc<InstanceLock>,
}

impl Store {
    /// Opens the database in that file, or makes it, with so many read connections. The file and its side
    /// files are readable by their owner only.
    ///
    /// # Errors
    /// When another process has it open, when it is another program's or a newer version's, and when it
    /// cannot be read or written.
    pub fn open(path: &Path, readers: usize) -> anyhow::Result<(Store, OpenOutcome)> {
        let place = DatabasePath::find(path)?;
        place.refuse_lone_log()?;
        files::remove_stale_temp_files(&place.real_path);
        let lock = Arc::new(InstanceLock::take(&place)?);
        let opening = || format!("open the database {}", place.named.display());
        if !place.exists {
            place.create_private().with_context(|| format!("create the database {}", place.named.display()))?;
        }
        place.inspect().with_context(opening)?;
        let opened = OpenMark::note(&place).with_context(opening)?;
        file_checks::make_empty_private(&place.real_path).with_context(opening)?;
        let handle = WatchedFiles::open(&place).with_context(opening)?;
        let mut connection = connect(&place.real_path).map_err(|error| blame(&place, error)).with_context(opening)?;
        let found =
            migrations::migrate(&mut connection).map_err(|error| blame_any(&place, error)).with_context(opening)?;
        prepare_writer(&connection)
            .map_err(|error| blame_any(&place, error))
            .with_context(|| format!("prepare the database {}", place.named.display()))?;
        let generations = Arc::new(Generations::default());
        let readers = Arc::new(ReaderPool::open(&place.real_path, readers)?);
        place.share_side_files();
        let watched = WatchedFiles::of(&place, handle).with_context(opening)?;
        let before = connect_reader(&place.real_path).context("open the connection to the state before a commit")?;
        let files = Files { watched, lock: Arc::clone(&lock) };
        let writer = Writer::start(connection, before, files, Arc::clone(&readers), Arc::clone(&generations))?;
        lock.keep();
        let (memory, path) = (ReadCache::default(), path.to_owned());
        Ok((Store { readers, writer, generations, memory, path, _opened: opened, _lock: lock }, found))
    }

    /// Copies the newest state of the database in that file beside it, also while a server writes, and opens the copy.
    ///
    /// # Errors
    /// When there is no such file, and when it cannot be read or the copy not be written.
    pub fn open_copy(database: &Path) -> anyhow::Result<(Store, TempDatabase)> {
        let snapshot = Snapshot::open(database)?;
        let copy = || -> anyhow::Result<(Store, TempDatabase)> {
            let draft = TempFile::beside(&real_path(database)?)?;
            snapshot.write_to(draft.path())?;
            let (store, _) = Store::open(draft.path(), 1)?;
            Ok((store, TempDatabase { draft }))
        };
        copy().with_context(|| format!("copy the database {}", database.display()))
    }

    /// Reads with one of the read connections; waits for one while all are in use. All statements see one state,
    /// in which there is every write that was acknowledged before.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn read<T>(&self, read: impl FnOnce(&ReadTx<'_>) -> Result<T>) -> Result<T> {
        self.read_as(Owner::PROGRAM, read)
    }

    /// Like [`Store::read`]; the lists that it leaves in memory are charged to that caller.
    ///
    /// # Errors
    /// Those of `read`.
    pub(crate) fn read_as<T>(&self, owner: Owner, read: impl FnOnce(&ReadTx<'_>) -> Result<T>) -> Result<T> {
        let mut reader = self.readers.take();
        let seen = reader.snapshot(&self.generations)?;
        let (connection, memory) = (&reader.checked_out().connection, Some(self.memory.of(seen, owner)));
        read(&ReadTx { connection, rights: Some(seen.rights()), memory })
    }

    /// Runs one whole operation of the directory on the writer thread and returns when it is on disk. An
    /// error from `write` takes back everything that it did, and nothing that others did. The record of changes says
    /// that they came from there.
    ///
    /// # Errors
    /// Those of `write`; `Unavailable` when the queue is full, the disk is, or the store is closing.
    pub fn write<T: Send + 'static>(
        &self,
        actor: Actor,
        write: impl FnOnce(&WriteTx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.writer.write(actor, write)
    }

    /// Like [`Store::write`], in a transaction of its own: for an operation that may change many rows. In a transaction
    /// with others the cost of each row would grow with the number of rows.
    ///
    /// # Errors
    /// Those of `write`; `Unavailable` when the queue is full, the disk is, or the store is closing.
    pub fn write_alone<T: Send + 'static>(
        &self,
        actor: Actor,
        write: impl FnOnce(&WriteTx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.writer.write_alone(actor, write)
    }

    /// Like [`Store::write`], for what nobody waits for: skipped when the queue is full.
    pub fn write_in_background(&self, write: impl FnOnce(&WriteTx<'_>) -> Result<()> + Send + 'static) {
        self.writer.write_in_background(write);
    }

    /// Copies the database, as it is at the end of this, into the file of that name beside it, which is there and empty.
    /// Others write meanwhile, and the write-ahead log does not grow by what they write.
    ///
    /// # Errors
    /// `Invalid` when there is no such file; `Unavailable` when it cannot be copied.
    pub fn copy_to(&self, name: &str) -> Result<()> {
        let path = temp_database::empty_copy(&self.path, name).map_err(|error| Error::Invalid(format!("{error:#}")))?;
        self.writer.copy_to(path)
    }

    /// A number that grows while something is written, and while that is prepared. On a disk that hangs it stays.
    pub fn progress(&self) -> u64 {
        self.writer.progress()
    }

    /// Counts a part of work that comes before a write and takes long.
    pub fn note_progress(&self) {
        self.writer.note_progress();
    }

    /// Looks whether a write would be taken now. One that changes something is tried only after one has failed.
    ///
    /// # Errors
    /// `Unavailable` when it would not.
    pub fn require_writable(&self) -> Result<()> {
        let failed = self.writer.has_failed();
        self.writer.write(Actor::program(), move |tx| if failed { tx.skip_seq() } else { Ok(()) })
    }

    /// Asks the writer for an operation that changes nothing. What [`Store::writer_progress`] was before.
    pub(crate) fn wake_writer(&self) -> u64 {
        self.writer.wake()
    }

    /// A number that grows while the writer is at work, also within an operation that takes long. While it waits for a
    /// disk that hangs, the number stays.
    pub(crate) fn writer_progress(&self) -> u64 {
        self.writer.own_progress()
    }

    /// A number that changes with every commit in that scope, before the commit is acknowledged. What was read
    /// after taking the number is still true while the number is the same.
    pub fn generation(&self, scope: CacheScope) -> u64 {
        self.generations.of(scope)
    }

    /// The newest state of rights. What is read after taking it is of this state or a newer one.
    pub fn rights_version(&self) -> RightsVersion {
        SnapshotVersion::now(&self.generations).rights()
    }

    /// How often another program was seen to have changed the database. What was read before, and is not tied to a
    /// generation, may be wrong when this has changed.
    pub(crate) fn external_changes(&self) -> u64 {
        self.writer.external_changes()
    }

    /// Waits until that number of [`CacheScope::Anything`] is no longer the newest. False when the time has come, or the end
    /// of the server, without that.
    pub fn wait_for_commit(&self, generation: u64, deadline: Instant) -> bool {
        self.generations.wait(generation, deadline)
    }

    /// Lets nobody wait for a commit from now on.
    pub fn stop_waiting(&self) {
        self.generations.stop_waiting();
    }

    /// Adds what was written, and how much there is, to the page.
    pub fn collect_metrics(&self, exposition: &mut Exposition) {
        self.writer.collect_metrics(exposition);
        self.memory.collect_metrics(exposition);
        // Where SQLite has it, whatever links lead to the database.
        let log = real_path(&self.path).and_then(|path| with_suffix(&path, "-wal").metadata());
        if let Ok(log) = log {
            let help = "The file of the write-ahead log, in which there may be less than its length.";
            exposition.gauge("rollbook_wal_size_bytes", help, &[], log.len() as f64);
        }
        match self.read(|rows| Ok((rows.count_users()?, rows.count_groups()?))) {
            Ok((users, groups)) => {
                exposition.gauge("rollbook_users", "Users, disabled ones too.", &[], users as f64);
                exposition.gauge("rollbook_groups", "Groups.", &[], groups as f64);
            }
            Err(error) => log::warn!("users and groups could not be counted: {error}"),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Finishes the writes that wait, moves everything into the main file and refuses further writes.
    pub fn close(&self) {
        self.writer.close();
    }
}
