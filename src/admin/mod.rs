//! Requests of the operator's commands to the directory. A command performs them on the database file itself or, if a
//! server has opened the file, sends them to the server through the admin socket. The result is the same.

mod advice;
mod fields;
mod import_runner;
pub mod procedure;
mod request;
mod views;

pub use advice::Refusal;
pub use fields::settle_fields;
pub use import_runner::{
    GroupMapping, ImportObserver, ImportRunOptions, ImportSource, ImportSummary, ImportTarget, PasswordRule, run_import,
};
pub use request::{
    AdminRequest, ChangeQuery, GroupQuery, ImportBatch, Membership, NewKey, PasswordChange, Phase, Purge, Rename,
    Selection, UserQuery,
};
pub(crate) use request::{LOCAL_PATH, PROGRESS_PATH};
pub use views::{
    ChangeView, ChangesView, GroupView, ImportBatchResult, ImportProgressView, KeyView, MissingMember, RefusedRow,
    RemovedPropertyView, UserView, exported, write_change_line,
};

use crate::directory::{
    ChangeCursor, CredentialKind, Directory, ImportOptions, ImportPosition, Imported, ImportedUser, Item,
    ListSelection, MembershipView, NewUser, UserEdit,
};
use crate::formats::{GroupRecord, Joined, MemberRecord, Record, Role, SaidBy, SubgroupRecord, UserRecord};
use crate::json::{self, JsonText};
use crate::model::{
    AccessRole, BaseRole, Error, Filter, GroupChanges, GroupRef, KeyRole, Precondition, Result, TextField, UserChanges,
};
use procedure::{
    ADD_MEMBER, BEGIN_IMPORT, COPY_DATABASE, COUNT_PENDING_MEMBERS, CREATE_GROUP, CREATE_KEY, CREATE_USER,
    DELETE_GROUP, DELETE_USER, END_IMPORT, IMPORT, IMPORT_PROGRESS, LIST_GROUPS, LIST_KEYS, LIST_USERS, PURGE_USERS,
    READ_CHANGES, READ_GROUP, READ_USER, REMOVE_ANSWERED_PROPERTIES, REMOVE_MEMBER, RENAME_USER, REVOKE_KEY,
    SET_PASSWORD, UPDATE_GROUP, UPDATE_USER,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// Carries out a request. Returns the answer of its procedure as JSON.
///
/// # Errors
/// Those of the directory's verbs, with advice.
pub fn perform(directory: &Directory, request: AdminRequest) -> std::result::Result<JsonText, Refusal> {
    let hint = advice::hint(&request);
    carry_out(directory, request).map_err(|error| Refusal::new(directory, error, hint))
}

fn carry_out(directory: &Directory, request: AdminRequest) -> Result<JsonText> {
    Ok(match request {
        AdminRequest::Users(query) => LIST_USERS.encode(&users(directory, &query)?),
        AdminRequest::User { name } => READ_USER.encode(&UserView::of_profile(&directory.user_with_groups(&name)?)),
        AdminRequest::AddUser(user) => {
            CREATE_USER.encode(&UserView::of_profile(&directory.create_user(new_user_of(*user))?))
        }
        AdminRequest::SetUser(user) => {
            let (name, edit) = user_edit_of(*user);
            UPDATE_USER.encode(&UserView::of_profile(&directory.update_user(&name, edit)?))
        }
        AdminRequest::RenameUser(Rename { name, new_name }) => RENAME_USER
            .encode(&UserView::of_profile(&directory.rename_user(&name, &new_name, Precondition::default())?)),
        AdminRequest::DeleteUser { name } => {
            DELETE_USER.encode(&directory.delete_user(&name, Precondition::default())?)
        }
        AdminRequest::PurgeUsers(Purge { unchanged_since, limit }) => {
            PURGE_USERS.encode(&directory.purge_users(unchanged_since, limit)?)
        }
        AdminRequest::Groups(GroupQuery { text, after, limit }) => {
            let groups = directory.groups_after(text.as_deref(), &after, limit)?;
            LIST_GROUPS.encode(&groups.iter().map(GroupView::of_counted).collect())
        }
        AdminRequest::Group { name } => READ_GROUP.encode(&group_view(directory, &name)?.0),
        AdminRequest::AddGroup(record) => {
            let (name, changes) = group_of(record);
            directory.create_group(&name, changes, ListSelection::default())?;
            CREATE_GROUP.encode(&group_view(directory, &name)?.0)
        }
        AdminRequest::SetGroup(record) => {
            let (name, changes) = group_of(record);
            directory.update_group(&name, changes, ListSelection::default(), Precondition::default())?;
            UPDATE_GROUP.encode(&group_view(directory, &name)?.0)
        }
        AdminRequest::DeleteGroup { name } => {
            DELETE_GROUP.encode(&directory.delete_group(&name, Precondition::default())?)
        }
        AdminRequest::AddMember(membership) => ADD_MEMBER.encode(&add_member(directory, membership)?),
        AdminRequest::RemoveMember(membership) => REMOVE_MEMBER.encode(&remove_member(directory, membership)?),
        AdminRequest::CreateKey(key) => CREATE_KEY.encode(&create_key(directory, key)?),
        AdminRequest::Keys => LIST_KEYS.encode(&directory.keys()?.iter().map(KeyView::of).collect()),
        AdminRequest::RevokeKey { id } => REVOKE_KEY.encode(&directory.revoke_key(id)?),
        AdminRequest::SetPassword(PasswordChange { user, password }) => {
            SET_PASSWORD.encode(&directory.set_password(&user, &password)?)
        }
        AdminRequest::Changes(query) => READ_CHANGES.encode(&changes(directory, &query)?),
        AdminRequest::Copy { name } => COPY_DATABASE.encode(&directory.copy_database(&name)?),
        AdminRequest::RemoveAnsweredProperties => {
            let removed = directory.remove_answered_properties()?;
            REMOVE_ANSWERED_PROPERTIES.encode(&removed.into_iter().map(RemovedPropertyView::of).collect())
        }
        AdminRequest::CountPendingMembers => COUNT_PENDING_MEMBERS.encode(&directory.count_pending_members()?),
        AdminRequest::Import(batch) => IMPORT.encode(&import(directory, *batch)?),
        AdminRequest::ImportProgress { digest } => {
            IMPORT_PROGRESS.encode(&directory.import_progress(digest)?.map(ImportProgressView::of))
        }
        AdminRequest::BeginImport { digest, places } => BEGIN_IMPORT.encode(&directory.begin_import(digest, places)?),
        AdminRequest::EndImport { digest } => END_IMPORT.encode(&directory.end_import(digest)?),
    })
}

fn users(directory: &Directory, query: &UserQuery) -> Result<Vec<UserView>> {
    let UserQuery { selection, after, limit } = query;
    let group = selection.group.as_deref().map(GroupRef::from);
    let filters = [
        selection.disabled.map(Filter::disabled),
        selection.verified.map(Filter::verified),
        selection.administrators.then(Filter::administrators),
        selection.text.as_deref().map(Filter::words).transpose()?,
        selection.unchanged_since.map(Filter::UnchangedSince),
    ];
    let filter = filters.into_iter().flatten().collect();
    let accounts = directory.users_after(filter, group, after, *limit)?;
    Ok(accounts.iter().map(UserView::of_account).collect())
}

fn add_member(directory: &Directory, membership: Membership) -> Result<()> {
    let Membership { group, member, subgroup } = membership;
    if subgroup {
        return directory.add_subgroup(&group, &member);
    }
    directory.add_member(MembershipView::Group, &member, &group).map(drop)
}

fn remove_member(directory: &Directory, membership: Membership) -> Result<()> {
    let Membership { group, member, subgroup } = membership;
    if subgroup {
        return directory.remove_subgroup(&group, &member);
    }
    directory.remove_member(MembershipView::Group, &member, &group).map(drop)
}

fn create_key(directory: &Directory, key: NewKey) -> Result<(i64, String)> {
    let purpose = match key.role {
        None => CredentialKind::Api,
        Some(word) => {
            let role = KeyRole::named(&word).ok_or_else(|| Error::Invalid(format!("no key has the role {word}")))?;
            CredentialKind::Application(role)
        }
    };
    directory.create_key(purpose, &key.name)
}

fn changes(directory: &Directory, query: &ChangeQuery) -> Result<ChangesView> {
    let since = match query {
        ChangeQuery { oldest: true, .. } => ChangeCursor::Oldest,
        ChangeQuery { from: Some(at), .. } => ChangeCursor::Time(*at),
        ChangeQuery { after: Some(id), .. } => ChangeCursor::Change(*id),
        _ => ChangeCursor::Now,
    };
    let found = directory.changes(since, query.limit, Duration::from_secs(query.wait))?;
    Ok(ChangesView { changes: found.changes.iter().map(ChangeView::of).collect(), next: found.next })
}

/// A group with its subgroups and parent groups, and its entity tag.
///
/// # Errors
/// `NotFound`.
pub fn group_view(directory: &Directory, name: &str) -> Result<(GroupView, u64)> {
    let lists = ListSelection { member_users: false, member_groups: true, parent_groups: true };
    let details = directory.group(name, lists)?;
    let users = directory.count_members(name)?;
    Ok((GroupView::of_details(&details, users), details.group.etag()))
}

fn import(directory: &Directory, batch: ImportBatch) -> Result<ImportBatchResult> {
    let ImportBatch { records, rows, conflict, create_groups, base, digest, phase, last } = batch;
    let options = ImportOptions { conflict, create_groups, base, defers: phase != Phase::Administrators };
    let items = records.into_iter().map(|record| item(record, phase)).collect();
    let position = ImportPosition { digest, phase: phase.number(), row: last.0, line: last.1 };
    let described = rows.clone();
    let describe = move |imported: &Imported| json::to_string(&ImportBatchResult::of(imported, &described));
    let imported = directory.import_batch(items, options, Some(position), describe)?;
    Ok(ImportBatchResult::of(&imported, &rows))
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
        scim: user.scim.map(|document| Some(document.into_string())),
        groups: user.groups,
        ..UserChanges::default()
    };
    for field in TextField::ALL {
        *field.change_mut(&mut changes) = set(user.texts[field].take());
    }
    changes
}

/// The name of a group in a record, and the change. Absent fields stay, empty ones are cleared.
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

/// Converts an optional text of a record into the change of a field.
type Field = fn(Option<String>) -> Option<Option<String>>;

/// An absent field stays, and an empty one is cleared. For commands, where an empty value clears a field.
fn cleared(text: Option<String>) -> Option<Option<String>> {
    text.map(|text| Some(text).filter(|text| !text.is_empty()))
}

/// An absent field stays, and an empty one is stored as empty. For files, which are copies of a directory.
fn kept(text: Option<String>) -> Option<Option<String>> {
    text.map(Some)
}

fn attributes(properties: BTreeMap<String, JsonText>) -> BTreeMap<String, Option<String>> {
    let json = |value: JsonText| (!value.is_null()).then(|| value.into_string());
    properties.into_iter().map(|(name, value)| (name, json(value))).collect()
}
