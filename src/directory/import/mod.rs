//! Many users, groups and memberships at a time, as an operator brings them.

mod batch;
mod items;
mod members;
mod passwords;
mod verbs;

pub use items::{Conflict, ImportOptions, ImportOutcome, ImportPosition, Imported, ImportedUser, Item};
