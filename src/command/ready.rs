//! Tells the program that has started the server where it listens: one line of JSON, in a file or on a descriptor that
//! the program has handed over.

use crate::config::Serve;
use crate::json::{Json, to_string};
use anyhow::{Context as _, bail};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// The longest file that is looked into for a line of an earlier server.
const LINE_BYTES_MAX: u64 = 64 * 1024;

/// The line: `{"url":"http://127.0.0.1:40123","address":"127.0.0.1:40123",…}`.
#[derive(Serialize)]
struct Line<'l> {
    /// Of the first place where it listens.
    url: &'l str,
    address: &'l str,
    /// All of them.
    listeners: &'l [Listening],
    /// Where `/metrics` is, with `--metrics-listen`.
    metrics: Option<&'l str>,
    pid: u32,
    version: &'static str,
}

/// A place where the server listens.
#[derive(Serialize)]
pub(super) struct Listening {
    pub(super) url: String,
    pub(super) address: String,
}

/// Where the line goes. The file goes with this.
pub(super) struct Ready {
    file: Option<PathBuf>,
    /// Whether the file is this process's.
    written: bool,
    descriptor: Option<File>,
}

impl Ready {
    /// Takes the descriptor, and removes the line that an earlier server has left in the file. Comes before anything else
    /// is opened, so that a descriptor of that number is one that the process was started with.
    ///
    /// # Errors
    /// When the descriptor cannot be written to, and when the file is something else than such a line.
    pub(super) fn prepare(serve: &Serve) -> anyhow::Result<Ready> {
        let descriptor = serve.ready_fd.map(take).transpose()?;
        if let Some(file) = &serve.ready_file {
            make_way(file).with_context(|| format!("--ready-file {}", file.display()))?;
        }
        Ok(Ready { file: serve.ready_file.clone(), written: false, descriptor })
    }

    /// Tells that the server listens at these places, and closes the descriptor.
    ///
    /// # Errors
    /// When the line cannot be written.
    pub(super) fn tell(&mut self, listeners: &[Listening], metrics: Option<&str>) -> anyhow::Result<()> {
        let Some(Listening { url, address }) = listeners.first() else { return Ok(()) };
        let (pid, version) = (std::process::id(), env!("CARGO_PKG_VERSION"));
        let line = to_string(&Line { url, address, listeners, metrics, pid, version }) + "\n";
        if let Some(file) = &self.file {
            write_whole(file, &line).with_context(|| format!("write --ready-file {}", file.display()))?;
            self.written = true;
        }
        if let Some(mut descriptor) = self.descriptor.take() {
            // A program that does not read it any more has no use for it.
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

/// A descriptor of this process that can be written to. The number itself is closed, unless it is standard output or
/// standard error, so that the reader sees the end when this is closed.
fn take(number: i32) -> anyhow::Result<File> {
    let name = || format!("--ready-fd {number}: the process was started without a descriptor {number} to write to");
    let path = format!("/proc/self/fd/{number}");
    // Appending, because a file may hold something already.
    let mut options = OpenOptions::new();
    options.append(true).custom_flags(OFlags::NOCTTY.bits().cast_signed());
    let taken = match options.open(&path) {
        // A socket has no path.
        Err(error) if error.raw_os_error() == Some(Errno::NXIO.raw_os_error()) => {
            let itself = pidfd_open(getpid(), PidfdFlags::empty()).with_context(name)?;
            let socket = pidfd_getfd(&itself, number, PidfdGetfdFlags::empty());
            File::from(socket.context("--ready-fd: the system hands over no socket: use a pipe, or --ready-file")?)
        }
        opened => opened.with_context(name)?,
    };
    if number > 2 {
        nix::unistd::close(number).with_context(name)?;
    }
    Ok(taken)
}

/// Removes the line of a server that was ended by force: the program must not take it for the new one's.
fn make_way(file: &Path) -> anyhow::Result<()> {
    match file.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
        Ok(found) if found.is_file() && (found.len() == 0 || process_of(file).is_some()) => {
            Ok(std::fs::remove_file(file)?)
        }
        Ok(_) => bail!("there is something else of that name: remove it, or name another file"),
    }
}

/// The process that has written such a line.
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

/// Writes the file beside its place and renames it, so that a reader finds all of it or nothing.
fn write_whole(file: &Path, line: &str) -> anyhow::Result<()> {
    let mut draft = file.as_os_str().to_owned();
    draft.push(format!(".{}", std::process::id()));
    let draft = PathBuf::from(draft);
    let write = || -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        let mut out = options.create_new(true).write(true).mode(0o644).open(&draft)?;
        // Nothing in it is secret, and the program may run as another user.
        out.set_permissions(std::fs::Permissions::from_mode(0o644))?;
        out.write_all(line.as_bytes())?;
        std::fs::rename(&draft, file)
    };
    write().inspect_err(|_| {
        let _ = std::fs::remove_file(&draft);
    })?;
    Ok(())
}
