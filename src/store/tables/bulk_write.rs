//! Operations of many changes: values that each change would write again, such as the version of a group, are written
//! once at the end.

use crate::model::{EntityKind, Error, Result, now};
use crate::store::sql::{Bulk, WriteTx};
use rusqlite::params;
use std::collections::BTreeMap;

/// The way to undo a part of an operation that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undo {
    /// Restart the transaction, without this part or with [`Undo::Savepoint`]. A part that fails before its first write
    /// needs no restart.
    Transaction,
    /// Roll back to a savepoint. SQLite copies every page that changes inside a savepoint.
    Savepoint,
}

impl WriteTx<'_> {
    /// Runs `work` with many changes. The versions of groups change at the end: `work` must not read the version of a
    /// group whose lists it has changed.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn in_bulk<T>(&self, work: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        self.bulk.replace(Some(Bulk::default()));
        let done = work(self);
        let bulk = self.bulk.take().unwrap_or_default();
        let done = done?;
        if let Some(seq) = bulk.seq {
            self.execute("update counters set value = ?1 where name = 'seq' and value <> ?1", [seq])?;
        }
        bulk.touched.iter().try_for_each(|(id, times)| self.touch_group_times(*id, *times))?;
        Ok(done)
    }

    /// Runs a part of the operation that may fail by itself: an error undoes its changes, and none before it. Returns
    /// `None` if only a restart of the transaction can undo it.
    ///
    /// # Errors
    /// Those of the database.
    pub fn savepoint<T, E>(
        &self,
        undo: Undo,
        work: impl FnOnce(&Self) -> std::result::Result<T, E>,
    ) -> Result<Option<std::result::Result<T, E>>> {
        let (seq, earlier) = match &mut *self.bulk.borrow_mut() {
            Some(bulk) => (bulk.seq, std::mem::take(&mut bulk.touched)),
            None => (None, BTreeMap::new()),
        };
        let (recorded, changes) = (self.recorded.get(), self.connection.total_changes());
        if undo == Undo::Savepoint {
            self.run("savepoint attempt")?;
        }
        let result = work(self);
        let failed = result.is_err();
        if let Some(bulk) = &mut *self.bulk.borrow_mut() {
            if failed {
                (bulk.seq, bulk.touched) = (seq, earlier);
            } else {
                bulk.keep_touched(earlier);
            }
        }
        if failed {
            self.recorded.set(recorded);
        }
        match undo {
            Undo::Transaction if failed && self.connection.total_changes() != changes => return Ok(None),
            Undo::Transaction => {}
            Undo::Savepoint => {
                if failed {
                    self.run("rollback to attempt")?;
                }
                self.run("release attempt")?;
            }
        }
        Ok(Some(result))
    }

    /// The cheapest way to undo a part of this operation.
    pub fn cheapest_undo(&self) -> Undo {
        if self.owns_transaction { Undo::Transaction } else { Undo::Savepoint }
    }

    /// Undoes everything in this transaction, which the operation does not share, and restarts it. No other operation
    /// runs in between, because there is one writer.
    ///
    /// # Errors
    /// `Internal` for an operation that shares its transaction.
    pub fn restart_transaction(&self) -> Result<()> {
        if !self.owns_transaction {
            return Err(Error::Internal(anyhow::anyhow!("an operation shares the transaction that it begins again")));
        }
        self.run("rollback")?;
        self.run("begin immediate")?;
        self.recorded.set(0);
        if let Some(bulk) = &mut *self.bulk.borrow_mut() {
            *bulk = Bulk::default();
        }
        Ok(())
    }

    /// Reserves `count` numbers of the sequence `seq`. Returns the first.
    pub(in crate::store) fn next_seqs(&self, count: usize) -> Result<i64> {
        if count == 0 {
            return Ok(0);
        }
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        if self.bulk.borrow().is_none() {
            self.advance_seq(count)?;
            return Ok(self.last_seq()? - count + 1);
        }
        let last = self.upcoming_seq()?.unwrap_or_default() - 1;
        self.advance_seq(count)?;
        Ok(last + 1)
    }

    /// Reserves `count` positions at the end of the order of all memberships. Returns the last one before them.
    pub fn reserve_positions(&self, count: u64) -> Result<i64> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        Ok(self.next_seqs(count.max(1))? - 1)
    }

    /// Skips a number of the sequence `seq`. This change has no effect on the directory.
    pub(in crate::store) fn skip_seq(&self) -> Result<()> {
        self.advance_seq(1)
    }

    /// The next number of the sequence `seq` in an operation of many changes; `None`: the stored counter has it.
    pub(in crate::store) fn upcoming_seq(&self) -> Result<Option<i64>> {
        let Some(seq) = self.bulk.borrow().as_ref().map(|bulk| bulk.seq) else { return Ok(None) };
        let last = match seq {
            Some(last) => last,
            None => self.last_seq()?,
        };
        if let Some(bulk) = &mut *self.bulk.borrow_mut() {
            bulk.seq = Some(last);
        }
        Ok(Some(last + 1))
    }

    fn last_seq(&self) -> Result<i64> {
        let last = self.first("select value from counters where name = 'seq'", [], |row| row.get(0))?;
        last.ok_or_else(|| Error::Internal(anyhow::anyhow!("the counter `seq` is missing")))
    }

    /// Takes `count` numbers of the sequence `seq`.
    pub(in crate::store) fn advance_seq(&self, count: i64) -> Result<()> {
        if let Some(Bulk { seq: Some(seq), .. }) = &mut *self.bulk.borrow_mut() {
            *seq += count;
            return Ok(());
        }
        // Without `returning`, which SQLite implements as a trigger: see `commit_group`.
        self.execute("update counters set value = value + ?1 where name = 'seq'", [count]).map(drop)
    }

    /// Returns false if lists of groups have no pending members. In an operation of many changes the database is asked
    /// once.
    pub fn may_have_pending_members(&self) -> Result<bool> {
        self.known_in_bulk(|bulk| &mut bulk.pending, "select 1 from dangling_members limit 1")
    }

    /// Returns false if no keys of users or groups are withheld. In an operation of many changes the database is asked
    /// once.
    pub fn may_withhold_keys(&self, kind: EntityKind) -> Result<bool> {
        let sql = match kind {
            EntityKind::User => "select 1 from withheld_user_keys limit 1",
            EntityKind::Group => "select 1 from withheld_group_keys limit 1",
        };
        self.known_in_bulk(|bulk| &mut bulk.withheld[kind as usize], sql)
    }

    /// Returns false if the table of the query has no rows.
    fn known_in_bulk(&self, known: impl Fn(&mut Bulk) -> &mut Option<bool>, sql: &str) -> Result<bool> {
        match self.bulk.borrow_mut().as_mut().map(|bulk| *known(bulk)) {
            None => return Ok(true),
            Some(Some(known)) => return Ok(known),
            Some(None) => {}
        }
        let found = self.any(sql, [])?;
        if let Some(bulk) = &mut *self.bulk.borrow_mut() {
            *known(bulk) = Some(found);
        }
        Ok(found)
    }

    /// Notes that there is a pending member from now on.
    pub(in crate::store) fn remember_pending_member(&self) {
        if let Some(bulk) = &mut *self.bulk.borrow_mut() {
            bulk.pending = Some(true);
        }
    }

    /// Notes that there is a withheld key from now on.
    pub(in crate::store) fn remember_withheld_key(&self, kind: EntityKind) {
        if let Some(bulk) = &mut *self.bulk.borrow_mut() {
            bulk.withheld[kind as usize] = Some(true);
        }
    }

    /// Increments the version of a group, now or at the end.
    pub(in crate::store) fn touch_group(&self, id: i64) -> Result<()> {
        if let Some(bulk) = &mut *self.bulk.borrow_mut() {
            *bulk.touched.entry(id).or_default() += 1;
            return Ok(());
        }
        self.touch_group_times(id, 1)
    }

    fn touch_group_times(&self, id: i64, times: i64) -> Result<()> {
        let sql = "update groups set version = version + ?3, updated_at = ?2 where id = ?1";
        self.execute(sql, params![id, now(), times]).map(drop)
    }
}
