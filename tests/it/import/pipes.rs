//! Files that can be read once only, and files that stay behind.

use super::{directory, found, write};
use crate::support::cli::{binary, rollbook, said};
use crate::support::folder::Folder;
use crate::support::wait::wait_until;
use std::ffi::OsString;
use std::io::Write as _;
use std::process::{Command, Stdio};

const PEOPLE: &str = "dn: uid=nemo,dc=sea
objectClass: account
uid: nemo
memberOf: cn=bridge,dc=sea

dn: cn=bridge,dc=sea
objectClass: groupOfNames
cn: bridge
";

/// The names of the files in a folder, without those of the database.
fn files(folder: &Folder) -> Vec<OsString> {
    let entries = std::fs::read_dir(folder.path()).expect("the folder");
    let mut names: Vec<OsString> = entries.map(|entry| entry.expect("a file").file_name()).collect();
    names.retain(|name| !name.to_string_lossy().starts_with("rollbook.db"));
    names.sort();
    names
}

fn assert_imported(folder: &Folder) {
    assert_eq!(found(folder), (vec!["nemo: bridge".to_owned()], vec!["bridge:".to_owned()]));
}

#[test]
fn a_fifo_is_read_like_a_file_and_leaves_nothing_behind() {
    let folder = directory();
    let fifo = folder.path().join("people.ldif");
    assert!(Command::new("mkfifo").arg(&fifo).status().expect("mkfifo runs").success());
    let before = files(&folder);
    let mut command = rollbook();
    command.arg("import").arg(&fifo).env("ROLLBOOK_DB", folder.db()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("the command starts");
    std::fs::write(&fifo, PEOPLE).expect("the fifo takes it");
    let (status, out, err) = said(&child.wait_with_output().expect("it ends"));
    assert_eq!(status, 0, "{out}{err}");
    assert_imported(&folder);
    assert_eq!(files(&folder), before);
}

#[test]
fn a_substituted_process_is_read_like_a_file() {
    let folder = directory();
    let file = write(&folder, "people.txt", PEOPLE);
    let before = files(&folder);
    let mut command = crate::support::cli::launcher("bash");
    let script = "\"$1\" import <(cat \"$2\") --format ldif --db \"$3\"";
    command.args(["-c", script, "bash"]).arg(binary()).arg(file).arg(folder.db());
    let (status, out, err) = said(&command.output().expect("bash runs"));
    assert_eq!(status, 0, "{out}{err}");
    assert!(out.starts_with("/dev/fd/"), "{out}");
    assert_imported(&folder);
    assert_eq!(files(&folder), before);
}

#[test]
fn an_import_that_is_killed_while_it_reads_a_pipe_leaves_no_file() {
    let folder = directory();
    let mut command = rollbook();
    command.args(["import", "-", "--format", "ldif"]).env("ROLLBOOK_DB", folder.db());
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the command starts");
    let mut input = child.stdin.take().expect("a pipe");
    // The text exceeds the buffer of a pipe: its end is written only after the command has read the beginning.
    input.write_all(PEOPLE.repeat(20_000).as_bytes()).expect("the command reads");
    let descriptors = format!("/proc/{}/fd", child.id());
    let keeps = |path: &std::path::Path| {
        let target = std::fs::read_link(path).unwrap_or_default();
        target.starts_with(folder.path()) && target.to_string_lossy().ends_with(" (deleted)")
    };
    wait_until("a file without a name", || {
        std::fs::read_dir(&descriptors).expect("it runs").flatten().any(|entry| keeps(&entry.path()))
    });
    assert!(files(&folder).is_empty(), "{:?}", files(&folder));
    child.kill().and_then(|()| child.wait()).expect("it is killed");
    drop(input);
    assert!(files(&folder).is_empty(), "{:?}", files(&folder));
}
