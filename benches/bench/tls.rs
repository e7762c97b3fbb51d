//! TLS for the load generator.

use rustls::client::Resumption;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{Read, Result, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Threads that do handshakes.
const HANDSHAKE_THREADS: usize = 4;

/// A file of the test certificate for `localhost`.
pub fn tls_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls").join(name)
}

/// A client that does a full handshake for each connection.
#[derive(Clone)]
pub struct Client(Arc<ClientConfig>);

impl Client {
    pub fn new() -> Client {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(tls_file("authority.pem")).expect("a certificate")).expect("a root");
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
        let builder = builder.with_safe_default_protocol_versions().expect("versions");
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.resumption = Resumption::disabled();
        Client(Arc::new(config))
    }

    /// Does a handshake on that connection.
    pub fn secure(&self, mut socket: TcpStream) -> Result<Stream> {
        let name = ServerName::try_from("localhost").expect("a name");
        let mut session = ClientConnection::new(Arc::clone(&self.0), name).map_err(std::io::Error::other)?;
        while session.is_handshaking() {
            session.complete_io(&mut socket)?;
        }
        Ok(Stream::Tls(Box::new(StreamOwned::new(session, socket))))
    }
}

/// Connections per second over that time, each with a full handshake, one request and its response.
pub fn handshakes(client: &Client, address: SocketAddr, request: &[u8], length: Duration) -> f64 {
    let start = Instant::now();
    let one = || -> Result<()> {
        let mut stream = client.secure(TcpStream::connect(address)?)?;
        stream.write_all(request)?;
        let mut answer = [0; 4096];
        let count = stream.read(&mut answer)?;
        assert!(answer[..count].starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&answer[..count]));
        Ok(())
    };
    let many = || {
        let mut count = 0;
        while count == 0 || start.elapsed() < length {
            one().unwrap_or_else(|error| panic!("a handshake with {address}: {error}"));
            count += 1;
        }
        count
    };
    let count: u64 = std::thread::scope(|scope| {
        let threads = [(); HANDSHAKE_THREADS].map(|()| scope.spawn(many));
        threads.into_iter().map(|thread| thread.join().expect("handshakes go through")).sum()
    });
    count as f64 / start.elapsed().as_secs_f64()
}

/// A connection with or without TLS.
pub enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Stream {
    pub fn socket(&self) -> &TcpStream {
        match self {
            Stream::Plain(socket) => socket,
            Stream::Tls(tls) => &tls.sock,
        }
    }

    pub fn into_socket(self) -> TcpStream {
        match self {
            Stream::Plain(socket) => socket,
            Stream::Tls(tls) => tls.sock,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        match self {
            Stream::Plain(socket) => socket.read(buffer),
            Stream::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        match self {
            Stream::Plain(socket) => socket.write(bytes),
            Stream::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> Result<()> {
        match self {
            Stream::Plain(socket) => socket.flush(),
            Stream::Tls(tls) => tls.flush(),
        }
    }
}
