//! A database that another process has: the error names the process, and says the way out.

use crate::support::cli::{run, said};
use crate::support::folder::Folder;
use crate::support::server::{Server, serve};
use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

/// The words for that process. Where the file system shows other numbers than the kernel has, or `/proc` is hidden, no
/// process is named.
fn words_for(process: u32, lock: &Path) -> String {
    let number = format!(":{}", lock.metadata().expect("the lock file").ino());
    let locks = std::fs::read_to_string("/proc/locks").unwrap_or_default();
    let shown = locks.lines().any(|line| line.split(' ').any(|word| word.ends_with(&number)));
    if !shown {
        assert!(std::env::var_os("CI").is_none(), "the lock is not in /proc/locks");
        eprintln!("the lock is not in /proc/locks: the number of the process is not tested");
        return "is in use by another process".to_owned();
    }
    format!("is in use by another process (process id {process})")
}

#[test]
fn a_second_server_names_the_first_and_the_commands_that_work_through_it() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    let words = words_for(server.pid(), &folder.path().join("rollbook.db.lock"));
    let (status, _, err) = said(&serve(&folder, &[]).output().expect("the command runs"));
    assert_eq!(status, 1);
    let advice =
        format!("if it is a server, commands work through it (rollbook user list --db {})", folder.db().display());
    for part in [words.as_str(), advice.as_str(), "(--db FILE)"] {
        assert!(err.contains(part), "{part:?} in {err}");
    }
    // The advice of the message works.
    assert_eq!(said(&run(&folder, &["user", "list"])).0, 0);
    // A restore cannot go through a server.
    let backup = folder.path().join("copy.db");
    let backup = backup.to_str().expect("text");
    assert_eq!(said(&run(&folder, &["backup", backup])).0, 0);
    let (status, _, err) = said(&run(&folder, &["restore", backup]));
    assert!(status == 1 && err.contains(&words), "{err}");
    assert_eq!(server.request("GET", "/readyz", &[], None).status, 200);
    assert!(server.stop().success());
}

#[test]
fn a_command_names_a_process_that_takes_no_commands() {
    let folder = Arc::new(Folder::new());
    assert!(Server::over(Arc::clone(&folder), &[]).stop().success());
    let lock = folder.path().join("rollbook.db.lock");
    let held = File::open(&lock).expect("the lock file");
    held.lock().expect("no other process has it");
    let words = words_for(std::process::id(), &lock);
    let (status, _, err) = said(&run(&folder, &["user", "list"]));
    assert_eq!(status, 1);
    let advice =
        format!("and it accepts no commands at {}.sock; wait until it ends, or stop it", folder.db().display());
    assert!(err.contains(&words) && err.contains(&advice), "{err}");
    // The file stays as it was.
    assert_eq!(held.metadata().expect("the lock file").len(), 0);
}
