//! Members, subgroups and parents of groups, and pending members.

use crate::support::client::basic;
use crate::support::nuxeo::{ALL_LISTS, check, create_group, create_user, ids, outline, refusal, user, user_body};
use crate::support::nuxeo_groups::{all_of, check_groups, entity, full, group, lists, reach};
use crate::support::server::{ADMIN_PASSWORD, Server};
use serde_json::{Value, json};

#[test]
fn member_lists_are_sent_only_on_request() {
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
fn both_sides_of_a_membership_agree() {
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
fn pending_members_resolve_when_they_are_created() {
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

    // They do not become pending again when they are deleted.
    for path in ["/user/ghost", "/group/phantom", "/group/nowhere"] {
        assert_eq!(server.nuxeo("DELETE", path, None).status, 204, "{path}");
    }
    assert_eq!(lists(&server, "team"), [json!(["eve", "ada"]), json!(["members"]), json!([])]);
}

#[test]
fn pending_members_of_a_new_group_join_its_own_lists() {
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
        assert_eq!(
            crate::support::nuxeo_groups::lists(&server, "X"),
            [json!([]), json!(["C"]), json!(["P"])],
            "{lists}"
        );
        assert_eq!(crate::support::nuxeo_groups::lists(&server, "C"), [json!([]), json!([]), json!(["X"])], "{lists}");
        assert_eq!(crate::support::nuxeo_groups::lists(&server, "P"), [json!([]), json!(["X"]), json!([])], "{lists}");
        assert_eq!(server.nuxeo("POST", "/user/ada/group/C", None).status, 201);
        assert_eq!(reach(&server, "ada"), ["C", "X", "P"], "{lists}");
        for name in ["C", "X", "P"] {
            assert_eq!(server.nuxeo("DELETE", &format!("/group/{name}"), None).status, 204);
        }
    }
    // Listed members come after pending ones, once.
    create_group(&server, json!({"id": "C", "parentGroups": ["X"]}));
    create_group(&server, json!({"id": "X", "memberGroups": ["members", "c"]}));
    let mut children: Vec<String> = ids(&server, "/group/X/@groups");
    children.sort();
    assert_eq!(children, ["C", "members"]);
}

#[test]
fn member_group_name_keeps_its_spelling() {
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
