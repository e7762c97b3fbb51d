//! Hashes passwords, and checks them.

use super::hash_permit::{HashPermit, PermitPool, hash_failure};
use super::password_hash::{Argon2Value, Foreign, ImportedPassword, classify_password};
use crate::cache::Held;
use crate::directory::secrets::digest;
use crate::metrics::Exposition;
use crate::model::{Error, NewPassword, Result};
use crate::store::LoginRow;
use crate::sync::locked;
use argon2::{Argon2, Block, Params};
use regex_lite::Regex;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

/// The answer to a password that the pattern does not match.
pub const PASSWORD_REFUSED: &str = "The password doesn't meet requirements";

/// Longest password, in bytes: hashing costs what the text is long.
const PASSWORD_BYTES_MAX: usize = 4096;

/// A valid hash of no user. A check against it takes as long as one against the hash of a user.
const DUMMY_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlz$Zm9yIGEgdXNlciB0aGF0IGRvZXMgbm90IGV4aXN0IGF0IGE";

/// A password as it was given.
pub(in crate::directory) enum PasswordInput<'p> {
    /// A text.
    Plain(&'p str),
    /// A hash of another system that a password can be checked against.
    Hash(String),
}

/// Measurements of hashes that come from other directories.
#[derive(Default)]
pub(super) struct Measured {
    /// The generation of the database in which they were looked for last.
    pub(super) generation: Option<u64>,
    /// The highest cost of each computation.
    pub(super) costs: HashMap<&'static str, u64>,
}

/// Hashes and checks passwords, a bounded number at a time: each takes 19 MiB and a processor for a while. An argon2
/// value of another directory takes up to 128 MiB until it is renewed; those that take more than 19 MiB are checked one
/// at a time.
pub struct Passwords {
    pub(super) pool: PermitPool,
    /// Values of other directories whose time was taken, see [`Passwords::calibrate`].
    pub(super) measured: Mutex<Measured>,
    pub(super) pattern: Option<Regex>,
    pub(super) required: bool,
}

impl Passwords {
    /// `pattern` is what a new password has to match somewhere; `required` refuses new users without one.
    pub fn new(pattern: Option<Regex>, required: bool) -> Passwords {
        Passwords { pool: PermitPool::new(), measured: Mutex::default(), pattern, required }
    }

    /// True if a new user needs a password.
    pub fn required(&self) -> bool {
        self.required
    }

    /// Hashes the first password of a new directory.
    ///
    /// # Errors
    /// Those of [`Passwords::hash_for_storage`].
    pub fn first(&self, password: &str) -> Result<NewPassword> {
        let given = if self.is_hash(password) {
            PasswordInput::Hash(password.to_owned())
        } else {
            PasswordInput::Plain(password)
        };
        let prepared = self.prepare(given, None)?.expect("any password of a new user is a change");
        // The next password may be checked much later.
        self.release_memory(Duration::ZERO);
        Ok(prepared)
    }

    /// Gives the working memory back to the system that no computation has used for that time.
    pub(crate) fn release_memory(&self, unused_for: Duration) {
        self.pool.release_memory(unused_for);
    }

    /// True if a client that sends this means a hash: a salted one of the kinds that other directories of that time keep
    /// (`{SSHA}`, `{SSHA512}`, `{SMD5}`). No further kinds, ever: what looks like one of them may be a password.
    pub(in crate::directory) fn is_hash(&self, password: &str) -> bool {
        let starts = ["{SSHA}", "{SSHA512}", "{SMD5}"].iter().any(|kind| password.starts_with(kind));
        starts && Foreign::parse(password).is_some()
    }

    /// Classifies an imported value: a hash that can be checked here, or a password.
    ///
    /// # Errors
    /// `Invalid` for a hash of a kind that nothing here can check.
    pub(in crate::directory) fn hash_or_plain<'p>(&self, password: &'p str) -> Result<PasswordInput<'p>> {
        match classify_password(password) {
            ImportedPassword::Hash(value) => Ok(PasswordInput::Hash(value)),
            ImportedPassword::Plain => Ok(PasswordInput::Plain(password)),
            ImportedPassword::Unknown(kind) => {
                Err(Error::Invalid(format!("nothing here can check a password of the kind {kind}")))
            }
        }
    }

    /// Hashes a given password for storage; `None` if it is the present one.
    ///
    /// # Errors
    /// `Invalid` for a password in clear that does not match the configured pattern, or is longer than 4096 bytes.
    pub(in crate::directory) fn prepare(
        &self,
        given: PasswordInput<'_>,
        present: Option<&LoginRow>,
    ) -> Result<Option<NewPassword>> {
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
                let hash = self.hash_for_storage(password)?;
                Ok(Some(NewPassword { hash, imported: None, keeps_tokens: false }))
            }
        }
    }

    /// An argon2id hash (RFC 9106) of a password, as a PHC string.
    ///
    /// # Errors
    /// `Invalid` when the password does not match the configured pattern, or is longer than 4096 bytes.
    fn hash_for_storage(&self, password: &str) -> Result<String> {
        let matches = self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(password));
        if password.len() > PASSWORD_BYTES_MAX || !matches {
            return Err(Error::Invalid(PASSWORD_REFUSED.to_owned()));
        }
        self.hash(password)
    }

    fn hash(&self, password: &str) -> Result<String> {
        self.permit()?.hash(password)
    }

    /// True if this is the password behind the stored value. Without a stored value the answer is no, and
    /// takes as long; where values of other directories take longer, [`HashPermit::refuse`] makes up for it.
    pub(in crate::directory) fn verify(
        &self,
        permit: &mut HashPermit<'_>,
        password: &str,
        stored: Option<&str>,
    ) -> bool {
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
    pub(in crate::directory) fn calibrate(
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
    pub(in crate::directory) fn rehash(
        &self,
        permit: &mut HashPermit<'_>,
        password: &str,
        stored: &str,
    ) -> Result<Option<String>> {
        match Foreign::parse(stored) {
            Some(Foreign::Argon2(value)) if value.is_ours() => Ok(None),
            Some(_) => permit.hash(password).map(Some),
            None => Ok(None),
        }
    }

    /// 32 bytes that only who knows the password can compute again.
    pub(in crate::directory) fn derive(&self, password: &str, salt: &[u8]) -> Result<[u8; 32]> {
        let mut bytes = [0; 32];
        self.permit()?.argon2(&Argon2::default(), password, salt, &mut bytes).map_err(hash_failure)?;
        Ok(bytes)
    }

    /// Waits until one more computation may run.
    ///
    /// # Errors
    /// `Unavailable` when too many callers wait already.
    pub(in crate::directory) fn permit(&self) -> Result<HashPermit<'_>> {
        self.pool.permit()
    }

    /// Adds the memory that is kept to the metrics.
    pub(in crate::directory) fn collect_metrics(&self, exposition: &mut Exposition) {
        let blocks = self.pool.blocks();
        let (block, usual) = (size_of::<Block>(), Params::default().block_count());
        let entries = blocks.div_ceil(usual);
        let held = Held { bytes: blocks * block, limit: self.pool.count * usual * block, entries, evicted: 0 };
        held.collect_metrics(exposition, "password_memory");
    }
}

/// True if this is a value that a password can be checked against.
pub(in crate::directory) fn is_stored_value(stored: &str) -> bool {
    Foreign::parse(stored).is_some()
}

#[cfg(test)]
mod tests;
