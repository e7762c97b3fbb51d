//! Caches of passwords, keys and tokens that were checked.

use crate::cache::Cache;
use crate::model::{Caller, KeyKind};
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
