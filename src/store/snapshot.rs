//! One state of a database, read while a server writes or without one, and its copy in a file of its own.

use super::file::Place;
use super::owner::{Owner, give};
use super::{OPEN_FLAGS, ReadTx, Store, connect, versions};
pub(super) use crate::files::folder_of;
use crate::files::{self, Destination, Draft, Output};
use anyhow::{Context as _, bail};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode};
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// What SQLite keeps beside a database, and we do.
pub(super) const SIDE_FILES: [&str; 6] = ["-wal", "-shm", "-journal", ".lock", ".sock", ".secrets"];

/// One state of a database. It needs no lock of ours and keeps nobody out; only the write-ahead log cannot begin
/// anew before it is dropped.
pub struct Snapshot {
    connection: Connection,
}

impl Snapshot {
    /// The newest state of the database in that file, which is not changed.
    ///
    /// # Errors
    /// When there is no such file, when it is another program's or of a newer version, and when it cannot be read.
    pub fn open(path: &Path) -> anyhow::Result<Snapshot> {
        let snapshot = Snapshot::of_any_version(path)?;
        versions::require_newest(&snapshot.connection)
            .with_context(|| format!("open the database {}", path.display()))?;
        Ok(snapshot)
    }

    /// Of older versions too.
    pub(super) fn of_any_version(path: &Path) -> anyhow::Result<Snapshot> {
        let place = Place::existing(path)?;
        files::remove_leftovers(&place.real);
        let open = || -> anyhow::Result<Connection> {
            place.inspect()?;
            let connection = connect(&place.real).map_err(|error| place.blame(error))?;
            // Opened for writing all the same: a read-only connection could not read a log that a crash left.
            let enter =
                "pragma query_only = on; pragma trusted_schema = off; pragma temp_store = memory; begin deferred";
            connection.execute_batch(enter).map_err(|error| place.blame(error))?;
            // The first look is what enters the state.
            let ours = versions::require_ours(&connection);
            place.share_logs();
            ours.map_err(|error| place.blame_any(error))?;
            Ok(connection)
        };
        Ok(Snapshot { connection: open().with_context(|| format!("open the database {}", path.display()))? })
    }

    /// Its rows.
    pub fn rows(&self) -> ReadTx<'_> {
        ReadTx { connection: &self.connection, rights: None, memory: None }
    }

    /// Writes the pages into that file, which has to be empty, leaves the state, and looks whether the copy is whole.
    ///
    /// All pages in one go: between two pieces another process could write, and SQLite would begin anew each time.
    pub(super) fn copy_to(self, copy: &Path) -> anyhow::Result<Counts> {
        self.write_to(copy)?;
        look_through(copy).map_err(|error| match error.downcast_ref().and_then(rusqlite::Error::sqlite_error_code) {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => error.context("the database is damaged"),
            _ => error,
        })
    }

    fn write_to(self, copy: &Path) -> anyhow::Result<()> {
        write_pages(&self.connection, copy)
    }
}

fn write_pages(connection: &Connection, copy: &Path) -> anyhow::Result<()> {
    let mut target = connect_copy(copy)?;
    // Half of it is of no use, and it reaches the disk in one go at the end.
    target.execute_batch("pragma journal_mode = off; pragma synchronous = off")?;
    match Backup::new(connection, &mut target)?.step(-1)? {
        StepResult::Done => Ok(()),
        other => bail!("the database could not be copied: {other:?}"),
    }
}

/// Keeps what a connection to a database sees, whose files have lost their names, in a file beside its place.
pub(super) fn keep(connection: &Connection, database: &Path) -> anyhow::Result<PathBuf> {
    let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let kept = fresh_name(database, &format!("kept-{time}"));
    let draft = Draft::beside(database)?;
    write_pages(connection, draft.path())?;
    make_one_file(&connect_copy(draft.path())?)?;
    give(&draft.open_own()?, Owner::of(database)?.alone())?;
    draft.sync()?;
    files::complete(draft, &kept, false)?;
    Ok(kept)
}

