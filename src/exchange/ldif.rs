//! LDIF (RFC 2849): the entries of an LDAP directory.
//!
//! The object classes of an entry decide what it is. `inetOrgPerson`, `person`, `organizationalPerson`,
//! `posixAccount`, `account` and `user` make a user, unless `computer` or `contact` is among them;
//! `groupOfNames`, `groupOfUniqueNames`, `groupOfMembers`, `groupOfEntries`, `posixGroup` and `group` make a group;
//! everything else is skipped, which is told as a loss of the next row, or of the last one.
//!
//! | attribute | of a user | of a group |
//! |---|---|---|
//! | `uid`, else `sAMAccountName`, else `userPrincipalName`, else `cn` | name | (`cn` alone) name |
//! | `givenName`; `sn` | first name; last name, unless it is `-` | |
//! | `displayName`, else `cn` where it says more than the names | display name | (`displayName` alone) label |
//! | `mail`; `o`, else `company`; `title` | e-mail; company; title | |
//! | `userPassword` | password | |
//! | `userAccountControl`, `nsAccountLock` | disabled | |
//! | `memberOf` | all the groups | all the groups that it is in |
//! | `description` | property | description |
//! | `member`, `uniqueMember`, `memberUid` | | a member each |
//! | those of [`KEPT`] | property of that name: a text, or a list of texts | the same |
//! | what servers keep for themselves ([`is_operational`]) | nothing, silently | the same |
//! | everything else | told as a loss | the same |
//!
//! A member is a distinguished name. [`Aliases`] knows for which entries of the file it does not say the name of the
//! user, and which are groups; else `uid=ada,…` and `cn=ada,…` are the user `ada`, and `cn=staff,ou=groups,…` is the
//! group `staff`. An empty member, which is what a `groupOfNames` without members has here, is nobody.
//!
//! A group is held until its entry ends, and so the order of its attributes does not matter, unless it is longer than
//! a row may be: from there on its members pass through, and other attributes behind them are lost.

use super::dn::Dn;
use super::lines::{bare, read_line};
use super::writer::LDIF_MARK;
use super::{GroupRecord, MemberRecord, ROW_BYTES_MAX, Record, Row, SubgroupRecord, UserRecord, quoted, skip_mark};
use crate::json::{Json, JsonText};
use crate::model::spelling_key;
use anyhow::{Context as _, bail};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::BufRead;

/// What stands for a last name that nobody has said: `person` demands one.
pub(super) const NO_LAST_NAME: &str = "-";
/// What OpenLDAP has before an argon2 hash.
pub(super) const ARGON2: &str = "{ARGON2}";
/// Skipped entries that are told one by one between two rows.
const SKIPPED_MAX: usize = 100;

/// Attributes that are kept as properties: texts about people and groups that no field holds. Those up to
/// [`INET_ORG_PERSON`] are an `inetOrgPerson`'s own, and are written too.
const KEPT: [&str; 41] = [
    "businessCategory",
    "carLicense",
    "departmentNumber",
    "description",
    "employeeNumber",
    "employeeType",
    "facsimileTelephoneNumber",
    "homePhone",
    "homePostalAddress",
    "initials",
    "l",
    "labeledURI",
    "mobile",
    "ou",
    "pager",
    "physicalDeliveryOfficeName",
    "postOfficeBox",
    "postalAddress",
    "postalCode",
    "preferredLanguage",
    "roomNumber",
    "st",
    "street",
    "telephoneNumber",
    "c",
    "co",
    "comment",
    "countryCode",
    "department",
    "division",
    "drink",
    "employeeId",
    "generationQualifier",
    "gecos",
    "info",
    "ipPhone",
    "otherTelephone",
    "personalTitle",
    "proxyAddresses",
    "streetAddress",
    "wWWHomePage",
];

/// How many of [`KEPT`] an `inetOrgPerson` may have.
const INET_ORG_PERSON: usize = 24;

/// The attribute of that name, if it is kept as a property and an `inetOrgPerson` may have it.
pub(super) fn is_written_property(name: &str) -> bool {
    KEPT[..INET_ORG_PERSON].contains(&name)
}

