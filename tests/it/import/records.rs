//! Users, groups and memberships from files and to files.

use crate::support::cli::{exported_records, rollbook, run, run_with_input, said};
use crate::support::database::State;
use crate::support::folder::Folder;
use crate::support::server::Server;
use crate::support::wait::wait_until;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::sync::Arc;

/// A directory as a first start makes it, and nobody who serves it.
fn directory() -> Folder {
    let folder = Folder::new();
    assert!(run(&folder, &["key", "create", "api"]).status.success());
    folder
}

fn write(folder: &Folder, name: &str, text: impl AsRef<[u8]>) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("a file");
    path.display().to_string()
}

/// Imports a file; what is said of it is told without its folder.
fn import(folder: &Folder, file: &str, flags: &[&str]) -> (i32, String, String) {
    let (status, out, err) = said(&run(folder, &[&["import", file], flags].concat()));
    let start = format!("{}/", folder.path().display());
    (status, out.replace(&start, ""), err.replace(&start, ""))
}

/// All of a directory as JSON lines.
fn exported(folder: &Folder) -> Vec<Value> {
    let (status, out, err) = said(&run(folder, &["export", "-", "--format", "jsonl"]));
    assert_eq!(status, 0, "{err}");
    exported_records(&out)
}

/// What is known of a user.
fn user(folder: &Folder, name: &str) -> Value {
    let records = exported(folder);
    let found = records.into_iter().find(|record| record["kind"] == "user" && record["name"] == name);
    found.unwrap_or_else(|| panic!("there is no {name}"))
}

const USERS: &str = "\
Login,First Name,surname,mail,Groups,Role,Enabled,Notes
ada,Ada,Lovelace,ada@example.com,members,,yes,x
bob,Bob,,bob@example.com,members;nope,,,
,No,Name,,,,,
\"e;ve\",\"Eve \"\"E\"\"\",,,\"[\"\"members\"\",\"\"powerusers\"\"]\",admin,no,
ADA,Again,,,,,,
kim,Kim,,,,king,,
odd,1,2,3
";

#[test]
fn every_row_that_is_refused_or_lossy_is_told_with_its_line() {
    for served in [false, true] {
        let folder = Arc::new(directory());
        let _server = served.then(|| Server::over(Arc::clone(&folder), &[]));
        let file = write(&folder, "users.csv", USERS);
        let (status, out, err) = import(&folder, &file, &[]);
        let expected = [
            r#"users.csv:2: lost: no field here is called "Notes": ada"#,
            "users.csv:3: refused: group does not exist: nope (--create-groups makes it)",
            r#"users.csv:4: refused: the login is missing: "Login" is empty"#,
            "users.csv:6: refused: user already exists: ADA (line 2 of the input has it)",
            r#"users.csv:7: refused: role is none of admin, standard and read: "king""#,
            "users.csv:8: refused: ",
            "rollbook: 5 rows were refused",
        ];
        assert_eq!(status, 1);
        for (line, start) in err.lines().zip(expected) {
            assert!(line.starts_with(start), "{line:?} is not {start:?} in:\n{err}");
        }
        assert_eq!(err.lines().count(), expected.len(), "{err}");
        assert_eq!(out, "users.csv: 2 created, 0 updated, 0 unchanged, 5 refused, 1 has lost something\n");
        assert_eq!(
            user(&folder, "ada"),
            json!({"kind": "user", "name": "ada", "first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com",
                "role": "standard", "disabled": false, "verified": false, "groups": ["members"], "joined": [2]})
        );
        let eve = user(&folder, "e;ve");
        assert_eq!((&eve["role"], &eve["disabled"]), (&json!("admin"), &json!(true)));
        assert_eq!(eve["groups"], json!(["members", "powerusers", "administrators"]));
        assert!(said(&run(&folder, &["check"])).1.starts_with("ok: 3 users, 3 groups, 5 memberships"));
    }
}

