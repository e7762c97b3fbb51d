//! One connection's life: read a head, read a body, answer, again.

use super::head::{
    BodyLength, FIELDS_MAX, HEAD_BYTES_MAX, Head, Refusal, find_end, parse, path_of_broken, request_id, too_long,
};
use super::proxies::{Client, client_behind};
use super::reader::{End, Reader};
use super::traffic::{Tally, Traffic};
use super::{Incoming, Limits, Network, Peer, Refused, Shared, milliseconds, share_of};
use crate::http::{Body, Method, Request, Response, StatusCode, Trace};
use crate::logging::{self, RequestLine};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Shutdown, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

/// Longest line of a chunk's size with its extensions, or of all trailers, in bytes.
const CHUNK_LINE_BYTES_MAX: usize = 4096;
/// Body bytes that are read in one step before more room is made: what is announced need not come.
const BODY_STEP: usize = 64 * 1024;
/// Buffers that a large request has grown are given back beyond this.
const BUFFER_BYTES_KEPT: usize = 16 * 1024;
/// What is read away after the last answer, for how long in all, and how long nothing may come. Closed at once, an
/// unread request would destroy the answer; and many clients send all of a body before they look at one.
const LINGER_BYTES_MAX: usize = 32 << 20;
const LINGER_FOR: Duration = Duration::from_secs(10);
const LINGER_PAUSE: Duration = Duration::from_secs(1);
/// The slowest reader of a long answer that is still served, in bytes a second.
const WRITE_BYTES_PER_SECOND_MIN: u64 = 16 * 1024;

/// Empty lines before a request that are taken for what is left of the one before.
const EMPTY_LINES_MAX: usize = 4;

/// Whether the connection goes on after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Request,
    Close,
    /// Close, but read away first what may still be coming.
    Linger,
}

/// Serves requests on a connection until it ends. `trusted` are the proxies that are believed, when this is one.
pub(super) fn serve(
    peer: &Peer,
    shared: &Shared,
    limits: &Limits,
    trusted: Option<&[Network]>,
    traffic: &Arc<Traffic>,
    handler: &(dyn Fn(Incoming<'_>) -> Response + Sync),
) {
    let mut connection = Connection {
        stream: &peer.stream,
        reader: Reader::new(&peer.stream),
        body: Vec::new(),
        out: Vec::new(),
        clock: Clock::default(),
        log: logging::Fast::new(),
        tally: Tally::new(traffic),
        peer: peer.address,
        trusted,
        ended: Instant::now(),
        shared,
        limits,
        handler,
    };
    let mut patience = limits.head_timeout;
    loop {
        if connection.reader.bytes.is_empty() {
            peer.idle_since.store(milliseconds(shared.start, connection.ended), Ordering::Release);
            let waited = if shared.stopping.load(Ordering::Acquire) {
                Err(End::Closed)
            } else {
                connection.reader.wait(patience)
            };
            peer.idle_since.store(0, Ordering::Release);
            // Nothing was asked, so nothing is answered.
            if waited.is_err() {
                return;
            }
        }
        let next = connection.request();
        logging::end_request();
        match next {
            Next::Request => patience = limits.idle_timeout,
            Next::Close => return,
            Next::Linger => return linger(&peer.stream),
        }
    }
}

struct Connection<'s> {
    stream: &'s TcpStream,
    reader: Reader<'s>,
    body: Vec<u8>,
    out: Vec<u8>,
    clock: Clock,
    log: logging::Fast,
    tally: Tally,
    /// Where the other end is.
    peer: IpAddr,
    /// The proxies that are believed, when the other end is one.
    trusted: Option<&'s [Network]>,
    /// When the last answer was sent.
    ended: Instant,
    shared: &'s Shared,
    limits: &'s Limits,
    handler: &'s (dyn Fn(Incoming<'_>) -> Response + Sync),
}

