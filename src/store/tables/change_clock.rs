//! The change clock, which measures the age of changes: rows of `change_marks`, and two counters. It runs while a
//! server runs, and during short pauses between two servers. A jump of the system clock does not make changes older.

use crate::model::Result;
use crate::store::sql::{ReadTx, WriteTx};

/// Changes that one call removes.
const PRUNED_MAX: i64 = 1000;

/// The change clock as it was stored last. Times are milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ChangeClock {
    /// The time of the change clock; `None` before it was stored for the first time.
    pub time: Option<i64>,
    /// The system time when it was stored.
    pub seen: Option<i64>,
    /// The system time of the newest change.
    pub newest_at: Option<i64>,
    /// True if there are changes after the last mark.
    pub has_unmarked: bool,
}

/// The largest time of the change clock: the end of the year 9999.
const TIME_MAX: i64 = 253_402_300_799_999;

impl ReadTx<'_> {
    /// The stored change clock.
    pub fn find_change_clock(&self) -> Result<ChangeClock> {
        let counter = |name: &str| self.first("select value from counters where name = ?1", [name], |row| row.get(0));
        let newest = "select id, at from changes order by id desc limit 1";
        let newest: Option<(i64, i64)> = self.first(newest, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let marked: Option<i64> = self.first("select max(id) from change_marks", [], |row| row.get(0))?.flatten();
        Ok(ChangeClock {
            time: counter("change_clock")?,
            seen: counter("change_clock_seen")?,
            newest_at: newest.map(|(_, at)| at),
            has_unmarked: newest.map(|(id, _)| id) > marked,
        })
    }

    /// True if the clock or a mark has a time beyond the range of the clock. Reads all marks.
    pub fn has_impossible_ages(&self, clock: &ChangeClock) -> Result<bool> {
        let sql = "select 1 from change_marks where at < 0 or at > ?1 or id > (select ifnull(max(id), 0) from changes)";
        let time = clock.time.unwrap_or(TIME_MAX);
        Ok(!(0..=TIME_MAX).contains(&time) || self.any(sql, [time])?)
    }

    /// The last change before that time of the change clock, if it can be removed. The newest change cannot.
    pub fn find_last_outdated_change(&self, before: i64) -> Result<Option<i64>> {
        let sql = "select id from change_marks where at < ?1 order by id desc limit 1";
        let Some(last) = self.first(sql, [before], |row| row.get::<_, i64>(0))? else { return Ok(None) };
        let ends = self.change_id_range()?;
        Ok(ends.is_some_and(|(first, newest)| first <= last && first < newest).then_some(last))
    }
}

impl WriteTx<'_> {
    /// Stores the time of the change clock and of the system clock, and marks all changes so far with it.
    pub fn set_change_clock(&self, time: i64, seen: i64) -> Result<()> {
        let sql = "insert into counters (name, value) values (?1, ?2) on conflict do update set value = excluded.value";
        self.execute(sql, rusqlite::params!["change_clock", time])?;
        self.execute(sql, rusqlite::params!["change_clock_seen", seen])?;
        let sql = "insert into change_marks (id, at) select max(id), ?1 from changes having max(id) is not null
             on conflict do nothing";
        self.execute(sql, [time]).map(drop)
    }

    /// Deletes the change clock and all marks.
    pub fn forget_ages_of_changes(&self) -> Result<()> {
        self.execute("delete from change_marks", [])?;
        self.execute("delete from counters where name in ('change_clock', 'change_clock_seen')", []).map(drop)
    }

    /// Removes the oldest changes up to that id, but never the newest one. Returns the number of removed changes, and
    /// true if there may be more.
    pub fn prune_changes(&self, last: i64) -> Result<(u64, bool)> {
        let sql = "select max(id) from (select id from changes order by id limit ?1)";
        let piece: Option<i64> = self.first(sql, [PRUNED_MAX], |row| row.get(0))?.flatten();
        let Some(piece) = piece else { return Ok((0, false)) };
        let sql = "delete from changes where id <= ?1 and id < (select max(id) from changes)";
        let pruned = self.execute(sql, [piece.min(last)])?;
        let sql = "delete from change_marks where id < ?1 and id < (select min(id) from changes)";
        self.execute(sql, [last])?;
        Ok((pruned as u64, pruned > 0 && piece < last))
    }
}
