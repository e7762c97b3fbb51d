//! The bytes of a connection: as they are, or through TLS. One thread reads and writes; another one can only shut the
//! socket down.

use super::reader::End;
use rustls::{ServerConfig, ServerConnection};
use std::cell::{Cell, RefCell};
use std::io::{ErrorKind, IoSlice, Read as _, Result, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Instant;

/// Encrypted bytes of an answer that wait for the socket, at most. Two records of full length.
pub(super) const TLS_BYTES_MAX: usize = 32 * 1024;
/// Bytes of TLS that a client may send at a time without one byte of a request in them. A record of full length takes
/// 16 KiB and a little more; a handshake takes less.
const FRUITLESS_BYTES_MAX: usize = 24 * 1024;
/// The first byte of a handshake (`ContentType` in RFC 8446, 5.1).
const HANDSHAKE: u8 = 22;

/// A connection, as it is read and written.
pub(super) enum Transport<'s> {
    Plain(&'s TcpStream),
    Tls(Box<Tls<'s>>),
}

/// A TLS session on a socket.
pub(super) struct Tls<'s> {
    socket: &'s TcpStream,
    session: RefCell<ServerConnection>,
    /// Bytes that came since the last ones of a request.
    fruitless: Cell<usize>,
    /// Something that was taken for an answer has not been sent.
    has_unsent: Cell<bool>,
    /// The client must not take this end for a proper one.
    is_broken: Cell<bool>,
}

/// The first byte of a connection on which TLS is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// It may be that of a handshake.
    Tls,
    /// It is that of a request without TLS.
    Plain,
}

/// Why there is no TLS session.
#[derive(Debug)]
pub(super) enum Failure {
    Ended(End),
    TooLong,
    Tls(rustls::Error),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Ended(End::Closed) => f.write_str("the client has gone"),
            Failure::Ended(End::Late) => f.write_str("it did not end in time"),
            Failure::TooLong => f.write_str("the client sends too much"),
            Failure::Tls(error) => error.fmt(f),
        }
    }
}

impl From<End> for Failure {
    fn from(end: End) -> Failure {
        Failure::Ended(end)
    }
}

/// Waits for the first byte, at most until then, and leaves it where it is.
pub(super) fn opening(socket: &TcpStream, deadline: Instant) -> std::result::Result<Opening, End> {
    let mut first = [0];
    loop {
        set_deadline(socket, deadline)?;
        return match socket.peek(&mut first) {
            Ok(0) => Err(End::Closed),
            Ok(_) if first[0] == HANDSHAKE => Ok(Opening::Tls),
            // A method, or an empty line before it.
            Ok(_) if first[0].is_ascii_alphabetic() || first[0].is_ascii_whitespace() => Ok(Opening::Plain),
            Ok(_) => Ok(Opening::Tls),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => Err(end_of(&error)),
        };
    }
}

impl<'s> Transport<'s> {
    /// Shakes hands before the deadline, which holds for the whole of it.
    pub(super) fn accept(
        socket: &'s TcpStream,
        config: Arc<ServerConfig>,
        deadline: Instant,
    ) -> std::result::Result<Transport<'s>, Failure> {
        let mut session = ServerConnection::new(config).map_err(Failure::Tls)?;
        session.set_buffer_limit(Some(TLS_BYTES_MAX));
        let tls = Tls {
            socket,
            session: RefCell::new(session),
            fruitless: Cell::default(),
            has_unsent: Cell::default(),
            is_broken: Cell::default(),
        };
        tls.shake_hands(deadline)?;
        Ok(Transport::Tls(Box::new(tls)))
    }

    /// Whether eavesdroppers are kept out.
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

    /// Reads from the socket, at most once, and returns how many bytes there are for the caller: none, when TLS has kept
    /// all that came.
    pub(super) fn read(&self, buffer: &mut [u8]) -> std::result::Result<usize, End> {
        match self {
            Transport::Plain(socket) => read_plain(socket, buffer),
            Transport::Tls(tls) => tls.read(buffer),
        }
    }

    /// Writes to the socket, at most once, and returns how many bytes of both were taken. Those may wait to be sent.
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

    /// Whether bytes that were taken wait to be sent: by the next [`Transport::write`], also of nothing.
    pub(super) fn has_unsent(&self) -> bool {
        match self {
            Transport::Plain(_) => false,
            Transport::Tls(tls) => tls.has_unsent.get(),
        }
    }

    /// Notes that what was written has not come to its end: the client is not told that the connection ends as it should.
    pub(super) fn give_up(&self) {
        if let Transport::Tls(tls) = self {
            tls.is_broken.set(true);
        }
    }

    /// Says that nothing more will be written.
    pub(super) fn finish(&self) {
        self.say_goodbye();
        let _ = self.socket().shutdown(Shutdown::Write);
    }

    /// Tells the other end of a TLS session that it ends here and was not cut off.
    pub(super) fn say_goodbye(&self) {
        if let Transport::Tls(tls) = self
            && !tls.is_broken.get()
        {
            let mut session = tls.session.borrow_mut();
            session.send_close_notify();
            let _ = tls.send(&mut session);
        }
    }
}

