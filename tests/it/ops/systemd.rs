//! The server under systemd: its notifications, and the packaged unit.

use crate::support::cli::{binary, rollbook, said};
use crate::support::folder::Folder;
use crate::support::server::{Server, serve};
use crate::support::tools::has_tool;
use crate::support::wait::PATIENCE;
use rustix::process::{Pid, Signal, kill_process};
use rustix::time::{ClockId, clock_gettime};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// A file of `packaging/`.
fn packaged(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The values of that name in the unit.
fn values<'u>(unit: &'u str, name: &str) -> Vec<&'u str> {
    unit.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('=')).collect()
}

/// The next notification of the server.
fn next(socket: &UnixDatagram) -> String {
    let mut bytes = [0; 4096];
    let count = socket.recv(&mut bytes).expect("a notification of the server");
    String::from_utf8(bytes[..count].to_vec()).expect("text")
}

/// Runs a server that notifies the socket at that path, from start to end.
fn assert_notified(socket: &UnixDatagram, place: &str) {
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let folder = Arc::new(Folder::new());
    let mut command = serve(&folder, &[]);
    command.env("NOTIFY_SOCKET", place);
    let server = Server::by(command, folder);
    assert_eq!(next(socket), "STATUS=opening the database");
    assert_eq!(next(socket), format!("READY=1\nSTATUS=listening on {}", server.url));
    assert_eq!(server.request("GET", "/readyz", &[], None).status, 200);
    assert!(server.stop().success());
    assert_eq!(next(socket), "STOPPING=1\nSTATUS=finishing running requests");
    socket.set_nonblocking(true).expect("it does not wait");
    assert!(socket.recv(&mut [0; 1]).is_err(), "there is no further notification");
}

#[test]
fn systemd_is_notified_of_ready_and_stopping() {
    let folder = Folder::new();
    let path = folder.path().join("notify");
    let place = path.to_str().expect("text").to_owned();
    assert_notified(&UnixDatagram::bind(&path).expect("a socket"), &place);
    let name = format!("rollbook-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).expect("a name");
    assert_notified(&UnixDatagram::bind_addr(&address).expect("a socket"), &format!("@{name}"));
}

/// A socket in that folder for the server's notifications.
fn listen(folder: &Folder) -> (UnixDatagram, PathBuf) {
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    (socket, path)
}

/// All notifications of the server from the first one to the end of a stop.
fn notifications_until_end(socket: &UnixDatagram, server: Server) -> Vec<String> {
    assert!(server.stop().success());
    socket.set_nonblocking(true).expect("it does not wait");
    let mut told = Vec::new();
    let mut bytes = [0; 4096];
    while let Ok(count) = socket.recv(&mut bytes) {
        told.push(String::from_utf8(bytes[..count].to_vec()).expect("text"));
    }
    told
}

#[test]
fn watchdog_messages_are_sent_from_start_to_stop() {
    let folder = Arc::new(Folder::new());
    let (socket, path) = listen(&folder);
    // The shell runs the server in its place, with the same process id.
    for expected in ["", "WATCHDOG_PID=", "WATCHDOG_PID=$$"] {
        let variables = format!("NOTIFY_SOCKET='{}' WATCHDOG_USEC=20000 {expected}", path.display());
        socket.set_nonblocking(false).expect("it waits");
        let server = Server::after(&format!("export {variables}"), &[]);
        assert_eq!(next(&socket), "STATUS=opening the database");
        assert!(next(&socket).starts_with("READY=1\n"));
        for _ in 0..5 {
            assert_eq!(next(&socket), "WATCHDOG=1", "{expected}");
        }
        let told = notifications_until_end(&socket, server);
        let Some((last, before)) = told.split_last() else { panic!("the stop is notified") };
        assert_eq!(last, "STOPPING=1\nSTATUS=finishing running requests");
        assert!(before.iter().all(|news| news == "WATCHDOG=1"), "{before:?}");
    }
}

#[test]
fn no_watchdog_message_is_sent_unless_expected() {
    let others = [
        vec![],
        vec![("WATCHDOG_USEC", "")],
        vec![("WATCHDOG_USEC", "0")],
        vec![("WATCHDOG_USEC", "soon")],
        vec![("WATCHDOG_USEC", "-1")],
        // The variable names another process.
        vec![("WATCHDOG_USEC", "2000"), ("WATCHDOG_PID", "1")],
    ];
    for variables in others {
        let folder = Arc::new(Folder::new());
        let (socket, path) = listen(&folder);
        let mut command = serve(&folder, &[]);
        command.env("NOTIFY_SOCKET", path).envs(variables.iter().copied());
        let server = Server::by(command, folder);
        for _ in 0..20 {
            assert_eq!(server.request("GET", "/readyz", &[], None).status, 200);
        }
        let warns = variables.iter().any(|(_, value)| ["soon", "-1"].contains(value));
        let line = "no watchdog heartbeats: WATCHDOG_USEC is not a number of microseconds";
        assert_eq!(server.log().contains(line), warns, "{variables:?}:\n{}", server.log());
        let told = notifications_until_end(&socket, server);
        assert_eq!(told.len(), 3, "{variables:?}: {told:?}");
        assert!(told.iter().all(|news| news != "WATCHDOG=1"), "{told:?}");
    }
}

fn microseconds() -> i64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec * 1_000_000 + now.tv_nsec / 1000
}