/// What servers write about an entry for themselves: nothing of the user or group is lost with it.
fn is_operational(name: &str) -> bool {
    matches!(
        name,
        "structuralobjectclass"
            | "entryuuid"
            | "entrydn"
            | "entrycsn"
            | "entryid"
            | "creatorsname"
            | "createtimestamp"
            | "modifiersname"
            | "modifytimestamp"
            | "contextcsn"
            | "hassubordinates"
            | "numsubordinates"
            | "subschemasubentry"
            | "nsuniqueid"
            | "parentid"
            | "distinguishedname"
            | "objectcategory"
            | "objectguid"
            | "objectsid"
            | "instancetype"
            | "whencreated"
            | "whenchanged"
            | "usncreated"
            | "usnchanged"
            | "dscorepropagationdata"
            | "name"
    )
}

/// Which users and groups the distinguished names of a file stand for, where the names do not say it themselves.
#[derive(Debug, Clone, Default)]
pub struct Aliases(HashMap<[u8; 16], Named>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Named {
    User(Box<str>),
    Group(Box<str>),
}

impl Aliases {
    /// Whom a name stands for: by what is known of the entries, else by what it says.
    fn resolve(&self, dn: &Dn) -> Option<Named> {
        let known = if self.0.is_empty() { None } else { self.0.get(&dn.digest()).cloned() };
        known.or_else(|| spelled(dn))
    }
}

fn spelled(dn: &Dn) -> Option<Named> {
    match (dn.own("uid"), dn.own("cn")) {
        (Some(uid), _) => Some(Named::User(uid.into())),
        (None, Some(cn)) if dn.is_among_groups() => Some(Named::Group(cn.into())),
        (None, Some(cn)) => Some(Named::User(cn.into())),
        (None, None) => None,
    }
}

/// See [`super::aliases`].
pub(super) fn aliases(input: impl BufRead) -> anyhow::Result<Aliases> {
    let mut reader = Reader::new(input, Aliases::default());
    reader.noting = true;
    while reader.step()? {}
    Ok(reader.aliases)
}

/// Reads the rows.
pub(super) struct Reader<R> {
    input: R,
    aliases: Aliases,
    /// Only the aliases are wanted, and made.
    noting: bool,
    /// Lines read so far.
    line: u64,
    bytes: u64,
    text: Vec<u8>,
    begun: bool,
    /// It is an export of ours.
    exported: bool,
    entry: Option<Entry>,
    /// Rows that are ready. The last one waits for the next, in case that it has to tell what was skipped behind it.
    rows: VecDeque<Row>,
    skipped: Vec<String>,
    skipped_more: u64,
    failure: Option<anyhow::Error>,
    done: bool,
}

impl<R: BufRead> Reader<R> {
    pub(super) fn new(input: R, aliases: Aliases) -> Reader<R> {
        Reader {
            input,
            aliases,
            noting: false,
            line: 0,
            bytes: 0,
            text: Vec::new(),
            begun: false,
            exported: false,
            entry: None,
            rows: VecDeque::new(),
            skipped: Vec::new(),
            skipped_more: 0,
            failure: None,
            done: false,
        }
    }

    /// Reads one line, with those that continue it. False at the end.
    fn step(&mut self) -> anyhow::Result<bool> {
        let read = self.read_folded();
        let Some(line) = read.with_context(|| format!("read line {}", self.line + 1))? else {
            self.finish_entry();
            return Ok(false);
        };
        if self.text.is_empty() {
            self.finish_entry();
            return Ok(true);
        }
        let text = std::mem::take(&mut self.text);
        let taken = self.take_line(&text, line);
        self.text = text;
        taken.map(|()| true)
    }

    /// Reads the next line that is no comment into `text`. Returns where it begins; `None` at the end.
    fn read_folded(&mut self) -> std::io::Result<Option<u64>> {
        if self.line == 0 {
            self.bytes += skip_mark(&mut self.input)?;
        }
        loop {
            self.text.clear();
            if !self.read_piece()? {
                return Ok(None);
            }
            let line = self.line;
            while !self.text.is_empty() && self.input.fill_buf()?.first() == Some(&b' ') {
                self.input.consume(1);
                self.bytes += 1;
                self.read_piece()?;
            }
            if self.text.first() != Some(&b'#') {
                return Ok(Some(line));
            }
            // Behind the version.
            self.exported |= line == 2 && self.text == LDIF_MARK.as_bytes();
        }
    }

    fn read_piece(&mut self) -> std::io::Result<bool> {
        let consumed = read_line(&mut self.input, &mut self.text, ROW_BYTES_MAX)?;
        self.bytes += consumed;
        self.line += 1;
        self.text.truncate(bare(&self.text).len());
        Ok(consumed > 0)
    }

    fn take_line(&mut self, text: &[u8], number: u64) -> anyhow::Result<()> {
        let first = !std::mem::replace(&mut self.begun, true);
        let line = Line::parse(text, number);
        let Some(entry) = &mut self.entry else {
            if let (true, Ok(version)) = (first, &line)
                && version.name == "version"
            {
                match version.value.text() {
                    Ok(text) if text.trim() == "1" => return Ok(()),
                    _ => bail!("the file is LDIF of another version than 1"),
                }
            }
            self.entry = Some(Entry::begin(number, line));
            return Ok(());
        };
        if entry.problem.is_some() || entry.ignored {
            return Ok(());
        }
        if let Err(problem) = line.and_then(|line| entry.take(&line, number, self.noting)) {
            entry.refuse(problem);
        }
        self.pass_members();
        Ok(())
    }

    /// Lets go what an entry holds that is too long to be held.
    fn pass_members(&mut self) {
        let Some(mut entry) = self.entry.take() else { return };
        if entry.open.is_none() && entry.size > ROW_BYTES_MAX {
            match (entry.kind(), entry.group_name()) {
                (Ok(Kind::Group), Some(name)) => {
                    self.push_group(&mut entry, &name);
                    entry.open = Some(name);
                }
                _ => entry.refuse(format!("the entry is longer than {} MiB", ROW_BYTES_MAX >> 20)),
            }
        }
        if let Some(name) = entry.open.take() {
            self.push_members(&mut entry, &name);
            entry.open = Some(name);
        }
        self.entry = Some(entry);
    }

    fn finish_entry(&mut self) {
        let Some(mut entry) = self.entry.take() else { return };
        if entry.ignored {
            return;
        }
        if self.noting {
            self.note(&entry);
            return;
        }
        if entry.open.is_some() && entry.problem.is_none() {
            if let Some(loss) = entry.loss() {
                self.skip(format!("{} (line {}): {loss}", entry.shown, entry.line));
            }
            return;
        }
        match entry.kind() {
            Err(why) => self.push(entry.line, Err(why), Vec::new()),
            Ok(Kind::Other) => {
                let class = entry.classes.other.as_deref().unwrap_or("top");
                let (shown, line) = (&entry.shown, entry.line);
                self.skip(format!("{shown} (line {line}) is no user and no group but {class}, and is skipped"));
            }
            Ok(Kind::User) => {
                let record = entry.user(&self.aliases).map(Record::User);
                let losses = entry.losses();
                self.push(entry.line, record, losses);
            }
            Ok(Kind::Group) => match entry.group_name() {
                None => self.push(entry.line, Err("the group has no cn".to_owned()), Vec::new()),
                Some(name) => {
                    self.push_group(&mut entry, &name);
                    self.push_members(&mut entry, &name);
                }
            },
        }
    }

    fn push_group(&mut self, entry: &mut Entry, name: &str) {
        let record = Record::Group(entry.group(name, &self.aliases));
        let losses = entry.losses();
        self.push(entry.line, Ok(record), losses);
    }

    fn push_members(&mut self, entry: &mut Entry, group: &str) {
        for (line, member) in std::mem::take(&mut entry.members) {
            if let Some(record) = member.record(group, &self.aliases).transpose() {
                self.push(line, record, Vec::new());
            }
        }
        entry.size = 0;
    }

    fn push(&mut self, line: u64, mut record: Result<Record, String>, losses: Vec<String>) {
        if let Ok(record) = &mut record {
            record.set_exported(self.exported);
        }
        let mut row = Row { line, bytes: self.bytes, record, losses: self.take_skipped() };
        row.losses.extend(losses);
        self.rows.push_back(row);
    }

    fn skip(&mut self, sentence: String) {
        if self.skipped.len() < SKIPPED_MAX { self.skipped.push(sentence) } else { self.skipped_more += 1 }
    }

    fn take_skipped(&mut self) -> Vec<String> {
        let mut sentences = std::mem::take(&mut self.skipped);
        match std::mem::take(&mut self.skipped_more) {
            0 => {}
            more => sentences.push(format!("{more} more are skipped there")),
        }
        sentences
    }

    /// Notes what the entry is, where its distinguished name does not say it.
    fn note(&mut self, entry: &Entry) {
        let named = match entry.kind() {
            Ok(Kind::User) => entry.user_name().map(|name| Named::User(name.as_str().into())),
            Ok(Kind::Group) => entry.group_name().map(|name| Named::Group(name.as_str().into())),
            Ok(Kind::Other) | Err(_) => None,
        };
        let is_said = |name: &str| matches!(spelled(&entry.dn), Some(Named::User(said)) if spelling_key(&said) == spelling_key(name));
        match named {
            Some(Named::User(name)) if is_said(&name) => {}
            Some(named) => {
                self.aliases.0.insert(entry.dn.digest(), named);
            }
            None => {}
        }
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = anyhow::Result<Row>;

    fn next(&mut self) -> Option<anyhow::Result<Row>> {
        while !self.done && self.rows.len() < 2 {
            match self.step() {
                Ok(more) => self.done = !more,
                Err(error) => (self.failure, self.done) = (Some(error), true),
            }
            if self.done {
                let skipped = self.take_skipped();
                self.rows.back_mut().into_iter().for_each(|row| row.losses.extend_from_slice(&skipped));
            }
        }
        match self.rows.pop_front() {
            Some(row) => Some(Ok(row)),
            None => self.failure.take().map(Err),
        }
    }
}

/// A line of an entry.
struct Line<'t> {
    /// The attribute without options, in lower case.
    name: String,
    /// As it is written.
    written: &'t str,
    value: Raw<'t>,
}

enum Raw<'t> {
    Plain(&'t [u8]),
    Base64(&'t [u8]),
}

impl Line<'_> {
    fn parse(text: &[u8], number: u64) -> Result<Line<'_>, String> {
        if text.len() > ROW_BYTES_MAX {
            return Err(format!("line {number} is longer than {} MiB", ROW_BYTES_MAX >> 20));
        }
        let colon = text.iter().position(|byte| *byte == b':');
        let named = colon.and_then(|colon| Some((std::str::from_utf8(&text[..colon]).ok()?, &text[colon + 1..])));
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        let Some((description, rest)) = named else { return Err(format!("line {number} is no attribute")) };
        let written = description.split(';').next().unwrap_or_default();
        if written.is_empty() || !written.chars().all(is_name) {
            return Err(format!("line {number} is no attribute"));
        }
        let value = match rest.first() {
            Some(b':') => Raw::Base64(rest[1..].trim_ascii()),
            Some(b'<') => return Err(format!("line {number}: the value of {written} is in another place")),
            _ => Raw::Plain(&rest[rest.iter().take_while(|byte| **byte == b' ').count()..]),
        };
        Ok(Line { name: written.to_ascii_lowercase(), written, value })
    }

    fn text(&self, number: u64) -> Result<String, String> {
        self.value.text().map_err(|why| format!("line {number}: the value of {} is {why}", self.written))
    }
}

