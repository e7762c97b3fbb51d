//! The SCIM dialect: its callers, lists and bulk requests, identity providers that use it, and tools that check it.

mod bad_input;
mod bad_requests;
mod bulk;
mod callers;
mod cross_dialect;
mod lists;
mod providers;
mod provisioners;
mod tools;
mod versions;
