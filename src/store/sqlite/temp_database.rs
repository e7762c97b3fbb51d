//! Temporary copies of a database.

use crate::files::{self, Owner, TempFile, folder_of, real_path, set_owner};
use anyhow::{Context as _, bail};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Reads a backup to its end and keeps it beside the database, for as long as the result is there.
///
/// # Errors
/// When it cannot be read or kept.
pub fn save_backup(database: &Path, backup: &mut dyn Read) -> anyhow::Result<TempDatabase> {
    let real_path = real_path(database).with_context(|| format!("find the database {}", database.display()))?;
    files::remove_stale_temp_files(&real_path);
    let (draft, mut file) = TempFile::open_beside(&real_path)?;
    io::copy(backup, &mut file).context("keep the backup in a file")?;
    Ok(TempDatabase { draft })
}

/// A copy of a database that is removed with this value. Close it before.
pub struct TempDatabase {
    pub(in crate::store) draft: TempFile,
}

impl TempDatabase {
    /// An empty file beside the database, for a server to copy into. It belongs to the owner of the database.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn empty(database: &Path) -> anyhow::Result<TempDatabase> {
        let real_path = real_path(database)?;
        files::remove_stale_temp_files(&real_path);
        let draft = TempFile::beside(&real_path)?;
        set_owner(&draft.open_own()?, Owner::of(&real_path)?)?;
        Ok(TempDatabase { draft })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        self.draft.path()
    }
}

/// The file of that name beside the database, into which a copy goes: it is empty, and has been made for this.
pub(in crate::store) fn empty_copy(database: &Path, name: &str) -> anyhow::Result<PathBuf> {
    if !files::is_temp_file_name(name) {
        bail!("{name} is no name of a copy");
    }
    let path = folder_of(&real_path(database)?).join(name);
    let found = path.symlink_metadata().with_context(|| format!("look for {}", path.display()))?;
    if !found.is_file() || found.len() > 0 {
        bail!("{} is no empty file", path.display());
    }
    Ok(path)
}
