//! The files of a database: the one that a name means, those beside it, and whether they belong together.

use super::owner::{Owner, explain, give, give_named, kind, missing_right, require_own};
use super::snapshot::{folder_of, real, with_suffix};
use super::{InUse, Missing, holder};
use crate::files::without_following;
use crate::sync::locked;
use anyhow::{Context as _, bail};
use rusqlite::ErrorCode;
use rustix::fs::OFlags;
use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// How every SQLite file begins (SQLite's file format, 1.2).
const DATABASE_MAGIC: &[u8] = b"SQLite format 3\0";
/// Where the header has the versions of the format for writing and for reading: 1 without a log, 2 with one.
const FORMAT: [usize; 2] = [18, 19];
/// Where it counts the transactions.
const COUNTER: usize = 24;
const HEADER_BYTES: u64 = 100;
/// How a rollback journal begins that can be played back.
const JOURNAL_MAGIC: &[u8] = &[0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
/// A write-ahead log that is no longer than its own header holds nothing.
const LOG_HEADER_BYTES: u64 = 32;
/// SQLite's files beside a database.
const LOGS: [&str; 3] = ["-wal", "-shm", "-journal"];
/// How often another process may remove the lock file just when this one has opened it.
const LOCK_ATTEMPTS: usize = 100;

/// The databases that stores of this process have open. A second handle on such a file would, when it is closed, drop
/// the locks that SQLite has on it.
static OPEN: Mutex<Vec<Id>> = Mutex::new(Vec::new());

/// The place of a database, whether there is one or not.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// As it was named.
    pub(super) named: PathBuf,
    /// The path without links. It is never the name of a database in memory, nor a URI, as SQLite would read these.
    pub(super) real: PathBuf,
    /// There is such a file.
    pub(super) exists: bool,
}

