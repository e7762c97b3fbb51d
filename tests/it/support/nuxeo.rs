//! Calls of the Nuxeo dialect, and its documents.

use super::client::{Answer, basic};
use super::server::Server;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

pub const LOGIN: &str = "/nuxeo/site/automation/login";

/// Logs in with these headers.
pub fn log_in(server: &Server, headers: &[(&str, &str)]) -> Answer {
    server.request("POST", LOGIN, headers, None)
}

/// The cookie of a login of that user: `JSESSIONID=…`.
pub fn cookie_of(server: &Server, (name, password): (&str, &str)) -> String {
    cookie_in(&log_in(server, &[("Authorization", &basic(name, password))]))
}

pub fn cookie_in(login: &Answer) -> String {
    assert_eq!(login.status, 200, "{}", login.text());
    let (cookie, _) = login.header("Set-Cookie").expect("a cookie").split_once(';').expect("attributes");
    cookie.to_owned()
}

/// A call by `Administrator` and its whole answer: method, path, body (empty for none), status, document.
pub type Row<'a> = (&'a str, &'a str, &'a str, u16, Value);

pub fn check(server: &Server, rows: &[Row]) {
    for (method, path, body, status, document) in rows {
        let answer = server.nuxeo(method, path, (!body.is_empty()).then_some(*body));
        assert_eq!(answer.parts(), (*status, document.clone()), "{method} {path} {body}");
    }
}

/// The document of a refusal.
pub fn refusal(status: u16, message: &str) -> Value {
    json!({"entity-type": "exception", "status": status, "message": message})
}

/// Asserts a refusal whose text is not part of the contract: the status, the document and a part of its message.
pub fn assert_refused(answer: &Answer, status: u16, call: &str) {
    assert_eq!(answer.status, status, "{call}: {}", answer.text());
    let document = answer.json();
    let message = document["message"].as_str().unwrap_or_default();
    assert!(!message.is_empty(), "{call}: {document}");
    assert_eq!(document, refusal(status, message), "{call}");
    assert_eq!(answer.header("Content-Type").map(|kind| kind.starts_with("application/json")), Some(true), "{call}");
}

/// The whole user entity: these properties, the other standard ones null, in these groups (name, label).
pub fn user(name: &str, properties: Value, groups: &[(&str, &str)]) -> Value {
    let names: Vec<&str> = groups.iter().map(|(name, _)| *name).collect();
    let mut all = json!({
        "username": name, "firstName": null, "lastName": null, "email": null, "company": null, "tenantId": null,
        "groups": names,
    });
    for (key, value) in properties.as_object().expect("properties") {
        all[key] = value.clone();
    }
    let extended: Vec<Value> = groups
        .iter()
        .map(|(name, label)| json!({"name": name, "label": label, "url": format!("group/{name}")}))
        .collect();
    json!({
        "entity-type": "user", "id": name, "name": name, "properties": all, "extendedGroups": extended,
        "isAdministrator": names.contains(&"administrators"), "isAnonymous": false,
    })
}

/// The body that creates or changes a user.
pub fn user_body(properties: Value) -> String {
    json!({"entity-type": "user", "properties": properties}).to_string()
}

/// Creates a user and returns the entity.
pub fn create_user(server: &Server, properties: Value) -> Value {
    let answer = server.nuxeo("POST", "/user", Some(&user_body(properties)));
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

/// Creates a group from a body without its `entity-type`.
pub fn create_group(server: &Server, mut body: Value) {
    body["entity-type"] = json!("group");
    let answer = server.nuxeo("POST", "/group", Some(&body.to_string()));
    assert_eq!(answer.status, 201, "{}", answer.text());
}

/// A page without its entries.
pub fn page(entity_type: &str, results: i64, size: i64, index: i64, here: i64) -> Value {
    let offset = index * size;
    let pages = 1 + (results - 1) / size;
    json!({
        "entity-type": entity_type, "isPaginable": true, "resultsCount": results, "pageSize": size,
        "maxPageSize": 1000, "resultsCountLimit": 0, "currentPageSize": here, "currentPageIndex": index,
        "currentPageOffset": offset, "numberOfPages": pages, "isPreviousPageAvailable": index > 0,
        "isNextPageAvailable": results > size + offset, "isLastPageAvailable": results > size + offset,
        "isSortable": false, "hasError": false, "errorMessage": null, "pageIndex": index, "pageCount": pages,
    })
}

/// The page without its entries, and the ids of the entries.
pub fn outline(answer: &Answer) -> (Value, Vec<String>) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut document = answer.json();
    let entries = document.as_object_mut().expect("a page").remove("entries").expect("entries");
    let ids = entries.as_array().expect("an array").iter();
    (document, ids.map(|entry| entry["id"].as_str().expect("an id").to_owned()).collect())
}

/// The ids of the entries of the page at that path.
pub fn ids(server: &Server, path: &str) -> Vec<String> {
    outline(&server.nuxeo("GET", path, None)).1
}

/// A name as Java and Go put it into a path: every special character escaped.
pub fn escaped(name: &str) -> String {
    utf8_percent_encode(name, NON_ALPHANUMERIC).to_string()
}

/// A name as JS and Python put it into a path: slashes, `@` and `+` as they are.
pub fn readable(name: &str) -> String {
    const KEPT: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'/').remove(b'@').remove(b':').remove(b'+').remove(b'-').remove(b'.').remove(b'_');
    utf8_percent_encode(name, KEPT).to_string()
}

/// The directory of the tests of the reference server: eight users and eight groups.
pub fn reference_directory() -> Server {
    let server = Server::start();
    for (name, first, last) in [
        ("user0", "Steve", "Jobs"),
        ("user1", "John", "Lennon"),
        ("user2", "Georges", "Harrisson"),
        ("user3", "Ringo", "Starr"),
        ("user4", "Paul", "McCartney"),
        ("foouser", "", ""),
        ("Guest", "", ""),
    ] {
        let mut properties = json!({"username": name, "password": name, "email": format!("{name}@example.org")});
        if !first.is_empty() {
            properties["firstName"] = json!(first);
            properties["lastName"] = json!(last);
        }
        if name == "user0" {
            properties["groups"] = json!(["powerusers"]);
        }
        create_user(&server, properties);
    }
    for (name, label, members) in [
        ("group0", "Stark", json!([])),
        ("group1", "Lannister", json!(["foouser", "user1", "user2", "user3", "user4"])),
        ("group2", "Targaryen", json!([])),
        ("group3", "Greyjoy", json!([])),
        ("foogroup", "Foo", json!([])),
    ] {
        create_group(&server, json!({"id": name, "grouplabel": label, "memberUsers": members}));
    }
    server
}

/// True if that password logs that user in.
pub fn can_log_in(server: &Server, name: &str, password: &str) -> bool {
    let answer = server.nuxeo_as((name, password), "GET", "/me", None);
    match answer.status {
        200 => true,
        401 => false,
        other => panic!("{other} for {name}: {}", answer.text()),
    }
}

pub const ALL_LISTS: &str = "fetch-group=memberUsers,memberGroups,parentGroups";
