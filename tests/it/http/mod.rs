//! The HTTP level, below every dialect.

mod forwarded_headers;
mod framing;
pub mod handlers;
mod large_responses;
pub mod listeners;
pub mod request_bodies;
mod reverse_proxies;
mod smuggling;
