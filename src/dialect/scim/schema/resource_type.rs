//! Schemas and resource types.

use super::attribute::{Attribute, find};
use super::common::COMMON;

/// A schema: a URN and its attributes.
#[derive(Debug)]
pub(in crate::dialect::scim) struct Schema {
    pub(in crate::dialect::scim) urn: &'static str,
    pub(in crate::dialect::scim) name: &'static str,
    pub(in crate::dialect::scim) description: &'static str,
    pub(in crate::dialect::scim) attributes: &'static [Attribute],
}

/// Schemas are equal if they are the same one.
impl PartialEq for Schema {
    fn eq(&self, other: &Schema) -> bool {
        self.urn == other.urn
    }
}

impl Eq for Schema {}

impl Schema {
    /// The attribute of that name, in any ASCII case.
    pub(in crate::dialect::scim) fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        find(self.attributes, name)
    }
}

/// A type of resource: its endpoint, its schema and the extensions of it.
#[derive(Debug)]
pub(in crate::dialect::scim) struct ResourceType {
    pub(in crate::dialect::scim) name: &'static str,
    pub(in crate::dialect::scim) endpoint: &'static str,
    pub(in crate::dialect::scim) description: &'static str,
    pub(in crate::dialect::scim) schema: &'static Schema,
    pub(in crate::dialect::scim) extensions: &'static [&'static Schema],
}

/// Resource types are equal if they are the same one.
impl PartialEq for ResourceType {
    fn eq(&self, other: &ResourceType) -> bool {
        self.name == other.name
    }
}

impl Eq for ResourceType {}

impl ResourceType {
    /// The core attribute of that name, or the attribute that all resources have, in any ASCII case.
    pub(in crate::dialect::scim) fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.schema.attribute(name).or_else(|| find(&COMMON, name))
    }

    /// The extension of that URN, in any ASCII case.
    pub(in crate::dialect::scim) fn extension(&self, urn: &str) -> Option<&'static Schema> {
        self.extensions.iter().copied().find(|schema| schema.urn.eq_ignore_ascii_case(urn))
    }
}
