//! Socket activation: listening sockets that systemd or another program passes to the process (sd_listen_fds(3)).

use super::limits::Limits;
use super::listener::{Listener, ListeningSocket};
use super::tls::Certificate;
use anyhow::{Context as _, bail, ensure};
use listenfd::ListenFd;
use socket2::SockRef;
use std::sync::Arc;

/// Descriptor of the first inherited socket. The others follow it.
const FIRST_DESCRIPTOR: usize = 3;
/// More sockets than this are a mistake.
const SOCKETS_MAX: usize = 64;
/// Name of the sockets for metrics (`FileDescriptorName=` in systemd.socket(5)).
const METRICS_NAME: &str = "metrics";

/// Inherited listening sockets, by purpose.
#[derive(Default)]
pub struct InheritedSockets {
    clients: Vec<ListeningSocket>,
    metrics: Vec<ListeningSocket>,
    /// The reason why sockets were ignored.
    warning: Option<String>,
}

impl InheritedSockets {
    /// Takes the sockets that `LISTEN_FDS`, `LISTEN_PID` and `LISTEN_FDNAMES` name. Removes the first two variables, so
    /// that child processes ignore the third. Must be called before any thread starts, because it removes variables,
    /// and before any file is opened, so that these descriptors are surely inherited. `other` is a descriptor with
    /// another purpose.
    ///
    /// # Errors
    /// When the variables contradict each other, and when a descriptor is not a listening stream socket.
    pub fn take(other: Option<i32>) -> anyhow::Result<InheritedSockets> {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let text = |name| set(name).map(|value| value.to_string_lossy().into_owned());
        let mut sockets = InheritedSockets::default();
        let Some(count) = text("LISTEN_FDS") else { return Ok(sockets) };
        let (process, names) = (text("LISTEN_PID"), text("LISTEN_FDNAMES"));
        if process != Some(std::process::id().to_string()) {
            // The variables were set for the parent process, which has passed them on.
            let process = process.map_or("no process".to_owned(), |process| format!("process {process}"));
            sockets.warning = Some(format!(
                "the sockets of LISTEN_FDS are ignored: LISTEN_PID names {process} and not this one; \
                 a shell script must start the server with exec"
            ));
            return Ok(sockets);
        }
        let number = count.parse().ok().filter(|count| *count <= SOCKETS_MAX);
        let Some(count) = number else { bail!("LISTEN_FDS: {count:?} is not a number of sockets up to {SOCKETS_MAX}") };
        ensure!(
            set("LISTEN_FDS_FIRST_FD").is_none(),
            "LISTEN_FDS_FIRST_FD: sockets begin at descriptor {FIRST_DESCRIPTOR}"
        );
        let names: Vec<&str> = names.iter().flat_map(|names| names.split(':')).collect();
        ensure!(
            names.is_empty() || names.len() == count,
            "LISTEN_FDNAMES has {} names for the {count} sockets of LISTEN_FDS",
            names.len()
        );
        if let Some(other) = other
            && usize::try_from(other).is_ok_and(|other| (FIRST_DESCRIPTOR..FIRST_DESCRIPTOR + count).contains(&other))
        {
            bail!("--ready-fd {other}: that descriptor is a socket of LISTEN_FDS");
        }
        let mut found = ListenFd::from_env();
        for index in 0..count {
            let socket = socket(&mut found, index);
            let socket = socket.with_context(|| format!("LISTEN_FDS: descriptor {}", FIRST_DESCRIPTOR + index))?;
            let is_metrics = names.get(index) == Some(&METRICS_NAME);
            if is_metrics { sockets.metrics.push(socket) } else { sockets.clients.push(socket) }
        }
        Ok(sockets)
    }

    /// The reason why sockets were ignored, for the log.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Takes the sockets for clients. With a certificate, all but Unix sockets use TLS.
    ///
    /// # Errors
    /// When their options cannot be set.
    pub fn for_clients(
        &mut self,
        certificate: Option<&Arc<Certificate>>,
        limits: &Limits,
    ) -> anyhow::Result<Vec<Listener>> {
        let encrypt = |listener: Listener| match certificate {
            Some(certificate) if !listener.is_unix() => listener.with_certificate(certificate),
            _ => listener,
        };
        Ok(listeners(&mut self.clients, limits)?.into_iter().map(encrypt).collect())
    }

    /// Takes the sockets for metrics.
    ///
    /// # Errors
    /// When their options cannot be set.
    pub fn for_metrics(&mut self, limits: &Limits) -> anyhow::Result<Vec<Listener>> {
        listeners(&mut self.metrics, limits)
    }
}

fn listeners(sockets: &mut Vec<ListeningSocket>, limits: &Limits) -> anyhow::Result<Vec<Listener>> {
    let taken = std::mem::take(sockets).into_iter();
    let listeners = taken.map(|socket| Listener::from_inherited(socket, limits)).collect::<std::io::Result<_>>();
    listeners.context("prepare a socket of LISTEN_FDS")
}

fn socket(found: &mut ListenFd, index: usize) -> anyhow::Result<ListeningSocket> {
    // A socket of the wrong family stays in the list and can be taken as the other family.
    let socket = match found.take_tcp_listener(index) {
        Ok(socket) => socket.map(ListeningSocket::Tcp),
        Err(_) => found.take_unix_listener(index).ok().flatten().map(ListeningSocket::Unix),
    };
    let socket =
        socket.context("is neither a TCP socket nor a Unix stream socket: use ListenStream= in a socket unit")?;
    let listens = match &socket {
        ListeningSocket::Tcp(socket) => SockRef::from(socket).is_listener(),
        ListeningSocket::Unix(socket) => SockRef::from(socket).is_listener(),
    };
    ensure!(listens.context("find out if it listens")?, "does not listen: use Accept=no in a socket unit");
    Ok(socket)
}
