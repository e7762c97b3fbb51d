//! The log file: opened for appending, and opened again after a rotation.

use super::format::LineStyle;
use anyhow::{Context as _, bail};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Mode of a new file before the umask: only the owner and the group may read paths and names.
const MODE: u32 = 0o640;
/// Bytes of one write.
const WRITE_BYTES: usize = 4096;

/// A log file.
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    style: LineStyle,
    /// True if the last line in the file is incomplete because its write failed.
    is_cut: bool,
    /// Lines lost since the last successful write, and the reason.
    lost_lines: u64,
    reason: String,
}

impl LogFile {
    /// Opens or creates the file. `style` is for lines about the file itself.
    ///
    /// # Errors
    /// When it cannot be opened, and when it is not a file, a terminal or a pipe.
    pub(super) fn open(path: &Path, style: LineStyle) -> anyhow::Result<LogFile> {
        // An absolute path, so that a later change of the working directory does not matter.
        let path = std::path::absolute(path).with_context(|| format!("find the log file {}", path.display()))?;
        let file = open(&path)?;
        let is_cut = is_cut_off(&path);
        Ok(LogFile { path, file, style, is_cut, lost_lines: 0, reason: String::new() })
    }

    /// Opens the file again. If that fails, lines still go to the old file, with a warning there.
    pub(super) fn reopen(&mut self) {
        let name = self.path.display();
        let (level, message) = match open(&self.path) {
            Ok(file) => {
                (self.file, self.is_cut) = (file, is_cut_off(&self.path));
                (log::Level::Info, format!("log file {name} reopened"))
            }
            Err(error) => {
                let message = format!("{error:#}; the old log file stays in use");
                report(&message);
                (log::Level::Warn, message)
            }
        };
        let mut line = Vec::new();
        let _ = self.style.message(&mut line, SystemTime::now(), level, &message, "");
        self.write(&line, || {});
    }

    /// Writes complete lines, and calls `on_progress` after each write. Lines that cannot be written are lost and
    /// counted.
    pub(super) fn write(&mut self, lines: &[u8], mut on_progress: impl FnMut()) {
        if lines.is_empty() {
            return;
        }
        let mut prefix = Vec::new();
        if self.is_cut {
            prefix.push(b'\n');
        }
        if self.lost_lines > 0 {
            let message = format!("{} log lines could not be written: {}", self.lost_lines, self.reason);
            let _ = self.style.message(&mut prefix, SystemTime::now(), log::Level::Warn, &message, "");
        }
        if let Err((_, error)) = self.append(&prefix, &mut on_progress) {
            return self.lose(lines, &error);
        }
        self.lost_lines = 0;
        if let Err((written, error)) = self.append(lines, &mut on_progress) {
            self.lose(&lines[written..], &error);
        }
    }

    /// Appends bytes to the file. An error comes with the number of bytes that were written.
    fn append(&mut self, bytes: &[u8], on_progress: &mut impl FnMut()) -> Result<(), (usize, std::io::Error)> {
        let mut written = 0;
        while written < bytes.len() {
            let end = bytes.len().min(written + WRITE_BYTES);
            match self.file.write(&bytes[written..end]) {
                Ok(0) => return Err((written, ErrorKind::WriteZero.into())),
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err((written, error)),
            }
            self.is_cut = bytes[written - 1] != b'\n';
            on_progress();
        }
        Ok(())
    }

    fn lose(&mut self, rest: &[u8], error: &std::io::Error) {
        let reason = error.to_string();
        if self.lost_lines == 0 {
            report(&format!(
                "write to the log file {}: {reason}; lines are lost until a write succeeds",
                self.path.display()
            ));
        }
        self.lost_lines += rest.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.reason = reason;
    }
}

fn open(path: &Path) -> anyhow::Result<File> {
    let name = path.display();
    let mut options = OpenOptions::new();
    // For a named pipe without a reader, the open fails instead of blocking.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    options.append(true).create(true).mode(MODE).custom_flags(flags.bits().cast_signed());
    let file = options.open(path).with_context(|| format!("open the log file {name}"))?;
    let kind = file.metadata().with_context(|| format!("open the log file {name}"))?.file_type();
    if !(kind.is_file() || kind.is_char_device() || kind.is_fifo()) {
        bail!("open the log file {name}: it is not a file");
    }
    // Writes may block for a reader, as with standard error.
    let flags = fcntl_getfl(&file).and_then(|flags| fcntl_setfl(&file, flags & !OFlags::NONBLOCK));
    flags.with_context(|| format!("open the log file {name}"))?;
    Ok(file)
}

/// True if the last line of that file is incomplete. False if the file cannot be read.
fn is_cut_off(path: &Path) -> bool {
    let is_file = std::fs::metadata(path).is_ok_and(|found| found.is_file());
    let last = || -> std::io::Result<u8> {
        let (mut file, mut byte) = (File::open(path)?, [0]);
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut byte)?;
        Ok(byte[0])
    };
    is_file && last().is_ok_and(|byte| byte != b'\n')
}

/// Reports a failure on standard error: an operator looks there when the file has no new lines.
fn report(message: &str) {
    let _ = writeln!(std::io::stderr(), "rollbook: {message}");
}
