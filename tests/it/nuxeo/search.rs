//! The search for users, and its pages.

use crate::support::client::{Connection, basic};
use crate::support::nuxeo::{
    assert_refused, check, create_user, ids, outline, page, reference_directory, refusal, user, user_body,
};
use crate::support::server::{ADMIN_PASSWORD, Server};
use serde_json::json;

#[test]
fn search_finds_prefixes_of_names_in_any_case() {
    let server = reference_directory();
    create_user(
        &server,
        json!({"username": "zed", "firstName": "Émile", "lastName": "50%_off\\", "email": "mail@x.io"}),
    );
    let nobody: [&str; 0] = [];
    let all_users = ["Administrator", "foouser", "Guest", "user0", "user1", "user2", "user3", "user4", "zed"];
    for (q, expected) in [
        ("q=*", &all_users[..]),
        ("q=%20*%20", &all_users),
        ("q=", &nobody),
        ("q=%20", &nobody),
        ("", &nobody),
        ("q=Steve", &["user0"]),
        ("q=steve", &["user0"]),
        ("q=STEVE", &["user0"]),
        ("Q=Steve", &["user0"]),
        ("q=%20steve%20", &["user0"]),
        ("q=jobs", &["user0"]),
        ("q=teve", &nobody),
        ("q=user", &["user0", "user1", "user2", "user3", "user4"]),
        ("q=USER3", &["user3"]),
        ("q=user33", &nobody),
        // The whole e-mail address is searched by prefix too, which the reference does not do.
        ("q=foouser@example.o", &["foouser"]),
        ("q=mail@", &["zed"]),
        ("q=example.org", &nobody),
        ("q=j", &["user0", "user1"]),
        // Name and e-mail both match, and the user is listed once.
        ("q=foouser", &["foouser"]),
        ("q=%C3%89m", &["zed"]),
        ("q=%C3%A9m", &["zed"]),
        ("q=us*r", &nobody),
        ("q=user*", &nobody),
        ("q=**", &nobody),
        ("q=%25", &nobody),
        ("q=_", &nobody),
        ("q=use_0", &nobody),
        ("q=%5C", &nobody),
        ("q=50%25_", &["zed"]),
        ("q=50%25_off%5C", &["zed"]),
        ("q='", &nobody),
        ("q=%22", &nobody),
        ("q=Steve%20Jobs", &nobody),
        ("q=*&sortBy=lastName&sortOrder=desc&maxResults=1", &all_users),
    ] {
        assert_eq!(ids(&server, &format!("/user/search?{q}")), expected, "{q}");
    }
    assert_eq!(ids(&server, "/user/search"), nobody);
}

#[test]
fn search_pages_by_the_numbers_of_the_contract() {
    let server = reference_directory();
    for (query, expected, names) in [
        ("q=*&pageSize=3", page("users", 8, 3, 0, 3), &["Administrator", "foouser", "Guest"][..]),
        ("q=*&pageSize=3&currentPageIndex=0", page("users", 8, 3, 0, 3), &["Administrator", "foouser", "Guest"]),
        ("q=*&pageSize=3&currentPageIndex=1", page("users", 8, 3, 1, 3), &["user0", "user1", "user2"]),
        ("q=*&pageSize=3&currentPageIndex=2", page("users", 8, 3, 2, 2), &["user3", "user4"]),
        ("q=*&pageSize=3&currentPageIndex=3", page("users", 8, 3, 3, 0), &[]),
        ("q=*&pageSize=3&currentPageIndex=90", page("users", 8, 3, 90, 0), &[]),
        ("q=*&pageSize=4&currentPageIndex=1", page("users", 8, 4, 1, 4), &["user1", "user2", "user3", "user4"]),
        ("q=*&pageSize=1&currentPageIndex=7", page("users", 8, 1, 7, 1), &["user4"]),
        // An offset wins over an index.
        ("q=*&pageSize=3&offset=3", page("users", 8, 3, 1, 3), &["user0", "user1", "user2"]),
        ("q=*&pageSize=3&currentPageIndex=2&offset=3", page("users", 8, 3, 1, 3), &["user0", "user1", "user2"]),
        ("q=Steve", page("users", 1, 50, 0, 1), &["user0"]),
        ("q=nobody", page("users", 0, 50, 0, 0), &[]),
        ("q=", page("users", 0, 50, 0, 0), &[]),
        ("", page("users", 0, 50, 0, 0), &[]),
        // No page: the integer arithmetic of the reference gives this.
        ("q=nobody&pageSize=1", page("users", 0, 1, 0, 0), &[]),
        ("Q=*&PAGESIZE=3&CurrentPageIndex=1", page("users", 8, 3, 1, 3), &["user0", "user1", "user2"]),
    ] {
        let (document, ids) = outline(&server.nuxeo("GET", &format!("/user/search?{query}"), None));
        assert_eq!(document, expected, "{query}");
        assert_eq!(ids, names, "{query}");
    }
    assert_eq!(page("users", 0, 50, 0, 0)["numberOfPages"], json!(1));
    assert_eq!(page("users", 0, 1, 0, 0)["numberOfPages"], json!(0));

    let (document, ids) = outline(&server.nuxeo("GET", "/user/search?q=*&pageSize=3&offset=4", None));
    assert_eq!(ids, ["user1", "user2", "user3"]);
    assert_eq!(document["currentPageOffset"], json!(4));
    assert_eq!(document["isNextPageAvailable"], json!(true));
}

