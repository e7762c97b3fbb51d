//! Temporary copies of a database.

use crate::files::{self, Owner, TempFile, folder_of, real_path, set_owner};
use anyhow::{Context as _, bail};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Reads a backup to its end, into a temporary file in the folder of the database.
///
/// # Errors
/// When it cannot be read or written.
pub fn save_backup(database: &Path, backup: &mut dyn Read) -> anyhow::Result<TempDatabase> {
    let real_path = real_path(database).with_context(|| format!("find the database {}", database.display()))?;
    files::remove_stale_temp_files(&real_path);
    let (temp_file, mut file) = TempFile::open_in_folder_of(&real_path)?;
    io::copy(backup, &mut file).context("save the backup to a file")?;
    Ok(TempDatabase { temp_file })
}

/// A temporary database, removed when the value is dropped. Close its connections before.
pub struct TempDatabase {
    pub(in crate::store) temp_file: TempFile,
}

impl TempDatabase {
    /// Creates an empty file in the folder of the database, for a server to copy into. It belongs to the owner of the
    /// database.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn empty(database: &Path) -> anyhow::Result<TempDatabase> {
        let real_path = real_path(database)?;
        files::remove_stale_temp_files(&real_path);
        let temp_file = TempFile::in_folder_of(&real_path)?;
        set_owner(&temp_file.open_own()?, Owner::of(&real_path)?)?;
        Ok(TempDatabase { temp_file })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        self.temp_file.path()
    }
}

/// Checks that the file of that name in the folder of the database is an empty temporary file, and returns its path.
pub(in crate::store) fn empty_copy(database: &Path, name: &str) -> anyhow::Result<PathBuf> {
    if !files::is_temp_file_name(name) {
        bail!("{name} is not the name of a copy");
    }
    let path = folder_of(&real_path(database)?).join(name);
    let found = path.symlink_metadata().with_context(|| format!("look for {}", path.display()))?;
    if !found.is_file() || found.len() > 0 {
        bail!("{} is not an empty file", path.display());
    }
    Ok(path)
}
