//! The interface behind the page for browsers: sessions, who may call it, and what it answers. The page itself is
//! tested in a browser.

use crate::support::cli::run_with_input;
use crate::support::folder::Folder;
use crate::support::nuxeo::{create_group, create_user};
use crate::support::server::{ADMIN_PASSWORD, Server};
use crate::support::ui::{Browser, SIGN, administrator};
use crate::support::wait::wait_until;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn error(text: &str) -> Value {
    json!({ "error": text })
}

/// A server with Ada, who has a password and no rights.
fn with_ada() -> Server {
    let server = Server::start();
    create_user(&server, json!({"username": "ada", "password": "pw-ada", "firstName": "Ada"}));
    server
}

#[test]
fn a_session_begins_with_a_password_and_ends_with_signing_out() {
    let server = Server::start();
    let mut browser = Browser::new(&server);
    assert_eq!(browser.get("session").parts(), (401, error("not signed in")));
    assert_eq!(browser.get("users").parts(), (401, error("not signed in")));

    let answer = browser.sign_in("administrator", ADMIN_PASSWORD);
    let session = json!({"user": "Administrator", "power": "administrator", "seconds_left": 900});
    assert_eq!(answer.parts(), (200, session));
    let set = answer.header("Set-Cookie").expect("a cookie");
    // No path of its own: the browser takes that of the session, also behind a proxy that puts it elsewhere.
    let (secret, rest) = set.split_once("; ").expect("attributes");
    assert_eq!(rest, "HttpOnly; SameSite=Strict");
    assert_eq!(secret.trim_start_matches("rollbook_session=").len(), 64);
    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    assert_eq!(browser.get("session").json()["user"], "Administrator");
    assert_eq!(browser.get("users").status, 200);

    let mut other = administrator(&server);
    let old = browser.cookie.clone();
    let answer = browser.call("DELETE", "session", &Value::Null);
    assert_eq!((answer.status, browser.cookie.as_ref()), (204, None));
    // The secret itself has ended, not only the cookie, and nobody else's.
    browser.cookie = old;
    assert_eq!(browser.get("session").status, 401);
    assert_eq!(other.get("session").status, 200);
    // Signing out twice is no mistake.
    assert_eq!(browser.call("DELETE", "session", &Value::Null).status, 204);
    assert!(!server.stop_for_log().contains(secret.trim_start_matches("rollbook_session=")));
}

#[test]
fn a_cookie_that_came_encrypted_goes_no_other_way() {
    let server = Server::with(&["--trusted-proxy", "127.0.0.1"]);
    let body = json!({"user": "Administrator", "password": ADMIN_PASSWORD});
    for (protocol, secure) in [("https", true), ("http", false)] {
        let answer = Browser::new(&server).send("POST", "session", &[SIGN, ("X-Forwarded-Proto", protocol)], &body);
        assert_eq!(answer.header("Set-Cookie").expect("a cookie").ends_with("; Secure"), secure, "{protocol}");
    }
    let server = Server::start();
    let answer = Browser::new(&server).send("POST", "session", &[SIGN, ("X-Forwarded-Proto", "https")], &body);
    assert!(!answer.header("Set-Cookie").expect("a cookie").contains("Secure"), "nobody is believed");
}

#[test]
fn a_wrong_password_opens_nothing() {
    let server = with_ada();
    create_user(&server, json!({"username": "nopassword"}));
    let wrong = (401, error("the user name or the password is wrong"));
    for (user, password) in
        [("ada", "pw-Ada"), ("nobody", "pw-ada"), ("", "pw-ada"), ("ada", ""), ("nopassword", ""), ("system", "x")]
    {
        let mut browser = Browser::new(&server);
        let answer = browser.sign_in(user, password);
        assert_eq!(answer.parts(), wrong, "{user} {password}");
        assert_eq!(answer.header("Set-Cookie"), None);
        assert_eq!(answer.header("WWW-Authenticate"), None);
    }
    let mut browser = Browser::new(&server);
    for (body, status, text) in [
        (json!({"user": "ada"}), 400, "password is not a text"),
        (json!({"user": 1, "password": "x"}), 400, "user is not a text"),
        (json!({"user": "ada", "password": "pw-ada", "remember": true}), 400, "there is no field remember here"),
        (json!([]), 400, "the body cannot be read: it is no JSON object"),
    ] {
        assert_eq!(browser.call("POST", "session", &body).parts(), (status, error(text)), "{body}");
    }
    // A secret that somebody makes up is none.
    for cookie in ["rollbook_session=", "rollbook_session=x", "x", "rollbook_session"] {
        browser.cookie = Some(cookie.to_owned());
        assert_eq!(browser.get("session").status, 401, "{cookie}");
    }
}

