//! The background thread that indexes the texts of new and changed users for searches.

use crate::background::Background;
use crate::directory::index_searched_texts;
use crate::model::Error;
use crate::store::{CacheScope, Store};
use anyhow::Context as _;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

/// Interval between two looks for a commit.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
/// Interval between two times at which also few users are indexed.
const FEW_INTERVAL: Duration = Duration::from_secs(5);

/// Starts the thread.
pub(super) fn start_search_indexing(store: &Arc<Store>) -> anyhow::Result<Background> {
    let store = Arc::clone(store);
    let work = move |ended: &Receiver<()>| run(&store, ended);
    Background::start("search", work).context("start the thread that indexes texts for searches")
}

fn run(store: &Store, ended: &Receiver<()>) {
    // The commit after which there was nothing to do, and true if there can be few users to index.
    let mut idle: Option<(u64, bool)> = None;
    let mut few_indexed = Instant::now();
    loop {
        let generation = store.generation(CacheScope::Anything);
        let also_few = few_indexed.elapsed() >= FEW_INTERVAL;
        let is_idle = idle.is_some_and(|(seen, few_left)| seen == generation && !(few_left && also_few));
        let mut pause = LOOK_INTERVAL;
        if !is_idle {
            if also_few {
                few_indexed = Instant::now();
            }
            match index_searched_texts(store, also_few) {
                Ok(true) => pause = Duration::ZERO,
                Ok(false) => idle = Some((generation, !also_few)),
                Err(_) if ended.try_recv() == Err(TryRecvError::Disconnected) => return,
                // The writer tells callers and the log of a database that takes no writes.
                Err(Error::Unavailable(_)) => pause = FEW_INTERVAL,
                Err(error) => log::warn!("cannot index texts for searches: {}", error.with_cause()),
            }
        }
        if ended.recv_timeout(pause) == Err(RecvTimeoutError::Disconnected) {
            return;
        }
    }
}
