//! Password values that cannot be used.

/// The reason for which no password can be checked against a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is broken, or of another kind.
    Unreadable,
    /// Its parameters are beyond the bounds.
    TooCostly,
}
