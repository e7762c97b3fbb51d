//! Connections to the database file.

use crate::files::{DatabasePath, find_missing_permission, with_suffix};
use crate::store::sql_functions::define_functions;
use anyhow::bail;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// Time that a connection waits for another one of this process. They only meet at checkpoints.
pub(in crate::store) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Prepared statements that each connection caches. There are fewer different ones.
pub(in crate::store) const STATEMENTS_KEPT: usize = 128;

/// Flags for opening a database. The path has no links here: the owner of the folder may have put one there since, and
/// root would write to its target.
pub(in crate::store) const OPEN_FLAGS: OpenFlags =
    OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX).union(OpenFlags::SQLITE_OPEN_NOFOLLOW);

pub(in crate::store) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, OPEN_FLAGS)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    define_functions(&connection)?;
    // Otherwise SQLite recompiles a cached statement when a parameter changes that might give a better plan. For most
    // statements that costs more than running them.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

pub(in crate::store) fn prepare_writer(connection: &Connection) -> anyhow::Result<()> {
    // SQLite opens a file read-only if it has no permission to write.
    if connection.is_readonly(rusqlite::MAIN_DB)? {
        bail!("the process has no permission to write the file");
    }
    let mode: String = connection.query_row("pragma journal_mode = wal", [], |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        bail!("the file cannot have a write-ahead log (journal mode {mode})");
    }
    connection.execute_batch(
        "pragma synchronous = full;
         pragma foreign_keys = on;
         pragma trusted_schema = off;
         pragma temp_store = memory;
         pragma cache_size = -16384;
         pragma journal_size_limit = 67108864;",
    )?;
    Ok(())
}

/// Opens a connection for reading.
pub(in crate::store) fn connect_reader(path: &Path) -> anyhow::Result<Connection> {
    let connection = connect(path)?;
    // Opened for writing: a read-only connection could not recover the log after a crash. The first read opens the log:
    // later, another log could be in its place.
    connection.execute_batch(
        "pragma query_only = on; pragma trusted_schema = off; pragma temp_store = memory;
         pragma cache_size = -6144; begin; select count(*) from sqlite_schema; rollback",
    )?;
    // The writer's connection closes last and runs the last checkpoint, if the files are not lost.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(connection)
}

/// Names the missing permission where SQLite only says that it cannot open the file.
pub(in crate::store) fn explain_sqlite_error(place: &DatabasePath, error: rusqlite::Error) -> anyhow::Error {
    let code = error.sqlite_error_code();
    if !matches!(code, Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied)) {
        return error.into();
    }
    let files = ["", "-wal", "-shm", "-journal"].map(|suffix| with_suffix(&place.real_path, suffix));
    files.iter().find_map(|file| find_missing_permission(file)).unwrap_or_else(|| error.into())
}

/// Does the same for an error that may come from SQLite.
pub(in crate::store) fn explain_error(place: &DatabasePath, error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<rusqlite::Error>() {
        Ok(error) => explain_sqlite_error(place, error),
        Err(error) => error,
    }
}

/// Opens a database for reading that no process writes, without its side files.
pub(in crate::store) fn open_immutable(path: &Path) -> rusqlite::Result<Connection> {
    // `immutable`: SQLite creates no side files and takes no locks.
    let mut uri = String::from("file:");
    for &byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => uri.push(char::from(byte)),
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(uri, flags)
}

pub(in crate::store) fn connect_copy(path: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(path, OPEN_FLAGS)
}
