//! Password values as other directories keep them: which of them a password can be checked against, and how.
//!
//! The parameters in a value decide the cost of a check, and the source of the value chooses them: so each has a bound,
//! which keeps a check below about a second and 128 MiB.

use super::fault::Fault;
use super::password_shape::{kind_of, scheme};
use super::pbkdf2::Pbkdf2Value;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Params, Version};
use base64::alphabet::BCRYPT;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use md5::Md5;
use sha_crypt::{PasswordVerifier as _, ShaCrypt};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq as _;

/// The most memory of an argon2 value, in KiB.
const ARGON2_KIB_MAX: u32 = 128 << 10;
/// The most work of an argon2 value: memory in KiB times passes.
const ARGON2_WORK_MAX: u64 = 1 << 20;
/// The most rounds of SHA-256 and SHA-512 crypt values.
const ROUNDS_MAX: u32 = 1_000_000;
/// The longest password that is checked against these, in bytes: each round costs what it is long, and crypt(3) takes
/// no longer one.
const CRYPT_PASSWORD_BYTES_MAX: usize = 511;
/// The highest cost of a bcrypt value.
const BCRYPT_COST_MAX: u32 = 14;
/// The password bytes that bcrypt looks at.
const BCRYPT_PASSWORD_BYTES: usize = 72;
/// Some programs leave bits of the salt set that stand for nothing.
const BCRYPT_BASE64: GeneralPurpose = GeneralPurpose::new(&BCRYPT, NO_PAD.with_decode_allow_trailing_bits(true));

/// The use of a password value that comes from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportedPassword {
    /// It is a hash that a password can be checked against. This form of it is to be stored.
    Hash(String),
    /// It is a password.
    Plain,
    /// No password can be checked against it: it is a hash of a kind that is not known here, or broken, or too costly,
    /// or a marker. The text names its kind and contains no part of a password.
    Unknown(String),
}

/// Tells the use of a password value that an operator brings in. Hashes are taken in many more kinds than from clients,
/// who send passwords, and a password may look like anything. White space around a hash does not matter.
pub fn classify_password(value: &str) -> ImportedPassword {
    let trimmed = value.trim();
    let kind = || kind_of(trimmed);
    if is_hex_in_place_of_base64(trimmed) {
        return kind().map_or(ImportedPassword::Plain, ImportedPassword::Unknown);
    }
    let stored = stored_form(trimmed);
    match Foreign::read(&stored) {
        Ok(Foreign::Pbkdf2(value)) => ImportedPassword::Hash(value.to_string()),
        Ok(_) => ImportedPassword::Hash(stored),
        Err(Fault::TooCostly) => {
            ImportedPassword::Unknown(format!("{} at a cost beyond the limit", kind().unwrap_or_default()))
        }
        Err(Fault::Unreadable) => kind().map_or(ImportedPassword::Plain, ImportedPassword::Unknown),
    }
}

/// A value in the form that is stored: other programs have further names for the kinds of crypt(3) and for argon2.
fn stored_form(value: &str) -> String {
    const BCRYPT: [&str; 3] = ["$2a$", "$2b$", "$2y$"];
    let begins = |value: &str, kinds: &[&str]| kinds.iter().any(|kind| value.starts_with(kind));
    if begins(value, &BCRYPT) || begins(value, &["$5$", "$6$"]) {
        return format!("{{CRYPT}}{value}");
    }
    let Some((scheme, hash)) = scheme(value) else { return value.to_owned() };
    match scheme.to_ascii_uppercase().as_str() {
        "BLF-CRYPT" | "BCRYPT" if begins(hash, &BCRYPT) => format!("{{CRYPT}}{hash}"),
        "SHA256-CRYPT" if hash.starts_with("$5$") => format!("{{CRYPT}}{hash}"),
        "SHA512-CRYPT" if hash.starts_with("$6$") => format!("{{CRYPT}}{hash}"),
        "ARGON2" if hash.starts_with("$argon2") => hash.to_owned(),
        "ARGON2I" if hash.starts_with("$argon2i$") => hash.to_owned(),
        "ARGON2ID" if hash.starts_with("$argon2id$") => hash.to_owned(),
        _ => value.to_owned(),
    }
}

