//! Code that tests share: servers, clients, the command line, and the rows of the database file.

pub mod admin_socket;
pub mod browser;
pub mod busy_connection;
pub mod changes;
pub mod cli;
pub mod client;
pub mod client_tools;
pub mod database;
pub mod datadog;
mod durations;
pub mod folder;
pub mod handler;
pub mod held_sync;
pub mod memory;
pub mod metrics;
pub mod nuxeo;
pub mod openapi;
pub mod resource_guard;
pub mod rng;
pub mod server;
pub mod terminal;
pub mod tools;
pub mod ui;
pub mod wait;
