//! Requests of other origins with a session cookie.

use super::{ME, ROOT, opens, token_of};
use crate::support::client::basic;
use crate::support::nuxeo::{LOGIN, cookie_of, create_group, refusal, user_body};
use crate::support::server::Server;
use serde_json::json;

/// Headers of a request, and whether it comes from a page of another origin.
type Origins<'a> = &'a [(&'a [(&'a str, &'a str)], bool)];

#[test]
fn a_page_of_another_origin_changes_nothing_with_a_cookie() {
    let origins: Origins = &[
        (&[], false),
        (&[("Origin", "http://test")], false),
        (&[("Origin", "http://TEST:80")], false),
        // A proxy that is not trusted has taken the encryption off.
        (&[("Origin", "https://test")], false),
        (&[("Origin", "https://users.example.com"), ("Sec-Fetch-Site", "same-origin")], false),
        (&[("Origin", "http://elsewhere.example")], true),
        (&[("Origin", "https://elsewhere.example"), ("Sec-Fetch-Site", "cross-site")], true),
        (&[("Origin", "http://other.test"), ("Sec-Fetch-Site", "same-site")], true),
        (&[("Origin", "http://test:8080")], true),
        (&[("Origin", "http://test:443")], true),
        (&[("Origin", "http://test.elsewhere.example")], true),
        (&[("Origin", "http://test@elsewhere.example")], true),
        (&[("Origin", "http://test/")], true),
        (&[("Origin", "ftp://test")], true),
        (&[("Origin", "test")], true),
        (&[("Origin", "null")], true),
        (&[("Origin", "")], true),
        (&[("Origin", "http://test"), ("Origin", "http://elsewhere.example")], true),
    ];
    let plain = Server::start();
    create_group(&plain, json!({"id": "team"}));
    let token = format!("X-Authentication-Token={}", token_of(&plain, ROOT, "laptop"));
    for (headers, foreign) in origins {
        check_origin(&plain, headers, *foreign, &cookie_of(&plain, ROOT));
        check_origin(&plain, headers, *foreign, &token);
    }
    // Encrypted and plain are two origins where that is known.
    let proxied = Server::with(&["--trusted-proxy", "127.0.0.1"]);
    create_group(&proxied, json!({"id": "team"}));
    for (origin, protocol, foreign) in
        [("http://test", "https", true), ("https://test:443", "https", false), ("http://test", "http", false)]
    {
        let headers = [("Origin", origin), ("X-Forwarded-Proto", protocol)];
        check_origin(&proxied, &headers, foreign, &cookie_of(&proxied, ROOT));
    }
}

/// Tries all requests that change something, with that cookie and these headers.
fn check_origin(server: &Server, headers: &[(&str, &str)], foreign: bool, cookie: &str) {
    let call = |method: &str, path: &str, more: &[(&str, &str)], body: &str| {
        let headers = [headers, more].concat();
        server.request(method, path, &headers, Some(body.as_bytes()))
    };
    let with_cookie = [("Cookie", cookie)];
    let user = user_body(json!({"username": "eve", "groups": ["administrators"]}));
    let label = json!({"entity-type": "group", "grouplabel": "stolen"}).to_string();
    let log = json!({"params": {"message": "x", "level": "info"}}).to_string();
    let change = json!({"oldPassword": "wrong", "newPassword": "x"}).to_string();
    for (method, path, body, status) in [
        ("POST", "/user", user.as_str(), 201),
        ("PUT", "/user/eve", &user_body(json!({"firstName": "Eve"})), 200),
        ("POST", "/user/eve/group/team", "", 201),
        ("DELETE", "/group/team/user/eve", "", 200),
        ("PUT", "/group/team", &label, 200),
        ("DELETE", "/user/eve", "", 204),
        ("PUT", "/me/changepassword", &change, 401),
        ("POST", "/automation/Log", &log, 204),
        ("POST", "/automation/login", "", 200),
        ("POST", "/nothing", "", 404),
    ] {
        let answer = call(method, &format!("/nuxeo/api/v1{path}"), &with_cookie, body);
        let text = format!("{headers:?} {method} {path}: {}", answer.text());
        if foreign {
            assert_eq!(
                answer.parts(),
                (403, refusal(403, "A page of another origin cannot change anything with a cookie")),
                "{text}"
            );
            assert_eq!(answer.header("Set-Cookie"), None, "{text}");
        } else {
            assert_eq!(answer.status, status, "{text}");
        }
    }
    // Reads are allowed: the foreign page cannot see the answer, because no header lets it.
    let answer = call("GET", ME, &with_cookie, "");
    assert_eq!(answer.status, 200, "{headers:?}");
    assert!(answer.headers.iter().all(|(name, _)| !name.starts_with("Access-Control")));
    // The server does not check the origin of requests with credentials that no browser sends by itself, or with an
    // unknown cookie.
    let authorization = basic(ROOT.0, ROOT.1);
    let answer = call("POST", LOGIN, &[("Authorization", &authorization)], "");
    assert_eq!(answer.status, 200, "{headers:?}");
    assert_eq!(call("POST", LOGIN, &[("Cookie", "JSESSIONID=x")], "").status, 401, "{headers:?}");
    if cookie.starts_with("JSESSIONID") {
        for method in ["GET", "POST"] {
            let answer = call(method, "/nuxeo/logout", &with_cookie, "");
            assert_eq!(answer.status, if foreign { 403 } else { 200 }, "{headers:?} {method}: {}", answer.text());
            assert_eq!(opens(server, cookie), foreign, "{headers:?} {method}");
        }
        assert_eq!(call("GET", "/nuxeo/logout", &[("Cookie", "JSESSIONID=x")], "").status, 200, "{headers:?}");
    }
}
