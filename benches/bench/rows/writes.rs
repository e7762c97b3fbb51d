//! Rows about writes.

use super::run::{Bench, MANY_CONNECTIONS, users};
use crate::data::Data;
use crate::load::{Load, fetch};
use crate::many_names::ManyNames;
use crate::plain::{Plain, open_to_write};
use crate::process::Process;
use crate::report::Target::{AtLeast, AtMost};
use crate::report::{Spread, Unit};
use crate::requests;
use std::time::Instant;

pub(super) fn creates_many_clients(bench: &mut Bench) {
    let data = bench.small();
    let (ours, full, normal) = writers(&data);
    let load = |process: &Process| Load::connect(process.address, MANY_CONNECTIONS, &requests::create());
    let [ours, full, normal] = bench.alternate([&mut load(&ours), &mut load(&full), &mut load(&normal)]);
    bench.ratio("durable create, 64 clients, of (e) at FULL", AtLeast(4.0), &ours, &full);
    bench.ratio("durable create, 64 clients, of (e) at NORMAL", AtLeast(1.3), &ours, &normal);
}

pub(super) fn creates_one_client(bench: &mut Bench) {
    let data = bench.small();
    let (ours, full) = (Process::rollbook(data.copy()), Process::bound("mutex-full", data.copy()));
    let indexed = Process::bound("mutex-indexed", data.copy());
    let load = |process: &Process| Load::connect(process.address, 1, &requests::create());
    let [ours, full, indexed] = bench.alternate([&mut load(&ours), &mut load(&full), &mut load(&indexed)]);
    bench.ratio("durable create, 1 client, of (e) at FULL", AtLeast(0.95), &ours, &full);
    let what = "durable create, 1 client, of (e) at FULL with an audit log and a table of trigrams for searches";
    bench.ratio(what, AtLeast(0.95), &ours, &indexed);
}

pub(super) fn memberships(bench: &mut Bench) {
    let data = bench.small();
    let (ours, full, _) = writers(&data);
    let load =
        |process: &Process| Load::connect(process.address, MANY_CONNECTIONS, &requests::membership(data.population()));
    let [ours, full] = bench.alternate([&mut load(&ours), &mut load(&full)]);
    bench.ratio("add and remove member in turns, 64 clients, of (e) at FULL", AtLeast(4.0), &ours, &full);
}

/// Longest wait of another client for a durable create while one client sends a request with many names.
pub(super) fn creates_during_many_names(bench: &mut Bench) {
    let data = bench.middle();
    let rounds = bench.options.rounds;
    for many in ManyNames::all(bench.options.quick) {
        let folder = many.prepare(data.copy());
        let bare_folder = folder.copy();
        let (process, bare) = (Process::rollbook(folder), open_to_write(&bare_folder.database(), "full"));
        let mut load = Load::connect(process.address, 1, &requests::create());
        let (mut waits, mut ratios, mut bares, mut p99) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        // The first round is the warm-up.
        for round in 0..=rounds {
            let start = Instant::now();
            many.write_bare(&Plain(&bare), round).expect("the database takes the rows");
            let bare_time = start.elapsed().as_secs_f64() * 1000.0;
            let send = |request: &[u8]| {
                fetch(process.address, request, 200).unwrap_or_else(|error| panic!("{}: {error}", many.description));
            };
            let request = many.request(round);
            let during = load.run_during(|| send(&request));
            many.undo_bare(&Plain(&bare)).expect("the database takes the rows");
            many.undo().iter().for_each(|request| send(request));
            if round > 0 {
                waits.push(during.longest / 1000.0);
                ratios.push(during.longest / 1000.0 / bare_time);
                bares.push(bare_time);
                p99.push(during.p99 / 1000.0);
            }
        }
        let (wait, bare, p99) = (Spread::of(waits), Spread::of(bares).median, Spread::of(p99).median);
        let what = format!("longest durable create of another client during {}, {}", many.description, users(&data));
        let figures = format!("{:.1} : {bare:.1} ms; p99 of the other client {p99:.1} ms", wait.median);
        if many.rows > 10_000 {
            let what = format!("{what}, of the bare transaction");
            bench.line(&what, Spread::of(ratios), Unit::Ratio, AtMost(2.0), figures);
        } else {
            bench.line(&what, wait, Unit::Milliseconds, AtMost(100.0), figures);
        }
    }
}

fn writers(data: &Data) -> (Process, Process, Process) {
    let bound = |role| Process::bound(role, data.copy());
    (Process::rollbook(data.copy()), bound("mutex-full"), bound("mutex-normal"))
}
