//! Entries of LDAP directories, and how memberships refer to them.

/// A digest of a distinguished name, or of another text by which an LDAP server means an entry: equal for two spellings
/// of one name.
pub type EntryName = [u8; 16];

/// The member of a membership.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The user or group of that name, also one that does not exist yet.
    Name(String),
    /// Only the user or group that was imported from that entry.
    Entry {
        /// The entry.
        entry: EntryName,
        /// The distinguished name for messages.
        shown: String,
        /// The name in its distinguished name, if it is valid here.
        name: Option<String>,
    },
}

impl Default for Target {
    fn default() -> Target {
        Target::Name(String::new())
    }
}

impl From<String> for Target {
    fn from(name: String) -> Target {
        Target::Name(name)
    }
}

impl From<&str> for Target {
    fn from(name: &str) -> Target {
        Target::Name(name.to_owned())
    }
}

impl Target {
    /// Its name in messages.
    pub fn shown(&self) -> &str {
        match self {
            Target::Name(name) => name,
            Target::Entry { shown, .. } => shown,
        }
    }
}
