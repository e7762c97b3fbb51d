//! An entry, from its first line to the records that it means.

use super::attributes::{Attribute, Class, List, attribute, class, is_kept};
use super::dn::Dn;
use super::export_comments::{ARGON2, Membership, NO_LAST_NAME, merge_group, merge_user};
use super::line::{Line, Range, leading_name};
use crate::formats::account_state::{AccountState, account_state, is_account_state, says_enabled};
use crate::formats::record::{GroupRecord, MemberRecord, Record, SaidBy, SubgroupRecord, UserRecord, UserTexts};
use crate::formats::row::{ROW_BYTES_MAX, Remark};
use crate::formats::text::quoted;
use crate::json::{Json, JsonText};
use crate::model::{EntryName, Target};
use crate::model::{TextField, spelling_key};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Attributes that can have the login, in the order in which they are asked.
const LOGINS: [&str; 5] = ["uid", "sAMAccountName", "userPrincipalName", "mail", "cn"];
/// Approximate memory of a value in addition to its text, in bytes.
const AROUND: usize = 64;

/// The settings for all entries of a file.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// The attribute that has the login, in place of [`LOGINS`].
    pub(super) login: Option<String>,
    /// Seconds since 1970.
    pub(super) now: i64,
    /// The file is an export of ours.
    pub(super) exported: bool,
}

/// The kind of an entry.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    Group,
    /// It is deleted.
    Deleted,
    /// It is a list of people that FreeIPA gives rights to.
    Rule,
    /// It is neither user nor group but of that class.
    Thing(String),
    /// It is of that class, which is not known. Whether it has a login or members.
    Unknown(String, bool),
}

/// The values of an attribute.
#[derive(Debug, Default)]
struct Texts {
    plain: Vec<String>,
    /// Those in a language, or for a purpose.
    tagged: Vec<String>,
}

impl Texts {
    /// Those that count: a tagged one only where there is no plain one.
    fn values(&self) -> &[String] {
        if self.plain.is_empty() { &self.tagged[..self.tagged.len().min(1)] } else { &self.plain }
    }
}

/// The meaning of the object classes of an entry.
#[derive(Debug, Default)]
struct Classes {
    any: bool,
    user: bool,
    group: bool,
    deleted: bool,
    thing: Option<String>,
    /// The first that says nothing.
    other: Option<String>,
}

/// A member of a list, or a group.
#[derive(Debug)]
pub(super) struct Link {
    list: List,
    text: String,
    /// The comment of our own exports on it.
    membership: Option<Box<Membership>>,
}

/// The entry that has a list, as the records of it need it.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    kind: OwnerKind,
    exported: bool,
    dn: Dn,
    pub(super) shown: String,
    target: Target,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OwnerKind {
    User,
    Group,
}

/// An entry, as far as it was read.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) line: u64,
    pub(super) dn: Dn,
    /// The distinguished name for messages.
    shown: String,
    /// Why the entry is refused.
    problem: Option<String>,
    /// No entry at all: how a search ended, as tools write it behind what they have found.
    pub(super) is_result: bool,
    classes: Classes,
    texts: BTreeMap<&'static str, Texts>,
    /// Values of the attribute that is to have the login.
    logins: Vec<String>,
    links: Vec<(u64, Link)>,
    /// The parts of its lists that the entry has. `None` for a part that is not clear.
    ranges: Vec<(List, Option<Range>)>,
    /// Attributes that say whether the account can be used: the name as written, what it says, and the value, by the
    /// name in lower case. The worst value counts.
    states: BTreeMap<String, (String, AccountState, String)>,
    /// Lists of members that are not understood, as written, by the name in lower case.
    foreign: BTreeMap<String, String>,
    /// The comment of our own exports on the entry.
    comment: Option<String>,
    /// Their comment on the next member.
    membership: Option<Box<Membership>>,
    /// Attributes that are not taken over, as written, by the name in lower case.
    lost: BTreeMap<String, String>,
    remarks: Vec<Remark>,
    /// The bytes that are held.
    size: usize,
    /// The record of the group has passed, and the lists pass as they are read.
    pub(super) open: Option<Arc<Owner>>,
}

