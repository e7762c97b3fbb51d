//! What those who watch the server are told, and where.

use crate::support::busy_connection::{KEPT_BUSY, busy, try_busy};
use crate::support::cli::{rollbook, run};
use crate::support::client::{Answer, Connection, basic, credentials, open_from, opened, request, write};
use crate::support::client_tools::{environment, pins};
use crate::support::database::State;
use crate::support::folder::Folder;
use crate::support::metrics::{LISTEN, Labels, Page, ask, metrics_address, wait_for_start};
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server, serve};
use crate::support::tools::has_tool;
use crate::support::wait::{eventually, wait_for, wait_until};
use std::collections::BTreeMap;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

// Where

/// What an answer says but for what belongs to one request.
fn bare(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let own = |name: &str| ["date", "x-request-id"].contains(&name.to_lowercase().as_str());
    let headers = answer.headers.iter().filter(|(name, _)| !own(name)).cloned().collect();
    (answer.status, headers, answer.text().to_owned())
}

#[test]
fn without_a_flag_metrics_are_nowhere() {
    for flags in [&[][..], &["--datadog-prefix", "/dd"], &LISTEN] {
        let server = Server::with(flags);
        let keys = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)];
        for headers in [&[][..], &keys] {
            for method in ["GET", "HEAD", "POST", "DELETE", "BREW"] {
                for (path, unknown) in
                    [("/metrics", "/unknown"), ("/metrics/", "/unknown/"), ("//metrics", "//unknown")]
                {
                    let ask = |path: &str| bare(&server.request(method, path, headers, None));
                    assert_eq!(ask(path), ask(unknown), "{method} {path} {flags:?}");
                    assert_eq!(ask(path).0, 404, "{method} {path} {flags:?}");
                }
            }
        }
        assert_eq!(server.log().contains("metrics at"), !flags.is_empty() && flags[0] == LISTEN[0]);
    }
}

#[test]
fn an_address_for_metrics_answers_three_paths_and_nothing_else() {
    let server = Server::with(&LISTEN);
    let address = metrics_address(&server);
    assert_ne!(address, server.address);
    let page = Page::of(address);
    assert_eq!(page.value("rollbook_build_info", &[("version", env!("CARGO_PKG_VERSION"))]), 1.0);
    for (path, text) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let answer = ask(address, "GET", path);
        assert_eq!((answer.status, answer.text()), (200, text));
    }
    for path in ["/metrics", "/healthz", "/readyz"] {
        let head = ask(address, "HEAD", path);
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "BREW"] {
            let refused = ask(address, method, path);
            assert_eq!((refused.status, refused.header("Allow")), (405, Some("GET, HEAD")), "{method} {path}");
            assert_eq!(refused.text(), "Method not allowed\n");
        }
    }
    // No credentials open anything here.
    for path in [
        "/",
        "/metrics/x",
        "/api/v1/validate",
        "/api/v1/user",
        "/api/v1/user/%zz",
        "/nuxeo/api/v1/me",
        "/nuxeo/runningstatus",
        "/nuxeo/api/v1/token/x",
    ] {
        let mut connection = Connection::open(address);
        write(&mut connection, format!("GET {path} HTTP/1.1\r\nHost: test\r\n{}\r\n", credentials()));
        let answer = connection.answer(false);
        assert_eq!((answer.status, answer.text()), (404, "Not found\n"), "{path}");
        assert_eq!(answer.header("Content-Type"), Some("text/plain; charset=utf-8"), "{path}");
    }
    assert!(server.stop().success());
}

#[test]
fn an_address_for_metrics_refuses_what_is_no_request_in_plain_text() {
    let server = Server::with(&LISTEN);
    let address = metrics_address(&server);
    let padding = "x".repeat(17 * 1024);
    let rows = [
        (400, "GET /metrics HTTP/1.1\r\n\r\n".to_owned(), "The request needs exactly one Host header field\n"),
        (
            400,
            "GET /api/v1/user HTTP/1.1\nHost: x\n\n".to_owned(),
            "A line of the head ends without a carriage return\n",
        ),
        // No body is read here, so that none is too long.
        (405, "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1025\r\n\r\n".to_owned(), "Method not allowed\n"),
        (414, format!("GET /{padding}"), "The request line is too long\n"),
        (431, format!("GET /nuxeo/x HTTP/1.1\r\nX: {padding}"), "The header fields are too long\n"),
        (505, "GET /metrics HTTP/2.0\r\nHost: x\r\n\r\n".to_owned(), "This server speaks HTTP/1.0 and HTTP/1.1\n"),
    ];
    for (status, message, text) in rows {
        let mut connection = Connection::open(address);
        write(&mut connection, &message);
        let answer = connection.answer(false);
        assert_eq!((answer.status, answer.text()), (status, text));
        assert_eq!(answer.header("Content-Type"), Some("text/plain; charset=utf-8"));
        assert_eq!(answer.header("Connection"), Some("close"));
    }
    assert_eq!(ask(address, "GET", "/metrics").status, 200);
}

#[test]
fn metrics_are_public_when_that_is_said() {
    for flags in [&["--metrics-public"][..], &["--metrics-public", LISTEN[0], LISTEN[1]]] {
        let server = Server::with(flags);
        Page::of(server.address);
        let refused = ask(server.address, "POST", "/metrics");
        assert_eq!((refused.status, refused.header("Allow")), (405, Some("GET, HEAD")));
        assert_eq!(ask(server.address, "GET", "/metrics/x").status, 404);
        assert!(server.log().contains(&format!("metrics at {}/metrics, for everybody\n", server.url)));
    }
    // By the variables.
    let folder = Arc::new(Folder::new());
    let mut command = serve(&folder, &[]);
    command.env("ROLLBOOK_METRICS_PUBLIC", "1").env("ROLLBOOK_METRICS_LISTEN", "127.0.0.1:0");
    let server = Server::by(command, folder);
    Page::of(server.address);
    Page::of(metrics_address(&server));
}

