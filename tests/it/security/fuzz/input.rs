//! The inputs and their senders.

/// The sender of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rights {
    /// Anonymous callers, readers, ordinary users.
    None,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Head,
    Chunks,
    Path,
    Json,
    Credentials,
    Scim,
}

/// The credentials that inputs are sent with.
pub struct Keys {
    pub read: String,
    pub ordinary: String,
    pub administrator: String,
}

/// The bytes of one request, valid or not.
pub struct Input {
    pub bytes: Vec<u8>,
    /// The dialect whose errors are expected; `None` for SCIM, which has inputs of its own.
    pub dialect: Option<Dialect>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Datadog,
    Nuxeo,
}
