//! Histograms with fixed buckets.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts values in buckets. Many threads can count at the same time.
pub struct Histogram<const N: usize> {
    bounds: &'static [u64; N],
    /// For each bound, the number of values up to it and above the previous bound.
    buckets: [AtomicU64; N],
    beyond: AtomicU64,
    sum: AtomicU64,
}

impl<const N: usize> Histogram<N> {
    /// A histogram with buckets up to each of these ascending bounds, and one for larger values.
    pub fn new(bounds: &'static [u64; N]) -> Histogram<N> {
        let buckets = std::array::from_fn(|_| AtomicU64::new(0));
        Histogram { bounds, buckets, beyond: AtomicU64::new(0), sum: AtomicU64::new(0) }
    }

    /// Counts a value.
    pub fn observe(&self, value: u64) {
        let at = self.bounds.iter().position(|bound| value <= *bound);
        at.map_or(&self.beyond, |at| &self.buckets[at]).fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// The counts so far.
    pub fn counts(&self) -> Counts<N> {
        Counts {
            bounds: self.bounds,
            buckets: std::array::from_fn(|at| self.buckets[at].load(Ordering::Relaxed)),
            beyond: self.beyond.load(Ordering::Relaxed),
            sum: self.sum.load(Ordering::Relaxed),
        }
    }
}

/// The counts of a histogram, or the sum of several with the same bounds.
pub struct Counts<const N: usize> {
    pub(super) bounds: &'static [u64; N],
    pub(super) buckets: [u64; N],
    beyond: u64,
    pub(super) sum: u64,
}

impl<const N: usize> Counts<N> {
    /// The number of values. It is the sum of the buckets, so that both always agree.
    pub fn number(&self) -> u64 {
        self.buckets.iter().sum::<u64>() + self.beyond
    }

    /// Adds the counts of another histogram.
    pub fn add(&mut self, other: &Counts<N>) {
        self.buckets.iter_mut().zip(other.buckets).for_each(|(mine, theirs)| *mine += theirs);
        self.beyond += other.beyond;
        self.sum += other.sum;
    }
}
