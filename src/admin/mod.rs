//! The requests of an operator's commands to a directory, as values. They are carried out on the file itself or, by the local
//! socket, in the server that holds it, and mean the same both ways.

mod advice;
mod fields;
mod views;

pub use advice::Refusal;
pub use fields::settle_fields;
pub use views::{
    ShownChange, ShownChanges, ShownGroup, ShownImport, ShownKey, ShownProgress, ShownProperty, ShownUser, exported,
};

use crate::directory::{
    ChangeCursor, Conflict, CredentialKind, Directory, ImportOptions, ImportPosition, Imported, ImportedUser, Item,
    ListSelection, MembershipView, NewUser, UserEdit,
};
use crate::formats::{GroupRecord, Joined, MemberRecord, Record, Role, SaidBy, SubgroupRecord, UserRecord};
use crate::json::{self, JsonText};
use crate::model::{
    AccessRole, BaseRole, Filter, GroupChanges, GroupRef, KeyRole, Precondition, Result, TextField, UserChanges,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// A request of a command.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdminRequest {
    /// Some users, in the order of names: [`ShownUser`]s.
    Users {
        /// Which.
        selection: Selection,
        /// After that name.
        after: String,
        /// As many.
        limit: u64,
    },
    /// One user, with groups: [`ShownUser`].
    User {
        /// The login.
        name: String,
    },
    /// Makes a user: [`ShownUser`].
    AddUser(Box<UserRecord>),
    /// Changes a user: [`ShownUser`]. What is `None` stays, what is empty is cleared.
    SetUser(Box<UserRecord>),
    /// Gives a user another login: [`ShownUser`].
    RenameUser {
        /// The present login.
        name: String,
        /// The new one.
        new_name: String,
    },
    /// Removes a user for good.
    DeleteUser {
        /// The login.
        name: String,
    },
    /// Removes users who are disabled and were not changed since then, as many: their names.
    PurgeUsers {
        /// Milliseconds since 1970-01-01 UTC.
        unchanged_since: i64,
        /// As many.
        limit: u64,
    },
    /// Some groups, in the order of names: [`ShownGroup`]s.
    Groups {
        /// Only entries whose name or label contains this.
        text: Option<String>,
        /// After that name.
        after: String,
        /// As many.
        limit: u64,
    },
    /// One group, with the groups in it and above it: [`ShownGroup`].
    Group {
        /// The name.
        name: String,
    },
    /// Makes a group: [`ShownGroup`].
    AddGroup(GroupRecord),
    /// Changes a group: [`ShownGroup`]. What is `None` stays, what is empty is cleared.
    SetGroup(GroupRecord),
    /// Removes a group for good.
    DeleteGroup {
        /// The name.
        name: String,
    },
    /// Puts a user, or a group, into a group.
    AddMember(Membership),
    /// Takes a user, or a group, out of a group.
    RemoveMember(Membership),
    /// Makes a key: its number and the secret.
    CreateKey {
        /// The role of an application key; `None`: an API key.
        role: Option<Role>,
        /// Its label.
        name: String,
    },
    /// All keys: [`ShownKey`]s.
    Keys,
    /// Ends a key.
    RevokeKey {
        /// Its number.
        id: i64,
    },
    /// Gives a user another password.
    SetPassword {
        /// The login.
        user: String,
        /// The password, in clear.
        password: String,
    },
    /// Some changes: [`ShownChanges`].
    Changes {
        /// With the oldest that is kept, in place of `after`.
        #[serde(default)]
        oldest: bool,
        /// After that one; `None`: only those to come.
        after: Option<i64>,
        /// From that time on, in milliseconds since 1970-01-01 UTC, in place of `after`.
        from: Option<i64>,
        /// As many.
        limit: u64,
        /// Seconds to wait for the first one.
        wait: u64,
    },
    /// Copies the database into an existing empty file in the same folder.
    Copy {
        /// The file, without its folder.
        name: String,
    },
    /// Brings in what a file has: [`ShownImport`].
    Import(Box<Batch>),
    /// How far an import of the input with that digest has come: [`ShownProgress`], or nothing.
    ImportProgress {
        /// SHA-256.
        digest: [u8; 32],
    },
    /// The beginning of an import: the place from which the memberships of the file count, and how many names wait in
    /// groups' lists.
    BeginImport {
        /// SHA-256.
        digest: [u8; 32],
        /// How many places the memberships of the file name.
        places: u64,
    },
    /// Removes properties with the names of fields from some users and groups: [`ShownProperty`]s.
    RemoveAnsweredProperties,
    /// The number of pending members.
    WaitingNames,
    /// The end of an import.
    EndImport {
        /// SHA-256.
        digest: [u8; 32],
    },
}

