//! The row about a directory that is ten times as large.

use super::look_ups::look_ups_of_scripts;
use super::run::{Bench, MANY_CONNECTIONS, absolute_figures, changer, ratios, users};
use crate::data::Data;
use crate::lists::{PAGE_ENTRIES, list_length, long_lists};
use crate::load::{Load, RequestFactory};
use crate::people::{FIRST_NAMES, Population, Size};
use crate::process::Process;
use crate::report::Target::AtMost;
use crate::report::{Spread, Unit, thousands};
use crate::requests::{self, Credentials};

/// The size of the directory against that of the large one.
const TIMES: u64 = 10;

pub(super) fn ten_times_as_large(bench: &mut Bench) {
    let large = bench.large();
    let times = if bench.options.quick { 2 } else { TIMES };
    let huge = Data::new(Size { users: large.users * times, groups_each: 10 });
    let size = format!("{}, {} memberships", users(&huge), thousands(huge.memberships as f64));
    let (at_large, population) = (Process::rollbook(large.copy()), huge.population());
    let at_huge = Process::rollbook(huge.into_folder());
    let against = format!("{size}, against {}", users(&large));
    let sides = [(&at_huge, population), (&at_large, large.population())];
    let mut changes = changer(&at_huge, population);
    for index in 0..5 {
        let [(what, ask_huge), (_, ask_large)] = sides.map(|(process, population)| work(process, population, index));
        let connections = if index == 4 { 1 } else { MANY_CONNECTIONS };
        let load = |process: &Process, ask| Load::connect(process.address, connections, ask);
        let (mut huge_load, mut large_load) = (load(&at_huge, &ask_huge), load(&at_large, &ask_large));
        let reads = bench.alternate_reads(&mut huge_load, &mut changes, [&mut large_load]);
        let figures = absolute_figures(&reads.alone, &reads.theirs[0]);
        let values = (ratios(&reads.theirs[0], &reads.alone), Some(ratios(&reads.theirs[0], &reads.during)));
        bench.read_line(&format!("cost of {what}, {against}"), values, Unit::Ratio, AtMost(1.5), figures);
    }
    let memory = format!("{:.1} MiB with {}", at_large.memory(), users(&large));
    bench.line(&format!("memory after that, {size}"), Spread::of([at_huge.memory()]), Unit::MiB, AtMost(48.0), memory);
    let (mut huge, mut large) = (at_huge.stop(), at_large.stop());
    let (mut starts, mut times) = (Vec::new(), Vec::new());
    for round in 0..=bench.options.rounds {
        let (at_huge, at_large) = (Process::rollbook(huge), Process::rollbook(large));
        let milliseconds = [&at_huge, &at_large].map(|process| process.started_in.as_secs_f64() * 1000.0);
        if round > 0 {
            starts.push(milliseconds[0] / milliseconds[1]);
            times.push(milliseconds[0]);
        }
        (huge, large) = (at_huge.stop(), at_large.stop());
    }
    let size = std::fs::metadata(huge.database()).map_or(0, |file| file.len()) as f64 / 1024.0 / 1024.0;
    let figures = format!("{:.1} ms; {} MiB", Spread::of(times).median, thousands(size));
    bench.line(&format!("start to first answer, {against}"), Spread::of(starts), Unit::Ratio, AtMost(2.0), figures);
}

/// A kind of requests to that server.
fn work(process: &Process, population: Population, index: usize) -> (String, RequestFactory) {
    let [datadog, nuxeo] = look_ups_of_scripts(process, population);
    let page = || {
        let [_, (_, path), _] = long_lists();
        let pages = list_length(process.address, &path) / PAGE_ENTRIES;
        requests::pages(&path, pages.max(1))
    };
    let words = || {
        let names = FIRST_NAMES.map(str::to_owned).into();
        requests::words(names, population, &Credentials::session(process.address))
    };
    match index {
        0 => (datadog.0.to_owned(), datadog.1),
        1 => (nuxeo.0.to_owned(), nuxeo.1),
        2 => ("create".to_owned(), requests::create()),
        3 => ("a random page of 50 of all users".to_owned(), page()),
        _ => ("a search by words, 1 connection".to_owned(), words()),
    }
}
