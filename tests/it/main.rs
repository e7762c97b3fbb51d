//! Black-box tests: the built program over real sockets, on real SQLite files.

mod abuse;
mod across;
mod clients;
mod command;
mod crowds;
mod cutoff;
mod datadog;
mod escalation;
mod examples;
mod faults;
mod fuzz;
mod guesses;
mod harness;
mod http;
mod matrix;
mod nuxeo_access;
mod nuxeo_groups;
mod nuxeo_users;
mod operate;
mod places;
mod random;
mod server;
mod siege;
mod smuggling;
mod state;
mod tidy;
