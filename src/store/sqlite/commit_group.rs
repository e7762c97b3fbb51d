//! Group commit: several operations in one transaction, each undone by itself when it fails.
//!
//! The first operation of a transaction needs no savepoint: a rollback of the transaction undoes it. Inside a savepoint,
//! SQLite keeps a copy of each page that changes, and walks through all copies at the end of each statement that has a
//! trigger. The cost of many such statements in one savepoint is quadratic. So an operation that may change many rows has
//! a transaction of its own.

use super::writer_state::{
    Answer, Begun, CacheEffects, GROUP_LENGTH_MAX, Operation, Transaction, WriterState, reason, roll_back,
};
use crate::model::{Actor, Error, Result};
use crate::store::cache_scopes::{ADVANCED_SCOPES, CacheScope, SnapshotVersion};
use crate::store::row_changes::RowChanges;
use crate::store::sql::{ReadTx, WriteTx, failure};
use anyhow::anyhow;
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Duration after which a group commits, so that its first operation does not wait for long.
const GROUP_TIME_MAX: Duration = Duration::from_millis(20);

/// Scopes whose change makes the rights of later operations of the transaction unknown.
const RIGHTS_SCOPES: u8 = 1 << CacheScope::Rights as u8 | 1 << CacheScope::Credentials as u8;

/// The operations of a group that have run.
struct Ran {
    answers: Vec<Answer>,
    effects: CacheEffects,
}

/// Runs one group from its first operation to its answers. `more` returns queued operations.
pub(super) fn run_group(
    connection: &Connection,
    first: Operation,
    more: &mut dyn FnMut() -> Option<Operation>,
    state: &WriterState,
) {
    let rows = ReadTx { connection, rights: None, memory: None };
    let changes_before = connection.total_changes();
    let begun = state.require_files().and_then(|()| rows.run("begin immediate"));
    // The check follows `begin immediate`: from here on other programs cannot write.
    let begun = begun.and_then(|()| state.notice_external_changes(&rows));
    let Ran { answers, effects: CacheEffects { invalidated, row_changes } } =
        run_operations(connection, &begun, first, more, state);
    let begun_well = begun.is_ok();
    let has_changed = || connection.total_changes() != changes_before;
    let committed = match begun {
        Err(error) => Err(reason(&error)),
        Ok(()) if connection.is_autocommit() => Err("the database rolled the write back".to_owned()),
        Ok(()) => {
            if has_changed() {
                state.hold_snapshot_before_commit();
            }
            commit(&rows, state, row_changes).map_err(|error| reason(&error))
        }
    };
    let is_committed = committed.is_ok();
    // A commit to a file that no longer belongs to the database does not count. A check that fails now, after one that
    // succeeded, does not undo the commit.
    let outcome = committed.and_then(|()| match (state.require_files(), state.lost.get()) {
        (Err(error), Some(_)) => Err(reason(&error)),
        _ => Ok(()),
    });
    state.release_snapshot_before_commit();
    state.operations.fetch_add(answers.len() as u64, Ordering::Relaxed);
    match &outcome {
        Ok(()) => state.groups.observe(answers.len() as u64),
        Err(why) => state.note_failed_commit(connection, answers.len(), why, begun_well && !is_committed),
    }
    if is_committed && has_changed() {
        if outcome.is_ok() {
            state.failed.store(false, Ordering::Release);
        }
        state.advance_generations(invalidated);
    }
    state.progress.fetch_add(1, Ordering::Relaxed);
    for answer in answers {
        answer(&outcome);
    }
}

/// Commits. The log of row changes has the changes before a reader can see them.
fn commit(rows: &ReadTx<'_>, state: &WriterState, row_changes: RowChanges) -> Result<()> {
    let after = rows.newest_change_id()?;
    let log = &state.generations.row_changes;
    let before = state.newest_change.load(Ordering::Relaxed);
    if after != before {
        log.push(before, after, row_changes);
    }
    let committed = rows.run("commit");
    match &committed {
        Ok(()) => state.newest_change.store(after, Ordering::Relaxed),
        Err(_) => log.clear(),
    }
    committed
}

