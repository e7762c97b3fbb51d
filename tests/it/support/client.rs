//! A small HTTP client that can also send broken requests.

use super::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use super::wait::PATIENCE;
use serde_json::{Value, json};
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;

/// The value of an `Authorization` header.
pub fn basic(user: &str, password: &str) -> String {
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

/// A request with the credentials of both dialects; each of `lines` ends in CRLF.
pub fn request(first_line: &str, lines: &str, body: &str) -> String {
    format!("{first_line}\r\nHost: test\r\n{}{lines}\r\n{body}", credentials())
}

/// Header lines with the credentials of both dialects.
pub fn credentials() -> String {
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    format!("DD-API-KEY: {API_KEY}\r\nDD-APPLICATION-KEY: {APP_KEY}\r\nAuthorization: {authorization}\r\n")
}

/// A request that creates a user, with these lines in its head.
pub fn create(lines: &str, body: &str) -> String {
    request("POST /api/v1/user HTTP/1.1", lines, body)
}

/// A request that creates a user, with valid framing.
pub fn create_user(handle: &str) -> String {
    let body = json!({"handle": handle}).to_string();
    create(&format!("Content-Length: {}\r\n", body.len()), &body)
}

/// One connection, for several requests or a part of one.
#[derive(Debug)]
pub struct Connection<S: Read = TcpStream> {
    reader: BufReader<S>,
}

impl Connection {
    pub fn open(address: SocketAddr) -> Connection {
        Connection::over(TcpStream::connect(address).expect("the server accepts"))
    }

    pub fn over(stream: TcpStream) -> Connection {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        // A Unix socket has no such option.
        let _ = stream.set_nodelay(true);
        Connection { reader: BufReader::new(stream) }
    }

    /// The client's port.
    pub fn port(&self) -> u16 {
        self.reader.get_ref().local_addr().expect("an address").port()
    }

    /// Closes the sending side.
    pub fn finish(&mut self) {
        let _ = self.stream().shutdown(Shutdown::Write);
    }
}

impl<S: Read + Write> Connection<S> {
    /// A connection over another stream than a socket.
    pub fn through(stream: S) -> Connection<S> {
        Connection { reader: BufReader::new(stream) }
    }

    pub fn stream(&mut self) -> &mut S {
        self.reader.get_mut()
    }

    pub fn send(&mut self, method: &str, target: &str, headers: &[(&str, &str)], body: Option<&[u8]>) {
        let mut message = format!("{method} {target} HTTP/1.1\r\nHost: test\r\n").into_bytes();
        for (name, value) in headers {
            message.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        if let Some(body) = body {
            message.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
        }
        message.extend_from_slice(b"\r\n");
        message.extend_from_slice(body.unwrap_or_default());
        // A server that refuses early may have closed already: its answer is what counts.
        let _ = self.stream().write_all(&message);
    }

    /// Reads one answer, however it is framed.
    pub fn answer(&mut self, head_only: bool) -> Answer {
        self.try_answer(head_only).expect("an answer")
    }

    /// Reads one answer; `None` when the server closed without one.
    pub fn try_answer(&mut self, head_only: bool) -> Option<Answer> {
        let line = self.line()?;
        let mut words = line.splitn(3, ' ');
        let (_version, status) = (words.next()?, words.next()?.parse().expect("a status"));
        let reason = words.next().unwrap_or_default().to_owned();
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').expect("a header");
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let mut answer = Answer { status, reason, headers, body: Vec::new() };
        if head_only || status == 204 || status == 304 || status < 200 {
            return Some(answer);
        }
        if answer.header("Transfer-Encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            loop {
                let size = usize::from_str_radix(&self.line()?, 16).expect("a chunk size");
                let start = answer.body.len();
                answer.body.resize(start + size, 0);
                self.reader.read_exact(&mut answer.body[start..]).ok()?;
                assert_eq!(self.line()?, "");
                if size == 0 {
                    break;
                }
            }
        } else if let Some(length) = answer.header("Content-Length") {
            answer.body.resize(length.parse().expect("a length"), 0);
            self.reader.read_exact(&mut answer.body).ok()?;
        } else {
            self.reader.read_to_end(&mut answer.body).ok()?;
        }
        Some(answer)
    }

    /// Everything until the server closes.
    pub fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        if let Err(error) = self.reader.read_to_end(&mut bytes) {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "the server closes: {error}");
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        match self.reader.read_until(b'\n', &mut line) {
            Ok(0) => None,
            Ok(_) => {
                assert!(line.ends_with(b"\r\n"), "a line of the head ends in CRLF: {line:?}");
                line.truncate(line.len() - 2);
                Some(String::from_utf8(line).expect("a head in UTF-8"))
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => None,
            Err(error) => panic!("no line: {error}"),
        }
    }
}

/// Sends these bytes as they are.
pub fn write<S: Read + Write>(connection: &mut Connection<S>, bytes: impl AsRef<[u8]>) {
    // A server that refuses early may have closed already: its answer is what counts.
    let _ = connection.stream().write_all(bytes.as_ref());
}

/// A connection on which these bytes have been sent.
pub fn opened(server: &Server, bytes: impl AsRef<[u8]>) -> Connection {
    let mut connection = Connection::open(server.address);
    write(&mut connection, bytes);
    connection
}

/// An answer of the server.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub reason: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body in UTF-8")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.text()))
    }

    /// The status and the whole body, for one comparison.
    pub fn parts(&self) -> (u16, Value) {
        (self.status, if self.body.is_empty() { Value::Null } else { self.json() })
    }
}

/// Connects from another address of this machine.
pub fn open_from(address: &str, server: SocketAddr) -> Connection {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).expect("a socket");
    socket.bind(&SocketAddr::new(address.parse().expect("an address"), 0).into()).expect("an address of our own");
    socket.connect(&server.into()).expect("the server accepts");
    Connection::over(TcpStream::from(socket))
}

// Slow readers

/// A connection whose receive buffer is as small as the kernel allows.
pub fn narrow(server: &Server, bytes: &[u8]) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a small buffer");
    socket.connect(&server.address.into()).expect("the server accepts");
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    stream.write_all(bytes).expect("the request is taken");
    stream
}

/// A connection to the Unix socket at that path.
pub fn at_socket(path: &Path) -> Connection {
    let stream = UnixStream::connect(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Connection::over(TcpStream::from(OwnedFd::from(stream)))
}

pub fn get(mut connection: Connection, path: &str, headers: &[(&str, &str)]) -> Answer {
    connection.send("GET", path, headers, None);
    connection.answer(false)
}

/// A name as a segment of a path.
pub fn segment(name: &str) -> String {
    name.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
