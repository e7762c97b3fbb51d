//! Rows about the changes feed.

use super::large::while_changing;
use super::run::{Bench, changer};
use crate::feed::{Waiters, add_changes, read, scan};
use crate::load::Paced;
use crate::plain::open_to_read;
use crate::process::Process;
use crate::report::Target::{AtLeast, AtMost};
use crate::report::{Spread, Unit, thousands};
use crate::requests;
use std::time::{Duration, Instant};

/// How long requests that wait get to arrive, as the server does not show that they have.
const ARRIVAL: Duration = Duration::from_millis(300);
/// Changes of a round that the clients wait for.
const CHANGES_OF_ROUND: usize = 5;

pub(super) fn changes_feed(bench: &mut Bench) {
    waiting_changes(bench);
    waiting_clients(bench);
}

fn waiting_changes(bench: &mut Bench) {
    let (data, count) = (bench.small(), bench.scaled(100_000, 2_000) as u64);
    let folder = data.copy();
    let since = add_changes(&folder.database(), count).expect("the database takes changes");
    let last = since + count as i64;
    let copy = folder.copy();
    let (process, bare) = (Process::rollbook(folder), open_to_read(&copy.database()));
    let mut changes = changer(&process, data.population());
    let (mut alone, mut during, mut scanned) = (Vec::new(), Vec::new(), Vec::new());
    // The first round is the warm-up.
    for round in 0..=bench.options.rounds {
        let start = Instant::now();
        let bytes = read(process.address, since, last);
        let time = start.elapsed().as_secs_f64();
        let changed = while_changing(&mut changes, || {
            read(process.address, since, last);
        });
        let start = Instant::now();
        let bare_bytes = scan(&bare, since).expect("the database answers");
        let bare_time = start.elapsed().as_secs_f64();
        assert_eq!(bytes, bare_bytes, "both write the same lines");
        if round > 0 {
            alone.push(time);
            during.push(changed);
            scanned.push(bare_time);
        }
    }
    let ratio = |times: &[f64]| Spread::of(times.iter().zip(&scanned).map(|(time, scan)| scan / time));
    let values = (ratio(&alone), Some(ratio(&during)));
    let what = format!("{} waiting changes read from the start, of a bare scan (d)", thousands(count as f64));
    let milliseconds = |times: &[f64]| Spread::of(times.iter().map(|time| time * 1000.0)).median;
    let figures = format!("{:.0} : {:.0} ms", milliseconds(&alone), milliseconds(&scanned));
    bench.read_line(&what, values, Unit::Ratio, AtLeast(0.5), figures);
}

fn waiting_clients(bench: &mut Bench) {
    let data = bench.small();
    let count = bench.scaled(1000, 50);
    let mut process = Process::rollbook(data.copy());
    let (mut many_times, mut one_times, mut ratios, mut memory) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..=bench.options.rounds {
        let mut client = Paced::connect(process.address, 0, &requests::display_name(data.population()));
        let mut one = Waiters::connect(process.address, 1);
        let one = p99((0..CHANGES_OF_ROUND * 10).flat_map(|_| seen(&mut one, &mut client, Duration::from_millis(5))));
        let idle = process.memory();
        let mut many = Waiters::connect(process.address, count);
        let mut each = 0.0;
        let many = p99((0..CHANGES_OF_ROUND).flat_map(|_| {
            many.wait_for_change();
            std::thread::sleep(ARRIVAL);
            each = (process.memory() - idle) * 1024.0 / count as f64;
            seen_by(&mut many, &mut client)
        }));
        // Memory that a round has left does not count in the next one.
        process = Process::rollbook(process.stop());
        if round > 0 {
            memory.push(each);
            many_times.push(many);
            one_times.push(one);
            ratios.push(many / one);
        }
    }
    let what = format!("memory of a client that waits for a change, {count} clients, over idle");
    bench.line(&what, Spread::of(memory), Unit::KiB, AtMost(32.0), String::new());
    let figures = format!("{:.1} : {:.1} ms", Spread::of(many_times).median, Spread::of(one_times).median);
    let what = format!("p99 of the time to see a change, {count} clients that wait, against one");
    bench.line(&what, Spread::of(ratios), Unit::Ratio, AtMost(5.0), figures);
}

/// Lets the clients wait, and makes a change. Returns the times until each has seen it.
fn seen(waiters: &mut Waiters, client: &mut Paced, arrival: Duration) -> Vec<Duration> {
    waiters.wait_for_change();
    std::thread::sleep(arrival);
    seen_by(waiters, client)
}

fn seen_by(waiters: &mut Waiters, client: &mut Paced) -> Vec<Duration> {
    let start = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| client.request_at(start).expect("the change is made"));
        waiters.receive(start)
    })
}

/// The 99th percentile in milliseconds.
fn p99(times: impl Iterator<Item = Duration>) -> f64 {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    times[(times.len() - 1) * 99 / 100].as_secs_f64() * 1000.0
}
