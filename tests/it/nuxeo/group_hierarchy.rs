//! Groups in groups: chains and cycles.

use crate::support::nuxeo::{assert_refused, create_group, create_user, escaped, ids};
use crate::support::nuxeo_groups::{all_of, lists, reach};
use crate::support::server::Server;
use serde_json::json;

#[test]
fn parent_groups_are_listed_level_by_level() {
    let server = Server::start();
    create_group(&server, json!({"id": "top", "grouplabel": "The top"}));
    for (name, parents) in [
        ("p1", json!(["top"])),
        ("p2", json!(["p1"])),
        ("q1", json!(["top"])),
        ("a", json!(["p1", "p2"])),
        ("b", json!(["q1"])),
    ] {
        create_group(&server, json!({"id": name, "parentGroups": parents}));
    }
    let ada = create_user(&server, json!({"username": "ada", "groups": ["b", "a"]}));
    assert_eq!(ada["properties"]["groups"], json!(["b", "a"]), "only the direct ones");
    // Direct groups in the order of joining, then the parents of the first, of the second, then their parents; each
    // once.
    assert_eq!(reach(&server, "ada"), ["b", "a", "q1", "p1", "p2", "top"]);
    assert_eq!(
        ada["extendedGroups"][5],
        json!({"name": "top", "label": "The top", "url": "group/top"}),
        "a label where there is one"
    );
    assert_eq!(ada["extendedGroups"][0], json!({"name": "b", "label": "b", "url": "group/b"}), "else the name");
    assert_eq!(ada["isAdministrator"], json!(false));

    // A user is an administrator through any number of groups.
    let body = json!({"entity-type": "group", "parentGroups": ["administrators"]}).to_string();
    assert_eq!(server.nuxeo("PUT", "/group/top", Some(&body)).status, 200);
    assert_eq!(server.nuxeo("GET", "/user/ada", None).json()["isAdministrator"], json!(true));
    assert_eq!(reach(&server, "ada"), ["b", "a", "q1", "p1", "p2", "top", "administrators"]);
    let nobody: [&str; 0] = [];
    assert_eq!(ids(&server, "/group/top/@users"), nobody, "only direct members are listed");
    assert_eq!(server.nuxeo("DELETE", "/group/q1", None).status, 204);
    assert_eq!(reach(&server, "ada"), ["b", "a", "p1", "p2", "top", "administrators"]);
}

#[test]
fn a_long_chain_of_groups_is_followed_to_its_end() {
    let server = Server::start();
    let mut names = vec!["g000".to_owned()];
    create_group(&server, json!({"id": "g000"}));
    for number in 1..200 {
        let name = format!("g{number:03}");
        create_group(&server, json!({"id": name, "memberGroups": [format!("g{:03}", number - 1)]}));
        names.push(name);
    }
    create_user(&server, json!({"username": "ada", "groups": ["g000"]}));
    assert_eq!(reach(&server, "ada"), names);
    let cycle = json!({"entity-type": "group", "memberGroups": ["g199"]}).to_string();
    assert_refused(&server.nuxeo("PUT", "/group/g000", Some(&cycle)), 400, "the longest way round");
    assert_eq!(reach(&server, "ada"), names);
}

#[test]
fn a_cycle_of_groups_is_refused_and_nothing_changes() {
    let server = Server::start();
    create_group(&server, json!({"id": "c"}));
    create_group(&server, json!({"id": "b", "memberGroups": ["c"]}));
    create_group(&server, json!({"id": "a", "memberGroups": ["b"]}));
    let state = || ["a", "b", "c"].map(|name| all_of(&server, name));
    let before = state();
    for (method, path, part) in [
        ("PUT", "/group/a", json!({"memberGroups": ["a"]})),
        ("PUT", "/group/a", json!({"parentGroups": ["a"]})),
        ("PUT", "/group/a", json!({"memberGroups": ["b", "a"]})),
        ("PUT", "/group/a", json!({"parentGroups": ["b"]})),
        ("PUT", "/group/a", json!({"parentGroups": ["c"]})),
        ("PUT", "/group/b", json!({"memberGroups": ["a", "c"]})),
        ("PUT", "/group/b", json!({"memberGroups": ["c"], "parentGroups": ["c"]})),
        ("PUT", "/group/c", json!({"memberGroups": ["a"]})),
        ("PUT", "/group/c", json!({"memberGroups": ["members", "b"]})),
        ("POST", "/group", json!({"id": "d", "memberGroups": ["d"]})),
        ("POST", "/group", json!({"id": "d", "parentGroups": ["d"]})),
        ("POST", "/group", json!({"id": "d", "memberGroups": ["a"], "parentGroups": ["a"]})),
        ("POST", "/group", json!({"id": "d", "memberGroups": ["a"], "parentGroups": ["c"]})),
    ] {
        let mut body = part;
        body["entity-type"] = json!("group");
        body["grouplabel"] = json!("changed");
        body["memberUsers"] = json!(["Administrator"]);
        let body = body.to_string();
        assert_refused(&server.nuxeo(method, path, Some(&body)), 400, &format!("{method} {path} {body}"));
        assert_eq!(state(), before, "{method} {path} {body}");
        assert_eq!(server.nuxeo("GET", "/group/d", None).status, 404, "{body}");
    }
    // A chain without a cycle at the end of an update is valid: here two groups change places in one update.
    let turned = json!({"entity-type": "group", "memberGroups": ["a"], "parentGroups": []}).to_string();
    assert_eq!(server.nuxeo("PUT", "/group/b", Some(&turned)).status, 200);
    assert_eq!(lists(&server, "a"), [json!([]), json!([]), json!(["b"])]);
}

#[test]
fn new_group_closes_no_cycle_through_pending_members() {
    let server = Server::start();
    create_group(&server, json!({"id": "team", "memberGroups": ["future child"], "parentGroups": ["future parent"]}));
    let team = all_of(&server, "team");
    for part in [
        json!({"id": "future child", "memberGroups": ["team"]}),
        json!({"id": "future parent", "parentGroups": ["team"]}),
    ] {
        let mut body = part;
        body["entity-type"] = json!("group");
        let body = body.to_string();
        assert_refused(&server.nuxeo("POST", "/group", Some(&body)), 400, &body);
        assert_eq!(all_of(&server, "team"), team, "{body}");
    }
    // Here the last new group would close the cycle, by names that are pending in other groups. The server refuses it,
    // or one of the names stays pending; a GET returns the lists as they were written either way.
    let parent = json!({"id": "future parent", "parentGroups": ["future child"], "memberGroups": ["team"]});
    create_group(&server, parent);
    let before = [all_of(&server, "team"), all_of(&server, "future parent")];
    let child = json!({"entity-type": "group", "id": "future child"}).to_string();
    let answer = server.nuxeo("POST", "/group", Some(&child));
    assert!([201, 400].contains(&answer.status), "{}", answer.text());
    assert_eq!([all_of(&server, "team"), all_of(&server, "future parent")], before);
    let groups: &[&str] = if answer.status == 201 { &["team", "future parent", "future child"] } else { &["team"] };
    for name in groups {
        let member = format!("member of {name}");
        create_user(&server, json!({"username": member, "groups": [name]}));
        let reached = reach(&server, &escaped(&member));
        assert!(reached.len() < 3 || *name == "future child", "{name} is in a cycle: {reached:?}");
    }
}
