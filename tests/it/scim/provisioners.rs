//! The role `provision`: what an identity provider can do, and that it makes no administrator.

use super::callers::revoke_last;
use crate::support::changes::ask_as;
use crate::support::cli::create_key;
use crate::support::client::Answer;
use crate::support::database::{BELOW_ADMINISTRATORS, State};
use crate::support::nuxeo::{create_group, create_user};
use crate::support::scim::{
    administrators_id, assert_error, call, call_as, create, differences, expect, find_id, id_of, patch, replace,
    search, secret, with_keys,
};
use crate::support::server::Server;
use serde_json::{Value, json};

/// The administrators by the database.
fn administrators(server: &Server) -> Vec<String> {
    State::of(&server.folder).texts(&format!(
        "select username from users where id in (select user_id from memberships where group_id in
         ({BELOW_ADMINISTRATORS})) order by 1"
    ))
}

#[test]
fn provision_key_makes_no_administrator_by_a_bulk_request() {
    let (server, [key, standard, read]) = with_keys(["provision", "standard", "read"], &[]);
    create_group(&server, json!({"id": "chiefs", "parentGroups": ["administrators"]}));
    create_user(&server, json!({"username": "boss", "groups": ["chiefs"]}));
    create_user(&server, json!({"username": "ada"}));
    let body = json!({
        "entity-type": "group", "memberUsers": ["Administrator", "waited"], "memberGroups": ["chiefs", "waiting"],
    });
    assert_eq!(server.nuxeo("PUT", "/group/administrators", Some(&body.to_string())).status, 200);
    let (boss, ada) = (find_id(&server, "/Users", "boss"), find_id(&server, "/Users", "ada"));
    let (chiefs, top) = (find_id(&server, "/Groups", "chiefs"), administrators_id(&server));
    let operation = |method: &str, path: String, data: Value| json!({"method": method, "path": path, "data": data});
    let new = |id: &str, path: &str, data: Value| json!({"method": "POST", "path": path, "bulkId": id, "data": data});
    let add = |value: &str| patch(&json!([{"op": "Add", "path": "members", "value": [{"value": value}]}]));
    let operations = json!([
        new("u", "/Users", json!({"userName": "waited"})),
        new("g", "/Groups", json!({"displayName": "waiting", "members": [{"value": ada}]})),
        new("ok", "/Users", json!({"userName": "new"})),
        new("h", "/Groups", json!({"displayName": "waiting", "members": [{"value": "bulkId:ok"}]})),
        new("c", "/Groups", json!({"displayName": "waiting", "members": [{"value": "bulkId:d"}]})),
        new("d", "/Groups", json!({"displayName": "d", "members": [{"value": "bulkId:c"}]})),
        operation("PATCH", format!("/Groups/{chiefs}"), add("bulkId:ok")),
        operation("PATCH", format!("/Groups/{top}"), add(&ada)),
        operation("PUT", format!("/Groups/{chiefs}"), json!({"displayName": "chiefs", "members": [{"value": ada}]})),
        operation("PUT", format!("/Users/{ada}"), json!({"userName": "WAITED"})),
        operation("PATCH", format!("/Users/{ada}"), replace("userName", json!("waited"))),
        operation("PATCH", format!("/Users/{boss}"), replace("active", json!(false))),
        operation("DELETE", format!("/Users/{boss}"), Value::Null),
        operation("DELETE", format!("/Groups/{chiefs}"), Value::Null),
    ]);
    let body = json!({ "Operations": operations });
    let before = administrators(&server);
    for (key, created) in [(&key, "201"), (&standard, "409"), (&read, "403")] {
        let answer = expect(&call_as(&server, &format!("Bearer {key}"), "POST", "/Bulk", &body), 200);
        let results = answer["Operations"].as_array().expect("results");
        assert_eq!(results.len(), 14, "{answer}");
        for (index, result) in results.iter().enumerate() {
            let status = match result["bulkId"].as_str() {
                Some("ok") => created,
                // The new user does not exist for these, or the group that they name.
                Some("h" | "c" | "d") if created != "201" => result["status"].as_str().unwrap_or_default(),
                Some("d") => "409",
                None if index == 6 && created != "201" => "409",
                _ => "403",
            };
            assert_eq!(result["status"], status, "{index} {result}");
        }
        assert_eq!(administrators(&server), before);
    }
    State::of(&server.folder).assert_sound();
}

