//! Sockets that the server is started with, as systemd hands them over.

use crate::support::cli::{binary, rollbook_after, said};
use crate::support::client::{Connection, at_socket, get};
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server, places};
use crate::support::tools::{has_own_network, has_tool};
use crate::support::wait::{eventually, wait_for};
use serde_json::{Value, json};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

/// A program that makes sockets of these kinds and then runs the server in its place.
const PROGRAM: &str = r#"
import fcntl, os, socket, sys

def make(kind):
    if kind == "tcp":
        return socket.create_server(("127.0.0.1", 0))
    if kind == "file":
        return open("/dev/null")
    if kind == "datagrams":
        return socket.socket(type=socket.SOCK_DGRAM)
    if kind == "connected":
        return socket.socketpair()[0]
    if kind == "deaf":
        made = socket.socket()
        made.bind(("127.0.0.1", 0))
        return made
    made = socket.socket(socket.AF_UNIX)
    made.bind(kind.replace("@", "\0"))
    made.listen()
    return made

made = [make(kind) for kind in os.environ.pop("KINDS").split()]
above = [fcntl.fcntl(one, fcntl.F_DUPFD, 100) for one in made]
for number, descriptor in enumerate(above, 3):
    os.dup2(descriptor, number)
    os.close(descriptor)
os.environ.setdefault("LISTEN_FDS", str(len(made)))
os.environ.setdefault("LISTEN_PID", str(os.getpid()))
os.execvp(sys.argv[1], sys.argv[1:])
"#;

const HAND_OVER: &str = r#"set -- python3 -c "$PROGRAM" "$@""#;

/// `rollbook serve` on the database in that folder, by a program that hands over such sockets.
fn handed(prelude: &str, folder: &Folder, kinds: &str, flags: &[&str]) -> Command {
    let mut command = rollbook_after(prelude);
    command.args(["serve", "--db"]).arg(folder.db()).args(flags).env("PROGRAM", PROGRAM).env("KINDS", kinds);
    command
}

fn has_python() -> bool {
    has_tool("python3", "python3")
}

fn at_url(url: &str, path: &str) -> u16 {
    let address = url.strip_prefix("http://").expect("a URL").parse().expect("an address");
    get(Connection::open(address), path, &[]).status
}

#[test]
fn passed_sockets_replace_the_default_address() {
    if !has_python() {
        return;
    }
    let folder = Arc::new(Folder::new());
    let (path, ready) = (folder.path().join("r.sock"), folder.path().join("ready"));
    let name = format!("@rollbook-test-{}", std::process::id());
    let kinds = format!("tcp {} tcp {name}", path.display());
    let mut command = handed(HAND_OVER, &folder, &kinds, &["--ready-file", ready.to_str().expect("text")]);
    command.env("LISTEN_FDNAMES", "rollbook.socket::metrics:more");
    let server = Server::by(command, Arc::clone(&folder));
    let unix = format!("unix:{}", path.display());
    server.wait_for_log(&format!("listening on unix:{name}"));
    assert_eq!(places(&server), [server.url.clone(), unix.clone(), format!("unix:{name}")]);
    let line = eventually("the line", || std::fs::read_to_string(&ready).ok());
    let line: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(line["url"], server.url);
    assert_eq!(line["listeners"][1], json!({"url": unix, "address": unix}));

    assert_eq!(at_url(&server.url, "/readyz"), 200);
    assert_eq!(get(at_socket(&path), "/readyz", &[]).status, 200);
    assert_eq!(at_url(&server.url, "/metrics"), 404);
    let metrics = line["metrics"].as_str().expect("a URL").strip_suffix("/metrics").expect("its path");
    assert_eq!((at_url(metrics, "/metrics"), at_url(metrics, "/api/v1/validate")), (200, 404));
    // A program that the server starts would inherit none of them.
    for number in 3..7 {
        let about = std::fs::read_to_string(format!("/proc/{}/fdinfo/{number}", server.pid())).expect("it is open");
        let flags = about.lines().find_map(|line| line.strip_prefix("flags:")).expect("its flags");
        assert_ne!(u32::from_str_radix(flags.trim(), 8).expect("a number") & 0o2_000_000, 0, "{number}: {about}");
    }
    assert!(server.stop().success());
    assert!(path.exists(), "the socket is the other program's");
}

