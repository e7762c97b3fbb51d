//! The records that an entry becomes.

use super::{Entry, Kind, LOGINS, Settings, Texts, letters};
use crate::formats::account_state::{AccountState, says_enabled};
use crate::formats::ldif::attributes::{List, is_kept};
use crate::formats::ldif::export_comments::{ARGON2, NO_LAST_NAME, common_name, merge_group, merge_user};
use crate::formats::ldif::line::Range;
use crate::formats::ldif::link::{Link, Owner, OwnerKind, entry_target, is_no_group_of_people};
use crate::formats::record::{GroupRecord, UserRecord, UserTexts};
use crate::formats::row::Remark;
use crate::json::{Json, JsonText};
use crate::model::{EntryName, TextField, spelling_key};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Entry {
    /// The kind of the entry, or the reason for which it is refused.
    pub(in crate::formats::ldif) fn kind(&self) -> Result<Kind, String> {
        if let Some(problem) = &self.problem {
            return Err(problem.clone());
        }
        let classes = &self.classes;
        if classes.deleted || self.is_named_as_deleted() {
            return Ok(Kind::Deleted);
        }
        if let Some(thing) = &classes.thing {
            return Ok(Kind::Thing(thing.clone()));
        }
        match (classes.group, classes.user) {
            (true, _) if is_no_group_of_people(&self.dn) => Ok(Kind::Rule),
            (true, _) => Ok(Kind::Group),
            (false, true) => Ok(Kind::User),
            (false, false) if !classes.any => {
                Err("the entry has no objectClass: export it with all its attributes".to_owned())
            }
            (false, false) => {
                let class = classes.other.clone().unwrap_or_else(|| "top".to_owned());
                let logins = ["uid", "sAMAccountName", "userPrincipalName", "userPassword"];
                let has_login = logins.iter().any(|name| self.texts.contains_key(name)) || self.dn.own("uid").is_some();
                let has_members = self.links.iter().any(|(_, link)| link.list != List::MemberOf);
                Ok(Kind::Unknown(class, has_login || has_members || !self.foreign.is_empty()))
            }
        }
    }

    /// True if the entry has a name of the form that servers give to deleted entries.
    fn is_named_as_deleted(&self) -> bool {
        self.dn.is_own("nsuniqueid")
            || ["cn", "ou"].iter().any(|kind| self.dn.own(kind).is_some_and(|own| own.contains("\nDEL:")))
    }

    /// The remark on a skipped entry.
    pub(in crate::formats::ldif) fn passed_over(&self, kind: &Kind) -> Remark {
        let remark = match kind {
            Kind::Unknown(class, true) => Remark::missing(format!(
                "entries of the class {class} have logins or members, but the class is not known: they are left out"
            )),
            Kind::Unknown(class, false) | Kind::Thing(class) => {
                Remark::dropped(format!("entries of the class {class} are neither users nor groups, and are left out"))
            }
            Kind::Rule => Remark::dropped("roles, permissions and rules of FreeIPA are not groups, and are left out"),
            _ => Remark::dropped("entries that are deleted are left out"),
        };
        remark.about(&*self.shown)
    }

    fn values(&self, name: &str) -> &[String] {
        self.texts.get(name).map_or(&[], Texts::values)
    }

    /// The value of an attribute that names the entry.
    fn name_in(&self, attribute: &str) -> Option<&str> {
        let own = self.dn.own(&attribute.to_ascii_lowercase());
        distinguished(self.values(attribute), own).filter(|name| !name.trim().is_empty())
    }

    /// The name of an entry of kanidm, whose DN begins with `spn` or `name`.
    fn kanidm_name(&self) -> Option<(&str, &'static str)> {
        if self.dn.own("spn").is_none() && self.dn.own("name").is_none() {
            return None;
        }
        let local = |spn: &'static str| Some((self.name_in(spn)?.split('@').next()?, spn));
        let name = self.name_in("name").map(|name| (name, "name")).or_else(|| local("spn"));
        name.filter(|(name, _)| !name.trim().is_empty())
    }

    /// The login, and the attribute that holds it.
    fn login(&self, settings: &Settings) -> Result<(String, String), String> {
        if let Some(wanted) = &settings.login {
            let own = self.dn.own(&wanted.to_ascii_lowercase()).filter(|own| !own.trim().is_empty());
            return match distinguished(&self.logins, own) {
                Some(login) => Ok((login.to_owned(), wanted.clone())),
                None => Err(format!("the user has no {wanted}, which --login chooses")),
            };
        }
        if let Some((name, attribute)) = self.kanidm_name() {
            return Ok((name.to_owned(), attribute.to_owned()));
        }
        let mut found = LOGINS.iter().filter_map(|attribute| Some((self.name_in(attribute)?, *attribute)));
        let first = found.next();
        let login = match first {
            // authentik, for example, has a digest as uid.
            Some((uid, "uid")) if is_opaque(uid) => found.next().or(first),
            _ => first,
        };
        let (login, attribute) = login
            .ok_or_else(|| format!("the user has none of {}: --login chooses another attribute", LOGINS.join(", ")))?;
        Ok((login.to_owned(), attribute.to_owned()))
    }

    /// The name of a group.
    pub(in crate::formats::ldif) fn group_name(&self) -> Result<String, String> {
        let name = self.kanidm_name().map(|(name, _)| name);
        let name = name.or_else(|| self.name_in("cn")).or_else(|| self.name_in("uid"));
        name.map(str::to_owned).ok_or_else(|| "the group has no cn".to_owned())
    }

    /// Takes the values of an attribute that are used, and adds remarks on the others.
    fn take_values(&mut self, name: &'static str) -> Vec<String> {
        let Some(mut texts) = self.texts.remove(name) else { return Vec::new() };
        let used = if texts.plain.is_empty() { 1 } else { 0 };
        if texts.tagged.len() > used {
            let text = format!("values of {name} in other languages, or with other options, are left out");
            self.remarks.push(Remark::dropped(text).about(&*self.shown));
        }
        if texts.plain.is_empty() {
            texts.tagged.truncate(1);
            return texts.tagged;
        }
        texts.plain
    }

    fn take_first(&mut self, name: &'static str) -> Option<String> {
        let mut values = self.take_values(name).into_iter();
        let first = values.next();
        if values.next().is_some() {
            let text = format!("only the first value of {name} counts");
            self.remarks.push(Remark::dropped(text).about(&*self.shown));
        }
        first
    }

    /// Takes the text of a field from the first of its attributes that has a value. The others are lost.
    fn take_field(&mut self, field: TextField) -> Option<String> {
        let mut text = None;
        for attribute in field.ldap_attributes() {
            let value = if is_kept(attribute) { self.take_head(attribute) } else { self.take_first(attribute) };
            if text.is_some() && value.is_some() {
                self.lose(attribute);
            }
            text = text.or(value);
        }
        text
    }

    /// Takes the first value of an attribute for a field. Further values stay, and become a property.
    fn take_head(&mut self, name: &'static str) -> Option<String> {
        let mut values = self.take_values(name);
        if values.is_empty() {
            return None;
        }
        let head = values.remove(0);
        if !values.is_empty() {
            self.texts.insert(name, Texts { plain: values, tagged: Vec::new() });
        }
        Some(head)
    }

    /// Takes an attribute that may repeat a value of the record. Other values are lost.
    fn drop_known(&mut self, name: &'static str, known: &[&str]) {
        let values = self.take_values(name);
        let others = values.iter().filter(|value| !known.contains(&value.as_str())).count();
        if others == values.len() && others > 0 {
            self.lose(name);
        } else if others > 0 {
            let text = format!("other values of {name} are left out");
            self.remarks.push(Remark::dropped(text).about(&*self.shown));
        }
    }

    /// The entry as a user, and the attribute that holds the login.
    pub(in crate::formats::ldif) fn user(&mut self, settings: &Settings) -> Result<(UserRecord, String), String> {
        let (name, attribute) = self.login(settings)?;
        let entry_names = if settings.exported { Vec::new() } else { self.user_names() };
        let disabled = self.disabled();
        let mut texts: UserTexts = TextField::ALL.into_iter().map(|field| (field, self.take_field(field))).collect();
        texts[TextField::LastName].take_if(|name| name == NO_LAST_NAME);
        let cn = self.name_in("cn").map(str::to_owned);
        let common = common_name(&name, texts[TextField::FirstName].as_deref(), texts[TextField::LastName].as_deref());
        let display_name = &mut texts[TextField::DisplayName];
        if display_name.is_none() {
            // Exports of this program write a `cn` only because the class requires one.
            *display_name = cn.clone().filter(|cn| !settings.exported && *cn != name && *cn != common);
        }
        let shown = display_name.clone().unwrap_or_default();
        let password = self.take_first("userPassword");
        if !settings.exported {
            self.drop_known("cn", &[&name, &common, &shown]);
        }
        self.texts.remove("cn");
        self.drop_known("name", &[&name, &common, &shown, cn.as_deref().unwrap_or_default()]);
        self.drop_kanidm_name(&name);
        for other in ["uid", "sAMAccountName", "userPrincipalName"] {
            self.drop_known(other, &[&name]);
        }
        let user = UserRecord {
            name,
            texts,
            disabled,
            password: password.map(|password| match password.strip_prefix(ARGON2) {
                Some(hash) if hash.starts_with('$') => hash.to_owned(),
                _ => password,
            }),
            properties: self.take_properties(),
            entry_names,
            exported: settings.exported,
            ..UserRecord::default()
        };
        if self.links.iter().any(|(_, link)| link.list != List::MemberOf) {
            self.lose("member");
            self.links.retain(|(_, link)| link.list == List::MemberOf);
        }
        std::mem::take(&mut self.foreign).into_values().for_each(|written| self.lose(&written));
        match self.comment.take() {
            Some(comment) => Ok((merge_user(user, &comment)?, attribute)),
            None => Ok((user, attribute)),
        }
    }

    fn user_names(&self) -> Vec<EntryName> {
        let uids = self.values("uid").iter().map(String::as_str).chain(self.dn.own("uid"));
        let mut names: Vec<_> = uids.map(|uid| self.dn.member_uid(uid)).collect();
        names.sort_unstable();
        names.dedup();
        names.insert(0, self.dn.digest());
        names
    }

    fn drop_kanidm_name(&mut self, name: &str) {
        let local = |spn: &String| spn.split('@').next() == Some(name);
        if self.take_values("spn").iter().any(|spn| !local(spn)) {
            self.lose("spn");
        }
    }

    /// `Some(true)` if the account is disabled, `None` if the entry does not decide. Adds remarks on values that cannot be
    /// interpreted.
    fn disabled(&mut self) -> Option<bool> {
        let mut disabled = None;
        for (name, (written, state, value)) in std::mem::take(&mut self.states) {
            match state {
                AccountState::Enabled if !says_enabled(&letters(&name)) => {}
                AccountState::Enabled => disabled = disabled.or(Some(false)),
                AccountState::Disabled => disabled = Some(true),
                AccountState::Unknown => {
                    disabled = Some(true);
                    let text = format!("the value of {written} is not understood: the account is disabled");
                    self.remarks.push(Remark::dropped(text).about(format!("{}: {value}", self.shown)));
                }
            }
        }
        // FreeIPA keeps deleted users, and users who are not active yet, in these subtrees.
        let is_below = |name| self.dn.is_below("cn", name);
        let is_put_away = is_below("provisioning") && (is_below("deleted users") || is_below("staged users"));
        if is_put_away { Some(true) } else { disabled }
    }

    /// The entry as a group.
    pub(in crate::formats::ldif) fn group(&mut self, name: &str, settings: &Settings) -> Result<GroupRecord, String> {
        if self.classes.user && (self.texts.contains_key("uid") || self.texts.contains_key("userPassword")) {
            let text = "an entry is both a person and a group: only the group is imported";
            self.remarks.push(Remark::missing(text).about(&*self.shown));
        }
        let label = self.take_first("displayName");
        let description = self.take_first("description");
        for known in ["cn", "uid", "sAMAccountName", "name"] {
            self.drop_known(known, &[name]);
        }
        self.drop_kanidm_name(name);
        let others: Vec<_> = self.texts.keys().copied().filter(|name| !is_kept(name)).collect();
        for other in others {
            self.texts.remove(other);
            self.lose(other);
        }
        let properties = self.take_properties();
        std::mem::take(&mut self.states).into_values().for_each(|(written, ..)| self.lose(&written));
        self.remark_foreign();
        let entry_names = if settings.exported { Vec::new() } else { vec![self.dn.digest()] };
        let group = GroupRecord {
            name: name.to_owned(),
            label,
            description,
            properties,
            entry_names,
            exported: settings.exported,
            ..GroupRecord::default()
        };
        match self.comment.take() {
            Some(comment) => merge_group(group, &comment),
            None => Ok(group),
        }
    }

    fn remark_foreign(&mut self) {
        for written in std::mem::take(&mut self.foreign).into_values() {
            let text = format!("members in {written} are left out");
            self.remarks.push(Remark::missing(text).about(&*self.shown));
        }
    }

    fn take_properties(&mut self) -> BTreeMap<String, JsonText> {
        let names: Vec<_> = self.texts.keys().copied().filter(|name| is_kept(name)).collect();
        let mut properties = BTreeMap::new();
        for name in names {
            let mut values = self.take_values(name);
            let value = match values.len() {
                1 => values.pop().map_or(Json::Null, Json::String),
                _ => Json::Array(values.into_iter().map(Json::String).collect()),
            };
            properties.insert(name.to_owned(), JsonText::from(&value));
        }
        properties
    }

    /// Takes the remarks, with those on attributes that are not imported.
    pub(in crate::formats::ldif) fn take_remarks(&mut self) -> Vec<Remark> {
        if self.open.is_some() {
            self.remark_foreign();
        }
        let mut remarks = std::mem::take(&mut self.remarks);
        let lost = std::mem::take(&mut self.lost).into_values();
        remarks
            .extend(lost.map(|name| Remark::dropped(format!("the attribute {name} is left out")).about(&*self.shown)));
        remarks
    }

    /// The parts of the list of its groups, or else of its members, in this entry. `None`: a range that cannot be
    /// parsed.
    pub(in crate::formats::ldif) fn parts(&self, of_groups: bool) -> impl Iterator<Item = Option<Range>> {
        let of_list = move |(list, _): &&(List, _)| (*list == List::MemberOf) == of_groups;
        self.ranges.iter().filter(of_list).map(|(_, range)| *range)
    }

    /// True if the entry only continues a list that an earlier entry began.
    pub(in crate::formats::ldif) fn is_part(&self, of_groups: bool) -> bool {
        let first = self.parts(of_groups).flatten().map(|range| range.first).min();
        self.problem.is_none() && first.is_some_and(|first| first > 0)
    }

    /// True if the classes make the entry a user.
    pub(in crate::formats::ldif) fn has_user_class(&self) -> bool {
        self.classes.user
    }

    /// True if the remarks take so much memory that they have to be returned now.
    pub(in crate::formats::ldif) fn has_many_remarks(&self) -> bool {
        self.remarks.len() + self.lost.len() > 1000
    }

    /// Takes the memberships that were read so far.
    pub(in crate::formats::ldif) fn take_links(&mut self) -> Vec<(u64, Link)> {
        if self.open.is_some() {
            self.size = 0;
        }
        std::mem::take(&mut self.links)
    }

    /// The entry as a user with this name, as the owner of its lists.
    pub(in crate::formats::ldif) fn user_owner(&self, name: &str, settings: &Settings) -> Arc<Owner> {
        self.owner(OwnerKind::User, name, settings)
    }

    /// The entry as a group with this name, as the owner of its lists.
    pub(in crate::formats::ldif) fn group_owner(&self, name: &str, settings: &Settings) -> Arc<Owner> {
        self.owner(OwnerKind::Group, name, settings)
    }

    fn owner(&self, kind: OwnerKind, name: &str, settings: &Settings) -> Arc<Owner> {
        let (dn, shown, exported) = (self.dn.clone(), self.shown.clone(), settings.exported);
        let target = if exported { name.into() } else { entry_target(&dn, shown.clone()) };
        Arc::new(Owner { kind, exported, dn, shown, target })
    }
}

/// True if a text is an identifier for programs: a UUID or a digest.
fn is_opaque(text: &str) -> bool {
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let parts: Vec<_> = text.splitn(6, '-').collect();
    match parts.as_slice() {
        [digest] => digest.len() >= 32 && is_hex(digest),
        parts => parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && parts.iter().all(|part| is_hex(part)),
    }
}

/// The value that is also in the distinguished name, spelled as in the attribute; or else the value in the
/// distinguished name; or else the first value.
fn distinguished<'t>(values: &'t [String], own: Option<&'t str>) -> Option<&'t str> {
    let key = own.map(spelling_key);
    let found = key.and_then(|key| values.iter().find(|value| spelling_key(value) == key));
    found.map(String::as_str).or(own).or(values.first().map(String::as_str))
}
