//! Reverse proxies: which of them are trusted, and their header fields about the client.

use crate::http::ClientAddress;
use httparse::Header;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Addresses of proxies: those with the same first bits, or the peers of Unix sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(NetworkKind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NetworkKind {
    Ip { address: IpAddr, bits: u32 },
    Unix,
}

impl Network {
    /// Parses an address or a network with the length of its prefix: `10.0.0.5`, `fd00::/8`. `unix` stands for the peers of
    /// all Unix sockets.
    ///
    /// # Errors
    /// The reason, when the text is invalid. Bits behind the prefix must be zero: they show a mistake.
    pub fn parse(text: &str) -> Result<Network, String> {
        if text.trim() == "unix" {
            return Ok(Network(NetworkKind::Unix));
        }
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr =
            address.trim().parse().map_err(|_| "not an address, a network such as 10.0.0.0/8, or unix")?;
        let most = width(address);
        let bits = match bits {
            None => most,
            Some(bits) => bits.trim().parse().ok().filter(|bits| *bits <= most).ok_or_else(|| {
                format!("the prefix length of such an address is a number from 0 to {most}, as in {address}/{most}")
            })?,
        };
        if masked(address, bits) != number(address) {
            return Err(format!(
                "{address} has bits set behind its prefix of {bits}: use the first address of the network"
            ));
        }
        // An IPv4-mapped IPv6 address is an IPv4 address.
        Ok(match address.to_canonical() {
            canonical if bits >= most - width(canonical) => {
                Network(NetworkKind::Ip { address: canonical, bits: bits - (most - width(canonical)) })
            }
            _ => Network(NetworkKind::Ip { address, bits }),
        })
    }

    /// True if the address is in the network.
    fn contains(&self, client: ClientAddress) -> bool {
        match (self.0, client) {
            (NetworkKind::Ip { address, bits }, ClientAddress::Ip(ip)) => {
                let ip = ip.to_canonical();
                ip.is_ipv4() == address.is_ipv4() && masked(ip, bits) == number(address)
            }
            (NetworkKind::Unix, ClientAddress::Unix) => true,
            (NetworkKind::Ip { .. }, ClientAddress::Unix) | (NetworkKind::Unix, ClientAddress::Ip(_)) => false,
        }
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            NetworkKind::Ip { address, bits } if bits == width(address) => write!(f, "{address}"),
            NetworkKind::Ip { address, bits } => write!(f, "{address}/{bits}"),
            NetworkKind::Unix => f.write_str("unix"),
        }
    }
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}

/// The first bits of an address as a number, with zeros behind them.
fn masked(address: IpAddr, bits: u32) -> u128 {
    let rest = width(address) - bits;
    number(address).checked_shr(rest).and_then(|first| first.checked_shl(rest)).unwrap_or(0)
}

/// The client of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Client {
    /// Its address, as far as trusted proxies report it.
    pub(super) address: ClientAddress,
    /// True if the request was encrypted on its way to the proxy, or to the server itself.
    pub(super) secure: bool,
}

/// True if the address is in one of these networks.
pub(super) fn is_trusted(trusted: &[Network], address: ClientAddress) -> bool {
    trusted.iter().any(|network| network.contains(address))
}

/// The client that a trusted proxy reports. Without `X-Forwarded-Proto`, `secure` is whether the proxy itself uses TLS.
///
/// Each proxy appends the address of its caller to `X-Forwarded-For`. Elements left of the rightmost address that is not
/// trusted are claims of that client and are ignored. If the field is missing or invalid, the proxy itself is the client.
pub(super) fn client_behind(proxy: ClientAddress, trusted: &[Network], is_tls: bool, fields: &[Header<'_>]) -> Client {
    let mut address = proxy;
    for hop in elements(fields, "x-forwarded-for").rev() {
        let Some(hop) = address_of(hop) else {
            address = proxy;
            break;
        };
        address = ClientAddress::Ip(hop);
        if !is_trusted(trusted, address) {
            break;
        }
    }
    let mut protocols = elements(fields, "x-forwarded-proto").peekable();
    // A request is secure only if every hop was encrypted.
    let secure = match protocols.peek() {
        None => is_tls,
        Some(_) => protocols.all(|protocol| protocol.eq_ignore_ascii_case(b"https")),
    };
    Client { address, secure }
}

/// The list elements in all fields of that name, without empty ones (RFC 9110, 5.6.1).
fn elements<'f>(fields: &'f [Header<'_>], name: &'static str) -> impl DoubleEndedIterator<Item = &'f [u8]> {
    let named = fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
    let elements = named.flat_map(|field| field.value.split(|byte| *byte == b','));
    elements.map(<[u8]>::trim_ascii).filter(|element| !element.is_empty())
}

/// Parses an address as proxies write it: `192.0.2.1`, `2001:db8::1`, `[2001:db8::1]`, with or without a port.
fn address_of(element: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(element).ok()?;
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    text.parse().ok().or_else(with_port).or_else(bracketed)
}
