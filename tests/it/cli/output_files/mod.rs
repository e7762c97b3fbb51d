//! Files that commands write: the older file stays until the new one is complete, nothing is left of a command that
//! ends early, and what is no regular file stays what it is.

mod backups;
mod regular_files;
mod signals;
mod streams;

use crate::support::cli::said;
use crate::support::folder::{Folder, names_in};
use std::path::Path;
use std::process::Output;

/// The files in the folder of the database, without those that SQLite has there while and after it works.
fn other_names(folder: &Folder) -> Vec<String> {
    let mut names = names_in(folder.path());
    names.retain(|name| name != "rollbook.db-wal" && name != "rollbook.db-shm");
    names
}

/// Files of commands that are at work, or were killed.
fn drafts_in(path: &Path) -> Vec<String> {
    names_in(path).into_iter().filter(|name| name.starts_with(".rollbook-")).collect()
}

fn at(folder: &Folder, name: &str) -> String {
    folder.path().join(name).to_str().expect("text").to_owned()
}

/// Asserts success, and returns standard output.
fn done(output: &Output) -> String {
    let (status, out, err) = said(output);
    assert_eq!(status, 0, "{out}{err}");
    out
}

/// Asserts a failure, and returns standard error.
fn refused(output: &Output) -> String {
    let (status, out, err) = said(output);
    assert_eq!(status, 1, "{out}{err}");
    assert!(err.contains("rollbook: ") && !err.contains("panicked"), "{err}");
    err
}
