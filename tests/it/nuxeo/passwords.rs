//! Passwords of users: set, changed, required, hashed, never shown.

use crate::support::nuxeo::{assert_refused, can_log_in, check, create_user, refusal, user, user_body};
use crate::support::server::Server;
use serde_json::{Value, json};

#[test]
fn a_user_without_a_password_is_created_and_cannot_log_in() {
    let server = Server::start();
    for (name, password) in [("absent", None), ("null", Some(Value::Null)), ("empty", Some(json!("")))] {
        let mut properties = json!({"username": name});
        if let Some(password) = password {
            properties["password"] = password;
        }
        check(&server, &[("POST", "/user", &user_body(properties), 201, user(name, json!({}), &[]))]);
        for attempt in ["", "null", name, " "] {
            assert!(!can_log_in(&server, name, attempt), "{name} with {attempt:?}");
        }
    }
}

#[test]
fn an_update_keeps_the_password_unless_it_brings_one() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada", "password": "first secret"}));
    for properties in [json!({"firstName": "Ada"}), json!({"password": null}), json!({"password": ""})] {
        assert_eq!(server.nuxeo("PUT", "/user/ada", Some(&user_body(properties.clone()))).status, 200);
        assert!(can_log_in(&server, "ada", "first secret"), "{properties}");
    }
    let answer = server.nuxeo("PUT", "/user/ada", Some(&user_body(json!({"password": "second secret"}))));
    assert_eq!(answer.parts(), (200, user("ada", json!({"firstName": "Ada"}), &[])));
    assert!(!can_log_in(&server, "ada", "first secret"));
    assert!(can_log_in(&server, "ada", "second secret"));
    assert!(!can_log_in(&server, "ada", "SECOND SECRET"));
}

#[test]
fn a_password_may_be_required() {
    let server = Server::with(&["--require-password"]);
    let missing = || refusal(400, "User MUST have a password");
    check(
        &server,
        &[
            ("POST", "/user", &user_body(json!({"username": "ada"})), 400, missing()),
            ("POST", "/user", &user_body(json!({"username": "ada", "password": null})), 400, missing()),
            ("POST", "/user", &user_body(json!({"username": "ada", "password": ""})), 400, missing()),
            // A missing name is reported before a missing password, and a missing password before unknown groups.
            ("POST", "/user", &user_body(json!({"username": ""})), 400, refusal(400, "User MUST have a name")),
            ("POST", "/user", &user_body(json!({"username": "ada", "groups": ["nowhere"]})), 400, missing()),
            ("GET", "/user/ada", "", 404, refusal(404, "user does not exist")),
            (
                "POST",
                "/user",
                &user_body(json!({"username": "ada", "password": "secret"})),
                201,
                user("ada", json!({}), &[]),
            ),
            ("PUT", "/user/ada", &user_body(json!({"password": ""})), 200, user("ada", json!({}), &[])),
        ],
    );
    assert!(can_log_in(&server, "ada", "secret"));
}

#[test]
fn a_new_password_must_match_the_pattern() {
    let server = Server::with(&["--password-pattern", "^[a-z ]{8,}$"]);
    let weak = || refusal(400, "The password doesn't meet requirements");
    let ada = || user("ada", json!({}), &[]);
    check(
        &server,
        &[
            ("POST", "/user", &user_body(json!({"username": "ada", "password": "short"})), 400, weak()),
            ("POST", "/user", &user_body(json!({"username": "ada", "password": "UPPER CASE"})), 400, weak()),
            ("GET", "/user/ada", "", 404, refusal(404, "user does not exist")),
            ("POST", "/user", &user_body(json!({"username": "ada", "password": "long enough"})), 201, ada()),
            ("POST", "/user", &user_body(json!({"username": "eve"})), 201, user("eve", json!({}), &[])),
            ("PUT", "/user/ada", &user_body(json!({"password": "short", "firstName": "Ada"})), 400, weak()),
            ("PUT", "/user/ada", &user_body(json!({"password": ""})), 200, ada()),
            ("GET", "/user/ada", "", 200, ada()),
        ],
    );
    assert!(can_log_in(&server, "ada", "long enough"));
    let change = |old: &str, new: &str| {
        let body = json!({"oldPassword": old, "newPassword": new}).to_string();
        server.nuxeo_as(("ada", "long enough"), "PUT", "/me/changepassword", Some(&body))
    };
    assert_eq!(change("long enough", "short").parts(), (400, weak()));
    assert!(can_log_in(&server, "ada", "long enough"));
    assert_eq!(change("long enough", "also long enough").parts(), (200, ada()));
    assert!(can_log_in(&server, "ada", "also long enough"));
}

#[test]
fn create_checks_the_password_before_the_groups_and_update_after_them() {
    let server = Server::with(&["--password-pattern", "^.{3,}$"]);
    let ada = create_user(&server, json!({"username": "ada", "password": "long enough"}));
    let weak = || refusal(400, "The password doesn't meet requirements");
    let unknown = || refusal(403, "group does not exist: nowhere");
    let body = |name: &str, password: &str, group: &str| {
        user_body(json!({"username": name, "password": password, "groups": [group]}))
    };
    check(
        &server,
        &[
            ("POST", "/user", &body("eve", "x", "nowhere"), 400, weak()),
            ("POST", "/user", &body("eve", "x", "members"), 400, weak()),
            ("POST", "/user", &body("eve", "xyz", "nowhere"), 403, unknown()),
            ("PUT", "/user/ada", &body("ada", "x", "nowhere"), 403, unknown()),
            ("PUT", "/user/ada", &body("ada", "x", "members"), 400, weak()),
            ("PUT", "/user/ada", &body("ada", "xyz", "nowhere"), 403, unknown()),
            ("GET", "/user/eve", "", 404, refusal(404, "user does not exist")),
            ("GET", "/user/ada", "", 200, ada),
        ],
    );
    assert!(can_log_in(&server, "ada", "long enough"));
}