#[test]
fn who_watches_has_connections_of_their_own() {
    let flags = [&LISTEN[..], &KEPT_BUSY, &["--max-connections", "2"]].concat();
    let server = Server::with(&flags);
    let address = metrics_address(&server);
    // The place of a connection that was closed just now may not be free yet.
    let all = |address: SocketAddr, count: usize| -> Vec<Connection> {
        (0..count).map(|_| eventually("a free place", || try_busy(Connection::open(address)))).collect()
    };
    // All places of the clients are taken, and the server can be watched all the same.
    let clients = all(server.address, 2);
    assert_eq!(ask(server.address, "GET", "/healthz").status, 503);
    Page::of(address);
    // And the other way round: with every place for watching taken, a client has one.
    drop(clients);
    wait_until("a watcher that finds no place", || {
        let watchers = all(address, 16);
        let refused = ask(address, "GET", "/metrics").status == 503;
        // A head has little time at this address: on a slow machine the first of them may have lost its place.
        let client = eventually("a free place", || try_busy(Connection::open(server.address)));
        drop((watchers, client));
        refused
    });
}

#[test]
fn an_address_for_metrics_that_cannot_be_had_is_a_failure() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("an address");
    let address = taken.local_addr().expect("an address").to_string();
    let folder = Folder::new();
    let mut child = serve(&folder, &["--metrics-listen", &address])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let status = wait_for(&mut child);
    let said = String::from_utf8(child.wait_with_output().expect("its output").stderr).expect("text");
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("rollbook: --metrics-listen: listen on {address}")), "{said}");
    for flags in [&["--metrics-listen", "nowhere"][..], &["--metrics-listen", "127.0.0.1"], &["--metrics-public=x"]] {
        let words = [&["serve"], flags].concat();
        assert_eq!(run(&folder, &words).status.code(), Some(2), "{flags:?}");
    }
    let mut command = rollbook();
    command.arg("serve").env("ROLLBOOK_DB", folder.db()).env("ROLLBOOK_METRICS_PUBLIC", "perhaps");
    assert_eq!(command.output().expect("the command runs").status.code(), Some(2));
}

// What

#[test]
fn the_process_is_told_as_linux_tells_it() {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs_f64();
    let before = now();
    let server = Server::with(&LISTEN);
    let after = now();
    let address = metrics_address(&server);
    let clients: Vec<Connection> = (0..20).map(|_| Connection::open(server.address)).collect();
    // All of them have been accepted once the last one is answered.
    let mut last = Connection::open(server.address);
    last.send("GET", "/healthz", &[], None);
    assert_eq!(last.answer(false).status, 200);
    let page = Page::when(address, "descriptors and memory as Linux has them", |page| {
        let process = server.footprint();
        let descriptors = page.value("process_open_fds", &[]);
        // The look itself comes with a connection.
        let now = process.descriptors as f64;
        let (resident, of_linux) =
            (page.value("process_resident_memory_bytes", &[]), process.resident_kib as f64 * 1024.0);
        (now..=now + 1.0).contains(&descriptors)
            && descriptors > 20.0
            && resident > of_linux * 0.8
            && resident < of_linux * 1.25
    });
    let start = page.value("process_start_time_seconds", &[]);
    // To the second, as the start of the machine is.
    assert!(start > before - 2.0 && start < after + 2.0, "{start} between {before} and {after}");
    let processor = page.value("process_cpu_seconds_total", &[]);
    let of_linux = server.footprint().processor_seconds;
    // Both count ticks of a hundredth.
    assert!(processor < of_linux + 0.02, "{processor} and {of_linux}");
    drop(clients);
}

/// A connection to a server that tells its metrics to everybody: what is asked on it is counted by the next page.
struct Watched {
    server: Server,
    connection: Connection,
}

impl Watched {
    fn with(flags: &[&str]) -> Watched {
        let server = Server::with(&[&["--metrics-public"], flags].concat());
        let connection = Connection::open(server.address);
        Watched { server, connection }
    }

    /// Asks with the credentials of both dialects.
    fn ask(&mut self, method: &str, path: &str, body: &str) -> u16 {
        let length = format!("Content-Length: {}\r\n", body.len());
        write(&mut self.connection, request(&format!("{method} {path} HTTP/1.1"), &length, body));
        self.connection.answer(method == "HEAD").status
    }

    fn ask_as_nobody(&mut self, method: &str, path: &str) -> u16 {
        self.connection.send(method, path, &[], None);
        self.connection.answer(method == "HEAD").status
    }

    fn text(&mut self) -> String {
        self.connection.send("GET", "/metrics", &[], None);
        self.connection.answer(false).text().to_owned()
    }

    fn page(&mut self) -> Page {
        Page::parse(&self.text())
    }
}

const REQUESTS: &str = "rollbook_http_requests_total";
const TIMES: &str = "rollbook_http_request_duration_seconds";

