//! The output of a command: a stream, or a file that gets its name when it is complete.

use super::paths::{folder_of, is_unsupported, sync_folder_of};
use super::temp_file::{TempFile, remove_stale_temp_files};
use anyhow::{Context as _, bail};
use rustix::fs::{Access, AtFlags, CWD, OFlags, accessat};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd as _;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Component, Path, PathBuf};

/// Number of links that are followed. The kernel follows as many.
const LINKS_MAX: usize = 40;

/// The destination of an output.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// Standard output: `-`, or a name of it.
    Stdout,
    /// A file that is not regular.
    Stream(PathBuf),
    /// A regular file at that path without links. `replace`: it may exist.
    File { place: PathBuf, replace: bool },
}

impl Destination {
    /// Finds the destination of a path. Links are followed, also to a file that does not exist yet. `force` allows to
    /// replace a file, and to write to a block device.
    ///
    /// # Errors
    /// When the destination cannot be written, and when there is a file that must not be replaced.
    pub(crate) fn find(path: &Path, force: bool) -> anyhow::Result<Destination> {
        if is_dash(path) {
            return Ok(Destination::Stdout);
        }
        let name = path.display();
        let (place, found) = resolve(path).with_context(|| format!("look for {name}"))?;
        match descriptor(&place) {
            Some(1) => return Ok(Destination::Stdout),
            Some(_) => return Ok(Destination::Stream(place)),
            None => {}
        }
        let Some(kind) = found.map(|meta| meta.file_type()) else {
            return Ok(Destination::File { place, replace: force });
        };
        if kind.is_dir() {
            bail!("{name} is a folder");
        }
        if kind.is_socket() {
            bail!("{name} is a socket");
        }
        if !force && kind.is_file() {
            bail!("{name} is there already (--force overwrites it)");
        }
        if !force && kind.is_block_device() {
            bail!("{name} is a block device (--force writes to it)");
        }
        if !kind.is_file() {
            return Ok(Destination::Stream(place));
        }
        // A file that a shell could not overwrite is not replaced either.
        match accessat(CWD, &place, Access::WRITE_OK, AtFlags::EACCESS) {
            Err(error @ (Errno::ACCESS | Errno::PERM | Errno::ROFS)) => {
                Err(io::Error::from(error)).with_context(|| format!("overwrite {name}"))
            }
            _ => Ok(Destination::File { place, replace: true }),
        }
    }

    /// Opens the destination. A named pipe waits for a reader.
    ///
    /// # Errors
    /// When it cannot be opened, or no file can be created in its folder.
    pub(crate) fn open(self) -> anyhow::Result<Output> {
        Ok(match self {
            Destination::Stdout => Output::Stream(stdout()?),
            Destination::Stream(path) => {
                Output::Stream(open_stream(&path).with_context(|| format!("open {}", path.display()))?)
            }
            Destination::File { place, replace } => {
                remove_stale_temp_files(&place);
                let (temp_file, file) = TempFile::open_in_folder_of(&place)?;
                Output::File { file, temp_file, place, replace }
            }
        })
    }
}

/// An open destination.
#[derive(Debug)]
pub(crate) enum Output {
    /// Each write reaches it at once.
    Stream(File),
    /// A file with a temporary name until it is complete.
    File { file: File, temp_file: TempFile, place: PathBuf, replace: bool },
}

impl Output {
    /// Completes the output: its content is on disk, and a file gets its name. Without this call, the file is removed.
    ///
    /// # Errors
    /// When it cannot be written. An older file of the name stays.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        match self {
            Output::Stream(file) => match file.sync_all() {
                // Pipes and most devices have nothing to move to a disk.
                Err(error) if !is_unsupported(&error) => Err(error).context("sync"),
                _ => Ok(()),
            },
            Output::File { file, temp_file, place, replace } => {
                file.sync_all().context("sync")?;
                drop(file);
                complete(temp_file, &place, replace)
            }
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (Output::Stream(file) | Output::File { file, .. }) = self;
        file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Gives a temporary file, whose content is on disk, its name, and syncs the name too.
///
/// # Errors
/// When that fails, and without `replace` when there is a file of the name.
pub(crate) fn complete(temp_file: TempFile, place: &Path, replace: bool) -> anyhow::Result<()> {
    let name = place.display();
    match temp_file.rename_to(place, replace) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("{name} is there already (--force overwrites it)")
        }
        other => other.with_context(|| format!("rename the file that was written to {name}"))?,
    }
    sync_folder_of(place)
}

/// True if a path leads to an open descriptor of a process: `/dev/stdin`, `/dev/fd/3`.
pub(crate) fn is_descriptor(path: &Path) -> bool {
    resolve(path).is_ok_and(|(place, _)| descriptor(&place).is_some())
}

/// True if a path stands for standard input or output.
pub(crate) fn is_dash(path: &Path) -> bool {
    path == Path::new("-")
}

