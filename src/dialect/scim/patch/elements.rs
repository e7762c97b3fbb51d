//! Changes of the elements of multi-valued attributes.

use super::operation::{ElementsChange, Verb};
use crate::dialect::scim::coercion::{check_element, is_primary, two_primaries};
use crate::dialect::scim::path::AttributePath;
use crate::dialect::scim::problem::{Problem, Result, ScimType};
use crate::dialect::scim::schema::{Attribute, Mutability};
use crate::json::{Json, Object};
use std::collections::{HashMap, HashSet};

/// Adds elements. An element of the same value and type, if the client gives one, gets the other sub-attributes instead.
pub(super) fn add(path: &AttributePath, list: &mut Vec<Json>, items: &[Json]) -> Result<()> {
    let mut places: HashMap<Key, usize> = HashMap::new();
    for (index, element) in list.iter().enumerate() {
        for key in keys(element) {
            places.entry(key).or_insert(index);
        }
    }
    for item in items {
        let index = match places.get(&key(path, item)) {
            Some(index) => {
                add_parts(path, &mut list[*index], item);
                *index
            }
            None => {
                list.push(item.clone());
                list.len() - 1
            }
        };
        for key in keys(item) {
            places.entry(key).or_insert(index);
        }
        if is_primary(item) {
            settle_primary(path, list, &[index])?;
        }
    }
    Ok(())
}

/// Sets the sub-attributes of an element that is there already, except those that cannot change: the same member may be sent
/// with another form of its URI.
fn add_parts(path: &AttributePath, element: &mut Json, item: &Json) {
    let (Json::Object(current), Json::Object(members)) = (element, item) else { return };
    for (name, value) in members {
        let is_fixed = path.attribute.sub_attribute(name).is_none_or(|sub| sub.mutability == Mutability::Immutable);
        if !is_fixed || !current.contains_key(name) {
            current.insert(name.clone(), value.clone());
        }
    }
}

/// Removes the elements that are listed, or all. An element without a value is one that has all that the client gives.
pub(super) fn remove(path: &AttributePath, list: &mut Vec<Json>, items: Option<&[Json]>) {
    let Some(items) = items else { return list.clear() };
    let (known, described): (Vec<&Json>, Vec<&Json>) = items.iter().partition(|item| item.get("value").is_some());
    let known: HashSet<Key> = known.into_iter().map(|item| key(path, item)).collect();
    let is_part = |item: &Json, element: &Json| match item {
        Json::Object(members) => members.iter().all(|(name, value)| element.get(name) == Some(value)),
        item => item == element,
    };
    list.retain(|element| {
        !keys(element).any(|key| known.contains(&key)) && !described.iter().any(|item| is_part(item, element))
    });
}

/// A value and its type, or the text of an element without a value.
type Key = (String, Option<String>);

/// The key of the element that a client describes: its value and, if the client gives one, its type. A member of a group is
/// known by its value alone. An element without a value is the whole.
fn key(path: &AttributePath, item: &Json) -> Key {
    let (value, kind) = described(item);
    (value, kind.filter(|_| path.attribute.name != "members"))
}

/// The keys by which a client can describe an element.
fn keys(element: &Json) -> impl Iterator<Item = Key> {
    let (value, kind) = described(element);
    let typed = kind.map(|kind| (value.clone(), Some(kind)));
    typed.into_iter().chain([(value, None)])
}

fn described(element: &Json) -> (String, Option<String>) {
    let text = |name: &str| element.get(name).and_then(Json::as_str).map(str::to_owned);
    match text("value") {
        Some(value) => (value, text("type")),
        None => (element.to_string(), None),
    }
}

/// Changes the elements that the filter matches.
pub(super) fn change(change: &ElementsChange, list: &mut Vec<Json>) -> Result<()> {
    let is_match = |element: &Json| change.filter.as_ref().is_none_or(|filter| filter.matches(element));
    let matched: Vec<usize> = (0..list.len()).filter(|index| is_match(&list[*index])).collect();
    if matched.is_empty() {
        return without_match(change, list);
    }
    for index in &matched {
        change_one(change, &mut list[*index])?;
    }
    settle_primary(&change.path, list, &matched)?;
    list.retain(|element| !is_empty(element));
    Ok(())
}

