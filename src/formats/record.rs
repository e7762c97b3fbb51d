//! Records: users, groups and memberships as files carry them.

use crate::json::JsonText;
use crate::model::{EntryName, Target, TextField};
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Index, IndexMut};

/// Role of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Administrator: a direct member of the group `administrators`.
    Admin,
    /// Reads and writes.
    Standard,
    /// Reads.
    Read,
}

impl Role {
    pub(super) fn named(word: &str) -> Option<Role> {
        match word.trim().to_ascii_lowercase().as_str() {
            "admin" | "adm" | "administrator" => Some(Role::Admin),
            "standard" | "st" => Some(Role::Standard),
            "read" | "ro" | "read_only" | "read-only" | "readonly" => Some(Role::Read),
            _ => None,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Role::Admin => "admin",
            Role::Standard => "standard",
            Role::Read => "read",
        }
    }
}

/// A user, a group or a membership.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(clippy::large_enum_variant, reason = "most records are users, and few are in memory at a time")]
pub enum Record {
    /// A user.
    User(UserRecord),
    /// A group.
    Group(GroupRecord),
    /// A user in a group.
    Member(MemberRecord),
    /// A group in a group.
    Subgroup(SubgroupRecord),
}

impl Record {
    /// Notes whether the file is an export of this program.
    pub(super) fn set_exported(&mut self, exported: bool) {
        match self {
            Record::User(user) => user.exported = exported,
            Record::Group(group) => group.exported = exported,
            Record::Member(_) | Record::Subgroup(_) => {}
        }
    }
}

/// A user. `None`: the file says nothing about the field. `Some("")`: the field is empty.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UserRecord {
    /// The login.
    pub name: String,
    /// The text fields.
    #[serde(flatten)]
    pub texts: UserTexts,
    /// Role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The user cannot log in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// The user has logged in at least once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
    /// Password in clear, or a stored hash value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// A stored hash value, never a password in clear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
    /// Identifier of the user in another system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// All direct groups, in the order joined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
    /// Extra properties as JSON values. Numbers keep all their digits.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, JsonText>,
    /// Attributes that SCIM alone shows, as a JSON object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scim: Option<JsonText>,
    /// The file is an export of this program, so the rules for new names do not apply.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub exported: bool,
    /// Role that an administrator gets back when the membership of `administrators` ends; absent for `standard`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored_role: Option<Role>,
    /// For each of `groups`, the place of the membership in the order in which all memberships were made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined: Option<Vec<Joined>>,
    /// Digests of the distinguished names of the entry. Memberships refer to the entry by them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entry_names: Vec<EntryName>,
}

/// The text fields of a user, by [`TextField`]. `None`: the file says nothing about the field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserTexts([Option<String>; TextField::ALL.len()]);

impl UserTexts {
    /// The fields with a text, including empty texts.
    pub fn iter(&self) -> impl Iterator<Item = (TextField, &String)> {
        TextField::ALL.into_iter().filter_map(|field| Some((field, self[field].as_ref()?)))
    }

    /// These texts, completed by those of `others`.
    pub(super) fn or(mut self, mut others: UserTexts) -> UserTexts {
        for (text, other) in self.0.iter_mut().zip(&mut others.0) {
            *text = text.take().or(other.take());
        }
        self
    }
}

impl Index<TextField> for UserTexts {
    type Output = Option<String>;

    fn index(&self, field: TextField) -> &Option<String> {
        &self.0[field as usize]
    }
}

impl IndexMut<TextField> for UserTexts {
    fn index_mut(&mut self, field: TextField) -> &mut Option<String> {
        &mut self.0[field as usize]
    }
}

impl<T: Into<Option<String>>> FromIterator<(TextField, T)> for UserTexts {
    fn from_iter<I: IntoIterator<Item = (TextField, T)>>(texts: I) -> UserTexts {
        let mut all = UserTexts::default();
        texts.into_iter().for_each(|(field, text)| all[field] = text.into());
        all
    }
}

impl Serialize for UserTexts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.iter().try_for_each(|(field, text)| map.serialize_entry(field.name(), text))?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for UserTexts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<UserTexts, D::Error> {
        struct Texts;
        impl<'de> Visitor<'de> for Texts {
            type Value = UserTexts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the fields of a user")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<UserTexts, A::Error> {
                let mut texts = UserTexts::default();
                while let Some(key) = map.next_key::<String>()? {
                    match TextField::named(&key) {
                        Some(field) => texts[field] = map.next_value()?,
                        None => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(texts)
            }
        }
        deserializer.deserialize_map(Texts)
    }
}

/// A group without its members. `None`: the file says nothing about the field. `Some("")`: the field is empty.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupRecord {
    /// The name.
    pub name: String,
    /// Display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The identifier in another system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// All groups that this one is directly in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
    /// Extra properties as JSON values. Numbers keep all their digits.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, JsonText>,
    /// The file is an export of this program, so the rules for new names do not apply.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub exported: bool,
    /// Digests of the distinguished names of the entry. Memberships refer to the entry by them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entry_names: Vec<EntryName>,
}

/// Place in the order in which memberships were made, from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Joined {
    /// The place.
    At(u64),
    /// The place, and the spelling of the login in the list of the group.
    Spelled(u64, String),
}

/// JSON form of a [`Target`].
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum TargetForm<'t> {
    Name(Cow<'t, str>),
    Entry {
        entry: EntryName,
        shown: Cow<'t, str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<Cow<'t, str>>,
    },
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = match self {
            Target::Name(name) => TargetForm::Name(name.into()),
            Target::Entry { entry, shown, name } => {
                TargetForm::Entry { entry: *entry, shown: shown.into(), name: name.as_ref().map(Cow::from) }
            }
        };
        form.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Target, D::Error> {
        Ok(match TargetForm::deserialize(deserializer)? {
            TargetForm::Name(name) => Target::Name(name.into_owned()),
            TargetForm::Entry { entry, shown, name } => {
                Target::Entry { entry, shown: shown.into_owned(), name: name.map(Cow::into_owned) }
            }
        })
    }
}

/// The row of the input that states a membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SaidBy {
    /// A row of its own.
    #[default]
    Row,
    /// The row of the group.
    Group,
    /// The row of the member (`memberOf`). Some servers list inherited groups there too.
    Member,
}

impl SaidBy {
    fn is_row(&self) -> bool {
        *self == SaidBy::Row
    }
}

/// Direct membership of a user in a group. It is added to the existing ones. If the entry of the user turns out to be a
/// group, the record is a subgroup.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MemberRecord {
    /// The group.
    pub group: Target,
    /// The user.
    pub user: Target,
    /// See [`UserRecord::joined`].
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub joined: Option<u64>,
    /// The row that states the membership.
    #[serde(skip_serializing_if = "SaidBy::is_row", default)]
    pub said_by: SaidBy,
    /// The row that states the membership was refused or skipped: the import reports the membership as missing, unless
    /// it exists.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub withheld: bool,
}

/// Direct membership of a group in a group. It is added to the existing ones.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SubgroupRecord {
    /// The parent group, as the list of the subgroup spells it.
    pub group: Target,
    /// The subgroup, as the list of the parent group spells it.
    pub subgroup: Target,
    /// See [`UserRecord::joined`].
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub joined: Option<u64>,
    /// The row that states the membership.
    #[serde(skip_serializing_if = "SaidBy::is_row", default)]
    pub said_by: SaidBy,
    /// The row that states the membership was refused or skipped: the import reports the membership as missing, unless
    /// it exists.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub withheld: bool,
}
