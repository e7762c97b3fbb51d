//! Standard output, which may lose its reader: `rollbook user list | head`.

use anyhow::Context as _;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{self, ErrorKind, Write as _};

/// Writes to standard output. That it is full or closed is a failure like any other; see [`has_lost_reader`].
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("write the output")
}

/// Writes a message to standard error. It is no failure if that cannot be written.
pub(super) fn print_status(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Whether a command ended because the program that read its output has seen enough. That is no failure to report: the
/// process ends as other programs do then, by SIGPIPE, which a shell shows as status 141.
pub fn has_lost_reader(error: &anyhow::Error) -> bool {
    let is_broken_pipe = |error: &io::Error| error.kind() == ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(is_broken_pipe)) && is_stdout_without_reader()
}

/// Whether the pipe at standard output has no other end any more. A broken pipe to a server is another matter.
fn is_stdout_without_reader() -> bool {
    let stdout = io::stdout();
    let mut pipe = [PollFd::new(&stdout, PollFlags::empty())];
    let polled = poll(&mut pipe, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
    polled.is_ok() && pipe[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
}
