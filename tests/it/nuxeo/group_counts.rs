//! Member counts, and changes that count as changes of a group.

use crate::support::database::State;
use crate::support::nuxeo::{create_group, outline, user_body};
use crate::support::nuxeo_groups::{all_of, lists};
use crate::support::server::Server;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Compares each count of a page with its entries, and the entries with the lists of other calls.
fn assert_counts(server: &Server, when: &str) {
    let answered = |path: &str| {
        let separator = if path.contains('?') { '&' } else { '?' };
        let (whole, entries) = outline(&server.nuxeo("GET", &format!("{path}{separator}pageSize=1000"), None));
        let (one, _) = outline(&server.nuxeo("GET", &format!("{path}{separator}pageSize=1"), None));
        assert_eq!(whole["resultsCount"], one["resultsCount"], "{when}: {path}");
        let mut names: Vec<String> = entries.iter().map(|name| name.to_lowercase()).collect();
        names.sort();
        (whole["resultsCount"].clone(), names)
    };
    let (count, users) = answered("/user/search?q=*");
    assert_eq!(count, json!(users.len()), "{when}: users");
    let listed = server.datadog("GET", "/api/v1/user", None).json();
    assert_eq!(listed["users"].as_array().map(Vec::len), Some(users.len()), "{when}: users");
    let (count, groups) = answered("/group/search?q=*");
    assert_eq!(count, json!(groups.len()), "{when}: groups");
    for group in &groups {
        let [member_users, member_groups, _] = lists(server, group);
        for (part, listed, there) in [("@users", member_users, &users), ("@groups", member_groups, &groups)] {
            let listed = listed.as_array().expect("a list").iter().filter_map(Value::as_str);
            let listed: Vec<String> = listed.map(str::to_lowercase).collect();
            // Pending members are counted and not shown.
            let mut real: Vec<&String> = listed.iter().filter(|name| there.contains(name)).collect();
            real.sort();
            let (count, entries) = answered(&format!("/group/{group}/{part}"));
            assert_eq!(count, json!(listed.len()), "{when}: {part} of {group}");
            assert_eq!(entries.iter().collect::<Vec<_>>(), real, "{when}: {part} of {group}");
        }
    }
}

