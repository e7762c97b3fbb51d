//! The Datadog dialect: tables of calls and their whole answers.

use crate::support::datadog::{ADA, NEW, USERS, check, create, errors, list, nuxeo, saved, shown, user};
use crate::support::server::Server;
use serde_json::{Value, json};

pub fn handles(list: &Value) -> Vec<&str> {
    list["users"].as_array().expect("users").iter().map(|user| user["handle"].as_str().expect("a handle")).collect()
}

// The five operations, and two other calls

#[test]
fn the_five_operations_answer_with_the_whole_user() {
    let server = Server::start();
    let ada = json!({"name": "Ada Lovelace", "access_role": "ro"});
    let renamed = json!({"name": "Ada King", "access_role": "ro"});
    let gone = json!({"name": "Ada King", "access_role": "ro", "disabled": true});
    check(
        &server,
        &[
            (
                NEW,
                USERS,
                r#"{"handle":"ada@example.com","name":"Ada Lovelace","access_role":"ro"}"#,
                200,
                saved("ada@example.com", ada.clone()),
            ),
            ("GET", ADA, "", 200, shown("ada@example.com", ada)),
            ("PUT", ADA, r#"{"name":"Ada King"}"#, 200, saved("ada@example.com", renamed.clone())),
            ("GET", ADA, "", 200, shown("ada@example.com", renamed)),
            ("DELETE", ADA, "", 200, json!({"message": "User ada@example.com disabled"})),
            ("GET", ADA, "", 200, shown("ada@example.com", gone.clone())),
            ("DELETE", ADA, "", 400, errors("User is already disabled")),
            (
                "PUT",
                ADA,
                r#"{"disabled":false}"#,
                200,
                saved("ada@example.com", json!({"name": "Ada King", "access_role": "ro"})),
            ),
            ("DELETE", ADA, "", 200, json!({"message": "User ada@example.com disabled"})),
        ],
    );
    assert_eq!(list(&server)["users"][0], user("ada@example.com", gone));
}

#[test]
fn delete_user_reads_no_body() {
    let server = Server::start();
    for body in ["", "{", "[[[", "{}", r#"{"disabled":false}"#, "\u{0}"] {
        create(&server, json!({"handle": "bob@example.com"}));
        let gone = json!({"message": "User bob@example.com disabled"});
        check(&server, &[("DELETE", "/api/v1/user/bob@example.com", body, 200, gone)]);
        // A disabled user stays. The next round needs the name.
        assert_eq!(server.nuxeo("DELETE", "/user/bob@example.com", None).status, 204);
    }
}

// Handles

#[test]
fn get_user_finds_every_spelling_and_answers_in_lower_case() {
    let server = Server::start();
    create(&server, json!({"handle": "Ada+One@Example.com"}));
    let found = || shown("ada+one@example.com", json!({}));
    let not_found = || errors("user not found");
    let no_text = || errors("The path is not percent-encoded UTF-8");
    check(
        &server,
        &[
            ("GET", "/api/v1/user/ada+one@example.com", "", 200, found()),
            ("GET", "/api/v1/user/ADA+ONE@EXAMPLE.COM", "", 200, found()),
            ("GET", "/api/v1/user/ada%2Bone%40example.com", "", 200, found()),
            ("GET", "/api/v1/user/ada%2bone%40example%2ecom", "", 200, found()),
            ("GET", "/api/v1/user/%61da+one@example.com", "", 200, found()),
            // A plus is a plus, never a space, and an escape is undone once.
            ("GET", "/api/v1/user/ada%20one@example.com", "", 404, not_found()),
            ("GET", "/api/v1/user/ada%252Bone@example.com", "", 404, not_found()),
            ("GET", "/api/v1/user/ada", "", 404, not_found()),
            ("GET", "/api/v1/user/ada+one@example.com%00", "", 404, not_found()),
            ("GET", "/api/v1/user/%FF%FE", "", 400, no_text()),
            ("GET", "/api/v1/user/%zz", "", 400, no_text()),
            ("PUT", "/api/v1/user/%", "{}", 400, no_text()),
            ("DELETE", "/api/v1/user/%4", "", 400, no_text()),
            ("GET", "/api/v1/user/'%20or%20'1'='1", "", 404, not_found()),
            (
                "PUT",
                "/api/v1/user/ADA%2BONE@example.com",
                r#"{"name":"Ada"}"#,
                200,
                saved("ada+one@example.com", json!({"name": "Ada"})),
            ),
            // The message keeps the spelling of the path, with its escapes undone.
            (
                "DELETE",
                "/api/v1/user/ADA%2BOne%40example.com",
                "",
                200,
                json!({"message": "User ADA+One@example.com disabled"}),
            ),
            ("DELETE", "/api/v1/user/ada+one@example.com", "", 400, errors("User is already disabled")),
        ],
    );
}

#[test]
fn user_with_any_login_can_be_read_updated_and_disabled() {
    let server = Server::start();
    for name in ["team/Ann", "Zoë Müller", "100%"] {
        nuxeo(&server, "POST", "/user", json!({"entity-type": "user", "properties": {"username": name}}));
    }
    let login = |handle: &str, differing: Value| {
        let mut document = saved(handle, differing);
        document["user"]["icon"] = json!("https://secure.gravatar.com/avatar/…?s=48&d=retro");
        document
    };
    let none = json!({"email": null});
    let named = json!({"email": null, "name": "Ann"});
    let mailed = json!({"email": "ann@example.com", "name": "Ann"});
    check(
        &server,
        &[
            ("PUT", "/api/v1/user/team%2FAnn", "{}", 200, login("team/ann", none.clone())),
            ("PUT", "/api/v1/user/zo%C3%AB%20m%C3%BCller", "{}", 200, login("zoë müller", none.clone())),
            ("PUT", "/api/v1/user/Zo%C3%8B%20M%C3%9CLLER", "{}", 200, login("zoë müller", none.clone())),
            // Some clients leave the slash as it is.
            ("PUT", "/api/v1/users/team/Ann", "{}", 200, login("team/ann", none.clone())),
            ("PUT", "/api/v1/user/100%25", "{}", 200, login("100%", none)),
            ("PUT", "/api/v1/user/team%2Fann", r#"{"name":"Ann"}"#, 200, login("team/ann", named)),
            ("PUT", "/api/v1/user/team%2Fann", r#"{"email":"ann@example.com"}"#, 200, saved("team/ann", mailed)),
            ("DELETE", "/api/v1/user/team%2FAnn", "", 200, json!({"message": "User team/Ann disabled"})),
            ("DELETE", "/api/v1/user/zo%C3%AB%20m%C3%BCller", "", 200, json!({"message": "User zoë müller disabled"})),
        ],
    );
}

#[test]
fn the_icon_is_the_md5_of_the_lower_case_email() {
    let server = Server::start();
    // These values were computed with another library, so that the icons of the other tests do not rest on one alone.
    let rows = [
        (NEW, USERS, r#"{"handle":"Ada@Example.com"}"#, "3e3417d7ef77d5932a6734b916515ed5"),
        ("PUT", ADA, r#"{"email":"Countess@example.org"}"#, "9c28b8b0310476f54516fee37ad132b8"),
    ];
    for (method, path, body, digest) in rows {
        let answer = server.datadog(method, path, Some(body));
        let expected = format!("https://secure.gravatar.com/avatar/{digest}?s=48&d=retro");
        assert_eq!(answer.json()["user"]["icon"], expected, "{body}");
    }
}

#[test]
fn a_disabled_user_stays_in_the_list_and_cannot_log_in() {
    let server = Server::start();
    nuxeo(
        &server,
        "POST",
        "/user",
        json!({"entity-type": "user", "properties": {"username": "ada@example.com", "password": "secret word"}}),
    );
    let me = |server: &Server| server.nuxeo_as(("ada@example.com", "secret word"), "GET", "/me", None).status;
    assert_eq!(me(&server), 200);
    check(&server, &[("DELETE", ADA, "", 200, json!({"message": "User ada@example.com disabled"}))]);
    let disabled = json!({"disabled": true, "verified": true});
    check(&server, &[("GET", ADA, "", 200, shown("ada@example.com", disabled.clone()))]);
    assert_eq!(list(&server)["users"][0], user("ada@example.com", disabled));
    assert_eq!(me(&server), 401);
    check(&server, &[("PUT", ADA, r#"{"disabled":false}"#, 200, saved("ada@example.com", json!({"verified": true})))]);
    assert_eq!(me(&server), 200);
}
