//! One connection's life: read a head, handle the request, which may read a body, answer, again.

use super::head::{FIELDS_MAX, HEAD_BYTES_MAX, Head, find_end, parse, path_of_broken, request_id, too_long};
use super::memory_budget::{Holder, Reservation};
use super::reader::{End, Reader};
use super::request_body::{After, Body, Left, Rest, skip};
use super::request_metrics::{RequestMetrics, Tally};
use super::tls::Certificate;
use super::transport::{Failure, Opening, TLS_BYTES_MAX, Transport, opening};
use super::trusted_proxies::{Client, client_behind};
use super::{Handshake, Inbound, Limits, Network, Peer, Refused, Shared, milliseconds, share_of};
use crate::http::{self, ClientAddress, Method, Refusal, Request, RequestBody, RequestLogFields, Response, StatusCode};
use crate::logging::{self, RequestLine};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

/// Buffers that a large request has grown are given back beyond this.
const BUFFER_BYTES_KEPT: usize = 4096;
/// Longest body of an answer that is copied behind its head, in bytes.
const COPIED_BYTES_MAX: usize = 2048;
/// Longest answer that is sent without setting memory aside, in bytes.
const SMALL_ANSWER_BYTES: usize = 16 * 1024;
/// Memory of an answer in pieces, in bytes: two pieces of it, see [`Response::pieces`].
const PIECE_BYTES: usize = 256 * 1024;
/// What is read away after the last answer, for how long in all, and how long nothing may come. Closed at once, an
/// unread request would destroy the answer; and many clients send all of a body before they look at one.
const LINGER_BYTES_MAX: usize = 32 << 20;
const LINGER_FOR: Duration = Duration::from_secs(10);
const LINGER_PAUSE: Duration = Duration::from_secs(1);
/// The slowest reader of a long answer that is still served, in bytes a second.
const WRITE_BYTES_PER_SECOND_MIN: u64 = 16 * 1024;

/// The least that a client has for its first request after a handshake that took nearly all of the time.
const PATIENCE_MIN: Duration = Duration::from_millis(1);
/// Empty lines before a request that are taken for what is left of the one before.
const EMPTY_LINES_MAX: usize = 4;

/// Whether the connection goes on after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Request,
    /// Another request, after the rest of a body that no handler has wanted.
    Skip(Left),
    Close,
    /// Close, but read away first what may still be coming.
    Linger,
}

/// Serves requests on a connection until it ends, through TLS where there is a certificate. `trusted` are the proxies
/// that are believed, when this is one.
pub(super) fn serve(
    peer: &Peer,
    shared: &Shared,
    limits: &Limits,
    certificate: Option<&Certificate>,
    trusted: Option<&[Network]>,
    traffic: &Arc<RequestMetrics>,
    handler: &(dyn Fn(Inbound<'_>) -> Response + Sync),
) {
    // The handshake counts as a part of the time that a client has until it begins to ask.
    let deadline = Instant::now() + limits.head_timeout;
    let transport = match certificate {
        None => Some(Transport::Plain(&peer.stream)),
        Some(certificate) => accept(peer, shared, certificate, deadline),
    };
    let Some(transport) = transport else { return };
    let mut connection = Connection {
        transport: &transport,
        wants_tls: certificate.is_some() && !transport.is_tls(),
        reader: Reader::new(&transport),
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
    converse(&mut connection, peer, deadline);
    transport.say_goodbye();
}

/// Begins TLS with a client, unless its first byte is that of a request without it.
#[inline(never)]
fn accept<'p>(peer: &'p Peer, shared: &Shared, certificate: &Certificate, deadline: Instant) -> Option<Transport<'p>> {
    let opening = opening(&peer.stream, deadline).ok()?;
    peer.idle_since.store(0, Ordering::Release);
    if opening == Opening::Plain {
        return Some(Transport::Plain(&peer.stream));
    }
    let accepted = Transport::accept(&peer.stream, certificate.config(), deadline);
    shared.count_handshake(match &accepted {
        Ok(_) => Handshake::Done,
        Err(Failure::Ended(End::Late)) => Handshake::Late,
        Err(_) => Handshake::Failed,
    });
    accepted.inspect_err(|failure| log::info!("the TLS handshake with {} failed: {failure}", peer.address)).ok()
}

/// Answers one request after the other. The first one has to begin before the deadline.
fn converse(connection: &mut Connection<'_>, peer: &Peer, deadline: Instant) {
    let (shared, limits) = (connection.shared, connection.limits);
    let mut patience = deadline.saturating_duration_since(Instant::now()).max(PATIENCE_MIN);
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
            Next::Request => {}
            Next::Skip(left) => match skip(&mut connection.reader, left, Instant::now() + limits.body_timeout) {
                Rest::Nothing => {}
                Rest::Kept => return linger(connection.transport),
                // It has its answer, and is not told that it has been too slow.
                Rest::Skipped(_) | Rest::Gone => return,
            },
            Next::Close => return,
            Next::Linger => return linger(connection.transport),
        }
        patience = limits.idle_timeout;
    }
}

