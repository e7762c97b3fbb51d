//! Opening the database.

use super::first_start::FirstStart;
use crate::directory::Passwords;
use crate::logging;
use crate::settings::Database;
use crate::store::{OpenOutcome, Store};

/// Opens the database; a new database gets its first contents.
pub(super) fn open(database: &Database, readers: usize, passwords: &Passwords) -> anyhow::Result<(Store, OpenOutcome)> {
    let (store, found) = Store::open(&database.db, readers)?;
    if let Some(first) = FirstStart::of(&store, database, None)? {
        first.fill(&store, passwords)?;
    }
    Ok((store, found))
}

/// Starts the log on standard error.
pub(super) fn start_logging(database: &Database) {
    logging::start(database.log, database.log_format);
}
