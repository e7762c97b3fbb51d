//! The rows: one SQLite file, one writer thread with group commit, a few read connections. The only place
//! that knows SQL.
//!
//! Columns are read by position, from a list beside the function that reads them: reading one by its name searches
//! all names each time, which for a user costs as much as finding the row.

mod age;
mod backups;
mod bulk;
mod changes;
mod check;
mod credentials;
mod file;
mod groups;
mod hierarchy;
mod holder;
mod imports;
mod lists;
mod memory;
mod names;
mod order;
mod owner;
mod passwords;
mod places;
mod restore;
mod snapshot;
mod users;
mod versions;
mod writer;

pub use age::ChangeClock;
pub use backups::{dated_backup, remove_older_backups};
pub use bulk::Undo;
pub use check::RemovedProperty;
pub use credentials::{Credential, CredentialKind, NewCredential, Token};
pub use imports::{ImportProgress, Imported};
pub use lists::{JoinedGroup, Joining, List, PlannedLists};
pub use names::Spelled;
pub use passwords::Secret;
pub use places::{Placed, PlacedGroup, Places};
pub use restore::{Restored, restore};
pub use snapshot::{BackedUp, Copied, Counts, Snapshot, back_up, copy, keep_backup, refuse_database};
pub use users::UserFilter;

use crate::cache::Owner;
use crate::files;
use crate::metrics::Page;
use crate::model::{Actor, Error, Result, RightsVersion, fold_name, spelling_key};
use crate::sync::locked;
use anyhow::{Context as _, bail};
use file::{Lock, Opened, Place, Watched};
use owner::{Owner as FileOwner, give, give_named};
use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use snapshot::with_suffix;
use std::cell::{Cell, RefCell};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::ops::Deref;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long a connection waits for another one of this process (they only meet at checkpoints).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements kept by each connection; there are fewer different ones than this.
const STATEMENTS_KEPT: usize = 128;

/// What a change is about, for those who remember what they have read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheScope {
    /// Any row at all.
    Anything,
    /// Keys and tokens.
    Credentials,
    /// Passwords, disabling, memberships: whether a user may come in, and what they may do then.
    Rights,
    /// Names and labels of groups, and which group contains which.
    Groups,
}

/// How often something of each scope has been committed, and those who wait for the next time.
#[derive(Default)]
pub(crate) struct Generations {
    counts: [AtomicU64; 4],
    waiting: AtomicUsize,
    /// Nobody shall wait any more.
    ended: Mutex<bool>,
    advanced: Condvar,
}

impl Generations {
    fn of(&self, scope: CacheScope) -> u64 {
        self.counts[scope as usize].load(Ordering::Acquire)
    }

    fn advance(&self, scope: CacheScope) {
        self.counts[scope as usize].fetch_add(1, Ordering::SeqCst);
    }

    /// Tells those who wait. They count themselves before they look at the numbers, so that either they see the new
    /// ones or they are seen here.
    fn tell(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            let _ended = locked(&self.ended);
            self.advanced.notify_all();
        }
    }

    fn end_waiting(&self) {
        *locked(&self.ended) = true;
        self.advanced.notify_all();
    }

    fn wait(&self, generation: u64, deadline: Instant) -> bool {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let mut ended = locked(&self.ended);
        let mut advanced = false;
        while !*ended {
            advanced = self.counts[CacheScope::Anything as usize].load(Ordering::SeqCst) != generation;
            let left = deadline.saturating_duration_since(Instant::now());
            if advanced || left.is_zero() {
                break;
            }
            ended = self.advanced.wait_timeout(ended, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(ended);
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        advanced
    }
}

/// The generations that a state of the database belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    anything: u64,
    credentials: u64,
    rights: u64,
    groups: u64,
}

impl Seen {
    /// The part that is about rights and credentials.
    fn rights(&self) -> RightsVersion {
        RightsVersion { rights: self.rights, credentials: self.credentials }
    }