/// Which users a list is about: those to whom all of it applies.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Selection {
    /// Only users who are disabled, or only users who are not.
    pub disabled: Option<bool>,
    /// Only users who have logged in, or only users who have not.
    pub verified: Option<bool>,
    /// Only administrators, or only other users.
    pub administrators: bool,
    /// Direct members of that group.
    pub group: Option<String>,
    /// Only users whose login, names or e-mail address contain that text.
    pub text: Option<String>,
    /// Only users who were not changed since then, in milliseconds since 1970-01-01 UTC.
    pub unchanged_since: Option<i64>,
}

/// A membership.
#[derive(Debug, Serialize, Deserialize)]
pub struct Membership {
    /// The group.
    pub group: String,
    /// The user, or the group, in it.
    pub member: String,
    /// It is a group.
    pub subgroup: bool,
}

/// A part of a file, to be brought in in one transaction.
#[derive(Debug, Serialize, Deserialize)]
pub struct Batch {
    /// Existing entries: of a group, the first phase has it without its lists, and the last phase has only its lists.
    pub records: Vec<Record>,
    /// The number of the row of each, and its line.
    pub rows: Vec<(u64, u64)>,
    /// How existing users and groups are treated.
    pub conflict: ConflictArg,
    /// Makes the groups that do not exist.
    pub create_groups: bool,
    /// Where the order of all memberships was when the import began.
    pub base: i64,
    /// The digest of the whole input.
    pub digest: [u8; 32],
    /// Which pass over the input it is.
    pub phase: Phase,
    /// The number of the last row of the batch, and its line.
    pub last: (u64, u64),
}

/// The passes of an import over its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Groups, without who is in them.
    Groups,
    /// Users, with their groups.
    Users,
    /// The groups that groups are in, where a group says so itself. They replace what was there, so they come before the
    /// memberships that add.
    Parents,
    /// Memberships of groups that the input calls by their names here. After them it is settled which groups give
    /// rights.
    NamedMemberships,
    /// Memberships of groups that are entries of an LDAP directory.
    Memberships,
    /// Memberships that only the members say.
    MemberOf,
    /// Changes that would have left no administrator before.
    Administrators,
}

impl Phase {
    /// All, in their order.
    pub const ALL: [Phase; 7] = [
        Phase::Groups,
        Phase::Users,
        Phase::Parents,
        Phase::NamedMemberships,
        Phase::Memberships,
        Phase::MemberOf,
        Phase::Administrators,
    ];

    /// True if it imports memberships of users, or of groups in other groups.
    pub fn has_memberships(self) -> bool {
        matches!(self, Phase::NamedMemberships | Phase::Memberships | Phase::MemberOf)
    }

    /// Its place in [`Phase::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// Its number, from 1.
    pub fn number(self) -> u32 {
        self as u32 + 1
    }
}

