//! Verbs on groups.

use super::lookup::{find_group, load_group, load_group_by_id, load_group_id};
use super::names::new_key;
use super::page_reader::PageReader;
use super::permissions::{AdministratorGuard, Operation, require_no_administrator, require_no_administrator_parents};
use super::rules::Rules;
use super::transactions::Directory;
use crate::model::{
    Caller, DeniedAction, EntityKind, Error, Group, GroupChanges, GroupDetails, GroupRef, MemberList, Precondition,
    Result, Window, check_login,
};
use crate::store::{PlannedLists, ReadTx, WriteTx};

/// Which of a group's lists are wanted along with it. They can be long, so none is by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListSelection {
    /// Direct member users.
    pub member_users: bool,
    /// Direct member groups.
    pub member_groups: bool,
    /// The groups that it is a direct member of.
    pub parent_groups: bool,
}

impl Directory {
    /// The group of that name.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn group<'r>(&self, group: impl Into<GroupRef<'r>>, lists: ListSelection) -> Result<GroupDetails> {
        let group = group.into();
        self.read(|rows| self.shown(rows, load_group(rows, &group)?, lists))
    }

    /// Direct member groups of a group whose name begins with that text, in the order of names.
    ///
    /// # Errors
    /// `NotFound`, and `Forbidden` where the members are hidden, when the first piece is read.
    pub fn subgroups<'r>(
        &self,
        group: impl Into<GroupRef<'r>>,
        prefix: String,
        window: Window,
        lists: ListSelection,
    ) -> PageReader<GroupDetails> {
        let group = group.into().into_owned();
        let page = move |directory: &Directory, rows: &ReadTx<'_>| {
            let id = load_group_id(rows, &group)?;
            directory.require_shown_members(rows, id)?;
            rows.list_subgroups(id, &prefix, window)
        };
        PageReader::new(self, page, move |directory, rows, id| directory.shown_by_id(rows, id, lists))
    }

    /// Creates a group.
    ///
    /// # Errors
    /// `Forbidden` when the caller may not, or not one below `administrators`; `Exists`; `Invalid` for names or
    /// fields that cannot be, and where the group would contain itself; `TooManyNames`.
    pub fn create_group(&self, name: &str, new: GroupChanges, lists: ListSelection) -> Result<GroupDetails> {
        self.require(Operation::CreateGroup)?;
        let name = check_login("group name", name)?.to_owned();
        self.write_names(new.names(), Operation::CreateGroup, move |tx, caller| {
            require_no_administrator_parents(tx, caller, &new, None, DeniedAction::Create)?;
            let group = guard_new_group(tx, caller, &name, |key| insert_group(tx, &name, key, &new))?;
            details_of(tx, group, lists)
        })
    }

    /// Changes a group. It keeps its name.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden` when the caller may not, or when the group is below `administrators` before or
    /// after and the caller is none; `LastAdministrator`; `Invalid`; `PreconditionFailed` when the condition is not met;
    /// `TooManyNames`.
    pub fn update_group<'r>(
        &self,
        group: impl Into<GroupRef<'r>>,
        changes: GroupChanges,
        lists: ListSelection,
        condition: Precondition,
    ) -> Result<GroupDetails> {
        self.require(Operation::EditGroup)?;
        self.require_names(changes.names())?;
        let group = group.into().into_owned();
        let planned = self.plan_member_lists(&group, &changes)?;
        let rules = self.rules.clone();
        self.write_names(changes.names(), Operation::EditGroup, move |tx, caller| {
            let before = load_group(tx, &group)?;
            let id = before.id;
            update_group(tx, caller, &rules, before, &changes, planned, &condition)?;
            details_of(tx, load_group_by_id(tx, id)?, lists)
        })
    }

    /// Plans the change of a group's lists while others can write.
    fn plan_member_lists(&self, group: &GroupRef<'_>, changes: &GroupChanges) -> Result<Option<PlannedLists>> {
        let lists = lists_of(changes);
        if lists.is_empty() {
            return Ok(None);
        }
        self.read(|rows| find_group(rows, group)?.map(|group| rows.plan_member_lists(&group, &lists)).transpose())
    }

    /// How many users are directly in a group.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn count_members<'r>(&self, group: impl Into<GroupRef<'r>>) -> Result<u64> {
        let group = group.into();
        self.read(|rows| rows.count_members(load_group_id(rows, &group)?))
    }

    /// Removes a group for good, also from its members' groups and from its parents.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, `LastAdministrator`; `PreconditionFailed` when the condition is not met.
    pub fn delete_group<'r>(&self, group: impl Into<GroupRef<'r>>, condition: Precondition) -> Result<()> {
        let group = group.into().into_owned();
        if !Operation::EditGroup.is_allowed_to(&self.caller) {
            self.read(|rows| load_group(rows, &group))?;
        }
        let rules = self.rules.clone();
        self.write(Operation::EditGroup, move |tx, caller| {
            let group = load_group(tx, &group)?;
            guard_group(tx, caller, &rules, group.id, || {
                condition.check(|| Ok(group.etag()))?;
                tx.delete_group(group.id)
            })
        })
    }
}

