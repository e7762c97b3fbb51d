//! The log file: opened for appending, and opened again when it has been moved away.

use super::format::Style;
use anyhow::{Context as _, bail};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Bits of a new file's mode, of which the umask can only take some away: paths and names are for the owner and the
/// group.
const MODE: u32 = 0o640;
/// Bytes that are written at a time.
const PIECE: usize = 4096;

/// A log file.
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    style: Style,
    /// The last line in the file has no end: its write has failed halfway.
    is_cut: bool,
    /// Lines that could not be written since the last one that could, and why.
    lost: u64,
    reason: String,
}

impl LogFile {
    /// Opens the file, or makes it; `style` is for the lines that it writes itself.
    ///
    /// # Errors
    /// When it cannot be opened, and when it is neither a file nor a terminal or pipe.
    pub(super) fn open(path: &Path, style: Style) -> anyhow::Result<LogFile> {
        // The same file later, whatever the working folder is then.
        let path = std::path::absolute(path).with_context(|| format!("find the log file {}", path.display()))?;
        let file = open(&path)?;
        let is_cut = is_cut_off(&path);
        Ok(LogFile { path, file, style, is_cut, lost: 0, reason: String::new() })
    }

    /// Opens the file of that name again. When that fails, lines go on to the old one, and one of them says so.
    pub(super) fn reopen(&mut self) {
        let name = self.path.display();
        let (level, what) = match open(&self.path) {
            Ok(file) => {
                (self.file, self.is_cut) = (file, is_cut_off(&self.path));
                (log::Level::Info, format!("the log file {name} was opened again"))
            }
            Err(error) => {
                let what = format!("{error:#}; lines go on to the one that was open");
                complain(&what);
                (log::Level::Warn, what)
            }
        };
        let mut line = Vec::new();
        let _ = self.style.message(&mut line, SystemTime::now(), level, &what, "");
        self.write(&line, || {});
    }

    /// Writes whole lines; `went_on` is called after each piece. Lines that cannot be written are lost, and counted.
    pub(super) fn write(&mut self, lines: &[u8], mut went_on: impl FnMut()) {
        if lines.is_empty() {
            return;
        }
        let mut beginning = Vec::new();
        if self.is_cut {
            beginning.push(b'\n');
        }
        if self.lost > 0 {
            let what = format!("{} lines of the log could not be written: {}", self.lost, self.reason);
            let _ = self.style.message(&mut beginning, SystemTime::now(), log::Level::Warn, &what, "");
        }
        if let Err((_, why)) = self.append(&beginning, &mut went_on) {
            return self.lose(lines, &why);
        }
        self.lost = 0;
        if let Err((written, why)) = self.append(lines, &mut went_on) {
            self.lose(&lines[written..], &why);
        }
    }

    /// Writes bytes to the end of the file; with an error the count of those that were written.
    fn append(&mut self, bytes: &[u8], went_on: &mut impl FnMut()) -> Result<(), (usize, std::io::Error)> {
        let mut written = 0;
        while written < bytes.len() {
            let end = bytes.len().min(written + PIECE);
            match self.file.write(&bytes[written..end]) {
                Ok(0) => return Err((written, ErrorKind::WriteZero.into())),
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err((written, error)),
            }
            self.is_cut = bytes[written - 1] != b'\n';
            went_on();
        }
        Ok(())
    }

    fn lose(&mut self, rest: &[u8], why: &std::io::Error) {
        let why = why.to_string();
        if self.lost == 0 {
            complain(&format!(
                "write to the log file {}: {why}; its lines are lost until that works",
                self.path.display()
            ));
        }
        self.lost += rest.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.reason = why;
    }
}

fn open(path: &Path) -> anyhow::Result<File> {
    let name = path.display();
    let mut options = OpenOptions::new();
    // A named pipe without a reader is an error at once.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    options.append(true).create(true).mode(MODE).custom_flags(flags.bits().cast_signed());
    let file = options.open(path).with_context(|| format!("open the log file {name}"))?;
    let kind = file.metadata().with_context(|| format!("open the log file {name}"))?.file_type();
    if !(kind.is_file() || kind.is_char_device() || kind.is_fifo()) {
        bail!("open the log file {name}: it is no file");
    }
    // The thread that writes may wait for a reader, as with standard error.
    let flags = fcntl_getfl(&file).and_then(|flags| fcntl_setfl(&file, flags & !OFlags::NONBLOCK));
    flags.with_context(|| format!("open the log file {name}"))?;
    Ok(file)
}

/// Whether the last line of that file has no end. What cannot be read counts as if it had.
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

/// Tells on standard error, too, where the administrator may look when the file has no news.
fn complain(what: &str) {
    let _ = writeln!(std::io::stderr(), "rollbook: {what}");
}
