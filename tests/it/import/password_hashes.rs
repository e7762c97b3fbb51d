//! Passwords and the hashes of other directories.

use crate::support::cli::{new_database, run, said};
use crate::support::database::State;
use crate::support::import::{import, write};
use crate::support::server::Server;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

#[test]
fn passwords_and_foreign_hashes_are_imported() {
    let folder = Arc::new(new_database());
    // {SSHA} as other directories keep it, of "geheime worte" with the salt "salt".
    let hash = "{SSHA}gWPO3EmY+HbwfTMxcLtWrQUEFCxzYWx0";
    let rows = format!("name,password\nada,secret words\nbob,{hash}\neve,{{NEVER}}x\nkim,\n");
    let file = write(&folder, "users.csv", rows);
    let (status, out, err) = import(&folder, &file, &[]);
    assert_eq!(
        (status, out.as_str()),
        (0, "users.csv: 4 created, 0 updated, 0 unchanged, 1 has lost something\n"),
        "{err}"
    );
    assert_eq!(
        err,
        "users.csv:4: lost: nothing here can check a password of the kind {…}: it is left out (--passwords clear takes \
         such values for passwords in clear): the user eve\n"
    );
    let server = Server::over(Arc::clone(&folder), &[]);
    let login = |name: &str, password: &str| server.nuxeo_as((name, password), "GET", "/me", None).status;
    assert_eq!(login("ada", "secret words"), 200);
    assert_eq!(login("bob", "geheime worte"), 200);
    assert_eq!((login("bob", hash), login("eve", "{NEVER}x"), login("kim", "")), (401, 401, 401));
}

