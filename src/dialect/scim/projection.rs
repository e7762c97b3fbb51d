//! The choice of attributes in responses: `attributes` and `excludedAttributes` (RFC 7644, 3.9).

use super::path::{AttributePath, Named, resolve};
use super::problem::{Problem, Result, ScimType};
use super::schema::{ResourceType, Returned};
use crate::json::{Json, Object};

/// The attributes that a response shows. `id` and `schemas` are always shown, `password` never.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Projection {
    resource_type: &'static ResourceType,
    choice: Choice,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Choice {
    All,
    Only(Vec<Named>),
    Without(Vec<Named>),
}

impl Projection {
    /// All attributes.
    #[cfg(test)]
    pub(super) fn everything(resource_type: &'static ResourceType) -> Projection {
        Projection { resource_type, choice: Choice::All }
    }

    /// Reads the parameters of a query: lists with commas. Unknown attributes are ignored.
    ///
    /// # Errors
    /// `invalidValue` when both lists are given.
    pub(super) fn of_query(
        attributes: Option<&str>,
        excluded: Option<&str>,
        resource_type: &'static ResourceType,
    ) -> Result<Projection> {
        Projection::new(&names(attributes.unwrap_or("")), &names(excluded.unwrap_or("")), resource_type)
    }

    /// Reads the members of a search request: lists of names, or texts as in a query. Unknown attributes are ignored.
    ///
    /// # Errors
    /// `invalidValue` when both lists are given, or one is something else.
    pub(super) fn of_body(
        attributes: Option<&Json>,
        excluded: Option<&Json>,
        resource_type: &'static ResourceType,
    ) -> Result<Projection> {
        Projection::new(&names_in(attributes)?, &names_in(excluded)?, resource_type)
    }

    fn new(attributes: &[&str], excluded: &[&str], resource_type: &'static ResourceType) -> Result<Projection> {
        let named = |names: &[&str]| names.iter().filter_map(|name| resolve(name, resource_type).ok()).collect();
        let choice = match (attributes, excluded) {
            ([], []) => Choice::All,
            (attributes, []) => Choice::Only(named(attributes)),
            ([], excluded) => Choice::Without(named(excluded)),
            _ => {
                let detail = "attributes and excludedAttributes exclude each other";
                return Err(Problem::new(ScimType::InvalidValue, detail));
            }
        };
        Ok(Projection { resource_type, choice })
    }

    /// True if all attributes are shown because the request names none.
    pub(super) fn is_everything(&self) -> bool {
        self.choice == Choice::All
    }

    /// True if the response shows a part of the core attribute of that name, such as `members`.
    pub(super) fn shows(&self, attribute: &str) -> bool {
        match &self.choice {
            Choice::All => true,
            Choice::Only(named) => named.iter().any(|named| match named {
                Named::Core => true,
                Named::Attribute(path) => path.extension.is_none() && path.attribute.name == attribute,
                Named::Extension(_) => false,
            }),
            Choice::Without(named) => !named.iter().any(|named| match named {
                Named::Core => true,
                Named::Attribute(path) => {
                    path.extension.is_none() && path.sub.is_none() && path.attribute.name == attribute
                }
                Named::Extension(_) => false,
            }),
        }
    }

    /// Removes from a document in canonical form all that the response does not show.
    pub(super) fn apply(&self, document: &mut Object) {
        let returned = |name: &str| self.resource_type.attribute(name).map(|attribute| attribute.returned);
        document.retain(|name, _| returned(name) != Some(Returned::Never));
        match &self.choice {
            Choice::All => {}
            Choice::Only(chosen) => document.retain(|name, value| {
                returned(name) == Some(Returned::Always) || self.keep_chosen(chosen, name, value)
            }),
            Choice::Without(excluded) => document.retain(|name, value| {
                returned(name) == Some(Returned::Always) || !self.remove_excluded(excluded, name, value)
            }),
        }
    }

    /// Reduces a member of a document to its chosen parts. False if there are none.
    fn keep_chosen(&self, chosen: &[Named], name: &str, value: &mut Json) -> bool {
        if let Some(extension) = self.resource_type.extension(name) {
            if chosen.contains(&Named::Extension(extension)) {
                return true;
            }
            let Json::Object(members) = value else { return false };
            let paths: Vec<&AttributePath> = paths(chosen).filter(|path| path.extension == Some(extension)).collect();
            members.retain(|name, value| keep_parts(&paths, name, value));
            return !members.is_empty();
        }
        let paths: Vec<&AttributePath> = paths(chosen).filter(|path| path.extension.is_none()).collect();
        chosen.contains(&Named::Core) || keep_parts(&paths, name, value)
    }

