//! The part of the OpenAPI document that belongs to one route table.

use crate::dialect::route::PathMethods;

/// The operations below one prefix.
pub(in crate::dialect) struct OpenApiPart {
    /// A JSON object, see `PartFile`.
    pub(in crate::dialect) text: &'static str,
    /// Every path of the table, with its methods and variants.
    pub(in crate::dialect) paths: Vec<PathMethods>,
}
