//! Parses values of cells and keys: words, and lists of names.

use super::row::ROW_BYTES_MAX;
use crate::json::{Json, memory_of};

/// Maximum number of groups or members in a row.
pub(super) const NAMES_MAX: usize = 1 << 20;
/// Maximum memory of a parsed value, in bytes.
pub(super) const VALUE_MEMORY_MAX: usize = 8 * ROW_BYTES_MAX;

/// The texts of a list.
pub(super) fn texts(value: Json) -> Option<Vec<String>> {
    let Json::Array(values) = value else { return None };
    if values.len() > NAMES_MAX {
        return None;
    }
    values.into_iter().map(|value| if let Json::String(text) = value { Some(text) } else { None }).collect()
}

/// The texts of a list in JSON.
pub(super) fn name_list(text: &[u8]) -> Option<Vec<String>> {
    texts(bounded(std::str::from_utf8(text).ok()?)?)
}

/// Parses a value, unless the parsed value would take too much memory.
pub(super) fn bounded(text: &str) -> Option<Json> {
    if memory_of(text.as_bytes()) > VALUE_MEMORY_MAX { None } else { Json::parse_stored(text.as_bytes()).ok() }
}

/// Parses a word for true or false.
pub(super) fn switch(word: &str) -> Option<bool> {
    match word.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Some(true),
        "false" | "no" | "0" => Some(false),
        _ => None,
    }
}

/// The classes in a cell, in lower case.
pub(super) fn class_names(cell: &str) -> Vec<String> {
    let classes = cell.split(';').map(str::trim).filter(|class| !class.is_empty());
    classes.take(NAMES_MAX).map(str::to_lowercase).collect()
}

/// The names in a cell, separated by semicolons. A semicolon in a distinguished name can be escaped. `None` if there
/// are too many.
pub(super) fn split_names(cell: &str, are_entries: bool) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let (mut start, mut is_escaped) = (0, false);
    let ends = cell.bytes().enumerate().filter(|(_, byte)| {
        let ends = *byte == b';' && !is_escaped;
        is_escaped = are_entries && *byte == b'\\' && !is_escaped;
        ends
    });
    for end in ends.map(|(end, _)| end).chain([cell.len()]) {
        let name = cell[start..end].trim();
        if !name.is_empty() {
            if names.len() == NAMES_MAX {
                return None;
            }
            names.push(name.to_owned());
        }
        start = end + 1;
    }
    Some(names)
}
