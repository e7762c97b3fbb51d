//! Unix sockets: the server side, and the client for commands.

use rustix::fs::{FileType, Mode, OFlags, fchmod};
use socket2::{Domain, SockAddr, Socket, Type};
use std::fs::{File, Permissions, TryLockError};
use std::io::{BufRead as _, BufReader, Error, ErrorKind, Read as _, Result, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Longest path of a socket, in bytes (`sun_path` in unix(7)).
const PATH_BYTES_MAX: usize = 107;
/// How long to wait for another process that replaces a socket in the same folder.
const FOLDER_LOCK_TIMEOUT: Duration = Duration::from_secs(5);
const FOLDER_LOCK_RETRY_PAUSE: Duration = Duration::from_millis(10);
/// Longest response that is read, in bytes.
const RESPONSE_BYTES_MAX: u64 = 1 << 30;

/// Listens on that path. The file has that mode from its creation on. A dead socket, on which no process listens, is
/// replaced; any other file is an error.
pub(super) fn listen(path: &Path, mode: u32, backlog: i32) -> Result<UnixListener> {
    let (short, _folder) = shortened(path)?;
    let address = SockAddr::unix(short)?;
    let _lock = lock_folder(path)?;
    remove_dead_socket(path, &address)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // The file gets the mode of the socket, minus the umask.
    fchmod(&socket, Mode::from_raw_mode(mode))?;
    socket.bind(&address)?;
    set_mode(path, mode)?;
    socket.listen(backlog)?;
    Ok(socket.into())
}

/// Locks the folder while a socket in it is replaced. Without the lock, two servers that start at the same time could both
/// find a dead socket, and the second would remove the new socket of the first.
fn lock_folder(path: &Path) -> Result<Option<File>> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = match File::open(folder) {
        Ok(folder) => folder,
        // A folder that is writable and not readable cannot be locked.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return Ok(None),
        Err(error) => return Err(error),
    };
    let deadline = Instant::now() + FOLDER_LOCK_TIMEOUT;
    loop {
        match folder.try_lock() {
            Ok(()) => return Ok(Some(folder)),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(FOLDER_LOCK_RETRY_PAUSE),
            Err(TryLockError::WouldBlock) => {
                return Err(Error::new(ErrorKind::WouldBlock, "another process holds the lock of the socket's folder"));
            }
            // The file system has no locks.
            Err(TryLockError::Error(_)) => return Ok(None),
        }
    }
}

/// Removes the socket at that path, even if a process listens on it: a socket of another user cannot be tested.
pub(super) fn remove(path: &Path) -> Result<()> {
    match path.symlink_metadata() {
        Ok(found) if found.file_type().is_socket() => std::fs::remove_file(path),
        _ => Ok(()),
    }
}

/// Removes a dead socket.
fn remove_dead_socket(path: &Path, address: &SockAddr) -> Result<()> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(found) if found.file_type().is_socket() => {}
        Ok(_) => return Err(Error::new(ErrorKind::AlreadyExists, "a file with that name exists and is not a socket")),
    }
    let client = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // Do not wait for a live server whose queue is full.
    client.set_nonblocking(true)?;
    match client.connect(address) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => std::fs::remove_file(path),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Ok(()) => Err(ErrorKind::AddrInUse.into()),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Err(ErrorKind::AddrInUse.into()),
        Err(error) => Err(error),
    }
}

