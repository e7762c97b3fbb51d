//! TLS for the load generator, and nginx in front of a server.

use crate::load::Stream;
use crate::process::Folder;
use rustls::client::Resumption;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{Read as _, Result, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Threads that shake hands.
const THREADS: usize = 4;
/// How long nginx may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);

/// A file of the certificate for `localhost` that tests have, too.
pub fn tls_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls").join(name)
}

/// A client that shakes hands in full each time.
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

    /// Shakes hands on that connection.
    pub fn secure(&self, mut socket: TcpStream) -> Result<Stream> {
        let name = ServerName::try_from("localhost").expect("a name");
        let mut session = ClientConnection::new(Arc::clone(&self.0), name).map_err(std::io::Error::other)?;
        while session.is_handshaking() {
            session.complete_io(&mut socket)?;
        }
        Ok(Stream::Tls(Box::new(StreamOwned::new(session, socket))))
    }
}

/// Connections a second, for that long: each with a full handshake, that request, and its answer.
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
        let threads = [(); THREADS].map(|()| scope.spawn(many));
        threads.into_iter().map(|thread| thread.join().expect("handshakes go through")).sum()
    });
    count as f64 / start.elapsed().as_secs_f64()
}

/// nginx, which takes TLS off and asks a server without it.
pub struct Nginx {
    child: Child,
    pub address: SocketAddr,
    _folder: Folder,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        use rustix::process::{Pid, Signal, kill_process};
        // Its workers go with it, which they would not do if it were killed.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}

impl Nginx {
    /// Starts it with a worker for each processor; `None` where it is not installed.
    pub fn before(upstream: SocketAddr) -> Option<Nginx> {
        let folder = Folder::new();
        // Free a moment ago: nothing else on the machine of a bench takes it.
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = free.local_addr().expect("an address");
        drop(free);
        let (certificate, key) = (tls_file("server.pem"), tls_file("server.key"));
        let main = folder.file("nginx.conf");
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {};", folder.file(kind).display()))
            .concat();
        let text = format!(
            "daemon off; worker_processes auto; pid {pid}; error_log {log}; events {{ worker_connections 1024; }}\n\
             http {{ access_log off; {temporary}\n\
             upstream rollbook {{ server {upstream}; keepalive 64; }}\n\
             server {{ listen {address} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};\n\
             ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache off; ssl_session_tickets off;\n\
             location / {{ proxy_pass http://rollbook; proxy_http_version 1.1; proxy_set_header Connection \"\"; }} }} }}\n",
            pid = folder.file("pid").display(),
            log = folder.file("log").display(),
            certificate = certificate.display(),
            key = key.display(),
        );
        std::fs::write(&main, text).expect("a file");
        let mut command = Command::new("nginx");
        command.arg("-e").arg(folder.file("start.log")).arg("-c").arg(&main);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().ok()?;
        let nginx = Nginx { child, address, _folder: folder };
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(start.elapsed() < PATIENCE, "nginx does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(nginx)
    }
}
