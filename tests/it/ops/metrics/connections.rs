//! Metrics of connections.

use super::requests::REQUESTS;
use crate::support::busy_connection::{KEPT_BUSY, busy};
use crate::support::cli::run;
use crate::support::client::{Connection, open_from};
use crate::support::metrics::{LISTEN, Page, metrics_address};
use crate::support::server::Server;

#[test]
fn connections_are_counted_by_listener() {
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
    // After a while, only the connection of the present read is left.
    let metrics = ("listener", "metrics");
    let watched = Page::when(address, "one look", |page| page.value("rollbook_connections_open", &[metrics]) == 1.0);
    assert!(watched.value("rollbook_connections_accepted_total", &[metrics]) >= 2.0);
    assert_eq!(watched.value("rollbook_http_requests_in_progress", &[metrics]), 1.0);
    // Each reason and listener has a value, also the listener for commands.
    assert_eq!(page.0["rollbook_connections_refused_total"].samples.len(), 9);
    drop(open);
    let is_empty = |page: &Page| page.value("rollbook_connections_open", &[public]) == 0.0;
    let page = Page::when(address, "the end of all connections", is_empty);
    assert_eq!(page.value("rollbook_http_requests_in_progress", &[public]), 0.0);
    assert_eq!(page.value("rollbook_connections_accepted_total", &[public]), 4.0);
}

#[test]
fn admin_requests_are_counted_at_their_own_listener() {
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