impl Raw<'_> {
    fn text(&self) -> Result<String, &'static str> {
        let bytes = match self {
            Raw::Plain(bytes) => bytes.to_vec(),
            Raw::Base64(text) => BASE64_STANDARD.decode(text).map_err(|_| "no Base64")?,
        };
        String::from_utf8(bytes).map_err(|_| "not UTF-8")
    }
}

/// What an entry is.
enum Kind {
    User,
    Group,
    Other,
}

#[derive(Default)]
struct Classes {
    any: bool,
    user: bool,
    group: bool,
    /// Has a person's classes, and is none.
    no_user: bool,
    /// The first that says neither.
    other: Option<String>,
}

/// Attributes of which one value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Single {
    AccountName,
    PrincipalName,
    GivenName,
    Surname,
    DisplayName,
    Mail,
    Organization,
    Company,
    Title,
    Password,
    AccountControl,
    AccountLock,
}

/// Each, and what it is called, in the order of the variants.
const SINGLES: [(Single, &str); 12] = [
    (Single::AccountName, "sAMAccountName"),
    (Single::PrincipalName, "userPrincipalName"),
    (Single::GivenName, "givenName"),
    (Single::Surname, "sn"),
    (Single::DisplayName, "displayName"),
    (Single::Mail, "mail"),
    (Single::Organization, "o"),
    (Single::Company, "company"),
    (Single::Title, "title"),
    (Single::Password, "userPassword"),
    (Single::AccountControl, "userAccountControl"),
    (Single::AccountLock, "nsAccountLock"),
];

