//! How a password is stored and checked.

mod password_hash;
mod password_shape;
mod pbkdf2;

pub use password_hash::{ImportedPassword, classify_password};

use self::password_hash::{Argon2Value, Foreign};
use super::digest;
use super::password_changes::PasswordInput;
use crate::cache::Held;
use crate::metrics::Exposition;
use crate::model::{Error, NewPassword, Result};
use crate::store::LoginRow;
use crate::sync::locked;

use anyhow::anyhow;
use argon2::{Argon2, Block, Params};
use base64::prelude::{BASE64_STANDARD_NO_PAD, Engine as _};
use regex_lite::Regex;
use std::collections::HashMap;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq as _;

/// The answer to a password that the pattern does not match.
pub const PASSWORD_REFUSED: &str = "The password doesn't meet requirements";

/// Longest password, in bytes: hashing costs what the text is long.
const PASSWORD_BYTES_MAX: usize = 4096;
/// A valid hash that belongs to nobody: checking against it costs what checking a real one costs.
const DUMMY_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlz$Zm9yIGEgdXNlciB0aGF0IGRvZXMgbm90IGV4aXN0IGF0IGE";

/// The longest time by which a refusal is held back so that it takes as long as another would.
const TIMING_PAD_MAX: Duration = Duration::from_secs(1);

/// Callers who may wait for a computation; one more is told to try again. A computation takes some 20 ms.
const WAITING_MAX: usize = 256;

/// Computations at a time, on a machine with many processors: each keeps its memory.
const SLOTS_MAX: usize = 8;

struct HashPermits {
    free: Vec<Vec<Block>>,
    waiting: usize,
    /// Blocks that all of them keep.
    blocks: usize,
}

/// What was measured of the hashes of other directories.
#[derive(Default)]
struct Measured {
    /// The generation of the database in which they were looked for last.
    generation: Option<u64>,
    /// The highest cost of each computation.
    costs: HashMap<&'static str, u64>,
}

/// Hashes and checks passwords, a bounded number at a time: each takes 19 MiB and a processor for a while. An argon2
/// value of another directory takes up to 128 MiB until it is renewed; those that take more than 19 MiB are checked one
/// at a time.
pub struct Passwords {
    /// The memory of each computation that may run, kept: freed and allocated again for each, blocks of this
    /// size and alignment leave holes that the C library does not fill, and the process grows without end.
    permits: Mutex<HashPermits>,
    /// How many computations may run at a time.
    count: usize,
    freed: Condvar,
    /// Held by the computation that takes more memory than is kept.
    large: Mutex<()>,
    /// The longest time that a value of another directory has taken beyond the usual.
    longest_extra: Mutex<Duration>,
    /// Values of other directories whose time was taken, see [`Passwords::calibrate`].
    measured: Mutex<Measured>,
    pattern: Option<Regex>,
    required: bool,
}

impl Passwords {
    /// `pattern` is what a new password has to match somewhere; `required` refuses new users without one.
    pub fn new(pattern: Option<Regex>, required: bool) -> Passwords {
        let count = std::thread::available_parallelism().map_or(1, usize::from).min(SLOTS_MAX);
        let permits = Mutex::new(HashPermits { free: vec![Vec::new(); count], waiting: 0, blocks: 0 });
        let (longest_extra, measured) = (Mutex::default(), Mutex::default());
        let (freed, large) = (Condvar::new(), Mutex::default());
        Passwords { permits, count, freed, large, longest_extra, measured, pattern, required }
    }

    /// Whether a new user needs a password.
    pub fn required(&self) -> bool {
        self.required
    }

    /// What to store for the first password of a new directory.
    ///
    /// # Errors
    /// Those of [`Passwords::protect`].
    pub fn first(&self, password: &str) -> Result<NewPassword> {
        let given = if self.is_hash(password) {
            PasswordInput::Hash(password.to_owned())
        } else {
            PasswordInput::Plain(password)
        };
        Ok(self.prepare(given, None)?.expect("any password of a new user is a change"))
    }

