//! The bytes of a connection: plain, or through TLS. One thread reads and writes; other threads can only shut down the
//! socket.

use rustls::{ServerConfig, ServerConnection};
use std::cell::{Cell, RefCell};
use std::io::{ErrorKind, IoSlice, Read as _, Result, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Instant;

/// Encrypted bytes of a response that wait for the socket, at most: two records of full length.
pub(super) const TLS_BYTES_MAX: usize = 32 * 1024;
/// Bytes of TLS that a client may send in a row without any byte of a request. A record of full length has a little more
/// than 16 KiB; a handshake has less.
const UNPRODUCTIVE_BYTES_MAX: usize = 24 * 1024;
/// The first byte of a handshake (`ContentType` in RFC 8446, 5.1).
const HANDSHAKE: u8 = 22;

/// Error of a read with a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadError {
    /// The client has closed its side, or the connection is broken.
    Closed,
    /// The deadline has passed.
    TimedOut,
}

/// A connection, plain or with TLS.
pub(super) enum Transport<'s> {
    Plain(&'s TcpStream),
    Tls(Box<Tls<'s>>),
}

/// A TLS session on a socket.
pub(super) struct Tls<'s> {
    socket: &'s TcpStream,
    session: RefCell<ServerConnection>,
    /// Bytes received since the last byte of a request.
    unproductive_bytes: Cell<usize>,
    /// Bytes that the session has accepted are not sent yet.
    has_unsent: Cell<bool>,
    /// A response is incomplete: no `close_notify` is sent, so that the client notices.
    is_broken: Cell<bool>,
}

/// The kind of a connection, by its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FirstByte {
    /// It may begin a handshake.
    Tls,
    /// It begins a request without TLS.
    Plain,
}

/// Error of a TLS handshake, or of reading TLS records.
#[derive(Debug)]
pub(super) enum HandshakeError {
    Ended(ReadError),
    TooLong,
    Tls(rustls::Error),
}

impl std::fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            HandshakeError::Ended(ReadError::Closed) => f.write_str("the client has closed the connection"),
            HandshakeError::Ended(ReadError::TimedOut) => f.write_str("timeout"),
            HandshakeError::TooLong => f.write_str("the client sends too many bytes without a request"),
            HandshakeError::Tls(error) => error.fmt(f),
        }
    }
}

impl From<ReadError> for HandshakeError {
    fn from(end: ReadError) -> HandshakeError {
        HandshakeError::Ended(end)
    }
}

/// Waits for the first byte until the deadline, and leaves it in the socket.
pub(super) fn peek_first_byte(socket: &TcpStream, deadline: Instant) -> std::result::Result<FirstByte, ReadError> {
    let mut first = [0];
    loop {
        set_deadline(socket, deadline)?;
        return match socket.peek(&mut first) {
            Ok(0) => Err(ReadError::Closed),
            Ok(_) if first[0] == HANDSHAKE => Ok(FirstByte::Tls),
            // A method, or an empty line before it.
            Ok(_) if first[0].is_ascii_alphabetic() || first[0].is_ascii_whitespace() => Ok(FirstByte::Plain),
            Ok(_) => Ok(FirstByte::Tls),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => Err(read_error(&error)),
        };
    }
}

impl<'s> Transport<'s> {
    /// Does a TLS handshake, all of it before the deadline.
    pub(super) fn accept(
        socket: &'s TcpStream,
        config: Arc<ServerConfig>,
        deadline: Instant,
    ) -> std::result::Result<Transport<'s>, HandshakeError> {
        let mut session = ServerConnection::new(config).map_err(HandshakeError::Tls)?;
        session.set_buffer_limit(Some(TLS_BYTES_MAX));
        let tls = Tls {
            socket,
            session: RefCell::new(session),
            unproductive_bytes: Cell::default(),
            has_unsent: Cell::default(),
            is_broken: Cell::default(),
        };
        tls.handshake(deadline)?;
        Ok(Transport::Tls(Box::new(tls)))
    }

    /// True if the connection is encrypted.
    pub(super) fn is_tls(&self) -> bool {
        matches!(self, Transport::Tls(_))
    }

    /// The socket below.
    pub(super) fn socket(&self) -> &'s TcpStream {
        match self {
            Transport::Plain(socket) => socket,
            Transport::Tls(tls) => tls.socket,
        }
    }

    /// Reads from the socket, at most once, and returns the number of bytes in the buffer. It is 0 if the received bytes
    /// were TLS records without data.
    pub(super) fn read(&self, buffer: &mut [u8]) -> std::result::Result<usize, ReadError> {
        match self {
            Transport::Plain(socket) => read_plain(socket, buffer),
            Transport::Tls(tls) => tls.read(buffer),
        }
    }

    /// Writes to the socket, at most once, and returns how many bytes of both slices were accepted. Accepted bytes may still
    /// wait to be sent, see [`Transport::has_unsent`].
    pub(super) fn write(&self, first: &[u8], second: &[u8]) -> Result<usize> {
        let mut socket = match self {
            Transport::Plain(socket) => *socket,
            Transport::Tls(tls) => return tls.write(first, second),
        };
        let written = match (first, second) {
            ([], rest) | (rest, []) => socket.write(rest),
            (first, second) => socket.write_vectored(&[IoSlice::new(first), IoSlice::new(second)]),
        };
        match written {
            Ok(0) => Err(ErrorKind::WriteZero.into()),
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(0),
            other => other,
        }
    }

    /// True if accepted bytes wait to be sent. The next [`Transport::write`] sends them, even one of empty slices.
    pub(super) fn has_unsent(&self) -> bool {
        match self {
            Transport::Plain(_) => false,
            Transport::Tls(tls) => tls.has_unsent.get(),
        }
    }

    /// Records that a response is incomplete: the client gets no `close_notify`.
    pub(super) fn mark_broken(&self) {
        if let Transport::Tls(tls) = self {
            tls.is_broken.set(true);
        }
    }

    /// Closes the writing side.
    pub(super) fn shutdown_write(&self) {
        self.send_close_notify();
        let _ = self.socket().shutdown(Shutdown::Write);
    }

    /// Sends `close_notify`: the session ends here and was not cut off.
    pub(super) fn send_close_notify(&self) {
        if let Transport::Tls(tls) = self
            && !tls.is_broken.get()
        {
            let mut session = tls.session.borrow_mut();
            session.send_close_notify();
            let _ = tls.send_records(&mut session);
        }
    }
}

