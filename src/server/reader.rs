//! Reads from a connection until a deadline. A slow sender cannot extend the deadline.

use super::transport::{ReadError, Transport};
use std::time::{Duration, Instant};

/// Bytes of one read.
const READ_BYTES: usize = 4096;

/// Reads from a connection, and keeps bytes that were read and not used yet.
pub(super) struct ConnectionReader<'s> {
    transport: &'s Transport<'s>,
    /// Read and not used yet.
    pub(super) bytes: Vec<u8>,
    /// The current timeout of the socket. Setting it is a system call, which most requests can save.
    timeout: Option<Duration>,
}

impl<'s> ConnectionReader<'s> {
    pub(super) fn new(transport: &'s Transport<'s>) -> ConnectionReader<'s> {
        ConnectionReader { transport, bytes: Vec::new(), timeout: None }
    }

    /// Waits for the first bytes, for at most that long. With TLS they may not hold a byte of a request yet.
    pub(super) fn wait(&mut self, timeout: Duration) -> Result<(), ReadError> {
        self.set_timeout(timeout)?;
        self.read().map(drop)
    }

    /// Reads at least one more byte before the deadline.
    pub(super) fn read_until(&mut self, deadline: Instant) -> Result<(), ReadError> {
        loop {
            self.set_deadline(deadline)?;
            if self.read()? > 0 {
                return Ok(());
            }
        }
    }

    /// Reads at least one byte into `buffer` before the deadline, and returns the count. The bytes kept here stay.
    pub(super) fn read_past(&mut self, buffer: &mut [u8], deadline: Instant) -> Result<usize, ReadError> {
        loop {
            self.set_deadline(deadline)?;
            let count = self.transport.read(buffer)?;
            if count > 0 {
                return Ok(count);
            }
        }
    }

    /// Writes an interim response (RFC 9110, 15.2), such as `100 Continue`.
    pub(super) fn write_interim(&self, mut bytes: &[u8]) -> Result<(), ReadError> {
        while !bytes.is_empty() || self.transport.has_unsent() {
            let count = self.transport.write(bytes, &[]).map_err(|_| {
                self.transport.mark_broken();
                ReadError::Closed
            })?;
            bytes = &bytes[count..];
        }
        Ok(())
    }

    fn read(&mut self) -> Result<usize, ReadError> {
        let mut chunk = [0; READ_BYTES];
        let count = self.transport.read(&mut chunk)?;
        self.bytes.extend_from_slice(&chunk[..count]);
        Ok(count)
    }

    fn set_deadline(&mut self, deadline: Instant) -> Result<(), ReadError> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(ReadError::TimedOut) } else { self.set_timeout(left) }
    }

    fn set_timeout(&mut self, timeout: Duration) -> Result<(), ReadError> {
        if self.timeout != Some(timeout) {
            self.transport.socket().set_read_timeout(Some(timeout)).map_err(|_| ReadError::Closed)?;
            self.timeout = Some(timeout);
        }
        Ok(())
    }
}
