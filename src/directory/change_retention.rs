//! Removes old changes from the audit log.

use crate::model::{Actor, Result, now, timestamp};
use crate::store::Store;
use std::time::{Duration, Instant};

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
                "the system clock says {system}, and said {seen} when the audit log was looked at or written \
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
mod tests;
