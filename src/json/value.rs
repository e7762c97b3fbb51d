//! JSON values: as a tree, and as text.

use std::collections::BTreeMap;
use std::fmt;

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
pub struct Number(pub(super) String);

impl Json {
    /// The text, if the value is a text.
    pub fn as_str(&self) -> Option<&str> {
        if let Json::String(text) = self { Some(text) } else { None }
    }

    /// The list, if the value is a list.
    pub fn as_array(&self) -> Option<&[Json]> {
        if let Json::Array(items) = self { Some(items) } else { None }
    }

    /// The object, if the value is one.
    pub fn as_object(&self) -> Option<&Object> {
        if let Json::Object(members) = self { Some(members) } else { None }
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
pub struct JsonText(pub(super) String);

impl JsonText {
    /// A text that is known to be JSON: [`super::to_string`] wrote the stored values.
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
