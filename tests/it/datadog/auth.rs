//! API keys and application keys: where they may stand, and what each role may do.

use crate::support::cli::{create_key, run};
use crate::support::datadog::{
    ADA, Headers, NEW, USERS, assert_answer, check, check_refused, create, errors, forbidden, list, nuxeo, saved,
};
use crate::support::folder::Folder;
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use serde_json::{Value, json};
use std::sync::Arc;

#[test]
fn validate_needs_the_api_key_alone() {
    let server = Server::start();
    let by_query = format!("/api/v1/validate?api_key={API_KEY}");
    let wrong_by_query = format!("/api/v1/validate?api_key={APP_KEY}");
    let valid = json!({"valid": true});
    let rows: &[(&str, Headers<'_>, u16, &Value)] = &[
        ("/api/v1/validate", &[("DD-API-KEY", API_KEY)], 200, &valid),
        ("/api/v1/validate", &[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)], 200, &valid),
        ("/api/v1/validate", &[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", "wrong")], 200, &valid),
        (&by_query, &[], 200, &valid),
        (&wrong_by_query, &[], 403, &forbidden()),
        ("/api/v1/validate", &[("DD-API-KEY", "wrong")], 403, &forbidden()),
        ("/api/v1/validate", &[("DD-API-KEY", APP_KEY)], 403, &forbidden()),
        ("/api/v1/validate", &[], 403, &errors("API key required")),
        ("/api/v1/validate", &[("DD-APPLICATION-KEY", APP_KEY)], 403, &errors("API key required")),
    ];
    for (path, headers, status, expected) in rows {
        let answer = server.request("GET", path, headers, None);
        assert_answer(&format!("GET {path} {headers:?}"), &answer, *status, expected);
    }
}

// Checks and their order

#[test]
fn checks_run_in_the_order_keys_handle_body_state() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com"}));
    create(&server, json!({"handle": "old@example.com", "disabled": true}));
    let missing = "/api/v1/user/nobody@example.com";
    let bad_email = r#"{"email":"bad"}"#;
    let rows: &[(&str, &str, &str)] = &[
        (NEW, USERS, "{}"),
        (NEW, USERS, "{"),
        (NEW, USERS, r#"{"handle":"ada@example.com"}"#),
        ("PUT", missing, bad_email),
        ("PUT", ADA, bad_email),
        ("PUT", ADA, "{"),
        ("GET", missing, ""),
        ("GET", ADA, ""),
        ("GET", USERS, ""),
        ("DELETE", missing, ""),
        ("DELETE", "/api/v1/user/old@example.com", ""),
        (NEW, "/api/v1/invite_users", "{}"),
    ];
    let before = list(&server);
    for (method, path, body) in rows {
        let body = (!body.is_empty()).then_some(*body);
        let answer = server.datadog_as("0000000000000000000000000000000000000000", method, path, body);
        assert_answer(&format!("{method} {path} with a wrong key"), &answer, 403, &forbidden());
    }
    assert_eq!(list(&server), before);
    let not_found = || errors("user not found");
    check_refused(
        &server,
        &[
            ("GET", missing, "", 404, not_found()),
            ("PUT", missing, bad_email, 404, not_found()),
            ("PUT", missing, "{", 404, not_found()),
            ("PUT", missing, "{}", 404, not_found()),
            ("PUT", missing, r#"{"disabled":false}"#, 404, not_found()),
            ("DELETE", missing, "", 404, not_found()),
            ("PUT", ADA, bad_email, 400, errors("Format of 'email' should be email")),
            // The body is judged before the state: this user exists.
            (NEW, USERS, r#"{"handle":"ada@example.com","name":7}"#, 400, errors("Format of 'name' should be string")),
            (NEW, USERS, r#"{"handle":"ada@example.com"}"#, 409, errors("User with this handle already exists")),
            ("DELETE", "/api/v1/user/old@example.com", "", 400, errors("User is already disabled")),
        ],
    );
}

#[test]
fn keys_come_by_header_or_by_query_and_the_header_wins() {
    let server = Server::start();
    let none = String::new();
    let both = format!("?api_key={API_KEY}&application_key={APP_KEY}");
    let reversed = format!("?application_key={APP_KEY}&api_key={API_KEY}&x=y&&");
    let wrong = "?api_key=wrong&application_key=wrong".to_owned();
    let application = format!("?application_key={APP_KEY}");
    let api = format!("?api_key={API_KEY}");
    let escaped = format!("?api_key=%30{}&application_key=%30{}", &API_KEY[1..], &APP_KEY[1..]);
    let swapped = format!("?api_key={APP_KEY}&application_key={API_KEY}");
    let empty = "?api_key=&application_key=".to_owned();
    let (upper_api, upper_app) = (API_KEY.to_uppercase(), APP_KEY.to_uppercase());
    let good: Headers<'_> = &[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY)];
    let no_api = errors("API key required");
    let no_application = errors("Application key required");
    let all_users = list(&server);
    let rows: &[(Headers<'_>, &String, u16, &Value)] = &[
        (good, &none, 200, &all_users),
        (&[("Dd-Api-Key", API_KEY), ("Dd-Application-Key", APP_KEY)], &none, 200, &all_users),
        (&[("dd-api-key", API_KEY), ("dd-application-key", APP_KEY)], &none, 200, &all_users),
        (&[], &both, 200, &all_users),
        (&[], &reversed, 200, &all_users),
        (&[], &escaped, 200, &all_users),
        (&[("DD-API-KEY", API_KEY)], &application, 200, &all_users),
        (&[("DD-APPLICATION-KEY", APP_KEY)], &api, 200, &all_users),
        (good, &wrong, 200, &all_users),
        (&[("DD-API-KEY", "wrong"), ("DD-APPLICATION-KEY", APP_KEY)], &both, 403, &forbidden()),
        (&[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", "wrong")], &both, 403, &forbidden()),
        (&[], &none, 403, &no_api),
        (&[], &application, 403, &no_api),
        (&[("DD-APPLICATION-KEY", APP_KEY)], &none, 403, &no_api),
        (&[("DD-API-KEY", ""), ("DD-APPLICATION-KEY", "")], &none, 403, &no_api),
        (&[], &empty, 403, &no_api),
        (&[("DD-API-KEY", API_KEY)], &none, 403, &no_application),
        (&[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", "")], &none, 403, &no_application),
        (&[], &api, 403, &no_application),
        (&[], &wrong, 403, &forbidden()),
        (&[], &swapped, 403, &forbidden()),
        (&[("DD-API-KEY", "wrong"), ("DD-APPLICATION-KEY", "wrong")], &none, 403, &forbidden()),
        (&[("DD-API-KEY", APP_KEY), ("DD-APPLICATION-KEY", API_KEY)], &none, 403, &forbidden()),
        (&[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", API_KEY)], &none, 403, &forbidden()),
        (&[("DD-API-KEY", APP_KEY), ("DD-APPLICATION-KEY", APP_KEY)], &none, 403, &forbidden()),
        // Keys are compared as they are: neither another case nor a part of one will do.
        (&[("DD-API-KEY", &upper_api), ("DD-APPLICATION-KEY", &upper_app)], &none, 403, &forbidden()),
        (&[("DD-API-KEY", &API_KEY[1..]), ("DD-APPLICATION-KEY", APP_KEY)], &none, 403, &forbidden()),
        (&[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", "'; drop table credentials; --")], &none, 403, &forbidden()),
        (&[("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", "sch\u{f6}n")], &none, 403, &forbidden()),
    ];
    for (headers, query, status, expected) in rows {
        let answer = server.request("GET", &format!("{USERS}{query}"), headers, None);
        assert_answer(&format!("{query} {headers:?}"), &answer, *status, expected);
    }
}

#[test]
fn authorization_header_is_ignored() {
    let server = Server::start();
    for value in ["Bearer", "Bearer ", "", "Basic !!!", "Basic QWRtaW5pc3RyYXRvcjp3cm9uZw=="] {
        let headers = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY), ("Authorization", value)];
        let answer = server.request("GET", USERS, &headers, None);
        assert_answer(value, &answer, 200, &list(&server));
    }
    let authorization = crate::support::client::basic("Administrator", ADMIN_PASSWORD);
    let answer = server.request("GET", USERS, &[("Authorization", &authorization)], None);
    assert_answer("a password instead of keys", &answer, 403, &errors("API key required"));
}

#[test]
fn revoked_key_is_refused() {
    let folder = Arc::new(Folder::new());
    let (api, app) = (create_key(&folder, "api", None), create_key(&folder, "app", Some("admin")));
    let listed = String::from_utf8(run(&folder, &["key", "list"]).stdout).expect("text");
    let ids: Vec<&str> = listed
        .lines()
        .filter(|line| line.split_whitespace().any(|word| word == "test"))
        .map(|line| line.split_whitespace().next().expect("an identifier"))
        .collect();
    assert_eq!(ids.len(), 2, "{listed}");
    let headers = [("DD-API-KEY", api.as_str()), ("DD-APPLICATION-KEY", app.as_str())];

    let server = Server::over(Arc::clone(&folder), &[]);
    assert_eq!(server.request("GET", USERS, &headers, None).status, 200);
    assert!(server.stop().success());
    for id in ids {
        let output = run(&folder, &["key", "revoke", id]);
        assert!(output.status.success(), "{output:?}");
    }

    let server = Server::over(folder, &[]);
    assert_answer("both revoked", &server.request("GET", USERS, &headers, None), 403, &forbidden());
    let answer = server.request("GET", "/api/v1/validate", &headers, None);
    assert_answer("a revoked API key", &answer, 403, &forbidden());
    let headers = [("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", app.as_str())];
    assert_answer("a revoked application key", &server.request("GET", USERS, &headers, None), 403, &forbidden());
}

#[test]
fn application_key_role_decides_the_allowed_operations() {
    let folder = Arc::new(Folder::new());
    let keys = ["admin", "standard", "read"].map(|role| create_key(&folder, "app", Some(role)));
    let server = Server::over(folder, &[]);
    create(&server, json!({"handle": "ada@example.com"}));
    create(&server, json!({"handle": "old@example.com", "disabled": true}));
    create(&server, json!({"handle": "boss@example.com", "access_role": "adm", "disabled": true}));
    // Method, path, body, then the status for admin, standard and read. `N` makes the handle new for each key.
    let rows: &[(&str, &str, &str, [u16; 3])] = &[
        ("GET", "/api/v1/validate", "", [200, 200, 200]),
        ("GET", USERS, "", [200, 200, 200]),
        ("GET", ADA, "", [200, 200, 200]),
        ("GET", "/api/v1/user/nobody@example.com", "", [404, 404, 404]),
        (NEW, USERS, r#"{"handle":"plainN@example.com"}"#, [200, 200, 403]),
        (NEW, USERS, r#"{"handle":"stN@example.com","access_role":"st"}"#, [200, 200, 403]),
        (NEW, USERS, r#"{"handle":"roN@example.com","access_role":"ro"}"#, [200, 200, 403]),
        (NEW, USERS, r#"{"handle":"admN@example.com","access_role":"adm"}"#, [200, 403, 403]),
        (NEW, USERS, r#"{"handle":"legacyN@example.com","is_admin":true}"#, [200, 403, 403]),
        (NEW, USERS, r#"{"handle":"ada@example.com"}"#, [409, 409, 403]),
        // A missing right is reported before a conflict.
        (NEW, USERS, r#"{"handle":"ada@example.com","access_role":"adm"}"#, [409, 403, 403]),
        (NEW, USERS, r#"{"handle":"ada@example.com","is_admin":true}"#, [409, 403, 403]),
        (NEW, USERS, r#"{"handle":"old@example.com","name":"Old"}"#, [200, 200, 403]),
        (NEW, USERS, r#"{"handle":"boss@example.com","name":"Boss"}"#, [200, 403, 403]),
        (NEW, USERS, r#"{"handle":"boss@example.com","access_role":"st"}"#, [200, 200, 403]),
        (NEW, USERS, "{}", [400, 400, 403]),
        (NEW, USERS, "{", [400, 400, 403]),
        (NEW, "/api/v1/invite_users", r#"{"emails":["guestN@example.com"]}"#, [200, 200, 403]),
        (NEW, "/invite_users", r#"{"emails":["visitorN@example.com"]}"#, [200, 200, 403]),
        ("PUT", ADA, r#"{"name":"Ada"}"#, [200, 403, 403]),
        ("PUT", ADA, "{}", [200, 403, 403]),
        ("PUT", ADA, r#"{"email":"ada@example.org"}"#, [200, 403, 403]),
        ("PUT", ADA, r#"{"access_role":"adm"}"#, [200, 403, 403]),
        ("PUT", ADA, r#"{"email":"bad"}"#, [400, 403, 403]),
        ("PUT", "/api/v1/user/nobody@example.com", "{}", [404, 403, 403]),
        ("DELETE", "/api/v1/user/old@example.com", "", [400, 403, 403]),
        ("DELETE", "/api/v1/user/nobody@example.com", "", [404, 403, 403]),
        ("DELETE", ADA, "", [200, 403, 403]),
    ];
    for (method, path, body, statuses) in rows {
        for (number, (key, status)) in keys.iter().zip(statuses).enumerate() {
            let body = body.replace('N', &number.to_string());
            let before = list(&server);
            let answer = server.datadog_as(key, method, path, (!body.is_empty()).then_some(&body));
            assert_eq!(answer.status, *status, "{method} {path} {body} with key {number}: {}", answer.text());
            if *status == 403 {
                assert_answer(&format!("{method} {path} {body}"), &answer, 403, &forbidden());
                assert_eq!(list(&server), before, "{method} {path} {body} changed something");
            }
        }
    }
}

#[test]
fn standard_key_cannot_create_administrators_indirectly() {
    let folder = Arc::new(Folder::new());
    let key = create_key(&folder, "app", Some("standard"));
    let server = Server::over(folder, &[]);
    // These names are pending members of the group until users of the names are created.
    nuxeo(
        &server,
        "PUT",
        "/group/administrators",
        json!({
            "entity-type": "group", "id": "administrators",
            "memberUsers": ["Administrator", "waiting@example.com", "guest@example.com"],
        }),
    );
    let before = list(&server);
    let rows = [
        (USERS, r#"{"handle":"waiting@example.com"}"#),
        ("/invite_users", r#"{"emails":["harmless@example.com","guest@example.com"]}"#),
    ];
    for (path, body) in rows {
        let answer = server.datadog_as(&key, NEW, path, Some(body));
        assert_answer(body, &answer, 403, &forbidden());
        assert_eq!(list(&server), before, "{body}");
    }
    let adm = saved("waiting@example.com", json!({"access_role": "adm"}));
    check(&server, &[(NEW, USERS, r#"{"handle":"waiting@example.com"}"#, 200, adm)]);
}