impl Single {
    fn named(name: &str) -> Option<Single> {
        match name {
            "gn" => Some(Single::GivenName),
            "surname" => Some(Single::Surname),
            "email" | "emailaddress" | "rfc822mailbox" => Some(Single::Mail),
            "organizationname" => Some(Single::Organization),
            _ => SINGLES.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(single, _)| *single),
        }
    }
}

/// A member as a group names it.
enum Member {
    Dn(String),
    Name(String),
}

impl Member {
    /// What it means; nothing for nobody.
    fn record(self, group: &str, aliases: &Aliases) -> Result<Option<Record>, String> {
        let named = match self {
            Member::Name(name) => Named::User(name.into()),
            Member::Dn(text) => match Dn::parse(&text) {
                None => return Err(format!("the member is no distinguished name: {}", quoted(&text))),
                Some(dn) if dn.is_empty() => return Ok(None),
                Some(dn) => aliases.resolve(&dn).ok_or_else(|| format!("who is {}?", quoted(&text)))?,
            },
        };
        let group = group.to_owned();
        Ok(Some(match named {
            Named::User(user) => Record::Member(MemberRecord { group, user: user.into() }),
            Named::Group(subgroup) => Record::Subgroup(SubgroupRecord { group, subgroup: subgroup.into() }),
        }))
    }
}

