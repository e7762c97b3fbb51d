//! What those who watch the server are told, and where.

use crate::harness::{
    API_KEY, APP_KEY, Answer, Connection, Folder, PATIENCE, Server, credentials, rollbook, run, serve, wait_for, write,
};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Instant;

const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
const LISTEN: [&str; 2] = ["--metrics-listen", "127.0.0.1:0"];

/// Where the server says that metrics are.
fn metrics_address(server: &Server) -> SocketAddr {
    let log = server.log();
    let line = log.lines().find_map(|line| line.split_once("metrics at http://")?.1.strip_suffix("/metrics"));
    line.unwrap_or_else(|| panic!("no address of metrics in:\n{log}")).parse().expect("an address")
}

fn ask(address: SocketAddr, method: &str, path: &str) -> Answer {
    let mut connection = Connection::open(address);
    connection.send(method, path, &[], None);
    connection.answer(method == "HEAD")
}

// The text format, read as strictly as it is written

type Labels = BTreeMap<String, String>;

/// What has one name.
#[derive(Debug, Default)]
struct Family {
    kind: String,
    samples: Vec<(String, Labels, f64)>,
}

/// A page by names.
#[derive(Debug)]
struct Page(BTreeMap<String, Family>);

impl Page {
    fn of(address: SocketAddr) -> Page {
        let answer = ask(address, "GET", "/metrics");
        assert_eq!((answer.status, answer.header("Content-Type")), (200, Some(CONTENT_TYPE)));
        Page::parse(answer.text())
    }

    fn parse(text: &str) -> Page {
        assert!(text.ends_with('\n'), "the last line ends");
        let mut families: BTreeMap<String, Family> = BTreeMap::new();
        let (mut name, mut seen) = (String::new(), BTreeSet::new());
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (of, help) = rest.split_once(' ').unwrap_or_else(|| panic!("no help: {line}"));
                assert!(!help.trim().is_empty() && is_name(of), "{line}");
                assert!(families.insert(of.to_owned(), Family::default()).is_none(), "twice: {line}");
                of.clone_into(&mut name);
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let family = families.get_mut(&name).unwrap_or_else(|| panic!("no help before {line}"));
                assert!(family.kind.is_empty() && family.samples.is_empty(), "{line}");
                let kind = rest.strip_prefix(&format!("{name} ")).unwrap_or_else(|| panic!("{line} after {name}"));
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                kind.clone_into(&mut family.kind);
            } else {
                let family = families.get_mut(&name).unwrap_or_else(|| panic!("no help before {line}"));
                assert!(!family.kind.is_empty(), "no type before {line}");
                assert!(seen.insert(line.rsplit_once(' ').expect("a value").0), "twice: {line}");
                family.samples.push(sample(line));
            }
        }
        let page = Page(families);
        page.check();
        page
    }

    /// What holds for every page.
    fn check(&self) {
        for (name, family) in &self.0 {
            assert!(!family.samples.is_empty(), "{name} has no sample");
            assert_eq!(family.kind == "counter", name.ends_with("_total"), "{name} is a {}", family.kind);
            if family.kind == "histogram" {
                family.check_histogram(name);
                continue;
            }
            for (of, labels, value) in &family.samples {
                assert_eq!(of, name);
                assert!(value.is_finite() && *value >= 0.0, "{name} {labels:?} {value}");
            }
        }
    }

    /// The value of a sample with exactly these labels; 0 where there is none.
    fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| self.0.get(name.strip_suffix(suffix)?));
        let Some(family) = self.0.get(name).or(family) else { return 0.0 };
        let labels: Labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        family.samples.iter().find(|(of, found, _)| of == name && *found == labels).map_or(0.0, |(.., value)| *value)
    }
}

impl Family {
    fn check_histogram(&self, name: &str) {
        let mut of_labels: BTreeMap<Labels, Vec<(String, f64, f64)>> = BTreeMap::new();
        for (of, labels, value) in &self.samples {
            let mut labels = labels.clone();
            let bound = labels.remove("le").map_or(f64::NAN, |bound| match bound.as_str() {
                "+Inf" => f64::INFINITY,
                bound => bound.parse().expect("a bound"),
            });
            of_labels.entry(labels).or_default().push((of.clone(), bound, *value));
        }
        for (labels, samples) in of_labels {
            let buckets: Vec<(f64, f64)> = samples
                .iter()
                .filter(|(of, ..)| *of == format!("{name}_bucket"))
                .map(|(_, bound, value)| (*bound, *value))
                .collect();
            let one = |suffix: &str| {
                let found: Vec<f64> = samples
                    .iter()
                    .filter(|(of, bound, _)| *of == format!("{name}{suffix}") && bound.is_nan())
                    .map(|(.., value)| *value)
                    .collect();
                assert_eq!(found.len(), 1, "{name}{suffix} {labels:?}");
                found[0]
            };
            assert_eq!(samples.len(), buckets.len() + 2, "{name} {labels:?}");
            let (sum, count) = (one("_sum"), one("_count"));
            for pair in buckets.windows(2) {
                assert!(pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1, "{name} {labels:?}: {buckets:?}");
            }
            assert_eq!(buckets.last(), Some(&(f64::INFINITY, count)), "{name} {labels:?}");
            // Between what the buckets allow at least and at most.
            let bounds = std::iter::once(0.0).chain(buckets.iter().map(|(bound, _)| *bound));
            let mut before = 0.0;
            let (mut least, mut most) = (0.0, 0.0);
            for ((bound, total), lower) in buckets.iter().zip(bounds) {
                let here = total - before;
                before = *total;
                if here > 0.0 {
                    least += here * lower;
                    most += here * bound;
                }
            }
            assert!(least <= sum * 1.000_001 && sum <= most * 1.000_001, "{name} {labels:?}: {least} {sum} {most}");
        }
    }
}