    /// Removes the excluded parts of a member of a document. True if nothing is left of it.
    fn remove_excluded(&self, excluded: &[Named], name: &str, value: &mut Json) -> bool {
        if let Some(extension) = self.resource_type.extension(name) {
            if excluded.contains(&Named::Extension(extension)) {
                return true;
            }
            let Json::Object(members) = value else { return false };
            let paths: Vec<&AttributePath> = paths(excluded).filter(|path| path.extension == Some(extension)).collect();
            members.retain(|name, value| !remove_parts(&paths, name, value));
            return members.is_empty();
        }
        let is_core = excluded.contains(&Named::Core) && self.resource_type.schema.attribute(name).is_some();
        let paths: Vec<&AttributePath> = paths(excluded).filter(|path| path.extension.is_none()).collect();
        is_core || remove_parts(&paths, name, value)
    }
}

fn paths(named: &[Named]) -> impl Iterator<Item = &AttributePath> {
    named.iter().filter_map(|named| match named {
        Named::Attribute(path) => Some(path),
        Named::Extension(_) | Named::Core => None,
    })
}

/// Reduces the value of an attribute to the sub-attributes that the paths name, or to all. False if there are none.
fn keep_parts(paths: &[&AttributePath], name: &str, value: &mut Json) -> bool {
    let mut paths = paths.iter().filter(|path| path.attribute.name == name).peekable();
    if paths.peek().is_none() {
        return false;
    }
    let subs: Option<Vec<&str>> = paths.map(|path| path.sub.map(|sub| sub.name)).collect();
    match subs {
        None => true,
        Some(subs) => retain_sub_attributes(value, |name| subs.contains(&name)),
    }
}

/// Removes the sub-attributes that the paths name. True if nothing is left.
fn remove_parts(paths: &[&AttributePath], name: &str, value: &mut Json) -> bool {
    let mut paths = paths.iter().filter(|path| path.attribute.name == name).peekable();
    if paths.peek().is_none() {
        return false;
    }
    let subs: Option<Vec<&str>> = paths.map(|path| path.sub.map(|sub| sub.name)).collect();
    match subs {
        None => true,
        Some(subs) => !retain_sub_attributes(value, |name| !subs.contains(&name)),
    }
}

/// Removes sub-attributes of a value, or of each element of a list. False if nothing is left.
fn retain_sub_attributes(value: &mut Json, is_kept: impl Fn(&str) -> bool) -> bool {
    let retain = |value: &mut Json| match value {
        Json::Object(members) => {
            members.retain(|name, _| is_kept(name));
            !members.is_empty()
        }
        _ => true,
    };
    match value {
        Json::Array(items) => {
            items.retain_mut(retain);
            !items.is_empty()
        }
        value => retain(value),
    }
}

/// The names of a list with commas, without filters in brackets: `userName,emails[type eq "work"].value`.
fn names(list: &str) -> Vec<&str> {
    split(list).into_iter().map(without_filter).filter(|name| !name.is_empty()).collect()
}

/// Splits a list at its commas outside of brackets and quotes.
fn split(list: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut is_quoted) = (Vec::new(), 0, 0_usize, false);
    for (at, byte) in list.bytes().enumerate() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'[' if !is_quoted => depth += 1,
            b']' if !is_quoted => depth = depth.saturating_sub(1),
            b',' if !is_quoted && depth == 0 => {
                parts.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&list[start..]);
    parts
}

/// The name of an attribute without a filter and a sub-attribute after it.
fn without_filter(name: &str) -> &str {
    name.split('[').next().unwrap_or(name).trim()
}

/// The names in a member of a search request.
fn names_in(list: Option<&Json>) -> Result<Vec<&str>> {
    let invalid = || Problem::new(ScimType::InvalidValue, "a list of attributes has to be a list of strings");
    match list {
        None | Some(Json::Null) => Ok(Vec::new()),
        Some(Json::String(list)) => Ok(names(list)),
        Some(Json::Array(items)) => {
            let texts = items.iter().map(|item| item.as_str().ok_or_else(invalid)).collect::<Result<Vec<_>>>()?;
            Ok(texts.into_iter().flat_map(names).collect())
        }
        Some(_) => Err(invalid()),
    }
}

#[cfg(test)]
mod tests;
