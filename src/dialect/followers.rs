//! Commands that follow the audit log through the admin socket (`log --follow`).

use std::sync::atomic::{AtomicUsize, Ordering};

/// Commands that may follow at a time. The admin socket has twice as many connections, so that followers do not keep
/// other commands out.
pub(super) const FOLLOWERS_MAX: usize = 64;

/// The number of commands that follow.
#[derive(Default)]
pub(super) struct Followers(AtomicUsize);

/// A command that follows, counted until it is dropped.
pub(super) struct Follower<'f>(&'f AtomicUsize);

impl Followers {
    /// Counts another command; `None` at the limit.
    pub(super) fn enter(&self) -> Option<Follower<'_>> {
        let follower = Follower(&self.0);
        // At the limit the drop takes the addition back at once.
        (self.0.fetch_add(1, Ordering::AcqRel) < FOLLOWERS_MAX).then_some(follower)
    }
}

impl Drop for Follower<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
