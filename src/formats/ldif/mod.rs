//! LDIF (RFC 2849): the entries of an LDAP directory.
//!
//! The object classes of an entry decide its kind ([`attributes`]). `inetOrgPerson`, `user`, `posixAccount` and similar
//! classes make a user; `groupOfNames`, `group`, `posixGroup` and similar classes make a group. An entry with
//! `computer`, `contact`, `organizationalUnit` or a similar class is neither, even if its other classes are those of a
//! user. The reader skips deleted entries (`nsTombstone`, `isDeleted: TRUE`, `recycled`) and values that 389-ds has
//! marked as deleted. It returns a remark for each skipped entry.
//!
//! | attribute | of a user | of a group |
//! |---|---|---|
//! | the first of `uid`, `sAMAccountName`, `userPrincipalName`, `mail`, `cn` | login | (`cn`, else `uid`) name |
//! | `givenName`; `sn` | first name; last name, unless it is `-` | |
//! | `displayName`, else a `cn` that differs from first and last name | display name | (only `displayName`) label |
//! | `mail`; `o`, else `company`; `title` | e-mail; company; title | |
//! | `userPassword` | password | |
//! | those of [`account_state`](super::account_state) | disabled | |
//! | `memberOf`, `isMemberOf`, `groupMembership` | one membership per value | one membership per value |
//! | `description` | property | description |
//! | `member`, `uniqueMember`, `memberUid` | | one membership per value |
//! | the kept attributes ([`attributes`]) | property of the same name: a text, or a list of texts | the same |
//! | operational attributes of servers | ignored without a remark | the same |
//! | all other attributes | ignored with a remark | the same |
//!
//! `--login` chooses another attribute for the login. A `uid` that is an identifier for programs (a UUID, or 32 or more
//! hexadecimal digits) is used only if the entry has none of the other four attributes. Entries of kanidm, whose DN
//! begins with `spn`, have the login in `name`, or else in the part of `spn` before the `@`.
//!
//! A distinguished name in a list refers to the entry with that name: [`Target::Entry`](super::Target). `memberUid:
//! ada` refers to the entry with the `uid` ada in the same suffix. The import resolves these references when it stores
//! the memberships. Exports of this program are different. There, a distinguished name refers directly to the user
//! (`uid=`) or the group (`cn=`) that it names. Comments hold, as JSON, the fields that LDAP has no attribute for
//! ([`export_comments`]): a comment belongs to the entry, or to the member in the line after it.
//!
//! A value with a language tag or another option is used only if the attribute has no value without one. A line that
//! cannot be parsed is skipped; if it is about the state of an account, the account is disabled. Entries may follow
//! each other without an empty line. The reader never opens the file or URL that a value refers to (`:<`).
//!
//! The reader holds a whole entry in memory, so the order of the attributes does not matter. The exception is a group
//! that is longer than the maximum length of a row: the reader returns its remaining members one by one, and ignores
//! other attributes that follow.

mod attributes;
pub(super) mod dn;
mod entry;
pub(super) mod export_comments;
mod line;
mod link;
mod writer;

pub(super) use attributes::{Class, class};
pub(super) use writer::Encoder;

use super::counts::{Ledger, Mark};
use super::line_reader::{read_line, trim_line_ending};
use crate::formats::record::Record;
use crate::formats::row::{ROW_BYTES_MAX, ReadOptions, Remark, Row};
use crate::formats::text::skip_bom;
use crate::json::decode;
use crate::model::EntryName;
use anyhow::{Context as _, bail};
use entry::{Entry, Kind, Settings};
use export_comments::{BEGIN, COMMENT, END, MARK};
use line::{Line, Range, leading_name};
use link::{Link, Owner};
use std::collections::{HashMap, VecDeque};
use std::io::BufRead;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Maximum number of incomplete lists that the reader remembers while it waits for their other parts.
const PARTIAL_MAX: usize = 10_000;
/// Maximum number of parts with gaps between them that the reader remembers for one list.
const PARTS_MAX: usize = 64;

/// Members or groups, each with its line number.
type Links = std::vec::IntoIter<(u64, Link)>;

/// Reads the rows.
pub(super) struct Reader<R> {
    input: R,
    settings: Settings,
    /// Lines read so far.
    line: u64,
    bytes: u64,
    text: Vec<u8>,
    begun: bool,
    /// The line number of the last `version:` line.
    version_line: u64,
    entry: Option<Entry>,
    /// Rows that `next` returns next.
    rows: VecDeque<Row>,
    /// Memberships that `next` returns after `rows`.
    links: Option<(Arc<Owner>, Links)>,
    /// Lists that are incomplete so far. The key is the entry, and true for the list of its groups, false for its
    /// members.
    partial: HashMap<(EntryName, bool), Partial>,
    /// The attribute that held the login of the last user.
    login: Option<Arc<str>>,
    ledger: Ledger,
    /// The file begins as an export of this program, or with a part of such a beginning.
    begins_as_export: bool,
    stage: Stage,
    failure: Option<anyhow::Error>,
}

