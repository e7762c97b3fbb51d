//! The vendors' client libraries, and the examples.

mod examples;
pub mod libraries;
