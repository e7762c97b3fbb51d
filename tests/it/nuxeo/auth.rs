//! Who is let in by the Nuxeo dialect and what he may do, and the calls that clients make when they connect.

use crate::support::client::{Answer, Connection, basic};
use crate::support::nuxeo::{
    assert_refused, can_log_in, check, create_group, create_user, escaped, reference_directory, refusal, user,
    user_body,
};
use crate::support::server::{ADMIN_PASSWORD, Server};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

const CREATE: &str = "Cannot create artifact";
const EDIT: &str = "User is not allowed to edit users";
const MEMBERSHIP: &str = "Cannot edit user";

/// A request with these headers and nothing else; the path is whole.
fn get(server: &Server, path: &str, headers: &[(&str, &str)]) -> Answer {
    server.request("GET", path, headers, None)
}

/// Asks for an authentication token as that user.
fn token(server: &Server, (name, password): (&str, &str), query: &str) -> Answer {
    let path = format!("/nuxeo/authentication/token?{query}");
    get(server, &path, &[("Authorization", &basic(name, password))])
}

/// The token of that user for an application and a device.
fn issued(server: &Server, caller: (&str, &str), device: &str) -> String {
    let query = format!("applicationName=test&deviceId={device}&deviceDescription=a%20test&permission=rw");
    let answer = token(server, caller, &query);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert!(answer.header("Content-Type").expect("a type").starts_with("text/plain"));
    answer.text().to_owned()
}

/// What `/me` answers to that token.
fn status_with(server: &Server, token: &str) -> u16 {
    get(server, "/nuxeo/api/v1/me", &[("X-Authentication-Token", token)]).status
}

fn is_administrator(server: &Server, name: &str) -> bool {
    let user = server.nuxeo("GET", &format!("/user/{name}"), None).json();
    user["isAdministrator"].as_bool().expect("a user")
}

#[test]
fn credentials_that_name_nobody_are_refused() {
    let server = Server::start();
    // It may be refused already as a name; it opens nothing in any case.
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
    // Keys of another dialect open nothing here.
    let keys =
        [("DD-API-KEY", crate::support::server::API_KEY), ("DD-APPLICATION-KEY", crate::support::server::APP_KEY)];
    assert_eq!(get(&server, "/nuxeo/api/v1/me", &keys).status, 401);
}

#[test]
fn nobody_is_let_in_as_system_whatever_the_spelling_and_the_password() {
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
fn guesses_at_passwords_leave_no_memory_behind() {
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
    // As many are checked at a time as there are processors, each with 19 MiB, and what is used stays in use.
    let processors = thread::available_parallelism().map_or(1, |count| count.get() as u64);
    assert!(kilobytes < 1024 * (100 + 20 * processors).max(200), "{kilobytes} kB with {processors} processors");
    assert!(can_log_in(&server, "ada", "secret"));
}

#[test]
fn the_old_password_opens_nothing_after_a_change_however_many_log_in_with_it_meanwhile() {
    const RACERS: usize = 8;
    const LOGINS: usize = 5;
    let server = Server::with(&["--wrong-password-delay", "0"]);
    let name = "abcdefgh";
    // What is remembered of a login holds for one spelling of the name: each of these is checked anew.
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
                        // Right or wrong by now, whichever comes first.
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
    assert_eq!(get(&server, "/nuxeo/api/v1/me", &headers).status, 200, "unknown cookies do no harm");
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
fn the_same_user_application_and_device_get_the_same_token() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada", "password": "secret"}));
    let ada = ("ada", "secret");
    let first = issued(&server, ada, "laptop");
    assert!(first.len() >= 16 && first.chars().all(|c| c.is_ascii_graphic()), "{first:?}");
    assert_eq!(issued(&server, ada, "laptop"), first);
    let phone = issued(&server, ada, "phone");
    let other = issued(&server, ("Administrator", ADMIN_PASSWORD), "laptop");
    let application = token(&server, ada, "applicationName=other&deviceId=laptop&deviceDescription=x&permission=rw");
    for token in [&phone, &other, application.text()] {
        assert_ne!(token, first);
    }

    // Also after a restart.
    let folder = Arc::clone(&server.folder);
    assert!(server.stop().success());
    let server = Server::over(folder, &[]);
    assert_eq!(status_with(&server, &first), 200);
    assert_eq!(issued(&server, ada, "laptop"), first);
}

#[test]
fn of_those_who_ask_at_once_for_one_token_all_get_the_same() {
    const ASKERS: usize = 8;
    let server = Server::start();
    create_user(&server, json!({"username": "ada", "password": "secret"}));
    let ada = ("ada", "secret");
    for device in ["laptop", "phone", "desk"] {
        let barrier = Barrier::new(ASKERS);
        let tokens: BTreeSet<String> = thread::scope(|scope| {
            let ask = || {
                barrier.wait();
                issued(&server, ada, device)
            };
            let askers: Vec<_> = (0..ASKERS).map(|_| scope.spawn(ask)).collect();
            askers.into_iter().map(|asker| asker.join().expect("a token")).collect()
        });
        assert_eq!(tokens.len(), 1, "{device}: {tokens:?}");
        for token in tokens {
            assert_eq!(status_with(&server, &token), 200, "{device}");
            assert_eq!(issued(&server, ada, device), token, "{device}");
        }
    }
    let listed = server.nuxeo_as(ada, "GET", "/token", None).json();
    assert_eq!(listed["entries"].as_array().map(Vec::len), Some(3), "one for each device: {listed}");
}

#[test]
fn a_token_opens_the_account_in_every_place_where_clients_put_it() {
    let server = Server::start();
    let ada = create_user(&server, json!({"username": "ada", "password": "secret"}));
    let token = issued(&server, ("ada", "secret"), "laptop");
    let (cookie, cookies) =
        (format!("X-Authentication-Token={token}"), format!("device=x; X-Authentication-Token={token}; y=z"));
    let (bearer, in_query) = (format!("Bearer {token}"), format!("/nuxeo/api/v1/me?token={token}"));
    for (path, header) in [
        ("/nuxeo/api/v1/me", Some(("X-Authentication-Token", token.as_str()))),
        ("/nuxeo/api/v1/me", Some(("x-authentication-token", token.as_str()))),
        ("/nuxeo/site/api/v1/me", Some(("X-Authentication-Token", token.as_str()))),
        (&in_query, None),
        ("/nuxeo/api/v1/me", Some(("Cookie", cookie.as_str()))),
        ("/nuxeo/api/v1/me", Some(("Cookie", cookies.as_str()))),
        ("/nuxeo/api/v1/me", Some(("Authorization", bearer.as_str()))),
    ] {
        let headers: Vec<(&str, &str)> = header.into_iter().collect();
        assert_eq!(get(&server, path, &headers).parts(), (200, ada.clone()), "{path} {header:?}");
    }
    for wrong in ["nonsense", "", &token[1..], &token.to_uppercase().replace('A', "b")] {
        assert_eq!(status_with(&server, wrong), 401, "{wrong:?}");
    }
    // An empty place is no place.
    let empty = [("X-Authentication-Token", ""), ("Authorization", bearer.as_str())];
    for path in ["/nuxeo/api/v1/me", "/nuxeo/api/v1/me?token="] {
        assert_eq!(get(&server, path, &empty).parts(), (200, ada.clone()), "{path}");
    }
    assert_eq!(get(&server, &in_query, &empty[..1]).parts(), (200, ada.clone()));
    // Basic is tried first.
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let both = [("X-Authentication-Token", token.as_str()), ("Authorization", authorization.as_str())];
    assert_eq!(get(&server, "/nuxeo/api/v1/me", &both).json()["id"], json!("Administrator"));
    // The token has the rights of its user.
    let create = user_body(json!({"username": "eve"}));
    let headers = [("X-Authentication-Token", token.as_str())];
    let answer = server.request("POST", "/nuxeo/api/v1/user", &headers, Some(create.as_bytes()));
    assert_eq!(answer.parts(), (403, refusal(403, CREATE)));
    let log = server.stop_for_log();
    assert!(!log.contains(&token), "no token in the log:\n{log}");
}

#[test]
fn a_token_is_refused_without_its_parameters_or_credentials() {
    let server = Server::start();
    let caller = ("Administrator", ADMIN_PASSWORD);
    for query in [
        "",
        "deviceId=d&deviceDescription=x&permission=rw",
        "applicationName=a&deviceDescription=x&permission=rw",
        "applicationName=a&deviceId=d&deviceDescription=x",
        "applicationName=&deviceId=d&deviceDescription=x&permission=rw",
    ] {
        assert_eq!(token(&server, caller, query).status, 400, "{query}");
    }
    let whole = "applicationName=a&deviceId=d&deviceDescription=x&permission=rw";
    assert_eq!(token(&server, ("Administrator", "wrong"), whole).status, 401);
    assert_eq!(get(&server, &format!("/nuxeo/authentication/token?{whole}"), &[]).status, 401);
}

#[test]
fn a_revoked_token_opens_nothing() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada", "password": "secret"}));
    let ada = ("ada", "secret");
    let revoke = "applicationName=test&deviceId=laptop&deviceDescription=x&permission=rw&revoke=true";
    assert_eq!(token(&server, ada, revoke).status, 400, "there is none yet");
    let (laptop, phone) = (issued(&server, ada, "laptop"), issued(&server, ada, "phone"));
    assert_eq!((status_with(&server, &laptop), status_with(&server, &phone)), (200, 200));
    let revoked = token(&server, ada, revoke);
    assert_eq!(revoked.status, 202);
    assert!(!revoked.text().is_empty());
    assert_eq!((status_with(&server, &laptop), status_with(&server, &phone)), (401, 200));
    assert_eq!(token(&server, ada, revoke).status, 400);
    let again = issued(&server, ada, "laptop");
    assert_eq!(status_with(&server, &again), 200);
}

