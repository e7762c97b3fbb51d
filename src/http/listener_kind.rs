//! The listeners of the server, as requests know them.

/// The listener of a request. It decides which paths are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListenerKind {
    /// The address for clients.
    Public,
    /// The address for metrics and health.
    Metrics,
    /// The admin socket, for commands on the same machine.
    Local,
}

impl ListenerKind {
    /// The label in metrics.
    pub fn name(self) -> &'static str {
        match self {
            ListenerKind::Public => "public",
            ListenerKind::Metrics => "metrics",
            ListenerKind::Local => "local",
        }
    }
}
