//! One state of a database, read while a server writes or without one, and its copy in a file of its own.

use super::file::{Place, make_private};
use super::{Rows, Store, connect, versions};
use anyhow::{Context as _, bail};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use rustix::fs::OFlags;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// What SQLite keeps beside a database, and we do.
const SIDE_FILES: [&str; 6] = ["-wal", "-shm", "-journal", ".lock", ".sock", ".secrets"];

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
    pub fn rows(&self) -> Rows<'_> {
        Rows { connection: &self.connection, rights: None, memory: None }
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
        let mut target = connect_copy(copy)?;
        // Nobody needs half of it, and it reaches the disk in one go at the end.
        target.execute_batch("pragma journal_mode = off; pragma synchronous = off")?;
        match Backup::new(&self.connection, &mut target)?.step(-1)? {
            StepResult::Done => {}
            other => bail!("the database could not be copied: {other:?}"),
        }
        Ok(())
    }
}

/// Makes one file of a copy, and looks whether it is whole.
fn look_through(copy: &Path) -> anyhow::Result<Counts> {
    let connection = connect_copy(copy)?;
    // With everything in it, which can be read where nothing can be written.
    let mode: String = connection.query_row("pragma journal_mode = delete", [], |row| row.get(0))?;
    if mode != "delete" {
        bail!("the copy is not one file (journal mode {mode})");
    }
    let first: String = connection.query_row("pragma integrity_check(1)", [], |row| row.get(0))?;
    if first != "ok" {
        bail!("the database is damaged: {}", first.replace('\n', " "));
    }
    Ok(Rows { connection: &connection, rights: None, memory: None }.counts()?)
}

fn connect_copy(path: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
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

impl Rows<'_> {
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
}

/// Copies the newest state of the database into that file, also while a server writes. The file is whole and on
/// disk before it has its name; `force` lets it take the place of another one.
///
/// # Errors
/// When the file is there already or cannot be written, and when the database cannot be read or is damaged.
pub fn back_up(database: &Path, file: &Path, force: bool) -> anyhow::Result<BackedUp> {
    let snapshot = Snapshot::of_any_version(database)?;
    let file = real(file).with_context(|| format!("write the backup {}", file.display()))?;
    refuse_to_overwrite(database, &file, force)?;
    let write = || -> anyhow::Result<BackedUp> {
        let draft = Draft::beside(&file, &format!("partial-{}", std::process::id()))?;
        let counts = snapshot.copy_to(draft.path())?;
        let bytes = draft.sync()?;
        // It may have come into being meanwhile.
        refuse_to_overwrite(database, &file, force)?;
        draft.rename_to(&file)?;
        Ok(BackedUp { counts, bytes })
    };
    write().with_context(|| format!("back up {} to {}", database.display(), file.display()))
}

/// A copy of a database that goes with this. Whoever has it open closes it before.
pub struct Copied {
    _draft: Draft,
}

/// Copies the newest state of the database in that file beside it, also while a server writes, and opens the copy.
///
/// # Errors
/// When there is no such file, and when it cannot be read or the copy not be written.
pub fn copy(database: &Path) -> anyhow::Result<(Store, Copied)> {
    let snapshot = Snapshot::open(database)?;
    let copy = || -> anyhow::Result<(Store, Copied)> {
        let draft = Draft::beside(&real(database)?, &format!("copy-{}", std::process::id()))?;
        snapshot.write_to(draft.path())?;
        let (store, _) = Store::open(draft.path(), 1)?;
        Ok((store, Copied { _draft: draft }))
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

fn refuse_to_overwrite(database: &Path, file: &Path, force: bool) -> anyhow::Result<()> {
    refuse_database(database, file)?;
    match file.symlink_metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).with_context(|| format!("look for {}", file.display())),
        Ok(found) if !found.is_file() => bail!("{} is there already, and is no file", file.display()),
        Ok(_) if !force => bail!("{} is there already (--force overwrites it)", file.display()),
        Ok(_) => Ok(()),
    }
}

/// The path without links, whether there is such a file or not.
pub(super) fn real(path: &Path) -> std::io::Result<PathBuf> {
    match path.canonicalize() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let name = path.file_name().ok_or(error)?;
            Ok(folder_of(path).canonicalize()?.join(name))
        }
        other => other,
    }
}

/// The folder that the file is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
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

/// Makes sure that the names in a folder outlive a loss of power.
pub(super) fn sync_folder_of(path: &Path) -> anyhow::Result<()> {
    let folder = folder_of(path);
    File::open(folder).and_then(|folder| folder.sync_all()).with_context(|| format!("sync {}", folder.display()))
}

/// A file that only its owner can read, under a name for the time being; it goes when it does not get its own.
pub(super) struct Draft {
    path: Option<PathBuf>,
}

impl Draft {
    /// An empty file beside that one.
    pub(super) fn beside(file: &Path, word: &str) -> anyhow::Result<Draft> {
        let path = fresh_name(file, word);
        let mut options = OpenOptions::new();
        options.create_new(true).write(true).mode(0o600);
        options.open(&path).with_context(|| format!("create {}", path.display()))?;
        make_private(&path)?;
        Ok(Draft { path: Some(path) })
    }

    pub(super) fn path(&self) -> &Path {
        self.path.as_deref().expect("a draft has its path until it is given away")
    }

    /// The file, which nothing else may have been put in the place of meanwhile.
    pub(super) fn open(&self) -> anyhow::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
        let file = options.open(self.path()).with_context(|| format!("open {}", self.path().display()))?;
        let found = file.metadata()?;
        if !found.is_file() || found.nlink() != 1 || found.uid() != rustix::process::geteuid().as_raw() {
            bail!("{} is not the file that was made there", self.path().display());
        }
        Ok(file)
    }

    /// Moves the content to the disk and returns its length.
    pub(super) fn sync(&self) -> anyhow::Result<u64> {
        let file = File::open(self.path())?;
        file.sync_all().with_context(|| format!("sync {}", self.path().display()))?;
        Ok(file.metadata()?.len())
    }

    /// Gives it its name.
    fn rename_to(mut self, file: &Path) -> anyhow::Result<()> {
        std::fs::rename(self.path(), file)?;
        self.path = None;
        sync_folder_of(file)
    }

    /// Leaves the file to the caller.
    pub(super) fn into_path(mut self) -> PathBuf {
        self.path.take().expect("a draft has its path until it is given away")
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _ = std::fs::remove_file(path);
            for suffix in SIDE_FILES {
                let _ = std::fs::remove_file(with_suffix(path, suffix));
            }
        }
    }
}
