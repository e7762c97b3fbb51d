//! Rows about lists that are read while another client changes the directory.

use super::run::{Bench, PAGE_ENTRIES, json, users};
use crate::data::Data;
use crate::load::{Changer, Load, Measured, RequestFactory};
use crate::people::{BROAD_PREFIX, LARGE_GROUP};
use crate::process::Process;
use crate::report::Target::AtLeast;
use crate::requests::{self, Credentials};

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
        let lists = [
            ("search for all users".to_owned(), "user/search?q=*".to_owned()),
            (format!("search for a broad prefix ({BROAD_PREFIX})"), format!("user/search?q={BROAD_PREFIX}")),
            ("@users of a large group".to_owned(), format!("group/{LARGE_GROUP}/@users?q=")),
        ];
        for (list, query) in lists {
            let path = format!("/nuxeo/api/v1/{query}&pageSize={PAGE_ENTRIES}&currentPageIndex=");
            let first = json(process.address, &format!("{path}0"), &Credentials::Basic);
            let total = first["resultsCount"].as_u64().expect("a count");
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
