//! The queue of log lines: threads push lines to shards, and a background thread writes them to standard error or a file.

use super::file::LogFile;
use super::format::LineStyle;
use crate::cache::Held;
use crate::sync::locked;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// Bytes that may wait in the queue. Further lines are dropped and counted.
const QUEUE_BYTES_MAX: usize = 1 << 20;
/// How long lines are collected before they are written together.
const COLLECT_TIME: Duration = Duration::from_millis(10);
/// How long a flush waits for a reader of the log that does not read.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);
/// Bytes of one write.
const WRITE_BYTES: usize = 4096;
/// Memory of a line in addition to its text, in bytes.
const LINE_OVERHEAD_BYTES: usize = size_of::<(u64, usize)>();
/// Shards of the queue. With a single one, all threads would contend for its lock.
pub(super) const SHARDS: usize = 16;

/// The queue of lines, and the state of the thread that writes them.
#[derive(Default)]
pub(super) struct LogWriter {
    style: LineStyle,
    shards: [Mutex<Shard>; SHARDS],
    /// The number of the next line. Lines that are taken together are written in the order of their numbers.
    next: AtomicU64,
    /// Bytes in all shards, see [`Shard::bytes_used`].
    queued_bytes: AtomicUsize,
    /// Number of writes.
    writes: AtomicU64,
    /// Set when the thread has something to do.
    signalled: AtomicBool,
    /// Set when the file has to be opened again.
    reopen: AtomicBool,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct Shard {
    bytes: Vec<u8>,
    /// Number and length of each line.
    lines: Vec<(u64, usize)>,
    dropped: u64,
}

impl Shard {
    /// Memory of the lines, in bytes.
    fn bytes_used(&self) -> usize {
        self.bytes.len() + self.lines.len() * LINE_OVERHEAD_BYTES
    }
}

#[derive(Default)]
struct State {
    /// Lines wait or are being written.
    busy: bool,
    /// A flush waits, so lines are written at once.
    flushing: bool,
}

impl LogWriter {
    /// Starts the thread, which writes to that file or to standard error. `style` is for lines about the log itself.
    pub(super) fn start(style: LineStyle, file: Option<LogFile>) -> Arc<LogWriter> {
        let writer = Arc::new(LogWriter { style, ..LogWriter::default() });
        let thread = Arc::clone(&writer);
        // Without the thread nothing is logged, but everything else works.
        let _ = std::thread::Builder::new().name("log".to_owned()).spawn(move || thread.write_lines(file));
        writer
    }

    fn write_lines(&self, mut file: Option<LogFile>) {
        loop {
            let mut state = locked(&self.state);
            while !self.signalled.load(Ordering::Acquire) {
                (state.busy, state.flushing) = (false, false);
                self.changed.notify_all();
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            state.busy = true;
            if !state.flushing {
                state = self.changed.wait_timeout(state, COLLECT_TIME).unwrap_or_else(PoisonError::into_inner).0;
            }
            drop(state);
            // Clear the flag before the shards are emptied, so that a later push sets it again.
            self.signalled.store(false, Ordering::Release);
            let lines = self.take_lines();
            let count_write = || {
                self.writes.fetch_add(1, Ordering::AcqRel);
            };
            let Some(file) = &mut file else {
                for chunk in lines.chunks(WRITE_BYTES) {
                    let _ = std::io::stderr().write_all(chunk);
                    count_write();
                }
                continue;
            };
            file.write(&lines, count_write);
            if self.reopen.swap(false, Ordering::AcqRel) {
                file.reopen();
            }
        }
    }

    /// Takes all queued lines, in their order.
    fn take_lines(&self) -> Vec<u8> {
        let shards: Vec<Shard> = self.shards.iter().map(|shard| std::mem::take(&mut *locked(shard))).collect();
        let mut lines = Vec::with_capacity(shards.iter().map(|shard| shard.lines.len()).sum());
        for shard in &shards {
            let mut rest = shard.bytes.as_slice();
            for (number, length) in &shard.lines {
                let (line, after) = rest.split_at(*length);
                lines.push((*number, line));
                rest = after;
            }
        }
        lines.sort_unstable_by_key(|(number, _)| *number);
        self.queued_bytes.fetch_sub(shards.iter().map(Shard::bytes_used).sum(), Ordering::Relaxed);
        let mut bytes = Vec::with_capacity(shards.iter().map(|shard| shard.bytes.len()).sum());
        let dropped: u64 = shards.iter().map(|shard| shard.dropped).sum();
        if dropped > 0 {
            let message = format!("{dropped} log lines were dropped: the reader of the log was too slow");
            let _ = self.style.message(&mut bytes, SystemTime::now(), log::Level::Warn, &message, "");
        }
        lines.iter().for_each(|(_, line)| bytes.extend_from_slice(line));
        bytes
    }

    pub(super) fn push(&self, shard: usize, line: &[u8]) {
        {
            let mut shard = locked(&self.shards[shard]);
            let bytes = line.len() + LINE_OVERHEAD_BYTES;
            if self.queued_bytes.load(Ordering::Relaxed) + bytes > QUEUE_BYTES_MAX {
                shard.dropped += 1;
                return;
            }
            self.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
            shard.bytes.extend_from_slice(line);
            shard.lines.push((self.next.fetch_add(1, Ordering::Relaxed), line.len()));
        }
        self.signal();
    }

    /// Makes the thread open the file again, after it has written the queued lines.
    pub(super) fn reopen(&self) {
        self.reopen.store(true, Ordering::Release);
        self.signal();
    }

    fn signal(&self) {
        if !self.signalled.load(Ordering::Acquire) && !self.signalled.swap(true, Ordering::AcqRel) {
            // The lock makes sure that the thread is not between its check and its wait.
            locked(&self.state).busy = true;
            self.changed.notify_all();
        }
    }

    /// The size of the queue, for metrics.
    pub(super) fn held(&self) -> Held {
        let entries = self.shards.iter().map(|shard| locked(shard).lines.len()).sum();
        Held { bytes: self.queued_bytes.load(Ordering::Relaxed), limit: QUEUE_BYTES_MAX, entries, evicted: 0 }
    }

    /// Waits until all lines are written, but neither for a reader that does not read nor beyond the deadline.
    pub(super) fn flush(&self, deadline: Option<Instant>) {
        let timeout = || deadline.map_or(FLUSH_TIMEOUT, |deadline| deadline.saturating_duration_since(Instant::now()));
        let mut before = self.writes.load(Ordering::Acquire);
        let mut state = locked(&self.state);
        while state.busy || self.signalled.load(Ordering::Acquire) {
            state.flushing = true;
            self.changed.notify_all();
            let (next, waited) =
                self.changed.wait_timeout(state, timeout().min(FLUSH_TIMEOUT)).unwrap_or_else(PoisonError::into_inner);
            let writes = self.writes.load(Ordering::Acquire);
            if waited.timed_out() && (writes == before || deadline.is_some_and(|deadline| deadline <= Instant::now())) {
                return;
            }
            (state, before) = (next, writes);
        }
    }
}
