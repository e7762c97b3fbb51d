//! Waiting for a condition, and for the end of a process.

use std::fmt::Display;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The longest wait of a test before it fails: far longer than any step takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The pause between two checks of a condition.
const PAUSE: Duration = Duration::from_millis(5);

/// Polls until `look` returns a value; fails with `awaited` when none comes.
pub fn eventually<T>(awaited: impl Display, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "timeout: waited for {awaited}");
        std::thread::sleep(PAUSE);
    }
}

/// Polls until the condition holds; fails with `awaited` when it does not.
pub fn wait_until(awaited: impl Display, mut is_so: impl FnMut() -> bool) {
    eventually(awaited, || is_so().then_some(()));
}

/// Waits until a process has ended by itself.
pub fn wait_for(child: &mut Child) -> ExitStatus {
    let child = Unended(child);
    eventually("the end of a process", || child.0.try_wait().expect("the process can be waited for"))
}

/// A process that is killed when the wait for its end fails.
struct Unended<'c>(&'c mut Child);

impl Drop for Unended<'_> {
    fn drop(&mut self) {
        // A process that has ended cannot be killed, which is fine.
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// Ends a client when dropped, also when the test fails.
pub struct StopOnDrop<'s>(pub &'s AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
