//! Fragments that fuzzed requests are made of.

pub mod credentials;
pub mod documents;
pub mod framing;
pub mod scim;
pub mod targets;
