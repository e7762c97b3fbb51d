//! The session cookie: the calls that set it, accept it and end it.

use super::{ADA, ME, ROOT, get, opens, token_of, with_ada};
use crate::support::cli::run_with_input;
use crate::support::client::basic;
use crate::support::nuxeo::{LOGIN, assert_refused, cookie_in, cookie_of, create_user, log_in, user_body};
use crate::support::server::{APP_KEY, Server};
use crate::support::ui::session_cookie;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

#[test]
fn a_login_sets_a_cookie_under_every_path() {
    let server = with_ada(&[]);
    let authorization = basic(ADA.0, ADA.1);
    let mut seen = BTreeSet::new();
    for path in [
        LOGIN,
        "/nuxeo/api/v1/automation/login",
        "/nuxeo/site/api/v1/automation/login",
        "/nuxeo/api/v1/repo/default/automation/login",
        "/nuxeo/site/api/v1/repo/default/automation/login",
        "/nuxeo//site//automation/login/",
    ] {
        let answer = server.request("POST", path, &[("Authorization", &authorization)], Some(b"{}"));
        let (cookie, attributes) = answer.header("Set-Cookie").expect("a cookie").split_once("; ").expect("attributes");
        assert_eq!(attributes, "Path=/nuxeo; HttpOnly; SameSite=Lax", "{path}");
        let value = cookie.strip_prefix("JSESSIONID=").expect("its name");
        assert!(value.len() == 128 && value.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)), "{value}");
        assert_eq!(get(&server, ME, cookie).json()["id"], json!("ada"), "{path}");
        assert!(seen.insert(cookie.to_owned()), "{path}: the second login sets the same cookie");
    }
    // Each is a session of its own.
    assert!(seen.iter().all(|cookie| opens(&server, cookie)));
    for headers in [vec![], vec![("Authorization", basic(ADA.0, "wrong"))]] {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = log_in(&server, &headers);
        assert_refused(&answer, 401, "a login without credentials");
        assert_eq!(answer.header("Set-Cookie"), None);
    }
    // No other call sets a cookie, and a client with a valid cookie keeps it.
    let answer = server.request("GET", ME, &[("Authorization", &authorization)], None);
    assert_eq!((answer.status, answer.header("Set-Cookie")), (200, None));
    let cookie = seen.first().expect("a cookie");
    let answer = log_in(&server, &[("Cookie", cookie)]);
    assert_eq!((answer.status, &answer.json()["username"]), (200, &json!("ada")));
    assert_eq!(answer.header("Set-Cookie"), None);
    let log = server.stop_for_log();
    for value in seen.iter().filter_map(|cookie| cookie.strip_prefix("JSESSIONID=")) {
        assert!(!log.contains(value), "a cookie is in the log: {log}");
    }
}

#[test]
fn the_path_of_the_cookie_is_the_prefix() {
    for (flags, prefix, path) in [
        (&["--nuxeo-prefix", "/a/b"][..], "/a/b", "/a/b"),
        (&["--nuxeo-prefix", "/", "--datadog-prefix", "/dog"], "", "/"),
    ] {
        let server = Server::with(flags);
        let authorization = basic(ROOT.0, ROOT.1);
        let login = format!("{prefix}/api/v1/automation/login");
        let answer = server.request("POST", &login, &[("Authorization", &authorization)], None);
        let (cookie, attributes) = answer.header("Set-Cookie").expect("a cookie").split_once("; ").expect("attributes");
        assert_eq!(attributes, format!("Path={path}; HttpOnly; SameSite=Lax"));
        assert_eq!(get(&server, &format!("{prefix}/api/v1/me"), cookie).status, 200);
        let out = get(&server, &format!("{prefix}/logout"), cookie);
        let removed = format!("JSESSIONID=; Path={path}; Max-Age=0; HttpOnly; SameSite=Lax");
        assert_eq!((out.status, out.header("Set-Cookie")), (200, Some(removed.as_str())));
        assert_eq!(get(&server, &format!("{prefix}/api/v1/me"), cookie).status, 401);
    }
}

