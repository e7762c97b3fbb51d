//! Password changes: the sessions and tokens that they end, and the callers that may make them.

use crate::support::cli::{run_with_input, said};
use crate::support::client::{Answer, basic};
use crate::support::database::State;
use crate::support::folder::Folder;
use crate::support::nuxeo::{create_user, user_body};
use crate::support::server::{ADMIN_PASSWORD, Server};
use crate::support::ui::{page, sign_in};
use serde_json::{Value, json};
use std::sync::Arc;

/// The SSHA value of the password "correct horse" with the salt "saltsalt".
const SSHA: &str = "{SSHA}awc/Cj0kafyFd5d8fGn07xoHBJJzYWx0c2FsdA==";
const SSHA_PASSWORD: &str = "correct horse";
const BCRYPT: &str = "{CRYPT}$2b$05$CCCCCCCCCCCCCCCCCCCCC.WrAwgFxicHZ3kL7zMvXYXHKosDn8ot2";

fn token_of(server: &Server, user: &str, password: &str, device: &str) -> Answer {
    let path = format!("/nuxeo/authentication/token?applicationName=a&deviceId={device}&permission=rw");
    server.request("GET", &path, &[("Authorization", &basic(user, password))], None)
}

fn is_valid(server: &Server, token: &str) -> bool {
    let answer = server.request("GET", "/nuxeo/api/v1/me", &[("X-Authentication-Token", token)], None);
    assert!([200, 401].contains(&answer.status), "{}", answer.text());
    answer.status == 200
}

fn is_signed_in(server: &Server, cookie: &str) -> bool {
    page(server, cookie, "GET", "session", Value::Null).status == 200
}

