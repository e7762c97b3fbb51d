//! Groups, and their members by uuid.

use crate::directory::groups::{guard_group, guard_new_group, insert_group};
use crate::directory::lookup::{load_group, load_group_by_id};
use crate::directory::permissions::Operation;
use crate::directory::rules::Rules;
use crate::directory::transactions::Directory;
use crate::model::{
    Caller, EntityKind, Error, Group, GroupChanges, GroupRef, ListedMember, MemberCursor, Precondition, Result,
    check_length, check_login, check_text, fold_name,
};
use crate::store::{ReadTx, WriteTx};
use std::collections::HashSet;

/// Longest text for a member, in characters.
const MEMBER_CHARS_MAX: usize = 255;
/// Longest name that a client gives to a member, in characters.
const DISPLAY_CHARS_MAX: usize = 1024;
/// Names that are tried for a group whose display name another group has.
const NAMES_TRIED: usize = 1000;

/// A member of a group, as a client gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The uuid of a user or group. Another text is kept for SCIM alone.
    pub uuid: String,
    /// The name that the client gives to the member.
    pub display: Option<String>,
}

/// A step of a change of members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberStep {
    /// These become members.
    Add(Vec<Member>),
    /// These become members, and have exactly these names.
    Set(Vec<Member>),
    /// Those with these uuids are members no longer. Others are left out.
    Remove(Vec<String>),
    /// Exactly these are members.
    Replace(Vec<Member>),
}

/// A change of a group, or a new one.
#[derive(Debug, Clone, Default)]
pub struct GroupEdit {
    /// The label; of a new group the name too.
    pub display_name: Option<String>,
    /// True if other groups may have the display name.
    pub any_display_name: bool,
    /// See [`Group::external_id`].
    pub external_id: Option<Option<String>>,
    /// Changes of the members, one after the other.
    pub members: Vec<MemberStep>,
    /// The state that the group has to be in.
    pub precondition: Precondition,
}

/// Members of a group, and the position after them.
#[derive(Debug)]
pub struct MembersPiece {
    /// The members.
    pub members: Vec<ListedMember>,
    /// The position after them; [`MemberCursor::End`] if there are no more.
    pub cursor: MemberCursor,
}

/// A group after a change.
#[derive(Debug)]
pub struct GroupOutcome {
    /// The group.
    pub group: Group,
    /// New members that no user or group is.
    pub unknown: Vec<String>,
}

impl GroupEdit {
    /// How many members it names.
    fn names(&self) -> usize {
        let counts = self.members.iter().map(|step| match step {
            MemberStep::Add(members) | MemberStep::Set(members) | MemberStep::Replace(members) => members.len(),
            MemberStep::Remove(uuids) => uuids.len(),
        });
        counts.sum()
    }

    fn changes(&self) -> GroupChanges {
        GroupChanges {
            label: self.display_name.clone().map(Some),
            external_id: self.external_id.clone(),
            ..GroupChanges::default()
        }
    }
}