#[test]
fn cookie_set_over_tls_is_secure() {
    let authorization = basic(ROOT.0, ROOT.1);
    for (flags, protocol, secure) in [
        (&["--trusted-proxy", "127.0.0.1"][..], "https", true),
        (&["--trusted-proxy", "127.0.0.1"], "http", false),
        (&[], "https", false),
    ] {
        let server = Server::with(flags);
        let headers = [("Authorization", authorization.as_str()), ("X-Forwarded-Proto", protocol)];
        let out = server.request("POST", "/nuxeo/logout", &headers, None);
        for answer in [log_in(&server, &headers), out] {
            let set = answer.header("Set-Cookie").expect("a cookie");
            assert_eq!(set.ends_with("; SameSite=Lax; Secure"), secure, "{flags:?} {protocol}: {set}");
            assert_eq!(set.contains("Secure"), secure, "{flags:?} {protocol}: {set}");
        }
    }
}

#[test]
fn cookie_has_the_current_rights_of_its_user() {
    let server = with_ada(&[]);
    let cookie = cookie_of(&server, ADA);
    let create = |name: &str| {
        let body = user_body(json!({"username": name}));
        server.request("POST", "/nuxeo/api/v1/user", &[("Cookie", &cookie)], Some(body.as_bytes())).status
    };
    for path in
        [ME, "/nuxeo/site/api/v1/me", "/nuxeo/json/cmis", "/nuxeo/api/v1/user/search?q=*", "/nuxeo/api/v1/token"]
    {
        assert_eq!(get(&server, path, &cookie).status, 200, "{path}");
    }
    assert_eq!(create("grace"), 403);
    assert_eq!(server.nuxeo("POST", "/user/ada/group/powerusers", None).status, 201);
    assert_eq!(create("grace"), 201);
    let remove = server.request("DELETE", "/nuxeo/api/v1/user/grace", &[("Cookie", &cookie)], None);
    assert_eq!(remove.status, 204);
    assert_eq!(server.nuxeo("DELETE", "/user/ada/group/powerusers", None).status, 200);
    assert_eq!(create("grace"), 403);
    // The log and the record of changes name the user.
    server.wait_for_log("DELETE /nuxeo/api/v1/user/grace 204 nuxeo ada");
    let value = cookie.split_once('=').expect("a value").1;
    let log = server.stop_for_log();
    assert!(!log.contains(value), "{log}");
}

#[test]
fn cookie_is_valid_in_its_own_dialect_alone() {
    let server = Server::start();
    let cookie = cookie_of(&server, ROOT);
    let value = cookie.split_once('=').expect("a value").1;
    let page = session_cookie(&server);
    let page_value = page.split_once('=').expect("a value").1;
    for (path, status) in
        [("/api/v1/user", 403), ("/rollbook/v1/changes", 401), ("/ui/api/session", 401), ("/ui/api/users", 401)]
    {
        for cookie in [&cookie, &format!("rollbook_session={value}")] {
            assert_eq!(get(&server, path, cookie).status, status, "{path} {cookie}");
        }
    }
    for cookie in [&page, &format!("JSESSIONID={page_value}")] {
        assert!(!opens(&server, cookie), "{cookie}");
    }
    for (name, value) in [
        ("X-Authentication-Token", value.to_owned()),
        ("Authorization", format!("Bearer {value}")),
        ("Authorization", basic("Administrator", value)),
    ] {
        assert_eq!(server.request("GET", ME, &[(name, &value)], None).status, 401, "{name}");
    }
    assert!(opens(&server, &cookie));
}

