//! What an operator's commands ask of a directory, as values. They are carried out on the file itself or, by the local
//! socket, in the server that holds it, and mean the same both ways.

mod shown;

pub use shown::{ShownChange, ShownChanges, ShownGroup, ShownImport, ShownKey, ShownProperty, ShownUser, exported};

use crate::directory::{Conflict, Directory, ImportOptions, Item, Lists, Outcome, Purpose, Side, Since, UserFilter};
use crate::exchange::{GroupRecord, Record, Role, UserRecord};
use crate::json::{self, JsonText};
use crate::model::{AccessRole, Condition, GroupChanges, KeyRole, Result, UserChanges};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a command asks for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
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
        /// Whose name or label contains this.
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
        /// What to call it.
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
        /// After that one; `None`: only those to come.
        after: Option<i64>,
        /// From that time on, in milliseconds since 1970-01-01 UTC, in place of `after`.
        from: Option<i64>,
        /// As many.
        limit: u64,
        /// Seconds to wait for the first one.
        wait: u64,
    },
    /// Brings in what a file has: [`ShownImport`].
    Import(Box<Batch>),
    /// How far an import of the input with that digest has come: a line.
    ImportPosition {
        /// SHA-256.
        digest: [u8; 32],
    },
    /// Removes properties with the names of fields from some users and groups: [`ShownProperty`]s.
    RemoveAnsweredProperties,
    /// How many names in groups' lists are nobody's.
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
    /// Who are disabled, or who are not.
    pub disabled: Option<bool>,
    /// Who have logged in.
    pub verified: Option<bool>,
    /// Who are administrators.
    pub administrators: bool,
    /// Direct members of that group.
    pub group: Option<String>,
    /// Whose login, names or e-mail address contain that text.
    pub text: Option<String>,
    /// Who were not changed since then, in milliseconds since 1970-01-01 UTC.
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
    /// What there is.
    pub records: Vec<Record>,
    /// What happens to what is there already.
    pub conflict: ConflictWord,
    /// Makes the groups that do not exist.
    pub create_groups: bool,
    /// The digest of the whole input, and the line up to which it has come with this batch.
    pub position: Option<([u8; 32], u64)>,
}

