//! Imports users and groups from any input, with findings for rows that are refused, missing or incomplete. Prints
//! nothing.

mod batch_reader;
mod claims;
mod group_map;
mod observer;
mod options;
mod password;
mod runner;
mod source;
mod summary;
mod survey;
mod withheld;

pub use observer::ImportObserver;
pub use options::{GroupMapping, ImportRunOptions, PasswordRule};
pub use runner::{ImportTarget, run_import};
pub use source::Source;
pub use summary::ImportSummary;
