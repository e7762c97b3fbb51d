//! The items of an import, and their outcomes.

use crate::model::{EntryName, GroupChanges, Target, UserChanges};
use serde::{Deserialize, Serialize};

/// The highest place of a membership that a file may name.
pub(super) const PLACE_MAX: u64 = 1 << 40;

/// One thing to bring in.
#[derive(Debug, Clone)]
pub enum Item {
    /// A user.
    User(Box<ImportedUser>),
    /// A group without its lists.
    Group {
        /// The name.
        name: String,
        /// The file is an export of ours, so the name was that of a group.
        exported: bool,
        /// The fields to set.
        changes: GroupChanges,
        /// The entry that it comes from.
        entry_names: Vec<EntryName>,
    },
    /// All groups that a group is directly in.
    Parents {
        /// The group.
        group: String,
        /// The groups that contain it. They need not exist yet.
        parents: Vec<String>,
    },
    /// A user in a group, or, where the entry turns out to be a group, a group in a group.
    Member {
        /// The group.
        group: Target,
        /// The user. One who is meant by name need not exist yet.
        user: Target,
        /// The place in the order of all memberships.
        place: Option<u64>,
        /// Only the member says it: it counts where no other membership implies it.
        by_member: bool,
        /// The row that says it was not stored: it is missing, unless it is there already.
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
        /// Only the member says it: it counts where no other membership implies it.
        by_member: bool,
        /// The row that says it was not stored: it is missing, unless it is there already.
        withheld: bool,
    },
}

/// A user to bring in.
#[derive(Debug, Clone, Default)]
pub struct ImportedUser {
    /// The login.
    pub name: String,
    /// The file is an export of ours, so the login was that of a user.
    pub exported: bool,
    /// The fields to set.
    pub changes: UserChanges,
    /// A password in clear.
    pub password: Option<String>,
    /// A stored value of a password.
    pub password_hash: Option<String>,
    /// The place of the membership in each of the groups, and the spelling of the login in the group's list.
    pub places: Vec<(u64, Option<String>)>,
    /// The entry that the user comes from.
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

/// How to bring it in.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// The action for users and groups that already exist.
    pub conflict: Conflict,
    /// Makes the groups that a user or member is to be in and that do not exist.
    pub create_groups: bool,
    /// The place in the order of all memberships from which the file counts its places.
    pub base: i64,
    /// Rows that would leave no administrator are deferred, and not refused.
    pub defers: bool,
}

/// The position of an import, which is stored in the transaction of each part.
#[derive(Debug, Clone, Copy)]
pub struct ImportPosition {
    /// SHA-256 of the whole input and of what it is taken for.
    pub digest: [u8; 32],
    /// Which pass over the input it is.
    pub phase: u32,
    /// The number of the last row of the part.
    pub row: u64,
    /// The line where that begins.
    pub line: u64,
}

/// The outcome of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportOutcome {
    /// It was not there before.
    Created,
    /// It was there, and was different.
    Updated,
    /// It was there, and the same.
    Unchanged,
    /// It was there, and has stayed as it was.
    Skipped,
    /// Nothing, and why.
    Refused(String),
    /// Nothing yet: the last administrator has to stay one, until other rows make another.
    Deferred,
    /// A membership is missing: why, in the same words for all of its kind, and who is concerned here.
    Missing(String, String),
}

/// The outcomes of all items.
#[derive(Debug, Clone)]
pub struct Imported {
    /// Of each in their order.
    pub outcomes: Vec<ImportOutcome>,
    /// Groups that were made on the way.
    pub groups: Vec<String>,
}

/// A membership to bring in.
pub(super) struct Member<'m> {
    pub(super) group: &'m Target,
    pub(super) member: &'m Target,
    pub(super) place: Option<u64>,
    pub(super) by_member: bool,
}
