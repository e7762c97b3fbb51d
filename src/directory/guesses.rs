//! Wrong passwords: the more of them for a user or from an address, the later the answer. A right one is never held
//! up by what others have tried, so nobody can lock somebody else out.

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
/// Delayed answers that one address may wait for at a time. Its next password is not looked at.
const DELAYED_MAX: usize = 8;
/// Names, and addresses, that are counted; beyond that all counts of the kind begin anew.
const COUNTED_MAX: usize = 10_000;

/// What was tried and failed.
pub(super) struct Guesses {
    longest: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    names: HashMap<String, Count>,
    addresses: HashMap<IpAddr, Count>,
    delayed: HashMap<IpAddr, usize>,
}

/// Failures, each counting less the longer it is past.
struct Count {
    failures: f64,
    at: Instant,
}

impl Guesses {
    /// `longest` is the delay that is not exceeded; with zero nothing is delayed.
    pub(super) fn new(longest: Duration) -> Guesses {
        Guesses { longest, state: Mutex::default() }
    }

    /// Whether a password from there is looked at now.
    ///
    /// # Errors
    /// `TooManyGuesses` while the address waits for many delayed answers. A proxy on this machine speaks for many:
    /// it is delayed and never refused.
    pub(super) fn admit(&self, from: IpAddr) -> Result<()> {
        let delayed = locked(&self.state).delayed.get(&from).copied().unwrap_or(0);
        if delayed >= DELAYED_MAX && !from.is_loopback() { Err(Error::TooManyGuesses) } else { Ok(()) }
    }

    /// Notes a wrong password, and returns when its answer is due.
    pub(super) fn failed(&self, username: &str, from: IpAddr) {
        if self.longest.is_zero() {
            return;
        }
        let delay = {
            let mut state = locked(&self.state);
            // Whether there is such a user makes no difference here.
            let of_name = count(&mut state.names, key(username));
            let of_address = if from.is_loopback() { 0.0 } else { count(&mut state.addresses, from) };
            let delay = self.delay(of_name.max(of_address));
            if delay.is_zero() {
                return;
            }
            *state.delayed.entry(from).or_default() += 1;
            delay
        };
        std::thread::sleep(delay);
        let mut state = locked(&self.state);
        if let Some(delayed) = state.delayed.get_mut(&from) {
            *delayed -= 1;
            if *delayed == 0 {
                state.delayed.remove(&from);
            }
        }
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

/// Counts one more failure, and returns how many there are.
fn count<K: Eq + Hash>(counts: &mut HashMap<K, Count>, key: K) -> f64 {
    if counts.len() >= COUNTED_MAX && !counts.contains_key(&key) {
        counts.clear();
    }
    let now = Instant::now();
    let count = counts.entry(key).or_insert(Count { failures: 0.0, at: now });
    let half_lives = (now - count.at).as_secs_f64() / HALF_LIFE.as_secs_f64();
    *count = Count { failures: count.failures * (-half_lives).exp2() + 1.0, at: now };
    count.failures
}
