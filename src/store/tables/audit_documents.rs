//! The JSON documents of the audit log: the fields of a user, group, membership or credential before and after a change.

use crate::json::JsonStr;
use crate::model::{Attributes, BaseRole, Credential, CredentialKind, Group, TextField, Token, User};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// A field of a document: `None` is left out, `Some(None)` is null.
pub(super) type Field<'d> = Option<Option<&'d str>>;

/// Properties with their JSON values.
pub(super) type Properties<'d> = BTreeMap<&'d str, Option<JsonStr<'d>>>;

/// The document of a user. A field that is `None` is left out.
#[derive(Serialize, Default)]
#[serde(default)]
pub(super) struct UserDocument<'u> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) uuid: Option<&'u str>,
    #[serde(flatten)]
    pub(super) texts: TextFields<'u>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) disabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) external_id: Field<'u>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) properties: Properties<'u>,
    /// Attributes that SCIM alone shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scim: Option<Option<JsonStr<'u>>>,
    /// True if the user has a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) password: Option<bool>,
}

/// The text fields of a document, in the order of [`TextField::ALL`].
#[derive(Default)]
pub(super) struct TextFields<'u>([Field<'u>; TextField::ALL.len()]);

impl Serialize for TextFields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (field, text) in TextField::ALL.into_iter().zip(&self.0) {
            if let Some(text) = text {
                map.serialize_entry(field.name(), text)?;
            }
        }
        map.end()
    }
}

impl<'u> UserDocument<'u> {
    pub(super) fn of(user: &'u User) -> UserDocument<'u> {
        let field = |value: &'u Option<String>| value.as_deref().map(Some);
        UserDocument {
            uuid: Some(&user.uuid),
            texts: TextFields(TextField::ALL.map(|text| field(text.of(user)))),
            role: (user.access_role != BaseRole::default()).then(|| role(user.access_role)),
            disabled: user.disabled.then_some(true),
            verified: user.verified.then_some(true),
            external_id: field(&user.external_id),
            properties: properties(&user.attributes),
            scim: user.scim.as_deref().map(JsonStr).map(Some),
            password: None,
        }
    }

    pub(super) fn differences(before: &'u User, after: &'u User) -> (UserDocument<'u>, UserDocument<'u>) {
        let (mut old, mut new) = (UserDocument::default(), UserDocument::default());
        let field =
            |before: &'u Option<String>, after: &'u Option<String>| differing(before.as_deref(), after.as_deref());
        for (index, text) in TextField::ALL.into_iter().enumerate() {
            (old.texts.0[index], new.texts.0[index]) = field(text.of(before), text.of(after));
        }
        (old.role, new.role) = differing(role(before.access_role), role(after.access_role));
        (old.disabled, new.disabled) = differing(before.disabled, after.disabled);
        (old.verified, new.verified) = differing(before.verified, after.verified);
        (old.external_id, new.external_id) = field(&before.external_id, &after.external_id);
        (old.properties, new.properties) = differing_properties(&before.attributes, &after.attributes);
        (old.scim, new.scim) = differing(before.scim.as_deref().map(JsonStr), after.scim.as_deref().map(JsonStr));
        (old, new)
    }
}

/// The document of a group. A field that is `None` is left out.
#[derive(Serialize, Default)]
pub(super) struct GroupDocument<'g> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) uuid: Option<&'g str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) label: Field<'g>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Field<'g>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) external_id: Field<'g>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) properties: Properties<'g>,
}

impl<'g> GroupDocument<'g> {
    pub(super) fn of(group: &'g Group) -> GroupDocument<'g> {
        GroupDocument {
            uuid: Some(&group.uuid),
            label: group.label.as_deref().map(Some),
            description: group.description.as_deref().map(Some),
            external_id: group.external_id.as_deref().map(Some),
            properties: properties(&group.attributes),
        }
    }

    pub(super) fn differences(before: &'g Group, after: &'g Group) -> (GroupDocument<'g>, GroupDocument<'g>) {
        let (mut old, mut new) = (GroupDocument::default(), GroupDocument::default());
        (old.label, new.label) = differing(before.label.as_deref(), after.label.as_deref());
        (old.description, new.description) = differing(before.description.as_deref(), after.description.as_deref());
        (old.external_id, new.external_id) = differing(before.external_id.as_deref(), after.external_id.as_deref());
        (old.properties, new.properties) = differing_properties(&before.attributes, &after.attributes);
        (old, new)
    }
}

#[derive(Serialize)]
pub(super) struct MembershipDocument<'m> {
    pub(super) group: &'m str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subgroup: Option<&'m str>,
    /// The member is pending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) waiting: Option<bool>,
}

/// The login of a user who gets another one.
#[derive(Serialize)]
pub(super) struct NameDocument<'n> {
    pub(super) name: &'n str,
}

#[derive(Serialize)]
pub(super) struct RestoreDocument {
    /// The newest change in the backup.
    pub(super) last_change: i64,
}

#[derive(Serialize, Default)]
pub(super) struct CredentialDocument<'c> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) uuid: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) application: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) device: Option<&'c str>,
}

/// Returns both values if they differ.
fn differing<T: PartialEq>(before: T, after: T) -> (Option<T>, Option<T>) {
    if before == after { (None, None) } else { (Some(before), Some(after)) }
}

fn role(role: BaseRole) -> &'static str {
    match role {
        BaseRole::Standard => "standard",
        BaseRole::ReadOnly => "read",
    }
}

fn properties(attributes: &Attributes) -> Properties<'_> {
    attributes.iter().map(|(name, value)| (name.as_str(), Some(JsonStr(value)))).collect()
}

fn differing_properties<'a>(before: &'a Attributes, after: &'a Attributes) -> (Properties<'a>, Properties<'a>) {
    let names = before.keys().chain(after.keys()).filter(|name| before.get(*name) != after.get(*name));
    let of = |attributes: &'a Attributes, name: &str| attributes.get(name).map(|value| JsonStr(value));
    let (mut old, mut new) = (Properties::new(), Properties::new());
    for name in names {
        old.insert(name, of(before, name));
        new.insert(name, of(after, name));
    }
    (old, new)
}

impl<'c> CredentialDocument<'c> {
    pub(super) fn of(credential: &Credential, token: Option<&'c Token>) -> CredentialDocument<'c> {
        let id = Some(credential.id);
        match &credential.purpose {
            CredentialKind::Token(_) => CredentialDocument {
                uuid: token.map(|token| token.uuid.as_str()),
                application: token.map(|token| token.application.as_str()),
                device: token.map(|token| token.device.as_str()),
                ..CredentialDocument::default()
            },
            CredentialKind::Api => CredentialDocument { id, kind: Some("api"), ..CredentialDocument::default() },
            CredentialKind::Application(role) => {
                CredentialDocument { id, kind: Some("app"), role: Some(role.word()), ..CredentialDocument::default() }
            }
        }
    }
}