impl Place {
    /// Finds the place that a name means. Nothing is opened: opening a device can start something.
    ///
    /// # Errors
    /// When there is something else than a regular file, and when that cannot be found out.
    pub(super) fn find(path: &Path) -> anyhow::Result<Place> {
        let name = path.display();
        let bytes = path.as_os_str().as_encoded_bytes();
        if bytes.is_empty() {
            bail!("the name of the database is empty: name a file");
        }
        if bytes == b":memory:" {
            bail!("{name} is not kept: a database is a regular file (./:memory: is one of that name)");
        }
        if bytes.starts_with(b"file:") {
            bail!(
                "{name} is a URI: a database is a regular file, named by its path alone (./{name} is one of that name)"
            );
        }
        let exists = match path.metadata() {
            Ok(found) if found.is_file() => true,
            Ok(found) => bail!("{name} is {}: a database is a regular file", kind(found.file_type())),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if path.symlink_metadata().is_ok() {
                    bail!("{name} is a link to a file that is not there");
                }
                if bytes.ends_with(b"/") {
                    bail!("{name} is the name of a folder: a database is a regular file");
                }
                false
            }
            Err(error) => return Err(explain(error, path)).with_context(|| format!("find the database {name}")),
        };
        let real = real(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => anyhow::anyhow!("there is no folder {}", folder_of(path).display()),
            _ => explain(error, path),
        });
        let real = real.with_context(|| format!("find the database {name}"))?;
        Ok(Place { named: path.to_owned(), real, exists })
    }

    /// Finds a database that has to be there: a mistyped name must not make another one.
    ///
    /// # Errors
    /// [`Missing`] when there is no such file, and those of [`Place::find`].
    pub(super) fn existing(path: &Path) -> anyhow::Result<Place> {
        let place = Place::find(path)?;
        if !place.exists {
            return Err(Missing(path.to_owned()).into());
        }
        Ok(place)
    }

    /// Makes an empty file that only its owner can read: SQLite gives its side files the rights of the main one.
    pub(super) fn create_private(&self) -> anyhow::Result<()> {
        let owner = Owner::of(&self.real).with_context(|| format!("find the owner of {}", self.named.display()))?;
        let mut options = OpenOptions::new();
        options.create_new(true).write(true).mode(0o600);
        match options.open(&self.real) {
            // Another program was faster.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(explain(error, &self.real)),
            Ok(file) => {
                give(&file, owner).context("give it to the owner of the folder")?;
                owner.warn_unless_own(&self.real);
                Ok(())
            }
        }
    }

    /// Refuses a file that SQLite must not open: one that is no database, one with several names, and one beside files
    /// that do not belong to it.
    pub(super) fn inspect(&self) -> anyhow::Result<()> {
        let found = self.require_own_files()?;
        let names = found.nlink();
        // The write-ahead log belongs to one of the names: under another one the newest writes would be missed, and
        // lost with the next ones.
        if names > 1 {
            bail!("the file has {names} names (hard links): remove all but the one that the server uses");
        }
        if locked(&OPEN).contains(&Id::of(&found)) {
            return Ok(());
        }
        let header = read_header(&self.real)?;
        self.refuse_other_files(&header)?;
        self.refuse_other_log(&header)
    }

    /// Refuses a database beside files that SQLite would take for its own and that are none.
    pub(super) fn require_own_files(&self) -> anyhow::Result<Metadata> {
        let found = self.real.metadata().map_err(|error| explain(error, &self.real))?;
        for suffix in LOGS {
            require_own(&with_suffix(&self.real, suffix), &found)?;
        }
        Ok(found)
    }

    /// Refuses a file that is no database. SQLite would take a very short one for an empty database.
    fn refuse_other_files(&self, header: &[u8]) -> anyhow::Result<()> {
        let start = &header[..header.len().min(DATABASE_MAGIC.len())];
        // Power was lost while the file was made: SQLite takes back, by its journal, what there is of it.
        let half_made = || length(&self.real, "-journal") > 0;
        if !start.is_empty() && start != DATABASE_MAGIC && !half_made() {
            bail!("the file is not a rollbook database");
        }
        Ok(())
    }

    /// Refuses a database whose write-ahead log is of another one. SQLite would mix the two.
    fn refuse_other_log(&self, header: &[u8]) -> anyhow::Result<()> {
        let name = self.named.display();
        if has_other_journal(&with_suffix(&self.real, "-journal"), header) {
            bail!(
                "{name} is a copy that was put in the place of a database, whose journal {name}-journal would be played \
                 back into it: move the copy away and restore it (mv {name} {name}.copy; rollbook restore {name}.copy \
                 --db {name})"
            );
        }
        if length(&self.real, "-wal") <= LOG_HEADER_BYTES {
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
    pub(super) fn refuse_lone_log(&self) -> anyhow::Result<()> {
        if !self.exists && length(&self.real, "-wal") > LOG_HEADER_BYTES {
            let name = self.named.display();
            bail!(
                "{name} is gone, and {name}-wal beside it has changes that were made to it: put the database back, or a \
                 backup (rollbook restore BACKUP --db {name}), or move the log away"
            );
        }
        Ok(())
    }

    /// Whether the file is the copy of a database beside the log of another one, or is gone from beside it.
    pub(super) fn has_other_log(&self) -> bool {
        let other = || {
            let header = read_header(&self.real)?;
            self.refuse_other_log(&header)
        };
        self.refuse_lone_log().is_err() || (self.exists && other().is_err())
    }

    /// Gives the files that SQLite has made beside the database to the group of the database: SQLite gives them the
    /// rights of the database, but leaves them to the group of the user.
    pub(super) fn share_logs(&self) {
        let Ok(owner) = Owner::of(&self.real) else { return };
        for suffix in LOGS {
            let _ = give_named(&with_suffix(&self.real, suffix), owner);
        }
    }

    /// Says which right is missing where SQLite only says that it could not open something.
    pub(super) fn blame(&self, error: rusqlite::Error) -> anyhow::Error {
        let code = error.sqlite_error_code();
        if !matches!(code, Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied)) {
            return error.into();
        }
        let files = ["", "-wal", "-shm", "-journal"].map(|suffix| with_suffix(&self.real, suffix));
        files.iter().find_map(|file| missing_right(file)).unwrap_or_else(|| error.into())
    }

    /// The same for an error that may be SQLite's.
    pub(super) fn blame_any(&self, error: anyhow::Error) -> anyhow::Error {
        match error.downcast::<rusqlite::Error>() {
            Ok(error) => self.blame(error),
            Err(error) => error,
        }
    }

    /// Whether SQLite could open the file as a database.
    pub(super) fn looks_like_one(&self) -> bool {
        read_header(&self.real).and_then(|header| self.refuse_other_files(&header)).is_ok()
    }
}

