//! The rows of the results: each compares the product with a baseline.

mod against;
mod changes;
mod import;
mod large;
mod requests;
mod resources;
mod run;
mod search;
mod writes;

use crate::Options;
use crate::report::Line;
use run::Bench;

/// A row: its name and how it is measured.
type Row = (&'static str, fn(&mut Bench));

const ROWS: [Row; 23] = [
    ("P1", requests::fixed_answer),
    ("P2", requests::look_ups_one_connection),
    ("P3", requests::look_ups_many_connections),
    ("P4", writes::creates_many_clients),
    ("P5", writes::creates_one_client),
    ("P6", writes::memberships),
    ("P7", large::whole_list),
    ("P8", large::pages),
    ("P9", large::cost_against_size),
    ("P10", requests::basic_against_keys),
    ("P11", large::start_against_size),
    ("P12", resources::memory),
    ("P13", resources::binary),
    ("P14", requests::search_page),
    ("P15", requests::look_up_against_tiny),
    ("P16", resources::start),
    ("P17", writes::creates_during_many_names),
    ("P18", import::import),
    ("P19", requests::through_tls),
    ("P20", changes::lists_during_changes),
    ("P21", search::pages_by_words),
    ("P22", search::latency_by_words),
    ("P23", search::index_bytes),
];

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
        if bench.options.rows.is_empty() || bench.options.rows.iter().any(|row| row == name) {
            bench.row = name;
            row(&mut bench);
        }
    }
    bench.lines
}
