//! Temporary copies of a database.

use crate::files::{self, Draft, Owner, folder_of, give, real};
use anyhow::{Context as _, bail};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

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
    pub(in crate::store) draft: Draft,
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
pub(in crate::store) fn empty_copy(database: &Path, name: &str) -> anyhow::Result<PathBuf> {
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
