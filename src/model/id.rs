//! Identifiers.

use std::time::{SystemTime, UNIX_EPOCH};

/// A new identifier that sorts by its time (RFC 9562, 5.7), so that those of one time share pages of the index.
pub fn new_uuid() -> String {
    // On a clock before 1970 the time of all is the same.
    let uuid = if SystemTime::now() < UNIX_EPOCH {
        uuid::Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, 0, 0))
    } else {
        uuid::Uuid::now_v7()
    };
    uuid.to_string()
}
