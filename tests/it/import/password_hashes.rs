//! Passwords and the hashes of other directories.

use crate::support::cli::{new_database, run, said};
use crate::support::database::State;
use crate::support::import::{import, write};
use crate::support::server::Server;
use samples::{OTHER_FORMS, PASSWORD, VALUES};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

#[path = "../../../src/directory/passwords/password_hash/tests/samples.rs"]
mod samples;

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

#[test]
fn every_kind_of_hash_logs_its_user_in_and_is_rehashed() {
    let folder = Arc::new(new_database());
    let values: Vec<&str> = VALUES.into_iter().chain(OTHER_FORMS.map(|(value, _)| value)).collect();
    let line = |(index, value): (usize, &&str)| json!({"name": format!("u{index}"), "password": value}).to_string();
    let lines: Vec<String> = values.iter().enumerate().map(line).collect();
    let file = write(&folder, "users.jsonl", lines.join("\n"));
    let (status, out, err) = import(&folder, &file, &[]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    assert!(said(&run(&folder, &["check"])).1.starts_with("ok: "));
    let server = Server::over(Arc::clone(&folder), &["--wrong-password-delay", "0"]);
    for (index, value) in values.iter().enumerate() {
        let name = format!("u{index}");
        let login = |password: &str| server.nuxeo_as((&name, password), "GET", "/me", None).status;
        assert_eq!((login("wrong horse"), login(value)), (401, 401), "{value}");
        assert_eq!(login(PASSWORD), 200, "{value}");
        let now = State::of(&folder).texts(&format!("select password_hash from users where username = '{name}'"));
        assert!(now[0].starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{value} has become {}", now[0]);
        assert_eq!(login(PASSWORD), 200, "{value}");
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
