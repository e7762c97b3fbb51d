//! The vendors' client libraries, the examples, and the documents.

mod documents;
mod examples;
mod libraries;
pub mod pages;
