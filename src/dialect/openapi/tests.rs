//! The OpenAPI document and the route tables have the same operations.

use super::{Description, OpenApiPart, openapi_part};
use crate::dialect::route::PathMethods;
use crate::dialect::{DIALECTS, health};
use serde_json::Value;
use std::collections::BTreeSet;

/// Each part there is, with its usual prefix.
fn parts() -> Vec<(&'static str, OpenApiPart)> {
    let dialects = DIALECTS.into_iter().map(|dialect| (dialect.prefix, (dialect.openapi)()));
    dialects.chain([("", health::openapi_part()), ("", openapi_part())]).collect()
}

/// The description of everything.
fn everything() -> Value {
    let mut description = Description::new();
    for (prefix, part) in parts() {
        description.add(prefix, &part, |_| true);
    }
    serde_json::from_slice(&description.to_json()).expect("a document")
}

fn object(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().expect("an object").iter().map(|(name, value)| (name.as_str(), value))
}

/// Each operation of a list of paths: path, method and itself.
fn operations(paths: &Value) -> Vec<(String, String, &Value)> {
    let of_path = |(path, methods)| {
        object(methods).map(move |(method, operation)| (String::from(path), method.to_owned(), operation))
    };
    object(paths).flat_map(of_path).collect()
}

fn in_table(routes: &[PathMethods]) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for route in routes {
        found.extend(route.methods.iter().map(|method| (route.path.to_owned(), method.as_str().to_ascii_lowercase())));
    }
    found
}

/// All that the value refers to.
fn references<'v>(value: &'v Value, found: &mut BTreeSet<&'v str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn every_route_and_method_is_described_and_nothing_else_is() {
    for (prefix, part) in parts() {
        let written: Value = serde_json::from_str(part.text).expect("JSON");
        let described: BTreeSet<_> =
            operations(&written["paths"]).into_iter().map(|(path, method, _)| (path, method)).collect();
        assert_eq!(described, in_table(&part.paths), "below {prefix:?}");
        // Every one of them is mounted somewhere, under the name that it is written with.
        let mut mounted = Description::new();
        mounted.add(prefix, &part, |_| true);
        let mounted: Value = serde_json::from_slice(&mounted.to_json()).expect("a document");
        let names = |paths| -> BTreeSet<String> {
            operations(paths).iter().map(|(.., operation)| operation["operationId"].to_string()).collect()
        };
        let (mounted, written) = (names(&mounted["paths"]), names(&written["paths"]));
        assert!(mounted.is_superset(&written), "{:?}", written.difference(&mounted));
    }
}

#[test]
fn what_is_not_served_is_not_described() {
    let mut description = Description::new();
    let (_, part) = parts().remove(0);
    description.add("/some/where", &part, |path| path.ends_with("/validate"));
    let document: Value = serde_json::from_slice(&description.to_json()).expect("a document");
    let paths: Vec<_> = object(&document["paths"]).map(|(path, _)| path).collect();
    assert_eq!(paths, ["/some/where/api/v1/validate"]);
}

#[test]
fn each_operation_has_a_name_of_its_own_and_what_readers_need() {
    let document = everything();
    let tags: Vec<_> = document["tags"].as_array().expect("tags").iter().map(|tag| &tag["name"]).collect();
    let mut names = BTreeSet::new();
    for (path, method, operation) in operations(&document["paths"]) {
        let name = operation["operationId"].as_str().expect("a name");
        assert!(names.insert(name), "{name} twice");
        assert!(operation["summary"].is_string() && operation["security"].is_array(), "{name}");
        let tagged = operation["tags"].as_array().expect("tags");
        assert!(!tagged.is_empty() && tagged.iter().all(|tag| tags.contains(&tag)), "{name}: {tagged:?}");
        // Each name in braces is a parameter, and each parameter of the path is in braces.
        let wanted: BTreeSet<_> = path.split(['{', '}']).skip(1).step_by(2).collect();
        let parameters = operation["parameters"].as_array().expect("parameters").iter();
        let resolved = parameters.map(|parameter| match parameter["$ref"].as_str() {
            Some(place) => document.pointer(&place[1..]).unwrap_or_else(|| panic!("{place} is nowhere")),
            None => parameter,
        });
        let in_path = resolved.filter(|parameter| parameter["in"] == "path");
        let named: BTreeSet<_> = in_path.map(|parameter| parameter["name"].as_str().expect("a name")).collect();
        assert_eq!(named, wanted, "{method} {path}");
        if let Some(body) = operation.get("requestBody") {
            assert!(body["content"]["application/json"]["example"].is_object(), "{name}: no example of a body");
        }
    }
}

#[test]
fn each_name_is_given_once_and_used() {
    let document = everything();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for place in &found {
        assert!(document.pointer(&place[1..]).is_some(), "{place} is nowhere");
    }
    let mut given = BTreeSet::new();
    for (_, part) in parts() {
        let written: Value = serde_json::from_str(part.text).expect("JSON");
        for (kind, components) in object(&written["components"]) {
            for (name, _) in object(components) {
                assert!(given.insert(format!("#/components/{kind}/{name}")), "{kind} {name} twice");
            }
        }
    }
    let schemes = object(&document["components"]["securitySchemes"]).map(|(name, _)| name);
    for scheme in schemes {
        let used = operations(&document["paths"]).into_iter().any(|(.., operation)| {
            operation["security"].as_array().expect("a list").iter().any(|wanted| wanted.get(scheme).is_some())
        });
        assert!(used, "{scheme} is asked for nowhere");
    }
    let unused: Vec<_> = given
        .iter()
        .filter(|place| !place.starts_with("#/components/securitySchemes/"))
        // A line of the changes, which the text of the answer speaks of.
        .filter(|place| !place.ends_with("/RollbookChange"))
        .filter(|place| !found.contains(place.as_str()))
        .collect();
    assert!(unused.is_empty(), "{unused:?}");
}
