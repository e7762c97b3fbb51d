//! Calls of the SCIM dialect.

use super::cli::create_key;
use super::client::Answer;
use super::database::{State, Whole};
use super::folder::Folder;
use super::server::{APP_KEY, Server};
use serde_json::{Value, json};
use std::sync::Arc;

/// The path of the dialect by default.
pub const SCIM: &str = "/scim/v2";

const ERROR_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// A server with these flags, and one key for each of these roles.
pub fn with_keys<const N: usize>(roles: [&str; N], flags: &[&str]) -> (Server, [String; N]) {
    let folder = Arc::new(Folder::new());
    // The first start creates the first keys.
    assert!(Server::over(Arc::clone(&folder), &[]).stop().success());
    let keys = roles.map(|role| secret(&create_key(&folder, "app", Some(role))));
    (Server::over(folder, flags), keys)
}

/// The secret in the output of a command that creates a key: its last line.
pub fn secret(output: &str) -> String {
    output.lines().last().unwrap_or_default().trim().to_owned()
}

/// A call with that value of `Authorization`; null for no body, a string for a body that is sent as it is.
pub fn call_as(server: &Server, authorization: &str, method: &str, path: &str, body: &Value) -> Answer {
    let headers = [("Authorization", authorization), ("Content-Type", "application/scim+json")];
    let text = match body {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        document => Some(document.to_string()),
    };
    let headers = &headers[usize::from(authorization.is_empty())..];
    server.request(method, &format!("{SCIM}{path}"), headers, text.as_deref().map(str::as_bytes))
}

/// A call with the administrator's key.
pub fn call(server: &Server, method: &str, path: &str, body: &Value) -> Answer {
    call_as(server, &format!("Bearer {APP_KEY}"), method, path, body)
}

/// The document of an answer with that status, null without a body.
pub fn expect(answer: &Answer, status: u16) -> Value {
    let (found, document) = if answer.body.is_empty() { (answer.status, Value::Null) } else { answer.parts() };
    assert_eq!(found, status, "{document}");
    document
}

/// Creates a resource with the administrator's key, and returns it.
pub fn create(server: &Server, endpoint: &str, body: &Value) -> Value {
    expect(&call(server, "POST", endpoint, body), 201)
}

/// The `id` of a resource.
pub fn id_of(resource: &Value) -> String {
    resource["id"].as_str().unwrap_or_else(|| panic!("no id in {resource}")).to_owned()
}

/// The `id` of the user with that name, or of the group.
pub fn find_id(server: &Server, endpoint: &str, name: &str) -> String {
    let attribute = if endpoint == "/Users" { "userName" } else { "displayName" };
    let found = search(server, endpoint, &json!({ "filter": format!("{attribute} eq {}", json!(name)) }));
    assert_eq!(found["totalResults"], 1, "{name}: {found}");
    id_of(&found["Resources"][0])
}

/// The list that answers a search with the administrator's key.
pub fn search(server: &Server, endpoint: &str, parameters: &Value) -> Value {
    expect(&call(server, "POST", &format!("{endpoint}/.search"), parameters), 200)
}

/// A PATCH request with these operations.
pub fn patch(operations: &Value) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations})
}

/// One operation of a PATCH.
pub fn replace(path: &str, value: Value) -> Value {
    patch(&json!([{"op": "replace", "path": path, "value": value}]))
}

/// Asserts that an answer is a SCIM error of that status and type (empty for none), and nothing else.
pub fn assert_error(answer: &Answer, status: u16, scim_type: &str, call: &str) {
    assert_eq!(answer.status, status, "{call}: {}", answer.text());
    assert_eq!(answer.header("Content-Type"), Some("application/scim+json"), "{call}");
    let document = answer.json();
    let detail = document["detail"].as_str().unwrap_or_default();
    assert!(!detail.is_empty(), "{call}: {document}");
    let mut expected = json!({"schemas": [ERROR_SCHEMA], "status": status.to_string(), "detail": detail});
    if !scim_type.is_empty() {
        expected["scimType"] = json!(scim_type);
    }
    assert_eq!(document, expected, "{call}");
}

/// The `id` of the group `administrators`.
pub fn administrators_id(server: &Server) -> String {
    State::of(&server.folder).texts("select uuid from groups where name_key = 'administrators'").remove(0)
}

/// The differences of two snapshots, without those of the change clock and of the search index, which run by themselves.
pub fn differences(before: &Whole, after: &Whole) -> Vec<String> {
    let mut found = State::differences(before, after);
    let background = ["change_marks: ", "counters: name: \"change_clock", "counters: name: \"search_"];
    found.retain(|row| !background.iter().any(|own| row.contains(own)));
    found
}
