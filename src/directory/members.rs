//! Verbs on memberships.

use super::{Directory, group_of, profile_of, require_an_administrator, require_no_administrator, user_of};
use crate::model::{Caller, Denied, Group, Page, Power, Profile, Result, User, Window};
use crate::store::{Rows, Tx};

/// From which side a membership is looked at: what is looked up, and missed, first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The user's groups.
    User,
    /// The group's users.
    Group,
}

impl Directory {
    /// Makes a user a direct member of a group; nothing changes if they are one.
    ///
    /// # Errors
    /// `NotFound`, first for what the side names; `Forbidden` when the caller may not, or when administrators are
    /// concerned and the caller is none.
    pub fn add_member(&self, side: Side, username: &str, group: &str) -> Result<Profile> {
        self.change_member(side, username, group, |tx, user, group| tx.insert_member(group.id, user.id))
    }

    /// Ends a user's direct membership of a group; nothing changes if there is none.
    ///
    /// # Errors
    /// As [`Directory::add_member`]; `LastAdministrator`.
    pub fn remove_member(&self, side: Side, username: &str, group: &str) -> Result<Profile> {
        self.change_member(side, username, group, |tx, user, group| {
            let rights = tx.leads_to_administrators(group.id)?;
            tx.delete_member(group.id, user.id)?;
            if rights { require_an_administrator(tx) } else { Ok(()) }
        })
    }

    fn change_member(
        &self,
        side: Side,
        username: &str,
        group: &str,
        change: impl FnOnce(&Tx<'_>, &User, &Group) -> Result<()> + Send + 'static,
    ) -> Result<Profile> {
        if self.caller.power < Power::PowerUser {
            self.store.snapshot(|rows| both(rows, side, username, group))?;
        }
        self.caller.require(Power::PowerUser, Denied::Membership)?;
        let (caller, username, group) = (self.caller.clone(), username.to_owned(), group.to_owned());
        self.store.write(move |tx| {
            let (user, group) = both(tx, side, &username, &group)?;
            require_no_rights(tx, &caller, &user, &group)?;
            change(tx, &user, &group)?;
            let user = tx.find_user_by_id(user.id)?.unwrap_or(user);
            profile_of(tx, user)
        })
    }

    /// Direct members of a group whose login begins with that text, in the order of names.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn members(&self, group: &str, prefix: &str, window: Window) -> Result<Page<Profile>> {
        self.store.snapshot(|rows| {
            let page = rows.list_members(group_of(rows, group)?.id, prefix, window)?;
            let entries = page.entries.into_iter().map(|user| profile_of(rows, user)).collect::<Result<_>>()?;
            Ok(Page { entries, total: page.total })
        })
    }
}

fn both(rows: &Rows<'_>, side: Side, username: &str, group: &str) -> Result<(User, Group)> {
    match side {
        Side::User => {
            let user = user_of(rows, username)?;
            Ok((user, group_of(rows, group)?))
        }
        Side::Group => {
            let group = group_of(rows, group)?;
            Ok((user_of(rows, username)?, group))
        }
    }
}

fn require_no_rights(tx: &Tx<'_>, caller: &Caller, user: &User, group: &Group) -> Result<()> {
    if caller.is_administrator() {
        return Ok(());
    }
    require_no_administrator(caller, tx.is_administrator(user.id)?, Denied::Membership)?;
    require_no_administrator(caller, tx.leads_to_administrators(group.id)?, Denied::Membership)
}
