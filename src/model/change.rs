//! What has changed.

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
    /// What was done, such as `user.created`.
    pub action: String,
    /// The user, group or key that it was done to.
    pub name: String,
    /// What was so and is no longer, as a JSON object.
    pub before: Option<String>,
    /// What is so now, as a JSON object.
    pub after: Option<String>,
}
