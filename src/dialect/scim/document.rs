//! Documents of resources in canonical form.
//!
//! Names of attributes have the spelling of the schema, an extension is below its URN, values have the type of the
//! attribute, and multi-valued attributes are lists of objects. Nulls, empty lists, empty objects, unknown and read-only
//! attributes are absent, and so is `schemas`.

use super::coercion::{coerce, invalid, known};
use super::path::AttributePath;
use super::problem::{Problem, Result, ScimType};
use super::schema::{Attribute, ResourceType, Schema};
use crate::json::{Json, Object};

/// The document of a body of POST or PUT.
///
/// # Errors
/// `invalidSyntax` when the body is not an object; `invalidValue` when a value has a wrong type, a list has two primary
/// values, or a required attribute is missing.
pub(super) fn canonical(resource_type: &'static ResourceType, body: Json) -> Result<Object> {
    let Json::Object(mut members) = body else {
        return Err(Problem::new(ScimType::InvalidSyntax, "the body has to be a JSON object"));
    };
    let mut document = Object::new();
    for urn in urns(&members, |urn| resource_type.schema.urn.eq_ignore_ascii_case(urn)) {
        if let Some(inner) = container(&urn, members.remove(&urn))? {
            fill(&mut document, None, inner, |key| resource_type.attribute(key))?;
        }
    }
    for extension in resource_type.extensions {
        let mut object = Object::new();
        for urn in urns(&members, |urn| extension.urn.eq_ignore_ascii_case(urn)) {
            if let Some(inner) = container(&urn, members.remove(&urn))? {
                fill(&mut object, Some(extension), inner, |key| extension.attribute(key))?;
            }
        }
        if !object.is_empty() {
            document.insert(extension.urn.to_owned(), Json::Object(object));
        }
    }
    fill(&mut document, None, members, |key| resource_type.attribute(key))?;
    check_required(resource_type, &document)?;
    Ok(document)
}

/// The keys of the object that are a URN.
fn urns(members: &Object, is_urn: impl Fn(&str) -> bool) -> Vec<String> {
    members.keys().filter(|key| is_urn(key)).cloned().collect()
}

/// The object below the URN of a schema.
fn container(urn: &str, value: Option<Json>) -> Result<Option<Object>> {
    match value {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Object(members)) => Ok(Some(members)),
        Some(Json::Array(items)) if items.is_empty() => Ok(None),
        Some(_) => Err(invalid(format!("the value of {urn} has to be an object"))),
    }
}

/// Adds the attributes of an object to a document.
fn fill(
    document: &mut Object,
    extension: Option<&'static Schema>,
    members: Object,
    find: impl Fn(&str) -> Option<&'static Attribute>,
) -> Result<()> {
    for (_, attribute, value) in known(members, find) {
        if attribute.is_read_only() {
            continue;
        }
        match coerce(&AttributePath { extension, attribute, sub: None }, value)? {
            Some(value) => drop(document.insert(attribute.name.to_owned(), value)),
            None => drop(document.remove(attribute.name)),
        }
    }
    Ok(())
}

/// Refuses a document without a required attribute.
///
/// # Errors
/// `invalidValue`.
pub(super) fn check_required(resource_type: &ResourceType, document: &Object) -> Result<()> {
    let is_missing = |attribute: &&Attribute| {
        attribute.is_required
            && document.get(attribute.name).and_then(Json::as_str).is_none_or(|text| text.trim().is_empty())
    };
    match resource_type.schema.attributes.iter().find(is_missing) {
        Some(attribute) => Err(invalid(format!("the attribute {attribute} is required"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
