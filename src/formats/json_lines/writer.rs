//! Writes JSON lines.

use crate::formats::counts::Counts;
use crate::formats::record::{GroupRecord, MemberRecord, Record, SubgroupRecord, UserRecord};
use crate::json;
use serde::Serialize;

/// The first line, which announces the counts at the end.
pub(in crate::formats) fn begin() -> Vec<u8> {
    line(&About { kind: "export", program: "rollbook", ends_with: Some("counts"), counts: None })
}

/// The line of a record.
pub(in crate::formats) fn record(record: &Record) -> Vec<u8> {
    line(&Line::of(record))
}

/// The last line, with the counts.
pub(in crate::formats) fn end(counts: Counts) -> Vec<u8> {
    line(&About { kind: "counts", program: "rollbook", ends_with: None, counts: Some(counts) })
}

fn line(object: &impl Serialize) -> Vec<u8> {
    let mut line = json::to_vec(object);
    line.push(b'\n');
    line
}

/// A line of JSON about the file, see [`Mark`](crate::formats::counts::Mark).
#[derive(Serialize)]
struct About {
    kind: &'static str,
    program: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_with: Option<&'static str>,
    #[serde(flatten)]
    counts: Option<Counts>,
}

/// A record as a line of JSON: the kind and the fields are in one object.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Line<'r> {
    User(&'r UserRecord),
    Group(&'r GroupRecord),
    Member(&'r MemberRecord),
    Subgroup(&'r SubgroupRecord),
}

impl Line<'_> {
    fn of(record: &Record) -> Line<'_> {
        match record {
            Record::User(user) => Line::User(user),
            Record::Group(group) => Line::Group(group),
            Record::Member(member) => Line::Member(member),
            Record::Subgroup(member) => Line::Subgroup(member),
        }
    }
}
