//! The wires: HTTP dialects, and the router that finds the dialect of a path. A dialect is one folder here and one line
//! in `DIALECTS`.

mod admin_socket;
mod basic_auth;
mod bearer_auth;
mod call;
mod context;
mod datadog;
mod followers;
mod health;
mod json_list;
mod mounts;
mod nuxeo;
mod openapi;
mod plain;
mod preconditions;
mod problem;
mod request_body;
mod response_cache;
mod rollbook;
mod route;
mod router;
mod scim;
mod ui;

pub use context::{Context, Metrics, ScimOptions};
pub use mounts::{Dialect, check_prefix, is_same_prefix};
pub use router::Router;

/// Every dialect.
pub const DIALECTS: [Dialect; 5] = [datadog::DIALECT, nuxeo::DIALECT, rollbook::DIALECT, scim::DIALECT, ui::DIALECT];
