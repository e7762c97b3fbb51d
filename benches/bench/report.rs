//! The results: values with their spread and their target, and lines on the terminal.

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
    /// The same value while another client changes the directory.
    pub during: Option<Spread>,
    pub unit: Unit,
    pub target: Target,
    /// Absolute figures, for orientation.
    pub figures: String,
}

impl Line {
    pub fn print(&self) {
        let [value, spread, during, target, met] = self.cells();
        let during = if during.is_empty() { during } else { format!("during changes {during}; ") };
        println!(
            "{:<4}  {:<88} {value:>10} ({spread})  {target:<10} {met:<6}  {during}{}",
            self.row, self.description, self.figures
        );
    }

    /// Value, spread, value and spread during changes, target, and `met` or `missed`.
    pub fn cells(&self) -> [String; 5] {
        let Line { value, unit, target, .. } = self;
        let spread = |of: &Spread| format!("{}–{}", unit.show(of.least), unit.show(of.most));
        let shown_value = |of: &Spread| format!("{}{}", unit.show(of.median), unit.word());
        let during = self.during.map_or(String::new(), |of| format!("{} ({})", shown_value(&of), spread(&of)));
        let shown = match target {
            Target::AtLeast(least) => format!("≥ {least}{}", unit.word()),
            Target::AtMost(most) => format!("≤ {most}{}", unit.word()),
        };
        let met = if target.met(value.median) { "met" } else { "missed" };
        [shown_value(value), spread(value), during, shown, met.to_owned()]
    }
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
