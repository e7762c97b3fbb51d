//! Metrics of the process.

use crate::support::client::Connection;
use crate::support::metrics::{LISTEN, Page, metrics_address};
use crate::support::server::Server;
use std::time::{SystemTime, UNIX_EPOCH};

// Values

#[test]
fn process_metrics_match_proc() {
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
        // The read of the metrics has a connection too.
        let now = process.descriptors as f64;
        let (resident, of_linux) =
            (page.value("process_resident_memory_bytes", &[]), process.resident_kib as f64 * 1024.0);
        (now..=now + 1.0).contains(&descriptors)
            && descriptors > 20.0
            && resident > of_linux * 0.8
            && resident < of_linux * 1.25
    });
    let start = page.value("process_start_time_seconds", &[]);
    // The value has the precision of a second, as the start time of the machine has.
    assert!(start > before - 2.0 && start < after + 2.0, "{start} between {before} and {after}");
    let processor = page.value("process_cpu_seconds_total", &[]);
    let of_linux = server.footprint().processor_seconds;
    // Both count ticks of a hundredth.
    assert!(processor < of_linux + 0.02, "{processor} and {of_linux}");
    drop(clients);
}
