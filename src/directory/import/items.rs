//! The items of an import, and their outcomes.

use crate::model::{EntryName, GroupChanges, Target, UserChanges};
use serde::{Deserialize, Serialize};

/// The highest place of a membership that a file may name.
pub(super) const PLACE_MAX: u64 = 1 << 40;

/// A user, group or membership to import.
#[derive(Debug, Clone)]
pub enum Item {
    /// A user.
    User(Box<ImportedUser>),
    /// A group without its lists.
    Group {
        /// The name.
        name: String,
        /// The input is an export of Rollbook, so the name was valid in a directory.
        exported: bool,
        /// The fields to set.
        changes: GroupChanges,
        /// The LDAP entries that it was read from.
        entry_names: Vec<EntryName>,
    },
    /// All groups that a group is directly in.
    Parents {
        /// The group.
        group: String,
        /// The groups that contain it. They need not exist yet.
        parents: Vec<String>,
    },
    /// A user in a group; or a group in a group, if the entry of the member is that of a group.
    Member {
        /// The group.
        group: Target,
        /// The user. A user that is given by name need not exist yet.
        user: Target,
        /// The place in the order of all memberships.
        place: Option<u64>,
        /// Only the row of the member names the membership: it is added if no other membership implies it.
        by_member: bool,
        /// The row that names the membership was not stored: the membership is missing, unless it exists already.
        withheld: bool,
    },
    /// A group in a group. One of the two has to exist.
    Subgroup {
        /// The group that contains.
        group: Target,
        /// The group that is contained.
        subgroup: Target,
        /// The place in the order of all memberships.
        place: Option<u64>,
        /// Only the row of the member names the membership: it is added if no other membership implies it.
        by_member: bool,
        /// The row that names the membership was not stored: the membership is missing, unless it exists already.
        withheld: bool,
    },
}

/// A user to import.
#[derive(Debug, Clone, Default)]
pub struct ImportedUser {
    /// The login.
    pub name: String,
    /// The input is an export of Rollbook, so the login was valid in a directory.
    pub exported: bool,
    /// The fields to set.
    pub changes: UserChanges,
    /// A plain-text password.
    pub password: Option<String>,
    /// A password hash.
    pub password_hash: Option<String>,
    /// For each group the place of the membership, and the spelling of the login in the list of the group.
    pub places: Vec<(u64, Option<String>)>,
    /// The LDAP entries that the user was read from.
    pub entry_names: Vec<EntryName>,
}

/// The action for a user or group that already exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conflict {
    /// Leave it unchanged.
    Skip,
    /// Change the fields that the item has.
    Update,
    /// Refuse the item.
    Fail,
}

/// The options of a batch.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// The action for users and groups that already exist.
    pub conflict: Conflict,
    /// Create the groups of users and members that do not exist.
    pub create_groups: bool,
    /// The place in the order of all memberships from which the places of the input count.
    pub base: i64,
    /// Defer items that would leave no administrator, instead of refusing them.
    pub defers: bool,
}

/// The position of an import. The transaction of each batch stores it.
#[derive(Debug, Clone, Copy)]
pub struct ImportPosition {
    /// SHA-256 of the whole input and of the options that change how it is read.
    pub digest: [u8; 32],
    /// The pass over the input.
    pub phase: u32,
    /// The number of the last row of the batch.
    pub row: u64,
    /// The line where that row begins.
    pub line: u64,
}

/// The outcome of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportOutcome {
    /// It is new.
    Created,
    /// It existed and was changed.
    Updated,
    /// It existed and had these values already.
    Unchanged,
    /// It existed and was left unchanged.
    Skipped,
    /// It was refused, with the reason.
    Refused(String),
    /// It is deferred to the last phase, because it would leave no administrator before other rows add one.
    Deferred,
    /// A membership is missing: the reason, with the same text for all of its kind, and the member.
    Missing(String, String),
}

/// The outcomes of a batch.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The outcome of each item, in the order of the items.
    pub outcomes: Vec<ImportOutcome>,
    /// Names of groups that were created because members need them.
    pub groups: Vec<String>,
}

/// A membership to import.
pub(super) struct Member<'m> {
    pub(super) group: &'m Target,
    pub(super) member: &'m Target,
    pub(super) place: Option<u64>,
    pub(super) by_member: bool,
}
