//! The Group (RFC 7643, 4.2).

use super::attribute::{Attribute, Mutability};
use super::resource_type::{ResourceType, Schema};

/// Groups.
pub(in crate::dialect::scim) static GROUP: ResourceType = ResourceType {
    name: "Group",
    endpoint: "/Groups",
    description: "Group of users and groups",
    schema: &GROUP_SCHEMA,
    extensions: &[],
};

/// The core schema of groups.
pub(in crate::dialect::scim) static GROUP_SCHEMA: Schema = Schema {
    urn: "urn:ietf:params:scim:schemas:core:2.0:Group",
    name: "Group",
    description: "Group of users and groups",
    attributes: &[
        // RFC 7643 declares no uniqueness. The server refuses a second group of one name.
        Attribute::string("displayName", "Name of the group, unique in any case").required().unique(),
        Attribute::complex("members", MEMBER, "Members of the group").multi_valued(),
    ],
};

const MEMBER: &[Attribute] = &[
    Attribute::string("value", "Identifier of the member").case_exact().mutability(Mutability::Immutable),
    Attribute::reference("$ref", &["User", "Group"], "URI of the member").mutability(Mutability::Immutable),
    Attribute::string("type", "Kind of the member").values(&["User", "Group"]).mutability(Mutability::Immutable),
    // Not in the schema that RFC 7643 prints. Clients send it and expect it back.
    Attribute::string("display", "Name of the member, as the client has sent it"),
];
