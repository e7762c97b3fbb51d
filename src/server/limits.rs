//! The limits of a server, and the descriptors that the system allows.

use std::time::Duration;

/// Descriptors that are not connections: the database, its log, standard streams.
const DESCRIPTORS_RESERVED: u64 = 64;

/// Limits of a server and of each of its connections.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Open connections. A further one closes an idle connection, or is answered 503 if none is idle.
    pub connections: usize,
    /// Open connections of one client address, with the same rule. `None`: three quarters of all connections, or all of
    /// them if there are fewer than 64. The 2^64 IPv6 addresses of one network count as one address.
    pub connections_per_address: Option<usize>,
    /// Longest request body, in bytes.
    pub body_bytes: usize,
    /// Memory for all large request bodies in progress, in bytes.
    pub body_memory: usize,
    /// Memory for all large responses in progress, in bytes.
    pub answer_memory: usize,
    /// Time from the first byte of a head (or from the connect) to its last byte.
    pub head_timeout: Duration,
    /// Time from the end of the head to the last byte of the body.
    pub body_timeout: Duration,
    /// Time between two requests.
    pub idle_timeout: Duration,
    /// Time without progress while a response is sent. A long response may take longer in all.
    pub write_timeout: Duration,
    /// Time from a stop request to the end of the server. Requests that still run are cut off a little earlier, see
    /// [`super::GracePeriod`].
    pub grace: Duration,
}

impl Limits {
    /// Open connections that one client address may have.
    pub fn per_address_limit(&self) -> usize {
        let all = self.connections;
        self.connections_per_address.unwrap_or(if all < 64 { all } else { all - all / 4 }).min(all)
    }

    /// These limits, lowered to what the process may open, with memory for at least two of the longest bodies: one
    /// caller must not keep out the others.
    pub(super) fn within_system_limits(mut self) -> Limits {
        let descriptors = descriptor_limit().saturating_sub(DESCRIPTORS_RESERVED);
        self.connections = self.connections.min(usize::try_from(descriptors).unwrap_or(usize::MAX).max(1));
        self.body_memory = self.body_memory.max(self.body_bytes.saturating_mul(2));
        self
    }
}

/// The soft limit of open files.
fn descriptor_limit() -> u64 {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Raises the soft limit of open files of this process to the hard limit. Each connection needs a descriptor.
pub fn raise_descriptor_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // If it fails, the server runs with fewer connections.
    let _ = setrlimit(Resource::Nofile, limit);
}