#[test]
fn a_report_can_go_to_a_file() {
    let folder = directory();
    let file = write(&folder, "users.csv", USERS);
    let report = folder.path().join("report.txt");
    let (status, _, err) = import(&folder, &file, &["--report", report.to_str().unwrap()]);
    assert_eq!((status, err.as_str()), (1, "rollbook: 5 rows were refused\n"));
    let text = std::fs::read_to_string(&report).expect("the report");
    assert_eq!(text.lines().count(), 6, "{text}");
    assert_eq!(std::fs::metadata(&report).unwrap().permissions().mode() & 0o777, 0o600);
    let nowhere = folder.path().join("no/report.txt");
    let (status, _, err) = import(&folder, &file, &["--report", nowhere.to_str().unwrap()]);
    assert_eq!(status, 1);
    assert!(err.contains("create the report no/report.txt"), "{err}");
    assert_eq!(exported(&folder).len(), 6, "nothing is brought in without its report");
}

#[test]
fn a_dry_run_says_what_would_happen_and_changes_nothing() {
    let rows = "\
kind,name,groups,password
user,ada,one;two,secret words
group,three,one,
user,bob,three;Two,
user,Ada,,
user,eve,three;four,
member,bob,one,
member,nobody,two,
subgroup,two,three,
subgroup,three,two,
group,THREE,,
user,administrator,members,
";
    for conflict in ["fail", "skip", "update"] {
        let folder = directory();
        let file = write(&folder, "all.csv", rows);
        for batch in ["1", "3", "1000"] {
            let flags = ["--create-groups", "--on-conflict", conflict, "--batch", batch];
            let before = State::of(&folder).whole();
            let would = import(&folder, &file, &[&flags[..], &["--dry-run"]].concat());
            assert_eq!(State::differences(&before, &State::of(&folder).whole()), [""; 0]);
            let twin = directory();
            let copy = write(&twin, "all.csv", rows);
            let does = import(&twin, &copy, &flags);
            assert_eq!(would.0, does.0, "{conflict}: {would:?} {does:?}");
            assert_eq!(would.1.replace("a dry run, nothing is changed: ", ""), does.1);
            let rows: Vec<_> = does.2.lines().filter(|line| line.starts_with("all.csv:")).collect();
            assert_eq!(would.2.lines().filter(|line| line.starts_with("all.csv:")).collect::<Vec<_>>(), rows);
            assert_eq!(would.2.contains("would be refused"), would.0 == 1);
        }
    }
    let empty = Folder::new();
    let file = write(&empty, "all.csv", rows);
    let (status, _, err) = import(&empty, &file, &["--dry-run"]);
    assert_eq!(status, 1);
    assert!(err.contains("there is no database"), "{err}");
    assert!(!empty.db().exists());
}

#[test]
fn what_is_there_already_is_refused_skipped_or_updated() {
    let again = "name,title,groups\nada,Countess,powerusers\nbob,,\n";
    for (conflict, status, out, err, title, groups) in [
        (
            "fail",
            1,
            "1 created, 0 updated, 0 unchanged, 1 refused",
            "again.csv:2: refused: user already exists: ada (--on-conflict update changes it, skip leaves it)\n\
             rollbook: 1 row was refused\n",
            Value::Null,
            json!(["members"]),
        ),
        ("skip", 0, "1 created, 0 updated, 0 unchanged, 1 skipped", "", Value::Null, json!(["members"])),
        ("update", 0, "1 created, 1 updated, 0 unchanged", "", json!("Countess"), json!(["powerusers"])),
    ] {
        let folder = directory();
        let file = write(&folder, "users.csv", "name,first_name,groups\nada,Ada,members\n");
        assert_eq!(import(&folder, &file, &[]).1, "users.csv: 1 created, 0 updated, 0 unchanged\n");
        let file = write(&folder, "again.csv", again);
        let found = import(&folder, &file, &["--on-conflict", conflict]);
        assert_eq!(found, (status, format!("again.csv: {out}\n"), err.to_owned()));
        let ada = user(&folder, "ada");
        // What a row does not name stays.
        assert_eq!((&ada["first_name"], &ada["title"], &ada["groups"]), (&json!("Ada"), &title, &groups));
        if conflict == "update" {
            let (_, out, _) = import(&folder, &file, &["--on-conflict", conflict]);
            assert_eq!(out, "again.csv: 0 created, 0 updated, 2 unchanged\n");
        }
    }
    let last = directory();
    let file = write(&last, "last.csv", "name,disabled\nAdministrator,yes\n");
    let (status, _, err) = import(&last, &file, &["--on-conflict", "update"]);
    assert_eq!(
        (status, err.lines().next()),
        (1, Some("last.csv:2: refused: the last enabled administrator has to stay one"))
    );
}

