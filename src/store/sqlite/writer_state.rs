//! The state that the writer's thread shares with callers that write in their own thread.

use super::reader_pool::ReaderPool;
use super::watched_files::{Loss, WatchedFiles};
use crate::files::InstanceLock;
use crate::metrics::Histogram;
use crate::model::{Error, Result, RightsVersion};
use crate::store::cache_scopes::Generations;
use crate::store::row_changes::RowChanges;
use crate::store::sql::ReadTx;
use anyhow::Context as _;
use rusqlite::Connection;
use rusqlite::hooks::Wal;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

/// Operations in one commit.
pub(super) const GROUP_LENGTH_MAX: usize = 256;
/// Bounds of the histogram of group lengths.
const GROUP_LENGTHS: [u64; 9] = [1, 2, 4, 8, 16, 32, 64, 128, GROUP_LENGTH_MAX as u64];
/// Pages in the write-ahead log at which a checkpoint is due without waiting for a pause.
pub(super) const LOG_PAGES: u64 = 4000;
/// Number that changes when another connection changes the database.
const DATA_VERSION: &str = "pragma data_version";
/// Steps of SQLite's virtual machine that count as progress.
const PROGRESS_STEPS: i32 = 1000;

/// `Ok` if the group of an operation was committed; otherwise the reason.
pub(super) type Outcome = std::result::Result<(), String>;
/// Sends the result of an operation to its caller.
pub(super) type Answer = Box<dyn FnOnce(&Outcome) + Send>;
/// The transaction that an operation runs in, or the error that prevented it.
pub(super) type Begun<'b> = std::result::Result<Transaction<'b>, &'b Error>;

/// A transaction that has begun.
#[derive(Clone, Copy)]
pub(super) struct Transaction<'b> {
    pub(super) connection: &'b Connection,
    /// Version of the rights; `None` if an earlier operation of the transaction may have changed them.
    pub(super) rights: Option<RightsVersion>,
    /// No operation has run in the transaction.
    pub(super) empty: bool,
}

/// The effects of an operation on the caches.
#[derive(Default)]
pub(super) struct CacheEffects {
    /// A bit for each invalidated cache scope.
    pub(super) invalidated: u8,
    pub(super) row_changes: RowChanges,
}