/// True if a digest with salt is in hexadecimal digits, which are valid Base64 of something else.
fn is_hex_in_place_of_base64(value: &str) -> bool {
    scheme(value).is_some_and(|(_, hash)| hash.len() >= 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// A value that a password can be checked against.
pub(super) enum Foreign {
    /// Also the values of this program, see [`Argon2Value::is_ours`].
    Argon2(Argon2Value),
    /// A digest of the password and of what follows the digest.
    Digest(DigestKind, Vec<u8>),
    ShaCrypt {
        /// The name of the kind, parameters, salt and hash, as crypt(3) has them.
        value: String,
        rounds: u32,
    },
    Bcrypt {
        cost: u32,
        salt: [u8; 16],
        hash: [u8; 23],
    },
    Pbkdf2(Pbkdf2Value),
}

/// The input of a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DigestKind {
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Foreign {
    /// `None` for what is no value of a known kind within its bounds.
    pub(super) fn parse(stored: &str) -> Option<Foreign> {
        Foreign::read(stored).ok()
    }

    fn read(stored: &str) -> Result<Foreign, Fault> {
        if stored.starts_with("$pbkdf2") {
            return Pbkdf2Value::modular(stored).map(Foreign::Pbkdf2);
        }
        if stored.starts_with('$') {
            return Argon2Value::read(stored).map(Foreign::Argon2);
        }
        let (scheme, value) = scheme(stored).ok_or(Fault::Unreadable)?;
        let digest = |kind: DigestKind, fits: fn(&usize, &usize) -> bool| {
            let digest = BASE64_STANDARD.decode(value).map_err(|_| Fault::Unreadable)?;
            let is_whole = fits(&digest.len(), &kind.size());
            if is_whole { Ok(Foreign::Digest(kind, digest)) } else { Err(Fault::Unreadable) }
        };
        let plain = |kind| digest(kind, usize::eq);
        let salted = |kind| digest(kind, usize::gt);
        match scheme.to_ascii_uppercase().as_str() {
            "MD5" => plain(DigestKind::Md5),
            "SMD5" => salted(DigestKind::Md5),
            "SHA" => plain(DigestKind::Sha1),
            "SSHA" => salted(DigestKind::Sha1),
            "SHA256" => plain(DigestKind::Sha256),
            "SSHA256" => salted(DigestKind::Sha256),
            "SHA384" => plain(DigestKind::Sha384),
            "SSHA384" => salted(DigestKind::Sha384),
            "SHA512" => plain(DigestKind::Sha512),
            "SSHA512" => salted(DigestKind::Sha512),
            "ARGON2" => Argon2Value::read(value).map(Foreign::Argon2),
            "CRYPT" if value.starts_with("$2") => bcrypt(value),
            "CRYPT" => sha_crypt(value),
            name if name.starts_with("PBKDF2") => Pbkdf2Value::with_scheme(name, value).map(Foreign::Pbkdf2),
            _ => Err(Fault::Unreadable),
        }
    }

    /// The computation and the amount of it, which decide the time of a check. `None` for a digest, which takes no
    /// time that could be noticed.
    pub(super) fn cost(&self) -> Option<(&'static str, u64)> {
        match self {
            Foreign::Digest(..) => None,
            Foreign::Argon2(value) if value.is_large() => Some(("argon2 in much memory", value.work())),
            Foreign::Argon2(value) => Some(("argon2", value.work())),
            Foreign::ShaCrypt { value, rounds } if value.starts_with("$5$") => Some(("5", u64::from(*rounds))),
            Foreign::ShaCrypt { rounds, .. } => Some(("6", u64::from(*rounds))),
            Foreign::Bcrypt { cost, .. } => Some(("2", 1 << cost)),
            Foreign::Pbkdf2(value) => Some(value.cost()),
        }
    }

    /// True if this is the password; never for argon2, which needs memory.
    pub(super) fn matches(&self, password: &str) -> bool {
        fn digest<D: Digest>(password: &str, bytes: &[u8]) -> bool {
            let (digest, salt) = bytes.split_at(<D as Digest>::output_size());
            let computed = D::new().chain_update(password).chain_update(salt).finalize();
            computed.as_slice().ct_eq(digest).into()
        }
        match self {
            Foreign::Argon2(_) => false,
            Foreign::Digest(DigestKind::Md5, bytes) => digest::<Md5>(password, bytes),
            Foreign::Digest(DigestKind::Sha1, bytes) => digest::<Sha1>(password, bytes),
            Foreign::Digest(DigestKind::Sha256, bytes) => digest::<Sha256>(password, bytes),
            Foreign::Digest(DigestKind::Sha384, bytes) => digest::<Sha384>(password, bytes),
            Foreign::Digest(DigestKind::Sha512, bytes) => digest::<Sha512>(password, bytes),
            Foreign::ShaCrypt { value, .. } => {
                password.len() <= CRYPT_PASSWORD_BYTES_MAX
                    && ShaCrypt::default().verify_password(password.as_bytes(), value.as_str()).is_ok()
            }
            Foreign::Bcrypt { cost, salt, hash } => {
                // The text ends in a zero, and what is beyond the limit does not count.
                let mut bytes = password.as_bytes().to_vec();
                bytes.push(0);
                bytes.truncate(BCRYPT_PASSWORD_BYTES);
                bcrypt::bcrypt(*cost, *salt, &bytes)[..hash.len()].ct_eq(hash).into()
            }
            Foreign::Pbkdf2(value) => value.matches(password),
        }
    }
}

impl DigestKind {
    fn size(self) -> usize {
        match self {
            DigestKind::Md5 => 16,
            DigestKind::Sha1 => 20,
            DigestKind::Sha256 => 32,
            DigestKind::Sha384 => 48,
            DigestKind::Sha512 => 64,
        }
    }
}

/// `$6$rounds=5000$salt$hash`, or with 5, or without rounds.
fn sha_crypt(value: &str) -> Result<Foreign, Fault> {
    let (length, rest) = match value.strip_prefix("$5$") {
        Some(rest) => (43, rest),
        None => (86, value.strip_prefix("$6$").ok_or(Fault::Unreadable)?),
    };
    let (rounds, rest) = match rest.strip_prefix("rounds=") {
        Some(rest) => {
            let (rounds, rest) = rest.split_once('$').ok_or(Fault::Unreadable)?;
            (rounds.parse().map_err(|_| Fault::Unreadable)?, rest)
        }
        None => (sha_crypt::Params::RECOMMENDED_ROUNDS, rest),
    };
    let (salt, hash) = rest.split_once('$').ok_or(Fault::Unreadable)?;
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '/'));
    let whole = (1..=16).contains(&salt.len()) && plain(salt) && hash.len() == length && plain(hash);
    if !whole || rounds < sha_crypt::Params::ROUNDS_MIN {
        return Err(Fault::Unreadable);
    }
    if rounds > ROUNDS_MAX { Err(Fault::TooCostly) } else { Ok(Foreign::ShaCrypt { value: value.to_owned(), rounds }) }
}

