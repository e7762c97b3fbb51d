//! Many clients, many connections, and the limits of memory.

mod cache_limits;
mod connection_limits;
mod disconnects;
mod full_server;
mod large_requests;
mod many_clients;
mod races;
mod scim_filters;
mod slow_clients;
