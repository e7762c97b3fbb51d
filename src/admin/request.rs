//! The requests, and the values in them.

use crate::directory::Conflict;
use crate::formats::{GroupRecord, Record, Role, UserRecord};
use serde::{Deserialize, Serialize};

/// The path of administrative requests.
pub(crate) const LOCAL_PATH: &str = "/orders";
/// The path where a waiting command asks whether the server makes progress.
pub(crate) const PROGRESS_PATH: &str = "/progress";

/// A request of a command.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdminRequest {
    /// Some users, in the order of names: [`UserView`](super::UserView)s.
    Users {
        /// Which.
        selection: Selection,
        /// After that name.
        after: String,
        /// As many.
        limit: u64,
    },
    /// One user, with groups: [`UserView`](super::UserView).
    User {
        /// The login.
        name: String,
    },
    /// Makes a user: [`UserView`](super::UserView).
    AddUser(Box<UserRecord>),
    /// Changes a user: [`UserView`](super::UserView). What is `None` stays, what is empty is cleared.
    SetUser(Box<UserRecord>),
    /// Gives a user another login: [`UserView`](super::UserView).
    RenameUser {
        /// The present login.
        name: String,
        /// The new one.
        new_name: String,
    },
    /// Removes a user for good.
    DeleteUser {
        /// The login.
        name: String,
    },
    /// Removes users who are disabled and were not changed since then, as many: their names.
    PurgeUsers {
        /// Milliseconds since 1970-01-01 UTC.
        unchanged_since: i64,
        /// As many.
        limit: u64,
    },
    /// Some groups, in the order of names: [`GroupView`](super::GroupView)s.
    Groups {
        /// Only entries whose name or label contains this.
        text: Option<String>,
        /// After that name.
        after: String,
        /// As many.
        limit: u64,
    },
    /// One group, with the groups in it and above it: [`GroupView`](super::GroupView).
    Group {
        /// The name.
        name: String,
    },
    /// Makes a group: [`GroupView`](super::GroupView).
    AddGroup(GroupRecord),
    /// Changes a group: [`GroupView`](super::GroupView). What is `None` stays, what is empty is cleared.
    SetGroup(GroupRecord),
    /// Removes a group for good.
    DeleteGroup {
        /// The name.
        name: String,
    },
    /// Puts a user, or a group, into a group.
    AddMember(Membership),
    /// Takes a user, or a group, out of a group.
    RemoveMember(Membership),
    /// Makes a key: its number and the secret.
    CreateKey {
        /// The role of an application key; `None`: an API key.
        role: Option<Role>,
        /// Its label.
        name: String,
    },
    /// All keys: [`KeyView`](super::KeyView)s.
    Keys,
    /// Ends a key.
    RevokeKey {
        /// Its number.
        id: i64,
    },
    /// Gives a user another password.
    SetPassword {
        /// The login.
        user: String,
        /// The password, in clear.
        password: String,
    },
    /// Some changes: [`ChangesView`](super::ChangesView).
    Changes {
        /// With the oldest that is kept, in place of `after`.
        #[serde(default)]
        oldest: bool,
        /// After that one; `None`: only those to come.
        after: Option<i64>,
        /// From that time on, in milliseconds since 1970-01-01 UTC, in place of `after`.
        from: Option<i64>,
        /// As many.
        limit: u64,
        /// Seconds to wait for the first one.
        wait: u64,
    },
    /// Copies the database into an existing empty file in the same folder.
    Copy {
        /// The file, without its folder.
        name: String,
    },
    /// Imports a batch of rows: [`ImportBatchResult`](super::ImportBatchResult).
    Import(Box<ImportBatch>),
    /// The position of an interrupted import of the input with that digest:
    /// [`ImportProgressView`](super::ImportProgressView), or nothing.
    ImportProgress {
        /// SHA-256.
        digest: [u8; 32],
    },
    /// Begins an import: the place from which the memberships of the input count, and the number of pending members.
    BeginImport {
        /// SHA-256.
        digest: [u8; 32],
        /// The highest place of a membership in the input.
        places: u64,
    },
    /// Removes properties with the names of fields from some users and groups: [`RemovedPropertyView`](super::RemovedPropertyView)s.
    RemoveAnsweredProperties,
    /// The number of pending members.
    #[serde(rename = "waiting_names")]
    CountPendingMembers,
    /// Ends an import.
    EndImport {
        /// SHA-256.
        digest: [u8; 32],
    },
}

/// Which users a list is about: those to whom all of it applies.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Selection {
    /// Only users who are disabled, or only users who are not.
    pub disabled: Option<bool>,
    /// Only users who have logged in, or only users who have not.
    pub verified: Option<bool>,
    /// Only administrators, or only other users.
    pub administrators: bool,
    /// Direct members of that group.
    pub group: Option<String>,
    /// Only users whose login, names or e-mail address contain that text.
    pub text: Option<String>,
    /// Only users who were not changed since then, in milliseconds since 1970-01-01 UTC.
    pub unchanged_since: Option<i64>,
}

/// A membership.
#[derive(Debug, Serialize, Deserialize)]
pub struct Membership {
    /// The group.
    pub group: String,
    /// The user, or the group, in it.
    pub member: String,
    /// It is a group.
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
    /// The digest of the whole input.
    pub digest: [u8; 32],
    /// The pass over the input.
    pub phase: Phase,
    /// The number of the last row of the batch, and its line.
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
    /// All, in their order.
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

    /// Its place in [`Phase::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// Its number, from 1.
    pub fn number(self) -> u32 {
        self as u32 + 1
    }
}
