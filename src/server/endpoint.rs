//! Addresses in settings: parsing and resolving.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;

/// Examples of each kind of address, for error messages.
const EXAMPLES: &str = "127.0.0.1:8080, localhost:8080, :8080, [::1]:8080 or unix:/run/rollbook/rollbook.sock";

/// An address to listen on, and whether it uses TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The scheme in front of the address, if there is one.
    scheme: Option<Scheme>,
    pub(super) address: ListenAddress,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

impl Endpoint {
    /// Parses an address, with or without `https://` or `http://` in front.
    ///
    /// # Errors
    /// The reason, with examples of valid addresses.
    pub fn parse(text: &str) -> Result<Endpoint, String> {
        let text = text.trim();
        let (scheme, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (Some(Scheme::Https), rest),
            (None, Some(rest)) => (Some(Scheme::Http), rest),
            (None, None) => (None, text),
        };
        let address = ListenAddress::parse(rest)?;
        if scheme.is_some() && matches!(address, ListenAddress::Unix(_)) {
            return Err(format!("a Unix socket has no scheme in front: {rest}; such an address is {EXAMPLES}"));
        }
        Ok(Endpoint { scheme, address })
    }

    /// True if a server with or without a certificate uses TLS here.
    pub fn is_tls(&self, has_certificate: bool) -> bool {
        match (&self.address, self.scheme) {
            // Bytes in a Unix socket do not leave the machine.
            (ListenAddress::Unix(_), _) | (_, Some(Scheme::Http)) => false,
            (_, Some(Scheme::Https)) => true,
            (_, None) => has_certificate,
        }
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.scheme {
            Some(Scheme::Http) => "http://",
            Some(Scheme::Https) => "https://",
            None => "",
        })?;
        self.address.fmt(f)
    }
}

/// An address to listen on, or to reach a server at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    /// An IP address and a port.
    Ip(SocketAddr),
    /// All addresses of the machine, IPv4 and IPv6: `:8080`.
    All(u16),
    /// A host name, which may have several addresses, and a port: `localhost:8080`.
    Name(String, u16),
    /// The path of a Unix socket: `unix:/run/rollbook.sock`.
    Unix(PathBuf),
}

impl ListenAddress {
    /// Parses an address.
    ///
    /// # Errors
    /// The reason, with examples of valid addresses.
    pub fn parse(text: &str) -> Result<ListenAddress, String> {
        let text = text.trim();
        ListenAddress::read(text).map_err(|reason| format!("{reason}; such an address is {EXAMPLES}"))
    }

    fn read(text: &str) -> Result<ListenAddress, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return match path.chars().next() {
                None => Err("the path of the socket is missing".to_owned()),
                Some('@') => Err("a socket needs a path in the file system".to_owned()),
                Some(_) => Ok(ListenAddress::Unix(PathBuf::from(path))),
            };
        }
        if let Ok(address) = text.parse() {
            return Ok(ListenAddress::Ip(address));
        }
        if text.contains("://") {
            return Err("the scheme of an address is https:// or http://".to_owned());
        }
        if text.starts_with(['/', '.']) {
            return Err("the path of a socket needs unix: in front".to_owned());
        }
        if text.parse::<u16>().is_ok() {
            return Err(format!("a port needs a colon in front, as in :{text}"));
        }
        if text.parse::<Ipv6Addr>().is_ok() {
            return Err(format!("an IPv6 address needs brackets and a port, as in [{text}]:8080"));
        }
        let Some((host, port)) = text.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) else {
            return Err(format!("the port is missing, as in {text}:8080"));
        };
        let port: u16 = port.parse().map_err(|_| format!("the port {port:?} is not a number from 0 to 65535"))?;
        let is_name = |host: &str| {
            host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
                // A resolver takes `1.2.3` and `0x7f.1` for addresses, but they are mistakes.
                && host.bytes().any(|byte| byte.is_ascii_alphabetic())
                && !host.starts_with("0x")
        };
        match host {
            "" => Ok(ListenAddress::All(port)),
            "*" => Err(format!("all addresses are written as :{port}")),
            _ if is_name(host) => Ok(ListenAddress::Name(host.to_owned(), port)),
            _ => Err(format!("{host:?} is neither an IP address nor the name of a machine")),
        }
    }

    /// The IP addresses of this address, in the order in which a client tries them; none for a Unix socket.
    ///
    /// # Errors
    /// When the name cannot be resolved.
    pub(super) fn resolve(&self) -> std::io::Result<Vec<SocketAddr>> {
        match self {
            ListenAddress::Ip(address) => Ok(vec![*address]),
            ListenAddress::All(port) => Ok(vec![SocketAddr::from((Ipv6Addr::UNSPECIFIED, *port))]),
            ListenAddress::Name(name, port) => {
                let mut addresses: Vec<SocketAddr> = Vec::new();
                for address in (name.as_str(), *port).to_socket_addrs()? {
                    if !addresses.contains(&address) {
                        addresses.push(address);
                    }
                }
                Ok(addresses)
            }
            ListenAddress::Unix(_) => Ok(Vec::new()),
        }
    }

    /// True if this is that port on all IPv4 addresses.
    pub(super) fn is_all_of_ipv4(&self, port: u16) -> bool {
        matches!(self, ListenAddress::Ip(address)
            if address.ip() == IpAddr::V4(Ipv4Addr::UNSPECIFIED) && address.port() == port)
    }
}

impl std::fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ListenAddress::Ip(address) => write!(f, "{address}"),
            ListenAddress::All(port) => write!(f, ":{port}"),
            ListenAddress::Name(name, port) => write!(f, "{name}:{port}"),
            ListenAddress::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
