//! The state of a run, and the helpers that rows share.

use crate::Options;
use crate::data::Data;
use crate::load::{Load, Measured};
use crate::people::Size;
use crate::report::{Line, Spread, Target, Unit, thousands};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

/// Connections of the rows with many clients.
pub(super) const MANY_CONNECTIONS: usize = 64;

/// The state of a run.
pub(super) struct Bench {
    pub(super) options: Options,
    /// Created once, copied for each server.
    data: HashMap<Size, Rc<Data>>,
    pub(super) row: &'static str,
    pub(super) lines: Vec<Line>,
}

impl Bench {
    pub(super) fn new(options: Options) -> Bench {
        Bench { options, data: HashMap::new(), row: "", lines: Vec::new() }
    }

    pub(super) fn users(&mut self, full: u64, quick: u64, groups_each: u64) -> Rc<Data> {
        let users = if self.options.quick { quick } else { full };
        let size = Size { users, groups_each };
        Rc::clone(self.data.entry(size).or_insert_with(|| Rc::new(Data::new(size))))
    }

    /// 10,000 users.
    pub(super) fn small(&mut self) -> Rc<Data> {
        self.users(10_000, 500, 5)
    }

    /// 100,000 users.
    pub(super) fn middle(&mut self) -> Rc<Data> {
        self.users(100_000, 1_000, 5)
    }

    /// 1,000,000 users by default, in five groups each on average.
    pub(super) fn large(&mut self) -> Rc<Data> {
        self.users(self.options.users, self.options.users, 10)
    }

    pub(super) fn scaled(&self, full: usize, quick: usize) -> usize {
        if self.options.quick { quick } else { full }
    }

    /// Length of a round.
    pub(super) fn length(&self) -> Duration {
        Duration::from_millis(if self.options.quick { 30 } else { 500 })
    }

    /// Warms the loads up, and then measures them alternately.
    pub(super) fn alternate<const N: usize>(&self, loads: [&mut Load; N]) -> [Vec<Measured>; N] {
        let mut loads = loads;
        for load in &mut loads {
            load.run(self.length() / 2);
        }
        // With one request in flight the rate depends on whether the kernel has put both sides on one core or on
        // two, which it decides for each stretch: the median then needs more of them.
        let parts = if loads.iter().all(|load| load.connections() == 1) { 3 } else { 1 };
        let parts = u32::try_from(self.scaled(parts, 1)).unwrap_or(1);
        let mut measured = [const { Vec::new() }; N];
        for round in 0..self.options.rounds * parts as usize {
            for turn in 0..N {
                // The order is reversed in each round.
                let at = if round % 2 == 0 { turn } else { N - 1 - turn };
                measured[at].push(loads[at].run(self.length() / parts));
            }
        }
        measured
    }

    /// Adds the ratio of the product's rate to the rate of the baseline.
    pub(super) fn ratio(&mut self, what: &str, target: Target, ours: &[Measured], theirs: &[Measured]) {
        let value = Spread::of(ours.iter().zip(theirs).map(|(ours, theirs)| ours.rate / theirs.rate));
        // On a machine that does other things too, the best rounds are the least disturbed ones.
        let best = |of: &[Measured]| of.iter().map(|round| round.rate).fold(0.0, f64::max);
        let figures = format!("best rounds {:.2}×; {}", best(ours) / best(theirs), absolute_figures(ours, theirs));
        self.line(what, value, Unit::Ratio, target, figures);
    }

    pub(super) fn line(&mut self, what: &str, value: Spread, unit: Unit, target: Target, figures: String) {
        let line = Line { row: self.row, description: what.to_owned(), value, unit, target, figures };
        line.print();
        self.lines.push(line);
    }
}

pub(super) fn median(of: &[Measured], field: impl Fn(&Measured) -> f64) -> f64 {
    Spread::of(of.iter().map(field)).median
}

pub(super) fn absolute_figures(ours: &[Measured], theirs: &[Measured]) -> String {
    let rate = |of| thousands(median(of, |round| round.rate));
    let micros = |of, field: fn(&Measured) -> f64| thousands(median(of, field));
    let fewest = ours.iter().map(|round| round.fewest).min().unwrap_or(0);
    let most = ours.iter().map(|round| round.most).max().unwrap_or(0);
    format!(
        "{} : {} /s; p50 {} : {} µs, p99 {} : {} µs; {fewest} to {most} answers a connection and round",
        rate(ours),
        rate(theirs),
        micros(ours, |round| round.p50),
        micros(theirs, |round| round.p50),
        micros(ours, |round| round.p99),
        micros(theirs, |round| round.p99),
    )
}

pub(super) fn users(data: &Data) -> String {
    format!("{} users", thousands(data.users as f64))
}

pub(super) fn connections(count: usize) -> String {
    if count == 1 { "1 connection".to_owned() } else { format!("{count} connections") }
}
