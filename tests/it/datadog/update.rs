//! `PUT /api/v1/user/{handle}`.

use super::users::handles;
use crate::support::datadog::{ADA, NEW, USERS, check, check_refused, create, errors, list, saved};
use crate::support::server::Server;
use serde_json::{Value, json};

// Updating and disabling

#[test]
fn update_user_changes_only_the_named_fields() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com", "name": "Ada", "access_role": "ro"}));
    let is = |differing: Value| saved("ada@example.com", differing);
    check(
        &server,
        &[
            ("PUT", ADA, "{}", 200, is(json!({"name": "Ada", "access_role": "ro"}))),
            ("PUT", ADA, "", 200, is(json!({"name": "Ada", "access_role": "ro"}))),
            (
                "PUT",
                ADA,
                r#"{"name":null,"email":null,"disabled":null,"access_role":null,"is_admin":null,"handle":null}"#,
                200,
                is(json!({"name": "Ada", "access_role": "ro"})),
            ),
            ("PUT", ADA, r#"{"name":"Ada King"}"#, 200, is(json!({"name": "Ada King", "access_role": "ro"}))),
            ("PUT", ADA, r#"{"access_role":"st"}"#, 200, is(json!({"name": "Ada King"}))),
            ("PUT", ADA, r#"{"access_role":"adm"}"#, 200, is(json!({"name": "Ada King", "access_role": "adm"}))),
            ("PUT", ADA, r#"{"name":"Ada"}"#, 200, is(json!({"name": "Ada", "access_role": "adm"}))),
            ("PUT", ADA, r#"{"access_role":"ro"}"#, 200, is(json!({"name": "Ada", "access_role": "ro"}))),
            // An empty display name is none.
            ("PUT", ADA, r#"{"name":""}"#, 200, is(json!({"access_role": "ro"}))),
            ("PUT", ADA, r#"{"access_role":"st","name":"Ada"}"#, 200, is(json!({"name": "Ada"}))),
            // The icon follows the e-mail, the handle does not.
            (
                "PUT",
                ADA,
                r#"{"email":"Countess@Example.ORG"}"#,
                200,
                is(json!({"name": "Ada", "email": "countess@example.org"})),
            ),
            (
                "PUT",
                ADA,
                r#"{"email":"countess@example.org"}"#,
                200,
                is(json!({"name": "Ada", "email": "countess@example.org"})),
            ),
            ("PUT", ADA, r#"{"email":"ada@example.com"}"#, 200, is(json!({"name": "Ada"}))),
            // Sending the present value is always fine.
            ("PUT", ADA, r#"{"disabled":false}"#, 200, is(json!({"name": "Ada"}))),
            ("PUT", ADA, r#"{"disabled":true}"#, 200, is(json!({"name": "Ada", "disabled": true}))),
            ("PUT", ADA, r#"{"disabled":true}"#, 200, is(json!({"name": "Ada", "disabled": true}))),
            ("PUT", ADA, r#"{"name":"Ada L"}"#, 200, is(json!({"name": "Ada L", "disabled": true}))),
            ("PUT", ADA, r#"{"disabled":false,"name":"Ada"}"#, 200, is(json!({"name": "Ada"}))),
            // Read-only fields are ignored, whatever their value.
            (
                "PUT",
                ADA,
                r#"{"handle":"bob@example.com","verified":true,"icon":"x","title":"Boss","role":"Boss"}"#,
                200,
                is(json!({"name": "Ada"})),
            ),
            (
                "PUT",
                ADA,
                r#"{"handle":"not an address","roles":[{"id":1}],"a":{"b":[null]}}"#,
                200,
                is(json!({"name": "Ada"})),
            ),
        ],
    );
    assert_eq!(handles(&list(&server)), ["ada@example.com", "administrator"]);
}

#[test]
fn update_user_with_its_own_document_changes_nothing() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com", "name": "Ada", "access_role": "adm"}));
    let before = list(&server);
    let came = server.datadog("GET", ADA, None).json();
    check(&server, &[("PUT", ADA, &came["user"].to_string(), 200, json!({"user": before["users"][0]}))]);
    assert_eq!(list(&server), before);
}

#[test]
fn update_user_honours_the_legacy_admin_flag_without_an_access_role() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com", "access_role": "ro"}));
    let is = |role: &str| saved("ada@example.com", json!({"access_role": role}));
    check(
        &server,
        &[
            ("PUT", ADA, r#"{"is_admin":false}"#, 200, is("ro")),
            ("PUT", ADA, r#"{"is_admin":true}"#, 200, is("adm")),
            ("PUT", ADA, r#"{"is_admin":true}"#, 200, is("adm")),
            ("PUT", ADA, r#"{"is_admin":false}"#, 200, is("st")),
            ("PUT", ADA, r#"{"is_admin":true,"access_role":"ro"}"#, 200, is("ro")),
            ("PUT", ADA, r#"{"is_admin":false,"access_role":"adm"}"#, 200, is("adm")),
            ("PUT", ADA, r#"{"is_admin":true,"access_role":null}"#, 200, is("adm")),
            ("PUT", ADA, r#"{"is_admin":false,"access_role":null}"#, 200, is("st")),
            ("PUT", ADA, r#"{"is_admin":true}"#, 200, is("adm")),
            ("PUT", ADA, r#"{"access_role":"adm","is_admin":false}"#, 200, is("adm")),
        ],
    );
}

#[test]
fn update_user_treats_an_empty_email_as_absent() {
    let server = Server::start();
    let other = || saved("ada@example.com", json!({"email": "other@example.com"}));
    check(
        &server,
        &[
            (NEW, USERS, r#"{"handle":"ada@example.com","email":""}"#, 200, saved("ada@example.com", json!({}))),
            ("PUT", ADA, r#"{"email":""}"#, 200, saved("ada@example.com", json!({}))),
            ("PUT", ADA, r#"{"email":"other@example.com"}"#, 200, other()),
            ("PUT", ADA, r#"{"email":""}"#, 200, other()),
            ("PUT", ADA, r#"{"email":null}"#, 200, other()),
        ],
    );
}

#[test]
fn update_user_accepts_words_as_booleans() {
    let server = Server::start();
    let disabled = |is: bool| saved("ada@example.com", json!({"disabled": is}));
    let admin =
        |is: bool| saved("ada@example.com", json!({"is_admin": is, "access_role": if is { "adm" } else { "st" }}));
    check(
        &server,
        &[
            (NEW, USERS, r#"{"handle":"ada@example.com","disabled":"true"}"#, 200, disabled(true)),
            // As Python and PowerShell write them.
            ("PUT", ADA, r#"{"disabled":"False"}"#, 200, disabled(false)),
            ("PUT", ADA, r#"{"disabled":"True"}"#, 200, disabled(true)),
            ("PUT", ADA, r#"{"disabled":"false"}"#, 200, disabled(false)),
            ("PUT", ADA, r#"{"is_admin":"TRUE"}"#, 200, admin(true)),
            ("PUT", ADA, r#"{"is_admin":"FALSE"}"#, 200, admin(false)),
        ],
    );
}

#[test]
fn update_user_that_breaks_a_rule_changes_nothing() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com", "name": "Ada", "access_role": "ro"}));
    let email = || errors("Format of 'email' should be email");
    let role = || errors("Format of 'access_role' should be one of st, adm, ro");
    let name = || errors("Format of 'name' should be string");
    let no_control = || errors("Format of 'name' should be string without control characters");
    check_refused(
        &server,
        &[
            ("PUT", ADA, r#"{"email":"bad"}"#, 400, email()),
            ("PUT", ADA, r#"{"email":" "}"#, 400, email()),
            ("PUT", ADA, r#"{"email":"a@"}"#, 400, email()),
            ("PUT", ADA, r#"{"email":" a@x.io "}"#, 400, email()),
            ("PUT", ADA, r#"{"email":"a@x.io\n"}"#, 400, email()),
            ("PUT", ADA, r#"{"email":"a@x.io\r\nb@x.io"}"#, 400, email()),
            ("PUT", ADA, r#"{"email":7}"#, 400, email()),
            // The valid half of an invalid body is not stored either.
            ("PUT", ADA, r#"{"name":"Other","disabled":true,"email":"bad"}"#, 400, email()),
            ("PUT", ADA, r#"{"access_role":"boss"}"#, 400, role()),
            ("PUT", ADA, r#"{"access_role":"ERROR"}"#, 400, role()),
            ("PUT", ADA, r#"{"access_role":{}}"#, 400, role()),
            ("PUT", ADA, r#"{"is_admin":true,"access_role":"boss"}"#, 400, role()),
            ("PUT", ADA, r#"{"name":["Ada"]}"#, 400, name()),
            ("PUT", ADA, r#"{"name":7}"#, 400, name()),
            ("PUT", ADA, r#"{"name":"\u0000"}"#, 400, no_control()),
            ("PUT", ADA, r#"{"name":"a\u001bb"}"#, 400, no_control()),
            ("PUT", ADA, r#"{"email":"a\u0000@example.com"}"#, 400, email()),
            ("PUT", ADA, r#"{"disabled":"yes"}"#, 400, errors("Format of 'disabled' should be boolean")),
            ("PUT", ADA, r#"{"disabled":0}"#, 400, errors("Format of 'disabled' should be boolean")),
            ("PUT", ADA, r#"{"is_admin":1}"#, 400, errors("Format of 'is_admin' should be boolean")),
        ],
    );
}
