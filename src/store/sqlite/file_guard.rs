//! Guards the files of the database against other programs: detects their changes and a lost file, and saves the
//! acknowledged writes.

use super::snapshot;
use super::watched_files::{Loss, Untrusted};
use super::writer_state::{Retry, UNKNOWN_VERSION, WriterState, roll_back};
use crate::files::DatabaseLocked;
use crate::model::{Error, Result};
use crate::store::cache_scopes::{ADVANCED_SCOPES, CacheScope};
use crate::store::sql::ReadTx;
use crate::sync::locked;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// The first pause between two attempts to save the acknowledged data of a lost file. Each failure doubles it.
const RESCUE_INTERVAL: Duration = Duration::from_secs(1);
const RESCUE_INTERVAL_MAX: Duration = Duration::from_secs(60);

impl WriterState {
    /// Checks that the files still belong to the database, and looks for changes by other programs.
    pub(super) fn check_files(&self, connection: &Connection) {
        let rows = ReadTx { connection, rights: None, memory: None };
        if let Err(error) = self.require_files().and_then(|()| self.notice_external_changes(&rows)) {
            log::debug!("{error}");
        }
        if self.lost.get().is_none() {
            self.restore_lock();
        }
    }

    /// Fails if the files no longer belong to the database, or cannot be checked. The first time, the content of the
    /// open files is saved.
    pub(super) fn require_files(&self) -> Result<()> {
        if let Some((_, why)) = self.lost.get() {
            self.rescue_if_due();
            return Err(Error::Unavailable(why.clone()));
        }
        let Err(Untrusted { loss, why }) = self.watched.check() else { return Ok(()) };
        if let Some(loss) = loss
            && self.lost.set((loss, why.clone())).is_ok()
        {
            self.report_loss(loss, &why);
        }
        Err(Error::Unavailable(why))
    }

    fn report_loss(&self, loss: Loss, why: &str) {
        let kept = match loss {
            // A mixture of two databases is damaged, so it is not saved.
            Loss::Content => None,
            Loss::Main | Loss::Log => {
                let kept = self.rescue();
                if let Err(error) = &kept {
                    log::error!(
                        "the acknowledged data could not be saved to a file; the server tries again until it stops: \
                         {error:#}"
                    );
                    let retry = Retry { at: Instant::now() + RESCUE_INTERVAL, pause: RESCUE_INTERVAL };
                    *locked(&self.rescue_retry) = Some(retry);
                }
                kept.ok()
            }
        };
        let advice = self.advice(kept.as_deref());
        log::error!("{why}: the server refuses writes and answers reads from the open file; {advice}");
    }

    /// Instructions for the operator after a loss.
    fn advice(&self, kept: Option<&Path>) -> String {
        let name = self.watched.real_path().display();
        match kept {
            Some(kept) => {
                let kept = kept.display();
                format!(
                    "all acknowledged data is in {kept}: stop the server, restore that file or a backup (rollbook \
                     restore {kept} --db {name}), and start"
                )
            }
            None => format!("stop the server, restore a backup (rollbook restore BACKUP --db {name}), and start"),
        }
    }

    /// Saves the acknowledged data to a file next to the path of the database.
    fn rescue(&self) -> anyhow::Result<PathBuf> {
        self.hold_snapshot_before_commit();
        snapshot::keep(&locked(&self.before), self.watched.real_path())
    }

    /// Tries again to save the acknowledged data. Each failure doubles the pause: an attempt writes a large file.
    fn rescue_if_due(&self) {
        let mut again = locked(&self.rescue_retry);
        let Some(retry) = again.as_mut().filter(|retry| retry.at <= Instant::now()) else { return };
        match self.rescue() {
            Ok(kept) => {
                *again = None;
                log::error!("the server refuses writes; {}", self.advice(Some(&kept)));
            }
            Err(error) => {
                log::debug!("the acknowledged data could not be saved to a file: {error:#}");
                retry.pause = RESCUE_INTERVAL_MAX.min(retry.pause * 2);
                retry.at = Instant::now() + retry.pause;
            }
        }
    }

    /// Makes the last attempt to save the acknowledged data, and ends its snapshot.
    pub(super) fn finish_rescue(&self) {
        if locked(&self.rescue_retry).take().is_some() {
            match self.rescue() {
                Ok(kept) => log::error!("{}", self.advice(Some(&kept))),
                Err(error) => log::error!("the acknowledged data could not be saved to a file: {error:#}"),
            }
        }
        roll_back(&locked(&self.before));
    }

    /// Begins a snapshot of the database before a commit, unless there is one. A failure does not stop the commit.
    pub(super) fn hold_snapshot_before_commit(&self) {
        let before = locked(&self.before);
        if !before.is_autocommit() {
            return;
        }
        let rows = ReadTx { connection: &before, rights: None, memory: None };
        // The first read begins the snapshot. This one reads one page.
        let read = || rows.any("pragma schema_version", []);
        if let Err(error) = rows.run("begin deferred").and_then(|()| read()) {
            log::debug!("the snapshot before a commit cannot be read: {error}");
            roll_back(&before);
        }
    }

    /// Ends that snapshot, unless the files are lost: then the snapshot is the data to save.
    pub(super) fn release_snapshot_before_commit(&self) {
        if self.lost.get().is_none() {
            roll_back(&locked(&self.before));
        }
    }

    /// Takes the lock again if its file was removed or replaced.
    fn restore_lock(&self) {
        let reported = match self.lock.renew() {
            Ok(false) => return,
            Ok(true) => {
                log::warn!("the lock file was removed or replaced, and is locked again: do not remove it");
                false
            }
            Err(error) => {
                if !self.lock_loss_reported.load(Ordering::Relaxed) {
                    let other =
                        if error.is::<DatabaseLocked>() { ", and another process has locked the new one" } else { "" };
                    log::error!("the lock file was removed or replaced{other}: {error:#}: run only one server");
                }
                true
            }
        };
        self.lock_loss_reported.store(reported, Ordering::Relaxed);
    }

    /// Invalidates all caches if another program has changed the database since the last check.
    pub(super) fn notice_external_changes(&self, rows: &ReadTx<'_>) -> Result<()> {
        let (known, version) = self.swap_data_version(rows)?;
        if known == version {
            return Ok(());
        }
        match rows.newest_change_id() {
            Ok(newest) => self.newest_change.store(newest, Ordering::Relaxed),
            Err(error) => {
                // The next call has to notice the same change.
                self.set_data_version(known);
                return Err(error);
            }
        }
        ADVANCED_SCOPES.into_iter().for_each(|scope| self.generations.advance(scope));
        self.generations.advance(CacheScope::Anything);
        self.generations.notify();
        // The last step: data that is read after taking this number has to be of the new snapshot.
        if known != UNKNOWN_VERSION {
            let count = self.external_changes.fetch_add(1, Ordering::AcqRel);
            // The metrics count all of them.
            let level = if count == 0 { log::Level::Warn } else { log::Level::Debug };
            let name = self.watched.real_path().display();
            log::log!(
                level,
                "another program has written to {name}: the server has dropped its caches (rollbook's own commands \
                 ask the server)"
            );
        }
        Ok(())
    }
}
