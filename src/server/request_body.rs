//! The body of one request: its framing, its limits, and the start of the next request.

use super::head::BodyLength;
use super::limits::Limits;
use super::memory_budget::{Holder, MemoryBudget, Reservation};
use super::reader::ConnectionReader;
use super::transport::ReadError;
use crate::http::{BodySource, ClientAddress, Refusal};
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Instant;

/// Longest body that is read to authenticate the request, in bytes.
const CREDENTIALS_BYTES_MAX: usize = 16 * 1024;
/// Longest body that is read without reserving memory, in bytes. It arrives in one read with its head, or right after.
const UNRESERVED_BYTES_MAX: usize = 4096;
/// Growth of the buffer of a body, in bytes. It doubles each time: an announced body may never arrive.
const GROWTH_BYTES_MIN: usize = 4096;
const GROWTH_BYTES_MAX: usize = 1 << 20;
/// Maximum number of body bytes that are read at once.
const READ_BYTES_MAX: usize = 64 * 1024;
/// Longest body that is discarded to keep the connection open when no handler has read it, in bytes.
const DISCARDED_BYTES_MAX: usize = 64 * 1024;
/// Longest line of a chunk size with its extensions, and longest trailer section, in bytes.
const CHUNK_LINE_BYTES_MAX: usize = 4096;

const TOO_LONG: BodyError = BodyError::Rejected(Refusal(413, "The body is too long"));
const NO_MEMORY: Refusal = Refusal(503, "There is no memory for the body at the moment");

/// The position within a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BodyPosition {
    /// In a body without chunks, with this many bytes left.
    Plain(usize),
    /// Before the size of a chunk.
    Size,
    /// In a chunk, with this many bytes left.
    Chunk(usize),
    /// After the last chunk, and after trailers of that length.
    Trailers(usize),
    End,
}

/// Error that ends the reading of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BodyError {
    Connection(ReadError),
    Rejected(Refusal),
}

impl From<ReadError> for BodyError {
    fn from(error: ReadError) -> BodyError {
        BodyError::Connection(error)
    }
}

/// The body of a request that is being handled.
pub(super) struct BodyReader<'c, 's>(RefCell<BodyState<'c, 's>>);

struct BodyState<'c, 's> {
    reader: &'c mut ConnectionReader<'s>,
    limits: &'s Limits,
    budget: &'s MemoryBudget,
    address: ClientAddress,
    position: BodyPosition,
    /// The client waits for `100 Continue` before it sends the body.
    awaits_continue: bool,
    /// The error of a failed attempt to read the body.
    error: Option<BodyError>,
    reservation: Option<Reservation<'s>>,
}

/// The state of the connection after the handler has returned.
pub(super) struct BodyOutcome {
    pub(super) remaining: RemainingBody,
    /// The party whose share the response is charged to.
    pub(super) holder: Holder,
}

/// The part of a body that has not been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RemainingBody {
    /// The next bytes are the next request.
    None,
    /// Short enough to be discarded after the response.
    Discardable(UnreadBody),
    /// Too long, or without a trustworthy end: the connection closes after the response.
    TooLong,
    ClientGone,
}

/// A body that no handler has read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UnreadBody {
    position: BodyPosition,
    /// Bytes that may still be read.
    allowance: usize,
}

impl<'c, 's> BodyReader<'c, 's> {
    /// The body that begins at the current position of the reader.
    pub(super) fn new(
        length: BodyLength,
        expects_continue: bool,
        reader: &'c mut ConnectionReader<'s>,
        limits: &'s Limits,
        budget: &'s MemoryBudget,
        address: ClientAddress,
    ) -> BodyReader<'c, 's> {
        let position = match length {
            BodyLength::None => BodyPosition::End,
            BodyLength::Known(length) => BodyPosition::Plain(usize::try_from(length).unwrap_or(usize::MAX)),
            BodyLength::Chunked => BodyPosition::Size,
        };
        let awaits_continue = expects_continue && reader.bytes.is_empty();
        let (error, reservation) = (None, None);
        BodyReader(RefCell::new(BodyState {
            reader,
            limits,
            budget,
            address,
            position,
            awaits_continue,
            error,
            reservation,
        }))
    }

    /// Releases the reserved memory, and finds out without waiting how the connection continues.
    pub(super) fn finish(self) -> BodyOutcome {
        self.0.into_inner().finish()
    }
}

