//! The end by a signal of a command that has temporary files.

use crate::files::remove_temp_files;
use anyhow::Context as _;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag::{register, register_conditional_default};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Lets SIGTERM, SIGINT and SIGHUP remove the temporary files of the process before they end it. A second signal ends it
/// at once.
///
/// # Errors
/// When a handler cannot be set up.
pub(super) fn remove_temp_files_on_signals() -> anyhow::Result<()> {
    let ignored = ignored_signals();
    // A signal that is ignored, by nohup for example, stays so.
    let signals: Vec<i32> = [SIGTERM, SIGINT, SIGHUP].into_iter().filter(|signal| !ignored(*signal)).collect();
    let asked = Arc::new(AtomicBool::new(false));
    let set_up = || -> std::io::Result<Signals> {
        for signal in &signals {
            register_conditional_default(*signal, Arc::clone(&asked))?;
            register(*signal, Arc::clone(&asked))?;
        }
        // A file that may not grow any more is an error of the write, not the end of the process.
        register(SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
        Signals::new(&signals)
    };
    let mut signals = set_up().context("handle signals")?;
    let thread = std::thread::Builder::new().name("signals".to_owned());
    let wait = move || {
        if let Some(signal) = signals.forever().next() {
            remove_temp_files(|| {
                // The process ends by the signal itself, so that a shell sees how it ended.
                let _ = emulate_default_handler(signal);
            });
        }
    };
    thread.spawn(wait).context("start the thread for signals")?;
    Ok(())
}

/// Tells which signals were ignored when the process was started.
fn ignored_signals() -> impl Fn(i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).map(str::trim);
    let mask = mask.and_then(|mask| u64::from_str_radix(mask, 16).ok()).unwrap_or_default();
    move |signal| mask & (1 << (signal - 1)) != 0
}
