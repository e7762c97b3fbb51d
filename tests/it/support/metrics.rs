//! Reads the metrics of a server, as strictly as the text format is defined.

use super::client::{Answer, Connection};
use super::server::Server;
use super::wait::eventually;
use crate::ops::metrics::CONTENT_TYPE;
use crate::ops::metrics::database::OPERATIONS;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::net::SocketAddr;

pub const LISTEN: [&str; 2] = ["--metrics-listen", "127.0.0.1:0"];

/// The address of the metrics in the log.
pub fn metrics_address(server: &Server) -> SocketAddr {
    let log = server.log();
    let line = log.lines().find_map(|line| line.split_once("metrics at http://")?.1.strip_suffix("/metrics"));
    line.unwrap_or_else(|| panic!("no address of metrics in:\n{log}")).parse().expect("an address")
}

pub fn ask(address: SocketAddr, method: &str, path: &str) -> Answer {
    let mut connection = Connection::open(address);
    connection.send(method, path, &[], None);
    connection.answer(method == "HEAD")
}

// The text format

pub type Labels = BTreeMap<String, String>;

/// The samples of one name.
#[derive(Debug, Default)]
pub struct Family {
    pub kind: String,
    pub samples: Vec<(String, Labels, f64)>,
}

/// A page, by the names of metrics.
#[derive(Debug)]
pub struct Page(pub BTreeMap<String, Family>);

impl Page {
    pub fn of(address: SocketAddr) -> Page {
        Page::parse(&Page::text(address))
    }

    /// The first page that meets the condition. Some events are counted only after the client has its answer.
    pub fn when(address: SocketAddr, awaited: impl Display, is_so: impl Fn(&Page) -> bool) -> Page {
        let last = RefCell::default();
        let awaited = std::fmt::from_fn(|f| write!(f, "{awaited} on this page:\n{}", last.borrow()));
        eventually(awaited, || {
            let text = Page::text(address);
            let page = Page::parse(&text);
            last.replace(text);
            Some(page).filter(&is_so)
        })
    }

    /// Waits until the search index has all users. The server fills it some seconds after a change, in a commit.
    pub fn when_indexed(address: SocketAddr) -> Page {
        let is_indexed = |page: &Page| page.value("rollbook_search_unindexed_users", &[]) == 0.0;
        Page::when(address, "an index of all users", is_indexed)
    }

    pub fn text(address: SocketAddr) -> String {
        let answer = ask(address, "GET", "/metrics");
        assert_eq!((answer.status, answer.header("Content-Type")), (200, Some(CONTENT_TYPE)));
        answer.text().to_owned()
    }

    pub fn parse(text: &str) -> Page {
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

    /// Asserts the rules for every page.
    pub fn check(&self) {
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

    /// The value of the sample with exactly these labels; 0 if there is none, which means that nothing was counted.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| self.0.get(name.strip_suffix(suffix)?));
        let Some(family) = self.0.get(name).or(family) else { return 0.0 };
        let labels: Labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        family.samples.iter().find(|(of, found, _)| of == name && *found == labels).map_or(0.0, |(.., value)| *value)
    }
}

impl Family {
    pub fn check_histogram(&self, name: &str) {
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
            // The average lies between the limits that the buckets allow.
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

/// Waits until a first start has filled the database and looked for old changes.
pub fn wait_for_start(address: SocketAddr) {
    Page::when(address, "the first two operations", |page| page.value(OPERATIONS, &[]) >= 2.0);
}
