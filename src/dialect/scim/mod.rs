//! SCIM 2.0 (RFC 7643, 7644, 9865): identity providers create and change users and groups.

mod coercion;
mod document;
mod filter;
mod instant;
mod patch;
mod path;
mod problem;
mod projection;
#[cfg(test)]
mod samples;
mod schema;
mod sort;
