//! The client of `rollbook healthcheck`: sends one request to a running server and reads the status.

use super::endpoint::{Endpoint, ListenAddress};
use super::unix_socket;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring::default_provider;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme, StreamOwned};
use socket2::{Domain, SockAddr, Socket, Type};
use std::io::{BufRead as _, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The certificates that a probe accepts from another machine. On connections that do not leave this machine it accepts
/// each certificate: it sends no secret, and the address is usually not one of the names in the certificate.
#[derive(Debug, Clone, Copy)]
pub struct ProbeTrust<'a> {
    /// The certificate setting of the server. If it is set, the server uses TLS.
    pub certificate: Option<&'a Path>,
    /// Accept each certificate.
    pub insecure: bool,
}

/// Sends `GET` of that path to a server, and returns the status. A server that listens on all addresses is reached at the
/// loopback address. Each step may take `timeout`.
///
/// # Errors
/// When the server does not respond, or not in HTTP, and when another machine shows a certificate that is not trusted.
pub fn probe_health(endpoint: &Endpoint, trust: ProbeTrust<'_>, path: &str, timeout: Duration) -> Result<u16> {
    let (stream, ip) = connect(&endpoint.address, timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    match ip {
        Some(ip) if endpoint.is_tls(trust.certificate.is_some()) => {
            // A connection to an address of this machine comes from the same address.
            let is_own = ip.ip().is_loopback() || stream.local_addr()?.ip() == ip.ip();
            let stream = begin_tls(stream, ip)?;
            if !is_own && !trust.insecure {
                let name = match &endpoint.address {
                    ListenAddress::Name(name, _) => ServerName::try_from(name.clone()).map_err(Error::other)?,
                    _ => ServerName::from(ip.ip()),
                };
                require_trusted(stream.conn.peer_certificates().unwrap_or_default(), &name, trust.certificate)?;
            }
            status(stream, &ip.to_string(), path)
        }
        Some(ip) => status(stream, &ip.to_string(), path),
        None => status(stream, "localhost", path),
    }
}

/// Requires that a chain begins with the certificate in that file, or leads to one in it and is valid for the name.
fn require_trusted(shown: &[CertificateDer<'_>], name: &ServerName<'_>, file: Option<&Path>) -> Result<()> {
    let refused = |why: String| Error::new(ErrorKind::PermissionDenied, why);
    let Some(file) = file else {
        let why = "the server is on another machine, and its certificate cannot be checked: name the certificate with \
                   --tls-cert FILE, or accept each one with --insecure";
        return Err(refused(why.to_owned()));
    };
    let unread = |error: rustls::pki_types::pem::Error| {
        Error::new(ErrorKind::InvalidInput, format!("read the certificate {}: {error}", file.display()))
    };
    let known = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>);
    let known = known.map_err(unread)?;
    let Some((leaf, between)) = shown.split_first() else {
        return Err(refused("the server has shown no certificate".to_owned()));
    };
    if known.first() == Some(leaf) {
        return Ok(());
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(known);
    let provider = Arc::new(default_provider());
    let verified =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().map_err(Error::other).and_then(
            |verifier| verifier.verify_server_cert(leaf, between, name, &[], UnixTime::now()).map_err(Error::other),
        );
    verified.map(drop).map_err(|error| {
        refused(format!(
            "the server is on another machine, and its certificate is not the one in {} ({error}); --insecure accepts \
             each one",
            file.display()
        ))
    })
}

fn status(mut stream: impl Read + Write, host: &str, path: &str) -> Result<u16> {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    stream.flush()?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    let status = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|status| status.parse().ok());
    status.ok_or_else(|| Error::new(ErrorKind::InvalidData, "the response is not HTTP"))
}

fn begin_tls(stream: TcpStream, address: SocketAddr) -> Result<StreamOwned<ClientConnection, TcpStream>> {
    let provider = Arc::new(default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth();
    let session = ClientConnection::new(Arc::new(config), ServerName::from(address.ip())).map_err(Error::other)?;
    let mut stream = StreamOwned::new(session, stream);
    // Completes the handshake, so that the certificate is known before anything is sent.
    stream.conn.complete_io(&mut stream.sock)?;
    Ok(stream)
}

/// Accepts every certificate in the handshake; [`require_trusted`] checks it afterwards. It still checks that the server
/// has the private key of its certificate.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// A connection to the server, and the IP address of its other end.
fn connect(address: &ListenAddress, timeout: Duration) -> Result<(TcpStream, Option<SocketAddr>)> {
    if let ListenAddress::Unix(path) = address {
        let (short, _folder) = unix_socket::shortened(path)?;
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.connect_timeout(&SockAddr::unix(short)?, timeout)?;
        return Ok((TcpStream::from(OwnedFd::from(socket)), None));
    }
    let mut failed = Error::new(ErrorKind::NotFound, "the name has no address");
    for ip in reachable(address)? {
        match TcpStream::connect_timeout(&ip, timeout) {
            Ok(stream) => return Ok((stream, Some(ip))),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// The addresses at which a server that listens there can be reached from the same machine.
fn reachable(address: &ListenAddress) -> Result<Vec<SocketAddr>> {
    if let ListenAddress::All(port) = address {
        return Ok(vec![(Ipv4Addr::LOCALHOST, *port).into(), (Ipv6Addr::LOCALHOST, *port).into()]);
    }
    let loopback = |address: SocketAddr| {
        let ip = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        SocketAddr::new(ip, address.port())
    };
    Ok(address.resolve()?.into_iter().map(loopback).collect())
}
