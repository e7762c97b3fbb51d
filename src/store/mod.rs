//! The store: users, groups, memberships and credentials as rows of a database. The only room that knows SQL. [`Store`]
//! opens the database; [`ReadTx`] and [`WriteTx`] have the operations.
//!
//! Below it: `sqlite` has what only SQLite knows, `tables` the statements, `sql` the transactions, `read_cache` and
//! `cache_scopes` the caches.

mod cache_scopes;
mod change_action;
mod id_list;
mod posting_list;
mod read_cache;
mod row_changes;
mod search_grams;
mod sql;
mod sql_functions;
mod sqlite;
mod tables;
#[cfg(test)]
mod tests;

pub use cache_scopes::CacheScope;
pub use read_cache::DocumentVersion;
pub use sql::{ReadTx, WriteTx};
pub use sqlite::backup::{BackupSummary, back_up};
pub use sqlite::backup_rotation::{dated_backup_path, remove_older_backups};
pub use sqlite::migrations::OpenOutcome;
pub use sqlite::restore::{Restored, restore};
pub use sqlite::snapshot::Snapshot;
pub use sqlite::temp_database::{TempDatabase, save_backup};
pub use tables::bulk_write::Undo;
pub use tables::change_clock::ChangeClock;
pub use tables::counts::Counts;
pub use tables::identity::{JoinedGroup, SpellingMatch};
pub use tables::import_progress::ImportedEntity;
pub use tables::member_lists::PlannedLists;
pub use tables::membership_positions::{MembershipPositions, PositionScope};
pub use tables::memberships::NewMembership;
pub use tables::passwords::LoginRow;
pub use tables::search_index::{
    GramList, SearchBatch, SearchIndexState, SearchSegment, StoredList, merge_search_grams,
};

use crate::cache::Owner;
use crate::files::{self, DatabasePath, InstanceLock, TempFile, real_path, with_suffix};
use crate::metrics::Exposition;
use crate::model::{Actor, Error, Result, RightsVersion};
use anyhow::Context as _;
use cache_scopes::{Generations, SnapshotVersion};
use read_cache::ReadCache;
use sqlite::connection::{connect, connect_reader, explain_error, explain_sqlite_error, prepare_writer};
use sqlite::open_files::OpenMark;
use sqlite::reader_pool::{PooledConnection, ReaderPool};
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
    /// Both are held while the database is open.
    _opened: OpenMark,
    _lock: Arc<InstanceLock>,
}

