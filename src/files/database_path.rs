//! The path of a database, the files beside it, and the checks of both.

use super::owner::{Owner, explain_open_error, set_owner, set_owner_of_path};
use super::paths::{folder_of, kind, real_path, with_suffix};
use anyhow::{Context as _, bail};
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// What SQLite keeps beside a database, and we do.
pub(crate) const SIDE_FILES: [&str; 6] = ["-wal", "-shm", "-journal", ".lock", ".sock", ".secrets"];

/// The place of a database, whether there is one or not.
#[derive(Debug, Clone)]
pub(crate) struct DatabasePath {
    /// As it was named.
    pub(crate) named: PathBuf,
    /// The path without links. It is never the name of a database in memory, nor a URI, as SQLite would read these.
    pub(crate) real_path: PathBuf,
    /// There is such a file.
    pub(crate) exists: bool,
}

impl DatabasePath {
    /// Finds the place that a name means. Nothing is opened: opening a device can start something.
    ///
    /// # Errors
    /// When there is something else than a regular file, and when that cannot be found out.
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

    /// Finds a database that has to be there: a mistyped name must not make another one.
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

    /// Makes an empty file that only its owner can read: SQLite gives its side files the rights of the main one.
    pub(crate) fn create_private(&self) -> anyhow::Result<()> {
        let owner =
            Owner::of(&self.real_path).with_context(|| format!("find the owner of {}", self.named.display()))?;
        let mut options = OpenOptions::new();
        options.create_new(true).write(true).mode(0o600);
        match options.open(&self.real_path) {
            // Another program was faster.
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

/// There is no database of that name.
#[derive(Debug)]
pub(crate) struct DatabaseMissing(PathBuf);

impl std::fmt::Display for DatabaseMissing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "there is no database {}", self.0.display())
    }
}

impl std::error::Error for DatabaseMissing {}

/// Looks whether there is a database of that name, without opening it.
///
/// # Errors
/// [`DatabaseMissing`] when there is none; when something else than a regular file has the name, and when a right is missing to
/// look.
pub(crate) fn require_database(path: &Path) -> anyhow::Result<()> {
    DatabasePath::existing(path).map(drop)
}

/// Gives the socket of a server that runs as root to the owner of the database, whose commands then reach it.
///
/// # Errors
/// When root may not.
pub(crate) fn set_socket_owner(database: &Path, socket: &Path) -> std::io::Result<()> {
    set_owner_of_path(socket, Owner::of(database)?.alone())
}

/// Where the server that holds a database listens for commands.
///
/// # Errors
/// When the database's folder cannot be found.
pub(crate) fn socket_path(database: &Path) -> std::io::Result<PathBuf> {
    // By whatever link the file was named, there is one socket.
    Ok(with_suffix(&real_path(database)?, ".sock"))
}

/// Whether that file is the database, or one of those that are kept beside it.
pub(crate) fn belongs_to_database(database: &Path, file: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let (database, file) = (place(database), place(file));
    let number = |path: &Path| std::fs::metadata(path).ok().map(|found| (found.dev(), found.ino()));
    let is_it = |own: &Path| own == file || number(own).is_some_and(|own| number(&file) == Some(own));
    is_it(&database) || SIDE_FILES.iter().any(|end| is_it(&with_suffix(&database, end)))
}

/// Where a file is or would be made, by whatever links it is named.
fn place(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    // As many links as the system follows.
    for _ in 0..40 {
        match std::fs::read_link(&path) {
            Ok(target) => path = folder_of(&path).join(target),
            Err(_) => break,
        }
    }
    real_path(&path).unwrap_or(path)
}

/// Refuses a file to write that is the database, or one of those beside it, by whatever link it is named.
///
/// # Errors
/// When it is, and when the folder of either cannot be found.
pub(crate) fn refuse_database_path(database: &Path, file: &Path) -> anyhow::Result<()> {
    let name = |path: &Path| path.display().to_string();
    let (real_database, real_file) =
        (real_path(database)?, real_path(file).with_context(|| format!("find {}", name(file)))?);
    if real_file == real_database || SIDE_FILES.iter().any(|suffix| real_file == with_suffix(&real_database, suffix)) {
        bail!("{} is the database itself", name(file));
    }
    Ok(())
}