/// "correct horse" as other directories store it: by Python's hashlib, crypt, bcrypt, argon2-cffi and passlib, by
/// OpenLDAP's slappasswd, by 389 Directory Server's pwdhash, and by Dovecot's doveadm.
const STORED: [&str; 40] = [
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
    "{ssha}awc/Cj0kafyFd5d8fGn07xoHBJJzYWx0c2FsdA==",
    "{CRYPT}$5$saltstring$vc6YOOogU4kWVvwga8e9zTFgKcy4tb5LaPxIiPJzqEC",
    "{CRYPT}$5$rounds=1400$anotherlongsalts$0KT8xKdzAzHA/GLeLkewBNfWJasAb9.GxP2bbi2wnX1",
    "{CRYPT}$6$saltstring$.r0X7ub5wGR2v4Xz7svCIozfnlorFh19V89t8KC9Umd81uGhFgsyTRNyzQDXDIm17fFcR9z3z7oBNdsyYBbtm/",
    "{Crypt}$6$rounds=10000$roundstoolow$gcONS37NgmZ9rHoll.pTg3NJ25YOPwKE3EI/aiA1caPrhyd152zcTc6EXflmrSKB7/q.PyxyrZLEVLS9IA9nG1",
    "{CRYPT}$2b$05$CCCCCCCCCCCCCCCCCCCCC.WrAwgFxicHZ3kL7zMvXYXHKosDn8ot2",
    "{CRYPT}$2a$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
    "{CRYPT}$2y$06$abcdefghijklmnopqrstuud/5IuQmqhVO0kfNEbHJM.fJkPiliBzC",
    "$argon2i$v=19$m=64,t=3,p=2$c29tZXNhbHRzb21lc2FsdA$LURMUfbxCC4jSI5q8452K5K9xSJ95q2d",
    "$argon2d$v=19$m=64,t=3,p=2$c29tZXNhbHRzb21lc2FsdA$pRyQYGp/bZrSjCRC72k+LHm78W/Hnlll",
    "{ARGON2}$argon2id$v=19$m=64,t=3,p=2$c29tZXNhbHRzb21lc2FsdA$ZtkxkY+lu+i6gY9sq3fLy8jifI0FDvVU",
    "$argon2id$v=16$m=64,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$UrmhGLByONQ4UqyOoyEDJO4qRU3ZaB/Tc4DhTcbmPVU",
    "$argon2id$m=64,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$UrmhGLByONQ4UqyOoyEDJO4qRU3ZaB/Tc4DhTcbmPVU",
    "$argon2id$v=19$m=65536,t=1,p=4$c29tZXNhbHRzb21lc2FsdA$+ySiT6nzBk1Vh56i/VjL4aXow3GAVdJ8kl9BtqB0yV8",
    "$pbkdf2$1000$8PHy8/T19vf4.fr7/P3./w$.5QX0J046SbyM4zUrpWK1an1PdA",
    "$pbkdf2-sha256$1000$8PHy8/T19vf4.fr7/P3./w$JwgcbJZlHBoE0uPBMy9SZsCsIJXsYLx/8XwH97PVwMU",
    "$pbkdf2-sha512$1000$8PHy8/T19vf4.fr7/P3./w$xqu1f3FSdHbs02z9AocIk0UpBf6S9uqlRTfcS56zkPqTxPMhm.kj4D.e8E9DRlH/uXf/Pe1g59vHIM0MwcvtiA",
    "{PBKDF2}1000$8PHy8/T19vf4.fr7/P3./w$.5QX0J046SbyM4zUrpWK1an1PdA",
    "{PBKDF2-SHA256}1000$$HcgqBfFsiPqcvNuDshce6pePkLI1xSh10RieuMcF060",
    "{PBKDF2-SHA1}10000$HykcQRnaKSNLUdFhHQ2O7g$gedHJ7lqGISx0domNSIH3yVIvrs",
    "{PBKDF2-SHA512}10000$RNMThKzcBtM.b4ZySRY1aQ$7TOwtnn5tC.AvNDrA9YqZkm2MgCR03RSypeLXGsP/TuOR1fmuKVutjUbt5R0izbyLTJwbL3DVEhMUU/..ihBmw",
    "{PBKDF2-SHA256}10000$MH0qxX9O3cYCHNJwFybBsFEh8as6odBL$ooOlQHaWzu5ny6KlgIxWzZRk4x/R7DWnrsD05AO9HaE=",
    "{PBKDF2_SHA256}AAAAZAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj+2ePxWXjOx48e6DR3v9rT8Sa/c/S6PWZ4bUuItewA9AEQ0Ipbiji+xJ7pAyLk84nEwnxuBU8It2uayL5ObCZHCbyaHPJ4uZwVoxjjgo7E0WBA6YTdViNd3iQiRb0tSbpV5zFSw4/xq2glrdwKpTE3CgJgDO08/Z0gGX1/6whGAVEZpGCTU6Sd0/FfkkvKrEdNx03gyDrHUQYHM7p89AHV0S7PWIff966l7ERyu6PtQMZBGioeoXjouaW6RQ/fAOtBhICNf/r25CguJwyzIWeQ60ECmSQrvcenFDkL09K4hL/NhJqMXdrP1ZS7coL2UwfOBvpQJDVwcIN69s8j9vyqq",
    "{BLF-CRYPT}$2y$05$PMIp7N0yMv7rgWgS89fz0.iHfOPajJtWXHPMVQpVf2YmAIwF1FCzi",
    "{SHA256-CRYPT}$5$IsttDFEDCQnjX9w7$FxJffvTXq5wDLTW6/N1iP6ZD2Dkr9Os1dcryGnp8JZ/",
    "{SHA512-CRYPT}$6$2x63Qq1GCyNjEDFr$avIz3CxueKSwTO8t5R3aMJ/H6awHFpxtl/zG976wbIwiw7Tf58DCuRr.qT6V3st0gE4RnEfpd5JIgNHN.n0rl.",
    "{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$3+EbgNzEzxJG3Vefaeo1og$OMpYTsvUsWBKAPH3X/eDjostxoQA1dQqiOTEH2/zI+o",
    "{ARGON2I}$argon2i$v=19$m=32768,t=4,p=1$vs5nO8GWVu99C/fH54mT3A$2OHEf77DupFAhsdnJ44WfDKX1tLvQQn1mW1ujPweQkw",
    "{bcrypt}$2a$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
    "{argon2}$argon2id$v=19$m=64,t=3,p=2$c29tZXNhbHRzb21lc2FsdA$ZtkxkY+lu+i6gY9sq3fLy8jifI0FDvVU",
];

