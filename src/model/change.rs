//! Changes in the audit log.

/// A change that was made to a user, a group, a membership or a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Counts up in the order of changes; some numbers may be left out.
    pub id: i64,
    /// Milliseconds since 1970-01-01 UTC.
    pub at: i64,
    /// `user`, `key` or `operator`; `None`: the program itself.
    pub caller_kind: Option<String>,
    /// The name of the user or key, or the operator's account.
    pub caller: Option<String>,
    /// The dialect by which it came, or `command`, or `program`.
    pub dialect: String,
    /// The action, such as `user.created`.
    pub action: String,
    /// The user, group or key that it was done to.
    pub name: String,
    /// The old values, as a JSON object.
    pub before: Option<String>,
    /// The new values, as a JSON object.
    pub after: Option<String>,
}