    /// For somebody who begins to read now. What they read may be newer than these numbers, but not older.
    fn now(generations: &Generations) -> Seen {
        let [anything, credentials, rights, groups] =
            [CacheScope::Anything, CacheScope::Credentials, CacheScope::Rights, CacheScope::Groups]
                .map(|scope| generations.of(scope));
        Seen { anything, credentials, rights, groups }
    }
}

/// Every scope but [`CacheScope::Anything`], which shows by itself; each before those that build on it.
const MARKED: [CacheScope; 3] = [CacheScope::Groups, CacheScope::Rights, CacheScope::Credentials];

/// An open database.
pub struct Store {
    readers: Arc<Readers>,
    writer: writer::Writer,
    generations: Arc<Generations>,
    memory: memory::Memory,
    path: PathBuf,
    /// Both are held for as long as the database is open.
    _opened: Opened,
    _lock: Arc<Lock>,
}

/// Another process has the database open.
#[derive(Debug)]
pub struct InUse {
    database: String,
    /// The process, where it can be known.
    holder: Option<u32>,
}

impl std::fmt::Display for InUse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let InUse { database, holder } = self;
        match holder {
            None => write!(f, "the database {database} is in use by another process"),
            Some(own) if *own == std::process::id() => write!(f, "the database {database} is in use by this process"),
            Some(other) => write!(f, "the database {database} is in use by another process (process id {other})"),
        }
    }
}

impl std::error::Error for InUse {}

/// There is no database of that name.
#[derive(Debug)]
pub struct Missing(PathBuf);

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "there is no database {}", self.0.display())
    }
}

impl std::error::Error for Missing {}

/// Looks whether there is a database of that name, without opening it.
///
/// # Errors
/// [`Missing`] when there is none; when something else than a regular file has the name, and when a right is missing to
/// look.
pub fn require_database(path: &Path) -> anyhow::Result<()> {
    Place::existing(path).map(drop)
}

/// Gives the socket of a server that runs as root to the owner of the database, whose commands then reach it.
///
/// # Errors
/// When root may not.
pub fn give_socket(database: &Path, socket: &Path) -> std::io::Result<()> {
    give_named(socket, FileOwner::of(database)?.alone())
}

/// Where the server that holds a database listens for commands.
///
/// # Errors
/// When the database's folder cannot be found.
pub fn local_socket(database: &Path) -> std::io::Result<PathBuf> {
    // By whatever link the file was named, there is one socket.
    Ok(with_suffix(&snapshot::real(database)?, ".sock"))
}

/// The file where the secrets of a new database wait for whoever is to have them, whether it is there or not.
///
/// # Errors
/// When the database's folder cannot be found.
pub fn secrets_file(database: &Path) -> std::io::Result<PathBuf> {
    Ok(with_suffix(&snapshot::real(database)?, ".secrets"))
}

/// Whether that file is the database, or one of those that are kept beside it.
pub fn is_of_database(database: &Path, file: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let (database, file) = (place(database), place(file));
    let number = |path: &Path| std::fs::metadata(path).ok().map(|found| (found.dev(), found.ino()));
    let is_it = |own: &Path| own == file || number(own).is_some_and(|own| number(&file) == Some(own));
    is_it(&database) || snapshot::SIDE_FILES.iter().any(|end| is_it(&with_suffix(&database, end)))
}

/// Where a file is or would be made, by whatever links it is named.
fn place(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    // As many links as the system follows.
    for _ in 0..40 {
        match std::fs::read_link(&path) {
            Ok(target) => path = snapshot::folder_of(&path).join(target),
            Err(_) => break,
        }
    }
    snapshot::real(&path).unwrap_or(path)
}

/// Writes these secrets into that file, which only its owner can read.
///
/// # Errors
/// When it cannot be written.
pub fn keep_secrets(database: &Path, secrets: &str) -> anyhow::Result<PathBuf> {
    let path = secrets_file(database)?;
    let write = || -> anyhow::Result<()> {
        // What is there comes from a start that was broken off.
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            other => other?,
        }
        let mut options = OpenOptions::new();
        options.create_new(true).write(true).mode(0o600);
        let mut file = options.open(&path)?;
        give(&file, FileOwner::of(database)?.alone())?;
        file.write_all(secrets.as_bytes())?;
        file.sync_all()?;
        files::sync_folder_of(&path)
    };
    write().with_context(|| format!("write the secrets of the new database to {}", path.display()))?;
    Ok(path)
}

