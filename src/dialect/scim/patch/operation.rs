//! The operations of a PATCH with resolved paths and canonical values.

use crate::dialect::scim::filter::ElementFilter;
use crate::dialect::scim::path::AttributePath;
use crate::dialect::scim::schema::{Attribute, Schema};
use crate::json::Json;

/// The verb of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Add,
    Replace,
    Remove,
}

impl Verb {
    /// The verb of that name, in any ASCII case.
    pub(super) fn of(name: &str) -> Option<Verb> {
        match name {
            name if name.eq_ignore_ascii_case("add") => Some(Verb::Add),
            name if name.eq_ignore_ascii_case("replace") => Some(Verb::Replace),
            name if name.eq_ignore_ascii_case("remove") => Some(Verb::Remove),
            _ => None,
        }
    }
}

/// One step of a PATCH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// Gives a single-valued attribute, or its sub-attribute, a value. `None` clears it.
    Set(AttributePath, Option<Json>),
    /// Adds elements to a multi-valued attribute.
    Add(AttributePath, Vec<Json>),
    /// Replaces all elements of a multi-valued attribute.
    Replace(AttributePath, Vec<Json>),
    /// Removes the listed elements of a multi-valued attribute. `None` removes all.
    Remove(AttributePath, Option<Vec<Json>>),
    /// Changes some elements of a multi-valued attribute.
    Elements(ElementsChange),
    /// Clears all attributes of an extension.
    ClearExtension(&'static Schema),
    /// Requires that a read-only attribute has that value already.
    Expect(AttributePath, Json),
}

/// A change of the elements of a multi-valued attribute that a filter matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ElementsChange {
    pub(super) verb: Verb,
    /// The multi-valued attribute.
    pub(super) path: AttributePath,
    /// Without a filter, all elements.
    pub(super) filter: Option<ElementFilter>,
    /// The sub-attribute that is changed. `None` changes the whole element.
    pub(super) sub: Option<&'static Attribute>,
    /// The value. `None` clears it.
    pub(super) value: Option<Json>,
}
