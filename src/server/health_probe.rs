//! Asking a server of ours from another process: whether it answers, and with what.

use super::{Endpoint, ListenAddress, unix_socket};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring::default_provider;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};
use socket2::{Domain, SockAddr, Socket, Type};
use std::io::{BufRead as _, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

/// The status that a server, which has a certificate or not, answers to `GET` of that path. An address that means all of
/// a machine's is asked at the loopback. Each step may take that long.
///
/// # Errors
/// When it does not answer, or not in HTTP.
pub fn probe_health(endpoint: &Endpoint, has_certificate: bool, path: &str, patience: Duration) -> Result<u16> {
    let (stream, ip) = connect(&endpoint.address, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    match ip {
        Some(ip) if endpoint.is_tls(has_certificate) => status(begin_tls(stream, ip)?, &ip.to_string(), path),
        Some(ip) => status(stream, &ip.to_string(), path),
        None => status(stream, "localhost", path),
    }
}

fn status(mut stream: impl Read + Write, host: &str, path: &str) -> Result<u16> {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    stream.flush()?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    let status = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|status| status.parse().ok());
    status.ok_or_else(|| Error::new(ErrorKind::InvalidData, "the answer is not HTTP"))
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
    Ok(StreamOwned::new(session, stream))
}

/// Takes every certificate. A server is asked at an address, for which its certificate was not made, and no secret is
/// told to it. That it has the key to what it shows is checked.
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

/// A connection to the server, and the IP address that it leads to.
fn connect(address: &ListenAddress, patience: Duration) -> Result<(TcpStream, Option<SocketAddr>)> {
    if let ListenAddress::Unix(path) = address {
        let (short, _folder) = unix_socket::shortened(path)?;
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.connect_timeout(&SockAddr::unix(short)?, patience)?;
        return Ok((TcpStream::from(OwnedFd::from(socket)), None));
    }
    let mut failed = Error::new(ErrorKind::NotFound, "the name has no address");
    for ip in reachable(address)? {
        match TcpStream::connect_timeout(&ip, patience) {
            Ok(stream) => return Ok((stream, Some(ip))),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// Where a server that listens there can be reached from its own machine.
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
