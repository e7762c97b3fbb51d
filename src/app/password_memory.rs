//! The background thread that releases the working memory of password hashes.

use crate::background::Background;
use crate::directory::Passwords;
use anyhow::Context as _;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// Memory that no computation has used for that time is released.
const UNUSED_TIME: Duration = Duration::from_secs(10);
const RELEASE_INTERVAL: Duration = Duration::from_secs(5);

/// Starts the thread.
pub(super) fn start_releasing_memory(passwords: Arc<Passwords>) -> anyhow::Result<Background> {
    let work = move |ended: &Receiver<()>| {
        while ended.recv_timeout(RELEASE_INTERVAL) == Err(RecvTimeoutError::Timeout) {
            passwords.release_memory(UNUSED_TIME);
        }
    };
    Background::start("passwords", work).context("start the thread that releases memory of password hashes")
}