/// Makes a new group by `insert`, which gets the key of the name and returns the row id, unless the group leads to
/// administrator rights and the caller has none.
///
/// # Errors
/// `Forbidden`; `Exists` and `Invalid` for the name; those of `insert`.
pub(super) fn guard_new_group(
    tx: &WriteTx<'_>,
    caller: &Caller,
    name: &str,
    insert: impl FnOnce(String) -> Result<i64>,
) -> Result<Group> {
    if let Some(id) = tx.find_group_id(name)? {
        require_no_administrator(caller, tx.grants_administrator(id)?, DeniedAction::Create)?;
    }
    let id = insert(new_key(tx, EntityKind::Group, name)?)?;
    // Also a name that waited in another group's list can put it below `administrators`.
    require_no_administrator(caller, tx.grants_administrator(id)?, DeniedAction::Create)?;
    load_group_by_id(tx, id)
}

/// Changes or deletes a group by `change`, unless the group leads to administrator rights, before or after, and the caller
/// has none.
///
/// # Errors
/// `Forbidden`; `LastAdministrator` and `Protected` for those who have to stay administrators; those of `change`.
pub(super) fn guard_group(
    tx: &WriteTx<'_>,
    caller: &Caller,
    rules: &Rules,
    id: i64,
    change: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let had_rights = tx.grants_administrator(id)?;
    require_no_administrator(caller, had_rights, DeniedAction::Edit)?;
    let administrators = had_rights.then(|| AdministratorGuard::before(tx, caller, rules)).transpose()?;
    change()?;
    require_no_administrator(caller, tx.grants_administrator(id)?, DeniedAction::Edit)?;
    administrators.map_or(Ok(()), |administrators| administrators.require_remaining_administrator(tx))
}

/// Stores a new group with its lists, under a key that is not looked at, and returns its row id.
pub(super) fn insert_group(tx: &WriteTx<'_>, name: &str, key: String, new: &GroupChanges) -> Result<i64> {
    let mut group = Group { name: name.to_owned(), key, ..Group::default() };
    new.apply_to(&mut group)?;
    let id = tx.insert_group(&group)?;
    tx.insert_member_lists(id, &lists_of(new))?;
    Ok(id)
}

/// Stores a change to a group, unless it is about administrators, before or after, and the caller is none. The change
/// of its lists may have been planned before.
pub(super) fn update_group(
    tx: &WriteTx<'_>,
    caller: &Caller,
    rules: &Rules,
    before: Group,
    changes: &GroupChanges,
    planned: Option<PlannedLists>,
    condition: &Precondition,
) -> Result<()> {
    guard_group(tx, caller, rules, before.id, || {
        require_no_administrator_parents(tx, caller, changes, Some(before.id), DeniedAction::Edit)?;
        let mut group = before.clone();
        changes.apply_to(&mut group)?;
        condition.check(|| Ok(before.etag()))?;
        tx.update_group(&before, &group)?;
        let planned = match planned.filter(|planned| planned.are_of(&before)) {
            Some(planned) => planned,
            None => tx.plan_member_lists(&before, &lists_of(changes))?,
        };
        tx.replace_member_lists(planned).map(drop)
    })
}

fn details_of(rows: &ReadTx<'_>, group: Group, lists: ListSelection) -> Result<GroupDetails> {
    let names = |wanted: bool, list| wanted.then(|| rows.list_names(group.id, list)).transpose();
    Ok(GroupDetails {
        member_users: names(lists.member_users, MemberList::Users)?,
        member_groups: names(lists.member_groups, MemberList::Groups)?,
        parent_groups: names(lists.parent_groups, MemberList::Parents)?,
        group,
    })
}

impl Directory {
    /// The group with its lists, as far as the caller may see them.
    pub(super) fn shown(&self, rows: &ReadTx<'_>, group: Group, lists: ListSelection) -> Result<GroupDetails> {
        let hidden = self.hides_administrators && rows.grants_administrator(group.id)?;
        let lists = if hidden { ListSelection { member_users: false, member_groups: false, ..lists } } else { lists };
        details_of(rows, group, lists)
    }

    /// The same, by the row id.
    pub(super) fn shown_by_id(&self, rows: &ReadTx<'_>, id: i64, lists: ListSelection) -> Result<Option<GroupDetails>> {
        rows.find_group_by_id(id)?.map(|group| self.shown(rows, group, lists)).transpose()
    }

    /// Refuses to list the members of a group of administrators where these are hidden.
    pub(super) fn require_shown_members(&self, rows: &ReadTx<'_>, group_id: i64) -> Result<()> {
        let hidden = self.hides_administrators && rows.grants_administrator(group_id)?;
        if hidden { Err(Error::Forbidden(DeniedAction::Operation)) } else { Ok(()) }
    }
}

/// The lists that a change has.
fn lists_of(changes: &GroupChanges) -> Vec<(MemberList, &[String])> {
    let lists = [
        (MemberList::Users, &changes.member_users),
        (MemberList::Groups, &changes.member_groups),
        (MemberList::Parents, &changes.parent_groups),
    ];
    lists.into_iter().filter_map(|(list, names)| Some((list, names.as_deref()?))).collect()
}
