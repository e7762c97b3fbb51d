//! Where log lines go: to standard error, by a thread of its own, so that no request waits for whoever reads them.

use crate::lock::locked;
use std::fmt::Arguments;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

/// Bytes that may wait; what comes while a reader of the log stands still is dropped, and counted.
const WAITING_MAX: usize = 1 << 20;
/// How long lines gather before they are written together.
const GATHER: Duration = Duration::from_millis(10);
/// Bytes that are written at a time.
const PIECE: usize = 4096;
/// Heaps of lines: with one, all threads would queue up for it.
const HEAPS: usize = 16;

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

/// Lines on their way.
#[derive(Default)]
struct Lines {
    heaps: [Mutex<Heap>; HEAPS],
    /// The number of the next line: what is taken from the heaps at a time is written in the order of numbers.
    next: AtomicU64,
    /// Bytes in all heaps.
    waiting: AtomicUsize,
    /// Pieces written.
    written: AtomicU64,
    /// Whether the thread has been told that there is something to write.
    told: AtomicBool,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct Heap {
    bytes: Vec<u8>,
    /// Number and length of each line.
    lines: Vec<(u64, usize)>,
    dropped: u64,
}

#[derive(Default)]
struct State {
    /// There is something to write, or it is being written.
    busy: bool,
    /// Somebody waits for the end of it.
    hurry: bool,
}

impl Lines {
    fn start() -> Arc<Lines> {
        let lines = Arc::new(Lines::default());
        let thread = Arc::clone(&lines);
        // Without the thread nothing is logged, but everything else works.
        let _ = std::thread::Builder::new().name("log".to_owned()).spawn(move || thread.work());
        lines
    }

    fn work(&self) {
        loop {
            let mut state = locked(&self.state);
            while !self.told.load(Ordering::Acquire) {
                (state.busy, state.hurry) = (false, false);
                self.changed.notify_all();
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            state.busy = true;
            if !state.hurry {
                state = self.changed.wait_timeout(state, GATHER).unwrap_or_else(PoisonError::into_inner).0;
            }
            drop(state);
            // Before the heaps are taken: who comes after that tells anew.
            self.told.store(false, Ordering::Release);
            for piece in self.take().chunks(PIECE) {
                let _ = std::io::stderr().write_all(piece);
                self.written.fetch_add(1, Ordering::AcqRel);
            }
        }
    }

    /// All lines that wait, in their order.
    fn take(&self) -> Vec<u8> {
        let heaps: Vec<Heap> = self.heaps.iter().map(|heap| std::mem::take(&mut *locked(heap))).collect();
        let mut lines = Vec::with_capacity(heaps.iter().map(|heap| heap.lines.len()).sum());
        for heap in &heaps {
            let mut rest = heap.bytes.as_slice();
            for (number, length) in &heap.lines {
                let (line, after) = rest.split_at(*length);
                lines.push((*number, line));
                rest = after;
            }
        }
        lines.sort_unstable_by_key(|(number, _)| *number);
        let length = heaps.iter().map(|heap| heap.bytes.len()).sum();
        self.waiting.fetch_sub(length, Ordering::Relaxed);
        let mut bytes = Vec::with_capacity(length);
        let dropped: u64 = heaps.iter().map(|heap| heap.dropped).sum();
        if dropped > 0 {
            let _ = writeln!(bytes, "({dropped} lines of the log were dropped: nobody read them)");
        }
        lines.iter().for_each(|(_, line)| bytes.extend_from_slice(line));
        bytes
    }

    fn push(&self, heap: usize, line: &[u8]) {
        {
            let mut heap = locked(&self.heaps[heap]);
            if self.waiting.load(Ordering::Relaxed) + line.len() > WAITING_MAX {
                heap.dropped += 1;
                return;
            }
            self.waiting.fetch_add(line.len(), Ordering::Relaxed);
            heap.bytes.extend_from_slice(line);
            heap.lines.push((self.next.fetch_add(1, Ordering::Relaxed), line.len()));
        }
        if !self.told.load(Ordering::Acquire) && !self.told.swap(true, Ordering::AcqRel) {
            // With the lock, so that the thread is not between looking and waiting.
            locked(&self.state).busy = true;
            self.changed.notify_all();
        }
    }

    fn flush(&self) {
        let mut before = self.written.load(Ordering::Acquire);
        let mut state = locked(&self.state);
        while state.busy || self.told.load(Ordering::Acquire) {
            state.hurry = true;
            self.changed.notify_all();
            let (next, waited) =
                self.changed.wait_timeout(state, Duration::from_secs(1)).unwrap_or_else(PoisonError::into_inner);
            let written = self.written.load(Ordering::Acquire);
            if waited.timed_out() && written == before {
                return;
            }
            (state, before) = (next, written);
        }
    }
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
