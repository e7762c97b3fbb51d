//! Changes of documents in canonical form.

use super::elements;
use super::operation::Change;
use crate::dialect::scim::path::AttributePath;
use crate::dialect::scim::problem::{Problem, Result, ScimType};
use crate::json::{Json, Object};

/// Makes one change.
pub(super) fn apply(change: &Change, document: &mut Object) -> Result<()> {
    match change {
        Change::Set(path, value) => with_value(document, path, |current| Ok(set(path, current, value.clone()))),
        Change::Add(path, items) => {
            with_list(document, path, |list| items.iter().try_for_each(|item| elements::add(path, list, item)))
        }
        Change::Replace(path, items) => with_list(document, path, |list| {
            list.clone_from(items);
            Ok(())
        }),
        Change::Remove(path, items) => with_list(document, path, |list| {
            elements::remove(path, list, items.as_deref());
            Ok(())
        }),
        Change::Elements(change) => with_list(document, &change.path, |list| elements::change(change, list)),
        Change::ClearExtension(schema) => {
            document.remove(schema.urn);
            Ok(())
        }
        Change::Expect(path, value) => expect(document, path, value),
    }
}

/// Requires that an attribute has that value already.
fn expect(document: &Object, path: &AttributePath, value: &Json) -> Result<()> {
    let container = match path.extension {
        Some(extension) => match document.get(extension.urn) {
            Some(Json::Object(members)) => Some(members),
            _ => None,
        },
        None => Some(document),
    };
    let whole = container.and_then(|members| members.get(path.attribute.name));
    let current = match path.sub {
        Some(sub) => whole.and_then(|whole| whole.get(sub.name)),
        None => whole,
    };
    if current == Some(value) {
        return Ok(());
    }
    Err(Problem::new(ScimType::Mutability, format!("the attribute {path} is read-only")))
}

/// Changes the value of an attribute. An empty value and an empty extension are removed.
fn with_value(
    document: &mut Object,
    path: &AttributePath,
    change: impl FnOnce(Option<Json>) -> Result<Option<Json>>,
) -> Result<()> {
    let Some(extension) = path.extension else {
        return with_member(document, path.attribute.name, change);
    };
    with_member(document, extension.urn, |current| {
        let mut members = match current {
            Some(Json::Object(members)) => members,
            _ => Object::new(),
        };
        with_member(&mut members, path.attribute.name, change)?;
        Ok((!members.is_empty()).then_some(Json::Object(members)))
    })
}

fn with_member(
    members: &mut Object,
    name: &str,
    change: impl FnOnce(Option<Json>) -> Result<Option<Json>>,
) -> Result<()> {
    if let Some(value) = change(members.remove(name))? {
        members.insert(name.to_owned(), value);
    }
    Ok(())
}

/// Changes the list of a multi-valued attribute.
fn with_list(
    document: &mut Object,
    path: &AttributePath,
    change: impl FnOnce(&mut Vec<Json>) -> Result<()>,
) -> Result<()> {
    with_value(document, path, |current| {
        let mut list = match current {
            Some(Json::Array(items)) => items,
            Some(value) => vec![value],
            None => Vec::new(),
        };
        change(&mut list)?;
        Ok((!list.is_empty()).then_some(Json::Array(list)))
    })
}

/// The value of a single-valued attribute after a change of it or of its sub-attribute.
fn set(path: &AttributePath, current: Option<Json>, value: Option<Json>) -> Option<Json> {
    let Some(sub) = path.sub else { return value };
    let mut members = match current {
        Some(Json::Object(members)) => members,
        _ => Object::new(),
    };
    if sub.name == "value" && members.get(sub.name) != value.as_ref() {
        // The URI is that of the value before.
        members.remove("$ref");
    }
    match value {
        Some(value) => drop(members.insert(sub.name.to_owned(), value)),
        None => drop(members.remove(sub.name)),
    }
    (!members.is_empty()).then_some(Json::Object(members))
}
