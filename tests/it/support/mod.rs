//! Code that tests share: servers, clients, the command line, and the rows of the database file.

pub mod database;
pub mod durations;
pub mod harness;
pub mod resource_guard;
pub mod rng;
