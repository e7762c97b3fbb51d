//! The counts at the end of an export. Its beginning announces them, so that an import sees when the end is missing.
//!
//! The order of the lines makes no difference, and several exports can be joined: all announcements are counted, and all
//! counts are added. More rows than were counted are no error: a person may have added them.

use crate::formats::record::Record;
use crate::formats::row::{Remark, RemarkKind, Row};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// How many rows of each kind there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Counts {
    pub(super) users: u64,
    pub(super) groups: u64,
    /// Rows of members and subgroups; the groups in the row of a user are not counted.
    pub(super) memberships: u64,
}

impl Counts {
    pub(super) fn add(&mut self, record: &Record) {
        match record {
            Record::User(_) => self.users += 1,
            Record::Group(_) => self.groups += 1,
            Record::Member(_) | Record::Subgroup(_) => self.memberships += 1,
        }
    }
}

/// A line of an export that is about the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// The file ends with counts.
    Begin,
    /// The counts.
    End(Counts),
}

impl Mark {
    /// The mark that an object of JSON lines is.
    pub(super) fn of(members: &[(String, &str)]) -> Option<Mark> {
        let value = |key: &str| members.iter().find(|(known, _)| known == key).map(|(_, value)| *value);
        if value("program") != Some("\"rollbook\"") {
            return None;
        }
        let number = |key: &str| value(key)?.parse().ok();
        match value("kind")? {
            "\"export\"" if value("ends_with") == Some("\"counts\"") => Some(Mark::Begin),
            "\"counts\"" => {
                let (users, groups) = (number("users")?, number("groups")?);
                Some(Mark::End(Counts { users, groups, memberships: number("memberships")? }))
            }
            _ => None,
        }
    }
}

/// Compares what a file announces with what it has.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    begun: u64,
    ended: u64,
    announced: Counts,
    found: Counts,
    /// A row was refused, which may have been one of those that were counted.
    has_refused: bool,
}

impl Ledger {
    pub(super) fn take(&mut self, mark: Mark) {
        match mark {
            Mark::Begin => self.begun += 1,
            Mark::End(Counts { users, groups, memberships }) => {
                self.ended += 1;
                let sum = &mut self.announced;
                sum.users = sum.users.saturating_add(users);
                sum.groups = sum.groups.saturating_add(groups);
                sum.memberships = sum.memberships.saturating_add(memberships);
            }
        }
    }

    pub(super) fn note(&mut self, row: &Row) {
        match &row.record {
            Ok(Some(record)) => self.found.add(record),
            Ok(None) => {}
            Err(_) => self.has_refused = true,
        }
    }

    /// Tells what is missing, at the end of the file.
    pub(super) fn finish(&self) -> Option<Remark> {
        let (found, announced) = (self.found, self.announced);
        let kinds = [
            ("users", found.users, announced.users),
            ("groups", found.groups, announced.groups),
            ("memberships", found.memberships, announced.memberships),
        ];
        let mut text = String::new();
        if self.ended < self.begun {
            text.push_str("the counts are missing that end the file");
        } else if !self.has_refused && kinds.iter().any(|(_, found, announced)| found < announced) {
            text.push_str("the file has fewer rows than the counts that end it:");
            for (index, (kind, found, announced)) in kinds.iter().enumerate() {
                let _ = write!(text, "{} {found} of {announced} {kind}", if index == 0 { "" } else { "," });
            }
        }
        (!text.is_empty()).then_some(Remark { kind: RemarkKind::CutOff, text, about: None })
    }
}