#[test]
fn every_kind_of_hash_logs_its_user_in_and_is_rehashed() {
    let folder = Arc::new(new_database());
    let line = |(index, value): (usize, &&str)| json!({"name": format!("u{index}"), "password": value}).to_string();
    let lines: Vec<String> = STORED.iter().enumerate().map(line).collect();
    let file = write(&folder, "users.jsonl", lines.join("\n"));
    let (status, out, err) = import(&folder, &file, &[]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    assert!(said(&run(&folder, &["check"])).1.starts_with("ok: "));
    let server = Server::over(Arc::clone(&folder), &["--wrong-password-delay", "0"]);
    for (index, value) in STORED.iter().enumerate() {
        let name = format!("u{index}");
        let login = |password: &str| server.nuxeo_as((&name, password), "GET", "/me", None).status;
        assert_eq!((login("correct horses"), login(value)), (401, 401), "{value}");
        assert_eq!(login("correct horse"), 200, "{value}");
        let now = State::of(&folder).texts(&format!("select password_hash from users where username = '{name}'"));
        assert!(now[0].starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{value} has become {}", now[0]);
        assert_eq!(login("correct horse"), 200, "{value}");
    }
}

#[test]
fn value_that_may_be_a_stored_hash_is_no_password() {
    let folder = Arc::new(new_database());
    let hex = "5f4dcc3b5aa765d61d8327deb882cf99";
    let dear = format!("$pbkdf2-sha512$i=1500001,l=64$c29tZXNhbHQ${}", "A".repeat(86));
    let values = [
        ("*", "marker of a locked account"),
        ("!!", "marker of a locked account"),
        ("x", "marker of a locked account"),
        ("!$6$saltstring$.r0X7ub5wGR2v4Xz7svCIozfnlorFh19V89t8KC9Umd81uGhFgsy", "marker of a locked account"),
        ("********", "masked value"),
        ("rqXexS6ZhobKA", "DES crypt"),
        (hex, "hexadecimal digest"),
        ("{x-isSHA512, 15000}eXl5eXl5eXl5eXl5eXl5", "{x-isSHA512}"),
        ("pbkdf2_sha256$1000$saltsalt$qQDPSZa3Ormyy9oK1Pu0ZLLwP2Svzmx3yu8OvDdq/J0=", "pbkdf2_sha256"),
        ("AQAAAAEAACcQAAAAEJ9Aq2b7vQ0j8s0n1Zr3Vx5r4pP0l8Cw2hYkq6t1Yc3d", "Base64 digest"),
        (&dear, "$pbkdf2-sha512$ at a cost beyond the limit"),
    ];
    let line = |(index, (value, _)): (usize, &(&str, &str))| json!({"name": format!("u{index}"), "password": value});
    let lines: Vec<String> = values.iter().enumerate().map(|row| line(row).to_string()).collect();
    let file = write(&folder, "users.jsonl", lines.join("\n"));
    let (status, _, err) = import(&folder, &file, &[]);
    let kinds: BTreeSet<&str> = values.iter().map(|(_, kind)| *kind).collect();
    assert_eq!((status, err.lines().count()), (0, kinds.len()), "{err}");
    let server = Server::over(Arc::clone(&folder), &["--wrong-password-delay", "0"]);
    for (index, (value, kind)) in values.iter().enumerate() {
        assert!(err.contains(&format!("a password of the kind {kind}: it is left out")), "no {kind} in:\n{err}");
        assert!(value.len() < 3 || !err.contains(value), "{err}");
        assert_eq!(server.nuxeo_as((&format!("u{index}"), value), "GET", "/me", None).status, 401, "{value}");
    }
}
