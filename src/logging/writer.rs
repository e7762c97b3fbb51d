//! Lines on their way to standard error or to a file: a thread that logs puts them on a heap, and a thread of their own writes them.

use super::file::LogFile;
use super::format::Style;
use crate::cache::Held;
use crate::sync::locked;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// Bytes that may wait; what comes while a reader of the log stands still is dropped, and counted.
const WAITING_MAX: usize = 1 << 20;
/// How long lines gather before they are written together.
const GATHER: Duration = Duration::from_millis(10);
/// How long a reader of the log may take for a piece, while the end of the process waits for it.
const FLUSH_PAUSE: Duration = Duration::from_secs(1);
/// Bytes that are written at a time.
const PIECE: usize = 4096;
/// What a line takes beside its text.
const LINE_BYTES: usize = size_of::<(u64, usize)>();
/// Heaps of lines: with one, all threads would queue up for it.
pub(super) const HEAPS: usize = 16;

/// Lines on their way.
#[derive(Default)]
pub(super) struct Lines {
    style: Style,
    heaps: [Mutex<Heap>; HEAPS],
    /// The number of the next line: what is taken from the heaps at a time is written in the order of numbers.
    next: AtomicU64,
    /// Bytes in all heaps, see [`Heap::length`].
    waiting: AtomicUsize,
    /// Pieces written.
    written: AtomicU64,
    /// Whether the thread has been told that there is something to do.
    told: AtomicBool,
    /// The file is to be opened again.
    reopen: AtomicBool,
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

impl Heap {
    /// Bytes of its lines and of what belongs to them.
    fn length(&self) -> usize {
        self.bytes.len() + self.lines.len() * LINE_BYTES
    }
}

#[derive(Default)]
struct State {
    /// There is something to write, or it is being written.
    busy: bool,
    /// Somebody waits for the end of it.
    hurry: bool,
}

impl Lines {
    /// Starts the thread, which writes to that file or to standard error; `style` is for what it has to say itself.
    pub(super) fn start(style: Style, file: Option<LogFile>) -> Arc<Lines> {
        let lines = Arc::new(Lines { style, ..Lines::default() });
        let thread = Arc::clone(&lines);
        // Without the thread nothing is logged, but everything else works.
        let _ = std::thread::Builder::new().name("log".to_owned()).spawn(move || thread.work(file));
        lines
    }

    fn work(&self, mut file: Option<LogFile>) {
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
            let lines = self.take();
            let count = || {
                self.written.fetch_add(1, Ordering::AcqRel);
            };
            let Some(file) = &mut file else {
                for piece in lines.chunks(PIECE) {
                    let _ = std::io::stderr().write_all(piece);
                    count();
                }
                continue;
            };
            file.write(&lines, count);
            if self.reopen.swap(false, Ordering::AcqRel) {
                file.reopen();
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
        self.waiting.fetch_sub(heaps.iter().map(Heap::length).sum(), Ordering::Relaxed);
        let mut bytes = Vec::with_capacity(heaps.iter().map(|heap| heap.bytes.len()).sum());
        let dropped: u64 = heaps.iter().map(|heap| heap.dropped).sum();
        if dropped > 0 {
            let what = format!("{dropped} lines of the log were dropped: nobody read them");
            let _ = self.style.message(&mut bytes, SystemTime::now(), log::Level::Warn, &what, "");
        }
        lines.iter().for_each(|(_, line)| bytes.extend_from_slice(line));
        bytes
    }

    pub(super) fn push(&self, heap: usize, line: &[u8]) {
        {
            let mut heap = locked(&self.heaps[heap]);
            let length = line.len() + LINE_BYTES;
            if self.waiting.load(Ordering::Relaxed) + length > WAITING_MAX {
                heap.dropped += 1;
                return;
            }
            self.waiting.fetch_add(length, Ordering::Relaxed);
            heap.bytes.extend_from_slice(line);
            heap.lines.push((self.next.fetch_add(1, Ordering::Relaxed), line.len()));
        }
        self.tell();
    }

    /// Has the file opened again, after the lines that wait are written.
    pub(super) fn reopen(&self) {
        self.reopen.store(true, Ordering::Release);
        self.tell();
    }

    fn tell(&self) {
        if !self.told.load(Ordering::Acquire) && !self.told.swap(true, Ordering::AcqRel) {
            // With the lock, so that the thread is not between looking and waiting.
            locked(&self.state).busy = true;
            self.changed.notify_all();
        }
    }

    /// Lines that wait, in bytes, for the metrics.
    pub(super) fn held(&self) -> Held {
        let entries = self.heaps.iter().map(|heap| locked(heap).lines.len()).sum();
        Held { bytes: self.waiting.load(Ordering::Relaxed), limit: WAITING_MAX, entries, evicted: 0 }
    }

    /// Waits until everything is written, but not for a reader who stands still, and not longer than until then.
    pub(super) fn flush(&self, until: Option<Instant>) {
        let patience = || until.map_or(FLUSH_PAUSE, |until| until.saturating_duration_since(Instant::now()));
        let mut before = self.written.load(Ordering::Acquire);
        let mut state = locked(&self.state);
        while state.busy || self.told.load(Ordering::Acquire) {
            state.hurry = true;
            self.changed.notify_all();
            let (next, waited) =
                self.changed.wait_timeout(state, patience().min(FLUSH_PAUSE)).unwrap_or_else(PoisonError::into_inner);
            let written = self.written.load(Ordering::Acquire);
            if waited.timed_out() && (written == before || until.is_some_and(|until| until <= Instant::now())) {
                return;
            }
            (state, before) = (next, written);
        }
    }
}
