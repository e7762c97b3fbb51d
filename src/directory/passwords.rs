//! How a password is stored and checked.

use super::foreign::{Adopted, Argon2Value, Foreign, adopt};
use crate::lock::locked;
use crate::model::{Error, Result};

use anyhow::anyhow;
use argon2::{Argon2, Block, Params};
use base64::prelude::{BASE64_STANDARD_NO_PAD, Engine as _};
use regex_lite::Regex;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq as _;

/// Longest password, in bytes: hashing costs what the text is long.
const PASSWORD_BYTES_MAX: usize = 4096;
/// A valid hash that belongs to nobody: checking against it costs what checking a real one costs.
const NOBODYS_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlz$Zm9yIGEgdXNlciB0aGF0IGRvZXMgbm90IGV4aXN0IGF0IGE";

/// The longest time by which a refusal is held back so that it takes as long as another would.
const LAG_MAX: Duration = Duration::from_secs(1);

/// Callers who may wait for a computation; one more is told to try again. A computation takes some 20 ms.
const WAITING_MAX: usize = 256;

struct Slots {
    free: Vec<Vec<Block>>,
    waiting: usize,
}

/// Hashes and checks passwords, a bounded number at a time: each takes 19 MiB and a processor for a while, and a value
/// of another directory up to 128 MiB until it is renewed.
pub struct Passwords {
    /// The memory of each computation that may run, kept: freed and allocated again for each, blocks of this
    /// size and alignment leave holes that the C library does not fill, and the process grows without end.
    slots: Mutex<Slots>,
    freed: Condvar,
    /// The longest time that a value of another directory has taken beyond the usual.
    longest_extra: Mutex<Duration>,
    pattern: Option<Regex>,
    required: bool,
}

impl Passwords {
    /// `pattern` is what a new password has to match somewhere; `required` refuses new users without one.
    pub fn new(pattern: Option<Regex>, required: bool) -> Passwords {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let slots = Mutex::new(Slots { free: vec![Vec::new(); processors], waiting: 0 });
        Passwords { slots, freed: Condvar::new(), longest_extra: Mutex::default(), pattern, required }
    }

    /// Whether a new user needs a password.
    pub fn required(&self) -> bool {
        self.required
    }

    /// What to store for a new password: an argon2id hash (RFC 9106) as a PHC string. A value that is a salted
    /// hash of a kind that other directories keep (`{SSHA}`, `{SSHA512}`, `{SMD5}`) is stored as it is.
    ///
    /// # Errors
    /// `Invalid` when it does not match the configured pattern, or is longer than 4096 bytes.
    pub fn protect(&self, password: &str) -> Result<String> {
        let refused = || Err(Error::Invalid("The password doesn't meet requirements".to_owned()));
        if password.len() > PASSWORD_BYTES_MAX {
            return refused();
        }
        // No further kinds here, ever: what looks like one of them may be somebody's password.
        let is_hash = ["{SSHA}", "{SSHA512}", "{SMD5}"].iter().any(|kind| password.starts_with(kind));
        if is_hash && Foreign::parse(password).is_some() {
            return Ok(password.to_owned());
        }
        if self.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(password)) {
            return refused();
        }
        self.hash(password)
    }

    /// What to store for a password that comes from another directory: a value that can be checked here is taken as it
    /// is, and one in clear is protected.
    ///
    /// # Errors
    /// Those of [`Passwords::protect`], and `Invalid` for a value of a kind that nothing here can check.
    pub(super) fn take_over(&self, password: &str) -> Result<String> {
        match adopt(password) {
            Adopted::Stored(value) => Ok(value),
            Adopted::Clear => self.protect(password),
            Adopted::Unknown(kind) => {
                Err(Error::Invalid(format!("nothing here can check a password of the kind {kind}")))
            }
        }
    }

    fn hash(&self, password: &str) -> Result<String> {
        self.slot()?.hash(password)
    }

    /// Whether this is the password behind the stored value. Without a stored value the answer is no, and
    /// takes as long; where values of other directories take longer, [`Slot::refuse`] makes up for it.
    pub(super) fn verify(&self, slot: &mut Slot<'_>, password: &str, stored: Option<&str>) -> bool {
        if password.len() > PASSWORD_BYTES_MAX {
            return false;
        }
        let (ours, foreign) = match stored.and_then(Foreign::parse) {
            Some(Foreign::Argon2(value)) if value.is_ours() => (Some(value), None),
            other => (None, other),
        };
        let is_ours = ours.is_some();
        // Where there is nothing to compute, and where it is a cheap hash, it takes as long all the same.
        let computed = ours.or_else(|| Argon2Value::parse(NOBODYS_HASH));
        let right = computed.is_some_and(|value| slot.verify(password, &value));
        match foreign {
            Some(foreign) => slot.verify_foreign(password, &foreign),
            None => right && is_ours,
        }
    }

    /// An argon2id hash in place of a stored value of another kind or cost; `None` when it is one already.
    pub(super) fn renew(&self, slot: &mut Slot<'_>, password: &str, stored: &str) -> Result<Option<String>> {
        match Foreign::parse(stored) {
            Some(Foreign::Argon2(value)) if value.is_ours() => Ok(None),
            Some(_) => slot.hash(password).map(Some),
            None => Ok(None),
        }
    }

    /// 32 bytes that only who knows the password can compute again.
    pub(super) fn derive(&self, password: &str, salt: &[u8]) -> Result<[u8; 32]> {
        let mut bytes = [0; 32];
        self.slot()?.argon2(&Argon2::default(), password, salt, &mut bytes).map_err(hash_failure)?;
        Ok(bytes)
    }

    /// Waits until one more may compute.
    ///
    /// # Errors
    /// `Unavailable` when too many wait already.
    pub(super) fn slot(&self) -> Result<Slot<'_>> {
        let mut slots = locked(&self.slots);
        if slots.free.is_empty() && slots.waiting >= WAITING_MAX {
            return Err(Error::Unavailable("too many passwords are being checked".to_owned()));
        }
        slots.waiting += 1;
        let memory = loop {
            if let Some(memory) = slots.free.pop() {
                break memory;
            }
            slots = self.freed.wait(slots).unwrap_or_else(PoisonError::into_inner);
        };
        slots.waiting -= 1;
        Ok(Slot { memory, extra: Duration::ZERO, home: self })
    }
}

