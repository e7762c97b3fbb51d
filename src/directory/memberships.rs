//! Verbs on memberships.

use super::lookup::{load_group, load_group_id, load_user, load_user_with_groups, load_user_with_groups_by_id};
use super::page_reader::PageReader;
use super::permissions::{AdministratorGuard, Operation, require_non_admin_membership};
use super::transactions::Directory;
use crate::model::{Caller, GroupRef, MemberList, Result, User, UserRef, UserWithGroups, Window};
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
    pub fn add_member<'r>(
        &self,
        side: MembershipView,
        user: impl Into<UserRef<'r>>,
        group: impl Into<GroupRef<'r>>,
    ) -> Result<UserWithGroups> {
        self.change_member(side, user.into(), group.into(), |tx, _, user_id, group_id| {
            tx.insert_member(group_id, user_id).map(drop)
        })
    }

    /// Ends a user's direct membership of a group; nothing changes if there is none.
    ///
    /// # Errors
    /// As [`Directory::add_member`]; `LastAdministrator`.
    pub fn remove_member<'r>(
        &self,
        side: MembershipView,
        user: impl Into<UserRef<'r>>,
        group: impl Into<GroupRef<'r>>,
    ) -> Result<UserWithGroups> {
        let rules = self.rules.clone();
        self.change_member(side, user.into(), group.into(), move |tx, caller, user_id, group_id| {
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
    pub fn add_subgroup<'r>(&self, group: impl Into<GroupRef<'r>>, subgroup: impl Into<GroupRef<'r>>) -> Result<()> {
        let (group, subgroup) = (group.into().into_owned(), subgroup.into().into_owned());
        self.write(Operation::EditSubgroup, move |tx, _| {
            let (group, child) = (load_group_id(tx, &group)?, load_group(tx, &subgroup)?);
            tx.add_to_member_list(group, MemberList::Groups, &child.name).map(drop)
        })
    }

    /// Removes a subgroup from a group. Does nothing if it is not in the group.
    ///
    /// # Errors
    /// `Forbidden` for those who are no administrators; `NotFound`; `LastAdministrator`.
    pub fn remove_subgroup<'r>(&self, group: impl Into<GroupRef<'r>>, subgroup: impl Into<GroupRef<'r>>) -> Result<()> {
        let (rules, group, subgroup) = (self.rules.clone(), group.into().into_owned(), subgroup.into().into_owned());
        self.write(Operation::EditSubgroup, move |tx, caller| {
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
        user: UserRef<'_>,
        group: GroupRef<'_>,
        change: impl FnOnce(&WriteTx<'_>, &Caller, i64, i64) -> Result<()> + Send + 'static,
    ) -> Result<UserWithGroups> {
        if !Operation::EditMembership.is_allowed_to(&self.caller) {
            self.read(|rows| resolve_membership(rows, side, &user, &group))?;
        }
        let (user, group) = (user.into_owned(), group.into_owned());
        self.write(Operation::EditMembership, move |tx, caller| {
            let (user, group_id) = resolve_membership(tx, side, &user, &group)?;
            require_non_admin_membership(tx, caller, user.id, group_id)?;
            change(tx, caller, user.id, group_id)?;
            // A membership is no part of the user's row. Read after the commit, the groups could be those that another
            // client has given the user since.
            load_user_with_groups(tx, user)
        })
    }

    /// Direct members of a group whose login begins with that text, in the order of names.
    ///
    /// # Errors
    /// `NotFound`, and `Forbidden` where the members are hidden, when the first piece is read.
    pub fn members<'r>(
        &self,
        group: impl Into<GroupRef<'r>>,
        prefix: String,
        window: Window,
    ) -> PageReader<UserWithGroups> {
        let group = group.into().into_owned();
        let page = move |directory: &Directory, rows: &ReadTx<'_>| {
            let id = load_group_id(rows, &group)?;
            directory.require_shown_members(rows, id)?;
            rows.list_members(id, &prefix, window)
        };
        PageReader::new(self, page, |_, rows, id| load_user_with_groups_by_id(rows, id))
    }
}

/// The user, and the row id of the group; what the side names is looked up, and missed, first.
fn resolve_membership(
    rows: &ReadTx<'_>,
    side: MembershipView,
    user: &UserRef<'_>,
    group: &GroupRef<'_>,
) -> Result<(User, i64)> {
    match side {
        MembershipView::User => {
            let user = load_user(rows, user)?;
            Ok((user, load_group_id(rows, group)?))
        }
        MembershipView::Group => {
            let group_id = load_group_id(rows, group)?;
            Ok((load_user(rows, user)?, group_id))
        }
    }
}
