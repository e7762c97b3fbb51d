//! Verbs on memberships.

use super::lookup::{
    load_group, load_group_id, load_user, load_user_id, load_user_with_groups, load_user_with_groups_by_id,
};
use super::page_reader::PageReader;
use super::permissions::{AdministratorGuard, require_no_administrator};
use super::transactions::Directory;
use crate::model::{Caller, DeniedAction, MemberList, PermissionLevel, Result, UserWithGroups, Window};
use crate::store::{ReadTx, WriteTx};

/// From which side a membership is looked at: what is looked up, and missed, first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MembershipView {
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
    pub fn add_member(&self, side: MembershipView, username: &str, group: &str) -> Result<UserWithGroups> {
        self.change_member(side, username, group, |tx, _, user_id, group_id| tx.insert_member(group_id, user_id))
    }

    /// Ends a user's direct membership of a group; nothing changes if there is none.
    ///
    /// # Errors
    /// As [`Directory::add_member`]; `LastAdministrator`.
    pub fn remove_member(&self, side: MembershipView, username: &str, group: &str) -> Result<UserWithGroups> {
        let rules = self.rules.clone();
        self.change_member(side, username, group, move |tx, caller, user_id, group_id| {
            let rights = tx.grants_administrator(group_id)?;
            let administrators = rights.then(|| AdministratorGuard::before(tx, caller, &rules)).transpose()?;
            tx.delete_member(group_id, user_id)?;
            administrators.map_or(Ok(()), |administrators| administrators.require_remaining_administrator(tx))
        })
    }

    /// Makes a group a direct member of another; nothing changes if it is one.
    ///
    /// # Errors
    /// `Forbidden` for those who are no administrators; `NotFound`; `Invalid` where a group would contain itself.
    pub fn add_subgroup(&self, group: &str, subgroup: &str) -> Result<()> {
        let (group, subgroup) = (group.to_owned(), subgroup.to_owned());
        self.write(PermissionLevel::Administrator, DeniedAction::Membership, move |tx, _| {
            let (group, child) = (load_group_id(tx, &group)?, load_group(tx, &subgroup)?);
            tx.add_to_member_list(group, MemberList::Groups, &child.name).map(drop)
        })
    }

    /// Ends that; nothing changes if it is none.
    ///
    /// # Errors
    /// `Forbidden` for those who are no administrators; `NotFound`; `LastAdministrator`.
    pub fn remove_subgroup(&self, group: &str, subgroup: &str) -> Result<()> {
        let (rules, group, subgroup) = (self.rules.clone(), group.to_owned(), subgroup.to_owned());
        self.write(PermissionLevel::Administrator, DeniedAction::Membership, move |tx, caller| {
            let (group, child) = (load_group_id(tx, &group)?, load_group_id(tx, &subgroup)?);
            let rights = tx.grants_administrator(group)?;
            let administrators = rights.then(|| AdministratorGuard::before(tx, caller, &rules)).transpose()?;
            tx.remove_subgroup(group, child)?;
            administrators.map_or(Ok(()), |administrators| administrators.require_remaining_administrator(tx))
        })
    }

    /// Changes a membership and returns the user as they are after that.
    fn change_member(
        &self,
        side: MembershipView,
        username: &str,
        group: &str,
        change: impl FnOnce(&WriteTx<'_>, &Caller, i64, i64) -> Result<()> + Send + 'static,
    ) -> Result<UserWithGroups> {
        if self.caller.permission < PermissionLevel::PowerUser {
            self.read(|rows| resolve_membership(rows, side, username, group))?;
        }
        let (username, group) = (username.to_owned(), group.to_owned());
        self.write(PermissionLevel::PowerUser, DeniedAction::Membership, move |tx, caller| {
            let (user_id, group_id) = resolve_membership(tx, side, &username, &group)?;
            require_non_admin_membership(tx, caller, user_id, group_id)?;
            change(tx, caller, user_id, group_id)?;
            // Read after the commit, the answer could show what another client has made of the user since.
            load_user_with_groups(tx, load_user(tx, &username)?)
        })
    }

    /// Direct members of a group whose login begins with that text, in the order of names.
    ///
    /// # Errors
    /// `NotFound`, and `Forbidden` where the members are hidden, when the first piece is read.
    pub fn members(&self, group: &str, prefix: String, window: Window) -> PageReader<UserWithGroups> {
        let group = group.to_owned();
        let page = move |directory: &Directory, rows: &ReadTx<'_>| {
            let id = load_group_id(rows, &group)?;
            directory.require_shown_members(rows, id)?;
            rows.list_members(id, &prefix, window)
        };
        PageReader::new(self, page, |_, rows, id| load_user_with_groups_by_id(rows, id))
    }
}

/// The inner ids of both; what the side names is looked up, and missed, first.
fn resolve_membership(rows: &ReadTx<'_>, side: MembershipView, username: &str, group: &str) -> Result<(i64, i64)> {
    match side {
        MembershipView::User => {
            let user_id = load_user_id(rows, username)?;
            Ok((user_id, load_group_id(rows, group)?))
        }
        MembershipView::Group => {
            let group_id = load_group_id(rows, group)?;
            Ok((load_user_id(rows, username)?, group_id))
        }
    }
}

fn require_non_admin_membership(tx: &WriteTx<'_>, caller: &Caller, user_id: i64, group_id: i64) -> Result<()> {
    if caller.is_administrator() {
        return Ok(());
    }
    require_no_administrator(caller, tx.is_administrator(user_id)?, DeniedAction::Membership)?;
    require_no_administrator(caller, tx.grants_administrator(group_id)?, DeniedAction::Membership)
}
