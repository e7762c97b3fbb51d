//! The OpenAPI 3.1 document of everything that is served, composed of the parts of the route tables.

mod compose;
mod document;
mod part;
#[cfg(test)]
mod tests;

pub(super) use compose::Description;
pub(super) use document::{Document, handle, is_served, openapi_part};
pub(super) use part::OpenApiPart;
