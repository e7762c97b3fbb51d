//! Checkpoints: they move the write-ahead log into the main file.

use super::connection::BUSY_TIMEOUT;
use super::writer_state::{LOG_PAGES, WriterState};
use rusqlite::Connection;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Pages until the next attempt after a checkpoint that could not reset the log, because a reader held a snapshot.
const LOG_PAGES_MORE: u64 = 1000;
/// Pages in the log at which a checkpoint waits for readers, and the time that it waits.
const LOG_PAGES_MAX: u64 = 16_000;
const READERS_TIMEOUT: Duration = Duration::from_millis(200);

impl WriterState {
    /// Runs a checkpoint if the log is long enough.
    pub(super) fn checkpoint_if_due(&self, connection: &Connection) {
        if self.is_checkpoint_due() {
            let pages = self.log_pages.load(Ordering::Acquire);
            if pages < LOG_PAGES_MAX {
                return self.checkpoint(connection, "passive");
            }
            // Reads of this process are short. Another process may hold a snapshot for long: the writer does not wait for
            // its end.
            log::warn!("the write-ahead log has {pages} pages: another process reads an old snapshot of the database");
            let _ = connection.busy_timeout(READERS_TIMEOUT);
            self.checkpoint(connection, "restart");
            let _ = connection.busy_timeout(BUSY_TIMEOUT);
        }
    }

    pub(super) fn is_checkpoint_due(&self) -> bool {
        let pages = self.log_pages.load(Ordering::Acquire);
        pages >= self.checkpoint_at.load(Ordering::Acquire)
    }

    /// Runs a checkpoint, unless the files are lost. Pages that cannot be moved now stay safe in the log.
    pub(super) fn checkpoint(&self, connection: &Connection, mode: &str) {
        if self.require_files().is_ok() {
            self.checkpoint_now(connection, mode);
        }
    }

    pub(super) fn checkpoint_now(&self, connection: &Connection, mode: &str) {
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
        // Only the next commit shows whether the log was reset; the WAL hook then lowers this again.
        self.checkpoint_at.store(LOG_PAGES.max(pages + LOG_PAGES_MORE.max(pages / 4)), Ordering::Release);
    }
}
