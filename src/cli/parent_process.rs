//! The end of the program that has started the server: with `--exit-with-parent` it is the end of the server too.

use super::signals::Signals;
use crate::settings::ParentProcess;
use anyhow::{Context as _, bail};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{FileType, fstat};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, getppid, pidfd_open};
use std::io::Stdin;
use std::os::fd::OwnedFd;

/// Processes that are looked at on the way from this one to the one that was named.
const ANCESTORS_MAX: usize = 64;

/// Ends the server, as SIGTERM does, when that process has ended, or when standard input is a pipe or a socket and the
/// other end is closed.
///
/// Returns false when the process has ended already.
///
/// # Errors
/// When the process cannot be watched.
pub(super) fn watch(parent: ParentProcess, signals: &Signals) -> anyhow::Result<bool> {
    let Some(process) = process(parent)? else { return Ok(false) };
    let (input, signals) = (watched_input(), signals.clone());
    let watch = move || signals.stop(wait(&process, input.as_ref()));
    std::thread::Builder::new().name("parent".to_owned()).spawn(watch).context("start a thread for the parent")?;
    Ok(true)
}

/// The process to watch; `None` when it has ended already. It is the process that counts and not its thread, which a
/// signal at the death of the parent would be about.
fn process(parent: ParentProcess) -> anyhow::Result<Option<OwnedFd>> {
    let own = getppid();
    let pid = match (parent, own) {
        (ParentProcess::Number(number), _) => number,
        (ParentProcess::Own, None) => {
            bail!("--exit-with-parent: the process that has started the server is outside of this container");
        }
        // Orphans get this parent, and so may this process since it was started.
        (ParentProcess::Own, Some(Pid::INIT)) => {
            bail!(
                "--exit-with-parent: the parent is process 1, the one that takes in orphans: \
                 if it has started the server, say so (--exit-with-parent=1)"
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
    // Only now is it sure that the number means the same process: an ancestor that lives keeps its number.
    let is_ancestor = match parent {
        ParentProcess::Own => getppid() == own,
        ParentProcess::Number(_) => is_ancestor(pid),
    };
    Ok(is_ancestor.then_some(process))
}

/// Whether that process has started this one, itself or through others.
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
    // The name of the program, in brackets, may hold anything.
    let (_, fields) = stat.rsplit_once(") ")?;
    Pid::from_raw(fields.split(' ').nth(1)?.parse().ok()?)
}

/// Standard input, if it is something that another process closes.
fn watched_input() -> Option<Stdin> {
    let input = std::io::stdin();
    let kind = FileType::from_raw_mode(fstat(&input).ok()?.st_mode);
    matches!(kind, FileType::Fifo | FileType::Socket).then_some(input)
}

/// Waits for either end; tells which it was.
fn wait(process: &OwnedFd, input: Option<&Stdin>) -> &'static str {
    loop {
        let input = input.map(|input| PollFd::new(input, PollFlags::IN));
        let mut asked: Vec<PollFd<'_>> = [PollFd::new(process, PollFlags::IN)].into_iter().chain(input).collect();
        match poll(&mut asked, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => {
                log::warn!("the process that has started the server could not be watched: {error}");
                return "the end of the process that has started the server would not be noticed";
            }
        }
        let [ended, readable] = [0, 1].map(|at| asked.get(at).is_some_and(|fd| !fd.revents().is_empty()));
        if ended {
            return "the process that has started the server has ended";
        }
        if readable && is_closed() {
            return "standard input was closed";
        }
    }
}

/// Reads away what has come in, which has no meaning; only the end has.
fn is_closed() -> bool {
    match rustix::io::read(std::io::stdin(), &mut [0; 4096]) {
        Ok(count) => count == 0,
        Err(error) => !matches!(error, Errno::AGAIN | Errno::INTR),
    }
}
