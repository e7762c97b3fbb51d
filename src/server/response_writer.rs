//! Writes responses: the head, and a body as a whole or as a stream.

use super::transport::Transport;
use crate::http::{Body, Method, Response};
use crate::logging;
use std::io::{ErrorKind, Result, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant, SystemTime};

/// Capacity to which a buffer is shrunk after a large message, in bytes.
pub(super) const BUFFER_BYTES_KEPT: usize = 4096;
/// Longest body that is copied behind its head and sent with it, in bytes.
const COPIED_BYTES_MAX: usize = 2048;
/// Minimum rate at which a client must read a long response, in bytes per second.
const WRITE_BYTES_PER_SECOND_MIN: u64 = 16 * 1024;

/// Writes the responses of one connection.
pub(super) struct ResponseWriter<'s> {
    transport: &'s Transport<'s>,
    write_timeout: Duration,
    out: Vec<u8>,
    clock: Clock,
}

/// How a response is framed, which depends on its request.
#[derive(Clone, Copy)]
pub(super) struct Framing {
    /// The request came as HTTP/1.0: no chunks, and keep-alive has to be announced.
    pub(super) http_1_0: bool,
    /// The connection closes after the response.
    pub(super) close: bool,
    /// The request was `HEAD`: the response has no body.
    pub(super) is_head: bool,
}

impl Framing {
    pub(super) fn new(method: &Method, http_1_0: bool, close: bool) -> Framing {
        Framing { http_1_0, close, is_head: *method == Method::Head }
    }
}