#[test]
fn provision_key_lists_no_protected_user_but_reads_one() {
    let (server, [key]) = with_keys(["provision"], &["--protect", "Administrator,keeper"]);
    for name in ["keeper", "ada", "zoe"] {
        create_user(&server, json!({"username": name, "email": format!("{name}@example.com"), "groups": ["members"]}));
    }
    let id = find_id(&server, "/Users", "keeper");
    let bearer = format!("Bearer {key}");
    let ask = |path: &str, body: Value| {
        let method = if body.is_null() { "GET" } else { "POST" };
        expect(&call_as(&server, &bearer, method, path, &body), 200)
    };
    let names = |list: &Value| -> Vec<String> {
        let entries = list["Resources"].as_array().expect("entries").iter();
        entries.map(|entry| entry["userName"].as_str().unwrap_or("a group").to_owned()).collect()
    };
    for path in [
        "/Users",
        "/Users?cursor=",
        "/Users?sortBy=userName",
        "/Users?sortBy=meta.created",
        "/Users?filter=id%20pr",
        "/Users?filter=active%20eq%20true&sortBy=emails",
        "/Users?filter=userName%20sw%20%22a%22%20or%20userName%20pr",
        "/Users?filter=not%20(userName%20eq%20%22x%22)",
    ] {
        let list = ask(path, Value::Null);
        assert_eq!((names(&list), &list["totalResults"]), (vec!["ada".into(), "zoe".into()], &json!(2)), "{path}");
    }
    assert_eq!(ask("/Users?count=0", Value::Null)["totalResults"], 2);
    for filter in [
        format!("id eq \"{id}\""),
        "userName eq \"KEEPER\"".to_owned(),
        "emails.value eq \"keeper@example.com\"".to_owned(),
        "emails co \"keeper\"".to_owned(),
        "userName sw \"keep\"".to_owned(),
        "userName eq \"administrator\" or userName eq \"keeper\"".to_owned(),
    ] {
        for path in ["/Users/.search", "/.search"] {
            for more in [json!({}), json!({"cursor": ""}), json!({"sortBy": "userName"}), json!({"count": 0})] {
                let mut body = more;
                body["filter"] = json!(filter);
                assert_eq!(ask(path, body)["totalResults"], 0, "{filter}");
            }
        }
    }
    // One entry on each page: no page is short, and none has a protected user.
    let (mut cursor, mut all) = (String::new(), Vec::new());
    loop {
        let list = ask(&format!("/Users?count=1&cursor={cursor}"), Value::Null);
        assert_eq!(list["totalResults"], 2);
        all.extend(names(&list));
        match list["nextCursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(all, ["ada", "zoe"]);
    assert_eq!(ask("/Users?count=1&startIndex=2", Value::Null)["Resources"][0]["userName"], "zoe");
    assert_eq!(ask(&format!("/Users/{id}"), Value::Null)["userName"], "keeper");
    // An administrator's cursor shows the provider no more.
    let list = expect(&call(&server, "GET", "/Users?count=1&cursor=", &Value::Null), 200);
    let next = list["nextCursor"].as_str().expect("a cursor");
    assert!(!names(&ask(&format!("/Users?count=9&cursor={}", ""), Value::Null)).contains(&"keeper".to_owned()));
    assert!(!names(&ask(&format!("/Users?count=1&cursor={next}"), Value::Null)).contains(&"keeper".to_owned()));
    // A protected user who is no administrator cannot be disabled, renamed or deleted.
    for (method, body) in [
        ("PATCH", replace("active", json!(false))),
        ("PATCH", replace("userName", json!("x"))),
        ("PUT", json!({"userName": "keeper", "active": false})),
        ("DELETE", Value::Null),
    ] {
        let answer = call_as(&server, &bearer, method, &format!("/Users/{id}"), &body);
        assert!([403, 409].contains(&answer.status), "{method} {body}: {} {}", answer.status, answer.text());
    }
}

#[test]
fn provision_key_may_put_administrators_into_ordinary_groups() {
    let (server, [key]) = with_keys(["provision"], &[]);
    let bearer = format!("Bearer {key}");
    let administrator = find_id(&server, "/Users", "Administrator");
    let group = id_of(&create(&server, "/Groups", &json!({"displayName": "staff"})));
    let path = format!("/Groups/{group}");
    let members = |server: &Server| expect(&call(server, "GET", &path, &Value::Null), 200)["members"].clone();
    let value = json!([{ "value": administrator }]);
    for body in [
        patch(&json!([{"op": "Add", "path": "members", "value": value}])),
        patch(&json!([{"op": "replace", "value": {"members": value}}])),
    ] {
        assert_eq!(call_as(&server, &bearer, "PATCH", &path, &body).status, 204);
        assert_eq!(members(&server)[0]["value"], administrator);
        let body = patch(&json!([{"op": "remove", "path": format!("members[value eq \"{administrator}\"]")}]));
        assert_eq!(call_as(&server, &bearer, "PATCH", &path, &body).status, 204);
        assert_eq!(members(&server), Value::Null);
    }
    let body = json!({"displayName": "staff", "members": value});
    assert_eq!(call_as(&server, &bearer, "PUT", &path, &body).status, 200);
    assert_eq!(members(&server)[0]["value"], administrator);
    assert_eq!(administrators(&server), ["Administrator"]);
}

#[test]
fn other_dialects_refuse_a_provision_key() {
    let (server, [key]) = with_keys(["provision"], &[]);
    let before = State::of(&server.folder).whole();
    for (method, path) in [
        ("GET", "/api/v1/user"),
        ("GET", "/api/v1/user/Administrator"),
        ("POST", "/api/v1/user"),
        ("PUT", "/api/v1/user/Administrator"),
        ("DELETE", "/api/v1/user/Administrator"),
        ("POST", "/invite_users"),
    ] {
        let body = (method != "GET").then_some(r#"{"handle":"new@example.com","name":"x"}"#);
        let answer = server.datadog_as(&key, method, path, body);
        assert_eq!(answer.parts(), (403, json!({"status": "error", "code": 403, "errors": ["Forbidden"]})), "{path}");
    }
    let bearer = format!("Bearer {key}");
    let refused = |answer: &Answer, call: &str| {
        assert_eq!(answer.status, 403, "{call}: {}", answer.text());
        assert!(answer.text().contains("provision") || answer.json().is_object(), "{call}: {}", answer.text());
        assert!(!answer.text().contains("Administrator"), "{call}: {}", answer.text());
    };
    for query in ["", "?since=0", "?since=now", "?since=0&wait=1"] {
        refused(&ask_as(&server, &bearer, query), query);
    }
    for path in ["/nuxeo/api/v1/user/Administrator", "/nuxeo/api/v1/user/search?q=*", "/nuxeo/api/v1/me"] {
        for name in ["X-Authentication-Token", "Authorization"] {
            let value = if name == "Authorization" { &bearer } else { &key };
            let answer = server.request("GET", path, &[(name, value)], None);
            assert_eq!(answer.status, 401, "{path} {name}: {}", answer.text());
        }
    }
    assert_eq!(differences(&before, &State::of(&server.folder).whole()), [""; 0]);
    // A key that is revoked while the server runs is refused at once.
    let created = secret(&create_key(&server.folder, "app", Some("provision")));
    let bearer = format!("Bearer {created}");
    assert_eq!(call_as(&server, &bearer, "GET", "/Users", &Value::Null).status, 200);
    revoke_last(&server);
    assert_error(&call_as(&server, &bearer, "GET", "/Users", &Value::Null), 401, "", "revoked");
    assert_eq!(search(&server, "/Users", &json!({}))["totalResults"], 1);
}
