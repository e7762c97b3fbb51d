//! Authentication and permissions in the Nuxeo dialect, and the calls that clients make when they connect.

use crate::support::client::{Connection, basic};
use crate::support::nuxeo::{assert_refused, can_log_in, create_group, create_user, escaped, user, user_body};
use crate::support::nuxeo_auth::{get, issued, status_with};
use crate::support::server::{ADMIN_PASSWORD, Server};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::json;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

#[test]
fn unknown_credentials_are_refused() {
    let server = Server::start();
    // The name itself may be refused already; it authenticates no user in any case.
    server.nuxeo("POST", "/user", Some(&user_body(json!({"username": "system", "password": "secret"}))));
    create_user(&server, json!({"username": "locked"}));
    let mut values = vec![
        String::new(),
        "Basic".to_owned(),
        "Basic ".to_owned(),
        "Basic !!!".to_owned(),
        "Basic QWRtaW5pc3RyYXRvcg".to_owned(),
        "Basic Zm9v YmFy".to_owned(),
        format!("Basic {}", BASE64_STANDARD.encode(ADMIN_PASSWORD)),
        format!("Basic {}", BASE64_STANDARD.encode(b"\xff\xfe:x")),
        BASE64_STANDARD.encode(format!("Administrator:{ADMIN_PASSWORD}")),
        "Digest username=\"Administrator\"".to_owned(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Bearer nonsense".to_owned(),
        format!("Bearer {ADMIN_PASSWORD}"),
    ];
    for (name, password) in [
        ("", ""),
        ("", ADMIN_PASSWORD),
        ("Administrator", ""),
        ("Administrator", "wrong"),
        ("Administrator", "Correct Horse Battery"),
        ("Administrator", "correct horse battery "),
        ("nobody", ADMIN_PASSWORD),
        ("nobody", ""),
        ("system", "secret"),
        ("SYSTEM", "secret"),
        ("locked", ""),
        ("locked", "locked"),
        ("Admin\u{0}istrator", ADMIN_PASSWORD),
    ] {
        values.push(basic(name, password));
    }
    for value in values {
        let answer = get(&server, "/nuxeo/api/v1/me", &[("Authorization", &value)]);
        assert_refused(&answer, 401, &value);
        assert_eq!(answer.header("WWW-Authenticate"), Some("Basic realm=\"Nuxeo Automation\""), "{value}");
    }
    let answer = get(&server, "/nuxeo/api/v1/me", &[]);
    assert_refused(&answer, 401, "no credentials");
    assert_eq!(answer.header("WWW-Authenticate"), Some("Basic realm=\"Nuxeo Automation\""));
    // Keys of another dialect are no credentials here.
    let keys =
        [("DD-API-KEY", crate::support::server::API_KEY), ("DD-APPLICATION-KEY", crate::support::server::APP_KEY)];
    assert_eq!(get(&server, "/nuxeo/api/v1/me", &keys).status, 401);
}

#[test]
fn login_as_system_is_refused_in_every_spelling() {
    let server = Server::start();
    for name in ["system", "systems"] {
        create_user(&server, json!({"username": name, "password": "secret", "groups": ["administrators"]}));
    }
    assert!(can_log_in(&server, "systems", "secret"));
    for name in ["system", "\u{17f}ystem", "SYSTEM", "\u{ff53}ystem", "ｓｙｓｔｅｍ", "ſyſtem", " system "] {
        assert_eq!(server.nuxeo("GET", &format!("/user/{}", escaped(name)), None).json()["id"], json!("system"));
        assert!(!can_log_in(&server, name, "secret"), "{name:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn wrong_passwords_leave_no_memory_behind() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada", "password": "secret"}));
    thread::scope(|scope| {
        for guesser in 0..40 {
            let mut connection = Connection::open(server.address);
            scope.spawn(move || {
                for guess in 0..5 {
                    let name = if (guesser + guess) % 2 == 0 { "ada".to_owned() } else { format!("nobody{guesser}") };
                    let authorization = basic(&name, &format!("guess {guesser} {guess}"));
                    connection.send("GET", "/nuxeo/api/v1/me", &[("Authorization", &authorization)], None);
                    let answer = connection.answer(false);
                    assert_eq!((answer.status, answer.header("Connection")), (401, None), "{name}");
                }
            });
        }
    });
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("the state of the server");
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    let kilobytes: u64 = resident.trim().trim_end_matches(" kB").parse().expect("a number");
    // The server checks as many passwords at a time as there are processors, each with 19 MiB, and keeps that memory.
    let processors = thread::available_parallelism().map_or(1, |count| count.get() as u64);
    assert!(kilobytes < 1024 * (100 + 20 * processors).max(200), "{kilobytes} kB with {processors} processors");
    assert!(can_log_in(&server, "ada", "secret"));
}

