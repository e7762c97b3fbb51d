//! The background thread that removes old changes from the audit log.

use crate::background::Background;
use crate::directory::ChangeRetention;
use crate::store::Store;
use anyhow::Context as _;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;

/// The interval between two removals.
const PRUNE_INTERVAL_MIN: Duration = Duration::from_millis(100);
const PRUNE_INTERVAL_MAX: Duration = Duration::from_secs(3600);

/// Starts the thread that removes changes older than `age`.
pub(super) fn start_pruning(store: &Arc<Store>, age: Duration) -> anyhow::Result<Background> {
    let store = Arc::clone(store);
    let mut old = ChangeRetention::new(age);
    // Before the first request, because this can write and would delay it.
    if let Err(error) = old.look(&store) {
        log::warn!("cannot read the age of changes: {}", error.with_cause());
    }
    let pause = (age / 8).clamp(PRUNE_INTERVAL_MIN, PRUNE_INTERVAL_MAX);
    let work = move |ended: &Receiver<()>| prune(&store, &mut old, age, pause, ended);
    Background::start("changes", work).context("start the thread that removes old changes")
}

fn prune(store: &Store, old: &mut ChangeRetention, age: Duration, pause: Duration, ended: &Receiver<()>) {
    loop {
        match old.remove(store) {
            Ok(0) => {}
            Ok(count) => log::info!("removed {count} changes that are older than {age:?}"),
            Err(_) if ended.try_recv() == Err(TryRecvError::Disconnected) => return,
            Err(error) => log::warn!("cannot remove old changes: {}", error.with_cause()),
        }
        if ended.recv_timeout(pause) == Err(RecvTimeoutError::Disconnected) {
            return;
        }
    }
}
