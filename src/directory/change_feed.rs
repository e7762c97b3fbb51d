//! The changes feed: what has changed, for clients that follow the directory.

use super::permissions::{Operation, current_caller};
use super::transactions::Directory;
use crate::model::{Caller, CallerKind, Change, ChangeRef, Error, Result, timestamp};
use crate::store::{CacheScope, ReadTx};
use crate::sync::locked;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Changes that are read at a time fill about so many bytes, unless a single one is longer.
const PAGE_BYTES: usize = 1 << 20;
/// Longest lines that [`RecentLines`] keeps.
const RECENT_BYTES_MAX: usize = 64 << 10;

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

/// A part of all changes as a dialect writes them.
#[derive(Debug)]
pub struct ChangeLines {
    /// See [`ChangePage::oldest`].
    pub oldest: Option<i64>,
    /// Each change, the oldest first.
    pub lines: Vec<u8>,
    /// See [`ChangePage::next`].
    pub next: i64,
}

/// The lines that were read last. Clients who wait for the next change all ask for the same lines after it: one reads
/// them for all.
#[derive(Default)]
pub struct RecentLines(Mutex<Option<(RecentKey, Arc<ChangeLines>)>>);

/// The request for the lines: the number of the commit, the number of the change before them, and the limit.
type RecentKey = (u64, i64, u64);

impl RecentLines {
    fn get(&self, key: RecentKey) -> Option<Arc<ChangeLines>> {
        let recent = locked(&self.0);
        recent.as_ref().filter(|(of, _)| *of == key).map(|(_, lines)| Arc::clone(lines))
    }

    fn put(&self, key: RecentKey, lines: &Arc<ChangeLines>) {
        if lines.lines.len() <= RECENT_BYTES_MAX {
            *locked(&self.0) = Some((key, Arc::clone(lines)));
        }
    }
}

impl Directory {
    /// The changes after that point, as many as asked for or a little over a megabyte of them. Waits so long for the
    /// first one.
    ///
    /// # Errors
    /// `Forbidden` for users who are no administrators; `CursorExpired` when the point is before what is kept, or after the
    /// newest change: then the reader has missed something.
    pub fn changes(&self, since: ChangeCursor, limit: u64, patience: Duration) -> Result<ChangePage> {
        self.wait_for_changes(since, patience, |_, since| {
            self.read_as_reader_of_changes(|rows| {
                let mut bounded = BoundedChanges::default();
                let (oldest, next) = visit_changes_after(rows, since, limit, |change| bounded.add(change))?;
                Ok((next, bounded.changes.is_empty(), ChangePage { oldest, changes: bounded.changes, next }))
            })
        })
    }

    /// The same changes as [`Directory::changes`]. `write` adds a change to the lines.
    ///
    /// # Errors
    /// Those of [`Directory::changes`].
    pub fn change_lines(
        &self,
        recent: &RecentLines,
        (since, limit): (ChangeCursor, u64),
        patience: Duration,
        write: impl Fn(&mut Vec<u8>, &ChangeRef<'_>),
    ) -> Result<Arc<ChangeLines>> {
        self.wait_for_changes(since, patience, |generation, since| {
            let key = match since {
                ChangeCursor::Change(id) => Some((generation, id, limit)),
                ChangeCursor::Oldest | ChangeCursor::Time(_) | ChangeCursor::Now => None,
            };
            let known = key.and_then(|key| recent.get(key)).filter(|_| self.is_current_reader_of_changes());
            if let Some(found) = known {
                return Ok((found.next, found.lines.is_empty(), found));
            }
            let found = Arc::new(self.read_lines(since, limit, &write)?);
            if let Some(key) = key {
                recent.put(key, &found);
            }
            Ok((found.next, found.lines.is_empty(), found))
        })
    }

    fn read_lines(
        &self,
        since: ChangeCursor,
        limit: u64,
        write: impl Fn(&mut Vec<u8>, &ChangeRef<'_>),
    ) -> Result<ChangeLines> {
        self.read_as_reader_of_changes(|rows| {
            let (mut lines, mut bytes) = (Vec::new(), 0);
            let (oldest, next) = visit_changes_after(rows, since, limit, |change| {
                write(&mut lines, change);
                bytes += change.value_bytes();
                bytes < PAGE_BYTES
            })?;
            Ok(ChangeLines { oldest, lines, next })
        })
    }

    /// Reads until there is a change or the time is over. `read` receives a number that differs after each commit, and
    /// the point after which to read. It returns the next point, and true if there was no change.
    fn wait_for_changes<T>(
        &self,
        mut since: ChangeCursor,
        patience: Duration,
        read: impl Fn(u64, ChangeCursor) -> Result<(i64, bool, T)>,
    ) -> Result<T> {
        let deadline = Instant::now() + patience;
        loop {
            let generation = self.store.generation(CacheScope::Anything);
            // Also after a wait, in which the caller may have lost the right.
            let (next, is_empty, found) = read(generation, since)?;
            if !is_empty || !self.store.wait_for_commit(generation, deadline) {
                return Ok(found);
            }
            since = ChangeCursor::Change(next);
        }
    }

    /// The changes before that one, or the newest of all, and the newest first; as many as asked for or a little over a
    /// megabyte of them.
    ///
    /// # Errors
    /// `Forbidden` for users who are no administrators.
    pub fn changes_before(&self, id: Option<i64>, limit: u64) -> Result<Vec<Change>> {
        let id = id.unwrap_or(i64::MAX);
        self.read_as_reader_of_changes(|rows| {
            let mut bounded = BoundedChanges::default();
            rows.visit_changes_before(id, limit, |change| bounded.add(change))?;
            Ok(bounded.changes)
        })
    }

    fn read_as_reader_of_changes<T>(&self, read: impl FnOnce(&ReadTx<'_>) -> Result<T>) -> Result<T> {
        self.store.read(|rows| {
            let caller = current_caller(rows, &self.caller)?;
            require_reader_of_changes(&caller)?;
            read(rows)
        })
    }

    /// True if the caller may read changes without another look into the database.
    fn is_current_reader_of_changes(&self) -> bool {
        self.caller.is_current(self.store.rights_version()) && require_reader_of_changes(&self.caller).is_ok()
    }
}

fn require_reader_of_changes(caller: &Caller) -> Result<()> {
    // A key is made by an operator, for a script that may read everything.
    if caller.kind == CallerKind::Key { Ok(()) } else { Operation::ReadChanges.require(caller) }
}

/// The advice to a reader whose changes are not all there.
const BEGIN_AGAIN: &str = "begin again: ask with since=now, and then read the whole directory";

/// Visits the changes after that point until the visitor returns false. Returns the ids of the oldest change of all, and
/// of the last that was visited.
fn visit_changes_after(
    rows: &ReadTx<'_>,
    since: ChangeCursor,
    limit: u64,
    mut visit: impl FnMut(&ChangeRef<'_>) -> bool,
) -> Result<(Option<i64>, i64)> {
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
    let mut next = after;
    rows.visit_changes_after(after, limit, |change| {
        next = change.id;
        visit(change)
    })?;
    Ok((ends.map(|(first, _)| first), next))
}

/// Some changes, but not many more bytes than a reader should have to take at a time.
#[derive(Default)]
struct BoundedChanges {
    changes: Vec<Change>,
    bytes: usize,
}

impl BoundedChanges {
    /// Adds a change, and returns false once there are enough.
    fn add(&mut self, change: &ChangeRef<'_>) -> bool {
        self.bytes += change.value_bytes();
        self.changes.push(change.to_change());
        self.bytes < PAGE_BYTES
    }
}
