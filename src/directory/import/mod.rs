//! Imports batches of users, groups and memberships for an operator.

mod batch;
mod items;
mod members;
mod passwords;
mod verbs;

pub use items::{Conflict, ImportOptions, ImportOutcome, ImportPosition, Imported, ImportedUser, Item};