impl Store {
    /// Opens or creates the database, with this number of read connections. Only the owner can read the file and its
    /// side files.
    ///
    /// # Errors
    /// When another process has it open, when the file is of another program or of a newer version, and when it cannot
    /// be read or written.
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
        place.refuse_log_of_other_origin().with_context(opening)?;
        let opened = OpenMark::note(&place).with_context(opening)?;
        file_checks::make_empty_private(&place.real_path).with_context(opening)?;
        let handle = WatchedFiles::open(&place).with_context(opening)?;
        let mut connection =
            connect(&place.real_path).map_err(|error| explain_sqlite_error(&place, error)).with_context(opening)?;
        let found =
            migrations::migrate(&mut connection).map_err(|error| explain_error(&place, error)).with_context(opening)?;
        prepare_writer(&connection)
            .map_err(|error| explain_error(&place, error))
            .with_context(|| format!("prepare the database {}", place.named.display()))?;
        let generations = Arc::new(Generations::default());
        let readers = Arc::new(ReaderPool::open(&place.real_path, readers)?);
        place.share_side_files();
        let watched = WatchedFiles::of(&place, handle).with_context(opening)?;
        let before =
            connect_reader(&place.real_path).context("open the connection for the snapshot before a commit")?;
        let files = Files { watched, lock: Arc::clone(&lock) };
        let writer = Writer::start(connection, before, files, Arc::clone(&readers), Arc::clone(&generations))?;
        lock.keep();
        let (memory, path) = (ReadCache::default(), path.to_owned());
        Ok((Store { readers, writer, generations, memory, path, _opened: opened, _lock: lock }, found))
    }

    /// Creates that many users in the group.
    #[cfg(test)]
    pub(crate) fn fill_group(&self, group_id: i64, users: i64) {
        let run = move |tx: &WriteTx<'_>| {
            tx.execute(
                "with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ?1)
                 insert into users (uuid, username, username_key, created_at, updated_at)
                     select 'uuid-' || n, 'user-' || n, 'user-' || n, 0, 0 from numbers",
                [users],
            )?;
            tx.execute(
                "insert into memberships (group_id, user_id, seq) select ?1, id, id from users where uuid like 'uuid-%'",
                [group_id],
            )?;
            tx.execute("update counters set value = 2 * ?1 where name = 'seq'", [users]).map(drop)
        };
        self.write(Actor::program(), run).unwrap();
    }

    /// Copies the newest snapshot of the database to a temporary file in its folder, and opens the copy. A server may
    /// write meanwhile.
    ///
    /// # Errors
    /// When there is no such file, and when it or its copy cannot be read or written.
    pub fn open_copy(database: &Path) -> anyhow::Result<(Store, TempDatabase)> {
        let snapshot = Snapshot::open(database)?;
        let copy = || -> anyhow::Result<(Store, TempDatabase)> {
            let temp_file = TempFile::in_folder_of(&real_path(database)?)?;
            snapshot.write_to(temp_file.path())?;
            let (store, _) = Store::open(temp_file.path(), 1)?;
            Ok((store, TempDatabase { temp_file }))
        };
        copy().with_context(|| format!("copy the database {}", database.display()))
    }

    /// Reads with a connection of the pool, and waits for one if all are in use. All statements see one snapshot. It
    /// contains every write that was acknowledged before.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn read<T>(&self, read: impl FnOnce(&ReadTx<'_>) -> Result<T>) -> Result<T> {
        self.read_as(Owner::PROGRAM, read)
    }

    /// Like [`Store::read`]. Lists that the read adds to the cache are charged to that caller.
    ///
    /// # Errors
    /// Those of `read`.
    pub(crate) fn read_as<T>(&self, owner: Owner, read: impl FnOnce(&ReadTx<'_>) -> Result<T>) -> Result<T> {
        let mut reader = self.readers.take();
        let seen = reader.snapshot(&self.generations)?;
        let PooledConnection { connection, point, .. } = reader.checked_out();
        let memory = Some(self.memory.of(seen, owner, &self.generations, point));
        read(&ReadTx { connection, rights: Some(seen.rights()), memory })
    }

    /// Runs one operation and returns when it is on disk. An error of `write` undoes all its changes, and no changes of
    /// other operations. The audit log names the actor.
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

    /// Like [`Store::write`], in a transaction of its own: for an operation that may change many rows. In a shared
    /// transaction, the cost of each row would grow with the number of rows.
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

    /// Like [`Store::write`], without waiting for the result. Skipped if the queue is full.
    pub fn write_in_background(&self, write: impl FnOnce(&WriteTx<'_>) -> Result<()> + Send + 'static) {
        self.writer.write_in_background(write);
    }

    /// Copies the database to the empty file of that name in its folder. The copy is the snapshot at the end of this
    /// call. Writes go on meanwhile, and the write-ahead log does not grow by them.
    ///
    /// # Errors
    /// `Invalid` when there is no such file; `Unavailable` when it cannot be copied.
    pub fn copy_to(&self, name: &str) -> Result<()> {
        let path = temp_database::empty_copy(&self.path, name).map_err(|error| Error::Invalid(format!("{error:#}")))?;
        self.writer.copy_to(path)
    }

    /// Number that grows while the writer, or the preparation of a write, makes progress. It stays the same while a
    /// disk hangs.
    pub fn progress(&self) -> u64 {
        self.writer.progress()
    }

    /// Counts progress in the long preparation of a write.
    pub fn note_progress(&self) {
        self.writer.note_progress();
    }

    /// Checks that the database takes writes. It tries a write that changes something only after a write has failed.
    ///
    /// # Errors
    /// `Unavailable` when it does not.
    pub fn require_writable(&self) -> Result<()> {
        let failed = self.writer.has_failed();
        self.writer.write(Actor::program(), move |tx| if failed { tx.skip_seq() } else { Ok(()) })
    }

    /// Enqueues an operation that changes nothing. Returns [`Store::writer_progress`] of before.
    pub(crate) fn wake_writer(&self) -> u64 {
        self.writer.wake()
    }

    /// Number that grows while the writer makes progress, also within a long operation. It stays the same while the
    /// writer waits for a disk that hangs.
    pub(crate) fn writer_progress(&self) -> u64 {
        self.writer.own_progress()
    }

    /// Number that changes with every commit in that scope, before the commit is acknowledged. Data that was read after
    /// taking the number is current while the number is the same.
    pub fn generation(&self, scope: CacheScope) -> u64 {
        self.generations.of(scope)
    }

    /// True if no acknowledged write has changed the document of that version about the user. False also if that is not
    /// known.
    pub(crate) fn is_current_document(&self, user_id: i64, version: &DocumentVersion) -> bool {
        version.is_current(SnapshotVersion::now(&self.generations))
            && self.generations.row_changes.is_unchanged_since(user_id, version.point())
    }

    /// The newest version of the rights. Data that is read after taking it is of this version or a newer one.
    pub fn rights_version(&self) -> RightsVersion {
        SnapshotVersion::now(&self.generations).rights()
    }

    /// Number of times that another program was seen to have changed the database. After a change of this number,
    /// earlier data without a generation may be wrong.
    pub(crate) fn external_changes(&self) -> u64 {
        self.writer.external_changes()
    }

    /// Waits until the generation of [`CacheScope::Anything`] differs from this one. Returns false at the deadline, and
    /// when the server stops.
    pub fn wait_for_commit(&self, generation: u64, deadline: Instant) -> bool {
        self.generations.wait(generation, deadline)
    }

    /// Ends all waits for a commit, now and later.
    pub fn stop_waiting(&self) {
        self.generations.stop_waiting();
    }

    /// Adds the metrics of the writer, the caches and the tables.
    pub fn collect_metrics(&self, exposition: &mut Exposition) {
        self.writer.collect_metrics(exposition);
        self.memory.collect_metrics(exposition);
        // SQLite resolves links, so the log is next to the real file.
        let log = real_path(&self.path).and_then(|path| with_suffix(&path, "-wal").metadata());
        if let Ok(log) = log {
            let help = "The file of the write-ahead log, in which there may be less than its length.";
            exposition.gauge("rollbook_wal_size_bytes", help, &[], log.len() as f64);
        }
        match self.read(|rows| Ok((rows.count_users()?, rows.count_groups()?, rows.count_unindexed_users()?))) {
            Ok((users, groups, unindexed)) => {
                exposition.gauge("rollbook_users", "Users, disabled ones too.", &[], users as f64);
                exposition.gauge("rollbook_groups", "Groups.", &[], groups as f64);
                let help = "Users whose texts are not in the index for searches yet.";
                exposition.gauge("rollbook_search_unindexed_users", help, &[], unindexed as f64);
            }
            Err(error) => log::warn!("the users and groups cannot be counted: {}", error.with_cause()),
        }
    }

    /// The file, as it was named.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs the queued writes and a last checkpoint, and refuses further writes.
    pub fn close(&self) {
        self.writer.close();
    }
}