/// Runs the operation. The caller gets the answer after the commit.
pub(super) type Run = Box<dyn FnOnce(Begun<'_>) -> (CacheEffects, Answer) + Send>;

/// A write that a caller has asked for.
pub(super) struct Operation {
    pub(super) run: Run,
    /// The operation has a transaction of its own.
    pub(super) alone: bool,
}

/// A copy of the database that a caller has asked for.
pub(super) struct CopyOrder {
    /// An empty file.
    pub(super) path: PathBuf,
    pub(super) reply: SyncSender<Result<()>>,
}

/// A message to the writer's thread.
pub(super) enum Message {
    Run(Operation),
    Copy(CopyOrder),
    /// A caller has written in its own thread, so the write-ahead log needs a checkpoint, now or later.
    Wrote,
    Stop,
}

/// The files of the database, apart from SQLite's connections to them.
pub(in crate::store) struct Files {
    pub(in crate::store) watched: WatchedFiles,
    pub(in crate::store) lock: Arc<InstanceLock>,
}

/// The next attempt to save the acknowledged data of a lost file.
pub(super) struct Retry {
    pub(super) at: Instant,
    pub(super) pause: Duration,
}

pub(super) struct WriterState {
    pub(super) readers: Arc<ReaderPool>,
    /// Holds the snapshot before a commit while the commit runs. If the file turns out to be lost, that commit is
    /// refused and must not be in the rescued copy.
    pub(super) before: Mutex<Connection>,
    /// Closed last, see [`connect_reader`](super::connection::connect_reader).
    pub(super) connection: Mutex<Connection>,
    /// Its handle has to outlive the connections.
    pub(super) watched: WatchedFiles,
    pub(super) lock: Arc<InstanceLock>,
    /// True after a warning in the log that another process holds the lock.
    pub(super) lock_loss_reported: AtomicBool,
    /// Set while the acknowledged data of a lost file could not be saved.
    pub(super) rescue_retry: Mutex<Option<Retry>>,
    /// The files no longer belong to the database: the process writes nothing until it ends.
    pub(super) lost: OnceLock<(Loss, String)>,
    /// SQLite's number of changes by other connections.
    data_version: AtomicI64,
    /// Number of times that another program was seen to have changed the database.
    pub(super) external_changes: AtomicU64,
    pub(super) generations: Arc<Generations>,
    /// The id of the newest row of the audit log.
    pub(super) newest_change: AtomicI64,
    /// Pages in the write-ahead log after the last commit.
    pub(super) log_pages: Arc<AtomicU64>,
    /// Pages in the write-ahead log at which the next checkpoint is due.
    pub(super) checkpoint_at: Arc<AtomicU64>,
    /// Operations without an answer yet.
    pub(super) pending: AtomicUsize,
    /// Operations in the queue.
    pub(super) queued: AtomicUsize,
    /// Operations that have run.
    pub(super) operations: AtomicU64,
    /// A counter that increases while the writer makes progress.
    pub(super) progress: Arc<AtomicU64>,
    /// Work of other threads for a write, see `Writer::note_progress`.
    pub(super) prepared: AtomicU64,
    /// Lengths of the committed groups.
    pub(super) groups: Histogram<{ GROUP_LENGTHS.len() }>,
    pub(super) failures: AtomicU64,
    /// True if a checkpoint of the write-ahead log is pending.
    pub(super) checkpoint_due: AtomicBool,
    /// The last commit that changed anything has failed.
    pub(super) failed: AtomicBool,
    pub(super) stopped: AtomicBool,
}

impl WriterState {
    pub(super) fn new(
        mut connection: Connection,
        before: Connection,
        Files { watched, lock }: Files,
        readers: Arc<ReaderPool>,
        generations: Arc<Generations>,
    ) -> anyhow::Result<WriterState> {
        let version =
            connection.query_row(DATA_VERSION, [], |row| row.get(0)).context("read the version of the data")?;
        let rows = ReadTx { connection: &connection, rights: None, memory: None };
        let newest_change = rows.newest_change_id().context("read the audit log")?;
        let (log_pages, checkpoint_at) = count_log_pages(&mut connection)?;
        let progress = count_steps(&mut connection)?;
        Ok(WriterState {
            readers,
            before: Mutex::new(before),
            connection: Mutex::new(connection),
            watched,
            lock,
            lock_loss_reported: AtomicBool::new(false),
            rescue_retry: Mutex::new(None),
            lost: OnceLock::new(),
            data_version: AtomicI64::new(version),
            external_changes: AtomicU64::new(0),
            generations,
            newest_change: AtomicI64::new(newest_change),
            log_pages,
            checkpoint_at,
            pending: AtomicUsize::new(0),
            queued: AtomicUsize::new(0),
            operations: AtomicU64::new(0),
            progress,
            prepared: AtomicU64::new(0),
            groups: Histogram::new(&GROUP_LENGTHS),
            failures: AtomicU64::new(0),
            checkpoint_due: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
        })
    }

    /// Stores SQLite's present number of changes by other connections. Returns the number before.
    pub(super) fn swap_data_version(&self, rows: &ReadTx<'_>) -> Result<(i64, i64)> {
        let version = rows.first(DATA_VERSION, [], |row| row.get(0))?.unwrap_or(UNKNOWN_VERSION);
        Ok((self.data_version.swap(version, Ordering::AcqRel), version))
    }

    /// Forgets SQLite's number of changes by other connections, after an error that may have changed it.
    pub(super) fn forget_data_version(&self) {
        self.set_data_version(UNKNOWN_VERSION);
    }

    pub(super) fn set_data_version(&self, version: i64) {
        self.data_version.store(version, Ordering::Release);
    }
}

/// Replaces SQLite's number of changes by other connections after an error that may have changed it.
pub(super) const UNKNOWN_VERSION: i64 = -1;

/// Counts the pages in the write-ahead log after each commit. Returns the counter, and the count at which a checkpoint
/// is due. This replaces SQLite's own checkpoints, which do not release the readers' snapshots and run before the
/// answers.
fn count_log_pages(connection: &mut Connection) -> anyhow::Result<(Arc<AtomicU64>, Arc<AtomicU64>)> {
    let (log_pages, checkpoint_at) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(LOG_PAGES)));
    let (pages, due_at) = (Arc::clone(&log_pages), Arc::clone(&checkpoint_at));
    let count = move |_: &mut Wal, count| {
        let count = u64::try_from(count).unwrap_or(0);
        // Fewer pages than before: SQLite has reset the log.
        if pages.swap(count, Ordering::AcqRel) > count {
            due_at.store(LOG_PAGES, Ordering::Release);
        }
        Ok(())
    };
    connection.wal_hook(Some(count)).context("watch the write-ahead log")?;
    Ok((log_pages, checkpoint_at))
}

/// Counts the progress of long statements.
fn count_steps(connection: &mut Connection) -> anyhow::Result<Arc<AtomicU64>> {
    let progress = Arc::new(AtomicU64::new(0));
    let steps = Arc::clone(&progress);
    let count = move || {
        steps.fetch_add(1, Ordering::Relaxed);
        false
    };
    connection.progress_handler(PROGRESS_STEPS, Some(count)).context("watch the progress of statements")?;
    Ok(progress)
}

/// Rolls back a transaction that is still open.
pub(super) fn roll_back(connection: &Connection) {
    if !connection.is_autocommit()
        && let Err(error) = (ReadTx { connection, rights: None, memory: None }).run("rollback")
    {
        log::error!("the transaction could not be rolled back: {error}");
    }
}

/// The text of an error, without its kind if that is `Unavailable`: the caller gets an `Unavailable` again.
pub(super) fn reason(error: &Error) -> String {
    match error {
        Error::Unavailable(why) => why.clone(),
        error => error.to_string(),
    }
}
