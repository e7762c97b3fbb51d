//! The server layer with a handler of the test in place of the product.

use rollbook::http::{ListenerKind, Response};
use rollbook::server::{BoundAddress, Inbound, Limits, Listener, Network, Server};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

fn limits() -> Limits {
    Limits {
        connections: 16,
        connections_per_address: None,
        body_bytes: 1 << 20,
        body_memory: 4 << 20,
        answer_memory: 4 << 20,
        head_timeout: Duration::from_secs(10),
        body_timeout: Duration::from_secs(10),
        idle_timeout: Duration::from_secs(10),
        write_timeout: Duration::from_secs(10),
        grace: Duration::from_secs(10),
    }
}

/// Runs that handler while the test talks to it.
pub fn with_handler(handler: fn(Inbound<'_>) -> Response, test: impl FnOnce(SocketAddr)) {
    with_handler_behind(&[], "127.0.0.1:0", handler, test);
}

/// The same, at that address and behind these proxies.
pub fn with_handler_behind(
    proxies: &[&str],
    listen: &str,
    handler: fn(Inbound<'_>) -> Response,
    test: impl FnOnce(SocketAddr),
) {
    let proxies: Vec<Network> = proxies.iter().map(|text| Network::parse(text).expect("a network")).collect();
    let listener = Listener::bind(listen.parse().unwrap(), &limits()).unwrap();
    let BoundAddress::Ip(address) = *listener.address() else { panic!("an IP address") };
    let server = Server::new(ListenerKind::Public, vec![listener], limits()).unwrap().trust(&proxies);
    let stopper = server.stopper();
    let thread = std::thread::spawn(move || server.run(&Arc::default(), handler));
    test(address);
    stopper.stop();
    thread.join().unwrap();
}
