//! A row whose fields have names: what it says so far, and what becomes of it when all is said.

use super::{GroupRecord, MemberRecord, Record, Role, SubgroupRecord, UserRecord, quoted};
use crate::json::{JsonText, Object};
use std::collections::BTreeMap;

/// What a row can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Kind,
    Role,
    Disabled,
    Verified,
    Exported,
    Groups,
    Properties,
    Text(Text),
}

/// Those fields that are texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Text {
    Name,
    FirstName,
    LastName,
    DisplayName,
    Email,
    Company,
    Title,
    Password,
    ExternalId,
    Label,
    Description,
    Group,
    User,
    Subgroup,
}

/// Each text and its name, in the order of the variants.
const TEXTS: [(Text, &str); 14] = [
    (Text::Name, "name"),
    (Text::FirstName, "first_name"),
    (Text::LastName, "last_name"),
    (Text::DisplayName, "display_name"),
    (Text::Email, "email"),
    (Text::Company, "company"),
    (Text::Title, "title"),
    (Text::Password, "password"),
    (Text::ExternalId, "external_id"),
    (Text::Label, "label"),
    (Text::Description, "description"),
    (Text::Group, "group"),
    (Text::User, "user"),
    (Text::Subgroup, "subgroup"),
];

impl Field {
    /// The field of that name, as this program writes it.
    pub(super) fn named(name: &str) -> Option<Field> {
        Some(match name {
            "kind" => Field::Kind,
            "role" => Field::Role,
            "disabled" => Field::Disabled,
            "verified" => Field::Verified,
            "exported" => Field::Exported,
            "groups" => Field::Groups,
            "properties" => Field::Properties,
            _ => Field::Text(TEXTS.iter().find(|(_, known)| *known == name)?.0),
        })
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Field::Kind => "kind",
            Field::Role => "role",
            Field::Disabled => "disabled",
            Field::Verified => "verified",
            Field::Exported => "exported",
            Field::Groups => "groups",
            Field::Properties => "properties",
            Field::Text(text) => TEXTS[text as usize].1,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    User,
    Group,
    Member,
    Subgroup,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::User => "user",
            Kind::Group => "group",
            Kind::Member => "member",
            Kind::Subgroup => "subgroup",
        }
    }
}

/// What a row says so far.
#[derive(Debug, Default)]
pub(super) struct Draft {
    kind: Option<Kind>,
    texts: [Option<String>; TEXTS.len()],
    role: Option<Role>,
    disabled: Option<bool>,
    verified: Option<bool>,
    exported: Option<bool>,
    groups: Option<Vec<String>>,
    properties: Option<Object>,
}

impl Draft {
    /// Whether something was said about the field.
    pub(super) fn has(&self, field: Field) -> bool {
        match field {
            Field::Kind => self.kind.is_some(),
            Field::Role => self.role.is_some(),
            Field::Disabled => self.disabled.is_some(),
            Field::Verified => self.verified.is_some(),
            Field::Exported => self.exported.is_some(),
            Field::Groups => self.groups.is_some(),
            Field::Properties => self.properties.is_some(),
            Field::Text(text) => self.texts[text as usize].is_some(),
        }
    }

    pub(super) fn set_kind(&mut self, word: &str) -> Result<(), String> {
        self.kind = Some(match word.trim().to_ascii_lowercase().as_str() {
            "user" => Kind::User,
            "group" => Kind::Group,
            "member" => Kind::Member,
            "subgroup" => Kind::Subgroup,
            _ => return Err(format!("kind is none of user, group, member and subgroup: {}", quoted(word))),
        });
        Ok(())
    }

    pub(super) fn set_role(&mut self, word: &str) -> Result<(), String> {
        let role = Role::named(word);
        self.role = Some(role.ok_or_else(|| format!("role is none of admin, standard and read: {}", quoted(word)))?);
        Ok(())
    }

    pub(super) fn set_disabled(&mut self, disabled: bool) {
        self.disabled = Some(disabled);
    }

    pub(super) fn set_verified(&mut self, verified: bool) {
        self.verified = Some(verified);
    }

    pub(super) fn set_exported(&mut self, exported: bool) {
        self.exported = Some(exported);
    }

    pub(super) fn set_groups(&mut self, groups: Vec<String>) {
        self.groups = Some(groups);
    }

    pub(super) fn set_properties(&mut self, properties: Object) {
        self.properties = Some(properties);
    }

