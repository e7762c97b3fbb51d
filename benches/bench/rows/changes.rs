//! Rows about lists that are read while another client changes the directory.

use super::run::{Bench, users};
use crate::data::Data;
use crate::lists::{PAGE_ENTRIES, list_length, long_lists};
use crate::load::{Changer, Load, Measured, RequestFactory};
use crate::process::Process;
use crate::report::Target::AtLeast;
use crate::requests;

/// Connections that read.
const CONNECTIONS: usize = 8;
/// Changes of the other client in a second.
const CHANGES_PER_SECOND: u32 = 100;

/// Changes: their name, whether lists of all users and of a large group stay as they are, and their requests.
type Changes = (&'static str, bool, fn(&Data) -> RequestFactory);

const CHANGES: [Changes; 3] = [
    ("display names", true, |data| requests::display_name(data.population())),
    ("memberships", true, |data| requests::membership(data.population())),
    ("users of the list", false, |_| requests::listed_user()),
];

pub(super) fn lists_during_changes(bench: &mut Bench) {
    for data in [bench.small(), bench.middle(), bench.large()] {
        let process = Process::rollbook(data.copy());
        for (list, path) in long_lists() {
            let total = list_length(process.address, &path);
            let ask = requests::pages(&path, (total / PAGE_ENTRIES).max(1));
            for (what, stays, changes) in CHANGES {
                let changer = Changer::connect(process.address, &changes(&data));
                let (during, alone) = measure(bench, &process, &ask, changer);
                let line = format!(
                    "pages of a {list}, {}, {CONNECTIONS} connections, during {CHANGES_PER_SECOND} changes a second of \
                     {what}, of the same without",
                    users(&data)
                );
                bench.ratio(&line, AtLeast(if stays { 0.8 } else { 0.5 }), &during, &alone);
            }
        }
    }
}

/// Measures pages with and without changes, in turns.
fn measure(
    bench: &Bench,
    process: &Process,
    ask: &RequestFactory,
    mut changer: Changer,
) -> (Vec<Measured>, Vec<Measured>) {
    let mut load = Load::connect(process.address, CONNECTIONS, ask);
    let (mut during, mut alone) = (Vec::new(), Vec::new());
    load.run(bench.length() / 2);
    for round in 0..bench.options.rounds {
        for turn in [round % 2, 1 - round % 2] {
            if turn == 0 {
                during.push(load.run_during(|| changer.run(bench.length(), CHANGES_PER_SECOND)));
            } else {
                alone.push(load.run(bench.length()));
            }
        }
    }
    (during, alone)
}
