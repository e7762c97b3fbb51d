//! The load generator: keep-alive connections with one request in flight on each, spread over two threads.
//!
//! A thread writes one request on each of its connections and then reads one response from each, so that a server cannot
//! favour some connections: a connection without a response fails the run.

use crate::tls::{Client, Stream};
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Threads of the load generator. The servers have the rest of the machine.
const LOAD_THREADS: usize = 2;
/// How long a response may take before the run fails.
const READ_TIMEOUT: Duration = Duration::from_secs(60);
/// How long the first response on a connection may take before another connection is tried. `tiny_http::Server`
/// ignores some connections until others have closed.
const FIRST_READ_TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_ATTEMPTS: usize = 5;
/// Longest head of a response.
const BUFFER_BYTES: usize = 16 * 1024;
/// Bytes of one read of a long response.
const STREAM_BYTES: usize = 256 * 1024;

/// Writes the request with that number for that connection, and returns the expected status.
pub type RequestFactory = Arc<dyn Fn(u64, u64, &mut Vec<u8>) -> u16 + Send + Sync>;

/// Connections to one server, and the requests that they send.
pub struct Load {
    threads: Vec<Vec<Connection>>,
    ask: RequestFactory,
}

/// Results of one stretch of load.
pub struct Measured {
    /// Responses per second.
    pub rate: f64,
    /// Median latency, in microseconds.
    pub p50: f64,
    /// 99th percentile of the latency, in microseconds.
    pub p99: f64,
    /// Longest latency, in microseconds.
    pub longest: f64,
    /// Responses on the connection with the fewest.
    pub fewest: u64,
    /// Responses on the connection with the most.
    pub most: u64,
}

impl Load {
    /// Opens the connections one after the other, each with a first request.
    pub fn connect(address: SocketAddr, connections: usize, ask: &RequestFactory) -> Load {
        Load::through(None, address, connections, ask)
    }

    /// The same with TLS.
    pub fn connect_tls(client: &Client, address: SocketAddr, connections: usize, ask: &RequestFactory) -> Load {
        Load::through(Some(client), address, connections, ask)
    }

    fn through(client: Option<&Client>, address: SocketAddr, connections: usize, ask: &RequestFactory) -> Load {
        let mut threads: Vec<Vec<Connection>> = Vec::new();
        threads.resize_with(LOAD_THREADS.min(connections), Vec::new);
        let count = threads.len();
        for index in 0..connections {
            threads[index % count].push(first_answer(client, address, index as u64, ask));
        }
        Load { threads, ask: Arc::clone(ask) }
    }

    /// The number of connections.
    pub fn connections(&self) -> usize {
        self.threads.iter().map(Vec::len).sum()
    }

    /// Sends requests for that long, at least one on each connection.
    pub fn run(&mut self, length: Duration) -> Measured {
        let start = Instant::now();
        self.run_while(&|| start.elapsed() < length, || ())
    }

    /// Sends requests while `work` runs, at least one on each connection.
    pub fn run_during(&mut self, work: impl FnOnce()) -> Measured {
        let working = AtomicBool::new(true);
        self.run_while(&|| working.load(Ordering::Relaxed), || {
            work();
            working.store(false, Ordering::Relaxed);
        })
    }

    fn run_while(&mut self, more: &(dyn Fn() -> bool + Sync), work: impl FnOnce()) -> Measured {
        let ask = &self.ask;
        let stretches: Vec<Stretch> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                self.threads.iter_mut().map(|own| scope.spawn(move || stretch(own, ask, more))).collect();
            work();
            threads.into_iter().map(|thread| thread.join().expect("a thread of the load generator panicked")).collect()
        });
        let mut times: Vec<u64> = stretches.iter().flat_map(|stretch| stretch.latencies.iter().copied()).collect();
        times.sort_unstable();
        let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize] as f64 / 1000.0;
        let each = || self.threads.iter().flatten().map(|connection| connection.answered);
        Measured {
            rate: stretches.iter().map(|stretch| stretch.latencies.len() as f64 / stretch.length.as_secs_f64()).sum(),
            p50: at(0.5),
            p99: at(0.99),
            longest: at(1.0),
            fewest: each().min().unwrap_or(0),
            most: each().max().unwrap_or(0),
        }
    }

    /// Keeps the connections open and idle.
    pub fn into_idle(self) -> Vec<TcpStream> {
        self.threads.into_iter().flatten().map(|connection| connection.stream.into_socket()).collect()
    }
}

/// A connection whose requests are sent at planned moments, one after the other.
pub struct Paced {
    connection: Connection,
    ask: RequestFactory,
}

impl Paced {
    /// Opens the connection with that index, with a first request.
    pub fn connect(address: SocketAddr, index: u64, ask: &RequestFactory) -> Paced {
        Paced { connection: first_answer(None, address, index, ask), ask: Arc::clone(ask) }
    }

