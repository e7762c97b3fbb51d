//! Users, groups and memberships in files: what a file carries, row by row, read and written as a stream. Memory is
//! bounded by the longest row, never by the file.
//!
//! What is written reads back as the same records, but for what the writer has told as lost. JSON lines hold everything.
//! In CSV an empty text is an empty cell, as is none. LDIF holds in comments what LDAP has no attribute for. JSON lines and
//! LDIF end with counts, by which a reader sees that a file was cut off.

mod account_state;
mod counts;
mod csv;
mod encoding;
mod field_names;
mod json_lines;
mod ldif;
mod line_reader;
mod record_builder;
#[cfg(test)]
mod tests;
mod writer;

pub use account_state::AccountState;
pub use writer::Writer;

use crate::json::JsonText;
pub use crate::model::{EntryName, Target};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

/// The longest row that is taken, in bytes.
const ROW_BYTES_MAX: usize = 16 << 20;

/// How a file says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A table with a header; RFC 4180.
    Csv,
    /// JSON objects: one on each line, in arrays, or in lists of documents.
    JsonLines,
    /// Entries of an LDAP directory; RFC 2849.
    Ldif,
}

impl Format {
    /// The format that the end of a file's name tells.
    pub fn of_path(path: &Path) -> Option<Format> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Format::Csv),
            "jsonl" | "ndjson" | "json" => Some(Format::JsonLines),
            "ldif" | "ldf" => Some(Format::Ldif),
            _ => None,
        }
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(word: &str) -> Result<Format, String> {
        match word.to_ascii_lowercase().as_str() {
            "csv" => Ok(Format::Csv),
            "jsonl" | "ndjson" | "json" | "json-lines" | "jsonlines" => Ok(Format::JsonLines),
            "ldif" | "ldf" => Ok(Format::Ldif),
            _ => Err(format!("the formats are csv, jsonl and ldif, not {word}")),
        }
    }
}

/// What a user may do beside what groups give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything: a member of the group `administrators`.
    Admin,
    /// Read and write.
    Standard,
    /// Read.
    Read,
}

impl Role {
    fn named(word: &str) -> Option<Role> {
        match word.trim().to_ascii_lowercase().as_str() {
            "admin" | "adm" | "administrator" => Some(Role::Admin),
            "standard" | "st" => Some(Role::Standard),
            "read" | "ro" | "read_only" | "read-only" | "readonly" => Some(Role::Read),
            _ => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Role::Admin => "admin",
            Role::Standard => "standard",
            Role::Read => "read",
        }
    }
}

/// One thing that a file carries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Record {
    /// A user.
    User(UserRecord),
    /// A group.
    Group(GroupRecord),
    /// A user in a group.
    Member(MemberRecord),
    /// A group in a group.
    Subgroup(SubgroupRecord),
}

impl Record {
    /// Notes whether the file is an export of ours.
    fn set_exported(&mut self, exported: bool) {
        match self {
            Record::User(user) => user.exported = exported,
            Record::Group(group) => group.exported = exported,
            Record::Member(_) | Record::Subgroup(_) => {}
        }
    }
}

/// A user. `None` is what the file says nothing about, `Some("")` is empty.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UserRecord {
    /// The login.
    pub name: String,
    /// Given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// The name to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Employer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// Job title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What the user may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Cannot log in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// Has logged in at least once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
    /// In clear, or a stored hash value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// A stored hash value, never a password in clear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
    /// What another system calls the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// All direct groups, in the order joined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
    /// Whatever else is known, as JSON values; numbers keep all their digits.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, JsonText>,
    /// The file is an export of ours, so the rules for new names do not apply.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub exported: bool,
    /// The role of the user when they are no administrator any more, where it is another one than `standard`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored_role: Option<Role>,
    /// The place of each of the `groups` in the order in which all memberships of the directory were made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined: Option<Vec<Joined>>,
    /// The distinguished names of the entry, by which memberships mean it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entry_names: Vec<EntryName>,
}

/// A group without its members. `None` is what the file says nothing about, `Some("")` is empty.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupRecord {
    /// The name.
    pub name: String,
    /// What people see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What the group is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// All groups that this one is directly in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
    /// Whatever else is known, as JSON values; numbers keep all their digits.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, JsonText>,
    /// The file is an export of ours, so the rules for new names do not apply.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub exported: bool,
    /// The distinguished names of the entry, by which memberships mean it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entry_names: Vec<EntryName>,
}

/// A place in the order in which memberships were made, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Joined {
    /// The place.
    At(u64),
    /// The place, and the spelling of the user's name in the group's list.
    Spelled(u64, String),
}

/// How a [`Target`] stands in JSON.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum TargetForm<'t> {
    Name(Cow<'t, str>),
    Entry {
        entry: EntryName,
        shown: Cow<'t, str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<Cow<'t, str>>,
    },
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = match self {
            Target::Name(name) => TargetForm::Name(name.into()),
            Target::Entry { entry, shown, name } => {
                TargetForm::Entry { entry: *entry, shown: shown.into(), name: name.as_ref().map(Cow::from) }
            }
        };
        form.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Target, D::Error> {
        Ok(match TargetForm::deserialize(deserializer)? {
            TargetForm::Name(name) => Target::Name(name.into_owned()),
            TargetForm::Entry { entry, shown, name } => {
                Target::Entry { entry, shown: shown.into_owned(), name: name.map(Cow::into_owned) }
            }
        })
    }
}

/// What of an input says a membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SaidBy {
    /// A row of its own.
    #[default]
    Row,
    /// The row of the group.
    Group,
    /// The row of the member (`memberOf`). Some servers also name the groups above the groups there, in which the member
    /// is not by itself.
    Member,
}