#[test]
fn member_counts_stay_correct_after_every_change() {
    let server = Server::start();
    let user = |name: &str, groups: Value| user_body(json!({"username": name, "groups": groups}));
    let groups = |groups: Value| user_body(json!({"groups": groups}));
    let group = |mut part: Value| {
        part["entity-type"] = json!("group");
        part.to_string()
    };
    let none = String::new;
    assert_counts(&server, "at the start");
    let steps: Vec<(&str, &str, String, u16)> = vec![
        ("POST", "/group", group(json!({"id": "team", "memberUsers": ["ghost", "Administrator"]})), 201),
        ("POST", "/group", group(json!({"id": "crew", "memberGroups": ["team", "phantom"]})), 201),
        ("POST", "/user", user("ada", json!(["team", "members", "crew"])), 201),
        ("POST", "/user", user("bob", json!(["team"])), 201),
        ("POST", "/user", user("eve", json!([])), 201),
        // A write that fails half way does not change the counts.
        ("POST", "/user", user("zoe", json!(["team", "nowhere"])), 403),
        ("POST", "/user", user("ada", json!(["team"])), 409),
        ("PUT", "/user/eve", groups(json!(["team", "nowhere"])), 403),
        ("DELETE", "/user/Administrator", none(), 409),
        ("DELETE", "/group/administrators", none(), 409),
        (
            "PUT",
            "/group/administrators",
            group(json!({"memberUsers": ["ada", "Administrator", "bob"], "memberGroups": []})),
            200,
        ),
        ("PUT", "/group/administrators", group(json!({"memberUsers": ["Administrator"]})), 200),
        ("PUT", "/group/team", group(json!({"memberUsers": ["eve"], "memberGroups": ["crew"]})), 400),
        ("POST", "/group", group(json!({"id": "loop", "memberUsers": ["eve"], "memberGroups": ["loop"]})), 400),
        // Memberships from both sides, twice each.
        ("POST", "/user/eve/group/team", none(), 201),
        ("POST", "/group/team/user/eve", none(), 201),
        ("DELETE", "/user/bob/group/team", none(), 200),
        ("DELETE", "/group/team/user/bob", none(), 200),
        ("PUT", "/user/bob", groups(json!(["crew", "team", "members"])), 200),
        ("PUT", "/user/bob", groups(json!(["team", "crew"])), 200),
        ("PUT", "/user/bob", groups(json!(["team", "team"])), 200),
        ("PUT", "/group/team", group(json!({"memberUsers": ["eve", "ghost", "ada", "nobody", "eve"]})), 200),
        ("PUT", "/group/team", group(json!({"memberUsers": ["ADA", "ghost", "bob"]})), 200),
        ("PUT", "/group/team", group(json!({"memberUsers": ["ada", "bob", "ghost"]})), 200),
        ("PUT", "/group/crew", group(json!({"memberGroups": ["phantom", "members", "team"]})), 200),
        ("PUT", "/group/members", group(json!({"parentGroups": ["team"]})), 200),
        ("PUT", "/group/members", group(json!({"parentGroups": ["crew", "team"]})), 200),
        // Pending members are created and deleted.
        ("POST", "/user", user("ghost", json!(["crew"])), 201),
        ("POST", "/group", group(json!({"id": "phantom", "memberUsers": ["ghost"], "memberGroups": []})), 201),
        ("DELETE", "/user/ghost", none(), 204),
        ("DELETE", "/group/phantom", none(), 204),
        ("POST", "/user", user("ghost", json!([])), 201),
        ("DELETE", "/user/ada", none(), 204),
        ("DELETE", "/user/ada", none(), 404),
        ("DELETE", "/group/team", none(), 204),
        ("DELETE", "/group/team", none(), 404),
        ("POST", "/group", group(json!({"id": "team", "memberUsers": ["bob", "eve"], "parentGroups": ["crew"]})), 201),
        ("DELETE", "/group/crew", none(), 204),
        ("DELETE", "/user/bob", none(), 204),
        ("DELETE", "/group/team", none(), 204),
        ("DELETE", "/user/eve", none(), 204),
    ];
    for (method, path, body, status) in &steps {
        let answer = server.nuxeo(method, path, (!body.is_empty()).then_some(body.as_str()));
        assert_eq!(answer.status, *status, "{method} {path} {body}: {}", answer.text());
        assert_counts(&server, &format!("{method} {path} {body}"));
    }
    for (method, path, body, status) in [
        ("POST", "/api/v1/user", r#"{"handle":"ada@x.io","access_role":"adm"}"#, 200),
        ("POST", "/api/v1/user", r#"{"handle":"ada@x.io"}"#, 409),
        ("PUT", "/api/v1/user/ada@x.io", r#"{"access_role":"adm"}"#, 200),
        ("PUT", "/api/v1/user/ada@x.io", r#"{"access_role":"st"}"#, 200),
        ("PUT", "/api/v1/user/Administrator", r#"{"access_role":"st"}"#, 400),
        ("POST", "/invite_users", r#"{"emails":["bob@x.io","ada@x.io","bob@x.io","eve@x.io"]}"#, 200),
        ("POST", "/invite_users", r#"{"emails":["zoe@x.io","nobody"]}"#, 400),
        ("DELETE", "/api/v1/user/bob@x.io", "", 200),
        ("POST", "/api/v1/user", r#"{"handle":"bob@x.io","access_role":"adm"}"#, 200),
    ] {
        let answer = server.datadog(method, path, (!body.is_empty()).then_some(body));
        assert_eq!(answer.status, status, "{method} {path} {body}: {}", answer.text());
        assert_counts(&server, &format!("{method} {path} {body}"));
    }
    let folder = std::sync::Arc::clone(&server.folder);
    server.kill();
    assert_counts(&Server::over(folder, &[]), "after a crash");
}

/// Each group with its lists, and how many changes of it have been counted.
fn counted(server: &Server, state: &State) -> BTreeMap<String, (Value, i64)> {
    let names = state.texts("select name from groups");
    let version = |name: &String| {
        let found = state.texts(&format!("select cast(version as text) from groups where name = '{name}'"));
        found[0].parse().expect("a number")
    };
    names.into_iter().map(|name| (name.clone(), (all_of(server, &name), version(&name)))).collect()
}

#[test]
fn every_change_of_a_member_list_changes_the_group_version() {
    let server = Server::start();
    let state = State::of(&server.folder);
    for name in ["one", "two", "three", "four"] {
        create_group(&server, json!({"id": name}));
    }
    let lists = |lists: Value| {
        let mut body = lists;
        body["entity-type"] = json!("group");
        body.to_string()
    };
    let user = |name: &str, groups: Value| user_body(json!({"username": name, "groups": groups}));
    let datadog = |body: Value| body.to_string();
    let (none, eve) = (String::new, "eve@example.com");
    // The call, and the groups of which a list is another one afterwards.
    let rows: &[(&str, &str, String, &[&str])] = &[
        // From the side of a user.
        ("POST", "/user", user("ada", json!(["one", "two"])), &["one", "two"]),
        ("POST", "/user", user("bob", json!(["one", "two"])), &["one", "two"]),
        ("PUT", "/user/ada", user("ada", json!(["two", "one"])), &["one"]),
        ("PUT", "/user/ada", user("ada", json!(["two", "one", "three"])), &["three"]),
        ("PUT", "/user/ada", user("ada", json!(["three", "two"])), &["one", "two"]),
        ("POST", "/user/ada/group/one", none(), &["one"]),
        ("DELETE", "/user/ada/group/one", none(), &["one"]),
        ("POST", "/group/one/user/ada", none(), &["one"]),
        ("DELETE", "/group/one/user/ada", none(), &["one"]),
        ("PUT", "/api/v1/user/ada", datadog(json!({"access_role": "adm"})), &["administrators"]),
        ("PUT", "/api/v1/user/ada", datadog(json!({"access_role": "ro"})), &["administrators"]),
        ("POST", "/api/v1/user", datadog(json!({"handle": eve, "disabled": true})), &[]),
        ("POST", "/api/v1/user", datadog(json!({"handle": eve, "access_role": "adm"})), &["administrators"]),
        ("DELETE", "/user/eve@example.com", none(), &["administrators"]),
        // From the side of a group: users,
        ("PUT", "/group/one", lists(json!({"memberUsers": ["bob", "ada"]})), &["one"]),
        ("PUT", "/group/one", lists(json!({"memberUsers": ["ada", "bob"]})), &["one"]),
        ("PUT", "/group/one", lists(json!({"memberUsers": ["ADA", "bob"]})), &["one"]),
        ("PUT", "/group/one", lists(json!({"memberUsers": ["ADA", "late", "bob"]})), &["one"]),
        ("PUT", "/group/one", lists(json!({"memberUsers": ["ADA", "Late", "bob"]})), &["one"]),
        ("PUT", "/group/one", lists(json!({"memberUsers": ["Late", "bob", "x@example.com"]})), &["one"]),
        // groups and parents.
        ("PUT", "/group/one", lists(json!({"memberGroups": ["two", "three"]})), &["one", "three", "two"]),
        ("PUT", "/group/four", lists(json!({"memberGroups": ["three"]})), &["four", "three"]),
        ("PUT", "/group/one", lists(json!({"memberGroups": ["three", "two"]})), &["one"]),
        ("PUT", "/group/one", lists(json!({"memberGroups": ["THREE", "two"]})), &["one", "three"]),
        ("PUT", "/group/three", lists(json!({"parentGroups": ["ONE", "four"]})), &["one", "three"]),
        ("PUT", "/group/three", lists(json!({"parentGroups": ["four", "one"]})), &["three"]),
        ("PUT", "/group/three", lists(json!({"parentGroups": ["nowhere", "four"]})), &["one", "three"]),
        ("PUT", "/group/one", lists(json!({"memberGroups": ["two", "new"], "parentGroups": ["late"]})), &["one"]),
        ("PUT", "/group/two", lists(json!({"parentGroups": []})), &["one", "two"]),
        // Users and groups with pending memberships are created and deleted.
        ("POST", "/user", user("LATE", json!([])), &[]),
        ("POST", "/user/late/group/two", none(), &["two"]),
        ("POST", "/invite_users", datadog(json!({"emails": ["x@example.com"]})), &[]),
        ("DELETE", "/user/x@example.com", none(), &["one"]),
        ("POST", "/group", lists(json!({"id": "New", "memberGroups": ["four"]})), &["four"]),
        ("POST", "/group", lists(json!({"id": "late", "parentGroups": ["two"]})), &["two"]),
        ("POST", "/group", lists(json!({"id": "Nowhere", "memberGroups": ["Late"]})), &["late"]),
        ("DELETE", "/group/late", none(), &["Nowhere", "one", "two"]),
        ("DELETE", "/group/nowhere", none(), &["three"]),
        ("DELETE", "/group/new", none(), &["four", "one"]),
        ("DELETE", "/user/late", none(), &["one", "two"]),
    ];
    for (method, path, body, expected) in rows {
        let call = format!("{method} {path} {body}");
        let before = counted(&server, &state);
        let sent = (!body.is_empty()).then_some(body.as_str());
        let answer = match path.starts_with("/api") || path.starts_with("/invite") {
            true => server.datadog(method, path, sent),
            false => server.nuxeo(method, path, sent),
        };
        assert!(answer.status < 300, "{call}: {}", answer.text());
        let mut changed = Vec::new();
        for (name, (after, version)) in counted(&server, &state) {
            let Some((document, counted)) = before.get(&name).filter(|(document, _)| *document != after) else {
                continue;
            };
            assert!(version > *counted, "{call}: {document} is now {after}");
            changed.push(name);
        }
        assert_eq!(changed, *expected, "{call}");
    }
}
