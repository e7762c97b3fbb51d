//! The open files of a database, and whether their names still lead to them.

use super::file_checks::{FORMAT, read_private};
use crate::files::{DatabasePath, FileId, explain_open_error, with_suffix};
use crate::sync::locked;
use std::fs::{File, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

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
pub(in crate::store) struct WatchedFiles {
    named: PathBuf,
    real_path: PathBuf,
    /// Opened before SQLite has opened the file, and closed after it has closed it: the locks would go with this handle.
    handle: File,
    main: FileId,
    stamps: Mutex<Stamps>,
    logs: Vec<(PathBuf, FileId)>,
}

/// Why the open files are not those of the database any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Loss {
    /// The name of the database leads to no file, or to another one.
    Main,
    /// The same of the log or its index.
    Log,
    /// Another file was copied into the open one.
    Content,
}

/// The files cannot be trusted, or cannot be looked at.
#[derive(Debug)]
pub(in crate::store) struct Untrusted {
    /// `None`: not known at the moment.
    pub(in crate::store) loss: Option<Loss>,
    pub(in crate::store) why: String,
}

impl WatchedFiles {
    /// A handle on the database, before SQLite opens it.
    pub(in crate::store) fn open(place: &DatabasePath) -> anyhow::Result<File> {
        read_private(&place.real_path).map_err(|error| explain_open_error(error, &place.real_path))
    }

    /// The files that SQLite has opened.
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

    /// Looks whether the names still lead to the open files: three calls that ask for the state of a file.
    pub(in crate::store) fn look(&self) -> Result<(), Untrusted> {
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
    pub(in crate::store) fn note_checkpoint(&self) {
        if let Ok(found) = self.handle.metadata() {
            locked(&self.stamps).moved = Stamp::of(&found);
        }
    }

    /// Whether the log, which has lost its name, can still be moved: there is no other one, and only this process has
    /// written to the main file.
    pub(in crate::store) fn has_lost_log_alone(&self) -> bool {
        let is_as_moved = self.handle.metadata().is_ok_and(|found| Stamp::of(&found) == locked(&self.stamps).moved);
        let no_other = self.logs.iter().all(|(path, id)| match path.symlink_metadata() {
            Ok(found) => FileId::of(&found) == *id,
            Err(error) => error.kind() == ErrorKind::NotFound,
        });
        is_as_moved && no_other
    }
}

/// The state of the file of that name, if it is still that one.
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
        Err(error) => Err(Untrusted { loss: None, why: format!("{name} cannot be looked at: {error}") }),
    }
}
