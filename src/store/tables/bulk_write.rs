//! Operations of many changes. What each change would write again and again, such as the version of a group, is written
//! once, at the end.

use crate::model::{EntityKind, Error, Result, now};
use crate::store::sql::{Bulk, WriteTx};
use rusqlite::params;
use std::collections::BTreeMap;

/// How an attempt that fails is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undo {
    /// By beginning the transaction again, without this attempt or with [`Undo::Savepoint`]. An attempt that fails before
    /// its first write needs none of this.
    Transaction,
    /// By a savepoint. Each one takes a copy of every page that changes in it.
    Savepoint,
}

impl WriteTx<'_> {
    /// Does work of many changes. Versions of groups count them at the end: the work must not read versions of groups
    /// whose lists it has changed.
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

    /// Does something that may fail by itself: its error takes back what it did, and nothing that came before it.
    /// Returns `None` when only another beginning of the transaction can take it back.
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

    /// How an attempt may be taken back at first.
    pub fn cheapest_undo(&self) -> Undo {
        if self.owns_transaction { Undo::Transaction } else { Undo::Savepoint }
    }

    /// Takes back all that the operation has done, which has a transaction of its own, and lets it begin again. Nothing
    /// else is written meanwhile: there is one writer.
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

    /// Reserves so many new numbers of the sequence `seq` and returns the first.
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

    /// Reserves so many places at the end of the order of all memberships. Returns the last one before them.
    pub fn reserve_positions(&self, count: u64) -> Result<i64> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        Ok(self.next_seqs(count.max(1))? - 1)
    }

    /// Changes something that nobody sees: numbers of this sequence may be left out.
    pub(in crate::store) fn skip_seq(&self) -> Result<()> {
        self.advance_seq(1)
    }

    /// The next number of the sequence `seq` while there are many changes; `None`: the stored counter tells it.
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

    /// Takes so many numbers of the sequence `seq`.
    pub(in crate::store) fn advance_seq(&self, count: i64) -> Result<()> {
        if let Some(Bulk { seq: Some(seq), .. }) = &mut *self.bulk.borrow_mut() {
            *seq += count;
            return Ok(());
        }
        // Without `returning`, which SQLite implements as a trigger: see the writer.
        self.execute("update counters set value = value + ?1 where name = 'seq'", [count]).map(drop)
    }

    /// Whether names may wait in lists of groups. While there are many changes it is asked once.
    pub fn may_have_pending_members(&self) -> Result<bool> {
        self.known_in_bulk(|bulk| &mut bulk.waiting, "select 1 from dangling_members limit 1")
    }

    /// Whether keys of users or groups may be withheld from new ones. While there are many changes it is asked once.
    pub fn may_withhold_keys(&self, kind: EntityKind) -> Result<bool> {
        let sql = match kind {
            EntityKind::User => "select 1 from withheld_user_keys limit 1",
            EntityKind::Group => "select 1 from withheld_group_keys limit 1",
        };
        self.known_in_bulk(|bulk| &mut bulk.withheld[kind as usize], sql)
    }

    /// Whether the table of the query may have rows.
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

    /// Notes that a name comes into a list of a group before there is a user or group of that name.
    pub(in crate::store) fn remember_pending_member(&self) {
        if let Some(bulk) = &mut *self.bulk.borrow_mut() {
            bulk.waiting = Some(true);
        }
    }

    /// Notes that a key is withheld from now on.
    pub(in crate::store) fn remember_withheld_key(&self, kind: EntityKind) {
        if let Some(bulk) = &mut *self.bulk.borrow_mut() {
            bulk.withheld[kind as usize] = Some(true);
        }
    }

    /// Counts a change of a group, now or at the end.
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
