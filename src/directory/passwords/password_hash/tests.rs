use super::*;

/// The password of all values here.
pub(in crate::directory::passwords) const PASSWORD: &str = "correct horse";

/// Values that other software has made of it.
pub(in crate::directory::passwords) const VALUES: [&str; 28] = [
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
pub(in crate::directory::passwords) const OTHER_FORMS: [(&str, &str); 15] = [
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
        named("{PBKDF2-SHA256}0$8PHy8/T19vf4.fr7/P3./w$JwgcbJZlHBoE0uPBMy9SZsCsIJXsYLx/8XwH97PVwMU", "{PBKDF2-SHA256}"),
        named("$pbkdf2-sha256$i=1000,l=31$8PHy8/T19vf4$JwgcbJZlHBoE0uPBMy9SZsCsIJXsYLx/8XwH97PVwMU", "$pbkdf2-sha256$"),
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