#[test]
fn the_right_cookie_is_found_among_others() {
    let server = with_ada();
    let mut browser = Browser::of(&server, "ada", "pw-ada");
    let cookie = browser.cookie.take().expect("a cookie");
    browser.cookie = Some(format!("a=b; rollbook_session=left-from-another-path; {cookie}; c=d"));
    assert_eq!(browser.get("session").status, 200);
}

#[test]
fn what_changes_something_is_taken_from_the_page_alone() {
    let server = with_ada();
    let mut browser = administrator(&server);
    let foreign = (403, error("only the page of this server is answered here"));
    let body = json!({"name": "grace"});
    let cases: [&[(&str, &str)]; 5] = [
        &[],
        &[("X-Requested-With", "XMLHttpRequest")],
        &[SIGN, ("Sec-Fetch-Site", "cross-site")],
        &[SIGN, ("Sec-Fetch-Site", "same-site")],
        &[("Content-Type", "text/plain"), ("Origin", "http://elsewhere.example")],
    ];
    for headers in cases {
        for (method, path, body) in [
            ("POST", "users", &body),
            ("PATCH", "users/ada", &json!({"disabled": true})),
            ("DELETE", "users/ada", &Value::Null),
            ("PUT", "groups/administrators/users/ada", &Value::Null),
            ("DELETE", "session", &Value::Null),
            ("POST", "session", &json!({"user": "ada", "password": "pw-ada"})),
        ] {
            let answer = browser.send(method, path, headers, body);
            assert_eq!(answer.parts(), foreign, "{method} {path} {headers:?}");
            assert_eq!(answer.header("Set-Cookie"), None);
        }
    }
    // Looking, too, is for the page: other sites' scripts see nothing.
    for from in ["cross-site", "same-site"] {
        assert_eq!(browser.send("GET", "users", &[("Sec-Fetch-Site", from)], &Value::Null).parts(), foreign);
    }
    for from in ["same-origin", "none"] {
        let answer = browser.send("GET", "users", &[("Sec-Fetch-Site", from)], &Value::Null);
        assert_eq!(answer.status, 200);
        assert!(answer.headers.iter().all(|(name, _)| !name.starts_with("Access-Control")));
    }
    assert_eq!(browser.get("users/ada").json()["disabled"], false);
    assert_eq!(browser.get("users/grace").status, 404);
    // A question whether another site may: no.
    let preflight = [
        ("Origin", "http://elsewhere.example"),
        ("Access-Control-Request-Method", "PATCH"),
        ("Sec-Fetch-Site", "cross-site"),
    ];
    let answer = browser.send("OPTIONS", "users/ada", &preflight, &Value::Null);
    assert_eq!(answer.status, 403);
    assert!(answer.headers.iter().all(|(name, _)| !name.starts_with("Access-Control")));
    // Credentials of the other dialects open nothing here.
    let authorization = crate::support::client::basic("Administrator", ADMIN_PASSWORD);
    let mut stranger = Browser::new(&server);
    let answer = stranger.send("GET", "users", &[("Authorization", &authorization)], &Value::Null);
    assert_eq!(answer.status, 401);
}

#[test]
fn a_session_ends_with_the_right_to_it() {
    let server = with_ada();
    let begin = || Browser::of(&server, "ada", "pw-ada");
    let (mut first, mut second) = (begin(), begin());
    assert_eq!(server.nuxeo("PUT", "/user/ada", Some(&user_body("ada", "pw-new"))).status, 200);
    assert_eq!(first.get("session").status, 401);
    // Also when the old password comes back.
    assert_eq!(server.nuxeo("PUT", "/user/ada", Some(&user_body("ada", "pw-ada"))).status, 200);
    assert_eq!(second.get("session").status, 401);

    let (mut third, mut unseen) = (begin(), begin());
    let mut admin = administrator(&server);
    assert_eq!(admin.call("PATCH", "users/ada", &json!({"disabled": true})).status, 200);
    assert_eq!(third.get("session").status, 401);
    assert_eq!(Browser::new(&server).sign_in("ada", "pw-ada").status, 401);
    assert_eq!(admin.call("PATCH", "users/ada", &json!({"disabled": false})).status, 200);
    assert_eq!(unseen.get("session").status, 401, "no request came while the user was disabled");
    let mut fourth = begin();
    assert_eq!(admin.call("DELETE", "users/ada", &Value::Null).status, 204);
    assert_eq!(fourth.get("users").status, 401);
    // A new user of the name is somebody else.
    create_user(&server, json!({"username": "ada", "password": "pw-ada"}));
    assert_eq!(fourth.get("users").status, 401);
}

