//! The rows of the results: each compares the product with a baseline.

mod against;
mod changes;
mod feed;
mod huge;
mod import;
mod large;
mod look_ups;
mod requests;
mod resources;
mod run;
mod scim;
mod search;
mod writes;

use crate::Options;
use crate::report::Line;
use run::Bench;

/// A row: its name and how it is measured.
type Row = (&'static str, fn(&mut Bench));

const ROWS: [Row; 32] = [
    ("S1", look_ups::against_bare_loop),
    ("S2", look_ups::against_tiny),
    ("S3", look_ups::in_large_directory),
    ("S4", large::writes_in_large_directory),
    ("S5", writes::creates_one_client),
    ("S6", large::whole_list),
    ("S7", import::import),
    ("S8", search::by_words),
    ("S9", resources::binary),
    ("S10", feed::changes_feed),
    ("S11", huge::ten_times_as_large),
    ("S12", changes::lists_during_changes),
    ("C1", scim::get_by_id),
    ("C2", scim::filter_by_name),
    ("C3", scim::creates),
    ("C4", scim::members_of_large_group),
    ("C5", scim::pages),
    ("C6", scim::memory),
    ("P1", requests::fixed_answer),
    ("P2", look_ups::one_connection),
    ("P3", look_ups::many_connections),
    ("P4", writes::creates_many_clients),
    ("P6", writes::memberships),
    ("P8", large::pages),
    ("P10", requests::basic_against_keys),
    ("P11", large::start_against_size),
    ("P12", resources::memory),
    ("P14", requests::search_page),
    ("P16", resources::start),
    ("P17", writes::creates_during_many_names),
    ("P19", requests::through_tls),
    ("P24", resources::first_start),
];

/// Names of all rows, in the order of the table.
pub const NAMES: [&str; ROWS.len()] = {
    let mut names = [""; ROWS.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = ROWS[at].0;
        at += 1;
    }
    names
};

/// A row that is measured only when it is asked for, because it takes an hour and tens of gigabytes.
const LONG: &str = "S11";

/// Measures the rows that are asked for.
pub fn measure(options: Options) -> Vec<Line> {
    let unknown = options.rows.iter().find(|name| ROWS.iter().all(|(row, _)| row != name));
    assert!(unknown.is_none(), "there is no row {unknown:?}");
    let against = options.against.clone();
    let mut bench = Bench::new(options);
    if let Some(program) = against {
        against::earlier_build(&mut bench, &program);
        return bench.lines;
    }
    for (name, row) in ROWS {
        let is_asked = bench.options.rows.iter().any(|row| row == name);
        let is_usual = bench.options.rows.is_empty() && (name != LONG || bench.options.quick);
        if is_asked || is_usual {
            bench.row = name;
            row(&mut bench);
        }
    }
    bench.lines
}
