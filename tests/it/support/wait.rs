//! Waiting for a condition, and for the end of a process.

use std::fmt::Display;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a test waits for something before it fails: far longer than anything takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Pause between two looks at something that is waited for.
const PAUSE: Duration = Duration::from_millis(5);

/// Looks until something is there; fails with `awaited` when nothing comes.
pub fn eventually<T>(awaited: impl Display, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain for this: {awaited}");
        std::thread::sleep(PAUSE);
    }
}

/// Looks until that is so; fails with `awaited` when it does not become so.
pub fn wait_until(awaited: impl Display, mut is_so: impl FnMut() -> bool) {
    eventually(awaited, || is_so().then_some(()));
}

/// Waits until a process has ended by itself.
pub fn wait_for(child: &mut Child) -> ExitStatus {
    let child = Unended(child);
    eventually("the end of a process", || child.0.try_wait().expect("the process can be waited for"))
}

/// A process that does not outlive the wait for its end.
struct Unended<'c>(&'c mut Child);

impl Drop for Unended<'_> {
    fn drop(&mut self) {
        // Of one that has ended nothing is left to be killed.
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// Ends a client, also when the test fails.
pub struct StopOnDrop<'s>(pub &'s AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
