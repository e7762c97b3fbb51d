//! The server as a child process: it says when it is ready, and ends with the program that has started it.

use crate::support::cli::{binary, launcher, rollbook, rollbook_after};
use crate::support::client::Connection;
use crate::support::client_tools::{environment, pins};
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use crate::support::tools::has_tool;
use crate::support::wait::{eventually, wait_for, wait_until};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

/// The rest of a command that [`rollbook`] or [`rollbook_after`] has begun.
fn serving(mut command: Command, folder: &Folder, flags: &[&str]) -> Command {
    command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(folder.db()).args(flags);
    command.stderr(Stdio::piped());
    command
}

fn is_ready(address: &str) -> bool {
    let mut connection = Connection::open(address.parse().expect("an address"));
    connection.send("GET", "/readyz", &[], None);
    connection.answer(false).status == 200
}

fn signal(name: &str, pid: u32) {
    assert!(Command::new("kill").args([name, &pid.to_string()]).status().unwrap().success());
}

/// What a process has said, once all of those that could say something have ended.
fn said(child: &mut Child) -> String {
    let mut said = String::new();
    child.stderr.take().expect("standard error is a pipe").read_to_string(&mut said).unwrap();
    said
}

fn line_in(file: &Path, child: &mut Child) -> Value {
    let line = eventually(format!("a line in {}", file.display()), || {
        assert_eq!(child.try_wait().unwrap(), None, "the server has ended");
        std::fs::read_to_string(file).ok()
    });
    assert!(line.ends_with('\n') && line.lines().count() == 1, "a whole line: {line:?}");
    serde_json::from_str(&line).unwrap()
}

#[test]
fn a_file_says_where_the_server_listens_and_goes_with_it() {
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
    signal("-TERM", child.id());
    assert!(wait_for(&mut child).success());
    assert!(!file.exists());
    assert_eq!(said(&mut child), "", "the log is off");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(left.iter().all(|name| name.to_string_lossy().starts_with("rollbook.db")), "{left:?}");
}

#[test]
fn the_line_has_all_places_where_the_server_listens() {
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
    signal("-TERM", child.id());
    assert!(wait_for(&mut child).success());
    let log = said(&mut child);
    assert!(log.contains(&format!("ready: open http://{}/", address(1))), "people cannot open a socket: {log}");
}

#[test]
fn the_file_of_a_server_that_was_killed_is_never_taken_for_the_next_one() {
    let folder = Folder::new();
    let file = folder.path().join("ready.json");
    let flags = ["--ready-file", file.to_str().unwrap()];
    let mut first = serving(rollbook(), &folder, &flags).spawn().unwrap();
    let killed = line_in(&file, &mut first);
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(file.exists());
    // The port is taken, so that the next one gets no further.
    let busy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut failing = rollbook();
    failing.args(["serve", "--db"]).arg(folder.db()).args(flags).arg("--listen");
    failing.arg(busy.local_addr().unwrap().to_string());
    assert_eq!(failing.output().unwrap().status.code(), Some(1));
    assert!(!file.exists(), "the line of the one before is gone before anything is opened");
    let mut next = serving(rollbook(), &folder, &flags).spawn().unwrap();
    assert_ne!(line_in(&file, &mut next)["pid"], killed["pid"]);
    // Another one has taken the place meanwhile: it keeps its file.
    std::fs::write(&file, r#"{"pid":1,"version":"0"}"#).unwrap();
    signal("-TERM", next.id());
    assert!(wait_for(&mut next).success());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), r#"{"pid":1,"version":"0"}"#);
}

