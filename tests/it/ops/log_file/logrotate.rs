//! The log file under logrotate.

use super::{Logged, wait_for_text};
use crate::support::cli::said;
use crate::support::folder::{Folder, mode};
use crate::support::tools::has_tool;
use crate::support::wait::StopOnDrop;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

// Rotation

/// The packaged configuration for that server, in a folder of its own.
fn configuration(server: &Logged) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/rollbook.logrotate");
    let packaged = std::fs::read_to_string(path).expect("the configuration");
    let mut own = packaged.clone();
    for (theirs, ours) in [
        ("/var/log/rollbook/*.log", format!("{}/*.log", server.folder.path().display())),
        (
            "systemctl kill --signal=USR1 rollbook.service 2>/dev/null || true",
            format!("kill -USR1 {}", server.child.id()),
        ),
    ] {
        assert!(own.contains(theirs), "{packaged}");
        own = own.replace(theirs, &ours);
    }
    own
}

/// Rotates now, with the real program.
fn rotate(server: &Logged, configuration: &str) {
    let (file, state) = (server.path("logrotate.conf"), server.path("logrotate.state"));
    std::fs::write(&file, configuration).expect("a file");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).expect("a mode");
    let output = Command::new("logrotate").args(["--force", "--state"]).arg(state).arg(&file).output();
    let (status, out, err) = said(&output.expect("logrotate runs"));
    assert_eq!((status, out.as_str(), err.as_str()), (0, "", ""), "{configuration}");
}

#[test]
fn logrotate_moves_the_file_away_and_no_line_is_lost() {
    if !has_tool("logrotate", "logrotate") {
        return;
    }
    let mut server = Logged::start(&[]);
    std::fs::set_permissions(server.log(), PermissionsExt::from_mode(0o604)).expect("a mode");
    let configuration = configuration(&server);
    let stop = AtomicBool::new(false);
    let count = std::thread::scope(|scope| {
        let client = scope.spawn(|| {
            let mut count = 0;
            while !stop.load(Ordering::Relaxed) {
                assert_eq!(server.get(&format!("/number/{count}/")), 404);
                count += 1;
            }
            count
        });
        let end = StopOnDrop(&stop);
        for round in 1..=3 {
            rotate(&server, &configuration);
            wait_for_text(&server.log(), " reopened");
            assert_eq!(mode(&server.log()), 0o604, "the mode is that of the old file");
            wait_for_text(&server.log(), "/number/");
            let older = if round == 1 { "rollbook.log.1" } else { "rollbook.log.2.gz" };
            assert!(server.path(older).exists(), "{older}");
        }
        drop(end);
        client.join().expect("the client")
    });
    assert_eq!(server.stop(), 0);
    let mut lines = String::new();
    for name in ["rollbook.log.3.gz", "rollbook.log.2.gz"] {
        let output = Command::new("gzip").arg("-dc").arg(server.path(name)).output().expect("gzip runs");
        lines.push_str(&said(&output).1);
    }
    for name in ["rollbook.log.1", "rollbook.log"] {
        lines.push_str(&std::fs::read_to_string(server.path(name)).expect("a log"));
    }
    for number in 0..count {
        assert_eq!(lines.matches(&format!("/number/{number}/ 404")).count(), 1, "request {number} of {count}");
    }
    assert!(lines.lines().all(|line| line.starts_with("[20")), "{lines}");
}

#[test]
fn logrotate_copies_and_truncates_the_file() {
    if !has_tool("logrotate", "logrotate") {
        return;
    }
    let mut server = Logged::start(&[]);
    let packaged = configuration(&server);
    let (first, rest) = packaged.split_once("    create\n").expect("the line");
    let (_, end) = rest.split_once("endscript\n").expect("the script");
    let configuration = format!("{first}    copytruncate\n{end}");
    for round in 0..3 {
        assert_eq!(server.get(&format!("/round/{round}")), 404);
        wait_for_text(&server.log(), &format!("/round/{round} 404"));
        rotate(&server, &configuration);
        assert_eq!(std::fs::metadata(server.log()).expect("the log").len(), 0);
        wait_for_text(&server.path("rollbook.log.1"), &format!("/round/{round} 404"));
        assert_eq!(server.get(&format!("/then/{round}")), 404);
        let log = wait_for_text(&server.log(), &format!("/then/{round} 404"));
        // The new file has no hole in place of the old lines.
        assert!(log.starts_with("[20"), "{log:?}");
    }
    assert_eq!(server.stop(), 0);
}

#[test]
fn logrotate_takes_the_packaged_configuration() {
    if !has_tool("logrotate", "logrotate") {
        return;
    }
    let folder = Folder::new();
    let file = folder.path().join("rollbook");
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/rollbook.logrotate"), &file).expect("a copy");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).expect("a mode");
    let output = Command::new("logrotate").arg("--debug").arg(&file).output().expect("logrotate runs");
    let (status, _, err) = said(&output);
    assert_eq!(status, 0, "{err}");
    assert!(!err.contains("error:"), "{err}");
}
