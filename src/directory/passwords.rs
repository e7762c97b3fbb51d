//! How a password is stored and checked.

use crate::lock::locked;
use crate::model::{Error, Result};

use anyhow::anyhow;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, Engine as _};
use md5::Md5;
use regex_lite::Regex;
use sha1::Sha1;
use sha2::{Digest, Sha512};
use std::sync::{Condvar, Mutex, PoisonError};
use subtle::ConstantTimeEq as _;

/// Longest password, in bytes: hashing costs what the text is long.
const PASSWORD_BYTES_MAX: usize = 4096;
/// A valid hash that belongs to nobody: checking against it costs what checking a real one costs.
const NOBODYS_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlz$Zm9yIGEgdXNlciB0aGF0IGRvZXMgbm90IGV4aXN0IGF0IGE";

/// Callers who may wait for a computation; one more is told to try again. A computation takes some 20 ms.
const WAITING_MAX: usize = 256;

struct Slots {
    free: Vec<Vec<Block>>,
    waiting: usize,
}

/// Hashes and checks passwords, a bounded number at a time: each takes 19 MiB and a processor for a while.
pub struct Passwords {
    /// The memory of each computation that may run, kept: freed and allocated again for each, blocks of this
    /// size and alignment leave holes that the C library does not fill, and the process grows without end.
    slots: Mutex<Slots>,
    freed: Condvar,
    pattern: Option<Regex>,
    required: bool,
}

impl Passwords {
    /// `pattern` is what a new password has to match somewhere; `required` refuses new users without one.
    pub fn new(pattern: Option<Regex>, required: bool) -> Passwords {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let slots = Mutex::new(Slots { free: vec![Vec::new(); processors], waiting: 0 });
        Passwords { slots, freed: Condvar::new(), pattern, required }
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
        if Imported::parse(password).is_some() {
            return Ok(password.to_owned());
        }
        if self.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(password)) {
            return refused();
        }
        self.hash(password)
    }

    /// What to store for a password that comes from another directory: a value that this one can check is taken as it
    /// is, and one in clear is protected.
    ///
    /// # Errors
    /// Those of [`Passwords::protect`].
    pub(super) fn take_over(&self, password: &str) -> Result<String> {
        if is_stored_value(password) { Ok(password.to_owned()) } else { self.protect(password) }
    }

    fn hash(&self, password: &str) -> Result<String> {
        self.slot()?.hash(password)
    }

    /// Whether this is the password behind the stored value. Without a stored value the answer is no, and
    /// takes as long.
    pub(super) fn verify(&self, slot: &mut Slot<'_>, password: &str, stored: Option<&str>) -> bool {
        if password.len() > PASSWORD_BYTES_MAX {
            return false;
        }
        let imported = stored.and_then(Imported::parse);
        // Where there is nothing to compute, and where it is a cheap hash, it takes as long all the same.
        let hash = stored.filter(|_| imported.is_none()).unwrap_or(NOBODYS_HASH);
        let right = PasswordHash::new(hash).is_ok_and(|hash| slot.verify(password, &hash));
        match imported {
            Some(imported) => imported.matches(password),
            None => right && stored.is_some(),
        }
    }

    /// An argon2id hash in place of a stored value of another kind; `None` when it is one already.
    pub(super) fn renew(&self, slot: &mut Slot<'_>, password: &str, stored: &str) -> Result<Option<String>> {
        if Imported::parse(stored).is_none() {
            return Ok(None);
        }
        slot.hash(password).map(Some)
    }

    /// 32 bytes that only who knows the password can compute again.
    pub(super) fn derive(&self, password: &str, salt: &[u8]) -> Result<[u8; 32]> {
        let mut bytes = [0; 32];
        self.slot()?.argon2id(Params::default(), password, salt, &mut bytes).map_err(hash_failure)?;
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
        Ok(Slot { memory, home: self })
    }
}

/// The right to compute, with the memory for it; given back when dropped.
pub(super) struct Slot<'p> {
    memory: Vec<Block>,
    home: &'p Passwords,
}

impl Slot<'_> {
    fn hash(&mut self, password: &str) -> Result<String> {
        let (mut salt, mut out) = ([0; 16], [0; 32]);
        getrandom::fill(&mut salt).map_err(|error| Error::Internal(anyhow!("get random numbers: {error}")))?;
        let params = Params::default();
        self.argon2id(params.clone(), password, &salt, &mut out).map_err(hash_failure)?;
        Ok(format!(
            "$argon2id$v=19$m={},t={},p={}${}${}",
            params.m_cost(),
            params.t_cost(),
            params.p_cost(),
            BASE64_STANDARD_NO_PAD.encode(salt),
            BASE64_STANDARD_NO_PAD.encode(out)
        ))
    }

    fn verify(&mut self, password: &str, hash: &PasswordHash) -> bool {
        let (Some(salt), Some(expected), Ok(params)) = (&hash.salt, &hash.hash, Params::try_from(hash)) else {
            return false;
        };
        let mut out = vec![0; expected.len()];
        self.argon2id(params, password, salt, &mut out).is_ok() && bool::from(out.ct_eq(expected.as_bytes()))
    }

    fn argon2id(&mut self, params: Params, password: &str, salt: &[u8], out: &mut [u8]) -> argon2::Result<()> {
        self.memory.resize(params.block_count(), Block::default());
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into_with_memory(
            password.as_bytes(),
            salt,
            out,
            &mut self.memory,
        )
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
    let usable = |hash: PasswordHash| hash.salt.is_some() && hash.hash.is_some() && Params::try_from(&hash).is_ok();
    Imported::parse(stored).is_some() || PasswordHash::new(stored).is_ok_and(usable)
}

fn hash_failure(error: argon2::Error) -> Error {
    Error::Internal(anyhow!("hash a password: {error}"))
}

/// A salted hash as other directories keep it: Base64 of digest and salt behind the name of the digest.
enum Imported {
    Sha1(Vec<u8>),
    Sha512(Vec<u8>),
    Md5(Vec<u8>),
}

impl Imported {
    fn parse(stored: &str) -> Option<Imported> {
        let (kind, value) = stored.strip_prefix('{')?.split_once('}')?;
        let bytes = BASE64_STANDARD.decode(value).ok()?;
        match kind {
            "SSHA" if bytes.len() > 20 => Some(Imported::Sha1(bytes)),
            "SSHA512" if bytes.len() > 64 => Some(Imported::Sha512(bytes)),
            "SMD5" if bytes.len() > 16 => Some(Imported::Md5(bytes)),
            _ => None,
        }
    }

    fn matches(&self, password: &str) -> bool {
        fn salted<D: Digest>(password: &str, bytes: &[u8]) -> bool {
            let (digest, salt) = bytes.split_at(<D as Digest>::output_size());
            let computed = D::new().chain_update(password).chain_update(salt).finalize();
            computed.as_slice().ct_eq(digest).into()
        }
        match self {
            Imported::Sha1(bytes) => salted::<Sha1>(password, bytes),
            Imported::Sha512(bytes) => salted::<Sha512>(password, bytes),
            Imported::Md5(bytes) => salted::<Md5>(password, bytes),
        }
    }
}
