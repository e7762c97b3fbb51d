//! Password values as other directories keep them: which of them a password can be checked against, and how.
//!
//! The parameters in a value decide what a check costs, and whoever brings it in chooses them: so each has a bound,
//! which keeps a check below about a second and 128 MiB.

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

/// What becomes of a password value that comes from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Adopted {
    /// It is a hash that a password can be checked against: to be stored like this.
    Stored(String),
    /// It is a password.
    Clear,
    /// It is of a kind, named here, that nobody here can check, or broken, or costs too much.
    Unknown(String),
}

/// Tells what a password value is that an operator brings in. Hashes are taken in many more kinds than from clients,
/// who send passwords, and a password may look like anything.
pub fn adopt(value: &str) -> Adopted {
    let is_bare_crypt = ["$2a$", "$2b$", "$2y$", "$5$", "$6$"].iter().any(|kind| value.starts_with(kind));
    let value = if is_bare_crypt { format!("{{CRYPT}}{value}") } else { value.to_owned() };
    match (Foreign::parse(&value), scheme(&value)) {
        // What argon2 values look like by themselves.
        (Some(Foreign::Argon2(_)), Some((_, hash))) => Adopted::Stored(hash.to_owned()),
        (Some(_), _) => Adopted::Stored(value),
        (None, _) => kind_of(&value).map_or(Adopted::Clear, Adopted::Unknown),
    }
}

/// The kind that a value says it is of.
fn kind_of(value: &str) -> Option<String> {
    const BARE: [&str; 14] =
        ["1", "7", "H", "P", "S", "argon2d", "argon2i", "argon2id", "2x", "apr1", "gy", "scrypt", "sha1", "y"];
    let bare = |value: &str| {
        let (kind, _) = value.strip_prefix('$')?.split_once('$')?;
        let known = BARE.contains(&kind) || kind.starts_with("pbkdf2") || kind.starts_with("md5");
        known.then(|| format!("${kind}$"))
    };
    let Some((scheme, rest)) = scheme(value) else { return bare(value) };
    let kind = rest.strip_prefix('$').and_then(|rest| rest.split_once('$')).map(|(kind, _)| kind);
    let kind = kind.filter(|kind| kind.len() <= 16 && kind.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
    Some(kind.map_or_else(|| format!("{{{scheme}}}"), |kind| format!("{{{scheme}}}${kind}$")))
}

/// The name in braces before a value, and the value.
fn scheme(value: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = value.strip_prefix('{')?.split_once('}')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '+');
    ((1..=32).contains(&scheme.len()) && scheme.chars().all(plain)).then_some((scheme, rest))
}

/// A value that a password can be checked against.
pub(super) enum Foreign {
    /// Also the values of this program, see [`Argon2Value::is_ours`].
    Argon2(Argon2Value),
    /// A digest of the password and of what follows the digest.
    Digest(DigestKind, Vec<u8>),
    /// The name of the kind, parameters, salt and hash, as crypt(3) has them.
    ShaCrypt(String),
    Bcrypt {
        cost: u32,
        salt: [u8; 16],
        hash: [u8; 23],
    },
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
        if stored.starts_with('$') {
            return Argon2Value::parse(stored).map(Foreign::Argon2);
        }
        let (scheme, value) = scheme(stored)?;
        let plain = |kind: DigestKind| {
            let digest = BASE64_STANDARD.decode(value).ok()?;
            (digest.len() == kind.size()).then_some(Foreign::Digest(kind, digest))
        };
        let salted = |kind: DigestKind| {
            let digest = BASE64_STANDARD.decode(value).ok()?;
            (digest.len() > kind.size()).then_some(Foreign::Digest(kind, digest))
        };
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
            "ARGON2" => Argon2Value::parse(value).map(Foreign::Argon2),
            "CRYPT" => sha_crypt(value).or_else(|| bcrypt(value)),
            _ => None,
        }
    }

    /// Whether a check takes long enough for somebody to notice. Argon2 is not checked here.
    pub(super) fn is_slow(&self) -> bool {
        !matches!(self, Foreign::Digest(..))
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
            Foreign::ShaCrypt(value) => {
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
fn sha_crypt(value: &str) -> Option<Foreign> {
    let (length, rest) = match value.strip_prefix("$5$") {
        Some(rest) => (43, rest),
        None => (86, value.strip_prefix("$6$")?),
    };
    let (rounds, rest) = match rest.strip_prefix("rounds=") {
        Some(rest) => {
            let (rounds, rest) = rest.split_once('$')?;
            (rounds.parse().ok()?, rest)
        }
        None => (sha_crypt::Params::RECOMMENDED_ROUNDS, rest),
    };
    let (salt, hash) = rest.split_once('$')?;
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '/'));
    let bounded = (sha_crypt::Params::ROUNDS_MIN..=ROUNDS_MAX).contains(&rounds);
    let whole = (1..=16).contains(&salt.len()) && plain(salt) && hash.len() == length && plain(hash);
    (bounded && whole).then(|| Foreign::ShaCrypt(value.to_owned()))
}