impl Tls<'_> {
    fn handshake(&self, deadline: Instant) -> std::result::Result<(), HandshakeError> {
        let mut session = self.session.borrow_mut();
        while session.is_handshaking() {
            set_deadline(self.socket, deadline)?;
            self.receive_records(&mut session)?;
            // The server's part of the handshake, and session tickets at its end.
            self.send_records(&mut session).map_err(|error| read_error(&error))?;
        }
        self.unproductive_bytes.set(0);
        Ok(())
    }

    fn read(&self, buffer: &mut [u8]) -> std::result::Result<usize, ReadError> {
        let mut session = self.session.borrow_mut();
        match self.read_decrypted(&mut session, buffer) {
            // Read from the socket only if the session has no decrypted bytes left.
            Ok(0) => {}
            other => return other,
        }
        self.receive_records(&mut session).map_err(|failure| match failure {
            HandshakeError::Ended(end) => end,
            // The alert has been sent already.
            HandshakeError::TooLong | HandshakeError::Tls(_) => ReadError::Closed,
        })?;
        self.read_decrypted(&mut session, buffer)
    }

    /// Moves decrypted bytes to the buffer.
    fn read_decrypted(
        &self,
        session: &mut ServerConnection,
        buffer: &mut [u8],
    ) -> std::result::Result<usize, ReadError> {
        match session.reader().read(buffer) {
            Ok(0) => Err(ReadError::Closed),
            Ok(count) => {
                self.unproductive_bytes.set(0);
                Ok(count)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            // The connection ended without `close_notify`: an attacker may have cut it off.
            Err(_) => Err(ReadError::Closed),
        }
    }

    /// Reads once from the socket, and decrypts complete records.
    fn receive_records(&self, session: &mut ServerConnection) -> std::result::Result<(), HandshakeError> {
        let mut socket = self.socket;
        let count = loop {
            match session.read_tls(&mut socket) {
                Ok(0) => return Err(HandshakeError::Ended(ReadError::Closed)),
                Ok(count) => break count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(HandshakeError::Ended(read_error(&error))),
            }
        };
        self.unproductive_bytes.set(self.unproductive_bytes.get() + count);
        if self.unproductive_bytes.get() > UNPRODUCTIVE_BYTES_MAX {
            self.is_broken.set(true);
            return Err(HandshakeError::TooLong);
        }
        session.process_new_packets().map(drop).map_err(|error| {
            // Sends the alert that reports the error.
            let _ = self.send_records(session);
            self.is_broken.set(true);
            HandshakeError::Tls(error)
        })
    }

    /// Writes all pending records to the socket.
    fn send_records(&self, session: &mut ServerConnection) -> Result<()> {
        let mut socket = self.socket;
        while session.wants_write() {
            match session.write_tls(&mut socket) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    fn write(&self, first: &[u8], second: &[u8]) -> Result<usize> {
        let mut session = self.session.borrow_mut();
        // Accept more only after all was sent: records of full length, not one for each gap in the buffer.
        let taken = match self.has_unsent.get() {
            true => 0,
            false => session.writer().write_vectored(&[IoSlice::new(first), IoSlice::new(second)])?,
        };
        let mut socket = self.socket;
        match session.write_tls(&mut socket) {
            Ok(0) if session.wants_write() => return Err(ErrorKind::WriteZero.into()),
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        self.has_unsent.set(session.wants_write());
        Ok(taken)
    }
}

fn set_deadline(socket: &TcpStream, deadline: Instant) -> std::result::Result<(), ReadError> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(ReadError::TimedOut);
    }
    socket.set_read_timeout(Some(left)).map_err(|_| ReadError::Closed)
}

fn read_plain(mut socket: &TcpStream, buffer: &mut [u8]) -> std::result::Result<usize, ReadError> {
    loop {
        return match socket.read(buffer) {
            Ok(0) => Err(ReadError::Closed),
            Ok(count) => Ok(count),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => Err(read_error(&error)),
        };
    }
}

fn read_error(error: &std::io::Error) -> ReadError {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => ReadError::TimedOut,
        _ => ReadError::Closed,
    }
}