fn read_header(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut options = OpenOptions::new();
    // Should a pipe be there by now, it is not waited for.
    options.read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    let mut header = Vec::new();
    let file = options.open(path).map_err(|error| explain(error, path))?;
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
fn read_private(path: &Path) -> std::io::Result<File> {
    without_following(OpenOptions::new().read(true)).open(path)
}

/// The length of a file beside the database; 0 when there is none.
fn length(database: &Path, suffix: &str) -> u64 {
    with_suffix(database, suffix).symlink_metadata().map_or(0, |found| found.len())
}

/// Lets only the owner read a file that is empty. A link that was put in its place is not followed.
pub(super) fn make_empty_private(path: &Path) -> std::io::Result<()> {
    let file = read_private(path)?;
    let found = file.metadata()?;
    if found.is_file() && found.len() == 0 {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

// ------------------------------------------------------------------------------------------ the lock

/// The lock that keeps other processes out, for as long as this is held.
///
/// SQLite's own locks are on the database file itself, and a second handle on that file would drop them when closed, so
/// ours is on a file beside it.
#[derive(Debug)]
pub(super) struct Lock {
    place: Place,
    path: PathBuf,
    file: Mutex<File>,
    /// The file goes with the lock.
    passing: AtomicBool,
}

impl Lock {
    /// Takes the lock.
    ///
    /// # Errors
    /// [`InUse`] when another process has it; when the file beside the database cannot be made or opened.
    pub(super) fn take(place: &Place) -> anyhow::Result<Lock> {
        // By whatever link the file was named, there is one lock.
        let path = with_suffix(&place.real, ".lock");
        let (file, made) = Lock::acquire(place, &path)?;
        Ok(Lock { place: place.clone(), path, file: Mutex::new(file), passing: AtomicBool::new(made) })
    }

    /// Takes the lock again if its file was removed, which would let another process in. Returns whether it was.
    ///
    /// # Errors
    /// [`InUse`] when another process has come in meanwhile; when the file cannot be made or opened.
    pub(super) fn renew(&self) -> anyhow::Result<bool> {
        let mut file = locked(&self.file);
        if is_at(&file, &self.path) {
            return Ok(false);
        }
        *file = Lock::acquire(&self.place, &self.path)?.0;
        Ok(true)
    }

    /// The locked file, and whether this process has made it.
    fn acquire(place: &Place, path: &Path) -> anyhow::Result<(File, bool)> {
        for _ in 0..LOCK_ATTEMPTS {
            let opened = Lock::open(path, &place.real)
                .with_context(|| format!("lock the database {}", place.named.display()))?;
            let Some((file, made)) = opened else { continue };
            match file.try_lock() {
                // Another process may have removed the file before this one has locked it.
                Ok(()) if is_at(&file, path) => return Ok((file, made)),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let holder = file.metadata().ok().and_then(|found| holder::of_lock(Id::of(&found)));
                    return Err(InUse { database: place.named.display().to_string(), holder }.into());
                }
                Err(TryLockError::Error(error)) => return Err(error).context("lock the database"),
            }
        }
        bail!("the lock file {} is removed again and again", path.display())
    }

    /// Makes or opens the file. `None` when another process has removed it just then.
    fn open(path: &Path, database: &Path) -> anyhow::Result<Option<(File, bool)>> {
        let owner = Owner::of(database).context("find the owner of the database")?;
        let mut options = OpenOptions::new();
        options.create_new(true).read(true).write(true).mode(0o600);
        match options.open(path) {
            Ok(file) => {
                give(&file, owner).with_context(|| format!("give {} to the owner of the database", path.display()))?;
                return Ok(Some((file, true)));
            }
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(explain(error, path)),
            Err(_) => {}
        }
        if let Ok(found) = path.symlink_metadata()
            && !found.is_file()
        {
            bail!("{} is {}, and no lock file: remove it", path.display(), kind(found.file_type()));
        }
        let mut options = OpenOptions::new();
        without_following(options.read(true).write(true));
        match options.open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            opened => Ok(Some((opened.map_err(|error| explain(error, path))?, false))),
        }
    }

    /// Leaves the file where it is: there is a database that it belongs to. Else, one that this process has made goes
    /// with the lock.
    pub(super) fn keep(&self) {
        self.passing.store(false, Ordering::Release);
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While it is still locked, so that no other process can believe to have it.
        if *self.passing.get_mut() && is_at(&locked(&self.file), &self.path) {
            let _ = std::fs::remove_file(&self.path);
        }
        // Closing the file is not enough: a process that another thread is about to start has a copy of the descriptor,
        // and the lock with it, until it runs its program.
        let _ = locked(&self.file).unlock();
    }
}

/// Whether that file is the one of that name.
fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(own), Ok(found)) = (file.metadata(), path.symlink_metadata()) else { return false };
    Id::of(&own) == Id::of(&found)
}