    pub(super) fn set_text(&mut self, text: Text, value: String) {
        self.texts[text as usize] = Some(value);
    }

    fn take(&mut self, text: Text) -> Option<String> {
        self.texts[text as usize].take()
    }

    fn take_name(&mut self, text: Text) -> Result<String, String> {
        let name = self.take(text).filter(|name| !name.trim().is_empty());
        name.ok_or_else(|| format!("{} is missing", Field::Text(text).name()))
    }

    fn take_properties(&mut self) -> BTreeMap<String, JsonText> {
        let properties = self.properties.take().into_iter().flatten();
        properties.map(|(name, value)| (name, JsonText::from(&value))).collect()
    }

    /// The records that the row means; several when it puts one thing into several groups. What the row says beyond
    /// that is a loss.
    pub(super) fn finish(mut self, losses: &mut Vec<String>) -> Result<Vec<Record>, String> {
        let kind = self.kind.take().unwrap_or(Kind::User);
        let records = match kind {
            Kind::User => vec![Record::User(self.user()?)],
            Kind::Group => vec![Record::Group(self.group()?)],
            Kind::Member => {
                let user = self.one_of(Text::User, Text::Name)?;
                let member = |group| Record::Member(MemberRecord { group, user: user.clone() });
                self.containers()?.into_iter().map(member).collect()
            }
            Kind::Subgroup => {
                let subgroup = self.one_of(Text::Subgroup, Text::Name)?;
                let member = |group| Record::Subgroup(SubgroupRecord { group, subgroup: subgroup.clone() });
                self.containers()?.into_iter().map(member).collect()
            }
        };
        let rest = TEXTS.iter().filter(|(text, _)| self.has(Field::Text(*text))).map(|(_, name)| *name);
        let others = [Field::Role, Field::Disabled, Field::Verified, Field::Exported, Field::Groups, Field::Properties];
        let others = others.into_iter().filter(|field| self.has(*field)).map(Field::name);
        losses.extend(rest.chain(others).map(|name| format!("a {} has no {name}", kind.word())));
        Ok(records)
    }

    fn user(&mut self) -> Result<UserRecord, String> {
        Ok(UserRecord {
            name: self.take_name(Text::Name)?,
            first_name: self.take(Text::FirstName),
            last_name: self.take(Text::LastName),
            display_name: self.take(Text::DisplayName),
            email: self.take(Text::Email),
            company: self.take(Text::Company),
            title: self.take(Text::Title),
            role: self.role.take(),
            disabled: self.disabled.take(),
            verified: self.verified.take(),
            password: self.take(Text::Password),
            external_id: self.take(Text::ExternalId),
            groups: self.groups.take(),
            properties: self.take_properties(),
            exported: self.exported.take().unwrap_or_default(),
        })
    }

    fn group(&mut self) -> Result<GroupRecord, String> {
        Ok(GroupRecord {
            name: self.take_name(Text::Name)?,
            label: self.take(Text::Label),
            description: self.take(Text::Description),
            groups: self.groups.take(),
            properties: self.take_properties(),
            exported: self.exported.take().unwrap_or_default(),
        })
    }

    fn one_of(&mut self, text: Text, other: Text) -> Result<String, String> {
        if self.has(Field::Text(text)) { self.take_name(text) } else { self.take_name(other) }
    }

    /// The groups that a membership is about: at least one.
    fn containers(&mut self) -> Result<Vec<String>, String> {
        if self.has(Field::Text(Text::Group)) {
            return Ok(vec![self.take_name(Text::Group)?]);
        }
        let groups = self.groups.take().unwrap_or_default();
        if groups.is_empty() || groups.iter().any(|group| group.trim().is_empty()) {
            return Err("the group is missing".to_owned());
        }
        Ok(groups)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_its_own_name() {
        for (index, (text, name)) in TEXTS.into_iter().enumerate() {
            assert_eq!(text as usize, index);
            assert_eq!(Field::named(name), Some(Field::Text(text)));
            assert_eq!(Field::Text(text).name(), name);
        }
        let others = [Field::Role, Field::Disabled, Field::Verified, Field::Exported, Field::Groups, Field::Properties];
        for field in [Field::Kind].into_iter().chain(others) {
            assert_eq!(Field::named(field.name()), Some(field));
        }
        assert_eq!(Field::named("shoe_size"), None);
    }
}