/// The right to compute, with the memory for it; given back when dropped.
pub(super) struct Slot<'p> {
    memory: Vec<Block>,
    /// The time that a value of another directory has taken beyond the usual.
    extra: Duration,
    home: &'p Passwords,
}

impl Slot<'_> {
    fn hash(&mut self, password: &str) -> Result<String> {
        let (mut salt, mut out) = ([0; 16], [0; 32]);
        getrandom::fill(&mut salt).map_err(|error| Error::Internal(anyhow!("get random numbers: {error}")))?;
        self.argon2(&Argon2::default(), password, &salt, &mut out).map_err(hash_failure)?;
        let params = Params::default();
        Ok(format!(
            "$argon2id$v=19$m={},t={},p={}${}${}",
            params.m_cost(),
            params.t_cost(),
            params.p_cost(),
            BASE64_STANDARD_NO_PAD.encode(salt),
            BASE64_STANDARD_NO_PAD.encode(out)
        ))
    }

    fn verify(&mut self, password: &str, value: &Argon2Value) -> bool {
        let argon2 = Argon2::new(value.algorithm, value.version, value.params.clone());
        let mut out = vec![0; value.hash.len()];
        self.argon2(&argon2, password, &value.salt, &mut out).is_ok() && bool::from(out.ct_eq(&value.hash))
    }

    fn verify_foreign(&mut self, password: &str, value: &Foreign) -> bool {
        let begun = Instant::now();
        let right = match value {
            Foreign::Argon2(value) => self.verify(password, value),
            value => value.matches(password),
        };
        if value.is_slow() {
            self.extra = begun.elapsed();
            let mut longest = locked(&self.home.longest_extra);
            *longest = (*longest).max(self.extra).min(LAG_MAX);
        }
        right
    }

    /// Gives the right back, and lets the refusal take as long as the slowest value of another directory has taken
    /// here: the time must not tell who exists and still has such a value.
    pub(super) fn refuse(self) {
        let lag = self.lag();
        drop(self);
        std::thread::sleep(lag);
    }

    fn lag(&self) -> Duration {
        locked(&self.home.longest_extra).saturating_sub(self.extra)
    }

    fn argon2(&mut self, argon2: &Argon2<'_>, password: &str, salt: &[u8], out: &mut [u8]) -> argon2::Result<()> {
        let blocks = argon2.params().block_count();
        // More than usual is not kept: those who need it are renewed at their first login.
        let mut larger = Vec::new();
        let memory = if blocks > Params::default().block_count() { &mut larger } else { &mut self.memory };
        memory.resize(blocks, Block::default());
        argon2.hash_password_into_with_memory(password.as_bytes(), salt, out, memory)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        locked(&self.home.slots).free.push(memory);
        self.home.freed.notify_one();
    }
}

/// Whether this is a value that a password can be checked against.
pub(super) fn is_stored_value(stored: &str) -> bool {
    Foreign::parse(stored).is_some()
}

fn hash_failure(error: argon2::Error) -> Error {
    Error::Internal(anyhow!("hash a password: {error}"))
}

#[cfg(test)]
mod tests {
    use super::super::foreign::tests::{PASSWORD, VALUES};
    use super::*;

