//! Rollbook keeps an organisation's users, groups and memberships in one SQLite file and answers the REST
//! dialects that scripts and client libraries already speak.

pub mod dialect;
pub mod directory;
pub mod http;
pub mod model;
pub mod server;
pub mod store;