/// Each way to set another password: its name, and the function.
type Way = (&'static str, fn(&Server, &str, &str, &str));

fn ways() -> Vec<Way> {
    fn command(server: &Server, words: &[&str], input: &str) {
        let (status, out, err) = said(&run_with_input(&server.folder, words, input));
        assert_eq!(status, 0, "{words:?}: {out}{err}");
    }
    vec![
        ("the owner, in Nuxeo", |server, user, old, new| {
            let body = json!({"oldPassword": old, "newPassword": new}).to_string();
            assert_eq!(server.nuxeo_as((user, old), "PUT", "/me/changepassword", Some(&body)).status, 200);
        }),
        ("the owner, by a token", |server, user, old, new| {
            let token = token_of(server, user, old, "way").text().to_owned();
            let body = json!({"oldPassword": old, "newPassword": new}).to_string();
            let headers = [("X-Authentication-Token", token.as_str())];
            let path = "/nuxeo/api/v1/me/changepassword";
            assert_eq!(server.request("PUT", path, &headers, Some(body.as_bytes())).status, 200);
        }),
        ("the owner, on the page", |server, user, old, new| {
            let cookie = sign_in(server, user, old);
            assert_eq!(page(server, &cookie, "PUT", "password", json!({"old": old, "new": new})).status, 204);
        }),
        ("an administrator, in Nuxeo", |server, user, _, new| {
            let body = user_body(json!({"password": new}));
            assert_eq!(server.nuxeo("PUT", &format!("/user/{user}"), Some(&body)).status, 200);
        }),
        ("an administrator, on the page", |server, user, _, new| {
            let cookie = sign_in(server, "Administrator", ADMIN_PASSWORD);
            let path = format!("users/{user}/password");
            assert_eq!(page(server, &cookie, "PUT", &path, json!({"password": new})).status, 204);
        }),
        ("passwd", |server, user, _, new| command(server, &["passwd", user], &format!("{new}\n"))),
        ("user set", |server, user, _, new| {
            command(server, &["user", "set", user, "--password"], &format!("{new}\n"));
        }),
        ("import of JSON lines", |server, user, _, new| {
            let line = json!({"name": user, "password": new}).to_string();
            command(server, &["import", "-", "--format", "jsonl", "--on-conflict", "update"], &line);
        }),
        ("import of CSV", |server, user, _, new| {
            let rows = format!("name,password\n{user},{new}\n");
            command(server, &["import", "-", "--format", "csv", "--on-conflict", "update"], &rows);
        }),
        ("import of LDIF", |server, user, _, new| {
            let entry = format!("dn: uid={user},dc=x\nobjectClass: inetOrgPerson\nuid: {user}\nuserPassword: {new}\n");
            command(server, &["import", "-", "--format", "ldif", "--on-conflict", "update"], &entry);
        }),
    ]
}

#[test]
fn another_password_ends_sessions_and_tokens_however_it_is_set() {
    for keeps in [false, true] {
        let flags: &[&str] = if keeps { &["--keep-tokens-on-password-change"] } else { &[] };
        let server = Server::with(flags);
        for (number, (way, change)) in ways().into_iter().enumerate() {
            let user = format!("user{number}");
            create_user(&server, json!({"username": user, "password": "first password"}));
            let token = token_of(&server, &user, "first password", "laptop").text().to_owned();
            let cookie = sign_in(&server, &user, "first password");
            change(&server, &user, "first password", "second password");
            assert_eq!(is_valid(&server, &token), keeps, "{way}");
            assert!(!is_signed_in(&server, &cookie), "{way}");
            assert_eq!(server.nuxeo_as((&user, "first password"), "GET", "/me", None).status, 401, "{way}");
            assert_eq!(server.nuxeo_as((&user, "second password"), "GET", "/me", None).status, 200, "{way}");
            // The same password again is no change.
            let token = token_of(&server, &user, "second password", "laptop").text().to_owned();
            let cookie = sign_in(&server, &user, "second password");
            change(&server, &user, "second password", "second password");
            assert!(is_valid(&server, &token), "{way}, the same");
            // A change on the page replaces the session, so another way ends the other sessions.
            assert!(is_signed_in(&server, &cookie), "{way}, the same");
        }
        State::of(&server.folder).assert_sound();
    }
}

#[test]
fn commands_keep_tokens_on_request() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada", "password": "zero"}));
    let import: &[&str] = &["import", "-", "--format", "jsonl", "--on-conflict", "update", "--keep-tokens"];
    type Input = fn(&str) -> String;
    let commands: [(&[&str], Input); 3] = [
        (&["passwd", "ada", "--keep-tokens"], |new| format!("{new}\n")),
        (&["user", "set", "ada", "--password", "--keep-tokens"], |new| format!("{new}\n")),
        (import, |new| json!({"name": "ada", "password": new}).to_string()),
    ];
    let mut password = "zero".to_owned();
    for (number, (words, input)) in commands.into_iter().enumerate() {
        let token = token_of(&server, "ada", &password, &number.to_string()).text().to_owned();
        let cookie = sign_in(&server, "ada", &password);
        password = format!("password {number}");
        let (status, _, err) = said(&run_with_input(&server.folder, words, &input(&password)));
        assert_eq!(status, 0, "{words:?}: {err}");
        assert!(is_valid(&server, &token), "{words:?}");
        assert!(!is_signed_in(&server, &cookie), "{words:?}");
    }
}

#[test]
fn rehash_and_reimport_of_the_same_value_keep_sessions() {
    let folder = Arc::new(Folder::new());
    let server = Server::over(Arc::clone(&folder), &[]);
    let rows = format!("name,password\nada,{SSHA}\nbob,{BCRYPT}\n");
    let import = |rows: &str| {
        let output = run_with_input(&folder, &["import", "-", "--format", "csv", "--on-conflict", "update"], rows);
        let (status, out, err) = said(&output);
        assert_eq!(status, 0, "{out}{err}");
        out
    };
    assert!(import(&rows).contains("2 created"));
    for user in ["ada", "bob"] {
        // The first login stores a better hash, and the session that it opened goes on.
        let cookie = sign_in(&server, user, SSHA_PASSWORD);
        let token = token_of(&server, user, SSHA_PASSWORD, "laptop").text().to_owned();
        let stored = State::of(&folder).texts(&format!("select password_hash from users where username = '{user}'"));
        assert!(stored[0].starts_with("$argon2id$"), "{stored:?}");
        assert!(is_signed_in(&server, &cookie));
        // The nightly import brings the same file.
        assert!(import(&rows).contains("2 unchanged"));
        assert!(is_valid(&server, &token) && is_signed_in(&server, &cookie));
    }
    // Also by HTTP, where a provider repeats the hash.
    let token = token_of(&server, "ada", SSHA_PASSWORD, "laptop").text().to_owned();
    assert_eq!(server.nuxeo("PUT", "/user/ada", Some(&user_body(json!({"password": SSHA})))).status, 200);
    assert!(is_valid(&server, &token));
    // A password that was changed here stays as long as the source does not change its own.
    let body = json!({"oldPassword": SSHA_PASSWORD, "newPassword": "mine now"}).to_string();
    assert_eq!(server.nuxeo_as(("ada", SSHA_PASSWORD), "PUT", "/me/changepassword", Some(&body)).status, 200);
    assert!(!is_valid(&server, &token));
    let token = token_of(&server, "ada", "mine now", "laptop").text().to_owned();
    import(&rows);
    assert!(is_valid(&server, &token));
    // Another value is another password.
    import(&format!("name,password\nada,{BCRYPT}\n"));
    assert!(!is_valid(&server, &token));
    assert_eq!(server.nuxeo_as(("ada", SSHA_PASSWORD), "GET", "/me", None).status, 200);
}

