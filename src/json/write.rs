//! Writing: serde_json's writer, and values that are JSON texts.

use super::value::{Json, JsonStr, JsonText, Number};
use serde::ser::{Serialize, Serializer};
use serde_json::ser::Formatter;
use std::collections::btree_map;
use std::fmt;
use std::io::{self, Write};

/// Writes without spaces, and writes bytes as the JSON that they are. No document of the program has other bytes.
struct Compact;

impl Formatter for Compact {
    fn write_byte_array<W: ?Sized + Write>(&mut self, writer: &mut W, json: &[u8]) -> io::Result<()> {
        writer.write_all(json)
    }
}

/// Writes a value as JSON.
///
/// # Errors
/// Those of the writer.
pub fn to_writer(writer: impl Write, value: &(impl Serialize + ?Sized)) -> io::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(writer, Compact)).map_err(io::Error::from)
}

/// A value as JSON.
pub fn to_vec(value: &(impl Serialize + ?Sized)) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    // Serialising fails only for maps with keys that are not texts, and for types that return an error themselves: the
    // program has none of them.
    to_writer(&mut out, value).expect("documents serialise");
    out
}

/// A value as JSON.
pub fn to_string(value: &(impl Serialize + ?Sized)) -> String {
    String::from_utf8(to_vec(value)).expect("JSON is UTF-8")
}

/// A part of a tree that is not written yet.
enum Rest<'j> {
    Items(std::slice::Iter<'j, Json>),
    Members(btree_map::Iter<'j, String, Json>),
}

/// The text of the value, without spaces. There is no recursion: a stored value may be deep.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut open: Vec<Rest<'_>> = Vec::new();
        let mut value = self;
        loop {
            match value {
                Json::Null => f.write_str("null")?,
                Json::Bool(truth) => write!(f, "{truth}")?,
                Json::Number(Number(text)) => f.write_str(text)?,
                Json::String(text) => write_text(f, text)?,
                Json::Array(items) => {
                    f.write_str("[")?;
                    open.push(Rest::Items(items.iter()));
                }
                Json::Object(members) => {
                    f.write_str("{")?;
                    open.push(Rest::Members(members.iter()));
                }
            }
            let mut begun = matches!(value, Json::Array(_) | Json::Object(_));
            value = loop {
                let Some(rest) = open.last_mut() else { return Ok(()) };
                let comma = if begun { "" } else { "," };
                match rest {
                    Rest::Items(items) => match items.next() {
                        Some(item) => {
                            f.write_str(comma)?;
                            break item;
                        }
                        None => f.write_str("]")?,
                    },
                    Rest::Members(members) => match members.next() {
                        Some((key, value)) => {
                            f.write_str(comma)?;
                            write_text(f, key)?;
                            f.write_str(":")?;
                            break value;
                        }
                        None => f.write_str("}")?,
                    },
                }
                open.pop();
                begun = false;
            };
        }
    }
}

/// Writes a text in quotes. Most texts need no escapes, and are written without a copy.
fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    if text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        return f.write_str(&to_string(text));
    }
    f.write_str("\"")?;
    f.write_str(text)?;
    f.write_str("\"")
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        JsonStr(&self.to_string()).serialize(serializer)
    }
}

impl Serialize for JsonText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        JsonStr(&self.0).serialize(serializer)
    }
}

/// Only this module writes it: in serde_json's tree (`json!`) it would be a list of bytes.
impl Serialize for JsonStr<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0.as_bytes())
    }
}