impl<'s> ResponseWriter<'s> {
    pub(super) fn new(transport: &'s Transport<'s>, write_timeout: Duration) -> ResponseWriter<'s> {
        ResponseWriter { transport, write_timeout, out: Vec::new(), clock: Clock::default() }
    }

    /// The time of the last response.
    pub(super) fn last_time(&self) -> SystemTime {
        self.clock.now
    }

    /// Sends a response.
    pub(super) fn write(&mut self, response: Response, framing: Framing) -> Result<()> {
        let bodiless = matches!(response.status.0, 100..200 | 204 | 304);
        self.write_head(&response, framing, bodiless)?;
        let mut out = std::mem::take(&mut self.out);
        let result = match response.body {
            _ if bodiless || framing.is_head => self.send(&out, &[]),
            Body::Bytes(bytes) => self.send_whole(&mut out, &bytes),
            Body::Static(bytes) => self.send_whole(&mut out, bytes),
            Body::Shared(bytes) => self.send_whole(&mut out, &bytes),
            Body::Stream(next) => self.send_stream(&mut out, next, !framing.http_1_0),
        };
        out.clear();
        out.shrink_to(BUFFER_BYTES_KEPT);
        self.out = out;
        match &result {
            Ok(()) if framing.close => self.transport.shutdown_write(),
            Ok(()) => {}
            // The client must not take the response for complete.
            Err(_) => self.transport.mark_broken(),
        }
        result
    }

    /// Puts the head of a response into the buffer.
    fn write_head(&mut self, response: &Response, framing: Framing, bodiless: bool) -> Result<()> {
        let out = &mut self.out;
        out.clear();
        let status = response.status;
        if status.0 == 200 {
            out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
        } else {
            let _ = write!(out, "HTTP/1.1 {} {}\r\n", status.0, status.default_reason_phrase());
        }
        // Answers hold personal data: forbid type sniffing and caching.
        out.extend_from_slice(b"X-Content-Type-Options: nosniff\r\nCache-Control: ");
        out.extend_from_slice(if response.cacheable { b"no-cache" } else { b"no-store" });
        out.extend_from_slice(b"\r\nDate: ");
        out.extend_from_slice(self.clock.date());
        out.extend_from_slice(b"\r\nX-Request-Id: ");
        logging::with_request_id(|id| out.extend_from_slice(id.as_bytes()));
        out.extend_from_slice(b"\r\n");
        for header in &response.headers {
            let _ = write!(out, "{}: {}\r\n", header.field, header.value);
        }
        if let Some(etag) = &response.etag {
            out.extend_from_slice(b"ETag: ");
            etag.write_to(out);
            out.extend_from_slice(b"\r\n");
        }
        if !bodiless {
            write_body_fields(out, response, framing)?;
        }
        if framing.close {
            out.extend_from_slice(b"Connection: close\r\n");
        } else if framing.http_1_0 {
            out.extend_from_slice(b"Connection: keep-alive\r\n");
        }
        out.extend_from_slice(b"\r\n");
        Ok(())
    }

    /// Sends a body together with the head in `out`. A long body is not copied for that.
    fn send_whole(&self, out: &mut Vec<u8>, body: &[u8]) -> Result<()> {
        if body.len() > COPIED_BYTES_MAX {
            return self.send(out, body);
        }
        out.extend_from_slice(body);
        self.send(out, &[])
    }

    /// Sends a body chunk by chunk. `out` holds the head, which is sent with the first chunk.
    fn send_stream(
        &self,
        out: &mut Vec<u8>,
        mut next: Box<dyn FnMut() -> anyhow::Result<Option<Vec<u8>>> + Send>,
        chunked: bool,
    ) -> Result<()> {
        loop {
            let chunk = catch_unwind(AssertUnwindSafe(&mut next))
                .unwrap_or_else(|_| Err(anyhow::anyhow!("the code that produces the body panicked")))
                .map_err(|error| {
                    log::error!("response cut short: {error:#}");
                    std::io::Error::other("the response could not be completed")
                })?;
            let Some(chunk) = chunk else { break };
            // An empty chunk would mark the end of the body.
            if chunk.is_empty() {
                continue;
            }
            if chunked {
                let _ = write!(out, "{:x}\r\n", chunk.len());
            }
            out.extend_from_slice(&chunk);
            if chunked {
                out.extend_from_slice(b"\r\n");
            }
            self.send(out, &[])?;
            out.clear();
        }
        if chunked {
            out.extend_from_slice(b"0\r\n\r\n");
        }
        self.send(out, &[])
    }

    /// Sends all bytes of both slices, as long as the client reads at a reasonable pace.
    fn send(&self, first: &[u8], second: &[u8]) -> Result<()> {
        let (mut first, mut second) = (first, second);
        let length = first.len() + second.len();
        let mut deadline = None;
        while !first.is_empty() || !second.is_empty() || self.transport.has_unsent() {
            let count = self.transport.write(first, second)?;
            let of_first = count.min(first.len());
            (first, second) = (&first[of_first..], &second[count - of_first..]);
            if !first.is_empty() || !second.is_empty() || self.transport.has_unsent() {
                let pace = Duration::from_secs(length as u64 / WRITE_BYTES_PER_SECOND_MIN);
                let until = *deadline.get_or_insert_with(|| Instant::now() + self.write_timeout + pace);
                if Instant::now() > until {
                    return Err(ErrorKind::TimedOut.into());
                }
            }
        }
        Ok(())
    }
}

/// Writes the header fields that describe the body.
fn write_body_fields(out: &mut Vec<u8>, response: &Response, framing: Framing) -> Result<()> {
    if !response.content_type.is_empty() {
        out.extend_from_slice(b"Content-Type: ");
        out.extend_from_slice(response.content_type.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    let length = match &response.body {
        Body::Bytes(bytes) => bytes.len(),
        Body::Static(bytes) => bytes.len(),
        Body::Shared(bytes) => bytes.len(),
        Body::Stream(_) => {
            if !framing.http_1_0 {
                out.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
            }
            return Ok(());
        }
    };
    write!(out, "Content-Length: {length}\r\n")
}

/// The time of the last response, and the value of its `Date` field, which is formatted once a second.
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
        // Earlier times have no HTTP date.
        self.now = SystemTime::now().max(SystemTime::UNIX_EPOCH);
        let second = self.now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
        if second != self.second || self.date.is_empty() {
            self.second = second;
            self.date = httpdate::fmt_http_date(self.now);
        }
        self.date.as_bytes()
    }
}