impl Connection<'_> {
    /// Reads one request and answers it.
    fn request(&mut self) -> Next {
        let start = Instant::now();
        let end = match self.head(start) {
            Ok(end) => end,
            Err(Some(refusal)) => {
                logging::begin_request(None);
                return self.refuse(start, refusal);
            }
            Err(None) => return Next::Close,
        };
        // What follows the head leaves the buffer, so that the head can be borrowed from it undisturbed.
        let rest = self.reader.bytes.split_off(end);
        let bytes = std::mem::take(&mut self.reader.bytes);
        let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let parsed = parse(&bytes, &mut fields);
        // What was read of a head that is refused has an identifier too.
        let count = parsed.as_ref().map_or(FIELDS_MAX, |(_, count)| *count);
        logging::begin_request(request_id(&fields[..count]));
        let (head, count) = match parsed {
            Ok(parsed) => parsed,
            Err(refusal) => {
                self.reader.bytes = bytes;
                return self.refuse(start, refusal);
            }
        };
        if let Err(refusal) = self.read_body(&head, rest) {
            self.reader.bytes = bytes;
            return match refusal {
                Some(refusal) => self.refuse(start, refusal),
                None => Next::Close,
            };
        }
        let body = std::mem::take(&mut self.body);
        let Head { method, path, query, .. } = head;
        let (headers, door) = (&fields[..count], self.shared.door);
        let Client { address, secure } = self.client(headers);
        let request = Request { method, path, query, headers, body: &body, peer: address, secure, door };
        let (mut response, panicked) =
            match catch_unwind(AssertUnwindSafe(|| (self.handler)(Incoming::Request(&request)))) {
                Ok(response) => (response, false),
                Err(_) => (self.refusal_document(Some(request.path), Refusal(500, "Internal server error")), true),
            };
        // Without chunks only the end of the connection can mark the end of a body in pieces.
        let endless = head.old && matches!(response.body, Body::Pieces(_));
        let close = panicked || !head.keep_alive || endless || self.shared.stopping.load(Ordering::Acquire);
        let (status, trace) = (response.status, std::mem::take(&mut response.trace));
        let written = self.write(response, &request.method, head.old, close);
        self.note(start, Some(&request.method), request.path, status, &trace);
        self.body = body;
        self.body.clear();
        self.body.shrink_to(BUFFER_BYTES_KEPT);
        if self.reader.bytes.is_empty() {
            // The buffer of the head serves the next one.
            self.reader.bytes = bytes;
            self.reader.bytes.clear();
            self.reader.bytes.shrink_to(BUFFER_BYTES_KEPT);
        }
        match written {
            Err(_) => Next::Close,
            Ok(()) if !close => Next::Request,
            Ok(()) if self.reader.bytes.is_empty() && !panicked => Next::Close,
            Ok(()) => Next::Linger,
        }
    }

    /// Who sends a request with these fields.
    fn client(&self, headers: &[httparse::Header<'_>]) -> Client {
        match self.trusted {
            None => Client { address: self.peer, secure: false },
            Some(trusted) => {
                let client = client_behind(self.peer, trusted, headers);
                Client { address: share_of(client.address), ..client }
            }
        }
    }

    /// Reads until the head is complete and returns its length.
    fn head(&mut self, start: Instant) -> Result<usize, Option<Refusal>> {
        let deadline = start + self.limits.head_timeout;
        let mut skipped = 0;
        let mut looked_at = 0;
        loop {
            // An empty line before a request is left over from the one before (RFC 9112, 2.2).
            while skipped < EMPTY_LINES_MAX && self.reader.bytes.starts_with(b"\r\n") {
                self.reader.bytes.drain(..2);
                skipped += 1;
                looked_at = 0;
            }
            let bytes = &self.reader.bytes;
            match find_end(bytes, looked_at).map_err(Some)? {
                Some(end) if end > HEAD_BYTES_MAX => return Err(Some(too_long(&bytes[..HEAD_BYTES_MAX]))),
                Some(end) => return Ok(end),
                None if bytes.len() > HEAD_BYTES_MAX => return Err(Some(too_long(bytes))),
                None => {}
            }
            // The last bytes are looked at again: the end may have come in two parts.
            looked_at = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            match self.reader.read_until(deadline) {
                Ok(()) => {}
                Err(_) if self.reader.bytes.is_empty() => return Err(None),
                Err(End::Closed) => return Err(None),
                Err(End::Late) => return Err(Some(Refusal(408, "The head did not come in time"))),
            }
        }
    }

    /// Reads the whole body into `self.body`; `rest` is what came together with the head. What follows the
    /// body goes back to the reader.
    fn read_body(&mut self, head: &Head<'_>, mut rest: Vec<u8>) -> Result<(), Option<Refusal>> {
        const TOO_LONG: Option<Refusal> = Some(Refusal(413, "The body is too long"));
        let most = self.limits.body_bytes;
        let deadline = Instant::now() + self.limits.body_timeout;
        if let BodyLength::Known(length) = head.body
            && usize::try_from(length).map_or(true, |length| length > most)
        {
            return Err(TOO_LONG);
        }
        if head.expects_continue && rest.is_empty() {
            self.stream_write_all(b"HTTP/1.1 100 Continue\r\n\r\n").map_err(|_| None)?;
        }
        match head.body {
            BodyLength::None => self.reader.bytes = rest,
            BodyLength::Known(length) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                if rest.len() >= length {
                    self.reader.bytes = rest.split_off(length);
                    self.body = rest;
                    return Ok(());
                }
                self.body = rest;
                while self.body.len() < length {
                    let start = self.body.len();
                    self.body.resize(length.min(start + BODY_STEP), 0);
                    self.reader.read_exact_until(&mut self.body[start..], deadline).map_err(body_ended)?;
                }
            }
            BodyLength::Chunked => {
                self.reader.bytes = rest;
                loop {
                    let size = self.chunk_size(deadline)?;
                    if size == 0 {
                        return self.trailers(deadline);
                    }
                    if size > most.saturating_sub(self.body.len()) {
                        return Err(TOO_LONG);
                    }
                    self.chunk(size, deadline)?;
                }
            }
        }
        Ok(())
    }

    /// Reads the line before a chunk (RFC 9112, 7.1): the size in hexadecimal, and extensions that nobody knows.
    fn chunk_size(&mut self, deadline: Instant) -> Result<usize, Option<Refusal>> {
        const BROKEN: Option<Refusal> = Some(Refusal(400, "A chunk size is broken"));
        let line = self.line(deadline)?;
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

    fn chunk(&mut self, size: usize, deadline: Instant) -> Result<(), Option<Refusal>> {
        let start = self.body.len();
        let at_hand = size.min(self.reader.bytes.len());
        self.body.extend(self.reader.bytes.drain(..at_hand));
        while self.body.len() < start + size {
            let from = self.body.len();
            self.body.resize((start + size).min(from + BODY_STEP), 0);
            self.reader.read_exact_until(&mut self.body[from..], deadline).map_err(body_ended)?;
        }
        while self.reader.bytes.len() < 2 {
            self.reader.read_until(deadline).map_err(body_ended)?;
        }
        if !self.reader.bytes.starts_with(b"\r\n") {
            return Err(Some(Refusal(400, "A chunk is longer than its size")));
        }
        self.reader.bytes.drain(..2);
        Ok(())
    }

    /// Reads the fields after the last chunk. They are checked and not used.
    fn trailers(&mut self, deadline: Instant) -> Result<(), Option<Refusal>> {
        let mut length = 0;
        loop {
            let line = self.line(deadline)?;
            if line.is_empty() {
                return Ok(());
            }
            length += line.len();
            let field = [line.as_slice(), b"\r\n\r\n"].concat();
            let parsed =
                httparse::parse_headers(&field, &mut [httparse::EMPTY_HEADER; 1]).map(|status| status.is_complete());
            if length > CHUNK_LINE_BYTES_MAX || parsed != Ok(true) {
                return Err(Some(Refusal(400, "The trailers are broken")));
            }
        }
    }

    /// Reads a line of the chunked coding, without its end.
    fn line(&mut self, deadline: Instant) -> Result<Vec<u8>, Option<Refusal>> {
        loop {
            if let Some(end) = self.reader.bytes.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.reader.bytes.drain(..=end).collect();
                line.pop();
                return match line.pop() {
                    Some(b'\r') => Ok(line),
                    _ => Err(Some(Refusal(400, "A line of the body ends without a carriage return"))),
                };
            }
            if self.reader.bytes.len() > CHUNK_LINE_BYTES_MAX {
                return Err(Some(Refusal(400, "A chunk size is broken")));
            }
            self.reader.read_until(deadline).map_err(body_ended)?;
        }
    }

    /// Answers what is no request that a handler could be given. Whatever else has come is not looked at.
    fn refuse(&mut self, start: Instant, refusal: Refusal) -> Next {
        let bytes = std::mem::take(&mut self.reader.bytes);
        let path = path_of_broken(&bytes);
        let mut response = self.refusal_document(path, refusal);
        let trace = std::mem::take(&mut response.trace);
        let method = if bytes.starts_with(b"HEAD ") { Method::Head } else { Method::Get };
        let written = self.write(response, &method, false, true);
        let status = StatusCode(refusal.0);
        self.note(start, None, path.unwrap_or("-"), status, &trace);
        if written.is_ok() { Next::Linger } else { Next::Close }
    }

    fn refusal_document(&self, path: Option<&str>, Refusal(status, message): Refusal) -> Response {
        let refused = Refused { door: self.shared.door, path, status, message };
        catch_unwind(AssertUnwindSafe(|| (self.handler)(Incoming::Refused(&refused))))
            .unwrap_or_else(|_| Response::empty(status))
    }

    fn write(&mut self, response: Response, method: &Method, old: bool, close: bool) -> std::io::Result<()> {
        let Response { status, content_type, headers, body, tag, kept, trace: _ } = response;
        let chunked = !old && matches!(body, Body::Pieces(_));
        let out = &mut self.out;
        out.clear();
        if status.0 == 200 {
            out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
        } else {
            let _ = write!(out, "HTTP/1.1 {} {}\r\n", status.0, status.default_reason_phrase());
        }
        // Nearly every answer is about people: no browser shall guess what it is, and nobody on the way keep it.
        out.extend_from_slice(b"X-Content-Type-Options: nosniff\r\nCache-Control: ");
        out.extend_from_slice(if kept { b"no-cache" } else { b"no-store" });
        out.extend_from_slice(b"\r\nDate: ");
        out.extend_from_slice(self.clock.date());
        out.extend_from_slice(b"\r\nX-Request-Id: ");
        logging::with_request_id(|id| out.extend_from_slice(id.as_bytes()));
        out.extend_from_slice(b"\r\n");
        for header in &headers {
            let _ = write!(out, "{}: {}\r\n", header.field, header.value);
        }
        if let Some(tag) = tag {
            out.extend_from_slice(b"ETag: ");
            tag.write_to(out);
            out.extend_from_slice(b"\r\n");
        }
        let bodiless = matches!(status.0, 100..200 | 204 | 304);
        if !bodiless {
            if !content_type.is_empty() {
                out.extend_from_slice(b"Content-Type: ");
                out.extend_from_slice(content_type.as_bytes());
                out.extend_from_slice(b"\r\n");
            }
            match &body {
                Body::Bytes(bytes) => write!(out, "Content-Length: {}\r\n", bytes.len())?,
                Body::Shared(bytes) => write!(out, "Content-Length: {}\r\n", bytes.len())?,
                Body::Pieces(_) if chunked => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
                Body::Pieces(_) => {}
            }
        }
        if close {
            out.extend_from_slice(b"Connection: close\r\n");
        } else if old {
            out.extend_from_slice(b"Connection: keep-alive\r\n");
        }
        out.extend_from_slice(b"\r\n");
        let mut out = std::mem::take(&mut self.out);
        let result = match body {
            _ if bodiless || *method == Method::Head => self.stream_write_all(&out),
            Body::Bytes(bytes) => {
                out.extend_from_slice(&bytes);
                self.stream_write_all(&out)
            }
            Body::Shared(bytes) => {
                out.extend_from_slice(&bytes);
                self.stream_write_all(&out)
            }
            Body::Pieces(next) => self.write_pieces(&mut out, next, chunked),
        };
        out.clear();
        out.shrink_to(BUFFER_BYTES_KEPT);
        self.out = out;
        if close && result.is_ok() {
            let _ = self.stream.shutdown(Shutdown::Write);
        }
        result
    }

    /// Sends a body as it comes. `out` holds the head, which goes along with the first piece.
    fn write_pieces(
        &self,
        out: &mut Vec<u8>,
        mut next: Box<dyn FnMut() -> anyhow::Result<Option<Vec<u8>>> + Send>,
        chunked: bool,
    ) -> std::io::Result<()> {
        loop {
            let piece = catch_unwind(AssertUnwindSafe(&mut next))
                .unwrap_or_else(|_| Err(anyhow::anyhow!("the list panicked")))
                .map_err(|error| {
                    log::error!("an answer was cut short: {error:#}");
                    std::io::Error::other("the answer could not be completed")
                })?;
            let Some(piece) = piece else { break };
            // An empty chunk would be the end.
            if piece.is_empty() {
                continue;
            }
            if chunked {
                let _ = write!(out, "{:x}\r\n", piece.len());
            }
            out.extend_from_slice(&piece);
            if chunked {
                out.extend_from_slice(b"\r\n");
            }
            self.stream_write_all(out)?;
            out.clear();
        }
        if chunked {
            out.extend_from_slice(b"0\r\n\r\n");
        }
        self.stream_write_all(out)
    }

    /// Writes all of it, as long as the other side goes on reading at a reasonable pace.
    fn stream_write_all(&self, bytes: &[u8]) -> std::io::Result<()> {
        let mut stream = self.stream;
        let mut rest = bytes;
        let mut deadline = None;
        while !rest.is_empty() {
            match stream.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if !rest.is_empty() {
                let pace = Duration::from_secs(bytes.len() as u64 / WRITE_BYTES_PER_SECOND_MIN);
                let until = *deadline.get_or_insert_with(|| Instant::now() + self.limits.write_timeout + pace);
                if Instant::now() > until {
                    return Err(ErrorKind::TimedOut.into());
                }
            }
        }
        Ok(())
    }

    /// Logs one line a request, and counts it. The query is left out: it may hold keys.
    fn note(&mut self, start: Instant, method: Option<&Method>, path: &str, status: StatusCode, trace: &Trace) {
        self.ended = Instant::now();
        let took = self.ended - start;
        let line = RequestLine {
            method: method.map_or("-", Method::as_str),
            path: trace.path.as_deref().unwrap_or(path),
            status: status.0,
            dialect: trace.dialect,
            caller: trace.caller.as_deref(),
            took,
        };
        self.log.request(self.clock.now, &line);
        self.tally.count(method, status.0, trace, took);
    }
}

