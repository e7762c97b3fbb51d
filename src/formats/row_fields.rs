//! Fields of a row: columns of CSV and keys of JSON.

use super::text::quoted;
use crate::model::TextField;

/// A field of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Kind,
    Role,
    BaseRole,
    Verified,
    Exported,
    Groups,
    Joined,
    Members,
    Subgroups,
    Properties,
    /// Attributes of a user that SCIM alone shows.
    Scim,
    /// Password hashes as Keycloak lists them.
    Credentials,
    /// The classes of an LDAP entry.
    ObjectClass,
    /// True if the account is deleted in the system that the file comes from.
    Deleted,
    Text(Text),
}

/// The fields that are texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Text {
    /// The login of a user, or the name of a group.
    Name,
    /// A name in addition to the login.
    PlainName,
    CommonName,
    Field(TextField),
    Password,
    PasswordHash,
    ExternalId,
    Label,
    Description,
    Group,
    User,
    Subgroup,
    Dn,
}

impl Text {
    /// All texts, in the order in which remarks on them appear.
    pub(super) fn all() -> impl Iterator<Item = Text> {
        let names = [Text::Name, Text::PlainName, Text::CommonName];
        let others = [
            Text::Password,
            Text::PasswordHash,
            Text::ExternalId,
            Text::Label,
            Text::Description,
            Text::Group,
            Text::User,
            Text::Subgroup,
            Text::Dn,
        ];
        names.into_iter().chain(TextField::ALL.map(Text::Field)).chain(others)
    }

    /// The name of the field for messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Text::Name | Text::PlainName => "name",
            Text::CommonName => "cn",
            Text::Field(field) => field.name(),
            Text::Password => "password",
            Text::PasswordHash => "password_hash",
            Text::ExternalId => "external_id",
            Text::Label => "label",
            Text::Description => "description",
            Text::Group => "group",
            Text::User => "user",
            Text::Subgroup => "subgroup",
            Text::Dn => "dn",
        }
    }
}

impl Field {
    /// The name of the field for messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Field::Kind => "kind",
            Field::Role => "role",
            Field::BaseRole => "stored_role",
            Field::Verified => "verified",
            Field::Exported => "exported",
            Field::Groups => "groups",
            Field::Joined => "joined",
            Field::Members => "members",
            Field::Subgroups => "subgroups",
            Field::Properties => "properties",
            Field::Scim => "scim",
            Field::Credentials => "credentials",
            Field::ObjectClass => "objectClass",
            Field::Deleted => "deleted",
            Field::Text(text) => text.name(),
        }
    }
}

/// The kind of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    Group,
    Member,
    Subgroup,
}

impl Kind {
    /// The kind with this name.
    pub(super) fn named(word: &str) -> Result<Kind, String> {
        Ok(match word.trim().to_ascii_lowercase().as_str() {
            "user" => Kind::User,
            "group" => Kind::Group,
            "member" => Kind::Member,
            "subgroup" => Kind::Subgroup,
            _ => return Err(format!("kind is not user, group, member or subgroup: {}", quoted(word))),
        })
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Kind::User => "user",
            Kind::Group => "group",
            Kind::Member => "member",
            Kind::Subgroup => "subgroup",
        }
    }
}