fn user_body(name: &str, password: &str) -> String {
    json!({"entity-type": "user", "id": name, "properties": {"username": name, "password": password}}).to_string()
}

#[test]
fn rights_are_those_of_now() {
    let server = with_ada();
    let mut ada = Browser::of(&server, "ada", "pw-ada");
    let mut admin = administrator(&server);
    assert_eq!(ada.get("session").json()["power"], "reader");
    for (group, power) in [("powerusers", "power_user"), ("administrators", "administrator")] {
        assert_eq!(admin.call("PUT", &format!("groups/{group}/users/ada"), &Value::Null).status, 204);
        assert_eq!(ada.get("session").json()["power"], power);
    }
    assert_eq!(ada.get("changes").status, 200);
    assert_eq!(admin.call("DELETE", "groups/administrators/users/ada", &Value::Null).status, 204);
    assert_eq!(ada.get("changes").status, 403);
}

#[test]
fn a_session_ends_when_nothing_is_done_and_at_its_length() {
    let server = Server::with(&["--session-idle", "2s"]);
    let start = Instant::now();
    let mut idle = administrator(&server);
    // What the page asks by itself is nothing that a person does.
    let background = [("Rollbook-Background", "1")];
    wait_until("the end of an idle session", || idle.send("GET", "figures", &background, &Value::Null).status == 401);
    assert!(start.elapsed() >= Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(idle.get("session").status, 401);

    let server = Server::with(&["--session-length", "3s", "--session-idle", "1h"]);
    let start = Instant::now();
    let mut busy = administrator(&server);
    wait_until("the end of a long session", || busy.get("users").status == 401);
    assert!(start.elapsed() >= Duration::from_secs(3), "{:?}", start.elapsed());
}

#[test]
fn one_user_has_so_many_sessions_and_takes_nobody_elses() {
    let server = with_ada();
    let mut admin = administrator(&server);
    let mut all: Vec<Browser> = (0..17).map(|_| Browser::of(&server, "ada", "pw-ada")).collect();
    let open: Vec<u16> = all.iter_mut().map(|browser| browser.get("session").status).collect();
    assert_eq!(open, [&[401][..], &[200; 16]].concat());
    assert_eq!(admin.get("session").status, 200);
    // Who signs in anew in a browser leaves the session that was there.
    let before = all[16].cookie.clone();
    assert_eq!(all[16].sign_in("ada", "pw-ada").status, 200);
    let mut left = Browser { server: &server, cookie: before };
    assert_eq!(left.get("session").status, 401);
}

#[test]
fn the_own_password_is_changed_with_the_old_one() {
    let server = with_ada();
    let mut ada = Browser::of(&server, "ada", "pw-ada");
    let mut elsewhere = Browser::of(&server, "ada", "pw-ada");
    for (body, status, text) in [
        (json!({"old": "wrong", "new": "pw-new"}), 403, "the old password is wrong"),
        (json!({"old": "pw-ada", "new": ""}), 400, "the new password is empty"),
        (json!({"old": "pw-ada"}), 400, "new is not a text"),
    ] {
        assert_eq!(ada.call("PUT", "password", &body).parts(), (status, error(text)), "{body}");
    }
    let before = ada.cookie.clone();
    let answer = ada.call("PUT", "password", &json!({"old": "pw-ada", "new": "pw-new"}));
    assert_eq!(answer.status, 204);
    assert_ne!(ada.cookie, before);
    assert_eq!(ada.get("session").status, 200);
    assert_eq!(elsewhere.get("session").status, 401);
    assert_eq!(Browser::new(&server).sign_in("ada", "pw-ada").status, 401);
    assert_eq!(Browser::new(&server).sign_in("ada", "pw-new").status, 200);
}

#[test]
fn users_are_made_shown_changed_and_removed() {
    let server = Server::start();
    create_group(&server, json!({"groupname": "engines/two"}));
    let mut admin = administrator(&server);
    let new = json!({"name": "Ada Lovelace/x", "first_name": "Ada", "email": "ada@example.com", "password": "pw",
        "groups": ["engines/two"], "properties": {"desk": [1, "b"]}, "title": null});
    let answer = admin.call("POST", "users", &new);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let tag = answer.header("ETag").expect("a tag").to_owned();
    let mut shown = answer.json();
    assert_eq!(admin.call("POST", "users", &new).parts(), (409, error("user already exists: Ada Lovelace/x")));
    let path = "users/Ada%20Lovelace%2Fx";
    let found = admin.get(path);
    assert_eq!((found.status, found.json(), found.header("ETag")), (200, shown.clone(), Some(tag.as_str())));
    for name in ["uuid", "created", "updated"] {
        assert!(
            shown.as_object_mut().expect("an object").remove(name).is_some_and(|value| value.is_string()),
            "{name}"
        );
    }
    let wanted = json!({"name": "Ada Lovelace/x", "first_name": "Ada", "email": "ada@example.com", "role": "standard",
        "disabled": false, "verified": false, "groups": ["engines/two"], "inherited_groups": [],
        "properties": {"desk": [1, "b"]}});
    assert_eq!(shown, wanted);

    let change = json!({"first_name": "", "last_name": "King", "disabled": true, "properties": {"desk": null, "a": 1}});
    let answer = admin.send("PATCH", path, &[SIGN, ("If-Match", &tag)], &change);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let document = answer.json();
    assert_eq!((&document["first_name"], &document["last_name"]), (&Value::Null, &json!("King")));
    assert_eq!((&document["properties"], &document["disabled"]), (&json!({"a": 1}), &json!(true)));
    assert_eq!(document["email"], "ada@example.com");
    let changed = (412, error("somebody has changed it meanwhile"));
    for (method, body) in [("PATCH", &json!({"title": "x"})), ("DELETE", &Value::Null)] {
        assert_eq!(admin.send(method, path, &[SIGN, ("If-Match", &tag)], body).parts(), changed);
    }
    let current = answer.header("ETag").expect("a tag").to_owned();
    assert_eq!(admin.send("GET", path, &[("If-None-Match", &current)], &Value::Null).status, 304);
    // A password that was set and one that nobody may see.
    assert_eq!(admin.call("PUT", &format!("{path}/password"), &json!({"password": "pw-2"})).status, 204);
    assert_eq!(admin.call("PATCH", path, &json!({"disabled": false})).status, 200);
    let mut ada = Browser::of(&server, "ada lovelace/X", "pw-2");
    assert_eq!(ada.get("session").json()["user"], "Ada Lovelace/x");
    // The other dialects have the same user.
    assert_eq!(server.nuxeo("GET", "/user/Ada%20Lovelace%2Fx", None).json()["properties"]["lastName"], "King");
    assert_eq!(admin.call("DELETE", path, &Value::Null).status, 204);
    assert_eq!(admin.get(path).parts(), (404, error("user does not exist: Ada Lovelace/x")));
}

#[test]
fn what_cannot_be_is_refused() {
    let server = Server::with(&["--protect", ""]);
    create_user(&server, json!({"username": "ada", "password": "pw-ada", "firstName": "Ada"}));
    let mut admin = administrator(&server);
    let last = "the last enabled administrator has to stay one";
    for (method, path, body, status, text) in [
        ("POST", "users", json!({"name": ""}), 400, "user name is blank"),
        ("POST", "users", json!({"name": "x", "nick": "y"}), 400, "there is no field nick here"),
        ("POST", "users", json!({"name": "x", "verified": true}), 400, "there is no field verified here"),
        ("POST", "users", json!({"name": "x", "groups": ["nowhere"]}), 404, "group does not exist: nowhere"),
        ("PATCH", "users/ada", json!({"name": "eve"}), 400, "there is no field name here"),
        ("PATCH", "users/ada", json!({"password": "x"}), 400, "there is no field password here"),
        ("PATCH", "users/nobody", json!({"title": "x"}), 404, "user does not exist: nobody"),
        ("PATCH", "users/Administrator", json!({"disabled": true}), 409, last),
        ("DELETE", "users/Administrator", Value::Null, 409, last),
        ("DELETE", "groups/administrators/users/Administrator", Value::Null, 409, last),
        ("DELETE", "groups/administrators", Value::Null, 409, last),
        ("DELETE", "users/nobody", Value::Null, 404, "user does not exist: nobody"),
        ("PUT", "users/ada/password", json!({"password": ""}), 400, "the password is empty"),
        ("PUT", "users/ada/password", json!({}), 400, "password is not a text"),
        ("PUT", "users/nobody/password", json!({"password": "x"}), 404, "user does not exist: nobody"),
        ("POST", "groups", json!({"name": "members"}), 409, "group already exists: members"),
        ("PATCH", "groups/nowhere", json!({"label": "x"}), 404, "group does not exist: nowhere"),
        ("PATCH", "groups/members", json!({"members": []}), 400, "there is no field members here"),
        ("DELETE", "groups/nowhere", Value::Null, 404, "group does not exist: nowhere"),
        ("PUT", "groups/members/users/nobody", Value::Null, 404, "user does not exist: nobody"),
        ("PUT", "groups/nowhere/users/ada", Value::Null, 404, "group does not exist: nowhere"),
        ("PUT", "groups/members/groups/nowhere", Value::Null, 404, "group does not exist: nowhere"),
        ("GET", "users?colour=red", Value::Null, 400, "there is no field colour here"),
        ("GET", "users?limit=0", Value::Null, 400, "limit is not a number from 1 to 200"),
        ("GET", "users?limit=201", Value::Null, 400, "limit is not a number from 1 to 200"),
        ("GET", "users?state=asleep", Value::Null, 400, "state is neither disabled nor enabled"),
        ("GET", "users?verified=1", Value::Null, 400, "verified is neither yes nor no"),
        ("GET", "users?text=%zz", Value::Null, 400, "the query is not percent-encoded UTF-8"),
        ("GET", "users?group=nowhere", Value::Null, 404, "group does not exist: nowhere"),
        ("GET", "changes?before=x", Value::Null, 400, "before is not the number of a change"),
        ("GET", "nothing", Value::Null, 404, "there is nothing at this path"),
        ("GET", "users/", Value::Null, 404, "there is nothing at this path"),
        ("DELETE", "users/ada/", Value::Null, 404, "there is nothing at this path"),
        ("DELETE", "groups//members", Value::Null, 404, "there is nothing at this path"),
        ("GET", "users/ada/friends", Value::Null, 404, "there is nothing at this path"),
        ("PUT", "users/ada", json!({}), 405, "the path does not have this method"),
        ("POST", "changes", json!({}), 405, "the path does not have this method"),
    ] {
        assert_eq!(admin.call(method, path, &body).parts(), (status, error(text)), "{method} {path} {body}");
    }
    let answer = admin.call("PATCH", "users/ada", &json!({"title": 5}));
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("the body cannot be read: invalid type"), "{}", answer.text());
    assert_eq!(admin.call("PUT", "users/ada", &json!({})).header("Allow"), Some("GET, HEAD, PATCH, DELETE"));
    // Nothing of it has happened.
    assert_eq!(admin.get("changes?limit=1").json()["changes"][0]["name"], "ada");
}

