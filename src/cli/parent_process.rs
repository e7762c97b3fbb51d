//! `--exit-with-parent`: stops the server when its parent process ends.

use super::signals::Signals;
use crate::settings::ParentProcess;
use anyhow::{Context as _, bail};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{FileType, fstat};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, getppid, pidfd_open};
use std::io::Stdin;
use std::os::fd::OwnedFd;

/// Maximum number of ancestors to check.
const ANCESTORS_MAX: usize = 64;

/// Stops the server, as SIGTERM does, when the process ends, or when standard input is a pipe or a socket whose other
/// end is closed.
///
/// Returns false if the process has already ended.
///
/// # Errors
/// The process cannot be watched.
pub(super) fn watch(parent: ParentProcess, signals: &Signals) -> anyhow::Result<bool> {
    let Some(process) = process(parent)? else { return Ok(false) };
    let (input, signals) = (watched_input(), signals.clone());
    let watch = move || signals.stop(wait(&process, input.as_ref()));
    std::thread::Builder::new().name("parent".to_owned()).spawn(watch).context(
        "start the thread that watches \
    the parent process",
    )?;
    Ok(true)
}

/// The process to watch; `None` if it has already ended. A parent-death signal would not do: it is sent when the thread
/// that started this process ends.
fn process(parent: ParentProcess) -> anyhow::Result<Option<OwnedFd>> {
    let own = getppid();
    let pid = match (parent, own) {
        (ParentProcess::Number(number), _) => number,
        (ParentProcess::Own, None) => {
            bail!("--exit-with-parent: the parent process is outside of this container");
        }
        // Process 1 adopts orphans, and so it may have adopted this process since its start.
        (ParentProcess::Own, Some(Pid::INIT)) => {
            bail!(
                "--exit-with-parent: the parent is process 1, which adopts orphans; if it has started the \
                server, use --exit-with-parent=1"
            );
        }
        (ParentProcess::Own, Some(own)) => own,
    };
    let process = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(process) => process,
        Err(Errno::SRCH) => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| format!("--exit-with-parent: watch the process {}", pid.as_raw_pid()));
        }
    };
    // Check now that the number still means the same process: an ancestor that is alive keeps its number.
    let is_ancestor = match parent {
        ParentProcess::Own => getppid() == own,
        ParentProcess::Number(_) => is_ancestor(pid),
    };
    Ok(is_ancestor.then_some(process))
}

/// Returns whether that process is an ancestor of this one.
fn is_ancestor(pid: Pid) -> bool {
    let mut next = getppid();
    for _ in 0..ANCESTORS_MAX {
        match next {
            Some(ancestor) if ancestor == pid => return true,
            Some(ancestor) if ancestor != Pid::INIT => next = parent_of(ancestor),
            _ => return false,
        }
    }
    false
}

/// The fourth field of `/proc/PID/stat` (proc(5)).
fn parent_of(pid: Pid) -> Option<Pid> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).ok()?;
    // The program name, in parentheses, can contain any character.
    let (_, fields) = stat.rsplit_once(") ")?;
    Pid::from_raw(fields.split(' ').nth(1)?.parse().ok()?)
}

/// Standard input, if it is a pipe or a socket.
fn watched_input() -> Option<Stdin> {
    let input = std::io::stdin();
    let kind = FileType::from_raw_mode(fstat(&input).ok()?.st_mode);
    matches!(kind, FileType::Fifo | FileType::Socket).then_some(input)
}

/// Waits until the process ends or the input is closed. Returns the reason for the log.
fn wait(process: &OwnedFd, input: Option<&Stdin>) -> &'static str {
    loop {
        let input = input.map(|input| PollFd::new(input, PollFlags::IN));
        let mut asked: Vec<PollFd<'_>> = [PollFd::new(process, PollFlags::IN)].into_iter().chain(input).collect();
        match poll(&mut asked, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => {
                log::warn!("cannot watch the parent process: {error}");
                return "stopping because the parent process cannot be watched";
            }
        }
        let [ended, readable] = [0, 1].map(|at| asked.get(at).is_some_and(|fd| !fd.revents().is_empty()));
        if ended {
            return "stopping because the parent process has ended";
        }
        if readable && is_closed() {
            return "stopping because standard input was closed";
        }
    }
}

/// Reads and ignores input. Returns whether the input has ended.
fn is_closed() -> bool {
    match rustix::io::read(std::io::stdin(), &mut [0; 4096]) {
        Ok(count) => count == 0,
        Err(error) => !matches!(error, Errno::AGAIN | Errno::INTR),
    }
}
