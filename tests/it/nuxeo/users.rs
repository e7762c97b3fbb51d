//! Users in the Nuxeo dialect.

use crate::support::client::basic;
use crate::support::nuxeo::{
    Row, assert_refused, can_log_in, check, create_group, create_user, ids, refusal, user, user_body,
};
use crate::support::server::{ADMIN_PASSWORD, Server};
use serde_json::{Value, json};

#[test]
fn every_status_of_the_user_page_is_given() {
    let server = Server::start();
    create_group(&server, json!({"groupname": "team", "grouplabel": "The team"}));
    let ada = || user("ada", json!({"firstName": "Ada"}), &[]);
    let in_team = || user("ada", json!({"firstName": "Augusta"}), &[("team", "The team")]);
    let new = r#"{"entity-type":"user","properties":{"username":"ada","firstName":"Ada"}}"#;
    let change = r#"{"entity-type":"user","id":"ada","properties":{"firstName":"Augusta"}}"#;
    let lost = r#"{"entity-type":"user","id":"nobody","properties":{"firstName":"Augusta"}}"#;
    let rows: [(&str, Row); 13] = [
        ("Create a User: 201 Created", ("POST", "/user", new, 201, ada())),
        ("Create a User: 409 Conflict", ("POST", "/user", new, 409, refusal(409, "User already exists"))),
        ("Get a User: 200 OK", ("GET", "/user/ada", "", 200, ada())),
        ("Get a User: 404 Not Found", ("GET", "/user/nobody", "", 404, refusal(404, "user does not exist"))),
        ("Update a User: 200 OK", ("PUT", "/user/ada", change, 200, user("ada", json!({"firstName": "Augusta"}), &[]))),
        ("Update a User: 404 Not Found", ("PUT", "/user/nobody", lost, 404, refusal(404, "user does not exist"))),
        (
            "Update a User: 500 Internal Server Error",
            ("PUT", "/user/ada", lost, 500, refusal(500, "user does not exist: nobody")),
        ),
        ("Add a User to a Group: 201 Created", ("POST", "/user/ada/group/team", "", 201, in_team())),
        (
            "Add a User to a Group: 404 Not Found (the user)",
            ("POST", "/user/nobody/group/team", "", 404, refusal(404, "user does not exist")),
        ),
        (
            "Add a User to a Group: 404 Not Found (the group)",
            ("POST", "/user/ada/group/nowhere", "", 404, refusal(404, "Group not found")),
        ),
        (
            "Remove a User from a Group: 404 Not Found (the user)",
            ("DELETE", "/user/nobody/group/team", "", 404, refusal(404, "user does not exist")),
        ),
        (
            "Remove a User from a Group: 404 Not Found (the group)",
            ("DELETE", "/user/ada/group/nowhere", "", 404, refusal(404, "Group not found")),
        ),
        ("Delete a User: 404 Not Found", ("DELETE", "/user/nobody", "", 404, refusal(404, "user does not exist"))),
    ];
    for (promise, row) in rows {
        println!("{promise}");
        check(&server, &[row]);
    }

    let removed = server.nuxeo("DELETE", "/user/ada/group/team", None);
    assert_eq!((removed.status, removed.text()), (200, "ada"), "Remove a User from a Group: 200 OK");
    let deleted = server.nuxeo("DELETE", "/user/ada", None);
    assert_eq!((deleted.status, deleted.text()), (204, ""), "Delete a User: 204 No Content");
    assert_eq!(server.nuxeo("GET", "/user/ada", None).status, 404);
}

#[test]
fn unknown_groups_are_refused_by_name() {
    let server = Server::start();
    let ada = create_user(&server, json!({"username": "ada", "groups": ["members"]}));
    let one = refusal(403, "group does not exist: unknownGroup");
    let new = user_body(json!({"username": "eve", "groups": ["members", "unknownGroup"]}));
    let change = user_body(json!({"firstName": "changed", "groups": ["unknownGroup"]}));
    check(&server, &[("POST", "/user", &new, 403, one.clone()), ("PUT", "/user/ada", &change, 403, one)]);
    for (method, path) in [("POST", "/user"), ("PUT", "/user/ada")] {
        let name = if method == "POST" { "eve" } else { "ada" };
        let body = user_body(json!({"username": name, "groups": ["first unknown", "members", "second unknown"]}));
        let answer = server.nuxeo(method, path, Some(&body));
        assert_refused(&answer, 403, method);
        for group in ["first unknown", "second unknown"] {
            assert!(answer.text().contains(group), "the message has each unknown name: {}", answer.text());
        }
        assert!(!answer.text().contains("members"), "{}", answer.text());
    }
    check(
        &server,
        &[
            ("GET", "/user/ada", "", 200, ada),
            ("GET", "/user/eve", "", 404, refusal(404, "user does not exist")),
            ("GET", "/group/unknownGroup", "", 404, refusal(404, "group does not exist")),
        ],
    );
}

