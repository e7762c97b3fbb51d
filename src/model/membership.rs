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

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedMember {
    /// The uuid of the user or group, or the text that a client gave for a member that is neither.
    pub uuid: String,
    /// The name that a client gave to the member.
    pub display: Option<String>,
    /// True for a group, false for a user; `None`: no user or group has the uuid.
    pub is_group: Option<bool>,
}

/// A position in the members of a group: first the users in the order of their creation, then the groups, then the
/// members that are neither.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberCursor {
    /// After the user of that row id.
    User(i64),
    /// After the group of that row id.
    Group(i64),
    /// After that text.
    Unknown(String),
    /// At the end.
    End,
}

impl MemberCursor {
    /// Before the first member.
    pub const START: MemberCursor = MemberCursor::User(0);
}
