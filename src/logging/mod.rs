//! Where log lines go: to standard error, by a thread of its own, so that no request waits for whoever reads them.

mod lines;
mod request;

use lines::{HEAPS, Lines};
pub(crate) use request::{begin_request, end_request, with_request_id};
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

/// Starts logging at that level. Later calls change nothing.
pub fn start(level: log::LevelFilter) {
    let lines = LINES.get_or_init(Lines::start);
    let pipe = env_logger::Target::Pipe(Box::new(Handle(Arc::clone(lines))));
    let started = own_lines(level)
        // The logger's own format looks for line breaks in every line; no line of ours has one.
        .format(|out, record| {
            write!(out, "[{} {:<5}] {}", out.timestamp_seconds(), record.level(), record.args())?;
            with_request_id(|id| if id.is_empty() { Ok(()) } else { write!(out, " (request {id})") })?;
            writeln!(out)
        })
        .target(pipe)
        .try_init();
    if started.is_ok() {
        log_panics();
    }
}

/// A panic is a line like any other, and leads to the request that it has ended.
fn log_panics() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !log::log_enabled!(log::Level::Error) {
            return default(panic);
        }
        let what = panic.payload_as_str().unwrap_or("no text").escape_debug();
        match panic.location() {
            Some(place) => log::error!("a thread panicked at {place}: {what}"),
            None => log::error!("a thread panicked: {what}"),
        }
        // It may be the end of the process.
        flush();
    }));
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

/// What the log says of a request.
pub(crate) struct RequestLine<'l> {
    /// As sent; `-` where that is not known.
    pub(crate) method: &'l str,
    pub(crate) path: &'l str,
    pub(crate) status: u16,
    /// Empty for none.
    pub(crate) dialect: &'static str,
    pub(crate) caller: Option<&'l str>,
    pub(crate) took: Duration,
}

/// What writes the lines of requests: like `log::info!`, past what all threads share there.
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

    /// Logs the line of this thread's request; `now` is its time.
    pub(crate) fn request(&mut self, now: SystemTime, request: &RequestLine<'_>) {
        if !log::log_enabled!(log::Level::Info) {
            return;
        }
        self.line.clear();
        let Some(lines) = LINES.get() else {
            text(&mut self.line, request);
            return log::info!("{}", String::from_utf8_lossy(&self.line));
        };
        let second = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
        if second != self.second || self.timestamp.is_empty() {
            self.second = second;
            let timestamp = jiff::Timestamp::from_second(i64::try_from(second).unwrap_or(0)).unwrap_or_default();
            self.timestamp = format!("[{timestamp} INFO ] ");
        }
        self.line.extend_from_slice(self.timestamp.as_bytes());
        text(&mut self.line, request);
        with_request_id(|id| {
            self.line.push(b' ');
            self.line.extend_from_slice(id.as_bytes());
        });
        self.line.push(b'\n');
        lines.push(self.heap, &self.line);
        self.line.shrink_to(LINE_BYTES_KEPT);
    }
}

/// Writes what is said of a request as text, without its identifier.
fn text(line: &mut Vec<u8>, request: &RequestLine<'_>) {
    line.extend_from_slice(request.method.as_bytes());
    line.push(b' ');
    // What was refused may hold anything but line breaks.
    if is_plain(request.path) {
        line.extend_from_slice(request.path.as_bytes());
    } else {
        let _ = write!(line, "{}", request.path.escape_debug());
    }
    let dialect = if request.dialect.is_empty() { "-" } else { request.dialect };
    let _ = write!(line, " {} {dialect} ", request.status);
    match request.caller.unwrap_or("-") {
        plain if is_plain(plain) => line.extend_from_slice(plain.as_bytes()),
        // Quoted, so that no name can look like other parts of the line.
        odd => drop(write!(line, "{odd:?}")),
    }
    let microseconds = request.took.as_micros();
    let _ = write!(line, " {}.{:02} ms", microseconds / 1000, microseconds % 1000 / 10);
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
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