// ------------------------------------------------------------------------------------------ what is open

/// Which file it is, whatever its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Id {
    pub(super) device: u64,
    pub(super) number: u64,
}

impl Id {
    pub(super) fn of(found: &Metadata) -> Id {
        Id { device: found.dev(), number: found.ino() }
    }
}

/// Notes that a store has a database open, for as long as this is held.
#[derive(Debug)]
pub(super) struct Opened(Id);

impl Opened {
    /// # Errors
    /// [`InUse`] when a store of this process has it open: its lock file was removed.
    pub(super) fn note(place: &Place) -> anyhow::Result<Opened> {
        let id = Id::of(&place.real.metadata().map_err(|error| explain(error, &place.real))?);
        let mut open = locked(&OPEN);
        if open.contains(&id) {
            let database = place.named.display().to_string();
            return Err(InUse { database, holder: Some(std::process::id()) }.into());
        }
        open.push(id);
        Ok(Opened(id))
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        let mut open = locked(&OPEN);
        if let Some(at) = open.iter().position(|id| *id == self.0) {
            open.swap_remove(at);
        }
    }
}

/// When a file was changed last, and how long it was then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    seconds: i64,
    nanoseconds: i64,
    length: u64,
}

impl Stamp {
    fn of(found: &Metadata) -> Stamp {
        Stamp { seconds: found.mtime(), nanoseconds: found.mtime_nsec(), length: found.len() }
    }
}

/// The state of the main file.
#[derive(Debug, Clone, Copy)]
struct Stamps {
    /// When this process has last moved the log into it.
    moved: Stamp,
    /// When its header was last looked at.
    seen: Stamp,
}

/// The files that a store has open. Their names can be made to lead elsewhere meanwhile.
#[derive(Debug)]
pub(super) struct Watched {
    named: PathBuf,
    real: PathBuf,
    /// Opened before SQLite has opened the file, and closed after it has closed it: the locks would go with this handle.
    handle: File,
    main: Id,
    stamps: Mutex<Stamps>,
    logs: Vec<(PathBuf, Id)>,
}

/// Why the open files are not those of the database any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// The name of the database leads to no file, or to another one.
    Main,
    /// The same of the log or its index.
    Log,
    /// Another file was copied into the open one.
    Content,
}

/// The files cannot be trusted, or cannot be looked at.
#[derive(Debug)]
pub(super) struct Untrusted {
    /// `None`: not known at the moment.
    pub(super) loss: Option<Loss>,
    pub(super) why: String,
}

impl Watched {
    /// A handle on the database, before SQLite opens it.
    pub(super) fn open(place: &Place) -> anyhow::Result<File> {
        read_private(&place.real).map_err(|error| explain(error, &place.real))
    }

