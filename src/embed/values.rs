//! Users, groups, keys and changes as a program sees them.

use super::{Error, ErrorKind, Result};
use crate::directory::{Credential, CredentialKind, UserFilter};
use crate::json::Json;
use crate::model::{self, AccessRole, BaseRole, GroupChanges, KeyRole, TextField, UserChanges, UserSummary};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The rights of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserRole {
    /// Everything: a member of the group `administrators`, directly or through other groups.
    Administrator,
    /// Reads and writes, as far as groups allow.
    Standard,
    /// Reads.
    ReadOnly,
}

/// A user, without the groups, see [`Directory::groups_of`](super::Directory::groups_of).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct User {
    /// The login, in the spelling given at creation.
    pub name: String,
    /// Opaque, and the same for the whole life of the user.
    pub uuid: String,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// The name to show.
    pub display_name: Option<String>,
    /// E-mail address, as given.
    pub email: Option<String>,
    /// Employer.
    pub company: Option<String>,
    /// Job title.
    pub title: Option<String>,
    /// The identifier in a system that provisions this directory.
    pub external_id: Option<String>,
    /// The rights.
    pub role: UserRole,
    /// Kept and readable, but cannot log in.
    pub disabled: bool,
    /// Has logged in at least once.
    pub verified: bool,
    /// Further properties: names, and values as JSON text.
    pub properties: BTreeMap<String, String>,
    /// When the user was created.
    pub created: SystemTime,
    /// When the user was changed last.
    pub updated: SystemTime,
    texts: [Option<String>; TextField::ALL.len()],
}

impl User {
    /// A text field, also one without a member of its own.
    pub fn text(&self, field: TextField) -> Option<&str> {
        self.texts[field as usize].as_deref()
    }
}

impl From<UserSummary> for User {
    fn from(UserSummary { user, administrator }: UserSummary) -> User {
        User {
            texts: TextField::ALL.map(|field| field.of(&user).clone()),
            name: user.username,
            uuid: user.uuid,
            first_name: user.first_name,
            last_name: user.last_name,
            display_name: user.display_name,
            email: user.email,
            company: user.company,
            title: user.title,
            external_id: user.external_id,
            role: match user.access_role {
                _ if administrator => UserRole::Administrator,
                BaseRole::Standard => UserRole::Standard,
                BaseRole::ReadOnly => UserRole::ReadOnly,
            },
            disabled: user.disabled,
            verified: user.verified,
            properties: user.attributes,
            created: time(user.created_at),
            updated: time(user.updated_at),
        }
    }
}

/// The fields of a new user, or those of a user that change: `UserFields::new().email("ada@example.com")`. A field that
/// is not named stays; an empty text clears it.
#[derive(Default, Clone)]
#[must_use]
pub struct UserFields {
    pub(super) changes: UserChanges,
    pub(super) password: Option<String>,
    /// Names and texts of properties that were given.
    properties: BTreeMap<String, Option<String>>,
}

/// The value of a text field: an empty text is none.
fn text(value: impl Into<String>) -> Option<Option<String>> {
    Some(Some(value.into()).filter(|text| !text.is_empty()))
}

fn names<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Option<Vec<String>> {
    Some(names.into_iter().map(Into::into).collect())
}

impl UserFields {
    /// No field.
    pub fn new() -> UserFields {
        UserFields::default()
    }

    /// Given name.
    pub fn first_name(mut self, name: impl Into<String>) -> UserFields {
        self.changes.first_name = text(name);
        self
    }

    /// Family name.
    pub fn last_name(mut self, name: impl Into<String>) -> UserFields {
        self.changes.last_name = text(name);
        self
    }

    /// The name to show.
    pub fn display_name(mut self, name: impl Into<String>) -> UserFields {
        self.changes.display_name = text(name);
        self
    }

    /// E-mail address.
    pub fn email(mut self, address: impl Into<String>) -> UserFields {
        self.changes.email = text(address);
        self
    }

    /// Employer.
    pub fn company(mut self, company: impl Into<String>) -> UserFields {
        self.changes.company = text(company);
        self
    }

    /// Job title.
    pub fn title(mut self, title: impl Into<String>) -> UserFields {
        self.changes.title = text(title);
        self
    }

    /// A text field, also one without a method of its own.
    pub fn text(mut self, field: TextField, value: impl Into<String>) -> UserFields {
        *field.change_mut(&mut self.changes) = text(value);
        self
    }

