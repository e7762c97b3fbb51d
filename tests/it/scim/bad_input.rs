//! Bad input: each is a SCIM error, changes nothing, and leaves a server that answers the next request.

use crate::support::database::{State, Whole};
use crate::support::scim::{assert_error, call, create, differences, expect, id_of, patch, replace};
use crate::support::server::Server;
use serde_json::{Value, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// A server with one user and one group, to which bad requests are sent.
pub(super) struct Target {
    pub(super) server: Server,
    pub(super) user: String,
    pub(super) group: String,
    pub(super) before: Whole,
}

impl Target {
    pub(super) fn new(flags: &[&str]) -> Target {
        let server = Server::with(flags);
        let user = create(
            &server,
            "/Users",
            &json!({"userName": "ada", "emails": [{"value": "a@example.com", "type": "work", "primary": true}]}),
        );
        let group = create(&server, "/Groups", &json!({"displayName": "g", "members": [{"value": user["id"]}]}));
        let before = State::of(&server.folder).whole();
        let (user, group) = (format!("/Users/{}", id_of(&user)), format!("/Groups/{}", id_of(&group)));
        Target { server, user, group, before }
    }

    /// Sends a request that the server has to refuse.
    pub(super) fn refuse(&self, method: &str, path: &str, body: &Value, status: u16, scim_type: &str) {
        let answer = call(&self.server, method, path, body);
        let shown: String = format!("{method} {path} {body}").chars().take(300).collect();
        assert_error(&answer, status, scim_type, &shown);
        self.assert_unchanged(&shown);
    }

    pub(super) fn assert_unchanged(&self, call: &str) {
        let after = State::of(&self.server.folder).whole();
        assert_eq!(differences(&self.before, &after), [""; 0], "{call}");
        self.assert_answers();
    }

    pub(super) fn assert_answers(&self) {
        assert_eq!(call(&self.server, "GET", "/Users?count=0", &Value::Null).json()["totalResults"], 2);
    }
}

#[test]
fn filters_that_are_too_deep_or_too_long_are_refused() {
    let target = Target::new(&[]);
    let search = |filter: String| json!({ "filter": filter });
    let deep = |depth: usize| format!("{}userName pr{}", "(".repeat(depth), ")".repeat(depth));
    let not = |depth: usize| format!("{}userName pr{}", "not (".repeat(depth), ")".repeat(depth));
    for filter in [
        deep(10_000),
        "(".repeat(10_000),
        not(10_000),
        deep(100_000),
        format!("{}value eq \"x\"{}", "emails[".repeat(10_000), "]".repeat(10_000)),
        format!("userName eq \"{}\"", "x".repeat(1_040_000)),
        format!("userName pr{}", " and userName pr".repeat(60_000)),
        format!("userName pr{}", " or x".repeat(100_000)),
        format!("{} eq \"x\"", "a.".repeat(100_000)),
        " ".repeat(1_000_000),
        "\"".repeat(500_000),
    ] {
        for path in ["/Users/.search", "/Groups/.search", "/.search"] {
            target.refuse("POST", path, &search(filter.clone()), 400, "invalidFilter");
        }
        let body = patch(&json!([{"op": "remove", "path": format!("emails[{filter}]")}]));
        let answer = call(&target.server, "PATCH", &target.user, &body);
        assert!([400, 413].contains(&answer.status), "{}", answer.text());
        target.assert_unchanged("a filter in a path");
    }
    // In the address, which the server bounds before it reads the filter.
    for length in [9_000, 100_000, 1_100_000] {
        let answer = call(&target.server, "GET", &format!("/Users?filter={}", "(".repeat(length)), &Value::Null);
        assert!([400, 414, 431].contains(&answer.status), "{}", answer.status);
        target.assert_answers();
    }
    for filter in [
        "userName",
        "userName eq",
        "eq \"x\"",
        "userName xx \"x\"",
        "userName eq \"x",
        "userName eq \"x\" and",
        "userName eq \"x\" or or id pr",
        "(userName pr",
        "userName pr)",
        "emails[",
        "emails[]",
        "emails[type eq \"x\"",
        "nothing eq \"x\"",
        "emails.nothing eq \"x\"",
        "userName.sub eq \"x\"",
        "urn:x:y:z eq \"1\"",
        "name eq \"x\"",
        "active gt true",
        "active eq \"maybe\"",
        "meta.created gt \"yesterday\"",
        "userName eq [1]",
        "userName eq \"\\q\"",
        "userName eq \"\\ud800\"",
        "not userName pr",
        "userName gt",
        "x509Certificates.value gt \"a\"",
        "userName[value eq \"x\"]",
        "emails[type eq \"x\"].nothing eq \"x\"",
        "\0",
        "userName\0 pr",
        "💥",
    ] {
        target.refuse("POST", "/Users/.search", &search(filter.to_owned()), 400, "invalidFilter");
    }
    assert_eq!(expect(&call(&target.server, "POST", "/Users/.search", &search(deep(100))), 200)["totalResults"], 2);
}

#[test]
fn patch_requests_that_are_too_large_or_malformed_are_refused() {
    let target = Target::new(&["--max-body-bytes", "8388608"]);
    let many = |count: usize, operation: Value| patch(&Value::Array(vec![operation; count]));
    for path in [&target.user, &target.group] {
        let operation = json!({"op": "add", "path": "externalId", "value": "x"});
        target.refuse("PATCH", path, &many(100_000, operation.clone()), 413, "");
        target.refuse("PATCH", path, &many(10_001, operation), 413, "");
        for body in [
            json!({}),
            json!([]),
            json!("[1"),
            json!(""),
            json!("null"),
            json!("7"),
            json!({"Operations": []}),
            json!({"Operations": {}}),
            json!({"Operations": null}),
            json!({"Operations": [1]}),
            json!({"Operations": [null]}),
            patch(&json!([{"op": "move", "path": "externalId"}])),
            patch(&json!([{"path": "externalId", "value": "x"}])),
            patch(&json!([{"op": 1, "path": "externalId"}])),
        ] {
            target.refuse("PATCH", path, &body, 400, "invalidSyntax");
        }
        target.refuse("PATCH", path, &patch(&json!([{"op": "remove"}])), 400, "noTarget");
        for bad in [
            "nothing",
            "displayName.x",
            "emails[",
            "emails]",
            "emails[]",
            "emails[type eq]",
            "emails[type eq \"work\"",
            "emails[type eq \"work\"]]",
            "emails[nothing eq \"x\"]",
            "emails[type eq \"work\"].",
            "members[",
            "emails[type eq \"work\"].nothing",
            "emails[type eq \"work\"]value",
            ".",
            "..",
            "[",
            "]",
            "a.b.c.d",
            ":",
            "urn:",
            "urn:x",
            "urn:ietf:params:scim:schemas:core:2.0:User:",
            "urn:ietf:params:scim:schemas:core:2.0:User:x",
            "display Name",
            "display\0Name",
            "\u{7f}",
            "💥",
            "$ref",
            "*",
            "-1",
            "emails[0]",
            "/externalId",
            "members[value eq \"x\"].nothing",
            "externalId[value eq \"x\"]",
            "meta.nothing",
        ] {
            for op in ["add", "replace", "remove"] {
                let body = patch(&json!([{"op": op, "path": bad, "value": "x"}]));
                let answer = call(&target.server, "PATCH", path, &body);
                let call = format!("{op} {bad:?}: {} {}", answer.status, answer.text());
                assert_eq!(answer.status, 400, "{call}");
                let scim_type = answer.json()["scimType"].as_str().unwrap_or_default().to_owned();
                assert!(["invalidPath", "invalidFilter", "invalidValue"].contains(&scim_type.as_str()), "{call}");
            }
        }
        target.refuse("PATCH", path, &patch(&json!([{"op": "replace", "path": 7, "value": "x"}])), 400, "invalidPath");
    }
    for (path, attribute, value) in [
        (&target.user, "id", json!("x")),
        (&target.user, "meta", json!({"resourceType": "Group"})),
        (&target.user, "meta.version", json!("W/\"1\"")),
        (&target.user, "groups", json!([{"value": "x"}])),
        (&target.group, "id", json!("x")),
        (&target.group, "meta.created", json!("2020-01-01T00:00:00Z")),
    ] {
        target.refuse("PATCH", path, &replace(attribute, value), 400, "mutability");
    }
    for (path, attribute) in [(&target.user, "userName"), (&target.user, "id"), (&target.group, "displayName")] {
        target.refuse("PATCH", path, &patch(&json!([{"op": "remove", "path": attribute}])), 400, "mutability");
    }
    let member = target.user.trim_start_matches("/Users/");
    for sub in ["value", "type", "$ref"] {
        let attribute = format!("members[value eq \"{member}\"].{sub}");
        target.refuse("PATCH", &target.group, &replace(&attribute, json!("x")), 400, "mutability");
    }
    target.refuse(
        "PATCH",
        &target.user,
        &replace("emails[type eq \"none\"].value", json!("x@example.com")),
        400,
        "noTarget",
    );
}

#[test]
fn values_that_cannot_be_are_refused() {
    let target = Target::new(&[]);
    let two = json!([{"value": "a@example.com", "primary": true}, {"value": "b@example.com", "primary": true}]);
    for (attribute, value) in [
        ("emails", two.clone()),
        ("phoneNumbers", json!([{"value": "1", "primary": "true"}, {"value": "2", "primary": true}])),
        ("active", json!("maybe")),
        ("active", json!(1)),
        ("userName", json!(7)),
        ("userName", json!("")),
        ("userName", json!("  ")),
        ("userName", json!({"value": "x"})),
        ("userName", json!("x".repeat(5000))),
        ("userName", json!("a\u{0}b")),
        ("displayName", json!(true)),
        ("displayName", json!("a\u{0}b")),
        ("name", json!("x")),
        ("name.givenName", json!({})),
        ("emails", json!([1])),
        ("password", json!(7)),
        ("x509Certificates", json!([{"value": "not base64!"}])),
    ] {
        for (method, path) in [("POST", "/Users"), ("PUT", target.user.as_str())] {
            let mut body = json!({"userName": "new"});
            match attribute.split_once('.') {
                Some((name, sub)) => body[name] = json!({ sub: value }),
                None => body[attribute] = value.clone(),
            }
            let answer = call(&target.server, method, path, &body);
            assert_error(&answer, 400, "invalidValue", &format!("{method} {body}"));
            target.assert_unchanged(attribute);
        }
        target.refuse("PATCH", &target.user, &replace(attribute, value.clone()), 400, "invalidValue");
    }
    let merged = patch(&json!([{"op": "add", "path": "emails", "value": two}]));
    target.refuse("PATCH", &target.user, &merged, 400, "invalidValue");
    for name in ["ada", "ADA", "Ada", " ada "] {
        target.refuse("POST", "/Users", &json!({ "userName": name }), 409, "uniqueness");
    }
    for name in ["g", "G"] {
        target.refuse("POST", "/Groups", &json!({ "displayName": name }), 409, "uniqueness");
    }
    for body in [
        json!({}),
        json!({"displayName": ""}),
        json!({"displayName": 7}),
        json!({"displayName": "x".repeat(5000)}),
        json!({"displayName": "n", "members": [{"value": ""}]}),
        json!({"displayName": "n", "members": [{"value": "x".repeat(256)}]}),
        json!({"displayName": "n", "members": [{"value": "a\u{0}b"}]}),
        json!({"displayName": "n", "members": [7]}),
    ] {
        target.refuse("POST", "/Groups", &body, 400, "invalidValue");
    }
}

#[test]
fn a_group_cannot_contain_itself() {
    let server = Server::with(&[]);
    let mut ids: Vec<String> = Vec::new();
    for name in ["one", "two", "three", "four"] {
        let members: Vec<Value> = ids.last().map(|id| json!({ "value": id })).into_iter().collect();
        ids.push(id_of(&create(&server, "/Groups", &json!({"displayName": name, "members": members}))));
    }
    let before = State::of(&server.folder).whole();
    for (inner, name) in ["one", "two", "three", "four"].iter().enumerate() {
        for outer in &ids[inner..] {
            let path = format!("/Groups/{}", ids[inner]);
            let value = json!([{ "value": outer }]);
            for (method, body) in [
                ("PATCH", patch(&json!([{"op": "add", "path": "members", "value": value}]))),
                ("PATCH", replace("members", json!([{ "value": outer }]))),
                ("PUT", json!({"displayName": name, "members": value})),
            ] {
                assert_error(&call(&server, method, &path, &body), 400, "invalidValue", &body.to_string());
            }
        }
    }
    assert_eq!(differences(&before, &State::of(&server.folder).whole()), [""; 0]);
}

#[test]
fn attributes_of_scim_alone_have_a_limit_for_each_user() {
    const LIMIT: usize = 64 * 1024;
    let target = Target::new(&[]);
    // The document that is stored: {"nickName":"…"}.
    let nick_name = |bytes: usize| "x".repeat(bytes - r#"{"nickName":""}"#.len());
    for (length, is_valid) in [(LIMIT, true), (LIMIT + 1, false), (LIMIT * 10, false)] {
        let body = json!({"userName": format!("u{length}"), "nickName": nick_name(length)});
        if is_valid {
            let user = create(&target.server, "/Users", &body);
            assert_eq!(user["nickName"], body["nickName"]);
            let path = format!("/Users/{}", id_of(&user));
            assert_error(
                &call(&target.server, "PATCH", &path, &replace("locale", json!("x"))),
                400,
                "invalidValue",
                "more",
            );
            assert_eq!(expect(&call(&target.server, "GET", &path, &Value::Null), 200), user);
            assert_eq!(call(&target.server, "DELETE", &path, &Value::Null).status, 204);
        } else {
            assert_error(&call(&target.server, "POST", "/Users", &body), 400, "invalidValue", "too long");
            let answer = call(&target.server, "PATCH", &target.user, &replace("nickName", body["nickName"].clone()));
            assert_error(&answer, 400, "invalidValue", "too long");
        }
    }
    target.assert_answers();
    // Many small steps reach the limit too.
    let mut is_full = false;
    for number in 0..100 {
        let element = json!([{"value": format!("{number}{}", "x".repeat(1000)), "type": "other"}]);
        let body = patch(&json!([{"op": "add", "path": "ims", "value": element}]));
        let answer = call(&target.server, "PATCH", &target.user, &body);
        is_full = answer.status == 400;
        if is_full {
            assert_error(&answer, 400, "invalidValue", "full");
            break;
        }
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    assert!(is_full);
}

#[test]
fn bad_input_takes_a_bounded_memory() {
    let target = Target::new(&[]);
    // Buffers and caches of a first round.
    let round = || {
        let filter = format!("userName pr{}", " and userName pr".repeat(60_000));
        call(&target.server, "POST", "/Users/.search", &json!({ "filter": filter }));
        let operation = json!({"op": "add", "path": "nickName", "value": "x"});
        call(&target.server, "PATCH", &target.user, &patch(&Value::Array(vec![operation; 15_000])));
        call(&target.server, "POST", "/Users", &json!(format!("[{}1]", "1,".repeat(500_000))));
        let elements: Vec<Value> = (0..20_000).map(|number| json!({"value": number.to_string()})).collect();
        call(&target.server, "PATCH", &target.user, &replace("emails", json!(elements)));
        let names: String = (0..50_000).map(|number| format!("\"n{number}\":1,")).collect();
        call(&target.server, "POST", "/Users", &json!(format!("{{{names}\"userName\":\"\"}}")));
    };
    round();
    target.server.forget_peak();
    let idle = target.server.footprint().resident_kib;
    for _ in 0..5 {
        round();
    }
    let peak = target.server.footprint().peak_kib;
    assert!(peak < idle + 128 * 1024, "{peak} KiB at most, {idle} KiB before");
    target.assert_unchanged("bad input");
    let enterprise = create(&target.server, "/Users", &json!({"userName": "next", ENTERPRISE: {"costCenter": "1"}}));
    assert_eq!(enterprise[ENTERPRISE]["costCenter"], "1");
}
