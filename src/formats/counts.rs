//! The counts at the end of an export. The beginning of the file announces them, so an import notices a missing end.
//!
//! Several exports can be joined into one file, in any order: announcements and counts are added up. A file may have
//! more rows than its counts say, because an operator may have added some.

use crate::formats::record::Record;
use crate::formats::row::{Remark, RemarkKind, Row};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// Numbers of rows, by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Counts {
    pub(super) users: u64,
    pub(super) groups: u64,
    /// Rows of members and subgroups, without the groups in rows of users.
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

/// A line of an export about the file itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Announces counts at the end of the file.
    Begin,
    /// The counts.
    End(Counts),
}

impl Mark {
    /// The JSON object of a mark.
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

/// Compares the counts of a file with its rows.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    begun: u64,
    ended: u64,
    announced: Counts,
    found: Counts,
    /// A row was refused. It may have been one of the counted rows.
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

    /// At the end of the file, returns a remark if rows or counts are missing. An export has at least one row, so a file
    /// that begins as one and has none was cut off, even if the announcement of counts is missing.
    pub(super) fn finish(&self, begins_as_export: bool) -> Option<Remark> {
        let (found, announced) = (self.found, self.announced);
        let kinds = [
            ("users", found.users, announced.users),
            ("groups", found.groups, announced.groups),
            ("memberships", found.memberships, announced.memberships),
        ];
        let mut text = String::new();
        if begins_as_export && self.begun == 0 && !self.has_refused && found == Counts::default() {
            text.push_str("the file ends before its first entry");
        } else if self.ended < self.begun {
            text.push_str("the counts at the end of the file are missing");
        } else if !self.has_refused && kinds.iter().any(|(_, found, announced)| found < announced) {
            text.push_str("the file has fewer rows than the counts at its end:");
            for (index, (kind, found, announced)) in kinds.iter().enumerate() {
                let _ = write!(text, "{} {found} of {announced} {kind}", if index == 0 { "" } else { "," });
            }
        }
        (!text.is_empty()).then_some(Remark { kind: RemarkKind::CutOff, text, about: None })
    }
}