fn change_one(change: &ElementsChange, element: &mut Json) -> Result<()> {
    match (change.verb, change.sub, &change.value) {
        (Verb::Remove, None, _) | (Verb::Replace, None, None) => *element = Json::Null,
        (Verb::Add, None, None) => {}
        (Verb::Replace, None, Some(value)) => element.clone_from(value),
        (Verb::Add, None, Some(value)) => merge(&change.path, element, value)?,
        (_, Some(sub), value) => set(&change.path, element, sub, value.as_ref())?,
    }
    if is_empty(element) { Ok(()) } else { check_element(&change.path, element) }
}

/// An `add` whose filter is a conjunction of `eq` creates the element that it describes, as Microsoft's clients expect.
fn without_match(change: &ElementsChange, list: &mut Vec<Json>) -> Result<()> {
    if change.verb == Verb::Remove {
        return Ok(());
    }
    let described = match &change.filter {
        None => Some(Vec::new()),
        Some(filter) if change.verb == Verb::Add => filter.equalities(),
        Some(_) => None,
    };
    let Some(described) = described else {
        let detail = format!("no element of {} matches the filter", change.path);
        return Err(Problem::new(ScimType::NoTarget, detail));
    };
    if change.value.is_none() {
        return Ok(());
    }
    let members: Object = described.into_iter().map(|(sub, value)| (sub.name.to_owned(), value)).collect();
    let mut element = Json::Object(members);
    match (change.sub, &change.value) {
        (Some(sub), value) => set(&change.path, &mut element, sub, value.as_ref())?,
        (None, Some(value)) => merge(&change.path, &mut element, value)?,
        (None, None) => {}
    }
    check_element(&change.path, &element)?;
    let index = list.len();
    list.push(element);
    settle_primary(&change.path, list, &[index])
}

/// Sets the sub-attributes of an element.
fn merge(path: &AttributePath, element: &mut Json, item: &Json) -> Result<()> {
    let Json::Object(members) = item else { return Ok(()) };
    for (name, value) in members {
        match path.attribute.sub_attribute(name) {
            Some(sub) => set(path, element, sub, Some(value))?,
            None => continue,
        }
    }
    Ok(())
}

/// Sets a sub-attribute of an element. `None` removes it.
fn set(path: &AttributePath, element: &mut Json, sub: &'static Attribute, value: Option<&Json>) -> Result<()> {
    let Json::Object(members) = element else { return Ok(()) };
    let current = members.get(sub.name);
    if sub.mutability == Mutability::Immutable && current.is_some() && current != value {
        let path = AttributePath { sub: Some(sub), ..*path };
        return Err(Problem::new(ScimType::Mutability, format!("{path} cannot change in an element")));
    }
    match value {
        Some(value) => drop(members.insert(sub.name.to_owned(), value.clone())),
        None => drop(members.remove(sub.name)),
    }
    Ok(())
}

/// Leaves at most one primary element: the changed one, if the change has made it primary.
fn settle_primary(path: &AttributePath, list: &mut [Json], changed: &[usize]) -> Result<()> {
    let primary: Vec<usize> = (0..list.len()).filter(|index| is_primary(&list[*index])).collect();
    if primary.len() < 2 {
        return Ok(());
    }
    let mut kept = primary.iter().filter(|index| changed.contains(index));
    let (Some(kept), None) = (kept.next(), kept.next()) else { return Err(two_primaries(path)) };
    for index in primary.iter().filter(|index| *index != kept) {
        if let Json::Object(members) = &mut list[*index] {
            members.insert("primary".to_owned(), Json::Bool(false));
        }
    }
    Ok(())
}

fn is_empty(element: &Json) -> bool {
    match element {
        Json::Null => true,
        Json::Object(members) => members.is_empty(),
        _ => false,
    }
}