/// What happens to what is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictWord {
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
/// Those of the directory's verbs.
pub fn perform(directory: &Directory, order: Order) -> Result<JsonText> {
    match order {
        Order::Users { selection, after, limit } => {
            let group = selection.group.as_deref();
            let filter = UserFilter {
                disabled: selection.disabled,
                verified: selection.verified,
                administrators: selection.administrators,
                group: None,
                text: selection.text,
                unchanged_since: selection.unchanged_since,
            };
            let accounts = directory.accounts_after(filter, group, &after, limit)?;
            answer(&accounts.iter().map(ShownUser::of_account).collect::<Vec<_>>())
        }
        Order::User { name } => answer(&ShownUser::of_profile(&directory.profile(&name)?)),
        Order::AddUser(user) => {
            let (name, changes) = new_user_of(directory, *user)?;
            answer(&ShownUser::of_profile(&directory.create_user(&name, changes)?))
        }
        Order::SetUser(user) => {
            let (name, changes) = changes_of(directory, *user)?;
            answer(&ShownUser::of_profile(&directory.update_user(&name, changes, Condition::default())?))
        }
        Order::DeleteUser { name } => answer(&directory.delete_user(&name, Condition::default())?),
        Order::PurgeUsers { unchanged_since, limit } => answer(&directory.purge_users(unchanged_since, limit)?),
        Order::Groups { text, after, limit } => {
            let groups = directory.groups_after(text.as_deref(), &after, limit)?;
            answer(&groups.iter().map(ShownGroup::of_counted).collect::<Vec<_>>())
        }
        Order::Group { name } => group(directory, &name),
        Order::AddGroup(record) => {
            let (name, changes) = group_of(record);
            directory.create_group(&name, changes, Lists::default())?;
            group(directory, &name)
        }
        Order::SetGroup(record) => {
            let (name, changes) = group_of(record);
            directory.update_group(&name, changes, Lists::default(), Condition::default())?;
            group(directory, &name)
        }
        Order::DeleteGroup { name } => answer(&directory.delete_group(&name, Condition::default())?),
        Order::AddMember(Membership { group, member, subgroup: false }) => {
            answer(&directory.add_member(Side::Group, &member, &group).map(drop)?)
        }
        Order::AddMember(Membership { group, member, subgroup: true }) => {
            answer(&directory.add_subgroup(&group, &member)?)
        }
        Order::RemoveMember(Membership { group, member, subgroup: false }) => {
            answer(&directory.remove_member(Side::Group, &member, &group).map(drop)?)
        }
        Order::RemoveMember(Membership { group, member, subgroup: true }) => {
            answer(&directory.remove_subgroup(&group, &member)?)
        }
        Order::CreateKey { role, name } => {
            let purpose = match role {
                None => Purpose::Api,
                Some(Role::Admin) => Purpose::Application(KeyRole::Admin),
                Some(Role::Standard) => Purpose::Application(KeyRole::Standard),
                Some(Role::Read) => Purpose::Application(KeyRole::Read),
            };
            answer(&directory.create_key(purpose, &name)?)
        }
        Order::Keys => answer(&directory.keys()?.iter().map(ShownKey::of).collect::<Vec<_>>()),
        Order::RevokeKey { id } => answer(&directory.revoke_key(id)?),
        Order::SetPassword { user, password } => answer(&directory.set_password(&user, &password)?),
        Order::Changes { after, from, limit, wait } => {
            let since = from.map(Since::Time).or(after.map(Since::Change)).unwrap_or(Since::Now);
            let found = directory.changes(since, limit, Duration::from_secs(wait))?;
            answer(&ShownChanges { changes: found.changes.iter().map(ShownChange::of).collect(), next: found.next })
        }
        Order::Import(batch) => import(directory, *batch),
        Order::ImportPosition { digest } => answer(&directory.import_position(digest)?),
        Order::RemoveAnsweredProperties => {
            let removed = directory.remove_answered_properties()?;
            answer(&removed.into_iter().map(ShownProperty::of).collect::<Vec<_>>())
        }
        Order::WaitingNames => answer(&directory.count_waiting_names()?),
        Order::EndImport { digest } => answer(&directory.end_import(digest)?),
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
    let lists = Lists { member_users: false, member_groups: true, parent_groups: true };
    let details = directory.group(name, lists)?;
    let users = directory.count_members(name)?;
    Ok((ShownGroup::of_details(&details, users), details.group.state()))
}

fn import(directory: &Directory, batch: Batch) -> Result<JsonText> {
    let options = ImportOptions {
        conflict: match batch.conflict {
            ConflictWord::Skip => Conflict::Skip,
            ConflictWord::Update => Conflict::Update,
            ConflictWord::Fail => Conflict::Fail,
        },
        create_groups: batch.create_groups,
        position: batch.position,
    };
    let imported = directory.import(batch.records.into_iter().map(item).collect(), options)?;
    let outcomes = imported.outcomes.into_iter().map(|outcome| match outcome {
        Outcome::Created => ("created".to_owned(), None),
        Outcome::Updated => ("updated".to_owned(), None),
        Outcome::Unchanged => ("unchanged".to_owned(), None),
        Outcome::Skipped => ("skipped".to_owned(), None),
        Outcome::Refused(why) => ("refused".to_owned(), Some(why)),
    });
    answer(&ShownImport { outcomes: outcomes.collect(), groups: imported.groups })
}

fn item(record: Record) -> Item {
    match record {
        Record::User(mut user) => {
            let (name, exported) = (std::mem::take(&mut user.name), user.exported);
            let password = user.password.take();
            Item::User { name, exported, changes: Box::new(user_changes(user, kept)), password }
        }
        Record::Group(mut group) => {
            let (name, exported) = (std::mem::take(&mut group.name), group.exported);
            Item::Group { name, exported, changes: group_changes(group, kept) }
        }
        Record::Member(member) => Item::Member { group: member.group, user: member.user },
        Record::Subgroup(member) => Item::Subgroup { group: member.group, subgroup: member.subgroup },
    }
}

/// The name of a new user, and what is to be stored, the password as a hash. What is empty is nothing.
///
/// # Errors
/// `Invalid` for a password that is not taken.
pub fn new_user_of(directory: &Directory, mut user: UserRecord) -> Result<(String, UserChanges)> {
    let (name, password) = (std::mem::take(&mut user.name), user.password.take());
    let password = password.map(|password| directory.password_of_new_user(&password)).transpose()?;
    Ok((name, UserChanges { password, ..user_changes(user, cleared) }))
}

/// The name of a user, and what is to be changed, the password as a hash where it is another one. What is not said stays,
/// what is empty is cleared.
///
/// # Errors
/// `Invalid` for a password that is not taken; `NotFound` where there is one, and no such user.
pub fn changes_of(directory: &Directory, mut user: UserRecord) -> Result<(String, UserChanges)> {
    let (name, password) = (std::mem::take(&mut user.name), user.password.take());
    let password = password.map(|password| directory.changed_password(&name, &password)).transpose()?.flatten();
    Ok((name, UserChanges { password, ..user_changes(user, cleared) }))
}

fn user_changes(user: UserRecord, field: Field) -> UserChanges {
    UserChanges {
        first_name: field(user.first_name),
        last_name: field(user.last_name),
        display_name: field(user.display_name),
        email: field(user.email),
        company: field(user.company),
        title: field(user.title),
        attributes: attributes(user.properties),
        access_role: user.role.map(|role| match role {
            Role::Admin => AccessRole::Administrator,
            Role::Standard => AccessRole::Standard,
            Role::Read => AccessRole::ReadOnly,
        }),
        disabled: user.disabled,
        verified: user.verified,
        external_id: field(user.external_id),
        groups: user.groups,
        password: None,
    }
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

/// What a text says of a field.
type Field = fn(Option<String>) -> Option<Option<String>>;

/// What is not said stays, what is empty is cleared: nobody types a value that is none.
fn cleared(text: Option<String>) -> Option<Option<String>> {
    text.map(|text| Some(text).filter(|text| !text.is_empty()))
}

/// What is not said stays, what is empty is stored so: files are copies of a directory.
fn kept(text: Option<String>) -> Option<Option<String>> {
    text.map(Some)
}

fn attributes(properties: BTreeMap<String, JsonText>) -> BTreeMap<String, Option<String>> {
    let json = |value: JsonText| (!value.is_null()).then(|| value.into_string());
    properties.into_iter().map(|(name, value)| (name, json(value))).collect()
}
