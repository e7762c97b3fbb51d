//! Addresses as settings give them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;

/// Addresses of each kind, for error messages.
const EXAMPLES: &str = "127.0.0.1:8080, localhost:8080, :8080, [::1]:8080 or unix:/run/rollbook/rollbook.sock";

/// An address, and what is spoken there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The scheme before the address, if there is one.
    scheme: Option<Scheme>,
    pub(super) address: ListenAddress,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

impl Endpoint {
    /// Reads an address, with `https://` or `http://` before it or without.
    ///
    /// # Errors
    /// What is wrong with the text, with addresses that are right.
    pub fn parse(text: &str) -> Result<Endpoint, String> {
        let text = text.trim();
        let (scheme, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (Some(Scheme::Https), rest),
            (None, Some(rest)) => (Some(Scheme::Http), rest),
            (None, None) => (None, text),
        };
        let address = ListenAddress::parse(rest)?;
        if scheme.is_some() && matches!(address, ListenAddress::Unix(_)) {
            return Err(format!("a Unix socket has no scheme before it: {rest}; such an address is {EXAMPLES}"));
        }
        Ok(Endpoint { scheme, address })
    }

    /// Whether TLS is spoken at it by a server that has a certificate, or has none.
    pub fn is_tls(&self, has_certificate: bool) -> bool {
        match (&self.address, self.scheme) {
            // What goes through a Unix socket does not leave the machine.
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

/// An address to listen on, or to ask a server at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    /// An IP address and a port.
    Ip(SocketAddr),
    /// All addresses of the machine, IPv4 and IPv6: `:8080`.
    All(u16),
    /// A name, which may stand for several addresses, and a port: `localhost:8080`.
    Name(String, u16),
    /// The path of a Unix socket: `unix:/run/rollbook.sock`.
    Unix(PathBuf),
}

impl ListenAddress {
    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with the text, with addresses that are right.
    pub fn parse(text: &str) -> Result<ListenAddress, String> {
        let text = text.trim();
        ListenAddress::read(text).map_err(|why| format!("{why}; such an address is {EXAMPLES}"))
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
            return Err("the path of a socket needs unix: before it".to_owned());
        }
        if text.parse::<u16>().is_ok() {
            return Err(format!("a port needs a colon before it, as in :{text}"));
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
                // `1.2.3` and `0x7f.1` are addresses to a resolver, and to people a mistake.
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

    /// The IP addresses that it stands for, in the order in which a client tries them; none for a Unix socket.
    ///
    /// # Errors
    /// When there is no such name.
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

    /// Whether it is that port of all IPv4 addresses.
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