/// The time of the last answer, and the value of its `Date` field, written anew once a second.
struct Clock {
    now: SystemTime,
    second: u64,
    date: String,
}

impl Default for Clock {
    fn default() -> Clock {
        Clock { now: SystemTime::UNIX_EPOCH, second: 0, date: String::new() }
    }
}

impl Clock {
    fn date(&mut self) -> &[u8] {
        // Before that, dates cannot be written.
        self.now = SystemTime::now().max(SystemTime::UNIX_EPOCH);
        let second = self.now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
        if second != self.second || self.date.is_empty() {
            self.second = second;
            self.date = httpdate::fmt_http_date(self.now);
        }
        self.date.as_bytes()
    }
}

fn body_ended(end: End) -> Option<Refusal> {
    match end {
        End::Closed => None,
        End::Late => Some(Refusal(408, "The body did not come in time")),
    }
}

/// Reads away what still comes, so that closing does not destroy the answer on its way. Kept out of the frame of
/// [`serve`]: its buffer would be touched, and so cost memory, for as long as the connection is open.
#[inline(never)]
fn linger(mut stream: &TcpStream) {
    let _ = stream.shutdown(Shutdown::Write);
    let deadline = Instant::now() + LINGER_FOR;
    let mut bytes = [0; 16 * 1024];
    let mut count = 0;
    while count < LINGER_BYTES_MAX {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || stream.set_read_timeout(Some(left.min(LINGER_PAUSE))).is_err() {
            return;
        }
        match stream.read(&mut bytes) {
            Ok(0) | Err(_) => return,
            Ok(more) => count += more,
        }
    }
}