/// The next notices are those of one SIGHUP, sent after `before`.
fn assert_reloaded(socket: &UnixDatagram, before: i64) {
    let begun = next(socket);
    let time = begun.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").expect("a reload that begins");
    let time: i64 = time.parse().expect("a number");
    assert!((before..=microseconds()).contains(&time), "{begun}");
    assert_eq!(next(socket), "READY=1");
}

#[test]
fn systemd_is_notified_of_a_reload() {
    let folder = Arc::new(Folder::new());
    let (socket, path) = listen(&folder);
    let mut command = serve(&folder, &[]);
    command.env("NOTIFY_SOCKET", path);
    let server = Server::by(command, folder);
    assert_eq!(next(&socket), "STATUS=opening the database");
    assert!(next(&socket).starts_with("READY=1\n"));
    let pid = Pid::from_raw(i32::try_from(server.pid()).expect("a process id")).expect("a process id");
    // The server sends no notification about this signal.
    kill_process(pid, Signal::USR1).expect("the process takes a signal");
    server.wait_for_log("SIGUSR1");
    for _ in 0..3 {
        let before = microseconds();
        kill_process(pid, Signal::HUP).expect("the process takes a signal");
        assert_reloaded(&socket, before);
    }
    assert!(server.stop().success());
    assert_eq!(next(&socket), "STOPPING=1\nSTATUS=finishing running requests");
}

#[test]
fn the_reload_of_the_unit_reaches_the_server() {
    let unit = packaged("rollbook.service");
    let [line] = values(&unit, "ExecReload")[..] else { panic!("one command:\n{unit}") };
    let folder = Arc::new(Folder::new());
    let (socket, path) = listen(&folder);
    let mut command = serve(&folder, &[]);
    command.env("NOTIFY_SOCKET", path);
    let server = Server::by(command, folder);
    assert_eq!(next(&socket), "STATUS=opening the database");
    assert!(next(&socket).starts_with("READY=1\n"));
    let before = microseconds();
    // systemd splits the line in the same way, and has the number in this variable.
    let reload = Command::new("sh").args(["-c", line]).env("MAINPID", server.pid().to_string()).status();
    assert!(reload.expect("a shell").success());
    assert_reloaded(&socket, before);
    assert!(server.stop().success());
}

#[test]
fn unreachable_notify_socket_does_not_stop_the_server() {
    let long = format!("/{}", "long/".repeat(40));
    for place in ["/nowhere/notify", "@rollbook-nobody-listens", "vsock:2:1234", long.as_str()] {
        let folder = Arc::new(Folder::new());
        let mut command = serve(&folder, &[]);
        command.env("NOTIFY_SOCKET", place);
        let server = Server::by(command, folder);
        server.wait_for_log("cannot send");
        assert_eq!(server.request("GET", "/readyz", &[], None).status, 200, "{place}");
        assert!(server.stop().success(), "{place}");
    }
    for place in [None, Some("")] {
        let folder = Arc::new(Folder::new());
        let mut command = serve(&folder, &[]);
        command.env_remove("NOTIFY_SOCKET").envs(place.map(|place| ("NOTIFY_SOCKET", place)));
        let server = Server::by(command, folder);
        assert!(!server.log().contains("supervisor"), "{}", server.log());
    }
}

#[test]
fn a_server_that_cannot_start_is_never_ready() {
    let folder = Folder::new();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    std::fs::write(folder.db(), "something else").expect("a file");
    let output = serve(&folder, &[]).env("NOTIFY_SOCKET", &path).output().expect("the command runs");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(next(&socket), "STATUS=opening the database");
    socket.set_nonblocking(true).expect("it does not wait");
    assert!(socket.recv(&mut [0; 1]).is_err(), "there is no further notification");
}

