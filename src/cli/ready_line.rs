//! `--ready-file` and `--ready-fd`: tell the parent process the addresses of the server, as one line of JSON in a file
//! or on an inherited file descriptor.

use super::usage_error::UsageError;
use crate::files::database_path::belongs_to_database;
use crate::json::{Json, to_string};
use crate::settings::ServerArgs;
use anyhow::{Context as _, anyhow, bail};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Maximum length of a file that is read as a line of an earlier server.
const LINE_BYTES_MAX: u64 = 64 * 1024;
const SOMETHING_ELSE: &str = "it exists and has other content; remove it, or name another file";

/// The line: `{"url":"http://127.0.0.1:40123","address":"127.0.0.1:40123",…}`.
#[derive(Serialize)]
struct Line<'l> {
    /// The URL of the first client address.
    url: &'l str,
    address: &'l str,
    /// All client addresses.
    listeners: &'l [Listening],
    /// The URL of `/metrics`, with `--metrics-listen`.
    metrics: Option<&'l str>,
    pid: u32,
    version: &'static str,
}

/// An address of the server.
#[derive(Serialize)]
pub(super) struct Listening {
    pub(super) url: String,
    pub(super) address: String,
}

/// The targets of the line. Dropping it removes the file.
pub(super) struct Ready {
    file: Option<PathBuf>,
    /// True if this process has written the file.
    written: bool,
    descriptor: Option<File>,
}

impl Ready {
    /// Takes the descriptor, and removes the file of an earlier server. Call it before any other file is opened, so
    /// that the number can only be an inherited descriptor.
    ///
    /// # Errors
    /// The descriptor cannot be written to, or the file has other content.
    pub(super) fn prepare(serve: &ServerArgs) -> anyhow::Result<Ready> {
        let descriptor = serve.ready_fd.map(take).transpose()?.flatten();
        if let Some(file) = &serve.ready_file {
            if belongs_to_database(&serve.database.db, file) {
                let file = file.display();
                return Err(UsageError(anyhow!("--ready-file: {file} is the database file or belongs to it")).into());
            }
            make_way(file).with_context(|| format!("--ready-file {}", file.display()))?;
        }
        Ok(Ready { file: serve.ready_file.clone(), written: false, descriptor })
    }

    /// Writes the line, and closes the descriptor.
    ///
    /// # Errors
    /// The line cannot be written.
    pub(super) fn tell(&mut self, listeners: &[Listening], metrics: Option<&str>) -> anyhow::Result<()> {
        let Some(Listening { url, address }) = listeners.first() else { return Ok(()) };
        let (pid, version) = (std::process::id(), env!("CARGO_PKG_VERSION"));
        let line = to_string(&Line { url, address, listeners, metrics, pid, version }) + "\n";
        if let Some(file) = &self.file {
            write_whole(file, &line).with_context(|| format!("write --ready-file {}", file.display()))?;
            self.written = true;
        }
        if let Some(mut descriptor) = self.descriptor.take() {
            // A parent that has closed the pipe does not need the line.
            if let Err(error) = descriptor.write_all(line.as_bytes())
                && error.kind() != ErrorKind::BrokenPipe
            {
                return Err(error).context("write to --ready-fd");
            }
        }
        Ok(())
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        if let Some(file) = self.file.as_deref().filter(|_| self.written)
            && process_of(file) == Some(std::process::id())
        {
            let _ = std::fs::remove_file(file);
        }
    }
}

/// Duplicates an inherited descriptor; `None` if its pipe has no reader. Closes the number itself, unless it is
/// standard output or standard error, so that the reader sees the end when the duplicate is closed.
fn take(number: i32) -> anyhow::Result<Option<File>> {
    let name = || format!("--ready-fd {number}: the process has not inherited a descriptor {number}");
    // Opens nothing, because a new descriptor could get this number. The mode of the link shows whether it is writable.
    let client = path_of(number).symlink_metadata().with_context(name)?;
    if client.permissions().mode() & 0o200 == 0 {
        bail!("--ready-fd {number}: the descriptor {number} is read-only");
    }
    let itself = pidfd_open(getpid(), PidfdFlags::empty()).with_context(name)?;
    let taken = match pidfd_getfd(&itself, number, PidfdGetfdFlags::empty()) {
        Ok(taken) => Some(File::from(taken)),
        // Containers forbid this call.
        Err(_) => reopen(number).with_context(|| {
            format!(
                "--ready-fd {number}: the system cannot duplicate this kind of descriptor; use a pipe or \
            --ready-file"
            )
        })?,
    };
    if number > 2 {
        nix::unistd::close(number).with_context(name)?;
    }
    Ok(taken)
}