#[test]
fn the_groups_of_a_user_keep_the_order_in_which_they_were_joined() {
    let server = Server::start();
    for name in ["one", "two", "three"] {
        create_group(&server, json!({"id": name, "grouplabel": name.to_uppercase()}));
    }
    let (one, two, three) = (("one", "ONE"), ("two", "TWO"), ("three", "THREE"));
    let in_groups = |groups: &[(&str, &str)]| user("ada", json!({}), groups);
    let put = |groups: Value| user_body(json!({"groups": groups}));
    check(
        &server,
        &[
            (
                "POST",
                "/user",
                &user_body(json!({"username": "ada", "groups": ["two", "one"]})),
                201,
                in_groups(&[two, one]),
            ),
            ("POST", "/user/ada/group/three", "", 201, in_groups(&[two, one, three])),
            ("POST", "/user/ada/group/two", "", 201, in_groups(&[two, one, three])),
            ("PUT", "/user/ada", &put(json!(["three", "one"])), 200, in_groups(&[three, one])),
            ("POST", "/group/two/user/ada", "", 201, in_groups(&[three, one, two])),
            ("PUT", "/user/ada", &user_body(json!({"firstName": null})), 200, in_groups(&[three, one, two])),
            ("PUT", "/user/ada", &put(json!([])), 200, in_groups(&[])),
            ("GET", "/user/ada", "", 200, in_groups(&[])),
        ],
    );
}

#[test]
fn strict_errors_make_the_documented_500_a_404() {
    let server = Server::with(&["--strict-errors"]);
    let ada = create_user(&server, json!({"username": "ada"}));
    let body = r#"{"entity-type":"user","id":"nobody","properties":{"firstName":"changed"}}"#;
    let answer = server.nuxeo("PUT", "/user/ada", Some(body));
    assert_refused(&answer, 404, "PUT");
    assert_eq!(answer.header("Retry-After"), None);
    check(&server, &[("GET", "/user/ada", "", 200, ada)]);
}

