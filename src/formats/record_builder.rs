//! Builds records from the named fields of a row.

use super::account_state::{AccountState, account_state, says_enabled};
use super::ldif::dn::Dn;
use super::ldif::{Class, class};
use super::row_fields::{Field, Kind, Text};
use crate::formats::record::{
    GroupRecord, Joined, MemberRecord, Record, Role, SaidBy, SubgroupRecord, UserRecord, UserTexts,
};
use crate::formats::row::Remark;
use crate::formats::text::quoted;
use crate::json::{JsonText, Object};
use crate::model::TextField;
use crate::model::{EntryName, Target};
use std::collections::BTreeMap;

/// The fields of a row that are read so far.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) kind: Option<Kind>,
    texts: Vec<(Text, String)>,
    role: Option<Role>,
    pub(super) stored_role: Option<Role>,
    disabled: Option<bool>,
    pub(super) verified: Option<bool>,
    pub(super) exported: Option<bool>,
    pub(super) groups: Option<Vec<String>>,
    pub(super) joined: Option<Vec<Joined>>,
    pub(super) members: Option<Vec<String>>,
    pub(super) subgroups: Option<Vec<String>>,
    pub(super) properties: Option<Object>,
    /// Attributes of a user that SCIM alone shows.
    pub(super) scim: Option<JsonText>,
    /// The classes of an LDAP entry, in lower case.
    pub(super) classes: Vec<String>,
    pub(super) deleted: bool,
    /// True if a group prefers another name to the login.
    pub(super) prefers_plain_name: bool,
    /// The name of the column or key with the login, for messages.
    pub(super) login_shown: Option<String>,
    /// Remarks on the row. `finish` sets its name as the subject of those without one.
    pub(super) remarks: Vec<Remark>,
}

impl Draft {
    pub(super) fn of_kind(kind: Option<Kind>) -> Draft {
        Draft { kind, ..Draft::default() }
    }

    pub(super) fn set_role(&mut self, word: &str) -> Result<(), String> {
        let role = Role::named(word);
        self.role = Some(role.ok_or_else(|| format!("role is not admin, standard or read: {}", quoted(word)))?);
        Ok(())
    }

    pub(super) fn set_text(&mut self, text: Text, value: String) {
        match self.texts.iter_mut().find(|(known, _)| *known == text) {
            Some((_, old)) => *old = value,
            None => self.texts.push((text, value)),
        }
    }

    /// Appends the values of another column for the same field.
    pub(super) fn add_members(&mut self, members: Vec<String>) {
        self.members.get_or_insert_default().extend(members);
    }

    /// Takes a value for the state of an account. One value that disables the account is enough. Returns false if the
    /// name is not one for the state of an account.
    pub(super) fn set_account_state(&mut self, shown: &str, plain: &str, value: &str, now: i64) -> bool {
        match account_state(plain, value, now) {
            None => return false,
            Some(AccountState::Disabled) => self.disabled = Some(true),
            Some(AccountState::Enabled) if says_enabled(plain) => drop(self.disabled.get_or_insert(false)),
            Some(AccountState::Enabled) => {}
            Some(AccountState::Unknown) => {
                self.disabled = Some(true);
                let text = format!("the value of {} is not understood, so the account is disabled", quoted(shown));
                self.remarks.push(Remark::dropped(text).about(quoted(value)));
            }
        }
        true
    }

    fn text(&self, text: Text) -> Option<&str> {
        self.texts.iter().find(|(known, _)| *known == text).map(|(_, value)| value.as_str())
    }

    fn take(&mut self, text: Text) -> Option<String> {
        let index = self.texts.iter().position(|(known, _)| *known == text)?;
        Some(self.texts.swap_remove(index).1)
    }

    fn take_name(&mut self, text: Text) -> Result<String, String> {
        let name = self.take(text).filter(|name| !name.trim().is_empty());
        name.ok_or_else(|| format!("{} is missing", Field::Text(text).name()))
    }

    fn take_login(&mut self) -> Result<String, String> {
        let login = self.take(Text::Name).filter(|name| !name.trim().is_empty());
        login.ok_or_else(|| match &self.login_shown {
            Some(shown) => format!("the login is missing: {} is empty", quoted(shown)),
            None => "the login is missing".to_owned(),
        })
    }

    fn take_properties(&mut self) -> BTreeMap<String, JsonText> {
        let properties = self.properties.take().into_iter().flatten();
        properties.map(|(name, value)| (name, JsonText::from(&value))).collect()
    }

