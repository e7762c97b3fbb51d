//! The attributes of users and groups as tables. Bodies, filters, PATCH, projections and `/Schemas` follow them.

mod attribute;
mod common;
mod documents;
mod group;
mod resource_type;
mod user;

pub(super) use attribute::{Attribute, Kind, Mutability, Returned};
pub(super) use group::{GROUP, GROUP_SCHEMA};
pub(super) use resource_type::{ResourceType, Schema};
pub(super) use user::{ENTERPRISE_USER_SCHEMA, USER, USER_SCHEMA};

/// All resource types.
pub(super) static RESOURCE_TYPES: [&ResourceType; 2] = [&USER, &GROUP];

/// All schemas of resources.
pub(super) static SCHEMAS: [&Schema; 3] = [&USER_SCHEMA, &GROUP_SCHEMA, &ENTERPRISE_USER_SCHEMA];

#[cfg(test)]
mod tests;
