//! The version of a user or group as a number. It changes when the user or group changes.
//!
//! The number is computed from change counters and not from all fields, so it is cheap. Two versions of one user or
//! group have different numbers, except with a probability of 1 in 2^64.

use super::{Group, GroupName, User, UserWithGroups};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

/// Another version of the program may show the same state in another way.
const VERSION: &str = env!("CARGO_PKG_VERSION");

impl User {
    /// The state of the user as an administrator or not, whatever their groups.
    pub fn etag(&self, administrator: bool) -> u64 {
        self.hasher(administrator).finish()
    }

    fn hasher(&self, administrator: bool) -> DefaultHasher {
        let mut hasher = hasher(&self.uuid, self.version, self.updated_at);
        administrator.hash(&mut hasher);
        // No change of a user counts it: it changes with the rules of names alone.
        self.key.hash(&mut hasher);
        hasher
    }
}

impl UserWithGroups {
    /// The state of the user with all their groups, whose memberships, names and labels no version of a user counts.
    pub fn etag(&self) -> u64 {
        let mut hasher = self.user.hasher(self.administrator);
        for groups in [&self.groups, &self.ancestors] {
            hash_names(groups, &mut hasher);
        }
        hasher.finish()
    }
}

fn hash_names(groups: &[Arc<GroupName>], hasher: &mut DefaultHasher) {
    groups.len().hash(hasher);
    for group in groups {
        // Another group can have the name later.
        group.uuid.hash(hasher);
        group.name.hash(hasher);
        group.label.hash(hasher);
    }
}

impl Group {
    /// The state of the group with its lists, each change of which counts as one of the group.
    pub fn etag(&self) -> u64 {
        hasher(&self.uuid, self.version, self.updated_at).finish()
    }
}

/// The hasher has the same keys in every process, so that a number outlives the server.
fn hasher(uuid: &str, version: i64, updated_at: i64) -> DefaultHasher {
    let mut hasher = DefaultHasher::new();
    VERSION.hash(&mut hasher);
    uuid.hash(&mut hasher);
    version.hash(&mut hasher);
    updated_at.hash(&mut hasher);
    hasher
}
