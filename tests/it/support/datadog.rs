//! Calls of the Datadog dialect, and its documents.

use super::client::Answer;
use super::server::Server;
use md5::{Digest, Md5};
use serde_json::{Value, json};

pub fn handles(server: &Server) -> Vec<String> {
    let list = server.datadog("GET", "/api/v1/user", None).json();
    let handle = |user: &Value| user["handle"].as_str().expect("a handle").to_owned();
    list["users"].as_array().expect("users").iter().map(handle).collect()
}

/// Method, path, body (empty for none), status, whole answer. `…` in a text of the expected answer stands for any text.
pub type Row<'a> = (&'a str, &'a str, &'a str, u16, Value);

pub type Headers<'a> = &'a [(&'a str, &'a str)];

pub const NEW: &str = "POST";

pub const USERS: &str = "/api/v1/user";

pub const ADA: &str = "/api/v1/user/ada@example.com";

/// The address of the Gravatar picture for that e-mail.
fn icon(email: &str) -> String {
    let digest: String = Md5::digest(email).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("https://secure.gravatar.com/avatar/{digest}?s=48&d=retro")
}

/// The ten keys of a user that differs from a plain new one in these values.
pub fn user(handle: &str, differing: Value) -> Value {
    let mut user = json!({
        "handle": handle, "email": handle, "name": null, "access_role": "st", "disabled": false,
        "verified": false, "title": null, "role": null,
    });
    for (key, value) in differing.as_object().expect("an object") {
        user[key] = value.clone();
    }
    user["is_admin"] = json!(user["access_role"] == "adm");
    user["icon"] = json!(icon(user["email"].as_str().unwrap_or_default()));
    user
}

/// The answer of a create or an update.
pub fn saved(handle: &str, differing: Value) -> Value {
    json!({"user": user(handle, differing)})
}

/// The answer to a GET of one user.
pub fn shown(handle: &str, differing: Value) -> Value {
    let mut user = user(handle, differing);
    user["roles"] = json!([]);
    json!({"user": user})
}

pub fn errors(text: &str) -> Value {
    json!({"errors": [text]})
}

pub fn forbidden() -> Value {
    json!({"status": "error", "code": 403, "errors": ["Forbidden"]})
}

/// True if the text has the pattern's parts in that order; `…` stands for any text.
fn text_matches(pattern: &str, text: &str) -> bool {
    let pieces: Vec<&str> = pattern.split('…').collect();
    let [first, middle @ .., last] = pieces.as_slice() else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    for piece in middle {
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn matches(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::String(pattern), Value::String(text)) => text_matches(pattern, text),
        (Value::Array(expected), Value::Array(actual)) => {
            expected.len() == actual.len() && expected.iter().zip(actual).all(|(e, a)| matches(e, a))
        }
        (Value::Object(expected), Value::Object(actual)) => {
            expected.len() == actual.len()
                && expected.iter().all(|(key, value)| actual.get(key).is_some_and(|a| matches(value, a)))
        }
        _ => expected == actual,
    }
}

pub fn assert_answer(call: &str, answer: &Answer, status: u16, expected: &Value) {
    let call: String = call.chars().take(300).collect();
    assert_eq!(answer.status, status, "{call}\nanswered {}", answer.text());
    let content_type = answer.header("Content-Type").unwrap_or_default();
    assert!(content_type.starts_with("application/json"), "{call}\nis labelled {content_type:?}");
    let actual = answer.json();
    assert!(matches(expected, &actual), "{call}\nanswered {actual}\nexpected {expected}");
}

pub fn check(server: &Server, rows: &[Row<'_>]) {
    for (method, path, body, status, expected) in rows {
        let answer = server.datadog(method, path, (!body.is_empty()).then_some(*body));
        assert_answer(&format!("{method} {path} {body}"), &answer, *status, expected);
    }
}

/// Like `check`; in addition, each call leaves all users unchanged and the next request is served.
pub fn check_refused(server: &Server, rows: &[Row<'_>]) {
    let before = list(server);
    for row in rows {
        check(server, std::slice::from_ref(row));
        let body: String = row.2.chars().take(300).collect();
        assert_eq!(list(server), before, "after {} {} {body}", row.0, row.1);
    }
}

pub fn list(server: &Server) -> Value {
    let answer = server.datadog("GET", USERS, None);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

pub fn create(server: &Server, body: Value) {
    let answer = server.datadog(NEW, USERS, Some(&body.to_string()));
    assert_eq!(answer.status, 200, "{}", answer.text());
}

pub fn nuxeo(server: &Server, method: &str, path: &str, body: Value) {
    let answer = server.nuxeo(method, path, Some(&body.to_string()));
    assert!(answer.status < 300, "{method} {path}: {}", answer.text());
}
