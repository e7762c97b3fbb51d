//! HTTPS without a proxy: clients that speak TLS with the server itself. Certificates are made by the `openssl` program
//! for each test.

mod embedded;
mod files;
mod limits;
mod programs;
mod renewal;
mod serving;

use crate::support::client::Connection;
use crate::support::folder::{Folder, path_text};
use crate::support::server::{Server, serve};
use crate::support::tools::has_tool;
use crate::support::wait::PATIENCE;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// A connection through TLS.
type Secured = Connection<StreamOwned<ClientConnection, TcpStream>>;

/// True if `openssl` is installed, which makes the certificates.
fn has_openssl() -> bool {
    has_tool("openssl", "openssl")
}

/// Runs `openssl` with these words in that folder.
fn openssl(folder: &Path, words: &str) -> String {
    let output = Command::new("openssl").args(words.split_whitespace()).current_dir(folder).output();
    let output = output.expect("openssl runs");
    assert!(output.status.success(), "openssl {words}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A certificate for `localhost`, and its key.
#[derive(Debug, Clone)]
struct Pair {
    chain: PathBuf,
    key: PathBuf,
}

impl Pair {
    /// Makes one that is valid for a month.
    fn make(folder: &Path, name: &str) -> Pair {
        Pair::make_of(folder, name, "ec -pkeyopt ec_paramgen_curve:P-256", 30)
    }

    /// Creates a certificate for that kind of key, which is valid for that many days, with the command in
    /// `docs/security.md`.
    fn make_of(folder: &Path, name: &str, kind: &str, days: u32) -> Pair {
        openssl(
            folder,
            &format!(
                "req -x509 -newkey {kind} -nodes -keyout {name}.key -out {name}.pem -days {days} -subj /CN=localhost \
                 -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE"
            ),
        );
        Pair { chain: folder.join(format!("{name}.pem")), key: folder.join(format!("{name}.key")) }
    }

    /// The flags of a server with this certificate.
    fn flags(&self) -> [&str; 4] {
        ["--tls-cert", path_text(&self.chain), "--tls-key", path_text(&self.key)]
    }

    /// Replaces the files of another certificate, as programs that renew certificates do: each file in one step.
    fn replace(&self, other: &Pair) {
        for (new, old) in [(&self.chain, &other.chain), (&self.key, &other.key)] {
            let new_file = old.with_extension("new");
            std::fs::copy(new, &new_file).expect("a copy");
            std::fs::rename(&new_file, old).expect("the file is replaced");
        }
    }

    /// The certificate as it is sent.
    fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_file(&self.chain).expect("a certificate of a server that is not dropped yet")
    }
}

/// A server with a certificate that was made for it.
fn start(flags: &[&str]) -> Option<(Server, Pair)> {
    start_with(flags, |folder| Pair::make(folder, "server"))
}

fn start_with(flags: &[&str], make: impl FnOnce(&Path) -> Pair) -> Option<(Server, Pair)> {
    has_openssl().then(|| {
        let folder = Arc::new(Folder::new());
        let pair = make(folder.path());
        let flags = [&pair.flags(), flags].concat();
        (Server::by(serve(&folder, &flags), folder), pair)
    })
}

/// A client that trusts this certificate, and no other.
#[derive(Debug, Clone)]
struct Client(Arc<ClientConfig>);

impl Client {
    fn trusting(pair: &Pair) -> Client {
        Client::with(pair, rustls::ALL_VERSIONS, &[])
    }

    /// A client with these versions of TLS and these application protocols.
    fn with(pair: &Pair, versions: &[&'static SupportedProtocolVersion], protocols: &[&str]) -> Client {
        let mut roots = RootCertStore::empty();
        roots.add(pair.der()).expect("a root");
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
        let builder = builder.with_protocol_versions(versions).expect("versions");
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Client(Arc::new(config))
    }

    /// Its next bytes are the beginning of a handshake.
    fn session(&self) -> ClientConnection {
        let name = ServerName::try_from("localhost").expect("a name");
        ClientConnection::new(Arc::clone(&self.0), name).expect("a session")
    }

    /// The first bytes of a handshake.
    fn hello(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.session().write_tls(&mut bytes).expect("a hello");
        bytes
    }

    /// A connection whose handshake is done.
    fn connect(&self, address: SocketAddr) -> Secured {
        self.try_connect(address).expect("a handshake")
    }

    fn try_connect(&self, address: SocketAddr) -> std::io::Result<Secured> {
        let mut socket = TcpStream::connect(address)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_nodelay(true)?;
        let mut session = self.session();
        while session.is_handshaking() {
            session.complete_io(&mut socket)?;
        }
        Ok(Connection::through(StreamOwned::new(session, socket)))
    }
}

/// The status of one more request on that connection.
fn ask(connection: &mut Secured, path: &str) -> u16 {
    connection.send("GET", path, &[], None);
    connection.answer(false).status
}
