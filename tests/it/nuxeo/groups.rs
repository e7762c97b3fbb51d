//! Groups and memberships in the Nuxeo dialect.

use crate::support::client::{Answer, basic};
use crate::support::database::State;
use crate::support::nuxeo::{
    ALL_LISTS, assert_refused, check, create_group, create_user, escaped, ids, outline, page, readable,
    reference_directory, refusal, user, user_body,
};
use crate::support::server::{ADMIN_PASSWORD, Server};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The whole group entity without member lists; `name`, which new servers add, is checked and left out by `entity`.
fn group(name: &str, label: Option<&str>, description: Option<&str>) -> Value {
    json!({
        "entity-type": "group", "id": name, "groupname": name, "grouplabel": label.unwrap_or(name),
        "properties": {"groupname": name, "grouplabel": label, "description": description, "tenantId": null},
    })
}

/// The same with these three member lists.
fn full(name: &str, users: Value, groups: Value, parents: Value) -> Value {
    let mut group = group(name, None, None);
    group["memberUsers"] = users;
    group["memberGroups"] = groups;
    group["parentGroups"] = parents;
    group
}

/// The status and the document, without the `name` beside a group's `id`.
fn entity(answer: &Answer) -> (u16, Value) {
    let (status, mut document) = answer.parts();
    if document["entity-type"] == json!("group") {
        let name = document.as_object_mut().expect("an object").remove("name");
        assert!(name.is_none() || name.as_ref() == Some(&document["id"]), "name and id differ: {name:?}");
    }
    (status, document)
}

fn check_groups(server: &Server, rows: &[(&str, &str, Value, u16, Value)]) {
    for (method, path, body, status, document) in rows {
        let body = (!body.is_null()).then(|| body.to_string());
        let answer = server.nuxeo(method, path, body.as_deref());
        assert_eq!(entity(&answer), (*status, document.clone()), "{method} {path} {body:?}");
    }
}

/// Everything about a group: the entity with its three lists.
fn all_of(server: &Server, name: &str) -> Value {
    let (status, document) = entity(&server.nuxeo("GET", &format!("/group/{}?{ALL_LISTS}", escaped(name)), None));
    assert_eq!(status, 200, "{document}");
    document
}

/// The three lists of a group.
fn lists(server: &Server, name: &str) -> [Value; 3] {
    let group = all_of(server, name);
    ["memberUsers", "memberGroups", "parentGroups"].map(|list| group[list].clone())
}

