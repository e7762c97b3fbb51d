//! `POST /api/v1/invite_users`.

use crate::support::datadog::{ADA, NEW, check, check_refused, create, errors, list, shown};
use crate::support::server::Server;
use serde_json::json;

#[test]
fn invite_creates_users_and_returns_the_addresses_as_sent() {
    let server = Server::start();
    create(&server, json!({"handle": "ada@example.com", "name": "Ada", "access_role": "ro"}));
    check(
        &server,
        &[
            (
                NEW,
                "/api/v1/invite_users",
                r#"{"emails":["Bob@Example.com","ada@example.com"]}"#,
                200,
                json!({"emails": ["Bob@Example.com", "ada@example.com"]}),
            ),
            ("GET", "/api/v1/user/bob@example.com", "", 200, shown("bob@example.com", json!({}))),
            // An invitation changes no existing user.
            ("GET", ADA, "", 200, shown("ada@example.com", json!({"name": "Ada", "access_role": "ro"}))),
            (NEW, "/invite_users", r#"{"emails":["carl@example.com"]}"#, 200, json!({"emails": ["carl@example.com"]})),
            ("GET", "/api/v1/user/carl@example.com", "", 200, shown("carl@example.com", json!({}))),
            (NEW, "/invite_users", r#"{"emails":[]}"#, 200, json!({"emails": []})),
        ],
    );
    let before = list(&server);
    let no_users = || json!({"emails": []});
    check(
        &server,
        &[
            (NEW, "/api/v1/invite_users", "{}", 200, no_users()),
            (NEW, "/invite_users", "{}", 200, no_users()),
            (NEW, "/api/v1/invite_users", r#"{"emails":null}"#, 200, no_users()),
            (NEW, "/api/v1/invite_users", r#"{"other":["dan@example.com"]}"#, 200, no_users()),
            (NEW, "/api/v1/invite_users", "", 200, no_users()),
        ],
    );
    assert_eq!(list(&server), before);
    check_refused(
        &server,
        &[
            (
                NEW,
                "/api/v1/invite_users",
                r#"{"emails":"dan@example.com"}"#,
                400,
                errors("Format of 'emails' should be list of emails"),
            ),
            (
                NEW,
                "/api/v1/invite_users",
                r#"{"emails":["dan@example.com",""]}"#,
                400,
                errors("Format of 'emails' should be list of emails"),
            ),
            (
                NEW,
                "/api/v1/invite_users",
                r#"{"emails":[7]}"#,
                400,
                errors("Format of 'emails' should be list of emails"),
            ),
            (
                NEW,
                "/api/v1/invite_users",
                r#"{"emails":["dan@example.com\n"]}"#,
                400,
                errors("Format of 'emails' should be list of emails"),
            ),
            // All or none: the valid address creates no user either.
            (
                NEW,
                "/api/v1/invite_users",
                r#"{"emails":["dan@example.com","nobody"]}"#,
                400,
                errors("Format of 'emails' should be list of emails"),
            ),
            (NEW, "/api/v1/invite_users", "{", 400, errors("Request body is not valid JSON: …")),
        ],
    );
}
