//! The assembled server, for the command `serve` and for programs that embed Rollbook: its listeners, dialects and
//! background threads. Nothing here prints, handles signals or ends the process.

mod change_pruning;
mod heartbeat;
mod limits;
mod password_memory;
mod search_indexing;
pub(crate) mod secrets;
mod service;
mod settings;

pub(crate) use heartbeat::Heartbeat;
pub(crate) use service::{Service, Stop};
pub use settings::{Secrets, Settings};
