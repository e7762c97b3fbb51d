//! The requests of an operator's commands to a directory, as values. They are carried out on the file itself or, by the local
//! socket, in the server that holds it, and mean the same both ways.

mod advice;
mod fields;
mod import_runner;
mod request;
mod views;

pub use advice::Refusal;
pub use fields::settle_fields;
pub use import_runner::{
    GroupMapping, ImportObserver, ImportRunOptions, ImportSource, ImportSummary, ImportTarget, PasswordRule, run_import,
};
pub use request::{AdminRequest, ImportBatch, Membership, Phase, Selection};
pub(crate) use request::{LOCAL_PATH, PROGRESS_PATH};
pub use views::{
    ChangeView, ChangesView, GroupView, ImportBatchResult, ImportProgressView, KeyView, MissingMember, RefusedRow,
    RemovedPropertyView, UserView, exported,
};

use crate::directory::{
    ChangeCursor, CredentialKind, Directory, ImportOptions, ImportPosition, Imported, ImportedUser, Item,
    ListSelection, MembershipView, NewUser, UserEdit,
};
use crate::formats::{GroupRecord, Joined, MemberRecord, Record, Role, SaidBy, SubgroupRecord, UserRecord};
use crate::json::{self, JsonText};
use crate::model::{
    AccessRole, BaseRole, Filter, GroupChanges, GroupRef, KeyRole, Precondition, Result, TextField, UserChanges,
};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Carries out an order. The answer is what the order says, as JSON.
///
/// # Errors
/// Those of the directory's verbs, with advice.
pub fn perform(directory: &Directory, order: AdminRequest) -> std::result::Result<JsonText, Refusal> {
    let hint = advice::hint(&order);
    carry_out(directory, order).map_err(|error| Refusal::new(directory, error, hint))
}

fn carry_out(directory: &Directory, order: AdminRequest) -> Result<JsonText> {
    match order {
        AdminRequest::Users { selection, after, limit } => users(directory, &selection, &after, limit),
        AdminRequest::User { name } => answer(&UserView::of_profile(&directory.user_with_groups(&name)?)),
        AdminRequest::AddUser(user) => answer(&UserView::of_profile(&directory.create_user(new_user_of(*user))?)),
        AdminRequest::SetUser(user) => {
            let (name, edit) = user_edit_of(*user);
            answer(&UserView::of_profile(&directory.update_user(&name, edit)?))
        }
        AdminRequest::RenameUser { name, new_name } => {
            answer(&UserView::of_profile(&directory.rename_user(&name, &new_name, Precondition::default())?))
        }
        AdminRequest::DeleteUser { name } => answer(&directory.delete_user(&name, Precondition::default())?),
        AdminRequest::PurgeUsers { unchanged_since, limit } => answer(&directory.purge_users(unchanged_since, limit)?),
        AdminRequest::Groups { text, after, limit } => {
            let groups = directory.groups_after(text.as_deref(), &after, limit)?;
            answer(&groups.iter().map(GroupView::of_counted).collect::<Vec<_>>())
        }
        AdminRequest::Group { name } => group(directory, &name),
        AdminRequest::AddGroup(record) => {
            let (name, changes) = group_of(record);
            directory.create_group(&name, changes, ListSelection::default())?;
            group(directory, &name)
        }
        AdminRequest::SetGroup(record) => {
            let (name, changes) = group_of(record);
            directory.update_group(&name, changes, ListSelection::default(), Precondition::default())?;
            group(directory, &name)
        }
        AdminRequest::DeleteGroup { name } => answer(&directory.delete_group(&name, Precondition::default())?),
        AdminRequest::AddMember(membership) => add_member(directory, membership),
        AdminRequest::RemoveMember(membership) => remove_member(directory, membership),
        AdminRequest::CreateKey { role, name } => create_key(directory, role, &name),
        AdminRequest::Keys => answer(&directory.keys()?.iter().map(KeyView::of).collect::<Vec<_>>()),
        AdminRequest::RevokeKey { id } => answer(&directory.revoke_key(id)?),
        AdminRequest::SetPassword { user, password } => answer(&directory.set_password(&user, &password)?),
        AdminRequest::Changes { oldest, after, from, limit, wait } => {
            let since = from.map(ChangeCursor::Time).or(after.map(ChangeCursor::Change)).unwrap_or(ChangeCursor::Now);
            let since = if oldest { ChangeCursor::Oldest } else { since };
            let found = directory.changes(since, limit, Duration::from_secs(wait))?;
            answer(&ChangesView { changes: found.changes.iter().map(ChangeView::of).collect(), next: found.next })
        }
        AdminRequest::Copy { name } => answer(&directory.copy_database(&name)?),
        AdminRequest::Import(batch) => import(directory, *batch),
        AdminRequest::ImportProgress { digest } => {
            answer(&directory.import_progress(digest)?.map(ImportProgressView::of))
        }
        AdminRequest::BeginImport { digest, places } => answer(&directory.begin_import(digest, places)?),
        AdminRequest::RemoveAnsweredProperties => {
            let removed = directory.remove_answered_properties()?;
            answer(&removed.into_iter().map(RemovedPropertyView::of).collect::<Vec<_>>())
        }
        AdminRequest::CountPendingMembers => answer(&directory.count_pending_members()?),
        AdminRequest::EndImport { digest } => answer(&directory.end_import(digest)?),
    }
}

