//! The listeners of the server, as requests know them.

/// Where requests come in, which decides what is served to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListenerKind {
    /// The address for clients.
    Public,
    /// The address for those who watch the server.
    Metrics,
    /// The socket for commands on the same machine.
    Local,
}

impl ListenerKind {
    /// What it is called in metrics.
    pub fn name(self) -> &'static str {
        match self {
            ListenerKind::Public => "public",
            ListenerKind::Metrics => "metrics",
            ListenerKind::Local => "local",
        }
    }
}