#[test]
fn token_authenticated_request_returns_its_own_token_only() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada", "password": "secret"}));
    let token = token_of(&server, "ada", "secret", "laptop").text().to_owned();
    let by_token = |method: &str, path: &str, body: Option<&str>| {
        server.request(method, path, &[("X-Authentication-Token", token.as_str())], body.map(str::as_bytes))
    };
    let ask = |device: &str| {
        by_token("GET", &format!("/nuxeo/authentication/token?applicationName=a&deviceId={device}&permission=rw"), None)
    };
    let answer = ask("laptop");
    assert_eq!((answer.status, answer.text()), (201, token.as_str()));
    let answer = by_token("POST", "/nuxeo/api/v1/token?application=a&deviceId=laptop", None);
    assert_eq!((answer.status, answer.text()), (201, token.as_str()));
    for device in ["phone", "Laptop"] {
        assert_eq!(ask(device).status, 403, "{device}");
        let path = format!("/nuxeo/api/v1/token?application=a&deviceId={device}");
        assert_eq!(by_token("POST", &path, None).status, 403, "{device}");
    }
    assert_eq!(State::of(&server.folder).texts("select device from credentials where kind = 'token'"), ["laptop"]);
    // The token may list and revoke, and cannot change the password without the old one.
    let listed = by_token("GET", "/nuxeo/api/v1/token", None).json();
    assert_eq!(listed["entries"].as_array().map(Vec::len), Some(1));
    for old in ["", "wrong", token.as_str()] {
        let body = json!({"oldPassword": old, "newPassword": "x"}).to_string();
        assert_eq!(by_token("PUT", "/nuxeo/api/v1/me/changepassword", Some(&body)).status, 401, "{old}");
    }
    let id = listed["entries"][0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(by_token("DELETE", &format!("/nuxeo/api/v1/token/{id}"), None).status, 204);
    assert!(!is_valid(&server, &token));
}

#[test]
fn wrong_present_passwords_count_as_failed_logins() {
    let server = Server::with(&["--wrong-password-delay", "0.01", "--metrics-public"]);
    create_user(&server, json!({"username": "ada", "password": "secret"}));
    let refused = || {
        let text = server.request("GET", "/metrics", &[], None).text().to_owned();
        let line = text.lines().find(|line| line.starts_with("rollbook_refused_credentials_total{kind=\"password\"}"));
        line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).expect("a number") as u64
    };
    let token = token_of(&server, "ada", "secret", "laptop").text().to_owned();
    let cookie = sign_in(&server, "ada", "secret");
    let before = refused();
    let body = json!({"oldPassword": "guess", "newPassword": "x"}).to_string();
    let headers = [("X-Authentication-Token", token.as_str())];
    for _ in 0..3 {
        let path = "/nuxeo/api/v1/me/changepassword";
        assert_eq!(server.request("PUT", path, &headers, Some(body.as_bytes())).status, 401);
        assert_eq!(server.nuxeo_as(("ada", "secret"), "PUT", "/me/changepassword", Some(&body)).status, 401);
        let guess = json!({"old": "guess", "new": "x"});
        let answer = page(&server, &cookie, "PUT", "password", guess);
        assert_eq!(answer.parts(), (403, json!({"error": "the old password is wrong"})));
    }
    assert_eq!(refused() - before, 9);
    server.wait_for_log("a wrong password came from 127.0.0.1");
}

