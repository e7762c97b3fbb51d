//! The state of a run, and the helpers that rows share.

use crate::Options;
use crate::data::Data;
use crate::load::{Changer, Load, Measured};
use crate::people::{Population, Size};
use crate::process::Process;
use crate::report::{Line, Spread, Target, Unit, thousands};
use crate::requests;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

/// Connections of the rows with many clients.
pub(super) const MANY_CONNECTIONS: usize = 64;
/// Changes in a second by a client that makes changes while others read.
pub(super) const CHANGES_PER_SECOND: u32 = 100;

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

    /// 10,000 users in five groups each on average, as in the large directory.
    pub(super) fn small_with_groups(&mut self) -> Rc<Data> {
        self.users(10_000, 500, 10)
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
        let parts = self.parts(loads.iter().all(|load| load.connections() == 1));
        self.take_turns(parts, |at, length| loads[at].run(length))
    }

    /// The same with the loads of the product first alone and then during changes, and with the loads of baselines.
    pub(super) fn alternate_reads<const N: usize>(
        &self,
        ours: &mut Load,
        changer: &mut Changer,
        theirs: [&mut Load; N],
    ) -> Reads<N> {
        let mut theirs = theirs;
        let parts = self.parts(ours.connections() == 1 && theirs.iter().all(|load| load.connections() == 1));
        let mut measured = self.take_turns_of(N + 2, parts, |at, length| match at {
            0 => ours.run(length),
            1 => ours.run_during(|| changer.run(length, CHANGES_PER_SECOND)),
            _ => theirs[at - 2].run(length),
        });
        let theirs = measured.split_off(2).try_into().unwrap_or_else(|_| unreachable!("as many as there are loads"));
        let during = measured.pop().unwrap_or_default();
        Reads { alone: measured.pop().unwrap_or_default(), during, theirs }
    }

    /// With one request in flight the rate depends on whether the kernel has put both sides on one core or on two,
    /// which it decides for each stretch: the median then needs more of them.
    fn parts(&self, is_single: bool) -> u32 {
        if is_single && !self.options.quick { 3 } else { 1 }
    }

    /// Measures a number of sides alternately, after a warm-up of each.
    pub(super) fn take_turns<const N: usize>(
        &self,
        parts: u32,
        measure: impl FnMut(usize, Duration) -> Measured,
    ) -> [Vec<Measured>; N] {
        let measured = self.take_turns_of(N, parts, measure);
        measured.try_into().unwrap_or_else(|_| unreachable!("as many as there are sides"))
    }

    fn take_turns_of(
        &self,
        sides: usize,
        parts: u32,
        mut measure: impl FnMut(usize, Duration) -> Measured,
    ) -> Vec<Vec<Measured>> {
        let mut measured: Vec<Vec<Measured>> = Vec::new();
        measured.resize_with(sides, Vec::new);
        for side in 0..sides {
            measure(side, self.length() / 2);
        }
        for round in 0..self.options.rounds * parts as usize {
            for turn in 0..sides {
                // The order is reversed in each round.
                let at = if round % 2 == 0 { turn } else { sides - 1 - turn };
                measured[at].push(measure(at, self.length() / parts));
            }
        }
        measured
    }

    /// Adds the ratio of the product's rate to the rate of the baseline, without and with changes.
    pub(super) fn read_ratio<const N: usize>(&mut self, what: &str, target: Target, reads: &Reads<N>, baseline: usize) {
        let theirs = &reads.theirs[baseline];
        let line =
            Line { during: Some(ratios(&reads.during, theirs)), ..self.ratio_line(what, target, &reads.alone, theirs) };
        self.push(line);
    }

    /// Adds the ratio of the product's rate to the rate of the baseline.
    pub(super) fn ratio(&mut self, what: &str, target: Target, ours: &[Measured], theirs: &[Measured]) {
        let line = self.ratio_line(what, target, ours, theirs);
        self.push(line);
    }

    fn ratio_line(&self, what: &str, target: Target, ours: &[Measured], theirs: &[Measured]) -> Line {
        // On a machine that does other things too, the best rounds are the least disturbed ones.
        let best = |of: &[Measured]| of.iter().map(|round| round.rate).fold(0.0, f64::max);
        let figures = format!("best rounds {:.2}×; {}", best(ours) / best(theirs), absolute_figures(ours, theirs));
        let (value, unit, description) = (ratios(ours, theirs), Unit::Ratio, what.to_owned());
        Line { row: self.row, description, value, during: None, unit, target, figures }
    }

    pub(super) fn line(&mut self, what: &str, value: Spread, unit: Unit, target: Target, figures: String) {
        self.read_line(what, (value, None), unit, target, figures);
    }

    /// Adds a value and the same value during changes.
    pub(super) fn read_line(
        &mut self,
        what: &str,
        (value, during): (Spread, Option<Spread>),
        unit: Unit,
        target: Target,
        figures: String,
    ) {
        self.push(Line { row: self.row, description: what.to_owned(), value, during, unit, target, figures });
    }

    fn push(&mut self, line: Line) {
        line.print();
        self.lines.push(line);
    }
}

/// The measured loads of a row that reads.
pub(super) struct Reads<const N: usize> {
    /// The product without changes.
    pub(super) alone: Vec<Measured>,
    /// The product during changes.
    pub(super) during: Vec<Measured>,
    /// The baselines.
    pub(super) theirs: [Vec<Measured>; N],
}

/// The ratio of the rates of each round.
pub(super) fn ratios(ours: &[Measured], theirs: &[Measured]) -> Spread {
    Spread::of(ours.iter().zip(theirs).map(|(ours, theirs)| ours.rate / theirs.rate))
}

/// A client that changes display names of users.
pub(super) fn changer(process: &Process, population: Population) -> Changer {
    Changer::connect(process.address, &requests::display_name(population))
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