#[test]
fn a_logout_ends_the_session_and_no_other() {
    let server = with_ada(&[]);
    let removed = "JSESSIONID=; Path=/nuxeo; Max-Age=0; HttpOnly; SameSite=Lax";
    for method in ["GET", "POST"] {
        // Also one that was never used.
        for used in [true, false] {
            let (cookie, other) = (cookie_of(&server, ADA), cookie_of(&server, ADA));
            assert!(!used || opens(&server, &cookie));
            let out = server.request(method, "/nuxeo/logout", &[("Cookie", &cookie)], None);
            assert_eq!((out.status, out.header("Set-Cookie")), (200, Some(removed)), "{method}: {}", out.text());
            assert_eq!(out.header("Content-Type"), Some("text/plain; charset=utf-8"));
            assert!(!opens(&server, &cookie) && opens(&server, &other), "{method} {used}");
            // A second logout succeeds, and the session stays ended.
            assert_eq!(server.request(method, "/nuxeo/logout/", &[("Cookie", &cookie)], None).status, 200);
            assert!(!opens(&server, &cookie) && opens(&server, &other), "{method} {used}");
        }
        // A logout needs no credentials.
        let wrong = basic("nobody", "wrong");
        for headers in [&[][..], &[("Cookie", "JSESSIONID=x")], &[("Authorization", wrong.as_str())]] {
            let out = server.request(method, "/nuxeo/logout", headers, None);
            assert_eq!((out.status, out.header("Set-Cookie")), (200, Some(removed)), "{method} {headers:?}");
        }
    }
    let refused = server.request("DELETE", "/nuxeo/logout", &[], None);
    assert_refused(&refused, 405, "DELETE");
    assert_eq!(refused.header("Allow"), Some("GET, HEAD, POST"));
    assert_eq!(server.request("GET", "/nuxeo/logout/x", &[], None).status, 404);
}

#[test]
fn a_session_ends_with_the_password_and_with_the_user() {
    let server = with_ada(&[]);
    let body = |password: &str| user_body(json!({"username": "ada", "password": password}));
    let put = |password: &str| assert_eq!(server.nuxeo("PUT", "/user/ada", Some(&body(password))).status, 200);
    let disable = |disabled: bool| {
        let body = json!({ "disabled": disabled }).to_string();
        assert_eq!(server.datadog("PUT", "/api/v1/user/ada", Some(&body)).status, 200);
    };
    let passwd = |password: &str| {
        let output = run_with_input(&server.folder, &["passwd", "ada"], &format!("{password}\n"));
        assert!(output.status.success(), "{output:?}");
    };
    let own = |old: &str, new: &str| {
        let body = json!({"oldPassword": old, "newPassword": new}).to_string();
        assert_eq!(server.nuxeo_as(("ada", old), "PUT", "/me/changepassword", Some(&body)).status, 200);
    };
    let ends: [(&str, &dyn Fn()); 4] = [
        ("a password set by Nuxeo", &|| put("second")),
        ("a password set by a command", &|| passwd("third")),
        ("the own password", &|| own("third", "secret")),
        ("disabling", &|| disable(true)),
    ];
    for (number, (what, end)) in ends.iter().enumerate() {
        let password = ["secret", "second", "third", "secret"][number];
        let [used, unused, unseen] = [(); 3].map(|()| cookie_of(&server, ("ada", password)));
        assert!(opens(&server, &used) && opens(&server, &unseen), "{what}");
        end();
        assert!(!opens(&server, &used) && !opens(&server, &unused), "{what}");
        // Sending the document back does not bring it back.
        disable(false);
        assert!([&used, &unused, &unseen].into_iter().all(|cookie| !opens(&server, cookie)), "{what}");
    }
    put("secret");
    let cookie = cookie_of(&server, ADA);
    let change = json!({"oldPassword": "secret", "newPassword": "fourth"}).to_string();
    let changed =
        server.request("PUT", "/nuxeo/api/v1/me/changepassword", &[("Cookie", &cookie)], Some(change.as_bytes()));
    assert_eq!(changed.status, 200, "the old password is shown with the change: {}", changed.text());
    assert!(!opens(&server, &cookie));

    let cookie = cookie_of(&server, ("ada", "fourth"));
    assert_eq!(server.nuxeo("DELETE", "/user/ada", None).status, 204);
    assert!(!opens(&server, &cookie));
    create_user(&server, json!({"username": "ada", "password": "fourth"}));
    assert!(!opens(&server, &cookie), "a new user of the name is another one");
}

