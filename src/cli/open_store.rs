//! Opening the database, and its first contents.

use super::first_start::FirstStart;
use crate::directory::Passwords;
use crate::settings::Database;
use crate::store::{OpenOutcome, Store};

/// Opens the database, and fills a new one.
pub(super) fn open(database: &Database, readers: usize, passwords: &Passwords) -> anyhow::Result<(Store, OpenOutcome)> {
    let (store, found) = Store::open(&database.db, readers)?;
    if let Some(first) = FirstStart::of(&store, database, None)? {
        first.fill(&store, passwords)?;
    }
    Ok((store, found))
}