struct Connection<'s> {
    transport: &'s Transport<'s>,
    /// There is no TLS where there should be, so that requests are refused.
    wants_tls: bool,
    reader: Reader<'s>,
    out: Vec<u8>,
    clock: Clock,
    log: logging::Fast,
    tally: Tally,
    /// Where the other end is.
    peer: ClientAddress,
    /// The proxies that are believed, when the other end is one.
    trusted: Option<&'s [Network]>,
    /// When the last answer was sent.
    ended: Instant,
    shared: &'s Shared,
    limits: &'s Limits,
    handler: &'s (dyn Fn(Inbound<'_>) -> Response + Sync),
}

impl<'s> Connection<'s> {
    /// Reads one request and answers it.
    fn request(&mut self) -> Next {
        let start = Instant::now();
        let end = match self.head(start) {
            Ok(end) => end,
            Err(Some(refusal)) => {
                logging::begin_request(None);
                let bytes = std::mem::take(&mut self.reader.bytes);
                return self.refuse(start, &bytes, refusal);
            }
            Err(None) => return Next::Close,
        };
        // The head leaves the reader, which is needed for the body while the head is borrowed.
        let rest = self.reader.bytes.split_off(end);
        let bytes = std::mem::replace(&mut self.reader.bytes, rest);
        if self.wants_tls {
            logging::begin_request(None);
            return self.refuse(
                start,
                &bytes,
                Refusal(400, "This port takes HTTPS only: use https:// in place of http://"),
            );
        }
        let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let parsed = parse(&bytes, &mut fields);
        // What was read of a head that is refused has an identifier too.
        let count = parsed.as_ref().map_or(FIELDS_MAX, |(_, count)| *count);
        logging::begin_request(request_id(&fields[..count]));
        let (head, count) = match parsed {
            Ok(parsed) => parsed,
            Err(refusal) => return self.refuse(start, &bytes, refusal),
        };
        let Head { method, path, query, body, expects_continue, keep_alive, old } = head;
        let (headers, shared, limits) = (&fields[..count], self.shared, self.limits);
        let Client { address, secure } = self.client(headers);
        let body = Body::new(body, expects_continue, &mut self.reader, limits, &shared.bodies, address);
        let unread = RequestBody::unread(&body);
        let request = Request { method, path, query, headers, body: unread, peer: address, secure, door: shared.door };
        let handled = catch_unwind(AssertUnwindSafe(|| (self.handler)(Inbound::Request(&request))));
        // Before the answer, after which the client may send as much again.
        let Request { method, body: read, .. } = request;
        drop(read);
        let After { rest, holder } = body.finish();
        if rest == Rest::Gone {
            return Next::Close;
        }
        let panicked = handled.is_err();
        let internal = || self.refusal_document(Some(path), Refusal(500, "Internal server error"));
        let response = handled.unwrap_or_else(|_| internal());
        let (mut response, _answer) = self.charged(response, &method, path, &holder);
        // Without chunks only the end of the connection can mark the end of a body in pieces.
        let endless = old && matches!(response.body, http::Body::Pieces(_));
        let stopping = shared.stopping.load(Ordering::Acquire);
        let close = panicked || !keep_alive || endless || rest == Rest::Kept || stopping;
        let (status, trace) = (response.status, std::mem::take(&mut response.trace));
        let written = self.write(response, &method, old, close);
        self.note(start, Some(&method), path, status, &trace);
        if self.reader.bytes.is_empty() {
            // The buffer of the head serves the next one.
            self.reader.bytes = bytes;
            self.reader.bytes.clear();
            self.reader.bytes.shrink_to(BUFFER_BYTES_KEPT);
        }
        match (written, rest) {
            (Err(_), _) => Next::Close,
            (Ok(()), Rest::Skipped(left)) if !close => Next::Skip(left),
            (Ok(()), _) if !close => Next::Request,
            (Ok(()), Rest::Nothing) if self.reader.bytes.is_empty() && !panicked => Next::Close,
            (Ok(()), _) => Next::Linger,
        }
    }

