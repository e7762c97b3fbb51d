//! The client of `rollbook healthcheck`: sends one request to a running server and reads the status.

use super::endpoint::{Endpoint, ListenAddress};
use super::unix_socket;
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

/// Sends `GET` of that path to a server, with or without a certificate, and returns the status. A server that listens on all
/// addresses is reached at the loopback address. Each step may take `timeout`.
///
/// # Errors
/// When the server does not respond, or not in HTTP.
pub fn probe_health(endpoint: &Endpoint, has_certificate: bool, path: &str, timeout: Duration) -> Result<u16> {
    let (stream, ip) = connect(&endpoint.address, timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
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
    Ok(StreamOwned::new(session, stream))
}

/// Accepts every certificate: the probe uses an IP address, for which the certificate is not valid, and sends no secret. It
/// still checks that the server has the private key of its certificate.
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