#[test]
fn nobody_does_more_than_they_may() {
    let server = with_ada();
    create_user(&server, json!({"username": "grace", "password": "pw-grace", "groups": ["powerusers"]}));
    let mut ada = Browser::of(&server, "ada", "pw-ada");
    let mut grace = Browser::of(&server, "grace", "pw-grace");
    let changes = [
        ("POST", "users", json!({"name": "eve"})),
        ("PATCH", "users/grace", json!({"title": "x"})),
        ("PATCH", "users/ada", json!({"role": "admin"})),
        ("PUT", "users/ada/password", json!({"password": "x"})),
        ("DELETE", "users/grace", Value::Null),
        ("POST", "groups", json!({"name": "engines"})),
        ("PATCH", "groups/members", json!({"label": "x"})),
        ("DELETE", "groups/members", Value::Null),
        ("PUT", "groups/members/users/ada", Value::Null),
        ("DELETE", "groups/powerusers/users/grace", Value::Null),
        ("PUT", "groups/members/groups/powerusers", Value::Null),
        ("GET", "changes", Value::Null),
        ("GET", "figures", Value::Null),
    ];
    for (method, path, body) in &changes {
        assert_eq!(ada.call(method, path, body).parts(), (403, error("not allowed")), "{method} {path}");
    }
    assert_eq!(ada.get("users/grace").status, 200);
    for (method, path, body) in [
        ("PATCH", "users/ada", json!({"role": "admin"})),
        ("PATCH", "users/Administrator", json!({"title": "x"})),
        ("PUT", "users/Administrator/password", json!({"password": "x"})),
        ("PUT", "groups/administrators/users/grace", Value::Null),
        ("PUT", "groups/administrators/groups/powerusers", Value::Null),
        ("POST", "groups", json!({"name": "engines", "groups": ["administrators"]})),
        ("GET", "changes", Value::Null),
        ("GET", "figures", Value::Null),
    ] {
        assert_eq!(grace.call(method, path, &body).parts(), (403, error("not allowed")), "{method} {path}");
    }
    assert_eq!(grace.call("PATCH", "users/ada", &json!({"title": "Countess"})).status, 200);
    assert_eq!(grace.call("PUT", "users/ada/password", &json!({"password": "x"})).status, 204);
    assert_eq!(ada.get("session").status, 401);
}

