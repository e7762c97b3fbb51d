//! Transactions as the tables see them: [`ReadTx`], [`WriteTx`], and the ways to run a statement.
//!
//! Columns are read by position, from a list beside the function that reads them: reading one by its name searches
//! all names each time, which for a user costs as much as finding the row.

use super::cache_scopes::{CacheScope, invalidated_by};
use super::change_action::Action;
use super::read_cache::ReadCacheView;
use crate::model::{Actor, Error, MemberList, Result, RightsVersion};
use rusqlite::{Connection, ErrorCode};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Deref;

/// What can be read. A connection, seen as the rows of our tables.
pub struct ReadTx<'c> {
    pub(in crate::store) connection: &'c Connection,
    /// The state of rights that is read; `None` where a write of the same transaction may have changed it.
    pub(in crate::store) rights: Option<RightsVersion>,
    /// What is remembered between requests; `None` inside a write.
    pub(in crate::store) memory: Option<ReadCacheView<'c>>,
}

/// What can be written too, inside one operation.
pub struct WriteTx<'c> {
    pub(in crate::store) rows: ReadTx<'c>,
    /// Who makes the changes.
    pub(in crate::store) actor: &'c Actor,
    /// The scopes that the operation has changed, a bit each.
    pub(in crate::store) invalidated: Cell<u8>,
    /// How many changes it has written down.
    pub(in crate::store) recorded: Cell<u64>,
    /// What it writes once at its end, while it makes many changes.
    pub(in crate::store) bulk: RefCell<Option<Bulk>>,
    /// Whether a rollback of the transaction takes back this operation alone.
    pub(in crate::store) owns_transaction: bool,
}

impl<'c> WriteTx<'c> {
    pub(in crate::store) fn on(
        connection: &'c Connection,
        rights: Option<RightsVersion>,
        actor: &'c Actor,
        owns_transaction: bool,
    ) -> WriteTx<'c> {
        let rows = ReadTx { connection, rights, memory: None };
        WriteTx {
            rows,
            actor,
            invalidated: Cell::new(0),
            recorded: Cell::new(0),
            bulk: RefCell::new(None),
            owns_transaction,
        }
    }

    /// Invalidates the scopes of a recorded change when the operation commits.
    pub(in crate::store) fn invalidate_for(&self, action: Action) {
        invalidated_by(action).iter().for_each(|scope| self.invalidate(*scope));
    }

    /// Invalidates what depends on the order of a list of a group. The audit log has no row for another order.
    pub(in crate::store) fn invalidate_order(&self, list: MemberList) {
        self.invalidate(CacheScope::Rights);
        if list != MemberList::Users {
            self.invalidate(CacheScope::Groups);
        }
    }

    /// Invalidates a scope when the operation commits. Only changes that are not in the audit log need this.
    pub(in crate::store) fn invalidate(&self, scope: CacheScope) {
        self.invalidated.set(self.invalidated.get() | 1 << scope as u8);
    }
}

impl<'c> Deref for WriteTx<'c> {
    type Target = ReadTx<'c>;

    fn deref(&self) -> &ReadTx<'c> {
        &self.rows
    }
}

impl ReadTx<'_> {
    /// The state of rights that is read; `None` where the same transaction may have changed it.
    pub fn rights_version(&self) -> Option<RightsVersion> {
        self.rights
    }

    /// Runs a statement without parameters.
    pub(in crate::store) fn run(&self, sql: &str) -> Result<()> {
        self.connection.prepare_cached(sql).and_then(|mut statement| statement.execute([])).map_err(failure)?;
        Ok(())
    }

    /// Runs a statement and says how many rows it changed.
    pub(in crate::store) fn execute(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<usize> {
        self.connection.prepare_cached(sql).and_then(|mut statement| statement.execute(parameters)).map_err(failure)
    }

    /// The first row, if there is one.
    pub(in crate::store) fn first<T>(
        &self,
        sql: &str,
        parameters: impl rusqlite::Params,
        row: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        let mut statement = self.connection.prepare_cached(sql).map_err(failure)?;
        let mut rows = statement.query(parameters).map_err(failure)?;
        rows.next().and_then(|found| found.map(row).transpose()).map_err(failure)
    }

    /// All rows.
    pub(in crate::store) fn all<T>(
        &self,
        sql: &str,
        parameters: impl rusqlite::Params,
        row: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let mut statement = self.connection.prepare_cached(sql).map_err(failure)?;
        let rows = statement.query_map(parameters, row).map_err(failure)?;
        rows.collect::<rusqlite::Result<_>>().map_err(failure)
    }

    /// Shows all rows, one after the other.
    pub(in crate::store) fn each(
        &self,
        sql: &str,
        parameters: impl rusqlite::Params,
        mut show: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<()>,
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(sql).map_err(failure)?;
        let mut rows = statement.query(parameters).map_err(failure)?;
        while let Some(row) = rows.next().map_err(failure)? {
            show(row).map_err(failure)?;
        }
        Ok(())
    }

    /// The first row for each of these keys, if there is one.
    pub(in crate::store) fn first_of_each<'k, T>(
        &self,
        sql: &str,
        keys: impl Iterator<Item = &'k str>,
        row: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<Option<T>>> {
        let mut statement = self.connection.prepare_cached(sql).map_err(failure)?;
        let find = |key| statement.query([key])?.next()?.map(&row).transpose();
        keys.map(find).collect::<rusqlite::Result<_>>().map_err(failure)
    }

    pub(in crate::store) fn number(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<u64> {
        let number: Option<i64> = self.first(sql, parameters, |row| row.get(0))?;
        Ok(u64::try_from(number.unwrap_or(0)).unwrap_or(0))
    }

    /// Whether there is a row.
    pub(in crate::store) fn any(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<bool> {
        Ok(self.first(sql, parameters, |_| Ok(()))?.is_some())
    }
}

/// What a database error means to those above.
pub(in crate::store) fn failure(error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure | ErrorCode::DatabaseBusy | ErrorCode::ReadOnly) => {
            Error::Unavailable(format!("the database answers: {error}"))
        }
        _ => Error::Internal(anyhow::Error::new(error).context("use the database")),
    }
}

/// What an operation of many changes writes at its end.
#[derive(Default)]
pub(in crate::store) struct Bulk {
    /// The last number of the sequence `seq` that was given; `None` before the first.
    pub(in crate::store) seq: Option<i64>,
    /// How often each group has changed.
    pub(in crate::store) touched: BTreeMap<i64, i64>,
    /// Whether names may wait in lists of groups; `None`: not known yet.
    pub(in crate::store) waiting: Option<bool>,
    /// Whether keys of users, and of groups, may be withheld.
    pub(in crate::store) withheld: [Option<bool>; 2],
}

impl Bulk {
    /// Adds what was touched earlier.
    pub(in crate::store) fn keep_touched(&mut self, mut earlier: BTreeMap<i64, i64>) {
        for (id, times) in std::mem::take(&mut self.touched) {
            *earlier.entry(id).or_default() += times;
        }
        self.touched = earlier;
    }
}