    /// Whether a client that sends this means a hash: a salted one of the kinds that other directories of that time keep
    /// (`{SSHA}`, `{SSHA512}`, `{SMD5}`). No further kinds, ever: what looks like one of them may be a password.
    pub(super) fn is_hash(&self, password: &str) -> bool {
        let starts = ["{SSHA}", "{SSHA512}", "{SMD5}"].iter().any(|kind| password.starts_with(kind));
        starts && Foreign::parse(password).is_some()
    }

    /// What an operator brings in from another directory: a hash that can be checked here, or a password.
    ///
    /// # Errors
    /// `Invalid` for a hash of a kind that nothing here can check.
    pub(super) fn hash_or_plain<'p>(&self, password: &'p str) -> Result<PasswordInput<'p>> {
        match classify_password(password) {
            ImportedPassword::Hash(value) => Ok(PasswordInput::Hash(value)),
            ImportedPassword::Plain => Ok(PasswordInput::Plain(password)),
            ImportedPassword::Unknown(kind) => {
                Err(Error::Invalid(format!("nothing here can check a password of the kind {kind}")))
            }
        }
    }

    /// What to store for a password that was given; `None` when it is no change of the present one.
    ///
    /// # Errors
    /// `Invalid` for a password in clear that does not match the configured pattern, or is longer than 4096 bytes.
    pub(super) fn prepare(&self, given: PasswordInput<'_>, present: Option<&LoginRow>) -> Result<Option<NewPassword>> {
        let stored = present.and_then(|present| present.password_hash.as_deref());
        match given {
            PasswordInput::Hash(hash) => {
                let imported = Some(digest(&hash));
                let same = stored == Some(hash.as_str()) || present.is_some_and(|present| present.imported == imported);
                Ok((!same).then_some(NewPassword { hash, imported, keeps_tokens: false }))
            }
            PasswordInput::Plain(password) => {
                if stored.is_some() && self.verify(&mut self.permit()?, password, stored) {
                    return Ok(None);
                }
                let hash = self.protect(password)?;
                Ok(Some(NewPassword { hash, imported: None, keeps_tokens: false }))
            }
        }
    }

    /// An argon2id hash (RFC 9106) of a password, as a PHC string.
    ///
    /// # Errors
    /// `Invalid` when the password does not match the configured pattern, or is longer than 4096 bytes.
    fn protect(&self, password: &str) -> Result<String> {
        let matches = self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(password));
        if password.len() > PASSWORD_BYTES_MAX || !matches {
            return Err(Error::Invalid(PASSWORD_REFUSED.to_owned()));
        }
        self.hash(password)
    }

    fn hash(&self, password: &str) -> Result<String> {
        self.permit()?.hash(password)
    }

    /// Whether this is the password behind the stored value. Without a stored value the answer is no, and
    /// takes as long; where values of other directories take longer, [`HashPermit::refuse`] makes up for it.
    pub(super) fn verify(&self, permit: &mut HashPermit<'_>, password: &str, stored: Option<&str>) -> bool {
        if password.len() > PASSWORD_BYTES_MAX {
            return false;
        }
        let (ours, foreign) = match stored.and_then(Foreign::parse) {
            Some(Foreign::Argon2(value)) if value.is_ours() => (Some(value), None),
            other => (None, other),
        };
        let is_ours = ours.is_some();
        // Where there is nothing to compute, and where it is a cheap hash, it takes as long all the same.
        let computed = ours.or_else(|| Argon2Value::parse(DUMMY_HASH));
        let right = computed.is_some_and(|value| permit.verify(password, &value));
        match foreign {
            Some(foreign) => permit.verify_foreign(password, &foreign),
            None => right && is_ours,
        }
    }

    /// Takes the time of the dearest hash of each computation that takes longer than ours, before the first password is
    /// checked: otherwise the first refusals after a start would tell which users have such a hash. `hashes` reads one
    /// of each kind when the database has changed since the last time.
    ///
    /// # Errors
    /// Those of `hashes`.
    pub(super) fn calibrate(
        &self,
        permit: &mut HashPermit<'_>,
        generation: u64,
        hashes: impl FnOnce() -> Result<Vec<String>>,
    ) -> Result<()> {
        let mut measured = locked(&self.measured);
        if measured.generation == Some(generation) {
            return Ok(());
        }
        let mut dearest: HashMap<&'static str, (u64, Foreign)> = HashMap::new();
        for value in hashes()?.iter().filter_map(|hash| Foreign::parse(hash)) {
            let Some((computation, cost)) = value.cost() else { continue };
            let known = dearest.get(computation).map(|(cost, _)| *cost).max(measured.costs.get(computation).copied());
            if known.is_none_or(|known| cost > known) {
                dearest.insert(computation, (cost, value));
            }
        }
        for (computation, (cost, value)) in dearest {
            permit.verify_foreign("", &value);
            measured.costs.insert(computation, cost);
        }
        permit.extra = Duration::ZERO;
        measured.generation = Some(generation);
        Ok(())
    }

    /// An argon2id hash in place of a stored value of another kind or cost; `None` when it is one already.
    pub(super) fn rehash(&self, permit: &mut HashPermit<'_>, password: &str, stored: &str) -> Result<Option<String>> {
        match Foreign::parse(stored) {
            Some(Foreign::Argon2(value)) if value.is_ours() => Ok(None),
            Some(_) => permit.hash(password).map(Some),
            None => Ok(None),
        }
    }

    /// 32 bytes that only who knows the password can compute again.
    pub(super) fn derive(&self, password: &str, salt: &[u8]) -> Result<[u8; 32]> {
        let mut bytes = [0; 32];
        self.permit()?.argon2(&Argon2::default(), password, salt, &mut bytes).map_err(hash_failure)?;
        Ok(bytes)
    }

    /// Adds the memory that is kept to the page.
    pub(super) fn collect_metrics(&self, exposition: &mut Exposition) {
        let blocks = locked(&self.permits).blocks;
        let (block, usual) = (size_of::<Block>(), Params::default().block_count());
        let entries = blocks.div_ceil(usual);
        let held = Held { bytes: blocks * block, limit: self.count * usual * block, entries, evicted: 0 };
        held.collect_metrics(exposition, "password_memory");
    }

    /// Waits until one more may compute.
    ///
    /// # Errors
    /// `Unavailable` when too many wait already.
    pub(super) fn permit(&self) -> Result<HashPermit<'_>> {
        let mut permits = locked(&self.permits);
        if permits.free.is_empty() && permits.waiting >= WAITING_MAX {
            return Err(Error::Unavailable("too many passwords are being checked".to_owned()));
        }
        permits.waiting += 1;
        let memory = loop {
            if let Some(memory) = permits.free.pop() {
                break memory;
            }
            permits = self.freed.wait(permits).unwrap_or_else(PoisonError::into_inner);
        };
        permits.waiting -= 1;
        Ok(HashPermit { kept: memory.capacity(), memory, extra: Duration::ZERO, waited: Duration::ZERO, home: self })
    }
}

