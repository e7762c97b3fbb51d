//! The duration of each test, which libtest does not report: it is stored in a file that `tests/slowest.rs` reads.

use std::fs::{File, OpenOptions, create_dir_all};
use std::io::Write as _;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Instant;

/// A test, from its first use of the harness to the end of its thread.
struct Run {
    test: Option<String>,
    start: Instant,
}

thread_local! {
    static RUN: Run = Run { test: std::thread::current().name().map(str::to_owned), start: Instant::now() };
}

/// Begins to measure the test of this thread, unless that has begun. Threads of a test have no name and are not measured.
pub fn note_start() {
    RUN.with(|_| ());
}

impl Drop for Run {
    fn drop(&mut self) {
        let Some(test) = self.test.as_ref().filter(|test| test.contains("::")) else { return };
        let line = format!("{:.3} {test}\n", self.start.elapsed().as_secs_f64());
        // A duration that cannot be stored is missing from the list; that does not fail the test.
        let _ = file().map(|mut file| file.write_all(line.as_bytes()));
    }
}

/// Each process has its own file, as several can run at once.
fn file() -> Option<&'static File> {
    static FILE: OnceLock<Option<File>> = OnceLock::new();
    let open = || {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("times");
        create_dir_all(&folder).ok()?;
        OpenOptions::new().create(true).append(true).open(folder.join(std::process::id().to_string())).ok()
    };
    FILE.get_or_init(open).as_ref()
}