    /// The identifier in a system that provisions this directory.
    pub fn external_id(mut self, id: impl Into<String>) -> UserFields {
        self.changes.external_id = text(id);
        self
    }

    /// The rights. `Administrator` makes the user a member of the group `administrators`; the others end a direct
    /// membership of it.
    pub fn role(mut self, role: UserRole) -> UserFields {
        self.changes.access_role = Some(match role {
            UserRole::Administrator => AccessRole::Administrator,
            UserRole::Standard => AccessRole::Standard,
            UserRole::ReadOnly => AccessRole::ReadOnly,
        });
        self
    }

    /// Whether the user is kept without being able to log in.
    pub fn disabled(mut self, disabled: bool) -> UserFields {
        self.changes.disabled = Some(disabled);
        self
    }

    /// All groups that the user is directly in, by name. They have to exist.
    pub fn groups<N: Into<String>>(mut self, groups: impl IntoIterator<Item = N>) -> UserFields {
        self.changes.groups = names(groups);
        self
    }

    /// The password, or a stored hash value of another system.
    pub fn password(mut self, password: impl Into<String>) -> UserFields {
        self.password = Some(password.into());
        self
    }

    /// A further property; the value is JSON text, and `null` removes it.
    pub fn property(mut self, name: impl Into<String>, json: impl Into<String>) -> UserFields {
        self.properties.insert(name.into(), Some(json.into()));
        self
    }

    /// What the directory is to store, without the password.
    pub(super) fn changes(&self) -> Result<UserChanges> {
        Ok(UserChanges { attributes: attributes(&self.properties)?, ..self.changes.clone() })
    }
}

/// The properties as they are stored.
fn attributes(given: &BTreeMap<String, Option<String>>) -> Result<BTreeMap<String, Option<String>>> {
    let read = |(name, text): (&String, &Option<String>)| {
        let Some(text) = text else { return Ok((name.clone(), None)) };
        let value = Json::parse(text.as_bytes())
            .map_err(|error| Error::new(ErrorKind::Invalid, format!("the property {name} is not JSON: {error}")))?;
        Ok((name.clone(), (!value.is_null()).then(|| value.to_string())))
    };
    given.iter().map(read).collect()
}

/// Which users are listed: `UserSelection::new().group("members")`.
#[derive(Default, Clone)]
#[must_use]
pub struct UserSelection {
    pub(super) filter: UserFilter,
    pub(super) group: Option<String>,
}

impl UserSelection {
    /// All.
    pub fn new() -> UserSelection {
        UserSelection::default()
    }

    /// Only those who are disabled, or who are not.
    pub fn disabled(mut self, disabled: bool) -> UserSelection {
        self.filter.disabled = Some(disabled);
        self
    }

    /// Only administrators.
    pub fn administrators(mut self) -> UserSelection {
        self.filter.administrators = true;
        self
    }

    /// Only direct members of that group.
    pub fn group(mut self, group: impl Into<String>) -> UserSelection {
        self.group = Some(group.into());
        self
    }

    /// Only those whose login, names or e-mail address contain that text.
    pub fn containing(mut self, text: impl Into<String>) -> UserSelection {
        self.filter.text = Some(text.into());
        self
    }
}

/// A group, without its members.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Group {
    /// The name, in the spelling given at creation.
    pub name: String,
    /// Opaque, and the same for the whole life of the group.
    pub uuid: String,
    /// The name to show.
    pub label: Option<String>,
    /// The purpose of the group.
    pub description: Option<String>,
    /// Further properties: names, and values as JSON text.
    pub properties: BTreeMap<String, String>,
    /// When the group was created.
    pub created: SystemTime,
    /// When the group was changed last.
    pub updated: SystemTime,
}

impl From<model::Group> for Group {
    fn from(group: model::Group) -> Group {
        Group {
            name: group.name,
            uuid: group.uuid,
            label: group.label,
            description: group.description,
            properties: group.attributes,
            created: time(group.created_at),
            updated: time(group.updated_at),
        }
    }
}

/// The fields of a new group, or those of a group that change. A field that is not named stays; an empty text clears it.
#[derive(Default, Clone)]
#[must_use]
pub struct GroupFields {
    changes: GroupChanges,
    properties: BTreeMap<String, Option<String>>,
}

impl GroupFields {
    /// No field.
    pub fn new() -> GroupFields {
        GroupFields::default()
    }