impl SaidBy {
    fn is_row(&self) -> bool {
        *self == SaidBy::Row
    }
}

/// A user in a group, directly. It adds, and says nothing about others. An entry as the user may turn out to be a
/// group: then it is a group in a group.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MemberRecord {
    /// The group.
    pub group: Target,
    /// The user.
    pub user: Target,
    /// See [`UserRecord::joined`].
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub joined: Option<u64>,
    /// What of the input says it.
    #[serde(skip_serializing_if = "SaidBy::is_row", default)]
    pub said_by: SaidBy,
    /// The row that says it was refused or skipped: it is told as missing, unless it is there already.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub withheld: bool,
}

/// A group in a group, directly. It adds, and says nothing about others.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SubgroupRecord {
    /// The group that contains, in the spelling of the list of the group that is contained.
    pub group: Target,
    /// The group that is contained, in the spelling of the list of the group that contains.
    pub subgroup: Target,
    /// See [`UserRecord::joined`].
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub joined: Option<u64>,
    /// What of the input says it.
    #[serde(skip_serializing_if = "SaidBy::is_row", default)]
    pub said_by: SaidBy,
    /// The row that says it was refused or skipped: it is told as missing, unless it is there already.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub withheld: bool,
}

/// A row of the input.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The line where it begins, from 1.
    pub line: u64,
    /// How much of the input was consumed up to its end.
    pub bytes: u64,
    /// What it says, or why it is refused. `Ok(None)`: nothing, there are only remarks.
    pub record: Result<Option<Record>, String>,
    /// What could not be taken over.
    pub remarks: Vec<Remark>,
    /// The attribute, column or key that the login of a user comes from.
    pub login: Option<Arc<str>>,
}

/// What a row says and is not taken over. Remarks of the same kind with the same text are told once, with their number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// What is not there in consequence.
    pub kind: RemarkKind,
    /// A sentence that is the same for all of its kind.
    pub text: String,
    /// What it is about here: told for the first of its kind.
    pub about: Option<String>,
}

/// What is not there in consequence of a remark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RemarkKind {
    /// A value of somebody who is there.
    Lost,
    /// A person, a group or a membership.
    Missing,
    /// The end of the file, and whatever it had.
    CutOff,
}

impl Remark {
    /// A value is lost.
    pub fn lost(text: impl Into<String>) -> Remark {
        Remark { kind: RemarkKind::Lost, text: text.into(), about: None }
    }

    /// A person, a group or a membership is missing.
    pub fn missing(text: impl Into<String>) -> Remark {
        Remark { kind: RemarkKind::Missing, text: text.into(), about: None }
    }

    /// The same, about that.
    pub fn about(self, about: impl Into<String>) -> Remark {
        Remark { about: Some(about.into()), ..self }
    }
}

/// How a file is read.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// The attribute, column or key that has the login, in place of the usual ones.
    pub login: Option<String>,
    /// What separates the cells of a CSV, in place of what its header tells.
    pub delimiter: Option<u8>,
}

/// The rows of a file, each as it is read, or why no further one can be.
pub type Rows = Box<dyn Iterator<Item = anyhow::Result<Row>> + Send>;

/// Reads a file. A broken row is a row that is refused, and reading goes on behind it.
///
/// # Errors
/// When the input cannot be read, and for a CSV without a usable header.
pub fn read(format: Format, input: Box<dyn BufRead + Send>, options: &ReadOptions) -> anyhow::Result<Rows> {
    let (input, position) = encoding::decode(input)?;
    let rows: Rows = match format {
        Format::Csv => Box::new(csv::Reader::new(input, options)?),
        Format::JsonLines => Box::new(json_lines::Reader::new(input, options)),
        Format::Ldif => Box::new(ldif::Reader::new(input, options)),
    };
    Ok(match position {
        None => rows,
        // The reader counts bytes of UTF-8, and the file has others.
        Some(position) => Box::new(rows.map(move |row| {
            let bytes = position.load(Ordering::Relaxed);
            row.map(|row| Row { bytes, ..row })
        })),
    })
}

/// The state of an account by a value that another system has under that name, spelled as there. `None`: the value says
/// nothing about it, or only that it is not locked or expired.
pub fn account_state_of(name: &str, value: &str) -> Option<AccountState> {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let state = account_state::account_state(&plain, value, i64::try_from(now).unwrap_or(i64::MAX))?;
    (state != AccountState::Enabled || account_state::says_enabled(&plain)).then_some(state)
}

/// The form of a login or of a group's name in which names are compared.
pub fn name_key(name: &str) -> String {
    crate::model::fold_name(name)
}

/// What means the entry of a distinguished name; `None` for what is none.
pub fn entry_name(text: &str) -> Option<EntryName> {
    ldif::dn::Dn::parse(text).filter(|dn| !dn.is_empty()).map(|dn| dn.digest())
}

/// Takes a byte order mark off the beginning of a file. Returns its length.
fn skip_mark(input: &mut impl BufRead) -> std::io::Result<u64> {
    // A mark that the first piece of the input cuts through is no mark that any program has written.
    let marked = input.fill_buf()?.starts_with(b"\xef\xbb\xbf");
    let length = if marked { 3 } else { 0 };
    input.consume(length);
    Ok(length as u64)
}

/// A text for a message, quoted and not too long.
pub(crate) fn quoted(text: &str) -> String {
    let short: String = text.chars().take(64).collect();
    if short.len() < text.len() { format!("{short:?}…") } else { format!("{short:?}") }
}
