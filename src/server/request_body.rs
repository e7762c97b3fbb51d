//! The body of one request: how it is framed, what it may take, and where the next request begins.

use super::Limits;
use super::head::BodyLength;
use super::memory_budget::{Budget, Holder, Reservation};
use super::reader::{End, Reader};
use crate::http::{BodySource, ClientAddress, Refusal};
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Instant;

/// Longest body with credentials in it, in bytes.
const CREDENTIALS_BYTES_MAX: usize = 16 * 1024;
/// Longest body that is read without setting memory aside, in bytes: it comes in one step with its head or right after.
const SMALL_BYTES_MAX: usize = 4096;
/// Steps in which room is made for a body, in bytes: doubled each time, as what is announced need not come.
const STEP_MIN: usize = 4096;
const STEP_MAX: usize = 1 << 20;
/// Body bytes that are read in one step.
const READ_MAX: usize = 64 * 1024;
/// Longest body that is read away for the sake of the connection when no handler has wanted it, in bytes.
const SKIPPED_BYTES_MAX: usize = 64 * 1024;
/// Longest line of a chunk's size with its extensions, or of all trailers, in bytes.
const CHUNK_LINE_BYTES_MAX: usize = 4096;

const TOO_LONG: Stop = Stop::Refused(Refusal(413, "The body is too long"));
const NO_MEMORY: Refusal = Refusal(503, "There is no memory for the body at the moment");

/// The place in a body up to which it has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In a body without chunks, of which so much is left.
    Plain(usize),
    /// Before the size of a chunk.
    Size,
    /// In a chunk, of which so much is left.
    Chunk(usize),
    /// After the last chunk and trailers of that length.
    Trailers(usize),
    End,
}

/// Why a body is not read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Ended(End),
    Refused(Refusal),
}

impl From<End> for Stop {
    fn from(end: End) -> Stop {
        Stop::Ended(end)
    }
}

/// The body of a request that is being handled.
pub(super) struct Body<'c, 's>(RefCell<State<'c, 's>>);

struct State<'c, 's> {
    reader: &'c mut Reader<'s>,
    limits: &'s Limits,
    budget: &'s Budget,
    address: ClientAddress,
    place: Place,
    /// The client waits for leave to send it.
    is_awaited: bool,
    /// Why it was not read to its end, after an attempt.
    stopped: Option<Stop>,
    reservation: Option<Reservation<'s>>,
}

/// The state of the connection after a handler.
pub(super) struct After {
    pub(super) rest: Rest,
    /// The party that an answer is charged to.
    pub(super) holder: Holder,
}

/// The rest of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// None: what follows is the next request.
    Nothing,
    /// Little enough to be read away after the answer.
    Skipped(Left),
    /// Too much, or it has no end that could be trusted: the connection closes after the answer.
    Kept,
    /// The client has gone.
    Gone,
}

/// What is left of a body that no handler has wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    place: Place,
    room: usize,
}

impl<'c, 's> Body<'c, 's> {
    /// The body that begins where the reader is.
    pub(super) fn new(
        length: BodyLength,
        expects_continue: bool,
        reader: &'c mut Reader<'s>,
        limits: &'s Limits,
        budget: &'s Budget,
        address: ClientAddress,
    ) -> Body<'c, 's> {
        let place = match length {
            BodyLength::None => Place::End,
            BodyLength::Known(length) => Place::Plain(usize::try_from(length).unwrap_or(usize::MAX)),
            BodyLength::Chunked => Place::Size,
        };
        let is_awaited = expects_continue && reader.bytes.is_empty();
        let (stopped, reservation) = (None, None);
        Body(RefCell::new(State { reader, limits, budget, address, place, is_awaited, stopped, reservation }))
    }

    /// Gives back the memory that was set aside, and finds out, without waiting for anything, how the connection goes on.
    pub(super) fn finish(self) -> After {
        self.0.into_inner().finish()
    }
}

