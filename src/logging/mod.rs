//! Where log lines go: to standard error or a file, by a thread of its own, so that no request waits for the reader of the log.

mod file;
mod format;
mod journal;
mod request_id;
mod writer;

use crate::metrics::Exposition;
use file::LogFile;
pub use format::Format;
use format::Style;
pub(crate) use request_id::{begin_request, end_request, with_request_id};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use writer::{HEAPS, Lines};

/// Starts logging at that level and in that format, as the systemd journal wants it where standard error leads there.
/// Later calls change nothing.
pub fn start(level: log::LevelFilter, format: Format) {
    let style = Style { format, journal: journal::has_stderr() };
    begin(level, OUTPUT.get_or_init(|| Output { lines: Lines::start(style, None), style, has_file: false }));
}

/// Starts logging to that file in place of standard error. Later calls change nothing.
///
/// # Errors
/// When the file cannot be opened.
pub fn start_to_file(level: log::LevelFilter, format: Format, file: &Path) -> anyhow::Result<()> {
    let style = Style { format, journal: false };
    let file = LogFile::open(file, style)?;
    begin(level, OUTPUT.get_or_init(|| Output { lines: Lines::start(style, Some(file)), style, has_file: true }));
    Ok(())
}

fn begin(level: log::LevelFilter, output: &'static Output) {
    let style = output.style;
    let started = own_lines(level)
        .format(move |out, record| {
            let message = record.args().to_string();
            with_request_id(|id| style.message(out, SystemTime::now(), record.level(), &message, id))
        })
        .target(env_logger::Target::Pipe(Box::new(Handle(Arc::clone(&output.lines)))))
        .try_init();
    if started.is_ok() {
        log_panics();
    }
}

/// Opens the log file again, which may have been moved away. Nothing happens where there is none.
pub fn reopen() {
    if let Some(Output { lines, has_file: true, .. }) = OUTPUT.get() {
        lines.reopen();
    }
}

/// A panic is a line like any other, and leads to the request that it has ended.
fn log_panics() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !log::log_enabled!(log::Level::Error) {
            return default(panic);
        }
        let what = panic.payload_as_str().unwrap_or("no text");
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
    if let Some(output) = OUTPUT.get() {
        output.lines.flush(None);
    }
}

/// Like [`flush`], for that long at most.
pub(crate) fn flush_for(patience: Duration) {
    if let Some(output) = OUTPUT.get() {
        output.lines.flush(Some(Instant::now() + patience));
    }
}

/// Adds the lines that wait to be written to the page.
pub(crate) fn collect_metrics(exposition: &mut Exposition) {
    if let Some(output) = OUTPUT.get() {
        output.lines.held().collect_metrics(exposition, "log_lines");
    }
}

/// Whether what is written to standard error is kept by the systemd journal.
pub fn goes_to_journal() -> bool {
    journal::has_stderr()
}

/// The text that shows the secrets of a new directory, once: for people, or as an object where the log is JSON.
pub fn secrets_text(format: Format, secrets: &[(&str, String)]) -> Vec<u8> {
    match format {
        Format::Text => {
            let lines: String = secrets.iter().map(|(name, secret)| format!("export {name}='{secret}'\n")).collect();
            let text = "This is a new directory. Its first user is Administrator. These secrets are shown only now and \
                        stored\nnowhere in clear; paste the lines into a shell to use them there:";
            format!("\n{text}\n\n{lines}\n").into_bytes()
        }
        Format::Json => format::json_secrets(SystemTime::now(), secrets),
    }
}

/// Says why the program fails: at once, on standard error, whatever the level, and in the format of the log once that
/// has started. Where the log is a file, it has the line too.
pub fn report_fatal(error: &anyhow::Error) {
    let mut line = Vec::new();
    let output = OUTPUT.get();
    let style = output.map(|output| Style { journal: journal::has_stderr(), ..output.style });
    let in_style = |style: Style, line: &mut Vec<u8>| {
        style.message(line, SystemTime::now(), log::Level::Error, &format!("{error:#}"), "")
    };
    let written = match style {
        Some(style) if !style.is_for_people() => in_style(style, &mut line),
        _ => writeln!(line, "rollbook: {error:#}"),
    };
    // Where standard error is closed, the status still tells.
    let _ = written.and_then(|()| std::io::stderr().write_all(&line));
    if let Some(Output { lines, style, has_file: true }) = output {
        let mut line = Vec::new();
        if in_style(*style, &mut line).is_ok() {
            lines.push(0, &line);
            flush();
        }
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
    /// The second of the last line, and what all lines of that second begin with.
    second: Option<u64>,
    beginning: Vec<u8>,
    line: Vec<u8>,
}

impl Fast {
    /// For the calling thread.
    pub(crate) fn new() -> Fast {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let heap = NEXT.fetch_add(1, Ordering::Relaxed) % HEAPS;
        Fast { heap, second: None, beginning: Vec::new(), line: Vec::new() }
    }

    /// Logs the line of this thread's request; `now` is its time.
    pub(crate) fn request(&mut self, now: SystemTime, request: &RequestLine<'_>) {
        if !log::log_enabled!(log::Level::Info) {
            return;
        }
        let Some(Output { lines, style, .. }) = OUTPUT.get() else {
            // Somebody else's logger.
            let mut line = Vec::new();
            format::text(&mut line, request);
            return log::info!("{}", String::from_utf8_lossy(&line));
        };
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        if self.second != Some(since.as_secs()) {
            self.second = Some(since.as_secs());
            self.beginning.clear();
            style.begin_requests_of(&mut self.beginning, now);
        }
        self.line.clear();
        self.line.extend_from_slice(&self.beginning);
        with_request_id(|id| style.finish_request(&mut self.line, since.subsec_millis(), request, id));
        lines.push(self.heap, &self.line);
        self.line.shrink_to(LINE_BYTES_KEPT);
    }
}

/// A buffer for lines that a long one has grown is given back beyond this.
const LINE_BYTES_KEPT: usize = 512;

static OUTPUT: OnceLock<Output> = OnceLock::new();

/// Where lines go, and what they look like.
struct Output {
    lines: Arc<Lines>,
    style: Style,
    /// They go to a file.
    has_file: bool,
}

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
