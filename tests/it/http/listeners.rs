//! Where the server listens.

use crate::support::busy_connection::busy;
use crate::support::cli::{rollbook, rollbook_after, said};
use crate::support::client::{Connection, at_socket, basic, get};
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, Server, places, serve};
use crate::support::tools::has_own_network;
use crate::support::wait::{eventually, wait_for, wait_until};
use std::io::Read as _;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

#[test]
fn server_stops_cleanly_after_its_address_is_removed() {
    if !has_own_network() {
        return;
    }
    let prelude = "set -- unshare --net sh -c 'ip link set lo up && ip address add 192.0.2.7/32 dev lo && exec \"$@\"' \
                   sh \"$@\"";
    for take_away in ["ip address del 192.0.2.7/32 dev lo", "ip link set lo down"] {
        let flags = ["--listen", "192.0.2.7:0", "--metrics-listen", "192.0.2.7:0", "--grace", "600"];
        let server = Server::after(prelude, &flags);
        let pid = server.pid().to_string();
        let mut command = Command::new("nsenter");
        command.args(["--target", &pid, "--net"]).args(take_away.split(' '));
        assert!(command.status().expect("nsenter runs").success(), "{take_away}");
        assert!(server.stop().success(), "{take_away}");
    }
}

fn is_ready_at(url: &str) -> bool {
    let address: SocketAddr = url.strip_prefix("http://").expect("a URL").parse().expect("an address");
    let address =
        if address.ip().is_unspecified() { SocketAddr::from(([127, 0, 0, 1], address.port())) } else { address };
    get(Connection::open(address), "/readyz", &[]).status == 200
}

#[test]
fn invalid_address_is_refused_with_valid_examples() {
    let folder = Folder::new();
    for (text, why) in [
        ("8080", "a port needs a colon in front, as in :8080"),
        ("127.0.0.1", "the port is missing, as in 127.0.0.1:8080"),
        ("localhost", "the port is missing, as in localhost:8080"),
        ("[::1]", "the port is missing, as in [::1]:8080"),
        ("::1", "an IPv6 address needs brackets and a port, as in [::1]:8080"),
        ("fe80::1:8080", "an IPv6 address needs brackets and a port"),
        ("ftp://127.0.0.1:8080", "the scheme of an address is https:// or http://"),
        ("https://unix:/run/rollbook.sock", "a Unix socket has no scheme in front: unix:/run/rollbook.sock"),
        ("*:8080", "all addresses are written as :8080"),
        ("localhost:http", "the port \"http\" is not a number from 0 to 65535"),
        ("localhost:65536", "the port \"65536\" is not a number from 0 to 65535"),
        ("127.0.0.256:80", "\"127.0.0.256\" is neither an IP address nor the name of a machine"),
        ("127.1:80", "\"127.1\" is neither an IP address nor the name of a machine"),
        ("0x7f.1:80", "is neither an IP address nor the name of a machine"),
        ("user@host:80", "\"user@host\" is neither an IP address nor the name of a machine"),
        ("/run/rollbook.sock", "the path of a socket needs unix: in front"),
        ("unix:", "the path of the socket is missing"),
        ("unix:@rollbook", "a socket needs a path in the file system"),
        ("", "the port is missing"),
    ] {
        for command in ["serve", "healthcheck"] {
            let mut words = vec![command, "--listen", text];
            let db = folder.db();
            if command == "serve" {
                words.extend(["--db", db.to_str().expect("text")]);
            }
            let (code, _, err) = said(&rollbook().args(&words).output().expect("the command runs"));
            let examples = "127.0.0.1:8080, localhost:8080, :8080, [::1]:8080 or unix:/run/rollbook/rollbook.sock";
            assert!(code == 2 && err.contains(why) && err.contains(examples), "{words:?}: {code} {err}");
        }
    }
    assert!(!folder.db().exists());
}