impl<'s> BodyState<'_, 's> {
    fn finish(self) -> BodyOutcome {
        let remaining = match self.error {
            Some(BodyError::Connection(ReadError::Closed)) => RemainingBody::ClientGone,
            Some(_) => RemainingBody::TooLong,
            None if self.position == BodyPosition::End => RemainingBody::None,
            // The client may still send the body, or not.
            None if self.awaits_continue => RemainingBody::TooLong,
            None => {
                let allowance = DISCARDED_BYTES_MAX.min(self.limits.body_bytes);
                discard(self.reader, UnreadBody { position: self.position, allowance }, Instant::now())
            }
        };
        let holder = self.reservation.map_or(Holder::Address(self.address), |reservation| reservation.holder().clone());
        BodyOutcome { remaining, holder }
    }

    fn try_read(&mut self, holder: Holder, most: usize) -> Result<Vec<u8>, BodyError> {
        let mut reservation = self.budget.reservation(holder);
        let read = match self.position {
            BodyPosition::End => Ok(Vec::new()),
            _ => self.read_to_end(&mut reservation, most.min(self.limits.body_bytes)),
        };
        self.reservation = Some(reservation);
        read
    }

    fn read_to_end(&mut self, reservation: &mut Reservation<'s>, most: usize) -> Result<Vec<u8>, BodyError> {
        if let BodyPosition::Plain(length) = self.position
            && length > most
        {
            return Err(TOO_LONG);
        }
        if std::mem::take(&mut self.awaits_continue) {
            self.reader.write_interim(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        if let BodyPosition::Plain(length) = self.position
            && length <= self.reader.bytes.len()
        {
            if length > UNRESERVED_BYTES_MAX && !reservation.add(length) {
                return Err(BodyError::Rejected(NO_MEMORY));
            }
            self.position = BodyPosition::End;
            let rest = self.reader.bytes.split_off(length);
            return Ok(std::mem::replace(&mut self.reader.bytes, rest));
        }
        let deadline = Instant::now() + self.limits.body_timeout;
        let mut body = Vec::new();
        let mut allowance = most;
        let is_plain = matches!(self.position, BodyPosition::Plain(_));
        advance(self.reader, &mut self.position, &mut allowance, deadline, |reader, left| {
            if body.len() == body.capacity() {
                // The buffer grows only for bytes that have arrived.
                if reader.bytes.is_empty() {
                    reader.read_until(deadline)?;
                }
                let step = body.len().clamp(GROWTH_BYTES_MIN, GROWTH_BYTES_MAX);
                let longest = if is_plain { body.len() + left } else { most };
                let capacity = longest.min(body.len() + step);
                grow(&mut body, capacity, reservation)?;
            }
            let wanted = left.min(body.capacity() - body.len());
            let at_hand = wanted.min(reader.bytes.len());
            if at_hand > 0 {
                body.extend(reader.bytes.drain(..at_hand));
                return Ok(at_hand);
            }
            let from = body.len();
            body.resize(from + wanted.min(READ_BYTES_MAX), 0);
            let count = reader.read_past(&mut body[from..], deadline);
            body.truncate(from + count.unwrap_or(0));
            Ok(count?)
        })?;
        Ok(body)
    }
}

impl BodySource for BodyReader<'_, '_> {
    fn read(&self, caller: Option<&Arc<str>>) -> Result<Vec<u8>, Refusal> {
        let mut state = self.0.borrow_mut();
        let (holder, most) = match caller {
            Some(name) => (Holder::Caller(Arc::clone(name)), usize::MAX),
            None => (Holder::Address(state.address), CREDENTIALS_BYTES_MAX),
        };
        state.try_read(holder, most).map_err(|error| {
            state.error = Some(error);
            match error {
                BodyError::Rejected(refusal) => refusal,
                BodyError::Connection(ReadError::TimedOut) => Refusal(408, "The body did not come in time"),
                // The client is gone and gets no response.
                BodyError::Connection(ReadError::Closed) => Refusal(400, "The body is cut off"),
            }
        })
    }

    fn reserve(&self, bytes: usize) -> Result<(), Refusal> {
        let added = self.0.borrow_mut().reservation.as_mut().is_none_or(|reservation| reservation.add(bytes));
        if added { Ok(()) } else { Err(NO_MEMORY) }
    }
}

/// Grows the buffer of a body, and reserves the memory for it first.
fn grow(body: &mut Vec<u8>, capacity: usize, reservation: &mut Reservation<'_>) -> Result<(), BodyError> {
    if capacity > UNRESERVED_BYTES_MAX {
        let had = if body.capacity() > UNRESERVED_BYTES_MAX { body.capacity() } else { 0 };
        if !reservation.add(capacity.saturating_sub(had)) {
            return Err(BodyError::Rejected(NO_MEMORY));
        }
    }
    body.reserve_exact(capacity - body.len());
    Ok(())
}

/// Discards the rest of a body, before the deadline.
pub(super) fn discard(reader: &mut ConnectionReader<'_>, unread: UnreadBody, deadline: Instant) -> RemainingBody {
    let UnreadBody { mut position, mut allowance } = unread;
    if let BodyPosition::Plain(length) = position
        && length.saturating_sub(reader.bytes.len()) > allowance
    {
        return RemainingBody::TooLong;
    }
    let discarded = advance(reader, &mut position, &mut allowance, deadline, |reader, left| {
        if reader.bytes.is_empty() {
            reader.read_until(deadline)?;
        }
        let count = left.min(reader.bytes.len());
        reader.bytes.drain(..count);
        Ok(count)
    });
    match discarded {
        Ok(()) => RemainingBody::None,
        Err(BodyError::Connection(ReadError::TimedOut)) => {
            RemainingBody::Discardable(UnreadBody { position, allowance })
        }
        Err(BodyError::Connection(ReadError::Closed)) => RemainingBody::ClientGone,
        Err(BodyError::Rejected(_)) => RemainingBody::TooLong,
    }
}

/// Reads a body from a position to its end. `take` takes some of the next bytes, at most as many as it is told, from
/// the reader and returns how many. After a timeout this can be called again.
fn advance<'s>(
    reader: &mut ConnectionReader<'s>,
    position: &mut BodyPosition,
    allowance: &mut usize,
    deadline: Instant,
    mut take: impl FnMut(&mut ConnectionReader<'s>, usize) -> Result<usize, BodyError>,
) -> Result<(), BodyError> {
    loop {
        *position = match *position {
            BodyPosition::End => return Ok(()),
            BodyPosition::Plain(0) => BodyPosition::End,
            BodyPosition::Plain(left) => BodyPosition::Plain(left - take(reader, left)?),
            BodyPosition::Size => match read_chunk_size(reader, deadline)? {
                0 => BodyPosition::Trailers(0),
                size if size > *allowance => return Err(TOO_LONG),
                size => {
                    *allowance -= size;
                    BodyPosition::Chunk(size)
                }
            },
            BodyPosition::Chunk(0) => {
                read_chunk_end(reader, deadline)?;
                BodyPosition::Size
            }
            BodyPosition::Chunk(left) => BodyPosition::Chunk(left - take(reader, left)?),
            BodyPosition::Trailers(length) => read_trailer(reader, length, deadline)?,
        }
    }
}

/// Reads the line before a chunk (RFC 9112, 7.1): the size in hexadecimal, and extensions, which are ignored.
fn read_chunk_size(reader: &mut ConnectionReader<'_>, deadline: Instant) -> Result<usize, BodyError> {
    const BROKEN: BodyError = BodyError::Rejected(Refusal(400, "A chunk size is broken"));
    let read_line = read_line(reader, deadline)?;
    let digits = read_line.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(read_line.len());
    let (size, extensions) = read_line.split_at(digits);
    let extended = extensions.trim_ascii_start();
    if !extended.is_empty() && !extended.starts_with(b";") {
        return Err(BROKEN);
    }
    if read_line.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
        return Err(BROKEN);
    }
    let size = std::str::from_utf8(size).ok().filter(|size| (1..=16).contains(&size.len())).ok_or(BROKEN)?;
    let size = u64::from_str_radix(size, 16).map_err(|_| BROKEN)?;
    Ok(usize::try_from(size).unwrap_or(usize::MAX))
}

