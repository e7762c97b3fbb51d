//! JSON as a tree of its own, for all JSON from outside: bodies of requests, files, answers of other servers, commands
//! on the local socket, and stored values.
//!
//! serde_json writes documents here and reads none. With its features `raw_value` and `arbitrary_precision` its reader
//! gives two keys of an object a special meaning, decodes JSON inside texts for them, and so escapes its own limit of
//! depth. Both features are off, and no text from outside reaches its reader. In [`Json`] every key is a plain key,
//! numbers keep their text, and the depth is limited over all levels.

mod decode;
mod parse;
mod write;

pub use decode::{DecodeError, Mismatch, decode, from_json};
pub use parse::{BadJson, members};
pub use write::{to_string, to_vec, to_writer};

use std::collections::BTreeMap;
use std::fmt;

/// Largest depth of nested arrays and objects.
pub const DEPTH_MAX: usize = 127;

/// Largest depth of a stored value. Earlier versions accepted deeper values than clients may send today, and SQLite,
/// which checks stored values, accepts 1000 levels.
pub const STORED_DEPTH_MAX: usize = 1024;

/// Largest depth of a value that is stored as a member of an object: SQLite accepts 1000 levels.
const MEMBER_DEPTH_MAX: usize = 999;

/// True if SQLite accepts a JSON value as a member of an object.
pub fn is_storable(text: &str) -> bool {
    let brackets = text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count();
    brackets < MEMBER_DEPTH_MAX || parse::parse_at_depth(text.as_bytes(), MEMBER_DEPTH_MAX).is_ok()
}

/// Upper bound of the memory of the tree of a text, in bytes. It is cheap: it does not distinguish characters inside of
/// strings from those between values.
pub fn memory_of(text: &[u8]) -> usize {
    /// A value in an array that has just grown, and the allocation for its text.
    const VALUE_BYTES: usize = 3 * size_of::<Json>() + 32;
    /// A node of a map, which has room for eleven members.
    const NODE_BYTES: usize = 11 * (size_of::<String>() + size_of::<Json>()) + 32;
    let (mut values, mut objects, mut members, mut contents) = (1, 0, 0, 0);
    for byte in text {
        match byte {
            b',' | b'[' => values += 1,
            b'{' => objects += 1,
            b':' => members += 1,
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => contents += 1,
        }
    }
    // In an object of more than one node, each node is at least half full.
    contents + (values + objects) * VALUE_BYTES + (objects + members / 5) * NODE_BYTES
}

/// The members of an object. Of two with the same key the last one counts.
pub type Object = BTreeMap<String, Json>;

/// A JSON value (RFC 8259).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    String(String),
    /// A list.
    Array(Vec<Json>),
    /// An object.
    Object(Object),
}

/// A number, as its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number(String);

impl Json {
    /// Parses JSON from a client.
    ///
    /// # Errors
    /// When the text is not JSON, and when it nests deeper than [`DEPTH_MAX`].
    pub fn parse(text: &[u8]) -> Result<Json, BadJson> {
        parse::parse_at_depth(text, DEPTH_MAX)
    }

    /// Parses JSON from a file, or a stored value.
    ///
    /// # Errors
    /// When the text is not JSON, and when it nests deeper than [`STORED_DEPTH_MAX`].
    pub fn parse_stored(text: &[u8]) -> Result<Json, BadJson> {
        parse::parse_at_depth(text, STORED_DEPTH_MAX)
    }

    /// The text, if the value is a text.
    pub fn as_str(&self) -> Option<&str> {
        if let Json::String(text) = self { Some(text) } else { None }
    }

    /// The list, if the value is a list.
    pub fn as_array(&self) -> Option<&[Json]> {
        if let Json::Array(items) = self { Some(items) } else { None }
    }

    /// The member of that key, if the value is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Json> {
        if let Json::Object(members) = self { members.get(key) } else { None }
    }

    /// True if the value is `null`.
    pub fn is_null(&self) -> bool {
        *self == Json::Null
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A JSON value as its text, which is passed on without parsing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonText(String);

impl JsonText {
    /// A text that is known to be JSON: [`to_string`] wrote the stored values.
    pub fn stored(text: impl Into<String>) -> JsonText {
        JsonText(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text.
    pub fn into_string(self) -> String {
        self.0
    }

    /// True if the value is `null`.
    pub fn is_null(&self) -> bool {
        self.0 == "null"
    }
}

impl From<&Json> for JsonText {
    fn from(value: &Json) -> JsonText {
        JsonText(value.to_string())
    }
}

#[cfg(test)]
impl From<serde_json::Value> for JsonText {
    fn from(value: serde_json::Value) -> JsonText {
        JsonText(value.to_string())
    }
}

/// A borrowed [`JsonText`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonStr<'t>(pub &'t str);

#[cfg(test)]
mod tests;