/// How the database was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// An existing directory.
    Existing,
    /// Nothing was there: the tables have been made and are empty.
    New,
}

impl Store {
    /// Opens the database in that file, or makes it, with so many read connections. The file and its side
    /// files are readable by their owner only.
    ///
    /// # Errors
    /// When another process has it open, when it is another program's or a newer version's, and when it
    /// cannot be read or written.
    pub fn open(path: &Path, readers: usize) -> anyhow::Result<(Store, Found)> {
        let place = Place::find(path)?;
        place.refuse_lone_log()?;
        files::remove_leftovers(&place.real);
        let lock = Arc::new(Lock::take(&place)?);
        let opening = || format!("open the database {}", place.named.display());
        if !place.exists {
            place.create_private().with_context(|| format!("create the database {}", place.named.display()))?;
        }
        place.inspect().with_context(opening)?;
        let opened = Opened::note(&place).with_context(opening)?;
        file::make_empty_private(&place.real).with_context(opening)?;
        let handle = Watched::open(&place).with_context(opening)?;
        let mut connection = connect(&place.real).map_err(|error| place.blame(error)).with_context(opening)?;
        let found =
            versions::bring_up(&mut connection).map_err(|error| place.blame_any(error)).with_context(opening)?;
        prepare_writer(&connection)
            .map_err(|error| place.blame_any(error))
            .with_context(|| format!("prepare the database {}", place.named.display()))?;
        let generations = Arc::new(Generations::default());
        let readers = Arc::new(Readers::open(&place.real, readers)?);
        place.share_logs();
        let watched = Watched::of(&place, handle).with_context(opening)?;
        let before = connect_reader(&place.real).context("open the connection to the state before a commit")?;
        let files = writer::Files { watched, lock: Arc::clone(&lock) };
        let writer = writer::Writer::start(connection, before, files, Arc::clone(&readers), Arc::clone(&generations))?;
        lock.keep();
        let (memory, path) = (memory::Memory::default(), path.to_owned());
        Ok((Store { readers, writer, generations, memory, path, _opened: opened, _lock: lock }, found))
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
        let (connection, memory) = (&reader.on_loan().connection, Some(self.memory.of(seen, owner)));
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
        origin: Actor,
        write: impl FnOnce(&WriteTx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.writer.write(origin, write)
    }

    /// Like [`Store::write`], in a transaction of its own: for an operation that may change many rows. In a transaction
    /// with others the cost of each row would grow with the number of rows.
    ///
    /// # Errors
    /// Those of `write`; `Unavailable` when the queue is full, the disk is, or the store is closing.
    pub fn write_alone<T: Send + 'static>(
        &self,
        origin: Actor,
        write: impl FnOnce(&WriteTx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.writer.write_alone(origin, write)
    }

    /// Like [`Store::write`], for what nobody waits for: skipped when the queue is full.
    pub fn write_later(&self, write: impl FnOnce(&WriteTx<'_>) -> Result<()> + Send + 'static) {
        self.writer.write_later(write);
    }

    /// Copies the database, as it is at the end of this, into the file of that name beside it, which is there and empty.
    /// Others write meanwhile, and the write-ahead log does not grow by what they write.
    ///
    /// # Errors
    /// `Invalid` when there is no such file; `Unavailable` when it cannot be copied.
    pub fn copy_to(&self, name: &str) -> Result<()> {
        let path = snapshot::empty_copy(&self.path, name).map_err(|error| Error::Invalid(format!("{error:#}")))?;
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
        Seen::now(&self.generations).rights()
    }

    /// How often another program was seen to have changed the database. What was read before, and is not tied to a
    /// generation, may be wrong when this has changed.
    pub(crate) fn outside_changes(&self) -> u64 {
        self.writer.outside_changes()
    }

    /// Waits until that number of [`CacheScope::Anything`] is no longer the newest. False when the time has come, or the end
    /// of the server, without that.
    pub fn wait_for_commit(&self, generation: u64, deadline: Instant) -> bool {
        self.generations.wait(generation, deadline)
    }

    /// Lets nobody wait for a commit from now on.
    pub fn end_waiting(&self) {
        self.generations.end_waiting();
    }

    /// Adds what was written, and how much there is, to the page.
    pub fn tell(&self, page: &mut Page) {
        self.writer.tell(page);
        self.memory.tell(page);
        // Where SQLite has it, whatever links lead to the database.
        let log = snapshot::real(&self.path).and_then(|path| with_suffix(&path, "-wal").metadata());
        if let Ok(log) = log {
            let help = "The file of the write-ahead log, in which there may be less than its length.";
            page.gauge("rollbook_wal_size_bytes", help, &[], log.len() as f64);
        }
        match self.read(|rows| Ok((rows.count_users()?, rows.count_groups()?))) {
            Ok((users, groups)) => {
                page.gauge("rollbook_users", "Users, disabled ones too.", &[], users as f64);
                page.gauge("rollbook_groups", "Groups.", &[], groups as f64);
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

/// What can be read. A connection, seen as the rows of our tables.
pub struct ReadTx<'c> {
    connection: &'c Connection,
    /// The state of rights that is read; `None` where a write of the same transaction may have changed it.
    rights: Option<RightsVersion>,
    /// What is remembered between requests; `None` inside a write.
    memory: Option<memory::Remembered<'c>>,
}

/// What can be written too, inside one operation.
pub struct WriteTx<'c> {
    rows: ReadTx<'c>,
    /// Who makes the changes.
    origin: &'c Actor,
    /// The scopes that the operation has changed, a bit each.
    marks: Cell<u8>,
    /// How many changes it has written down.
    noted: Cell<u64>,
    /// What it writes once at its end, while it makes many changes.
    bulk: RefCell<Option<bulk::Bulk>>,
    /// Whether a rollback of the transaction takes back this operation alone.
    whole: bool,
}

impl<'c> WriteTx<'c> {
    fn on(connection: &'c Connection, rights: Option<RightsVersion>, origin: &'c Actor, whole: bool) -> WriteTx<'c> {
        let rows = ReadTx { connection, rights, memory: None };
        WriteTx { rows, origin, marks: Cell::new(0), noted: Cell::new(0), bulk: RefCell::new(None), whole }
    }

    /// Notes that something of that scope changes.
    fn mark(&self, scope: CacheScope) {
        self.marks.set(self.marks.get() | 1 << scope as u8);
    }
}

impl<'c> Deref for WriteTx<'c> {
    type Target = ReadTx<'c>;

    fn deref(&self) -> &ReadTx<'c> {
        &self.rows
    }
}

impl ReadTx<'_> {
    /// The state of rights that is read; `None` where the same transaction may have changed it.
    pub fn rights_version(&self) -> Option<RightsVersion> {
        self.rights
    }

    /// Runs a statement without parameters.
    fn run(&self, sql: &str) -> Result<()> {
        self.connection.prepare_cached(sql).and_then(|mut statement| statement.execute([])).map_err(failure)?;
        Ok(())
    }

    /// Runs a statement and says how many rows it changed.
    fn execute(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<usize> {
        self.connection.prepare_cached(sql).and_then(|mut statement| statement.execute(parameters)).map_err(failure)
    }

    /// The first row, if there is one.
    fn first<T>(
        &self,
        sql: &str,
        parameters: impl rusqlite::Params,
        row: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        let mut statement = self.connection.prepare_cached(sql).map_err(failure)?;
        let mut rows = statement.query(parameters).map_err(failure)?;
        rows.next().and_then(|found| found.map(row).transpose()).map_err(failure)
    }

    /// All rows.
    fn all<T>(
        &self,
        sql: &str,
        parameters: impl rusqlite::Params,
        row: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let mut statement = self.connection.prepare_cached(sql).map_err(failure)?;
        let rows = statement.query_map(parameters, row).map_err(failure)?;
        rows.collect::<rusqlite::Result<_>>().map_err(failure)
    }

    /// Shows all rows, one after the other.
    fn each(
        &self,
        sql: &str,
        parameters: impl rusqlite::Params,
        mut show: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<()>,
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(sql).map_err(failure)?;
        let mut rows = statement.query(parameters).map_err(failure)?;
        while let Some(row) = rows.next().map_err(failure)? {
            show(row).map_err(failure)?;
        }
        Ok(())
    }

    /// The first row for each of these keys, if there is one.
    fn first_of_each<'k, T>(
        &self,
        sql: &str,
        keys: impl Iterator<Item = &'k str>,
        row: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<Option<T>>> {
        let mut statement = self.connection.prepare_cached(sql).map_err(failure)?;
        let find = |key| statement.query([key])?.next()?.map(&row).transpose();
        keys.map(find).collect::<rusqlite::Result<_>>().map_err(failure)
    }

    /// Whether there is a row.
    fn any(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<bool> {
        Ok(self.first(sql, parameters, |_| Ok(()))?.is_some())
    }
}

/// What a database error means to those above.
fn failure(error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure | ErrorCode::DatabaseBusy | ErrorCode::ReadOnly) => {
            Error::Unavailable(format!("the database answers: {error}"))
        }
        _ => Error::Internal(anyhow::Error::new(error).context("use the database")),
    }
}

/// A new identifier that sorts by its time (RFC 9562, 5.7), so that those of one time share pages of the index.
pub fn new_uuid() -> String {
    // On a clock before 1970 the time of all is the same.
    let uuid = if SystemTime::now() < UNIX_EPOCH {
        uuid::Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, 0, 0))
    } else {
        uuid::Uuid::now_v7()
    };
    uuid.to_string()
}

