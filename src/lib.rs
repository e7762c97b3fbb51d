//! Rollbook keeps an organisation's users, groups and memberships in one SQLite file and answers the REST
//! dialects that scripts and client libraries already speak.
//!
//! # The code map
//! [`model`] has the nouns, [`directory`] the verbs, [`store`] the rows, [`dialect`] the wires, [`server`] the
//! sockets; each knows only those below it. [`http`] holds requests and responses as plain values, [`config`] the
//! settings, [`command`] the subcommands, [`operator`] what they ask of a directory, [`logging`] the way of a log line,
//! [`metrics`] the page that tells how it goes, [`json`] JSON from outside as a tree. [`exchange`] reads and writes
//! users and groups in files, and knows none of these but the nouns; [`pull`] reads them from other servers.
//!
//! # A request's way
//! 1. A connection's thread reads one head, within limits and deadlines (`server`).
//! 2. The prefix of the path picks the dialect; segments are split first and decoded once after (`dialect`).
//! 3. The dialect's `auth` names the caller (`directory::Access`, mostly from memory), and lets the request in, which
//!    reads its body (`http::Request::admit`).
//! 4. The handler turns query and body into `model` values.
//! 5. It calls a verb of the `directory`: rules, permissions, what is not found.
//! 6. A read runs on a read connection; a write is one closure, run by the writer's thread, or in the caller's own
//!    while nobody else writes, and answered after the commit that carries it (`store`).
//! 7. The handler encodes; an error goes through the dialect's `error`. One line is logged, and the request is counted.

mod cache;
pub mod command;
pub mod config;
pub mod dialect;
pub mod directory;
pub mod exchange;
pub mod http;
pub mod json;
mod lock;
pub mod logging;
pub mod metrics;
pub mod model;
pub mod operator;
pub mod pull;
#[cfg(test)]
#[path = "../tests/it/random.rs"]
#[allow(dead_code, reason = "other tests choose with more of it")]
mod random;
pub mod server;
mod service;
pub mod store;
