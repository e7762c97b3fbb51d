//! Entities in bodies. Scalars may have any JSON type; lists and objects may not.

use super::error::{Problem, Result};
use crate::dialect::request_body::json_object;
use crate::http::Request;
use crate::json::{Json, Object};
use std::collections::BTreeMap;

/// The entity in the body.
pub(super) fn entity(request: &Request<'_>, expected: &'static str) -> Result<Object> {
    let entity = json_object(request)?.ok_or_else(|| Problem::Invalid("The body is empty".to_owned()))?;
    match entity.get("entity-type") {
        Some(Json::String(found)) if found == expected => Ok(entity),
        None | Some(Json::Null) => Err(Problem::EntityType { expected, found: None }),
        Some(Json::String(found)) => Err(Problem::EntityType { expected, found: Some(found.clone()) }),
        Some(other) => Err(Problem::EntityType { expected, found: Some(other.to_string()) }),
    }
}

/// The entity's `properties`; none for null.
pub(super) fn properties(entity: &mut Object) -> Result<Object> {
    match entity.remove("properties") {
        None | Some(Json::Null) => Ok(Object::new()),
        Some(Json::Object(properties)) => Ok(properties),
        Some(_) => Err(Problem::Property("properties".to_owned())),
    }
}

/// A text. Numbers and booleans are turned into one; `None` for null.
pub(super) fn text(name: &str, value: &Json) -> Result<Option<String>> {
    match value {
        Json::Null => Ok(None),
        Json::String(text) => Ok(Some(text.clone())),
        Json::Number(number) => Ok(Some(number.to_string())),
        Json::Bool(truth) => Ok(Some(truth.to_string())),
        Json::Array(_) | Json::Object(_) => Err(Problem::Property(name.to_owned())),
    }
}

/// A name at the top of the entity, trimmed; `None` when absent or blank.
pub(super) fn name(entity: &Object, key: &str) -> Result<Option<String>> {
    let text = entity.get(key).map(|value| text(key, value)).transpose()?.flatten();
    Ok(text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
}

/// A list of a group, which replaces the stored one; `None`, when absent or null, keeps it. Entries that are not texts
/// are left out, as in the reference server. A value that is not a list is an error, where the reference server empties
/// the group.
pub(super) fn members(entity: &Object, key: &str) -> Result<Option<Vec<String>>> {
    let items = list(entity, key)?;
    Ok(items.map(|items| {
        let names = items.iter().filter_map(Json::as_str).filter(|name| !name.trim().is_empty());
        names.map(str::to_owned).collect()
    }))
}

/// A user's groups, which replace the stored ones; `None` when they are absent or null.
pub(super) fn groups(properties: &Object) -> Result<Option<Vec<String>>> {
    let Some(items) = list(properties, "groups")? else { return Ok(None) };
    let names = items.iter().map(|item| text("groups", item)).collect::<Result<Vec<_>>>()?;
    Ok(Some(names.into_iter().flatten().filter(|name| !name.trim().is_empty()).collect()))
}

fn list<'e>(entity: &'e Object, key: &str) -> Result<Option<&'e [Json]>> {
    match entity.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Array(items)) => Ok(Some(items)),
        Some(_) => Err(Problem::Property(key.to_owned())),
    }
}

/// An extra property, which no column holds: stored as it came, removed by null.
pub(super) fn keep(attributes: &mut BTreeMap<String, Option<String>>, name: String, value: &Json) {
    attributes.insert(name, (!value.is_null()).then(|| value.to_string()));
}
