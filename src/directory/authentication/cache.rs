//! Caches of passwords, keys and tokens that were checked.

use super::authenticator::Authenticator;
use crate::cache::{Cache, Owner};
use crate::model::{Caller, KeyKind, spelling_key};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::time::{Duration, Instant};

/// How long a checked password is remembered.
pub(super) const PASSWORD_CACHED_FOR: Duration = Duration::from_secs(300);

/// Checked passwords that are remembered, in bytes: some 13,000 of them.
const PASSWORDS_BYTES_MAX: usize = 8 << 20;

/// Keys and tokens that are remembered, in bytes: some 17,000 of them.
const CREDENTIALS_BYTES_MAX: usize = 8 << 20;

/// A user name and a password, in the form in which they are remembered.
pub(super) struct LoginFingerprint {
    /// The key of the name.
    pub(super) name: String,
    /// A digest of both.
    pub(super) proof: [u8; 32],
}

/// A password that was right.
#[derive(Clone)]
pub(super) struct CachedPassword {
    /// See [`LoginFingerprint::proof`].
    pub(super) proof: [u8; 32],
    pub(super) caller: Caller,
    /// The number of the password.
    pub(super) number: i64,
    pub(super) until: Instant,
}

/// A key or token that was found.
#[derive(Clone)]
pub(super) struct CachedCredential {
    pub(super) caller: Caller,
    pub(super) kind: Option<KeyKind>,
    pub(super) last_used_at: i64,
}

/// An empty cache of passwords, by the key of the user's name.
pub(super) fn password_cache() -> Cache<String, CachedPassword> {
    Cache::new(PASSWORDS_BYTES_MAX)
}

/// An empty cache of keys and tokens, by the digest of the secret.
pub(super) fn credential_cache() -> Cache<[u8; 32], CachedCredential> {
    Cache::new(CREDENTIALS_BYTES_MAX)
}

impl Authenticator {
    /// What is remembered of a user whose password was this one not long ago.
    pub(super) fn cached_password(&self, outside: u64, fingerprint: &LoginFingerprint) -> Option<CachedPassword> {
        let known = |entry: &CachedPassword| {
            (entry.proof == fingerprint.proof && entry.until > Instant::now()).then(|| entry.clone())
        };
        self.cached_passwords.look(outside, &fingerprint.name, known).flatten()
    }

    /// `outside` was taken before the password was looked at: another program can change it without counting that.
    pub(super) fn cache_password(&self, outside: u64, name: String, entry: CachedPassword) {
        let bytes = name.capacity() + entry.caller.name.len();
        self.cached_passwords.insert(outside, Owner::PROGRAM, name, entry, bytes);
    }

    /// The form in which a user name and a password are remembered.
    pub(super) fn fingerprint(&self, username: &str, password: &str) -> LoginFingerprint {
        // Of two users whose names look the same, one must not come in by what is remembered of the other.
        let name = spelling_key(username);
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.pepper).expect("a MAC takes a key of any length");
        mac.update(&name.len().to_be_bytes());
        mac.update(name.as_bytes());
        mac.update(password.as_bytes());
        LoginFingerprint { proof: mac.finalize().into_bytes().into(), name }
    }
}
