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

/// The membership of a user, with its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PositionedGroup {
    /// The name of the group.
    pub name: String,
    /// The position.
    pub place: u64,
    /// The spelling of the user's name in the group's list, where it differs.
    pub written: Option<String>,
}