#[test]
fn tokens_are_listed_made_and_revoked_under_the_api_too() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada", "password": "secret"}));
    let ada = ("ada", "secret");
    let listed = || {
        let (status, document) = server.nuxeo_as(ada, "GET", "/token", None).parts();
        assert_eq!(status, 200, "{document}");
        document["entries"].as_array().expect("entries").clone()
    };
    assert_eq!(listed(), [json!(null); 0]);
    let query = "application=notes&deviceId=phone-7&deviceDescription=mine&permission=rw";
    let made = server.nuxeo_as(ada, "POST", &format!("/token?{query}"), None);
    assert_eq!(made.status, 201, "{}", made.text());
    let token = made.text().to_owned();
    assert_eq!(status_with(&server, &token), 200);
    let entries = listed();
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!([&entries[0]["application"], &entries[0]["deviceId"]], [&json!("notes"), &json!("phone-7")]);
    issued(&server, ada, "laptop");
    assert_eq!(listed().len(), 2);
    for query in ["", "application=notes", "deviceId=phone-7"] {
        assert_refused(&server.nuxeo_as(ada, "POST", &format!("/token?{query}"), None), 400, query);
    }

    // Nobody sees or ends the tokens of others.
    create_user(&server, json!({"username": "eve", "password": "secret"}));
    let eve = server.nuxeo_as(("eve", "secret"), "GET", "/token", None).json();
    assert_eq!(eve["entries"], json!([]));
    let foreign = server.nuxeo_as(("eve", "secret"), "DELETE", &format!("/token/{token}"), None);
    assert!([403, 404].contains(&foreign.status), "{}", foreign.text());
    assert_eq!(status_with(&server, &token), 200);

    assert_eq!(server.nuxeo_as(ada, "DELETE", &format!("/token/{token}"), None).status, 204);
    assert_eq!(status_with(&server, &token), 401);
    assert_refused(&server.nuxeo_as(ada, "DELETE", &format!("/token/{token}"), None), 404, "DELETE");
    assert_eq!(listed().len(), 1);
    for method in ["GET", "POST"] {
        assert_eq!(server.request(method, &format!("/nuxeo/api/v1/token?{query}"), &[], None).status, 401, "{method}");
    }
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
    // A new user of that name is somebody else.
    create_user(&server, json!({"username": name}));
    refused("created again");
}

