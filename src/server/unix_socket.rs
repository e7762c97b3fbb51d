//! Unix sockets: the server's end of them, and the other one.

use rustix::fs::{FileType, Mode, OFlags, fchmod};
use socket2::{Domain, SockAddr, Socket, Type};
use std::fs::{File, Permissions, TryLockError};
use std::io::{BufRead as _, BufReader, Error, ErrorKind, Read as _, Result, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The longest path that a socket can be found by (`sun_path` in unix(7)).
const PATH_BYTES_MAX: usize = 107;
/// How long another process is waited for that replaces a socket in the same folder.
const TURN_PATIENCE: Duration = Duration::from_secs(5);
const TURN_PAUSE: Duration = Duration::from_millis(10);
/// The longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 1 << 30;

/// Listens at that path; the file of the socket has that mode as soon as it is there. A socket that no process listens on
/// any more makes way; anything else does not.
pub(super) fn listen(path: &Path, mode: u32, backlog: i32) -> Result<UnixListener> {
    let (short, _folder) = shortened(path)?;
    let address = SockAddr::unix(short)?;
    let _turn = turn(path)?;
    make_way(path, &address)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // The file gets the mode of the socket, less the umask.
    fchmod(&socket, Mode::from_raw_mode(mode))?;
    socket.bind(&address)?;
    set_mode(path, mode)?;
    socket.listen(backlog)?;
    Ok(socket.into())
}

/// Holds the folder for as long as it takes to replace a socket in it. Without that, two servers that start at the same
/// time could both find a dead socket, and the second would remove the one that the first has made.
fn turn(path: &Path) -> Result<Option<File>> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = match File::open(folder) {
        Ok(folder) => folder,
        // A folder that may be written and not read cannot be held.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return Ok(None),
        Err(error) => return Err(error),
    };
    let deadline = Instant::now() + TURN_PATIENCE;
    loop {
        match folder.try_lock() {
            Ok(()) => return Ok(Some(folder)),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(TURN_PAUSE),
            Err(TryLockError::WouldBlock) => {
                return Err(Error::new(ErrorKind::WouldBlock, "another process holds the folder of the socket"));
            }
            // A file system without locks.
            Err(TryLockError::Error(_)) => return Ok(None),
        }
    }
}

/// Removes the socket at that path, without asking whether a process listens there: the one of another user could not be
/// asked.
pub(super) fn remove(path: &Path) -> Result<()> {
    match path.symlink_metadata() {
        Ok(found) if found.file_type().is_socket() => std::fs::remove_file(path),
        _ => Ok(()),
    }
}

/// Removes a dead socket.
fn make_way(path: &Path, address: &SockAddr) -> Result<()> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(found) if found.file_type().is_socket() => {}
        Ok(_) => return Err(Error::new(ErrorKind::AlreadyExists, "there is a file of that name, which is no socket")),
    }
    let client = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // A full queue of a server that is alive must not be waited for.
    client.set_nonblocking(true)?;
    match client.connect(address) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => std::fs::remove_file(path),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Ok(()) => Err(ErrorKind::AddrInUse.into()),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Err(ErrorKind::AddrInUse.into()),
        Err(error) => Err(error),
    }
}

