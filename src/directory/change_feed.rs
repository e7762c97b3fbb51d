//! What has changed, for those who follow the directory.

use super::Directory;
use super::permissions::current;
use crate::model::{Actor, CallerKind, Change, DeniedAction, Error, PermissionLevel, Result, now, timestamp};
use crate::store::{CacheScope, ReadTx, Store};
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
            let caller = current(rows, &self.caller)?;
            // A key is made by an operator, for a script that may read everything.
            if caller.kind != CallerKind::Key {
                caller.require(PermissionLevel::Administrator, DeniedAction::Operation)?;
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

/// A system clock that has gone further than this since the last look is not believed, unless a quarter of the age of
/// changes is less.
const BELIEVED_MAX: Duration = Duration::from_secs(7 * 86_400);
/// How often the clock of the changes is stored at least, while it is looked at.
const CLOCK_STORE_INTERVAL: i64 = 60_000;

/// Removes changes by their age. What counts is the time in which a server has run, and how far the system's clock has
/// gone between two servers, unless that is too far to be believed.
pub struct ChangeRetention {
    age: Duration,
    /// The last look: by a clock that cannot jump, and by the system's clock.
    last: Option<(Instant, i64)>,
}

impl ChangeRetention {
    /// Those that were made longer ago than that.
    pub fn new(age: Duration) -> ChangeRetention {
        ChangeRetention { age, last: None }
    }

    /// Removes those that are old by now, but never the newest of all. Returns how many there were.
    ///
    /// # Errors
    /// Those of the database.
    pub fn remove(&mut self, store: &Store) -> Result<u64> {
        let before = self.look(store)?.saturating_sub(milliseconds(self.age));
        let Some(last) = store.read(|rows| rows.find_last_outdated_change(before))? else { return Ok(0) };
        let mut removed = 0;
        loop {
            // In pieces, so that others can write in between.
            let (count, more) = store.write(Actor::program(), move |tx| tx.prune_changes(last))?;
            removed += count;
            if !more {
                return Ok(removed);
            }
        }
    }

    /// Lets the clock of the changes go on, and returns its time. Warns of a system clock that has jumped.
    ///
    /// # Errors
    /// Those of the database.
    pub fn look(&mut self, store: &Store) -> Result<i64> {
        let mut stored = store.read(|rows| rows.find_change_clock())?;
        if self.last.is_none() && store.read(|rows| rows.has_impossible_ages(&stored))? {
            log::warn!("the ages of changes in the database cannot be right: all changes count as made now");
            store.write(Actor::program(), |tx| tx.forget_ages_of_changes())?;
            stored = store.read(|rows| rows.find_change_clock())?;
        }
        let (instant, system) = (Instant::now(), now());
        let believed = milliseconds(BELIEVED_MAX.min(self.age / 4));
        let passed = match self.last {
            Some((last, seen)) => passed_in_a_process(milliseconds(instant - last), seen, system, believed),
            None => passed_between_two(stored.seen.max(stored.newest_at), system, believed),
        };
        if let Some(seen) = passed.jumped_from {
            let (system, seen) = (timestamp(system), timestamp(seen));
            log::warn!(
                "the system clock says {system}, and said {seen} when the record of changes was looked at or written \
                 last: no change is removed because of that, and the time between the two does not count; set the clock \
                 if it is wrong"
            );
        }
        let time = stored.time.unwrap_or(system).saturating_add(passed.time);
        let due = self.last.is_none() || passed.jumped_from.is_some() || passed.time >= CLOCK_STORE_INTERVAL;
        if due || stored.has_unmarked {
            store.write(Actor::program(), move |tx| tx.set_change_clock(time, system))?;
            self.last = Some((instant, system));
        }
        Ok(time)
    }
}

/// How much time has passed since the last look, in milliseconds.
#[derive(Debug, PartialEq, Eq)]
struct Passed {
    time: i64,
    /// The system's clock at the last look, if it has jumped since.
    jumped_from: Option<i64>,
}

/// In a process the time is known, whatever the system's clock says.
fn passed_in_a_process(time: i64, seen: i64, system: i64, believed: i64) -> Passed {
    let difference = system.saturating_sub(seen).saturating_sub(time);
    Passed { time, jumped_from: (difference.saturating_abs() > believed.max(CLOCK_SLACK)).then_some(seen) }
}

/// The system's clock may be set by so much.
const CLOCK_SLACK: i64 = 60_000;

/// Between two processes there is only the system's clock. It is believed when it goes on and does not go far.
fn passed_between_two(seen: Option<i64>, system: i64, believed: i64) -> Passed {
    let Some(seen) = seen else { return Passed { time: 0, jumped_from: None } };
    let time = system.saturating_sub(seen);
    if (0..=believed).contains(&time) {
        return Passed { time, jumped_from: None };
    }
    Passed { time: 0, jumped_from: (time.saturating_abs() > believed.max(CLOCK_SLACK)).then_some(seen) }
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;

    #[test]
    fn in_a_process_time_passes_whatever_the_system_s_clock_says() {
        for (time, seen, system, jumped) in [
            (1000, 5 * DAY, 5 * DAY + 1000, false),
            (1000, 5 * DAY, 5 * DAY + 30_000, false),
            (1000, 5 * DAY, 5 * DAY - 30_000, false),
            (1000, 5 * DAY, 9 * DAY, false),
            (1000, 5 * DAY, 13 * DAY, true),
            (1000, 18_000 * DAY, 36_000 * DAY, true),
            (1000, 18_000 * DAY, 0, true),
            (8 * DAY, 18_000 * DAY, 18_008 * DAY, false),
            (0, i64::MIN, i64::MAX, true),
        ] {
            let passed = passed_in_a_process(time, seen, system, 7 * DAY);
            assert_eq!(passed, Passed { time, jumped_from: jumped.then_some(seen) }, "{time} {seen} {system}");
        }
    }

    #[test]
    fn between_two_processes_a_clock_is_believed_that_goes_on_and_not_far() {
        for (seen, system, time, jumped) in [
            (None, 18_000 * DAY, 0, false),
            (Some(18_000 * DAY), 18_000 * DAY + 5, 5, false),
            (Some(18_000 * DAY), 18_007 * DAY, 7 * DAY, false),
            (Some(18_000 * DAY), 18_007 * DAY + 1, 0, true),
            (Some(18_000 * DAY), 36_000 * DAY, 0, true),
            (Some(18_000 * DAY), 18_000 * DAY - 1, 0, false),
            (Some(18_000 * DAY), 17_995 * DAY, 0, false),
            (Some(18_000 * DAY), 17_992 * DAY, 0, true),
            (Some(18_000 * DAY), 0, 0, true),
            (Some(i64::MAX), i64::MIN, 0, true),
        ] {
            let passed = passed_between_two(seen, system, 7 * DAY);
            assert_eq!(passed, Passed { time, jumped_from: seen.filter(|_| jumped) }, "{seen:?} {system}");
        }
    }
}