impl Tls<'_> {
    fn shake_hands(&self, deadline: Instant) -> std::result::Result<(), Failure> {
        let mut session = self.session.borrow_mut();
        while session.is_handshaking() {
            set_deadline(self.socket, deadline)?;
            self.receive(&mut session)?;
            // The answer; at the end of the handshake, tickets.
            self.send(&mut session).map_err(|error| end_of(&error))?;
        }
        self.fruitless.set(0);
        Ok(())
    }

    fn read(&self, buffer: &mut [u8]) -> std::result::Result<usize, End> {
        let mut session = self.session.borrow_mut();
        match self.take(&mut session, buffer) {
            // The socket is looked at when nothing else is left.
            Ok(0) => {}
            other => return other,
        }
        self.receive(&mut session).map_err(|failure| match failure {
            Failure::Ended(end) => end,
            // Whatever could still be sent has been.
            Failure::TooLong | Failure::Tls(_) => End::Closed,
        })?;
        self.take(&mut session, buffer)
    }

    /// Takes bytes that are decrypted.
    fn take(&self, session: &mut ServerConnection, buffer: &mut [u8]) -> std::result::Result<usize, End> {
        match session.reader().read(buffer) {
            Ok(0) => Err(End::Closed),
            Ok(count) => {
                self.fruitless.set(0);
                Ok(count)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            // An end without a notice is a cut: the attacker of a TLS connection can do that.
            Err(_) => Err(End::Closed),
        }
    }

    /// Reads once from the socket, and decrypts what is complete.
    fn receive(&self, session: &mut ServerConnection) -> std::result::Result<(), Failure> {
        let mut socket = self.socket;
        let count = loop {
            match session.read_tls(&mut socket) {
                Ok(0) => return Err(Failure::Ended(End::Closed)),
                Ok(count) => break count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Failure::Ended(end_of(&error))),
            }
        };
        self.fruitless.set(self.fruitless.get() + count);
        if self.fruitless.get() > FRUITLESS_BYTES_MAX {
            self.is_broken.set(true);
            return Err(Failure::TooLong);
        }
        session.process_new_packets().map(drop).map_err(|error| {
            // The alert that says so.
            let _ = self.send(session);
            self.is_broken.set(true);
            Failure::Tls(error)
        })
    }

    /// Writes all that TLS has to say to the socket.
    fn send(&self, session: &mut ServerConnection) -> Result<()> {
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
        // Records of full length, and not one for each gap in the buffer.
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

fn set_deadline(socket: &TcpStream, deadline: Instant) -> std::result::Result<(), End> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(End::Late);
    }
    socket.set_read_timeout(Some(left)).map_err(|_| End::Closed)
}

fn read_plain(mut socket: &TcpStream, buffer: &mut [u8]) -> std::result::Result<usize, End> {
    loop {
        return match socket.read(buffer) {
            Ok(0) => Err(End::Closed),
            Ok(count) => Ok(count),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => Err(end_of(&error)),
        };
    }
}

fn end_of(error: &std::io::Error) -> End {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => End::Late,
        _ => End::Closed,
    }
}
