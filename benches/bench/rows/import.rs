//! The row about imports.

use super::run::Bench;
use crate::data::Data;
use crate::import::{People, require_same_rows};
use crate::process::{Folder, run};
use crate::report::Target::{AtLeast, AtMost};
use crate::report::{Spread, Unit, thousands};
use std::time::Duration;

/// Most rounds of an import: each takes a minute.
const IMPORT_ROUNDS_MAX: usize = 2;

pub(super) fn import(bench: &mut Bench) {
    let empty = Data::empty();
    require_same_rows(&empty);
    let people = People { count: bench.options.users };
    let folder = Folder::new();
    let file = folder.file("users.csv");
    people.write_csv(&file);
    let (mut ratios, mut rates, mut peaks) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..bench.options.rounds.min(IMPORT_ROUNDS_MAX) {
        let (mut ours, mut theirs) = (Duration::ZERO, Duration::ZERO);
        // The order is reversed in each round.
        for turn in [round % 2 == 0, round % 2 == 1] {
            let copy = empty.copy();
            if turn {
                let peak;
                (ours, peak) = run(&["import".as_ref(), file.as_os_str(), "--db".as_ref(), copy.database().as_ref()]);
                peaks.push(peak);
            } else {
                theirs = people.insert(&copy.database());
            }
        }
        let rate = |time: Duration| people.count as f64 / time.as_secs_f64();
        ratios.push(rate(ours) / rate(theirs));
        rates.push((rate(ours), rate(theirs)));
    }
    let count = thousands(people.count as f64);
    let figures = format!(
        "{} : {} users /s; {} round{}",
        thousands(Spread::of(rates.iter().map(|(ours, _)| *ours)).median),
        thousands(Spread::of(rates.iter().map(|(_, theirs)| *theirs)).median),
        rates.len(),
        if rates.len() == 1 { "" } else { "s" }
    );
    let what = format!("import a CSV of {count} users in two groups each, of (f)");
    bench.line(&what, Spread::of(ratios), Unit::Ratio, AtLeast(0.6), figures);
    bench.line("peak memory of that command", Spread::of(peaks), Unit::MiB, AtMost(128.0), String::new());
}
