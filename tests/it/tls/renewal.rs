//! Certificates that change while the server runs.

use super::{Client, Pair, Secured, ask, start};
use crate::support::metrics::{LISTEN, Page, metrics_address};
use crate::support::server::Server;
use crate::support::tools::has_tool;
use crate::support::wait::wait_until;
use rustls::HandshakeKind;
use std::net::SocketAddr;
use std::process::Command;

fn hang_up(server: &Server) {
    let status = Command::new("kill").args(["-HUP", &server.pid().to_string()]).status();
    assert!(status.expect("kill runs").success());
}

/// A new connection, when the server shows that certificate.
fn shown(pair: &Pair, address: SocketAddr) -> Option<Secured> {
    Client::trusting(pair).try_connect(address).ok()
}

fn wait_for(pair: &Pair, address: SocketAddr) -> Secured {
    crate::support::wait::eventually("the other certificate", || shown(pair, address))
}

fn reloads(address: SocketAddr, result: &str) -> f64 {
    Page::of(address).value("rollbook_tls_certificate_reloads_total", &[("result", result)])
}

#[test]
fn a_renewed_certificate_is_for_new_connections_and_no_connection_is_dropped() {
    let Some((server, first)) = start(&LISTEN) else { return };
    let second = Pair::make(server.folder.path(), "second");
    let metrics = metrics_address(&server);
    let old_client = Client::trusting(&first);
    let mut old = old_client.connect(server.address);
    let resumed = |connection: &mut Secured| connection.stream().conn.handshake_kind();
    assert_eq!(ask(&mut old, "/healthz"), 200);
    second.replace(&first);
    let mut new = wait_for(&second, server.address);
    assert_eq!((ask(&mut new, "/healthz"), ask(&mut old, "/healthz")), (200, 200));
    server.wait_for_log("the certificate was renewed, and is valid until ");
    assert_eq!((reloads(metrics, "renewed"), reloads(metrics, "failed")), (1.0, 0.0));
    // A session ends with the old certificate: the server rejects its ticket.
    assert!(old_client.try_connect(server.address).is_err(), "the old certificate is still believed to be shown");
    let client = Client::trusting(&second);
    let kinds = [(); 2].map(|()| {
        let mut connection = client.connect(server.address);
        assert_eq!(ask(&mut connection, "/healthz"), 200);
        resumed(&mut connection)
    });
    assert_eq!(kinds, [Some(HandshakeKind::Full), Some(HandshakeKind::Resumed)]);
}

#[test]
fn reload_signal_loads_the_new_certificate_or_keeps_the_old_one() {
    let Some((server, first)) = start(&LISTEN) else { return };
    let second = Pair::make(server.folder.path(), "second");
    hang_up(&server);
    server.wait_for_log("the certificate has not changed, and is valid until ");
    second.replace(&first);
    hang_up(&server);
    let mut new = wait_for(&second, server.address);
    assert_eq!(ask(&mut new, "/healthz"), 200);
    assert!(server.stop().success());
}

#[test]
fn broken_certificate_keeps_the_old_one_and_is_logged() {
    let Some((server, first)) = start(&LISTEN) else { return };
    let folder = server.folder.path();
    let kept = Pair { chain: folder.join("kept.pem"), key: folder.join("kept.key") };
    std::fs::copy(&first.chain, &kept.chain).expect("a copy");
    std::fs::copy(&first.key, &kept.key).expect("a copy");
    let second = Pair::make(folder, "second");
    let (metrics, mut failed) = (metrics_address(&server), 0.0);
    let still = |expected: &str, failed: f64| {
        server.wait_for_log(&format!("ERROR] cannot load the new certificate: {expected}"));
        wait_until("the count of failures", || reloads(metrics, "failed") >= failed);
        let mut connection = shown(&kept, server.address).expect("the certificate from before");
        assert_eq!(ask(&mut connection, "/healthz"), 200);
    };
    // The new certificate with the old key.
    std::fs::copy(&second.chain, &first.chain).expect("a copy");
    failed += 1.0;
    still("the key in --tls-key ", failed);
    // Half of the file, an empty file, and no file.
    let text = std::fs::read_to_string(&second.chain).expect("text");
    for (content, expected) in
        [(&text[..text.len() / 2], "server.pem is not a valid PEM file"), ("", "server.pem is empty")]
    {
        std::fs::write(&first.chain, content).expect("a file");
        failed += 1.0;
        still(&format!("--tls-cert {}", first.chain.with_file_name(expected).display()), failed);
    }
    std::fs::remove_file(&first.key).expect("the file goes");
    // The same failure is logged once, however often the reload is tried.
    hang_up(&server);
    std::fs::write(&first.chain, &text).expect("a file");
    still(&format!("--tls-key: read {}: No such file", first.key.display()), failed + 1.0);
    assert!(server.log().contains("; the old one, valid until "), "{}", server.log());
    // The pair is whole again.
    second.replace(&first);
    let mut connection = wait_for(&second, server.address);
    assert_eq!(ask(&mut connection, "/healthz"), 200);
    assert_eq!(reloads(metrics, "renewed"), 1.0);
}

#[test]
fn files_that_the_system_could_not_open_are_tried_again() {
    if !has_tool("prlimit", "util-linux") {
        return;
    }
    let Some((server, first)) = start(&[]) else { return };
    let second = Pair::make(server.folder.path(), "second");
    let limit = |descriptors: usize| {
        let words = ["--pid", &server.pid().to_string(), &format!("--nofile={descriptors}:")];
        assert!(Command::new("prlimit").args(words).status().expect("prlimit runs").success());
    };
    // The process may open no further file.
    limit(3);
    second.replace(&first);
    server.wait_for_log("cannot load the new certificate: --tls-cert: read ");
    assert!(server.log().contains("Too many open files"), "{}", server.log());
    limit(256);
    wait_for(&second, server.address);
    server.wait_for_lines(1, |line| line.contains("cannot load the new certificate"));
}

#[test]
fn links_of_programs_that_renew_certificates_are_followed() {
    let link = |pair: &Pair, to: &std::path::Path| {
        for (file, name) in [(&pair.chain, "fullchain.pem"), (&pair.key, "privkey.pem")] {
            let (new_link, link) = (to.join("beside"), to.join(name));
            std::os::unix::fs::symlink(file, &new_link).expect("a link");
            std::fs::rename(&new_link, &link).expect("the link is replaced");
        }
        Pair { chain: to.join("fullchain.pem"), key: to.join("privkey.pem") }
    };
    let mut first = None;
    let started = super::start_with(&[], |folder| {
        let made = Pair::make(folder, "first");
        let linked = link(&made, folder);
        first = Some(made);
        linked
    });
    let (Some((server, _)), Some(first)) = (started, first) else { return };
    assert!(shown(&first, server.address).is_some());
    let second = Pair::make(server.folder.path(), "second");
    link(&second, server.folder.path());
    wait_for(&second, server.address);
}
