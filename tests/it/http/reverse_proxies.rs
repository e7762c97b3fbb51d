//! Behind real proxies that speak TLS, with the configurations that are shipped.

use crate::support::folder::{Folder, path_text};
use crate::support::handler::with_handler_behind;
use crate::support::metrics::Page;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Port, Server};
use crate::support::tools::has_tool;
use crate::support::wait::wait_until;
use rollbook::http::Response;
use rollbook::server::Inbound;
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The address of the clients in these tests, which differs from the proxy's.
const CLIENT: &str = "127.0.0.3";

/// A proxy that runs.
struct Front {
    child: Child,
    folder: Folder,
    plain: u16,
    secure: u16,
    /// Reserved until the proxy listens, so that no other program gets them.
    _ports: [Port; 2],
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A shipped file with other names and addresses; fails if one to be replaced is missing.
fn changed(name: &str, changes: &[(&str, &str)]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(name);
    let mut text = std::fs::read_to_string(path).expect("a file that is shipped");
    for (old, new) in changes {
        assert!(text.contains(old), "no {old:?} in {name}");
        text = text.replace(old, new);
    }
    text
}

fn tls_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls").join(name)
}

impl Front {
    /// Starts a proxy by a command that is made for a folder and two ports.
    fn start(make: impl Fn(&Path, [u16; 2]) -> Command) -> Front {
        let (folder, ports) = (Folder::new(), [Port::reserve(), Port::reserve()]);
        let [plain, secure] = [0, 1].map(|at: usize| ports[at].address().port());
        let log = std::fs::File::create(folder.path().join("said")).expect("a file");
        let mut command = make(folder.path(), [plain, secure]);
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("the file")).stderr(log);
        let child = command.spawn().expect("the proxy starts");
        let mut front = Front { child, folder, plain, secure, _ports: ports };
        wait_until("a proxy that listens", || {
            let ended = front.child.try_wait().expect("the proxy can be waited for");
            assert!(ended.is_none(), "the proxy does not start: {}", front.said());
            [plain, secure].iter().all(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok())
        });
        front
    }

    /// Everything that the proxy has written.
    fn said(&self) -> String {
        let files = std::fs::read_dir(self.folder.path()).expect("the folder").flatten();
        let logs = files.filter(|file| file.path().extension().is_none_or(|end| end == "log"));
        logs.filter_map(|file| std::fs::read_to_string(file.path()).ok()).collect()
    }

    /// Runs curl with these words on the paths, all on one connection, and returns the bodies.
    fn curl(&self, words: &[&str], paths: &[&str]) -> String {
        let output = self.command(words, paths).output().expect("curl runs");
        assert!(output.status.success(), "{words:?} {paths:?}: {output:?}\n{}", self.said());
        String::from_utf8(output.stdout).expect("text")
    }

    fn command(&self, words: &[&str], paths: &[&str]) -> Command {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--path-as-is", "--noproxy", "*", "--interface", CLIENT, "--cacert"]);
        curl.arg(tls_file("authority.pem")).args(["--resolve", &format!("localhost:{}:127.0.0.1", self.secure)]);
        curl.args(words).args(paths.iter().map(|path| format!("https://localhost:{}{path}", self.secure)));
        curl
    }
}

fn nginx(upstream: SocketAddr) -> Option<Front> {
    has_tool("nginx", "nginx").then(|| {
        Front::start(|folder, [plain, secure]| {
            let (plain, secure) = (format!("listen 127.0.0.1:{plain};"), format!("listen 127.0.0.1:{secure} ssl;"));
            let sample = changed(
                "nginx.conf",
                &[
                    ("127.0.0.1:8080", &upstream.to_string()),
                    ("listen 80;", &plain),
                    ("listen 443 ssl;", &secure),
                    ("listen [::]:80;", ""),
                    ("listen [::]:443 ssl;", ""),
                    ("/etc/ssl/rollbook/fullchain.pem", path_text(&tls_file("server.pem"))),
                    ("/etc/ssl/rollbook/key.pem", path_text(&tls_file("server.key"))),
                    ("/var/log/nginx", path_text(folder)),
                ],
            );
            std::fs::write(folder.join("rollbook.conf"), sample).expect("a file");
            let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
            let temporary = kinds.map(|kind| format!("{kind}_temp_path {}/{kind}.tmp;", path_text(folder))).concat();
            let folder = path_text(folder);
            let main = format!(
                "daemon off; master_process off; pid {folder}/nginx.pid; events {{}}\n\
                 http {{ {temporary} include {folder}/rollbook.conf; }}\n"
            );
            std::fs::write(format!("{folder}/main.conf"), main).expect("a file");
            let mut command = Command::new("nginx");
            command.args(["-p", folder, "-e", &format!("{folder}/start.log"), "-c", &format!("{folder}/main.conf")]);
            command
        })
    })
}