impl<'s> State<'_, 's> {
    fn finish(self) -> After {
        let rest = match self.stopped {
            Some(Stop::Ended(End::Closed)) => Rest::Gone,
            Some(_) => Rest::Kept,
            None if self.place == Place::End => Rest::Nothing,
            // It may send the body all the same, or not.
            None if self.is_awaited => Rest::Kept,
            None => {
                let room = SKIPPED_BYTES_MAX.min(self.limits.body_bytes);
                skip(self.reader, Left { place: self.place, room }, Instant::now())
            }
        };
        let holder = self.reservation.map_or(Holder::Address(self.address), |reservation| reservation.holder().clone());
        After { rest, holder }
    }

    fn try_read(&mut self, holder: Holder, most: usize) -> Result<Vec<u8>, Stop> {
        let mut reservation = self.budget.reservation(holder);
        let read = match self.place {
            Place::End => Ok(Vec::new()),
            _ => self.read_to_end(&mut reservation, most.min(self.limits.body_bytes)),
        };
        self.reservation = Some(reservation);
        read
    }

    fn read_to_end(&mut self, reservation: &mut Reservation<'s>, most: usize) -> Result<Vec<u8>, Stop> {
        if let Place::Plain(length) = self.place
            && length > most
        {
            return Err(TOO_LONG);
        }
        if std::mem::take(&mut self.is_awaited) {
            self.reader.interject(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        if let Place::Plain(length) = self.place
            && length <= self.reader.bytes.len()
        {
            if length > SMALL_BYTES_MAX && !reservation.add(length) {
                return Err(Stop::Refused(NO_MEMORY));
            }
            self.place = Place::End;
            let rest = self.reader.bytes.split_off(length);
            return Ok(std::mem::replace(&mut self.reader.bytes, rest));
        }
        let deadline = Instant::now() + self.limits.body_timeout;
        let mut body = Vec::new();
        let mut room = most;
        let is_plain = matches!(self.place, Place::Plain(_));
        go_on(self.reader, &mut self.place, &mut room, deadline, |reader, left| {
            if body.len() == body.capacity() {
                // Room is made for bytes that are there.
                if reader.bytes.is_empty() {
                    reader.read_until(deadline)?;
                }
                let step = body.len().clamp(STEP_MIN, STEP_MAX);
                let longest = if is_plain { body.len() + left } else { most };
                let capacity = longest.min(body.len() + step);
                make_room(&mut body, capacity, reservation)?;
            }
            let wanted = left.min(body.capacity() - body.len());
            let at_hand = wanted.min(reader.bytes.len());
            if at_hand > 0 {
                body.extend(reader.bytes.drain(..at_hand));
                return Ok(at_hand);
            }
            let from = body.len();
            body.resize(from + wanted.min(READ_MAX), 0);
            let count = reader.read_past(&mut body[from..], deadline);
            body.truncate(from + count.unwrap_or(0));
            Ok(count?)
        })?;
        Ok(body)
    }
}

impl BodySource for Body<'_, '_> {
    fn read(&self, caller: Option<&Arc<str>>) -> Result<Vec<u8>, Refusal> {
        let mut state = self.0.borrow_mut();
        let (holder, most) = match caller {
            Some(name) => (Holder::Caller(Arc::clone(name)), usize::MAX),
            None => (Holder::Address(state.address), CREDENTIALS_BYTES_MAX),
        };
        state.try_read(holder, most).map_err(|stop| {
            state.stopped = Some(stop);
            match stop {
                Stop::Refused(refusal) => refusal,
                Stop::Ended(End::Late) => Refusal(408, "The body did not come in time"),
                // Nobody is left to be told.
                Stop::Ended(End::Closed) => Refusal(400, "The body is cut off"),
            }
        })
    }

    fn reserve(&self, bytes: usize) -> Result<(), Refusal> {
        let added = self.0.borrow_mut().reservation.as_mut().is_none_or(|reservation| reservation.add(bytes));
        if added { Ok(()) } else { Err(NO_MEMORY) }
    }
}

/// Makes room in a body, in memory that has been set aside for it.
fn make_room(body: &mut Vec<u8>, capacity: usize, reservation: &mut Reservation<'_>) -> Result<(), Stop> {
    if capacity > SMALL_BYTES_MAX {
        let had = if body.capacity() > SMALL_BYTES_MAX { body.capacity() } else { 0 };
        if !reservation.add(capacity.saturating_sub(had)) {
            return Err(Stop::Refused(NO_MEMORY));
        }
    }
    body.reserve_exact(capacity - body.len());
    Ok(())
}

/// Reads away, before the deadline, what is left of a body.
pub(super) fn skip(reader: &mut Reader<'_>, left: Left, deadline: Instant) -> Rest {
    let Left { mut place, mut room } = left;
    if let Place::Plain(length) = place
        && length.saturating_sub(reader.bytes.len()) > room
    {
        return Rest::Kept;
    }
    let skipped = go_on(reader, &mut place, &mut room, deadline, |reader, left| {
        if reader.bytes.is_empty() {
            reader.read_until(deadline)?;
        }
        let count = left.min(reader.bytes.len());
        reader.bytes.drain(..count);
        Ok(count)
    });
    match skipped {
        Ok(()) => Rest::Nothing,
        Err(Stop::Ended(End::Late)) => Rest::Skipped(Left { place, room }),
        Err(Stop::Ended(End::Closed)) => Rest::Gone,
        Err(Stop::Refused(_)) => Rest::Kept,
    }
}

/// Goes on from a place in a body to its end. `take` takes some of the bytes that are next, at most so many, from the
/// reader and returns how many. After a stop for lack of time this can be called again.
fn go_on<'s>(
    reader: &mut Reader<'s>,
    place: &mut Place,
    room: &mut usize,
    deadline: Instant,
    mut take: impl FnMut(&mut Reader<'s>, usize) -> Result<usize, Stop>,
) -> Result<(), Stop> {
    loop {
        *place = match *place {
            Place::End => return Ok(()),
            Place::Plain(0) => Place::End,
            Place::Plain(left) => Place::Plain(left - take(reader, left)?),
            Place::Size => match chunk_size(reader, deadline)? {
                0 => Place::Trailers(0),
                size if size > *room => return Err(TOO_LONG),
                size => {
                    *room -= size;
                    Place::Chunk(size)
                }
            },
            Place::Chunk(0) => {
                end_chunk(reader, deadline)?;
                Place::Size
            }
            Place::Chunk(left) => Place::Chunk(left - take(reader, left)?),
            Place::Trailers(length) => trailer(reader, length, deadline)?,
        }
    }
}

/// Reads the line before a chunk (RFC 9112, 7.1): the size in hexadecimal, and extensions that nobody knows.
fn chunk_size(reader: &mut Reader<'_>, deadline: Instant) -> Result<usize, Stop> {
    const BROKEN: Stop = Stop::Refused(Refusal(400, "A chunk size is broken"));
    let line = line(reader, deadline)?;
    let digits = line.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(line.len());
    let (size, extensions) = line.split_at(digits);
    let extended = extensions.trim_ascii_start();
    if !extended.is_empty() && !extended.starts_with(b";") {
        return Err(BROKEN);
    }
    if line.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
        return Err(BROKEN);
    }
    let size = std::str::from_utf8(size).ok().filter(|size| (1..=16).contains(&size.len())).ok_or(BROKEN)?;
    let size = u64::from_str_radix(size, 16).map_err(|_| BROKEN)?;
    Ok(usize::try_from(size).unwrap_or(usize::MAX))
}

