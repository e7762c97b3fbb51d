//! The sockets that a server listens on, and the addresses that settings give for them.

use super::{BACKLOG, Certificate, Limits};
use anyhow::Context as _;
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::io::{ErrorKind, Result};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A socket that listens.
pub struct Listener {
    socket: ListeningSocket,
    place: Place,
    /// TLS is spoken, and this is shown.
    certificate: Option<Arc<Certificate>>,
    /// The file of a Unix socket that this process has made.
    file: Option<SocketFile>,
}

enum ListeningSocket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// An IP address and a port.
    Ip(SocketAddr),
    /// The path of a Unix socket.
    Unix(PathBuf),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::Ip(address) => write!(f, "{address}"),
            Place::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// The file of a Unix socket. The path may lead to another one by the time the server stops.
struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Listener {
    /// Listens at that address. Port 0 takes a free port.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub fn bind(address: SocketAddr, limits: &Limits) -> anyhow::Result<Listener> {
        let listen = || {
            let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
            socket.set_reuse_address(true)?;
            set_options(&socket, limits)?;
            socket.bind(&address.into())?;
            socket.listen(BACKLOG)?;
            Listener::of_tcp(socket.into())
        };
        listen().with_context(|| format!("listen on {address}"))
    }

    /// Takes a socket that listens already.
    ///
    /// # Errors
    /// When its options cannot be set.
    pub fn over(socket: TcpListener, limits: &Limits) -> Result<Listener> {
        set_options(&SockRef::from(&socket), limits)?;
        Listener::of_tcp(socket)
    }

    /// Listens on a Unix socket at that path, which only the owner can connect to.
    pub(super) fn bind_local(path: &Path) -> anyhow::Result<Listener> {
        let listen = || {
            let socket = super::local::listen(path, BACKLOG)?;
            socket.set_nonblocking(true)?;
            let made = path.symlink_metadata()?;
            let file = SocketFile { path: path.to_owned(), device: made.dev(), inode: made.ino() };
            let socket = ListeningSocket::Unix(socket);
            Ok(Listener { socket, place: Place::Unix(path.to_owned()), certificate: None, file: Some(file) })
        };
        let listened: Result<Listener> = listen();
        listened.with_context(|| format!("listen on {}", path.display()))
    }

    fn of_tcp(socket: TcpListener) -> Result<Listener> {
        socket.set_nonblocking(true)?;
        let place = Place::Ip(socket.local_addr()?);
        Ok(Listener { socket: ListeningSocket::Tcp(socket), place, certificate: None, file: None })
    }

    /// Speaks TLS with all that come in here, and shows that certificate.
    pub fn with_certificate(mut self, certificate: &Arc<Certificate>) -> Listener {
        self.certificate = Some(Arc::clone(certificate));
        self
    }

    /// The certificate that is shown.
    pub(super) fn certificate(&self) -> Option<&Arc<Certificate>> {
        self.certificate.as_ref()
    }

    /// The URL that a client finds a server by; for a Unix socket, which no URL leads to, its address.
    pub fn url(&self) -> String {
        match &self.place {
            Place::Ip(address) if self.certificate.is_some() => format!("https://{address}"),
            Place::Ip(address) => format!("http://{address}"),
            Place::Unix(_) => self.place.to_string(),
        }
    }

    /// Where it listens, with the port that was found for port 0.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The next connection, and where its client is; `None` when there is none yet.
    pub(super) fn accept(&self) -> Result<Option<(TcpStream, IpAddr)>> {
        let accepted = match &self.socket {
            ListeningSocket::Tcp(socket) => socket.accept().map(|(stream, address)| (stream, address.ip())),
            ListeningSocket::Unix(socket) => socket
                .accept()
                .map(|(stream, _)| (TcpStream::from(OwnedFd::from(stream)), IpAddr::V4(Ipv4Addr::LOCALHOST))),
        };
        match accepted {
            Ok(accepted) => Ok(Some(accepted)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.socket {
            ListeningSocket::Tcp(socket) => socket.as_fd(),
            ListeningSocket::Unix(socket) => socket.as_fd(),
        }
    }
}

impl Drop for Listener {
    /// Removes the file while the socket still listens, so that no other process has taken it for a dead one.
    fn drop(&mut self) {
        if let Some(SocketFile { path, device, inode }) = &self.file
            && path.symlink_metadata().is_ok_and(|found| (found.dev(), found.ino()) == (*device, *inode))
        {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Sets what accepted sockets inherit. Without the first, an answer of more than one packet waits 40 ms for the client's
/// delayed acknowledgement.
fn set_options(socket: &Socket, limits: &Limits) -> Result<()> {
    socket.set_tcp_nodelay(true)?;
    socket.set_keepalive(true)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(limits.write_timeout))?;
    socket.set_write_timeout(Some(limits.write_timeout))
}

/// Wakes the accepting thread, without the network.
pub(super) struct Waker(OwnedFd);

impl Waker {
    pub(super) fn new() -> Result<Waker> {
        Ok(Waker(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?))
    }

    pub(super) fn wake(&self) {
        // It fails only where the counter is full, and then the thread is being woken.
        let _ = rustix::io::write(&self.0, &1u64.to_ne_bytes());
    }

    /// Waits until it is woken or a connection comes; tells for each listener whether one may be there.
    pub(super) fn wait(&self, listeners: &[Listener]) -> Result<Vec<bool>> {
        let each = listeners.iter().map(AsFd::as_fd).chain([self.0.as_fd()]);
        let mut asked: Vec<PollFd<'_>> = each.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
        match poll(&mut asked, None) {
            Ok(_) => {}
            Err(error) if error == rustix::io::Errno::INTR => {}
            Err(error) => return Err(error.into()),
        }
        let ready: Vec<bool> = asked.iter().map(|fd| !fd.revents().is_empty()).collect();
        if ready[listeners.len()] {
            let _ = rustix::io::read(&self.0, &mut [0; 8]);
        }
        Ok(ready)
    }
}
