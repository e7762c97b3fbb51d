//! Backups with dated names in one folder, and the removal of older ones.

use crate::files::database_path::SIDE_FILES;
use crate::files::{real_path, with_suffix};
use crate::store::sql::ReadTx;
use crate::store::sqlite::connection::open_immutable;
use crate::store::sqlite::migrations;
use anyhow::Context as _;
use rusqlite::{Connection, OptionalExtension as _, params};
use std::path::{Path, PathBuf};

const PREFIX: &str = "rollbook-";
const END: &str = ".db";

/// The time in the name of a backup, and its number within that second.
type Dated = (String, u64);

/// An unused name for a backup of now: `rollbook-20261130-141500.db`, in UTC.
pub fn dated_backup_path(folder: &Path) -> PathBuf {
    let time = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
    let name = |number: u64| match number {
        1 => format!("{PREFIX}{time}{END}"),
        number => format!("{PREFIX}{time}-{number}{END}"),
    };
    let mut paths = (1..).map(|number| folder.join(name(number)));
    paths.find(|path| path.symlink_metadata().is_err()).unwrap_or_else(|| folder.join(name(1)))
}

/// Removes older backups of the same directory in the folder, so that `keep` are left with the newest. Never removes
/// the database itself, or a backup with changes that the newest one does not have: it is of a copy of the directory, or
/// of before a restore. Returns the removed files.
///
/// # Errors
/// When the newest backup cannot be read, or another one cannot be removed.
pub fn remove_older_backups(database: &Path, newest: &Path, keep: usize) -> anyhow::Result<Vec<PathBuf>> {
    let work = || -> anyhow::Result<Vec<PathBuf>> {
        let (database, newest) = (real_path(database)?, real_path(newest)?);
        let Some((name, folder)) = newest.file_name().and_then(dated).zip(newest.parent()) else {
            return Ok(Vec::new());
        };
        let Some(backup) = Backup::open(&newest) else { return Ok(Vec::new()) };
        let mut older = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if let Some(dated) = dated(&entry.file_name()).filter(|dated| *dated < name) {
                older.push((dated, entry.path()));
            }
        }
        older.sort_unstable_by(|one, other| other.cmp(one));
        let is_backup = |(_, path): &(Dated, PathBuf)| {
            *path != database && Backup::open(path).is_some_and(|older| backup.continues(&older).unwrap_or(false))
        };
        let removed: Vec<PathBuf> =
            older.into_iter().filter(is_backup).skip(keep.saturating_sub(1)).map(|(_, path)| path).collect();
        for path in &removed {
            std::fs::remove_file(path).with_context(|| format!("remove {}", path.display()))?;
        }
        Ok(removed)
    };
    work().context("remove older backups")
}

/// The time and the number in a dated name.
fn dated(name: &std::ffi::OsStr) -> Option<Dated> {
    let rest = name.to_str()?.strip_prefix(PREFIX)?.strip_suffix(END)?;
    let (time, number) = rest.split_at_checked("20261130-141500".len())?;
    let is_time = time.bytes().enumerate().all(|(at, byte)| if at == 8 { byte == b'-' } else { byte.is_ascii_digit() });
    let number = match number.strip_prefix('-') {
        None if number.is_empty() => 1,
        Some(digits) if !digits.starts_with(['0', '+']) => digits.parse().ok().filter(|number| *number > 1)?,
        _ => return None,
    };
    is_time.then(|| (time.to_owned(), number))
}

/// A backup that is open for reading.
struct Backup {
    connection: Connection,
    /// The directory that it belongs to.
    directory: String,
}

impl Backup {
    /// `None` for any other file, and for a database that is in use: a backup has no side files.
    fn open(path: &Path) -> Option<Backup> {
        let is_file = path.symlink_metadata().ok()?.is_file();
        if !is_file || SIDE_FILES.iter().any(|suffix| with_suffix(path, suffix).symlink_metadata().is_ok()) {
            return None;
        }
        let connection = open_immutable(path).ok()?;
        migrations::require_ours(&connection).ok()?;
        let directory = ReadTx { connection: &connection, rights: None, memory: None }.directory_id().ok()??;
        Some(Backup { connection, directory })
    }

    /// True if this backup has all changes of an older one: the newest change of the older one is in the audit log, or
    /// is older than all of it. Versions of the schema store changes in different ways, so only the directory counts
    /// between two versions.
    fn continues(&self, older: &Backup) -> rusqlite::Result<bool> {
        if self.directory != older.directory {
            return Ok(false);
        }
        let version = |backup: &Backup| backup.connection.query_row("pragma user_version", [], |row| row.get(0));
        let (own, other): (i64, i64) = (version(self)?, version(older)?);
        if own != other {
            return Ok(true);
        }
        let sql = "select id, at, action || ' ' || name from changes order by id desc limit 1";
        let newest: Option<(i64, i64, String)> =
            older.connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
        let Some((id, at, text)) = newest else { return Ok(true) };
        let sql = "select at = ?2 and action || ' ' || name = ?3 from changes where id = ?1";
        let found = self.connection.query_row(sql, params![id, at, text], |row| row.get(0)).optional()?;
        let sql = "select coalesce(min(id) > ?1, false) from changes";
        found.map_or_else(|| self.connection.query_row(sql, [id], |row| row.get(0)), Ok)
    }
}

impl ReadTx<'_> {
    /// Identifies a directory: the uuid of its first key. Keys are revoked and never deleted, and backups and restores
    /// contain them.
    fn directory_id(&self) -> crate::model::Result<Option<String>> {
        let sql = "select uuid from credentials where user_id is null order by id limit 1";
        self.first(sql, [], |row| row.get(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pattern_is_a_dated_name() {
        for (name, found) in [
            ("rollbook-20261130-141500.db", Some(("20261130-141500", 1))),
            ("rollbook-20261130-141500-2.db", Some(("20261130-141500", 2))),
            ("rollbook-20261130-141500-10.db", Some(("20261130-141500", 10))),
            ("rollbook-20261130-141500-1.db", None),
            ("rollbook-20261130-141500-02.db", None),
            ("rollbook-20261130-141500-x.db", None),
            ("rollbook-20261130-141500x.db", None),
            ("rollbook-20261130-141500.db.gz", None),
            ("rollbook-2026113O-141500.db", None),
            ("rollbook-20261130 141500.db", None),
            ("my-rollbook-20261130-141500.db", None),
            ("rollbook-20261130.db", None),
            ("rollbook.db", None),
        ] {
            let found = found.map(|(time, number)| (time.to_owned(), number));
            assert_eq!(dated(name.as_ref()), found, "{name}");
        }
        assert!(dated("rollbook-20261130-141500-2.db".as_ref()) < dated("rollbook-20261130-141500-10.db".as_ref()));
    }
}
