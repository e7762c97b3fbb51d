//! The spellings of paths, unknown paths and wrong methods.

use super::users::handles;
use crate::support::datadog::{
    ADA, Headers, NEW, USERS, assert_answer, check, check_refused, create, errors, forbidden, list, saved, shown,
};
use crate::support::server::{API_KEY, APP_KEY, Server};
use serde_json::{Value, json};

// Ways to spell a path

#[test]
fn path_variants_reach_the_same_resource() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com"}));
    let all_users = list(&server);
    let ada = shown("ada@example.com", json!({}));
    let rows: &[(&str, &Value)] = &[
        ("/api/v1/user", &all_users),
        ("/api/v1/user/", &all_users),
        ("/api/v1/user?", &all_users),
        ("/api/v1/user/?", &all_users),
        ("/api/v1/user?x=1&y", &all_users),
        ("/api/v1/users", &all_users),
        ("/api/v1/users/", &all_users),
        ("/api/v1/users?", &all_users),
        ("//api/v1/user", &all_users),
        ("//api/v1/users", &all_users),
        ("///api//v1///user//", &all_users),
        ("/api/v1/user/ada@example.com", &ada),
        ("/api/v1/user/ada@example.com/", &ada),
        ("/api/v1/user/ada@example.com?", &ada),
        ("/api/v1/users/ada@example.com", &ada),
        ("/api/v1/users/ada%40example.com?x", &ada),
        ("//api/v1/user/ada@example.com", &ada),
        ("//api//v1//users//ada@example.com//", &ada),
        ("/api/v1/validate/", &json!({"valid": true})),
        ("/api/v1/validate?", &json!({"valid": true})),
        ("//api/v1/validate", &json!({"valid": true})),
    ];
    for (path, expected) in rows {
        check(&server, &[("GET", path, "", 200, (*expected).clone())]);
    }
}

#[test]
fn the_plural_paths_take_all_five_operations() {
    let server = Server::start();
    let users = "/api/v1/users";
    let ada = "/api/v1/users/ada@example.com";
    check(
        &server,
        &[
            (NEW, users, r#"{"handle":"ada@example.com"}"#, 200, saved("ada@example.com", json!({}))),
            (NEW, "//api/v1/user/", r#"{"handle":"bob@example.com"}"#, 200, saved("bob@example.com", json!({}))),
            ("GET", ada, "", 200, shown("ada@example.com", json!({}))),
            ("PUT", ada, r#"{"name":"Ada"}"#, 200, saved("ada@example.com", json!({"name": "Ada"}))),
            (
                "PUT",
                "//api/v1/users/ada@example.com/",
                r#"{"name":"A"}"#,
                200,
                saved("ada@example.com", json!({"name": "A"})),
            ),
            ("DELETE", ada, "", 200, json!({"message": "User ada@example.com disabled"})),
            ("DELETE", "//api/v1/user/bob@example.com/", "", 200, json!({"message": "User bob@example.com disabled"})),
            (NEW, "//invite_users", r#"{"emails":["carl@example.com"]}"#, 200, json!({"emails": ["carl@example.com"]})),
            (NEW, "/invite_users/?", r#"{"emails":["dan@example.com"]}"#, 200, json!({"emails": ["dan@example.com"]})),
        ],
    );
    assert_eq!(
        handles(&list(&server)),
        ["ada@example.com", "administrator", "bob@example.com", "carl@example.com", "dan@example.com"]
    );
}

#[test]
fn unknown_paths_and_methods_have_the_same_error_form() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com"}));
    let nothing = || errors("Not found");
    let method = || errors("Method not allowed");
    check_refused(
        &server,
        &[
            ("GET", "/api/v1/nothing", "", 404, nothing()),
            ("GET", "/api/v1", "", 404, nothing()),
            ("GET", "/api/v1/", "", 404, nothing()),
            ("GET", "/api/v3/users", "", 404, nothing()),
            ("GET", "/api", "", 404, nothing()),
            ("POST", "/api/v1/userss", "{}", 404, nothing()),
            ("GET", "/API/V1/USER", "", 404, nothing()),
            ("PUT", USERS, "{}", 405, method()),
            ("DELETE", USERS, "", 405, method()),
            ("PATCH", USERS, "{}", 405, method()),
            ("POST", ADA, "{}", 405, method()),
            ("PATCH", ADA, "{}", 405, method()),
            ("POST", "/api/v1/validate", "{}", 405, method()),
            ("GET", "/api/v1/invite_users", "", 405, method()),
            ("GET", "/invite_users", "", 405, method()),
            ("OPTIONS", USERS, "", 405, method()),
            ("TRACE", USERS, "", 405, method()),
            ("BREW", USERS, "", 405, method()),
        ],
    );
}

#[test]
fn later_api_versions_are_not_found_and_the_answer_names_the_served_one() {
    let served = |prefix: &str| {
        errors(&format!(
            "Not found: of this API only version 1 is served here: {prefix}/api/v1/user, {prefix}/api/v1/validate and \
             {prefix}/api/v1/invite_users"
        ))
    };
    for (flags, prefix) in [(&[][..], ""), (&["--datadog-prefix", "/dog"], "/dog")] {
        let server = Server::with(flags);
        let served = served(prefix);
        for path in [
            "/api/v2/users",
            "/api/v2/users/",
            "/api/v2/users/00000000-0000-0000-0000-000000000000",
            "/api/v2/users/ada%40example.com/orgs",
            "/api/v2/roles",
            "/api/v2/roles/1/users",
            "/api/v2/user_invitations",
            "/api/v2/user_invitations/1?page[size]=10",
        ] {
            let path = format!("{prefix}{path}");
            for method in ["GET", "POST", "PATCH", "DELETE"] {
                let keys = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)];
                for headers in [&keys[..], &[]] {
                    let answer = server.request(method, &path, headers, Some(b"{}"));
                    assert_answer(&format!("{method} {path}"), &answer, 404, &served);
                }
            }
        }
    }
}

#[test]
fn wrong_method_is_405_only_with_valid_keys() {
    let server = Server::start();
    let (no_key, no_application) = (errors("API key required"), errors("Application key required"));
    let rows: &[(Headers<'_>, u16, &Value)] = &[
        (&[], 403, &no_key),
        (&[("DD-API-KEY", API_KEY)], 403, &no_application),
        (&[("DD-API-KEY", "wrong"), ("DD-APPLICATION-KEY", APP_KEY)], 403, &forbidden()),
        (&[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", "wrong")], 403, &forbidden()),
        (&[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)], 405, &errors("Method not allowed")),
    ];
    for (method, path) in [("PATCH", USERS), ("PATCH", ADA), ("DELETE", "/api/v1/users"), ("GET", "/invite_users")] {
        for (headers, status, expected) in rows {
            let answer = server.request(method, path, headers, Some(b"{}"));
            assert_answer(&format!("{method} {path} {headers:?}"), &answer, *status, expected);
            assert_eq!(answer.header("Allow").is_some(), *status == 405, "{method} {path} {headers:?}");
        }
    }
}