#[test]
fn a_session_that_began_with_a_token_ends_with_it() {
    let server = with_ada(&[]);
    let token = token_of(&server, ADA, "laptop");
    let (bearer, in_cookie) = (format!("Bearer {token}"), format!("X-Authentication-Token={token}"));
    let mut cookies = Vec::new();
    for header in
        [("X-Authentication-Token", token.as_str()), ("Authorization", bearer.as_str()), ("Cookie", in_cookie.as_str())]
    {
        cookies.push(cookie_in(&log_in(&server, &[header])));
    }
    cookies.push(cookie_in(&server.request("POST", &format!("{LOGIN}?token={token}"), &[], None)));
    let unused = cookie_in(&log_in(&server, &[("X-Authentication-Token", &token)]));
    assert!(cookies.iter().all(|cookie| opens(&server, cookie)));
    let other = cookie_of(&server, ADA);
    assert_eq!(server.nuxeo_as(ADA, "DELETE", &format!("/token/{token}"), None).status, 204);
    cookies.push(unused);
    assert!(cookies.iter().all(|cookie| !opens(&server, cookie)));
    assert!(opens(&server, &other), "this session does not depend on the token");
    // With another password, too.
    let token = token_of(&server, ADA, "phone");
    let cookie = cookie_in(&log_in(&server, &[("X-Authentication-Token", &token)]));
    assert!(opens(&server, &cookie));
    let body = user_body(json!({"username": "ada", "password": "another"}));
    assert_eq!(server.nuxeo("PUT", "/user/ada", Some(&body)).status, 200);
    assert!(!opens(&server, &cookie));
}

#[test]
fn other_credentials_win_over_the_cookie() {
    let server = with_ada(&[]);
    let token = token_of(&server, ROOT, "laptop");
    let cookie = cookie_of(&server, ADA);
    let (root, wrong) = (basic(ROOT.0, ROOT.1), basic(ROOT.0, "wrong"));
    let (bearer, bad_bearer) = (format!("Bearer {token}"), format!("Bearer {APP_KEY}"));
    let with_token = format!("{cookie}; X-Authentication-Token={token}");
    let with_wrong_token = format!("{cookie}; X-Authentication-Token={APP_KEY}");
    let query = format!("{ME}?token={token}");
    for (path, headers, id) in [
        (ME, &[("Authorization", root.as_str()), ("Cookie", &cookie)][..], Some(ROOT.0)),
        (ME, &[("Cookie", &cookie), ("X-Authentication-Token", &token)], Some(ROOT.0)),
        (ME, &[("Cookie", &cookie), ("Authorization", &bearer)], Some(ROOT.0)),
        (ME, &[("Cookie", &with_token)], Some(ROOT.0)),
        (&query, &[("Cookie", &cookie)], Some(ROOT.0)),
        // An invalid part is refused, whatever else the request has.
        (ME, &[("Authorization", &wrong), ("Cookie", &cookie)], None),
        (ME, &[("Authorization", "Basic !!!"), ("Cookie", &cookie)], None),
        (ME, &[("Cookie", &cookie), ("X-Authentication-Token", APP_KEY)], None),
        (ME, &[("Cookie", &cookie), ("Authorization", &bad_bearer)], None),
        (ME, &[("Cookie", &with_wrong_token)], None),
        ("/nuxeo/api/v1/me?token=x", &[("Cookie", &cookie)], None),
        // An empty or unknown value counts as absent.
        (ME, &[("Authorization", ""), ("Cookie", &cookie)], Some(ADA.0)),
        (ME, &[("Authorization", "Bearer"), ("Cookie", &cookie)], Some(ADA.0)),
        (ME, &[("Authorization", "Digest username=\"x\""), ("Cookie", &cookie)], Some(ADA.0)),
        (ME, &[("X-Authentication-Token", ""), ("Cookie", &cookie)], Some(ADA.0)),
        (ME, &[("DD-API-KEY", "x"), ("DD-APPLICATION-KEY", "x"), ("Cookie", &cookie)], Some(ADA.0)),
    ] {
        let answer = server.request("GET", path, headers, None);
        match id {
            Some(id) => assert_eq!((answer.status, &answer.json()["id"]), (200, &json!(id)), "{path} {headers:?}"),
            None => assert_refused(&answer, 401, &format!("{path} {headers:?}")),
        }
    }
}