impl Directory {
    /// The group with that uuid.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn scim_group(&self, uuid: &str) -> Result<Group> {
        self.read(|rows| load_group(rows, &GroupRef::uuid(uuid)))
    }

    /// The group of that row id, if it exists, with `limit` of its members or all of fewer, in one state of the directory.
    ///
    /// # Errors
    /// Those of the database.
    pub fn scim_group_with_members(&self, id: i64, limit: u64) -> Result<Option<(Group, MembersPiece)>> {
        self.read(|rows| {
            let Some(group) = rows.find_group_by_id(id)? else { return Ok(None) };
            Ok(Some((group, members_after(rows, id, MemberCursor::START, limit)?)))
        })
    }

    /// At least `limit` members of a group after that position, or all of fewer.
    ///
    /// # Errors
    /// Those of the database.
    pub fn scim_members(&self, group_id: i64, cursor: MemberCursor, limit: u64) -> Result<MembersPiece> {
        self.read(|rows| members_after(rows, group_id, cursor, limit))
    }

    /// Those of these uuids that are members of a group.
    ///
    /// # Errors
    /// Those of the database.
    pub fn scim_members_among(&self, group_id: i64, uuids: &[String]) -> Result<Vec<ListedMember>> {
        self.read(|rows| {
            let mut members = Vec::new();
            for uuid in uuids {
                members.extend(rows.find_listed_member(group_id, uuid)?);
            }
            Ok(members)
        })
    }

    /// Creates a group. Its name is the display name, or one that begins with it where a group has that name and display
    /// names may be repeated.
    ///
    /// # Errors
    /// `Forbidden`; `Exists` for the display name; `Invalid` for names and members that cannot be; `TooManyNames`.
    pub fn create_scim_group(&self, edit: GroupEdit) -> Result<GroupOutcome> {
        self.require(Operation::CreateGroup)?;
        self.write_names(edit.names(), Operation::CreateGroup, move |tx, caller| {
            let display_name = edit.display_name.as_deref().unwrap_or_default();
            check_login("group name", display_name)?;
            require_free_display_name(tx, &edit, None)?;
            let name = free_name(tx, display_name, edit.any_display_name)?;
            let mut unknown = Vec::new();
            let group = guard_new_group(tx, caller, &name, |key| {
                let id = insert_group(tx, &name, key, &edit.changes())?;
                unknown = change_members(tx, id, edit.members)?;
                Ok(id)
            })?;
            Ok(GroupOutcome { group, unknown })
        })
    }

    /// Changes a group. It keeps its name.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden` when the caller may not, or when the group leads to administrator rights before or after
    /// and the caller has none; `PreconditionFailed`; `Exists` for the display name; `LastAdministrator`; `Invalid`, also
    /// where the group would contain itself; `TooManyNames`.
    pub fn update_scim_group(&self, uuid: &str, edit: GroupEdit) -> Result<GroupOutcome> {
        self.require(Operation::EditGroup)?;
        let (rules, group) = (self.rules.clone(), GroupRef::uuid(uuid).into_owned());
        self.write_names(edit.names(), Operation::EditGroup, move |tx, caller| {
            let before = load_group(tx, &group)?;
            update_group(tx, caller, &rules, before, edit)
        })
    }
}

fn members_after(rows: &ReadTx<'_>, group_id: i64, mut cursor: MemberCursor, limit: u64) -> Result<MembersPiece> {
    let mut members = Vec::new();
    while cursor != MemberCursor::End && (members.len() as u64) < limit {
        members.append(&mut rows.list_listed_members(group_id, &mut cursor, limit)?);
    }
    Ok(MembersPiece { members, cursor })
}

fn update_group(
    tx: &WriteTx<'_>,
    caller: &Caller,
    rules: &Rules,
    before: Group,
    edit: GroupEdit,
) -> Result<GroupOutcome> {
    let id = before.id;
    let mut unknown = Vec::new();
    guard_group(tx, caller, rules, id, || {
        edit.precondition.check(|| Ok(before.etag()))?;
        require_free_display_name(tx, &edit, Some(&before))?;
        let mut group = before.clone();
        edit.changes().apply_to(&mut group)?;
        // The same text as the name is no other label.
        if group.label() == before.label() {
            group.label.clone_from(&before.label);
        }
        tx.update_group(&before, &group)?;
        unknown = change_members(tx, id, edit.members)?;
        Ok(())
    })?;
    Ok(GroupOutcome { group: load_group_by_id(tx, id)?, unknown })
}

/// Refuses a display name that another group has as its label or name.
fn require_free_display_name(tx: &WriteTx<'_>, edit: &GroupEdit, before: Option<&Group>) -> Result<()> {
    let Some(name) = &edit.display_name else { return Ok(()) };
    if before.is_some_and(|before| before.label() == name) {
        return Ok(());
    }
    check_login("displayName", name)?;
    let own = before.map(|before| before.id);
    let taken =
        !edit.any_display_name && tx.list_groups_by_label(&fold_name(name), 3)?.into_iter().any(|id| Some(id) != own);
    if taken { Err(Error::Exists(EntityKind::Group, name.clone())) } else { Ok(()) }
}

