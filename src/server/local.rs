//! A Unix socket that only its owner can connect to: the server's end of it, and the other one.

use socket2::{Domain, SockAddr, Socket, Type};
use std::fs::{File, Permissions};
use std::io::{BufRead as _, BufReader, Error, ErrorKind, Read as _, Result, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// The longest path that a socket can be found by (`sun_path` in unix(7)).
const PATH_BYTES_MAX: usize = 107;
/// The longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 1 << 30;

/// Listens at that path. A socket that nobody listens to any more makes way; anything else does not.
pub(super) fn listen(path: &Path, backlog: i32) -> Result<UnixListener> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
        Ok(found) if found.file_type().is_socket() => std::fs::remove_file(path)?,
        Ok(_) => return Err(Error::new(ErrorKind::AlreadyExists, "there is something else of that name")),
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    let (short, _folder) = shortened(path)?;
    socket.bind(&SockAddr::unix(short)?)?;
    // Nobody can connect before somebody listens.
    std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
    socket.listen(backlog)?;
    Ok(socket.into())
}

/// A path that is not too long for a socket, which is good for as long as the folder is open.
fn shortened(path: &Path) -> Result<(PathBuf, Option<File>)> {
    if path.as_os_str().len() <= PATH_BYTES_MAX {
        return Ok((path.to_owned(), None));
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Error::new(ErrorKind::InvalidInput, "the path has no folder"));
    };
    let folder = File::open(folder)?;
    Ok((Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name), Some(folder)))
}

/// A connection to a server on the same machine.
pub struct LocalClient {
    stream: BufReader<UnixStream>,
}

impl LocalClient {
    /// Connects to the socket at that path.
    ///
    /// # Errors
    /// When nobody listens there, or others than its owner try.
    pub fn connect(path: &Path) -> Result<LocalClient> {
        let (short, _folder) = shortened(path)?;
        Ok(LocalClient { stream: BufReader::new(UnixStream::connect(short)?) })
    }

    /// Posts a document and returns status and body of the answer.
    ///
    /// # Errors
    /// When the server goes away, or its answer is not HTTP.
    pub fn post(&mut self, path: &str, body: &[u8]) -> Result<(u16, Vec<u8>)> {
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", body.len());
        let stream = self.stream.get_mut();
        // A server that refuses early may have closed already: its answer is what counts.
        let sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
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
