//! Proxies in front of the server: which of them are believed, and what they say of a client.

use crate::http::ClientAddress;
use httparse::Header;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Where proxies are: at addresses that begin with the same bits, or at Unix sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ip { address: IpAddr, bits: u32 },
    Unix,
}

impl Network {
    /// Reads an address, or one with the number of bits that count: `10.0.0.5`, `fd00::/8`; `unix` is the other end of
    /// every Unix socket.
    ///
    /// # Errors
    /// What is wrong with the text. A bit that does not count must not be set: whoever wrote it meant something else.
    pub fn parse(text: &str) -> Result<Network, String> {
        if text.trim() == "unix" {
            return Ok(Network(Kind::Unix));
        }
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr =
            address.trim().parse().map_err(|_| "not an address, one with its bits (10.0.0.0/8), or unix")?;
        let most = width(address);
        let bits = match bits {
            None => most,
            Some(bits) => bits.trim().parse().ok().filter(|bits| *bits <= most).ok_or_else(|| {
                format!("the number of bits of such an address is one from 0 to {most}, as in {address}/{most}")
            })?,
        };
        if masked(address, bits) != number(address) {
            return Err(format!("{address} has more than {bits} bits: name the first address of the network"));
        }
        // An IPv4 address in the clothes of IPv6 is one of IPv4.
        Ok(match address.to_canonical() {
            canonical if bits >= most - width(canonical) => {
                Network(Kind::Ip { address: canonical, bits: bits - (most - width(canonical)) })
            }
            _ => Network(Kind::Ip { address, bits }),
        })
    }

    /// Whether an address is in it.
    fn contains(&self, client: ClientAddress) -> bool {
        match (self.0, client) {
            (Kind::Ip { address, bits }, ClientAddress::Ip(ip)) => {
                let ip = ip.to_canonical();
                ip.is_ipv4() == address.is_ipv4() && masked(ip, bits) == number(address)
            }
            (Kind::Unix, ClientAddress::Unix) => true,
            (Kind::Ip { .. }, ClientAddress::Unix) | (Kind::Unix, ClientAddress::Ip(_)) => false,
        }
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Kind::Ip { address, bits } if bits == width(address) => write!(f, "{address}"),
            Kind::Ip { address, bits } => write!(f, "{address}/{bits}"),
            Kind::Unix => f.write_str("unix"),
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

/// The number of an address, with nothing in it but its first bits.
fn masked(address: IpAddr, bits: u32) -> u128 {
    let rest = width(address) - bits;
    number(address).checked_shr(rest).and_then(|first| first.checked_shl(rest)).unwrap_or(0)
}

/// What is known of the client behind a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Client {
    /// Where it is, as far as anybody is believed.
    pub(super) address: ClientAddress,
    /// Whether the request came encrypted: to the proxy, or to the server itself.
    pub(super) secure: bool,
}

/// Whether one of these is that address.
pub(super) fn is_trusted(trusted: &[Network], address: ClientAddress) -> bool {
    trusted.iter().any(|network| network.contains(address))
}

/// What a trusted proxy at that address says of its client. Where it does not say how the client came, that is how it
/// came itself: through TLS or not.
///
/// Each proxy adds the address that it was called from at the right end of `X-Forwarded-For`, so what stands left of
/// the first address that is not trusted is only what that client says of itself. Where the proxy says nothing, or what
/// is no address, it is taken for the client itself.
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
    // What was not encrypted on a part of its way is not encrypted.
    let secure = match protocols.peek() {
        None => is_tls,
        Some(_) => protocols.all(|protocol| protocol.eq_ignore_ascii_case(b"https")),
    };
    Client { address, secure }
}

/// The elements of a list in all fields of that name; those with nothing in them are none (RFC 9110, 5.6.1).
fn elements<'f>(fields: &'f [Header<'_>], name: &'static str) -> impl DoubleEndedIterator<Item = &'f [u8]> {
    let named = fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
    let elements = named.flat_map(|field| field.value.split(|byte| *byte == b','));
    elements.map(<[u8]>::trim_ascii).filter(|element| !element.is_empty())
}

/// An address as proxies write it: `192.0.2.1`, `2001:db8::1`, `[2001:db8::1]`, with a port or without.
fn address_of(element: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(element).ok()?;
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    text.parse().ok().or_else(with_port).or_else(bracketed)
}
