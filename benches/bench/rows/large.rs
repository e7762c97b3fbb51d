//! Rows about large directories.

use super::run::{Bench, MANY_CONNECTIONS, absolute_figures, median, users};
use crate::data::Data;
use crate::lists::{PAGE_ENTRIES, json, list_length, long_lists};
use crate::load::{Load, stream};
use crate::plain::{Plain, open_to_read};
use crate::process::Process;
use crate::report::Target::{AtLeast, AtMost};
use crate::report::{Spread, Unit, thousands};
use crate::requests::{self, Credentials, repeat, request};
use std::sync::Arc;
use std::time::Instant;

pub(super) fn whole_list(bench: &mut Bench) {
    let data = bench.large();
    let process = Process::rollbook(data.copy());
    let folder = data.copy();
    let connection = open_to_read(&folder.database());
    let all_users = request("GET", "/api/v1/user", &Credentials::Keys);
    let (mut listed, mut scanned, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    let idle = process.memory();
    process.reset_peak();
    // The first round is the warm-up.
    for round in 0..=bench.options.rounds.min(5) {
        let (start, mut bytes) = (Instant::now(), 0);
        stream(process.address, &all_users, 200, |chunk| bytes += chunk.len()).expect("the whole list");
        let list = start.elapsed().as_secs_f64();
        let (start, mut bare_bytes) = (Instant::now(), 0);
        let count = Plain(&connection).scan(|chunk| bare_bytes += chunk.len()).expect("the database answers");
        let scan = start.elapsed().as_secs_f64();
        assert_eq!(count, data.users + 1);
        assert_eq!(bytes, r#"{"users":[]}"#.len() + bare_bytes - 1, "both write the same documents");
        memory.push(process.peak() - idle);
        if round > 0 {
            listed.push(list);
            scanned.push(scan);
        }
    }
    let ratio = Spread::of(listed.iter().zip(&scanned).map(|(list, scan)| scan / list));
    let (list, scan) = (Spread::of(listed).median, Spread::of(scanned).median);
    let what = format!("list of all {}, of a bare scan and serialise (d)", users(&data));
    bench.line(&what, ratio, Unit::Ratio, AtLeast(0.70), format!("{list:.2} : {scan:.2} s"));
    let figures = format!("{idle:.1} MiB idle");
    bench.line("peak memory during that, over idle", Spread::of(memory), Unit::MiB, AtMost(32.0), figures);
}

pub(super) fn pages(bench: &mut Bench) {
    let data = bench.large();
    let process = Process::rollbook(data.copy());
    for (what, path) in long_lists() {
        let total = list_length(process.address, &path);
        let last = total / PAGE_ENTRIES - 1;
        let mut loads = [0, last / 2, last].map(|page| {
            let path = format!("{path}{page}");
            let entries = json(process.address, &path, &Credentials::Basic)["currentPageSize"].as_u64();
            assert_eq!(entries, Some(PAGE_ENTRIES), "page {page} of {what} is full");
            Load::connect(process.address, 1, &repeat(&path, &Credentials::Basic))
        });
        let [first, middle, last] = &mut loads;
        let measured = bench.alternate([first, middle, last]);
        let [first, middle, last] = &measured;
        let worst = (0..first.len()).map(|round| middle[round].p50.max(last[round].p50) / first[round].p50);
        let p50 = |of| thousands(median(of, |round| round.p50));
        let figures = format!(
            "{} entries; p50 of the first, middle, last page {} : {} : {} µs",
            thousands(total as f64),
            p50(first),
            p50(middle),
            p50(last)
        );
        let what = format!("{what}, {}, any page of 50 against the first", users(&data));
        bench.line(&what, Spread::of(worst), Unit::Ratio, AtMost(2.0), figures);
    }
}

pub(super) fn cost_against_size(bench: &mut Bench) {
    let (large, small) = (bench.large(), bench.users(10_000, 500, 10));
    let (at_large, at_small) = (Process::rollbook(large.copy()), Process::rollbook(small.copy()));
    let create = requests::create();
    for (what, ask_large, ask_small) in [
        ("Datadog look-up", requests::datadog_user(large.population()), requests::datadog_user(small.population())),
        (
            "Nuxeo look-up",
            requests::nuxeo_user(large.population(), Credentials::Basic),
            requests::nuxeo_user(small.population(), Credentials::Basic),
        ),
        ("create", Arc::clone(&create), create),
        ("add and remove member", requests::membership(large.population()), requests::membership(small.population())),
    ] {
        let load = |process: &Process, ask| Load::connect(process.address, MANY_CONNECTIONS, ask);
        let [in_large, in_small] =
            bench.alternate([&mut load(&at_large, &ask_large), &mut load(&at_small, &ask_small)]);
        let cost = Spread::of(in_small.iter().zip(&in_large).map(|(small, large)| small.rate / large.rate));
        let memberships = thousands(large.memberships as f64);
        let what = format!("cost of {what}, {}, {memberships} memberships against {}", users(&large), users(&small));
        bench.line(&what, cost, Unit::Ratio, AtMost(1.3), absolute_figures(&in_large, &in_small));
    }
}

pub(super) fn start_against_size(bench: &mut Bench) {
    let data = bench.large();
    let (mut large, mut empty) = (data.copy(), Data::empty().copy());
    let (mut ratios, mut times, mut read) = (Vec::new(), Vec::new(), 0.0);
    for round in 0..=bench.options.rounds {
        let (at_large, at_empty) = (Process::rollbook(large), Process::rollbook(empty));
        let milliseconds = |process: &Process| process.started_in.as_secs_f64() * 1000.0;
        if round > 0 {
            ratios.push(milliseconds(&at_large) / milliseconds(&at_empty));
            times.push((milliseconds(&at_large), milliseconds(&at_empty)));
        }
        read = at_large.read();
        (large, empty) = (at_large.stop(), at_empty.stop());
    }
    let size = std::fs::metadata(large.database()).map_or(0, |file| file.len()) as f64 / 1024.0 / 1024.0;
    let figures = format!(
        "{:.1} : {:.1} ms; {read:.2} of {} MiB read",
        Spread::of(times.iter().map(|(large, _)| *large)).median,
        Spread::of(times.iter().map(|(_, empty)| *empty)).median,
        thousands(size)
    );
    let what = format!("start to first answer, {}, against an empty directory", users(&data));
    bench.line(&what, Spread::of(ratios), Unit::Ratio, AtMost(2.0), figures);
}
