//! The lock that keeps a second process out of a database.

use super::database_path::DatabasePath;
use super::file_id::{FileId, is_at};
use super::lock_holder;
use super::owner::{Owner, explain_open_error, set_owner};
use super::paths::{kind, with_suffix, without_following};
use crate::sync::locked;
use anyhow::{Context as _, bail};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Attempts to take the lock. Each time another process may remove the lock file after this one has opened it.
const LOCK_ATTEMPTS: usize = 100;

/// Another process has the database open.
#[derive(Debug)]
pub struct DatabaseLocked {
    pub(crate) database: String,
    /// The process that has it open, if it is known.
    pub(crate) holder: Option<u32>,
}

impl std::fmt::Display for DatabaseLocked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let DatabaseLocked { database, holder } = self;
        match holder {
            None => write!(f, "the database {database} is in use by another process"),
            Some(own) if *own == std::process::id() => write!(f, "the database {database} is in use by this process"),
            Some(other) => write!(f, "the database {database} is in use by another process (process id {other})"),
        }
    }
}

impl std::error::Error for DatabaseLocked {}

/// The lock that keeps other processes out of a database while it is held.
///
/// It is on a file of its own. SQLite's locks are on the database file, and closing a second handle on that file would
/// drop them.
#[derive(Debug)]
pub(crate) struct InstanceLock {
    place: DatabasePath,
    path: PathBuf,
    file: Mutex<File>,
    /// The file is removed with the lock.
    passing: AtomicBool,
}

impl InstanceLock {
    /// Takes the lock.
    ///
    /// # Errors
    /// [`DatabaseLocked`] when another process has it; when the lock file cannot be created or opened.
    pub(crate) fn take(place: &DatabasePath) -> anyhow::Result<InstanceLock> {
        // There is one lock, whatever link leads to the file.
        let path = with_suffix(&place.real_path, ".lock");
        let (file, made) = InstanceLock::acquire(place, &path)?;
        Ok(InstanceLock { place: place.clone(), path, file: Mutex::new(file), passing: AtomicBool::new(made) })
    }

    /// Takes the lock again if its file was removed, which would let another process in. Returns true if it was.
    ///
    /// # Errors
    /// [`DatabaseLocked`] when another process has taken it in the meantime; when the file cannot be created or opened.
    pub(crate) fn renew(&self) -> anyhow::Result<bool> {
        let mut file = locked(&self.file);
        if is_at(&file, &self.path) {
            return Ok(false);
        }
        *file = InstanceLock::acquire(&self.place, &self.path)?.0;
        Ok(true)
    }

    /// Returns the locked file, and true if this process has created it.
    fn acquire(place: &DatabasePath, path: &Path) -> anyhow::Result<(File, bool)> {
        for _ in 0..LOCK_ATTEMPTS {
            let opened = InstanceLock::open(path, &place.real_path)
                .with_context(|| format!("lock the database {}", place.named.display()))?;
            let Some((file, made)) = opened else { continue };
            match file.try_lock() {
                // Another process may have removed the file before this one has locked it.
                Ok(()) if is_at(&file, path) => return Ok((file, made)),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let holder = file.metadata().ok().and_then(|found| lock_holder::of_lock(FileId::of(&found)));
                    return Err(DatabaseLocked { database: place.named.display().to_string(), holder }.into());
                }
                Err(TryLockError::Error(error)) => return Err(error).context("lock the database"),
            }
        }
        bail!("the lock file {} is removed repeatedly", path.display())
    }

    /// Creates or opens the file. `None` if another process has just removed it.
    fn open(path: &Path, database: &Path) -> anyhow::Result<Option<(File, bool)>> {
        let owner = Owner::of(database).context("find the owner of the database")?;
        let mut options = OpenOptions::new();
        options.create_new(true).read(true).write(true).mode(0o600);
        match options.open(path) {
            Ok(file) => {
                set_owner(&file, owner)
                    .with_context(|| format!("give {} to the owner of the database", path.display()))?;
                return Ok(Some((file, true)));
            }
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(explain_open_error(error, path)),
            Err(_) => {}
        }
        if let Ok(found) = path.symlink_metadata()
            && !found.is_file()
        {
            bail!("{} is {}, and not a lock file: remove it", path.display(), kind(found.file_type()));
        }
        let mut options = OpenOptions::new();
        without_following(options.read(true).write(true));
        match options.open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            opened => Ok(Some((opened.map_err(|error| explain_open_error(error, path))?, false))),
        }
    }

    /// Keeps the lock file, because there is a database that it belongs to. Otherwise a file that this process has
    /// created is removed with the lock.
    pub(crate) fn keep(&self) {
        self.passing.store(false, Ordering::Release);
    }
}

impl Drop for InstanceLock {
    fn drop(&mut self) {
        // The file is removed while it is locked, so that no other process takes a lock on a removed file.
        if *self.passing.get_mut() && is_at(&locked(&self.file), &self.path) {
            let _ = std::fs::remove_file(&self.path);
        }
        // Closing the file is not enough: a child process that another thread is starting has a copy of the descriptor,
        // and the lock with it, until it runs its program.
        let _ = locked(&self.file).unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    /// Two handles on a file exclude each other, in one process or in two.
    #[test]
    fn one_at_a_time_has_the_lock_while_its_file_comes_and_goes() {
        let folder = std::env::temp_dir().join(format!("rollbook-lock-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let place = DatabasePath::find(&folder.join("rollbook.db")).unwrap();
        let (holders, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let is_patient = |error: &anyhow::Error| error.to_string().contains("repeatedly");
        let take = || {
            while taken.load(Ordering::SeqCst) < 2000 {
                match InstanceLock::take(&place) {
                    Ok(lock) => {
                        assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0, "another one has the lock");
                        assert!(is_at(&locked(&lock.file), &lock.path));
                        // One time in three the file is removed with the lock.
                        let number = taken.fetch_add(1, Ordering::SeqCst);
                        if number % 3 > 0 {
                            lock.keep();
                        } else {
                            lock.passing.store(true, Ordering::SeqCst);
                        }
                        holders.fetch_sub(1, Ordering::SeqCst);
                    }
                    Err(error) => assert!(error.is::<DatabaseLocked>() || is_patient(&error), "{error:#}"),
                }
            }
        };
        std::thread::scope(|scope| (0..16).for_each(|_| drop(scope.spawn(take))));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
