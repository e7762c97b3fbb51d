//! The users and memberships that the server has returned, as digests. The lists of groups are compared with them.

use crate::formats::name_key;
use anyhow::bail;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

/// Maximum memory for all of them, in bytes.
const BYTES_MAX: usize = 128 << 20;

/// One fact that the server has returned.
#[derive(Hash)]
enum Fact<'f> {
    /// The user's document has a list of groups.
    User(&'f str),
    /// The user's document names the group.
    Membership { user: &'f str, group: &'f str },
    /// One group is a subgroup of the other.
    Subgroup { group: &'f str, subgroup: &'f str },
    /// The user's document has no list of groups.
    Untold(&'f str),
}

/// The meaning of a name in the list of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// A user whose document names the group.
    Told,
    /// A user whose document names only other groups.
    Contradicted,
    /// No user, or a user whose document has no list of groups.
    Open,
}

/// Everything that the server has returned so far.
#[derive(Default)]
pub(super) struct Known {
    random: RandomState,
    /// Users and memberships. They are sorted after [`Known::finish_users`].
    users: Vec<u64>,
    subgroups: HashSet<u64>,
    /// Users that have no known group: neither their document nor the list of a group names one. Number and name.
    untold: HashMap<u64, (usize, String)>,
    bytes: usize,
}

impl Known {
    /// Adds to the memory in use, here or elsewhere.
    ///
    /// # Errors
    /// The memory in use exceeds the maximum.
    pub(super) fn keep(&mut self, bytes: usize) -> anyhow::Result<()> {
        self.bytes += bytes;
        if self.bytes > BYTES_MAX {
            bail!("the server has too many users and groups: their names take more than {} MiB", BYTES_MAX >> 20);
        }
        Ok(())
    }

    /// Adds a user with the list of groups in the user's document.
    ///
    /// # Errors
    /// The memory in use exceeds the maximum.
    pub(super) fn note_user(&mut self, name: &str, groups: &[String]) -> anyhow::Result<()> {
        self.keep(size_of::<u64>() * (groups.len() + 1))?;
        let user = name_key(name);
        self.users.push(self.random.hash_one(Fact::User(&user)));
        for group in groups {
            let membership = Fact::Membership { user: &user, group: &name_key(group) };
            self.users.push(self.random.hash_one(membership));
        }
        Ok(())
    }

    /// Adds a user whose document has no list of groups.
    ///
    /// # Errors
    /// The memory in use exceeds the maximum.
    pub(super) fn note_untold(&mut self, name: &str) -> anyhow::Result<()> {
        // The nodes of the map have unused space.
        self.keep(2 * size_of::<(u64, usize, String)>() + name.len())?;
        let digest = self.random.hash_one(Fact::Untold(&name_key(name)));
        let number = self.untold.len();
        self.untold.entry(digest).or_insert_with(|| (number, name.to_owned()));
        Ok(())
    }

    /// Adds a subgroup of a group. Returns false if it is known already.
    ///
    /// # Errors
    /// The memory in use exceeds the maximum.
    pub(super) fn note_subgroup(&mut self, group: &str, subgroup: &str) -> anyhow::Result<bool> {
        self.keep(2 * size_of::<u64>())?;
        let fact = Fact::Subgroup { group: &name_key(group), subgroup: &name_key(subgroup) };
        Ok(self.subgroups.insert(self.random.hash_one(fact)))
    }

    /// Sorts the users and memberships for look-ups, once all users are added.
    pub(super) fn finish_users(&mut self) {
        self.users.sort_unstable();
    }

    /// The meaning of a name in the list of a group. Call it after [`Known::finish_users`].
    pub(super) fn standing(&mut self, name: &str, group: &str) -> Standing {
        let user = name_key(name);
        let has = |fact: Fact<'_>| self.users.binary_search(&self.random.hash_one(fact)).is_ok();
        if has(Fact::Membership { user: &user, group: &name_key(group) }) {
            return Standing::Told;
        }
        if has(Fact::User(&user)) {
            return Standing::Contradicted;
        }
        self.untold.remove(&self.random.hash_one(Fact::Untold(&user)));
        Standing::Open
    }

    /// Takes the users without a known group, in the order of the server.
    pub(super) fn take_untold(&mut self) -> Vec<String> {
        let mut untold: Vec<_> = std::mem::take(&mut self.untold).into_values().collect();
        untold.sort_unstable();
        untold.into_iter().map(|(_, name)| name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_a_list_is_told_contradicted_or_open() {
        let mut known = Known::default();
        known.note_user("Ada", &["Staff".to_owned()]).unwrap();
        known.note_user("bob", &[]).unwrap();
        for name in ["eve", "joe", "Eve"] {
            known.note_untold(name).unwrap();
        }
        known.finish_users();
        assert_eq!(known.standing("ADA", "staff"), Standing::Told);
        assert_eq!(known.standing("ada", "board"), Standing::Contradicted);
        assert_eq!(known.standing("bob", "staff"), Standing::Contradicted);
        assert_eq!(known.standing("ghost", "staff"), Standing::Open);
        assert_eq!(known.standing("eve", "staff"), Standing::Open);
        assert_eq!(known.take_untold(), ["joe"]);
    }

    #[test]
    fn memory_has_an_end() {
        let mut known = Known::default();
        known.keep(BYTES_MAX).unwrap();
        assert!(known.note_user("ada", &[]).unwrap_err().to_string().contains("more than 128 MiB"));
        assert!(known.note_untold("ada").is_err() && known.note_subgroup("a", "b").is_err());
    }
}
