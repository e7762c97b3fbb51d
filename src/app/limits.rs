//! Limits of the listeners that clients do not use: the admin socket and the metrics address.

use crate::server::Limits;
use std::time::Duration;

/// Connections of the admin socket. Half of them may follow the changes.
const ADMIN_CONNECTIONS: usize = 128;
/// The longest request of a command, in bytes: an import batch with one very long row.
const ADMIN_BODY_BYTES: usize = 256 << 20;
/// A command can be slow between two requests, and be stopped and continued.
const ADMIN_TIMEOUT: Duration = Duration::from_secs(86_400);

/// The limits of the metrics address. There are few connections, so that they fit into the file descriptors that are
/// reserved, and enough for several collectors and health checks.
const METRICS_LIMITS: Limits = Limits {
    connections: 16,
    connections_per_address: None,
    body_bytes: 1024,
    body_memory: 1 << 20,
    answer_memory: 4 << 20,
    head_timeout: Duration::from_secs(5),
    body_timeout: Duration::from_secs(5),
    // Longer than the usual interval of collectors.
    idle_timeout: Duration::from_secs(120),
    write_timeout: Duration::from_secs(10),
    grace: Duration::from_secs(1),
};

/// The limits of the metrics address, with the grace period of the server.
pub(super) fn metrics_limits(limits: &Limits) -> Limits {
    Limits { grace: limits.grace, ..METRICS_LIMITS }
}

/// The limits of the admin socket.
pub(super) fn admin_limits(limits: &Limits) -> Limits {
    Limits {
        connections: ADMIN_CONNECTIONS,
        // All commands come from one address.
        connections_per_address: Some(ADMIN_CONNECTIONS),
        body_bytes: ADMIN_BODY_BYTES,
        // Only the owner of the database can connect: requests are not limited in total.
        body_memory: usize::MAX,
        answer_memory: usize::MAX,
        body_timeout: ADMIN_TIMEOUT,
        idle_timeout: ADMIN_TIMEOUT,
        ..limits.clone()
    }
}
