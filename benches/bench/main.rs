//! The bench: compares the product with minimal baselines, in interleaved rounds of one run.
//!
//! `cargo bench` measures every row, `cargo bench -- --row P4` one of them, and `cargo bench -- --quick` checks in
//! seconds that all rows work. The bench never fails because of a slow result. `--write` puts the table into
//! `benches/RESULTS.md`. `--against PROGRAM` compares the product with an earlier build of it instead.

mod bounds;
mod data;
mod import;
mod load;
mod many_names;
mod nginx;
mod people;
mod plain;
mod process;
mod report;
mod requests;
mod rows;
mod tls;

use std::path::PathBuf;
use std::time::Instant;

const USAGE: &str = "usage: cargo bench -- [--row P1]… [--users 1000000] [--rounds 7] [--quick] [--write] \
                     [--against PROGRAM]";

/// Options of a run.
pub struct Options {
    /// Names of rows; empty for all.
    rows: Vec<String>,
    /// Users in the large directory.
    users: u64,
    /// Rounds of each row.
    rounds: usize,
    /// Small directories and short rounds, to check that all rows work.
    quick: bool,
    /// Write the table to `benches/RESULTS.md`.
    write: bool,
    /// An earlier build of the product to compare with, in place of all rows.
    against: Option<PathBuf>,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [role, name, database] = words.as_slice()
        && role == "--role"
    {
        return bounds::run(name, database.as_ref());
    }
    let options = options(&words).unwrap_or_else(|error| {
        eprintln!("{error}\n{USAGE}");
        std::process::exit(2);
    });
    process::Folder::clean_up();
    raise_descriptor_limit();
    println!("{}\n", report::machine());
    if options.quick {
        println!("quick: a check that all rows work; the figures have no meaning\n");
    }
    let start = Instant::now();
    let (write, rounds) = (options.write, options.rounds);
    let lines = rows::measure(options);
    let minutes = start.elapsed().as_secs_f64() / 60.0;
    println!("\n{minutes:.1} minutes");
    if write {
        report::write(&lines, rounds, minutes).expect("the table can be written");
    }
}

fn options(words: &[String]) -> Result<Options, String> {
    let mut options =
        Options { rows: Vec::new(), users: 1_000_000, rounds: 7, quick: false, write: false, against: None };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--row" => options.rows.extend(value()?.to_uppercase().split(',').map(str::to_owned)),
            "--users" => options.users = value()?.parse().map_err(|error| format!("--users: {error}"))?,
            "--rounds" => options.rounds = value()?.parse().map_err(|error| format!("--rounds: {error}"))?,
            "--quick" => (options.quick, options.users, options.rounds) = (true, 2_000, 1),
            "--write" => options.write = true,
            "--against" => options.against = Some(value()?.into()),
            // An argument that cargo adds.
            "--bench" => {}
            other => return Err(format!("unknown argument {other}")),
        }
    }
    if options.rounds == 0 || options.users < 1000 {
        return Err("at least one round and 1000 users are needed".to_owned());
    }
    if options.write && (options.quick || !options.rows.is_empty() || options.against.is_some()) {
        return Err("--write needs all rows, without --quick".to_owned());
    }
    Ok(options)
}

/// Each connection needs a descriptor. Child processes inherit the limit.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit);
}
