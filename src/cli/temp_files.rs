//! Removes temporary files when a signal ends a command.

use crate::files::remove_temp_files;
use anyhow::Context as _;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag::{register, register_conditional_default};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Makes SIGTERM, SIGINT and SIGHUP remove the temporary files of the process before they end it. A second signal ends
/// it at once.
///
/// # Errors
/// A handler cannot be set.
pub(super) fn remove_temp_files_on_signals() -> anyhow::Result<()> {
    let ignored = ignored_signals();
    // A signal that the parent made ignored (nohup) stays ignored.
    let signals: Vec<i32> = [SIGTERM, SIGINT, SIGHUP].into_iter().filter(|signal| !ignored(*signal)).collect();
    let asked = Arc::new(AtomicBool::new(false));
    let set_up = || -> std::io::Result<Signals> {
        for signal in &signals {
            register_conditional_default(*signal, Arc::clone(&asked))?;
            register(*signal, Arc::clone(&asked))?;
        }
        // At the file size limit the write fails; without a handler the process would end.
        register(SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
        Signals::new(&signals)
    };
    let mut signals = set_up().context("handle signals")?;
    let thread = std::thread::Builder::new().name("signals".to_owned());
    let wait = move || {
        if let Some(signal) = signals.forever().next() {
            remove_temp_files(|| {
                // End by the signal itself, so that the shell sees the right status.
                let _ = emulate_default_handler(signal);
            });
        }
    };
    thread.spawn(wait).context("start the thread for signals")?;
    Ok(())
}

/// Returns a function that tells whether a signal was ignored when the process started.
fn ignored_signals() -> impl Fn(i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).map(str::trim);
    let mask = mask.and_then(|mask| u64::from_str_radix(mask, 16).ok()).unwrap_or_default();
    move |signal| mask & (1 << (signal - 1)) != 0
}
