//! The path of a database, the files beside it, and the checks of both.

use super::owner::{Owner, explain, give, give_named};
use super::paths::{folder_of, kind, real, with_suffix};
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
    pub(crate) real: PathBuf,
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
            Err(error) => return Err(explain(error, path)).with_context(|| format!("find the database {name}")),
        };
        let real = real(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => anyhow::anyhow!("there is no folder {}", folder_of(path).display()),
            _ => explain(error, path),
        });
        let real = real.with_context(|| format!("find the database {name}"))?;
        Ok(DatabasePath { named: path.to_owned(), real, exists })
    }

    /// Finds a database that has to be there: a mistyped name must not make another one.
    ///
    /// # Errors
    /// [`Missing`] when there is no such file, and those of [`DatabasePath::find`].
    pub(crate) fn existing(path: &Path) -> anyhow::Result<DatabasePath> {
        let place = DatabasePath::find(path)?;
        if !place.exists {
            return Err(Missing(path.to_owned()).into());
        }
        Ok(place)
    }

    /// Makes an empty file that only its owner can read: SQLite gives its side files the rights of the main one.
    pub(crate) fn create_private(&self) -> anyhow::Result<()> {
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
}

/// There is no database of that name.
#[derive(Debug)]
pub(crate) struct Missing(PathBuf);

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "there is no database {}", self.0.display())
    }
}

impl std::error::Error for Missing {}

/// Looks whether there is a database of that name, without opening it.
///
/// # Errors
/// [`Missing`] when there is none; when something else than a regular file has the name, and when a right is missing to
/// look.
pub(crate) fn require_database(path: &Path) -> anyhow::Result<()> {
    DatabasePath::existing(path).map(drop)
}

/// Gives the socket of a server that runs as root to the owner of the database, whose commands then reach it.
///
/// # Errors
/// When root may not.
pub(crate) fn give_socket(database: &Path, socket: &Path) -> std::io::Result<()> {
    give_named(socket, Owner::of(database)?.alone())
}

/// Where the server that holds a database listens for commands.
///
/// # Errors
/// When the database's folder cannot be found.
pub(crate) fn local_socket(database: &Path) -> std::io::Result<PathBuf> {
    // By whatever link the file was named, there is one socket.
    Ok(with_suffix(&real(database)?, ".sock"))
}

/// Whether that file is the database, or one of those that are kept beside it.
pub(crate) fn is_of_database(database: &Path, file: &Path) -> bool {
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
    real(&path).unwrap_or(path)
}

/// Refuses a file to write that is the database, or one of those beside it, by whatever link it is named.
///
/// # Errors
/// When it is, and when the folder of either cannot be found.
pub(crate) fn refuse_database(database: &Path, file: &Path) -> anyhow::Result<()> {
    let name = |path: &Path| path.display().to_string();
    let (real_database, real_file) = (real(database)?, real(file).with_context(|| format!("find {}", name(file)))?);
    if real_file == real_database || SIDE_FILES.iter().any(|suffix| real_file == with_suffix(&real_database, suffix)) {
        bail!("{} is the database itself", name(file));
    }
    Ok(())
}