/// Gives the file the bits of the mode that the umask has taken away.
fn set_mode(path: &Path, mode: u32) -> Result<()> {
    // The file itself, whatever comes to stand in its place.
    let file = rustix::fs::open(path, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
    let found = rustix::fs::fstat(&file)?;
    if FileType::from_raw_mode(found.st_mode) != FileType::Socket {
        return Err(Error::new(ErrorKind::AlreadyExists, "another file has taken the place of the socket"));
    }
    if found.st_mode & 0o777 != mode {
        std::fs::set_permissions(format!("/proc/self/fd/{}", file.as_raw_fd()), Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// A path that is not too long for a socket, which is good for as long as the folder is open.
pub(super) fn shortened(path: &Path) -> Result<(PathBuf, Option<File>)> {
    if path.as_os_str().len() <= PATH_BYTES_MAX {
        return Ok((path.to_owned(), None));
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Error::new(ErrorKind::InvalidInput, "the path has no folder"));
    };
    let folder = File::open(folder)?;
    Ok((Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name), Some(folder)))
}

/// How often a server is asked for a place that has none at the moment.
const PAUSE: Duration = Duration::from_millis(20);

/// How long an answer of a server on the same machine is waited for.
#[derive(Debug, Clone, Copy)]
pub enum ResponseTimeout {
    /// So long.
    Fixed(Duration),
    /// As long as the server gets on with its work: the document at that path changes within that time.
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
    /// When nothing listens there, when others than its owner try, and when the server accepts nothing for that long.
    pub fn connect(path: &Path, patience: Duration) -> Result<LocalClient> {
        let (short, _folder) = shortened(path)?;
        let (address, deadline) = (SockAddr::unix(short)?, Instant::now() + patience);
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        // Otherwise a server that accepts nothing would be waited for without end, once many wait.
        socket.set_nonblocking(true)?;
        loop {
            match socket.connect(&address) {
                Ok(()) => break,
                Err(error) if error.kind() == ErrorKind::WouldBlock && Instant::now() < deadline => {
                    std::thread::sleep(PAUSE);
                }
                Err(error) => return Err(in_time(error)),
            }
        }
        socket.set_nonblocking(false)?;
        Ok(LocalClient { stream: BufReader::new(UnixStream::from(OwnedFd::from(socket))), path: path.to_owned() })
    }

    /// Posts a document and returns status and body of the answer.
    ///
    /// # Errors
    /// `TimedOut` when the server does not answer for too long; others when it goes away, and when its answer is not
    /// HTTP.
    pub fn post(&mut self, path: &str, body: &[u8], patience: ResponseTimeout) -> Result<(u16, Vec<u8>)> {
        let (ResponseTimeout::Fixed(limit) | ResponseTimeout::WhileProgressing(limit, _)) = patience;
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", body.len());
        let stream = self.stream.get_mut();
        stream.set_write_timeout(Some(limit))?;
        // A server that refuses early may have closed already: its answer is what counts.
        let sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).map_err(in_time);
        if let Err(error) = &sent
            && error.kind() == ErrorKind::TimedOut
        {
            return sent.map(|()| (0, Vec::new()));
        }
        self.wait(patience)?;
        self.stream.get_ref().set_read_timeout(Some(limit))?;
        self.answer(sent).map_err(in_time)
    }

    /// Waits for the first byte of an answer.
    fn wait(&mut self, patience: ResponseTimeout) -> Result<()> {
        let pause = match patience {
            ResponseTimeout::Fixed(limit) => limit,
            // The rest is for the server to answer something else.
            ResponseTimeout::WhileProgressing(limit, _) => limit / 2,
        };
        let (mut progress, mut changed_at) = (None, Instant::now());
        self.stream.get_ref().set_read_timeout(Some(pause))?;
        loop {
            match (self.stream.fill_buf().map(drop).map_err(in_time), patience) {
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

    fn answer(&mut self, sent: Result<()>) -> Result<(u16, Vec<u8>)> {
        let line = self.line()?;
        if line.is_empty() {
            return Err(sent.err().unwrap_or_else(|| Error::new(ErrorKind::UnexpectedEof, "the server has gone")));
        }
        let broken = || Error::new(ErrorKind::InvalidData, "the answer is not HTTP");
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
        if length > ANSWER_BYTES_MAX {
            return Err(broken());
        }
        let mut answer = Vec::new();
        (&mut self.stream).take(length).read_to_end(&mut answer)?;
        if answer.len() as u64 != length {
            return Err(Error::new(ErrorKind::UnexpectedEof, "the server has gone"));
        }
        Ok((status, answer))
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        Ok(line)
    }
}

/// How far a server has come, which it has to say within that time; `None` when it has no place for the question.
fn progress_of(socket: &Path, path: &str, limit: Duration) -> Result<Option<Vec<u8>>> {
    let (status, progress) = LocalClient::connect(socket, limit)?.post(path, b"", ResponseTimeout::Fixed(limit))?;
    Ok((status == 200).then_some(progress))
}

/// The error for a socket whose time is over, which has several names.
fn in_time(error: Error) -> Error {
    if error.kind() == ErrorKind::WouldBlock { ErrorKind::TimedOut.into() } else { error }
}