/// An entry, as far as it was read.
#[derive(Default)]
struct Entry {
    line: u64,
    dn: Dn,
    /// The distinguished name for messages.
    shown: String,
    /// Why the entry is refused.
    problem: Option<String>,
    /// No entry at all.
    ignored: bool,
    classes: Classes,
    uids: Vec<String>,
    cns: Vec<String>,
    singles: [Option<String>; SINGLES.len()],
    /// Values of these beyond the first.
    more: [usize; SINGLES.len()],
    member_of: Vec<String>,
    members: Vec<(u64, Member)>,
    kept: BTreeMap<&'static str, Vec<String>>,
    /// Attributes that are not taken over.
    lost: Vec<String>,
    /// The bytes that are held.
    size: usize,
    /// The name of a group whose record has passed already.
    open: Option<String>,
}

impl Entry {
    fn begin(number: u64, line: Result<Line<'_>, String>) -> Entry {
        let mut entry = Entry { line: number, ..Entry::default() };
        let begun = line.and_then(|line| match line.name.as_str() {
            "dn" => {
                let text = line.text(number)?;
                entry.shown = if text.chars().count() > 200 { quoted(&text) } else { text.clone() };
                let dn = Dn::parse(&text).filter(|dn| !dn.is_empty());
                entry.dn = dn.ok_or_else(|| format!("the dn is no distinguished name: {}", quoted(&text)))?;
                Ok(())
            }
            // How a search ended, as tools write it behind what they have found.
            "search" | "result" | "ref" => {
                entry.ignored = true;
                Ok(())
            }
            _ => Err("the entry does not begin with its dn".to_owned()),
        });
        if let Err(problem) = begun {
            entry.refuse(problem);
        }
        entry
    }

    /// Keeps nothing but the reason.
    fn refuse(&mut self, problem: String) {
        let (line, open) = (self.line, self.open.take());
        *self = Entry { line, open, problem: Some(problem), ..Entry::default() };
    }

    fn take(&mut self, line: &Line<'_>, number: u64, noting: bool) -> Result<(), String> {
        let name = line.name.as_str();
        let names = ["objectclass", "changetype", "uid", "userid", "cn", "commonname", "samaccountname"];
        if noting && !names.contains(&name) && name != "userprincipalname" {
            return Ok(());
        }
        match name {
            "objectclass" => self.take_class(line.text(number)?),
            "changetype" => {
                let change = line.text(number)?;
                if !change.trim().eq_ignore_ascii_case("add") {
                    return Err(format!("the entry is no addition but changetype {}", quoted(&change)));
                }
            }
            "control" => {}
            "member" | "uniquemember" => {
                let member = Member::Dn(self.held(line, number)?);
                self.members.push((number, member));
            }
            "memberuid" => {
                let member = Member::Name(self.held(line, number)?);
                self.members.push((number, member));
            }
            _ if is_operational(name) => {}
            // The record has passed.
            _ if self.open.is_some() => self.lose(line.written),
            "uid" | "userid" => {
                let uid = self.held(line, number)?;
                self.uids.push(uid);
            }
            "cn" | "commonname" => {
                let cn = self.held(line, number)?;
                self.cns.push(cn);
            }
            "memberof" => {
                let group = self.held(line, number)?;
                self.member_of.push(group);
            }
            _ => {
                if let Some(single) = Single::named(name) {
                    if self.singles[single as usize].is_some() {
                        self.more[single as usize] += 1;
                    } else {
                        self.singles[single as usize] = Some(self.held(line, number)?);
                    }
                } else if let Some(kept) = KEPT.into_iter().find(|known| known.eq_ignore_ascii_case(name)) {
                    let value = self.held(line, number)?;
                    self.kept.entry(kept).or_default().push(value);
                } else {
                    self.lose(line.written);
                }
            }
        }
        Ok(())
    }

