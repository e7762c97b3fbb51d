//! One directory under all dialects: a user that one dialect writes, the others read.

mod administrators;
mod fields;
mod group_external_id;
mod races;
mod users;

use crate::support::client::Answer;
use crate::support::nuxeo::{escaped, user_body};
use crate::support::server::Server;
use serde_json::{Value, json};

/// The user as Datadog answers it, without the icon's address and the list of roles.
pub fn datadog_user(handle: &str, differences: Value) -> Value {
    let mut user = json!({
        "disabled": false, "handle": handle, "name": null, "title": null, "is_admin": false, "role": null,
        "access_role": "st", "verified": false, "email": null,
    });
    for (key, value) in differences.as_object().expect("differences") {
        user[key] = value.clone();
    }
    user
}

/// The user in a Datadog answer, prepared for a comparison with `datadog_user`.
pub fn user_in(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    bare(answer.json()["user"].clone())
}

pub fn bare(mut user: Value) -> Value {
    let keys = user.as_object_mut().expect("a user");
    assert!(keys.remove("icon").is_some_and(|icon| icon.is_string()), "an icon");
    keys.remove("roles");
    user
}

/// The user as Datadog reads it.
pub fn seen(server: &Server, name: &str) -> Value {
    user_in(&server.datadog("GET", &format!("/api/v1/user/{}", escaped(name)), None))
}

/// Changes the user through Datadog and answers with what it has become.
pub fn datadog_put(server: &Server, name: &str, changes: Value) -> Value {
    user_in(&server.datadog("PUT", &format!("/api/v1/user/{}", escaped(name)), Some(&changes.to_string())))
}

pub fn datadog_create(server: &Server, body: Value) -> Value {
    user_in(&server.datadog("POST", "/api/v1/user", Some(&body.to_string())))
}

/// Changes the user's properties through Nuxeo.
pub fn nuxeo_put(server: &Server, name: &str, properties: Value) {
    let answer = server.nuxeo("PUT", &format!("/user/{}", escaped(name)), Some(&user_body(properties)));
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// The user as Nuxeo reads it.
pub fn entity(server: &Server, name: &str) -> Value {
    let (status, document) = server.nuxeo("GET", &format!("/user/{}", escaped(name)), None).parts();
    assert_eq!(status, 200, "{document}");
    document
}

/// Every handle in Datadog's list, sorted.
pub fn sorted_handles(server: &Server) -> Vec<String> {
    let mut handles = crate::support::datadog::handles(server);
    handles.sort();
    handles
}

/// Asserts a refusal in Datadog's form and returns its one message.
pub fn datadog_refusal(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{}", answer.text());
    let errors = answer.json()["errors"].clone();
    assert_eq!(errors.as_array().map(Vec::len), Some(1), "{errors}");
    errors[0].as_str().expect("a message").to_owned()
}
