//! The bench: compares the product with minimal baselines, in interleaved rounds of one run.
//!
//! `cargo bench` measures every row, `cargo bench -- --row P4` one of them, and `cargo bench -- --quick` checks in
//! seconds that all rows work. The bench never fails because of a slow result. `--write` puts the table into
//! `benches/RESULTS.md`. `--against PROGRAM` compares the product with an earlier build of it instead. `--soak MINUTES`
//! sends a mixed load for that long, and writes a plot.

mod bounds;
mod data;
mod feed;
mod import;
mod lists;
mod load;
mod many_names;
mod nginx;
mod people;
mod plain;
mod process;
mod report;
mod requests;
mod results;
mod rows;
mod scim_requests;
mod soak;
mod tls;

use soak::{Outcome, Pace, Soak};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const USAGE: &str = "usage: cargo bench -- [--row P1]… [--users 1000000] [--rounds 7] [--quick] [--write] \
                     [--against PROGRAM] [--soak [60]] [--rate 2000] [--plot FILE]";

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
    /// Minutes of a soak, in place of all rows.
    soak: Option<f64>,
    /// Requests a second of a soak.
    rate: u32,
    /// Figures of an interrupted soak to plot, in place of all rows.
    plot: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            rows: Vec::new(),
            users: 1_000_000,
            rounds: 7,
            quick: false,
            write: false,
            against: None,
            soak: None,
            rate: soak::REQUESTS_PER_SECOND,
            plot: None,
        }
    }
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
    if let Some(file) = &options.plot {
        let error = Some("the figures are those of an interrupted run".to_owned());
        return save_soak(&options, &soak::report(file, "A soak.", error));
    }
    if options.soak.is_some() {
        return run_soak(&options);
    }
    measure_rows(options);
}

/// Measures the rows, and in a quick check of all rows also the soak.
fn measure_rows(options: Options) {
    let start = Instant::now();
    let (write, rounds) = (options.write, options.rounds);
    let quick_soak = (options.quick && options.rows.is_empty() && options.against.is_none()).then(|| Options {
        soak: Some(0.0),
        quick: true,
        users: options.users,
        ..Options::default()
    });
    let lines = rows::measure(options);
    let minutes = start.elapsed().as_secs_f64() / 60.0;
    println!("\n{minutes:.1} minutes");
    if write {
        results::write(&lines, &results::Run { rounds, minutes }, &rows::NAMES).expect("the table can be written");
    }
    quick_soak.iter().for_each(run_soak);
}

/// Runs a soak. Exits with an error if a request failed.
fn run_soak(options: &Options) {
    let length = Duration::from_secs_f64(options.soak.unwrap_or_default() * 60.0);
    let soak = if options.quick {
        Soak { length: Duration::from_secs(4), users: options.users, requests_per_second: 200, pace: Pace::QUICK }
    } else {
        Soak { length, users: options.users, requests_per_second: options.rate, pace: Pace::FULL }
    };
    let outcome = soak::run(&soak, &Path::new(env!("CARGO_TARGET_TMPDIR")).join("soak.csv"));
    save_soak(options, &outcome);
    if !outcome.is_sound {
        std::process::exit(1);
    }
}

/// Prints the result of a soak, and writes its plot, into `benches` unless it was a check.
fn save_soak(options: &Options, outcome: &Outcome) {
    println!("\n{}", outcome.text);
    let folder =
        if options.quick { env!("CARGO_TARGET_TMPDIR") } else { concat!(env!("CARGO_MANIFEST_DIR"), "/benches") };
    let file = Path::new(folder).join("soak.svg");
    std::fs::write(&file, &outcome.plot).expect("the plot can be written");
    println!("the plot is {}", file.display());
    if options.write {
        let text = format!("On {}.\n\n{}\n![Plot](soak.svg)\n", report::machine(), outcome.text);
        results::write_section("Soak", &text).expect("the section can be written");
    }
}

fn options(words: &[String]) -> Result<Options, String> {
    let mut options = Options::default();
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--row" => options.rows.extend(value()?.to_uppercase().split(',').map(str::to_owned)),
            "--users" => options.users = value()?.parse().map_err(|error| format!("--users: {error}"))?,
            "--rounds" => options.rounds = value()?.parse().map_err(|error| format!("--rounds: {error}"))?,
            "--rate" => options.rate = value()?.parse().map_err(|error| format!("--rate: {error}"))?,
            "--quick" => (options.quick, options.users, options.rounds) = (true, 2_000, 1),
            "--write" => options.write = true,
            "--against" => options.against = Some(value()?.into()),
            "--plot" => options.plot = Some(value()?.into()),
            "--soak" => {
                let minutes = words.peek().and_then(|word| word.parse().ok());
                if minutes.is_some() {
                    words.next();
                }
                options.soak = Some(minutes.unwrap_or(60.0));
            }
            // An argument that cargo adds.
            "--bench" => {}
            other => return Err(format!("unknown argument {other}")),
        }
    }
    if options.rounds == 0 || options.users < 1000 || options.rate == 0 {
        return Err("at least one round, 1000 users and one request a second are needed".to_owned());
    }
    if options.soak.is_some_and(|minutes| minutes <= 0.0) {
        return Err("--soak needs a number of minutes".to_owned());
    }
    if options.write && (options.quick || options.against.is_some() || options.plot.is_some()) {
        return Err("--write needs measured figures".to_owned());
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
