//! PBKDF2 values (RFC 8018) of other directories.

use super::fault::Fault;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, Engine as _};
use base64::prelude::BASE64_STANDARD_NO_PAD;
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use std::fmt;
use subtle::ConstantTimeEq as _;

/// The most work of a value: iterations times blocks of the digest.
const WORK_MAX: u64 = 1_500_000;
/// The longest salt, in bytes.
const SALT_BYTES_MAX: usize = 1024;
/// The shortest and the longest hash, in bytes. A shorter one would be met by wrong passwords.
const HASH_BYTES: std::ops::RangeInclusive<usize> = 16..=512;
/// Some programs write the padding, and others do not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A value that was made by PBKDF2. As text it has the PHC form, which is stored.
pub(super) struct Pbkdf2Value {
    digest: Digest,
    iterations: u32,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

/// The digest that HMAC uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Digest {
    Sha1,
    Sha256,
    Sha512,
}

impl Digest {
    /// The bytes of a block.
    fn size(self) -> usize {
        match self {
            Digest::Sha1 => 20,
            Digest::Sha256 => 32,
            Digest::Sha512 => 64,
        }
    }

    /// The name of the value in front of its parameters.
    fn name(self) -> &'static str {
        match self {
            Digest::Sha1 => "pbkdf2",
            Digest::Sha256 => "pbkdf2-sha256",
            Digest::Sha512 => "pbkdf2-sha512",
        }
    }

    fn named(name: &str) -> Option<Digest> {
        Some(match name {
            "pbkdf2" | "pbkdf2-sha1" => Digest::Sha1,
            "pbkdf2-sha256" => Digest::Sha256,
            "pbkdf2-sha512" => Digest::Sha512,
            _ => return None,
        })
    }
}

impl Pbkdf2Value {
    /// Reads the value behind a scheme in braces: `iterations$salt$hash`, as OpenLDAP, passlib and 389 Directory Server
    /// write it, or the binary form of older versions of the latter.
    pub(super) fn with_scheme(scheme: &str, value: &str) -> Result<Pbkdf2Value, Fault> {
        let scheme = scheme.to_ascii_lowercase();
        if scheme == "pbkdf2_sha256" {
            return Pbkdf2Value::binary(value);
        }
        let digest = Digest::named(&scheme).ok_or(Fault::Unreadable)?;
        let (iterations, rest) = value.split_once('$').ok_or(Fault::Unreadable)?;
        Pbkdf2Value::whole_digest(digest, iterations, rest)
    }

    /// Reads a value that begins with `$`: the PHC form `$pbkdf2-sha256$i=29000,l=32$salt$hash`, or that of passlib,
    /// `$pbkdf2-sha256$29000$salt$hash`.
    pub(super) fn modular(value: &str) -> Result<Pbkdf2Value, Fault> {
        let value = value.strip_prefix('$').ok_or(Fault::Unreadable)?;
        let (name, rest) = value.split_once('$').ok_or(Fault::Unreadable)?;
        let digest = Digest::named(name).ok_or(Fault::Unreadable)?;
        let (parameters, rest) = rest.split_once('$').ok_or(Fault::Unreadable)?;
        let Some(parameters) = parameters.strip_prefix("i=") else {
            return Pbkdf2Value::whole_digest(digest, parameters, rest);
        };
        let (iterations, length) = match parameters.split_once(",l=") {
            Some((iterations, length)) => (iterations, Some(length)),
            None => (parameters, None),
        };
        let value = Pbkdf2Value::checked(digest, number(iterations)?, rest)?;
        match length.map(number).transpose()? {
            Some(length) if usize::try_from(length) != Ok(value.hash.len()) => Err(Fault::Unreadable),
            Some(_) | None => Ok(value),
        }
    }

    /// A value of a program that stores one whole digest. Elasticsearch has the same form with another digest and a
    /// shorter hash, and no password would match.
    fn whole_digest(digest: Digest, iterations: &str, rest: &str) -> Result<Pbkdf2Value, Fault> {
        let value = Pbkdf2Value::checked(digest, number(iterations)?, rest)?;
        if value.hash.len() == digest.size() { Ok(value) } else { Err(Fault::Unreadable) }
    }

    /// 389 Directory Server, `{PBKDF2_SHA256}`: 4 bytes of iterations, big-endian, 64 bytes of salt, 256 bytes of hash.
    fn binary(value: &str) -> Result<Pbkdf2Value, Fault> {
        let bytes = BASE64.decode(value).map_err(|_| Fault::Unreadable)?;
        let (iterations, rest) = bytes.split_first_chunk().ok_or(Fault::Unreadable)?;
        let (salt, hash) = rest.split_at_checked(64).filter(|(_, hash)| hash.len() == 256).ok_or(Fault::Unreadable)?;
        let iterations = u32::from_be_bytes(*iterations);
        Pbkdf2Value { digest: Digest::Sha256, iterations, salt: salt.to_vec(), hash: hash.to_vec() }.within_bounds()
    }

    /// A value with salt and hash in Base64, also with `.` in place of `+`.
    fn checked(digest: Digest, iterations: u32, salt_and_hash: &str) -> Result<Pbkdf2Value, Fault> {
        let decode = |text: &str| BASE64.decode(text.replace('.', "+")).map_err(|_| Fault::Unreadable);
        let (salt, hash) = salt_and_hash.split_once('$').ok_or(Fault::Unreadable)?;
        Pbkdf2Value { digest, iterations, salt: decode(salt)?, hash: decode(hash)? }.within_bounds()
    }

    fn within_bounds(self) -> Result<Pbkdf2Value, Fault> {
        if self.iterations == 0 || self.salt.len() > SALT_BYTES_MAX || !HASH_BYTES.contains(&self.hash.len()) {
            return Err(Fault::Unreadable);
        }
        if self.work() > WORK_MAX { Err(Fault::TooCostly) } else { Ok(self) }
    }

    /// The name of the digest, and how much is computed: iterations times blocks.
    pub(super) fn cost(&self) -> (&'static str, u64) {
        (self.digest.name(), self.work())
    }

    fn work(&self) -> u64 {
        let blocks = self.hash.len().div_ceil(self.digest.size());
        u64::from(self.iterations).saturating_mul(blocks as u64)
    }

    /// True if this is the password.
    pub(super) fn matches(&self, password: &str) -> bool {
        let (password, mut computed) = (password.as_bytes(), vec![0; self.hash.len()]);
        match self.digest {
            Digest::Sha1 => pbkdf2_hmac::<Sha1>(password, &self.salt, self.iterations, &mut computed),
            Digest::Sha256 => pbkdf2_hmac::<Sha256>(password, &self.salt, self.iterations, &mut computed),
            Digest::Sha512 => pbkdf2_hmac::<Sha512>(password, &self.salt, self.iterations, &mut computed),
        }
        computed.ct_eq(&self.hash).into()
    }
}

impl fmt::Display for Pbkdf2Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encode = |bytes: &[u8]| BASE64_STANDARD_NO_PAD.encode(bytes);
        let (name, iterations, length) = (self.digest.name(), self.iterations, self.hash.len());
        write!(f, "${name}$i={iterations},l={length}${}${}", encode(&self.salt), encode(&self.hash))
    }
}

/// A decimal number. A number that is too large for the type stands for too much work.
fn number(text: &str) -> Result<u32, Fault> {
    if text.is_empty() || !text.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(Fault::Unreadable);
    }
    text.parse().map_err(|_| Fault::TooCostly)
}