#[test]
fn the_command_line_of_the_unit_serves() {
    let unit = packaged("rollbook.service");
    let (folder, other) = (Arc::new(Folder::new()), Folder::new());
    let state = folder.path().to_str().expect("text");
    let socket = UnixDatagram::bind(other.path().join("notify")).expect("a socket");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let [line] = values(&unit, "ExecStart")[..] else { panic!("one command:\n{unit}") };
    let words = line.strip_prefix("/usr/bin/rollbook ").expect("our program");
    let mut command = rollbook();
    command.args(words.split(' ')).env("NOTIFY_SOCKET", other.path().join("notify"));
    for variable in values(&unit, "Environment") {
        let (name, value) = variable.split_once('=').expect("a variable");
        command.env(name, value.replace("/var/lib/rollbook", state));
    }
    command.env("ROLLBOOK_LISTEN", "127.0.0.1:0");
    let server = Server::by(command, Arc::clone(&folder));
    assert_eq!(next(&socket), "STATUS=opening the database");
    assert!(next(&socket).starts_with("READY=1\n"));
    assert!(server.stop().success());
    assert!(folder.db().exists());
    let help = said(&rollbook().args(["serve", "--help"]).output().expect("help")).1;
    // A server that hangs is started again, and one that does not stop is ended.
    assert_eq!(values(&unit, "WatchdogSec"), ["30"]);
    assert_eq!(values(&unit, "Type"), ["notify"], "systemd 252 knows no notify-reload");
    let [patience] = values(&unit, "TimeoutStopSec")[..] else { panic!("one limit:\n{unit}") };
    assert!(patience.parse::<u32>().expect("a number") > 10, "{patience}");
    // The limits of the unit are those that the server plans for.
    let [files] = values(&unit, "LimitNOFILE")[..] else { panic!("one limit:\n{unit}") };
    let [tasks] = values(&unit, "TasksMax")[..] else { panic!("one limit:\n{unit}") };
    assert!(help.contains("[default: 8192]"), "{help}");
    for limit in [files, tasks] {
        assert!(limit.parse::<u32>().expect("a number") > 8192 + 128, "{limit}");
    }
}

#[test]
fn sample_settings_file_names_existing_settings() {
    let sample = packaged("rollbook.default");
    let help = said(&rollbook().args(["serve", "--help"]).output().expect("help")).1;
    let folder = Arc::new(Folder::new());
    let mut command = serve(&folder, &[]);
    let mut count = 0;
    for line in sample.lines().filter(|line| !line.starts_with("# ") && *line != "#" && !line.is_empty()) {
        let (name, value) =
            line.strip_prefix('#').and_then(|line| line.split_once('=')).expect("a variable that rests");
        assert!(help.contains(&format!("[env: {name}=")), "{name}");
        if name == "ROLLBOOK_LOG_FILE" {
            // The folder belongs to the service.
            continue;
        }
        let tls_file = |name| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls").join(name);
        let value = match name {
            // The tests use another address, because they run at the same time.
            "ROLLBOOK_LISTEN" | "ROLLBOOK_METRICS_LISTEN" => "127.0.0.1:0".into(),
            "ROLLBOOK_TLS_CERT" => tls_file("server.pem"),
            "ROLLBOOK_TLS_KEY" => tls_file("server.key"),
            _ => value.into(),
        };
        command.env(name, value);
        count += 1;
    }
    assert!(count > 3, "{sample}");
    let server = Server::by(command, folder);
    server.wait_for_log("trusting client addresses from proxies at ::1");
    server.wait_for_log("metrics at http://127.0.0.1:");
}

#[test]
fn systemd_accepts_the_unit_and_its_exposure_is_low() {
    if !has_tool("systemd-analyze", "systemd") {
        return;
    }
    let folder = Folder::new();
    let unit = packaged("rollbook.service");
    let program = PathBuf::from(binary()).canonicalize().expect("the program");
    let path = folder.path().join("rollbook.service");
    let analyze = |unit: &str, words: &[&str]| {
        std::fs::write(&path, unit).expect("a unit");
        said(&Command::new("systemd-analyze").args(words).arg(&path).output().expect("systemd-analyze runs"))
    };
    let here = unit.replace("/usr/bin/rollbook", program.to_str().expect("text"));
    let verify = ["verify", "--man=no", "--recursive-errors=no"];
    let (status, out, err) = analyze(&here, &verify);
    assert!(status == 0 && !err.contains("rollbook.service"), "{out}{err}");
    let (_, out, err) = analyze(&here.replace("DynamicUser", "DynamicUsers"), &verify);
    assert!(err.contains("DynamicUsers"), "systemd-analyze does report a mistake: {out}{err}");
    // In tenths: less than 2.0.
    let security = ["security", "--offline=true", "--threshold=19"];
    let (status, out, err) = analyze(&unit, &security);
    assert_eq!(status, 0, "{out}{err}");
    assert_ne!(analyze(&unit.replace("DynamicUser=yes\n", "").replace("CapabilityBoundingSet=\n", ""), &security).0, 0);
}
