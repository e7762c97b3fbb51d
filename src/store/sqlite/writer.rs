//! The one connection that writes. Its thread takes what has queued up while it was busy, runs each operation in a
//! savepoint of its own, commits once, and only then answers. Who comes while nobody else writes runs the operation
//! in their own thread, which saves the way to the other one and back.
//!
//! The first operation of a transaction needs no savepoint: a rollback of the transaction undoes it. In a savepoint SQLite
//! keeps a copy of each page that changes, and walks through all of these copies at the end of each statement that has a
//! trigger. The cost of many such statements in one savepoint is the square of their number. So an operation that may
//! change many rows has a transaction of its own.

use crate::files::{DatabaseLocked, InstanceLock};
use crate::metrics::{Exposition, Histogram};
use crate::model::{Actor, Error, Result, RightsVersion};
use crate::store::cache_scopes::{ADVANCED_SCOPES, CacheScope, Generations, SnapshotVersion};
use crate::store::sql::{ReadTx, WriteTx, failure};
use crate::store::sqlite::connection::{BUSY_TIMEOUT, connect_copy};
use crate::store::sqlite::reader_pool::ReaderPool;
use crate::store::sqlite::snapshot;
use crate::store::sqlite::watched_files::{Loss, Untrusted, WatchedFiles};
use crate::sync::locked;
use anyhow::{Context as _, anyhow};
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;
use rusqlite::hooks::Wal;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Operations that may wait; one more is refused as unavailable.
const QUEUE_LENGTH_MAX: usize = 1024;
/// Operations in one commit.
const GROUP_LENGTH_MAX: usize = 256;
/// Bounds of the lengths of groups.
const GROUP_LENGTHS: [u64; 9] = [1, 2, 4, 8, 16, 32, 64, 128, GROUP_LENGTH_MAX as u64];
/// How long a group may take before it commits, so that the first in it does not wait for long.
const GROUP_TIME_MAX: Duration = Duration::from_millis(20);
/// How long nothing has to be written before the log is moved into the main file, and before the thread looks whether
/// other programs have done something to the files.
const CHECKPOINT_AFTER: Duration = Duration::from_secs(1);
/// In place of SQLite's number of changes by others, after an error that may have changed it.
const UNKNOWN_VERSION: i64 = -1;
/// Pages in the log at which it is moved without such a pause.
const LOG_PAGES: u64 = 4000;
/// Pages to let pass until the next attempt, when readers have kept the log from beginning anew.
const LOG_PAGES_MORE: u64 = 1000;
/// Pages in the log at which readers are waited for, and how long.
const LOG_PAGES_MAX: u64 = 16_000;
const READERS_WAITED_FOR: Duration = Duration::from_millis(200);

/// How long it takes until it is tried again to keep what was acknowledged, at first and at most.
const KEEP_PAUSE: Duration = Duration::from_secs(1);
const KEEP_PAUSE_MAX: Duration = Duration::from_secs(60);

/// A number that changes when another connection changes the database.
const DATA_VERSION: &str = "pragma data_version";

/// Pages of a copy that are written in one go, while others wait: a mebibyte.
const COPY_PAGES: i32 = 256;
/// Steps of SQLite's machine that count as progress.
const PROGRESS_STEPS: i32 = 1000;
/// The pause of a copy where the file is locked.
const COPY_PAUSE: Duration = Duration::from_millis(2);

/// Whether the group that carried an operation was committed.
type Outcome = std::result::Result<(), String>;
/// Tells the one who waits.
type Answer = Box<dyn FnOnce(&Outcome) + Send>;
/// The transaction that an operation runs in, or why there is none.
type Begun<'b> = std::result::Result<Transaction<'b>, &'b Error>;

/// A transaction that has begun.
#[derive(Clone, Copy)]
struct Transaction<'b> {
    connection: &'b Connection,
    /// The state of rights, unless an operation before in the same transaction may have changed it.
    rights: Option<RightsVersion>,
    /// No operation has run in it.
    empty: bool,
}

