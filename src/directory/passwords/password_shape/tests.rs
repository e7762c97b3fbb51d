use super::kind_of;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use sha2::{Digest as _, Sha512};

/// Values of accounts that cannot log in.
const MARKERS: &[&str] = &[
    "*",
    "!",
    "!!",
    "x",
    "X",
    "!*",
    "*LK*",
    "*NP*",
    "NP",
    "np",
    "LK",
    "UP",
    "*LOCKED*",
    "*DISABLED*",
    "-",
    "0",
    "\\N",
    "NULL",
    "null",
    "(null)",
    "None",
    "N/A",
    "undefined",
    "locked",
    "Disabled",
    "nologin",
    "NO PASSWORD",
    "TRUE",
    "false",
    "no_information",
    "\"\"",
    "'*'",
    "!$6$saltstring$hash",
    "*LK*$6$saltstring$hash",
    "!!$1$salt$hash",
    "!unusable",
    "##ada",
    "*0",
    "*1",
    "!pbkdf2_sha256$260000$abc",
    "*no way",
    "**LOCK**",
];

/// The kind of values in hexadecimal digits.
const HEX: &str = "hexadecimal digest";

/// Stored values, and the kinds that messages name. `with` in the test replaces the digests.
const HASHES: &[(&str, &str)] = &[
    // Schemes in braces.
    ("{x-isSHA512, 15000}BASE64", "{x-isSHA512}"),
    ("{x-issha, 1024}BASE64", "{x-issha}"),
    ("{PKCS5S2}BASE64", "{PKCS5S2}"),
    ("{CRYPT}abJnggxhB/yWI", "{CRYPT}"),
    ("{NS-MTA-MD5}MD5HEXMD5HEX", "{NS-MTA-MD5}"),
    ("{CRAM-MD5}MD5HEX", "{CRAM-MD5}"),
    ("{SCRAM-SHA-256}4096,c2FsdA==,BASE64,BASE64", "{SCRAM-SHA-256}"),
    ("{SASL}ada@EXAMPLE.ORG", "{SASL}"),
    ("{KERBEROS}ada@EXAMPLE.ORG", "{KERBEROS}"),
    ("{noop}secret", "{noop}"),
    ("{PLAIN}secret", "{PLAIN}"),
    ("{ssha256}06$salt$hash", "{ssha256}"),
    ("{smd5}a5/yTL/u$VfvgyHx1xUlXZYBocQpQY0", "{smd5}"),
    ("{scrypt@SpringSecurity_v5_8}$100801$x$y", "{scrypt}$…$"),
    ("{SHA512.HEX}SHA256HEX", "{SHA512.HEX}"),
    ("{MD5}MD5HEX", "{MD5}"),
    ("{hunter2}secret", "{…}"),
    ("{crypt-hunter2}secret", "{…}"),
    ("{a b}c", "{…}"),
    ("{}x", "{…}"),
    ("{\"algorithm\":\"pbkdf2-sha256\",\"hashIterations\":27500}", "JSON"),
    ("{ \"SALTED-SHA512-PBKDF2\": {} }", "JSON"),
    // The modular format.
    ("$1$saltstri$CVtlMpOHug1.jDUbVpFvB1", "$1$"),
    ("$apr1$saltstri$CVtlMpOHug1.jDUbVpFvB1", "$apr1$"),
    ("$P$BABCDEFGH0123456789abcdefghijkl", "$P$"),
    ("$H$9ABCDEFGH0123456789abcdefghijkl", "$H$"),
    ("$S$DABCDEFGH0123456789", "$S$"),
    ("$y$j9T$salt$hash", "$y$"),
    ("$gy$j9T$salt$hash", "$gy$"),
    ("$7$CU..../....salt$hash", "$7$"),
    ("$8$dsYGNam3K1SIJO$7nv/35M/qr6t.dVc7UY9zrJDWRVqncHub1PE9UlMQFs", "$8$"),
    ("$9$nhEmQVczB7dqsO$X.HsgL6x1il0RxkOSSvyQYwucySCt7qFm4v7pqCxkKM", "$9$"),
    ("$A$005$a b;cSALT", "$A$"),
    ("$wp$2y$10$abc", "$wp$"),
    ("$sha1$40000$jtNX3nZ2$hash", "$sha1$"),
    ("$md5,rounds=904$salt$$hash", "$…$"),
    ("$md5$salt$$hash", "$md5$"),
    ("$scrypt$ln=16,r=8,p=1$salt$hash", "$scrypt$"),
    ("$shiro1$SHA-512$1024$salt$BASE64", "$…$"),
    ("$NT$MD5HEX", "$NT$"),
    ("$episerver$*0*salt*hash", "$…$"),
    ("$hunter2$rest", "$…$"),
    ("$100$bill", "$…$"),
    // The name of an algorithm.
    ("pbkdf2_sha256$1000$saltsalt$qQDPSZa3Ormyy9oK1Pu0ZLLwP2Svzmx3yu8OvDdq/J0=", "pbkdf2_sha256"),
    ("argon2$argon2id$v=19$m=64,t=3,p=2$c29tZXNhbHQ$aGFzaA", "argon2"),
    ("bcrypt_sha256$$2b$12$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy", "bcrypt_sha256"),
    ("md5$$MD5HEX", "md5"),
    ("sha1$ab$cd", "sha1"),
    ("crypt$$abJnggxhB/yWI", "crypt"),
    ("scrypt$hash", "scrypt"),
    ("pbkdf2:sha256:260000$abcdefgh$abababab", "pbkdf2"),
    ("scrypt:32768:8:1$abcdefgh$abababab", "scrypt"),
    ("SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy", "SCRAM-SHA-256"),
    ("bcrypt$$2a$08$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy", "bcrypt"),
    ("pbkdf2$sha512$1000$salt$hash", "pbkdf2"),
    ("ENC(abcdef)", "ENC"),
    ("vault:v1:abcdef", "vault"),
    ("sha256:1000:salt:hash", "sha256"),
    ("my-sha1:salt:hash", "hash with the name of its algorithm"),
    // Hexadecimal digits, with and without salt and separators.
    ("MD5HEX", HEX),
    ("SHA1HEX", HEX),
    ("SHA256HEX", HEX),
    ("SHA256HEXSHA256HEX", HEX),
    ("md5MD5HEX", HEX),
    ("6f8c114b58f2ce9e", HEX),
    ("4F8BC1F2B5C5F1A0", HEX),
    ("MD5HEX:MD5HEX", HEX),
    ("MD5HEX:q1w2e3", HEX),
    ("MD5HEX:+a", HEX),
    ("abc:MD5HEX", HEX),
    ("ada:realm:MD5HEX", HEX),
    ("MD5HEX$abc", HEX),
    ("MD5HEX:salt:1", HEX),
    (":B:838c83e1:MD5HEX", HEX),
    ("-pbkdf2-SHA1HEX,salt,10", HEX),
    ("-hashed-SHA1HEX,salt", HEX),
    ("S:SHA1HEXABCDEF;T:SHA256HEX", HEX),
    ("SHA-256,SHA256HEX,SHA256HEX,1024", HEX),
    ("#SHA256HEX", HEX),
    ("grub.pbkdf2.sha512.10000.SHA256HEX.SHA256HEX", HEX),
    ("0x0100SHA1HEX", HEX),
    ("0x01", HEX),
    ("\\x5f4dcc3b", HEX),
    ("5f:4d:cc:3b:5a:a7:65:d6", HEX),
    ("5F-4D-CC-3B-5A-A7-65-D6", HEX),
    ("5F4D CC3B 5AA7 65D6", HEX),
    ("0822455D0A16", HEX),
    ("094F471A1A0A", HEX),
    ("15ABCDEF", HEX),
    // DES.
    ("rqXexS6ZhobKA", "DES crypt"),
    ("abJnggxhB/yWI", "DES crypt"),
    ("abJnggxhB/yWz", "DES crypt"),
    ("ada:abJnggxhB/yWI", "DES crypt"),
    // Base64, other alphabets, and values around such a token.
    ("_J9..rasmBYk8r9AiWNc", "Base64 digest"),
    ("BASE64", "Base64 digest"),
    ("XohImNooBHFR0OVvjcYpJ3NgPQ1qq73WKhHvch0VQtg", "Base64 digest"),
    ("X03MO1qnZdYdgyfeuILPmQ", "Base64 digest"),
    ("XohImNoo-HFR0OVvj_YpJ3NgPQ1qq73WKhHvch0VQtg", "Base64 digest"),
    ("AQAAAAEAACcQAAAAEJ9Aq2b7vQ0j8s0n1Zr3Vx5r4pP0l8Cw2hYkq6t1Yc3d", "Base64 digest"),
    ("ZAAAAAAAZAAAAAAAZAAAAAAAZAA=", "Base64 digest"),
    ("W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "Base64 digest"),
    ("LXEWQKZ6SZDKGLNOEVT2GJYVZB7A4Z3F", "Base64 digest"),
    ("2btjjy78REtmYkkW0csHUbJZOstRXoWdX1mGrmmfeHI", "Base64 digest"),
    ("2KFQnbNIdI.2KYOU", "Base64 digest"),
    ("jlCdkafBpkipkjlC", "Base64 digest"),
    ("nKVUM2rwMUzPcrkG5sWIHdCtqkAibn", "Base64 digest"),
    ("(GDpOtD35gGlyDksQRxEU)", "Base64 digest"),
    ("PBKDF2WithHmacSHA1/160/1300000/AAAAoAAT1iAbHp", "Base64 digest"),
    ("U$S$9xLw2mQpT7vRkZbYcNsHjGfAeXuOiP", "Base64 digest"),
    ("3|$argon2id$v=19$m=65536,t=4,p=1$c29tZXNhbHRzb21l$ZtkxkY+lu+i6gY9sq3fLy8jifI0FDvVU", "Base64 digest"),
    ("1|$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy", "Base64 digest"),
    ("2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy", "Base64 digest"),
    ("a:1:{s:4:\"hash\";s:60:\"$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy\"}", "Base64 digest"),
    ("[\"XohImNooBHFR0OVvjcYpJ3NgPQ1qq73WKhHvch0VQtg\"]", "Base64 digest"),
    ("\"{MD5}MD5HEX\"", "{MD5}"),
    ("#jbcrypt:$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy", "Base64 digest"),
];

#[test]
fn a_value_that_has_lost_its_first_sign_or_stands_for_none_is_no_password() {
    for value in [
        "2b$12$abcdefghijklmnopqrstuu",
        "6$salt$hash",
        "v2;PBKDF2;1000;salt;hash",
        "ENC[AES256,abc]",
        "0x",
        "#N/A",
        "#REF!",
        "#NAME?",
        "System.Security.SecureString",
        "System.Byte[]",
    ] {
        assert!(kind_of(value).is_some(), "{value}");
    }
}

#[test]
fn a_password_in_clear_is_of_no_kind() {
    for value in [
        "secret words",
        "Secret-words-1",
        "correct-horse-battery-staple",
        "Correct-Horse-Battery-Staple-2024",
        "This-Is-A-Long-Secret",
        "to-be-or-not-to-be",
        "this.is.a.long.secret",
        "correcthorsebatterystaple",
        "CorrectHorseBattery",
        "Rindfleischetikettierung",
        "summer2024winter2025",
        "Willkommen-2024",
        "correct horse battery staple",
        "the relationships of words",
        "pa$$word",
        "pa$$word$",
        "Passw0rd!",
        "P@ssw0rd!P@ssw0rd!",
        "100% {sure}",
        "Tr0ub4dor&3",
        "geheim123",
        "ünïcode",
        "пароль",
        "密码",
        "ada.lovelace1815@example.com",
        "https://example.com/Reset",
        "19700101",
        "15081990",
        "4711",
        "ab",
        "x-files",
        "*nix"[1..].trim(),
        "$x",
        "$5 and $6 make $11",
        "shark: teeth",
        "Natasha:secret",
        "a{SSHA}b",
        "k3J9xQ2m",
        "hunter2",
        "",
        " ",
    ] {
        assert_eq!(kind_of(value), None, "{value}");
    }
}

#[test]
fn markers_and_masks_are_no_passwords() {
    for value in MARKERS {
        assert_eq!(kind_of(value).as_deref(), Some("marker of a locked account"), "{value}");
        assert_eq!(kind_of(&format!(" {value} ")).as_deref(), Some("marker of a locked account"), "{value}");
    }
    for value in [
        "**",
        "****",
        "********",
        "••••••",
        "●●●●",
        "·····",
        "----",
        "xx",
        "xxxxxxxx",
        "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
        "ad****ce",
        "NO PASSWORD*********************",
        "aaaaaaaaaaaaaaaaaaaa",
        "..",
    ] {
        assert_eq!(kind_of(value).as_deref(), Some("masked value"), "{value}");
    }
    for value in ["<hidden value>", "[redacted by us]", "(not shown)"] {
        assert_eq!(kind_of(value).as_deref(), Some("placeholder"), "{value}");
    }
    assert_eq!(kind_of("a\u{0}b").as_deref(), Some("binary"));
}

#[test]
fn stored_hashes_of_all_kinds_are_told_from_passwords() {
    const MD5: &str = "5f4dcc3b5aa765d61d8327deb882cf99";
    const SHA1: &str = "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8";
    const SHA256: &str = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8";
    const BASE64: &str = "XohImNooBHFR0OVvjcYpJ3NgPQ1qq73WKhHvch0VQtg=";
    let with = |text: &str| {
        text.replace("MD5HEX", MD5).replace("SHA1HEX", SHA1).replace("SHA256HEX", SHA256).replace("BASE64", BASE64)
    };
    for &(value, kind) in HASHES {
        let value = with(value);
        assert_eq!(kind_of(&value).as_deref(), Some(kind), "{value}");
    }
}

#[test]
fn long_values_take_no_long_time() {
    for piece in ["a", "$", "{", ":", "aB3", "-", "a1-", "\"", "ü"] {
        kind_of(&piece.repeat(1 << 20));
    }
}

#[test]
fn a_random_digest_is_told_from_a_password_and_never_shown() {
    for number in 0..2000_u32 {
        let bytes = Sha512::digest(number.to_be_bytes());
        for length in [16, 20, 32, 64] {
            let bytes = &bytes[..length];
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let plain = BASE64_STANDARD_NO_PAD.encode(bytes);
            let texts = [
                BASE64_STANDARD.encode(bytes),
                BASE64_URL_SAFE_NO_PAD.encode(bytes),
                plain.replace('+', "."),
                format!("salt:{plain}"),
                format!("{{{plain}}}"),
                format!("${plain}$"),
                format!("sha1-{plain}:"),
                hex.to_uppercase(),
                hex,
                plain,
            ];
            for text in texts {
                let kind = kind_of(&text).unwrap_or_else(|| panic!("{text} is taken for a password"));
                assert!(!kind.contains(&text[2..8]), "{kind} shows a part of {text}");
            }
        }
    }
}
