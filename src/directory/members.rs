//! Verbs on memberships.

use super::{
    Directory, group_id_of, group_of, profiles_of, require_an_administrator, require_no_administrator, user_id_of,
};
use crate::model::{Caller, Denied, Page, Power, Profile, Result, Window};
use crate::store::{List, Rows, Tx};

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
        self.change_member(side, username, group, |tx, user_id, group_id| tx.insert_member(group_id, user_id))
    }

    /// Ends a user's direct membership of a group; nothing changes if there is none.
    ///
    /// # Errors
    /// As [`Directory::add_member`]; `LastAdministrator`.
    pub fn remove_member(&self, side: Side, username: &str, group: &str) -> Result<Profile> {
        self.change_member(side, username, group, |tx, user_id, group_id| {
            let rights = tx.leads_to_administrators(group_id)?;
            tx.delete_member(group_id, user_id)?;
            if rights { require_an_administrator(tx) } else { Ok(()) }
        })
    }

    /// Makes a group a direct member of another; nothing changes if it is one.
    ///
    /// # Errors
    /// `Forbidden` for those who are no administrators; `NotFound`; `Invalid` where a group would contain itself.
    pub fn add_subgroup(&self, group: &str, subgroup: &str) -> Result<()> {
        self.caller.require(Power::Administrator, Denied::Membership)?;
        let (group, subgroup) = (group.to_owned(), subgroup.to_owned());
        self.write(move |tx| {
            let (group, child) = (group_id_of(tx, &group)?, group_of(tx, &subgroup)?);
            tx.add_to_list(group, List::Groups, &child.name).map(drop)
        })
    }

    /// Ends that; nothing changes if it is none.
    ///
    /// # Errors
    /// `Forbidden` for those who are no administrators; `NotFound`; `LastAdministrator`.
    pub fn remove_subgroup(&self, group: &str, subgroup: &str) -> Result<()> {
        self.caller.require(Power::Administrator, Denied::Membership)?;
        let (group, subgroup) = (group.to_owned(), subgroup.to_owned());
        self.write(move |tx| {
            let (group, child) = (group_id_of(tx, &group)?, group_id_of(tx, &subgroup)?);
            let rights = tx.leads_to_administrators(group)?;
            tx.remove_subgroup(group, child)?;
            if rights { require_an_administrator(tx) } else { Ok(()) }
        })
    }

    /// Changes a membership and returns the user as they are after that.
    fn change_member(
        &self,
        side: Side,
        username: &str,
        group: &str,
        change: impl FnOnce(&Tx<'_>, i64, i64) -> Result<()> + Send + 'static,
    ) -> Result<Profile> {
        if self.caller.power < Power::PowerUser {
            self.store.read(|rows| both(rows, side, username, group))?;
        }
        self.caller.require(Power::PowerUser, Denied::Membership)?;
        let (caller, username, group) = (self.caller.clone(), username.to_owned(), group.to_owned());
        let user_id = self.write(move |tx| {
            let (user_id, group_id) = both(tx, side, &username, &group)?;
            require_no_rights(tx, &caller, user_id, group_id)?;
            change(tx, user_id, group_id)?;
            Ok(user_id)
        })?;
        self.profile_by_id(user_id)
    }

    /// Direct members of a group whose login begins with that text, in the order of names.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn members(&self, group: &str, prefix: &str, window: Window) -> Result<Page<Profile>> {
        self.store.read(|rows| {
            let page = rows.list_members(group_id_of(rows, group)?, prefix, window)?;
            profiles_of(rows, page)
        })
    }
}

/// The inner ids of both; what the side names is looked up, and missed, first.
fn both(rows: &Rows<'_>, side: Side, username: &str, group: &str) -> Result<(i64, i64)> {
    match side {
        Side::User => {
            let user_id = user_id_of(rows, username)?;
            Ok((user_id, group_id_of(rows, group)?))
        }
        Side::Group => {
            let group_id = group_id_of(rows, group)?;
            Ok((user_id_of(rows, username)?, group_id))
        }
    }
}

fn require_no_rights(tx: &Tx<'_>, caller: &Caller, user_id: i64, group_id: i64) -> Result<()> {
    if caller.is_administrator() {
        return Ok(());
    }
    require_no_administrator(caller, tx.is_administrator(user_id)?, Denied::Membership)?;
    require_no_administrator(caller, tx.leads_to_administrators(group_id)?, Denied::Membership)
}
