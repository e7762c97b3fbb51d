//! Attributes of all resources (RFC 7643, 3.1). No schema declares them.

use super::attribute::{Attribute, Returned};

/// The key `schemas` of a document, `id`, `externalId` and `meta`.
pub(in crate::dialect::scim) static COMMON: [Attribute; 4] = [
    // Clients write URNs in any case.
    Attribute::reference("schemas", &["uri"], "URNs of the schemas of the resource")
        .any_case()
        .multi_valued()
        .read_only()
        .returned(Returned::Always),
    Attribute::string("id", "Identifier that the server has chosen")
        .case_exact()
        .read_only()
        .unique()
        .returned(Returned::Always),
    Attribute::string("externalId", "Identifier that the client has chosen").case_exact(),
    Attribute::complex("meta", META, "Facts about the resource").read_only(),
];

const META: &[Attribute] = &[
    Attribute::string("resourceType", "Name of the resource type").case_exact().read_only(),
    Attribute::date_time("created", "Time of the creation").read_only(),
    Attribute::date_time("lastModified", "Time of the last change").read_only(),
    Attribute::reference("location", &["uri"], "URI of the resource").read_only(),
    Attribute::string("version", "Entity tag of the resource").case_exact().read_only(),
];