fn haproxy(upstream: SocketAddr) -> Option<Front> {
    has_tool("haproxy", "haproxy").then(|| {
        Front::start(|folder, [plain, secure]| {
            let both = ["server.pem", "server.key"].map(|name| std::fs::read(tls_file(name)).expect("a file")).concat();
            let all = folder.join("all.pem");
            std::fs::write(&all, both).expect("a file");
            let sample = changed(
                "haproxy.cfg",
                &[
                    ("127.0.0.1:8080", &upstream.to_string()),
                    ("bind :80\n", &format!("bind 127.0.0.1:{plain}\n")),
                    ("bind :443 ", &format!("bind 127.0.0.1:{secure} ")),
                    ("/etc/ssl/rollbook/all.pem", path_text(&all)),
                ],
            );
            let path = folder.join("haproxy.cfg");
            let global = "global\n    log stdout format raw local0\n    nbthread 1\n    maxconn 100\n\n";
            std::fs::write(&path, format!("{global}{sample}")).expect("a file");
            let mut command = Command::new("haproxy");
            command.args(["-db", "-f"]).arg(path);
            command
        })
    })
}

/// Each installed proxy in front of a server.
fn each_in_front_of(upstream: SocketAddr, test: impl Fn(&str, &Front)) {
    for (name, front) in [("nginx", nginx(upstream)), ("haproxy", haproxy(upstream))] {
        front.iter().for_each(|front| test(name, front));
    }
}

/// Runs a server that answers with what has arrived, while the test talks to it.
fn with_mirror(test: impl FnOnce(SocketAddr)) {
    let handler = |incoming: Inbound<'_>| match incoming {
        Inbound::Request(request) => {
            let (peer, secure, path, query) = (request.peer.to_string(), request.secure, request.path, request.query);
            let (id, host) = (request.header("X-Request-Id"), request.header("Host"));
            Response::json(
                200,
                &json!({"peer": peer, "secure": secure, "path": path, "query": query, "id": id, "host": host}),
            )
        }
        Inbound::Rejected(refused) => Response::empty(refused.status),
    };
    with_handler_behind(&["127.0.0.1"], "127.0.0.1:0", handler, test);
}

#[test]
fn request_and_client_address_arrive_unchanged_through_a_proxy() {
    with_mirror(|address| {
        each_in_front_of(address, |name, front| {
            let seen = |words: &[&str], path: &str| -> Value {
                serde_json::from_str(&front.curl(words, &[path])).expect("what has arrived")
            };
            // The server ignores the headers that the client sends about itself.
            for field in ["X-Nothing: 1", "X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 127.0.0.1, unknown"] {
                let seen = seen(&["-H", field, "-H", "X-Forwarded-Proto: http"], "/");
                assert_eq!((&seen["peer"], &seen["secure"]), (&json!(CLIENT), &json!(true)), "{name}: {field}");
                assert!(seen["host"].as_str().expect("a host").starts_with("localhost"), "{name}: {seen}");
            }
            for path in [
                "/nuxeo/api/v1/group/a%2Fb",
                "/nuxeo/api/v1/group/a%2fb%20c%3F%23",
                "//api//v1///user/",
                "/api/v1/user/%C3%A9%25",
                "/a/%2e%2e/b/../c/./d",
                "/a%5Cb;c=d+e",
            ] {
                let seen = seen(&[], &format!("{path}?q=a%2Fb&w=+%20"));
                assert_eq!((&seen["path"], &seen["query"]), (&json!(path), &json!("q=a%2Fb&w=+%20")), "{name}");
            }
            assert_eq!(seen(&["-H", "X-Request-Id: deploy-42"], "/")["id"], "deploy-42", "{name}");
            let made = [seen(&[], "/"), seen(&[], "/")].map(|seen| seen["id"].as_str().expect("one").to_owned());
            assert!(made[0] != made[1] && made.iter().all(|id| id.len() >= 16), "{name}: {made:?}");
            // Plain requests are refused.
            let output = Command::new("curl")
                .args(["-sS", "-i", "--noproxy", "*", &format!("http://127.0.0.1:{}/a%2Fb?c", front.plain)])
                .output()
                .expect("curl runs");
            let answer = String::from_utf8(output.stdout).expect("text").to_lowercase();
            assert!(answer.starts_with("http/1.1 308 "), "{name}: {answer}");
            assert!(
                answer
                    .lines()
                    .any(|line| line.starts_with("location: https://127.0.0.1") && line.ends_with("/a%2fb?c"))
            );
        });
    });
}

