//! The writer's thread: runs queued operations in groups, copies the database, and runs checkpoints in pauses.

use super::commit_group::run_group;
use super::connection::connect_copy;
use super::watched_files::Loss;
use super::writer_state::{CopyOrder, Message, Operation, WriterState};
use crate::model::{Error, Result};
use crate::sync::locked;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// Pause in the writes after which a checkpoint runs, and interval of the checks for changes by other programs.
const IDLE_INTERVAL: Duration = Duration::from_secs(1);
/// Pages of a copy that are written at a time, while writes wait: a mebibyte.
const COPY_PAGES: i32 = 256;
/// Pause of a copy while the file is locked.
const COPY_INTERVAL: Duration = Duration::from_millis(2);

/// Messages that the thread has taken from the queue and not handled yet.
#[derive(Default)]
struct Backlog {
    /// An operation that has a transaction of its own, or a copy, taken while a group was running.
    next: Option<Message>,
    /// Copies that were ordered during another one.
    copies: VecDeque<CopyOrder>,
}

impl WriterState {
    /// Handles messages until [`Message::Stop`], or until the queue is closed.
    pub(super) fn work(&self, messages: &Receiver<Message>) {
        let mut backlog = Backlog::default();
        loop {
            let message = backlog.next.take().or_else(|| backlog.copies.pop_front().map(Message::Copy));
            let message = match message {
                Some(message) => message,
                None => match messages.recv_timeout(IDLE_INTERVAL) {
                    Ok(message) => message,
                    Err(RecvTimeoutError::Timeout) => {
                        self.use_pause();
                        continue;
                    }
                    Err(RecvTimeoutError::Disconnected) => break,
                },
            };
            let stop = match message {
                Message::Run(first) => self.run_queued(&locked(&self.connection), first, messages, &mut backlog),
                Message::Copy(copy) => self.copy(copy, messages, &mut backlog),
                Message::Wrote => {
                    self.checkpoint_if_due(&locked(&self.connection));
                    false
                }
                Message::Stop => true,
            };
            if stop {
                break;
            }
        }
        self.finish();
    }

    /// Runs a checkpoint, and checks the files, while nothing is written.
    fn use_pause(&self) {
        let connection = locked(&self.connection);
        if self.checkpoint_due.swap(false, Ordering::AcqRel) {
            self.checkpoint(&connection, "passive");
        }
        self.check_files(&connection);
    }

    /// Stops all writes and runs the last checkpoint.
    fn finish(&self) {
        let connection = locked(&self.connection);
        self.stopped.store(true, Ordering::Release);
        self.check_files(&connection);
        self.finish_rescue();
        let may_checkpoint = match self.lost.get() {
            // Whatever name the open main file has now, even without one: it is complete afterwards, and the file with the
            // name of the database gets no foreign log.
            None | Some((Loss::Main, _)) => true,
            Some((Loss::Log, _)) => self.watched.has_lost_log_alone(),
            Some((Loss::Content, _)) => false,
        };
        if may_checkpoint {
            self.checkpoint_now(&connection, "truncate");
        } else if let Err(error) = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true) {
            log::error!("SQLite may move the log into a file that it does not belong to: {error}");
        }
    }

    /// Runs an operation, and those that are queued behind it. Returns true if the server is stopping.
    fn run_queued(
        &self,
        connection: &Connection,
        first: Operation,
        messages: &Receiver<Message>,
        backlog: &mut Backlog,
    ) -> bool {
        let mut stop = false;
        self.queued.fetch_sub(1, Ordering::Relaxed);
        self.checkpoint_due.store(true, Ordering::Release);
        let mut next = || match messages.try_recv() {
            Ok(Message::Run(operation)) if !operation.alone => {
                self.queued.fetch_sub(1, Ordering::Relaxed);
                Some(operation)
            }
            Ok(Message::Stop) => {
                stop = true;
                None
            }
            Ok(Message::Wrote) | Err(_) => None,
            Ok(other) => {
                backlog.next = Some(other);
                None
            }
        };
        run_group(connection, first, &mut next, self);
        self.checkpoint_if_due(connection);
        stop
    }

    /// Copies the database, and runs queued operations between two pieces. SQLite also brings the pages that this connection
    /// changes into the copy, so the copy is the snapshot at its end. No snapshot is held between two pieces, so that the
    /// log can be reset. Other copies wait. Returns true if the server is stopping.
    fn copy(&self, order: CopyOrder, messages: &Receiver<Message>, backlog: &mut Backlog) -> bool {
        let mut stop = false;
        // While this is held, all other writes come through the queue.
        let connection = locked(&self.connection);
        // After the file has lost its name, a copy would be of another database than the caller means.
        let copied = self.require_files().and_then(|()| {
            copy_in_pieces(&connection, &order.path, || {
                self.progress.fetch_add(1, Ordering::Relaxed);
                match backlog.next.take().or_else(|| messages.try_recv().ok()) {
                    Some(Message::Run(first)) => stop = self.run_queued(&connection, first, messages, backlog),
                    Some(Message::Copy(other)) => backlog.copies.push_back(other),
                    Some(Message::Wrote) => self.checkpoint_if_due(&connection),
                    Some(Message::Stop) => stop = true,
                    None => {}
                }
                !stop
            })
        });
        let copied = copied.and_then(|()| self.require_files());
        drop(connection);
        let _ = order.reply.send(copied);
        stop
    }
}

/// Copies a database into an empty file. `goes_on` is called between two pieces, and stops the copy by returning false.
fn copy_in_pieces(connection: &Connection, path: &Path, mut goes_on: impl FnMut() -> bool) -> Result<()> {
    let failed = |error: rusqlite::Error| Error::Unavailable(format!("the database cannot be copied: {error}"));
    let mut target = connect_copy(path).map_err(failed)?;
    // Half a copy is useless, and the caller syncs the whole file at the end.
    target.execute_batch("pragma journal_mode = off; pragma synchronous = off").map_err(failed)?;
    // A cached page hides damage on the disk, which a copy has to find.
    connection.execute_batch("pragma shrink_memory").map_err(failed)?;
    let copy = Backup::new(connection, &mut target).map_err(failed)?;
    loop {
        match copy.step(COPY_PAGES).map_err(failed)? {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            // Another process has locked the file for a moment.
            _ => std::thread::sleep(COPY_INTERVAL),
        }
        if !goes_on() {
            return Err(Error::Unavailable("the server is stopping".to_owned()));
        }
        if !path.exists() {
            return Err(Error::Unavailable("the file of the copy is gone".to_owned()));
        }
    }
}