impl Entry {
    /// An entry that begins with that line.
    pub(super) fn begin(number: u64, line: Option<&Line<'_>>) -> Entry {
        let mut entry = Entry { line: number, ..Entry::default() };
        match line {
            Some(line) if line.name == "dn" => {
                if let Err(problem) = entry.take_dn(line) {
                    entry.refuse(problem);
                }
            }
            Some(line) if matches!(line.name.as_str(), "search" | "result" | "ref") => {
                entry.is_result = true;
                entry.take_result(line);
            }
            _ => entry.refuse("the entry does not begin with its dn".to_owned()),
        }
        entry
    }

    fn take_dn(&mut self, line: &Line<'_>) -> Result<(), String> {
        let text = line.text().map_err(|why| format!("the dn is {why}"))?;
        let dn = Dn::parse(&text).filter(|dn| !dn.is_empty());
        self.dn = dn.ok_or_else(|| format!("the dn is no distinguished name: {}", quoted(&text)))?;
        self.size += text.len() + AROUND;
        self.shown = shown(text);
        Ok(())
    }

    /// Takes a line of the end of a search.
    fn take_result(&mut self, line: &Line<'_>) {
        match line.name.as_str() {
            "result" => {
                let result = line.text().unwrap_or_default();
                if result.split_whitespace().next() != Some("0") {
                    let remark = Remark::missing("the search that made the file ended before its end");
                    self.remarks.push(remark.about(quoted(&result)));
                }
            }
            "ref" => {
                let text = "the server names another server for a part of its entries";
                self.remarks.push(Remark::dropped(text).about(line.text().map_or_else(|why| why, |url| quoted(&url))));
            }
            _ => {}
        }
    }

    /// Keeps nothing but the reason.
    pub(super) fn refuse(&mut self, problem: String) {
        *self = Entry { line: self.line, problem: Some(problem), ..Entry::default() };
    }

    /// Takes a line that is no attribute. It costs nothing but itself, unless it could have been about rights.
    pub(super) fn take_odd(&mut self, text: &[u8], number: u64) {
        if self.problem.is_some() || self.is_result {
            return;
        }
        let name = leading_name(text);
        let about = format!("line {number}");
        let odd = "a line is no attribute, and is left out";
        match attribute(&name) {
            Some(Attribute::ChangeType) => {
                self.refuse(format!("line {number} is no attribute, and may be a changetype"));
            }
            Some(Attribute::List(_)) => {
                let text = format!("a line that begins with {name} is no attribute: a membership is left out");
                self.remark(Remark::missing(text).about(about));
            }
            Some(Attribute::ObjectClass | Attribute::Deleted) => {
                self.set_state(&name, &name, AccountState::Unknown, odd);
                self.remark(Remark::dropped(odd).about(about));
            }
            _ => {
                if is_account_state(&letters(&name)) {
                    self.set_state(&name, &name, AccountState::Unknown, odd);
                }
                self.remark(Remark::dropped(odd).about(about));
            }
        }
    }

