//! Documents of Nuxeo groups.

use super::client::Answer;
use super::nuxeo::{ALL_LISTS, escaped};
use super::server::Server;
use serde_json::{Value, json};

/// The whole group entity without member lists; `name`, which new servers add, is checked and left out by `entity`.
pub fn group(name: &str, label: Option<&str>, description: Option<&str>) -> Value {
    json!({
        "entity-type": "group", "id": name, "groupname": name, "grouplabel": label.unwrap_or(name),
        "properties": {"groupname": name, "grouplabel": label, "description": description, "tenantId": null},
    })
}

/// The same with these three member lists.
pub fn full(name: &str, users: Value, groups: Value, parents: Value) -> Value {
    let mut group = group(name, None, None);
    group["memberUsers"] = users;
    group["memberGroups"] = groups;
    group["parentGroups"] = parents;
    group
}

/// The status and the document, without the `name` that repeats a group's `id`.
pub fn entity(answer: &Answer) -> (u16, Value) {
    let (status, mut document) = answer.parts();
    if document["entity-type"] == json!("group") {
        let name = document.as_object_mut().expect("an object").remove("name");
        assert!(name.is_none() || name.as_ref() == Some(&document["id"]), "name and id differ: {name:?}");
    }
    (status, document)
}

pub fn check_groups(server: &Server, rows: &[(&str, &str, Value, u16, Value)]) {
    for (method, path, body, status, document) in rows {
        let body = (!body.is_null()).then(|| body.to_string());
        let answer = server.nuxeo(method, path, body.as_deref());
        assert_eq!(entity(&answer), (*status, document.clone()), "{method} {path} {body:?}");
    }
}

/// Everything about a group: the entity with its three lists.
pub fn all_of(server: &Server, name: &str) -> Value {
    let (status, document) = entity(&server.nuxeo("GET", &format!("/group/{}?{ALL_LISTS}", escaped(name)), None));
    assert_eq!(status, 200, "{document}");
    document
}

/// The three lists of a group.
pub fn lists(server: &Server, name: &str) -> [Value; 3] {
    let group = all_of(server, name);
    ["memberUsers", "memberGroups", "parentGroups"].map(|list| group[list].clone())
}

/// The groups of a user as `extendedGroups` names them.
pub fn reach(server: &Server, name: &str) -> Vec<String> {
    let user = server.nuxeo("GET", &format!("/user/{name}"), None).json();
    let groups = user["extendedGroups"].as_array().expect("groups").iter();
    groups.map(|group| group["name"].as_str().expect("a name").to_owned()).collect()
}