#[test]
fn configured_addresses_are_added_to_passed_sockets() {
    if !has_python() {
        return;
    }
    for is_flag in [true, false] {
        let folder = Arc::new(Folder::new());
        let flags: &[&str] = if is_flag { &["--listen", "127.0.0.2:0"] } else { &[] };
        let mut command = handed(HAND_OVER, &folder, "tcp tcp", flags);
        command.env("LISTEN_FDNAMES", "web:metrics").env("ROLLBOOK_METRICS_LISTEN", "127.0.0.3:0");
        if !is_flag {
            command.env("ROLLBOOK_LISTEN", "127.0.0.2:0");
        }
        let server = Server::by(command, folder);
        server.wait_for_log("listening on http://127.0.0.2:");
        let places = places(&server);
        assert!(places.len() == 2 && places[0].starts_with("http://127.0.0.1:"), "{places:?}");
        places.iter().for_each(|url| assert_eq!(at_url(url, "/readyz"), 200));
        let lines = server.wait_for_lines(2, |line| line.contains(" metrics at http"));
        assert!(lines[0].contains("http://127.0.0.1:") && lines[1].contains("http://127.0.0.3:"), "{lines:?}");
    }
    if !has_own_network() {
        return;
    }
    // A socket for metrics alone leaves clients their default.
    let folder = Arc::new(Folder::new());
    let alone = "unshare --net sh -c 'ip link set lo up && exec \"$@\"' sh";
    let mut command = handed(&HAND_OVER.replace("python3", &format!("{alone} python3")), &folder, "tcp", &[]);
    command.env("LISTEN_FDNAMES", "metrics");
    let server = Server::by(command, folder);
    assert_eq!(server.url, "http://127.0.0.1:8080");
    assert!(server.stop_for_log().contains(" metrics at http://127.0.0.1:"));
}

#[test]
fn passed_sockets_use_tls_with_a_certificate() {
    if !has_python() {
        return;
    }
    let folder = Arc::new(Folder::new());
    let path = folder.path().join("r.sock");
    let pair = ["server.pem", "server.key"].map(|name| format!("{}/tests/tls/{name}", env!("CARGO_MANIFEST_DIR")));
    let flags = ["--tls-cert", &pair[0], "--tls-key", &pair[1]];
    let server = Server::by(handed(HAND_OVER, &folder, &format!("tcp {}", path.display()), &flags), folder);
    assert!(server.url.starts_with("https://"), "{}", server.url);
    server.wait_for_log("listening on unix:");
    assert_eq!(at_url(&server.url.replace("https", "http"), "/readyz"), 400);
    assert_eq!(get(at_socket(&path), "/readyz", &[]).status, 200);
}

#[test]
fn a_descriptor_that_is_no_listening_socket_is_refused() {
    if !has_python() {
        return;
    }
    let neither = "is neither a TCP socket nor a Unix stream socket: use ListenStream= in a socket unit";
    let deaf = "does not listen: use Accept=no in a socket unit";
    for (kinds, variables, flags, why) in [
        ("deaf", &[][..], &[][..], format!("LISTEN_FDS: descriptor 3: {deaf}")),
        ("tcp connected", &[], &[], format!("LISTEN_FDS: descriptor 4: {deaf}")),
        ("tcp datagrams", &[], &[], format!("LISTEN_FDS: descriptor 4: {neither}")),
        ("file", &[], &[], format!("LISTEN_FDS: descriptor 3: {neither}")),
        ("tcp", &[("LISTEN_FDS", "2")], &[], format!("LISTEN_FDS: descriptor 4: {neither}")),
        ("tcp", &[("LISTEN_FDS", "one")], &[], "LISTEN_FDS: \"one\" is not a number of sockets up to 64".into()),
        ("tcp", &[("LISTEN_FDS", "-1")], &[], "LISTEN_FDS: \"-1\" is not a number".into()),
        ("tcp", &[("LISTEN_FDS", "65")], &[], "LISTEN_FDS: \"65\" is not a number".into()),
        ("tcp", &[("LISTEN_FDNAMES", "a:b")], &[], "LISTEN_FDNAMES has 2 names for the 1 sockets of".into()),
        ("tcp", &[("LISTEN_FDS_FIRST_FD", "9")], &[], "LISTEN_FDS_FIRST_FD: sockets begin at descriptor 3".into()),
        ("tcp", &[], &["--ready-fd", "3"], "--ready-fd 3: that descriptor is a socket of LISTEN_FDS".into()),
    ] {
        let folder = Folder::new();
        let mut command = handed(HAND_OVER, &folder, kinds, flags);
        command.envs(variables.iter().copied());
        let (code, _, err) = said(&command.output().expect("the command runs"));
        assert!(code == 2 && err.contains(&why), "{kinds} {variables:?} {flags:?}: {code} {err}");
        assert!(!folder.db().exists(), "{kinds}");
    }
}

