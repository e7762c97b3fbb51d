//! Rows of an input that claim the same name: only the first of them is stored.
//!
//! The first pass keeps a hash of eight bytes for each claim. The passes after it keep the text only of claims whose hash
//! occurs more than once.

use crate::formats::Record;
use crate::model::{fold_name, spelling_key};
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

/// The number of a row, and its line.
pub(super) type RowPosition = (u64, u64);

/// A name that a row claims for its user or group.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Claim {
    /// A login.
    User(String),
    /// The name of a group.
    Group(String),
    /// An entry of an LDAP directory.
    Entry {
        /// The digest.
        name: [u8; 16],
        /// True for the distinguished name. Other names can belong to several entries.
        first: bool,
    },
}

impl Claim {
    /// The login or name of a group that a record claims.
    pub(super) fn name_of(record: &Record) -> Option<Claim> {
        // Names of an export of Rollbook are distinct although they may differ only by invisible characters.
        let form = |name: &str, exported: bool| if exported { spelling_key(name) } else { fold_name(name) };
        match record {
            Record::User(user) => Some(Claim::User(form(&user.name, user.exported))),
            Record::Group(group) => Some(Claim::Group(form(&group.name, group.exported))),
            Record::Member(_) | Record::Subgroup(_) => None,
        }
    }

    /// The LDAP entries of a record.
    pub(super) fn entries_of(record: &Record) -> impl Iterator<Item = Claim> {
        let names = match record {
            Record::User(user) => user.entry_names.as_slice(),
            Record::Group(group) => group.entry_names.as_slice(),
            Record::Member(_) | Record::Subgroup(_) => &[],
        };
        names.iter().enumerate().map(|(at, name)| Claim::Entry { name: *name, first: at == 0 })
    }
}

/// The claims of an input.
#[derive(Default)]
pub(super) struct Claims {
    random: RandomState,
    /// The hash of each claim; after [`Claims::finish`] only hashes that occur more than once.
    hashes: Vec<u64>,
    /// The first row of each claim with such a hash.
    first: HashMap<Claim, RowPosition>,
}

impl Claims {
    /// Adds a claim in the first pass.
    pub(super) fn note(&mut self, claim: &Claim) {
        self.hashes.push(self.random.hash_one(claim));
    }

    /// Ends the first pass.
    pub(super) fn finish(&mut self) {
        self.hashes.sort_unstable();
        let mut shared: Vec<u64> =
            self.hashes.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        shared.dedup();
        self.hashes = shared;
    }

    /// The line of an earlier row with the same claim. Callers ask in the order of the rows.
    pub(super) fn earlier(&mut self, claim: Claim, at: RowPosition) -> Option<u64> {
        if self.hashes.binary_search(&self.random.hash_one(&claim)).is_err() {
            return None;
        }
        let first = *self.first.entry(claim).or_insert(at);
        (first != at).then_some(first.1)
    }

    /// Returns true if several rows may claim the same name.
    pub(super) fn is_shared(&self, claim: &Claim) -> bool {
        self.hashes.binary_search(&self.random.hash_one(claim)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_of_several_rows_has_a_claim() {
        let mut claims = Claims::default();
        let user = |name: &str| Claim::User(name.to_owned());
        for name in ["ada", "bob", "ada", "eve", "ada"] {
            claims.note(&user(name));
        }
        claims.note(&Claim::Group("bob".to_owned()));
        claims.finish();
        let lines = [("ada", 1), ("bob", 1), ("ada", 1), ("eve", 4), ("ada", 5)];
        // Each pass after the first asks again.
        for _ in 0..2 {
            let rows = lines.iter().enumerate();
            let earlier: Vec<_> =
                rows.map(|(row, (name, line))| claims.earlier(user(name), (row as u64, *line))).collect();
            assert_eq!(earlier, [None, None, Some(1), None, Some(1)]);
        }
        assert!(claims.is_shared(&user("ada")) && !claims.is_shared(&user("bob")));
        assert_eq!(claims.first.len(), 1, "only what is claimed twice is kept");
    }
}
