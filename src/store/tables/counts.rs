//! The number of rows of each kind.

use crate::model::Result;
use crate::store::sql::ReadTx;
use std::fmt;

/// Numbers of rows in a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Users, including disabled ones.
    pub users: u64,
    /// Groups.
    pub groups: u64,
    /// Direct memberships of users in groups.
    pub memberships: u64,
    /// Keys and tokens, including revoked ones.
    pub credentials: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count| if count == 1 { "" } else { "s" };
        let Counts { users, groups, memberships, credentials } = *self;
        write!(f, "{users} user{}, {groups} group{}, ", plural(users), plural(groups))?;
        write!(f, "{memberships} membership{}, ", plural(memberships))?;
        write!(f, "{credentials} key{} and token{}", plural(credentials), plural(credentials))
    }
}

impl ReadTx<'_> {
    /// Counts the rows of the tables.
    pub fn counts(&self) -> Result<Counts> {
        Ok(Counts {
            users: self.number("select count(*) from users", [])?,
            groups: self.number("select count(*) from groups", [])?,
            memberships: self.number("select count(*) from memberships", [])?,
            credentials: self.number("select count(*) from credentials", [])?,
        })
    }
}