    /// The number of the next request.
    pub fn number(&self) -> u64 {
        self.connection.number
    }

    /// Sends a request at that moment, or at once if it has passed. Returns the time from that moment to the end of the
    /// response, so that a wait for the response before counts too.
    pub fn request_at(&mut self, planned: Instant) -> Result<Duration> {
        std::thread::sleep(planned.saturating_duration_since(Instant::now()));
        let Paced { connection, ask } = self;
        let sent = connection.send(ask).and_then(|()| connection.receive(&mut |_| {}));
        sent.map_err(|error| Error::new(error.kind(), format!("{}: {error}", connection.name())))?;
        Ok(planned.elapsed())
    }
}

/// A client that changes the directory at a steady rate, one request after the other.
pub struct Changer(Paced);

impl Changer {
    /// Opens the connection, with a first request.
    pub fn connect(address: SocketAddr, ask: &RequestFactory) -> Changer {
        Changer(Paced::connect(address, 0, ask))
    }

    /// Sends that many requests a second for that long. A slow server gets fewer.
    pub fn run(&mut self, length: Duration, per_second: u32) {
        let start = Instant::now();
        self.run_while(|| start.elapsed() < length, per_second);
    }

    /// Sends that many requests a second as long as that is true.
    pub fn run_while(&mut self, more: impl Fn() -> bool, per_second: u32) {
        let (mut due, pause) = (Instant::now(), Duration::from_secs(1) / per_second);
        while more() {
            self.0.request_at(due).unwrap_or_else(|error| panic!("{error}"));
            due += pause;
        }
    }
}

struct Stretch {
    /// Nanoseconds from each request to the end of its response.
    latencies: Vec<u64>,
    length: Duration,
}

fn stretch(connections: &mut [Connection], ask: &RequestFactory, more: &(dyn Fn() -> bool + Sync)) -> Stretch {
    let mut times = Vec::with_capacity(1 << 16);
    for connection in connections.iter_mut() {
        connection.answered = 0;
    }
    let start = Instant::now();
    while times.is_empty() || more() {
        for connection in connections.iter_mut() {
            connection.send(ask).unwrap_or_else(|error| panic!("{}: {error}", connection.name()));
        }
        for connection in connections.iter_mut() {
            connection.receive(&mut |_| {}).unwrap_or_else(|error| panic!("{}: {error}", connection.name()));
            times.push(u64::try_from(connection.sent.elapsed().as_nanos()).unwrap_or(u64::MAX));
        }
    }
    Stretch { latencies: times, length: start.elapsed() }
}

fn first_answer(client: Option<&Client>, address: SocketAddr, index: u64, ask: &RequestFactory) -> Connection {
    let mut number = 0;
    let mut last = None;
    for _ in 0..CONNECT_ATTEMPTS {
        let mut connection = Connection::open(address, index).expect("the server takes a connection");
        if let Some(client) = client {
            let Stream::Plain(socket) = connection.stream else { unreachable!("a new connection is plain") };
            connection.stream = client.secure(socket).expect("a handshake");
        }
        connection.number = number;
        connection.stream.socket().set_read_timeout(Some(FIRST_READ_TIMEOUT)).expect("a time limit");
        match connection.send(ask).and_then(|()| connection.receive(&mut |_| {})) {
            Ok(()) => {
                connection.stream.socket().set_read_timeout(Some(READ_TIMEOUT)).expect("a time limit");
                return connection;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => last = Some(error),
            Err(error) => panic!("{}: {error}", connection.name()),
        }
        number = connection.number;
    }
    panic!("connection {index} is not served: {last:?}");
}

/// Sends one request on a connection of its own, and returns the body of the response.
pub fn fetch(address: SocketAddr, request: &[u8], status: u16) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    stream(address, request, status, |bytes| body.extend_from_slice(bytes))?;
    Ok(body)
}

/// Sends one request on a connection of its own, and passes the body of the response to `sink`, chunk by chunk.
pub fn stream(address: SocketAddr, request: &[u8], status: u16, mut sink: impl FnMut(&[u8])) -> Result<()> {
    let mut connection = Connection::open(address, 0)?;
    connection.input = vec![0; STREAM_BYTES];
    connection.send_bytes(request, status)?;
    connection.receive(&mut sink)
}

struct Connection {
    stream: Stream,
    input: Vec<u8>,
    output: Vec<u8>,
    index: u64,
    /// Requests sent so far.
    number: u64,
    /// Responses in this stretch.
    answered: u64,
    /// The expected status of the next response.
    status: u16,
    sent: Instant,
}

