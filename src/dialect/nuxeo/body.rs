//! Entities as clients send them: lenient about the kinds of scalars, strict about shapes.

use super::error::{Problem, Result};
use crate::dialect::decode;
use crate::http::Request;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The entity in the body.
pub(super) fn entity(request: &Request<'_>, expected: &'static str) -> Result<Map<String, Value>> {
    let entity = decode(request.body)?.ok_or_else(|| Problem::Invalid("The body is empty".to_owned()))?;
    match entity.get("entity-type") {
        Some(Value::String(found)) if found == expected => Ok(entity),
        None | Some(Value::Null) => Err(Problem::EntityType { expected, found: None }),
        Some(Value::String(found)) => Err(Problem::EntityType { expected, found: Some(found.clone()) }),
        Some(other) => Err(Problem::EntityType { expected, found: Some(other.to_string()) }),
    }
}

/// The entity's `properties`; none for null.
pub(super) fn properties(entity: &mut Map<String, Value>) -> Result<Map<String, Value>> {
    match entity.remove("properties") {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(properties)) => Ok(properties),
        Some(_) => Err(Problem::Property("properties".to_owned())),
    }
}

/// A text. Numbers and booleans are turned into one; `None` for null.
pub(super) fn text(name: &str, value: &Value) -> Result<Option<String>> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Bool(truth) => Ok(Some(truth.to_string())),
        Value::Array(_) | Value::Object(_) => Err(Problem::Property(name.to_owned())),
    }
}

/// A name at the top of the entity, trimmed; `None` when absent or blank.
pub(super) fn name(entity: &Map<String, Value>, key: &str) -> Result<Option<String>> {
    let text = entity.get(key).map(|value| text(key, value)).transpose()?.flatten();
    Ok(text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
}

/// One of a group's lists, which replaces the stored one; `None` when it is absent or null, which leaves the
/// stored one. What is no text is left out, as by the reference; what is no list is a mistake, where the
/// reference would empty the group.
pub(super) fn members(entity: &Map<String, Value>, key: &str) -> Result<Option<Vec<String>>> {
    let items = list(entity, key)?;
    Ok(items.map(|items| {
        let names = items.iter().filter_map(Value::as_str).filter(|name| !name.trim().is_empty());
        names.map(str::to_owned).collect()
    }))
}

/// A user's groups, which replace the stored ones; `None` when they are absent or null.
pub(super) fn groups(properties: &Map<String, Value>) -> Result<Option<Vec<String>>> {
    let Some(items) = list(properties, "groups")? else { return Ok(None) };
    let names = items.iter().map(|item| text("groups", item)).collect::<Result<Vec<_>>>()?;
    Ok(Some(names.into_iter().flatten().filter(|name| !name.trim().is_empty()).collect()))
}

fn list<'e>(entity: &'e Map<String, Value>, key: &str) -> Result<Option<&'e [Value]>> {
    match entity.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(items)) => Ok(Some(items)),
        Some(_) => Err(Problem::Property(key.to_owned())),
    }
}

/// A property that no column holds: kept as it is, removed by null.
pub(super) fn keep(attributes: &mut BTreeMap<String, Option<String>>, name: String, value: &Value) {
    attributes.insert(name, (!value.is_null()).then(|| value.to_string()));
}
