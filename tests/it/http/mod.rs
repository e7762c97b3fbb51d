//! The HTTP level, below every dialect.

mod forwarded_headers;
mod framing;
mod handlers;
mod large_responses;
mod listeners;
mod request_bodies;
mod reverse_proxies;
mod smuggling;
