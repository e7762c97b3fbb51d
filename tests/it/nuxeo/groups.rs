//! Groups and memberships in the Nuxeo dialect.

use crate::support::nuxeo::{assert_refused, check, create_group, create_user, escaped, ids, readable, refusal, user};
use crate::support::nuxeo_groups::{all_of, check_groups, group};
use crate::support::server::Server;
use serde_json::{Value, json};

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
        // A group cannot have a pending member with an invalid name.
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
fn create_group_prefers_the_top_level_label() {
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
fn update_group_takes_the_label_that_was_changed() {
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
    // The group has no label, so the top-level value counts, as for a new group.
    create_group(&server, json!({"id": "bare"}));
    let body = json!({"entity-type": "group", "grouplabel": "Top", "properties": {"grouplabel": "Inner"}});
    check_groups(&server, &[("PUT", "/group/bare", body, 200, group("bare", Some("Top"), None))]);
}

#[test]
fn update_group_renames_nothing() {
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
    // A body with the name of another group is refused, and one with an unknown name is not found: only for users the
    // server returns the 500 of the reference.
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
fn refused_group_names_the_first_reason() {
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
fn group_names_of_every_kind_work_on_every_route() {
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
