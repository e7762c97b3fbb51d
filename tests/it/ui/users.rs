//! Users on the admin page.

use super::{error, with_ada};
use crate::support::nuxeo::{create_group, create_user};
use crate::support::server::Server;
use crate::support::ui::{Browser, SIGN, administrator};
use serde_json::{Value, json};

#[test]
fn users_are_created_shown_updated_and_deleted() {
    let server = Server::start();
    create_group(&server, json!({"groupname": "engines/two"}));
    let mut admin = administrator(&server);
    let new = json!({"name": "Ada Lovelace/x", "first_name": "Ada", "email": "ada@example.com", "password": "pw",
        "groups": ["engines/two"], "properties": {"desk": [1, "b"]}, "title": null});
    let answer = admin.call("POST", "users", &new);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let tag = answer.header("ETag").expect("a tag").to_owned();
    let mut shown = answer.json();
    assert_eq!(admin.call("POST", "users", &new).parts(), (409, error("user already exists: Ada Lovelace/x")));
    let path = "users/Ada%20Lovelace%2Fx";
    let found = admin.get(path);
    assert_eq!((found.status, found.json(), found.header("ETag")), (200, shown.clone(), Some(tag.as_str())));
    for name in ["uuid", "created", "updated"] {
        assert!(
            shown.as_object_mut().expect("an object").remove(name).is_some_and(|value| value.is_string()),
            "{name}"
        );
    }
    let wanted = json!({"name": "Ada Lovelace/x", "first_name": "Ada", "email": "ada@example.com", "role": "standard",
        "disabled": false, "verified": false, "groups": ["engines/two"], "inherited_groups": [],
        "properties": {"desk": [1, "b"]}});
    assert_eq!(shown, wanted);

    let change = json!({"first_name": "", "last_name": "King", "disabled": true, "properties": {"desk": null, "a": 1}});
    let answer = admin.send("PATCH", path, &[SIGN, ("If-Match", &tag)], &change);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let document = answer.json();
    assert_eq!((&document["first_name"], &document["last_name"]), (&Value::Null, &json!("King")));
    assert_eq!((&document["properties"], &document["disabled"]), (&json!({"a": 1}), &json!(true)));
    assert_eq!(document["email"], "ada@example.com");
    let changed = (412, error("it has been changed in the meantime"));
    for (method, body) in [("PATCH", &json!({"title": "x"})), ("DELETE", &Value::Null)] {
        assert_eq!(admin.send(method, path, &[SIGN, ("If-Match", &tag)], body).parts(), changed);
    }
    let current = answer.header("ETag").expect("a tag").to_owned();
    assert_eq!(admin.send("GET", path, &[("If-None-Match", &current)], &Value::Null).status, 304);
    // A password that was set, and one that no answer may show.
    assert_eq!(admin.call("PUT", &format!("{path}/password"), &json!({"password": "pw-2"})).status, 204);
    assert_eq!(admin.call("PATCH", path, &json!({"disabled": false})).status, 200);
    let mut ada = Browser::of(&server, "ada lovelace/X", "pw-2");
    assert_eq!(ada.get("session").json()["user"], "Ada Lovelace/x");
    // The other dialects have the same user.
    assert_eq!(server.nuxeo("GET", "/user/Ada%20Lovelace%2Fx", None).json()["properties"]["lastName"], "King");
    assert_eq!(admin.call("DELETE", path, &Value::Null).status, 204);
    assert_eq!(admin.get(path).parts(), (404, error("user does not exist: Ada Lovelace/x")));
}