/// Sets the bits of the mode that the umask has cleared.
fn set_mode(path: &Path, mode: u32) -> Result<()> {
    // Opens the file itself, in case another file replaces it.
    let file = rustix::fs::open(path, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
    let found = rustix::fs::fstat(&file)?;
    if FileType::from_raw_mode(found.st_mode) != FileType::Socket {
        return Err(Error::new(ErrorKind::AlreadyExists, "another file has replaced the socket"));
    }
    if found.st_mode & 0o777 != mode {
        std::fs::set_permissions(format!("/proc/self/fd/{}", file.as_raw_fd()), Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// A path that is short enough for a socket. It is valid while the returned folder is open.
pub(super) fn shortened(path: &Path) -> Result<(PathBuf, Option<File>)> {
    if path.as_os_str().len() <= PATH_BYTES_MAX {
        return Ok((path.to_owned(), None));
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Error::new(ErrorKind::InvalidInput, "the path has no parent folder"));
    };
    let folder = File::open(folder)?;
    Ok((Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name), Some(folder)))
}

/// Pause between attempts to connect to a server whose queue is full.
const CONNECT_RETRY_PAUSE: Duration = Duration::from_millis(20);

/// How long to wait for a response of a server on the same machine.
#[derive(Debug, Clone, Copy)]
pub enum ResponseTimeout {
    /// This long.
    Fixed(Duration),
    /// As long as the server makes progress: the document at that path must change within that time.
    WhileProgressing(Duration, &'static str),
}

/// A connection to a server on the same machine.
pub struct LocalClient {
    stream: BufReader<UnixStream>,
    path: PathBuf,
}

impl LocalClient {
    /// Connects to the socket at that path.
    ///
    /// # Errors
    /// When no server listens there, when the caller is not the owner, and when the server accepts no connection in time.
    pub fn connect(path: &Path, timeout: Duration) -> Result<LocalClient> {
        let (short, _folder) = shortened(path)?;
        let (address, deadline) = (SockAddr::unix(short)?, Instant::now() + timeout);
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        // A blocking connect would wait forever for a server that accepts nothing and has a full queue.
        socket.set_nonblocking(true)?;
        loop {
            match socket.connect(&address) {
                Ok(()) => break,
                Err(error) if error.kind() == ErrorKind::WouldBlock && Instant::now() < deadline => {
                    std::thread::sleep(CONNECT_RETRY_PAUSE);
                }
                Err(error) => return Err(as_timeout(error)),
            }
        }
        socket.set_nonblocking(false)?;
        Ok(LocalClient { stream: BufReader::new(UnixStream::from(OwnedFd::from(socket))), path: path.to_owned() })
    }

    /// Posts a document and returns status and body of the response.
    ///
    /// # Errors
    /// `TimedOut` when the server does not respond in time; other errors when it closes the connection or does not speak
    /// HTTP.
    pub fn post(&mut self, path: &str, body: &[u8], timeout: ResponseTimeout) -> Result<(u16, Vec<u8>)> {
        let (ResponseTimeout::Fixed(limit) | ResponseTimeout::WhileProgressing(limit, _)) = timeout;
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", body.len());
        let stream = self.stream.get_mut();
        stream.set_write_timeout(Some(limit))?;
        // A server that rejects the request early may have closed already. Its response matters more than the failed write.
        let sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).map_err(as_timeout);
        if let Err(error) = &sent
            && error.kind() == ErrorKind::TimedOut
        {
            return sent.map(|()| (0, Vec::new()));
        }
        self.wait(timeout)?;
        self.stream.get_ref().set_read_timeout(Some(limit))?;
        self.read_response(sent).map_err(as_timeout)
    }

    /// Waits for the first byte of the response.
    fn wait(&mut self, timeout: ResponseTimeout) -> Result<()> {
        let pause = match timeout {
            ResponseTimeout::Fixed(limit) => limit,
            // The other half is for the request about progress.
            ResponseTimeout::WhileProgressing(limit, _) => limit / 2,
        };
        let (mut progress, mut changed_at) = (None, Instant::now());
        self.stream.get_ref().set_read_timeout(Some(pause))?;
        loop {
            match (self.stream.fill_buf().map(drop).map_err(as_timeout), timeout) {
                (Err(error), ResponseTimeout::WhileProgressing(limit, path)) if error.kind() == ErrorKind::TimedOut => {
                    let found = progress_of(&self.path, path, pause)?;
                    if found.is_none() || found != progress {
                        (progress, changed_at) = (found, Instant::now());
                    } else if changed_at.elapsed() >= limit {
                        return Err(error);
                    }
                }
                (other, _) => return other,
            }
        }
    }

    fn read_response(&mut self, sent: Result<()>) -> Result<(u16, Vec<u8>)> {
        let line = self.line()?;
        if line.is_empty() {
            return Err(sent
                .err()
                .unwrap_or_else(|| Error::new(ErrorKind::UnexpectedEof, "the server has closed the connection")));
        }
        let broken = || Error::new(ErrorKind::InvalidData, "the response is not HTTP");
        let status = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok()).ok_or_else(broken)?;
        let mut length = 0;
        loop {
            let line = self.line()?;
            if line == "\r\n" {
                break;
            }
            let (name, value) = line.split_once(':').ok_or_else(broken)?;
            if name.eq_ignore_ascii_case("Content-Length") {
                length = value.trim().parse().map_err(|_| broken())?;
            }
        }
        if length > RESPONSE_BYTES_MAX {
            return Err(broken());
        }
        let mut body = Vec::new();
        (&mut self.stream).take(length).read_to_end(&mut body)?;
        if body.len() as u64 != length {
            return Err(Error::new(ErrorKind::UnexpectedEof, "the server has closed the connection"));
        }
        Ok((status, body))
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        Ok(line)
    }
}

/// The progress document of a server, read within that time; `None` when the server rejects the connection.
fn progress_of(socket: &Path, path: &str, limit: Duration) -> Result<Option<Vec<u8>>> {
    let (status, progress) = LocalClient::connect(socket, limit)?.post(path, b"", ResponseTimeout::Fixed(limit))?;
    Ok((status == 200).then_some(progress))
}

/// The error of a socket timeout, which the system reports in two ways.
fn as_timeout(error: Error) -> Error {
    if error.kind() == ErrorKind::WouldBlock { ErrorKind::TimedOut.into() } else { error }
}
