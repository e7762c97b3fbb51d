//! Reading from a connection within a deadline that no slow sender can move.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// What a read brings at most.
const STEP: usize = 4096;

/// Why there is nothing to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The client has closed its side, or the connection is broken.
    Closed,
    /// The deadline has passed.
    Late,
}

/// A connection, with the bytes that were read and not used yet.
pub(super) struct Reader<'s> {
    stream: &'s TcpStream,
    /// Read and not used yet.
    pub(super) bytes: Vec<u8>,
    /// The timeout that the socket has now: setting it is a system call, which the ordinary request saves.
    timeout: Option<Duration>,
}

impl<'s> Reader<'s> {
    pub(super) fn new(stream: &'s TcpStream) -> Reader<'s> {
        Reader { stream, bytes: Vec::new(), timeout: None }
    }

    /// Waits for at most that long for the first bytes of a request.
    pub(super) fn wait(&mut self, timeout: Duration) -> Result<(), End> {
        self.set_timeout(timeout)?;
        self.read()
    }

    /// Reads some more before the deadline.
    pub(super) fn read_until(&mut self, deadline: Instant) -> Result<(), End> {
        self.set_deadline(deadline)?;
        self.read()
    }

    /// Reads some more before the deadline, past the bytes kept here, and returns how much that is.
    pub(super) fn read_past(&mut self, buffer: &mut [u8], deadline: Instant) -> Result<usize, End> {
        self.set_deadline(deadline)?;
        read(self.stream, buffer)
    }

    /// Writes to the connection, which is between two answers.
    pub(super) fn interject(&self, bytes: &[u8]) -> Result<(), End> {
        let mut stream = self.stream;
        stream.write_all(bytes).map_err(|_| End::Closed)
    }

    fn read(&mut self) -> Result<(), End> {
        let mut step = [0; STEP];
        let count = read(self.stream, &mut step)?;
        self.bytes.extend_from_slice(&step[..count]);
        Ok(())
    }

    fn set_deadline(&mut self, deadline: Instant) -> Result<(), End> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(End::Late) } else { self.set_timeout(left) }
    }

    fn set_timeout(&mut self, timeout: Duration) -> Result<(), End> {
        if self.timeout != Some(timeout) {
            self.stream.set_read_timeout(Some(timeout)).map_err(|_| End::Closed)?;
            self.timeout = Some(timeout);
        }
        Ok(())
    }
}

fn read(mut stream: &TcpStream, buffer: &mut [u8]) -> Result<usize, End> {
    loop {
        return match stream.read(buffer) {
            Ok(0) => Err(End::Closed),
            Ok(count) => Ok(count),
            Err(error) => match error.kind() {
                ErrorKind::Interrupted => continue,
                ErrorKind::WouldBlock | ErrorKind::TimedOut => Err(End::Late),
                _ => Err(End::Closed),
            },
        };
    }
}
