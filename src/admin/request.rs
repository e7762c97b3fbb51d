//! The requests of commands, and their parameters.

use crate::directory::Conflict;
use crate::formats::{GroupRecord, Record, UserRecord};
use serde::{Deserialize, Serialize};

/// The path of administrative requests.
pub(crate) const LOCAL_PATH: &str = "/orders";
/// The path where a waiting command asks whether the server makes progress.
pub(crate) const PROGRESS_PATH: &str = "/progress";

/// A request of a command, as the admin socket carries it. The [`procedure`](super::procedure)s make requests.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdminRequest {
    /// [`LIST_USERS`](super::procedure::LIST_USERS)
    Users(UserQuery),
    /// [`READ_USER`](super::procedure::READ_USER)
    User {
        /// Login of the user.
        name: String,
    },
    /// [`CREATE_USER`](super::procedure::CREATE_USER)
    AddUser(Box<UserRecord>),
    /// [`UPDATE_USER`](super::procedure::UPDATE_USER)
    SetUser(Box<UserRecord>),
    /// [`RENAME_USER`](super::procedure::RENAME_USER)
    RenameUser(Rename),
    /// [`DELETE_USER`](super::procedure::DELETE_USER)
    DeleteUser {
        /// Login of the user.
        name: String,
    },
    /// [`PURGE_USERS`](super::procedure::PURGE_USERS)
    PurgeUsers(Purge),
    /// [`LIST_GROUPS`](super::procedure::LIST_GROUPS)
    Groups(GroupQuery),
    /// [`READ_GROUP`](super::procedure::READ_GROUP)
    Group {
        /// Name of the group.
        name: String,
    },
    /// [`CREATE_GROUP`](super::procedure::CREATE_GROUP)
    AddGroup(GroupRecord),
    /// [`UPDATE_GROUP`](super::procedure::UPDATE_GROUP)
    SetGroup(GroupRecord),
    /// [`DELETE_GROUP`](super::procedure::DELETE_GROUP)
    DeleteGroup {
        /// Name of the group.
        name: String,
    },
    /// [`ADD_MEMBER`](super::procedure::ADD_MEMBER)
    AddMember(Membership),
    /// [`REMOVE_MEMBER`](super::procedure::REMOVE_MEMBER)
    RemoveMember(Membership),
    /// [`CREATE_KEY`](super::procedure::CREATE_KEY)
    CreateKey(NewKey),
    /// [`LIST_KEYS`](super::procedure::LIST_KEYS)
    Keys,
    /// [`REVOKE_KEY`](super::procedure::REVOKE_KEY)
    RevokeKey {
        /// Number of the key.
        id: i64,
    },
    /// [`SET_PASSWORD`](super::procedure::SET_PASSWORD)
    SetPassword(PasswordChange),
    /// [`READ_CHANGES`](super::procedure::READ_CHANGES)
    Changes(ChangeQuery),
    /// [`COPY_DATABASE`](super::procedure::COPY_DATABASE)
    Copy {
        /// Name of the file, without its folder.
        name: String,
    },
    /// [`IMPORT`](super::procedure::IMPORT)
    Import(Box<ImportBatch>),
    /// [`IMPORT_PROGRESS`](super::procedure::IMPORT_PROGRESS)
    ImportProgress {
        /// SHA-256 of the input and the options.
        digest: [u8; 32],
    },
    /// [`BEGIN_IMPORT`](super::procedure::BEGIN_IMPORT)
    BeginImport {
        /// SHA-256 of the input and the options.
        digest: [u8; 32],
        /// The highest place of a membership in the input.
        places: u64,
    },
    /// [`REMOVE_ANSWERED_PROPERTIES`](super::procedure::REMOVE_ANSWERED_PROPERTIES)
    RemoveAnsweredProperties,
    /// [`COUNT_PENDING_MEMBERS`](super::procedure::COUNT_PENDING_MEMBERS)
    #[serde(rename = "waiting_names")]
    CountPendingMembers,
    /// [`END_IMPORT`](super::procedure::END_IMPORT)
    EndImport {
        /// SHA-256 of the input and the options.
        digest: [u8; 32],
    },
}

/// One page of a list of users.
#[derive(Debug, Serialize, Deserialize)]
pub struct UserQuery {
    /// Filters; a user must match all of them.
    pub selection: Selection,
    /// The page begins after this login.
    pub after: String,
    /// Maximum number of users on the page.
    pub limit: u64,
}

/// One page of a list of groups.
#[derive(Debug, Serialize, Deserialize)]
pub struct GroupQuery {
    /// Only groups whose texts contain all words of this query.
    pub text: Option<String>,
    /// The page begins after this name.
    pub after: String,
    /// Maximum number of groups on the page.
    pub limit: u64,
}

