//! The bench: the product against the least that such a server has to do, round by round in one run.
//!
//! `cargo bench` measures every row, `cargo bench -- --row P4` one of them, `cargo bench -- --quick` shows in seconds
//! that all of it works. Nothing here fails because something is slow. `--write` puts the table into
//! `benches/RESULTS.md`.

mod bounds;
mod data;
mod import;
mod load;
mod many_names;
mod plain;
mod process;
mod report;
mod requests;
mod rows;
mod secured;

use std::time::Instant;

const USAGE: &str = "usage: cargo bench -- [--row P1]… [--users 1000000] [--rounds 7] [--quick] [--write]";

/// What to measure, and how.
pub struct Options {
    /// Rows; none for all.
    rows: Vec<String>,
    /// Users in the large directory.
    users: u64,
    /// Rounds of each row.
    rounds: usize,
    /// Small and short, for a look at whether it works.
    quick: bool,
    /// Whether to write the table.
    write: bool,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [role, name, database] = words.as_slice()
        && role == "--role"
    {
        return bounds::run(name, database.as_ref());
    }
    let options = options(&words).unwrap_or_else(|why| {
        eprintln!("{why}\n{USAGE}");
        std::process::exit(2);
    });
    process::Folder::clean_up();
    raise_descriptor_limit();
    println!("{}\n", report::machine());
    if options.quick {
        println!("quick: this shows that all of it works, the figures say nothing\n");
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
    let mut options = Options { rows: Vec::new(), users: 1_000_000, rounds: 7, quick: false, write: false };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} wants a value"));
        match word.as_str() {
            "--row" => options.rows.extend(value()?.to_uppercase().split(',').map(str::to_owned)),
            "--users" => options.users = value()?.parse().map_err(|error| format!("--users: {error}"))?,
            "--rounds" => options.rounds = value()?.parse().map_err(|error| format!("--rounds: {error}"))?,
            "--quick" => (options.quick, options.users, options.rounds) = (true, 2_000, 1),
            "--write" => options.write = true,
            // What cargo itself hands over.
            "--bench" => {}
            other => return Err(format!("what is {other}?")),
        }
    }
    if options.rounds == 0 || options.users < 1000 {
        return Err("at least one round and 1000 users".to_owned());
    }
    if options.write && (options.quick || !options.rows.is_empty()) {
        return Err("--write is for the whole table".to_owned());
    }
    Ok(options)
}

/// Thousands of connections need as many descriptors; servers inherit the limit.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit);
}
