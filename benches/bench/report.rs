//! The results: lines on the terminal, and the table of `RESULTS.md`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Median, minimum and maximum of a value over the rounds.
#[derive(Clone, Copy)]
pub struct Spread {
    pub median: f64,
    least: f64,
    most: f64,
}

impl Spread {
    pub fn of(values: impl IntoIterator<Item = f64>) -> Spread {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_unstable_by(f64::total_cmp);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 };
        Spread { median, least: values[0], most: values[values.len() - 1] }
    }
}

/// The unit of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Ratio,
    MiB,
    KiB,
    Milliseconds,
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Unit::Ratio if value >= 10.0 => format!("{value:.0}"),
            Unit::Ratio if value < 0.1 => format!("{value:.3}"),
            Unit::Ratio => format!("{value:.2}"),
            Unit::MiB | Unit::KiB | Unit::Milliseconds => format!("{value:.1}"),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Unit::Ratio => "×",
            Unit::MiB => " MiB",
            Unit::KiB => " KiB",
            Unit::Milliseconds => " ms",
        }
    }
}

/// The target of a value.
#[derive(Clone, Copy)]
pub enum Target {
    AtLeast(f64),
    AtMost(f64),
}

impl Target {
    fn met(self, value: f64) -> bool {
        match self {
            Target::AtLeast(least) => value >= least,
            Target::AtMost(most) => value <= most,
        }
    }
}

/// One measure of a row.
pub struct Line {
    pub row: &'static str,
    pub description: String,
    pub value: Spread,
    pub unit: Unit,
    pub target: Target,
    /// Absolute figures, for orientation.
    pub figures: String,
}

impl Line {
    pub fn print(&self) {
        let [value, spread, target, met] = self.cells();
        println!(
            "{:<4}  {:<88} {value:>10} ({spread})  {target:<10} {met:<6}  {}",
            self.row, self.description, self.figures
        );
    }

    fn cells(&self) -> [String; 4] {
        let Line { value, unit, target, .. } = self;
        let spread = format!("{}–{}", unit.show(value.least), unit.show(value.most));
        let shown = match target {
            Target::AtLeast(least) => format!("≥ {least}{}", unit.word()),
            Target::AtMost(most) => format!("≤ {most}{}", unit.word()),
        };
        let met = if target.met(value.median) { "met" } else { "missed" };
        [format!("{}{}", unit.show(value.median), unit.word()), spread, shown, met.to_owned()]
    }
}

/// Writes `benches/RESULTS.md`.
pub fn write(lines: &[Line], rounds: usize, minutes: f64) -> std::io::Result<()> {
    let missed = lines.iter().filter(|line| !line.target.met(line.value.median)).count();
    let mut text = format!(
        "# Results of the bench\n\n\
         Written by `cargo bench -- --write`, which took {minutes:.0} minutes, on {}.\n\n\
         Each value is the median over {rounds} interleaved rounds, followed by the least and the greatest one. For a\n\
         ratio, both sides were measured in the same round. (a) is a bare blocking loop, one thread for each connection,\n\
         with a fixed answer; (b) the same with the same look-up and document; (c) `tiny_http::Server` with 4 workers,\n\
         with a fixed answer or the look-up; (d) a bare loop over the database; (e) one connection behind a mutex, one\n\
         commit for each write; (f) a bare insertion of the same rows by prepared statements, with as many users in a\n\
         commit. The last column has the absolute figures of both sides. They depend on this machine, which also ran\n\
         the load generator: compare ratios.\n\n\
         {} of {} values meet their target.\n\n\
         | row | work | value | least–greatest | target | | absolute figures |\n|---|---|---|---|---|---|---|\n",
        machine(),
        lines.len() - missed,
        lines.len(),
    );
    for line in lines {
        let [value, spread, target, met] = line.cells();
        let met = if met == "met" { met } else { format!("**{met}**") };
        let _ = writeln!(
            text,
            "| {} | {} | {value} | {spread} | {target} | {met} | {} |",
            line.row, line.description, line.figures
        );
    }
    let old = std::fs::read_to_string(file()).unwrap_or_default();
    if let Some(sections) = old.find("\n## ") {
        text += &old[sections..];
    }
    std::fs::write(file(), text)
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/RESULTS.md")
}

/// Replaces the section of `benches/RESULTS.md` with that title, or adds it at the end. Other runs keep it.
pub fn write_section(title: &str, text: &str) -> std::io::Result<()> {
    let old = std::fs::read_to_string(file())?;
    let section = format!("\n## {title}\n\n{text}");
    let start = old.find(&format!("\n## {title}\n")).unwrap_or(old.len());
    let rest = &old[start..];
    // The first section after this one.
    let end = rest.get(1..).and_then(|rest| rest.find("\n## ")).map_or(old.len(), |at| start + 1 + at);
    std::fs::write(file(), format!("{}{section}{}", &old[..start], &old[end..]))
}

/// The machine, the toolchain and the day.
pub fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let processor = read("/proc/cpuinfo");
    let processor = processor.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let processor = processor.map_or("an unknown processor", |(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = read("/proc/meminfo");
    let memory = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")).unwrap_or_default();
    let memory = memory.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0 / 1024.0;
    let kernel = read("/proc/sys/kernel/osrelease");
    let kernel = kernel.trim().split('-').next().unwrap_or_default();
    let rustc = Command::new("rustc").arg("--version").output().map(|output| output.stdout).unwrap_or_default();
    let rustc = String::from_utf8_lossy(&rustc);
    let rustc = rustc.split(" (").next().unwrap_or_default();
    let now = jiff::Timestamp::now().to_string();
    let day = now.split('T').next().unwrap_or_default();
    format!("{processor}, {cores} cores, {memory:.0} GiB, Linux {kernel}, {rustc}, {day}")
}

/// A number with thousands separators.
pub fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