#[test]
fn only_administrators_may_set_a_password_hash() {
    let server = Server::with(&["--password-pattern", "^.{8,}$"]);
    create_user(&server, json!({"username": "power", "password": "power power", "groups": ["powerusers"]}));
    create_user(&server, json!({"username": "plain", "password": "plain plain"}));
    let power = ("power", "power power");
    for hash in [SSHA, "{SSHA}hvfkN/qlp/zhXR3cuerq6jd2Z7g=", "{SMD5}Z/zaJ2M7Khrn3AWg16utq3NhbHRzYWx0"] {
        let new = user_body(json!({"username": "new", "password": hash}));
        let is_hash = hash != "{SSHA}hvfkN/qlp/zhXR3cuerq6jd2Z7g=";
        let (created, changed) = if is_hash { (400, 400) } else { (201, 200) };
        assert_eq!(server.nuxeo_as(power, "POST", "/user", Some(&new)).status, created, "{hash}");
        let change = user_body(json!({"password": hash}));
        assert_eq!(server.nuxeo_as(power, "PUT", "/user/plain", Some(&change)).status, changed, "{hash}");
        let plain = if is_hash { "plain plain" } else { hash };
        let own = json!({"oldPassword": plain, "newPassword": SSHA}).to_string();
        assert_eq!(server.nuxeo_as(("plain", plain), "PUT", "/me/changepassword", Some(&own)).status, 400, "{hash}");
        let cookie = sign_in(&server, "power", "power power");
        let answer = page(&server, &cookie, "PUT", "users/plain/password", json!({"password": hash}));
        assert_eq!(answer.status, if is_hash { 400 } else { 204 }, "{hash}: {}", answer.text());
        let answer = page(&server, &cookie, "PUT", "password", json!({"old": "power power", "new": SSHA}));
        assert_eq!(answer.status, 400, "{}", answer.text());
        if !is_hash {
            // Restores the state that later rounds start with.
            assert_eq!(
                server.nuxeo("PUT", "/user/plain", Some(&user_body(json!({"password": "plain plain"})))).status,
                200
            );
            assert_eq!(server.nuxeo("DELETE", "/user/new", None).status, 204);
        }
    }
    // An administrator may, and so may commands.
    assert_eq!(server.nuxeo("PUT", "/user/plain", Some(&user_body(json!({"password": SSHA})))).status, 200);
    assert_eq!(server.nuxeo_as(("plain", SSHA_PASSWORD), "GET", "/me", None).status, 200);
    let (status, _, err) = said(&run_with_input(&server.folder, &["passwd", "power"], &format!("{SSHA}\n")));
    assert_eq!(status, 0, "{err}");
}

#[test]
fn permission_to_set_a_password_is_the_same_in_nuxeo_and_on_the_page() {
    let server = Server::start();
    for (name, groups) in [
        ("admin", json!(["administrators"])),
        ("power", json!(["powerusers"])),
        ("power2", json!(["powerusers"])),
        ("plain", json!([])),
    ] {
        create_user(&server, json!({"username": name, "password": format!("{name} password"), "groups": groups}));
    }
    // Caller, target, and whether it is granted.
    for (caller, target, granted) in [
        ("admin", "Administrator", true),
        ("admin", "power", true),
        ("power", "power2", true),
        ("power", "plain", true),
        ("power", "admin", false),
        ("power", "Administrator", false),
        ("plain", "power", false),
        ("plain", "plain", false),
    ] {
        let password = format!("{caller} password");
        // The password is the current one: the change is allowed and changes nothing.
        let same = if target == "Administrator" { ADMIN_PASSWORD.to_owned() } else { format!("{target} password") };
        let body = user_body(json!({"password": same}));
        let answer = server.nuxeo_as((caller, &password), "PUT", &format!("/user/{target}"), Some(&body));
        assert_eq!(answer.status, if granted { 200 } else { 403 }, "{caller} {target}: {}", answer.text());
        let cookie = sign_in(&server, caller, &password);
        let answer = page(&server, &cookie, "PUT", &format!("users/{target}/password"), json!({"password": same}));
        assert_eq!(answer.status, if granted { 204 } else { 403 }, "{caller} {target}: {}", answer.text());
    }
    let cookie = sign_in(&server, "power", "power password");
    let answer = page(&server, &cookie, "PUT", "users/nobody/password", json!({"password": "x"}));
    assert_eq!(answer.status, 404);
    let answer = page(&server, &cookie, "PUT", "users/plain/password", json!({"password": ""}));
    assert_eq!(answer.parts(), (400, json!({"error": "the password is empty"})));
}
