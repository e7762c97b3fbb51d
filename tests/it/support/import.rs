//! Imports into a new directory, and the records that come out again.

use super::cli::{exported_records, run, said};
use super::folder::Folder;
use serde_json::Value;

pub fn write(folder: &Folder, name: &str, text: impl AsRef<[u8]>) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("a file");
    path.display().to_string()
}

/// Imports a file; returns its output without the path of the folder.
pub fn import(folder: &Folder, file: &str, flags: &[&str]) -> (i32, String, String) {
    let (status, out, err) = said(&run(folder, &[&["import", file], flags].concat()));
    let start = format!("{}/", folder.path().display());
    (status, out.replace(&start, ""), err.replace(&start, ""))
}

/// All of a directory as JSON lines.
pub fn exported(folder: &Folder) -> Vec<Value> {
    let (status, out, err) = said(&run(folder, &["export", "-", "--format", "jsonl"]));
    assert_eq!(status, 0, "{err}");
    exported_records(&out)
}

/// The record of a user.
pub fn user(folder: &Folder, name: &str) -> Value {
    let records = exported(folder);
    let found = records.into_iter().find(|record| record["kind"] == "user" && record["name"] == name);
    found.unwrap_or_else(|| panic!("there is no {name}"))
}