/// Some users, in the order of names.
fn users(directory: &Directory, selection: &Selection, after: &str, limit: u64) -> Result<JsonText> {
    let group = selection.group.as_deref().map(GroupRef::from);
    let filters = [
        selection.disabled.map(Filter::disabled),
        selection.verified.map(Filter::verified),
        selection.administrators.then(Filter::administrators),
        selection.text.as_deref().map(Filter::containing),
        selection.unchanged_since.map(Filter::UnchangedSince),
    ];
    let filter = filters.into_iter().flatten().collect();
    let accounts = directory.users_after(filter, group, after, limit)?;
    answer(&accounts.iter().map(UserView::of_account).collect::<Vec<_>>())
}

fn add_member(directory: &Directory, membership: Membership) -> Result<JsonText> {
    let Membership { group, member, subgroup } = membership;
    if subgroup {
        return answer(&directory.add_subgroup(&group, &member)?);
    }
    answer(&directory.add_member(MembershipView::Group, &member, &group).map(drop)?)
}

fn remove_member(directory: &Directory, membership: Membership) -> Result<JsonText> {
    let Membership { group, member, subgroup } = membership;
    if subgroup {
        return answer(&directory.remove_subgroup(&group, &member)?);
    }
    answer(&directory.remove_member(MembershipView::Group, &member, &group).map(drop)?)
}

fn create_key(directory: &Directory, role: Option<Role>, name: &str) -> Result<JsonText> {
    let purpose = match role {
        None => CredentialKind::Api,
        Some(Role::Admin) => CredentialKind::Application(KeyRole::Admin),
        Some(Role::Standard) => CredentialKind::Application(KeyRole::Standard),
        Some(Role::Read) => CredentialKind::Application(KeyRole::Read),
    };
    answer(&directory.create_key(purpose, name)?)
}

fn answer(value: &impl Serialize) -> Result<JsonText> {
    Ok(JsonText::stored(json::to_string(value)))
}

fn group(directory: &Directory, name: &str) -> Result<JsonText> {
    answer(&group_view(directory, name)?.0)
}

/// A group with the groups in it and above it, and its state.
///
/// # Errors
/// `NotFound`.
pub fn group_view(directory: &Directory, name: &str) -> Result<(GroupView, u64)> {
    let lists = ListSelection { member_users: false, member_groups: true, parent_groups: true };
    let details = directory.group(name, lists)?;
    let users = directory.count_members(name)?;
    Ok((GroupView::of_details(&details, users), details.group.etag()))
}

fn import(directory: &Directory, batch: ImportBatch) -> Result<JsonText> {
    let ImportBatch { records, rows, conflict, create_groups, base, digest, phase, last } = batch;
    let options = ImportOptions { conflict, create_groups, base, defers: phase != Phase::Administrators };
    let items = records.into_iter().map(|record| item(record, phase)).collect();
    let position = ImportPosition { digest, phase: phase.number(), row: last.0, line: last.1 };
    let described = rows.clone();
    let describe = move |imported: &Imported| json::to_string(&ImportBatchResult::of(imported, &described));
    let imported = directory.import_batch(items, options, Some(position), describe)?;
    answer(&ImportBatchResult::of(&imported, &rows))
}