/// `$2b$12$`, 22 characters of salt and 31 of hash; 2a and 2y are the same, and 2x is what a mistake made.
fn bcrypt(value: &str) -> Option<Foreign> {
    let rest = ["$2a$", "$2b$", "$2y$"].iter().find_map(|kind| value.strip_prefix(kind))?;
    let (cost, rest) = rest.split_once('$')?;
    let plain = cost.len() == 2 && cost.bytes().all(|digit| digit.is_ascii_digit());
    let cost = cost.parse().ok().filter(|cost| plain && (4..=BCRYPT_COST_MAX).contains(cost))?;
    let (salt, hash) = rest.split_at_checked(22)?;
    let salt = BCRYPT_BASE64.decode(salt).ok()?.try_into().ok()?;
    let hash = BCRYPT_BASE64.decode(hash).ok()?.try_into().ok()?;
    Some(Foreign::Bcrypt { cost, salt, hash })
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
    /// Reads a PHC string.
    pub(super) fn parse(text: &str) -> Option<Argon2Value> {
        let value = PasswordHash::new(text).ok()?;
        let algorithm = Algorithm::try_from(value.algorithm.as_str()).ok()?;
        // Before there were versions, it was this one.
        let version = value.version.map_or(Ok(Version::V0x10), Version::try_from).ok()?;
        let params = Params::try_from(&value).ok()?;
        let work = u64::from(params.m_cost()) * u64::from(params.t_cost());
        // A key that is not in the value is not here either.
        let usable = params.m_cost() <= ARGON2_KIB_MAX && work <= ARGON2_WORK_MAX && params.keyid().is_empty();
        let (salt, hash) = (value.salt?.to_vec(), value.hash?.as_bytes().to_vec());
        usable.then_some(Argon2Value { algorithm, version, params, salt, hash })
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
    pub(in super::super) const VALUES: [&str; 24] = [
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
    ];

    #[test]
    fn values_of_all_kinds_are_adopted() {
        for value in VALUES {
            let stored = value.strip_prefix("{ARGON2}").unwrap_or(value);
            assert_eq!(adopt(value), Adopted::Stored(stored.to_owned()));
            assert!(Foreign::parse(stored).is_some());
            if let Some(bare) = value.strip_prefix("{CRYPT}") {
                assert_eq!(adopt(bare), Adopted::Stored(value.to_owned()));
            }
        }
    }

    #[test]
    fn what_is_no_hash_is_a_password() {
        let clear =
            ["", "correct horse", "{", "{}", "{}x", "{a b}c", "$", "$$", "$x", "$100$ bill", "{ssha", "a{SSHA}b"];
        for value in clear {
            assert_eq!(adopt(value), Adopted::Clear, "{value}");
        }
    }

    #[test]
    fn kinds_that_nobody_here_can_check_are_named() {
        let crypt = |value: &str| (format!("{{CRYPT}}{value}"), format!("{{CRYPT}}{}", &value[..3]));
        let long_salt = format!("$6$rounds=5000$12345678901234567${}", "a".repeat(86));
        let cases = [
            ("{PBKDF2}10000$x$y".to_owned(), "{PBKDF2}".to_owned()),
            ("{CLEARTEXT}secret".to_owned(), "{CLEARTEXT}".to_owned()),
            ("{x-is/a+b_c.d}secret".to_owned(), "{x-is/a+b_c.d}".to_owned()),
            ("{SSHA}".to_owned(), "{SSHA}".to_owned()),
            ("{SSHA}!".to_owned(), "{SSHA}".to_owned()),
            // A digest without the salt, and salt without being salted.
            ("{SSHA}L55TUjtiq8FBorTWAZ0jy6g129A=".to_owned(), "{SSHA}".to_owned()),
            ("{SHA}awc/Cj0kafyFd5d8fGn07xoHBJJzYWx0c2FsdA==".to_owned(), "{SHA}".to_owned()),
            ("{CRYPT}abJnggxhB/yWI".to_owned(), "{CRYPT}".to_owned()),
            ("$1$saltstri$CVtlMpOHug1.jDUbVpFvB1".to_owned(), "$1$".to_owned()),
            ("$y$j9T$F5Jx5fExrKuPp53xLKQ..1$zwtVrjrUCmXcyLTs6oxLTQlz".to_owned(), "$y$".to_owned()),
            ("$pbkdf2-sha256$29000$x$y".to_owned(), "$pbkdf2-sha256$".to_owned()),
            ("$argon2id$broken".to_owned(), "$argon2id$".to_owned()),
            ("$2x$05$CCCCCCCCCCCCCCCCCCCCC.WrAwgFxicHZ3kL7zMvXYXHKosDn8ot2".to_owned(), "$2x$".to_owned()),
            crypt("$1$saltstri$CVtlMpOHug1.jDUbVpFvB1"),
            crypt("$5$saltstring$short"),
            crypt("$5$saltstring$vc6YOOogU4kWVvwga8e9zTFgKcy4tb5LaPxIiPJzqE:"),
            crypt("$5$salt:ring$vc6YOOogU4kWVvwga8e9zTFgKcy4tb5LaPxIiPJzqEC"),
            crypt("$5$rounds=x$saltstring$vc6YOOogU4kWVvwga8e9zTFgKcy4tb5LaPxIiPJzqEC"),
            crypt(&long_salt),
        ];
        for (value, kind) in cases {
            assert_eq!(adopt(&value), Adopted::Unknown(kind), "{value}");
        }
    }

    #[test]
    fn a_value_that_costs_too_much_is_not_adopted() {
        let rounds = |n: u32| format!("$5$rounds={n}$salt$vc6YOOogU4kWVvwga8e9zTFgKcy4tb5LaPxIiPJzqEC");
        let cost = |n: &str| format!("$2b${n}$CCCCCCCCCCCCCCCCCCCCC.WrAwgFxicHZ3kL7zMvXYXHKosDn8ot2");
        let argon2 =
            |params: &str| format!("$argon2id$v=19${params}$c29tZXNhbHRzb21lc2FsdA$ZtkxkY+lu+i6gY9sq3fLy8jifI0FDvVU");
        for (dear, cheap, kind) in [
            (rounds(ROUNDS_MAX + 1), rounds(ROUNDS_MAX), "{CRYPT}$5$"),
            (rounds(999), rounds(1000), "{CRYPT}$5$"),
            (cost("15"), cost("14"), "{CRYPT}$2b$"),
            (cost("31"), cost("04"), "{CRYPT}$2b$"),
            (cost("4"), cost("12"), "{CRYPT}$2b$"),
            (cost("+9"), cost("09"), "{CRYPT}$2b$"),
            (argon2("m=131073,t=1,p=1"), argon2("m=131072,t=1,p=1"), "$argon2id$"),
            (argon2("m=131072,t=9,p=1"), argon2("m=131072,t=8,p=1"), "$argon2id$"),
            (argon2("m=64,t=100000,p=1"), argon2("m=64,t=1000,p=1"), "$argon2id$"),
            (argon2("m=64,t=1,p=9"), argon2("m=64,t=1,p=8"), "$argon2id$"),
            (argon2("m=64,t=1,p=1,keyid=YWJj"), argon2("m=64,t=1,p=1,data=YWJj"), "$argon2id$"),
        ] {
            assert_eq!(adopt(&dear), Adopted::Unknown(kind.to_owned()), "{dear}");
            assert!(matches!(adopt(&cheap), Adopted::Stored(_)), "{cheap}");
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
