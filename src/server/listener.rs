//! The sockets that a server listens on.

use super::endpoint::{Endpoint, ListenAddress};
use super::limits::Limits;
use super::tls::Certificate;
use super::unix_socket;
use crate::http::ClientAddress;
use anyhow::Context as _;
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::io::{Error, ErrorKind, Result};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Connections that the kernel queues between two accepts.
const BACKLOG: i32 = 1024;

/// A listening socket.
pub struct Listener {
    socket: ListeningSocket,
    address: BoundAddress,
    /// The server's certificate, if connections use TLS.
    certificate: Option<Arc<Certificate>>,
    /// The file of a Unix socket that this process has created.
    file: Option<SocketFile>,
}

/// A listening socket of either family.
pub(super) enum ListeningSocket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// The address of a listening socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BoundAddress {
    /// An IP address and a port.
    Ip(SocketAddr),
    /// The path of a Unix socket.
    Unix(PathBuf),
}

impl std::fmt::Display for BoundAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BoundAddress::Ip(address) => write!(f, "{address}"),
            BoundAddress::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// The file of a Unix socket. Another file may have the path by the time the server stops.
struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Listener {
    /// Listens on all of these endpoints, and on each address that a host name resolves to. Files of Unix sockets get that
    /// mode.
    ///
    /// # Errors
    /// When one of them cannot be bound.
    pub fn bind_all(
        endpoints: &[Endpoint],
        unix_mode: u32,
        certificate: Option<&Arc<Certificate>>,
        limits: &Limits,
    ) -> anyhow::Result<Vec<Listener>> {
        let mut listeners = Vec::new();
        for endpoint in endpoints {
            let address = &endpoint.address;
            let bound = match address {
                ListenAddress::Unix(path) => Listener::bind_unix(path, unix_mode).map(|listener| vec![listener]),
                ListenAddress::All(port) => Listener::bind_to_all(*port, limits).map(|listener| vec![listener]),
                ListenAddress::Ip(_) | ListenAddress::Name(..) => Listener::bind_each(address, endpoints, limits),
            };
            let bound = bound.map_err(|error| explained(error, address));
            let bound = bound.with_context(|| format!("listen on {address}"))?.into_iter();
            let certificate = certificate.filter(|_| endpoint.is_tls(true));
            listeners.extend(bound.map(|listener| match certificate {
                Some(certificate) => listener.with_certificate(certificate),
                None => listener,
            }));
        }
        Ok(listeners)
    }

    fn bind_each(address: &ListenAddress, all: &[Endpoint], limits: &Limits) -> Result<Vec<Listener>> {
        let (mut listeners, mut missing) = (Vec::new(), None);
        for ip in address.resolve()? {
            // With an IPv4 listener on the same port, the IPv6 socket must not accept IPv4 clients.
            let only_ipv6 =
                ip.ip() == Ipv6Addr::UNSPECIFIED && all.iter().any(|one| one.address.is_all_of_ipv4(ip.port()));
            match Listener::bind_tcp(ip, only_ipv6, limits) {
                Ok(listener) => listeners.push(listener),
                // A machine without IPv6 may still resolve `localhost` to `::1`.
                Err(error) if is_missing(&error) => missing = Some(error),
                Err(error) => return Err(error),
            }
        }
        match missing {
            Some(error) if listeners.is_empty() => Err(error),
            _ => Ok(listeners),
        }
    }

    fn bind_to_all(port: u16, limits: &Limits) -> Result<Listener> {
        match Listener::bind_tcp((Ipv6Addr::UNSPECIFIED, port).into(), false, limits) {
            Err(error) if is_missing(&error) => Listener::bind_tcp((Ipv4Addr::UNSPECIFIED, port).into(), false, limits),
            other => other,
        }
    }

    /// Listens on that address. Port 0 takes a free port.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn bind(address: SocketAddr, limits: &Limits) -> anyhow::Result<Listener> {
        let bound = Listener::bind_tcp(address, false, limits);
        bound
            .map_err(|error| explained(error, &ListenAddress::Ip(address)))
            .with_context(|| format!("listen on {address}"))
    }

    fn bind_tcp(address: SocketAddr, only_ipv6: bool, limits: &Limits) -> Result<Listener> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        if only_ipv6 {
            socket.set_only_v6(true)?;
        }
        set_options(&socket, limits)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Listener::of_tcp(socket.into())
    }

    /// Takes over a TCP socket that listens already.
    ///
    /// # Errors
    /// When it does not listen, or its options cannot be set.
    pub fn over(socket: TcpListener, limits: &Limits) -> Result<Listener> {
        // On a socket that does not listen, every accept would fail.
        if !SockRef::from(&socket).is_listener()? {
            return Err(Error::new(ErrorKind::InvalidInput, "the socket does not listen"));
        }
        set_options(&SockRef::from(&socket), limits)?;
        Listener::of_tcp(socket)
    }

    /// Listens on a Unix socket at that path, with a file of that mode.
    pub(super) fn bind_unix(path: &Path, mode: u32) -> Result<Listener> {
        let socket = unix_socket::listen(path, mode, BACKLOG)?;
        socket.set_nonblocking(true)?;
        let made = path.symlink_metadata()?;
        let file = SocketFile { path: path.to_owned(), device: made.dev(), inode: made.ino() };
        let socket = ListeningSocket::Unix(socket);
        Ok(Listener { socket, address: BoundAddress::Unix(path.to_owned()), certificate: None, file: Some(file) })
    }

    fn of_tcp(socket: TcpListener) -> Result<Listener> {
        socket.set_nonblocking(true)?;
        let address = BoundAddress::Ip(socket.local_addr()?);
        Ok(Listener { socket: ListeningSocket::Tcp(socket), address, certificate: None, file: None })
    }

    /// Takes over a socket that the service manager has opened. The file of a Unix socket stays with the service manager.
    pub(super) fn from_inherited(socket: ListeningSocket, limits: &Limits) -> Result<Listener> {
        let socket = match socket {
            ListeningSocket::Tcp(socket) => return Listener::over(socket, limits),
            ListeningSocket::Unix(socket) => socket,
        };
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        let abstract_name = || format!("@{}", String::from_utf8_lossy(address.as_abstract_name().unwrap_or_default()));
        let path = address.as_pathname().map_or_else(|| PathBuf::from(abstract_name()), Path::to_owned);
        Ok(Listener {
            socket: ListeningSocket::Unix(socket),
            address: BoundAddress::Unix(path),
            certificate: None,
            file: None,
        })
    }

    /// Uses TLS with that certificate on all connections of this listener.
    pub fn with_certificate(mut self, certificate: &Arc<Certificate>) -> Listener {
        self.certificate = Some(Arc::clone(certificate));
        self
    }

    /// The server's certificate.
    pub(super) fn certificate(&self) -> Option<&Arc<Certificate>> {
        self.certificate.as_ref()
    }

    pub(super) fn is_unix(&self) -> bool {
        matches!(self.socket, ListeningSocket::Unix(_))
    }

    /// The URL of the server. A Unix socket has no URL, so its address is returned.
    pub fn url(&self) -> String {
        match &self.address {
            BoundAddress::Ip(address) if self.certificate.is_some() => format!("https://{address}"),
            BoundAddress::Ip(address) => format!("http://{address}"),
            BoundAddress::Unix(_) => self.address.to_string(),
        }
    }

    /// The bound address, with the port that was chosen for port 0.
    pub fn address(&self) -> &BoundAddress {
        &self.address
    }

    /// The next connection and the address of its client; `None` when no connection waits.
    pub(super) fn accept(&self) -> Result<Option<(TcpStream, ClientAddress)>> {
        let accepted = match &self.socket {
            ListeningSocket::Tcp(socket) => {
                socket.accept().map(|(stream, address)| (stream, ClientAddress::Ip(address.ip().to_canonical())))
            }
            // The calls on a connection are the same for all stream sockets.
            ListeningSocket::Unix(socket) => {
                socket.accept().map(|(stream, _)| (TcpStream::from(OwnedFd::from(stream)), ClientAddress::Unix))
            }
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
    /// Removes the file while the socket still listens: otherwise another process could take it for a dead socket and
    /// replace it.
    fn drop(&mut self) {
        if let Some(SocketFile { path, device, inode }) = &self.file
            && path.symlink_metadata().is_ok_and(|found| (found.dev(), found.ino()) == (*device, *inode))
        {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// True if the machine has no address of that kind.
fn is_missing(error: &Error) -> bool {
    error.kind() == ErrorKind::AddrNotAvailable
        || error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error())
}

/// The error with advice.
fn explained(error: Error, address: &ListenAddress) -> Error {
    let reason = match (error.kind(), address) {
        (ErrorKind::AddrInUse, _) => {
            "address already in use: stop the program that listens there, or choose another address"
        }
        (ErrorKind::AddrNotAvailable, _) => "this machine does not have the address",
        (ErrorKind::NotFound, ListenAddress::Unix(_)) => "the folder of the socket does not exist",
        (ErrorKind::PermissionDenied, ListenAddress::Ip(ip)) if ip.port() < 1024 => {
            "ports below 1024 need root or the capability CAP_NET_BIND_SERVICE; choose a higher one"
        }
        _ => return error,
    };
    Error::new(error.kind(), reason)
}

/// Sets options that accepted sockets inherit. Without `TCP_NODELAY`, a response of more than one packet waits 40 ms for the
/// client's delayed acknowledgement.
fn set_options(socket: &Socket, limits: &Limits) -> Result<()> {
    socket.set_tcp_nodelay(true)?;
    socket.set_keepalive(true)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(limits.write_timeout))?;
    socket.set_write_timeout(Some(limits.write_timeout))
}

/// Wakes the accepting thread.
pub(super) struct Waker(OwnedFd);

impl Waker {
    pub(super) fn new() -> Result<Waker> {
        Ok(Waker(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?))
    }

    pub(super) fn wake(&self) {
        // It fails only if the counter is full, and then the thread is being woken already.
        let _ = rustix::io::write(&self.0, &1u64.to_ne_bytes());
    }

    /// Waits for a connection or for [`Waker::wake`]. Returns for each listener whether a connection may be waiting.
    pub(super) fn wait(&self, listeners: &[Listener]) -> Result<Vec<bool>> {
        let each = listeners.iter().map(AsFd::as_fd).chain([self.0.as_fd()]);
        let mut polled: Vec<PollFd<'_>> = each.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
        match poll(&mut polled, None) {
            Ok(_) => {}
            Err(error) if error == rustix::io::Errno::INTR => {}
            Err(error) => return Err(error.into()),
        }
        let ready: Vec<bool> = polled.iter().map(|fd| !fd.revents().is_empty()).collect();
        if ready[listeners.len()] {
            let _ = rustix::io::read(&self.0, &mut [0; 8]);
        }
        Ok(ready)
    }
}