    /// The files that SQLite has opened.
    pub(super) fn of(place: &Place, handle: File) -> anyhow::Result<Watched> {
        let found = handle.metadata()?;
        let stamp = Stamp::of(&found);
        let logs = ["-wal", "-shm"].map(|suffix| with_suffix(&place.real, suffix));
        let logs = logs.into_iter().filter_map(|path| {
            let id = Id::of(&path.symlink_metadata().ok()?);
            Some((path, id))
        });
        Ok(Watched {
            named: std::path::absolute(&place.named)?,
            real: place.real.clone(),
            main: Id::of(&found),
            stamps: Mutex::new(Stamps { moved: stamp, seen: stamp }),
            logs: logs.collect(),
            handle,
        })
    }

    /// The path without links.
    pub(super) fn real(&self) -> &Path {
        &self.real
    }

    /// Looks whether the names still lead to the open files: three calls that ask for the state of a file.
    pub(super) fn look(&self) -> Result<(), Untrusted> {
        let found = at(&self.named, self.main, Loss::Main, Path::metadata)?;
        for (path, id) in &self.logs {
            at(path, *id, Loss::Log, Path::symlink_metadata)?;
        }
        let stamp = Stamp::of(&found);
        let mut stamps = locked(&self.stamps);
        if stamp != stamps.moved && stamp != stamps.seen {
            // Another program may have moved the log. A file that has none was copied here.
            let mut format = [0; FORMAT.len()];
            let read = self.handle.read_exact_at(&mut format, FORMAT[0] as u64);
            if read.is_err() || format == [1; FORMAT.len()] {
                let why = format!("another file was copied over {}", self.named.display());
                return Err(Untrusted { loss: Some(Loss::Content), why });
            }
            stamps.seen = stamp;
        }
        Ok(())
    }

    /// Notes that this process has moved the log into the main file.
    pub(super) fn note_move(&self) {
        if let Ok(found) = self.handle.metadata() {
            locked(&self.stamps).moved = Stamp::of(&found);
        }
    }

    /// Whether the log, which has lost its name, can still be moved: there is no other one, and only this process has
    /// written to the main file.
    pub(super) fn has_lost_log_alone(&self) -> bool {
        let is_as_moved = self.handle.metadata().is_ok_and(|found| Stamp::of(&found) == locked(&self.stamps).moved);
        let no_other = self.logs.iter().all(|(path, id)| match path.symlink_metadata() {
            Ok(found) => Id::of(&found) == *id,
            Err(error) => error.kind() == ErrorKind::NotFound,
        });
        is_as_moved && no_other
    }
}

/// The state of the file of that name, if it is still that one.
fn at(
    path: &Path,
    id: Id,
    loss: Loss,
    look: impl FnOnce(&Path) -> std::io::Result<Metadata>,
) -> Result<Metadata, Untrusted> {
    let name = path.display();
    match look(path) {
        Ok(found) if Id::of(&found) == id => Ok(found),
        Ok(_) => Err(Untrusted { loss: Some(loss), why: format!("another file is in the place of {name}") }),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Err(Untrusted { loss: Some(loss), why: format!("{name} is gone") })
        }
        Err(error) => Err(Untrusted { loss: None, why: format!("{name} cannot be looked at: {error}") }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    /// Two handles on a file exclude each other, whether they are of one process or of two.
    #[test]
    fn one_at_a_time_has_the_lock_while_its_file_comes_and_goes() {
        let folder = std::env::temp_dir().join(format!("rollbook-lock-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let place = Place::find(&folder.join("rollbook.db")).unwrap();
        let (holders, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let is_patient = |error: &anyhow::Error| error.to_string().contains("again and again");
        let take = || {
            while taken.load(Ordering::SeqCst) < 2000 {
                match Lock::take(&place) {
                    Ok(lock) => {
                        assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0, "another one has the lock");
                        assert!(is_at(&locked(&lock.file), &lock.path));
                        // A third of the time the file goes with the lock.
                        let number = taken.fetch_add(1, Ordering::SeqCst);
                        if number % 3 > 0 {
                            lock.keep();
                        } else {
                            lock.passing.store(true, Ordering::SeqCst);
                        }
                        holders.fetch_sub(1, Ordering::SeqCst);
                    }
                    Err(error) => assert!(error.is::<InUse>() || is_patient(&error), "{error:#}"),
                }
            }
        };
        std::thread::scope(|scope| (0..16).for_each(|_| drop(scope.spawn(take))));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
