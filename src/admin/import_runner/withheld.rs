//! Users and groups of rows that are not stored.

use crate::admin::{ImportBatchResult, RefusedRow};
use crate::formats::EntryName;
use std::collections::{HashMap, HashSet};

/// The user or group of a row.
pub(super) struct Owner {
    /// The folded name of a group; `None` for a user.
    pub(super) group: Option<String>,
    /// The LDAP entries that it was read from.
    pub(super) entries: Vec<EntryName>,
}

/// Users and groups whose rows are not stored. These rows add no members.
#[derive(Default)]
pub(super) struct Withheld {
    /// The numbers of the rows of groups.
    pub(super) rows: HashSet<u64>,
    /// The folded names of groups.
    pub(super) names: HashSet<String>,
    /// The entries of groups, and of users whose rows were refused.
    pub(super) entries: HashSet<EntryName>,
    /// The entries of users whose rows were skipped: the users stay unchanged, and these rows add them to no group.
    pub(super) skipped: HashSet<EntryName>,
}

impl Withheld {
    /// Adds the users and groups of a batch that were not stored.
    pub(super) fn add(&mut self, owners: &mut HashMap<u64, Owner>, result: &ImportBatchResult) {
        for row in &result.skipped {
            owners.remove(row).into_iter().for_each(|owner| self.add_row(*row, owner, true));
        }
        for RefusedRow { row, .. } in &result.refused {
            owners.remove(row).into_iter().for_each(|owner| self.add_row(*row, owner, false));
        }
    }

    /// Adds the user or group of one row.
    pub(super) fn add_row(&mut self, row: u64, owner: Owner, is_skipped: bool) {
        match owner.group {
            Some(name) => {
                self.rows.insert(row);
                self.names.insert(name);
                self.entries.extend(owner.entries);
            }
            None if is_skipped => self.skipped.extend(owner.entries),
            None => self.entries.extend(owner.entries),
        }
    }

    /// Both together.
    pub(super) fn joined_with(mut self, others: Withheld) -> Withheld {
        self.rows.extend(others.rows);
        self.names.extend(others.names);
        self.entries.extend(others.entries);
        self.skipped.extend(others.skipped);
        self
    }
}
