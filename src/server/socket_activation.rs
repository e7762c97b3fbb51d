//! Sockets that the process was started with, by systemd or by another program (sd_listen_fds(3)).

use super::listener::ListeningSocket;
use super::{Certificate, Limits, Listener};
use anyhow::{Context as _, bail, ensure};
use listenfd::ListenFd;
use socket2::SockRef;
use std::sync::Arc;

/// The first descriptor of a socket that is handed over. The others follow it.
const FIRST: usize = 3;
/// More sockets than that are a mistake.
const COUNT_MAX: usize = 64;
/// The name of sockets for those who watch the server (`FileDescriptorName=` in systemd.socket(5)).
const METRICS: &str = "metrics";

/// Sockets that listen already, by their purpose.
#[derive(Default)]
pub struct InheritedSockets {
    clients: Vec<ListeningSocket>,
    metrics: Vec<ListeningSocket>,
    /// Why sockets were left alone.
    warning: Option<String>,
}

impl InheritedSockets {
    /// Takes the sockets that `LISTEN_FDS`, `LISTEN_PID` and `LISTEN_FDNAMES` tell of. Removes the first two variables,
    /// without which the third means nothing. Comes before a thread is started, as variables are removed, and before
    /// anything is opened: such a descriptor is then one that the process was started with. `other` is a descriptor that
    /// has another purpose.
    ///
    /// # Errors
    /// When the variables contradict each other, and when a descriptor is no socket that listens for streams.
    pub fn take(other: Option<i32>) -> anyhow::Result<InheritedSockets> {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let text = |name| set(name).map(|value| value.to_string_lossy().into_owned());
        let mut sockets = InheritedSockets::default();
        let Some(count) = text("LISTEN_FDS") else { return Ok(sockets) };
        let (process, names) = (text("LISTEN_PID"), text("LISTEN_FDNAMES"));
        if process != Some(std::process::id().to_string()) {
            // For a program that has started this one, and kept the variables.
            let process = process.map_or("no process".to_owned(), |process| format!("process {process}"));
            sockets.warning = Some(format!(
                "the sockets of LISTEN_FDS are left alone: LISTEN_PID names {process} and not this one; \
                 a shell in between has to start the server with exec"
            ));
            return Ok(sockets);
        }
        let number = count.parse().ok().filter(|count| *count <= COUNT_MAX);
        let Some(count) = number else { bail!("LISTEN_FDS: {count:?} is not a number of sockets up to {COUNT_MAX}") };
        ensure!(set("LISTEN_FDS_FIRST_FD").is_none(), "LISTEN_FDS_FIRST_FD: sockets begin at descriptor {FIRST}");
        let names: Vec<&str> = names.iter().flat_map(|names| names.split(':')).collect();
        ensure!(
            names.is_empty() || names.len() == count,
            "LISTEN_FDNAMES has {} names for the {count} sockets of LISTEN_FDS",
            names.len()
        );
        if let Some(other) = other
            && usize::try_from(other).is_ok_and(|other| (FIRST..FIRST + count).contains(&other))
        {
            bail!("--ready-fd {other}: that descriptor is a socket of LISTEN_FDS");
        }
        let mut found = ListenFd::from_env();
        for index in 0..count {
            let socket = socket(&mut found, index);
            let socket = socket.with_context(|| format!("LISTEN_FDS: descriptor {}", FIRST + index))?;
            let is_metrics = names.get(index) == Some(&METRICS);
            if is_metrics { sockets.metrics.push(socket) } else { sockets.clients.push(socket) }
        }
        Ok(sockets)
    }

    /// Why sockets were left alone, for the log.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Those for clients, which are then taken. With a certificate, TLS is spoken at those that are no Unix sockets.
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

    /// Those for who watches the server, which are then taken.
    ///
    /// # Errors
    /// When their options cannot be set.
    pub fn for_metrics(&mut self, limits: &Limits) -> anyhow::Result<Vec<Listener>> {
        listeners(&mut self.metrics, limits)
    }
}

fn listeners(sockets: &mut Vec<ListeningSocket>, limits: &Limits) -> anyhow::Result<Vec<Listener>> {
    let taken = std::mem::take(sockets).into_iter();
    let listeners = taken.map(|socket| Listener::over_handed(socket, limits)).collect::<std::io::Result<_>>();
    listeners.context("prepare a socket of LISTEN_FDS")
}

fn socket(found: &mut ListenFd, index: usize) -> anyhow::Result<ListeningSocket> {
    // What is not taken as the one can still be taken as the other.
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
    ensure!(listens.context("ask whether it listens")?, "does not listen: use Accept=no in a socket unit");
    Ok(socket)
}
