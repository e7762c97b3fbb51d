//! Transactions as the tables see them: [`ReadTx`], [`WriteTx`], and the ways to run a statement.
//!
//! Columns are read by position, from a list next to the function that reads them. A look-up by name searches all names
//! each time, which for a user costs as much as finding the row.

use super::cache_scopes::{CacheScope, invalidated_by};
use super::change_action::Action;
use super::read_cache::ReadCacheView;
use super::row_changes::{RowChange, RowChanges};
use crate::model::{Actor, EntityKind, Error, MemberList, Result, RightsVersion};
use rusqlite::{Connection, ErrorCode};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Deref;

/// A read transaction. `tables` implements its operations.
pub struct ReadTx<'c> {
    pub(in crate::store) connection: &'c Connection,
    /// Version of the rights; `None` if a write of the same transaction may have changed them.
    pub(in crate::store) rights: Option<RightsVersion>,
    /// The cache of reads; `None` inside a write.
    pub(in crate::store) memory: Option<ReadCacheView<'c>>,
}

/// A write operation. It can also read.
pub struct WriteTx<'c> {
    pub(in crate::store) rows: ReadTx<'c>,
    /// The person or program that makes the changes.
    pub(in crate::store) actor: &'c Actor,
    /// A bit for each cache scope that the operation invalidates.
    pub(in crate::store) invalidated: Cell<u8>,
    /// The changes that cached lists follow.
    pub(in crate::store) row_changes: RefCell<RowChanges>,
    /// Number of changes that it has added to the audit log.
    pub(in crate::store) recorded: Cell<u64>,
    /// Values that an operation of many changes writes once, at its end.
    pub(in crate::store) bulk: RefCell<Option<Bulk>>,
    /// A rollback of the transaction undoes this operation alone.
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
            row_changes: RefCell::default(),
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
        self.invalidate(CacheScope::Users);
        if list != MemberList::Users {
            self.invalidate(CacheScope::Groups);
        }
    }

    /// Notes a change that cached lists follow when the operation commits. The audit log has a row of the same operation.
    pub(in crate::store) fn note_row_change(&self, change: RowChange) {
        self.row_changes.borrow_mut().push(change);
    }

    /// True if the operation invalidates the scope already.
    pub(in crate::store) fn invalidates(&self, scope: CacheScope) -> bool {
        self.invalidated.get() & 1 << scope as u8 != 0
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
    /// Version of the rights; `None` if the same transaction may have changed them.
    pub fn rights_version(&self) -> Option<RightsVersion> {
        self.rights
    }

    /// Runs a statement without parameters.
    pub(in crate::store) fn run(&self, sql: &str) -> Result<()> {
        self.connection.prepare_cached(sql).and_then(|mut statement| statement.execute([])).map_err(failure)?;
        Ok(())
    }

    /// Runs a statement. Returns the number of changed rows.
    pub(in crate::store) fn execute(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<usize> {
        self.connection.prepare_cached(sql).and_then(|mut statement| statement.execute(parameters)).map_err(failure)
    }

    /// Inserts the row of a new user or group.
    ///
    /// # Errors
    /// `Exists` when another row has the key of its name.
    pub(in crate::store) fn insert_named(
        &self,
        (kind, name): (EntityKind, &str),
        sql: &str,
        parameters: impl rusqlite::Params,
    ) -> Result<()> {
        let inserted = self.connection.prepare_cached(sql).and_then(|mut statement| statement.execute(parameters));
        match inserted {
            Ok(_) => Ok(()),
            Err(error) if is_unique_violation(&error) => Err(Error::Exists(kind, name.to_owned())),
            Err(error) => Err(failure(error)),
        }
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

    /// Calls `show` with each row.
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

    /// For each key, the first row, if there is one.
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

    /// True if there is a row.
    pub(in crate::store) fn any(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<bool> {
        Ok(self.first(sql, parameters, |_| Ok(()))?.is_some())
    }
}

fn is_unique_violation(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE)
}

/// Maps a database error to an error of the directory.
pub(in crate::store) fn failure(error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure | ErrorCode::DatabaseBusy | ErrorCode::ReadOnly) => {
            Error::Unavailable(format!("the database reports: {error}"))
        }
        _ => Error::Internal(anyhow::Error::new(error).context("use the database")),
    }
}

/// Values that an operation of many changes writes once, at its end.
#[derive(Default)]
pub(in crate::store) struct Bulk {
    /// The last used number of the sequence `seq`; `None` before the first.
    pub(in crate::store) seq: Option<i64>,
    /// Number of changes of each group.
    pub(in crate::store) touched: BTreeMap<i64, i64>,
    /// True if lists of groups may have pending members; `None`: unknown.
    pub(in crate::store) pending: Option<bool>,
    /// True if keys of users, and of groups, may be withheld; `None`: unknown.
    pub(in crate::store) withheld: [Option<bool>; 2],
}

impl Bulk {
    /// Adds the changes of groups from before a savepoint.
    pub(in crate::store) fn keep_touched(&mut self, mut earlier: BTreeMap<i64, i64>) {
        for (id, times) in std::mem::take(&mut self.touched) {
            *earlier.entry(id).or_default() += times;
        }
        self.touched = earlier;
    }
}
