//! Rollbook's own endpoints: the changes feed.

mod change_feed;
mod change_replay;
mod change_requests;
mod restored_backup;
