//! Checks of the files of a SQLite database: whether the file, its log and its journal belong together.

use super::open_files;
use crate::files::{
    DatabasePath, FileId, Owner, explain_open_error, kind, require_own_side_file, set_owner_of_path, with_suffix,
    without_following,
};
use anyhow::{Context as _, bail};
use rustix::fs::OFlags;
use std::fs::{File, Metadata, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// How every SQLite file begins (SQLite's file format, 1.2).
const DATABASE_MAGIC: &[u8] = b"SQLite format 3\0";
/// Where the header has the versions of the format for writing and for reading: 1 without a log, 2 with one.
pub(super) const FORMAT: [usize; 2] = [18, 19];
/// Where it counts the transactions.
const COUNTER: usize = 24;
const HEADER_BYTES: u64 = 100;
/// How a rollback journal begins that can be played back.
const JOURNAL_MAGIC: &[u8] = &[0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
/// A write-ahead log that is no longer than its own header holds nothing.
const LOG_HEADER_BYTES: u64 = 32;
/// SQLite's files beside a database.
const LOGS: [&str; 3] = ["-wal", "-shm", "-journal"];

impl DatabasePath {
    /// Refuses a file that SQLite must not open: one that is no database, one with several names, and one beside files
    /// that do not belong to it.
    pub(in crate::store) fn inspect(&self) -> anyhow::Result<()> {
        let found = self.require_own_files()?;
        let names = found.nlink();
        // The write-ahead log belongs to one of the names: under another one the newest writes would be missed, and
        // lost with the next ones.
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

    /// Refuses a database beside files that SQLite would take for its own and that are none.
    pub(in crate::store) fn require_own_files(&self) -> anyhow::Result<Metadata> {
        let found = self.real_path.metadata().map_err(|error| explain_open_error(error, &self.real_path))?;
        for suffix in LOGS {
            require_own_side_file(&with_suffix(&self.real_path, suffix), &found)?;
        }
        Ok(found)
    }

    /// Refuses a file that is no database. SQLite would take a very short one for an empty database.
    fn refuse_other_files(&self, header: &[u8]) -> anyhow::Result<()> {
        let start = &header[..header.len().min(DATABASE_MAGIC.len())];
        // Power was lost while the file was made: SQLite takes back, by its journal, what there is of it.
        let half_made = || length(&self.real_path, "-journal") > 0;
        if !start.is_empty() && start != DATABASE_MAGIC && !half_made() {
            bail!("the file is not a rollbook database");
        }
        Ok(())
    }

    /// Refuses a database whose write-ahead log is of another one. SQLite would mix the two.
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
                "{name} is empty, and {name}-wal beside it has changes of a database that was there: put that one back, \
                 or a backup (rollbook restore BACKUP --db {name}), or move the log away"
            );
        }
        if header.len() > FORMAT[1] && FORMAT.iter().all(|at| header[*at] == 1) {
            bail!(
                "{name} is a copy that was put in the place of a database, whose log {name}-wal would be mixed into it: \
                 move the copy away and restore it (mv {name} {name}.copy; rollbook restore {name}.copy --db {name})"
            );
        }
        Ok(())
    }

    /// Refuses to make a database beside the log of one that is gone: SQLite would remove the log.
    pub(in crate::store) fn refuse_lone_log(&self) -> anyhow::Result<()> {
        if !self.exists && length(&self.real_path, "-wal") > LOG_HEADER_BYTES {
            let name = self.named.display();
            bail!(
                "{name} is gone, and {name}-wal beside it has changes that were made to it: put the database back, or a \
                 backup (rollbook restore BACKUP --db {name}), or move the log away"
            );
        }
        Ok(())
    }

    /// Whether the file is the copy of a database beside the log of another one, or is gone from beside it.
    pub(in crate::store) fn has_other_log(&self) -> bool {
        let other = || {
            let header = read_header(&self.real_path)?;
            self.refuse_other_log(&header)
        };
        self.refuse_lone_log().is_err() || (self.exists && other().is_err())
    }

    /// Gives the files that SQLite has made beside the database to the group of the database: SQLite gives them the
    /// rights of the database, but leaves them to the group of the user.
    pub(in crate::store) fn share_side_files(&self) {
        let Ok(owner) = Owner::of(&self.real_path) else { return };
        for suffix in LOGS {
            let _ = set_owner_of_path(&with_suffix(&self.real_path, suffix), owner);
        }
    }

    /// Whether SQLite could open the file as a database.
    pub(in crate::store) fn looks_like_one(&self) -> bool {
        read_header(&self.real_path).and_then(|header| self.refuse_other_files(&header)).is_ok()
    }
}

fn read_header(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut options = OpenOptions::new();
    // Should a pipe be there by now, it is not waited for.
    options.read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    let mut header = Vec::new();
    let file = options.open(path).map_err(|error| explain_open_error(error, path))?;
    if !file.metadata()?.is_file() {
        bail!("{} is {}: a database is a regular file", path.display(), kind(file.metadata()?.file_type()));
    }
    file.take(HEADER_BYTES).read_to_end(&mut header).with_context(|| format!("read {}", path.display()))?;
    Ok(header)
}

/// Whether a rollback journal is of another database (SQLite's file format, 3). Each transaction adds one to a counter
/// in the header of the database, and the journal has the first page as it was before.
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
            // Of the first transaction of all.
            return Some(counter > 1);
        }
        // The number of the page, and its content.
        let mut record = [0; 4 + COUNTER + 4];
        file.read_exact_at(&mut record, sector.into()).ok()?;
        let before = number(&record, 4 + COUNTER).filter(|_| number(&record, 0) == Some(1))?;
        Some(counter != before && counter != before.wrapping_add(1))
    };
    other().unwrap_or(false)
}

/// Opens a file to read it. A pipe is not waited for, and a link not followed.
pub(super) fn read_private(path: &Path) -> std::io::Result<File> {
    without_following(OpenOptions::new().read(true)).open(path)
}

/// The length of a file beside the database; 0 when there is none.
fn length(database: &Path, suffix: &str) -> u64 {
    with_suffix(database, suffix).symlink_metadata().map_or(0, |found| found.len())
}

/// Lets only the owner read a file that is empty. A link that was put in its place is not followed.
pub(in crate::store) fn make_empty_private(path: &Path) -> std::io::Result<()> {
    let file = read_private(path)?;
    let found = file.metadata()?;
    if found.is_file() && found.len() == 0 {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}
