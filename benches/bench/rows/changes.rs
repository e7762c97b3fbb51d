//! Rows about lists that are read while another client changes the directory, and about pages that nothing is kept for.

use super::run::{Bench, CHANGES_PER_SECOND, absolute_figures, users};
use crate::data::Data;
use crate::lists::{PAGE_ENTRIES, list_length};
use crate::load::{Changer, Load, Measured, Paced, RequestFactory};
use crate::people::{BROAD_PREFIX, FIRST_NAMES, MIDDLE_GROUP};
use crate::process::{Folder, Process};
use crate::report::Target::{AtLeast, AtMost};
use crate::report::{Spread, Unit};
use crate::requests::{self, Credentials, repeat};
use std::sync::Arc;
use std::time::Instant;

/// Connections that read.
const CONNECTIONS: usize = 8;
/// Look-ups before a page that nothing is kept for.
const LOOK_UPS_BEFORE: u64 = 50;

/// Changes: their name, whether a list of all users and of a group stays as it is, and their requests.
type Changes = (&'static str, bool, fn(&Data) -> RequestFactory);

const CHANGES: [Changes; 3] = [
    ("display names", true, |data| requests::display_name(data.population())),
    ("memberships", true, |data| requests::membership(data.population())),
    ("users of the list", false, |_| requests::listed_user()),
];

/// Lists by their names, and their paths before the number of the page.
fn lists() -> [(String, String); 3] {
    [
        (format!("search for a broad prefix ({BROAD_PREFIX})"), format!("user/search?q={BROAD_PREFIX}")),
        ("search for all users".to_owned(), "user/search?q=*".to_owned()),
        ("@users of a group of 2,000".to_owned(), format!("group/{MIDDLE_GROUP}/@users?q=")),
    ]
    .map(|(name, path)| (name, format!("/nuxeo/api/v1/{path}&pageSize={PAGE_ENTRIES}&currentPageIndex=")))
}

pub(super) fn lists_during_changes(bench: &mut Bench) {
    for data in [bench.small(), bench.middle(), bench.large()] {
        let process = Process::rollbook(data.copy());
        for (list, path) in lists() {
            let pages = (list_length(process.address, &path) / PAGE_ENTRIES).max(1);
            during_changes(bench, &data, &process, &format!("pages of a {list}"), &requests::pages(&path, pages));
        }
        let names = FIRST_NAMES.map(str::to_owned).into();
        let words = requests::words(names, data.population(), &Credentials::session(process.address));
        during_changes(bench, &data, &process, "pages of a search by words", &words);
        drop(process);
        pages_without_cache(bench, &data);
    }
}

/// Measures pages without changes and with each kind of changes, in turns.
fn during_changes(bench: &mut Bench, data: &Data, process: &Process, list: &str, ask: &RequestFactory) {
    let mut load = Load::connect(process.address, CONNECTIONS, ask);
    let mut changers = CHANGES.map(|(_, _, changes)| Changer::connect(process.address, &changes(data)));
    let measured: [Vec<Measured>; CHANGES.len() + 1] = bench.take_turns(1, |at, length| match changers.get_mut(at) {
        Some(changer) => load.run_during(|| changer.run(length, CHANGES_PER_SECOND)),
        None => load.run(length),
    });
    let [during @ .., alone] = &measured;
    for ((what, stays, _), during) in CHANGES.iter().zip(during) {
        let line = format!(
            "{list}, {}, {CONNECTIONS} connections, during {CHANGES_PER_SECOND} changes a second of {what}, of the same \
             without",
            users(data)
        );
        bench.ratio(&line, AtLeast(if *stays { 0.8 } else { 0.5 }), during, alone);
    }
    let worst = |round: usize| during.iter().map(|during| during[round].p99 / alone[round].p99).fold(0.0, f64::max);
    let value = Spread::of((0..alone.len()).map(worst));
    let line = format!("p99 of {list}, {}, during the worst of these changes, of the same without", users(data));
    bench.line(&line, value, Unit::Ratio, AtMost(3.0), absolute_figures(&during[0], alone));
}

/// Measures the first page of each list after a start, against a look-up and against plain SQL.
fn pages_without_cache(bench: &mut Bench, data: &Data) {
    let (mut ours, mut theirs) = (data.copy(), data.copy());
    for (list, path) in lists().into_iter().take(2) {
        let ask = repeat(&format!("{path}0"), &Credentials::Basic);
        let (mut costs, mut faster, mut times) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..bench.options.rounds {
            let (page, look_up);
            ((page, look_up), ours) = first_page(Process::rollbook(ours), data, &ask);
            let plain;
            ((plain, _), theirs) = first_page(Process::bound("look-up", theirs), data, &ask);
            costs.push(page / look_up);
            faster.push(plain / page);
            times.push((page, look_up, plain));
        }
        let middle = |of: fn(&(f64, f64, f64)) -> f64| Spread::of(times.iter().map(of)).median;
        let figures =
            format!("{:.0} : {:.0} µs; plain SQL {:.0} µs", middle(|at| at.0), middle(|at| at.1), middle(|at| at.2));
        let what = format!("first page of a {list} after a start, {}", users(data));
        bench.line(&format!("{what}, of a look-up"), Spread::of(costs), Unit::Ratio, AtMost(4.0), figures.clone());
        let line = format!("{what}, speed of that of plain SQL with the indexes in a bare loop");
        bench.line(&line, Spread::of(faster), Unit::Ratio, AtLeast(1.0), figures);
    }
}

/// The microseconds of a first page and of a look-up before it, on one connection.
fn first_page(process: Process, data: &Data, page: &RequestFactory) -> ((f64, f64), Folder) {
    let (look_up, page) = (requests::nuxeo_user(data.population(), Credentials::Basic), Arc::clone(page));
    let ask: RequestFactory = Arc::new(move |connection, number, out| {
        let factory = if number < LOOK_UPS_BEFORE { &look_up } else { &page };
        factory(connection, number, out)
    });
    let mut client = Paced::connect(process.address, 0, &ask);
    let times = (0..LOOK_UPS_BEFORE).map(|_| {
        let time = client.request_at(Instant::now()).unwrap_or_else(|error| panic!("{error}"));
        time.as_secs_f64() * 1e6
    });
    let mut times: Vec<f64> = times.collect();
    let page = times.pop().unwrap_or_default();
    ((page, Spread::of(times).median), process.stop())
}