#[test]
fn groups_are_made_shown_changed_and_removed() {
    let server = with_ada();
    let mut admin = administrator(&server);
    let new = json!({"name": "engines/two", "label": "Engines", "groups": ["members"], "properties": {"room": 5}});
    let answer = admin.call("POST", "groups", &new);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let path = "groups/engines%2Ftwo";
    assert_eq!(admin.call("PUT", &format!("{path}/users/ada"), &Value::Null).status, 204);
    assert_eq!(admin.call("PUT", &format!("{path}/groups/powerusers"), &Value::Null).status, 204);
    let answer = admin.get(path);
    let tag = answer.header("ETag").expect("a tag").to_owned();
    let mut shown = answer.json();
    for name in ["uuid", "created", "updated"] {
        assert!(
            shown.as_object_mut().expect("an object").remove(name).is_some_and(|value| value.is_string()),
            "{name}"
        );
    }
    let wanted = json!({"name": "engines/two", "label": "Engines", "groups": ["members"], "properties": {"room": 5},
        "users": 1, "subgroups": 1, "subgroup_names": ["powerusers"]});
    assert_eq!(shown, wanted);
    assert_eq!(admin.get("users?group=engines%2Ftwo").json()["users"][0]["name"], "ada");
    assert_eq!(admin.get("users/ada").json()["inherited_groups"], json!(["members"]));
    // A group is in itself neither directly nor by another one.
    for (parent, child) in [("engines%2Ftwo", "members"), ("members", "members")] {
        let answer = admin.call("PUT", &format!("groups/{parent}/groups/{child}"), &Value::Null);
        assert_eq!(answer.status, 400, "{}", answer.text());
    }
    let answer = admin.send("PATCH", path, &[SIGN, ("If-Match", &tag)], &json!({"label": "", "description": "d"}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!((&answer.json()["label"], &answer.json()["description"]), (&Value::Null, &json!("d")));
    assert_eq!(answer.json()["groups"], json!(["members"]));
    assert_eq!(admin.send("PATCH", path, &[SIGN, ("If-Match", &tag)], &json!({"label": "x"})).status, 412);
    assert_eq!(admin.send("DELETE", path, &[SIGN, ("If-Match", &tag)], &Value::Null).status, 412);
    assert_eq!(admin.call("DELETE", &format!("{path}/users/ada"), &Value::Null).status, 204);
    assert_eq!(admin.call("DELETE", &format!("{path}/groups/powerusers"), &Value::Null).status, 204);
    let group = admin.get(path).json();
    assert_eq!((&group["users"], &group["subgroups"]), (&json!(0), &json!(0)));
    assert_eq!(admin.call("DELETE", path, &Value::Null).status, 204);
    assert_eq!(admin.get(path).parts(), (404, error("group does not exist: engines/two")));
}

#[test]
fn lists_come_in_parts_and_by_what_is_looked_for() {
    let folder = Arc::new(Folder::new());
    let mut csv = "kind,name,first_name,email,disabled,groups\n".to_owned();
    for number in 0..120 {
        csv += &format!("user,u{number:03},F{},m{number}@example.com,{},g1\n", number % 7, number % 10 == 0);
    }
    for number in 0..60 {
        csv += &format!("group,team{number:02},,,,\n");
    }
    let import = ["import", "-", "--format", "csv", "--create-groups"];
    let output = run_with_input(&folder, &import, &csv);
    assert!(output.status.success(), "{output:?}");
    let server = Server::over(folder, &[]);
    let mut admin = administrator(&server);
    let mut all = |list: &str, query: &str| {
        let (mut names, mut after) = (Vec::new(), String::new());
        loop {
            let answer = admin.get(&format!("{list}?{query}&after={after}"));
            assert_eq!(answer.status, 200, "{}", answer.text());
            let document = answer.json();
            let part = document[list].as_array().expect("a list");
            names.extend(part.iter().map(|entry| entry["name"].as_str().expect("a name").to_owned()));
            match document["next"].as_str() {
                Some(next) => {
                    assert_eq!(names.last().map(String::as_str), Some(next));
                    after = next.to_owned();
                }
                None => return names,
            }
        }
    };
    let numbers = |of: &dyn Fn(&usize) -> bool| -> Vec<String> {
        (0..120).filter(of).map(|number| format!("u{number:03}")).collect()
    };
    let everybody: Vec<String> = ["Administrator".to_owned()].into_iter().chain(numbers(&|_| true)).collect();
    for (query, wanted) in [
        ("", everybody.clone()),
        ("limit=1&text=u11", numbers(&|n| n / 10 == 11)),
        ("limit=120&group=g1", numbers(&|_| true)),
        ("limit=7&text=F3", numbers(&|n| n % 7 == 3)),
        ("text=%4011%40", vec![]),
        ("text=M11%40EXAMPLE", vec!["u011".to_owned()]),
        ("state=disabled", numbers(&|n| n % 10 == 0)),
        ("state=enabled&group=g1&text=u00", numbers(&|n| n / 10 == 0 && n % 10 != 0)),
        ("administrators=yes", vec!["Administrator".to_owned()]),
        ("administrators=no&limit=200", everybody),
        ("verified=yes", vec!["Administrator".to_owned()]),
        ("verified=no&group=g1", numbers(&|_| true)),
    ] {
        assert_eq!(all("users", query), wanted, "{query}");
    }
    let teams: Vec<String> = (0..60).map(|number| format!("team{number:02}")).collect();
    assert_eq!(all("groups", "text=team"), teams);
    assert_eq!(all("groups", "text=TEAM5&limit=3"), teams[50..]);
    assert_eq!(all("groups", "limit=200").len(), 60 + 3 + 1);
}

#[test]
fn changes_are_shown_from_the_newest_on() {
    let server = with_ada();
    let mut admin = administrator(&server);
    assert_eq!(admin.call("PATCH", "users/ada", &json!({"title": "Countess"})).status, 200);
    let newest = admin.get("changes?limit=1").json();
    let change = &newest["changes"][0];
    for (field, value) in [
        ("caller", json!("Administrator")),
        ("caller_kind", json!("user")),
        ("dialect", json!("ui")),
        ("action", json!("user.updated")),
        ("name", json!("ada")),
        ("before", json!({"title": null})),
        ("after", json!({"title": "Countess"})),
    ] {
        assert_eq!(change[field], value, "{field}");
    }
    let (mut ids, mut before) = (Vec::new(), String::new());
    loop {
        let part = admin.get(&format!("changes?limit=2&before={before}")).json();
        ids.extend(part["changes"].as_array().expect("a list").iter().map(|c| c["id"].as_i64().expect("a number")));
        match part["next"].as_i64() {
            Some(next) => before = next.to_string(),
            None => break,
        }
    }
    assert!(ids.len() > 5 && ids.is_sorted_by(|a, b| a > b), "{ids:?}");
    assert_eq!(ids.first(), change["id"].as_i64().as_ref());
    assert_eq!(ids.last(), Some(&1));
}

#[test]
fn figures_are_those_of_the_metrics() {
    let server = Server::with(&["--metrics-public"]);
    let mut admin = administrator(&server);
    assert_eq!(admin.get("figures").json()["version"], env!("CARGO_PKG_VERSION"));
    // Times and what the process holds differ; what there is does not, unless something was written between two looks.
    wait_until("the same figures at both places", || {
        let document = admin.get("figures").json();
        let figures = document["figures"].as_array().expect("a list");
        let metrics = server.request("GET", "/metrics", &[], None);
        let is_same = |name: &str| {
            let mut lines = metrics.text().lines();
            let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).expect(name);
            let figure = figures.iter().find(|figure| figure["name"] == name).expect(name);
            assert_eq!(figure["labels"], json!({}));
            figure["value"].as_f64() == line.parse().ok()
        };
        ["rollbook_users", "rollbook_wal_size_bytes", "rollbook_writer_commits_total"].into_iter().all(is_same)
    });
    let wanted = json!({"dialect": "ui", "route": "/api/session", "method": "POST", "status": "200"});
    let signed_in = |document: Value| {
        let mut figures = document["figures"].as_array().expect("a list").iter();
        figures.any(|figure| figure["name"] == "rollbook_http_requests_total" && figure["labels"] == wanted)
    };
    // A request is counted after its answer.
    wait_until("the sign-in", || signed_in(admin.get("figures").json()));
}

#[test]
fn every_answer_tells_the_browser_what_it_may_do() {
    let server = Server::start();
    let mut admin = administrator(&server);
    let answers = [
        server.request("GET", "/ui/", &[], None),
        server.request("GET", "/ui/app.js", &[], None),
        server.request("GET", "/ui/nothing", &[], None),
        admin.get("users"),
        admin.get("users/nobody"),
    ];
    for answer in answers {
        let policy = answer.header("Content-Security-Policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; "), "{policy}");
        for part in ["frame-ancestors 'none'", "form-action 'none'", "base-uri 'none'", "trusted-types 'none'"] {
            assert!(policy.contains(part), "{part}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"));
        assert_eq!(answer.header("Referrer-Policy"), Some("no-referrer"));
    }
}

