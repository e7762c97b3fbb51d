//! Files: private files, atomic replacement, the instance lock, and the paths of a database.
//!
//! A command writes a regular or new file under a temporary name in the same folder ([`TempFile`]). The file gets its
//! name when all of it is on disk: an error before that leaves the older file and nothing else. A device, a named pipe
//! and a descriptor (`/dev/stdout`) is written as a stream: its mode stays, and it is never removed.

pub(crate) mod database_path;
mod file_id;
mod instance_lock;
mod lock_holder;
mod output;
mod owner;
mod paths;
mod temp_file;

pub(crate) use database_path::DatabasePath;
pub(crate) use file_id::FileId;
pub(crate) use instance_lock::{DatabaseLocked, InstanceLock};
pub(crate) use output::{Destination, Output, complete, is_dash, is_descriptor};
pub(crate) use owner::{
    Owner, explain_open_error, find_missing_permission, require_own_side_file, set_owner, set_owner_of_path,
};
pub(crate) use paths::{folder_of, kind, real_path, sync_folder_of, unused_name, with_suffix, without_following};
pub(crate) use temp_file::{
    TempFile, is_temp_file_name, remove_all as remove_temp_files, remove_stale_temp_files, uninterrupted,
};
