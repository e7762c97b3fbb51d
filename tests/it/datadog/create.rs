//! `POST /api/v1/user`.

use super::users::handles;
use crate::support::datadog::{ADA, NEW, USERS, check, check_refused, create, errors, list, nuxeo, saved, shown};
use crate::support::server::Server;
use serde_json::{Value, json};

// Creating

#[test]
fn create_user_stores_the_body_and_defaults_for_the_rest() {
    let server = Server::start();
    let rows: &[(&str, Value)] = &[
        (r#"{"handle":"a1@example.com"}"#, saved("a1@example.com", json!({}))),
        (
            r#"{"handle":"a2@x.io","name":null,"access_role":null,"email":null,"disabled":null,"is_admin":null}"#,
            saved("a2@x.io", json!({})),
        ),
        (
            r#"{"handle":"a3@example.com","name":"Ada \u00c5 😀","access_role":"st"}"#,
            saved("a3@example.com", json!({"name": "Ada Å 😀"})),
        ),
        (r#"{"handle":"a4@example.com","access_role":"ro"}"#, saved("a4@example.com", json!({"access_role": "ro"}))),
        (r#"{"handle":"a5@example.com","access_role":"adm"}"#, saved("a5@example.com", json!({"access_role": "adm"}))),
        (
            r#"{"handle":"a6@example.com","email":"Other@Example.ORG"}"#,
            saved("a6@example.com", json!({"email": "other@example.org"})),
        ),
        // E-mails need not be unique: the handle is the key.
        (
            r#"{"handle":"a7@example.com","email":"other@example.org"}"#,
            saved("a7@example.com", json!({"email": "other@example.org"})),
        ),
        (r#"{"handle":"a8@example.com","disabled":true}"#, saved("a8@example.com", json!({"disabled": true}))),
        (r#"{"handle":"a9@example.com","disabled":false}"#, saved("a9@example.com", json!({}))),
        (r#"{"handle":"b1@example.com","is_admin":true}"#, saved("b1@example.com", json!({"access_role": "adm"}))),
        (r#"{"handle":"b2@example.com","is_admin":false}"#, saved("b2@example.com", json!({}))),
        // The modern field wins over the old one.
        (
            r#"{"handle":"b3@example.com","is_admin":true,"access_role":"ro"}"#,
            saved("b3@example.com", json!({"access_role": "ro"})),
        ),
        (
            r#"{"handle":"b4@example.com","is_admin":false,"access_role":"adm"}"#,
            saved("b4@example.com", json!({"access_role": "adm"})),
        ),
        (
            r#"{"handle":"b5@x.io","id":7,"verified":true,"icon":"x","role":"Boss","title":[],"a":{"b":[null]}}"#,
            saved("b5@x.io", json!({})),
        ),
        (r#"{"handle":"B6@Example.COM"}"#, saved("b6@example.com", json!({}))),
        (r#"{"handle":"b7+tag.one_two-3@sub.example.co.uk"}"#, saved("b7+tag.one_two-3@sub.example.co.uk", json!({}))),
        (r#"{"handle":"o'brien%40x@example.com"}"#, saved("o'brien%40x@example.com", json!({}))),
        (r#"{"handle":"team/ann@example.com"}"#, saved("team/ann@example.com", json!({}))),
        ("\u{feff}{\"handle\":\"c2@example.com\"}", saved("c2@example.com", json!({}))),
        ("{\"handle\":\"b8@example.com\"}\n", saved("b8@example.com", json!({}))),
        (" \t\r\n { \"handle\" : \"b9@example.com\" } ", saved("b9@example.com", json!({}))),
    ];
    for (body, expected) in rows {
        check(&server, &[(NEW, USERS, body, 200, expected.clone())]);
        let handle = expected["user"]["handle"].as_str().expect("a handle");
        let listed = list(&server);
        let stored = listed["users"].as_array().expect("users").iter().find(|user| user["handle"] == handle);
        assert_eq!(stored, Some(&expected["user"]), "the answer is the stored user: {body}");
    }
}

#[test]
fn create_user_over_an_enabled_one_is_a_conflict() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com", "name": "Ada"}));
    nuxeo(
        &server,
        "POST",
        "/user",
        json!({"entity-type": "user", "properties": {"username": "Bob@example.com", "password": "secret word"}}),
    );
    assert_eq!(server.nuxeo_as(("Bob@example.com", "secret word"), "GET", "/me", None).status, 200);
    check(
        &server,
        &[("GET", "/api/v1/user/bob@example.com", "", 200, shown("bob@example.com", json!({"verified": true})))],
    );
    let conflict = || errors("User with this handle already exists");
    check_refused(
        &server,
        &[
            (NEW, USERS, r#"{"handle":"ada@example.com"}"#, 409, conflict()),
            (NEW, USERS, r#"{"handle":"ADA@EXAMPLE.COM"}"#, 409, conflict()),
            (
                NEW,
                USERS,
                r#"{"handle":"ada@example.com","name":"Other","access_role":"adm","disabled":true}"#,
                409,
                conflict(),
            ),
            (NEW, USERS, r#"{"handle":"bob@example.com"}"#, 409, conflict()),
            (NEW, "/api/v1/users", r#"{"handle":"ada@example.com"}"#, 409, conflict()),
        ],
    );
}

#[test]
fn create_user_over_a_disabled_one_updates_it_and_leaves_it_disabled() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com", "name": "Ada", "access_role": "adm"}));
    let was =
        |name: &str, role: &str| saved("ada@example.com", json!({"name": name, "access_role": role, "disabled": true}));
    check(
        &server,
        &[
            ("DELETE", ADA, "", 200, json!({"message": "User ada@example.com disabled"})),
            (NEW, USERS, r#"{"handle":"ada@example.com"}"#, 200, was("Ada", "adm")),
            (NEW, USERS, r#"{"handle":"ADA@example.com","name":"Ada King"}"#, 200, was("Ada King", "adm")),
            (NEW, USERS, r#"{"handle":"ada@example.com","disabled":false}"#, 200, was("Ada King", "adm")),
            (NEW, USERS, r#"{"handle":"ada@example.com","access_role":"ro"}"#, 200, was("Ada King", "ro")),
            (NEW, USERS, r#"{"handle":"ada@example.com","access_role":null,"name":null}"#, 200, was("Ada King", "ro")),
            (NEW, USERS, r#"{"handle":"ada@example.com","email":"other@example.com"}"#, 200, was("Ada King", "ro")),
            (
                NEW,
                USERS,
                r#"{"handle":"ada@example.com","access_role":"st","name":"Countess"}"#,
                200,
                was("Countess", "st"),
            ),
            (
                "GET",
                ADA,
                "",
                200,
                shown("ada@example.com", json!({"name": "Countess", "access_role": "st", "disabled": true})),
            ),
            ("PUT", ADA, r#"{"disabled":false}"#, 200, saved("ada@example.com", json!({"name": "Countess"}))),
            (NEW, USERS, r#"{"handle":"ada@example.com"}"#, 409, errors("User with this handle already exists")),
        ],
    );
    assert_eq!(handles(&list(&server)), ["ada@example.com", "administrator"]);
}

#[test]
fn create_user_that_breaks_a_rule_is_refused_with_the_rule() {
    let server = Server::start();
    create(&server, json!({"handle": "old@example.com", "name": "Old", "disabled": true}));
    let missing = || errors("Required parameter 'handle' is missing");
    let handle = || errors("Format of 'handle' should be email");
    let email = || errors("Format of 'email' should be email");
    let role = || errors("Format of 'access_role' should be one of st, adm, ro");
    let name = || errors("Format of 'name' should be string");
    let no_control = || errors("Format of 'name' should be string without control characters");
    let boolean = |field: &str| errors(&format!("Format of '{field}' should be boolean"));
    check_refused(
        &server,
        &[
            (NEW, USERS, "{}", 400, missing()),
            (NEW, USERS, r#"{"handle":null}"#, 400, missing()),
            (NEW, USERS, r#"{"id":"ada@example.com"}"#, 400, missing()),
            (NEW, USERS, r#"{"Handle":"ada@example.com"}"#, 400, missing()),
            (NEW, USERS, r#"{"name":"Ada","access_role":"st"}"#, 400, missing()),
            (NEW, USERS, r#"{"handle":""}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"ada"}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"@example.com"}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"ada@"}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"ada@@example.com"}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"ada lovelace@example.com"}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"ada@exam ple.com"}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"ada@example.com, bob@example.com"}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"ada\u0000@example.com"}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"ada\n@example.com"}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"ada\u007f@example.com"}"#, 400, handle()),
            // A shortened handle would be another handle than the requested one.
            (NEW, USERS, r#"{"handle":" ada@example.com"}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"ada@example.com "}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"ada@example.com\n"}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"\r\nada@example.com"}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"\tada@example.com"}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"ada@example.com\u00a0"}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":" old@example.com "}"#, 400, handle()),
            // These code points are no characters, and Unicode will never assign them.
            (NEW, USERS, r#"{"handle":"ada\ufffe@example.com"}"#, 400, errors("Format of 'handle' should be email")),
            (
                NEW,
                USERS,
                r#"{"handle":"ada\udbff\udfff@example.com"}"#,
                400,
                errors("Format of 'handle' should be email"),
            ),
            (NEW, USERS, r#"{"handle":"ada\ufdd0@example.com"}"#, 400, errors("Format of 'handle' should be email")),
            (
                NEW,
                "/invite_users",
                r#"{"emails":["ok@example.com","ada\ufffe@example.com"]}"#,
                400,
                errors("Format of 'emails' should be list of emails"),
            ),
            (NEW, USERS, r#"{"handle":7}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":true}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":["ada@example.com"]}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":{"email":"ada@example.com"}}"#, 400, handle()),
            (NEW, USERS, r#"{"handle":"ada@example.com","email":"bad"}"#, 400, email()),
            (NEW, USERS, r#"{"handle":"ada@example.com","email":7}"#, 400, email()),
            (NEW, USERS, r#"{"handle":"ada@example.com","email":["ada@example.com"]}"#, 400, email()),
            (NEW, USERS, r#"{"handle":"ada@example.com","email":" a@x.io"}"#, 400, email()),
            (NEW, USERS, r#"{"handle":"ada@example.com","email":"a@x.io\n"}"#, 400, email()),
            (NEW, USERS, r#"{"handle":"ada@example.com","access_role":"boss"}"#, 400, role()),
            (NEW, USERS, r#"{"handle":"ada@example.com","access_role":"ERROR"}"#, 400, role()),
            (NEW, USERS, r#"{"handle":"ada@example.com","access_role":"ADM"}"#, 400, role()),
            (NEW, USERS, r#"{"handle":"ada@example.com","access_role":""}"#, 400, role()),
            (NEW, USERS, r#"{"handle":"ada@example.com","access_role":1}"#, 400, role()),
            (NEW, USERS, r#"{"handle":"ada@example.com","access_role":["adm"]}"#, 400, role()),
            (NEW, USERS, r#"{"handle":"ada@example.com","name":7}"#, 400, name()),
            (NEW, USERS, r#"{"handle":"ada@example.com","name":false}"#, 400, name()),
            (NEW, USERS, r#"{"handle":"ada@example.com","name":["Ada"]}"#, 400, name()),
            (NEW, USERS, r#"{"handle":"ada@example.com","name":{}}"#, 400, name()),
            (NEW, USERS, r#"{"handle":"ada@example.com","email":" "}"#, 400, email()),
            (NEW, USERS, r#"{"handle":"ada@example.com","disabled":""}"#, 400, boolean("disabled")),
            (NEW, USERS, r#"{"handle":"ada@example.com","disabled":" true"}"#, 400, boolean("disabled")),
            (NEW, USERS, r#"{"handle":"ada@example.com","disabled":["true"]}"#, 400, boolean("disabled")),
            (NEW, USERS, r#"{"handle":"ada@example.com","disabled":1}"#, 400, boolean("disabled")),
            (NEW, USERS, r#"{"handle":"ada@example.com","is_admin":"yes"}"#, 400, boolean("is_admin")),
            (NEW, USERS, r#"{"handle":"ada@example.com","name":"A\u0000da"}"#, 400, no_control()),
            (NEW, USERS, r#"{"handle":"ada@example.com","name":"A\u0007da"}"#, 400, no_control()),
            (NEW, USERS, r#"{"handle":"old@example.com","access_role":"boss"}"#, 400, role()),
            (NEW, USERS, r#"{"handle":"old@example.com","name":7}"#, 400, name()),
        ],
    );
}

#[test]
fn create_user_accepts_long_names_up_to_the_limit() {
    let server = Server::start();
    let (fits, wide) = ("n".repeat(255), "ö".repeat(255));
    check(
        &server,
        &[
            (
                NEW,
                USERS,
                &json!({"handle": "ada@example.com", "name": fits}).to_string(),
                200,
                saved("ada@example.com", json!({"name": fits})),
            ),
            ("PUT", ADA, &json!({"name": wide}).to_string(), 200, saved("ada@example.com", json!({"name": wide}))),
        ],
    );
    let long_handle = format!("{}@example.com", "x".repeat(1000));
    let rows = [
        (
            NEW,
            USERS,
            json!({"handle": "bob@example.com", "name": "n".repeat(256)}),
            "Format of 'name' should be string of at most 255 characters",
        ),
        (
            "PUT",
            ADA,
            json!({"name": "n".repeat(100_000)}),
            "Format of 'name' should be string of at most 255 characters",
        ),
        (NEW, USERS, json!({"handle": long_handle}), "Format of 'handle' should be email"),
        (NEW, USERS, json!({"handle": "bob@example.com", "email": long_handle}), "Format of 'email' should be email"),
        ("PUT", ADA, json!({"email": long_handle}), "Format of 'email' should be email"),
    ];
    for (method, path, body, text) in rows {
        check_refused(&server, &[(method, path, &body.to_string(), 400, errors(text))]);
    }
    let path = format!("/api/v1/user/{long_handle}");
    check_refused(&server, &[("GET", &path, "", 404, errors("user not found"))]);
}