/// The progress of the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Reading,
    /// The input is read to its end. The remarks on incomplete lists come next.
    Read,
    /// All rows are returned. The remark on a missing end of the file comes next.
    Counted,
    Done,
}

/// A list that is incomplete so far.
struct Partial {
    line: u64,
    shown: String,
    /// The parts that were found, in order, with gaps between them. `None`: a part with a range that cannot be parsed.
    parts: Vec<Option<Range>>,
}

impl<R: BufRead> Reader<R> {
    pub(super) fn new(input: R, options: &ReadOptions) -> Reader<R> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        Reader {
            input,
            settings: Settings { login: options.login.clone(), now, exported: false },
            line: 0,
            bytes: 0,
            text: Vec::new(),
            begun: false,
            version_line: 0,
            entry: None,
            rows: VecDeque::new(),
            links: None,
            partial: HashMap::new(),
            login: None,
            ledger: Ledger::default(),
            begins_as_export: false,
            stage: Stage::Reading,
            failure: None,
        }
    }

    /// Reads one line and its continuation lines. Returns false at the end of the input.
    fn step(&mut self) -> anyhow::Result<bool> {
        let read = self.read_folded();
        let Some(line) = read.with_context(|| format!("read line {}", self.line + 1))? else {
            self.finish_entry();
            return Ok(false);
        };
        // A line of spaces separates entries like an empty one.
        if self.text.trim_ascii().is_empty() {
            self.finish_entry();
            return Ok(true);
        }
        let text = std::mem::take(&mut self.text);
        let taken = if text.first() == Some(&b'#') {
            self.take_comment(&text, line);
            Ok(())
        } else {
            self.take_line(&text, line)
        };
        self.text = text;
        taken.map(|()| true)
    }

    /// Reads the next line with its continuation lines into `text`. Returns the number of its first line; `None` at the
    /// end of the input.
    fn read_folded(&mut self) -> std::io::Result<Option<u64>> {
        if self.line == 0 {
            self.bytes += skip_bom(&mut self.input)?;
        }
        self.text.clear();
        if !self.read_piece()? {
            return Ok(None);
        }
        let line = self.line;
        while !self.text.is_empty() && matches!(self.input.fill_buf()?.first(), Some(b' ' | b'\t')) {
            self.input.consume(1);
            self.bytes += 1;
            self.read_piece()?;
        }
        Ok(Some(line))
    }

    fn read_piece(&mut self) -> std::io::Result<bool> {
        let consumed = read_line(&mut self.input, &mut self.text, ROW_BYTES_MAX)?;
        self.bytes += consumed;
        self.line += 1;
        self.text.truncate(trim_line_ending(&self.text).len());
        Ok(consumed > 0)
    }

    fn take_comment(&mut self, text: &[u8], number: u64) {
        // The mark of an export stands directly after the version.
        let is_behind = self.version_line > 0 && number == self.version_line + 1;
        self.settings.exported |= is_behind && self.entry.is_none() && text == MARK.as_bytes();
        self.begins_as_export |= is_behind && self.entry.is_none() && MARK.as_bytes().starts_with(text);
        if !self.settings.exported {
            return;
        }
        if number == self.version_line + 2 && text == BEGIN.as_bytes() {
            return self.ledger.take(Mark::Begin);
        }
        if let Some(counts) = text.strip_prefix(END.as_bytes()) {
            // Counts that cannot be parsed are treated as missing.
            return decode(counts).map(Mark::End).into_iter().for_each(|mark| self.ledger.take(mark));
        }
        let Some(entry) = &mut self.entry else { return };
        let Some(comment) = text.strip_prefix(COMMENT.as_bytes()) else { return };
        match std::str::from_utf8(comment) {
            Ok(comment) if text.len() <= ROW_BYTES_MAX => entry.take_comment(comment, number),
            Ok(_) => entry.refuse(format!("line {number} is longer than {} MiB", ROW_BYTES_MAX >> 20)),
            Err(_) => entry.refuse(format!("line {number} is not UTF-8")),
        }
        self.pass_links();
    }

    fn take_line(&mut self, text: &[u8], number: u64) -> anyhow::Result<()> {
        let first = !std::mem::replace(&mut self.begun, true);
        let line = Line::parse(text);
        let begins = line.as_ref().map_or_else(|| leading_name(text) == "dn", |line| line.name == "dn");
        if begins {
            self.finish_entry();
        }
        let Some(entry) = &mut self.entry else {
            if let Some(line) = &line
                && line.name == "version"
            {
                match line.text() {
                    Ok(text) if text.trim() == "1" => {
                        // The operator has joined several files: another one begins here.
                        self.version_line = number;
                        self.settings.exported = false;
                        return Ok(());
                    }
                    _ if first => bail!("the LDIF version of the file is not 1"),
                    _ => {}
                }
            }
            self.entry = Some(Entry::begin(number, line.as_ref()));
            return Ok(());
        };
        match line {
            Some(line) => entry.take(&line, number, &self.settings),
            None => entry.take_odd(text, number),
        }
        self.pass_links();
        Ok(())
    }

    /// Returns the first part of an entry that is too long to be held in memory, or refuses the entry.
    fn pass_links(&mut self) {
        let Some(mut entry) = self.entry.take() else { return };
        if entry.open.is_none() && entry.is_too_long() {
            match (entry.kind(), entry.group_name()) {
                (Ok(Kind::Deleted | Kind::Rule | Kind::Thing(_)), _) => entry.forget(),
                (Ok(Kind::Group), Ok(name)) => match entry.group(&name, &self.settings) {
                    Ok(record) => {
                        let remarks = entry.take_remarks();
                        self.push(entry.line, Ok(Some(Record::Group(record))), remarks);
                        entry.open = Some(entry.group_owner(&name, &self.settings));
                    }
                    Err(why) => entry.refuse(why),
                },
                _ => entry.refuse(format!("the entry is longer than {} MiB", ROW_BYTES_MAX >> 20)),
            }
        }
        if let Some(owner) = &entry.open {
            let owner = Arc::clone(owner);
            self.links = Some((owner, entry.take_links().into_iter()));
            if entry.has_many_remarks() {
                let remarks = entry.take_remarks();
                self.push(self.line, Ok(None), remarks);
            }
        }
        self.entry = Some(entry);
    }

    fn finish_entry(&mut self) {
        let Some(mut entry) = self.entry.take() else { return };
        if entry.is_result || entry.open.is_some() {
            let remarks = entry.take_remarks();
            if !remarks.is_empty() {
                let line = if entry.is_result { entry.line } else { self.line };
                self.push(line, Ok(None), remarks);
            }
            if let Some(owner) = entry.open.take() {
                self.note_parts(&entry, &owner, self.line);
            }
            return;
        }
        if let Some(owner) = self.continued(&entry) {
            self.note_parts(&entry, &owner, entry.line);
            let remarks = entry.take_remarks();
            self.push(entry.line, Ok(None), remarks);
            self.links = Some((owner, entry.take_links().into_iter()));
            return;
        }
        let finished = match entry.kind() {
            Ok(Kind::User) => self.finish_user(&mut entry),
            Ok(Kind::Group) => self.finish_group(&mut entry),
            Ok(other) => {
                self.push(entry.line, Ok(None), vec![entry.passed_over(&other)]);
                Ok(())
            }
            Err(why) => Err(why),
        };
        if let Err(why) = finished {
            self.push(entry.line, Err(why), Vec::new());
        }
    }

    fn finish_user(&mut self, entry: &mut Entry) -> Result<(), String> {
        let (user, login) = entry.user(&self.settings)?;
        let owner = entry.user_owner(&user.name, &self.settings);
        let remarks = entry.take_remarks();
        if self.login.as_deref() != Some(login.as_str()) {
            self.login = Some(login.into());
        }
        self.push(entry.line, Ok(Some(Record::User(user))), remarks);
        if let Some(row) = self.rows.back_mut() {
            row.login = self.login.clone();
        }
        self.finish_links(entry, owner);
        Ok(())
    }

    fn finish_group(&mut self, entry: &mut Entry) -> Result<(), String> {
        let name = entry.group_name()?;
        let group = entry.group(&name, &self.settings)?;
        let owner = entry.group_owner(&group.name, &self.settings);
        let remarks = entry.take_remarks();
        self.push(entry.line, Ok(Some(Record::Group(group))), remarks);
        self.finish_links(entry, owner);
        Ok(())
    }

    fn finish_links(&mut self, entry: &mut Entry, owner: Arc<Owner>) {
        self.note_parts(entry, &owner, entry.line);
        self.links = Some((owner, entry.take_links().into_iter()));
    }

    fn push(&mut self, line: u64, record: Result<Option<Record>, String>, remarks: Vec<Remark>) {
        self.rows.push_back(Row { line, bytes: self.bytes, record, remarks, login: None });
    }

    /// Makes the row of a membership.
    fn link_row(&self, owner: &Owner, line: u64, link: Link) -> Row {
        let (mut record, remarks) = match owner.record(link) {
            Ok(record) => (Some(record), Vec::new()),
            Err(remark) => (None, vec![remark]),
        };
        // In an export of this program, the order of the lines is the order of the memberships.
        if let (Some(Record::Member(member)), true) = (&mut record, self.settings.exported) {
            member.joined.get_or_insert(line);
        }
        Row { line, bytes: self.bytes, record: Ok(record), remarks, login: None }
    }

    // -------------------------------------------------------------------------------------- parts of lists

    /// If the entry has only a further part of a list, returns the owner of that list.
    fn continued(&self, entry: &Entry) -> Option<Arc<Owner>> {
        if entry.is_part(false) && !entry.has_user_class() {
            return Some(entry.group_owner("", &self.settings));
        }
        // The entry of a user has more than a list, unless an earlier entry had the first part of the list.
        let has_begun = entry.is_part(true) && self.partial.contains_key(&(entry.dn.digest(), true));
        has_begun.then(|| entry.user_owner("", &self.settings))
    }

    /// Records which parts of its lists an entry has.
    fn note_parts(&mut self, entry: &Entry, owner: &Owner, line: u64) {
        for of_groups in [false, true] {
            let mut parts: Vec<_> = entry.parts(of_groups).collect();
            if parts.is_empty() {
                continue;
            }
            let key = (entry.dn.digest(), of_groups);
            let begun = self.partial.remove(&key);
            let begun_at = begun.as_ref().map_or(line, |partial| partial.line);
            parts.extend(begun.into_iter().flat_map(|partial| partial.parts));
            let parts = joined(parts);
            if parts == [Some(Range { first: 0, last: None })] {
                continue;
            }
            if self.partial.len() < PARTIAL_MAX {
                self.partial.insert(key, Partial { line: begun_at, shown: owner.shown.clone(), parts });
            } else {
                self.push(line, Ok(None), vec![incomplete(&owner.shown, of_groups)]);
            }
        }
    }

    /// Adds remarks on the lists that are still incomplete at the end of the input.
    fn finish_parts(&mut self) {
        let mut partial: Vec<_> = self.partial.drain().collect();
        partial.sort_unstable_by_key(|((_, of_groups), partial)| (partial.line, *of_groups));
        let remarks: Vec<_> =
            partial.iter().map(|((_, of_groups), partial)| incomplete(&partial.shown, *of_groups)).collect();
        if !remarks.is_empty() {
            self.push(self.line, Ok(None), remarks);
        }
    }
}