#[test]
fn sockets_for_another_process_are_left_alone() {
    if !has_python() {
        return;
    }
    for (variable, value, warning) in [
        ("LISTEN_PID", "1", Some("LISTEN_PID names process 1 and not this one")),
        ("LISTEN_PID", "", Some("LISTEN_PID names no process and not this one")),
        ("LISTEN_FDS", "0", None),
        ("LISTEN_FDS", "", None),
    ] {
        let folder = Arc::new(Folder::new());
        let mut command = handed(HAND_OVER, &folder, "tcp", &["--listen", "127.0.0.2:0"]);
        command.env(variable, value);
        let log = Server::by(command, folder).stop_for_log();
        assert!(!log.contains("listening on http://127.0.0.1"), "{log}");
        assert_eq!(log.lines().find(|line| line.contains("LISTEN_")).is_some(), warning.is_some(), "{log}");
        assert!(log.contains(warning.unwrap_or_default()), "{log}");
    }
}

#[test]
fn first_client_of_a_systemd_socket_starts_the_server_and_is_answered() {
    if !has_tool("systemd-socket-activate", "systemd") {
        return;
    }
    let folder = Folder::new();
    let path = folder.path().join("r.sock");
    let mut command = crate::support::cli::launcher("systemd-socket-activate");
    command.arg("--listen").arg(&path);
    let secrets = [("ADMIN_PASSWORD", ADMIN_PASSWORD), ("API_KEY", API_KEY), ("APP_KEY", APP_KEY), ("LOG", "off")];
    command.args(secrets.iter().map(|(name, value)| format!("--setenv=ROLLBOOK_{name}={value}")));
    command.arg(Path::new(&binary()).canonicalize().expect("the program")).args(["serve", "--db"]).arg(folder.db());
    let mut child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    eventually("the socket", || path.exists().then_some(()));
    eventually("a place in the queue", || UnixStream::connect(&path).ok());
    assert_eq!(get(at_socket(&path), "/readyz", &[]).status, 200);
    assert!(Command::new("kill").arg(child.id().to_string()).status().expect("kill runs").success());
    assert!(wait_for(&mut child).success());
}

#[test]
fn systemd_accepts_the_example_socket_unit() {
    if !has_tool("systemd-analyze", "systemd") {
        return;
    }
    let folder = Folder::new();
    let packaging = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging");
    let program = Path::new(&binary()).canonicalize().expect("the program");
    let service = std::fs::read_to_string(packaging.join("rollbook.service")).expect("the unit");
    let service = service.replace("/usr/bin/rollbook", program.to_str().expect("text"));
    std::fs::write(folder.path().join("rollbook.service"), service).expect("a unit");
    let unit = std::fs::read_to_string(packaging.join("examples/rollbook.socket")).expect("the example");
    let verify = |unit: &str| {
        let path = folder.path().join("rollbook.socket");
        std::fs::write(&path, unit).expect("a unit");
        let words = ["verify", "--man=no", "--recursive-errors=no"];
        said(&Command::new("systemd-analyze").args(words).arg(&path).output().expect("systemd-analyze runs"))
    };
    // The server accepts connections that wait in the socket's queue, too.
    for unit in [unit.clone(), unit.replace("#ListenStream", "ListenStream").replace("#Socket", "Socket")] {
        let (status, out, err) = verify(&unit);
        assert!(status == 0 && !err.contains("rollbook.s"), "{out}{err}");
    }
    let (_, out, err) = verify(&unit.replace("ListenStream", "ListenStreams"));
    assert!(err.contains("ListenStreams"), "systemd-analyze does report a mistake: {out}{err}");
}
