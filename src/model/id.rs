//! Identifiers.

use std::time::{SystemTime, UNIX_EPOCH};

/// A new identifier that sorts by its time (RFC 9562, 5.7), so that identifiers of one time share pages of the index.
pub fn new_uuid() -> String {
    // A clock before 1970 gives all identifiers the same time.
    let uuid = if SystemTime::now() < UNIX_EPOCH {
        uuid::Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, 0, 0))
    } else {
        uuid::Uuid::now_v7()
    };
    uuid.to_string()
}