/// Reads the end of a chunk.
fn read_chunk_end(reader: &mut ConnectionReader<'_>, deadline: Instant) -> Result<(), BodyError> {
    while reader.bytes.len() < 2 {
        reader.read_until(deadline)?;
    }
    if !reader.bytes.starts_with(b"\r\n") {
        return Err(BodyError::Rejected(Refusal(400, "A chunk is longer than its size")));
    }
    reader.bytes.drain(..2);
    Ok(())
}

/// Reads one trailer field, or the empty line after them. Trailers are validated and ignored.
fn read_trailer(
    reader: &mut ConnectionReader<'_>,
    length: usize,
    deadline: Instant,
) -> Result<BodyPosition, BodyError> {
    let read_line = read_line(reader, deadline)?;
    if read_line.is_empty() {
        return Ok(BodyPosition::End);
    }
    let length = length + read_line.len();
    let field = [read_line.as_slice(), b"\r\n\r\n"].concat();
    let parsed = httparse::parse_headers(&field, &mut [httparse::EMPTY_HEADER; 1]).map(|status| status.is_complete());
    if length > CHUNK_LINE_BYTES_MAX || parsed != Ok(true) {
        return Err(BodyError::Rejected(Refusal(400, "The trailers are broken")));
    }
    Ok(BodyPosition::Trailers(length))
}

/// Reads a line of the chunked coding, without its end.
fn read_line(reader: &mut ConnectionReader<'_>, deadline: Instant) -> Result<Vec<u8>, BodyError> {
    loop {
        if let Some(end) = reader.bytes.iter().position(|byte| *byte == b'\n') {
            let mut read_line: Vec<u8> = reader.bytes.drain(..=end).collect();
            read_line.pop();
            return match read_line.pop() {
                Some(b'\r') => Ok(read_line),
                _ => Err(BodyError::Rejected(Refusal(400, "A line of the body ends without a carriage return"))),
            };
        }
        if reader.bytes.len() > CHUNK_LINE_BYTES_MAX {
            return Err(BodyError::Rejected(Refusal(400, "A chunk size is broken")));
        }
        reader.read_until(deadline)?;
    }
}
