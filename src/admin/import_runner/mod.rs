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
#[cfg(test)]
mod tests;
mod withheld;

pub use observer::ImportObserver;
pub use options::{GroupMapping, ImportRunOptions, PasswordRule};
pub use runner::{ImportTarget, run_import};
pub use source::ImportSource;
pub use summary::ImportSummary;
