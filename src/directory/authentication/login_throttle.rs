//! Wrong passwords: the more of them for a user or from an address, the later the answer. A right one is never held
//! up by the attempts of other addresses, so that no client can lock a user out.

use crate::cache::{Cache, Owner};
use crate::directory::secrets::digest;
use crate::metrics::Exposition;
use crate::model::{ClientAddress, Error, Result, fold_name};
use crate::sync::locked;
use std::collections::HashMap;
use std::hash::Hash;
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
/// Counts of names, and of addresses, in bytes each: some 15,000 of them.
const COUNTS_BYTES_MAX: usize = 4 << 20;

/// Failed attempts.
pub(super) struct LoginThrottle {
    longest: Duration,
    state: Mutex<State>,
}

struct State {
    /// By the digest of the name's key: a name may be long. The address that a name was last tried from owns its count.
    names: Cache<[u8; 32], Count>,
    addresses: Cache<ClientAddress, Count>,
    /// Passwords that are looked at or answered late, of each address that has failed before.
    under_way: HashMap<ClientAddress, usize>,
}

/// Failures, each counting less the longer it is past.
#[derive(Clone, Copy)]
struct Count {
    failures: f64,
    at: Instant,
}

impl Count {
    fn now(self) -> f64 {
        let half_lives = self.at.elapsed().as_secs_f64() / HALF_LIFE.as_secs_f64();
        self.failures * (-half_lives).exp2()
    }
}

/// A password that may be looked at.
pub(super) struct LoginAttempt<'g> {
    guesses: &'g LoginThrottle,
    from: ClientAddress,
    /// Counted among those under way.
    counted: bool,
}

impl LoginThrottle {
    /// `longest` is the delay that is not exceeded; with zero nothing is delayed.
    pub(super) fn new(longest: Duration) -> LoginThrottle {
        let (names, addresses) = (Cache::new(COUNTS_BYTES_MAX), Cache::new(COUNTS_BYTES_MAX));
        LoginThrottle { longest, state: Mutex::new(State { names, addresses, under_way: HashMap::new() }) }
    }

    /// Lets a password from there be looked at.
    ///
    /// # Errors
    /// `TooManyAttempts` while many from an address that has failed before are under way. A proxy on this machine
    /// speaks for many: it is delayed and never refused.
    pub(super) fn admit(&self, from: ClientAddress) -> Result<LoginAttempt<'_>> {
        let mut guess = LoginAttempt { guesses: self, from, counted: false };
        let mut state = locked(&self.state);
        let failures = state.addresses.get(0, &from).map_or(0.0, Count::now);
        if failures > FREE && !from.is_local() {
            if state.under_way.get(&from).is_some_and(|count| *count >= UNDER_WAY_MAX) {
                return Err(Error::TooManyAttempts);
            }
            guess.count(&mut state);
        }
        Ok(guess)
    }

    /// Adds the sizes of the counts to the page.
    pub(super) fn collect_metrics(&self, exposition: &mut Exposition) {
        let state = locked(&self.state);
        state.names.held().collect_metrics(exposition, "failed_names");
        state.addresses.held().collect_metrics(exposition, "failed_addresses");
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

impl LoginAttempt<'_> {
    /// Notes that it was wrong, and returns when the answer is due.
    pub(super) fn was_wrong(mut self, username: &str) {
        if self.guesses.longest.is_zero() {
            return;
        }
        // Whether there is such a user makes no difference here.
        let name = digest(&fold_name(username));
        let delay = {
            let mut state = locked(&self.guesses.state);
            let of_name = count(&state.names, Owner::of(&self.from), name);
            let addresses = &state.addresses;
            let of_address = if self.from.is_local() { 0.0 } else { count(addresses, Owner::PROGRAM, self.from) };
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

impl Drop for LoginAttempt<'_> {
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
fn count<K: Eq + Hash>(counts: &Cache<K, Count>, owner: Owner, key: K) -> f64 {
    let failures = counts.get(0, &key).map_or(0.0, Count::now) + 1.0;
    counts.insert(0, owner, key, Count { failures, at: Instant::now() }, 0);
    failures
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> ClientAddress {
        ClientAddress::Ip((0x0a00_0000 + number).to_be_bytes().into())
    }

    #[test]
    fn a_flood_of_names_and_addresses_is_bounded_and_a_name_that_is_still_tried_stays_counted() {
        let guesses = LoginThrottle::new(Duration::from_nanos(1));
        let wrong = |from: u32, name: &str| guesses.admit(address(from)).unwrap().was_wrong(name);
        for number in 0..40_000 {
            wrong(number, &format!("name {number}"));
            if number % 1000 == 0 {
                wrong(0, "ada");
            }
        }
        let state = locked(&guesses.state);
        for held in [state.names.held(), state.addresses.held()] {
            assert!(held.bytes <= COUNTS_BYTES_MAX && held.evicted > 0 && held.entries > 10_000, "{held:?}");
        }
        let failures = |count: Option<Count>| count.map_or(0.0, Count::now);
        assert!(failures(state.names.get(0, &digest(&fold_name("ada")))) > FREE);
        assert!(failures(state.addresses.get(0, &address(0))) > FREE);
    }

    #[test]
    fn an_address_that_tries_many_names_has_half_of_the_counts() {
        let guesses = LoginThrottle::new(Duration::from_nanos(1));
        guesses.admit(address(0)).unwrap().was_wrong("ada");
        for number in 0..20_000 {
            guesses.admit(address(1)).unwrap().was_wrong(&format!("name {number}"));
        }
        let state = locked(&guesses.state);
        assert!(state.names.held().bytes <= COUNTS_BYTES_MAX / 2 + 1000);
        assert!(state.names.get(0, &digest(&fold_name("ada"))).is_some());
    }
}
