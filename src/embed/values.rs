//! Users, groups, keys and changes as values for programs.

use super::{Error, ErrorKind, Result};
use crate::directory::{Credential, CredentialKind};
use crate::json::Json;
use crate::model::{self, AccessRole, BaseRole, Filter, GroupChanges, KeyRole, TextField, UserChanges, UserSummary};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The role of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserRole {
    /// All rights: a member of the group `administrators`, directly or through subgroups.
    Administrator,
    /// A user without administrator rights.
    Standard,
    /// A user who may only read.
    ReadOnly,
}

/// A user without groups, see [`Directory::groups_of`](super::Directory::groups_of).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct User {
    /// The login in its original spelling.
    pub name: String,
    /// An opaque identifier that never changes.
    pub uuid: String,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Display name.
    pub display_name: Option<String>,
    /// E-mail address as given.
    pub email: Option<String>,
    /// Employer.
    pub company: Option<String>,
    /// Job title.
    pub title: Option<String>,
    /// The identifier of the user in another system.
    pub external_id: Option<String>,
    /// The role.
    pub role: UserRole,
    /// True if the user cannot log in.
    pub disabled: bool,
    /// True if the user has logged in at least once.
    pub verified: bool,
    /// Extra properties: names, and values as JSON text.
    pub properties: BTreeMap<String, String>,
    /// Time of creation.
    pub created: SystemTime,
    /// Time of the last change.
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

/// The fields of a new user, or the changed fields of an existing one: `UserFields::new().email("ada@example.com")`.
/// Other fields stay unchanged; an empty text clears a field.
#[derive(Default, Clone)]
#[must_use]
pub struct UserFields {
    pub(super) changes: UserChanges,
    pub(super) password: Option<String>,
    /// The given properties.
    properties: BTreeMap<String, Option<String>>,
}

/// The change of a text field. An empty text clears it.
fn text(value: impl Into<String>) -> Option<Option<String>> {
    Some(Some(value.into()).filter(|text| !text.is_empty()))
}

fn names<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Option<Vec<String>> {
    Some(names.into_iter().map(Into::into).collect())
}

impl UserFields {
    /// No fields.
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

    /// Display name.
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

    /// The identifier of the user in another system.
    pub fn external_id(mut self, id: impl Into<String>) -> UserFields {
        self.changes.external_id = text(id);
        self
    }

    /// The role. `Administrator` adds the user to the group `administrators`; other roles remove a direct membership.
    pub fn role(mut self, role: UserRole) -> UserFields {
        self.changes.access_role = Some(match role {
            UserRole::Administrator => AccessRole::Administrator,
            UserRole::Standard => AccessRole::Standard,
            UserRole::ReadOnly => AccessRole::ReadOnly,
        });
        self
    }

    /// Disables or enables the user. A disabled user cannot log in.
    pub fn disabled(mut self, disabled: bool) -> UserFields {
        self.changes.disabled = Some(disabled);
        self
    }

    /// All direct groups of the user, by name. The groups must exist.
    pub fn groups<N: Into<String>>(mut self, groups: impl IntoIterator<Item = N>) -> UserFields {
        self.changes.groups = names(groups);
        self
    }

    /// The password, or a password hash of another system.
    pub fn password(mut self, password: impl Into<String>) -> UserFields {
        self.password = Some(password.into());
        self
    }

    /// An extra property. The value is JSON text; `null` removes the property.
    pub fn property(mut self, name: impl Into<String>, json: impl Into<String>) -> UserFields {
        self.properties.insert(name.into(), Some(json.into()));
        self
    }

    /// The changes for the directory, without the password.
    pub(super) fn changes(&self) -> Result<UserChanges> {
        Ok(UserChanges { attributes: attributes(&self.properties)?, ..self.changes.clone() })
    }
}

/// The properties in the form in which they are stored.
fn attributes(given: &BTreeMap<String, Option<String>>) -> Result<BTreeMap<String, Option<String>>> {
    let read = |(name, text): (&String, &Option<String>)| {
        let Some(text) = text else { return Ok((name.clone(), None)) };
        let value = Json::parse(text.as_bytes()).map_err(|error| {
            Error::new(
                ErrorKind::Invalid,
                format!(
                    "the property {name} is not valid JSON: \
            {error}"
                ),
            )
        })?;
        Ok((name.clone(), (!value.is_null()).then(|| value.to_string())))
    };
    given.iter().map(read).collect()
}

/// A selection of users for a list: `UserSelection::new().group("members")`.
#[derive(Default, Clone)]
#[must_use]
pub struct UserSelection {
    disabled: Option<bool>,
    administrators: bool,
    text: Option<String>,
    pub(super) group: Option<String>,
}

impl UserSelection {
    /// All users.
    pub fn new() -> UserSelection {
        UserSelection::default()
    }

    /// Only disabled users, or only enabled users.
    pub fn disabled(mut self, disabled: bool) -> UserSelection {
        self.disabled = Some(disabled);
        self
    }

    /// Only administrators.
    pub fn administrators(mut self) -> UserSelection {
        self.administrators = true;
        self
    }

    pub(super) fn filter(&self) -> model::Result<Filter> {
        let filters = [
            self.disabled.map(Filter::disabled),
            self.administrators.then(Filter::administrators),
            self.text.as_deref().map(Filter::words).transpose()?,
        ];
        Ok(filters.into_iter().flatten().collect())
    }

    /// Only direct members of this group.
    pub fn group(mut self, group: impl Into<String>) -> UserSelection {
        self.group = Some(group.into());
        self
    }