/// Puts everything into the main file, which can then be read where nothing can be written.
fn make_one_file(connection: &Connection) -> anyhow::Result<()> {
    let mode: String = connection.query_row("pragma journal_mode = delete", [], |row| row.get(0))?;
    if mode != "delete" {
        bail!("the copy is not one file (journal mode {mode})");
    }
    Ok(())
}

/// Makes one file of a copy, and looks whether it is whole.
fn look_through(copy: &Path) -> anyhow::Result<Counts> {
    let connection = connect_copy(copy)?;
    make_one_file(&connection)?;
    let first: String = connection.query_row("pragma integrity_check(1)", [], |row| row.get(0))?;
    if first != "ok" {
        bail!("the database is damaged: {}", first.replace('\n', " "));
    }
    Ok(ReadTx { connection: &connection, rights: None, memory: None }.counts()?)
}

pub(super) fn connect_copy(path: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(path, OPEN_FLAGS)
}

/// How much there is in a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Users, disabled ones too.
    pub users: u64,
    /// Groups.
    pub groups: u64,
    /// Users in groups, directly.
    pub memberships: u64,
    /// Keys and tokens, revoked ones too.
    pub credentials: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count| if count == 1 { "" } else { "s" };
        let Counts { users, groups, memberships, credentials } = *self;
        write!(f, "{users} user{}, {groups} group{}, ", plural(users), plural(groups))?;
        write!(f, "{memberships} membership{}, ", plural(memberships))?;
        write!(f, "{credentials} key{} and token{}", plural(credentials), plural(credentials))
    }
}

impl ReadTx<'_> {
    /// Counts everything, in the tables themselves.
    pub fn counts(&self) -> crate::model::Result<Counts> {
        Ok(Counts {
            users: self.number("select count(*) from users", [])?,
            groups: self.number("select count(*) from groups", [])?,
            memberships: self.number("select count(*) from memberships", [])?,
            credentials: self.number("select count(*) from credentials", [])?,
        })
    }
}

/// A backup that was made.
#[derive(Debug)]
pub struct BackedUp {
    /// What is in it.
    pub counts: Counts,
    /// The length of the file.
    pub bytes: u64,
    /// It went to standard output.
    pub to_stdout: bool,
}

/// Copies the newest state of the database into that file, also while a server writes. The file is whole and on
/// disk before it has its name; `force` lets it take the place of another one. A device, a named pipe and standard
/// output (`-`) get the same bytes as a stream. A copy that a server has made is taken in place of the database: then no
/// state of the database is held while the file is written.
///
/// # Errors
/// When the file is there already or cannot be written, and when the database cannot be read or is damaged.
pub fn back_up(database: &Path, copied: Option<&Copied>, file: &Path, force: bool) -> anyhow::Result<BackedUp> {
    let snapshot = Snapshot::of_any_version(copied.map_or(database, Copied::path))?;
    let destination = Destination::find(file, force)?;
    if !files::is_dash(file) {
        refuse_database(database, file)?;
    }
    let to_stdout = destination == Destination::Stdout;
    let write = || -> anyhow::Result<BackedUp> {
        let beside = match &destination {
            Destination::File { place, .. } => place.clone(),
            Destination::Stdout | Destination::Stream(_) => real(database)?,
        };
        files::remove_leftovers(&beside);
        let draft = Draft::beside(&beside)?;
        let counts = snapshot.copy_to(draft.path())?;
        let bytes = match destination {
            Destination::File { place, replace } => {
                let bytes = draft.sync()?;
                files::complete(draft, &place, replace)?;
                bytes
            }
            stream => pour(draft, stream.open()?)?,
        };
        Ok(BackedUp { counts, bytes, to_stdout })
    };
    write().with_context(|| format!("back up {} to {}", database.display(), file.display()))
}

