//! Programs that ask a server by HTTPS: its own commands, the clients of the vendors, a browser.

use super::{Pair, has_openssl, openssl, start, start_with};
use crate::support::browser::visit_the_page;
use crate::support::cli::{binary, launcher, rollbook, said};
use crate::support::client_tools::live_on;
use crate::support::folder::{Folder, path_text};
use crate::support::metrics::{LISTEN, metrics_address};
use crate::support::server::{ADMIN_PASSWORD, Server};
use crate::support::tools::has_own_network;
use std::process::Output;

fn healthcheck(words: &[&str]) -> Output {
    rollbook().arg("healthcheck").args(words).output().expect("the command runs")
}

#[test]
fn a_server_with_a_certificate_is_asked_for_its_health_through_tls() {
    let Some((server, pair)) = start(&LISTEN) else { return };
    let (address, metrics) = (server.address.to_string(), metrics_address(&server).to_string());
    let by_tls = said(&healthcheck(&["--listen", &address, "--tls-cert", path_text(&pair.chain)]));
    assert_eq!(by_tls, (0, String::new(), String::new()));
    let variable = rollbook()
        .args(["healthcheck", "--listen", &address])
        .env("ROLLBOOK_TLS_CERT", &pair.chain)
        .output()
        .expect("the command runs");
    assert_eq!(variable.status.code(), Some(0), "{variable:?}");
    let (status, _, err) = said(&healthcheck(&["--listen", &address]));
    assert!(status == 1 && err.contains(&format!("the server at {address} is not ready (status 400)")), "{err}");
    assert_eq!(healthcheck(&["--listen", &metrics]).status.code(), Some(0));
    let (status, _, err) = said(&healthcheck(&["--listen", &metrics, "--tls-cert", path_text(&pair.chain)]));
    assert!(status == 1 && err.contains(&format!("connect to the server at {metrics}")), "{err}");
    // The scheme of the address selects TLS too, and has precedence.
    let (https, http) = (format!("https://{address}"), format!("http://{metrics}"));
    assert_eq!(healthcheck(&["--listen", &https]).status.code(), Some(0));
    assert_eq!(healthcheck(&["--listen", &http, "--tls-cert", path_text(&pair.chain)]).status.code(), Some(0));
    // A server with a renewed, expired or foreign certificate is still healthy.
    let other = |folder: &std::path::Path| {
        openssl(folder, "req -x509 -newkey ed25519 -nodes -keyout server.key -out server.pem -days 1 -subj /CN=other");
        Pair { chain: folder.join("server.pem"), key: folder.join("server.key") }
    };
    let Some((server, pair)) = start_with(&["--listen", "0.0.0.0:0"], other) else { return };
    let (address, chain) = (server.address.to_string(), path_text(&pair.chain));
    assert_eq!(healthcheck(&["--listen", &address, "--tls-cert", chain]).status.code(), Some(0));
}

#[test]
fn health_check_of_another_machine_requires_a_known_certificate() {
    if !has_openssl() || !has_own_network() {
        return;
    }
    // Connections to the second address come from the first one, as they do between two machines.
    let prelude = "set -- unshare --net sh -c 'ip link set lo up && ip address add 192.0.2.7/32 dev lo && \
                   ip address add 192.0.2.8/32 dev lo && \
                   ip route change local 192.0.2.8 dev lo table local proto kernel scope host src 192.0.2.7 && \
                   exec \"$@\"' sh \"$@\"";
    let folder = Folder::new();
    openssl(
        folder.path(),
        "req -x509 -newkey ed25519 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=authority \
         -addext basicConstraints=critical,CA:TRUE",
    );
    openssl(
        folder.path(),
        "req -x509 -newkey ed25519 -nodes -keyout server.key -out server.pem -days 30 -subj /CN=server -CA ca.pem \
         -CAkey ca.key -addext subjectAltName=IP:192.0.2.8 -addext basicConstraints=critical,CA:FALSE",
    );
    let other = Pair::make(folder.path(), "other");
    let pair = Pair { chain: folder.path().join("server.pem"), key: folder.path().join("server.key") };
    let listen = ["--listen", "192.0.2.8:8443"];
    let server = Server::after(prelude, &[&pair.flags()[..], &listen].concat());
    let pid = server.pid().to_string();
    let check = |address: &str, words: &[&str]| {
        let mut command = launcher("nsenter");
        command.args(["--target", &pid, "--net"]).arg(binary()).args(["healthcheck", "--listen", address]);
        said(&command.args(words).output().expect("the command runs"))
    };
    let (at, https) = ("192.0.2.8:8443", "https://192.0.2.8:8443");
    let authority = folder.path().join("ca.pem");
    for words in [
        &["--tls-cert", path_text(&pair.chain)][..],
        &["--tls-cert", path_text(&authority)],
        &["--tls-cert", path_text(&other.chain), "--insecure"],
    ] {
        assert_eq!(check(at, words), (0, String::new(), String::new()), "{words:?}");
    }
    assert_eq!(check(https, &["--insecure"]).0, 0);
    let missing = folder.path().join("missing.pem");
    for (address, words, why) in [
        (https, &[][..], "name the certificate with --tls-cert FILE, or accept each one with --insecure"),
        (at, &["--tls-cert", path_text(&other.chain)], "its certificate is not the one in "),
        (at, &["--tls-cert", path_text(&missing)], "read the certificate "),
        (at, &["--tls-cert", path_text(&pair.key)], "its certificate is not the one in "),
    ] {
        let (status, _, err) = check(address, words);
        assert!(status == 1 && err.contains(why), "{words:?}: {err}");
    }
    assert!(server.stop().success());
}

