//! Rows of a file as readers hand them out: a record or a refusal, with remarks.

use super::record::Record;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Longest row that readers take, in bytes.
pub(super) const ROW_BYTES_MAX: usize = 16 << 20;

/// A row of the input.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Line where the row begins, from 1.
    pub line: u64,
    /// Bytes of the input up to the end of the row.
    pub bytes: u64,
    /// The record, or the reason of a refusal. `Ok(None)`: the row has remarks only.
    pub record: Result<Option<Record>, String>,
    /// Values and memberships of the row that the import does not take.
    pub remarks: Vec<Remark>,
    /// Attribute, column or key that holds the login of the user.
    pub login: Option<Arc<str>>,
}

/// A part of a row that the import does not take. Reports show remarks of the same kind and text once, with a count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// Consequence.
    pub kind: RemarkKind,
    /// Sentence that is the same for all remarks of one cause.
    pub text: String,
    /// Subject of this remark; reports show the first of several.
    pub about: Option<String>,
}

/// Consequence of a remark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RemarkKind {
    /// A value was dropped; its user or group is imported. The stored word stays, so that imports resume.
    #[serde(rename = "lost")]
    Dropped,
    /// A user, a group or a membership is missing.
    Missing,
    /// The end of the file is missing.
    CutOff,
}

impl Remark {
    /// A value is dropped.
    pub fn dropped(text: impl Into<String>) -> Remark {
        Remark { kind: RemarkKind::Dropped, text: text.into(), about: None }
    }

    /// A user, a group or a membership is missing.
    pub fn missing(text: impl Into<String>) -> Remark {
        Remark { kind: RemarkKind::Missing, text: text.into(), about: None }
    }

    /// The remark with a subject.
    pub fn about(self, about: impl Into<String>) -> Remark {
        Remark { about: Some(about.into()), ..self }
    }
}

/// Options for reading a file.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// Attribute, column or key that holds the login, instead of the usual ones.
    pub login: Option<String>,
    /// Delimiter of a CSV, instead of the one that its header shows.
    pub delimiter: Option<u8>,
}

/// The rows of a file, each as it is read, or the reason why reading stops.
pub type Rows = Box<dyn Iterator<Item = anyhow::Result<Row>> + Send>;