    fn held(&mut self, line: &Line<'_>, number: u64) -> Result<String, String> {
        let text = line.text(number)?;
        // As much again for what is around it.
        self.size += text.len() + 64;
        Ok(text)
    }

    fn lose(&mut self, name: &str) {
        if !self.lost.iter().any(|lost| lost.eq_ignore_ascii_case(name)) {
            self.size += name.len() + 64;
            self.lost.push(name.to_owned());
        }
    }

    fn take_class(&mut self, class: String) {
        self.classes.any = true;
        match class.trim().to_ascii_lowercase().as_str() {
            "inetorgperson" | "person" | "organizationalperson" | "posixaccount" | "account" | "user" => {
                self.classes.user = true;
            }
            "groupofnames" | "groupofuniquenames" | "groupofmembers" | "groupofentries" | "posixgroup" | "group" => {
                self.classes.group = true;
            }
            "computer" | "contact" => {
                self.classes.no_user = true;
                self.classes.other = Some(class);
            }
            "top" => {}
            _ => {
                self.classes.other.get_or_insert(class);
            }
        }
    }

    fn kind(&self) -> Result<Kind, String> {
        match (&self.problem, &self.classes) {
            (Some(problem), _) => Err(problem.clone()),
            (None, Classes { any: false, .. }) => Err("the entry has no objectClass".to_owned()),
            (None, Classes { group: true, .. }) => Ok(Kind::Group),
            (None, Classes { user: true, no_user: false, .. }) => Ok(Kind::User),
            (None, _) => Ok(Kind::Other),
        }
    }

    fn single(&self, single: Single) -> Option<&String> {
        self.singles[single as usize].as_ref()
    }

    fn take_single(&mut self, single: Single) -> Option<String> {
        self.singles[single as usize].take()
    }

    fn user_name(&self) -> Option<String> {
        let name = distinguished(&self.uids, self.dn.own("uid"));
        let name = name.or_else(|| self.single(Single::AccountName).cloned());
        let name = name.or_else(|| self.single(Single::PrincipalName).cloned());
        name.or_else(|| distinguished(&self.cns, self.dn.own("cn")))
    }

    fn group_name(&self) -> Option<String> {
        distinguished(&self.cns, self.dn.own("cn"))
    }

    fn user(&mut self, aliases: &Aliases) -> Result<UserRecord, String> {
        let name = self.user_name().filter(|name| !name.trim().is_empty());
        let name = name.ok_or("the user has no uid, sAMAccountName, userPrincipalName or cn")?;
        let disabled = self.disabled()?;
        let first_name = self.take_single(Single::GivenName);
        let last_name = self.take_single(Single::Surname).filter(|name| name != NO_LAST_NAME);
        let shown = self.take_single(Single::DisplayName).or_else(|| {
            let cn = distinguished(&self.cns, self.dn.own("cn"))?;
            let says_more = cn != name && cn != common_name(&name, first_name.as_deref(), last_name.as_deref());
            says_more.then_some(cn)
        });
        let (organization, company) = (self.take_single(Single::Organization), self.take_single(Single::Company));
        if organization.is_some() && company.is_some() {
            self.lose("company");
        }
        let password = self.take_single(Single::Password);
        if !self.members.is_empty() {
            self.lose("member");
        }
        // The names that are not taken for it; one may be the same as another.
        let names = [self.take_single(Single::AccountName), self.take_single(Single::PrincipalName)];
        for (other, called) in names.into_iter().zip(["sAMAccountName", "userPrincipalName"]) {
            if other.is_some_and(|other| other != name) {
                self.lose(called);
            }
        }
        for (values, called) in [(self.uids.len(), "uid"), (self.cns.len(), "cn")] {
            if values > 1 {
                self.lose(&format!("further values of {called}"));
            }
        }
        Ok(UserRecord {
            name,
            first_name,
            last_name,
            display_name: shown,
            email: self.take_single(Single::Mail),
            company: organization.or(company),
            title: self.take_single(Single::Title),
            role: None,
            disabled,
            verified: None,
            password: password.map(|password| match password.strip_prefix(ARGON2) {
                Some(hash) if hash.starts_with('$') => hash.to_owned(),
                _ => password,
            }),
            external_id: None,
            groups: self.take_groups(aliases),
            properties: self.take_properties(),
            exported: false,
        })
    }

