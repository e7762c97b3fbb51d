//! Password hashes of other software, for unit tests and for tests of imports.

/// The password of all hashes here.
pub const PASSWORD: &str = "correct horse";

/// Hashes of [`PASSWORD`] that other software has made, in the form in which they are stored.
pub const VALUES: [&str; 28] = [
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
pub const OTHER_FORMS: [(&str, &str); 15] = [
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
