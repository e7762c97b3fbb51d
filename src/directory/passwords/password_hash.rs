//! Password values as other directories keep them: which of them a password can be checked against, and how.
//!
//! The parameters in a value decide what a check costs, and whoever brings it in chooses them: so each has a bound,
//! which keeps a check below about a second and 128 MiB.

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

/// The reason for which no password can be checked against a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is broken, or of another kind.
    Unreadable,
    /// Its parameters are beyond the bounds.
    TooCostly,
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

/// Whether a digest with salt is in hexadecimal digits, which are valid Base64 of something else.
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

/// What a digest is of.
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

    /// What decides how long a check takes: the computation, and how much of it. `None` for a digest, which takes no
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

    /// Whether this is the password; never for argon2, which needs memory.
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

    /// Whether a check takes more memory than one of a value of this program.
    pub(super) fn is_large(&self) -> bool {
        self.params.block_count() > Params::default().block_count()
    }

    /// Whether this program makes such values.
    pub(super) fn is_ours(&self) -> bool {
        let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        let same_kind = self.algorithm == Algorithm::Argon2id && self.version == Version::V0x13;
        same_kind && cost(&self.params) == cost(&Params::default()) && self.params.data().is_empty()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// What is behind all values here.
    pub(in super::super) const PASSWORD: &str = "correct horse";

    /// Values that other software has made of it.
    pub(in super::super) const VALUES: [&str; 28] = [
        // Python's hashlib, and base64; where there is salt it is `saltsalt`.
        "{MD5}PLTnMmMfR+brlh80VUt83g==",
        "{SHA}L55TUjtiq8FBorTWAZ0jy6g129A=",
        "{SHA256}QQTTb42iwlQ0n4WDZ5Pr4CngyVcGOjTJHC6SAxh7VjE=",
        "{SHA384}ArIKby67E2Cppg9M+QhXNj7UGcAisSFWfOX5HG45Zk+3j9YCNMSli1v8cUWumDKS",
        "{SHA512}VraY3v7bWkNbY0r+MyC7rz/c2SC2xQOkRvx7endrKY1HnRumqLYXgI6wv1ec6aldZoNHvKtxSQhayTyyeZUZew==",
        "{SMD5}Z/zaJ2M7Khrn3AWg16utq3NhbHRzYWx0",
        "{SSHA}awc/Cj0kafyFd5d8fGn07xoHBJJzYWx0c2FsdA==",
        "{SSHA256}YflVcOMs6k7tbGkQbQNVn6/ehAnUAVltiLPKHBWGi2tzYWx0c2FsdA==",
        "{SSHA384}rPNf5wu9raqOYyrDpEXtTWzU9J8yYxdna88Zv3VPM7t8wAY2Wum1UGOWoZRj523lc2FsdHNhbHQ=",
        "{SSHA512}50rsRNBf8j3I5xE+QwaHdFyMhOzITssZ8BB3UxwQ+SI1JKygYm6ZeRYTDuUyFZIIqDonoTuXwB0Z/MAPhgQCFHNhbHRzYWx0",
        // Names in any case, as OpenLDAP has them.
        "{ssha}awc/Cj0kafyFd5d8fGn07xoHBJJzYWx0c2FsdA==",
        // Python's crypt, that is libxcrypt; those without rounds also `openssl passwd`.
        "{CRYPT}$5$saltstring$vc6YOOogU4kWVvwga8e9zTFgKcy4tb5LaPxIiPJzqEC",
        "{CRYPT}$5$rounds=1400$anotherlongsalts$0KT8xKdzAzHA/GLeLkewBNfWJasAb9.GxP2bbi2wnX1",
        "{CRYPT}$6$saltstring$.r0X7ub5wGR2v4Xz7svCIozfnlorFh19V89t8KC9Umd81uGhFgsyTRNyzQDXDIm17fFcR9z3z7oBNdsyYBbtm/",
        "{Crypt}$6$rounds=10000$roundstoolow$gcONS37NgmZ9rHoll.pTg3NJ25YOPwKE3EI/aiA1caPrhyd152zcTc6EXflmrSKB7/q.PyxyrZLEVLS9IA9nG1",
        "{CRYPT}$2b$05$CCCCCCCCCCCCCCCCCCCCC.WrAwgFxicHZ3kL7zMvXYXHKosDn8ot2",
        // Python's bcrypt; the salt has a bit too many.
        "{CRYPT}$2a$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
        "{CRYPT}$2y$06$abcdefghijklmnopqrstuud/5IuQmqhVO0kfNEbHJM.fJkPiliBzC",
        // Python's argon2-cffi, that is the reference implementation.
        "$argon2i$v=19$m=64,t=3,p=2$c29tZXNhbHRzb21lc2FsdA$LURMUfbxCC4jSI5q8452K5K9xSJ95q2d",
        "$argon2d$v=19$m=64,t=3,p=2$c29tZXNhbHRzb21lc2FsdA$pRyQYGp/bZrSjCRC72k+LHm78W/Hnlll",
        "{ARGON2}$argon2id$v=19$m=64,t=3,p=2$c29tZXNhbHRzb21lc2FsdA$ZtkxkY+lu+i6gY9sq3fLy8jifI0FDvVU",
        "$argon2id$v=16$m=64,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$UrmhGLByONQ4UqyOoyEDJO4qRU3ZaB/Tc4DhTcbmPVU",
        "$argon2id$m=64,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$UrmhGLByONQ4UqyOoyEDJO4qRU3ZaB/Tc4DhTcbmPVU",
        "$argon2id$v=19$m=65536,t=1,p=4$c29tZXNhbHRzb21lc2FsdA$+ySiT6nzBk1Vh56i/VjL4aXow3GAVdJ8kl9BtqB0yV8",
        // Python's hashlib.
        "$pbkdf2$i=1000,l=20$8PHy8/T19vf4+fr7/P3+/w$+5QX0J046SbyM4zUrpWK1an1PdA",
        "$pbkdf2-sha256$i=1000,l=32$8PHy8/T19vf4+fr7/P3+/w$JwgcbJZlHBoE0uPBMy9SZsCsIJXsYLx/8XwH97PVwMU",
        "$pbkdf2-sha512$i=1000,l=64$8PHy8/T19vf4+fr7/P3+/w$xqu1f3FSdHbs02z9AocIk0UpBf6S9uqlRTfcS56zkPqTxPMhm+kj4D+e8E9DRlH/uXf/Pe1g59vHIM0MwcvtiA",
        "$pbkdf2-sha256$i=100,l=256$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw$tnj8Vl4zsePHug0d7/a0/Emv3P0uj1meG1LiLXsAPQBENCKW4o4vsSe6QMi5POJxMJ8bgVPCLdrmsi+TmwmRwm8mhzyeLmcFaMY44KOxNFgQOmE3VYjXd4kIkW9LUm6VecxUsOP8atoJa3cCqUxNwoCYAztPP2dIBl9f+sIRgFRGaRgk1OkndPxX5JLyqxHTcdN4Mg6x1EGBzO6fPQB1dEuz1iH3/eupexEcruj7UDGQRoqHqF46LmlukUP3wDrQYSAjX/69uQoLicMsyFnkOtBApkkK73HpxQ5C9PSuIS/zYSajF3az9WUu3KC9lMHzgb6UCQ1cHCDevbPI/b8qqg",
    ];

    /// Values as other software writes them, and as they are stored. All are hashes of [`PASSWORD`].
    pub(in super::super) const OTHER_FORMS: [(&str, &str); 15] = [
        // Python's passlib: its own names, and those of OpenLDAP.
        ("$pbkdf2$1000$8PHy8/T19vf4.fr7/P3./w$.5QX0J046SbyM4zUrpWK1an1PdA", VALUES[24]),
        ("$pbkdf2-sha256$1000$8PHy8/T19vf4.fr7/P3./w$JwgcbJZlHBoE0uPBMy9SZsCsIJXsYLx/8XwH97PVwMU", VALUES[25]),
        (
            "$pbkdf2-sha512$1000$8PHy8/T19vf4.fr7/P3./w$xqu1f3FSdHbs02z9AocIk0UpBf6S9uqlRTfcS56zkPqTxPMhm.kj4D.e8E9DRlH/uXf/Pe1g59vHIM0MwcvtiA",
            VALUES[26],
        ),
        ("{PBKDF2}1000$8PHy8/T19vf4.fr7/P3./w$.5QX0J046SbyM4zUrpWK1an1PdA", VALUES[24]),
        (
            "{PBKDF2-SHA256}1000$$HcgqBfFsiPqcvNuDshce6pePkLI1xSh10RieuMcF060",
            "$pbkdf2-sha256$i=1000,l=32$$HcgqBfFsiPqcvNuDshce6pePkLI1xSh10RieuMcF060",
        ),
        // OpenLDAP's slappasswd.
        (
            "{PBKDF2-SHA1}10000$HykcQRnaKSNLUdFhHQ2O7g$gedHJ7lqGISx0domNSIH3yVIvrs",
            "$pbkdf2$i=10000,l=20$HykcQRnaKSNLUdFhHQ2O7g$gedHJ7lqGISx0domNSIH3yVIvrs",
        ),
        (
            "{PBKDF2-SHA512}10000$RNMThKzcBtM.b4ZySRY1aQ$7TOwtnn5tC.AvNDrA9YqZkm2MgCR03RSypeLXGsP/TuOR1fmuKVutjUbt5R0izbyLTJwbL3DVEhMUU/..ihBmw",
            "$pbkdf2-sha512$i=10000,l=64$RNMThKzcBtM+b4ZySRY1aQ$7TOwtnn5tC+AvNDrA9YqZkm2MgCR03RSypeLXGsP/TuOR1fmuKVutjUbt5R0izbyLTJwbL3DVEhMUU/++ihBmw",
        ),
        // 389 Directory Server's pwdhash.
        (
            "{PBKDF2-SHA256}10000$MH0qxX9O3cYCHNJwFybBsFEh8as6odBL$ooOlQHaWzu5ny6KlgIxWzZRk4x/R7DWnrsD05AO9HaE=",
            "$pbkdf2-sha256$i=10000,l=32$MH0qxX9O3cYCHNJwFybBsFEh8as6odBL$ooOlQHaWzu5ny6KlgIxWzZRk4x/R7DWnrsD05AO9HaE",
        ),
        // The binary form of 389 Directory Server, by Python's hashlib.
        (
            "{PBKDF2_SHA256}AAAAZAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj+2ePxWXjOx48e6DR3v9rT8Sa/c/S6PWZ4bUuItewA9AEQ0Ipbiji+xJ7pAyLk84nEwnxuBU8It2uayL5ObCZHCbyaHPJ4uZwVoxjjgo7E0WBA6YTdViNd3iQiRb0tSbpV5zFSw4/xq2glrdwKpTE3CgJgDO08/Z0gGX1/6whGAVEZpGCTU6Sd0/FfkkvKrEdNx03gyDrHUQYHM7p89AHV0S7PWIff966l7ERyu6PtQMZBGioeoXjouaW6RQ/fAOtBhICNf/r25CguJwyzIWeQ60ECmSQrvcenFDkL09K4hL/NhJqMXdrP1ZS7coL2UwfOBvpQJDVwcIN69s8j9vyqq",
            VALUES[27],
        ),
        // Dovecot's doveadm.
        (
            "{BLF-CRYPT}$2y$05$PMIp7N0yMv7rgWgS89fz0.iHfOPajJtWXHPMVQpVf2YmAIwF1FCzi",
            "{CRYPT}$2y$05$PMIp7N0yMv7rgWgS89fz0.iHfOPajJtWXHPMVQpVf2YmAIwF1FCzi",
        ),
        (
            "{SHA256-CRYPT}$5$IsttDFEDCQnjX9w7$FxJffvTXq5wDLTW6/N1iP6ZD2Dkr9Os1dcryGnp8JZ/",
            "{CRYPT}$5$IsttDFEDCQnjX9w7$FxJffvTXq5wDLTW6/N1iP6ZD2Dkr9Os1dcryGnp8JZ/",
        ),
        (
            "{SHA512-CRYPT}$6$2x63Qq1GCyNjEDFr$avIz3CxueKSwTO8t5R3aMJ/H6awHFpxtl/zG976wbIwiw7Tf58DCuRr.qT6V3st0gE4RnEfpd5JIgNHN.n0rl.",
            "{CRYPT}$6$2x63Qq1GCyNjEDFr$avIz3CxueKSwTO8t5R3aMJ/H6awHFpxtl/zG976wbIwiw7Tf58DCuRr.qT6V3st0gE4RnEfpd5JIgNHN.n0rl.",
        ),
        (
            "{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$3+EbgNzEzxJG3Vefaeo1og$OMpYTsvUsWBKAPH3X/eDjostxoQA1dQqiOTEH2/zI+o",
            "$argon2id$v=19$m=65536,t=3,p=1$3+EbgNzEzxJG3Vefaeo1og$OMpYTsvUsWBKAPH3X/eDjostxoQA1dQqiOTEH2/zI+o",
        ),
        (
            "{ARGON2I}$argon2i$v=19$m=32768,t=4,p=1$vs5nO8GWVu99C/fH54mT3A$2OHEf77DupFAhsdnJ44WfDKX1tLvQQn1mW1ujPweQkw",
            "$argon2i$v=19$m=32768,t=4,p=1$vs5nO8GWVu99C/fH54mT3A$2OHEf77DupFAhsdnJ44WfDKX1tLvQQn1mW1ujPweQkw",
        ),
        // Spring Security's names before values of Python.
        ("{bcrypt}$2a$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e", VALUES[16]),
    ];

    #[test]
    fn values_of_all_kinds_are_adopted() {
        for value in VALUES {
            let stored = value.strip_prefix("{ARGON2}").unwrap_or(value);
            assert_eq!(classify_password(value), ImportedPassword::Hash(stored.to_owned()));
            assert!(Foreign::parse(stored).is_some());
            if let Some(bare) = value.strip_prefix("{CRYPT}") {
                assert_eq!(classify_password(bare), ImportedPassword::Hash(value.to_owned()));
            }
        }
    }

    #[test]
    fn values_in_other_forms_are_stored_in_one_form() {
        for (value, stored) in OTHER_FORMS {
            assert_eq!(classify_password(value), ImportedPassword::Hash(stored.to_owned()));
            assert_eq!(classify_password(stored), ImportedPassword::Hash(stored.to_owned()));
            assert!(Foreign::parse(stored).is_some_and(|value| value.matches(PASSWORD)) || stored.contains("argon2"));
        }
        let spring = classify_password(&format!("{{argon2@SpringSecurity_v5_8}}{}", VALUES[18]));
        assert_eq!(spring, ImportedPassword::Unknown("{argon2}$argon2i$".to_owned()));
    }

    #[test]
    fn the_binary_value_of_389_directory_server_can_be_checked() {
        // Its pwdhash.
        let value = "{PBKDF2_SHA256}AAAgAFqGsFzmRwXO2UkDrjXIzcjsYHbSCLGHuVIQPnDaa8alwJzwJ/CfflFve1NjpvMPu6WUisl94ZnC0uSSDcGofN2XEd0fKEMUHH4VOdrz9Z/1vEtJ+TOH1zhNi2M0zFJfhLj/nWRdepjD52vu8gchvGsCesRopZk3/q5cMDgY9yplCNqQS34tLNpEQQNgIQWkw2RZe3d4v97VuGjdbB26oJ90Fu5cUbfPbfbQZUhuEy1e/Cz2SxU/t1v6uMGstGbNvYhGysuor9BAT4VA72l8l9Yap/Vbq/+ZmVdXENferqWzjIg6LAMKwuUgtrUsYXKOKIAwFDZMR6YV0W44LWhT/1vHQTce5d32uweKYJ+xZFlkzKyo30+3KK3GVBq3oJ5DnwkJf4FL3ZoBU9ycqKnPFc/2lpxHSiOXCvuk6hmUgxzB";
        let ImportedPassword::Hash(stored) = classify_password(value) else { panic!("not stored") };
        assert!(stored.starts_with("$pbkdf2-sha256$i=8192,l=256$"), "{stored}");
        assert!(Foreign::parse(&stored).unwrap().matches(PASSWORD));
    }

    #[test]
    fn white_space_around_a_hash_is_left_out() {
        for value in VALUES {
            assert_eq!(classify_password(&format!(" {value}\t\r\n")), classify_password(value));
        }
        assert_eq!(classify_password("{SSHA}! "), ImportedPassword::Unknown("{SSHA}".to_owned()));
        assert_eq!(classify_password(" secret words "), ImportedPassword::Plain);
    }

    #[test]
    fn values_that_cannot_be_checked_are_named_by_their_kind() {
        let crypt = |value: &str| (format!("{{CRYPT}}{value}"), format!("{{CRYPT}}{}", &value[..3]));
        let long_salt = format!("$6$rounds=5000$12345678901234567${}", "a".repeat(86));
        let named = |value: &str, kind: &str| (value.to_owned(), kind.to_owned());
        let cases = [
            named("{PBKDF2}10000$x$y", "{PBKDF2}"),
            // A form of Dovecot, and one of Elasticsearch with another digest.
            named("{PBKDF2}$1$k0e/K4TR.pnDLzSQ$5000$91e6db8b07faf5c0f9ea8f9831396b567a49638f", "{PBKDF2}$1$"),
            named("{PBKDF2}1000$8PHy8/T19vf4.fr7/P3./w$JwgcbJZlHBoE0uPBMy9SZsCsIJXsYLx/8XwH97PVwMU", "{PBKDF2}"),
            named(
                "{PBKDF2-SHA256}0$8PHy8/T19vf4.fr7/P3./w$JwgcbJZlHBoE0uPBMy9SZsCsIJXsYLx/8XwH97PVwMU",
                "{PBKDF2-SHA256}",
            ),
            named(
                "$pbkdf2-sha256$i=1000,l=31$8PHy8/T19vf4$JwgcbJZlHBoE0uPBMy9SZsCsIJXsYLx/8XwH97PVwMU",
                "$pbkdf2-sha256$",
            ),
            named("$pbkdf2-sha256$i=1000$8PHy8/T19vf4$JwgcbJZlHBo", "$pbkdf2-sha256$"),
            named("{PBKDF2_SHA256}AAAD6AABAgMEBQYHCAkKCwwNDg8", "{PBKDF2_SHA256}"),
            named("{BLF-CRYPT}$6$saltstring$x", "{BLF-CRYPT}$6$"),
            named("{CLEARTEXT}secret", "{CLEARTEXT}"),
            named("{x-isSHA512, 15000}eXl5eXl5", "{x-isSHA512}"),
            named("{SSHA}", "{SSHA}"),
            named("{SSHA}!", "{SSHA}"),
            // A digest without the salt, and salt without being salted.
            named("{SSHA}L55TUjtiq8FBorTWAZ0jy6g129A=", "{SSHA}"),
            named("{SHA}awc/Cj0kafyFd5d8fGn07xoHBJJzYWx0c2FsdA==", "{SHA}"),
            // Hexadecimal digits.
            named("{SSHA}6b073f0a3d2469fc8577977c7c69f4ef1a07049273616c74", "{SSHA}"),
            named("{CRYPT}abJnggxhB/yWI", "{CRYPT}"),
            named("{CRYPT}!$6$saltstring$x", "{CRYPT}"),
            named("$1$saltstri$CVtlMpOHug1.jDUbVpFvB1", "$1$"),
            named("$y$j9T$F5Jx5fExrKuPp53xLKQ..1$zwtVrjrUCmXcyLTs6oxLTQlz", "$y$"),
            named("$pbkdf2-sha256$29000$x$y", "$pbkdf2-sha256$"),
            named("$argon2id$broken", "$argon2id$"),
            named("$2x$05$CCCCCCCCCCCCCCCCCCCCC.WrAwgFxicHZ3kL7zMvXYXHKosDn8ot2", "$2x$"),
            crypt("$1$saltstri$CVtlMpOHug1.jDUbVpFvB1"),
            crypt("$5$saltstring$short"),
            crypt("$5$saltstring$vc6YOOogU4kWVvwga8e9zTFgKcy4tb5LaPxIiPJzqE:"),
            crypt("$5$salt:ring$vc6YOOogU4kWVvwga8e9zTFgKcy4tb5LaPxIiPJzqEC"),
            crypt("$5$rounds=x$saltstring$vc6YOOogU4kWVvwga8e9zTFgKcy4tb5LaPxIiPJzqEC"),
            crypt("$5$rounds=999$salt$vc6YOOogU4kWVvwga8e9zTFgKcy4tb5LaPxIiPJzqEC"),
            crypt(&long_salt),
        ];
        for (value, kind) in cases {
            assert_eq!(classify_password(&value), ImportedPassword::Unknown(kind), "{value}");
        }
    }

    #[test]
    fn a_value_that_costs_too_much_is_not_adopted() {
        let rounds = |n: u32| format!("$5$rounds={n}$salt$vc6YOOogU4kWVvwga8e9zTFgKcy4tb5LaPxIiPJzqEC");
        let cost = |n: &str| format!("$2b${n}$CCCCCCCCCCCCCCCCCCCCC.WrAwgFxicHZ3kL7zMvXYXHKosDn8ot2");
        let argon2 =
            |params: &str| format!("$argon2id$v=19${params}$c29tZXNhbHRzb21lc2FsdA$ZtkxkY+lu+i6gY9sq3fLy8jifI0FDvVU");
        let pbkdf2 = |n: &str, blocks: usize| {
            format!("$pbkdf2-sha512$i={n}$c29tZXNhbHQ${}", "A".repeat((blocks * 64 * 4).div_ceil(3)))
        };
        for (dear, cheap, kind) in [
            (rounds(ROUNDS_MAX + 1), rounds(ROUNDS_MAX), "$5$"),
            (cost("15"), cost("14"), "$2b$"),
            (cost("31"), cost("04"), "$2b$"),
            (argon2("m=131073,t=1,p=1"), argon2("m=131072,t=1,p=1"), "$argon2id$"),
            (argon2("m=131072,t=9,p=1"), argon2("m=131072,t=8,p=1"), "$argon2id$"),
            (argon2("m=64,t=100000,p=1"), argon2("m=64,t=1000,p=1"), "$argon2id$"),
            (pbkdf2("1500001", 1), pbkdf2("1500000", 1), "$pbkdf2-sha512$"),
            (pbkdf2("750001", 2), pbkdf2("750000", 2), "$pbkdf2-sha512$"),
            (pbkdf2("99999999999999999999", 1), pbkdf2("1", 1), "$pbkdf2-sha512$"),
        ] {
            assert_eq!(
                classify_password(&dear),
                ImportedPassword::Unknown(format!("{kind} at a cost beyond the limit")),
                "{dear}"
            );
            assert!(matches!(classify_password(&cheap), ImportedPassword::Hash(_)), "{cheap}");
        }
        for (broken, whole, kind) in [
            (cost("32"), cost("05"), "$2b$"),
            (cost("4"), cost("12"), "$2b$"),
            (cost("+9"), cost("09"), "$2b$"),
            (argon2("m=64,t=1,p=9"), argon2("m=64,t=1,p=8"), "$argon2id$"),
            (argon2("m=64,t=1,p=1,keyid=YWJj"), argon2("m=64,t=1,p=1,data=YWJj"), "$argon2id$"),
        ] {
            assert_eq!(classify_password(&broken), ImportedPassword::Unknown(kind.to_owned()), "{broken}");
            assert!(matches!(classify_password(&whole), ImportedPassword::Hash(_)), "{whole}");
        }
    }

    #[test]
    fn bcrypt_looks_at_the_beginning_of_a_long_password() {
        // Python's bcrypt: 72 times x.
        let value = "{CRYPT}$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i";
        let value = Foreign::parse(value).unwrap();
        assert!(value.matches(&"x".repeat(72)));
        assert!(value.matches(&"x".repeat(100)));
        assert!(!value.matches(&"x".repeat(71)));
    }

    #[test]
    fn crypt_takes_no_password_that_would_take_for_ever() {
        let value = Foreign::parse(VALUES[13]).unwrap();
        assert!(value.matches(PASSWORD));
        assert!(!value.matches(&"x".repeat(4096)));
    }
}