/// Milliseconds since 1970-01-01 UTC; 0 on a clock before that.
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}

// ------------------------------------------------------------------------------------------ opening

/// How a file is opened. A path never has links here: one that is found was put there since, by the owner of the folder,
/// and root would write into whatever it leads to.
const OPEN_FLAGS: OpenFlags =
    OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX).union(OpenFlags::SQLITE_OPEN_NOFOLLOW);

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, OPEN_FLAGS)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    let define = |name: &str, function: fn(&str) -> String| {
        connection.create_scalar_function(name, 1, flags, move |context| {
            Ok(context.get_raw(0).as_str_or_null()?.map(function))
        })
    };
    define("folded", fold_name)?;
    define("spelling", spelling_key)?;
    // Otherwise SQLite compiles a kept statement anew whenever a parameter changes that might make a better plan,
    // which for most costs more than running it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

fn prepare_writer(connection: &Connection) -> anyhow::Result<()> {
    // SQLite opens a file that it may not write for reading.
    if connection.is_readonly(rusqlite::MAIN_DB)? {
        bail!("the file may not be written");
    }
    let mode: String = connection.query_row("pragma journal_mode = wal", [], |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        bail!("the file cannot have a write-ahead log (journal mode {mode})");
    }
    connection.execute_batch(
        "pragma synchronous = full;
         pragma foreign_keys = on;
         pragma trusted_schema = off;
         pragma temp_store = memory;
         pragma cache_size = -16384;
         pragma journal_size_limit = 67108864;",
    )?;
    Ok(())
}

