//! Where clients are.

use std::net::IpAddr;

/// Where a client is: at the other end of the connection, or where a trusted proxy says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientAddress {
    /// At an IP address.
    Ip(IpAddr),
    /// On this machine, at the other end of a Unix socket. All clients there have this one address.
    Unix,
}

impl ClientAddress {
    /// True if the client is on this machine.
    pub fn is_local(self) -> bool {
        match self {
            ClientAddress::Ip(address) => address.is_loopback(),
            ClientAddress::Unix => true,
        }
    }
}

impl From<IpAddr> for ClientAddress {
    fn from(address: IpAddr) -> ClientAddress {
        ClientAddress::Ip(address)
    }
}

impl std::fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ClientAddress::Ip(address) => write!(f, "{address}"),
            ClientAddress::Unix => f.write_str("a Unix socket"),
        }
    }
}
