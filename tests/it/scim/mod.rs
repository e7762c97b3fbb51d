//! The SCIM dialect: identity providers that use it, and tools that check it.

mod providers;
mod tools;
