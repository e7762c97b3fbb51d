//! Shows whether a service is at work: its accepting threads and its writer.

use super::Service;
use crate::server;
use crate::store::Store;
use std::sync::{Arc, Weak};

/// A service, seen from another thread.
pub(crate) struct Heartbeat {
    doors: Vec<server::Liveness>,
    /// Weak, as in [`super::Stop`].
    store: Weak<Store>,
}

/// What was asked for a sign of life, and how far each part was then.
pub(crate) struct Asked<'p> {
    heartbeat: &'p Heartbeat,
    doors: Vec<u64>,
    writer: u64,
}

impl Service {
    /// The parts of this service, once it listens everywhere.
    pub(crate) fn heartbeat(&self) -> Heartbeat {
        let doors = self.servers.iter().map(server::Server::liveness).collect();
        Heartbeat { doors, store: Arc::downgrade(&self.store) }
    }
}

impl Heartbeat {
    /// Wakes each accepting thread, and asks the writer for an operation that changes nothing.
    pub(crate) fn ask(&self) -> Asked<'_> {
        let writer = self.store.upgrade().map_or(0, |store| store.wake_writer());
        Asked { heartbeat: self, doors: self.doors.iter().map(server::Liveness::wake).collect(), writer }
    }
}

impl Asked<'_> {
    /// The part that has not answered yet.
    pub(crate) fn missing(&self) -> Option<&'static str> {
        let Heartbeat { doors, store } = self.heartbeat;
        if doors.iter().zip(&self.doors).any(|(door, before)| door.rounds() == *before) {
            return Some("the thread that accepts connections");
        }
        let has_written = store.upgrade().is_some_and(|store| store.writer_progress() != self.writer);
        (!has_written).then_some("the writer of the database")
    }
}
