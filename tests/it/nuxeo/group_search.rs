//! The search for groups, and pages of members.

use crate::support::nuxeo::{check, create_group, create_user, ids, outline, page, reference_directory, refusal};
use crate::support::nuxeo_groups::{check_groups, group};
use crate::support::server::Server;
use serde_json::json;

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
        // A search finds members by their names alone.
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

#[test]
fn group_called_search_cannot_be_read_but_can_be_changed() {
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
