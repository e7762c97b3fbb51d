//! The ready line: to a file or to a descriptor.

use super::{is_ready, line_in, said, serving};
use crate::support::cli::{copy_binary, launcher, rollbook, rollbook_after, signal};
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY};
use crate::support::tools::has_tool;
use crate::support::wait::{wait_for, wait_until};
use serde_json::{Value, json};
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Output, Stdio};

#[test]
fn ready_file_names_the_address_and_is_removed_with_the_server() {
    let folder = Folder::new();
    let file = folder.path().join("ready.json");
    let flags = ["--ready-file", file.to_str().unwrap(), "--log", "off", "--metrics-listen", "127.0.0.1:0"];
    let mut child = serving(rollbook(), &folder, &flags).spawn().unwrap();
    let line = line_in(&file, &mut child);
    let address = line["address"].as_str().unwrap();
    let metrics = line["metrics"].as_str().unwrap().to_owned();
    let expected = json!({
        "url": format!("http://{address}"),
        "address": address,
        "listeners": [{"url": format!("http://{address}"), "address": address}],
        "metrics": metrics,
        "pid": child.id(),
        "version": env!("CARGO_PKG_VERSION"),
    });
    assert_eq!(line, expected);
    assert!(is_ready(address), "at once");
    assert!(is_ready(metrics.strip_prefix("http://").unwrap().strip_suffix("/metrics").unwrap()));
    signal(child.id(), "-TERM");
    assert!(wait_for(&mut child).success());
    assert!(!file.exists());
    assert_eq!(said(&mut child), "", "the log is off");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(left.iter().all(|name| name.to_string_lossy().starts_with("rollbook.db")), "{left:?}");
}

#[test]
fn ready_line_has_every_address() {
    let folder = Folder::new();
    let file = folder.path().join("ready.json");
    let unix = format!("unix:{}", folder.path().join("r.sock").display());
    let mut command = rollbook();
    command.args(["serve", "--listen", &unix, "--listen", "127.0.0.1:0", "--listen", "127.0.0.2:0", "--db"]);
    command.arg(folder.db()).arg("--ready-file").arg(&file).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let line = line_in(&file, &mut child);
    let address = |number: usize| line["listeners"][number]["address"].as_str().expect("an address").to_owned();
    let listeners = json!([
        {"url": unix, "address": unix},
        {"url": format!("http://{}", address(1)), "address": address(1)},
        {"url": format!("http://{}", address(2)), "address": address(2)},
    ]);
    assert_eq!(line["listeners"], listeners);
    assert_eq!((line["url"].as_str(), line["address"].as_str()), (Some(unix.as_str()), Some(unix.as_str())));
    assert!(address(1).starts_with("127.0.0.1:") && address(2).starts_with("127.0.0.2:"), "{line}");
    assert!(is_ready(&address(1)) && is_ready(&address(2)));
    signal(child.id(), "-TERM");
    assert!(wait_for(&mut child).success());
    let log = said(&mut child);
    assert!(
        log.contains(&format!("ready: open http://{}/", address(1))),
        "the log names an address and not the socket: {log}"
    );
}

#[test]
fn ready_file_of_a_killed_server_is_not_taken_for_the_next_one() {
    let folder = Folder::new();
    let file = folder.path().join("ready.json");
    let flags = ["--ready-file", file.to_str().unwrap()];
    let mut first = serving(rollbook(), &folder, &flags).spawn().unwrap();
    let killed = line_in(&file, &mut first);
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(file.exists());
    // The port is taken, so that the next server fails.
    let busy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut failing = rollbook();
    failing.args(["serve", "--db"]).arg(folder.db()).args(flags).arg("--listen");
    failing.arg(busy.local_addr().unwrap().to_string());
    assert_eq!(failing.output().unwrap().status.code(), Some(1));
    assert!(!file.exists(), "the line of the last server is removed before the database is opened");
    let mut next = serving(rollbook(), &folder, &flags).spawn().unwrap();
    assert_ne!(line_in(&file, &mut next)["pid"], killed["pid"]);
    // Another process has replaced the file meanwhile: its file stays.
    std::fs::write(&file, r#"{"pid":1,"version":"0"}"#).unwrap();
    signal(next.id(), "-TERM");
    assert!(wait_for(&mut next).success());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), r#"{"pid":1,"version":"0"}"#);
}