/// `$2b$12$`, 22 characters of salt and 31 of hash; 2a and 2y are the same, and 2x is what a mistake made.
fn bcrypt(value: &str) -> Result<Foreign, Fault> {
    let parse = || {
        let rest = ["$2a$", "$2b$", "$2y$"].iter().find_map(|kind| value.strip_prefix(kind))?;
        let (cost, rest) = rest.split_once('$')?;
        let plain = cost.len() == 2 && cost.bytes().all(|digit| digit.is_ascii_digit());
        let cost: u32 = cost.parse().ok().filter(|cost| plain && (4..=31).contains(cost))?;
        let (salt, hash) = rest.split_at_checked(22)?;
        let salt = BCRYPT_BASE64.decode(salt).ok()?.try_into().ok()?;
        let hash = BCRYPT_BASE64.decode(hash).ok()?.try_into().ok()?;
        Some((cost, Foreign::Bcrypt { cost, salt, hash }))
    };
    let (cost, value) = parse().ok_or(Fault::Unreadable)?;
    if cost > BCRYPT_COST_MAX { Err(Fault::TooCostly) } else { Ok(value) }
}

/// An argon2 hash.
pub(super) struct Argon2Value {
    pub(super) algorithm: Algorithm,
    pub(super) version: Version,
    pub(super) params: Params,
    pub(super) salt: Vec<u8>,
    pub(super) hash: Vec<u8>,
}

impl Argon2Value {
    /// Reads a PHC string. `None` for what is no argon2 hash within its bounds.
    pub(super) fn parse(text: &str) -> Option<Argon2Value> {
        Argon2Value::read(text).ok()
    }

    fn read(text: &str) -> Result<Argon2Value, Fault> {
        let parse = || {
            let value = PasswordHash::new(text).ok()?;
            let algorithm = Algorithm::try_from(value.algorithm.as_str()).ok()?;
            // Before there were versions, it was this one.
            let version = value.version.map_or(Ok(Version::V0x10), Version::try_from).ok()?;
            let params = Params::try_from(&value).ok()?;
            let (salt, hash) = (value.salt?.to_vec(), value.hash?.as_bytes().to_vec());
            // A key that is not in the value is not here either.
            params.keyid().is_empty().then_some(Argon2Value { algorithm, version, params, salt, hash })
        };
        let value = parse().ok_or(Fault::Unreadable)?;
        let is_dear = value.params.m_cost() > ARGON2_KIB_MAX || value.work() > ARGON2_WORK_MAX;
        if is_dear { Err(Fault::TooCostly) } else { Ok(value) }
    }

    /// Memory in KiB times passes.
    fn work(&self) -> u64 {
        u64::from(self.params.m_cost()) * u64::from(self.params.t_cost())
    }

    /// True if a check takes more memory than one of a value of this program.
    pub(super) fn is_large(&self) -> bool {
        self.params.block_count() > Params::default().block_count()
    }

    /// True if this program makes such values.
    pub(super) fn is_ours(&self) -> bool {
        let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        let same_kind = self.algorithm == Algorithm::Argon2id && self.version == Version::V0x13;
        same_kind && cost(&self.params) == cost(&Params::default()) && self.params.data().is_empty()
    }
}

#[cfg(test)]
pub(super) mod tests;
