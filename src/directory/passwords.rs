//! How a password is stored and checked.

use crate::model::{Error, Result};
use crate::store::locked;
use anyhow::anyhow;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use base64::prelude::{BASE64_STANDARD, Engine as _};
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

/// Hashes and checks passwords, a bounded number at a time: each takes 19 MiB and a processor for a while.
pub struct Passwords {
    free: Mutex<usize>,
    freed: Condvar,
    pattern: Option<Regex>,
    required: bool,
}

impl Passwords {
    /// `pattern` is what a new password has to match somewhere; `required` refuses new users without one.
    pub fn new(pattern: Option<Regex>, required: bool) -> Passwords {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Passwords { free: Mutex::new(processors), freed: Condvar::new(), pattern, required }
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
        if Imported::parse(password).is_some() {
            return Ok(password.to_owned());
        }
        if password.len() > PASSWORD_BYTES_MAX || self.pattern.as_ref().is_some_and(|p| !p.is_match(password)) {
            return Err(Error::Invalid("The password doesn't meet requirements".to_owned()));
        }
        self.hash(password)
    }

    fn hash(&self, password: &str) -> Result<String> {
        let _slot = self.slot();
        Ok(Argon2::default().hash_password(password.as_bytes()).map_err(hash_failure)?.to_string())
    }

    /// Whether this is the password behind the stored value. Without a stored value the answer is no, and
    /// takes as long.
    pub(super) fn verify(&self, password: &str, stored: Option<&str>) -> bool {
        if password.len() > PASSWORD_BYTES_MAX {
            return false;
        }
        if let Some(imported) = stored.and_then(Imported::parse) {
            return imported.matches(password);
        }
        let Ok(hash) = PasswordHash::new(stored.unwrap_or(NOBODYS_HASH)) else { return false };
        Argon2::default().verify_password(password.as_bytes(), &hash).is_ok() && stored.is_some()
    }

    /// An argon2id hash in place of a stored value of another kind; `None` when it is one already.
    pub(super) fn renew(&self, password: &str, stored: &str) -> Result<Option<String>> {
        if Imported::parse(stored).is_none() {
            return Ok(None);
        }
        Ok(Some(Argon2::default().hash_password(password.as_bytes()).map_err(hash_failure)?.to_string()))
    }

    /// 32 bytes that only who knows the password can compute again.
    pub(super) fn derive(&self, password: &str, salt: &[u8]) -> Result<[u8; 32]> {
        let _slot = self.slot();
        let mut bytes = [0; 32];
        Argon2::default()
            .hash_password_into(password.as_bytes(), salt, &mut bytes)
            .map_err(|error| Error::Internal(anyhow!("derive from a password: {error}")))?;
        Ok(bytes)
    }

    /// Waits until one more may compute.
    pub(super) fn slot(&self) -> Slot<'_> {
        let mut free = locked(&self.free);
        while *free == 0 {
            free = self.freed.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
        Slot(self)
    }
}

/// The right to compute, given back when dropped.
pub(super) struct Slot<'p>(&'p Passwords);

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        *locked(&self.0.free) += 1;
        self.0.freed.notify_one();
    }
}

fn hash_failure(error: argon2::password_hash::Error) -> Error {
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
