//! Requests that the HTTP level refuses.

use super::client::{Answer, create_user, opened};
use super::server::Server;
use serde_json::{Value, json};

pub const USERS: &str = "/api/v1/user";

/// A body that creates a user when the server accepts it.
pub const ADA: &str = r#"{"handle":"ada@example.com"}"#;

pub fn get_users(server: &Server) -> Value {
    let answer = server.datadog("GET", USERS, None);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// The only answer to bytes after which the server closes the connection and announces it.
pub fn refused(server: &Server, bytes: impl AsRef<[u8]>) -> Answer {
    let mut connection = opened(server, &bytes);
    let shown: String = String::from_utf8_lossy(bytes.as_ref()).chars().take(400).collect();
    let answer = connection.try_answer(false).unwrap_or_else(|| panic!("no answer to {shown:?}"));
    assert_eq!(answer.header("Connection"), Some("close"), "{shown:?}: {answer:?}");
    assert_eq!(connection.rest(), "", "{shown:?} is answered once");
    answer
}

/// The document of a refusal on a path outside of the dialects.
pub fn assert_errors(call: &str, answer: &Answer) {
    assert_eq!(answer.header("Content-Type"), Some("application/json"), "{call}");
    let document = answer.json();
    let text = document["errors"][0].as_str().unwrap_or_default();
    assert!(!text.is_empty(), "{call}: {document}");
    assert_eq!(document, json!({"errors": [text]}), "{call}");
}

/// The same for a path of the Nuxeo dialect.
pub fn assert_exception(call: &str, answer: &Answer) {
    assert_eq!(answer.header("Content-Type"), Some("application/json"), "{call}");
    let document = answer.json();
    let text = document["message"].as_str().unwrap_or_default();
    assert!(!text.is_empty(), "{call}: {document}");
    assert_eq!(document, json!({"entity-type": "exception", "status": answer.status, "message": text}), "{call}");
}

/// Asserts that each row is answered once with that status, changes nothing and leaves the server serving.
pub fn check_refused(server: &Server, rows: &[(String, u16)]) {
    let before = get_users(server);
    for (bytes, status) in rows {
        // Bytes after an invalid request must never be read as a request.
        let bytes = format!("{bytes}{}", create_user("smuggled@example.com"));
        let shown: String = bytes.chars().take(600).collect();
        let answer = refused(server, &bytes);
        assert_eq!(answer.status, *status, "{shown:?}\nanswered {}", answer.text());
        assert_errors(&shown, &answer);
        assert_eq!(get_users(server), before, "{shown:?}");
    }
}