#[test]
fn requests_are_counted_by_their_route() {
    let mut watched = Watched::with(&[]);
    let user = r#"{"handle":"ada@example.com"}"#;
    let there = |name: &str| format!(r#"{{"entity-type":"user","properties":{{"username":"{name}"}}}}"#);
    let group = r#"{"entity-type":"group","groupname":"a/b"}"#;
    let invited = r#"{"emails":["bob@example.com"]}"#;
    let said = r#"{"params":{"message":"m","level":"info"}}"#;
    let changed = r#"{"oldPassword":"wrong","newPassword":"x"}"#;
    let token = "applicationName=a&deviceId=b&permission=rw";
    // The dialect and the route, then calls that belong there, with what they answer.
    type Calls<'a> = &'a [(&'a str, &'a str, &'a str, u16)];
    let rows: &[(&str, &str, Calls<'_>)] = &[
        (
            "datadog",
            "/api/v1/user",
            &[
                ("GET", "/api/v1/user", "", 200),
                ("GET", "//api/v1/users/?filter=admin", "", 200),
                ("HEAD", "/api/v1/user", "", 200),
                ("POST", "/api/v1/user", user, 200),
                ("POST", "/api/v1/users", user, 409),
                ("POST", "/api/v1/users", "{", 400),
                ("PATCH", "/api/v1/users", "", 405),
                ("BREW", "/api/v1/users", "", 405),
                ("TRACE", "/api/v1/users", "", 405),
            ],
        ),
        (
            "datadog",
            "/api/v1/user/{handle}",
            &[
                ("GET", "/api/v1/user/ada@example.com", "", 200),
                ("GET", "/api/v1/users/no/body", "", 404),
                ("PUT", "/api/v1/user/ada@example.com", "{}", 200),
                ("DELETE", "/api/v1/user/ada%40example.com", "", 200),
                ("OPTIONS", "/api/v1/user/ada", "", 405),
            ],
        ),
        ("datadog", "/api/v1/validate", &[("GET", "/api/v1/validate", "", 200)]),
        (
            "datadog",
            "/api/v1/invite_users",
            &[("POST", "/api/v1/invite_users", invited, 200), ("POST", "/invite_users", invited, 200)],
        ),
        (
            "datadog",
            "other",
            &[("GET", "/elsewhere", "", 404), ("GET", "/api/v1/user/%zz", "", 400), ("PUT", "/%22x%0a", "", 404)],
        ),
        (
            "nuxeo",
            "/user",
            &[
                ("POST", "/nuxeo/api/v1/user", &there("grace"), 201),
                ("POST", "/nuxeo/site/api/v1/user", &there("search"), 201),
                ("GET", "/nuxeo/api/v1/user", "", 405),
            ],
        ),
        (
            "nuxeo",
            "/user/{id}",
            &[
                ("GET", "/nuxeo/api/v1/user/grace", "", 200),
                ("GET", "/nuxeo/api/v1/repo/default/user/x/y", "", 404),
                ("PUT", "/nuxeo/api/v1/user/grace", &there("grace"), 200),
                ("DELETE", "/nuxeo/api/v1/user/search", "", 204),
                ("POST", "/nuxeo/api/v1/user/grace", "", 405),
            ],
        ),
        ("nuxeo", "/user/search", &[("GET", "/nuxeo/api/v1/user/search?q=*", "", 200)]),
        ("nuxeo", "/user/transient/{id}", &[("GET", "/nuxeo/api/v1/user/transient/a/b", "", 200)]),
        (
            "nuxeo",
            "/group",
            &[("POST", "/nuxeo/api/v1/group", group, 201), ("POST", "/nuxeo/api/v1/group", group, 409)],
        ),
        (
            "nuxeo",
            "/group/{id}",
            &[
                ("GET", "/nuxeo/api/v1/group/a%2Fb", "", 200),
                ("PUT", "/nuxeo/api/v1/group/a/b", group, 200),
                ("DELETE", "/nuxeo/api/v1/group/c", "", 404),
            ],
        ),
        ("nuxeo", "/group/search", &[("GET", "/nuxeo/api/v1/group/search", "", 200)]),
        ("nuxeo", "/group/{id}/@users", &[("GET", "/nuxeo/api/v1/group/a/b/@users", "", 200)]),
        ("nuxeo", "/group/{id}/@groups", &[("GET", "/nuxeo/api/v1/group/a%2fb/@groups", "", 200)]),
        (
            "nuxeo",
            "/user/{id}/group/{group}",
            &[
                ("POST", "/nuxeo/api/v1/user/grace/group/a/b", "", 201),
                ("DELETE", "/nuxeo/api/v1/user/grace/group/a/b", "", 200),
                ("GET", "/nuxeo/api/v1/user/grace/group/a/b", "", 405),
            ],
        ),
        ("nuxeo", "/group/{group}/user/{id}", &[("POST", "/nuxeo/api/v1/group/c/user/grace", "", 404)]),
        ("nuxeo", "/me", &[("GET", "/nuxeo/api/v1/me", "", 200)]),
        ("nuxeo", "/me/changepassword", &[("PUT", "/nuxeo/api/v1/me/changepassword", changed, 401)]),
        ("nuxeo", "/capabilities", &[("GET", "/nuxeo/api/v1/capabilities", "", 200)]),
        ("nuxeo", "/json/cmis", &[("GET", "/nuxeo/json/cmis", "", 200)]),
        ("nuxeo", "/runningstatus", &[("GET", "/nuxeo/runningstatus", "", 200)]),
        ("nuxeo", "/logout", &[("GET", "/nuxeo/logout", "", 200), ("POST", "/nuxeo/logout", "", 200)]),
        ("nuxeo", "/authentication/token", &[("GET", &format!("/nuxeo/authentication/token?{token}"), "", 201)]),
        (
            "nuxeo",
            "/token",
            &[
                ("GET", "/nuxeo/api/v1/token", "", 200),
                ("POST", "/nuxeo/api/v1/token?application=x&deviceId=y", "", 201),
            ],
        ),
        ("nuxeo", "/token/{id}", &[("DELETE", "/nuxeo/api/v1/token/secret", "", 404)]),
        ("nuxeo", "/automation", &[("GET", "/nuxeo/site/automation", "", 200)]),
        (
            "nuxeo",
            "/automation/login",
            &[("POST", "/nuxeo/api/v1/automation/login", "", 200), ("GET", "/nuxeo/site/automation/login", "", 200)],
        ),
        ("nuxeo", "/automation/Log", &[("POST", "/nuxeo/site/automation/Log", said, 204)]),
        (
            "nuxeo",
            "other",
            &[
                ("GET", "/nuxeo", "", 404),
                ("GET", "/nuxeo/api/v1/secret", "", 404),
                ("GET", "/nuxeo/api/v1/user/x/@y", "", 404),
                ("DELETE", "/nuxeo/api/v1/token/secret%zz", "", 400),
            ],
        ),
        (
            "rollbook",
            "/v1/changes",
            &[
                ("GET", "/rollbook/v1/changes?since=now", "", 200),
                ("GET", "/rollbook/v1//changes?since=x", "", 400),
                ("POST", "/rollbook/v1/changes", "", 405),
            ],
        ),
        ("rollbook", "other", &[("GET", "/rollbook/v1/secret", "", 404)]),
        ("none", "/healthz", &[("GET", "/healthz", "", 200), ("DELETE", "/healthz", "", 405)]),
        ("none", "/readyz", &[("GET", "/readyz", "", 200)]),
    ];
    let known = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];
    let mut expected: BTreeMap<(&str, &str, &str, u16), f64> = BTreeMap::new();
    for (dialect, route, calls) in rows {
        for (method, path, body, status) in *calls {
            assert_eq!(watched.ask(method, path, body), *status, "{method} {path}");
            let method = if known.contains(method) { method } else { "other" };
            *expected.entry((dialect, route, method, *status)).or_default() += 1.0;
        }
    }
    // The rights come after the route.
    for (dialect, route, path, status) in [
        ("datadog", "/api/v1/user", "/api/v1/user", 403),
        ("nuxeo", "/group/{id}", "/nuxeo/api/v1/group/x", 401),
        ("rollbook", "/v1/changes", "/rollbook/v1/changes", 401),
    ] {
        assert_eq!(watched.ask_as_nobody("GET", path), status);
        *expected.entry((dialect, route, "GET", status)).or_default() += 1.0;
    }
    let page = watched.page();
    let mut of_route: BTreeMap<(&str, &str), f64> = BTreeMap::new();
    for ((dialect, route, method, status), count) in &expected {
        let status = status.to_string();
        let labels = [("dialect", *dialect), ("route", *route), ("method", *method), ("status", status.as_str())];
        assert_eq!(page.value(REQUESTS, &labels), *count, "{labels:?}");
        *of_route.entry((dialect, route)).or_default() += count;
    }
    assert_eq!(page.0[REQUESTS].samples.len(), expected.len(), "{:#?}", page.0[REQUESTS]);
    for ((dialect, route), count) in &of_route {
        let labels = [("dialect", *dialect), ("route", *route)];
        assert_eq!(page.value(&format!("{TIMES}_count"), &labels), *count, "{labels:?}");
        assert!(page.value(&format!("{TIMES}_sum"), &labels) > 0.0, "{labels:?}");
    }
    let bounds: Vec<&str> =
        page.0[TIMES].samples.iter().filter_map(|(_, labels, _)| Some(labels.get("le")?.as_str())).take(17).collect();
    assert_eq!(
        bounds,
        [
            "0.0001", "0.00025", "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5",
            "1", "2.5", "5", "10", "+Inf"
        ]
    );
    assert_eq!(page.0[TIMES].samples.len(), of_route.len() * 19);
    let order = |(_, labels, _): &(String, Labels, f64)| {
        ["dialect", "route", "method", "status"].map(|label| labels[label].clone())
    };
    assert!(page.0[REQUESTS].samples.iter().is_sorted_by_key(order), "{:#?}", page.0[REQUESTS]);
    // The pages are counted too, each by the next one.
    let pages = [("dialect", "none"), ("route", "/metrics"), ("method", "GET"), ("status", "200")];
    assert_eq!(page.value(REQUESTS, &pages), 0.0);
    assert_eq!(watched.page().value(REQUESTS, &pages), 1.0);
    assert_eq!(watched.page().value(REQUESTS, &pages), 2.0);
}

#[test]
fn nothing_that_clients_send_is_in_metrics() {
    let mut watched = Watched::with(&[]);
    let user =
        |name: &str| format!(r#"{{"entity-type":"user","properties":{{"username":"{name}","password":"marker"}}}}"#);
    assert_eq!(watched.ask("POST", "/nuxeo/api/v1/user", &user("marker")), 201);
    assert_eq!(watched.ask("POST", "/api/v1/user", r#"{"handle":"marker@example.com"}"#), 200);
    for (method, path) in [
        ("GET", "/api/v1/user/marker@example.com"),
        ("GET", "/api/v1/user?api_key=marker"),
        ("GET", "/marker"),
        ("MARKER", "/api/v1/user"),
        ("GET", "/nuxeo/api/v1/user/marker"),
        ("GET", "/nuxeo/api/v1/group/marker%22%0a"),
        ("GET", "/nuxeo/api/v1/user/search?q=marker"),
        ("DELETE", "/nuxeo/api/v1/token/marker"),
        ("GET", "/nuxeo/marker"),
    ] {
        watched.ask(method, path, "");
    }
    for lines in ["X-Request-Id: marker\r\n", "Cookie: X-Authentication-Token=marker\r\n", "Authorization: marker\r\n"]
    {
        write(&mut watched.connection, format!("GET /nuxeo/api/v1/me HTTP/1.1\r\nHost: marker\r\n{lines}\r\n"));
        assert_eq!(watched.connection.answer(false).status, 401);
    }
    let text = watched.text();
    let rest = text.to_lowercase();
    for secret in ["marker", "administrator", API_KEY, APP_KEY, "127.0.0.1", "tmp", ".db"] {
        assert!(!rest.contains(secret), "{secret} in:\n{text}");
    }
}

#[test]
fn a_label_holds_any_text() {
    let text = "a\\b\"c\nd{e}=f,g é \\n";
    let mut page = rollbook::metrics::Exposition::default();
    page.gauge("a_gauge", "A gauge.", &[("label", text), ("other", "")], 0.5);
    page.counter("a_total", "A counter.", &[], 2.0);
    // What has one name stands together.
    page.gauge("a_gauge", "A gauge.", &[("label", ""), ("other", text)], 1e15);
    let told = page.into_text();
    assert_eq!(
        told,
        "# HELP a_gauge A gauge.\n\
         # TYPE a_gauge gauge\n\
         a_gauge{label=\"a\\\\b\\\"c\\nd{e}=f,g é \\\\n\",other=\"\"} 0.5\n\
         a_gauge{label=\"\",other=\"a\\\\b\\\"c\\nd{e}=f,g é \\\\n\"} 1000000000000000\n\
         # HELP a_total A counter.\n\
         # TYPE a_total counter\n\
         a_total 2\n"
    );
    let page = Page::parse(&told);
    assert_eq!(page.value("a_gauge", &[("label", text), ("other", "")]), 0.5);
    assert_eq!(page.value("a_gauge", &[("label", ""), ("other", text)]), 1e15);
}

#[test]
fn a_histogram_counts_what_is_on_a_bound_below_it() {
    static BOUNDS: [u64; 3] = [10, 20, 50];
    let (first, second) = (rollbook::metrics::Histogram::new(&BOUNDS), rollbook::metrics::Histogram::new(&BOUNDS));
    for value in [0, 10, 11, 50, 51, 1000] {
        first.observe(value);
        second.observe(value);
    }
    let mut counts = first.counts();
    counts.add(&second.counts());
    let mut page = rollbook::metrics::Exposition::default();
    page.histogram("a_histogram", "Values.", &[("label", "x")], &counts, 10.0);
    let told = page.into_text();
    let expected = "# HELP a_histogram Values.\n\
        # TYPE a_histogram histogram\n\
        a_histogram_bucket{label=\"x\",le=\"1\"} 4\n\
        a_histogram_bucket{label=\"x\",le=\"2\"} 6\n\
        a_histogram_bucket{label=\"x\",le=\"5\"} 8\n\
        a_histogram_bucket{label=\"x\",le=\"+Inf\"} 12\n\
        a_histogram_sum{label=\"x\"} 224.4\n\
        a_histogram_count{label=\"x\"} 12\n";
    assert_eq!(told, expected);
    Page::parse(&told);
}

#[test]
fn a_connection_that_asks_for_everything_is_counted_like_any_other() {
    let mut watched = Watched::with(&[]);
    // More series than a connection keeps at hand, again and again.
    let methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"];
    let paths = ["/api/v1/user/x", "/api/v1/validate", "/nuxeo/api/v1/me", "/nuxeo/api/v1/user/x", "/healthz", "/x"];
    for _ in 0..3 {
        for method in methods {
            for path in paths {
                watched.ask_as_nobody(method, path);
            }
        }
    }
    let page = watched.page();
    let samples = &page.0[REQUESTS].samples;
    assert!(samples.iter().all(|(.., value)| value % 3.0 == 0.0), "{samples:#?}");
    assert_eq!(samples.iter().map(|(.., value)| value).sum::<f64>(), (3 * methods.len() * paths.len()) as f64);
}

#[test]
fn requests_of_many_connections_add_up() {
    let server = Server::with(&LISTEN);
    let address = metrics_address(&server);
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let address = server.address;
            std::thread::spawn(move || {
                let mut connection = Connection::open(address);
                for _ in 0..250 {
                    connection.send("GET", "/healthz", &[], None);
                    assert_eq!(connection.answer(false).status, 200);
                }
            })
        })
        .collect();
    clients.into_iter().for_each(|client| client.join().expect("a client"));
    let labels = [("dialect", "none"), ("route", "/healthz"), ("method", "GET"), ("status", "200")];
    // The last of a connection may be counted a moment after its answer.
    Page::when(address, "2000 requests", |page| page.value(REQUESTS, &labels) == 2000.0);
}

#[test]
fn what_is_no_request_is_counted_too() {
    let server = Server::with(&[LISTEN[0], LISTEN[1], "--max-body-bytes", "100"]);
    let impatient = Server::with(&[LISTEN[0], LISTEN[1], "--head-timeout", "0.3"]);
    let rows = [
        ("datadog", "other", "other", 400, "GET / HTTP/1.1\r\n\r\n".to_owned()),
        // Of these the head was read, so that they have a route.
        ("datadog", "/api/v1/user", "POST", 413, request("POST /api/v1/user HTTP/1.1", "Content-Length: 101\r\n", "")),
        ("nuxeo", "/user", "POST", 413, request("POST /nuxeo/api/v1/user HTTP/1.1", "Content-Length: 101\r\n", "")),
        ("datadog", "other", "other", 501, request("POST / HTTP/1.1", "Transfer-Encoding: gzip\r\n", "")),
        ("none", "other", "other", 400, "\0\r\n\r\n".to_owned()),
    ];
    let late = [("datadog", "other", "other", 408, "GET / HTTP/1.1\r\nHost".to_owned())];
    for (server, rows) in [(&server, &rows[..]), (&impatient, &late)] {
        for (.., status, message) in rows {
            assert_eq!(opened(server, message).answer(false).status, *status, "{message}");
        }
        Page::when(metrics_address(server), "each of them once", |page| {
            let is_counted = |(dialect, route, method, status, _): &(&str, &str, &str, u16, String)| {
                let status = status.to_string();
                let labels = [("dialect", *dialect), ("route", *route), ("method", *method), ("status", &status)];
                page.value(REQUESTS, &labels) == 1.0
            };
            rows.iter().all(is_counted)
        });
    }
}

#[test]
fn connections_are_counted_by_their_door() {
    let limits = ["--max-connections", "4", "--max-connections-per-address", "3"];
    let server = Server::with(&[&LISTEN[..], &KEPT_BUSY, &limits].concat());
    let address = metrics_address(&server);
    let busy = |local: &str| busy(open_from(local, server.address));
    let refused = |local: &str| {
        let mut connection = open_from(local, server.address);
        connection.send("GET", "/healthz", &[], None);
        assert_eq!(connection.answer(false).status, 503);
    };
    let mut open: Vec<Connection> = (0..3).map(|_| busy("127.0.0.1")).collect();
    refused("127.0.0.1");
    refused("127.0.0.1");
    open.push(busy("127.0.0.2"));
    refused("127.0.0.3");
    let public = ("listener", "public");
    let page = Page::of(address);
    assert_eq!(page.value("rollbook_http_requests_in_progress", &[public]), 4.0);
    assert_eq!(page.value("rollbook_connections_open", &[public]), 4.0);
    assert_eq!(page.value("rollbook_connections_accepted_total", &[public]), 4.0);
    for (reason, count) in [("too_many_of_address", 2.0), ("too_many", 1.0), ("no_thread", 0.0)] {
        assert_eq!(page.value("rollbook_connections_refused_total", &[public, ("reason", reason)]), count, "{reason}");
    }
    // Of the looks at the page, only the present one is left after a while.
    let metrics = ("listener", "metrics");
    let watched = Page::when(address, "one look", |page| page.value("rollbook_connections_open", &[metrics]) == 1.0);
    assert!(watched.value("rollbook_connections_accepted_total", &[metrics]) >= 2.0);
    assert_eq!(watched.value("rollbook_http_requests_in_progress", &[metrics]), 1.0);
    // Of each reason and listener, also that for commands.
    assert_eq!(page.0["rollbook_connections_refused_total"].samples.len(), 9);
    drop(open);
    let is_empty = |page: &Page| page.value("rollbook_connections_open", &[public]) == 0.0;
    let page = Page::when(address, "the end of all connections", is_empty);
    assert_eq!(page.value("rollbook_http_requests_in_progress", &[public]), 0.0);
    assert_eq!(page.value("rollbook_connections_accepted_total", &[public]), 4.0);
}

#[test]
fn orders_of_commands_are_counted_at_their_own_door() {
    let server = Server::with(&LISTEN);
    let address = metrics_address(&server);
    let local = ("listener", "local");
    assert_eq!(Page::of(address).value("rollbook_connections_accepted_total", &[local]), 0.0);
    for words in [&["user", "list"][..], &["user", "show", "nobody"]] {
        run(&server.folder, words);
    }
    let page = Page::when(address, "the orders", |page| {
        let asked = |status: &str| {
            let labels = [("dialect", "command"), ("route", "/orders"), ("method", "POST"), ("status", status)];
            page.value(REQUESTS, &labels)
        };
        asked("200") >= 1.0 && asked("404") == 1.0
    });
    assert_eq!(page.value("rollbook_connections_accepted_total", &[local]), 2.0);
}

#[test]
fn users_and_groups_and_the_log_are_measured() {
    let mut watched = Watched::with(&[]);
    let page = watched.page();
    let (users, groups) = (page.value("rollbook_users", &[]), page.value("rollbook_groups", &[]));
    let state = State::of(&watched.server.folder);
    assert_eq!(state.texts("select cast(count(*) as text) from users"), [users.to_string()]);
    assert_eq!(state.texts("select cast(count(*) as text) from groups"), [groups.to_string()]);
    for number in 0..5 {
        let body = format!(r#"{{"handle":"user{number}@example.com"}}"#);
        assert_eq!(watched.ask("POST", "/api/v1/user", &body), 200);
    }
    assert_eq!(watched.ask("POST", "/nuxeo/api/v1/group", r#"{"entity-type":"group","groupname":"one"}"#), 201);
    // One that is disabled stays.
    assert_eq!(watched.ask("DELETE", "/api/v1/user/user0@example.com", ""), 200);
    assert_eq!(watched.ask("DELETE", "/nuxeo/api/v1/user/user1@example.com", ""), 204);
    let page = watched.page();
    assert_eq!(page.value("rollbook_users", &[]), users + 4.0);
    assert_eq!(page.value("rollbook_groups", &[]), groups + 1.0);
    let log = watched.server.folder.path().join("rollbook.db-wal");
    let address = watched.server.address;
    Page::when(address, "the length of the log", |page| {
        let length = log.metadata().expect("a write-ahead log").len() as f64;
        length > 0.0 && page.value("rollbook_wal_size_bytes", &[]) == length
    });
}

#[test]
fn the_log_is_found_behind_a_link() {
    let (folder, elsewhere) = (Arc::new(Folder::new()), Folder::new());
    std::os::unix::fs::symlink(elsewhere.path().join("real.db"), folder.db()).expect("a link");
    std::fs::write(elsewhere.path().join("real.db"), "").expect("a file");
    let server = Server::over(folder, &LISTEN);
    assert_eq!(server.datadog("POST", "/api/v1/user", Some(r#"{"handle":"ada@example.com"}"#)).status, 200);
    let log = elsewhere.path().join("real.db-wal");
    let address = metrics_address(&server);
    // That keys are used is written behind the answer.
    Page::when(address, "the length of the log", |page| {
        let length = log.metadata().expect("a write-ahead log").len() as f64;
        length > 0.0 && page.value("rollbook_wal_size_bytes", &[]) == length
    });
}

#[test]
fn what_cannot_be_counted_is_left_out() {
    let server = Server::with(&LISTEN);
    let connection = rusqlite::Connection::open(server.folder.db()).expect("the database");
    connection.execute_batch("alter table counters rename to elsewhere").expect("a broken schema");
    // Each reader sees it after the next commit of the server.
    assert_eq!(server.nuxeo("GET", "/me", None).status, 200);
    let page = Page::when(metrics_address(&server), "neither users nor groups", |page| {
        !page.0.contains_key("rollbook_users") && !page.0.contains_key("rollbook_groups")
    });
    assert!(page.0.contains_key("rollbook_writer_commits_total"));
    server.wait_for_log("users and groups could not be counted");
}

pub const OPERATIONS: &str = "rollbook_writer_operations_total";
const COMMITS: &str = "rollbook_writer_commits_total";

#[test]
fn writes_are_counted_by_their_commits() {
    let server = Server::with(&LISTEN);
    let address = metrics_address(&server);
    let create = |name: &str| {
        let body = format!(r#"{{"handle":"{name}@example.com"}}"#);
        server.datadog("POST", "/api/v1/user", Some(&body)).status
    };
    wait_for_start(address);
    // The two keys are noted as used once an hour, behind the answer.
    let first = Page::of(address).value(OPERATIONS, &[]);
    assert_eq!(create("ada"), 200);
    let before = Page::when(address, "three operations", |page| page.value(OPERATIONS, &[]) == first + 3.0);
    assert_eq!(create("ada"), 409);
    assert_eq!(create("bob"), 200);
    let page = Page::of(address);
    let more = |name: &str| page.value(name, &[]) - before.value(name, &[]);
    // What is refused was an operation too.
    assert_eq!((more(OPERATIONS), more(COMMITS)), (2.0, 2.0));
    assert_eq!(page.value("rollbook_writer_queue_length", &[]), 0.0);

    // While another program writes, one waits in its own thread or in the writer's, and the others in the queue. What
    // waits together is committed together, unless a slow machine makes the group end early: again then.
    let connection = rusqlite::Connection::open(server.folder.db()).expect("the database");
    let mut created = 2.0;
    wait_until("a commit of five to eight operations", || {
        let names = [1, 2, 3, 4, 5, 6, 7].map(|number| format!("user{}", created + f64::from(number)));
        connection.execute_batch("begin immediate").expect("a transaction");
        std::thread::scope(|scope| {
            let creates: Vec<_> = names.iter().map(|name| scope.spawn(move || create(name))).collect();
            Page::when(address, "a queue", |page| page.value("rollbook_writer_queue_length", &[]) >= 5.0);
            connection.execute_batch("rollback").expect("an end");
            for create in creates {
                assert_eq!(create.join().expect("an answer"), 200);
            }
        });
        created += 7.0;
        let page = Page::of(address);
        let more = |name: &str, labels: &[(&str, &str)]| page.value(name, labels) - before.value(name, labels);
        let sizes =
            |suffix: &str, labels: &[(&str, &str)]| more(&format!("rollbook_writer_commit_operations{suffix}"), labels);
        assert_eq!(page.value("rollbook_writer_queue_length", &[]), 0.0);
        assert_eq!((more(OPERATIONS, &[]), sizes("_sum", &[])), (created, created));
        assert_eq!(sizes("_count", &[]), more(COMMITS, &[]));
        assert_eq!(page.value("rollbook_writer_commit_failures_total", &[]), 0.0);
        sizes("_bucket", &[("le", "8")]) - sizes("_bucket", &[("le", "4")]) > 0.0
    });
}

#[test]
fn refused_credentials_are_counted_by_their_kind() {
    let server = Server::with(&LISTEN);
    let address = metrics_address(&server);
    let refused = || {
        let page = Page::of(address);
        ["password", "key", "token"].map(|kind| page.value("rollbook_refused_credentials_total", &[("kind", kind)]))
    };
    let new = r#"{"handle":"ada@example.com"}"#;
    assert_eq!(server.datadog("POST", "/api/v1/user", Some(new)).status, 200);
    assert_eq!(server.nuxeo("GET", "/me", None).status, 200);
    assert_eq!(server.datadog("DELETE", "/api/v1/user/ada@example.com", None).status, 200);
    assert_eq!(refused(), [0.0; 3]);
    let (right, wrong) = (basic("Administrator", ADMIN_PASSWORD), basic("Administrator", "wrong"));
    let (stranger, nameless) = (basic("nobody", "wrong"), basic("", "x"));
    let (disabled, silent) = (basic("ada@example.com", "x"), basic("Administrator", ""));
    let keys = |api, app| [("DD-API-KEY", api), ("DD-APPLICATION-KEY", app)];
    let (validate, users, me) = ("/api/v1/validate", "/api/v1/user", "/nuxeo/api/v1/me");
    let token = server.nuxeo("POST", "/token?application=a&deviceId=b", None);
    assert_eq!(token.status, 201);
    let (changes, token) = ("/rollbook/v1/changes", format!("Bearer {}", token.text()));
    let app_key = format!("Bearer {APP_KEY}");
    // What is asked with which headers, the status, and the kind that is refused.
    type Row<'r> = (&'r str, &'r [(&'r str, &'r str)], u16, Option<usize>);
    let rows: &[Row<'_>] = &[
        (me, &[("Authorization", &wrong)], 401, Some(0)),
        (me, &[("Authorization", &stranger)], 401, Some(0)),
        (me, &[("Authorization", &nameless)], 401, Some(0)),
        (me, &[("Authorization", &disabled)], 401, Some(0)),
        (me, &[("Authorization", &silent)], 401, Some(0)),
        (me, &[("Authorization", &right)], 200, None),
        (me, &[("X-Authentication-Token", "wrong")], 401, Some(2)),
        (me, &[("Authorization", "Bearer wrong")], 401, Some(2)),
        (me, &[("X-Authentication-Token", API_KEY)], 401, Some(2)),
        (me, &[], 401, None),
        (validate, &[("DD-API-KEY", "wrong")], 403, Some(1)),
        (validate, &[("DD-API-KEY", APP_KEY)], 403, Some(1)),
        (validate, &[("DD-API-KEY", API_KEY)], 200, None),
        (validate, &[], 403, None),
        (users, &keys("wrong", APP_KEY), 403, Some(1)),
        (users, &keys(API_KEY, "wrong"), 403, Some(1)),
        (users, &keys(API_KEY, API_KEY), 403, Some(1)),
        (users, &keys(API_KEY, APP_KEY), 200, None),
        (users, &keys(API_KEY, ""), 403, None),
        (changes, &[("Authorization", &wrong)], 401, Some(0)),
        (changes, &[("Authorization", "Bearer wrong")], 401, Some(2)),
        (changes, &[("Authorization", &token)], 200, None),
        (changes, &[("Authorization", &app_key)], 200, None),
    ];
    let mut expected = [0.0; 3];
    for (path, headers, status, kind) in rows {
        assert_eq!(server.request("GET", path, headers, None).status, *status, "{path} {headers:?}");
        kind.iter().for_each(|kind| expected[*kind] += 1.0);
        assert_eq!(refused(), expected, "{path} {headers:?}");
    }
}

// Those who read it

/// Runs a command with that text on its standard input.
fn with_input(command: &mut Command, input: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    child.stdin.take().expect("stdin is piped").write_all(input.as_bytes()).expect("it is read");
    child.wait_with_output().expect("the output")
}

/// A page on which there is something of everything.
fn full_page() -> String {
    let mut watched = Watched::with(&LISTEN);
    for (method, path) in [
        ("GET", "/api/v1/user"),
        ("BREW", "/api/v1/user/x"),
        ("DELETE", "/nuxeo/api/v1/group/a/user/b"),
        ("GET", "/nuxeo/api/v1/group/a/@users"),
        ("GET", "/readyz"),
        ("GET", "/metrics"),
        ("GET", "/nowhere"),
    ] {
        watched.ask(method, path, "");
        watched.ask_as_nobody(method, path);
    }
    watched.text()
}

#[test]
fn the_python_library_of_prometheus_understands_every_sample() {
    let Some(tools) = environment("prometheus-client-0.26.0") else { return };
    let text = full_page();
    let page = Page::parse(&text);
    let mut command = Command::new(tools.python.expect("a Python"));
    let output = with_input(command.arg(pins().join("parse_metrics.py")).env("PYTHONUTF8", "1"), &text);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // Numbers come as texts: read as JSON, some would be others in the last place.
    type Found = (String, String, String, Vec<(String, Labels, String)>);
    let found: Vec<Found> = serde_json::from_slice(&output.stdout).expect("families");
    assert_eq!(found.len(), page.0.len());
    for (name, kind, help, samples) in found {
        // Counters are named without the end of their samples' names there.
        let name = if kind == "counter" { format!("{name}_total") } else { name };
        let family = page.0.get(&name).unwrap_or_else(|| panic!("no {name}"));
        let number = |text: &str| text.parse::<f64>().expect("a number");
        let samples: Vec<_> = samples.into_iter().map(|(of, labels, value)| (of, labels, number(&value))).collect();
        assert_eq!((&family.kind, &family.samples), (&kind, &samples), "{name}");
        assert!(text.contains(&format!("# HELP {name} {help}\n")), "{name}: {help}");
    }
}

#[test]
fn promtool_has_nothing_to_complain_about() {
    let tool = || Command::new("promtool");
    if !has_tool("promtool", "prometheus") {
        return;
    }
    let output = with_input(tool().args(["check", "metrics"]), &full_page());
    let said = [output.stdout, output.stderr].concat();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&said).as_ref()), (Some(0), ""));
    // It does complain about what is wrong.
    let output = with_input(tool().args(["check", "metrics"]), "# TYPE a counter\na 1\n");
    assert_ne!(output.status.code(), Some(0));
}