/// Runs the operation; the answer is given after the commit. The number holds a bit for each scope that it has changed.
type Run = Box<dyn FnOnce(Begun<'_>) -> (u8, Answer) + Send>;

struct Operation {
    run: Run,
    /// Whether it has a transaction of its own.
    alone: bool,
}

/// A copy that is asked for.
struct CopyOrder {
    /// An empty file.
    path: PathBuf,
    tell: SyncSender<Result<()>>,
}

enum Message {
    Run(Operation),
    /// Copy the database into a file.
    Copy(CopyOrder),
    /// Somebody has written in their own thread: there is something to move out of the log, now or later.
    Wrote,
    Stop,
}

pub(in crate::store) struct Writer {
    queue: SyncSender<Message>,
    thread: Mutex<Option<JoinHandle<()>>>,
    shared: Arc<Shared>,
}

/// The files of the database, besides SQLite's connections to them.
pub(in crate::store) struct Files {
    pub(in crate::store) watched: WatchedFiles,
    pub(in crate::store) lock: Arc<InstanceLock>,
}

/// When it is tried again to keep what was acknowledged.
struct Retry {
    at: Instant,
    pause: Duration,
}

/// What the writer's thread and those who write in their own share.
struct Shared {
    readers: Arc<ReaderPool>,
    /// During a commit it is in the state before. A commit to a file that was lost meanwhile is refused, and must not be
    /// in the file that is kept.
    before: Mutex<Connection>,
    /// The last to be closed: see [`connect_reader`](crate::store::connect_reader).
    connection: Mutex<Connection>,
    /// Its handle has to outlive the connections.
    watched: WatchedFiles,
    lock: Arc<InstanceLock>,
    /// It was told that another process has the lock.
    lock_told: AtomicBool,
    /// Set while what was acknowledged could not be kept.
    rescue_retry: Mutex<Option<Retry>>,
    /// The files are not those of the database any more: nothing is written until the process ends.
    lost: OnceLock<(Loss, String)>,
    /// SQLite's number of the changes that other connections have made.
    version: AtomicI64,
    /// How often others have changed something.
    external_changes: AtomicU64,
    generations: Arc<Generations>,
    /// Pages in the log after the last commit.
    log_pages: Arc<AtomicU64>,
    /// Pages in the log at which it is moved next.
    checkpoint_at: Arc<AtomicU64>,
    /// Operations that were asked for and not answered yet.
    pending: AtomicUsize,
    /// Operations in the queue.
    queued: AtomicUsize,
    /// Operations that were run.
    operations: AtomicU64,
    /// Grows while the writer gets on.
    progress: Arc<AtomicU64>,
    /// See [`Writer::note_progress`].
    recorded: AtomicU64,
    /// Lengths of the groups that were committed.
    groups: Histogram<{ GROUP_LENGTHS.len() }>,
    failures: AtomicU64,
    /// Whether the log holds something that the thread knows of.
    checkpoint_due: AtomicBool,
    /// The last commit that changed anything has failed.
    failed: AtomicBool,
    stopped: AtomicBool,
}

impl Writer {
    pub(in crate::store) fn start(
        mut connection: Connection,
        before: Connection,
        Files { watched, lock }: Files,
        readers: Arc<ReaderPool>,
        generations: Arc<Generations>,
    ) -> anyhow::Result<Writer> {
        let version =
            connection.query_row(DATA_VERSION, [], |row| row.get(0)).context("read the version of the data")?;
        let (queue, messages) = sync_channel(QUEUE_LENGTH_MAX);
        let (log_pages, checkpoint_at) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(LOG_PAGES)));
        let (pages, anew) = (Arc::clone(&log_pages), Arc::clone(&checkpoint_at));
        // In place of SQLite's own checkpoints, which know nothing of the readers, and which come before the answers.
        let count = move |_: &mut Wal, count| {
            let count = u64::try_from(count).unwrap_or(0);
            if pages.swap(count, Ordering::AcqRel) > count {
                anew.store(LOG_PAGES, Ordering::Release);
            }
            Ok(())
        };
        connection.wal_hook(Some(count)).context("watch the write-ahead log")?;
        let progress = Arc::new(AtomicU64::new(0));
        let steps = Arc::clone(&progress);
        let note_steps = move || {
            steps.fetch_add(1, Ordering::Relaxed);
            false
        };
        connection.progress_handler(PROGRESS_STEPS, Some(note_steps)).context("watch the progress of statements")?;
        let shared = Arc::new(Shared {
            readers,
            before: Mutex::new(before),
            connection: Mutex::new(connection),
            watched,
            lock,
            lock_told: AtomicBool::new(false),
            rescue_retry: Mutex::new(None),
            lost: OnceLock::new(),
            version: AtomicI64::new(version),
            external_changes: AtomicU64::new(0),
            generations,
            log_pages,
            checkpoint_at,
            pending: AtomicUsize::new(0),
            queued: AtomicUsize::new(0),
            operations: AtomicU64::new(0),
            progress,
            recorded: AtomicU64::new(0),
            groups: Histogram::new(&GROUP_LENGTHS),
            failures: AtomicU64::new(0),
            checkpoint_due: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
        });
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || theirs.work(&messages))
            .context("start the writer thread")?;
        Ok(Writer { queue, thread: Mutex::new(Some(thread)), shared })
    }

    pub(in crate::store) fn write<T: Send + 'static>(
        &self,
        actor: Actor,
        write: impl FnOnce(&WriteTx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.run(false, actor, write)
    }

    pub(in crate::store) fn write_alone<T: Send + 'static>(
        &self,
        actor: Actor,
        write: impl FnOnce(&WriteTx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.run(true, actor, write)
    }

    /// Runs the operation and returns after the commit.
    fn run<T: Send + 'static>(
        &self,
        alone: bool,
        actor: Actor,
        write: impl FnOnce(&WriteTx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (tell, told) = sync_channel(1);
        let run = Box::new(move |begun: Begun<'_>| {
            let (result, changed) = guarded(begun, &actor, write);
            let answer: Answer = Box::new(move |outcome| {
                let _ = tell.send(match outcome {
                    Ok(()) => result,
                    // Also what was refused may have been refused because of something that is now undone.
                    Err(why) => Err(Error::Unavailable(why.clone())),
                });
            });
            (changed, answer)
        });
        let operation = Operation { run, alone };
        let _pending = Pending::new(&self.shared.pending);
        if let Some(operation) = self.try_write_inline(operation) {
            self.enqueue(operation).map_err(|error| {
                Error::Unavailable(match error {
                    TrySendError::Full(_) => "too many writes are waiting".to_owned(),
                    TrySendError::Disconnected(_) => "the server is stopping".to_owned(),
                })
            })?;
        }
        told.recv().unwrap_or_else(|_| Err(Error::Unavailable("the server is stopping".to_owned())))
    }

    /// Runs the operation in this thread if nobody else writes or wants to; gives it back otherwise. With others
    /// about, they share one commit through the thread.
    fn try_write_inline(&self, operation: Operation) -> Option<Operation> {
        if self.shared.pending.load(Ordering::Acquire) > 1 {
            return Some(operation);
        }
        let Ok(connection) = self.shared.connection.try_lock() else { return Some(operation) };
        if self.shared.stopped.load(Ordering::Acquire) {
            return Some(operation);
        }
        let alone = operation.alone;
        run_group(&connection, operation, &mut || None, &self.shared);
        if alone {
            // Another operation of many changes may follow at once, and keep the thread from the connection.
            self.shared.checkpoint_if_due(&connection);
        }
        drop(connection);
        if !self.shared.checkpoint_due.swap(true, Ordering::AcqRel) || self.shared.is_checkpoint_due() {
            let _ = self.queue.try_send(Message::Wrote);
        }
        None
    }

    /// Copies the database into that file, which has to be empty, a piece at a time. Others write in between.
    pub(in crate::store) fn copy_to(&self, path: PathBuf) -> Result<()> {
        let (tell, told) = sync_channel(1);
        self.queue
            .try_send(Message::Copy(CopyOrder { path, tell }))
            .map_err(|_| Error::Unavailable("too much is waiting, or the server is stopping".to_owned()))?;
        told.recv().unwrap_or_else(|_| Err(Error::Unavailable("the server is stopping".to_owned())))
    }

    /// Whether the last commit that changed anything has failed.
    pub(in crate::store) fn has_failed(&self) -> bool {
        self.shared.failed.load(Ordering::Acquire)
    }

    /// How much has been done and prepared, in no particular unit.
    pub(in crate::store) fn progress(&self) -> u64 {
        self.own_progress() + self.shared.recorded.load(Ordering::Relaxed)
    }

    /// Counts work for a write that another thread does.
    pub(in crate::store) fn note_progress(&self) {
        self.shared.recorded.fetch_add(1, Ordering::Relaxed);
    }

    /// How often others were seen to have changed something.
    pub(in crate::store) fn external_changes(&self) -> u64 {
        self.shared.external_changes.load(Ordering::Acquire)
    }

    pub(in crate::store) fn write_in_background(
        &self,
        write: impl FnOnce(&WriteTx<'_>) -> Result<()> + Send + 'static,
    ) {
        let run = Box::new(move |begun: Begun<'_>| {
            let (result, changed) = guarded(begun, &Actor::program(), write);
            let answer: Answer = Box::new(move |_| {
                if let Err(error) = result {
                    log::warn!("a write in the background failed: {error}");
                }
            });
            (changed, answer)
        });
        let _ = self.enqueue(Operation { run, alone: false });
    }

    /// Asks the thread for an operation that changes nothing. What [`Writer::own_progress`] was before.
    pub(in crate::store) fn wake(&self) -> u64 {
        let progress = self.own_progress();
        let run = Box::new(|_: Begun<'_>| (0, Box::new(|_: &Outcome| {}) as Answer));
        // With a full queue there is enough to do.
        let _ = self.enqueue(Operation { run, alone: false });
        progress
    }

    /// How much the writer itself has done, in no particular unit.
    pub(in crate::store) fn own_progress(&self) -> u64 {
        self.shared.operations.load(Ordering::Relaxed) + self.shared.progress.load(Ordering::Relaxed)
    }

    fn enqueue(&self, operation: Operation) -> std::result::Result<(), TrySendError<Message>> {
        self.shared.queued.fetch_add(1, Ordering::Relaxed);
        let sent = self.queue.try_send(Message::Run(operation));
        if sent.is_err() {
            self.shared.queued.fetch_sub(1, Ordering::Relaxed);
        }
        sent
    }

    /// Adds what was written to the page.
    pub(in crate::store) fn collect_metrics(&self, exposition: &mut Exposition) {
        let Shared { queued, operations, groups, failures, .. } = &*self.shared;
        let help = "Operations that wait for the writer.";
        exposition.gauge("rollbook_writer_queue_length", help, &[], queued.load(Ordering::Relaxed) as f64);
        let help = "Operations that the writer has run, in commits that failed too.";
        exposition.counter("rollbook_writer_operations_total", help, &[], operations.load(Ordering::Relaxed) as f64);
        let (lengths, failures) = (groups.counts(), failures.load(Ordering::Relaxed));
        exposition.counter("rollbook_writer_commits_total", "Commits.", &[], lengths.number() as f64);
        exposition.counter("rollbook_writer_commit_failures_total", "Commits that failed.", &[], failures as f64);
        let help = "Changes of the database by other programs that were noticed.";
        exposition.counter("rollbook_database_outside_changes_total", help, &[], self.external_changes() as f64);
        exposition.histogram(
            "rollbook_writer_commit_operations",
            "Operations that shared a commit.",
            &[],
            &lengths,
            1.0,
        );
    }

    pub(in crate::store) fn close(&self) {
        let _ = self.queue.send(Message::Stop);
        if let Some(thread) = locked(&self.thread).take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

/// Runs the operation so that its error, or its panic, takes back what it did and nothing else. Returns the marks
/// of what it has changed too.
fn guarded<T>(begun: Begun<'_>, actor: &Actor, write: impl FnOnce(&WriteTx<'_>) -> Result<T>) -> (Result<T>, u8) {
    let Transaction { connection, rights, empty } = match begun {
        Ok(transaction) => transaction,
        Err(why) => return (Err(Error::Unavailable(reason(why))), 0),
    };
    let tx = WriteTx::on(connection, rights, actor, empty);
    let result = if empty { in_transaction(connection, &tx, write) } else { in_savepoint(connection, &tx, write) };
    let invalidated = if result.is_ok() { tx.invalidated.get() } else { 0 };
    (result, invalidated)
}

fn caught<T>(tx: &WriteTx<'_>, write: impl FnOnce(&WriteTx<'_>) -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(|| write(tx)))
        .unwrap_or_else(|_| Err(Error::Internal(anyhow!("an operation of the writer panicked"))))
}

