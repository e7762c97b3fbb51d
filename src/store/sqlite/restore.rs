//! Restore: a backup replaces the database, which is kept under another name.

use crate::files::database_path::DatabaseMissing;
use crate::files::{
    self, DatabasePath, InstanceLock, Owner, TempFile, set_owner, sync_folder_of, unused_name, with_suffix,
};
use crate::model::Actor;
use crate::store::sql::WriteTx;
use crate::store::sqlite::connection::connect;
use crate::store::sqlite::migrations;
use crate::store::sqlite::snapshot::Snapshot;
use crate::store::tables::audit_log::NUMBER_MAX;
use crate::store::tables::counts::Counts;
use anyhow::{Context as _, bail};
use rusqlite::{Connection, ErrorCode};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Latest plausible time of the system clock, in microseconds: in the year 2219. A later time is ignored.
const CLOCK_MAX: i64 = NUMBER_MAX - (1 << 50);
/// Number of changes that count as lost with the old database if neither the old database nor the clock tells.
const LOST_MAX: i64 = 1_000_000_000;

/// The result of a restore.
#[derive(Debug)]
pub struct Restored {
    /// Numbers of rows in the database now.
    pub counts: Counts,
    /// The path of the old database, if there was one.
    pub kept: Option<PathBuf>,
}

/// Replaces the database by a copy of the backup, and keeps the old database in the same folder, under a name with the
/// time. Messages call the backup `shown`. An interruption at any step leaves a usable database under the name: the old
/// one or the new one.
///
/// The audit log continues with a new id for the restore itself, larger than all ids so far. No change has an id
/// between the last one of the backup and this one, so that readers of the changes feed notice that changes are lost.
///
/// # Errors
/// When the database is in use, when the backup is not a rollbook database, of a newer version or damaged, and when a
/// file cannot be read or written. The database is the old one then, unless the message says otherwise.
pub fn restore(backup: &Path, shown: &str, database: &Path, actor: &Actor) -> anyhow::Result<Restored> {
    let name = |path: &Path| path.display().to_string();
    let place = DatabasePath::find(database)?;
    if DatabasePath::existing(backup)?.real_path == place.real_path {
        bail!("{shown} is the database itself");
    }
    let snapshot = Snapshot::of_any_version(backup)?;
    // From here on no server can start, and none is using a file that is about to be replaced.
    let lock = InstanceLock::take(&place)?;
    files::remove_stale_temp_files(&place.real_path);
    let replace = || -> anyhow::Result<Restored> {
        let owner = Owner::of(&place.real_path)?;
        if place.exists {
            owner.require_chown_allowed()?;
        }
        let temp_file = TempFile::in_folder_of(&place.real_path)?;
        let counts = snapshot.copy_to(temp_file.path()).with_context(|| format!("copy {shown}"))?;
        let backup_name = Path::new(shown).file_name().unwrap_or_default().to_string_lossy();
        record_restore(temp_file.path(), &place.real_path, &backup_name, actor).context("continue the audit log")?;
        set_owner(&temp_file.open_own()?, owner).context("give the copy to the owner of the database")?;
        temp_file.sync()?;
        let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
        let kept = unused_name(&place.real_path, &format!("kept-{time}"));
        let replacement = Replacement { kept, database: place.real_path.clone() };
        replacement.close_old()?;
        let kept = files::uninterrupted(|| replacement.put_in_place(temp_file))?;
        if !place.exists {
            owner.warn_of_other_owner(&place.real_path);
        }
        Ok(Restored { counts, kept: kept.then_some(replacement.kept) })
    };
    let restored = replace().with_context(|| format!("restore {}", name(database)))?;
    lock.keep();
    Ok(restored)
}

/// Records the restore in the audit log of the copy.
fn record_restore(copy: &Path, old: &Path, backup: &str, actor: &Actor) -> anyhow::Result<()> {
    let mut connection = connect(copy)?;
    // The copy is synced as a whole later.
    connection.execute_batch("pragma journal_mode = memory; pragma synchronous = off")?;
    if !has_record(&connection)? {
        migrations::migrate(&mut connection)?;
    }
    let last = last_change(&connection)?;
    // A file of another program is refused later.
    let lost = last_change_of(old).unwrap_or_else(|error| {
        log::warn!("the newest change of the old database cannot be read: {error:#}");
        0
    });
    // No directory reaches such ids by itself, and a reader with such an id gets the error that it is too large.
    let lost = if lost > NUMBER_MAX - LOST_MAX { 0 } else { lost };
    let number = first_number(last, lost)?;
    WriteTx::on(&connection, None, actor, false).record_restore(backup, number, last)?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// A new id for a change: the time in microseconds, or a larger number if the backup or the old database has one.
fn first_number(last: i64, lost: i64) -> anyhow::Result<i64> {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_micros());
    let clock = i64::try_from(clock).ok().filter(|clock| *clock <= CLOCK_MAX);
    let given = last.max(lost);
    let number = clock.filter(|clock| *clock > given).unwrap_or_else(|| given.saturating_add(LOST_MAX));
    if number > NUMBER_MAX {
        bail!("change {given} leaves no id for further ones: the largest is {NUMBER_MAX}");
    }
    Ok(number)
}