#[test]
fn ready_file_that_cannot_be_written_is_refused_and_unchanged() {
    let folder = Folder::new();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(at("notes"), "pid 12").unwrap();
    std::fs::create_dir(at("place")).unwrap();
    std::os::unix::fs::symlink(at("notes"), at("link")).unwrap();
    let taken = "it exists and has other content; remove it, or name another file";
    let rows: Vec<(Vec<String>, i32, &str)> = vec![
        (vec!["--ready-file".into(), at("notes")], 1, taken),
        (vec!["--ready-file".into(), at("place")], 1, taken),
        (vec!["--ready-file".into(), at("link")], 1, taken),
        (vec!["--ready-file".into(), "/dev/null".into()], 1, taken),
        (vec!["--ready-file".into(), at("nowhere/ready")], 1, "write --ready-file "),
        (vec!["--ready-file".into(), at("rollbook.db")], 2, "rollbook.db is the database file or belongs to it"),
        (
            vec!["--ready-file".into(), at("rollbook.db.lock")],
            2,
            "rollbook.db.lock is the database file or belongs to it",
        ),
        (vec!["--ready-file".into(), at("log"), "--log-file".into(), at("log")], 1, taken),
        (vec!["--ready-fd".into(), "77".into()], 1, "has not inherited a descriptor 77"),
        (vec!["--ready-fd".into(), "0".into()], 2, "invalid value '0' for '--ready-fd <N>'"),
        (vec!["--ready-fd".into(), "three".into()], 2, "invalid value 'three' for '--ready-fd <N>'"),
        (vec!["--exit-with-parent=0".into()], 2, "not a process number"),
        (vec!["--exit-with-parent=me".into()], 2, "not a process number"),
    ];
    for (flags, status, text) in rows {
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let Output { status: found, stderr, .. } = serving(rollbook(), &folder, &flags).output().unwrap();
        let said = String::from_utf8_lossy(&stderr);
        assert_eq!(found.code(), Some(status), "{flags:?}: {said}");
        let logged = std::fs::read_to_string(at("log")).unwrap_or_default();
        assert!(said.contains(text) || logged.contains(text), "{flags:?}: {said}{logged}");
    }
    assert_eq!(std::fs::read_to_string(at("notes")).unwrap(), "pid 12");
    assert!(Path::new(&at("link")).is_symlink() && Path::new("/dev/null").metadata().unwrap().len() == 0);
}

/// Standard output of the shell becomes descriptor 7 of the server.
const ON_DESCRIPTOR: &str = "exec 7>&1 1>/dev/null";