/// Runs the operations of a group in the transaction that has begun.
fn run_operations(
    connection: &Connection,
    begun: &Result<()>,
    first: Operation,
    more: &mut dyn FnMut() -> Option<Operation>,
    state: &WriterState,
) -> Ran {
    let start = Instant::now();
    let mut ran = Ran { answers: Vec::new(), effects: CacheEffects::default() };
    let mut next = Some(first);
    while let Some(operation) = next.take() {
        // The generations stay the same until the commit of this transaction: there is one writer.
        let rights =
            (ran.effects.invalidated & RIGHTS_SCOPES == 0).then(|| SnapshotVersion::now(&state.generations).rights());
        let empty = ran.answers.is_empty();
        let alone = operation.alone;
        // Without a transaction no operation may run: a savepoint alone would commit.
        let (effects, answer) = (operation.run)(begun.as_ref().map(|()| Transaction { connection, rights, empty }));
        ran.effects.invalidated |= effects.invalidated;
        ran.effects.row_changes.append(effects.row_changes);
        ran.answers.push(answer);
        // Some errors (a full disk) make SQLite roll back the whole transaction: the group ends here.
        let full = ran.answers.len() == GROUP_LENGTH_MAX || start.elapsed() > GROUP_TIME_MAX;
        if alone || full || connection.is_autocommit() {
            break;
        }
        next = more();
    }
    ran
}

impl WriterState {
    /// Rolls back after a commit that failed or does not count. `overwrite`: the log may have the pages of the commit.
    fn note_failed_commit(&self, connection: &Connection, operations: usize, why: &str, overwrite: bool) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        self.failed.store(true, Ordering::Release);
        // The log already has a line about a lost file.
        if self.lost.get().is_none() {
            log::error!("{operations} writes could not be committed: {why}");
        }
        roll_back(connection);
        if overwrite {
            overwrite_failed_commit(connection);
        }
        // SQLite may have dropped all cached pages, as after a change by another program.
        self.forget_data_version();
    }

    /// Invalidates caches. It runs before the answers: a caller whose write was acknowledged must not read older data.
    fn advance_generations(&self, invalidated: u8) {
        for scope in ADVANCED_SCOPES.into_iter().filter(|scope| invalidated & 1 << *scope as u8 != 0) {
            self.generations.advance(scope);
        }
        self.generations.advance(CacheScope::Anything);
        self.generations.notify();
    }
}

/// Overwrites the pages that a failed commit has left in the log. If only its sync has failed, the log has all its pages,
/// and a process that opens the file after a crash would take the commit for a successful one. This increments `seq`,
/// because SQLite does not write an unchanged page. It may fail as well.
fn overwrite_failed_commit(connection: &Connection) {
    let actor = Actor::program();
    let tx = WriteTx::on(connection, None, &actor, true);
    if let Err(error) = tx.run("begin immediate").and_then(|()| tx.skip_seq()).and_then(|()| tx.run("commit")) {
        log::error!("the pages of a failed commit may still be in the log: they could not be overwritten: {error}");
        roll_back(connection);
    }
}

/// Runs the operation so that its error, or its panic, undoes its own changes and no other ones. Returns its
/// effects on the caches too.
pub(super) fn run_guarded<T>(
    begun: Begun<'_>,
    actor: &Actor,
    write: impl FnOnce(&WriteTx<'_>) -> Result<T>,
) -> (Result<T>, CacheEffects) {
    let Transaction { connection, rights, empty } = match begun {
        Ok(transaction) => transaction,
        Err(why) => return (Err(Error::Unavailable(reason(why))), CacheEffects::default()),
    };
    let tx = WriteTx::on(connection, rights, actor, empty);
    let result = if empty { run_first(connection, &tx, write) } else { run_in_savepoint(connection, &tx, write) };
    let effects = match &result {
        Ok(_) => CacheEffects { invalidated: tx.invalidated.get(), row_changes: tx.row_changes.take() },
        Err(_) => CacheEffects::default(),
    };
    (result, effects)
}

fn catch_panic<T>(tx: &WriteTx<'_>, write: impl FnOnce(&WriteTx<'_>) -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(|| write(tx)))
        .unwrap_or_else(|_| Err(Error::Internal(anyhow!("an operation of the writer panicked"))))
}

/// Runs the operation as the first one of the transaction. After an error the transaction is restarted.
fn run_first<T>(connection: &Connection, tx: &WriteTx<'_>, write: impl FnOnce(&WriteTx<'_>) -> Result<T>) -> Result<T> {
    let result = catch_panic(tx, write);
    if result.is_err() && !connection.is_autocommit() {
        tx.run("rollback")?;
        tx.run("begin immediate")?;
    }
    result
}

fn run_in_savepoint<T>(
    connection: &Connection,
    tx: &WriteTx<'_>,
    write: impl FnOnce(&WriteTx<'_>) -> Result<T>,
) -> Result<T> {
    tx.run("savepoint operation")?;
    let result = catch_panic(tx, write);
    if result.is_err() && !connection.is_autocommit() && tx.run("rollback to operation").is_err() {
        // The group must not commit half an operation: it commits nothing.
        connection.execute_batch("rollback").map_err(failure)?;
    }
    if !connection.is_autocommit() {
        tx.run("release operation")?;
    }
    result
}