/// Writes a file to an output as it is.
fn pour(draft: Draft, mut output: Output) -> anyhow::Result<u64> {
    let bytes = io::copy(&mut draft.into_unnamed()?, &mut output)?;
    output.finish()?;
    Ok(bytes)
}

/// Reads a backup to its end and keeps it beside the database, for as long as the result is there.
///
/// # Errors
/// When it cannot be read or kept.
pub fn keep_backup(database: &Path, backup: &mut dyn Read) -> anyhow::Result<Copied> {
    let real = real(database).with_context(|| format!("find the database {}", database.display()))?;
    files::remove_leftovers(&real);
    let (draft, mut file) = Draft::open_beside(&real)?;
    io::copy(backup, &mut file).context("keep the backup in a file")?;
    Ok(Copied { draft })
}

/// A copy of a database that is removed with this value. Close it before.
pub struct Copied {
    draft: Draft,
}

impl Copied {
    /// An empty file beside the database, for a server to copy into. It belongs to the owner of the database.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn empty(database: &Path) -> anyhow::Result<Copied> {
        let real = real(database)?;
        files::remove_leftovers(&real);
        let draft = Draft::beside(&real)?;
        give(&draft.open_own()?, Owner::of(&real)?)?;
        Ok(Copied { draft })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        self.draft.path()
    }
}

/// The file of that name beside the database, into which a copy goes: it is empty, and has been made for this.
pub(super) fn empty_copy(database: &Path, name: &str) -> anyhow::Result<PathBuf> {
    if !files::is_draft_name(name) {
        bail!("{name} is no name of a copy");
    }
    let path = folder_of(&real(database)?).join(name);
    let found = path.symlink_metadata().with_context(|| format!("look for {}", path.display()))?;
    if !found.is_file() || found.len() > 0 {
        bail!("{} is no empty file", path.display());
    }
    Ok(path)
}

/// Copies the newest state of the database in that file beside it, also while a server writes, and opens the copy.
///
/// # Errors
/// When there is no such file, and when it cannot be read or the copy not be written.
pub fn copy(database: &Path) -> anyhow::Result<(Store, Copied)> {
    let snapshot = Snapshot::open(database)?;
    let copy = || -> anyhow::Result<(Store, Copied)> {
        let draft = Draft::beside(&real(database)?)?;
        snapshot.write_to(draft.path())?;
        let (store, _) = Store::open(draft.path(), 1)?;
        Ok((store, Copied { draft }))
    };
    copy().with_context(|| format!("copy the database {}", database.display()))
}

/// Refuses a file to write that is the database, or one of those beside it, by whatever link it is named.
///
/// # Errors
/// When it is, and when the folder of either cannot be found.
pub fn refuse_database(database: &Path, file: &Path) -> anyhow::Result<()> {
    let name = |path: &Path| path.display().to_string();
    let (real_database, real_file) = (real(database)?, real(file).with_context(|| format!("find {}", name(file)))?);
    if real_file == real_database || SIDE_FILES.iter().any(|suffix| real_file == with_suffix(&real_database, suffix)) {
        bail!("{} is the database itself", name(file));
    }
    Ok(())
}

/// The path without links, whether there is such a file or not.
pub(super) fn real(path: &Path) -> io::Result<PathBuf> {
    match path.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let name = path.file_name().ok_or(error)?;
            Ok(folder_of(path).canonicalize()?.join(name))
        }
        other => other,
    }
}

pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// A name beside that file which nobody has yet.
pub(super) fn fresh_name(path: &Path, word: &str) -> PathBuf {
    let free = |name: &PathBuf| name.symlink_metadata().is_err();
    let names = (1..).map(|number| match number {
        1 => with_suffix(path, &format!(".{word}")),
        number => with_suffix(path, &format!(".{word}-{number}")),
    });
    names.into_iter().find(free).unwrap_or_else(|| path.to_owned())
}