fn is_name(name: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.bytes().all(word) && name.starts_with(|c: char| c.is_ascii_lowercase())
}

fn sample(line: &str) -> (String, Labels, f64) {
    let (name, mut rest) = line.split_at(line.find(['{', ' ']).unwrap_or_else(|| panic!("no value: {line}")));
    assert!(is_name(name), "{line}");
    let mut labels = Labels::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("no label: {line}"));
            assert!(is_name(label), "{line}");
            let (mut value, mut characters) = (String::new(), after.chars());
            loop {
                match characters.next() {
                    Some('"') => break,
                    Some('\\') => value.push(match characters.next() {
                        Some('n') => '\n',
                        Some(c @ ('\\' | '"')) => c,
                        other => panic!("\\{other:?} in {line}"),
                    }),
                    Some(c) => value.push(c),
                    None => panic!("no end of a value: {line}"),
                }
            }
            assert!(labels.insert(label.to_owned(), value).is_none(), "twice: {line}");
            rest = characters.as_str();
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => break,
            }
        }
        rest = rest.strip_prefix('}').unwrap_or_else(|| panic!("no end of the labels: {line}"));
    }
    let value = rest.strip_prefix(' ').unwrap_or_else(|| panic!("no value: {line}"));
    assert!(!value.contains(' '), "{line}");
    (name.to_owned(), labels, value.parse().unwrap_or_else(|_| panic!("no number: {line}")))
}

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
        (413, "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1025\r\n\r\n".to_owned(), "The body is too long\n"),
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
    let server = Server::with(&[LISTEN[0], LISTEN[1], "--max-connections", "2"]);
    let address = metrics_address(&server);
    let busy = |address: SocketAddr, count: usize| -> Vec<Connection> {
        let open = |_| {
            let mut connection = Connection::open(address);
            connection.send("GET", "/healthz", &[], None);
            assert_eq!(connection.answer(false).status, 200);
            // At work from now on.
            write(&mut connection, "GET /");
            connection
        };
        (0..count).map(open).collect()
    };
    // All places of the clients are taken, and the server can be watched all the same.
    let clients = busy(server.address, 2);
    assert_eq!(ask(server.address, "GET", "/healthz").status, 503);
    Page::of(address);
    // And the other way round.
    drop(clients);
    let watchers = busy(address, 16);
    assert_eq!(ask(address, "GET", "/metrics").status, 503);
    let start = Instant::now();
    while ask(server.address, "GET", "/healthz").status != 200 {
        assert!(start.elapsed() < PATIENCE, "the places of the clients are free again");
    }
    drop(watchers);
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
    assert!(said.contains(&format!("rollbook: listen on {address}")), "{said}");
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
    let server = Server::with(&LISTEN);
    let address = metrics_address(&server);
    let clients: Vec<Connection> = (0..20).map(|_| Connection::open(server.address)).collect();
    // All of them have been accepted once the last one is answered.
    let mut last = Connection::open(server.address);
    last.send("GET", "/healthz", &[], None);
    assert_eq!(last.answer(false).status, 200);
    let page = Page::of(address);
    let process = server.footprint();
    let descriptors = page.value("process_open_fds", &[]);
    // The look itself comes with a connection.
    let now = process.descriptors as f64;
    assert!((now..=now + 1.0).contains(&descriptors) && descriptors > 20.0, "{descriptors} and {now}");
    let (resident, now) = (page.value("process_resident_memory_bytes", &[]), process.resident_kib as f64 * 1024.0);
    assert!(resident > now * 0.8 && resident < now * 1.25, "{resident} and {now}");
    let start = page.value("process_start_time_seconds", &[]);
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock").as_secs_f64();
    // To the second, as the start of the machine is.
    assert!(start > since - PATIENCE.as_secs_f64() && start < since + 2.0, "{start} and {since}");
    let processor = page.value("process_cpu_seconds_total", &[]);
    assert!(processor < since - start + 2.0, "{processor}");
    drop(clients);
}
