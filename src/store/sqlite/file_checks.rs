//! Checks of the files of a SQLite database: whether the file, its log and its journal belong together.

use super::{open_files, wal_origin};
use crate::files::{
    DatabasePath, FileId, InstanceLock, Owner, explain_open_error, kind, require_own_side_file, set_owner_of_path,
    with_suffix, without_following,
};
use anyhow::{Context as _, bail};
use rustix::fs::OFlags;
use std::fs::{File, Metadata, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// The first bytes of every SQLite file (SQLite's file format, 1.2).
const DATABASE_MAGIC: &[u8] = b"SQLite format 3\0";
/// Offsets of the format versions for writing and for reading: 1 without a write-ahead log, 2 with one.
pub(super) const FORMAT: [usize; 2] = [18, 19];
/// Offset of the counter of transactions.
const COUNTER: usize = 24;
const HEADER_BYTES: u64 = 100;
/// The first bytes of a valid rollback journal.
const JOURNAL_MAGIC: &[u8] = &[0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
/// Length of the header of a write-ahead log. A log of this length is empty.
const LOG_HEADER_BYTES: u64 = 32;
/// Suffixes of SQLite's side files.
const LOGS: [&str; 3] = ["-wal", "-shm", "-journal"];

impl DatabasePath {
    /// Refuses a file that SQLite must not open: one that is not a database, one with several names, and one with side
    /// files of another database.
    pub(in crate::store) fn inspect(&self) -> anyhow::Result<()> {
        let found = self.require_own_files()?;
        let names = found.nlink();
        // SQLite finds the write-ahead log by the name of the database. With another name it would not see the newest
        // writes, and the next writes would destroy them.
        if names > 1 {
            bail!("the file has {names} names (hard links): remove all but the one that the server uses");
        }
        if open_files::is_open(FileId::of(&found)) {
            return Ok(());
        }
        let header = read_header(&self.real_path)?;
        self.refuse_other_files(&header)?;
        self.refuse_other_log(&header)
    }

    /// Refuses a database with side files that SQLite would take for its own although they are not.
    pub(in crate::store) fn require_own_files(&self) -> anyhow::Result<Metadata> {
        let found = self.real_path.metadata().map_err(|error| explain_open_error(error, &self.real_path))?;
        for suffix in LOGS {
            require_own_side_file(&with_suffix(&self.real_path, suffix), &found)?;
        }
        Ok(found)
    }

    /// Refuses a file that is not a database. SQLite would take a very short one for an empty database.
    fn refuse_other_files(&self, header: &[u8]) -> anyhow::Result<()> {
        let start = &header[..header.len().min(DATABASE_MAGIC.len())];
        // The power failed while the file was created: SQLite rolls it back with the journal.
        let half_made = || length(&self.real_path, "-journal") > 0;
        if !start.is_empty() && start != DATABASE_MAGIC && !half_made() {
            bail!("the file is not a rollbook database");
        }
        Ok(())
    }

    /// Refuses a database with the write-ahead log of another one. SQLite would mix the two.
    fn refuse_other_log(&self, header: &[u8]) -> anyhow::Result<()> {
        let name = self.named.display();
        if has_other_journal(&with_suffix(&self.real_path, "-journal"), header) {
            bail!(
                "{name} is a copy that was put in the place of a database, whose journal {name}-journal would be played \
                 back into it: move the copy away and restore it (mv {name} {name}.copy; rollbook restore {name}.copy \
                 --db {name})"
            );
        }
        if length(&self.real_path, "-wal") <= LOG_HEADER_BYTES {
            return Ok(());
        }
        if header.is_empty() {
            bail!(
                "{name} is empty, and its log {name}-wal has changes of an earlier database: put that one back, \
                 or a backup (rollbook restore BACKUP --db {name}), or move the log away"
            );
        }
        if header.len() > FORMAT[1] && FORMAT.iter().all(|at| header[*at] == 1) {
            return self.refuse_copy();
        }
        Ok(())
    }

    fn refuse_copy(&self) -> anyhow::Result<()> {
        let name = self.named.display();
        bail!(
            "{name} is a copy that was put in the place of a database, whose log {name}-wal would be mixed into it: move \
             the copy away and restore it (mv {name} {name}.copy; rollbook restore {name}.copy --db {name})"
        );
    }

    /// Refuses a database whose write-ahead log was certainly written for another one. No other process may use the
    /// files: this one has the instance lock.
    pub(in crate::store) fn refuse_log_of_other_origin(&self) -> anyhow::Result<()> {
        let is_open = || self.real_path.metadata().is_ok_and(|found| open_files::is_open(FileId::of(&found)));
        if length(&self.real_path, "-wal") <= LOG_HEADER_BYTES || is_open() {
            return Ok(());
        }
        let files = [self.real_path.clone(), with_suffix(&self.real_path, "-wal")].map(|path| read_private(&path));
        // SQLite reports a file that cannot be read.
        let [Ok(main), Ok(log)] = files else { return Ok(()) };
        if wal_origin::is_own_log(&self.real_path, &main, log) {
            return Ok(());
        }
        self.refuse_copy()
    }

    /// Does the same without the instance lock. If a server has it, the server has checked the files.
    pub(in crate::store) fn refuse_unlocked_log_of_other_origin(&self) -> anyhow::Result<()> {
        // The first check can be wrong because a server writes to the files.
        if self.refuse_log_of_other_origin().is_ok() {
            return Ok(());
        }
        InstanceLock::take(self).map_or(Ok(()), |_lock| self.refuse_log_of_other_origin())
    }

    /// Refuses to create a database next to the log of one that is gone: SQLite would remove the log.
    pub(in crate::store) fn refuse_lone_log(&self) -> anyhow::Result<()> {
        if !self.exists && length(&self.real_path, "-wal") > LOG_HEADER_BYTES {
            let name = self.named.display();
            bail!(
                "{name} is gone, and its log {name}-wal has changes that were made to it: put the database back, or a \
                 backup (rollbook restore BACKUP --db {name}), or move the log away"
            );
        }
        Ok(())
    }

    /// True if the write-ahead log belongs to another database, or if its database is gone.
    pub(in crate::store) fn has_other_log(&self) -> bool {
        let other = || {
            let header = read_header(&self.real_path)?;
            self.refuse_other_log(&header)?;
            self.refuse_log_of_other_origin()
        };
        self.refuse_lone_log().is_err() || (self.exists && other().is_err())
    }

    /// Sets the group of the side files to that of the database: SQLite gives them the permissions of the database, but
    /// the group of the process.
    pub(in crate::store) fn share_side_files(&self) {
        let Ok(owner) = Owner::of(&self.real_path) else { return };
        for suffix in LOGS {
            let _ = set_owner_of_path(&with_suffix(&self.real_path, suffix), owner);
        }
    }

    /// True if SQLite could open the file as a database.
    pub(in crate::store) fn looks_like_one(&self) -> bool {
        read_header(&self.real_path).and_then(|header| self.refuse_other_files(&header)).is_ok()
    }
}

fn read_header(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut options = OpenOptions::new();
    // Does not wait if a pipe has taken the place of the file.
    options.read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    let mut header = Vec::new();
    let file = options.open(path).map_err(|error| explain_open_error(error, path))?;
    if !file.metadata()?.is_file() {
        bail!("{} is {}: a database is a regular file", path.display(), kind(file.metadata()?.file_type()));
    }
    file.take(HEADER_BYTES).read_to_end(&mut header).with_context(|| format!("read {}", path.display()))?;
    Ok(header)
}

/// True if a rollback journal belongs to another database (SQLite's file format, 3). Each transaction increments a
/// counter in the header of the database, and the journal has the first page of before.
fn has_other_journal(journal: &Path, header: &[u8]) -> bool {
    let number = |bytes: &[u8], at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
    let Some(counter) = number(header, COUNTER) else { return false };
    let other = || -> Option<bool> {
        let mut file = read_private(journal).ok()?;
        let mut start = [0; 28];
        file.read_exact(&mut start).ok()?;
        if !start.starts_with(JOURNAL_MAGIC) {
            return None;
        }
        let (pages, sector) = (number(&start, 16)?, number(&start, 20)?);
        if pages == 0 {
            // The journal of the very first transaction.
            return Some(counter > 1);
        }
        // The number of the page, then its content.
        let mut record = [0; 4 + COUNTER + 4];
        file.read_exact_at(&mut record, sector.into()).ok()?;
        let before = number(&record, 4 + COUNTER).filter(|_| number(&record, 0) == Some(1))?;
        Some(counter != before && counter != before.wrapping_add(1))
    };
    other().unwrap_or(false)
}

/// Opens a file for reading, without following a link or waiting for a pipe.
pub(super) fn read_private(path: &Path) -> std::io::Result<File> {
    without_following(OpenOptions::new().read(true)).open(path)
}

/// The length of a side file; 0 if there is none.
fn length(database: &Path, suffix: &str) -> u64 {
    with_suffix(database, suffix).symlink_metadata().map_or(0, |found| found.len())
}

/// Makes an empty file readable by its owner only. Does not follow a link.
pub(in crate::store) fn make_empty_private(path: &Path) -> std::io::Result<()> {
    let file = read_private(path)?;
    let found = file.metadata()?;
    if found.is_file() && found.len() == 0 {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}