#[test]
fn each_certificate_of_the_own_machine_is_accepted() {
    let Some((server, _)) = start_with(&["--listen", "0.0.0.0:0"], |folder| Pair::make(folder, "server")) else {
        return;
    };
    let folder = Folder::new();
    let other = Pair::make(folder.path(), "other");
    let address = server.address.to_string();
    for file in [path_text(&other.chain), "missing.pem"] {
        assert_eq!(healthcheck(&["--listen", &address, "--tls-cert", file]).status.code(), Some(0), "{file}");
    }
}

#[test]
fn users_are_pulled_through_tls_from_a_server_that_is_trusted() {
    let Some((server, pair)) = start(&[]) else { return };
    let pull = |words: &[&str]| {
        let folder = Folder::new();
        let mut command = rollbook();
        command.args(["pull", "nuxeo", "--from", &format!("{}/nuxeo", server.url)]).args(words);
        command
            .env("ROLLBOOK_DB", folder.db())
            .env("NUXEO_USER", "Administrator")
            .env("NUXEO_PASSWORD", ADMIN_PASSWORD);
        said(&command.output().expect("the command runs"))
    };
    let (status, out, err) = pull(&["--ca", path_text(&pair.chain), "--on-conflict", "skip"]);
    assert!(status == 0 && out.contains(": 0 created, 0 updated, 0 unchanged, 4 skipped"), "{out}{err}");
    let (status, _, err) = pull(&[]);
    assert!(status == 1 && err.contains("certificate"), "{err}");
}

/// Takes a client through its life at a server with a certificate, which it is told to trust.
fn live(name: &str, script: &str) {
    let Some((server, pair)) = start(&[]) else { return };
    let trusted = path_text(&pair.chain);
    let variables =
        ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "ROLLBOOK_CA"].map(|name| (name, trusted));
    live_on(server, &variables, "", name, script);
}

#[test]
fn datadogpy_lives_its_life_through_tls() {
    live("datadog-0.56.0", "life_datadogpy.py");
}

#[test]
fn the_official_datadog_clients_live_their_lives_through_tls() {
    live("datadog-api-client-2.62.0", "life_datadog_api_client.py");
    live("npm-datadog-1.64.0", "life_datadog_api_client.js");
}

#[test]
fn the_nuxeo_clients_live_their_lives_through_tls() {
    live("nuxeo-7.1.0", "life_nuxeo.py");
    live("npm-nuxeo-4.0.6", "life_nuxeo.js");
}

#[test]
fn people_use_the_page_through_tls() {
    if !has_openssl() {
        return;
    }
    let folder = Folder::new();
    let pair = Pair::make(folder.path(), "server");
    let start = |flags: &[&str]| -> Server { start_with(flags, |_| pair.clone()).expect("openssl is there").0 };
    visit_the_page("tls", 20, &[("NODE_EXTRA_CA_CERTS", path_text(&pair.chain))], start);
}