/// The groups of a user as `extendedGroups` names them.
fn reach(server: &Server, name: &str) -> Vec<String> {
    let user = server.nuxeo("GET", &format!("/user/{name}"), None).json();
    let groups = user["extendedGroups"].as_array().expect("groups").iter();
    groups.map(|group| group["name"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn a_new_database_has_the_three_known_groups() {
    let server = Server::start();
    let lists = |mut group: Value, users: Value| {
        group["memberUsers"] = users;
        group["memberGroups"] = json!([]);
        group["parentGroups"] = json!([]);
        group
    };
    let known = [
        lists(
            group("administrators", Some("Administrators group"), Some("Group of users with adminstrative rights")),
            json!(["Administrator"]),
        ),
        lists(group("members", Some("Members group"), Some("Group of users with read access rights")), json!([])),
        lists(
            group("powerusers", Some("Power users group"), Some("Group of users with limited administrative rights")),
            json!([]),
        ),
    ];
    for group in known {
        let name = group["id"].as_str().expect("an id");
        assert_eq!(all_of(&server, name), group);
    }
    assert_eq!(ids(&server, "/group/search?q=*"), ["administrators", "members", "powerusers"]);
    assert_eq!(ids(&server, "/user/search?q=*"), ["Administrator"]);
}

#[test]
fn a_group_is_created_read_changed_and_deleted() {
    let server = Server::start();
    let team = |label: &str, description: Option<&str>| group("team", Some(label), description);
    let body = |label: &str| json!({"entity-type": "group", "id": "team", "grouplabel": label});
    let no_group = || refusal(404, "group does not exist");
    check_groups(
        &server,
        &[
            ("GET", "/group/team", Value::Null, 404, no_group()),
            ("PUT", "/group/team", body("x"), 404, no_group()),
            ("DELETE", "/group/team", Value::Null, 404, no_group()),
            ("POST", "/group", body("The team"), 201, team("The team", None)),
            ("POST", "/group", body("Again"), 409, refusal(409, "Group already exists")),
            (
                "POST",
                "/group",
                json!({"entity-type": "group", "groupname": " TEAM "}),
                409,
                refusal(409, "Group already exists"),
            ),
            ("GET", "/group/team", Value::Null, 200, team("The team", None)),
            ("GET", "/group/TEAM", Value::Null, 200, team("The team", None)),
            ("GET", "/group/%20team%20", Value::Null, 200, team("The team", None)),
            ("GET", "/group/team/", Value::Null, 200, team("The team", None)),
            (
                "PUT",
                "/group/team",
                json!({"entity-type": "group", "id": "team", "properties": {"description": "Who play"}}),
                200,
                team("The team", Some("Who play")),
            ),
            (
                "PUT",
                "/group/team",
                json!({"entity-type": "group", "properties": {"description": null, "grouplabel": "They"}}),
                200,
                team("They", None),
            ),
            ("PUT", "/group/team", json!({"entity-type": "group"}), 200, team("They", None)),
            ("POST", "/group/", json!({"entity-type": "group", "id": "slashed"}), 201, group("slashed", None, None)),
        ],
    );
    let deleted = server.nuxeo("DELETE", "/group/team", None);
    assert_eq!((deleted.status, deleted.text()), (204, ""));
    check_groups(
        &server,
        &[
            ("GET", "/group/team", Value::Null, 404, no_group()),
            ("DELETE", "/group/team", Value::Null, 404, no_group()),
            ("POST", "/group", json!({"entity-type": "group", "id": "Team"}), 201, group("Team", None, None)),
        ],
    );
}

#[test]
fn a_new_group_is_named_by_id_groupname_or_property_in_that_order() {
    let server = Server::start();
    for (mut body, name) in [
        (json!({"id": "a"}), "a"),
        (json!({"groupname": "b"}), "b"),
        (json!({"properties": {"groupname": "c"}}), "c"),
        (json!({"id": "x", "groupname": "d"}), "d"),
        (json!({"id": "e", "groupname": "e"}), "e"),
        (json!({"id": "f", "groupname": ""}), "f"),
        (json!({"id": "g", "groupname": null}), "g"),
        (json!({"id": "", "groupname": "h"}), "h"),
        (json!({"id": null, "groupname": "i"}), "i"),
        (json!({"id": "", "groupname": " ", "properties": {"groupname": "j"}}), "j"),
        (json!({"id": "k", "properties": {"groupname": "x"}}), "k"),
        (json!({"groupname": "l", "properties": {"groupname": "x"}}), "l"),
        (json!({"id": "x", "groupname": "m", "properties": {"groupname": "y"}}), "m"),
        (json!({"id": "  n  "}), "n"),
        (json!({"groupname": " o"}), "o"),
        (json!({"properties": {"groupname": "p "}}), "p"),
        (json!({"id": 7}), "7"),
        (json!({"id": "x", "groupname": true}), "true"),
    ] {
        body["entity-type"] = json!("group");
        let path = format!("/group/{name}");
        check_groups(
            &server,
            &[
                ("POST", "/group", body, 201, group(name, None, None)),
                ("GET", &path, Value::Null, 200, group(name, None, None)),
            ],
        );
    }
    for name in ["x", "y"] {
        assert_eq!(server.nuxeo("GET", &format!("/group/{name}"), None).status, 404, "{name}");
    }
}

#[test]
fn a_group_must_have_a_name_without_control_characters() {
    let server = Server::start();
    for body in [
        json!({}),
        json!({"id": ""}),
        json!({"id": null}),
        json!({"groupname": "  "}),
        json!({"grouplabel": "Only a label"}),
        json!({"properties": {}}),
        json!({"properties": null}),
        json!({"properties": {"groupname": ""}}),
        json!({"properties": {"groupname": null}}),
        json!({"id": " ", "groupname": "\t", "properties": {"groupname": " "}}),
    ] {
        let mut body = body;
        body["entity-type"] = json!("group");
        check_groups(&server, &[("POST", "/group", body, 400, refusal(400, "Group MUST have a name"))]);
    }
    let long = "x".repeat(256);
    let names = ["a\u{0}b", "\u{0}", "a\u{1}b", "a\nb", "a\u{7f}b", "a\u{fffe}b", "a\u{fdd0}b", "\u{10ffff}", &long];
    for name in names {
        for body in [json!({"id": name}), json!({"groupname": name}), json!({"properties": {"groupname": name}})] {
            let mut body = body;
            body["entity-type"] = json!("group");
            let body = body.to_string();
            assert_refused(&server.nuxeo("POST", "/group", Some(&body)), 400, &body);
        }
        // Nor does a group wait for a member that there can never be.
        for list in ["memberUsers", "memberGroups", "parentGroups"] {
            let mut body = json!({"entity-type": "group", "id": "waiting"});
            body[list] = json!(["fine", name]);
            let body = body.to_string();
            assert_refused(&server.nuxeo("POST", "/group", Some(&body)), 400, &body);
            assert_refused(
                &server.nuxeo("PUT", "/group/members", Some(&body.replace("waiting", "members"))),
                400,
                &body,
            );
        }
    }
    assert_eq!(ids(&server, "/group/search?q=*"), ["administrators", "members", "powerusers"]);
}

#[test]
fn a_value_of_the_wrong_shape_is_refused_and_changes_nothing() {
    let server = Server::start();
    create_group(&server, json!({"id": "team", "grouplabel": "The team"}));
    let before = all_of(&server, "team");
    for (key, value) in
        [("description", json!({})), ("description", json!(["x"])), ("grouplabel", json!([])), ("tenantId", json!({}))]
    {
        let message = format!("Unable to deserialize property: {key}");
        for (method, path, name) in [("POST", "/group", "new"), ("PUT", "/group/team", "team")] {
            let mut body = json!({"entity-type": "group", "id": name, "properties": {}});
            body["properties"][key] = value.clone();
            check_groups(&server, &[(method, path, body, 400, refusal(400, &message))]);
        }
    }
    for part in [
        json!({"id": {}}),
        json!({"id": ["team"]}),
        json!({"groupname": {}}),
        json!({"grouplabel": {}}),
        json!({"properties": []}),
        json!({"properties": "description"}),
        json!({"properties": {"groupname": []}}),
    ] {
        let mut body = part;
        body["entity-type"] = json!("group");
        let body = body.to_string();
        assert_refused(&server.nuxeo("POST", "/group", Some(&body)), 400, &body);
        assert_refused(&server.nuxeo("PUT", "/group/team", Some(&body)), 400, &body);
    }
    assert_eq!(all_of(&server, "team"), before);
    assert_eq!(ids(&server, "/group/search?q=*"), ["administrators", "members", "powerusers", "team"]);
}

#[test]
fn on_create_the_label_on_top_wins_over_the_one_in_the_properties() {
    let server = Server::start();
    for (name, part, label) in [
        ("none", json!({}), None),
        ("top", json!({"grouplabel": "Top"}), Some("Top")),
        ("inner", json!({"properties": {"grouplabel": "Inner"}}), Some("Inner")),
        ("both", json!({"grouplabel": "Top", "properties": {"grouplabel": "Inner"}}), Some("Top")),
        ("same", json!({"grouplabel": "Same", "properties": {"grouplabel": "Same"}}), Some("Same")),
        ("number", json!({"grouplabel": 5}), Some("5")),
    ] {
        let mut body = part;
        body["entity-type"] = json!("group");
        body["id"] = json!(name);
        let path = format!("/group/{name}");
        check_groups(
            &server,
            &[
                ("POST", "/group", body, 201, group(name, label, None)),
                ("GET", &path, Value::Null, 200, group(name, label, None)),
            ],
        );
    }
}

#[test]
fn on_update_the_label_that_was_changed_wins() {
    let server = Server::start();
    for (number, (part, label)) in [
        (json!({}), "Old"),
        (json!({"grouplabel": "New"}), "New"),
        (json!({"properties": {"grouplabel": "New"}}), "New"),
        (json!({"grouplabel": "Old", "properties": {"grouplabel": "New"}}), "New"),
        (json!({"grouplabel": "New", "properties": {"grouplabel": "Old"}}), "New"),
        (json!({"grouplabel": "Top", "properties": {"grouplabel": "Inner"}}), "Inner"),
        (json!({"grouplabel": "New", "properties": {"description": null}}), "New"),
        (json!({"grouplabel": "Old", "properties": {"grouplabel": "Old"}}), "Old"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("group{number}");
        create_group(&server, json!({"id": name, "grouplabel": "Old"}));
        let mut body = part;
        body["entity-type"] = json!("group");
        body["id"] = json!(name);
        let path = format!("/group/{name}");
        check_groups(
            &server,
            &[
                ("PUT", &path, body, 200, group(&name, Some(label), None)),
                ("GET", &path, Value::Null, 200, group(&name, Some(label), None)),
            ],
        );
    }
    // A group without a label takes the one on top, as a new one does.
    create_group(&server, json!({"id": "bare"}));
    let body = json!({"entity-type": "group", "grouplabel": "Top", "properties": {"grouplabel": "Inner"}});
    check_groups(&server, &[("PUT", "/group/bare", body, 200, group("bare", Some("Top"), None))]);
}

#[test]
fn an_update_renames_nothing() {
    let server = Server::start();
    create_group(&server, json!({"id": "team", "grouplabel": "Old", "memberUsers": ["Administrator"]}));
    create_group(&server, json!({"id": "other"}));
    let (team, other) = (all_of(&server, "team"), all_of(&server, "other"));
    for part in [
        json!({"id": "team", "properties": {"groupname": "renamed"}}),
        json!({"groupname": "team", "properties": {"groupname": "renamed"}}),
        json!({"id": "team", "groupname": "team", "properties": {"groupname": "team"}}),
        json!({"id": "TEAM", "groupname": " Team "}),
        json!({"groupname": "team"}),
        json!({"properties": {"groupname": "team"}}),
    ] {
        let mut body = part;
        body["entity-type"] = json!("group");
        check_groups(&server, &[("PUT", "/group/team", body, 200, group("team", Some("Old"), None))]);
    }
    // What names another group is refused, and what names none is not found: the 500 of the reference is kept
    // only where the given page asks for it, for users.
    for (part, status) in [
        (json!({"id": "other"}), 400),
        (json!({"groupname": "other"}), 400),
        (json!({"id": "team", "groupname": "other"}), 400),
        (json!({"properties": {"groupname": "other"}}), 400),
        (json!({"id": "renamed"}), 404),
        (json!({"groupname": "renamed"}), 404),
        (json!({"id": "team", "groupname": "renamed"}), 404),
    ] {
        let mut body = part;
        body["entity-type"] = json!("group");
        body["grouplabel"] = json!("changed");
        body["memberUsers"] = json!([]);
        let body = body.to_string();
        assert_refused(&server.nuxeo("PUT", "/group/team", Some(&body)), status, &body);
    }
    assert_eq!((all_of(&server, "team"), all_of(&server, "other")), (team, other));
    assert_eq!(server.nuxeo("GET", "/group/renamed", None).status, 404);
}

#[test]
fn the_first_of_several_reasons_to_refuse_a_group_is_told() {
    let server = Server::start();
    create_user(&server, json!({"username": "plain", "password": "secret"}));
    create_group(&server, json!({"id": "team"}));
    let plain = ("plain", "secret");
    for (method, path, body, status, message) in [
        ("PUT", "/group/nowhere", "{", 404, "group does not exist"),
        ("DELETE", "/group/nowhere", "", 404, "group does not exist"),
        ("POST", "/group", r#"{"entity-type":"group"}"#, 403, "Cannot create artifact"),
        ("POST", "/group", r#"{"entity-type":"group","id":"team"}"#, 403, "Cannot create artifact"),
        ("PUT", "/group/team", r#"{"entity-type":"group","id":"nowhere"}"#, 403, "User is not allowed to edit users"),
        ("POST", "/group/nowhere/user/nobody", "", 404, "group does not exist"),
        ("POST", "/group/team/user/nobody", "", 404, "User not found"),
        ("POST", "/user/nobody/group/nowhere", "", 404, "user does not exist"),
        ("POST", "/user/plain/group/nowhere", "", 404, "Group not found"),
        ("POST", "/group/team/user/plain", "", 403, "Cannot edit user"),
    ] {
        let answer = server.nuxeo_as(plain, method, path, (!body.is_empty()).then_some(body));
        assert_eq!(answer.parts(), (status, refusal(status, message)), "{method} {path} {body}");
    }
    for (method, path) in [("POST", "/group"), ("PUT", "/group/team")] {
        assert_refused(&server.nuxeo_as(plain, method, path, Some("{")), 400, method);
        for list in ["memberUsers", "memberGroups", "parentGroups"] {
            let mut body = json!({"entity-type": "group", "id": "team"});
            body[list] = json!("plain");
            let answer = server.nuxeo_as(plain, method, path, Some(&body.to_string()));
            let message = format!("Unable to deserialize property: {list}");
            assert_eq!(answer.parts(), (400, refusal(400, &message)), "{method} {path} {body}");
        }
    }
}

#[test]
fn member_lists_come_only_when_asked_for_in_any_spelling() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada"}));
    create_group(&server, json!({"id": "parent"}));
    create_group(
        &server,
        json!({"id": "team", "memberUsers": ["ada"], "memberGroups": ["members"], "parentGroups": ["parent"]}),
    );
    let bare = group("team", None, None);
    let mut users = bare.clone();
    users["memberUsers"] = json!(["ada"]);
    let mut both = users.clone();
    both["memberGroups"] = json!(["members"]);
    let mut all = both.clone();
    all["parentGroups"] = json!(["parent"]);

    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let get = |query: &str, headers: &[(&str, &str)]| {
        let mut sent = vec![("Authorization", authorization.as_str())];
        sent.extend(headers);
        entity(&server.request("GET", &format!("/nuxeo/api/v1/group/team{query}"), &sent, None))
    };
    assert_eq!(get("", &[]), (200, bare.clone()));
    for name in ["fetch-group", "fetch.group", "X-NXfetch-group", "X-NXfetch.group", "Fetch-Group", "x-nxFETCH.GROUP"] {
        for (values, expected) in [
            (&["memberUsers"][..], &users),
            (&["memberUsers,memberGroups"], &both),
            (&["memberUsers", "memberGroups"], &both),
            (&["memberGroups", "memberUsers"], &both),
            (&["memberUsers,memberGroups,parentGroups"], &all),
            (&["memberUsers, memberGroups , parentGroups"], &all),
            (&["memberUsers,memberGroups", "parentGroups"], &all),
            (&["memberUsers", "memberUsers", "nonsense"], &users),
            (&["nonsense"], &bare),
            (&[""], &bare),
        ] {
            let headers: Vec<(&str, &str)> = values.iter().map(|value| (name, *value)).collect();
            assert_eq!(get("", &headers), (200, expected.clone()), "headers {headers:?}");
            let query: Vec<String> =
                values.iter().map(|value| format!("{name}={}", value.replace(' ', "%20"))).collect();
            let query = format!("?{}", query.join("&"));
            assert_eq!(get(&query, &[]), (200, expected.clone()), "{query}");
        }
    }
    assert_eq!(get("?fetch-group=memberUsers%2CmemberGroups", &[]), (200, both.clone()), "an escaped comma");
    assert_eq!(get("?fetch-group=memberUsers", &[("fetch.group", "memberGroups")]), (200, both), "both ways at once");
    assert_eq!(get("?fetch-user=memberUsers&fetch=memberUsers", &[]), (200, bare.clone()));

    // Create and update answer by the same rule, and so do the entries of pages.
    let put = json!({"entity-type": "group", "id": "team"});
    check_groups(
        &server,
        &[
            ("PUT", "/group/team", put.clone(), 200, bare.clone()),
            ("PUT", &format!("/group/team?{ALL_LISTS}"), put, 200, all.clone()),
            ("POST", "/group", json!({"entity-type": "group", "id": "one"}), 201, group("one", None, None)),
            (
                "POST",
                "/group?fetch-group=memberUsers&fetch-group=memberGroups",
                json!({"entity-type": "group", "groupname": "two", "memberUsers": ["ada"]}),
                201,
                {
                    let mut two = group("two", None, None);
                    two["memberUsers"] = json!(["ada"]);
                    two["memberGroups"] = json!([]);
                    two
                },
            ),
        ],
    );
    for (path, expected) in [
        ("/group/search?q=team", &bare),
        ("/group/search?q=team&fetch.group=memberUsers,memberGroups&fetch.group=parentGroups", &all),
        ("/group/parent/@groups", &bare),
        ("/group/parent/@groups?fetch-group=memberUsers,memberGroups,parentGroups", &all),
    ] {
        let mut entries = server.nuxeo("GET", path, None).json()["entries"].clone();
        entries[0].as_object_mut().expect("an entry").remove("name");
        assert_eq!(entries, json!([expected]), "{path}");
    }
}

#[test]
fn a_member_list_replaces_unless_it_is_absent_or_null() {
    let server = Server::start();
    for name in ["ada", "eve", "zoe"] {
        create_user(&server, json!({"username": name}));
    }
    for name in ["child", "parent", "spare"] {
        create_group(&server, json!({"id": name}));
    }
    let new = json!({
        "entity-type": "group", "id": "team", "memberUsers": ["zoe", "ada"], "memberGroups": ["child"],
        "parentGroups": ["parent"],
    });
    let path = format!("/group/team?{ALL_LISTS}");
    let put = |part: Value| {
        let mut body = part;
        body["entity-type"] = json!("group");
        body
    };
    let state = |users: Value, groups: Value, parents: Value| full("team", users, groups, parents);
    let full_lists = || state(json!(["zoe", "ada"]), json!(["child"]), json!(["parent"]));
    check_groups(
        &server,
        &[
            ("POST", &format!("/group?{ALL_LISTS}"), new, 201, full_lists()),
            // As it comes back after a fetch, without lists, and with the nulls that Java and Go send.
            ("PUT", &path, full_lists(), 200, full_lists()),
            ("PUT", &path, put(json!({"properties": {"description": null}})), 200, full_lists()),
            (
                "PUT",
                &path,
                put(json!({"memberUsers": null, "memberGroups": null, "parentGroups": null})),
                200,
                full_lists(),
            ),
            // One list at a time, in the order given.
            (
                "PUT",
                &path,
                put(json!({"memberUsers": ["eve", "ada", "zoe"]})),
                200,
                state(json!(["eve", "ada", "zoe"]), json!(["child"]), json!(["parent"])),
            ),
            (
                "PUT",
                &path,
                put(json!({"memberGroups": ["spare", "child"]})),
                200,
                state(json!(["eve", "ada", "zoe"]), json!(["spare", "child"]), json!(["parent"])),
            ),
            (
                "PUT",
                &path,
                put(json!({"memberGroups": [], "parentGroups": ["spare", "parent"]})),
                200,
                state(json!(["eve", "ada", "zoe"]), json!([]), json!(["spare", "parent"])),
            ),
            (
                "PUT",
                &path,
                put(json!({"memberUsers": ["ada", 1, null, {}, [], true]})),
                200,
                state(json!(["ada"]), json!([]), json!(["spare", "parent"])),
            ),
            (
                "PUT",
                &path,
                put(json!({"memberUsers": []})),
                200,
                state(json!([]), json!([]), json!(["spare", "parent"])),
            ),
            ("PUT", &path, put(json!({"parentGroups": []})), 200, state(json!([]), json!([]), json!([]))),
            ("GET", &path, Value::Null, 200, state(json!([]), json!([]), json!([]))),
            (
                "POST",
                &format!("/group?{ALL_LISTS}"),
                put(json!({"id": "nulls", "memberUsers": null, "memberGroups": null, "parentGroups": null})),
                201,
                full("nulls", json!([]), json!([]), json!([])),
            ),
        ],
    );
    assert_eq!(lists(&server, "parent"), [json!([]), json!([]), json!([])]);
    check(&server, &[("GET", "/user/ada", "", 200, user("ada", json!({}), &[]))]);
}

#[test]
fn what_one_side_of_a_membership_says_the_other_says_too() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada"}));
    create_group(&server, json!({"id": "child"}));
    create_group(&server, json!({"id": "team", "grouplabel": "The team", "memberUsers": ["ada"]}));
    check(&server, &[("GET", "/user/ada", "", 200, user("ada", json!({}), &[("team", "The team")]))]);
    let put = |path: &str, body: Value| assert_eq!(server.nuxeo("PUT", path, Some(&body.to_string())).status, 200);

    put("/user/ada", json!({"entity-type": "user", "properties": {"groups": ["child"]}}));
    assert_eq!(lists(&server, "team"), [json!([]), json!([]), json!([])]);
    assert_eq!(lists(&server, "child"), [json!(["ada"]), json!([]), json!([])]);

    put("/group/child", json!({"entity-type": "group", "parentGroups": ["team"]}));
    assert_eq!(lists(&server, "team"), [json!([]), json!(["child"]), json!([])]);
    put("/group/team", json!({"entity-type": "group", "memberGroups": []}));
    assert_eq!(lists(&server, "child"), [json!(["ada"]), json!([]), json!([])]);
    put("/group/team", json!({"entity-type": "group", "memberGroups": ["child"]}));
    assert_eq!(lists(&server, "child"), [json!(["ada"]), json!([]), json!(["team"])]);
}

#[test]
fn lists_inside_the_properties_of_a_group_have_no_effect() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada"}));
    let properties = json!({"members": ["ada"], "subGroups": ["members"], "parentGroups": ["administrators"]});
    for (method, path) in [("POST", "/group"), ("PUT", "/group/team")] {
        let body = json!({"entity-type": "group", "id": "team", "properties": properties}).to_string();
        assert!(server.nuxeo(method, path, Some(&body)).status < 300, "{method}");
        assert_eq!(lists(&server, "team"), [json!([]), json!([]), json!([])], "{method}");
    }
}

#[test]
fn members_that_do_not_exist_are_kept_and_found_when_they_appear() {
    let server = Server::start();
    for name in ["ada", "eve"] {
        create_user(&server, json!({"username": name}));
    }
    let (users, groups, parents) = (json!(["eve", "ghost", "ada"]), json!(["phantom", "members"]), json!(["nowhere"]));
    let team = || full("team", users.clone(), groups.clone(), parents.clone());
    let new = json!({
        "entity-type": "group", "id": "team", "memberUsers": users, "memberGroups": groups, "parentGroups": parents,
    });
    let path = format!("/group/team?{ALL_LISTS}");
    check_groups(
        &server,
        &[
            ("POST", &format!("/group?{ALL_LISTS}"), new.clone(), 201, team()),
            ("GET", &path, Value::Null, 200, team()),
            ("PUT", &path, new, 200, team()),
            ("GET", "/group/nowhere", Value::Null, 404, refusal(404, "group does not exist")),
            ("GET", "/group/phantom", Value::Null, 404, refusal(404, "group does not exist")),
            ("GET", "/user/ghost", Value::Null, 404, refusal(404, "user does not exist")),
            ("POST", "/group/team/user/ghost", Value::Null, 404, refusal(404, "User not found")),
            ("GET", &path, Value::Null, 200, team()),
        ],
    );
    assert_eq!(ids(&server, "/group/team/@groups"), ["members"]);
    // Left out of the entries, but counted.
    let (members, names) = outline(&server.nuxeo("GET", "/group/team/@users", None));
    assert_eq!((&members["resultsCount"], names), (&json!(3), vec!["ada".to_owned(), "eve".to_owned()]));

    // Now they appear, one after the other, and take their places.
    check(
        &server,
        &[(
            "POST",
            "/user",
            &user_body(json!({"username": "ghost"})),
            201,
            user("ghost", json!({}), &[("team", "team")]),
        )],
    );
    create_group(&server, json!({"id": "phantom"}));
    create_group(&server, json!({"id": "nowhere"}));
    assert_eq!(all_of(&server, "team"), team());
    assert_eq!(lists(&server, "phantom"), [json!([]), json!([]), json!(["team"])]);
    assert_eq!(lists(&server, "nowhere"), [json!([]), json!(["team"]), json!([])]);
    assert_eq!(reach(&server, "ghost"), ["team", "nowhere"]);
    assert_eq!(ids(&server, "/group/team/@users").len(), 3);
    assert_eq!(ids(&server, "/group/nowhere/@groups"), ["team"]);

    // And they go for good when they are deleted.
    for path in ["/user/ghost", "/group/phantom", "/group/nowhere"] {
        assert_eq!(server.nuxeo("DELETE", path, None).status, 204, "{path}");
    }
    assert_eq!(lists(&server, "team"), [json!(["eve", "ada"]), json!(["members"]), json!([])]);
}

#[test]
fn what_waits_for_a_new_group_comes_to_it_beside_the_lists_that_it_is_created_with() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada"}));
    for lists in [
        json!({"memberUsers": [], "memberGroups": [], "parentGroups": []}),
        json!({"memberUsers": [], "memberGroups": []}),
        json!({"memberUsers": null, "memberGroups": null, "parentGroups": null}),
        json!({}),
    ] {
        create_group(&server, json!({"id": "C", "parentGroups": ["X"]}));
        create_group(&server, json!({"id": "P", "memberGroups": ["X"]}));
        let mut body = lists.clone();
        body["id"] = json!("X");
        create_group(&server, body);
        assert_eq!(self::lists(&server, "X"), [json!([]), json!(["C"]), json!(["P"])], "{lists}");
        assert_eq!(self::lists(&server, "C"), [json!([]), json!([]), json!(["X"])], "{lists}");
        assert_eq!(self::lists(&server, "P"), [json!([]), json!(["X"]), json!([])], "{lists}");
        assert_eq!(server.nuxeo("POST", "/user/ada/group/C", None).status, 201);
        assert_eq!(reach(&server, "ada"), ["C", "X", "P"], "{lists}");
        for name in ["C", "X", "P"] {
            assert_eq!(server.nuxeo("DELETE", &format!("/group/{name}"), None).status, 204);
        }
    }
    // What is listed comes after what has waited, once.
    create_group(&server, json!({"id": "C", "parentGroups": ["X"]}));
    create_group(&server, json!({"id": "X", "memberGroups": ["members", "c"]}));
    let mut children: Vec<String> = ids(&server, "/group/X/@groups");
    children.sort();
    assert_eq!(children, ["C", "members"]);
}

#[test]
fn a_member_group_comes_back_as_it_was_written() {
    // The Python suite stores this very name, with a capital letter, and compares.
    let server = Server::start();
    let body = json!({"entity-type": "group", "groupname": "team", "memberGroups": ["Administrators"]});
    let created = server.nuxeo("POST", "/group?fetch-group=memberGroups", Some(&body.to_string()));
    assert_eq!((created.status, &created.json()["memberGroups"]), (201, &json!(["Administrators"])));
    assert_eq!(lists(&server, "team")[1], json!(["Administrators"]));
}

#[test]
fn a_membership_is_made_and_ended_from_both_sides() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada", "firstName": "Ada", "groups": ["powerusers"]}));
    create_group(&server, json!({"id": "team", "grouplabel": "The team"}));
    let power = ("powerusers", "Power users group");
    let outside = || user("ada", json!({"firstName": "Ada"}), &[power]);
    let inside = || user("ada", json!({"firstName": "Ada"}), &[power, ("team", "The team")]);
    for path in ["/user/ada/group/team", "/group/team/user/ada"] {
        check(
            &server,
            &[
                ("POST", path, "", 201, inside()),
                ("POST", path, "", 201, inside()),
                ("POST", path, "{}", 201, inside()),
                ("GET", "/user/ada", "", 200, inside()),
            ],
        );
        assert_eq!(lists(&server, "team")[0], json!(["ada"]), "{path}");
        for _ in 0..2 {
            let answer = server.nuxeo("DELETE", path, None);
            assert_eq!((answer.status, answer.text()), (200, "ada"), "{path}");
            assert!(answer.header("Content-Type").expect("a type").starts_with("text/plain"), "{path}");
        }
        assert_eq!(lists(&server, "team")[0], json!([]), "{path}");
        check(&server, &[("GET", "/user/ada", "", 200, outside())]);
    }
    for method in ["POST", "DELETE"] {
        check(
            &server,
            &[
                (method, "/user/nobody/group/team", "", 404, refusal(404, "user does not exist")),
                (method, "/user/ada/group/nowhere", "", 404, refusal(404, "Group not found")),
                (method, "/user/nobody/group/nowhere", "", 404, refusal(404, "user does not exist")),
                (method, "/group/nowhere/user/ada", "", 404, refusal(404, "group does not exist")),
                (method, "/group/team/user/nobody", "", 404, refusal(404, "User not found")),
                (method, "/group/nowhere/user/nobody", "", 404, refusal(404, "group does not exist")),
                ("GET", "/user/ada", "", 200, outside()),
            ],
        );
    }
}

#[test]
fn a_new_member_comes_last() {
    let server = Server::start();
    for name in ["ada", "bob", "eve"] {
        create_user(&server, json!({"username": name}));
    }
    create_group(&server, json!({"id": "team", "memberUsers": ["eve", "ghost"]}));
    assert_eq!(server.nuxeo("POST", "/user/bob/group/team", None).status, 201);
    assert_eq!(server.nuxeo("POST", "/group/team/user/ada", None).status, 201);
    assert_eq!(lists(&server, "team")[0], json!(["eve", "ghost", "bob", "ada"]));
    assert_eq!(server.nuxeo("POST", "/group/team/user/eve", None).status, 201);
    assert_eq!(lists(&server, "team")[0], json!(["eve", "ghost", "bob", "ada"]));
    assert_eq!(server.nuxeo("DELETE", "/group/team/user/bob", None).status, 200);
    assert_eq!(lists(&server, "team")[0], json!(["eve", "ghost", "ada"]));
}

#[test]
fn names_of_groups_of_every_kind_pass_through_every_route() {
    let server = Server::start();
    create_user(&server, json!({"username": "superuser"}));
    for name in [
        "test/slash",
        "a/b/c",
        "team@example.com",
        "two words",
        "日本語",
        "a+b",
        "foogroup",
        "superuser",
        "group",
        "user",
        "100%",
        "50%2F",
        "a:b",
        "why?",
        "hash#tag",
        "\"quoted'",
        "back\\slash",
        "*",
    ] {
        let (all, some) = (escaped(name), readable(name));
        let bare = group(name, None, None);
        check_groups(
            &server,
            &[
                ("POST", "/group", json!({"entity-type": "group", "groupname": name}), 201, bare.clone()),
                (
                    "POST",
                    "/group",
                    json!({"entity-type": "group", "id": name}),
                    409,
                    refusal(409, "Group already exists"),
                ),
                ("GET", &format!("/group/{all}"), Value::Null, 200, bare.clone()),
                ("GET", &format!("/group/{some}"), Value::Null, 200, bare.clone()),
                ("PUT", &format!("/group/{some}"), json!({"entity-type": "group", "id": name}), 200, bare.clone()),
            ],
        );
        let member = user("superuser", json!({}), &[(name, name)]);
        for name in [&all, &some] {
            for path in [format!("/user/superuser/group/{name}"), format!("/group/{name}/user/superuser")] {
                assert_eq!(server.nuxeo("POST", &path, None).parts(), (201, member.clone()), "{path}");
                assert_eq!(ids(&server, &format!("/group/{name}/@users")), ["superuser"]);
                let removed = server.nuxeo("DELETE", &path, None);
                assert_eq!((removed.status, removed.text()), (200, "superuser"), "{path}");
            }
            let nobody: [&str; 0] = [];
            assert_eq!(ids(&server, &format!("/group/{name}/@groups")), nobody);
        }
        assert_eq!(server.nuxeo("DELETE", &format!("/group/{some}"), None).status, 204, "{name}");
        assert_eq!(server.nuxeo("GET", &format!("/group/{all}"), None).status, 404, "{name}");
    }
}

#[test]
fn groups_are_found_by_prefix_of_name_and_label() {
    let server = reference_directory();
    let nobody: [&str; 0] = [];
    let everything = ["administrators", "foogroup", "group0", "group1", "group2", "group3", "members", "powerusers"];
    for (q, expected) in [
        ("q=*", &everything[..]),
        ("q=", &nobody),
        ("", &nobody),
        ("q=Lannister", &["group1"]),
        ("q=lann", &["group1"]),
        ("q=GROUP", &["group0", "group1", "group2", "group3"]),
        ("q=power%20users", &["powerusers"]),
        ("q=p", &["powerusers"]),
        ("q=roup", &nobody),
        // The description is not searched.
        ("q=Group%20of", &nobody),
        ("q=g", &["group0", "group1", "group2", "group3"]),
        ("q=gr*", &nobody),
        ("q=_roup0", &nobody),
        ("q=%25", &nobody),
    ] {
        assert_eq!(ids(&server, &format!("/group/search?{q}")), expected, "{q}");
    }
}

#[test]
fn groups_and_members_page_by_the_numbers_of_the_contract() {
    let server = reference_directory();
    create_group(&server, json!({"id": "parent", "memberGroups": ["group0", "group1", "group2"]}));
    assert_eq!(server.nuxeo("DELETE", "/group/foogroup", None).status, 204);
    let none: &[&str] = &[];
    for (path, expected, names) in [
        ("/group/search?q=*&pageSize=3", page("groups", 8, 3, 0, 3), &["administrators", "group0", "group1"][..]),
        (
            "/group/search?q=*&pageSize=3&currentPageIndex=1",
            page("groups", 8, 3, 1, 3),
            &["group2", "group3", "members"],
        ),
        ("/group/search?q=*&pageSize=3&currentPageIndex=2", page("groups", 8, 3, 2, 2), &["parent", "powerusers"]),
        ("/group/search?q=*&pageSize=3&currentPageIndex=3", page("groups", 8, 3, 3, 0), none),
        ("/group/search?q=", page("groups", 0, 50, 0, 0), none),
        ("/group/group1/@users", page("users", 5, 50, 0, 5), &["foouser", "user1", "user2", "user3", "user4"]),
        ("/group/group1/@users?pageSize=3", page("users", 5, 3, 0, 3), &["foouser", "user1", "user2"]),
        ("/group/group1/@users?pageSize=3&currentPageIndex=1", page("users", 5, 3, 1, 2), &["user3", "user4"]),
        ("/group/group1/@users?pageSize=3&offset=3", page("users", 5, 3, 1, 2), &["user3", "user4"]),
        ("/group/group1/@users?pageSize=3&currentPageIndex=2", page("users", 5, 3, 2, 0), none),
        (
            "/group/group1/@users?q=&currentPageIndex=0",
            page("users", 5, 50, 0, 5),
            &["foouser", "user1", "user2", "user3", "user4"],
        ),
        ("/group/group1/@users?q=USER", page("users", 4, 50, 0, 4), &["user1", "user2", "user3", "user4"]),
        ("/group/group1/@users?q=user&pageSize=3&currentPageIndex=1", page("users", 4, 3, 1, 1), &["user4"]),
        // Members are found by their names alone.
        ("/group/group1/@users?q=John", page("users", 0, 50, 0, 0), none),
        ("/group/group0/@users", page("users", 0, 50, 0, 0), none),
        ("/group/parent/@users", page("users", 0, 50, 0, 0), none),
        ("/group/parent/@groups", page("groups", 3, 50, 0, 3), &["group0", "group1", "group2"]),
        ("/group/parent/@groups?pageSize=2", page("groups", 3, 2, 0, 2), &["group0", "group1"]),
        ("/group/parent/@groups?pageSize=2&currentPageIndex=1", page("groups", 3, 2, 1, 1), &["group2"]),
        ("/group/parent/@groups?pageSize=2&currentPageIndex=2", page("groups", 3, 2, 2, 0), none),
        ("/group/parent/@groups?q=GROUP1", page("groups", 1, 50, 0, 1), &["group1"]),
        ("/group/group1/@groups", page("groups", 0, 50, 0, 0), none),
    ] {
        let (document, ids) = outline(&server.nuxeo("GET", path, None));
        assert_eq!(document, expected, "{path}");
        assert_eq!(ids, names, "{path}");
    }
    for part in ["@users", "@groups"] {
        let path = format!("/group/nowhere/{part}");
        check(&server, &[("GET", &path, "", 404, refusal(404, "group does not exist"))]);
    }
    let entry = server.nuxeo("GET", "/group/group1/@users?pageSize=1", None).json()["entries"][0].clone();
    assert_eq!(entry, server.nuxeo("GET", "/user/foouser", None).json(), "an entry is the whole user");
}

/// Compares every count that pages tell with the entries, and these with what other calls list.
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
            // Names of nobody are counted and not shown.
            let mut real: Vec<&String> = listed.iter().filter(|name| there.contains(name)).collect();
            real.sort();
            let (count, entries) = answered(&format!("/group/{group}/{part}"));
            assert_eq!(count, json!(listed.len()), "{when}: {part} of {group}");
            assert_eq!(entries.iter().collect::<Vec<_>>(), real, "{when}: {part} of {group}");
        }
    }
}

