//! Requests through TLS, and those that come without it.

use super::{Client, Pair, ask, openssl, start, start_with};
use crate::support::client::{Connection, basic, create, create_user, credentials, opened, request, write};
use crate::support::folder::path_text;
use crate::support::metrics::{LISTEN, Page, metrics_address};
use crate::support::nuxeo::LOGIN;
use crate::support::server::{ADMIN_PASSWORD, Server};
use rustls::version::{TLS12, TLS13};
use rustls::{HandshakeKind, ProtocolVersion};
use serde_json::json;
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::process::Command;

#[test]
fn both_versions_of_tls_carry_requests_and_answers_of_every_kind() {
    let Some((server, pair)) = start(&[]) else { return };
    let mut rows = "name,email\n".to_owned();
    (0..3000).for_each(|number| writeln!(rows, "user{number}@example.com,user{number}@example.com").unwrap());
    let imported = crate::support::cli::run_with_input(&server.folder, &["import", "--format", "csv", "-"], &rows);
    assert!(imported.status.success(), "{imported:?}");
    for (version, expected) in [(&TLS13, ProtocolVersion::TLSv1_3), (&TLS12, ProtocolVersion::TLSv1_2)] {
        let mut connection = Client::with(&pair, &[version], &[]).connect(server.address);
        assert_eq!(connection.stream().conn.protocol_version(), Some(expected));
        // A body of many records, with a length and in chunks.
        let name = format!("{expected:?}@example.com");
        let padding = " ".repeat(300_000);
        let body = json!({"handle": name}).to_string() + &padding;
        write(&mut connection, create(&format!("Content-Length: {}\r\n", body.len()), &body));
        assert_eq!(connection.answer(false).status, 200);
        let update = format!(r#"{{"name":"Ada"}}{padding}"#);
        let chunks = format!("{:x}\r\n{update}\r\n0\r\n\r\n", update.len());
        let line = format!("PUT /api/v1/user/{name} HTTP/1.1");
        write(&mut connection, request(&line, "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n", ""));
        assert_eq!(connection.answer(false).status, 100);
        write(&mut connection, chunks);
        assert_eq!(connection.answer(false).json()["user"]["name"], "Ada");
        // A long answer in pieces.
        write(&mut connection, request("GET /api/v1/user HTTP/1.1", "", ""));
        let list = connection.answer(false);
        assert_eq!(list.header("Transfer-Encoding"), Some("chunked"));
        assert!(list.json()["users"].as_array().expect("users").len() > 3000);
        // Many requests at once.
        let one = request("GET /api/v1/user/user7@example.com HTTP/1.1", "", "");
        write(&mut connection, one.repeat(300));
        for _ in 0..300 {
            assert_eq!(connection.answer(false).json()["user"]["handle"], "user7@example.com");
        }
        // The last answer, and the notice that nothing follows: `rest` fails without it.
        write(&mut connection, "GET /healthz HTTP/1.0\r\n\r\n");
        assert_eq!((connection.answer(false).status, connection.rest().as_str()), (200, ""));
    }
}

#[test]
fn client_resumes_its_session_without_a_full_handshake() {
    let Some((server, pair)) = start(&[]) else { return };
    for version in [&TLS13, &TLS12] {
        let client = Client::with(&pair, &[version], &[]);
        let kinds = [(); 3].map(|()| {
            let mut connection = client.connect(server.address);
            assert_eq!(ask(&mut connection, "/healthz"), 200);
            connection.stream().conn.handshake_kind()
        });
        assert_eq!(kinds[0], Some(HandshakeKind::Full));
        assert_eq!(kinds[1..], [Some(HandshakeKind::Resumed); 2], "{version:?}");
        // The server reads no request before the end of the handshake.
        assert!(client.session().early_data().is_none());
    }
}

#[test]
fn the_protocol_in_tls_is_http_1() {
    let Some((server, pair)) = start(&[]) else { return };
    for (offered, chosen) in [
        (&[][..], Some(None)),
        (&["http/1.1"], Some(Some("http/1.1"))),
        (&["h2", "http/1.1"], Some(Some("http/1.1"))),
        (&["http/1.0"], Some(Some("http/1.0"))),
        (&["h2"], None),
        (&["spdy/3", "imap"], None),
    ] {
        let connected = Client::with(&pair, rustls::ALL_VERSIONS, offered).try_connect(server.address);
        match (connected, chosen) {
            (Ok(mut connection), Some(chosen)) => {
                let found = connection.stream().conn.alpn_protocol().map(<[u8]>::to_vec);
                assert_eq!(found.as_deref(), chosen.map(str::as_bytes), "{offered:?}");
                assert_eq!(ask(&mut connection, "/healthz"), 200, "{offered:?}");
            }
            (Err(error), None) => {
                assert_eq!(error.kind(), ErrorKind::InvalidData, "{offered:?}");
                assert!(error.to_string().contains("NoApplicationProtocol"), "{offered:?}: {error}");
            }
            (connected, chosen) => panic!("{offered:?}: {chosen:?}, and the handshake is {:?}", connected.err()),
        }
    }
}

#[test]
fn plain_request_on_a_tls_port_is_answered_with_advice() {
    let Some((server, pair)) = start(&[]) else { return };
    let message = "This port takes HTTPS only: use https:// in place of http://";
    for (sent, expected) in [
        (create_user("ada@example.com"), json!({"errors": [message]})),
        (format!("\r\n{}", request("GET /api/v1/user HTTP/1.1", "", "")), json!({"errors": [message]})),
        (
            request("GET /nuxeo/api/v1/me HTTP/1.1", "", ""),
            json!({"entity-type": "exception", "status": 400, "message": message}),
        ),
    ] {
        let mut connection = opened(&server, &sent);
        let answer = connection.answer(false);
        assert_eq!(answer.parts(), (400, expected), "{sent}");
        assert_eq!(answer.header("Connection"), Some("close"), "{sent}");
        assert_eq!(connection.rest(), "", "{sent}");
    }
    let mut connection = opened(&server, request("GET /healthz HTTP/1.1", "", ""));
    let answer = connection.answer(false);
    assert_eq!((answer.status, answer.text()), (400, format!("{message}\n").as_str()));
    // Several plain requests count as one refusal; an invalid head is refused as usual.
    let mut connection = opened(&server, create_user("ada@example.com").repeat(3));
    assert_eq!((connection.answer(false).status, connection.rest().as_str()), (400, ""));
    assert_eq!(opened(&server, "GET / HTTP/2.0\r\n\r\n").answer(false).status, 400);
    let mut connection = Client::trusting(&pair).connect(server.address);
    write(&mut connection, request("GET /api/v1/user/ada@example.com HTTP/1.1", "", ""));
    assert_eq!(connection.answer(false).status, 404, "a request without TLS had an effect");
}

#[test]
fn a_port_without_tls_still_refuses_a_handshake_as_a_broken_request() {
    let Some((_secure, pair)) = start(&[]) else { return };
    let plain = Server::start();
    let error = Client::trusting(&pair).try_connect(plain.address).expect_err("there is no TLS");
    assert!([ErrorKind::InvalidData, ErrorKind::UnexpectedEof].contains(&error.kind()), "{error}");
}

#[test]
fn cookies_are_for_https_only() {
    let Some((server, pair)) = start(&["--trusted-proxy", "127.0.0.7"]) else { return };
    let client = Client::trusting(&pair);
    let body = json!({"user": "Administrator", "password": ADMIN_PASSWORD}).to_string();
    let basic = basic("Administrator", ADMIN_PASSWORD);
    // A client that is no trusted proxy cannot claim another protocol.
    for forwarded in [&[][..], &[("X-Forwarded-Proto", "http")]] {
        let mut connection = client.connect(server.address);
        let fields = [&[("Content-Type", "application/json"), ("X-Requested-With", "rollbook")], forwarded].concat();
        connection.send("POST", "/ui/api/session", &fields, Some(body.as_bytes()));
        let answer = connection.answer(false);
        let cookie = answer.header("Set-Cookie").unwrap_or_else(|| panic!("no cookie: {}", answer.text())).to_owned();
        assert!(cookie.contains("; HttpOnly") && cookie.contains("; Secure"), "{cookie}");
        connection.send("POST", LOGIN, &[&[("Authorization", basic.as_str())], forwarded].concat(), None);
        let answer = connection.answer(false);
        let cookie = answer.header("Set-Cookie").unwrap_or_else(|| panic!("no cookie: {answer:?}")).to_owned();
        assert!(cookie.starts_with("JSESSIONID=") && cookie.contains("; HttpOnly"), "{cookie}");
        assert!(cookie.ends_with("; Secure"), "{cookie}");
    }
}

#[test]
fn forwarded_protocol_wins_over_the_protocol_of_the_proxy() {
    let Some((server, pair)) = start(&["--trusted-proxy", "127.0.0.1"]) else { return };
    let basic = basic("Administrator", ADMIN_PASSWORD);
    for (forwarded, is_secure) in
        [(None, true), (Some("https"), true), (Some("http"), false), (Some("https, http"), false)]
    {
        let mut connection = Client::trusting(&pair).connect(server.address);
        let proto = forwarded.map(|forwarded| ("X-Forwarded-Proto", forwarded));
        let fields: Vec<_> = [("Authorization", basic.as_str())].into_iter().chain(proto).collect();
        connection.send("POST", LOGIN, &fields, None);
        let answer = connection.answer(false);
        let cookie = answer.header("Set-Cookie").expect("a cookie");
        assert_eq!(cookie.contains("; Secure"), is_secure, "{forwarded:?}: {cookie}");
    }
}

#[test]
fn every_kind_of_key_that_is_named_works() {
    for kind in [
        "rsa:2048",
        "rsa:4096",
        "ec -pkeyopt ec_paramgen_curve:P-256",
        "ec -pkeyopt ec_paramgen_curve:P-384",
        "ed25519",
    ] {
        let Some((server, pair)) = start_with(&[], |folder| Pair::make_of(folder, "server", kind, 30)) else { return };
        for version in [&TLS13, &TLS12] {
            let mut connection = Client::with(&pair, &[version], &[]).connect(server.address);
            assert_eq!(ask(&mut connection, "/healthz"), 200, "{kind}");
        }
    }
}

#[test]
fn curl_speaks_with_the_server_by_any_name_and_version() {
    let Some((server, pair)) = start(&[]) else { return };
    let resolve = format!("users.example.com:{}:127.0.0.1", server.address.port());
    let (trust, insecure) = (["--cacert", path_text(&pair.chain)], ["--insecure", "--resolve", &resolve]);
    let (own, other) = (server.url.clone(), format!("https://users.example.com:{}", server.address.port()));
    for (words, url) in [
        (&[][..], &own),
        (&["--tlsv1.3"], &own),
        (&["--tls-max", "1.2"], &own),
        (&["--http1.0"], &own),
        (&["--http2"], &own),
        (&["--no-alpn"], &own),
        (&insecure, &other),
    ] {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--noproxy", "*", "-w", " %{http_code} %{num_connects}\n"]).args(trust).args(words);
        let output = curl.args([format!("{url}/healthz"), format!("{url}/readyz")]).output().expect("curl runs");
        let said = String::from_utf8_lossy(&output.stdout);
        let once = if words == ["--http1.0"] { "1" } else { "0" };
        assert_eq!(said, format!("ok\n 200 1\nready\n 200 {once}\n"), "{words:?}: {output:?}");
    }
    let refused =
        Command::new("curl").args(["-sS", "--noproxy", "*", &format!("{own}/healthz")]).output().expect("curl runs");
    assert_eq!(refused.status.code(), Some(60), "a certificate that is not trusted: {refused:?}");
    server.wait_for_log("TLS handshake with 127.0.0.1 failed: received fatal alert: UnknownCA");
}

#[test]
fn metrics_have_the_certificate_expiry_and_handshake_results() {
    let Some((server, pair)) = start(&LISTEN) else { return };
    // Metrics have an address of their own, and stay without TLS.
    let metrics = metrics_address(&server);
    let end = openssl(server.folder.path(), "x509 -in server.pem -noout -enddate -dateopt iso_8601");
    let end = end.trim().strip_prefix("notAfter=").expect("a date").replace(' ', "T");
    let end: jiff::Timestamp = end.parse().expect("a time");
    let page = Page::of(metrics);
    assert_eq!(page.value("rollbook_tls_certificate_expiry_timestamp_seconds", &[]), end.as_second() as f64);
    let listener = ("listener", "public");
    let count = |page: &Page, result| page.value("rollbook_tls_handshakes_total", &[listener, ("result", result)]);
    assert_eq!(["done", "failed", "late"].map(|result| count(&page, result)), [0.0; 3]);
    let mut connection = Client::trusting(&pair).connect(server.address);
    assert_eq!(ask(&mut connection, "/healthz"), 200);
    assert!(Client::with(&pair, rustls::ALL_VERSIONS, &["h2"]).try_connect(server.address).is_err());
    Page::when(metrics, "a handshake that was done and one that failed", |page| {
        ["done", "failed", "late"].map(|result| count(page, result)) == [1.0, 1.0, 0.0]
    });
    // A server without a certificate has none of these.
    let plain = Server::with(&LISTEN);
    assert!(!Page::text(metrics_address(&plain)).contains("rollbook_tls_"));
}

#[test]
fn each_address_has_tls_unless_it_says_http() {
    let words = ["https://127.0.0.1:0", "http://127.0.0.2:0", "127.0.0.3:0"];
    let flags: Vec<&str> = words.iter().flat_map(|word| ["--listen", *word]).collect();
    let Some((server, pair)) = start(&flags) else { return };
    let lines = server.wait_for_lines(3, |line| line.contains("listening on http"));
    let urls: Vec<&str> =
        lines.iter().filter_map(|line| line.split_once("listening on ")).map(|(_, url)| url).collect();
    let schemes: Vec<&str> = urls.iter().filter_map(|url| url.split_once("://")).map(|(scheme, _)| scheme).collect();
    assert_eq!(schemes, ["https", "http", "https"], "{lines:?}");
    let address = |at: usize| urls[at].split_once("://").expect("a URL").1.parse().expect("an address");
    let client = Client::trusting(&pair);
    for at in [0, 2] {
        assert_eq!(ask(&mut client.connect(address(at)), "/healthz"), 200, "{}", urls[at]);
    }
    let mut plain = Connection::open(address(1));
    plain.send("GET", "/healthz", &[], None);
    assert_eq!(plain.answer(false).status, 200);
    // Without a certificate there is no https.
    let folder = crate::support::folder::Folder::new();
    let command = crate::support::server::serve(&folder, &["--listen", "https://127.0.0.1:0"]).output();
    let (status, _, err) = crate::support::cli::said(&command.expect("the command ends"));
    let expected = "--listen: https://127.0.0.1:0 needs a certificate (--tls-cert and --tls-key)";
    assert!(status == 2 && err.contains(expected), "{err}");
    assert!(!folder.db().exists(), "a database was made");
}

#[test]
fn credentials_and_names_work_over_tls() {
    let Some((server, pair)) = start(&[]) else { return };
    let mut connection = Client::trusting(&pair).connect(server.address);
    let group = r#"{"entity-type":"group","groupname":"a/b c"}"#;
    let length = format!("Content-Length: {}\r\nContent-Type: application/json\r\n", group.len());
    write(
        &mut connection,
        format!("POST /nuxeo/api/v1/group HTTP/1.1\r\nHost: x\r\n{}{length}\r\n{group}", credentials()),
    );
    assert_eq!(connection.answer(false).status, 201);
    write(&mut connection, request("GET /nuxeo/api/v1/group/a%2Fb%20c HTTP/1.1", "", ""));
    assert_eq!(connection.answer(false).json()["groupname"], "a/b c");
    let mut plain = Connection::open(server.address);
    plain.finish();
    assert_eq!(plain.rest(), "");
}
