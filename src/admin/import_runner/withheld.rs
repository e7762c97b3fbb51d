//! Rows that are not stored, and their users and groups.

use crate::admin::ShownImport;
use crate::formats::EntryName;
use std::collections::{HashMap, HashSet};

/// The user or group of a row.
pub(super) struct Owner {
    /// The key of the name of a group; `None`: a user.
    pub(super) group: Option<String>,
    /// The entries.
    pub(super) entries: Vec<EntryName>,
}

/// Users and groups whose rows are not stored. These rows add no members.
#[derive(Default)]
pub(super) struct Withheld {
    /// The numbers of the rows of groups.
    pub(super) rows: HashSet<u64>,
    /// The keys of the names of groups.
    pub(super) names: HashSet<String>,
    /// The entries of groups, and of users whose rows were refused.
    pub(super) entries: HashSet<EntryName>,
    /// The entries of users whose rows were skipped: they are who they were, and do not become members by these rows.
    pub(super) skipped: HashSet<EntryName>,
}

impl Withheld {
    /// Adds those of a part that were not stored.
    pub(super) fn add(&mut self, owners: &mut HashMap<u64, Owner>, result: &ShownImport) {
        for row in &result.skipped {
            owners.remove(row).into_iter().for_each(|owner| self.add_row(*row, owner, true));
        }
        for (row, ..) in &result.refused {
            owners.remove(row).into_iter().for_each(|owner| self.add_row(*row, owner, false));
        }
    }

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

    /// These and those.
    pub(super) fn joined_with(mut self, others: Withheld) -> Withheld {
        self.rows.extend(others.rows);
        self.names.extend(others.names);
        self.entries.extend(others.entries);
        self.skipped.extend(others.skipped);
        self
    }
}
