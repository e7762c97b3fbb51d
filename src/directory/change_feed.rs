//! The changes feed: what has changed, for clients that follow the directory.

use super::permissions::{Operation, current_caller};
use super::transactions::Directory;
use crate::model::{CallerKind, Change, Error, Result, timestamp};
use crate::store::{CacheScope, ReadTx};
use std::time::{Duration, Instant};

/// Changes that are read at a time fill about so many bytes, unless a single one is longer.
const PAGE_BYTES: usize = 1 << 20;

/// After what a list of changes begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeCursor {
    /// With the oldest change that is kept.
    Oldest,
    /// After the change of that number; 0 is before the first that there ever was.
    Change(i64),
    /// With the first change from that time on, in milliseconds since 1970-01-01 UTC.
    Time(i64),
    /// After the newest.
    Now,
}

impl ChangeCursor {
    /// The number of a change, a time (RFC 3339), or `now`.
    pub fn parse(text: &str) -> Option<ChangeCursor> {
        if text == "now" {
            return Some(ChangeCursor::Now);
        }
        if let Ok(number) = text.parse::<i64>() {
            return (number >= 0).then_some(ChangeCursor::Change(number));
        }
        let time: jiff::Timestamp = text.parse().ok()?;
        Some(ChangeCursor::Time(time.as_millisecond()))
    }
}

/// A part of all changes.
#[derive(Debug)]
pub struct ChangePage {
    /// The number of the oldest change that is kept, of all.
    pub oldest: Option<i64>,
    /// The oldest first.
    pub changes: Vec<Change>,
    /// After what the rest begins: the last of these changes, or where the list was to begin if there are none.
    pub next: i64,
}

impl Directory {
    /// The changes after that point, as many as asked for or a little over a megabyte of them. Waits so long for the
    /// first one.
    ///
    /// # Errors
    /// `Forbidden` for users who are no administrators; `CursorExpired` when the point is before what is kept, or after the
    /// newest change: then the reader has missed something.
    pub fn changes(&self, since: ChangeCursor, limit: u64, patience: Duration) -> Result<ChangePage> {
        let deadline = Instant::now() + patience;
        let mut since = since;
        loop {
            let generation = self.store.generation(CacheScope::Anything);
            // Also after a wait, in which the caller may have lost the right.
            let found = self.read_as_reader_of_changes(|rows| changes_after(rows, since, limit))?;
            if !found.changes.is_empty() || !self.store.wait_for_commit(generation, deadline) {
                return Ok(found);
            }
            since = ChangeCursor::Change(found.next);
        }
    }

    /// The changes before that one, or the newest of all, and the newest first; as many as asked for or a little over a
    /// megabyte of them.
    ///
    /// # Errors
    /// `Forbidden` for users who are no administrators.
    pub fn changes_before(&self, id: Option<i64>, limit: u64) -> Result<Vec<Change>> {
        let id = id.unwrap_or(i64::MAX);
        self.read_as_reader_of_changes(|rows| collect_bounded(|visit| rows.visit_changes_before(id, limit, visit)))
    }

    fn read_as_reader_of_changes<T>(&self, read: impl FnOnce(&ReadTx<'_>) -> Result<T>) -> Result<T> {
        self.store.read(|rows| {
            let caller = current_caller(rows, &self.caller)?;
            // A key is made by an operator, for a script that may read everything.
            if caller.kind != CallerKind::Key {
                Operation::ReadChanges.require(&caller)?;
            }
            read(rows)
        })
    }
}

/// The advice to a reader whose changes are not all there.
const BEGIN_AGAIN: &str = "begin again: ask with since=now, and then read the whole directory";

fn changes_after(rows: &ReadTx<'_>, since: ChangeCursor, limit: u64) -> Result<ChangePage> {
    let ends = rows.change_id_range()?;
    let (first, last) = ends.unwrap_or((1, 0));
    // Of a file that another program has changed, any number may be the first.
    let before_first = first.saturating_sub(1);
    let after = match since {
        ChangeCursor::Oldest => before_first,
        ChangeCursor::Now => last,
        ChangeCursor::Time(at) => {
            if let Some(oldest) = rows.find_time_of_oldest_change()?
                && first > 1
                && at < oldest
            {
                let oldest = timestamp(oldest);
                return Err(Error::CursorExpired(format!(
                    "the changes from that time on are no longer all kept: the first is {first}, of {oldest}; {BEGIN_AGAIN}"
                )));
            }
            rows.find_change_before(at)?
        }
        ChangeCursor::Change(id) if id > last => {
            return Err(Error::CursorExpired(format!("there is no change {id} yet: the last is {last}")));
        }
        ChangeCursor::Change(id) if id < before_first => {
            return Err(Error::CursorExpired(format!(
                "the changes after {id} are no longer kept: the first is {first}; {BEGIN_AGAIN}"
            )));
        }
        // Numbers are given without gaps, but for those that a restored backup has left out.
        ChangeCursor::Change(id) if id != before_first && !rows.has_change(id)? => {
            return Err(Error::CursorExpired(format!(
                "there is no change {id}: a backup from before it was restored; {BEGIN_AGAIN}"
            )));
        }
        ChangeCursor::Change(id) => id,
    };
    let changes = collect_bounded(|visit| rows.visit_changes_after(after, limit, visit))?;
    let next = changes.last().map_or(after, |change: &Change| change.id);
    Ok(ChangePage { oldest: ends.map(|(first, _)| first), changes, next })
}

/// Some changes, but not many more bytes than a reader should have to take at a time.
fn collect_bounded(visit_each: impl FnOnce(&mut dyn FnMut(Change) -> bool) -> Result<()>) -> Result<Vec<Change>> {
    let (mut changes, mut bytes) = (Vec::new(), 0);
    visit_each(&mut |change| {
        bytes += [&change.before, &change.after].into_iter().flatten().map(String::len).sum::<usize>();
        changes.push(change);
        bytes < PAGE_BYTES
    })?;
    Ok(changes)
}
