//! Stops a command in the middle of a sync: a preloaded library holds the call.

use super::cli::rollbook;
use super::folder::Folder;
use super::wait::eventually;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// The library that stands between commands and the kernel.
pub struct Between {
    pub folder: Folder,
}

impl Between {
    pub fn new() -> Between {
        let folder = Folder::new();
        let mut compiler = Command::new("cc");
        compiler.args(["-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o"]);
        compiler.arg(folder.path().join("outputs.so"));
        compiler.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/held_sync.c")).arg("-ldl");
        assert!(compiler.status().expect("a C compiler, as SQLite needs it too").success());
        Between { folder }
    }

    /// A command on the database in that folder.
    pub fn command(&self, command: Command, folder: &Folder, words: &[&str]) -> Command {
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

    pub fn hold_file(&self) -> PathBuf {
        self.folder.path().join("hold")
    }

    /// Starts a command and returns when it waits in a sync.
    pub fn held(&self, command: Command, folder: &Folder, words: &[&str]) -> Child {
        let waits = self.folder.path().join("hold.waits");
        let _ = std::fs::remove_dir(&waits);
        std::fs::write(self.hold_file(), "").expect("a file");
        let mut child = self.command(command, folder, words).spawn().expect("the command starts");
        self.wait(&mut child, words);
        child
    }

    /// Waits until a command waits in a sync.
    pub fn wait(&self, child: &mut Child, words: &[&str]) {
        eventually(format!("{words:?} waits in a sync"), || {
            if let Some(status) = child.try_wait().expect("a child") {
                panic!("{words:?} has ended: {status}");
            }
            self.folder.path().join("hold.waits").exists().then_some(())
        });
    }

    /// Starts a command that waits, the usual way.
    pub fn held_command(&self, folder: &Folder, words: &[&str]) -> Child {
        self.held(rollbook(), folder, words)
    }

    pub fn release(&self) {
        std::fs::remove_file(self.hold_file()).expect("it was held");
    }
}
