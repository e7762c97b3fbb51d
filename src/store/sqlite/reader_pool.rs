//! The pool of read connections.

use super::connection::connect_reader;
use crate::model::Result;
use crate::store::cache_scopes::{Generations, SnapshotVersion};
use crate::store::sql::ReadTx;
use crate::sync::locked;
use anyhow::Context as _;
use rusqlite::Connection;
use std::path::Path;
use std::sync::{Condvar, Mutex, PoisonError};

/// The read connections. Few are enough for any number of callers, and they bound the memory of SQLite.
pub(in crate::store) struct ReaderPool {
    pool: Mutex<Pool>,
    returned: Condvar,
}

pub(in crate::store) struct Pool {
    idle: Vec<PooledConnection>,
    /// Who waits for one: waking nobody would still be a system call.
    waiting: usize,
    /// No connection keeps a state between two reads.
    draining: bool,
    /// How often that was so: whoever was on loan at its end leaves its state when it comes back.
    drain_count: u64,
}

/// A connection that stays in the state that it has read, for as long as nothing is written: entering a state and
/// leaving it again would cost as much as finding a user.
pub(in crate::store) struct PooledConnection {
    pub(in crate::store) connection: Connection,
    /// The state in which it is.
    seen: Option<SnapshotVersion>,
}

impl PooledConnection {
    /// Leaves the state, so that the write-ahead log can begin anew.
    fn end_snapshot(&mut self) {
        if self.seen.take().is_some() && !self.connection.is_autocommit() {
            let left = self.connection.prepare_cached("rollback").and_then(|mut rollback| rollback.execute([]));
            if let Err(error) = left {
                log::warn!("a read connection could not leave its state: {error}");
            }
        }
    }
}

impl ReaderPool {
    pub(in crate::store) fn open(path: &Path, count: usize) -> anyhow::Result<ReaderPool> {
        let open = || Ok(PooledConnection { connection: connect_reader(path)?, seen: None });
        let idle = (0..count.max(1)).map(|_| open()).collect::<anyhow::Result<Vec<_>>>();
        let pool =
            Pool { idle: idle.context("open the read connections")?, waiting: 0, draining: false, drain_count: 0 };
        Ok(ReaderPool { pool: Mutex::new(pool), returned: Condvar::new() })
    }

    pub(in crate::store) fn take(&self) -> Reader<'_> {
        let mut pool = locked(&self.pool);
        loop {
            if let Some(connection) = pool.idle.pop() {
                return Reader { connection: Some(connection), drain_count: pool.drain_count, home: self };
            }
            pool.waiting += 1;
            pool = self.returned.wait(pool).unwrap_or_else(PoisonError::into_inner);
            pool.waiting -= 1;
        }
    }

    /// Does something while no connection keeps a state of the database that it does not read from.
    pub(in crate::store) fn with_snapshots_released<T>(&self, work: impl FnOnce() -> T) -> T {
        {
            let mut pool = locked(&self.pool);
            pool.idle.iter_mut().for_each(PooledConnection::end_snapshot);
            pool.draining = true;
        }
        let done = work();
        let mut pool = locked(&self.pool);
        pool.draining = false;
        pool.drain_count += 1;
        done
    }
}

/// A read connection on loan.
pub(in crate::store) struct Reader<'r> {
    connection: Option<PooledConnection>,
    /// See [`Pool::drain_count`], when it was taken.
    drain_count: u64,
    home: &'r ReaderPool,
}

impl Reader<'_> {
    pub(in crate::store) fn checked_out(&mut self) -> &mut PooledConnection {
        self.connection.as_mut().expect("a connection on loan is there until it is given back")
    }

    /// Stays in the state that the connection is in, or enters the newest one if anything has been written since.
    pub(in crate::store) fn snapshot(&mut self, generations: &Generations) -> Result<SnapshotVersion> {
        let reader = self.checked_out();
        if let Some(seen) = reader.seen
            // All of them: while a commit advances one after the other, who has taken the new number of one scope must
            // not read the state of before.
            && seen == SnapshotVersion::now(generations)
            && !reader.connection.is_autocommit()
        {
            return Ok(seen);
        }
        reader.end_snapshot();
        let seen = SnapshotVersion::now(generations);
        ReadTx { connection: &reader.connection, rights: None, memory: None }.run("begin deferred")?;
        reader.seen = Some(seen);
        Ok(seen)
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        if let Some(mut connection) = self.connection.take() {
            let mut pool = locked(&self.home.pool);
            if pool.draining || pool.drain_count != self.drain_count {
                connection.end_snapshot();
            }
            pool.idle.push(connection);
            let wanted = pool.waiting > 0;
            drop(pool);
            if wanted {
                self.home.returned.notify_one();
            }
        }
    }
}
