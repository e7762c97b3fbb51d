//! The HTTP level, below every dialect.

mod answers;
mod connections;
mod forwarded_headers;
mod framing;
mod handlers;
mod heads;
mod large_responses;
mod limits;
mod listeners;
mod request_bodies;
mod reverse_proxies;
mod shutdown;
mod smuggling;
mod timeouts;
