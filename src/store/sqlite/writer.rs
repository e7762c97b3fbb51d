//! The writer: one connection, and a thread that commits queued operations in groups.
//!
//! The thread takes the operations that were queued while it was busy, runs each of them so that it can be undone by itself,
//! commits once, and answers after the commit. A caller that is alone runs its operation in its own thread, which saves two
//! switches of threads.

use super::commit_group::{run_group, run_guarded};
use super::reader_pool::ReaderPool;
use super::writer_state::{Answer, Begun, CacheEffects, CopyOrder, Files, Message, Operation, Outcome, WriterState};
use crate::metrics::Exposition;
use crate::model::{Actor, Error, Result};
use crate::store::cache_scopes::Generations;
use crate::store::sql::WriteTx;
use crate::sync::locked;
use anyhow::Context as _;
use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// Operations in the queue. One more is refused as unavailable.
const QUEUE_LENGTH_MAX: usize = 1024;

pub(in crate::store) struct Writer {
    queue: SyncSender<Message>,
    thread: Mutex<Option<JoinHandle<()>>>,
    state: Arc<WriterState>,
}

impl Writer {
    /// Starts the thread. `before` is a second connection, for the snapshot before a commit.
    pub(in crate::store) fn start(
        connection: Connection,
        before: Connection,
        files: Files,
        readers: Arc<ReaderPool>,
        generations: Arc<Generations>,
    ) -> anyhow::Result<Writer> {
        let (queue, messages) = sync_channel(QUEUE_LENGTH_MAX);
        let state = Arc::new(WriterState::new(connection, before, files, readers, generations)?);
        let shared = Arc::clone(&state);
        let thread = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || shared.work(&messages))
            .context("start the writer thread")?;
        Ok(Writer { queue, thread: Mutex::new(Some(thread)), state })
    }

    /// See `Store::write`.
    pub(in crate::store) fn write<T: Send + 'static>(
        &self,
        actor: Actor,
        write: impl FnOnce(&WriteTx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.run(false, actor, write)
    }

    /// See `Store::write_alone`.
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
        let (reply, result) = sync_channel(1);
        let run = Box::new(move |begun: Begun<'_>| {
            let (done, effects) = run_guarded(begun, &actor, write);
            let answer: Answer = Box::new(move |outcome| {
                let _ = reply.send(match outcome {
                    Ok(()) => done,
                    // Also an error: a change that is undone now may have caused it.
                    Err(why) => Err(Error::Unavailable(why.clone())),
                });
            });
            (effects, answer)
        });
        let operation = Operation { run, alone };
        let _pending = Pending::new(&self.state.pending);
        if let Some(operation) = self.try_write_inline(operation) {
            self.enqueue(operation).map_err(|error| {
                Error::Unavailable(match error {
                    TrySendError::Full(_) => "too many writes are waiting".to_owned(),
                    TrySendError::Disconnected(_) => "the server is stopping".to_owned(),
                })
            })?;
        }
        result.recv().unwrap_or_else(|_| Err(Error::Unavailable("the server is stopping".to_owned())))
    }

    /// Runs the operation in the caller's thread if it is the only one; returns it otherwise. Several operations share one
    /// commit of the writer's thread.
    fn try_write_inline(&self, operation: Operation) -> Option<Operation> {
        if self.state.pending.load(Ordering::Acquire) > 1 {
            return Some(operation);
        }
        let Ok(connection) = self.state.connection.try_lock() else { return Some(operation) };
        if self.state.stopped.load(Ordering::Acquire) {
            return Some(operation);
        }
        let alone = operation.alone;
        run_group(&connection, operation, &mut || None, &self.state);
        if alone {
            // The next long operation may follow at once, so that the writer's thread does not get the connection.
            self.state.checkpoint_if_due(&connection);
        }
        drop(connection);
        if !self.state.checkpoint_due.swap(true, Ordering::AcqRel) || self.state.is_checkpoint_due() {
            let _ = self.queue.try_send(Message::Wrote);
        }
        None
    }

    /// Copies the database into that empty file, in pieces. Writes run between them.
    pub(in crate::store) fn copy_to(&self, path: PathBuf) -> Result<()> {
        let (reply, result) = sync_channel(1);
        self.queue
            .try_send(Message::Copy(CopyOrder { path, reply }))
            .map_err(|_| Error::Unavailable("too much is waiting, or the server is stopping".to_owned()))?;
        result.recv().unwrap_or_else(|_| Err(Error::Unavailable("the server is stopping".to_owned())))
    }

    /// True if the last commit that changed anything has failed.
    pub(in crate::store) fn has_failed(&self) -> bool {
        self.state.failed.load(Ordering::Acquire)
    }

    /// Number that grows with the progress of writes and of their preparation.
    pub(in crate::store) fn progress(&self) -> u64 {
        self.own_progress() + self.state.prepared.load(Ordering::Relaxed)
    }

    /// Counts progress of another thread that prepares a write.
    pub(in crate::store) fn note_progress(&self) {
        self.state.prepared.fetch_add(1, Ordering::Relaxed);
    }

    /// Number of times that another program was seen to have changed the database.
    pub(in crate::store) fn external_changes(&self) -> u64 {
        self.state.external_changes.load(Ordering::Acquire)
    }

    /// See `Store::write_in_background`.
    pub(in crate::store) fn write_in_background(
        &self,
        write: impl FnOnce(&WriteTx<'_>) -> Result<()> + Send + 'static,
    ) {
        let run = Box::new(move |begun: Begun<'_>| {
            let (done, effects) = run_guarded(begun, &Actor::program(), write);
            let answer: Answer = Box::new(move |_| {
                if let Err(error) = done {
                    log::warn!("a write in the background failed: {}", error.with_cause());
                }
            });
            (effects, answer)
        });
        let _ = self.enqueue(Operation { run, alone: false });
    }

    /// Enqueues an operation that changes nothing. Returns [`Writer::own_progress`] of before.
    pub(in crate::store) fn wake(&self) -> u64 {
        let progress = self.own_progress();
        let run = Box::new(|_: Begun<'_>| (CacheEffects::default(), Box::new(|_: &Outcome| {}) as Answer));
        // A full queue keeps the thread busy as well.
        let _ = self.enqueue(Operation { run, alone: false });
        progress
    }

    /// Number that grows with the progress of the writer alone.
    pub(in crate::store) fn own_progress(&self) -> u64 {
        self.state.operations.load(Ordering::Relaxed) + self.state.progress.load(Ordering::Relaxed)
    }

    fn enqueue(&self, operation: Operation) -> std::result::Result<(), TrySendError<Message>> {
        self.state.queued.fetch_add(1, Ordering::Relaxed);
        let sent = self.queue.try_send(Message::Run(operation));
        if sent.is_err() {
            self.state.queued.fetch_sub(1, Ordering::Relaxed);
        }
        sent
    }

    /// Adds the metrics of the writer.
    pub(in crate::store) fn collect_metrics(&self, exposition: &mut Exposition) {
        let WriterState { queued, operations, groups, failures, .. } = &*self.state;
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

    /// Runs the queued operations and ends the thread.
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

/// Counts an operation from the call of its caller to the answer.
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
