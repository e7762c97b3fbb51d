//! Progress of steps of unknown length: a line on standard error after one second.

use crate::background::Background;
use crate::formats::Rows;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// Shorter steps print nothing.
const DELAY: Duration = Duration::from_secs(1);
/// The interval between two drawings of the line.
const TICK: Duration = Duration::from_millis(250);

/// A running step. Dropping it removes the line. Draws only on a terminal.
pub(super) struct Progress {
    bar: ProgressBar,
    /// The drawing thread.
    drawer: Option<Background>,
}

impl Progress {
    /// Starts a step, for example `checking rollbook.db`.
    pub(super) fn start(step: &str) -> Progress {
        Progress::with("{elapsed_precise} {spinner} {msg}", step)
    }

    /// Starts a step that counts rows, see [`Progress::count`].
    pub(super) fn of_rows(step: &str) -> Progress {
        Progress::with("{elapsed_precise} {spinner} {msg}: {pos} rows", step)
    }

    fn with(template: &str, step: &str) -> Progress {
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        bar.set_style(style);
        bar.set_message(step.to_owned());
        let drawn = bar.clone();
        let draw = move |ended: &Receiver<()>| {
            if ended.recv_timeout(DELAY) == Err(RecvTimeoutError::Timeout) {
                drawn.set_draw_target(ProgressDrawTarget::stderr());
                drawn.enable_steady_tick(TICK);
                let _ = ended.recv();
            }
        };
        // Without the thread there is no progress line.
        let drawer = Background::start("progress", draw).ok();
        Progress { bar, drawer }
    }

    /// Counts rows while they are read.
    pub(super) fn count(&self, rows: Rows) -> Rows {
        let bar = self.bar.clone();
        Box::new(rows.inspect(move |_| bar.inc(1)))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        drop(self.drawer.take());
        self.bar.finish_and_clear();
    }
}

/// A bar of that length. Draws only on a terminal.
pub(super) fn bar(length: u64, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style)
}