#[test]
fn every_count_stays_right_whatever_happens() {
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
        // What is refused half way counts for nothing.
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
        // Those who were waited for come and go.
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

#[test]
fn a_deleted_group_is_gone_from_members_children_and_parents() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada", "groups": ["members"]}));
    for name in ["child", "parent"] {
        create_group(&server, json!({"id": name}));
    }
    create_group(
        &server,
        json!({"id": "team", "memberUsers": ["ada"], "memberGroups": ["child"], "parentGroups": ["parent"]}),
    );
    assert_eq!(reach(&server, "ada"), ["members", "team", "parent"]);
    assert_eq!(server.nuxeo("DELETE", "/group/team", None).status, 204);
    check(&server, &[("GET", "/user/ada", "", 200, user("ada", json!({}), &[("members", "Members group")]))]);
    assert_eq!(lists(&server, "child"), [json!([]), json!([]), json!([])]);
    assert_eq!(lists(&server, "parent"), [json!([]), json!([]), json!([])]);
    let nobody: [&str; 0] = [];
    assert_eq!(ids(&server, "/group/search?q=team"), nobody);
    // A new group of that name starts empty.
    create_group(&server, json!({"id": "team"}));
    assert_eq!(lists(&server, "team"), [json!([]), json!([]), json!([])]);
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
fn whatever_changes_a_list_of_a_group_counts_as_a_change_of_the_group() {
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
        // With those who have waited for them, users and groups come and go.
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

#[test]
fn the_groups_behind_the_groups_follow_level_by_level() {
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
    // Direct ones as joined, then the parents of the first, of the second, then theirs; each once.
    assert_eq!(reach(&server, "ada"), ["b", "a", "q1", "p1", "p2", "top"]);
    assert_eq!(
        ada["extendedGroups"][5],
        json!({"name": "top", "label": "The top", "url": "group/top"}),
        "a label where there is one"
    );
    assert_eq!(ada["extendedGroups"][0], json!({"name": "b", "label": "b", "url": "group/b"}), "else the name");
    assert_eq!(ada["isAdministrator"], json!(false));

    // Through any number of groups an administrator is one.
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
    // What ends without a cycle is no cycle: here the two change places in one update.
    let turned = json!({"entity-type": "group", "memberGroups": ["a"], "parentGroups": []}).to_string();
    assert_eq!(server.nuxeo("PUT", "/group/b", Some(&turned)).status, 200);
    assert_eq!(lists(&server, "a"), [json!([]), json!([]), json!(["b"])]);
}

#[test]
fn a_group_that_appears_closes_no_cycle() {
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
    // Here it is the last group to appear that would close it, by names that others have kept for it. It is
    // refused, or one of the names goes on waiting; what was written comes back either way.
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
        assert!(reached.len() < 3 || *name == "future child", "{name} leads in a circle: {reached:?}");
    }
}

#[test]
fn a_user_with_a_slash_is_one_segment_on_the_side_of_the_group() {
    let server = Server::start();
    create_user(&server, json!({"username": "team/ada"}));
    create_group(&server, json!({"id": "test/slash", "grouplabel": "Slash"}));
    let member = user("team/ada", json!({}), &[("test/slash", "Slash")]);
    for path in [
        "/user/team/ada/group/test/slash",
        "/user/team%2Fada/group/test%2Fslash",
        "/group/test/slash/user/team%2Fada",
        "/group/test%2Fslash/user/team%2fada",
    ] {
        check(&server, &[("POST", path, "", 201, member.clone())]);
        let removed = server.nuxeo("DELETE", path, None);
        assert_eq!((removed.status, removed.text()), (200, "team/ada"), "{path}");
    }
}

#[test]
fn a_group_called_search_is_hidden_by_the_search_from_reading_alone() {
    let server = Server::start();
    create_user(&server, json!({"username": "ada"}));
    create_group(&server, json!({"id": "search", "grouplabel": "Sea"}));
    let named = |label: &str| group("search", Some(label), None);
    let body = json!({"entity-type": "group", "grouplabel": "Archives"});
    check_groups(&server, &[("PUT", "/group/search", body, 200, named("Archives"))]);
    assert_eq!(server.nuxeo("POST", "/group/search/user/ada", None).status, 201);
    assert_eq!(server.nuxeo("POST", "/user/ada/group/search", None).status, 201);
    assert_eq!(ids(&server, "/group/search/@users"), ["ada"]);
    let nothing: [&str; 0] = [];
    assert_eq!(ids(&server, "/group/search"), nothing);
    assert_eq!(ids(&server, "/group/search?q=archives"), ["search"]);
    assert_eq!(server.nuxeo("DELETE", "/group/search/user/ada", None).text(), "ada");
    let deleted = server.nuxeo("DELETE", "/group/search", None);
    assert_eq!((deleted.status, deleted.text()), (204, ""));
    assert_eq!(ids(&server, "/group/search?q=search"), nothing);
    check(&server, &[("DELETE", "/group/search", "", 404, refusal(404, "group does not exist"))]);
}
