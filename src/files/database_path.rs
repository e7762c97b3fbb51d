//! The path of a database and of its side files.

use super::owner::{Owner, explain_open_error, set_owner, set_owner_of_path};
use super::paths::{folder_of, kind, real_path, with_suffix};
use anyhow::{Context as _, bail};
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Suffixes of the side files of a database: SQLite's and our own.
pub(crate) const SIDE_FILES: [&str; 6] = ["-wal", "-shm", "-journal", ".lock", ".sock", ".secrets"];

/// The path of an existing or new database.
#[derive(Debug, Clone)]
pub(crate) struct DatabasePath {
    /// The path as the caller gave it.
    pub(crate) named: PathBuf,
    /// The path without links. It is never the name of a database in memory, nor a URI, as SQLite would read these.
    pub(crate) real_path: PathBuf,
    /// The file exists.
    pub(crate) exists: bool,
}

impl DatabasePath {
    /// Finds the path that a name means. It opens no file, because opening a device can have effects.
    ///
    /// # Errors
    /// When there is a file that is not regular, and when the path cannot be read.
    pub(crate) fn find(path: &Path) -> anyhow::Result<DatabasePath> {
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
            Err(error) => {
                return Err(explain_open_error(error, path)).with_context(|| format!("find the database {name}"));
            }
        };
        let real_path = real_path(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => anyhow::anyhow!("there is no folder {}", folder_of(path).display()),
            _ => explain_open_error(error, path),
        });
        let real_path = real_path.with_context(|| format!("find the database {name}"))?;
        Ok(DatabasePath { named: path.to_owned(), real_path, exists })
    }

    /// Finds an existing database: a mistyped name must not create another one.
    ///
    /// # Errors
    /// [`DatabaseMissing`] when there is no such file, and those of [`DatabasePath::find`].
    pub(crate) fn existing(path: &Path) -> anyhow::Result<DatabasePath> {
        let place = DatabasePath::find(path)?;
        if !place.exists {
            return Err(DatabaseMissing(path.to_owned()).into());
        }
        Ok(place)
    }

    /// Creates an empty file that only its owner can read: SQLite gives its side files the permissions of the main
    /// file.
    pub(crate) fn create_private(&self) -> anyhow::Result<()> {
        let owner =
            Owner::of(&self.real_path).with_context(|| format!("find the owner of {}", self.named.display()))?;
        let mut options = OpenOptions::new();
        options.create_new(true).write(true).mode(0o600);
        match options.open(&self.real_path) {
            // Another program has created it in the meantime.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(explain_open_error(error, &self.real_path)),
            Ok(file) => {
                set_owner(&file, owner).context("give it to the owner of the folder")?;
                owner.warn_of_other_owner(&self.real_path);
                Ok(())
            }
        }
    }
}

/// There is no database at that path.
#[derive(Debug)]
pub(crate) struct DatabaseMissing(PathBuf);

impl std::fmt::Display for DatabaseMissing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "there is no database {}", self.0.display())
    }
}

impl std::error::Error for DatabaseMissing {}

/// Checks that there is a database at that path, without opening it.
///
/// # Errors
/// [`DatabaseMissing`] when there is none; when the file is not regular, and when a permission is missing.
pub(crate) fn require_database(path: &Path) -> anyhow::Result<()> {
    DatabasePath::existing(path).map(drop)
}

/// Gives the socket of a server that runs as root to the owner of the database, so that the owner's commands can reach
/// it.
///
/// # Errors
/// When the system refuses it to root.
pub(crate) fn set_socket_owner(database: &Path, socket: &Path) -> std::io::Result<()> {
    set_owner_of_path(socket, Owner::of(database)?.alone())
}

/// The socket at which the server of a database listens for commands.
///
/// # Errors
/// When the database's folder cannot be found.
pub(crate) fn socket_path(database: &Path) -> std::io::Result<PathBuf> {
    // There is one socket, whatever link leads to the file.
    Ok(with_suffix(&real_path(database)?, ".sock"))
}

/// True if that file is the database, or one of its side files.
pub(crate) fn belongs_to_database(database: &Path, file: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let (database, file) = (place(database), place(file));
    let number = |path: &Path| std::fs::metadata(path).ok().map(|found| (found.dev(), found.ino()));
    let is_it = |own: &Path| own == file || number(own).is_some_and(|own| number(&file) == Some(own));
    is_it(&database) || SIDE_FILES.iter().any(|end| is_it(&with_suffix(&database, end)))
}

/// The path of an existing or new file, with all links resolved.
fn place(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    // The system follows as many links.
    for _ in 0..40 {
        match std::fs::read_link(&path) {
            Ok(target) => path = folder_of(&path).join(target),
            Err(_) => break,
        }
    }
    real_path(&path).unwrap_or(path)
}

/// Refuses an output file that is the database or one of its side files, whatever link leads to it.
///
/// # Errors
/// When it is one of them, and when the folder of either cannot be found.
pub(crate) fn refuse_database_path(database: &Path, file: &Path) -> anyhow::Result<()> {
    let name = |path: &Path| path.display().to_string();
    let (real_database, real_file) =
        (real_path(database)?, real_path(file).with_context(|| format!("find {}", name(file)))?);
    if real_file == real_database || SIDE_FILES.iter().any(|suffix| real_file == with_suffix(&real_database, suffix)) {
        bail!("{} is the database itself", name(file));
    }
    Ok(())
}