#[test]
fn invalid_changes_are_refused() {
    let server = Server::with(&["--protect", ""]);
    create_user(&server, json!({"username": "ada", "password": "pw-ada", "firstName": "Ada"}));
    let mut admin = administrator(&server);
    let last = "the last enabled administrator has to stay one";
    let words = |count: usize| (0..count).map(|number| format!("{number}+")).collect::<String>();
    let (many, too_many) = (format!("users?text={}", words(33)), format!("groups?text={}", words(1000)));
    for (method, path, body, status, text) in [
        ("POST", "users", json!({"name": ""}), 400, "user name is blank"),
        ("POST", "users", json!({"name": "x", "nick": "y"}), 400, "there is no field nick here"),
        ("POST", "users", json!({"name": "x", "verified": true}), 400, "there is no field verified here"),
        ("POST", "users", json!({"name": "x", "groups": ["nowhere"]}), 404, "group does not exist: nowhere"),
        ("PATCH", "users/ada", json!({"name": "eve"}), 400, "there is no field name here"),
        ("PATCH", "users/ada", json!({"password": "x"}), 400, "there is no field password here"),
        ("PATCH", "users/nobody", json!({"title": "x"}), 404, "user does not exist: nobody"),
        ("PATCH", "users/Administrator", json!({"disabled": true}), 409, last),
        ("DELETE", "users/Administrator", Value::Null, 409, last),
        ("DELETE", "groups/administrators/users/Administrator", Value::Null, 409, last),
        ("DELETE", "groups/administrators", Value::Null, 409, last),
        ("DELETE", "users/nobody", Value::Null, 404, "user does not exist: nobody"),
        ("PUT", "users/ada/password", json!({"password": ""}), 400, "the password is empty"),
        ("PUT", "users/ada/password", json!({}), 400, "password is not a text"),
        ("PUT", "users/nobody/password", json!({"password": "x"}), 404, "user does not exist: nobody"),
        ("POST", "groups", json!({"name": "members"}), 409, "group already exists: members"),
        ("PATCH", "groups/nowhere", json!({"label": "x"}), 404, "group does not exist: nowhere"),
        ("PATCH", "groups/members", json!({"members": []}), 400, "there is no field members here"),
        ("DELETE", "groups/nowhere", Value::Null, 404, "group does not exist: nowhere"),
        ("PUT", "groups/members/users/nobody", Value::Null, 404, "user does not exist: nobody"),
        ("PUT", "groups/nowhere/users/ada", Value::Null, 404, "group does not exist: nowhere"),
        ("PUT", "groups/members/groups/nowhere", Value::Null, 404, "group does not exist: nowhere"),
        ("GET", "users?colour=red", Value::Null, 400, "there is no field colour here"),
        ("GET", "users?limit=0", Value::Null, 400, "limit is not a number from 1 to 200"),
        ("GET", "users?limit=201", Value::Null, 400, "limit is not a number from 1 to 200"),
        ("GET", "users?state=asleep", Value::Null, 400, "state is neither disabled nor enabled"),
        ("GET", "users?verified=1", Value::Null, 400, "verified is neither yes nor no"),
        ("GET", "users?text=%zz", Value::Null, 400, "the query is not percent-encoded UTF-8"),
        ("GET", &many, Value::Null, 400, "the search has more than 32 words"),
        ("GET", &too_many, Value::Null, 400, "the search has more than 32 words"),
        ("GET", "users?group=nowhere", Value::Null, 404, "group does not exist: nowhere"),
        ("GET", "changes?before=x", Value::Null, 400, "before is not the number of a change"),
        ("GET", "nothing", Value::Null, 404, "there is nothing at this path"),
        ("GET", "users/", Value::Null, 404, "there is nothing at this path"),
        ("DELETE", "users/ada/", Value::Null, 404, "there is nothing at this path"),
        ("DELETE", "groups//members", Value::Null, 404, "there is nothing at this path"),
        ("GET", "users/ada/friends", Value::Null, 404, "there is nothing at this path"),
        ("PUT", "users/ada", json!({}), 405, "the path does not have this method"),
        ("POST", "changes", json!({}), 405, "the path does not have this method"),
    ] {
        assert_eq!(admin.call(method, path, &body).parts(), (status, error(text)), "{method} {path} {body}");
    }
    let answer = admin.call("PATCH", "users/ada", &json!({"title": 5}));
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("the body cannot be read: invalid type"), "{}", answer.text());
    assert_eq!(admin.call("PUT", "users/ada", &json!({})).header("Allow"), Some("GET, HEAD, PATCH, DELETE"));
    // The refused call has changed nothing.
    assert_eq!(admin.get("changes?limit=1").json()["changes"][0]["name"], "ada");
}

#[test]
fn callers_cannot_exceed_their_rights() {
    let server = with_ada();
    create_user(&server, json!({"username": "grace", "password": "pw-grace", "groups": ["powerusers"]}));
    let mut ada = Browser::of(&server, "ada", "pw-ada");
    let mut grace = Browser::of(&server, "grace", "pw-grace");
    let changes = [
        ("POST", "users", json!({"name": "eve"})),
        ("PATCH", "users/grace", json!({"title": "x"})),
        ("PATCH", "users/ada", json!({"role": "admin"})),
        ("PUT", "users/ada/password", json!({"password": "x"})),
        ("DELETE", "users/grace", Value::Null),
        ("POST", "groups", json!({"name": "engines"})),
        ("PATCH", "groups/members", json!({"label": "x"})),
        ("DELETE", "groups/members", Value::Null),
        ("PUT", "groups/members/users/ada", Value::Null),
        ("DELETE", "groups/powerusers/users/grace", Value::Null),
        ("PUT", "groups/members/groups/powerusers", Value::Null),
        ("GET", "changes", Value::Null),
        ("GET", "figures", Value::Null),
    ];
    for (method, path, body) in &changes {
        assert_eq!(ada.call(method, path, body).parts(), (403, error("not allowed")), "{method} {path}");
    }
    assert_eq!(ada.get("users/grace").status, 200);
    for (method, path, body) in [
        ("PATCH", "users/ada", json!({"role": "admin"})),
        ("PATCH", "users/Administrator", json!({"title": "x"})),
        ("PUT", "users/Administrator/password", json!({"password": "x"})),
        ("PUT", "groups/administrators/users/grace", Value::Null),
        ("PUT", "groups/administrators/groups/powerusers", Value::Null),
        ("POST", "groups", json!({"name": "engines", "groups": ["administrators"]})),
        ("GET", "changes", Value::Null),
        ("GET", "figures", Value::Null),
    ] {
        assert_eq!(grace.call(method, path, &body).parts(), (403, error("not allowed")), "{method} {path}");
    }
    assert_eq!(grace.call("PATCH", "users/ada", &json!({"title": "Countess"})).status, 200);
    assert_eq!(grace.call("PUT", "users/ada/password", &json!({"password": "x"})).status, 204);
    assert_eq!(ada.get("session").status, 401);
}
