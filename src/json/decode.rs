//! Decoding: from a tree to a value of the program, by serde.

use super::parse::BadJson;
use super::value::{Json, JsonText};
use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, IntoDeserializer, Visitor};
use std::fmt;

/// The reason why a JSON value is not a value of the program.
pub type Mismatch = serde::de::value::Error;

/// The name by which a [`Json`] or [`JsonText`] requests the text of a value. It is the name of a type, which no input
/// can have, and no key.
const TEXT: &str = "rollbook::json::JsonText";

/// Reads a value of the program from JSON that the program, or a file, has written.
///
/// # Errors
/// When the text is not JSON, or another value.
pub fn decode<T: DeserializeOwned>(text: &[u8]) -> Result<T, DecodeError> {
    Ok(from_json(Json::parse_stored(text)?)?)
}

/// Decodes a value of the program from a tree.
///
/// # Errors
/// When the tree is another value.
pub fn from_json<T: DeserializeOwned>(value: Json) -> Result<T, Mismatch> {
    T::deserialize(value)
}

/// The reason why a text could not be decoded.
#[derive(Debug)]
pub enum DecodeError {
    /// It is not JSON.
    BadJson(BadJson),
    /// It is another value.
    Mismatch(Mismatch),
}

impl From<BadJson> for DecodeError {
    fn from(error: BadJson) -> DecodeError {
        DecodeError::BadJson(error)
    }
}

impl From<Mismatch> for DecodeError {
    fn from(error: Mismatch) -> DecodeError {
        DecodeError::Mismatch(error)
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::BadJson(error) => error.fmt(f),
            DecodeError::Mismatch(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for DecodeError {}

impl IntoDeserializer<'_, Mismatch> for Json {
    type Deserializer = Json;

    fn into_deserializer(self) -> Json {
        self
    }
}

impl<'de> Deserializer<'de> for Json {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self {
            Json::Null => visitor.visit_unit(),
            Json::Bool(truth) => visitor.visit_bool(truth),
            Json::Number(number) => {
                let text = number.to_string();
                if let Ok(number) = text.parse::<u64>() {
                    visitor.visit_u64(number)
                } else if let Ok(number) = text.parse::<i64>() {
                    visitor.visit_i64(number)
                } else {
                    visitor.visit_f64(text.parse().map_err(Mismatch::custom)?)
                }
            }
            Json::String(text) => visitor.visit_string(text),
            Json::Array(items) => {
                let mut items = SeqDeserializer::new(items.into_iter());
                let value = visitor.visit_seq(&mut items)?;
                items.end()?;
                Ok(value)
            }
            Json::Object(members) => {
                let mut members = MapDeserializer::new(members.into_iter());
                let value = visitor.visit_map(&mut members)?;
                members.end()?;
                Ok(value)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Mismatch> {
        if name == TEXT { visitor.visit_string(self.to_string()) } else { visitor.visit_newtype_struct(self) }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        match self {
            Json::String(variant) => visitor.visit_enum(variant.into_deserializer()),
            Json::Object(members) => {
                let members = MapDeserializer::new(members.into_iter());
                visitor.visit_enum(MapAccessDeserializer::new(members))
            }
            _ => Err(Mismatch::custom("invalid type: expected a variant")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier
    }
}

/// Only from a [`Json`]: other decoders have no text.
impl<'de> Deserialize<'de> for JsonText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<JsonText, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = JsonText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }

            fn visit_str<E>(self, text: &str) -> Result<JsonText, E> {
                Ok(JsonText(text.to_owned()))
            }
        }
        deserializer.deserialize_newtype_struct(TEXT, Text)
    }
}

/// Only from a [`Json`], as for [`JsonText`].
impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
        Json::parse_stored(JsonText::deserialize(deserializer)?.as_str().as_bytes()).map_err(D::Error::custom)
    }
}