fn item(record: Record, phase: Phase) -> Item {
    match record {
        Record::User(mut user) => {
            let joined = user.joined.take().unwrap_or_default().into_iter().map(|joined| match joined {
                Joined::At(place) => (place, None),
                Joined::Spelled(place, spelling) => (place, Some(spelling)),
            });
            Item::User(Box::new(ImportedUser {
                name: std::mem::take(&mut user.name),
                exported: user.exported,
                password: user.password.take(),
                password_hash: user.password_hash.take(),
                places: joined.collect(),
                entry_names: std::mem::take(&mut user.entry_names),
                changes: user_changes(user, kept),
            }))
        }
        Record::Group(group) if phase != Phase::Groups => {
            Item::Parents { group: group.name, parents: group.groups.unwrap_or_default() }
        }
        Record::Group(mut group) => {
            let (name, exported) = (std::mem::take(&mut group.name), group.exported);
            let entry_names = std::mem::take(&mut group.entry_names);
            group.groups = None;
            Item::Group { name, exported, changes: group_changes(group, kept), entry_names }
        }
        Record::Member(member) => {
            let MemberRecord { group, user, joined, said_by, withheld } = member;
            Item::Member { group, user, place: joined, by_member: said_by == SaidBy::Member, withheld }
        }
        Record::Subgroup(member) => {
            let SubgroupRecord { group, subgroup, joined, said_by, withheld } = member;
            Item::Subgroup { group, subgroup, place: joined, by_member: said_by == SaidBy::Member, withheld }
        }
    }
}

/// A new user of a record. Empty fields stay unset.
pub fn new_user_of(mut user: UserRecord) -> NewUser {
    let (username, password) = (Some(std::mem::take(&mut user.name)), user.password.take());
    NewUser { username, password, checks_password: false, changes: user_changes(user, cleared) }
}

/// The name of a user in a record, and the change. Absent fields stay, empty ones are cleared.
pub fn user_edit_of(mut user: UserRecord) -> (String, UserEdit) {
    let (name, password) = (std::mem::take(&mut user.name), user.password.take());
    (name, UserEdit { password, changes: user_changes(user, cleared), ..UserEdit::default() })
}

fn user_changes(mut user: UserRecord, set: Field) -> UserChanges {
    let mut changes = UserChanges {
        attributes: attributes(user.properties),
        access_role: user.role.map(|role| match role {
            Role::Admin => AccessRole::Administrator,
            Role::Standard => AccessRole::Standard,
            Role::Read => AccessRole::ReadOnly,
        }),
        stored_role: user.stored_role.and_then(|role| match role {
            Role::Admin => None,
            Role::Standard => Some(BaseRole::Standard),
            Role::Read => Some(BaseRole::ReadOnly),
        }),
        disabled: user.disabled,
        verified: user.verified,
        external_id: set(user.external_id),
        groups: user.groups,
        ..UserChanges::default()
    };
    for field in TextField::ALL {
        *field.change_mut(&mut changes) = set(user.texts[field].take());
    }
    changes
}

/// The name of a group, and what is to be stored of it. What is not said stays, what is empty is cleared.
pub fn group_of(mut group: GroupRecord) -> (String, GroupChanges) {
    let name = std::mem::take(&mut group.name);
    (name, group_changes(group, cleared))
}

fn group_changes(group: GroupRecord, field: Field) -> GroupChanges {
    GroupChanges {
        label: field(group.label),
        description: field(group.description),
        external_id: field(group.external_id),
        attributes: attributes(group.properties),
        parent_groups: group.groups,
        ..GroupChanges::default()
    }
}

/// The value that a text gives a field.
type Field = fn(Option<String>) -> Option<Option<String>>;

/// A missing field stays, and an empty one is cleared: an operator types no empty values.
fn cleared(text: Option<String>) -> Option<Option<String>> {
    text.map(|text| Some(text).filter(|text| !text.is_empty()))
}

/// A missing field stays, and an empty one is stored as empty: files are copies of a directory.
fn kept(text: Option<String>) -> Option<Option<String>> {
    text.map(Some)
}

fn attributes(properties: BTreeMap<String, JsonText>) -> BTreeMap<String, Option<String>> {
    let json = |value: JsonText| (!value.is_null()).then(|| value.into_string());
    properties.into_iter().map(|(name, value)| (name, json(value))).collect()
}