#[test]
fn passwords_and_the_hashes_of_other_directories_are_taken_over() {
    let folder = Arc::new(directory());
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
fn a_hash_of_every_kind_lets_its_user_in_and_is_then_one_of_ours() {
    let folder = Arc::new(directory());
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
fn a_value_that_may_be_a_stored_hash_lets_nobody_in() {
    let folder = Arc::new(directory());
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

#[test]
fn a_row_that_is_skipped_makes_nobody_a_member() {
    let folder = directory();
    let first = "dn: uid=ada,dc=x\nobjectClass: account\nuid: ada\n\ndn: cn=crew,dc=x\nobjectClass: groupOfNames\n\
                 cn: crew\nmember:\n";
    let file = write(&folder, "first.ldif", first);
    assert_eq!(import(&folder, &file, &[]).0, 0);
    // Neither the user's row nor the row of the group is stored.
    for (name, text) in [
        ("by-user.ldif", first.replace("uid: ada\n", "uid: ada\nmemberOf: cn=crew,dc=x\n")),
        ("by-group.ldif", first.replace("member:\n", "member: uid=ada,dc=x\n")),
    ] {
        let file = write(&folder, name, text);
        for conflict in ["skip", "fail"] {
            let (status, out, err) = import(&folder, &file, &["--on-conflict", conflict]);
            assert_eq!(status, 1, "{name} {conflict}: {out}{err}");
            assert!(err.contains("missing: the row of the group"), "{name} {conflict}: {err}");
            assert_eq!(user(&folder, "ada")["groups"], json!([]), "{name} {conflict}");
        }
    }
    let file = folder.path().join("by-group.ldif").display().to_string();
    assert_eq!(import(&folder, &file, &["--on-conflict", "update"]).0, 0);
    assert_eq!(user(&folder, "ada")["groups"], json!(["crew"]));
    // What is there already is not missing.
    assert_eq!(import(&folder, &file, &["--on-conflict", "skip"]).0, 0);
}

#[test]
fn a_value_that_the_database_cannot_take_costs_itself_alone() {
    let folder = directory();
    let deep = format!("{}{}", "[".repeat(1001), "]".repeat(1001));
    let rows = format!("{{\"name\":\"ada\",\"properties\":{{\"p\":{deep},\"q\":1}}}}\n{{\"name\":\"bob\"}}\n");
    let file = write(&folder, "users.jsonl", rows);
    let (status, out, err) = import(&folder, &file, &[]);
    assert_eq!(status, 0, "{out}{err}");
    assert_eq!(err, "users.jsonl:1: lost: a property is nested too deep, and is left out: the user ada\n");
    assert_eq!(user(&folder, "ada")["properties"], json!({"q": 1}));
    assert!(said(&run(&folder, &["check"])).1.starts_with("ok: "));
}

const LDIF: &str = "\
version: 1
# Groups come before those who are in them here.
dn: dc=example,dc=org
objectClass: dcObject
dc: example

dn: cn=engineers,ou=groups,dc=example,dc=org
objectClass: groupOfNames
cn: engineers
description:: TGVzIGluZ8OpbmlldXJz
member: uid=ada,ou=people,dc=example,dc=org
member: cn=Bob B,ou=people,
 dc=example,dc=org
member: cn=staff,ou=groups,dc=example,dc=org
member: uid=nobody,ou=people,dc=example,dc=org

dn: cn=staff,ou=groups,dc=example,dc=org
objectClass: posixGroup
cn: staff
gidNumber: 100
memberUid: ada

dn: uid=ada,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: ada
cn: Ada Lovelace
sn: Lovelace
givenName: Ada
mail: ada@example.org
userPassword:: e1NTSEF9Z1dQTzNFbVkrSGJ3ZlRNeGNMdFdyUVVFRkN4ellXeDA=
jpegPhoto:: /9j/4AA=

dn: cn=Bob B,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
cn: Bob B
uid: bob
sn: B

dn: uid=gone,ou=people,dc=example,dc=org
changetype: delete
";

#[test]
fn an_ldap_directory_is_taken_over() {
    let folder = Arc::new(directory());
    let file = write(&folder, "all.ldif", LDIF);
    let (status, out, err) = import(&folder, &file, &[]);
    assert_eq!(status, 1, "{err}");
    assert!(out.starts_with("all.ldif: 8 created, 0 updated, 0 unchanged, 1 refused, 1 missing"), "{out}{err}");
    for remark in [":3: lost: ", ":15: missing: members of cn=engineers,", ":39: refused: ", "jpegPhoto"] {
        assert!(err.contains(remark), "no {remark} in:\n{err}");
    }
    let records = exported(&folder);
    let engineers = records.iter().find(|record| record["name"] == "engineers").expect("the group");
    assert_eq!(engineers["description"], "Les ingénieurs");
    let is_subgroup = |record: &Value| record["group"] == "engineers" && record["subgroup"] == "staff";
    assert!(records.iter().any(is_subgroup), "{records:#?}");
    assert!(!records.iter().any(|record| record["kind"] == "member"), "{records:#?}");
    assert_eq!(user(&folder, "ada")["groups"], json!(["engineers", "staff"]));
    let bob = user(&folder, "bob");
    assert_eq!((&bob["groups"], &bob["last_name"]), (&json!(["engineers"]), &json!("B")));
    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(server.nuxeo_as(("ada", "geheime worte"), "GET", "/me", None).status, 200);
    assert!(server.stop().success());
    assert!(said(&run(&folder, &["check"])).1.starts_with("ok: 3 users, 5 groups, 4 memberships"));
}

#[test]
fn json_lines_come_from_a_pipe_too() {
    let folder = directory();
    let lines = "{\"name\":\"ada\",\"properties\":{\"n\":1.50}}\n\n{\"kind\":\"group\",\"name\":\"team\"}\nnull\n\
                 {\"kind\":\"member\",\"group\":\"team\",\"user\":\"ada\"}\n";
    let (status, out, err) = said(&run_with_input(&folder, &["import", "-", "--format", "jsonl"], lines));
    assert_eq!(status, 1);
    assert!(err.starts_with("standard input:4: refused: "), "{err}");
    assert_eq!(out, "standard input: 3 created, 0 updated, 0 unchanged, 1 refused\n");
    let ada = user(&folder, "ada");
    assert_eq!(ada["groups"], json!(["team"]));
    let (_, exported, _) = said(&run(&folder, &["export", "-", "--format", "jsonl"]));
    assert!(exported.contains("\"properties\":{\"n\":1.50}"), "{exported}");
}

#[test]
fn a_mistake_in_the_call_is_told_before_anything_is_made() {
    let folder = Folder::new();
    let text = write(&folder, "users.txt", "name\nada\n");
    let headless = write(&folder, "users.csv", "colour,size\nred,1\n");
    for (words, status, message) in [
        (vec!["import", "nowhere.csv"], 1, "read nowhere.csv"),
        (vec!["import", &text], 2, "--format: the name"),
        (vec!["import", &text, "--format", "xls"], 2, "the formats are csv, jsonl and ldif, not xls"),
        (vec!["import", &headless], 1, "name"),
        (vec!["import", &text, "--format", "csv", "--batch", "0"], 2, "--batch"),
        (vec!["import", &text, "--format", "csv", "--on-conflict", "pray"], 2, "pray"),
        (vec!["export", "out.txt"], 2, "--format: the name"),
        (vec!["export", "out.csv"], 1, "there is no database"),
    ] {
        let (code, _, err) = said(&run(&folder, &words));
        assert_eq!(code, status, "{words:?}: {err}");
        assert!(err.contains(message), "{words:?}: {err}");
    }
    assert!(!folder.db().exists() && !folder.path().join("out.csv").exists());
    // A database that is not there is made, with its first secrets.
    let (status, out, _) = import(&folder, &text, &["--format", "csv"]);
    assert_eq!((status, out.as_str()), (0, "users.txt: 1 created, 0 updated, 0 unchanged\n"));
    let (status, _, _) = said(&run(&folder, &["user", "show", "administrator"]));
    assert_eq!(status, 0);
}

/// Names and texts that are easily taken for something else.
const ODD: [&str; 12] = [
    "plain",
    "a;b",
    "[x]",
    "comma, \"quote\"",
    "umlaut äöü ß",
    "emoji 🦀",
    "plus+sharp#",
    "slash/back\\slash",
    "=1+1",
    "equal=sign",
    "日本語",
    "'; drop table users; --",
];

#[test]
fn what_is_exported_comes_back_as_it_was() {
    let folder = Arc::new(directory());
    let server = Server::over(Arc::clone(&folder), &[]);
    let post = |path: &str, body: Value| {
        let answer = server.nuxeo("POST", path, Some(&body.to_string()));
        assert_eq!(answer.status, 201, "{}", answer.text());
    };
    for (index, odd) in ODD.iter().enumerate() {
        let name = format!("group {odd}");
        post(
            "/group",
            json!({"entity-type": "group", "groupname": name, "grouplabel": odd,
            "parentGroups": if index % 3 == 0 { json!(["members", "not yet"]) } else { json!([]) },
            "properties": {"description": format!("{odd}\n {odd}"), "n": [index]}}),
        );
    }
    for (index, odd) in ODD.iter().enumerate() {
        let groups: Vec<String> = ODD.iter().skip(index).step_by(2).map(|odd| format!("group {odd}")).collect();
        post(
            "/user",
            json!({"entity-type": "user", "properties": {"username": format!("user {odd}"), "firstName": odd,
            "lastName": format!("{odd} {odd}"), "email": if index % 2 == 0 { json!("") } else { json!(odd) },
            "company": null, "password": format!("secret {odd}"), "groups": groups, "extra": {"deep": [odd, 1.50]}}}),
        );
    }
    let waiting = json!({"entity-type": "group", "memberUsers": ["user plain", "soon"], "memberGroups": ["later"]});
    assert_eq!(server.nuxeo("PUT", "/group/group%20plain", Some(&waiting.to_string())).status, 200);
    assert_eq!(server.datadog("DELETE", "/api/v1/user/user%20a%3Bb", None).status, 200);

    // While the server runs.
    let export = |folder: &Folder, name: &str, flags: &[&str]| {
        let path = folder.path().join(name).display().to_string();
        let (status, out, err) = said(&run(folder, &[&["export", &path], flags].concat()));
        assert_eq!(status, 0, "{err}");
        assert!(out.contains("wrote "), "{out}");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        (std::fs::read_to_string(&path).expect("the file"), path, err)
    };
    let (whole, _, _) = export(&folder, "all.jsonl", &["--with-passwords"]);
    for (name, same) in [("all.jsonl", true), ("all.csv", false), ("all.ldif", false)] {
        let (_, path, losses) = export(&folder, name, &["--with-passwords", "--force"]);
        let twin = directory();
        let (status, out, err) = import(&twin, &path, &["--on-conflict", "update"]);
        assert_eq!(status, 0, "{name}: {out}{err}");
        assert!(said(&run(&twin, &["check"])).1.starts_with("ok: "));
        let (copy, _, _) = export(&twin, "copy.jsonl", &["--with-passwords"]);
        if same {
            assert_eq!(losses, "", "JSON lines hold everything");
            assert_eq!(sorted(&copy), sorted(&whole));
        } else {
            let (copy, whole) = (bare(&copy, name), bare(&whole, name));
            assert_eq!(copy, whole, "{name}");
            assert!(!losses.contains("lost: "), "{name}: {losses}");
        }
    }
    assert!(server.stop().success());
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

/// The records less what the format has no place for.
fn bare(text: &str, name: &str) -> Vec<String> {
    let mut lines: Vec<String> = exported_records(text)
        .into_iter()
        .map(|mut record| {
            let fields = record.as_object_mut().expect("an object");
            fields.retain(|_, value| value != "");
            if name == "all.ldif" {
                // It has the order of the lists of groups, and none of the groups of a user.
                fields.remove("joined");
                if let Some(groups) = fields.get_mut("groups").and_then(Value::as_array_mut) {
                    groups.sort_by_key(Value::to_string);
                }
            }
            record.to_string()
        })
        .collect();
    lines.sort_unstable();
    lines
}

#[test]
fn an_export_overwrites_nothing_and_has_no_passwords_unless_told_so() {
    let folder = directory();
    let path = folder.path().join("all.csv").display().to_string();
    assert_eq!(said(&run(&folder, &["export", &path])).0, 0);
    let first = std::fs::read_to_string(&path).expect("the file");
    assert!(!first.contains("argon2"), "{first}");
    let (status, _, err) = said(&run(&folder, &["export", &path, "--with-passwords"]));
    assert_eq!(status, 1);
    assert!(err.contains("is there already (--force overwrites it)"), "{err}");
    assert_eq!(std::fs::read_to_string(&path).expect("the file"), first);
    assert_eq!(said(&run(&folder, &["export", &path, "--with-passwords", "--force"])).0, 0);
    assert!(std::fs::read_to_string(&path).expect("the file").contains("argon2"));
    let (status, _, err) = said(&run(&folder, &["export", "-", "--format", "ldif", "--base", "nonsense"]));
    assert_eq!(status, 1);
    assert!(err.contains("no distinguished name"), "{err}");
    let (status, out, err) = said(&run(&folder, &["export", "-", "--format", "csv"]));
    assert_eq!((status, out), (0, first));
    // The names of the first user are empty texts, which are the same as none.
    assert_eq!(err, "wrote 4 records\n");
}

#[test]
fn neither_a_report_nor_an_export_takes_the_place_of_the_database_or_of_the_input() {
    let folder = directory();
    let file = write(&folder, "users.csv", "name\nada\n");
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(folder.db(), &link).expect("a link");
    let before = std::fs::read(folder.db()).expect("the database");
    for name in ["rollbook.db", "rollbook.db-wal", "rollbook.db.lock", "link"] {
        let path = folder.path().join(name).display().to_string();
        let (status, _, err) = said(&run(&folder, &["export", &path, "--format", "csv", "--force"]));
        assert!(status == 1 && err.contains("is the database itself"), "{name}: {err}");
        let (status, _, err) = import(&folder, &file, &["--report", &path]);
        assert!(status == 1 && err.contains("is the database itself"), "{name}: {err}");
    }
    let (status, _, err) = import(&folder, &file, &["--report", &file]);
    assert_eq!(
        (status, err.as_str()),
        (1, "rollbook: the report users.csv is the input itself: --report has to name another file\n")
    );
    assert_eq!(std::fs::read_to_string(&file).expect("the input"), "name\nada\n");
    assert_eq!(std::fs::read(folder.db()).expect("the database"), before);
    // What is overwritten is nobody else's to read afterwards.
    let open = write(&folder, "open.csv", "x");
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o644)).expect("it is ours");
    assert_eq!(said(&run(&folder, &["export", &open, "--force"])).0, 0);
    assert_eq!(std::fs::metadata(&open).unwrap().permissions().mode() & 0o777, 0o600);
}

/// A CSV of so many users, each in two of the groups, with a header.
fn many(count: usize, groups: usize) -> String {
    let mut text = String::from("kind,name,first_name,last_name,email,groups\n");
    for group in 0..groups {
        text.push_str(&format!("group,team{group},,,,\n"));
    }
    for number in 0..count {
        let (one, other) = (number * 7919 % groups, (number * 104_729 + 1 + number * 7919 % groups) % groups);
        text.push_str(&format!(
            "user,user{number:07},First{},Last{},user{number}@example.com,team{one};team{other}\n",
            number % 997,
            number % 4999
        ));
    }
    text
}

fn count(folder: &Folder, table: &str) -> u64 {
    State::of(folder).rows(&format!("select count(*) as n from {table}"))[0]["n: ".len()..].parse().expect("a number")
}

#[test]
fn an_import_that_was_killed_goes_on_where_it_was() {
    let folder = directory();
    let (users, groups) = (12_000, 10);
    let file = write(&folder, "many.csv", many(users, groups));
    for round in 0..4 {
        let mut command = rollbook();
        command.args(["import", &file, "--batch", "50"]).env("ROLLBOOK_DB", folder.db());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the command starts");
        wait_until("some users more", || {
            assert!(child.try_wait().expect("a child").is_none(), "it is at its end already");
            count(&folder, "users") > (round + 1) * 700
        });
        child.kill().and_then(|()| child.wait()).expect("it is killed");
        // What it remembers is what is there: one transaction a part.
        let line = State::of(&folder).rows("select line from imports")[0]["line: ".len()..].parse::<u64>().unwrap();
        assert_eq!(count(&folder, "users") + count(&folder, "groups") - 4, line - 1);
    }
    let (status, out, err) = import(&folder, &file, &["--batch", "500"]);
    assert_eq!(status, 0, "{err}");
    assert!(err.starts_with("many.csv: going on after line "), "{err}");
    assert!(out.ends_with("0 updated, 0 unchanged\n"), "{out}");
    assert_eq!(count(&folder, "users"), 1 + users as u64);
    assert_eq!(count(&folder, "imports"), 0);
    assert!(said(&run(&folder, &["check"])).1.starts_with("ok: 12001 users, 13 groups,"));
    // Done is done: the next time is a new one.
    let (status, out, _) = import(&folder, &file, &["--on-conflict", "skip"]);
    assert_eq!((status, out.as_str()), (0, "many.csv: 0 created, 0 updated, 0 unchanged, 12010 skipped\n"));
}

#[test]
fn an_import_can_begin_anew_and_another_file_is_another_import() {
    let folder = directory();
    let text = many(300, 3);
    let file = write(&folder, "many.csv", &text);
    assert_eq!(import(&folder, &file, &[]).0, 0);
    // As a kill leaves it.
    let connection = rusqlite::Connection::open(folder.db()).expect("the database");
    let digest = {
        use sha2::{Digest, Sha256};
        Sha256::new().chain_update("csv:").chain_update(&text).finalize().to_vec()
    };
    connection.execute("insert into imports values (?1, 101, 0)", [&digest]).expect("a row");
    let (_, out, err) = import(&folder, &file, &["--on-conflict", "skip"]);
    assert!(err.starts_with("many.csv: going on after line 101,"), "{err}");
    assert!(out.ends_with("203 skipped\n"), "{out}");
    connection.execute("insert into imports values (?1, 101, 0)", [&digest]).expect("a row");
    let (_, out, err) = import(&folder, &file, &["--on-conflict", "skip", "--restart"]);
    assert_eq!((out.ends_with("303 skipped\n"), err.as_str()), (true, ""), "{out}");
    connection.execute("insert into imports values (?1, 101, 0)", [&digest]).expect("a row");
    let other = write(&folder, "other.csv", format!("{text}user,more,,,,\n"));
    let (_, out, err) = import(&folder, &other, &["--on-conflict", "skip"]);
    assert_eq!((out.contains("1 created"), err.as_str()), (true, ""), "{out}");
}

#[test]
fn an_import_through_a_server_leaves_room_for_others() {
    let folder = Arc::new(directory());
    let server = Server::over(Arc::clone(&folder), &[]);
    let file = write(&folder, "many.csv", many(3000, 5));
    let mut command = rollbook();
    command.args(["import", &file, "--batch", "100", "-v"]).env("ROLLBOOK_DB", folder.db());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
    let mut created = 0;
    wait_until("a part", || count(&folder, "imports") > 0 || count(&folder, "users") >= 3000);
    for number in 0..20 {
        let body = json!({"handle": format!("other{number}@example.com")}).to_string();
        created += u64::from(server.datadog("POST", "/api/v1/user", Some(&body)).status == 200);
    }
    let output = child.wait_with_output().expect("it ends");
    let (status, out, err) = said(&output);
    assert_eq!(status, 0, "{err}");
    assert!(err.contains("through the server") && out.contains("3005 created"), "{out}{err}");
    assert_eq!((created, count(&folder, "users")), (20, 3021));
    // It is told of as of any other change.
    assert_eq!(count(&folder, "changes where action = 'user.created' and dialect = 'command'"), 3000);
    assert_eq!(server.nuxeo("GET", "/user/search?q=user0002999", None).json()["resultsCount"], 1);
}

/// Runs a command at a terminal of 100 columns, writes what it shows there to standard output, and the most memory that
/// it has had, in KiB, to the file that is named first.
const AT_A_TERMINAL: &str = r#"
import os, pty, resource, sys
status = pty.spawn(["sh", "-c", 'stty cols 100 rows 24; exec "$@"', "sh", *sys.argv[2:]])
with open(sys.argv[1], "w") as out:
    out.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(os.waitstatus_to_exitcode(status))
"#;

/// Imports so many users in so many groups at a terminal, checks what has come, and returns the most memory, in KiB.
fn memory_of_import(users: usize, groups: usize) -> usize {
    let folder = directory();
    let file = write(&folder, "many.csv", many(users, groups));
    let memory = folder.path().join("memory");
    let mut command = crate::support::cli::launcher("python3");
    command.args(["-c", AT_A_TERMINAL]).arg(&memory).arg(crate::support::cli::binary());
    command.args(["import", "--batch", "5000"]).arg(&file).arg("--db").arg(folder.db());
    let output = command.stdin(Stdio::null()).output().expect("python runs");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    let end = shown.lines().last().unwrap_or_default();
    assert!(output.status.success(), "{end}");
    assert!(end.contains(&format!("many.csv: {} created, 0 updated, 0 unchanged", users + groups)), "{end}");
    // The bar goes on: several states of it were drawn.
    let percents = (1..100).filter(|percent| shown.contains(&format!(" {percent}% "))).count();
    assert!(percents > 5, "{percents} states of the bar in {} bytes", shown.len());
    let expected = many_memberships(users, groups);
    assert_eq!((count(&folder, "users"), count(&folder, "groups")), (1 + users as u64, 3 + groups as u64));
    assert_eq!(count(&folder, "memberships"), 1 + expected);
    assert_eq!(count(&folder, "changes where action = 'member.added'"), 1 + expected);
    let state = State::of(&folder);
    let counter = state.texts("select cast(value as text) from counters where name = 'users'");
    assert_eq!(counter, [(users + 1).to_string()]);
    assert_eq!(state.texts("pragma quick_check(1)"), ["ok"]);
    std::fs::read_to_string(&memory).expect("the memory").parse().expect("a number")
}

#[test]
fn a_longer_file_is_imported_in_no_more_memory() {
    /// What is promised, in KiB.
    const MEMORY_MAX: usize = 96 * 1024;
    /// The caches are full with the shorter file. The longer one is longer by twice as much as this at least, in KiB.
    const MORE_MAX: usize = 1536;
    let longer = if std::env::var_os("ROLLBOOK_LONG").is_some() { 1_000_000 } else { 90_000 };
    let [one, other] = [45_000, longer].map(|users| memory_of_import(users, 200));
    println!("the most memory was {one} KiB, and {other} KiB for {longer} users");
    assert!(other < MEMORY_MAX && other < one + MORE_MAX, "{one} KiB, and {other} KiB for {longer} users");
}

/// The memberships that [`many`] makes.
fn many_memberships(count: usize, groups: usize) -> u64 {
    (0..count)
        .map(|number| {
            let one = number * 7919 % groups;
            if (number * 104_729 + 1 + one) % groups == one { 1 } else { 2 }
        })
        .sum()
}

#[test]
fn a_refused_row_leaves_no_trace_whatever_the_batch() {
    // The groups of the second user are made before the login is refused, which changes the direction of the text.
    let rows = "kind,name,groups\n\
                user,ada,team1\n\
                user,bo\u{202e}b,team2;team3\n\
                user,eve,team1;team3\n\
                user,kim,team3;team1;team3\n";
    let mut results = Vec::new();
    for batch in ["1", "2", "3", "1000"] {
        let folder = directory();
        let file = write(&folder, "users.csv", rows);
        let (status, out, err) = import(&folder, &file, &["--create-groups", "--batch", batch]);
        let state = State::of(&folder);
        state.assert_sound();
        let groups = "select name, version, (select count(*) from memberships where group_id = id) as members
             from groups where name like 'team%' order by id";
        let expected = ["name: \"team1\", version: 4, members: 3", "name: \"team3\", version: 3, members: 2"];
        assert_eq!(state.rows(groups), expected);
        let changes = state.rows("select action, name, json_remove(after, '$.uuid') as after from changes order by id");
        let seqs = state.rows("select group_id, user_id, seq, value from memberships, counters where name = 'seq'");
        results.push((status, out.clone(), err.clone(), changes, seqs));
        assert_eq!((status, results[0] == results[results.len() - 1]), (1, true), "{results:#?}");
    }
}
