//! Repeatable random numbers: the same seed gives the same numbers on each machine.

/// A generator of numbers (SplitMix64), good enough to choose with.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The seed of a test: `variable` if it is set, so that a failure can be repeated.
    pub fn seed(variable: &str, default: u64) -> u64 {
        std::env::var(variable).map_or(default, |seed| seed.parse().expect("a seed is a number"))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("below a usize")
    }

    /// True in one of `times` cases.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn pick<T: Copy>(&mut self, things: &[T]) -> T {
        things[self.below(things.len())]
    }

    /// `None` of an empty list.
    pub fn one_of<'l, T>(&mut self, things: &'l [T]) -> Option<&'l T> {
        if things.is_empty() { None } else { Some(&things[self.below(things.len())]) }
    }
}
