//! The life of one connection: read a head, call the handler, write the response, repeat.

use super::connections::{ConnectionEntry, ServerState, address_bucket};
use super::head::{FIELDS_MAX, HEAD_BYTES_MAX, Head, find_end, parse, path_of_broken, request_id, too_long};
use super::limits::Limits;
use super::memory_budget::{Holder, Reservation};
use super::reader::ConnectionReader;
use super::request_body::{BodyOutcome, BodyReader, RemainingBody, UnreadBody, discard};
use super::request_metrics::{ConnectionCounters, RequestMetrics};
use super::response_writer::{BUFFER_BYTES_KEPT, Framing, ResponseWriter};
use super::tls::{Certificate, HandshakeResult};
use super::transport::{FirstByte, HandshakeError, ReadError, TLS_BYTES_MAX, Transport, peek_first_byte};
use super::trusted_proxies::{Client, Network, client_behind};
use crate::http::{
    Body, ClientAddress, Inbound, Method, Refusal, RejectedRequest, Request, RequestBody, RequestLogFields, Response,
    StatusCode,
};
use crate::logging::{self, RequestLine, RequestLogger};
use httparse::Header;
use std::io::Read as _;
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longest response that is sent without reserving memory, in bytes.
const UNRESERVED_BYTES_MAX: usize = 16 * 1024;
/// Memory of a streamed response, in bytes: two of its chunks, see [`Body::Stream`].
const STREAM_BYTES: usize = 256 * 1024;
/// Limits of the lingering close: bytes that are discarded, time in all, and time without any byte. If the connection were
/// closed at once, an unread request would destroy the response; and many clients send their whole body before they read.
const LINGER_BYTES_MAX: usize = 32 << 20;
const LINGER_TIME_MAX: Duration = Duration::from_secs(10);
const LINGER_PAUSE_MAX: Duration = Duration::from_secs(1);
/// Least time for the first request after a handshake that took nearly all of the head timeout.
const FIRST_REQUEST_TIMEOUT_MIN: Duration = Duration::from_millis(1);
/// Empty lines before a request that are ignored.
const EMPTY_LINES_MAX: usize = 4;

const HTTPS_ONLY: Refusal = Refusal(400, "This port takes HTTPS only: use https:// in place of http://");

/// The next step of the connection after a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AfterResponse {
    /// Read the next request.
    NextRequest,
    /// Discard the rest of a body that no handler has read, then read the next request.
    Discard(UnreadBody),
    Close,
    /// Discard incoming bytes for a while, then close.
    Linger,
}

type Handler = dyn Fn(Inbound<'_>) -> Response + Sync;

/// Serves requests on a connection until it ends; over TLS if there is a certificate. `trusted` lists the trusted proxies if
/// the peer is one of them.
pub(super) fn serve_connection(
    entry: &ConnectionEntry,
    state: &ServerState,
    limits: &Limits,
    certificate: Option<&Certificate>,
    trusted: Option<&[Network]>,
    metrics: &Arc<RequestMetrics>,
    handler: &Handler,
) {
    // The time of the handshake counts towards the head timeout of the first request.
    let deadline = Instant::now() + limits.head_timeout;
    let transport = match certificate {
        None => Some(Transport::Plain(&entry.stream)),
        Some(certificate) => accept_tls(entry, state, certificate, deadline),
    };
    let Some(transport) = transport else { return };
    let mut connection = Connection {
        transport: &transport,
        lacks_tls: certificate.is_some() && !transport.is_tls(),
        reader: ConnectionReader::new(&transport),
        writer: ResponseWriter::new(&transport, limits.write_timeout),
        logger: RequestLogger::new(),
        counters: ConnectionCounters::new(metrics),
        peer: entry.address,
        trusted,
        last_response_at: Instant::now(),
        state,
        limits,
        handler,
    };
    serve_requests(&mut connection, entry, deadline);
    transport.send_close_notify();
}

/// Begins TLS with a client, unless its first byte is that of a request without TLS.
#[inline(never)]
fn accept_tls<'p>(
    entry: &'p ConnectionEntry,
    state: &ServerState,
    certificate: &Certificate,
    deadline: Instant,
) -> Option<Transport<'p>> {
    let first = peek_first_byte(&entry.stream, deadline).ok()?;
    entry.set_busy();
    if first == FirstByte::Plain {
        return Some(Transport::Plain(&entry.stream));
    }
    let accepted = Transport::accept(&entry.stream, certificate.config(), deadline);
    state.handshakes.count(match &accepted {
        Ok(_) => HandshakeResult::Done,
        Err(HandshakeError::Ended(ReadError::TimedOut)) => HandshakeResult::Late,
        Err(_) => HandshakeResult::Failed,
    });
    accepted.inspect_err(|error| log::info!("TLS handshake with {} failed: {error}", entry.address)).ok()
}