/// Reads what follows the data of a chunk.
fn end_chunk(reader: &mut Reader<'_>, deadline: Instant) -> Result<(), Stop> {
    while reader.bytes.len() < 2 {
        reader.read_until(deadline)?;
    }
    if !reader.bytes.starts_with(b"\r\n") {
        return Err(Stop::Refused(Refusal(400, "A chunk is longer than its size")));
    }
    reader.bytes.drain(..2);
    Ok(())
}

/// Reads one of the fields after the last chunk, or the line after them. They are checked and not used.
fn trailer(reader: &mut Reader<'_>, length: usize, deadline: Instant) -> Result<Place, Stop> {
    let line = line(reader, deadline)?;
    if line.is_empty() {
        return Ok(Place::End);
    }
    let length = length + line.len();
    let field = [line.as_slice(), b"\r\n\r\n"].concat();
    let parsed = httparse::parse_headers(&field, &mut [httparse::EMPTY_HEADER; 1]).map(|status| status.is_complete());
    if length > CHUNK_LINE_BYTES_MAX || parsed != Ok(true) {
        return Err(Stop::Refused(Refusal(400, "The trailers are broken")));
    }
    Ok(Place::Trailers(length))
}

/// Reads a line of the chunked coding, without its end.
fn line(reader: &mut Reader<'_>, deadline: Instant) -> Result<Vec<u8>, Stop> {
    loop {
        if let Some(end) = reader.bytes.iter().position(|byte| *byte == b'\n') {
            let mut line: Vec<u8> = reader.bytes.drain(..=end).collect();
            line.pop();
            return match line.pop() {
                Some(b'\r') => Ok(line),
                _ => Err(Stop::Refused(Refusal(400, "A line of the body ends without a carriage return"))),
            };
        }
        if reader.bytes.len() > CHUNK_LINE_BYTES_MAX {
            return Err(Stop::Refused(Refusal(400, "A chunk size is broken")));
        }
        reader.read_until(deadline)?;
    }
}
