//! Wrong passwords: the more of them for a user or from an address, the later the answer. A right one is never held
//! up by what others have tried, so nobody can lock somebody else out.

use super::digest;
use crate::lock::locked;
use crate::model::{Error, Result, key};
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Wrong passwords that cost nothing: people mistype.
const FREE: f64 = 5.0;
/// The delay of the first one after these; it doubles with each further one.
const FIRST_DELAY: Duration = Duration::from_millis(50);
/// After this time half of what was tried is forgotten.
const HALF_LIFE: Duration = Duration::from_secs(60);
/// Passwords of one address that has failed before which may be looked at, or answered late, at a time. The next one
/// is not looked at.
const UNDER_WAY_MAX: usize = 8;
/// Names, and addresses, that are counted; beyond that all counts of the kind begin anew.
const COUNTED_MAX: usize = 10_000;

/// What was tried and failed.
pub(super) struct Guesses {
    longest: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By the digest of the name's key: a name may be long.
    names: HashMap<[u8; 32], Count>,
    addresses: HashMap<IpAddr, Count>,
    /// Passwords that are looked at or answered late, of each address that has failed before.
    under_way: HashMap<IpAddr, usize>,
}

/// Failures, each counting less the longer it is past.
struct Count {
    failures: f64,
    at: Instant,
}

impl Count {
    fn now(&self) -> f64 {
        let half_lives = self.at.elapsed().as_secs_f64() / HALF_LIFE.as_secs_f64();
        self.failures * (-half_lives).exp2()
    }
}

/// A password that may be looked at.
pub(super) struct Guess<'g> {
    guesses: &'g Guesses,
    from: IpAddr,
    /// Counted among those under way.
    counted: bool,
}

impl Guesses {
    /// `longest` is the delay that is not exceeded; with zero nothing is delayed.
    pub(super) fn new(longest: Duration) -> Guesses {
        Guesses { longest, state: Mutex::default() }
    }

    /// Lets a password from there be looked at.
    ///
    /// # Errors
    /// `TooManyGuesses` while many from an address that has failed before are under way. A proxy on this machine
    /// speaks for many: it is delayed and never refused.
    pub(super) fn admit(&self, from: IpAddr) -> Result<Guess<'_>> {
        let mut guess = Guess { guesses: self, from, counted: false };
        let mut state = locked(&self.state);
        let failures = state.addresses.get(&from).map_or(0.0, Count::now);
        if failures > FREE && !from.is_loopback() {
            if state.under_way.get(&from).is_some_and(|count| *count >= UNDER_WAY_MAX) {
                return Err(Error::TooManyGuesses);
            }
            guess.count(&mut state);
        }
        Ok(guess)
    }

    fn delay(&self, failures: f64) -> Duration {
        let excess = failures - FREE;
        if excess <= 0.0 {
            return Duration::ZERO;
        }
        let seconds = FIRST_DELAY.as_secs_f64() * (excess - 1.0).min(30.0).exp2();
        self.longest.min(Duration::from_secs_f64(seconds))
    }
}

impl Guess<'_> {
    /// Notes that it was wrong, and returns when the answer is due.
    pub(super) fn was_wrong(mut self, username: &str) {
        if self.guesses.longest.is_zero() {
            return;
        }
        // Whether there is such a user makes no difference here.
        let name = digest(&key(username));
        let delay = {
            let mut state = locked(&self.guesses.state);
            let of_name = count(&mut state.names, name);
            let of_address = if self.from.is_loopback() { 0.0 } else { count(&mut state.addresses, self.from) };
            let delay = self.guesses.delay(of_name.max(of_address));
            if !delay.is_zero() && !self.counted {
                self.count(&mut state);
            }
            delay
        };
        std::thread::sleep(delay);
    }

    fn count(&mut self, state: &mut State) {
        *state.under_way.entry(self.from).or_default() += 1;
        self.counted = true;
    }
}

impl Drop for Guess<'_> {
    fn drop(&mut self) {
        if !self.counted {
            return;
        }
        let mut state = locked(&self.guesses.state);
        if let Some(count) = state.under_way.get_mut(&self.from) {
            *count -= 1;
            if *count == 0 {
                state.under_way.remove(&self.from);
            }
        }
    }
}

/// Counts one more failure, and returns how many there are.
fn count<K: Eq + Hash>(counts: &mut HashMap<K, Count>, key: K) -> f64 {
    if counts.len() >= COUNTED_MAX && !counts.contains_key(&key) {
        counts.clear();
    }
    let count = counts.entry(key).or_insert(Count { failures: 0.0, at: Instant::now() });
    *count = Count { failures: count.now() + 1.0, at: Instant::now() };
    count.failures
}
