//! Values counted by their size.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts values by their size, for many threads at once.
pub struct Histogram<const N: usize> {
    bounds: &'static [u64; N],
    /// Values up to each bound and over the one before it.
    buckets: [AtomicU64; N],
    beyond: AtomicU64,
    sum: AtomicU64,
}

impl<const N: usize> Histogram<N> {
    /// With buckets up to each of these bounds, which ascend, and one for what is beyond.
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

    /// What was counted so far.
    pub fn counts(&self) -> Counts<N> {
        Counts {
            bounds: self.bounds,
            buckets: std::array::from_fn(|at| self.buckets[at].load(Ordering::Relaxed)),
            beyond: self.beyond.load(Ordering::Relaxed),
            sum: self.sum.load(Ordering::Relaxed),
        }
    }
}

/// What a histogram has counted, or several with the same bounds.
pub struct Counts<const N: usize> {
    pub(super) bounds: &'static [u64; N],
    pub(super) buckets: [u64; N],
    beyond: u64,
    pub(super) sum: u64,
}

impl<const N: usize> Counts<N> {
    /// How many values. They are counted in their buckets alone, so that the two always agree.
    pub fn number(&self) -> u64 {
        self.buckets.iter().sum::<u64>() + self.beyond
    }

    /// Adds what another one has counted.
    pub fn add(&mut self, other: &Counts<N>) {
        self.buckets.iter_mut().zip(other.buckets).for_each(|(mine, theirs)| *mine += theirs);
        self.beyond += other.beyond;
        self.sum += other.sum;
    }
}