/// Answers one request after the other. The first one has to begin before the deadline.
fn serve_requests(connection: &mut Connection<'_>, entry: &ConnectionEntry, deadline: Instant) {
    let (state, limits) = (connection.state, connection.limits);
    let mut timeout = deadline.saturating_duration_since(Instant::now()).max(FIRST_REQUEST_TIMEOUT_MIN);
    loop {
        if connection.reader.bytes.is_empty() {
            entry.set_idle(state.milliseconds_at(connection.last_response_at));
            let waited = if state.is_stopping() { Err(ReadError::Closed) } else { connection.reader.wait(timeout) };
            entry.set_busy();
            // No request has begun, so there is nothing to answer.
            if waited.is_err() {
                return;
            }
        }
        let next = connection.serve_request();
        logging::end_request();
        match next {
            AfterResponse::NextRequest => {}
            AfterResponse::Discard(unread) => {
                match discard(&mut connection.reader, unread, Instant::now() + limits.body_timeout) {
                    RemainingBody::None => {}
                    RemainingBody::TooLong => return linger(connection.transport),
                    // The client has its response, and gets no second one about its slow body.
                    RemainingBody::Discardable(_) | RemainingBody::ClientGone => return,
                }
            }
            AfterResponse::Close => return,
            AfterResponse::Linger => return linger(connection.transport),
        }
        timeout = limits.idle_timeout;
    }
}

struct Connection<'s> {
    transport: &'s Transport<'s>,
    /// The client speaks no TLS though the listener has a certificate: every request is rejected.
    lacks_tls: bool,
    reader: ConnectionReader<'s>,
    writer: ResponseWriter<'s>,
    logger: RequestLogger,
    counters: ConnectionCounters,
    /// Address of the other end.
    peer: ClientAddress,
    /// The trusted proxies, if the other end is one of them.
    trusted: Option<&'s [Network]>,
    last_response_at: Instant,
    state: &'s ServerState,
    limits: &'s Limits,
    handler: &'s Handler,
}

impl<'s> Connection<'s> {
    /// Reads one request and answers it.
    fn serve_request(&mut self) -> AfterResponse {
        let start = Instant::now();
        let end = match self.read_head(start) {
            Ok(end) => end,
            Err(Some(refusal)) => {
                logging::begin_request(None);
                let bytes = std::mem::take(&mut self.reader.bytes);
                return self.reject(start, &bytes, refusal);
            }
            Err(None) => return AfterResponse::Close,
        };
        // The head is taken out of the reader: the body is read while the head is borrowed.
        let rest = self.reader.bytes.split_off(end);
        let bytes = std::mem::replace(&mut self.reader.bytes, rest);
        if self.lacks_tls {
            logging::begin_request(None);
            return self.reject(start, &bytes, HTTPS_ONLY);
        }
        let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let parsed = parse(&bytes, &mut fields);
        // A rejected head may have an identifier too, as far as it was parsed.
        let count = parsed.as_ref().map_or(FIELDS_MAX, |(_, count)| *count);
        logging::begin_request(request_id(&fields[..count]));
        let next = match parsed {
            Ok((head, count)) => self.respond(start, head, &fields[..count]),
            Err(refusal) => return self.reject(start, &bytes, refusal),
        };
        if self.reader.bytes.is_empty() {
            // The next head reuses the buffer.
            self.reader.bytes = bytes;
            self.reader.bytes.clear();
            self.reader.bytes.shrink_to(BUFFER_BYTES_KEPT);
        }
        next
    }