#[test]
fn old_password_is_refused_at_once_after_a_change() {
    const RACERS: usize = 8;
    const LOGINS: usize = 5;
    let server = Server::with(&["--wrong-password-delay", "0"]);
    let name = "abcdefgh";
    // A cached login counts for one spelling of the name: the server checks each of these.
    let spelling = |number: usize| -> String {
        let upper = |(at, letter): (usize, char)| {
            if number >> at & 1 == 1 { letter.to_ascii_uppercase() } else { letter }
        };
        name.chars().enumerate().map(upper).collect()
    };
    create_user(&server, json!({"username": name, "password": "password 0"}));
    for round in 0..3 {
        let (old, new) = (format!("password {round}"), format!("password {}", round + 1));
        let (barrier, next) = (Barrier::new(RACERS + 1), AtomicUsize::new(1));
        thread::scope(|scope| {
            for _ in 0..RACERS {
                scope.spawn(|| {
                    barrier.wait();
                    for _ in 0..LOGINS {
                        // The old password is right or wrong, depending on which request comes first.
                        can_log_in(&server, &spelling(next.fetch_add(1, Ordering::Relaxed)), &old);
                    }
                });
            }
            barrier.wait();
            let body = json!({"oldPassword": old, "newPassword": new}).to_string();
            let changed = server.nuxeo_as((name, &old), "PUT", "/me/changepassword", Some(&body));
            assert_eq!(changed.status, 200, "{}", changed.text());
        });
        for number in 0..=RACERS * LOGINS {
            assert!(!can_log_in(&server, &spelling(number), &old), "round {round}: {}", spelling(number));
        }
        assert!(can_log_in(&server, name, &new), "round {round}");
        assert!(can_log_in(&server, &spelling(1), &new), "round {round}");
    }
}

#[test]
fn a_browser_is_not_asked_for_a_password() {
    let server = Server::start();
    for header in [("X-No-Basic-Header", "true"), ("X-No-Basic-Header", ""), ("Cookie", "device=python-client")] {
        for authorization in [None, Some(basic("Administrator", "wrong"))] {
            let mut headers = vec![header];
            headers.extend(authorization.iter().map(|value| ("Authorization", value.as_str())));
            let answer = get(&server, "/nuxeo/api/v1/me", &headers);
            assert_refused(&answer, 401, header.0);
            assert_eq!(answer.header("WWW-Authenticate"), None, "{header:?}");
        }
    }
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let headers = [("Cookie", "device=python-client; other=1"), ("Authorization", authorization.as_str())];
    assert_eq!(get(&server, "/nuxeo/api/v1/me", &headers).status, 200, "unknown cookies are ignored");
}

#[test]
fn basic_credentials_are_utf_8_split_at_the_first_colon() {
    let server = Server::start();
    for (name, password) in [
        ("日本語", "пароль"),
        ("Zoë", "naïve: a:b"),
        ("ada@example.com", ":leading"),
        ("mary ann", " spaces around "),
        ("team/ada", "%20+"),
    ] {
        create_user(&server, json!({"username": name, "password": password}));
        let me = server.nuxeo_as((name, password), "GET", "/me", None);
        assert_eq!(me.parts(), (200, user(name, json!({}), &[])));
        assert!(!can_log_in(&server, name, &format!("{password}x")));
    }
    let lower_case = basic("administrator", ADMIN_PASSWORD).replace("Basic", "basic");
    let me = get(&server, "/nuxeo/api/v1/me", &[("Authorization", &lower_case)]);
    assert_eq!((me.status, &me.json()["id"]), (200, &json!("Administrator")));
}

