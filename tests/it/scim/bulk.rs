//! Bulk requests: references between operations, limits, and partial failures.

use crate::support::database::State;
use crate::support::scim::{assert_error, call, create, differences, expect, find_id, id_of, patch, replace};
use crate::support::server::Server;
use serde_json::{Value, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// The results of a bulk request.
fn results(server: &Server, body: &Value) -> Vec<Value> {
    let document = expect(&call(server, "POST", "/Bulk", body), 200);
    assert_eq!(document["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]));
    let results = document["Operations"].as_array().expect("results").clone();
    for result in &results {
        let status: u16 = result["status"].as_str().expect("a status").parse().expect("a number");
        assert_eq!(result.get("response").is_some(), status >= 400, "{result}");
        if status >= 400 {
            assert_eq!(result["response"]["status"], result["status"], "{result}");
            assert!(result["response"]["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{result}");
        }
    }
    results
}

fn statuses(results: &[Value]) -> Vec<&str> {
    results.iter().map(|result| result["status"].as_str().expect("a status")).collect()
}

fn bulk(operations: &Value) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations})
}

fn post(bulk_id: &str, path: &str, data: Value) -> Value {
    json!({"method": "POST", "path": path, "bulkId": bulk_id, "data": data})
}

/// The identifier in the location of a result.
fn id_in(result: &Value) -> String {
    let location = result["location"].as_str().unwrap_or_else(|| panic!("no location in {result}"));
    location.rsplit('/').next().unwrap_or_default().to_owned()
}

fn get(server: &Server, path: &str) -> Value {
    expect(&call(server, "GET", path, &Value::Null), 200)
}

fn values(resource: &Value, attribute: &str) -> Vec<String> {
    let elements = resource[attribute].as_array().map(Vec::as_slice).unwrap_or_default();
    elements.iter().map(|element| element["value"].as_str().expect("a value").to_owned()).collect()
}

#[test]
fn operations_refer_to_resources_of_later_operations() {
    let server = Server::with(&[]);
    let group = json!({"displayName": "all", "members": [{"value": "bulkId:u1"}, {"value": "bulkId:g2"}]});
    let found = results(
        &server,
        &bulk(&json!([
            post("g1", "/Groups", group),
            {"method": "patch", "path": "/Groups/bulkId:g2", "data": patch(&json!([
                {"op": "add", "path": "members", "value": [{"value": "bulkId:u2"}]},
            ]))},
            {"method": "PUT", "path": "/Users/bulkId:u1", "data": {"userName": "one", "nickName": "n"}},
            post("g2", "/Groups", json!({"displayName": "sub"})),
            post("u1", "/Users", json!({"userName": "one"})),
            post("u2", "/Users", json!({"userName": "two", ENTERPRISE: {"manager": {"value": "bulkId:u1"}}})),
        ])),
    );
    assert_eq!(statuses(&found), ["201", "200", "200", "201", "201", "201"]);
    let (g1, g2, u1, u2) = (id_in(&found[0]), id_in(&found[3]), id_in(&found[4]), id_in(&found[5]));
    let (all, sub) = (get(&server, &format!("/Groups/{g1}")), get(&server, &format!("/Groups/{g2}")));
    assert_eq!(values(&all, "members"), [u1.clone(), g2.clone()]);
    assert_eq!(values(&sub, "members"), std::slice::from_ref(&u2));
    assert_eq!(get(&server, &format!("/Users/{u1}"))["nickName"], "n");
    assert_eq!(get(&server, &format!("/Users/{u2}"))[ENTERPRISE]["manager"]["value"], u1);
    // Each location and version is that of the resource.
    assert_eq!(found[0]["location"], all["meta"]["location"]);
    assert_eq!(found[0]["version"], all["meta"]["version"]);
}

#[test]
fn circular_references_are_resolved_or_refused_as_a_whole() {
    let server = Server::with(&[]);
    let manager = |name: &str, of: &str| json!({"userName": name, ENTERPRISE: {"manager": {"value": of}}});
    let found = results(
        &server,
        &bulk(&json!([
            post("a", "/Users", manager("ada", "bulkId:b")),
            post("b", "/Users", manager("bob", "bulkId:c")),
            post("c", "/Users", json!({"userName": "cy", ENTERPRISE: {"manager": "bulkId:a"}})),
        ])),
    );
    assert_eq!(statuses(&found), ["201", "201", "201"]);
    for (index, boss) in [(0, 1), (1, 2), (2, 0)] {
        let user = get(&server, &format!("/Users/{}", id_in(&found[index])));
        assert_eq!(user[ENTERPRISE]["manager"]["value"], id_in(&found[boss]), "{user}");
        assert_eq!(found[index]["version"], user["meta"]["version"], "{index}");
    }
    // A group inside itself is a cycle, which no directory can have: one of these groups fails.
    let group = |name: &str, of: &str| json!({"displayName": name, "members": [{"value": of}]});
    let found = results(
        &server,
        &bulk(&json!([
            post("x", "/Groups", group("x", "bulkId:y")),
            post("y", "/Groups", group("y", "bulkId:z")),
            post("z", "/Groups", group("z", "bulkId:x")),
        ])),
    );
    let failed: Vec<&Value> = found.iter().filter(|result| result["status"] != "201").collect();
    assert_eq!(failed.len(), 1, "{found:?}");
    assert_eq!((&failed[0]["status"], &failed[0]["response"]["scimType"]), (&json!("400"), &json!("invalidValue")));
    let groups = get(
        &server,
        "/Groups?filter=displayName%20eq%20%22x%22%20or%20displayName%20eq%20%22y%22%20or%20displayName%20eq%20%22z%22",
    );
    assert_eq!(groups["totalResults"], 2);
    State::of(&server.folder).assert_sound();
}

#[test]
fn unresolvable_and_repeated_references_are_refused() {
    let server = Server::with(&[]);
    let group = |name: &str, member: &str| json!({"displayName": name, "members": [{"value": member}]});
    let found = results(
        &server,
        &bulk(&json!([
            post("g", "/Groups", group("g", "bulkId:nothing")),
            post("h", "/Groups", group("h", "bulkId:bad")),
            post("bad", "/Users", json!({"userName": ""})),
            {"method": "DELETE", "path": "/Users/bulkId:nothing"},
            post("i", "/Groups", group("i", "bulkId:i")),
            post("twice", "/Users", json!({"userName": "one"})),
            post("twice", "/Users", json!({"userName": "two"})),
            post("j", "/Groups", group("j", "bulkId:twice")),
            post("", "/Users", json!({"userName": "three"})),
            {"method": "POST", "path": "/Users", "data": {"userName": "four"}},
        ])),
    );
    assert_eq!(statuses(&found), ["409", "409", "400", "409", "400", "201", "400", "201", "400", "400"], "{found:?}");
    let users = get(&server, "/Users?attributes=userName");
    let names: Vec<&str> =
        users["Resources"].as_array().expect("users").iter().filter_map(|user| user["userName"].as_str()).collect();
    assert_eq!(names, ["Administrator", "one"]);
    let member = find_id(&server, "/Users", "one");
    assert_eq!(values(&get(&server, &format!("/Groups/{}", id_in(&found[7]))), "members"), [member]);
    for name in ["g", "h", "i"] {
        let list = get(&server, &format!("/Groups?filter=displayName%20eq%20%22{name}%22"));
        assert_eq!(list["totalResults"], 0, "{name}");
    }
}

#[test]
fn a_request_stops_after_its_number_of_errors() {
    let server = Server::with(&[]);
    let bad = |id: &str| post(id, "/Users", json!({"userName": " "}));
    let good = |id: &str| post(id, "/Users", json!({ "userName": id }));
    let operations = json!([good("a"), bad("b"), good("c"), bad("d"), good("e"), bad("f")]);
    for (limit, expected) in [
        (json!(1), vec!["201", "400"]),
        (json!(2), vec!["409", "400"]),
        (json!(9), vec!["409", "400", "201", "400", "201", "400"]),
        (json!("9"), vec!["409", "400", "409", "400", "409", "400"]),
        (Value::Null, vec!["409", "400", "409", "400", "409", "400"]),
    ] {
        let mut body = bulk(&operations);
        body["failOnErrors"] = limit.clone();
        assert_eq!(statuses(&results(&server, &body)), expected, "{limit}");
    }
    for limit in [json!(0), json!(-1), json!("x"), json!(1.5), json!([1]), json!(true)] {
        let mut body = bulk(&json!([good("never")]));
        body["failOnErrors"] = limit.clone();
        assert_error(&call(&server, "POST", "/Bulk", &body), 400, "invalidValue", &limit.to_string());
    }
}

#[test]
fn versions_and_methods_of_operations_are_checked() {
    let server = Server::with(&[]);
    let user = create(&server, "/Users", &json!({"userName": "ada"}));
    let group = create(&server, "/Groups", &json!({"displayName": "g"}));
    let (user_id, group_id) = (id_of(&user), id_of(&group));
    let (user_path, group_path) = (format!("/Users/{user_id}"), format!("/Groups/{group_id}"));
    let data = replace("externalId", json!("x"));
    let row = |method: &str, path: &str, version: Value, data: &Value| json!({"method": method, "path": path, "version": version, "data": data});
    let stale = json!("W/\"1\"");
    let found = results(
        &server,
        &bulk(&json!([
            row("PATCH", &user_path, stale.clone(), &data),
            row("PUT", &user_path, stale.clone(), &json!({"userName": "ada"})),
            row("DELETE", &user_path, stale.clone(), &Value::Null),
            row("PATCH", &group_path, stale.clone(), &data),
            row("DELETE", &group_path, json!("x"), &Value::Null),
            row("PATCH", &user_path, user["meta"]["version"].clone(), &data),
            row("PATCH", &user_path, user["meta"]["version"].clone(), &replace("title", json!("x"))),
            row("PATCH", &group_path, group["meta"]["version"].clone(), &data),
            row("DELETE", &group_path, group["meta"]["version"].clone(), &Value::Null),
        ])),
    );
    assert_eq!(statuses(&found), ["412", "412", "412", "412", "412", "200", "412", "200", "412"], "{found:?}");
    let none = Value::Null;
    let bad = [
        ("GET", user_path.as_str(), "400"),
        ("", &user_path, "400"),
        ("HEAD", &user_path, "400"),
        ("POST", &user_path, "400"),
        ("PATCH", "/Users", "400"),
        ("PUT", "/Groups", "400"),
        ("DELETE", "/Users", "400"),
        ("PATCH", "/Users/", "400"),
        ("PATCH", "/Users/missing", "404"),
        ("PATCH", "/Users/%00", "404"),
        ("PATCH", &format!("{user_path}/emails"), "404"),
        ("PATCH", "/Me", "404"),
        ("PATCH", "", "404"),
        ("PATCH", "/", "404"),
        ("PATCH", "/Bulk", "404"),
        ("POST", "/Users/.search", "400"),
        ("DELETE", &group_id, "404"),
        ("PATCH", "https://example.com/Users/1", "404"),
        ("PATCH", "/Users/../Groups", "404"),
    ];
    for (method, path, status) in bad {
        let mut operation = row(method, path, none.clone(), &data);
        operation["bulkId"] = json!("b");
        let found = results(&server, &bulk(&json!([operation])));
        assert_eq!(statuses(&found), [status], "{method} {path}: {found:?}");
    }
    for operation in [json!(1), json!("x"), json!(null), json!([]), json!({}), json!({"method": 1, "path": 2})] {
        let found = results(&server, &bulk(&json!([operation])));
        assert!(["400", "404"].contains(&statuses(&found)[0]), "{operation}: {found:?}");
    }
    let found = results(&server, &bulk(&json!([{"method": "PATCH", "path": user_path}])));
    assert_eq!(statuses(&found), ["400"], "no data");
}

#[test]
fn limits_of_bulk_requests_are_refused_as_a_whole() {
    let server = Server::with(&["--max-body-bytes", "1048576"]);
    let before = State::of(&server.folder).whole();
    let many: Vec<Value> = (0..10_001).map(|_| json!({})).collect();
    assert_error(&call(&server, "POST", "/Bulk", &bulk(&json!(many))), 413, "", "10,001 operations");
    let long = post("a", "/Users", json!({"userName": "a", "nickName": "x".repeat(1_100_000)}));
    assert_error(&call(&server, "POST", "/Bulk", &bulk(&json!([long]))), 413, "", "a long body");
    for body in [json!({}), json!([]), json!({"Operations": []}), json!({"Operations": {}}), json!("{"), json!("")] {
        assert_error(&call(&server, "POST", "/Bulk", &body), 400, "invalidSyntax", &body.to_string());
    }
    assert_eq!(differences(&before, &State::of(&server.folder).whole()), [""; 0]);
}

#[test]
fn a_long_chain_of_references_takes_no_longer_than_its_operations() {
    let server = Server::with(&[]);
    const LENGTH: usize = 10_000;
    // Each operation waits for the next one, and the last one fails.
    let mut operations: Vec<Value> = (0..LENGTH)
        .map(|index| {
            json!({"method": "PATCH", "bulkId": format!("o{index}"), "path": format!("/Users/bulkId:o{}", index + 1)})
        })
        .collect();
    operations.push(json!({"method": "PATCH", "path": "/Users/missing"}));
    operations.remove(0);
    let found = results(&server, &bulk(&json!(operations)));
    assert_eq!(found.len(), LENGTH);
    assert_eq!(statuses(&found)[..2], ["409", "409"]);
    // The server answers other requests.
    assert_eq!(get(&server, "/Users?count=0")["totalResults"], 1);
}
