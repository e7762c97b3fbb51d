//! Reads an entry line by line.

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

/// Attributes that can hold the login, the preferred one first.
const LOGINS: [&str; 5] = ["uid", "sAMAccountName", "userPrincipalName", "mail", "cn"];
/// Approximate memory of a value in addition to its text, in bytes.
const AROUND: usize = 64;

/// The settings for all entries of a file.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// The attribute that holds the login, instead of [`LOGINS`] (`--login`).
    pub(super) login: Option<String>,
    /// The present time in seconds since 1970-01-01 UTC.
    pub(super) now: i64,
    /// The file is an export of this program.
    pub(super) exported: bool,
}

/// The kind of an entry.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    Group,
    /// The entry was deleted on its server.
    Deleted,
    /// A list with which FreeIPA gives rights to people.
    Rule,
    /// Neither a user nor a group. Holds the class that decides this.
    Thing(String),
    /// Only unknown classes. Holds the first one, and true if the entry has a login or members.
    Unknown(String, bool),
}

/// The values of an attribute.
#[derive(Debug, Default)]
struct Texts {
    plain: Vec<String>,
    /// Values with an option for a language or a purpose.
    tagged: Vec<String>,
}

impl Texts {
    /// The values to use: those without options, or else the first one with options.
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
    /// The first unknown class.
    other: Option<String>,
}

/// An entry that is read so far.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) line: u64,
    pub(super) dn: Dn,
    /// The distinguished name for messages.
    shown: String,
    /// The reason for which the entry is refused.
    problem: Option<String>,
    /// Not an entry, but the result of a search, which tools write after the entries.
    pub(super) is_result: bool,
    classes: Classes,
    texts: BTreeMap<&'static str, Texts>,
    /// Values of the attribute that `--login` chooses.
    logins: Vec<String>,
    links: Vec<(u64, Link)>,
    /// The parts of lists in this entry. `None`: a part with a range that cannot be parsed.
    ranges: Vec<(List, Option<Range>)>,
    /// Attributes for the state of the account, by the name in lower case: the name as written, the state, and the
    /// value. Of several values of an attribute, the one that restricts the account most is kept.
    states: BTreeMap<String, (String, AccountState, String)>,
    /// Names of member lists that cannot be imported, as written, by the name in lower case.
    foreign: BTreeMap<String, String>,
    /// The comment on the entry, in an export of this program.
    comment: Option<String>,
    /// The comment on the next member, in an export of this program.
    membership: Option<Box<Membership>>,
    /// Names of attributes that are not imported, as written, by the name in lower case.
    lost: BTreeMap<String, String>,
    remarks: Vec<Remark>,
    /// Approximate memory of the entry, in bytes.
    size: usize,
    /// Set once the record of a long group was returned. From then on its members are returned as they are read.
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
        self.dn = dn.ok_or_else(|| format!("the dn is not a distinguished name: {}", quoted(&text)))?;
        self.size += text.len() + AROUND;
        self.shown = shown(text);
        Ok(())
    }

    /// Takes a line of the result of a search.
    fn take_result(&mut self, line: &Line<'_>) {
        match line.name.as_str() {
            "result" => {
                let result = line.text().unwrap_or_default();
                if result.split_whitespace().next() != Some("0") {
                    let remark = Remark::missing("the search that wrote the file did not finish");
                    self.remarks.push(remark.about(quoted(&result)));
                }
            }
            "ref" => {
                let text = "the server refers to another server for some entries";
                self.remarks.push(Remark::dropped(text).about(line.text().map_or_else(|why| why, |url| quoted(&url))));
            }
            _ => {}
        }
    }

    /// Refuses the entry and forgets its content.
    pub(super) fn refuse(&mut self, problem: String) {
        *self = Entry { line: self.line, problem: Some(problem), ..Entry::default() };
    }

    /// Takes a line that is not an attribute. It is skipped. If it could have restricted the account, the account is
    /// disabled.
    pub(super) fn take_odd(&mut self, text: &[u8], number: u64) {
        if self.problem.is_some() || self.is_result {
            return;
        }
        let name = leading_name(text);
        let about = format!("line {number}");
        let odd = "a line is not an attribute, and is left out";
        match attribute(&name) {
            Some(Attribute::ChangeType) => {
                self.refuse(format!("line {number} is not an attribute, and may be a changetype"));
            }
            Some(Attribute::List(_)) => {
                let text = format!("a line that begins with {name} is not an attribute: a membership is left out");
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
            // The record was returned already, so the value cannot be added to it.
            _ if self.open.is_some() => self.lose(line.written),
            Some(Attribute::ObjectClass) => match line.text() {
                Ok(class) => self.take_class(&class),
                Err(why) => {
                    // The class could have marked a deleted entry or a computer.
                    self.set_state(name, line.written, AccountState::Unknown, &why);
                    self.remark_bad(line, number, &why);
                }
            },
            Some(Attribute::ChangeType) => match line.text() {
                Ok(change) if change.trim().eq_ignore_ascii_case("add") => {}
                Ok(change) => self.refuse(format!("the entry has a changetype other than add: {}", quoted(&change))),
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

    /// Takes a comment of an export. Before the `cn` or `uid` it belongs to the entry, after that to a membership.
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
            // A password has no language, so the option has a meaning that is not known here.
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
                let text = format!("a value of {} has an unknown option, and is left out", line.written);
                self.remark(Remark::missing(text).about(format!("line {number}")));
            }
            // `groupOfNames` requires a member, so an empty group has an empty one.
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

    /// Takes an attribute for the state of the account. Returns false if the attribute is not one.
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

    /// Forgets the content of the entry except for its name and classes.
    pub(super) fn forget(&mut self) {
        let (line, dn, classes) = (self.line, std::mem::take(&mut self.dn), std::mem::take(&mut self.classes));
        *self = Entry { line, dn, shown: std::mem::take(&mut self.shown), classes, ..Entry::default() };
    }

    /// True if the entry is longer than a row may be.
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

/// A `uniqueMember` without the bit string that may follow the name.
fn without_unique_id(mut text: String) -> String {
    let bits = |bits: &str| bits.bytes().all(|byte| matches!(byte, b'0' | b'1'));
    if let Some((name, id)) = text.rsplit_once("#'")
        && id.strip_suffix("'B").is_some_and(bits)
    {
        text.truncate(name.len());
    }
    text
}
