//! The documents of schemas and resource types (RFC 7643, 6 and 7).

use super::attribute::{Attribute, Kind};
use super::resource_type::{ResourceType, Schema};
use crate::json::{self, JsonText};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SchemaDocument {
    schemas: [&'static str; 1],
    id: &'static str,
    name: &'static str,
    description: &'static str,
    attributes: Vec<AttributeDocument>,
    meta: Meta,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    resource_type: &'static str,
    location: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AttributeDocument {
    name: &'static str,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sub_attributes: Vec<AttributeDocument>,
    multi_valued: bool,
    description: &'static str,
    required: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    canonical_values: &'static [&'static str],
    /// Of texts only.
    #[serde(skip_serializing_if = "Option::is_none")]
    case_exact: Option<bool>,
    mutability: &'static str,
    returned: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    uniqueness: Option<&'static str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    reference_types: &'static [&'static str],
}

impl From<&Attribute> for AttributeDocument {
    fn from(attribute: &Attribute) -> AttributeDocument {
        let is_text = !matches!(attribute.kind, Kind::Boolean | Kind::Complex | Kind::DateTime);
        AttributeDocument {
            name: attribute.name,
            r#type: attribute.kind.name(),
            sub_attributes: attribute.sub_attributes.iter().map(AttributeDocument::from).collect(),
            multi_valued: attribute.is_multi_valued,
            description: attribute.description,
            required: attribute.is_required,
            canonical_values: attribute.canonical_values,
            case_exact: is_text.then_some(attribute.is_case_exact),
            mutability: attribute.mutability.name(),
            returned: attribute.returned.name(),
            uniqueness: (attribute.kind != Kind::Boolean).then(|| attribute.uniqueness.name()),
            reference_types: attribute.reference_types,
        }
    }
}

impl Schema {
    /// The document of the schema. `base` is the URL of the dialect, without a slash at its end.
    pub(in crate::dialect::scim) fn document(&self, base: &str) -> JsonText {
        JsonText::stored(json::to_string(&SchemaDocument {
            schemas: ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
            id: self.urn,
            name: self.name,
            description: self.description,
            attributes: self.attributes.iter().map(AttributeDocument::from).collect(),
            meta: Meta { resource_type: "Schema", location: format!("{base}/Schemas/{}", self.urn) },
        }))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceTypeDocument {
    schemas: [&'static str; 1],
    id: &'static str,
    name: &'static str,
    endpoint: &'static str,
    description: &'static str,
    schema: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    schema_extensions: Vec<Extension>,
    meta: Meta,
}

#[derive(Serialize)]
struct Extension {
    schema: &'static str,
    required: bool,
}

impl ResourceType {
    /// The document of the resource type. `base` is the URL of the dialect, without a slash at its end.
    pub(in crate::dialect::scim) fn document(&self, base: &str) -> JsonText {
        JsonText::stored(json::to_string(&ResourceTypeDocument {
            schemas: ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            id: self.name,
            name: self.name,
            endpoint: self.endpoint,
            description: self.description,
            schema: self.schema.urn,
            schema_extensions: self
                .extensions
                .iter()
                .map(|extension| Extension { schema: extension.urn, required: false })
                .collect(),
            meta: Meta { resource_type: "ResourceType", location: format!("{base}/ResourceTypes/{}", self.name) },
        }))
    }
}
