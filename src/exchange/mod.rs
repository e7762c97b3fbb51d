//! Users, groups and memberships in files: what a file carries, row by row, read and written as a stream. Memory is
//! bounded by the longest row, never by the file; only what the names in an LDIF stand for is kept for all of it.
//!
//! What is written reads back as the same records, but for what the writer has told as lost: each format holds a
//! different part. JSON lines hold everything. In CSV an empty cell says nothing, so that an empty text is lost. What
//! of a directory has a place in LDIF stands at the head of `ldif.rs`.

mod csv;
mod dn;
mod draft;
mod json;
mod ldif;
mod lines;
#[cfg(test)]
mod tests;
mod writer;

pub use ldif::Aliases;
pub use writer::Writer;

use crate::json::JsonText;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::Path;
use std::str::FromStr;

/// The longest row that is taken, in bytes.
const ROW_BYTES_MAX: usize = 16 << 20;

/// How a file says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A table with a header; RFC 4180.
    Csv,
    /// A JSON object a line.
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
}

/// A user in a group, directly. It adds, and says nothing about others.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MemberRecord {
    /// The group.
    pub group: String,
    /// The user.
    pub user: String,
}

/// A group in a group, directly. It adds, and says nothing about others.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SubgroupRecord {
    /// The group that contains.
    pub group: String,
    /// The group that is contained.
    pub subgroup: String,
}

/// A row of the input.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The line where it begins, from 1.
    pub line: u64,
    /// How much of the input was consumed up to its end.
    pub bytes: u64,
    /// What it says, or why it is refused.
    pub record: Result<Record, String>,
    /// What could not be taken over, a sentence each.
    pub losses: Vec<String>,
}

/// The rows of a file, each as it is read, or why no further one can be.
pub type Rows = Box<dyn Iterator<Item = anyhow::Result<Row>> + Send>;

/// Reads a file. A broken row is a row that is refused, and reading goes on behind it.
///
/// `aliases` is what [`aliases`] has made of the same file; with `Aliases::default()` a member `cn=…` of an LDIF
/// group is taken for a user, unless it is below an `ou=groups`.
///
/// # Errors
/// When the input cannot be read, and for a CSV without a usable header.
pub fn read(format: Format, input: Box<dyn BufRead + Send>, aliases: Aliases) -> anyhow::Result<Rows> {
    Ok(match format {
        Format::Csv => Box::new(csv::Reader::new(input)?),
        Format::JsonLines => Box::new(json::Reader::new(input)),
        Format::Ldif => Box::new(ldif::Reader::new(input, aliases)),
    })
}

/// Reads a file for what its rows mean by names that only other rows explain: which users and groups the
/// distinguished names of an LDIF stand for. The other formats need nothing of the kind.
///
/// # Errors
/// When the input cannot be read.
pub fn aliases(format: Format, input: Box<dyn BufRead>) -> anyhow::Result<Aliases> {
    match format {
        Format::Csv | Format::JsonLines => Ok(Aliases::default()),
        Format::Ldif => ldif::aliases(input),
    }
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
fn quoted(text: &str) -> String {
    let short: String = text.chars().take(64).collect();
    if short.len() < text.len() { format!("{short:?}…") } else { format!("{short:?}") }
}
