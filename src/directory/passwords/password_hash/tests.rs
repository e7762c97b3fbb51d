use super::*;
pub(in crate::directory::passwords) use samples::{OTHER_FORMS, PASSWORD, VALUES};

mod samples;

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
