//! The server ends with its parent or with its input.

use super::{is_ready, line_in, said, serving};
use crate::support::cli::{binary, launcher, rollbook, signal};
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use crate::support::wait::wait_for;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

/// A shell that starts the server in the background, says its number and waits. The server's log comes to us.
fn under_a_parent(folder: &Folder, flag: &str, ready: &Path) -> Child {
    let script = r#""$@" </dev/null & echo $!; wait"#;
    let mut command = launcher("sh");
    command.args(["-c", script, "sh"]).arg(binary()).args(["serve", "--listen", "127.0.0.1:0", "--db"]);
    command.arg(folder.db()).arg("--ready-file").arg(ready).arg(flag);
    for (name, value) in [("ADMIN_PASSWORD", ADMIN_PASSWORD), ("API_KEY", API_KEY), ("APP_KEY", APP_KEY)] {
        command.env(format!("ROLLBOOK_{name}"), value);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn server_ends_with_its_parent() {
    let ours = format!("--exit-with-parent={}", std::process::id());
    for (flag, by) in [("--exit-with-parent", "-KILL"), ("--exit-with-parent", "-TERM"), (ours.as_str(), "")] {
        let folder = Folder::new();
        let ready = folder.path().join("ready.json");
        let mut parent = under_a_parent(&folder, flag, &ready);
        let line = line_in(&ready, &mut parent);
        assert!(is_ready(line["address"].as_str().unwrap()));
        if by.is_empty() {
            // The named process still runs, so the server does not end.
            signal(parent.id(), "-KILL");
            parent.wait().unwrap();
            assert!(is_ready(line["address"].as_str().unwrap()));
            signal(u32::try_from(line["pid"].as_u64().unwrap()).unwrap(), "-TERM");
            assert!(!said(&mut parent).contains("has started the server"));
            continue;
        }
        signal(parent.id(), by);
        parent.wait().unwrap();
        let said = said(&mut parent);
        let lines = ["stopping because the parent process has ended", "stopping", "stopped"];
        let places = lines.map(|line| said.find(line).unwrap_or_else(|| panic!("{line:?} in {said}")));
        assert!(places.is_sorted(), "{said}");
        assert!(!ready.exists(), "the server ends in good order");
    }
}

#[test]
fn server_outlives_the_thread_that_started_it() {
    let folder = Arc::new(Folder::new());
    let theirs = Arc::clone(&folder);
    let start =
        move || Server::by(crate::support::server::serve(&theirs, &["--exit-with-parent"]), Arc::clone(&theirs));
    let server = std::thread::spawn(start).join().unwrap();
    for _ in 0..3 {
        assert_eq!(server.request("GET", "/readyz", &[], None).status, 200);
    }
    let log = server.stop_for_log();
    assert!(!log.contains("has started the server"), "{log}");
}

#[test]
fn server_notices_a_parent_that_ended_before_the_watch() {
    let folder = Folder::new();
    let mut gone = Command::new("true").spawn().unwrap();
    gone.wait().unwrap();
    let mut stranger = Command::new("sleep").arg("1000").spawn().unwrap();
    for pid in [gone.id(), stranger.id()] {
        let flag = format!("--exit-with-parent={pid}");
        let output = serving(rollbook(), &folder, &[&flag]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        assert!(said.contains("the parent process has already ended"), "{said}");
        assert!(!folder.db().exists(), "no database is created for a program that has ended");
    }
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[test]
fn orphaned_server_asks_for_the_parent_process_id() {
    let folder = Folder::new();
    // The first shell ends, and the second one goes on when the kernel has given it another parent.
    let script = r#"first=$$ sh -c '
        parent() { while read -r name number; do [ "$name" != PPid: ] || echo "$number"; done </proc/$$/status; }
        while [ "$(parent)" = "$first" ]; do sleep 0.05; done
        parent
        exec "$@"' sh "$@" & exit 0"#;
    let mut command = launcher("sh");
    command.args(["-c", script, "sh"]).arg(binary()).args(["serve", "--exit-with-parent", "--db"]).arg(folder.db());
    let output = command.args(["--listen", "127.0.0.1:0"]).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if String::from_utf8_lossy(&output.stdout).trim() != "1" {
        eprintln!("another process than 1 takes in orphans here: not tested");
        return;
    }
    assert!(said.contains("the parent is process 1, which adopts orphans"), "{said}");
    assert!(said.contains("use --exit-with-parent=1") && !folder.db().exists(), "{said}");
}

#[test]
fn server_ends_when_its_standard_input_closes() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut ours = Some(ours);
    for (kind, input) in [("pipe", Stdio::piped()), ("socket", OwnedFd::from(theirs).into())] {
        let folder = Folder::new();
        let ready = folder.path().join("ready.json");
        let flags = ["--exit-with-parent", "--ready-file", ready.to_str().unwrap()];
        let mut command = serving(rollbook(), &folder, &flags);
        let mut child = command.stdin(input).spawn().unwrap();
        drop(command);
        let address: SocketAddr = line_in(&ready, &mut child)["address"].as_str().unwrap().parse().unwrap();
        // The server ignores the content of its input.
        let noise = vec![b'x'; 300_000];
        match kind {
            "pipe" => child.stdin.as_mut().unwrap().write_all(&noise).unwrap(),
            _ => ours.as_mut().unwrap().write_all(&noise).unwrap(),
        }
        assert!(is_ready(&address.to_string()), "{kind}");
        match kind {
            "pipe" => drop(child.stdin.take()),
            _ => drop(ours.take()),
        }
        assert!(wait_for(&mut child).success(), "{kind}");
        let said = said(&mut child);
        assert!(
            said.contains("stopping because standard input was closed") && said.contains("stopped"),
            "{kind}: {said}"
        );
    }
}

#[test]
fn server_ignores_an_input_that_no_process_can_close() {
    let folder = Folder::new();
    let ready = folder.path().join("ready.json");
    let flags = ["--ready-file", ready.to_str().unwrap()];
    // Without the flag the server ignores a pipe, and with it a device or a file.
    for (flag, input) in [("", "pipe"), ("--exit-with-parent", "/dev/null"), ("--exit-with-parent", "/dev/zero")] {
        let mut command = serving(rollbook(), &folder, &flags);
        command.args([flag].iter().filter(|flag| !flag.is_empty()));
        match input {
            "pipe" => command.stdin(Stdio::piped()),
            file => command.stdin(std::fs::File::open(file).unwrap()),
        };
        let mut child = command.spawn().unwrap();
        let line = line_in(&ready, &mut child);
        drop(child.stdin.take());
        for _ in 0..3 {
            assert!(is_ready(line["address"].as_str().unwrap()));
        }
        signal(child.id(), "-TERM");
        assert!(wait_for(&mut child).success());
        let said = said(&mut child);
        assert!(!said.contains("was closed") && !said.contains("has started"), "{input}: {said}");
    }
}