#[test]
fn a_directory_behind_a_proxy_is_the_same_directory() {
    let server = Server::with(&["--trusted-proxy", "127.0.0.1", "--metrics-public", "--wrong-password-delay", "0"]);
    each_in_front_of(server.address, |name, front| {
        let administrator = format!("Administrator:{ADMIN_PASSWORD}");
        let (as_admin, json) = (["-u", administrator.as_str()], ["-H", "Content-Type: application/json"]);
        // A slash in a name.
        let group = format!(r#"{{"entity-type":"group","groupname":"{name}/b"}}"#);
        let path = format!("/nuxeo/api/v1/group/{name}%2Fb");
        let made = front.curl(&[&as_admin[..], &json, &["-d", &group]].concat(), &["/nuxeo/api/v1/group"]);
        assert!(made.contains(&format!(r#""groupname":"{name}/b""#)), "{name}: {made}");
        assert_eq!(front.curl(&as_admin, &[&path]), made, "{name}");
        // One connection for many requests, on both sides.
        let accepted = || {
            let listener = [("listener", "public")];
            Page::of(server.address).value("rollbook_connections_accepted_total", &listener)
        };
        let before = accepted();
        let (nowhere, tell) = (["-o", "/dev/null"].repeat(3), ["-w", "%{http_code} %{num_connects}\n"]);
        let statuses = front.curl(&[&as_admin[..], &nowhere, &tell].concat(), &[path.as_str(); 3]);
        assert_eq!(statuses, "200 1\n200 0\n200 0\n", "{name}");
        // Each read of the metrics adds one.
        assert!(accepted() - before <= 2.0, "{name}: {before}");
        // A waiting reader receives the change.
        let bearer = format!("Authorization: Bearer {APP_KEY}");
        let head = front.curl(&["-H", &bearer, "-D", "-", "-o", "/dev/null"], &["/rollbook/v1/changes?since=now"]);
        let next = head
            .lines()
            .find_map(|line| line.split_once(": ").filter(|(name, _)| name.eq_ignore_ascii_case("Rollbook-Next")));
        let path = format!("/rollbook/v1/changes?wait=60&since={}", next.expect("a number").1.trim());
        let waiting = front.command(&["-H", &bearer], &[&path]).stdout(Stdio::piped()).spawn().expect("curl runs");
        let user = format!(r#"{{"handle":"{name}@example.com"}}"#);
        assert_eq!(server.datadog("POST", "/api/v1/user", Some(&user)).status, 200);
        let told = waiting.wait_with_output().expect("curl ends").stdout;
        assert!(
            String::from_utf8_lossy(&told).contains(&format!(r#""name":"{name}@example.com""#)),
            "{name}: {told:?}"
        );
        // The refusal of a body that is too long is in the form of the dialect.
        let file = front.folder.path().join("body.txt");
        std::fs::write(&file, vec![b' '; 3 << 19]).expect("a file");
        let body = format!("@{}", path_text(&file));
        let refused = front.curl(&[&as_admin[..], &json, &["--data-binary", &body]].concat(), &["/nuxeo/api/v1/user"]);
        let refused: Value = serde_json::from_str(&refused).expect("a document");
        assert_eq!((&refused["entity-type"], &refused["status"]), (&json!("exception"), &json!(413)), "{name}");
        // Wrong passwords count for the client.
        front.curl(&["-u", "ada:wrong", "-H", "X-Forwarded-For: 203.0.113.9"], &["/nuxeo/api/v1/me"]);
        server.wait_for_log(&format!("a wrong password came from {CLIENT} "));
        assert!(!server.log().contains("203.0.113.9"), "{name}: {}", server.log());
        // No log contains secrets of an address.
        front.curl(&[], &[&format!("/api/v1/user?api_key={API_KEY}&application_key={APP_KEY}")]);
        front.curl(&["-X", "DELETE"], &["/nuxeo/api/v1/token/very-secret?token=most-secret"]);
        let awaited = std::fmt::from_fn(|f| write!(f, "the last line of {name}: {}", front.said()));
        wait_until(awaited, || front.said().contains("/nuxeo/api/v1/token/-"));
        let said = front.said();
        assert!(said.contains(" GET /api/v1/user 200 ") && said.contains(CLIENT), "{name}: {said}");
        for secret in [API_KEY, APP_KEY, "secret", "wrong"] {
            assert!(!said.contains(secret), "{name}: {said}");
        }
    });
}

#[test]
fn each_proxy_waits_for_longer_than_the_longest_answer_takes() {
    // The server allows a wait of at most 60 s; this test does not wait that long.
    for (file, lines) in [
        ("nginx.conf", &["proxy_read_timeout 75s;"][..]),
        ("haproxy.cfg", &["timeout server 75s\n", "timeout client 75s\n"]),
    ] {
        changed(file, &lines.iter().map(|line| (*line, "")).collect::<Vec<_>>());
    }
}