    /// Calls the handler for a request, and writes its response.
    #[inline]
    fn respond(&mut self, start: Instant, head: Head<'_>, headers: &[Header<'_>]) -> AfterResponse {
        let Head { method, path, query, body, expects_continue, keep_alive, http_1_0 } = head;
        let (state, limits) = (self.state, self.limits);
        let Client { address, secure } = self.client(headers);
        let body = BodyReader::new(body, expects_continue, &mut self.reader, limits, &state.body_memory, address);
        let unread = RequestBody::unread(&body);
        let request =
            Request { method, path, query, headers, body: unread, peer: address, secure, listener: state.kind };
        let handled = catch_unwind(AssertUnwindSafe(|| (self.handler)(Inbound::Request(&request))));
        // The body is freed before the response is sent: after it the client may send as much again.
        let Request { method, body: read, .. } = request;
        drop(read);
        let BodyOutcome { remaining, holder } = body.finish();
        if remaining == RemainingBody::ClientGone {
            return AfterResponse::Close;
        }
        let panicked = handled.is_err();
        let internal = || self.error_document(Some(path), Refusal(500, "Internal server error"));
        let response = handled.unwrap_or_else(|_| internal());
        let (mut response, _reservation) = self.reserve_response(response, &method, path, &holder);
        // Without chunks only the end of the connection can mark the end of a streamed body.
        let ends_by_close = http_1_0 && matches!(response.body, Body::Stream(_));
        let is_too_long = remaining == RemainingBody::TooLong;
        let close = panicked || !keep_alive || ends_by_close || is_too_long || state.is_stopping();
        let (status, log_fields) = (response.status, std::mem::take(&mut response.log_fields));
        let written = self.writer.write(response, Framing::new(&method, http_1_0, close));
        self.record(start, Some(&method), path, status, &log_fields);
        match (written, remaining) {
            (Err(_), _) => AfterResponse::Close,
            (Ok(()), RemainingBody::Discardable(unread)) if !close => AfterResponse::Discard(unread),
            (Ok(()), _) if !close => AfterResponse::NextRequest,
            (Ok(()), RemainingBody::None) if self.reader.bytes.is_empty() && !panicked => AfterResponse::Close,
            (Ok(()), _) => AfterResponse::Linger,
        }
    }

    /// Reserves memory for a response while it is sent, on account of that holder. If there is none, a 503 replaces the
    /// response, unless the request may have changed something.
    fn reserve_response(
        &self,
        response: Response,
        method: &Method,
        path: &str,
        holder: &Holder,
    ) -> (Response, Option<Reservation<'s>>) {
        let bytes = match &response.body {
            Body::Bytes(bytes) => bytes.len(),
            // A part of the program.
            Body::Static(_) => 0,
            Body::Shared(_) if response.cacheable => 0,
            Body::Shared(bytes) => bytes.len(),
            Body::Stream(_) => STREAM_BYTES,
        };
        if bytes <= UNRESERVED_BYTES_MAX {
            return (response, None);
        }
        let bytes = if self.transport.is_tls() { bytes + TLS_BYTES_MAX } else { bytes };
        let mut reservation = self.state.response_memory.reservation(holder.clone());
        if !matches!(method, Method::Get | Method::Head) {
            reservation.force_add(bytes);
        } else if !reservation.add(bytes) {
            drop(response);
            let refusal = Refusal(503, "There is no memory for the answer at the moment");
            return (self.error_document(Some(path), refusal).with_header("Retry-After", "1"), None);
        }
        (response, Some(reservation))
    }

    /// The client that sends a request with these header fields.
    fn client(&self, headers: &[Header<'_>]) -> Client {
        match self.trusted {
            None => Client { address: self.peer, secure: self.transport.is_tls() },
            Some(trusted) => {
                let client = client_behind(self.peer, trusted, self.transport.is_tls(), headers);
                Client { address: address_bucket(client.address), ..client }
            }
        }
    }

    /// Reads until the head is complete and returns its length. `Err(None)`: the client sent nothing and is gone.
    fn read_head(&mut self, start: Instant) -> Result<usize, Option<Refusal>> {
        let deadline = start + self.limits.head_timeout;
        let mut skipped = 0;
        let mut searched = 0;
        loop {
            // Servers should ignore an empty line before a request (RFC 9112, 2.2).
            while skipped < EMPTY_LINES_MAX && self.reader.bytes.starts_with(b"\r\n") {
                self.reader.bytes.drain(..2);
                skipped += 1;
                searched = 0;
            }
            let bytes = &self.reader.bytes;
            match find_end(bytes, searched).map_err(Some)? {
                Some(end) if end > HEAD_BYTES_MAX => return Err(Some(too_long(&bytes[..HEAD_BYTES_MAX]))),
                Some(end) => return Ok(end),
                None if bytes.len() > HEAD_BYTES_MAX => return Err(Some(too_long(bytes))),
                None => {}
            }
            // The search goes on after the last line feed: the end of the head may arrive in two parts.
            searched = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            match self.reader.read_until(deadline) {
                Ok(()) => {}
                Err(_) if self.reader.bytes.is_empty() => return Err(None),
                Err(ReadError::Closed) => return Err(None),
                Err(ReadError::TimedOut) => return Err(Some(Refusal(408, "The head did not come in time"))),
            }
        }
    }

    /// Answers bytes that are no valid request with an error. Bytes behind them are ignored.
    fn reject(&mut self, start: Instant, bytes: &[u8], refusal: Refusal) -> AfterResponse {
        let path = path_of_broken(bytes);
        let mut response = self.error_document(path, refusal);
        let log_fields = std::mem::take(&mut response.log_fields);
        let method = if bytes.starts_with(b"HEAD ") { Method::Head } else { Method::Get };
        let written = self.writer.write(response, Framing::new(&method, false, true));
        let status = StatusCode(refusal.0);
        self.record(start, None, path.unwrap_or("-"), status, &log_fields);
        if written.is_ok() { AfterResponse::Linger } else { AfterResponse::Close }
    }

    /// The error document that the dialect at that path has for this refusal.
    fn error_document(&self, path: Option<&str>, Refusal(status, message): Refusal) -> Response {
        let rejected = RejectedRequest { listener: self.state.kind, path, status, message };
        catch_unwind(AssertUnwindSafe(|| (self.handler)(Inbound::Rejected(&rejected))))
            .unwrap_or_else(|_| Response::empty(status))
    }

    /// Writes the log line of a request, and counts it. The line leaves out the query, which may hold keys.
    fn record(
        &mut self,
        start: Instant,
        method: Option<&Method>,
        path: &str,
        status: StatusCode,
        log_fields: &RequestLogFields,
    ) {
        self.last_response_at = Instant::now();
        let took = self.last_response_at - start;
        let line = RequestLine {
            method: method.map_or("-", Method::as_str),
            path: log_fields.path.as_deref().unwrap_or(path),
            status: status.0,
            dialect: log_fields.dialect,
            caller: log_fields.caller.as_deref(),
            took,
        };
        self.logger.log(self.writer.last_time(), &line);
        self.counters.count(method, status.0, log_fields, took);
    }
}

/// Lingering close (RFC 9112, 9.6): discards incoming bytes, so that closing does not destroy the response on its way. Not
/// inlined into [`serve_connection`]: its buffer would be part of every connection's stack.
#[inline(never)]
fn linger(transport: &Transport<'_>) {
    transport.shutdown_write();
    // The bytes are discarded, so they need no decryption.
    let mut stream: &TcpStream = transport.socket();
    let deadline = Instant::now() + LINGER_TIME_MAX;
    let mut bytes = [0; 16 * 1024];
    let mut count = 0;
    while count < LINGER_BYTES_MAX {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || stream.set_read_timeout(Some(left.min(LINGER_PAUSE_MAX))).is_err() {
            return;
        }
        match stream.read(&mut bytes) {
            Ok(0) | Err(_) => return,
            Ok(more) => count += more,
        }
    }
}
