//! Failures below the server: a kill, a power loss, a full or broken disk, damaged files, clock jumps, and a log
//! without a reader. `preload.c` stands between the server and the kernel, so that the program under test is the one
//! that is shipped. `ROLLBOOK_LONG=1` repeats more.

mod clock;
mod copies;
mod crash;
mod damage;
mod disk;
mod hang;
mod load;
mod pressure;
mod refusal;
mod replaced_files;

use crate::support::folder::Folder;
use crate::support::server::{Server, serve};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

/// Numbers of errors, as Linux has them.
const EIO: u32 = 5;
const EACCES: u32 = 13;
const ENOSPC: u32 = 28;
/// Instead of failing, the calls wait until the fault is removed.
const HANG: u32 = u32::MAX;

/// Bits for the files that calls are about: the number of each is its place in the list in `preload.c`.
const MAIN: u32 = 1 << 1;
const LOG: u32 = 1 << 2;
const SOCKETS: u32 = 1 << 7;
const ANY_FILE: u32 = u32::MAX;

/// Bits for calls.
const WRITE: u32 = 1;
const SYNC: u32 = 2;
const TRUNCATE: u32 = 4;
const READ: u32 = 8;
const OPEN_TO_WRITE: u32 = 16;
const ACCEPT: u32 = 32;

/// A fault to inject.
#[derive(Debug, Clone, Copy)]
struct Fault {
    error: u32,
    files: u32,
    calls: u32,
    /// The number of calls that succeed first.
    skip: u32,
    /// Half of a page is written before the error.
    halves: bool,
}

impl Fault {
    fn of(error: u32, files: u32, calls: u32) -> Fault {
        Fault { error, files, calls, skip: 0, halves: false }
    }
}

/// A folder whose servers run with the library.
struct Faults {
    folder: Arc<Folder>,
    control: File,
}

impl Faults {
    fn new() -> Faults {
        let folder = Arc::new(Folder::new());
        let mut compiler = Command::new("cc");
        compiler
            .args(["-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o"])
            .arg(folder.path().join("faults.so"));
        compiler.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/faults/preload.c"));
        assert!(compiler.status().expect("a C compiler, as SQLite needs it too").success());
        let control = OpenOptions::new().create_new(true).read(true).write(true).open(folder.path().join("control"));
        let control = control.expect("the control file");
        control.set_len(4096).expect("the control file");
        Faults { folder, control }
    }

    fn record_path(&self) -> PathBuf {
        self.folder.path().join("record")
    }

    /// A server with the library between it and the kernel.
    fn command(&self, flags: &[&str]) -> Command {
        let mut command = serve(&self.folder, flags);
        command.env("LD_PRELOAD", self.folder.path().join("faults.so"));
        command.env("FAULTS_DB", self.folder.db()).env("FAULTS_CONTROL", self.folder.path().join("control"));
        command
    }

    fn start(&self) -> Server {
        Server::by(self.command(&[]), Arc::clone(&self.folder))
    }

    /// A server whose calls the library records.
    fn start_recorded(&self) -> Server {
        let mut command = self.command(&[]);
        command.env("FAULTS_RECORD", self.record_path());
        Server::by(command, Arc::clone(&self.folder))
    }

    /// Injects the fault; returns when no call still follows the fault before.
    fn fail(&self, fault: Fault) {
        self.work_again();
        self.set(4, fault.files);
        self.set(8, fault.calls);
        self.set(12, fault.skip);
        self.set(24, u32::from(fault.halves));
        self.set(28, 0);
        // This field comes last, because it activates the others.
        self.set(0, fault.error);
    }

    fn work_again(&self) {
        self.set(0, 0);
    }

    /// How many calls have failed since the last [`Faults::fail`].
    fn failed(&self) -> u32 {
        let mut bytes = [0; 4];
        self.control.read_exact_at(&mut bytes, 28).expect("the control file");
        u32::from_le_bytes(bytes)
    }

    /// Shifts the wall clock by that much from now on.
    fn set_clock(&self, seconds: i64) {
        self.control.write_all_at(&seconds.to_le_bytes(), 16).expect("the control file");
    }

    fn set(&self, offset: u64, value: u32) {
        self.control.write_all_at(&value.to_le_bytes(), offset).expect("the control file");
    }
}

/// True if `ROLLBOOK_LONG` asks for many repetitions.
fn long() -> bool {
    std::env::var_os("ROLLBOOK_LONG").is_some()
}