#[test]
fn ready_descriptor_receives_the_line_and_is_closed() {
    let folder = Folder::new();
    let mut command = serving(rollbook_after(ON_DESCRIPTOR), &folder, &["--ready-fd", "7", "--log", "off"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    // Up to its end, while the server runs.
    child.stdout.take().unwrap().read_to_string(&mut line).unwrap();
    let line: Value = serde_json::from_str(line.strip_suffix('\n').unwrap()).unwrap();
    assert_eq!(line["pid"], child.id());
    assert!(is_ready(line["address"].as_str().unwrap()));
    signal(child.id(), "-TERM");
    assert!(wait_for(&mut child).success());

    // Node's pipes are sockets.
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let mut command = serving(rollbook_after(ON_DESCRIPTOR), &folder, &["--ready-fd", "7"]);
    let mut child = command.stdout(OwnedFd::from(theirs)).spawn().unwrap();
    drop(command);
    let mut line = String::new();
    ours.read_to_string(&mut line).unwrap();
    assert!(is_ready(serde_json::from_str::<Value>(&line).unwrap()["address"].as_str().unwrap()));
    signal(child.id(), "-TERM");
    assert!(wait_for(&mut child).success());

    // A file keeps what it holds, and a reader that has gone is no failure.
    let file = folder.path().join("lines");
    std::fs::write(&file, "first\n").unwrap();
    let append = std::fs::OpenOptions::new().append(true).open(&file).unwrap();
    let mut command = serving(rollbook(), &folder, &["--ready-fd", "1"]);
    let mut child = command.stdout(append).spawn().unwrap();
    wait_until("a second line", || std::fs::read_to_string(&file).unwrap().ends_with("}\n"));
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("first\n{"));
    signal(child.id(), "-TERM");
    assert!(wait_for(&mut child).success());
    let mut command = serving(rollbook_after(ON_DESCRIPTOR), &folder, &["--ready-fd", "7"]);
    let ready = folder.path().join("ready");
    let mut child = command.args(["--ready-file"]).arg(&ready).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let line = line_in(&ready, &mut child);
    assert!(is_ready(line["address"].as_str().unwrap()));
    signal(child.id(), "-TERM");
    assert!(wait_for(&mut child).success());
}

#[test]
fn ready_descriptor_that_is_not_writable_is_refused() {
    let folder = Folder::new();
    let file = folder.path().join("notes");
    std::fs::write(&file, "notes").unwrap();
    for number in ["7", "8"] {
        // 8 is the first number that the server would use itself.
        let mut command = rollbook_after("exec 7<&0 3<&0 4<&0 5<&0 6<&0");
        command.stdin(std::fs::File::open(&file).unwrap());
        let output = serving(command, &folder, &["--ready-fd", number]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{number}: {said}");
        let expected = if number == "7" { "the descriptor 7 is read-only" } else { "has not inherited a descriptor 8" };
        assert!(said.contains(expected), "{number}: {said}");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "notes");
    assert!(!folder.db().exists());
}

#[test]
fn ready_descriptor_may_be_a_pipe_of_another_user_or_without_a_reader() {
    let folder = Folder::new();
    let ready = folder.path().join("ready");
    let flags = ["--ready-fd", "7", "--ready-file", ready.to_str().unwrap()];
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = serving(rollbook_after(ON_DESCRIPTOR), &folder, &flags);
    let mut child = command.stdout(writer).spawn().unwrap();
    drop(command);
    let line = line_in(&ready, &mut child);
    assert!(is_ready(line["address"].as_str().unwrap()), "the server does not wait for a reader");
    signal(child.id(), "-TERM");
    assert!(wait_for(&mut child).success());

    if !rustix::process::geteuid().is_root() || !has_tool("setpriv", "util-linux") {
        eprintln!("not root: the pipe of another user is not tested");
        return;
    }
    // A folder that the other user can reach.
    let place = std::env::temp_dir().join(format!("rollbook-child-{}", std::process::id()));
    std::fs::create_dir(&place).unwrap();
    std::os::unix::fs::chown(&place, Some(65534), Some(65534)).unwrap();
    let program = place.join("rollbook");
    copy_binary(&program);
    let script = r#"exec 7>&1 1>/dev/null; exec setpriv --reuid 65534 --clear-groups -- "$@""#;
    let mut command = launcher("sh");
    command.args(["-c", script, "sh"]).arg(&program).current_dir("/");
    command.env("ROLLBOOK_ADMIN_PASSWORD", ADMIN_PASSWORD).env("ROLLBOOK_API_KEY", API_KEY);
    command.env("ROLLBOOK_APP_KEY", APP_KEY).stdin(Stdio::null()).stdout(Stdio::piped());
    command.args(["serve", "--listen", "127.0.0.1:0", "--ready-fd", "7", "--db"]).arg(place.join("people.db"));
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    child.stdout.take().unwrap().read_to_string(&mut line).unwrap();
    std::fs::remove_file(&program).unwrap();
    if line.is_empty() {
        panic!("no line: {}", said(&mut child));
    }
    assert!(is_ready(serde_json::from_str::<Value>(&line).unwrap()["address"].as_str().unwrap()));
    signal(child.id(), "-TERM");
    assert!(wait_for(&mut child).success());
    std::fs::remove_dir_all(&place).unwrap();
}
