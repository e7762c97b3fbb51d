//! The open files of a database, and whether their names still lead to them.

use super::file_checks::{FORMAT, read_private};
use crate::files::{DatabasePath, FileId, explain_open_error, with_suffix};
use crate::sync::locked;
use std::fs::{File, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Time of the last change of a file, and its length.
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

/// Stamps of the main file.
#[derive(Debug, Clone, Copy)]
struct Stamps {
    /// After the last checkpoint of this process.
    moved: Stamp,
    /// At the last check of its header.
    seen: Stamp,
}

/// The files that a store has open. Another program can give their names to other files.
#[derive(Debug)]
pub(in crate::store) struct WatchedFiles {
    named: PathBuf,
    real_path: PathBuf,
    /// Opened before SQLite opens the file and closed after SQLite has closed it: closing it earlier would drop
    /// SQLite's locks.
    handle: File,
    main: FileId,
    stamps: Mutex<Stamps>,
    logs: Vec<(PathBuf, FileId)>,
}

/// The reason why the open files no longer belong to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Loss {
    /// The path of the database leads to no file, or to another one.
    Main,
    /// The path of the write-ahead log or of its index leads to no file, or to another one.
    Log,
    /// Another file was copied over the open one.
    Content,
}

/// The files do not belong to the database, or cannot be checked.
#[derive(Debug)]
pub(in crate::store) struct Untrusted {
    /// `None`: unknown at the moment.
    pub(in crate::store) loss: Option<Loss>,
    pub(in crate::store) why: String,
}

impl WatchedFiles {
    /// Opens a handle on the database, before SQLite opens it.
    pub(in crate::store) fn open(place: &DatabasePath) -> anyhow::Result<File> {
        read_private(&place.real_path).map_err(|error| explain_open_error(error, &place.real_path))
    }

    /// Notes the files that SQLite has opened.
    pub(in crate::store) fn of(place: &DatabasePath, handle: File) -> anyhow::Result<WatchedFiles> {
        let found = handle.metadata()?;
        let stamp = Stamp::of(&found);
        let logs = ["-wal", "-shm"].map(|suffix| with_suffix(&place.real_path, suffix));
        let logs = logs.into_iter().filter_map(|path| {
            let id = FileId::of(&path.symlink_metadata().ok()?);
            Some((path, id))
        });
        Ok(WatchedFiles {
            named: std::path::absolute(&place.named)?,
            real_path: place.real_path.clone(),
            main: FileId::of(&found),
            stamps: Mutex::new(Stamps { moved: stamp, seen: stamp }),
            logs: logs.collect(),
            handle,
        })
    }

    /// The path without links.
    pub(in crate::store) fn real_path(&self) -> &Path {
        &self.real_path
    }

    /// Checks that the paths still lead to the open files, with three `stat` calls.
    pub(in crate::store) fn check(&self) -> Result<(), Untrusted> {
        let found = at(&self.named, self.main, Loss::Main, Path::metadata)?;
        for (path, id) in &self.logs {
            at(path, *id, Loss::Log, Path::symlink_metadata)?;
        }
        let stamp = Stamp::of(&found);
        let mut stamps = locked(&self.stamps);
        if stamp != stamps.moved && stamp != stamps.seen {
            // Another program may have run a checkpoint. Without a write-ahead log in its header, the file was copied
            // here.
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

    /// Notes that this process has run a checkpoint.
    pub(in crate::store) fn note_checkpoint(&self) {
        if let Ok(found) = self.handle.metadata() {
            locked(&self.stamps).moved = Stamp::of(&found);
        }
    }

    /// True if a checkpoint of the log is still safe after its path was lost: there is no other log, and only this
    /// process has written to the main file.
    pub(in crate::store) fn has_lost_log_alone(&self) -> bool {
        let is_as_moved = self.handle.metadata().is_ok_and(|found| Stamp::of(&found) == locked(&self.stamps).moved);
        let no_other = self.logs.iter().all(|(path, id)| match path.symlink_metadata() {
            Ok(found) => FileId::of(&found) == *id,
            Err(error) => error.kind() == ErrorKind::NotFound,
        });
        is_as_moved && no_other
    }
}

/// The metadata of the file at that path, if it is still the same file.
fn at(
    path: &Path,
    id: FileId,
    loss: Loss,
    look: impl FnOnce(&Path) -> std::io::Result<Metadata>,
) -> Result<Metadata, Untrusted> {
    let name = path.display();
    match look(path) {
        Ok(found) if FileId::of(&found) == id => Ok(found),
        Ok(_) => Err(Untrusted { loss: Some(loss), why: format!("another file is in the place of {name}") }),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Err(Untrusted { loss: Some(loss), why: format!("{name} is gone") })
        }
        Err(error) => Err(Untrusted { loss: None, why: format!("{name} cannot be checked: {error}") }),
    }
}