#[test]
fn refused_user_names_the_first_reason() {
    let server = Server::start();
    create_user(&server, json!({"username": "plain", "password": "secret"}));
    let plain = ("plain", "secret");
    let no_user = || refusal(404, "user does not exist");
    let new = user_body(json!({"username": "plain", "groups": ["nowhere"]}));
    let rows: [(&str, &str, &str, u16, Value); 6] = [
        // The path is checked before the body, the body before the permission, and the permission before all the rest.
        ("PUT", "/user/nobody", "{", 404, no_user()),
        ("PUT", "/user/nobody", r#"{"entity-type":"user","id":"plain"}"#, 404, no_user()),
        ("DELETE", "/user/nobody", "", 404, no_user()),
        ("POST", "/user", &new, 403, refusal(403, "Cannot create artifact")),
        ("POST", "/user", r#"{"entity-type":"user"}"#, 403, refusal(403, "Cannot create artifact")),
        (
            "PUT",
            "/user/plain",
            r#"{"entity-type":"user","id":"nobody"}"#,
            403,
            refusal(403, "User is not allowed to edit users"),
        ),
    ];
    for (method, path, body, status, document) in rows {
        let answer = server.nuxeo_as(plain, method, path, (!body.is_empty()).then_some(body));
        assert_eq!(answer.parts(), (status, document), "{method} {path} {body}");
    }
    let shape = user_body(json!({"username": "plain", "groups": "members"}));
    for (method, path) in [("POST", "/user"), ("PUT", "/user/plain"), ("PUT", "/user/Administrator")] {
        assert_refused(&server.nuxeo_as(plain, method, path, Some("{")), 400, path);
        let answer = server.nuxeo_as(plain, method, path, Some(&shape));
        assert_eq!(answer.parts(), (400, refusal(400, "Unable to deserialize property: groups")), "{method} {path}");
    }
    // For a caller with the permission, the conflict is reported before unknown groups.
    check(&server, &[("POST", "/user", &new, 409, refusal(409, "User already exists"))]);
}

#[test]
fn a_stored_user_with_a_transient_name_is_the_stored_one() {
    let server = Server::start();
    let name = "transient/foo/1";
    let (stored, made_up) = (json!({"firstName": "Real"}), json!({"firstName": "foo", "email": "foo"}));
    let stored = || user(name, stored.clone(), &[]);
    let made_up = || user(name, made_up.clone(), &[]);
    let path = "/user/transient/foo/1";
    let put = user_body(json!({"lastName": null}));
    check(
        &server,
        &[
            ("GET", path, "", 200, made_up()),
            ("PUT", path, &put, 404, refusal(404, "user does not exist")),
            ("DELETE", path, "", 404, refusal(404, "user does not exist")),
            ("POST", "/user", &user_body(json!({"username": name, "firstName": "Real"})), 201, stored()),
            ("GET", path, "", 200, stored()),
            ("GET", "/user/transient%2Ffoo%2F1", "", 200, stored()),
            ("GET", "/user/TRANSIENT/foo/1", "", 200, stored()),
            ("PUT", path, &put, 200, stored()),
        ],
    );
    let deleted = server.nuxeo("DELETE", path, None);
    assert_eq!((deleted.status, deleted.text()), (204, ""));
    check(&server, &[("GET", path, "", 200, made_up())]);
}

#[test]
fn a_transient_user_is_answered_and_never_stored() {
    let server = Server::start();
    for path in ["/user/transient/foo@bar.com/666", "/user/transient%2Ffoo@bar.com%2F666"] {
        let properties = json!({"firstName": "foo@bar.com", "email": "foo@bar.com"});
        check(&server, &[("GET", path, "", 200, user("transient/foo@bar.com/666", properties, &[]))]);
    }
    for q in ["*", "transient", "foo"] {
        let found = ids(&server, &format!("/user/search?q={q}"));
        assert!(!found.iter().any(|id| id.contains("foo")), "{q}: {found:?}");
    }
    assert!(!can_log_in(&server, "transient/foo@bar.com/666", "foo@bar.com"));
}

#[test]
fn me_returns_the_caller_under_every_path() {
    let server = Server::start();
    let administrator = server.nuxeo("GET", "/user/Administrator", None).json();
    assert_eq!(administrator["isAdministrator"], json!(true));
    assert_eq!(
        administrator["extendedGroups"],
        json!([{"name": "administrators", "label": "Administrators group", "url": "group/administrators"}])
    );
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    for path in [
        "/nuxeo/api/v1/me",
        "/nuxeo/api/v1/me/",
        "/nuxeo/site/api/v1/me",
        "/nuxeo/site/api/v1/me/",
        "/nuxeo//api/v1//me",
        "/nuxeo/api/v1/repo/default/me",
        "/nuxeo/api/v1/user/ADMINISTRATOR",
        "/nuxeo/api/v1/user/Administrator/",
    ] {
        let answer = server.request("GET", path, &[("Authorization", &authorization)], None);
        assert_eq!(answer.parts(), (200, administrator.clone()), "{path}");
    }
}

#[test]
fn profile_is_sent_on_request() {
    let server = Server::start();
    let plain = server.nuxeo("GET", "/user/Administrator", None).json();
    let mut enriched = plain.clone();
    enriched["contextParameters"] = json!({
        "userprofile": {"birthdate": null, "phonenumber": null, "avatar": null, "gender": false, "locale": null},
    });
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let get = |path: &str, headers: &[(&str, &str)]| {
        let mut all = vec![("Authorization", authorization.as_str())];
        all.extend(headers);
        server.request("GET", &format!("/nuxeo/api/v1{path}"), &all, None).parts()
    };
    for name in [
        "enrichers-user",
        "enrichers.user",
        "X-NXenrichers.user",
        "X-NXenrichers-user",
        "Enrichers-User",
        "x-nxenrichers.user",
    ] {
        for value in ["userprofile", "other,userprofile", "userprofile, other"] {
            assert_eq!(get("/user/Administrator", &[(name, value)]), (200, enriched.clone()), "{name}: {value}");
        }
        assert_eq!(get("/me", &[(name, "userprofile")]), (200, enriched.clone()), "{name}");
        let query = format!("/user/Administrator?{name}=userprofile");
        assert_eq!(get(&query, &[]), (200, enriched.clone()), "{query}");
        assert_eq!(get("/user/Administrator", &[(name, "other")]), (200, plain.clone()), "{name}");
    }
    assert_eq!(get("/user/Administrator", &[("enrichers-document", "userprofile")]), (200, plain));
}

#[test]
fn deleted_user_is_gone_from_every_list_and_its_name_is_free() {
    let server = Server::start();
    let properties =
        json!({"username": "Ada", "password": "secret", "firstName": "Ada", "groups": ["members"], "x": 1});
    create_user(&server, properties);
    assert!(can_log_in(&server, "Ada", "secret"));
    assert_eq!(server.nuxeo("DELETE", "/user/Ada", None).status, 204);
    assert!(!can_log_in(&server, "Ada", "secret"));
    let nobody: [&str; 0] = [];
    assert_eq!(ids(&server, "/user/search?q=ada"), nobody);
    assert_eq!(ids(&server, "/group/members/@users"), nobody);
    let members = server.nuxeo("GET", "/group/members?fetch-group=memberUsers", None).json();
    assert_eq!(members["memberUsers"], json!([]));
    check(
        &server,
        &[
            ("DELETE", "/user/Ada", "", 404, refusal(404, "user does not exist")),
            ("PUT", "/user/Ada", &user_body(json!({})), 404, refusal(404, "user does not exist")),
            ("POST", "/user", &user_body(json!({"username": "ada"})), 201, user("ada", json!({}), &[])),
        ],
    );
    assert!(!can_log_in(&server, "ada", "secret"));
}
