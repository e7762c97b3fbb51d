//! Operations of callers, and requests that take their rights.

use serde_json::{Value, json};

pub const PASSWORD: &str = "open sesame";

/// Another password, as a hash: the server does not have to hash it before the write.
const HASH: &str = "{SSHA}awc/Cj0kafyFd5d8fGn07xoHBJJzYWx0c2FsdA==";

/// An operation of a caller: method, path, body. `N` stands for a number that is new each time.
pub type Operation = (&'static str, &'static str, Value);

/// The operations of an administrator in the Nuxeo dialect.
pub fn nuxeo_operations() -> Vec<Operation> {
    let user = |properties: Value| json!({"entity-type": "user", "properties": properties});
    vec![
        ("POST", "/nuxeo/api/v1/user", user(json!({"username": "newN", "groups": ["administrators"]}))),
        (
            "POST",
            "/nuxeo/api/v1/user",
            user(json!({"username": "newN", "password": "x", "groups": ["administrators"]})),
        ),
        ("PUT", "/nuxeo/api/v1/user/target", user(json!({"firstName": "N"}))),
        ("PUT", "/nuxeo/api/v1/user/target", user(json!({"password": "N"}))),
        ("PUT", "/nuxeo/api/v1/user/target", user(json!({"groups": ["administrators"]}))),
        ("DELETE", "/nuxeo/api/v1/user/target", Value::Null),
        ("POST", "/nuxeo/api/v1/user/target/group/administrators", Value::Null),
        ("DELETE", "/nuxeo/api/v1/user/target/group/team", Value::Null),
        ("POST", "/nuxeo/api/v1/group/team/user/other", Value::Null),
        (
            "POST",
            "/nuxeo/api/v1/group",
            json!({"entity-type": "group", "id": "newN", "parentGroups": ["administrators"]}),
        ),
        ("PUT", "/nuxeo/api/v1/group/team", json!({"entity-type": "group", "parentGroups": ["administrators"]})),
        ("DELETE", "/nuxeo/api/v1/group/team", Value::Null),
        ("PUT", "/nuxeo/api/v1/me/changepassword", json!({"oldPassword": PASSWORD, "newPassword": "N"})),
        ("GET", "/nuxeo/authentication/token?applicationName=a&deviceId=N&permission=rw", Value::Null),
        ("POST", "/nuxeo/api/v1/token?application=a&deviceId=N", Value::Null),
    ]
}

/// Operations that need no password: a token, or the cookie of a login, issues no tokens.
pub fn operations_without_tokens() -> Vec<Operation> {
    nuxeo_operations().into_iter().filter(|(_, path, _)| !path.contains("token")).collect()
}

pub fn page_operations() -> Vec<Operation> {
    vec![
        ("POST", "/ui/api/users", json!({"name": "newN", "role": "admin"})),
        ("PATCH", "/ui/api/users/target", json!({"role": "admin"})),
        ("DELETE", "/ui/api/users/target", Value::Null),
        ("PUT", "/ui/api/users/target/password", json!({"password": "N"})),
        ("POST", "/ui/api/groups", json!({"name": "newN", "groups": ["administrators"]})),
        ("PATCH", "/ui/api/groups/team", json!({"label": "N"})),
        ("DELETE", "/ui/api/groups/team", Value::Null),
        ("PUT", "/ui/api/groups/administrators/users/target", Value::Null),
        ("DELETE", "/ui/api/groups/team/users/target", Value::Null),
        ("PUT", "/ui/api/groups/administrators/groups/team", Value::Null),
        ("PUT", "/ui/api/password", json!({"old": PASSWORD, "new": "N"})),
    ]
}

pub fn datadog_operations() -> Vec<Operation> {
    vec![
        ("POST", "/api/v1/user", json!({"handle": "newN@example.com", "access_role": "adm"})),
        ("PUT", "/api/v1/user/target", json!({"access_role": "adm"})),
        ("PUT", "/api/v1/user/target", json!({"disabled": true})),
        ("DELETE", "/api/v1/user/target", Value::Null),
        ("POST", "/api/v1/invite_users", json!({"emails": ["newN@example.com"]})),
    ]
}

/// Requests of another administrator that remove the rights of the user, in the order in which they are sent.
pub fn takers() -> Vec<(&'static str, &'static str, &'static str, Value)> {
    let user = |properties: Value| json!({"entity-type": "user", "properties": properties});
    vec![
        ("disabled", "PUT", "/api/v1/user/WHO", json!({"disabled": true})),
        ("demoted", "DELETE", "/nuxeo/api/v1/user/WHO/group/administrators", Value::Null),
        ("demoted by the list", "PUT", "/nuxeo/api/v1/user/WHO", user(json!({"groups": []}))),
        ("deleted", "DELETE", "/nuxeo/api/v1/user/WHO", Value::Null),
        ("another password", "PUT", "/nuxeo/api/v1/user/WHO", user(json!({"password": HASH}))),
    ]
}