    /// The records of the row; none if it is skipped. Fields that no record uses become remarks.
    pub(super) fn finish(mut self, remarks: &mut Vec<Remark>) -> Result<Vec<Record>, String> {
        let names = [Text::Name, Text::PlainName, Text::CommonName, Text::Dn];
        let about = names.into_iter().find_map(|text| self.text(text)).map(shortened);
        let records = self.records();
        let name = |remark: Remark| match (&about, &remark.about) {
            (Some(name), Some(value)) => {
                let about = format!("{name}: {value}");
                remark.about(about)
            }
            (Some(name), None) => {
                let name = name.clone();
                remark.about(name)
            }
            (None, _) => remark,
        };
        remarks.extend(std::mem::take(&mut self.remarks).into_iter().map(name));
        records
    }

    fn records(&mut self) -> Result<Vec<Record>, String> {
        if self.deleted {
            self.remarks.push(Remark::dropped("a deleted account is left out"));
            return Ok(Vec::new());
        }
        let kind = match (self.kind, class_kind(&self.classes)) {
            (Some(kind), _) => kind,
            (None, Ok(kind)) => kind.unwrap_or(Kind::User),
            (None, Err(class)) => {
                let text =
                    format!("entries of the class {} are neither users nor groups, and are left out", quoted(class));
                self.remarks.push(Remark::dropped(text));
                return Ok(Vec::new());
            }
        };
        let records = match kind {
            Kind::User => self.user_records()?,
            Kind::Group => self.group_records()?,
            Kind::Member => self.member_records()?,
            Kind::Subgroup => self.subgroup_records()?,
        };
        self.tell_rest(kind);
        Ok(records)
    }

    /// Adds remarks on fields that no record has used.
    fn tell_rest(&mut self, kind: Kind) {
        let mut lost = Vec::new();
        lost.extend(Text::all().filter(|text| self.text(*text).is_some()).map(Text::name));
        let others = [
            (Field::Role.name(), self.role.is_some()),
            ("disabled", self.disabled.is_some()),
            (Field::Verified.name(), self.verified.is_some()),
            (Field::Exported.name(), self.exported.is_some()),
            (Field::BaseRole.name(), self.stored_role.is_some()),
            (Field::Joined.name(), self.joined.is_some()),
            (Field::Properties.name(), self.properties.is_some()),
            (Field::Scim.name(), self.scim.is_some()),
        ];
        lost.extend(others.into_iter().filter(|(_, said)| *said).map(|(name, _)| name));
        let word = kind.word();
        self.remarks.extend(lost.into_iter().map(|name| Remark::dropped(format!("a {word} has no {name}"))));
        let lists =
            [(Field::Groups, &self.groups), (Field::Members, &self.members), (Field::Subgroups, &self.subgroups)];
        let lists = lists.into_iter().filter(|(_, names)| names.as_ref().is_some_and(|names| !names.is_empty()));
        self.remarks.extend(lists.map(|(field, _)| Remark::missing(format!("a {word} has no {}", field.name()))));
    }

    fn user_records(&mut self) -> Result<Vec<Record>, String> {
        let name = self.take_login()?;
        let own = self.take_entry();
        let mut texts: UserTexts =
            TextField::ALL.into_iter().map(|field| (field, self.take(Text::Field(field)))).collect();
        self.complete_display_name(&mut texts, &name, own.is_some());
        let memberships = self.take_memberships(own.as_ref(), &name, Kind::User);
        let joined = self.take_joined(self.groups.as_ref().map_or(0, Vec::len));
        let user = UserRecord {
            name,
            texts,
            role: self.role.take(),
            stored_role: self.stored_role.take(),
            disabled: self.disabled.take(),
            verified: self.verified.take(),
            password: self.take(Text::Password),
            password_hash: self.take(Text::PasswordHash),
            external_id: self.take(Text::ExternalId),
            groups: self.groups.take(),
            joined,
            properties: self.take_properties(),
            scim: self.scim.take(),
            exported: self.exported.take().unwrap_or_default(),
            entry_names: own.iter().map(|own| own.name).collect(),
        };
        Ok(std::iter::once(Record::User(user)).chain(memberships).collect())
    }