// ------------------------------------------------------------------------------------------ reading

/// A connection for reading.
fn connect_reader(path: &Path) -> anyhow::Result<Connection> {
    let connection = connect(path)?;
    // Opened for writing all the same: a read-only connection could not recover a log that a crash left. The first
    // look opens the log: by then another one could be in its place.
    connection.execute_batch(
        "pragma query_only = on; pragma trusted_schema = off; pragma temp_store = memory;
         pragma cache_size = -6144; begin; select count(*) from sqlite_schema; rollback",
    )?;
    // The writer's connection, which is closed last, moves what is left in the log, if that may be done.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(connection)
}

/// The read connections. Few are enough for any number of callers, and they bound the memory of SQLite.
struct Readers {
    pool: Mutex<Pool>,
    returned: Condvar,
}

struct Pool {
    idle: Vec<ReadConnection>,
    /// Who waits for one: waking nobody would still be a system call.
    waiting: usize,
    /// No connection keeps a state between two reads.
    forgetful: bool,
    /// How often that was so: whoever was on loan at its end leaves its state when it comes back.
    forgotten: u64,
}

/// A connection that stays in the state that it has read, for as long as nothing is written: entering a state and
/// leaving it again would cost as much as finding a user.
struct ReadConnection {
    connection: Connection,
    /// The state in which it is.
    seen: Option<Seen>,
}