#[test]
fn unavailable_address_is_reported_with_advice() {
    let folder = Folder::new();
    let missing = format!("unix:{}", folder.path().join("missing/r.sock").display());
    for (address, why) in [
        ("192.0.2.1:0", "--listen: listen on 192.0.2.1:0: this machine does not have the address"),
        ("no-such-name.invalid:0", "--listen: listen on no-such-name.invalid:0: "),
        (&missing, "the folder of the socket does not exist"),
    ] {
        let (code, _, err) = said(&serve(&folder, &["--listen", address]).output().expect("the command runs"));
        assert!(code == 1 && err.contains(why), "{address}: {code} {err}");
    }
    for mode in ["600x", "0o600", "1777", "-1", "+600", "", "0400", "0066"] {
        let mut command = serve(&folder, &["--listen", &missing]);
        let (code, _, err) = said(&command.arg(format!("--unix-mode={mode}")).output().expect("the command runs"));
        assert!(code == 2 && err.contains("--unix-mode"), "{mode}: {code} {err}");
    }
}

#[test]
fn a_server_listens_at_several_addresses() {
    let folder = Arc::new(Folder::new());
    let path = folder.path().join("r.sock");
    let unix = format!("unix:{}", path.display());
    // A name stands for one address or more.
    let server = Server::over(
        Arc::clone(&folder),
        &["--listen", "127.0.0.1:0", "--listen", &unix, "--listen", "127.0.0.2:0,localhost:0", "--listen", ":0"],
    );
    server.wait_for_log("listening on http://[::]:");
    let places = places(&server);
    assert!(places.len() >= 5 && places[1] == unix, "{places:?}");
    assert!(places[2].starts_with("http://127.0.0.2:"), "{places:?}");
    for url in places.iter().filter(|place| **place != unix) {
        assert!(is_ready_at(url), "{url}");
    }
    assert_eq!(get(at_socket(&path), "/readyz", &[]).status, 200);
    assert!(server.stop().success());
    assert!(!path.exists());

    let mut command = serve(&folder, &["--listen", "127.0.0.1:0"]);
    command.env("ROLLBOOK_LISTEN", "unused");
    assert!(Server::by(command, Arc::clone(&folder)).stop().success(), "the option replaces the variable");
    let mut command = rollbook();
    command.arg("serve").arg("--db").arg(folder.db()).env("ROLLBOOK_LISTEN", format!("127.0.0.1:0, {unix}"));
    let server = Server::by(command, folder);
    server.wait_for_log(&format!("listening on {unix}"));
    assert_eq!(get(at_socket(&path), "/readyz", &[]).status, 200);
}

#[test]
fn ipv4_and_ipv6_wildcards_share_one_port() {
    // Held until the server starts; both share the port.
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let (four, six) = (format!("0.0.0.0:{port}"), format!("[::]:{port}"));
    for order in [[&four, &six], [&six, &four]] {
        let server = Server::with(&["--listen", order[0], "--listen", order[1]]);
        server.wait_for_log(&format!("listening on http://{}", order[1]));
        assert!(is_ready_at(&format!("http://127.0.0.1:{port}")));
        assert!(is_ready_at(&format!("http://[::1]:{port}")));
        assert!(server.stop().success());
    }
}