/// The display name as the name of a new group, with a number where it is taken and may be repeated.
fn free_name(tx: &WriteTx<'_>, display_name: &str, repeated: bool) -> Result<String> {
    let mut name = display_name.to_owned();
    let mut number = 1;
    while repeated && number < NAMES_TRIED && tx.has_name(EntityKind::Group, &name)? {
        number += 1;
        name = format!("{display_name} ({number})");
    }
    Ok(name)
}

/// Changes the members of a group. Returns new ones that no user or group is.
fn change_members(tx: &WriteTx<'_>, group_id: i64, steps: Vec<MemberStep>) -> Result<Vec<String>> {
    let mut unknown = Vec::new();
    for step in steps {
        match step {
            MemberStep::Add(members) => add(tx, group_id, members, &mut unknown)?,
            MemberStep::Set(members) => set(tx, group_id, members, &mut unknown)?,
            MemberStep::Remove(uuids) => uuids.iter().try_for_each(|uuid| remove(tx, group_id, uuid))?,
            MemberStep::Replace(members) => {
                let wanted: HashSet<&str> = members.iter().map(|member| member.uuid.as_str()).collect();
                for uuid in present(tx, group_id)?.iter().filter(|uuid| !wanted.contains(uuid.as_str())) {
                    remove(tx, group_id, uuid)?;
                }
                set(tx, group_id, members, &mut unknown)?;
            }
        }
    }
    Ok(unknown)
}

/// The uuids of all members.
fn present(rows: &ReadTx<'_>, group_id: i64) -> Result<Vec<String>> {
    let all = members_after(rows, group_id, MemberCursor::START, u64::MAX)?;
    Ok(all.members.into_iter().map(|member| member.uuid).collect())
}

fn set(tx: &WriteTx<'_>, group_id: i64, members: Vec<Member>, unknown: &mut Vec<String>) -> Result<()> {
    if tx.has_scim_displays(group_id)? {
        for member in members.iter().filter(|member| member.display.is_none()) {
            tx.clear_scim_display(group_id, &member.uuid)?;
        }
    }
    add(tx, group_id, members, unknown)
}

fn add(tx: &WriteTx<'_>, group_id: i64, members: Vec<Member>, unknown: &mut Vec<String>) -> Result<()> {
    for Member { uuid, display } in members {
        if uuid.is_empty() {
            return Err(Error::Invalid("a member has no value".to_owned()));
        }
        check_text("the value of a member", &uuid)?;
        check_length("the value of a member", &uuid, MEMBER_CHARS_MAX)?;
        if let Some(display) = &display {
            check_text("the display of a member", display)?;
            check_length("the display of a member", display, DISPLAY_CHARS_MAX)?;
        }
        if let Some(user_id) = tx.find_user_id_by_uuid(&uuid)? {
            tx.insert_member(group_id, user_id)?;
        } else if let Some(child) = tx.find_group_id_by_uuid(&uuid)? {
            tx.insert_member_group(group_id, child)?;
        } else {
            if tx.put_scim_member(group_id, &uuid, display.as_deref(), true)? {
                unknown.push(uuid);
            }
            continue;
        }
        if display.is_some() {
            tx.put_scim_member(group_id, &uuid, display.as_deref(), false)?;
        }
    }
    Ok(())
}

fn remove(tx: &WriteTx<'_>, group_id: i64, uuid: &str) -> Result<()> {
    if let Some(user_id) = tx.find_user_id_by_uuid(uuid)? {
        tx.delete_member(group_id, user_id)?;
    } else if let Some(child) = tx.find_group_id_by_uuid(uuid)? {
        tx.remove_subgroup(group_id, child)?;
    }
    tx.delete_scim_member(group_id, uuid).map(drop)
}