#[test]
fn password_hash_is_stored_as_given() {
    let server = Server::start();
    for (name, hashed) in [
        ("sha1", "{SSHA}Qc9bcC1nlMNtkANgWUKBb0wB79NwaW5jaHNhbA=="),
        (
            "sha512",
            "{SSHA512}ZGAQkQdSCk4m/00vXB5rU9MePu5of+eUCBaW/ZYai97zztAIf22vnxj4UZ3L+QJuddSboiASakH27EmrfpMKxHBpbmNoc2Fs",
        ),
        ("md5", "{SMD5}IGKaoJlJOshWvnRvR2yQzXBpbmNoc2Fs"),
    ] {
        create_user(&server, json!({"username": name, "password": hashed}));
        assert!(!can_log_in(&server, name, hashed), "the hash is no password: {name}");
        assert!(!can_log_in(&server, name, "open sesame"), "{name}");
        // The second login compares the new hash.
        assert!(can_log_in(&server, name, "open sesame é"), "{name}");
        assert!(can_log_in(&server, name, "open sesame é"), "{name}");
        assert!(!can_log_in(&server, name, "open sesame"), "{name}");
    }
    create_user(&server, json!({"username": "later", "password": "something else"}));
    let put = user_body(json!({"password": "{SSHA}Qc9bcC1nlMNtkANgWUKBb0wB79NwaW5jaHNhbA=="}));
    assert_eq!(server.nuxeo("PUT", "/user/later", Some(&put)).status, 200);
    assert!(!can_log_in(&server, "later", "something else"));
    assert!(can_log_in(&server, "later", "open sesame é"));
}

#[test]
fn no_answer_shows_a_password() {
    let server = Server::start();
    let secret = "never to be seen again";
    let new = user_body(json!({"username": "ada", "password": secret, "groups": ["members"]}));
    let change = user_body(json!({"password": secret}));
    let own = json!({"oldPassword": secret, "newPassword": secret}).to_string();
    for (method, path, body) in [
        ("POST", "/user", new.as_str()),
        ("PUT", "/user/ada", &change),
        ("GET", "/user/ada", ""),
        ("GET", "/user/search?q=ada", ""),
        ("GET", "/group/members/@users", ""),
        ("POST", "/user/ada/group/members", ""),
        ("POST", "/group/members/user/ada", ""),
    ] {
        let answer = server.nuxeo(method, path, (!body.is_empty()).then_some(body));
        assert!(answer.status < 300, "{method} {path}");
        assert!(!answer.text().contains("password") && !answer.text().contains(secret), "{method} {path}");
    }
    for (method, path, body) in [("PUT", "/me/changepassword", Some(own.as_str())), ("GET", "/me", None)] {
        let answer = server.nuxeo_as(("ada", secret), method, path, body);
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.text().contains("assword") && !answer.text().contains(secret), "{method} {path}");
    }
    assert!(!server.stop_for_log().contains(secret));
}

#[test]
fn user_changes_its_own_password_with_the_old_one() {
    let server = Server::start();
    let ada = create_user(&server, json!({"username": "ada", "password": "first"}));
    let change = |password: &str, body: &str| {
        server.nuxeo_as(("ada", password), "PUT", "/me/changepassword", (!body.is_empty()).then_some(body))
    };
    let wrong = change("first", r#"{"oldPassword":"guess","newPassword":"second"}"#);
    assert_eq!((wrong.status, wrong.text()), (401, ""));
    assert!(can_log_in(&server, "ada", "first"));

    for body in [
        "",
        "{",
        "[]",
        "null",
        "{}",
        r#"{"oldPassword":"first"}"#,
        r#"{"newPassword":"second"}"#,
        r#"{"oldPassword":null,"newPassword":"second"}"#,
        r#"{"oldPassword":"first","newPassword":null}"#,
        r#"{"oldPassword":"first","newPassword":{}}"#,
        r#"{"oldPassword":"first","newPassword":""}"#,
    ] {
        assert_refused(&change("first", body), 400, body);
        assert!(can_log_in(&server, "ada", "first"), "{body}");
    }

    let changed = change("first", r#"{"oldPassword":"first","newPassword":"zweites Paßwort: 2"}"#);
    assert_eq!(changed.parts(), (200, ada.clone()));
    assert!(!can_log_in(&server, "ada", "first"), "the old password stops working at once");
    assert!(can_log_in(&server, "ada", "zweites Paßwort: 2"));
    let back = change("zweites Paßwort: 2", r#"{"oldPassword":"zweites Paßwort: 2","newPassword":"first"}"#);
    assert_eq!(back.parts(), (200, ada));
    assert!(can_log_in(&server, "ada", "first"));
}
