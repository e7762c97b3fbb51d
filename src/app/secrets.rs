//! The file next to a new database with its generated secrets, until an administrator has read them.

use crate::files::{self, Owner, set_owner};
use anyhow::Context as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// The file for the secrets of a new database, whether it exists or not.
///
/// # Errors
/// When the database's folder cannot be found.
pub(crate) fn secrets_file(database: &Path) -> std::io::Result<PathBuf> {
    Ok(files::with_suffix(&files::real_path(database)?, ".secrets"))
}

/// Writes these secrets into that file, which only its owner can read.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write_secrets_file(database: &Path, secrets: &str) -> anyhow::Result<PathBuf> {
    let path = secrets_file(database)?;
    let write = || -> anyhow::Result<()> {
        // An existing file comes from an interrupted start.
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            other => other?,
        }
        let mut options = OpenOptions::new();
        options.create_new(true).write(true).mode(0o600);
        let mut file = options.open(&path)?;
        set_owner(&file, Owner::of(database)?.alone())?;
        file.write_all(secrets.as_bytes())?;
        file.sync_all()?;
        files::sync_folder_of(&path)
    };
    write().with_context(|| format!("write the secrets of the new database to {}", path.display()))?;
    Ok(path)
}