    fn group_records(&mut self) -> Result<Vec<Record>, String> {
        let own = self.take_entry();
        let name = self.take_group_name(own.as_ref())?;
        let memberships = self.take_memberships(own.as_ref(), &name, Kind::Group);
        let target = own.as_ref().map_or_else(|| Target::Name(name.clone()), |own| own.target.clone());
        let mut members: Vec<Record> = Vec::new();
        for member in self.members.take().unwrap_or_default() {
            match self.target(member, own.is_some()) {
                Some(user) => members.push(Record::Member(MemberRecord {
                    group: target.clone(),
                    user,
                    said_by: SaidBy::Group,
                    ..Default::default()
                })),
                None => self.remarks.push(Remark::missing("a member is not a distinguished name")),
            }
        }
        let subgroup = |subgroup: String| {
            Record::Subgroup(SubgroupRecord {
                group: target.clone(),
                subgroup: subgroup.into(),
                said_by: SaidBy::Group,
                ..Default::default()
            })
        };
        members.extend(self.subgroups.take().unwrap_or_default().into_iter().map(subgroup));
        let group = GroupRecord {
            label: self.take_label(&name),
            name,
            description: self.take(Text::Description),
            external_id: self.take(Text::ExternalId),
            groups: self.groups.take(),
            properties: self.take_properties(),
            exported: self.exported.take().unwrap_or_default(),
            entry_names: own.iter().map(|own| own.name).collect(),
        };
        Ok(std::iter::once(Record::Group(group)).chain(memberships).chain(members).collect())
    }

    fn member_records(&mut self) -> Result<Vec<Record>, String> {
        let user = self.one_of(Text::User, Text::Name)?;
        let places = self.containers()?;
        let member = |(group, joined): (String, Option<u64>)| {
            Record::Member(MemberRecord {
                group: group.into(),
                user: user.clone().into(),
                joined,
                said_by: SaidBy::Row,
                withheld: false,
            })
        };
        Ok(places.into_iter().map(member).collect())
    }

    fn subgroup_records(&mut self) -> Result<Vec<Record>, String> {
        let subgroup = self.one_of(Text::Subgroup, Text::Name)?;
        let places = self.containers()?;
        let member = |(group, joined): (String, Option<u64>)| {
            Record::Subgroup(SubgroupRecord {
                group: group.into(),
                subgroup: subgroup.clone().into(),
                joined,
                said_by: SaidBy::Row,
                withheld: false,
            })
        };
        Ok(places.into_iter().map(member).collect())
    }

    /// Sets the display name. `cn` and `name` are used if there is no better one.
    fn complete_display_name(&mut self, texts: &mut UserTexts, login: &str, is_entry: bool) {
        let names = [&texts[TextField::FirstName], &texts[TextField::LastName]].into_iter().flatten();
        let names: Vec<&str> = names.map(String::as_str).filter(|name| !name.is_empty()).collect();
        let full = names.join(" ");
        let says_more = |name: &str| name != login && name != full;
        let shown = &mut texts[TextField::DisplayName];
        for text in [Text::CommonName, Text::PlainName] {
            let Some(name) = self.take(text) else { continue };
            match shown {
                // LDAP servers compose this name from first and last name.
                None if is_entry && !says_more(&name) => {}
                None if name == login && text == Text::CommonName => {}
                None => *shown = Some(name),
                Some(shown) if *shown == name || !says_more(&name) => {}
                Some(_) => {
                    let remark = Remark::dropped(format!("{} gives way to the display name", text.name()));
                    self.remarks.push(remark);
                }
            }
        }
    }

    /// The name of a group. LDAP servers have it in `cn`.
    fn take_group_name(&mut self, own: Option<&Own>) -> Result<String, String> {
        let (login, plain, common) = (self.take(Text::Name), self.take(Text::PlainName), self.take(Text::CommonName));
        let is_entry = own.is_some() || !self.classes.is_empty();
        let own_name = own.and_then(|own| own.common_name.clone());
        let names = if is_entry {
            [common, plain, own_name, login]
        } else if self.prefers_plain_name {
            [plain, login, common, None]
        } else {
            [login, plain, common, None]
        };
        let names: Vec<_> = names.into_iter().flatten().filter(|name| !name.trim().is_empty()).collect();
        let Some(name) = names.first().cloned() else { return Err("the name of the group is missing".to_owned()) };
        if names.iter().any(|other| *other != name) {
            self.remarks.push(Remark::dropped("a group has one name: others give way to it"));
        }
        Ok(name)
    }

    /// The label of a group. LDAP servers have it in `displayName`.
    fn take_label(&mut self, name: &str) -> Option<String> {
        match (self.take(Text::Label), self.take(Text::Field(TextField::DisplayName))) {
            (Some(label), Some(shown)) => {
                self.set_text(Text::Field(TextField::DisplayName), shown);
                Some(label)
            }
            (label, shown) => label.or(shown.filter(|shown| shown != name)),
        }
    }

    /// The LDAP entry that the row describes. A distinguished name that cannot be parsed is lost.
    fn take_entry(&mut self) -> Option<Own> {
        let text = self.take(Text::Dn).filter(|text| !text.trim().is_empty())?;
        let own = Own::of(&text);
        if own.is_none() {
            let text = quoted(&text);
            self.remarks.push(Remark::missing("the distinguished name of the entry cannot be read").about(text));
        }
        own
    }

