//! The SCIM dialect: identity providers that use it.

mod providers;