impl ReadConnection {
    /// Leaves the state, so that the write-ahead log can begin anew.
    fn leave(&mut self) {
        if self.seen.take().is_some() && !self.connection.is_autocommit() {
            let left = self.connection.prepare_cached("rollback").and_then(|mut rollback| rollback.execute([]));
            if let Err(error) = left {
                log::warn!("a read connection could not leave its state: {error}");
            }
        }
    }
}

impl Readers {
    fn open(path: &Path, count: usize) -> anyhow::Result<Readers> {
        let open = || Ok(ReadConnection { connection: connect_reader(path)?, seen: None });
        let idle = (0..count.max(1)).map(|_| open()).collect::<anyhow::Result<Vec<_>>>();
        let pool =
            Pool { idle: idle.context("open the read connections")?, waiting: 0, forgetful: false, forgotten: 0 };
        Ok(Readers { pool: Mutex::new(pool), returned: Condvar::new() })
    }

    fn take(&self) -> Reader<'_> {
        let mut pool = locked(&self.pool);
        loop {
            if let Some(connection) = pool.idle.pop() {
                return Reader { connection: Some(connection), forgotten: pool.forgotten, home: self };
            }
            pool.waiting += 1;
            pool = self.returned.wait(pool).unwrap_or_else(PoisonError::into_inner);
            pool.waiting -= 1;
        }
    }

    /// Does something while no connection keeps a state of the database that it does not read from.
    fn without_states<T>(&self, work: impl FnOnce() -> T) -> T {
        {
            let mut pool = locked(&self.pool);
            pool.idle.iter_mut().for_each(ReadConnection::leave);
            pool.forgetful = true;
        }
        let done = work();
        let mut pool = locked(&self.pool);
        pool.forgetful = false;
        pool.forgotten += 1;
        done
    }
}

/// A read connection on loan.
struct Reader<'r> {
    connection: Option<ReadConnection>,
    /// See [`Pool::forgotten`], when it was taken.
    forgotten: u64,
    home: &'r Readers,
}

impl Reader<'_> {
    fn on_loan(&mut self) -> &mut ReadConnection {
        self.connection.as_mut().expect("a connection on loan is there until it is given back")
    }

    /// Stays in the state that the connection is in, or enters the newest one if anything has been written since.
    fn snapshot(&mut self, generations: &Generations) -> Result<Seen> {
        let reader = self.on_loan();
        if let Some(seen) = reader.seen
            // All of them: while a commit advances one after the other, who has taken the new number of one scope must
            // not read the state of before.
            && seen == Seen::now(generations)
            && !reader.connection.is_autocommit()
        {
            return Ok(seen);
        }
        reader.leave();
        let seen = Seen::now(generations);
        ReadTx { connection: &reader.connection, rights: None, memory: None }.run("begin deferred")?;
        reader.seen = Some(seen);
        Ok(seen)
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        if let Some(mut connection) = self.connection.take() {
            let mut pool = locked(&self.home.pool);
            if pool.forgetful || pool.forgotten != self.forgotten {
                connection.leave();
            }
            pool.idle.push(connection);
            let wanted = pool.waiting > 0;
            drop(pool);
            if wanted {
                self.home.returned.notify_one();
            }
        }
    }
}
