//! Metrics of requests by route, and of connections by listener.

use super::connections::ServerState;
use super::tls::Certificate;
use crate::http::{Method, RequestLogFields};
use crate::metrics::{Counts, Exposition, Histogram};
use crate::sync::locked;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

/// Upper bounds of request durations, in nanoseconds: from 100 µs to 10 s.
const DURATION_BOUNDS_NS: [u64; 16] = {
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
const NANOSECONDS_PER_SECOND: f64 = 1e9;

/// Metrics of all servers of a process.
#[derive(Default)]
pub struct RequestMetrics {
    series: Mutex<HashMap<SeriesKey, Arc<Series>>>,
    servers: Mutex<Vec<ObservedServer>>,
}

/// A server whose connections are counted.
#[derive(Clone)]
struct ObservedServer {
    state: Weak<ServerState>,
    certificate: Option<Arc<Certificate>>,
}

/// Labels of a series. Clients cannot invent values: each label has a fixed set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct SeriesKey {
    status: u16,
    method: &'static str,
    route: &'static str,
    dialect: &'static str,
}

/// Requests with the same labels.
struct Series {
    key: SeriesKey,
    durations: Histogram<{ DURATION_BOUNDS_NS.len() }>,
}

impl RequestMetrics {
    /// Also counts the connections of that server, and its handshakes if it has a certificate.
    pub(super) fn add_server(&self, state: &Arc<ServerState>, certificate: Option<&Arc<Certificate>>) {
        locked(&self.servers).push(ObservedServer { state: Arc::downgrade(state), certificate: certificate.cloned() });
    }

    fn series(&self, key: SeriesKey) -> Arc<Series> {
        let mut series = locked(&self.series);
        let new = || Arc::new(Series { key, durations: Histogram::new(&DURATION_BOUNDS_NS) });
        Arc::clone(series.entry(key).or_insert_with(new))
    }

    /// Adds the samples of all servers.
    pub fn collect_metrics(&self, exposition: &mut Exposition) {
        let mut series: Vec<Arc<Series>> = locked(&self.series).values().cloned().collect();
        series.sort_by_key(|series| {
            let SeriesKey { dialect, route, method, status } = series.key;
            (dialect, route, method, status)
        });
        let mut routes: BTreeMap<(&str, &str), Counts<{ DURATION_BOUNDS_NS.len() }>> = BTreeMap::new();
        for Series { key, durations } in series.iter().map(AsRef::as_ref) {
            let (counts, status) = (durations.counts(), key.status.to_string());
            let labels =
                [("dialect", key.dialect), ("route", key.route), ("method", key.method), ("status", status.as_str())];
            let help = "Answered requests, including rejected ones.";
            exposition.counter("rollbook_http_requests_total", help, &labels, counts.number() as f64);
            match routes.get_mut(&(key.dialect, key.route)) {
                Some(all) => all.add(&counts),
                None => drop(routes.insert((key.dialect, key.route), counts)),
            }
        }
        for ((dialect, route), counts) in &routes {
            let labels = [("dialect", *dialect), ("route", *route)];
            let help = "Time from the first byte of a request to the last byte of its response.";
            exposition.histogram(
                "rollbook_http_request_duration_seconds",
                help,
                &labels,
                counts,
                NANOSECONDS_PER_SECOND,
            );
        }
        let servers = locked(&self.servers).clone();
        for ObservedServer { state, certificate } in &servers {
            let Some(state) = state.upgrade() else { continue };
            state.collect_metrics(exposition);
            if certificate.is_some() {
                state.handshakes.collect_metrics(exposition, ("listener", state.kind.name()));
            }
        }
        if let Some(certificate) = servers.iter().find_map(|server| server.certificate.as_ref()) {
            certificate.collect_metrics(exposition);
        }
    }
}

/// Series that a connection finds without the lock on all series.
const RECENT_SERIES_MAX: usize = 16;

/// Counts the requests of one connection.
pub(super) struct ConnectionCounters {
    metrics: Arc<RequestMetrics>,
    recent: Vec<Arc<Series>>,
}

impl ConnectionCounters {
    pub(super) fn new(metrics: &Arc<RequestMetrics>) -> ConnectionCounters {
        ConnectionCounters { metrics: Arc::clone(metrics), recent: Vec::new() }
    }

    /// Counts a request. One without a method could not be parsed.
    pub(super) fn count(
        &mut self,
        method: Option<&Method>,
        status: u16,
        log_fields: &RequestLogFields,
        took: Duration,
    ) {
        let or = |name: &'static str, other| if name.is_empty() { other } else { name };
        let (dialect, route) = (or(log_fields.dialect, "none"), or(log_fields.route, "other"));
        let key = SeriesKey { status, method: method_label(method), route, dialect };
        let series = match self.recent.iter().find(|series| series.key == key) {
            Some(series) => series,
            None => {
                if self.recent.len() == RECENT_SERIES_MAX {
                    self.recent.remove(0);
                }
                self.recent.push(self.metrics.series(key));
                &self.recent[self.recent.len() - 1]
            }
        };
        series.durations.observe(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }
}

/// The label of a method. Methods that no route has share one: clients can invent any number of them.
fn method_label(method: Option<&Method>) -> &'static str {
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