#[test]
fn a_disabled_or_deleted_user_is_refused_at_once() {
    let server = Server::start();
    let name = "ada@example.com";
    create_user(&server, json!({"username": name, "password": "secret", "groups": ["administrators"]}));
    let caller = (name, "secret");
    let token = issued(&server, caller, "laptop");
    let refused = |now: &str| {
        assert!(!can_log_in(&server, name, "secret"), "{now}");
        assert_eq!(status_with(&server, &token), 401, "{now}");
    };
    assert_eq!((can_log_in(&server, name, "secret"), status_with(&server, &token)), (true, 200));
    let path = format!("/api/v1/user/{name}");
    assert_eq!(server.datadog("DELETE", &path, None).status, 200);
    refused("disabled");
    assert_eq!(server.nuxeo_as(caller, "POST", "/user", Some("{}")).status, 401);
    assert_eq!(server.datadog("PUT", &path, Some(r#"{"disabled":false}"#)).status, 200);
    assert!(can_log_in(&server, name, "secret"));

    assert_eq!(server.nuxeo("DELETE", &format!("/user/{name}"), None).status, 204);
    refused("deleted");
    // A new user of that name is another user.
    create_user(&server, json!({"username": name}));
    refused("created again");
}

#[test]
fn rights_end_with_their_membership() {
    let server = Server::start();
    for (name, group) in [("root", "administrators"), ("power", "powerusers")] {
        create_user(&server, json!({"username": name, "password": "secret", "groups": [group]}));
        let create = |user: &str| {
            let body = user_body(json!({"username": format!("{user} of {name}")}));
            server.nuxeo_as((name, "secret"), "POST", "/user", Some(&body)).status
        };
        assert_eq!(create("first"), 201);
        assert_eq!(server.nuxeo("DELETE", &format!("/user/{name}/group/{group}"), None).status, 200);
        assert_eq!(create("second"), 403);
        assert_eq!(server.nuxeo("POST", &format!("/group/{group}/user/{name}"), None).status, 201);
        assert_eq!(create("third"), 201);
    }
}

#[test]
fn removed_right_is_gone_at_once_under_concurrent_reads() {
    let server = Server::start();
    create_group(&server, json!({"id": "ops"}));
    create_user(&server, json!({"username": "ada", "password": "secret", "groups": ["ops"]}));
    let (administrator, ada) = (basic("Administrator", ADMIN_PASSWORD), basic("ada", "secret"));
    let ask = |connection: &mut Connection, authorization: &str, method: &str, path: &str, body: &str| {
        let headers = [("Authorization", authorization)];
        connection.send(method, &format!("/nuxeo/api/v1{path}"), &headers, Some(body.as_bytes()));
        connection.answer(false)
    };
    let over = AtomicBool::new(false);
    let (ask, over) = (&ask, &over);
    let (administrator, ada) = (administrator.as_str(), ada.as_str());
    let address = server.address;
    let wrong: Vec<String> = thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(move || {
                let mut connection = Connection::open(address);
                while !over.load(Ordering::Relaxed) {
                    assert_eq!(ask(&mut connection, ada, "GET", "/me", "").status, 200);
                }
            });
        }
        let changer = scope.spawn(move || {
            let mut connection = Connection::open(address);
            let mut wrong = Vec::new();
            for round in 0..200 {
                let given = round % 2 == 0;
                let (label, parents) = (format!("round {round}"), if given { &["administrators"][..] } else { &[] });
                let body = json!({"entity-type": "group", "grouplabel": label, "parentGroups": parents}).to_string();
                assert_eq!(ask(&mut connection, administrator, "PUT", "/group/ops", &body).status, 200);
                // The request is refused for its body, or for the rights of its caller.
                let status = ask(&mut connection, ada, "POST", "/user", r#"{"entity-type":"user"}"#).status;
                let me = ask(&mut connection, ada, "GET", "/me", "").json();
                let seen = (status, &me["isAdministrator"], &me["extendedGroups"][0]["label"]);
                if seen != (if given { 400 } else { 403 }, &json!(given), &json!(label)) {
                    wrong.push(format!("{label}: {seen:?}"));
                }
            }
            wrong
        });
        let wrong = changer.join();
        over.store(true, Ordering::Relaxed);
        wrong.expect("the changes")
    });
    assert!(wrong.is_empty(), "{} rounds were answered from before:\n{}", wrong.len(), wrong.join("\n"));
}