#[test]
fn rights_end_with_the_membership_that_gave_them() {
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
fn a_right_that_is_taken_is_gone_at_once_however_many_read_meanwhile() {
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
                // Refused for what is missing in it, or for who asks.
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

/// The operations of the permission table. `WHO` stands for the caller, so that each one has targets of its own.
/// The statuses are those for nobody, an ordinary user, a power user and an administrator.
fn operations() -> Vec<(&'static str, &'static str, Value, [u16; 4], &'static str)> {
    const ALL: [u16; 4] = [401, 200, 200, 200];
    let none = Value::Null;
    let user =
        |name: &str, groups: Value| json!({"entity-type": "user", "properties": {"username": name, "groups": groups}});
    let change = |properties: Value| json!({"entity-type": "user", "properties": properties});
    let group = |id: &str, parents: Value| json!({"entity-type": "group", "id": id, "parentGroups": parents});
    let label = |id: &str| json!({"entity-type": "group", "id": id, "grouplabel": "changed by WHO"});
    let mut rows = vec![
        ("GET", "/user/plain", none.clone(), ALL, ""),
        ("GET", "/user/root", none.clone(), ALL, ""),
        ("GET", "/user/search?q=*", none.clone(), ALL, ""),
        ("GET", "/group/members", none.clone(), ALL, ""),
        ("GET", "/group/administrators?fetch-group=memberUsers", none.clone(), ALL, ""),
        ("GET", "/group/search?q=*", none.clone(), ALL, ""),
        ("GET", "/group/administrators/@users", none.clone(), ALL, ""),
        ("GET", "/group/administrators/@groups", none.clone(), ALL, ""),
        ("GET", "/user/transient/foo@bar.com/1", none.clone(), ALL, ""),
        ("GET", "/me", none.clone(), ALL, ""),
        ("PUT", "/me/changepassword", json!({"oldPassword": "sesame", "newPassword": "sesame"}), ALL, ""),
        ("GET", "/token", none.clone(), ALL, ""),
        ("POST", "/automation/login", none.clone(), ALL, ""),
        ("GET", "/automation", none.clone(), [200; 4], ""),
        ("POST", "/user", user("new-WHO", json!([])), [401, 403, 201, 201], CREATE),
        ("POST", "/user", user("new-power-WHO", json!(["powerusers"])), [401, 403, 201, 201], CREATE),
        ("POST", "/user", user("new-admin-WHO", json!(["administrators"])), [401, 403, 403, 201], CREATE),
        ("POST", "/user", user("new-ops-WHO", json!(["members", "ops"])), [401, 403, 403, 201], CREATE),
        ("PUT", "/user/target-WHO", change(json!({"firstName": "WHO"})), [401, 403, 200, 200], EDIT),
        ("PUT", "/user/WHO", change(json!({"firstName": "oneself"})), [401, 403, 200, 200], EDIT),
        ("PUT", "/user/admin-WHO", change(json!({"firstName": "WHO"})), [401, 403, 403, 200], EDIT),
        ("PUT", "/user/opsman-WHO", change(json!({"firstName": "WHO"})), [401, 403, 403, 200], EDIT),
        ("PUT", "/user/admin-WHO", change(json!({"groups": ["members"]})), [401, 403, 403, 200], EDIT),
        ("PUT", "/user/target-WHO", change(json!({"groups": ["administrators"]})), [401, 403, 403, 200], EDIT),
        ("PUT", "/user/target-WHO", change(json!({"groups": ["ops"]})), [401, 403, 403, 200], EDIT),
        ("PUT", "/user/target-WHO", change(json!({"groups": ["members"]})), [401, 403, 200, 200], EDIT),
        ("PUT", "/user/WHO", change(json!({"groups": ["WHO-s", "administrators"]})), [401, 403, 403, 200], EDIT),
        ("DELETE", "/user/doomed-WHO", none.clone(), [401, 403, 204, 204], EDIT),
        ("DELETE", "/user/doomed-admin-WHO", none.clone(), [401, 403, 403, 204], EDIT),
        ("DELETE", "/user/doomed-ops-WHO", none.clone(), [401, 403, 403, 204], EDIT),
        ("POST", "/group", group("new-WHO", json!([])), [401, 403, 201, 201], CREATE),
        ("POST", "/group", group("new-child-WHO", json!(["members"])), [401, 403, 201, 201], CREATE),
        ("POST", "/group", group("new-admins-WHO", json!(["administrators"])), [401, 403, 403, 201], CREATE),
        ("POST", "/group", group("new-ops-WHO", json!(["members", "ops"])), [401, 403, 403, 201], CREATE),
        ("PUT", "/group/team-WHO", label("team-WHO"), [401, 403, 200, 200], EDIT),
        ("PUT", "/group/administrators", label("administrators"), [401, 403, 403, 200], EDIT),
        ("PUT", "/group/ops", label("ops"), [401, 403, 403, 200], EDIT),
        ("PUT", "/group/team-WHO", group("team-WHO", json!(["ops"])), [401, 403, 403, 200], EDIT),
        ("PUT", "/group/team-WHO", group("team-WHO", json!(["administrators"])), [401, 403, 403, 200], EDIT),
        ("PUT", "/group/team-WHO", group("team-WHO", json!([])), [401, 403, 200, 200], EDIT),
        ("DELETE", "/group/doomed-WHO", none.clone(), [401, 403, 204, 204], EDIT),
        ("DELETE", "/group/doomed-ops-WHO", none.clone(), [401, 403, 403, 204], EDIT),
    ];
    for (user_side, group_side, made, ended) in [
        (
            "/user/target-WHO/group/team-WHO",
            "/group/team-WHO/user/target-WHO",
            [401, 403, 201, 201],
            [401, 403, 200, 200],
        ),
        // An administrator, and groups that make one: not for power users.
        (
            "/user/opsman-WHO/group/team-WHO",
            "/group/team-WHO/user/opsman-WHO",
            [401, 403, 403, 201],
            [401, 403, 403, 200],
        ),
        (
            "/user/target-WHO/group/administrators",
            "/group/administrators/user/target-WHO",
            [401, 403, 403, 201],
            [401, 403, 403, 200],
        ),
        ("/user/target-WHO/group/ops", "/group/ops/user/target-WHO", [401, 403, 403, 201], [401, 403, 403, 200]),
        ("/user/opsman-WHO/group/ops", "/group/ops/user/opsman-WHO", [401, 403, 403, 201], [401, 403, 403, 200]),
    ] {
        for path in [user_side, group_side] {
            rows.push(("POST", path, none.clone(), made, MEMBERSHIP));
            rows.push(("DELETE", path, none.clone(), ended, MEMBERSHIP));
            rows.push(("POST", path, none.clone(), made, MEMBERSHIP));
        }
    }
    rows
}

#[test]
fn each_may_do_what_the_permission_table_says_and_no_more() {
    let server = Server::start();
    create_group(&server, json!({"id": "ops", "parentGroups": ["administrators"]}));
    let callers = ["none", "plain", "power", "root"];
    for name in callers {
        create_group(&server, json!({"id": format!("{name}-s")}));
        create_group(&server, json!({"id": format!("team-{name}")}));
        create_group(&server, json!({"id": format!("doomed-{name}")}));
        create_group(&server, json!({"id": format!("doomed-ops-{name}"), "parentGroups": ["ops"]}));
        for (prefix, groups) in [
            ("target", json!([])),
            ("doomed", json!([])),
            ("admin", json!(["administrators"])),
            ("doomed-admin", json!(["administrators"])),
            ("opsman", json!(["ops"])),
            ("doomed-ops", json!(["ops"])),
        ] {
            create_user(&server, json!({"username": format!("{prefix}-{name}"), "groups": groups}));
        }
    }
    for (name, groups) in [("plain", json!([])), ("power", json!(["powerusers"])), ("root", json!(["administrators"]))]
    {
        create_user(&server, json!({"username": name, "password": "sesame", "groups": groups}));
    }
    for (method, path, body, statuses, message) in operations() {
        for (caller, status) in callers.into_iter().zip(statuses) {
            let path = path.replace("WHO", caller);
            let body = (!body.is_null()).then(|| body.to_string().replace("WHO", caller));
            let answer = if caller == "none" {
                server.request(method, &format!("/nuxeo/api/v1{path}"), &[], body.as_deref().map(str::as_bytes))
            } else {
                server.nuxeo_as((caller, "sesame"), method, &path, body.as_deref())
            };
            let call = format!("{caller}: {method} {path} {}: {}", body.unwrap_or_default(), answer.text());
            match status {
                401 => assert_refused(&answer, 401, &call),
                403 => assert_eq!(answer.parts(), (403, refusal(403, message)), "{call}"),
                _ => assert_eq!(answer.status, status, "{call}"),
            }
        }
    }
    for name in ["plain", "power", "target-none", "target-plain", "target-power"] {
        assert!(!is_administrator(&server, name), "{name}");
    }
}

#[test]
fn existence_is_no_secret_so_404_comes_before_403() {
    let server = Server::start();
    create_user(&server, json!({"username": "plain", "password": "secret"}));
    let put = r#"{"entity-type":"user"}"#;
    for (method, path, body, message) in [
        ("GET", "/user/nobody", None, "user does not exist"),
        ("PUT", "/user/nobody", Some(put), "user does not exist"),
        ("DELETE", "/user/nobody", None, "user does not exist"),
        ("GET", "/group/nowhere", None, "group does not exist"),
        ("PUT", "/group/nowhere", Some(r#"{"entity-type":"group"}"#), "group does not exist"),
        ("DELETE", "/group/nowhere", None, "group does not exist"),
        ("POST", "/user/nobody/group/members", None, "user does not exist"),
        ("POST", "/user/plain/group/nowhere", None, "Group not found"),
        ("DELETE", "/group/members/user/nobody", None, "User not found"),
        ("DELETE", "/group/nowhere/user/plain", None, "group does not exist"),
    ] {
        let answer = server.nuxeo_as(("plain", "secret"), method, path, body);
        assert_eq!(answer.parts(), (404, refusal(404, message)), "{method} {path}");
    }
}

/// The reference server's own cases for ordinary and for power users.
#[test]
fn the_reference_s_guards_stand() {
    let server = reference_directory();
    let ordinary = ("user1", "user1");
    let power = ("user0", "user0");
    let change_user =
        |name: &str| json!({"entity-type": "user", "id": name, "properties": {"firstName": "x"}}).to_string();
    let change_group = json!({"entity-type": "group", "id": "group1", "grouplabel": "x"}).to_string();
    let (user2, user1) = (change_user("user2"), change_user("user1"));
    let new_user = user_body(json!({"username": "newuser"}));
    let new_group = json!({"entity-type": "group", "id": "newgroup"}).to_string();
    for (caller, method, path, body, message) in [
        (ordinary, "DELETE", "/user/user2", None, EDIT),
        (ordinary, "PUT", "/user/user2", Some(&user2), EDIT),
        (ordinary, "PUT", "/user/user1", Some(&user1), EDIT),
        (ordinary, "POST", "/user", Some(&new_user), CREATE),
        (ordinary, "POST", "/group", Some(&new_group), CREATE),
        (ordinary, "PUT", "/group/group1", Some(&change_group), EDIT),
        (ordinary, "DELETE", "/group/group1", None, EDIT),
        (ordinary, "POST", "/group/group1/user/user0", None, MEMBERSHIP),
        (ordinary, "DELETE", "/group/group1/user/user2", None, MEMBERSHIP),
        (power, "DELETE", "/user/Administrator", None, EDIT),
        (power, "DELETE", "/group/administrators", None, EDIT),
    ] {
        let answer = server.nuxeo_as(caller, method, path, body.map(String::as_str));
        assert_eq!(answer.parts(), (403, refusal(403, message)), "{caller:?} {method} {path}");
    }
    assert_eq!(server.nuxeo_as(power, "DELETE", "/user/user2", None).status, 204);
}

/// A directory in which `leela` is a power user and `fry` an ordinary one, who have set their minds on more.
fn future_directory() -> Server {
    let server = Server::start();
    create_group(&server, json!({"id": "team"}));
    create_group(
        &server,
        json!({
            "id": "ops", "parentGroups": ["administrators"], "memberUsers": ["ghost of ops"],
            "memberGroups": ["phantom of ops"],
        }),
    );
    create_group(&server, json!({"id": "deep", "parentGroups": ["ops"]}));
    let body = json!({
        "entity-type": "group", "memberUsers": ["Administrator", "ghost"], "memberGroups": ["ops", "phantom"],
    });
    assert_eq!(server.nuxeo("PUT", "/group/administrators", Some(&body.to_string())).status, 200);
    create_user(&server, json!({"username": "leela", "password": "nibbler", "groups": ["powerusers"]}));
    create_user(&server, json!({"username": "fry", "password": "seymour", "groups": ["team"]}));
    server
}

/// Everything that makes administrators.
fn powers(server: &Server) -> [Value; 6] {
    let fetch = "fetch-group=memberUsers,memberGroups,parentGroups";
    let group = |name: &str| server.nuxeo("GET", &format!("/group/{name}?{fetch}"), None).json();
    let user = |name: &str| server.nuxeo("GET", &format!("/user/{name}"), None).json();
    [group("administrators"), group("ops"), group("deep"), user("Administrator"), user("leela"), user("fry")]
}

#[test]
fn a_power_user_makes_no_administrator() {
    let server = future_directory();
    let before = powers(&server);
    let user = |name: &str, groups: Value| user_body(json!({"username": name, "password": "x", "groups": groups}));
    let groups = |groups: Value| user_body(json!({"groups": groups}));
    let group = |mut part: Value| {
        part["entity-type"] = json!("group");
        part.to_string()
    };
    let none = String::new;
    for (method, path, body, message) in [
        // The reference's own cases.
        ("POST", "/group", group(json!({"id": "phantom"})), CREATE),
        ("POST", "/group", group(json!({"id": "new", "parentGroups": ["administrators"]})), CREATE),
        ("POST", "/group", group(json!({"id": "new", "parentGroups": ["ops"]})), CREATE),
        ("POST", "/user", user("new", json!(["administrators"])), CREATE),
        ("PUT", "/group/administrators", group(json!({"id": "administrators", "grouplabel": "x"})), EDIT),
        ("DELETE", "/group/administrators", none(), EDIT),
        ("PUT", "/user/Administrator", user_body(json!({"firstName": "x"})), EDIT),
        ("DELETE", "/user/Administrator", none(), EDIT),
        ("PUT", "/user/fry", groups(json!(["administrators"])), EDIT),
        ("PUT", "/user/fry", groups(json!(["ops"])), EDIT),
        ("PUT", "/user/leela", groups(json!(["powerusers", "administrators"])), EDIT),
        ("POST", "/user/fry/group/administrators", none(), MEMBERSHIP),
        ("DELETE", "/user/Administrator/group/administrators", none(), MEMBERSHIP),
        ("POST", "/group/administrators/user/fry", none(), MEMBERSHIP),
        ("DELETE", "/group/administrators/user/Administrator", none(), MEMBERSHIP),
        // Names that an administrators group holds already, although nobody has them yet.
        ("POST", "/user", user_body(json!({"username": "ghost"})), CREATE),
        ("POST", "/user", user_body(json!({"username": " GHOST ", "password": "x"})), CREATE),
        ("POST", "/user", user_body(json!({"username": "ghost of ops", "password": "x"})), CREATE),
        ("POST", "/group", group(json!({"id": "phantom of ops", "memberUsers": ["leela"]})), CREATE),
        ("POST", "/group", group(json!({"id": "x", "groupname": "phantom"})), CREATE),
        ("POST", "/group", group(json!({"properties": {"groupname": "phantom"}})), CREATE),
        ("POST", "/group", group(json!({"id": "administrators"})), CREATE),
        // Further down, and in other spellings.
        ("POST", "/user", user("new", json!(["team", "deep"])), CREATE),
        ("POST", "/user", user("new", json!(["ADMINISTRATORS"])), CREATE),
        ("POST", "/user", user("new", json!([" administrators "])), CREATE),
        ("PUT", "/user/leela", groups(json!(["deep"])), EDIT),
        ("PUT", "/user/leela", groups(json!(["Ops"])), EDIT),
        ("PUT", "/user/LEELA", groups(json!([" AdministratorS"])), EDIT),
        ("POST", "/group", group(json!({"id": "new", "parentGroups": ["deep"], "memberUsers": ["leela"]})), CREATE),
        ("POST", "/group", group(json!({"id": "new", "parentGroups": ["team", "OPS"]})), CREATE),
        ("PUT", "/group/team", group(json!({"parentGroups": ["administrators"]})), EDIT),
        ("PUT", "/group/team", group(json!({"parentGroups": ["deep"]})), EDIT),
        ("PUT", "/group/team", group(json!({"memberUsers": ["leela"], "parentGroups": ["Deep"]})), EDIT),
        ("PUT", "/group/powerusers", group(json!({"parentGroups": ["administrators"]})), EDIT),
        ("PUT", "/group/administrators", group(json!({"memberUsers": ["Administrator", "leela"]})), EDIT),
        ("PUT", "/group/administrators", group(json!({"memberGroups": ["powerusers"]})), EDIT),
        ("PUT", "/group/ops", group(json!({"memberUsers": ["leela"]})), EDIT),
        ("PUT", "/group/deep", group(json!({"memberUsers": ["leela"]})), EDIT),
        ("PUT", "/group/deep", group(json!({"parentGroups": []})), EDIT),
        ("PUT", "/group/deep", group(json!({"memberGroups": ["powerusers"]})), EDIT),
        ("DELETE", "/group/ops", none(), EDIT),
        ("DELETE", "/group/deep", none(), EDIT),
        ("POST", "/user/leela/group/ops", none(), MEMBERSHIP),
        ("POST", "/user/leela/group/deep", none(), MEMBERSHIP),
        ("POST", "/user/leela/group/ADMINISTRATORS", none(), MEMBERSHIP),
        ("POST", "/user/leela/group/%20administrators%20", none(), MEMBERSHIP),
        ("POST", "/group/deep/user/leela", none(), MEMBERSHIP),
        ("POST", "/group/Administrators/user/LEELA", none(), MEMBERSHIP),
        ("POST", "/user/Administrator/group/team", none(), MEMBERSHIP),
        ("POST", "/group/team/user/Administrator", none(), MEMBERSHIP),
        // The password of an administrator is his.
        ("PUT", "/user/Administrator", user_body(json!({"password": "stolen"})), EDIT),
        ("PUT", "/user/ADMINISTRATOR", user_body(json!({"password": "stolen", "groups": []})), EDIT),
    ] {
        let answer = server.nuxeo_as(("leela", "nibbler"), method, path, (!body.is_empty()).then_some(body.as_str()));
        assert_eq!(answer.parts(), (403, refusal(403, message)), "{method} {path} {body}");
        assert_eq!(powers(&server), before, "{method} {path} {body}");
    }
    // More than one reason to refuse these; which is told first is not fixed.
    for (method, path, body, statuses) in [
        (
            "PUT",
            "/user/fry",
            r#"{"entity-type":"user","id":"Administrator","properties":{"password":"x"}}"#,
            [400, 403],
        ),
        ("PUT", "/user/fry", r#"{"entity-type":"user","properties":{"username":"Administrator"}}"#, [400, 403]),
        ("PUT", "/user/leela", r#"{"entity-type":"user","properties":{"username":"ghost"}}"#, [400, 403]),
        ("PUT", "/group/team", r#"{"entity-type":"group","id":"administrators","memberUsers":["leela"]}"#, [400, 403]),
        ("PUT", "/group/team", r#"{"entity-type":"group","groupname":"deep","memberUsers":["leela"]}"#, [400, 403]),
        (
            "PUT",
            "/group/team",
            r#"{"entity-type":"group","parentGroups":["ops"],"memberGroups":["administrators"]}"#,
            [400, 403],
        ),
        ("POST", "/user", r#"{"entity-type":"user","properties":{"username":"administrator"}}"#, [403, 409]),
    ] {
        let answer = server.nuxeo_as(("leela", "nibbler"), method, path, Some(body));
        assert!(statuses.contains(&answer.status), "{method} {path} {body}: {}", answer.text());
        assert_eq!(powers(&server), before, "{method} {path} {body}");
    }
    // Letters that only look like others: either another name or the same one, but no way in.
    let wide = user_body(json!({"username": "wide", "groups": ["ａdministrators"]}));
    assert_refused(&server.nuxeo_as(("leela", "nibbler"), "POST", "/user", Some(&wide)), 403, &wide);
    assert!(can_log_in(&server, "Administrator", ADMIN_PASSWORD));
    assert_eq!(powers(&server), before);
}

#[test]
fn a_disabled_administrator_is_out_of_reach_too() {
    let server = future_directory();
    let leela = ("leela", "nibbler");
    for (name, group) in [("root", "administrators"), ("nested", "deep")] {
        create_user(&server, json!({"username": name, "password": "secret", "groups": [group]}));
        assert_eq!(server.datadog("DELETE", &format!("/api/v1/user/{name}"), None).status, 200);
        let before = server.nuxeo("GET", &format!("/user/{name}"), None).json();
        assert_eq!(before["isAdministrator"], json!(true));
        for (method, path, body, message) in [
            ("PUT", format!("/user/{name}"), user_body(json!({"password": "stolen"})), EDIT),
            ("PUT", format!("/user/{name}"), user_body(json!({"groups": []})), EDIT),
            ("DELETE", format!("/user/{name}"), String::new(), EDIT),
            ("DELETE", format!("/user/{name}/group/{group}"), String::new(), MEMBERSHIP),
            ("POST", format!("/group/team/user/{name}"), String::new(), MEMBERSHIP),
        ] {
            let answer = server.nuxeo_as(leela, method, &path, (!body.is_empty()).then_some(body.as_str()));
            assert_eq!(answer.parts(), (403, refusal(403, message)), "{method} {path} {body}");
        }
        assert_eq!(server.nuxeo("GET", &format!("/user/{name}"), None).json(), before);
        assert_eq!(server.datadog("PUT", &format!("/api/v1/user/{name}"), Some(r#"{"disabled":false}"#)).status, 200);
        assert!(can_log_in(&server, name, "secret") && !can_log_in(&server, name, "stolen"));
    }
}

#[test]
fn a_power_user_does_the_daily_work() {
    let server = future_directory();
    let leela = ("leela", "nibbler");
    let team = ("team", "team");
    let power = ("powerusers", "Power users group");
    for (method, path, body, status, document) in [
        (
            "POST",
            "/user",
            user_body(json!({"username": "bender", "password": "x", "groups": ["team", "powerusers"]})),
            201,
            user("bender", json!({}), &[team, power]),
        ),
        ("PUT", "/user/bender", user_body(json!({"groups": ["team"]})), 200, user("bender", json!({}), &[team])),
        (
            "PUT",
            "/user/leela",
            user_body(json!({"email": "l@x.io"})),
            200,
            user("leela", json!({"email": "l@x.io"}), &[power]),
        ),
        ("POST", "/user/fry/group/powerusers", String::new(), 201, user("fry", json!({}), &[team, power])),
        (
            "POST",
            "/group/team/user/leela",
            String::new(),
            201,
            user("leela", json!({"email": "l@x.io"}), &[power, team]),
        ),
        ("PUT", "/user/fry", user_body(json!({"password": "new", "groups": []})), 200, user("fry", json!({}), &[])),
    ] {
        let answer = server.nuxeo_as(leela, method, path, (!body.is_empty()).then_some(body.as_str()));
        assert_eq!(answer.parts(), (status, document), "{method} {path} {body}");
    }
    assert!(can_log_in(&server, "fry", "new"));
    let crew = json!({"entity-type": "group", "id": "crew", "parentGroups": ["team"], "memberUsers": ["fry", "later"]});
    assert_eq!(server.nuxeo_as(leela, "POST", "/group", Some(&crew.to_string())).status, 201);
    let change = json!({"entity-type": "group", "parentGroups": [], "memberUsers": ["leela"]});
    assert_eq!(server.nuxeo_as(leela, "PUT", "/group/crew", Some(&change.to_string())).status, 200);
    assert_eq!(server.nuxeo_as(leela, "DELETE", "/group/team/user/bender", None).text(), "bender");
    assert_eq!(server.nuxeo_as(leela, "DELETE", "/user/bender", None).status, 204);
    assert_eq!(server.nuxeo_as(leela, "DELETE", "/group/crew", None).status, 204);
}

#[test]
fn a_group_above_the_administrators_gives_no_rights() {
    let server = future_directory();
    let leela = ("leela", "nibbler");
    let above = json!({
        "entity-type": "group", "id": "above", "memberGroups": ["administrators"], "memberUsers": ["leela"],
    });
    assert_eq!(server.nuxeo("POST", "/group", Some(&above.to_string())).status, 201);
    assert!(!is_administrator(&server, "leela"));
    assert!(is_administrator(&server, "Administrator"));
    let body = user_body(json!({"username": "new", "groups": ["administrators"]}));
    assert_eq!(server.nuxeo_as(leela, "POST", "/user", Some(&body)).parts(), (403, refusal(403, CREATE)));
}

#[test]
fn the_last_enabled_administrator_stays() {
    let server = Server::with(&["--protect", ""]);
    let state = || {
        let fetch = "?fetch-group=memberUsers,memberGroups,parentGroups";
        ["/user/Administrator".to_owned(), format!("/group/administrators{fetch}"), format!("/group/ops{fetch}")]
            .map(|path| server.nuxeo("GET", &path, None).json())
    };
    let user = |groups: Value| user_body(json!({"firstName": "changed", "groups": groups}));
    let group = |part: Value| {
        let mut body = part;
        body["entity-type"] = json!("group");
        body["grouplabel"] = json!("changed");
        body.to_string()
    };
    let refused = |rows: Vec<(&str, &str, String)>| {
        let before = state();
        for (method, path, body) in rows {
            let answer = server.nuxeo(method, path, (!body.is_empty()).then_some(body.as_str()));
            assert_refused(&answer, 409, &format!("{method} {path} {body}"));
            assert_eq!(state(), before, "{method} {path} {body}");
        }
    };
    let done = |method: &str, path: &str, body: String, status: u16| {
        let answer = server.nuxeo(method, path, (!body.is_empty()).then_some(body.as_str()));
        assert_eq!(answer.status, status, "{method} {path} {body}: {}", answer.text());
    };
    let none = String::new;
    create_group(&server, json!({"id": "ops"}));
    let direct = || {
        vec![
            ("DELETE", "/user/Administrator", none()),
            ("DELETE", "/user/administrator", none()),
            ("PUT", "/user/Administrator", user(json!([]))),
            ("PUT", "/user/Administrator", user(json!(["members"]))),
            ("DELETE", "/user/Administrator/group/administrators", none()),
            ("DELETE", "/group/administrators/user/Administrator", none()),
            ("PUT", "/group/administrators", group(json!({"memberUsers": []}))),
            ("PUT", "/group/administrators", group(json!({"memberUsers": ["nobody"]}))),
            ("DELETE", "/group/administrators", none()),
        ]
    };
    refused(direct());

    // One more counts only while enabled.
    create_user(&server, json!({"username": "root", "password": "secret", "groups": ["administrators"]}));
    assert_eq!(server.datadog("DELETE", "/api/v1/user/root", None).status, 200);
    refused(direct()[..6].to_vec());
    assert_eq!(server.datadog("PUT", "/api/v1/user/root", Some(r#"{"disabled":false}"#)).status, 200);
    done("DELETE", "/user/Administrator/group/administrators", none(), 200);
    assert!(!is_administrator(&server, "Administrator"));
    let root = |method: &str, path: &str, body: Option<&str>| server.nuxeo_as(("root", "secret"), method, path, body);
    assert_refused(&root("DELETE", "/user/root", None), 409, "oneself");
    assert_eq!(root("POST", "/user/Administrator/group/ops", None).status, 201);
    let child = json!({"entity-type": "group", "memberGroups": ["ops"]}).to_string();
    assert_eq!(root("PUT", "/group/administrators", Some(&child)).status, 200);
    assert_eq!(root("DELETE", "/user/root", None).status, 204);

    // Now the right comes through a subgroup, and every way to cut that is one too many.
    assert!(is_administrator(&server, "Administrator"));
    refused(vec![
        ("DELETE", "/user/Administrator", none()),
        ("PUT", "/user/Administrator", user(json!([]))),
        ("DELETE", "/user/Administrator/group/ops", none()),
        ("DELETE", "/group/ops/user/Administrator", none()),
        ("PUT", "/group/ops", group(json!({"memberUsers": []}))),
        ("PUT", "/group/ops", group(json!({"parentGroups": []}))),
        ("PUT", "/group/administrators", group(json!({"memberGroups": []}))),
        ("DELETE", "/group/ops", none()),
        ("DELETE", "/group/administrators", none()),
    ]);
    done("POST", "/user/Administrator/group/administrators", none(), 201);
    done("DELETE", "/group/ops", none(), 204);
    assert!(is_administrator(&server, "Administrator"));
}

#[test]
fn clients_connect() {
    let server = Server::start();
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let headers = [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
    let cmis = get(&server, "/nuxeo/json/cmis", &headers);
    assert_eq!(cmis.status, 200);
    let default = &cmis.json()["default"];
    assert_eq!([&default["repositoryId"], &default["productVersion"]], [&json!("default"), &json!("2023.0")]);

    for path in ["/nuxeo/api/v1/capabilities", "/nuxeo/site/api/v1/capabilities"] {
        let capabilities = get(&server, path, &headers).json();
        assert_eq!(capabilities["entity-type"], json!("capabilities"));
        assert_eq!(capabilities["server"]["distributionVersion"], json!("2023.0"));
        for key in ["distributionName", "distributionServer"] {
            assert!(capabilities["server"][key].is_string(), "{key}");
        }
    }
}

#[test]
fn the_running_status_is_told_to_everybody() {
    let server = Server::start();
    let parts = json!({
        "runtimeStatus": "ok", "repositoryStatus": "ok", "elasticSearchStatus": "ok", "streamStatus": "ok",
    });
    let wrong = basic("Administrator", "wrong");
    for headers in [&[][..], &[("Authorization", wrong.as_str())], &[("Cookie", "JSESSIONID=nothing")]] {
        for path in [
            "/nuxeo/runningstatus",
            "/nuxeo//runningstatus/",
            "/nuxeo/runningstatus?info=",
            "/nuxeo/runningstatus?info=other",
        ] {
            let answer = get(&server, path, headers);
            assert_eq!(answer.parts(), (200, parts.clone()), "{path}");
            assert_eq!(answer.header("Content-Type"), Some("application/json"), "{path}");
        }
        for path in ["/nuxeo/runningstatus?info=started", "/nuxeo/runningstatus?a=b&INFO=Started"] {
            let answer = get(&server, path, headers);
            assert_eq!((answer.status, answer.text()), (200, "true"), "{path}");
            assert_eq!(answer.header("Content-Type"), Some("text/plain; charset=utf-8"), "{path}");
        }
    }
    assert_refused(&get(&server, "/nuxeo/runningstatus?info=%zz", &[]), 400, "a broken escape");
    assert_refused(&server.request("POST", "/nuxeo/runningstatus", &[], None), 405, "POST");
}

#[test]
fn login_tells_the_caller_under_every_path() {
    let server = future_directory();
    create_user(&server, json!({"username": "zoe", "password": "secret", "groups": ["team", "deep"]}));
    for (name, password, administrator, groups) in [
        ("Administrator", ADMIN_PASSWORD, true, json!(["administrators"])),
        ("fry", "seymour", false, json!(["team"])),
        ("zoe", "secret", true, json!(["administrators", "deep", "ops", "team"])),
    ] {
        let authorization = basic(name, password);
        for path in [
            "/nuxeo/site/automation/login",
            "/nuxeo/api/v1/automation/login",
            "/nuxeo/site/api/v1/automation/login",
            "/nuxeo/api/v1/repo/default/automation/login",
            "/nuxeo//api/v1/automation/login",
        ] {
            for body in [None, Some(&b""[..]), Some(b"{}"), Some(br#"{"params":{}}"#)] {
                let answer = server.request("POST", path, &[("Authorization", &authorization)], body);
                let (status, mut document) = answer.parts();
                let found = document["groups"].as_array_mut().expect("groups");
                found.sort_by_key(Value::to_string);
                for key in ["id", "name"] {
                    // New servers add these two.
                    let value = document.as_object_mut().expect("an object").remove(key);
                    assert!(value.is_none() || value == Some(json!(name)), "{key} of {path}");
                }
                let expected = json!({
                    "entity-type": "login", "username": name, "isAdministrator": administrator, "groups": groups,
                });
                assert_eq!((status, document), (200, expected), "{path} {body:?}");
            }
        }
    }
    for path in ["/nuxeo/site/automation/login", "/nuxeo/api/v1/automation/login"] {
        assert_refused(&server.request("POST", path, &[], Some(b"")), 401, path);
    }
}

/// The base paths of the automation interface.
const AUTOMATION: [&str; 5] = [
    "/nuxeo/site/automation",
    "/nuxeo/api/v1/automation",
    "/nuxeo/site/api/v1/automation",
    "/nuxeo/api/v1/repo/default/automation",
    "/nuxeo//api/v1/automation/",
];

/// What an operation's description has to have for clients.
fn assert_described(operation: &Value) {
    assert!(operation["id"].is_string() && operation["url"] == operation["id"], "{operation}");
    for parameter in operation["params"].as_array().expect("params") {
        assert!(parameter["name"].is_string() && parameter["type"].is_string(), "{parameter}");
        assert!(parameter["required"].is_boolean(), "{parameter}");
    }
}

#[test]
fn the_operations_are_described_to_everybody() {
    let server = Server::start();
    let (right, wrong) = (basic("Administrator", ADMIN_PASSWORD), basic("Administrator", "wrong"));
    let callers = [&[][..], &[("Authorization", right.as_str())], &[("Authorization", wrong.as_str())]];
    for (base, headers) in AUTOMATION.into_iter().flat_map(|base| callers.map(|headers| (base, headers))) {
        let answer = get(&server, base, headers);
        assert_eq!(answer.status, 200, "{base}: {}", answer.text());
        let document = answer.json();
        assert_eq!(
            [&document["chains"], &document["codecs"], &document["paths"]],
            [&json!([]), &json!([]), &json!({"login": "login"})],
            "{base}"
        );
        let operations = document["operations"].as_array().expect("operations");
        let listed: Vec<&Value> = operations.iter().map(|operation| &operation["id"]).collect();
        assert_eq!(listed, [&json!("Log")], "{base}");
        operations.iter().for_each(assert_described);

        let log = get(&server, &format!("{base}/Log"), headers);
        assert_eq!(log.parts(), (200, operations[0].clone()), "{base}");
        let login = get(&server, &format!("{base}/login"), headers);
        assert_eq!((login.status, &login.json()["id"]), (200, &json!("login")), "{base}");
        assert_described(&login.json());
        assert_eq!(login.header("Set-Cookie"), None, "{base}: a look at the login is none");
    }
    // Another spelling is another operation, and there is none.
    for name in ["log", "Login", "User.Invite", "Log/x"] {
        let path = format!("/nuxeo/site/automation/{name}");
        assert_refused(&get(&server, &path, &[("Authorization", &right)]), 404, &path);
        assert_refused(&get(&server, &path, &[]), 401, &path);
    }
    for name in ["", "/Log", "/login"] {
        let path = format!("/nuxeo/site/automation{name}");
        for headers in callers {
            let answer = server.request("PUT", &path, headers, Some(b"{}"));
            assert_refused(&answer, 405, &path);
            assert_eq!(answer.header("Allow"), Some(if name.is_empty() { "GET, HEAD" } else { "GET, HEAD, POST" }));
        }
    }
}

#[test]
fn log_writes_to_the_server_s_log() {
    let server = Server::start();
    for (path, message) in [
        ("/nuxeo/site/automation/Log", "first message"),
        ("/nuxeo/api/v1/automation/Log", "second message"),
        ("/nuxeo/api/v1/repo/default/automation/Log", "third message"),
    ] {
        for (level, category) in [("warn", json!("a.test")), ("info", Value::Null), ("error", json!("x"))] {
            let text = format!("{message} at {level}");
            let mut params = json!({"message": text, "level": level});
            if !category.is_null() {
                params["category"] = category;
            }
            let body = json!({"params": params}).to_string();
            let authorization = basic("Administrator", ADMIN_PASSWORD);
            let headers = [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
            let answer = server.request("POST", path, &headers, Some(body.as_bytes()));
            assert_eq!((answer.status, answer.text()), (204, ""), "{path}");
            server.wait_for_log(&text);
        }
    }
    for body in [
        "",
        "{}",
        r#"{"params":{}}"#,
        r#"{"params":{"message":"x"}}"#,
        r#"{"params":{"level":"info"}}"#,
        r#"{"params":{"message":null,"level":null}}"#,
        "{",
        "[]",
    ] {
        let answer = server.nuxeo("POST", "/automation/Log", (!body.is_empty()).then_some(body));
        assert_refused(&answer, 400, body);
    }
    // One message is one line: nobody writes lines that look like the server's own.
    let forged = json!({"params": {"message": "begin\nforged line\r\nforged line", "level": "error"}}).to_string();
    assert_eq!(server.nuxeo("POST", "/automation/Log", Some(&forged)).status, 204);
    server.wait_for_log("begin");
    assert_eq!(
        server.nuxeo("POST", "/automation/Log", Some(r#"{"params":{"message":"the end","level":"error"}}"#)).status,
        204
    );
    let log = server.stop_for_log();
    assert!(log.contains("the end") && !log.lines().any(|line| line.starts_with("forged line")), "{log}");
}

#[test]
fn a_path_that_nobody_knows_is_not_found() {
    let server = Server::start();
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    for path in [
        "/nuxeo/test",
        "/nuxeo/api",
        "/nuxeo/api/v1",
        "/nuxeo/api/v1/nothing",
        "/nuxeo/api/v1/users",
        "/nuxeo/api/v1/users/Administrator",
        "/nuxeo/api/v1/groups",
        "/nuxeo/api/v1/path/default-domain",
        "/nuxeo/api/v1/group/members/@unknown",
        "/nuxeo/api/v1/me/nothing",
        "/nuxeo/api/v1/repo/default",
        "/nuxeo/api/v1/repo/default/nothing",
        "/nuxeo/api/v2/user/Administrator",
        "/nuxeo/site/nothing",
        "/nuxeo/site/automation/Nothing",
        "/nuxeo/json/nothing",
        "/nuxeo/authentication/nothing",
        "/nuxeo/api/v1/automation/User.Invite",
        "/nuxeo/nuxeo/api/v1/me",
    ] {
        for method in ["GET", "POST"] {
            let answer = server.request(method, path, &[("Authorization", &authorization)], Some(b"{}"));
            assert_refused(&answer, 404, &format!("{method} {path}"));
        }
    }
    assert_eq!(server.nuxeo("GET", "/me", None).status, 200);
}

#[test]
fn a_stranger_is_told_that_he_is_one_before_anything_about_paths() {
    let server = Server::with(&["--wrong-password-delay", "0"]);
    let (right, wrong) = (basic("Administrator", ADMIN_PASSWORD), basic("Administrator", "wrong"));
    for (method, path, status) in [
        ("GET", "/nuxeo/api", 404),
        ("GET", "/nuxeo/api/v1", 404),
        ("GET", "/nuxeo/api/v1/nothing", 404),
        ("POST", "/nuxeo/api/v1/users", 404),
        ("BREW", "/nuxeo/api/v2/user/Administrator", 404),
        ("GET", "/nuxeo/api/v1/repo/default/nothing", 404),
        ("GET", "/nuxeo/api/v1/group/members/@unknown", 404),
        ("POST", "/nuxeo/api/v1/automation/User.Invite", 404),
        ("GET", "/nuxeo/site", 404),
        ("GET", "/nuxeo/site/nothing", 404),
        ("POST", "/nuxeo/site/automation/Nothing", 404),
        ("GET", "/nuxeo/site/api/v1/nothing", 404),
        ("GET", "/nuxeo/api/v1/user", 405),
        ("PATCH", "/nuxeo/api/v1/user/Administrator", 405),
        ("POST", "/nuxeo/api/v1/user/nobody", 405),
        ("GET", "/nuxeo/api/v1/group", 405),
        ("PATCH", "/nuxeo/api/v1/group/members", 405),
        ("GET", "/nuxeo/api/v1/user/Administrator/group/members", 405),
        ("DELETE", "/nuxeo/api/v1/group/members/@users", 405),
        ("DELETE", "/nuxeo/api/v1/me", 405),
        ("GET", "/nuxeo/api/v1/me/changepassword", 405),
        ("PUT", "/nuxeo/api/v1/token", 405),
        ("DELETE", "/nuxeo/site/api/v1/capabilities", 405),
        ("PUT", "/nuxeo/site/automation/Nothing", 404),
    ] {
        let call = format!("{method} {path}");
        for headers in [&[][..], &[("Authorization", wrong.as_str())]] {
            let answer = server.request(method, path, headers, Some(b"{}"));
            assert_refused(&answer, 401, &call);
            assert_eq!(answer.header("WWW-Authenticate"), Some("Basic realm=\"Nuxeo Automation\""), "{call}");
            assert_eq!(answer.header("Allow"), None, "{call}");
        }
        let answer = server.request(method, path, &[("Authorization", &right)], Some(b"{}"));
        assert_refused(&answer, status, &call);
        assert_eq!(answer.header("Allow").is_some(), status == 405, "{call}");
    }
    // Outside of the interface there is nothing to guard.
    for headers in [&[][..], &[("Authorization", wrong.as_str())], &[("Authorization", right.as_str())]] {
        for path in ["/nuxeo/nothing", "/nuxeo", "/nuxeo/", "/nuxeo/json/nothing"] {
            assert_refused(&get(&server, path, headers), 404, path);
        }
    }
}

#[test]
fn a_repository_or_a_header_of_one_changes_nothing() {
    let server = Server::start();
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let expected = server.nuxeo("GET", "/user/Administrator", None).json();
    let headers = [
        ("Authorization", authorization.as_str()),
        ("Accept", "text/plain,application/json"),
        ("X-NXDocumentProperties", "*"),
        ("X-NXproperties", "*"),
        ("X-NXRepository", "default"),
        ("Repository", "other"),
        ("Nuxeo-Transaction-Timeout", "30000"),
        ("depth", "max"),
        ("X-Application-Name", "Python client"),
        ("X-Client-Version", "7.1.0"),
        ("X-NXVoidOperation", "true"),
        ("nx_es_sync", "true"),
        ("translate-directoryEntry", "label"),
    ];
    for path in [
        "/nuxeo/api/v1/user/Administrator",
        "/nuxeo/api/v1/repo/default/user/Administrator",
        "/nuxeo/api/v1/repo/any%20name/user/Administrator",
        "/nuxeo/site/api/v1/repo/default/user/Administrator",
        "/nuxeo//api//v1//user//Administrator",
    ] {
        let answer = get(&server, path, &headers);
        assert_eq!(answer.parts(), (200, expected.clone()), "{path}");
        assert!(answer.header("Content-Type").expect("a type").starts_with("application/json"));
    }
    check(&server, &[("GET", "/repo/default/group/nowhere", "", 404, refusal(404, "group does not exist"))]);
}

#[test]
fn a_power_user_leaves_no_group_waiting_below_a_future_administrators_group() {
    let server = future_directory();
    let leela = ("leela", "nibbler");
    let before = powers(&server);
    for (method, path, body) in [
        ("POST", "/group", json!({"id": "mine", "memberUsers": ["leela"], "parentGroups": ["later"]})),
        ("PUT", "/group/team", json!({"memberUsers": ["leela"], "parentGroups": ["later"]})),
    ] {
        let mut body = body;
        body["entity-type"] = json!("group");
        let answer = server.nuxeo_as(leela, method, path, Some(&body.to_string()));
        assert_eq!(answer.parts(), (403, refusal(403, "group does not exist: later")), "{method} {path} {body}");
    }
    create_group(&server, json!({"id": "later", "parentGroups": ["administrators"]}));
    let leela = server.nuxeo("GET", "/user/leela", None).json();
    assert_eq!(leela["isAdministrator"], json!(false));
    assert_eq!(powers(&server)[3..], before[3..]);
}

#[test]
fn a_power_user_sends_back_a_group_as_it_is_shown_also_with_a_parent_that_is_not_there() {
    let server = future_directory();
    let leela = ("leela", "nibbler");
    let fetch = "fetch-group=memberUsers,memberGroups,parentGroups";
    create_group(
        &server,
        json!({
            "id": "crew", "grouplabel": "Crew", "parentGroups": ["Later", "team"], "memberUsers": ["fry", "nobody"],
            "memberGroups": ["nothing"],
        }),
    );
    let path = format!("/group/crew?{fetch}");
    let shown = server.nuxeo_as(leela, "GET", &path, None).json();
    assert_eq!(shown["parentGroups"], json!(["Later", "team"]));
    let put = |body: &Value| server.nuxeo_as(leela, "PUT", &path, Some(&body.to_string())).parts();
    assert_eq!(put(&shown), (200, shown.clone()));
    let mut changed = shown.clone();
    changed["properties"]["description"] = json!("Who deliver");
    assert_eq!(put(&changed), (200, changed.clone()));
    // It stays in any spelling and order, but none may be added, and what is taken away is not brought back.
    changed["parentGroups"] = json!(["team", "LATER"]);
    assert_eq!(put(&changed), (200, changed.clone()));
    let mut more = changed.clone();
    more["parentGroups"] = json!(["team", "later", "much later"]);
    assert_eq!(put(&more), (403, refusal(403, "group does not exist: much later")));
    let mut less = changed.clone();
    less["parentGroups"] = json!(["team"]);
    assert_eq!(put(&less), (200, less.clone()));
    assert_eq!(put(&changed), (403, refusal(403, "group does not exist: LATER")));
    assert_eq!(server.nuxeo("GET", &path, None).json(), less);
}

#[test]
fn a_name_that_a_group_waits_for_keeps_its_place_whatever_groups_it_is_created_with() {
    let server = Server::start();
    create_group(&server, json!({"id": "team", "grouplabel": "Team", "memberUsers": ["Ghost"]}));
    let ghost = create_user(&server, json!({"username": "ghost", "groups": ["members"]}));
    assert_eq!(ghost["properties"]["groups"], json!(["team", "members"]));
    let team = server.nuxeo("GET", "/group/team?fetch-group=memberUsers", None).json();
    assert_eq!(team["memberUsers"], json!(["Ghost"]));
}
