//! Conversions of values that several tables store.

use crate::json::{self, JsonStr};
use crate::model::{ATTRIBUTES_BYTES_MAX, Attributes, EntityKind, Error, Result, fold_name, is_answered_property};
use std::collections::BTreeMap;

/// The key for prefix search; `None` for an empty field, which is in no index.
pub(in crate::store) fn search_key(text: Option<&str>) -> Option<String> {
    text.map(fold_name).filter(|key| !key.is_empty())
}

/// The range of keys that begin with that text, without its end.
pub(in crate::store) fn prefix_range(prefix: &str) -> (String, String) {
    let from = fold_name(prefix);
    // No character sorts after this one, and no key contains it: it is not assigned.
    let to = format!("{from}\u{10FFFF}");
    (from, to)
}

/// SQLite counts in `i64`. A larger number becomes the largest.
pub(in crate::store) fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Reads properties. Those with names that a dialect answers itself, which earlier versions accepted, are left out.
pub(in crate::store) fn attributes(kind: EntityKind, text: &str) -> Attributes {
    if text == "{}" {
        return Attributes::new();
    }
    // The schema guarantees valid JSON, and only `attributes_text` writes it.
    let members = json::members(text).unwrap_or_default().into_iter();
    members
        .filter(|(name, _)| !is_answered_property(kind, name))
        .map(|(name, value)| (name, value.to_owned()))
        .collect()
}

pub(in crate::store) fn attributes_text(attributes: &Attributes) -> Result<String> {
    let values: BTreeMap<&str, JsonStr<'_>> =
        attributes.iter().map(|(name, value)| (name.as_str(), JsonStr(value))).collect();
    let text = json::to_string(&values);
    if text.len() > ATTRIBUTES_BYTES_MAX {
        return Err(Error::Invalid(format!("the properties take more than {ATTRIBUTES_BYTES_MAX} bytes")));
    }
    Ok(text)
}
