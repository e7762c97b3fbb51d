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

/// A [`Change`] whose texts are where they were read.
#[derive(Debug, Clone, Copy)]
pub struct ChangeRef<'c> {
    /// See [`Change::id`].
    pub id: i64,
    /// See [`Change::at`].
    pub at: i64,
    /// See [`Change::caller_kind`].
    pub caller_kind: Option<&'c str>,
    /// See [`Change::caller`].
    pub caller: Option<&'c str>,
    /// See [`Change::dialect`].
    pub dialect: &'c str,
    /// See [`Change::action`].
    pub action: &'c str,
    /// See [`Change::name`].
    pub name: &'c str,
    /// See [`Change::before`].
    pub before: Option<&'c str>,
    /// See [`Change::after`].
    pub after: Option<&'c str>,
}

impl ChangeRef<'_> {
    /// The bytes of the old and the new values.
    pub fn value_bytes(&self) -> usize {
        [self.before, self.after].into_iter().flatten().map(str::len).sum()
    }

    /// A copy of the change.
    pub fn to_change(&self) -> Change {
        Change {
            id: self.id,
            at: self.at,
            caller_kind: self.caller_kind.map(str::to_owned),
            caller: self.caller.map(str::to_owned),
            dialect: self.dialect.to_owned(),
            action: self.action.to_owned(),
            name: self.name.to_owned(),
            before: self.before.map(str::to_owned),
            after: self.after.map(str::to_owned),
        }
    }
}
