//! An identity provider that calls the SCIM dialect, and the directory that comes of it.

use super::cli::create_key;
use super::client::Answer;
use super::folder::Folder;
use super::server::Server;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where the dialect is by default.
pub const PREFIX: &str = "/scim/v2";

pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
pub const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
pub const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
pub const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// A call and its answer: the name that the resource in the answer gets (or none), method, path, body (null for none),
/// status, and parts of the answer (null for no look at it).
///
/// A path that begins with `/api/v1` or `/nuxeo` is a call of an administrator in that dialect, all others are calls of
/// the provider below the dialect's prefix. In paths, bodies and answers `<name>` stands for an id. In expected answers
/// `…` stands for any text that is not empty, null for a key that is not there, and lists are compared in any order.
pub type Row<'a> = (&'a str, &'a str, &'a str, Value, u16, Value);

/// An identity provider with its key and its headers.
pub struct Provider {
    pub server: Server,
    pub key: String,
    headers: Vec<(&'static str, &'static str)>,
    /// Ids by the names that rows gave them.
    known: RefCell<BTreeMap<String, String>>,
}

impl Provider {
    /// A provider of a new directory with a key of the role `provision`, which sends these headers.
    pub fn new(headers: &[(&'static str, &'static str)]) -> Provider {
        Provider::with(&[], headers)
    }

    /// The same with flags for the server.
    pub fn with(flags: &[&str], headers: &[(&'static str, &'static str)]) -> Provider {
        let (server, key) = with_provision_key(flags);
        Provider { server, key, headers: headers.to_vec(), known: RefCell::default() }
    }

    /// The id that has this name.
    pub fn id(&self, name: &str) -> String {
        self.known.borrow().get(name).unwrap_or_else(|| panic!("no id is named {name}")).clone()
    }

    /// One call; names in the path and in the body are replaced.
    pub fn call(&self, method: &str, path: &str, body: &Value) -> Answer {
        let authorization = format!("Bearer {}", self.key);
        self.call_as(&authorization, method, path, body)
    }

    /// The same with another `Authorization`.
    pub fn call_as(&self, authorization: &str, method: &str, path: &str, body: &Value) -> Answer {
        let path = escaped(&self.filled(path));
        let body = (!body.is_null()).then(|| self.filled(&body.to_string()));
        if path.starts_with("/api/v1") {
            return self.server.datadog(method, &path, body.as_deref());
        }
        if let Some(path) = path.strip_prefix("/nuxeo/api/v1") {
            return self.server.nuxeo(method, path, body.as_deref());
        }
        let mut headers = vec![("Authorization", authorization)];
        headers.extend(self.headers.iter().filter(|(name, _)| *name != "Content-Type" || body.is_some()));
        self.server.request(method, &format!("{PREFIX}{path}"), &headers, body.as_deref().map(str::as_bytes))
    }

    /// Makes the calls one after the other and compares each answer with its row.
    pub fn check(&self, rows: &[Row<'_>]) {
        for (name, method, path, body, status, parts) in rows {
            let answer = self.call(method, path, body);
            let call = format!("{method} {path} {body}");
            assert_eq!(answer.status, *status, "{call}\nanswered {}", answer.text());
            let document = if answer.body.is_empty() { Value::Null } else { answer.json() };
            if !name.is_empty() {
                let id = document["id"].as_str().unwrap_or_else(|| panic!("{call}\nanswered no id: {document}"));
                self.known.borrow_mut().insert((*name).to_owned(), id.to_owned());
            }
            if !parts.is_null() {
                let expected: Value = serde_json::from_str(&self.filled(&parts.to_string())).expect("JSON");
                assert!(has(&document, &expected), "{call}\nanswered {document}\nexpected {expected}");
            }
        }
    }

    /// The text with ids in place of their names, and the base of the dialect in place of `<base>`.
    fn filled(&self, text: &str) -> String {
        // The name of the host that the client of the tests sends.
        let mut filled = text.replace("<base>", &format!("http://test{PREFIX}"));
        for (name, id) in &*self.known.borrow() {
            filled = filled.replace(&format!("<{name}>"), id);
        }
        filled
    }
}

/// A server and the secret of a key of the role `provision`.
pub fn with_provision_key(flags: &[&str]) -> (Server, String) {
    let folder = Arc::new(Folder::new());
    let key = create_key(&folder, "app", Some("provision"));
    (Server::over(folder, flags), key)
}

/// A body of a PATCH with these operations.
pub fn patch(operations: Value) -> Value {
    json!({"schemas": [PATCH_OP], "Operations": operations})
}

/// An answer of a list with that many resources in all and on this page.
pub fn list(total: u64, resources: Value) -> Value {
    let here = resources.as_array().map_or(0, Vec::len);
    json!({"schemas": [LIST], "totalResults": total, "itemsPerPage": here, "startIndex": 1, "Resources": resources})
}

/// An answer of a refusal.
pub fn refusal(status: u16, scim_type: Option<&str>) -> Value {
    json!({"schemas": [ERROR], "status": status.to_string(), "scimType": scim_type, "detail": "…"})
}

/// The characters of a path that no request line can have, escaped.
fn escaped(path: &str) -> String {
    let mut escaped = String::new();
    for c in path.chars() {
        match c {
            ' ' => escaped.push_str("%20"),
            '"' => escaped.push_str("%22"),
            '[' => escaped.push_str("%5B"),
            ']' => escaped.push_str("%5D"),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// True if the document has the expected parts.
pub fn has(document: &Value, expected: &Value) -> bool {
    match (document, expected) {
        (Value::Object(document), Value::Object(expected)) => expected.iter().all(|(key, value)| {
            document.get(key).map_or(value.is_null(), |actual| !value.is_null() && has(actual, value))
        }),
        (Value::Array(document), Value::Array(expected)) => has_each(document, expected),
        (Value::String(text), Value::String(pattern)) => text_has(text, pattern),
        _ => document == expected,
    }
}

/// True if each value of one list is in the other, and none is left over.
fn has_each(document: &[Value], expected: &[Value]) -> bool {
    let mut left: Vec<&Value> = document.iter().collect();
    let found = expected.iter().all(|value| {
        let place = left.iter().position(|actual| has(actual, value));
        place.map(|place| left.remove(place)).is_some()
    });
    found && left.is_empty()
}

/// True if the text is the pattern, in which `…` stands for any text that is not empty.
fn text_has(text: &str, pattern: &str) -> bool {
    match pattern.split_once('…') {
        None => text == pattern,
        Some((before, after)) => {
            text.len() > before.len() + after.len() && text.starts_with(before) && text.ends_with(after)
        }
    }
}
