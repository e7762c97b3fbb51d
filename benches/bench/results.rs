//! The file `benches/RESULTS.md`: a table of the rows, the runs that measured them, and sections of other measurements.

use crate::report::{Line, machine};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Result;
use std::path::{Path, PathBuf};

/// Cells of a line of the table of rows.
const CELLS: usize = 9;
const RUNS_TITLE: &str = "Runs";

const INTRODUCTION: &str = "# Results of the bench

Written by `cargo bench -- --write`. With `--row`, only these rows are measured, and the others are kept; the column
\"run\" leads to the machine and the day.

Each value is the median over interleaved rounds, followed by the least and the greatest one. For a ratio, both sides
were measured in the same round. \"During changes\" is the same value while one client makes 100 changes a second, and
the baseline has no changes. (a) is a bare blocking loop, one thread for each connection, with a fixed answer; (b) the
same with the same look-up and document; (c) `tiny_http::Server` with 4 workers, with a fixed answer or the look-up;
(d) a bare loop over the database; (e) one connection behind a mutex, one commit for each write; (f) a bare insertion of
the same rows by prepared statements, with as many users in a commit. The last column has the absolute figures of both
sides. They depend on the machine, which also ran the load generator: compare ratios.
";

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/RESULTS.md")
}

/// A run: what the bench printed about it.
pub struct Run {
    pub rounds: usize,
    pub minutes: f64,
}

/// Merges the measured lines into the file: a measured row replaces its old lines. `order` has all rows there are.
pub fn write(lines: &[Line], run: &Run, order: &[&str]) -> Result<()> {
    let old = std::fs::read_to_string(file()).unwrap_or_default();
    std::fs::write(file(), merged(&old, lines, run, order))
}

/// Replaces the section of the file with that title, or adds it at the end. Other runs keep it.
pub fn write_section(title: &str, text: &str) -> Result<()> {
    let old = std::fs::read_to_string(file())?;
    let start = old.find(&format!("\n## {title}\n")).unwrap_or(old.len());
    // The first section after this one.
    let end = old[start..].get(1..).and_then(|rest| rest.find("\n## ")).map_or(old.len(), |at| start + 1 + at);
    std::fs::write(file(), format!("{}\n## {title}\n\n{text}{}", &old[..start], &old[end..]))
}

/// The cells of each line of a table.
fn cells(text: &str) -> impl Iterator<Item = Vec<String>> {
    text.lines().filter(|line| line.starts_with("| ")).map(|line| {
        let inner = line.trim_start_matches("| ").trim_end_matches('|');
        inner.split('|').map(|cell| cell.trim().to_owned()).collect()
    })
}

fn merged(old: &str, lines: &[Line], run: &Run, order: &[&str]) -> String {
    let sections = old.find("\n## ").unwrap_or(old.len());
    let (table, sections) = old.split_at(sections);
    let is_new = |row: &str| lines.iter().any(|line| line.row == row);
    let kept = cells(table).filter(|cells| cells.len() == CELLS && order.contains(&cells[0].as_str()));
    let mut rows: Vec<Vec<String>> = kept.filter(|cells| !is_new(&cells[0])).collect();
    let (runs, sections) = split_runs(sections);
    let number = runs.keys().max().map_or(1, |last| last + 1);
    rows.extend(lines.iter().map(|line| {
        let [value, spread, during, target, met] = line.cells();
        let met = if met == "met" { met } else { format!("**{met}**") };
        let figures = line.figures.clone();
        vec![
            line.row.to_owned(),
            line.description.clone(),
            value,
            spread,
            during,
            target,
            met,
            number.to_string(),
            figures,
        ]
    }));
    rows.sort_by_key(|cells| order.iter().position(|row| *row == cells[0]));
    let missed = rows.iter().filter(|cells| cells[6] != "met").count();
    let mut text = format!(
        "{INTRODUCTION}\n{} of {} values meet their target.\n\n\
         | row | work | value | least–greatest | during changes | target | | run | absolute figures |\n\
         |---|---|---|---|---|---|---|---|---|\n",
        rows.len() - missed,
        rows.len()
    );
    for cells in &rows {
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    let _ = writeln!(text, "\n## {RUNS_TITLE}\n\n| run | machine and day | rounds | minutes |\n|---|---|---|---|");
    for (number, rest) in runs {
        if rows.iter().any(|cells| cells[7] == number.to_string()) {
            let _ = writeln!(text, "| {number} | {} |", rest.join(" | "));
        }
    }
    let _ = writeln!(text, "| {number} | {} | {} | {:.0} |", machine(), run.rounds, run.minutes);
    text + &sections
}

/// The earlier runs by their numbers, and the other sections.
fn split_runs(sections: &str) -> (BTreeMap<u32, Vec<String>>, String) {
    let Some(rest) = sections.strip_prefix(&format!("\n## {RUNS_TITLE}\n")) else {
        return (BTreeMap::new(), sections.to_owned());
    };
    let (table, others) = rest.split_at(rest.find("\n## ").unwrap_or(rest.len()));
    let runs = cells(table).filter_map(|mut cells| Some((cells.remove(0).parse().ok()?, cells))).collect();
    (runs, others.to_owned())
}