#[test]
fn page_number_that_does_not_parse_is_refused() {
    let server = Server::start();
    for path in ["/user/search?q=*&", "/group/search?q=*&", "/group/members/@users?", "/group/members/@groups?"] {
        for query in
            ["pageSize=abc", "currentPageIndex=1.5", "offset=x", "pageSize=99999999999999999999", "pageSize=1a"]
        {
            assert_refused(&server.nuxeo("GET", &format!("{path}{query}"), None), 400, query);
        }
        // The server accepts these values without a fault of its own.
        for query in
            ["currentPageIndex=-1", "offset=-1", "currentPageIndex=9223372036854775807&pageSize=1000", "pageSize="]
        {
            let answer = server.nuxeo("GET", &format!("{path}{query}"), None);
            assert!([200, 400].contains(&answer.status), "{query}: {}", answer.text());
        }
    }
}

#[test]
fn a_page_holds_20_50_or_at_most_1000_entries() {
    let server = Server::start();
    std::thread::scope(|scope| {
        for part in 0..4 {
            let server = &server;
            scope.spawn(move || {
                let authorization = basic("Administrator", ADMIN_PASSWORD);
                let mut connection = Connection::open(server.address);
                for number in (part..1000).step_by(4) {
                    let body = user_body(json!({"username": format!("user{number:04}")}));
                    let headers = [("Authorization", authorization.as_str())];
                    connection.send("POST", "/nuxeo/api/v1/user", &headers, Some(body.as_bytes()));
                    assert_eq!(connection.answer(false).status, 201);
                }
            });
        }
    });
    for (query, here) in [
        ("q=*", 50),
        ("q=*&pageSize=0", 1000),
        ("q=*&pageSize=-1", 20),
        ("q=*&pageSize=-1000", 20),
        ("q=*&pageSize=1000", 1000),
        ("q=*&pageSize=1001", 1000),
        ("q=*&pageSize=5000", 1000),
        ("q=*&pageSize=1000&currentPageIndex=1", 1),
        ("q=user000&pageSize=0", 10),
    ] {
        let answer = server.nuxeo("GET", &format!("/user/search?{query}"), None);
        assert_eq!(outline(&answer).1.len(), here, "{query}");
        assert_eq!(answer.json()["currentPageSize"], json!(here), "{query}");
    }
    let everything = server.nuxeo("GET", "/user/search?q=*&pageSize=5000", None).json();
    assert_eq!([&everything["resultsCount"], &everything["pageSize"]], [&json!(1001), &json!(5000)]);
    let unpaged = server.nuxeo("GET", "/user/search?q=user000&pageSize=0", None).json();
    assert_eq!(
        [&unpaged["resultsCount"], &unpaged["isNextPageAvailable"], &unpaged["isPreviousPageAvailable"]],
        [&json!(10), &json!(false), &json!(false)]
    );
}