/// Follows the links of a path, to a file that may not exist, or to a descriptor.
fn resolve(path: &Path) -> io::Result<(PathBuf, Option<Metadata>)> {
    // The kernel checks links: it refuses those of other users in a folder that all users may write to.
    let is_folder = path.as_os_str().as_encoded_bytes().ends_with(b"/");
    let found = match path.metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound && !is_folder => None,
        found => Some(found?),
    };
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        let Some(name) = path.file_name() else { return Ok((path, found)) };
        let folder = folder_of(&path).canonicalize()?;
        let place = folder.join(name);
        if descriptor(&place).is_some() || !place.symlink_metadata().is_ok_and(|meta| meta.is_symlink()) {
            return Ok((place, found));
        }
        path = folder.join(place.read_link()?);
    }
    Err(Errno::LOOP.into())
}

/// The number of an open descriptor, from its path in `/proc`. A descriptor of another process gets a number that no
/// descriptor of this process has.
fn descriptor(place: &Path) -> Option<u32> {
    let parts: Vec<&OsStr> =
        place.components().filter(|part| *part != Component::RootDir).map(Component::as_os_str).collect();
    let [proc, process, middle @ .., fd, number] = parts.as_slice() else { return None };
    let is_of_thread = matches!(middle, [task, _] if *task == "task");
    if *proc != "proc" || *fd != "fd" || !(middle.is_empty() || is_of_thread) {
        return None;
    }
    let number = number.to_str()?.parse().ok()?;
    let is_own = process.to_str()?.parse() == Ok(std::process::id());
    Some(if is_own { number } else { u32::MAX })
}

fn stdout() -> anyhow::Result<File> {
    let descriptor = io::stdout().as_fd().try_clone_to_owned().context("open standard output")?;
    Ok(descriptor.into())
}

/// Opens a file that is not regular. A descriptor may lead to a regular file, to which the output is appended, so that
/// nothing is lost.
fn open_stream(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).custom_flags(OFlags::NOCTTY.bits().cast_signed());
    match descriptor(path) {
        Some(2) => Ok(io::stderr().as_fd().try_clone_to_owned()?.into()),
        Some(_) => options.append(true).open(path),
        None => options.open(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_descriptors_are_known() {
        let own = std::process::id();
        for (path, number) in [
            (format!("/proc/{own}/fd/1"), Some(1)),
            (format!("/proc/{own}/task/7/fd/12"), Some(12)),
            ("/proc/0/fd/1".to_owned(), Some(u32::MAX)),
            (format!("/proc/{own}/fd"), None),
            (format!("/proc/{own}/fd/x"), None),
            (format!("/proc/{own}/other/7/fd/1"), None),
            (format!("/srv/proc/{own}/fd/1"), None),
            ("/dev/null".to_owned(), None),
            ("/".to_owned(), None),
        ] {
            assert_eq!(descriptor(Path::new(&path)), number, "{path}");
        }
    }

    #[test]
    fn a_path_leads_to_a_stream_a_file_or_nowhere() {
        let folder = std::env::temp_dir().join(format!("rollbook-output-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let folder = folder.canonicalize().unwrap();
        let at = |name: &str| folder.join(name);
        std::fs::write(at("file"), "x").unwrap();
        for (target, link) in
            [("file", "link"), ("new", "dangling"), ("/dev/null", "device"), ("loop", "loop"), ("gone/x", "far")]
        {
            std::os::unix::fs::symlink(target, at(link)).unwrap();
        }
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        let file = |name: &str, replace| Ok(Destination::File { place: at(name), replace });
        let refused = |text: &str| Err(text.to_owned());
        let rows = [
            (at("file"), false, refused("is there already (--force overwrites it)")),
            (at("link"), false, refused("is there already (--force overwrites it)")),
            (at("file"), true, file("file", true)),
            (at("link"), true, file("file", true)),
            (at("new"), false, file("new", false)),
            (at("dangling"), false, file("new", false)),
            (at("far"), true, refused("No such file")),
            (at("gone/x"), true, refused("No such file")),
            (at("loop"), true, refused("symbolic links")),
            (folder.clone(), true, refused("is a folder")),
            ("/".into(), true, refused("is a folder")),
            (at("new/"), true, refused("No such file")),
            (at("socket"), true, refused("is a socket")),
            (at("device"), false, Ok(Destination::Stream("/dev/null".into()))),
            ("-".into(), false, Ok(Destination::Stdout)),
            ("/dev/stdout".into(), false, Ok(Destination::Stdout)),
            ("/dev/fd/1".into(), false, Ok(Destination::Stdout)),
        ];
        for (path, force, expected) in rows {
            let found = Destination::find(&path, force).map_err(|error| format!("{error:#}"));
            match (&found, &expected) {
                (Err(said), Err(part)) => assert!(said.contains(part), "{path:?}: {said}"),
                _ => assert_eq!(found, expected, "{path:?} {force}"),
            }
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