/// The right to compute, with the memory for it; given back when dropped.
pub(super) struct HashPermit<'p> {
    memory: Vec<Block>,
    /// Blocks that it was taken with.
    kept: usize,
    /// The time that a value of another directory has taken beyond the usual.
    extra: Duration,
    /// The time for which another large computation was waited for.
    waited: Duration,
    home: &'p Passwords,
}

impl HashPermit<'_> {
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
        self.waited = Duration::ZERO;
        let right = match value {
            Foreign::Argon2(value) => self.verify(password, value),
            value => value.matches(password),
        };
        if value.cost().is_some() {
            self.extra = begun.elapsed();
            let computed = self.extra.saturating_sub(self.waited);
            let mut longest = locked(&self.home.longest_extra);
            *longest = (*longest).max(computed).min(TIMING_PAD_MAX);
        }
        right
    }

    /// Gives the right back, and lets the refusal take as long as the slowest value of another directory has taken
    /// here: the time must not tell who exists and still has such a value.
    pub(super) fn refuse(self) {
        let timing_pad = self.timing_pad();
        drop(self);
        std::thread::sleep(timing_pad);
    }

    fn timing_pad(&self) -> Duration {
        locked(&self.home.longest_extra).saturating_sub(self.extra)
    }

    fn argon2(&mut self, argon2: &Argon2<'_>, password: &str, salt: &[u8], out: &mut [u8]) -> argon2::Result<()> {
        let (blocks, home) = (argon2.params().block_count(), self.home);
        if blocks <= Params::default().block_count() {
            return hash_in(&mut self.memory, argon2, password, salt, out);
        }
        // This memory is not kept: the users who need it are renewed at their first login.
        let begun = Instant::now();
        let _turn = locked(&home.large);
        self.waited += begun.elapsed();
        hash_in(&mut Vec::new(), argon2, password, salt, out)
    }
}

