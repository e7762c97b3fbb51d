//! Reading from a connection within a deadline that no slow sender can move.

use super::transport::Transport;
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
    transport: &'s Transport<'s>,
    /// Read and not used yet.
    pub(super) bytes: Vec<u8>,
    /// The timeout that the socket has now: setting it is a system call, which the ordinary request saves.
    timeout: Option<Duration>,
}

impl<'s> Reader<'s> {
    pub(super) fn new(transport: &'s Transport<'s>) -> Reader<'s> {
        Reader { transport, bytes: Vec::new(), timeout: None }
    }

    /// Waits for at most that long until the client begins to send something. With TLS, that need not be a byte of a
    /// request yet.
    pub(super) fn wait(&mut self, timeout: Duration) -> Result<(), End> {
        self.set_timeout(timeout)?;
        self.read().map(drop)
    }

    /// Reads some more before the deadline.
    pub(super) fn read_until(&mut self, deadline: Instant) -> Result<(), End> {
        loop {
            self.set_deadline(deadline)?;
            if self.read()? > 0 {
                return Ok(());
            }
        }
    }

    /// Reads some more before the deadline, past the bytes kept here, and returns how much that is.
    pub(super) fn read_past(&mut self, buffer: &mut [u8], deadline: Instant) -> Result<usize, End> {
        loop {
            self.set_deadline(deadline)?;
            let count = self.transport.read(buffer)?;
            if count > 0 {
                return Ok(count);
            }
        }
    }

    /// Writes to the connection, which is between two answers.
    pub(super) fn interject(&self, mut bytes: &[u8]) -> Result<(), End> {
        while !bytes.is_empty() || self.transport.has_unsent() {
            let count = self.transport.write(bytes, &[]).map_err(|_| {
                self.transport.give_up();
                End::Closed
            })?;
            bytes = &bytes[count..];
        }
        Ok(())
    }

    fn read(&mut self) -> Result<usize, End> {
        let mut step = [0; STEP];
        let count = self.transport.read(&mut step)?;
        self.bytes.extend_from_slice(&step[..count]);
        Ok(count)
    }

    fn set_deadline(&mut self, deadline: Instant) -> Result<(), End> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(End::Late) } else { self.set_timeout(left) }
    }

    fn set_timeout(&mut self, timeout: Duration) -> Result<(), End> {
        if self.timeout != Some(timeout) {
            self.transport.socket().set_read_timeout(Some(timeout)).map_err(|_| End::Closed)?;
            self.timeout = Some(timeout);
        }
        Ok(())
    }
}