    /// The memberships in the row, if its groups are distinguished names. Otherwise the groups stay in the record.
    fn take_memberships(&mut self, own: Option<&Own>, name: &str, kind: Kind) -> Vec<Record> {
        let Some(own) = own else { return Vec::new() };
        let mut records = Vec::new();
        for group in self.groups.take().unwrap_or_default() {
            match self.target(group, true) {
                Some(group) if kind == Kind::Group => {
                    let subgroup = own.target.clone();
                    records.push(Record::Subgroup(SubgroupRecord {
                        group,
                        subgroup,
                        said_by: SaidBy::Member,
                        ..Default::default()
                    }));
                }
                Some(group) => {
                    records.push(Record::Member(MemberRecord {
                        group,
                        user: own.target.clone(),
                        said_by: SaidBy::Member,
                        ..Default::default()
                    }));
                }
                None => {
                    let text = "a group of an entry is not a distinguished name";
                    self.remarks.push(Remark::missing(text).about(quoted(name)));
                }
            }
        }
        records
    }

    fn target(&self, text: String, is_entry: bool) -> Option<Target> {
        match is_entry && text.contains('=') {
            true => Own::of(&text).map(|own| own.target),
            false => Some(Target::Name(text)),
        }
    }

    fn one_of(&mut self, text: Text, other: Text) -> Result<String, String> {
        if self.text(text).is_some() { self.take_name(text) } else { self.take_name(other) }
    }

    /// The groups of a membership row, at least one, with the place of each membership.
    fn containers(&mut self) -> Result<Vec<(String, Option<u64>)>, String> {
        let groups = match self.text(Text::Group) {
            Some(_) => vec![self.take_name(Text::Group)?],
            None => self.groups.take().unwrap_or_default(),
        };
        if groups.is_empty() || groups.iter().any(|group| group.trim().is_empty()) {
            return Err("the group is missing".to_owned());
        }
        let joined = self.take_joined(groups.len()).unwrap_or_default();
        let places = joined.into_iter().map(|joined| match joined {
            Joined::At(place) | Joined::Spelled(place, _) => Some(place),
        });
        Ok(groups.into_iter().zip(places.chain(std::iter::repeat(None))).collect())
    }

    /// The places of this number of memberships.
    fn take_joined(&mut self, count: usize) -> Option<Vec<Joined>> {
        let joined = self.joined.take()?;
        if joined.len() != count {
            self.remarks.push(Remark::dropped("the number of places in joined is not the number of groups"));
            return None;
        }
        Some(joined)
    }
}

/// The LDAP entry that a row describes.
struct Own {
    name: EntryName,
    target: Target,
    /// The `cn` in the first part of its distinguished name.
    common_name: Option<String>,
}

impl Own {
    fn of(text: &str) -> Option<Own> {
        let dn = Dn::parse(text).filter(|dn| !dn.is_empty())?;
        let entry = dn.digest();
        let name = dn.own_name().map(str::to_owned);
        let common_name = dn.own("cn").map(str::to_owned);
        Some(Own { name: entry, target: Target::Entry { entry, shown: shortened(text), name }, common_name })
    }
}

/// A text, shortened for a message.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The kind of an entry with these classes; `None` without classes.
///
/// # Errors
/// The entry is neither a user nor a group. Holds the class that decides this.
fn class_kind(classes: &[String]) -> Result<Option<Kind>, &str> {
    let find = |wanted| classes.iter().find(|name| class(name) == Some(wanted));
    let other = || classes.iter().find(|name| class(name).is_none()).or(classes.last());
    match (find(Class::Deleted).or(find(Class::Thing)), find(Class::Group), find(Class::User)) {
        (Some(thing), _, _) => Err(thing),
        (None, Some(_), _) => Ok(Some(Kind::Group)),
        (None, None, Some(_)) => Ok(Some(Kind::User)),
        (None, None, None) => other().map_or(Ok(None), |class| Err(class)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_decide_what_an_entry_is() {
        for (classes, kind) in [
            ("user", Ok(Some(Kind::User))),
            ("top person organizationalperson user", Ok(Some(Kind::User))),
            ("top person organizationalperson user computer", Err("computer")),
            ("top person organizationalperson contact", Err("contact")),
            ("top group", Ok(Some(Kind::Group))),
            ("organizationalunit top", Err("organizationalunit")),
            ("top", Err("top")),
            ("top somethingelse", Err("somethingelse")),
            ("groupofnames posixgroup", Ok(Some(Kind::Group))),
            ("", Ok(None)),
        ] {
            let list: Vec<_> = classes.split_whitespace().map(str::to_owned).collect();
            assert_eq!(class_kind(&list), kind, "{classes}");
        }
    }
}