fn has_record(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "select exists (select 1 from sqlite_schema where type = 'table' and name = 'changes')";
    connection.query_row(sql, [], |row| row.get(0))
}

/// The id of the newest change; 0 if there is none.
fn last_change(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("select coalesce(max(id), 0) from changes", [], |row| row.get(0))
}

/// The same for the database that is replaced.
fn last_change_of(database: &Path) -> anyhow::Result<i64> {
    let old = match DatabasePath::existing(database) {
        Err(error) if error.is::<DatabaseMissing>() => return Ok(0),
        found => found?,
    };
    if is_empty(database)? {
        return Ok(0);
    }
    if !old.looks_like_one() || old.has_other_log() {
        bail!("the file is damaged, or its log is of another one");
    }
    old.require_own_files()?;
    let connection = connect(database)?;
    connection.execute_batch("pragma query_only = on; pragma trusted_schema = off")?;
    migrations::require_ours(&connection)?;
    Ok(if has_record(&connection)? { last_change(&connection)? } else { 0 })
}

/// The files of a restore. The steps, each on disk before the next one:
struct Replacement {
    database: PathBuf,
    /// The path of the old database after the restore. Until the last step the new database has it: the old one never
    /// has the name of a temporary file.
    kept: PathBuf,
}

impl Replacement {
    /// Makes the temporary file the database. Returns true if there was an old one.
    fn put_in_place(&self, temp_file: TempFile) -> anyhow::Result<bool> {
        self.carry_log()?;
        let had_one = self.database.exists();
        let temp_file = self.name_copy(temp_file)?;
        self.exchange()?;
        // This removes the first name of the new database.
        drop(temp_file);
        sync_folder_of(&self.database).with_context(|| {
            let kept = self.kept.display();
            if had_one {
                format!("the backup is in place already, and the old database is {kept}")
            } else {
                "the backup is in place already".to_owned()
            }
        })?;
        Ok(self.kept.exists())
    }

    /// Merges the old write-ahead log into the old database, so that no log is left that SQLite could take for the new
    /// one's. SQLite does this only while no other process has the database open.
    fn close_old(&self) -> anyhow::Result<()> {
        // SQLite did not open a file that does not begin like a database.
        let old = match DatabasePath::existing(&self.database) {
            Err(error) if error.is::<DatabaseMissing>() => return Ok(()),
            found => found?,
        };
        if !old.looks_like_one() || is_empty(&self.database)? {
            return Ok(());
        }
        old.require_own_files()?;
        if old.has_other_log() {
            log::warn!("the log of the old database belongs to another one; the restore keeps both unchanged");
            return Ok(());
        }
        let close = || -> rusqlite::Result<bool> {
            let connection = connect(&self.database)?;
            if migrations::is_of_another_program(&connection)? {
                return Ok(true);
            }
            connection.query_row("pragma journal_mode = delete", [], |_| Ok(false))
        };
        match close() {
            Ok(false) => Ok(()),
            Ok(true) => bail!("the file that is there is not a rollbook database"),
            Err(error) => match error.sqlite_error_code() {
                Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                    log::warn!("the old database is damaged ({error}); it is kept as it is, with its log");
                    Ok(())
                }
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                    bail!("the database {} is in use by another process", self.database.display())
                }
                _ => Err(error).context("move the log of the old database into it"),
            },
        }
    }

    /// Moves a remaining log away from the new database. Only a missing database, and one that SQLite cannot read,
    /// still has a log.
    fn carry_log(&self) -> anyhow::Result<()> {
        for suffix in ["-wal", "-journal"] {
            match std::fs::rename(with_suffix(&self.database, suffix), with_suffix(&self.kept, suffix)) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                other => other.with_context(|| format!("move {}{suffix} aside", self.database.display()))?,
            }
        }
        // The index of the log: SQLite creates it again.
        match std::fs::remove_file(with_suffix(&self.database, "-shm")) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            other => other.with_context(|| format!("remove {}-shm", self.database.display()))?,
        }
        sync_folder_of(&self.database)
    }

    /// Gives the new database the name that the old one will have. It also keeps its temporary name until it is in
    /// place, so that an interruption does not leave the copy under a name that promises the old database.
    fn name_copy(&self, temp_file: TempFile) -> anyhow::Result<Option<TempFile>> {
        if temp_file.link_to(&self.kept).is_ok() {
            return Ok(Some(temp_file));
        }
        // Here the file system has no hard links.
        temp_file.rename_to(&self.kept, false).context("name the copy")?;
        Ok(None)
    }

    /// Makes the new file the database, in one atomic step of the file system.
    fn exchange(&self) -> anyhow::Result<()> {
        let exchanged = if self.database.exists() {
            exchange(&self.kept, &self.database).or_else(|_| self.link_and_rename())
        } else {
            std::fs::rename(&self.kept, &self.database)
        };
        exchanged.inspect_err(|_| remove(&self.kept)).context("put the copy in place")
    }

    /// Does the same on a file system that cannot exchange two files.
    fn link_and_rename(&self) -> std::io::Result<()> {
        let copy = with_suffix(&self.kept, ".new");
        std::fs::rename(&self.kept, &copy)?;
        let replace = || -> std::io::Result<()> {
            std::fs::hard_link(&self.database, &self.kept)?;
            std::fs::rename(&copy, &self.database)
        };
        // An error also removes the second name of the old database.
        replace().inspect_err(|_| remove(&copy))
    }
}

