//! Code that depends on SQLite: files, connections, the writer, migrations and backups.

pub(in crate::store) mod backup;
pub(in crate::store) mod backup_rotation;
pub(in crate::store) mod checkpoint;
pub(in crate::store) mod commit_group;
pub(in crate::store) mod connection;
pub(in crate::store) mod file_checks;
pub(in crate::store) mod file_guard;
pub(in crate::store) mod integrity;
pub(in crate::store) mod migrations;
pub(in crate::store) mod open_files;
pub(in crate::store) mod reader_pool;
pub(in crate::store) mod restore;
pub(in crate::store) mod snapshot;
pub(in crate::store) mod temp_database;
pub(in crate::store) mod wal_origin;
pub(in crate::store) mod watched_files;
pub(in crate::store) mod write_thread;
pub(in crate::store) mod writer;
pub(in crate::store) mod writer_state;
