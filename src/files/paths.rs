//! Paths: folders, links, suffixes, and options for opening files.

use anyhow::Context as _;
use rustix::fs::OFlags;
use rustix::io::Errno;
use std::fs::{File, FileType, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The folder that the file is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// The path without links, of an existing or new file.
pub(crate) fn real_path(path: &Path) -> io::Result<PathBuf> {
    match path.canonicalize() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let name = path.file_name().ok_or(error)?;
            Ok(folder_of(path).canonicalize()?.join(name))
        }
        other => other,
    }
}

pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// An unused name in the folder of that file.
pub(crate) fn unused_name(path: &Path, word: &str) -> PathBuf {
    let free = |name: &PathBuf| name.symlink_metadata().is_err();
    let names = (1..).map(|number| match number {
        1 => with_suffix(path, &format!(".{word}")),
        number => with_suffix(path, &format!(".{word}-{number}")),
    });
    names.into_iter().find(free).unwrap_or_else(|| path.to_owned())
}

/// Sets options for opening a file: links are not followed, and pipes are not waited for.
pub(crate) fn without_following(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
}

/// Syncs the folder of a file, where its file system can do that, so that its names survive a power failure.
pub(crate) fn sync_folder_of(path: &Path) -> anyhow::Result<()> {
    let folder = folder_of(path);
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        // The process may write in the folder and not read it.
        Err(error) if error.kind() == ErrorKind::PermissionDenied || is_unsupported(&error) => Ok(()),
        other => other.with_context(|| format!("sync {}", folder.display())),
    }
}

pub(super) fn is_unsupported(error: &io::Error) -> bool {
    let code = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(code, Some(Errno::INVAL | Errno::NOTSUP | Errno::NOSYS | Errno::ROFS))
}

/// The kind of a file that is not regular, for messages.
pub(crate) fn kind(found: FileType) -> &'static str {
    if found.is_dir() {
        "a folder"
    } else if found.is_symlink() {
        "a link"
    } else if found.is_fifo() {
        "a named pipe"
    } else if found.is_socket() {
        "a socket"
    } else if found.is_block_device() || found.is_char_device() {
        "a device"
    } else {
        "no regular file"
    }
}
