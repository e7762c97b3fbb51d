//! Metrics of requests.

use super::Watched;
use crate::support::client::{Connection, opened, request, write};
use crate::support::metrics::{LISTEN, Labels, Page, metrics_address};
use crate::support::server::{API_KEY, APP_KEY, Server};
use std::collections::BTreeMap;

pub const REQUESTS: &str = "rollbook_http_requests_total";

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
    // The dialect and the route, then calls of that route with their statuses.
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
    // The route is known before the permissions are checked.
    for (dialect, route, path, status) in [
        ("datadog", "/api/v1/user", "/api/v1/user", 403),
        ("nuxeo", "/group/{id}", "/nuxeo/api/v1/group/x", 401),
        ("rollbook", "/v1/changes", "/rollbook/v1/changes", 401),
    ] {
        assert_eq!(watched.ask_anonymously("GET", path), status);
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
    // Each page counts the requests for the pages before it.
    let pages = [("dialect", "none"), ("route", "/metrics"), ("method", "GET"), ("status", "200")];
    assert_eq!(page.value(REQUESTS, &pages), 0.0);
    assert_eq!(watched.page().value(REQUESTS, &pages), 1.0);
    assert_eq!(watched.page().value(REQUESTS, &pages), 2.0);
}

#[test]
fn metrics_contain_no_client_input() {
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
    // Samples of one name stand together.
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
    // More series than a connection buffers, again and again.
    let methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"];
    let paths = ["/api/v1/user/x", "/api/v1/validate", "/nuxeo/api/v1/me", "/nuxeo/api/v1/user/x", "/healthz", "/x"];
    for _ in 0..3 {
        for method in methods {
            for path in paths {
                watched.ask_anonymously(method, path);
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
fn broken_requests_are_counted() {
    let server = Server::with(&[LISTEN[0], LISTEN[1], "--max-body-bytes", "100"]);
    let impatient = Server::with(&[LISTEN[0], LISTEN[1], "--head-timeout", "0.3"]);
    let rows = [
        ("datadog", "other", "other", 400, "GET / HTTP/1.1\r\n\r\n".to_owned()),
        // The server has read the head of these requests, so they have a route.
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
