//! Not a test: the last target of `cargo test`, which prints the ten slowest tests of the run.
//!
//! The tests of `it` note how long they take (`tests/it/support/durations.rs`). What earlier runs of single tests have noted counts
//! where the run has not noted it again.

use std::collections::HashMap;
use std::path::Path;
use std::time::SystemTime;

const SHOWN: usize = 10;

fn main() {
    // To those that ask for a list of tests, there are none.
    if std::env::args().any(|word| word == "--list") {
        return;
    }
    let mut times: Vec<(String, f64)> = noted().into_iter().collect();
    if times.is_empty() {
        return;
    }
    times.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    println!("\nthe slowest tests, in seconds:");
    for (test, seconds) in times.iter().take(SHOWN) {
        println!("{seconds:8.1} {test}");
    }
    println!();
}

/// The seconds of each test. Takes the files away.
fn noted() -> HashMap<String, f64> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("times");
    let mut files: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().collect();
    files.sort_by_key(|file| file.metadata().and_then(|file| file.modified()).unwrap_or(SystemTime::UNIX_EPOCH));
    let mut times = HashMap::new();
    for file in files {
        let text = std::fs::read_to_string(file.path()).unwrap_or_default();
        for (seconds, test) in text.lines().filter_map(|line| line.split_once(' ')) {
            if let Ok(seconds) = seconds.parse() {
                times.insert(test.to_owned(), seconds);
            }
        }
        let _ = std::fs::remove_file(file.path());
    }
    times
}