fn remove(path: &Path) {
    let _ = std::fs::remove_file(path);
}

fn is_empty(path: &Path) -> std::io::Result<bool> {
    Ok(path.metadata()?.len() == 0)
}

#[cfg(target_os = "linux")]
fn exchange(one: &Path, other: &Path) -> std::io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

#[cfg(not(target_os = "linux"))]
fn exchange(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;
    use rusqlite::Connection;

    const STEPS: [fn(&Replacement) -> anyhow::Result<()>; 3] = [
        Replacement::close_old,
        |replacement| {
            replacement.carry_log()?;
            std::fs::rename(replacement.kept.with_file_name("copy"), &replacement.kept)?;
            Ok(())
        },
        Replacement::exchange,
    ];

    /// The counter that differs between the old and the new database.
    fn counter_of(path: &Path) -> i64 {
        let connection = Connection::open(path).unwrap();
        connection.query_row("select value from counters where name = 'seq'", [], |row| row.get(0)).unwrap()
    }

    fn make(path: &Path, value: i64) {
        Store::open(path, 1).unwrap().0.close();
        let connection = Connection::open(path).unwrap();
        connection.execute("update counters set value = ?1 where name = 'seq'", [value]).unwrap();
    }

    /// The old database, with a part in its log, and the new one in the same folder.
    fn begin(folder: &Path) -> Replacement {
        let file = |name: &str| folder.join(name);
        make(&file("old.db"), 1);
        make(&file("copy"), 3);
        let connection = Connection::open(file("copy")).unwrap();
        connection.query_row("pragma journal_mode = delete", [], |_| Ok(())).unwrap();
        let connection = Connection::open(file("old.db")).unwrap();
        connection.execute("update counters set value = 2 where name = 'seq'", []).unwrap();
        // The files as a crash leaves them.
        for suffix in ["", "-wal"] {
            std::fs::copy(file(&format!("old.db{suffix}")), file(&format!("rollbook.db{suffix}"))).unwrap();
        }
        Replacement { database: file("rollbook.db"), kept: file("kept") }
    }

    #[test]
    fn whatever_step_was_the_last_there_is_a_usable_database_and_nothing_is_lost() {
        let folder = std::env::temp_dir().join(format!("rollbook-restore-{}", std::process::id()));
        for taken in 0..=STEPS.len() {
            std::fs::create_dir(&folder).unwrap();
            let replacement = begin(&folder);
            STEPS[..taken].iter().for_each(|step| step(&replacement).unwrap());
            // After the crash, the server starts again.
            Store::open(&replacement.database, 1).unwrap().0.close();
            let found = counter_of(&replacement.database);
            assert_eq!(found, if taken < 3 { 2 } else { 3 }, "after step {taken}");
            if taken >= 3 {
                assert_eq!(counter_of(&replacement.kept), 2, "the old database after step {taken}");
            }
            std::fs::remove_dir_all(&folder).unwrap();
        }
    }

    #[test]
    fn a_restore_that_was_killed_before_the_last_step_leaves_no_copy() {
        let folder = std::env::temp_dir().join(format!("rollbook-copy-{}", std::process::id()));
        for is_exchanged in [false, true] {
            std::fs::create_dir(&folder).unwrap();
            let replacement = begin(&folder);
            replacement.close_old().unwrap();
            replacement.carry_log().unwrap();
            let temp_file = TempFile::in_folder_of(&replacement.database).unwrap();
            std::fs::copy(folder.join("copy"), temp_file.path()).unwrap();
            let temp_file = replacement.name_copy(temp_file).unwrap().expect("a file system with hard links");
            if is_exchanged {
                replacement.exchange().unwrap();
            }
            temp_file.abandon();
            Store::open(&replacement.database, 1).unwrap().0.close();
            assert_eq!(counter_of(&replacement.database), if is_exchanged { 3 } else { 2 });
            assert_eq!(replacement.kept.exists(), is_exchanged);
            if is_exchanged {
                assert_eq!(counter_of(&replacement.kept), 2, "the old database");
            }
            let names = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
            let temp_files: Vec<_> = names.filter(|name| name.to_string_lossy().starts_with(".rollbook")).collect();
            assert!(temp_files.is_empty(), "{temp_files:?}");
            std::fs::remove_dir_all(&folder).unwrap();
        }
    }

    #[test]
    fn where_files_cannot_change_places_the_old_database_is_kept_all_the_same() {
        let folder = std::env::temp_dir().join(format!("rollbook-link-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let replacement = begin(&folder);
        STEPS[..2].iter().for_each(|step| step(&replacement).unwrap());
        replacement.link_and_rename().unwrap();
        assert_eq!((counter_of(&replacement.database), counter_of(&replacement.kept)), (3, 2));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