/// Runs it as the first operation of the transaction. After an error the transaction begins again.
fn in_transaction<T>(
    connection: &Connection,
    tx: &WriteTx<'_>,
    write: impl FnOnce(&WriteTx<'_>) -> Result<T>,
) -> Result<T> {
    let result = caught(tx, write);
    if result.is_err() && !connection.is_autocommit() {
        tx.run("rollback")?;
        tx.run("begin immediate")?;
    }
    result
}

fn in_savepoint<T>(
    connection: &Connection,
    tx: &WriteTx<'_>,
    write: impl FnOnce(&WriteTx<'_>) -> Result<T>,
) -> Result<T> {
    tx.run("savepoint operation")?;
    let result = caught(tx, write);
    if result.is_err() && !connection.is_autocommit() && tx.run("rollback to operation").is_err() {
        // Half an operation must not be committed with the group: then nothing of the group is.
        connection.execute_batch("rollback").map_err(failure)?;
    }
    if !connection.is_autocommit() {
        tx.run("release operation")?;
    }
    result
}

/// Counts an operation for as long as it is under way.
struct Pending<'p>(&'p AtomicUsize);

impl<'p> Pending<'p> {
    fn new(count: &'p AtomicUsize) -> Pending<'p> {
        count.fetch_add(1, Ordering::AcqRel);
        Pending(count)
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Shared {
    fn work(&self, messages: &Receiver<Message>) {
        // An operation that has to run alone, taken from the queue while another group was running.
        let mut left = None;
        // Copies that were asked for during another one.
        let mut copies = VecDeque::new();
        loop {
            let message = if left.is_some() {
                left.take()
            } else if let Some(order) = copies.pop_front() {
                Some(Message::Copy(order))
            } else {
                match messages.recv_timeout(CHECKPOINT_AFTER) {
                    Err(RecvTimeoutError::Timeout) => {
                        let connection = locked(&self.connection);
                        if self.checkpoint_due.swap(false, Ordering::AcqRel) {
                            self.checkpoint(&connection, "passive");
                        }
                        self.look(&connection);
                        continue;
                    }
                    other => other.ok(),
                }
            };
            let mut stop = false;
            match message {
                Some(Message::Run(first)) => {
                    stop = self.run_queued(&locked(&self.connection), first, messages, &mut left);
                }
                Some(Message::Copy(copy)) => stop = self.copy(copy, messages, &mut left, &mut copies),
                Some(Message::Wrote) => self.checkpoint_if_due(&locked(&self.connection)),
                Some(Message::Stop) | None => stop = true,
            }
            if stop {
                break;
            }
        }
        let connection = locked(&self.connection);
        self.stopped.store(true, Ordering::Release);
        self.look(&connection);
        self.finish_rescue();
        let may_move = match self.lost.get() {
            None => true,
            // Whatever the name of the open file is now, or if it has none: it is whole afterwards, and no log is left
            // beside the file that has its name.
            Some((Loss::Main, _)) => true,
            Some((Loss::Log, _)) => self.watched.has_lost_log_alone(),
            Some((Loss::Content, _)) => false,
        };
        if may_move {
            self.checkpoint_now(&connection, "truncate");
        } else if let Err(error) = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true) {
            log::error!("the log may be moved into a file that it does not belong to: {error}");
        }
    }

    /// Looks whether the files are still those of the database, and whether others have changed it.
    fn look(&self, connection: &Connection) {
        let rows = ReadTx { connection, rights: None, memory: None };
        if let Err(error) = self.require_files().and_then(|()| self.notice_external_changes(&rows)) {
            log::debug!("{error}");
        }
        if self.lost.get().is_none() {
            self.restore_lock();
        }
    }

    /// Refuses to go on when the files are not those of the database any more, or cannot be looked at. The first time,
    /// what is in the open files is kept.
    fn require_files(&self) -> Result<()> {
        if let Some((_, why)) = self.lost.get() {
            self.rescue_if_due();
            return Err(Error::Unavailable(why.clone()));
        }
        let Err(Untrusted { loss, why }) = self.watched.look() else { return Ok(()) };
        if let Some(loss) = loss
            && self.lost.set((loss, why.clone())).is_ok()
        {
            self.report_loss(loss, &why);
        }
        Err(Error::Unavailable(why))
    }

    fn report_loss(&self, loss: Loss, why: &str) {
        let kept = match loss {
            // Of a mixture nothing is worth keeping.
            Loss::Content => None,
            Loss::Main | Loss::Log => {
                let kept = self.keep();
                if let Err(error) = &kept {
                    log::error!(
                        "what was acknowledged could not be kept in a file, which is tried again until the server \
                         stops: {error:#}"
                    );
                    *locked(&self.rescue_retry) = Some(Retry { at: Instant::now() + KEEP_PAUSE, pause: KEEP_PAUSE });
                }
                kept.ok()
            }
        };
        let advice = self.advice(kept.as_deref());
        log::error!("{why}: no write is taken any more, reads are answered from the open file; {advice}");
    }

    /// How to go on after a loss.
    fn advice(&self, kept: Option<&Path>) -> String {
        let name = self.watched.real_path().display();
        match kept {
            Some(kept) => {
                let kept = kept.display();
                format!(
                    "everything that was acknowledged is in {kept}: stop the server, restore it or a backup (rollbook \
                     restore {kept} --db {name}), and start"
                )
            }
            None => format!("stop the server, restore a backup (rollbook restore BACKUP --db {name}), and start"),
        }
    }

    /// Keeps what was acknowledged in a file beside the place of the database.
    fn keep(&self) -> anyhow::Result<PathBuf> {
        self.enter_snapshot_before_commit();
        snapshot::keep(&locked(&self.before), self.watched.real_path())
    }

    /// Tries again to keep what could not be kept before. After each failure it waits for longer: a large file is written
    /// each time.
    fn rescue_if_due(&self) {
        let mut again = locked(&self.rescue_retry);
        let Some(retry) = again.as_mut().filter(|retry| retry.at <= Instant::now()) else { return };
        match self.keep() {
            Ok(kept) => {
                *again = None;
                log::error!("no write is taken any more; {}", self.advice(Some(&kept)));
            }
            Err(error) => {
                log::debug!("what was acknowledged could not be kept in a file: {error:#}");
                retry.pause = KEEP_PAUSE_MAX.min(retry.pause * 2);
                retry.at = Instant::now() + retry.pause;
            }
        }
    }

    /// The last attempt, and the end of the state that was to be kept.
    fn finish_rescue(&self) {
        if locked(&self.rescue_retry).take().is_some() {
            match self.keep() {
                Ok(kept) => log::error!("{}", self.advice(Some(&kept))),
                Err(error) => log::error!("what was acknowledged could not be kept in a file: {error:#}"),
            }
        }
        roll_back(&locked(&self.before));
    }

    /// Enters the state that the database is in, unless one was entered before. Without it a commit is no worse.
    fn enter_snapshot_before_commit(&self) {
        let before = locked(&self.before);
        if !before.is_autocommit() {
            return;
        }
        let rows = ReadTx { connection: &before, rights: None, memory: None };
        // The first look is what enters the state.
        let look = || rows.any("select 1 from sqlite_schema", []);
        if let Err(error) = rows.run("begin deferred").and_then(|()| look()) {
            log::debug!("the state before a commit cannot be entered: {error}");
            roll_back(&before);
        }
    }

    /// Leaves that state, unless the files are lost: then it is what is kept.
    fn leave_snapshot_before_commit(&self) {
        if self.lost.get().is_none() {
            roll_back(&locked(&self.before));
        }
    }

    /// Takes the lock again if its file was removed or replaced.
    fn restore_lock(&self) {
        let told = match self.lock.renew() {
            Ok(false) => return,
            Ok(true) => {
                log::warn!("the lock file was removed or replaced, and is locked again: leave it where it is");
                false
            }
            Err(error) => {
                if !self.lock_told.load(Ordering::Relaxed) {
                    let whose = if error.is::<DatabaseLocked>() {
                        ", and another process has locked the other one"
                    } else {
                        ""
                    };
                    log::error!("the lock file was removed or replaced{whose}: {error:#}: run one server alone");
                }
                true
            }
        };
        self.lock_told.store(told, Ordering::Relaxed);
    }

    /// Drops what was read before when others have changed the database since the last look.
    fn notice_external_changes(&self, rows: &ReadTx<'_>) -> Result<()> {
        let version = rows.first(DATA_VERSION, [], |row| row.get(0))?.unwrap_or(UNKNOWN_VERSION);
        let known = self.version.swap(version, Ordering::AcqRel);
        if known == version {
            return Ok(());
        }
        ADVANCED_SCOPES.into_iter().for_each(|scope| self.generations.advance(scope));
        self.generations.advance(CacheScope::Anything);
        self.generations.tell();
        // The last: what is read after taking this number has to be of the new state.
        if known != UNKNOWN_VERSION {
            let count = self.external_changes.fetch_add(1, Ordering::AcqRel);
            // Further ones are counted in the metrics.
            let level = if count == 0 { log::Level::Warn } else { log::Level::Debug };
            let name = self.watched.real_path().display();
            log::log!(
                level,
                "another program has written to {name}: what was read before is read again (rollbook's own commands \
                 ask the server)"
            );
        }
        Ok(())
    }

    /// Runs an operation, with those that have queued up behind it. Tells whether the end was asked for among them;
    /// `left` is an operation that has to run alone, after this.
    fn run_queued(
        &self,
        connection: &Connection,
        first: Operation,
        messages: &Receiver<Message>,
        left: &mut Option<Message>,
    ) -> bool {
        let mut stop = false;
        self.queued.fetch_sub(1, Ordering::Relaxed);
        self.checkpoint_due.store(true, Ordering::Release);
        let mut next = || match messages.try_recv() {
            Ok(Message::Run(operation)) if operation.alone => {
                *left = Some(Message::Run(operation));
                None
            }
            Ok(Message::Run(operation)) => {
                self.queued.fetch_sub(1, Ordering::Relaxed);
                Some(operation)
            }
            Ok(copy @ Message::Copy(_)) => {
                *left = Some(copy);
                None
            }
            Ok(Message::Stop) => {
                stop = true;
                None
            }
            Ok(Message::Wrote) | Err(_) => None,
        };
        run_group(connection, first, &mut next, self);
        self.checkpoint_if_due(connection);
        stop
    }

    /// Copies the database, and runs what queues up meanwhile between two pieces. SQLite brings pages that this
    /// connection changes into the copy too, so that it is of one state: that of its end. No state is held between two
    /// pieces, so that the log can begin again. Other copies wait for the end of this one. Tells whether the end was asked
    /// for.
    fn copy(
        &self,
        order: CopyOrder,
        messages: &Receiver<Message>,
        left: &mut Option<Message>,
        waiting: &mut VecDeque<CopyOrder>,
    ) -> bool {
        let mut stop = false;
        // All that others want to write comes by the queue, as long as this is held.
        let connection = locked(&self.connection);
        // Of a file that has lost its name a copy would be of another database than the one that is meant.
        let copied = self.require_files().and_then(|()| {
            copy_in_pieces(&connection, &order.path, || {
                self.progress.fetch_add(1, Ordering::Relaxed);
                match left.take().or_else(|| messages.try_recv().ok()) {
                    Some(Message::Run(first)) => stop = self.run_queued(&connection, first, messages, left),
                    Some(Message::Copy(other)) => waiting.push_back(other),
                    Some(Message::Wrote) => self.checkpoint_if_due(&connection),
                    Some(Message::Stop) => stop = true,
                    None => {}
                }
                !stop
            })
        });
        let copied = copied.and_then(|()| self.require_files());
        drop(connection);
        let _ = order.tell.send(copied);
        stop
    }

    /// Moves the log into the main file when it has grown long enough.
    fn checkpoint_if_due(&self, connection: &Connection) {
        if self.is_checkpoint_due() {
            let pages = self.log_pages.load(Ordering::Acquire);
            if pages < LOG_PAGES_MAX {
                return self.checkpoint(connection, "passive");
            }
            // Our readers have only short looks at it. Another process may have a long one: it is not waited for.
            log::warn!("the write-ahead log has {pages} pages: somebody reads an old state of the database");
            let _ = connection.busy_timeout(READERS_WAITED_FOR);
            self.checkpoint(connection, "restart");
            let _ = connection.busy_timeout(BUSY_TIMEOUT);
        }
    }

    fn is_checkpoint_due(&self) -> bool {
        let pages = self.log_pages.load(Ordering::Acquire);
        pages >= self.checkpoint_at.load(Ordering::Acquire)
    }

    /// Moves the write-ahead log into the main file. What cannot be moved now stays safe in the log.
    fn checkpoint(&self, connection: &Connection, mode: &str) {
        if self.require_files().is_ok() {
            self.checkpoint_now(connection, mode);
        }
    }

    fn checkpoint_now(&self, connection: &Connection, mode: &str) {
        let moved = self.readers.with_snapshots_released(|| {
            connection.query_row(&format!("pragma wal_checkpoint({mode})"), [], |row| {
                Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
            })
        });
        self.watched.note_checkpoint();
        let pages = self.log_pages.load(Ordering::Acquire);
        match moved {
            Ok((all, moved)) => log::debug!("{moved} of {all} pages of the write-ahead log are in the database"),
            Err(error) => {
                log::warn!("the write-ahead log ({pages} pages) could not be moved into the database: {error}")
            }
        }
        // Until the next commit it cannot be known whether the log begins anew; if so, this is taken back.
        self.checkpoint_at.store(LOG_PAGES.max(pages + LOG_PAGES_MORE.max(pages / 4)), Ordering::Release);
    }
}

/// Copies a database into an empty file. Between two pieces it asks whether to go on.
fn copy_in_pieces(connection: &Connection, path: &Path, mut goes_on: impl FnMut() -> bool) -> Result<()> {
    let failed = |error: rusqlite::Error| Error::Unavailable(format!("the database cannot be copied: {error}"));
    let mut target = connect_copy(path).map_err(failed)?;
    // Half of it is of no use, and the one who wants it moves it to the disk in one go.
    target.execute_batch("pragma journal_mode = off; pragma synchronous = off").map_err(failed)?;
    // Pages that are remembered may be damaged on the disk by now, which a copy is there to tell.
    connection.execute_batch("pragma shrink_memory").map_err(failed)?;
    let copy = Backup::new(connection, &mut target).map_err(failed)?;
    loop {
        match copy.step(COPY_PAGES).map_err(failed)? {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            // Another process holds the file for a moment.
            _ => std::thread::sleep(COPY_PAUSE),
        }
        if !goes_on() {
            return Err(Error::Unavailable("the server is stopping".to_owned()));
        }
        if !path.exists() {
            return Err(Error::Unavailable("the copy is gone".to_owned()));
        }
    }
}

/// Runs one group from its first operation to its answers; `more` gives those that have queued up.
fn run_group(connection: &Connection, first: Operation, more: &mut dyn FnMut() -> Option<Operation>, shared: &Shared) {
    let rows = ReadTx { connection, rights: None, memory: None };
    let start = Instant::now();
    let mut answers = Vec::new();
    let mut changed = 0;
    let changes_before = connection.total_changes();
    let begun = shared.require_files().and_then(|()| rows.run("begin immediate"));
    // While others cannot write.
    let begun = begun.and_then(|()| shared.notice_external_changes(&rows));
    let mut next = Some(first);
    while let Some(operation) = next.take() {
        // Without a transaction nothing may run: a savepoint alone would commit by itself.
        let rights_marks = 1 << CacheScope::Rights as u8 | 1 << CacheScope::Credentials as u8;
        // Only commits advance the numbers, and there is one writer: these stay until this transaction's own commit.
        let rights = (changed & rights_marks == 0).then(|| SnapshotVersion::now(&shared.generations).rights());
        let empty = answers.is_empty();
        let alone = operation.alone;
        let (did, answer) = (operation.run)(begun.as_ref().map(|()| Transaction { connection, rights, empty }));
        changed |= did;
        answers.push(answer);
        // Some errors (a full disk) make SQLite undo the whole transaction: the group ends here.
        let full = answers.len() == GROUP_LENGTH_MAX || start.elapsed() > GROUP_TIME_MAX;
        if alone || full || connection.is_autocommit() {
            break;
        }
        next = more();
    }
    let begun_well = begun.is_ok();
    let committed = match begun {
        Err(error) => Err(reason(&error)),
        Ok(()) if connection.is_autocommit() => Err("the database took the write back".to_owned()),
        Ok(()) => {
            if connection.total_changes() != changes_before {
                shared.enter_snapshot_before_commit();
            }
            rows.run("commit").map_err(|error| reason(&error))
        }
    };
    let is_committed = committed.is_ok();
    // A commit to a file that is not the database any more is none. That the file cannot be looked at just now, after it
    // was looked at before, undoes nothing.
    let outcome = committed.and_then(|()| match (shared.require_files(), shared.lost.get()) {
        (Err(error), Some(_)) => Err(reason(&error)),
        _ => Ok(()),
    });
    shared.leave_snapshot_before_commit();
    shared.operations.fetch_add(answers.len() as u64, Ordering::Relaxed);
    if outcome.is_ok() {
        shared.groups.observe(answers.len() as u64);
    }
    if let Err(why) = &outcome {
        shared.failures.fetch_add(1, Ordering::Relaxed);
        shared.failed.store(true, Ordering::Release);
        // The loss of the file was told when it was noticed.
        if shared.lost.get().is_none() {
            log::error!("{} writes could not be committed: {why}", answers.len());
        }
        roll_back(connection);
        if begun_well && !is_committed {
            overwrite_failed_commit(connection);
        }
        // SQLite may have forgotten all pages, as if others had changed them.
        shared.version.store(UNKNOWN_VERSION, Ordering::Release);
    }
    if is_committed && connection.total_changes() != changes_before {
        if outcome.is_ok() {
            shared.failed.store(false, Ordering::Release);
        }
        // Before the answers: who has been told of a write must not be served from before it.
        // From the foundation up: who finds a new number of rights must not build on an old one of groups.
        for scope in ADVANCED_SCOPES.into_iter().filter(|scope| changed & 1 << *scope as u8 != 0) {
            shared.generations.advance(scope);
        }
        shared.generations.advance(CacheScope::Anything);
        shared.generations.tell();
    }
    shared.progress.fetch_add(1, Ordering::Relaxed);
    for answer in answers {
        answer(&outcome);
    }
}

/// Writes over what a failed commit has left in the log. If only its sync has failed, it is there with all its pages,
/// and whoever opened the file after a crash would take it for committed. This skips a number, as SQLite writes no page
/// that does not change, and may fail too.
fn overwrite_failed_commit(connection: &Connection) {
    let actor = Actor::program();
    let tx = WriteTx::on(connection, None, &actor, true);
    if let Err(error) = tx.run("begin immediate").and_then(|()| tx.skip_seq()).and_then(|()| tx.run("commit")) {
        log::error!("what a failed commit has left could not be written over for sure: {error}");
        roll_back(connection);
    }
}

/// Takes back a transaction that is still open.
fn roll_back(connection: &Connection) {
    if !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("rollback").map_err(failure)
    {
        log::error!("the transaction could not be taken back: {error}");
    }
}

/// Why something is unavailable, without saying twice that it is.
fn reason(error: &Error) -> String {
    match error {
        Error::Unavailable(why) => why.clone(),
        error => error.to_string(),
    }
}
