//! The pool of read connections.

use super::connection::connect_reader;
use crate::model::Result;
use crate::store::cache_scopes::{Generations, SnapshotVersion};
use crate::store::sql::ReadTx;
use crate::sync::locked;
use anyhow::Context as _;
use rusqlite::Connection;
use std::cell::OnceCell;
use std::path::Path;
use std::sync::{Condvar, Mutex, PoisonError};

/// The read connections. A small number serves any number of callers, and bounds the memory of SQLite.
pub(in crate::store) struct ReaderPool {
    pool: Mutex<Pool>,
    returned: Condvar,
}

pub(in crate::store) struct Pool {
    idle: Vec<PooledConnection>,
    /// Callers that wait for a connection. Without them, a return needs no system call to wake one.
    waiting: usize,
    /// No connection keeps its snapshot between two reads.
    draining: bool,
    /// Number of drains so far. A connection that was checked out before a drain ends its snapshot when it is returned.
    drain_count: u64,
}

/// A connection that keeps its snapshot until the next commit: to begin and end a snapshot costs as much as finding a
/// user.
pub(in crate::store) struct PooledConnection {
    pub(in crate::store) connection: Connection,
    /// The generations of its snapshot.
    seen: Option<SnapshotVersion>,
    /// The newest row of the audit log in its snapshot, once it was read.
    pub(in crate::store) point: OnceCell<i64>,
}

impl PooledConnection {
    /// Ends the snapshot, so that the write-ahead log can be reset.
    fn end_snapshot(&mut self) {
        self.point.take();
        if self.seen.take().is_some() && !self.connection.is_autocommit() {
            let left = self.connection.prepare_cached("rollback").and_then(|mut rollback| rollback.execute([]));
            if let Err(error) = left {
                log::warn!("a read connection could not end its snapshot: {error}");
            }
        }
    }
}

impl ReaderPool {
    pub(in crate::store) fn open(path: &Path, count: usize) -> anyhow::Result<ReaderPool> {
        let open = || Ok(PooledConnection { connection: connect_reader(path)?, seen: None, point: OnceCell::new() });
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

    /// Runs `work` while no idle connection holds a snapshot, so that the write-ahead log can be reset.
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

/// A checked-out read connection.
pub(in crate::store) struct Reader<'r> {
    connection: Option<PooledConnection>,
    /// [`Pool::drain_count`] when it was checked out.
    drain_count: u64,
    home: &'r ReaderPool,
}

impl Reader<'_> {
    pub(in crate::store) fn checked_out(&mut self) -> &mut PooledConnection {
        self.connection.as_mut().expect("a checked-out connection is there until it is returned")
    }

    /// Keeps the snapshot of the connection, or begins a new one after a commit.
    pub(in crate::store) fn snapshot(&mut self, generations: &Generations) -> Result<SnapshotVersion> {
        let reader = self.checked_out();
        if let Some(seen) = reader.seen
            // All generations are compared: a commit advances one after the other, and a caller that has seen the new
            // number of one scope must not read the old snapshot.
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
