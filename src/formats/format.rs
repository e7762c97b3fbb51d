//! File formats by their names.

use std::path::Path;
use std::str::FromStr;

/// Format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A table with a header; RFC 4180.
    Csv,
    /// JSON objects: one per line, in arrays, or in lists of documents.
    JsonLines,
    /// Entries of an LDAP directory; RFC 2849.
    Ldif,
}

impl Format {
    /// The format that belongs to the extension of a file name.
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
