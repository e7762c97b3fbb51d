//! Shows whether the accepting thread of a server is at work, without using the network.

use super::connections::ServerState;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The accepting thread of a server, seen from another thread.
pub struct Liveness {
    state: Arc<ServerState>,
}

impl Liveness {
    pub(super) fn of(state: &Arc<ServerState>) -> Liveness {
        Liveness { state: Arc::clone(state) }
    }

    /// Wakes the accepting thread. Returns the number of its rounds before that.
    pub fn wake(&self) -> u64 {
        let rounds = self.rounds();
        self.state.waker.wake();
        rounds
    }

    /// How many times the thread has accepted all connections that were waiting.
    pub fn rounds(&self) -> u64 {
        self.state.accept_rounds.load(Ordering::Acquire)
    }
}
