//! Where log lines go: to standard error, by a thread of its own, so that no request waits for whoever reads them.

use crate::lock::locked;
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Bytes that may wait; what comes while a reader of the log stands still is dropped, and counted.
const WAITING_MAX: usize = 1 << 20;
/// How long lines gather before they are written together.
const GATHER: Duration = Duration::from_millis(10);

/// Starts logging at that level. Later calls change nothing.
pub fn start(level: log::LevelFilter) {
    let lines = Lines::start();
    let pipe = env_logger::Target::Pipe(Box::new(Handle(Arc::clone(&lines))));
    // Only our own lines, in one format, whatever RUST_LOG says for other programs.
    let started = env_logger::Builder::new()
        .filter_level(level)
        // The logger's own format looks for line breaks in every line; no line of ours has one.
        .format(|out, record| writeln!(out, "[{} {:<5}] {}", out.timestamp_seconds(), record.level(), record.args()))
        .target(pipe)
        .try_init();
    if started.is_ok() {
        *locked(&LINES) = Some(lines);
    }
}

/// Waits until everything logged so far is written, but not for a reader who stands still.
pub fn flush() {
    if let Some(lines) = locked(&LINES).as_ref() {
        lines.flush();
    }
}

static LINES: Mutex<Option<Arc<Lines>>> = Mutex::new(None);

/// Lines on their way.
#[derive(Default)]
struct Lines {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    dropped: u64,
    /// The thread is writing what it has taken.
    writing: bool,
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
        let mut bytes = Vec::new();
        loop {
            let mut state = locked(&self.state);
            while state.waiting.is_empty() {
                state.hurry = false;
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            if !state.hurry {
                state = self.changed.wait_timeout(state, GATHER).unwrap_or_else(PoisonError::into_inner).0;
            }
            std::mem::swap(&mut bytes, &mut state.waiting);
            let dropped = std::mem::take(&mut state.dropped);
            state.writing = true;
            drop(state);
            if dropped > 0 {
                let _ = writeln!(bytes, "({dropped} lines of the log were dropped: nobody read them)");
            }
            let _ = std::io::stderr().write_all(&bytes);
            bytes.clear();
            locked(&self.state).writing = false;
            self.changed.notify_all();
        }
    }

    fn push(&self, line: &[u8]) {
        let mut state = locked(&self.state);
        if state.waiting.len() + line.len() > WAITING_MAX {
            state.dropped += 1;
            return;
        }
        let first = state.waiting.is_empty();
        state.waiting.extend_from_slice(line);
        drop(state);
        if first {
            self.changed.notify_all();
        }
    }

    fn flush(&self) {
        let mut state = locked(&self.state);
        while !state.waiting.is_empty() || state.writing {
            state.hurry = true;
            self.changed.notify_all();
            let (next, waited) =
                self.changed.wait_timeout(state, Duration::from_secs(1)).unwrap_or_else(PoisonError::into_inner);
            if waited.timed_out() {
                return;
            }
            state = next;
        }
    }
}

/// The end that the logger writes to.
struct Handle(Arc<Lines>);

impl Write for Handle {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