/// Opens the pipe, file or device of the descriptor again. Fails for a socket.
fn reopen(number: i32) -> anyhow::Result<Option<File>> {
    let path = path_of(number);
    // Append, because a file can have content. Nonblocking, because opening a named pipe without a reader would block
    // forever.
    let flags = OFlags::NOCTTY | OFlags::NONBLOCK;
    match OpenOptions::new().append(true).custom_flags(flags.bits().cast_signed()).open(&path) {
        Ok(file) => {
            fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
            Ok(Some(file))
        }
        Err(error) if error.raw_os_error() == Some(Errno::NXIO.raw_os_error()) && is_pipe(&path) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn path_of(number: i32) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{number}"))
}

fn is_pipe(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.file_type().is_fifo())
}

/// Removes the line of a server that was killed, so that the parent does not read it as the line of the new server.
fn make_way(file: &Path) -> anyhow::Result<()> {
    match file.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
        Ok(found) if found.is_file() && (found.len() == 0 || process_of(file).is_some()) => {
            Ok(std::fs::remove_file(file)?)
        }
        Ok(_) => bail!(SOMETHING_ELSE),
    }
}

/// The process number in the line, if the file has such a line.
fn process_of(file: &Path) -> Option<u32> {
    if file.symlink_metadata().ok()?.len() > LINE_BYTES_MAX {
        return None;
    }
    let line = Json::parse_stored(&std::fs::read(file).ok()?).ok()?;
    line.get("version")?.as_str()?;
    match line.get("pid")? {
        Json::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

/// Writes a temporary file and renames it, so that a reader finds the whole line or no file.
fn write_whole(file: &Path, line: &str) -> anyhow::Result<()> {
    // The server may have created the file since `prepare`, as its log or secrets file.
    match file.symlink_metadata() {
        Ok(found) if !found.is_file() || process_of(file).is_none() => bail!(SOMETHING_ELSE),
        _ => {}
    }
    let mut draft = file.as_os_str().to_owned();
    draft.push(format!(".{}", std::process::id()));
    let draft = PathBuf::from(draft);
    let write = || -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        let mut out = options.create_new(true).write(true).mode(0o644).open(&draft)?;
        // The line has no secrets, and the parent may run as another user.
        out.set_permissions(std::fs::Permissions::from_mode(0o644))?;
        out.write_all(line.as_bytes())?;
        std::fs::rename(&draft, file)
    };
    write().inspect_err(|_| {
        let _ = std::fs::remove_file(&draft);
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    use std::io::Read as _;
    use std::os::fd::AsRawFd as _;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_descriptor_that_the_system_does_not_hand_over_is_opened_once_more() {
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        let mut again = reopen(writer.as_raw_fd()).expect("the pipe").expect("it has a reader");
        assert!(!fcntl_getfl(&again).expect("its flags").contains(OFlags::NONBLOCK));
        again.write_all(b"line\n").expect("the pipe takes it");
        drop((again, writer));
        let mut text = String::new();
        reader.read_to_string(&mut text).expect("all of it");
        assert_eq!(text, "line\n");

        // Only one with a name is waited for.
        let name = std::env::temp_dir().join(format!("rollbook-ready-{}", std::process::id()));
        mknodat(CWD, &name, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe with a name");
        let both = File::options().read(true).write(true).open(&name).expect("both ends");
        let writer = File::options().write(true).open(&name).expect("one end");
        drop(both);
        std::fs::remove_file(&name).expect("the name goes");
        assert!(reopen(writer.as_raw_fd()).expect("no failure").is_none(), "it is not waited for");

        let (socket, _other) = UnixStream::pair().expect("sockets");
        assert!(reopen(socket.as_raw_fd()).is_err());
    }
}