/// Computes in that memory, which grows to what it takes.
fn hash_in(
    memory: &mut Vec<Block>,
    argon2: &Argon2<'_>,
    password: &str,
    salt: &[u8],
    out: &mut [u8],
) -> argon2::Result<()> {
    let blocks = argon2.params().block_count();
    memory.reserve_exact(blocks.saturating_sub(memory.len()));
    memory.resize(blocks, Block::default());
    argon2.hash_password_into_with_memory(password.as_bytes(), salt, out, memory)
}

impl Drop for HashPermit<'_> {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        let mut permits = locked(&self.home.permits);
        permits.blocks += memory.capacity() - self.kept;
        permits.free.push(memory);
        drop(permits);
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
    use super::password_hash::tests::{OTHER_FORMS, PASSWORD, VALUES};
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
        let mut permit = passwords.permit().unwrap();
        for value in VALUES.into_iter().chain([LIKE_OURS]).chain([OTHER_FORMS[13].1]) {
            assert!(is_stored_value(value), "{value}");
            assert!(passwords.verify(&mut permit, PASSWORD, Some(value)), "{value}");
            for wrong in ["correct horsf", "Correct horse", "correct hors", ""] {
                assert!(!passwords.verify(&mut permit, wrong, Some(value)), "{value}");
            }
        }
        for value in
            ["", "{SSHA}", PASSWORD, "$argon2id$", "{CRYPT}$1$saltstri$CVtlMpOHug1.jDUbVpFvB1", "$scrypt$x$y$z"]
        {
            assert!(!is_stored_value(value), "{value}");
            assert!(!passwords.verify(&mut permit, PASSWORD, Some(value)), "{value}");
            assert_eq!(passwords.rehash(&mut permit, PASSWORD, value).unwrap(), None);
        }
        assert!(!passwords.verify(&mut permit, PASSWORD, None));
    }

    #[test]
    fn a_value_of_another_kind_is_renewed_once() {
        let passwords = passwords();
        let mut permit = passwords.permit().unwrap();
        for value in VALUES {
            let renewed = passwords.rehash(&mut permit, PASSWORD, value).unwrap().expect("another value");
            assert!(renewed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{renewed}");
            assert!(passwords.verify(&mut permit, PASSWORD, Some(&renewed)));
            assert_eq!(passwords.rehash(&mut permit, PASSWORD, &renewed).unwrap(), None);
        }
        assert_eq!(passwords.rehash(&mut permit, PASSWORD, LIKE_OURS).unwrap(), None);
    }

    #[test]
    fn a_client_can_bring_in_hashes_of_the_three_old_kinds_only() {
        let passwords = passwords();
        let mut permit = passwords.permit().unwrap();
        for value in VALUES.into_iter().chain([LIKE_OURS]) {
            let stored = passwords.first(value).unwrap().hash;
            let is_taken = ["{SSHA}", "{SSHA512}", "{SMD5}"].iter().any(|kind| value.starts_with(kind));
            assert_eq!(stored == value, is_taken, "{value}");
            // Everything else is a password, whatever it looks like.
            assert_eq!(passwords.verify(&mut permit, value, Some(&stored)), !is_taken, "{value}");
        }
        for value in ["{SSHA}awc/", "{SSHA}awc/Cj0kafyFd5d8fGn07xoHBJI=", "{SMD5}!"] {
            assert!(passwords.first(value).unwrap().hash.starts_with("$argon2id$"), "{value}");
        }
    }

    #[test]
    fn a_refusal_is_held_back_by_what_the_slowest_kind_takes_longer() {
        let passwords = passwords();
        let mut permit = passwords.permit().unwrap();
        let mut timing_pad = |value: Option<&str>| {
            permit.extra = Duration::ZERO;
            passwords.verify(&mut permit, "wrong", value);
            (permit.extra, permit.timing_pad())
        };
        // The quick kinds, ours, and nobody's take the same time without any help.
        for value in [None, Some(LIKE_OURS), Some(VALUES[0]), Some(VALUES[9])] {
            assert_eq!(timing_pad(value), (Duration::ZERO, Duration::ZERO));
        }
        let (extra, lag_of_slow) =
            timing_pad(Some("{CRYPT}$2b$10$CCCCCCCCCCCCCCCCCCCCC.WrAwgFxicHZ3kL7zMvXYXHKosDn8ot2"));
        assert!(extra > Duration::ZERO);
        assert_eq!(lag_of_slow, Duration::ZERO);
        for value in [None, Some(LIKE_OURS), Some(VALUES[0])] {
            assert_eq!(timing_pad(value), (Duration::ZERO, extra.min(TIMING_PAD_MAX)));
        }
        let (extra_of_quicker, rest) =
            timing_pad(Some("{CRYPT}$2b$04$CCCCCCCCCCCCCCCCCCCCC.WrAwgFxicHZ3kL7zMvXYXHKosDn8ot2"));
        assert_eq!(rest, extra.min(TIMING_PAD_MAX).saturating_sub(extra_of_quicker));
    }

    #[test]
    fn the_slow_kinds_are_measured_before_the_first_check_and_again_when_there_are_others() {
        let passwords = passwords();
        let mut permit = passwords.permit().unwrap();
        let hashes = |values: &[&str]| Ok(values.iter().map(|value| (*value).to_owned()).collect());
        let cost = |cost: &str| format!("{{CRYPT}}$2b${cost}$CCCCCCCCCCCCCCCCCCCCC.WrAwgFxicHZ3kL7zMvXYXHKosDn8ot2");
        passwords.calibrate(&mut permit, 1, || hashes(&[&cost("04")])).unwrap();
        let first = permit.timing_pad();
        assert!(first > Duration::ZERO);
        // Nothing has changed: nothing is read.
        passwords.calibrate(&mut permit, 1, || panic!("in the same state")).unwrap();
        passwords.calibrate(&mut permit, 2, || hashes(&[&cost("04"), &cost("09")])).unwrap();
        assert!(permit.timing_pad() > first);
        // Of each computation only the dearest is measured, once.
        passwords.calibrate(&mut permit, 3, || hashes(&[&cost("05"), &cost("08"), VALUES[0], VALUES[25]])).unwrap();
        assert_eq!(locked(&passwords.measured).costs, HashMap::from([("2", 1 << 9), ("pbkdf2-sha256", 1000)]));
        // A value that cannot be checked takes no time.
        passwords.calibrate(&mut permit, 4, || hashes(&["{CRYPT}$2b$99$nothing"])).unwrap();
    }

    #[test]
    fn memory_beyond_the_usual_is_given_back() {
        let passwords = passwords();
        let mut permit = passwords.permit().unwrap();
        assert!(passwords.verify(&mut permit, PASSWORD, Some(VALUES[23])));
        assert!(permit.memory.capacity() <= Params::default().block_count());
    }

    #[test]
    fn values_that_take_much_memory_are_checked_one_at_a_time() {
        let passwords = passwords();
        let turn = locked(&passwords.large);
        std::thread::scope(|scope| {
            let large = scope.spawn(|| {
                let mut permit = passwords.permit().unwrap();
                (passwords.verify(&mut permit, PASSWORD, Some(VALUES[23])), permit.waited)
            });
            // Others go on meanwhile.
            let computed = scope.spawn(|| argon2_hash_of(&passwords)).join().unwrap();
            assert!(computed.starts_with("$argon2id$"));
            std::thread::sleep(Duration::from_millis(100));
            assert!(!large.is_finished());
            drop(turn);
            let (right, waited) = large.join().unwrap();
            assert!(right && waited > Duration::ZERO);
        });
    }

    fn argon2_hash_of(passwords: &Passwords) -> String {
        HashPermit { memory: Vec::new(), kept: 0, extra: Duration::ZERO, waited: Duration::ZERO, home: passwords }
            .hash(PASSWORD)
            .unwrap()
    }
}