    /// Charges an answer to a holder for as long as it is sent. One for which there is no memory is given up in favour
    /// of a refusal, unless something has been done for it.
    fn charged(
        &self,
        response: Response,
        method: &Method,
        path: &str,
        holder: &Holder,
    ) -> (Response, Option<Reservation<'s>>) {
        let bytes = match &response.body {
            http::Body::Bytes(bytes) => bytes.len(),
            // The program has it in any case.
            http::Body::Static(_) => 0,
            http::Body::Shared(_) if response.kept => 0,
            http::Body::Shared(bytes) => bytes.len(),
            http::Body::Pieces(_) => PIECE_BYTES,
        };
        if bytes <= SMALL_ANSWER_BYTES {
            return (response, None);
        }
        let bytes = if self.transport.is_tls() { bytes + TLS_BYTES_MAX } else { bytes };
        let mut reservation = self.shared.answers.reservation(holder.clone());
        if !matches!(method, Method::Get | Method::Head) {
            reservation.add_at_any_rate(bytes);
        } else if !reservation.add(bytes) {
            drop(response);
            let refusal = Refusal(503, "There is no memory for the answer at the moment");
            return (self.refusal_document(Some(path), refusal).with_header("Retry-After", "1"), None);
        }
        (response, Some(reservation))
    }

    /// Who sends a request with these fields.
    fn client(&self, headers: &[httparse::Header<'_>]) -> Client {
        match self.trusted {
            None => Client { address: self.peer, secure: self.transport.is_tls() },
            Some(trusted) => {
                let client = client_behind(self.peer, trusted, self.transport.is_tls(), headers);
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

    /// Answers what is no request that a handler could be given. Whatever else has come is not looked at.
    fn refuse(&mut self, start: Instant, bytes: &[u8], refusal: Refusal) -> Next {
        let path = path_of_broken(bytes);
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
        catch_unwind(AssertUnwindSafe(|| (self.handler)(Inbound::Refused(&refused))))
            .unwrap_or_else(|_| Response::empty(status))
    }

    fn write(&mut self, response: Response, method: &Method, old: bool, close: bool) -> std::io::Result<()> {
        let Response { status, content_type, headers, body, tag, kept, trace: _ } = response;
        let chunked = !old && matches!(body, http::Body::Pieces(_));
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
                http::Body::Bytes(bytes) => write!(out, "Content-Length: {}\r\n", bytes.len())?,
                http::Body::Static(bytes) => write!(out, "Content-Length: {}\r\n", bytes.len())?,
                http::Body::Shared(bytes) => write!(out, "Content-Length: {}\r\n", bytes.len())?,
                http::Body::Pieces(_) if chunked => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
                http::Body::Pieces(_) => {}
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
            http::Body::Bytes(bytes) => self.write_whole(&mut out, &bytes),
            http::Body::Static(bytes) => self.write_whole(&mut out, bytes),
            http::Body::Shared(bytes) => self.write_whole(&mut out, &bytes),
            http::Body::Pieces(next) => self.write_pieces(&mut out, next, chunked),
        };
        out.clear();
        out.shrink_to(BUFFER_BYTES_KEPT);
        self.out = out;
        match &result {
            Ok(()) if close => self.transport.finish(),
            Ok(()) => {}
            // Not the end of a whole answer.
            Err(_) => self.transport.give_up(),
        }
        result
    }

    /// Sends a body along with the head in `out`. A long one is not copied for that.
    fn write_whole(&self, out: &mut Vec<u8>, body: &[u8]) -> std::io::Result<()> {
        if body.len() > COPIED_BYTES_MAX {
            return self.stream_write_both(out, body);
        }
        out.extend_from_slice(body);
        self.stream_write_all(out)
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

    fn stream_write_all(&self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream_write_both(bytes, &[])
    }

    /// Writes all of both, as long as the other side goes on reading at a reasonable pace.
    fn stream_write_both(&self, first: &[u8], second: &[u8]) -> std::io::Result<()> {
        let (mut first, mut second) = (first, second);
        let length = first.len() + second.len();
        let mut deadline = None;
        while !first.is_empty() || !second.is_empty() || self.transport.has_unsent() {
            let count = self.transport.write(first, second)?;
            let of_first = count.min(first.len());
            (first, second) = (&first[of_first..], &second[count - of_first..]);
            if !first.is_empty() || !second.is_empty() || self.transport.has_unsent() {
                let pace = Duration::from_secs(length as u64 / WRITE_BYTES_PER_SECOND_MIN);
                let until = *deadline.get_or_insert_with(|| Instant::now() + self.limits.write_timeout + pace);
                if Instant::now() > until {
                    return Err(ErrorKind::TimedOut.into());
                }
            }
        }
        Ok(())
    }

    /// Logs one line a request, and counts it. The query is left out: it may hold keys.
    fn note(
        &mut self,
        start: Instant,
        method: Option<&Method>,
        path: &str,
        status: StatusCode,
        trace: &RequestLogFields,
    ) {
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

/// Reads away what still comes, so that closing does not destroy the answer on its way. Kept out of the frame of
/// [`serve`]: its buffer would be touched, and so cost memory, for as long as the connection is open.
#[inline(never)]
fn linger(transport: &Transport<'_>) {
    transport.finish();
    // What TLS would make of it does not matter any more.
    let mut stream: &TcpStream = transport.socket();
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