    /// Takes a line.
    pub(super) fn take(&mut self, line: &Line<'_>, number: u64, settings: &Settings) {
        if self.problem.is_some() {
            return;
        }
        if self.is_result {
            return self.take_result(line);
        }
        if line.options.deleted {
            let remark = Remark::dropped("values that are marked as deleted are left out");
            return self.remark(remark.about(format!("line {number}: {}", line.written)));
        }
        let name = line.name.as_str();
        let known = attribute(name);
        let named = match known {
            Some(Attribute::Text(text)) => text,
            _ => line.written,
        };
        let is_wanted = |login: &str| login.eq_ignore_ascii_case(named) || login.eq_ignore_ascii_case(name);
        let is_login = !line.options.tagged && settings.login.as_deref().is_some_and(is_wanted);
        if is_login && self.open.is_none() {
            self.take_login(line);
        }
        match known {
            Some(Attribute::List(list)) => self.take_link(list, line, number),
            Some(Attribute::Operational) => {}
            // The record has passed.
            _ if self.open.is_some() => self.lose(line.written),
            Some(Attribute::ObjectClass) => match line.text() {
                Ok(class) => self.take_class(&class),
                Err(why) => {
                    // It could have been the class of what is deleted, or of a computer.
                    self.set_state(name, line.written, AccountState::Unknown, &why);
                    self.remark_bad(line, number, &why);
                }
            },
            Some(Attribute::ChangeType) => match line.text() {
                Ok(change) if change.trim().eq_ignore_ascii_case("add") => {}
                Ok(change) => self.refuse(format!("the entry is no addition but changetype {}", quoted(&change))),
                Err(why) => self.refuse(format!("the changetype is {why}")),
            },
            Some(Attribute::Text(text)) => self.take_text(text, line, number),
            Some(Attribute::Deleted) => {
                self.classes.deleted |= line.text().is_ok_and(|text| text.trim().eq_ignore_ascii_case("true"));
                self.take_state(line, settings);
            }
            None => {
                if !self.take_state(line, settings) && !is_login {
                    self.lose(line.written);
                }
            }
        }
    }

    /// Takes a comment that says what LDAP has no attribute for: of the entry before its names, else of a membership.
    pub(super) fn take_comment(&mut self, comment: &str, number: u64) {
        if self.problem.is_some() || self.is_result {
            return;
        }
        let is_named = self.open.is_some() || self.texts.contains_key("cn") || self.texts.contains_key("uid");
        if !is_named {
            self.size += comment.len() + AROUND;
            self.comment = Some(comment.to_owned());
            return;
        }
        match Membership::parse(comment) {
            Ok(Membership { container: Some(text), joined, .. }) => {
                self.size += text.len() + AROUND;
                let membership = Some(Box::new(Membership { joined, ..Membership::default() }));
                self.links.push((number, Link { list: List::Container, text, membership }));
            }
            Ok(membership) => self.membership = Some(Box::new(membership)),
            Err(why) => self.remark(Remark::missing(why).about(format!("line {number}"))),
        }
    }

    fn take_login(&mut self, line: &Line<'_>) {
        if let Ok(text) = line.text()
            && !text.trim().is_empty()
        {
            self.size += text.len() + AROUND;
            self.logins.push(text);
        }
    }

    fn take_text(&mut self, name: &'static str, line: &Line<'_>, number: u64) {
        match line.text() {
            Ok(text) if text.is_empty() => {
                self.remark(Remark::dropped(format!("the value of {name} is empty")).about(format!("line {number}")));
            }
            // The language of a password makes no sense: the option says something else.
            Ok(_) if name == "userPassword" && line.options.tagged => self.lose(line.written),
            Ok(text) => self.hold_text(name, line, text),
            Err(why) => self.remark_bad(line, number, &why),
        }
    }

    fn hold_text(&mut self, name: &'static str, line: &Line<'_>, text: String) {
        self.size += text.len() + AROUND;
        let texts = self.texts.entry(name).or_default();
        if line.options.tagged { texts.tagged.push(text) } else { texts.plain.push(text) }
    }

    fn take_link(&mut self, list: List, line: &Line<'_>, number: u64) {
        let membership = self.membership.take();
        if list == List::Foreign {
            if self.foreign.insert(line.name.clone(), line.written.to_owned()).is_none() {
                self.size += line.name.len() + AROUND;
            }
            return;
        }
        if let Some(range) = line.options.range
            && self.ranges.last() != Some(&(list, range))
        {
            self.size += AROUND;
            self.ranges.push((list, range));
        }
        match line.text() {
            _ if line.options.tagged => {
                let text = format!("a value of {} has an option that is not known: it is left out", line.written);
                self.remark(Remark::missing(text).about(format!("line {number}")));
            }
            // What a group without members has, because it has to have one.
            Ok(text) if text.trim().is_empty() => {}
            Ok(text) => {
                self.size += text.len() + AROUND;
                let text = if line.name == "uniquemember" { without_unique_id(text) } else { text };
                self.links.push((number, Link { list, text, membership }));
            }
            Err(why) => {
                let text = format!("a value of {} is {why}: it is left out", line.written);
                self.remark(Remark::missing(text).about(format!("line {number}")));
            }
        }
    }

