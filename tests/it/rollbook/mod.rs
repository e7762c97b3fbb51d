//! Rollbook's own endpoints: the changes feed.

mod change_feed;
mod change_replay;
mod restored_backup;
