//! Standard output, whose reader may go away (`rollbook user list | head`), and messages on standard error.

use anyhow::Context as _;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{self, ErrorKind, Write as _};

/// Writes to standard output. A full disk or a closed pipe is an error; see [`has_lost_reader`].
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("write the output")
}

/// Writes a message to standard error. Write errors are ignored.
pub(super) fn print_status(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Returns whether a command failed because the reader of its output went away. The process then reports no error and
/// ends by SIGPIPE as other programs do; a shell shows status 141.
pub fn has_lost_reader(error: &anyhow::Error) -> bool {
    let is_broken_pipe = |error: &io::Error| error.kind() == ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(is_broken_pipe)) && is_stdout_without_reader()
}

/// Returns whether standard output is a pipe without a reader. A broken pipe to a server is a different error.
fn is_stdout_without_reader() -> bool {
    let stdout = io::stdout();
    let mut pipe = [PollFd::new(&stdout, PollFlags::empty())];
    let polled = poll(&mut pipe, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
    polled.is_ok() && pipe[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
}