/// How existing users and groups are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictArg {
    /// Stays as it is.
    Skip,
    /// Is changed.
    Update,
    /// Is an error.
    Fail,
}

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
        AdminRequest::Users { selection, after, limit } => {
            let group = selection.group.as_deref().map(GroupRef::from);
            let filters = [
                selection.disabled.map(Filter::disabled),
                selection.verified.map(Filter::verified),
                selection.administrators.then(Filter::administrators),
                selection.text.as_deref().map(Filter::containing),
                selection.unchanged_since.map(Filter::UnchangedSince),
            ];
            let filter = filters.into_iter().flatten().collect();
            let accounts = directory.users_after(filter, group, &after, limit)?;
            answer(&accounts.iter().map(ShownUser::of_account).collect::<Vec<_>>())
        }
        AdminRequest::User { name } => answer(&ShownUser::of_profile(&directory.user_with_groups(&name)?)),
        AdminRequest::AddUser(user) => answer(&ShownUser::of_profile(&directory.create_user(new_user_of(*user))?)),
        AdminRequest::SetUser(user) => {
            let (name, edit) = user_edit_of(*user);
            answer(&ShownUser::of_profile(&directory.update_user(&name, edit)?))
        }
        AdminRequest::RenameUser { name, new_name } => {
            answer(&ShownUser::of_profile(&directory.rename_user(&name, &new_name, Precondition::default())?))
        }
        AdminRequest::DeleteUser { name } => answer(&directory.delete_user(&name, Precondition::default())?),
        AdminRequest::PurgeUsers { unchanged_since, limit } => answer(&directory.purge_users(unchanged_since, limit)?),
        AdminRequest::Groups { text, after, limit } => {
            let groups = directory.groups_after(text.as_deref(), &after, limit)?;
            answer(&groups.iter().map(ShownGroup::of_counted).collect::<Vec<_>>())
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
        AdminRequest::AddMember(Membership { group, member, subgroup: false }) => {
            answer(&directory.add_member(MembershipView::Group, &member, &group).map(drop)?)
        }
        AdminRequest::AddMember(Membership { group, member, subgroup: true }) => {
            answer(&directory.add_subgroup(&group, &member)?)
        }
        AdminRequest::RemoveMember(Membership { group, member, subgroup: false }) => {
            answer(&directory.remove_member(MembershipView::Group, &member, &group).map(drop)?)
        }
        AdminRequest::RemoveMember(Membership { group, member, subgroup: true }) => {
            answer(&directory.remove_subgroup(&group, &member)?)
        }
        AdminRequest::CreateKey { role, name } => {
            let purpose = match role {
                None => CredentialKind::Api,
                Some(Role::Admin) => CredentialKind::Application(KeyRole::Admin),
                Some(Role::Standard) => CredentialKind::Application(KeyRole::Standard),
                Some(Role::Read) => CredentialKind::Application(KeyRole::Read),
            };
            answer(&directory.create_key(purpose, &name)?)
        }
        AdminRequest::Keys => answer(&directory.keys()?.iter().map(ShownKey::of).collect::<Vec<_>>()),
        AdminRequest::RevokeKey { id } => answer(&directory.revoke_key(id)?),
        AdminRequest::SetPassword { user, password } => answer(&directory.set_password(&user, &password)?),
        AdminRequest::Changes { oldest, after, from, limit, wait } => {
            let since = from.map(ChangeCursor::Time).or(after.map(ChangeCursor::Change)).unwrap_or(ChangeCursor::Now);
            let since = if oldest { ChangeCursor::Oldest } else { since };
            let found = directory.changes(since, limit, Duration::from_secs(wait))?;
            answer(&ShownChanges { changes: found.changes.iter().map(ShownChange::of).collect(), next: found.next })
        }
        AdminRequest::Copy { name } => answer(&directory.copy_database(&name)?),
        AdminRequest::Import(batch) => import(directory, *batch),
        AdminRequest::ImportProgress { digest } => answer(&directory.import_progress(digest)?.map(ShownProgress::of)),
        AdminRequest::BeginImport { digest, places } => answer(&directory.begin_import(digest, places)?),
        AdminRequest::RemoveAnsweredProperties => {
            let removed = directory.remove_answered_properties()?;
            answer(&removed.into_iter().map(ShownProperty::of).collect::<Vec<_>>())
        }
        AdminRequest::WaitingNames => answer(&directory.count_pending_members()?),
        AdminRequest::EndImport { digest } => answer(&directory.end_import(digest)?),
    }
}

fn answer(value: &impl Serialize) -> Result<JsonText> {
    Ok(JsonText::stored(json::to_string(value)))
}

fn group(directory: &Directory, name: &str) -> Result<JsonText> {
    answer(&group_shown(directory, name)?.0)
}

/// A group with the groups in it and above it, and its state.
///
/// # Errors
/// `NotFound`.
pub fn group_shown(directory: &Directory, name: &str) -> Result<(ShownGroup, u64)> {
    let lists = ListSelection { member_users: false, member_groups: true, parent_groups: true };
    let details = directory.group(name, lists)?;
    let users = directory.count_members(name)?;
    Ok((ShownGroup::of_details(&details, users), details.group.etag()))
}

fn import(directory: &Directory, batch: Batch) -> Result<JsonText> {
    let Batch { records, rows, conflict, create_groups, base, digest, phase, last } = batch;
    let options = ImportOptions {
        conflict: match conflict {
            ConflictArg::Skip => Conflict::Skip,
            ConflictArg::Update => Conflict::Update,
            ConflictArg::Fail => Conflict::Fail,
        },
        create_groups,
        base,
        defers: phase != Phase::Administrators,
    };
    let items = records.into_iter().map(|record| item(record, phase)).collect();
    let position = ImportPosition { digest, phase: phase.number(), row: last.0, line: last.1 };
    let described = rows.clone();
    let describe = move |imported: &Imported| json::to_string(&ShownImport::of(imported, &described));
    let imported = directory.import(items, options, Some(position), describe)?;
    answer(&ShownImport::of(&imported, &rows))
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
