//! Changes of documents in canonical form.

use super::elements;
use super::operation::Change;
use crate::dialect::scim::path::AttributePath;
use crate::dialect::scim::problem::{Problem, Result, ScimType};
use crate::json::{Json, Object};

/// Comparisons of elements that take the time of one key.
const KEY_COMPARISONS: usize = 4;

/// Makes one change.
pub(super) fn apply(change: &Change, document: &mut Object) -> Result<()> {
    match change {
        Change::Set(path, value) => with_value(document, path, |current| Ok(set(path, current, value.clone()))),
        Change::Add(path, items) => with_list(document, path, |list| elements::add(path, list, items)),
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

/// The comparisons of elements that a change makes, about.
pub(super) fn comparisons(change: &Change, document: &Object) -> usize {
    let length = |path: &AttributePath| find(document, path).and_then(Json::as_array).map_or(0, <[Json]>::len);
    match change {
        Change::Set(..) | Change::ClearExtension(_) | Change::Expect(..) => 1,
        Change::Replace(_, items) => items.len(),
        Change::Add(path, items) => KEY_COMPARISONS * (length(path) + items.len()),
        Change::Remove(path, items) => {
            let items = items.as_deref().unwrap_or_default();
            let described = items.iter().filter(|item| item.get("value").is_none()).count();
            KEY_COMPARISONS * (items.len() + length(path)) + described * length(path)
        }
        Change::Elements(change) => length(&change.path) * change.filter.as_ref().map_or(1, |filter| filter.tests()),
    }
}

/// The value of the attribute of a path.
fn find<'d>(document: &'d Object, path: &AttributePath) -> Option<&'d Json> {
    match path.extension {
        Some(extension) => document.get(extension.urn)?.get(path.attribute.name),
        None => document.get(path.attribute.name),
    }
}

/// Requires that an attribute has that value already.
fn expect(document: &Object, path: &AttributePath, value: &Json) -> Result<()> {
    let whole = find(document, path);
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