    fn take_class(&mut self, text: &str) {
        self.classes.any = true;
        let name = text.trim();
        match class(&name.to_ascii_lowercase()) {
            Some(Class::User) => self.classes.user = true,
            Some(Class::Group) => self.classes.group = true,
            Some(Class::Deleted) => self.classes.deleted = true,
            Some(Class::Any) => {}
            Some(Class::Thing) => {
                self.classes.thing.get_or_insert_with(|| name.to_owned());
            }
            None => {
                self.classes.other.get_or_insert_with(|| name.chars().take(64).collect());
            }
        }
    }

    /// Takes an attribute that says whether the account can be used. Whether it is one.
    fn take_state(&mut self, line: &Line<'_>, settings: &Settings) -> bool {
        let name = letters(&line.name);
        if !is_account_state(&name) {
            return false;
        }
        match line.text() {
            Ok(text) => {
                let Some(state) = account_state(&name, &text, settings.now) else { return false };
                if is_trust_account(&name, &text) {
                    self.classes.thing.get_or_insert_with(|| "computer".to_owned());
                }
                self.set_state(&line.name, line.written, state, &quoted(&text));
            }
            Err(why) => self.set_state(&line.name, line.written, AccountState::Unknown, &why),
        }
        true
    }

    fn set_state(&mut self, name: &str, written: &str, state: AccountState, value: &str) {
        let worth = |state: AccountState| match state {
            AccountState::Enabled => 0,
            AccountState::Disabled => 1,
            AccountState::Unknown => 2,
        };
        if self.states.get(name).is_none_or(|(_, known, _)| worth(*known) < worth(state)) {
            self.size += name.len() + value.len() + AROUND;
            self.states.insert(name.to_owned(), (written.to_owned(), state, value.to_owned()));
        }
    }

    fn remark(&mut self, remark: Remark) {
        self.size += remark.text.len() + 2 * AROUND;
        self.remarks.push(remark);
    }

    fn remark_bad(&mut self, line: &Line<'_>, number: u64, why: &str) {
        let text = format!("the value of {} is {why}, and is left out", line.written);
        self.remark(Remark::dropped(text).about(format!("line {number}")));
    }

    fn lose(&mut self, written: &str) {
        let name = written.to_ascii_lowercase();
        if !self.lost.contains_key(&name) {
            self.size += 2 * name.len() + AROUND;
            self.lost.insert(name, written.to_owned());
        }
    }

    /// Keeps nothing but what the entry is.
    pub(super) fn forget(&mut self) {
        let (line, dn, classes) = (self.line, std::mem::take(&mut self.dn), std::mem::take(&mut self.classes));
        *self = Entry { line, dn, shown: std::mem::take(&mut self.shown), classes, ..Entry::default() };
    }

    /// True if the entry holds more than a row may have.
    pub(super) fn is_too_long(&self) -> bool {
        self.size > ROW_BYTES_MAX
    }

