//! Secrets of keys, tokens and sessions: how they are made, and their digests.

use crate::model::{Error, Result};
use anyhow::anyhow;
use sha2::Digest as _;
use sha2::Sha256;

/// The digest of a secret. Only digests are stored.
pub fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// A new secret of 256 random bits, as 64 hexadecimal digits.
///
/// # Errors
/// `Internal` when the operating system gives no random numbers.
pub fn new_secret() -> Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| Error::Internal(anyhow!("get random numbers: {error}")))?;
    Ok(hex(&bytes))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