#[test]
fn the_files_of_the_page_are_kept_by_browsers_and_asked_for_again() {
    let server = Server::start();
    let page = server.request("GET", "/ui/", &[], None);
    assert_eq!((page.status, page.header("Content-Type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(page.header("Cache-Control"), Some("no-cache"));
    let tag = page.header("ETag").expect("a tag");
    let again = server.request("GET", "/ui/", &[("If-None-Match", tag)], None);
    assert_eq!((again.status, again.body.len()), (304, 0));
    // What the page names is there, relative to it.
    let names: Vec<&str> = ["href=\"", "src=\""]
        .into_iter()
        .flat_map(|before| page.text().split(before).skip(1))
        .filter_map(|rest| rest.split('"').next())
        .filter(|name| !name.starts_with('#'))
        .collect();
    assert!(names.len() >= 2, "{names:?}");
    for name in names {
        let file = server.request("GET", &format!("/ui/{name}"), &[], None);
        assert_eq!(file.status, 200, "{name}");
        assert!(!file.body.is_empty(), "{name}");
    }
    let bare = server.request("GET", "/ui", &[], None);
    assert_eq!((bare.status, bare.header("Location")), (308, Some("ui/")));
    assert_eq!(server.request("POST", "/ui/", &[], None).status, 405);
    assert_eq!(server.request("GET", "/ui/../schema.sql", &[], None).status, 404);

    let elsewhere = Server::with(&["--ui-prefix", "/people/page"]);
    assert_eq!(elsewhere.request("GET", "/people/page/", &[], None).status, 200);
    assert_eq!(elsewhere.request("GET", "/people/page", &[], None).header("Location"), Some("page/"));
    assert_eq!(elsewhere.request("GET", "/ui/", &[], None).status, 404);
    let without = Server::with(&["--dialects", "datadog,nuxeo"]);
    assert_eq!(without.request("GET", "/ui/", &[], None).status, 404);
}

#[test]
fn a_browser_is_led_to_the_page_and_nothing_else_is() {
    const PAGE: [&str; 4] = [
        "text/html",
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
        "application/json, TEXT/HTML ; q=0.1",
        "*/*, text/html;level=1;q=1.0",
    ];
    const OTHERS: [Option<&str>; 7] = [
        None,
        Some(""),
        Some("*/*"),
        Some("text/*"),
        Some("application/json"),
        Some("text/html;q=0, */*"),
        Some("text/html;q=0.000"),
    ];
    for (flags, places, page) in [
        (&[][..], &["/", "//", "/nuxeo", "/nuxeo/", "//nuxeo//", "/nuxeo?a=b"][..], "/ui/"),
        (&["--ui-prefix", "/people/page", "--nuxeo-prefix", "/n/x"], &["/", "/n/x", "/n/x/"], "/people/page/"),
        // The page itself is at the root: only the other place leads there.
        (&["--ui-prefix", "/", "--datadog-prefix", "/dog"], &["/nuxeo", "/nuxeo/"], "/"),
        (&["--nuxeo-prefix", "/", "--datadog-prefix", "/dog"], &["/"], "/ui/"),
        (&["--dialects", "ui"], &["/"], "/ui/"),
    ] {
        let server = Server::with(flags);
        let ask = |method: &str, path: &str, accept: Option<&str>| {
            let headers: Vec<_> = accept.iter().map(|accept| ("Accept", *accept)).collect();
            server.request(method, path, &headers, None)
        };
        for path in places {
            for accept in PAGE {
                for method in ["GET", "HEAD"] {
                    let answer = ask(method, path, Some(accept));
                    assert_eq!(
                        (answer.status, answer.header("Location")),
                        (303, Some(page)),
                        "{flags:?} {path} {accept}"
                    );
                }
                let answer = ask("POST", path, Some(accept));
                assert_eq!((answer.status, answer.header("Location")), (404, None), "{flags:?} POST {path} {accept}");
            }
            for accept in OTHERS {
                let answer = ask("GET", path, accept);
                assert_eq!((answer.status, answer.header("Location")), (404, None), "{flags:?} {path} {accept:?}");
                assert!(answer.header("Content-Type").expect("a type").starts_with("application/json"));
            }
        }
        let shown = ask("GET", page, Some(PAGE[0]));
        assert_eq!((shown.status, shown.header("Content-Type")), (200, Some("text/html; charset=utf-8")), "{flags:?}");
    }
    // Nothing else leads anywhere.
    let server = Server::start();
    let browser = [("Accept", PAGE[1])];
    for (path, status) in [
        ("/nothing", 404),
        ("/nuxeo/nothing", 404),
        ("/nuxeo/api/v1/me", 401),
        ("/rollbook", 401),
        ("/api/v1/user", 403),
        ("/nuxeo%2F", 404),
    ] {
        let answer = server.request("GET", path, &browser, None);
        assert_eq!((answer.status, answer.header("Location")), (status, None), "{path}");
    }
    let without = Server::with(&["--dialects", "datadog,nuxeo"]);
    for path in ["/", "/nuxeo", "/nuxeo/"] {
        let answer = without.request("GET", path, &browser, None);
        assert_eq!((answer.status, answer.header("Location")), (404, None), "{path}");
    }
}