#[test]
fn the_file_of_a_socket_has_its_mode_whatever_the_umask() {
    for (umask, flags, mode) in [
        ("000", &[][..], 0o600),
        ("077", &[], 0o600),
        ("077", &["--unix-mode", "0660"], 0o660),
        ("022", &["--unix-mode", "666"], 0o666),
    ] {
        let folder = Arc::new(Folder::new());
        let path = folder.path().join("r.sock");
        let unix = format!("unix:{}", path.display());
        let mut command = rollbook_after(&format!("umask {umask}"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--listen", &unix]).args(flags).arg("--db").arg(folder.db());
        let server = Server::by(command, Arc::clone(&folder));
        let found = path.metadata().expect("the socket");
        assert!(found.file_type().is_socket());
        assert_eq!(found.permissions().mode() & 0o7777, mode, "{umask} {flags:?}");
        // The socket for commands stays the owner's.
        let commands = folder.path().join("rollbook.db.sock").metadata().expect("the socket for commands");
        assert_eq!(commands.permissions().mode() & 0o7777, 0o600);
        assert!(server.stop().success());
    }
}

/// A server that listens at a socket and nowhere else.
struct Alone(Child);

impl Alone {
    fn start(folder: &Folder, path: &Path) -> Alone {
        let unix = format!("unix:{}", path.display());
        let mut command = serve(folder, &["--listen", &unix]);
        Alone(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the server starts"))
    }

    fn has_ended(&mut self) -> bool {
        self.0.try_wait().expect("it can be waited for").is_some()
    }

    /// The status of a server that ends by itself, and what it has said.
    fn refused(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        let status = wait_for(&mut self.0);
        self.0.stderr.take().expect("it is piped").read_to_string(&mut said).expect("text");
        (status.code(), said)
    }

    fn stop(mut self) {
        assert!(Command::new("kill").arg(self.0.id().to_string()).status().expect("kill runs").success());
        assert!(wait_for(&mut self.0).success());
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

#[test]
fn dead_socket_is_replaced_and_nothing_else_is() {
    let (folder, other) = (Folder::new(), Folder::new());
    // The error also comes for a path that is too long for a socket.
    let deep = folder.path().join("d".repeat(120));
    std::fs::create_dir(&deep).expect("a folder");
    for path in [folder.path().join("r.sock"), deep.join("r.sock")] {
        let killed = Alone::start(&folder, &path);
        let ready = || rollbook().args(["healthcheck", "--listen", &format!("unix:{}", path.display())]).status();
        eventually("a server that is ready", || ready().expect("the command runs").success().then_some(()));
        // The file of a running server is not replaced.
        let (code, err) = Alone::start(&other, &path).refused();
        assert!(
            code == Some(1) && err.contains("--listen: listen on unix:") && err.contains("already in use"),
            "{code:?} {err}"
        );
        assert!(ready().expect("the command runs").success());
        drop(killed);
        assert!(path.exists());
        let next = Alone::start(&folder, &path);
        eventually("a server that is ready", || ready().expect("the command runs").success().then_some(()));
        next.stop();
        assert!(!path.exists());
    }

    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("file"), "precious").expect("a file");
    std::os::unix::fs::symlink(path("file"), path("link")).expect("a link");
    std::fs::create_dir(path("folder")).expect("a folder");
    let _datagrams = UnixDatagram::bind(path("datagrams")).expect("a socket");
    // Its queue is full, so that nothing can connect to it.
    let full = UnixListener::bind(path("full")).expect("a socket");
    socket2::SockRef::from(&full).listen(0).expect("a short queue");
    let _first = UnixStream::connect(path("full")).expect("a place in the queue");
    for name in ["file", "link", "folder", "datagrams", "full"] {
        let before = path(name).symlink_metadata().expect("it is there").ino();
        let (code, err) = Alone::start(&other, &path(name)).refused();
        assert!(
            code == Some(1) && err.contains(&format!("listen on unix:{}: ", path(name).display())),
            "{name}: {code:?} {err}"
        );
        assert_eq!(path(name).symlink_metadata().expect("it is there").ino(), before, "{name}");
    }
    assert_eq!(std::fs::read_to_string(path("file")).expect("the file"), "precious");
}

#[test]
fn one_of_several_servers_replaces_a_dead_socket() {
    let place = Folder::new();
    let path = place.path().join("r.sock");
    for _ in 0..5 {
        drop(UnixListener::bind(&path).expect("a socket"));
        let folders: Vec<Folder> = (0..4).map(|_| Folder::new()).collect();
        let mut servers: Vec<Alone> = folders.iter().map(|folder| Alone::start(folder, &path)).collect();
        wait_until("the end of all but one", || {
            servers.iter_mut().filter_map(|one| one.has_ended().then_some(())).count() == 3
        });
        servers.retain_mut(|server| !server.has_ended());
        let Some(winner) = servers.pop() else { panic!("one server") };
        eventually("an answer", || {
            rollbook()
                .args(["healthcheck", "--listen", &format!("unix:{}", path.display())])
                .status()
                .expect("it runs")
                .success()
                .then_some(())
        });
        winner.stop();
        assert!(!path.exists());
    }
}

#[test]
fn stopping_server_leaves_the_socket_of_another_alone() {
    let folder = Folder::new();
    let path = folder.path().join("r.sock");
    let server = Alone::start(&folder, &path);
    eventually("the socket", || UnixStream::connect(&path).ok());
    std::fs::remove_file(&path).expect("the socket");
    let _other = UnixListener::bind(&path).expect("another socket");
    server.stop();
    assert!(UnixStream::connect(&path).is_ok());
}

/// A server at an address and a socket.
fn at_both(flags: &[&str]) -> (Server, PathBuf) {
    let folder = Arc::new(Folder::new());
    let path = folder.path().join("r.sock");
    let unix = format!("unix:{}", path.display());
    let server = Server::over(folder, &[&["--listen", "127.0.0.1:0", "--listen", unix.as_str()], flags].concat());
    (server, path)
}

#[test]
fn unix_socket_clients_count_as_one_address_apart_from_loopback() {
    let (server, path) = at_both(&["--max-connections-per-address", "2"]);
    let _held = [busy(at_socket(&path)), busy(at_socket(&path))];
    assert_eq!(get(at_socket(&path), "/healthz", &[]).status, 503);
    server.wait_for_log("connection from a Unix socket rejected: too many connections from this address");
    assert_eq!(get(Connection::open(server.address), "/healthz", &[]).status, 200);
}

#[test]
fn proxy_at_a_unix_socket_is_trusted_only_when_configured() {
    let wrong = basic("Administrator", "wrong");
    let headers = [("Authorization", wrong.as_str()), ("X-Forwarded-For", "203.0.113.9")];
    let path_of_me = "/nuxeo/api/v1/me";
    for (flags, by_socket, by_loopback) in [
        (&[][..], "a Unix socket", "127.0.0.1"),
        (&["--trusted-proxy", "127.0.0.1,::/0,0.0.0.0/0"], "a Unix socket", "203.0.113.9"),
        (&["--trusted-proxy", "unix"], "203.0.113.9", "127.0.0.1"),
    ] {
        let (server, path) = at_both(flags);
        assert_eq!(get(at_socket(&path), path_of_me, &headers).status, 401);
        server.wait_for_log(&format!("a wrong password came from {by_socket}"));
        // A right password, so that the count starts again, and one more wrong one.
        assert_eq!(
            get(at_socket(&path), path_of_me, &[("Authorization", &basic("Administrator", ADMIN_PASSWORD))]).status,
            200
        );
        assert_eq!(get(Connection::open(server.address), path_of_me, &headers).status, 401);
        server.wait_for_log(&format!("a wrong password came from {by_loopback}"));
    }
}

#[test]
fn the_health_check_understands_every_address() {
    let folder = Arc::new(Folder::new());
    let path = folder.path().join("r.sock");
    let unix = format!("unix:{}", path.display());
    let server = Server::over(Arc::clone(&folder), &["--listen", ":0", "--listen", &unix]);
    let port = server.address.port();
    let check = |address: &str| said(&rollbook().args(["healthcheck", "--listen", address]).output().expect("it runs"));
    let all = format!("127.0.0.1:{port},{unix}");
    for address in [&format!(":{port}"), &format!("localhost:{port}"), &format!("127.0.0.1:{port}"), &unix, &all] {
        assert_eq!(check(address).0, 0, "{address}");
    }
    let by_variable = rollbook().arg("healthcheck").env("ROLLBOOK_LISTEN", &all).status();
    assert!(by_variable.expect("it runs").success());
    // Each of several addresses has to answer.
    let silent = folder.path().join("silent");
    let _listener = UnixListener::bind(&silent).expect("a socket");
    let silent = format!("unix:{}", silent.display());
    let (code, _, err) = said(
        &rollbook().args(["healthcheck", "--timeout", "0.3", "--listen", &all, "--listen", &silent]).output().unwrap(),
    );
    assert!(code == 1 && err.contains(&format!("connect to the server at {silent}")), "{code} {err}");
    assert!(server.stop().success());
    let (code, _, err) = check(&unix);
    assert!(code == 1 && err.contains(&unix), "{code} {err}");
}
