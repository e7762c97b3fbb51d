//! The interface behind the admin page: sessions, permissions, and answers. Another test runs the page in a browser.

use super::{error, with_ada};
use crate::support::nuxeo::create_user;
use crate::support::server::{ADMIN_PASSWORD, Server};
use crate::support::ui::{Browser, SIGN, administrator};
use crate::support::wait::wait_until;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

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
    // The cookie has no path: the browser uses the path of the session, also behind a proxy with another prefix.
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
    // The session itself has ended, not only the cookie, and no other session.
    browser.cookie = old;
    assert_eq!(browser.get("session").status, 401);
    assert_eq!(other.get("session").status, 200);
    // Signing out twice is no mistake.
    assert_eq!(browser.call("DELETE", "session", &Value::Null).status, 204);
    assert!(!server.stop_for_log().contains(secret.trim_start_matches("rollbook_session=")));
}

#[test]
fn cookie_set_over_tls_is_secure() {
    let server = Server::with(&["--trusted-proxy", "127.0.0.1"]);
    let body = json!({"user": "Administrator", "password": ADMIN_PASSWORD});
    for (protocol, secure) in [("https", true), ("http", false)] {
        let answer = Browser::new(&server).send("POST", "session", &[SIGN, ("X-Forwarded-Proto", protocol)], &body);
        assert_eq!(answer.header("Set-Cookie").expect("a cookie").ends_with("; Secure"), secure, "{protocol}");
    }
    let server = Server::start();
    let answer = Browser::new(&server).send("POST", "session", &[SIGN, ("X-Forwarded-Proto", "https")], &body);
    assert!(!answer.header("Set-Cookie").expect("a cookie").contains("Secure"), "the server trusts no proxy");
}

#[test]
fn wrong_password_is_refused() {
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
    // An invented secret is no session.
    for cookie in ["rollbook_session=", "rollbook_session=x", "x", "rollbook_session"] {
        browser.cookie = Some(cookie.to_owned());
        assert_eq!(browser.get("session").status, 401, "{cookie}");
    }
}

#[test]
fn session_cookie_is_found_among_others() {
    let server = with_ada();
    let mut browser = Browser::of(&server, "ada", "pw-ada");
    let cookie = browser.cookie.take().expect("a cookie");
    browser.cookie = Some(format!("a=b; rollbook_session=left-from-another-path; {cookie}; c=d"));
    assert_eq!(browser.get("session").status, 200);
}

#[test]
fn writes_need_the_csrf_header() {
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
    // Reads need the header too: scripts of other sites see nothing.
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
    // The server refuses a preflight request of another site.
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
fn session_ends_when_its_user_loses_the_right() {
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
    // A new user of the name is another user.
    create_user(&server, json!({"username": "ada", "password": "pw-ada"}));
    assert_eq!(fourth.get("users").status, 401);
}

fn user_body(name: &str, password: &str) -> String {
    json!({"entity-type": "user", "id": name, "properties": {"username": name, "password": password}}).to_string()
}

#[test]
fn session_has_the_current_rights() {
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
fn session_ends_when_idle_and_at_its_maximum_age() {
    let server = Server::with(&["--session-idle", "2s"]);
    let start = Instant::now();
    let mut idle = administrator(&server);
    // Automatic requests of the page do not count as activity of the user.
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
fn sessions_of_one_user_are_limited_and_end_no_other_session() {
    let server = with_ada();
    let mut admin = administrator(&server);
    let mut all: Vec<Browser> = (0..17).map(|_| Browser::of(&server, "ada", "pw-ada")).collect();
    let open: Vec<u16> = all.iter_mut().map(|browser| browser.get("session").status).collect();
    assert_eq!(open, [&[401][..], &[200; 16]].concat());
    assert_eq!(admin.get("session").status, 200);
    // A second sign-in in a browser ends the session before it.
    let before = all[16].cookie.clone();
    assert_eq!(all[16].sign_in("ada", "pw-ada").status, 200);
    let mut left = Browser { server: &server, cookie: before };
    assert_eq!(left.get("session").status, 401);
}

#[test]
fn own_password_is_changed_with_the_old_one() {
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