#[test]
fn an_unknown_cookie_counts_as_none() {
    let server = with_ada(&[]);
    let cookie = cookie_of(&server, ADA);
    let value = cookie.split_once('=').expect("a value").1;
    let (other_end, capital) = (format!("{}A", &value[..127]), value.to_uppercase());
    let authorization = basic(ROOT.0, ROOT.1);
    for value in ["", "x", "A1B2C3D4E5F60718293A4B5C6D7E8F90.nuxeo", &value[1..], &other_end, &capital, "=", "%00", "é"]
    {
        let unknown = format!("JSESSIONID={value}");
        // One cookie in 64 ends with this letter anyway.
        assert!(unknown == cookie || !opens(&server, &unknown), "{unknown}");
        let answer = server.request("GET", ME, &[("Authorization", &authorization), ("Cookie", &unknown)], None);
        assert_eq!((answer.status, &answer.json()["id"]), (200, &json!(ROOT.0)), "{unknown}");
        // A wrong cookie does not hide the right one.
        let both = format!("a=b; {unknown}; {cookie}; c=d");
        assert!(opens(&server, &both), "{both}");
    }
    assert!(opens(&server, &format!("JSESSIONID=\"{value}\"")), "some clients quote");
    for unknown in [format!("jsessionid={value}"), format!("SESSIONID={value}"), value.to_owned()] {
        assert!(!opens(&server, &unknown), "{unknown}");
    }
    // A cookie of another process is invalid: each process makes its own key at the start.
    let folder = Arc::clone(&server.folder);
    assert!(server.stop().success());
    assert!(!opens(&Server::over(folder, &[]), &cookie));
}

#[test]
fn tokens_are_not_issued_and_not_revoked_with_the_cookie_alone() {
    let server = with_ada(&[]);
    let cookie = cookie_of(&server, ADA);
    let kept = token_of(&server, ADA, "kept");
    let listed = || get(&server, "/nuxeo/api/v1/token", &cookie).json()["entries"].clone();
    let before = listed();
    let id = before[0]["id"].as_str().expect("an id");
    let acquire = "/nuxeo/authentication/token?applicationName=test&permission=rw";
    for (method, path) in [
        ("GET", format!("{acquire}&deviceId=new")),
        ("GET", format!("{acquire}&deviceId=kept")),
        ("GET", format!("{acquire}&deviceId=kept&revoke=true")),
        ("POST", "/nuxeo/api/v1/token?application=test&deviceId=new".to_owned()),
        ("POST", "/nuxeo/site/api/v1/token?application=test&deviceId=kept".to_owned()),
        ("DELETE", format!("/nuxeo/api/v1/token/{id}")),
        ("DELETE", format!("/nuxeo/api/v1/repo/default/token/{kept}")),
    ] {
        let answer = server.request(method, &path, &[("Cookie", &cookie)], None);
        assert_refused(&answer, 401, &format!("{method} {path}"));
        assert_eq!(listed(), before, "{method} {path}");
    }
    // With a token in the same request, the cookie changes nothing.
    let headers = [("Cookie", cookie.as_str()), ("X-Authentication-Token", &kept)];
    assert_eq!(server.request("DELETE", &format!("/nuxeo/api/v1/token/{id}"), &headers, None).status, 204);
    assert_eq!(listed(), json!([]));
}
