//! What comes and goes, counted for those who watch: requests by their route, connections by their door.

use super::{Certificate, Shared};
use crate::http::{Method, RequestLogFields};
use crate::metrics::{Counts, Exposition, Histogram};
use crate::sync::locked;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

/// Bounds of what requests take, in nanoseconds: from 100 µs to 10 s.
const TIMES: [u64; 16] = {
    const MICROSECOND: u64 = 1000;
    const MILLISECOND: u64 = 1000 * MICROSECOND;
    [
        100 * MICROSECOND,
        250 * MICROSECOND,
        500 * MICROSECOND,
        MILLISECOND,
        2500 * MICROSECOND,
        5 * MILLISECOND,
        10 * MILLISECOND,
        25 * MILLISECOND,
        50 * MILLISECOND,
        100 * MILLISECOND,
        250 * MILLISECOND,
        500 * MILLISECOND,
        1000 * MILLISECOND,
        2500 * MILLISECOND,
        5000 * MILLISECOND,
        10_000 * MILLISECOND,
    ]
};
const NANOSECONDS: f64 = 1e9;

/// What comes and goes at all doors of a process.
#[derive(Default)]
pub struct RequestMetrics {
    series: Mutex<HashMap<Key, Arc<Series>>>,
    doors: Mutex<Vec<Watched>>,
}

/// A server whose connections are counted.
#[derive(Clone)]
struct Watched {
    shared: Weak<Shared>,
    certificate: Option<Arc<Certificate>>,
}

/// What tells requests apart that are counted apart. Every part is one of few values, whatever clients send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    status: u16,
    method: &'static str,
    route: &'static str,
    dialect: &'static str,
}

/// Requests of one key.
struct Series {
    key: Key,
    times: Histogram<{ TIMES.len() }>,
}

impl RequestMetrics {
    /// Counts the connections of that server too, and its handshakes where it has a certificate.
    pub(super) fn watch(&self, shared: &Arc<Shared>, certificate: Option<&Arc<Certificate>>) {
        locked(&self.doors).push(Watched { shared: Arc::downgrade(shared), certificate: certificate.cloned() });
    }

    fn series(&self, key: Key) -> Arc<Series> {
        let mut series = locked(&self.series);
        let new = || Arc::new(Series { key, times: Histogram::new(&TIMES) });
        Arc::clone(series.entry(key).or_insert_with(new))
    }

    /// Adds all of it to the page.
    pub fn collect_metrics(&self, exposition: &mut Exposition) {
        let mut series: Vec<Arc<Series>> = locked(&self.series).values().cloned().collect();
        series.sort_by_key(|series| {
            let Key { dialect, route, method, status } = series.key;
            (dialect, route, method, status)
        });
        let mut routes: BTreeMap<(&str, &str), Counts<{ TIMES.len() }>> = BTreeMap::new();
        for Series { key, times } in series.iter().map(AsRef::as_ref) {
            let (counts, status) = (times.counts(), key.status.to_string());
            let labels =
                [("dialect", key.dialect), ("route", key.route), ("method", key.method), ("status", status.as_str())];
            let help = "Requests that were answered, refused ones too.";
            exposition.counter("rollbook_http_requests_total", help, &labels, counts.number() as f64);
            match routes.get_mut(&(key.dialect, key.route)) {
                Some(all) => all.add(&counts),
                None => drop(routes.insert((key.dialect, key.route), counts)),
            }
        }
        for ((dialect, route), counts) in &routes {
            let labels = [("dialect", *dialect), ("route", *route)];
            let help = "From the first byte of a request to the last of its answer.";
            exposition.histogram("rollbook_http_request_duration_seconds", help, &labels, counts, NANOSECONDS);
        }
        let doors = locked(&self.doors).clone();
        for Watched { shared, certificate } in &doors {
            let Some(shared) = shared.upgrade() else { continue };
            shared.collect_metrics(exposition);
            if certificate.is_some() {
                shared.handshakes.collect_metrics(exposition, ("listener", shared.door.name()));
            }
        }
        if let Some(certificate) = doors.iter().find_map(|watched| watched.certificate.as_ref()) {
            certificate.collect_metrics(exposition);
        }
    }
}

/// Series that a connection keeps at hand. With more of them it takes a look at all, under a lock.
const AT_HAND_MAX: usize = 16;

/// Counts the requests of one connection.
pub(super) struct Tally {
    traffic: Arc<RequestMetrics>,
    at_hand: Vec<Arc<Series>>,
}

impl Tally {
    pub(super) fn new(traffic: &Arc<RequestMetrics>) -> Tally {
        Tally { traffic: Arc::clone(traffic), at_hand: Vec::new() }
    }

    /// Counts a request; one without a method is none that could be read.
    pub(super) fn count(&mut self, method: Option<&Method>, status: u16, trace: &RequestLogFields, took: Duration) {
        let or = |name: &'static str, other| if name.is_empty() { other } else { name };
        let (dialect, route) = (or(trace.dialect, "none"), or(trace.route, "other"));
        let key = Key { status, method: name_of(method), route, dialect };
        let series = match self.at_hand.iter().find(|series| series.key == key) {
            Some(series) => series,
            None => {
                if self.at_hand.len() == AT_HAND_MAX {
                    self.at_hand.remove(0);
                }
                self.at_hand.push(self.traffic.series(key));
                &self.at_hand[self.at_hand.len() - 1]
            }
        };
        series.times.observe(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }
}

/// Methods that no route has are one: clients can make up as many as they like.
fn name_of(method: Option<&Method>) -> &'static str {
    match method {
        Some(Method::Get) => "GET",
        Some(Method::Head) => "HEAD",
        Some(Method::Post) => "POST",
        Some(Method::Put) => "PUT",
        Some(Method::Delete) => "DELETE",
        Some(Method::Options) => "OPTIONS",
        Some(Method::Patch) => "PATCH",
        Some(Method::Connect | Method::Trace | Method::NonStandard(_)) | None => "other",
    }
}