impl Connection {
    fn open(address: SocketAddr, index: u64) -> Result<Connection> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(READ_TIMEOUT))?;
        let (input, output) = (vec![0; BUFFER_BYTES], Vec::new());
        let (stream, sent) = (Stream::Plain(stream), Instant::now());
        Ok(Connection { stream, input, output, index, number: 0, answered: 0, status: 0, sent })
    }

    fn name(&self) -> String {
        let port = self.stream.socket().peer_addr().map_or(0, |address| address.port());
        format!("request {} on connection {} to port {port}", self.number, self.index)
    }

    fn send(&mut self, ask: &RequestFactory) -> Result<()> {
        self.output.clear();
        self.status = ask(self.index, self.number, &mut self.output);
        self.number += 1;
        self.sent = Instant::now();
        self.stream.write_all(&self.output)
    }

    fn send_bytes(&mut self, request: &[u8], status: u16) -> Result<()> {
        self.status = status;
        self.stream.write_all(request)
    }

    /// Reads one response, and checks its status and its framing.
    fn receive(&mut self, sink: &mut dyn FnMut(&[u8])) -> Result<()> {
        let mut filled = 0;
        let end = loop {
            filled += self.read_some(filled)?;
            if let Some(end) = find(&self.input[..filled], b"\r\n\r\n") {
                break end + 4;
            }
        };
        let head = std::str::from_utf8(&self.input[..end]).map_err(broken)?;
        let status: u16 = head.get(9..12).unwrap_or_default().parse().map_err(broken)?;
        if status != self.status {
            let rest = String::from_utf8_lossy(&self.input[end..filled]);
            return Err(broken(format!("status {status} instead of {}: {rest}", self.status)));
        }
        self.answered += 1;
        if status == 204 {
            return if filled == end { Ok(()) } else { Err(broken("a 204 has a body")) };
        }
        if let Some(length) = header(head, "Content-Length") {
            let mut left: usize = length.parse().map_err(broken)?;
            let mut from = end;
            loop {
                let piece = &self.input[from..filled];
                left = left.checked_sub(piece.len()).ok_or_else(|| broken("more came than Content-Length says"))?;
                sink(piece);
                if left == 0 {
                    return Ok(());
                }
                (from, filled) = (0, self.read_some(0)?);
            }
        }
        if header(head, "Transfer-Encoding") != Some("chunked") {
            return Err(broken("the response has no length"));
        }
        let mut chunks = Chunks::Size { digits: 0, size: 0 };
        let mut from = end;
        while !chunks.feed(&self.input[from..filled], sink)? {
            (from, filled) = (0, self.read_some(0)?);
        }
        Ok(())
    }

    fn read_some(&mut self, from: usize) -> Result<usize> {
        if from == self.input.len() {
            return Err(broken("the head is too long"));
        }
        match self.stream.read(&mut self.input[from..])? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            count => Ok(count),
        }
    }
}

/// Position in a chunked body (RFC 9112, 7.1). Extensions and trailers are not supported.
enum Chunks {
    Size { digits: u8, size: usize },
    SizeEnd(usize),
    Data(usize),
    DataEnd { last: bool, feed: u8 },
}

impl Chunks {
    /// Takes received bytes. True when the body is complete.
    fn feed(&mut self, mut bytes: &[u8], sink: &mut dyn FnMut(&[u8])) -> Result<bool> {
        while let Some((byte, rest)) = bytes.split_first() {
            *self = match (&*self, byte) {
                (Chunks::Size { digits, size }, b'\r') if *digits > 0 => Chunks::SizeEnd(*size),
                (Chunks::Size { digits, size }, digit) if *digits < 15 => {
                    let digit = char::from(*digit).to_digit(16).ok_or_else(|| broken("a chunk has no size"))?;
                    Chunks::Size { digits: digits + 1, size: size * 16 + digit as usize }
                }
                (Chunks::SizeEnd(0), b'\n') => Chunks::DataEnd { last: true, feed: b'\r' },
                (Chunks::SizeEnd(size), b'\n') => Chunks::Data(*size),
                (Chunks::Data(left), _) => {
                    let (data, rest) = bytes.split_at(bytes.len().min(*left));
                    sink(data);
                    *self = match left - data.len() {
                        0 => Chunks::DataEnd { last: false, feed: b'\r' },
                        left => Chunks::Data(left),
                    };
                    bytes = rest;
                    continue;
                }
                (Chunks::DataEnd { last, feed: b'\r' }, b'\r') => Chunks::DataEnd { last: *last, feed: b'\n' },
                (Chunks::DataEnd { last: false, feed: b'\n' }, b'\n') => Chunks::Size { digits: 0, size: 0 },
                (Chunks::DataEnd { last: true, feed: b'\n' }, b'\n') => {
                    return if rest.is_empty() { Ok(true) } else { Err(broken("more came than the last chunk")) };
                }
                _ => return Err(broken("the chunks are broken")),
            };
            bytes = rest;
        }
        Ok(false)
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let fields = head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
    fields.into_iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn broken(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::InvalidData, why)
}
