//! An entry, line by line.

mod records;

use super::attributes::{Attribute, Class, List, attribute, class};
use super::dn::Dn;
use super::export_comments::Membership;
use super::line::{Line, Range, leading_name};
use super::link::{Link, Owner, shown};
use crate::formats::account_state::{AccountState, account_state, is_account_state};
use crate::formats::row::{ROW_BYTES_MAX, Remark};
use crate::formats::text::quoted;
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
