//! Shows whether the accepting thread of a server is at work, without the network.

use super::{Server, Shared};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The accepting thread of a server, seen from another thread.
pub struct Liveness {
    shared: Arc<Shared>,
}

impl Server {
    /// The accepting thread of this server, once it runs.
    pub fn liveness(&self) -> Liveness {
        Liveness { shared: Arc::clone(&self.shared) }
    }
}

impl Liveness {
    /// Wakes the thread, and returns its number of turns so far.
    pub fn wake(&self) -> u64 {
        let turns = self.turns();
        self.shared.waker.wake();
        turns
    }

    /// How often the thread has looked for connections and accepted those that were there.
    pub fn turns(&self) -> u64 {
        self.shared.turns.load(Ordering::Acquire)
    }
}