/// Another login for a user.
#[derive(Debug, Serialize, Deserialize)]
pub struct Rename {
    /// Present login.
    pub name: String,
    /// New login.
    pub new_name: String,
}

/// Another password for a user.
#[derive(Debug, Serialize, Deserialize)]
pub struct PasswordChange {
    /// Login of the user.
    pub user: String,
    /// New password in clear.
    pub password: String,
}

/// The users to purge.
#[derive(Debug, Serialize, Deserialize)]
pub struct Purge {
    /// Only disabled users who were not changed since this time, in milliseconds since 1970-01-01 UTC.
    pub unchanged_since: i64,
    /// Maximum number of users to delete.
    pub limit: u64,
}

/// A key to create.
#[derive(Debug, Serialize, Deserialize)]
pub struct NewKey {
    /// Role of an application key; `None` creates an API key.
    pub role: Option<String>,
    /// Label of the key.
    pub name: String,
}

/// The position in the audit log from which changes are read.
#[derive(Debug, Serialize, Deserialize)]
pub struct ChangeQuery {
    /// Reads from the oldest stored change; `from` and `after` are ignored.
    #[serde(default)]
    pub oldest: bool,
    /// Reads changes after the one with this number; without `oldest`, `after` and `from` only future changes.
    pub after: Option<i64>,
    /// Reads changes from this time on, in milliseconds since 1970-01-01 UTC; `after` is ignored.
    pub from: Option<i64>,
    /// Maximum number of changes.
    pub limit: u64,
    /// Seconds to wait for the first change.
    pub wait: u64,
}

/// Filters of a list of users. A user must match all of them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Selection {
    /// True: only disabled users; false: only enabled users.
    pub disabled: Option<bool>,
    /// True: only users who have logged in; false: only users who have not.
    pub verified: Option<bool>,
    /// True: only administrators; false: all users.
    pub administrators: bool,
    /// Only direct members of the group with this name.
    pub group: Option<String>,
    /// Only users whose texts contain all words of this query.
    pub text: Option<String>,
    /// Only users who were not changed since this time, in milliseconds since 1970-01-01 UTC.
    pub unchanged_since: Option<i64>,
}

/// A direct membership in a group.
#[derive(Debug, Serialize, Deserialize)]
pub struct Membership {
    /// Name of the parent group.
    pub group: String,
    /// Login of the user, or name of the subgroup.
    pub member: String,
    /// True if the member is a group.
    pub subgroup: bool,
}

/// Rows of an import for one transaction.
#[derive(Debug, Serialize, Deserialize)]
pub struct ImportBatch {
    /// The records. In the first phase a group has no parents; in later phases only its parents count.
    pub records: Vec<Record>,
    /// The row number and the line of each record.
    pub rows: Vec<(u64, u64)>,
    /// The action for users and groups that already exist.
    pub conflict: Conflict,
    /// Creates groups that do not exist.
    pub create_groups: bool,
    /// The end of the order of all memberships when the import began.
    pub base: i64,
    /// SHA-256 of the input and the options.
    pub digest: [u8; 32],
    /// The pass over the input.
    pub phase: Phase,
    /// Number and line of the last row of the batch.
    pub last: (u64, u64),
}

/// The passes of an import over its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Groups, without members.
    Groups,
    /// Users, with their groups.
    Users,
    /// Parents of groups, from the rows of the groups. They replace the parents in the directory, so this phase comes
    /// before those that add memberships.
    Parents,
    /// Memberships of groups that the input names by their names in the directory. After this phase it is settled which
    /// groups give rights.
    NamedMemberships,
    /// Memberships of groups that are entries of an LDAP directory.
    Memberships,
    /// Memberships that only the rows of members name.
    MemberOf,
    /// Changes that would have left no administrator in an earlier phase.
    Administrators,
}

impl Phase {
    /// All phases in order.
    pub const ALL: [Phase; 7] = [
        Phase::Groups,
        Phase::Users,
        Phase::Parents,
        Phase::NamedMemberships,
        Phase::Memberships,
        Phase::MemberOf,
        Phase::Administrators,
    ];

    /// True if it imports memberships of users, or of groups in other groups.
    pub fn has_memberships(self) -> bool {
        matches!(self, Phase::NamedMemberships | Phase::Memberships | Phase::MemberOf)
    }

    /// The index in [`Phase::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// The number of the phase, from 1.
    pub fn number(self) -> u32 {
        self as u32 + 1
    }
}