    /// The name to show.
    pub fn label(mut self, label: impl Into<String>) -> GroupFields {
        self.changes.label = text(label);
        self
    }

    /// The purpose of the group.
    pub fn description(mut self, description: impl Into<String>) -> GroupFields {
        self.changes.description = text(description);
        self
    }

    /// All groups that this one is directly in, by name.
    pub fn parents<N: Into<String>>(mut self, groups: impl IntoIterator<Item = N>) -> GroupFields {
        self.changes.parent_groups = names(groups);
        self
    }

    /// A further property; the value is JSON text, and `null` removes it.
    pub fn property(mut self, name: impl Into<String>, json: impl Into<String>) -> GroupFields {
        self.properties.insert(name.into(), Some(json.into()));
        self
    }

    pub(super) fn changes(&self) -> Result<GroupChanges> {
        Ok(GroupChanges { attributes: attributes(&self.properties)?, ..self.changes.clone() })
    }
}

/// The purpose of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPurpose {
    /// Names the organisation; needed on every Datadog call.
    Api,
    /// Names a script, and allows it everything.
    Administrator,
    /// Names a script, and allows it to read and to create users that are no administrators.
    Standard,
    /// Names a script, and allows it to read.
    ReadOnly,
}

impl From<KeyPurpose> for CredentialKind {
    fn from(purpose: KeyPurpose) -> CredentialKind {
        match purpose {
            KeyPurpose::Api => CredentialKind::Api,
            KeyPurpose::Administrator => CredentialKind::Application(KeyRole::Admin),
            KeyPurpose::Standard => CredentialKind::Application(KeyRole::Standard),
            KeyPurpose::ReadOnly => CredentialKind::Application(KeyRole::Read),
        }
    }
}

/// A key that was just made.
#[derive(Clone)]
#[non_exhaustive]
pub struct NewKey {
    /// Its number, which revokes it.
    pub id: i64,
    /// The key itself, which is stored nowhere in clear.
    pub secret: String,
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Key {
    /// Its number, which revokes it.
    pub id: i64,
    /// The name that it was given.
    pub name: String,
    /// Its purpose.
    pub purpose: KeyPurpose,
    /// When it was made.
    pub created: SystemTime,
    /// When it was used last, to the hour.
    pub last_used: Option<SystemTime>,
    /// When it was revoked.
    pub revoked: Option<SystemTime>,
}

impl Key {
    /// A key; `None` for a token of a user.
    pub(super) fn of(credential: Credential) -> Option<Key> {
        let purpose = match credential.purpose {
            CredentialKind::Api => KeyPurpose::Api,
            CredentialKind::Application(KeyRole::Admin) => KeyPurpose::Administrator,
            CredentialKind::Application(KeyRole::Standard) => KeyPurpose::Standard,
            CredentialKind::Application(KeyRole::Read) => KeyPurpose::ReadOnly,
            CredentialKind::Token(_) => return None,
        };
        Some(Key {
            id: credential.id,
            name: credential.name,
            purpose,
            created: time(credential.created_at),
            last_used: credential.last_used_at.map(time),
            revoked: credential.revoked_at.map(time),
        })
    }
}

/// A change that was made, by this program or through HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// Counts up in the order of changes; some numbers may be left out.
    pub id: i64,
    /// When it was made.
    pub time: SystemTime,
    /// `user`, `key` or `operator`; `None`: the server itself.
    pub caller_kind: Option<String>,
    /// The name of the user or key, or the operator's account.
    pub caller: Option<String>,
    /// The dialect by which it came; `command`, `library` or `program` for changes that came by none.
    pub dialect: String,
    /// The kind of change, such as `user.created`.
    pub action: String,
    /// The user, group or key that was changed.
    pub name: String,
    /// The values that are no longer so, as a JSON object.
    pub before: Option<String>,
    /// The new values, as a JSON object.
    pub after: Option<String>,
}

impl From<model::Change> for Change {
    fn from(change: model::Change) -> Change {
        Change {
            id: change.id,
            time: time(change.at),
            caller_kind: change.caller_kind,
            caller: change.caller,
            dialect: change.dialect,
            action: change.action,
            name: change.name,
            before: change.before,
            after: change.after,
        }
    }
}

/// A part of all changes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Changes {
    /// The oldest first.
    pub changes: Vec<Change>,
    /// The number after which the rest begins.
    pub next: i64,
}

fn time(milliseconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0))
}
