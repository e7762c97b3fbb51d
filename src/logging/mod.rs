//! The log: lines to standard error or a file, written by a background thread, so that no request waits for the reader of
//! the log.

mod file;
mod format;
mod journal;
mod request_id;
mod writer;

use crate::metrics::Exposition;
use file::LogFile;
pub use format::Format;
use format::LineStyle;
pub(crate) use format::RequestLine;
pub(crate) use request_id::{begin_request, end_request, with_request_id};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use writer::{LogWriter, SHARDS};

/// Starts logging to standard error, with priorities for the systemd journal if standard error is connected to it. Later calls
/// change nothing.
pub fn start(level: log::LevelFilter, format: Format) {
    let style = LineStyle { format, journal: journal::has_stderr() };
    begin(level, OUTPUT.get_or_init(|| Output { writer: LogWriter::start(style, None), style, has_file: false }));
}

/// Starts logging to a file instead of standard error. Later calls change nothing.
///
/// # Errors
/// When the file cannot be opened.
pub fn start_to_file(level: log::LevelFilter, format: Format, file: &Path) -> anyhow::Result<()> {
    let style = LineStyle { format, journal: false };
    let file = LogFile::open(file, style)?;
    begin(level, OUTPUT.get_or_init(|| Output { writer: LogWriter::start(style, Some(file)), style, has_file: true }));
    Ok(())
}

fn begin(level: log::LevelFilter, output: &'static Output) {
    let style = output.style;
    let started = own_lines(level)
        .format(move |out, record| {
            let message = record.args().to_string();
            with_request_id(|id| style.message(out, SystemTime::now(), record.level(), &message, id))
        })
        .target(env_logger::Target::Pipe(Box::new(Handle(Arc::clone(&output.writer)))))
        .try_init();
    if started.is_ok() {
        log_panics();
    }
}

/// Opens the log file again after a rotation. Does nothing if the log is not a file.
pub fn reopen() {
    if let Some(Output { writer, has_file: true, .. }) = OUTPUT.get() {
        writer.reopen();
    }
}

/// Logs panics as ordinary lines, with the identifier of the request in which they happen.
fn log_panics() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !log::log_enabled!(log::Level::Error) {
            return default(panic);
        }
        let message = panic.payload_as_str().unwrap_or("no text");
        match panic.location() {
            Some(location) => log::error!("a thread panicked at {location}: {message}"),
            None => log::error!("a thread panicked: {message}"),
        }
        // The panic may end the process.
        flush();
    }));
}

/// Logs only lines of this program and ignores `RUST_LOG`: libraries log the bytes on the wire, including credentials.
fn own_lines(level: log::LevelFilter) -> env_logger::Builder {
    let mut builder = env_logger::Builder::new();
    builder.filter_module(env!("CARGO_PKG_NAME"), level);
    builder
}

/// Waits until all lines so far are written, but not for a reader that does not read.
pub fn flush() {
    if let Some(output) = OUTPUT.get() {
        output.writer.flush(None);
    }
}

/// Like [`flush`], with a timeout.
pub(crate) fn flush_for(timeout: Duration) {
    if let Some(output) = OUTPUT.get() {
        output.writer.flush(Some(Instant::now() + timeout));
    }
}

/// Adds the size of the queue of lines.
pub(crate) fn collect_metrics(exposition: &mut Exposition) {
    if let Some(output) = OUTPUT.get() {
        output.writer.held().collect_metrics(exposition, "log_lines");
    }
}

/// True if standard error is connected to the systemd journal.
pub fn goes_to_journal() -> bool {
    journal::has_stderr()
}

/// The text that shows the initial secrets of a new directory: for people, or as a JSON object if the log is JSON.
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

/// Reports the error that ends the program, on standard error, at every log level, and in the format of the log if that has
/// started. If the log is a file, the line goes there too.
pub fn report_fatal(error: &anyhow::Error) {
    let mut line = Vec::new();
    let output = OUTPUT.get();
    let style = output.map(|output| LineStyle { journal: journal::has_stderr(), ..output.style });
    let in_style = |style: LineStyle, line: &mut Vec<u8>| {
        style.message(line, SystemTime::now(), log::Level::Error, &format!("{error:#}"), "")
    };
    let written = match style {
        Some(style) if !style.is_for_people() => in_style(style, &mut line),
        _ => writeln!(line, "rollbook: {error:#}"),
    };
    // If standard error is closed, the exit status remains.
    let _ = written.and_then(|()| std::io::stderr().write_all(&line));
    if let Some(Output { writer, style, has_file: true }) = output {
        let mut line = Vec::new();
        if in_style(*style, &mut line).is_ok() {
            writer.push(0, &line);
            flush();
        }
    }
}

/// Logs the requests of one thread. Faster than `log::info!`, whose logger all threads share.
pub(crate) struct RequestLogger {
    shard: usize,
    /// The second of the last line, and the prefix of all lines in that second.
    second: Option<u64>,
    prefix: Vec<u8>,
    line: Vec<u8>,
}

impl RequestLogger {
    /// For the calling thread.
    pub(crate) fn new() -> RequestLogger {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let shard = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS;
        RequestLogger { shard, second: None, prefix: Vec::new(), line: Vec::new() }
    }

    /// Logs a request that ended at `now`.
    pub(crate) fn log(&mut self, now: SystemTime, request: &RequestLine<'_>) {
        if !log::log_enabled!(log::Level::Info) {
            return;
        }
        let Some(Output { writer, style, .. }) = OUTPUT.get() else {
            // A program that embeds the library has set its own logger.
            let mut line = Vec::new();
            format::text(&mut line, request);
            return log::info!("{}", String::from_utf8_lossy(&line));
        };
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        if self.second != Some(since.as_secs()) {
            self.second = Some(since.as_secs());
            self.prefix.clear();
            style.write_request_prefix(&mut self.prefix, now);
        }
        self.line.clear();
        self.line.extend_from_slice(&self.prefix);
        with_request_id(|id| style.write_request(&mut self.line, since.subsec_millis(), request, id));
        writer.push(self.shard, &self.line);
        self.line.shrink_to(LINE_BYTES_KEPT);
    }
}

/// The line buffer is shrunk to this after a long line.
const LINE_BYTES_KEPT: usize = 512;

static OUTPUT: OnceLock<Output> = OnceLock::new();

/// The destination and the style of lines.
struct Output {
    writer: Arc<LogWriter>,
    style: LineStyle,
    /// The destination is a file.
    has_file: bool,
}

/// The destination of the `log` crate's lines.
struct Handle(Arc<LogWriter>);

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
