//! Checks that a server works: its accept threads and its writer respond.

use crate::server::{Liveness, Server};
use crate::store::Store;
use std::sync::{Arc, Weak};

/// The parts of a server that have to respond.
pub(crate) struct Heartbeat {
    listeners: Vec<Liveness>,
    /// Weak, so that a heartbeat does not keep the database open.
    store: Weak<Store>,
}

/// A request for a response of each part, with the progress counters of before.
pub(crate) struct Beat<'h> {
    heartbeat: &'h Heartbeat,
    listeners: Vec<u64>,
    writer: u64,
}

impl Heartbeat {
    /// The parts of a server that listens at all of its addresses.
    pub(super) fn new(servers: &[Server], store: &Arc<Store>) -> Heartbeat {
        Heartbeat { listeners: servers.iter().map(Server::liveness).collect(), store: Arc::downgrade(store) }
    }

    /// Wakes each accept thread, and sends the writer an operation that changes nothing.
    pub(crate) fn start(&self) -> Beat<'_> {
        let writer = self.store.upgrade().map_or(0, |store| store.wake_writer());
        Beat { heartbeat: self, listeners: self.listeners.iter().map(Liveness::wake).collect(), writer }
    }
}

impl Beat<'_> {
    /// A part that has not responded yet.
    pub(crate) fn missing(&self) -> Option<&'static str> {
        let Heartbeat { listeners, store } = self.heartbeat;
        if listeners.iter().zip(&self.listeners).any(|(listener, before)| listener.rounds() == *before) {
            return Some("the thread that accepts connections");
        }
        let has_written = store.upgrade().is_some_and(|store| store.writer_progress() != self.writer);
        (!has_written).then_some("the writer of the database")
    }
}
