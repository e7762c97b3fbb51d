//! Rows about large directories.

use super::run::{Bench, CHANGES_PER_SECOND, MANY_CONNECTIONS, absolute_figures, changer, median, ratios, users};
use crate::data::Data;
use crate::lists::{PAGE_ENTRIES, json, list_length, long_lists};
use crate::load::{Changer, Load, Measured, stream};
use crate::plain::{Plain, open_to_read};
use crate::process::Process;
use crate::report::Target::{AtLeast, AtMost};
use crate::report::{Spread, Unit, thousands};
use crate::requests::{self, Credentials, repeat, request};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

pub(super) fn whole_list(bench: &mut Bench) {
    let data = bench.large();
    let process = Process::rollbook(data.copy());
    let folder = data.copy();
    let connection = open_to_read(&folder.database());
    let all_users = request("GET", "/api/v1/user", &Credentials::Keys);
    let (mut listed, mut changed, mut scanned, mut memory) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut changes = None;
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
        // Changes have given some users a name, in this database only.
        assert!(
            round > 0 || bytes == r#"{"users":[]}"#.len() + bare_bytes - 1,
            "both write the same documents: {bytes} and {bare_bytes} bytes"
        );
        memory.push(process.peak() - idle);
        let changes = changes.get_or_insert_with(|| changer(&process, data.population()));
        let during = while_changing(changes, || {
            stream(process.address, &all_users, 200, |_| ()).expect("the whole list");
        });
        if round > 0 {
            listed.push(list);
            changed.push(during);
            scanned.push(scan);
        }
    }
    let ratio = |listed: &[f64]| Spread::of(listed.iter().zip(&scanned).map(|(list, scan)| scan / list));
    let values = (ratio(&listed), Some(ratio(&changed)));
    let (list, scan) = (Spread::of(listed).median, Spread::of(scanned).median);
    let what = format!("list of all {}, of a bare scan and serialise (d)", users(&data));
    bench.read_line(&what, values, Unit::Ratio, AtLeast(0.75), format!("{list:.2} : {scan:.2} s"));
    let figures = format!("{idle:.1} MiB idle");
    bench.line("peak memory during that, over idle", Spread::of(memory), Unit::MiB, AtMost(8.0), figures);
}

pub(super) fn pages(bench: &mut Bench) {
    let data = bench.large();
    let process = Process::rollbook(data.copy());
    let mut changes = changer(&process, data.population());
    for (what, path) in long_lists() {
        let total = list_length(process.address, &path);
        let last = total / PAGE_ENTRIES - 1;
        let mut loads = [0, last / 2, last].map(|page| {
            let path = format!("{path}{page}");
            let entries = json(process.address, &path, &Credentials::Basic)["currentPageSize"].as_u64();
            assert_eq!(entries, Some(PAGE_ENTRIES), "page {page} of {what} is full");
            Load::connect(process.address, 1, &repeat(&path, &Credentials::Basic))
        });
        let parts = if bench.options.quick { 1 } else { 3 };
        let [first, middle, last, changed @ ..]: [Vec<Measured>; 6] = bench.take_turns(parts, |at, length| {
            let load = &mut loads[at % 3];
            if at < 3 { load.run(length) } else { load.run_during(|| changes.run(length, CHANGES_PER_SECOND)) }
        });
        let worst = |first: &[Measured], others: [&[Measured]; 2]| {
            let ratio =
                |round: usize| others.map(|other| other[round].p50 / first[round].p50).into_iter().fold(0.0, f64::max);
            Spread::of((0..first.len()).map(ratio))
        };
        let values = (worst(&first, [&middle, &last]), Some(worst(&changed[0], [&changed[1], &changed[2]])));
        let p50 = |of| thousands(median(of, |round| round.p50));
        let figures = format!(
            "{} entries; p50 of the first, middle, last page {} : {} : {} µs",
            thousands(total as f64),
            p50(&first),
            p50(&middle),
            p50(&last)
        );
        let what = format!("{what}, {}, any page of 50 against the first", users(&data));
        bench.read_line(&what, values, Unit::Ratio, AtMost(2.0), figures);
    }
}

pub(super) fn writes_in_large_directory(bench: &mut Bench) {
    let (large, small) = (bench.large(), bench.small_with_groups());
    let (at_large, at_small) = (Process::rollbook(large.copy()), Process::rollbook(small.copy()));
    let theirs = Process::bound("mutex-full", large.copy());
    let (ask, ask_small) = (requests::membership(large.population()), requests::membership(small.population()));
    let load = |process: &Process, ask| Load::connect(process.address, MANY_CONNECTIONS, ask);
    let [in_large, in_small, bound] =
        bench.alternate([&mut load(&at_large, &ask), &mut load(&at_small, &ask_small), &mut load(&theirs, &ask)]);
    let size = format!("{}, {} memberships", users(&large), thousands(large.memberships as f64));
    let what = format!("add and remove member in turns, {size}, 64 clients, of (e) at FULL");
    bench.ratio(&what, AtLeast(4.0), &in_large, &bound);
    let cost = ratios(&in_small, &in_large);
    let what = format!("cost of add and remove member, {size}, against {}", users(&small));
    bench.line(&what, cost, Unit::Ratio, AtMost(1.3), absolute_figures(&in_large, &in_small));
    let create = requests::create();
    let [in_large, in_small] = bench.alternate([&mut load(&at_large, &create), &mut load(&at_small, &create)]);
    let what = format!("cost of create, {size}, against {}", users(&small));
    bench.line(&what, ratios(&in_small, &in_large), Unit::Ratio, AtMost(1.3), absolute_figures(&in_large, &in_small));
}

/// The seconds that the work takes while a client makes changes.
pub(super) fn while_changing(changes: &mut Changer, work: impl FnOnce()) -> f64 {
    let working = AtomicBool::new(true);
    std::thread::scope(|scope| {
        scope.spawn(|| changes.run_while(|| working.load(Ordering::Relaxed), CHANGES_PER_SECOND));
        let start = Instant::now();
        work();
        let time = start.elapsed().as_secs_f64();
        working.store(false, Ordering::Relaxed);
        time
    })
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