    /// Only users whose login, names, e-mail address, title, company or external id contain all words of this text. Case
    /// and accents are ignored, and a comma separates words as a space does.
    pub fn containing(mut self, text: impl Into<String>) -> UserSelection {
        self.text = Some(text.into());
        self
    }
}

/// A group without its members.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Group {
    /// The name in its original spelling.
    pub name: String,
    /// An opaque identifier that never changes.
    pub uuid: String,
    /// Display name.
    pub label: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// The identifier of the group in another system.
    pub external_id: Option<String>,
    /// Extra properties: names, and values as JSON text.
    pub properties: BTreeMap<String, String>,
    /// Time of creation.
    pub created: SystemTime,
    /// Time of the last change.
    pub updated: SystemTime,
}

impl From<model::Group> for Group {
    fn from(group: model::Group) -> Group {
        Group {
            name: group.name,
            uuid: group.uuid,
            label: group.label,
            description: group.description,
            external_id: group.external_id,
            properties: group.attributes,
            created: time(group.created_at),
            updated: time(group.updated_at),
        }
    }
}

/// The fields of a new group, or the changed fields of an existing one. Other fields stay unchanged; an empty text
/// clears a field.
#[derive(Default, Clone)]
#[must_use]
pub struct GroupFields {
    changes: GroupChanges,
    properties: BTreeMap<String, Option<String>>,
}

impl GroupFields {
    /// No fields.
    pub fn new() -> GroupFields {
        GroupFields::default()
    }

    /// Display name.
    pub fn label(mut self, label: impl Into<String>) -> GroupFields {
        self.changes.label = text(label);
        self
    }

    /// Description.
    pub fn description(mut self, description: impl Into<String>) -> GroupFields {
        self.changes.description = text(description);
        self
    }

    /// The identifier of the group in another system.
    pub fn external_id(mut self, id: impl Into<String>) -> GroupFields {
        self.changes.external_id = text(id);
        self
    }

    /// All groups that directly contain this group, by name.
    pub fn parents<N: Into<String>>(mut self, groups: impl IntoIterator<Item = N>) -> GroupFields {
        self.changes.parent_groups = names(groups);
        self
    }

    /// An extra property. The value is JSON text; `null` removes the property.
    pub fn property(mut self, name: impl Into<String>, json: impl Into<String>) -> GroupFields {
        self.properties.insert(name.into(), Some(json.into()));
        self
    }

    pub(super) fn changes(&self) -> Result<GroupChanges> {
        Ok(GroupChanges { attributes: attributes(&self.properties)?, ..self.changes.clone() })
    }
}

/// The kind and role of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPurpose {
    /// An API key: identifies the organisation, and is required in each Datadog request.
    Api,
    /// An application key with all rights.
    Administrator,
    /// An application key that may read, and create users who are not administrators.
    Standard,
    /// An application key that may only read.
    ReadOnly,
    /// An application key for an identity provider, which SCIM alone accepts.
    Provisioner,
}

impl From<KeyPurpose> for CredentialKind {
    fn from(purpose: KeyPurpose) -> CredentialKind {
        match purpose {
            KeyPurpose::Api => CredentialKind::Api,
            KeyPurpose::Administrator => CredentialKind::Application(KeyRole::Admin),
            KeyPurpose::Standard => CredentialKind::Application(KeyRole::Standard),
            KeyPurpose::ReadOnly => CredentialKind::Application(KeyRole::Read),
            KeyPurpose::Provisioner => CredentialKind::Application(KeyRole::Provision),
        }
    }
}

/// A new key.
#[derive(Clone)]
#[non_exhaustive]
pub struct NewKey {
    /// The number of the key, for [`Directory::revoke_key`](super::Directory::revoke_key).
    pub id: i64,
    /// The secret. It is not stored in plain text.
    pub secret: String,
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A key without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Key {
    /// The number of the key, for [`Directory::revoke_key`](super::Directory::revoke_key).
    pub id: i64,
    /// The name of the key.
    pub name: String,
    /// The kind and role.
    pub purpose: KeyPurpose,
    /// Time of creation.
    pub created: SystemTime,
    /// Time of the last use, to the hour.
    pub last_used: Option<SystemTime>,
    /// Time of the revocation.
    pub revoked: Option<SystemTime>,
}

impl Key {
    /// Converts a credential; `None` for the token of a user.
    pub(super) fn of(credential: Credential) -> Option<Key> {
        let purpose = match credential.purpose {
            CredentialKind::Api => KeyPurpose::Api,
            CredentialKind::Application(KeyRole::Admin) => KeyPurpose::Administrator,
            CredentialKind::Application(KeyRole::Standard) => KeyPurpose::Standard,
            CredentialKind::Application(KeyRole::Read) => KeyPurpose::ReadOnly,
            CredentialKind::Application(KeyRole::Provision) => KeyPurpose::Provisioner,
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

/// A change in the directory, made by a program, a command or through HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The change number. It increases with each change; there can be gaps.
    pub id: i64,
    /// Time of creation.
    pub time: SystemTime,
    /// `user`, `key` or `operator`; `None` for the server itself.
    pub caller_kind: Option<String>,
    /// The name of the user, the key or the operator.
    pub caller: Option<String>,
    /// The dialect of the request; `command`, `library` or `program` for changes without a request.
    pub dialect: String,
    /// The action, such as `user.created`.
    pub action: String,
    /// The name of the changed user, group or key.
    pub name: String,
    /// The old values, as a JSON object.
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

/// A page of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Changes {
    /// The changes, oldest first.
    pub changes: Vec<Change>,
    /// The change number for the next call.
    pub next: i64,
}

fn time(milliseconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0))
}
