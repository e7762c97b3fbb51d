//! Memberships.

/// One of the three lists of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberList {
    /// Its direct member users.
    Users,
    /// Its direct member groups.
    Groups,
    /// The groups that it is a direct member of.
    Parents,
}