#[test]
fn a_place_for_the_line_that_cannot_be_is_refused_and_left_as_it_is() {
    let folder = Folder::new();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(at("notes"), "pid 12").unwrap();
    std::fs::create_dir(at("place")).unwrap();
    std::os::unix::fs::symlink(at("notes"), at("link")).unwrap();
    let taken = "there is something else of that name: remove it, or name another file";
    let rows: Vec<(Vec<String>, i32, &str)> = vec![
        (vec!["--ready-file".into(), at("notes")], 1, taken),
        (vec!["--ready-file".into(), at("place")], 1, taken),
        (vec!["--ready-file".into(), at("link")], 1, taken),
        (vec!["--ready-file".into(), "/dev/null".into()], 1, taken),
        (vec!["--ready-file".into(), at("nowhere/ready")], 1, "write --ready-file "),
        (vec!["--ready-file".into(), at("rollbook.db")], 2, "rollbook.db is the database, or belongs to it"),
        (vec!["--ready-file".into(), at("rollbook.db.lock")], 2, "rollbook.db.lock is the database, or belongs to it"),
        (vec!["--ready-file".into(), at("log"), "--log-file".into(), at("log")], 1, taken),
        (vec!["--ready-fd".into(), "77".into()], 1, "without a descriptor 77 to write to"),
        (vec!["--ready-fd".into(), "0".into()], 2, "invalid value '0' for '--ready-fd <N>'"),
        (vec!["--ready-fd".into(), "three".into()], 2, "invalid value 'three' for '--ready-fd <N>'"),
        (vec!["--exit-with-parent=0".into()], 2, "not the number of a process"),
        (vec!["--exit-with-parent=me".into()], 2, "not the number of a process"),
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
fn a_descriptor_gets_the_line_and_is_closed() {
    let folder = Folder::new();
    let mut command = serving(rollbook_after(ON_DESCRIPTOR), &folder, &["--ready-fd", "7", "--log", "off"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    // Up to its end, while the server runs.
    child.stdout.take().unwrap().read_to_string(&mut line).unwrap();
    let line: Value = serde_json::from_str(line.strip_suffix('\n').unwrap()).unwrap();
    assert_eq!(line["pid"], child.id());
    assert!(is_ready(line["address"].as_str().unwrap()));
    signal("-TERM", child.id());
    assert!(wait_for(&mut child).success());

    // Node's pipes are sockets.
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let mut command = serving(rollbook_after(ON_DESCRIPTOR), &folder, &["--ready-fd", "7"]);
    let mut child = command.stdout(OwnedFd::from(theirs)).spawn().unwrap();
    drop(command);
    let mut line = String::new();
    ours.read_to_string(&mut line).unwrap();
    assert!(is_ready(serde_json::from_str::<Value>(&line).unwrap()["address"].as_str().unwrap()));
    signal("-TERM", child.id());
    assert!(wait_for(&mut child).success());

    // A file keeps what it holds, and a reader that has gone is no failure.
    let file = folder.path().join("lines");
    std::fs::write(&file, "first\n").unwrap();
    let append = std::fs::OpenOptions::new().append(true).open(&file).unwrap();
    let mut command = serving(rollbook(), &folder, &["--ready-fd", "1"]);
    let mut child = command.stdout(append).spawn().unwrap();
    wait_until("a second line", || std::fs::read_to_string(&file).unwrap().ends_with("}\n"));
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("first\n{"));
    signal("-TERM", child.id());
    assert!(wait_for(&mut child).success());
    let mut command = serving(rollbook_after(ON_DESCRIPTOR), &folder, &["--ready-fd", "7"]);
    let ready = folder.path().join("ready");
    let mut child = command.args(["--ready-file"]).arg(&ready).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let line = line_in(&ready, &mut child);
    assert!(is_ready(line["address"].as_str().unwrap()));
    signal("-TERM", child.id());
    assert!(wait_for(&mut child).success());
}

#[test]
fn a_descriptor_that_is_not_for_writing_is_refused_and_left_as_it_is() {
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
        let expected = if number == "7" { "the descriptor 7 is for reading only" } else { "without a descriptor 8" };
        assert!(said.contains(expected), "{number}: {said}");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "notes");
    assert!(!folder.db().exists());
}

#[test]
fn a_pipe_of_another_user_and_one_that_lost_its_reader_get_the_line() {
    let folder = Folder::new();
    let ready = folder.path().join("ready");
    let flags = ["--ready-fd", "7", "--ready-file", ready.to_str().unwrap()];
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = serving(rollbook_after(ON_DESCRIPTOR), &folder, &flags);
    let mut child = command.stdout(writer).spawn().unwrap();
    drop(command);
    let line = line_in(&ready, &mut child);
    assert!(is_ready(line["address"].as_str().unwrap()), "no reader is waited for");
    signal("-TERM", child.id());
    assert!(wait_for(&mut child).success());

    if !rustix::process::geteuid().is_root() || !has_tool("setpriv", "util-linux") {
        eprintln!("not root: the pipe of another user is not tested");
        return;
    }
    // Where that user can reach it.
    let place = std::env::temp_dir().join(format!("rollbook-child-{}", std::process::id()));
    std::fs::create_dir(&place).unwrap();
    std::os::unix::fs::chown(&place, Some(65534), Some(65534)).unwrap();
    let program = place.join("rollbook");
    std::fs::copy(binary(), &program).unwrap();
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
    signal("-TERM", child.id());
    assert!(wait_for(&mut child).success());
    std::fs::remove_dir_all(&place).unwrap();
}

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
fn the_end_of_the_parent_is_the_end_of_the_server() {
    let ours = format!("--exit-with-parent={}", std::process::id());
    for (flag, by) in [("--exit-with-parent", "-KILL"), ("--exit-with-parent", "-TERM"), (ours.as_str(), "")] {
        let folder = Folder::new();
        let ready = folder.path().join("ready.json");
        let mut parent = under_a_parent(&folder, flag, &ready);
        let line = line_in(&ready, &mut parent);
        assert!(is_ready(line["address"].as_str().unwrap()));
        if by.is_empty() {
            // The process that was named lives on, so this is no end.
            signal("-KILL", parent.id());
            parent.wait().unwrap();
            assert!(is_ready(line["address"].as_str().unwrap()));
            signal("-TERM", u32::try_from(line["pid"].as_u64().unwrap()).unwrap());
            assert!(!said(&mut parent).contains("has started the server"));
            continue;
        }
        signal(by, parent.id());
        parent.wait().unwrap();
        let said = said(&mut parent);
        let lines = ["the process that has started the server has ended", "stopping", "stopped"];
        let places = lines.map(|line| said.find(line).unwrap_or_else(|| panic!("{line:?} in {said}")));
        assert!(places.is_sorted(), "{said}");
        assert!(!ready.exists(), "the end was a good one");
    }
}

#[test]
fn the_end_of_the_thread_that_has_started_the_server_is_none() {
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
fn a_parent_that_has_ended_before_it_is_watched_is_noticed() {
    let folder = Folder::new();
    let mut gone = Command::new("true").spawn().unwrap();
    gone.wait().unwrap();
    let mut stranger = Command::new("sleep").arg("1000").spawn().unwrap();
    for pid in [gone.id(), stranger.id()] {
        let flag = format!("--exit-with-parent={pid}");
        let output = serving(rollbook(), &folder, &[&flag]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        assert!(said.contains("the process that has started the server has ended already"), "{said}");
        assert!(!folder.db().exists(), "no database is made for a program that is gone");
    }
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[test]
fn an_orphan_is_told_to_name_its_parent() {
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
    assert!(said.contains("the parent is process 1, the one that takes in orphans"), "{said}");
    assert!(said.contains("(--exit-with-parent=1)") && !folder.db().exists(), "{said}");
}

#[test]
fn the_end_of_a_pipe_or_socket_on_standard_input_is_the_end_of_the_server() {
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
        // What comes in has no meaning.
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
        assert!(said.contains("standard input was closed") && said.contains("stopped"), "{kind}: {said}");
    }
}

#[test]
fn an_input_that_no_process_closes_does_not_count() {
    let folder = Folder::new();
    let ready = folder.path().join("ready.json");
    let flags = ["--ready-file", ready.to_str().unwrap()];
    // Without the flag a pipe is nothing, and with it neither is a device or a file.
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
        signal("-TERM", child.id());
        assert!(wait_for(&mut child).success());
        let said = said(&mut child);
        assert!(!said.contains("was closed") && !said.contains("has started"), "{input}: {said}");
    }
}

/// Runs an example as it is; the program is the one under test.
fn example(program: &Path, words: &[&str]) -> Output {
    let folder = Folder::new();
    let mut command = Command::new(program);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", folder.path());
    command.env("TMPDIR", folder.path()).env("SERVER_PROGRAM", binary()).env("PYTHONDONTWRITEBYTECODE", "1");
    command.args(words).current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples"));
    command.stdin(Stdio::null()).output().unwrap()
}

fn prints(output: &Output, expected: &str) {
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{output:?}");
}

#[test]
fn the_example_of_a_python_program_does_what_it_says() {
    if has_tool("python3", "python3") {
        let output = example(Path::new("python3"), &["child.py"]);
        prints(&output, "created: ada@example.com\nfound: ada@example.com\nstopped\n");
    }
}

#[test]
fn the_example_of_a_node_program_does_what_it_says() {
    if has_tool("node", "nodejs") {
        let output = example(Path::new("node"), &["child.js"]);
        prints(&output, "created: ada@example.com\nfound: Ada Lovelace\nstopped\n");
    }
}

#[test]
fn the_example_of_a_shell_script_does_what_it_says() {
    if has_tool("curl", "curl") {
        let output = example(Path::new("sh"), &["child.sh"]);
        prints(&output, "created: ada@example.com\nfound: ada@example.com\nstopped\n");
    }
}

#[test]
fn the_pytest_fixture_serves_the_tests_of_a_program() {
    assert!(pins().join("pytest-9.2.0.txt").exists());
    let Some(tools) = environment("pytest-9.2.0") else { return };
    let python = tools.python.expect("an interpreter");
    let output = example(&python, &["-m", "pytest", "-q", "-p", "no:cacheprovider", "pytest"]);
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("2 passed"), "{output:?}");
}
