//! Keeps the index for searches by words up to date, in short writes between those of callers.

use crate::model::{Actor, Result};
use crate::store::{GramList, SearchBatch, SearchSegment, Store, merge_search_grams};
use std::sync::Arc;

/// Unindexed users with which a new segment pays for itself: until then each search reads their rows.
const UNINDEXED_MIN: u64 = 1024;
/// The same for users who were indexed and changed.
const CHANGED_MIN: u64 = 512;
/// Users in a new segment. Their grams are in memory meanwhile: about 3 KiB for each.
const USERS_PER_SEGMENT: u64 = 4096;
/// Segments of a level that are merged to one of the next level.
const SEGMENTS_PER_MERGE: usize = 8;
/// Grams, and bytes of their lists, that one write inserts.
const GRAMS_PER_WRITE: usize = 2048;
const BYTES_PER_WRITE: usize = 512 << 10;

/// Does one piece of the work on the index. Returns false if there is nothing to do. With `also_few` it also indexes users
/// who are too few for a segment of their own: a pause is a good time for them.
///
/// # Errors
/// Those of the database.
pub fn index_searched_texts(store: &Store, also_few: bool) -> Result<bool> {
    let state = store.read(|rows| rows.search_index_state(CHANGED_MIN))?;
    let least = |number: u64| if also_few { 1 } else { number };
    if !state.is_clean {
        return store.write(Actor::program(), |tx| tx.clean_search_index()).map(|()| true);
    }
    let (unindexed, changed) = (state.unindexed >= least(UNINDEXED_MIN), state.changed >= least(CHANGED_MIN));
    if unindexed {
        write_segment(store, store.read(|rows| rows.read_unindexed_users(USERS_PER_SEGMENT))?)?;
    }
    if changed {
        write_segment(store, store.read(|rows| rows.read_changed_users(USERS_PER_SEGMENT))?)?;
    }
    if unindexed || changed {
        return Ok(true);
    }
    let same_level = |one: &SearchSegment, other: &SearchSegment| one.level == other.level;
    match state.segments.chunk_by(same_level).find(|segments| segments.len() >= SEGMENTS_PER_MERGE) {
        Some(segments) => merge(store, &segments[..SEGMENTS_PER_MERGE]).map(|()| true),
        None => Ok(false),
    }
}

fn write_segment(store: &Store, batch: SearchBatch) -> Result<()> {
    let grams = batch.grams();
    let batch = Arc::new(batch);
    let begun = Arc::clone(&batch);
    let segment = store.write(Actor::program(), move |tx| tx.begin_search_segment(&begun))?;
    insert(store, segment, grams)?;
    store.write(Actor::program(), move |tx| tx.complete_search_segment(segment, &batch))
}

fn merge(store: &Store, segments: &[SearchSegment]) -> Result<()> {
    let segments: Arc<[SearchSegment]> = segments.into();
    let begun = Arc::clone(&segments);
    let merged = store.write(Actor::program(), move |tx| tx.begin_merged_segment(&begun))?;
    let mut after = String::new();
    loop {
        let lists = store.read(|rows| rows.read_search_grams(&segments, &after))?;
        let part = merge_search_grams(&segments, &lists)?;
        let Some((last, _)) = part.last() else { break };
        after.clone_from(last);
        insert(store, merged, part)?;
    }
    store.write(Actor::program(), move |tx| tx.replace_search_segments(merged, &segments))
}

fn insert(store: &Store, segment: i64, mut grams: Vec<GramList>) -> Result<()> {
    while !grams.is_empty() {
        let mut bytes = 0;
        let mut fits = |(_, list): &GramList| {
            bytes += list.len();
            bytes <= BYTES_PER_WRITE
        };
        let count = grams.iter().take(GRAMS_PER_WRITE).take_while(|list| fits(list)).count().max(1);
        let rest = grams.split_off(count);
        let part = std::mem::replace(&mut grams, rest);
        store.write(Actor::program(), move |tx| tx.insert_search_grams(segment, &part))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