/// Sorts the parts of a list, and joins adjacent ones. If too many are left, returns a single unclear part.
fn joined(mut parts: Vec<Option<Range>>) -> Vec<Option<Range>> {
    parts.sort_unstable();
    let mut joined: Vec<Option<Range>> = Vec::new();
    for part in parts {
        match (joined.last_mut(), part) {
            (Some(None), None) => {}
            (Some(Some(before)), Some(part)) if before.last.is_none_or(|last| part.first <= last.saturating_add(1)) => {
                before.last = before.last.zip(part.last).map(|(one, other)| one.max(other));
            }
            _ => joined.push(part),
        }
    }
    if joined.len() > PARTS_MAX { vec![None] } else { joined }
}

fn incomplete(shown: &str, of_groups: bool) -> Remark {
    let text = if of_groups {
        "an entry is in more groups than the file says (memberOf;range)"
    } else {
        "a group has more members than the file has (member;range)"
    };
    Remark::missing(text).about(shown)
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = anyhow::Result<Row>;

    fn next(&mut self) -> Option<anyhow::Result<Row>> {
        loop {
            if let Some(row) = self.rows.pop_front() {
                self.ledger.note(&row);
                return Some(Ok(row));
            }
            if let Some((owner, mut links)) = self.links.take()
                && let Some((line, link)) = links.next()
            {
                let row = self.link_row(&owner, line, link);
                self.links = Some((owner, links));
                self.ledger.note(&row);
                return Some(Ok(row));
            }
            match self.stage {
                Stage::Reading => match self.step() {
                    Ok(true) => {}
                    Ok(false) => self.stage = Stage::Read,
                    Err(error) => (self.failure, self.stage) = (Some(error), Stage::Done),
                },
                Stage::Read => {
                    self.finish_parts();
                    self.stage = Stage::Counted;
                }
                Stage::Counted => {
                    let remark = self.ledger.finish(self.begins_as_export);
                    remark.into_iter().for_each(|remark| self.push(self.line, Ok(None), vec![remark]));
                    self.stage = Stage::Done;
                }
                Stage::Done => return self.failure.take().map(Err),
            }
        }
    }
}