    /// Python's argon2-cffi, with the parameters of this program.
    const LIKE_OURS: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$k9ohroejZy1PN5E1SbHNPug6vB8eQAahb5SOAp6iGF4";

    fn passwords() -> Passwords {
        Passwords::new(None, false)
    }

    #[test]
    fn a_value_of_any_kind_lets_the_password_in_and_no_other() {
        let passwords = passwords();
        let mut slot = passwords.slot().unwrap();
        for value in VALUES.into_iter().chain([LIKE_OURS]) {
            assert!(is_stored_value(value), "{value}");
            assert!(passwords.verify(&mut slot, PASSWORD, Some(value)), "{value}");
            for wrong in ["correct horsf", "Correct horse", "correct hors", ""] {
                assert!(!passwords.verify(&mut slot, wrong, Some(value)), "{value}");
            }
        }
        for value in
            ["", "{SSHA}", PASSWORD, "$argon2id$", "{CRYPT}$1$saltstri$CVtlMpOHug1.jDUbVpFvB1", "$scrypt$x$y$z"]
        {
            assert!(!is_stored_value(value), "{value}");
            assert!(!passwords.verify(&mut slot, PASSWORD, Some(value)), "{value}");
            assert_eq!(passwords.renew(&mut slot, PASSWORD, value).unwrap(), None);
        }
        assert!(!passwords.verify(&mut slot, PASSWORD, None));
    }

    #[test]
    fn a_value_of_another_kind_is_renewed_once() {
        let passwords = passwords();
        let mut slot = passwords.slot().unwrap();
        for value in VALUES {
            let renewed = passwords.renew(&mut slot, PASSWORD, value).unwrap().expect("another value");
            assert!(renewed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{renewed}");
            assert!(passwords.verify(&mut slot, PASSWORD, Some(&renewed)));
            assert_eq!(passwords.renew(&mut slot, PASSWORD, &renewed).unwrap(), None);
        }
        assert_eq!(passwords.renew(&mut slot, PASSWORD, LIKE_OURS).unwrap(), None);
    }

    #[test]
    fn a_client_can_bring_in_hashes_of_the_three_old_kinds_only() {
        let passwords = passwords();
        let mut slot = passwords.slot().unwrap();
        for value in VALUES.into_iter().chain([LIKE_OURS]) {
            let stored = passwords.protect(value).unwrap();
            let is_taken = ["{SSHA}", "{SSHA512}", "{SMD5}"].iter().any(|kind| value.starts_with(kind));
            assert_eq!(stored == value, is_taken, "{value}");
            // Everything else is a password, whatever it looks like.
            assert_eq!(passwords.verify(&mut slot, value, Some(&stored)), !is_taken, "{value}");
        }
        for value in ["{SSHA}awc/", "{SSHA}awc/Cj0kafyFd5d8fGn07xoHBJI=", "{SMD5}!"] {
            assert!(passwords.protect(value).unwrap().starts_with("$argon2id$"), "{value}");
        }
    }

    #[test]
    fn a_refusal_is_held_back_by_what_the_slowest_kind_takes_longer() {
        let passwords = passwords();
        let mut slot = passwords.slot().unwrap();
        let mut lag = |value: Option<&str>| {
            slot.extra = Duration::ZERO;
            passwords.verify(&mut slot, "wrong", value);
            (slot.extra, slot.lag())
        };
        // The quick kinds, ours, and nobody's take the same time without any help.
        for value in [None, Some(LIKE_OURS), Some(VALUES[0]), Some(VALUES[9])] {
            assert_eq!(lag(value), (Duration::ZERO, Duration::ZERO));
        }
        let (extra, lag_of_slow) = lag(Some("{CRYPT}$2b$10$CCCCCCCCCCCCCCCCCCCCC.WrAwgFxicHZ3kL7zMvXYXHKosDn8ot2"));
        assert!(extra > Duration::ZERO);
        assert_eq!(lag_of_slow, Duration::ZERO);
        for value in [None, Some(LIKE_OURS), Some(VALUES[0])] {
            assert_eq!(lag(value), (Duration::ZERO, extra.min(LAG_MAX)));
        }
        let (extra_of_quicker, rest) = lag(Some("{CRYPT}$2b$04$CCCCCCCCCCCCCCCCCCCCC.WrAwgFxicHZ3kL7zMvXYXHKosDn8ot2"));
        assert_eq!(rest, extra.min(LAG_MAX).saturating_sub(extra_of_quicker));
    }

    #[test]
    fn memory_beyond_the_usual_is_given_back() {
        let passwords = passwords();
        let mut slot = passwords.slot().unwrap();
        assert!(passwords.verify(&mut slot, PASSWORD, Some(VALUES[23])));
        assert!(slot.memory.capacity() <= Params::default().block_count());
    }
}
