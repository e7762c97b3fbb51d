//! The vendors' client libraries, and the examples.

mod examples;
mod libraries;
