//! Files that commands write: the older file stays until the new one is complete, nothing is left of a command that
//! ends early, and what is no regular file stays what it is.

mod backups;
mod regular_files;
mod signals;
mod streams;

use crate::support::harness::{Folder, eventually, rollbook, run, said};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// A folder with a directory in it.
fn filled() -> Folder {
    let folder = Folder::new();
    assert!(run(&folder, &["key", "create", "api", "--name", "test"]).status.success());
    folder
}

fn names_in(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(path).expect("the folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text"));
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// The files in the folder of the database, without those that SQLite has there while and after it works.
fn names_beside(folder: &Folder) -> Vec<String> {
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

/// The command did it; its standard output.
fn done(output: &Output) -> String {
    let (status, out, err) = said(output);
    assert_eq!(status, 0, "{out}{err}");
    out
}

/// The command failed; its standard error.
fn refused(output: &Output) -> String {
    let (status, out, err) = said(output);
    assert_eq!(status, 1, "{out}{err}");
    assert!(err.contains("rollbook: ") && !err.contains("panicked"), "{err}");
    err
}

/// The library that stands between commands and the kernel.
pub struct Between {
    folder: Folder,
}

impl Between {
    pub fn new() -> Between {
        let folder = Folder::new();
        let mut compiler = Command::new("cc");
        compiler.args(["-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o"]);
        compiler.arg(folder.path().join("outputs.so"));
        compiler.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/cli/output_files/preload.c")).arg("-ldl");
        assert!(compiler.status().expect("a C compiler, as SQLite needs it too").success());
        Between { folder }
    }

    /// A command on the database in that folder.
    fn command(&self, command: Command, folder: &Folder, words: &[&str]) -> Command {
        let mut command = command;
        command.args(words).env("ROLLBOOK_DB", folder.db()).env("HOLD", self.hold_file());
        command.env("LD_PRELOAD", self.library());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The library that a command is to be started with.
    pub fn library(&self) -> PathBuf {
        self.folder.path().join("outputs.so")
    }

    fn hold_file(&self) -> PathBuf {
        self.folder.path().join("hold")
    }

    /// Starts a command and returns when it waits in a sync.
    fn held(&self, command: Command, folder: &Folder, words: &[&str]) -> Child {
        let waits = self.folder.path().join("hold.waits");
        let _ = std::fs::remove_dir(&waits);
        std::fs::write(self.hold_file(), "").expect("a file");
        let mut child = self.command(command, folder, words).spawn().expect("the command starts");
        self.wait(&mut child, words);
        child
    }

    /// Waits until a command waits in a sync.
    fn wait(&self, child: &mut Child, words: &[&str]) {
        eventually(format!("{words:?} waits in a sync"), || {
            if let Some(status) = child.try_wait().expect("a child") {
                panic!("{words:?} has ended: {status}");
            }
            self.folder.path().join("hold.waits").exists().then_some(())
        });
    }

    /// Starts a command that waits, the usual way.
    fn held_command(&self, folder: &Folder, words: &[&str]) -> Child {
        self.held(rollbook(), folder, words)
    }

    fn release(&self) {
        std::fs::remove_file(self.hold_file()).expect("it was held");
    }
}