    /// The kind of the entry, or why it is refused.
    pub(super) fn kind(&self) -> Result<Kind, String> {
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

    /// True if the entry has a name that servers give to deleted entries.
    fn is_named_as_deleted(&self) -> bool {
        self.dn.is_own("nsuniqueid")
            || ["cn", "ou"].iter().any(|kind| self.dn.own(kind).is_some_and(|own| own.contains("\nDEL:")))
    }

    /// The remark on an entry that is passed over.
    pub(super) fn passed_over(&self, kind: &Kind) -> Remark {
        let remark = match kind {
            Kind::Unknown(class, true) => Remark::missing(format!(
                "entries of the class {class} have logins or members, but the class is not known: they are left out"
            )),
            Kind::Unknown(class, false) | Kind::Thing(class) => {
                Remark::dropped(format!("entries of the class {class} are no users and no groups, and are left out"))
            }
            Kind::Rule => Remark::dropped("roles, permissions and rules of FreeIPA are no groups, and are left out"),
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

    /// How kanidm calls an entry: it is distinguished by `spn` or `name`.
    fn kanidm_name(&self) -> Option<(&str, &'static str)> {
        if self.dn.own("spn").is_none() && self.dn.own("name").is_none() {
            return None;
        }
        let local = |spn: &'static str| Some((self.name_in(spn)?.split('@').next()?, spn));
        let name = self.name_in("name").map(|name| (name, "name")).or_else(|| local("spn"));
        name.filter(|(name, _)| !name.trim().is_empty())
    }

    /// The login, and the attribute that it comes from.
    fn login(&self, settings: &Settings) -> Result<(String, String), String> {
        if let Some(wanted) = &settings.login {
            let own = self.dn.own(&wanted.to_ascii_lowercase()).filter(|own| !own.trim().is_empty());
            return match distinguished(&self.logins, own) {
                Some(login) => Ok((login.to_owned(), wanted.clone())),
                None => Err(format!("the user has no {wanted}, which --login names")),
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
    pub(super) fn group_name(&self) -> Result<String, String> {
        let name = self.kanidm_name().map(|(name, _)| name);
        let name = name.or_else(|| self.name_in("cn")).or_else(|| self.name_in("uid"));
        name.map(str::to_owned).ok_or_else(|| "the group has no cn".to_owned())
    }

    /// Takes the values of an attribute that count, and remarks on the others.
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

    /// Takes the text of a field: that of the first of its attributes. Others give way to it.
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

    /// Takes the first value of an attribute. The others stay and become a property.
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

    /// Takes an attribute whose value may stand in the record already.
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

    /// The user that the entry is, and the attribute that has the login.
    pub(super) fn user(&mut self, settings: &Settings) -> Result<(UserRecord, String), String> {
        let (name, attribute) = self.login(settings)?;
        let entry_names = if settings.exported { Vec::new() } else { self.user_names() };
        let disabled = self.disabled();
        let mut texts: UserTexts = TextField::ALL.into_iter().map(|field| (field, self.take_field(field))).collect();
        texts[TextField::LastName].take_if(|name| name == NO_LAST_NAME);
        let cn = self.name_in("cn").map(str::to_owned);
        let common = common_name(&name, texts[TextField::FirstName].as_deref(), texts[TextField::LastName].as_deref());
        let display_name = &mut texts[TextField::DisplayName];
        if display_name.is_none() {
            // Ours has a cn because it has to have one.
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

    /// The state of the account. Values that are not understood are remarks.
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
        // Where FreeIPA keeps users that are deleted, or not active yet.
        let is_below = |name| self.dn.is_below("cn", name);
        let is_put_away = is_below("provisioning") && (is_below("deleted users") || is_below("staged users"));
        if is_put_away { Some(true) } else { disabled }
    }

    /// The group that the entry is.
    pub(super) fn group(&mut self, name: &str, settings: &Settings) -> Result<GroupRecord, String> {
        if self.classes.user && (self.texts.contains_key("uid") || self.texts.contains_key("userPassword")) {
            let text = "an entry is a person and a group: only the group is taken";
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
            let text = format!("members by {written} are left out");
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

    /// The remarks on what is not taken over.
    pub(super) fn take_remarks(&mut self) -> Vec<Remark> {
        if self.open.is_some() {
            self.remark_foreign();
        }
        let mut remarks = std::mem::take(&mut self.remarks);
        let lost = std::mem::take(&mut self.lost).into_values();
        remarks
            .extend(lost.map(|name| Remark::dropped(format!("the attribute {name} is left out")).about(&*self.shown)));
        remarks
    }

    /// The parts that the entry has of the list of its members, or of its groups. `None` for a part that is not clear.
    pub(super) fn parts(&self, of_groups: bool) -> impl Iterator<Item = Option<Range>> {
        let of_list = move |(list, _): &&(List, _)| (*list == List::MemberOf) == of_groups;
        self.ranges.iter().filter(of_list).map(|(_, range)| *range)
    }

    /// True if the entry only continues a list that another entry begins.
    pub(super) fn is_part(&self, of_groups: bool) -> bool {
        let first = self.parts(of_groups).flatten().map(|range| range.first).min();
        self.problem.is_none() && first.is_some_and(|first| first > 0)
    }

    /// True if the classes make the entry a user.
    pub(super) fn has_user_class(&self) -> bool {
        self.classes.user
    }

    /// True if there are so many remarks that they should be reported now.
    pub(super) fn has_many_remarks(&self) -> bool {
        self.remarks.len() + self.lost.len() > 1000
    }

    /// The memberships that are held.
    pub(super) fn take_links(&mut self) -> Vec<(u64, Link)> {
        if self.open.is_some() {
            self.size = 0;
        }
        std::mem::take(&mut self.links)
    }

    /// The user of that name that the entry is, for the memberships in its lists.
    pub(super) fn user_owner(&self, name: &str, settings: &Settings) -> Arc<Owner> {
        self.owner(OwnerKind::User, name, settings)
    }

    /// The group of that name that the entry is, for the memberships in its lists.
    pub(super) fn group_owner(&self, name: &str, settings: &Settings) -> Arc<Owner> {
        self.owner(OwnerKind::Group, name, settings)
    }

    fn owner(&self, kind: OwnerKind, name: &str, settings: &Settings) -> Arc<Owner> {
        let (dn, shown, exported) = (self.dn.clone(), self.shown.clone(), settings.exported);
        let target = if exported { name.into() } else { entry_target(&dn, shown.clone()) };
        Arc::new(Owner { kind, exported, dn, shown, target })
    }
}

impl Owner {
    /// The membership that a link is, or why it is none.
    pub(super) fn record(&self, link: Link) -> Result<Record, Remark> {
        if self.exported { self.own_record(link) } else { self.entry_record(link) }
    }

    /// A membership between entries.
    fn entry_record(&self, link: Link) -> Result<Record, Remark> {
        let own = self.target.clone();
        if link.list == List::MemberUid {
            let entry = self.dn.member_uid(&link.text);
            let user = Target::Entry { entry, shown: shown(format!("memberUid {}", link.text)), name: Some(link.text) };
            return Ok(Record::Member(MemberRecord {
                group: own,
                user,
                joined: None,
                said_by: SaidBy::Group,
                withheld: false,
            }));
        }
        let dn = parse_dn(&link.text)?;
        if link.list == List::MemberOf && is_no_group_of_people(&dn) {
            let text = "memberships in roles, permissions and rules of FreeIPA are left out";
            return Err(Remark::dropped(text).about(shown(link.text)));
        }
        if self.kind == OwnerKind::Group && dn.digest() == self.dn.digest() {
            // A group without members can have itself, as it has to have one.
            let text = "a group that is a member of itself is left out of its own list";
            return Err(Remark::dropped(text).about(shown(link.text)));
        }
        let other = entry_target(&dn, shown(link.text));
        Ok(match (link.list, self.kind) {
            (List::MemberOf, OwnerKind::User) => Record::Member(MemberRecord {
                group: other,
                user: own,
                joined: None,
                said_by: SaidBy::Member,
                withheld: false,
            }),
            (List::MemberOf, OwnerKind::Group) => Record::Subgroup(SubgroupRecord {
                group: other,
                subgroup: own,
                joined: None,
                said_by: SaidBy::Member,
                withheld: false,
            }),
            _ => Record::Member(MemberRecord {
                group: own,
                user: other,
                joined: None,
                said_by: SaidBy::Group,
                withheld: false,
            }),
        })
    }

    /// A membership in an export of ours: names are what they spell.
    fn own_record(&self, link: Link) -> Result<Record, Remark> {
        let own = self.target.clone();
        let Membership { joined, parent, .. } = link.membership.map(|said| *said).unwrap_or_default();
        let member = |group: Target, user: Target, said_by| {
            Record::Member(MemberRecord { group, user, joined, said_by, withheld: false })
        };
        let subgroup = |group: Target, subgroup: Target, said_by| {
            Record::Subgroup(SubgroupRecord { group, subgroup, joined, said_by, withheld: false })
        };
        if link.list == List::Container {
            return Ok(subgroup(link.text.into(), own, SaidBy::Member));
        }
        if link.list == List::MemberUid {
            return Ok(member(own, link.text.into(), SaidBy::Group));
        }
        let dn = parse_dn(&link.text)?;
        Ok(match (link.list, self.kind, dn.own("uid"), dn.own("cn")) {
            (List::Member, _, Some(uid), _) => member(own, uid.into(), SaidBy::Group),
            (List::Member, _, None, Some(cn)) => {
                // The list of the other group may spell the name of this one in its own way.
                subgroup(parent.map_or(own, Target::from), cn.into(), SaidBy::Group)
            }
            (_, OwnerKind::User, _, Some(cn)) => member(cn.into(), own, SaidBy::Member),
            (_, OwnerKind::Group, _, Some(cn)) => subgroup(cn.into(), own, SaidBy::Member),
            _ => return Err(no_name(&link.text)),
        })
    }
}

fn parse_dn(text: &str) -> Result<Dn, Remark> {
    Dn::parse(text).filter(|dn| !dn.is_empty()).ok_or_else(|| no_name(text))
}

fn no_name(text: &str) -> Remark {
    Remark::missing("a member or a group is no distinguished name: it is left out").about(quoted(text))
}

fn entry_target(dn: &Dn, shown: String) -> Target {
    Target::Entry { entry: dn.digest(), shown, name: dn.own_name().map(str::to_owned) }
}

/// A distinguished name for messages.
fn shown(text: String) -> String {
    if text.len() > 200 { quoted(&text) } else { text }
}

/// The letters and digits of a name.
fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// True if the account belongs to a computer or to a trusted domain.
fn is_trust_account(name: &str, value: &str) -> bool {
    const TRUST: i64 = 0x0800 | 0x1000 | 0x2000;
    match name {
        "useraccountcontrol" => value.trim().parse::<i64>().is_ok_and(|flags| flags & TRUST != 0),
        "sambaacctflags" => value.starts_with('[') && value.contains(['W', 'S', 'I']),
        _ => false,
    }
}

/// A `uniqueMember` without the identifier that may stand behind the name.
fn without_unique_id(mut text: String) -> String {
    let bits = |bits: &str| bits.bytes().all(|byte| matches!(byte, b'0' | b'1'));
    if let Some((name, id)) = text.rsplit_once("#'")
        && id.strip_suffix("'B").is_some_and(bits)
    {
        text.truncate(name.len());
    }
    text
}

/// FreeIPA keeps lists of rights and of hosts as groups.
fn is_no_group_of_people(dn: &Dn) -> bool {
    let is_below = |name| dn.is_below("cn", name);
    let is_in = |inner, outer| is_below(inner) && is_below(outer);
    let is_list_of_hosts = is_in("hostgroups", "accounts") || is_in("ng", "alt");
    let is_rule = is_below("pbac") || is_below("hbac") || is_in("sudorules", "sudo") || is_in("usermap", "selinux");
    is_list_of_hosts || is_rule || is_in("roles", "accounts")
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

/// That of the values which the distinguished name has, in its own spelling; else what the distinguished name has;
/// else the first.
fn distinguished<'t>(values: &'t [String], own: Option<&'t str>) -> Option<&'t str> {
    let key = own.map(spelling_key);
    let found = key.and_then(|key| values.iter().find(|value| spelling_key(value) == key));
    found.map(String::as_str).or(own).or(values.first().map(String::as_str))
}

/// The name to show where the entry has none.
pub(super) fn common_name(name: &str, first: Option<&str>, last: Option<&str>) -> String {
    let names: Vec<_> = [first, last].into_iter().flatten().filter(|name| !name.is_empty()).collect();
    if names.is_empty() { name.to_owned() } else { names.join(" ") }
}
