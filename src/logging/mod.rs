//! Where log lines go: to standard error, by a thread of its own, so that no request waits for whoever reads them.

mod lines;

use lines::{HEAPS, Lines};
use std::fmt::Arguments;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

/// Starts logging at that level. Later calls change nothing.
pub fn start(level: log::LevelFilter) {
    let lines = LINES.get_or_init(Lines::start);
    let pipe = env_logger::Target::Pipe(Box::new(Handle(Arc::clone(lines))));
    let _ = own_lines(level)
        // The logger's own format looks for line breaks in every line; no line of ours has one.
        .format(|out, record| writeln!(out, "[{} {:<5}] {}", out.timestamp_seconds(), record.level(), record.args()))
        .target(pipe)
        .try_init();
}

/// Only our own lines, whatever RUST_LOG says for other programs: libraries write out what goes over the wire, with the
/// credentials in it.
fn own_lines(level: log::LevelFilter) -> env_logger::Builder {
    let mut builder = env_logger::Builder::new();
    builder.filter_module(env!("CARGO_PKG_NAME"), level);
    builder
}

/// Waits until everything logged so far is written, but not for a reader who stands still.
pub fn flush() {
    if let Some(lines) = LINES.get() {
        lines.flush();
    }
}

/// What writes the lines of one thread that logs much: like `log::info!`, past what all threads share there.
pub(crate) struct Fast {
    heap: usize,
    second: u64,
    timestamp: String,
    line: Vec<u8>,
}

impl Fast {
    /// For the calling thread.
    pub(crate) fn new() -> Fast {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let heap = NEXT.fetch_add(1, Ordering::Relaxed) % HEAPS;
        Fast { heap, second: 0, timestamp: String::new(), line: Vec::new() }
    }

    /// Logs a line; `now` is its time.
    pub(crate) fn info(&mut self, now: SystemTime, what: Arguments<'_>) {
        if !log::log_enabled!(log::Level::Info) {
            return;
        }
        let Some(lines) = LINES.get() else { return log::info!("{what}") };
        let second = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
        if second != self.second || self.timestamp.is_empty() {
            self.second = second;
            let timestamp = jiff::Timestamp::from_second(i64::try_from(second).unwrap_or(0)).unwrap_or_default();
            self.timestamp = format!("[{timestamp} INFO ] ");
        }
        self.line.clear();
        self.line.extend_from_slice(self.timestamp.as_bytes());
        let _ = writeln!(self.line, "{what}");
        lines.push(self.heap, &self.line);
        self.line.shrink_to(LINE_BYTES_KEPT);
    }
}

/// A buffer for lines that a long one has grown is given back beyond this.
const LINE_BYTES_KEPT: usize = 512;

static LINES: OnceLock<Arc<Lines>> = OnceLock::new();

/// The end that the logger writes to.
struct Handle(Arc<Lines>);

impl Write for Handle {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.push(0, line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::own_lines;
    use log::{Level, LevelFilter, Log as _, Metadata};

    #[test]
    fn only_lines_of_this_program_are_logged() {
        let logger = own_lines(LevelFilter::Trace).build();
        let is_logged = |target| logger.enabled(&Metadata::builder().target(target).level(Level::Trace).build());
        assert!(is_logged("rollbook::server") && is_logged("rollbook"));
        assert!(!is_logged("ureq_proto::util") && !is_logged("rustls::conn"));
    }
}