#[test]
fn long_lists_are_paged_to_their_end_without_stale_pages() {
    let server = Server::start();
    let name = |number: usize| format!("user{number:04}@example.com");
    let mut all_users: Vec<String> = (0..1100).map(name).collect();
    let invitation = json!({"emails": all_users}).to_string();
    assert_eq!(server.datadog("POST", "/api/v1/invite_users", Some(&invitation)).status, 200);
    all_users.insert(0, "Administrator".to_owned());

    // The size exceeds the limit of a page: the page has as many entries as the limit, and the count of pages follows
    // the requested size.
    for q in ["*", "user"] {
        let count = if q == "*" { 1101 } else { 1100 };
        let (document, found) = outline(&server.nuxeo("GET", &format!("/user/search?q={q}&pageSize=2000"), None));
        assert_eq!(document, page("users", count, 2000, 0, 1000), "{q}");
        assert_eq!(found, all_users[1101 - count as usize..][..1000], "{q}");
        assert_eq!([&document["numberOfPages"], &document["isNextPageAvailable"]], [&json!(1), &json!(false)]);
    }

    // Reads page by page to the last one, twice: the second time from the cache.
    let walk = |q: &str, expected: &[String]| {
        let total = expected.len() as i64;
        let mut found = Vec::new();
        for index in 0.. {
            let path = format!("/user/search?q={q}&pageSize=50&currentPageIndex={index}");
            let (document, names) = outline(&server.nuxeo("GET", &path, None));
            assert_eq!(document, page("users", total, 50, index, names.len() as i64), "{path}");
            found.extend(names);
            if document["isNextPageAvailable"] == json!(false) {
                assert_eq!(index, (total - 1) / 50, "{q}");
                break;
            }
        }
        assert_eq!(found, expected, "{q}");
        for offset in [999, 1000, 1001, 1049, 1050, 1051, expected.len() - 1, expected.len(), expected.len() + 1] {
            let path = format!("/user/search?q={q}&pageSize=50&offset={offset}");
            let end = expected.len().min(offset + 50);
            assert_eq!(ids(&server, &path), expected[offset.min(end)..end], "{path}");
        }
    };
    for _ in 0..2 {
        walk("*", &all_users);
        walk("user", &all_users[1..]);
        walk("user100", &all_users[1001..1011]);
    }

    // A new user, and then a deleted one, change the results at once.
    create_user(&server, json!({"username": "user1000@example.com.au"}));
    all_users.insert(1002, "user1000@example.com.au".to_owned());
    walk("*", &all_users);
    walk("user", &all_users[1..]);
    walk("user100", &all_users[1001..1012]);
    assert_eq!(server.nuxeo("DELETE", "/user/user0500@example.com", None).status, 204);
    all_users.remove(501);
    walk("*", &all_users);
    walk("user", &all_users[1..]);
    walk("user050", &all_users[501..510]);
    // So does a new first name of a found user.
    let renamed = user_body(json!({"firstName": "User 100"}));
    assert_eq!(server.nuxeo("PUT", "/user/Administrator", Some(&renamed)).status, 200);
    walk("user", &all_users);
}

#[test]
fn user_called_search_cannot_be_read_but_can_be_changed() {
    let server = Server::start();
    let named = |first: &str| user("search", json!({"firstName": first}), &[]);
    create_user(&server, json!({"username": "search", "firstName": "Sea"}));
    assert_eq!(server.nuxeo("GET", "/user/search?q=search", None).json()["entries"], json!([named("Sea")]));
    check(
        &server,
        &[
            ("PUT", "/user/search", &user_body(json!({"firstName": "Archie"})), 200, named("Archie")),
            ("POST", "/user/search/group/members", "", 201, {
                user("search", json!({"firstName": "Archie"}), &[("members", "Members group")])
            }),
        ],
    );
    let nothing: [&str; 0] = [];
    assert_eq!(ids(&server, "/user/search"), nothing);
    assert_eq!(ids(&server, "/user/search?q=archie"), ["search"]);
    assert_eq!(server.nuxeo("HEAD", "/user/search?q=archie", None).status, 200);
    let removed = server.nuxeo("DELETE", "/user/search/group/members", None);
    assert_eq!((removed.status, removed.text()), (200, "search"));
    let deleted = server.nuxeo("DELETE", "/user/search", None);
    assert_eq!((deleted.status, deleted.text()), (204, ""));
    assert_eq!(ids(&server, "/user/search?q=search"), nothing);
    check(&server, &[("DELETE", "/user/search", "", 404, refusal(404, "user does not exist"))]);
}