    fn disabled(&mut self) -> Result<Option<bool>, String> {
        const ACCOUNT_DISABLED: i64 = 2;
        let lock = self.take_single(Single::AccountLock).map(|lock| lock.eq_ignore_ascii_case("true"));
        let Some(control) = self.take_single(Single::AccountControl) else { return Ok(lock) };
        let flags: i64 = control.trim().parse().map_err(|_| "userAccountControl is no number")?;
        Ok(Some(flags & ACCOUNT_DISABLED != 0 || lock == Some(true)))
    }

    fn group(&mut self, name: &str, aliases: &Aliases) -> GroupRecord {
        let label = self.take_single(Single::DisplayName);
        let mut descriptions = self.kept.remove("description").unwrap_or_default().into_iter();
        let description = descriptions.next();
        if descriptions.next().is_some() {
            self.lose("further values of description");
        }
        if self.cns.len() > 1 {
            self.lose("further values of cn");
        }
        if !self.uids.is_empty() {
            self.lose("uid");
        }
        for (single, called) in SINGLES {
            if self.take_single(single).is_some_and(|value| value != name) {
                self.lose(called);
            }
        }
        let groups = self.take_groups(aliases);
        let properties = self.take_properties();
        GroupRecord { name: name.to_owned(), label, description, groups, properties, exported: false }
    }

    fn take_groups(&mut self, aliases: &Aliases) -> Option<Vec<String>> {
        let mut groups = Vec::with_capacity(self.member_of.len());
        for text in std::mem::take(&mut self.member_of) {
            match Dn::parse(&text).and_then(|dn| aliases.resolve(&dn)) {
                Some(Named::Group(name) | Named::User(name)) => groups.push(name.into()),
                None => self.lose("memberOf"),
            }
        }
        if groups.is_empty() { None } else { Some(groups) }
    }

    fn take_properties(&mut self) -> BTreeMap<String, JsonText> {
        let property = |(name, mut values): (&str, Vec<String>)| {
            let value = match values.len() {
                1 => values.pop().map_or(Json::Null, Json::String),
                _ => Json::Array(values.into_iter().map(Json::String).collect()),
            };
            (name.to_owned(), JsonText::from(&value))
        };
        std::mem::take(&mut self.kept).into_iter().map(property).collect()
    }

    /// What of the entry is not taken over.
    fn losses(&mut self) -> Vec<String> {
        let more = std::mem::take(&mut self.more).into_iter().zip(SINGLES).filter(|(more, _)| *more > 0);
        let mut losses: Vec<_> = more.map(|(_, (_, name))| format!("only the first value of {name} counts")).collect();
        losses.extend(self.loss());
        losses
    }

    fn loss(&mut self) -> Option<String> {
        let lost = std::mem::take(&mut self.lost);
        if lost.is_empty() { None } else { Some(format!("not taken over: {}", lost.join(", "))) }
    }
}

/// That of the values which the distinguished name has, in its own spelling; else what the distinguished name has;
/// else the first.
fn distinguished(values: &[String], own: Option<&str>) -> Option<String> {
    let found = own.and_then(|own| values.iter().find(|value| spelling_key(value) == spelling_key(own)));
    found.map(String::as_str).or(own).or(values.first().map(String::as_str)).map(str::to_owned)
}

/// What people are called where nobody has said it.
pub(super) fn common_name(name: &str, first: Option<&str>, last: Option<&str>) -> String {
    let names: Vec<_> = [first, last].into_iter().flatten().filter(|name| !name.is_empty()).collect();
    if names.is_empty() { name.to_owned() } else { names.join(" ") }
}
