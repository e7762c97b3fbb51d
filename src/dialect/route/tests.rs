//! The match of a request to a row: precedence, names with slashes, methods, variants.

use super::{ParameterSpan, PathVariant, Route, RouteTable, Section};
use crate::http::Method::{self, Delete, Get, Post, Put};

const NAMES: &[Route<&str>] = &[
    Route(Post, "/user", "create"),
    Route(Get, "/user/search", "search"),
    Route(Post, "/user/{id}/group/{group}", "join"),
    Route(Get, "/user/transient/{id}", "transient"),
    Route(Get, "/user/{id}", "get"),
    Route(Put, "/user/{id}", "update"),
    Route(Get, "/group/{id}/@users", "members"),
    Route(Post, "/group/{group}/user/{id}", "add"),
    Route(Delete, "/group/{id}", "delete"),
];

const OTHERS: &[Route<&str>] = &[Route(Get, "/token/{id}", "token"), Route(Get, "/automation", "operations")];

const VARIANTS: &[PathVariant] = &[
    PathVariant { from: "", to: "/api", operation_suffix: "", parameter: None },
    PathVariant { from: "/automation", to: "/site/automation", operation_suffix: "Site", parameter: None },
    PathVariant { from: "", to: "/api/repo/{repository}", operation_suffix: "Repo", parameter: Some("Repo") },
];

fn table() -> RouteTable<&'static str> {
    let name = ParameterSpan::Segments { reserved: Some('@') };
    RouteTable::new(&[
        Section { routes: NAMES, variants: VARIANTS, span: name },
        Section { routes: OTHERS, variants: VARIANTS, span: ParameterSpan::Segment },
        Section::plain(&[Route(Get, "/status", "status")]),
    ])
}

/// The handler with the parameters, or the value of `Allow` after `405`, or `404`.
fn answer(method: &Method, path: &str) -> String {
    let (table, segments) = (table(), path.split('/').skip(1).collect::<Vec<_>>());
    let Some((route, parameters)) = table.find(method, &segments) else { return "404".to_owned() };
    match route.require_method() {
        Ok(()) => {
            let parameter = |name: &str| route.path.contains(name).then(|| parameters.get(&name[1..name.len() - 1]));
            let parameters = ["{id}", "{group}"].into_iter().filter_map(parameter);
            std::iter::once(*route.handler).chain(parameters).collect::<Vec<_>>().join(" ")
        }
        Err(allow) => format!("405 {}", allow.0),
    }
}

#[test]
fn the_first_row_that_matches_answers() {
    for (method, path, wanted) in [
        (Get, "/status", "status"),
        (Get, "/api/status", "404"),
        (Get, "/user/ada", "404"),
        (Post, "/api/user", "create"),
        (Get, "/api/user", "405 POST"),
        (Get, "/api/user/ada", "get ada"),
        (Method::Head, "/api/user/ada", "get ada"),
        (Delete, "/api/user/ada", "405 GET, HEAD, PUT"),
        (Get, "/api/other/ada", "404"),
        (Get, "/api/token/one", "token one"),
        (Get, "/api/token/one/two", "404"),
        (Get, "/api/token", "404"),
        (Get, "/api/automation", "operations"),
        (Get, "/site/automation", "operations"),
        (Get, "/site/user/ada", "404"),
        (Get, "/api/repo/default/user/ada", "get ada"),
        (Get, "/api/repo/default", "404"),
    ] {
        assert_eq!(answer(&method, path), wanted, "{method} {path}");
    }
}

#[test]
fn names_hold_slashes_up_to_the_next_word() {
    for (method, path, wanted) in [
        (Get, "/api/user/a/b", "get a/b"),
        (Post, "/api/user/a/b/group/c/d", "join a/b c/d"),
        (Put, "/api/user/a/group/b", "405 POST"),
        (Get, "/api/user/a/group", "get a/group"),
        (Get, "/api/user/group/a", "get group/a"),
        (Post, "/api/user/a/group/group", "join a group"),
        (Post, "/api/user/a/group/b/group/c", "join a b/group/c"),
        (Get, "/api/group/a/b/@users", "members a/b"),
        (Put, "/api/group/a/@users", "405 GET, HEAD"),
        (Get, "/api/group/a/user/@users", "members a/user"),
        (Post, "/api/group/a/user/b", "add b a"),
        (Delete, "/api/group/@users", "delete @users"),
    ] {
        assert_eq!(answer(&method, path), wanted, "{method} {path}");
    }
}

#[test]
fn a_further_segment_never_begins_with_the_reserved_character() {
    for (method, path, wanted) in [
        (Get, "/api/user/@a", "get @a"),
        (Get, "/api/user/a/@b", "404"),
        (Post, "/api/user/a/@b/group/c", "join a/@b c"),
        (Post, "/api/user/a/group/c/@d", "404"),
        (Get, "/api/group/a/@b/@users", "404"),
        (Get, "/api/group/a/@users/b/@users", "404"),
        (Get, "/api/user/transient/@a", "404"),
        (Get, "/api/user/transient/a/@b", "404"),
    ] {
        assert_eq!(answer(&method, path), wanted, "{method} {path}");
    }
}

#[test]
fn a_word_in_the_place_of_a_name_takes_it_for_its_own_methods_only() {
    for (method, path, wanted) in [
        (Get, "/api/user/search", "search"),
        (Put, "/api/user/search", "update search"),
        (Post, "/api/user/search", "405 GET, HEAD, PUT"),
        (Get, "/api/user/search/a", "get search/a"),
        (Get, "/api/user/transient/a/b", "transient a/b"),
        (Put, "/api/user/transient/a", "update transient/a"),
        (Get, "/api/user/transient", "get transient"),
        (Post, "/api/user/transient/a/group/b", "join transient/a b"),
    ] {
        assert_eq!(answer(&method, path), wanted, "{method} {path}");
    }
}

#[test]
fn variants_spell_paths_in_other_ways() {
    let plural = PathVariant { from: "/user", to: "/users", operation_suffix: "Plural", parameter: None };
    assert_eq!(plural.apply("/user"), Some("/users".to_owned()));
    assert_eq!(plural.apply("/user/{id}"), Some("/users/{id}".to_owned()));
    assert_eq!(plural.apply("/userlist"), None);
    assert_eq!(PathVariant::CANONICAL.apply("/user"), Some("/user".to_owned()));
    let paths = table().paths();
    let spelled = |name: &str| -> Vec<String> {
        let path = paths.iter().find(|known| known.path == name).expect("a path of the table");
        path.variants.iter().filter_map(|variant| variant.apply(path.path)).collect()
    };
    assert_eq!(spelled("/token/{id}"), ["/api/token/{id}", "/api/repo/{repository}/token/{id}"]);
    assert_eq!(spelled("/status"), ["/status"]);
}
