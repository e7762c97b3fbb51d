//! Many clients, many connections, and the limits of memory.

mod cache_limits;
mod connection_limits;
mod disconnects;
mod many_clients;
