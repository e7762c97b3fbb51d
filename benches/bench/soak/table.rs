//! The table of a soak: the last third of each series against the first.

use super::figures::{Figures, Point};
use super::mix::KINDS;
use super::sample::{DATABASE, DESCRIPTORS, LOG, MEMORY, THREADS};
use std::fmt::Write as _;

/// A series that is steady ends at no more than this ratio to its beginning.
const RESOURCE_GROWTH_MAX: f64 = 1.1;
/// The same for latencies, which other work on the machine changes too.
const LATENCY_GROWTH_MAX: f64 = 1.5;

/// A table in Markdown, and a sentence about growth.
pub fn table(figures: &Figures) -> String {
    let mut text =
        "| | median of the first third | of the last third | ratio | greatest | |\n|---|---|---|---|---|---|\n"
            .to_owned();
    let resources = [MEMORY, LOG, DESCRIPTORS, THREADS].map(|name| (name.to_owned(), RESOURCE_GROWTH_MAX));
    let latencies = KINDS.iter().flat_map(|kind| ["p50", "p99"].map(|part| format!("{part} {} ms", kind.name())));
    let mut grown = Vec::new();
    for (name, most) in resources.into_iter().chain(latencies.map(|name| (name, LATENCY_GROWTH_MAX))) {
        let Some([first, last, greatest]) = thirds(figures.series(&name), figures.length()) else { continue };
        let is_steady = last <= first * most;
        let verdict = if is_steady { "steady" } else { "**grew**" };
        if !is_steady {
            grown.push(name.clone());
        }
        let ratio = last / first;
        let _ = writeln!(text, "| {name} | {first:.1} | {last:.1} | {ratio:.2} | {greatest:.1} | {verdict} |");
    }
    let database = figures.series(DATABASE);
    if let (Some((_, first)), Some((_, last))) = (database.first(), database.last()) {
        let _ =
            writeln!(text, "\nThe database grew from {first:.0} to {last:.0} MiB: the audit log keeps every change.");
    }
    let copies = |name: &str| {
        let times: Vec<String> = figures.series(name).iter().map(|(_, time)| format!("{time:.1}")).collect();
        times.join(", ")
    };
    let _ = writeln!(text, "Backups took {} s, exports {} s.", copies("backup s"), copies("export s"));
    let _ = match grown.as_slice() {
        [] => writeln!(text, "Nothing grew."),
        names => writeln!(text, "Grew from the first to the last third: {}.", names.join(", ")),
    };
    text
}

/// Median of the first third, median of the last third, and maximum; `None` without points in one of them.
fn thirds(points: &[Point], length: f64) -> Option<[f64; 3]> {
    let median = |keep: &dyn Fn(f64) -> bool| {
        let mut values: Vec<f64> =
            points.iter().filter(|(seconds, _)| keep(*seconds)).map(|(_, value)| *value).collect();
        values.sort_unstable_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    };
    let (first, last) = (median(&|at| at <= length / 3.0)?, median(&|at| at > length * 2.0 / 3.0)?);
    Some([first, last, points.iter().map(|(_, value)| *value).fold(0.0, f64::max)])
}
